package agent

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"postrider/offline"
)

// fakeSender is a mail server in memory that keeps what it took.
type fakeSender struct {
	mu    sync.Mutex
	box   *fakeMailbox
	files bool // it puts copies into Sent by itself

	sent     []sentMail
	before   func(offline.Envelope) error // before the message is asked for
	answer   func(raw string) error       // after all of it was read: refused, if it is an error
	after    func() error                 // after it was taken: the answer is lost
	attempts int
}

type sentMail struct {
	offline.Envelope
	raw string
}

func newFakeSender(box *fakeMailbox) *fakeSender {
	return &fakeSender{box: box, before: func(offline.Envelope) error { return nil }, answer: func(string) error { return nil }, after: func() error { return nil }}
}

func (s *fakeSender) Send(ctx context.Context, e offline.Envelope, msg func() (io.ReadCloser, error)) error {
	s.attempts++
	if err := s.before(e); err != nil {
		return err
	}
	r, err := msg()
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if int64(len(b)) != e.Size {
		return fmt.Errorf("%d bytes, not %d", len(b), e.Size)
	}
	if err := s.answer(string(b)); err != nil {
		return err
	}
	s.mu.Lock()
	s.sent = append(s.sent, sentMail{e, string(b)})
	s.mu.Unlock()
	if s.files {
		s.box.add("Sent", string(b))
	}
	return s.after()
}

func (s *fakeSender) count(identity string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.sent {
		if strings.Contains(m.raw, "Message-ID: "+identity+"\r\n") {
			n++
		}
	}
	return n
}

// subjects are those of what it took, in order.
func (s *fakeSender) subjects() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, m := range s.sent {
		out = append(out, headerOf(m.raw, "Subject"))
	}
	return strings.Join(out, ", ")
}

func headerOf(raw, name string) string {
	for line := range strings.SplitSeq(raw, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return v
		}
		if line == "" {
			break
		}
	}
	return ""
}

func (b *fakeMailbox) Append(ctx context.Context, f offline.Folder, flags []string, received time.Time, size int64, r io.Reader) (uint32, error) {
	if err := b.ask(); err != nil {
		return 0, err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	if int64(len(raw)) != size {
		return 0, fmt.Errorf("%d bytes, not %d", len(raw), size)
	}
	uid := b.add(f.Name, string(raw))
	b.flag(f.Name, uid, flags...)
	return uid, b.cut() // it may be there although the answer is lost
}

func (b *fakeMailbox) FindIdentity(ctx context.Context, f offline.Folder, identity string) (uids []uint32, err error) {
	if err := b.ask(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for uid, m := range b.folder(f.Name).msgs {
		if headerOf(m.raw, "Message-ID") == identity {
			uids = append(uids, uid)
		}
	}
	return uids, nil
}

// fakePending is an email that was written in the CRM.
type fakePending struct {
	offline.PendingEmail
	status string // pending, sending, sent, failed
	since  time.Time
	reason string
	sentAs string
}

// waits puts an email into the CRM that waits to be sent.
func (c *fakeCRM) waits(p offline.PendingEmail) {
	if c.pending == nil {
		c.pending = map[string]*fakePending{}
	}
	c.pending[p.Ref.ID] = &fakePending{PendingEmail: p, status: "pending"}
	c.put(offline.Record{Ref: p.Ref, Name: p.Subject, Email: &offline.Email{Outgoing: true, Regarding: p.Regarding, Pending: true}})
}

func (c *fakeCRM) Pending(ctx context.Context) (out []offline.PendingEmail, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ask("pending"); err != nil {
		return nil, err
	}
	for _, p := range c.pending {
		switch p.status {
		case "pending":
			p.status, p.since = "sending", c.now()
			out = append(out, p.PendingEmail)
		case "sending":
			if c.now().Sub(p.since) < 15*time.Minute {
				continue
			}
			out = append(out, offline.PendingEmail{Ref: p.Ref, Doubt: true, Problem: "taken over long ago"})
		}
	}
	return out, c.after("pending")
}

func (c *fakeCRM) mark(ch offline.Change) offline.Outcome {
	p := c.pending[ch.Record.ID]
	r := c.records[ch.Record]
	if p == nil || p.status == "sent" && ch.Fields["identity"] != p.sentAs {
		return offline.Outcome{Err: &offline.Fault{Class: offline.FaultRejected, Text: "it does not wait to be sent"}}
	}
	e := *r.Email
	if ch.Op == offline.OpMarkSent {
		p.status, p.sentAs = "sent", ch.Fields["identity"]
		e.Identity, e.Token, e.Closed, e.Pending = ch.Fields["identity"], ch.Fields["token"], true, false
	} else {
		p.status, p.reason = "failed", ch.Fields["reason"]
		e.Pending = false
	}
	r.Email = &e
	c.putLocked(r)
	return offline.Outcome{ETag: c.records[ch.Record].ETag}
}

func (c *fakeCRM) Token(ctx context.Context, subject string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ask("token"); err != nil {
		return "", err
	}
	return "CRM:0001777", nil
}

func (c *fakeCRM) Templates(ctx context.Context) ([]offline.Template, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return []offline.Template{{ID: "t", Title: "Thanks", Kind: offline.KindContact}}, c.ask("templates")
}

func (c *fakeCRM) FillTemplate(ctx context.Context, id string, about offline.Ref) (offline.Filled, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return offline.Filled{Subject: "Thanks", HTML: "<p>Dear " + c.records[about].Name + "</p>"}, c.ask("templates")
}

var (
	_ Sender         = (*fakeSender)(nil)
	_ Filer          = (*fakeMailbox)(nil)
	_ Tokens         = (*fakeCRM)(nil)
	_ TemplateSource = (*fakeCRM)(nil)
	_ PendingMail    = (*fakeCRM)(nil)
)
