package offline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// More of the bbolt file format: a page is a header (id 8, flags 2, count 2,
// overflow 4), elements, and what those point to, relative to themselves.
const (
	pageHeader    = 16
	pageBranch    = 0x01
	pageLeaf      = 0x02
	pageFreelist  = 0x10
	elementSize   = 16   // branch: pos 4, ksize 4, page 8; leaf: flags 4, pos 4, ksize 4, vsize 4
	elementBucket = 0x01 // flag of a leaf element whose value is a bucket: root page 8, sequence 8
	bucketHeader  = 16
	maxDepth      = 64
	noFreelist    = 1<<64 - 1
)

// badPage says what is wrong with a page.
type badPage struct {
	id   uint64
	what string
}

func (b *badPage) Error() string { return fmt.Sprintf("page %d %s", b.id, b.what) }

// pageWalk follows the pages of a bbolt file from the root.
type pageWalk struct {
	f    io.ReaderAt
	meta boltMeta
	all  bool   // read the pages of rows, too
	used []bool // pages met so far

	level   int      // how deep the walk is
	scratch [][]byte // a page for each level
}

func (w *pageWalk) walk() error {
	w.used[0], w.used[1] = true, true
	if err := w.tree(w.meta.root, true, nil); err != nil {
		return err
	}
	if err := w.freelist(); err != nil {
		return err
	}
	if !w.all {
		return nil
	}
	for id, used := range w.used {
		if !used {
			return &badPage{uint64(id), "is neither in use nor free"}
		}
	}
	return nil
}

// mark notes that a page is in use or free, and finds those that are so twice.
func (w *pageWalk) mark(id, n uint64) error {
	if id < 2 || id >= w.meta.pages || n > w.meta.pages-id {
		return &badPage{id, "lies outside the file"}
	}
	for i := id; i < id+n; i++ {
		if w.used[i] {
			return &badPage{i, "is used twice"}
		}
		w.used[i] = true
	}
	return nil
}

// page reads a page whole, with those it flows over into, and marks them. It is
// valid until the next one of its level is read.
func (w *pageWalk) page(id uint64) (flags, count int, p []byte, err error) {
	if id < 2 || id >= w.meta.pages {
		return 0, 0, nil, &badPage{id, "lies outside the file"}
	}
	size := uint64(w.meta.pageSize)
	for len(w.scratch) <= w.level {
		w.scratch = append(w.scratch, make([]byte, size))
	}
	p = w.scratch[w.level]
	if _, err = w.f.ReadAt(p, int64(id*size)); err != nil {
		return 0, 0, nil, err
	}
	le := binary.LittleEndian
	if le.Uint64(p) != id {
		return 0, 0, nil, &badPage{id, "is in the place of another"}
	}
	over := uint64(le.Uint32(p[12:]))
	if err = w.mark(id, 1+over); err != nil {
		return 0, 0, nil, err
	}
	if over > 0 {
		p = make([]byte, (1+over)*size)
		if _, err = w.f.ReadAt(p, int64(id*size)); err != nil {
			return 0, 0, nil, err
		}
	}
	return int(le.Uint16(p[8:])), int(le.Uint16(p[10:])), p, nil
}

// tree follows a tree from page id. root: its leaves hold buckets. least is the
// key that its parent says it begins with, or comes before all of it.
func (w *pageWalk) tree(id uint64, root bool, least []byte) error {
	flags, count, p, err := w.page(id)
	if err != nil {
		return err
	}
	if w.level > maxDepth {
		return &badPage{id, "is too deep"}
	}
	w.level++
	defer func() { w.level-- }()
	switch flags {
	case pageLeaf:
		return w.leaf(id, p, count, root, least)
	case pageBranch:
		return w.branch(id, p, count, root, least)
	}
	return &badPage{id, fmt.Sprintf("has the kind %#x, which makes no sense here", flags)}
}

