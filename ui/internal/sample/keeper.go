package sample

import (
	"fmt"
	"maps"
	"strings"

	"postrider/agent"
	"postrider/offline"
)

// changeItem changes items.
func (a *Agent) changeItem(name string, keys []uint64, set func(*offline.Item)) error {
	if a.Gate != nil {
		a.Gate(name)
	}
	if err := a.note(name); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for _, k := range keys {
			it, err := tx.Item(k)
			if err != nil {
				return err
			}
			set(&it)
			if err := tx.PutItem(&it); err != nil {
				return err
			}
		}
		return nil
	})
}

// BeforeItems remembers items.
func (a *Agent) BeforeItems(keys []uint64) (agent.Undo, error) {
	var was []offline.Item
	err := a.Store.View(func(tx *offline.Tx) error {
		for _, k := range keys {
			it, err := tx.Item(k)
			if err != nil {
				return err
			}
			was = append(was, it)
		}
		return nil
	})
	return func() error {
		return a.Store.Update(func(tx *offline.Tx) error {
			for _, it := range was {
				if _, err := tx.Item(it.Key); err != nil {
					it.Key = 0
				}
				if err := tx.PutItem(&it); err != nil {
					return err
				}
			}
			return nil
		})
	}, err
}

func waits(it *offline.Item, about offline.Ref) {
	it.Track = offline.Tracking{State: offline.Waiting, Cause: offline.CauseUser, Since: Now()}
	if !about.IsZero() {
		regard(it, about.String())
	}
}

// regard says what an item is about.
func regard(it *offline.Item, about string) {
	word := offline.WordRegarding
	if it.Kind == offline.KindContact {
		word = offline.WordParent
	}
	it.Fields = maps.Clone(it.Fields)
	it.Fields[word] = about
}

// TrackItems makes the items wait.
func (a *Agent) TrackItems(keys []uint64, about offline.Ref) error {
	return a.changeItem(strings.TrimSpace(fmt.Sprintf("track %d items %s", len(keys), about)), keys, func(it *offline.Item) { waits(it, about) })
}

// UntrackItem unlinks.
func (a *Agent) UntrackItem(key uint64, deleteRecord bool) (string, error) {
	name := "untrack item"
	if deleteRecord {
		name += " and delete"
	}
	return "", a.changeItem(name, []uint64{key}, func(it *offline.Item) {
		it.Track = offline.Tracking{State: offline.Untracked, Declined: true, Since: Now()}
	})
}

// SetItemRegarding makes the item wait with that regarding.
func (a *Agent) SetItemRegarding(key uint64, to offline.Ref) error {
	return a.changeItem("item regarding "+to.String(), []uint64{key}, func(it *offline.Item) {
		if to.IsZero() {
			regard(it, "")
			return
		}
		waits(it, to)
	})
}

// EditItem edits.
func (a *Agent) EditItem(key uint64, words offline.Fields) error {
	return a.changeItem("edit item", []uint64{key}, func(it *offline.Item) {
		edits := maps.Clone(it.Edits)
		if edits == nil {
			edits = offline.Fields{}
		}
		maps.Copy(edits, words)
		it.Edits = edits
	})
}

// RetryItems makes what failed wait.
func (a *Agent) RetryItems(keys []uint64) error {
	return a.changeItem("retry items", keys, func(it *offline.Item) { it.Track.State, it.Track.Reason = offline.Waiting, "" })
}

// NewItem makes an item.
func (a *Agent) NewItem(kind offline.Kind, collection string, words offline.Fields) (uint64, error) {
	if err := a.note("new " + string(kind)); err != nil {
		return 0, err
	}
	it := offline.Item{Collection: collection, Kind: kind, Fields: words}
	err := a.Store.Update(func(tx *offline.Tx) error {
		it.Href = fmt.Sprintf("/new-%d", len(tx.ItemKeys(collection)))
		return tx.PutItem(&it)
	})
	return it.Key, err
}

// DeleteItem deletes an item.
func (a *Agent) DeleteItem(key uint64) error {
	if err := a.note("delete item"); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DeleteItem(key) })
}

// ResolveConflict settles a conflict.
func (a *Agent) ResolveConflict(id uint64, side offline.Side) error {
	if err := a.note("resolve for " + string(side)); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DropConflict(id) })
}

func (a *Agent) dropHeld(name string, ids []uint64) error {
	if err := a.note(fmt.Sprintf("%s %d deletions", name, len(ids))); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for _, id := range ids {
			if err := tx.DropHeldDeletion(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// ConfirmDeletions carries deletions over.
func (a *Agent) ConfirmDeletions(ids []uint64) error { return a.dropHeld("confirm", ids) }

// RejectDeletions brings back.
func (a *Agent) RejectDeletions(ids []uint64) error { return a.dropHeld("reject", ids) }

// UndoTombstone brings back.
func (a *Agent) UndoTombstone(id uint64) error {
	if err := a.note("undo tombstone"); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DropTombstone(id) })
}

func (a *Agent) changePlace(name, url string, set func(*offline.Collection)) error {
	if err := a.note(name); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		c, err := tx.Collection(url)
		if err != nil {
			return err
		}
		set(&c)
		return tx.PutCollection(c)
	})
}

// LeaveCollection leaves it alone.
func (a *Agent) LeaveCollection(url string, off bool) error {
	return a.changePlace(fmt.Sprintf("leave %v", off), url, func(c *offline.Collection) { c.Off = off })
}

// TrackCollection tracks all in it.
func (a *Agent) TrackCollection(url string, on bool) error {
	return a.changePlace(fmt.Sprintf("track all %v", on), url, func(c *offline.Collection) { c.Track = on })
}

// HomeCollection puts there what comes from the CRM.
func (a *Agent) HomeCollection(url string) error {
	return a.changePlace("home", url, func(c *offline.Collection) { c.Home = true })
}

// PreviewCollection is what is not tracked there.
func (a *Agent) PreviewCollection(url string) (names []string, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		for _, k := range tx.ItemKeys(url) {
			it, err := tx.Item(k)
			if err != nil {
				return err
			}
			if it.Track.State == offline.Untracked && it.Fields[offline.WordPrivate] == "" {
				names = append(names, offline.ItemName(it.Kind, it.Fields))
			}
		}
		return nil
	})
	return names, err
}
