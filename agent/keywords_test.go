package agent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"

	"pgregory.net/rapid"
)

func TestAKeywordOfAnotherMailProgramAsksForTracking(t *testing.T) {
	w := newFolderWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.box.add("INBOX", w.mail("<2@x>"))
	w.sync()
	w.box.flag("INBOX", 1, `\Seen`, "$crmtrack") // servers and programs spell it as they like
	w.sync()
	if got := w.about("<1@x>"); got != "tracked keyword" || w.identities() != "<1@x>" {
		t.Errorf("it is %s; emails %s", got, w.identities())
	}
	if got := fmt.Sprint(w.box.flags("INBOX", 1)); got != `[$CRMTracked \Seen]` {
		t.Errorf("its flags are %s", got)
	}
	if got := w.box.flags("INBOX", 2); len(got) != 0 {
		t.Errorf("the other's flags are %v", got)
	}
	w.sync()
	marks := w.box.marks
	for range 3 {
		w.sync()
	}
	if w.box.marks != marks || w.about("<1@x>") != "tracked keyword" {
		t.Errorf("%d writes more; it is %s", w.box.marks-marks, w.about("<1@x>"))
	}
}

func TestTakingTheKeywordAwayUntracksAndKeepsTheRecord(t *testing.T) {
	// R-UNTRACK-01, R-UNTRACK-06
	w := newFolderWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	w.sync()
	w.box.flag("INBOX", 1, `\Seen`)
	w.sync()
	m := w.message("<1@x>")
	if m.Track.State != offline.Untracked || m.Track.Cause != offline.CauseKeyword || !m.Track.Declined || m.Track.Reason == "" {
		t.Errorf("it is %+v", m.Track)
	}
	if w.identities() != "<1@x>" || len(m.Places) != 1 {
		t.Errorf("emails %s; it lies at %v", w.identities(), m.Places)
	}
	marks := w.box.marks
	w.sync()
	w.restart()
	w.sync()
	if got := w.box.flags("INBOX", 1); w.box.marks != marks || fmt.Sprint(got) != `[\Seen]` {
		t.Errorf("%d writes; its flags are %v", w.box.marks-marks, got)
	}
	// Asking for it again tracks it again.
	w.box.flag("INBOX", 1, `\Seen`, offline.KeywordTrack)
	w.sync()
	if got := w.message("<1@x>").Track.State; got != offline.Tracked || w.identities() != "<1@x>" {
		t.Errorf("asked for again it is %s; emails %s", got, w.identities())
	}
	if got := fmt.Sprint(w.box.flags("INBOX", 1)); got != `[$CRMTracked \Seen]` {
		t.Errorf("its flags are %s", got)
	}
}

func TestUntrackingHereTakesTheKeywordAway(t *testing.T) {
	w := newFolderWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	w.sync()
	undo, err := w.agent.Untrack(w.key("<1@x>"), false)
	if err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.box.flags("INBOX", 1); len(got) != 0 {
		t.Errorf("its flags are %v", got)
	}
	w.sync()
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.sync()
	w.sync()
	if got := w.box.flags("INBOX", 1); len(got) != 1 || w.message("<1@x>").Track.State != offline.Tracked {
		t.Errorf("after Undo its flags are %v, it is %s", got, w.about("<1@x>"))
	}
	// A record deleted in the CRM shows, too.
	delete(w.crm.records, w.message("<1@x>").Track.Record)
	w.restart()
	w.sync()
	if got := w.box.flags("INBOX", 1); len(got) != 0 {
		t.Errorf("deleted in the CRM: its flags are %v", got)
	}
}

