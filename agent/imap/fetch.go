package imap

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postrider/agent/message"
	"postrider/offline"
)

// maxHeaderBytes bounds the header fields that are kept of one message.
const maxHeaderBytes = 256 << 10

// items says what to fetch of each message.
type items int

const (
	headerItems items = iota // for the list of messages
	leanItems                // the same without what servers get wrong
	flagItems
	sizeItems
	bodyItems
)

func (i items) options() *goimap.FetchOptions {
	o := &goimap.FetchOptions{UID: true}
	switch i {
	case headerItems:
		o.Flags, o.InternalDate, o.RFC822Size = true, true, true
		fallthrough
	case leanItems:
		o.BodySection = []*goimap.FetchItemBodySection{{Specifier: goimap.PartSpecifierHeader, HeaderFields: message.Fields(), Peek: true}}
	case flagItems:
		o.Flags = true
	case sizeItems:
		o.RFC822Size = true
	case bodyItems:
		o.BodySection = []*goimap.FetchItemBodySection{{Peek: true}}
	}
	return o
}

// item is what came of one message.
type item struct {
	uid, seq uint32
	flags    []string
	hasFlags bool
	date     time.Time
	size     int64
	body     []byte // points into the reply's memory
	hasBody  bool
	long     bool // the body was longer than was wanted and is cut
}

// pending is a FETCH that was sent. Its answers are collected by a goroutine of
// its own: the connection stands still as long as a literal is not read, so
// nobody may wait for one command while another one's answers come in.
type pending struct {
	s    *session
	cmd  *imapclient.FetchCommand
	max  int // bytes of a body that are kept
	done chan struct{}

	list []item
	err  error // go-imap's
}

// start sends a FETCH and begins to collect. max bounds the bytes kept of each
// body.
func (s *session) start(set goimap.NumSet, opts *goimap.FetchOptions, max int) *pending {
	p := &pending{s: s, max: max, done: make(chan struct{})}
	p.cmd = s.c.Fetch(set, opts)
	go p.collect()
	return p
}

// wait gives the answers, also with an error.
func (p *pending) wait() ([]item, error) {
	<-p.done
	return p.list, p.err
}

// fetch is start and wait.
func (s *session) fetch(set goimap.NumSet, opts *goimap.FetchOptions, max int) ([]item, error) {
	return s.start(set, opts, max).wait()
}

func (p *pending) collect() {
	defer close(p.done)
	var arena []byte
	for m := p.cmd.Next(); m != nil; m = p.cmd.Next() {
		it := item{seq: m.SeqNum}
		for d := m.Next(); d != nil; d = m.Next() {
			switch d := d.(type) {
			case imapclient.FetchItemDataUID:
				it.uid = uint32(d.UID)
			case imapclient.FetchItemDataFlags:
				it.flags, it.hasFlags = flagList(d.Flags), true
			case imapclient.FetchItemDataInternalDate:
				it.date = d.Time
			case imapclient.FetchItemDataRFC822Size:
				it.size = d.Size
			case imapclient.FetchItemDataBodySection:
				if d.Literal != nil {
					arena = p.literal(&it, d.Literal, arena)
				} else if d.Section != nil {
					it.hasBody = true // NIL: there is none
				}
			}
		}
		p.list = append(p.list, it)
	}
	p.err = p.cmd.Close()
}

// literal reads a body into arena, which grows in blocks so that many small
// ones take few allocations.
func (p *pending) literal(it *item, r goimap.LiteralReader, arena []byte) []byte {
	size := r.Size()
	if size > int64(p.max) {
		size, it.long = int64(p.max), true
	}
	n := int(size)
	if cap(arena)-len(arena) < n {
		arena = make([]byte, 0, max(n, 64<<10))
	}
	buf := arena[len(arena) : len(arena)+n]
	_, err := io.ReadFull(r, buf)
	if err == nil && it.long {
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil {
		// The connection broke. go-imap is about to end, and until it has, nobody
		// else may touch the literal; Next would.
		<-p.s.c.Closed()
		return arena
	}
	it.body, it.hasBody = buf, true
	return arena[:len(arena)+n]
}

// flagList is flags as offline.Place keeps them. Servers may change the case of
// keywords; ours get the one that everybody compares with.
func flagList(flags []goimap.Flag) []string {
	var out []string
	for _, f := range flags {
		switch {
		case f == `\Recent`:
		case strings.EqualFold(string(f), offline.KeywordTrack):
			out = append(out, offline.KeywordTrack)
		case strings.EqualFold(string(f), offline.KeywordTracked):
			out = append(out, offline.KeywordTracked)
		default:
			out = append(out, string(f))
		}
	}
	slices.Sort(out)
	return out
}

// toMessage reads the header.
func (it *item) toMessage(folder offline.FolderID) offline.Message {
	msg := message.Header(it.body, it.date)
	msg.Size = it.size
	msg.Places = []offline.Place{{Folder: folder, UID: it.uid, Flags: it.flags}}
	return msg
}

// answers sorts what came for the UIDs asked: items with a body by UID, and
// which UIDs are missing.
func answers(uids []uint32, list []item) (got map[uint32]item, missing []uint32) {
	got = make(map[uint32]item, len(list))
	for _, it := range list {
		if it.hasBody && it.uid != 0 {
			got[it.uid] = it
		}
	}
	for _, u := range uids {
		if _, ok := got[u]; !ok {
			missing = append(missing, u)
		}
	}
	return got, missing
}

// askAgain fetches by sequence number what was not answered by UID: go-imap
// drops, in silence, the answers of servers that put the UID behind a literal,
// and those that an unasked-for FETCH response came before of. gone are the UIDs
// that the server says it no longer has.
func (s *session) askAgain(ctx context.Context, op string, uids []uint32, opts *goimap.FetchOptions, max int) (got map[uint32]item, gone []uint32, err error) {
	there, err := s.search(ctx, op, &goimap.SearchCriteria{UID: []goimap.UIDSet{uidSet(uids)}})
	if err != nil {
		return nil, nil, err
	}
	there = minus(uids, minus(uids, there))
	gone = minus(uids, there)
	if len(there) == 0 {
		return nil, gone, nil
	}
	seqs, err := s.searchSeqs(ctx, op, there)
	if err != nil {
		return nil, nil, err
	}
	if len(seqs) != len(there) { // it changed in between; the next sync will see
		return nil, gone, nil
	}
	stop := s.bind(ctx)
	list, ferr := s.fetch(seqSet(seqs), opts, max)
	stop()
	got = make(map[uint32]item, len(list))
	for _, it := range list {
		i, ok := slices.BinarySearch(seqs, it.seq)
		if !ok || !it.hasBody {
			continue
		}
		if it.uid == 0 {
			it.uid = there[i]
		}
		if it.uid == there[i] {
			got[it.uid] = it
		}
	}
	return got, gone, s.fault(ctx, op, ferr, offline.FaultServer)
}
