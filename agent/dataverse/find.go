package dataverse

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"postrider/offline"
)

// maxIdentity is the length of email.messageid.
const maxIdentity = 320

// EmailsByIdentity finds the email records made from any of these Message-IDs.
func (c *Client) EmailsByIdentity(ctx context.Context, identities []string) ([]offline.Record, error) {
	var ids []string
	for _, id := range identities {
		if len([]rune(id)) <= maxIdentity { // a longer one can't be in the column
			ids = append(ids, id)
		}
	}
	return c.emailsBy(ctx, "look for tracked messages", "messageid", ids)
}

// EmailsByToken finds the email records that bear any of these tracking tokens.
func (c *Client) EmailsByToken(ctx context.Context, tokens []string) ([]offline.Record, error) {
	return c.emailsBy(ctx, "look for tracking tokens", "trackingtoken", tokens)
}

func (c *Client) emailsBy(ctx context.Context, what, column string, values []string) ([]offline.Record, error) {
	t, _ := tableOf(offline.KindEmail)
	rows, err := c.rowsWith(ctx, what, t, c.columns, column, values, quote)
	if err != nil {
		return nil, err
	}
	return emailRecords(t, rows), nil
}

// emailRecords translates rows, each record once.
func emailRecords(t table, rows []row) (out []offline.Record) {
	seen := map[string]bool{}
	for _, r := range rows {
		if rec := t.record(r); rec.ID != "" && !seen[rec.ID] {
			seen[rec.ID] = true
			out = append(out, rec)
		}
	}
	return out
}

// rowsWith asks for the rows of t whose column holds one of values.
func (c *Client) rowsWith(ctx context.Context, what string, t table, columns func(table) []string, column string, values []string, literal func(string) string) ([]row, error) {
	var in, or []string // values with quotes or backslashes go the way that has no JSON in it
	values = slices.Clone(values)
	slices.Sort(values)
	noIn := false
	c.under(func() { noIn = c.noIn })
	for _, v := range slices.Compact(values) {
		switch {
		case v == "":
		case noIn || strings.ContainsAny(v, `"\'`) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }):
			or = append(or, v)
		default:
			in = append(in, v)
		}
	}
	var open []*search
	for _, run := range chunks(in, false) {
		open = append(open, &search{values: run})
	}
	for _, run := range chunks(or, true) {
		open = append(open, &search{values: run, or: true})
	}
	return c.searchAll(ctx, what, t, columns, column, literal, open)
}

// searchAll asks until every search has its last page.
func (c *Client) searchAll(ctx context.Context, what string, t table, columns func(table) []string, column string, literal func(string) string, open []*search) ([]row, error) {
	var rows []row
	for range maxRounds {
		if len(open) == 0 {
			return rows, nil
		}
		parts := make([]part, len(open))
		for i, s := range open {
			path := s.next
			if path == "" {
				path = query(t.set, append([]param{{"$select", strings.Join(columns(t), ",")},
					{"$filter", s.condition(column, literal)}}, s.params...)...)
			}
			parts[i] = get(path, [2]string{"Prefer", annotations})
		}
		got, err := c.batch(ctx, what, parts)
		if err != nil {
			return nil, err
		}
		var more []*search
		for i, s := range open {
			found, again, err := s.take(c, what, t, got[i][0])
			if err != nil {
				return nil, err
			}
			rows = append(rows, found...)
			more = append(more, again...)
		}
		open = more
	}
	return nil, protocol("the server's pages have no end")
}

// search is one run of values being looked for.
type search struct {
	values []string
	or     bool
	filter func(values []string) string // nil: the column is one of values
	params []param                      // beside select and filter
	next   string
}

func (s *search) condition(column string, literal func(string) string) string {
	if s.filter != nil {
		return s.filter(s.values)
	}
	return anyOf(column, s.values, s.or, literal)
}

// take reads one answer: rows, and what to ask next.
func (s *search) take(c *Client, what string, t table, r reply) ([]row, []*search, error) {
	if r.status != http.StatusOK {
		f := answerFault(what, r.status, r.header, r.body, c.cfg.Now())
		if col := unknownColumn(f); col != "" && c.forgo(t.logical, col) {
			return nil, []*search{s}, nil
		}
		if f.Class.Transient() || f.Class == offline.FaultDenied || f.Class == offline.FaultAuth || s.or || s.filter != nil {
			return nil, nil, f
		}
		c.under(func() { c.noIn = true })
		var again []*search
		for _, run := range chunks(s.values, true) {
			again = append(again, &search{values: run, or: true})
		}
		return nil, again, nil
	}
	var pg page
	if err := decode(what, r.body, &pg); err != nil {
		return nil, nil, err
	}
	if pg.Next == "" {
		return pg.Rows, nil, nil
	}
	next, err := c.relative(pg.Next)
	if err != nil {
		return nil, nil, err
	}
	following := *s
	following.next = next
	return pg.Rows, []*search{&following}, nil
}

// Exists tells which of these records are there. A listing shows only what the
// user may read, so what it lacks is asked for one by one: only a 404 means
// that a record is not there.
func (c *Client) Exists(ctx context.Context, refs []offline.Ref) (map[offline.Ref]bool, error) {
	const what = "ask which records exist"
	out := make(map[offline.Ref]bool, len(refs))
	byKind := map[offline.Kind][]string{}
	kinds := make([]offline.Kind, len(refs))
	for i, r := range refs {
		kinds[i] = r.Kind
	}
	if err := c.meet(ctx, kinds...); err != nil {
		return nil, err
	}
	for _, r := range refs {
		if c.path(r) == "" {
			return nil, &offline.Fault{Class: offline.FaultRejected, Op: what, Text: r.String() + " is not a record of Dataverse that Postrider knows"}
		}
		byKind[r.Kind] = append(byKind[r.Kind], strings.ToLower(r.ID))
	}
	found := map[string]bool{}
	for k := range byKind {
		t, known := c.tableOf(k)
		if !known || len(byKind[k]) < 4 {
			continue // asked one by one below
		}
		only := func(t table) []string { return []string{t.id} }
		rows, err := c.rowsWith(ctx, what, t, only, t.id, byKind[t.kind], func(s string) string { return s })
		if err != nil && offline.ClassOf(err) != offline.FaultDenied {
			return nil, err
		}
		for _, r := range rows {
			found[strings.ToLower(r.text(t.id))] = true
		}
	}
	var ask []offline.Ref
	var parts []part
	for _, r := range refs {
		if _, asked := out[r]; asked {
			continue
		}
		out[r] = true
		if !found[strings.ToLower(r.ID)] {
			ask = append(ask, r)
			parts = append(parts, get(c.probe(r)))
		}
	}
	for len(parts) > 0 {
		n := min(len(parts), maxOps)
		got, err := c.batch(ctx, what, parts[:n])
		if err != nil {
			return nil, err
		}
		for i, g := range got {
			switch f := answerFault(what, g[0].status, g[0].header, g[0].body, c.cfg.Now()); {
			case g[0].ok() || f.Class == offline.FaultDenied:
			case f.Class == offline.FaultNotFound:
				out[ask[i]] = false
			default:
				return nil, f
			}
		}
		parts, ask = parts[n:], ask[n:]
	}
	return out, nil
}
