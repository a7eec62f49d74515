package imap

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"postrider/offline"
)

// Mailbox is a mailbox on an IMAP server. It connects when it is first used, and
// again when the connection is gone. It satisfies agent.Mailbox, which says how
// it is to be used.
type Mailbox struct {
	cfg      Config
	requests atomic.Int64

	// memo holds the flags as last seen in folders that have no mod-sequences,
	// by folder name: what is handed over are the differences. Used by the
	// goroutine that syncs.
	memo map[string]*flagMemo

	// Who holds them uses main, and side; see lane.go.
	mainBusy, sideBusy chan struct{}

	mu       sync.Mutex
	main     *session
	side     *session
	sideUsed time.Time
	idle     *session
	closed   bool
	marks    map[string]map[uint32]mark // keywords set, by folder's name and UID

	wake      chan struct{}               // 1-buffered: Idle is to ask whether the server is there
	idleFails *backoff.ExponentialBackOff // since Idle last worked; nil: it did
	idleSeen  map[string]selection        // what made Idle return at once, by folder name
}

// New makes a mailbox; it does not connect yet.
func New(c Config) (*Mailbox, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Mailbox{cfg: c, memo: map[string]*flagMemo{}, idleSeen: map[string]selection{}, wake: make(chan struct{}, 1),
		mainBusy: make(chan struct{}, 1), sideBusy: make(chan struct{}, 1), marks: map[string]map[uint32]mark{}}, nil
}

// Requests counts the commands sent so far, of all connections.
func (m *Mailbox) Requests() int64 { return m.requests.Load() }

// Close ends the connections. Calls under way fail.
func (m *Mailbox) Close() error {
	m.mu.Lock()
	sessions := []*session{m.main, m.side, m.idle}
	m.main, m.side, m.idle, m.closed = nil, nil, nil, true
	m.mu.Unlock()
	for _, s := range sessions {
		if s != nil {
			s.logout()
		}
	}
	return nil
}

func (m *Mailbox) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// open gives the session in *slot if it is alive, or connects. fresh tells
// which.
func (m *Mailbox) open(ctx context.Context, slot **session, op string) (s *session, fresh bool, err error) {
	m.mu.Lock()
	s, closed := *slot, m.closed
	m.mu.Unlock()
	if closed {
		return nil, false, &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: net.ErrClosed}
	}
	if s != nil && s.alive() && !m.lost(s) {
		s.probe()
		return s, false, nil
	}
	if s != nil {
		s.kill(net.ErrClosed)
	}
	s, err = m.connect(ctx)
	if err != nil {
		return nil, true, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		s.kill(net.ErrClosed)
		return nil, false, &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: net.ErrClosed}
	}
	*slot = s
	return s, true, nil
}

// first opens the main session and runs the command that an operation begins
// with. A session that was kept may have died unnoticed; then it is tried once
// more on a new one.
func (m *Mailbox) first(ctx context.Context, op string, fn func(*session) error) (*session, error) {
	return m.firstOn(ctx, &m.main, op, fn)
}

// firstOn is first on the session in *slot.
func (m *Mailbox) firstOn(ctx context.Context, slot **session, op string, fn func(*session) error) (*session, error) {
	s, fresh, err := m.open(ctx, slot, op)
	if err != nil {
		return nil, err
	}
	err = fn(s)
	if err != nil && !fresh && !s.alive() && ctx.Err() == nil {
		if s, _, err = m.open(ctx, slot, op); err != nil {
			return nil, err
		}
		err = fn(s)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// reconnect replaces the main session after it broke in the middle of an
// operation: a few tries, each after a longer pause.
func (m *Mailbox) reconnect(ctx context.Context, op string) (*session, error) {
	const tries = 3
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = 250 * time.Millisecond
	for n := 1; ; n++ {
		s, _, err := m.open(ctx, &m.main, op)
		if err == nil || n == tries || !offline.ClassOf(err).Transient() || ctx.Err() != nil || m.isClosed() {
			return s, err
		}
		m.cfg.Log.Debug("imap: connection failed, trying again", "try", n, "error", err)
		select {
		case <-m.cfg.After(wait.NextBackOff()):
		case <-ctx.Done():
			return nil, &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: ctx.Err()}
		}
	}
}

// connect dials, secures and signs in.
func (m *Mailbox) connect(ctx context.Context) (*session, error) {
	op := "connect to " + m.cfg.Addr
	outer := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, m.cfg.DialTimeout, errSilent)
	defer cancel()
	conn, err := m.cfg.Dial(ctx, "tcp", m.cfg.Addr)
	if err != nil {
		return nil, scheme.DialFault(outer, op, m.cfg.TLS.ServerName, err)
	}
	if err := m.cfg.address().Elsewhere(op, conn); err != nil {
		_ = conn.Close()
		return nil, err
	}
	w := newWire(conn, &m.cfg, &m.requests)
	w.alert = func(text string) { m.cfg.Log.Warn("imap: the server says", "text", text) }
	stop := context.AfterFunc(ctx, func() { w.fail(context.Cause(ctx)) })
	defer stop()
	g := &greeter{w: w, cfg: &m.cfg, op: op}
	w.pending = 1 // deadlines hold from the first byte
	if m.cfg.Security == Implicit {
		err = g.handshake(ctx)
	}
	if err == nil {
		err = g.run(ctx)
	}
	if err != nil {
		_ = w.Close()
		if ctx.Err() != nil && outer.Err() == nil {
			return nil, &offline.Fault{Class: offline.FaultNetwork, Op: op, Text: fmt.Sprintf("no connection within %v", m.cfg.DialTimeout), Err: errSilent}
		}
		return nil, err
	}
	if !stop() {
		_ = w.Close()
		return nil, &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: context.Cause(ctx)}
	}
	w.mu.Lock()
	w.pending = 0
	w.heard = w.now()
	w.deadline()
	w.mu.Unlock()
	m.cfg.Log.Debug("imap: connected", "addr", m.cfg.Addr, "qresync", g.qresync)
	return newSession(m, w, g), nil
}
