package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	storeFile = "store.db"
	bodiesDir = "bodies"
)

// OpenOptions are the choices of Open; the zero value is good. (Options, in
// record.go, are the CRM's.)
type OpenOptions struct {
	Now         func() time.Time // nil: time.Now
	Log         *slog.Logger     // nil: nothing is logged
	LockTimeout time.Duration    // how long to wait for another process to close the store; 0: 1s

	testOnlyMaxSize    int         // bytes; the file can't grow beyond: a full disk
	testOnlyMigrations []migration // instead of migrations()
}

// Store is an open profile. Safe for use by several goroutines; there is one
// writer at a time.
type Store struct {
	dir  string
	path string // of store.db
	o    OpenOptions
	db   *bbolt.DB
	keys *subkeys

	scratch sync.Pool // of *scratch
	closed  atomic.Bool
	broken  atomic.Pointer[storeError] // damage met while writing: no more writes
	watch   watchers
}

// Open opens the profile in dir, or makes one where there is none. key is what
// NewKey made for it. Errors match ErrWrongKey, ErrDamaged, ErrNewer, ErrInUse
// or ErrFull where that is what is wrong; in every such case the file is left
// as it was.
func Open(dir string, key []byte, o OpenOptions) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = time.Second
	}
	steps := migrations()
	if o.testOnlyMigrations != nil {
		steps = o.testOnlyMigrations
	}
	s := &Store{dir: dir, path: filepath.Join(dir, storeFile), o: o}
	if len(key) != keySize {
		return nil, wrongKey(s.path, fmt.Sprintf("it has %d bytes instead of %d", len(key), keySize))
	}
	if err := os.MkdirAll(filepath.Join(dir, bodiesDir), 0o700); err != nil {
		return nil, fmt.Errorf("make the profile folder: %w", err)
	}
	if err := s.create(key, steps); err != nil {
		return nil, err
	}
	if err := s.open(key, steps); err != nil {
		return nil, err
	}
	s.scratch.New = func() any { return newScratch(s.keys) }
	s.removeLeftovers()
	return s, nil
}

// create makes the store file if there is none: whole, under another name, and
// only then linked to its place, so that a file cut short is never ours.
func (s *Store) create(key []byte, steps []migration) error {
	if _, err := os.Lstat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err // nil: there is one
	}
	f, err := os.CreateTemp(s.dir, storeFile+".new-*")
	if err != nil {
		return s.fileError("make the store", err)
	}
	temp := f.Name()
	defer os.Remove(temp)
	if err := f.Close(); err != nil {
		return s.fileError("make the store", err)
	}
	db, err := s.openBolt(temp)
	if err != nil {
		return s.fileError("make the store", err)
	}
	err = migrate(db, key, 0, steps)
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = place(temp, s.path)
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	return s.fileError("make the store", err)
}

// place gives a finished file its name unless that is taken. (Some file systems
// have no links.)
func place(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, serr := os.Lstat(path); serr == nil {
		return nil
	}
	return os.Rename(temp, path)
}

// open checks the file and opens it. It sets s.db and s.keys.
func (s *Store) open(key []byte, steps []migration) error {
	if err := inspect(s.path, s.o.LockTimeout); err != nil {
		return err
	}
	db, err := s.openBolt(s.path)
	if err != nil {
		return err
	}
	var version int
	err = guarded(s.path, func() error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			version, s.keys, err = readMeta(tx, s.path, key, len(steps))
			return err
		})
	})
	if err == nil && version < len(steps) {
		s.o.Log.Info("bringing the store to a newer schema", "from", version, "to", len(steps))
		err = guarded(s.path, func() error { return s.fileError("migrate", migrate(db, key, version, steps)) })
	}
	if err == nil {
		err = guarded(s.path, func() error { return db.View(s.allBuckets) })
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.db = db
	return nil
}

// allBuckets finds a store that lost one of its buckets.
func (s *Store) allBuckets(tx *bbolt.Tx) error {
	for _, name := range bucketNames {
		if tx.Bucket([]byte(name)) == nil {
			return damagedFile(s.path, "the table "+name+" is missing", nil)
		}
	}
	return nil
}

