package imaptest

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fake is a server with one folder, INBOX, that speaks just enough IMAP, in
// clear text on loopback, and misbehaves where a test tells it to. Set the
// fields before Fixture is called, or under Lock. Hooks run in the connection's
// goroutine, Fetch with the lock held.
type Fake struct {
	Addr string

	sync.Mutex
	Greeting      string   // "* OK ready" if empty; "-": none
	Auth          []string // what can be used to sign in: "AUTH=PLAIN" if nil
	Caps          []string // beside IMAP4rev1
	UIDValidity   uint32
	UIDNext       uint32
	HighestModSeq uint64 // 0: NOMODSEQ
	Messages      []FakeMessage
	Vanished      string // UIDs told of with CHANGEDSINCE ... VANISHED

	// Command is called for each command, before the server handles it; true:
	// it was handled.
	Command func(c *FakeConn, cmd FakeCommand) bool
	// Fetch is called for each message of a FETCH; true: it was handled.
	Fetch func(c *FakeConn, cmd FakeCommand, seq int, msg FakeMessage) bool

	t       testing.TB
	l       net.Listener
	begin   sync.Once
	wg      sync.WaitGroup
	conns   map[net.Conn]bool
	dials   int
	history []string
	muted   sync.Map // connections
	closed  chan struct{}
}

// FakeMessage is a message of a Fake. Messages are in the order of their UIDs.
type FakeMessage struct {
	UID    uint32
	Raw    string
	Flags  string
	ModSeq uint64
}

// FakeCommand is a command that a client sent.
type FakeCommand struct {
	Tag  string
	Name string // upper case; "UID FETCH"
	Args string
}

// StartFake makes a server that ends with t.
func StartFake(t testing.TB) *Fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Fake{Addr: l.Addr().String(), UIDValidity: 1, UIDNext: 1, Caps: []string{"ESEARCH", "IDLE", "SASL-IR", "UNSELECT", "LITERAL+"}, t: t, l: l, conns: map[net.Conn]bool{}, closed: make(chan struct{})}
	t.Cleanup(f.stop)
	return f
}

// AddLetters adds n letters.
func (f *Fake) AddLetters(n int) {
	f.Lock()
	defer f.Unlock()
	for range n {
		f.Messages = append(f.Messages, FakeMessage{UID: f.UIDNext, Raw: string(Letter(int(f.UIDNext))), ModSeq: f.HighestModSeq})
		f.UIDNext++
	}
}

// Fixture begins to serve, and is f as a fixture: any password is right.
func (f *Fake) Fixture() Fixture {
	f.begin.Do(func() {
		f.wg.Add(1)
		go f.accept()
	})
	return Fixture{Addr: f.Addr, User: "jana@example.test", Password: "secret"}
}

// Dials counts the connections so far.
func (f *Fake) Dials() int {
	f.Lock()
	defer f.Unlock()
	return f.dials
}

// Mute makes the connections that are there now answer nothing any more, as those
// do that died without a word.
func (f *Fake) Mute() {
	f.Lock()
	defer f.Unlock()
	for c := range f.conns {
		f.muted.Store(c, true)
	}
}

// Open counts the connections that are there now.
func (f *Fake) Open() int {
	f.Lock()
	defer f.Unlock()
	return len(f.conns)
}

// History lists the names of the commands so far, of all connections.
func (f *Fake) History() []string {
	f.Lock()
	defer f.Unlock()
	return slices.Clone(f.history)
}

// Closed is closed when the server stops: for hooks that wait.
func (f *Fake) Closed() <-chan struct{} { return f.closed }

func (f *Fake) stop() {
	close(f.closed)
	_ = f.l.Close()
	f.Lock()
	for c := range f.conns {
		_ = c.Close()
	}
	f.Unlock()
	f.wg.Wait()
}

func (f *Fake) accept() {
	defer f.wg.Done()
	for {
		nc, err := f.l.Accept()
		if err != nil {
			return
		}
		f.Lock()
		f.dials++
		f.conns[nc] = true
		f.Unlock()
		f.wg.Add(1)
		go func() {
			defer f.wg.Done()
			c := &FakeConn{f: f, nc: nc, r: bufio.NewReader(nc), w: bufio.NewWriter(&mouth{f, nc})}
			c.serve()
			_ = nc.Close()
			f.Lock()
			delete(f.conns, nc)
			f.Unlock()
		}()
	}
}

// FakeConn is one connection of a Fake.
type FakeConn struct {
	f    *Fake
	nc   net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	gone bool
}

// mouth is the sending side of a connection, which may be mute.
type mouth struct {
	f  *Fake
	nc net.Conn
}

func (m *mouth) Write(b []byte) (int, error) {
	if _, mute := m.f.muted.Load(m.nc); mute {
		return len(b), nil
	}
	return m.nc.Write(b)
}

// Send sends lines as they are; each gets its CRLF.
func (c *FakeConn) Send(lines ...string) {
	for _, l := range lines {
		_, _ = c.w.WriteString(l + "\r\n")
	}
	_ = c.w.Flush()
}

// Raw sends bytes as they are.
func (c *FakeConn) Raw(s string) {
	_, _ = c.w.WriteString(s)
	_ = c.w.Flush()
}

// ReadLine reads what the client sends outside of commands.
func (c *FakeConn) ReadLine() string {
	s, err := c.r.ReadString('\n')
	if err != nil {
		c.gone = true
	}
	return strings.TrimRight(s, "\r\n")
}

// ReadBytes reads n bytes that the client sends outside of commands.
func (c *FakeConn) ReadBytes(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.r, b); err != nil {
		c.gone = true
	}
	return string(b)
}

// Close cuts the connection.
func (c *FakeConn) Close() {
	_ = c.w.Flush()
	_ = c.nc.Close()
	c.gone = true
}

// OK ends a command.
func (c *FakeConn) OK(cmd FakeCommand) { c.Send(cmd.Tag + " OK done") }

func (c *FakeConn) serve() {
	c.f.Lock()
	greeting := c.f.Greeting
	c.f.Unlock()
	if greeting == "" {
		greeting = "* OK ready"
	}
	if greeting != "-" {
		c.Send(greeting)
	}
	for !c.gone {
		line := c.ReadLine()
		if c.gone {
			return
		}
		tag, rest, _ := strings.Cut(line, " ")
		name, args, _ := strings.Cut(rest, " ")
		name = strings.ToUpper(name)
		if name == "UID" {
			sub, more, _ := strings.Cut(args, " ")
			name, args = "UID "+strings.ToUpper(sub), more
		}
		cmd := FakeCommand{Tag: tag, Name: name, Args: args}
		c.f.Lock()
		c.f.history = append(c.f.history, name)
		hook := c.f.Command
		c.f.Unlock()
		if hook != nil && hook(c, cmd) {
			continue
		}
		c.handle(cmd)
	}
}

// Eventually waits until ok, for at most ten seconds.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("it never happened: %s", what)
		case <-tick.C:
		}
	}
}
