package agent

import (
	"errors"
	"fmt"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

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