// openBolt opens a bbolt file in a goroutine in which a page fault is a panic
// and not the end of the program: a file that is cut short faults in its
// mapping. What bbolt then leaves locked is unlocked here.
func (s *Store) openBolt(path string) (*bbolt.DB, error) {
	var file *os.File
	o := &bbolt.Options{
		Timeout:         s.o.LockTimeout,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapAhead,
		MaxSize:         s.o.testOnlyMaxSize,
		NoStatistics:    true,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
			return file, err
		},
	}
	type result struct {
		db  *bbolt.DB
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = guarded(path, func() (err error) {
			r.db, err = bbolt.Open(path, 0o600, o)
			return err
		})
		done <- r
	}()
	r := <-done
	switch {
	case r.err == nil:
		r.db.AllocSize = 4 << 20 // the file grows in steps of this
		return r.db, nil
	case errors.Is(r.err, ErrDamaged): // a panic: bbolt closed nothing
		if file != nil {
			unlock(file)
			_ = file.Close()
		}
		return nil, r.err
	case errors.Is(r.err, berrors.ErrTimeout):
		return nil, inUse(path, nil)
	case errors.Is(r.err, berrors.ErrInvalid), errors.Is(r.err, berrors.ErrVersionMismatch), errors.Is(r.err, berrors.ErrChecksum):
		return nil, damagedFile(path, "", r.err)
	}
	return nil, s.fileError("open", r.err)
}

// removeLeftovers removes files that a crash left half written. The store's
// lock is held: nobody else is writing them.
func (s *Store) removeLeftovers() {
	for _, pattern := range []string{
		filepath.Join(s.dir, storeFile+".new-*"),
		filepath.Join(s.dir, bodiesDir, tempBody),
	} {
		names, _ := filepath.Glob(pattern) // errors only of a bad pattern
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				s.o.Log.Warn("can't remove a leftover file", "file", name, "error", err)
			}
		}
	}
}

// Dir is the profile's folder.
func (s *Store) Dir() string { return s.dir }

// Close waits for transactions under way, ends all watches and gives the file
// free. Closing twice is no error.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.watch.close()
	return s.fileError("close", s.db.Close())
}

// View runs fn in a read transaction: it sees one state of the store, while
// others may write. Keep it short: a long one makes the file grow. The Tx and
// what it hands to callbacks are void when fn returns. An Update from inside fn
// can wait for ever.
func (s *Store) View(fn func(*Tx) error) error {
	if s.closed.Load() {
		return s.fileError("read", berrors.ErrDatabaseNotOpen)
	}
	return guarded(s.path, func() error {
		btx, err := s.db.Begin(false)
		if err != nil {
			return s.fileError("read", err)
		}
		defer func() { _ = btx.Rollback() }()
		tx := s.begin(btx, false)
		defer tx.end()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.err
	})
}

// Update runs fn in the write transaction; there is one at a time. When it
// returns nil all of it is on disk; with any error (fn's own too) nothing of it
// is. A full disk is ErrFull. Watchers are told after the commit.
func (s *Store) Update(fn func(*Tx) error) error {
	if s.closed.Load() {
		return s.fileError("write", berrors.ErrDatabaseNotOpen)
	}
	var tx *Tx
	err := guarded(s.path, func() error {
		btx, err := s.db.Begin(true)
		if err != nil {
			return s.fileError("write", err)
		}
		defer func() { _ = btx.Rollback() }() // after Commit it does nothing
		if e := s.broken.Load(); e != nil {
			return e
		}
		tx = s.begin(btx, true)
		defer tx.end()
		if err := fn(tx); err != nil {
			return err
		}
		if err := tx.flush(); err != nil {
			return err
		}
		return s.fileError("write", btx.Commit())
	})
	if err != nil {
		var damage *storeError
		if errors.As(err, &damage) && damage.kind == ErrDamaged && damage.err != nil {
			// The file's structure is damaged; what bbolt would write on top
			// could take more with it.
			s.broken.CompareAndSwap(nil, damage)
		}
		return err
	}
	s.watch.tell(tx.notice)
	for _, key := range tx.dropBodies {
		if err := s.DropBody(key); err != nil {
			s.o.Log.Warn("can't remove a body; Sweep will", "key", key, "error", err)
		}
	}
	return nil
}

// guarded runs fn so that a fault in the file's mapping (the file was cut, the
// disk fails) and a panic of bbolt over damaged pages become ErrDamaged. Panics
// of anybody else go on.
func guarded(file string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if !fromBolt(r) {
				panic(r)
			}
			err = damagedFile(file, "", fmt.Errorf("its pages make no sense: %v", r))
		}
	}()
	return fn()
}
