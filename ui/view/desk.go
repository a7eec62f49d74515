package view

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"postrider/agent"
	"postrider/offline"
)

// Parts says which parts of the window have something new to show.
type Parts uint

// The parts of the window.
const (
	PartList Parts = 1 << iota
	PartPreview
	PartBody
	PartPanel
	PartStatus
	PartPlaces
	PartToast
	PartLog
	PartCompose
	PartOutbox
	PartTracking
	PartCalendar
	PartPeople
	PartTasks
	PartInStep
)

// pulse is how often, at most, the window follows the store: ten times a second.
const pulse = 100 * time.Millisecond

// Desk is everything the main window shows. It belongs to the goroutine that its
// Poster posts to.
type Desk struct {
	List     *List
	Reader   *Reader
	Deeds    *Deeds
	Memory   *Memory
	Status   StatusLine
	Places   []Place
	Counts   offline.Counts
	Items    []ItemCount // of the kinds of which there are any
	Journal  []LogLine
	Asides   []AsideLine
	Compose  *Compose // the message that is being written; nil: none
	Outbox   Outbox
	Tracking *Tracking
	Calendar *Items
	People   *Items
	Tasks    *Items
	InStep   *InStep
	Methods  []MethodLine // who moves the mail; empty: not known
	CRMMail  bool         // mail written in the CRM is sent from here

	CanCRMMail bool // CRMMail is known, and can be changed

	changed func(Parts)
	env     *env
	stop    context.CancelFunc
	places  slot
	journal slot
	outbox  slot
	crmMail slot
	logOpen bool
	folder  string // where a file was attached from last
}

// env is what the models share.
type env struct {
	store *offline.Store
	agent Agent
	post  Poster
	now   func() time.Time
	log   *slog.Logger
	ctx   context.Context
	wg    sync.WaitGroup
	tell  func(Parts)
	say   func(string)
	abilities
	saveAfter time.Duration
}

func (e *env) slot() slot { return slot{post: e.post, ctx: e.ctx, wg: &e.wg} }

// Options are what a Desk is made from. Now and Log may be nil.
type Options struct {
	Store   *offline.Store
	Agent   Agent
	Post    Poster
	Now     func() time.Time
	Log     *slog.Logger
	Changed func(Parts) // on the owner's goroutine
}

// NewDesk returns a desk that shows nothing yet; Open starts it.
func NewDesk(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &env{store: o.Store, agent: o.Agent, post: o.Post, now: o.Now, log: o.Log, ctx: ctx, abilities: abilitiesOf(o.Agent), saveAfter: saveAfter}
	d := &Desk{env: e, stop: stop, changed: o.Changed}
	e.tell = func(p Parts) {
		if d.changed != nil {
			d.changed(p)
		}
	}
	d.places, d.journal, d.outbox, d.crmMail = e.slot(), e.slot(), e.slot(), e.slot()
	d.Deeds = newDeeds(e)
	e.say = d.Deeds.Say
	d.Tracking = newTracking(e, d.Deeds)
	d.Memory = newMemory(e)
	d.Calendar, d.People, d.Tasks = newItems(d, offline.KindAppointment, PartCalendar), newItems(d, offline.KindContact, PartPeople), newItems(d, offline.KindTask, PartTasks)
	d.Calendar.Agenda = d.Memory.Get("agenda", 0) != 0
	d.InStep = newInStep(d)
	d.Reader = newReader(e)
	d.List = newList(e, d.Reader.show)
	return d
}

// Open loads what is known and follows store and agent from then on.
func (d *Desk) Open() {
	notices, stop := d.env.store.Watch() // before anything is read: what changes from here on is heard of
	d.List.open()
	d.refreshPlaces()
	d.refreshOutbox()
	d.readCRMMail()
	d.InStep.refresh()
	d.InStep.readMatch()
	d.refreshStatus()
	d.env.wg.Add(1)
	go d.follow(notices, stop)
}