func (w *pageWalk) branch(id uint64, p []byte, count int, root bool, least []byte) error {
	le := binary.LittleEndian
	if count == 0 {
		return &badPage{id, "has no children"}
	}
	var before []byte
	leaves := false // the children: all of one kind, the tree being balanced
	for i := range count {
		at := pageHeader + i*elementSize
		key, ok := cut(p, at, 0, 4)
		if !ok || bytes.Compare(key, before) <= 0 && i > 0 || i == 0 && bytes.Compare(key, least) < 0 {
			return &badPage{id, "has wrong keys"}
		}
		before = key
		child := le.Uint64(p[at+8:])
		if leaves {
			if err := w.mark(child, 1); err != nil {
				return err
			}
			continue
		}
		if err := w.tree(child, root, key); err != nil {
			return err
		}
		if !w.all && !root {
			kind, err := w.kind(child)
			if err != nil {
				return err
			}
			leaves = kind == pageLeaf
		}
	}
	return nil
}

// kind reads the kind of a page that was walked.
func (w *pageWalk) kind(id uint64) (int, error) {
	var b [2]byte
	_, err := w.f.ReadAt(b[:], int64(id*uint64(w.meta.pageSize))+8)
	return int(binary.LittleEndian.Uint16(b[:])), err
}

func (w *pageWalk) leaf(id uint64, p []byte, count int, root bool, least []byte) error {
	var before []byte
	for i := range count {
		at := pageHeader + i*elementSize
		key, ok := cut(p, at, 4, 8)
		if !ok || bytes.Compare(key, before) <= 0 {
			return &badPage{id, "has wrong keys"}
		}
		if i == 0 && bytes.Compare(key, least) < 0 {
			return &badPage{id, "begins before its place"}
		}
		before = key
		value, ok := leafValue(p, at)
		if !ok {
			return &badPage{id, "has wrong values"}
		}
		if isBucket := p[at]&elementBucket != 0; isBucket != root {
			return &badPage{id, "has a row of the wrong kind"}
		} else if isBucket {
			if err := w.bucket(id, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// bucket follows a bucket: its tree, or the page that is part of its value.
func (w *pageWalk) bucket(id uint64, value []byte) error {
	le := binary.LittleEndian
	if len(value) < bucketHeader {
		return &badPage{id, "has a table that is cut short"}
	}
	if top := le.Uint64(value); top != 0 {
		return w.tree(top, false, nil)
	}
	inline := value[bucketHeader:]
	if len(inline) < pageHeader || le.Uint16(inline[8:]) != pageLeaf {
		return &badPage{id, "has a table that makes no sense"}
	}
	return w.leaf(id, inline, int(le.Uint16(inline[10:])), false, nil)
}

// cut returns the key of the element at; pos and size are where in the element
// its position and length are.
func cut(p []byte, at, pos, size int) ([]byte, bool) {
	if at+elementSize > len(p) {
		return nil, false
	}
	from := uint64(at) + uint64(binary.LittleEndian.Uint32(p[at+pos:]))
	to := from + uint64(binary.LittleEndian.Uint32(p[at+size:]))
	if from == to || to > uint64(len(p)) {
		return nil, false
	}
	return p[from:to], true
}

// leafValue returns the value of a leaf element whose key is inside the page.
func leafValue(p []byte, at int) ([]byte, bool) {
	le := binary.LittleEndian
	from := uint64(at) + uint64(le.Uint32(p[at+4:])) + uint64(le.Uint32(p[at+8:]))
	to := from + uint64(le.Uint32(p[at+12:]))
	if to > uint64(len(p)) {
		return nil, false
	}
	return p[from:to], true
}

// freelist reads the list of free pages: none of them may be in use.
func (w *pageWalk) freelist() error {
	id := w.meta.freelist
	if id == noFreelist {
		return nil // bbolt finds the free pages itself
	}
	flags, count, p, err := w.page(id)
	if err != nil {
		return err
	}
	if flags != pageFreelist {
		return &badPage{id, "is not the list of free pages"}
	}
	ids, n := p[pageHeader:], uint64(count)
	if count == 0xFFFF { // more than fit in the header: the first number says
		n, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids))/8 {
		return &badPage{id, "lists more free pages than it holds"}
	}
	for i := range n {
		if err := w.mark(binary.LittleEndian.Uint64(ids[8*i:]), 1); err != nil {
			return err
		}
	}
	return nil
}
