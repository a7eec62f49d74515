package offline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	berrors "go.etcd.io/bbolt/errors"
)

// tempBody matches body files that aren't finished.
const tempBody = "body-*.tmp"

// bodyPath is the file of a message's body. The folder is of the last byte of
// the key, so that they fill evenly.
func (s *Store) bodyPath(key uint64) string {
	return filepath.Join(s.dir, bodiesDir, fmt.Sprintf("%02x", byte(key)), bodyName(key))
}

func bodyName(key uint64) string { return fmt.Sprintf("%016x", key) }

// bodyError gives err its class and the name of the file.
func (s *Store) bodyError(doing string, key uint64, err error) error {
	path := s.bodyPath(key)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s of message %d: %w", doing, key, ErrNotFound)
	case errors.Is(err, errStream):
		return &storeError{kind: ErrDamaged, file: path, err: err,
			remedy: "it can be fetched from the server again"}
	case isFull(err):
		return noSpace(path, err)
	}
	return fmt.Errorf("%s of message %d: %w", doing, key, err)
}

// PutBody stores the body of a message: what r gives, to its end. It is on disk
// and whole when PutBody returns; with an error what was there before is still
// there. Memory is a few hundred KiB whatever the size.
func (s *Store) PutBody(key uint64, r io.Reader) (size int64, err error) {
	if s.closed.Load() {
		return 0, s.fileError("store a body", berrors.ErrDatabaseNotOpen)
	}
	size, err = s.putBody(key, r)
	return size, s.bodyError("store the body", key, err)
}

func (s *Store) putBody(key uint64, r io.Reader) (size int64, err error) {
	path := s.bodyPath(key)
	if err := s.bodyFolder(path); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, bodiesDir), tempBody)
	if err != nil {
		return 0, err
	}
	done := false
	defer func() {
		if !done {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, streamChunk)
	if size, err = encrypt(w, r, s.keys.bodies, bodyName(key)); err != nil {
		return size, err
	}
	if err := w.Flush(); err != nil {
		return size, err
	}
	if err := f.Sync(); err != nil {
		return size, err
	}
	if err := f.Close(); err != nil {
		return size, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return size, err
	}
	done = true
	return size, syncDir(filepath.Dir(path))
}

// bodyFolder makes the folder of a body file, durably, if there is none.
func (s *Store) bodyFolder(path string) error {
	err := os.Mkdir(filepath.Dir(path), 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Join(s.dir, bodiesDir))
}

// Body opens the body of a message, or gives ErrNotFound. A file that was cut
// short or altered gives ErrDamaged, here or from Read, before any of the wrong
// bytes.
func (s *Store) Body(key uint64) (io.ReadCloser, error) {
	if s.closed.Load() {
		return nil, s.fileError("read a body", berrors.ErrDatabaseNotOpen)
	}
	f, err := os.Open(s.bodyPath(key))
	if err != nil {
		return nil, s.bodyError("read the body", key, err)
	}
	r, err := decrypt(f, s.keys.bodies, bodyName(key))
	if err != nil {
		_ = f.Close()
		return nil, s.bodyError("read the body", key, err)
	}
	return &bodyReader{s: s, key: key, f: f, r: r}, nil
}

type bodyReader struct {
	s   *Store
	key uint64
	f   *os.File
	r   io.Reader
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = b.s.bodyError("read the body", b.key, err)
	}
	return n, err
}

func (b *bodyReader) Close() error { return b.f.Close() }

// DropBody removes the body of a message; that there is none is no error.
func (s *Store) DropBody(key uint64) error {
	err := os.Remove(s.bodyPath(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.bodyError("remove the body", key, err)
}

// Sweep removes bodies whose message is gone: what a crash between a delete and
// its commit's end leaves behind. For idle times; it reads the folder names only.
func (s *Store) Sweep() (removed int, err error) {
	files, err := filepath.Glob(filepath.Join(s.dir, bodiesDir, "??", "????????????????"))
	if err != nil {
		return 0, err
	}
	var orphans []uint64
	err = s.View(func(tx *Tx) error {
		for _, file := range files {
			key, err := strconv.ParseUint(filepath.Base(file), 16, 64)
			// A key that was never given out may be that of a message being
			// stored just now.
			if err == nil && key <= tx.bucket(bMessages).Sequence() && !tx.has(bMessages, key8(key)) {
				orphans = append(orphans, key)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range orphans {
		if err := s.DropBody(key); err != nil {
			return removed, err
		}
		removed++
	}
	if removed > 0 {
		s.o.Log.Info("removed bodies of messages that are gone", "count", removed)
	}
	return removed, nil
}
