package ui

import (
	"slices"

	"fyne.io/fyne/v2"
)

// page is what can take the place of list, item and panel.
type page interface {
	fyne.CanvasObject
	first() fyne.Focusable         // gets the focus when the page is shown; nil: nothing yet
	entered()                      // it is about to be shown
	left()                         // it was left
	key(e *fyne.KeyEvent) bool     // a key that no control used; true: used
	typed(r rune) bool             // a letter that no control used; true: used
	shortcut(s fyne.Shortcut) bool // Ctrl and a key; true: used
	foot() float32                 // height at the bottom that a toast keeps off
}

// basePage is a page that uses no letters and no shortcuts.
type basePage struct{ leaf }

func (*basePage) foot() float32               { return 0 }
func (*basePage) typed(rune) bool             { return false }
func (*basePage) shortcut(fyne.Shortcut) bool { return false }

// showPage shows a page, or with nil the mail again.
func (w *window) showPage(p page) {
	was := w.at
	if was == p {
		return
	}
	w.at = p
	if was != nil {
		was.left()
	}
	if p != nil {
		p.entered()
	}
	w.frame.turnTo(p)
	w.rail.redraw()
	switch {
	case p == nil:
		w.canvas.Focus(w.list.rows)
	case p.first() != nil:
		w.canvas.Focus(p.first())
	default:
		w.canvas.Unfocus()
	}
	w.redrawToast() // it keeps off other things on each page
}

// showing reports whether p is what is shown.
func (w *window) showing(p page) bool { return w.frame != nil && w.at == p }

// turnTo puts a page, or nil, in the place of list, item and panel.
func (f *frame) turnTo(p page) {
	f.page = nil
	if p != nil {
		f.page = p
		if !slices.Contains(f.objects, fyne.CanvasObject(p)) {
			f.objects = append(f.objects, p)
		}
	}
	f.changed()
}
