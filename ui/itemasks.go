package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// carry does what a button says.
func (p *itemsPage) carry(a view.Action) {
	d, l := p.w.desk, p.list
	if !d.Keeps() {
		d.Deeds.Say("That can't be done here.")
		return
	}
	switch a.Verb {
	case view.VerbTrack:
		d.TrackItems(l.Kind, a.Keys)
	case view.VerbRetry:
		d.RetryItems(a.Keys)
	case view.VerbRegarding:
		p.chooseAbout(a.Keys)
	case view.VerbUntrack:
		p.askUntrack(l.Shown)
	case view.VerbEdit:
		p.w.openItemForm(d.EditForm(l.Shown))
	case view.VerbDelete:
		p.askDelete(l.Shown)
	}
}

// openRecord shows the item's record in the browser.
func (p *itemsPage) openRecord() {
	if page := p.w.desk.PageOf(p.list.Shown.Record); page != "" {
		p.w.follow(page)
		return
	}
	p.w.desk.Deeds.Say("There is no record of it in the CRM yet.")
}

// newItem asks for the fields of a new item.
func (p *itemsPage) newItem() {
	f := p.w.desk.NewItemForm(p.list)
	if f == nil {
		p.w.desk.Deeds.Say("There is no " + view.ItemNoun(p.list.Kind) + " place that can be written to.")
		return
	}
	p.w.openItemForm(f)
}

// chooseAbout asks what items are about, or whose contacts they are.
func (p *itemsPage) chooseAbout(keys []uint64) {
	noun := view.ItemNoun(p.list.Kind)
	a := recordAsk{title: "What is this " + noun + " about?", verb: "Set regarding", took: func(c view.Card) { p.w.desk.RegardItems(p.list.Kind, keys, c) }}
	if p.list.Kind == offline.KindContact {
		a.title, a.verb, a.kinds, a.hint = "Which account does this contact belong to?", "Set account", []offline.Kind{offline.KindAccount}, "Search accounts"
	}
	if len(keys) > 1 {
		a.title = "What are these " + view.Plural(len(keys), noun) + " about?"
		if p.list.Kind == offline.KindContact {
			a.title = "Which account do these " + view.Plural(len(keys), noun) + " belong to?"
		}
		a.verb += " for " + view.Count(len(keys))
	}
	if p.list.Shown.Sign == view.SignUntracked {
		a.verb = "Track and " + string(a.verb[0]|0x20) + a.verb[1:]
	}
	p.w.chooseRecord(a)
}

// askUntrack asks whether the record goes, too, where that may be (R-UNTRACK-02 to
// -05). Where there is no record yet there is nothing to ask.
func (p *itemsPage) askUntrack(v view.ItemView) {
	w, noun := p.w, view.ItemNoun(v.Kind)
	if !v.Linked {
		w.desk.UntrackItem(v, false)
		return
	}
	var s *sheet
	do := func(del bool) func() {
		return func() {
			s.close()
			w.desk.UntrackItem(v, del)
		}
	}
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	keep := newButton(w, "Untrack, keep in the CRM", "", primary, do(false))
	buttons := []*button{cancel, keep}
	may, why := v.MayDeleteRecord()
	text := "It is in the CRM, where colleagues can see it. Should it be deleted there, too?"
	if may {
		buttons = []*button{cancel, newButton(w, "Untrack and delete", "", risky, do(true)), keep}
	} else {
		text = "Changes are not carried to the CRM and back any more. What is there stays: " + why + "."
	}
	small := "The " + noun + " itself stays where it is."
	if may {
		small += " Deleting waits ten seconds, in which you can undo it."
	}
	c := newColumn(8, 0, newLabel(text, sizeBody, colText).lines(4), newLabel(small, sizeSmall, colMuted).lines(3))
	s = w.openSheet("Untrack this "+noun+"?", c, fyne.NewSize(500, 210), buttons...)
	s.primary = do(false)
	w.canvas.Focus(keep)
}

// askDelete asks before it deletes an item.
func (p *itemsPage) askDelete(v view.ItemView) {
	w, noun := p.w, view.ItemNoun(v.Kind)
	var s *sheet
	do := func() { s.close(); w.desk.DeleteItem(v) }
	keep := newButton(w, "Keep it", "", quiet, func() { s.close() })
	del := newButton(w, "Delete the "+noun, "", risky, do)
	text := "“" + view.OneLine(v.Title, 120) + "” is deleted in “" + v.Place + "”. You can take that back for ten seconds."
	if v.Series {
		text = "All times of “" + view.OneLine(v.Title, 120) + "” are deleted in “" + v.Place + "”. You can take that back for ten seconds."
	}
	small := ""
	switch {
	case !v.Linked:
	case v.Kind == offline.KindContact:
		small = "The contact in the CRM stays." // R-DELETE-09
	case v.Kind == offline.KindTask:
		small = "While it is open in the CRM, the task there is deleted, too." // R-DELETE-13
	case v.Owned:
		small = "While it is open in the CRM, the appointment there is deleted, too." // R-DELETE-03
	default:
		small = "The appointment in the CRM stays: it is somebody else's." // R-DELETE-04
	}
	c := newColumn(8, 0, newLabel(text, sizeBody, colText).lines(4), newLabel(small, sizeSmall, colMuted).lines(2))
	s = w.openSheet("Delete this "+noun+"?", c, fyne.NewSize(460, 190), keep, del)
	s.primary = do
	w.canvas.Focus(keep)
}
