package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// stage is how far a submission has come: the same code means different things
// at different stages.
type stage int

const (
	connecting stage = iota // up to the answer to EHLO
	securing                // STARTTLS
	signingIn               // AUTH
	sender                  // MAIL
	recipient               // RCPT
	data                    // DATA, and the message
)

// reply is an answer that refuses.
type reply struct {
	code     int
	enhanced gosmtp.EnhancedCode // class 0: none
	text     string
}

// refused reads the answer in an error of go-smtp's or textproto's.
func refused(err error) (r reply, ok bool) {
	var se *gosmtp.SMTPError
	if errors.As(err, &se) {
		return reply{se.Code, se.EnhancedCode, se.Message}, true
	}
	var te *textproto.Error
	if errors.As(err, &te) {
		return reply{code: te.Code, text: te.Msg}, true
	}
	return r, false
}

// said is the answer for people.
func (r reply) said() string {
	s := fmt.Sprint(r.code)
	if r.enhanced[0] > 0 {
		s += fmt.Sprintf(" %d.%d.%d", r.enhanced[0], r.enhanced[1], r.enhanced[2])
	}
	return strings.TrimSpace(s + " " + mailserver.Printable(strings.ReplaceAll(r.text, "\n", " ")))
}

// class is what a refusal means (RFC 5321 section 4.2.1, RFC 4954 section 6, RFC
// 3463 section 3).
func (r reply) class(at stage) offline.FaultClass {
	switch {
	case r.code < 400 || r.code > 599:
		return offline.FaultProtocol
	case at == recipient && r.tooMany():
		return offline.FaultRejected
	case r.code < 500:
		return offline.FaultThrottled
	case r.code == 538, r.code == 530 && strings.Contains(strings.ToUpper(r.text), "STARTTLS"), at == securing: // RFC 3207 section 4
		return offline.FaultTLS
	case r.code == 530, r.code == 535, at == signingIn:
		return offline.FaultAuth
	case at == connecting:
		return offline.FaultDenied
	case at == sender && r.enhanced[1] != 3 && (r.code == 550 || r.code == 551 || r.code == 553 || r.code == 554):
		return offline.FaultDenied // not in this name; X.3 is about the size
	}
	return offline.FaultRejected
}

// tooMany: more recipients than the server takes for one message. RFC 5321
// section 4.5.3.1.10 has a temporary code for it, but the same message will
// never have fewer.
func (r reply) tooMany() bool { return r.enhanced[1] == 5 && r.enhanced[2] == 3 }

// fault classifies what a command ended with.
func (c *session) fault(ctx context.Context, op string, at stage, err error) *offline.Fault {
	if r, ok := refused(err); ok {
		text := "the server says: " + r.said()
		if r.class(at) == offline.FaultProtocol {
			text = "the server's answer makes no sense here: " + r.said()
		}
		return &offline.Fault{Class: r.class(at), Op: op, Code: fmt.Sprint(r.code), Text: text}
	}
	return broken(ctx, op, c.w, err)
}

// broken is the fault for a connection that ended, or answers nonsense.
func broken(ctx context.Context, op string, w *wire, err error) *offline.Fault {
	f := &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: err}
	_, cause := w.cut()
	switch {
	case ctx.Err() != nil:
		f.Err = ctx.Err()
	case errors.Is(cause, errEndless):
		f.Class, f.Err = offline.FaultProtocol, cause
	case errors.Is(cause, errSilent):
		f.Err = cause
	case errors.Is(cause, io.EOF), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Text = "the server closed the connection"
	case !isNetwork(err):
		f.Class = offline.FaultProtocol
		f.Text, f.Err = "the server's answer makes no sense: "+mailserver.Printable(err.Error()), nil
	}
	return f
}

func isNetwork(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
