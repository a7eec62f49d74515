package localorg

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/crypto/chacha20poly1305"
)

// The file holds one bucket of rows per table, one of tombstones per tracked
// table, the large texts, and facts about the file itself.
const (
	bucketMeta = "meta"
	bucketBlob = "blobs"
	rowsOf     = "rows/"
	tombsOf    = "gone/"

	keyVersion = "version"
	keySchema  = "schema"
	keyProof   = "proof" // a constant sealed with the key, to know the wrong key by

	fileSchema = 1
)

// Errors of Open that a caller may want to tell apart.
var (
	ErrKey     = errors.New("the key does not fit this organization file")
	ErrNewer   = errors.New("this organization file was written by a newer version of the program")
	ErrDamaged = errors.New("this organization file is damaged")
	ErrInUse   = errors.New("this organization file is in use by another program")
)

// disk is the file of an organization. A nil disk keeps nothing.
type disk struct {
	db   *bolt.DB
	seal cipher.AEAD // nil: values are kept in clear
}

// openDisk opens or makes the file. bbolt reads through a memory map, where a
// file that was cut short faults; such a file is refused before. PanicOnFault
// turns what is left of such faults, a failing disk, into an error.
func openDisk(path string, key []byte) (d *disk, err error) {
	d = &disk{}
	if key != nil {
		if d.seal, err = chacha20poly1305.NewX(key); err != nil {
			return nil, fmt.Errorf("organization key: %w", err)
		}
	}
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if p := recover(); p != nil {
			d, err = nil, fmt.Errorf("opening %s: %w (%v)", path, ErrDamaged, p)
		}
	}()
	if err := checkLength(path); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	d.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("opening %s: %w", path, ErrInUse)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fmt.Errorf("opening %s: %w (%w)", path, ErrDamaged, err)
	case err != nil:
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if err := d.db.Update(d.prepare); err != nil {
		d.db.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return d, nil
}

// checkLength refuses a file that is shorter than its own newest meta page says.
// Layout: bbolt's page header (16 bytes), then magic, version, page size and
// flags (4 bytes each), root (16), freelist, page count, transaction and an
// FNV-1a sum of all that (8 each), in the byte order of the machine.
func checkLength(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || st.Size() == 0 {
		return err
	}
	const magic, metaLen = 0xED0CDAED, 64
	newest, need := uint64(0), int64(-1)
	size := int64(os.Getpagesize())
	for _, at := range []int64{0, size} {
		var m [metaLen]byte
		if _, err := f.ReadAt(m[:], at+16); err != nil {
			continue
		}
		sum := fnv.New64a()
		sum.Write(m[:56])
		word := func(i int) uint64 { return binary.NativeEndian.Uint64(m[i:]) }
		if binary.NativeEndian.Uint32(m[:]) != magic || word(56) != sum.Sum64() {
			continue
		}
		if page := int64(binary.NativeEndian.Uint32(m[8:])); page != size && at == 0 {
			// Made on a machine with other pages; its second meta page is not looked at.
			return lengthFits(st.Size(), int64(word(40))*page)
		}
		if need < 0 || word(48) > newest {
			newest, need = word(48), int64(word(40))*size
		}
	}
	if need < 0 {
		return ErrDamaged
	}
	return lengthFits(st.Size(), need)
}

func lengthFits(have, need int64) error {
	if have < need {
		return fmt.Errorf("%w: %d bytes of %d are there", ErrDamaged, have, need)
	}
	return nil
}

// prepare checks that the file is one of ours and the key its own.
func (d *disk) prepare(tx *bolt.Tx) error {
	meta, err := tx.CreateBucketIfNotExists([]byte(bucketMeta))
	if err != nil {
		return err
	}
	if _, err := tx.CreateBucketIfNotExists([]byte(bucketBlob)); err != nil {
		return err
	}
	if v := meta.Get([]byte(keySchema)); v == nil {
		if err := meta.Put([]byte(keySchema), []byte{fileSchema}); err != nil {
			return err
		}
		return meta.Put([]byte(keyProof), d.wrap(bucketMeta+keyProof, []byte(keyProof)))
	} else if len(v) != 1 || v[0] > fileSchema {
		return ErrNewer
	}
	if p, err := d.unwrap(bucketMeta+keyProof, meta.Get([]byte(keyProof))); err != nil || string(p) != keyProof {
		return ErrKey
	}
	return nil
}

// wrap seals a value. Its place in the file is authenticated with it, so that
// values can't be swapped.
func (d *disk) wrap(place string, plain []byte) []byte {
	if d.seal == nil {
		return plain
	}
	nonce := make([]byte, d.seal.NonceSize(), d.seal.NonceSize()+len(plain)+d.seal.Overhead())
	rand.Read(nonce) // never fails
	return d.seal.Seal(nonce, nonce, plain, []byte(place))
}

