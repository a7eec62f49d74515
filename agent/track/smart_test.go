package track

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/offline"

	"pgregory.net/rapid"
)

// R-LIMITS-07.
func TestSubjectsAreCutIntoWords(t *testing.T) {
	for _, c := range []struct {
		name, subject, noise string
		max                  int
		want                 string
	}{
		{"R-TOKEN-17 what mail programs put before it is cut off", "RE: Fw: AW : Offer for Brno", "", 20, "offer for brno"},
		{"R-TOKEN-17 in every script", "Ответ: ΑΠ: Offer", "", 20, "offer"},
		{"R-TOKEN-17 case does not matter", "oFFer FOR brno", "", 20, "offer for brno"},
		{"R-TOKEN-17 twenty words at most", strings.Join(numbers(30), " "), "", 20, strings.Join(numbers(20), " ")},
		{"R-TOKEN-17 as many as the organization says", "one two three four", "", 2, "one two"},
		{"R-TOKEN-18 Out of office is not cut off", "Out of office: Offer", "", 20, "out of office offer"},
		{"a token is a word like any other", "Re: Offer CRM:0001001", "", 20, "offer crm:0001001"},
		{"a word counts once", "the offer, the Offer!", "", 20, "the offer"},
		{"punctuation around words does not count", "[Offer] (“Brno”) - 2nd…", "", 20, "offer brno 2nd"},
		{"the organization's own expression", "EXT Offer", `^EXT\s`, 20, "offer"},
		{"one that RE2 does not know gives the default", "Re: Offer", `^(?=Re)Re:(?<!x)`, 20, "offer"},
		{"one that is broken gives the default", "Re: Offer", `([`, 20, "offer"},
		{"one that is endless gives the default", "Re: Offer", strings.Repeat("a", maxNoise+1), 20, "offer"},
		{"one that explodes gives the default", "Re: Offer", `((((a{100}){100}){100}){100})`, 20, "offer"},
		{"one that cuts all of it", "Re: Offer", `.*`, 20, ""},
		{"classes between brackets", "A_1: Offer", `^[\w\s]+:`, 20, "offer"},
		{"nothing but noise", "Re: ", "", 20, ""},
		{"no subject", "", "", 20, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(SubjectWords(c.subject, Noise(c.noise), c.max), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func numbers(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint("w", i))
	}
	return out
}

func TestSmartMatchingComparesSubjectsAndPeople(t *testing.T) {
	two := []string{"ann@x", "jana@y"}
	for _, c := range []struct {
		name    string
		options offline.Options
		a, b    string
		pa, pb  []string
		want    bool
	}{
		{"R-TOKEN-03 it is off by default", offline.Options{}, "Offer", "Offer", two, two, false},
		{"R-TOKEN-20 same subject, two people", offline.Options{Smart: true}, "Offer", "Re: offer", two, []string{"JANA@y", "ann@x", "petr@z"}, true},
		{"R-TOKEN-20 one common address is too few", offline.Options{Smart: true}, "Offer", "Offer", two, []string{"ann@x", "petr@z"}, false},
		{"R-TOKEN-20 one is enough where the organization says so", offline.Options{Smart: true, SmartMinPeople: 1}, "Offer", "Offer", two, []string{"ann@x"}, true},
		{"R-TOKEN-19 an address counts once", offline.Options{Smart: true}, "Offer", "Offer", two, []string{"ann@x", "Ann@X", " ann@x"}, false},
		{"R-TOKEN-20 a word more", offline.Options{Smart: true}, "Offer", "Offer two", two, two, false},
		{"R-TOKEN-20 another word", offline.Options{Smart: true}, "Offer one", "Offer two", two, two, false},
		{"R-TOKEN-20 a word more where one may differ", offline.Options{Smart: true, SmartSubjectDelta: 1}, "Offer", "Offer two", two, two, true},
		{"R-TOKEN-20 two more where one may differ", offline.Options{Smart: true, SmartSubjectDelta: 1}, "Offer", "Offer two three", two, two, false},
		{"no subject is like no other", offline.Options{Smart: true}, "Re:", "", two, two, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSmart(c.options)
			a, b := s.Print(c.a, c.pa), s.Print(c.b, c.pb)
			if s.Match(a, b) != c.want || s.Match(b, a) != c.want {
				t.Errorf("got %v and %v", s.Match(a, b), s.Match(b, a))
			}
		})
	}
}

func TestSmartMatchingLooksNinetyDaysBack(t *testing.T) {
	// R-TOKEN-21
	s := NewSmart(offline.Options{Smart: true})
	print := s.Print("Offer", []string{"a@x", "b@x"})
	for _, delta := range []int{0, 1} {
		s.Delta = delta
		p := s.Past()
		for name, at := range map[string]time.Time{
			"last": day, "oldest": day.AddDate(0, 0, -SmartDays), "older": day.AddDate(0, 0, -SmartDays).Add(-time.Second), "later": day.Add(time.Second), "undated": {},
		} {
			p.Add(print, parentOf(name, at))
			p.Add(print, parentOf(name, day)) // known already
		}
		p.Add(s.Print("", nil), parentOf("nothing", day))
		var found []string
		for _, f := range p.Find(s.Print("re: OFFER", []string{"b@x", "a@x"}), day) {
			found = append(found, f.Record.ID)
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != "last oldest undated" {
			t.Errorf("with %d words different: %s", delta, got)
		}
	}
}

// Law: what is looked up by its words is what comparing all of them finds.
func TestLookingUpFindsWhatComparingFinds(t *testing.T) {
	word := rapid.SampledFrom([]string{"re:", "offer", "Offer", "brno", "two", "", "!"})
	who := rapid.SampledFrom([]string{"a@x", "b@x", "c@x", "B@x"})
	rapid.Check(t, func(t *rapid.T) {
		s := NewSmart(offline.Options{Smart: true, SmartSubjectDelta: rapid.IntRange(0, 2).Draw(t, "delta"), SmartMinPeople: rapid.IntRange(1, 3).Draw(t, "people")})
		draw := func() Print {
			return s.Print(strings.Join(rapid.SliceOfN(word, 0, 4).Draw(t, "subject"), " "), rapid.SliceOfN(who, 0, 4).Draw(t, "people"))
		}
		p, want := s.Past(), 0
		asked := draw()
		for i := range rapid.IntRange(0, 8).Draw(t, "emails") {
			print := draw()
			p.Add(print, parentOf(fmt.Sprint(i), day))
			if s.Match(asked, print) {
				want++
			}
		}
		if got := len(p.Find(asked, day)); got != want {
			t.Fatalf("found %d, want %d", got, want)
		}
	})
}

func FuzzSmart(f *testing.F) {
	f.Add("Re: Offer for Brno", "offer for BRNO", `^[\s]*([\w]+\s?:[\s]*)+`, "a@x b@x")
	f.Add("\xff: \u202e", "::::", `[\w`, "@ @")
	f.Add("a", "b", `\`, "")
	f.Fuzz(func(t *testing.T, a, b, noise, people string) {
		s := NewSmart(offline.Options{Smart: true, SmartNoise: noise, SmartMinPeople: 1})
		pa, pb := s.Print(a, strings.Fields(people)), s.Print(b, strings.Fields(people))
		if len(pa.words) > defaultMaxWords || len(pa.people) > maxPeople {
			t.Errorf("%d words, %d people", len(pa.words), len(pa.people))
		}
		if s.Match(pa, pb) != s.Match(pb, pa) {
			t.Error("a is like b, b is not like a")
		}
		if len(pa.words) > 0 && len(pa.people) > 0 && !s.Match(pa, pa) {
			t.Error("it is not like itself")
		}
		past := s.Past()
		past.Add(pb, Parent{Record: offline.Ref{ID: "b"}})
		if (len(past.Find(pa, time.Time{})) == 1) != s.Match(pa, pb) {
			t.Error("looking up and comparing disagree")
		}
	})
}
