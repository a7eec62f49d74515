package imaptest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"postrider/offline"
)

// Mailbox is what is tested: the same methods as agent.Mailbox.
type Mailbox interface {
	Folders(ctx context.Context) ([]offline.Folder, error)
	Sync(ctx context.Context, f offline.Folder, known func() ([]uint32, error), emit func(offline.FolderDelta) error) error
	Bodies(ctx context.Context, f offline.Folder, uids []uint32, each func(uid uint32, r io.Reader, err error) error) error
	Idle(ctx context.Context, f offline.Folder) error
	Requests() int64
	Close() error
}

// Keeper keeps one folder in memory as the store does, and holds the mailbox to
// its promises while it takes what that hands over.
type Keeper struct {
	Folder   offline.Folder
	Messages map[uint32]offline.Message
	Aside    map[uint32]offline.SetAside
	Deltas   []offline.FolderDelta // of the last Sync
	Asked    int                   // how often the last Sync asked for the known UIDs
	Again    int                   // messages of the last Sync that were known already
	Fail     func(offline.FolderDelta) error

	t testing.TB
}

// NewKeeper begins with nothing.
func NewKeeper(t testing.TB, folder string) *Keeper {
	return &Keeper{Folder: offline.Folder{ID: 7, Name: folder}, Messages: map[uint32]offline.Message{}, Aside: map[uint32]offline.SetAside{}, t: t}
}

// Sync runs one sync.
func (k *Keeper) Sync(ctx context.Context, m Mailbox) error {
	k.Deltas, k.Asked, k.Again = nil, 0, 0
	return m.Sync(ctx, k.Folder, k.known, k.take)
}

// MustSync runs one sync that has to work.
func (k *Keeper) MustSync(m Mailbox) {
	k.t.Helper()
	if err := k.Sync(k.t.Context(), m); err != nil {
		k.t.Fatalf("sync %s: %v", k.Folder.Name, err)
	}
}

func (k *Keeper) known() ([]uint32, error) {
	k.Asked++
	return k.UIDs(), nil
}

// UIDs are those of messages and of what is set aside, sorted.
func (k *Keeper) UIDs() []uint32 {
	return slices.Sorted(func(yield func(uint32) bool) {
		for u := range maps.Keys(k.Messages) {
			if !yield(u) {
				return
			}
		}
		for u := range maps.Keys(k.Aside) {
			if !yield(u) {
				return
			}
		}
	})
}

func (k *Keeper) take(d offline.FolderDelta) error {
	if k.Fail != nil {
		if err := k.Fail(d); err != nil {
			return err
		}
	}
	k.Deltas = append(k.Deltas, d)
	if d.Reset {
		clear(k.Messages)
		clear(k.Aside)
	}
	for _, msg := range d.New {
		if len(msg.Places) != 1 || msg.Places[0].Folder != k.Folder.ID || msg.Places[0].UID == 0 {
			k.t.Errorf("a new message with places %+v", msg.Places)
			continue
		}
		u := msg.Places[0].UID
		if _, dup := k.Messages[u]; dup {
			k.Again++
		}
		if c := d.Cursor.UIDNext; c != 0 && u >= c {
			k.t.Errorf("message %d is not covered by the cursor that came with it, UIDNEXT %d", u, c)
		}
		k.Messages[u] = msg
	}
	for _, a := range d.SetAside {
		if a.Folder != k.Folder.ID || a.UID == 0 || a.Reason == "" {
			k.t.Errorf("set aside without place or reason: %+v", a)
		}
		k.Aside[a.UID] = a
	}
	for _, f := range d.Flags {
		if msg, ok := k.Messages[f.UID]; ok {
			msg.Places[0].Flags = f.Flags
			k.Messages[f.UID] = msg
		}
	}
	for _, u := range d.Gone {
		delete(k.Messages, u)
		delete(k.Aside, u)
	}
	if d.Cursor.At.IsZero() {
		k.t.Error("a cursor without time")
	}
	k.Folder.Cursor = d.Cursor
	return nil
}

// New lists the UIDs that the last sync brought, in the order in which they came.
func (k *Keeper) New() []uint32 {
	var out []uint32
	for _, d := range k.Deltas {
		for _, m := range d.New {
			out = append(out, m.Places[0].UID)
		}
	}
	return out
}

// Check compares what is kept with what the server has, flags included.
func (k *Keeper) Check(h *Hand) {
	k.t.Helper()
	want := h.UIDs(k.Folder.Name)
	if got := k.UIDs(); !slices.Equal(got, want) {
		k.t.Fatalf("%s: kept %v, the server has %v", k.Folder.Name, got, want)
	}
	for u, m := range k.Messages {
		if got, want := fmt.Sprint(m.Places[0].Flags), fmt.Sprint(h.Flags(k.Folder.Name, u)); got != want {
			k.t.Errorf("%s: message %d kept with flags %s, the server has %s", k.Folder.Name, u, got, want)
		}
	}
	if c := k.Folder.Cursor; int(c.Messages) != len(want) || c.UIDNext == 0 {
		k.t.Errorf("%s: cursor %+v for %d messages", k.Folder.Name, c, len(want))
	}
}