// A keyword that is gone because of what a mail program or a server did with the
// message is nobody's wish.
func TestNothingButTakingTheKeywordAwayUntracks(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w *world)
	}{
		{"moved, with its flags", func(w *world) { w.box.moveTo("INBOX", 1, "Projects", false) }},
		{"moved, its flags lost", func(w *world) { w.box.moveTo("INBOX", 1, "Projects", true) }},
		{"copied, its flags lost", func(w *world) { w.box.copyTo("INBOX", 1, "Projects", true) }},
		{"moved to a folder that is not read", func(w *world) { w.box.moveTo("INBOX", 1, "Projects/Old", true) }},
		{"deleted", func(w *world) { w.box.remove("INBOX", 1) }},
		{"numbered anew, flags lost", func(w *world) {
			w.box.renumber("INBOX")
			w.box.flag("INBOX", 1000)
		}},
		{"moved to where no keywords are kept", func(w *world) {
			w.box.folder("Projects").keywordsNo = true
			w.box.moveTo("INBOX", 1, "Projects", true)
		}},
		{"moved to where keywords are silently lost", func(w *world) {
			w.box.folder("Projects").forgetful = true
			w.box.moveTo("INBOX", 1, "Projects", true)
		}},
		{"moved away and back, flags lost", func(w *world) {
			n := w.box.moveTo("INBOX", 1, "Projects", true)
			w.sync()
			w.box.moveTo("Projects", n, "INBOX", true)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			w.set.Folders = []string{"INBOX", "Projects"}
			w.restart()
			w.relist()
			w.box.add("INBOX", w.mail("<1@x>"))
			w.sync()
			if _, err := w.agent.Track(w.key("<1@x>"), offer); err != nil {
				t.Fatal(err)
			}
			w.sync()
			w.sync() // it was seen with the keyword
			c.do(w)
			for range 3 {
				w.sync()
			}
			marks := w.box.marks
			w.sync()
			if got, want := w.about("<1@x>"), "tracked user "+offer.String(); got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
			if w.box.marks != marks {
				t.Error("keywords are set again and again")
			}
		})
	}
}

func TestAKeywordThatWasNotSeenYetIsNotTakenAway(t *testing.T) {
	w := newFolderWorld(t, track.All)
	w.box.folder("INBOX").forgetful = true
	w.box.add("INBOX", w.mail("<1@x>"))
	for range 4 {
		w.sync()
	}
	if got := w.message("<1@x>").Track.State; got != offline.Tracked {
		t.Errorf("it is %s", got)
	}
	if w.box.marks != 1 {
		t.Errorf("%d writes of keywords that the server does not keep", w.box.marks)
	}
}

func TestAFolderThatKeepsNoKeywordsIsSaidOnceAndFoldersWork(t *testing.T) {
	w := newFolderWorld(t, track.All)
	for _, f := range w.box.folders {
		f.keywordsNo = true
	}
	w.track("Projects", offer, true)
	for i := range 4 {
		w.box.add("INBOX", w.mail(fmt.Sprintf("<%d@x>", i)))
		w.box.add("Projects", w.mail(fmt.Sprintf("<p%d@x>", i)))
		w.sync()
	}
	if w.box.marks != 2 {
		t.Errorf("%d writes, want one for each folder", w.box.marks)
	}
	said := 0
	for _, p := range w.agent.Health().Current() {
		if p.Code == health.NoKeywords.Code {
			said++
			if !strings.Contains(p.Text, "INBOX") || !strings.Contains(p.Text, "Projects") || p.Severity != health.Info {
				t.Errorf("it was said so: %+v", p)
			}
		}
	}
	if said != 1 {
		t.Errorf("it was said %d times", said)
	}
	if r := w.sync(); r.Counts.Tracked != 8 {
		t.Errorf("counts %+v", r.Counts)
	}
}

func TestTheMailboxIsLeftAloneWhenKeywordsAreSwitchedOff(t *testing.T) {
	w := newFolderWorld(t, track.All)
	if err := w.store.Update(func(tx *offline.Tx) error {
		return w.agent.changeRules(tx, func(r *offline.Rules) error { r.NoKeywords = true; return nil })
	}); err != nil {
		t.Fatal(err)
	}
	w.box.add("INBOX", w.mail("<1@x>"))
	w.box.add("INBOX", w.mail("<2@x>", "From: ann@alder.example"))
	w.sync()
	w.box.flag("INBOX", 1, `\Seen`)
	w.sync()
	if w.box.marks != 0 || w.identities() != "<1@x> <2@x>" {
		t.Errorf("%d writes; emails %s", w.box.marks, w.identities())
	}
	if m := w.message("<1@x>"); len(m.Places[0].Flags) != 1 {
		t.Errorf("flags are no longer followed: %v", m.Places)
	}
	var left int
	w.store.View(func(tx *offline.Tx) error {
		cs, err := tx.Changes(0)
		left = len(cs)
		return err
	})
	if left != 0 {
		t.Errorf("%d changes wait for nothing", left)
	}
}

