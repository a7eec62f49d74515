package imap

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/offline"
)

// Bodies are fetched whole in groups as long as they are small, and in pieces
// otherwise, so that memory stays flat and a broken connection costs one piece.
const (
	smallBody = 256 << 10 // bytes
	groupSize = 2 << 20   // bytes of small bodies in one FETCH
	groupMax  = 100       // messages in one FETCH
	pieceSize = 1 << 20   // bytes of a big body in one FETCH
)

// Bodies fetches whole messages; see agent.Mailbox. Should the connection fail
// in the middle of a big one and not come back, its reader fails, and each is
// called once more for it, with the error: what was read is to be discarded then.
func (m *Mailbox) Bodies(ctx context.Context, f offline.Folder, uids []uint32, each func(uid uint32, r io.Reader, err error) error) error {
	if len(uids) == 0 {
		return nil
	}
	op := "fetch messages of " + f.Name
	free, err := m.holdMain(ctx, op)
	if err != nil {
		return err
	}
	defer free()
	uids = slices.Clone(uids)
	slices.Sort(uids)
	uids = slices.Compact(uids)
	x := &fetcher{m: m, folder: f.Name, what: sizeItems, max: pieceSize}
	var sizes []item
	_, err = m.first(ctx, op, func(s *session) error {
		x.s = s
		sel, err := s.examine(ctx, f.Name)
		if err != nil {
			return err
		}
		if f.Cursor.UIDValidity != 0 && sel.uidValidity != f.Cursor.UIDValidity {
			return &offline.Fault{Class: offline.FaultExpired, Op: op, Text: "the server has numbered the folder anew"}
		}
		x.valid = sel.uidValidity
		stop := s.bind(ctx)
		defer stop()
		var ferr error
		sizes, ferr = s.fetch(uidSet(uids), x.what.options(), 0)
		if refused(ferr) != nil { // sizes are a help, not a need
			ferr = nil
		}
		return s.fault(ctx, op, ferr, offline.FaultServer)
	})
	if err != nil {
		return err
	}
	x.what = bodyItems
	small, big := groups(uids, sizes)
	for _, g := range small {
		long, err := x.group(ctx, g, each)
		if err != nil {
			return err
		}
		big = append(big, long...)
	}
	for _, u := range big {
		if err := x.big(ctx, u, each); err != nil {
			return err
		}
	}
	return nil
}

// groups sorts UIDs by size: small ones in groups, big ones for themselves. One
// whose size is not known counts as big, since it is fetched in pieces then.
func groups(uids []uint32, sizes []item) (small [][]uint32, big []uint32) {
	size := make(map[uint32]int64, len(sizes))
	for _, it := range sizes {
		size[it.uid] = it.size
	}
	var group []uint32
	sum := int64(0)
	for _, u := range uids {
		n := size[u]
		if n <= 0 || n > smallBody {
			big = append(big, u)
			continue
		}
		if len(group) > 0 && (sum+n > groupSize || len(group) >= groupMax) {
			small = append(small, group)
			group, sum = nil, 0
		}
		group = append(group, u)
		sum += n
	}
	if len(group) > 0 {
		small = append(small, group)
	}
	return small, big
}

// group fetches small messages at once. long are those that were not small
// after all.
func (f *fetcher) group(ctx context.Context, uids []uint32, each func(uint32, io.Reader, error) error) (long []uint32, err error) {
	o := newOutcome()
	if err := f.all(ctx, o, uids); err != nil {
		return nil, err
	}
	for _, u := range uids {
		it, ok := o.got[u]
		switch {
		case ok && it.long:
			long = append(long, u)
			continue
		case ok:
			err = each(u, bytes.NewReader(it.body), nil)
		case o.aside[u] != "":
			err = each(u, nil, &offline.Fault{Class: offline.FaultRejected, Op: fmt.Sprintf("fetch message %d of %s", u, f.folder), Text: o.aside[u]})
		}
		if err != nil {
			return nil, err
		}
	}
	return long, nil
}

// big hands over one message that is fetched in pieces.
func (f *fetcher) big(ctx context.Context, uid uint32, each func(uint32, io.Reader, error) error) error {
	r := &pieces{f: f, ctx: ctx, uid: uid}
	if r.next(); r.gone {
		return nil
	}
	if r.err != nil {
		if fatal := f.fatal(ctx, r.err); fatal {
			return r.err
		}
		return each(uid, nil, r.err)
	}
	err := each(uid, r, nil)
	if r.err == nil || r.err == io.EOF {
		return err
	}
	if f.fatal(ctx, r.err) {
		return r.err
	}
	return each(uid, nil, r.err)
}

// fatal reports whether an error is about more than the message at hand.
func (f *fetcher) fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || !f.s.alive() || offline.ClassOf(err) == offline.FaultExpired
}

// pieces reads one message in pieces. It goes on behind the last one after the
// connection broke.
type pieces struct {
	f    *fetcher
	ctx  context.Context
	uid  uint32
	at   int64 // of the next piece
	buf  []byte
	last bool
	gone bool // the server no longer has it
	err  error
}

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.buf) == 0 {
		if p.err == nil && p.last {
			p.err = io.EOF
		}
		if p.err != nil {
			return 0, p.err
		}
		p.next()
	}
	n := copy(b, p.buf)
	p.buf = p.buf[n:]
	return n, nil
}

// next fetches a piece. The size that a server gives for a message need not be
// true; the end is where it sends less than was asked for.
func (p *pieces) next() {
	const tries = 3
	opts := bodyItems.options()
	opts.BodySection[0].Partial = &goimap.SectionPartial{Offset: p.at, Size: pieceSize}
	var err error
	for range tries {
		stop := p.f.s.bind(p.ctx)
		list, ferr := p.f.s.fetch(uidSet([]uint32{p.uid}), opts, pieceSize)
		stop()
		got, missing := answers([]uint32{p.uid}, list)
		if ferr == nil && len(missing) > 0 {
			var gone []uint32
			if got, gone, err = p.f.s.askAgain(p.ctx, p.f.op(), missing, opts, pieceSize); err == nil && len(gone) > 0 {
				p.vanish()
				return
			}
		} else {
			err = p.f.s.fault(p.ctx, p.f.op(), ferr, offline.FaultServer)
		}
		if it, ok := got[p.uid]; ok {
			p.buf = it.body
			p.at += int64(len(it.body))
			p.last = len(it.body) < pieceSize
			return
		}
		if err == nil {
			err = &offline.Fault{Class: offline.FaultRejected, Op: p.f.op(), Text: "the server lists this message but does not send it"}
			break
		}
		if rerr := p.f.recover(p.ctx, err); rerr != nil {
			err = rerr
			break
		}
	}
	p.err = err
}

// vanish ends a message that was expunged: before its first byte it is left
// out, later it is broken off.
func (p *pieces) vanish() {
	if p.gone = p.at == 0; !p.gone {
		p.err = &offline.Fault{Class: offline.FaultNotFound, Op: p.f.op(), Text: "the message was deleted while it was fetched"}
	}
}
