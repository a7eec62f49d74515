package imap

import "net"

// Drop ends all connections at once, without a farewell: after the computer
// slept or the network changed they are most likely dead, and asking would mean
// waiting for that to be noticed. The next call connects anew, and Idle does so
// without the wait that earlier failures would ask for.
func (m *Mailbox) Drop() {
	m.mu.Lock()
	sessions := []*session{m.main, m.side, m.idle}
	m.main, m.side, m.idle = nil, nil, nil
	m.mu.Unlock()
	m.afresh.Store(true)
	for _, s := range sessions {
		if s != nil {
			s.kill(net.ErrClosed)
		}
	}
}
