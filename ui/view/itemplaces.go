package view

import (
	"context"
	"slices"
	"strings"

	"postrider/agent"
	"postrider/offline"
)

// Arranger is the part of an Agent that is told what becomes of calendars, task
// lists and address books. Its methods may wait for the disk.
type Arranger interface {
	LeaveCollection(url string, off bool) error
	TrackCollection(url string, on bool) error
	// HomeCollection has what comes from the CRM put into this one, of its kinds.
	HomeCollection(url string) error
	// PreviewCollection names what TrackCollection would send to the CRM.
	PreviewCollection(url string) (names []string, err error)
}

// PlaceLine is a calendar, task list or address book.
type PlaceLine struct {
	URL      string
	Name     string
	Account  string
	Symbol   string
	Note     string // what it holds, and how much
	Off      bool   // it is left alone
	Track    bool   // everything in it is tracked
	Home     bool   // what comes from the CRM is put here
	MayTrack bool
	MayHome  bool
	Able     bool // it can be changed here
}

func placeLines(colls []offline.Collection, sizes map[string]int, able bool) (lines []PlaceLine) {
	for _, c := range colls {
		home := slices.ContainsFunc(c.Kinds, func(k offline.Kind) bool {
			h, ok := offline.HomeOf(colls, k)
			return ok && h.URL == c.URL
		})
		l := PlaceLine{URL: c.URL, Name: orElse(OneLine(c.Name, 120), OneLine(c.URL, 120)), Account: c.Account, Symbol: "folder", Off: c.Off, Track: c.Track, Home: home, Able: able, MayTrack: !c.Off && !c.Missing, MayHome: !c.Off && !c.Missing && !c.ReadOnly && !home}
		var kinds []string
		for _, k := range c.Kinds {
			kinds = append(kinds, ItemNoun(k)+"s")
		}
		if len(c.Kinds) > 0 {
			l.Symbol = ItemKindSymbol(c.Kinds[0])
		}
		l.Note = strings.Join(kinds, " and ")
		if n := sizes[c.URL]; n > 0 || !c.Off {
			l.Note = Count(n) + " " + orElse(l.Note, "items")
		}
		switch {
		case c.Missing:
			l.Note += " · the server does not list it any more"
		case c.ReadOnly:
			l.Note += " · can only be read"
		}
		if c.Cursor.At.IsZero() && !c.Off && !c.Missing {
			l.Note += " · not read yet"
		}
		lines = append(lines, l)
	}
	return lines
}

// LeavePlace leaves a calendar alone, or reads it again.
func (d *Desk) LeavePlace(l PlaceLine, off bool) {
	a := d.env.arranger
	if a == nil {
		return
	}
	text := "“" + l.Name + "” is read again"
	if off {
		text = "“" + l.Name + "” is left alone"
	}
	d.Deeds.run(text, func() (agent.Undo, error) {
		if err := a.LeaveCollection(l.URL, off); err != nil {
			return nil, err
		}
		return func() error { return a.LeaveCollection(l.URL, !off) }, nil
	})
}

// TrackPlace tracks everything in a calendar or address book, what is private
// aside, or no more of it by itself.
func (d *Desk) TrackPlace(l PlaceLine, on bool) {
	a := d.env.arranger
	if a == nil {
		return
	}
	text := "Nothing more in “" + l.Name + "” is tracked by itself; what is tracked stays so"
	if on {
		text = "Everything in “" + l.Name + "” is tracked"
	}
	d.Deeds.run(text, func() (agent.Undo, error) {
		if err := a.TrackCollection(l.URL, on); err != nil {
			return nil, err
		}
		return func() error { return a.TrackCollection(l.URL, !on) }, nil
	})
}

// MakeHome has what comes from the CRM put into a calendar or address book.
func (d *Desk) MakeHome(l PlaceLine) {
	a := d.env.arranger
	if a == nil {
		return
	}
	d.Deeds.run("What comes from the CRM is put into “"+l.Name+"”", func() (agent.Undo, error) { return nil, a.HomeCollection(l.URL) })
}

// PlacePreview says what tracking everything in a place would send to the CRM.
type PlacePreview struct {
	Asking bool
	Failed string
	Text   string
	Names  []string

	ask     slot
	changed func()
}

// NewPlacePreview looks at what tracking everything in a place would send; changed
// is called when that is known.
func (d *Desk) NewPlacePreview(l PlaceLine, changed func()) *PlacePreview {
	p := &PlacePreview{Asking: true, changed: changed, ask: d.env.slot()}
	p.ask.do(func(context.Context) func() {
		names, err := d.env.arranger.PreviewCollection(l.URL)
		return func() {
			p.Asking = false
			if err != nil {
				p.Failed = "What is in it can't be looked at now: " + OneLine(err.Error(), 200)
			} else {
				p.words(names)
			}
			p.changed()
		}
	})
	return p
}

func (p *PlacePreview) words(names []string) {
	for _, n := range names {
		p.Names = append(p.Names, orElse(OneLine(n, 200), "(no name)"))
	}
	slices.Sort(p.Names)
	switch n := len(names); n {
	case 0:
		p.Text = "Nothing that is in it now would go to the CRM: it is there already, is private, or was untracked by you. What is added later goes."
	case 1:
		p.Text = "One that is in it now would go to the CRM, and what is added later."
	default:
		p.Text = Count(n) + " that are in it now would go to the CRM, and what is added later."
	}
}

// Close stops what is under way.
func (p *PlacePreview) Close() {
	p.changed = func() {}
	p.ask.drop()
}
