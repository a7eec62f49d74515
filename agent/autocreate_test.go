package agent

import (
	"context"
	"strings"
	"testing"

	"postrider/agent/track"
	"postrider/offline"
)

func strangerWorld(t *testing.T, f track.Filter, kind offline.Kind) *world {
	t.Helper()
	w := newWorld(t, f)
	w.crm.chosen.AutoCreate = kind
	return w
}

func TestATrackedMessageOfAStrangerMakesARecordFirst(t *testing.T) {
	// R-EMAIL-10
	for _, kind := range []offline.Kind{offline.KindContact, offline.KindLead} {
		t.Run(string(kind), func(t *testing.T) {
			w := strangerWorld(t, track.All, kind)
			w.box.add("INBOX", w.mail("<1@x>", "From: Petr Dvorak <Petr@New.example>"))
			w.box.add("INBOX", w.mail("<2@x>", "From: petr@new.example", "In-Reply-To: <1@x>"))
			w.box.add("INBOX", w.mail("<3@x>", "From: jana@acme.example"))
			w.sync()
			if got := w.crm.strangers(); got != string(kind)+":Petr Dvorak:Petr@New.example" {
				t.Fatalf("made %s", got)
			}
			for _, id := range []string{"<1@x>", "<2@x>"} {
				m := w.message(id)
				e := w.crm.emails[m.Track.Record.ID]
				if m.Track.State != offline.Tracked || len(e.Parties) == 0 || len(e.Parties[0].Records) != 1 || e.Parties[0].Records[0].Kind != kind {
					t.Errorf("%s: %+v, sender %v", id, m.Track, e.Parties)
				}
			}
			w.restart()
			if r := w.sync(); r.Requests.CRMWrites != 0 {
				t.Error("another sync wrote again")
			}
		})
	}
}

func TestTwoUsersMakeOneRecordForAStranger(t *testing.T) {
	a, b := strangerWorld(t, track.All, offline.KindContact), strangerWorld(t, track.All, offline.KindContact)
	a.crm.chosen.AutoCreate = offline.KindContact
	b.crm = a.crm
	b.restart()
	a.box.add("INBOX", a.mail("<1@x>", "From: Petr <petr@new.example>"))
	b.box.add("INBOX", b.mail("<2@x>", "From: Petr <petr@new.example>"))
	// B decides before A has written, and writes after.
	a.crm.fail = func(op string) error {
		if op == "push" {
			return errCut
		}
		return nil
	}
	if _, err := b.agent.SyncOnce(context.Background()); err == nil {
		t.Fatal("the push should have failed")
	}
	a.crm.fail = func(string) error { return nil }
	a.sync()
	b.sync()
	if got := a.crm.strangers(); got != "contact:Petr:petr@new.example" {
		t.Errorf("made %s", got)
	}
}

func TestARefusedRecordOfAStrangerDoesNotKeepTheEmailBack(t *testing.T) {
	w := strangerWorld(t, track.All, offline.KindContact)
	w.sync()
	id := w.agent.personID(offline.KindContact, "petr@new.example")
	w.crm.refuse[id] = &offline.Fault{Class: offline.FaultDenied, Op: "create", Text: "you may not"}
	w.box.add("INBOX", w.mail("<1@x>", "From: Petr <petr@new.example>"))
	w.sync()
	if m := w.message("<1@x>"); m.Track.State != offline.Tracked {
		t.Errorf("got %+v", m.Track)
	}
	said := false
	if err := w.store.View(func(tx *offline.Tx) error {
		log, err := tx.Activities(0)
		for _, l := range log {
			said = said || strings.Contains(l.Text, "petr@new.example could not be added as a contact")
		}
		return err
	}); err != nil || !said {
		t.Errorf("nothing was said of it: %v", err)
	}
	t.Run("nor one that the server fails on again and again", func(t *testing.T) {
		w.crm.refuse[w.agent.personID(offline.KindContact, "ema@new.example")] = &offline.Fault{Class: offline.FaultServer, Op: "create", Text: "plug-in failed"}
		w.box.add("INBOX", w.mail("<2@x>", "From: Ema <ema@new.example>"))
		w.sync()
		if m := w.message("<2@x>"); m.Track.State != offline.Waiting || m.Track.Reason == "" {
			t.Errorf("at first it waits: %+v", m.Track)
		}
		for range freshTries {
			w.now = w.now.Add(24 * 60 * 60 * 1e9)
			w.sync()
		}
		if m := w.message("<2@x>"); m.Track.State != offline.Tracked {
			t.Errorf("at last it goes: %+v", m.Track)
		}
	})
}

