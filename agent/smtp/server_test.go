package smtp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"postrider/agent/mailserver"
	"postrider/agent/smtp"
	"postrider/offline"
)

// accepted is what go-smtp's server took.
type accepted struct {
	from string
	utf8 bool
	size int64
	to   []string
	raw  string
}

// library is go-smtp's server as a backend of itself: another implementation of
// the protocol than the fake's, with tokens.
type library struct {
	addr string
	tls  *tls.Config // for clients

	mu  sync.Mutex
	got []accepted
}

func startLibrary(t *testing.T, implicit bool) *library {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS() // for its certificate, which is for 127.0.0.1
	web.Close()
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	l := &library{tls: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &visit{l: l}, nil }))
	s.TLSConfig = &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
	s.EnableSMTPUTF8 = true
	s.MaxMessageBytes = 100_000
	s.MaxRecipients = 3
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.addr = inner.Addr().String()
	if implicit {
		inner = tls.NewListener(inner, s.TLSConfig)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = s.Serve(inner) })
	t.Cleanup(func() {
		_ = s.Close()
		running.Wait()
	})
	return l
}

// visit is one connection to it.
type visit struct {
	l  *library
	in bool
	m  accepted
}

func (v *visit) AuthMechanisms() []string {
	return []string{sasl.Plain, sasl.OAuthBearer, "XOAUTH2", sasl.Login}
}

func (v *visit) Auth(name string) (sasl.Server, error) {
	check := func(user, secret string) error {
		if v.in = user == "jana@example.test" && secret == "secret"; !v.in {
			return gosmtp.ErrAuthFailed
		}
		return nil
	}
	switch name {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.OAuthBearer:
		return sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
			if check(o.Username, o.Token) != nil {
				return &sasl.OAuthBearerError{Status: "invalid_token"}
			}
			return nil
		}), nil
	case "XOAUTH2":
		return &xoauth2{check: check}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// xoauth2 is the server's side as Google documents it: the reason, then the end.
type xoauth2 struct {
	check   func(user, token string) error
	refused error
}

func (x *xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.refused != nil {
		return nil, true, x.refused
	}
	user, rest, _ := strings.Cut(strings.TrimPrefix(string(response), "user="), "\x01auth=Bearer ")
	if x.refused = x.check(user, strings.TrimSuffix(rest, "\x01\x01")); x.refused != nil {
		return []byte(`{"status":"401"}`), false, nil
	}
	return nil, true, nil
}

func (v *visit) Mail(from string, o *gosmtp.MailOptions) error {
	if !v.in {
		return gosmtp.ErrAuthRequired
	}
	v.m = accepted{from: from, utf8: o.UTF8, size: o.Size}
	return nil
}

func (v *visit) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	v.m.to = append(v.m.to, to)
	return nil
}

func (v *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if bytes.Contains(b, []byte("spam")) {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 7, 1}, Message: "we don't like this message"}
	}
	v.m.raw = string(b)
	v.l.mu.Lock()
	defer v.l.mu.Unlock()
	v.l.got = append(v.l.got, v.m)
	return nil
}

func (v *visit) Reset()        { v.m = accepted{} }
func (v *visit) Logout() error { return nil }

func (l *library) config(security mailserver.Security, auth mailserver.Auth, secret string) smtp.Config {
	return smtp.Config{
		Address: mailserver.Address{Addr: l.addr, User: "jana@example.test", Security: security},
		Secret:  func(context.Context) (string, error) { return secret, nil }, Auth: auth, TLS: l.tls,
	}
}

