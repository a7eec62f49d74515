package agent

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"postrider/agent/merge"
	"postrider/offline"
)

// maxTrack is how many items are tracked by one action (R-TRACK-04, R-LIMITS-01).
const maxTrack = 20

// TrackItems tracks items by hand, about a record where one is given (R-TRACK-02,
// -03). It is on disk when TrackItems returns, and carried to the CRM at once or
// when that can be reached.
func (a *Agent) TrackItems(keys []uint64, about offline.Ref) error {
	if len(keys) > maxTrack {
		return fmt.Errorf("at most %d appointments, contacts or tasks can be tracked at once", maxTrack)
	}
	return a.onItems(keys, func(tx *offline.Tx, it *offline.Item) error {
		if it.Problem != "" {
			return errors.New("it can't be tracked: " + it.Problem)
		}
		if !about.IsZero() {
			edit(it, offline.Fields{aboutWord(it.Kind): about.String()})
		}
		if _, err := tx.ItemLink(it.Key); err != nil {
			it.Track = offline.Tracking{State: offline.Waiting, Since: a.Now().UTC(), Cause: offline.CauseUser, Regarding: about}
		}
		return nil
	})
}

func aboutWord(k offline.Kind) string {
	if k == offline.KindContact {
		return offline.WordParent
	}
	return offline.WordRegarding
}

// SetItemRegarding makes an item be about a record, or a contact belong to one;
// the zero Ref: to none. What is not tracked is tracked by it (R-TRACK-03).
func (a *Agent) SetItemRegarding(key uint64, to offline.Ref) error {
	if !to.IsZero() {
		return a.TrackItems([]uint64{key}, to)
	}
	return a.EditItem(key, offline.Fields{offline.WordRegarding: "", offline.WordParent: ""})
}

// UntrackItem breaks the link of an item, which stays where it is (R-UNTRACK-06);
// with deleteRecord the record in the CRM is deleted, too, where the user may
// (R-UNTRACK-02..05), once the time for Undo is over. kept says why it is not.
func (a *Agent) UntrackItem(key uint64, deleteRecord bool) (kept string, err error) {
	now := a.Now().UTC()
	err = a.onItems([]uint64{key}, func(tx *offline.Tx, it *offline.Item) error {
		l, err := tx.ItemLink(key)
		if err != nil {
			return ignoreMissing(err)
		}
		p := &planner{a: a, tx: tx, now: now}
		var del bool
		del, kept = merge.Untrack(merge.Untracking{Kind: it.Kind, Delete: deleteRecord, Owner: l.Owned, Past: p.over(it.Now())})
		text := "You untracked it; the record stays in the CRM"
		if del {
			text = "You untracked it; the record is deleted in the CRM"
			d := offline.Change{Lane: lane(l.Record), Op: offline.OpDelete, Record: l.Record, Queued: now, NotBefore: now.Add(UndoFor)}
			if err := tx.Enqueue(&d); err != nil {
				return err
			}
		}
		rec, err := tx.Record(l.Record)
		t := offline.Tombstone{Side: offline.SideItem, Kind: it.Kind, Name: offline.ItemName(it.Kind, it.Now()), Record: l.Record, Item: *it, Text: text, At: now, Deleted: del}
		if err == nil {
			t.Whole = &rec
		}
		if c, ok := merge.Untracked(it.Now()); ok {
			edit(it, offline.Fields{offline.WordCategories: c})
		}
		it.Track = offline.Tracking{State: offline.Untracked, Since: now, Cause: offline.CauseUser, Reason: text, Declined: true}
		return errors.Join(ignoreMissing(err), tx.PutTombstone(&t), tx.DeleteItemLink(key))
	})
	return kept, err
}

// EditItem changes words of an item, "" to clear one. What the user wrote is kept
// here until its server has it.
func (a *Agent) EditItem(key uint64, words offline.Fields) error {
	return a.onItems([]uint64{key}, func(_ *offline.Tx, it *offline.Item) error {
		edit(it, words)
		return nil
	})
}

// edit notes words that differ from what the server has, and what that is.
func edit(it *offline.Item, words offline.Fields) {
	next, seen := maps.Clone(it.Edits), maps.Clone(it.Seen)
	if next == nil {
		next = offline.Fields{}
	}
	if seen == nil {
		seen = offline.Fields{}
	}
	for w, v := range words {
		if _, known := seen[w]; !known {
			seen[w] = it.Fields[w]
		}
		if next[w] = v; it.Fields[w] == v && len(it.Raw) > 0 {
			delete(next, w)
			delete(seen, w)
		}
	}
	if it.Edits, it.Seen = next, seen; len(next) == 0 {
		it.Edits, it.Seen = nil, nil
	}
}

