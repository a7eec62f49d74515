package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// clashCard shows a field that both sides changed: what it was, yours, the CRM's,
// and a button for each side that can be taken. named says whether it says of what.
func (w *window) clashCard(c view.ClashLine, named bool, button func(name, text string, act func()) *button) fyne.CanvasObject {
	title := c.Field + " was changed on both sides"
	if named {
		title = c.Name + " · " + c.Field
	}
	ink, sign := colWarn, "state-attention"
	if c.Winner != "" {
		ink, sign = colMuted, "ok"
	}
	rows := []fyne.CanvasObject{newRow(6, 1, newGlyph(sign, ink, 14), newLabel(title, sizeBody, colText).bold().lines(2), newLabel(c.When, sizeSmall, colMuted).right())}
	for _, v := range []struct {
		name, text string
		side       offline.Side
	}{{"Before", c.Base, ""}, {"Yours", c.Mine, offline.SideItem}, {"In the CRM", c.Theirs, offline.SideRecord}} {
		text, ink := v.text, colText
		if text == "" {
			text, ink = "(empty)", colMuted
		}
		name := v.name
		if v.side != "" && v.side == c.Winner {
			name += ", holds now"
		}
		rows = append(rows, newColumn(1, 0, newLabel(name, sizeSmall, colMuted), newLabel(text, sizeBody, ink).lines(6)))
	}
	var buttons []fyne.CanvasObject
	for _, side := range []offline.Side{offline.SideItem, offline.SideRecord} {
		text := "Take mine"
		if side == offline.SideRecord {
			text = "Take the CRM's"
		}
		if side == c.Winner {
			continue
		}
		if c.Winner != "" {
			text += " after all"
		}
		buttons = append(buttons, button("clash "+string(side)+view.Count(int(c.ID)), text, func() { w.desk.Resolve(c, side) }))
	}
	edge := colLine
	if c.Winner == "" {
		edge = colWarn
	}
	return newCardBox(colSurface, edge, 12, append(rows, space(2), newFlow(8, buttons...))...)
}

// showHeld lists what vanished.
func (w *window) showHeld(g view.HeldGroup) {
	w.showNames(g.Title, g.Names, view.ItemKindSymbol(g.Kind))
}

// showNames lists names, and finds in them.
func (w *window) showNames(title string, all []string, symbol string) {
	names := all
	l := &listSheet{}
	l.count = func() int { return len(names) }
	l.show = func(i int, r *choiceRow, chosen bool) { r.setText(symbol, names[i], "", "", chosen) }
	l.take = func(int) { l.sheet.close() }
	l.typed = func(text string) {
		names = view.Containing(all, text)
		l.redraw()
	}
	l.note = func() (string, string) { return "None of these.", "" }
	w.openList(l, title, "Find by name", "Close", fyne.NewSize(540, 480), nil)
}

// showDirections lists which way the fields of a kind go.
func (w *window) showDirections(kind offline.Kind) {
	all := view.Directions(kind)
	c := newColumn(2, 0).leave(12)
	items := []fyne.CanvasObject{newLabel("These are the standard ways of the CRM, by which Postrider goes.", sizeBody, colMuted).lines(3), space(6)}
	for _, l := range all {
		way := l.Way
		if l.Fixed {
			way += ", fixed"
		}
		items = append(items, newRow(12, 0, newLabel(l.Name, sizeBody, colText), newLabel(way, sizeSmall, colMuted).right()))
	}
	c.setItems(items...)
	var s *sheet
	done := newButton(w, "Close", "", primary, func() { s.close() })
	s = w.openSheet("Fields of "+view.ItemNoun(kind)+"s, and which way they go", newPane(c), fyne.NewSize(520, 560), done)
	s.primary = s.close
	w.canvas.Focus(done)
}
