package offline

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Collection returns a collection, or ErrNotFound.
func (tx *Tx) Collection(url string) (Collection, error) {
	var c Collection
	ok, err := tx.getJSON(bCollections, tx.collKey(url), &c)
	if err == nil && !ok {
		err = fmt.Errorf("collection %s: %w", url, ErrNotFound)
	}
	return c, err
}

func (tx *Tx) collKey(url string) []byte {
	h := tx.sc.mac.of(macColl, url)
	return bytes.Clone(h[:])
}

// PutCollection stores a collection with its cursor.
func (tx *Tx) PutCollection(c Collection) error {
	if err := tx.write(); err != nil {
		return err
	}
	if c.URL == "" {
		return fmt.Errorf("put a collection: it has no URL")
	}
	tx.notice.Items = true
	return tx.putJSON(bCollections, tx.collKey(c.URL), c)
}

// DropCollection forgets a collection that has no items, or gives ErrNotFound.
func (tx *Tx) DropCollection(url string) error {
	if err := tx.write(); err != nil {
		return err
	}
	if n := len(tx.ItemKeys(url)); n > 0 {
		return fmt.Errorf("drop collection %s: there are %d items in it", url, n)
	}
	if k := tx.collKey(url); tx.has(bCollections, k) {
		tx.notice.Items = true
		return tx.del(bCollections, k)
	}
	return fmt.Errorf("drop collection %s: %w", url, ErrNotFound)
}

// Collections returns all collections, by account, name and URL.
func (tx *Tx) Collections() (all []Collection, err error) {
	tx.scan(bCollections, nil, func(k, _ []byte) bool {
		var c Collection
		_, err = tx.getJSON(bCollections, bytes.Clone(k), &c)
		all = append(all, c)
		return err == nil
	})
	slices.SortFunc(all, func(a, b Collection) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL))
	})
	return all, err
}

// Item returns an item, or ErrNotFound.
func (tx *Tx) Item(key uint64) (Item, error) {
	it, ok, err := tx.item(key8(key))
	if err == nil && !ok {
		err = fmt.Errorf("item %d: %w", key, ErrNotFound)
	}
	return it, err
}

func (tx *Tx) item(k []byte) (it Item, ok bool, err error) {
	plain, ok, err := tx.row(bItems, k, 0)
	if !ok {
		return Item{}, false, err
	}
	if it, err = readItem(string(plain)); err != nil {
		return Item{}, false, tx.s.damagedRow(bItems, bytes.Clone(k), err.Error())
	}
	it.Key = number(k)
	return it, true, nil
}

// ItemAt returns the item at href in a collection, or ErrNotFound.
func (tx *Tx) ItemAt(collection, href string) (Item, error) {
	h := tx.sc.mac.of(macHref, collection, href)
	key := number(tx.bucket(bItemHrefs).Get(h[:]))
	if key == 0 {
		return Item{}, fmt.Errorf("item %s: %w", href, ErrNotFound)
	}
	it, err := tx.Item(key)
	if err == nil && (it.Collection != collection || it.Href != href) || isNotFound(err) {
		return Item{}, tx.s.damagedRow(bItemHrefs, h[:], "names the wrong item")
	}
	return it, err
}

// ItemKeys returns the items of a collection, by key.
func (tx *Tx) ItemKeys(collection string) []uint64 {
	return tx.suffixes(bItemColls, tx.collKey(collection))
}

// ItemsByUID returns the items that have a UID, by key: several are copies of
// one another in different collections.
func (tx *Tx) ItemsByUID(uid string) ([]Item, error) {
	h := tx.sc.mac.of(macUID, uid)
	return tx.items(bItemUIDs, h[:])
}

// ItemsByRecord returns the items that name a record, in their mark or in their
// tracking, by key.
func (tx *Tx) ItemsByRecord(r Ref) ([]Item, error) {
	h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
	return tx.items(bItemRefs, h[:])
}

func (tx *Tx) items(id bucketID, prefix []byte) (all []Item, err error) {
	prefix = bytes.Clone(prefix)
	for _, key := range tx.suffixes(id, prefix) {
		it, err := tx.Item(key)
		if isNotFound(err) {
			err = tx.s.damagedRow(id, join(prefix, key8(key)), "names no item")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, it)
	}
	return all, tx.err
}

// Items calls fn with each item, by key, until fn returns false. fn must not
// write items.
func (tx *Tx) Items(fn func(*Item) bool) error {
	var err error
	tx.scan(bItems, nil, func(k, _ []byte) bool {
		var it Item
		if it, _, err = tx.item(k); err != nil {
			return false
		}
		return fn(&it)
	})
	return err
}

