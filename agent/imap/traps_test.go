package imap_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

// The tests of this file play what servers do that go-imap, left to itself,
// dies of, hangs on, or passes over in silence.

// noWait makes backoff take no time.
func noWait(c *imap.Config) {
	c.After = func(time.Duration) <-chan time.Time {
		ch := make(chan time.Time, 1)
		ch <- time.Time{}
		return ch
	}
}

func quick(c *imap.Config) {
	noWait(c)
	c.FetchTimeout = 200 * time.Millisecond
}

func keeper(t *testing.T) *imaptest.Keeper { return imaptest.NewKeeper(t, "INBOX") }

func has(t *testing.T, k *imaptest.Keeper, want int) {
	t.Helper()
	if len(k.Messages) != want {
		t.Errorf("%d messages, want %d (set aside: %v)", len(k.Messages), want, k.Aside)
	}
}

func TestUnknownUntaggedResponsesAreDropped(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if strings.HasPrefix(cmd.Tag, "T") {
			c.Send("* XYZZY (a {3}", "abc)", "* VANISHED 99", `* LSUB () "/" x`, "+ stray", "* 1 RECENT", "* 5 NONSENSE {4}", "x", ")", "*", "", "* OK [UNDEFINED (\"x\") no end", "* NO warning", "* FLAGS (broken", "Z9 OK of nobody", "* OK [PERMANENTFLAGS (]] x")
		}
		return false
	}
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.Send("* XYZZY", "* OK still here {5}")
		return false
	}
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	has(t, k, 3)
	if n := f.Dials(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestAUIDBehindTheLiteralIsFound(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(500)
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		body := m.Body(cmd.Args)
		if body == "" {
			return false
		}
		c.Raw(fmt.Sprintf("* %d FETCH (%s FLAGS (\\Seen) INTERNALDATE \"04-Mar-2026 10:15:00 +0100\" RFC822.SIZE 5 UID %d)\r\n", seq, body, m.UID))
		return true
	}
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	has(t, k, 500)
	if n := m.Requests(); n > 20 {
		t.Errorf("%d commands for 500 messages", n)
	}
	if msg := k.Messages[7]; msg.Identity != "<7@example.test>" || !slices.Equal(msg.Places[0].Flags, []string{`\Seen`}) {
		t.Errorf("message 7: %+v", msg)
	}
	bodies := fetchBodies(t, m, 3, 4)
	if !strings.Contains(bodies[4], "Text of letter 4.") {
		t.Errorf("bodies %v", bodies)
	}
}

func TestAnUnaskedForFETCHDoesNotTakeTheAnswersPlace(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if cmd.Name == "UID FETCH" && m.UID == 3 {
			c.Send(`* 3 FETCH (UID 3 FLAGS (\Seen))`)
		}
		c.Send(`* 1 FETCH (FLAGS (\Seen))`)
		return false
	}
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t))
	has(t, k, 5)
}

func TestASilentServerIsGivenUp(t *testing.T) {
	for _, at := range []string{"greeting", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH", "literal"} {
		t.Run(at, func(t *testing.T) {
			f := imaptest.StartFake(t)
			f.AddLetters(3)
			wait := func(c *imaptest.FakeConn) { <-f.Closed() }
			if at == "greeting" {
				f.Greeting = "-"
			}
			f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
				switch {
				case cmd.Name == at:
					wait(c)
					return true
				case at == "literal" && cmd.Name == "UID FETCH":
					c.Raw("* 1 FETCH (UID 1 BODY[HEADER] {100}\r\nSubject")
					wait(c)
					return true
				}
				return false
			}
			start := time.Now()
			err := keeper(t).Sync(t.Context(), f.Fixture().Mailbox(t, quick))
			if c := offline.ClassOf(err); c != offline.FaultNetwork {
				t.Errorf("class %q: %v", c, err)
			}
			if err == nil || time.Since(start) > 8*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
	}
}

func TestASlowServerThatMakesProgressIsWaitedFor(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(1)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		s := m.Answer(seq, cmd.Args)
		for len(s) > 0 {
			n := min(len(s), 20)
			c.Raw(s[:n])
			s = s[n:]
			<-tick.C
		}
		return true
	}
	start := time.Now()
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, quick))
	has(t, k, 1)
	if d := time.Since(start); d < 400*time.Millisecond {
		t.Errorf("it took %v: not slow at all", d)
	}
}

