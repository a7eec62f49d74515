package imap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// fetchBodies fetches bodies; those that failed are "error: ...".
func fetchBodies(t *testing.T, m *imap.Mailbox, uids ...uint32) map[uint32]string {
	t.Helper()
	got := map[uint32]string{}
	err := m.Bodies(t.Context(), offline.Folder{ID: 1, Name: "INBOX"}, uids, func(uid uint32, r io.Reader, err error) error {
		if err != nil {
			got[uid] = "error: " + err.Error()
			return nil
		}
		b, err := io.ReadAll(r)
		if err == nil {
			got[uid] = string(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
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

// poison makes fetching one message misbehave.
func poison(f *imaptest.Fake, uid uint32, do func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool) {
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		return m.UID == uid && strings.Contains(cmd.Args, "BODY") && do(c, cmd, seq, m)
	}
}

func TestAMessageThatBreaksTheConnectionIsSetAside(t *testing.T) {
	for name, do := range map[string]func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool{
		"the server closes": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Close()
			return true
		},
		"the server closes in the middle": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Raw(fmt.Sprintf("* %d FETCH (UID %d BODY[HEADER] {500}\r\nSubject: half", seq, m.UID))
			c.Close()
			return true
		},
		"unknown attribute": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Send(fmt.Sprintf("* %d FETCH (UID %d X-GM-MSGID 5)", seq, m.UID))
			return true
		},
		"ENVELOPE NIL": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Send(fmt.Sprintf("* %d FETCH (UID %d ENVELOPE NIL)", seq, m.UID))
			return true
		},
		"a line without end": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Raw(fmt.Sprintf("* %d FETCH (UID %d FLAGS (%s", seq, m.UID, strings.Repeat("x", 3<<20)))
			return true
		},
		"an absurd literal": func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
			c.Send(fmt.Sprintf("* %d FETCH (UID %d BODY[HEADER] {99999999999999}", seq, m.UID))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := imaptest.StartFake(t)
			f.AddLetters(1000)
			poison(f, 613, do)
			k := keeper(t)
			k.MustSync(f.Fixture().Mailbox(t, noWait))
			has(t, k, 999)
			if len(k.Aside) != 1 || k.Aside[613].Reason == "" {
				t.Errorf("set aside: %+v", k.Aside)
			}
			if k.Again != 0 {
				t.Errorf("%d messages came twice", k.Again)
			}
			if n := f.Dials(); n > 15 {
				t.Errorf("%d connections", n)
			}
			f.AddLetters(2) // and the next sync passes it by
			before := f.Dials()
			k.MustSync(f.Fixture().Mailbox(t, noWait))
			has(t, k, 1001)
			if n := f.Dials() - before; n != 1 {
				t.Errorf("the next sync made %d connections", n)
			}
		})
	}
}

func TestSeveralPoisonedMessagesAreAllFound(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(300)
	bad := []uint32{1, 2, 150, 299, 300}
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if slices.Contains(bad, m.UID) && strings.Contains(cmd.Args, "BODY") {
			c.Close()
			return true
		}
		return false
	}
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, noWait))
	has(t, k, 295)
	if len(k.Aside) != len(bad) {
		t.Errorf("set aside: %v", k.Aside)
	}
}

func TestAMessageWithoutDateIsReadAllTheSame(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(10)
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if m.UID != 4 || !strings.Contains(cmd.Args, "INTERNALDATE") {
			return false
		}
		c.Raw(strings.Replace(m.Answer(seq, cmd.Args), `"04-Mar-2026 10:15:00 +0100"`, "NIL", 1))
		return true
	}
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, noWait))
	has(t, k, 10)
	if m := k.Messages[4]; m.Identity != "<4@example.test>" || m.Date.IsZero() {
		t.Errorf("message 4: %+v", m)
	}
}

