package offline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"time"
)

// The parts of the bbolt file format (version 2) that are looked at before bbolt
// maps the file. Numbers are in the machine's byte order, which is little-endian
// wherever Postrider is built.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	metaSize    = 64

	// Up to this size every page is read when the store is opened (at some
	// 2 GB/s); in a larger one the pages of rows are not.
	inspectAll = 128 << 20
)

// boltMeta is a meta page: bbolt writes two by turns, and the newer valid one
// says which pages are in use.
type boltMeta struct {
	pageSize uint32
	root     uint64 // page of the root bucket
	freelist uint64 // page of the freelist
	pages    uint64 // pages from here on are not in use
	txid     uint64
}

// inspect refuses a store file that is cut short, is something else, or whose
// pages can't be trusted, by reading it. bbolt maps the file without a look: one
// that is too short faults, pages that lead in a circle never end, and a wrong
// list of free pages has it write over live ones. The file is locked meanwhile,
// as bbolt does, for at most timeout.
func inspect(path string, timeout time.Duration) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return damagedFile(path, "it vanished", err)
	} else if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer f.Close()
	if err := lockFor(f, timeout); err != nil {
		return err
	}
	defer unlock(f)
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	return inspectPages(f, path, info.Size() <= inspectAll)
}

// lockFor locks f, waiting for at most timeout.
func lockFor(f *os.File, timeout time.Duration) error {
	const pause = 10 * time.Millisecond
	for end := time.Now().Add(timeout); ; time.Sleep(pause) {
		busy, err := tryLock(f)
		if err != nil {
			return fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		if !busy {
			return nil
		}
		if !time.Now().Add(pause).Before(end) {
			return inUse(f.Name(), nil)
		}
	}
}

// inspectPages is inspect for a file that nobody writes to meanwhile. With all
// it reads the pages of rows too, which else are left to be found damaged when
// they are needed.
func inspectPages(f *os.File, path string, all bool) error {
	meta, ok, err := newestMeta(f)
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	if !ok {
		return damagedFile(path, "it is not a store, or its head is destroyed", nil)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	if need := meta.pages * uint64(meta.pageSize); uint64(info.Size()) < need {
		return damagedFile(path, fmt.Sprintf("it is cut short: %d bytes of %d", info.Size(), need), nil)
	}
	w := pageWalk{f: f, meta: meta, all: all, used: make([]bool, meta.pages)}
	var bad *badPage
	if err := w.walk(); errors.As(err, &bad) {
		return damagedFile(path, bad.Error(), nil)
	} else if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	return nil
}

// newestMeta reads the meta pages and returns the newer valid one; where one is
// destroyed that is the state before the last transaction, as it is for bbolt. The second one's place depends on the page
// size, which is known only from a meta page: all are tried.
func newestMeta(f io.ReaderAt) (newest boltMeta, ok bool, err error) {
	for at := int64(0); at <= 64<<10; at = max(2*at, 1<<10) {
		var buf [pageHeader + metaSize]byte
		n, err := f.ReadAt(buf[:], at)
		if err != nil && err != io.EOF {
			return newest, false, err
		}
		if n < len(buf) {
			break
		}
		m, valid := parseMeta(buf[pageHeader:])
		if valid && (at == 0 || at == int64(m.pageSize)) && (!ok || m.txid > newest.txid) {
			newest, ok = m, true
		}
	}
	return newest, ok, nil
}

func parseMeta(b []byte) (m boltMeta, ok bool) {
	le := binary.LittleEndian
	if le.Uint32(b) != boltMagic || le.Uint32(b[4:]) != boltVersion {
		return m, false
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if sum.Sum64() != le.Uint64(b[metaSize-8:]) {
		return m, false
	}
	m = boltMeta{
		pageSize: le.Uint32(b[8:]),
		root:     le.Uint64(b[16:]),
		freelist: le.Uint64(b[32:]),
		pages:    le.Uint64(b[40:]),
		txid:     le.Uint64(b[48:]),
	}
	return m, m.pageSize >= 1<<10 && m.pageSize <= 64<<10 && m.pages >= 4 && m.pages < 1<<36
}
