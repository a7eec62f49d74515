package view

import (
	"context"

	"postrider/agent"
	"postrider/agent/book"
	"postrider/offline"
)

// Writer is the part of an Agent that sees to messages which are written here.
// Its methods may be called from any goroutine and may wait for the disk; NewDraft
// also for the network, where the text of what is answered is not here yet.
type Writer interface {
	NewDraft(ctx context.Context, kind agent.DraftKind, key uint64, about offline.Ref) (offline.Draft, error)
	// SaveDraft stores the draft and gives it an id, if it has none.
	SaveDraft(d *offline.Draft) error
	DiscardDraft(id uint64) error
	// CheckDraft says what must be, and what should be, looked at before sending.
	CheckDraft(d offline.Draft) []agent.Concern
	// Send puts the draft into the outbox, where it waits until it can't be undone any more.
	Send(id uint64) (agent.Undo, error)
	// CancelSend makes a draft of what waits or failed. RetrySend sends it again.
	CancelSend(id uint64) error
	RetrySend(id uint64) error
	// ConfirmSent says of what may have gone that it went.
	ConfirmSent(id uint64) error
}

// Templater is the part of an Agent that knows the organization's email templates.
type Templater interface {
	Templates(ctx context.Context) ([]offline.Template, error)
	FillTemplate(ctx context.Context, t offline.Template, about offline.Ref) (offline.Filled, error)
}

// Booker is the part of an Agent that has the address book. Looking something up
// there costs no time to speak of.
type Booker interface{ Book() *book.Book }

// Self is the part of an Agent that knows who the user is to the CRM, and who
// moves their mail.
type Self interface {
	User() offline.User
	SetMethods(in, out offline.Method) error
}

// abilities are those that an agent may have beside what every one has; nil
// where it has none.
type abilities struct {
	writer    Writer
	templates Templater
	books     Booker
	self      Self
	crmSender CRMSender

	ruler      Ruler
	foreteller Foreteller
	folders    FolderTracker
	kinds      Kinder
	pager      Pager
	picker     Picker
	converter  Converter

	keeper     Keeper
	settler    Settler
	arranger   Arranger
	introducer Introducer
	filterer   Filterer
}

// Pager is the part of an Agent that knows where records are shown in a browser.
type Pager interface {
	// RecordURL is the address of a record's page, "" where it has none.
	RecordURL(r offline.Ref) string
}

// PageOf is the address of a record's page in the CRM; "" where it has none
// (R-REGARDING-09).
func (d *Desk) PageOf(r offline.Ref) string {
	if d.env.pager == nil || r.IsZero() {
		return ""
	}
	return d.env.pager.RecordURL(r)
}

// Kinder is the part of an Agent that knows of what kinds the records are that
// emails can be about.
type Kinder interface{ RegardingKinds() []offline.Table }

func abilitiesOf(a Agent) (p abilities) {
	p.writer, _ = a.(Writer)
	p.templates, _ = a.(Templater)
	p.books, _ = a.(Booker)
	p.self, _ = a.(Self)
	p.crmSender, _ = a.(CRMSender)
	p.ruler, _ = a.(Ruler)
	p.foreteller, _ = a.(Foreteller)
	p.folders, _ = a.(FolderTracker)
	p.kinds, _ = a.(Kinder)
	p.pager, _ = a.(Pager)
	p.picker, _ = a.(Picker)
	p.converter, _ = a.(Converter)
	p.keeper, _ = a.(Keeper)
	p.settler, _ = a.(Settler)
	p.arranger, _ = a.(Arranger)
	p.introducer, _ = a.(Introducer)
	p.filterer, _ = a.(Filterer)
	return p
}

// book is the address book, or nil.
func (e *env) book() *book.Book {
	if e.books == nil {
		return nil
	}
	return e.books.Book()
}

// options are the organization's and the user's settings, as far as they are known.
func (e *env) options() offline.Options {
	if e.self == nil {
		return offline.Options{}
	}
	return e.self.User().Options
}

// tables are the kinds of record that a message can be about; nil: the standard ones.
func (e *env) tables() []offline.Table {
	if e.kinds == nil {
		return nil
	}
	return e.kinds.RegardingKinds()
}
