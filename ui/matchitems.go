package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// matchItems are what the first contact would come to, kind by kind, with the
// doubts that the user can settle, and the button that begins it.
func (p *inStepPage) matchItems(s *view.InStep) []fyne.CanvasObject {
	m := s.Match
	if m.Failed != "" {
		return append(heading("Before the first time"), newCardBox(colSurface, colLine, 12, newLabel(m.Failed, sizeBody, colWarn).lines(4)))
	}
	if !m.Waits {
		return nil
	}
	d := p.w.desk
	rows := []fyne.CanvasObject{newLabel("Your calendars and people and the CRM meet for the first time. Nothing is made or linked on either side until you start. This is what would happen:", sizeBody, colText).lines(4)}
	for _, k := range m.Kinds {
		if rows = append(rows, space(4)); k.Unread {
			rows = append(rows, newLabel(k.Title, sizeBody, colText).bold())
		} else {
			on := p.toggle("match "+string(k.Kind), k.Title, func(on bool) { d.ChooseKind(k.Kind, on) })
			on.set(k.On)
			p.leads(on)
			rows = append(rows, on)
		}
		for _, l := range k.Lines {
			rows = append(rows, newRow(0, 1, space32(), newLabel(l, sizeBody, colText).lines(2)))
		}
		if n := len(k.Pairs); n > 0 {
			rows = append(rows, newRow(0, 1, space32(), newFlow(8, p.small("pairs "+string(k.Kind), "Show what is on both sides", func() {
				p.w.showNames(k.Title+" on both sides", k.Pairs, view.ItemKindSymbol(k.Kind))
			}))))
		}
		rows = append(rows, p.doubtItems(k)...)
	}
	start := p.button("start match", m.Start, "", primary, d.StartMatch)
	show(start, m.Start != "")
	rows = append(rows, space(4), newFlow(8, start))
	return append(heading("Before the first time"), newCardBox(colSurface, colInfo, 12, rows...))
}

// doubtsShown is how many doubts of a kind are listed on the page.
const doubtsShown = 6

func (p *inStepPage) doubtItems(k view.MatchKind) []fyne.CanvasObject {
	if len(k.Doubts) == 0 {
		return nil
	}
	text := view.Plural(len(k.Doubts), view.ItemNoun(k.Kind)) + " may be on both sides. Say which, or leave it: then nothing becomes of them."
	rows := []fyne.CanvasObject{newRow(0, 1, space32(), newLabel(text, sizeBody, colWarn).lines(3))}
	unsaid := 0
	for _, d := range k.Doubts {
		if !d.Said {
			unsaid++
		}
	}
	for _, d := range k.Doubts[:min(len(k.Doubts), doubtsShown)] {
		name := d.Name
		if d.Sub != "" {
			name += " · " + d.Sub
		}
		ink := colMuted
		if d.Said {
			ink = colAccent
		}
		rows = append(rows, newRow(0, 1, space32(), newColumn(0, 0,
			newRow(8, 0, newLabel(name, sizeBody, colText).bold(), p.small("pair "+view.Count(int(d.Item)), "Choose …", func() { p.w.choosePair(d, k.Kind) })),
			newLabel(d.Answer, sizeSmall, ink).lines(2))))
	}
	if more := len(k.Doubts) - doubtsShown; more > 0 {
		rows = append(rows, newRow(0, 1, space32(), newFlow(8, p.small("doubts "+string(k.Kind), "All "+view.Count(len(k.Doubts))+", "+view.Count(unsaid)+" of them not said …", func() { p.w.chooseDoubt(k) }))))
	}
	return rows
}

