package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// session is one connection that is signed in. Its methods are called from one
// goroutine.
type session struct {
	cfg  *Config
	w    *wire
	conn net.Conn // w, or TLS over it
	c    *gosmtp.Client
	free func() bool // lets go of the context
}

// connect dials, secures and signs in. The session ends with ctx.
func (s *Sender) connect(ctx context.Context) (*session, error) {
	op := "connect to " + s.cfg.Addr
	early, cancel := context.WithTimeoutCause(ctx, s.cfg.DialTimeout, errSilent)
	defer cancel()
	conn, err := s.cfg.Dial(early, "tcp", s.cfg.Addr)
	if err != nil {
		return nil, s.late(early, ctx, op, scheme.DialFault(ctx, op, s.cfg.TLS.ServerName, err))
	}
	if err := s.cfg.Elsewhere(op, conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	c := &session{cfg: &s.cfg, w: newWire(conn, s.cfg.Timeout)}
	stop := context.AfterFunc(early, func() { _ = c.w.fail(context.Cause(early)) })
	defer stop()
	if err = c.greet(early, op); err == nil {
		err = c.signIn(early, op)
	}
	if err != nil {
		_ = c.w.Close()
		return nil, s.late(early, ctx, op, err)
	}
	c.free = context.AfterFunc(ctx, func() { _ = c.w.fail(ctx.Err()) })
	s.cfg.Log.Debug("smtp: connected", "addr", s.cfg.Addr)
	return c, nil
}

// late puts it plainly if it was the time to connect that ran out, unless the
// server gave another reason.
func (s *Sender) late(early, ctx context.Context, op string, err error) error {
	if early.Err() == nil || ctx.Err() != nil || offline.ClassOf(err) != offline.FaultNetwork {
		return err
	}
	return &offline.Fault{Class: offline.FaultNetwork, Op: op, Text: fmt.Sprintf("no connection within %v", s.cfg.DialTimeout), Err: errSilent}
}

// greet takes the connection through the server's greeting and TLS, and hands it
// to go-smtp. It speaks for itself because go-smtp can't start TLS where it is
// offered, introduces itself as somebody else before TLS, and does not notice
// what was put into the clear part.
func (c *session) greet(ctx context.Context, op string) error {
	c.conn = c.w
	if c.cfg.Security == mailserver.Implicit {
		if err := c.handshake(ctx, op); err != nil {
			return err
		}
	}
	text := textproto.NewConn(c.conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		var nonsense textproto.ProtocolError
		if errors.As(err, &nonsense) && ctx.Err() == nil {
			return &offline.Fault{Class: offline.FaultProtocol, Op: op, Text: "this is not an SMTP server: " + mailserver.Printable(string(nonsense))}
		}
		return c.fault(ctx, op, connecting, err)
	}
	if c.cfg.Security != mailserver.Implicit {
		if err := c.startTLS(ctx, op, text); err != nil {
			return err
		}
	}
	c.c = gosmtp.NewClient(&greeted{Conn: c.conn, again: "220 ready\r\n"})
	if err := c.c.Hello(c.cfg.Hello); err != nil {
		return c.fault(ctx, op, connecting, err)
	}
	return nil
}

// startTLS starts TLS where it is offered (RFC 3207); where it is not, it goes
// on in clear if that is allowed.
func (c *session) startTLS(ctx context.Context, op string, text *textproto.Conn) error {
	ask := func(want int, format string, args ...any) (string, error) {
		if _, err := text.Cmd(format, args...); err != nil {
			return "", err
		}
		_, msg, err := text.ReadResponse(want)
		return msg, err
	}
	msg, err := ask(250, "EHLO %s", c.cfg.Hello)
	if r, ok := refused(err); err != nil && !(ok && (r.code == 500 || r.code == 502)) { // an old server knows no EHLO
		return c.fault(ctx, op, connecting, err)
	}
	offered := false
	for i, line := range strings.Split(msg, "\n") {
		offered = offered || i > 0 && err == nil && strings.EqualFold(strings.TrimSpace(line), "STARTTLS")
	}
	switch {
	case !offered && c.cfg.Security == mailserver.Clear:
		return nil
	case !offered:
		return &offline.Fault{Class: offline.FaultTLS, Op: op, Text: "the server does not offer to start TLS, and nothing is sent in clear; use smtps:// if it has a port for it"}
	}
	if _, err := ask(220, "STARTTLS"); err != nil {
		return c.fault(ctx, op, securing, err)
	}
	if text.R.Buffered() > 0 { // someone put words into the clear part
		return &offline.Fault{Class: offline.FaultTLS, Op: op, Text: "the server goes on in clear after it agreed to start TLS; the connection may be tampered with"}
	}
	return c.handshake(ctx, op)
}

// handshake puts TLS over the connection.
func (c *session) handshake(ctx context.Context, op string) error {
	t := tls.Client(c.w, c.cfg.TLS)
	if err := t.HandshakeContext(ctx); err != nil {
		return scheme.DialFault(ctx, op, c.cfg.TLS.ServerName, err)
	}
	c.conn = t
	return nil
}

// signIn tries the way that fits server and configuration. Where the server has
// no way at all, nothing is tried: it may know its own network, or will say at
// the message what it wants.
func (c *session) signIn(ctx context.Context, op string) error {
	if ok, _ := c.c.Extension("AUTH"); !ok {
		return nil
	}
	secret, err := c.cfg.Secret(ctx)
	if err != nil {
		return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the password can't be had", Err: err}
	}
	op += " as " + c.cfg.User
	m := c.cfg.Auth.Choose(c.c.SupportsAuth, c.cfg.User, secret, c.cfg.Addr)
	if m == nil {
		return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the server accepts no password; sign in with the provider instead (OAuth2)"}
	}
	if err := c.c.Auth(m); err != nil {
		f := c.fault(ctx, op, signingIn, err)
		if m.Why != "" { // only a token that is refused is explained, whatever code follows
			f.Class, f.Text = offline.FaultAuth, f.Text+" ("+m.Why+")"
		}
		return f
	}
	return nil
}

// leave says goodbye where there is still somebody, and closes the connection.
func (c *session) leave() {
	if unsent, err := c.w.cut(); err == nil && !unsent {
		c.w.wait(min(c.cfg.Timeout, 5*time.Second))
		_ = c.c.Quit() // a courtesy
	}
	c.free()
	_ = c.w.Close()
}
