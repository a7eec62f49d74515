package localorg

import (
	"net/http"
	"slices"
	"strings"
)

// request is one operation on the Web API: a request of its own, or one within
// a batch.
type request struct {
	t        *tx
	method   string
	path     string // escaped, after the version
	rawQuery string
	header   http.Header
	body     []byte
	base     string         // URL of the API with a slash at the end
	refs     map[string]ref // Content-IDs so far; nil outside batches
	prefer   preferences
}

// run carries out one operation. Every error is a refusal or a fault of ours.
func (r *request) run() (*answer, error) {
	r.t.o.recorder.operation(r.method)
	var err error
	if r.prefer, err = parsePrefer(r.header); err != nil {
		return nil, err
	}
	segs, err := splitPath(r.path)
	if err != nil {
		return nil, err
	}
	if len(segs) == 0 {
		return r.serviceDocument()
	}
	if id, ok := strings.CutPrefix(segs[0].name, "$"); ok && r.refs != nil && !segs[0].keyed && id != "" && id[0] <= '9' {
		to, known := r.refs[id]
		if !known {
			return nil, noContentID(id)
		}
		segs[0] = segment{r.t.o.schema.byName[to.table].Set, to.id, true}
	}
	head := segs[0]
	if f, ok := functions[head.name]; ok {
		return r.function(f, head)
	}
	switch head.name {
	case "EntityDefinitions":
		return r.metadata(segs)
	case "$metadata":
		return nil, notImplemented("$metadata")
	}
	tab := r.t.o.schema.bySet[head.name]
	if tab == nil {
		return nil, noSegment(head.name)
	}
	if !head.keyed {
		return r.set(tab, segs[1:])
	}
	id, err := tab.parseKey(head.key)
	if err != nil {
		return nil, err
	}
	if len(segs) > 1 {
		return r.within(tab, id, segs[1:])
	}
	return r.record(tab, id)
}

func noContentID(id string) error {
	return badQuery("Content-ID Reference: '$%s' does not exist in the batch context.", id)
}

// finish adds what was heeded of the preferences to a successful answer.
func (r *request) finish(a *answer) *answer {
	if len(r.prefer.applied) > 0 {
		a.set("Preference-Applied", strings.Join(r.prefer.applied, ","))
	}
	return a.set("OData-Version", "4.0")
}

func (r *request) serviceDocument() (*answer, error) {
	if r.method != http.MethodGet {
		return nil, wrongVerb(r.method)
	}
	b := appendText([]byte(`{"@odata.context":`), r.base+"$metadata")
	b = append(b, `,"value":[`...)
	for i, name := range r.t.o.schema.names {
		if i > 0 {
			b = append(b, ',')
		}
		set := r.t.o.schema.byName[name].Set
		b = appendText(append(b, `{"name":`...), set)
		b = appendText(append(b, `,"kind":"EntitySet","url":`...), set)
		b = append(b, '}')
	}
	return jsonAnswer(200, append(b, "]}"...)), nil
}

// set answers operations on a whole set.
func (r *request) set(tab *Table, rest []segment) (*answer, error) {
	if len(rest) == 1 && rest[0].name == "$count" && r.method == http.MethodGet {
		return r.countRows(tab)
	}
	if len(rest) > 0 {
		if tab.Name == "recurringappointmentmaster" && rest[0].name == "Microsoft.Dynamics.CRM.CreateException" {
			return r.createException()
		}
		if strings.HasPrefix(rest[0].name, "Microsoft.Dynamics.CRM.") {
			return nil, notImplemented(strings.TrimPrefix(rest[0].name, "Microsoft.Dynamics.CRM."))
		}
		return nil, noSegment(rest[0].name)
	}
	switch r.method {
	case http.MethodGet:
		return r.list(tab)
	case http.MethodPost:
		if tab.Fixed {
			return nil, unsupported("Create", tab.Name)
		}
		return r.create(tab, "")
	}
	return nil, wrongVerb(r.method)
}

// isWrite reports whether a method changes anything.
func isWrite(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}
