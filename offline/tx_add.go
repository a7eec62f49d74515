package offline

import (
	"bytes"
	"fmt"
	"slices"
)

// AddMessages stores new messages, as a scan brings them: it is the fast way to
// store many. It sets their keys in place. The caller has looked for the
// identities; one that is there all the same, or comes twice, is ErrExists, and
// then none of them is stored.
func (tx *Tx) AddMessages(ms []Message) (err error) {
	if err := tx.write(); err != nil {
		return err
	}
	defer func() {
		for i := range ms {
			if err != nil {
				ms[i].Key = 0
			}
		}
	}()
	rows := make([]indexRow, 0, 6*len(ms))
	last := tx.bucket(bMessages).Sequence()
	for i := range ms {
		m := &ms[i]
		m.Key = 0
		if err := tx.checkIdentity(m); err != nil {
			return err
		}
		m.Places = uniquePlaces(m.Places)
		m.Key = last + 1 + uint64(i)
		rows = tx.indexRows(rows, m)
	}
	slices.SortFunc(rows, func(a, b indexRow) int {
		if a.in != b.in {
			return int(a.in) - int(b.in)
		}
		return bytes.Compare(a.key, b.key)
	})
	if err := distinct(rows, ms, last); err != nil {
		return err
	}
	for i := range ms {
		if err := tx.takePlaces(&ms[i]); err != nil {
			return err
		}
	}
	if err := tx.bucket(bMessages).SetSequence(last + uint64(len(ms))); err != nil {
		return tx.fail(tx.s.fileError("number messages", err))
	}
	for _, r := range rows {
		if err := tx.put(r.in, r.key, r.value); err != nil {
			return err
		}
	}
	return tx.addRows(ms)
}

func (tx *Tx) addRows(ms []Message) error {
	for i := range ms {
		m := &ms[i]
		if err := tx.putMessageRow(key8(m.Key), m); err != nil {
			return err
		}
		tx.countMessage(m, +1)
		tx.notice.message(m.Key)
	}
	return nil
}

// distinct refuses two new messages with one identity or in one place.
func distinct(sorted []indexRow, ms []Message, last uint64) error {
	for i := 1; i < len(sorted); i++ {
		a, b := sorted[i-1], sorted[i]
		if a.in == b.in && a.value != nil && bytes.Equal(a.key, b.key) {
			x, y := ms[number(a.value)-last-1], ms[number(b.value)-last-1]
			return fmt.Errorf("add messages: %s and %s share their identity or place: %w", x.Identity, y.Identity, ErrExists)
		}
	}
	return nil
}
