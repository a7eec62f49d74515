package dav

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"postrider/offline"
)

// Found is a service of a domain, and how it was found. Nobody's password was
// sent to find it; whether it is to be sent there is for the user to see.
type Found struct {
	Service Service
	URL     string // for Config.URL
	// Source is how it was found: "DNS" (SRV), "web" (well-known address).
	Source string
	// Foreign: the host is not the domain's own. Names from DNS can be forged, so
	// that the user should be asked whether this is the provider.
	Foreign bool
	// Users are the names to try, the likeliest first (RFC 6764 section 6).
	Users []string
}

// Discover finds where the calendars and address books of an email address are
// (RFC 6764): by the domain's SRV and TXT records, and by the well-known
// addresses of its web server, redirects followed. cfg.URL is not needed. It
// sends no credentials. Services that are not found are left out; it is an error
// if there is none.
func Discover(ctx context.Context, cfg Config, address string) ([]Found, error) {
	const op = "look for the calendars and address books"
	user, domain, ok := cutAddress(address)
	if !ok {
		return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("%q is not an email address", printable(address))}
	}
	cfg.URL = "https://" + domain + "/"
	c, err := New(cfg)
	if err != nil {
		return nil, &offline.Fault{Class: offline.FaultRejected, Op: op, Err: err}
	}
	var list []Found
	var last error
	for _, s := range c.cfg.Services {
		for _, p := range c.places(ctx, s, domain) {
			u, err := c.answers(ctx, op, p.url)
			if err != nil {
				if ctx.Err() != nil {
					return nil, err
				}
				last = err
				continue
			}
			list = append(list, Found{
				Service: s, URL: u.String(), Source: p.source, Users: []string{address, user},
				Foreign: !sameOwner(u.Hostname(), domain) && !strings.EqualFold(u.Hostname(), domain),
			})
			break
		}
	}
	if len(list) == 0 {
		return nil, &offline.Fault{Class: offline.FaultNotFound, Op: op, Text: "nothing was found for " + printable(domain) + "; write the address that your provider gives", Err: last}
	}
	return list, nil
}

func cutAddress(s string) (user, domain string, ok bool) {
	s = strings.TrimSpace(s)
	n := strings.LastIndexByte(s, '@')
	if n <= 0 {
		return "", "", false
	}
	user, domain = s[:n], strings.ToLower(strings.TrimSuffix(s[n+1:], "."))
	u, err := url.Parse("https://" + domain + "/")
	return user, domain, err == nil && u.Host == domain && u.Port() == "" && domain != ""
}

// place is where a service may be.
type place struct {
	url    *url.URL
	source string
}

// places are where a service may be, the likeliest first. A domain can say that
// it has none (RFC 6764 section 3).
func (c *Client) places(ctx context.Context, s Service, domain string) []place {
	var list []place
	name := string(s) + "s" // over TLS; the service in clear text is nothing for us
	if _, srvs, err := c.cfg.Resolver.LookupSRV(ctx, name, "tcp", domain); err == nil {
		slices.SortStableFunc(srvs, func(a, b *net.SRV) int { return cmp.Compare(a.Priority, b.Priority) })
		if len(srvs) == 1 && srvs[0].Target == "." {
			return nil
		}
		path := c.contextPath(ctx, name, domain)
		for _, srv := range srvs {
			host := strings.ToLower(strings.TrimSuffix(srv.Target, "."))
			if host == "" {
				continue
			}
			if srv.Port != 443 {
				host = net.JoinHostPort(host, strconv.Itoa(int(srv.Port)))
			}
			at := &url.URL{Scheme: "https", Host: host, Path: "/"}
			if path != "" {
				if u, ok := resolve(at, path); ok && u.Host == host {
					list = append(list, place{u, "DNS"})
				}
			}
			list = append(list, place{wellKnown(at, s), "DNS"}, place{at, "DNS"})
		}
	}
	at := &url.URL{Scheme: "https", Host: domain, Path: "/"}
	return append(list, place{wellKnown(at, s), "web"})
}

// contextPath is what the TXT record beside the SRV record says (RFC 6764
// section 4).
func (c *Client) contextPath(ctx context.Context, name, domain string) string {
	texts, err := c.cfg.Resolver.LookupTXT(ctx, "_"+name+"._tcp."+domain)
	if err != nil {
		return ""
	}
	for _, t := range texts {
		if path, ok := strings.CutPrefix(t, "path="); ok && strings.HasPrefix(path, "/") {
			return path
		}
	}
	return ""
}

// answers asks a place for the principal, without saying who we are, and returns
// where it ended after redirects. To be asked for a password is an answer, too.
func (c *Client) answers(ctx context.Context, op string, u *url.URL) (*url.URL, error) {
	var at *url.URL
	r := request{
		op: op, method: "PROPFIND", url: u, header: map[string]string{"Depth": "0"}, open: true,
		body: xmlBody("d:propfind", "<d:prop><d:current-user-principal/></d:prop>"), ctype: xmlType,
		take: func(where *url.URL, _ *http.Response, body io.Reader) error {
			at = where
			_, err := multistatus(body, c.cfg.MaxItem, func(*response) error { return nil })
			return err
		},
	}
	f, resp := c.redirected(ctx, r, auth{})
	switch {
	case f == nil && at != nil:
		return at, nil
	case f != nil && f.Class == offline.FaultAuth && resp != nil && resp.Request != nil:
		at := *resp.Request.URL
		return &at, nil
	case f == nil:
		return nil, protocol(op, "the server answers nothing")
	}
	return nil, f
}
