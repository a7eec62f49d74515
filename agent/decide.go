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
// left alone, those become undecided again: the order of arrival does not
// matter to the end.
func (a *Agent) decide(ctx context.Context) error {
	for {
		keys, err := a.undecided()
		if err != nil || len(keys) == 0 {
			return err
		}
		done := 0
		for len(keys) > 0 {
			n := min(decideBatch, len(keys))
			a.doing("Deciding what to track", done, done+len(keys))
			if err := a.decideSome(ctx, keys[:n]); err != nil {
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

func (a *Agent) decideSome(ctx context.Context, keys []uint64) error {
	if err := a.learn(ctx, keys); err != nil {
		return err
	}
	s := a.trackSettings()
	queued := false
	err := a.Store.Update(func(tx *offline.Tx) error {
		queued = false
		for _, key := range keys {
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
			if err := a.apply(tx, &m, d); err != nil {
				return fmt.Errorf("keep what was decided: %w", err)
			}
			queued = queued || d.Track && d.Existing.IsZero()
		}
		return nil
	})
	if err == nil && queued {
		err = ctx.Err()
	}
	return err
}

// apply writes a decision down: the state, and a link or a change.
func (a *Agent) apply(tx *offline.Tx, m *offline.Message, d track.Decision) error {
	now := a.Now().UTC()
	switch {
	case !d.Track:
		m.Track = offline.Tracking{State: offline.Untracked, Since: now}
		return tx.PutMessage(m)
	case !d.Existing.IsZero():
		return a.adopt(tx, m, d)
	}
	record := offline.Ref{Kind: offline.KindEmail, ID: a.recordID(m)}
	m.Track = offline.Tracking{State: offline.Waiting, Since: now, Cause: d.Cause, Reason: "waits to be carried to the CRM", Record: record, Regarding: d.Regarding}
	if err := tx.PutMessage(m); err != nil {
		return err
	}
	c := offline.Change{Lane: lane(record), Op: offline.OpCreateEmail, Item: m.Key, Record: record, Regarding: d.Regarding, Correlated: d.Correlated, Queued: now}
	if err := tx.Enqueue(&c); err != nil {
		return err
	}
	return reopen(tx, m.Identity)
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
	m.Track = offline.Tracking{State: offline.Tracked, Since: now, Cause: d.Cause, Record: r.Ref, Regarding: d.Regarding}
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
	return reopen(tx, m.Identity)
}

// lane is the queue's lane of a record: its changes go in order, and hold up
// nobody else's.
func lane(r offline.Ref) string { return r.String() }

// reopen makes undecided the messages that were left alone and that answer the
// message of this identity, now that it is tracked (R-EMAIL-35).
func reopen(tx *offline.Tx, identity string) error {
	keys, err := tx.ReferencedBy(identity)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := undecide(tx, key); err != nil {
			return err
		}
	}
	return nil
}

// undecide makes a message that rules left alone undecided again. What the user
// decided stays.
func undecide(tx *offline.Tx, key uint64) error {
	m, err := tx.Message(key)
	if err != nil {
		return err
	}
	if m.Track.State != offline.Untracked || m.Track.Declined {
		return nil
	}
	m.Track = offline.Tracking{}
	return tx.PutMessage(&m)
}

// facts gathers from the store what a decision needs.
func facts(tx *offline.Tx, m *offline.Message, s track.Settings) (f track.Facts, err error) {
	if f.Existing, err = tx.EmailByIdentity(m.Identity); err != nil {
		return f, err
	}
	for _, id := range m.InReplyTo {
		if p, ok, err := parent(tx, id); err != nil {
			return f, err
		} else if ok {
			f.Replied = append(f.Replied, p)
		}
	}
	for i := len(m.References) - 1; i >= 0; i-- {
		if p, ok, err := parent(tx, m.References[i]); err != nil {
			return f, err
		} else if ok {
			f.Referenced = append(f.Referenced, p)
		}
	}
	if token := s.Tokens.Find(m.Subject); token != "" {
		rs, err := tx.EmailByToken(token)
		if err != nil {
			return f, err
		}
		for _, r := range rs {
			if r.Email != nil {
				f.ByToken = append(f.ByToken, track.Parent{Record: r.Ref, Regarding: r.Email.Regarding, Changed: r.Changed})
			}
		}
	}
	for _, from := range track.From(m) {
		if f.Sender, err = tx.RecordsByAddress(from.Addr); err != nil {
			return f, err
		}
	}
	return f, nil
}

// parent finds the email that a Message-ID names: a message here that is
// tracked or on its way, or else any email record of the CRM.
func parent(tx *offline.Tx, identity string) (track.Parent, bool, error) {
	if key, ok := tx.KeyByIdentity(identity); ok {
		m, err := tx.Message(key)
		if err != nil {
			return track.Parent{}, false, err
		}
		if t := m.Track; !t.Record.IsZero() && (t.State == offline.Tracked || t.State == offline.Waiting) {
			return track.Parent{Record: t.Record, Regarding: t.Regarding, Changed: t.Since}, true, nil
		}
	}
	rs, err := tx.EmailByIdentity(identity)
	if err != nil || len(rs) == 0 {
		return track.Parent{}, false, err
	}
	best := rs[0]
	for _, r := range rs[1:] {
		if r.Created.Before(best.Created) || r.Created.Equal(best.Created) && r.ID < best.ID {
			best = r
		}
	}
	p := track.Parent{Record: best.Ref, Changed: best.Changed}
	if best.Email != nil {
		p.Regarding = best.Email.Regarding
	}
	return p, true, nil
}
