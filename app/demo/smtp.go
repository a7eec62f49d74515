package demo

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"postrider/offline"
)

// Sent is a message that somebody sent through the world's SMTP server.
type Sent struct {
	From string
	To   []string // all recipients, those hidden as well
	Raw  []byte
}

const (
	maxMessage    = 40 << 20 // bytes: 25 MB of attachment and what base64 adds to it
	maxRecipients = 100
)

// newSubmission makes the SMTP server (RFC 6409), where Ann sends her mail.
func newSubmission(w *World, user, password string) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &submission{world: w, user: user, password: password}, nil
	}))
	s.Domain = "mail.alder.example"
	s.AllowInsecureAuth = true // loopback only
	s.EnableSMTPUTF8 = true
	s.MaxMessageBytes = maxMessage
	s.MaxRecipients = maxRecipients
	s.ReadTimeout, s.WriteTimeout = 5*time.Minute, 5*time.Minute
	s.ErrorLog = slog.NewLogLogger(w.log.Handler(), slog.LevelDebug)
	return s
}

// submission is one SMTP connection.
type submission struct {
	world          *World
	user, password string

	signedIn bool
	from     string
	to       []string
}

var _ smtp.AuthSession = (*submission)(nil)

func refused(code int, class, subject, detail int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}

// AuthMechanisms lists how to sign in.
func (s *submission) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth begins to sign in.
func (s *submission) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		u := subtle.ConstantTimeCompare([]byte(offline.Fold(user)), []byte(s.user))
		p := subtle.ConstantTimeCompare([]byte(password), []byte(s.password))
		if u&p != 1 {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// Mail begins a message. Nobody sends in another's name.
func (s *submission) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	if offline.Fold(from) != s.user {
		return refused(553, 5, 7, 1, "that is not your address")
	}
	s.from = from
	return nil
}

// Rcpt names a recipient.
func (s *submission) Rcpt(to string, _ *smtp.RcptOptions) error {
	if local, domain, ok := strings.Cut(to, "@"); !ok || local == "" || domain == "" {
		return refused(501, 5, 1, 3, "not a mail address")
	}
	s.to = append(s.to, to)
	return nil
}

// Data takes the message.
func (s *submission) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.world.accept(Sent{s.from, slices.Clone(s.to), raw}); err != nil {
		s.world.log.Error("the demo's SMTP server lost a message", "error", err)
		return refused(451, 4, 3, 0, "could not be delivered now")
	}
	return nil
}

// Reset forgets the message begun.
func (s *submission) Reset() { s.from, s.to = "", nil }

// Logout ends the session.
func (s *submission) Logout() error { return nil }

// accept delivers to Ann what is for her, and lets those whom the story knows
// answer later. Everybody else's mail goes nowhere.
func (w *World) accept(m Sent) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tale.outbox = append(w.tale.outbox, m)
	for _, to := range m.To {
		if offline.Fold(to) == offline.Fold(w.Address()) {
			if err := w.Deliver(w.received(m), "INBOX"); err != nil {
				return err
			}
			continue
		}
		w.tale.expect(m, to)
	}
	return nil
}

// received puts on what a server adds in the last step (RFC 5321 section 4.4).
func (w *World) received(m Sent) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <%s>\r\nReceived: from localhost by mail.alder.example with ESMTPA for <%s>;\r\n %s\r\n",
		m.From, w.Address(), w.now().Format(time.RFC1123Z))
	b.Write(m.Raw)
	return b.Bytes()
}

// Outbox returns what was sent through the SMTP server, oldest first.
func (w *World) Outbox() []Sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tale.outbox)
}
