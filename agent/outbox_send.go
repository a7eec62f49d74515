package agent

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"postrider/agent/health"
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
