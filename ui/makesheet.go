package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// makeSheet asks for the fields of a record that is made from a message.
type makeSheet struct {
	w       *window
	model   *view.Making
	sheet   *sheet
	column  *column
	pane    *pane
	entries map[string]*entry // by word; they keep what was typed and the focus
	parent  *button
	none    *button
	take    *toggle
	tried   bool // it was said what is missing
}

// make asks for what is needed to make a record of a kind from the chosen message.
func (w *window) make(kind offline.Kind) {
	keys := w.desk.Reader.Preview.Keys
	if len(keys) != 1 || len(w.sheets) > 0 {
		return
	}
	s := &makeSheet{w: w, column: newColumn(8, 0).leave(10), entries: map[string]*entry{}}
	s.pane = newPane(s.column)
	s.parent = newButton(w, "Choose …", "account", plain, s.chooseParent)
	s.parent.small = true
	s.none = newButton(w, "None", "", quiet, func() { s.model.SetParent(nil); w.canvas.Focus(s.parent) })
	s.none.small = true
	s.take = newToggle(w, "", func(on bool) { s.model.SetTakeIt(on) })
	s.model = w.desk.NewMaking(keys[0], kind, s.redraw)
	cancel := newButton(w, "Cancel", "", quiet, func() { s.sheet.close() })
	ok := newButton(w, s.model.Verb, "", primary, s.do)
	s.sheet = w.openSheet(s.model.Title, s.pane, fyne.NewSize(560, sheetHeight(kind)), cancel, ok)
	s.sheet.primary, s.sheet.closed = s.do, s.model.Close
	w.canvas.Focus(ok)
	s.redraw()
}

// sheetHeight is enough for the fields of a kind, where the window has the room.
func sheetHeight(kind offline.Kind) float32 {
	switch kind {
	case offline.KindContact:
		return 620
	case offline.KindLead:
		return 660
	}
	return 400
}

// makeMenu offers what can be made from the chosen message.
func (w *window) makeMenu(at fyne.Position) {
	if offers := w.makeChoices(); len(offers) > 0 {
		w.openMenu(at, offers...)
		return
	}
	if len(w.desk.Reader.Preview.Keys) > 1 {
		w.desk.Deeds.Say("A record is made from one message. Choose one.")
	}
}

func (w *window) makeChoices() []choice {
	var items []choice
	for _, o := range w.desk.Makes() {
		items = append(items, choice{text: o.Text, icon: o.Symbol, act: func() { w.make(o.Kind) }})
	}
	return items
}

func (s *makeSheet) redraw() {
	if s.sheet == nil {
		return
	}
	m := s.model
	var items []fyne.CanvasObject
	switch {
	case m.Failed != "":
		items = []fyne.CanvasObject{newLabel(m.Failed, sizeBody, colWarn).lines(4)}
	case !m.Ready:
		items = []fyne.CanvasObject{newLabel("Filling in what is known …", sizeBody, colMuted)}
	default:
		items = s.fields()
	}
	first := len(s.column.items) < 2 && m.Ready
	s.column.setItems(items...)
	s.pane.update(false)
	s.note()
	if first {
		s.focusFirst()
	}
}

// note says what is missing, once that was tried, and otherwise what will happen.
func (s *makeSheet) note() {
	text, ink := s.model.Outcome, colMuted
	if s.tried {
		if wrong, _ := s.model.Wrong(); wrong != "" {
			text, ink = wrong, colWarn
		}
	}
	s.sheet.body.note.set(text, ink)
}

// focusFirst begins where something is missing, or in the first field.
func (s *makeSheet) focusFirst() {
	if s.model.There != nil {
		s.w.canvas.Focus(s.take)
		return
	}
	shown := s.model.Shown()
	_, word := s.model.Wrong()
	if word == "" && len(shown) > 0 {
		word = shown[0].Word
	}
	if e := s.entries[word]; e != nil {
		s.w.canvas.Focus(e)
	}
}

// beside are the fields that share a line with the next one.
var beside = []string{"first", "title", "email", "phone", "mobile", "street", "city"}

