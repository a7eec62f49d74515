package view

import (
	"context"
	"slices"
	"time"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// Settler is the part of an Agent to which the user says how open questions of
// appointments, contacts and tasks end. Its methods may wait for the disk.
type Settler interface {
	// ResolveConflict gives both sides one side's value of a conflict, also where
	// the other one's has won already.
	ResolveConflict(id uint64, side offline.Side) error
	// ConfirmDeletions carries over deletions that are held back. RejectDeletions
	// takes them for a mistake: what vanished from calendars is brought back, what
	// vanished from the CRM leaves the user's own as it is, untracked.
	ConfirmDeletions(ids []uint64) error
	RejectDeletions(ids []uint64) error
	// UndoTombstone makes anew what was deleted.
	UndoTombstone(id uint64) error
}

// InStep is the page on which the user settles what is open between calendars,
// address books and the CRM, and sees by which rules they are kept in step. It is
// kept up while it is open; Open is always.
type InStep struct {
	Ready   bool
	Able    bool // the agent keeps items
	Open    int  // what waits for the user
	Clashes []ClashLine
	Settled []ClashLine // conflicts that a rule has decided, newest first
	Held    []HeldGroup
	Gone    []GoneLine // newest first
	Places  []PlaceLine
	Filters []FilterGroup
	Prefer  merge.Prefer // which side holds where both changed the same field
	Match   Match

	env     *env
	desk    *Desk
	reading slot
	counts  slot
	match   slot
	busy    bool
	stale   bool
	shown   bool
}

// ClashLine is a field that both sides changed.
type ClashLine struct {
	ID                 uint64
	Item               uint64
	Kind               offline.Kind
	Name               string // of the item
	Field              string
	Base, Mine, Theirs string
	Winner             offline.Side // empty: the user is asked
	When               string
}

// HeldGroup are deletions of one kind on one side that wait for the user.
type HeldGroup struct {
	Side  offline.Side
	Kind  offline.Kind
	Title string
	Text  string
	Keep  string // what the button says that takes it for a mistake
	Names []string
	IDs   []uint64
}

// GoneLine is something whose other half was deleted.
type GoneLine struct {
	ID   uint64
	Kind offline.Kind
	Name string
	Text string
	When string
}

// FilterGroup are the filters that say which records of a kind come down.
type FilterGroup struct {
	Kind  offline.Kind
	Title string
	Count int // records that are let in
	Lines []SyncFilterLine
}

// SyncFilterLine is a filter.
type SyncFilterLine struct {
	Name   string
	Note   string
	Text   string // what it asks; may be empty
	On     bool
	Able   bool // it can be changed here
	Filter offline.SyncFilter
}

// DirectionLine says which way a field goes.
type DirectionLine struct {
	Name, Way string
	Fixed     bool
}

func newInStep(d *Desk) *InStep {
	e := d.env
	return &InStep{env: e, desk: d, Able: e.keeper != nil || e.settler != nil, reading: e.slot(), counts: e.slot(), match: e.slot()}
}

// OpenInStep reads all of the page, and keeps it up until CloseInStep.
func (d *Desk) OpenInStep() {
	d.InStep.shown = true
	d.InStep.refresh()
	d.InStep.readMatch()
}

// CloseInStep stops keeping it up.
func (d *Desk) CloseInStep() { d.InStep.shown = false }

// inStepFacts is what is read for the page.
type inStepFacts struct {
	clashes []ClashLine
	held    []offline.HeldDeletion
	gone    []offline.Tombstone
	colls   []offline.Collection
	sizes   map[string]int
	filters []offline.SyncFilter
	members map[offline.Kind]offline.Members
	prefer  merge.Prefer
}

// refresh reads what is open, and while the page is shown the rest of it.
func (s *InStep) refresh() {
	if s.busy {
		s.stale = true
		return
	}
	s.busy, s.stale = true, false
	all, now := s.shown, s.env.now()
	s.reading.do(func(context.Context) func() {
		var f inStepFacts
		err := s.env.store.View(func(tx *offline.Tx) error { return f.read(tx, all, now) })
		if k := s.env.filterer; k != nil && err == nil {
			f.prefer, err = k.Prefer()
		}
		return func() {
			s.busy = false
			if err != nil {
				s.env.log.Warn("what is open between calendars and the CRM could not be read", "err", err)
			} else {
				s.words(f, all)
			}
			if s.stale {
				s.refresh()
			}
		}
	})
}

func (f *inStepFacts) read(tx *offline.Tx, all bool, now time.Time) error {
	clashes, err := tx.Conflicts()
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(clashes) {
		kind := offline.KindAppointment
		if k, ok := offline.ItemKind(c.Record.Kind); ok {
			kind = k
		}
		f.clashes = append(f.clashes, newClash(c, kind, now))
	}
	if f.held, err = tx.HeldDeletions(); err != nil || !all {
		return err
	}
	if f.gone, err = tx.Tombstones(); err != nil {
		return err
	}
	if f.colls, err = tx.Collections(); err != nil {
		return err
	}
	f.sizes = map[string]int{}
	for _, c := range f.colls {
		f.sizes[c.URL] = len(tx.ItemKeys(c.URL))
	}
	if _, err := tx.Setting(offline.SettingFilters, &f.filters); err != nil {
		return err
	}
	f.members = map[offline.Kind]offline.Members{}
	for _, k := range [...]offline.Kind{offline.KindAppointment, offline.KindSeries, offline.KindTask, offline.KindContact} {
		var m offline.Members
		if _, err := tx.Setting(offline.SettingMembers(k), &m); err != nil {
			return err
		}
		f.members[k] = m
	}
	return nil
}

func newClash(c offline.Conflict, kind offline.Kind, now time.Time) ClashLine {
	text := func(v string) string { return WordText(kind, c.Word, v, now) }
	l := ClashLine{ID: c.ID, Item: c.Item, Kind: kind, Name: OneLine(c.Name, 200), Field: WordName(kind, c.Word), Base: text(c.Base), Mine: text(c.Mine), Theirs: text(c.Theirs), Winner: c.Winner, When: When(c.At, now)}
	if l.Name == "" {
		l.Name = "(no name)"
	}
	return l
}

func (s *InStep) words(f inStepFacts, all bool) {
	now := s.env.now()
	s.Clashes, s.Settled = nil, nil
	for _, c := range f.clashes {
		if c.Winner == "" {
			s.Clashes = append(s.Clashes, c)
		} else {
			s.Settled = append(s.Settled, c)
		}
	}
	s.Held = heldGroups(f.held)
	if all {
		s.Gone = nil
		for _, t := range slices.Backward(f.gone) {
			s.Gone = append(s.Gone, GoneLine{t.ID, t.Kind, orElse(OneLine(t.Name, 200), "(no name)"), OneLine(t.Text, 300), When(t.At, now)})
		}
		s.Places = placeLines(f.colls, f.sizes, s.env.arranger != nil)
		s.Filters, s.Prefer = s.desk.filterGroups(f.filters, f.members), f.prefer
		s.Ready = true
	}
	s.count()
	s.env.tell(PartInStep)
}

// count is how much waits for the user.
func (s *InStep) count() {
	s.Open = len(s.Clashes) + len(s.Held) + len(s.Match.Apart)
	if s.Match.Waits {
		s.Open++
	}
}

func heldGroups(all []offline.HeldDeletion) (groups []HeldGroup) {
	for _, h := range all {
		kind := h.Kind
		if k, ok := offline.ItemKind(kind); ok {
			kind = k
		}
		i := slices.IndexFunc(groups, func(g HeldGroup) bool { return g.Side == h.Side && g.Kind == kind })
		if i < 0 {
			i = len(groups)
			groups = append(groups, HeldGroup{Side: h.Side, Kind: kind})
		}
		g := &groups[i]
		g.Names, g.IDs = append(g.Names, orElse(OneLine(h.Name, 200), "(no name)")), append(g.IDs, h.ID)
	}
	for i := range groups {
		g := &groups[i]
		what := Plural(len(g.IDs), ItemNoun(g.Kind))
		g.Title = what + " vanished from your " + placeOf(g.Kind)
		g.Text = "Should they be deleted in the CRM, too? Until you say so nothing is deleted there."
		g.Keep = "Bring them back"
		if len(g.IDs) == 1 {
			g.Keep = "Bring it back"
		}
		if g.Side == offline.SideRecord {
			g.Keep = "Keep mine, untracked"
			g.Title = what + " vanished from the CRM"
			g.Text = "Should they be deleted in your " + placeOf(g.Kind) + ", too? Until you say so nothing is deleted there."
		}
	}
	return groups
}

// Directions is which way the fields of a kind go (R-FIELD).
func Directions(kind offline.Kind) (lines []DirectionLine) {
	for _, f := range merge.Table(kind) {
		way := "both ways"
		switch f.Default {
		case merge.Up:
			way = "to the CRM only"
		case merge.Down:
			way = "from the CRM only"
		case merge.None:
			way = "not carried"
		}
		lines = append(lines, DirectionLine{WordName(kind, f.Word), way, f.Fixed})
	}
	if kind == offline.KindAppointment { // R-APPT-03
		lines = append(lines, DirectionLine{"Attachments", "not carried", true})
	}
	return lines
}

// Resolve gives both sides one side's value.
func (d *Desk) Resolve(c ClashLine, side offline.Side) {
	s := d.env.settler
	if s == nil {
		return
	}
	text := c.Field + ": yours holds now"
	if side == offline.SideRecord {
		text = c.Field + ": the CRM's holds now"
	}
	d.Deeds.run(text, func() (agent.Undo, error) { return nil, s.ResolveConflict(c.ID, side) })
}

// SettleHeld carries held deletions over, or brings back what vanished.
func (d *Desk) SettleHeld(g HeldGroup, carry bool) {
	s := d.env.settler
	if s == nil {
		return
	}
	what := Plural(len(g.IDs), ItemNoun(g.Kind))
	if carry {
		d.Deeds.run(what+" will be deleted on the other side, too", func() (agent.Undo, error) { return nil, s.ConfirmDeletions(g.IDs) })
		return
	}
	text := what + " will be brought back"
	if g.Side == offline.SideRecord {
		text = what + " stay in your " + placeOf(g.Kind) + ", and are not tracked any more"
		if len(g.IDs) == 1 {
			text = what + " stays in your " + placeOf(g.Kind) + ", and is not tracked any more"
		}
	}
	d.Deeds.run(text, func() (agent.Undo, error) { return nil, s.RejectDeletions(g.IDs) })
}

// BringBack makes anew what was deleted.
func (d *Desk) BringBack(g GoneLine) {
	if s := d.env.settler; s != nil {
		d.Deeds.run("“"+OneLine(g.Name, 80)+"” will be back with the next sync", func() (agent.Undo, error) { return nil, s.UndoTombstone(g.ID) })
	}
}
