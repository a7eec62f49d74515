package app

import (
	"sync"
	"testing"
)

// R-EMAIL-30: two colleagues get the same message, and each one's Postrider
// tracks it. The organization has one record of it, whoever came first, also
// when both come at once; and when it wants one for the sender and one for the
// recipient, it has two (R-EMAIL-22).
func TestTwoPostridersOfOneOrganizationMakeOneRecordOfAMessage(t *testing.T) {
	t.Parallel() // it waits more than it works
	for _, c := range []struct {
		name   string
		two    bool // the organization's setting
		atOnce bool
	}{
		{"one after the other", false, false},
		{"both at once", false, true},
		{"R-EMAIL-22 two activities", true, false},
		{"R-EMAIL-22 two activities at once", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ann := newRig(t, "all")
			if !c.two {
				ann.oneActivity()
			}
			bob := ann.colleague(colleague, "all")
			m := letter("<between-users@x>", began, "From: Ann <"+me+">", "To: Bob <"+colleague+">, "+contactAddr(0), "Subject: Between us")
			ann.dove.Add("Sent", m)
			bob.dove.Add("INBOX", m)
			if c.atOnce {
				var both sync.WaitGroup
				for _, r := range []*rig{ann, bob} {
					both.Go(func() { r.sync() })
				}
				both.Wait()
			} else {
				ann.sync()
				bob.sync()
			}
			for range 2 { // what the other one did comes with the next sync, and changes nothing
				for _, r := range []*rig{ann, bob} {
					if s := r.sync(); s.Tracked != 1 || s.Failed+s.Waiting != 0 {
						t.Errorf("%s knows %+v", r.addr, s.Counts)
					}
				}
			}
			outgoing := map[bool]int{}
			for _, e := range ann.org.Rows("email", nil) {
				outgoing[e["directioncode"] == true]++
			}
			if n := outgoing[true] + outgoing[false]; !c.two && n != 1 || c.two && (n != 2 || outgoing[true] != 1) {
				t.Errorf("%d outgoing and %d incoming emails", outgoing[true], outgoing[false])
			}
		})
	}
}
