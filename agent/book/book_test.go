package book

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/offline"
)

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func ref(k offline.Kind, id string) offline.Ref { return offline.Ref{Kind: k, ID: id} }

func record(k offline.Kind, name string, addrs ...string) offline.Record {
	return offline.Record{Ref: ref(k, name), Name: name, Addrs: addrs, Active: true}
}

func wrote(addr string, days int) Written {
	return Written{Address: offline.Address{Addr: addr}, At: day.AddDate(0, 0, -days)}
}

func addrs(es []Entry) string {
	var out []string
	for _, e := range es {
		out = append(out, e.Addr)
	}
	return strings.Join(out, " ")
}

func everything() Scope {
	return Scope{Reach: offline.BookScope{Contacts: offline.BookAll, Others: offline.BookAll, Kinds: kindRank}, User: "me"}
}

// R-ADDRESSBOOK-07.
func TestCompleteFindsByTheBeginningOfAnyWord(t *testing.T) {
	acme := record(offline.KindAccount, "Acme Werkzeuge", "office@acme.example")
	jana := record(offline.KindContact, "Jana Nováková", "jana@acme.example", "novak@home.example")
	jana.Parent = acme.Ref
	lead := record(offline.KindLead, "Łukasz Šťastný", "ls@neu.example")
	lead.Fields = offline.Fields{"company": "Strøm & Söhne"}
	b := New()
	b.Reset(everything(), slices.Values([]offline.Record{jana, lead, acme, record(offline.KindUser, "Nora Alder", "nora@alder.example")}), nil)
	for text, want := range map[string]string{
		"nov":         "jana@acme.example novak@home.example",
		"NOVÁK":       "jana@acme.example novak@home.example", // the second by its address
		"jana nov":    "jana@acme.example novak@home.example",
		"novakova j":  "jana@acme.example novak@home.example",
		"no":          "nora@alder.example jana@acme.example novak@home.example",  // a name that begins so comes before one that has a word that does
		"werk":        "jana@acme.example novak@home.example office@acme.example", // contacts before accounts
		"lukasz":      "ls@neu.example",
		"stast":       "ls@neu.example",
		"strom":       "ls@neu.example",
		"sohne":       "ls@neu.example",
		"jana@acme.e": "jana@acme.example novak@home.example", // of the same company
		"home":        "novak@home.example",
		"ovak":        "", // not the beginning of a word
		"nov acmx":    "",
		"@":           "",
		"":            "", // nobody was written to
	} {
		if got := addrs(b.Complete(text, 10)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := b.Complete("nov", 1); len(got) != 1 || got[0].Company != "Acme Werkzeuge" || got[0].Record != jana.Ref {
		t.Errorf("%+v", got)
	}
}

func TestThoseWrittenToComeFirstTheRecentAndFrequentBeforeTheOld(t *testing.T) {
	b := New()
	b.Reset(everything(), slices.Values([]offline.Record{
		record(offline.KindContact, "An Aa", "a@x.example"), record(offline.KindContact, "An Bb", "b@x.example"),
		record(offline.KindQueue, "An Cc", "c@x.example"), record(offline.KindUser, "An Dd", "d@x.example"),
	}), []Written{wrote("d@x.example", 1), wrote("c@x.example", 200), wrote("c@x.example", 190), wrote("c@x.example", 180), wrote("an.e@y.example", 20)})
	if got, want := addrs(b.Complete("an", 10)), "d@x.example an.e@y.example c@x.example a@x.example b@x.example"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := addrs(b.Complete("", 2)), "d@x.example an.e@y.example"; got != want {
		t.Errorf("whom one writes to most: %q, want %q", got, want)
	}
	var often []Written
	for range 5 {
		often = append(often, wrote("B@x.example", 40))
	}
	b.Wrote(often)
	if got, want := addrs(b.Complete("an", 10)), "b@x.example d@x.example an.e@y.example c@x.example a@x.example"; got != want {
		t.Errorf("five a month ago outweigh one of yesterday: %q, want %q", got, want)
	}
}

// R-ADDRESSBOOK-03 to R-ADDRESSBOOK-05, R-OPTIONS-14.
func TestTheScopeSaysWhoseRecordsOfWhichKindsAreTaken(t *testing.T) {
	own := func(r offline.Record, by string) offline.Record { r.Owner = ref(offline.KindUser, by); return r }
	closed := record(offline.KindContact, "Gone", "gone@x.example")
	closed.Active = false
	all := []offline.Record{
		own(record(offline.KindContact, "C1", "c1@x.example"), "me"), own(record(offline.KindContact, "C2", "c2@x.example"), "you"),
		own(record(offline.KindLead, "L1", "l1@x.example"), "me"), own(record(offline.KindLead, "L2", "l2@x.example"), "you"),
		record(offline.KindUser, "U1", "u1@x.example"), record(offline.KindTeam, "T1", "t1@x.example"),
		own(record("new_project", "P1", "p1@x.example"), "me"), own(record(offline.KindAccount, "No address"), "me"), closed,
	}
	for _, c := range []struct {
		scope offline.BookScope
		want  string
	}{
		{offline.BookScope{}, "c1 c2 u1 l1"},
		{offline.BookScope{Contacts: offline.BookOwn}, "c1 u1 l1"},
		{offline.BookScope{Contacts: offline.BookNone, Others: offline.BookAll}, "u1 l1 l2"},
		{offline.BookScope{Others: offline.BookNone}, "c1 c2"},
		{offline.BookScope{Kinds: []offline.Kind{offline.KindTeam, "new_project"}}, "c1 c2 t1 p1"},
		{offline.BookScope{Kinds: []offline.Kind{}}, "c1 c2"},
	} {
		b := New()
		b.Reset(Scope{Reach: c.scope, User: "me"}, slices.Values(all), nil)
		if got := strings.ReplaceAll(addrs(b.Complete("x", 20)), "@x.example", ""); got != c.want {
			t.Errorf("%+v: %q, want %q", c.scope, got, c.want)
		}
	}
}

func TestOneAddressOfSeveralRecordsIsOfferedOnceAndAllItsHoldersAreTold(t *testing.T) {
	b := New()
	b.Reset(everything(), slices.Values([]offline.Record{
		record(offline.KindLead, "Bo", "bo@x.example"), record(offline.KindContact, "Bo", "BO@x.example"),
	}), nil)
	if got := b.Complete("bo", 10); len(got) != 1 || got[0].Record.Kind != offline.KindContact {
		t.Errorf("%+v", got)
	}
	if got := b.Holders("bo@X.example "); len(got) != 2 || got[0].Record.Kind != offline.KindContact {
		t.Errorf("%+v", got)
	}
}

func TestRecordsAreFoundForWhatAMessageIsAbout(t *testing.T) {
	age := func(r offline.Record, days int) offline.Record { r.Changed = day.AddDate(0, 0, -days); return r }
	acme := record(offline.KindAccount, "Acme", "office@acme.example")
	offer := age(record(offline.KindOpportunity, "Offer for Brno"), 5)
	offer.Parent = acme.Ref
	ticket := age(record(offline.KindCase, "Broken drill"), 3)
	ticket.Fields = offline.Fields{"number": "CAS-01001-X"}
	closed := record(offline.KindCase, "Broken saw")
	closed.Active = false
	project := age(record("new_project", "Brno hall"), 1)
	s := Scope{Reach: offline.BookScope{Others: offline.BookNone, Contacts: offline.BookNone}, About: []offline.Kind{offline.KindAccount, offline.KindOpportunity, offline.KindCase, "new_project"}}
	b := New()
	b.Reset(s, slices.Values([]offline.Record{age(acme, 9), offer, ticket}), nil)
	b.Update([]offline.Record{closed, project}, nil)
	for text, want := range map[string]string{
		"brno":   "Brno hall, Offer for Brno",
		"acme":   "Acme, Offer for Brno",
		"01001":  "Broken drill",
		"brok":   "Broken drill",
		"hall b": "Brno hall",
		"":       "Brno hall, Broken drill, Offer for Brno, Acme",
		"-":      "",
	} {
		var got []string
		for _, r := range b.Find(text, s.About, 10) {
			got = append(got, r.ID)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
	if got := b.Find("brno", []offline.Kind{offline.KindOpportunity}, 10); len(got) != 1 || got[0] != offer.Ref {
		t.Errorf("%v", got)
	}
	if got := b.Complete("brno", 10); len(got) != 0 {
		t.Errorf("what is found is no address: %v", got)
	}
	if got := b.Complete("acme", 10); len(got) != 0 || len(b.Holders("office@acme.example")) != 0 {
		t.Errorf("out of the book's scope, but offered: %v", got)
	}
	if got := b.AtDomain("acme.example"); len(got) != 1 || got[0].Record != acme.Ref {
		t.Errorf("%v", got)
	}
}

// model is the book done slowly.
type model struct {
	scope   Scope
	records map[offline.Ref]offline.Record
	wrote   []Written
}

func (m *model) fresh() *Book {
	b := New()
	b.Reset(m.scope, func(yield func(offline.Record) bool) {
		for _, r := range m.records {
			if !yield(r) {
				return
			}
		}
	}, m.wrote)
	return b
}

func TestABookKeptUpToDateIsTheSameAsOneMadeAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{scope: everything(), records: map[offline.Ref]offline.Record{}}
		b := m.fresh()
		word := rapid.SampledFrom([]string{"an", "anna", "Ánna", "bo", "bob", "cy", "čy"})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				r := offline.Record{Ref: ref(rapid.SampledFrom(kindRank).Draw(t, "kind"), fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "id"))),
					Name: word.Draw(t, "first") + " " + word.Draw(t, "last"), Active: rapid.Bool().Draw(t, "active")}
				for range rapid.IntRange(0, 2).Draw(t, "addresses") {
					r.Addrs = append(r.Addrs, Fold(word.Draw(t, "local"))+"@x.example")
				}
				m.records[r.Ref] = r
				b.Update([]offline.Record{r}, nil)
			case 1:
				for r := range m.records {
					delete(m.records, r)
					b.Update(nil, []offline.Ref{r})
					break
				}
			case 2:
				w := wrote(Fold(word.Draw(t, "to"))+"@x.example", rapid.IntRange(0, 100).Draw(t, "days"))
				m.wrote = append(m.wrote, w)
				b.Wrote([]Written{w})
			}
		}
		anew := m.fresh()
		if b.Len() != anew.Len() {
			t.Fatalf("%d entries, anew %d", b.Len(), anew.Len())
		}
		for _, text := range []string{"", "a", "an", "anna", "b", "c", "x", "an b", "bo a"} {
			if got, want := addrs(b.Complete(text, 5)), addrs(anew.Complete(text, 5)); got != want {
				t.Fatalf("%q: %q, anew %q", text, got, want)
			}
		}
	})
}

