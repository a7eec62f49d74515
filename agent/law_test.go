package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	known      bool
	token      bool
}

// Law: whatever is cut, refused for the moment, lost on the way back or
// restarted, the CRM ends with exactly the emails of the undisturbed run, about
// the same records, and another sync writes nothing. In another order of arrival
// the same emails are there; what an answer is about is settled when it is
// tracked, so that may depend on what was there by then.
func TestAnyFaultsAndRestartsEndInTheSameEmails(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := rapid.SampledFrom(track.Filters).Draw(t, "filter")
		var letters []letter
		for i := range rapid.IntRange(1, 12).Draw(t, "messages") {
			l := letter{id: fmt.Sprintf("<%d@x>", i), folder: rapid.SampledFrom([]string{"INBOX", "INBOX", "Sent"}).Draw(t, "folder"), answers: -1}
			if i > 0 && rapid.Bool().Draw(t, "is an answer") {
				l.answers = rapid.IntRange(0, i-1).Draw(t, "answers")
			}
			l.known = rapid.Bool().Draw(t, "from somebody known")
			l.token = rapid.IntRange(0, 5).Draw(t, "has a token") == 0
			letters = append(letters, l)
		}
		seeded := rapid.IntRange(-1, len(letters)-1).Draw(t, "tracked by a colleague")

		calm, about := play(t, filter, letters, seeded, nil)
		rough, roughAbout := play(t, filter, letters, seeded, &storm{t: t})
		if calm != rough || about != roughAbout {
			t.Fatalf("undisturbed:\n%s%s\ndisturbed:\n%s%s", calm, about, rough, roughAbout)
		}
		mixed, _ := play(t, filter, rapid.Permutation(letters).Draw(t, "order of arrival"), seeded, &storm{t: t})
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

func play(t *rapid.T, filter track.Filter, letters []letter, seeded int, s *storm) (emails, about string) {
	dir, err := os.MkdirTemp("", "law")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer os.RemoveAll(dir)
	w := startWorld(t, dir, filter)
	defer func() { w.close() }()
	w.seed("<far@x>", "CRM:0001001", acme)
	if seeded >= 0 {
		w.seed(fmt.Sprintf("<%d@x>", seeded), "", offer)
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
	for _, l := range sorted(letters) {
		m := w.message(l.id)
		emails += fmt.Sprintf("%s %s\n", l.id, m.Track.State)
		about += fmt.Sprintf("%s about %s\n", l.id, m.Track.Regarding)
	}
	return emails + w.identities(), about
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
		if !l.known {
			h = append(h, "From: stranger@else.example")
		}
		if l.token {
			h = append(h, "Subject: Re: it CRM:0001001")
		}
		w.box.add(l.folder, w.mail(l.id, h...))
	}
}
