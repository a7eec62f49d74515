package offline

import (
	"bytes"
	"fmt"
)

// tombstonesKept is how many tombstones are kept.
const tombstonesKept = 10_000

// PutConflict stores a conflict; a new one (ID 0) is given its ID.
func (tx *Tx) PutConflict(c *Conflict) error {
	return putNumbered(tx, bConflicts, &c.ID, c)
}

// Conflicts returns all conflicts, oldest first.
func (tx *Tx) Conflicts() ([]Conflict, error) {
	return numbered(tx, bConflicts, func(c *Conflict, id uint64) { c.ID = id })
}

// DropConflict removes a conflict, or gives ErrNotFound.
func (tx *Tx) DropConflict(id uint64) error { return tx.dropNumbered(bConflicts, id) }

// PutHeldDeletion stores a deletion that is held back.
func (tx *Tx) PutHeldDeletion(h *HeldDeletion) error {
	return putNumbered(tx, bHeld, &h.ID, h)
}

// HeldDeletions returns all deletions that are held back, oldest first.
func (tx *Tx) HeldDeletions() ([]HeldDeletion, error) {
	return numbered(tx, bHeld, func(h *HeldDeletion, id uint64) { h.ID = id })
}

// DropHeldDeletion removes a held deletion, or gives ErrNotFound.
func (tx *Tx) DropHeldDeletion(id uint64) error { return tx.dropNumbered(bHeld, id) }

// PutTombstone stores a tombstone; of more than 10,000 the oldest go.
func (tx *Tx) PutTombstone(t *Tombstone) error {
	if err := tx.write(); err != nil {
		return err
	}
	isNew := t.ID == 0
	var was []indexRow
	if !isNew {
		old, err := tx.Tombstone(t.ID)
		if err != nil {
			return err
		}
		was = tx.tombstoneRows(&old)
	}
	if err := putNumbered(tx, bTombstones, &t.ID, t); err != nil {
		return err
	}
	if err := tx.changeRows(was, tx.tombstoneRows(t)); err != nil {
		return err
	}
	if !isNew || t.ID <= tombstonesKept {
		return nil
	}
	var old []uint64
	tx.scan(bTombstones, nil, func(k, _ []byte) bool {
		if number(k) > t.ID-tombstonesKept {
			return false
		}
		old = append(old, number(k))
		return true
	})
	for _, id := range old {
		if err := tx.DropTombstone(id); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) tombstoneRows(t *Tombstone) []indexRow {
	if t.Record.IsZero() {
		return nil
	}
	h := tx.sc.mac.of(macRef, string(t.Record.Kind), t.Record.ID)
	return []indexRow{{in: bTombRecords, key: join(h[:], key8(t.ID))}}
}

// Tombstone returns a tombstone, or ErrNotFound.
func (tx *Tx) Tombstone(id uint64) (t Tombstone, err error) {
	ok, err := tx.getJSON(bTombstones, key8(id), &t)
	if err == nil && !ok {
		err = fmt.Errorf("tombstone %d: %w", id, ErrNotFound)
	}
	t.ID = id
	return t, err
}

// TombstoneOf returns the newest tombstone of a record, or ErrNotFound.
func (tx *Tx) TombstoneOf(r Ref) (Tombstone, error) {
	h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
	ids := tx.suffixes(bTombRecords, h[:])
	if len(ids) == 0 {
		return Tombstone{}, fmt.Errorf("tombstone of %s: %w", r, ErrNotFound)
	}
	return tx.Tombstone(ids[len(ids)-1])
}

// Tombstones returns all tombstones, oldest first.
func (tx *Tx) Tombstones() ([]Tombstone, error) {
	return numbered(tx, bTombstones, func(t *Tombstone, id uint64) { t.ID = id })
}

// DropTombstone removes a tombstone, or gives ErrNotFound.
func (tx *Tx) DropTombstone(id uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	old, err := tx.Tombstone(id)
	if err != nil {
		return err
	}
	if err := tx.changeRows(tx.tombstoneRows(&old), nil); err != nil {
		return err
	}
	return tx.dropNumbered(bTombstones, id)
}

// putNumbered stores a row of a table that numbers its rows.
func putNumbered(tx *Tx, in bucketID, id *uint64, row any) error {
	if err := tx.write(); err != nil {
		return err
	}
	if *id == 0 {
		n, err := tx.next(in)
		if err != nil {
			return err
		}
		*id = n
	}
	tx.notice.Conflicts = true
	return tx.putJSON(in, key8(*id), row)
}

func numbered[T any](tx *Tx, in bucketID, number8 func(*T, uint64)) (all []T, err error) {
	tx.scan(in, nil, func(k, _ []byte) bool {
		var v T
		_, err = tx.getJSON(in, bytes.Clone(k), &v)
		number8(&v, number(k))
		all = append(all, v)
		return err == nil
	})
	return all, err
}

func (tx *Tx) dropNumbered(in bucketID, id uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	if !tx.has(in, key8(id)) {
		return fmt.Errorf("drop row %d of %s: %w", id, bucketNames[in], ErrNotFound)
	}
	tx.notice.Conflicts = true
	return tx.del(in, key8(id))
}
