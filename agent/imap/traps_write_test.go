package imap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

// The tests of this file play what servers do when they are written to, and
// when they are asked how folders are.

var inbox = offline.Folder{ID: 7, Name: "INBOX"}

// opening answers SELECT with these lines before its end, which has a code.
func opening(f *imaptest.Fake, code string, lines ...string) {
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "SELECT" {
			return false
		}
		c.Send("* 3 EXISTS", "* OK [UIDVALIDITY 1] x", "* OK [UIDNEXT 4] x")
		c.Send(lines...)
		c.Send(cmd.Tag + " OK " + code + " done")
		return true
	}
}

func TestWhereAFolderKeepsNoKeywordsThatIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		code  string
		lines []string
		add   string
		ok    bool
	}{
		"none can be made":         {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS (\Seen \Deleted)] limited`}, "$CRMTrack", false},
		"others can't be made":     {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS (\Seen $Label1)] limited`}, "$CRMTrack", false},
		"this one is there":        {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS (\Seen $crmtrack)] limited`}, "$CRMTrack", true},
		"all can be made":          {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS (\Seen \*)] limited`}, "$CRMTrack", true},
		"nothing is said":          {"", nil, "$CRMTrack", true}, // RFC 3501 section 7.1: then all can be changed
		"the folder is read only":  {"[READ-ONLY]", []string{`* OK [PERMANENTFLAGS (\*)] x`}, "$CRMTrack", false},
		"no flags can be set":      {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS ()] x`}, "$CRMTrack", false},
		"nothing is to be added":   {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS ()] x`}, "", true},
		"PERMANENTFLAGS is broken": {"[READ-WRITE]", []string{`* OK [PERMANENTFLAGS (]] x`}, "$CRMTrack", false},
	} {
		f := imaptest.StartFake(t)
		f.AddLetters(3)
		opening(f, c.code, c.lines...)
		var add, remove []string
		if remove = []string{"$CRMTracked"}; c.add != "" {
			add, remove = []string{c.add}, nil
		}
		err := f.Fixture().Mailbox(t).SetKeywords(t.Context(), inbox, []uint32{1}, add, remove)
		if c.ok != (err == nil) || !c.ok && (!errors.Is(err, offline.ErrNoKeywords) || offline.ClassOf(err) != offline.FaultDenied) {
			t.Errorf("%s: %v", name, err)
		}
		if stored := slices.Contains(f.History(), "UID STORE"); stored != c.ok {
			t.Errorf("%s: commands %v", name, f.History())
		}
	}
}

func TestAFolderOpenedToWriteIsNeverClosedSoThatItExpunges(t *testing.T) {
	for _, caps := range [][]string{{"UNSELECT"}, nil} {
		f := imaptest.StartFake(t)
		f.Caps = caps
		f.AddLetters(3)
		m := f.Fixture().Mailbox(t)
		if err := m.SetKeywords(t.Context(), inbox, []uint32{1, 3}, []string{"$a", "$b"}, []string{"$c"}); err != nil {
			t.Fatal(err)
		}
		if err := m.SetKeywords(t.Context(), offline.Folder{ID: 7, Name: "INBOX", Cursor: offline.Cursor{UIDValidity: 99}}, []uint32{1}, []string{"$a"}, nil); offline.ClassOf(err) != offline.FaultExpired {
			t.Errorf("another UIDVALIDITY: %v", err)
		}
		keeper(t).MustSync(m)
		if _, err := m.Status(t.Context(), []string{"INBOX"}); err != nil {
			t.Fatal(err)
		}
		open := false // to write
		for _, name := range f.History() {
			switch name {
			case "SELECT":
				open = true
			case "UNSELECT", "EXAMINE":
				open = false
			case "CLOSE", "EXPUNGE", "LOGOUT", "STATUS":
				if open {
					t.Errorf("%v: %s while it is open to write: %v", caps, name, f.History())
				}
			}
		}
		if open || f.Dials() != 1 {
			t.Errorf("%v: commands %v", caps, f.History())
		}
	}
}

