package dav_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// shelf is a server with one contact, whose tags are of some kind.
type shelf struct {
	raw     []byte
	version int
	tag     func(version int) string // as it is told; empty: not at all
	takes   func(s *shelf, cond string) bool
	before  func(s *shelf) // called before each write, as by another program
	writes  []string       // the conditions of those that were tried
	lost    []int          // versions that were overwritten
}

func (s *shelf) edit(title string) { s.raw, s.version = davtest.Card("1", title), s.version+1 }

func (s *shelf) serve(w http.ResponseWriter, r *http.Request, body string) {
	tag := s.tag(s.version)
	prop := ""
	if tag != "" {
		prop = "<d:getetag>" + strings.NewReplacer("\n", "&#10;", "\"", "&quot;").Replace(tag) + "</d:getetag>"
	}
	const one = `<d:response><d:href>/p/1</d:href><d:propstat><d:prop>%s%s</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`
	switch {
	case r.Method == "PROPFIND" && r.Header.Get("Depth") == "0":
		multi(w, open+`<d:response><d:href>/p/</d:href><d:propstat><d:prop/></d:propstat></d:response>`+shut)
	case r.Method == "PROPFIND":
		multi(w, open+fmt.Sprintf(one, prop, "")+shut)
	case r.Method == "REPORT":
		multi(w, open+fmt.Sprintf(one, prop, "<a:address-data>"+string(s.raw)+"</a:address-data>")+shut)
	case r.Method == http.MethodGet:
		if tag != "" && !strings.Contains(tag, "\n") {
			w.Header().Set("ETag", tag)
		}
		_, _ = w.Write(s.raw)
	default:
		if s.before != nil {
			s.before(s)
		}
		s.writes = append(s.writes, r.Header.Get("If-Match"))
		if !s.takes(s, r.Header.Get("If-Match")) {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		s.lost = append(s.lost, s.version)
		s.raw, s.version = []byte(body), s.version+1
		w.WriteHeader(http.StatusNoContent)
	}
}

// The ways in which servers compare.
func exactly(s *shelf, cond string) bool { return cond == s.tag(s.version) || cond == "*" }
func strongly(s *shelf, cond string) bool { // RFC 9110 section 13.1.1
	return cond == "*" || cond == s.tag(s.version) && !strings.HasPrefix(cond, "W/")
}
func never(_ *shelf, cond string) bool { return cond == "*" }
func always(*shelf, string) bool       { return true } // an If-Match with what it does not understand is none

func weak(n int) string     { return fmt.Sprintf(`W/"v%d"`, n) }
func strong(n int) string   { return fmt.Sprintf(`"v%d"`, n) }
func unquoted(n int) string { return fmt.Sprintf(`v%d`, n) }
func none(int) string       { return "" }
func broken(n int) string   { return fmt.Sprintf("\"v\n%d\"", n) }

type kindOfServer struct {
	name  string
	tag   func(int) string
	takes func(*shelf, string) bool
}

var kindsOfServers = []kindOfServer{
	{"strong", strong, exactly},
	{"weak, compared as text", weak, exactly}, {"weak, compared strongly", weak, strongly},
	{"weak, and not looked at", weak, always},
	{"without quotes", unquoted, exactly}, {"without quotes, in quotes", unquoted, func(s *shelf, c string) bool { return c == "*" || strings.Trim(c, `"`) == s.tag(s.version) }},
	{"none", none, never}, {"none, and not looked at", none, always},
	{"what no header can hold", broken, never},
}

func TestAnEditElsewhereIsNeverOverwrittenWhateverTheTags(t *testing.T) {
	for _, kind := range kindsOfServers {
		for _, method := range []string{"put", "delete"} {
			sh := &shelf{raw: davtest.Card("1", "One"), tag: kind.tag, takes: kind.takes}
			s, c := scripted(t, sh.serve)
			k := davtest.Keep(people(s.URL))
			k.MustPull(t, c)
			it := k.Items["/p/1"]
			write := func() (offline.Item, error) {
				if method == "delete" {
					return it, c.Delete(t.Context(), k.Coll, it)
				}
				mine := it
				mine.Raw = davtest.Card("1", "Mine")
				return c.Put(t.Context(), k.Coll, mine)
			}
			// Changed before we write: nothing may be sent that such a server takes.
			sh.edit("Theirs")
			got, err := write()
			if offline.ClassOf(err) != offline.FaultStale || len(sh.lost) > 0 || !bytes.Contains(sh.raw, []byte("Theirs")) {
				t.Errorf("%s, %s: %v, tried %q", kind.name, method, err, sh.writes)
			}
			if method == "put" && !bytes.Contains(got.Raw, []byte("Theirs")) {
				t.Errorf("%s: what it has instead is not told: %s", kind.name, got.Raw)
			}
			// And with what it has now, it goes through.
			k.MustPull(t, c)
			it = k.Items["/p/1"]
			if _, err = write(); err != nil || len(sh.lost) != 1 {
				t.Errorf("%s, %s: up to date: %v, tried %q", kind.name, method, err, sh.writes)
			}
		}
	}
}

// Somebody writes between our look and our write. A server that compares as text
// refuses the weak tag for that reason, and not because it takes none: no looser
// condition may follow.
func TestARefusedWeakTagIsNoLeaveToWriteOverAnEdit(t *testing.T) {
	for _, kind := range kindsOfServers {
		sh := &shelf{raw: davtest.Card("1", "One"), tag: kind.tag, takes: kind.takes}
		s, c := scripted(t, sh.serve)
		k := davtest.Keep(people(s.URL))
		k.MustPull(t, c)
		sh.before = func(s *shelf) {
			if len(s.writes) == 0 {
				s.edit("Theirs")
			}
		}
		it := k.Items["/p/1"]
		it.Raw = davtest.Card("1", "Mine")
		_, err := c.Put(t.Context(), k.Coll, it)
		switch kind.name {
		case "weak, and not looked at", "none", "none, and not looked at", "what no header can hold":
			continue // nothing that could be sent would keep such a server from it
		}
		if offline.ClassOf(err) != offline.FaultStale || len(sh.lost) > 0 {
			t.Errorf("%s: %v, tried %q, wrote over %v", kind.name, err, sh.writes, sh.lost)
		}
	}
}

func TestWithoutTagsWhatIsUnchangedIsRecognisedByWhatItSays(t *testing.T) {
	sh := &shelf{raw: davtest.Card("1", "One"), tag: none, takes: never}
	s, c := scripted(t, sh.serve)
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	tag := k.Items["/p/1"].ETag
	k.MustPull(t, c)
	if changed, gone, _ := k.Changed(); tag == "" || changed+gone > 0 || k.Items["/p/1"].ETag != tag {
		t.Errorf("unchanged: %d changed, %d gone, tag %q then %q", changed, gone, tag, k.Items["/p/1"].ETag)
	}
	sh.edit("Two")
	k.MustPull(t, c)
	if changed, _, _ := k.Changed(); changed != 1 || !bytes.Contains(k.Items["/p/1"].Raw, []byte("Two")) {
		t.Errorf("changed: %d, %s", changed, k.Items["/p/1"].Raw)
	}
}

// A tag that changes with nothing else does no harm: the item comes again, and a
// write with the tag from before is refused, and succeeds with the new one.
func TestATagThatChangesWithoutTheBodyCostsOneMoreRead(t *testing.T) {
	sh := &shelf{raw: davtest.Card("1", "One"), tag: strong, takes: exactly}
	s, c := scripted(t, sh.serve)
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	before := k.Items["/p/1"]
	sh.version++
	k.MustPull(t, c)
	now := k.Items["/p/1"]
	if changed, _, _ := k.Changed(); changed != 1 || !bytes.Equal(before.Raw, now.Raw) || before.ETag == now.ETag {
		t.Errorf("%d changed, %q then %q", changed, before.ETag, now.ETag)
	}
	if got, err := c.Put(t.Context(), k.Coll, before); offline.ClassOf(err) != offline.FaultStale || got.ETag != now.ETag {
		t.Errorf("with the old tag: %v, %q", err, got.ETag)
	}
	if _, err := c.Put(t.Context(), k.Coll, now); err != nil {
		t.Errorf("with the new one: %v", err)
	}
}

// A proxy that compresses makes a strong tag weak: nothing has changed by that.
func TestATagThatOnlyBecameWeakIsTheSame(t *testing.T) {
	sh := &shelf{raw: davtest.Card("1", "One"), tag: strong, takes: exactly}
	s, c := scripted(t, sh.serve)
	k := davtest.Keep(people(s.URL))
	k.MustPull(t, c)
	sh.tag = weak
	k.MustPull(t, c)
	if changed, _, _ := k.Changed(); changed != 0 || k.Items["/p/1"].ETag != `"v0"` {
		t.Errorf("%d changed, %q", changed, k.Items["/p/1"].ETag)
	}
}

// A create goes out on condition that nothing is there, and meets what is.
func TestACreateNeverWritesOverWhatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		there string
		class offline.FaultClass
	}{"another's": {"Theirs", offline.FaultExists}, "our own, whose answer was lost": {"Mine", ""}} {
		var conditions []string
		s, client := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if r.Method == http.MethodPut {
				conditions = append(conditions, r.Header.Get("If-None-Match")+r.Header.Get("If-Match"))
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
			w.Header().Set("ETag", `"1"`)
			_, _ = w.Write(davtest.Card("1", c.there))
		})
		got, err := client.Put(t.Context(), people(s.URL), davtest.Make(offline.KindContact, "1", "Mine"))
		if offline.ClassOf(err) != c.class || got.ETag != `"1"` || !bytes.Contains(got.Raw, []byte(c.there)) || fmt.Sprint(conditions) != "[*]" {
			t.Errorf("%s: %+v %v %v", name, got, err, conditions)
		}
	}
}
