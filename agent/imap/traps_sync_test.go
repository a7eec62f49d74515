package imap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

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
