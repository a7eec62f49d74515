package offline

import (
	"bytes"
	"math"
	"slices"

	"go.etcd.io/bbolt"
)

// indexRow is a row of an index.
type indexRow struct {
	in    bucketID
	key   []byte
	value []byte
}

func (r indexRow) same(o indexRow) bool { return r.in == o.in && bytes.Equal(r.key, o.key) }

// indexRows appends the index rows of m. There are no two with the same key,
// save the dates of a message that lies twice in one folder.
func (tx *Tx) indexRows(rows []indexRow, m *Message) []indexRow {
	k := key8(m.Key)
	h := tx.sc.mac.of(macIdentity, m.Identity)
	rows = append(rows, indexRow{bIdentities, bytes.Clone(h[:]), k})
	for _, p := range m.Places {
		rows = append(rows,
			indexRow{bPlaces, placeKey(p.Folder, p.UID), k},
			indexRow{bDates, dateKey(p.Folder, m.Date, m.Key), nil})
	}
	if s := stateKey(m); s != nil {
		rows = append(rows, indexRow{bStates, s, nil})
	}
	return tx.conversationRows(tx.referenceRows(rows, m, k), m, k)
}

func (tx *Tx) referenceRows(rows []indexRow, m *Message, k []byte) []indexRow {
	first := len(rows)
	for _, list := range [...][]string{m.InReplyTo, m.References} {
	each:
		for _, id := range list {
			h := tx.sc.mac.of(macIdentity, id)
			for _, r := range rows[first:] {
				if bytes.Equal(r.key[:macSize], h[:]) {
					continue each
				}
			}
			rows = append(rows, indexRow{bReferences, join(h[:], k), nil})
		}
	}
	return rows
}

// reindex changes the index rows of a message from those of old to those of m,
// which is nil when the message goes.
func (tx *Tx) reindex(old, m *Message) error {
	var now []indexRow
	if m != nil {
		if sameIndex(old, m) {
			return nil
		}
		now = tx.indexRows(nil, m)
	}
	return tx.changeRows(tx.indexRows(nil, old), now)
}

// changeRows changes index rows from what they were to what they are now.
func (tx *Tx) changeRows(was, now []indexRow) error {
	for _, r := range was {
		if !slices.ContainsFunc(now, r.same) {
			if err := tx.del(r.in, r.key); err != nil {
				return err
			}
		}
	}
	for _, r := range now {
		if !slices.ContainsFunc(was, r.same) {
			if err := tx.put(r.in, r.key, r.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameIndex tells, without computing them, that two versions of a message have
// the same index rows. Most changes are such: a flag, a body.
func sameIndex(a, b *Message) bool {
	return a.Identity == b.Identity && a.Date.Equal(b.Date) && a.Subject == b.Subject && a.ThreadIndex == b.ThreadIndex &&
		bytes.Equal(stateKey(a), stateKey(b)) &&
		slices.Equal(a.InReplyTo, b.InReplyTo) && slices.Equal(a.References, b.References) &&
		slices.EqualFunc(a.Places, b.Places, func(p, q Place) bool { return p.Folder == q.Folder && p.UID == q.UID })
}

// FolderKeys returns the messages of a folder, the newest first by Date (in
// whole seconds; of the same second the one stored later). Folder 0 is all
// folders together, each message once.
func (tx *Tx) FolderKeys(f FolderID) ([]uint64, error) {
	if f != 0 {
		keys := tx.suffixes(bDates, folderKey(f))
		for i := range keys {
			keys[i] = math.MaxUint64 - keys[i]
		}
		return keys, tx.err
	}
	return tx.allKeysByDate(), tx.err
}

// allKeysByDate merges the folders' runs of bDates, each of which is sorted.
func (tx *Tx) allKeysByDate() []uint64 {
	type run struct {
		c      *bbolt.Cursor
		folder []byte
		rest   []byte // of the current key: date and message
	}
	var runs []*run
	for k, _ := tx.bucket(bDates).Cursor().First(); k != nil && tx.wellFormed(bDates, k); {
		r := &run{c: tx.bucket(bDates).Cursor(), folder: bytes.Clone(k[:4])}
		r.c.Seek(k)
		r.rest = k[4:]
		runs = append(runs, r)
		k, _ = tx.bucket(bDates).Cursor().Seek(dateKeyEnd(r.folder))
	}
	var keys []uint64
	for len(runs) > 0 {
		first := 0
		for i := range runs {
			if bytes.Compare(runs[i].rest, runs[first].rest) < 0 {
				first = i
			}
		}
		r := runs[first]
		if key := math.MaxUint64 - number(r.rest[8:]); len(keys) == 0 || keys[len(keys)-1] != key {
			keys = append(keys, key)
		}
		if k, _ := r.c.Next(); bytes.HasPrefix(k, r.folder) && tx.wellFormed(bDates, k) {
			r.rest = k[4:]
		} else {
			runs = slices.Delete(runs, first, first+1)
		}
	}
	return keys
}

// dateKeyEnd comes after all keys of bDates of a folder.
func dateKeyEnd(folder []byte) []byte {
	return append(bytes.Clone(folder), bytes.Repeat([]byte{0xff}, 17)...)
}