func TestManyChangesAreSortedIn(t *testing.T) {
	b := New()
	b.Reset(everything(), slices.Values(people(100)), nil)
	for i := range 3 * maxBeside {
		b.Update([]offline.Record{record(offline.KindContact, fmt.Sprintf("Zed %d", i), fmt.Sprintf("zed%d@z.example", i))}, nil)
	}
	if got := len(b.Complete("zed", 5000)); got != 3*maxBeside {
		t.Errorf("%d found", got)
	}
	if n := len(b.now.Load().beside); n > maxBeside {
		t.Errorf("%d lie beside", n)
	}
}

// people are n contacts with names as they occur.
func people(n int) []offline.Record {
	firsts := strings.Fields("Anna Jana Petr Mikael Jonas Ilse Tomáš Łukasz Søren Zoë José François Chloé Radek Eva Nora Olaf Priya Wei Yuki Aylin Mehmet Ivana Marek")
	lasts := strings.Fields("Novák Nováková Svoboda Müller Schmidt Øster Alder Okafor Tanaka Šťastný Dvořák Becker Larsen Rossi García Lopez Kowalski Yılmaz Patel Nguyen Horvat")
	out := make([]offline.Record, n)
	for i := range out {
		first, last, firm := firsts[i%len(firsts)], lasts[i/7%len(lasts)], fmt.Sprintf("firm%d", i%5000)
		r := record(offline.KindContact, fmt.Sprintf("%s %s %d", first, last, i), fmt.Sprintf("%s.%s%d@%s.example", Fold(first), Fold(last), i, firm))
		r.Ref.ID = fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)
		r.Fields = offline.Fields{"company": "Company " + firm}
		out[i] = r
	}
	return out
}

