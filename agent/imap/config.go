package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
)

// Security is how the connection is protected.
type Security int

// The ways to protect a connection.
const (
	Implicit Security = iota // TLS from the first byte (imaps://)
	StartTLS                 // TLS is started, or the connection is given up
	Clear                    // STARTTLS where it is offered, else clear text; loopback addresses only
)

// Auth is how to sign in.
type Auth int

// The ways to sign in. Auto takes the secret for a password where the server
// accepts passwords, and for an OAuth2 access token where it does not.
const (
	Auto Auth = iota
	Password
	XOAUTH2
	OAUTHBEARER
)

// Config says where the mailbox is, and how to get into it. Addr, User and
// Secret are needed; all else has a default.
type Config struct {
	Addr     string // host:port
	Security Security
	User     string
	// Secret gives the password or access token, each time it is needed. Its
	// result is used and forgotten.
	Secret func(ctx context.Context) (string, error)
	Auth   Auth

	TLS  *tls.Config // ServerName is filled in; nil: the system's authorities
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Now  func() time.Time
	// After is the clock for waiting between tries and between polls.
	After func(time.Duration) <-chan time.Time
	Log   *slog.Logger

	DialTimeout  time.Duration // for connecting, TLS and signing in, together; 30 s
	FetchTimeout time.Duration // without any progress, while a command is under way; 60 s
	IdleTimeout  time.Duration // without any answer while idling, which ends the connection; 31 min
	PollInterval time.Duration // of Idle, where the server has no IDLE; 5 min
	BatchSize    int           // messages per FETCH of a scan; 400
	EmitSize     int           // messages per batch handed over; 500
}

// withDefaults fills in what is not set, and refuses what can't work.
func (c Config) withDefaults() (Config, error) {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return c, fmt.Errorf("imap server %q: write host:port: %w", c.Addr, err)
	}
	if c.Security == Clear && !loopback(host) {
		return c, fmt.Errorf("imap server %q: clear text is allowed to this computer only; use imaps://, or imap:// with a server that starts TLS", c.Addr)
	}
	if c.User == "" {
		return c, errors.New("imap: no user name; write it before the host: imaps://user@host")
	}
	if c.Secret == nil {
		return c, errors.New("imap: no password and no command that prints it")
	}
	set(&c.DialTimeout, 30*time.Second)
	set(&c.FetchTimeout, time.Minute)
	set(&c.IdleTimeout, 31*time.Minute)
	set(&c.PollInterval, 5*time.Minute)
	set(&c.BatchSize, 400)
	set(&c.EmitSize, 500)
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{}
	}
	c.TLS = c.TLS.Clone()
	if c.TLS.ServerName == "" {
		c.TLS.ServerName = host
	}
	c.TLS.MinVersion = max(c.TLS.MinVersion, tls.VersionTLS12)
	return c, nil
}

func set[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// loopback reports whether host can only be this computer.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ParseURL reads "imaps://user@host:port" (TLS) and "imap://user@host:port"
// (STARTTLS; on a loopback address clear text where the server does not offer
// it). The ports are 993 and 143 where none is given. The user name may have an
// @ in it, as it is or as %40, and may be missing.
func ParseURL(s string) (Config, error) {
	var c Config
	u, err := url.Parse(s)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // without the URL, which could bear a password
		}
		return c, fmt.Errorf("imap: the address can't be read: %w; write imaps://user@host:port", err)
	}
	port := ""
	switch u.Scheme {
	case "imaps":
		c.Security, port = Implicit, "993"
	case "imap":
		c.Security, port = StartTLS, "143"
	default:
		return c, fmt.Errorf("imap: the address begins with %q; write imaps://user@host:port or imap://user@host:port", u.Scheme+":")
	}
	if _, has := u.User.Password(); has {
		return c, errors.New("imap: the address has a password in it; take it out (what is behind the first colon of the user name), Postrider asks for it or runs password_command")
	}
	if u.Hostname() == "" {
		return c, errors.New("imap: the address names no host; write imaps://user@host:port")
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return c, errors.New("imap: the address has something behind the port; write imaps://user@host:port")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	c.Addr = net.JoinHostPort(u.Hostname(), port)
	c.User = u.User.Username()
	if c.Security == StartTLS && loopback(u.Hostname()) {
		c.Security = Clear
	}
	return c, nil
}
