package imap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what a server may send.
const (
	maxLine         = 1 << 20  // bytes of an ordinary line
	maxListLine     = 32 << 20 // bytes of a search result: 10 for each of 3 million messages
	maxFetchLiteral = 1 << 30  // bytes of a message
	maxOtherLiteral = 64 << 10 // bytes of a folder's name, say
)

// errSilent is why a connection was given up that made no progress.
var errSilent = errors.New("the server does not answer")

// wire is the connection under go-imap. Reading, it goes through the server's
// answers line by line, knowing where literals begin and end, and passes on what
// go-imap can digest. Deadlines that go-imap sets are ignored: as long as a
// command is under way, every timeout is measured from the last byte.
//
// Read is called by one goroutine, Write by another; the rest is for any.
type wire struct {
	br      *bufio.Reader
	timeout time.Duration // without progress, while a command is under way
	waking  time.Duration // the same, if the connection has to prove itself
	idle    time.Duration // the same, while IDLE is
	count   *atomic.Int64 // commands sent
	clock   func() time.Time
	alert   func(text string)
	event   func()                              // something changed in the selected folder
	lift    func(uids []uidRange, earlier bool) // VANISHED

	// For the reading goroutine only.
	out     []byte // ready to be handed out; points into br or tmp
	tmp     []byte // a line that is longer than br's buffer, or was changed
	literal int64  // bytes of a literal that are still to come
	inside  bool   // the next line goes on with the response at hand
	pass    bool   // that response is passed on
	fetch   bool   // it is a FETCH
	tail    []byte // last bytes of a line that is read in pieces
	length  int    // bytes of that line so far
	limit   int

	mu       sync.Mutex
	raw      net.Conn // what is closed: closing TLS politely can take seconds
	conn     net.Conn // raw, or TLS over it
	pending  int      // commands that are not answered yet
	idleTag  bool     // one of them is IDLE
	idling   bool     // and the server has agreed to it
	conts    int      // continuation requests that go-imap waits for
	examines int      // EXAMINEs and SELECTs that are not answered yet
	opened   opened   // by the last of them
	x        *exchange
	vanished bool      // QRESYNC is enabled: ask for VANISHED with CHANGEDSINCE
	heard    time.Time // of the wall clock, when something last came
	doubted  bool      // the connection has to prove itself with the next command
	brief    bool      // it is about to
	bol      bool      // the next byte written begins a line
	sending  int64     // bytes of a literal that are still to be written
	ended    bool      // go-imap reads no more
	err      error
	bye      string
}

func newWire(conn net.Conn, cfg *Config, count *atomic.Int64) *wire {
	w := &wire{
		raw: conn, conn: conn, timeout: cfg.FetchTimeout, waking: cfg.WakeTimeout, idle: cfg.IdleTimeout, clock: cfg.Now, count: count, bol: true,
		alert: func(string) {}, event: func() {}, lift: func([]uidRange, bool) {},
	}
	w.br = bufio.NewReaderSize((*rawReader)(w), 64<<10)
	return w
}

// opened is what a server says of the folder that it opens, beside what go-imap
// is told.
type opened struct {
	permanent []string // PERMANENTFLAGS
	told      bool     // there were any
	readOnly  bool
}

// rawReader reads from the connection, with the deadline that holds now.
type rawReader wire

func (r *rawReader) Read(p []byte) (int, error) {
	w := (*wire)(r)
	w.mu.Lock()
	conn := w.conn
	w.deadline()
	w.mu.Unlock()
	n, err := conn.Read(p)
	if err != nil && n == 0 {
		return 0, w.fail(err)
	}
	w.mu.Lock()
	w.heard, w.brief, w.doubted = w.now(), false, false
	w.mu.Unlock()
	return n, nil
}

// deadline sets the read deadline for the state at hand. w.mu is held. A read
// that is under way obeys it too.
func (w *wire) deadline() {
	var d time.Time
	switch {
	case w.idling:
		d = time.Now().Add(w.idle)
	case w.pending > 0 && w.brief:
		d = time.Now().Add(min(w.waking, w.timeout))
	case w.pending > 0:
		d = time.Now().Add(w.timeout)
	}
	_ = w.conn.SetReadDeadline(d) // a connection without deadlines still ends with its context
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
	_ = w.raw.Close()
	return w.err
}

// reason is what the server said at the end of the connection, and why that
// ended: nil if it did not, or if go-imap closed it over an answer.
func (w *wire) reason() (bye string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bye, w.err
}

// Read gives go-imap the next bytes that are for it.
func (w *wire) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if len(w.out) > 0 {
			n := copy(p, w.out)
			w.out = w.out[n:]
			return n, nil
		}
		if w.literal > 0 {
			n, err := w.br.Read(p[:min(int64(len(p)), w.literal)])
			w.literal -= int64(n)
			if err != nil {
				return 0, err
			}
			if w.pass && n > 0 {
				return n, nil
			}
			continue
		}
		if err := w.line(); err != nil {
			return 0, err
		}
	}
}

// line reads one line, or a piece of a long one, and puts into out what is to be
// passed on of it.
func (w *wire) line() error {
	line, err := w.br.ReadSlice('\n')
	piece := errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !piece {
		return err
	}
	first := w.length == 0
	if first && !w.inside {
		if w.wanted(line) {
			if piece {
				if line, err = w.whole(line); err != nil {
					return err
				}
			}
			w.out, err = w.understand(line)
			return err
		}
		w.classify(line)
	}
	w.length += len(line)
	if w.length > w.limit {
		return w.fail(fmt.Errorf("the server sent a line of more than %d bytes", w.limit))
	}
	if w.pass {
		w.out = line
		if first && w.fetch && !piece {
			w.out = w.shorten(line)
		}
	}
	if piece {
		w.tail = append(w.tail[:0], line[max(0, len(line)-24):]...)
		return nil
	}
	end := line
	if !first && len(line) < 24 {
		end = append(w.tail, line...)
	}
	w.length, w.tail = 0, w.tail[:0]
	n, ok := literalAt(end)
	w.inside, w.literal = ok, n
	if most := w.mostLiteral(); ok && n > most {
		return w.fail(fmt.Errorf("the server sent a literal of %d bytes", n))
	}
	return nil
}

