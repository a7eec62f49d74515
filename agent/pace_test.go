package agent

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// running is a world whose agent runs, in a bubble where time is made up
// (testing/synctest): sleeping there takes no time. slept is how long the computer
// has slept: the time of day goes on meanwhile, timers don't.
type running struct {
	*world
	mu      sync.Mutex
	slept   time.Duration
	network string
	fault   error // what mailbox and CRM answer; nil: they work
	calls   int   // while fault was set
}

func (r *running) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.slept)
}

func (r *running) set(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
}

func (r *running) answer() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		r.calls++
	}
	return r.fault
}

// run runs the agent of a world with these folders while test does its work.
func run(t *testing.T, folders int, test func(r *running)) {
	runFiltered(t, track.All, folders, test)
}

func runFiltered(t *testing.T, filter track.Filter, folders int, test func(r *running)) {
	synctest.Test(t, func(t *testing.T) {
		r := &running{world: newWorld(t, filter)}
		for i := range folders {
			r.box.makeFolder(fmt.Sprintf("F%02d", i))
			r.world.set.Folders = append(r.world.set.Folders, fmt.Sprintf("F%02d", i))
		}
		r.world.set.Folders = append(r.world.set.Folders, "INBOX", "Sent")
		r.box.cut = r.answer
		r.crm.fail = func(string) error { return r.answer() }
		r.more = func(c *Config) {
			c.Poller, c.Marker, c.Now = r.box, r.box, r.clock
			c.Network = func() string { r.mu.Lock(); defer r.mu.Unlock(); return r.network }
		}
		r.restart()
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { r.agent.Run(ctx) })
		r.pass(2 * time.Second)
		test(r)
		stop()
		wg.Wait()
	})
}

// pass lets time go by.
func (r *running) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

type tally struct{ imap, crm, idles int64 }

func (r *running) count() tally {
	crm, _ := r.crm.Requests()
	r.box.mu.Lock()
	defer r.box.mu.Unlock()
	return tally{r.box.requests, crm, r.box.idles}
}

func (r *running) since(was tally) tally {
	now := r.count()
	return tally{now.imap - was.imap, now.crm - was.crm, now.idles - was.idles}
}

// R-OPTIONS-06.
func TestNewMailIsDecidedWithinTwoSecondsForAFewRequests(t *testing.T) {
	run(t, 30, func(r *running) {
		r.pass(time.Second)
		was := r.count()
		r.box.add("INBOX", r.mail("<new@x>"))
		r.box.ring()
		r.pass(2 * time.Second)
		if got := r.about("<new@x>"); got != "tracked filter:all" {
			t.Errorf("it is %s", got)
		}
		// The mailbox: two for the folder, one for the text, one for the keyword,
		// and the look at what that changed. The CRM: it is asked once whether it
		// has the message, and is given it.
		if n := r.since(was); n.imap > 8 || n.crm > 3 {
			t.Errorf("it took %+v", n)
		}
		was = r.count()
		r.pass(50 * time.Second)
		if n := r.since(was); n.imap > 1 || n.crm > 0 {
			t.Errorf("then nothing happened, and it asked %+v", n)
		}
	})
}

func TestOtherFoldersAreLookedAtInOneRequestAMinute(t *testing.T) {
	run(t, 40, func(r *running) {
		r.pass(time.Second)
		was := r.count()
		r.pass(time.Hour)
		n := r.since(was)
		// 60 looks, 12 of them whole syncs, one listing.
		if n.imap < 55 || n.imap > 75 || n.crm > 30 || n.idles > 75 {
			t.Errorf("an hour with nothing to do took %+v", n)
		}
		r.box.add("F07", r.mail("<else@x>"))
		r.pass(65 * time.Second)
		if got := r.about("<else@x>"); got != "tracked filter:all" {
			t.Errorf("mail in another folder is %s", got)
		}
	})
}

func TestABurstOfMailIsNoBurstOfSyncs(t *testing.T) {
	run(t, 5, func(r *running) {
		was := r.count()
		for i := range 100 {
			r.box.add("INBOX", r.mail(fmt.Sprintf("<%d@x>", i)))
			r.box.ring()
			r.pass(10 * time.Millisecond)
		}
		r.pass(3 * time.Second)
		if got := r.about("<99@x>"); got != "tracked filter:all" {
			t.Errorf("the last one is %s", got)
		}
		// 100 texts are fetched, and batches of 3; the rest are looks.
		if n := r.since(was); n.imap > 100+100/3+80 || n.crm > 40 {
			t.Errorf("100 messages in a second took %+v", n)
		}
	})
}

