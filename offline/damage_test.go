package offline

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// populated makes a closed store with something in every table, and returns its
// folder and what readAll reads from it.
func populated(t testing.TB) (dir string, content map[string]any) {
	t.Helper()
	dir = t.TempDir()
	s := openAt(t, dir)
	populate(t, s)
	view(t, s, func(tx *Tx) { content = must[map[string]any](t)(readAll(tx)) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, content
}

// populate puts something into every table. What it puts is the content of the
// frozen stores: don't change it.
func populate(t testing.TB, s *Store) {
	t.Helper()
	contact := Ref{KindContact, "8f1b6f3a-2f43-4a0e-9d0a-000000000001"}
	account := Ref{KindAccount, "8f1b6f3a-2f43-4a0e-9d0a-000000000002"}
	email := Ref{KindEmail, "8f1b6f3a-2f43-4a0e-9d0a-000000000003"}
	update(t, s, func(tx *Tx) error {
		inbox := Folder{Name: "INBOX", Role: RoleInbox, Read: true, Cursor: Cursor{UIDValidity: 7, UIDNext: 900, At: testClock()}}
		sent := Folder{Name: "Sent", Delimiter: "/", Role: RoleSent, Read: true}
		ms := sampleMessages(0, 60)
		return errors.Join(tx.PutFolder(&inbox), tx.PutFolder(&sent), tx.AddMessages(ms))
	})
	update(t, s, func(tx *Tx) error {
		for key, state := range map[uint64]State{1: Waiting, 2: Tracked, 3: Failed, 4: Untracked} {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			m.Track = Tracking{State: state, Since: testClock(), Cause: CauseToken, Reason: "the reason why",
				Record: email, Regarding: account, Epoch: 3}
			m.Body = BodyInfo{Stored: key == 2, Attachments: 1, Snippet: "Dear Mr Svoboda"}
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
		}
		set := SetAside{Folder: 1, UID: 77, Reason: "the header has no end", At: testClock()}
		change := Change{Lane: "email:2", Op: OpCreateEmail, Item: 2, Record: email, Queued: testClock(),
			NotBefore: testClock().Add(time.Minute), Regarding: account, Correlated: email}
		parked := Change{Lane: "email:1", Op: OpSetRegarding, Item: 1, Record: email, Queued: testClock(), Parked: true, Reason: "refused"}
		return errors.Join(
			tx.PutRecord(&Record{Ref: account, Name: "Moravia Tools", Active: true, ETag: `W/"1"`}),
			tx.PutRecord(&Record{Ref: contact, Name: "Jana Nováková", Addrs: []string{"Jana.Novakova.1@moravia-tools.example"},
				Parent: account, Active: true, Created: testClock(), Fields: Fields{"title": "Head of Purchasing"}, Summary: "Purchasing"}),
			tx.PutRecord(&Record{Ref: email, Name: "Re: Offer", Email: &Email{Identity: sampleMessage(1).Identity, Token: "CRM:0017", Regarding: account}}),
			tx.PutCRMCursor(CRMCursor{Kind: KindContact, Delta: "https://org.example/delta?token=1", At: testClock()}),
			tx.BeginListing(KindContact),
			tx.PutLink(&Link{Item: 2, Record: email, ETag: `W/"2"`, Base: Base{Regarding: account}, At: testClock()}),
			tx.Enqueue(&change), tx.Enqueue(&parked),
			tx.PutSetAside(&set),
			tx.Log(Activity{At: testClock(), What: "track", Item: 2, Record: email, Text: "Tracked Re: Offer"}),
			tx.PutSetting("user", User{ID: "u1", Name: "Petr Svoboda", Address: "petr.svoboda@adventure-works.example"}),
		)
	})
	if _, err := s.PutBody(2, strings.NewReader("From: Jana\r\n\r\nDear Mr Svoboda, the body.\r\n")); err != nil {
		t.Fatal(err)
	}
}

// readAll reads a store in every way there is.
func readAll(tx *Tx) (map[string]any, error) {
	all := map[string]any{}
	var errs []error
	put := func(name string) func(v any, err error) {
		return func(v any, err error) { all[name] = v; errs = append(errs, err) }
	}
	put("folders")(anyOf(tx.Folders()))
	for key := range uint64(61) {
		put(fmt.Sprintf("message %d", key+1))(anyOf(notFoundIsZero(tx.Message(key + 1))))
		id := sampleMessage(int(key)).Identity
		put("by identity " + id)(anyOf(notFoundIsZero(tx.MessageByIdentity(id))))
		put("references " + id)(anyOf(tx.ReferencedBy(id)))
	}
	for f := range FolderID(3) {
		put(fmt.Sprintf("uids %d", f))(anyOf(tx.UIDs(f)))
		put(fmt.Sprintf("keys %d", f))(anyOf(tx.FolderKeys(f)))
		total, unread := tx.FolderCounts(f)
		put(fmt.Sprintf("counts %d", f))([2]int{total, unread}, nil)
	}
	for _, state := range []State{"", Waiting, Tracked, Failed} {
		put("state " + string(state))(anyOf(tx.KeysByState(state, 0)))
	}
	put("counts")(tx.Counts(), tx.err)
	for _, kind := range []Kind{KindAccount, KindContact, KindEmail} {
		var rs []Record
		err := tx.Records(kind, func(r Record) bool { rs = append(rs, r); return true })
		put("records "+string(kind))(rs, err)
		put("cursor " + string(kind))(anyOf(tx.CRMCursor(kind)))
		for _, r := range rs {
			put("regarding " + r.ID)(anyOf(tx.RecordsRegarding(r.Ref)))
			put("link of " + r.ID)(anyOf(notFoundIsZero(tx.LinkByRecord(r.Ref))))
		}
	}
	put("by address")(anyOf(tx.RecordsByAddress("jana.novakova.1@moravia-tools.example")))
	put("by token")(anyOf(tx.EmailByToken("CRM:0017")))
	put("email by identity")(anyOf(tx.EmailByIdentity(sampleMessage(1).Identity)))
	var links []Link
	put("links")(links, tx.Links(func(l Link) bool { links = append(links, l); return true }))
	all["links"] = links
	put("changes")(anyOf(tx.Changes(0)))
	put("ready")(anyOf(tx.Ready(testClock().Add(time.Hour), 0)))
	put("lane")(anyOf(tx.Lane("email:1")))
	put("changes for")(anyOf(tx.ChangesFor(2)))
	put("set aside")(anyOf(tx.SetAsides()))
	put("activities")(anyOf(tx.Activities(0)))
	var u User
	_, err := tx.Setting("user", &u)
	put("user")(u, err)
	return all, errors.Join(errs...)
}

func anyOf[T any](v T, err error) (any, error) { return v, err }

func notFoundIsZero[T any](v T, err error) (T, error) {
	if isNotFound(err) {
		var zero T
		return zero, nil
	}
	return v, err
}

// refused opens dir, wants the error, and wants the file left as it was.
func refused(t *testing.T, dir string, key []byte, o OpenOptions, want error) error {
	t.Helper()
	path := filepath.Join(dir, storeFile)
	before, _ := os.ReadFile(path)
	s, err := Open(dir, key, o)
	if err == nil {
		_ = s.Close()
		t.Fatalf("opened; want %v", want)
	}
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), ";") {
		t.Errorf("no file name or no remedy in: %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was written to")
	}
	return err
}

