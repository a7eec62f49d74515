package agent

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"

	"pgregory.net/rapid"
)

// killed is what a killed process would leave: nothing after it runs.
type killed struct{}

// reaper decides where the process is killed and what fails. Every call to a
// server, before and after its effect, and every look at the clock, also in the
// middle of a transaction, is a place to be killed at.
type reaper struct {
	t      *rapid.T
	kills  int // still allowed in this round
	faults int
	calm   bool
}

func (r *reaper) kill() {
	if !r.calm && r.kills > 0 && rapid.IntRange(0, 24).Draw(r.t, "kill") == 0 {
		r.kills--
		panic(killed{})
	}
}

// fault is one of errs, or nil.
func (r *reaper) fault(errs ...error) error {
	r.kill()
	if !r.calm && r.faults > 0 && rapid.IntRange(0, 2).Draw(r.t, "fault") == 0 {
		r.faults--
		return rapid.SampledFrom(errs).Draw(r.t, "which")
	}
	return nil
}

// live runs a part of the program's life, which may end by a kill; the next one
// begins with what is on disk.
func (w *world) live(r *reaper, part func()) {
	w.t.Helper()
	dead := func() (dead bool) {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(killed); !ok {
					panic(p)
				}
				dead = true
			}
		}()
		part()
		return false
	}()
	if dead {
		w.restart()
		w.rise(r)
	}
}

// rise has the reaper look at the clock of an agent that was just started.
func (w *world) rise(r *reaper) {
	w.agent.Now = func() time.Time { r.kill(); return w.now }
}

func (w *world) haunt(r *reaper) {
	w.rise(r)
	w.box.cut = func() error { return r.fault(errCut) }
	w.crm.fail = func(string) error { return r.fault(errCut) }
	w.crm.after = func(string) error { return r.fault(errCut) }
	w.smtp.before = func(offline.Envelope) error { return r.fault(noNet, &offline.Fault{Class: offline.FaultAuth}) }
	w.smtp.answer = func(string) error { return r.fault(refused, putOff, noAnswer) }
	w.smtp.after = func() error { return r.fault(noAnswer) }
}

// Law: wherever it is cut, whatever fails in whatever order, each message goes
// out exactly once, is filed once and tracked once. Where SMTP leaves doubt a
// user who knows answers; nothing is sent twice without being asked.
func TestCutAnywhereEachMessageGoesOnceIsFiledOnceAndTrackedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "outbox-law")
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer os.RemoveAll(dir)
		w := startWorld(t, dir, track.None)
		defer func() { w.close() }()
		w.crm.methods = offline.Methods{Incoming: offline.MethodClient, Outgoing: offline.MethodClient}
		w.smtp.files = rapid.Bool().Draw(t, "the provider files by itself")
		w.sync()

		r := &reaper{t: t}
		var ours []uint64
		for i := range rapid.IntRange(1, 3).Draw(t, "written here") {
			tracked := rapid.Bool().Draw(t, "tracked")
			ours = append(ours, w.write(fmt.Sprint("ours", i), func(d *offline.Draft) { d.Track = tracked }).ID)
		}
		theirs := rapid.IntRange(0, 2).Draw(t, "written in the CRM")
		for i := range theirs {
			p := crmMail(fmt.Sprint("e", i))
			p.Subject = fmt.Sprint("theirs", i)
			w.crm.waits(p)
		}
		w.haunt(r)
		for range rapid.IntRange(1, 5).Draw(t, "disturbed rounds") {
			r.kills, r.faults = 2, 3
			w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 20 * time.Minute}).Draw(t, "later"))
			w.live(r, func() {
				for _, id := range ours {
					if d, ok := w.find(id); ok && d.State == offline.DraftEditing && rapid.Bool().Draw(t, "press Send") {
						w.agent.Send(id)
					}
				}
				w.agent.SyncOnce(context.Background())
			})
			if err := w.store.Check(); err != nil {
				t.Fatalf("%v", err)
			}
		}
		r.calm = true
		for _, id := range ours {
			if d, ok := w.find(id); ok && d.State == offline.DraftEditing {
				if _, err := w.agent.Send(id); err != nil {
					t.Fatalf("%v", err)
				}
			}
		}
		for range 30 {
			w.now = w.now.Add(20 * time.Minute)
			w.sync()
			w.decideAll()
			if w.isDone() {
				break
			}
		}
		w.sync()
		w.onceEach(len(ours), theirs)
		if report := w.sync(); report.Requests.CRMWrites != 0 {
			t.Fatalf("the last sync still wrote")
		}
	})
}

func (w *world) find(id uint64) (offline.Draft, bool) {
	for _, d := range w.drafts() {
		if d.ID == id {
			return d, true
		}
	}
	return offline.Draft{}, false
}

// decideAll does what a user does who knows what arrived.
func (w *world) decideAll() {
	w.t.Helper()
	for _, d := range w.drafts() {
		var err error
		switch {
		case d.State != offline.DraftFailed:
		case d.Doubt && w.smtp.count(d.Identity) > 0:
			err = w.agent.ConfirmSent(d.ID)
		case d.Item == 0 || !d.Doubt && !d.Record.IsZero() && w.agent.RetrySend(d.ID) != nil:
			err = w.agent.DiscardDraft(d.ID)
		default:
			err = w.agent.RetrySend(d.ID)
		}
		if err != nil {
			w.t.Fatalf("%+v: %v", d, err)
		}
	}
	for _, p := range w.crm.pending { // what the CRM has as failed is sent again there
		if _, waits := w.findRecord(p.Ref); p.status == "failed" && !waits {
			p.status = "pending"
		}
	}
}

func (w *world) findRecord(r offline.Ref) (offline.Draft, bool) {
	for _, d := range w.drafts() {
		if d.Record == r {
			return d, true
		}
	}
	return offline.Draft{}, false
}

// isDone reports whether nothing hangs on time any more.
func (w *world) isDone() bool {
	for _, p := range w.crm.pending {
		if p.status != "sent" {
			return false
		}
	}
	return len(w.drafts()) == 0
}

func (w *world) onceEach(ours, theirs int) {
	w.t.Helper()
	if left := w.drafts(); len(left) > 0 {
		w.t.Fatalf("still in the outbox: %+v", left)
	}
	check := func(subject, status string) {
		sent, filed, records := 0, 0, 0
		var identity string
		for _, m := range w.smtp.sent {
			if strings.HasPrefix(headerOf(m.raw, "Subject"), subject) {
				sent++
				identity = headerOf(m.raw, "Message-ID")
			}
		}
		for _, m := range w.box.folder("Sent").msgs {
			if headerOf(m.raw, "Message-ID") == identity {
				filed++
			}
		}
		for _, e := range w.crm.emails {
			if strings.HasPrefix(e.Subject, subject) {
				records++
			}
		}
		m := w.message(identity)
		want := 1
		if status != "" || m.Track.State == offline.Untracked && m.Track.Declined {
			want = 0
		}
		if sent != 1 || filed != 1 || records != want || m.Track.State != offline.Tracked && !m.Track.Declined || status != "" && (status != "sent" || m.Track.Record.ID == "") {
			w.t.Fatalf("%s: sent %d times, filed %d, %d records, want %d, CRM %q: %+v", subject, sent, filed, records, want, status, m.Track)
		}
	}
	for i := range ours {
		check(fmt.Sprint("ours", i), "")
	}
	for i := range theirs {
		check(fmt.Sprint("theirs", i), w.crmStatus(fmt.Sprint("e", i)))
	}
}
