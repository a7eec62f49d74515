package dataverse

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"postrider/offline"
)

// DefaultFilters are the templates of filters that the organization gives to new
// users (R-FILTER-08).
func (c *Client) DefaultFilters(ctx context.Context) ([]offline.SyncFilter, error) {
	const what = "ask for the organization's default filters"
	q := &question{logical: "savedquery", path: "savedqueries", columns: []string{"savedqueryid", "name", "returnedtypecode", "fetchxml", "statecode"}, params: func() []param {
		return []param{{"$filter", "querytype eq " + fmt.Sprint(queryOutlookTemplate) + " and isdefault eq true"}}
	}}
	if err := c.ask(ctx, what, q); err != nil {
		return nil, err
	}
	if q.err != nil {
		return nil, q.err
	}
	var out []offline.SyncFilter
	for _, r := range rowsOf(q) {
		if f := filterOf(r, "savedqueryid"); f.Kind != "" {
			f.ID, f.Active = "", true
			out = append(out, f)
		}
	}
	return out, nil
}

// ChangeFilter makes a change of the user's filters (R-FILTER-06). Done twice it
// comes to the same.
func (c *Client) ChangeFilter(ctx context.Context, ch offline.FilterChange) error {
	what := map[offline.FilterAction]string{offline.FilterSave: "save the filter", offline.FilterOn: "switch the filter on", offline.FilterOff: "switch the filter off",
		offline.FilterDelete: "delete the filter", offline.FilterReset: "bring back the default filters"}[ch.Do]
	f := ch.Filter
	if ch.Do == offline.FilterReset {
		me, err := c.self(ctx)
		if err != nil {
			return err
		}
		_, err = c.act(ctx, what, "systemusers("+me.ID+")/Microsoft.Dynamics.CRM.ResetUserFilters", map[string]any{"QueryType": queryOutlook})
		return err
	}
	t, ok := itemTable(f.Kind)
	if f.System || !ok || !wholeGUID.MatchString(f.ID) || what == "" {
		return &offline.Fault{Class: offline.FaultRejected, Op: what, Text: "this is none of the user's filters"}
	}
	o := op{method: http.MethodPatch, path: "userqueries(" + strings.ToLower(f.ID) + ")", header: [][2]string{{"If-Match", "*"}}}
	state := func(on bool) map[string]any {
		if on {
			return map[string]any{"statecode": 0, "statuscode": 1}
		}
		return map[string]any{"statecode": 1, "statuscode": 2}
	}
	switch ch.Do {
	case offline.FilterSave:
		o.body = marshal(map[string]any{"name": f.Name, "fetchxml": f.Query})
	case offline.FilterDelete:
		o.method, o.header = http.MethodDelete, nil
	default:
		o.body = marshal(state(ch.Do == offline.FilterOn))
	}
	r, err := c.one(ctx, what, o)
	if err != nil {
		return err
	}
	if r.status == http.StatusNotFound && ch.Do == offline.FilterSave { // it is new
		o.header = [][2]string{{"If-None-Match", "*"}}
		o.body = marshal(map[string]any{"name": f.Name, "fetchxml": f.Query, "querytype": queryOutlook, "returnedtypecode": t.logical})
		if r, err = c.one(ctx, what, o); err != nil {
			return err
		}
	}
	if r.ok() || r.status == http.StatusNotFound && ch.Do == offline.FilterDelete {
		return nil
	}
	return c.fault(what, r)
}

// one carries out one operation.
func (c *Client) one(ctx context.Context, what string, o op) (reply, error) {
	got, err := c.batch(ctx, what, []part{{ops: []op{o}}})
	if err != nil {
		return reply{}, err
	}
	return got[0][0], nil
}
