package imap_test

import (
	"errors"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

var _ agent.Mailbox = (*imap.Mailbox)(nil)

func TestDovecotConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{}).Fixture()
	})
}

func TestDovecotWithoutQRESYNCConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{Without: []string{"QRESYNC"}}).Fixture()
	})
}

func TestDovecotAsAnOldServerConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{Without: []string{
			"QRESYNC", "CONDSTORE", "ESEARCH", "LIST-EXTENDED", "SPECIAL-USE", "ENABLE", "SASL-IR", "LITERAL+", "UNSELECT", "LIST-STATUS", "ID",
		}}).Fixture()
	})
}

func TestDovecotOverSTARTTLSConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		d := imaptest.StartDovecot(t, imaptest.Options{})
		f := d.Fixture()
		f.Addr, f.TLS = d.Addr, false
		return f
	})
}

func TestAFolderThatIsNumberedAnewIsReadAnew(t *testing.T) {
	d := imaptest.StartDovecot(t, imaptest.Options{})
	for i := range 30 {
		d.Add("INBOX", imaptest.Mail{Raw: imaptest.Letter(i)})
	}
	m := d.Fixture().Mailbox(t)
	k := imaptest.NewKeeper(t, "INBOX")
	k.MustSync(m)
	was := k.Folder.Cursor.UIDValidity
	ids := map[string]bool{}
	for _, msg := range k.Messages {
		ids[msg.Identity] = true
	}

	d.NewUIDValidity("INBOX")
	cut := errors.New("cut")
	n := 0
	k.Fail = func(offline.FolderDelta) error { // also when it is cut right after
		if n++; n == 2 {
			return cut
		}
		return nil
	}
	if err := k.Sync(t.Context(), m); !errors.Is(err, cut) || !k.Deltas[0].Reset || len(k.Messages) != 0 {
		t.Fatalf("%v, batches %+v", err, k.Deltas)
	}
	k.Fail = nil
	k.MustSync(m)
	k.Check(d.Fixture().Hand(t))
	if k.Folder.Cursor.UIDValidity == was || len(k.Messages) != 30 || k.Deltas[0].Reset {
		t.Errorf("%d messages, cursor %+v", len(k.Messages), k.Folder.Cursor)
	}
	for _, msg := range k.Messages {
		if !ids[msg.Identity] {
			t.Errorf("a message has changed its identity to %s", msg.Identity)
		}
	}
}

func TestCatchingUpTakesNoMoreCommandsThanTheChangesNeed(t *testing.T) {
	d := imaptest.StartDovecot(t, imaptest.Options{})
	for i := range 200 {
		d.Add("INBOX", imaptest.Mail{Raw: imaptest.Letter(i)})
	}
	first := d.Fixture().Mailbox(t)
	k := imaptest.NewKeeper(t, "INBOX")
	k.MustSync(first)
	k.MustSync(first)
	h := d.Fixture().Hand(t)
	signIn := int64(4) // CAPABILITY came unasked; AUTHENTICATE, ID, ENABLE
	run := func(what string, most int64, change func()) {
		t.Helper()
		change()
		m := d.Fixture().Mailbox(t) // the program was off
		k.MustSync(m)
		k.Check(h)
		if n := m.Requests(); n > signIn+most {
			t.Errorf("%s: %d commands, want at most %d and those to sign in", what, n, most)
		}
		if k.Asked != 0 {
			t.Errorf("%s: it asked for the known UIDs", what)
		}
		m.Close()
	}
	uids := h.UIDs("INBOX")
	run("nothing", 1, func() {})
	run("new", 4, func() { h.Append("INBOX", imaptest.Letter(900), time.Time{}) }) // STATUS, EXAMINE, FETCH of flags with SEARCH, FETCH
	run("flags", 3, func() { h.Flag("INBOX", `\Seen`, true, uids[:50]...) })
	run("deleted", 3, func() { h.Delete("INBOX", uids[60:70]...) })
	run("all", 5, func() {
		h.Append("INBOX", imaptest.Letter(901), time.Time{})
		h.Flag("INBOX", `\Flagged`, true, uids[80])
		h.Delete("INBOX", uids[90])
	})
}
