package agent

import (
	"context"
	"errors"
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
