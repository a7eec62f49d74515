package localorg

import (
	"encoding/xml"
	"slices"
	"strings"
)

// fetch is as much of FetchXML as BackgroundSendEmail is asked with: columns of
// emails, and conditions that a column equals a value.
type fetch struct {
	Entity struct {
		Name       string `xml:"name,attr"`
		Attributes []struct {
			Name string `xml:"name,attr"`
		} `xml:"attribute"`
		All    *struct{} `xml:"all-attributes"`
		Filter struct {
			Conditions []struct {
				Attribute string   `xml:"attribute,attr"`
				Operator  string   `xml:"operator,attr"`
				Value     string   `xml:"value,attr"`
				Values    []string `xml:"value"`
			} `xml:"condition"`
		} `xml:"filter"`
	} `xml:"entity"`
}

// backgroundSendEmail hands the caller's emails that wait to be sent to the
// caller, who then has to send them: they are Sending from now on, so that no
// second client gets them. (That it does so is how the vendor's client worked;
// the reference is silent about it.)
func backgroundSendEmail(r *request, args map[string]any) (map[string]any, error) {
	given, _ := args["Query"].(map[string]any)
	if kind, _ := given["@odata.type"].(string); strings.TrimPrefix(kind, "#") != "Microsoft.Dynamics.CRM.FetchExpression" {
		return nil, notImplemented("BackgroundSendEmail with a query other than a FetchExpression")
	}
	text, _ := given["Query"].(string)
	var q fetch
	if err := xml.Unmarshal([]byte(text), &q); err != nil {
		return nil, badValue("The FetchXML can't be read: %v", err)
	}
	tab := r.t.o.schema.byName["email"]
	if q.Entity.Name != "email" {
		return nil, badValue("BackgroundSendEmail does not support entities of type '%s'.", q.Entity.Name)
	}
	if err := r.t.allowed(tab, Write, nil); err != nil {
		return nil, err
	}
	show := query{columns: []*Column{}}
	for _, a := range q.Entity.Attributes {
		c := tab.cols[a.Name]
		if c == nil {
			return nil, badQuery("'email' entity doesn't contain attribute with Name = '%s'.", a.Name)
		}
		show.columns = append(show.columns, c)
	}
	if q.Entity.All != nil {
		show.columns = nil
	}
	rows, err := r.t.waiting(tab, &q)
	if err != nil {
		return nil, err
	}
	emails, with := []any{}, []any{}
	for _, e := range rows {
		r.t.touch(tab, e, func(w *write) {
			w.put("statuscode", int64(emailSending))
			w.put("modifiedon", r.t.now)
			w.put("modifiedby", ref{"systemuser", r.t.user})
		})
		b, err := r.t.renderer(r.base, r.prefer.notes).row(nil, tab, r.t.row("email", e.id), &show, "")
		if err != nil {
			return nil, err
		}
		body, err := decodeObject(b)
		if err != nil {
			return nil, err
		}
		body["@odata.type"] = "#Microsoft.Dynamics.CRM.email"
		emails = append(emails, body)
		with = append(with, e.number(tab.cols["attachmentcount"]) > 0)
	}
	return map[string]any{"HasAttachments": with, "EntityCollection": emails}, nil
}

// waiting are the caller's emails at Pending Send that q asks for, if the
// caller's outgoing mail is a client's to send.
func (t *tx) waiting(tab *Table, q *fetch) ([]*row, error) {
	conds := q.Entity.Filter.Conditions
	for _, c := range conds {
		if tab.cols[c.Attribute] == nil || c.Operator != "eq" && c.Operator != "in" {
			return nil, notImplemented("The FetchXML condition " + c.Attribute + " " + c.Operator)
		}
	}
	if t.outgoingMethod(t.user) != 1 {
		return nil, nil
	}
	var out []*row
	for _, e := range t.table("email").rows {
		if e.number(tab.status) != emailPending || e.lookup(tab.owner).id != t.user {
			continue
		}
		fits := true
		for _, c := range conds {
			v := e.get(tab.cols[c.Attribute])
			if l, ok := v.(ref); ok {
				v = l.id
			}
			text := strings.Trim(string(appendValue(nil, v)), `"`)
			fits = fits && slices.ContainsFunc(append(c.Values, c.Value), func(w string) bool { return strings.EqualFold(strings.Trim(w, "{}"), text) })
		}
		if fits {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *row) int { return int(a.version - b.version) })
	return out, nil
}
