package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

func TestAFilterChosenHereHoldsAtOnceAndReachesTheCRM(t *testing.T) {
	// R-EMAIL-01, R-OPTIONS-09
	w := newWorld(t, "")
	if err := w.agent.SetFilter(track.All); err == nil {
		t.Error("chosen although it isn't known for whom")
	}
	w.sync()
	if f := w.agent.Filter(); f != track.Replies {
		t.Errorf("the default is %s", f)
	}
	if err := w.agent.SetFilter("some"); err == nil {
		t.Error("an unknown filter was taken")
	}
	w.crm.fail = func(op string) error {
		if op == "push" {
			return errCut
		}
		return nil
	}
	for _, f := range []track.Filter{track.People, track.All} {
		if err := w.agent.SetFilter(f); err != nil || w.agent.Filter() != f {
			t.Fatalf("%v; the filter is %s", err, w.agent.Filter())
		}
	}
	w.restart()
	if f := w.agent.Filter(); f != track.All {
		t.Errorf("after a restart the filter is %s", f)
	}
	w.box.add("INBOX", w.mail("<1@x>", "From: stranger@else.example"))
	w.now = w.now.Add(2 * time.Hour) // the CRM is asked again, and still says otherwise
	w.crm.chosen.Filter = "none"
	w.agent.SyncOnce(context.Background())
	if f := w.agent.Filter(); f != track.All {
		t.Errorf("what was not carried yet was overruled by %s", f)
	}
	w.crm.fail = func(string) error { return nil }
	w.sync()
	if w.crm.chosen.Filter != "all" || w.message("<1@x>").Track.State != offline.Tracked {
		t.Errorf("the CRM has %q; the message is %+v", w.crm.chosen.Filter, w.message("<1@x>").Track)
	}
	// Changed in the web client: their word is the newer one now.
	w.crm.chosen.Filter = "people"
	w.now = w.now.Add(2 * time.Hour)
	w.sync()
	if f := w.agent.Filter(); f != track.People {
		t.Errorf("the filter is %s", f)
	}
}

func TestTheConfigurationsFilterIsTheStrongerWord(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	if err := w.agent.SetFilter(track.All); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if filter, _ := w.agent.FixedByConfig(); !filter || w.agent.Filter() != track.None || w.crm.chosen.Filter != "all" {
		t.Errorf("fixed %v, the filter is %s, the CRM has %q", filter, w.agent.Filter(), w.crm.chosen.Filter)
	}
}

