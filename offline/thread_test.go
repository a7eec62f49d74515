package offline

import (
	"strings"
	"testing"
)

func TestLongNumbersOfASubjectAreItsLastOnes(t *testing.T) {
	for subject, want := range map[string]string{
		"":                                  "",
		"Offer 4000 of 2026":                "", // too short
		"Re: Offer CRM:0001001":             "0001001",
		"CRM:0001001 order 4711000":         "4711000 0001001",
		"11111 22222 33333 44444":           "44444 33333 22222",
		"12345 x 12345":                     "12345",
		"no end 123456":                     "123456",
		strings.Repeat("9", 40) + " longer": strings.Repeat("9", 40),
	} {
		if got := strings.Join(longNumbers(subject), " "); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
}

// A store of schema 1 may hold conversations that nobody could look up.
func TestConversationsOfAnOlderStoreAreFoundAfterTheMigration(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(t)
	s := openAt(t, dir)
	populate(t, s)
	// Back to schema 1: what is newer goes, and the version.
	demote(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, testKey(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	root, _ := Conversation(sampleThread)
	view(t, s, func(tx *Tx) {
		emails, err := tx.EmailByThread(root)
		if keys := tx.KeysByThread(root); len(keys) != 1 || keys[0] != 5 || len(emails) != 1 || err != nil {
			t.Errorf("by thread %v, %v, %v", keys, emails, err)
		}
		if keys := tx.KeysByToken("CRM:0017001"); len(keys) != 1 || keys[0] != 5 {
			t.Errorf("by token %v", keys)
		}
	})
}

func demote(t *testing.T, s *Store) {
	t.Helper()
	btx, err := s.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range bucketNames[bDrafts:] {
		if err := btx.DeleteBucket([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	tx := s.begin(btx, true)
	tx.counts().Items = nil
	tx.putTally()
	m, err := tx.Message(5)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tx.Record(Ref{KindEmail, "8f1b6f3a-2f43-4a0e-9d0a-000000000003"})
	if err != nil {
		t.Fatal(err)
	}
	rows := append(tx.conversationRows(nil, &m, key8(5)), tx.threadRecordRows(&r, tx.recordKey(r.Ref))...)
	if len(rows) != 3 {
		t.Fatalf("%d rows", len(rows))
	}
	if err := tx.changeRows(rows, nil); err != nil {
		t.Fatal(err)
	}
	tx.end()
	if err := btx.Bucket([]byte(bucketNames[bMeta])).Put([]byte(metaSchema), []byte{0, 0, 0, 1}); err != nil {
		t.Fatal(err)
	}
	if err := btx.Commit(); err != nil {
		t.Fatal(err)
	}
}
