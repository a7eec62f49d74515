package smtp_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"postrider/agent/mailserver"
	"postrider/agent/smtp"
	"postrider/agent/smtp/smtptest"
	"postrider/offline"
)

func TestPostfixTakesWhatIsSent(t *testing.T) {
	p := smtptest.StartPostfix(t, smtptest.Options{
		Refuse: map[string]string{"nobody@example.test": "550 5.1.1 no such user", "later@example.test": "450 4.2.1 come back"},
		Config: "message_size_limit = 500000\nsmtpd_recipient_limit = 5",
	})
	plain := func(c *smtp.Config) {}
	startTLS := func(c *smtp.Config) { c.Addr, c.Security = p.Addr, mailserver.StartTLS }
	long := strings.Repeat("a", 900)
	for _, c := range []struct {
		name   string
		change func(*smtp.Config)
		e      offline.Envelope
		class  offline.FaultClass
		want   string
	}{
		{"implicit TLS", plain, envelope("one@example.test", "two@example.test"), "", ""},
		{"STARTTLS", startTLS, envelope("three@example.test"), "", ""},
		{"STARTTLS on loopback where offered", func(c *smtp.Config) { c.Addr, c.Security = p.Addr, mailserver.Clear }, envelope("four@example.test"), "", ""},
		{"SMTPUTF8", plain, envelope("jiří@example.test"), "", ""},
		{"quoted", plain, envelope(`"five six"@example.test`), "", ""},
		{"one refused", plain, envelope("seven@example.test", "nobody@example.test"), offline.FaultRejected, "nobody@example.test (550 5.1.1 "},
		{"one not now", plain, envelope("seven@example.test", "later@example.test"), offline.FaultThrottled, "come back"},
		{"too many", plain, envelope("a@example.test", "b@example.test", "c@example.test", "d@example.test", "e@example.test", "f@example.test"), offline.FaultRejected, "no more than 5 recipients"},
		{"too large", plain, offline.Envelope{From: p.Dovecot.User, To: []string{"a@example.test"}, Size: 600_000}, offline.FaultRejected, "takes 0.5 MB at most"},
		{"in another's name", plain, offline.Envelope{From: "boss@example.test", To: []string{"a@example.test"}}, offline.FaultRejected, "not owned by user"},
		{"a wrong password", func(c *smtp.Config) { c.Secret = func(context.Context) (string, error) { return "guess", nil } }, envelope("a@example.test"), offline.FaultAuth, "535"},
		{"no such mechanism", func(c *smtp.Config) { c.Auth = mailserver.XOAUTH2 }, envelope("a@example.test"), offline.FaultAuth, "535"},
		{"an unknown authority", func(c *smtp.Config) { c.TLS.RootCAs = nil }, envelope("a@example.test"), offline.FaultTLS, "ca_file"},
		{"another name", func(c *smtp.Config) { c.TLS.ServerName = "smtp.example.com" }, envelope("a@example.test"), offline.FaultTLS, "not for smtp.example.com"},
		{"no TLS there", func(c *smtp.Config) { c.Addr = p.Addr }, envelope("a@example.test"), offline.FaultTLS, "smtps:// (465)"},
		{"nobody listens", func(c *smtp.Config) { c.Addr = "127.0.0.1:1" }, envelope("a@example.test"), offline.FaultNetwork, "refused"},
	} {
		cfg := p.Config()
		c.change(&cfg)
		s, err := smtp.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), c.e, whole("From: jana@example.test\r\nSubject: "+c.name+"\r\n\r\n.dots\r\n..\r\n.\r\n"+long+"\r\nend"))
		if offline.ClassOf(err) != c.class || (err == nil) != (c.class == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: class %q, want %q: %v", c.name, offline.ClassOf(err), c.class, err)
		}
		if checked := s.Check(t.Context()); (checked == nil) != (c.class != offline.FaultAuth && c.class != offline.FaultTLS && c.class != offline.FaultNetwork) {
			t.Errorf("%s: checked: %v", c.name, checked)
		}
	}
	got := p.Delivered(6)
	var to []string
	for _, m := range got {
		_, after, _ := strings.Cut(m, "X-Original-To: ")
		addr, _, _ := strings.Cut(after, "\n")
		to = append(to, addr)
		if !strings.HasPrefix(m, "Return-Path: <"+p.Dovecot.User+">") || !strings.HasSuffix(m, "\n\n.dots\n..\n.\n"+long+"\nend\n") {
			t.Errorf("delivered as\n%s", m)
		}
		if !strings.Contains(m, "with ESMTPSA") && !strings.Contains(m, "with UTF8SMTPSA") || strings.Contains(m, "Received: from postrider") {
			t.Errorf("received as\n%s", m)
		}
	}
	slices.Sort(to)
	if want := []string{`"five six"@example.test`, "four@example.test", "jiří@example.test", "one@example.test", "three@example.test", "two@example.test"}; !slices.Equal(to, want) {
		t.Errorf("delivered to %q", to)
	}
}

func TestWhatOneSendsToOneselfArrivesInOnesInbox(t *testing.T) {
	p := smtptest.StartPostfix(t, smtptest.Options{})
	s, err := smtp.New(p.Config())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), envelope(p.Dovecot.User, "somebody@example.test"), whole(text)); err != nil {
		t.Fatal(err)
	}
	if got := append(p.Inbox(1), p.Delivered(1)...); len(got) != 2 || !strings.Contains(got[0], "X-Original-To: "+p.Dovecot.User) || !strings.Contains(got[1], "X-Original-To: somebody@") {
		t.Errorf("%q", got)
	}
}
