package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"postrider/agent/imap/imaptest"
)

// postOffice is an SMTP server that keeps what it is handed, and brings it to
// the mailboxes of those whom it knows.
type postOffice struct {
	t     testing.TB
	addr  string
	boxes map[string]*imaptest.Dovecot // by address

	mu     sync.Mutex
	handed []parcel
	took   func() // called when it has a message, before it says so
}

type parcel struct {
	from string
	to   []string
	raw  []byte
}

func openPostOffice(t testing.TB) *postOffice {
	t.Helper()
	o := &postOffice{t: t, boxes: map[string]*imaptest.Dovecot{}, took: func() {}}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{office: o}, nil }))
	s.Domain, s.AllowInsecureAuth, s.MaxRecipients = "office.example", true, 100
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Errorf("the post office: %v", err)
		}
	})
	return o
}

// serve makes the post office the rig's server for sending, and the rig's
// mailbox one that it delivers to.
func (o *postOffice) serve(r *rig, filter string) {
	o.boxes[r.dove.User] = r.dove
	r.mailbox = []string{fmt.Sprintf("smtp = %q", "smtp://"+o.addr)}
	r.configure(filter)
}

// collect takes what was handed in since the last time.
func (o *postOffice) collect() []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.handed
	o.handed = nil
	return got
}

// deliver brings a message to those of its recipients who have a mailbox here.
func (o *postOffice) deliver(p parcel) {
	o.t.Helper()
	for _, to := range p.to {
		if box := o.boxes[to]; box != nil {
			box.Add("INBOX", imaptest.Mail{Raw: p.raw, At: began})
		}
	}
}

// counter is one connection.
type counter struct {
	office *postOffice
	p      parcel
}

var _ smtp.AuthSession = (*counter)(nil)

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password == "" || !strings.Contains(user, "@") {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	c.p = parcel{from: from}
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
	}
	c.p.to = append(c.p.to, to)
	return nil
}

func (c *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.p.raw = raw
	c.office.mu.Lock()
	c.office.handed = append(c.office.handed, c.p)
	took := c.office.took
	c.office.mu.Unlock()
	took()
	return nil
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// header is one header of a message, decoded no further.
func (p parcel) header(t testing.TB, name string) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(p.raw))
	if err != nil {
		t.Fatalf("what was sent can't be read: %v", err)
	}
	return m.Header.Get(name)
}
