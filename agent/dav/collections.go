package dav

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"postrider/offline"
)

const propsCollection = `<d:resourcetype/><d:displayname/><d:current-user-privilege-set/><c:supported-calendar-component-set/><i:calendar-color/>`

// Collections lists the user's calendars, task lists and address books, by
// address. What can hold nothing of ours is left out: journals, scheduling in-
// and outboxes, subscriptions to calendars elsewhere.
func (c *Client) Collections(ctx context.Context) ([]offline.Collection, error) {
	const op = "list calendars and address books"
	h, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	depth := "1"
	if h.alone {
		depth = "0"
	}
	found := map[string]offline.Collection{} // by samePlace: home sets may overlap
	asked := map[string]bool{}
	var refused error
	answered := false
	for _, home := range append(append([]*url.URL(nil), h.calendars...), h.people...) {
		if asked[samePlace(home)] {
			continue
		}
		asked[samePlace(home)] = true
		if err := c.follow(op, home); err != nil {
			return nil, err
		}
		err := c.propfind(ctx, op, home, depth, propsCollection, func(at *url.URL, r *response) error {
			coll, ok := c.collection(at, r)
			if u, _ := resolve(at, r.href); ok && found[samePlace(u)].URL == "" {
				found[samePlace(u)] = coll
			}
			return nil
		})
		switch class := offline.ClassOf(err); {
		case err == nil:
			answered = true
		case class == offline.FaultDenied || class == offline.FaultNotFound:
			// Somebody else's, whose calendars are no longer shared, say: it keeps the
			// user's own from nothing.
			c.cfg.Log.Warn("a home of calendars or address books can't be listed", "home", home.Redacted(), "err", err)
			refused = err
		default:
			return nil, err
		}
	}
	if !answered && refused != nil {
		return nil, refused
	}
	if len(found) == 0 {
		return nil, &offline.Fault{Class: offline.FaultNotFound, Op: op, Err: errNoCollections}
	}
	list := make([]offline.Collection, 0, len(found))
	for _, coll := range found {
		list = append(list, coll)
	}
	slices.SortFunc(list, func(a, b offline.Collection) int { return cmp.Compare(a.URL, b.URL) })
	return list, nil
}

// collection reads what a listing says of one; ok is false if it is none of
// ours.
func (c *Client) collection(at *url.URL, r *response) (coll offline.Collection, ok bool) {
	u, good := resolve(at, r.href)
	if r.wrong != "" || r.status != 0 && r.status/100 != 2 || !good || !c.trusts(u) {
		return coll, false
	}
	kinds := r.prop(nsDAV, "resourcetype")
	switch {
	case kinds == nil, kinds.kid(nsCS, "subscribed") != nil, kinds.kid(nsCal, "schedule-inbox") != nil, kinds.kid(nsCal, "schedule-outbox") != nil:
		return coll, false
	case kinds.kid(nsCal, "calendar") != nil && slices.Contains(c.cfg.Services, CalDAV):
		coll.Kinds = components(r.prop(nsCal, "supported-calendar-component-set"))
	case kinds.kid(nsCard, "addressbook") != nil && slices.Contains(c.cfg.Services, CardDAV):
		coll.Kinds = []offline.Kind{offline.KindContact}
	}
	if len(coll.Kinds) == 0 {
		return coll, false
	}
	if !strings.HasSuffix(u.Path, "/") {
		u = u.JoinPath("/")
	}
	coll.URL, coll.Account = u.String(), c.cfg.Account
	coll.Name = cmp.Or(printable(r.text(nsDAV, "displayname")), lastSegment(u))
	coll.Color = color(r.text(nsICal, "calendar-color"))
	coll.ReadOnly = readOnly(r.prop(nsDAV, "current-user-privilege-set"))
	return coll, true
}

// components are the kinds that a calendar can hold; where it does not say, it
// can hold all (RFC 4791 section 5.2.3).
func components(n *node) []offline.Kind {
	if n == nil {
		return []offline.Kind{offline.KindAppointment, offline.KindTask}
	}
	var list []offline.Kind
	for _, k := range n.kids {
		for _, a := range k.attr {
			if k.name.Space != nsCal || k.name.Local != "comp" || a.Name.Local != "name" {
				continue
			}
			kind := map[string]offline.Kind{"VEVENT": offline.KindAppointment, "VTODO": offline.KindTask}[strings.ToUpper(a.Value)]
			if kind != "" && !slices.Contains(list, kind) {
				list = append(list, kind)
			}
		}
	}
	slices.Sort(list)
	return list
}

// readOnly reads the privileges (RFC 3744 section 5.4): a server that names none
// is taken at what it does when it is written to.
func readOnly(n *node) bool {
	if n == nil || len(n.kids) == 0 {
		return false
	}
	for _, p := range n.kids {
		for _, name := range [...]string{"all", "write", "write-content"} {
			if p.kid(nsDAV, name) != nil {
				return false
			}
		}
	}
	return true
}

func lastSegment(u *url.URL) string {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	return printable(parts[len(parts)-1])
}

var rgb = regexp.MustCompile(`^#[0-9A-Fa-f]{6}`)

// color takes the transparency off: servers write #rrggbbaa.
func color(s string) string { return strings.ToLower(rgb.FindString(s)) }
