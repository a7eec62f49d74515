// Package view holds what the windows show, without a window: view models that
// read the offline store and turn it into texts, signs and rows.
//
// A model belongs to one goroutine, the interface's. It never waits there: what
// needs the disk or a network runs on a goroutine of its own and comes back
// through the Poster that the model was made with, once per result. A result that
// was overtaken by a newer question is dropped.
//
// Snapshots (Row, Preview, Panel, StatusLine, ...) are values that are never changed
// after they were handed out. Nothing in here knows a toolkit, and nothing in here
// decides about tracking: models ask an Agent to act and show what the store says.
package view

import (
	"context"

	"postrider/agent"
	"postrider/offline"
)

// Agent is what the interface asks to act. Its methods may be called from any
// goroutine; those that return an error may wait for the disk, FetchBody and
// Search also for a network, the others return at once.
type Agent interface {
	// Status is the latest snapshot.
	Status() agent.Status
	// Watch calls changed, on any goroutine, after Status became another one.
	// No call comes after stop returned.
	Watch(changed func()) (stop func())

	// Track links the messages to records to be made, about regarding unless it
	// is zero. It is on disk when it returns; the CRM hears of it afterwards.
	Track(keys []uint64, regarding offline.Ref) (agent.Undo, error)
	// SetRegarding gives tracked messages another regarding, and tracks those
	// that are not tracked yet.
	SetRegarding(keys []uint64, to offline.Ref) (agent.Undo, error)
	// Untrack breaks the links; deleteRecord also deletes the email records in
	// the CRM (R-UNTRACK-01), not before Undo's time is over.
	Untrack(keys []uint64, deleteRecord bool) (agent.Undo, error)
	// Retry tries failed messages again, now.
	Retry(keys []uint64) error
	// RetrySetAside reads set-aside items again, by their ids.
	RetrySetAside(ids []uint64) error

	// FetchBody brings the message's body into the store.
	FetchBody(ctx context.Context, key uint64) error
	// Recent are the records of these kinds that something was made about, the last one first.
	Recent(kinds []offline.Kind) ([]offline.Record, error)
	// Used notes that something was made about a record.
	Used(r offline.Ref) error
	// SearchHere finds active records that this computer knows, by the beginnings of
	// words of their name, address, company or number.
	SearchHere(text string, kinds []offline.Kind) ([]offline.Record, error)
	// Search is SearchHere, and then what the CRM adds; with an error where the CRM
	// can't be asked.
	Search(ctx context.Context, text string, kinds []offline.Kind) ([]offline.Record, error)

	SyncNow()
	SetPaused(paused bool)
}

// Poster runs f on the goroutine that owns the models, soon, in order.
type Poster func(f func())
