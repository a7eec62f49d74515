package track

import (
	"testing"
	"time"

	"postrider/offline"
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

// R-TRACK-02.
func TestTheFilterAcceptsAndCorrelationGivesTheRegarding(t *testing.T) {
	offer := offline.Ref{Kind: offline.KindOpportunity, ID: "offer"}
	other := offline.Ref{Kind: offline.KindCase, ID: "other"}
	parent := Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: "p"}, Regarding: offer}
	older := Parent{Record: offline.Ref{Kind: offline.KindEmail, ID: "o"}, Regarding: other}
	contact, user, queue := record(offline.KindContact, "c", 1), record(offline.KindUser, "u", 1), record(offline.KindQueue, "q", 1)
	contact.Name, queue.Name = "Jana", "Sales"
	ours, deal := record("new_site", "s", 1), record(offline.KindOpportunity, "o", 1)
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
		{"R-EMAIL-05", "people takes a contact's message", People, offline.Message{}, Facts{Sender: []offline.Record{contact}}, Decision{Track: true, Cause: "filter:people", By: "Jana"}},
		{"R-EMAIL-05", "people leaves a user's message", People, offline.Message{}, Facts{Sender: []offline.Record{user}}, Decision{}},
		{"R-EMAIL-05", "people leaves the message of a contact who is inactive", People, offline.Message{}, Facts{Sender: []offline.Record{asleep}}, Decision{}},
		{"R-EMAIL-02", "people leaves an unknown sender, also when it is an answer", People, offline.Message{}, Facts{Replied: []Parent{parent}}, Decision{}},
		{"R-EMAIL-02", "people accepts, then correlation gives the regarding", People, offline.Message{}, Facts{Sender: []offline.Record{contact}, Replied: []Parent{parent}}, Decision{Track: true, Cause: offline.CauseReply, Regarding: offer, Correlated: parent.Record}},
		{"R-EMAIL-06", "records takes a queue's message", Records, offline.Message{}, Facts{Sender: []offline.Record{queue}}, Decision{Track: true, Cause: "filter:records", By: "Sales"}},
		{"R-EMAIL-06", "records takes the message of a record of the organization's own kind", Records, offline.Message{}, Facts{Sender: []offline.Record{ours}}, Decision{Track: true, Cause: "filter:records"}},
		{"R-EMAIL-06", "records leaves what comes from nobody, though an opportunity holds the address", Records, offline.Message{}, Facts{Sender: []offline.Record{deal}}, Decision{}},
		{"R-EMAIL-05", "people leaves the message of a record of the organization's own kind", People, offline.Message{}, Facts{Sender: []offline.Record{ours}}, Decision{}},
		{"R-EMAIL-07", "none takes nothing", None, offline.Message{}, Facts{Sender: []offline.Record{contact}, Replied: []Parent{parent}}, Decision{}},
		{"R-EMAIL-30", "what a colleague tracked is linked under every filter", None, offline.Message{}, Facts{Existing: []offline.Record{email("x", offer, false)}}, Decision{Track: true, Cause: offline.CauseColleague, Existing: offline.Ref{Kind: offline.KindEmail, ID: "x"}, Regarding: offer}},
	} {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			got := Decide(&c.msg, c.facts, Settings{Filter: c.filter, Sent: true})
			if !c.want.Track { // left alone: by the filter, and saying why
				if got.Reason == "" {
					t.Error("left alone without a reason")
				}
				c.want.Cause, got.Reason = FilterCause(c.filter), ""
			}
			if got != c.want {
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

func TestNoRuleTracksWhereTheCRMHasSomebodyElseMoveTheMail(t *testing.T) {
	// R-EMAIL-09
	for _, f := range Filters {
		s := Settings{Filter: f, Elsewhere: true}
		if d := Decide(&offline.Message{}, Facts{Replied: []Parent{{}}}, s); d.Track || d.Cause != offline.CauseElsewhere || d.Reason == "" {
			t.Errorf("under %s: %+v", f, d)
		}
		if d := Decide(&offline.Message{}, Facts{Existing: []offline.Record{email("x", offline.Ref{}, false)}}, s); d.Existing.ID != "x" {
			t.Errorf("under %s what is in the CRM is not linked: %+v", f, d)
		}
		if !ByHand(&offline.Message{}, Facts{}, s, offline.Ref{}).Track {
			t.Error("by hand it is tracked all the same (R-EMAIL-08)")
		}
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
