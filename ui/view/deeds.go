package view

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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
	VerbReply     Verb = "reply"
	VerbReplyAll  Verb = "reply-all"
	VerbForward   Verb = "forward"
)

// Action is a button: what it does, in the words of what will happen.
type Action struct {
	Verb    Verb
	Label   string
	Symbol  string
	Key     string // the letter that does it
	Primary bool   // at most one
	Keys    []uint64
	Aside   bool // stands in menus only
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
		as = append(as, Action{Verb: VerbRetry, Label: label("Retry", n), Symbol: "retry", Primary: true, Keys: failed})
	}
	if n := len(fresh); n > 0 {
		as = append(as, Action{Verb: VerbTrack, Label: label("Track", n), Symbol: "track", Key: "T", Primary: len(as) == 0, Keys: fresh})
	}
	reg := "Set regarding…"
	if about && len(all) == 1 {
		reg = "Change regarding…"
	}
	if len(all) > 1 {
		reg = "Set regarding for " + Count(len(all)) + "…"
	}
	as = append(as, Action{Verb: VerbRegarding, Label: reg, Symbol: "regarding", Key: "R", Keys: all})
	if n := len(linked); n > 0 {
		as = append(as, Action{Verb: VerbUntrack, Label: label("Untrack", n) + "…", Symbol: "untrack", Key: "U", Keys: linked})
	}
	return as
}

// answerActions are the ways to answer a message or pass it on.
func answerActions(m offline.Message) []Action {
	keys := []uint64{m.Key}
	as := []Action{{Verb: VerbReply, Label: "Reply", Symbol: "reply", Key: "A", Keys: keys}}
	if len(m.To)+len(m.Cc) > 1 {
		as = append(as, Action{Verb: VerbReplyAll, Label: "Reply to all", Symbol: "reply-all", Key: "Shift+A", Keys: keys, Aside: true})
	}
	return append(as, Action{Verb: VerbForward, Label: "Forward", Symbol: "forward", Key: "F", Keys: keys, Aside: true})
}

// Toast is what was just done, with the way back while there is one.
type Toast struct {
	ID   int
	Text string
	Undo bool
	Bad  bool // something went wrong

	Stop        bool // it is under way and can be stopped
	Done, Total int  // with Stop
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

	stopped atomic.Bool // what goes in parts is to end
}

type done struct {
	undo agent.Undo
	text string
	at   time.Time
}

func newDeeds(e *env) *Deeds { return &Deeds{env: e} }

// Track tracks the messages, about regarding unless it is zero.
func (d *Deeds) Track(keys []uint64, regarding offline.Ref, name string) {
	text := func(n int) string {
		s := "Tracking " + Plural(n, "message")
		if n == 1 && len(keys) == 1 {
			s = "Tracking this message"
		}
		if name != "" {
			s += " · regarding " + name
		}
		return s
	}
	d.each(keys, "Tracking", text, func(keys []uint64) (agent.Undo, error) { return d.env.agent.Track(keys, regarding) })
}

// SetRegarding gives the messages another regarding.
func (d *Deeds) SetRegarding(keys []uint64, to offline.Ref, name string) {
	text := func(n int) string {
		if len(keys) == 1 {
			return "Regarding " + name
		}
		return "Regarding " + name + " set for " + Plural(n, "message")
	}
	d.each(keys, "Setting the regarding:", text, func(keys []uint64) (agent.Undo, error) { return d.env.agent.SetRegarding(keys, to) })
}

// Untrack unlinks the messages; with deleteRecord their records in the CRM are
// deleted, too.
func (d *Deeds) Untrack(keys []uint64, deleteRecord bool) {
	text := func(n int) string {
		s := "Untracked"
		if len(keys) > 1 {
			s += " " + Plural(n, "message")
		}
		if deleteRecord {
			s += " · deleted in the CRM in " + strconv.Itoa(int(UndoTime/time.Second)) + " s"
		}
		return s
	}
	d.each(keys, "Untracking", text, func(keys []uint64) (agent.Undo, error) { return d.env.agent.Untrack(keys, deleteRecord) })
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
				d.keep(undo, text)
			}
			d.say(Toast{Text: text, Undo: undo != nil})
		}
	})
}

// keep remembers the way back.
func (d *Deeds) keep(undo agent.Undo, text string) {
	d.undos = append(d.undos, done{undo, text, d.env.now()})
	if n := len(d.undos); n > 20 {
		d.undos = d.undos[n-20:]
	}
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
