package dav_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// slow carries requests to a function that writes the answer piece by piece, in
// the same process, so that time limits are tested against a clock that stands
// until all wait. An answer ends when the function returns.
type slow func(ctx context.Context, r *http.Request, body string, w io.Writer)

func (f slow) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	if r.Method == http.MethodOptions {
		<-r.Context().Done() // the answer does not begin
		return nil, r.Context().Err()
	}
	pr, pw := io.Pipe()
	stop := context.AfterFunc(r.Context(), func() { pw.CloseWithError(r.Context().Err()) })
	go func() {
		defer stop()
		f(r.Context(), r, body, pw)
		pw.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusMultiStatus, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: pr, Request: r}, nil
}

func (f slow) client(t *testing.T) *dav.Client {
	t.Helper()
	c, err := dav.New(dav.Config{URL: "https://example.com/", Transport: f})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var slowPeople = offline.Collection{URL: "https://example.com/p/", Kinds: []offline.Kind{offline.KindContact}}

// until waits as a server that has gone to sleep does.
func until(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// half is an answer to a multiget that stops in the middle of the second contact.
func half() string { return open + card("1") + card("2")[:120] }

// listsThree answers all but a multiget, of three contacts.
func listsThree(r *http.Request, body string, w io.Writer) bool {
	switch {
	case r.Method == "PROPFIND":
		_, _ = io.WriteString(w, syncs)
	case strings.Contains(body, "sync-collection"):
		_, _ = io.WriteString(w, open+listed("1", "2", "3")+`<d:sync-token>t2</d:sync-token>`+shut)
	default:
		return false
	}
	return true
}

func TestAnAnswerThatStopsMidwayEndsByTheTimeLimitAndKeepsWhatHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reports := 0
		c := slow(func(ctx context.Context, r *http.Request, body string, w io.Writer) {
			if !listsThree(r, body, w) {
				reports++
				_, _ = io.WriteString(w, half())
				<-ctx.Done()
			}
		}).client(t)
		k, start := davtest.Keep(slowPeople), time.Now()
		err := k.Pull(t.Context(), c)
		if offline.ClassOf(err) != offline.FaultNetwork || !strings.Contains(err.Error(), "stood still") {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took != time.Minute || reports != 1 {
			t.Errorf("it took %v and %d reports", took, reports)
		}
		if _, ok := k.Items["/p/1"]; !ok || len(k.Items) != 1 || k.Coll.Cursor != (offline.CollectionCursor{}) {
			t.Errorf("kept: %v, cursor %+v", k.Items, k.Coll.Cursor)
		}
	})
}

func TestAnAnswerThatIsSlowButMovesIsReadToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(func(ctx context.Context, r *http.Request, body string, w io.Writer) {
			if listsThree(r, body, w) {
				return
			}
			for _, part := range []string{open, card("1"), card("2")[:50], card("2")[50:], card("3"), shut} {
				until(ctx, 59*time.Second)
				_, _ = io.WriteString(w, part)
			}
		}).client(t)
		k, start := davtest.Keep(slowPeople), time.Now()
		k.MustPull(t, c)
		if took := time.Since(start); len(k.Items) != 3 || took != 6*59*time.Second {
			t.Errorf("%d items in %v", len(k.Items), took)
		}
	})
}

func TestAServerThatDoesNotBeginToAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(func(ctx context.Context, _ *http.Request, _ string, _ io.Writer) {}).client(t)
		start := time.Now()
		// To write a meeting, it is first asked by OPTIONS whether it sends invitations.
		coll := offline.Collection{URL: slowPeople.URL, Kinds: []offline.Kind{offline.KindAppointment}}
		_, err := c.Put(t.Context(), coll, offline.Item{UID: "m", Kind: offline.KindAppointment, Raw: []byte(meeting)})
		if took := time.Since(start); offline.ClassOf(err) != offline.FaultNetwork || took != 3*time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// What comes behind the end of an answer is of no use to anybody; so nobody waits
// for it.
func TestAnAnswerThatIsWholeButNotEndedIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(func(ctx context.Context, r *http.Request, body string, w io.Writer) {
			if !listsThree(r, body, w) {
				_, _ = io.WriteString(w, open+card("1")+card("2")+card("3")+shut)
				<-ctx.Done()
			}
		}).client(t)
		k, start := davtest.Keep(slowPeople), time.Now()
		k.MustPull(t, c)
		if took := time.Since(start); len(k.Items) != 3 || took > 2*time.Second {
			t.Errorf("%d items in %v", len(k.Items), took)
		}
	})
}

