package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"postrider/agent/compose"
	"postrider/agent/health"
	"postrider/offline"
)

// pendingEvery is how often the CRM is asked for mail to send, between full
// syncs (R-EMAIL-25).
const pendingEvery = 10 * time.Minute

// settingCRMMail is whether mail written in the CRM may be sent from here, a
// bool (R-OPTIONS-07). Where the user never said, the CRM's method decides.
const settingCRMMail = "crm-mail"

// CRMMail reports whether mail that the user writes in the CRM may be sent from
// this computer (R-EMAIL-26).
func (a *Agent) CRMMail() (on bool, err error) {
	on = true
	err = a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingCRMMail, &on); return err })
	return on, err
}

// SetCRMMail allows or forbids that.
func (a *Agent) SetCRMMail(on bool) error {
	if err := a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingCRMMail, on) }); err != nil {
		return err
	}
	a.sayMethods()
	a.pendingNow.Store(on)
	trigger(a.wakeOutbox)
	return nil
}

// takePending takes over what the user sent in the CRM and puts it into the
// outbox. a.sending is held.
func (a *Agent) takePending(ctx context.Context, now bool) error {
	if a.PendingMail == nil || a.Sender == nil || a.me().Options.Methods.Outgoing != offline.MethodClient {
		return nil // R-EMAIL-27: it stays where it is
	}
	if on, err := a.CRMMail(); err != nil || !on {
		return err
	}
	if at := a.Now(); !now && a.pendingAt.After(at.Add(-pendingEvery)) && !a.pendingAt.After(at) {
		return nil
	}
	list, err := a.PendingMail.Pending(ctx)
	if err != nil {
		return fmt.Errorf("look for mail to send in the CRM: %w", err)
	}
	a.pendingAt = a.Now()
	for _, p := range list {
		if err := a.takeOne(p); err != nil {
			return fmt.Errorf("take over %q from the CRM: %w", p.Subject, err)
		}
	}
	if len(list) > 0 {
		a.recount()
		trigger(a.wakePush)
	}
	return nil
}

// pendingIdentity is the Message-ID of an email that was written in the CRM. It
// follows from the record alone, so that whoever sends it, and however often,
// it is the same message.
func (a *Agent) pendingIdentity(r offline.Ref) string {
	addr := a.me().Address
	if addr == "" && len(a.Settings.Own) > 0 {
		addr = a.Settings.Own[0]
	}
	return compose.IdentityOf("crm."+r.ID, addr[strings.LastIndexByte(addr, '@')+1:])
}

func (a *Agent) takeOne(p offline.PendingEmail) error {
	d := offline.Draft{
		State: offline.DraftEditing, From: p.From, To: p.To, Cc: p.Cc, Bcc: p.Bcc, Subject: a.withoutToken(p.Subject), HTML: p.HTML,
		Track: true, Regarding: p.Regarding, Identity: a.pendingIdentity(p.Ref), Token: p.Token, Record: p.Ref, Queued: now(a), Saved: a.Now().UTC(),
	}
	take := false
	err := a.Store.Update(func(tx *offline.Tx) (err error) {
		if take, err = a.isNews(tx, &d, p); err != nil || !take {
			return err
		}
		switch {
		case p.Doubt:
			take = false
			d.State, d.Doubt, d.Reason = offline.DraftSending, true, p.Problem
			return tx.PutDraft(&d)
		case p.Problem != "":
			take = false
			d.Reason = p.Problem
			if err := tx.PutDraft(&d); err != nil {
				return err
			}
			return a.failed(tx, &d)
		}
		return tx.PutDraft(&d)
	})
	if err != nil || !take {
		return err
	}
	// From here on the draft is ours to bring to an end; cut off before it waits,
	// it has failed without having gone (afterCrash).
	if err := a.enqueuePending(&d, p.Attachments); err != nil {
		d.Reason = err.Error()
		return a.change(d.ID, func(tx *offline.Tx, now *offline.Draft) error {
			now.Reason = d.Reason
			return a.failed(tx, now)
		})
	}
	return nil
}

