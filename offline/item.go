package offline

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// KindSeries is a recurring appointment's record. The item of a series is of
// KindAppointment: it is one resource of a calendar, as any other appointment.
const KindSeries Kind = "series"

// ItemKinds are the kinds of items of a user's calendars, task lists and address
// books.
var ItemKinds = [...]Kind{KindAppointment, KindContact, KindTask}

// ItemKind is the kind of the item that a record of kind k has; ok is false where
// such records have none.
func ItemKind(k Kind) (kind Kind, ok bool) {
	switch k {
	case KindSeries:
		return KindAppointment, true
	case KindAppointment, KindContact, KindTask:
		return k, true
	}
	return "", false
}

// Item is an appointment, contact or task of the user's calendars, task lists
// and address books: one resource of a CalDAV or CardDAV server (RFC 4791
// section 4.1, RFC 6352 section 5.1).
type Item struct {
	Key        uint64 `json:"-"`    // the store's own number, from 1; 0: not stored yet
	Collection string `json:"coll"` // Collection.URL
	Href       string `json:"href"` // path of the resource, as the server writes it
	ETag       string `json:"etag,omitempty"`
	Kind       Kind   `json:"kind"` // KindAppointment, KindContact, KindTask
	UID        string `json:"uid,omitempty"`
	Raw        []byte `json:"raw,omitempty"` // the text as the server gave it, byte for byte
	// Fields are the neutral form of Raw: words and canonical texts that are the
	// same on both sides, so that they can be compared and merged.
	Fields Fields `json:"fields,omitempty"`
	Mark   Mark   `json:"mark,omitzero"` // who linked it, as written in the item itself
	// Changed is when it was last seen to change, UTC.
	Changed time.Time `json:"changed,omitzero"`
	// Gone: the server said that it is no longer there, while a link still holds
	// it; what becomes of that is waited for.
	Gone bool `json:"gone,omitempty"`
	// Problem is why it can't be carried as it is, for people: it can't be read,
	// or it has what the CRM can't express.
	Problem string `json:"problem,omitempty"`
	// Edits are values by word that the user gave in Postrider (or chose in a
	// conflict) and that the server does not have yet.
	Edits Fields `json:"edits,omitempty"`
	// Seen are, for the words of Edits, what the server had when the user wrote them.
	Seen Fields `json:"seen,omitempty"`

	Track Tracking `json:"track"`
}

// Now is the item as the user means it: Fields with Edits over them.
func (it *Item) Now() Fields {
	if len(it.Edits) == 0 {
		return it.Fields
	}
	f := maps.Clone(it.Fields)
	if f == nil {
		f = Fields{}
	}
	for w, v := range it.Edits {
		if f[w] = v; v == "" {
			delete(f, w)
		}
	}
	return f
}

// ItemLink ties an item to its record, with the values on which both last agreed.
type ItemLink struct {
	Item   uint64 `json:"item"`
	Record Ref    `json:"record"`
	ETag   string `json:"etag,omitempty"` // of the record, as it was when both agreed
	Base   Fields `json:"base,omitempty"` // what both last agreed on, as the package that merges keeps it
	// Given and Kept are, by word, what the server of the user's calendars was
	// given, and the text that it keeps instead: for as long as it says Kept, the
	// item means Given.
	Given Fields    `json:"given,omitempty"`
	Kept  Fields    `json:"kept,omitempty"`
	At    time.Time `json:"at"`
	// Gone: the CRM said that the record was deleted; what becomes of that is
	// waited for.
	Gone bool `json:"gone,omitempty"`
	// Marked: the mark was written on the item. A server that drops it is not
	// given it again and again.
	Marked bool `json:"marked,omitempty"`
	// Owned: the record was the user's when it was last looked at.
	Owned bool `json:"owned,omitempty"`
	// Closed: the record was completed or canceled then.
	Closed bool `json:"closed,omitempty"`
	// Member: the user's filters let the record in when that was last looked at.
	Member bool `json:"member,omitempty"`
}

// Mark is a link as it stands on the item itself (the properties X-POSTRIDER-ORG
// and X-POSTRIDER-RECORD), so that a Postrider that knows nothing recognises the
// pair. The zero Mark: there is none.
type Mark struct {
	Org    string `json:"org,omitempty"` // the organization's id
	Record Ref    `json:"rec,omitzero"`
}

