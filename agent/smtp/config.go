package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"postrider/agent/mailserver"
)

// Config says where mail is handed in, and as whom. Addr, User and Secret are
// needed; all else has a default.
type Config struct {
	mailserver.Address
	// Secret gives the password or access token, each time it is needed. Its
	// result is used and forgotten.
	Secret func(ctx context.Context) (string, error)
	Auth   mailserver.Auth

	TLS  *tls.Config // ServerName is filled in; nil: the system's authorities
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Log  *slog.Logger

	// Hello is how we introduce ourselves. The default, "[127.0.0.1]", is of the
	// form that RFC 5321 section 4.1.3 has for computers without a name, and tells
	// the recipients nothing about the user's network.
	Hello string

	DialTimeout   time.Duration // for connecting, TLS and signing in, together; 30 s
	Timeout       time.Duration // for an answer, and without progress while sending; 1 min
	AnswerTimeout time.Duration // for the answer to a whole message (RFC 5321 section 4.5.3.2.6); 10 min
}

// withDefaults fills in what is not set, and refuses what can't work.
func (c Config) withDefaults() (Config, error) {
	if err := scheme.Check(c.Address); err != nil {
		return c, err
	}
	if c.User == "" {
		return c, errors.New("smtp: no user name; write it before the host: smtps://user@host")
	}
	if c.Secret == nil {
		return c, errors.New("smtp: no password and no command that prints it")
	}
	set(&c.DialTimeout, 30*time.Second)
	set(&c.Timeout, time.Minute)
	set(&c.AnswerTimeout, 10*time.Minute)
	if c.Hello == "" {
		c.Hello = "[127.0.0.1]"
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.TLS = mailserver.TLS(c.TLS, c.Addr)
	return c, nil
}

func set(d *time.Duration, def time.Duration) {
	if *d <= 0 {
		*d = def
	}
}

var scheme = mailserver.Scheme{Name: "smtp", Port: "587", ImplicitPort: "465"}

// ParseURL reads "smtps://user@host:port" (TLS) and "smtp://user@host:port"
// (STARTTLS; on a loopback address clear text where the server does not offer
// it). The ports are 465 and 587 where none is given (RFC 8314 section 7.3, RFC
// 6409). The user name may have an @ in it, as it is or as %40, and may be
// missing.
func ParseURL(s string) (Config, error) {
	a, err := scheme.Parse(s)
	return Config{Address: a}, err
}
