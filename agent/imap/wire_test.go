package imap

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// canned is a connection that gives what it was told to and swallows the rest.
type canned struct {
	net.Conn
	io.Reader
	closed *atomic.Bool
}

func (c canned) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func (c canned) Write(p []byte) (int, error) {
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

func (c canned) Close() error { c.closed.Store(true); return nil }

func (canned) SetReadDeadline(time.Time) error  { return nil }
func (canned) SetWriteDeadline(time.Time) error { return nil }

// filtered is what go-imap would see of what a server sends while the commands
// are under way.
func filtered(t *testing.T, server io.Reader, commands string) string {
	t.Helper()
	var n atomic.Int64
	w := newWire(canned{Reader: server, closed: new(atomic.Bool)}, &Config{FetchTimeout: time.Minute, WakeTimeout: time.Minute, IdleTimeout: time.Minute, Now: time.Now}, &n)
	if _, err := w.Write([]byte(commands)); err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(w)
	return string(b)
}

func TestTheFilterPassesOnWhatGoImapCanRead(t *testing.T) {
	for in, want := range map[string]string{
		"* 1 FETCH (BODY[] {5}\r\na\r\n* )\r\n":                                        "* 1 FETCH (BODY[] {5}\r\na\r\n* )\r\n",
		"* XYZZY {5}\r\na\r\n* )\r\n* 2 EXISTS\r\n":                                    "* 2 EXISTS\r\n",
		"* 1 FETCH (A {0}\r\n B {3}\r\n* X)\r\n* Y\r\n":                                "* 1 FETCH (A {0}\r\n B {3}\r\n* X)\r\n",
		"* OK text {5}\r\n* 2 EXISTS\r\n":                                              "* 2 EXISTS\r\n",
		"* OK [UIDNEXT 5] x\r\n":                                                       "* OK [UIDNEXT 5] ok\r\n",
		"* OK [UIDNEXT 99999999999] x\r\n":                                             "",
		"* OK [HIGHESTMODSEQ 18446744073709551615]\r\n":                                "* OK [HIGHESTMODSEQ 18446744073709551615] ok\r\n",
		"T1 OK [READ-ONLY no end\r\n":                                                  "T1 OK done\r\n",
		"T1 NO [X(Y) 5] bad\r\n":                                                       "T1 NO [X-Y-] bad\r\n",
		"T1 NO\r\n":                                                                    "T1 NO refused\r\n",
		"+ \r\n+ \r\n":                                                                 "",
		"* 5 fetch (UID 1)\r\n":                                                        "* 5 fetch (UID 1)\r\n",
		"* SEARCH" + strings.Repeat(" 12345", 200_000) + "\r\n":                        "* SEARCH" + strings.Repeat(" 12345", 200_000) + "\r\n",
		"* LONG" + strings.Repeat(" 12345", 20_000) + "\r\n* 1 EXISTS\r\n":             "* 1 EXISTS\r\n",
		"* 1 FETCH (FLAGS (" + strings.Repeat("x", 65530) + ") BODY[] {3}\r\nabc)\r\n": "* 1 FETCH (FLAGS (" + strings.Repeat("x", 65530) + ") BODY[] {3}\r\nabc)\r\n",
		"* BYE gone\r\n":                                                               "",
	} {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in))} {
			if got := filtered(t, r, "T1 EXAMINE x\r\n"); got != want {
				t.Errorf("%.60q %s: got %.80q, want %.80q", in, name, got, want)
			}
		}
	}
	if got := filtered(t, strings.NewReader("+ idling\r\n+ more\r\n"), "T1 IDLE\r\n"); got != "+ go on\r\n" {
		t.Errorf("IDLE: %q", got)
	}
	if got := filtered(t, strings.NewReader("+ go\r\n"), "T1 EXAMINE {5}\r\n"); got != "+ go on\r\n" {
		t.Errorf("literal: %q", got)
	}
	if got := filtered(t, strings.NewReader("+ go\r\n"), "T1 EXAMINE {5+}\r\n"); got != "" {
		t.Errorf("literal that does not wait: %q", got)
	}
}

func TestTheFilterAsksForVANISHED(t *testing.T) {
	var sent bytes.Buffer
	var n atomic.Int64
	w := newWire(recorder{canned{Reader: strings.NewReader(""), closed: new(atomic.Bool)}, &sent}, &Config{FetchTimeout: time.Minute, WakeTimeout: time.Minute, IdleTimeout: time.Minute, Now: time.Now}, &n)
	w.vanished = true
	if _, err := w.Write([]byte("T1 UID FETCH 1:5 (UID FLAGS) (CHANGEDSINCE 7)\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := sent.String(); got != "T1 UID FETCH 1:5 (UID FLAGS) (CHANGEDSINCE 7 VANISHED)\r\n" || n.Load() != 1 {
		t.Errorf("sent %q, %d commands", got, n.Load())
	}
}

type recorder struct {
	canned
	sent *bytes.Buffer
}

func (r recorder) Write(p []byte) (int, error) { return r.sent.Write(p) }

func TestRangesAreNeverSpelledOutBeforeTheyAreCompared(t *testing.T) {
	set, ok := parseRanges("1:4294967295,7,9:8")
	if !ok {
		t.Fatal("not read")
	}
	set = normal(set)
	if len(set) != 1 || size(set, 101) != 100 {
		t.Errorf("%v", set)
	}
	if got := within([]uint32{3, 5, 4294967295}, set); len(got) != 3 {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"", "*", "1:*", "0", "a", "1,,2", "4294967296"} {
		if _, ok := parseRanges(bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

// FuzzWire gives go-imap, through the filter, whatever a server might send
// while the commands that we use are under way: it has to come to an end.
func FuzzWire(f *testing.F) {
	for _, s := range []string{
		"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[HEADER.FIELDS (\"From\")] {5}\r\nabcde)\r\nT2 OK\r\n", "* ESEARCH (TAG \"T3\") UID ALL 1:3\r\nT3 OK [X\r\n", "* LIST () \"/\" {5}\r\nINBOX\r\n* VANISHED (EARLIER) 1:5\r\n",
		"* SEARCH 1 2 3 (MODSEQ 5)\r\n", "* STATUS x (MESSAGES 1 X (a {3}\r\nabc))\r\n", "* OK [HIGHESTMODSEQ 5]\r\nT1 NO [ALERT] x\r\n", "* 1 FETCH (BODY[]<5> NIL INTERNALDATE \"x\")\r\n", "* LIST (\\Sent) NIL \"&AOk-\"\r\nT4 BAD\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var n atomic.Int64
		w := newWire(canned{Reader: bytes.NewReader(b), closed: new(atomic.Bool)}, &Config{FetchTimeout: time.Minute, WakeTimeout: time.Minute, IdleTimeout: time.Minute, Now: time.Now}, &n)
		w.out = []byte("* PREAUTH [CAPABILITY IMAP4REV1 ESEARCH] x\r\n")
		c := imapclient.New(w, nil)
		s := &session{c: c, w: w}
		sel := c.Select("INBOX", nil)
		fetch := s.start(uidSet([]uint32{1, 2, 3}), headerItems.options(), 1000)
		search := c.UIDSearch(&goimap.SearchCriteria{}, nil)
		list := c.List("", "*", nil)
		_, _ = list.Collect()
		_, _ = fetch.wait()
		if data, err := search.Wait(); err == nil {
			_, _ = s.listed("x", data)
		}
		_, _ = sel.Wait()
		s.kill(net.ErrClosed)
	})
}
