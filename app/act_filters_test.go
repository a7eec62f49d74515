package app

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/merge"
	"postrider/offline"
)

// R-FILTER-06, R-FILTER-16: what a change of the filters comes to is told before it
// is made, in numbers that come true; what leaves stays in the user's own lists.
func TestAFilterIsChangedAfterALookAtWhatItComesTo(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow), jobFields(2, tomorrow), jobFields(13, tomorrow)}})
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		filters, _, err := a.SyncFilters()
		r.must(err)
		own := filters[slices.IndexFunc(filters, func(f offline.SyncFilter) bool { return f.Kind == offline.KindTask })]
		was, ok := a.Criteria(own)
		if !ok {
			t.Fatalf("%+v can't be said in words", own)
		}
		narrow, err := a.WithCriteria(own, offline.Criteria{List: append(slices.Clone(was.List), offline.Criterion{Word: "subject", Op: offline.FilterBegins, Value: "Job 1"})})
		r.must(err)
		change := offline.FilterChange{Do: offline.FilterSave, Filter: narrow}
		before := r.org.Stats().WriteOperations
		p, err := a.PreviewFilter(ctx, change)
		r.must(err)
		if r.org.Stats().WriteOperations != before {
			t.Error("looking at it wrote something")
		}
		if len(p) != 1 || p[0].In != 2 || p[0].Comes != 0 || p[0].Leaves != 1 || !slices.Equal(p[0].Parted, []string{"Job 2"}) {
			t.Fatalf("it is said to come to %+v", p)
		}
		r.must(a.ChangeFilter(ctx, change))
		r.syncs(ctx, a)
		if it, _, linked := r.item(a, "Job 2"); linked || it.ETag == "" {
			t.Errorf("what left is %+v, linked %v", it.Track, linked)
		}
		for _, n := range []string{"Job 1", "Job 13"} {
			if _, _, linked := r.item(a, n); !linked {
				t.Errorf("%s is not in step", n)
			}
		}
		// Off: no filter, and nothing is in step. What was brought back is in step again.
		r.must(a.ChangeFilter(ctx, offline.FilterChange{Do: offline.FilterOff, Filter: narrow}))
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 0 || alone != 3 {
			t.Errorf("without a filter %v are in step, %d are not", linked, alone)
		}
		p, err = a.PreviewFilter(ctx, offline.FilterChange{Do: offline.FilterReset})
		r.must(err)
		if i := slices.IndexFunc(p, func(p agent.FilterPreview) bool { return p.Kind == offline.KindTask }); p[i].Comes != 3 || p[i].In != 3 {
			t.Errorf("the default ones are said to come to %+v", p)
		}
		r.must(a.ChangeFilter(ctx, offline.FilterChange{Do: offline.FilterReset}))
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 3 || alone != 0 {
			t.Errorf("with the default ones %v are in step, %d are not", linked, alone)
		}
		if n := len(r.org.Rows("task", nil)); n != 3 {
			t.Errorf("there are %d tasks", n)
		}
		r.quiet(ctx, a)
	})
}

// R-CONFLICT-03: which side holds where both changed the same field is the user's
// choice.
func TestTheUserChoosesWhichSideHolds(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow)}})
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		if a.SetPrefer("both") == nil {
			t.Error("a choice that there is none of was taken")
		}
		for i, x := range []struct {
			prefer merge.Prefer
			here   bool // this side's value is in the CRM afterwards
		}{{merge.Theirs, false}, {merge.Mine, true}, {merge.Theirs, false}} {
			r.must(a.SetPrefer(x.prefer))
			it, link, _ := r.item(a, "Job 1")
			mine, theirs := fmt.Sprint("mine ", i), fmt.Sprint("theirs ", i)
			r.must(a.EditItem(it.Key, offline.Fields{"body": mine}))
			r.must(r.org.Update("task", link.Record.ID, map[string]any{"description": theirs}))
			r.syncs(ctx, a)
			if want := map[bool]string{true: mine, false: theirs}[x.here]; r.rows("task", "description", want) != 1 {
				t.Errorf("with %q the CRM does not say %q but %q", x.prefer, want, r.org.Rows("task", nil)[0]["description"])
			}
		}
	})
}

