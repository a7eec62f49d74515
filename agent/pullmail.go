package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/agent/message"
	"postrider/offline"
)

// pullMail brings what changed in the mailbox into the store.
func (a *Agent) pullMail(ctx context.Context) error {
	folders, err := a.readFolders(ctx)
	if err != nil {
		return err
	}
	if folders, err = a.changed(ctx, folders, false); err != nil {
		return err
	}
	if err := a.pullFolders(ctx, folders); err != nil {
		return err
	}
	return a.dropHomeless()
}

// pullSome brings in what changed in the inbox, or with inbox false in any
// folder; some tells whether anything was looked into. What left the inbox is
// looked for in the other folders at once: it was moved there.
func (a *Agent) pullSome(ctx context.Context, inbox bool) (some bool, err error) {
	folders, err := a.readFolders(ctx)
	if err != nil {
		return false, err
	}
	if inbox {
		in := slices.DeleteFunc(slices.Clone(folders), func(f offline.Folder) bool { return f.Role != offline.RoleInbox })
		if err := a.pullFolders(ctx, in); err != nil {
			return true, err
		}
		var homeless map[uint64]bool
		if err := a.Store.View(func(tx *offline.Tx) (err error) { homeless, err = loadHomeless(tx); return err }); err != nil {
			return true, err
		}
		if len(homeless) == 0 {
			return true, nil
		}
		folders = slices.DeleteFunc(folders, func(f offline.Folder) bool { return f.Role == offline.RoleInbox })
	}
	if folders, err = a.changed(ctx, folders, true); err != nil {
		return inbox, err
	}
	if err := a.pullFolders(ctx, folders); err != nil {
		return true, err
	}
	return inbox || len(folders) > 0, a.dropHomeless()
}

// changed asks in one go which folders are not as their cursors say. Where a
// server counts no changes (RFC 7162), only quick leaves out a folder that may
// have other flags.
func (a *Agent) changed(ctx context.Context, folders []offline.Folder, quick bool) ([]offline.Folder, error) {
	if a.Poller == nil || len(folders) == 0 {
		return folders, nil
	}
	names := make([]string, len(folders))
	for i, f := range folders {
		names[i] = f.Name
	}
	list, err := a.Poller.Status(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("look at the folders: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(folders), func(f offline.Folder) bool {
		return slices.ContainsFunc(list, func(st offline.FolderStatus) bool { return st.Name == f.Name && unchanged(f.Cursor, st, quick) })
	}), nil
}

// unchanged reports whether a folder is as its cursor says.
func unchanged(c offline.Cursor, st offline.FolderStatus, quick bool) bool {
	return c.UIDNext != 0 && c.UIDValidity == st.UIDValidity && c.UIDNext == st.UIDNext && c.Messages == st.Messages &&
		c.HighestModSeq == st.HighestModSeq && (c.HighestModSeq != 0 || quick)
}

// pullFolders brings what changed in these folders into the store.
func (a *Agent) pullFolders(ctx context.Context, folders []offline.Folder) error {
	var failed []error
	listed := false
	for i := 0; i < len(folders); i++ {
		f := folders[i]
		a.doing("Reading "+f.Name, 0, 0)
		err := a.pullFolder(ctx, f)
		if offline.ClassOf(err) == offline.FaultNotFound {
			// Renamed or deleted on the server: the list tells which.
			if listed {
				continue
			}
			now, err := a.list(ctx)
			if err != nil {
				return err
			}
			listed = true
			for _, x := range now {
				if !slices.ContainsFunc(folders, func(y offline.Folder) bool { return x.Name == y.Name }) {
					folders = append(folders, x)
				}
			}
			continue
		}
		if err != nil {
			err = fmt.Errorf("read %s: %w", f.Name, err)
			if class := offline.ClassOf(err); class != offline.FaultProtocol && class != offline.FaultRejected && class != offline.FaultDenied {
				return err
			}
			failed = append(failed, err) // this folder's own trouble; the others go on
		}
	}
	switch {
	case len(failed) == 0:
	case len(failed) < len(folders):
		return folderTrouble{errors.Join(failed...)}
	default: // none of them answers well: it is not the folders
		return errors.Join(failed...)
	}
	return nil
}

