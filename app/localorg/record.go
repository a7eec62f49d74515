package localorg

import (
	"net/http"
	"strconv"
	"strings"
)

// record answers operations on one row.
func (r *request) record(tab *Table, id string) (*answer, error) {
	switch r.method {
	case http.MethodGet:
		return r.retrieve(tab, id)
	case http.MethodPatch:
		return r.patch(tab, id)
	case http.MethodDelete:
		if tab.Fixed {
			return nil, unsupported("Delete", tab.Name)
		}
		row, err := r.existing(tab, id, Delete)
		if err != nil {
			return nil, err
		}
		if err := r.checkMatch(row); err != nil {
			return nil, err
		}
		if err := r.t.delete(tab, id); err != nil {
			return nil, err
		}
		return &answer{status: http.StatusNoContent}, nil
	}
	return nil, wrongVerb(r.method)
}

// existing returns the row if it is there and the caller has the privilege.
func (r *request) existing(tab *Table, id string, p Privilege) (*row, error) {
	if err := r.t.allowed(tab, p, nil); err != nil {
		return nil, err
	}
	var found *row
	if tab.union != nil {
		if name := r.t.findActivity(id); name != "" {
			real := r.t.o.schema.byName[name]
			under := r.t.row(name, id)
			if err := r.t.allowed(real, p, under); err != nil {
				return nil, err
			}
			found = r.t.unionRow(tab, real, under)
		}
	} else {
		found = r.t.row(tab.Name, id)
	}
	if found == nil {
		return nil, missing(tab.Name, id)
	}
	return found, r.t.allowed(tab, p, found)
}

func etag(row *row) string { return `W/"` + strconv.FormatInt(row.version, 10) + `"` }

// matches reports whether a list of ETags, or *, holds that of the row.
func matches(list string, row *row) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(row) {
			return true
		}
	}
	return false
}

func (r *request) checkMatch(row *row) error {
	if want := r.header.Get("If-Match"); want != "" && !matches(want, row) {
		return staleVersion()
	}
	return nil
}

func (r *request) url(to ref) string {
	return r.base + r.t.o.schema.byName[to.table].Set + "(" + to.id + ")"
}

func (r *request) create(tab *Table, id string) (*answer, error) {
	q, err := r.query(tab)
	if err != nil {
		return nil, err
	}
	if err := r.t.allowed(tab, Create, nil); err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	if id, err = r.t.create(tab, id, body); err != nil {
		return nil, err
	}
	made := ref{tab.Name, id}
	if r.prefer.represent {
		return r.show(http.StatusCreated, tab, made, &q)
	}
	a := &answer{status: http.StatusNoContent, made: made}
	return a.set("Location", r.url(made)).set("OData-EntityId", r.url(made)), nil
}

// patch is the upsert: it changes what is there and creates what is not, unless
// If-Match or If-None-Match say otherwise.
func (r *request) patch(tab *Table, id string) (*answer, error) {
	if tab.Sealed {
		return nil, unsupported("Update", tab.Name)
	}
	there := r.t.row(tab.Name, id)
	if there == nil {
		if r.header.Get("If-Match") != "" || tab.Fixed {
			return nil, missing(tab.Name, id)
		}
		return r.create(tab, id)
	}
	if strings.TrimSpace(r.header.Get("If-None-Match")) == "*" {
		return nil, duplicate()
	}
	if _, err := r.existing(tab, id, Write); err != nil {
		return nil, err
	}
	if err := r.checkMatch(there); err != nil {
		return nil, err
	}
	q, err := r.query(tab)
	if err != nil {
		return nil, err
	}
	body, err := r.object()
	if err != nil {
		return nil, err
	}
	if err := r.t.update(tab, id, body); err != nil {
		return nil, err
	}
	made := ref{tab.Name, id}
	if r.prefer.represent {
		q.expand = nil
		return r.show(http.StatusOK, tab, made, &q)
	}
	return (&answer{status: http.StatusNoContent, made: made}).set("OData-EntityId", r.url(made)), nil
}

// show answers with a row that was just written.
func (r *request) show(status int, tab *Table, made ref, q *query) (*answer, error) {
	written := r.t.row(tab.Name, made.id)
	b, err := r.t.renderer(r.base, r.prefer.notes).row(nil, tab, written, q, r.context(tab, q, "/$entity"))
	if err != nil {
		return nil, err
	}
	a := jsonAnswer(status, b)
	a.made = made
	return a.set("Location", r.url(made)).set("OData-EntityId", r.url(made)).set("ETag", etag(written)), nil
}

func (r *request) context(tab *Table, q *query, tail string) string {
	c := r.base + "$metadata#" + tab.Set
	if q.columns != nil {
		names := make([]string, len(q.columns))
		for i, col := range q.columns {
			names[i] = col.property()
		}
		c += "(" + strings.Join(names, ",") + ")"
	}
	return c + tail
}

func (r *request) query(tab *Table) (query, error) {
	opts, err := splitOptions(r.rawQuery)
	if err != nil {
		return query{}, err
	}
	return r.t.o.schema.parseQuery(tab, opts, 0)
}

// object reads the body, with $n in it replaced by the addresses that stand
// behind the Content-IDs.
func (r *request) object() (map[string]any, error) {
	if ct := r.header.Get("Content-Type"); !strings.HasPrefix(strings.TrimSpace(strings.ToLower(ct)), "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, codeUnspecified, "The content type '%s' is not supported.", ct)
	}
	body, err := decodeObject(r.body)
	if err != nil || r.refs == nil {
		return body, err
	}
	return body, r.replaceRefs(body)
}

func (r *request) replaceRefs(v any) error {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			s, isText := item.(string)
			if isText && strings.HasPrefix(s, "$") && (strings.HasSuffix(k, "@odata.bind") || k == "@odata.id") {
				to, ok := r.refs[s[1:]]
				if !ok {
					return noContentID(s[1:])
				}
				v[k] = r.url(to)
				continue
			}
			if err := r.replaceRefs(item); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := r.replaceRefs(item); err != nil {
				return err
			}
		}
	}
	return nil
}

// retrieve answers a GET of one row.
func (r *request) retrieve(tab *Table, id string) (*answer, error) {
	if tab.NoRetrieve {
		return nil, unsupported("Retrieve", tab.Name)
	}
	found, err := r.existing(tab, id, Read)
	if err != nil {
		return nil, err
	}
	q, err := r.query(tab)
	if err != nil {
		return nil, err
	}
	if q.hasIf || q.top >= 0 || q.order != nil || q.count {
		return nil, badQuery("The query parameters $filter, $orderby, $top and $count are not valid for a single record.")
	}
	if tag := r.header.Get("If-None-Match"); tag != "" && tag != "null" && q.expand == nil && r.prefer.notes == nil && matches(tag, found) {
		return (&answer{status: http.StatusNotModified}).set("ETag", etag(found)), nil
	}
	b, err := r.t.renderer(r.base, r.prefer.notes).row(nil, tab, found, &q, r.context(tab, &q, "/$entity"))
	if err != nil {
		return nil, err
	}
	return jsonAnswer(http.StatusOK, b).set("ETag", etag(found)), nil
}
