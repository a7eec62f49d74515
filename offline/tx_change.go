package offline

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// The queue is kept in three tables beside the changes themselves. bLanes has
// the changes of each lane in order, with what decides whether they may go.
// bHeads has, by the time from which it may go, the first change of each lane
// unless that is parked: so what is ready is found without a look at what
// waits behind it or is stuck elsewhere.

// laneRow is the value of a row of bLanes.
type laneRow struct {
	id     uint64
	due    uint64
	parked bool
}

func (r laneRow) value() []byte {
	parked := byte(0)
	if r.parked {
		parked = 1
	}
	return append(key8(r.due), parked)
}

func (r laneRow) headKey() []byte { return append(key8(r.due), key8(r.id)...) }

func laneRowOf(k, v []byte) laneRow {
	if len(v) != 9 {
		return laneRow{parked: true}
	}
	return laneRow{id: number(k[macSize:]), due: number(v[:8]), parked: v[8] != 0}
}

// head returns the first change of a lane.
func (tx *Tx) head(lane []byte) (r laneRow, ok bool) {
	tx.scan(bLanes, lane, func(k, v []byte) bool {
		r, ok = laneRowOf(k, v), true
		return false
	})
	return r, ok
}

// changeLane makes a change in a lane and keeps its head in bHeads right.
func (tx *Tx) changeLane(lane []byte, do func() error) error {
	was, had := tx.head(lane)
	if err := do(); err != nil {
		return err
	}
	now, has := tx.head(lane)
	if had == has && was == now {
		return nil
	}
	if had && !was.parked {
		if err := tx.del(bHeads, was.headKey()); err != nil {
			return err
		}
	}
	if has && !now.parked {
		return tx.put(bHeads, now.headKey(), nil)
	}
	return nil
}

func (tx *Tx) laneKey(lane string) []byte {
	h := tx.sc.mac.of(macLane, lane)
	return bytes.Clone(h[:])
}

// Enqueue appends a change to its lane and gives it its ID.
func (tx *Tx) Enqueue(c *Change) error {
	if err := tx.write(); err != nil {
		return err
	}
	if c.Lane == "" {
		return fmt.Errorf("enqueue a change: it has no lane")
	}
	id, err := tx.next(bChanges)
	if err != nil {
		return err
	}
	c.ID = id
	if c.Queued.IsZero() {
		c.Queued = tx.s.o.Now().UTC()
	}
	return tx.putChange(c)
}

func (tx *Tx) putChange(c *Change) error {
	lane, id := tx.laneKey(c.Lane), key8(c.ID)
	err := tx.changeLane(lane, func() error {
		return tx.put(bLanes, join(lane, id), laneRow{due: due(c.NotBefore), parked: c.Parked}.value())
	})
	if err != nil {
		return err
	}
	if c.Item != 0 {
		if err := tx.put(bItemChanges, join(key8(c.Item), id), nil); err != nil {
			return err
		}
	}
	tx.notice.Changes = true
	return tx.putJSON(bChanges, id, c)
}

// Change returns a change, or ErrNotFound.
func (tx *Tx) Change(id uint64) (Change, error) {
	var c Change
	ok, err := tx.getJSON(bChanges, key8(id), &c)
	if err == nil && !ok {
		err = fmt.Errorf("change %d: %w", id, ErrNotFound)
	}
	c.ID = id
	return c, err
}

// PutChange stores a change that is in the queue. One that isn't (any more) is
// ErrNotFound: an answer that comes late doesn't bring back what was dropped.
func (tx *Tx) PutChange(c *Change) error {
	if err := tx.write(); err != nil {
		return err
	}
	if c.Lane == "" {
		return fmt.Errorf("put change %d: it has no lane", c.ID)
	}
	old, err := tx.Change(c.ID)
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if old.Lane != c.Lane || old.Item != c.Item {
		if err := tx.unlistChange(&old); err != nil {
			return err
		}
	}
	return tx.putChange(c)
}

// unlistChange removes a change from the indexes.
func (tx *Tx) unlistChange(c *Change) error {
	lane, id := tx.laneKey(c.Lane), key8(c.ID)
	err := tx.changeLane(lane, func() error { return tx.del(bLanes, join(lane, id)) })
	if err == nil && c.Item != 0 {
		err = tx.del(bItemChanges, join(key8(c.Item), id))
	}
	return err
}

// DropChange takes a change out of the queue, or gives ErrNotFound.
func (tx *Tx) DropChange(id uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	old, err := tx.Change(id)
	if err != nil {
		return fmt.Errorf("drop: %w", err)
	}
	if err := tx.unlistChange(&old); err != nil {
		return err
	}
	tx.notice.Changes = true
	return tx.del(bChanges, key8(id))
}

// Lane returns the changes of a lane, in order.
func (tx *Tx) Lane(lane string) ([]Change, error) {
	return tx.changes(tx.suffixes(bLanes, tx.laneKey(lane)))
}

// ChangesFor returns the changes that name an item, oldest first.
func (tx *Tx) ChangesFor(item uint64) ([]Change, error) {
	return tx.changes(tx.suffixes(bItemChanges, key8(item)))
}

// Ready returns changes that may go now: of each lane the first, where it isn't
// parked and its NotBefore has come; those queued first come first. limit 0:
// all of them.
func (tx *Tx) Ready(now time.Time, limit int) ([]Change, error) {
	var ids []uint64
	latest := due(now)
	tx.scan(bHeads, nil, func(k, _ []byte) bool {
		if len(k) != 16 || number(k[:8]) > latest {
			return false
		}
		ids = append(ids, number(k[8:]))
		return true
	})
	slices.Sort(ids)
	if limit > 0 && len(ids) > limit {
		ids = ids[:limit]
	}
	return tx.changes(ids)
}

// NextDue returns when the next change that Ready doesn't return yet may go; ok
// is false if there is none: all are ready, parked or behind another.
func (tx *Tx) NextDue(now time.Time) (at time.Time, ok bool) {
	from := due(now)
	if from == math.MaxUint64 {
		return time.Time{}, false
	}
	k, _ := tx.bucket(bHeads).Cursor().Seek(key8(from + 1))
	if len(k) != 16 {
		return time.Time{}, false
	}
	return time.Unix(0, int64(number(k[:8]))).UTC(), true
}

// Changes returns the queue, oldest first. limit 0: all of it.
func (tx *Tx) Changes(limit int) ([]Change, error) {
	var ids []uint64
	tx.scan(bChanges, nil, func(k, _ []byte) bool {
		ids = append(ids, number(k))
		return len(ids) != limit
	})
	return tx.changes(ids)
}

// changes reads the changes of these ids. An index that names one that isn't
// there is damaged.
func (tx *Tx) changes(ids []uint64) ([]Change, error) {
	var all []Change
	for _, id := range ids {
		c, err := tx.Change(id)
		if isNotFound(err) {
			err = tx.s.damagedRow(bChanges, key8(id), "missing")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}
