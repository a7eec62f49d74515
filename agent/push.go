package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

const (
	pushBatch  = 200     // changes made ready at a time
	pushBytes  = 8 << 20 // bytes of text and attachments made ready at a time, but for the last message
	freshTries = 3       // how often a change waits for what it refers to
)

// push carries out the queue until nothing in it is ready. A change that fails
// by itself waits or is parked, and the rest goes on; a failure of the
// connection ends the push.
func (a *Agent) push(ctx context.Context) error {
	total, done := 0, 0
	for {
		batch, waiting, err := a.ready()
		if err != nil || len(batch) == 0 {
			return err
		}
		total = max(total, done+waiting)
		a.doing("Carrying to the CRM", done, total)
		if batch, err = a.adoptExisting(ctx, batch); err != nil {
			return err
		}
		failed, err := a.fetchForCreates(ctx, batch)
		if err != nil {
			return err
		}
		for len(batch) > 0 {
			writes, n, err := a.prepare(batch, failed)
			if err != nil {
				return err
			}
			if err := a.pushWrites(ctx, writes); err != nil {
				return err
			}
			batch = batch[n:]
			done += n
			a.doing("Carrying to the CRM", done, total)
		}
		a.recount()
	}
}

// ready returns changes that can go now, and how many wait in all. An answer
// goes only after the create of what it answers: the writes of one Push may be
// carried out in any order. Answers that wait so don't keep others from going,
// however many they are.
func (a *Agent) ready() (batch []offline.Change, waiting int, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		waiting = tx.Counts().Waiting
		for limit := pushBatch; ; limit *= 4 {
			heads, err := tx.Ready(a.Now(), limit)
			if err != nil {
				return err
			}
			batch = batch[:0]
			for _, c := range heads {
				if c.Op == offline.OpKeyword || c.Op == offline.OpCreateEmail && (pending(tx, c.Correlated) || comesFirst(tx, c.Parent)) || awaitsRecord(tx, c) {
					continue
				}
				if batch = append(batch, c); len(batch) == pushBatch {
					return nil
				}
			}
			if len(batch) > 0 || len(heads) < limit {
				return nil
			}
		}
	})
	return batch, waiting, err
}

// pending reports whether a record is still to be made by the queue.
func pending(tx *offline.Tx, r offline.Ref) bool {
	if r.IsZero() {
		return false
	}
	cs, err := tx.Lane(lane(r))
	return err == nil && len(cs) > 0 && cs[0].Op == offline.OpCreateEmail && !cs[0].Parked
}

// adoptExisting takes out of the batch what the CRM has already, made by a
// colleague or by an earlier Postrider of this user, and links it instead.
func (a *Agent) adoptExisting(ctx context.Context, batch []offline.Change) ([]offline.Change, error) {
	var items []uint64
	for _, c := range batch {
		if c.Op == offline.OpCreateEmail {
			items = append(items, c.Item)
		}
	}
	if err := a.learn(ctx, items); err != nil {
		return nil, err
	}
	s := a.trackSettings()
	var rest []offline.Change
	err := a.Store.Update(func(tx *offline.Tx) error {
		rest = nil
		for _, c := range batch {
			adopted, err := a.adoptInstead(tx, c, s)
			if err != nil {
				return err
			}
			if !adopted {
				rest = append(rest, c)
			}
		}
		return nil
	})
	return rest, err
}

func (a *Agent) adoptInstead(tx *offline.Tx, c offline.Change, s track.Settings) (bool, error) {
	if c.Op == offline.OpCreateRecord {
		return a.needless(tx, c)
	}
	if c.Op != offline.OpCreateEmail {
		return false, nil
	}
	m, err := tx.Message(c.Item)
	if errors.Is(err, offline.ErrNotFound) {
		return true, tx.DropChange(c.ID) // the message was forgotten with all that hung on it
	}
	if err != nil {
		return false, err
	}
	f, err := facts(tx, &m, s)
	if err != nil {
		return false, err
	}
	d := track.ByHand(&m, f, s, c.Regarding)
	if d.Existing.IsZero() || d.Existing == c.Record {
		// Its own record: an earlier attempt got through. The create is
		// repeated all the same, to be sure that it was finished.
		return false, nil
	}
	if err := tx.DropChange(c.ID); err != nil {
		return false, err
	}
	if d.Cause = m.Track.Cause; !byHand(d.Cause) {
		theirs := base(tx, d.Existing)
		if d.Cause != offline.CauseFolder || !theirs.IsZero() { // R-FOLDER-14: who filed it first decides
			d.Regarding = theirs
		}
		d.Cause = offline.CauseColleague
	}
	return true, a.adopt(tx, &m, d)
}

func base(tx *offline.Tx, r offline.Ref) offline.Ref {
	if rec, err := tx.Record(r); err == nil && rec.Email != nil {
		return rec.Email.Regarding
	}
	return offline.Ref{}
}

// pushWrites sends one batch and settles the answers.
func (a *Agent) pushWrites(ctx context.Context, writes []offline.Write) error {
	if len(writes) == 0 {
		return nil
	}
	outcomes, err := a.CRM.Push(ctx, writes)
	if settled := a.settle(ctx, writes, outcomes); settled != nil {
		return settled
	}
	if err != nil {
		return fmt.Errorf("write to the CRM: %w", err)
	}
	for _, o := range outcomes {
		// What stops everything may be told of one item only; going on would
		// meet it again and again.
		if c := offline.ClassOf(o.Err); c == offline.FaultAuth || c == offline.FaultNetwork || c == offline.FaultThrottled {
			return fmt.Errorf("write to the CRM: %w", o.Err)
		}
	}
	return nil
}

