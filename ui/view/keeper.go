package view

import (
	"postrider/agent"
	"postrider/offline"
)

// Keeper is the part of an Agent that keeps appointments, contacts and tasks in
// step with the CRM. What its methods do is on disk when they return; they may wait
// for that. The servers hear of it afterwards.
type Keeper interface {
	// BeforeItems remembers items as they are; the Undo brings them back to that,
	// as far as can be.
	BeforeItems(keys []uint64) (agent.Undo, error)
	// TrackItems links at most ItemsAtOnce items to records to be made, or to be
	// found, about a record unless that is zero (of a contact: its account).
	TrackItems(keys []uint64, about offline.Ref) error
	// UntrackItem breaks the link; deleteRecord also deletes the record, where
	// that may be (R-UNTRACK), not before Undo's time is over. kept says why it is
	// not deleted.
	UntrackItem(key uint64, deleteRecord bool) (kept string, err error)
	// SetItemRegarding gives the item another regarding, or a contact another
	// account, and tracks what is not tracked yet.
	SetItemRegarding(key uint64, to offline.Ref) error
	// EditItem changes these words; "" clears.
	EditItem(key uint64, words offline.Fields) error
	// NewItem makes an item in a collection.
	NewItem(kind offline.Kind, collection string, words offline.Fields) (uint64, error)
	// DeleteItem deletes an item.
	DeleteItem(key uint64) error
	// RetryItems tries again what a side refused.
	RetryItems(keys []uint64) error
}

// onItems does something to items, with the way back.
func (d *Desk) onItems(text string, keys []uint64, do func(Keeper) error) {
	k := d.env.keeper
	if k == nil || len(keys) == 0 {
		return
	}
	d.Deeds.run(text, func() (agent.Undo, error) {
		undo, err := k.BeforeItems(keys)
		if err != nil {
			return nil, err
		}
		return undo, do(k)
	})
}
