package dav

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"strings"

	"postrider/offline"
)

// resolve makes an address of an href: absolute, or a path, or relative to the
// resource that was asked. A server behind a proxy that does TLS for it may take
// itself for one in clear text, and write so: what it means is itself.
func resolve(base *url.URL, href string) (*url.URL, bool) {
	u, ok := location(base, href)
	if ok && u.Scheme == "http" && base.Scheme == "https" && strings.EqualFold(u.Hostname(), base.Hostname()) {
		u.Scheme, u.Host = base.Scheme, base.Host
	}
	return u, ok
}

// location is resolve for where a server sends us: that is taken at its word.
func location(base *url.URL, href string) (*url.URL, bool) {
	ref, err := url.Parse(strings.TrimSpace(href))
	if err != nil || href == "" {
		return nil, false
	}
	u := base.ResolveReference(ref)
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, false
	}
	return u, true
}

// sameKey is what two ways to write one path have in common: servers escape some
// characters in one report and not in another. A slash within a segment stays
// escaped.
func sameKey(u *url.URL) string {
	p := u.EscapedPath()
	if !strings.Contains(p, "%") {
		return p
	}
	parts := strings.Split(p, "/")
	for i, s := range parts {
		if plain, err := url.PathUnescape(s); err == nil {
			parts[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(plain)
		}
	}
	return strings.Join(parts, "/")
}

// samePlace is what all ways to write the address of a folder have in common.
func samePlace(u *url.URL) string { return origin(u) + strings.TrimSuffix(sameKey(u), "/") }

// within reports whether u is a resource right below the collection, and not the
// collection itself.
func within(coll, u *url.URL) bool {
	dir, name := sameKey(coll), sameKey(u)
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	rest, ok := strings.CutPrefix(name, dir)
	return ok && rest != "" && !strings.Contains(rest, "/") && origin(coll) == origin(u)
}

// collectionURL is the address of a collection.
func collectionURL(coll offline.Collection, op string) (*url.URL, error) {
	u, err := parseAddress(coll.URL)
	if err != nil {
		return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Err: err}
	}
	return u, nil
}

// NewHref is where an item with this UID is made: the same place each time it is
// tried, and on each computer, so that a repeat meets the first. ext is "ics" or
// "vcf".
func NewHref(coll offline.Collection, uid string, kind offline.Kind) string {
	ext := ".ics"
	if kind == offline.KindContact {
		ext = ".vcf"
	}
	name := uid
	if !plainName(uid) {
		sum := sha256.Sum256([]byte(uid))
		name = hex.EncodeToString(sum[:16])
	}
	dir := "/"
	if u, err := url.Parse(coll.URL); err == nil {
		dir = u.EscapedPath()
	}
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	return dir + name + ext
}

// plainName reports whether a UID can be a file's name as it is, on any server.
func plainName(s string) bool {
	if s == "" || len(s) > 120 || s[0] == '.' {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		default:
			return false
		}
	}
	return path.Base(s) == s
}
