package agent

import (
	"errors"
	"fmt"
	"slices"

	"postrider/offline"
)

// wordDeleted stands among an item's edits for the user's wish to delete it.
const wordDeleted = "!deleted"

// DeleteItem deletes an item from the user's calendar or address book, and lets the
// rules say what that means for its record (R-DELETE).
func (a *Agent) DeleteItem(key uint64) error {
	return a.onItems([]uint64{key}, func(tx *offline.Tx, it *offline.Item) error {
		edit(it, offline.Fields{wordDeleted: "1"})
		return a.mayGo(tx, key)
	})
}

// mayGo notes that the user wants these deletions, however many they are.
func (a *Agent) mayGo(tx *offline.Tx, keys ...uint64) error {
	var all []uint64
	if _, err := tx.Setting(settingConfirmGone, &all); err != nil {
		return err
	}
	all = append(all, keys...)
	all = slices.DeleteFunc(all, func(k uint64) bool { _, err := tx.Item(k); return err != nil })
	return tx.PutSetting(settingConfirmGone, all)
}

// deletion plans for an item that the user deleted here.
func (p *planner) deletion(it *offline.Item) error {
	gone := func(tx *offline.Tx, _ offline.Item) error {
		now, err := tx.Item(it.Key)
		if err != nil {
			return ignoreMissing(err)
		}
		if now.Edits[wordDeleted] == "" { // taken back meanwhile: it is written anew
			now.ETag, now.Edits = "", now.Now()
			return errors.Join(tx.PutItem(&now), tx.UndecideItem(it.Key))
		}
		now.Gone, now.Edits = true, nil
		return errors.Join(tx.PutItem(&now), tx.UndecideItem(it.Key))
	}
	if it.ETag == "" { // its server never had it
		p.add(plan{item: it.Key, kind: it.Kind, local: func(tx *offline.Tx) error { return gone(tx, *it) }})
		return nil
	}
	c, err := p.tx.Collection(it.Collection)
	if ignoreMissing(err) != nil {
		return err
	}
	if c.ReadOnly {
		p.decided(it, func(tx *offline.Tx) error {
			return setTrack(tx, it.Key, offline.Failed, c.Name+" can't be written, so nothing can be deleted from it.", p.now)
		})
		return nil
	}
	p.add(plan{item: it.Key, kind: it.Kind, dav: &davWrite{item: *it, remove: true}, davDone: gone})
	return nil
}

// Conflicts are the fields that both sides changed differently, oldest first, with
// the values that lost.
func (a *Agent) Conflicts() (all []offline.Conflict, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { all, err = tx.Conflicts(); return err })
	return all, err
}

// ResolveConflict takes the value of a side for both. The other one is forgotten.
func (a *Agent) ResolveConflict(id uint64, take offline.Side) error {
	var c offline.Conflict
	err := a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Conflicts()
		i := slices.IndexFunc(all, func(c offline.Conflict) bool { return c.ID == id })
		if i < 0 {
			return errors.Join(err, fmt.Errorf("conflict %d: %w", id, offline.ErrNotFound))
		}
		c = all[i]
		return err
	})
	if err != nil {
		return err
	}
	v := c.Mine
	if take == offline.SideRecord {
		v = c.Theirs
	}
	return a.onItems([]uint64{c.Item}, func(tx *offline.Tx, it *offline.Item) error {
		edit(it, offline.Fields{c.Word: v})
		l, err := tx.ItemLink(it.Key)
		if err == nil && take == offline.SideItem {
			// What the record says is what both had agreed on: so that the item's is the
			// change.
			if l.Base == nil {
				l.Base = offline.Fields{}
			}
			if rec, err := tx.Record(l.Record); err == nil && rec.Item != nil {
				if l.Base[c.Word] = rec.Item.Fields[c.Word]; l.Base[c.Word] == "" {
					delete(l.Base, c.Word)
				}
			}
			if err := tx.PutItemLink(&l); err != nil {
				return err
			}
		}
		return errors.Join(ignoreMissing(err), tx.DropConflict(id))
	})
}

// DismissConflict forgets a conflict; both sides stay as they are.
func (a *Agent) DismissConflict(id uint64) error {
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DropConflict(id) })
}

// HeldDeletions are the deletions that wait for the user, oldest first.
func (a *Agent) HeldDeletions() (all []offline.HeldDeletion, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { all, err = tx.HeldDeletions(); return err })
	return all, err
}

// ConfirmDeletions carries held deletions out.
func (a *Agent) ConfirmDeletions(ids []uint64) error {
	return a.onHeld(ids, func(tx *offline.Tx, h offline.HeldDeletion) error {
		return errors.Join(a.mayGo(tx, h.Item), tx.UndecideItem(h.Item))
	})
}

// RejectDeletions takes held deletions for a mistake: what vanished here is put
// back, and what vanished in the CRM leaves its item as it is.
func (a *Agent) RejectDeletions(ids []uint64) error {
	now := a.Now().UTC()
	return a.onHeld(ids, func(tx *offline.Tx, h offline.HeldDeletion) error {
		it, err := tx.Item(h.Item)
		if err != nil {
			return ignoreMissing(err)
		}
		if h.Side == offline.SideRecord {
			return letGo(tx, it.Key, offline.CauseUser, "It vanished in the CRM, and you kept it.", now)
		}
		it.Gone, it.ETag = false, ""
		if len(it.Edits) == 0 { // so that its text is written again as it was
			it.Edits = offline.Fields{offline.WordSubject: it.Fields[offline.WordSubject]}
		}
		return errors.Join(tx.PutItem(&it), tx.UndecideItem(it.Key))
	})
}

func (a *Agent) onHeld(ids []uint64, do func(*offline.Tx, offline.HeldDeletion) error) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		held, err := tx.HeldDeletions()
		for _, h := range held {
			if slices.Contains(ids, h.ID) {
				err = errors.Join(err, tx.DropHeldDeletion(h.ID), do(tx, h))
			}
		}
		return err
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

// Tombstones are what was deleted on one side, newest last, with what was done on
// the other.
func (a *Agent) Tombstones() (all []offline.Tombstone, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { all, err = tx.Tombstones(); return err })
	return all, err
}

// UndoTombstone brings back what was deleted: the item from its text, tracked anew
// where it was, and so its record.
func (a *Agent) UndoTombstone(id uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		t, err := tx.Tombstone(id)
		if err != nil {
			return err
		}
		if !t.Record.IsZero() {
			if err := tx.UndecideRecord(t.Record); err != nil {
				return err
			}
		}
		it := t.Item
		if now, err := tx.ItemAt(it.Collection, it.Href); err == nil {
			it = now // it is there
		} else {
			it.Key, it.Gone, it.ETag = 0, false, ""
			it.Edits = it.Now()
		}
		it.Track = offline.Tracking{}
		if t.Deleted {
			it.Track = offline.Tracking{State: offline.Waiting, Since: a.Now().UTC(), Cause: offline.CauseUser}
		}
		return errors.Join(tx.PutItem(&it), tx.UndecideItem(it.Key), tx.DropTombstone(id))
	})
	if err == nil {
		trigger(a.wakeSync)
	}
	return err
}

// RetryItems tries again what a side refused.
func (a *Agent) RetryItems(keys []uint64) error {
	return a.onItems(keys, func(_ *offline.Tx, it *offline.Item) error { return nil })
}
