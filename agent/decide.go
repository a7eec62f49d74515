package agent

import (
	"context"
	"errors"
	"fmt"

	"postrider/agent/track"
	"postrider/offline"
)

// decideBatch is how many messages are decided in one transaction.
const decideBatch = 500

// decide decides every undecided message, oldest first, so that an answer finds
// what it answers decided already. Where one is tracked after its answers were
// left alone, those become undecided again and are decided next, in their turn:
// however many are decided together, it ends as if each had come by itself.
func (a *Agent) decide(ctx context.Context) error {
	for {
		keys, err := a.undecided()
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			if more, err := a.reopenAlike(); err != nil || !more {
				return err
			}
			continue
		}
		reopened := false
		for done := 0; len(keys) > 0 && !reopened; {
			n := min(decideBatch, len(keys))
			a.doing("Deciding what to track", done, done+len(keys))
			if reopened, err = a.decideSome(ctx, keys[:n]); err != nil {
				return err
			}
			keys, done = keys[n:], done+n
		}
		a.recount()
	}
}

// undecided returns the keys of undecided messages, oldest first.
func (a *Agent) undecided() ([]uint64, error) {
	var out []uint64
	err := a.Store.View(func(tx *offline.Tx) error {
		keys, err := tx.KeysByState("", 0)
		if err != nil || len(keys) == 0 {
			return err
		}
		open := make(map[uint64]bool, len(keys))
		for _, k := range keys {
			open[k] = true
		}
		byDate, err := tx.FolderKeys(0)
		if err != nil {
			return err
		}
		for i := len(byDate) - 1; i >= 0; i-- {
			if open[byDate[i]] {
				out = append(out, byDate[i])
				delete(open, byDate[i])
			}
		}
		for _, k := range keys { // those that lie nowhere just now
			if open[k] {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

// decideSome decides these messages in their order, as far as to one that made
// others undecided again.
func (a *Agent) decideSome(ctx context.Context, keys []uint64) (reopened bool, err error) {
	if err := a.learn(ctx, keys); err != nil {
		return false, err
	}
	s := a.trackSettings()
	queued := false
	err = a.Store.Update(func(tx *offline.Tx) error {
		queued, reopened = false, false
		for _, key := range keys {
			if reopened {
				return nil
			}
			m, err := tx.Message(key)
			if errors.Is(err, offline.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if m.Track.State != "" {
				continue // the user decided it meanwhile
			}
			f, err := facts(tx, &m, s)
			if err != nil {
				return err
			}
			d := track.Decide(&m, f, s)
			leftAlone := tx.Counts().Skipped
			if err := a.apply(tx, &m, d); err != nil {
				return fmt.Errorf("keep what was decided: %w", err)
			}
			reopened = tx.Counts().Skipped < leftAlone
			if s.Past != nil {
				addPast(s.Past, s.Smart, &m)
			}
			queued = queued || d.Track && d.Existing.IsZero()
		}
		return nil
	})
	if err == nil && queued {
		err = ctx.Err()
	}
	return reopened, err
}

// apply writes a decision down: the state with its cause, and a link or a change.
func (a *Agent) apply(tx *offline.Tx, m *offline.Message, d track.Decision) error {
	now := a.Now().UTC()
	switch {
	case !d.Track:
		by, err := a.neverBy(tx, m, d)
		if err != nil {
			return err
		}
		m.Track = offline.Tracking{State: offline.Untracked, Since: now, Cause: d.Cause, By: by, Reason: d.Reason}
		return tx.PutMessage(m)
	case !d.Existing.IsZero():
		return a.adopt(tx, m, d)
	}
	// The sender's record is made first, so that the email finds it.
	sender, err := a.createSender(tx, m)
	if err != nil {
		return err
	}
	record := offline.Ref{Kind: offline.KindEmail, ID: a.recordID(m)}
	m.Track = offline.Tracking{State: offline.Waiting, Since: now, Cause: d.Cause, By: d.By, Reason: waitsFor(tx, d.Correlated, sender), Record: record, Regarding: d.Regarding}
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	c := offline.Change{Lane: lane(record), Op: offline.OpCreateEmail, Item: m.Key, Record: record, Regarding: d.Regarding, Correlated: d.Correlated, Parent: sender, Queued: now}
	if err := tx.Enqueue(&c); err != nil {
		return err
	}
	s := a.trackSettings()
	return a.reopen(tx, messageOrigin(m, s), s)
}

// waitsFor says what a message waits for that is to be tracked.
func waitsFor(tx *offline.Tx, correlated, sender offline.Ref) string {
	switch {
	case pending(tx, correlated):
		return "waits for the email that it answers to be carried to the CRM first"
	case comesFirst(tx, sender):
		return "waits for a record of its sender to be made in the CRM first"
	}
	return "waits to be carried to the CRM"
}

// neverBy names what kept a message from being tracked, where that is a folder.
func (a *Agent) neverBy(tx *offline.Tx, m *offline.Message, d track.Decision) (string, error) {
	if d.Cause != offline.CauseNever || d.By != "" {
		return d.By, nil
	}
	n, _ := a.trackSettings().Never.Of(m)
	f, err := tx.Folder(n.Folder)
	if errors.Is(err, offline.ErrNotFound) {
		return "", nil
	}
	return f.Name, err
}

// adopt links a message to the record that somebody made from it before. A
// regarding that the user chose and the record does not have is queued.
func (a *Agent) adopt(tx *offline.Tx, m *offline.Message, d track.Decision) error {
	r, err := tx.Record(d.Existing)
	if err != nil {
		return err
	}
	now := a.Now().UTC()
	base := offline.Base{}
	if r.Email != nil {
		base.Regarding = r.Email.Regarding
	}
	by := d.By
	if d.Cause == offline.CauseColleague {
		by = a.ownerName(tx, r.Owner)
	}
	m.Track = offline.Tracking{State: offline.Tracked, Since: now, Cause: d.Cause, By: by, Record: r.Ref, Regarding: d.Regarding}
	if d.Regarding != base.Regarding {
		m.Track.State, m.Track.Reason = offline.Waiting, "waits for the CRM to change what it is about"
		c := offline.Change{Lane: lane(r.Ref), Op: offline.OpSetRegarding, Item: m.Key, Record: r.Ref, Regarding: d.Regarding, ETag: r.ETag, Queued: now}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
	}
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	if err := tx.PutLink(&offline.Link{Item: m.Key, Record: r.Ref, ETag: r.ETag, Base: base, At: now}); err != nil {
		return err
	}
	if err := a.wantKeyword(tx, m); err != nil {
		return err
	}
	s := a.trackSettings()
	return a.reopen(tx, messageOrigin(m, s), s)
}

// ownerName names who owns a record, as far as that is known here.
func (a *Agent) ownerName(tx *offline.Tx, owner offline.Ref) string {
	if r, err := tx.Record(owner); err == nil {
		return r.Name
	}
	if u := a.me(); owner.ID == u.ID {
		return u.Name
	}
	return ""
}

// lane is the queue's lane of a record: its changes go in order, and hold up
// nobody else's.
func lane(r offline.Ref) string { return r.String() }