// pullFolder brings what changed in one folder into the store.
func (a *Agent) pullFolder(ctx context.Context, f offline.Folder) error {
	if f.Cursor == (offline.Cursor{}) {
		f.Cursor.Since = a.Settings.Since
	}
	known := func() (uids []uint32, err error) {
		err = a.Store.View(func(tx *offline.Tx) error { uids, err = tx.UIDs(f.ID); return err })
		return uids, err
	}
	changed, done := false, 0
	last := f.Cursor
	err := a.Mailbox.Sync(ctx, f, known, func(d offline.FolderDelta) error {
		if nothing(d, last) {
			return a.pushBetween(ctx)
		}
		if err := a.storeDelta(f, d); err != nil {
			return fmt.Errorf("keep what was read: %w", err)
		}
		last = d.Cursor
		changed = changed || d.Reset || len(d.New)+len(d.Gone)+len(d.SetAside) > 0
		if n := len(d.New) + len(d.SetAside); n > 0 {
			done += n
			a.doing("Reading "+f.Name, done, max(int(d.Cursor.Messages)-int(d.Cursor.LeftOut), done))
			a.recount()
		}
		return a.pushBetween(ctx)
	})
	if err != nil || !changed {
		return err
	}
	return a.compareCounts(f, last)
}

// nothing reports whether a batch tells only that all is as it was.
func nothing(d offline.FolderDelta, last offline.Cursor) bool {
	d.Cursor.At, last.At = time.Time{}, time.Time{}
	return !d.Reset && len(d.New)+len(d.Flags)+len(d.Gone)+len(d.SetAside) == 0 && d.Cursor == last
}

// pushBetween carries the user's changes over in the middle of a long scan.
func (a *Agent) pushBetween(ctx context.Context) error {
	select {
	case <-a.wakePush:
		if err := a.push(ctx); err != nil && ctx.Err() == nil {
			a.Log.Debug("pushing between two batches failed; the sync tries again", "err", err)
		}
	default:
	}
	return ctx.Err()
}

// compareCounts says so when a folder's count is not the server's, and makes
// the next sync compare the whole folder.
func (a *Agent) compareCounts(f offline.Folder, c offline.Cursor) error {
	if c.UIDNext == 0 {
		return nil // the first scan goes on another time
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		uids, err := tx.UIDs(f.ID)
		if err != nil {
			return err
		}
		if len(uids)+int(c.LeftOut) == int(c.Messages) {
			a.health.Clear(health.CountsDiffer, f.Name)
			return nil
		}
		a.health.Set(health.CountsDiffer, f.Name, fmt.Sprintf("The server has %d messages in this folder, %d of them older than asked for; %d are here.", c.Messages, c.LeftOut, len(uids)))
		f, err := tx.Folder(f.ID)
		if err != nil {
			return err
		}
		f.Cursor.UIDNext = 0
		return tx.PutFolder(&f)
	})
}

// storeDelta keeps one batch, with its cursor, in one transaction.
func (a *Agent) storeDelta(f offline.Folder, d offline.FolderDelta) error {
	var aside []offline.SetAside
	err := a.Store.Update(func(tx *offline.Tx) error {
		homeless, err := a.unplace(tx, f.ID, d)
		if err != nil {
			return err
		}
		in, err := a.landingIn(tx, f)
		if err != nil {
			return err
		}
		if err := a.place(tx, &in, d.New, homeless); err != nil {
			return err
		}
		if err := in.keep(tx); err != nil {
			return err
		}
		if err := a.putFlags(tx, f.ID, d.Flags); err != nil {
			return err
		}
		for i := range d.SetAside {
			s := d.SetAside[i]
			s.Folder, s.At = f.ID, a.Now().UTC()
			if err := tx.PutSetAside(&s); err != nil {
				return err
			}
			aside = append(aside, s)
		}
		now, err := tx.Folder(f.ID)
		if err != nil {
			return err
		}
		now.Cursor = d.Cursor
		return tx.PutFolder(&now)
	})
	for _, s := range aside {
		a.health.Set(health.ItemSetAside, fmt.Sprintf("set-aside %d", s.ID), s.Reason)
	}
	return err
}

// unplace takes back the places that the server says are void, and returns the
// keys of messages that lie nowhere now.
func (a *Agent) unplace(tx *offline.Tx, f offline.FolderID, d offline.FolderDelta) (map[uint64]bool, error) {
	gone := d.Gone
	if d.Reset {
		if err := renumbered(tx, f); err != nil {
			return nil, err
		}
		all, err := tx.UIDs(f)
		if err != nil {
			return nil, err
		}
		gone = all
	}
	homeless, err := loadHomeless(tx)
	if err != nil || len(gone) == 0 {
		return homeless, err
	}
	for _, uid := range gone {
		key, ok := tx.KeyAt(f, uid)
		if !ok {
			continue
		}
		m, err := tx.Message(key)
		if err != nil {
			return nil, err
		}
		m.Places = slices.DeleteFunc(m.Places, func(p offline.Place) bool { return p.Folder == f && p.UID == uid })
		if len(m.Places) == 0 {
			homeless[key] = true
		}
		if err := tx.PutMessage(&m); err != nil {
			return nil, err
		}
	}
	if err := dropAside(tx, f, gone); err != nil {
		return nil, err
	}
	return homeless, saveHomeless(tx, homeless)
}

