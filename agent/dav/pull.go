package dav

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"postrider/offline"
)

// Pull asks what changed in coll since its cursor and hands it over in batches.
// have are the resources that are known, href to ETag; what is as known is not
// fetched again. An error of yield ends the Pull and is returned.
//
// From a cursor, it costs one request to hear that nothing changed. Without one,
// or where the server no longer knows it, the whole collection is listed: then
// the batches have Reset, Same are the known resources that are unchanged, and
// known ones that are not listed have been asked for each: those that the server
// says are gone are in Gone. What could not be read is in Broken, and, where it is
// known, in Same as well, for it is there.
//
// The cursor moves with the batch that completes what it covers; a Pull that was
// cut goes on where it stopped, as have tells what has come.
func (c *Client) Pull(ctx context.Context, coll offline.Collection, have map[string]string, yield func(offline.ItemDelta) error) error {
	at, err := c.place("read a collection", coll)
	if err != nil {
		return err
	}
	p := &pull{c: c, coll: coll, at: at, have: make(map[string]known, len(have)), cursor: coll.Cursor, yield: yield}
	for href, etag := range have {
		if u, ok := resolve(at, href); ok {
			p.have[sameKey(u)] = known{href, etag}
		}
	}
	if coll.Cursor.SyncToken != "" {
		if err := p.changes(ctx); err == nil || !noReport(err) || p.moved || ctx.Err() != nil {
			return err
		}
	}
	return p.everything(ctx)
}

// pull is a Pull under way.
type pull struct {
	c      *Client
	coll   offline.Collection
	at     *url.URL
	have   map[string]known // by sameKey
	cursor offline.CollectionCursor
	reset  bool
	moved  bool // a batch has been handed over
	same   []string
	yield  func(offline.ItemDelta) error
}

type known struct{ href, etag string }

// changes follows the sync token.
func (p *pull) changes(ctx context.Context) error {
	asked := map[string]bool{}
	for {
		l, err := p.part(ctx, p.cursor.SyncToken, asked)
		if err != nil {
			return err
		}
		next := offline.CollectionCursor{SyncToken: l.token, At: p.c.cfg.Now().UTC()}
		if err := p.carry(ctx, p.changed(l.there), p.gone(l.gone), l.broken, next, !l.cut); err != nil || !l.cut {
			return err
		}
	}
}

// part asks for what changed since a token. asked are the tokens so far: a server
// that cuts its answers short has to come to an end with them.
func (p *pull) part(ctx context.Context, token string, asked map[string]bool) (*listing, error) {
	asked[token] = true
	l, err := p.c.syncReport(ctx, p.at, token)
	if err == nil && l.cut && asked[l.token] {
		err = protocol("ask what changed in a collection", "the server cuts its answer short, and goes no further when asked again")
	}
	return l, err
}

// changed are those of a list that are not as known. They keep the name by which
// they are known.
func (p *pull) changed(list []entry) []entry {
	var changed []entry
	for _, e := range list {
		k, ok := p.have[e.key]
		if ok {
			e.href = k.href
		}
		if !ok || !sameTag(k.etag, e.etag) {
			changed = append(changed, e)
		}
	}
	return changed
}

func (p *pull) gone(list []entry) []string {
	var gone []string
	for _, e := range list {
		if k, ok := p.have[e.key]; ok {
			gone = append(gone, k.href)
		}
	}
	return gone
}

// carry fetches resources and hands them over; the cursor is next when all of
// them have come.
func (p *pull) carry(ctx context.Context, list []entry, gone []string, broken []offline.BrokenItem, next offline.CollectionCursor, final bool) error {
	d := offline.ItemDelta{Reset: p.reset, Gone: gone, Broken: broken, Cursor: p.cursor}
	left := len(list)
	f := p.c.fetcher(p.coll, p.at)
	err := f.all(ctx, list, func(got fetched) error {
		d.Broken = append(d.Broken, got.broken...)
		d.Gone = append(d.Gone, got.gone...)
		for _, b := range got.broken {
			if k, ok := p.known(b.Href); ok {
				p.same = append(p.same, k.href)
			}
		}
		for _, it := range got.items {
			if k, ok := p.known(it.Href); ok && sameTag(k.etag, it.ETag) {
				p.same = append(p.same, k.href) // it gives no ETags, or took its time to say so
			} else {
				d.Changed = append(d.Changed, it)
			}
		}
		if left -= len(got.items) + len(got.gone) + len(got.broken); len(list) <= f.c.cfg.Batch && left <= 0 {
			return nil // the only batch: it goes with what ends it
		}
		err := p.hand(d)
		d = offline.ItemDelta{Reset: p.reset, Cursor: p.cursor}
		return err
	})
	if err != nil {
		return err
	}
	p.cursor = next
	d.Cursor, d.Final = next, final
	if p.reset {
		d.Same = p.same
	}
	return p.hand(d)
}

