package offline

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"

	berrors "go.etcd.io/bbolt/errors"
)

// maxFindings is how many faults Check names.
const maxFindings = 20

// Check reads the whole store and tells whether all of it agrees: the pages of
// the file, every row, each index against its rows, and the counts. Writers wait
// meanwhile: about 7 µs a message. It is for doctor and for tests. The error
// matches ErrDamaged and names up to 20 faults.
func (s *Store) Check() error {
	if s.closed.Load() {
		return s.fileError("check", berrors.ErrDatabaseNotOpen)
	}
	return guarded(s.path, func() error {
		// A write transaction that is given up: nobody writes to the file.
		btx, err := s.db.Begin(true)
		if err != nil {
			return s.fileError("check", err)
		}
		defer func() { _ = btx.Rollback() }()
		f, err := os.Open(s.path)
		if err != nil {
			return fmt.Errorf("check the store: %w", err)
		}
		defer f.Close()
		if err := inspectPages(f, s.path, true); err != nil {
			return err
		}
		tx := s.begin(btx, false)
		defer tx.end()
		c := &checker{tx: tx, want: map[bucketID]map[string]string{}}
		if c.keys(); len(c.found) > 0 {
			return c.result() // everything below relies on them
		}
		c.messages()
		c.records()
		c.links()
		c.changes()
		c.setAsides()
		c.items()
		c.tombstones()
		c.rest()
		c.indexes()
		return c.result()
	})
}

// checker collects faults and what the indexes should hold.
type checker struct {
	tx    *Tx
	found []error
	want  map[bucketID]map[string]string // index -> key -> value
	tally tally
}

func (c *checker) fault(format string, args ...any) {
	if len(c.found) < maxFindings {
		c.found = append(c.found, fmt.Errorf(format, args...))
	}
}

func (c *checker) result() error {
	if len(c.found) == 0 {
		return nil
	}
	return damagedFile(c.tx.s.path, "", errors.Join(c.found...))
}

func (c *checker) expect(rows ...indexRow) {
	for _, r := range rows {
		if c.want[r.in] == nil {
			c.want[r.in] = map[string]string{}
		}
		c.want[r.in][string(r.key)] = string(r.value)
	}
}

// keys finds keys that don't have their table's length.
func (c *checker) keys() {
	for id := bFolders; id < bucketCount; id++ {
		cursor := c.tx.bucket(id).Cursor()
		for k, _ := cursor.First(); k != nil; k, _ = cursor.Next() {
			if n := id.keySize(); n != 0 && n != len(k) {
				c.fault("%s: the key %x has %d bytes, should have %d", bucketNames[id], k, len(k), n)
			}
		}
	}
}

