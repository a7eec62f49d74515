package dav_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// refuse answers with a status and the condition that was not met.
func refuse(w http.ResponseWriter, status int, condition string) {
	if condition != "" {
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	}
	w.WriteHeader(status)
	if condition != "" {
		_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><%s/></d:error>`, condition)
	}
}

func TestATokenThatIsNotTakenLeadsToAFullListing(t *testing.T) {
	for _, c := range []struct {
		status    int
		condition string
	}{
		{http.StatusForbidden, "d:valid-sync-token"}, {http.StatusConflict, "d:valid-sync-token"}, {http.StatusPreconditionFailed, "d:valid-sync-token"},
		{http.StatusForbidden, ""}, {http.StatusBadRequest, ""}, {http.StatusInternalServerError, ""},
		{http.StatusInsufficientStorage, ""}, {http.StatusInsufficientStorage, "d:number-of-matches-within-limits"},
	} {
		s, client := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
			switch {
			case r.Method == "PROPFIND":
				multi(w, syncs)
			case strings.Contains(body, ">old<"):
				refuse(w, c.status, c.condition)
			case strings.Contains(body, "sync-collection"):
				multi(w, open+listed("1", "2")+`<d:sync-token>new</d:sync-token>`+shut)
			case strings.Contains(body, "multiget"):
				multi(w, open+card("1")+shut)
			case r.URL.Path == "/p/2":
				_, _ = w.Write(davtest.Card("2", "Two"))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		k := davtest.Keep(people(s.URL))
		k.Coll.Cursor.SyncToken = "old"
		k.Items["/p/1"] = offline.Item{Href: "/p/1", ETag: `"1"`}
		k.Items["/p/9"] = offline.Item{Href: "/p/9", ETag: `"9"`}
		k.MustPull(t, client)
		changed, gone, _ := k.Changed()
		if !k.Deltas[0].Reset || changed != 1 || gone != 1 || len(k.Items) != 2 || k.Coll.Cursor.SyncToken != "new" {
			t.Errorf("%+v: %d changed, %d gone, %+v", c, changed, gone, k.Deltas)
		}
	}
}

func TestAServerThatWillNotBeginALongReportIsListedTheOldWay(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
			multi(w, syncs)
		case r.Method == "PROPFIND":
			multi(w, open+listed("1", "2", "3", "4")+shut)
		case strings.Contains(body, "sync-collection") || strings.Count(body, "<d:href>") > 2:
			refuse(w, http.StatusInsufficientStorage, "d:number-of-matches-within-limits")
		case strings.Contains(body, "/p/1<"):
			multi(w, open+card("1")+card("2")+shut)
		case strings.Contains(body, "/p/3<"):
			multi(w, open+card("3")+card("4")+shut)
		default:
			t.Errorf("%s %s", r.Method, r.URL)
		}
	})
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	if len(k.Items) != 4 || k.Coll.Cursor.SyncToken != "" {
		t.Errorf("%d items, %+v", len(k.Items), k.Coll.Cursor)
	}
}

// A listing of which only a part comes can't tell what is gone.
func TestAListingThatTheServerCutsShortOrRefusesIsTransientAndDeletesNothing(t *testing.T) {
	const short = `<d:response><d:href>/p/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status><d:error><d:number-of-matches-within-limits/></d:error></d:response>`
	for name, answer := range map[string]func(w http.ResponseWriter){
		"refused": func(w http.ResponseWriter) { refuse(w, http.StatusInsufficientStorage, "") },
		"refused by reason": func(w http.ResponseWriter) {
			refuse(w, http.StatusInsufficientStorage, "d:number-of-matches-within-limits")
		},
		"cut short": func(w http.ResponseWriter) { multi(w, open+listed("1")+short+shut) },
	} {
		s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
			switch {
			case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
				multi(w, open+`<d:response><d:href>/p/</d:href><d:propstat><d:prop><s:getctag>c2</s:getctag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`+shut)
			case r.Method == "PROPFIND":
				answer(w)
			default:
				t.Errorf("%s: %s %s", name, r.Method, r.URL)
			}
		})
		k := davtest.Keep(people(s.URL))
		k.Coll.Cursor.CTag = "c1"
		k.Items["/p/2"] = offline.Item{Href: "/p/2", ETag: `"2"`}
		err := k.Pull(t.Context(), c)
		if !offline.ClassOf(err).Transient() || len(k.Items) != 1 || k.Coll.Cursor.CTag != "c1" {
			t.Errorf("%s: %v, %d items, %+v", name, err, len(k.Items), k.Coll.Cursor)
		}
	}
}

// A server that cuts each answer short must come to an end, from a token and
// from none.
func TestAServerThatGoesRoundInItsTokensIsLeft(t *testing.T) {
	reports := 0
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		next := "a"
		if strings.Contains(body, ">a<") {
			next = "b"
		}
		switch {
		case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
			multi(w, syncs)
		case r.Method == "PROPFIND":
			multi(w, open+listed("1", "2")+shut)
		case strings.Contains(body, "sync-collection"):
			if reports++; reports > 20 {
				refuse(w, http.StatusTooManyRequests, "")
				return
			}
			multi(w, open+listed("1")+`<d:response><d:href>/p/</d:href><d:status>HTTP/1.1 507</d:status></d:response><d:sync-token>`+next+`</d:sync-token>`+shut)
		case strings.Contains(body, "multiget"):
			multi(w, open+card("1")+card("2")+shut)
		default:
			_, _ = w.Write(davtest.Card("1", "One"))
		}
	})
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	if len(k.Items) != 2 || reports > 5 {
		t.Errorf("%d items, %d reports", len(k.Items), reports)
	}
	k.Coll.Cursor.SyncToken, reports = "a", 0
	if err := k.Pull(t.Context(), c); offline.ClassOf(err) != offline.FaultProtocol || reports > 5 {
		t.Errorf("%v, %d reports", err, reports)
	}
}

func TestARefusedWriteIsToldByWhatWouldHelp(t *testing.T) {
	for _, c := range []struct {
		status    int
		condition string
		class     offline.FaultClass
		text      string
	}{
		{http.StatusInsufficientStorage, "", offline.FaultServer, "no room"},
		{http.StatusInsufficientStorage, "d:quota-not-exceeded", offline.FaultServer, "no room"},
		{http.StatusForbidden, "d:sufficient-disk-space", offline.FaultServer, "no room"},
		{http.StatusForbidden, "c:max-resource-size", offline.FaultRejected, "max-resource-size"},
		{http.StatusForbidden, "d:need-privileges", offline.FaultDenied, "need-privileges"},
		{http.StatusForbidden, "", offline.FaultDenied, "403"},
		{http.StatusConflict, "c:no-uid-conflict", offline.FaultExists, "no-uid-conflict"},
		{http.StatusUnsupportedMediaType, "", offline.FaultRejected, "415"},
		{http.StatusLocked, "", offline.FaultServer, "423"},
	} {
		puts := 0
		s, client := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if r.Method == http.MethodPut {
				puts++
				refuse(w, c.status, c.condition)
				return
			}
			w.WriteHeader(http.StatusNotFound)
		})
		_, err := client.Put(t.Context(), people(s.URL), davtest.Make(offline.KindContact, "1", "One"))
		if offline.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.text) || puts != 1 {
			t.Errorf("%d %s: %v, sent %d times", c.status, c.condition, err, puts)
		}
	}
}

// What answers in place of the server, in a hotel or at a wrong address.
func TestWhatIsNoCalendarServerIsToldFromOneThatFails(t *testing.T) {
	for name, answer := range map[string]string{
		"a page": "<!doctype html><html><body>Welcome</body></html>", "a word": "It works!", "nothing": "", "another format": `{"error":"none"}`,
	} {
		s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) { _, _ = io.WriteString(w, answer) })
		c := clientOf(t, s.URL)
		err := c.Check(t.Context())
		if n, _ := c.Requests(); offline.ClassOf(err) != offline.FaultProtocol || n > 3 {
			t.Errorf("%s: %v after %d requests", name, err, n)
		}
	}
}

func TestAnAnswerBeyondAllMeasureIsRefusedByName(t *testing.T) {
	for name, c := range map[string]struct{ answer, text string }{
		"deep":  {open + strings.Repeat("<d:x>", 1000), "nests deeper"},
		"many":  {open + "<d:response>" + strings.Repeat("<d:x/>", 60_000) + "</d:response>" + shut, "larger than is reasonable"},
		"large": {open + "<d:response><d:href>" + strings.Repeat("x", 600<<10) + "</d:href></d:response>" + shut, "larger than is reasonable"},
	} {
		s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) { multi(w, c.answer) })
		client := davtest.Fixture{URL: s.URL + "/p/"}.Client(t, func(cfg *dav.Config) { cfg.MaxItem = 1 << 19 })
		err := client.Pull(t.Context(), people(s.URL), nil, func(offline.ItemDelta) error { return errors.New("something came") })
		if offline.ClassOf(err) != offline.FaultProtocol || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