func TestThatAFolderWasLastOpenedToReadDoesNotCountForTheNextTime(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = nil // without UNSELECT the folder is opened to read afterwards
	f.AddLetters(3)
	m := f.Fixture().Mailbox(t)
	for i := range 1500 { // who waits for the one answer sends the next command at once
		if err := m.SetKeywords(t.Context(), inbox, []uint32{1}, []string{"$a"}, nil); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

func TestAMarkThatSomeMessagesAreGoneForIsSet(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	var stored []string
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "UID STORE" {
			return false
		}
		stored = append(stored, cmd.Args)
		c.Send("* 1 FETCH (FLAGS ($a) MODSEQ (7))", "* 1 EXPUNGE", cmd.Tag+" NO [EXPUNGEISSUED] some are gone")
		return true
	}
	var uids []uint32
	for u := range uint32(700) {
		uids = append(uids, 2*u+1)
	}
	m := f.Fixture().Mailbox(t)
	if err := m.SetKeywords(t.Context(), inbox, uids, []string{"$a"}, nil); err != nil {
		t.Error(err)
	}
	if len(stored) != 3 || len(stored[0]) > 4000 || !strings.HasSuffix(stored[0], " +FLAGS.SILENT ($a)") {
		t.Errorf("%d commands", len(stored))
	}
	f.Lock()
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "UID STORE" {
			c.Send(cmd.Tag + " NO [LIMIT] too many keywords")
		}
		return cmd.Name == "UID STORE"
	}
	f.Unlock()
	if err := m.SetKeywords(t.Context(), inbox, uids[:1], []string{"$a"}, nil); offline.ClassOf(err) != offline.FaultThrottled || !strings.Contains(err.Error(), "too many keywords") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

// appending answers APPEND: with before at once, or with after when it has
// come; said gets the command and the bytes.
func appending(f *imaptest.Fake, before, after string) (said func() (args, body string)) {
	var a, b string
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "APPEND" {
			return false
		}
		a = cmd.Args
		if before != "" {
			c.Send(cmd.Tag + " " + before)
			return true
		}
		c.Send("* 5 EXISTS", "+ go on", "+ again", "* OK still here")
		var n int
		_, size, _ := strings.Cut(cmd.Args, "{")
		_, _ = fmt.Sscanf(size, "%d}", &n)
		b = c.ReadBytes(n)
		c.ReadLine()
		if after == "" {
			c.Close()
			return true
		}
		c.Send(cmd.Tag + " " + after)
		return true
	}
	return func() (string, string) {
		f.Lock()
		defer f.Unlock()
		return a, b
	}
}

func TestTheAnswersToAPPENDAreToldApart(t *testing.T) {
	raw := string(imaptest.Letter(1))
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", -5*3600))
	for name, c := range map[string]struct {
		before, after string
		uid           uint32
		class         offline.FaultClass
		text          string
	}{
		"a UID is told":                {"", "OK [APPENDUID 1 99] done", 99, "", ""},
		"none is":                      {"", "OK done", 0, "", ""},
		"the folder was numbered anew": {"", "OK [APPENDUID 2 99] done", 0, "", ""},
		"a broken one":                 {"", "OK [APPENDUID 1 x] done", 0, "", ""},
		"no such folder":               {"NO [TRYCREATE] Mailbox does not exist", "", 0, offline.FaultNotFound, "no folder Sent"},
		"no such folder, afterwards":   {"", "NO Mailbox doesn't exist: Sent", 0, offline.FaultNotFound, "no folder Sent"},
		"no room":                      {"NO [OVERQUOTA] Quota exceeded", "", 0, offline.FaultThrottled, "Quota exceeded"},
		"too big":                      {"NO [TOOBIG] Message too large", "", 0, offline.FaultRejected, "too large"},
		"not wanted":                   {"", "NO Message contains bare newlines", 0, offline.FaultRejected, "bare newlines"},
		"not allowed":                  {"NO [NOPERM] x", "", 0, offline.FaultDenied, ""},
		"not now":                      {"NO [INUSE] x", "", 0, offline.FaultServer, ""},
		"the connection ends":          {"", "", 0, offline.FaultNetwork, "closed the connection"},
	} {
		f := imaptest.StartFake(t)
		said := appending(f, c.before, c.after)
		m := f.Fixture().Mailbox(t, noWait)
		folder := offline.Folder{ID: 7, Name: "Sent", Cursor: offline.Cursor{UIDValidity: 1}}
		uid, err := m.Append(t.Context(), folder, []string{`\Seen`, "$CRMTracked"}, at, int64(len(raw)), strings.NewReader(raw))
		if uid != c.uid || offline.ClassOf(err) != c.class || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: UID %d, class %q: %v", name, uid, offline.ClassOf(err), err)
		}
		args, body := said()
		if want := fmt.Sprintf(`"Sent" (\Seen $CRMTracked) " 4-Mar-2026 05:06:07 -0500" {%d}`, len(raw)); args != want {
			t.Errorf("%s: asked %s, want %s", name, args, want)
		}
		if c.before == "" && body != raw {
			t.Errorf("%s: %q arrived", name, body)
		}
		if n := f.Dials(); n != 1 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}