func (s *makeSheet) fields() []fyne.CanvasObject {
	m := s.model
	var items []fyne.CanvasObject
	for _, c := range m.Concerns {
		items = append(items, newRow(8, 1, newGlyph("info", colInfo, 16), newLabel(c, sizeBody, colText).lines(2)))
	}
	if m.There != nil {
		s.take.text = "Take " + view.OneLine(m.There.Name, 60) + ", and make no other"
		s.take.set(m.TakeIt)
		items = append(items, s.take)
	}
	shown := m.Shown()
	for i := 0; i < len(shown); i++ {
		f := shown[i]
		if slices.Contains(beside, f.Word) && i+1 < len(shown) && !shown[i+1].Many {
			items = append(items, newPair(12, s.field(f), s.field(shown[i+1])))
			i++
			continue
		}
		items = append(items, s.field(f))
	}
	if !m.TakeIt {
		items = slices.Insert(items, len(items)-1, s.parentField())
	}
	return items
}

// field is a field with its name above it.
func (s *makeSheet) field(f view.MakeField) fyne.CanvasObject {
	e := s.entries[f.Word]
	if e == nil {
		e = newSheetEntry(s.pane, f.Value, f.Many, func() { s.sheet.close() }, s.do)
		e.OnChanged = func(text string) { s.model.Set(f.Word, text); s.note() }
		if f.Many {
			e.SetMinRowsVisible(4)
		}
		s.entries[f.Word] = e
	}
	label := f.Label
	if f.Must {
		label += " (needed)"
	}
	return newColumn(2, 0, newLabel(label, sizeSmall, colMuted), e)
}

// parentField says to whom the record belongs.
func (s *makeSheet) parentField() fyne.CanvasObject {
	m := s.model
	name, ink := "none", colMuted
	s.parent.set("Choose …", "account", plain)
	if m.Parent != nil {
		name, ink = m.Parent.Name, colText
		s.parent.set("Change …", "account", plain)
	}
	show(s.none, m.Parent != nil)
	label := m.Belongs
	if m.Kind == offline.KindCase {
		label += " (needed)"
	}
	return newColumn(2, 0, newLabel(label, sizeSmall, colMuted), newRow(8, 0, newLabel(name, sizeBody, ink), s.none, s.parent))
}

func (s *makeSheet) chooseParent() {
	hint, title := "Search accounts and people", "Whom is it for?"
	if s.model.Kind == offline.KindContact {
		hint, title = "Search accounts", "Which account is it of?"
	}
	s.w.chooseRecord(recordAsk{title: title, verb: "Choose", keys: s.w.desk.Reader.Preview.Keys, kinds: s.model.Kinds, hint: hint, took: func(c view.Card) { s.model.SetParent(&c) }})
}

// do makes it, or says what is missing and goes there.
func (s *makeSheet) do() {
	wrong, word := s.model.Wrong()
	if wrong == "" {
		s.sheet.close()
		s.model.Make()
		return
	}
	s.tried = true
	s.note()
	switch e := s.entries[word]; {
	case e != nil:
		s.w.canvas.Focus(e)
	case s.model.Ready:
		s.w.canvas.Focus(s.parent)
	}
}

// pair is two things beside one another, each half as wide.
type pair struct {
	leaf
	a, b fyne.CanvasObject
}

func newPair(gap float32, a, b fyne.CanvasObject) *pair {
	p := &pair{a: a, b: b}
	p.objects = []fyne.CanvasObject{a, b}
	p.place = func(s fyne.Size) {
		half := max(0, (s.Width-gap)/2)
		a.Resize(fyne.NewSize(half, s.Height))
		b.Move(fyne.NewPos(half+gap, 0))
		b.Resize(fyne.NewSize(half, s.Height))
	}
	p.min = func() fyne.Size {
		m, n := a.MinSize(), b.MinSize()
		return fyne.NewSize(m.Width+gap+n.Width, max(m.Height, n.Height))
	}
	p.ExtendBaseWidget(p)
	return p
}
