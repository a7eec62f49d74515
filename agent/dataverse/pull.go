package dataverse

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"postrider/offline"
)

const (
	// overlap is how far behind the newest modified-on the fallback asks again:
	// a row gets its time when its transaction begins and is seen when it ends.
	overlap = 2 * time.Minute
	// askAgain is how long a refused table is left alone.
	askAgain = 24 * time.Hour
	// maxRounds bounds the requests of one Pull: a server whose pages lead in a
	// circle is not followed for ever.
	maxRounds = 10000
)

// Pull brings what changed in each kind since its cursor. All kinds travel in
// one batch; kinds with more pages go on in the next one together. A kind that
// fails does not keep the others from being pulled; its error is returned at
// the end.
func (c *Client) Pull(ctx context.Context, cursors []offline.CRMCursor, emit func(offline.RecordDelta) error) error {
	var open []*pull
	kinds := make([]offline.Kind, len(cursors))
	for i, cur := range cursors {
		kinds[i] = cur.Kind
	}
	if err := c.meet(ctx, kinds...); err != nil {
		return err
	}
	for _, cur := range cursors {
		t, ok := c.tableOf(cur.Kind)
		if !ok && !knows(cur.Kind) {
			continue // a table of the organization's own that is no more
		}
		if !ok {
			return &offline.Fault{Class: offline.FaultRejected, Op: "pull", Text: fmt.Sprintf("the kind %q is not one that Dataverse keeps", cur.Kind)}
		}
		if cur.Denied && c.cfg.Now().Sub(cur.At) < askAgain {
			continue
		}
		cur.Denied = false
		open = append(open, &pull{c: c, t: t, cur: cur, begun: cur.Next != ""})
	}
	var failed error
	for range maxRounds {
		if len(open) == 0 {
			return failed
		}
		parts := make([]part, len(open))
		for i, p := range open {
			parts[i] = p.part()
		}
		got, err := c.batch(ctx, "pull", parts)
		if err != nil {
			return err
		}
		var more []*pull
		for i, p := range open {
			p.take(got[i][0])
			for _, d := range p.out {
				if d.Changed, err = c.complete(ctx, "pull "+string(d.Kind)+" records", d.Changed); err != nil {
					return err
				}
				if err := emit(d); err != nil {
					return err
				}
			}
			p.out = nil
			if p.err != nil && failed == nil {
				failed = p.err
			}
			if !p.done {
				more = append(more, p)
			}
		}
		open = more
	}
	return protocol("the server's pages have no end")
}

// pull is the pull of one kind under way.
type pull struct {
	c      *Client
	t      table
	cur    offline.CRMCursor
	begun  bool      // a batch of this listing has been emitted, in this Pull or one before
	newest time.Time // the newest modified-on seen
	tries  int       // questions put differently since the last good answer
	out    []offline.RecordDelta
	done   bool
	err    error
}

// timed reports whether the kind is asked by modified-on. Emails always are:
// the table is large, and change tracking can't be narrowed.
func (p *pull) timed() bool { return p.cur.NoDelta || p.t.kind == offline.KindEmail }

// part is the next question.
func (p *pull) part() part {
	prefer := fmt.Sprintf("odata.maxpagesize=%d,%s", p.c.cfg.PageSize, annotations)
	if !p.timed() {
		prefer = "odata.track-changes," + prefer
	}
	header := [2]string{"Prefer", prefer}
	switch {
	case p.cur.Next != "":
		return get(p.cur.Next, header)
	case p.timed():
		return get(p.sinceQuery(), header)
	case p.cur.Delta != "":
		return get(p.cur.Delta, header)
	}
	return get(query(p.t.set, param{"$select", strings.Join(p.c.columns(p.t), ",")}), header)
}

func (p *pull) sinceQuery() string {
	var filter []string
	if !p.cur.Since.IsZero() {
		filter = append(filter, "modifiedon ge "+p.cur.Since.Add(-overlap).UTC().Format("2006-01-02T15:04:05Z"))
	}
	if p.t.kind == offline.KindEmail {
		filter = append(filter, "messageid ne null")
	}
	return query(p.t.set, param{"$select", strings.Join(p.c.columns(p.t), ",")},
		param{"$filter", strings.Join(filter, " and ")}, param{"$orderby", "modifiedon asc," + p.t.id + " asc"})
}

// listing reports whether the answers to come are a full listing.
func (p *pull) listing() bool {
	if p.timed() {
		return p.t.kind != offline.KindEmail && p.cur.Since.IsZero()
	}
	return p.cur.Delta == ""
}

