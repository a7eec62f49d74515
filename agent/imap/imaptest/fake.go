package imaptest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"strconv"
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
			c := &FakeConn{f: f, nc: nc, r: bufio.NewReader(nc), w: bufio.NewWriter(nc)}
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

func (c *FakeConn) handle(cmd FakeCommand) {
	f := c.f
	f.Lock()
	defer f.Unlock()
	switch cmd.Name {
	case "CAPABILITY":
		auth := f.Auth
		if auth == nil {
			auth = []string{"AUTH=PLAIN"}
		}
		c.Send("* CAPABILITY IMAP4rev1 "+strings.Join(slices.Concat(auth, f.Caps), " "), cmd.Tag+" OK done")
	case "ENABLE":
		c.Send("* ENABLED "+cmd.Args, cmd.Tag+" OK done")
	case "LIST":
		c.Send(`* LIST (\HasNoChildren) "/" INBOX`, cmd.Tag+" OK done")
	case "EXAMINE", "SELECT":
		c.Send(fmt.Sprintf("* %d EXISTS", len(f.Messages)), "* 0 RECENT", `* FLAGS (\Seen)`, fmt.Sprintf("* OK [UIDVALIDITY %d] x", f.UIDValidity), fmt.Sprintf("* OK [UIDNEXT %d] x", f.UIDNext))
		if f.HighestModSeq > 0 {
			c.Send(fmt.Sprintf("* OK [HIGHESTMODSEQ %d] x", f.HighestModSeq))
		} else {
			c.Send("* OK [NOMODSEQ] x")
		}
		c.Send(cmd.Tag + " OK [READ-ONLY] done")
	case "STATUS":
		c.Send(fmt.Sprintf("* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY %d HIGHESTMODSEQ %d)", len(f.Messages), f.UIDNext, f.UIDValidity, f.HighestModSeq), cmd.Tag+" OK done")
	case "SEARCH", "UID SEARCH":
		c.search(cmd)
	case "FETCH", "UID FETCH":
		c.fetch(cmd)
	case "IDLE":
		c.Send("+ idling")
		c.f.Unlock()
		line := c.ReadLine()
		c.f.Lock()
		if strings.EqualFold(line, "DONE") {
			c.OK(cmd)
		}
	case "LOGOUT":
		c.Close()
	default:
		c.OK(cmd)
	}
}

// in reports whether n is in a sequence set; last is what * stands for.
func in(set string, n, last uint32) bool {
	num := func(s string) uint32 {
		if s == "*" {
			return last
		}
		v, _ := strconv.ParseUint(s, 10, 32)
		return uint32(v)
	}
	for _, part := range strings.Split(set, ",") {
		a, b, ok := strings.Cut(part, ":")
		lo := num(a)
		hi := lo
		if ok {
			hi = num(b)
		}
		if n >= min(lo, hi) && n <= max(lo, hi) {
			return true
		}
	}
	return false
}

func (c *FakeConn) search(cmd FakeCommand) {
	args := cmd.Args
	extended := strings.HasPrefix(args, "RETURN (ALL) ")
	args = strings.TrimPrefix(args, "RETURN (ALL) ")
	set := ""
	if s, ok := strings.CutPrefix(args, "UID "); ok {
		set, _, _ = strings.Cut(s, " ")
	}
	var hits []string
	for i, m := range c.f.Messages {
		if set != "" && !in(set, m.UID, c.f.Messages[len(c.f.Messages)-1].UID) {
			continue
		}
		n := m.UID
		if cmd.Name == "SEARCH" {
			n = uint32(i + 1)
		}
		hits = append(hits, strconv.Itoa(int(n)))
	}
	switch {
	case !extended:
		c.Send(strings.TrimRight("* SEARCH "+strings.Join(hits, " "), " "))
	case len(hits) == 0:
		c.Send(fmt.Sprintf(`* ESEARCH (TAG "%s")`, cmd.Tag))
	default:
		uid := ""
		if cmd.Name == "UID SEARCH" {
			uid = " UID"
		}
		c.Send(fmt.Sprintf(`* ESEARCH (TAG "%s")%s ALL %s`, cmd.Tag, uid, strings.Join(hits, ",")))
	}
	c.OK(cmd)
}

func (c *FakeConn) fetch(cmd FakeCommand) {
	set, items, _ := strings.Cut(cmd.Args, " ")
	since := uint64(0)
	if _, s, ok := strings.Cut(items, "(CHANGEDSINCE "); ok {
		s, _, _ = strings.Cut(s, ")")
		s, _, vanished := strings.Cut(s, " ")
		since, _ = strconv.ParseUint(s, 10, 64)
		if vanished && c.f.Vanished != "" {
			c.Send("* VANISHED (EARLIER) " + c.f.Vanished)
		}
	}
	for i, m := range slices.Clone(c.f.Messages) {
		n, last := m.UID, c.f.Messages[len(c.f.Messages)-1].UID
		if cmd.Name == "FETCH" {
			n, last = uint32(i+1), uint32(len(c.f.Messages))
		}
		if !in(set, n, last) || since > 0 && m.ModSeq <= since {
			continue
		}
		if c.f.Fetch != nil && c.f.Fetch(c, cmd, i+1, m) {
			if c.gone {
				return
			}
			continue
		}
		c.Raw(m.Answer(i+1, items))
	}
	c.OK(cmd)
}

// Answer is a FETCH response for the items of a command.
func (m FakeMessage) Answer(seq int, items string) string {
	out := []string{fmt.Sprintf("UID %d", m.UID)}
	if strings.Contains(items, "FLAGS") {
		out = append(out, "FLAGS ("+m.Flags+")")
	}
	if strings.Contains(items, "INTERNALDATE") {
		out = append(out, `INTERNALDATE "04-Mar-2026 10:15:00 +0100"`)
	}
	if strings.Contains(items, "RFC822.SIZE") {
		out = append(out, fmt.Sprintf("RFC822.SIZE %d", len(m.Raw)))
	}
	if body := m.Body(items); body != "" {
		out = append(out, body)
	}
	return fmt.Sprintf("* %d FETCH (%s)\r\n", seq, strings.Join(out, " "))
}

// Body is the BODY[...] item of an answer, "" if none was asked for. Of a header
// all fields are sent.
func (m FakeMessage) Body(items string) string {
	head, _, _ := strings.Cut(m.Raw, "\r\n\r\n")
	head += "\r\n\r\n"
	if i := strings.Index(items, "BODY.PEEK[HEADER"); i >= 0 {
		spec, _, _ := strings.Cut(items[i+len("BODY.PEEK["):], "]")
		return fmt.Sprintf("BODY[%s] {%d}\r\n%s", spec, len(head), head)
	}
	_, partial, ok := strings.Cut(items, "BODY.PEEK[]")
	if !ok {
		return ""
	}
	raw, at := m.Raw, ""
	var off, n int
	if k, _ := fmt.Sscanf(partial, "<%d.%d>", &off, &n); k == 2 {
		off = min(off, len(raw))
		raw = raw[off:min(len(raw), off+n)]
		at = fmt.Sprintf("<%d>", off)
	}
	return fmt.Sprintf("BODY[]%s {%d}\r\n%s", at, len(raw), raw)
}

// Plain decodes the response of AUTHENTICATE PLAIN and the like.
func Plain(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
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
