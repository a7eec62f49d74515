package offline

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

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
