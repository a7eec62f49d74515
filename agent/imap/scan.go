package imap

import (
	"context"
	"net"
	"slices"
	"time"

	"postrider/offline"
)

// window is how many FETCH commands are under way at once: while one is
// answered, the next one waits at the server and the one before is stored.
const window = 3

// firstBatch is the size of the first FETCH of a scan: the newest messages are
// on the screen while the rest is coming.
const firstBatch = 100

// chunk is a FETCH of a scan with what is read of its answers.
type chunk struct {
	uids []uint32
	done chan struct{}
	msgs map[uint32]*offline.Message
	left []uint32 // not answered
	err  error    // go-imap's
}

// scan fetches the headers of uids (sorted) and hands them to take, chunk by
// chunk: from the newest to the oldest if down, else upwards.
func (f *fetcher) scan(ctx context.Context, folder offline.FolderID, uids []uint32, down bool, take taker) error {
	chunks := f.cut(uids, down)
	var flight []*chunk
	defer func() { // nothing runs on
		if len(flight) > 0 {
			f.s.kill(net.ErrClosed)
			for _, c := range flight {
				<-c.done
			}
		}
	}()
	for {
		stop := f.s.bind(ctx)
		for len(flight) < window && len(chunks) > 0 && !f.s.bySeq {
			flight = append(flight, f.send(folder, chunks[0]))
			chunks = chunks[1:]
		}
		if len(flight) == 0 {
			stop()
			break
		}
		c := flight[0]
		<-c.done
		stop()
		f.served += len(c.msgs)
		flight = flight[1:]
		if c.err != nil {
			// The commands behind it have broken too, or their answers come still.
			broken := []*chunk{c}
			for _, c := range flight {
				<-c.done
				f.served += len(c.msgs)
				broken = append(broken, c)
			}
			flight = nil
			if err := f.mend(ctx, folder, broken, take); err != nil {
				return err
			}
			continue
		}
		o := newOutcome()
		var err error
		if len(c.left) > 0 {
			for _, c := range flight { // one thing at a time
				<-c.done
			}
			err = f.rest(ctx, c, o)
		}
		if err := f.give(c, o, folder, take, err); err != nil {
			return err
		}
	}
	// A server that answers by sequence number only: one after the other.
	for _, uids := range chunks {
		o := newOutcome()
		err := f.all(ctx, o, uids)
		if err := f.give(&chunk{uids: uids}, o, folder, take, err); err != nil {
			return err
		}
	}
	return nil
}

// taker takes what was had of uids.
type taker func(uids []uint32, msgs map[uint32]*offline.Message, o *outcome) error

// give hands over what came of a chunk, also if err ended it before its end.
func (f *fetcher) give(c *chunk, o *outcome, folder offline.FolderID, take taker, err error) error {
	if err != nil && f.served == 0 {
		return err
	}
	terr := take(c.uids, merged(c.msgs, o, folder), o)
	if err != nil {
		return err
	}
	return terr
}

// cut makes chunks of sorted uids.
func (f *fetcher) cut(uids []uint32, down bool) [][]uint32 {
	var out [][]uint32
	for n := min(firstBatch, f.m.cfg.BatchSize); len(uids) > 0; n = f.m.cfg.BatchSize {
		n = min(n, len(uids))
		if down {
			out = append(out, uids[len(uids)-n:])
			uids = uids[:len(uids)-n]
		} else {
			out = append(out, uids[:n])
			uids = uids[n:]
		}
	}
	return out
}

// send sends one FETCH; its answers are read as they come.
func (f *fetcher) send(folder offline.FolderID, uids []uint32) *chunk {
	c := &chunk{uids: uids, done: make(chan struct{})}
	p := f.s.start(uidSet(uids), f.what.options(), f.max)
	go func() {
		defer close(c.done)
		list, err := p.wait()
		c.err = err
		c.msgs = make(map[uint32]*offline.Message, len(list))
		msgs := make([]offline.Message, len(list))
		for i := range list {
			if it := &list[i]; it.hasBody && it.uid != 0 {
				msgs[i] = it.toMessage(folder)
				c.msgs[it.uid] = &msgs[i]
			}
		}
		for _, u := range uids {
			if _, ok := c.msgs[u]; !ok {
				c.left = append(c.left, u)
			}
		}
	}()
	return c
}

