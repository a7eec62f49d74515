package view

import (
	"postrider/agent"
	"postrider/offline"
)

// Keeper is the part of an Agent that keeps appointments, contacts and tasks in
// step with the CRM. What its methods do is on disk when they return; they may wait
// for that. The servers hear of it afterwards.
type Keeper interface {
	// TrackItems links the items to records to be made, or to be found, about
	// regarding unless it is zero (of a contact: its account).
	TrackItems(keys []uint64, regarding offline.Ref) (agent.Undo, error)
	// UntrackItem breaks the link; deleteRecord also deletes the record, where
	// that may be (R-UNTRACK), not before Undo's time is over.
	UntrackItem(key uint64, deleteRecord bool) (agent.Undo, error)
	// SetItemRegarding gives the item another regarding, or a contact another account.
	SetItemRegarding(key uint64, to offline.Ref) (agent.Undo, error)
	// EditItem changes these words; "" clears.
	EditItem(key uint64, words offline.Fields) (agent.Undo, error)
	// NewItem makes an item in a collection.
	NewItem(kind offline.Kind, collection string, words offline.Fields) (uint64, error)
	// DeleteItem deletes an item.
	DeleteItem(key uint64) (agent.Undo, error)
}
