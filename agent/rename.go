package agent

import (
	"context"
	"errors"
	"io"
	"slices"

	"postrider/agent/message"
	"postrider/offline"
)

// A folder that was renamed on a server without object ids is a name that has
// gone and a name that is new. They are the same folder if the new one has its
// UIDVALIDITY and, at UIDs that are known, the same messages.

const (
	renameSample = 3         // messages compared
	renameHeader = 256 << 10 // bytes read of each
)

// followRenames finds among the new folders those that were known under another
// name, and notes them in was. A folder whose name was given to another one
// meanwhile is looked for, too.
func (a *Agent) followRenames(ctx context.Context, known, found []offline.Folder, was []int) error {
	if a.Poller == nil || !slices.ContainsFunc(known, func(k offline.Folder) bool { return k.Cursor.UIDValidity != 0 }) {
		return nil
	}
	fresh := map[string]int{} // name to index in found
	var ask []string
	for i, f := range found {
		if f.NoSelect || f.ObjectID != "" {
			continue
		}
		if was[i] < 0 {
			fresh[f.Name] = i
		}
		ask = append(ask, f.Name)
	}
	if len(fresh) == 0 {
		return nil
	}
	list, err := a.Poller.Status(ctx, ask)
	if err != nil {
		return err
	}
	for l, k := range known {
		if k.ObjectID != "" || k.Missing || k.Cursor.UIDValidity == 0 {
			continue
		}
		now := slices.Index(was, l) // the folder that has its name
		if now >= 0 && !slices.ContainsFunc(list, func(st offline.FolderStatus) bool {
			return st.Name == found[now].Name && st.UIDValidity != k.Cursor.UIDValidity
		}) {
			continue
		}
		for _, st := range list {
			i, isNew := fresh[st.Name]
			if !isNew || was[i] >= 0 || !mayBe(k.Cursor, st) {
				continue
			}
			same, err := a.sameContents(ctx, k, st)
			if err != nil {
				return err
			}
			if same {
				a.Log.Info("a folder was renamed", "folder", k.ID)
				if now >= 0 {
					was[now] = -1
				}
				was[i] = l
				break
			}
		}
	}
	return nil
}

// mayBe reports whether a folder with this status can be the one that the cursor
// is of.
func mayBe(c offline.Cursor, st offline.FolderStatus) bool {
	return st.UIDValidity == c.UIDValidity && st.UIDNext >= c.UIDNext
}

// sameContents compares a few messages, the smallest ones. A folder that was
// empty is known again by its numbers alone, if they say anything: some servers
// begin each folder at 1 (RFC 3501 section 2.3.1.1 suggests the time).
func (a *Agent) sameContents(ctx context.Context, k offline.Folder, st offline.FolderStatus) (bool, error) {
	at := map[uint32]offline.Message{}
	err := a.Store.View(func(tx *offline.Tx) error {
		keys, err := tx.FolderKeys(k.ID)
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			for _, p := range m.Places {
				if p.Folder == k.ID {
					at[p.UID] = m
				}
			}
			if len(at) > 200 { // enough to find small ones among them
				break
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if len(at) == 0 {
		c := k.Cursor
		telling := c.UIDNext > 1 || c.UIDValidity > 1<<20
		return telling && c.Messages == 0 && st.UIDNext-c.UIDNext == st.Messages, nil
	}
	uids := make([]uint32, 0, len(at))
	for uid := range at {
		uids = append(uids, uid)
	}
	slices.SortFunc(uids, func(x, y uint32) int { return int(at[x].Size - at[y].Size) })
	equal, other := 0, 0
	err = a.Mailbox.Bodies(ctx, offline.Folder{Name: st.Name}, uids[:min(len(uids), renameSample)], func(uid uint32, r io.Reader, err error) error {
		if err != nil {
			return nil
		}
		raw, err := io.ReadAll(io.LimitReader(r, renameHeader))
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil // the adapter tells by itself
		}
		m := at[uid]
		if got := message.Header(head(raw), m.Received); got.Identity == m.Identity || m.Computed && message.Same(m, got) {
			equal++
		} else {
			other++
		}
		return nil
	})
	if offline.ClassOf(err) == offline.FaultNotFound {
		return false, nil
	}
	return equal > 0 && other == 0, err
}

// head is the header of a message, with the empty line that ends it.
func head(raw []byte) []byte {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] == '\n' && (raw[i+1] == '\n' || raw[i+1] == '\r') {
			return append(raw[:i+1:i+1], '\r', '\n')
		}
	}
	return raw
}
