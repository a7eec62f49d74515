package dav

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/offline"
)

// homes is where a user's collections are.
type homes struct {
	principal *url.URL
	calendars []*url.URL // home sets, or single collections with alone
	people    []*url.URL
	alone     bool     // the address is one collection, and only it is meant
	addresses []string // the user's own calendar addresses, in lower case, "mailto:..."
	outbox    bool     // the user has a scheduling outbox
}

// The properties that lead to a user's collections (RFC 5397, 4791 section 6.2.1,
// 6352 section 7.1.1, 6638 section 2).
const propsFind = `<d:current-user-principal/><d:principal-URL/><d:resourcetype/><c:calendar-home-set/><a:addressbook-home-set/>` +
	`<c:calendar-user-address-set/><c:schedule-outbox-URL/>`

// propfind asks for properties.
func (c *Client) propfind(ctx context.Context, op string, u *url.URL, depth, props string, each func(at *url.URL, r *response) error) error {
	return c.carry(ctx, request{
		op: op, method: "PROPFIND", url: u, header: map[string]string{"Depth": depth},
		body: xmlBody("d:propfind", "<d:prop>"+props+"</d:prop>"), ctype: xmlType,
		take: func(at *url.URL, _ *http.Response, body io.Reader) error {
			_, err := multistatus(body, c.cfg.MaxItem, func(r *response) error { return each(at, r) })
			return err
		},
	})
}

const xmlType = "application/xml; charset=utf-8"

func xmlBody(root, inner string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` + "\n<" + root +
		` xmlns:d="DAV:" xmlns:c="` + nsCal + `" xmlns:a="` + nsCard + `" xmlns:s="` + nsCS + `" xmlns:i="` + nsICal + `">` + inner + "</" + root + ">")
}

// find goes from the configured address to the user's home sets, once.
func (c *Client) find(ctx context.Context) (*homes, error) {
	c.finding.Lock()
	defer c.finding.Unlock()
	c.mu.Lock()
	h := c.homes
	c.mu.Unlock()
	if h != nil {
		return h, nil
	}
	h, err := c.search(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.homes = h
	c.mu.Unlock()
	return h, nil
}

// search looks at the address itself, then at the places that servers have by
// convention (RFC 6764 section 5), for each service.
func (c *Client) search(ctx context.Context) (*homes, error) {
	h := &homes{}
	missing, err := c.look(ctx, c.base, h)
	if err != nil && !wrongPlace(err) {
		return nil, err
	}
	if err == nil && (h.alone || len(missing) == 0) {
		return h, nil
	}
	for _, s := range missing {
		if _, err2 := c.look(ctx, wellKnown(c.base, s), h); err2 != nil && !wrongPlace(err2) {
			return nil, err2
		}
	}
	if len(h.calendars)+len(h.people) > 0 {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	// The address may be a home set itself.
	h.calendars, h.people = []*url.URL{c.base}, nil
	return h, nil
}

// wrongPlace reports whether a failure may only mean that this is not the place.
func wrongPlace(err error) bool {
	switch offline.ClassOf(err) {
	case offline.FaultNotFound, offline.FaultRejected, offline.FaultProtocol, offline.FaultDenied:
		return true
	}
	return false
}

func wellKnown(base *url.URL, s Service) *url.URL {
	return base.ResolveReference(&url.URL{Path: "/.well-known/" + string(s)})
}

// look reads what leads on at u, and then the principal. missing are the services
// that have no home yet.
func (c *Client) look(ctx context.Context, u *url.URL, h *homes) (missing []Service, err error) {
	const op = "find the user's calendars and address books"
	missing = c.cfg.Services
	var principal *url.URL
	anonymous := false
	at, err := c.properties(ctx, op, u, func(at *url.URL, r *response) {
		kinds := r.prop(nsDAV, "resourcetype")
		switch {
		case kinds.kid(nsCal, "calendar") != nil:
			h.alone, h.calendars = true, []*url.URL{at}
		case kinds.kid(nsCard, "addressbook") != nil:
			h.alone, h.people = true, []*url.URL{at}
		}
		p := r.prop(nsDAV, "current-user-principal")
		anonymous = p.kid(nsDAV, "unauthenticated") != nil
		for _, href := range append(p.hrefs(), r.prop(nsDAV, "principal-URL").hrefs()...) {
			if principal == nil {
				principal, _ = resolve(at, href)
			}
		}
		c.take(at, r, h)
	})
	if err != nil || h.alone && u == c.base {
		return missing, err
	}
	if anonymous && principal == nil && c.insist() {
		return c.look(ctx, u, h) // it lets anybody look, and we have not said who we are
	}
	if principal != nil && (h.principal == nil || samePlace(h.principal) != samePlace(principal)) {
		if err := c.follow(op, principal); err != nil {
			return missing, err
		}
		h.principal = principal
		if samePlace(principal) != samePlace(at) {
			if _, err := c.properties(ctx, op, principal, func(at *url.URL, r *response) { c.take(at, r, h) }); err != nil {
				return missing, err
			}
		}
	}
	for _, home := range append(append([]*url.URL(nil), h.calendars...), h.people...) {
		if err := c.follow(op, home); err != nil {
			return missing, err
		}
	}
	missing = nil
	for _, s := range c.cfg.Services {
		if s == CalDAV && h.calendars == nil || s == CardDAV && h.people == nil {
			missing = append(missing, s)
		}
	}
	return missing, nil
}

// insist makes the next requests bear the password though it was not asked for;
// false if they do already.
func (c *Client) insist() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known != nil || c.cfg.Secret == nil {
		return false
	}
	c.known = &challenge{scheme: "basic"}
	return true
}

// properties asks for what leads on, at one place. It returns the address that
// answered.
func (c *Client) properties(ctx context.Context, op string, u *url.URL, each func(at *url.URL, r *response)) (at *url.URL, err error) {
	err = c.propfind(ctx, op, u, "0", propsFind, func(where *url.URL, r *response) error {
		if r.wrong != "" || r.status != 0 && r.status/100 != 2 {
			return nil
		}
		at = where
		each(where, r)
		return nil
	})
	if err == nil && at == nil {
		err = protocol(op, "the server says nothing about "+printable(u.Path))
	}
	return at, err
}

// take keeps the home sets and the user's addresses, where the answer has them.
func (c *Client) take(at *url.URL, r *response, h *homes) {
	if h.calendars == nil && slices.Contains(c.cfg.Services, CalDAV) {
		h.calendars = resolveAll(at, r.prop(nsCal, "calendar-home-set").hrefs())
	}
	if h.people == nil && slices.Contains(c.cfg.Services, CardDAV) {
		h.people = resolveAll(at, r.prop(nsCard, "addressbook-home-set").hrefs())
	}
	for _, a := range r.prop(nsCal, "calendar-user-address-set").hrefs() {
		h.addresses = append(h.addresses, strings.ToLower(a))
	}
	h.outbox = h.outbox || len(r.prop(nsCal, "schedule-outbox-URL").hrefs()) > 0
}

func resolveAll(at *url.URL, hrefs []string) []*url.URL {
	var list []*url.URL
	for _, href := range hrefs {
		if u, ok := resolve(at, href); ok {
			list = append(list, u)
		}
	}
	return list
}

// errNoCollections is the cause where an account has nothing for us.
var errNoCollections = errors.New("there are neither calendars nor address books at this address")
