package dav_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

const (
	open  = `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:a="urn:ietf:params:xml:ns:carddav" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/">`
	shut  = `</d:multistatus>`
	syncs = open + `<d:response><d:href>/p/</d:href><d:propstat><d:prop><d:sync-token>t</d:sync-token></d:prop><d:status>HTTP/1.1 200</d:status></d:propstat></d:response>` + shut
)

func listed(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, `<d:response><d:href>/p/%s</d:href><d:propstat><d:prop><d:getetag>"%s"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`, n, n)
	}
	return b.String()
}

func card(name string) string {
	return fmt.Sprintf(`<d:response><d:href>/p/%s</d:href><d:propstat><d:prop><d:getetag>"%s"</d:getetag><a:address-data>%s</a:address-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`,
		name, name, davtest.Card(name, "N "+name))
}

// scripted is a server that answers as f says; what f does not answer is 404.
func scripted(t *testing.T, f func(w http.ResponseWriter, r *http.Request, body string)) (*httptest.Server, *dav.Client) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		f(w, r, string(b))
	}))
	t.Cleanup(s.Close)
	return s, clientOf(t, s.URL)
}

func clientOf(t *testing.T, url string) *dav.Client {
	t.Helper()
	return davtest.Fixture{URL: url, User: "jana", Password: "secret"}.Client(t, func(c *dav.Config) {
		c.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	})
}

func multi(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = io.WriteString(w, body)
}

func people(url string) offline.Collection {
	return offline.Collection{URL: url + "/p/", Kinds: []offline.Kind{offline.KindContact}}
}

func TestAListingThatIsCutShortIsAskedForAgainFromWhereItStopped(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PROPFIND":
			multi(w, syncs)
		case strings.Contains(body, "multiget"):
			multi(w, open+card("1")+card("2")+card("3")+shut)
		case strings.Contains(body, ">t1<"):
			multi(w, open+listed("3")+`<d:sync-token>t2</d:sync-token>`+shut)
		default:
			multi(w, open+listed("1", "2")+`<d:response><d:href>/p/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response><d:sync-token>t1</d:sync-token>`+shut)
		}
	})
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	if len(k.Items) != 3 || k.Coll.Cursor.SyncToken != "t2" {
		t.Errorf("%d items, %+v", len(k.Items), k.Coll.Cursor)
	}
}

func TestWhatAMultigetLeavesOutIsGoneOnlyIfTheServerSaysSo(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PROPFIND":
			multi(w, syncs)
		case strings.Contains(body, "multiget"):
			multi(w, open+card("1")+shut)
		case strings.Contains(body, "sync-collection"):
			multi(w, open+listed("1", "2", "3", "4")+`<d:sync-token>t2</d:sync-token>`+shut)
		case r.URL.Path == "/p/2":
			w.Header().Set("ETag", `"2"`)
			_, _ = w.Write(davtest.Card("2", "Two"))
		case r.URL.Path == "/p/3":
			w.WriteHeader(http.StatusGone)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	k := davtest.Keep(people(s.URL))
	k.Items["/p/3"] = offline.Item{Href: "/p/3", ETag: `"old"`}
	k.Items["/p/4"] = offline.Item{Href: "/p/4", ETag: `"old"`}
	k.MustPull(t, c)
	_, gone, broken := k.Changed()
	if gone != 1 || broken != 1 || len(k.Items) != 3 || k.Items["/p/4"].ETag != `"old"` {
		t.Errorf("%d gone, %d broken, %v", gone, broken, k.Items)
	}
}