// Collection is one calendar, task list or address book.
type Collection struct {
	URL      string           `json:"url"`               // absolute, with its slash at the end
	Account  string           `json:"account,omitempty"` // which of the configured accounts it belongs to: "calendar", "people"
	Name     string           `json:"name,omitempty"`
	Color    string           `json:"color,omitempty"` // #rrggbb, empty where the server has none
	Kinds    []Kind           `json:"kinds,omitempty"` // what it can hold
	ReadOnly bool             `json:"read_only,omitempty"`
	Missing  bool             `json:"missing,omitempty"` // no longer listed by the server
	Cursor   CollectionCursor `json:"cursor,omitzero"`

	// What the user chose.
	Off   bool `json:"off,omitempty"`   // it is left alone
	Track bool `json:"track,omitempty"` // everything in it is tracked
	Home  bool `json:"home,omitempty"`  // what comes from the CRM is put here (of its kinds)
}

// Holds tells whether the collection can hold items of a kind.
func (c Collection) Holds(k Kind) bool { return slices.Contains(c.Kinds, k) }

// HomeOf is the collection of these into which is put what comes from the CRM, and
// what is new, of a kind: the one that the user chose, or else the first that can be
// written to.
func HomeOf(all []Collection, k Kind) (home Collection, ok bool) {
	for _, c := range all {
		if !c.Holds(k) || c.ReadOnly || c.Missing || c.Off || ok && !c.Home {
			continue
		}
		if home, ok = c, true; c.Home {
			break
		}
	}
	return home, ok
}

// CollectionCursor says how far a collection has been read. The zero cursor:
// nothing.
type CollectionCursor struct {
	SyncToken string    `json:"token,omitempty"` // RFC 6578, opaque
	CTag      string    `json:"ctag,omitempty"`  // where there are no sync tokens, opaque
	At        time.Time `json:"at,omitzero"`     // last good answer
}

// Written is what came of one of several writes: the item as its server has it now,
// or the error, and then the item as far as that is known.
type Written struct {
	Item Item
	Err  error
}

// ItemDelta is one batch of what changed in a collection. Store it, and Cursor
// with it, in one transaction.
type ItemDelta struct {
	Changed []Item   // new or changed: Collection, Href, ETag, Raw and Kind are filled
	Gone    []string // hrefs that the server says are no longer there, never by absence
	Broken  []BrokenItem
	// Reset: what follows is a full listing; what does not come again is gone.
	// Takes effect with Final.
	Reset  bool
	Same   []string // with Reset: hrefs that are there, unchanged
	Final  bool     // the last batch
	Cursor CollectionCursor
}

// BrokenItem is one resource that could not be read, while the rest could.
type BrokenItem struct {
	Href   string
	Reason string // for people
}

// RecordItem is the neutral form of an appointment, series, task or contact of
// the CRM, in the words of Item.Fields.
type RecordItem struct {
	Fields    Fields      `json:"fields,omitempty"`
	State     RecordState `json:"state,omitempty"`
	Organizer Ref         `json:"organizer,omitzero"` // appointments: who organizes, where that is a record
	// GlobalID is the UID of the item it was made from or belongs to (of an
	// appointment), empty where there is none.
	GlobalID string `json:"uid,omitempty"`
	// Series is the series that an occurrence belongs to; occurrences are no
	// items of their own.
	Series Ref `json:"series,omitzero"`
}

// RecordState is the state of an activity, or of a contact.
type RecordState string

// The states. Only what is open is kept in step in full: what is completed or
// canceled is read-only in the CRM (R-TRACK-22).
const (
	RecordOpen      RecordState = "open"
	RecordCompleted RecordState = "completed"
	RecordCanceled  RecordState = "canceled"
)

// OutgoingItem is an appointment, series, task or contact on its way to the CRM:
// what an adapter needs to write it, and nothing of any protocol.
type OutgoingItem struct {
	Ref       Ref    // with OpCreateItem its id, chosen and stored before the first attempt
	Fields    Fields // with OpCreateItem all that is filled; with OpUpdateItem only what changed, "" clears
	Whole     Fields // with OpUpdateItem: all that is filled, for columns that are made of several words
	Parties   []Party
	Regarding Ref // an activity's regarding, a contact's parent; zero: none
	GlobalID  string
}

