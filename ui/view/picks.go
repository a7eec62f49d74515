package view

import (
	"slices"

	"postrider/agent"
	"postrider/agent/track"
	"postrider/offline"
)

// Picker is the part of an Agent that remembers which of several records an
// address means. It may wait for the disk.
type Picker interface {
	// Pick chooses one for every message; the zero Ref forgets the choice.
	Pick(addr string, r offline.Ref) (agent.Undo, error)
}

// CanPick reports whether one of several records can be chosen.
func (d *Desk) CanPick() bool { return d.env.picker != nil }

// Pick chooses which record an address means, from now on and in every message
// (R-EMAIL-15 to R-EMAIL-17).
func (d *Desk) Pick(addr string, c Card) {
	e := d.env
	if e.picker == nil {
		return
	}
	d.Deeds.run(c.Name+" is meant by "+OneLine(addr, 80), func() (agent.Undo, error) { return e.picker.Pick(addr, c.Ref) })
}

// Candidates are the people of the panel of whom one can be meant: the active ones.
func (p *Panel) Candidates() []Card {
	return slices.DeleteFunc(slices.Clone(p.People), func(c Card) bool { return c.Closed })
}

// holders are the records that hold an address, closed ones included: the one
// that the user picked first, then the likely ones. What can't be read is as if
// it were not there.
func holders(tx *offline.Tx, addr string) (recs []offline.Record, picked offline.Ref) {
	recs, err := tx.RecordsByAddress(addr)
	if err != nil {
		return nil, picked
	}
	slices.SortStableFunc(recs, byLikelihood)
	var picks offline.Picks
	if _, err := tx.Setting(offline.SettingPicks, &picks); err != nil {
		return recs, picked
	}
	recs, ok := track.PickFirst(recs, picks[offline.Fold(addr)])
	if ok {
		picked = recs[0].Ref
	}
	return recs, picked
}
