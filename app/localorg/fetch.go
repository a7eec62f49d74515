package localorg

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// fetchNode is an element of FetchXML.
type fetchNode struct {
	name  string
	attrs map[string]string
	kids  []fetchNode
	text  string
}

// fetchQuery is a query in FetchXML (vendor's reference: FetchXML).
type fetchQuery struct {
	Entity           fetchEntity
	distinct         bool
	top, count, page int // 0: not said
	cookie           string
	wantTotal        bool
}

// fetchEntity is the table of a query, or one that is linked to it.
type fetchEntity struct {
	Name     string
	columns  []string
	all      bool
	order    []fetchOrder
	filters  []fetchNode
	links    []fetchEntity
	from, to string // of a link: column of its own table, column of the one above
	outer    bool
	linkAny  bool
}

type fetchOrder struct {
	column string
	down   bool
}

// fetchAttrs are the attributes that are understood, by element. What is not
// among them changes what a query means, and is refused rather than guessed.
var fetchAttrs = map[string]string{
	"fetch":          "version output-format mapping distinct top count page paging-cookie returntotalrecordcount no-lock savedqueryid utc-offset latematerialize",
	"entity":         "name enableprefiltering prefilterparametername",
	"attribute":      "name",
	"all-attributes": "",
	"order":          "attribute descending",
	"filter":         "type isquickfindfields",
	"condition":      "attribute operator value uiname uitype uihidden",
	"value":          "uiname uitype",
	"link-entity":    "name from to alias link-type intersect visible",
}

// readFetch reads FetchXML as far as synchronization filters go.
func readFetch(text string) (*fetchQuery, error) {
	root, err := readNode(text)
	if err != nil {
		return nil, badValue("Invalid XML: %v", err)
	}
	if root.name != "fetch" {
		return nil, badValue("Invalid XML: the FetchXML does not begin with fetch.")
	}
	if err := root.check(); err != nil {
		return nil, err
	}
	q := &fetchQuery{distinct: isYes(root.attrs["distinct"]), cookie: root.attrs["paging-cookie"], wantTotal: isYes(root.attrs["returntotalrecordcount"])}
	for name, into := range map[string]*int{"top": &q.top, "count": &q.count, "page": &q.page} {
		if s := root.attrs[name]; s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 || n > maxPage && name != "page" {
				return nil, badValue("The value '%s' of '%s' in the FetchXML is not valid.", s, name)
			}
			*into = n
		}
	}
	if q.top > 0 && (q.count > 0 || q.page > 0) {
		return nil, badValue("The top attribute can't be specified with paging attribute page or count.")
	}
	if len(root.kids) != 1 || root.kids[0].name != "entity" {
		return nil, badValue("Invalid XML: the FetchXML must have exactly one entity.")
	}
	q.Entity, err = root.kids[0].entity()
	return q, err
}

// readNode reads a document. Doctypes are refused: there is nothing to be said in them.
func readNode(text string) (fetchNode, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	var stack []fetchNode
	for {
		tok, err := d.Token()
		if err != nil {
			if err == io.EOF {
				err = errors.New("the document has no end")
			}
			return fetchNode{}, err
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return fetchNode{}, errors.New("directives are not allowed")
		case xml.StartElement:
			n := fetchNode{name: tok.Name.Local, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			if stack = append(stack, n); len(stack) > maxNesting {
				return fetchNode{}, errors.New("it is nested too deeply")
			}
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(tok)
			}
		case xml.EndElement:
			done := stack[len(stack)-1]
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				return done, nil
			}
			up := &stack[len(stack)-1]
			up.kids = append(up.kids, done)
		}
	}
}

// check refuses what is not understood.
func (n fetchNode) check() error {
	known, ok := fetchAttrs[n.name]
	if !ok {
		return notImplemented("The FetchXML element " + n.name)
	}
	for name := range n.attrs {
		if !slices.Contains(strings.Fields(known), name) {
			return notImplemented("The FetchXML attribute " + name + " of " + n.name)
		}
	}
	if isYes(n.attrs["isquickfindfields"]) {
		return notImplemented("The FetchXML attribute isquickfindfields")
	}
	for _, kid := range n.kids {
		if err := kid.check(); err != nil {
			return err
		}
	}
	return nil
}

func isYes(s string) bool { return s == "true" || s == "1" }

// entity reads an entity or link-entity.
func (n fetchNode) entity() (e fetchEntity, err error) {
	e = fetchEntity{Name: n.attrs["name"], from: n.attrs["from"], to: n.attrs["to"]}
	if e.Name == "" {
		return e, badValue("Invalid XML: an entity of the FetchXML has no name.")
	}
	if n.name == "link-entity" {
		switch n.attrs["link-type"] {
		case "", "inner":
		case "outer":
			e.outer = true
		case "any", "exists", "in":
			e.linkAny = true
		default:
			return e, notImplemented("The FetchXML link-type " + n.attrs["link-type"])
		}
		if e.from == "" || e.to == "" {
			return e, notImplemented("A FetchXML link-entity without from and to")
		}
	}
	for _, kid := range n.kids {
		switch kid.name {
		case "attribute":
			e.columns = append(e.columns, kid.attrs["name"])
		case "all-attributes":
			e.all = true
		case "order":
			e.order = append(e.order, fetchOrder{kid.attrs["attribute"], isYes(kid.attrs["descending"])})
		case "filter":
			e.filters = append(e.filters, kid)
		case "link-entity":
			link, err := kid.entity()
			if err != nil {
				return e, err
			}
			if len(link.columns) > 0 || link.all || len(link.order) > 0 {
				return e, notImplemented("FetchXML with columns of a link-entity")
			}
			e.links = append(e.links, link)
		default:
			return e, badValue("Invalid XML: '%s' can't stand within '%s'.", kid.name, n.name)
		}
	}
	return e, nil
}