func TestAMessageThatTheServerRefusesIsSetAside(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(50)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name != "UID FETCH" || !strings.Contains(cmd.Args, "BODY") {
			return false
		}
		set, _, _ := strings.Cut(cmd.Args, " ")
		for i, m := range f.Messages {
			if !inSet(set, m.UID) {
				continue
			}
			if m.UID == 20 {
				c.Send(cmd.Tag + " NO [SERVERBUG] Internal error occurred, message 20 is corrupt")
				return true
			}
			c.Raw(m.Answer(i+1, cmd.Args))
		}
		c.OK(cmd)
		return true
	}
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, noWait))
	has(t, k, 49)
	if r := k.Aside[20].Reason; !strings.Contains(r, "message 20 is corrupt") {
		t.Errorf("set aside: %+v", k.Aside)
	}
	if n := f.Dials(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func inSet(set string, n uint32) bool {
	for _, p := range strings.Split(set, ",") {
		var lo, hi uint32
		if k, _ := fmt.Sscanf(p, "%d:%d", &lo, &hi); k < 2 {
			hi = lo
		}
		if n >= lo && n <= hi {
			return true
		}
	}
	return false
}

func TestAMessageThatIsListedButNeverSentIsSetAside(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(10)
	poison(f, 5, func(*imaptest.FakeConn, imaptest.FakeCommand, int, imaptest.FakeMessage) bool { return true })
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, noWait))
	has(t, k, 9)
	if !strings.Contains(k.Aside[5].Reason, "does not send it") {
		t.Errorf("set aside: %+v", k.Aside)
	}
}

func TestAServerThatAlwaysBreaksIsGivenUp(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(500)
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.Close()
		return true
	}
	k := keeper(t)
	if err := k.Sync(t.Context(), f.Fixture().Mailbox(t, noWait)); err == nil {
		t.Error("no error")
	}
	if n := f.Dials(); n > 60 {
		t.Errorf("%d connections", n)
	}
	if len(k.Aside) > 0 {
		t.Errorf("the messages were blamed for it: %v", k.Aside)
	}
}

func TestAMailboxWithOneMessageThatBreaksTheConnectionIsRead(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(1)
	poison(f, 1, func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.Close()
		return true
	})
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, noWait))
	if len(k.Aside) != 1 {
		t.Errorf("set aside: %v", k.Aside)
	}
}

func TestAMessageOnWhichTheServerHangsIsSetAside(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(20)
	poison(f, 5, func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.ReadLine() // nothing comes until the client gives up
		c.Close()
		return true
	})
	k := keeper(t)
	k.MustSync(f.Fixture().Mailbox(t, quick))
	has(t, k, 19)
	if !strings.Contains(k.Aside[5].Reason, "does not answer") {
		t.Errorf("set aside: %v", k.Aside)
	}
}

func TestAPoisonedBodyIsReportedAndTheOthersCome(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Messages[3].Raw += strings.Repeat("x", 3<<20) // in pieces
	poison(f, 2, func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		c.Close()
		return true
	})
	got := fetchBodies(t, f.Fixture().Mailbox(t, noWait), 1, 2, 3, 4, 5)
	if len(got) != 5 || !strings.HasPrefix(got[2], "error: ") || got[4] != f.Messages[3].Raw {
		t.Errorf("%d bodies, the second is %q, the fourth has %d bytes", len(got), got[2], len(got[4]))
	}
}

func TestABigBodyGoesOnAfterADrop(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(1)
	f.Messages[0].Raw += strings.Repeat("0123456789", 500_000)
	drops := 0
	poison(f, 1, func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if !strings.Contains(cmd.Args, "<2097152.") && !strings.Contains(cmd.Args, "<4194304.") {
			return false
		}
		if drops++; drops%2 == 0 {
			return false
		}
		s := m.Answer(seq, cmd.Args)
		c.Raw(s[:len(s)/2])
		c.Close()
		return true
	})
	got := fetchBodies(t, f.Fixture().Mailbox(t, noWait), 1)
	if got[1] != f.Messages[0].Raw || drops != 4 {
		t.Errorf("%d bytes of %d, %d drops: %.100s", len(got[1]), len(f.Messages[0].Raw), drops, got[1])
	}
}

