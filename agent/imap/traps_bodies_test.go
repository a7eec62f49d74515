package imap_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

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