// isNews reports whether an email of the CRM is to be taken into the outbox: it
// is not there yet, nor gone already.
func (a *Agent) isNews(tx *offline.Tx, d *offline.Draft, p offline.PendingEmail) (bool, error) {
	all, err := tx.Drafts()
	if err != nil {
		return false, err
	}
	for i := range all {
		old := &all[i]
		if old.Record != p.Ref {
			continue
		}
		if old.State != offline.DraftFailed || old.Doubt || p.Doubt {
			return false, nil
		}
		// It failed, was corrected in the CRM and sent again there.
		if err := errors.Join(a.dropItem(tx, old), tx.DropDraft(old.ID)); err != nil {
			return false, err
		}
		a.clearDraft(old.ID)
	}
	changes, err := tx.Lane(lane(p.Ref))
	if err != nil {
		return false, err
	}
	for _, c := range changes { // what became of it is on its way to the CRM
		if c.Op == offline.OpMarkSent || c.Op == offline.OpMarkFailed && p.Doubt {
			return false, nil
		}
	}
	m, err := tx.MessageByIdentity(d.Identity)
	if errors.Is(err, offline.ErrNotFound) {
		return true, a.dropMarks(tx, p.Ref)
	}
	if err != nil {
		return false, err
	}
	// It went, from here or from another computer, and the CRM has not heard.
	d.Item = m.Key
	m.Track = offline.Tracking{State: offline.Waiting, Since: a.Now().UTC(), Cause: offline.CauseSent, Reason: "waits for the CRM to hear that it was sent", Record: p.Ref, Regarding: m.Track.Regarding}
	if !p.Doubt {
		m.Track.Regarding = p.Regarding
	}
	d.Regarding = m.Track.Regarding
	if err := tx.PutMessage(&m); err != nil {
		return false, err
	}
	return false, a.markSent(tx, d)
}

// enqueuePending makes the message and lets it wait; there is no time for Undo,
// the user pressed Send elsewhere.
func (a *Agent) enqueuePending(d *offline.Draft, files []offline.Attachment) error {
	if err := a.Store.Update(func(tx *offline.Tx) error {
		if err := a.reserve(tx, d); err != nil {
			return err
		}
		return tx.PutDraft(d)
	}); err != nil {
		return err
	}
	m, err := a.mailOf(*d)
	if err != nil {
		return err
	}
	for _, f := range files {
		m.Files = append(m.Files, compose.File{Name: f.Name, Type: f.Type, ContentID: f.ContentID, Size: int64(len(f.Data)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.Data)), nil
		}})
	}
	row, err := a.build(*d, m)
	if err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return a.queueDraft(tx, d, row, 0) })
}

// markSent has the CRM told that an email that was written there has gone.
// It is no matter what was changed about the record meanwhile, so there is no
// condition.
func (a *Agent) markSent(tx *offline.Tx, d *offline.Draft) error {
	if err := a.dropMarks(tx, d.Record); err != nil {
		return err
	}
	c := offline.Change{
		Lane: lane(d.Record), Op: offline.OpMarkSent, Item: d.Item, Record: d.Record, Regarding: d.Regarding, Queued: a.Now().UTC(),
		Fields: offline.Fields{"identity": d.Identity, "token": d.Token},
	}
	return tx.Enqueue(&c)
}

// markFailed has the CRM told that an email that was written there was not sent
// (R-EMAIL-28).
func (a *Agent) markFailed(tx *offline.Tx, d *offline.Draft, reason string) error {
	if err := a.dropMarks(tx, d.Record); err != nil {
		return err
	}
	c := offline.Change{Lane: lane(d.Record), Op: offline.OpMarkFailed, Record: d.Record, Queued: a.Now().UTC(), Fields: offline.Fields{"reason": reason}}
	return tx.Enqueue(&c)
}

// dropMarks takes out of the queue what was to be said of an email.
func (a *Agent) dropMarks(tx *offline.Tx, r offline.Ref) error {
	changes, err := tx.Lane(lane(r))
	for _, c := range changes {
		if c.Op == offline.OpMarkSent || c.Op == offline.OpMarkFailed {
			err = errors.Join(err, tx.DropChange(c.ID))
		}
	}
	return err
}

// failedTaking ends a take-over that was cut off before the message was made.
func (a *Agent) failedTaking(tx *offline.Tx, d *offline.Draft) error {
	d.Reason = "Postrider was interrupted while taking it over; it has not been sent. Send it again in the CRM."
	a.health.Set(health.SendFailed, draftSubject(d.ID), d.Reason)
	return a.failed(tx, d)
}
