package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"postrider/agent/message"
	"postrider/offline"
)

// fakeMailbox is a mailbox in memory that counts what is asked of it and can be
// cut after so many batches or bodies.
type fakeMailbox struct {
	mu       sync.Mutex
	folders  []*fakeFolder
	requests int64
	cut      func() error // asked before each step; an error ends it
	batch    int
	fakeMailboxMore
	poison map[uint32]bool // UIDs whose bodies can't be fetched
}

type fakeFolder struct {
	fakeFolderMore
	name     string
	role     offline.FolderRole
	validity uint32
	next     uint32
	modseq   uint64
	msgs     map[uint32]*fakeMessage
}

type fakeMessage struct {
	raw    string
	flags  []string
	modseq uint64
	at     time.Time
}

var errPoison = errors.New("the server breaks off at it")

func newFakeMailbox() *fakeMailbox {
	return &fakeMailbox{batch: 3, cut: func() error { return nil }, folders: []*fakeFolder{
		{name: "INBOX", role: offline.RoleInbox, validity: 1, next: 1, modseq: 1, msgs: map[uint32]*fakeMessage{}},
		{name: "Sent", role: offline.RoleSent, validity: 1, next: 1, modseq: 1, msgs: map[uint32]*fakeMessage{}},
		{name: "Other", validity: 1, next: 1, modseq: 1, msgs: map[uint32]*fakeMessage{}},
	}}
}

func (b *fakeMailbox) folder(name string) *fakeFolder {
	for _, f := range b.folders {
		if f.name == name {
			return f
		}
	}
	panic("no folder " + name)
}

func (b *fakeMailbox) add(folder, raw string) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(folder)
	uid := f.next
	f.next++
	f.modseq++
	at := day
	if m, err := mail.ReadMessage(strings.NewReader(raw)); err == nil {
		if d, err := m.Header.Date(); err == nil {
			at = d
		}
	}
	f.msgs[uid] = &fakeMessage{raw: raw, modseq: f.modseq, at: at}
	return uid
}

func (b *fakeMailbox) remove(folder string, uid uint32) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(folder)
	raw := f.msgs[uid].raw
	delete(f.msgs, uid)
	f.modseq++
	return raw
}

func (b *fakeMailbox) flag(folder string, uid uint32, flags ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(folder)
	f.modseq++
	f.msgs[uid].flags, f.msgs[uid].modseq = flags, f.modseq
}

// renumber gives a folder a new UIDVALIDITY and its messages new UIDs.
func (b *fakeMailbox) renumber(folder string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(folder)
	old := f.msgs
	f.validity++
	f.msgs, f.next = map[uint32]*fakeMessage{}, 1000
	for _, uid := range slices.Sorted(maps.Keys(old)) {
		f.msgs[f.next] = old[uid]
		f.next++
	}
}

func (b *fakeMailbox) ask() error {
	b.mu.Lock()
	b.requests++
	b.mu.Unlock()
	return b.cut()
}

func (b *fakeMailbox) Folders(ctx context.Context) ([]offline.Folder, error) {
	if err := b.ask(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []offline.Folder
	for _, f := range b.folders {
		out = append(out, offline.Folder{Name: f.name, Role: f.role, Delimiter: "/", ObjectID: f.objectID})
	}
	return out, nil
}

func (b *fakeMailbox) Sync(ctx context.Context, f offline.Folder, known func() ([]uint32, error), emit func(offline.FolderDelta) error) error {
	if err := b.ask(); err != nil {
		return err
	}
	b.mu.Lock()
	if !b.has(f.Name) {
		b.mu.Unlock()
		return notThere(f.Name)
	}
	s := b.folder(f.Name)
	now := offline.Cursor{UIDValidity: s.validity, UIDNext: s.next, HighestModSeq: s.modseq, Messages: uint32(len(s.msgs)), Since: f.Cursor.Since, At: day}
	c := f.Cursor
	b.mu.Unlock()
	if c.UIDValidity == now.UIDValidity && c.UIDNext == now.UIDNext && c.HighestModSeq == now.HighestModSeq && c.Messages == now.Messages {
		return nil
	}
	if err := b.ask(); err != nil {
		return err
	}
	if c.UIDValidity != now.UIDValidity {
		if err := emit(offline.FolderDelta{Reset: true, Cursor: offline.Cursor{UIDValidity: now.UIDValidity, Since: c.Since}}); err != nil {
			return err
		}
	}
	have, err := known()
	if err != nil {
		return err
	}
	var d offline.FolderDelta
	b.mu.Lock()
	var fresh []uint32
	for uid, m := range s.msgs {
		if !slices.Contains(have, uid) {
			fresh = append(fresh, uid)
		} else if m.modseq > c.HighestModSeq {
			d.Flags = append(d.Flags, offline.FlagChange{UID: uid, Flags: m.flags})
		}
	}
	for _, uid := range have {
		if s.msgs[uid] == nil {
			d.Gone = append(d.Gone, uid)
		}
	}
	b.mu.Unlock()
	sort.Slice(fresh, func(i, j int) bool { return fresh[i] > fresh[j] })
	for len(fresh) > b.batch {
		if err := b.ask(); err != nil {
			return err
		}
		part := offline.FolderDelta{New: b.read(f, s, fresh[:b.batch]), Cursor: offline.Cursor{UIDValidity: now.UIDValidity, Since: c.Since}}
		if err := emit(part); err != nil {
			return err
		}
		fresh = fresh[b.batch:]
	}
	if err := b.cut(); err != nil {
		return err
	}
	d.New, d.Cursor = b.read(f, s, fresh), now
	return emit(d)
}

func (b *fakeMailbox) read(f offline.Folder, s *fakeFolder, uids []uint32) (out []offline.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, uid := range uids {
		m := s.msgs[uid]
		if m == nil {
			continue
		}
		head, _, _ := strings.Cut(m.raw, "\r\n\r\n")
		msg := message.Header([]byte(head+"\r\n\r\n"), m.at)
		msg.Places = []offline.Place{{Folder: f.ID, UID: uid, Flags: m.flags}}
		out = append(out, msg)
	}
	return out
}

func (b *fakeMailbox) Bodies(ctx context.Context, f offline.Folder, uids []uint32, each func(uint32, io.Reader, error) error) error {
	for _, uid := range uids {
		if err := b.ask(); err != nil {
			return err
		}
		b.mu.Lock()
		if !b.has(f.Name) {
			b.mu.Unlock()
			return notThere(f.Name)
		}
		m := b.folder(f.Name).msgs[uid]
		b.mu.Unlock()
		if m == nil {
			continue
		}
		if b.poison[uid] {
			if err := each(uid, nil, errPoison); err != nil {
				return err
			}
			continue
		}
		if err := each(uid, strings.NewReader(m.raw), nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *fakeMailbox) Requests() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

func (b *fakeMailbox) Close() error { return nil }

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
