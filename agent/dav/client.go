package dav

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/net/publicsuffix"

	"postrider/offline"
)

// Client is an account on a CalDAV or CardDAV server, or on one that is both.
// Safe for use by several goroutines.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client

	requests, writes atomic.Int64

	// finding is held while the principal is looked for, so that it is done once.
	finding sync.Mutex

	mu      sync.Mutex
	trusted map[string]bool // origins that credentials may go to
	known   *challenge      // how the server wants us to sign in; nil: it has not said
	secret  string          // the password, once it was asked for
	asked   bool
	homes   *homes
	sched   map[string]bool // by origin: the server sends invitations by itself
	rewrite map[string]bool // by origin: whether it stores what it is given as it is
	lone    bool            // the server takes no multiget: resources are read one by one
}

// New returns a client. It makes no request.
func New(cfg Config) (*Client, error) {
	u, err := parseAddress(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.User == "" {
		cfg.User = u.User.Username()
	}
	u.User = nil
	cfg = cfg.withDefaults()
	return &Client{
		cfg: cfg, base: u,
		http: &http.Client{
			Transport: cfg.Transport,
			// They are followed by hand: net/http turns what is moved into a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		trusted: map[string]bool{origin(u): true},
		sched:   map[string]bool{}, rewrite: map[string]bool{},
	}, nil
}

// Check reaches the server and signs in, and nothing else.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.find(ctx)
	return err
}

// Requests counts the HTTP requests so far, redirects and refused sign-ins among
// them, and those that write.
func (c *Client) Requests() (all, writes int64) { return c.requests.Load(), c.writes.Load() }

// Close lets idle connections go.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// origin is what credentials are bound to: scheme, host and port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch {
	case u.Scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	case u.Scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

func (c *Client) trusts(u *url.URL) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trusted[origin(u)]
}

// follow admits a place that the server has named as the user's: another host of
// the same owner, as large providers have them, and over TLS only. Anything else
// has to be written into the configuration by the user.
func (c *Client) follow(op string, u *url.URL) error {
	if c.trusts(u) {
		return nil
	}
	if u.Scheme == "https" && c.base.Scheme == "https" && sameOwner(u.Hostname(), c.base.Hostname()) {
		c.mu.Lock()
		c.trusted[origin(u)] = true
		c.mu.Unlock()
		return nil
	}
	return elsewhere(op, u)
}

func elsewhere(op string, u *url.URL) *offline.Fault {
	return &offline.Fault{Class: offline.FaultDenied, Op: op, Text: "the server sends us to " + printable(origin(u)) + ", which was not told the password; if that is your provider's, write it as the address"}
}

// sameOwner reports whether two names belong to one registered domain.
func sameOwner(a, b string) bool {
	x, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	if err != nil {
		return false
	}
	y, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && x == y
}
