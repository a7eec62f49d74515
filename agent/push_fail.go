package agent

import (
	"context"
	"errors"
	"fmt"

	"postrider/agent/health"
	"postrider/offline"
)

// postpone leaves a change in the queue for a later try. attempts 0: it was not
// the change's fault, it goes with the next sync.
//
// It edits the change as it is in the queue now: the user may have changed it
// while it was under way.
func (a *Agent) postpone(tx *offline.Tx, id uint64, cause error, attempts int, edit func(*offline.Change)) error {
	c, err := tx.Change(id)
	if err != nil {
		return ignoreMissing(err) // withdrawn meanwhile
	}
	c.Reason = cause.Error()
	if edit != nil {
		edit(&c)
	}
	if attempts > 0 {
		c.Attempts, c.NotBefore = attempts, a.Now().UTC().Add(changeDelay(attempts))
	}
	if err := tx.PutChange(&c); err != nil {
		return err
	}
	m, err := tx.Message(c.Item)
	if err != nil || m.Track.State != offline.Waiting {
		return ignoreMissing(err)
	}
	m.Track.Reason = c.Reason
	return tx.PutMessage(&m)
}

func ignoreMissing(err error) error {
	if errors.Is(err, offline.ErrNotFound) {
		return nil
	}
	return err
}

// park takes a change that the CRM will never take as it is out of the way, and
// shows it: the user may correct what is wrong and retry.
func (a *Agent) park(tx *offline.Tx, id uint64, reason string) error {
	c, err := tx.Change(id)
	if err != nil {
		return ignoreMissing(err)
	}
	if a.automatic(c) {
		return a.giveUpPerson(tx, c, reason)
	}
	if c.Op == offline.OpSetOptions {
		a.optionsRefused(reason)
	}
	c.Parked, c.Reason, c.Attempts = true, reason, c.Attempts+1
	if err := tx.PutChange(&c); err != nil {
		return err
	}
	if c.Op == offline.OpCreateRecord {
		return a.recordRefused(tx, c, reason)
	}
	m, err := tx.Message(c.Item)
	if err != nil {
		return ignoreMissing(err)
	}
	m.Track.State, m.Track.Since, m.Track.Reason = offline.Failed, a.Now().UTC(), reason
	if err := tx.PutMessage(&m); err != nil {
		return err
	}
	a.health.Set(health.ItemFailed, itemSubject(m.Key), reason)
	return tx.Log(offline.Activity{At: a.Now().UTC(), What: "problem", Item: m.Key, Record: c.Record, Text: reason})
}

// reconsider settles a change whose record, or what it refers to, is not there
// or has changed since.
func (a *Agent) reconsider(ctx context.Context, c offline.Change, cause error) error {
	there := true
	if c.Op != offline.OpCreateEmail && c.Op != offline.OpCreateRecord && c.Op != offline.OpSetOptions {
		is, err := a.CRM.Exists(ctx, []offline.Ref{c.Record})
		if err != nil {
			return fmt.Errorf("look for the record again: %w", err)
		}
		there = is[c.Record]
	}
	var fresh offline.Record
	if there && offline.ClassOf(cause) == offline.FaultStale {
		var err error
		if fresh, err = a.readAgain(ctx, c); err != nil {
			return err
		}
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		switch {
		case !there && c.Op == offline.OpDelete:
			return a.succeeded(tx, offline.Write{Change: c}, offline.Outcome{})
		case !there:
			if err := a.recordGone(tx, c.Record); err != nil {
				return err
			}
			return ignoreMissing(tx.DropChange(c.ID)) // what no message was linked to goes, too
		case !fresh.IsZero():
			// Read, merged (the user's word on the regarding is the newer one),
			// and tried again against what was read.
			if err := a.storeRecord(tx, &fresh); err != nil {
				return err
			}
			return a.postpone(tx, c.ID, cause, 0, func(q *offline.Change) {
				q.ETag = fresh.ETag
				if q.Attempts++; q.Attempts > freshTries { // somebody is at it all the time
					q.NotBefore = a.Now().UTC().Add(changeDelay(q.Attempts))
				}
			})
		case c.Attempts < freshTries:
			return a.postpone(tx, c.ID, cause, c.Attempts+1, nil)
		case !c.Correlated.IsZero():
			// What it answers is gone for good; the message itself still counts.
			return a.postpone(tx, c.ID, cause, 1, func(c *offline.Change) { c.Correlated = offline.Ref{} })
		}
		return a.park(tx, c.ID, cause.Error())
	})
}

// readAgain reads an email record anew by the identity of its message.
func (a *Agent) readAgain(ctx context.Context, c offline.Change) (offline.Record, error) {
	var identity string
	err := a.Store.View(func(tx *offline.Tx) error {
		m, err := tx.Message(c.Item)
		identity = m.Identity
		return ignoreMissing(err)
	})
	if err != nil || identity == "" {
		return offline.Record{}, err
	}
	rs, err := a.CRM.EmailsByIdentity(ctx, []string{identity})
	if err != nil {
		return offline.Record{}, fmt.Errorf("read the record again: %w", err)
	}
	for _, r := range rs {
		if r.Ref == c.Record {
			return r, nil
		}
	}
	return offline.Record{}, nil
}
