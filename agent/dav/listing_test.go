package dav_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// What is wrong with one entry of a listing stays with it: each that has a name
// is set aside under it, the others come.
func TestOddEntriesOfAListingAreSetAsideByName(t *testing.T) {
	entry := func(inner string) string { return `<d:response>` + inner + `</d:response>` }
	odd := entry(`<d:status>HTTP/1.1 200 OK</d:status>`) + // of nothing
		entry(``) + entry(`<d:href> </d:href>`) + entry(`<d:href>/p/gone</d:href><d:href></d:href><d:status>HTTP/1.1 404 Not Found</d:status>`) +
		entry(`<d:href>/p/%zz</d:href>`) +
		entry(`<d:href>/p/when</d:href><d:status>soon</d:status>`) +
		entry(`<d:href>/p/kept-back</d:href><d:href>/p/this-too</d:href><d:status>HTTP/1.1 403 Forbidden</d:status>`) +
		entry(`<d:href>/p/folder/</d:href><d:propstat><d:prop/></d:propstat>`) +
		entry(`<d:href>/p/folder</d:href><d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop></d:propstat>`) +
		entry(`<d:href>/elsewhere/1</d:href><d:propstat><d:prop/></d:propstat>`) +
		entry(`<d:href>https://example.org/p/1</d:href><d:propstat><d:prop/></d:propstat>`) +
		`<x:response xmlns:x="urn:x"><x:href>/p/x</x:href></x:response>`
	want := []offline.BrokenItem{
		{Href: "/p/%zz", Reason: "the server gives an address that can't be read"},
		{Href: "/p/when", Reason: `the server gives a status that makes no sense: "soon"`},
		{Href: "/p/kept-back", Reason: "the server refuses to give it: 403 Forbidden"},
		{Href: "/p/this-too", Reason: "the server refuses to give it: 403 Forbidden"},
	}
	for _, token := range []string{"", "t1"} {
		s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
			switch {
			case r.Method == "PROPFIND":
				multi(w, syncs)
			case strings.Contains(body, "sync-collection"):
				multi(w, open+listed("1")+odd+listed("2")+`<d:sync-token>t2</d:sync-token>`+shut)
			case strings.Contains(body, "multiget"):
				multi(w, open+card("1")+card("2")+shut)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		k := davtest.Keep(people(s.URL))
		k.Coll.Cursor.SyncToken = token
		k.Items["/p/gone"] = offline.Item{Href: "/p/gone", ETag: `"g"`}
		k.Items["/p/when"] = offline.Item{Href: "/p/when", ETag: `"w"`}
		k.MustPull(t, c)
		var broken []offline.BrokenItem
		for _, d := range k.Deltas {
			broken = append(broken, d.Broken...)
		}
		if !slices.Equal(broken, want) || len(k.Items) != 3 || k.Coll.Cursor.SyncToken != "t2" {
			t.Errorf("from %q: %d items, set aside\n%+v, want\n%+v", token, len(k.Items), broken, want)
		}
	}
}

// A collection that is refused as a whole, in an answer that is a success.
func TestACollectionThatIsRefusedWithinAnAnswerIsNotTakenForEmpty(t *testing.T) {
	for status, class := range map[string]offline.FaultClass{"403": offline.FaultDenied, "404": offline.FaultNotFound, "500": offline.FaultServer} {
		s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			multi(w, open+`<d:response><d:href>/p/</d:href><d:status>HTTP/1.1 `+status+`</d:status></d:response><d:sync-token>t2</d:sync-token>`+shut)
		})
		for _, token := range []string{"", "t1"} {
			k := davtest.Keep(people(s.URL))
			k.Coll.Cursor.SyncToken = token
			k.Items["/p/1"] = offline.Item{Href: "/p/1", ETag: `"1"`}
			if err := k.Pull(t.Context(), c); offline.ClassOf(err) != class || len(k.Items) != 1 || k.Coll.Cursor.SyncToken != token {
				t.Errorf("%s from %q: %v, %d items, %+v", status, token, err, len(k.Items), k.Coll.Cursor)
			}
		}
	}
}

// Some servers let anybody look, and show strangers nothing: then the password
// is given though nobody asks for it.
func TestAServerThatTakesUsForAStrangerIsToldWhoWeAre(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if user, password, _ := r.BasicAuth(); user != "jana" || password != "secret" {
			multi(w, found(`<d:current-user-principal><d:unauthenticated/></d:current-user-principal>`))
			return
		}
		if r.Header.Get("Depth") == "1" {
			multi(w, kept("/c/one/"))
			return
		}
		multi(w, found(`<c:calendar-home-set><d:href>/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>/c/</d:href></a:addressbook-home-set>`))
	})
	list, err := c.Collections(t.Context())
	if err != nil || !slices.Equal(urls(list), []string{s.URL + "/c/one/"}) {
		t.Errorf("%v %v", urls(list), err)
	}
}

func TestAnAccountWithNothingInItIsToldByName(t *testing.T) {
	_, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		multi(w, found(`<c:calendar-home-set><d:href>/c/</d:href></c:calendar-home-set>`))
	})
	if _, err := c.Collections(t.Context()); offline.ClassOf(err) != offline.FaultNotFound || !strings.Contains(err.Error(), "neither calendars nor address books") {
		t.Errorf("%v", err)
	}
	_, err := dav.New(dav.Config{URL: "https://jana:secret@example.com/"})
	if err == nil || strings.Contains(err.Error(), "secret") || errors.Unwrap(err) != nil {
		t.Errorf("%v", err)
	}
}
