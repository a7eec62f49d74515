package agent

import (
	"context"
	"time"

	"postrider/offline"
)

// Directory is an account with the user's calendars, task lists and address
// books. Its methods are called from one goroutine at a time, except Requests.
// All of them return soon after ctx ends. Errors carry an *offline.Fault.
type Directory interface {
	// Collections lists what there is: what a server says of each, and none of
	// what the user chose.
	Collections(ctx context.Context) ([]offline.Collection, error)

	// Pull finds what changed in c since c.Cursor and hands it over in batches; a
	// batch is over when emit returned nil, and its Cursor covers what was
	// emitted up to then. have are the ETags by href of what is in the store.
	// Where the cursor does not suffice, the deltas are those of a full listing
	// (Reset). Pull may be cut anywhere and called again with what was stored.
	Pull(ctx context.Context, c offline.Collection, have map[string]string, emit func(offline.ItemDelta) error) error

	// Get reads resources. One that the server says is not there is left out.
	Get(ctx context.Context, c offline.Collection, hrefs []string) ([]offline.Item, error)

	// Put writes it.Raw to it.Href, on condition that the server has it.ETag, or
	// where that is empty that nothing is there. It returns the item as the
	// server has it now (Href, ETag, Raw), which may not be what was written.
	// FaultStale: it has changed since. FaultExists: there is something already.
	// FaultNotFound: it is no longer there.
	Put(ctx context.Context, c offline.Collection, it offline.Item) (offline.Item, error)

	// PutAll writes items of a collection as Put does, several at a time, and says
	// of each what came of it, in their order.
	PutAll(ctx context.Context, c offline.Collection, items []offline.Item) []offline.Written

	// Delete removes it.Href on condition that the server has it.ETag.
	// FaultNotFound: it was not there.
	Delete(ctx context.Context, c offline.Collection, it offline.Item) error

	// Requests counts the requests so far, and those of them that write.
	Requests() (all, writes int64)
}

// Account is a Directory with the name that it goes by ("calendar", "people") and
// what is looked for in it.
type Account struct {
	Name string
	// Place is where it is, and whose: with another one, what is there is listed anew.
	Place     string
	Kinds     []offline.Kind // of offline.ItemKinds
	Directory Directory
}

// ItemCRM is the part of a CRM that knows which appointments, tasks and contacts
// are the user's. CRM's Pull and Push carry the records themselves: Pull fills
// Record.Item for the kinds appointment, series, task and contact. Safe for use
// by several goroutines; errors as CRM's.
type ItemCRM interface {
	// Filters are the user's and the organization's filters (R-FILTER-04).
	Filters(ctx context.Context) ([]offline.SyncFilter, error)

	// Members are, for each of these kinds, the ids of all records that those of
	// the filters that are active let in: their union (R-FILTER-05). A kind
	// without an active filter has none.
	Members(ctx context.Context, filters []offline.SyncFilter, kinds []offline.Kind) ([]offline.Members, error)

	// Lookup reads records whole, as Pull would give them. One that is not there
	// is left out.
	Lookup(ctx context.Context, refs []offline.Ref) ([]offline.Record, error)

	// FieldLimits are the longest texts that the organization's CRM takes.
	FieldLimits(ctx context.Context) (offline.FieldLimits, error)
}

// FilterKeeper is an ItemCRM in which the user's filters can be changed
// (R-FILTER-06).
type FilterKeeper interface {
	// DefaultFilters are those that the organization gives to new users, and that
	// FilterReset brings back (R-FILTER-08). They have no ID.
	DefaultFilters(ctx context.Context) ([]offline.SyncFilter, error)

	// ChangeFilter makes a change of the user's filters in the CRM. A new filter's
	// ID is given, so that a repeat makes no second one.
	ChangeFilter(ctx context.Context, c offline.FilterChange) error

	// Criteria are what a filter asks, in words; ok is false where it asks more
	// than they can say. FilterQuery is the query of a filter that asks this; its
	// errors are for people. Neither asks the CRM.
	Criteria(f offline.SyncFilter) (c offline.Criteria, ok bool)
	FilterQuery(k offline.Kind, c offline.Criteria) (string, error)
}

// ItemText reads and writes the texts of items (iCalendar, vCard). Pure.
type ItemText interface {
	// Read never fails: what it can't read is left out of the fields.
	Read(kind offline.Kind, raw []byte, zone *time.Location) ItemInfo

	// Edit changes, in raw, the lines of these words (and no other byte) and the
	// mark; raw nil: a new item of that UID.
	Edit(kind offline.Kind, raw []byte, uid string, words offline.Fields, mark offline.Mark, zone *time.Location) ([]byte, error)
}

// ItemInfo is what a text says.
type ItemInfo struct {
	Fields  offline.Fields
	UID     string
	Mark    offline.Mark
	Problem string // why it can't be carried as it is, for people; empty: it can
	// Changed is when it was changed last, as it says itself; zero: it does not say.
	Changed time.Time
}