// Goal: under 1 ms with 50,000 entries, whatever is typed.
func BenchmarkComplete(b *testing.B) {
	rs := people(50_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	book := New()
	book.Reset(everything(), slices.Values(rs), []Written{wrote(rs[7].Addrs[0], 3)})
	runtime.GC()
	runtime.ReadMemStats(&after)
	book.Update(rs[:maxBeside/2], nil) // as after a pull
	for _, text := range []string{"a", "no", "novak", "jana nov", "firm49", "example", "novakova firm1234", "nobody at all"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				book.Complete(text, 10)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB/book")
		})
	}
}

// Goal: a few milliseconds with 50,000 records, so that what is typed is
// answered before the next key.
func BenchmarkFind(b *testing.B) {
	rs := people(50_000)
	book := New()
	s := everything()
	s.About = []offline.Kind{offline.KindContact}
	book.Reset(s, slices.Values(rs), nil)
	for _, text := range []string{"", "a", "novak", "firm49"} {
		b.Run("text="+text, func(b *testing.B) {
			for b.Loop() {
				book.Find(text, s.About, 50)
			}
		})
	}
}

func BenchmarkHolders(b *testing.B) {
	rs := people(50_000)
	book := New()
	book.Reset(everything(), slices.Values(rs), nil)
	book.Update(rs[:maxBeside/2], nil)
	for b.Loop() {
		book.Holders(rs[25_000].Addrs[0])
	}
}

func BenchmarkReset(b *testing.B) {
	rs := people(50_000)
	for b.Loop() {
		New().Reset(everything(), slices.Values(rs), nil)
	}
}