// shorten takes the list of fields out of "BODY[HEADER.FIELDS (...)]". Nobody
// looks at it, and go-imap takes longer over it than over all the rest of a
// FETCH response.
func (w *wire) shorten(line []byte) []byte {
	const begin, end = "BODY[HEADER.FIELDS (", ")]"
	i := bytes.Index(line, []byte(begin))
	if i < 0 {
		return line
	}
	j := bytes.Index(line[i:], []byte(end))
	if j < 0 {
		return line
	}
	w.tmp = append(w.tmp[:0], line[:i]...)
	w.tmp = append(w.tmp, "BODY[HEADER]"...)
	w.tmp = append(w.tmp, line[i+j+len(end):]...)
	return w.tmp
}

// whole reads the rest of a long line that has to be understood as a whole.
func (w *wire) whole(begin []byte) ([]byte, error) {
	limit := maxLine
	if name, _, _ := response(begin); name == "VANISHED" {
		limit = maxListLine
	}
	w.tmp = append(w.tmp[:0], begin...)
	for {
		more, err := w.br.ReadSlice('\n')
		w.tmp = append(w.tmp, more...)
		switch {
		case err == nil:
			return w.tmp, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(w.tmp) > limit:
			return nil, w.fail(fmt.Errorf("the server sent a line of more than %d bytes", limit))
		}
	}
}

func (w *wire) mostLiteral() int64 {
	if w.fetch {
		return maxFetchLiteral
	}
	return maxOtherLiteral
}

// literalAt reads "{n}" at the end of a line; an absurd n comes out smaller, and
// too large still.
func literalAt(line []byte) (n int64, ok bool) {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if len(line) < 3 || line[len(line)-1] != '}' {
		return 0, false
	}
	i := bytes.LastIndexByte(line, '{')
	if i < 0 {
		return 0, false
	}
	digits := bytes.TrimSuffix(line[i+1:len(line)-1], []byte("+"))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), 2*maxFetchLiteral) // no need to know more exactly
	}
	return n, len(digits) > 0
}

// Write passes on commands. It notices which ones, so that Read knows what is
// under way, and asks for VANISHED where that helps.
//
// go-imap must learn of a broken connection by reading only: told by a write, it
// ends all commands from there, while its reader may be handing over an answer
// to one of them, and that is a race. Once its reader has ended it is the other
// way round: nobody but the write can end a command that comes too late.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	out := p
	for rest := p; len(rest) > 0; {
		if n := min(w.sending, int64(len(rest))); n > 0 { // not ours to read
			w.sending -= n
			rest = rest[n:]
			continue
		}
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if w.bol {
			w.begin(line)
		}
		n, literal := literalAt(line)
		if literal = literal && ended; literal {
			w.sending = n
			if !bytes.HasSuffix(bytes.TrimSuffix(line, []byte("\r")), []byte("+}")) {
				w.conts++
			}
		}
		w.bol = ended && !literal // what follows a literal goes on with the command
		rest = after
	}
	if w.vanished && bytes.Contains(p, []byte(" (CHANGEDSINCE ")) && bytes.HasSuffix(p, []byte(")\r\n")) {
		out = append(append([]byte(nil), p[:len(p)-3]...), " VANISHED)\r\n"...)
	}
	conn, ended := w.conn, w.ended
	w.deadline()
	w.mu.Unlock()
	if ended {
		return 0, net.ErrClosed
	}
	_ = w.send(conn, out) // has closed the connection if it failed: Read tells
	return len(p), nil
}

// send writes b in pieces, so that a slow but moving line does not time out.
func (w *wire) send(conn net.Conn, b []byte) error {
	for len(b) > 0 {
		_ = conn.SetWriteDeadline(time.Now().Add(w.timeout))
		n, err := conn.Write(b[:min(len(b), 32<<10)])
		if err != nil {
			return w.fail(err)
		}
		b = b[n:]
	}
	return nil
}

// begin notices the command that line begins with. w.mu is held.
func (w *wire) begin(line []byte) {
	tag, rest, _ := bytes.Cut(line, []byte(" "))
	if string(tag) == "DONE\r" {
		w.idling = false
		return
	}
	if len(tag) < 2 || tag[0] != 'T' {
		return
	}
	w.pending++
	w.count.Add(1)
	switch name, _, _ := bytes.Cut(bytes.TrimSuffix(rest, []byte("\r")), []byte(" ")); string(name) {
	case "IDLE":
		w.conts++
		w.idleTag = true
	case "EXAMINE", "SELECT":
		w.examines++
		w.opened = opened{}
	}
}

// The rest of net.Conn. go-imap's own deadlines are absolute, per literal; ours
// replace them.

// Close is for go-imap, whose reader calls it when it ends; we call fail.
func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	return w.raw.Close()
}

func (w *wire) LocalAddr() net.Addr              { return w.conn.LocalAddr() }
func (w *wire) RemoteAddr() net.Addr             { return w.conn.RemoteAddr() }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

var _ net.Conn = (*wire)(nil)
var _ io.Reader = (*rawReader)(nil)
