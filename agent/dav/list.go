package dav

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"postrider/offline"
)

// entry is one resource of a listing.
type entry struct {
	href string
	key  string // sameKey
	etag string // empty where the server gives none
}

// listing is what one report or listing of a collection says.
type listing struct {
	there  []entry
	gone   []entry
	broken []offline.BrokenItem
	token  string
	cut    bool // there is more: ask again from token (RFC 6578 section 3.6)
}

// state is what a collection says of itself.
type state struct {
	token, ctag string
	syncs       bool // it has the report sync-collection
}

// Properties to ask a collection for. Servers look through all that is in it for a
// token or a tag, as they do again for the report.
const (
	reports = `<d:supported-report-set/>`
	tags    = `<d:sync-token/><s:getctag/>`
)

// state asks for it: one request.
func (c *Client) state(ctx context.Context, u *url.URL, props string) (s state, at *url.URL, err error) {
	const op = "ask a collection for its state"
	seen := false
	err = c.propfind(ctx, op, u, "0", props, func(where *url.URL, r *response) error {
		if seen || r.wrong != "" {
			return nil
		}
		if r.status != 0 && r.status/100 != 2 {
			return &offline.Fault{Class: classOf(r.status), Op: op, Text: "the server refuses to tell about this collection"}
		}
		seen, at = true, where
		s.token, s.ctag = r.text(nsDAV, "sync-token"), r.text(nsCS, "getctag")
		if set := r.prop(nsDAV, "supported-report-set"); set != nil {
			for _, k := range set.kids {
				s.syncs = s.syncs || k.kid(nsDAV, "report").kid(nsDAV, "sync-collection") != nil
			}
		}
		s.syncs = s.syncs || s.token != ""
		return nil
	})
	if err == nil && !seen {
		err = protocol(op, "the server says nothing about this collection")
	}
	return s, at, err
}

// syncReport asks what has changed since token; all there is, where that is
// empty.
func (c *Client) syncReport(ctx context.Context, u *url.URL, token string) (*listing, error) {
	const op = "ask what changed in a collection"
	var b strings.Builder
	b.WriteString("<d:sync-token>")
	escape(&b, token)
	b.WriteString("</d:sync-token><d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop>")
	l, err := c.read(ctx, op, request{
		op: op, method: "REPORT", url: u, header: map[string]string{"Depth": "0"}, // RFC 6578 section 3.2
		body: xmlBody("d:sync-collection", b.String()), ctype: xmlType,
	})
	if err == nil && l.token == "" {
		err = protocol(op, "the server gives no sync token")
	}
	return l, err
}

// fullListing lists the resources with their ETags, the way that every server
// has.
func (c *Client) fullListing(ctx context.Context, u *url.URL) (*listing, error) {
	const op = "list a collection"
	l, err := c.read(ctx, op, request{
		op: op, method: "PROPFIND", url: u, header: map[string]string{"Depth": "1"},
		body: xmlBody("d:propfind", "<d:prop><d:getetag/><d:resourcetype/></d:prop>"), ctype: xmlType,
	})
	if err == nil && l.cut {
		// Nothing tells what was left out, so that nothing could be told to be gone.
		err = &offline.Fault{Class: offline.FaultServer, Op: op, Text: "the server lists only a part of the collection"}
	}
	return l, err
}

// read carries out r and sorts what it answers.
func (c *Client) read(ctx context.Context, op string, r request) (*listing, error) {
	var l *listing
	r.take = func(at *url.URL, _ *http.Response, body io.Reader) error {
		l = &listing{} // anew for each attempt
		token, err := multistatus(body, c.cfg.MaxItem, func(r *response) error { return l.add(op, at, r) })
		l.token = token
		return err
	}
	if err := c.carry(ctx, r); err != nil {
		return nil, err
	}
	if l == nil {
		return nil, protocol(op, "the server answers nothing")
	}
	return l, nil
}

// add sorts one response.
func (l *listing) add(op string, at *url.URL, r *response) error {
	for _, href := range append([]string{r.href}, r.others...) {
		u, ok := resolve(at, href)
		switch {
		case href == "": // it speaks of no resource, so that there is none to set aside
		case !ok:
			l.broken = append(l.broken, offline.BrokenItem{Href: href, Reason: "the server gives an address that can't be read"})
		case sameKey(u) == sameKey(at) || sameKey(u) == sameKey(at)+"/" || sameKey(u)+"/" == sameKey(at):
			switch {
			case r.status == http.StatusInsufficientStorage:
				l.cut = true
			case r.status != 0 && r.status/100 != 2:
				return &offline.Fault{Class: classOf(r.status), Op: op, Text: "the server refuses to list this collection"}
			}
		case !within(at, u): // a folder in it, or something from elsewhere
		case r.status == http.StatusNotFound || r.status == http.StatusGone:
			l.gone = append(l.gone, entry{href: href, key: sameKey(u)})
		case r.prop(nsDAV, "resourcetype").kid(nsDAV, "collection") != nil:
		case r.wrong != "":
			l.broken = append(l.broken, offline.BrokenItem{Href: href, Reason: r.wrong})
		case r.status != 0 && r.status/100 != 2:
			l.broken = append(l.broken, offline.BrokenItem{Href: href, Reason: refusedText(r.status)})
		default:
			l.there = append(l.there, entry{href: href, key: sameKey(u), etag: r.etag()})
		}
	}
	return nil
}

func refusedText(status int) string {
	return strings.TrimSpace("the server refuses to give it: " + statusText(status))
}

// noReport reports whether a failure means that the server has not got what was
// asked for in this way, or no longer knows the token: then there are others.
func noReport(err error) bool {
	switch offline.ClassOf(err) {
	case offline.FaultExpired, offline.FaultRejected, offline.FaultProtocol, offline.FaultDenied, offline.FaultStale, offline.FaultNotFound:
		return true
	case offline.FaultServer:
		// Some answer 500 or 507 to a token that is not theirs, or will not begin a
		// list that is too long for them.
		var f *offline.Fault
		return errors.As(err, &f) && (f.Code == "500" || f.Code == "507" || f.Code == tooMany)
	}
	return false
}
