package localorg

import "strings"

// tableScope resolves the names in a filter on a table.
type tableScope struct {
	schema *schema
	tab    *Table
}

func (s tableScope) path(p string) (operand, error) {
	head, rest, deeper := strings.Cut(p, "/")
	if deeper {
		n, ok := s.tab.navs[head]
		if !ok || n.target == "" {
			return operand{}, noSuchProperty(s.tab, head)
		}
		op, err := tableScope{s.schema, s.schema.byName[n.target]}.path(rest)
		if err != nil {
			return op, err
		}
		inner := op.get
		op.col = nil
		op.get = func(e *env, it any) any {
			to := it.(*row).lookup(n.col)
			if to.table != n.target {
				return nil
			}
			r := e.t.row(to.table, to.id)
			if r == nil {
				return nil
			}
			return inner(e, r)
		}
		return op, nil
	}
	c := s.tab.props[head]
	if c == nil {
		return operand{}, noSuchProperty(s.tab, head)
	}
	if c.Unfiltered {
		return operand{}, badQuery("The column '%s' of '%s' can't be used in a query condition.", c.Name, s.tab.Name)
	}
	return operand{typ: columnType(c), col: c, kind: c.Kind, get: func(_ *env, it any) any { return it.(*row).vals[c.ord] }}, nil
}

func columnType(c *Column) valueType {
	switch c.Kind {
	case Text, Memo:
		return typeText
	case Int, BigInt, Decimal, Choice:
		return typeNumber
	case Bool:
		return typeBool
	case GUID, Lookup:
		return typeGUID
	}
	return typeTime
}

func (s tableScope) each(p string) (scope, func(*env, any) []any, error) {
	coll, ok := s.tab.colls[p]
	if !ok {
		return nil, nil, noSuchProperty(s.tab, p)
	}
	child := s.schema.byName[coll.Table]
	c := child.cols[coll.Column]
	return tableScope{s.schema, child}, func(e *env, it any) []any {
		rows := e.t.children(coll, c, it.(*row).id)
		out := make([]any, len(rows))
		for i, r := range rows {
			out[i] = r
		}
		return out
	}, nil
}

// children returns the rows of a one-to-many property, oldest write first.
func (t *tx) children(coll Collection, c *Column, id string) []*row {
	tab := t.o.schema.byName[coll.Table]
	if tab.union == nil {
		d := t.table(coll.Table)
		if c.Indexed {
			return d.find(c, id)
		}
		var out []*row
		for _, r := range d.rows {
			if r.lookup(c).id == id {
				out = append(out, r)
			}
		}
		return out
	}
	var out []*row
	for _, name := range tab.union {
		d := t.table(name)
		for _, r := range d.find(d.def.cols[coll.Column], id) {
			out = append(out, t.unionRow(tab, d.def, r))
		}
	}
	return out
}

// unionRow shows a row of one table as a row of the union it belongs to.
func (t *tx) unionRow(union, tab *Table, r *row) *row {
	out := &row{id: r.id, version: r.version, vals: make([]any, len(union.Columns))}
	for i := range union.Columns {
		if c := tab.cols[union.Columns[i].Name]; c != nil {
			out.vals[i] = r.vals[c.ord]
		}
	}
	return out
}

// mapScope resolves names in filters on metadata, which has no types here.
type mapScope struct{}

func (mapScope) path(p string) (operand, error) {
	return operand{typ: typeAny, get: func(_ *env, it any) any {
		var v = it
		for name := range strings.SplitSeq(p, "/") {
			m, ok := v.(map[string]any)
			if !ok {
				return nil
			}
			v = m[name]
		}
		return v
	}}, nil
}

func (mapScope) each(p string) (scope, func(*env, any) []any, error) {
	return mapScope{}, func(_ *env, it any) []any {
		list, _ := it.(map[string]any)[p].([]any)
		return list
	}, nil
}
