package agent

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// maxFolders is how many folders can be tracked where the organization does not
// say (R-FOLDER-02).
const maxFolders = 25

// settingFilings is []filing, one for each tracked folder.
const settingFilings = "filings"

// filing tells what was put into a tracked folder from what lay there before
// the folder was tracked. It is known once the folder was read to its end.
type filing struct {
	Folder   offline.FolderID `json:"f"`
	Validity uint32           `json:"uv,omitempty"`
	First    uint32           `json:"first,omitempty"` // UIDs from here on were put in since; 0: not known yet
	Was      []uint64         `json:"was,omitempty"`   // keys of what lay there when UIDVALIDITY changed, until it is read again
	// Other: another folder has taken the name of the one that was tracked.
	Other bool `json:"other,omitempty"`
}

// has reports whether a message at uid was put in since the folder is tracked.
func (f filing) has(key uint64, uid uint32) bool {
	return f.First != 0 && uid >= f.First && !slices.Contains(f.Was, key)
}

func filings(tx *offline.Tx) (all []filing, err error) {
	_, err = tx.Setting(settingFilings, &all)
	return all, err
}

func filingOf(all []filing, id offline.FolderID) filing {
	if i := slices.IndexFunc(all, func(f filing) bool { return f.Folder == id }); i >= 0 {
		return all[i]
	}
	return filing{Folder: id}
}

// putFiling keeps f, or with drop forgets it.
func putFiling(tx *offline.Tx, f filing, drop bool) error {
	all, err := filings(tx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(x filing) bool { return x.Folder == f.Folder })
	if !drop {
		all = append(all, f)
	}
	return tx.PutSetting(settingFilings, all)
}

func ruleOf(r offline.Rules, id offline.FolderID) (offline.FolderRule, bool) {
	i := slices.IndexFunc(r.Folders, func(f offline.FolderRule) bool { return f.Folder == id })
	if i < 0 {
		return offline.FolderRule{}, false
	}
	return r.Folders[i], true
}

// TrackFolder tracks what is put into a folder from now on (R-FOLDER-03, -05),
// and what lies there already as far as it was received on or after r.Since: a
// zero r.Since is all of it. Any folder of the user's may be tracked, not only
// those below the Inbox as R-FOLDER-02 has it, which is a matter of Exchange.
func (a *Agent) TrackFolder(r offline.FolderRule) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		f, err := a.trackable(tx, r.Folder)
		if err != nil {
			return err
		}
		r.Disabled = false
		if err := a.changeRules(tx, func(rules *offline.Rules) error {
			if slices.ContainsFunc(rules.Never, func(n offline.Never) bool { return n.Folder == f.ID }) {
				return fmt.Errorf("%s is on the never-track list; take it off there first", f.Name)
			}
			rules.Folders = slices.DeleteFunc(rules.Folders, func(x offline.FolderRule) bool { return x.Folder == r.Folder })
			most := a.me().Options.MaxFolders
			if most <= 0 {
				most = maxFolders
			}
			if len(rules.Folders) >= most {
				return fmt.Errorf("%d folders are tracked already, which is the most there can be; stop tracking one of them first", len(rules.Folders))
			}
			rules.Folders = append(rules.Folders, r)
			return nil
		}); err != nil {
			return err
		}
		file := filing{Folder: f.ID}
		if f.Cursor.UIDNext != 0 {
			file.Validity, file.First = f.Cursor.UIDValidity, f.Cursor.UIDNext
		}
		if err := putFiling(tx, file, false); err != nil {
			return err
		}
		if err := a.readBack(tx, &f, r.Since); err != nil {
			return err
		}
		return putJob(tx, job{Folder: f.ID, Track: true, Since: r.Since}, false)
	})
	if err != nil {
		return fmt.Errorf("track a folder: %w", err)
	}
	a.health.Clear(health.FolderRuleOff, folderSubject(r.Folder))
	a.SyncNow()
	return nil
}

func folderSubject(id offline.FolderID) string { return fmt.Sprintf("folder %d", id) }

// trackable returns a folder if it may be tracked.
func (a *Agent) trackable(tx *offline.Tx, id offline.FolderID) (offline.Folder, error) {
	if a.me().Options.NoFolders {
		return offline.Folder{}, errors.New("the organization has switched tracking by folder off; ask your administrator to switch it on") // R-FOLDER-01
	}
	f, err := tx.Folder(id)
	if err != nil {
		return f, err
	}
	all, err := tx.Folders()
	if err != nil {
		return f, err
	}
	switch {
	case f.Missing:
		return f, fmt.Errorf("the mailbox has no folder %s any more", f.Name)
	case f.NoSelect:
		return f, fmt.Errorf("%s is a name only and holds no messages; choose a folder below it", f.Name)
	case f.Role == offline.RoleInbox || f.Role == offline.RoleSent || f.Role == offline.RoleDrafts:
		return f, fmt.Errorf("%s can't be a tracked folder, because everything comes through it; choose what is tracked there by the tracking filter", f.Name)
	case binned(f, all):
		return f, fmt.Errorf("%s is for what is thrown away and can't be a tracked folder", f.Name)
	}
	return f, nil
}

