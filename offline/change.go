package offline

import (
	"bytes"
	"io"
	"time"
)

// ChangeOp is what a change does.
type ChangeOp string

// The operations that can wait in the queue.
const (
	OpCreateEmail  ChangeOp = "create-email"  // make the email record of Item, close it
	OpSetRegarding ChangeOp = "set-regarding" // give Record another regarding (or none)
	OpDelete       ChangeOp = "delete"        // delete Record
	OpCreateRecord ChangeOp = "create-record" // make Record, of Fields and Parent (contact, lead, opportunity, case)
	OpSetOptions   ChangeOp = "set-options"   // write Fields ("filter", "auto_create") to the user's own settings in the CRM
	OpSetMethods   ChangeOp = "set-methods"   // write Fields ("incoming", "outgoing": a Method) to the mailbox record Record
	OpMarkSent     ChangeOp = "mark-sent"     // Record was Pending Send and has been sent as Fields["identity"], with Fields["token"]
	OpMarkFailed   ChangeOp = "mark-failed"   // Record was Pending Send and could not be sent; Fields["reason"]
	OpKeyword      ChangeOp = "keyword"       // bring the keywords of Item in the mailbox in line with its state

	OpCreateItem ChangeOp = "create-item" // make Record of the appointment, contact or task Entry
	OpUpdateItem ChangeOp = "update-item" // write Fields, what changed, to Record, which Entry is linked with

	// Those to the user's calendars and address books.
	OpPutItem    ChangeOp = "put-item"    // write Entry to its collection, new or changed
	OpRemoveItem ChangeOp = "remove-item" // delete Entry from its collection
)

// Change is one write that still has to reach a server. Changes of one lane go
// in order, and a change that can't go holds up its own lane only.
type Change struct {
	ID   uint64   `json:"-"` // the store's own number, from 1, in order of entry
	Lane string   `json:"lane"`
	Op   ChangeOp `json:"op"`

	Item       uint64 `json:"item,omitempty"`  // key of the message
	Entry      uint64 `json:"entry,omitempty"` // key of the Item: the appointment, contact or task
	Record     Ref    `json:"record,omitzero"` // the record written; for a create, its chosen id
	Regarding  Ref    `json:"regarding,omitzero"`
	Correlated Ref    `json:"correlated,omitzero"` // the email that Item answers
	ETag       string `json:"etag,omitempty"`      // what the write is conditional on; empty with a create
	Parent     Ref    `json:"parent,omitzero"`     // with OpCreateRecord: a contact's account, a customer; with OpCreateEmail: the record made for its sender, which goes first
	Fields     Fields `json:"fields,omitempty"`    // by Postrider's own words

	// Agreed is, of a change of an appointment, contact or task, what both sides
	// agree on by word once it is done.
	Agreed Fields `json:"agreed,omitempty"`
	// Tried: it was given to the server, which may have done it.
	Tried bool `json:"tried,omitempty"`

	Queued    time.Time `json:"queued"`
	NotBefore time.Time `json:"not_before,omitzero"` // waits for Undo, or for the next try
	Attempts  int       `json:"attempts,omitempty"`
	Reason    string    `json:"reason,omitempty"` // why the last attempt failed, for people
	Parked    bool      `json:"parked,omitempty"` // refused for good; waits for the user to retry or drop
}

// Outcome is the server's answer to one change.
type Outcome struct {
	ETag    string   // of the record after the write, where the server said
	Existed bool     // a create found its own record: an earlier attempt had got through
	Notes   []string // what was left out, for people: "report.exe: this kind of file is blocked"
	Err     error    // nil: done. A *Fault where the server's answer could be classified
}

// Link ties an item to its record, with the values on which both last agreed.
type Link struct {
	Item   uint64    `json:"item"` // key of the message
	Record Ref       `json:"record"`
	ETag   string    `json:"etag,omitempty"`
	Base   Base      `json:"base"`
	At     time.Time `json:"at"`
}

// Base holds the field values on which item and record last agreed. For an
// email that is its regarding; appointments, contacts and tasks use Fields.
type Base struct {
	Regarding Ref    `json:"regarding,omitzero"`
	Fields    Fields `json:"fields,omitempty"`
}

// Activity is one line of the activity log: what was done, when, to what.
type Activity struct {
	ID     uint64    `json:"-"`
	At     time.Time `json:"at"`
	What   string    `json:"what"` // a code: "track", "untrack", "regarding", "set-aside", "problem", ...
	Item   uint64    `json:"item,omitempty"`
	Record Ref       `json:"record,omitzero"`
	Text   string    `json:"text"` // for people
}

// OutgoingEmail is an email record to be made: what an adapter needs to write
// it, and nothing of any protocol.
type OutgoingEmail struct {
	Ref         Ref // its id, chosen and stored before the first attempt
	Identity    string
	Subject     string
	Token       string // the tracking token of its subject, if it bears one
	HTML        string // sanitised; empty: none
	Outgoing    bool   // the user sent it: closed as Sent, otherwise as Received
	When        time.Time
	Parties     []Party
	Regarding   Ref
	Correlated  Ref // the email record it answers, where one was found
	Attachments []Attachment
	Notes       []string
}

// Attachment is a part of a message that travels as a file. Its content is
// Data, or where Open is set what that gives, of Size bytes: so that a large
// one need not be in memory as a whole.
type Attachment struct {
	Name      string
	Type      string // media type
	ContentID string // without <>; empty: not inline
	Data      []byte
	// Open gives the content from its beginning, at each call anew. It may be
	// called by any goroutine; whoever calls it closes what it gives.
	Open func() (io.ReadCloser, error)
	Size int64 // with Open
}

// Len is how many bytes the content has.
func (a Attachment) Len() int64 {
	if a.Open != nil {
		return a.Size
	}
	return int64(len(a.Data))
}

// Reader gives the content, wherever it is.
func (a Attachment) Reader() (io.ReadCloser, error) {
	if a.Open != nil {
		return a.Open()
	}
	return io.NopCloser(bytes.NewReader(a.Data)), nil
}

// Write is one change made ready for an adapter to carry out.
type Write struct {
	Change Change
	Email  *OutgoingEmail // with OpCreateEmail
	Item   *OutgoingItem  // with OpCreateItem and OpUpdateItem
}

// Counts are the messages of the mailbox by state. Seen is the sum of the
// others.
type Counts struct {
	Seen    int `json:"seen"`
	Tracked int `json:"tracked"`
	Skipped int `json:"skipped"` // decided: not tracked
	Failed  int `json:"failed"`  // tracking failed for good, or set aside
	Waiting int `json:"waiting"` // to be tracked, or not decided yet
}
