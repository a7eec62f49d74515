package crmtest

import (
	"fmt"
	"testing"

	"postrider/offline"
)

// faultCases show that no fault, wherever it strikes, doubles or loses a write.
var faultCases = makeFaultCases()

func makeFaultCases() (out []testCase) {
	for _, fault := range []Fault{DropBefore, DropAfter, Throttled, ServerError, TokenExpired} {
		for _, n := range []int{1, 3, 8} {
			out = append(out, testCase{fmt.Sprintf("%d times %s", n, fault), func(t *testing.T, f Fixture) { survive(t, f, fault, n) }})
		}
	}
	return out
}

// survive writes with n failing requests at each step, again until all is done
// as the agent would, and looks at the result.
func survive(t *testing.T, f Fixture, fault Fault, n int) {
	w := f.world()
	a, b, c := f.email(w, 1), f.email(w, 2), f.email(w, 3)
	etags := f.insist(t, fault, n, a, b, c)
	f.check(t, f.stored(a), f.stored(b), f.stored(c))

	f.insist(t, fault, n, setRegarding(a.Email.Ref, w.ticket, etags[0]), setRegarding(b.Email.Ref, offline.Ref{}, etags[1]), deletion(c.Email.Ref, etags[2]))
	wantA, wantB := f.stored(a), f.stored(b)
	wantA.Regarding, wantB.Regarding = w.ticket, offline.Ref{}
	f.check(t, wantA, wantB)

	f.Fail(fault, n)
	r := newReplica(offline.KindContact)
	for try := 0; ; try++ {
		err := f.CRM.Pull(t.Context(), []offline.CRMCursor{r.cursors[offline.KindContact]}, r.take)
		if err == nil {
			break
		}
		if !retryable(err) || try > 2*n {
			t.Fatal(err)
		}
	}
	f.Fail(fault, 0)
	if r.names(offline.KindContact) != "Ann Novak" {
		t.Errorf("contacts %q", r.names(offline.KindContact))
	}
}

// insist pushes until everything is done, with n failures at the beginning.
// It returns the ETags.
func (f Fixture) insist(t *testing.T, fault Fault, n int, ws ...offline.Write) []string {
	t.Helper()
	f.Fail(fault, n)
	defer f.Fail(fault, 0)
	etags := make([]string, len(ws))
	done := make([]bool, len(ws))
	for try := 0; ; try++ {
		var open []offline.Write
		var index []int
		for i, w := range ws {
			if !done[i] {
				open, index = append(open, w), append(index, i)
			}
		}
		if len(open) == 0 {
			return etags
		}
		if try > 2*n+1 {
			t.Fatalf("%d writes are not done after %d attempts", len(open), try)
		}
		out, err := f.CRM.Push(t.Context(), open)
		if err != nil && !retryable(err) {
			t.Fatal(err)
		}
		for k, o := range out {
			if o.Err != nil {
				if !retryable(o.Err) {
					t.Fatalf("write %d: %v", index[k], o.Err)
				}
				continue
			}
			done[index[k]], etags[index[k]] = true, o.ETag
		}
	}
}

// retryable reports whether the agent would try again by itself. A sign-in that
// keeps failing is retried here too, for the fixture's token comes back.
func retryable(err error) bool {
	class := offline.ClassOf(err)
	return class.Transient() || class == offline.FaultAuth
}