func TestEveryWayToSignInWorksOverEveryWayToEncrypt(t *testing.T) {
	for _, security := range []mailserver.Security{mailserver.Implicit, mailserver.StartTLS, mailserver.Clear} {
		l := startLibrary(t, security == mailserver.Implicit)
		for _, auth := range []mailserver.Auth{mailserver.Auto, mailserver.Password, mailserver.XOAUTH2, mailserver.OAUTHBEARER} {
			s := newSender(t, l.config(security, auth, "secret"))
			if err := s.Send(t.Context(), envelope(), whole(text)); err != nil {
				t.Errorf("security %v, auth %v: %v", security, auth, err)
			}
			err := newSender(t, l.config(security, auth, "wrong-one")).Check(t.Context())
			if offline.ClassOf(err) != offline.FaultAuth || strings.Contains(err.Error(), "wrong-one") {
				t.Errorf("security %v, auth %v, wrong: class %q: %v", security, auth, offline.ClassOf(err), err)
			}
			if auth == mailserver.XOAUTH2 && !strings.Contains(err.Error(), `{"status":"401"}`) {
				t.Errorf("security %v: the server's reason is missing: %v", security, err)
			}
		}
		if len(l.got) != 4 {
			t.Errorf("security %v: %d messages", security, len(l.got))
		}
		for _, m := range l.got {
			if m.raw != text || m.from != "jana@example.test" || !slices.Equal(m.to, envelope().To) || m.utf8 || m.size != int64(len(text)) {
				t.Errorf("security %v: got %+v", security, m)
			}
		}
	}
}

func TestALargeMessageGoesOutByteForByte(t *testing.T) {
	l := startLibrary(t, true)
	raw := "Subject: long\r\n\r\n" + strings.Repeat("."+strings.Repeat("x", 70)+"\r\n..\r\n", 1000)
	s := newSender(t, l.config(mailserver.Implicit, mailserver.Auto, "secret"))
	if err := s.Send(t.Context(), envelope("jiří@example.test"), whole(raw)); err != nil {
		t.Fatal(err)
	}
	if len(l.got) != 1 || l.got[0].raw != raw || !l.got[0].utf8 {
		t.Errorf("got %d messages, UTF-8 %v", len(l.got), l.got[0].utf8)
	}
	for name, c := range map[string]struct {
		e    offline.Envelope
		raw  string
		want string
	}{
		"larger than said": {envelope(), strings.Repeat(raw, 2), "maximum"},
		"spam":             {envelope(), "spam\r\n", "550 5.7.1 we don't like this message"},
		"too many":         {envelope("a@x.test", "b@x.test", "c@x.test", "d@x.test"), text, "no more than 3 recipients"},
	} {
		err := s.Send(t.Context(), c.e, whole(c.raw))
		if offline.ClassOf(err) != offline.FaultRejected || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
	}
	if len(l.got) != 1 {
		t.Errorf("%d messages", len(l.got))
	}
}

func TestAConnectionThatIsNotMadeInTimeIsGivenUp(t *testing.T) {
	c := (&library{addr: "127.0.0.1:25"}).config(mailserver.Implicit, mailserver.Auto, "secret")
	c.DialTimeout = 1
	c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	err := newSender(t, c).Check(t.Context())
	if offline.ClassOf(err) != offline.FaultNetwork || !strings.Contains(err.Error(), "no connection within") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newSender(t, c).Check(ctx); offline.ClassOf(err) != offline.FaultNetwork || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: class %q: %v", offline.ClassOf(err), err)
	}
	// A name that says localhost and leads elsewhere.
	c = (&library{addr: "localhost:25"}).config(mailserver.Clear, mailserver.Auto, "secret")
	c.Dial = func(context.Context, string, string) (net.Conn, error) { return elsewhere{}, nil }
	if err := newSender(t, c).Check(t.Context()); offline.ClassOf(err) != offline.FaultTLS {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }
func (elsewhere) Close() error         { return nil }

func TestWhatCanNotWorkIsRefusedAtOnce(t *testing.T) {
	good := (&library{addr: "mail.example:465"}).config(mailserver.Implicit, mailserver.Auto, "x")
	if _, err := smtp.New(good); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*smtp.Config){
		"write host:port": func(c *smtp.Config) { c.Addr = "mail.example" },
		"clear text":      func(c *smtp.Config) { c.Security = mailserver.Clear },
		"no user":         func(c *smtp.Config) { c.User = "" },
		"no password":     func(c *smtp.Config) { c.Secret = nil },
	} {
		c := good
		change(&c)
		if _, err := smtp.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	c, err := smtp.ParseURL("smtp://jana@mail.example")
	if err != nil || c.Addr != "mail.example:587" || c.User != "jana" || c.Security != mailserver.StartTLS {
		t.Errorf("%+v, %v", c, err)
	}
}
