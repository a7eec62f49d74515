package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// slice is how many messages are dealt with in one transaction, so that others
// get their turn.
const slice = 200

// settingJobs is []job: what is under way on what lies in tracked folders.
const settingJobs = "backfills"

// job goes once through a tracked folder, the oldest messages first so that
// answers find what they answer. It can be cut anywhere: what was done is done,
// and doing it again changes nothing.
type job struct {
	Folder offline.FolderID `json:"f"`
	Track  bool             `json:"track,omitempty"`  // track what is not
	Relink bool             `json:"relink,omitempty"` // give what is tracked the folder's record
	Since  time.Time        `json:"since,omitzero"`   // of Track
	Last   uint64           `json:"last,omitempty"`   // key of the message done last
	Paused bool             `json:"paused,omitempty"`

	Done    int `json:"done,omitempty"`
	Total   int `json:"total,omitempty"`
	Tracked int `json:"tracked,omitempty"`
}

func jobs(tx *offline.Tx) (all []job, err error) {
	_, err = tx.Setting(settingJobs, &all)
	return all, err
}

// putJob keeps a job in place of one of the same folder, or with drop forgets it.
func putJob(tx *offline.Tx, j job, drop bool) error {
	all, err := jobs(tx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(x job) bool { return x.Folder == j.Folder })
	switch {
	case drop && i >= 0:
		all = slices.Delete(all, i, i+1)
	case drop:
		return nil
	case i >= 0:
		all[i] = j
	default:
		all = append(all, j)
	}
	return tx.PutSetting(settingJobs, all)
}

// Backfill is what is under way on the messages that lie in a tracked folder.
type Backfill struct {
	Folder  offline.FolderID
	Name    string
	Relink  bool // it gives them the folder's record and tracks none
	Done    int
	Total   int // 0: not known yet
	Tracked int // of Done, those that it tracked
	Paused  bool
	Reason  string // why it does not go on, for people; empty: it does
}

// Backfills lists what is under way, in the order in which it is done.
func (a *Agent) Backfills() []Backfill {
	var out []Backfill
	_ = a.Store.View(func(tx *offline.Tx) error {
		js, err := jobs(tx)
		if err != nil {
			return err
		}
		for _, j := range js {
			f, err := tx.Folder(j.Folder)
			if err != nil {
				return err
			}
			b := Backfill{Folder: j.Folder, Name: f.Name, Relink: j.Relink && !j.Track, Done: j.Done, Total: j.Total, Tracked: j.Tracked, Paused: j.Paused}
			if b.Reason, err = a.stuck(tx, j, f); err != nil {
				return err
			}
			out = append(out, b)
		}
		return nil
	})
	return out
}

// stuck is why a job can't go on, for people; "" if it can.
func (a *Agent) stuck(tx *offline.Tx, j job, f offline.Folder) (string, error) {
	rules, err := a.rules(tx)
	if err != nil {
		return "", err
	}
	r, ok := ruleOf(rules, j.Folder)
	switch {
	case j.Paused:
		return "paused", nil
	case !ok || r.Disabled:
		return "the folder is gone", nil
	case a.me().Options.NoFolders:
		return "the organization has switched tracking by folder off", nil
	case f.Cursor.UIDNext == 0:
		return "waits until the folder has been read", nil
	}
	return "", nil
}

// PauseBackfill holds a backfill, or lets it go on.
func (a *Agent) PauseBackfill(id offline.FolderID, p bool) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		js, err := jobs(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(js, func(j job) bool { return j.Folder == id })
		if i < 0 {
			return nil // it has come to its end meanwhile
		}
		js[i].Paused = p
		return putJob(tx, js[i], false)
	})
	if err != nil {
		return fmt.Errorf("pause the backfill: %w", err)
	}
	a.notify()
	trigger(a.wakePush)
	return nil
}

// CancelBackfill ends a backfill. What it tracked stays tracked, and what is put
// into the folder is tracked as before.
func (a *Agent) CancelBackfill(id offline.FolderID) error {
	if err := a.Store.Update(func(tx *offline.Tx) error { return putJob(tx, job{Folder: id}, true) }); err != nil {
		return fmt.Errorf("end the backfill: %w", err)
	}
	a.notify()
	return nil
}

// nextJob returns a job that can go on, and the keys of its next messages.
func (a *Agent) nextJob() (j job, keys []uint64, ok bool, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		js, err := jobs(tx)
		if err != nil {
			return err
		}
		for _, x := range js {
			f, err := tx.Folder(x.Folder)
			if err != nil {
				return err
			}
			if why, err := a.stuck(tx, x, f); err != nil || why != "" {
				if err != nil {
					return err
				}
				continue
			}
			if keys, err = tx.FolderKeys(x.Folder); err != nil {
				return err
			}
			slices.Reverse(keys)
			j, ok = x, true
			j.Total = len(keys)
			at := 0
			if j.Last != 0 { // one that is no longer there: from the beginning
				at = slices.Index(keys, j.Last) + 1
			}
			keys = keys[at:min(len(keys), at+slice)]
			j.Done = at + len(keys)
			return nil
		}
		return nil
	})
	return j, keys, ok, err
}

// backfill does the next part of a job; more tells whether there may be more to
// do.
func (a *Agent) backfill(ctx context.Context) (more bool, err error) {
	j, keys, ok, err := a.nextJob()
	if err != nil || !ok {
		return false, err
	}
	if err := a.learn(ctx, keys); err != nil {
		return false, err
	}
	s := a.trackSettings()
	err = a.Store.Update(func(tx *offline.Tx) error {
		js, err := jobs(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(js, func(x job) bool { return x.Folder == j.Folder })
		if i < 0 || js[i].Last != j.Last || js[i].Paused || js[i].Relink != j.Relink || js[i].Track != j.Track {
			return nil // the user has changed it meanwhile
		}
		rules, err := a.rules(tx)
		if err != nil {
			return err
		}
		s.Never = track.NewNeverList(rules.Never)
		n := 0
		for _, key := range keys {
			was, err := a.backfillOne(tx, rules, j, key, s)
			if err != nil {
				return fmt.Errorf("message %d: %w", key, err)
			}
			n += was
		}
		j.Tracked += n
		if len(keys) > 0 {
			j.Last = keys[len(keys)-1]
		}
		if j.Done < j.Total {
			return putJob(tx, j, false)
		}
		if err := tx.Log(offline.Activity{At: a.Now().UTC(), What: "backfill", Text: fmt.Sprintf("went through %d messages of a tracked folder and tracked %d", j.Total, j.Tracked)}); err != nil {
			return err
		}
		return putJob(tx, j, true)
	})
	if err != nil {
		return false, fmt.Errorf("go through a tracked folder: %w", err)
	}
	a.doing("Going through a tracked folder", j.Done, j.Total)
	a.recount()
	return true, ctx.Err()
}

// backfills reports whether a backfill can go on.
func (a *Agent) backfills() bool {
	_, _, ok, err := a.nextJob()
	return ok && err == nil
}
