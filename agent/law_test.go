package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"

	"pgregory.net/rapid"
)

// letter is one message of a random mailbox.
type letter struct {
	id, folder string
	answers    int // index of the message it answers, -1: none
	from       string
	token      int  // of its subject, 0: none, 1: a colleague's email bears it
	thread     int  // the conversation it is of by its index, 0: none
	alike      bool // its subject is that of others
}

// chance is what is chosen for one world beside its letters.
type chance struct {
	filter     track.Filter
	seeded     int // the letter that a colleague tracked, -1: none
	smart      bool
	autoCreate offline.Kind
}

// The people of the law's mailbox: somebody known, strangers, somebody on the
// never-track list, and nobody.
var senders = []string{"Jana <jana@acme.example>", "Petr Novy <petr@else.example>", "ema@else.example", "x@mail.never.example", "no-reply@else.example"}

// Law: whatever is cut, refused for the moment, lost on the way back or
// restarted, the CRM ends with exactly the emails of the undisturbed run, about
// the same records, and another sync writes nothing. In another order of arrival
// the same emails are there; what an answer is about is settled when it is
// tracked, so that may depend on what was there by then.
func TestAnyFaultsAndRestartsEndInTheSameEmails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := chance{
			filter: rapid.SampledFrom(slices.Concat(track.Filters, []track.Filter{track.Replies, track.Replies, track.Replies})).Draw(t, "filter"), smart: rapid.Bool().Draw(t, "smart matching"),
			autoCreate: rapid.SampledFrom([]offline.Kind{"", offline.KindContact, offline.KindLead}).Draw(t, "made for strangers"),
		}
		var letters []letter
		for i := range rapid.IntRange(1, 12).Draw(t, "messages") {
			l := letter{id: fmt.Sprintf("<%d@x>", i), folder: rapid.SampledFrom([]string{"INBOX", "INBOX", "Sent"}).Draw(t, "folder"), answers: -1}
			if i > 0 && rapid.Bool().Draw(t, "is an answer") {
				l.answers = rapid.IntRange(0, i-1).Draw(t, "answers")
			}
			l.from = rapid.SampledFrom(senders).Draw(t, "from")
			l.token = max(rapid.IntRange(-5, 2).Draw(t, "token"), 0)
			l.thread = rapid.IntRange(0, 3).Draw(t, "conversation")
			l.alike = l.token == 0 && rapid.IntRange(0, 2).Draw(t, "has a common subject") == 0
			letters = append(letters, l)
		}
		c.seeded = rapid.IntRange(-1, len(letters)-1).Draw(t, "tracked by a colleague")

		calm, about := play(t, c, letters, nil)
		rough, roughAbout := play(t, c, letters, &storm{t: t})
		if calm != rough || about != roughAbout {
			t.Fatalf("undisturbed:\n%s%s\ndisturbed:\n%s%s", calm, about, rough, roughAbout)
		}
		var s *storm
		if rapid.Bool().Draw(t, "disturbed, too") {
			s = &storm{t: t}
		}
		mixed, _ := play(t, c, rapid.Permutation(letters).Draw(t, "order of arrival"), s)
		if calm != mixed {
			t.Fatalf("in order:\n%s\nin another order:\n%s", calm, mixed)
		}
	})
}

// storm decides where it strikes.
type storm struct {
	t     *rapid.T
	calls int
	left  int // strikes that are still allowed in this round
}

var errCut = &offline.Fault{Class: offline.FaultNetwork, Op: "talk", Err: errors.New("cut")}

func (s *storm) strike(string) error {
	s.calls++
	if s.left > 0 && rapid.IntRange(0, 3).Draw(s.t, "strike") == 0 {
		s.left--
		return errCut
	}
	return nil
}

