package localorg

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

const (
	maxPage  = 5000 // rows in one answer, and the most that $count says
	maxDepth = 3    // of $expand within $expand
)

// query is what the options of a URL ask for.
type query struct {
	columns []*Column // nil: all
	filter  condition
	hasIf   bool
	order   []orderBy
	top     int // -1: all
	count   bool
	expand  []expand
	skip    string
	delta   string
	hasDlt  bool
	raw     []option // as given, to build links from
}

type orderBy struct {
	operand
	down bool
}

type expand struct {
	name  string
	nav   nav
	coll  Collection
	many  bool
	tab   *Table
	query query
}

type option struct{ name, value string }

// splitOptions reads the query part of a URL. Unlike net/url it keeps the
// order, and a semicolon is a character like any other.
func splitOptions(raw string) ([]option, error) {
	var out []option
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(k)
		if err == nil {
			v, err = url.QueryUnescape(v)
		}
		if err != nil {
			return nil, badQuery("The query can't be read: %v", err)
		}
		out = append(out, option{name, v})
	}
	return out, nil
}

func aliases(opts []option) map[string]string {
	out := map[string]string{}
	for _, o := range opts {
		if strings.HasPrefix(o.name, "@") {
			out[o.name] = o.value
		}
	}
	return out
}

// parseQuery reads the options of a request on table tab.
func (s *schema) parseQuery(tab *Table, opts []option, depth int) (query, error) {
	q := query{top: -1, raw: opts}
	params := aliases(opts)
	for _, o := range opts {
		if strings.HasPrefix(o.name, "@") {
			continue
		}
		if err := s.parseOption(&q, tab, o, params, depth); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (s *schema) parseOption(q *query, tab *Table, o option, params map[string]string, depth int) (err error) {
	switch o.name {
	case "$select":
		q.columns, err = tab.selection(o.value)
	case "$filter":
		q.hasIf = true
		q.filter, err = parseFilter(o.value, tableScope{s, tab}, params)
	case "$orderby":
		q.order, err = s.parseOrder(tab, o.value)
	case "$top":
		if q.top, err = strconv.Atoi(o.value); err != nil || q.top < 0 {
			err = badQuery("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", o.value)
		}
	case "$count":
		if o.value != "true" && o.value != "false" {
			err = badQuery("Invalid value '%s' for $count query option found.", o.value)
		}
		q.count = o.value == "true"
	case "$expand":
		q.expand, err = s.parseExpand(tab, o.value, depth)
	case "$skiptoken":
		q.skip = o.value
	case "$deltatoken":
		q.delta, q.hasDlt = o.value, true
	case "$format":
	case "$skip":
		err = badQuery("Skip Clause is not supported in CRM")
	case "fetchXml", "savedQuery", "userQuery":
		err = badQuery("The query option %s is for whole sets only.", o.name)
	case "$apply", "$search":
		err = notImplemented("The query option " + o.name)
	default:
		err = badQuery("The query parameter %s is not supported", o.name)
	}
	return err
}

func (t *Table) selection(list string) ([]*Column, error) {
	if strings.TrimSpace(list) == "*" {
		return nil, nil
	}
	cols := []*Column{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		c := t.props[name]
		if c == nil && t.cols[name] != nil { // a lookup by its own name: what the service does too
			c = t.cols[name]
		}
		if c == nil {
			return nil, noSuchProperty(t, name)
		}
		if !slices.Contains(cols, c) {
			cols = append(cols, c)
		}
	}
	return cols, nil
}

func (s *schema) parseOrder(tab *Table, list string) ([]orderBy, error) {
	var out []orderBy
	for item := range strings.SplitSeq(list, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, badQuery("The $orderby expression '%s' is not valid.", item)
		}
		op, err := tableScope{s, tab}.path(words[0])
		if err != nil {
			return nil, err
		}
		out = append(out, orderBy{op, len(words) == 2 && words[1] == "desc"})
	}
	return out, nil
}

func (s *schema) parseExpand(tab *Table, list string, depth int) ([]expand, error) {
	if depth >= maxDepth {
		return nil, badQuery("The $expand is nested too deeply.")
	}
	var out []expand
	for _, item := range splitOutside(list, ',') {
		item = strings.TrimSpace(item)
		name, inner, has := strings.Cut(item, "(")
		x := expand{name: strings.TrimSpace(name)}
		if has {
			body, ok := strings.CutSuffix(inner, ")")
			if !ok {
				return nil, badQuery("The $expand expression '%s' is not valid.", item)
			}
			inner = body
		}
		if err := s.expandTarget(&x, tab); err != nil {
			return nil, err
		}
		var opts []option
		for _, part := range splitOutside(inner, ';') {
			if k, v, ok := strings.Cut(part, "="); ok {
				opts = append(opts, option{strings.TrimSpace(k), v})
			} else if strings.TrimSpace(part) != "" {
				return nil, badQuery("The $expand expression '%s' is not valid.", item)
			}
		}
		var err error
		if x.query, err = s.parseQuery(x.tab, opts, depth+1); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (s *schema) expandTarget(x *expand, tab *Table) error {
	if coll, ok := tab.colls[x.name]; ok {
		x.coll, x.many, x.tab = coll, true, s.byName[coll.Table]
		return nil
	}
	n, ok := tab.navs[x.name]
	if !ok {
		return noSuchProperty(tab, x.name)
	}
	if n.target == "" { // an owner: what both kinds have in common is told of users only
		n.target = n.col.Targets[0]
	}
	x.nav, x.tab = n, s.byName[n.target]
	return nil
}

// splitOutside cuts at sep, but not within parentheses or quotes.
func splitOutside(s string, sep byte) []string {
	var out []string
	depth, from, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// find returns the visible rows of a table that the query's filter accepts, by
// id unless an order is asked for.
func (t *tx) find(tab *Table, q *query) []*row {
	e := &env{t: t}
	var out []*row
	consider := func(r *row) {
		if r != nil && t.visible(tab, r) && (!q.hasIf || q.filter.holds(e, r)) {
			out = append(out, r)
		}
	}
	if tab.union != nil {
		for _, name := range tab.union {
			d := t.table(name)
			if t.allowed(d.def, Read, nil) != nil {
				continue
			}
			for _, id := range d.ids() {
				if t.visible(d.def, d.rows[id]) {
					consider(t.unionRow(tab, d.def, d.rows[id]))
				}
			}
		}
		sort.Slice(out, func(i, j int) bool { return out[i].id < out[j].id })
	} else {
		d := t.table(tab.Name)
		ids, narrowed := []string(nil), false
		if q.hasIf && q.filter.plan != nil {
			if ids, narrowed = q.filter.plan(d); narrowed {
				ids = slices.Clone(ids)
				slices.Sort(ids)
				ids = slices.Compact(ids)
			}
		}
		if !narrowed {
			ids = d.ids()
		}
		for _, id := range ids {
			consider(d.rows[id])
		}
	}
	if len(q.order) > 0 {
		sort.SliceStable(out, func(i, j int) bool { return q.before(e, out[i], out[j]) })
	}
	return out
}

// before orders rows as $orderby asks, and by id where that leaves them equal.
// Null comes first, choices are ordered by their labels.
func (q *query) before(e *env, a, b *row) bool {
	for _, o := range q.order {
		va, vb := o.key(e, a), o.key(e, b)
		n := 0
		switch {
		case va == nil && vb != nil:
			n = -1
		case va != nil && vb == nil:
			n = 1
		case va != nil:
			n, _ = order(va, vb)
		}
		if n != 0 {
			return (n < 0) != o.down
		}
	}
	return a.id < b.id
}

func (o orderBy) key(e *env, r *row) any {
	v := o.get(e, r)
	if n, ok := v.(int64); ok && o.col != nil && o.col.Kind == Choice {
		if label, ok := o.col.label(n); ok {
			return label
		}
	}
	return v
}
