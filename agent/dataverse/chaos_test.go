package dataverse_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"postrider/agent/dataverse/crmtest"
	"postrider/app/localorg"
	"postrider/offline"
)

// Whatever mixture of faults strikes, and wherever, the organization ends up
// with each email exactly once, closed, with its attachment.
func TestAnyMixtureOfFaultsLeavesEachEmailExactlyOnce(t *testing.T) {
	for seed := range uint64(12) {
		f, l := openLocal(t)
		person := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: "Ann Novak", Addrs: []string{"ann@moravia.example"}})
		faults := l.org.Faults()
		write := func(r *http.Request) bool { return r.Method != http.MethodGet }
		for i, kind := range []localorg.Fault{{Kind: localorg.DropBefore}, {Kind: localorg.DropAfter}, {Kind: localorg.Throttle, RetryAfter: time.Second},
			{Kind: localorg.ServerError}, {Kind: localorg.ServerError, Status: 503}, {Kind: localorg.ExpireToken}} {
			faults.Chance(0.12, seed*10+uint64(i), write, kind)
		}
		var todo []offline.Write
		for n := range 120 {
			m := &offline.OutgoingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", n)},
				Identity: fmt.Sprintf("<%d@example.com>", n), Subject: fmt.Sprint(n), When: time.Now(), Regarding: person,
				Parties:     []offline.Party{{Role: offline.RoleSender, Address: offline.Address{Addr: "ann@moravia.example"}, Records: []offline.Ref{person}}},
				Attachments: []offline.Attachment{{Name: "a.txt", Data: []byte("text")}}}
			todo = append(todo, offline.Write{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref}, Email: m})
		}
		for try := 0; len(todo) > 0; try++ {
			if try > 50 {
				t.Fatalf("seed %d: %d emails are not made", seed, len(todo))
			}
			out, _ := f.CRM.Push(t.Context(), todo)
			var left []offline.Write
			for i, o := range out {
				if o.Err != nil {
					if c := offline.ClassOf(o.Err); !c.Transient() && c != offline.FaultAuth {
						t.Fatalf("seed %d: %v", seed, o.Err)
					}
					left = append(left, todo[i])
				}
			}
			todo = left
		}
		faults.Clear()
		want := []string{crmtest.Party(offline.RoleSender, "ann@moravia.example", person)}
		got := f.Emails()
		for _, e := range got {
			if !e.Closed || e.Regarding != person || fmt.Sprint(e.Parties) != fmt.Sprint(want) || fmt.Sprint(e.Attachments) != "[a.txt 4]" {
				t.Errorf("seed %d: %+v", seed, e)
			}
		}
		if len(got) != 120 {
			t.Errorf("seed %d: %d emails", seed, len(got))
		}
	}
}