func (d *disk) unwrap(place string, sealed []byte) ([]byte, error) {
	if d.seal == nil {
		return sealed, nil
	}
	n := d.seal.NonceSize()
	if len(sealed) < n {
		return nil, ErrDamaged
	}
	plain, err := d.seal.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// load reads everything but the large texts into o.
func (d *disk) load(o *Org) error {
	return d.db.View(func(tx *bolt.Tx) error {
		if v := tx.Bucket([]byte(bucketMeta)).Get([]byte(keyVersion)); len(v) == 8 {
			o.version = int64(binary.BigEndian.Uint64(v))
		}
		refs := map[string]any{}
		for _, name := range o.schema.names {
			if err := d.loadTable(tx, o.tables[name], refs); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *disk) loadTable(tx *bolt.Tx, into *data, refs map[string]any) error {
	name := rowsOf + into.def.Name
	if b := tx.Bucket([]byte(name)); b != nil {
		err := b.ForEach(func(k, v []byte) error {
			plain, err := d.unwrap(name+"/"+string(k), v)
			if err != nil {
				return fmt.Errorf("%s %s: %w", into.def.Name, k, err)
			}
			r, err := decodeRow(into.def, string(k), plain, refs)
			if err != nil {
				return err
			}
			into.set(r.id, r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	b := tx.Bucket([]byte(tombsOf + into.def.Name))
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, v []byte) error {
		if len(k) != 8 || len(v) < 8 {
			return ErrDamaged
		}
		into.tombs = append(into.tombs, tombstone{string(v[8:]), int64(binary.BigEndian.Uint64(k)), stamp(binary.BigEndian.Uint64(v))})
		return nil
	})
}

// persist writes what t did, in one commit of the file.
func (o *Org) persist(t *tx) error {
	if o.disk == nil {
		for k, s := range t.blobs {
			if s == nil {
				delete(o.blobs, k)
			} else {
				o.blobs[k] = *s
			}
		}
		return nil
	}
	err := o.disk.db.Update(func(tx *bolt.Tx) error {
		for k := range t.dirty {
			if err := o.disk.writeRow(tx, o.tables[k.table], k.id); err != nil {
				return err
			}
		}
		for table, from := range t.tombs {
			if err := writeTombs(tx, table, o.tables[table].tombs[from:]); err != nil {
				return err
			}
		}
		blobs := tx.Bucket([]byte(bucketBlob))
		for k, s := range t.blobs {
			var err error
			if s == nil {
				err = blobs.Delete([]byte(k.String()))
			} else {
				err = blobs.Put([]byte(k.String()), o.disk.wrap(bucketBlob+k.String(), []byte(*s)))
			}
			if err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put([]byte(keyVersion), binary.BigEndian.AppendUint64(nil, uint64(o.version)))
	})
	if err != nil {
		return fmt.Errorf("writing the organization file: %w", err)
	}
	return nil
}

func (d *disk) writeRow(tx *bolt.Tx, from *data, id string) error {
	name := rowsOf + from.def.Name
	b, err := tx.CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return err
	}
	r := from.rows[id]
	if r == nil {
		return b.Delete([]byte(id))
	}
	return b.Put([]byte(id), d.wrap(name+"/"+id, encodeRow(from.def, r)))
}

func writeTombs(tx *bolt.Tx, table string, tombs []tombstone) error {
	b, err := tx.CreateBucketIfNotExists([]byte(tombsOf + table))
	if err != nil {
		return err
	}
	for _, s := range tombs {
		v := append(binary.BigEndian.AppendUint64(nil, uint64(s.at)), s.id...)
		if err := b.Put(binary.BigEndian.AppendUint64(nil, uint64(s.version)), v); err != nil {
			return err
		}
	}
	return nil
}

// dropTombs forgets the tombstones that no delta token can ask for any more.
func (o *Org) dropTombs(before stamp) error {
	for _, d := range o.tables {
		n := 0
		for n < len(d.tombs) && d.tombs[n].at < before {
			n++
		}
		if n == 0 {
			continue
		}
		if o.disk != nil {
			err := o.disk.db.Update(func(tx *bolt.Tx) error {
				b := tx.Bucket([]byte(tombsOf + d.def.Name))
				for _, s := range d.tombs[:n] {
					if err := b.Delete(binary.BigEndian.AppendUint64(nil, uint64(s.version))); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("dropping old tombstones: %w", err)
			}
		}
		d.tombs = append([]tombstone(nil), d.tombs[n:]...)
	}
	return nil
}

func (k blobKey) String() string { return strings.Join([]string{k.table, k.id, k.column}, "/") }

func (o *Org) readBlob(k blobKey) (string, error) {
	if o.disk == nil {
		return o.blobs[k], nil
	}
	var out string
	err := o.disk.db.View(func(tx *bolt.Tx) error {
		v := tx.Bucket([]byte(bucketBlob)).Get([]byte(k.String()))
		if v == nil {
			return nil
		}
		plain, err := o.disk.unwrap(bucketBlob+k.String(), v)
		out = string(plain)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading %s of %s %s: %w", k.column, k.table, k.id, err)
	}
	return out, nil
}
