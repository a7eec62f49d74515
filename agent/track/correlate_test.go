package track

import (
	"fmt"
	"testing"
	"time"

	"postrider/offline"

	"pgregory.net/rapid"
)

func parentOf(id string, at time.Time) Parent {
	return Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: id}, Name: "about " + id, Date: at}
}

func TestCorrelationGoesInTheDocumentedOrder(t *testing.T) {
	earlier := day.Add(-time.Hour)
	one := func(id string) []Parent { return []Parent{parentOf(id, earlier)} }
	all := Facts{Replied: one("replied"), Referenced: one("referenced"), ByToken: one("token"), ByThread: one("thread"), BySubject: one("smart")}
	on := Settings{Filter: Replies, Smart: Smart{On: true}}
	without := func(edit func(*Facts)) Facts { f := all; edit(&f); return f }
	for _, c := range []struct {
		name  string
		facts Facts
		set   Settings
		want  string
		cause offline.Cause
	}{
		{"R-TOKEN-01 In-Reply-To first", all, on, "replied", offline.CauseReply},
		{"R-TOKEN-01 References for it", without(func(f *Facts) { f.Replied = nil }), on, "referenced", offline.CauseReply},
		{"R-TOKEN-01 then the token", without(func(f *Facts) { f.Replied, f.Referenced = nil, nil }), on, "token", offline.CauseToken},
		{"R-TOKEN-01 then the conversation index", Facts{ByThread: one("thread"), BySubject: one("smart")}, on, "thread", offline.CauseThread},
		{"R-TOKEN-01 smart matching last", Facts{BySubject: one("smart")}, on, "smart", offline.CauseSmart},
		{"R-TOKEN-03 smart matching is off unless the organization has it on", Facts{BySubject: one("smart")}, Settings{Filter: Replies}, "", ""},
		{"R-TOKEN-22 headers count only where the organization correlates by them", all, Settings{Filter: Replies, NoHeaders: true, Smart: Smart{On: true}}, "token", offline.CauseToken},
		{"R-TOKEN-22 nor does the conversation index", Facts{ByThread: one("thread")}, Settings{Filter: Replies, NoHeaders: true}, "", ""},
		{"of a conversation the latest earlier email is taken", Facts{ByThread: []Parent{parentOf("a", earlier), parentOf("b", earlier.Add(time.Minute)), parentOf("later", day.Add(time.Minute))}}, on, "b", offline.CauseThread},
		{"what began the conversation does not answer what came later", Facts{ByThread: []Parent{parentOf("later", day.Add(time.Minute))}}, on, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Decide(&offline.Message{Date: day}, c.facts, c.set)
			if d.Correlated.ID != c.want || d.Track != (c.want != "") || d.Track && d.Cause != c.cause {
				t.Errorf("got %+v", d)
			}
			if named := c.cause == offline.CauseToken || c.cause == offline.CauseThread || c.cause == offline.CauseSmart; named != (d.By != "") {
				t.Errorf("by %q", d.By)
			}
		})
	}
}

func TestTheLatestOfSeveralEmailsWithOneTokenIsTaken(t *testing.T) {
	// R-TOKEN-12
	f := Facts{ByToken: []Parent{
		{Record: offline.Ref{ID: "a"}, Date: day},
		{Record: offline.Ref{ID: "b"}, Date: day.Add(time.Hour)},
		{Record: offline.Ref{ID: "c"}, Date: day.Add(-time.Hour)},
	}}
	for at, want := range map[time.Duration]string{2 * time.Hour: "b", time.Minute: "a", -2 * time.Hour: "c"} {
		if p, _, _ := Correlate(&offline.Message{Date: day.Add(at)}, f, Settings{}); p.Record.ID != want {
			t.Errorf("at %v took %s, want %s", at, p.Record.ID, want)
		}
	}
}

func TestMoreIsAskedForOnlyWhereItCouldChangeWhatBecomesOfAMessage(t *testing.T) {
	known := Facts{Sender: []offline.Record{record(offline.KindContact, "c", 1)}}
	answered := Facts{ByToken: []Parent{parentOf("p", day)}}
	never := NewNeverList([]offline.Never{{Domain: "x"}})
	m := offline.Message{From: []offline.Address{{Addr: "a@x"}}, Date: day, Received: day}
	for _, c := range []struct {
		name  string
		facts Facts
		set   Settings
		want  bool
	}{
		{"an unanswered message under replies", Facts{}, Settings{Filter: Replies}, true},
		{"what is answered already", answered, Settings{Filter: Replies}, false},
		{"nothing is tracked by itself", Facts{}, Settings{Filter: None}, false},
		{"whom the filter takes", known, Settings{Filter: People}, true},
		{"whom the filter leaves", Facts{}, Settings{Filter: People}, false},
		{"what is on the never-track list", Facts{}, Settings{Filter: All, Never: never}, false},
		{"the mail is moved by somebody else", Facts{}, Settings{Filter: All, Elsewhere: true}, false},
		{"what is too old", Facts{}, Settings{Filter: All, Since: day.Add(time.Hour)}, false},
		{"what is in the CRM", Facts{Existing: []offline.Record{email("x", offline.Ref{}, false)}}, Settings{Filter: All}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Open(&m, c.facts, c.set); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Law: which email a message is found to answer does not depend on the order in
// which the candidates came.
func TestCorrelationDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ps []Parent
		for i := range rapid.IntRange(0, 5).Draw(t, "n") {
			ps = append(ps, parentOf(fmt.Sprint(i), day.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "at"))*time.Hour)))
		}
		mixed := rapid.Permutation(ps).Draw(t, "mixed")
		m, s := &offline.Message{Date: day}, Settings{Smart: Smart{On: true}}
		for name, f := range map[string]func([]Parent) Facts{
			"token":  func(ps []Parent) Facts { return Facts{ByToken: ps} },
			"thread": func(ps []Parent) Facts { return Facts{ByThread: ps} },
			"smart":  func(ps []Parent) Facts { return Facts{BySubject: ps} },
		} {
			a, _, _ := Correlate(m, f(ps), s)
			b, _, _ := Correlate(m, f(mixed), s)
			if a != b {
				t.Fatalf("by %s: %v or %v", name, a, b)
			}
		}
	})
}