// R-CONFLICT-03: where the user wants to be asked, neither side is changed until the
// user says whose value holds, whichever program wrote the item's.
func TestTheUserIsAskedWhoseValueHolds(t *testing.T) {
	for name, write := range map[string]func(r *actRig, a *agent.Agent, it offline.Item, f offline.Fields){
		"written in Postrider":       func(r *actRig, a *agent.Agent, it offline.Item, f offline.Fields) { r.must(a.EditItem(it.Key, f)) },
		"written in another program": func(r *actRig, _ *agent.Agent, it offline.Item, f offline.Fields) { r.write(it, f, time.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newActRig(t, davtest.StartRadicale(t))
			r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow)}})
			r.with(func(ctx context.Context, a *agent.Agent) {
				r.must(a.SetPrefer(merge.Ask))
				r.syncs(ctx, a)
				theirs := func(v string) {
					_, link, _ := r.item(a, "Job 1")
					r.must(r.org.Update("task", link.Record.ID, map[string]any{"description": v}))
				}
				it, _, _ := r.item(a, "Job 1")
				write(r, a, it, offline.Fields{"body": "mine"})
				theirs("theirs at first")
				r.syncs(ctx, a)
				theirs("theirs")
				r.syncs(ctx, a)
				all, err := a.Conflicts()
				r.must(err)
				if len(all) != 1 || all[0].Winner != "" || all[0].Base != "as agreed" || all[0].Mine != "mine" || all[0].Theirs != "theirs" {
					t.Fatalf("the user is asked about %+v", all)
				}
				if it, _, _ = r.item(a, "Job 1"); it.Fields["body"] != "mine" || r.rows("task", "description", "theirs") != 1 {
					t.Errorf("unasked, the item says %q and the CRM %q", it.Fields["body"], r.org.Rows("task", nil)[0]["description"])
				}
				r.must(a.ResolveConflict(all[0].ID, offline.SideItem))
				r.syncs(ctx, a)
				if it, _, _ = r.item(a, "Job 1"); it.Fields["body"] != "mine" || r.rows("task", "description", "mine") != 1 {
					t.Errorf("the user took the item's: it says %q, and the CRM %q", it.Fields["body"], r.org.Rows("task", nil)[0]["description"])
				}
				// Both come to say the same before the user has answered: nothing is left to
				// be asked.
				write(r, a, it, offline.Fields{"body": "mine again"})
				theirs("theirs again")
				r.syncs(ctx, a)
				if all, err = a.Conflicts(); err != nil || len(all) != 1 {
					t.Fatalf("the user is asked about %+v (%v)", all, err)
				}
				it, _, _ = r.item(a, "Job 1")
				write(r, a, it, offline.Fields{"body": "theirs again"})
				r.syncs(ctx, a)
				if all, err = a.Conflicts(); err != nil || len(all) != 0 {
					t.Errorf("the user is still asked about %+v (%v)", all, err)
				}
				// And nothing is once the two are no longer a pair.
				it, _, _ = r.item(a, "Job 1")
				write(r, a, it, offline.Fields{"body": "mine for good"})
				theirs("theirs for good")
				r.syncs(ctx, a)
				if got := problems(a); !slices.Contains(got, "items-conflict") {
					t.Errorf("what is told is %v", got)
				}
				if _, err := a.UntrackItem(it.Key, false); err != nil {
					t.Fatal(err)
				}
				r.syncs(ctx, a)
				if all, err = a.Conflicts(); err != nil || len(all) != 0 {
					t.Errorf("untracked, the user is still asked about %+v (%v)", all, err)
				}
				if got := problems(a); slices.Contains(got, "items-conflict") {
					t.Errorf("what is told is %v", got)
				}
				r.quiet(ctx, a)
			})
		})
	}
}

// R-CONFLICT-03: with the choice of the newest, it counts when the item was changed,
// not when that was seen here.
func TestTheNewestValueHolds(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow)}})
	stamp := regexp.MustCompile(`(DTSTAMP|LAST-MODIFIED):\w+`)
	made := time.Now().Add(-3 * time.Hour)
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.must(a.SetPrefer(merge.Newest))
		for _, c := range []struct {
			name string
			at   time.Time // when the item is changed, as it says; the record is changed now
			here bool      // the item's value holds
		}{
			{"written an hour before", made.Add(2 * time.Hour), false},
			// Nobody can say better then than that it is seen after the record was changed.
			{"written with the time left as it was", made, true},
			{"written by a clock that runs ahead", time.Now().Add(time.Hour), true},
		} {
			r.syncs(ctx, a)
			it, link, _ := r.item(a, "Job 1")
			r.writeRaw(it, stamp.ReplaceAll(it.Raw, []byte("${1}:"+made.UTC().Format("20060102T150405Z"))))
			r.syncs(ctx, a)
			it, _, _ = r.item(a, "Job 1")
			mine, theirs := "mine, "+c.name, "theirs, "+c.name
			r.must(r.org.Update("task", link.Record.ID, map[string]any{"description": theirs}))
			r.write(it, offline.Fields{"body": mine}, c.at)
			r.syncs(ctx, a)
			want := map[bool]string{true: mine, false: theirs}[c.here]
			if it, _, _ = r.item(a, "Job 1"); it.Fields["body"] != want || r.rows("task", "description", want) != 1 {
				t.Errorf("%s: the item says %q and the CRM %q", c.name, it.Fields["body"], r.org.Rows("task", nil)[0]["description"])
			}
			if all, err := a.Conflicts(); err != nil || len(all) == 0 || all[len(all)-1].Mine != mine || all[len(all)-1].Theirs != theirs {
				t.Errorf("%s: what lost is not kept: %+v (%v)", c.name, all, err)
			}
		}
		r.quiet(ctx, a)
	})
}
