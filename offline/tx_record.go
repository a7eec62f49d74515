package offline

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	kindPrefix    = 4 // bytes of H(kind) in the key of a record
	recordKeySize = kindPrefix + macSize
	genSize       = 4 // the listing generation before a record's row
)

// recordKey is the key of a record: rows of one kind are neighbours.
func (tx *Tx) recordKey(r Ref) []byte {
	h := tx.sc.mac.of(macRef, string(r.Kind), r.ID)
	return append(tx.kindKey(r.Kind), h[:]...)
}

func (tx *Tx) kindKey(k Kind) []byte {
	h := tx.sc.mac.of(macKind, string(k))
	return append(make([]byte, 0, recordKeySize), h[:kindPrefix]...)
}

// Record returns a record, or ErrNotFound.
func (tx *Tx) Record(r Ref) (Record, error) {
	rec, ok, err := tx.record(tx.recordKey(r))
	if err == nil && !ok {
		err = fmt.Errorf("record %s: %w", r, ErrNotFound)
	}
	return rec, err
}

func (tx *Tx) record(k []byte) (r Record, ok bool, err error) {
	v := tx.bucket(bRecords).Get(k)
	if v == nil {
		return Record{}, false, nil
	}
	r, err = tx.openRecord(k, v)
	return r, err == nil, err
}

func (tx *Tx) openRecord(k, v []byte) (Record, error) {
	plain, err := tx.open(bRecords, k, v, genSize)
	if err != nil {
		return Record{}, err
	}
	r, err := readRecord(string(plain))
	if err != nil {
		return Record{}, tx.s.damagedRow(bRecords, k, err.Error())
	}
	return r, nil
}

// PutRecord stores a record, new or known, with its index rows, and marks it as
// seen by the listing of its kind that is under way.
func (tx *Tx) PutRecord(r *Record) error {
	if err := tx.write(); err != nil {
		return err
	}
	if r.Kind == "" || r.ID == "" {
		return fmt.Errorf("put a record: its reference %q is not whole", r.Ref)
	}
	k := tx.recordKey(r.Ref)
	old, known, err := tx.record(k)
	if err != nil {
		return err
	}
	gen, err := tx.listing(r.Kind)
	if err != nil {
		return err
	}
	var was []indexRow
	if known {
		was = tx.recordRows(&old, k)
	}
	if err := tx.changeRows(was, tx.recordRows(r, k)); err != nil {
		return err
	}
	w := writer{tx.sc.key[:0]}
	w.record(r)
	tx.sc.key = w.b[:0]
	tx.notice.Records = true
	return tx.putRow(bRecords, k, binary.BigEndian.AppendUint32(nil, gen.Generation), w.b)
}

// recordRows are the index rows of a record, each once.
func (tx *Tx) recordRows(r *Record, k []byte) (rows []indexRow) {
	add := func(in bucketID, d macDomain, parts ...string) {
		h := tx.sc.mac.of(d, parts...)
		row := indexRow{in: in, key: join(h[:], k)}
		if !slices.ContainsFunc(rows, row.same) {
			rows = append(rows, row)
		}
	}
	for _, a := range r.Addrs {
		if a = Fold(a); a != "" {
			add(bRecAddress, macAddress, a)
		}
	}
	if !r.Parent.IsZero() {
		add(bRecRegards, macRef, string(r.Parent.Kind), r.Parent.ID)
	}
	if r.Kind != KindEmail || r.Email == nil {
		return rows
	}
	if r.Email.Identity != "" {
		add(bRecIdentity, macIdentity, r.Email.Identity)
	}
	if r.Email.Token != "" {
		add(bRecToken, macToken, r.Email.Token)
	}
	if g := r.Email.Regarding; !g.IsZero() {
		add(bRecRegards, macRef, string(g.Kind), g.ID)
	}
	return append(rows, tx.threadRecordRows(r, k)...)
}

// DeleteRecord removes a record and its index rows, or gives ErrNotFound.
func (tx *Tx) DeleteRecord(r Ref) error {
	if err := tx.write(); err != nil {
		return err
	}
	k := tx.recordKey(r)
	old, ok, err := tx.record(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("delete record %s: %w", r, ErrNotFound)
	}
	return tx.deleteRecord(k, &old)
}

func (tx *Tx) deleteRecord(k []byte, old *Record) error {
	if err := tx.changeRows(tx.recordRows(old, k), nil); err != nil {
		return err
	}
	if err := tx.del(bUndecided, k); err != nil {
		return err
	}
	tx.notice.Records = true
	return tx.del(bRecords, k)
}

