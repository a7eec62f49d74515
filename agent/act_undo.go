package agent

import (
	"errors"
	"time"

	"postrider/offline"
)

// itemBefore is what Undo brings back of an item.
type itemBefore struct {
	item offline.Item
	link *offline.ItemLink
	// made is the id that a record of it would be given; zero where there is such
	// a record already.
	made offline.Ref
	at   time.Time
}

// BeforeItems remembers items as they are now. The Undo takes back whatever the
// user had done to them since: what was changed, tracked, untracked or deleted,
// also where servers have it already. Records that were made meanwhile are deleted
// again.
func (a *Agent) BeforeItems(keys []uint64) (Undo, error) {
	was := make([]itemBefore, 0, len(keys))
	err := a.Store.View(func(tx *offline.Tx) error {
		p := &planner{a: a, tx: tx, me: a.me()}
		for _, key := range keys {
			it, err := tx.Item(key)
			if err != nil {
				return err
			}
			b := itemBefore{item: it, at: a.Now().UTC()}
			switch l, err := tx.ItemLink(key); {
			case err == nil:
				b.link = &l
			case !errors.Is(err, offline.ErrNotFound):
				return err
			}
			kind := recordKind(&it)
			made := offline.Ref{Kind: kind, ID: p.recordID(kind, it.UID)}
			if _, err := tx.Record(made); errors.Is(err, offline.ErrNotFound) {
				b.made = made
			} else if err != nil {
				return err
			}
			was = append(was, b)
		}
		return nil
	})
	return func() error { return a.undoItems(was) }, err
}

// undoItems takes it back, all of it or nothing.
func (a *Agent) undoItems(was []itemBefore) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		for i := range was {
			if err := a.undoItem(tx, &was[i]); err != nil {
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

func (a *Agent) undoItem(tx *offline.Tx, b *itemBefore) error {
	now, err := tx.Item(b.item.Key)
	if ignoreMissing(err) != nil {
		return err
	}
	if err != nil || now.Gone && !b.item.Gone {
		return a.bringBack(tx, b, err == nil)
	}
	l, err := tx.ItemLink(now.Key)
	if ignoreMissing(err) != nil {
		return err
	}
	now.Track = b.item.Track
	switch linked := err == nil; {
	case b.link != nil && !linked:
		err = a.linkAgain(tx, b, &now)
	case b.link == nil && linked:
		err = a.unlinkAgain(tx, b, &now, &l)
	default:
		err = nil
	}
	if err != nil {
		return err
	}
	edit(&now, backTo(b.item.Now(), now.Now()))
	return errors.Join(tx.PutItem(&now), tx.UndecideItem(now.Key))
}

// backTo are the words that make old of now.
func backTo(old, now offline.Fields) offline.Fields {
	words := offline.Fields{}
	for w := range now {
		if old[w] != now[w] {
			words[w] = old[w]
		}
	}
	for w := range old {
		if old[w] != now[w] {
			words[w] = old[w]
		}
	}
	return words
}

// linkAgain takes an untracking back. Where the record is deleted already, it is
// made anew.
func (a *Agent) linkAgain(tx *offline.Tx, b *itemBefore, now *offline.Item) error {
	stone, err := tx.TombstoneOf(b.link.Record)
	if ignoreMissing(err) != nil {
		return err
	}
	buried := err == nil && !stone.At.Before(b.at)
	if buried {
		if err := tx.DropTombstone(stone.ID); err != nil {
			return err
		}
	}
	cs, err := tx.Lane(lane(b.link.Record))
	if err != nil {
		return err
	}
	waits := false
	for _, c := range cs {
		if c.Op == offline.OpDelete {
			waits = true
			if err := tx.DropChange(c.ID); err != nil {
				return err
			}
		}
	}
	if buried && stone.Deleted && !waits {
		now.Track = offline.Tracking{State: offline.Waiting, Since: a.Now().UTC(), Cause: offline.CauseUser, Regarding: b.item.Track.Regarding}
		return nil
	}
	l := *b.link
	l.Marked = false // the mark on the item says by now that it is not tracked
	return tx.PutItemLink(&l)
}

// unlinkAgain takes a tracking back: the record that was made goes, one that was
// there before stays.
func (a *Agent) unlinkAgain(tx *offline.Tx, b *itemBefore, now *offline.Item, l *offline.ItemLink) error {
	at := a.Now().UTC()
	now.Track = offline.Tracking{State: offline.Untracked, Since: at, Cause: offline.CauseUser, Declined: true}
	t := offline.Tombstone{Side: offline.SideItem, Kind: now.Kind, Name: offline.ItemName(now.Kind, now.Now()), Record: l.Record, Item: *now, Text: "You took its tracking back; the record stays in the CRM", At: at}
	if l.Record == b.made {
		t.Deleted, t.Text = true, "You took its tracking back, so its record was deleted again in the CRM"
		c := offline.Change{Lane: lane(l.Record), Op: offline.OpDelete, Record: l.Record, Queued: at}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
	}
	if err := tx.PutTombstone(&t); err != nil { // so that the record does not come down as another item
		return err
	}
	return tx.DeleteItemLink(now.Key)
}

// bringBack makes an item anew that was deleted, and so its record. there: what is
// left of it is still here.
func (a *Agent) bringBack(tx *offline.Tx, b *itemBefore, there bool) error {
	it := b.item
	if !there {
		it.Key = 0
	}
	it.Gone, it.ETag = false, ""
	it.Edits = it.Now()
	if b.link != nil {
		it.Track = offline.Tracking{State: offline.Waiting, Since: a.Now().UTC(), Cause: offline.CauseUser, Regarding: b.item.Track.Regarding}
		if t, err := tx.TombstoneOf(b.link.Record); err == nil && !t.At.Before(b.at) {
			if err := tx.DropTombstone(t.ID); err != nil {
				return err
			}
		} else if ignoreMissing(err) != nil {
			return err
		}
	}
	if !there {
		if at, err := tx.ItemAt(it.Collection, it.Href); err == nil {
			return tx.UndecideItem(at.Key) // it is back by itself
		}
	}
	return errors.Join(tx.PutItem(&it), tx.UndecideItem(it.Key))
}