func TestCancellingInTheMiddleOfAnAnswerReturnsAtOnceAndKeepsWhatHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(func(ctx context.Context, r *http.Request, body string, w io.Writer) {
			if !listsThree(r, body, w) {
				_, _ = io.WriteString(w, half())
				<-ctx.Done()
			}
		}).client(t)
		ctx, cancel := context.WithCancel(t.Context())
		k, done, start := davtest.Keep(slowPeople), make(chan error, 1), time.Now()
		go func() { done <- k.Pull(ctx, c) }()
		synctest.Wait() // it has read what there is
		cancel()
		err := <-done
		if !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if _, ok := k.Items["/p/1"]; !ok || len(k.Items) != 1 || k.Coll.Cursor != (offline.CollectionCursor{}) {
			t.Errorf("kept: %v, cursor %+v", k.Items, k.Coll.Cursor)
		}
	})
}

// The same over a real connection, of which nothing may be left.
func TestCancellingLetsTheConnectionGo(t *testing.T) {
	begun := make(chan bool)
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, half())
		_ = http.NewResponseController(w).Flush()
		begun <- true
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- davtest.Keep(people(s.URL)).Pull(ctx, c) }()
	<-begun
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("%v", err)
	}
}

// cuts are the ways in which an answer ends too early.
var cuts = map[string]func(w http.ResponseWriter, text string){
	"the length is not reached": func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)+1000))
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, text)
	},
	"the connection breaks": func(w http.ResponseWriter, text string) {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, text)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"a proxy ends it": func(w http.ResponseWriter, text string) { multi(w, text) },
}

func TestAnAnswerCutWithinItselfIsTransientAndWhatWasWholeIsKept(t *testing.T) {
	for name, cut := range cuts {
		var mended atomic.Bool
		var gets atomic.Int32 // of what had come
		s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
			rec := &strings.Builder{}
			switch {
			case listsThree(r, body, rec):
				multi(w, rec.String())
			case !mended.Load() && r.Method == http.MethodGet:
				if r.URL.Path == "/p/1" {
					gets.Add(1)
				}
				panic(http.ErrAbortHandler)
			case !mended.Load():
				cut(w, half())
			default:
				if strings.Contains(body, "/p/1<") {
					t.Errorf("%s: what had come is fetched again", name)
				}
				multi(w, open+card("2")+card("3")+shut)
			}
		})
		k := davtest.Keep(people(s.URL))
		err := k.Pull(t.Context(), c)
		if !offline.ClassOf(err).Transient() {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := k.Items["/p/1"]; !ok || len(k.Items) != 1 || k.Coll.Cursor != (offline.CollectionCursor{}) || gets.Load() != 0 {
			t.Errorf("%s: kept %d items, cursor %+v, %d times got by itself", name, len(k.Items), k.Coll.Cursor, gets.Load())
		}
		mended.Store(true)
		k.MustPull(t, c)
		if len(k.Items) != 3 || k.Coll.Cursor.SyncToken != "t2" {
			t.Errorf("%s: afterwards %d items, %+v", name, len(k.Items), k.Coll.Cursor)
		}
	}
}

func TestAListingCutWithinItselfMovesNothing(t *testing.T) {
	for name, cut := range cuts {
		for _, token := range []string{"", "t1"} {
			s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
				switch {
				case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
					multi(w, syncs)
				case r.Method == "PROPFIND":
					t.Errorf("%s: a cut report is taken for one that the server has not got", name)
				default: // the token comes first, and then less than there is
					cut(w, open+`<d:sync-token>t2</d:sync-token>`+listed("1")+listed("2")[:40])
				}
			})
			k := davtest.Keep(people(s.URL))
			k.Items["/p/2"] = offline.Item{Href: "/p/2", ETag: `"2"`}
			k.Coll.Cursor.SyncToken = token
			err := k.Pull(t.Context(), c)
			if !offline.ClassOf(err).Transient() || len(k.Items) != 1 || k.Coll.Cursor.SyncToken != token {
				t.Errorf("%s from %q: %v, %d items, cursor %+v", name, token, err, len(k.Items), k.Coll.Cursor)
			}
		}
	}
}

func TestWhereReportsAlwaysBreakTheRestIsGotOneByOne(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprint("n", i))
	}
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PROPFIND":
			multi(w, syncs)
		case strings.Contains(body, "sync-collection"):
			multi(w, open+listed(names...)+`<d:sync-token>t2</d:sync-token>`+shut)
		case strings.Contains(body, "multiget"):
			multi(w, open+"<d:response><d:hr")
		default:
			_, _ = w.Write(davtest.Card("x", r.URL.Path))
		}
	})
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	if n, _ := c.Requests(); len(k.Items) != 20 || n > 30 {
		t.Errorf("%d items in %d requests", len(k.Items), n)
	}
}
