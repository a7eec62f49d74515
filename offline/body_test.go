package offline

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/chacha20poly1305"
)

func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(b)
	return b
}

func readBody(s *Store, key uint64) ([]byte, error) {
	r, err := s.Body(key)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}

func TestABodyOfAnySizeComesBack(t *testing.T) {
	s := openNew(t)
	for _, n := range []int{0, 1, 100, streamChunk - 1, streamChunk, streamChunk + 1, 2 * streamChunk, 3*streamChunk + 17} {
		body := noise(n)
		// In small pieces: a network gives what it has.
		size, err := s.PutBody(7, iotest.HalfReader(bytes.NewReader(body)))
		if err != nil || size != int64(n) {
			t.Errorf("%d bytes: stored %d, %v", n, size, err)
		}
		if got, err := readBody(s, 7); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: read %d, %v", n, len(got), err)
		}
	}
	if err := s.DropBody(7); err != nil {
		t.Error(err)
	}
	if err := s.DropBody(7); err != nil {
		t.Errorf("dropped twice: %v", err)
	}
	if _, err := s.Body(7); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestABodyFileThatWasCutOrAlteredIsDamaged(t *testing.T) {
	s := openNew(t)
	body := noise(2*streamChunk + 100)
	if _, err := s.PutBody(7, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	path := s.bodyPath(7)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const head, chunk = len(streamMagic) + streamSalt, streamChunk + chacha20poly1305.Overhead
	bad := map[string][]byte{
		"an empty file":   {},
		"cut in the head": whole[:head-1],
		"only the head":   whole[:head],
		"cut in a chunk":  whole[:head+1000],
		"cut after one":   whole[:head+chunk],
		"cut after two":   whole[:head+2*chunk],
		"cut at the end":  whole[:len(whole)-1],
		"one byte more":   append(bytes.Clone(whole), 0),
		"chunks exchanged": bytes.Join([][]byte{whole[:head], whole[head+chunk : head+2*chunk],
			whole[head : head+chunk], whole[head+2*chunk:]}, nil),
	}
	for _, at := range []int{0, 10, head, head + chunk, len(whole) - 1} {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		bad["a bit flipped at "+string(rune('a'+len(bad)))] = b
	}
	for name, b := range bad {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readBody(s, 7)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(body, got) {
			t.Errorf("%s: gave out bytes that are wrong", name)
		}
	}
}

func TestABodyPutInThePlaceOfAnotherIsDamaged(t *testing.T) {
	s := openNew(t)
	for key := uint64(1); key <= 2; key++ {
		if _, err := s.PutBody(key, strings.NewReader("body")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(s.bodyPath(1), s.bodyPath(2)); err != nil {
		t.Fatal(err)
	}
	if _, err := readBody(s, 2); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestAFailedPutBodyLeavesTheOldOneAndNoFile(t *testing.T) {
	s := openNew(t)
	if _, err := s.PutBody(7, strings.NewReader("the old one")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("connection lost")
	_, err := s.PutBody(7, io.MultiReader(bytes.NewReader(noise(200_000)), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := readBody(s, 7); err != nil || string(got) != "the old one" {
		t.Errorf("got %q, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir(), bodiesDir, tempBody)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHalfWrittenFilesAreRemovedAtOpen(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bodies/body-123.tmp", "store.db.new-5"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openAt(t, dir)
	for _, name := range []string{"bodies/body-123.tmp", "store.db.new-5"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABodyGoesWithItsMessage(t *testing.T) {
	s := openNew(t)
	ms := sampleMessages(0, 3)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	for key := uint64(1); key <= 5; key++ {
		if _, err := s.PutBody(key, strings.NewReader("body")); err != nil {
			t.Fatal(err)
		}
	}
	failed := errors.New("no")
	if err := s.Update(func(tx *Tx) error { return errors.Join(tx.DeleteMessage(1), failed) }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if _, err := readBody(s, 1); err != nil {
		t.Errorf("gone with a transaction that failed: %v", err)
	}
	update(t, s, func(tx *Tx) error { return tx.DeleteMessage(1) })
	if _, err := readBody(s, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	// A crash between the commit and the removal: an orphan.
	if _, err := s.PutBody(1, strings.NewReader("body")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	for _, key := range []uint64{2, 3, 4, 5} { // 4 and 5: messages about to be stored
		if _, err := readBody(s, key); err != nil {
			t.Errorf("body %d: %v", key, err)
		}
	}
}

func TestMemoryStaysFlatForALargeBody(t *testing.T) {
	s := openNew(t)
	const size = 25 << 20
	use := func(do func() error) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	put := use(func() error {
		_, err := s.PutBody(1, io.LimitReader(rand.NewChaCha8([32]byte{}), size))
		return err
	})
	get := use(func() error {
		r, err := s.Body(1)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, r)
		if n != size {
			t.Errorf("read %d bytes", n)
		}
		return errors.Join(err, r.Close())
	})
	if put > 2<<20 || get > 2<<20 {
		t.Errorf("allocated %d KiB to store 25 MB and %d KiB to read them", put>>10, get>>10)
	}
}
