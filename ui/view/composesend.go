package view

import (
	"context"
	"slices"

	"postrider/agent"
	"postrider/offline"
)

// StopWriting leaves the message that is being written; it stays a draft, if
// anything was written.
func (d *Desk) StopWriting() {
	c := d.Compose
	if c == nil {
		return
	}
	kept := c.dirty || c.store.id() != 0
	c.Leave()
	d.Compose = nil
	d.env.tell(PartCompose)
	if kept {
		d.Deeds.Say("Kept as a draft in the outbox")
	}
}

// SendDraft puts the message into the outbox. Where something must be put right
// first it says so and stays; what should be looked at is shown once, and the
// second time it goes all the same.
func (d *Desk) SendDraft() {
	c := d.Compose
	if c == nil || !c.Ready() || c.Busy != "" {
		return
	}
	c.commit()
	c.pressed = true
	c.check.drop()
	c.Busy = "Sending …"
	c.rev++ // even if it was never changed: it is yet to be stored
	rev, draft, seen, e := c.rev, c.now(), c.Concerns, d.env
	c.going.do(func(context.Context) func() {
		found := e.writer.CheckDraft(draft)
		return func() { d.checked(c, rev, draft, found, seen) }
	})
	c.tell()
}

func (d *Desk) checked(c *Compose, rev int, draft offline.Draft, found, seen []agent.Concern) {
	if c.gone {
		return // left meanwhile: it stays a draft
	}
	c.Concerns = c.shown(found, true)
	stops := slices.ContainsFunc(c.Concerns, func(k agent.Concern) bool { return k.Stops })
	unseen := slices.ContainsFunc(c.Concerns, func(k agent.Concern) bool { return !slices.Contains(seen, k) })
	if stops || unseen {
		c.Busy, c.Asked = "", !stops
		c.tell()
		return
	}
	e := d.env
	c.going.do(func(context.Context) func() {
		var undo agent.Undo
		err := c.store.put(rev, draft)
		if err == nil {
			err = c.store.end(func(id uint64) (err error) {
				undo, err = e.writer.Send(id)
				return err
			})
		}
		return func() { d.sent(c, draft, undo, err) }
	})
}

func (d *Desk) sent(c *Compose, draft offline.Draft, undo agent.Undo, err error) {
	c.Busy = ""
	if err != nil && c.gone {
		d.Deeds.say(Toast{Text: "It could not be sent, and is among the drafts: " + OneLine(err.Error(), 300), Bad: true})
		return
	}
	if err != nil {
		c.Concerns = []agent.Concern{{Stops: true, Text: "It could not be sent: " + OneLine(err.Error(), 300)}}
		c.tell()
		return
	}
	c.gone, c.dirty = true, false
	c.save.drop()
	if d.Compose == c {
		d.Compose = nil
	}
	d.env.tell(PartCompose)
	id, e := c.store.id(), d.env
	text := "Sending to " + People(append(append(slices.Clone(draft.To), draft.Cc...), draft.Bcc...), 2)
	if undo == nil {
		d.Deeds.say(Toast{Text: text})
		return
	}
	d.Deeds.keep(func() error {
		err := undo()
		if err == nil {
			e.post(func() { d.Reopen(id) })
		}
		return err
	}, text)
	d.Deeds.say(Toast{Text: text, Undo: true})
}

// Discard throws the message away that is being written; for ten seconds it can
// be had back.
func (d *Desk) Discard() {
	c := d.Compose
	if c == nil {
		return
	}
	c.commit()
	c.gone = true
	for _, s := range []*slot{&c.open, &c.save, &c.check, &c.fetch} {
		s.drop()
	}
	draft := c.now()
	blank := !c.dirty && c.store.id() == 0
	d.Compose = nil
	d.env.tell(PartCompose)
	if blank {
		return
	}
	d.discard(draft, func() error {
		return c.store.end(func(id uint64) error {
			if id == 0 {
				return nil
			}
			return d.env.writer.DiscardDraft(id)
		})
	})
}

func (d *Desk) discard(draft offline.Draft, act func() error) {
	e := d.env
	d.Deeds.run("Discarded the draft", func() (agent.Undo, error) {
		if err := act(); err != nil {
			return nil, err
		}
		return func() error {
			draft.ID = 0
			err := e.writer.SaveDraft(&draft)
			if id := draft.ID; err == nil {
				e.post(func() { d.Reopen(id) })
			}
			return err
		}, nil
	})
}
