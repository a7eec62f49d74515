package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/health"
	"postrider/offline"
)

// People who are set up after the calendars meet those in the CRM as at any first
// contact: nothing comes, or goes, before the user has seen what it would be.
func TestPeopleThatAreSetUpLaterMeetTheCRMFirst(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	var here, there []offline.Fields
	for i := range 3 {
		here, there = append(here, somebody(i).fields()), append(there, somebody(i+1).fields())
		r.putItem(offline.KindContact, fmt.Sprint("uid-", i), here[i])
	}
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: there, offline.KindTask: {jobFields(1, tomorrow)}})
	back := r.without("people")
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 1 || alone != 0 {
			t.Errorf("without an address book %q are in step, %d are not", linked, alone)
		}
		r.quiet(ctx, a)
		if got := problems(a); slices.Contains(got, "items-first") {
			t.Errorf("without an address book, what is told is %v", got)
		}
	})
	back()
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 1 || alone != 3 {
			t.Errorf("unasked, %q are in step, %d are not", linked, alone)
		}
		if got := problems(a); !slices.Contains(got, "items-first") {
			t.Errorf("what is told is %v", got)
		}
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 4 || alone != 1 {
			t.Errorf("in the end %q are in step, %d are not", linked, alone)
		}
		r.quiet(ctx, a)
	})
	// And away again: what the CRM gets meanwhile comes when there is a place for it.
	back = r.without("people")
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: {somebody(7).fields()}})
		r.syncs(ctx, a)
		r.quiet(ctx, a)
	})
	back()
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 5 || alone != 1 {
			t.Errorf("with the address book back %q are in step, %d are not", linked, alone)
		}
		r.quiet(ctx, a)
	})
}

// A user who goes to another provider, and takes calendars and people along, goes on
// where things stood: nothing is made anew, and what did not come along is said.
func TestAUserGoesToAnotherProvider(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	own := jobFields(5, tomorrow)
	own["subject"] = "The user's own"
	r.putItem(offline.KindTask, "own", own)
	r.fillOrg(map[offline.Kind][]offline.Fields{
		offline.KindContact:     {somebody(1).fields(), somebody(2).fields()},
		offline.KindTask:        {jobFields(1, tomorrow), jobFields(2, tomorrow)},
		offline.KindAppointment: {meetingFields(1, tomorrow)},
	})
	var items []offline.Item
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 5 || alone != 1 {
			t.Fatalf("%q are in step, %d are not", linked, alone)
		}
		r.must(a.Store.View(func(tx *offline.Tx) error {
			return tx.Items(func(x *offline.Item) bool { items = append(items, *x); return true })
		}))
		// Written here, and not gone up when the user leaves.
		it, _, _ := r.item(a, "Job 1")
		r.must(a.EditItem(it.Key, offline.Fields{"body": "written on the way"}))
	})
	r.dav = davtest.StartRadicale(t)
	r.configure("none")
	marks := strings.NewReplacer("X-POSTRIDER-ORG", "X-OTHER", "X-POSTRIDER-RECORD", "X-ANOTHER")
	for _, it := range items {
		switch offline.ItemName(it.Kind, it.Fields) {
		case "Job 2":
			continue // left behind
		case "First2 Lästname2":
			it.Raw = []byte(marks.Replace(string(it.Raw))) // it comes without what Postrider noted on it
		}
		it.Href = strings.Replace(it.Href, ".", "-imported.", 1)
		r.writeRaw(it, it.Raw)
	}
	versions := func() map[string]string {
		all := map[string]string{}
		for _, table := range []string{"contact", "task", "appointment"} {
			for _, row := range r.org.Rows(table, nil) {
				all[fmt.Sprint(row["contactid"], row["activityid"])] = fmt.Sprint(row["versionnumber"])
			}
		}
		return all
	}
	before := versions()
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		linked, alone := pairs(t, a)
		if len(linked) != 5 || alone != 1 {
			t.Errorf("%q are in step, %d are not", linked, alone)
		}
		for _, n := range []string{"Job 1", "First1 Lästname1", "First2 Lästname2", "Meeting 1", "The user's own"} {
			if it, _, _ := r.item(a, n); !strings.HasPrefix(it.Collection, r.dav.URL) {
				t.Errorf("%s is in %s, and not with the new provider", n, it.Collection)
			}
		}
		if it, _, _ := r.item(a, "Job 1"); it.Fields["body"] != "written on the way" || len(it.Edits) > 0 || r.rows("task", "description", "written on the way") != 1 {
			t.Errorf("what was written on the way: %q, waiting %v", it.Fields["body"], it.Edits)
		}
		changed := 0
		for id, v := range versions() {
			if before[id] != v {
				changed++
			}
		}
		if changed != 1 {
			t.Errorf("%d records were changed or made", changed)
		}
		var missing []string
		for _, p := range a.Status().Problems {
			if p.Code == health.CollectionMissing.Code {
				missing = append(missing, p.Subject)
			}
		}
		if len(missing) != 1 || !strings.Contains(missing[0], "/tasks/") {
			t.Errorf("said to be gone is %v", missing)
		}
		all, err := a.Collections()
		r.must(err)
		if len(all) != 4 {
			t.Errorf("known are %+v", all)
		}
		r.quiet(ctx, a)
	})
}
