package track

import (
	"fmt"
	"testing"
	"time"

	"postrider/offline"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func record(k offline.Kind, id string, age int) offline.Record {
	return offline.Record{Ref: offline.Ref{Kind: k, ID: id}, Active: true, Created: day.AddDate(0, 0, -age)}
}

func email(id string, regarding offline.Ref, out bool) offline.Record {
	r := record(offline.KindEmail, id, 1)
	r.Email = &offline.Email{Regarding: regarding, Outgoing: out}
	return r
}

func TestTheFilterAcceptsAndCorrelationGivesTheRegarding(t *testing.T) {
	offer := offline.Ref{Kind: offline.KindOpportunity, ID: "offer"}
	other := offline.Ref{Kind: offline.KindCase, ID: "other"}
	parent := Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: "p"}, Regarding: offer}
	older := Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: "o"}, Regarding: other}
	contact, user, queue := record(offline.KindContact, "c", 1), record(offline.KindUser, "u", 1), record(offline.KindQueue, "q", 1)
	asleep := contact
	asleep.Active = false
	for _, c := range []struct {
		rule, name string
		filter     Filter
		msg        offline.Message
		facts      Facts
		want       Decision
	}{
		{"R-EMAIL-03", "all takes a stranger's message", All, offline.Message{}, Facts{}, Decision{Track: true, Cause: "filter:all"}},
		{"R-EMAIL-03", "all takes what the user sent", All, offline.Message{Outgoing: true}, Facts{}, Decision{Track: true, Cause: "filter:all"}},
		{"R-EMAIL-04", "replies leaves a message that answers nothing", Replies, offline.Message{}, Facts{Sender: []offline.Record{contact}}, Decision{}},
		{"R-EMAIL-04", "replies takes an answer by In-Reply-To", Replies, offline.Message{}, Facts{Replied: []Parent{parent}}, Decision{Track: true, Cause: offline.CauseReply, Regarding: offer, Correlated: parent.Record}},
		{"R-EMAIL-04", "replies takes an answer by References", Replies, offline.Message{}, Facts{Referenced: []Parent{parent}}, Decision{Track: true, Cause: offline.CauseReply, Regarding: offer, Correlated: parent.Record}},
		{"R-TOKEN-01", "In-Reply-To goes before References and token", Replies, offline.Message{}, Facts{Replied: []Parent{parent}, Referenced: []Parent{older}, ByToken: []Parent{older}}, Decision{Track: true, Cause: offline.CauseReply, Regarding: offer, Correlated: parent.Record}},
		{"R-TOKEN-02", "an answer by token inherits the regarding", Replies, offline.Message{}, Facts{ByToken: []Parent{parent}}, Decision{Track: true, Cause: offline.CauseToken, Regarding: offer, Correlated: parent.Record}},
		{"R-EMAIL-05", "people takes a contact's message", People, offline.Message{}, Facts{Sender: []offline.Record{contact}}, Decision{Track: true, Cause: "filter:people"}},
		{"R-EMAIL-05", "people leaves a user's message", People, offline.Message{}, Facts{Sender: []offline.Record{user}}, Decision{}},
		{"R-EMAIL-05", "people leaves the message of a contact who is inactive", People, offline.Message{}, Facts{Sender: []offline.Record{asleep}}, Decision{}},
		{"R-EMAIL-02", "people leaves an unknown sender, also when it is an answer", People, offline.Message{}, Facts{Replied: []Parent{parent}}, Decision{}},
		{"R-EMAIL-02", "people accepts, then correlation gives the regarding", People, offline.Message{}, Facts{Sender: []offline.Record{contact}, Replied: []Parent{parent}}, Decision{Track: true, Cause: offline.CauseReply, Regarding: offer, Correlated: parent.Record}},
		{"R-EMAIL-06", "records takes a queue's message", Records, offline.Message{}, Facts{Sender: []offline.Record{queue}}, Decision{Track: true, Cause: "filter:records"}},
		{"R-EMAIL-07", "none takes nothing", None, offline.Message{}, Facts{Sender: []offline.Record{contact}, Replied: []Parent{parent}}, Decision{}},
		{"R-EMAIL-30", "what a colleague tracked is linked under every filter", None, offline.Message{}, Facts{Existing: []offline.Record{email("x", offer, false)}}, Decision{Track: true, Cause: offline.CauseColleague, Existing: offline.Ref{Kind: offline.KindEmail, ID: "x"}, Regarding: offer}},
	} {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			if got := Decide(&c.msg, c.facts, Settings{Filter: c.filter, Sent: true}); got != c.want {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestAMessageFromBeforeTheChosenDateIsLeftAlone(t *testing.T) {
	s := Settings{Filter: All, Since: day}
	before := offline.Message{Date: day.Add(-time.Hour), Received: day.Add(-time.Hour)}
	if Decide(&before, Facts{}, s).Track {
		t.Error("a message from before the date was tracked")
	}
	if !Decide(&offline.Message{Date: day, Received: day}, Facts{}, s).Track {
		t.Error("a message of the date itself was left")
	}
	if d := ByHand(&before, Facts{}, s, offline.Ref{}); !d.Track {
		t.Error("by hand the date does not matter (R-EMAIL-08)")
	}
}

func TestSentMailIsLeftWhereTheUserSaysSo(t *testing.T) {
	if Decide(&offline.Message{Outgoing: true}, Facts{}, Settings{Filter: All}).Track {
		t.Error("a sent message was tracked although sent mail is off")
	}
}

func TestTwoUsersMayHaveOneActivityEach(t *testing.T) {
	// R-EMAIL-22
	theirs := Facts{Existing: []offline.Record{email("out", offline.Ref{}, true)}}
	incoming := &offline.Message{}
	if d := Decide(incoming, theirs, Settings{Filter: All, TwoActivities: true}); !d.Existing.IsZero() || !d.Track {
		t.Errorf("with two activities the recipient's own is made, got %+v", d)
	}
	if d := Decide(incoming, theirs, Settings{Filter: All}); d.Existing.ID != "out" {
		t.Errorf("with one activity the sender's is linked, got %+v", d)
	}
}

func TestTrackingByHandIgnoresTheFilterAndKeepsTheChosenRegarding(t *testing.T) {
	// R-EMAIL-08, R-TRACK-03
	offer := offline.Ref{Kind: offline.KindOpportunity, ID: "offer"}
	chosen := offline.Ref{Kind: offline.KindAccount, ID: "acme"}
	f := Facts{Replied: []Parent{{Record: offline.Ref{Kind: offline.KindEmail, ID: "p"}, Regarding: offer}}}
	if d := ByHand(&offline.Message{}, f, Settings{Filter: None}, chosen); d.Regarding != chosen || d.Correlated.ID != "p" {
		t.Errorf("got %+v", d)
	}
	if d := ByHand(&offline.Message{}, f, Settings{Filter: None}, offline.Ref{}); d.Regarding != offer {
		t.Errorf("without a choice the regarding is inherited, got %+v", d)
	}
}

func TestTheLatestOfSeveralEmailsWithOneTokenIsTaken(t *testing.T) {
	// R-TOKEN-12
	f := Facts{ByToken: []Parent{
		{Record: offline.Ref{ID: "a"}, Changed: day},
		{Record: offline.Ref{ID: "b"}, Changed: day.Add(time.Hour)},
		{Record: offline.Ref{ID: "c"}, Changed: day.Add(-time.Hour)},
	}}
	if p, _, _ := Correlate(f); p.Record.ID != "b" {
		t.Errorf("took %s", p.Record.ID)
	}
}

func TestTokensAreFound(t *testing.T) {
	tokens := NewTokens([]string{"CRM:", "Old-"}, 0)
	for subject, want := range map[string]string{
		"Offer CRM:0001001":                  "CRM:0001001", // R-TOKEN-05
		"RE: Offer crm:0001001":              "CRM:0001001",
		"CRM:0001001":                        "CRM:0001001",
		"Re: x CRM:0001001 and CRM:0002002":  "CRM:0002002",
		"Offer CRM:000100":                   "", // too short
		"Offer CRM:00010011":                 "", // too long
		"Offer XCRM:0001001":                 "",
		"Offer old-0009009":                  "Old-0009009", // R-TOKEN-15
		"Offer (CRM:0001001)":                "CRM:0001001",
		"Angebot\u00a0CRM:0001001\u200b":     "CRM:0001001",
		"no token here 1234567":              "",
		"CRM:0001001 CRM:0001001CRM:0003003": "CRM:0003003",
	} {
		if got := tokens.Find(subject); got != want {
			t.Errorf("Find(%q) = %q, want %q", subject, got, want)
		}
	}
	if got := NewTokens(nil, 7).Find("CRM:0001001"); got != "" {
		t.Errorf("tokens are off (R-TOKEN-03), yet found %q", got)
	}
	if got := NewTokens([]string{"T"}, 5).Find("x T12345"); got != "T12345" {
		t.Errorf("five digits: found %q", got)
	}
}

func TestTheSenderIsTheFirstActiveRecordInTheOrderOfKinds(t *testing.T) {
	// R-EMAIL-13
	lead, account := record(offline.KindLead, "l", 9), record(offline.KindAccount, "a", 9)
	young, old := record(offline.KindContact, "c1", 1), record(offline.KindContact, "c2", 5)
	user := record(offline.KindUser, "u", 0)
	gone := user
	gone.Active = false
	for i, c := range []struct {
		holders []offline.Record
		want    string
	}{
		{nil, ""},
		{[]offline.Record{lead, account}, "a"},
		{[]offline.Record{lead, young, account, old}, "c2"},
		{[]offline.Record{old, user}, "u"},
		{[]offline.Record{gone, lead}, "l"},
		{[]offline.Record{record(offline.KindOpportunity, "o", 1)}, ""},
	} {
		if got := Sender(c.holders).ID; got != c.want {
			t.Errorf("case %d: got %q, want %q", i, got, c.want)
		}
	}
}

func TestRecipientsAreAllHoldersUnlessTheOrganizationLeavesThemOpen(t *testing.T) {
	two := []offline.Record{record(offline.KindLead, "l", 1), record(offline.KindContact, "c", 1)}
	if got := Recipients(two, false); len(got) != 2 || got[0].ID != "c" { // R-EMAIL-14
		t.Errorf("got %v", got)
	}
	if got := Recipients(two, true); got != nil { // R-EMAIL-16
		t.Errorf("got %v", got)
	}
	if got := Recipients(two[:1], true); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestPartiesNameEachAddressOncePerRole(t *testing.T) {
	a := func(s string) offline.Address { return offline.Address{Addr: s} }
	m := &offline.Message{From: []offline.Address{{Name: "nobody"}, a("Jana@X.example")}, To: []offline.Address{a("b@x"), a("B@X"), a("")}, Cc: []offline.Address{a("b@x")}, Bcc: []offline.Address{a("d@x")}}
	jana := record(offline.KindContact, "jana", 1)
	ps, err := Parties(m, false, func(addr string) ([]offline.Record, error) {
		if addr == "jana@x.example" {
			return []offline.Record{jana}, nil
		}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range ps {
		got += fmt.Sprintf("%s=%s/%d ", p.Role, p.Address.Addr, len(p.Records))
	}
	if want := "sender=Jana@X.example/1 to=b@x/0 cc=b@x/0 bcc=d@x/0 "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Law: who an address is resolved to does not depend on the order in which the
// records came.
func TestResolutionDoesNotDependOnOrder(t *testing.T) {
	kinds := []offline.Kind{offline.KindUser, offline.KindContact, offline.KindAccount, offline.KindLead, offline.KindQueue, offline.KindCase}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		var rs []offline.Record
		for i := range n {
			r := record(rapid.SampledFrom(kinds).Draw(t, "kind"), fmt.Sprint(i), rapid.IntRange(0, 2).Draw(t, "age"))
			r.Active = rapid.Bool().Draw(t, "active")
			rs = append(rs, r)
		}
		mixed := rapid.Permutation(rs).Draw(t, "mixed")
		if a, b := Sender(rs), Sender(mixed); a != b {
			t.Fatalf("sender %v or %v", a, b)
		}
		if a, b := fmt.Sprint(Recipients(rs, false)), fmt.Sprint(Recipients(mixed, false)); a != b {
			t.Fatalf("recipients %v or %v", a, b)
		}
	})
}

func TestFilterNamesAreRead(t *testing.T) {
	for _, f := range Filters {
		if got, err := ParseFilter(" " + string(f) + " "); err != nil || got != f {
			t.Errorf("%s: %v %v", f, got, err)
		}
	}
	if _, err := ParseFilter("some"); err == nil {
		t.Error("an unknown filter was taken")
	}
}

func FuzzToken(f *testing.F) {
	f.Add("Re: Offer CRM:0001001")
	f.Add("CRM:CRM:0001001\xff")
	tokens := NewTokens([]string{"CRM:"}, 7)
	f.Fuzz(func(t *testing.T, subject string) {
		if got := tokens.Find(subject); got != "" && len(got) != len("CRM:0001001") {
			t.Errorf("found %q", got)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	m := &offline.Message{Subject: "Re: Offer for the Brno line CRM:0001001"}
	s := Settings{Filter: Replies, Sent: true, Tokens: NewTokens([]string{"CRM:"}, 7)}
	f := Facts{Sender: []offline.Record{record(offline.KindContact, "c", 1)}, Referenced: []Parent{{}}}
	for b.Loop() {
		s.Tokens.Find(m.Subject)
		Decide(m, f, s)
	}
}
