package imap

import (
	"context"
	"time"

	"postrider/offline"
)

// restAfter is how long the side connection is kept when nothing needs it.
const restAfter = 5 * time.Minute

// There are at most three connections. Idle waits on one. Folders, Sync and
// Bodies share the main one, one of them at a time. What is short (Status,
// SetKeywords, FindIdentity) uses the main one too if it is free; while a long
// scan has it, and always for Append, which may take minutes, there is a third,
// the side one, opened when first needed and closed when it was not for a while.

// hold takes a connection for an operation; the caller calls free.
func (m *Mailbox) hold(ctx context.Context, busy chan struct{}, op string) (free func(), err error) {
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	default:
	}
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	case <-ctx.Done():
		return nil, &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: ctx.Err()}
	}
}

// holdMain takes the main connection, and lets go of the side one if that has
// rested for long.
func (m *Mailbox) holdMain(ctx context.Context, op string) (free func(), err error) {
	free, err = m.hold(ctx, m.mainBusy, op)
	if err != nil {
		return nil, err
	}
	select {
	case m.sideBusy <- struct{}{}:
		m.mu.Lock()
		s := m.side
		if s == nil || m.cfg.Now().Sub(m.sideUsed) < restAfter {
			s = nil
		} else {
			m.side = nil
		}
		m.mu.Unlock()
		if s != nil {
			s.logout()
		}
		<-m.sideBusy
	default:
	}
	return free, nil
}

// beside runs a short operation on the main connection if that is free, and on
// the side one otherwise. fn is run once more on a new connection if a kept one
// turns out to be dead.
func (m *Mailbox) beside(ctx context.Context, op string, fn func(*session) error) error {
	select {
	case m.mainBusy <- struct{}{}:
		defer func() { <-m.mainBusy }()
		_, err := m.firstOn(ctx, &m.main, op, fn)
		return err
	default:
		return m.aside(ctx, op, fn)
	}
}

// aside runs an operation on the side connection.
func (m *Mailbox) aside(ctx context.Context, op string, fn func(*session) error) error {
	free, err := m.hold(ctx, m.sideBusy, op)
	if err != nil {
		return err
	}
	defer free()
	_, err = m.firstOn(ctx, &m.side, op, fn)
	m.mu.Lock()
	m.sideUsed = m.cfg.Now()
	m.mu.Unlock()
	return err
}
