package dataverse

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"postrider/offline"
)

const (
	batchBytes  = 8 << 20 // of one batch; a single message may be larger
	batchWeight = 50      // messages in one batch: the platform gives a request two minutes
	pushers     = 2       // batches of writes under way at once
	pushRounds  = 16      // questions and answers for one write
	retries     = 3       // of one write after a failure of the moment
)

// task is one write under way. It is asked for its next parts and given their
// replies until it is done; only one goroutine at a time touches it.
type task interface {
	parts() []part
	take([][]reply)
	state() *progress
}

// progress is what all tasks keep.
type progress struct {
	out    offline.Outcome
	done   bool
	wait   time.Duration // before the next question
	tries  int           // failures of the moment so far
	rounds int           // questions asked so far, but for those that bring it nearer its end
	weight int           // share of batchWeight, in hundredths of a message
}

func (p *progress) state() *progress { return p }

func (p *progress) finish(err error) {
	p.out.Err, p.done = err, true
}

// later notes a failure of the moment. It reports false where it is no such
// failure or has happened too often.
func (p *progress) later(f *offline.Fault) bool {
	if !f.Class.Transient() || p.tries >= retries || f.RetryAfter > longWait {
		return false
	}
	p.tries++
	p.wait = max(f.RetryAfter, backoff(p.tries))
	return true
}

// Push carries out the writes in as few requests as it can. The error is for
// what stopped them all.
func (c *Client) Push(ctx context.Context, writes []offline.Write) ([]offline.Outcome, error) {
	var kinds []offline.Kind
	for _, w := range writes {
		kinds = append(kinds, kindsIn(w)...)
	}
	if err := c.meet(ctx, kinds...); err != nil {
		out := make([]offline.Outcome, len(writes))
		for i := range out {
			out[i].Err = err
		}
		return out, err
	}
	tasks := make([]task, len(writes))
	for i, w := range writes {
		tasks[i] = c.task(w)
	}
	r := &run{c: c}
	for {
		open, wait := r.open(tasks)
		if len(open) == 0 || r.failed() != nil {
			break
		}
		if wait > 0 {
			if err := c.cfg.Sleep(ctx, wait); err != nil {
				r.stop(carryFault("write to the CRM", err))
				break
			}
		}
		r.round(ctx, open)
	}
	err := r.failed()
	out := make([]offline.Outcome, len(tasks))
	for i, t := range tasks {
		p := t.state()
		out[i] = p.out
		switch {
		case p.done:
		default:
			out[i].Err = err
		}
	}
	return out, err
}

func (c *Client) task(w offline.Write) task {
	switch ch := w.Change; {
	case ch.Op == offline.OpCreateEmail && w.Email != nil && w.Email.Ref.Kind == offline.KindEmail && path(w.Email.Ref) != "":
		// What somebody chose is not left out; what is inherited is, with a note.
		if w.Email.Correlated.IsZero() && !c.takesRegarding(w.Email.Regarding) {
			return noRegarding(w.Email.Regarding)
		}
		return newCreate(c, w.Email)
	case ch.Op == offline.OpSetRegarding && ch.Record.Kind == offline.KindEmail && path(ch.Record) != "":
		if !c.takesRegarding(ch.Regarding) {
			return noRegarding(ch.Regarding)
		}
		return newSetRegarding(c, ch)
	case ch.Op == offline.OpDelete && c.path(ch.Record) != "":
		return &remove{progress: progress{weight: 20}, c: c, rec: ch.Record, etag: ch.ETag}
	case (ch.Op == offline.OpMarkSent || ch.Op == offline.OpMarkFailed) && ch.Record.Kind == offline.KindEmail && path(ch.Record) != "":
		return newOutcome(c, ch)
	case ch.Op == offline.OpCreateRecord:
		return newMakeRecord(c, ch)
	case (ch.Op == offline.OpCreateItem || ch.Op == offline.OpUpdateItem) && w.Item != nil:
		return newWriteItem(c, w)
	case ch.Op == offline.OpSetOptions:
		return newSetOptions(c, ch)
	case ch.Op == offline.OpSetMethods:
		return newSetMethods(c, ch)
	default:
		return unwritable(fmt.Sprintf("Dataverse can't %s %s", ch.Op, ch.Record))
	}
}

// refused is a write that never goes out.
type refused struct{ progress }

func (*refused) parts() []part  { return nil }
func (*refused) take([][]reply) {}

