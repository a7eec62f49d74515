package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

const (
	// patience is how often a message that the server puts off is tried before
	// those behind it may overtake it.
	patience = 3
	// giveUp is after how long a message that the server keeps putting off has
	// failed (RFC 5321 section 4.5.4.1 wants four to five days).
	giveUp = 4 * 24 * time.Hour
)

// senderKinds are the problems of the mail server that a message gone clears.
var senderKinds = []health.Kind{health.SendUnreachable, health.SendSignIn, health.SendTLS, health.SendAnswer}

// runOutbox sends what waits, in a goroutine of its own: a large message on a
// slow line keeps nothing else waiting. What the network then asks of mailbox and
// CRM is the sync's.
func (a *Agent) runOutbox(ctx context.Context) {
	a.outboxRuns.Store(true)
	defer a.outboxRuns.Store(false)
	for {
		if a.waitWhilePaused(ctx) != nil {
			return
		}
		if err := a.outboxRound(ctx, false); err != nil && ctx.Err() == nil {
			a.Log.Debug("sending ended", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.wakeOutbox:
		case <-a.outboxTimer():
		}
	}
}

// outboxTimer fires when the next message, or the next look for mail of the CRM,
// is due.
func (a *Agent) outboxTimer() <-chan time.Time {
	t := a.Now()
	wait := pendingEvery
	if err := a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Drafts()
		for _, d := range all {
			if d.State == offline.DraftWaiting {
				wait = min(wait, d.NotBefore.Sub(t))
			}
		}
		return err
	}); err != nil {
		return a.After(time.Minute)
	}
	if at := a.sendAfter.Load(); at != 0 {
		wait = max(wait, time.Unix(0, at).Sub(t))
	}
	return a.After(max(wait, 0) + 50*time.Millisecond)
}

// syncOutbox is the outbox's part in a sync: it sends, or has the outbox's own
// goroutine send.
func (a *Agent) syncOutbox(ctx context.Context) error {
	if a.outboxRuns.Load() {
		a.pendingNow.Store(true)
		trigger(a.wakeOutbox)
		return nil
	}
	return a.outboxRound(ctx, true)
}

// outboxRound takes over what waits in the CRM and sends what is due.
func (a *Agent) outboxRound(ctx context.Context, full bool) error {
	if !a.sending.TryLock() {
		return nil // somebody is at it
	}
	defer a.sending.Unlock()
	err := a.takePending(ctx, a.pendingNow.Swap(false) || full)
	return errors.Join(err, a.deliver(ctx))
}

// deliver sends what is due, in order of entry. A message that fails for good is
// passed over, and so is one that the server has put off often; what stops the
// connection stops the rest, too. a.sending is held.
func (a *Agent) deliver(ctx context.Context) error {
	if err := a.afterCrash(); err != nil {
		return err
	}
	if a.Sender == nil || a.sendAfter.Load() > a.Now().UnixNano() {
		return nil
	}
	for ctx.Err() == nil {
		d, ok, err := a.nextToSend()
		if err != nil || !ok {
			return err
		}
		if err := a.sendOne(ctx, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sendAndFile is the outbox's part in a sync: it sends, or has the outbox's own
// goroutine send, and files what was sent. What stops sending is told as a
// problem and stops nothing else.
func (a *Agent) sendAndFile(ctx context.Context, mailErr *error) {
	if err := a.syncOutbox(ctx); err != nil {
		a.Log.Info("sending stopped", "err", err)
	}
	if a.mailDown || ctx.Err() != nil {
		return // the mailbox can't be reached
	}
	if err := a.fileAll(ctx); err != nil {
		*mailErr = errors.Join(*mailErr, a.guard(ctx, err, true))
	}
}

// afterCrash settles what a run that was cut off, or a disk that was full, left
// half done. Where the server had not been given all of a message it can't have
// gone.
func (a *Agent) afterCrash() error {
	cut := func(d offline.Draft) bool {
		return d.State == offline.DraftSending && !d.Doubt || d.State == offline.DraftEditing && !d.Record.IsZero()
	}
	var all []offline.Draft
	err := a.Store.View(func(tx *offline.Tx) (err error) { all, err = tx.Drafts(); return err })
	if err != nil || !slices.ContainsFunc(all, cut) {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		all, err := tx.Drafts()
		for i := range all {
			d := &all[i]
			switch {
			case !cut(*d):
				continue
			case d.State == offline.DraftEditing:
				err = a.failedTaking(tx, d)
			case d.Handed.IsZero():
				d.State, d.Reason = offline.DraftWaiting, "Postrider was interrupted before the mail server had all of it; it is sent again"
				err = tx.PutDraft(d)
			default:
				err = a.doubt(tx, d)
			}
			if err != nil {
				return err
			}
		}
		return err
	})
}

// nextToSend is the first message in order of entry, if it is due.
func (a *Agent) nextToSend() (next offline.Draft, ok bool, err error) {
	var waiting []offline.Draft
	err = a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Drafts()
		for _, d := range all {
			if d.State == offline.DraftWaiting {
				waiting = append(waiting, d)
			}
		}
		return err
	})
	slices.SortStableFunc(waiting, func(x, y offline.Draft) int {
		return cmp.Or(x.Queued.Compare(y.Queued), cmp.Compare(x.ID, y.ID))
	})
	for _, d := range waiting {
		if !d.NotBefore.After(a.Now()) {
			return d, true, err
		}
		if d.Attempts < patience {
			break
		}
	}
	return next, false, err
}

