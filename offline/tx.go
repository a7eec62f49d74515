package offline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/crypto/chacha20poly1305"
)

// Tx is a transaction on the store. It belongs to one goroutine, and it is void
// when the function that got it returns. What its methods return is the
// caller's own.
type Tx struct {
	s        *Store
	b        *bbolt.Tx
	writable bool
	sc       *scratch
	buckets  [bucketCount]*bbolt.Bucket
	arena    []byte // sealed values; bbolt keeps pointing at them until the commit
	err      error  // the first failure that left the transaction half done: it can't be committed

	tally      *tally // nil until asked for
	tallyDirty bool
	notice     Notice
	dropBodies []uint64
}

// scratch is what transactions hand on to one another to save allocations.
type scratch struct {
	mac    *indexMAC
	nonces nonces
	aad    []byte
	plain  []byte
	key    []byte
}

func newScratch(k *subkeys) *scratch { return &scratch{mac: newIndexMAC(k.index)} }

func (s *Store) begin(btx *bbolt.Tx, writable bool) *Tx {
	return &Tx{s: s, b: btx, writable: writable, sc: s.scratch.Get().(*scratch)}
}

func (tx *Tx) end() {
	tx.s.scratch.Put(tx.sc)
	tx.sc, tx.b = nil, nil
}

// flush writes what was kept back until the commit.
func (tx *Tx) flush() error {
	if tx.err == nil && tx.tallyDirty {
		tx.putTally()
	}
	return tx.err
}

// errReadOnly is a mistake of the caller: a write in View.
var errReadOnly = errors.New("write in a read transaction")

// write begins a method that writes.
func (tx *Tx) write() error {
	if !tx.writable {
		return errReadOnly
	}
	return tx.err
}

// fail records that the transaction is half done and can't be committed.
func (tx *Tx) fail(err error) error {
	if tx.err == nil && err != nil {
		tx.err = err
	}
	return err
}

func (tx *Tx) bucket(id bucketID) *bbolt.Bucket {
	b := tx.buckets[id]
	if b == nil {
		b = tx.b.Bucket([]byte(bucketNames[id]))
		if id.appended() {
			b.FillPercent = 0.9
		}
		tx.buckets[id] = b
	}
	return b
}

// put and del change a row of an index, or one that is sealed already. bbolt
// copies the key and keeps the value.
func (tx *Tx) put(id bucketID, key, value []byte) error {
	if value == nil {
		value = []byte{} // nil would read as absent before the commit
	}
	if err := tx.bucket(id).Put(key, value); err != nil {
		return tx.fail(tx.s.fileError("write "+bucketNames[id], err))
	}
	return nil
}

func (tx *Tx) del(id bucketID, key []byte) error {
	if err := tx.bucket(id).Delete(key); err != nil {
		return tx.fail(tx.s.fileError("delete from "+bucketNames[id], err))
	}
	return nil
}

// has tells whether an index holds a key.
func (tx *Tx) has(id bucketID, key []byte) bool { return tx.bucket(id).Get(key) != nil }

// space returns n bytes of the arena.
func (tx *Tx) space(n int) []byte {
	if cap(tx.arena)-len(tx.arena) < n {
		size := 4 << 10
		if tx.arena != nil {
			size = 64 << 10
		}
		tx.arena = make([]byte, 0, max(size, n))
	}
	at := len(tx.arena)
	tx.arena = tx.arena[:at+n]
	return tx.arena[at : at+n : at+n]
}

// sealedWith is what a row is authenticated with: its table, its key, and the
// prefix of its value that stays in clear.
func (sc *scratch) sealedWith(id bucketID, key, prefix []byte) []byte {
	sc.aad = append(sc.aad[:0], bucketNames[id]...)
	sc.aad = append(sc.aad, 0, byte(len(key)))
	sc.aad = append(sc.aad, key...)
	sc.aad = append(sc.aad, prefix...)
	return sc.aad
}

// putRow seals plain and puts it, with prefix in clear before it.
func (tx *Tx) putRow(id bucketID, key, prefix, plain []byte) error {
	v := tx.space(len(prefix) + overhead + len(plain))
	n := copy(v, prefix)
	n += copy(v[n:], tx.sc.nonces.next())
	tx.s.keys.values.Seal(v[n:n], v[n-chacha20poly1305.NonceSizeX:n], plain, tx.sc.sealedWith(id, key, prefix))
	return tx.put(id, key, v)
}