func TestAWrongKeyIsRefusedAndNothingIsWritten(t *testing.T) {
	dir, content := populated(t)
	wrong := testKey()
	wrong[31] ^= 1
	refused(t, dir, wrong, testOptions(t), ErrWrongKey)
	refused(t, dir, testKey()[:16], testOptions(t), ErrWrongKey)
	refused(t, dir, nil, testOptions(t), ErrWrongKey)
	view(t, openAt(t, dir), func(tx *Tx) {
		if got := must[map[string]any](t)(readAll(tx)); !reflect.DeepEqual(got, content) {
			t.Error("with the right key the content isn't the same")
		}
	})
}

func TestATruncatedFileIsDamagedWhereverItWasCut(t *testing.T) {
	dir, _ := populated(t)
	path := filepath.Join(dir, storeFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	need := inUseBytes(t, path)
	lengths := []int{0, 1, 15, 79, 80, 4095, 4096, 4097, 8191, 8192, 12288, need / 2, need - 4096, need - 1}
	for range 30 {
		lengths = append(lengths, rand.IntN(need))
	}
	for _, n := range lengths {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, testKey(), testOptions(t), ErrDamaged)
	}
	// The cut-off file kept no lock and no mapping that is in the way now.
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	openAt(t, dir)
}

func TestGarbageIsDamagedNotOverwritten(t *testing.T) {
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for name, data := range map[string][]byte{
		"noise": noise, "zeros": make([]byte, 1<<16), "text": []byte(strings.Repeat("not a database\n", 5000)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, storeFile), data, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, dir, testKey(), testOptions(t), ErrDamaged)
		})
	}
	t.Run("another bbolt file", func(t *testing.T) {
		dir := t.TempDir()
		db, err := bbolt.Open(filepath.Join(dir, storeFile), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, testKey(), testOptions(t), ErrDamaged)
	})
}

// inUseBytes is how much of a store file is used; the rest is room to grow.
func inUseBytes(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	meta, ok, err := newestMeta(f)
	if !ok {
		t.Fatal("no meta page", err)
	}
	return int(meta.pages) * int(meta.pageSize)
}

// Any bit of the file can be wrong. Then the store is refused, or what it gives
// is right or an error, never something else and never a crash; and when Check
// finds nothing, all of it is right.
func TestAFlippedBitIsNeverBelieved(t *testing.T) {
	dir, content := populated(t)
	path := filepath.Join(dir, storeFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:inUseBytes(t, path)]
	o := testOptions(t)
	o.Log = nil
	rounds := 600
	if testing.Short() {
		rounds = 100
	}
	outcomes := map[string]int{}
	for i := range rounds {
		rng := rand.New(rand.NewPCG(11, uint64(i)))
		flipped := bytes.Clone(whole)
		at := rng.IntN(len(flipped))
		if i%4 == 0 { // where the structure is: the first bytes of a page
			at = at/4096*4096 + rng.IntN(96)
		}
		flipped[at] ^= 1 << rng.IntN(8)
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		outcomes[believes(t, dir, o, content, at)]++
	}
	t.Logf("outcomes: %v", outcomes)
	if outcomes["refused"] == 0 || outcomes["row"] == 0 || outcomes["right"] == 0 {
		t.Errorf("not all kinds of outcome were met: %v", outcomes)
	}
}

