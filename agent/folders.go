package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// listEvery is how often the folders are listed again; between, the known ones
// are asked.
const listEvery = time.Hour

// readFolders returns the folders to read, listing them on the server when that
// was not done lately or a wanted one is unknown.
func (a *Agent) readFolders(ctx context.Context) ([]offline.Folder, error) {
	var known []offline.Folder
	var rules offline.Rules
	var listed time.Time
	if err := a.Store.View(func(tx *offline.Tx) (err error) {
		if _, err = tx.Setting(settingListed, &listed); err != nil {
			return err
		}
		if rules, err = a.rules(tx); err != nil {
			return err
		}
		known, err = tx.Folders()
		return err
	}); err != nil {
		return nil, err
	}
	read, missing := a.choose(known, rules)
	if now := a.Now(); len(read) > 0 && len(missing) == 0 && now.Sub(listed) < listEvery && !listed.After(now) {
		return read, nil
	}
	return a.list(ctx)
}

// list asks the server for its folders, follows those that were renamed, and
// returns those to read.
func (a *Agent) list(ctx context.Context) ([]offline.Folder, error) {
	a.doing("Looking for folders", 0, 0)
	found, err := a.Mailbox.Folders(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the folders: %w", err)
	}
	var known []offline.Folder
	if err := a.Store.View(func(tx *offline.Tx) (err error) { known, err = tx.Folders(); return err }); err != nil {
		return nil, err
	}
	was := matchFolders(known, found)
	if err := a.followRenames(ctx, known, found, was); err != nil {
		return nil, fmt.Errorf("look where folders have gone: %w", err)
	}
	var read []offline.Folder
	err = a.Store.Update(func(tx *offline.Tx) error {
		all := mergeFolders(known, found, was)
		rules, err := a.followRules(tx, all)
		if err != nil {
			return err
		}
		var missing []string
		read, missing = a.choose(all, rules)
		for _, name := range missing {
			a.health.Set(health.FolderMissing, name, fmt.Sprintf("The mailbox has no folder %q.", name))
		}
		for i := range all {
			all[i].Read = slices.ContainsFunc(read, func(f offline.Folder) bool { return f.Name == all[i].Name })
		}
		if err := putFolders(tx, known, all); err != nil {
			return err
		}
		read = slices.DeleteFunc(all, func(f offline.Folder) bool { return !f.Read })
		return tx.PutSetting(settingListed, a.Now().UTC())
	})
	return read, err
}

// matchFolders says which known folder each found one is: the index in known,
// or -1 for a new one. A folder is the one with its object id (RFC 8474), else
// the one with its name; two object ids that differ are two folders, whatever
// their names (R-FOLDER-09).
func matchFolders(known, found []offline.Folder) []int {
	was := make([]int, len(found))
	taken := make([]bool, len(known))
	match := func(same func(k, f offline.Folder) bool) {
		for i, f := range found {
			if was[i] >= 0 {
				continue
			}
			for j, k := range known {
				if !taken[j] && same(k, f) {
					was[i], taken[j] = j, true
					break
				}
			}
		}
	}
	for i := range was {
		was[i] = -1
	}
	match(func(k, f offline.Folder) bool { return f.ObjectID != "" && k.ObjectID == f.ObjectID })
	match(func(k, f offline.Folder) bool {
		return k.Name == f.Name && (k.ObjectID == "" || f.ObjectID == "" || k.ObjectID == f.ObjectID)
	})
	return was
}

// mergeFolders keeps the numbers and cursors of known folders and takes names
// and roles from the server's list. One that is not listed is marked, not
// forgotten: absence is not deletion.
func mergeFolders(known, found []offline.Folder, was []int) []offline.Folder {
	out := slices.Clone(known)
	for i := range out {
		out[i].Missing = true
	}
	for i, f := range found {
		j := was[i]
		if j < 0 {
			out = append(out, f)
			continue
		}
		f.ID, f.Cursor, f.Read = out[j].ID, out[j].Cursor, out[j].Read
		if f.ObjectID == "" {
			f.ObjectID = out[j].ObjectID
		}
		out[j] = f
	}
	for i := range known {
		taken := func(f offline.Folder) bool { return f.Name == out[i].Name && f.ID != out[i].ID }
		if out[i].Missing && slices.ContainsFunc(out, taken) {
			out[i].Name = fmt.Sprintf("%s (deleted, %d)", out[i].Name, out[i].ID)
		}
	}
	return out
}

// putFolders keeps the merged folders. Names may have gone from one to another:
// they are all given up before they are taken.
func putFolders(tx *offline.Tx, known, all []offline.Folder) error {
	for i := range known {
		if all[i].Name == known[i].Name {
			continue
		}
		k := known[i]
		k.Name = fmt.Sprintf("\x00%d", k.ID)
		if err := tx.PutFolder(&k); err != nil {
			return err
		}
	}
	for i := range all {
		if err := tx.PutFolder(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// inScope reports whether the tracking filter decides what comes into a folder:
// it is one of those named in the settings, or Inbox or Sent.
func (a *Agent) inScope(f offline.Folder) bool {
	if len(a.Settings.Folders) == 0 {
		return f.Role == offline.RoleInbox || f.Role == offline.RoleSent
	}
	return slices.ContainsFunc(a.Settings.Folders, func(name string) bool { return names(f, name) })
}

func names(f offline.Folder, name string) bool {
	return f.Name == name || f.Role == offline.RoleInbox && offline.Fold(name) == "inbox"
}

// choose picks the folders to read: those named in the settings, or Inbox and
// Sent, and those that are tracked. missing are the names that are not there.
func (a *Agent) choose(all []offline.Folder, rules offline.Rules) (read []offline.Folder, missing []string) {
	usable := func(f offline.Folder) bool { return !f.NoSelect && !f.Missing }
	for _, name := range a.Settings.Folders {
		if !slices.ContainsFunc(all, func(f offline.Folder) bool { return usable(f) && names(f, name) }) {
			missing = append(missing, name)
			continue
		}
		a.health.Clear(health.FolderMissing, name)
	}
	for _, f := range all {
		r, ruled := ruleOf(rules, f.ID)
		if usable(f) && (a.inScope(f) || ruled && f.ID != 0 && !r.Disabled) {
			read = append(read, f)
		}
	}
	return read, missing
}

// below reports whether a folder lies below another one.
func below(f, top offline.Folder) bool {
	return top.Delimiter != "" && strings.HasPrefix(f.Name, top.Name+top.Delimiter)
}

// binned reports whether a folder is, or lies below, the trash or junk folder:
// many mail programs delete a folder by moving it there.
func binned(f offline.Folder, all []offline.Folder) bool {
	return slices.ContainsFunc(all, func(t offline.Folder) bool {
		return (t.Role == offline.RoleTrash || t.Role == offline.RoleJunk) && !t.Missing && (t.ID == f.ID && t.Name == f.Name || below(f, t))
	})
}
