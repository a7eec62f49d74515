package offline

import (
	"flag"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("OFFLINE_TEST_CHILD"); role != "" {
		os.Exit(childMain(role)) // this process was started by a test
	}
	flag.Parse()
	_ = flag.Set("rapid.nofailfile", "true") // the seed is in the output
	goleak.VerifyTestMain(m)
}

// testKey is the key of all test stores, the frozen ones too.
func testKey() []byte {
	key := make([]byte, keySize)
	for i := range key {
		key[i] = byte(i*7 + 1)
	}
	return key
}

func testClock() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) }

func testOptions(t testing.TB) OpenOptions {
	return OpenOptions{Now: testClock, LockTimeout: 100 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func openAt(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir, testKey(), testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openNew(t testing.TB) *Store {
	t.Helper()
	return openAt(t, t.TempDir())
}

// update and view fail the test on an error.
func update(t testing.TB, s *Store, fn func(*Tx) error) {
	t.Helper()
	if err := s.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s *Store, fn func(*Tx)) {
	t.Helper()
	if err := s.View(func(tx *Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// must returns v; it is for calls that can't fail in a test.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
