package view

import (
	"errors"
	"fmt"

	"postrider/agent"
)

// bulkSize is how many messages go at a time where there are many: each part is on
// disk before the next one begins, so that stopping and counting mean something.
const bulkSize = 20

// Stop ends what goes in parts after the part under way. What was done stays done,
// and can be undone.
func (d *Deeds) Stop() { d.stopped.Store(true) }

// each acts on the keys: at once where they are few, otherwise in parts that are
// counted and can be stopped. doing is what is counted ("Tracking"), text what is
// said of n of them at the end.
func (d *Deeds) each(keys []uint64, doing string, text func(n int) string, act func(keys []uint64) (agent.Undo, error)) {
	if len(keys) <= bulkSize {
		d.run(text(len(keys)), func() (agent.Undo, error) { return act(keys) })
		return
	}
	total := len(keys)
	d.later(func() func() {
		d.stopped.Store(false)
		var undos []agent.Undo
		var err error
		done := 0
		for done < total && err == nil && !d.stopped.Load() && d.env.ctx.Err() == nil {
			n := done
			d.env.post(func() {
				d.say(Toast{Text: doing + " " + Count(n) + " of " + Plural(total, "message"), Stop: true, Done: n, Total: total})
			})
			part := keys[done:min(done+bulkSize, total)]
			var undo agent.Undo
			if undo, err = act(part); err == nil {
				done += len(part)
				if undo != nil {
					undos = append(undos, undo)
				}
			}
		}
		return func() { d.ended(done, total, text(done), undos, err) }
	})
}

// ended says how far it came, and keeps the way back for that.
func (d *Deeds) ended(done, total int, text string, undos []agent.Undo, err error) {
	if len(undos) > 0 {
		d.keep(allOf(undos), text)
	}
	t := Toast{Text: text, Undo: len(undos) > 0}
	switch {
	case err != nil:
		t.Bad = true
		t.Text = fmt.Sprintf("That went wrong after %s of %s: %s", Count(done), Count(total), OneLine(err.Error(), 300))
	case done == 0:
		t.Text = "Stopped before the first one"
	case done < total:
		t.Text = "Stopped: " + lowerFirst(text) + " of " + Count(total)
	}
	d.say(t)
}

// allOf takes all of them back, the last one first.
func allOf(undos []agent.Undo) agent.Undo {
	return func() error {
		var errs []error
		for i := len(undos) - 1; i >= 0; i-- {
			errs = append(errs, undos[i]())
		}
		return errors.Join(errs...)
	}
}
