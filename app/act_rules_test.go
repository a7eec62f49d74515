package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/itemtext"
	"postrider/offline"
)

// item is what a Postrider knows of the item with a name.
func (r *actRig) item(a *agent.Agent, name string) (it offline.Item, link offline.ItemLink, linked bool) {
	r.t.Helper()
	r.must(a.Store.View(func(tx *offline.Tx) error {
		return tx.Items(func(x *offline.Item) bool {
			if offline.ItemName(x.Kind, x.Now()) == name && !x.Gone {
				it = *x
				l, err := tx.ItemLink(x.Key)
				link, linked = l, err == nil
			}
			return it.Key == 0
		})
	}))
	return it, link, linked
}

func (r *actRig) syncs(ctx context.Context, a *agent.Agent) {
	r.t.Helper()
	for range 2 {
		_, err := a.SyncOnce(ctx)
		r.must(err)
	}
}

// remove deletes an item as another program of the user does.
func (r *actRig) remove(href string) {
	r.t.Helper()
	if status, answer := r.dav.Do(r.t, "DELETE", href, "", ""); status/100 != 2 {
		r.t.Fatalf("DELETE %s: %d %s", href, status, answer)
	}
}

func (r *actRig) rows(table, column, value string) int {
	return len(r.org.Rows(table, func(row map[string]any) bool { return fmt.Sprint(row[column]) == value }))
}

var tomorrow = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)

// R-TRACK-02: an item goes up by its category, which any program can set, and says
// so when it is done; private ones do not. R-APPT-01, R-APPT-19: a copy of it is a
// thing of its own and loses the mark.
func TestACopyOfATrackedItemIsAThingOfItsOwn(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	f := meetingFields(1, tomorrow)
	f["categories"] = "Track in CRM"
	r.putItem(offline.KindAppointment, "one", f)
	private := meetingFields(2, tomorrow)
	private["categories"], private["private"] = "Track in CRM", "1"
	r.putItem(offline.KindAppointment, "two", private)
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		it, link, linked := r.item(a, "Meeting 1")
		if !linked || it.Fields["categories"] != "Tracked in CRM" || it.Mark.Record != link.Record || r.rows("appointment", "subject", "Meeting 1") != 1 {
			t.Fatalf("it did not go up: %+v %v", it, linked)
		}
		if r.rows("appointment", "subject", "Meeting 2") != 0 {
			t.Error("a private appointment went up by itself")
		}
		copied := strings.ReplaceAll(string(it.Raw), "UID:one", "UID:copy")
		if status, answer := r.dav.Do(t, "PUT", "/jana/calendar/copy.ics", "text/calendar", copied); status/100 != 2 {
			t.Fatalf("%d %s", status, answer)
		}
		r.syncs(ctx, a)
		if n := r.rows("appointment", "subject", "Meeting 1"); n != 1 {
			t.Errorf("the copy made a record: there are %d", n)
		}
		_, answer := r.dav.Do(t, "GET", "/jana/calendar/copy.ics", "", "")
		if strings.Contains(answer, "X-POSTRIDER-RECORD") {
			t.Errorf("the copy still bears the mark:\n%s", answer)
		}
		r.quiet(ctx, a)
	})
}

// R-DELETE-09, R-DELETE-10: a contact that is deleted here stays in the CRM, and does
// not come back when it is changed there; it can be taken back from the list.
func TestWhatWasDeletedHereDoesNotComeBackByItself(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: {somebody(1).fields()}})
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		name := somebody(1).first + " " + somebody(1).last
		it, link, linked := r.item(a, name)
		if !linked || it.ETag == "" {
			t.Fatalf("it did not come down: %+v", it)
		}
		r.remove(it.Href)
		r.syncs(ctx, a)
		if r.rows("contact", "contactid", link.Record.ID) != 1 {
			t.Fatal("the contact was deleted in the CRM")
		}
		r.must(r.org.Update("contact", link.Record.ID, map[string]any{"jobtitle": "Director"}))
		r.syncs(ctx, a)
		if it, _, _ := r.item(a, name); it.Key != 0 {
			t.Error("it came back by itself")
		}
		stones, err := a.Tombstones()
		r.must(err)
		if len(stones) != 1 || stones[0].Name != name || stones[0].Deleted {
			t.Fatalf("the list of what was deleted: %+v", stones)
		}
		r.must(a.UndoTombstone(stones[0].ID))
		r.syncs(ctx, a)
		if it, l, linked := r.item(a, name); !linked || l.Record != link.Record || it.Fields["title"] != "Director" {
			t.Errorf("taken back, it is %+v, linked %v", it.Fields, linked)
		}
		r.quiet(ctx, a)
	})
}

// R-FILTER-16, R-DELETE-20: a record that leaves the filters is unlinked and its item
// stays; when it enters again, the two are a pair again.
func TestARecordThatLeavesTheFiltersLeavesItsItem(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow), jobFields(2, tomorrow)}})
	bob := fmt.Sprint(r.org.Rows("systemuser", func(u map[string]any) bool { return u["internalemailaddress"] == colleague })[0]["systemuserid"])
	give := func(id, to string) {
		r.must(r.org.Update("task", id, map[string]any{"ownerid@odata.bind": "/systemusers(" + to + ")"}))
	}
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		it, link, linked := r.item(a, "Job 1")
		if !linked {
			t.Fatal("it did not come down")
		}
		give(link.Record.ID, bob)
		r.syncs(ctx, a)
		now, _, linked := r.item(a, "Job 1")
		if linked || now.Key != it.Key || now.ETag == "" || now.Track.State != offline.Untracked {
			t.Errorf("it left the filters, and its item is %+v, linked %v", now.Track, linked)
		}
		give(link.Record.ID, r.user)
		r.syncs(ctx, a)
		if _, l, linked := r.item(a, "Job 1"); !linked || l.Record != link.Record {
			t.Errorf("it entered again, and is not its item's: %v", l.Record)
		}
		if n := len(r.org.Rows("task", nil)); n != 2 {
			t.Errorf("there are %d tasks", n)
		}
		r.quiet(ctx, a)
	})
}