// rest gets what a FETCH that went well has left out.
func (f *fetcher) rest(ctx context.Context, c *chunk, o *outcome) error {
	left, err := f.missing(ctx, c.uids, c.left, f.what, o)
	if err != nil {
		if err := f.recover(ctx, err); err != nil {
			return err
		}
	}
	if len(left) == 0 {
		return nil
	}
	return f.all(ctx, o, left)
}

// mend goes on after a chunk failed: on a new connection if the old one broke,
// what is still missing of each chunk is got step by step.
func (f *fetcher) mend(ctx context.Context, folder offline.FolderID, chunks []*chunk, take taker) error {
	err := f.s.fault(ctx, f.op(), chunks[0].err, offline.FaultServer)
	if err = f.recover(ctx, err); err != nil {
		return err
	}
	for _, c := range chunks {
		o := newOutcome()
		switch {
		case len(c.left) == len(c.uids):
			err = f.all(ctx, o, c.left)
		case len(c.left) > 0:
			err = f.all(ctx, o, suspects(c.left)...)
		}
		if err := f.give(c, o, folder, take, err); err != nil {
			return err
		}
	}
	return nil
}

// merged adds the messages of o to msgs.
func merged(msgs map[uint32]*offline.Message, o *outcome, folder offline.FolderID) map[uint32]*offline.Message {
	if msgs == nil {
		msgs = make(map[uint32]*offline.Message, len(o.got))
	}
	for u, it := range o.got {
		msg := it.toMessage(folder)
		msgs[u] = &msg
	}
	return msgs
}

// batcher gathers what was found and hands it over in batches of some size, or
// of some age where it comes slowly.
type batcher struct {
	cfg    *Config
	emit   func(offline.FolderDelta) error
	delta  offline.FolderDelta
	cursor offline.Cursor // that covers delta and all before
	began  time.Time
	sent   bool // something was handed over
}

// maxChanges bounds the changed flags in one batch.
const maxChanges = 2000

// add takes messages in the order of uids.
func (b *batcher) add(uids []uint32, msgs map[uint32]*offline.Message, o *outcome, folder offline.FolderID, down bool) {
	if b.empty() {
		b.began = b.cfg.Now()
	}
	if b.delta.New == nil {
		b.delta.New = make([]offline.Message, 0, len(msgs)+min(len(msgs), b.cfg.EmitSize))
	}
	one := func(u uint32) {
		if msg, ok := msgs[u]; ok {
			b.delta.New = append(b.delta.New, *msg)
		} else if why, ok := o.aside[u]; ok {
			b.delta.SetAside = append(b.delta.SetAside, offline.SetAside{Folder: folder, UID: u, Reason: why, At: b.cfg.Now().UTC(), Attempts: 1})
		}
	}
	if down {
		for _, u := range slices.Backward(uids) {
			one(u)
		}
	} else {
		for _, u := range uids {
			one(u)
		}
	}
}

func (b *batcher) empty() bool {
	d := &b.delta
	return !d.Reset && len(d.New)+len(d.Flags)+len(d.Gone)+len(d.SetAside) == 0
}

// ripe hands over if there is enough, or if it has waited for a second, or if it
// is the first: people wait for that.
func (b *batcher) ripe() error {
	if b.empty() {
		return nil
	}
	if !b.sent || len(b.delta.New)+len(b.delta.SetAside) >= b.cfg.EmitSize || b.cfg.Now().Sub(b.began) >= time.Second {
		return b.flush()
	}
	return nil
}

// flush hands over what there is, with the cursor.
func (b *batcher) flush() error {
	b.delta.Cursor = b.cursor
	b.delta.Cursor.At = b.cfg.Now().UTC()
	d := b.delta
	b.delta = offline.FolderDelta{}
	b.sent = true
	return b.emit(d)
}
