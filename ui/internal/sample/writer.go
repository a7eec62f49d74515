package sample

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/book"
	"postrider/agent/compose"
	"postrider/offline"
)

// me is whose mailbox the sample is.
var me = offline.Address{Name: "Ann Becker", Addr: "ann.becker@postrider.example"}

func user() offline.User {
	return offline.User{
		ID: ref(offline.KindUser, 1).ID, Name: me.Name, Address: me.Addr,
		Options: offline.Options{
			Filter: "replies", TokenPrefixes: []string{"CRM:"}, TokenDigits: 7, TokenUserDigits: 3, TokenUser: 1,
			MaxAttachment: 5 << 20, Blocked: []string{"exe", "bat"},
			Methods: offline.Methods{Mailbox: "m1", Incoming: offline.MethodClient, Outgoing: offline.MethodClient},
		},
	}
}

func (a *Agent) fillBook() {
	a.book = book.New()
	var recs []offline.Record
	_ = a.Store.View(func(tx *offline.Tx) error {
		for _, k := range []offline.Kind{offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindUser} {
			_ = tx.Records(k, func(r offline.Record) bool { recs = append(recs, r); return true })
		}
		return nil
	})
	written := []book.Written{{Address: offline.Address{Name: "Jana Nováková", Addr: "jana.novakova@moravia-tools.example"}, At: Now().Add(-time.Hour)}}
	a.book.Reset(book.Scope{Reach: offline.BookScope{Others: offline.BookAll}}, slices.Values(recs), written)
}

// Book is the address book of the sample's people.
func (a *Agent) Book() *book.Book { return a.book }

// User is Ann.
func (a *Agent) User() offline.User {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.user
}

// SetUser changes what the CRM says of Ann.
func (a *Agent) SetUser(change func(*offline.User)) {
	a.mu.Lock()
	change(&a.user)
	a.mu.Unlock()
	a.Set(func(*agent.Status) {})
}

// SetMethods changes who moves Ann's mail.
func (a *Agent) SetMethods(in, out offline.Method) error {
	if err := a.note(fmt.Sprintf("methods %s %s", in, out)); err != nil {
		return err
	}
	a.SetUser(func(u *offline.User) {
		if in != "" {
			u.Options.Methods.Incoming = in
		}
		if out != "" {
			u.Options.Methods.Outgoing = out
		}
	})
	return nil
}

// NewDraft begins a message.
func (a *Agent) NewDraft(_ context.Context, kind agent.DraftKind, key uint64, about offline.Ref) (offline.Draft, error) {
	if err := a.note("draft " + string(kind)); err != nil {
		return offline.Draft{}, err
	}
	d := offline.Draft{From: me, Regarding: about, Track: !about.IsZero()}
	if key == 0 {
		return d, nil
	}
	var m offline.Message
	err := a.Store.View(func(tx *offline.Tx) (err error) {
		m, err = tx.Message(key)
		return err
	})
	if err != nil {
		return d, err
	}
	o := compose.Original{Message: m, Text: "Dear Ann,\n\nthank you for the offer of 19 November. We have gone through it with production and have three questions before we can order.\n\nKind regards\nJana Nováková"}
	own := func(s string) bool { return s == me.Addr }
	switch kind {
	case agent.DraftForward:
		o.Files, o.Sizes = []offline.Attachment{{Name: "Offer 2026-118.pdf", Type: "application/pdf"}, {Name: "terms.docx"}}, []int64{1_840_000, 44_000}
		d = compose.Forward(o)
	default:
		d = compose.Reply(o, own, kind == agent.DraftReplyAll)
	}
	d.Text = compose.Sign(d.Text, a.Signature)
	d.From = me
	d.Regarding = m.Track.Regarding
	if !about.IsZero() {
		d.Regarding = about
	}
	d.Track = m.Track.State == offline.Tracked || m.Track.State == offline.Waiting || !about.IsZero()
	return d, nil
}

// SaveDraft stores it.
func (a *Agent) SaveDraft(d *offline.Draft) error {
	if err := a.note("save"); err != nil {
		return err
	}
	d.State, d.Saved = offline.DraftEditing, Now()
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutDraft(d) })
}

// DiscardDraft forgets it.
func (a *Agent) DiscardDraft(id uint64) error {
	if err := a.note("discard"); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DropDraft(id) })
}

// CheckDraft finds a missing recipient and a missing subject.
func (a *Agent) CheckDraft(d offline.Draft) []agent.Concern {
	a.mu.Lock()
	out := slices.Clone(a.Concerns)
	a.mu.Unlock()
	if len(d.To)+len(d.Cc)+len(d.Bcc) == 0 {
		out = append(out, agent.Concern{Stops: true, Text: "Nobody is named who is to get it."})
	}
	if strings.TrimSpace(d.Subject) == "" {
		out = append(out, agent.Concern{Text: "It has no subject."})
	}
	return out
}

func (a *Agent) changeDraft(name string, id uint64, change func(*offline.Draft)) error {
	if err := a.note(name); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		change(&d)
		return tx.PutDraft(&d)
	})
}