func TestSwitchingKeywordsOnMarksWhatIsTrackedAlready(t *testing.T) {
	w := newFolderWorld(t, track.All)
	set := func(off bool) {
		if err := w.store.Update(func(tx *offline.Tx) error {
			return w.agent.changeRules(tx, func(r *offline.Rules) error { r.NoKeywords = off; return nil })
		}); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	for i := range 700 {
		w.box.add("INBOX", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.box.batch = 500
	w.sync()
	set(false)
	w.sync()
	n := 0
	for uid := range w.box.folder("INBOX").msgs {
		n += len(w.box.flags("INBOX", uid))
	}
	if n != 700 || w.box.marks != 2 {
		t.Errorf("%d are marked, by %d writes", n, w.box.marks)
	}
}

func TestKeywordsAreWrittenManyAtATimeAndHoldUpNobody(t *testing.T) {
	w := newFolderWorld(t, track.All)
	for i := range 60 {
		w.box.add("INBOX", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.sync()
	if w.box.marks != 1 {
		t.Errorf("%d writes for one folder", w.box.marks)
	}
	// Where keywords can't be written for the moment the CRM gets its mail.
	w.box.add("INBOX", w.mail("<late@x>"))
	w.box.markFails = &offline.Fault{Class: offline.FaultServer, Op: "set keywords", Text: "try later"}
	if _, err := w.agent.SyncOnce(t.Context()); err == nil {
		t.Error("the failure was not told")
	}
	if !strings.Contains(w.identities(), "late") {
		t.Error("the CRM was not written to")
	}
	w.box.markFails = nil
	w.sync()
	if got := fmt.Sprint(w.box.flags("INBOX", w.box.uidOf("INBOX", "<late@x>"))); got != "["+offline.KeywordTracked+"]" {
		t.Errorf("its flags are %s", got)
	}
}

func TestTwoComputersOfOneUserAgreeOnKeywords(t *testing.T) {
	a := newFolderWorldOf(t, track.All, "me", nil)
	b := newFolderWorldOf(t, track.All, "me", a.crm)
	b.box = a.box
	b.restart()
	b.sync()
	a.box.add("INBOX", a.mail("<1@x>"))
	for range 3 {
		a.sync()
		b.sync()
	}
	marks := a.box.marks
	a.sync()
	b.sync()
	if a.box.marks != marks || marks != 1 {
		t.Errorf("%d writes, then %d", marks, a.box.marks-marks)
	}
	a.box.flag("INBOX", 1)
	for range 2 {
		a.sync()
		b.sync()
	}
	if x, y := a.message("<1@x>").Track.State, b.message("<1@x>").Track.State; x != offline.Untracked || y != offline.Untracked || a.box.marks != marks {
		t.Errorf("one has it %s, the other %s; %d writes", x, y, a.box.marks-marks)
	}
}

// Law: whatever the flags of a place do, writing until nothing is left to write
// ends after one write, and what we wrote is never taken for somebody's wish.
func TestWritingKeywordsComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := offline.Place{Keyword: offline.KeywordMark(rapid.IntRange(0, 3).Draw(t, "mark"))}
		for _, k := range []string{`\Seen`, offline.KeywordTrack, offline.KeywordTracked} {
			if rapid.Bool().Draw(t, k) {
				p.Flags = append(p.Flags, k)
			}
		}
		keeps := rapid.Bool().Draw(t, "the server keeps keywords")
		linked := rapid.Bool().Draw(t, "tracked")
		declined := !linked && rapid.Bool().Draw(t, "untracked by hand")
		writes := 0
		for range 4 {
			add, remove, mark := keywordWork(p, linked, declined)
			if len(add)+len(remove) > 0 {
				writes++
			}
			p.Keyword = mark
			shown := slices.Clone(p.Flags)
			for _, k := range add {
				p.Flags = withKeyword(p.Flags, k)
				if keeps {
					shown = withKeyword(shown, k)
				}
			}
			for _, k := range remove {
				p.Flags, shown = withoutKeyword(p.Flags, k), withoutKeyword(shown, k)
			}
			s := readFlags(&p, shown, linked)
			if s.asked || s.taken && keeps {
				t.Fatalf("what we wrote was taken for a wish: %+v at %+v", s, p)
			}
			linked = linked && !s.taken
		}
		if writes > 1 {
			t.Fatalf("%d writes", writes)
		}
	})
}
