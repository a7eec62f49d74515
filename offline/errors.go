package offline

import (
	"errors"
	"fmt"
	"strings"

	berrors "go.etcd.io/bbolt/errors"
)

// What can be wrong with a store or a row of it. Errors of this package match
// these with errors.Is; their text names the file (or the row) and the remedy.
var (
	ErrWrongKey = errors.New("wrong key") // the key is not the one the store was made with; nothing was written
	ErrDamaged  = errors.New("damaged")   // the file, a row or a body is cut, altered or unreadable
	ErrNewer    = errors.New("made by a newer Postrider")
	ErrInUse    = errors.New("in use")        // another process, or this one, has it open
	ErrFull     = errors.New("no space left") // nothing of the transaction was stored
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already") // another row has this identity or name
	ErrClosed   = errors.New("the store is closed")
)

// storeError is an error about a whole file, worded for people.
type storeError struct {
	kind   error  // one of the above
	file   string // full path
	detail string // what was found; may be empty
	remedy string // what the user can do
	err    error  // the cause; may be nil
}

func (e *storeError) Error() string {
	var b strings.Builder
	b.WriteString(e.file)
	b.WriteString(": ")
	b.WriteString(e.kind.Error())
	if e.detail != "" {
		b.WriteString(" (" + e.detail + ")")
	}
	if e.err != nil {
		b.WriteString(": " + e.err.Error())
	}
	if e.remedy != "" {
		b.WriteString("; " + e.remedy)
	}
	return b.String()
}

func (e *storeError) Unwrap() []error {
	if e.err == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.err}
}

func wrongKey(file, detail string) error {
	return &storeError{kind: ErrWrongKey, file: file, detail: detail,
		remedy: "restore the key that this profile was made with; without it the file can't be read: " +
			"move it away, and mail and records are read again from the servers"}
}

func damagedFile(file, detail string, err error) error {
	return &storeError{kind: ErrDamaged, file: file, detail: detail, err: err,
		remedy: "it was left as it is; restore it from a backup, or move it away, " +
			"and mail and records are read again from the servers (changes not sent yet are only in that file)"}
}

func newerSchema(file string, has, knows int) error {
	return &storeError{kind: ErrNewer, file: file,
		detail: fmt.Sprintf("its schema is %d, this program knows up to %d", has, knows),
		remedy: "start the newer Postrider, or move the file away"}
}

func inUse(file string, err error) error {
	return &storeError{kind: ErrInUse, file: file, err: err,
		remedy: "another Postrider has it open: use that one, or end it first"}
}

func noSpace(file string, err error) error {
	return &storeError{kind: ErrFull, file: file, err: err,
		remedy: "nothing of it was stored, what was stored before is whole; free some space on that disk and try again"}
}

// damagedRow names a row that can't be read; the others still can.
func (s *Store) damagedRow(b bucketID, key []byte, detail string) error {
	return &storeError{kind: ErrDamaged, file: s.path,
		detail: fmt.Sprintf("row %x of %s: %s", key, bucketNames[b], detail),
		remedy: "other rows are not affected; it is read again from the server after the file was moved away"}
}

// fileError gives err its class: what bbolt or the system said about the file.
func (s *Store) fileError(doing string, err error) error {
	var worded *storeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &worded):
		return err
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return fmt.Errorf("%s: %s: %w", s.path, doing, ErrClosed)
	case isFull(err):
		return noSpace(s.path, err)
	}
	return fmt.Errorf("%s: %s: %w", s.path, doing, err)
}

// isFull tells whether err says that the disk, or the allowed size, is used
// up. bbolt words some of the system's errors without wrapping them, so the
// text is asked too.
func isFull(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) || errors.Is(err, ErrFull) {
		return true
	}
	for _, errno := range fullErrnos {
		if errors.Is(err, errno) || strings.Contains(err.Error(), errno.Error()) {
			return true
		}
	}
	return false
}
