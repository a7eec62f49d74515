package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// emptyNote stands in the place of a list and says why there is nothing, and what
// to do next.
type emptyNote struct {
	leaf
	bg          *box
	title, text *label
	act         *button
	list        fyne.CanvasObject
	offer       func(action string) (text string, act func())
}

func newEmptyNote(k keys, list fyne.CanvasObject, offer func(action string) (string, func())) *emptyNote {
	e := &emptyNote{
		bg: newBox(colSurface, "", 0), title: newLabel("", sizeBody, colText).bold().center(),
		text: newLabel("", sizeBody, colMuted).center().lines(4), act: newButton(k, "", "", plain, nil), list: list, offer: offer,
	}
	e.objects = []fyne.CanvasObject{e.bg, e.title, e.text, e.act}
	e.place = func(s fyne.Size) {
		e.bg.Resize(s)
		wide := min(s.Width-32, 320)
		x, y := (s.Width-wide)/2, min(s.Height/3, 160)
		e.title.Move(fyne.NewPos(x, y))
		e.title.Resize(fyne.NewSize(wide, 20))
		y += 24
		h := e.text.heightFor(wide)
		e.text.Move(fyne.NewPos(x, y))
		e.text.Resize(fyne.NewSize(wide, h))
		y += h + 16
		m := e.act.MinSize()
		e.act.Move(fyne.NewPos((s.Width-m.Width)/2, y))
		e.act.Resize(m)
	}
	e.ExtendBaseWidget(e)
	e.Hide()
	return e
}

func (e *emptyNote) set(n view.Empty, on bool) {
	if on {
		e.title.text, e.text.text = n.Title, n.Text
		text, act := e.offer(n.Action)
		e.act.act = act
		e.act.Hidden = text == ""
		e.act.text = text
		e.changed()
	}
	show(e, on)
	show(e.list, !on)
}
