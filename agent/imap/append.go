package imap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// Append puts a message of exactly size bytes into f; see agent.Filer. It goes
// over the side connection: a big message takes its time. uid is 0 where the
// server does not say (no UIDPLUS, RFC 4315). received zero leaves the time to
// the server.
//
// A refusal (class denied, not-found, rejected, throttled, or server with a
// text) means that it is not there. After any other error it may be.
func (m *Mailbox) Append(ctx context.Context, f offline.Folder, flags []string, received time.Time, size int64, r io.Reader) (uid uint32, err error) {
	op := "put a message into " + f.Name
	args := ""
	for _, fl := range flags {
		if !keyword(strings.TrimPrefix(fl, `\`)) {
			return 0, &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("%q is not a flag", mailserver.Printable(fl))}
		}
	}
	if len(flags) > 0 {
		args += " (" + strings.Join(flags, " ") + ")"
	}
	if !received.IsZero() {
		args += received.Format(` "_2-Jan-2006 15:04:05 -0700"`)
	}
	begun := false
	err = m.aside(ctx, op, func(s *session) error {
		if begun { // r has been read from: it can't be sent again
			return err
		}
		if most := s.appendLimit(); most > 0 && size > most {
			return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: fmt.Sprintf("the message has %d bytes, and the server takes at most %d", size, most)}
		}
		uid, err = s.append(ctx, op, f, args, size, r, &begun)
		return err
	})
	return uid, err
}

// appendLimit is the size that the server says it takes (RFC 7889); 0: it does
// not say.
func (s *session) appendLimit() int64 {
	for c := range s.caps {
		if v, ok := strings.CutPrefix(c, "APPENDLIMIT="); ok {
			n, _ := strconv.ParseInt(v, 10, 64)
			return n
		}
	}
	return 0
}

// append sends the command, and when the server is ready, the message. begun is
// set before the first byte of r is read.
func (s *session) append(ctx context.Context, op string, f offline.Folder, args string, size int64, r io.Reader, begun *bool) (uid uint32, err error) {
	defer s.bind(ctx)()
	x := s.begin("APPEND " + mailboxArg(f.Name) + args + " {" + strconv.FormatInt(size, 10) + "}")
	select {
	case <-x.cont:
		*begun = true
		if err := s.pour(size, r); err != nil {
			// The server waits for more; only the end of the connection ends that.
			s.kill(err)
			_ = s.end(x)
			var f *offline.Fault
			if ctx.Err() != nil || errors.As(err, &f) || errors.Is(err, errSend) {
				bye, cause := s.w.reason()
				return 0, broken(ctx, op, cause, bye, err)
			}
			return 0, fmt.Errorf("%s: read the message: %w", op, err)
		}
	case <-x.done: // refused before it was sent
	case <-s.c.Closed():
	}
	if err := s.fault(ctx, op, s.end(x), offline.FaultServer); err != nil {
		return 0, err
	}
	a := &x.answers[0]
	if a.word() == "TRYCREATE" || a.result == "NO" && textClass(a.text) == offline.FaultNotFound {
		return 0, &offline.Fault{Class: offline.FaultNotFound, Op: op, Code: a.word(), Text: "there is no folder " + f.Name + "; create it, or choose another"}
	}
	if err := a.refusal(op, offline.FaultRejected); err != nil {
		return 0, err
	}
	return appended(a.code, f.Cursor.UIDValidity), nil
}

// errSend stands for a connection that broke while a message was sent.
var errSend = errors.New("the message could not be sent")

// pour sends the message and the end of the command, as fast as the connection
// takes it: as long as that moves on, no deadline passes.
func (s *session) pour(size int64, r io.Reader) error {
	s.w.mu.Lock()
	conn := s.w.conn
	s.w.mu.Unlock()
	buf := make([]byte, 32<<10)
	for left := size; left > 0; {
		n, err := io.ReadFull(r, buf[:min(left, int64(len(buf)))])
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if left -= int64(n); left == 0 { // some servers take it before the command ends
			var one [1]byte
			if more, _ := io.ReadFull(r, one[:]); more > 0 {
				return errors.New("it is longer than was said")
			}
		}
		s.w.mu.Lock()
		s.w.deadline() // that of the answer
		s.w.mu.Unlock()
		if s.w.send(conn, buf[:n]) != nil {
			return errSend
		}
	}
	if s.w.send(conn, []byte("\r\n")) != nil {
		return errSend
	}
	return nil
}

// appended reads the UID out of "APPENDUID 1511554416 142" (RFC 4315 section 3);
// 0: it is not there, or belongs to another numbering than the caller knows.
func appended(code string, valid uint32) uint32 {
	f := strings.Fields(code)
	if len(f) != 3 || !strings.EqualFold(f[0], "APPENDUID") || valid != 0 && f[1] != strconv.FormatUint(uint64(valid), 10) {
		return 0
	}
	n, _ := strconv.ParseUint(f[2], 10, 32)
	return uint32(n)
}
