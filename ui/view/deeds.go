package view

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"postrider/agent"
	"postrider/offline"
)

// UndoTime is how long an undo is offered; the agent holds what can't be undone
// on a server for as long.
const UndoTime = 10 * time.Second

// Verb is what an action does.
type Verb string

// The verbs.
const (
	VerbTrack     Verb = "track"
	VerbRegarding Verb = "regarding"
	VerbUntrack   Verb = "untrack"
	VerbRetry     Verb = "retry"
)

// Action is a button: what it does, in the words of what will happen.
type Action struct {
	Verb    Verb
	Label   string
	Symbol  string
	Key     string // the letter that does it
	Primary bool   // at most one
	Keys    []uint64
}

// actionsFor says what can be done with messages, given by their state; each action
// carries those that it is for.
func actionsFor(by map[offline.State][]uint64, all []uint64, about bool) []Action {
	if len(all) == 0 {
		return nil
	}
	failed := by[offline.Failed]
	fresh := slices.Concat(by[offline.Untracked], by[""])
	linked := slices.Concat(by[offline.Waiting], by[offline.Tracked], failed)
	label := func(verb string, n int) string {
		if len(all) == 1 {
			return verb
		}
		return verb + " " + Plural(n, "message")
	}
	var as []Action
	if n := len(failed); n > 0 {
		as = append(as, Action{VerbRetry, label("Retry", n), "retry", "", true, failed})
	}
	if n := len(fresh); n > 0 {
		as = append(as, Action{VerbTrack, label("Track", n), "track", "T", len(as) == 0, fresh})
	}
	reg := "Set regarding…"
	if about && len(all) == 1 {
		reg = "Change regarding…"
	}
	if len(all) > 1 {
		reg = "Set regarding for " + Count(len(all)) + "…"
	}
	as = append(as, Action{VerbRegarding, reg, "regarding", "R", false, all})
	if n := len(linked); n > 0 {
		as = append(as, Action{VerbUntrack, label("Untrack", n) + "…", "untrack", "U", false, linked})
	}
	return as
}

// Toast is what was just done, with the way back while there is one.
type Toast struct {
	ID   int
	Text string
	Undo bool
	Bad  bool // something went wrong
}

// Deeds carries out what the user asks for, one after the other, off the
// interface's goroutine, and keeps the way back.
type Deeds struct {
	Toast Toast // ID 0: none

	env   *env
	id    int
	undos []done
	mu    sync.Mutex
	queue []func()
	busy  bool
}

type done struct {
	undo agent.Undo
	text string
	at   time.Time
}

func newDeeds(e *env) *Deeds { return &Deeds{env: e} }

// Track tracks the messages, about regarding unless it is zero.
func (d *Deeds) Track(keys []uint64, regarding offline.Ref, name string) {
	text := "Tracking " + Plural(len(keys), "message")
	if len(keys) == 1 {
		text = "Tracking this message"
	}
	if name != "" {
		text += " · regarding " + name
	}
	d.run(text, func() (agent.Undo, error) { return d.env.agent.Track(keys, regarding) })
}

// SetRegarding gives the messages another regarding.
func (d *Deeds) SetRegarding(keys []uint64, to offline.Ref, name string) {
	text := "Regarding " + name
	if len(keys) > 1 {
		text += " set for " + Plural(len(keys), "message")
	}
	d.run(text, func() (agent.Undo, error) { return d.env.agent.SetRegarding(keys, to) })
}

// Untrack unlinks the messages; with deleteRecord their records in the CRM are
// deleted, too.
func (d *Deeds) Untrack(keys []uint64, deleteRecord bool) {
	text := "Untracked"
	if len(keys) > 1 {
		text += " " + Plural(len(keys), "message")
	}
	if deleteRecord {
		text += " · deleted in the CRM in " + strconv.Itoa(int(UndoTime/time.Second)) + " s"
	}
	d.run(text, func() (agent.Undo, error) { return d.env.agent.Untrack(keys, deleteRecord) })
}

// Retry tries failed messages again.
func (d *Deeds) Retry(keys []uint64) {
	d.run("Trying again", func() (agent.Undo, error) { return nil, d.env.agent.Retry(keys) })
}

// RetryAsides reads again what was set aside.
func (d *Deeds) RetryAsides(asides []AsideLine) {
	ids := make([]uint64, 0, len(asides))
	for _, a := range asides {
		ids = append(ids, a.ID)
	}
	d.run("Reading again", func() (agent.Undo, error) { return nil, d.env.agent.RetrySetAside(ids) })
}

func (d *Deeds) run(text string, act func() (agent.Undo, error)) {
	d.later(func() func() {
		undo, err := act()
		return func() {
			if err != nil {
				d.say(Toast{Text: "That did not work: " + OneLine(err.Error(), 300), Bad: true})
				return
			}
			if undo != nil {
				d.undos = append(d.undos, done{undo, text, d.env.now()})
				if n := len(d.undos); n > 20 {
					d.undos = d.undos[n-20:]
				}
			}
			d.say(Toast{Text: text, Undo: undo != nil})
		}
	})
}

// CanUndo reports whether there is something to take back in time.
func (d *Deeds) CanUndo() bool {
	n := len(d.undos)
	return n > 0 && d.env.now().Sub(d.undos[n-1].at) < UndoTime
}

// Undo takes the last deed back.
func (d *Deeds) Undo() {
	if !d.CanUndo() {
		d.say(Toast{Text: fmt.Sprintf("Nothing to undo in the last %d seconds", int(UndoTime/time.Second))})
		return
	}
	n := len(d.undos)
	last := d.undos[n-1]
	d.undos = d.undos[:n-1]
	d.later(func() func() {
		err := last.undo()
		return func() {
			if err != nil {
				d.say(Toast{Text: "It could not be undone: " + OneLine(err.Error(), 300), Bad: true})
				return
			}
			d.say(Toast{Text: "Undone: " + last.text})
		}
	})
}

// Say shows a toast that is not about a deed.
func (d *Deeds) Say(text string) { d.say(Toast{Text: text}) }

// Dismiss takes a toast away, unless another one came since.
func (d *Deeds) Dismiss(id int) {
	if d.Toast.ID == id {
		d.Toast = Toast{}
		d.env.tell(PartToast)
	}
}

func (d *Deeds) say(t Toast) {
	d.id++
	t.ID = d.id
	d.Toast = t
	d.env.tell(PartToast)
}

// later runs jobs in order, off the owner's goroutine; what a job returns runs on it.
func (d *Deeds) later(job func() func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, func() {
		apply := job()
		d.env.post(apply)
	})
	if d.busy {
		return
	}
	d.busy = true
	d.env.wg.Add(1)
	go d.work()
}

func (d *Deeds) work() {
	defer d.env.wg.Done()
	for {
		d.mu.Lock()
		if len(d.queue) == 0 {
			d.busy = false
			d.mu.Unlock()
			return
		}
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.mu.Unlock()
		next()
	}
}