// run is one Push under way.
type run struct {
	c  *Client
	mu sync.Mutex
	// err stopped everything.
	err error
	// lone counts batches of a single write that failed as a whole: one may be
	// poison to the connection and must not hold up the others, two mean that
	// the server is away.
	lone int
}

func (r *run) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *run) stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *run) open(tasks []task) (open []task, wait time.Duration) {
	for _, t := range tasks {
		if p := t.state(); !p.done {
			if p.rounds++; p.rounds > pushRounds {
				p.finish(protocol("the CRM keeps refusing the write for ever new reasons"))
				continue
			}
			open = append(open, t)
			wait = max(wait, p.wait)
			p.wait = 0
		}
	}
	return open, wait
}

// load is a batch of tasks with their parts.
type load struct {
	tasks []task
	parts []part
	count []int // of parts, by task
}

// round asks every open task once. Loads are made as they are sent, so that
// not all of the bodies are in memory at a time.
func (r *run) round(ctx context.Context, open []task) {
	loads := make(chan load)
	var wg sync.WaitGroup
	for range pushers {
		wg.Go(func() {
			for l := range loads {
				if r.failed() == nil {
					r.send(ctx, l)
				}
			}
		})
	}
	r.pack(open, func(l load) { loads <- l })
	close(loads)
	wg.Wait()
}

// pack fills loads up to the limits of count, bytes and operations.
func (r *run) pack(open []task, send func(load)) {
	var l load
	var size int64
	weight, ops := 0, 0
	limit := r.c.packLimit()
	flush := func() {
		if len(l.tasks) > 0 {
			send(l)
		}
		l, size, weight, ops = load{}, 0, 0, 0
	}
	for _, t := range open {
		if r.failed() != nil {
			return
		}
		parts := t.parts()
		var n int64
		k := 0
		for _, p := range parts {
			n += p.size()
			k += len(p.ops)
		}
		// What must not be repeated goes alone, so that its failure is nobody else's.
		alone := slices.ContainsFunc(parts, func(p part) bool { return p.single })
		if len(l.tasks) > 0 && (alone || size+n > batchBytes || ops+k > maxOps || weight+t.state().weight > limit) {
			flush()
		}
		l.tasks = append(l.tasks, t)
		l.parts = append(l.parts, parts...)
		l.count = append(l.count, len(parts))
		size, ops, weight = size+n, ops+k, weight+t.state().weight
		if alone {
			flush()
		}
	}
	flush()
}

// send sends one load and gives each task its replies.
func (r *run) send(ctx context.Context, l load) {
	got, err := r.c.batch(ctx, "write to the CRM", l.parts)
	if err == nil {
		r.c.packed(true)
	}
	for len(l.tasks) > 0 && l.count[0] <= len(got) {
		n := l.count[0]
		l.tasks[0].take(got[:n])
		got = got[n:]
		l = load{l.tasks[1:], l.parts[n:], l.count[1:]}
	}
	if err == nil {
		return
	}
	f := carryFault("write to the CRM", err)
	if f.Class == offline.FaultRejected && len(l.tasks) > 0 {
		r.refused(ctx, l, f)
		return
	}
	r.c.packed(false)
	if len(l.tasks) == 1 && f.Class != offline.FaultAuth && f.Class != offline.FaultTLS && ctx.Err() == nil && r.firstLone() {
		l.tasks[0].state().finish(f)
		return
	}
	r.stop(f)
}

func (r *run) firstLone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lone++
	return r.lone == 1
}

// refused handles a whole batch that the server does not want, most likely for
// its size: in halves, until the one is found that it is about.
func (r *run) refused(ctx context.Context, l load, f *offline.Fault) {
	if len(l.tasks) > 1 {
		half := len(l.tasks) / 2
		n := 0
		for _, k := range l.count[:half] {
			n += k
		}
		r.send(ctx, load{l.tasks[:half], l.parts[:n], l.count[:half]})
		r.send(ctx, load{l.tasks[half:], l.parts[n:], l.count[half:]})
		return
	}
	if t, ok := l.tasks[0].(*create); ok && t.lighten(f) {
		return
	}
	l.tasks[0].state().finish(f)
}

// packLimit is how much goes into one batch, in hundredths of a message. It
// shrinks when whole batches fail, so that a message which the connection does
// not survive ends up alone.
func (c *Client) packLimit() (n int) {
	c.under(func() { n = 100 * batchWeight >> c.shrink })
	return max(n, 1)
}

func (c *Client) packed(ok bool) {
	c.under(func() {
		if ok {
			c.shrink = max(0, c.shrink-1)
		} else {
			c.shrink = min(12, c.shrink+3)
		}
	})
}