// RecordsByAddress returns the records that hold a mail address, whatever its
// case.
func (tx *Tx) RecordsByAddress(addr string) ([]Record, error) {
	return tx.recordsBy(bRecAddress, macAddress, Fold(addr))
}

// EmailByIdentity returns the email records made from that Message-ID.
func (tx *Tx) EmailByIdentity(identity string) ([]Record, error) {
	return tx.recordsBy(bRecIdentity, macIdentity, identity)
}

// EmailByToken returns the email records that bear that tracking token.
func (tx *Tx) EmailByToken(token string) ([]Record, error) {
	return tx.recordsBy(bRecToken, macToken, token)
}

// RecordsRegarding returns the records whose parent is r and the emails that
// regard it.
func (tx *Tx) RecordsRegarding(r Ref) ([]Record, error) {
	return tx.recordsBy(bRecRegards, macRef, string(r.Kind), r.ID)
}

// recordsBy returns the records under an index key, by kind and id.
func (tx *Tx) recordsBy(id bucketID, d macDomain, parts ...string) ([]Record, error) {
	h := tx.sc.mac.of(d, parts...)
	var found []Record
	var err error
	tx.scan(id, h[:], func(k, _ []byte) bool {
		var r Record
		var ok bool
		if r, ok, err = tx.record(k[macSize:]); err == nil && !ok {
			err = tx.s.damagedRow(id, k, "names no record")
		}
		found = append(found, r)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// Records calls fn with each record of a kind, in no order that means anything,
// until fn returns false. fn must not write records.
func (tx *Tx) Records(kind Kind, fn func(Record) bool) error {
	var err error
	tx.scan(bRecords, tx.kindKey(kind), func(k, v []byte) bool {
		var r Record
		if r, err = tx.openRecord(k, v); err != nil {
			return false
		}
		return r.Kind != kind || fn(r)
	})
	return err
}

// listingRow is the state of the full listing of one kind.
type listingRow struct {
	Generation uint32 `json:"gen"`
	Open       bool   `json:"open,omitempty"`
}

func (tx *Tx) listingKey(k Kind) []byte {
	h := tx.sc.mac.of(macKind, string(k))
	return bytes.Clone(h[:])
}

func (tx *Tx) listing(k Kind) (l listingRow, err error) {
	_, err = tx.getJSON(bListings, tx.listingKey(k), &l)
	return l, err
}

// BeginListing says that from now on PutRecord brings every record of the kind
// there is. One that was under way begins anew.
func (tx *Tx) BeginListing(k Kind) error {
	if err := tx.write(); err != nil {
		return err
	}
	l, err := tx.listing(k)
	if err != nil {
		return err
	}
	l.Generation++
	l.Open = true
	return tx.putJSON(bListings, tx.listingKey(k), l)
}

// InListing reports whether a full listing of a kind is under way, begun in this
// or an earlier run of the program.
func (tx *Tx) InListing(k Kind) (bool, error) {
	l, err := tx.listing(k)
	return l.Open, err
}

// EndListing ends a listing that is complete: it deletes the records of the kind
// that weren't put since BeginListing (in this or an earlier run of the
// program) and returns them. Without a listing under way it is an error.
func (tx *Tx) EndListing(kind Kind) (gone []Ref, err error) {
	if err := tx.write(); err != nil {
		return nil, err
	}
	l, err := tx.listing(kind)
	if err != nil {
		return nil, err
	}
	if !l.Open {
		return nil, fmt.Errorf("end the listing of %s: none is under way", kind)
	}
	var stale [][]byte
	tx.scan(bRecords, tx.kindKey(kind), func(k, v []byte) bool {
		if len(v) >= genSize && binary.BigEndian.Uint32(v) != l.Generation {
			stale = append(stale, bytes.Clone(k))
		}
		return true
	})
	for _, k := range stale {
		r, ok, err := tx.record(k)
		if err != nil {
			return nil, tx.fail(err)
		}
		if !ok || r.Kind != kind {
			continue
		}
		if err := tx.deleteRecord(k, &r); err != nil {
			return nil, err
		}
		gone = append(gone, r.Ref)
	}
	l.Open = false
	return gone, tx.putJSON(bListings, tx.listingKey(kind), l)
}

// CRMCursor returns the cursor of a kind; the zero cursor of it if there is none.
func (tx *Tx) CRMCursor(k Kind) (CRMCursor, error) {
	c := CRMCursor{Kind: k}
	_, err := tx.getJSON(bCursors, tx.listingKey(k), &c)
	return c, err
}

// PutCRMCursor stores the cursor of its kind.
func (tx *Tx) PutCRMCursor(c CRMCursor) error {
	if err := tx.write(); err != nil {
		return err
	}
	return tx.putJSON(bCursors, tx.listingKey(c.Kind), c)
}