func play(t *rapid.T, c chance, letters []letter, s *storm) (emails, about string) {
	dir, err := os.MkdirTemp("", "law")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer os.RemoveAll(dir)
	w := startWorld(t, dir, c.filter)
	defer func() { w.close() }()
	w.crm.chosen.Smart, w.crm.chosen.AutoCreate = c.smart, c.autoCreate
	if err := w.agent.SetRules(offline.Rules{Sent: true, Never: []offline.Never{{Domain: "never.example"}}}); err != nil {
		t.Fatalf("%v", err)
	}
	w.seed("<far@x>", "CRM:0001001", acme)
	_, thread := index('1', 0)
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "thread"}, Name: "before it",
		Email: &offline.Email{Identity: "<before@x>", Closed: true, Regarding: acme, Thread: thread, Sent: day}})
	if c.seeded >= 0 {
		w.seed(fmt.Sprintf("<%d@x>", c.seeded), "", offer)
	}
	half := len(letters) / 2
	deliver(w, letters[:half])
	if s != nil {
		for range rapid.IntRange(1, 4).Draw(t, "disturbed syncs") {
			s.left = 3
			w.box.cut = func() error { return s.strike("mailbox") }
			w.crm.fail, w.crm.after = s.strike, s.strike
			w.now = w.now.Add(time.Minute)
			w.agent.SyncOnce(context.Background())
			w.nothingWaitsWithoutCause()
			if rapid.Bool().Draw(t, "restart") {
				w.restart()
			}
		}
		w.box.cut = func() error { return nil }
		w.crm.fail, w.crm.after = func(string) error { return nil }, func(string) error { return nil }
	} else {
		w.sync()
	}
	deliver(w, letters[half:])
	w.now = w.now.Add(24 * time.Hour) // whatever waited for a later try is due
	w.sync()
	w.now = w.now.Add(24 * time.Hour)
	w.sync()
	if r := w.sync(); r.Requests.CRMWrites != 0 {
		t.Fatalf("the last sync still wrote")
	}
	w.nothingWaitsWithoutCause()
	for _, l := range sorted(letters) {
		m := w.message(l.id)
		if m.Track.Cause == "" || m.Track.State == offline.Untracked && m.Track.Reason == "" || m.Track.State == offline.Waiting {
			t.Fatalf("%s says too little: %+v", l.id, m.Track)
		}
		emails += fmt.Sprintf("%s %s\n", l.id, m.Track.State)
		about += fmt.Sprintf("%s about %s\n", l.id, m.Track.Regarding)
	}
	return emails + w.identities() + "\n" + w.crm.strangers(), about
}

// nothingWaitsWithoutCause checks that what waits says why and is in the queue.
func (w *world) nothingWaitsWithoutCause() {
	w.t.Helper()
	err := w.store.View(func(tx *offline.Tx) error {
		keys, err := tx.KeysByState(offline.Waiting, 0)
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			cs, err := tx.ChangesFor(key)
			if err != nil {
				return err
			}
			if m.Track.Cause == "" || m.Track.Reason == "" || m.Track.Since.IsZero() || len(cs) == 0 {
				w.t.Fatalf("%s waits: %+v, %d changes", m.Identity, m.Track, len(cs))
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

func sorted(letters []letter) []letter {
	out := make([]letter, len(letters))
	for _, l := range letters {
		var i int
		fmt.Sscanf(l.id, "<%d@x>", &i)
		out[i] = l
	}
	return out
}

func deliver(w *world, letters []letter) {
	for _, l := range letters {
		var i int
		fmt.Sscanf(l.id, "<%d@x>", &i)
		w.n = i // the date follows the number, not the order of arrival
		var h []string
		if l.answers >= 0 {
			h = append(h, fmt.Sprintf("In-Reply-To: <%d@x>", l.answers))
		}
		h = append(h, "From: "+l.from)
		switch {
		case l.token > 0:
			h = append(h, fmt.Sprintf("Subject: Re: it no. %d CRM:000100%d", i, l.token))
		case l.alike:
			h = append(h, "Subject: Re: the common one")
		}
		if l.thread > 0 {
			h = append(h, threadHeader(byte('0'+l.thread), i+1))
		}
		w.box.add(l.folder, w.mail(l.id, h...))
	}
}
