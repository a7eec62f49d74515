package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// offerList shows what a text can be completed to, under its field. It has no
// focus: the keys stay with the field.
type offerList struct {
	leaf
	card *box
	rows []*offerRow
}

const offerHeight = 40

func newOfferList() *offerList {
	l := &offerList{card: newBox(colSurface, colScroll, 8)}
	l.objects = []fyne.CanvasObject{l.card}
	l.place = func(s fyne.Size) {
		l.card.Resize(s)
		for i, r := range l.rows {
			r.Move(fyne.NewPos(4, 4+float32(i)*offerHeight))
			r.Resize(fyne.NewSize(s.Width-8, offerHeight))
		}
	}
	l.min = func() fyne.Size { return fyne.NewSize(360, float32(len(l.rows))*offerHeight+8) }
	l.ExtendBaseWidget(l)
	l.Hide()
	return l
}

// show lists the offers; at is the one that Enter takes.
func (l *offerList) show(offers []view.Offer, at int, take func(i int)) {
	l.rows = l.rows[:0]
	l.objects = []fyne.CanvasObject{l.card}
	for i, o := range offers {
		r := newOfferRow(o, i == at, func() { take(i) })
		l.rows = append(l.rows, r)
		l.objects = append(l.objects, r)
	}
	show(l, len(offers) > 0)
	if len(offers) > 0 {
		l.changed()
	}
}

type offerRow struct {
	leaf
	stay
	on, hover bool
	take      func()
}

var (
	_ fyne.Tappable     = (*offerRow)(nil)
	_ desktop.Hoverable = (*offerRow)(nil)
)

func newOfferRow(o view.Offer, on bool, take func()) *offerRow {
	r := &offerRow{on: on, take: take}
	bg := canvas.NewRectangle(color.Transparent)
	bg.CornerRadius = 6
	icon, name, note := newGlyph(o.Symbol, colMuted, 16), newLabel(o.Name, sizeBody, colText).bold(), newLabel(o.Note, sizeSmall, colMuted)
	r.objects = []fyne.CanvasObject{bg, icon, name, note}
	r.place = func(s fyne.Size) {
		bg.Resize(s)
		icon.Move(fyne.NewPos(8, 0))
		icon.Resize(fyne.NewSize(16, s.Height))
		name.Move(fyne.NewPos(32, 3))
		name.Resize(fyne.NewSize(s.Width-40, 18))
		note.Move(fyne.NewPos(32, 20))
		note.Resize(fyne.NewSize(s.Width-40, 16))
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, offerHeight) }
	r.paint = func() {
		bg.FillColor = color.Transparent
		switch {
		case r.on:
			bg.FillColor = paintOf(colAccentSoft)
		case r.hover:
			bg.FillColor = paintOf(colHover)
		}
	}
	r.ExtendBaseWidget(r)
	return r
}

// Tapped takes the offer.
func (r *offerRow) Tapped(*fyne.PointEvent)        { r.take() }
func (r *offerRow) MouseIn(*desktop.MouseEvent)    { r.hover = true; r.changed() }
func (r *offerRow) MouseMoved(*desktop.MouseEvent) {}
func (r *offerRow) MouseOut()                      { r.hover = false; r.changed() }
