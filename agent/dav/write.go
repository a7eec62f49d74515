package dav

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"postrider/offline"
)

// ErrWouldMail says that a write was not made, because the server would have
// mailed other people about it by itself. It is in a Fault's chain.
var ErrWouldMail = errors.New("the server would mail the people in this meeting; change it in your calendar")

// Put writes it.Raw to it.Href, on condition that the server still has it.ETag
// or, where that is empty, that nothing is there; with no Href it is made at
// NewHref. It returns the item as the server now has it: Href, ETag and Raw may
// differ from what was written. Nobody is mailed.
//
// FaultStale (it has changed since) and FaultExists (something is there already)
// come with the item as the server has it, where that could be read. A create
// that meets its own repeat is a success. FaultNotFound: it is no longer there.
// After a FaultNetwork it may have been written: try again.
func (c *Client) Put(ctx context.Context, coll offline.Collection, it offline.Item) (offline.Item, error) {
	w, it, err := c.put(ctx, coll, it)
	if err != nil || w == nil {
		return it, err
	}
	return c.settled(ctx, w), nil
}

// written is an item that the server has taken, before it is known what it made of it.
type written struct {
	item offline.Item
	url  *url.URL
	tag  string // what the server said; may be empty
}

// put writes an item. Without an error, and without written, the server has had it
// already, and the item is what it has.
func (c *Client) put(ctx context.Context, coll offline.Collection, it offline.Item) (*written, offline.Item, error) {
	const op = "write an item"
	at, u, it, err := c.target(op, coll, it)
	if err != nil {
		return nil, it, err
	}
	raw, err := c.quiet(ctx, op, at, u, it)
	if err != nil {
		return nil, it, err
	}
	ctype := "text/calendar; charset=utf-8"
	if it.Kind == offline.KindContact {
		ctype = "text/vcard; charset=utf-8"
	}
	var said *http.Response
	r := request{op: op, method: http.MethodPut, url: u, body: raw, ctype: ctype, writes: true,
		take: func(_ *url.URL, resp *http.Response, _ io.Reader) error { said = resp; return nil }}
	if err := c.guarded(ctx, r, it.ETag); err != nil {
		it, err = c.met(ctx, u, it, raw, err)
		return nil, it, err
	}
	it.Raw = raw
	w := &written{item: it, url: u}
	if said != nil {
		w.tag = strings.TrimSpace(said.Header.Get("ETag"))
		if to, ok := resolve(u, said.Header.Get("Location")); ok && within(at, to) && sameKey(to) != sameKey(u) {
			w.url, w.item.Href, w.tag = to, to.EscapedPath(), ""
		}
	}
	return w, w.item, nil
}

// Delete removes it.Href, on condition that the server still has it.ETag.
// FaultNotFound: it was not there. Nobody is mailed.
func (c *Client) Delete(ctx context.Context, coll offline.Collection, it offline.Item) error {
	const op = "delete an item"
	at, u, it, err := c.target(op, coll, it)
	if err != nil {
		return err
	}
	if it.ETag == "" {
		return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: "nothing is deleted whose state is not known"}
	}
	if err := c.mayDelete(ctx, op, at, u, it); err != nil {
		return err
	}
	err = c.guarded(ctx, request{op: op, method: http.MethodDelete, url: u, writes: true}, it.ETag)
	if offline.ClassOf(err) == offline.FaultStale {
		if _, _, gone := c.get(ctx, u); offline.ClassOf(gone) == offline.FaultNotFound {
			return gone
		}
	}
	return err
}

// target is where an item is or is to be made.
func (c *Client) target(op string, coll offline.Collection, it offline.Item) (at, u *url.URL, _ offline.Item, err error) {
	if at, err = c.place(op, coll); err != nil {
		return nil, nil, it, err
	}
	if it.Href == "" {
		it.Href = NewHref(coll, it.UID, it.Kind)
	}
	u, ok := resolve(at, it.Href)
	if !ok || !within(at, u) {
		return nil, nil, it, &offline.Fault{Class: offline.FaultRejected, Op: op, Text: "the item's address is not in its collection"}
	}
	it.Collection = coll.URL
	return at, u, it, nil
}

