package dav_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// book is an address book whose multiget is as multiget says; a contact that is
// got by itself is there, unless single answers otherwise.
type book struct {
	names    []string
	multiget func(w http.ResponseWriter, body string)
	single   func(w http.ResponseWriter, name string) bool // nil: all are there
	reports  int
	gets     []string
}

func (b *book) serve(w http.ResponseWriter, r *http.Request, body string) {
	switch name := strings.TrimPrefix(r.URL.Path, "/p/"); {
	case r.Method == "PROPFIND":
		multi(w, syncs)
	case strings.Contains(body, "sync-collection"):
		multi(w, open+listed(b.names...)+`<d:sync-token>t2</d:sync-token>`+shut)
	case strings.Contains(body, "multiget"):
		b.reports++
		b.multiget(w, body)
	default:
		b.gets = append(b.gets, name)
		if b.single == nil || !b.single(w, name) {
			w.Header().Set("ETag", `"`+name+`"`)
			_, _ = w.Write(davtest.Card(name, "N "+name))
		}
	}
}

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("n", i))
	}
	return names
}

// asked are the names that a multiget asks for.
func asked(body string) (names []string) {
	for _, part := range strings.Split(body, "<d:href>/p/")[1:] {
		name, _, _ := strings.Cut(part, "<")
		names = append(names, name)
	}
	return names
}

func TestAServerWithoutMultigetIsReadOneByOne(t *testing.T) {
	for _, c := range []struct {
		status, reports, later int // how many reports are tried in the first Pull, and in the next
		condition              string
	}{
		{http.StatusMethodNotAllowed, 1, 0, ""}, {http.StatusNotImplemented, 1, 0, ""},
		{http.StatusForbidden, 1, 0, "d:supported-report"},
		// This may be about one item; so it is tried twice in each Pull.
		{http.StatusForbidden, 2, 2, ""}, {http.StatusBadRequest, 2, 2, ""}, {http.StatusNotFound, 2, 2, ""},
	} {
		b := &book{names: numbered(12), multiget: func(w http.ResponseWriter, _ string) { refuse(w, c.status, c.condition) }}
		s, client := scripted(t, b.serve)
		for _, want := range []int{c.reports, c.later} {
			b.reports, b.gets = 0, nil
			k := davtest.Keep(people(s.URL))
			k.MustPull(t, client)
			if len(k.Items) != 12 || b.reports != want || len(b.gets) != 12 || k.Coll.Cursor.SyncToken != "t2" {
				t.Errorf("%+v: %d items, %d reports, %d requests for one", c, len(k.Items), b.reports, len(b.gets))
			}
		}
	}
}

// What a server says by name that it does not give is set aside, however many
// they are: private appointments in a calendar that is shared. None of them is
// taken to be gone.
func TestManyItemsThatTheServerKeepsBackAreSetAside(t *testing.T) {
	names := numbered(9)
	b := &book{names: names, multiget: func(w http.ResponseWriter, body string) {
		var out strings.Builder
		for _, name := range asked(body) {
			if name == "n8" {
				out.WriteString(card(name))
				continue
			}
			fmt.Fprintf(&out, `<d:response><d:href>/p/%s</d:href><d:status>HTTP/1.1 403 Forbidden</d:status></d:response>`, name)
		}
		multi(w, open+out.String()+shut)
	}, single: func(w http.ResponseWriter, _ string) bool { w.WriteHeader(http.StatusForbidden); return true }}
	s, c := scripted(t, b.serve)
	k := davtest.Keep(people(s.URL))
	k.Items["/p/n3"] = offline.Item{Href: "/p/n3", ETag: `"old"`}
	k.MustPull(t, c)
	if changed, gone, broken := k.Changed(); changed != 1 || gone != 0 || broken != 8 || len(k.Items) != 2 {
		t.Errorf("%d changed, %d gone, %d broken", changed, gone, broken)
	}
}

// But where nothing says that it is about these, it is the server that fails:
// nothing is set aside, and nothing is skipped.
func TestAServerThatFailsAtEachItemIsLeftUntilLater(t *testing.T) {
	down := func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusInternalServerError); return true }
	b := &book{names: numbered(40), multiget: func(w http.ResponseWriter, _ string) { down(w) }, single: func(w http.ResponseWriter, _ string) bool { return down(w) }}
	s, c := scripted(t, b.serve)
	k := davtest.Keep(people(s.URL))
	err := k.Pull(t.Context(), c)
	if _, _, broken := k.Changed(); offline.ClassOf(err) != offline.FaultServer || broken != 0 || k.Coll.Cursor.SyncToken != "" || len(b.gets) > 8 {
		t.Errorf("%v, %d set aside, %d requests for one, %+v", err, broken, len(b.gets), k.Coll.Cursor)
	}
}