func (p *pull) take(r reply) {
	if r.status == http.StatusOK {
		p.page(r)
		return
	}
	f := answerFault("pull "+string(p.t.kind)+" records", r.status, r.header, r.body, p.c.cfg.Now())
	if p.tries++; p.tries > 30 || !p.askOtherwise(f) {
		p.err, p.done = f, true
	}
}

// page takes one page of rows.
func (p *pull) page(r reply) {
	var pg page
	if err := decode("pull "+string(p.t.kind)+" records", r.body, &pg); err != nil {
		p.err, p.done = err, true
		return
	}
	p.tries = 0
	d := offline.RecordDelta{Kind: p.t.kind, Reset: p.listing() && !p.begun}
	if p.cur.Since.After(p.newest) {
		p.newest = p.cur.Since
	}
	for _, row := range pg.Rows {
		if id, gone := row.removed(); gone {
			d.Gone = append(d.Gone, offline.Ref{Kind: p.t.kind, ID: id})
			continue
		}
		rec := p.c.recordOf(p.t, row)
		if rec.ID == "" {
			continue
		}
		d.Changed = append(d.Changed, rec)
		if rec.Changed.After(p.newest) {
			p.newest = rec.Changed
		}
	}
	if pg.Next != "" {
		next, err := p.c.relative(pg.Next)
		if err != nil {
			p.err, p.done = err, true
			return
		}
		p.cur.Next, p.begun = next, true
		// An empty Since is what marks a full listing, so it stays until the end.
		if p.timed() && !p.cur.Since.IsZero() {
			p.cur.Since = p.newest
		}
		d.Cursor = p.cur
		d.Cursor.At = p.c.cfg.Now().UTC()
		p.out = append(p.out, d)
		return
	}
	p.finish(pg, d)
}

// finish takes the last page.
func (p *pull) finish(pg page, d offline.RecordDelta) {
	p.done = true
	p.cur.Next = ""
	switch {
	case pg.Delta != "" && !p.timed():
		delta, err := p.c.relative(pg.Delta)
		if err != nil {
			p.err = err
			return
		}
		p.cur.Delta, p.cur.Since = delta, time.Time{}
	case !p.timed():
		// The table is not tracked: the server leaves the preference unheard.
		p.cur.Delta, p.cur.NoDelta, p.cur.Since = "", true, p.newest
	default:
		p.cur.Since = p.newest
	}
	p.cur.At = p.c.cfg.Now().UTC()
	d.Final, d.Cursor = true, p.cur
	p.out = append(p.out, d)
}

// askOtherwise changes the question after a refusal, from the most to the
// least that it can ask for. It reports whether there is another one.
func (p *pull) askOtherwise(f *offline.Fault) bool {
	if f.Class.Transient() || f.Class == offline.FaultAuth {
		return false
	}
	if col := unknownColumn(f); col != "" && p.cur.Next == "" && p.cur.Delta == "" {
		return p.c.forgo(p.t.logical, strings.TrimPrefix(col, "$"))
	}
	switch {
	case p.cur.Next != "" || p.cur.Delta != "":
		// An old page, an expired token, one of another organization or with a
		// column that is no more: from the beginning, and if that is refused
		// too, by the cases below.
		if f.Class == offline.FaultDenied && p.cur.Next == "" {
			p.cur.NoDelta = true
		}
		if p.cur.Next != "" && p.timed() && !p.cur.Since.IsZero() {
			p.cur.Next = "" // Since covers what came before
			return true
		}
		p.cur.Next, p.cur.Delta, p.cur.Since, p.begun = "", "", time.Time{}, false
		return true
	case !p.timed():
		// No organization-wide read, or a table without change tracking.
		p.cur.NoDelta, p.cur.Since, p.begun = true, time.Time{}, false
		return true
	case f.Class == offline.FaultDenied || f.Class == offline.FaultNotFound:
		p.done = true
		cur := offline.CRMCursor{Kind: p.t.kind, Denied: true, At: p.c.cfg.Now().UTC()}
		if p.t.kind == offline.KindEmail {
			cur.Since = p.cur.Since
		}
		// Not Final: a listing that was begun before must not end here, or all
		// that it had not reached would count as deleted.
		p.out = append(p.out, offline.RecordDelta{Kind: p.t.kind, Cursor: cur})
		return true
	}
	return false
}
