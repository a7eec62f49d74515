package imap_test

import (
	"slices"
	"testing"
	"time"

	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

func TestCyrusConforms(t *testing.T) {
	c := imaptest.StartCyrus(t, "")
	imaptest.Conformance(t, func(*testing.T) imaptest.Fixture { return c.Fixture() })
}

// Cyrus as it is configured where nobody changed it: all folders below INBOX,
// levels separated by dots.
func TestCyrusWithFoldersBelowINBOXIsUnderstood(t *testing.T) {
	f := imaptest.StartCyrus(t, "altnamespace: no\nunixhierarchysep: no").Fixture()
	m, h := f.Mailbox(t), f.Hand(t)
	h.Append("INBOX.Sent", imaptest.Letter(1), time.Time{})
	list, err := m.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(f offline.Folder) bool { return f.Role == offline.RoleSent })
	if i < 0 || list[i].Name != "INBOX.Sent" || list[i].Delimiter != "." || list[i].ObjectID == "" {
		t.Fatalf("folders %+v", list)
	}
	if err := m.SetKeywords(t.Context(), list[i], []uint32{1}, []string{offline.KeywordTracked}, nil); err != nil {
		t.Error(err)
	}
	if st, err := m.Status(t.Context(), []string{"INBOX.Sent"}); err != nil || len(st) != 1 || st[0].Messages != 1 || st[0].ObjectID != list[i].ObjectID {
		t.Errorf("%+v, %v", st, err)
	}
}

// Cyrus 3.6 answers MAILBOXID with bytes of freed memory when it is asked
// together with what makes it open the folder (UIDNEXT, MESSAGES).
func TestIDsOfCyrusFoldersAreTheSameHoweverTheyAreAsked(t *testing.T) {
	f := imaptest.StartCyrus(t, "").Fixture()
	m, h := f.Mailbox(t), f.Hand(t)
	var names []string
	for _, n := range []string{"One", "Two", "Three", "Four"} {
		h.Create(n)
		h.Append(n, imaptest.Letter(1), time.Time{})
		names = append(names, n)
	}
	list, err := m.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, f := range list {
		ids[f.Name] = f.ObjectID
	}
	for range 20 {
		st, err := m.Status(t.Context(), names)
		if err != nil || len(st) != len(names) {
			t.Fatalf("%+v, %v", st, err)
		}
		for _, s := range st {
			if s.ObjectID != ids[s.Name] || s.ObjectID == "" || s.Messages != 1 {
				t.Errorf("%+v, listed with id %q", s, ids[s.Name])
			}
		}
	}
}
