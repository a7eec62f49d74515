package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// inStepPage is where the user settles what is open between calendars, address
// books and the CRM, and sees by which rules they are kept in step.
type inStepPage struct {
	panePage
	settled, gone int            // how many of them are shown
	lead          fyne.Focusable // the first thing that can be done
}

// shownAtFirst is how many of a long list are shown before more is asked for.
const shownAtFirst = 5

func newInStepPage(w *window) *inStepPage {
	p := &inStepPage{}
	p.lay(w, p)
	p.Hide()
	return p
}

func (p *inStepPage) entered() {
	p.settled, p.gone = shownAtFirst, shownAtFirst
	p.w.desk.OpenInStep()
	p.redraw()
}

func (p *inStepPage) left() { p.w.desk.CloseInStep() }

// first is the first thing that can be done; nil: it isn't known yet.
func (p *inStepPage) first() fyne.Focusable { return p.lead }

// leads notes the first control of the page.
func (p *inStepPage) leads(f fyne.Focusable) {
	if p.lead == nil {
		p.lead = f
	}
}

func (p *inStepPage) smallButton(name, text string, act func()) *button {
	b := p.small(name, text, act)
	p.leads(b)
	return b
}

// redraw shows how things stand.
func (p *inStepPage) redraw() {
	if !p.w.showing(p) {
		return
	}
	s := p.w.desk.InStep
	p.lead = nil
	items := []fyne.CanvasObject{newLabel("Calendars and people in step with the CRM", sizeTitle, colText).bold().lines(2)}
	switch {
	case !s.Able:
		items = append(items, newLabel("Nothing is kept in step here.", sizeBody, colMuted))
	case !s.Ready:
		items = append(items, newLabel("One moment", sizeBody, colMuted))
	default:
		items = append(items, p.matchItems(s)...)
		items = append(items, p.openItems(s)...)
		items = append(items, p.placeItems(s)...)
		items = append(items, p.ruleItems(s)...)
		items = append(items, p.preferItems(s)...)
		items = append(items, p.settledItems(s)...)
		items = append(items, p.goneItems(s)...)
	}
	p.set(items...)
	if p.lead != nil && p.w.canvas.Focused() == nil && len(p.w.sheets) == 0 {
		p.w.canvas.Focus(p.lead)
	}
}

// openItems are conflicts and deletions that wait for the user.
func (p *inStepPage) openItems(s *view.InStep) []fyne.CanvasObject {
	items := heading("Waits for you")
	if len(s.Clashes)+len(s.Held)+len(s.Match.Apart) == 0 {
		if s.Match.Waits {
			return nil
		}
		return append(items, newCardBox(colSurface, colLine, 12, newRow(8, 1, newGlyph("ok", colAccent, 16), newLabel("Nothing: both sides agree.", sizeBody, colText))))
	}
	for _, c := range s.Clashes {
		items = append(items, p.w.clashCard(c, true, p.smallButton))
	}
	for _, g := range s.Held {
		items = append(items, p.heldCard(g))
	}
	for _, k := range s.Match.Apart {
		items = append(items, newCardBox(colSurface, colWarn, 12, append([]fyne.CanvasObject{
			newRow(6, 1, newGlyph("state-attention", colWarn, 14), newLabel(k.Title, sizeBody, colText).bold()),
		}, p.doubtItems(k)...)...))
	}
	return items
}

func (p *inStepPage) heldCard(g view.HeldGroup) fyne.CanvasObject {
	key := string(g.Side) + string(g.Kind)
	rows := []fyne.CanvasObject{
		newRow(6, 1, newGlyph("state-attention", colWarn, 14), newLabel(g.Title, sizeBody, colText).bold().lines(2)),
		newLabel(g.Text, sizeBody, colText).lines(3),
	}
	for _, n := range g.Names[:min(len(g.Names), shownAtFirst)] {
		rows = append(rows, newRow(8, 1, newGlyph(view.ItemKindSymbol(g.Kind), colMuted, 14), newLabel(n, sizeBody, colMuted)))
	}
	if more := len(g.Names) - shownAtFirst; more > 0 {
		rows = append(rows, newRow(8, -1, newLabel("and "+view.Count(more)+" more", sizeSmall, colMuted).fitting(), p.small("names "+key, "Show all "+view.Count(len(g.Names)), func() { p.w.showHeld(g) })))
	}
	weight := primary
	if p.w.desk.InStep.Match.Waits { // starting is the primary thing then
		weight = plain
	}
	keep := p.button("keep "+key, g.Keep, "", weight, func() { p.w.desk.SettleHeld(g, false) })
	p.leads(keep)
	del := p.button("delete "+key, "Delete "+view.Count(len(g.IDs))+" there, too …", "", plain, func() { p.w.askCarry(g) })
	return newCardBox(colSurface, colWarn, 12, append(rows, space(4), newFlow(8, keep, del))...)
}