// guarded sends a write on the condition that the server has tag, or nothing
// where tag is empty.
//
// If-Match compares strongly (RFC 9110 section 13.1.1). With a tag that is weak,
// or that we had to make up, the server is asked what it has; only if that is
// what we know it is written, on the tightest condition that the server takes. A
// refusal of one condition may mean that it never takes such, or that somebody
// was faster: so it is asked anew before a looser one is tried.
func (c *Client) guarded(ctx context.Context, r request, tag string) error {
	var conditions []string
	switch {
	case tag == "":
		return c.once(ctx, r, "If-None-Match", "*")
	case strong(tag):
		return c.once(ctx, r, "If-Match", tag)
	case strings.HasPrefix(tag, madeUp):
		conditions = []string{"*"}
	case strings.HasPrefix(tag, "W/"):
		conditions = []string{tag, `"` + opaque(tag) + `"`, "*"}
	default: // some leave the quotes out
		conditions = []string{`"` + opaque(tag) + `"`, "*"}
	}
	var err error
	for _, cond := range conditions {
		if err := c.unchanged(ctx, r, tag); err != nil {
			return err
		}
		if err = c.once(ctx, r, "If-Match", cond); offline.ClassOf(err) != offline.FaultStale {
			return err
		}
	}
	return err
}

// unchanged asks whether the server still has what tag stands for.
func (c *Client) unchanged(ctx context.Context, r request, tag string) error {
	raw, now, err := c.get(ctx, r.url)
	if err == nil && !sameTag(tag, cmp.Or(now, etagOf(raw))) && tag != etagOf(raw) {
		err = &offline.Fault{Class: offline.FaultStale, Op: r.op, Text: "it has changed on the server"}
	}
	return err
}

// once sends a write on one condition, with a word that nobody is to be mailed.
func (c *Client) once(ctx context.Context, r request, name, value string) error {
	r.header = map[string]string{name: value, "Schedule-Reply": "F"} // RFC 6638 section 8.1
	return c.carry(ctx, r)
}

// met is what becomes of a write that was refused: what the server has instead.
func (c *Client) met(ctx context.Context, u *url.URL, it offline.Item, raw []byte, err error) (offline.Item, error) {
	var f *offline.Fault
	if class := offline.ClassOf(err); !errors.As(err, &f) || class != offline.FaultStale && class != offline.FaultExists {
		return it, err
	}
	fault := *f
	if it.ETag == "" {
		fault.Class = offline.FaultExists
	}
	now, tag, err := c.get(ctx, u)
	switch {
	case offline.ClassOf(err) == offline.FaultNotFound && it.ETag != "":
		fault.Class = offline.FaultNotFound
		return it, &fault
	case err != nil:
		return it, &fault
	}
	same := bytes.Equal(unix(now), unix(raw))
	it.Raw, it.ETag = now, cmp.Or(tag, etagOf(now))
	if same && fault.Class == offline.FaultExists {
		return it, nil // our own, from an attempt whose answer was lost
	}
	return it, &fault
}

func unix(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }

// plain tells whether the server has what it was given, without asking it. A strong
// ETag means that (RFC 4791 section 5.3.4). Not all keep to it, so the first write
// to each server is read again, and so is what has people in it, about whom servers
// note things.
func (c *Client) plain(w *written) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	rewrites, tried := c.rewrite[origin(w.url)]
	return strong(w.tag) && tried && !rewrites && !hasPeople(w.item.Raw)
}

// settled makes out what the server has after a write.
func (c *Client) settled(ctx context.Context, w *written) offline.Item {
	if c.plain(w) {
		w.item.ETag = w.tag
		return w.item
	}
	now, read, err := c.get(ctx, w.url)
	if err != nil {
		return w.unread()
	}
	return c.readAgain(w, now, read)
}

// unread is an item of which the server has not said what it has become: the next
// listing tells. Until then what was written stands for it.
func (w *written) unread() offline.Item {
	w.item.ETag = cmp.Or(w.tag, etagOf(w.item.Raw))
	return w.item
}

// readAgain is an item as it was read after it was written. Where it bears another
// ETag than the write was answered with, somebody was there in between: that is no
// rewriting by the server, and comes with the next listing.
func (c *Client) readAgain(w *written, now []byte, tag string) offline.Item {
	if strong(w.tag) && strong(tag) && !sameTag(w.tag, tag) {
		return w.unread()
	}
	if !hasPeople(w.item.Raw) {
		c.mu.Lock()
		c.rewrite[origin(w.url)] = c.rewrite[origin(w.url)] || !bytes.Equal(unix(now), unix(w.item.Raw))
		c.mu.Unlock()
	}
	w.item.Raw, w.item.ETag = now, cmp.Or(tag, w.tag, etagOf(now))
	return w.item
}
