package offline

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

func ids(t testing.TB, cs []Change, err error) (all []uint64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		all = append(all, c.ID)
	}
	return all
}

func wantIDs(t testing.TB, what string, got []uint64, want ...uint64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestChangesOfALaneGoInOrderAndHoldUpTheirOwnLaneOnly(t *testing.T) {
	s := openNew(t)
	now := testClock()
	update(t, s, func(tx *Tx) error {
		for _, lane := range []string{"a", "b", "a", "c", "b"} { // 1 to 5
			if err := tx.Enqueue(&Change{Lane: lane, Op: OpDelete, Item: 7}); err != nil {
				return err
			}
		}
		return nil
	})
	ready := func(at time.Time, limit int) (got []uint64) {
		view(t, s, func(tx *Tx) {
			cs, err := tx.Ready(at, limit)
			got = ids(t, cs, err)
		})
		return got
	}
	change := func(id uint64, fn func(*Change)) {
		update(t, s, func(tx *Tx) error {
			c, err := tx.Change(id)
			if err != nil {
				return err
			}
			fn(&c)
			return tx.PutChange(&c)
		})
	}
	wantIDs(t, "the head of each lane", ready(now, 0), 1, 2, 4)
	wantIDs(t, "limited", ready(now, 2), 1, 2)

	change(1, func(c *Change) { c.Parked = true })
	wantIDs(t, "a parked one holds up lane a", ready(now, 0), 2, 4)
	change(2, func(c *Change) { c.NotBefore = now.Add(time.Minute) })
	wantIDs(t, "one that waits holds up lane b", ready(now, 0), 4)
	wantIDs(t, "until its time has come", ready(now.Add(time.Minute), 0), 2, 4)
	wantIDs(t, "not a moment before", ready(now.Add(time.Minute-1), 0), 4)
	view(t, s, func(tx *Tx) {
		if at, ok := tx.NextDue(now); !ok || !at.Equal(now.Add(time.Minute)) {
			t.Errorf("next due %v %v", at, ok)
		}
		if at, ok := tx.NextDue(now.Add(time.Minute)); ok {
			t.Errorf("next due %v, but nothing else waits", at)
		}
	})

	update(t, s, func(tx *Tx) error { return errors.Join(tx.DropChange(2), tx.DropChange(4)) })
	wantIDs(t, "the next of lane b", ready(now, 0), 5)
	change(1, func(c *Change) { c.Parked = false })
	wantIDs(t, "lane a goes on", ready(now, 0), 1, 5)
	update(t, s, func(tx *Tx) error { return tx.DropChange(1) })
	wantIDs(t, "in order", ready(now, 0), 3, 5)
	view(t, s, func(tx *Tx) {
		cs, err := tx.Lane("a")
		wantIDs(t, "lane a", ids(t, cs, err), 3)
		cs, err = tx.ChangesFor(7)
		wantIDs(t, "changes of item 7", ids(t, cs, err), 3, 5)
		cs, err = tx.Changes(1)
		wantIDs(t, "the oldest", ids(t, cs, err), 3)
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestAChangeThatWasDroppedDoesNotComeBack(t *testing.T) {
	s := openNew(t)
	c := Change{Lane: "a", Op: OpDelete}
	update(t, s, func(tx *Tx) error { return tx.Enqueue(&c) })
	update(t, s, func(tx *Tx) error { return tx.DropChange(c.ID) })
	for name, do := range map[string]func(tx *Tx) error{
		"put":  func(tx *Tx) error { return tx.PutChange(&c) },
		"drop": func(tx *Tx) error { return tx.DropChange(c.ID) },
		"read": func(tx *Tx) error { _, err := tx.Change(c.ID); return err },
	} {
		if err := s.Update(do); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	next := Change{Lane: "a", Op: OpDelete}
	update(t, s, func(tx *Tx) error { return tx.Enqueue(&next) })
	if next.ID == c.ID {
		t.Error("its number was given to another change")
	}
}

// 10,000 changes are stuck in lanes of their own, and one lane is 10,000 long:
// what is ready is found all the same without reading them.
func TestReadyReadsOnlyWhatIsReady(t *testing.T) {
	s := openNew(t)
	now := testClock()
	update(t, s, func(tx *Tx) error {
		for i := range 20_000 {
			c := Change{Lane: "long", Op: OpDelete}
			if i < 10_000 {
				c.Lane, c.Parked = fmt.Sprint("stuck ", i), i%2 == 0
				if !c.Parked {
					c.NotBefore = now.Add(time.Hour)
				}
			}
			if err := tx.Enqueue(&c); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx *Tx) {
		allocs := testing.AllocsPerRun(10, func() {
			cs, err := tx.Ready(now, 100)
			wantIDs(t, "ready", ids(t, cs, err), 10_001)
		})
		if allocs > 100 {
			t.Errorf("%v allocations: it looks at what isn't ready", allocs)
		}
	})
}
