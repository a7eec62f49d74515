package imap

import (
	"net"
	"time"
)

// A laptop sleeps and wakes somewhere else. Its connections are dead then, and
// nothing says so: the other side is not asked before a command, and IDLE asks
// for nothing at all. Three things notice it soon:
//
//   - a connection that was silent for restedAfter is asked (NOOP, together with
//     the next command) and has only Config.WakeTimeout to answer; then the
//     command is given once more on a new one
//   - while idling the clock is looked at: if it jumped, the computer slept, and
//     the server is asked in the same way
//   - a connection from an address that this computer no longer has is given up
const (
	restedAfter = 30 * time.Second
	idleTick    = 20 * time.Second // how often Idle looks
	clockJump   = 30 * time.Second // more than this between two looks is sleep
)

// probeTag is the tag of a NOOP that only asks whether somebody is there.
const probeTag = "Z0"

// errMoved is why a connection was given up whose address is gone.
var errMoved = &net.OpError{Op: "read", Net: "tcp", Err: errNetwork{}}

type errNetwork struct{}

func (errNetwork) Error() string { return "this computer has changed its network" }

// Wake makes every connection prove itself: call it when the computer wakes or
// its network changes. Idle, where it waits, returns soon: with nil if the
// connection stands, so that a sync can see what came meanwhile.
func (m *Mailbox) Wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range []*session{m.main, m.side, m.idle} {
		if s != nil {
			s.w.doubt()
		}
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// probe asks whether the server is still there, if that is in doubt. It does not
// wait for the answer: a command follows.
func (s *session) probe() {
	w := s.w
	w.mu.Lock()
	if w.pending > 0 || !w.rested() {
		w.mu.Unlock()
		return
	}
	w.doubted, w.brief = false, true
	w.pending++
	w.deadline()
	conn := w.conn
	w.mu.Unlock()
	w.count.Add(1)
	_ = w.send(conn, []byte(probeTag+" NOOP\r\n")) // has closed the connection if it failed
}

// rested reports whether nothing was heard for so long that the connection may
// have died unnoticed. w.mu is held.
func (w *wire) rested() bool { return w.doubted || w.now().Sub(w.heard) >= restedAfter }

// doubt makes the next command a test of the connection.
func (w *wire) doubt() {
	w.mu.Lock()
	w.doubted = true
	w.mu.Unlock()
}

// now is the wall clock: the other one stands still while the computer sleeps.
func (w *wire) now() time.Time { return w.clock().Round(0) }

// moved reports whether this computer no longer has the address that the
// connection comes from.
func (m *Mailbox) moved(s *session) bool {
	local, ok := s.w.raw.LocalAddr().(*net.TCPAddr)
	if !ok || local.IP.IsLoopback() {
		return false
	}
	addrs, err := m.cfg.Addrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local.IP) {
			return false
		}
	}
	return true
}

// look is for Idle, at each idleTick: whether the server has to be asked if it is
// still there. last is when it looked before.
func (m *Mailbox) look(s *session, last time.Time) (now time.Time, ask bool) {
	if m.moved(s) {
		s.w.fail(errMoved)
	}
	now = s.w.now()
	return now, now.Sub(last) > idleTick+clockJump || now.Before(last.Add(-clockJump))
}

// lost reports whether a kept connection that has rested is certainly dead.
func (m *Mailbox) lost(s *session) bool {
	s.w.mu.Lock()
	rested := s.w.rested()
	s.w.mu.Unlock()
	return rested && m.moved(s)
}
