package imap

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"postrider/offline"
)

// Idle waits until something changes in f; see agent.Mailbox. It returns at
// once where the folder is already not what f.Cursor says, which covers what
// came between a sync and now. Without IDLE (RFC 2177) at the server it returns
// after Config.PollInterval. After failures it waits before it connects again,
// longer each time.
func (m *Mailbox) Idle(ctx context.Context, f offline.Folder) error {
	if m.idleFails != nil {
		select {
		case <-m.cfg.After(m.idleFails.NextBackOff()):
		case <-m.wake: // perhaps it was the network that is left behind
			m.idleFails = nil
		case <-ctx.Done():
			return &offline.Fault{Class: offline.FaultNetwork, Op: "watch " + f.Name, Err: ctx.Err()}
		}
	}
	err := m.watch(ctx, f)
	if err != nil && ctx.Err() == nil {
		if m.idleFails == nil {
			m.idleFails = backoff.NewExponentialBackOff()
			m.idleFails.InitialInterval = time.Second
			m.idleFails.MaxInterval = 5 * time.Minute
		}
	} else if err == nil {
		m.idleFails = nil
	}
	return err
}

func (m *Mailbox) watch(ctx context.Context, f offline.Folder) error {
	op := "watch " + f.Name
	select {
	case <-m.wake: // it was for those before
	default:
	}
	s, fresh, err := m.open(ctx, &m.idle, op)
	if err != nil {
		return err
	}
	sel, err := s.examine(ctx, f.Name)
	if err != nil && !fresh && !s.alive() && ctx.Err() == nil { // it died unnoticed
		if s, _, err = m.open(ctx, &m.idle, op); err == nil {
			sel, err = s.examine(ctx, f.Name)
		}
	}
	if err != nil {
		return err
	}
	if m.differs(f, sel) {
		return nil
	}
	if !s.caps["IDLE"] {
		select {
		case <-m.cfg.After(m.cfg.PollInterval):
			return nil
		case <-ctx.Done():
			return &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: ctx.Err()}
		}
	}
	return m.listen(ctx, s, op)
}

// differs reports whether a folder is not what the cursor says. The same
// difference counts once: a server that says one thing here and another to
// Sync must not make us run in circles.
func (m *Mailbox) differs(f offline.Folder, sel selection) bool {
	c := f.Cursor
	if c.UIDNext == 0 {
		return false
	}
	same := sel.uidValidity == c.UIDValidity && sel.messages == c.Messages &&
		(sel.uidNext == 0 || sel.uidNext == c.UIDNext) && (sel.highestModSeq == 0 || c.HighestModSeq == 0 || sel.highestModSeq == c.HighestModSeq)
	if same || m.idleSeen[f.Name] == sel {
		delete(m.idleSeen, f.Name)
		if !same {
			m.idleSeen[f.Name] = sel
		}
		return false
	}
	m.idleSeen[f.Name] = sel
	return true
}

// listen idles until the server tells of a change, or the connection has to
// prove itself. go-imap renews the IDLE every 28 minutes; servers may end it
// after 29 (RFC 2177).
func (m *Mailbox) listen(ctx context.Context, s *session, op string) error {
	defer s.bind(ctx)()
	select {
	case <-s.signal: // of EXAMINE
	default:
	}
	cmd, err := s.c.Idle()
	if err != nil {
		return s.fault(ctx, op, err, offline.FaultServer)
	}
	last, ask := s.w.now(), false
	for waiting := true; waiting; {
		select {
		case <-s.signal:
			waiting = false
		case <-s.c.Closed():
			waiting = false
		case <-m.wake:
			waiting, ask = false, true
		case <-m.cfg.After(idleTick):
			last, ask = m.look(s, last)
			waiting = !ask
		}
	}
	if ask {
		s.w.mu.Lock()
		s.w.brief = true // the answer to DONE
		s.w.mu.Unlock()
	}
	err = cmd.Close()
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return s.fault(ctx, op, err, offline.FaultServer)
}
