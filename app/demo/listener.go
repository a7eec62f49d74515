package demo

import (
	"net"
	"sync"
	"time"
)

// listener keeps the connections that it accepted, so that they can be cut and
// waited for: none of the servers' own Close does both.
type listener struct {
	net.Listener
	running sync.WaitGroup // the server, and its connections until it closed them

	mu    sync.Mutex
	conns map[*conn]bool
	shut  bool
}

func newListener(l net.Listener) *listener { return &listener{Listener: l, conns: map[*conn]bool{}} }

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		c.Close()
		return nil, net.ErrClosed
	}
	mine := &conn{Conn: c, of: l}
	l.conns[mine] = true
	l.running.Add(1)
	return mine, nil
}

// cut stops listening and breaks every connection.
func (l *listener) cut() {
	l.mu.Lock()
	l.shut = true
	l.Listener.Close()
	l.mu.Unlock()
	l.drop()
}

// drop breaks every connection and goes on listening.
func (l *listener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Conn.Close()
	}
}

// drained waits until the server has let go of everything, or gives up.
func (l *listener) drained(giveUp <-chan time.Time) bool {
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-giveUp:
		return false
	}
}

// conn tells its listener when the server has closed it.
type conn struct {
	net.Conn
	of   *listener
	once sync.Once
}

// Close closes the connection.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.of.mu.Lock()
		delete(c.of.conns, c)
		c.of.mu.Unlock()
		c.of.running.Done()
	})
	return err
}
