package imap_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

func TestFoldersAreAskedAboutInTheWayThatTheServerUnderstands(t *testing.T) {
	status := `* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1 HIGHESTMODSEQ 9 MAILBOXID (F-1_x))`
	for name, c := range map[string]struct {
		caps   []string
		answer func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool
		names  []string
		want   []string // commands
		got    []string
		id     string
		class  offline.FaultClass
	}{
		"one by one": {caps: nil, names: []string{"INBOX"}, want: []string{"STATUS"}, got: []string{"INBOX"}},
		"all at once, with literals and in any order": {caps: []string{"LIST-STATUS", "LIST-EXTENDED", "OBJECTID", "CONDSTORE"}, names: []string{"a b", "inbox", "not there"},
			answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
				c.Raw("* STATUS {3}\r\na b (UIDVALIDITY 5 UIDNEXT 1 MESSAGES 0)\r\n")
				c.Send(`* LIST () "/" INBOX`, status, `* LIST (\NonExistent) "/" "not there"`, "* 4 EXISTS")
				c.OK(cmd)
				return true
			}, want: []string{"LIST"}, got: []string{"a b", "inbox"}, id: "F-1_x"},
		"announced and refused": {caps: []string{"LIST-STATUS", "LIST-EXTENDED"}, names: []string{"INBOX"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if cmd.Name == "LIST" {
				c.Send(cmd.Tag + " BAD syntax")
			}
			return cmd.Name == "LIST"
		}, want: []string{"LIST", "STATUS"}, got: []string{"INBOX"}},
		"ids announced and refused": {caps: []string{"OBJECTID"}, names: []string{"INBOX"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if strings.Contains(cmd.Args, "MAILBOXID") {
				c.Send(cmd.Tag + " BAD unknown item")
				return true
			}
			return false
		}, want: []string{"STATUS", "STATUS"}, got: []string{"INBOX"}},
		"an id that can't be one": {caps: []string{"OBJECTID"}, names: []string{"INBOX"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			c.Send("* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1 MAILBOXID (\xffa\x01\"))")
			c.OK(cmd)
			return true
		}, want: []string{"STATUS"}, got: []string{"INBOX"}},
		"some are not there": {names: []string{"a", "INBOX", "b"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			if strings.HasPrefix(cmd.Args, `"INBOX"`) {
				return false
			}
			c.Send(cmd.Tag + " NO [NONEXISTENT] x")
			return true
		}, want: []string{"STATUS", "STATUS", "STATUS"}, got: []string{"INBOX"}},
		"nothing can be said now": {names: []string{"INBOX"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			c.Send(cmd.Tag + " NO [UNAVAILABLE] later")
			return true
		}, want: []string{"STATUS"}, class: offline.FaultServer},
		"the connection breaks": {names: []string{"INBOX"}, answer: func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			c.Close()
			return true
		}, want: []string{"STATUS"}, class: offline.FaultNetwork},
	} {
		f := imaptest.StartFake(t)
		f.AddLetters(3)
		f.Caps = c.caps
		f.Command = func(fc *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
			return c.answer != nil && strings.HasPrefix(cmd.Tag, "Z") && c.answer(fc, cmd)
		}
		list, err := f.Fixture().Mailbox(t).Status(t.Context(), c.names)
		var got []string
		id := ""
		for _, st := range list {
			got = append(got, st.Name)
			id += st.ObjectID
			if st.UIDValidity == 0 {
				t.Errorf("%s: %+v", name, st)
			}
		}
		if !slices.Equal(got, c.got) || id != c.id || offline.ClassOf(err) != c.class {
			t.Errorf("%s: %+v, class %q: %v", name, list, offline.ClassOf(err), err)
		}
		h := f.History()
		if i := slices.Index(h, "AUTHENTICATE"); !slices.Equal(h[i+2:], c.want) { // CAPABILITY follows
			t.Errorf("%s: commands %v", name, h)
		}
	}
}

func TestANameThatLooksLikeAPatternIsAskedAboutByItself(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = []string{"LIST-STATUS", "LIST-EXTENDED"}
	var asked []string
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Tag[0] == 'Z' {
			asked = append(asked, cmd.Name+" "+cmd.Args)
		}
		return false
	}
	names := []string{"100 %", "Lísek", `a"b\c`, "x*"}
	for range 1000 {
		names = append(names, "a folder with a name that is not short at all")
	}
	if _, err := f.Fixture().Mailbox(t).Status(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(asked[0], `LIST "" ("L&AO0-sek" "a\"b\\c" "a folder`) || !strings.HasSuffix(asked[0], "RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))") {
		t.Errorf("asked %.80s ... %s", asked[0], asked[0][max(0, len(asked[0])-80):])
	}
	if n := len(asked); n != 9 || !strings.HasPrefix(asked[n-2], `STATUS "100 %" (`) || !strings.HasPrefix(asked[n-1], `STATUS "x*" (`) {
		t.Errorf("%d commands, the last %v", n, asked[n-2:])
	}
	for _, line := range asked {
		if len(line) > 8192 {
			t.Errorf("a command of %d bytes", len(line))
		}
	}
}

func TestWhatGoesWrongInOneFolderOfManyStopsNoOther(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(1)
	f.Command = func(c *imaptest.FakeConn, cmd imaptest.FakeCommand) bool {
		if cmd.Name == "STATUS" && strings.HasPrefix(cmd.Args, `"Broken"`) {
			c.Send(cmd.Tag + " NO [SERVERBUG] index is corrupt")
			return true
		}
		return false
	}
	list, err := f.Fixture().Mailbox(t).Status(t.Context(), []string{"Broken", "INBOX"})
	if err != nil || len(list) != 1 || list[0].Messages != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestThereAreNeverMoreThanThreeConnectionsAndTheThirdIsClosedWhenNobodyNeedsIt(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(300)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := f.Fixture().Mailbox(t, func(c *imap.Config) { c.Now = func() time.Time { return now } })
	k := keeper(t)
	k.Fail = func(offline.FolderDelta) error {
		if _, err := m.Status(t.Context(), []string{"INBOX"}); err != nil {
			return err
		}
		return m.SetKeywords(t.Context(), inbox, []uint32{1}, []string{"$a"}, nil)
	}
	k.MustSync(m)
	if n := f.Dials(); n != 2 {
		t.Errorf("%d connections", n)
	}
	k.Fail = nil
	now = now.Add(6 * time.Minute)
	k.MustSync(m)
	imaptest.Eventually(t, "the side connection ends", func() bool { return f.Open() == 1 })
	if _, err := m.Status(t.Context(), []string{"INBOX"}); err != nil {
		t.Fatal(err)
	}
	if n := f.Dials(); n != 2 {
		t.Errorf("%d connections, though the main one was free", n)
	}
}
