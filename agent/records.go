package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postrider/agent/health"
	"postrider/offline"
)

// aboutMessage are the changes that have to do with the tracking of a message:
// all but those that make records from it, which stand by themselves. A record
// that the user asked for is made also where the message is untracked meanwhile.
func aboutMessage(tx *offline.Tx, item uint64) ([]offline.Change, error) {
	cs, err := tx.ChangesFor(item)
	out := cs[:0]
	for _, c := range cs {
		if c.Op != offline.OpCreateRecord && c.Op != offline.OpKeyword {
			out = append(out, c)
		}
	}
	return out, err
}

// awaitsRecord reports whether a change has to wait until the record that it
// makes a message be about is made. One that was refused is waited for, too: the
// user corrects it, or chooses another.
func awaitsRecord(tx *offline.Tx, c offline.Change) bool {
	if c.Regarding.IsZero() || c.Op != offline.OpCreateEmail && c.Op != offline.OpSetRegarding {
		return false
	}
	cs, err := tx.Lane(lane(c.Regarding))
	return err == nil && len(cs) > 0 && cs[0].Op == offline.OpCreateRecord
}

// recordCreated keeps a record that the CRM made, as far as we know it; the next
// pull brings the CRM's own word. What the user took back while it was under way
// is deleted again.
func (a *Agent) recordCreated(tx *offline.Tx, c offline.Change, o offline.Outcome, withdrawn bool) error {
	now := a.Now().UTC()
	if withdrawn {
		if o.Existed {
			return nil
		}
		d := offline.Change{Lane: lane(c.Record), Op: offline.OpDelete, Item: c.Item, Record: c.Record, Queued: now}
		return tx.Enqueue(&d)
	}
	r := asRecord(c, o, offline.Ref{Kind: offline.KindUser, ID: a.me().ID}, now)
	if old, err := tx.Record(c.Record); err == nil && old.ETag != "" {
		r = old // pulled meanwhile: the CRM's own word
	}
	if err := tx.PutRecord(&r); err != nil {
		return err
	}
	a.created = append(a.created, r)
	if m, err := tx.Message(c.Item); err == nil && strings.HasPrefix(m.Track.Reason, refusal(c)) {
		m.Track.Reason = ""
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
	}
	a.settleRecordProblem(c.Record)
	text := fmt.Sprintf("made the %s %s", c.Record.Kind, r.Name)
	if notes := joinNotes(o.Notes); notes != "" {
		text += "; " + notes
	}
	return tx.Log(offline.Activity{At: now, What: "create", Item: c.Item, Record: c.Record, Text: text})
}

// bookCreated puts the records that were made into the address book, once the
// store has them.
func (a *Agent) bookCreated() {
	for _, r := range a.created {
		a.updateBook([]offline.Record{r}, nil)
	}
	a.created = nil
}

// recordRefused shows that the CRM will not make a record as it is: on the
// message, which has failed where it waits to be about that record, and among
// the problems. The user corrects what is wrong and chooses Retry.
func (a *Agent) recordRefused(tx *offline.Tx, c offline.Change, reason string) error {
	text := refusal(c) + ": " + reason
	a.health.Set(health.RecordFailed, recordSubject(c.Record), text)
	m, err := tx.Message(c.Item)
	switch {
	case errors.Is(err, offline.ErrNotFound):
	case err != nil:
		return err
	default:
		m.Track.Reason = text
		if m.Track.Regarding == c.Record && m.Track.State == offline.Waiting {
			m.Track.State, m.Track.Since = offline.Failed, a.Now().UTC()
		}
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
	}
	return tx.Log(offline.Activity{At: a.Now().UTC(), What: "problem", Item: c.Item, Record: c.Record, Text: text})
}

// refusal is how the reason of what was refused begins.
func refusal(c offline.Change) string {
	return fmt.Sprintf("the %s %s could not be made", c.Record.Kind, asRecord(c, offline.Outcome{}, offline.Ref{}, c.Queued).Name)
}

func recordSubject(r offline.Ref) string { return "record " + r.String() }

func (a *Agent) settleRecordProblem(r offline.Ref) {
	a.health.Clear(health.RecordFailed, recordSubject(r))
}

// restoreRefused takes up what was refused in an earlier run.
func (a *Agent) restoreRefused(tx *offline.Tx) error {
	cs, err := tx.Changes(0)
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.Op == offline.OpCreateRecord && c.Parked {
			a.health.Set(health.RecordFailed, recordSubject(c.Record), c.Reason)
		}
	}
	return nil
}

// refusedRecords are the changes that make what a message was to be about and that the
// CRM refused.
func refusedRecords(tx *offline.Tx, item uint64) ([]offline.Change, error) {
	cs, err := tx.ChangesFor(item)
	return slices.DeleteFunc(cs, func(c offline.Change) bool {
		return c.Op != offline.OpCreateRecord || !c.Parked || c.Record.Kind == offline.KindContact
	}), err
}

// refuseAgain brings back, for Undo, what forgetRefused gave up.
func (a *Agent) refuseAgain(tx *offline.Tx, cs []offline.Change) error {
	for _, c := range cs {
		waiting, err := tx.Lane(c.Lane)
		if err != nil {
			return err
		}
		if len(waiting) > 0 {
			continue // it is still there, or was tried again meanwhile
		}
		if err := tx.Enqueue(&c); err != nil {
			return err
		}
		rec := asRecord(c, offline.Outcome{}, offline.Ref{Kind: offline.KindUser, ID: a.me().ID}, c.Queued)
		rec.Addrs = nil
		if err := tx.PutRecord(&rec); err != nil {
			return err
		}
		a.health.Set(health.RecordFailed, recordSubject(c.Record), refusal(c)+": "+c.Reason)
	}
	return nil
}

// forgetRefused gives up records that the CRM refused to make from a message,
// when the message is made to be about something else.
func (a *Agent) forgetRefused(tx *offline.Tx, item uint64, keep offline.Ref) error {
	cs, err := refusedRecords(tx, item)
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.Record == keep {
			continue
		}
		if err := tx.DropChange(c.ID); err != nil {
			return err
		}
		if err := ignoreMissing(tx.DeleteRecord(c.Record)); err != nil {
			return err
		}
		a.settleRecordProblem(c.Record)
	}
	return nil
}