// Close stops everything and waits for it; what is being written is stored. Nothing is posted afterwards.
func (d *Desk) Close() {
	if d.Compose != nil {
		d.Compose.Leave()
		d.Compose = nil
	}
	d.stop()
	d.env.wg.Wait()
}

// Tick looks at the status again: a problem is shown only after it has lasted for a
// while, and nobody tells when that is.
func (d *Desk) Tick() {
	d.refreshStatus()
	if d.Outbox.Count > 0 {
		d.refreshOutbox() // it says how long, and when next
	}
}

// Reread redraws what depends on the clock ("14:02" becomes "Tue").
func (d *Desk) Reread() {
	d.List.stale(nil)
	d.refreshStatus()
}

// follow hands the store's notices and the agent's changes to the models, at most
// one batch each pulse, and none before the last one was dealt with.
func (d *Desk) follow(notices <-chan offline.Notice, stop func()) {
	defer d.env.wg.Done()
	defer stop()
	moved := make(chan struct{}, 1)
	unwatch := d.env.agent.Watch(func() {
		select {
		case moved <- struct{}{}:
		default:
		}
	})
	defer unwatch()
	for {
		var n offline.Notice
		var agent bool
		select {
		case <-d.env.ctx.Done():
			return
		case next, ok := <-notices:
			if !ok {
				notices = nil // the store was closed: what is shown stays
				continue
			}
			n = next
		case <-moved:
			agent = true
		}
		// What else is there already belongs to this batch; what comes later is
		// gathered by the store until the batch was dealt with and the pulse is over.
		if !agent {
			select {
			case <-moved:
				agent = true
			default:
			}
		}
		beat := time.NewTimer(pulse)
		done := make(chan struct{})
		d.env.post(func() {
			defer close(done)
			d.apply(n, agent)
		})
		select {
		case <-done:
		case <-d.env.ctx.Done():
			return
		}
		select {
		case <-beat.C:
		case <-d.env.ctx.Done():
			return
		}
	}
}

func (d *Desk) apply(n offline.Notice, agent bool) {
	if d.env.ctx.Err() != nil {
		return
	}
	if n.Messages || n.Folders {
		d.List.stale(n.Keys)
	}
	if n.Messages || n.Folders || n.Items {
		d.refreshPlaces()
	}
	if n.Records && !n.Messages {
		d.List.repaint()
	}
	if n.Messages || n.Records || n.Settings {
		d.Reader.refresh(n)
	}
	if n.Drafts || agent && len(d.Outbox.Lines) > 0 {
		d.refreshOutbox()
	}
	if n.Settings || n.Folders || agent {
		d.Tracking.refresh()
	}
	if n.Items || n.Conflicts || n.Records {
		d.Calendar.refresh()
		d.People.refresh()
		d.Tasks.refresh()
	}
	if n.Items || n.Conflicts || n.Settings {
		d.InStep.refresh()
		if d.InStep.shown {
			d.InStep.readMatch()
		}
	}
	if (n.Activity || n.SetAside) && d.logOpen {
		d.OpenJournal()
	}
	if agent || n.Messages {
		d.refreshStatus()
	}
}

func (d *Desk) refreshStatus() {
	line := NewStatusLine(d.env.agent.Status(), d.env.now())
	methods := MethodLines(d.env.options().Methods)
	if w := methodWords(methods); w != "" {
		line.Text += " · " + w
	}
	if reflect.DeepEqual(line, d.Status) && reflect.DeepEqual(methods, d.Methods) {
		return
	}
	d.Status, d.Methods = line, methods
	d.env.tell(PartStatus)
}

// SyncNow asks for a sync at once.
func (d *Desk) SyncNow() { d.env.agent.SyncNow() }

// SetPaused stops or starts the carrying.
func (d *Desk) SetPaused(p bool) { d.env.agent.SetPaused(p) }

// Paused reports whether the agent is paused.
func (d *Desk) Paused() bool { return d.env.agent.Status().Phase == agent.Paused }
