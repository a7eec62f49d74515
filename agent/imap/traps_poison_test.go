package imap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postrider/agent/imap/imaptest"
)

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
