package mailserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"postrider/agent/mailserver"
	"postrider/offline"
)

func TestAddressesAreReadByScheme(t *testing.T) {
	smtp := mailserver.Scheme{Name: "smtp", Port: "587", ImplicitPort: "465"}
	for in, want := range map[string]mailserver.Address{
		"smtps://jana@mail.example.com":                    {Addr: "mail.example.com:465", User: "jana", Security: mailserver.Implicit},
		"smtp://jana%40example.com@mail.example.com":       {Addr: "mail.example.com:587", User: "jana@example.com", Security: mailserver.StartTLS},
		"smtp://mail.example.com:25":                       {Addr: "mail.example.com:25", Security: mailserver.StartTLS},
		"smtp://jana@[::1]:2525":                           {Addr: "[::1]:2525", User: "jana", Security: mailserver.Clear},
		"smtp://jana@localhost.example.com":                {Addr: "localhost.example.com:587", User: "jana", Security: mailserver.StartTLS},
		"smtps://jana@example.com@mail.example.com:10465/": {Addr: "mail.example.com:10465", User: "jana@example.com", Security: mailserver.Implicit},
	} {
		if got, err := smtp.Parse(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"imaps://mail.example.com":         "write smtps://",
		"smtps://":                         "names no host",
		"smtps://jana:secret@mail.example": "has a password in it",
		"smtps://mail.example/x":           "behind the port",
		"smtps://mail.exa mple":            "can't be read",
	} {
		if _, err := smtp.Parse(in); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", in, err)
		}
	}
	for a, ok := range map[mailserver.Address]bool{
		{Addr: "127.0.0.1:25", Security: mailserver.Clear}:    true,
		{Addr: "192.0.2.1:25", Security: mailserver.Clear}:    false,
		{Addr: "192.0.2.1:25", Security: mailserver.StartTLS}: true,
		{Addr: "192.0.2.1"}: false,
	} {
		if err := smtp.Check(a); (err == nil) != ok {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

func TestTheMechanismFitsWhatIsOfferedAndWhatIsConfigured(t *testing.T) {
	const tokenX, tokenB = "user=jana\x01auth=Bearer pw\x01\x01", "n,a=jana,\x01host=mail.example\x01port=587\x01auth=Bearer pw\x01\x01"
	for _, c := range []struct {
		auth          mailserver.Auth
		offered       string
		name, initial string
	}{
		{mailserver.Auto, "PLAIN LOGIN XOAUTH2", "PLAIN", "\x00jana\x00pw"},
		{mailserver.Auto, "LOGIN XOAUTH2", "LOGIN", ""},
		{mailserver.Auto, "XOAUTH2 OAUTHBEARER", "OAUTHBEARER", tokenB},
		{mailserver.Auto, "XOAUTH2", "XOAUTH2", tokenX},
		{mailserver.Auto, "CRAM-MD5", "", ""},
		{mailserver.Password, "XOAUTH2", "", ""},
		{mailserver.XOAUTH2, "PLAIN", "XOAUTH2", tokenX},
		{mailserver.OAUTHBEARER, "PLAIN", "OAUTHBEARER", tokenB},
	} {
		m := c.auth.Choose(func(name string) bool { return slices.Contains(strings.Fields(c.offered), name) }, "jana", "pw", "mail.example:587")
		if m == nil {
			if c.name != "" {
				t.Errorf("%v of %s: nothing", c.auth, c.offered)
			}
			continue
		}
		if name, initial, err := m.Start(); name != c.name || string(initial) != c.initial || err != nil {
			t.Errorf("%v of %s: %s %q, %v", c.auth, c.offered, name, initial, err)
		}
	}
}

func TestChallengesAreAnsweredAndRefusalsKept(t *testing.T) {
	none := func(string) bool { return false }
	login := mailserver.Password.Choose(func(n string) bool { return n == "LOGIN" }, "jana", "pw", "")
	var said []string
	for _, challenge := range []string{"Username:", "whatever"} {
		b, err := login.Next([]byte(challenge))
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, string(b))
	}
	if _, err := login.Next(nil); !slices.Equal(said, []string{"jana", "pw"}) || err == nil {
		t.Errorf("said %q, then %v", said, err)
	}
	for auth, want := range map[mailserver.Auth]string{mailserver.XOAUTH2: "", mailserver.OAUTHBEARER: "\x01"} {
		m := auth.Choose(none, "a=b,c", "token", "")
		b, err := m.Next([]byte("{\"status\":\"400\"}\r\n\x00"))
		if err != nil || string(b) != want || m.Why != `{"status":"400"}` {
			t.Errorf("%v: %q, why %q, %v", auth, b, m.Why, err)
		}
	}
}

func TestFailuresToConnectAreToldApart(t *testing.T) {
	s := mailserver.Scheme{Name: "smtp", ImplicitPort: "465"}
	for _, c := range []struct {
		err   error
		class offline.FaultClass
		want  string
	}{
		{fmt.Errorf("tls: %w", x509.UnknownAuthorityError{}), offline.FaultTLS, "ca_file"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "mail.example"}, offline.FaultTLS, "not for mail.example"},
		{x509.CertificateInvalidError{Reason: x509.Expired}, offline.FaultTLS, "not valid"},
		{tls.RecordHeaderError{Msg: "x"}, offline.FaultTLS, "smtps:// (465)"},
		{tls.RecordHeaderError{Msg: "x", RecordHeader: [5]byte{'H', 'T', 'T', 'P', '/'}}, offline.FaultNetwork, "open a web page"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "mail.example"}, offline.FaultTLS, "wants a sign-in first"},
		{tls.AlertError(40), offline.FaultTLS, "refused the TLS"},
		{errors.New("no route"), offline.FaultNetwork, "no route"},
	} {
		f := s.DialFault(t.Context(), "connect", "mail.example", c.err)
		if f.Class != c.class || !strings.Contains(f.Error(), c.want) || !errors.Is(f, c.err) {
			t.Errorf("%v: %v %v", c.err, f.Class, f)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if f := s.DialFault(over, "connect", "mail.example", tls.AlertError(40)); f.Class != offline.FaultNetwork {
		t.Errorf("cancelled: %v", f)
	}
	if got := mailserver.Printable("a\x00b\r\nc\xff" + strings.Repeat("ž", 200)); !strings.HasPrefix(got, "abc?žž") || len(got) > 310 || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("%q", got)
	}
}

type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }

func TestAClearConnectionThatLeadsElsewhereIsRefused(t *testing.T) {
	for sec, ok := range map[mailserver.Security]bool{mailserver.Clear: false, mailserver.StartTLS: true, mailserver.Implicit: true} {
		if err := (mailserver.Address{Security: sec}).Elsewhere("connect", nowhere{}); (err == nil) != ok {
			t.Errorf("%v: %v", sec, err)
		}
	}
}
