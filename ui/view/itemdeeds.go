package view

import (
	"strconv"
	"time"

	"postrider/offline"
)

// TrackItems tracks these, at most ItemsAtOnce of them.
func (d *Desk) TrackItems(kind offline.Kind, keys []uint64) {
	keys = keys[:min(len(keys), ItemsAtOnce)]
	text := "Tracking this " + ItemNoun(kind)
	if len(keys) > 1 {
		text = "Tracking " + Plural(len(keys), ItemNoun(kind))
	}
	d.onItems(text, keys, func(k Keeper) error { return k.TrackItems(keys, offline.Ref{}) })
}

// RetryItems tries again what was refused.
func (d *Desk) RetryItems(keys []uint64) {
	d.onItems("Trying again", keys, func(k Keeper) error { return k.RetryItems(keys) })
}

// RegardItems says what items are about, and tracks those that are not tracked yet
// (R-TRACK-03).
func (d *Desk) RegardItems(kind offline.Kind, keys []uint64, to Card) {
	keys = keys[:min(len(keys), ItemsAtOnce)]
	d.Chose(to.Ref)
	text := "Regarding " + to.Name
	if kind == offline.KindContact {
		text = "Account: " + to.Name
	}
	if len(keys) == 1 {
		d.onItems(text, keys, func(k Keeper) error { return k.SetItemRegarding(keys[0], to.Ref) })
		return
	}
	d.onItems(text+", for "+Plural(len(keys), ItemNoun(kind)), keys, func(k Keeper) error { return k.TrackItems(keys, to.Ref) })
}

// RegardNone has an item be about nothing, or a contact belong to no account.
func (d *Desk) RegardNone(v ItemView) {
	text := "Regarding none"
	if v.Kind == offline.KindContact {
		text = "No account"
	}
	d.onItems(text, v.Keys, func(k Keeper) error { return k.SetItemRegarding(v.Keys[0], offline.Ref{}) })
}

// UntrackItem makes an item and its record two things again.
func (d *Desk) UntrackItem(v ItemView, deleteRecord bool) {
	text := "Untracked"
	if deleteRecord {
		text += " · deleted in the CRM in " + strconv.Itoa(int(UndoTime/time.Second)) + " s"
	}
	d.onItems(text, v.Keys, func(k Keeper) error {
		_, err := k.UntrackItem(v.Keys[0], deleteRecord)
		return err
	})
}

// DeleteItem deletes an item, and what hangs on it by the rules of deletions.
func (d *Desk) DeleteItem(v ItemView) {
	d.onItems("“"+OneLine(v.Title, 80)+"” is deleted", v.Keys, func(k Keeper) error { return k.DeleteItem(v.Keys[0]) })
}

// Keeps reports whether items can be changed here at all.
func (d *Desk) Keeps() bool { return d.env.keeper != nil }
