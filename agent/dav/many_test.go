package dav_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"postrider/agent/dav/davtest"
	"postrider/offline"
)

func cards(n int) (all []offline.Item) {
	for i := range n {
		all = append(all, offline.Item{Kind: offline.KindContact, UID: fmt.Sprint(i), Href: fmt.Sprintf("/p/%d", i), Raw: []byte(davtest.Card(fmt.Sprint(i), fmt.Sprint("N ", i)))})
	}
	return all
}

// One item that the server stumbles over keeps the others from nothing; a server that
// stumbles over all is left alone soon.
func TestAServerThatStumblesOverOneItemGetsTheOthers(t *testing.T) {
	var puts atomic.Int64
	bad := func(path string) bool { return path == "/p/2" }
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		switch {
		case r.Method == "PUT" && bad(r.URL.Path):
			puts.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
		case r.Method == "PUT":
			puts.Add(1)
			w.Header().Set("ETag", `"`+strings.TrimPrefix(r.URL.Path, "/p/")+`"`)
			w.WriteHeader(http.StatusCreated)
		case strings.Contains(body, "multiget"):
			multi(w, open+card("0")+shut)
		}
	})
	for i, w := range c.PutAll(t.Context(), people(s.URL), cards(8)) {
		if want := map[bool]offline.FaultClass{true: offline.FaultServer}[i == 2]; offline.ClassOf(w.Err) != want || w.Err == nil && w.Item.ETag != fmt.Sprintf(`"%d"`, i) {
			t.Errorf("%d: %q %v", i, w.Item.ETag, w.Err)
		}
	}
	bad = func(string) bool { return true }
	puts.Store(0)
	for i, w := range c.PutAll(t.Context(), people(s.URL), cards(200)) {
		if offline.ClassOf(w.Err) != offline.FaultServer {
			t.Errorf("%d: %v", i, w.Err)
		}
	}
	if n := puts.Load(); n > 50 { // each is tried some times
		t.Errorf("a server that takes nothing was asked %d times", n)
	}
}

// A lost connection is not tried with each of the others.
func TestWritesThatCanNotBeMadeAreNotBegun(t *testing.T) {
	var puts atomic.Int64
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		puts.Add(1)
		w.WriteHeader(http.StatusForbidden)
		if r.Method == "PUT" {
			panic(http.ErrAbortHandler)
		}
	})
	for i, w := range c.PutAll(t.Context(), people(s.URL), cards(200)) {
		if w.Err == nil || !strings.HasPrefix(w.Item.Href, "/p/") {
			t.Errorf("%d: %+v", i, w)
		}
	}
	if n := puts.Load(); n > 50 {
		t.Errorf("asked %d times", n)
	}
}

// What somebody else wrote between a write and the second look is not taken for the
// server's way of keeping what we wrote.
func TestSomebodyElsesWriteIsNoRewritingByTheServer(t *testing.T) {
	var mu sync.Mutex
	stored, tag := "", ""
	s, c := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Method == "PUT":
			w.Header().Set("ETag", `"ours"`)
			w.WriteHeader(http.StatusCreated)
			stored, tag = strings.Replace(body, "N 0", "Somebody else", 1), `"theirs"`
		case r.Method == "GET":
			w.Header().Set("ETag", tag)
			_, _ = io.WriteString(w, stored)
		case strings.Contains(body, "multiget"):
			multi(w, open+strings.Replace(strings.Replace(card("0"), "N 0", "Somebody else", 1), `"0"`, tag, 1)+shut)
		}
	})
	item := cards(1)[0]
	one, err := c.Put(t.Context(), people(s.URL), item)
	if err != nil {
		t.Fatal(err)
	}
	all := c.PutAll(t.Context(), people(s.URL), []offline.Item{item})
	for what, it := range map[string]offline.Item{"alone": one, "with others": all[0].Item} {
		if it.ETag != `"ours"` || strings.Contains(string(it.Raw), "Somebody") {
			t.Errorf("%s: %s\n%s", what, it.ETag, it.Raw)
		}
	}
}