func (p *pull) known(href string) (known, bool) {
	u, ok := resolve(p.at, href)
	if !ok {
		return known{}, false
	}
	k, ok := p.have[sameKey(u)]
	return k, ok
}

func (p *pull) hand(d offline.ItemDelta) error {
	p.moved = true
	return p.yield(d)
}

// everything lists the collection, unless its CTag says that nothing changed.
func (p *pull) everything(ctx context.Context) error {
	s, err := p.state(ctx)
	if err != nil {
		return err
	}
	if was := p.coll.Cursor; was.SyncToken == "" && was.CTag != "" && was.CTag == s.ctag {
		was.At = p.c.cfg.Now().UTC()
		return p.hand(offline.ItemDelta{Final: true, Cursor: was})
	}
	l, next, err := p.list(ctx, s)
	if err != nil {
		return err
	}
	p.reset, p.same = true, nil
	next.At = p.c.cfg.Now().UTC()
	listed := map[string]bool{}
	for _, e := range l.there {
		listed[e.key] = true
		if k, ok := p.have[e.key]; ok && sameTag(k.etag, e.etag) {
			p.same = append(p.same, k.href)
		}
	}
	for _, b := range l.broken {
		if u, ok := resolve(p.at, b.Href); ok {
			listed[sameKey(u)] = true
			if k, ok := p.have[sameKey(u)]; ok {
				p.same = append(p.same, k.href)
			}
		}
	}
	want := p.changed(l.there)
	// What is known and not listed is asked for: servers have been seen to leave
	// out what is there, and only a resource's own answer says that it is gone.
	var absent []entry
	for key, k := range p.have {
		if !listed[key] {
			absent = append(absent, entry{href: k.href, key: key})
		}
	}
	slices.SortFunc(absent, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return p.carry(ctx, append(want, absent...), nil, l.broken, next, true)
}

// state asks the collection for its state: for its tags at once only where nothing
// else tells whether it changed.
func (p *pull) state(ctx context.Context) (s state, err error) {
	if p.coll.Cursor.CTag == "" {
		if s, p.at, err = p.c.state(ctx, p.at, reports); err != nil || s.syncs {
			return s, err
		}
	}
	s, p.at, err = p.c.state(ctx, p.at, tags+reports)
	return s, err
}

// list lists the whole collection: by a first sync report, so that a token comes
// with it, or resource by resource.
func (p *pull) list(ctx context.Context, s state) (*listing, offline.CollectionCursor, error) {
	if s.syncs {
		all, asked := &listing{}, map[string]bool{}
		for token := ""; ; token = all.token {
			l, err := p.part(ctx, token, asked)
			if err != nil {
				if noReport(err) && ctx.Err() == nil {
					break
				}
				return nil, offline.CollectionCursor{}, err
			}
			all.merge(l)
			if !l.cut {
				return all, offline.CollectionCursor{SyncToken: all.token}, nil
			}
		}
	}
	l, err := p.c.fullListing(ctx, p.at)
	return l, offline.CollectionCursor{CTag: s.ctag}, err
}

// merge adds the next part of a listing, which speaks later: what it says of a
// resource goes before what was said earlier.
func (l *listing) merge(next *listing) {
	said := map[string]bool{}
	for _, e := range append(append([]entry(nil), next.there...), next.gone...) {
		said[e.key] = true
	}
	l.there = append(slices.DeleteFunc(l.there, func(e entry) bool { return said[e.key] }), next.there...)
	l.broken, l.token, l.cut = append(l.broken, next.broken...), next.token, next.cut
}

// Get reads single resources of a collection. One that the server says is not
// there is left out; one that can't be read is an error if no other came.
func (c *Client) Get(ctx context.Context, coll offline.Collection, hrefs []string) ([]offline.Item, error) {
	const op = "fetch items"
	at, err := c.place(op, coll)
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, href := range hrefs {
		u, ok := resolve(at, href)
		if !ok {
			return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Text: "an item's address can't be read"}
		}
		list = append(list, entry{href: href, key: sameKey(u)})
	}
	var got fetched
	err = c.fetcher(coll, at).all(ctx, list, func(part fetched) error {
		got.add(part)
		return nil
	})
	if err == nil && len(got.items) == 0 && len(got.broken) > 0 {
		err = &offline.Fault{Class: offline.FaultRejected, Op: op, Text: got.broken[0].Reason}
	}
	return got.items, err
}

// place is the address of a collection that we may speak to.
func (c *Client) place(op string, coll offline.Collection) (*url.URL, error) {
	at, err := collectionURL(coll, op)
	if err != nil {
		return nil, err
	}
	return at, c.follow(op, at)
}
