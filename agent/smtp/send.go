package smtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// Sender hands messages to a mail server. Safe for use by several goroutines. It
// satisfies agent.Sender, which says how it is to be used.
type Sender struct{ cfg Config }

// New makes a Sender. No server is asked yet.
func New(c Config) (*Sender, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Sender{cfg: c}, nil
}

// Check connects, secures and signs in, and sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	c.leave()
	return nil
}

// Send hands one message to the server, for all recipients or for none. msg
// gives it from the beginning, with CRLF line ends; it is 7-bit clean unless an
// address of the envelope has other letters than ASCII's. An error without a
// class is msg's own; nothing was sent then.
func (s *Sender) Send(ctx context.Context, e offline.Envelope, msg func() (io.ReadCloser, error)) error {
	op := "send a message through " + s.cfg.Addr
	if text := wrong(e); text != "" {
		return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: text}
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.leave()
	if err := c.begin(ctx, op, e); err != nil {
		return err
	}
	r, err := msg()
	if err != nil {
		return fmt.Errorf("%s: open the message: %w", op, err)
	}
	defer r.Close()
	return c.data(ctx, op, r)
}

// wrong says what is wrong with an envelope; "" if nothing is.
func wrong(e offline.Envelope) string {
	if len(e.To) == 0 {
		return "the message is for nobody"
	}
	for _, a := range append([]string{e.From}, e.To...) {
		if !sound(a) {
			return fmt.Sprintf("%q is not a mail address", a)
		}
	}
	return ""
}

// sound reports whether an address can stand in a command: what could end it or
// begin a parameter can't.
func sound(a string) bool {
	i := strings.LastIndexByte(a, '@')
	quoted := strings.HasPrefix(a, `"`)
	return i > 0 && i < len(a)-1 && len(a) <= 320 && strings.IndexFunc(a, func(r rune) bool {
		return r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '<' || r == '>' || r == ' ' && !quoted
	}) < 0
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// begin sends the envelope. Every recipient is asked for, so that all those who
// are refused can be named.
func (c *session) begin(ctx context.Context, op string, e offline.Envelope) error {
	opts := &gosmtp.MailOptions{Size: e.Size}
	for _, a := range append([]string{e.From}, e.To...) {
		opts.UTF8 = opts.UTF8 || !ascii(a)
	}
	if ok, _ := c.c.Extension("SMTPUTF8"); opts.UTF8 && !ok {
		return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("the server can't carry addresses with other letters than a-z (it has no SMTPUTF8): %s; use another address of these people", strings.Join(foreign(e), ", "))}
	}
	if most, ok := c.c.MaxMessageSize(); ok && most > 0 && e.Size > int64(most) {
		return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("the message has %s and the server takes %s at most; take out attachments", megabytes(e.Size), megabytes(int64(most)))}
	}
	if err := c.c.Mail(e.From, opts); err != nil {
		return c.fault(ctx, op, sender, err)
	}
	var no refusals
	for _, to := range e.To {
		err := c.c.Rcpt(to, nil)
		if err == nil {
			no.taken++
			continue
		}
		r, ok := refused(err)
		if !ok || r.code == 421 { // the connection ends
			return c.fault(ctx, op, recipient, err)
		}
		no.add(to, r)
	}
	return no.fault(op)
}

// foreign are the addresses that need SMTPUTF8.
func foreign(e offline.Envelope) (list []string) {
	for _, a := range append([]string{e.From}, e.To...) {
		if !ascii(a) {
			list = append(list, a)
		}
	}
	return list
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// refusals collects the recipients that a server refuses.
type refusals struct {
	class offline.FaultClass // the worst one: for good before for now
	code  int
	texts []string
	taken int
	many  bool
}

func (no *refusals) add(to string, r reply) {
	no.many = no.many || r.tooMany()
	if class := r.class(recipient); no.class == "" || no.class == offline.FaultThrottled {
		no.class, no.code = class, r.code
	}
	no.texts = append(no.texts, to+" ("+r.said()+")")
}

// fault is nil if nobody was refused.
func (no *refusals) fault(op string) error {
	const most = 10
	if len(no.texts) == 0 {
		return nil
	}
	text := "the server refuses "
	if no.class == offline.FaultThrottled {
		text = "the server does not take it now for "
	}
	text += strings.Join(no.texts[:min(most, len(no.texts))], ", ")
	if more := len(no.texts) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if no.many {
		text = fmt.Sprintf("the server takes no more than %d recipients of one message; send it to fewer at a time", no.taken)
	}
	return &offline.Fault{Class: no.class, Op: op, Code: fmt.Sprint(no.code), Text: text + "; nobody got it"}
}

// data sends the message itself and waits for the answer that counts.
func (c *session) data(ctx context.Context, op string, r io.Reader) error {
	d, err := c.c.Data()
	if err != nil {
		return c.fault(ctx, op, data, err)
	}
	src := &source{r: r}
	if ok, _ := c.c.Extension("8BITMIME"); !ok {
		src.sevenBit = true
	}
	if _, err := io.Copy(d, src); err != nil {
		return c.interrupted(ctx, op, src, err)
	}
	c.w.wait(c.cfg.AnswerTimeout)
	answer, err := d.CloseWithResponse()
	if err == nil {
		c.cfg.Log.Debug("smtp: sent", "bytes", src.n, "answer", mailserver.Printable(answer.StatusText))
		return nil
	}
	if unsent, _ := c.w.cut(); unsent {
		return c.interrupted(ctx, op, src, err)
	}
	if r, ok := refused(err); ok {
		switch {
		case r.code >= 200 && r.code < 300:
			return nil
		case r.class(data) != offline.FaultProtocol:
			return c.fault(ctx, op, data, err)
		}
	}
	f := c.fault(ctx, op, data, err)
	f.Class, f.Text = offline.FaultDoubt, strings.TrimPrefix(f.Text+"; the message was handed over whole, so it may have been sent", "; ")
	return f
}

// interrupted is the fault for a message that did not go out whole: no server
// takes a part of one.
func (c *session) interrupted(ctx context.Context, op string, src *source, err error) error {
	if src.err != nil {
		_ = c.w.Close() // without the final dot
		if errors.Is(src.err, errEightBit) {
			return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: src.err.Error()}
		}
		return fmt.Errorf("%s: read the message: %w", op, src.err)
	}
	if said := c.lastWords(); said != nil {
		return c.fault(ctx, op, data, said)
	}
	_ = c.w.fail(err)
	return broken(ctx, op, c.w, err)
}

// lastWords is what the server said before it stopped to take a message, such
// as that it is too large; nil if it said nothing.
func (c *session) lastWords() error {
	c.w.wait(min(c.cfg.Timeout, 2*time.Second))
	_, _, err := textproto.NewReader(bufio.NewReader(c.conn)).ReadResponse(250)
	if _, ok := refused(err); !ok {
		return nil
	}
	return err
}

// errEightBit keeps 8-bit messages from servers that can't carry them.
var errEightBit = errors.New("the message has 8-bit text, and the server takes 7-bit only (it has no 8BITMIME)")

// source reads a message and keeps its errors apart from the connection's.
type source struct {
	r        io.Reader
	sevenBit bool
	n        int64
	err      error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if s.sevenBit && !ascii(string(p[:n])) {
		n, err = 0, errEightBit
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
