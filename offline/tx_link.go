package offline

import (
	"bytes"
	"fmt"
)

// Link returns the link of an item, or ErrNotFound.
func (tx *Tx) Link(item uint64) (Link, error) {
	l, ok, err := tx.link(key8(item))
	if err == nil && !ok {
		err = fmt.Errorf("link of item %d: %w", item, ErrNotFound)
	}
	return l, err
}

func (tx *Tx) link(k []byte) (l Link, ok bool, err error) {
	ok, err = tx.getJSON(bLinks, k, &l)
	return l, ok, err
}

// LinkByRecord returns the link of a record (of several, that of the lowest
// item), or ErrNotFound.
func (tx *Tx) LinkByRecord(r Ref) (Link, error) {
	h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
	items := tx.suffixes(bLinkRecords, h[:])
	if len(items) == 0 {
		return Link{}, fmt.Errorf("link of record %s: %w", r, ErrNotFound)
	}
	l, err := tx.Link(items[0])
	if isNotFound(err) || err == nil && l.Record != r {
		return Link{}, tx.s.damagedRow(bLinkRecords, join(h[:], key8(items[0])), "names the wrong link")
	}
	return l, err
}

// PutLink stores the link of l.Item, which has one at most. Watchers hear of it
// as a change of the message.
func (tx *Tx) PutLink(l *Link) error {
	if err := tx.write(); err != nil {
		return err
	}
	if l.Item == 0 || l.Record.IsZero() {
		return fmt.Errorf("put a link: item %d, record %q: one is missing", l.Item, l.Record)
	}
	k := key8(l.Item)
	old, ok, err := tx.link(k)
	if err != nil {
		return err
	}
	var was []indexRow
	if ok {
		was = tx.linkRows(&old, k)
	}
	if err := tx.changeRows(was, tx.linkRows(l, k)); err != nil {
		return err
	}
	tx.notice.message(l.Item)
	return tx.putJSON(bLinks, k, l)
}

func (tx *Tx) linkRows(l *Link, k []byte) []indexRow {
	h := tx.sc.mac.of(macRef, string(l.Record.Kind), l.Record.ID)
	return []indexRow{{in: bLinkRecords, key: join(h[:], k)}}
}

// DeleteLink removes the link of an item, or gives ErrNotFound.
func (tx *Tx) DeleteLink(item uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	k := key8(item)
	old, ok, err := tx.link(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("delete the link of item %d: %w", item, ErrNotFound)
	}
	if err := tx.changeRows(tx.linkRows(&old, k), nil); err != nil {
		return err
	}
	tx.notice.message(item)
	return tx.del(bLinks, k)
}

// Links calls fn with each link, by item, until fn returns false. fn must not
// write links.
func (tx *Tx) Links(fn func(Link) bool) error {
	var err error
	tx.scan(bLinks, nil, func(k, v []byte) bool {
		var plain []byte
		if plain, err = tx.open(bLinks, k, v, 0); err != nil {
			return false
		}
		var l Link
		if err = tx.decodeJSON(bLinks, bytes.Clone(k), plain, &l); err != nil {
			return false
		}
		return fn(l)
	})
	return err
}
