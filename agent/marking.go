package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postrider/agent/health"
	"postrider/offline"
)

// The keyword changes have one lane for all of them, so that they never stand
// before a change for the CRM, and are written many at a time.
const (
	keywordLane  = "keywords"
	keywordBatch = 500
)

// marking is one write: the same keywords on messages of one folder.
type marking struct {
	folder      offline.Folder
	add, remove []string
	uids        []uint32
	keys        []uint64 // of the messages at uids
	mark        offline.KeywordMark
}

// pushKeywords brings keywords in line with what became of the messages, one
// request for all messages of a folder that want the same.
func (a *Agent) pushKeywords(ctx context.Context) error {
	if a.Marker == nil {
		return nil
	}
	if err := a.markBacklog(); err != nil {
		return err
	}
	for {
		var batch []offline.Change
		var work []*marking
		var seen map[uint64]stand
		off := false
		err := a.Store.View(func(tx *offline.Tx) (err error) {
			if batch, err = tx.LaneStart(keywordLane, keywordBatch); err != nil || len(batch) == 0 {
				return err
			}
			if off, err = a.keywordsOff(tx); err != nil || off {
				return err
			}
			work, seen, err = markings(tx, batch)
			return err
		})
		if err != nil || len(batch) == 0 {
			return err
		}
		for i, w := range work {
			if err := a.mark(ctx, w); err != nil {
				// What was written is kept; the rest goes with the next try.
				return errors.Join(err, a.settleMarks(work[:i], nil, nil))
			}
		}
		if err := a.settleMarks(work, batch, seen); err != nil {
			return err
		}
	}
}

// stand is what the keywords of a message follow from.
type stand struct{ linked, declined bool }

func standOf(tx *offline.Tx, m *offline.Message) stand {
	return stand{isLinked(tx, m.Key), m.Track.Declined}
}

// markings groups what a batch of changes asks for.
func markings(tx *offline.Tx, batch []offline.Change) (order []*marking, seen map[uint64]stand, err error) {
	groups := map[string]*marking{}
	seen = map[uint64]stand{}
	for _, c := range batch {
		m, err := tx.Message(c.Item)
		if errors.Is(err, offline.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		at := standOf(tx, &m)
		seen[m.Key] = at
		for _, p := range m.Places {
			add, remove, mark := keywordWork(p, at.linked, at.declined)
			if len(add)+len(remove) == 0 && mark == p.Keyword {
				continue
			}
			name := fmt.Sprint(p.Folder, add, remove, mark)
			g := groups[name]
			if g == nil {
				f, err := tx.Folder(p.Folder)
				if err != nil {
					return nil, nil, err
				}
				if f.Missing {
					continue
				}
				g = &marking{folder: f, add: add, remove: remove, mark: mark}
				groups[name], order = g, append(order, g)
			}
			g.uids, g.keys = append(g.uids, p.UID), append(g.keys, m.Key)
		}
	}
	return order, seen, nil
}

// mark does one write. A folder that takes no keywords is no failure: its
// messages are left as they are.
func (a *Agent) mark(ctx context.Context, w *marking) error {
	if len(w.add)+len(w.remove) == 0 {
		return nil
	}
	err := error(offline.ErrNoKeywords)
	if !a.noKeywords[w.folder.ID] {
		err = a.Marker.SetKeywords(ctx, w.folder, w.uids, w.add, w.remove)
	}
	if err == nil {
		return nil
	}
	switch c := offline.ClassOf(err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, offline.ErrNoKeywords), c == offline.FaultDenied, c == offline.FaultRejected:
		a.sayNoKeywords(w.folder)
	case c == offline.FaultNotFound: // the next listing says where the folder has gone
		w.uids, w.keys = nil, nil
		return nil
	default:
		return fmt.Errorf("set keywords in %s: %w", w.folder.Name, err)
	}
	w.add, w.remove, w.mark = nil, nil, offline.KeywordRefused
	return nil
}

// sayNoKeywords says once for the whole mailbox where keywords are not kept. The
// folder is not asked again in this run.
func (a *Agent) sayNoKeywords(f offline.Folder) {
	if a.noKeywords[f.ID] {
		return
	}
	a.noKeywords[f.ID] = true
	a.keywordless = append(a.keywordless, f.Name)
	a.health.Set(health.NoKeywords, "mailbox", "The server keeps no keywords in "+strings.Join(a.keywordless, ", ")+". Tracking by folder works there all the same.")
}

// settleMarks keeps what was written, and takes done out of the queue. A message
// whose stand is no longer what it was when that was made ready is queued anew.
func (a *Agent) settleMarks(work []*marking, done []offline.Change, seen map[uint64]stand) error {
	return a.Store.Update(func(tx *offline.Tx) error {
		for _, w := range work {
			for i, key := range w.keys {
				if err := w.settle(tx, key, w.uids[i]); err != nil {
					return err
				}
			}
		}
		for _, c := range done {
			if err := ignoreMissing(tx.DropChange(c.ID)); err != nil {
				return err
			}
			m, err := tx.Message(c.Item)
			if at, made := seen[c.Item]; err != nil || !made || standOf(tx, &m) == at {
				if err = ignoreMissing(err); err != nil {
					return err
				}
				continue
			}
			if err := a.wantKeyword(tx, &m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *marking) settle(tx *offline.Tx, key uint64, uid uint32) error {
	m, err := tx.Message(key)
	if err != nil {
		return ignoreMissing(err)
	}
	i := slices.IndexFunc(m.Places, func(p offline.Place) bool { return p.Folder == w.folder.ID && p.UID == uid })
	if i < 0 {
		return nil
	}
	p := &m.Places[i]
	for _, k := range w.add {
		p.Flags = withKeyword(p.Flags, k)
	}
	for _, k := range w.remove {
		p.Flags = withoutKeyword(p.Flags, k)
	}
	p.Keyword = w.mark
	return tx.PutMessage(&m)
}
