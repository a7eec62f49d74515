package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// weekBlock is an appointment in the grid of a week.
type weekBlock struct {
	leaf
	page            *itemsPage
	row             view.ItemRow
	at              int // into the rows
	chosen, marked  bool
	cursor, hover   bool
	bg, edge, ring  *canvas.Rectangle
	name, when, sub *label
	sign            *glyph
}

var (
	_ fyne.Tappable          = (*weekBlock)(nil)
	_ fyne.SecondaryTappable = (*weekBlock)(nil)
	_ desktop.Hoverable      = (*weekBlock)(nil)
)

func newWeekBlock(p *itemsPage) *weekBlock {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	b := &weekBlock{page: p, bg: rect(), edge: rect(), ring: rect(), name: newLabel("", sizeSmall, colText).bold(), when: newLabel("", sizeSmall, colMuted), sub: newLabel("", sizeSmall, colMuted), sign: newGlyph("", colMuted, 12)}
	b.bg.CornerRadius, b.ring.CornerRadius, b.edge.CornerRadius = 4, 4, 1.5
	b.objects = []fyne.CanvasObject{b.bg, b.edge, b.name, b.when, b.sub, b.sign, b.ring}
	b.place, b.paint = b.layout, b.repaint
	b.min = func() fyne.Size { return fyne.NewSize(10, 12) }
	b.ExtendBaseWidget(b)
	return b
}

// set shows a row; focus says whether the keys are for the grid.
func (b *weekBlock) set(row int, focus bool) {
	l := b.page.list
	if row >= len(l.Rows) {
		return
	}
	marked := l.Marked(row)
	at := row == l.Cursor
	r, chosen, cursor := l.Rows[row], marked || at && l.MarkedCount() == 0, at && focus
	if b.at == row && b.row == r && b.chosen == chosen && b.cursor == cursor && b.marked == marked {
		return
	}
	b.at, b.row, b.chosen, b.cursor, b.marked = row, r, chosen, cursor, marked
	b.changed()
}

func (b *weekBlock) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	b.bg.Resize(s)
	b.ring.Resize(s)
	put(b.edge, 0, 0, 3, s.Height)
	y := float32(2)
	if s.Height < 20 {
		y = (s.Height - 16) / 2
	}
	signW := float32(0)
	b.sign.Hidden = s.Width < 44
	if !b.sign.Hidden {
		signW = 15
		put(b.sign, s.Width-15, y, 12, 16)
	}
	put(b.name, 7, y, s.Width-9-signW, 16)
	b.when.Hidden, b.sub.Hidden = s.Height < 36 || s.Width < 40, s.Height < 54 || b.row.Sub == "" || s.Width < 40
	put(b.when, 7, y+16, s.Width-9, 16)
	put(b.sub, 7, y+32, s.Width-9, 16)
}

func (b *weekBlock) repaint() {
	fill, edge := paintOf("button"), paintOf(colScroll)
	if b.row.Edge {
		fill, edge = paintOf(colAccentSoft), paintOf(colAccent)
	}
	if b.row.Free {
		fill = paintOf(colBackground)
	}
	if b.hover {
		fill = shaded(fill)
	}
	switch b.row.Tone {
	case view.ToneInfo, view.ToneWarn, view.ToneDanger:
		edge = paintOf(tone(b.row.Tone))
	}
	b.bg.FillColor, b.edge.FillColor = fill, edge
	b.bg.StrokeWidth, b.bg.StrokeColor = 1, paintOf(colLine)
	b.ring.StrokeWidth, b.ring.StrokeColor = 0, color.Transparent
	if b.chosen {
		b.ring.StrokeWidth, b.ring.StrokeColor = 1.5, paintOf(colAccent)
	}
	if b.cursor {
		b.ring.StrokeWidth, b.ring.StrokeColor = 2.5, paintOf(colAccent)
	}
	b.name.text, b.name.style.Italic = b.row.Name, b.row.Bare
	b.when.text, b.sub.text = b.row.When, b.row.Sub
	b.sign.name, b.sign.ink = string(b.row.Sign), tone(b.row.Tone)
	if b.marked {
		b.sign.name, b.sign.ink = "ok", colAccent
	}
}

// Tapped chooses the appointment.
func (b *weekBlock) Tapped(*fyne.PointEvent) { b.page.tapped(b.at) }

// TappedSecondary opens the menu of what can be done.
func (b *weekBlock) TappedSecondary(e *fyne.PointEvent) { b.page.menuAt(b.at, e.AbsolutePosition) }

// MouseIn shades it, and says the whole of it.
func (b *weekBlock) MouseIn(e *desktop.MouseEvent) {
	b.hover = true
	b.changed()
	text := b.row.When + "  " + b.row.Name
	if b.row.Sub != "" {
		text += "\n" + b.row.Sub
	}
	b.page.w.hints.soon(text+"\n"+b.row.Word, e.AbsolutePosition)
}

// MouseMoved is not used.
func (b *weekBlock) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the end of MouseIn.
func (b *weekBlock) MouseOut() {
	b.hover = false
	b.changed()
	b.page.w.hints.hide()
}
