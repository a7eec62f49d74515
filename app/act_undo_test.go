package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// What the user did to an appointment, contact or task is taken back for as long as
// Undo is offered, whether a sync has carried it over or not.
func TestWhatWasDoneToItemsIsTakenBack(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	r.putItem(offline.KindTask, "job", jobFields(1, day))
	r.with(func(ctx context.Context, a *agent.Agent) {
		sync := func() {
			t.Helper()
			if _, err := a.SyncOnce(ctx); err != nil {
				t.Fatal(err)
			}
		}
		item := func() (it offline.Item, linked bool) {
			t.Helper()
			n := 0
			defer func() {
				if n != 1 {
					t.Errorf("there are %d tasks here", n)
				}
			}()
			r.must(a.Store.View(func(tx *offline.Tx) error {
				return tx.Items(func(i *offline.Item) bool {
					it = *i
					n++
					_, err := tx.ItemLink(i.Key)
					linked = err == nil
					return true
				})
			}))
			return it, linked
		}
		do := func(what func(key uint64) error, carried bool) (undo agent.Undo) {
			t.Helper()
			it, _ := item()
			undo, err := a.BeforeItems([]uint64{it.Key})
			r.must(err)
			r.must(what(it.Key))
			if carried {
				sync()
			}
			return undo
		}
		tasks := func() int { return len(r.org.Rows("task", nil)) }
		track := func(key uint64) error { return a.TrackItems([]uint64{key}, offline.Ref{}) }
		sync()
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		sync()

		for _, carried := range []bool{false, true} {
			undo := do(track, carried)
			r.must(undo())
			sync()
			sync()
			if it, linked := item(); linked || it.Track.State != offline.Untracked || tasks() != 0 {
				t.Errorf("tracking, carried %v: %+v, linked %v, %d tasks", carried, it.Track, linked, tasks())
			}
		}
		do(track, true)
		for _, del := range []bool{false, true} {
			undo := do(func(key uint64) error { _, err := a.UntrackItem(key, del); return err }, true)
			r.must(undo())
			sync()
			sync()
			if it, linked := item(); !linked || it.Track.State != offline.Tracked || tasks() != 1 {
				t.Errorf("untracking, delete %v: %+v, linked %v, %d tasks", del, it.Track, linked, tasks())
			}
		}
		for _, carried := range []bool{false, true} {
			undo := do(func(key uint64) error { return a.EditItem(key, offline.Fields{"subject": "another", "body": ""}) }, carried)
			r.must(undo())
			sync()
			sync()
			if it, _ := item(); it.Now()["subject"] != "Job 1" || it.Now()["body"] != "as agreed" || len(it.Edits) > 0 {
				t.Errorf("editing, carried %v: %v, %v", carried, it.Fields, it.Edits)
			}
		}
		for _, carried := range []bool{false, true} {
			undo := do(a.DeleteItem, carried)
			r.must(undo())
			sync()
			sync()
			it, linked := item()
			if !linked || it.Now()["subject"] != "Job 1" || tasks() != 1 || it.Gone || it.ETag == "" {
				t.Errorf("deleting, carried %v: %+v, linked %v, %d tasks", carried, it, linked, tasks())
			}
		}
		stones, err := a.Tombstones()
		r.must(err)
		if len(stones) != 1 || !strings.HasPrefix(stones[0].Text, "You took its tracking back") {
			t.Errorf("what is back is listed as deleted: %+v", stones)
		}
	})
}

// R-UNTRACK-02, R-UNTRACK-06: what was untracked stays so, whatever the filters let in.
func TestWhatWasUntrackedStaysSo(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	r.putItem(offline.KindTask, "job", jobFields(1, time.Now().UTC()))
	r.with(func(ctx context.Context, a *agent.Agent) {
		sync := func() {
			t.Helper()
			_, err := a.SyncOnce(ctx)
			r.must(err)
		}
		sync()
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		r.must(a.TrackItems([]uint64{1}, offline.Ref{}))
		sync()
		_, err := a.UntrackItem(1, false)
		r.must(err)
		for range 3 {
			sync()
		}
		if linked, alone := pairs(t, a); len(linked) != 0 || alone != 1 || len(r.org.Rows("task", nil)) != 1 {
			t.Errorf("linked %v, %d alone, %d tasks in the CRM", linked, alone, len(r.org.Rows("task", nil)))
		}
		r.must(a.TrackItems([]uint64{1}, offline.Ref{}))
		sync()
		sync()
		if linked, _ := pairs(t, a); len(linked) != 1 || len(r.org.Rows("task", nil)) != 1 {
			t.Errorf("tracked again: linked %v, %d tasks in the CRM", linked, len(r.org.Rows("task", nil)))
		}
	})
}