// open opens the sealed value v of a row. What it returns is valid until the
// next call.
func (tx *Tx) open(id bucketID, key, v []byte, prefix int) ([]byte, error) {
	if len(v) < prefix+overhead {
		return nil, tx.s.damagedRow(id, key, "too short")
	}
	n := prefix + chacha20poly1305.NonceSizeX
	plain, err := tx.s.keys.values.Open(tx.sc.plain[:0], v[prefix:n], v[n:], tx.sc.sealedWith(id, key, v[:prefix]))
	if err != nil {
		return nil, tx.s.damagedRow(id, key, "altered since it was written")
	}
	tx.sc.plain = plain[:0]
	return plain, nil
}

// row reads a row; ok is false where there is none.
func (tx *Tx) row(id bucketID, key []byte, prefix int) (plain []byte, ok bool, err error) {
	v := tx.bucket(id).Get(key)
	if v == nil {
		return nil, false, nil
	}
	plain, err = tx.open(id, key, v, prefix)
	return plain, err == nil, err
}

// putJSON and getJSON keep a row as JSON: for the tables where speed is no
// matter. Fields may be added to the types freely.
func (tx *Tx) putJSON(id bucketID, key []byte, v any) error {
	plain, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a row of %s: %w", bucketNames[id], err)
	}
	return tx.putRow(id, key, nil, plain)
}

func (tx *Tx) getJSON(id bucketID, key []byte, v any) (bool, error) {
	plain, ok, err := tx.row(id, key, 0)
	if !ok {
		return false, err
	}
	return true, tx.decodeJSON(id, key, plain, v)
}

func (tx *Tx) decodeJSON(id bucketID, key, plain []byte, v any) error {
	if err := json.Unmarshal(plain, v); err != nil {
		return tx.s.damagedRow(id, key, err.Error())
	}
	return nil
}

// scan calls fn with each row whose key begins with prefix, in order of keys,
// until fn returns false. fn must not change the bucket. Keys have the bucket's
// length; a damaged one ends the scan and fails the transaction.
func (tx *Tx) scan(id bucketID, prefix []byte, fn func(k, v []byte) bool) {
	c := tx.bucket(id).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if !tx.wellFormed(id, k) || !fn(k, v) {
			return
		}
	}
}

// wellFormed tells whether a key has the length that keys of its bucket have.
func (tx *Tx) wellFormed(id bucketID, k []byte) bool {
	if n := id.keySize(); n != 0 && len(k) != n {
		_ = tx.fail(tx.s.damagedRow(id, bytes.Clone(k), "its key has the wrong length"))
		return false
	}
	return true
}

// suffixes collects the numbers at the end of the keys of id that begin with
// prefix.
func (tx *Tx) suffixes(id bucketID, prefix []byte) (all []uint64) {
	tx.scan(id, prefix, func(k, _ []byte) bool {
		all = append(all, number(k[len(k)-8:]))
		return true
	})
	return all
}

// next gives out the next number of a table; it is never given out again.
func (tx *Tx) next(id bucketID) (uint64, error) {
	n, err := tx.bucket(id).NextSequence()
	if err != nil {
		return 0, tx.fail(tx.s.fileError("number a row of "+bucketNames[id], err))
	}
	return n, nil
}

// key8 is a number as a key. number reads it back; 0 for what isn't one.
func key8(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 8), n) }

func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// placeKey is the key of bPlaces and bSetAsidePlc.
func placeKey(f FolderID, uid uint32) []byte {
	k := binary.BigEndian.AppendUint32(make([]byte, 0, 8), uint32(f))
	return binary.BigEndian.AppendUint32(k, uid)
}

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// sortSeconds is t such that numbers sort as times do.
func sortSeconds(t time.Time) uint64 { return uint64(t.Unix()) ^ 1<<63 }

// due is t in nanoseconds since 1970, 0 for what was before.
func due(t time.Time) uint64 {
	switch {
	case t.Unix() < 0:
		return 0
	case t.Unix() > math.MaxInt64/int64(time.Second)-1:
		return math.MaxInt64
	}
	return uint64(t.UnixNano())
}