func TestAfterSleepItCatchesUpAtOnceAndOnce(t *testing.T) {
	for _, how := range []string{"slept", "another network"} {
		t.Run(how, func(t *testing.T) {
			run(t, 30, func(r *running) {
				r.pass(time.Minute)
				r.box.add("F03", r.mail("<meanwhile@x>"))
				was := r.count()
				r.set(func() {
					if how == "slept" {
						r.slept = 9 * time.Hour
					} else {
						r.network = "10.0.0.7"
					}
				})
				r.pass(pulse + time.Second)
				if got := r.about("<meanwhile@x>"); got != "tracked filter:all" {
					t.Errorf("it is %s", got)
				}
				r.box.mu.Lock()
				woken := r.box.woken
				r.box.mu.Unlock()
				if n := r.since(was); n.imap > 14 || n.crm > 8 || woken != 1 {
					t.Errorf("it took %+v; connections were to prove themselves %d times", n, woken)
				}
			})
		})
	}
}

func TestWhileNothingAnswersOneProbeAtATimeIsMade(t *testing.T) {
	for name, fault := range map[string]error{
		"no network":         &offline.Fault{Class: offline.FaultNetwork, Op: "connect", Text: "no route"},
		"a captive portal":   &offline.Fault{Class: offline.FaultTLS, Op: "connect", Text: "certificate of hotel.example"},
		"a page as answer":   &offline.Fault{Class: offline.FaultProtocol, Op: "connect", Text: "<html>"},
		"the server is busy": &offline.Fault{Class: offline.FaultServer, Op: "connect", Text: "try later"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, 30, func(r *running) {
				r.set(func() { r.fault = fault })
				r.box.ring() // the connection that idles breaks, too
				r.pass(time.Hour)
				var calls int
				r.set(func() { calls = r.calls })
				// A whole sync asks both sides once; they are about five minutes apart
				// after the first few.
				if calls > 60 {
					t.Errorf("%d requests in an hour without an answer", calls)
				}
				r.box.add("INBOX", r.mail("<after@x>"))
				r.set(func() { r.fault = nil })
				r.pass(5*time.Minute + time.Second)
				if got := r.about("<after@x>"); got != "tracked filter:all" {
					t.Errorf("after it works again the mail is %s", got)
				}
				if p := r.agent.Status().Phase; p != Idle {
					t.Errorf("the agent is %s", p)
				}
				r.box.add("INBOX", r.mail("<pushed@x>"))
				r.box.ring()
				r.pass(2 * time.Second)
				if got := r.about("<pushed@x>"); got != "tracked filter:all" {
					t.Errorf("pushes are no longer heard: the mail is %s", got)
				}
			})
		})
	}
}

func TestAMessageMovedIntoATrackedFolderIsTrackedAtOnce(t *testing.T) {
	run(t, 3, func(r *running) {
		r.agent.Settings.Filter = track.None
		r.box.add("INBOX", r.mail("<1@x>"))
		r.box.ring()
		r.pass(2 * time.Second)
		if err := r.agent.TrackFolder(offline.FolderRule{Folder: r.folder("F01").ID, Regarding: offer}); err != nil {
			t.Fatal(err)
		}
		r.pass(2 * time.Second)
		r.box.moveTo("INBOX", r.box.uidOf("INBOX", "<1@x>"), "F01", false)
		r.box.ring()
		r.pass(2 * time.Second)
		if got, want := r.about("<1@x>"), "tracked folder "+offer.String(); got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	})
}

func TestNewMailGoesBeforeABackfill(t *testing.T) {
	runFiltered(t, track.None, 2, func(r *running) {
		r.box.batch = 500
		for i := range 1500 {
			r.box.add("F01", r.mail(fmt.Sprintf("<%d@x>", i)))
		}
		r.pass(70 * time.Second)
		n := 0
		r.crm.fail = func(op string) error {
			if n++; n == 3 { // in the middle of it
				r.box.add("INBOX", r.mail("<new@x>"))
				trigger(r.agent.wakeMail)
			}
			return nil
		}
		if err := r.agent.TrackFolder(offline.FolderRule{Folder: r.folder("F01").ID}); err != nil {
			t.Fatal(err)
		}
		r.pass(10 * time.Second)
		if bs := r.agent.Backfills(); len(bs) != 0 {
			t.Errorf("left: %+v", bs)
		}
		if got := r.about("<1499@x>"); got != "tracked folder" {
			t.Errorf("the last one is %s", got)
		}
		if got := r.message("<new@x>").Track.State; got != offline.Untracked {
			t.Errorf("the new one is %s", got)
		}
	})
}
