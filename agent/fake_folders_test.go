package agent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"postrider/offline"
)

// fakeMailboxMore is what a mailbox can do about folders and keywords.
type fakeMailboxMore struct {
	polls int64 // calls of Status
	marks int64 // calls of SetKeywords
	idles int64 // calls of Idle
	bell  chan struct{}
	woken int // how often its connections were to prove themselves
	// markFails is what SetKeywords answers; nil: it does its work.
	markFails error
}

type fakeFolderMore struct {
	objectID   string
	keywordsNo bool // keeps no keywords and says so
	forgetful  bool // says yes to keywords and keeps none
}

func notThere(name string) error {
	return &offline.Fault{Class: offline.FaultNotFound, Op: "open " + name, Text: "no such folder"}
}

func (b *fakeMailbox) has(name string) bool {
	return slices.ContainsFunc(b.folders, func(f *fakeFolder) bool { return f.name == name })
}

// ring tells whoever idles that something changed.
func (b *fakeMailbox) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bell != nil {
		close(b.bell)
		b.bell = nil
	}
}

func (b *fakeMailbox) Wake() {
	b.mu.Lock()
	b.woken++
	b.mu.Unlock()
	b.ring()
}

func (fakeReader) Wake() {}

// makeFolder makes a folder; each gets a UIDVALIDITY of its own.
func (b *fakeMailbox) makeFolder(name string) *fakeFolder {
	b.mu.Lock()
	defer b.mu.Unlock()
	validity := uint32(1_700_000_000)
	for _, f := range b.folders {
		validity = max(validity, f.validity+1)
	}
	f := &fakeFolder{name: name, validity: validity, next: 1, modseq: 1, msgs: map[uint32]*fakeMessage{}}
	b.folders = append(b.folders, f)
	return f
}

func (b *fakeMailbox) dropFolder(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folders = slices.DeleteFunc(b.folders, func(f *fakeFolder) bool { return f.name == name })
}

func (b *fakeMailbox) rename(from, to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folder(from).name = to
}

// copyTo copies a message; with loses the copy has no flags.
func (b *fakeMailbox) copyTo(from string, uid uint32, to string, loses bool) uint32 {
	b.mu.Lock()
	m := *b.folder(from).msgs[uid]
	b.mu.Unlock()
	n := b.add(to, m.raw)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !loses {
		b.folder(to).msgs[n].flags = slices.Clone(m.flags)
	}
	return n
}

func (b *fakeMailbox) moveTo(from string, uid uint32, to string, loses bool) uint32 {
	n := b.copyTo(from, uid, to, loses)
	b.remove(from, uid)
	return n
}

// flags returns the flags of a message.
func (b *fakeMailbox) flags(folder string, uid uint32) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.folder(folder).msgs[uid].flags)
}

func (b *fakeMailbox) Status(ctx context.Context, names []string) (out []offline.FolderStatus, err error) {
	if err := b.ask(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.polls++
	for _, f := range b.folders {
		if slices.Contains(names, f.name) {
			out = append(out, offline.FolderStatus{Name: f.name, ObjectID: f.objectID, UIDValidity: f.validity, UIDNext: f.next, HighestModSeq: f.modseq, Messages: uint32(len(f.msgs))})
		}
	}
	return out, nil
}

func (b *fakeMailbox) SetKeywords(ctx context.Context, f offline.Folder, uids []uint32, add, remove []string) error {
	if err := b.ask(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marks++
	if b.markFails != nil {
		return b.markFails
	}
	if !b.has(f.Name) {
		return notThere(f.Name)
	}
	s := b.folder(f.Name)
	if s.keywordsNo {
		return &offline.Fault{Class: offline.FaultRejected, Op: "set keywords", Err: offline.ErrNoKeywords}
	}
	for _, uid := range uids {
		m := s.msgs[uid]
		if m == nil || s.forgetful {
			continue
		}
		flags := slices.DeleteFunc(slices.Clone(m.flags), func(x string) bool {
			return slices.ContainsFunc(remove, func(r string) bool { return strings.EqualFold(r, x) })
		})
		for _, k := range add {
			if !hasKeyword(flags, k) {
				flags = append(flags, k)
			}
		}
		slices.Sort(flags)
		s.modseq++
		m.flags, m.modseq = flags, s.modseq
	}
	if s.forgetful && len(uids) > 0 { // as if another flag had changed
		s.modseq++
		for _, m := range s.msgs {
			m.modseq = s.modseq
		}
	}
	return nil
}

// Idle waits until the folder is not as its cursor says, or the bell is rung.
func (b *fakeMailbox) Idle(ctx context.Context, f offline.Folder) error {
	if err := b.cut(); err != nil {
		return err
	}
	b.mu.Lock()
	b.idles++
	s := b.folder(f.Name)
	c := f.Cursor
	if c.UIDNext != 0 && (c.UIDNext != s.next || c.HighestModSeq != s.modseq || int(c.Messages) != len(s.msgs)) {
		b.mu.Unlock()
		return nil
	}
	if b.bell == nil {
		b.bell = make(chan struct{})
	}
	bell := b.bell
	b.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-bell:
		return nil
	}
}

// uidOf finds a message by a part of its text.
func (b *fakeMailbox) uidOf(folder, text string) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.folder(folder)
	for _, uid := range slices.Sorted(maps.Keys(f.msgs)) {
		if strings.Contains(f.msgs[uid].raw, text) {
			return uid
		}
	}
	panic("no message " + text + " in " + folder)
}

// userCRM is the CRM as one user sees it.
type userCRM struct {
	*fakeCRM
	id string
}

func (c userCRM) Me(ctx context.Context) (offline.User, error) {
	u, err := c.fakeCRM.Me(ctx)
	u.ID = c.id
	return u, err
}

func (c userCRM) Push(ctx context.Context, writes []offline.Write) ([]offline.Outcome, error) {
	c.mu.Lock()
	c.caller = offline.Ref{Kind: offline.KindUser, ID: c.id}
	c.mu.Unlock()
	return c.fakeCRM.Push(ctx, writes)
}

var (
	_ Poller = (*fakeMailbox)(nil)
	_ Marker = (*fakeMailbox)(nil)
)

// folder is a folder as the store has it.
func (w *world) folder(name string) (f offline.Folder) {
	w.t.Helper()
	if err := w.store.View(func(tx *offline.Tx) (err error) { f, err = tx.FolderByName(name); return err }); err != nil {
		w.t.Fatalf("folder %s: %v", name, err)
	}
	return f
}

// relist makes the next sync list the folders.
func (w *world) relist() {
	w.t.Helper()
	if err := w.store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingListed, nil) }); err != nil {
		w.t.Fatalf("%v", err)
	}
}

// track makes a folder tracked, after it was listed.
func (w *world) track(name string, regarding offline.Ref, whole bool) offline.FolderID {
	w.t.Helper()
	r := offline.FolderRule{Folder: w.folder(name).ID, Regarding: regarding}
	if !whole {
		r.Since = w.now.AddDate(1, 0, 0) // the letters' dates run ahead of the clock
	}
	if err := w.agent.TrackFolder(r); err != nil {
		w.t.Fatalf("track %s: %v", name, err)
	}
	return r.Folder
}

// about says what became of a message, in short.
func (w *world) about(id string) string {
	w.t.Helper()
	t := w.message(id).Track
	return strings.TrimSpace(strings.Join([]string{string(t.State), string(t.Cause), t.Regarding.String()}, " "))
}
