package dataverse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// Lookup reads these records whole, as Pull would give them. Those that are
// gone or that the user may not see are left out.
func (c *Client) Lookup(ctx context.Context, refs []offline.Ref) ([]offline.Record, error) {
	const what = "read records"
	byKind := map[offline.Kind][]string{}
	var kinds []offline.Kind
	for _, r := range refs {
		if !wholeGUID.MatchString(r.ID) {
			continue
		}
		if byKind[r.Kind] == nil {
			kinds = append(kinds, r.Kind)
		}
		byKind[r.Kind] = append(byKind[r.Kind], strings.ToLower(r.ID))
	}
	if err := c.meet(ctx, kinds...); err != nil {
		return nil, err
	}
	var out []offline.Record
	for _, k := range kinds {
		t, ok := c.tableOf(k)
		if !ok {
			continue
		}
		rows, err := c.rowsWith(ctx, what, t, c.columns, t.id, byKind[k], func(s string) string { return s })
		if class := offline.ClassOf(err); class == offline.FaultDenied || class == offline.FaultNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if rec := c.recordOf(t, r); rec.ID != "" && !slices.ContainsFunc(out, func(o offline.Record) bool { return o.Ref == rec.Ref }) {
				out = append(out, rec)
			}
		}
	}
	return c.complete(ctx, what, out)
}

// List hands over the ids of all records of a kind that the user may see, in
// batches. It is for kinds that are pulled by modified-on, which does not tell
// of deletions: what a listing that came to its end lacks is gone.
func (c *Client) List(ctx context.Context, kind offline.Kind, each func([]offline.Ref) error) error {
	what := "list " + string(kind) + " records"
	if err := c.meet(ctx, kind); err != nil {
		return err
	}
	t, ok := c.tableOf(kind)
	if !ok {
		return &offline.Fault{Class: offline.FaultNotFound, Op: what, Text: "the CRM has no such table"}
	}
	next := query(t.set, param{"$select", t.id})
	for range maxRounds {
		got, err := c.batch(ctx, what, []part{get(next, [2]string{"Prefer", "odata.maxpagesize=" + strconv.Itoa(maxPage)})})
		if err != nil {
			return err
		}
		r := got[0][0]
		if !r.ok() {
			return c.fault(what, r)
		}
		var pg page
		if err := decode(what, r.body, &pg); err != nil {
			return err
		}
		refs := make([]offline.Ref, 0, len(pg.Rows))
		for _, row := range pg.Rows {
			if id := strings.ToLower(row.text(t.id)); id != "" {
				refs = append(refs, offline.Ref{Kind: kind, ID: id})
			}
		}
		if err := each(refs); err != nil || pg.Next == "" {
			return err
		}
		if next, err = c.relative(pg.Next); err != nil {
			return err
		}
	}
	return protocol("the server's pages have no end")
}

// maxPage is the most rows that the platform gives at a time.
const maxPage = 5000
