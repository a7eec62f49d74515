package localorg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Rows are kept in the file as: version (8 bytes), then for each column that is
// not null its name, a tag and the value. Names rather than positions, so that
// columns can be added, moved and dropped. Lengths and integers are varints.
const (
	tagText  = 's'
	tagInt   = 'i'
	tagFloat = 'f'
	tagTrue  = 't'
	tagFalse = 'n'
	tagRef   = 'r'
	tagStamp = 'd'
	tagBlob  = 'b'
)

var errBadRow = errors.New("row is damaged")

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func encodeRow(t *Table, r *row) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 256), uint64(r.version))
	for i, v := range r.vals {
		if v == nil {
			continue
		}
		b = appendString(b, t.Columns[i].Name)
		switch v := v.(type) {
		case string:
			b = appendString(append(b, tagText), v)
		case int64:
			b = binary.AppendVarint(append(b, tagInt), v)
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, tagFloat), math.Float64bits(v))
		case bool:
			if v {
				b = append(b, tagTrue)
			} else {
				b = append(b, tagFalse)
			}
		case ref:
			b = appendString(appendString(append(b, tagRef), v.table), v.id)
		case stamp:
			b = binary.AppendVarint(append(b, tagStamp), int64(v))
		case blobSize:
			b = binary.AppendVarint(append(b, tagBlob), int64(v))
		}
	}
	return b
}

// decoder reads what encodeRow wrote; the first fault sticks. Lookups are many
// and point at few rows, so their values are shared.
type decoder struct {
	b    []byte
	bad  bool
	refs map[string]any // by encoded form
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) bytes() []byte {
	n, used := binary.Uvarint(d.b)
	if used <= 0 || n > math.MaxInt32 {
		d.bad = true
		return nil
	}
	d.take(used)
	return d.take(int(n))
}

func (d *decoder) integer() int64 {
	n, used := binary.Varint(d.b)
	if used <= 0 {
		d.bad = true
		return 0
	}
	d.take(used)
	return n
}

func (d *decoder) value() any {
	tag := d.take(1)
	if d.bad {
		return nil
	}
	switch tag[0] {
	case tagText:
		return string(d.bytes())
	case tagInt:
		return d.integer()
	case tagFloat:
		if p := d.take(8); p != nil {
			return math.Float64frombits(binary.BigEndian.Uint64(p))
		}
	case tagTrue:
		return true
	case tagFalse:
		return false
	case tagRef:
		whole := d.b
		table, id := d.bytes(), d.bytes()
		whole = whole[:len(whole)-len(d.b)]
		v, ok := d.refs[string(whole)]
		if !ok {
			v = ref{string(table), string(id)}
			d.refs[string(whole)] = v
		}
		return v
	case tagStamp:
		return stamp(d.integer())
	case tagBlob:
		return blobSize(d.integer())
	}
	d.bad = true
	return nil
}

// decodeRow reads a row of t. Columns that t no longer has are passed over.
func decodeRow(t *Table, id string, b []byte, refs map[string]any) (*row, error) {
	d := decoder{b: b, refs: refs}
	head := d.take(8)
	if d.bad {
		return nil, errBadRow
	}
	r := &row{id: id, version: int64(binary.BigEndian.Uint64(head)), vals: make([]any, len(t.Columns))}
	for len(d.b) > 0 && !d.bad {
		name := d.bytes()
		v := d.value()
		if c := t.cols[string(name)]; c != nil {
			r.vals[c.ord] = v
		}
	}
	if d.bad {
		return nil, fmt.Errorf("%s %s: %w", t.Name, id, errBadRow)
	}
	return r, nil
}
