package dataverse

import (
	"context"
	"html"
	"regexp"
	"slices"
	"strings"

	"postrider/offline"
)

var templateColumns = []string{"title", "templatetypecode", "ispersonal", "_ownerid_value"}

// Templates are the email templates that the user can use: the organization's
// and the user's own (R-EMAIL-32), by title.
func (c *Client) Templates(ctx context.Context) ([]offline.Template, error) {
	const what = "read the email templates"
	me, err := c.self(ctx)
	if err != nil {
		return nil, err
	}
	t := table{logical: "template", set: "templates", id: "templateid"}
	columns := func(t table) []string { return c.without(t.logical, templateColumns) }
	usable := func([]string) string { return "ispersonal eq false or _ownerid_value eq " + me.ID }
	rows, err := c.searchAll(ctx, what, t, columns, "", quote, []*search{{filter: usable, params: []param{{"$orderby", "title asc"}}}})
	if err != nil {
		return nil, err
	}
	var out []offline.Template
	for _, r := range rows {
		tpl := offline.Template{ID: strings.ToLower(r.text("templateid")), Title: strings.TrimSpace(r.text("title")), Personal: r.yes("ispersonal"),
			Kind: templateKind(r.text("templatetypecode"))}
		if wholeGUID.MatchString(tpl.ID) {
			out = append(out, tpl)
		}
	}
	slices.SortStableFunc(out, func(a, b offline.Template) int {
		return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
	})
	return out, nil
}

// templateKind is the kind of the records that a template is for. A global one
// is kept as one for users.
func templateKind(logical string) offline.Kind {
	if logical == "" || logical == "systemuser" || logical == "none" {
		return ""
	}
	return kindOf(logical)
}

// self is the user signed in.
func (c *Client) self(ctx context.Context) (me offline.Ref, err error) {
	if c.under(func() { me = c.user }); !me.IsZero() {
		return me, nil
	}
	u, err := c.Me(ctx)
	return offline.Ref{Kind: offline.KindUser, ID: u.ID}, err
}

// FillTemplate fills a template with the data of a record. With the zero Ref a
// global one is filled with the user's own data, which is all it has fields for.
func (c *Client) FillTemplate(ctx context.Context, id string, about offline.Ref) (offline.Filled, error) {
	const what = "fill the template"
	me, err := c.self(ctx)
	if err != nil {
		return offline.Filled{}, err
	}
	if !wholeGUID.MatchString(id) {
		return offline.Filled{}, &offline.Fault{Class: offline.FaultRejected, Op: what, Text: "this is no template of the CRM"}
	}
	of := about
	if of.IsZero() {
		of = me
	}
	logical := string(of.Kind)
	if t, ok := tableOf(of.Kind); ok {
		logical = t.logical
	}
	r, err := c.act(ctx, what, "InstantiateTemplate", map[string]any{"TemplateId": strings.ToLower(id), "ObjectType": logical, "ObjectId": of.ID})
	if err != nil {
		f := carryFault(what, err)
		if about.IsZero() && !f.Class.Transient() && f.Class != offline.FaultAuth {
			if plain, err := c.unfilled(ctx, what, id); err == nil {
				return plain, nil
			}
		}
		return offline.Filled{}, f
	}
	email := r
	if list, many := r["value"].([]any); many {
		email = nil
		if len(list) > 0 {
			first, _ := list[0].(map[string]any)
			email = first
		}
	}
	if email == nil {
		return offline.Filled{}, &offline.Fault{Class: offline.FaultProtocol, Op: what, Text: "the CRM filled nothing"}
	}
	return offline.Filled{Subject: strings.TrimSpace(email.text("subject")), HTML: email.text("description")}, nil
}

// dataField is a field in the text of a template as newer servers show it.
var dataField = regexp.MustCompile(`\{!([^;{}]*)(?:;([^{}]*))?\}`)

// unfilled reads a template without a record: what stands for empty fields
// stands for all of them.
func (c *Client) unfilled(ctx context.Context, what, id string) (offline.Filled, error) {
	q := &question{logical: "template", path: "templates(" + strings.ToLower(id) + ")", columns: []string{"subjectsafehtml", "safehtml"}}
	if err := c.ask(ctx, what, q); err != nil {
		return offline.Filled{}, err
	}
	if q.err != nil {
		return offline.Filled{}, q.err
	}
	if q.row.text("safehtml") == "" && q.row.text("subjectsafehtml") == "" {
		return offline.Filled{}, protocol("the CRM does not show the template's text")
	}
	fill := func(s string) string { return dataField.ReplaceAllString(s, "$2") }
	return offline.Filled{Subject: strings.TrimSpace(html.UnescapeString(fill(q.row.text("subjectsafehtml")))), HTML: fill(q.row.text("safehtml"))}, nil
}