func believes(t *testing.T, dir string, o OpenOptions, content map[string]any, at int) string {
	t.Helper()
	s, err := Open(dir, testKey(), o)
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) {
			t.Errorf("bit of byte %d: %v", at, err)
		}
		return "refused"
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("bit of byte %d: close: %v", at, err)
		}
	}()
	var got map[string]any
	err = s.View(func(tx *Tx) (err error) { got, err = readAll(tx); return err })
	checked := s.Check()
	if checked == nil {
		// With one of the two heads destroyed the file is as it was before its
		// last transaction: whole, as after a power cut in the middle of that.
		if inHead := at < 2*4096; err != nil || !inHead && !reflect.DeepEqual(got, content) {
			t.Errorf("bit of byte %d: Check finds nothing, but reading gives %v", at, err)
		}
		return "right"
	}
	if !errors.Is(checked, ErrDamaged) {
		t.Errorf("bit of byte %d: Check: %v", at, checked)
	}
	for name, v := range got {
		if m, ok := v.(Message); ok && m.Identity != "" && !reflect.DeepEqual(v, content[name]) {
			t.Errorf("bit of byte %d: %s is wrong: %+v", at, name, m)
		}
	}
	return "row"
}

func TestAnAlteredRowIsNamedAndTheOthersAreRead(t *testing.T) {
	dir, _ := populated(t)
	alter(t, dir, func(tx *bbolt.Tx) {
		b := tx.Bucket([]byte("messages"))
		v := bytes.Clone(b.Get(key8(2)))
		v[len(v)/2] ^= 4
		_ = b.Put(key8(2), v)
	})
	s := openAt(t, dir)
	view(t, s, func(tx *Tx) {
		_, err := tx.Message(2)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "0000000000000002 of messages") {
			t.Errorf("got %v", err)
		}
		for _, key := range []uint64{1, 3, 4, 60} {
			if _, err := tx.Message(key); err != nil {
				t.Errorf("message %d: %v", key, err)
			}
		}
	})
	if err := s.Check(); !errors.Is(err, ErrDamaged) {
		t.Errorf("Check: %v", err)
	}
	// One bad row doesn't stop the writing of others.
	m := sampleMessage(100)
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&m) })
}

func TestARowPutUnderAnotherKeyOrTableIsNotBelieved(t *testing.T) {
	dir, _ := populated(t)
	alter(t, dir, func(tx *bbolt.Tx) {
		b := tx.Bucket([]byte("messages"))
		_ = b.Put(key8(5), bytes.Clone(b.Get(key8(6))))
		_ = tx.Bucket([]byte("links")).Put(key8(7), bytes.Clone(b.Get(key8(7))))
	})
	view(t, openAt(t, dir), func(tx *Tx) {
		if _, err := tx.Message(5); !errors.Is(err, ErrDamaged) {
			t.Errorf("another key: %v", err)
		}
		if _, err := tx.Link(7); !errors.Is(err, ErrDamaged) {
			t.Errorf("another table: %v", err)
		}
	})
}

// alter changes a closed store's file behind its back.
func alter(t *testing.T, dir string, fn func(*bbolt.Tx)) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, storeFile), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file that is cut while it is open faults in its mapping: an error, not the
// end of the program.
func TestAFileCutWhileOpenIsAnError(t *testing.T) {
	dir, _ := populated(t)
	s := openAt(t, dir)
	if err := os.Truncate(filepath.Join(dir, storeFile), 8192); err != nil {
		t.Fatal(err)
	}
	err := s.View(func(tx *Tx) error { _, err := readAll(tx); return err })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("View: %v", err)
	}
	for range 2 {
		m := sampleMessage(100)
		if err := s.Update(func(tx *Tx) error { return tx.PutMessage(&m) }); !errors.Is(err, ErrDamaged) {
			t.Errorf("Update: %v", err)
		}
	}
	if err := s.Check(); !errors.Is(err, ErrDamaged) {
		t.Errorf("Check: %v", err)
	}
}

func TestAPanicOfTheCallerGoesOnAndRollsBack(t *testing.T) {
	s := openNew(t)
	for name, do := range map[string]func(func(*Tx) error) error{"view": s.View, "update": s.Update} {
		func() {
			defer func() {
				if r := recover(); r != "mine" {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			_ = do(func(tx *Tx) error {
				if tx.writable {
					m := sampleMessage(1)
					_ = tx.PutMessage(&m)
				}
				panic("mine")
			})
		}()
	}
	view(t, s, func(tx *Tx) {
		if n := tx.Counts().Seen; n != 0 {
			t.Errorf("%d messages of a transaction that panicked", n)
		}
	})
}
