package imap_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

// clock is a wall clock that a test moves.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	tick chan time.Time // what waits by After gets its time here
}

func newClock() *clock {
	return &clock{at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), tick: make(chan time.Time)}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) set(cfg *imap.Config) {
	cfg.Now = c.now
	cfg.After = func(time.Duration) <-chan time.Time { return c.tick }
	cfg.WakeTimeout = 100 * time.Millisecond
	cfg.FetchTimeout = 20 * time.Second
}

func TestAConnectionThatDiedWhileTheComputerSleptIsReplacedSoon(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	c := newClock()
	m := f.Fixture().Mailbox(t, c.set)
	k := keeper(t)
	k.MustSync(m)
	f.Mute()
	c.add(8 * time.Hour)
	start := time.Now()
	k.MustSync(m)
	if took := time.Since(start); took > 10*time.Second || f.Dials() != 2 {
		t.Errorf("it took %v and %d connections", took, f.Dials())
	}
}

func TestAConnectionThatOutlivedTheSleepIsKept(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	c := newClock()
	m := f.Fixture().Mailbox(t, c.set)
	k := keeper(t)
	k.MustSync(m)
	c.add(8 * time.Hour)
	before := len(f.History())
	k.MustSync(m)
	h := f.History()[before:]
	if f.Dials() != 1 || h[0] != "NOOP" {
		t.Errorf("%d connections, commands %v", f.Dials(), h)
	}
	before = len(f.History())
	k.MustSync(m)
	if h := f.History()[before:]; slices.Contains(h, "NOOP") {
		t.Errorf("it is asked though it has just answered: %v", h)
	}
	if n := m.Requests(); int(n) != len(f.History()) {
		t.Errorf("%d commands counted, the server saw %d", n, len(f.History()))
	}
}

func TestTheWholeTimeIsLeftToAnAnswerThatHasBegun(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	c := newClock()
	m := f.Fixture().Mailbox(t, c.set)
	k := keeper(t)
	k.MustSync(m)
	c.add(time.Hour)
	f.Lock()
	f.Command = func(fc *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "EXAMINE" { // the NOOP before it is answered at once
			<-time.After(300 * time.Millisecond)
		}
		return false
	}
	f.Unlock()
	k.MustSync(m)
	if f.Dials() != 1 {
		t.Errorf("%d connections", f.Dials())
	}
}

func TestIdleNoticesThatTheComputerSlept(t *testing.T) {
	for name, wake := range map[string]func(*imap.Mailbox, *clock){
		"by the clock": func(_ *imap.Mailbox, c *clock) {
			c.add(3 * time.Hour)
			select {
			case c.tick <- c.now():
			case <-time.After(time.Second): // it has seen the time at the tick before
			}
		},
		"being told": func(m *imap.Mailbox, _ *clock) { m.Wake() },
	} {
		for _, dead := range []bool{true, false} {
			f := imaptest.StartFake(t)
			f.AddLetters(3)
			c := newClock()
			m := f.Fixture().Mailbox(t, c.set)
			done := make(chan error, 1)
			go func() { done <- m.Idle(t.Context(), inbox) }()
			imaptest.Eventually(t, "it idles", func() bool { return slices.Contains(f.History(), "IDLE") })
			c.add(20 * time.Second)
			c.tick <- c.now() // not for long enough
			if dead {
				f.Mute()
			}
			wake(m, c)
			select {
			case err := <-done:
				if dead && offline.ClassOf(err) != offline.FaultNetwork || !dead && err != nil {
					t.Errorf("%s, dead %v: %v", name, dead, err)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s, dead %v: it waits on", name, dead)
			}
			_ = m.Close()
		}
	}
}

// away is a connection from an address that the computer has, for a while.
type away struct{ net.Conn }

func (away) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4000} }

func TestAConnectionFromAnAddressThatIsGoneIsGivenUp(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	c := newClock()
	var mu sync.Mutex
	addrs := []net.Addr{&net.IPNet{IP: net.IPv4(192, 0, 2, 7), Mask: net.CIDRMask(24, 32)}}
	m := f.Fixture().Mailbox(t, c.set, func(cfg *imap.Config) {
		cfg.Addrs = func() ([]net.Addr, error) {
			mu.Lock()
			defer mu.Unlock()
			return addrs, nil
		}
		cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return away{conn}, err
		}
	})
	k := keeper(t)
	k.MustSync(m)
	done := make(chan error, 1)
	go func() { done <- m.Idle(t.Context(), k.Folder) }()
	imaptest.Eventually(t, "it idles", func() bool { return slices.Contains(f.History(), "IDLE") })
	c.tick <- c.now()
	select {
	case err := <-done:
		t.Fatalf("the address is there, and it ends: %v", err)
	default:
	}
	mu.Lock()
	addrs = nil
	mu.Unlock()
	c.tick <- c.now()
	if err := <-done; offline.ClassOf(err) != offline.FaultNetwork || !strings.Contains(err.Error(), "changed its network") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	c.add(time.Minute)
	k.MustSync(m)
	if n := f.Dials(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestANetworkThatWantsASignInFirstIsToldFromABrokenServer(t *testing.T) {
	for name, security := range map[string]imap.Security{"in clear": imap.StartTLS, "with TLS": imap.Implicit} {
		f := imaptest.StartFake(t)
		f.Greeting = "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n"
		_, err := f.Fixture().Mailbox(t, func(c *imap.Config) { c.Security = security }).Folders(t.Context())
		if offline.ClassOf(err) != offline.FaultNetwork || !strings.Contains(err.Error(), "sign in first") {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
	}
	d := imaptest.StartDovecot(t, imaptest.Options{}) // with a certificate for somebody else
	_, err := d.Fixture().Mailbox(t, func(c *imap.Config) { c.TLS.ServerName = "imap.example.com" }).Folders(t.Context())
	if offline.ClassOf(err) != offline.FaultTLS || !strings.Contains(err.Error(), "sign-in first") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}
