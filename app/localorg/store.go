package localorg

import (
	"slices"
	"sort"
	"sync/atomic"
)

// row is one record. It is never changed once stored; an update stores another.
type row struct {
	id      string
	version int64
	vals    []any // by Column.ord
}

func (r *row) get(c *Column) any {
	if c == nil || r == nil {
		return nil
	}
	return r.vals[c.ord]
}

func (r *row) text(c *Column) string    { s, _ := r.get(c).(string); return s }
func (r *row) number(c *Column) int64   { n, _ := r.get(c).(int64); return n }
func (r *row) truth(c *Column) bool     { b, _ := r.get(c).(bool); return b }
func (r *row) lookup(c *Column) ref     { l, _ := r.get(c).(ref); return l }
func (r *row) clone(version int64) *row { return &row{r.id, version, slices.Clone(r.vals)} }

// tombstone says that a row of a tracked table was deleted.
type tombstone struct {
	id      string
	version int64
	at      stamp
}

// data is the content of one table.
type data struct {
	def    *Table
	rows   map[string]*row
	index  map[*Column]map[any][]string // key: folded text, or the id a lookup points at
	tombs  []tombstone                  // by version
	sorted atomic.Pointer[[]string]     // ids in order; nil: to be made again
}

func newData(def *Table) *data {
	d := &data{def: def, rows: map[string]*row{}, index: map[*Column]map[any][]string{}}
	for _, c := range def.indexes {
		d.index[c] = map[any][]string{}
	}
	return d
}

func indexKey(v any) any {
	switch v := v.(type) {
	case string:
		return fold(v)
	case ref:
		return v.id
	case nil:
		return nil
	}
	return v
}

// set stores r in place of what has its id, or removes that if r is nil.
func (d *data) set(id string, r *row) {
	old := d.rows[id]
	for _, c := range d.def.indexes {
		was, is := indexKey(old.get(c)), indexKey(r.get(c))
		if was == is {
			continue
		}
		ix := d.index[c]
		if was != nil {
			ids := ix[was]
			if i := slices.Index(ids, id); i >= 0 {
				ids[i] = ids[len(ids)-1]
				ids = ids[:len(ids)-1]
			}
			if len(ids) == 0 {
				delete(ix, was)
			} else {
				ix[was] = ids
			}
		}
		if is != nil {
			ix[is] = append(ix[is], id)
		}
	}
	if r == nil {
		delete(d.rows, id)
		d.sorted.Store(nil)
		return
	}
	if old == nil {
		d.sorted.Store(nil)
	}
	d.rows[id] = r
}

// find returns the rows whose indexed column c has the value v, oldest write first.
func (d *data) find(c *Column, v any) []*row {
	ids := d.index[c][indexKey(v)]
	out := make([]*row, 0, len(ids))
	for _, id := range ids {
		out = append(out, d.rows[id])
	}
	sort.Slice(out, func(i, j int) bool { return out[i].version < out[j].version })
	return out
}

type rowKey struct{ table, id string }

type blobKey struct{ table, id, column string }

// tx is one unit of work: a request, or a whole batch. It holds the
// organization's lock from begin to commit or rollback.
type tx struct {
	o     *Org
	user  string // systemuserid of the caller
	seed  bool   // read-only columns may be written
	now   stamp
	undo  []undo
	dirty map[rowKey]bool
	tombs map[string]int // tables to which tombstones were added, with the length before
	blobs map[blobKey]*string
}

// undo takes back one step. Exactly one of its two parts is used.
type undo struct {
	data *data
	id   string
	old  *row
	tomb bool

	blob    blobKey
	oldBlob *string
	hadBlob bool
}

func (o *Org) begin(user string) *tx {
	return &tx{o: o, user: user, now: stamp(o.now().Unix()), dirty: map[rowKey]bool{}, tombs: map[string]int{}, blobs: map[blobKey]*string{}}
}

func (t *tx) table(name string) *data { return t.o.tables[name] }

func (t *tx) row(table, id string) *row {
	if d := t.o.tables[table]; d != nil {
		return d.rows[id]
	}
	return nil
}

func (t *tx) put(d *data, r *row) {
	t.undo = append(t.undo, undo{data: d, id: r.id, old: d.rows[r.id]})
	t.dirty[rowKey{d.def.Name, r.id}] = true
	d.set(r.id, r)
}

// remove deletes a row, leaving a tombstone where the table is tracked.
func (t *tx) remove(d *data, id string) {
	u := undo{data: d, id: id, old: d.rows[id]}
	t.dirty[rowKey{d.def.Name, id}] = true
	d.set(id, nil)
	if d.def.ChangeTracking {
		if _, seen := t.tombs[d.def.Name]; !seen {
			t.tombs[d.def.Name] = len(d.tombs)
		}
		d.tombs = append(d.tombs, tombstone{id, t.o.nextVersion(), t.now})
		u.tomb = true
	}
	t.undo = append(t.undo, u)
}

func (t *tx) setBlob(k blobKey, s *string) {
	old, had := t.blobs[k]
	t.undo = append(t.undo, undo{blob: k, oldBlob: old, hadBlob: had})
	t.blobs[k] = s
}

// blob reads a text that is kept outside its row.
func (t *tx) blob(k blobKey) (string, error) {
	if s, ok := t.blobs[k]; ok {
		if s == nil {
			return "", nil
		}
		return *s, nil
	}
	return t.o.readBlob(k)
}

// mark and rollbackTo bracket a part that may fail by itself.
func (t *tx) mark() int { return len(t.undo) }

func (t *tx) rollbackTo(mark int) {
	for i := len(t.undo) - 1; i >= mark; i-- {
		u := t.undo[i]
		if u.data == nil {
			if u.hadBlob {
				t.blobs[u.blob] = u.oldBlob
			} else {
				delete(t.blobs, u.blob)
			}
			continue
		}
		if u.tomb {
			u.data.tombs = u.data.tombs[:len(u.data.tombs)-1]
		}
		u.data.set(u.id, u.old)
	}
	t.undo = t.undo[:mark]
}

// commit makes everything durable. If that fails nothing has happened.
func (t *tx) commit() error {
	if len(t.undo) == 0 {
		return nil
	}
	if err := t.o.persist(t); err != nil {
		t.rollbackTo(0)
		return err
	}
	return nil
}

func (o *Org) nextVersion() int64 {
	o.version++
	return o.version
}

// ids returns the table's ids in order, as pages go through them.
func (d *data) ids() []string {
	if ids := d.sorted.Load(); ids != nil {
		return *ids
	}
	ids := make([]string, 0, len(d.rows))
	for id := range d.rows {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	d.sorted.Store(&ids)
	return ids
}