// askCarry asks before many deletions are carried over.
func (w *window) askCarry(g view.HeldGroup) {
	what := view.Plural(len(g.IDs), view.ItemNoun(g.Kind))
	where := "in the CRM, for everybody"
	if g.Side == offline.SideRecord {
		where = "in your own " + map[offline.Kind]string{offline.KindAppointment: "calendar", offline.KindTask: "task list", offline.KindContact: "address book"}[g.Kind]
	}
	var s *sheet
	do := func() { s.close(); w.desk.SettleHeld(g, true) }
	keep := newButton(w, "Not now", "", quiet, func() { s.close() })
	del := newButton(w, "Delete "+what, "", risky, do)
	text := newColumn(8, 0, newLabel(what+" will be deleted "+where+". Afterwards you can have them back one by one, on this page.", sizeBody, colText).lines(4))
	s = w.openSheet("Delete "+what+"?", text, fyne.NewSize(460, 170), keep, del)
	s.primary = do
	w.canvas.Focus(keep)
}

// placeItems are the calendars, task lists and address books.
func (p *inStepPage) placeItems(s *view.InStep) []fyne.CanvasObject {
	d := p.w.desk
	items := heading("Calendars, task lists and address books")
	if len(s.Places) == 0 {
		return append(items, newCardBox(colSurface, colLine, 12, newLabel("None are known. Say in config.toml, in [calendar] and [people], where they are; “postrider doctor” finds them from your address.", sizeBody, colMuted).lines(4)))
	}
	var rows []fyne.CanvasObject
	for i, l := range s.Places {
		if i > 0 {
			rows = append(rows, space(6), newLine(), space(6))
		}
		rows = append(rows, newRow(8, 1, newGlyph(l.Symbol, colMuted, 16), newLabel(l.Name, sizeBody, colText).bold().lines(2)), newLabel(l.Note, sizeSmall, colMuted).lines(2))
		if l.Home {
			rows = append(rows, newRow(6, 1, newGlyph("ok", colAccent, 14), newLabel("What comes from the CRM is put here.", sizeSmall, colText)))
		}
		read := p.toggle("read "+l.URL, "Keep it in step", func(on bool) { d.LeavePlace(l, !on) })
		p.leads(read)
		read.set(!l.Off)
		read.fix(!l.Able)
		track := p.toggle("track "+l.URL, "Track everything in it", func(on bool) { p.trackPlace(l, on) })
		track.set(l.Track)
		track.fix(!l.Able || !l.MayTrack)
		buttons := []fyne.CanvasObject{read, track}
		if l.Able && l.MayHome {
			buttons = append(buttons, p.button("home "+l.URL, "Put here what comes from the CRM", "", quiet, func() { d.MakeHome(l) }))
		}
		rows = append(rows, newFlow(8, buttons...))
	}
	return append(items, newCardBox(colSurface, colLine, 12, rows...))
}

// trackPlace asks before it tracks everything in a place.
func (p *inStepPage) trackPlace(l view.PlaceLine, on bool) {
	if !on {
		p.w.desk.TrackPlace(l, false)
		return
	}
	p.w.askTrackPlace(l, func() { p.redraw() })
}

// settledItems are conflicts that a rule has decided.
func (p *inStepPage) settledItems(s *view.InStep) []fyne.CanvasObject {
	if len(s.Settled) == 0 {
		return nil
	}
	items := heading("Changed on both sides, and settled")
	n := min(len(s.Settled), p.settled)
	for _, c := range s.Settled[:n] {
		items = append(items, p.w.clashCard(c, true, p.smallButton))
	}
	if more := len(s.Settled) - n; more > 0 {
		items = append(items, newRow(8, -1, p.small("more settled", "Show "+view.Count(min(more, 20))+" more", func() { p.settled += 20; p.redraw() })))
	}
	return items
}

// goneItems are what was deleted on one side, with the way back.
func (p *inStepPage) goneItems(s *view.InStep) []fyne.CanvasObject {
	items := heading("Deleted")
	if len(s.Gone) == 0 {
		return append(items, newCardBox(colSurface, colLine, 12, newLabel("Nothing that was tracked was deleted.", sizeBody, colMuted)))
	}
	var rows []fyne.CanvasObject
	n := min(len(s.Gone), p.gone)
	for i, g := range s.Gone[:n] {
		if i > 0 {
			rows = append(rows, space(4))
		}
		rows = append(rows, newRow(8, 1, newGlyph(view.ItemKindSymbol(g.Kind), colMuted, 16), newLabel(g.Name, sizeBody, colText).bold(), newLabel(g.When, sizeSmall, colMuted).right(),
			p.small("back "+view.Count(int(g.ID)), "Bring it back", func() { p.w.desk.BringBack(g) })), newRow(8, 1, space24(), newLabel(g.Text, sizeBody, colMuted).lines(3)))
	}
	if more := len(s.Gone) - n; more > 0 {
		rows = append(rows, space(4), newRow(8, -1, p.small("more gone", "Show "+view.Count(min(more, 20))+" more", func() { p.gone += 20; p.redraw() })))
	}
	return append(items, newCardBox(colSurface, colLine, 12, rows...))
}

// space24 is as wide as a symbol and what stands between it and a text.
func space24() fyne.CanvasObject {
	b := newBox("", "", 0)
	b.min = func() fyne.Size { return fyne.NewSize(16, 1) }
	return b
}
