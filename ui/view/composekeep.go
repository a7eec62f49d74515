package view

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"postrider/agent"
	"postrider/offline"
)

const (
	saveAfter  = 2 * time.Second        // rest before what was written is stored
	saveAtMost = 10 * time.Second       // and without a rest
	checkAfter = 400 * time.Millisecond // rest before it is looked over
)

// saver stores one draft, from any goroutine, one store at a time, and none after
// it is over: what was sent or discarded does not come back.
type saver struct {
	writer Writer
	mu     sync.Mutex
	key    uint64
	rev    int // of what is stored
	over   bool
}

func (s *saver) take(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = id
}

func (s *saver) id() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key
}

// put stores d, the message after its rev-th change.
func (s *saver) put(rev int, d offline.Draft) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.key != 0 && rev <= s.rev {
		return nil
	}
	d.ID = s.key
	err := s.writer.SaveDraft(&d)
	if err == nil {
		s.key, s.rev = d.ID, rev
	}
	return err
}

// end lets do act on the draft, as the last thing that is done with it here;
// where it fails, the draft can be stored again.
func (s *saver) end(do func(id uint64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil
	}
	err := do(s.key)
	s.over = err == nil
	return err
}

// edited notes that the message is another one now: it is stored when the writer
// pauses, and looked over.
func (c *Compose) edited() {
	if c.draft.State == "" || c.gone {
		return
	}
	c.rev++
	now := c.env.now()
	if !c.dirty {
		c.dirty, c.since = true, now
		c.Saved, c.Bad = "Not saved yet", false
		defer c.tell()
	}
	c.Asked = false
	wait := c.env.saveAfter
	if now.Sub(c.since) >= saveAtMost {
		wait = 0
	}
	rev, draft := c.rev, c.now()
	c.save.do(func(ctx context.Context) func() {
		if !rest(ctx, wait) {
			return nil
		}
		err := c.store.put(rev, draft)
		return func() { c.stored(rev, err) }
	})
	c.recheck()
}

func (c *Compose) stored(rev int, err error) {
	now := c.env.now()
	switch {
	case err != nil:
		c.Saved, c.Bad = "Not saved: "+OneLine(err.Error(), 200), true
		c.env.log.Warn("a draft could not be stored", "err", err)
	case rev == c.rev:
		c.dirty = false
		c.Saved, c.Bad = "Saved "+When(now, now), false
	default: // written on since
		c.since = now
	}
	c.tell()
}

// recheck looks the message over when the writer pauses.
func (c *Compose) recheck() {
	draft, pressed := c.now(), c.pressed
	c.check.do(func(ctx context.Context) func() {
		if !rest(ctx, checkAfter) {
			return nil
		}
		found := c.env.writer.CheckDraft(draft)
		return func() {
			c.Concerns = c.shown(found, pressed)
			c.tell()
		}
	})
}

// shown are the concerns that are shown: as soon as there are a text and a recipient,
// or else after Send was pressed.
func (c *Compose) shown(found []agent.Concern, all bool) (out []agent.Concern) {
	for _, f := range []struct {
		name string
		r    *Recipients
	}{{"To", c.To}, {"Cc", c.Cc}, {"Bcc", c.Bcc}} {
		for _, x := range f.r.List {
			if x.Problem != "" {
				out = append(out, agent.Concern{Stops: true, Text: "“" + x.Label + "” in " + f.name + ": " + x.Problem + "."})
			}
		}
	}
	mine := out
	early := !all && (c.Blank() || len(c.To.List)+len(c.Cc.List)+len(c.Bcc.List) == 0)
	for _, k := range found {
		told := slices.ContainsFunc(mine, func(m agent.Concern) bool { return sameAddress(m.Text, k.Text) })
		if told || early {
			continue
		}
		out = append(out, k)
	}
	return out
}

// sameAddress reports whether a concern is about the address that ours is about.
func sameAddress(ours, theirs string) bool {
	name, _, ok := strings.Cut(strings.TrimPrefix(ours, "“"), "”")
	return ok && strings.Contains(theirs, name)
}

// Leave stores what is not stored yet; the message stays a draft.
func (c *Compose) Leave() {
	if c.gone {
		return
	}
	c.commit()
	c.gone = true
	for _, s := range []*slot{&c.open, &c.save, &c.check, &c.fetch} {
		s.drop()
	}
	if !c.dirty {
		return
	}
	c.dirty = false
	rev, draft, e := c.rev, c.now(), c.env
	e.wg.Add(1)
	go func() {
		defer e.wg.Done()
		if err := c.store.put(rev, draft); err != nil {
			e.log.Error("a draft could not be stored", "err", err)
			e.post(func() { e.say("The draft could not be kept: " + OneLine(err.Error(), 300)) })
		}
	}()
}

// commit takes over what is still being typed in the fields of recipients.
func (c *Compose) commit() {
	for _, r := range []*Recipients{c.To, c.Cc, c.Bcc} {
		r.Commit()
	}
}

// Dirty reports whether leaving it leaves a draft behind.
func (c *Compose) Dirty() bool { return c.dirty || c.store.id() != 0 }
