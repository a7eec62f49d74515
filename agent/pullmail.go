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

// listEvery is how often the folders are listed again; between, the known ones
// are asked, one request each.
const listEvery = time.Hour

// pullMail brings what changed in the mailbox into the store.
func (a *Agent) pullMail(ctx context.Context) error {
	folders, err := a.readFolders(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range folders {
		a.doing("Reading "+f.Name, 0, 0)
		err := a.pullFolder(ctx, f)
		if offline.ClassOf(err) == offline.FaultNotFound {
			// Renamed or deleted on the server: the list tells which.
			if _, err = a.list(ctx); err != nil {
				return err
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
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return a.dropHomeless()
}

// readFolders returns the folders to read, listing them on the server when that
// was not done lately or a wanted one is unknown.
func (a *Agent) readFolders(ctx context.Context) ([]offline.Folder, error) {
	var known []offline.Folder
	var listed time.Time
	if err := a.Store.View(func(tx *offline.Tx) (err error) {
		if _, err = tx.Setting(settingListed, &listed); err != nil {
			return err
		}
		known, err = tx.Folders()
		return err
	}); err != nil {
		return nil, err
	}
	read, missing := a.choose(known)
	if now := a.Now(); len(read) > 0 && len(missing) == 0 && now.Sub(listed) < listEvery && !listed.After(now) {
		return read, nil
	}
	return a.list(ctx)
}

// list asks the server for its folders and returns those to read.
func (a *Agent) list(ctx context.Context) ([]offline.Folder, error) {
	a.doing("Looking for folders", 0, 0)
	found, err := a.Mailbox.Folders(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the folders: %w", err)
	}
	var read []offline.Folder
	err = a.Store.Update(func(tx *offline.Tx) error {
		known, err := tx.Folders()
		if err != nil {
			return err
		}
		all := mergeFolders(known, found)
		var missing []string
		read, missing = a.choose(all)
		for _, name := range missing {
			a.health.Set(health.FolderMissing, name, fmt.Sprintf("The mailbox has no folder %q.", name))
		}
		for i := range all {
			all[i].Read = slices.ContainsFunc(read, func(f offline.Folder) bool { return f.Name == all[i].Name })
			if err := tx.PutFolder(&all[i]); err != nil {
				return err
			}
		}
		read = slices.DeleteFunc(all, func(f offline.Folder) bool { return !f.Read })
		return tx.PutSetting(settingListed, a.Now().UTC())
	})
	return read, err
}

// mergeFolders keeps the numbers and cursors of known folders and takes names
// and roles from the server's list. One that is not listed is marked, not
// forgotten: absence is not deletion.
func mergeFolders(known, found []offline.Folder) []offline.Folder {
	out := slices.Clone(known)
	for i := range out {
		out[i].Missing = true
	}
	for _, f := range found {
		i := slices.IndexFunc(out, func(k offline.Folder) bool { return k.Name == f.Name })
		if i < 0 {
			out = append(out, f)
			continue
		}
		f.ID, f.Cursor, f.Read = out[i].ID, out[i].Cursor, out[i].Read
		out[i] = f
	}
	return out
}

// choose picks the folders to read: the ones named in the settings, or Inbox
// and Sent. missing are the names that are not there.
func (a *Agent) choose(all []offline.Folder) (read []offline.Folder, missing []string) {
	usable := func(f offline.Folder) bool { return !f.NoSelect && !f.Missing }
	if len(a.Settings.Folders) == 0 {
		for _, f := range all {
			if usable(f) && (f.Role == offline.RoleInbox || f.Role == offline.RoleSent) {
				read = append(read, f)
			}
		}
		return read, nil
	}
	for _, name := range a.Settings.Folders {
		i := slices.IndexFunc(all, func(f offline.Folder) bool {
			return usable(f) && (f.Name == name || f.Role == offline.RoleInbox && offline.Fold(name) == "inbox")
		})
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		read = append(read, all[i])
		a.health.Clear(health.FolderMissing, name)
	}
	return read, missing
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
		if err := a.place(tx, f, d.New, homeless); err != nil {
			return err
		}
		if err := putFlags(tx, f.ID, d.Flags); err != nil {
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
func (a *Agent) place(tx *offline.Tx, f offline.Folder, arrived []offline.Message, homeless map[uint64]bool) error {
	if len(arrived) == 0 {
		return nil
	}
	fresh := make([]offline.Message, 0, len(arrived))
	at := make(map[string]int, len(arrived)) // identity to index in fresh
	found := false
	for _, m := range arrived {
		m.Outgoing = f.Role == offline.RoleSent || a.isOwn(m)
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
					if err := tx.PutMessage(&old); err != nil {
						return err
					}
					break
				}
			} else {
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
	return tx.AddMessages(fresh)
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
			ps[i] = p
			return ps
		}
	}
	return append(ps, p)
}

func putFlags(tx *offline.Tx, f offline.FolderID, changes []offline.FlagChange) error {
	for _, c := range changes {
		key, ok := tx.KeyAt(f, c.UID)
		if !ok {
			continue // set aside, or left out
		}
		m, err := tx.Message(key)
		if err != nil {
			return err
		}
		same := true
		for i := range m.Places {
			if p := &m.Places[i]; p.Folder == f && p.UID == c.UID && !slices.Equal(p.Flags, c.Flags) {
				p.Flags, same = c.Flags, false
			}
		}
		if same {
			continue
		}
		if err := tx.PutMessage(&m); err != nil {
			return err
		}
	}
	return nil
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