// compiledFetch is a query made ready to be asked.
type compiledFetch struct {
	tab   *Table
	query query
	links []compiledLink
	*fetchQuery
}

type compiledLink struct {
	tab      *Table
	from, to *Column
	outer    bool
	any      bool
	if_      condition
	links    []compiledLink
}

// maxLinks is how many tables the service joins in one query.
const maxLinks = 15

// compileFetch resolves the names in a query and makes its conditions.
func (t *tx) compileFetch(q *fetchQuery) (*compiledFetch, error) {
	c := &compiledFetch{fetchQuery: q, query: query{top: -1}}
	f := &fetchCompiler{t: t, count: &parser{}}
	var err error
	if c.tab, err = f.table(q.Entity.Name); err != nil {
		return nil, err
	}
	if !q.Entity.all {
		c.query.columns = []*Column{}
		for _, name := range q.Entity.columns {
			col, err := f.column(c.tab, name)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(c.query.columns, col) {
				c.query.columns = append(c.query.columns, col)
			}
		}
	}
	for _, o := range q.Entity.order {
		op, err := f.operand(c.tab, o.column)
		if err != nil {
			return nil, err
		}
		c.query.order = append(c.query.order, orderBy{op, o.down})
	}
	if c.query.filter, err = f.filters(c.tab, q.Entity.filters); err != nil {
		return nil, err
	}
	c.query.hasIf = true
	c.links, err = f.links(c.tab, q.Entity.links)
	return c, err
}

// fetchCompiler makes conditions; count keeps the limits of one query.
type fetchCompiler struct {
	t      *tx
	count  *parser
	linked int
}

func (f *fetchCompiler) table(name string) (*Table, error) {
	tab := f.t.o.schema.byName[name]
	if tab == nil {
		return nil, refuse(400, codeNoEntity, "The entity with a name = '%s' with namemapping = 'Logical' was not found in the MetadataCache.", name)
	}
	return tab, f.t.allowed(tab, Read, nil)
}

func (f *fetchCompiler) column(tab *Table, name string) (*Column, error) {
	c := tab.cols[name]
	if c == nil {
		return nil, refuse(400, codeNoAttribute, "'%s' entity doesn't contain attribute with Name = '%s' and NameMapping = 'Logical'.", tab.Name, name)
	}
	return c, nil
}

func (f *fetchCompiler) operand(tab *Table, name string) (operand, error) {
	c, err := f.column(tab, name)
	if err != nil {
		return operand{}, err
	}
	if err := f.t.mayAsk(tab, c); err != nil {
		return operand{}, err
	}
	return tableScope{f.t.o.schema, tab}.path(c.property())
}

func (f *fetchCompiler) links(above *Table, links []fetchEntity) (out []compiledLink, err error) {
	for _, l := range links {
		if f.linked++; f.linked > maxLinks {
			return nil, refuse(400, codeTooManyConditions, "Number of link entity: %d exceed limit %d", f.linked, maxLinks)
		}
		c := compiledLink{outer: l.outer, any: l.linkAny}
		if c.tab, err = f.table(l.Name); err != nil {
			return nil, err
		}
		if c.from, err = f.column(c.tab, l.from); err != nil {
			return nil, err
		}
		if c.to, err = f.column(above, l.to); err != nil {
			return nil, err
		}
		if c.if_, err = f.filters(c.tab, l.filters); err != nil {
			return nil, err
		}
		if c.links, err = f.links(c.tab, l.links); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// linked is how many rows come of r by its links: one for each combination of
// what it is joined with, as in any join.
func (t *tx) linked(e *env, r *row, links []compiledLink) int {
	n := 1
	for _, l := range links {
		found := 0
		for _, c := range t.joined(l, r) {
			if t.visible(l.tab, c) && l.if_.holds(e, c) {
				found += t.linked(e, c, l.links)
			}
		}
		switch {
		case l.any && found > 0, l.outer && found == 0:
			found = 1
		}
		if n *= found; n == 0 {
			return 0
		}
	}
	return n
}

// joined are the rows whose column equals that of r.
func (t *tx) joined(l compiledLink, r *row) []*row {
	v := r.get(l.to)
	if to, ok := v.(ref); ok {
		v = to.id
	}
	if v == nil || l.tab.union != nil {
		return nil
	}
	d := t.table(l.tab.Name)
	if l.from.Name == d.def.Key {
		if id, ok := v.(string); ok && d.rows[id] != nil {
			return []*row{d.rows[id]}
		}
		return nil
	}
	if l.from.Indexed {
		return d.find(l.from, v)
	}
	var out []*row
	for _, id := range d.ids() {
		if ordered(d.rows[id].get(l.from), "eq", v) {
			out = append(out, d.rows[id])
		}
	}
	return out
}