// Send puts it into the outbox, where it stays.
func (a *Agent) Send(id uint64) (agent.Undo, error) {
	err := a.changeDraft("send", id, func(d *offline.Draft) {
		d.State, d.Queued, d.NotBefore = offline.DraftWaiting, Now(), Now().Add(10*time.Second)
	})
	return func() error { return a.CancelSend(id) }, err
}

// CancelSend makes it a draft again.
func (a *Agent) CancelSend(id uint64) error {
	return a.changeDraft("cancel", id, func(d *offline.Draft) {
		d.State, d.Queued, d.NotBefore = offline.DraftEditing, time.Time{}, time.Time{}
	})
}

// RetrySend makes it wait again.
func (a *Agent) RetrySend(id uint64) error {
	return a.changeDraft("resend", id, func(d *offline.Draft) { d.State, d.Doubt, d.Reason = offline.DraftWaiting, false, "" })
}

// ConfirmSent takes it away.
func (a *Agent) ConfirmSent(id uint64) error {
	if err := a.note("went"); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.DropDraft(id) })
}

// CRMMail reports whether mail of the CRM is sent from here.
func (a *Agent) CRMMail() (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crmMail, nil
}

// SetCRMMail allows it.
func (a *Agent) SetCRMMail(on bool) error {
	a.mu.Lock()
	a.crmMail = on
	a.mu.Unlock()
	return a.note("crm mail")
}

// Templates are three of the organization's and one of Ann's own.
func (a *Agent) Templates(context.Context) ([]offline.Template, error) {
	return []offline.Template{
		{ID: "t1", Title: "Thank you for your order"}, {ID: "t2", Title: "Offer, first reminder", Kind: offline.KindOpportunity},
		{ID: "t3", Title: "We have received your question", Kind: offline.KindCase}, {ID: "t4", Title: "Greeting", Personal: true},
	}, a.note("templates")
}

// FillTemplate fills in a name.
func (a *Agent) FillTemplate(_ context.Context, t offline.Template, about offline.Ref) (offline.Filled, error) {
	if err := a.note("fill " + t.ID + " " + about.String()); err != nil {
		return offline.Filled{}, err
	}
	return offline.Filled{Subject: t.Title, HTML: "<p>Dear Jana,</p><p>this is about <b>Brno line</b>:</p><ul><li>the price</li><li>the delivery</li></ul><p>Ann</p>"}, nil
}

// FillOutbox puts a message in every state into the outbox.
func FillOutbox(s *offline.Store) error {
	to := func(name, addr string) []offline.Address { return []offline.Address{{Name: name, Addr: addr}} }
	jana := to("Jana Nováková", "jana.novakova@moravia-tools.example")
	ago := func(d time.Duration) time.Time { return Now().Add(-d) }
	return s.Update(func(tx *offline.Tx) error {
		for _, d := range []offline.Draft{
			{State: offline.DraftFailed, To: to("", "no-such-person@an-address-with-a-very-long-domain-name.moravia-tools.example"), Subject: "Offer for the second line, as discussed on the phone with the whole of your purchasing department last Tuesday", Queued: ago(2 * time.Hour), Reason: "the mail server does not know no-such-person@an-address-with-a-very-long-domain-name.moravia-tools.example: 550 5.1.1 User unknown in virtual mailbox table"},
			{State: offline.DraftFailed, Doubt: true, To: jana, Subject: "Drawings, revision D", Queued: ago(26 * time.Hour), Reason: "looked in Sent, it is not there"},
			{State: offline.DraftSending, To: to("Otto Brandt", "otto.brandt@nordwind.example"), Subject: "Re: Delivery next week?", Queued: ago(time.Minute), Track: true},
			{State: offline.DraftWaiting, To: jana, Subject: "Re: Offer for the Brno line", Queued: ago(25 * time.Minute), NotBefore: Now().Add(95 * time.Second), Attempts: 3, Reason: "the mail server can't be reached: connection refused"},
			{State: offline.DraftWaiting, To: append(slices.Clone(jana), to("Petr Dvořák", "petr.dvorak@moravia-tools.example")...), Subject: "Visit in Brno", Queued: Now(), NotBefore: Now().Add(8 * time.Second)},
			{State: offline.DraftWaiting, To: jana, Subject: "Payment reminder", Queued: ago(3 * time.Minute), Record: ref(offline.KindEmail, 77)},
			{State: offline.DraftSent, To: to("Aiko Tanaka", "tanaka@hanami.example"), Subject: "お見積書の送付", Queued: ago(5 * time.Minute), Reason: "the mailbox can't be reached"},
			{State: offline.DraftEditing, To: jana, Subject: "Re: Offer for the Brno line", Text: "Dear Jana,\n\n", Saved: ago(10 * time.Minute)},
			{State: offline.DraftEditing, Saved: ago(4 * 24 * time.Hour), Text: "a thought"},
		} {
			if err := tx.PutDraft(&d); err != nil {
				return err
			}
		}
		return nil
	})
}
