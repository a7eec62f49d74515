package localorg

import (
	"net/http"
	"strings"
)

// within answers what lies below one row: a property, a navigation property,
// or an action bound to it.
func (r *request) within(tab *Table, id string, rest []segment) (*answer, error) {
	name := rest[0].name
	if action, ok := strings.CutPrefix(name, "Microsoft.Dynamics.CRM."); ok {
		if r.method == http.MethodGet {
			return r.boundFunction(tab, id, segment{action, rest[0].key, rest[0].keyed})
		}
		return r.boundAction(tab, id, action)
	}
	if c := tab.props[name]; c != nil && !rest[0].keyed {
		return r.property(tab, id, c, rest[1:])
	}
	if n, ok := tab.navs[name]; ok && !rest[0].keyed {
		return r.navigation(tab, id, n, rest[1:])
	}
	coll, ok := tab.colls[name]
	if !ok || rest[0].keyed {
		return nil, noSegment(name)
	}
	if len(rest) > 1 && !(len(rest) == 2 && rest[1].name == "$count") {
		return nil, notImplemented("The path " + r.path)
	}
	if r.method != http.MethodGet {
		return nil, wrongVerb(r.method)
	}
	if _, err := r.existing(tab, id, Read); err != nil {
		return nil, err
	}
	child := r.t.o.schema.byName[coll.Table]
	q, err := r.query(child)
	if err != nil {
		return nil, err
	}
	narrow := child.cols[coll.Column]
	inner := q.filter
	hadFilter := q.hasIf
	q.hasIf = true
	q.filter = condition{
		holds: func(e *env, it any) bool {
			return it.(*row).lookup(narrow).id == id && (!hadFilter || inner.holds(e, it))
		},
		plan: planFor(narrow, id),
	}
	if len(rest) == 2 {
		return r.countOf(child, &q)
	}
	return r.listOf(child, &q)
}

// property answers GET, PUT and DELETE of one column, and GET of its bare value.
func (r *request) property(tab *Table, id string, c *Column, rest []segment) (*answer, error) {
	bare := len(rest) == 1 && rest[0].name == "$value"
	if len(rest) > 0 && !bare {
		return nil, noSegment(rest[0].name)
	}
	switch {
	case r.method == http.MethodGet:
		return r.readProperty(tab, id, c, bare)
	case bare || r.method != http.MethodPut && r.method != http.MethodDelete:
		return nil, wrongVerb(r.method)
	case c.Kind == Lookup || tab.Sealed:
		return nil, unsupported("Update", tab.Name)
	}
	found, err := r.existing(tab, id, Write)
	if err != nil {
		return nil, err
	}
	if err := r.checkMatch(found); err != nil {
		return nil, err
	}
	body := map[string]any{c.Name: nil}
	if r.method == http.MethodPut {
		given, err := r.object()
		if err != nil {
			return nil, err
		}
		v, ok := given["value"]
		if !ok {
			return nil, badPayload("The value of '%s' is missing.", c.Name)
		}
		body[c.Name] = v
	}
	if err := r.t.update(tab, id, body); err != nil {
		return nil, err
	}
	return &answer{status: http.StatusNoContent, made: ref{tab.Name, id}}, nil
}

func (r *request) readProperty(tab *Table, id string, c *Column, bare bool) (*answer, error) {
	found, err := r.existing(tab, id, Read)
	if err != nil {
		return nil, err
	}
	v := found.get(c)
	if !r.t.mayRead(tab, c) {
		v = nil
	}
	if _, ok := v.(blobSize); ok {
		if v, err = r.t.blob(blobKey{tab.Name, id, c.Name}); err != nil {
			return nil, err
		}
	}
	if v == nil {
		return &answer{status: http.StatusNoContent}, nil
	}
	if bare {
		text, ok := v.(string)
		if !ok {
			text = string(appendValue(nil, v))
		}
		return (&answer{status: http.StatusOK, body: []byte(text)}).set("Content-Type", "text/plain"), nil
	}
	b := appendText([]byte(`{"@odata.context":`), r.base+"$metadata#"+tab.Set+"("+id+")/"+c.property())
	b = appendValue(append(b, `,"value":`...), v)
	return jsonAnswer(http.StatusOK, append(b, '}')), nil
}

// navigation answers for a single-valued navigation property: the row it leads
// to, and its $ref.
func (r *request) navigation(tab *Table, id string, n nav, rest []segment) (*answer, error) {
	asRef := len(rest) == 1 && rest[0].name == "$ref"
	if len(rest) > 0 && !asRef {
		return nil, notImplemented("The path " + r.path)
	}
	if r.method == http.MethodGet {
		found, err := r.existing(tab, id, Read)
		if err != nil {
			return nil, err
		}
		to := found.lookup(n.col)
		if to.id == "" || n.target != "" && to.table != n.target {
			return &answer{status: http.StatusNoContent}, nil
		}
		if !asRef {
			return r.retrieve(r.t.o.schema.byName[to.table], to.id)
		}
		b := appendText([]byte(`{"@odata.context":`), r.base+"$metadata#$ref")
		b = appendText(append(b, `,"@odata.id":`...), r.url(to))
		return jsonAnswer(http.StatusOK, append(b, '}')), nil
	}
	if !asRef || r.method != http.MethodPut && r.method != http.MethodDelete {
		return nil, wrongVerb(r.method)
	}
	if tab.Sealed {
		return nil, unsupported("Update", tab.Name)
	}
	found, err := r.existing(tab, id, Write)
	if err != nil {
		return nil, err
	}
	if err := r.checkMatch(found); err != nil {
		return nil, err
	}
	var to any
	if r.method == http.MethodPut {
		body, err := r.object()
		if err != nil {
			return nil, err
		}
		if to = body["@odata.id"]; to == nil {
			return nil, badPayload("The value of '@odata.id' is missing.")
		}
	}
	if err := r.t.update(tab, id, map[string]any{n.col.navigation(n.target) + "@odata.bind": to}); err != nil {
		return nil, err
	}
	return &answer{status: http.StatusNoContent, made: ref{tab.Name, id}}, nil
}
