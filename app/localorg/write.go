package localorg

import (
	"slices"
	"strings"
)

// write is a create or update under way.
type write struct {
	tab     *Table
	id      string
	old     *row // nil: create
	row     *row // the new state
	set     map[string]bool
	blobs   map[*Column]string
	parties []party // as given by the client
	hasList bool    // parties were given
	nested  []nested
	silent  bool // nothing is to be written after all
}

// nested is a row given within the payload of its parent (deep insert).
type nested struct {
	coll Collection
	body map[string]any
}

func (w *write) value(name string) any { return w.row.get(w.tab.cols[name]) }

// put sets a column on the platform's behalf.
func (w *write) put(name string, v any) {
	if c := w.tab.cols[name]; c != nil {
		w.row.vals[c.ord] = v
	}
}

func (w *write) text(name string) string { return w.row.text(w.tab.cols[name]) }

// create adds a row. id, if not empty, is the one in the URL.
func (t *tx) create(tab *Table, id string, body map[string]any) (string, error) {
	w := &write{tab: tab, id: id, set: map[string]bool{}, row: &row{vals: make([]any, len(tab.Columns))}}
	for i := range tab.Columns {
		w.row.vals[i] = widen(tab.Columns[i].Default)
	}
	if err := t.read(w, body); err != nil {
		return "", err
	}
	if w.id == "" {
		if given, ok := w.value(tab.Key).(string); ok {
			w.id = given
		} else {
			w.id = newID()
		}
	}
	d := t.table(tab.Name)
	if d.rows[w.id] != nil || tab.Activity != nil && t.findActivity(w.id) != "" {
		return "", duplicate()
	}
	w.row.id = w.id
	w.put(tab.Key, w.id)
	t.stampCreate(w)
	if tab.hooks.beforeCreate != nil {
		if err := tab.hooks.beforeCreate(t, w); err != nil {
			return "", err
		}
	}
	if err := t.checkComplete(w); err != nil {
		return "", err
	}
	t.store(d, w)
	if tab.hooks.afterCreate != nil {
		if err := tab.hooks.afterCreate(t, w); err != nil {
			return "", err
		}
	}
	return w.id, t.createNested(w)
}

func widen(v any) any {
	if n, ok := v.(int); ok {
		return int64(n)
	}
	return v
}

func (t *tx) createNested(w *write) error {
	for _, n := range w.nested {
		child := t.o.schema.byName[n.coll.Table]
		if err := t.allowed(child, Create, nil); err != nil {
			return err
		}
		n.body[child.cols[n.coll.Column].navigation(w.tab.Name)+"@odata.bind"] = w.tab.Set + "(" + w.id + ")"
		if _, err := t.create(child, "", n.body); err != nil {
			return err
		}
	}
	return nil
}

// update changes the row with that id.
func (t *tx) update(tab *Table, id string, body map[string]any) error {
	d := t.table(tab.Name)
	old := d.rows[id]
	if old == nil {
		return missing(tab.Name, id)
	}
	w := &write{tab: tab, id: id, old: old, row: old.clone(0), set: map[string]bool{}}
	if err := t.read(w, body); err != nil {
		return err
	}
	if err := t.checkState(w); err != nil {
		return err
	}
	if tab.hooks.beforeUpdate != nil {
		if err := tab.hooks.beforeUpdate(t, w); err != nil || w.silent {
			return err
		}
	}
	t.stampUpdate(w)
	t.store(d, w)
	if tab.hooks.afterUpdate != nil {
		return tab.hooks.afterUpdate(t, w)
	}
	return nil
}

// touch rewrites a row that the platform changes by itself.
func (t *tx) touch(tab *Table, r *row, change func(w *write)) {
	w := &write{tab: tab, id: r.id, old: r, row: r.clone(0)}
	change(w)
	t.store(t.table(tab.Name), w)
}

func (t *tx) store(d *data, w *write) {
	w.row.version = t.o.nextVersion()
	w.put("versionnumber", w.row.version)
	for c, s := range w.blobs {
		w.row.vals[c.ord] = blobSize(len(s))
		t.setBlob(blobKey{w.tab.Name, w.id, c.Name}, &s)
	}
	t.put(d, w.row)
}

func (t *tx) stampCreate(w *write) {
	s := w.tab.stamps
	set := func(c *Column, v any) {
		if c != nil && !(t.seed && w.set[c.Name]) {
			w.row.vals[c.ord] = v
		}
	}
	var by any
	if t.user != "" {
		by = ref{"systemuser", t.user}
	}
	set(s.createdOn, t.now)
	set(s.modifiedOn, t.now)
	set(s.createdBy, by)
	set(s.modifiedBy, by)
	if s.overridden != nil && !t.seed {
		// The service swaps them: the row looks as old as asked for, and keeps when it was really made.
		if past := w.row.get(s.overridden); past != nil {
			w.row.vals[s.createdOn.ord], w.row.vals[s.overridden.ord] = past, t.now
		}
	}
	if w.tab.owner != nil {
		if w.row.get(w.tab.owner) == nil {
			w.row.vals[w.tab.owner.ord] = by
		}
		t.stampOwner(w)
	}
}

