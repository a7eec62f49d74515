package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postrider/offline"
)

// fakeCRM is a CRM in memory, as strict as the interface says.
type fakeCRM struct {
	mu       sync.Mutex
	now      func() time.Time
	records  map[offline.Ref]offline.Record
	changed  map[offline.Ref]int // when it last changed
	version  int
	emails   map[string]offline.OutgoingEmail // by record id: what was written
	requests int64
	writes   int64
	fail     func(op string) error // before a request is done
	after    func(op string) error // after it was done: the answer is lost
	refuse   map[string]error      // by record id: what the CRM says of a create
	caller   offline.Ref           // who owns what is made; zero: nobody is told
	tangled  int                   // writes that stood in one Push with what they refer to
	methods  offline.Methods
	pending  map[string]*fakePending // by record id: emails that were written in the CRM
	fakePeople
	chosen offline.Options // what Me says beside
}

func newFakeCRM(now func() time.Time) *fakeCRM {
	none := func(string) error { return nil }
	return &fakeCRM{now: now, records: map[offline.Ref]offline.Record{}, changed: map[offline.Ref]int{}, emails: map[string]offline.OutgoingEmail{}, fail: none, after: none, refuse: map[string]error{}}
}

func (c *fakeCRM) put(r offline.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(r)
}

func (c *fakeCRM) putLocked(r offline.Record) {
	c.version++
	r.ETag = fmt.Sprintf("W/%d", c.version)
	r.Changed = c.now()
	if r.Created.IsZero() {
		r.Created = day
	}
	c.records[r.Ref] = r
	c.changed[r.Ref] = c.version
}

func (c *fakeCRM) ask(op string) error {
	c.requests++
	return c.fail(op)
}

func (c *fakeCRM) Me(ctx context.Context) (offline.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.chosen
	o.TokenPrefixes, o.CorrelateHeader, o.SendUnresolved, o.Methods = []string{"CRM:"}, true, true, c.methods
	u := offline.User{ID: "me", Organization: "org", Name: "Ann", Address: "ann@alder.example", Options: o}
	if c.options != nil {
		c.options(&u.Options)
	}
	return u, c.ask("me")
}

