package dataverse

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// Search finds active records whose name or address contains every word of
// text. Kinds that the user may not read are passed over.
func (c *Client) Search(ctx context.Context, text string, kinds []offline.Kind, limit int) ([]offline.Record, error) {
	words := strings.Fields(text)
	if len(words) == 0 || limit <= 0 {
		return nil, nil
	}
	words = words[:min(len(words), 6)]
	if err := c.meet(ctx, kinds...); err != nil {
		return nil, err
	}
	var asked []table
	for _, k := range kinds {
		if t, ok := c.tableOf(k); ok {
			asked = append(asked, t)
		}
	}
	qs := make([]*question, len(asked))
	for i, t := range asked {
		qs[i] = &question{logical: t.logical, path: t.set, columns: c.columns(t), params: func() []param {
			return []param{
				{"$filter", t.contains(c.without(t.logical, t.searched()), words)},
				{"$orderby", t.name + " asc"}, {"$top", strconv.Itoa(limit)},
			}
		}}
	}
	if len(qs) == 0 {
		return nil, nil
	}
	if err := c.ask(ctx, "search", qs...); err != nil {
		return nil, err
	}
	var out []offline.Record
	for i, q := range qs {
		if q.err != nil && !q.denied {
			return nil, q.err
		}
		var pg page
		if q.err != nil || decode("search", q.body, &pg) != nil {
			continue
		}
		for _, r := range pg.Rows {
			if t := asked[i]; t.matches(r, words) {
				out = append(out, t.record(r))
			}
		}
	}
	best(out, strings.Join(words, " "), kinds)
	return out[:min(len(out), limit)], nil
}

func (t table) searched() []string {
	return slices.Concat([]string{t.name}, t.addrs, t.search)
}

// contains is the filter of a search. % and _ are wildcards in the platform's
// contains and [ begins a set; a wildcard more finds too much, which matches
// takes away again, but a set would find too little.
func (t table) contains(columns, words []string) string {
	var all []string
	switch t.state {
	case "isdisabled":
		all = append(all, "isdisabled eq false")
	case "statecode":
		all = append(all, "statecode eq 0")
	}
	for _, w := range words {
		var any []string
		for _, col := range columns {
			any = append(any, "contains("+col+","+quote(strings.ReplaceAll(w, "[", "_"))+")")
		}
		all = append(all, "("+strings.Join(any, " or ")+")")
	}
	return strings.Join(all, " and ")
}

func (t table) matches(r row, words []string) bool {
	for _, w := range words {
		if !strings.ContainsAny(w, "%_[") {
			continue // the server compared it, by its own idea of letters
		}
		if !slices.ContainsFunc(t.searched(), func(col string) bool {
			return strings.Contains(strings.ToLower(r.text(col)), strings.ToLower(w))
		}) {
			return false
		}
	}
	return true
}

// best sorts: the whole name or address first, then the beginning of one, then
// the beginning of a word in it; equal ones by the order of kinds and by name.
func best(recs []offline.Record, text string, kinds []offline.Kind) {
	text = strings.ToLower(text)
	rank := func(r offline.Record) int {
		n := 3
		for _, s := range append([]string{r.Name}, r.Addrs...) {
			s = strings.ToLower(s)
			switch {
			case s == text:
				return 0
			case strings.HasPrefix(s, text):
				n = min(n, 1)
			case strings.Contains(s, " "+text):
				n = min(n, 2)
			}
		}
		return n
	}
	slices.SortStableFunc(recs, func(a, b offline.Record) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)),
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
}
