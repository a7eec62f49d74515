package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

// UndoFor is how long a deletion waits before it is carried to the CRM, so
// that Undo is real.
const UndoFor = 10 * time.Second

// errTooLate is what Undo says when the servers have it already.
var errTooLate = errors.New("too late to undo: it is in the CRM already; track or untrack the message instead")

// Track tracks messages by hand (R-EMAIL-08), about regarding, or about what
// their conversation is about where regarding is zero. It is on disk when Track
// returns and carried to the CRM at once or when that can be reached. Messages
// that are tracked already stay as they are, but for a regarding that is given.
func (a *Agent) Track(keys []uint64, regarding offline.Ref) (Undo, error) {
	return a.act(keys, func(tx *offline.Tx, m *offline.Message) error {
		if err := used(tx, regarding); err != nil {
			return err
		}
		if m.Track.State == offline.Tracked || m.Track.State == offline.Waiting {
			if regarding.IsZero() {
				return nil
			}
			return a.regard(tx, m, regarding)
		}
		return a.trackOne(tx, m, regarding)
	})
}

// SetRegarding makes messages be about a record, or about nothing where to is
// zero. A message that is not tracked is tracked by it (R-TRACK-03).
func (a *Agent) SetRegarding(keys []uint64, to offline.Ref) (Undo, error) {
	return a.act(keys, func(tx *offline.Tx, m *offline.Message) error {
		if err := used(tx, to); err != nil {
			return err
		}
		if err := a.forgetRefused(tx, m.Key, to); err != nil {
			return err
		}
		switch m.Track.State {
		case offline.Tracked, offline.Waiting:
			return a.regard(tx, m, to)
		default:
			return a.trackOne(tx, m, to)
		}
	})
}

// Untrack breaks the links of messages; with deleteRecords the records in the
// CRM are deleted, too, once the time for Undo is over (R-UNTRACK-01). The
// messages stay in the mailbox (R-UNTRACK-06), and no rule tracks them again.
func (a *Agent) Untrack(keys []uint64, deleteRecords bool) (Undo, error) {
	return a.act(keys, func(tx *offline.Tx, m *offline.Message) error {
		if err := a.forgetRefused(tx, m.Key, offline.Ref{}); err != nil {
			return err
		}
		return a.untrackOne(tx, m, deleteRecords)
	})
}

// before is what Undo brings back of one message.
type before struct {
	track   offline.Tracking
	link    *offline.Link
	changes []offline.Change
	refused []offline.Change // records that the CRM refused to make of it
	// after are the ids of the changes that the action queued.
	after []uint64
}

