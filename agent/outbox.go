package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// The outbox. A draft goes through these states, each on disk before the next
// step is taken (docs/sending.md tells where that leaves doubt, and why):
//
//	editing --Send--> waiting --> sending --> sent --> filed in Sent, and gone
//	   ^                 |           |
//	   +----Cancel-------+           +--> waiting again, or failed
//
// SMTP is the work of deliver (outbox_send.go), the copy in Sent that of fileAll
// (outbox_file.go), the record in the CRM that of the queue.

// errGoing is what taking a draft back says when it is too late.
func errGoing(d offline.Draft) error {
	if d.State == offline.DraftSent {
		return errors.New("too late: it has been sent")
	}
	return errors.New("too late: it is being sent")
}

// Send puts a draft into the outbox. The message is made now, with its files,
// and on disk when Send returns; it goes after the time for Undo, in its turn,
// when the mail server can be reached. Undo puts it back to be edited.
func (a *Agent) Send(id uint64) (Undo, error) {
	var d offline.Draft
	if err := a.Store.View(func(tx *offline.Tx) (err error) { d, err = tx.Draft(id); return err }); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	if d.State != offline.DraftEditing {
		return nil, fmt.Errorf("send: %w", errNotEditing)
	}
	var stops []string
	for _, c := range a.CheckDraft(d) {
		if c.Stops {
			stops = append(stops, c.Text)
		}
	}
	if len(stops) > 0 {
		return nil, errors.New(strings.Join(stops, " "))
	}
	if d.Track {
		d.Token = a.askToken(d.Subject)
	}
	d.Queued, d.NotBefore = now(a), time.Time{}
	if err := a.enqueue(&d, UndoFor); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	return func() error { return a.CancelSend(id) }, nil
}

// now is the time as a message's Date has it.
func now(a *Agent) time.Time { return a.Now().UTC().Truncate(time.Second) }

// enqueue makes the message of a draft that is on disk and puts it into the
// outbox. First the row is there and named in the draft, then its body, and then,
// in one transaction, all the rest: cut anywhere before, it is still a draft.
func (a *Agent) enqueue(d *offline.Draft, undo time.Duration) error {
	err := a.Store.Update(func(tx *offline.Tx) (err error) {
		old, err := tx.Draft(d.ID)
		if err != nil {
			return err
		}
		if old.State != offline.DraftEditing {
			return errNotEditing
		}
		if d.Track && d.Token == "" && d.Record.IsZero() {
			if d.Token, err = a.makeToken(tx); err != nil {
				return err
			}
		}
		d.Identity, d.Item = old.Identity, old.Item
		if err := a.reserve(tx, d); err != nil {
			return err
		}
		old.Identity, old.Item, old.Token = d.Identity, d.Item, d.Token
		return tx.PutDraft(&old)
	})
	if err != nil {
		return err
	}
	m, err := a.mailOf(*d)
	if err != nil {
		return err
	}
	row, err := a.build(*d, m)
	if err != nil {
		return err
	}
	if err := a.Store.Update(func(tx *offline.Tx) error { return a.queueDraft(tx, d, row, undo) }); err != nil {
		return err
	}
	a.recount()
	trigger(a.wakeOutbox)
	return nil
}

// queueDraft makes a draft wait whose message is made.
func (a *Agent) queueDraft(tx *offline.Tx, d *offline.Draft, row offline.Message, undo time.Duration) error {
	old, err := tx.Draft(d.ID)
	if err != nil {
		return err
	}
	if old.State != offline.DraftEditing || !old.Saved.Equal(d.Saved) {
		return errors.New("it was changed meanwhile; choose Send again")
	}
	d.State, d.Attempts, d.Looks, d.Doubt, d.Filed, d.Handed = offline.DraftWaiting, 0, 0, false, false, time.Time{}
	d.NotBefore, d.Reason = a.Now().UTC().Add(undo), "waits to be sent"
	row.Track = offline.Tracking{State: offline.Untracked, Since: d.Queued, Cause: offline.CauseSent, Declined: true}
	if d.Track {
		row.Track = offline.Tracking{State: offline.Waiting, Since: d.Queued, Cause: offline.CauseSent, Reason: "waits in the outbox", Record: d.Record, Regarding: d.Regarding}
	}
	if err := tx.PutMessage(&row); err != nil {
		return err
	}
	return tx.PutDraft(d)
}

