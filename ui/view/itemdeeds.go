package view

import (
	"postrider/agent"
	"postrider/offline"
)

// TrackItems tracks these, at most ItemsAtOnce of them.
func (d *Desk) TrackItems(kind offline.Kind, keys []uint64) {
	k := d.env.keeper
	if k == nil || len(keys) == 0 {
		return
	}
	if len(keys) > ItemsAtOnce {
		keys = keys[:ItemsAtOnce]
	}
	text := "Tracking this " + ItemNoun(kind)
	if len(keys) > 1 {
		text = "Tracking " + Plural(len(keys), ItemNoun(kind))
	}
	d.Deeds.run(text, func() (agent.Undo, error) { return k.TrackItems(keys, offline.Ref{}) })
}

// RegardItems says what items are about, and tracks those that are not tracked yet
// (R-TRACK-03).
func (d *Desk) RegardItems(kind offline.Kind, keys []uint64, to Card) {
	k := d.env.keeper
	if k == nil || len(keys) == 0 {
		return
	}
	d.Chose(to.Ref)
	text := "Regarding " + to.Name
	if kind == offline.KindContact {
		text = "Account: " + to.Name
	}
	if len(keys) == 1 {
		d.Deeds.run(text, func() (agent.Undo, error) { return k.SetItemRegarding(keys[0], to.Ref) })
		return
	}
	d.Deeds.run(text+", for "+Plural(len(keys), ItemNoun(kind)), func() (agent.Undo, error) {
		var undos []agent.Undo
		for _, key := range keys[:min(len(keys), ItemsAtOnce)] {
			undo, err := k.SetItemRegarding(key, to.Ref)
			if err != nil {
				if len(undos) > 0 {
					_ = allOf(undos)() // all of them or none
				}
				return nil, err
			}
			if undo != nil {
				undos = append(undos, undo)
			}
		}
		return allOf(undos), nil
	})
}

// UntrackItem makes an item and its record two things again.
func (d *Desk) UntrackItem(v ItemView, deleteRecord bool) {
	k := d.env.keeper
	if k == nil || len(v.Keys) != 1 {
		return
	}
	text := "Untracked"
	if deleteRecord {
		text += " · deleted in the CRM in " + undoSeconds + " s"
	}
	d.Deeds.run(text, func() (agent.Undo, error) { return k.UntrackItem(v.Keys[0], deleteRecord) })
}

// undoSeconds is UndoTime in words.
const undoSeconds = "10"

// DeleteItem deletes an item, and what hangs on it by the rules of deletions.
func (d *Desk) DeleteItem(v ItemView) {
	k := d.env.keeper
	if k == nil || len(v.Keys) != 1 {
		return
	}
	d.Deeds.run("“"+OneLine(v.Title, 80)+"” is deleted", func() (agent.Undo, error) { return k.DeleteItem(v.Keys[0]) })
}

// Keeps reports whether items can be changed here at all.
func (d *Desk) Keeps() bool { return d.env.keeper != nil }
