package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// backfillOne deals with one message that lies in a tracked folder; it returns
// how many it tracked. What a person untracked stays so: it was not put in anew.
func (a *Agent) backfillOne(tx *offline.Tx, rules offline.Rules, j job, key uint64, s track.Settings) (int, error) {
	m, err := tx.Message(key)
	if errors.Is(err, offline.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	r, ok := ruleOf(rules, j.Folder)
	if !ok || !liesIn(&m, j.Folder) {
		return 0, nil
	}
	switch m.Track.State {
	case offline.Tracked, offline.Waiting, offline.Failed:
		if !j.Relink && !since(&m, j.Since) {
			return 0, nil
		}
		return 0, a.relink(tx, &m, r.Regarding)
	}
	if !j.Track || !since(&m, j.Since) || m.Track.Declined {
		return 0, nil
	}
	if _, never := s.Never.Of(&m); never {
		return 0, nil
	}
	f, err := tx.Folder(j.Folder)
	if err != nil {
		return 0, err
	}
	return 1, a.trackFiled(tx, &m, s, r.Regarding, offline.CauseFolder, f.Name)
}

// FolderForecast is what a backfill of a folder would find. Messages is the sum
// of what it would track, of Tracked and of Kept.
type FolderForecast struct {
	Messages       int
	Tracked        int       // are tracked already, as far as is known here
	Kept           int       // stay as they are: untracked by hand, or on the never-track list
	Oldest, Newest time.Time // by when they were received; zero: there are none
}

func (c *FolderForecast) add(m *offline.Message, list track.NeverList) {
	c.Messages++
	_, never := list.Of(m)
	switch {
	case m.Track.State == offline.Tracked || m.Track.State == offline.Waiting:
		c.Tracked++
	case m.Track.Declined || never:
		c.Kept++
	}
	if at := m.Received; c.Oldest.IsZero() || at.Before(c.Oldest) {
		c.Oldest = at
	}
	if at := m.Received; at.After(c.Newest) {
		c.Newest = at
	}
}

// FolderForecast looks at what lies in a folder. One that Postrider does not
// read whole is read now, headers only, and nothing of it is kept.
func (a *Agent) FolderForecast(ctx context.Context, id offline.FolderID) (FolderForecast, error) {
	var c FolderForecast
	var f offline.Folder
	whole := false
	err := a.Store.View(func(tx *offline.Tx) (err error) {
		if f, err = tx.Folder(id); err != nil {
			return err
		}
		if whole = f.Read && f.Cursor.UIDNext != 0 && f.Cursor.LeftOut == 0; !whole {
			return nil
		}
		rules, err := a.rules(tx)
		if err != nil {
			return err
		}
		never := track.NewNeverList(rules.Never)
		keys, err := tx.FolderKeys(id)
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			c.add(&m, never)
		}
		return nil
	})
	if err == nil && !whole {
		c, err = a.lookInto(ctx, f)
	}
	if err != nil {
		return FolderForecast{}, fmt.Errorf("look into the folder: %w", err)
	}
	return c, nil
}

// lookInto reads the headers of a folder on the reader's connection.
func (a *Agent) lookInto(ctx context.Context, f offline.Folder) (c FolderForecast, err error) {
	a.reader.Lock()
	defer a.reader.Unlock()
	f.Cursor = offline.Cursor{}
	nothing := func() ([]uint32, error) { return nil, nil }
	err = a.Reader.Sync(ctx, f, nothing, func(d offline.FolderDelta) error {
		return a.Store.View(func(tx *offline.Tx) error {
			rules, err := a.rules(tx)
			if err != nil {
				return err
			}
			never := track.NewNeverList(rules.Never)
			for _, m := range d.New {
				if key, ok := tx.KeyByIdentity(m.Identity); ok {
					known, err := tx.Message(key)
					if err != nil {
						return err
					}
					m.Track = known.Track
				}
				m.Outgoing = m.Outgoing || a.isOwn(m)
				c.add(&m, never)
			}
			return ctx.Err()
		})
	})
	return c, err
}