// sendOne sends one message. The error is what stops the rest.
func (a *Agent) sendOne(ctx context.Context, d offline.Draft) error {
	taken := false
	var size int64
	err := a.Store.Update(func(tx *offline.Tx) error {
		now, err := tx.Draft(d.ID)
		if err != nil {
			return ignoreMissing(err)
		}
		if now.State != offline.DraftWaiting {
			return nil // the user took it back meanwhile
		}
		m, err := tx.Message(now.Item)
		if err != nil {
			now.Reason = "its message is gone from the store"
			return a.failed(tx, &now)
		}
		now.State, now.Attempts, now.Handed, now.Reason = offline.DraftSending, now.Attempts+1, time.Time{}, "is being handed to the mail server"
		taken, size, d = true, m.Size, now
		return tx.PutDraft(&now)
	})
	if err != nil || !taken {
		return err
	}
	e, err := envelope(d, size)
	if err != nil {
		return a.Store.Update(func(tx *offline.Tx) error { d.Reason = err.Error(); return a.failed(tx, &d) })
	}
	err = a.Sender.Send(ctx, e, func() (io.ReadCloser, error) {
		body, err := a.Store.Body(d.Item)
		if err != nil {
			return nil, err
		}
		return &handing{ReadCloser: body, end: func() error { return a.handed(d.ID) }}, nil
	})
	return a.settleSend(d.ID, err)
}

// handing notes on disk that the server is about to have all of a message,
// before it tells the sender so.
type handing struct {
	io.ReadCloser
	end func() error
}

func (h *handing) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if err == io.EOF {
		if noted := h.end(); noted != nil {
			return n, noted
		}
	}
	return n, err
}

func (a *Agent) handed(id uint64) error {
	return a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		d.Handed = a.Now().UTC()
		return tx.PutDraft(&d)
	})
}

// settleSend writes down how an attempt ended. The error is what stops the rest.
func (a *Agent) settleSend(id uint64, cause error) error {
	var stop error
	err := a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return err
		}
		class := offline.ClassOf(cause)
		stop = nil
		switch {
		case cause == nil:
			return a.went(tx, &d, false)
		case class == offline.FaultDoubt, (class == "" || class == offline.FaultNetwork) && !d.Handed.IsZero():
			return a.doubt(tx, &d)
		case class == offline.FaultNetwork, class == offline.FaultAuth, class == offline.FaultTLS, class == offline.FaultProtocol, class == "" && !errors.Is(cause, offline.ErrNotFound) && !errors.Is(cause, offline.ErrDamaged):
			stop = cause // not this message's fault; its turn comes again
			d.Attempts--
			return a.again(tx, &d, cause, 0)
		case (class == offline.FaultThrottled || class == offline.FaultServer) && a.Now().Sub(d.Queued) < giveUp:
			return a.again(tx, &d, cause, max(retryAfter(cause), changeDelay(d.Attempts)))
		}
		d.Reason = cause.Error()
		return a.failed(tx, &d)
	})
	a.senderHealth(cause)
	a.recount()
	if err != nil {
		return err
	}
	if stop == nil {
		trigger(a.wakePush) // to file, to look, to track
	}
	return stop
}

// retryAfter is how long the server wants to be left alone, where it said so.
func retryAfter(err error) time.Duration {
	var f *offline.Fault
	if errors.As(err, &f) {
		return f.RetryAfter
	}
	return 0
}

// again puts a draft back to wait.
func (a *Agent) again(tx *offline.Tx, d *offline.Draft, cause error, wait time.Duration) error {
	d.State, d.Handed, d.Reason, d.NotBefore = offline.DraftWaiting, time.Time{}, cause.Error(), a.Now().UTC().Add(wait)
	if wait == 0 {
		d.NotBefore = time.Time{}
	}
	m, err := tx.Message(d.Item)
	if err == nil && m.Track.State == offline.Waiting {
		m.Track.Reason = "waits in the outbox: " + d.Reason
		err = tx.PutMessage(&m)
	}
	if err := ignoreMissing(err); err != nil {
		return err
	}
	return tx.PutDraft(d)
}

