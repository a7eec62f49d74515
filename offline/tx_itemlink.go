package offline

import (
	"bytes"
	"fmt"
)

// ItemLink returns the link of an item, or ErrNotFound.
func (tx *Tx) ItemLink(item uint64) (ItemLink, error) {
	l, ok, err := tx.itemLink(key8(item))
	if err == nil && !ok {
		err = fmt.Errorf("link of item %d: %w", item, ErrNotFound)
	}
	return l, err
}

func (tx *Tx) itemLink(k []byte) (l ItemLink, ok bool, err error) {
	plain, ok, err := tx.row(bItemLinks, k, 0)
	if !ok {
		return ItemLink{}, false, err
	}
	if l, err = readItemLink(string(plain)); err != nil {
		return ItemLink{}, false, tx.s.damagedRow(bItemLinks, bytes.Clone(k), err.Error())
	}
	return l, true, nil
}

// ItemLinkByRecord returns the link of a record, or ErrNotFound.
func (tx *Tx) ItemLinkByRecord(r Ref) (ItemLink, error) {
	h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
	items := tx.suffixes(bItemLinkRecs, h[:])
	if len(items) == 0 {
		return ItemLink{}, fmt.Errorf("link of record %s: %w", r, ErrNotFound)
	}
	l, err := tx.ItemLink(items[0])
	if isNotFound(err) || err == nil && l.Record != r {
		return ItemLink{}, tx.s.damagedRow(bItemLinkRecs, join(h[:], key8(items[0])), "names the wrong link")
	}
	return l, err
}

// PutItemLink stores the link of l.Item. An item has one link at most, and so has
// a record.
func (tx *Tx) PutItemLink(l *ItemLink) error {
	if err := tx.write(); err != nil {
		return err
	}
	if l.Item == 0 || l.Record.IsZero() {
		return fmt.Errorf("put a link: item %d, record %q: one is missing", l.Item, l.Record)
	}
	if other, err := tx.ItemLinkByRecord(l.Record); err == nil && other.Item != l.Item {
		return fmt.Errorf("put a link: %s is linked with item %d already", l.Record, other.Item)
	} else if err != nil && !isNotFound(err) {
		return err
	}
	k := key8(l.Item)
	old, ok, err := tx.itemLink(k)
	if err != nil {
		return err
	}
	var was []indexRow
	if ok {
		was = tx.itemLinkRows(&old)
	}
	if err := tx.changeRows(was, tx.itemLinkRows(l)); err != nil {
		return err
	}
	tx.notice.Items = true
	w := writer{tx.sc.key[:0]}
	w.itemLink(l)
	tx.sc.key = w.b[:0]
	return tx.putRow(bItemLinks, k, nil, w.b)
}

func (tx *Tx) itemLinkRows(l *ItemLink) []indexRow {
	h := tx.sc.mac.of(macRef, string(l.Record.Kind), l.Record.ID)
	return []indexRow{{in: bItemLinkRecs, key: join(h[:], key8(l.Item))}}
}

// DeleteItemLink removes the link of an item, or gives ErrNotFound.
func (tx *Tx) DeleteItemLink(item uint64) error {
	if err := tx.write(); err != nil {
		return err
	}
	k := key8(item)
	old, ok, err := tx.itemLink(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("delete the link of item %d: %w", item, ErrNotFound)
	}
	if err := tx.changeRows(tx.itemLinkRows(&old), nil); err != nil {
		return err
	}
	tx.notice.Items = true
	return tx.del(bItemLinks, k)
}

// ItemLinks calls fn with each link, by item, until fn returns false. fn must not
// write links.
func (tx *Tx) ItemLinks(fn func(ItemLink) bool) error {
	var err error
	tx.scan(bItemLinks, nil, func(k, _ []byte) bool {
		var l ItemLink
		if l, _, err = tx.itemLink(k); err != nil {
			return false
		}
		return fn(l)
	})
	return err
}
