package offline

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"
)

// Messages and records are written in a format of tagged fields, because they
// are many and JSON would take most of the time: a tag (field number and kind)
// as a varint, then a varint (kind 0) or a length and that many bytes (kind 1).
// A field that has its zero value is left out; a field that isn't known is
// skipped. So fields may be added; a number is never used for something else.
const (
	kindNumber = 0
	kindBytes  = 1
)

// writer appends fields to b.
type writer struct{ b []byte }

func (w *writer) tag(field, kind uint64) { w.b = binary.AppendUvarint(w.b, field<<1|kind) }

func (w *writer) number(field, n uint64) {
	if n != 0 {
		w.tag(field, kindNumber)
		w.b = binary.AppendUvarint(w.b, n)
	}
}

func (w *writer) bool(field uint64, v bool) {
	if v {
		w.number(field, 1)
	}
}

func (w *writer) text(field uint64, s string) {
	if s != "" {
		w.item(field, s)
	}
}

// item writes a text even if it is empty: an element of a list.
func (w *writer) item(field uint64, s string) {
	w.tag(field, kindBytes)
	w.b = binary.AppendUvarint(w.b, uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) texts(field uint64, list []string) {
	for _, s := range list {
		w.item(field, s)
	}
}

// time writes seconds since 1970, and nanoseconds where there are any.
func (w *writer) time(field uint64, t time.Time) {
	if t.IsZero() {
		return
	}
	w.tag(field, kindBytes)
	at := len(w.b)
	w.b = append(w.b, 0)
	w.b = binary.AppendVarint(w.b, t.Unix())
	if ns := t.Nanosecond(); ns != 0 {
		w.b = binary.AppendUvarint(w.b, uint64(ns))
	}
	w.b[at] = byte(len(w.b) - at - 1)
}

// group writes what fill writes as one field.
func (w *writer) group(field uint64, fill func(*writer)) {
	w.tag(field, kindBytes)
	at := len(w.b)
	w.b = append(w.b, 0) // the length, if it fits in one byte
	fill(w)
	n := len(w.b) - at - 1
	if n < 0x80 {
		w.b[at] = byte(n)
		return
	}
	var length [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(length[:], uint64(n))
	w.b = append(w.b, length[1:size]...)
	copy(w.b[at+size:], w.b[at+1:at+1+n])
	copy(w.b[at:], length[:size])
}

func (w *writer) ref(field uint64, r Ref) {
	if !r.IsZero() {
		w.group(field, func(w *writer) {
			w.text(1, string(r.Kind))
			w.text(2, r.ID)
		})
	}
}

func (w *writer) address(field uint64, a Address) {
	w.group(field, func(w *writer) {
		w.text(1, a.Name)
		w.text(2, a.Addr)
	})
}

// fields writes each pair as a field, in order of the names.
func (w *writer) fields(field uint64, f Fields) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		w.group(field, func(w *writer) {
			w.text(1, name)
			w.text(2, f[name])
		})
	}
}

var errEncoding = errors.New("bad encoding")

// field is one field as read. Its bytes are part of the row's text.
type field struct {
	num  uint64
	n    uint64 // of kindNumber
	text string // of kindBytes
}

// each calls fn with the fields of s, in order.
func each(s string, fn func(f field) error) error {
	for s != "" {
		tag, rest, ok := uvarint(s)
		if !ok {
			return errEncoding
		}
		f := field{num: tag >> 1}
		var n uint64
		if n, rest, ok = uvarint(rest); !ok {
			return errEncoding
		}
		if tag&1 == kindNumber {
			f.n = n
		} else {
			if n > uint64(len(rest)) {
				return errEncoding
			}
			f.text, rest = rest[:n], rest[n:]
		}
		s = rest
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}

func uvarint(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
}

func (f field) time() (time.Time, error) {
	zigzag, rest, ok := uvarint(f.text)
	if !ok {
		return time.Time{}, errEncoding
	}
	var ns uint64
	if rest != "" {
		if ns, _, ok = uvarint(rest); !ok {
			return time.Time{}, errEncoding
		}
	}
	return time.Unix(int64(zigzag>>1)^-int64(zigzag&1), int64(ns)).UTC(), nil
}

func (f field) ref() (r Ref, err error) {
	err = each(f.text, func(f field) error {
		switch f.num {
		case 1:
			r.Kind = Kind(f.text)
		case 2:
			r.ID = f.text
		}
		return nil
	})
	return r, err
}

func (f field) address() (a Address, err error) {
	err = each(f.text, func(f field) error {
		switch f.num {
		case 1:
			a.Name = f.text
		case 2:
			a.Addr = f.text
		}
		return nil
	})
	return a, err
}

// fields adds a pair to those read before.
func (f field) fields(to Fields) (Fields, error) {
	kv, err := f.address() // two texts, as an address is
	if to == nil {
		to = Fields{}
	}
	to[kv.Name] = kv.Addr
	return to, err
}
