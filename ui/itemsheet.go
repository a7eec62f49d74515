package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// itemSheet asks for the fields of a new item, or shows those of one to be changed.
type itemSheet struct {
	w       *window
	form    *view.ItemForm
	sheet   *sheet
	column  *column
	pane    *pane
	entries map[string]*entry  // by word; they keep what was typed and the focus
	picks   map[string]*button // of choices
	place   *button
	allDay  *toggle
	tried   bool // it was said what is wrong
}

// openItemForm shows a form; nil: there is none, which is said.
func (w *window) openItemForm(f *view.ItemForm) {
	if f == nil || len(w.sheets) > 0 {
		return
	}
	s := &itemSheet{w: w, form: f, column: newColumn(8, 0).leave(10), entries: map[string]*entry{}, picks: map[string]*button{}}
	s.pane = newPane(s.column)
	s.place = newButton(w, "", "folder", plain, s.choosePlace)
	s.place.left, s.place.trailer.name = true, "down"
	s.allDay = newToggle(w, "It takes whole days", func(on bool) { f.AllDay = on; s.redraw() })
	cancel := newButton(w, "Cancel", "", quiet, func() { s.sheet.close() })
	ok := newButton(w, f.Verb, "", primary, s.do)
	high := float32(560)
	if len(f.Fields) > 10 {
		high = 660
	}
	s.sheet = w.openSheet(f.Title, s.pane, fyne.NewSize(560, high), cancel, ok)
	s.sheet.primary = s.do
	s.redraw()
	if e := s.entries[f.Fields[0].Word]; e != nil {
		w.canvas.Focus(e)
	}
}

func (s *itemSheet) redraw() {
	f := s.form
	var items []fyne.CanvasObject
	shown := f.Shown()
	for i := 0; i < len(shown); i++ {
		x := shown[i]
		if x.Half && i+1 < len(shown) {
			items = append(items, newPair(12, s.field(x), s.field(shown[i+1])))
			i++
			continue
		}
		items = append(items, s.field(x))
		if i == 0 {
			items = append(items, s.placeField()...)
		}
	}
	s.column.setItems(items...)
	s.pane.update(false)
	s.note()
}

// placeField says where a new item is put, and whether an appointment takes whole days.
func (s *itemSheet) placeField() (items []fyne.CanvasObject) {
	f := s.form
	if f.New && len(f.Places) > 1 {
		s.place.set(view.OneLine(f.Places[f.Place].Name, 40), "folder", plain)
		items = append(items, newColumn(2, 0, newLabel("Kept in", sizeSmall, colMuted), newRow(8, -1, s.place)))
	}
	if f.Timed && f.Value("day") != "" {
		s.allDay.set(f.AllDay)
		items = append(items, s.allDay)
	}
	return items
}

// field is a field with its name above it.
func (s *itemSheet) field(x view.FormField) fyne.CanvasObject {
	label := x.Label
	if x.Must {
		label += " (needed)"
	}
	above := newLabel(label, sizeSmall, colMuted)
	if len(x.Choices) > 0 {
		return newColumn(2, 0, above, newRow(8, -1, s.pick(x)))
	}
	e := s.entries[x.Word]
	if e == nil {
		e = s.newField(x)
	}
	return newColumn(2, 0, above, e)
}

func (s *itemSheet) newField(x view.FormField) *entry {
	e := newSheetEntry(s.pane, s.form.Value(x.Word), x.Many, func() { s.sheet.close() }, s.do)
	e.SetPlaceHolder(x.Hint)
	e.OnChanged = func(text string) { s.form.Set(x.Word, text); s.note() }
	if x.Many {
		e.SetMinRowsVisible(5)
	}
	s.entries[x.Word] = e
	return e
}

// pick is a button that shows what is chosen, and offers the others.
func (s *itemSheet) pick(x view.FormField) *button {
	b := s.picks[x.Word]
	if b == nil {
		b = newButton(s.w, "", "", plain, nil)
		b.left, b.trailer.name = true, "down"
		b.onFocus = func() { s.pane.reveal(b) }
		s.picks[x.Word] = b
	}
	b.set(s.form.ChoiceText(x), "", plain)
	b.act = func() {
		var items []choice
		for _, c := range x.Choices {
			items = append(items, choice{text: c.Text, icon: "dot-off", on: c.Value == s.form.Value(x.Word), act: func() {
				s.form.Set(x.Word, c.Value)
				s.redraw()
				s.w.canvas.Focus(b)
			}})
		}
		s.w.openMenu(s.w.below(b), items...)
	}
	return b
}

func (s *itemSheet) choosePlace() {
	var items []choice
	for i, c := range s.form.Places {
		items = append(items, choice{text: view.OneLine(c.Name, 80), icon: "folder", on: i == s.form.Place, act: func() {
			s.form.Place = i
			s.redraw()
			s.w.canvas.Focus(s.place)
		}})
	}
	s.w.openMenu(s.w.below(s.place), items...)
}

// note says what is wrong, once that was tried, and otherwise what will happen.
func (s *itemSheet) note() {
	text, ink := s.form.Note, colMuted
	if s.tried {
		if wrong, _ := s.form.Wrong(); wrong != "" {
			text, ink = wrong, colWarn
		}
	}
	s.sheet.body.note.set(text, ink)
}

// do keeps what is in the form, or says what is wrong and goes there.
func (s *itemSheet) do() {
	wrong, word := s.form.Wrong()
	switch {
	case wrong != "":
		s.tried = true
		s.note()
		if e := s.entries[word]; e != nil {
			s.w.canvas.Focus(e)
		}
		return
	case s.form.Changed():
		s.form.Keep()
	}
	s.sheet.close()
}