func TestCancellingInTheMiddleOfALiteralReturnsAtOnce(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	ctx, cancel := context.WithCancel(t.Context())
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.Raw("* 1 FETCH (UID 1 BODY[HEADER] {100}\r\nSubject")
		cancel()
		<-f.Closed()
		return true
	}
	start := time.Now()
	err := keeper(t).Sync(ctx, f.Fixture().Mailbox(t))
	if !errors.Is(err, context.Canceled) || time.Since(start) > 2*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestClosingWhileAnswersComeInDoesNotHang(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(3)
	reached := make(chan struct{})
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if seq > 1 {
			return true
		}
		c.Raw("* 1 FETCH (UID 1 BODY[HEADER] {100}\r\nSubject")
		close(reached)
		<-f.Closed()
		return true
	}
	m := f.Fixture().Mailbox(t)
	done := make(chan error, 1)
	go func() { done <- keeper(t).Sync(t.Context(), m) }()
	<-reached
	_ = m.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("it hangs")
	}
}

func TestInterleavedAnswersOfPipelinedFETCHesDoNotDeadlock(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(600)
	var held []imaptest.FakeCommand
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "UID FETCH" {
			return false
		}
		if held = append(held, cmd); len(held) < 3 {
			return true
		}
		// Answer the three in turns, the last one first.
		set := func(cmd imaptest.FakeCommand) (lo, hi int) {
			_, _ = fmt.Sscanf(cmd.Args, "%d:%d", &lo, &hi)
			return lo, hi
		}
		for i := range 400 {
			for _, cmd := range slices.Backward(held) {
				if lo, hi := set(cmd); lo+i <= hi {
					c.Raw(f.Messages[lo+i-1].Answer(lo+i, cmd.Args))
				}
			}
		}
		for _, cmd := range slices.Backward(held) {
			c.OK(cmd)
		}
		held = nil
		return true
	}
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, func(c *imap.Config) { c.BatchSize = 250 }))
	has(t, k, 600)
}

// logged collects what is logged.
type logged struct {
	sync.Mutex
	strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Builder.Write(p)
}

func (l *logged) String() string {
	l.Lock()
	defer l.Unlock()
	return l.Builder.String()
}

func TestALERTIsLoggedAndBYEIsInTheError(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		switch cmd.Name {
		case "EXAMINE":
			c.Send("* OK [ALERT] Your mailbox is nearly full")
		case "UID SEARCH":
			c.Send("* BYE Going down for maintenance")
			c.Close()
			return true
		}
		return false
	}
	var log logged
	err := keeper(t).Sync(t.Context(), f.Fixture().Mailbox(t, func(c *imap.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }))
	if !strings.Contains(log.String(), "nearly full") {
		t.Errorf("log %q", log.String())
	}
	if err == nil || !strings.Contains(err.Error(), "Going down for maintenance") || !offline.ClassOf(err).Transient() {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestFoldersWithBrokenNamesAreLeftOut(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "LIST" {
			return false
		}
		c.Send(`* LIST (\HasNoChildren) "." INBOX`, `* LIST () "." "Gesendete Elemente"`, `* LIST () "." "&AOk-t&AOk-"`, `* LIST () "." "broken & name"`, `* LIST () "." "B&"`, `* LIST () "." "&AGE-"`,
			"* LIST () \".\" caf\xe9", `* LIST (\Noselect) "." Parent`, `* LIST () NIL flat`, `* LIST () "." "quo\"te"`, `* LIST () "\\" back`, `* LIST () "." "R&-D"`, `* LIST () "." {7}`)
		c.Raw("lit.era\r\n")
		c.Send(`* LIST () "." "` + strings.Repeat("x", 100_000) + `"`)
		c.OK(cmd)
		return true
	}
	list, err := f.Fixture().Mailbox(t).Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		if len(f.Name) < 100 {
			names = append(names, f.Name)
		}
		if f.Name == "Gesendete Elemente" && f.Role != offline.RoleSent || f.Name == "Parent" && !f.NoSelect {
			t.Errorf("%+v", f)
		}
	}
	if want := []string{"INBOX", "Gesendete Elemente", "été", "Parent", "flat", `quo"te`, "back", "R&D", "lit.era"}; !slices.Equal(names, want) {
		t.Errorf("folders %q, want %q", names, want)
	}
}

func TestRequestsCountsWhatTheServerSees(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	m := f.Fixture().Mailbox(t)
	k := keeper(t)
	k.MustSync(m)
	f.AddLetters(1)
	k.MustSync(m)
	if n := m.Requests(); int(n) != len(f.History()) {
		t.Errorf("%d counted, the server saw %v", n, f.History())
	}
}

func TestNothingIsEverOpenedForWriting(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if strings.Contains(cmd.Args, "BODY[") || slices.Contains([]string{"SELECT", "STORE", "UID STORE", "EXPUNGE", "COPY", "MOVE"}, cmd.Name) {
			t.Errorf("%s %s", cmd.Name, cmd.Args)
		}
		return false
	}
	m := f.Fixture().Mailbox(t)
	keeper(t).MustSync(m)
	fetchBodies(t, m, 1, 2)
}
