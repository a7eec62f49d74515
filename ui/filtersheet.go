package ui

import (
	"fmt"

	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// filterSheet asks what a filter is called and what it lets in.
type filterSheet struct {
	w      *window
	form   *view.FilterForm
	sheet  *sheet
	column *column
	pane   *pane
	name   *entry
	rows   []*filterRow
	all    *toggle
	any    *toggle
	add    *button
	wrong  string
}

// filterRow is one condition; it keeps the focus while it changes.
type filterRow struct {
	word, op, remove *button
	value            *entry
}

// openFilterForm shows the form of a filter; nil: there is none. Afterwards the focus
// goes to back.
func (w *window) openFilterForm(f *view.FilterForm, back fyne.Focusable) {
	if f == nil || len(w.sheets) > 0 {
		return
	}
	s := &filterSheet{w: w, form: f, column: newColumn(8, 0).leave(10)}
	s.pane = newPane(s.column)
	s.name = s.field(f.Name, "What the filter is called", func(text string) { f.Name = text })
	s.all = newToggle(w, "All of these hold", func(bool) { f.Any = false; s.redraw() })
	s.any = newToggle(w, "One of these is enough", func(bool) { f.Any = true; s.redraw() })
	s.all.one, s.any.one = true, true
	s.add = newButton(w, "Add a condition", "", plain, func() {
		f.Add()
		s.redraw()
		w.canvas.Focus(s.rows[len(s.rows)-1].word)
	})
	for _, c := range []*toggle{s.all, s.any} {
		c.onFocus = func() { s.pane.reveal(c) }
	}
	s.add.onFocus = func() { s.pane.reveal(s.add) }
	cancel := newButton(w, "Cancel", "", quiet, func() { s.sheet.close() })
	ok := newButton(w, "Look at what it lets in …", "", primary, s.do)
	s.sheet = w.openSheet(f.Title, s.pane, fyne.NewSize(600, 520), cancel, ok)
	s.sheet.primary = s.do
	s.sheet.closed = func() { w.canvas.Focus(back) }
	s.redraw()
	w.canvas.Focus(s.name)
}

func (s *filterSheet) field(text, hint string, typed func(string)) *entry {
	e := newSheetEntry(s.pane, text, false, func() { s.sheet.close() }, s.do)
	e.SetPlaceHolder(hint)
	e.OnChanged = func(text string) { typed(text); s.said("") }
	return e
}

func (s *filterSheet) said(wrong string) {
	if s.wrong = wrong; s.sheet != nil {
		s.sheet.body.note.set(wrong, colWarn)
	}
}

func (s *filterSheet) redraw() {
	f := s.form
	items := []fyne.CanvasObject{newColumn(2, 0, newLabel("Name (needed)", sizeSmall, colMuted), s.name)}
	if f.Whole {
		items = append(items, space(4), newLabel("This filter asks for more than can be shown here. What it asks is changed in the CRM, in the personal options; its name, and whether it is on, here.", sizeBody, colMuted).lines(4))
		s.show(items)
		return
	}
	items = append(items, space(4), newLabel("It lets in "+view.FilterNoun(f.Kind())+" of the CRM that fit:", sizeBody, colText).lines(2))
	for len(s.rows) < len(f.Rows) {
		s.rows = append(s.rows, s.newRow(len(s.rows)))
	}
	s.rows = s.rows[:len(f.Rows)]
	for i, r := range s.rows {
		items = append(items, s.rowOf(i, r))
	}
	if len(f.Rows) == 0 {
		items = append(items, newLabel("There is no condition: it lets in all that you may see.", sizeBody, colWarn).lines(2))
	}
	items = append(items, newFlow(8, s.add))
	if len(f.Rows) > 1 {
		s.all.set(!f.Any)
		s.any.set(f.Any)
		items = append(items, newFlow(8, s.all, s.any))
	}
	s.show(items)
}

func (s *filterSheet) show(items []fyne.CanvasObject) {
	s.column.setItems(items...)
	s.pane.update(false)
}

// newRow makes the controls of a condition.
func (s *filterSheet) newRow(i int) *filterRow {
	r := &filterRow{}
	r.word = s.pick(func(b *button) { s.chooseWord(i, b) })
	r.op = s.pick(func(b *button) { s.chooseOp(i, b) })
	r.remove = newButton(s.w, "", "close", quiet, func() { s.take(i) })
	r.remove.hint, r.remove.hints = fmt.Sprintf("Take condition %d out", i+1), s.w.hints
	r.remove.onFocus = func() { s.pane.reveal(r.remove) }
	r.value = s.field("", "", func(text string) { s.form.Rows[i].Value = text })
	return r
}

func (s *filterSheet) pick(open func(*button)) *button {
	b := newButton(s.w, "", "", plain, nil)
	b.left, b.trailer.name = true, "down"
	b.act = func() { open(b) }
	b.onFocus = func() { s.pane.reveal(b) }
	return b
}

// rowOf shows a condition: what it is about, how it compares, and with what.
func (s *filterSheet) rowOf(i int, r *filterRow) fyne.CanvasObject {
	x, kind := s.form.Rows[i], s.form.Kind()
	r.word.set(view.FilterWordText(kind, x.Word), "", plain)
	r.op.set(view.FilterOpText(kind, x.Op), "", plain)
	if r.value.Text != x.Value {
		r.value.SetText(x.Value)
	}
	if !x.Valued() {
		return newRow(6, -1, r.word, r.op, r.remove)
	}
	return newColumn(4, 0, newRow(6, -1, r.word, r.op, r.remove), newRow(6, 1, space32(), r.value))
}

func (s *filterSheet) chooseWord(i int, b *button) {
	var items []choice
	for _, w := range s.form.Words() {
		items = append(items, choice{text: view.FilterWordText(s.form.Kind(), w.Word), icon: "dot-off", on: w.Word == s.form.Rows[i].Word, act: func() {
			s.form.SetWord(i, w.Word)
			s.changed(b)
		}})
	}
	s.w.openMenu(s.w.below(b), items...)
}

func (s *filterSheet) chooseOp(i int, b *button) {
	var items []choice
	x := &s.form.Rows[i]
	for _, op := range s.form.Ops(x.Word) {
		items = append(items, choice{text: view.FilterOpText(s.form.Kind(), op), icon: "dot-off", on: op == x.Op, act: func() {
			s.form.Rows[i].Op = op
			s.changed(b)
		}})
	}
	s.w.openMenu(s.w.below(b), items...)
}

func (s *filterSheet) changed(b *button) {
	s.said("")
	s.redraw()
	s.w.canvas.Focus(b)
}

func (s *filterSheet) take(i int) {
	s.form.Remove(i)
	s.said("")
	s.redraw()
	if n := len(s.rows); n > 0 {
		s.w.canvas.Focus(s.rows[min(i, n-1)].remove)
		return
	}
	s.w.canvas.Focus(s.add)
}

// do shows what the filter comes to, or says what is wrong and goes there.
func (s *filterSheet) do() {
	change, row, wrong := s.form.Change()
	if wrong != "" {
		s.said(wrong)
		switch {
		case row >= 0 && s.form.Rows[row].Valued():
			s.w.canvas.Focus(s.rows[row].value)
		default:
			s.w.canvas.Focus(s.name)
		}
		return
	}
	s.w.askFilter("Save the filter “"+view.OneLine(change.Filter.Name, 60)+"”?", "Save it", "", change, s.name, s.sheet.close)
}