func (t *tx) stampUpdate(w *write) {
	s := w.tab.stamps
	if s.modifiedOn == nil {
		return
	}
	if !(t.seed && w.set["modifiedon"]) {
		w.row.vals[s.modifiedOn.ord] = t.now
	}
	if t.user != "" {
		w.row.vals[s.modifiedBy.ord] = ref{"systemuser", t.user}
	}
	if w.tab.owner != nil && w.set["ownerid"] {
		t.stampOwner(w)
	}
}

// stampOwner fills the columns that follow from the owner.
func (t *tx) stampOwner(w *write) {
	s := w.tab.stamps
	w.row.vals[s.owningUser.ord] = nil
	if own := w.row.lookup(w.tab.owner); own.table == "systemuser" {
		w.row.vals[s.owningUser.ord] = own
	}
	if t.o.unit != "" {
		w.row.vals[s.owningUnit.ord] = ref{"businessunit", t.o.unit}
	}
}

// checkComplete checks what must hold of a new row as a whole.
func (t *tx) checkComplete(w *write) error {
	for i := range w.tab.Columns {
		if c := &w.tab.Columns[i]; c.Required && w.row.vals[i] == nil {
			return badValue("Required field '%s' is missing", c.Name)
		}
	}
	if w.tab.status == nil {
		return nil
	}
	state, status := w.row.number(w.tab.state), w.row.number(w.tab.status)
	if t.seed && w.set["statecode"] && !w.set["statuscode"] {
		status, _ = w.tab.defaultStatus(state)
		w.put("statuscode", status)
	}
	if of, ok := w.tab.stateOf(status); !ok || of != state {
		return badState(w, state, status)
	}
	return nil
}

func badState(w *write, state, status int64) error {
	label, _ := w.tab.state.label(state)
	return refuse(400, codeInvalidState, "%d is not a valid status code for state code %sState.%s on %s with Id %s.", status, strings.ToUpper(w.tab.Name[:1])+w.tab.Name[1:], label, w.tab.Name, w.id)
}

// checkState completes and checks the pair of statecode and statuscode.
func (t *tx) checkState(w *write) error {
	if w.tab.status == nil || !w.set["statecode"] && !w.set["statuscode"] {
		return nil
	}
	state := w.row.number(w.tab.state)
	if !w.set["statuscode"] {
		if state == w.old.number(w.tab.state) {
			return nil
		}
		status, _ := w.tab.defaultStatus(state)
		w.put("statuscode", status)
		return nil
	}
	status := w.row.number(w.tab.status)
	if of, ok := w.tab.stateOf(status); !ok || of != state {
		return badState(w, state, status)
	}
	return nil
}

// delete removes a row, what hangs on it, and every pointer to it.
func (t *tx) delete(tab *Table, id string) error {
	d := t.table(tab.Name)
	r := d.rows[id]
	if r == nil {
		return missing(tab.Name, id)
	}
	if tab.hooks.beforeDelete != nil {
		if err := tab.hooks.beforeDelete(t, tab, r); err != nil {
			return err
		}
	}
	t.remove(d, id)
	for i := range tab.Columns {
		if tab.Columns[i].Blob && r.vals[i] != nil {
			t.setBlob(blobKey{tab.Name, id, tab.Columns[i].Name}, nil)
		}
	}
	if err := t.release(ref{tab.Name, id}); err != nil {
		return err
	}
	if tab.hooks.afterDelete != nil {
		return tab.hooks.afterDelete(t, tab, r)
	}
	return nil
}

// release deletes or empties everything that points at a row that is gone.
func (t *tx) release(gone ref) error {
	for _, name := range t.o.schema.names {
		d := t.o.tables[name]
		if d.def.union != nil {
			continue
		}
		for _, c := range d.def.refsTo {
			if !slices.Contains(c.Targets, gone.table) {
				continue
			}
			for _, r := range d.pointing(c, gone) {
				if err := t.releaseOne(d, c, r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *tx) releaseOne(d *data, c *Column, r *row) error {
	if d.rows[r.id] == nil { // went with another one
		return nil
	}
	if c.Cascade {
		if d.def.Name == "activityparty" {
			t.remove(d, r.id)
			return nil
		}
		return t.delete(d.def, r.id)
	}
	t.touch(d.def, d.rows[r.id], func(w *write) {
		w.row.vals[c.ord] = nil
		if d.def.Name == "activityparty" {
			w.put("ispartydeleted", true)
		}
	})
	return nil
}

// pointing returns the rows whose lookup c points at target.
func (d *data) pointing(c *Column, target ref) []*row {
	if c.Indexed {
		return slices.DeleteFunc(d.find(c, target), func(r *row) bool { return r.lookup(c).table != target.table })
	}
	var out []*row
	for _, r := range d.rows {
		if r.get(c) == target {
			out = append(out, r)
		}
	}
	return out
}