// The roles of the people of appointments, beside those of emails.
const (
	RoleOrganizer PartyRole = "organizer"
	RoleRequired  PartyRole = "required"
	RoleOptional  PartyRole = "optional"
)

// Side is one of the two sides that are kept in step.
type Side string

// The sides.
const (
	SideItem   Side = "item"   // the user's calendars, task lists and address books
	SideRecord Side = "record" // the CRM
)

// Conflict is one field that both sides changed differently since they last
// agreed. The value that lost is kept here, and can be taken after all.
type Conflict struct {
	ID     uint64    `json:"-"` // the store's own number, from 1
	Item   uint64    `json:"item"`
	Record Ref       `json:"record"`
	Name   string    `json:"name,omitempty"` // of the item, for people
	Word   string    `json:"word"`           // the field
	Base   string    `json:"base,omitempty"`
	Mine   string    `json:"mine,omitempty"`   // the item's value
	Theirs string    `json:"theirs,omitempty"` // the record's value
	Winner Side      `json:"winner,omitempty"` // whose value both sides have now; empty: the user is asked, and both keep their own
	At     time.Time `json:"at"`
}

// HeldDeletion is a deletion that waits for the user, because many things seem
// to have vanished at once on one side.
type HeldDeletion struct {
	ID     uint64    `json:"-"`
	Side   Side      `json:"side"` // where it vanished
	Kind   Kind      `json:"kind"`
	Item   uint64    `json:"item"`
	Record Ref       `json:"record"`
	Name   string    `json:"name,omitempty"` // for people
	At     time.Time `json:"at"`
}

// Tombstone is what is kept of an item or record whose other half was deleted:
// it is shown, and it can be undone.
type Tombstone struct {
	ID     uint64 `json:"-"`
	Side   Side   `json:"side"` // where the user, or somebody, deleted it
	Kind   Kind   `json:"kind"`
	Name   string `json:"name,omitempty"` // for people
	Record Ref    `json:"record,omitzero"`
	// Item is the item as it last was, to make it anew from; its Key is the one
	// it had.
	Item Item `json:"item"`
	// Whole is the record as it last was, to make it anew from.
	Whole *Record   `json:"whole,omitempty"`
	Text  string    `json:"text"` // what was done about it, for people
	At    time.Time `json:"at"`
	// Deleted: the other half was deleted, too. Otherwise it was kept, unlinked.
	Deleted bool `json:"deleted,omitempty"`
}

// FieldLimits are the longest texts that the CRM takes, in characters, by kind
// and word.
type FieldLimits map[Kind]map[string]int

// Categories by which any calendar or contacts program asks for tracking, and
// sees it done. Case and surrounding spaces don't matter.
const (
	CategoryTrack   = "Track in CRM"
	CategoryTracked = "Tracked in CRM"
)

// Names of the words of neutral forms that code speaks of. What the others mean
// is said by the field tables of the package that merges.
const (
	WordRegarding  = "regarding"  // Ref.String
	WordCategories = "categories" // one a line, sorted; never goes to the CRM
	WordPrivate    = "private"    // "1"
	WordSubject    = "subject"
	WordTime       = "time"
	WordZone       = "zone"
	WordOrganizer  = "organizer"
	WordRequired   = "required"
	WordOptional   = "optional"
	WordRecurrence = "recurrence"
	WordParent     = "parent" // Ref.String
	WordStatus     = "status"
	WordShow       = "show"
)

// ItemName is what people call an item or record with these fields.
func ItemName(kind Kind, f Fields) string {
	if kind != KindContact {
		return f[WordSubject]
	}
	var parts []string
	for _, w := range [...]string{"prefix", "first", "middle", "last"} {
		if f[w] != "" {
			parts = append(parts, f[w])
		}
	}
	for _, w := range [...]string{"nickname", "company", "email1"} {
		if len(parts) == 0 && f[w] != "" {
			parts = append(parts, f[w])
		}
	}
	return strings.Join(parts, " ")
}
