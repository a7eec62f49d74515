package localorg

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// decodeObject reads a JSON object, with numbers as they were written.
func decodeObject(text []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var body map[string]any
	if err := dec.Decode(&body); err != nil {
		return nil, badPayload("Error identified in Payload provided by the user ----> InnerException : Microsoft.OData.ODataException: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, badPayload("Error identified in Payload provided by the user ----> InnerException : Microsoft.OData.ODataException: more than one value")
	}
	if body == nil {
		return nil, badPayload("A valid object was expected in the request body.")
	}
	return body, nil
}

// read applies a payload to w: columns, binds, parties, rows within.
func (t *tx) read(w *write, body map[string]any) error {
	for name, v := range body {
		var err error
		if prop, ok := strings.CutSuffix(name, "@odata.bind"); ok {
			err = t.readBind(w, prop, v)
		} else if strings.Contains(name, "@") {
			continue // annotations say nothing to the service
		} else {
			err = t.readProperty(w, name, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) readProperty(w *write, name string, v any) error {
	if coll, ok := w.tab.colls[name]; ok {
		return t.readCollection(w, coll, v)
	}
	c := w.tab.cols[name]
	if n, ok := w.tab.navs[name]; ok && (c == nil || c.Kind == Lookup) {
		if v != nil {
			return badPayload("The navigation property '%s' of type '%s' can't be written as a value here; use '%s@odata.bind'.", name, w.tab.typeName(), name)
		}
		return t.assign(w, n.col, nil)
	}
	if c == nil && w.tab.props[name] != nil {
		return badPayload("CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.")
	}
	if c == nil || c.Kind == Lookup {
		return badPayload("Invalid property '%s' was found in entity '%s'. ---> Microsoft.OData.ODataException: The property '%s' does not exist on type '%s'. Make sure to only use property names that are defined by the type.",
			name, w.tab.typeName(), name, w.tab.typeName())
	}
	val, err := parseValue(w.tab, c, v)
	if err != nil {
		return err
	}
	return t.assign(w, c, val)
}

// assign sets a column, if it is one that this caller may set in this write;
// others are passed over in silence, as the service does.
func (t *tx) assign(w *write, c *Column, v any) error {
	ignored := c.ReadOnly || c.CreateOnly && w.old != nil || c == w.tab.state && w.old == nil
	if ignored && !t.seed || c.Name == w.tab.Key && w.id != "" {
		return nil
	}
	if err := t.mayFill(w, c); err != nil {
		return err
	}
	if l, ok := v.(ref); ok && !t.seed {
		if err := t.mayAppend(w.tab, l); err != nil {
			return err
		}
	}
	if v == nil && !t.seed && (c == w.tab.owner || c.Required || c == w.tab.state || c == w.tab.status) {
		return badValue("'%s' of %s can't be null.", c.Name, w.tab.Name)
	}
	w.set[c.Name] = true
	if s, ok := v.(string); ok && c.Blob {
		if w.blobs == nil {
			w.blobs = map[*Column]string{}
		}
		w.blobs[c] = s
		v = blobSize(len(s))
	} else if c.Blob {
		delete(w.blobs, c)
	}
	w.row.vals[c.ord] = v
	return nil
}

func (t *tx) readBind(w *write, prop string, v any) error {
	n, ok := w.tab.navs[prop]
	if !ok {
		return badPayload("An undeclared property '%s' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values.", prop)
	}
	if v == nil {
		return t.assign(w, n.col, nil)
	}
	s, ok := v.(string)
	if !ok {
		return badPayload("The value of '%s@odata.bind' must be the address of a record.", prop)
	}
	target, err := t.resolve(s)
	if err != nil {
		return err
	}
	if err := n.accepts(prop, &target, t); err != nil {
		return err
	}
	return t.assign(w, n.col, target)
}

// accepts checks that a record is of the table that the navigation property
// leads to. Activities named as activitypointers become what they really are.
func (n nav) accepts(prop string, target *ref, t *tx) error {
	want := n.target
	if target.table == "activitypointer" {
		real := t.findActivity(target.id)
		if real == "" {
			return missing("activitypointer", target.id)
		}
		target.table = real
	}
	if union := t.o.schema.byName[want]; union != nil && slices.Contains(union.union, target.table) {
		want = "" // an email is an activitypointer too
	}
	for _, ok := range n.col.Targets {
		if target.table == ok && (want == "" || want == ok) {
			return nil
		}
	}
	return badPayload("The navigation property '%s' does not lead to records of type '%s'.", prop, target.table)
}

// resolve reads the address of a record: "accounts(id)", "/accounts(id)", or
// with the service's own prefix. The record must be there.
func (t *tx) resolve(s string) (ref, error) {
	if i := strings.Index(s, "/api/data/v9."); i >= 0 {
		s = s[i+len("/api/data/v9."):]
		_, s, _ = strings.Cut(s, "/")
	}
	set, key, ok := strings.Cut(strings.TrimPrefix(s, "/"), "(")
	key, closed := strings.CutSuffix(key, ")")
	tab := t.o.schema.bySet[set]
	switch {
	case !ok || !closed:
		return ref{}, badPayload("Invalid entity reference '%s'.", s)
	case tab == nil:
		return ref{}, noSegment(set)
	}
	id, err := tab.parseKey(key)
	if err != nil {
		return ref{}, err
	}
	if tab.union != nil {
		return ref{tab.Name, id}, nil
	}
	if t.row(tab.Name, id) == nil {
		return ref{}, missing(tab.Name, id)
	}
	return ref{tab.Name, id}, nil
}

// parseKey reads what stands between the parentheses after a set's name.
func (t *Table) parseKey(s string) (string, error) {
	if name, value, named := strings.Cut(s, "="); named {
		if name != t.Key || t.NamedKeyRefused {
			return "", badQuery("The key in the request URI is not valid for resource '%s'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource '%s'.", t.typeName(), t.typeName())
		}
		s = value
	}
	id, ok := parseGUID(s)
	if !ok {
		return "", badQuery("Bad Request - Error in query syntax.")
	}
	return id, nil
}

func (t *tx) readCollection(w *write, coll Collection, v any) error {
	list, ok := v.([]any)
	if !ok {
		return badPayload("The property '%s' of type '%s' must be a list.", coll.Name, w.tab.typeName())
	}
	isParties := coll.Table == "activityparty"
	if w.old != nil && !isParties {
		return badPayload("Deep update of '%s' is not supported.", coll.Name)
	}
	w.hasList = w.hasList || isParties
	for _, item := range list {
		body, ok := item.(map[string]any)
		if !ok {
			return badPayload("The property '%s' of type '%s' must hold objects.", coll.Name, w.tab.typeName())
		}
		if !isParties {
			w.nested = append(w.nested, nested{coll, body})
			continue
		}
		p, err := t.readParty(w.tab, body)
		if err != nil {
			return err
		}
		w.parties = append(w.parties, p)
	}
	return nil
}

// findActivity returns the table of the activity with that id, or "".
func (t *tx) findActivity(id string) string {
	for _, name := range t.o.schema.byName["activitypointer"].union {
		if t.row(name, id) != nil {
			return name
		}
	}
	return ""
}
