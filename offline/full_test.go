package offline

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	berrors "go.etcd.io/bbolt/errors"
)

// fillUp stores batches until there is no space, and returns how many went in.
func fillUp(t *testing.T, s *Store) (batches int) {
	t.Helper()
	for ; batches < 1000; batches++ {
		ms := sampleMessages(batches*100, 100)
		err := s.Update(func(tx *Tx) error { return tx.AddMessages(ms) })
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), s.path) || !strings.Contains(err.Error(), "free some space") {
			t.Fatalf("got %v, want ErrFull with file and remedy", err)
		}
		return batches
	}
	t.Fatal("it never got full")
	return 0
}

func wholeWith(t *testing.T, s *Store, messages int) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	view(t, s, func(tx *Tx) {
		if n := tx.Counts().Seen; n != messages {
			t.Errorf("%d messages, want %d", n, messages)
		}
	})
}

func TestAFileThatMayNotGrowIsFullAndStaysWhole(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(t)
	o.testOnlyMaxSize = 6 << 20
	s, err := Open(dir, testKey(), o)
	if err != nil {
		t.Fatal(err)
	}
	batches := fillUp(t, s)
	wholeWith(t, s, batches*100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir) // with more space it goes on
	ms := sampleMessages(batches*100, 100)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	wholeWith(t, s, batches*100+100)
}

// A real full disk, where the tests may mount one.
func TestAFullDiskIsAnErrorAndTheStoreStaysWhole(t *testing.T) {
	dir := t.TempDir()
	if err := mountSmall(t, dir); err != nil {
		t.Logf("no small disk can be mounted here (%v); the size limit above stands in for it", err)
		return
	}
	s := openAt(t, dir)
	batches := fillUp(t, s)
	wholeWith(t, s, batches*100)
	_, err := s.PutBody(1, bytes.NewReader(make([]byte, 20<<20)))
	if !errors.Is(err, ErrFull) {
		t.Errorf("a body: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, bodiesDir, "*")); len(left) > 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir)
	ms := sampleMessages(batches*100, 100)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	wholeWith(t, s, batches*100+100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatCanNotBeMadeForLackOfSpaceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(t)
	o.testOnlyMaxSize = 16 << 10
	if s, err := Open(dir, testKey(), o); !errors.Is(err, ErrFull) {
		if err == nil {
			_ = s.Close()
		}
		t.Fatalf("got %v", err)
	} else if n := strings.Count(err.Error(), "free some space"); n != 1 {
		t.Errorf("the remedy is told %d times: %v", n, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "store*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	openAt(t, dir)
}

func TestWhatTheSystemSaysOfAFullDiskIsRecognised(t *testing.T) {
	for _, err := range []error{
		berrors.ErrMaxSizeReached,
		&os.PathError{Op: "write", Path: "store.db", Err: fullErrnos[0]},
		fmt.Errorf("file resize error: %s", fullErrnos[0]), // as bbolt words it
	} {
		if !isFull(err) {
			t.Errorf("not recognised: %v", err)
		}
	}
	if isFull(&os.PathError{Op: "write", Path: "store.db", Err: syscall.EACCES}) {
		t.Error("a file without permission is taken for a full disk")
	}
}