// act does something to each of keys in one transaction and returns its undo.
func (a *Agent) act(keys []uint64, do func(*offline.Tx, *offline.Message) error) (Undo, error) {
	old := map[uint64]*before{}
	err := a.Store.Update(func(tx *offline.Tx) error {
		clear(old)
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return fmt.Errorf("message %d: %w", key, err)
			}
			if waits, err := inOutbox(tx, &m); err != nil || waits {
				return fmt.Errorf("message %d: %w", key, cmp.Or(err, errInOutbox))
			}
			b, err := remember(tx, &m)
			if err != nil {
				return err
			}
			if err := do(tx, &m); err != nil {
				return fmt.Errorf("message %d: %w", key, err)
			}
			now, err := aboutMessage(tx, key)
			if err != nil {
				return err
			}
			for _, c := range now {
				b.after = append(b.after, c.ID)
			}
			old[key] = b
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.recount()
	trigger(a.wakePush)
	return func() error { return a.undo(old) }, nil
}

func remember(tx *offline.Tx, m *offline.Message) (*before, error) {
	b := &before{track: m.Track}
	link, err := tx.Link(m.Key)
	switch {
	case err == nil:
		b.link = &link
	case !errors.Is(err, offline.ErrNotFound):
		return nil, err
	}
	if b.changes, err = aboutMessage(tx, m.Key); err != nil {
		return nil, err
	}
	b.refused, err = refusedRecords(tx, m.Key)
	return b, err
}

// undo takes an action back, all of it or nothing.
func (a *Agent) undo(old map[uint64]*before) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		for key, b := range old {
			if err := a.undoOne(tx, key, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.recount()
	trigger(a.wakePush)
	return nil
}

func (a *Agent) undoOne(tx *offline.Tx, key uint64, b *before) error {
	m, err := tx.Message(key)
	if err != nil {
		return err
	}
	present, err := aboutMessage(tx, key)
	if err != nil {
		return err
	}
	for _, id := range b.after {
		if !slices.ContainsFunc(present, func(c offline.Change) bool { return c.ID == id }) {
			// Carried over meanwhile. What was tracked can be deleted again,
			// what was deleted can't be brought back.
			return a.undoCarried(tx, &m, b)
		}
	}
	if err := dropChanges(tx, key); err != nil {
		return err
	}
	for i := range b.changes {
		c := b.changes[i]
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
	}
	return a.putBack(tx, &m, b)
}

// undoCarried undoes what the CRM has already, as far as that can be.
func (a *Agent) undoCarried(tx *offline.Tx, m *offline.Message, b *before) error {
	now := a.Now().UTC()
	switch {
	case b.link == nil && (m.Track.State == offline.Tracked || m.Track.State == offline.Waiting) && m.Track.Cause == offline.CauseUser:
		record := m.Track.Record
		b.track.Declined = true // or the record, while it is still there, would link itself again
		if err := dropChanges(tx, m.Key); err != nil {
			return err
		}
		if err := a.putBack(tx, m, b); err != nil {
			return err
		}
		c := offline.Change{Lane: lane(record), Op: offline.OpDelete, Item: m.Key, Record: record, Queued: now}
		return tx.Enqueue(&c)
	case b.link != nil && m.Track.Record == b.link.Record:
		return a.regard(tx, m, b.track.Regarding)
	}
	return errTooLate
}

func (a *Agent) putBack(tx *offline.Tx, m *offline.Message, b *before) error {
	if err := a.refuseAgain(tx, b.refused); err != nil {
		return err
	}
	m.Track = b.track
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	err := ignoreMissing(tx.DeleteLink(m.Key))
	if b.link != nil {
		err = tx.PutLink(b.link)
	}
	if err != nil {
		return err
	}
	return a.wantKeyword(tx, m)
}

// trackOne tracks one message by hand.
func (a *Agent) trackOne(tx *offline.Tx, m *offline.Message, regarding offline.Ref) error {
	if err := dropChanges(tx, m.Key); err != nil {
		return err
	}
	s := a.trackSettings()
	f, err := facts(tx, m, s)
	if err != nil {
		return err
	}
	a.health.Clear(health.ItemFailed, itemSubject(m.Key))
	return a.apply(tx, m, track.ByHand(m, f, s, regarding))
}

// regard gives a tracked or waiting message another regarding.
func (a *Agent) regard(tx *offline.Tx, m *offline.Message, to offline.Ref) error {
	if m.Track.Regarding == to {
		return nil
	}
	now := a.Now().UTC()
	m.Track.Regarding = to
	if err := a.refile(tx, m); err != nil {
		return err
	}
	cs, err := aboutMessage(tx, m.Key)
	if err != nil {
		return err
	}
	for i := range cs {
		if cs[i].Op != offline.OpCreateEmail && cs[i].Op != offline.OpSetRegarding {
			continue
		}
		// Not carried over yet: it goes with the new regarding.
		cs[i].Regarding = to
		if err := tx.PutChange(&cs[i]); err != nil {
			return err
		}
		return tx.PutMessage(m)
	}
	c := offline.Change{Lane: lane(m.Track.Record), Op: offline.OpSetRegarding, Item: m.Key, Record: m.Track.Record, Regarding: to, Queued: now}
	if link, err := tx.Link(m.Key); err == nil {
		c.ETag = link.ETag
	}
	if err := tx.Enqueue(&c); err != nil {
		return err
	}
	m.Track.State, m.Track.Since, m.Track.Reason = offline.Waiting, now, "waits for the CRM to change what it is about"
	return tx.PutMessage(m)
}

func (a *Agent) untrackOne(tx *offline.Tx, m *offline.Message, deleteRecord bool) error {
	now := a.Now().UTC()
	old := m.Track
	_, err := tx.Link(m.Key)
	linked := err == nil
	if err := dropChanges(tx, m.Key); err != nil {
		return err
	}
	if err := ignoreMissing(tx.DeleteLink(m.Key)); err != nil {
		return err
	}
	m.Track = offline.Tracking{State: offline.Untracked, Since: now, Cause: offline.CauseUser, Declined: true}
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	a.health.Clear(health.ItemFailed, itemSubject(m.Key))
	if linked && deleteRecord {
		c := offline.Change{Lane: lane(old.Record), Op: offline.OpDelete, Item: m.Key, Record: old.Record, Queued: now, NotBefore: now.Add(UndoFor)}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
	}
	if err := a.wantKeyword(tx, m); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: now, What: "untrack", Item: m.Key, Record: old.Record})
}

// dropChanges withdraws what was to go to the CRM about a message.
func dropChanges(tx *offline.Tx, item uint64) error {
	cs, err := aboutMessage(tx, item)
	if err != nil {
		return err
	}
	for _, c := range cs {
		if err := tx.DropChange(c.ID); err != nil {
			return err
		}
	}
	return nil
}

// Retry tries failed messages again, now.
func (a *Agent) Retry(keys []uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return fmt.Errorf("message %d: %w", key, err)
			}
			cs, err := tx.ChangesFor(key)
			if err != nil {
				return err
			}
			for i := range cs {
				cs[i].Parked, cs[i].Attempts, cs[i].NotBefore = false, 0, time.Time{}
				if cs[i].Op == offline.OpCreateRecord {
					a.settleRecordProblem(cs[i].Record)
				}
				if err := tx.PutChange(&cs[i]); err != nil {
					return err
				}
			}
			if m.Track.State == offline.Failed && len(cs) > 0 {
				m.Track.State, m.Track.Since, m.Track.Reason = offline.Waiting, a.Now().UTC(), "waits to be tried again"
				if err := tx.PutMessage(&m); err != nil {
					return err
				}
			}
			a.health.Clear(health.ItemFailed, itemSubject(key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.recount()
	trigger(a.wakePush)
	return nil
}

// RetrySetAside reads what was set aside again with the next sync, which it
// asks for.
func (a *Agent) RetrySetAside(ids []uint64) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		aside, err := tx.SetAsides()
		if err != nil {
			return err
		}
		for _, s := range aside {
			if !slices.Contains(ids, s.ID) {
				continue
			}
			if err := tx.DropSetAside(s.ID); err != nil {
				return err
			}
			a.health.Clear(health.ItemSetAside, fmt.Sprintf("set-aside %d", s.ID))
			f, err := tx.Folder(s.Folder)
			if err != nil {
				return err
			}
			f.Cursor.UIDNext = 0 // compare the whole folder, and so find it missing here
			if err := tx.PutFolder(&f); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.recount()
	a.SyncNow()
	return nil
}