// readBack has a folder read, as far back as since where that is before what it
// was read from.
func (a *Agent) readBack(tx *offline.Tx, f *offline.Folder, since time.Time) error {
	f.Read = true
	if c := &f.Cursor; *c == (offline.Cursor{}) {
		c.Since = a.Settings.Since
		if since.Before(c.Since) {
			c.Since = since
		}
	} else if since.Before(c.Since) {
		c.Since, c.UIDNext = since, 0 // read again, and so find what is missing here
	}
	return tx.PutFolder(f)
}

// ChangeFolder changes what a tracked folder's messages are about, or from when
// on they are tracked. Another record is given to all messages that lie there,
// old ones included (R-FOLDER-08); with none, old ones keep theirs and new ones
// are about what their conversation is about (R-FOLDER-07).
func (a *Agent) ChangeFolder(r offline.FolderRule) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		f, err := tx.Folder(r.Folder)
		if err != nil {
			return err
		}
		var old offline.FolderRule
		if err := a.changeRules(tx, func(rules *offline.Rules) error {
			i := slices.IndexFunc(rules.Folders, func(x offline.FolderRule) bool { return x.Folder == r.Folder })
			if i < 0 {
				return fmt.Errorf("%s is not a tracked folder", f.Name)
			}
			old = rules.Folders[i]
			r.Disabled = old.Disabled
			rules.Folders[i] = r
			return nil
		}); err != nil {
			return err
		}
		j := job{Folder: r.Folder, Since: r.Since}
		j.Relink = r.Regarding != old.Regarding && !r.Regarding.IsZero()
		j.Track = r.Since.Before(old.Since)
		if j.Track {
			if err := a.readBack(tx, &f, r.Since); err != nil {
				return err
			}
		}
		if !j.Track && !j.Relink {
			return nil
		}
		js, err := jobs(tx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(js, func(x job) bool { return x.Folder == r.Folder }); i >= 0 { // one that is under way is not forgotten
			j.Track, j.Relink = j.Track || js[i].Track, j.Relink || js[i].Relink
		}
		return putJob(tx, j, false)
	})
	if err != nil {
		return fmt.Errorf("change a tracked folder: %w", err)
	}
	a.SyncNow()
	return nil
}

// ForgetFolder tracks a folder no longer. What was tracked through it stays
// tracked and about what it is about (R-FOLDER-06, R-UNTRACK-09).
func (a *Agent) ForgetFolder(id offline.FolderID) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		if err := a.changeRules(tx, func(rules *offline.Rules) error {
			rules.Folders = slices.DeleteFunc(rules.Folders, func(x offline.FolderRule) bool { return x.Folder == id })
			return nil
		}); err != nil {
			return err
		}
		if err := putFiling(tx, filing{Folder: id}, true); err != nil {
			return err
		}
		if err := putJob(tx, job{Folder: id}, true); err != nil {
			return err
		}
		f, err := tx.Folder(id)
		if err != nil {
			return ignoreMissing(err)
		}
		f.Read = f.Read && a.inScope(f)
		return tx.PutFolder(&f)
	})
	if err != nil {
		return fmt.Errorf("track a folder no longer: %w", err)
	}
	a.health.Clear(health.FolderRuleOff, folderSubject(id))
	a.notify()
	return nil
}

// followRules switches the rules of folders off that are gone, and on again when
// the same folder is back; it returns the rules as they are then. What was
// tracked through a folder that is gone stays in the CRM (R-DELETE-19).
func (a *Agent) followRules(tx *offline.Tx, all []offline.Folder) (offline.Rules, error) {
	rules, err := a.rules(tx)
	if err != nil || len(rules.Folders) == 0 {
		return rules, err
	}
	files, err := filings(tx)
	if err != nil {
		return rules, err
	}
	changed := false
	for i := range rules.Folders {
		r := &rules.Folders[i]
		j := slices.IndexFunc(all, func(f offline.Folder) bool { return f.ID == r.Folder })
		off, name := true, ""
		if j >= 0 {
			name = all[j].Name
			off = all[j].Missing || binned(all[j], all) || filingOf(files, r.Folder).Other
		}
		if off {
			a.health.Set(health.FolderRuleOff, folderSubject(r.Folder), fmt.Sprintf("%s was deleted. What was tracked through it stays tracked; nothing new is.", name))
		} else {
			a.health.Clear(health.FolderRuleOff, folderSubject(r.Folder))
		}
		if off != r.Disabled {
			r.Disabled, changed = off, true
		}
	}
	if !changed {
		return rules, nil
	}
	return rules, tx.PutSetting(offline.SettingRules, rules)
}