// Many that vanish at once are held until the user says what it was; what was a
// mistake is put back, what was meant goes.
func TestManyDeletionsWaitForTheUser(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	var jobs []offline.Fields
	for i := range 12 {
		jobs = append(jobs, jobFields(i, tomorrow))
	}
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: jobs})
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		var hrefs []string
		for i := range 12 {
			it, _, _ := r.item(a, fmt.Sprint("Job ", i))
			hrefs = append(hrefs, it.Href)
		}
		for _, href := range hrefs[:6] {
			r.remove(href)
		}
		r.syncs(ctx, a)
		held, err := a.HeldDeletions()
		r.must(err)
		if len(held) != 6 || len(r.org.Rows("task", nil)) != 12 {
			t.Fatalf("%d deletions are held, %d tasks are in the CRM", len(held), len(r.org.Rows("task", nil)))
		}
		r.must(a.ConfirmDeletions([]uint64{held[0].ID, held[1].ID}))
		r.must(a.RejectDeletions([]uint64{held[2].ID, held[3].ID, held[4].ID, held[5].ID}))
		r.syncs(ctx, a)
		linked, _ := pairs(t, a)
		if n := len(r.org.Rows("task", nil)); n != 10 || len(linked) != 10 {
			t.Errorf("%d tasks are in the CRM, %d are linked: %v", n, len(linked), linked)
		}
		r.quiet(ctx, a)
	})
}

// R-UNTRACK-02, R-UNTRACK-06: an item that is untracked stays, and is not tracked
// again by its calendar; its record is deleted where the user said so. R-TRACK-04: at
// most twenty are tracked by one action.
func TestAnItemIsTrackedAndUntrackedByHand(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	for i := range 21 {
		r.putItem(offline.KindTask, fmt.Sprint("job-", i), jobFields(i, tomorrow))
	}
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		var keys []uint64
		for i := range 21 {
			it, _, _ := r.item(a, fmt.Sprint("Job ", i))
			keys = append(keys, it.Key)
		}
		if err := a.TrackItems(keys, offline.Ref{}); err == nil {
			t.Error("21 were tracked by one action")
		}
		about := offline.Ref{Kind: offline.KindAccount, ID: accountID}
		r.must(a.TrackItems(keys[:2], about))
		r.syncs(ctx, a)
		rows := r.org.Rows("task", nil)
		if len(rows) != 2 || rows[0]["_regardingobjectid_value"] != accountID {
			t.Fatalf("%d tasks in the CRM: %v", len(rows), rows)
		}
		if kept, err := a.UntrackItem(keys[0], false); err != nil || kept != "" {
			t.Error(kept, err)
		}
		r.syncs(ctx, a)
		it, _, linked := r.item(a, "Job 0")
		if linked || it.ETag == "" || len(r.org.Rows("task", nil)) != 2 {
			t.Errorf("untracked, it is %+v, linked %v", it.Track, linked)
		}
		for _, c := range must(a.Collections()) {
			r.must(a.TrackCollection(c.URL, true))
		}
		r.syncs(ctx, a)
		if _, _, linked := r.item(a, "Job 0"); linked {
			t.Error("its list tracked it again")
		}
		if n := len(r.org.Rows("task", nil)); n != 21 {
			t.Errorf("%d tasks are in the CRM", n)
		}
		r.quiet(ctx, a)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// R-CONTACT-02, R-CONFLICT-03, R-CONFLICT-07: a field that both sides changed is the
// CRM's, and the other value can be taken after all. R-FIELD-01: what was edited here
// goes to both sides.
func TestAConflictCanBeDecidedOtherwise(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: {somebody(1).fields()}})
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		it, link, _ := r.item(a, somebody(1).first+" "+somebody(1).last)
		raw, err := itemtext.Text{}.Edit(it.Kind, it.Raw, it.UID, offline.Fields{"title": "Mine"}, it.Mark, time.UTC)
		r.must(err)
		if status, answer := r.dav.Do(t, "PUT", it.Href, "text/vcard", string(raw)); status/100 != 2 {
			t.Fatalf("%d %s", status, answer)
		}
		r.must(r.org.Update("contact", link.Record.ID, map[string]any{"jobtitle": "Theirs"}))
		r.syncs(ctx, a)
		title := func() (string, string) {
			now, _, _ := r.item(a, somebody(1).first+" "+somebody(1).last)
			return now.Fields["title"], fmt.Sprint(r.org.Row("contact", link.Record.ID)["jobtitle"])
		}
		if x, y := title(); x != "Theirs" || y != "Theirs" {
			t.Errorf("%q and %q", x, y)
		}
		all, err := a.Conflicts()
		r.must(err)
		if len(all) != 1 || all[0].Mine != "Mine" || all[0].Theirs != "Theirs" || all[0].Winner != offline.SideRecord {
			t.Fatalf("conflicts: %+v", all)
		}
		r.must(a.ResolveConflict(all[0].ID, offline.SideItem))
		r.syncs(ctx, a)
		if x, y := title(); x != "Mine" || y != "Mine" {
			t.Errorf("decided otherwise, they are %q and %q", x, y)
		}
		if all, err := a.Conflicts(); err != nil || len(all) != 0 {
			t.Errorf("still open: %+v %v", all, err)
		}
		r.quiet(ctx, a)
	})
}