// onItems does something to items in one transaction, and wakes the sync.
func (a *Agent) onItems(keys []uint64, do func(*offline.Tx, *offline.Item) error) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		for _, key := range keys {
			it, err := tx.Item(key)
			if err != nil {
				return err
			}
			before := it.Edits // edit makes others of them
			if err := do(tx, &it); err != nil {
				return fmt.Errorf("%s: %w", offline.ItemName(it.Kind, it.Now()), err)
			}
			if !maps.Equal(before, it.Edits) {
				it.Changed = a.Now().UTC()
			}
			if err := errors.Join(tx.PutItem(&it), tx.UndecideItem(key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

// NewItem makes an appointment, contact or task in a collection; empty: where such
// are put.
func (a *Agent) NewItem(kind offline.Kind, collection string, words offline.Fields) (key uint64, err error) {
	err = a.Store.Update(func(tx *offline.Tx) error {
		p := &planner{a: a, tx: tx}
		c, ok, err := p.home(kind)
		if collection != "" {
			c, err = tx.Collection(collection)
			ok = err == nil && c.Holds(kind) && !c.ReadOnly
		}
		if err != nil || !ok {
			return errors.Join(err, fmt.Errorf("there is no calendar or address book that a new %s could be put into", kind))
		}
		uid := uuid.NewString()
		href, err := hrefOf(c, uid, kind)
		if err != nil {
			return err
		}
		it := offline.Item{Collection: c.URL, Href: href, Kind: kind, UID: uid, Edits: maps.Clone(words), Changed: a.Now().UTC()}
		if err := tx.PutItem(&it); err != nil {
			return err
		}
		key = it.Key
		return tx.UndecideItem(key)
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return key, err
}

// TrackCollection has all of a collection tracked, or no more than what is asked
// for; PreviewCollection says how many of its items that would send.
func (a *Agent) TrackCollection(url string, on bool) error {
	return a.changeCollection(url, func(tx *offline.Tx, c *offline.Collection) error {
		c.Track = on
		for _, key := range tx.ItemKeys(url) {
			if err := tx.UndecideItem(key); err != nil {
				return err
			}
		}
		return nil
	})
}

// HomeCollection makes a collection the one into which is put what comes from the
// CRM, of its kinds.
func (a *Agent) HomeCollection(url string) error {
	return a.changeCollection(url, func(tx *offline.Tx, c *offline.Collection) error {
		all, err := tx.Collections()
		for _, o := range all {
			if o.URL != url && o.Home && slices.ContainsFunc(o.Kinds, c.Holds) {
				o.Home = false
				err = errors.Join(err, tx.PutCollection(o))
			}
		}
		c.Home = true
		return err
	})
}

func (a *Agent) changeCollection(url string, do func(*offline.Tx, *offline.Collection) error) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		c, err := tx.Collection(url)
		if err != nil {
			return err
		}
		if err := do(tx, &c); err != nil {
			return err
		}
		return tx.PutCollection(c)
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

// PreviewCollection tells which items of a collection TrackCollection would send.
func (a *Agent) PreviewCollection(url string) (names []string, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		for _, key := range tx.ItemKeys(url) {
			it, err := tx.Item(key)
			if err != nil {
				return err
			}
			if _, err := tx.ItemLink(key); err == nil || it.Gone {
				continue
			}
			if merge.GoesUp(merge.Candidate{Fields: it.Now(), Whole: true, Refused: it.Track.Declined, Problem: it.Problem}) != merge.WishNone {
				names = append(names, offline.ItemName(it.Kind, it.Now()))
			}
		}
		return nil
	})
	return names, err
}

// Prefer is which side's value holds where both changed the same field.
func (a *Agent) Prefer() (p merge.Prefer, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingPrefer, &p); return err })
	return p, err
}

// SetPrefer chooses that for what is changed from now on. What waits for the user's
// word goes on waiting for it.
func (a *Agent) SetPrefer(p merge.Prefer) error {
	if !slices.Contains([]merge.Prefer{merge.Theirs, merge.Mine, merge.Newest, merge.Ask}, p) {
		return fmt.Errorf("%q is none of \"\", mine, newest, ask", p)
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingPrefer, p) })
}

// ItemCounts are the appointments, contacts and tasks by state.
func (a *Agent) ItemCounts() (c map[offline.Kind]offline.Counts, err error) {
	c = map[offline.Kind]offline.Counts{}
	err = a.Store.View(func(tx *offline.Tx) error {
		for _, k := range offline.ItemKinds {
			c[k] = tx.ItemCounts(k)
		}
		return nil
	})
	return c, err
}

// countItems is ItemCounts for a report; nil where items are left alone.
func (a *Agent) countItems() map[offline.Kind]offline.Counts {
	if !a.itemsOn() {
		return nil
	}
	c, err := a.ItemCounts()
	if err != nil {
		a.Log.Warn("appointments, contacts and tasks could not be counted", "err", err)
		return nil
	}
	return c
}

// Options are those of the organization and the user in the CRM, as last heard.
func (a *Agent) Options() offline.Options { return a.me().Options }