// settle records the CRM's answers, all in one transaction.
func (a *Agent) settle(ctx context.Context, writes []offline.Write, outcomes []offline.Outcome) error {
	var lost []int // not found: the record or what it refers to? asked below
	err := a.Store.Update(func(tx *offline.Tx) error {
		lost, a.created = nil, nil
		for i, o := range outcomes {
			c := writes[i].Change
			switch class := offline.ClassOf(o.Err); {
			case o.Err == nil:
				if err := a.succeeded(tx, writes[i], o); err != nil {
					return err
				}
			case class == offline.FaultNotFound || class == offline.FaultStale:
				lost = append(lost, i)
			case class == offline.FaultNetwork || class == offline.FaultAuth || class == offline.FaultThrottled || class == "":
				if err := a.postpone(tx, c.ID, o.Err, 0, nil); err != nil {
					return err
				}
			case class == offline.FaultServer:
				if err := a.postpone(tx, c.ID, o.Err, c.Attempts+1, nil); err != nil {
					return err
				}
			default:
				if err := a.park(tx, c.ID, o.Err.Error()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.bookCreated()
	for _, i := range lost {
		if err := a.reconsider(ctx, writes[i].Change, outcomes[i].Err); err != nil {
			return err
		}
	}
	return nil
}

// succeeded takes a change out of the queue in the transaction that records
// what it did. The user may have changed their mind while it was under way.
func (a *Agent) succeeded(tx *offline.Tx, w offline.Write, o offline.Outcome) error {
	c, now := w.Change, a.Now().UTC()
	_, err := tx.Change(c.ID)
	withdrawn := errors.Is(err, offline.ErrNotFound)
	if err != nil && !withdrawn {
		return err
	}
	if err := tx.DropChange(c.ID); err != nil && !withdrawn {
		return err
	}
	if c.Op == offline.OpCreateRecord {
		return a.recordCreated(tx, c, o, withdrawn)
	}
	if c.Op == offline.OpDelete {
		if err := ignoreMissing(tx.DeleteRecord(c.Record)); err != nil {
			return err
		}
		return tx.Log(offline.Activity{At: now, What: "delete", Item: c.Item, Record: c.Record, Text: "deleted the record in the CRM"})
	}
	if c.Item == 0 { // nothing of the mailbox hangs on it
		return tx.Log(offline.Activity{At: now, What: string(c.Op), Record: c.Record, Text: joinNotes(o.Notes)})
	}
	if c.Op == offline.OpCreateEmail {
		r := made(w.Email, o, now)
		if err := tx.PutRecord(&r); err != nil {
			return err
		}
	}
	m, err := tx.Message(c.Item)
	if err != nil {
		return err
	}
	if m.Track.Record != c.Record {
		if c.Op == offline.OpCreateEmail && withdrawn && !o.Existed {
			d := offline.Change{Lane: lane(c.Record), Op: offline.OpDelete, Item: c.Item, Record: c.Record, Queued: now}
			return tx.Enqueue(&d)
		}
		return nil
	}
	link := offline.Link{Item: m.Key, Record: c.Record, ETag: o.ETag, Base: offline.Base{Regarding: c.Regarding}, At: now}
	if err := tx.PutLink(&link); err != nil {
		return err
	}
	if m.Track.Regarding != c.Regarding { // changed while the create was under way
		next := offline.Change{Lane: lane(c.Record), Op: offline.OpSetRegarding, Item: m.Key, Record: c.Record, Regarding: m.Track.Regarding, ETag: o.ETag, Queued: now}
		if err := tx.Enqueue(&next); err != nil {
			return err
		}
	} else {
		m.Track.State, m.Track.Since, m.Track.Reason = offline.Tracked, now, joinNotes(o.Notes)
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
	}
	if err := a.wantKeyword(tx, &m); err != nil {
		return err
	}
	a.health.Clear(health.ItemFailed, itemSubject(m.Key))
	return tx.Log(offline.Activity{At: now, What: activityOf(c.Op), Item: m.Key, Record: c.Record, Text: joinNotes(o.Notes)})
}

func activityOf(op offline.ChangeOp) string {
	if op == offline.OpSetRegarding {
		return "regarding"
	}
	return "track"
}

// made is the record as the CRM has it now, as far as we know; the next pull
// brings its own word.
func made(e *offline.OutgoingEmail, o offline.Outcome, now time.Time) offline.Record {
	return offline.Record{
		Ref: e.Ref, Name: e.Subject, Created: now, Changed: now, ETag: o.ETag,
		Email: &offline.Email{Identity: e.Identity, Token: e.Token, Outgoing: e.Outgoing, Closed: true, Regarding: e.Regarding, Sent: e.When, People: people(e.Parties)},
	}
}

func people(ps []offline.Party) (addrs []string) {
	for _, p := range ps {
		addrs = append(addrs, offline.Fold(p.Address.Addr))
	}
	return addrs
}

func joinNotes(notes []string) string {
	s := ""
	for i, n := range notes {
		if i > 0 {
			s += "; "
		}
		s += n
	}
	return s
}