// PutItem stores an item, new or known, with its index rows. A new one is given
// its key. There is one item at each href of a collection.
func (tx *Tx) PutItem(it *Item) error {
	if err := tx.write(); err != nil {
		return err
	}
	if it.Collection == "" || it.Href == "" || it.Kind == "" {
		return fmt.Errorf("put an item: collection %q, href %q, kind %q: one is missing", it.Collection, it.Href, it.Kind)
	}
	var was []indexRow
	var old Item
	known := false
	if it.Key != 0 {
		var err error
		if old, known, err = tx.item(key8(it.Key)); err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("put item %d: %w", it.Key, ErrNotFound)
		}
		was = tx.itemRows(&old)
	}
	h := tx.sc.mac.of(macHref, it.Collection, it.Href)
	if key := number(tx.bucket(bItemHrefs).Get(h[:])); key != 0 && key != it.Key {
		return fmt.Errorf("put an item: item %d is at %s already", key, it.Href)
	}
	if !known {
		key, err := tx.next(bItems)
		if err != nil {
			return err
		}
		it.Key = key
	} else {
		tx.countItem(&old, -1)
	}
	if err := tx.changeRows(was, tx.itemRows(it)); err != nil {
		return err
	}
	tx.countItem(it, +1)
	tx.notice.Items = true
	w := writer{tx.sc.key[:0]}
	w.anItem(it)
	tx.sc.key = w.b[:0]
	return tx.putRow(bItems, key8(it.Key), nil, w.b)
}

// itemRows are the index rows of an item, each once.
func (tx *Tx) itemRows(it *Item) []indexRow {
	k := key8(it.Key)
	h := tx.sc.mac.of(macHref, it.Collection, it.Href)
	rows := []indexRow{
		{bItemHrefs, bytes.Clone(h[:]), k},
		{bItemColls, join(tx.collKey(it.Collection), k), nil},
	}
	if it.UID != "" {
		h := tx.sc.mac.of(macUID, it.UID)
		rows = append(rows, indexRow{bItemUIDs, join(h[:], k), nil})
	}
	for _, r := range [...]Ref{it.Mark.Record, it.Track.Record} {
		if r.IsZero() {
			continue
		}
		h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
		row := indexRow{bItemRefs, join(h[:], k), nil}
		if !slices.ContainsFunc(rows, row.same) {
			rows = append(rows, row)
		}
	}
	return rows
}

// DeleteItem removes an item with its link and what was to be decided about it,
// or gives ErrNotFound.
func (tx *Tx) DeleteItem(key uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	k := key8(key)
	old, ok, err := tx.item(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("delete item %d: %w", key, ErrNotFound)
	}
	if err := tx.DeleteItemLink(key); err != nil && !isNotFound(err) {
		return err
	}
	if err := tx.del(bUndecided, undecidedKey(key)); err != nil {
		return err
	}
	if err := tx.changeRows(tx.itemRows(&old), nil); err != nil {
		return err
	}
	tx.countItem(&old, -1)
	tx.notice.Items = true
	return tx.del(bItems, k)
}

// undecidedKey is as long as the key of a record, which no item's can be: twelve
// zeros of an HMAC do not occur.
func undecidedKey(item uint64) []byte { return join(make([]byte, recordKeySize-8), key8(item)) }

// UndecideItem says that what becomes of an item has to be decided (again).
func (tx *Tx) UndecideItem(key uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	return tx.put(bUndecided, undecidedKey(key), nil)
}

// UndecideRecord says so of a record that is stored here.
func (tx *Tx) UndecideRecord(r Ref) error {
	if err := tx.write(); err != nil {
		return err
	}
	return tx.put(bUndecided, tx.recordKey(r), nil)
}

// Decided says that an item has been decided, and DecidedRecord that a record has.
func (tx *Tx) Decided(item uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	return tx.del(bUndecided, undecidedKey(item))
}

// DecidedRecord says that a record has been decided.
func (tx *Tx) DecidedRecord(r Ref) error {
	if err := tx.write(); err != nil {
		return err
	}
	return tx.del(bUndecided, tx.recordKey(r))
}

// Undecided returns what has to be decided: keys of items and records. What is no
// longer there is left out.
func (tx *Tx) Undecided() (items []uint64, records []Record, err error) {
	tx.scan(bUndecided, nil, func(k, _ []byte) bool {
		if number(k[:8]) == 0 {
			if k := k[recordKeySize-8:]; tx.has(bItems, k) {
				items = append(items, number(k))
			}
			return true
		}
		var r Record
		var ok bool
		if r, ok, err = tx.record(bytes.Clone(k)); ok {
			records = append(records, r)
		}
		return err == nil
	})
	return items, records, err
}