func dropAside(tx *offline.Tx, f offline.FolderID, uids []uint32) error {
	aside, err := tx.SetAsides()
	if err != nil {
		return err
	}
	for _, s := range aside {
		if s.Folder == f && slices.Contains(uids, s.UID) {
			if err := tx.DropSetAside(s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// place takes in what was read. A message that is known already, by its
// identity, gets one more place; it is never taken for a new one.
func (a *Agent) place(tx *offline.Tx, in *landing, arrived []offline.Message, homeless map[uint64]bool) error {
	if len(arrived) == 0 {
		return nil
	}
	fresh := make([]offline.Message, 0, len(arrived))
	at := make(map[string]int, len(arrived)) // identity to index in fresh
	found := false
	for _, m := range arrived {
		m.Outgoing = in.folder.Role == offline.RoleSent || a.isOwn(m)
		for {
			if i, ok := at[m.Identity]; ok {
				if m.Computed || message.Same(fresh[i], m) {
					fresh[i].Places = addPlace(fresh[i].Places, m.Places[0])
					fresh[i].Outgoing = fresh[i].Outgoing || m.Outgoing
					break
				}
			} else if key, ok := tx.KeyByIdentity(m.Identity); ok {
				old, err := tx.Message(key)
				if err != nil {
					return err
				}
				if m.Computed || message.Same(old, m) {
					old.Places = addPlace(old.Places, m.Places[0])
					old.Outgoing = old.Outgoing || m.Outgoing
					if homeless[key] {
						delete(homeless, key)
						found = true
					}
					if err := in.known(a, tx, &old, m.Places[0]); err != nil {
						return err
					}
					break
				}
			} else {
				in.before(a, &m)
				at[m.Identity] = len(fresh)
				fresh = append(fresh, m)
				break
			}
			// Two different messages bear one Message-ID: this one gets an identity
			// of its own, made from what tells it apart.
			m.Identity, m.Computed = message.Derived(m), true
		}
	}
	if found {
		if err := saveHomeless(tx, homeless); err != nil {
			return err
		}
	}
	if err := tx.AddMessages(fresh); err != nil {
		return err
	}
	for _, m := range fresh {
		for _, p := range m.Places {
			in.note(m.Key, p)
		}
	}
	return nil
}

func (a *Agent) isOwn(m offline.Message) bool {
	for _, from := range m.From {
		if slices.Contains(a.Settings.Own, offline.Fold(from.Addr)) {
			return true
		}
	}
	return false
}

func addPlace(ps []offline.Place, p offline.Place) []offline.Place {
	for i := range ps {
		if ps[i].Folder == p.Folder && ps[i].UID == p.UID {
			ps[i].Flags = p.Flags
			return ps
		}
	}
	return append(ps, p)
}

func loadHomeless(tx *offline.Tx) (map[uint64]bool, error) {
	var keys []uint64
	if _, err := tx.Setting(settingHomeless, &keys); err != nil {
		return nil, err
	}
	set := make(map[uint64]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return set, nil
}

func saveHomeless(tx *offline.Tx, set map[uint64]bool) error {
	keys := make([]uint64, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return tx.PutSetting(settingHomeless, keys)
}

// dropHomeless forgets messages that the server said are nowhere any more and
// that turned up in no other folder, unless something hangs on them: a record,
// a change, or the user's word not to track them.
func (a *Agent) dropHomeless() error {
	return a.Store.Update(func(tx *offline.Tx) error {
		homeless, err := loadHomeless(tx)
		if err != nil || len(homeless) == 0 {
			return err
		}
		for key := range homeless {
			m, err := tx.Message(key)
			if errors.Is(err, offline.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			kept := m.Track.State == offline.Waiting || m.Track.State == offline.Tracked || m.Track.State == offline.Failed || m.Track.Declined
			if len(m.Places) > 0 || kept {
				continue
			}
			if err := tx.DeleteMessage(key); err != nil {
				return err
			}
		}
		return saveHomeless(tx, nil)
	})
}
