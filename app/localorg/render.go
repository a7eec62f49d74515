package localorg

import (
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	noteFormatted = "OData.Community.Display.V1.FormattedValue"
	noteLookup    = "Microsoft.Dynamics.CRM.lookuplogicalname"
	noteNav       = "Microsoft.Dynamics.CRM.associatednavigationproperty"
	noteTotal     = "Microsoft.Dynamics.CRM.totalrecordcount"
	noteLimit     = "Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"
)

// annotations is the value of odata.include-annotations: names with wildcards,
// those after a minus left out.
type annotations []string

func (a annotations) include(name string) bool {
	in := false
	for _, pattern := range a {
		drop := strings.HasPrefix(pattern, "-")
		if ok, _ := path.Match(strings.TrimPrefix(pattern, "-"), name); ok {
			in = !drop
		}
	}
	return in
}

// renderer writes rows as JSON.
type renderer struct {
	t     *tx
	notes annotations
	flags struct{ formatted, table, nav bool }
	base  string // of URLs, with a slash at the end
}

func (t *tx) renderer(base string, notes annotations) *renderer {
	r := &renderer{t: t, notes: notes, base: base}
	r.flags.formatted, r.flags.table, r.flags.nav = notes.include(noteFormatted), notes.include(noteLookup), notes.include(noteNav)
	return r
}

// row appends a row as an object. context, if not empty, goes first.
func (r *renderer) row(b []byte, tab *Table, row *row, q *query, context string) ([]byte, error) {
	b = append(b, '{')
	if context != "" {
		b = append(appendText(append(b, `"@odata.context":`...), context), ',')
	}
	b = append(b, `"@odata.etag":"W/\"`...)
	b = append(strconv.AppendInt(b, row.version, 10), `\""`...)
	cols := q.columns
	if cols == nil {
		for i := range tab.Columns {
			var err error
			if b, err = r.column(b, tab, row, &tab.Columns[i]); err != nil {
				return b, err
			}
		}
	} else {
		key := tab.cols[tab.Key]
		for _, c := range cols {
			var err error
			if b, err = r.column(b, tab, row, c); err != nil {
				return b, err
			}
		}
		if !slices.Contains(cols, key) {
			b, _ = r.column(b, tab, row, key)
		}
	}
	for i := range q.expand {
		var err error
		if b, err = r.expanded(b, tab, row, &q.expand[i]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func (r *renderer) column(b []byte, tab *Table, row *row, c *Column) ([]byte, error) {
	v := row.vals[c.ord]
	name := c.property()
	if v != nil && !r.t.mayRead(tab, c) {
		v = nil
	}
	if v != nil && (r.flags.formatted || r.flags.table || r.flags.nav) {
		b = r.annotate(b, name, c, v)
	}
	b = append(b, ',', '"')
	b = append(append(b, name...), '"', ':')
	if _, ok := v.(blobSize); ok {
		of := tab.Name
		if tab.union != nil {
			of = r.t.findActivity(row.id)
		}
		s, err := r.t.blob(blobKey{of, row.id, c.Name})
		if err != nil {
			return b, err
		}
		return appendText(b, s), nil
	}
	return appendValue(b, v), nil
}

func (r *renderer) annotate(b []byte, name string, c *Column, v any) []byte {
	add := func(note, value string) {
		b = append(append(append(b, ',', '"'), name...), '@')
		b = append(append(b, note...), '"', ':')
		b = appendText(b, value)
	}
	if s, ok := r.formatted(c, v); ok && r.flags.formatted {
		add(noteFormatted, s)
	}
	if to, ok := v.(ref); ok {
		if r.flags.nav {
			add(noteNav, c.navigation(to.table))
		}
		if r.flags.table {
			add(noteLookup, to.table)
		}
	}
	return b
}

// formatted is a value as people read it, in the vendor's default locale.
func (r *renderer) formatted(c *Column, v any) (string, bool) {
	switch v := v.(type) {
	case int64:
		if c.Kind == Choice {
			return c.label(v)
		}
		return thousands(v), c.Kind == Int || c.Kind == BigInt
	case bool:
		return c.label(int64(toInt(v)))
	case float64:
		return decimal(v), true
	case stamp:
		if c.Name == "actualstart" || c.Name == "actualend" {
			return v.time().Format("1/2/2006"), true
		}
		return v.time().Format("1/2/2006 3:04 PM"), true
	case ref:
		tab := r.t.o.schema.byName[v.table]
		if tab == nil || tab.NameColumn == "" {
			return "", false
		}
		s := r.t.row(v.table, v.id).text(tab.cols[tab.NameColumn])
		return s, s != ""
	}
	return "", false
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// decimal is a number with two places, its thousands set apart.
func decimal(v float64) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', 2, 64)
	whole, places, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return strconv.FormatFloat(v, 'f', 2, 64) // too large to be money
	}
	s = thousands(n) + "." + places
	if v < 0 {
		s = "-" + s
	}
	return s
}

func (r *renderer) expanded(b []byte, tab *Table, row *row, x *expand) ([]byte, error) {
	if err := r.t.allowed(x.tab, Read, nil); err != nil {
		return b, err
	}
	b = append(append(append(b, ',', '"'), x.name...), '"', ':')
	if !x.many {
		to := row.lookup(x.nav.col)
		target := r.t.row(to.table, to.id)
		if to.table != x.nav.target || target == nil || !r.t.visible(x.tab, target) {
			return append(b, "null"...), nil
		}
		return r.row(b, x.tab, target, &x.query, "")
	}
	e := &env{t: r.t}
	rows := slices.DeleteFunc(r.t.children(x.coll, x.tab.cols[x.coll.Column], row.id), func(c *rowAlias) bool {
		return !r.t.visible(x.tab, c) || x.query.hasIf && !x.query.filter.holds(e, c)
	})
	if len(x.query.order) > 0 {
		slices.SortStableFunc(rows, func(p, q *rowAlias) int {
			switch {
			case x.query.before(e, p, q):
				return -1
			case x.query.before(e, q, p):
				return 1
			}
			return 0
		})
	}
	if x.query.top >= 0 && len(rows) > x.query.top {
		rows = rows[:x.query.top]
	}
	b = append(b, '[')
	for i, c := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = r.row(b, x.tab, c, &x.query, ""); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// rowAlias names the type where a variable called row hides it.
type rowAlias = row