func TestAnItemThatBreaksTheAnswerIsSetAsideOrGotByItself(t *testing.T) {
	for name, bad := range map[string]string{
		"a control character": strings.Replace(card("2"), "N 2", "N \x01 2", 1),
		"nested without end":  strings.Repeat("<d:x>", 200),
		"cut off":             "<d:response><d:href>/p/2",
	} {
		s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
			switch {
			case r.Method == "PROPFIND":
				multi(w, syncs)
			case strings.Contains(body, "multiget") && strings.Contains(body, "/p/2<"):
				multi(w, open+card("1")+bad+card("3")+shut)
			case strings.Contains(body, "multiget"):
				multi(w, open+card("3")+card("4")+shut)
			case strings.Contains(body, "sync-collection"):
				multi(w, open+listed("1", "2", "3", "4")+`<d:sync-token>t2</d:sync-token>`+shut)
			case r.URL.Path == "/p/2":
				_, _ = w.Write(bytes.Replace(davtest.Card("2", "Two"), []byte("Two"), []byte("\x01"), 1))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		k := davtest.Keep(people(s.URL))
		k.MustPull(t, c)
		if len(k.Items) != 4 || !bytes.Contains(k.Items["/p/2"].Raw, []byte("\x01")) {
			t.Errorf("%s: %d items, %+v", name, len(k.Items), k.Deltas)
		}
	}
}

func TestAServerWithoutSyncTokensIsListedAndItsCTagBelieved(t *testing.T) {
	lists := 0
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
			multi(w, open+`<d:response><d:href>/p/</d:href><d:propstat><d:prop><s:getctag>c1</s:getctag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`+shut)
		case r.Method == "PROPFIND":
			lists++
			multi(w, open+listed("", "1", "2")+shut)
		case strings.Contains(body, "multiget"):
			multi(w, open+card("1")+card("2")+shut)
		}
	})
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	before, _ := c.Requests()
	k.MustPull(t, c)
	if after, _ := c.Requests(); len(k.Items) != 2 || k.Coll.Cursor.CTag != "c1" || lists != 1 || after != before+1 {
		t.Errorf("%d items, %d listings, %d requests, %+v", len(k.Items), lists, after-before, k.Coll.Cursor)
	}
}

func TestAWeakETagIsCheckedAgainstWhatTheServerHasBeforeItIsWritten(t *testing.T) {
	var mu sync.Mutex
	raw, tag := davtest.Card("1", "One"), `W/"a"`
	var conditions []string
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		mu.Lock()
		defer mu.Unlock()
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("ETag", tag)
			_, _ = w.Write(raw)
		case http.MethodPut:
			conditions = append(conditions, r.Header.Get("If-Match"))
			if r.Header.Get("If-Match") != "*" {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
			raw, tag = []byte(body), `W/"b"`
			w.WriteHeader(http.StatusNoContent)
		}
	})
	it := offline.Item{Href: "/p/1", ETag: `W/"a"`, Kind: offline.KindContact, Raw: davtest.Card("1", "Two")}
	got, err := c.Put(t.Context(), people(s.URL), it)
	if err != nil || got.ETag != `W/"b"` || fmt.Sprint(conditions) != `[W/"a" "a" *]` {
		t.Errorf("%+v %v %v", got, err, conditions)
	}
	conditions = nil
	if _, err := c.Put(t.Context(), people(s.URL), it); offline.ClassOf(err) != offline.FaultStale || len(conditions) > 0 {
		t.Errorf("%v %v", err, conditions)
	}
}

func TestWhatTheServerMadeOfAnItemIsReadAgain(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch r.Method {
		case http.MethodPut:
			w.WriteHeader(http.StatusCreated) // and no ETag
		case http.MethodGet:
			w.Header().Set("ETag", `"new"`)
			_, _ = w.Write(davtest.Card("1", "As the server likes it"))
		}
	})
	got, err := c.Put(t.Context(), people(s.URL), davtest.Make(offline.KindContact, "1", "One"))
	if err != nil || got.ETag != `"new"` || !bytes.Contains(got.Raw, []byte("As the server")) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestARedirectKeepsMethodAndBodyAndTakesNoPasswordAlong(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method, r.Header.Get("Authorization"), fmt.Sprint(len(b) > 0))
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Location", other.URL+r.URL.Path)
		w.WriteHeader(http.StatusMovedPermanently)
	})
	_ = s
	err := c.Check(t.Context())
	if offline.ClassOf(err) != offline.FaultDenied || len(seen) < 3 || seen[0] != "PROPFIND" || seen[1] != "" || seen[2] != "true" {
		t.Errorf("%v, the other host saw %q", err, seen)
	}
}