func TestABodyWhoseSizeIsALieComesWhole(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(2)
	f.Messages[0].Raw += strings.Repeat("x", 2<<20)
	f.Fetch = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand, seq int, m imaptest.FakeMessage) bool {
		if !strings.Contains(cmd.Args, "RFC822.SIZE") {
			return false
		}
		c.Send(fmt.Sprintf("* %d FETCH (UID %d RFC822.SIZE 1000)", seq, m.UID))
		return true
	}
	got := fetchBodies(t, f.Fixture().Mailbox(t), 1, 2)
	if got[1] != f.Messages[0].Raw || got[2] != f.Messages[1].Raw {
		t.Errorf("%d and %d bytes", len(got[1]), len(got[2]))
	}
}

func qresync(f *imaptest.Fake) {
	f.Caps = append(f.Caps, "CONDSTORE", "QRESYNC", "ENABLE")
	f.HighestModSeq = 10
}

func TestVANISHEDIsLiftedOutAndUsed(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(20)
	m := f.Fixture().Mailbox(t)
	k := keeper(t)
	k.MustSync(m)
	f.Lock()
	f.Messages = slices.Delete(f.Messages, 4, 7)
	f.Messages[0].Flags, f.Messages[0].ModSeq = `\Seen`, 12
	f.Vanished, f.HighestModSeq = "5:7", 12
	f.Unlock()
	before := m.Requests()
	k.MustSync(m)
	has(t, k, 17)
	if n := m.Requests() - before; n != 4 || k.Asked != 0 { // UNSELECT with STATUS, EXAMINE, FETCH
		t.Errorf("%d commands, asked %d times for what is known: %v", n, k.Asked, f.History())
	}
	if got := k.Messages[1].Places[0].Flags; !slices.Equal(got, []string{`\Seen`}) {
		t.Errorf("flags %v", got)
	}
}

func TestVANISHEDThatNamesTooMuchIsComparedWithWhatIsKnown(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(20)
	f.Messages = slices.Delete(f.Messages, 0, 5)
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	f.Lock()
	f.Messages = slices.Delete(f.Messages, 0, 1)
	f.Vanished, f.HighestModSeq = "1:6,4000000:4294967295", 12
	f.Unlock()
	k.MustSync(m)
	has(t, k, 14)
	if len(k.Deltas[0].Gone) != 1 || k.Deltas[0].Gone[0] != 6 {
		t.Errorf("gone %v", k.Deltas[0].Gone)
	}
}

func TestAVANISHEDLongerThanAnyBufferIsRead(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(40_000)
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	has(t, k, 40_000)
	f.Lock()
	var odd []string
	var left []imaptest.FakeMessage
	for _, m := range f.Messages {
		if m.UID%2 == 1 {
			odd = append(odd, fmt.Sprint(m.UID))
		} else {
			left = append(left, m)
		}
	}
	f.Messages, f.Vanished, f.HighestModSeq = left, strings.Join(odd, ","), 12
	f.Unlock()
	k.MustSync(m)
	has(t, k, 20_000)
}

func TestMessagesThatVanishUntoldAreFoundByTheCounts(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(20)
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	f.Lock()
	f.Messages = slices.Delete(f.Messages, 3, 5) // no VANISHED, no mod-sequence
	f.Unlock()
	k.MustSync(m)
	has(t, k, 18)
	if k.Asked != 1 {
		t.Errorf("asked %d times", k.Asked)
	}
}

func TestMessagesThatAppearBelowUIDNEXTAreFoundByTheCounts(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(20)
	hidden := f.Messages[6]
	f.Messages = slices.Delete(f.Messages, 6, 7)
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	has(t, k, 19)
	f.Lock()
	f.Messages = slices.Insert(f.Messages, 6, hidden)
	f.Unlock()
	k.MustSync(m)
	has(t, k, 20)
}

