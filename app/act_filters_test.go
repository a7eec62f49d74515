package app

import (
	"context"
	"fmt"
	"slices"
	"testing"

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