// CancelSend takes a message out of the outbox, back to be edited. It can be
// taken back until it is handed over, and when that failed. Mail that was
// written in the CRM is edited there: it is marked as failed.
func (a *Agent) CancelSend(id uint64) error {
	crm := false
	err := a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		if d.State != offline.DraftWaiting && d.State != offline.DraftFailed {
			return errGoing(d)
		}
		if crm = !d.Record.IsZero(); crm {
			return nil
		}
		if err := a.dropItem(tx, &d); err != nil {
			return err
		}
		// The next time it is another message: what went out in doubt must not
		// share its identity with what the user makes of it now.
		d.Identity, d.Token, d.Doubt, d.Attempts, d.Looks, d.Reason = "", "", false, 0, 0, ""
		d.State, d.Queued, d.NotBefore, d.Handed = offline.DraftEditing, time.Time{}, time.Time{}, time.Time{}
		d.Saved = a.Now().UTC()
		return tx.PutDraft(&d)
	})
	if err != nil {
		return fmt.Errorf("take it back from the outbox: %w", err)
	}
	if crm {
		return a.DiscardDraft(id)
	}
	a.clearDraft(id)
	a.recount()
	trigger(a.wakeOutbox) // those behind it may go now
	return nil
}

// RetrySend sends a message that failed again, now: the same one, so that where
// it had gone after all its recipients see that they have it already. One that
// waits for its next try goes now, too.
func (a *Agent) RetrySend(id uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		if d.State != offline.DraftFailed && d.State != offline.DraftWaiting {
			return errGoing(d)
		}
		m, err := tx.Message(d.Item)
		if err != nil || !m.Body.Stored {
			return errors.New("its text is not here; send it again where it was written")
		}
		if !d.Record.IsZero() { // the CRM was told that it failed, or is about to be
			if err := dropChanges(tx, d.Item); err != nil {
				return err
			}
		}
		d.State, d.NotBefore, d.Attempts, d.Looks, d.Doubt, d.Handed = offline.DraftWaiting, time.Time{}, 0, 0, false, time.Time{}
		d.Queued = cmpTime(d.Queued, a.Now().UTC())
		d.Reason = "waits to be sent"
		if d.Track && m.Track.State == offline.Failed {
			m.Track.State, m.Track.Since, m.Track.Reason = offline.Waiting, a.Now().UTC(), "waits in the outbox"
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		return tx.PutDraft(&d)
	})
	if err != nil {
		return fmt.Errorf("send it again: %w", err)
	}
	a.sendAfter.Store(0)
	a.clearDraft(id)
	a.recount()
	trigger(a.wakeOutbox)
	return nil
}

// cmpTime is at, or or where at is not set.
func cmpTime(at, or time.Time) time.Time {
	if at.IsZero() {
		return or
	}
	return at
}

// ConfirmSent says of a message in doubt that it went: the user looked. It is
// then filed and tracked as every other one that was sent.
func (a *Agent) ConfirmSent(id uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		if !d.Doubt || d.State != offline.DraftFailed && d.State != offline.DraftSending {
			return errors.New("it is not in doubt whether it went")
		}
		return a.went(tx, &d, false)
	})
	if err != nil {
		return fmt.Errorf("mark it as sent: %w", err)
	}
	a.clearDraft(id)
	a.recount()
	trigger(a.wakePush)
	return nil
}

// draftSubject names a draft among the problems at hand.
func draftSubject(id uint64) string { return fmt.Sprintf("draft %d", id) }

func (a *Agent) clearDraft(id uint64) {
	a.health.ClearSubject(draftSubject(id), health.SendFailed, health.SendDoubt, health.SendUnfiled)
}

// restoreOutbox shows again what failed in the last run.
func (a *Agent) restoreOutbox(tx *offline.Tx) error {
	all, err := tx.Drafts()
	for i := range all {
		a.showDraft(&all[i])
	}
	return err
}

// showDraft makes a draft that needs the user a problem at hand.
func (a *Agent) showDraft(d *offline.Draft) {
	switch {
	case d.State == offline.DraftFailed && d.Doubt:
		a.health.Set(health.SendDoubt, draftSubject(d.ID), d.Reason)
	case d.State == offline.DraftFailed:
		a.health.Set(health.SendFailed, draftSubject(d.ID), d.Reason)
	}
}

// inOutbox reports whether a message is one that has not gone yet.
func inOutbox(tx *offline.Tx, m *offline.Message) (bool, error) {
	if m.Track.Cause != offline.CauseSent || len(m.Places) > 0 {
		return false, nil
	}
	all, err := tx.Drafts()
	return slices.ContainsFunc(all, func(d offline.Draft) bool { return d.Item == m.Key && d.State != offline.DraftSent }), err
}

// errInOutbox is what tracking says of a message that has not gone yet.
var errInOutbox = errors.New("it has not been sent yet; what it is about is chosen in the outbox: take it back from there to change it")
