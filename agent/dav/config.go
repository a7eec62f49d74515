package dav

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultBatch is how many resources are asked for at a time.
const DefaultBatch = 100

// Service is one of the two protocols.
type Service string

// The services.
const (
	CalDAV  Service = "caldav"
	CardDAV Service = "carddav"
)

// Config says where the calendars or address books are, and how to get at them.
// URL is needed; all else has a default.
type Config struct {
	// URL is the address of the server, of the user's principal, of a home set, or of
	// one calendar or address book, which is then the only one. https, or http to
	// this computer.
	URL      string
	Services []Service // what to look for there; empty: both
	// Account is written into the collections, so that they are told apart.
	Account string
	User    string
	// Secret gives the password. It is asked for once, and again when the server
	// no longer takes it.
	Secret func(ctx context.Context) (string, error)
	// Token gives access tokens (OAuth 2), which then go in place of a password.
	// refused is empty, or the token that the server has just answered 401 to.
	Token func(ctx context.Context, refused string) (string, error)

	TLS *tls.Config // nil: the system's authorities
	// Transport carries the requests. Nil: one of our own, with TLS, Dial and
	// proxies from the environment.
	Transport http.RoundTripper
	Dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	Now       func() time.Time
	// Sleep waits for d or until ctx ends; nil: by the real clock. It serves the
	// pauses between attempts, never time limits.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log is told one line per request: never a secret, a path or a body.
	Log *slog.Logger
	// Resolver looks up where the services of a domain are; nil: the system's.
	Resolver Resolver

	Stall    time.Duration // without a byte moving; 1 min
	Patience time.Duration // for the answer to begin; 3 min
	Batch    int           // resources asked for at a time, at most; 100
	Writers  int           // writes at a time, at most; 4
	MaxItem  int64         // bytes of one resource; a larger one is set aside; 16 MiB
}

// Resolver is the part of DNS that discovery needs. *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	set(&c.Stall, time.Minute)
	set(&c.Patience, 3*time.Minute)
	set(&c.Batch, DefaultBatch)
	set(&c.Writers, 4)
	set(&c.MaxItem, 16<<20)
	if len(c.Services) == 0 {
		c.Services = []Service{CalDAV, CardDAV}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.TLSHandshakeTimeout = 20 * time.Second
		t.MaxIdleConnsPerHost = 4
		t.TLSClientConfig = &tls.Config{}
		if c.TLS != nil {
			t.TLSClientConfig = c.TLS.Clone()
		}
		t.TLSClientConfig.MinVersion = max(t.TLSClientConfig.MinVersion, tls.VersionTLS12)
		if c.Dial != nil {
			t.DialContext = c.Dial
		}
		c.Transport = t
	}
	return c
}

func set[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const how = "write https://host/path"

// parseAddress reads the address of a server as it stands in the configuration:
// https://host/path, with the user's name before the host if that is known. A
// password in it is refused, and so is clear text to another computer.
func parseAddress(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("dav: the address can't be read: %w; %s", unURL(err), how)
	}
	switch _, has := u.User.Password(); {
	case has:
		return nil, errors.New("dav: the address has a password in it; take it out (what is behind the first colon of the user name), Postrider asks for it or runs a command that prints it")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("dav: clear text is allowed to this computer only; %s", how)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("dav: the address begins with %q; %s", u.Scheme+":", how)
	case u.Hostname() == "":
		return nil, fmt.Errorf("dav: the address names no host; %s", how)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("dav: the address has something behind the path; %s", how)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// loopback reports whether host can only be this computer.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