func TestModSequencesThatBeginAnewLoseNothing(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.HighestModSeq = 1000
	f.AddLetters(20)
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	f.Lock()
	f.HighestModSeq = 5
	f.Messages[2].Flags = `\Seen`
	f.Messages = slices.Delete(f.Messages, 9, 10)
	f.Unlock()
	k.MustSync(m)
	has(t, k, 19)
	if got := k.Messages[3].Places[0].Flags; !slices.Equal(got, []string{`\Seen`}) || k.Folder.Cursor.HighestModSeq != 5 {
		t.Errorf("flags %v, cursor %+v", got, k.Folder.Cursor)
	}
}

func TestASTATUSForAnotherNameIsNotBelieved(t *testing.T) {
	f := imaptest.StartFake(t)
	qresync(f)
	f.AddLetters(5)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "STATUS" {
			c.Send(`* STATUS "some other" (MESSAGES 5)`)
			c.OK(cmd)
			return true
		}
		return false
	}
	k, m := keeper(t), f.Fixture().Mailbox(t)
	k.MustSync(m)
	f.AddLetters(1)
	k.MustSync(m)
	has(t, k, 6)
}

func TestWrongCountsDoNotGoInCircles(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "EXAMINE" {
			c.Send("* 9 EXISTS", "* OK [UIDVALIDITY 1] x", "* OK [UIDNEXT 6] x", cmd.Tag+" OK done")
			return true
		}
		return false
	}
	k, m := keeper(t), f.Fixture().Mailbox(t)
	for range 3 {
		k.MustSync(m)
		has(t, k, 5)
	}
	if n := m.Requests(); n > 20 {
		t.Errorf("%d commands", n)
	}
}

func TestAnAbsurdSearchResultIsRefused(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "UID SEARCH" {
			c.Send(fmt.Sprintf(`* ESEARCH (TAG "%s") UID ALL 1:4294967295`, cmd.Tag))
			c.OK(cmd)
			return true
		}
		return false
	}
	f.UIDNext = 0 // so that it does not bound the list
	err := keeper(t).Sync(t.Context(), f.Fixture().Mailbox(t))
	if offline.ClassOf(err) != offline.FaultProtocol {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
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

func TestWithoutIDLEItIsPolled(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = nil
	var waited time.Duration
	m := f.Fixture().Mailbox(t, func(c *imap.Config) {
		noWait(c)
		after := c.After
		c.After = func(d time.Duration) <-chan time.Time { waited = d; return after(d) }
	})
	if err := m.Idle(t.Context(), offline.Folder{ID: 1, Name: "INBOX"}); err != nil || waited != 5*time.Minute {
		t.Errorf("waited %v, %v", waited, err)
	}
	if slices.Contains(f.History(), "IDLE") {
		t.Error("IDLE was sent")
	}
}

func TestIdleThatKeepsFailingWaitsLongerEachTime(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Greeting = "* BYE too many connections"
	var waits []time.Duration
	m := f.Fixture().Mailbox(t, func(c *imap.Config) {
		noWait(c)
		after := c.After
		c.After = func(d time.Duration) <-chan time.Time { waits = append(waits, d); return after(d) }
	})
	for range 15 {
		if err := m.Idle(t.Context(), offline.Folder{ID: 1, Name: "INBOX"}); err == nil {
			t.Fatal("no error")
		}
	}
	if len(waits) != 14 || waits[0] > 2*time.Second || waits[13] < time.Minute || waits[13] > 10*time.Minute {
		t.Errorf("waits %v", waits)
	}
}

func TestIdleDoesNotRunInCirclesWhereTheServerContradictsItself(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	m := f.Fixture().Mailbox(t)
	k := keeper(t)
	k.MustSync(m)
	k.Folder.Cursor.Messages = 99
	if err := m.Idle(t.Context(), k.Folder); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Idle(ctx, k.Folder) }()
	imaptest.Eventually(t, "it waits", func() bool { return slices.Contains(f.History(), "IDLE") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