// What a broken item is told of in an early batch of a full listing is there, as
// in the last.
func TestWhatIsBrokenAndKnownIsAmongWhatIsThere(t *testing.T) {
	b := &book{names: numbered(6), multiget: func(w http.ResponseWriter, body string) {
		var out strings.Builder
		for _, name := range asked(body) {
			if name == "n0" {
				out.WriteString(strings.ReplaceAll(card(name), "VCARD", "VNOTHING"))
			} else {
				out.WriteString(card(name))
			}
		}
		multi(w, open+out.String()+shut)
	}}
	s, _ := scripted(t, b.serve)
	c := davtest.Fixture{URL: s.URL, User: "jana"}.Client(t, func(cfg *dav.Config) { cfg.Batch = 2 })
	k := davtest.Keep(people(s.URL))
	k.Items["/p/n0"] = offline.Item{Href: "/p/n0", ETag: `"old"`}
	k.MustPull(t, c)
	if _, _, broken := k.Changed(); broken != 1 || len(k.Items) != 6 || k.Items["/p/n0"].ETag != `"old"` {
		t.Errorf("%d broken, %d items", broken, len(k.Items))
	}
}

func TestAnItemThatIsTooLargeIsSetAsideAndTheRestComes(t *testing.T) {
	huge := string(bytes.Replace(davtest.Card("n1", "X"), []byte("FN:X"), []byte("FN:X\r\nNOTE:"+strings.Repeat("x", 3<<16)), 1))
	big := func(n int) string { // how large it is in the report
		return strings.Replace(card("n1"), "N n1", "N n1"+strings.Repeat("x", n), 1)
	}
	for name, in := range map[string]string{"beyond what is read": big(3 << 16), "just beyond what is kept": big(1<<16 + 10)} {
		for _, reversed := range []bool{false, true} {
			b := &book{names: numbered(6), single: func(w http.ResponseWriter, name string) bool {
				if name != "n1" {
					return false
				}
				_, _ = w.Write([]byte(huge))
				return true
			}}
			b.multiget = func(w http.ResponseWriter, body string) {
				var out string
				for _, name := range asked(body) {
					one := card(name)
					if name == "n1" {
						one = in
					}
					if reversed {
						out = one + out
					} else {
						out += one
					}
				}
				multi(w, open+out+shut)
			}
			s, _ := scripted(t, b.serve)
			c := davtest.Fixture{URL: s.URL, User: "jana"}.Client(t, func(cfg *dav.Config) { cfg.MaxItem = 1 << 16 })
			k := davtest.Keep(people(s.URL))
			k.Items["/p/n1"] = offline.Item{Href: "/p/n1", ETag: `"old"`}
			k.MustPull(t, c)
			var broken []offline.BrokenItem
			for _, d := range k.Deltas {
				broken = append(broken, d.Broken...)
			}
			if len(k.Items) != 6 || len(broken) != 1 || broken[0] != (offline.BrokenItem{Href: "/p/n1", Reason: "it is larger than 0.0625 MiB"}) || k.Items["/p/n1"].ETag != `"old"` {
				t.Errorf("%s, reversed %v: %d items, %+v", name, reversed, len(k.Items), broken)
			}
			// By itself it is an error that says so.
			_, err := c.Get(t.Context(), people(s.URL), []string{"/p/n1"})
			if offline.ClassOf(err) != offline.FaultRejected || !strings.Contains(err.Error(), "larger than 0.0625 MiB") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// R-DELETE: nothing is deleted because an answer does not speak of it.
func TestOnlyAPositiveAnswerSaysThatAnItemIsGone(t *testing.T) {
	for _, c := range []struct {
		status int
		gone   int
		fails  bool
	}{
		{http.StatusNotFound, 1, false}, {http.StatusGone, 1, false},
		{http.StatusForbidden, 0, false}, {http.StatusBadRequest, 0, false}, {http.StatusNotImplemented, 0, false},
		{http.StatusInternalServerError, 0, false},
		{http.StatusUnauthorized, 0, true}, {http.StatusTooManyRequests, 0, true}, {http.StatusRequestTimeout, 0, true},
	} {
		b := &book{names: []string{"n0", "n1", "n2"}, multiget: func(w http.ResponseWriter, _ string) { multi(w, open+card("n0")+card("n2")+shut) },
			single: func(w http.ResponseWriter, _ string) bool { w.WriteHeader(c.status); return true }}
		s, client := scripted(t, b.serve)
		k := davtest.Keep(people(s.URL))
		k.Items["/p/n1"] = offline.Item{Href: "/p/n1", ETag: `"old"`}
		err := k.Pull(t.Context(), client)
		if _, gone, _ := k.Changed(); gone != c.gone || (err != nil) != c.fails || len(k.Items) != 3-c.gone {
			t.Errorf("%d: %v, %d gone, %d items", c.status, err, gone, len(k.Items))
		}
		if c.fails != (k.Coll.Cursor == offline.CollectionCursor{}) {
			t.Errorf("%d: %+v", c.status, k.Coll.Cursor)
		}
	}
}

func TestAnErrorOfTheCallerEndsThePull(t *testing.T) {
	full := errors.New("the disk is full")
	b := &book{names: numbered(6), multiget: func(w http.ResponseWriter, body string) {
		out := ""
		for _, name := range asked(body) {
			out += card(name)
		}
		multi(w, open+out+shut)
	}}
	s, _ := scripted(t, b.serve)
	c := davtest.Fixture{URL: s.URL, User: "jana"}.Client(t, func(cfg *dav.Config) { cfg.Batch = 2 })
	calls := 0
	err := c.Pull(t.Context(), people(s.URL), nil, func(offline.ItemDelta) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 || b.reports != 1 {
		t.Errorf("%v after %d calls and %d reports", err, calls, b.reports)
	}
}
