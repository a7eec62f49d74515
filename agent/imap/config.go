package imap

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"postrider/agent/mailserver"
)

// Security is how the connection is protected, and Auth how to sign in; see
// package mailserver.
type (
	Security = mailserver.Security
	Auth     = mailserver.Auth
)

// The ways to protect a connection and to sign in.
const (
	Implicit = mailserver.Implicit
	StartTLS = mailserver.StartTLS
	Clear    = mailserver.Clear

	Auto        = mailserver.Auto
	Password    = mailserver.Password
	XOAUTH2     = mailserver.XOAUTH2
	OAUTHBEARER = mailserver.OAUTHBEARER
)

var scheme = mailserver.Scheme{Name: "imap", Port: "143", ImplicitPort: "993"}

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
	// Addrs are this computer's addresses: a connection from one that is gone is
	// dead.
	Addrs func() ([]net.Addr, error)

	DialTimeout  time.Duration // for connecting, TLS and signing in, together; 30 s
	FetchTimeout time.Duration // without any progress, while a command is under way; 60 s
	WakeTimeout  time.Duration // for the first answer after a long silence; 5 s
	IdleTimeout  time.Duration // without any answer while idling, which ends the connection; 31 min
	PollInterval time.Duration // of Idle, where the server has no IDLE; 5 min
	BatchSize    int           // messages per FETCH of a scan; 400
	EmitSize     int           // messages per batch handed over; 500
}

// withDefaults fills in what is not set, and refuses what can't work.
func (c Config) withDefaults() (Config, error) {
	if err := scheme.Check(c.address()); err != nil {
		return c, err
	}
	if c.User == "" {
		return c, errors.New("imap: no user name; write it before the host: imaps://user@host")
	}
	if c.Secret == nil {
		return c, errors.New("imap: no password and no command that prints it")
	}
	set(&c.DialTimeout, 30*time.Second)
	set(&c.FetchTimeout, time.Minute)
	set(&c.WakeTimeout, 5*time.Second)
	set(&c.IdleTimeout, 31*time.Minute)
	set(&c.PollInterval, 5*time.Minute)
	set(&c.BatchSize, 400)
	set(&c.EmitSize, 500)
	if c.Dial == nil {
		// While nothing is sent, the system asks whether the other side is there:
		// one that is gone without a word is noticed within 35 s.
		c.Dial = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 4}}).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Addrs == nil {
		c.Addrs = net.InterfaceAddrs
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.TLS = mailserver.TLS(c.TLS, c.Addr)
	return c, nil
}

func set[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c Config) address() mailserver.Address {
	return mailserver.Address{Addr: c.Addr, Security: c.Security, User: c.User}
}

// ParseURL reads "imaps://user@host:port" (TLS) and "imap://user@host:port"
// (STARTTLS; on a loopback address clear text where the server does not offer
// it). The ports are 993 and 143 where none is given. The user name may have an
// @ in it, as it is or as %40, and may be missing.
func ParseURL(s string) (Config, error) {
	a, err := scheme.Parse(s)
	return Config{Addr: a.Addr, Security: a.Security, User: a.User}, err
}