func (c *checker) messages() {
	last := c.tx.bucket(bMessages).Sequence()
	c.tx.scan(bMessages, nil, func(k, _ []byte) bool {
		m, _, err := c.tx.message(bytes.Clone(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		if m.Key > last {
			c.fault("message %d: numbers have been given out up to %d only", m.Key, last)
		}
		c.tally.message(&m, +1)
		c.expect(c.tx.indexRows(nil, &m)...)
		return true
	})
}

func (c *checker) records() {
	c.tx.scan(bRecords, nil, func(k, v []byte) bool {
		r, err := c.tx.openRecord(k, v)
		if err != nil {
			c.fault("%w", err)
			return true
		}
		if !bytes.Equal(c.tx.recordKey(r.Ref), k) {
			c.fault("record %s is under the key of another", r.Ref)
		}
		c.expect(c.tx.recordRows(&r, bytes.Clone(k))...)
		return true
	})
}

func (c *checker) links() {
	c.tx.scan(bLinks, nil, func(k, _ []byte) bool {
		l, _, err := c.tx.link(bytes.Clone(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		if l.Item != number(k) {
			c.fault("the link of item %d is under the key of %d", l.Item, number(k))
		}
		c.expect(c.tx.linkRows(&l, bytes.Clone(k))...)
		return true
	})
}

func (c *checker) changes() {
	heads := map[string]laneRow{}
	c.tx.scan(bChanges, nil, func(k, _ []byte) bool {
		ch, err := c.tx.Change(number(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		row := laneRow{id: ch.ID, due: due(ch.NotBefore), parked: ch.Parked}
		lane := c.tx.laneKey(ch.Lane)
		c.expect(indexRow{bLanes, join(lane, key8(ch.ID)), row.value()})
		if ch.Item != 0 {
			c.expect(indexRow{bItemChanges, join(key8(ch.Item), key8(ch.ID)), nil})
		}
		if _, ok := heads[string(lane)]; !ok {
			heads[string(lane)] = row // they come in order
		}
		return true
	})
	for _, row := range heads {
		if !row.parked {
			c.expect(indexRow{bHeads, row.headKey(), nil})
		}
	}
}

func (c *checker) setAsides() {
	c.tx.scan(bSetAside, nil, func(k, _ []byte) bool {
		a, _, err := c.tx.setAside(number(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		c.tally.SetAside++
		c.expect(setAsideRows(&a)...)
		return true
	})
}

func (c *checker) items() {
	last := c.tx.bucket(bItems).Sequence()
	c.tx.scan(bItems, nil, func(k, _ []byte) bool {
		it, _, err := c.tx.item(bytes.Clone(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		if it.Key > last {
			c.fault("item %d: numbers have been given out up to %d only", it.Key, last)
		}
		c.tally.item(&it, +1)
		c.expect(c.tx.itemRows(&it)...)
		return true
	})
	c.tx.scan(bItemLinks, nil, func(k, _ []byte) bool {
		l, _, err := c.tx.itemLink(bytes.Clone(k))
		if err != nil {
			c.fault("%w", err)
			return true
		}
		if l.Item != number(k) {
			c.fault("the link of item %d is under the key of %d", l.Item, number(k))
		}
		if !c.tx.has(bItems, k) {
			c.fault("the link of item %d: there is no such item", l.Item)
		}
		c.expect(c.tx.itemLinkRows(&l)...)
		return true
	})
}

func (c *checker) tombstones() {
	all, err := c.tx.Tombstones()
	if err != nil {
		c.fault("%w", err)
		return
	}
	for _, t := range all {
		c.expect(c.tx.tombstoneRows(&t)...)
	}
}

// rest opens the rows that no index speaks of.
func (c *checker) rest() {
	for _, id := range [...]bucketID{bFolders, bCounts, bCursors, bListings, bActivity, bSettings, bDrafts,
		bCollections, bConflicts, bHeld, bTombstones} {
		c.tx.scan(id, nil, func(k, v []byte) bool {
			if _, err := c.tx.open(id, k, v, 0); err != nil {
				c.fault("%w", err)
			}
			return true
		})
	}
	kept := c.tx.counts()
	if c.tx.err != nil {
		return // named above
	}
	a, b := *kept, c.tally
	if !maps.Equal(a.Folders, b.Folders) {
		c.fault("counts of folders: kept %v, counted %v", a.Folders, b.Folders)
	}
	if !maps.Equal(a.Items, b.Items) {
		c.fault("counts of items: kept %v, counted %v", a.Items, b.Items)
	}
	a.Folders, b.Folders, a.Items, b.Items = nil, nil, nil, nil
	if !reflect.DeepEqual(a, b) {
		c.fault("counts: kept %+v, counted %+v", a, b)
	}
}

// indexes compares each index with what the rows say it should hold.
func (c *checker) indexes() {
	for _, id := range [...]bucketID{bPlaces, bIdentities, bDates, bReferences, bStates, bRecAddress, bRecIdentity,
		bRecToken, bRecRegards, bLinkRecords, bLanes, bHeads, bItemChanges, bSetAsidePlc,
		bItemHrefs, bItemColls, bItemUIDs, bItemRefs, bItemLinkRecs, bTombRecords} {
		want := c.want[id]
		c.tx.scan(id, nil, func(k, v []byte) bool {
			value, ok := want[string(k)]
			switch {
			case !ok:
				c.fault("%s: %x belongs to no row", bucketNames[id], k)
			case value != string(v):
				c.fault("%s: %x is %x, should be %x", bucketNames[id], k, v, value)
			}
			delete(want, string(k))
			return true
		})
		for _, k := range slices.Sorted(maps.Keys(want)) {
			c.fault("%s: %x is missing", bucketNames[id], k)
		}
	}
}
