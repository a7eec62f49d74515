package localorg

import (
	"slices"
	"strings"
)

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
	q, err := readFetch(text)
	if err != nil {
		return nil, err
	}
	tab := r.t.o.schema.byName["email"]
	if q.Entity.Name != "email" {
		return nil, badValue("BackgroundSendEmail does not support entities of type '%s'.", q.Entity.Name)
	}
	if err := r.t.allowed(tab, Write, nil); err != nil {
		return nil, err
	}
	c, err := r.t.compileFetch(q)
	if err != nil {
		return nil, err
	}
	emails, with := []any{}, []any{}
	for _, e := range r.t.waiting(c) {
		r.t.touch(tab, e, func(w *write) {
			w.put("statuscode", int64(emailSending))
			w.put("modifiedon", r.t.now)
			w.put("modifiedby", ref{"systemuser", r.t.user})
		})
		b, err := r.t.renderer(r.base, r.prefer.notes).row(nil, tab, r.t.row("email", e.id), &c.query, "")
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

// waiting are the caller's emails at Pending Send that the query asks for, in
// the order in which they came, if the caller's outgoing mail is a client's to send.
func (t *tx) waiting(c *compiledFetch) (out []*row) {
	if t.outgoingMethod(t.user) != 1 {
		return nil
	}
	for _, e := range c.rows(t) {
		if e.number(c.tab.status) == emailPending && e.lookup(c.tab.owner).id == t.user {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *row) int { return int(a.version - b.version) })
	return out
}
