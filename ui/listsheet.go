package ui

import (
	"fyne.io/fyne/v2"
)

// listSheet is a dialog in which one of many things is chosen: a field to type in,
// and below it what fits. The keys go to both: letters to the field, arrows to the
// list, Enter takes.
type listSheet struct {
	leaf
	w     *window
	field *entry
	rows  *rowList
	none  *label
	ok    *button
	sheet *sheet
	at    int

	count  func() int
	show   func(i int, r *choiceRow, chosen bool)
	take   func(i int)
	typed  func(text string)
	note   func() (none, note string) // said where there is nothing, and at the bottom
	submit func(text string) bool     // Enter with nothing in the list; may be nil
}

// openList shows the dialog.
func (w *window) openList(l *listSheet, title, hint, verb string, size fyne.Size, closed func()) {
	l.w = w
	l.field = newEntry(false)
	l.field.SetPlaceHolder(hint)
	l.field.OnChanged = func(s string) { l.at = 0; l.typed(s) }
	l.field.onKey = l.key
	l.rows = newRowList(l, choiceHeight, l.count, func() fyne.CanvasObject { return newChoiceRow() }, l.bind)
	l.rows.onKey = l.key
	l.none = newLabel("", sizeBody, colMuted).center().lines(3)
	l.objects = []fyne.CanvasObject{l.field, l.rows, l.none}
	l.place = func(s fyne.Size) {
		h := l.field.MinSize().Height
		l.field.Resize(fyne.NewSize(s.Width, h))
		l.rows.Move(fyne.NewPos(0, h+8))
		l.rows.Resize(fyne.NewSize(s.Width, max(0, s.Height-h-8)))
		l.none.Move(fyne.NewPos(0, h+60))
		l.none.Resize(fyne.NewSize(s.Width, 60))
	}
	l.min = func() fyne.Size { return fyne.NewSize(300, 200) }
	l.ExtendBaseWidget(l)
	cancel := newButton(w, "Cancel", "", quiet, func() { l.sheet.close() })
	l.ok = newButton(w, verb, "", primary, l.enter)
	l.sheet = w.openSheet(title, l, size, cancel, l.ok)
	l.sheet.primary = l.enter
	l.sheet.closed = closed
	l.sheet.onKey = l.key
	w.canvas.Focus(l.field)
	l.redraw()
}

// redraw shows what fits now.
func (l *listSheet) redraw() {
	if l.sheet == nil {
		return
	}
	l.at = max(0, min(l.at, l.count()-1))
	none, note := l.note()
	l.none.text = ""
	if l.count() == 0 {
		l.none.text = none
	}
	l.none.changed()
	l.sheet.body.note.set(note, colMuted)
	l.ok.off = l.count() == 0 && l.submit == nil
	l.ok.changed()
	l.rows.update()
}

func (l *listSheet) bind(i int, o fyne.CanvasObject) {
	r := o.(*choiceRow)
	l.show(i, r, i == l.at)
	r.tap = func() {
		if l.at == i {
			l.take(i)
			return
		}
		l.at = i
		l.rows.update()
	}
}

func (l *listSheet) enter() {
	switch {
	case l.at < l.count():
		l.take(l.at)
	case l.submit != nil:
		l.submit(l.field.Text)
	}
}

func (l *listSheet) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyEscape:
		l.sheet.close()
	case fyne.KeyReturn, fyne.KeyEnter:
		l.enter()
	case fyne.KeyDown:
		l.move(1)
	case fyne.KeyUp:
		l.move(-1)
	case fyne.KeyPageDown:
		l.move(l.rows.page())
	case fyne.KeyPageUp:
		l.move(-l.rows.page())
	default:
		return false
	}
	return true
}

func (l *listSheet) move(n int) {
	l.at = max(0, min(l.at+n, l.count()-1))
	l.rows.reveal(l.at)
	l.rows.update()
}

// TypedKey is for the list while it has the focus.
func (l *listSheet) TypedKey(e *fyne.KeyEvent) { l.sheet.TypedKey(e) }

// TypedRune goes on typing in the field.
func (l *listSheet) TypedRune(r rune) {
	l.w.canvas.Focus(l.field)
	l.field.TypedRune(r)
}
