package imap_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

func TestAddressesAreReadFromURLs(t *testing.T) {
	for in, want := range map[string]imap.Config{
		"imaps://jana@imap.example.com":                    {Addr: "imap.example.com:993", User: "jana", Security: imap.Implicit},
		"imaps://jana%40example.com@imap.example.com:1993": {Addr: "imap.example.com:1993", User: "jana@example.com", Security: imap.Implicit},
		"imaps://jana@example.com@imap.example.com":        {Addr: "imap.example.com:993", User: "jana@example.com", Security: imap.Implicit},
		"imap://jana@imap.example.com/":                    {Addr: "imap.example.com:143", User: "jana", Security: imap.StartTLS},
		"imap://jana@127.0.0.1:1143":                       {Addr: "127.0.0.1:1143", User: "jana", Security: imap.Clear},
		"imap://jana@[::1]:1143":                           {Addr: "[::1]:1143", User: "jana", Security: imap.Clear},
		"imap://localhost":                                 {Addr: "localhost:143", Security: imap.Clear},
		"imap://jana@127.0.0.1.example.com":                {Addr: "127.0.0.1.example.com:143", User: "jana", Security: imap.StartTLS},
		"imaps://dom%5Cjana@imap.example.com":              {Addr: "imap.example.com:993", User: `dom\jana`, Security: imap.Implicit},
		"imap://shared+team@127.10.20.30":                  {Addr: "127.10.20.30:143", User: "shared+team", Security: imap.Clear},
	} {
		got, err := imap.ParseURL(in)
		if err != nil || got.Addr != want.Addr || got.User != want.User || got.Security != want.Security {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"jana@imap.example.com":                   "write imaps://",
		"http://imap.example.com":                 "write imaps://",
		"imaps://":                                "names no host",
		"imaps://jana:topsecret@imap.example.com": "has a password in it",
		"imaps://jana:topsecret@imap.exa mple":    "can't be read",
		"imaps://jana@imap.example.com/INBOX":     "behind the port",
		"imaps://jana@imap.example.com:x":         "can't be read",
		"":                                        "write imaps://",
	} {
		_, err := imap.ParseURL(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestClearTextIsRefusedToAnyOtherComputer(t *testing.T) {
	secret := func(context.Context) (string, error) { return "x", nil }
	for addr, ok := range map[string]bool{"127.0.0.1:143": true, "[::1]:143": true, "localhost:143": true, "192.0.2.1:143": false, "imap.example.com:143": false, "0.0.0.0:143": false, "imap.example.com": false} {
		_, err := imap.New(imap.Config{Addr: addr, Security: imap.Clear, User: "jana", Secret: secret})
		if (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
	}
	// A name that says localhost and leads elsewhere.
	m, err := imap.New(imap.Config{Addr: "localhost:143", Security: imap.Clear, User: "jana", Secret: secret,
		Dial: func(context.Context, string, string) (net.Conn, error) { return elsewhere{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Folders(t.Context()); offline.ClassOf(err) != offline.FaultTLS {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }
func (elsewhere) Close() error         { return nil }

func TestWithoutSTARTTLSNothingSecretIsSent(t *testing.T) {
	for name, greeting := range map[string]string{"not offered": "", "signed in already": "* PREAUTH [CAPABILITY IMAP4rev1] hi"} {
		f := imaptest.StartFake(t)
		f.Greeting = greeting
		_, err := f.Fixture().Mailbox(t, func(c *imap.Config) { c.Security = imap.StartTLS }).Folders(t.Context())
		if offline.ClassOf(err) != offline.FaultTLS {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
		if h := f.History(); slices.ContainsFunc(h, func(s string) bool { return s == "LOGIN" || s == "AUTHENTICATE" }) {
			t.Errorf("%s: commands %v", name, h)
		}
	}
}

func TestWordsPutIntoTheClearPartOfSTARTTLSAreNoticed(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = []string{"STARTTLS"}
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "STARTTLS" {
			c.Raw(cmd.Tag + " OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
			return true
		}
		return false
	}
	_, err := f.Fixture().Mailbox(t).Folders(t.Context())
	if offline.ClassOf(err) != offline.FaultTLS || !strings.Contains(err.Error(), "tampered") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestCertificatesAreCheckedAndTheRemedyIsNamed(t *testing.T) {
	d := imaptest.StartDovecot(t, imaptest.Options{})
	for name, c := range map[string]struct {
		change func(*imap.Config)
		want   string
	}{
		"unknown authority": {func(c *imap.Config) { c.TLS.RootCAs = nil }, "ca_file"},
		"another name":      {func(c *imap.Config) { c.TLS.ServerName = "imap.example.com" }, "not for"},
		"no TLS there":      {func(c *imap.Config) { c.Addr = d.Addr }, "does not speak TLS"},
		"started TLS on loopback, unknown authority": {func(c *imap.Config) {
			c.Addr, c.Security, c.TLS.RootCAs = d.Addr, imap.Clear, nil
		}, "ca_file"},
	} {
		_, err := d.Fixture().Mailbox(t, c.change).Folders(t.Context())
		if offline.ClassOf(err) != offline.FaultTLS || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
	}
	m := d.Fixture().Mailbox(t, func(c *imap.Config) {
		c.Addr, c.Security = d.Addr, imap.StartTLS
		c.TLS = &tls.Config{RootCAs: d.Roots, MinVersion: tls.VersionTLS13}
	})
	if _, err := m.Folders(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTokensAreSentAsTheMechanismsWant(t *testing.T) {
	for _, c := range []struct {
		auth imap.Auth
		caps []string
		want string
	}{
		{imap.XOAUTH2, []string{"AUTH=XOAUTH2", "AUTH=PLAIN", "SASL-IR"}, "user=jana@example.test\x01auth=Bearer secret\x01\x01"},
		{imap.XOAUTH2, []string{"AUTH=XOAUTH2"}, "user=jana@example.test\x01auth=Bearer secret\x01\x01"},
		{imap.OAUTHBEARER, []string{"AUTH=OAUTHBEARER", "SASL-IR"}, "n,a=jana@example.test,\x01host=127.0.0.1\x01port=PORT\x01auth=Bearer secret\x01\x01"},
		{imap.Auto, []string{"AUTH=OAUTHBEARER", "AUTH=XOAUTH2", "LOGINDISABLED"}, "n,a=jana@example.test,\x01host=127.0.0.1\x01port=PORT\x01auth=Bearer secret\x01\x01"},
		{imap.Auto, []string{"AUTH=XOAUTH2", "LOGINDISABLED"}, "user=jana@example.test\x01auth=Bearer secret\x01\x01"},
		{imap.Auto, []string{"AUTH=XOAUTH2", "AUTH=PLAIN"}, "\x00jana@example.test\x00secret"},
		{imap.Password, []string{"AUTH=PLAIN", "SASL-IR"}, "\x00jana@example.test\x00secret"},
	} {
		f := imaptest.StartFake(t)
		f.Auth, f.Caps = c.caps, nil
		_, port, err := net.SplitHostPort(f.Addr)
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan string, 1)
		f.Command = func(fc *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if cmd.Name != "AUTHENTICATE" {
				return false
			}
			_, initial, ok := strings.Cut(cmd.Args, " ")
			if !ok {
				fc.Send("+ ")
				initial = fc.ReadLine()
			}
			said <- imaptest.Plain(initial)
			fc.OK(cmd)
			return true
		}
		if _, err := f.Fixture().Mailbox(t, func(cfg *imap.Config) { cfg.Auth = c.auth }).Folders(t.Context()); err != nil {
			t.Errorf("%v: %v", c.caps, err)
			continue
		}
		if got, want := <-said, strings.ReplaceAll(c.want, "PORT", port); got != want {
			t.Errorf("%v: said %q, want %q", c.caps, got, want)
		}
	}
}

func TestARefusedTokenSaysWhyAndNotWhat(t *testing.T) {
	for auth, answer := range map[imap.Auth]string{imap.XOAUTH2: "", imap.OAUTHBEARER: "AQ=="} {
		f := imaptest.StartFake(t)
		f.Auth = []string{"AUTH=XOAUTH2", "AUTH=OAUTHBEARER"}
		reply := make(chan string, 1)
		f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if cmd.Name != "AUTHENTICATE" {
				return false
			}
			c.Send("+ " + base64.StdEncoding.EncodeToString([]byte(`{"status":"400","scope":"https://mail.example.com/"}`)))
			reply <- c.ReadLine()
			c.Send(cmd.Tag + " NO SASL authentication failed")
			return true
		}
		_, err := f.Fixture().Mailbox(t, func(c *imap.Config) { c.Auth = auth }).Folders(t.Context())
		if offline.ClassOf(err) != offline.FaultAuth || !strings.Contains(err.Error(), `"status":"400"`) || strings.Contains(err.Error(), "secret") {
			t.Errorf("class %q: %v", offline.ClassOf(err), err)
		}
		if got := <-reply; got != answer {
			t.Errorf("answered %q, want %q", got, answer)
		}
	}
}

func TestLOGINIsUsedWhereThereIsNothingElse(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Auth = []string{}
	said := make(chan []string, 2)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "LOGIN" {
			return false
		}
		all := []string{cmd.Args}
		for strings.HasSuffix(all[len(all)-1], "}") {
			c.Send("+ go on")
			all = append(all, c.ReadLine())
		}
		said <- all
		c.OK(cmd)
		return true
	}
	for password, want := range map[string][]string{
		`a"b\c`:  {`"jana@example.test" "a\"b\\c"`},
		"hesloě": {"{17}", "jana@example.test {7}", "hesloě"},
	} {
		m := f.Fixture().Mailbox(t, func(c *imap.Config) { c.Secret = func(context.Context) (string, error) { return password, nil } })
		if _, err := m.Folders(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := <-said; !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	f.Lock()
	f.Auth = []string{"LOGINDISABLED"}
	f.Unlock()
	_, err := f.Fixture().Mailbox(t).Folders(t.Context())
	if offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestRefusalsAreClassifiedByTheirCode(t *testing.T) {
	for answer, want := range map[string]offline.FaultClass{
		"NO [AUTHENTICATIONFAILED] Invalid credentials": offline.FaultAuth,
		"NO Login failed": offline.FaultAuth,
		"NO [ALERT] Application-specific password required: x (Failure)": offline.FaultAuth,
		"NO [EXPIRED] x": offline.FaultAuth,
		"NO [UNAVAILABLE] Temporary authentication failure": offline.FaultServer,
		"NO [INUSE] x":                 offline.FaultServer,
		"NO [LIMIT] Too many sessions": offline.FaultThrottled,
		"NO [OVERQUOTA] Account exceeded command or bandwidth limits": offline.FaultThrottled,
		"NO [PRIVACYREQUIRED] x": offline.FaultTLS,
		"NO [CONTACTADMIN] x":    offline.FaultDenied,
		"BAD syntax":             offline.FaultProtocol,
	} {
		f := imaptest.StartFake(t)
		f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if cmd.Name == "AUTHENTICATE" {
				c.Send(cmd.Tag + " " + answer)
				return true
			}
			return false
		}
		_, err := f.Fixture().Mailbox(t).Folders(t.Context())
		if got := offline.ClassOf(err); got != want {
			t.Errorf("%s: class %q, want %q: %v", answer, got, want, err)
		}
	}
	for greeting, want := range map[string]offline.FaultClass{
		"* BYE Too many connections":             offline.FaultServer,
		"* BYE [UNAVAILABLE] down":               offline.FaultServer,
		"220 smtp.example.com ESMTP":             offline.FaultProtocol,
		"* OK " + strings.Repeat("x", 1<<20):     offline.FaultProtocol,
		"HTTP/1.1 400 Bad Request\r\n\r\n<html>": offline.FaultNetwork, // a network that wants a sign-in first
	} {
		f := imaptest.StartFake(t)
		f.Greeting = greeting
		_, err := f.Fixture().Mailbox(t).Folders(t.Context())
		if got := offline.ClassOf(err); got != want {
			t.Errorf("%.40s: class %q, want %q: %v", greeting, got, want, err)
		}
	}
}

func TestCapabilitiesThatCameUnaskedAreNotAskedFor(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready"
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "AUTHENTICATE" {
			c.Send(cmd.Tag + " OK [CAPABILITY IMAP4rev1 IDLE] signed in")
			return true
		}
		return false
	}
	if _, err := f.Fixture().Mailbox(t).Folders(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := f.History(); !slices.Equal(h, []string{"AUTHENTICATE", "LIST"}) {
		t.Errorf("commands %v", h)
	}
}

func TestAConnectionThatIsNotMadeInTimeIsGivenUp(t *testing.T) {
	m := imaptest.StartFake(t).Fixture().Mailbox(t, func(c *imap.Config) {
		c.DialTimeout = 50 * time.Millisecond
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	if _, err := m.Folders(t.Context()); offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	f := imaptest.StartFake(t)
	f.Greeting = "-"
	m = f.Fixture().Mailbox(t, func(c *imap.Config) { c.DialTimeout = 50 * time.Millisecond })
	if _, err := m.Folders(t.Context()); offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestAPasswordThatCanNotBeHadIsAMatterOfSigningIn(t *testing.T) {
	locked := errors.New("the keyring is locked")
	m := imaptest.StartFake(t).Fixture().Mailbox(t, func(c *imap.Config) {
		c.Secret = func(context.Context) (string, error) { return "", locked }
	})
	if _, err := m.Folders(t.Context()); offline.ClassOf(err) != offline.FaultAuth || !errors.Is(err, locked) {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}