// senderHealth turns the end of an attempt into problems, set or cleared, and
// spaces the next tries where the server as a whole can't be used.
func (a *Agent) senderHealth(cause error) {
	const subject = "sending"
	class := offline.ClassOf(cause)
	if cause != nil && (class == "" || class == offline.FaultDoubt) {
		return
	}
	kind, ok := health.OfSending(class)
	for _, k := range senderKinds {
		if ok && k.Code == kind.Code {
			a.health.Set(k, subject, cause.Error())
		} else {
			a.health.Clear(k, subject)
		}
	}
	if !ok {
		a.sendAfter.Store(0)
		a.sendTries = 0
		return
	}
	a.sendTries++
	a.sendAfter.Store(a.Now().Add(min(changeDelay(a.sendTries), 5*time.Minute)).UnixNano())
}

// failed takes a draft out of the others' way; the user is shown why. The CRM is
// told of mail that was written there (R-EMAIL-28).
func (a *Agent) failed(tx *offline.Tx, d *offline.Draft) error {
	d.State, d.Handed, d.Doubt = offline.DraftFailed, time.Time{}, false
	if err := a.failItem(tx, d); err != nil {
		return err
	}
	if !d.Record.IsZero() {
		if err := a.markFailed(tx, d, d.Reason); err != nil {
			return err
		}
	}
	a.showDraft(d)
	if err := tx.PutDraft(d); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: a.Now().UTC(), What: "problem", Item: d.Item, Record: d.Record, Text: d.Reason})
}

func (a *Agent) failItem(tx *offline.Tx, d *offline.Draft) error {
	m, err := tx.Message(d.Item)
	if err == nil && m.Track.State == offline.Waiting {
		m.Track.State, m.Track.Since, m.Track.Reason = offline.Failed, a.Now().UTC(), "it could not be sent: "+d.Reason
		err = tx.PutMessage(&m)
	}
	return ignoreMissing(err)
}

// doubt notes that a message may have gone: Sent is searched for it next, by
// those who reach the mailbox. It is not sent again by itself.
func (a *Agent) doubt(tx *offline.Tx, d *offline.Draft) error {
	d.State, d.Doubt, d.Looks, d.NotBefore = offline.DraftSending, true, 0, time.Time{}
	d.Reason = fmt.Sprintf("the mail server had all of it at %s and gave no answer, so it may have gone; Sent is searched for it", d.Handed.Local().Format("15:04"))
	if err := tx.PutDraft(d); err != nil {
		return err
	}
	if a.Filer == nil {
		return a.stayInDoubt(tx, d)
	}
	return nil
}

// stayInDoubt leaves it to the user whether a message went.
func (a *Agent) stayInDoubt(tx *offline.Tx, d *offline.Draft) error {
	d.State, d.Doubt = offline.DraftFailed, true
	d.Reason = "It may have gone: the connection ended after the mail server had all of it and before it answered. It is not in Sent, which does not tell for sure. Ask a recipient, then choose that it went, or send it again."
	if d.Item == 0 {
		d.Reason = "It may have gone: it was taken over for sending, and whether it was sent is not known. It is not in Sent, which does not tell for sure. Ask a recipient, then choose that it went, or discard it and send it again in the CRM."
	}
	if err := a.failItem(tx, d); err != nil {
		return err
	}
	a.showDraft(d)
	return tx.PutDraft(d)
}

// went notes that the mail server has a message, and has it tracked: as a new
// record, or as the one that it was written in.
func (a *Agent) went(tx *offline.Tx, d *offline.Draft, filed bool) error {
	at := a.Now().UTC()
	d.State, d.Filed, d.Doubt, d.Attempts, d.Looks, d.NotBefore = offline.DraftSent, filed, false, 0, 0, time.Time{}
	d.Reason = "its copy is to be filed in Sent"
	if err := tx.PutDraft(d); err != nil {
		return err
	}
	a.clearDraft(d.ID)
	if err := a.trackSent(tx, d); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: at, What: "sent", Item: d.Item, Record: d.Record, Text: d.Subject})
}

func (a *Agent) trackSent(tx *offline.Tx, d *offline.Draft) error {
	at := a.Now().UTC()
	m, err := tx.Message(d.Item)
	if err != nil {
		if !d.Record.IsZero() {
			return a.markSent(tx, d)
		}
		return ignoreMissing(err)
	}
	if m.Track.State == offline.Failed { // it was thought so
		m.Track.State = offline.Waiting
	}
	if m.Track.State != offline.Waiting {
		return nil // not to be tracked
	}
	if !d.Record.IsZero() {
		m.Track.Since, m.Track.Record, m.Track.Regarding, m.Track.Reason = at, d.Record, d.Regarding, "waits for the CRM to hear that it was sent"
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
		return a.markSent(tx, d)
	}
	s := a.trackSettings()
	f, err := facts(tx, &m, s)
	if err != nil {
		return err
	}
	dec := track.ByHand(&m, f, s, d.Regarding)
	// What the composer showed is what it is about, also where that is nothing.
	dec.Cause, dec.Regarding = offline.CauseSent, d.Regarding
	return a.apply(tx, &m, dec)
}