// chooseDoubt lists all doubts of a kind.
func (w *window) chooseDoubt(k view.MatchKind) {
	all := k.Doubts
	shown := all
	l := &listSheet{}
	l.count = func() int { return len(shown) }
	l.show = func(i int, r *choiceRow, chosen bool) {
		d, group := shown[i], ""
		if d.Said {
			group = "said"
		}
		r.setText(view.ItemKindSymbol(k.Kind), d.Name, d.Answer, group, chosen)
	}
	l.take = func(i int) {
		d := shown[i]
		l.sheet.close()
		w.choosePair(d, k.Kind)
	}
	l.typed = func(text string) {
		shown = nil
		for _, d := range all {
			if len(view.Containing([]string{d.Name + " " + d.Sub}, text)) > 0 {
				shown = append(shown, d)
			}
		}
		l.redraw()
	}
	l.note = func() (string, string) { return "None of these.", "" }
	w.openList(l, "Which of these is on both sides?", "Find by name", "Choose", fyne.NewSize(580, 500), nil)
}

// choosePair asks which record an item is.
func (w *window) choosePair(d view.Doubt, kind offline.Kind) {
	shown := d.Choices
	l := &listSheet{}
	l.count = func() int { return len(shown) + 1 }
	l.show = func(i int, r *choiceRow, chosen bool) {
		if i == len(shown) {
			r.setText("close", "None of them", "They are different things", "", chosen)
			return
		}
		c, group := shown[i], ""
		if d.Said && c.Ref == d.Picked {
			group = "chosen"
		}
		sub := c.Title
		if c.Parent != "" {
			sub += " · " + c.Parent
		}
		r.setText(view.ItemKindSymbol(kind), c.Name, sub, group, chosen)
	}
	l.take = func(i int) {
		l.sheet.close()
		if i == len(shown) {
			w.desk.PickPair(d, nil)
			return
		}
		w.desk.PickPair(d, &shown[i])
	}
	l.typed = func(text string) {
		shown = nil
		for _, c := range d.Choices {
			if len(view.Containing([]string{c.Name + " " + c.Title + " " + c.Parent}, text)) > 0 {
				shown = append(shown, c)
			}
		}
		l.redraw()
	}
	l.note = func() (string, string) { return "", "These are records of the CRM." }
	w.openList(l, "Which one is “"+view.OneLine(d.Name, 80)+"”?", "Find by name", "It is this one", fyne.NewSize(560, 440), nil)
}

// askTrackPlace shows what tracking everything in a calendar or address book would
// send to the CRM, and asks.
func (w *window) askTrackPlace(l view.PlaceLine, closed func()) {
	var s *sheet
	var p *view.PlacePreview
	c := newColumn(6, 0)
	do := func() {
		if p.Asking || p.Failed != "" {
			return
		}
		s.close()
		w.desk.TrackPlace(l, true)
	}
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	ok := newButton(w, "Track everything in it", "", primary, do)
	redraw := func() {
		items := []fyne.CanvasObject{newLabel("Colleagues will see it in the CRM. What is private stays yours.", sizeBody, colText).lines(3)}
		switch {
		case p.Asking:
			items = append(items, newLabel("Looking at what is in it …", sizeBody, colMuted))
		case p.Failed != "":
			items = append(items, newLabel(p.Failed, sizeBody, colWarn).lines(4))
		default:
			items = append(items, newLabel(p.Text, sizeBody, colText).lines(4))
		}
		for _, n := range p.Names[:min(len(p.Names), shownAtFirst)] {
			items = append(items, newRow(8, 1, newGlyph(l.Symbol, colMuted, 14), newLabel(n, sizeBody, colMuted)))
		}
		if more := len(p.Names) - shownAtFirst; more > 0 {
			items = append(items, newLabel("and "+view.Count(more)+" more", sizeSmall, colMuted))
		}
		c.setItems(items...)
		c.changed()
		ok.off = p.Asking || p.Failed != ""
		ok.changed()
	}
	p = w.desk.NewPlacePreview(l, redraw)
	s = w.openSheet("Track everything in “"+view.OneLine(l.Name, 60)+"”?", c, fyne.NewSize(500, 320), cancel, ok)
	s.primary = do
	s.closed = func() { p.Close(); closed() }
	w.canvas.Focus(ok)
	redraw()
}