// R-OPTIONS-11.
func TestARefusedChoiceHoldsHereAndIsSaid(t *testing.T) {
	w := newWorld(t, "")
	w.sync()
	w.crm.refuse["me"] = &offline.Fault{Class: offline.FaultDenied, Op: "change your settings", Text: "you may not"}
	if err := w.agent.SetAutoCreate(offline.KindLead); err != nil {
		t.Fatal(err)
	}
	r := w.sync()
	if len(r.Problems) != 1 || r.Problems[0].Code != health.OptionsRefused.Code || !strings.Contains(r.Problems[0].Text, "may not") {
		t.Errorf("problems %v", r.Problems)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.sync()
	w.restart()
	if k := w.agent.AutoCreate(); k != offline.KindLead || len(w.agent.Status().Problems) != 1 {
		t.Errorf("made are %q; problems %v", k, w.agent.Status().Problems)
	}
	delete(w.crm.refuse, "me")
	if err := w.agent.SetAutoCreate(""); err != nil {
		t.Fatal(err)
	}
	if r := w.sync(); len(r.Problems) != 0 || w.agent.AutoCreate() != "" {
		t.Errorf("problems %v, made are %q", r.Problems, w.agent.AutoCreate())
	}
	if err := w.agent.SetAutoCreate(offline.KindCase); err == nil {
		t.Error("cases are made of senders")
	}
	w.agent.user.Options.Creates = []offline.Kind{offline.KindLead}
	if err := w.agent.SetAutoCreate(offline.KindContact); err == nil {
		t.Error("contacts are made without the right to")
	}
}

func TestRulesAreKeptAndHoldForWhatComes(t *testing.T) {
	w := newWorld(t, track.All)
	w.set.Own = []string{"ann@alder.example"}
	w.restart()
	w.sync()
	if r := w.agent.Rules(); !r.Sent {
		t.Error("sent mail is off at first, although the configuration's default is on (R-EMAIL-24)")
	}
	var sent offline.FolderID
	if err := w.store.View(func(tx *offline.Tx) error {
		fs, err := tx.Folders()
		for _, f := range fs {
			if f.Name == "Sent" {
				sent = f.ID
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	never := []offline.Never{{Address: " Spouse@Home.example"}, {Domain: "@bank.example"}, {Domain: "bank.example."}}
	if err := w.agent.SetRules(offline.Rules{Sent: false, Since: day, Never: never, Folders: []offline.FolderRule{{Folder: 99}}}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if r := w.agent.Rules(); len(r.Never) != 2 || r.Never[0].Address != "spouse@home.example" || len(r.Folders) != 0 || r.Sent || !r.Since.Equal(day) {
		t.Errorf("kept %+v", r)
	}
	w.box.add("INBOX", w.mail("<1@x>", "From: spouse@home.example"))
	w.box.add("INBOX", w.mail("<2@x>", "From: x@mail.bank.example"))
	w.box.add("INBOX", w.mail("<3@x>"))
	w.box.add("Sent", w.mail("<4@x>", "From: ann@alder.example", "To: jana@acme.example"))
	w.box.add("INBOX", w.mail("<5@x>")) // and in Sent, below
	w.sync()
	if got := w.identities(); got != "<3@x> <5@x>" {
		t.Errorf("tracked %s", got)
	}
	if m := w.message("<1@x>"); m.Track.Cause != offline.CauseNever || m.Track.By != "spouse@home.example" || m.Track.Reason == "" {
		t.Errorf("got %+v", m.Track)
	}
	if m := w.message("<4@x>"); m.Track.Cause != offline.CauseSentOff || m.Track.Reason == "" {
		t.Errorf("got %+v", m.Track)
	}
	// A folder, and the user's hand, which goes before the list.
	if err := w.agent.SetRules(offline.Rules{Sent: true, Never: []offline.Never{{Folder: sent}}}); err != nil {
		t.Fatal(err)
	}
	w.box.add("Sent", w.mail("<6@x>", "From: ann@alder.example", "To: jana@acme.example"))
	w.sync()
	if m := w.message("<6@x>"); m.Track.Cause != offline.CauseNever || m.Track.By != "Sent" {
		t.Errorf("got %+v", m.Track)
	}
	if _, err := w.agent.Track(w.key("<6@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if m := w.message("<6@x>"); m.Track.State != offline.Tracked {
		t.Errorf("by hand: %+v", m.Track)
	}
	for _, bad := range []offline.Never{{}, {Address: "nobody"}, {Address: "a@b", Domain: "b"}, {Domain: "a@b"}} {
		if err := w.agent.SetRules(offline.Rules{Never: []offline.Never{bad}}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestSentMailIsAsTheConfigurationSaysWhereItDoes(t *testing.T) {
	// R-EMAIL-24
	w := newWorld(t, track.All)
	w.set.SentFixed, w.set.Sent = true, false
	w.restart()
	w.sync()
	if err := w.agent.SetRules(offline.Rules{Sent: true}); err != nil {
		t.Fatal(err)
	}
	if _, fixed := w.agent.FixedByConfig(); !fixed || w.agent.Rules().Sent {
		t.Errorf("fixed %v, sent mail %v", fixed, w.agent.Rules().Sent)
	}
	w.box.add("Sent", w.mail("<1@x>", "From: ann@alder.example", "To: jana@acme.example"))
	w.sync()
	if got := w.identities(); got != "" {
		t.Errorf("tracked %s", got)
	}
}

func TestNoRuleTracksWhereTheCRMHasSomebodyElseMoveTheMail(t *testing.T) {
	// R-EMAIL-09, R-EMAIL-31, R-METHOD-02
	w := newWorld(t, track.All)
	w.crm.methods.Incoming = offline.MethodNone
	w.box.add("INBOX", w.mail("<1@x>"))
	w.box.add("INBOX", w.mail("<2@x>"))
	w.sync()
	if m := w.message("<1@x>"); m.Track.Cause != offline.CauseElsewhere || m.Track.Reason == "" {
		t.Errorf("got %+v", m.Track)
	}
	if _, err := w.agent.Track(w.key("<2@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.identities(); got != "<2@x>" {
		t.Errorf("tracked %s", got)
	}
}

func TestAForecastTellsWhatAFilterWouldHaveCaught(t *testing.T) {
	w := newWorld(t, track.None)
	w.crm.chosen.Smart = true
	w.seed("<root@x>", "CRM:0001001", offer)
	w.now = day.Add(time.Hour)
	w.box.add("INBOX", w.mail("<answer@x>", "In-Reply-To: <root@x>"))
	w.box.add("INBOX", w.mail("<next@x>", "In-Reply-To: <answer@x>", "From: stranger@else.example", threadHeader('a', 1)))
	w.box.add("INBOX", w.mail("<thread@x>", threadHeader('a', 2), "Subject: quite another"))
	w.box.add("INBOX", w.mail("<smart@x>", "Subject: Re: quite another"))
	w.box.add("INBOX", w.mail("<token@x>", "Subject: Re: it CRM:0001001", "From: stranger@else.example"))
	w.box.add("INBOX", w.mail("<jana@x>"))
	w.box.add("INBOX", w.mail("<bank@x>", "From: x@bank.example"))
	w.box.add("Sent", w.mail("<sent@x>", "From: ann@alder.example", "To: jana@acme.example", "In-Reply-To: <answer@x>"))
	w.box.add("INBOX", w.mail("<declined@x>", "In-Reply-To: <root@x>"))
	w.sync()
	old := strings.Replace(w.mail("<old@x>", "In-Reply-To: <root@x>"), "Date: ", "Date: Mon, 02 Feb 2026 09:00:00 +0000\r\nX-Date: ", 1)
	w.box.add("INBOX", old)
	w.sync()
	if _, err := w.agent.Track(w.key("<jana@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.agent.Untrack(w.key("<declined@x>"), false); err != nil {
		t.Fatal(err)
	}
	w.sync()
	before := w.emails()
	for _, c := range []struct {
		name   string
		filter track.Filter
		rules  offline.Rules
		days   int
		want   string
		by     string
	}{
		{"replies, chains of them included", track.Replies, offline.Rules{Sent: true}, 20, "<sent@x> <token@x> <smart@x> <thread@x> <next@x> <answer@x>", "map[reply:3 smart:1 thread:1 token:1]"},
		{"replies, without sent mail", track.Replies, offline.Rules{}, 20, "<token@x> <smart@x> <thread@x> <next@x> <answer@x>", "map[reply:2 smart:1 thread:1 token:1]"},
		{"more days", track.Replies, offline.Rules{}, 60, "<token@x> <smart@x> <thread@x> <next@x> <answer@x> <old@x>", "map[reply:3 smart:1 thread:1 token:1]"},
		{"from the rules' day on", track.Replies, offline.Rules{Since: day}, 60, "<token@x> <smart@x> <thread@x> <next@x> <answer@x>", "map[reply:2 smart:1 thread:1 token:1]"},
		{"people", track.People, offline.Rules{}, 20, "<jana@x> <smart@x> <thread@x> <answer@x>", "map[filter:people:2 reply:1 smart:1]"},
		{"all but the never-track list", track.All, offline.Rules{Never: []offline.Never{{Domain: "bank.example"}, {Domain: "acme.example"}}}, 20, "<token@x> <next@x>", "map[filter:all:1 token:1]"},
		{"none", track.None, offline.Rules{Sent: true}, 20, "", "map[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := w.agent.Forecast(context.Background(), c.filter, c.rules, c.days)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, x := range f.Caught {
				if err := w.store.View(func(tx *offline.Tx) error {
					m, err := tx.Message(x.Key)
					ids = append(ids, m.Identity)
					if x.New != (m.Track.State == offline.Untracked) || x.From.Addr == "" || x.Subject != m.Subject {
						t.Errorf("%+v", x)
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Join(ids, " "); got != c.want || f.Total != len(ids) || fmt.Sprint(f.By) != c.by {
				t.Errorf("caught %s\nwant   %s\n%d, %v", got, c.want, f.Total, f.By)
			}
		})
	}
	w.sync()
	if w.emails() != before {
		t.Error("a forecast changed something")
	}
	if _, err := w.agent.Forecast(context.Background(), "some", offline.Rules{}, 0); err == nil {
		t.Error("an unknown filter was taken")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := w.agent.Forecast(ctx, track.All, offline.Rules{}, 0); err == nil {
		t.Error("it can't be stopped")
	}
}
