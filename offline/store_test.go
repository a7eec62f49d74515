package offline

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

func TestANewKeyIsThirtyTwoBytesAndNeverTheSame(t *testing.T) {
	a, b := must[[]byte](t)(NewKey()), must[[]byte](t)(NewKey())
	if len(a) != 32 || bytes.Equal(a, b) {
		t.Errorf("%x %x", a, b)
	}
}

func TestAnErrorRollsEverythingBack(t *testing.T) {
	s := openNew(t)
	failed := errors.New("no")
	err := s.Update(func(tx *Tx) error {
		m := sampleMessage(1)
		return errors.Join(tx.PutMessage(&m), tx.PutSetting("a", 1), failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	view(t, s, func(tx *Tx) {
		var n int
		if ok, _ := tx.Setting("a", &n); ok || tx.Counts().Seen != 0 {
			t.Error("something was stored")
		}
	})
}

// Readers see whole transactions, whatever is being written meanwhile.
func TestReadersSeeWholeTransactionsWhileOthersWrite(t *testing.T) {
	s := openNew(t)
	notices, stop := s.Watch()
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				done := false
				err := s.View(func(tx *Tx) error {
					keys, err := tx.FolderKeys(0)
					if n := tx.Counts().Seen; n != len(keys) || n%50 != 0 {
						t.Errorf("%d messages counted, %d listed", n, len(keys))
					}
					for _, key := range keys[:min(20, len(keys))] {
						_, merr := tx.Message(key)
						err = errors.Join(err, merr)
					}
					done = len(keys) == 2000
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if done || err != nil {
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range 20 {
				ms := sampleMessages((w*20+i)*50, 50)
				if err := s.Update(func(tx *Tx) error { return tx.AddMessages(ms) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	watched := make(chan bool)
	go func() {
		defer close(watched)
		for range notices {
		}
	}()
	writers.Wait()
	readers.Wait()
	stop()
	<-watched
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

// What bbolt does not survive by itself: opening a file that is cut short. It
// faults in its mapping and leaves its lock behind.
func TestAFaultWhileOpeningIsAnErrorAndLeavesNoLock(t *testing.T) {
	dir, _ := populated(t)
	path := filepath.Join(dir, storeFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{dir: dir, path: path, o: testOptions(t)}
	faults := 0
	for n := 8192; n < inUseBytes(t, path); n += 4096 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := s.openBolt(path) // without the look that Open takes before
		switch {
		case errors.Is(err, ErrDamaged):
			faults++
		case err != nil:
			t.Errorf("cut to %d bytes: %v", n, err)
		default:
			_ = db.Close()
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if faults == 0 {
		t.Error("no cut made it fault: this test shows nothing")
	}
	openAt(t, dir)
}

// The length of a key is not authenticated: every table with a key cut short,
// and one with it too long, is an error when that is met.
func TestAKeyOfTheWrongLengthIsAnError(t *testing.T) {
	whole, _ := populated(t)
	for id := bFolders; id < bucketCount; id++ {
		for _, change := range []func([]byte) []byte{
			func(k []byte) []byte { return k[:len(k)-1] },
			func(k []byte) []byte { return k[:1] },
			func(k []byte) []byte { return append(k, 7) },
		} {
			if id == bCounts {
				continue // its one key has a name
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			alter(t, dir, func(tx *bbolt.Tx) {
				b := tx.Bucket([]byte(bucketNames[id]))
				k, v := b.Cursor().First()
				if k == nil {
					t.Fatalf("%s is empty", bucketNames[id])
				}
				k, v = bytes.Clone(k), bytes.Clone(v)
				if err := errors.Join(b.Delete(k), b.Put(change(k), v)); err != nil {
					t.Fatal(err)
				}
			})
			s := openAt(t, dir)
			err := s.Check()
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), bucketNames[id]) {
				t.Errorf("%s: Check: %v", bucketNames[id], err)
			}
			err = s.View(func(tx *Tx) error { _, err := readAll(tx); return err })
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", bucketNames[id], err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestTextsOfAnyLengthCanBeKeys(t *testing.T) {
	// bbolt refuses keys over 32 KiB; ours never are: names are hashed.
	s := openNew(t)
	long := strings.Repeat("x", 100_000)
	m := sampleMessage(1)
	m.Identity = "<" + long + ">"
	update(t, s, func(tx *Tx) error {
		return errors.Join(tx.PutMessage(&m), tx.PutSetting(long, 1), tx.Enqueue(&Change{Lane: long}),
			tx.PutRecord(&Record{Ref: Ref{KindContact, long}, Name: fmt.Sprint(1), Addrs: []string{long}}))
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}