func (c *fakeCRM) Pull(ctx context.Context, cursors []offline.CRMCursor, emit func(offline.RecordDelta) error) error {
	deltas, err := c.deltas(cursors)
	if err != nil {
		return err
	}
	for _, d := range deltas {
		if err := emit(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *fakeCRM) deltas(cursors []offline.CRMCursor) (deltas []offline.RecordDelta, err error) {
	c.mu.Lock()
	defer c.mu.Unlock() // also where the test ends the program's life here
	if err := c.ask("pull"); err != nil {
		return nil, err
	}
	for _, cur := range cursors {
		d := offline.RecordDelta{Kind: cur.Kind, Cursor: cur, Final: true}
		from := 0
		fmt.Sscan(cur.Delta, &from)
		for ref, v := range c.changed {
			r, ok := c.records[ref]
			if ref.Kind != cur.Kind || v <= from {
				continue
			}
			if !ok {
				if cur.Kind != offline.KindEmail && !c.noDelta[cur.Kind] {
					d.Gone = append(d.Gone, ref)
				}
				continue
			}
			d.Changed = append(d.Changed, r)
		}
		d.Cursor.Delta, d.Cursor.NoDelta = fmt.Sprint(c.version), c.noDelta[cur.Kind]
		if len(d.Changed)+len(d.Gone) > 0 || d.Cursor.Delta != cur.Delta {
			deltas = append(deltas, d)
		}
	}
	return deltas, nil
}

func (c *fakeCRM) find(op string, is func(*offline.Email) bool) ([]offline.Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ask(op); err != nil {
		return nil, err
	}
	var out []offline.Record
	for _, r := range c.records {
		if r.Kind == offline.KindEmail && is(r.Email) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (c *fakeCRM) EmailsByIdentity(ctx context.Context, ids []string) ([]offline.Record, error) {
	return c.find("find", func(e *offline.Email) bool { return slices.Contains(ids, e.Identity) })
}

func (c *fakeCRM) EmailsByToken(ctx context.Context, tokens []string) ([]offline.Record, error) {
	return c.find("find", func(e *offline.Email) bool { return e.Token != "" && slices.Contains(tokens, e.Token) })
}

func (c *fakeCRM) Exists(ctx context.Context, refs []offline.Ref) (map[offline.Ref]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ask("exists"); err != nil {
		return nil, err
	}
	out := map[offline.Ref]bool{}
	for _, r := range refs {
		_, out[r] = c.records[r]
	}
	return out, nil
}

func (c *fakeCRM) Push(ctx context.Context, writes []offline.Write) ([]offline.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]offline.Outcome, len(writes))
	err := c.ask("push")
	c.writes++
	for _, w := range writes {
		for _, o := range writes {
			if w.Email != nil && !o.Change.Record.IsZero() && (w.Email.Correlated == o.Change.Record || w.Change.Parent == o.Change.Record) {
				c.tangled++
			}
		}
	}
	for i, w := range writes {
		if err == nil {
			err = c.fail("write")
		}
		if err != nil {
			out[i].Err = err
			continue
		}
		out[i] = c.write(w)
		if err = c.after("write"); err != nil {
			out[i] = offline.Outcome{Err: err}
		}
	}
	return out, err
}

func (c *fakeCRM) write(w offline.Write) offline.Outcome {
	fault := func(class offline.FaultClass, text string) offline.Outcome {
		return offline.Outcome{Err: &offline.Fault{Class: class, Op: "write", Text: text}}
	}
	old, there := c.records[w.Change.Record]
	switch w.Change.Op {
	case offline.OpCreateRecord:
		return c.makeRecord(w.Change, old, there)
	case offline.OpCreateEmail:
		e := w.Email
		if err := c.refuse[e.Ref.ID]; err != nil {
			return offline.Outcome{Err: err}
		}
		if there {
			return offline.Outcome{Existed: true, ETag: old.ETag}
		}
		for _, needed := range []offline.Ref{e.Regarding, e.Correlated} {
			if _, ok := c.records[needed]; !needed.IsZero() && !ok {
				return fault(offline.FaultNotFound, needed.String()+" does not exist")
			}
		}
		c.emails[e.Ref.ID] = *e
		c.putLocked(offline.Record{Ref: e.Ref, Name: e.Subject, Owner: c.caller, Email: &offline.Email{Identity: e.Identity, Token: e.Token, Outgoing: e.Outgoing, Closed: true, Regarding: e.Regarding, Sent: e.When, People: people(e.Parties)}})
		return offline.Outcome{ETag: c.records[e.Ref].ETag}
	case offline.OpSetOptions:
		return c.setOptions(w.Change)
	case offline.OpSetRegarding:
		if !there {
			return fault(offline.FaultNotFound, "gone")
		}
		if w.Change.ETag != "" && w.Change.ETag != old.ETag {
			return fault(offline.FaultStale, "changed since")
		}
		if to := w.Change.Regarding; !to.IsZero() {
			if _, ok := c.records[to]; !ok {
				return fault(offline.FaultNotFound, to.String()+" does not exist")
			}
		}
		e := *old.Email
		e.Regarding = w.Change.Regarding
		old.Email = &e
		c.putLocked(old)
		return offline.Outcome{ETag: c.records[old.Ref].ETag}
	case offline.OpMarkSent, offline.OpMarkFailed:
		return c.mark(w.Change)
	case offline.OpSetMethods:
		c.methods.Incoming = offline.Method(cmp.Or(w.Change.Fields["incoming"], string(c.methods.Incoming)))
		c.methods.Outgoing = offline.Method(cmp.Or(w.Change.Fields["outgoing"], string(c.methods.Outgoing)))
		return offline.Outcome{}
	}
	delete(c.records, w.Change.Record)
	c.version++
	c.changed[w.Change.Record] = c.version
	return offline.Outcome{}
}

func (c *fakeCRM) Search(ctx context.Context, text string, kinds []offline.Kind, limit int) (out []offline.Record, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ask("search"); err != nil {
		return nil, err
	}
	for _, r := range c.records {
		if slices.Contains(kinds, r.Kind) && r.Active && strings.Contains(strings.ToLower(r.Name), strings.ToLower(text)) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (c *fakeCRM) Requests() (all, writes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests, c.writes
}

var (
	_ Mailbox = (*fakeMailbox)(nil)
	_ CRM     = (*fakeCRM)(nil)
)
