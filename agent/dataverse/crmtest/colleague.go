package crmtest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/offline"
)

// colleagueCases are about two users, or two computers of one, with the same
// message or the same email.
var colleagueCases = []testCase{
	{"the same message from two users is one record: the second finds the first's", func(t *testing.T, f Fixture) { // R-EMAIL-22, R-EMAIL-30
		w := f.world()
		e := f.email(w, 1)
		theirs := f.Colleague()
		mine := f.pushGood(t, e)
		out, err := theirs.Push(t.Context(), []offline.Write{e})
		if err != nil || out[0].Err != nil || !out[0].Existed || mine[0].Existed {
			t.Errorf("%+v, %+v, %v", mine, out, err)
		}
		f.check(t, f.stored(e))
	}},
	{"a message between two users is two records where the organization says so, told apart by direction", func(t *testing.T, f Fixture) { // R-EMAIL-22, R-EMAIL-30
		w := f.world()
		sent, received := f.email(w, 1), f.email(w, 1)
		sent.Email.Outgoing = true // another id, for the ids follow from the direction, too
		f.pushGood(t, sent)
		if out, err := f.Colleague().Push(t.Context(), []offline.Write{received}); err != nil || out[0].Err != nil || out[0].Existed {
			t.Fatalf("%+v, %v", out, err)
		}
		f.check(t, f.stored(sent), f.stored(received))
		got, err := f.CRM.EmailsByIdentity(t.Context(), []string{sent.Email.Identity})
		if err != nil || len(got) != 2 || got[0].Email.Outgoing == got[1].Email.Outgoing {
			t.Errorf("%+v, %v", got, err)
		}
	}},
	{"another message can't take an id that is in use", func(t *testing.T, f Fixture) {
		w := f.world()
		e, other := f.email(w, 1), f.email(w, 2)
		f.pushGood(t, e)
		other.Email.Ref, other.Change.Record = e.Email.Ref, e.Email.Ref
		if out := f.push(t, other); offline.ClassOf(out[0].Err) != offline.FaultExists {
			t.Errorf("%+v", out)
		}
		f.check(t, f.stored(e))
	}},
	{"no fault, wherever it strikes, has an email handed out twice or lost", func(t *testing.T, f Fixture) { // R-TRACK-12
		w := f.world()
		f.mine(t)
		another := f.Another()
		if _, err := another.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, fault := range []Fault{DropBefore, DropAfter, Throttled, ServerError, TokenExpired} {
			for k := range 4 {
				ref := f.Send(f.waiting(w))
				f.FailAt(fault, k)
				sure, doubt := 0, 0
				count := func(got []offline.PendingEmail) {
					for _, p := range got {
						switch {
						case p.Ref != ref:
						case p.Doubt:
							doubt++
						default:
							sure++
						}
					}
				}
				for range 3 {
					for _, c := range []CRM{f.CRM, another} {
						got, err := c.Pending(t.Context())
						if err != nil && !retryable(err) {
							t.Fatal(err)
						}
						count(got)
					}
				}
				if sure == 0 && doubt == 0 {
					f.Later(time.Hour)
					count(f.pending(t, f.CRM))
				}
				if sure > 1 || sure+doubt == 0 {
					t.Errorf("%s after %d: handed out %d times, in doubt %d times", fault, k, sure, doubt)
				}
				f.pushGood(t, mark(offline.OpMarkSent, ref, "", offline.Fields{"identity": "<" + uuid.NewString() + "@x.example>"}))
			}
		}
	}},
	{"no fault keeps what was sent from being marked, or the user's options from being written", func(t *testing.T, f Fixture) {
		w := f.world()
		f.mine(t)
		for _, fault := range []Fault{DropBefore, DropAfter, Throttled, ServerError, TokenExpired} {
			for _, n := range []int{1, 5} {
				ref, bad := f.Send(f.waiting(w)), f.Send(f.waiting(w))
				f.pending(t, f.CRM)
				auto := offline.Kind("")
				if n == 1 {
					auto = offline.KindLead
				}
				f.insist(t, fault, n, mark(offline.OpMarkSent, ref, "", offline.Fields{"identity": "<" + uuid.NewString() + "@x.example>"}),
					mark(offline.OpMarkFailed, bad, "", nil), setOptions(offline.Fields{"filter": "people", "auto_create": string(auto)}))
				if o := f.me(t).Options; f.Status(ref) != "sent" || f.Status(bad) != "failed" || o.Filter != "people" || o.AutoCreate != auto {
					t.Errorf("%d times %s: %s, %s, %+v", n, fault, f.Status(ref), f.Status(bad), o)
				}
			}
		}
	}},
}
