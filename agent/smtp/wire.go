package smtp

import (
	"errors"
	"net"
	"sync"
	"time"
)

// maxAnswer bounds the bytes that a server sends between two writes of ours,
// those of a TLS handshake with its certificates included.
const maxAnswer = 256 << 10

var (
	// errSilent is why a connection was given up that made no progress.
	errSilent = errors.New("the server does not answer")
	// errEndless is why one was given up whose server does not stop.
	errEndless = errors.New("the server's answer has no end")
)

// wire is the connection under TLS and go-smtp, whose own deadlines it ignores:
// go-smtp sets none while it writes a message, and tls.Conn sets its own for
// taking leave. Instead, an answer has to be there whole within the timeout from
// when it is first waited for, and each piece that is written has to be taken
// within it.
type wire struct {
	net.Conn

	mu      sync.Mutex
	timeout time.Duration
	by      time.Time // the answer at hand has to be there; zero: not waited for yet
	left    int       // bytes that it may have still
	unsent  bool      // something that was written was not taken whole
	err     error     // why the connection was given up, the first reason
}

func newWire(conn net.Conn, timeout time.Duration) *wire {
	return &wire{Conn: conn, timeout: timeout, left: maxAnswer}
}

// wait sets how long is waited from now on.
func (w *wire) wait(timeout time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeout, w.by = timeout, time.Time{}
}

func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	if w.by.IsZero() {
		w.by = time.Now().Add(w.timeout)
	}
	_ = w.Conn.SetReadDeadline(w.by) // a connection without deadlines still ends with its context
	w.mu.Unlock()
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	w.left -= n
	endless := w.left < 0
	w.mu.Unlock()
	switch {
	case endless:
		return 0, w.fail(errEndless)
	case err != nil && n == 0:
		return 0, w.fail(err)
	}
	return n, nil
}

func (w *wire) Write(p []byte) (int, error) {
	const piece = 32 << 10 // so that a slow but moving line does not time out
	sent := 0
	for sent < len(p) {
		w.mu.Lock()
		_ = w.Conn.SetWriteDeadline(time.Now().Add(w.timeout))
		w.mu.Unlock()
		n, err := w.Conn.Write(p[sent:min(sent+piece, len(p))])
		sent += n
		if err != nil {
			w.mu.Lock()
			w.unsent = true
			w.mu.Unlock()
			return sent, err // not given up yet: the server may have said why it takes no more
		}
	}
	w.mu.Lock()
	w.by, w.left = time.Time{}, maxAnswer
	w.mu.Unlock()
	return sent, nil
}

// fail closes the connection for the reason given, and returns the first reason
// there was.
func (w *wire) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			err = errSilent
		}
		w.err = err
	}
	_ = w.Conn.Close()
	return w.err
}

// cut reports whether a write failed, and why the connection was given up.
func (w *wire) cut() (unsent bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unsent, w.err
}

// Close closes the connection at once.
func (w *wire) Close() error {
	_ = w.fail(net.ErrClosed)
	return nil
}

// The deadlines of others.

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// greeted is a connection whose greeting was read already, and is said again
// for go-smtp, which waits for one.
type greeted struct {
	net.Conn
	again string
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.again != "" {
		n := copy(p, g.again)
		g.again = g.again[n:]
		return n, nil
	}
	return g.Conn.Read(p)
}