func TestAMessageThatIsTooBigForTheServerIsNotSent(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = []string{"APPENDLIMIT=1000"}
	_, err := f.Fixture().Mailbox(t).Append(t.Context(), inbox, nil, time.Time{}, 1001, bytes.NewReader(make([]byte, 1001)))
	if offline.ClassOf(err) != offline.FaultRejected || !strings.Contains(err.Error(), "at most 1000") || slices.Contains(f.History(), "APPEND") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestAMessageIsSentAgainOnlyIfNothingOfItWasSent(t *testing.T) {
	f := imaptest.StartFake(t)
	m := f.Fixture().Mailbox(t)
	raw := string(imaptest.Letter(1))
	put := func() error {
		_, err := m.Append(t.Context(), inbox, nil, time.Time{}, int64(len(raw)), strings.NewReader(raw))
		return err
	}
	appending(f, "", "OK done")
	if err := put(); err != nil {
		t.Fatal(err)
	}
	cut := 0 // a kept connection that dies at the command, and one that dies in the message
	f.Lock()
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "APPEND" {
			return false
		}
		if cut++; cut == 1 {
			c.Close()
			return true
		}
		c.Send("+ go on")
		c.ReadBytes(len(raw))
		c.Close()
		return true
	}
	f.Unlock()
	if err := put(); offline.ClassOf(err) != offline.FaultNetwork || cut != 2 || f.Dials() != 2 {
		t.Errorf("%v after %d tries, %d connections", err, cut, f.Dials())
	}
}

// slow gives n bytes, a few at a time with a pause between: together far longer
// than the timeout.
type slow struct {
	n     int
	pause func()
}

func (s *slow) Read(b []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	s.pause()
	n := min(s.n, 10, len(b))
	s.n -= n
	return copy(b, bytes.Repeat([]byte("x"), n)), nil
}

func TestSlowIsNotDeadAsLongAsAMessageMovesOn(t *testing.T) {
	f := imaptest.StartFake(t)
	appending(f, "", "OK [APPENDUID 1 7] done")
	m := f.Fixture().Mailbox(t, func(c *imap.Config) { c.FetchTimeout = 400 * time.Millisecond })
	const size = 10 * 32 << 10
	n := 0
	r := io.MultiReader(&slow{n: size, pause: func() {
		if n++; n%3300 == 0 { // once in each piece that is sent
			<-time.After(150 * time.Millisecond)
		}
	}})
	if uid, err := m.Append(t.Context(), inbox, nil, time.Time{}, size, r); err != nil || uid != 7 {
		t.Errorf("%d, %v", uid, err)
	}
}

func TestAServerThatFallsSilentOverAMessageIsGivenUp(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "APPEND" {
			c.Send("+ go on")
			<-f.Closed()
			return true
		}
		return false
	}
	m := f.Fixture().Mailbox(t, quick)
	big := 30 << 20 // more than lies in the buffers on the way
	_, err := m.Append(t.Context(), inbox, nil, time.Time{}, int64(big), bytes.NewReader(make([]byte, big)))
	if offline.ClassOf(err) != offline.FaultNetwork || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = m.Append(ctx, inbox, nil, time.Time{}, 100_000, &slow{n: 100_000, pause: cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestWhatTheServerNamesForAMessageIDIsLookedAt(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(12)
	f.Messages[4].Raw = strings.Replace(f.Messages[4].Raw, "<5@example.test>", "<15@example.test>", 1)
	var asked string
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "UID SEARCH" {
			asked = cmd.Args // the Fake names all
		}
		return false
	}
	m := f.Fixture().Mailbox(t)
	if got, err := m.FindIdentity(t.Context(), inbox, "<2@example.test>"); err != nil || !slices.Equal(got, []uint32{2}) {
		t.Errorf("%v, %v", got, err)
	}
	if !strings.Contains(strings.ToUpper(asked), `HEADER "MESSAGE-ID" "2@EXAMPLE.TEST"`) {
		t.Errorf("asked %s", asked)
	}
	if got, err := m.FindIdentity(t.Context(), inbox, "<5@example.test>"); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, msg imaptest.FakeMessage) bool { // UID behind the literal
		c.Raw(fmt.Sprintf("* %d FETCH (%s UID %d)\r\n", seq, msg.Body(cmd.Args), msg.UID))
		return true
	}
	if got, err := m.FindIdentity(t.Context(), inbox, "<3@example.test>"); err != nil || !slices.Equal(got, []uint32{3}) {
		t.Errorf("%v, %v", got, err)
	}
}
