package offline

import (
	"fmt"
	"time"
)

// DraftState is how far a message that is written here has come.
type DraftState string

// The states of a draft, in the order in which it goes through them.
const (
	DraftEditing DraftState = "editing" // the user writes it
	DraftWaiting DraftState = "waiting" // in the outbox; can be cancelled
	DraftSending DraftState = "sending" // being handed to the mail server: whether it went is not known until it answers
	DraftSent    DraftState = "sent"    // the mail server has it; the copy in Sent, or the CRM, is still to be seen to
	DraftFailed  DraftState = "failed"  // refused; waits for the user
)

// Draft is a message that is written here, until it is sent and filed.
type Draft struct {
	ID    uint64     `json:"-"` // the store's own number, from 1, in order of entry
	State DraftState `json:"state"`

	From        Address     `json:"from,omitzero"`
	To          []Address   `json:"to,omitempty"`
	Cc          []Address   `json:"cc,omitempty"`
	Bcc         []Address   `json:"bcc,omitempty"`
	Subject     string      `json:"subject,omitempty"` // without token
	Text        string      `json:"text,omitempty"`    // plain text, \n line ends
	HTML        string      `json:"html,omitempty"`    // simple HTML beside Text; empty: plain text only
	Files       []DraftFile `json:"files,omitempty"`
	Answers     uint64      `json:"answers,omitempty"` // key of the message that it answers or forwards
	Forward     bool        `json:"forward,omitempty"`
	InReplyTo   string      `json:"irt,omitempty"`
	References  []string    `json:"refs,omitempty"`
	ThreadIndex string      `json:"ti,omitempty"` // of the message it answers; the reply's own is derived
	Track       bool        `json:"track,omitempty"`
	Regarding   Ref         `json:"regarding,omitzero"` // with Track
	Template    string      `json:"template,omitempty"` // id of the template it was begun with

	// From here on: set when the user presses Send, or by the agent.
	Identity  string    `json:"mid,omitempty"`   // Message-ID with <>, chosen and stored before the first attempt
	Token     string    `json:"token,omitempty"` // at the end of the subject that goes out
	Item      uint64    `json:"item,omitempty"`  // the message row made for it; its Body is what goes out
	Record    Ref       `json:"record,omitzero"` // the CRM's email that waited as Pending Send; zero: written here
	Saved     time.Time `json:"saved,omitzero"`
	Queued    time.Time `json:"queued,omitzero"`     // when Send was pressed
	NotBefore time.Time `json:"not_before,omitzero"` // waits for Undo, or for the next try
	Attempts  int       `json:"attempts,omitempty"`
	Handed    time.Time `json:"handed,omitzero"`  // in this attempt the mail server was given all of it; zero: not yet, so it can't have gone
	Doubt     bool      `json:"doubt,omitempty"`  // an attempt ended without an answer: it may have gone
	Looks     int       `json:"looks,omitempty"`  // how often Sent was searched for it
	Filed     bool      `json:"filed,omitempty"`  // its copy is in Sent
	Reason    string    `json:"reason,omitempty"` // for people
}

// DraftFile is an attachment: a file on this computer that is read when Send is
// pressed, or a part of a message of the mailbox.
type DraftFile struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"` // media type; empty: by the name
	Path string `json:"path,omitempty"`
	From uint64 `json:"from,omitempty"` // key of a message, whose attachment Part (from 0) it is
	Part int    `json:"part,omitempty"`
	Size int64  `json:"size,omitempty"`
}

// Envelope is who a message on its way out is from and to (RFC 5321), apart
// from what its header says.
type Envelope struct {
	From string
	To   []string // all recipients, each once, those of Bcc too
	Size int64    // bytes of the message
}

// PutDraft stores a draft; ID 0 assigns one.
func (tx *Tx) PutDraft(d *Draft) error {
	if err := tx.write(); err != nil {
		return err
	}
	if d.ID == 0 {
		id, err := tx.next(bDrafts)
		if err != nil {
			return err
		}
		d.ID = id
	}
	tx.notice.Drafts = true
	return tx.putJSON(bDrafts, key8(d.ID), d)
}

// Draft returns a draft, or ErrNotFound.
func (tx *Tx) Draft(id uint64) (d Draft, err error) {
	ok, err := tx.getJSON(bDrafts, key8(id), &d)
	if err == nil && !ok {
		err = fmt.Errorf("draft %d: %w", id, ErrNotFound)
	}
	d.ID = id
	return d, err
}

// Drafts returns all drafts in order of entry.
func (tx *Tx) Drafts() (all []Draft, err error) {
	tx.scan(bDrafts, nil, func(k, _ []byte) bool {
		var d Draft
		if d, err = tx.Draft(number(k)); err == nil {
			all = append(all, d)
		}
		return err == nil
	})
	return all, err
}

// DropDraft removes a draft, or gives ErrNotFound.
func (tx *Tx) DropDraft(id uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	if _, err := tx.Draft(id); err != nil {
		return err
	}
	tx.notice.Drafts = true
	return tx.del(bDrafts, key8(id))
}
