package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

func TestUntrackKeepsOrDeletesTheRecord(t *testing.T) {
	// R-UNTRACK-01
	for _, del := range []bool{false, true} {
		w := newWorld(t, track.All)
		w.box.add("INBOX", w.mail("<1@x>"))
		w.sync()
		if _, err := w.agent.Untrack(w.key("<1@x>"), del); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(UndoFor)
		w.sync()
		want := "<1@x>"
		if del {
			want = ""
		}
		if got := w.identities(); got != want {
			t.Errorf("delete=%v: emails %q", del, got)
		}
		w.sync()
		if m := w.message("<1@x>"); m.Track.State != offline.Untracked || !m.Track.Declined {
			t.Errorf("delete=%v: tracked again: %+v", del, m.Track)
		}
	}
}

func TestUndoOfUntrackBringsTheLinkBack(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	undo, err := w.agent.Untrack(w.key("<1@x>"), true)
	if err != nil {
		t.Fatal(err)
	}
	w.sync() // a minute later
	if w.identities() != "" {
		t.Fatal("the time for undo is over, the record should be gone")
	}
	if err := undo(); err == nil {
		t.Error("undo after the deletion was carried over did not say so")
	}

	w.box.add("INBOX", w.mail("<2@x>"))
	w.sync()
	before := w.message("<2@x>").Track
	if undo, err = w.agent.Untrack(w.key("<2@x>"), true); err != nil {
		t.Fatal(err)
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.message("<2@x>").Track; got != before {
		t.Errorf("got  %+v\nwant %+v", got, before)
	}
	if w.identities() != "<2@x>" {
		t.Errorf("emails %s", w.identities())
	}
}

func TestUndoOfTrackTakesItBack(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	undo, err := w.agent.Track(w.key("<1@x>"), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if w.identities() != "" || w.message("<1@x>").Track.State != offline.Untracked {
		t.Errorf("before it was carried over: %s %+v", w.identities(), w.message("<1@x>").Track)
	}
	if undo, err = w.agent.Track(w.key("<1@x>"), offer); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if w.identities() != "<1@x>" {
		t.Fatal("not tracked")
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if w.identities() != "" || w.message("<1@x>").Track.State != offline.Untracked {
		t.Errorf("after it was carried over: %s %+v", w.identities(), w.message("<1@x>").Track)
	}
}

// R-REGARDING-08.
func TestSetRegardingTracksAndChangesWhatIsTracked(t *testing.T) {
	// R-TRACK-03, R-EMAIL-19
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	regard := func(to offline.Ref) {
		t.Helper()
		if _, err := w.agent.SetRegarding(w.key("<1@x>"), to); err != nil {
			t.Fatal(err)
		}
	}
	regard(offer)
	regard(acme) // before it was carried over
	w.sync()
	if got := w.emails(); !strings.Contains(got, "about "+acme.String()) {
		t.Errorf("emails %s", got)
	}
	regard(offer)
	if s := w.message("<1@x>").Track.State; s != offline.Waiting {
		t.Errorf("while it waits it is %s", s)
	}
	w.sync()
	if got := w.emails(); !strings.Contains(got, "about "+offer.String()) {
		t.Errorf("emails %s", got)
	}
	regard(offline.Ref{})
	w.sync()
	if m := w.message("<1@x>"); m.Track.State != offline.Tracked || !m.Track.Regarding.IsZero() {
		t.Errorf("got %+v", m.Track)
	}
}

// R-TRACK-09.
func TestARegardingChangedOnBothSidesEndsAsTheUserSaid(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	ref := w.message("<1@x>").Track.Record
	if _, err := w.agent.SetRegarding(w.key("<1@x>"), offer); err != nil {
		t.Fatal(err)
	}
	r := w.crm.records[ref]
	r.Email = &offline.Email{Identity: "<1@x>", Closed: true, Regarding: acme}
	w.crm.put(r) // the ETag we hold is stale now
	w.sync()
	w.sync()
	if got := w.crm.records[ref].Email.Regarding; got != offer {
		t.Errorf("about %v", got)
	}
	if m := w.message("<1@x>"); m.Track.State != offline.Tracked || m.Track.Regarding != offer {
		t.Errorf("got %+v", m.Track)
	}
}

func TestUntrackingWhileTheCreateIsUnderWayDeletesTheRecord(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	if _, err := w.agent.Track(w.key("<1@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	w.crm.after = func(string) error {
		w.crm.after = func(string) error { return nil }
		_, err := w.agent.Untrack(w.key("<1@x>"), true)
		return err
	}
	w.sync()
	w.sync()
	if got := w.identities(); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

func TestSearchFindsHereFirstAndOffline(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindAccount, ID: "new"}, Name: "Acme Brno", Active: true})
	kinds := []offline.Kind{offline.KindAccount, offline.KindContact, offline.KindOpportunity}
	found, err := w.agent.Search(context.Background(), "acme", kinds)
	if err != nil || len(found) != 4 || found[0].Ref != acme { // by name, by Jana's address, the offer by its account, and the new one
		t.Errorf("found %v, %v", found, err)
	}
	w.crm.fail = func(string) error { return &offline.Fault{Class: offline.FaultNetwork} }
	found, err = w.agent.Search(context.Background(), "OFFER", kinds)
	if !offline.ClassOf(err).Transient() || len(found) != 1 || found[0].Ref != offer {
		t.Errorf("offline: found %v, %v", found, err)
	}
}

func TestRunSyncsWhenAskedAndStopsWhenPaused(t *testing.T) {
	w := newWorld(t, track.All)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.agent.Run(ctx) }()
	w.box.add("INBOX", w.mail("<1@x>"))
	r, failed, err := w.agent.Sync(ctx)
	if failed != nil || err != nil || r.Counts.Tracked != 1 {
		t.Errorf("%+v %v %v", r, failed, err)
	}
	w.agent.SetPaused(true)
	if p := w.agent.Status().Phase; p != Paused {
		t.Errorf("phase %s", p)
	}
	w.box.add("INBOX", w.mail("<2@x>"))
	brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	if _, _, err := w.agent.Sync(brief); err == nil {
		t.Error("synced although paused")
	}
	cancel()
	w.agent.SetPaused(false)
	if r, _, err = w.agent.Sync(ctx); err != nil || r.Counts.Tracked != 2 {
		t.Errorf("after the pause: %+v %v", r, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
