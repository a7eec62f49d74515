package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// ruleItems are the filters, and which way fields go.
func (p *inStepPage) ruleItems(s *view.InStep) []fyne.CanvasObject {
	d := p.w.desk
	items := heading("What comes down from the CRM")
	rows := []fyne.CanvasObject{newLabel("Filters, which the CRM keeps, say so; a record comes when one of them lets it in.", sizeBody, colMuted).lines(3)}
	for _, g := range s.Filters {
		rows = append(rows, space(4), newRow(8, 1, newGlyph(view.ItemKindSymbol(g.Kind), colMuted, 16), newLabel(g.Title, sizeBody, colText).bold().lines(2),
			p.small("fields "+string(g.Kind), "Fields …", func() { p.w.showDirections(g.Kind) })))
		for _, l := range g.Lines {
			rows = append(rows, p.filterRows(l)...)
		}
		if len(g.Lines) == 0 {
			rows = append(rows, newRow(8, 1, space32(), newLabel("No filter: none of them come.", sizeBody, colMuted)))
		}
	}
	if d.ChangesFilters() {
		fresh := p.button("new filter", "New filter …", "", plain, nil)
		fresh.act = func() { p.w.chooseFilterKind(fresh) }
		reset := p.button("reset filters", "Back to the default filters …", "", quiet, func() {
			p.w.askFilter("Bring back the default filters?", "Bring them back", "Your own filters are deleted, and those that the organization gives to new users take their place.", offline.FilterChange{Do: offline.FilterReset}, fresh, nil)
		})
		rows = append(rows, space(6), newFlow(8, fresh, reset))
	}
	return append(items, newCardBox(colSurface, colLine, 12, rows...))
}

// filterRows are a filter, and what it asks.
func (p *inStepPage) filterRows(l view.SyncFilterLine) (rows []fyne.CanvasObject) {
	ink := colText
	if !l.On {
		ink = colMuted
	}
	row := []fyne.CanvasObject{space32(), newLabel(l.Name, sizeBody, ink).lines(2), newLabel(l.Note, sizeSmall, colMuted).right()}
	if l.Able {
		b := p.small("filter "+l.Filter.ID, "Change …", nil)
		b.act = func() { p.w.filterMenu(b, l) }
		row = append(row, b)
	}
	rows = append(rows, newRow(8, 1, row...))
	if l.Text != "" {
		rows = append(rows, newRow(8, 1, space32(), newLabel(l.Text, sizeSmall, colMuted).lines(2)))
	}
	return rows
}

// preferItems is the choice of the side that holds.
func (p *inStepPage) preferItems(s *view.InStep) []fyne.CanvasObject {
	if !p.w.desk.ChangesFilters() {
		return nil
	}
	rows := []fyne.CanvasObject{newLabel("What loses is kept on this page, and can be taken after all.", sizeBody, colMuted).lines(3)}
	for _, x := range view.Prefers {
		t := p.toggle("prefer "+string(x.Value), x.Text, func(bool) { p.w.desk.SetPrefer(x.Value); p.redraw() })
		t.one = true
		t.set(x.Value == s.Prefer)
		rows = append(rows, t)
	}
	return append(heading("When both sides changed the same field"), newCardBox(colSurface, colLine, 12, rows...))
}

// filterMenu is what can be done about one of the user's filters.
func (w *window) filterMenu(b *button, l view.SyncFilterLine) {
	fresh := w.inStep.buttons["new filter"] // is there where b is gone
	ask := func(title, verb, text string, do offline.FilterAction, back *button) func() {
		return func() {
			w.askFilter(title+" “"+view.OneLine(l.Name, 60)+"”?", verb, text, offline.FilterChange{Do: do, Filter: l.Filter}, back, nil)
		}
	}
	turn := choice{text: "Switch off …", icon: "pause", act: ask("Switch off", "Switch it off", "", offline.FilterOff, b)}
	if !l.On {
		turn = choice{text: "Switch on …", icon: "play", act: ask("Switch on", "Switch it on", "", offline.FilterOn, b)}
	}
	w.openMenu(w.below(b), turn,
		choice{text: "Change …", icon: "write", act: func() { w.openFilterForm(w.desk.EditFilter(l.Filter, false), b) }},
		choice{text: "Make a copy …", icon: "copy", act: func() { w.openFilterForm(w.desk.EditFilter(l.Filter, true), b) }},
		choice{text: "Delete …", icon: "trash", act: ask("Delete", "Delete it", "It is deleted in the CRM. What it let in stays there.", offline.FilterDelete, fresh)})
}

// chooseFilterKind asks what a new filter is for.
func (w *window) chooseFilterKind(b *button) {
	var items []choice
	for _, k := range view.FilterKinds {
		kind, _ := offline.ItemKind(k)
		items = append(items, choice{text: "For " + view.FilterNoun(k), icon: view.ItemKindSymbol(kind), act: func() { w.openFilterForm(w.desk.NewFilter(k), b) }})
	}
	w.openMenu(w.below(b), items...)
}

// askFilter shows what a change of the filters comes to, and asks; made is called
// once the user has said yes. Afterwards the focus goes to back.
func (w *window) askFilter(title, verb, text string, change offline.FilterChange, back fyne.Focusable, made func()) {
	var s *sheet
	var p *view.FilterPreview
	c := newColumn(6, 0)
	pane := newPane(c)
	do := func() {
		if p.Asking || p.Failed != "" {
			return
		}
		s.close()
		if made != nil {
			made()
		}
		w.desk.ChangeFilter(change)
	}
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	ok := newButton(w, verb, "", primary, do)
	redraw := func() {
		var items []fyne.CanvasObject
		if text != "" {
			items = append(items, newLabel(text, sizeBody, colText).lines(4))
		}
		switch {
		case p.Asking:
			items = append(items, newLabel("Asking the CRM what that comes to …", sizeBody, colMuted))
		case p.Failed != "":
			items = append(items, newLabel(p.Failed, sizeBody, colWarn).lines(6))
		}
		for _, l := range p.Lines {
			items = append(items, newLabel(l, sizeBody, colText).lines(3))
		}
		kind, _ := offline.ItemKind(change.Filter.Kind)
		for _, n := range p.Names[:min(len(p.Names), shownAtFirst)] {
			items = append(items, newRow(8, 1, newGlyph(view.ItemKindSymbol(kind), colMuted, 14), newLabel(n, sizeBody, colMuted)))
		}
		if more := len(p.Names) - shownAtFirst; more > 0 {
			items = append(items, newLabel("and "+view.Count(more)+" more", sizeSmall, colMuted))
		}
		c.setItems(items...)
		pane.update(false)
		ok.off = p.Asking || p.Failed != ""
		ok.changed()
	}
	p = w.desk.NewFilterPreview(change, redraw)
	s = w.openSheet(title, pane, fyne.NewSize(520, 340), cancel, ok)
	s.primary = do
	s.closed = func() { p.Close(); w.canvas.Focus(back) }
	w.canvas.Focus(ok)
	redraw()
}