func TestNobodyIsMadeOfWhoIsNobody(t *testing.T) {
	w := strangerWorld(t, track.All, offline.KindContact)
	w.box.add("INBOX", w.mail("<list@x>", "From: Ema <ema@new.example>", "List-Id: <news.new.example>"))
	w.box.add("INBOX", w.mail("<auto@x>", "From: Ema <ema@new.example>", "Auto-Submitted: auto-replied"))
	w.box.add("INBOX", w.mail("<bounce@x>", "From: <mailer-daemon@new.example>", "Content-Type: multipart/report; boundary=b"))
	w.box.add("INBOX", w.mail("<noreply@x>", "From: Shop <no-reply@shop.example>"))
	w.box.add("Sent", w.mail("<sent@x>", "From: ann@alder.example", "To: Stranger <stranger@new.example>"))
	w.sync()
	if got := w.crm.strangers(); got != "" {
		t.Errorf("made %s", got)
	}
	t.Run("nor without the right to make it", func(t *testing.T) {
		w.agent.user.Options.Creates = []offline.Kind{offline.KindLead}
		w.box.add("INBOX", w.mail("<1@x>", "From: Ema <ema@new.example>"))
		w.sync()
		if got := w.crm.strangers(); got != "" {
			t.Errorf("made %s", got)
		}
	})
	t.Run("nor where a kind of people can't be read", func(t *testing.T) {
		w.agent.user.Options.Creates = nil
		if err := w.store.Update(func(tx *offline.Tx) error {
			return tx.PutCRMCursor(offline.CRMCursor{Kind: offline.KindLead, Denied: true})
		}); err != nil {
			t.Fatal(err)
		}
		m := w.message("<list@x>")
		m.ListID, m.Automatic = "", false
		if err := w.store.Update(func(tx *offline.Tx) error {
			r, err := w.agent.createSender(tx, &m)
			if !r.IsZero() {
				t.Errorf("made %v", r)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("but of a message that was tracked by hand", func(t *testing.T) {
		w := strangerWorld(t, track.None, offline.KindContact)
		w.box.add("INBOX", w.mail("<1@x>", "From: Ema <ema@new.example>"))
		w.sync()
		if _, err := w.agent.Track(w.key("<1@x>"), offer); err != nil {
			t.Fatal(err)
		}
		w.sync()
		if got := w.crm.strangers(); got != "contact:Ema:ema@new.example" {
			t.Errorf("made %s", got)
		}
	})
}

func TestARecordThatSomebodyMadeMeanwhileIsNotMadeAgain(t *testing.T) {
	w := strangerWorld(t, track.All, offline.KindContact)
	w.crm.fail = func(op string) error {
		if op == "push" {
			return errCut
		}
		return nil
	}
	w.box.add("INBOX", w.mail("<1@x>", "From: Ema <ema@new.example>"))
	w.now = w.now.Add(60 * 1e9)
	if _, err := w.agent.SyncOnce(context.Background()); err == nil {
		t.Fatal("the push should have failed")
	}
	w.crm.fail = func(string) error { return nil }
	theirs := offline.Ref{Kind: offline.KindLead, ID: "theirs"}
	w.crm.put(offline.Record{Ref: theirs, Name: "Ema N", Addrs: []string{"ema@new.example"}, Active: true})
	w.sync()
	if got := w.crm.strangers(); got != "lead:Ema N:ema@new.example" {
		t.Errorf("there are %s", got)
	}
	if e := w.crm.emails[w.message("<1@x>").Track.Record.ID]; len(e.Parties) == 0 || len(e.Parties[0].Records) != 1 || e.Parties[0].Records[0] != theirs {
		t.Errorf("its sender is %v", e.Parties)
	}
}

func TestThePickOfTheUserResolvesAnAddress(t *testing.T) {
	// R-EMAIL-16, R-EMAIL-17
	w := newWorld(t, track.All)
	w.crm.chosen.UnresolveMany = true
	twin := offline.Ref{Kind: offline.KindLead, ID: "twin"}
	w.crm.put(offline.Record{Ref: twin, Name: "Jana", Addrs: []string{"jana@acme.example"}, Active: true})
	w.box.add("Sent", w.mail("<1@x>", "From: ann@alder.example", "To: jana@acme.example"))
	w.sync()
	if e := w.crm.emails[w.message("<1@x>").Track.Record.ID]; len(e.Parties[1].Records) != 0 {
		t.Errorf("an ambiguous recipient is %v", e.Parties)
	}
	if err := w.store.Update(func(tx *offline.Tx) error {
		return tx.PutSetting(offline.SettingPicks, offline.Picks{"jana@acme.example": twin})
	}); err != nil {
		t.Fatal(err)
	}
	w.box.add("Sent", w.mail("<2@x>", "From: ann@alder.example", "To: Jana <JANA@acme.example>"))
	w.box.add("INBOX", w.mail("<3@x>"))
	w.sync()
	for id, i := range map[string]int{"<2@x>": 1, "<3@x>": 0} {
		if e := w.crm.emails[w.message(id).Track.Record.ID]; len(e.Parties[i].Records) != 1 || e.Parties[i].Records[0] != twin {
			t.Errorf("%s: %v", id, e.Parties)
		}
	}
}
