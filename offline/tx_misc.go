package offline

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// activityKept is how many lines the activity log keeps.
const activityKept = 10_000

// PutSetAside stores a set-aside item. One of a place (folder and UID) that is
// set aside already takes its ID and raises its Attempts.
func (tx *Tx) PutSetAside(a *SetAside) error {
	if err := tx.write(); err != nil {
		return err
	}
	if a.At.IsZero() {
		a.At = tx.s.o.Now().UTC()
	}
	place := placeKey(a.Folder, a.UID)
	if id := number(tx.bucket(bSetAsidePlc).Get(place)); id != 0 {
		a.ID = id
	}
	old, known, err := tx.setAside(a.ID)
	switch {
	case err != nil:
		return err
	case known:
		a.Attempts = old.Attempts + 1
	case a.ID != 0:
		return fmt.Errorf("put set-aside item %d: %w", a.ID, ErrNotFound)
	default:
		a.Attempts = max(a.Attempts, 1)
		if a.ID, err = tx.next(bSetAside); err != nil {
			return err
		}
		tx.counts().SetAside++
		tx.tallyDirty = true
	}
	var was, now []indexRow
	if known {
		was = setAsideRows(&old)
	}
	now = setAsideRows(a)
	if err := tx.changeRows(was, now); err != nil {
		return err
	}
	tx.notice.SetAside = true
	return tx.putJSON(bSetAside, key8(a.ID), a)
}

// setAsideRows: what isn't of a mailbox has no place.
func setAsideRows(a *SetAside) []indexRow {
	if a.Folder == 0 || a.UID == 0 {
		return nil
	}
	return []indexRow{{bSetAsidePlc, placeKey(a.Folder, a.UID), key8(a.ID)}}
}

func (tx *Tx) setAside(id uint64) (a SetAside, ok bool, err error) {
	ok, err = tx.getJSON(bSetAside, key8(id), &a)
	a.ID = id
	return a, ok, err
}

// SetAsides returns all set-aside items, oldest first.
func (tx *Tx) SetAsides() ([]SetAside, error) {
	var all []SetAside
	var err error
	tx.scan(bSetAside, nil, func(k, _ []byte) bool {
		var a SetAside
		a, _, err = tx.setAside(number(k))
		all = append(all, a)
		return err == nil
	})
	return all, err
}

// DropSetAside removes a set-aside item, or gives ErrNotFound.
func (tx *Tx) DropSetAside(id uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	old, ok, err := tx.setAside(id)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("drop set-aside item %d: %w", id, ErrNotFound)
	}
	if err := tx.changeRows(setAsideRows(&old), nil); err != nil {
		return err
	}
	tx.counts().SetAside--
	tx.tallyDirty = true
	tx.notice.SetAside = true
	return tx.del(bSetAside, key8(id))
}

// Log adds a line to the activity log, which keeps the newest 10,000.
func (tx *Tx) Log(a Activity) error {
	if err := tx.write(); err != nil {
		return err
	}
	if a.At.IsZero() {
		a.At = tx.s.o.Now().UTC()
	}
	id, err := tx.next(bActivity)
	if err != nil {
		return err
	}
	if err := tx.putJSON(bActivity, key8(id), a); err != nil {
		return err
	}
	tx.notice.Activity = true
	if id <= activityKept {
		return nil
	}
	var old [][]byte
	tx.scan(bActivity, nil, func(k, _ []byte) bool {
		if number(k) > id-activityKept {
			return false
		}
		old = append(old, bytes.Clone(k))
		return true
	})
	for _, k := range old {
		if err := tx.del(bActivity, k); err != nil {
			return err
		}
	}
	return nil
}

// Activities returns lines of the activity log, the newest first. limit 0: all.
func (tx *Tx) Activities(limit int) ([]Activity, error) {
	var all []Activity
	c := tx.bucket(bActivity).Cursor()
	for k, v := c.Last(); k != nil; k, v = c.Prev() {
		plain, err := tx.open(bActivity, k, v, 0)
		if err != nil {
			return all, err
		}
		var a Activity
		if err := tx.decodeJSON(bActivity, k, plain, &a); err != nil {
			return all, err
		}
		a.ID = number(k)
		all = append(all, a)
		if len(all) == limit {
			break
		}
	}
	return all, nil
}

// Setting reads a setting into v, a pointer, as JSON does; false where it was
// never put.
func (tx *Tx) Setting(name string, v any) (bool, error) {
	plain, ok, err := tx.row(bSettings, tx.settingKey(name), 0)
	if !ok {
		return false, err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return true, fmt.Errorf("read setting %s: %w", name, err)
	}
	return true, nil
}

// PutSetting stores a setting as JSON. nil removes it.
func (tx *Tx) PutSetting(name string, v any) error {
	if err := tx.write(); err != nil {
		return err
	}
	tx.notice.Settings = true
	if v == nil {
		return tx.del(bSettings, tx.settingKey(name))
	}
	if err := tx.putJSON(bSettings, tx.settingKey(name), v); err != nil {
		return fmt.Errorf("put setting %s: %w", name, err)
	}
	return nil
}

func (tx *Tx) settingKey(name string) []byte {
	h := tx.sc.mac.of(macSetting, name)
	return bytes.Clone(h[:])
}
