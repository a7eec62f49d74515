package app

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"postrider/app/localorg"
)

// 2: kill -9 at random instants of the first sync, then to the end: exactly the
// result of the uninterrupted run. Nothing is missing and nothing twice.
//
// R-TRACK-08.
func TestKilledAtAnyInstantTheFirstSyncEndsAsIfItHadNotBeen(t *testing.T) {
	t.Parallel() // it waits more than it works
	r := newRig(t, "people")
	m := makeMailing(300)
	for folder, mails := range m.folders {
		r.dove.Add(folder, mails...)
	}
	r.seedTracked("<seed@mail.example>", "", offerID)
	start := time.Now()
	r.sync()
	whole := time.Since(start)
	want := r.tracked()

	for name, storm := range map[string]func(*localorg.Faults){
		"killed": func(*localorg.Faults) {},
		"killed while the CRM drops connections, throttles and fails": func(f *localorg.Faults) {
			f.Chance(0.10, 1, nil, localorg.Fault{Kind: localorg.DropAfter})
			f.Chance(0.10, 2, nil, localorg.Fault{Kind: localorg.DropBefore})
			f.Chance(0.10, 3, nil, localorg.Fault{Kind: localorg.Throttle, RetryAfter: time.Second})
			f.Chance(0.10, 4, nil, localorg.Fault{Kind: localorg.ServerError})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rig{t: t, dove: r.dove}
			r.startOrg()
			r.seedTracked("<seed@mail.example>", "", offerID)
			r.newHome("people")
			storm(r.org.Faults())
			chance := rand.New(rand.NewPCG(7, 11))
			for range 12 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(chance.Int64N(int64(whole*6/5))))
				r.command(ctx, "sync", "--once", "--json").Run() // exec kills with SIGKILL
				cancel()
			}
			r.org.Faults().Clear()
			s := r.syncUntilDone()
			diff(t, r.tracked(), want)
			if s.Failed+s.Waiting != 0 {
				t.Errorf("counts %+v", s.Counts)
			}
		})
	}
}

// syncUntilDone syncs until nothing waits: what a server failed on is tried
// again only after a while.
func (r *rig) syncUntilDone() (s syncJSON) {
	r.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if s = r.sync(); s.Waiting == 0 {
			return s
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("still waiting: %+v", s)
		}
		<-time.After(time.Second)
	}
}
