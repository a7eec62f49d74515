package dataverse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// ownTables are the tables of the organization's own, as its metadata describes
// them.
type ownTables struct {
	tables []table         // by kind
	told   []offline.Table // the same, for people
	at     time.Time       // when they were asked for; zero: never
}

// ownEvery is how long the metadata of tables is believed.
const ownEvery = 24 * time.Hour

// tableOf is how a kind is kept: a standard one or a table of the
// organization's own, as far as those are known.
func (c *Client) tableOf(k offline.Kind) (t table, ok bool) {
	if t, ok = tableOf(k); ok {
		return t, true
	}
	c.under(func() {
		if i := slices.IndexFunc(c.own.tables, func(t table) bool { return t.kind == k }); i >= 0 {
			t, ok = c.own.tables[i], true
		}
	})
	return t, ok
}

// path is the address of a record relative to the API's root; "" where the
// kind is not known or the id is no GUID.
func (c *Client) path(r offline.Ref) string {
	if p := path(r); p != "" {
		return p
	}
	if t, ok := c.tableOf(r.Kind); ok && wholeGUID.MatchString(r.ID) {
		return t.set + "(" + strings.ToLower(r.ID) + ")"
	}
	return ""
}

// regardingNav is the navigation property that makes a record of kind k the
// regarding of an email; names are case-sensitive. "": can't be one.
func (c *Client) regardingNav(k offline.Kind) string {
	if t, ok := c.tableOf(k); ok {
		return t.regarding
	}
	if others[k] != "" {
		return "regardingobjectid_" + string(k) + "_email"
	}
	return ""
}

// takesRegarding reports whether an email can be about r: about nothing, too.
func (c *Client) takesRegarding(r offline.Ref) bool {
	return r.IsZero() || c.path(r) != "" && c.regardingNav(r.Kind) != ""
}

// noRegarding refuses an email about what none can be about.
func noRegarding(r offline.Ref) task {
	return unwritable(fmt.Sprintf("an email can't be about %s; choose another record", r))
}

// probe asks for as little of a record as there is.
func (c *Client) probe(r offline.Ref) string {
	id := string(r.Kind) + "id"
	if t, ok := c.tableOf(r.Kind); ok {
		id = t.id
	}
	return query(c.path(r), param{"$select", id})
}

// knows reports whether a kind can be spoken of without asking for metadata.
func knows(k offline.Kind) bool {
	_, ok := tableOf(k)
	return ok || k == "" || k == KindMailbox || others[k] != ""
}

// meet asks for the organization's own tables where one of kinds may be one of
// them and they were not asked for yet in this run.
func (c *Client) meet(ctx context.Context, kinds ...offline.Kind) error {
	asked := false
	c.under(func() { asked = !c.own.at.IsZero() })
	if asked || !slices.ContainsFunc(kinds, func(k offline.Kind) bool { return !knows(k) }) {
		return nil
	}
	q := definitions()
	if err := c.ask(ctx, opTables, q); err != nil {
		return err
	}
	return c.takeTables(ctx, q)
}

// kindsIn are the kinds that a write speaks of.
func kindsIn(w offline.Write) []offline.Kind {
	kinds := []offline.Kind{w.Change.Record.Kind, w.Change.Regarding.Kind, w.Change.Parent.Kind}
	if w.Email != nil {
		kinds = append(kinds, w.Email.Regarding.Kind)
		for _, p := range w.Email.Parties {
			for _, r := range p.Records {
				kinds = append(kinds, r.Kind)
			}
		}
	}
	return kinds
}