func TestDigestIsPreferredToBasicAndTheStrongerHashToTheWeaker(t *testing.T) {
	var got string
	_, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if got = r.Header.Get("Authorization"); got == "" {
			w.Header().Add("WWW-Authenticate", `Basic realm="x", Digest realm="x", qop="auth,auth-int", nonce="n1", algorithm=MD5`)
			w.Header().Add("WWW-Authenticate", `Digest realm="x", qop="auth", nonce="n2", algorithm=SHA-256, opaque="o"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		multi(w, open+`<d:response><d:href>/</d:href><d:propstat><d:prop><c:calendar-home-set><d:href>/c/</d:href></c:calendar-home-set><a:addressbook-home-set><d:href>/a/</d:href></a:addressbook-home-set></d:prop></d:propstat></d:response>`+shut)
	})
	if err := c.Check(t.Context()); err != nil || !strings.HasPrefix(got, "Digest ") || !strings.Contains(got, `nonce="n2"`) || !strings.Contains(got, "algorithm=SHA-256") {
		t.Errorf("%v %s", err, got)
	}
}

func TestAServerThatAsksForAPauseIsGivenIt(t *testing.T) {
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	err := c.Pull(t.Context(), people(s.URL), nil, func(offline.ItemDelta) error { return nil })
	var f *offline.Fault
	if n, _ := c.Requests(); !errors.As(err, &f) || f.Class != offline.FaultThrottled || f.RetryAfter != time.Hour || n != 1 {
		t.Errorf("%v", err)
	}
}

const meeting = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:m\r\nORGANIZER:mailto:jana@example.com\r\nATTENDEE;CN=\"Ann; Lee\":mailto:ann@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// R-APPT and R-DELETE: nothing is mailed to anybody as a side effect.
func TestNobodyIsMailedAboutAMeeting(t *testing.T) {
	var puts []string
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch r.Method {
		case http.MethodOptions:
			w.Header().Set("DAV", "1, calendar-access, calendar-auto-schedule")
		case http.MethodPut, http.MethodDelete:
			puts = append(puts, r.Method+" "+r.Header.Get("Schedule-Reply")+" "+body)
			w.Header().Set("ETag", `"1"`)
		case http.MethodGet:
			w.Header().Set("ETag", `"1"`)
			_, _ = io.WriteString(w, meeting)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	coll := offline.Collection{URL: s.URL + "/p/", Kinds: []offline.Kind{offline.KindAppointment}}
	it := offline.Item{UID: "m", Kind: offline.KindAppointment, Raw: []byte(meeting)}
	if _, err := c.Put(t.Context(), coll, it); err != nil || len(puts) != 1 ||
		puts[0] != "PUT F "+strings.Replace(meeting, "ATTENDEE;", "ATTENDEE;SCHEDULE-AGENT=CLIENT;", 1) {
		t.Fatalf("%v %q", err, puts)
	}
	// Made by the server's own calendar: to change it quietly there is no way.
	it.Href, it.ETag, puts = "/p/m.ics", `"1"`, nil
	if _, err := c.Put(t.Context(), coll, it); !errors.Is(err, dav.ErrWouldMail) {
		t.Errorf("update: %v", err)
	}
	if err := c.Delete(t.Context(), coll, it); !errors.Is(err, dav.ErrWouldMail) || len(puts) > 0 {
		t.Errorf("delete: %v %q", err, puts)
	}
}

func TestClearTextIsForThisComputerOnly(t *testing.T) {
	for url, ok := range map[string]bool{"http://example.com/": false, "https://example.com/": true, "http://127.0.0.1:1/": true, "https://a:b@example.com/": false, "ftp://x/": false} {
		if _, err := dav.New(dav.Config{URL: url}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}
