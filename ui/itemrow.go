package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// itemRow is an appointment, contact or task in a list: name and when, what stands
// under it, its state; at the left what group it begins.
type itemRow struct {
	leaf
	row                    view.ItemRow
	group                  string
	gutter                 float32
	chosen, marked, cursor bool
	hover                  bool
	tap                    func()
	menu                   func(fyne.Position)
	bg, edge, ring, line   *canvas.Rectangle
	head, name, when, sub  *label
	state                  *label
	sign, tick, repeats    *glyph
}

var (
	_ fyne.Tappable          = (*itemRow)(nil)
	_ fyne.SecondaryTappable = (*itemRow)(nil)
	_ desktop.Hoverable      = (*itemRow)(nil)
)

func newItemRow(gutter float32) *itemRow {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	r := &itemRow{
		gutter: gutter, bg: rect(), edge: rect(), ring: rect(), line: rect(), head: newLabel("", sizeSmall, colMuted).bold(),
		name: newLabel("", sizeBody, colText).bold(), when: newLabel("", sizeSmall, colMuted).right(), sub: newLabel("", sizeBody, colMuted), state: newLabel("", sizeSmall, colMuted),
		sign: newGlyph("", colMuted, 13), tick: newGlyph("", colAccent, 14), repeats: newGlyph("", colMuted, 13),
	}
	r.ring.CornerRadius = 4
	r.objects = []fyne.CanvasObject{r.bg, r.line, r.edge, r.head, r.tick, r.name, r.repeats, r.when, r.sub, r.sign, r.state, r.ring}
	r.place, r.paint = r.layout, r.repaint
	r.min = func() fyne.Size { return fyne.NewSize(120, rowHeight) }
	r.ExtendBaseWidget(r)
	return r
}

func (r *itemRow) set(row view.ItemRow, group string, chosen, marked, cursor bool) {
	if r.row == row && r.group == group && r.chosen == chosen && r.marked == marked && r.cursor == cursor {
		return
	}
	r.row, r.group, r.chosen, r.marked, r.cursor = row, group, chosen, marked, cursor
	r.changed()
}

func (r *itemRow) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	r.bg.Resize(s)
	left := 14 + r.gutter
	lineX := left // what is of one group stands together
	if r.group != "" {
		lineX = 0
	}
	put(r.line, lineX, 0, s.Width-lineX, 1)
	put(r.edge, 0, 1, 3, s.Height-1)
	put(r.ring, 1, 2, s.Width-2, s.Height-3)
	x, end := left, s.Width-12
	y, stateY := float32(6), float32(42)
	if r.sub.text == "" {
		y, stateY = 13, 35
	}
	put(r.head, 14, y, r.gutter-8, 18)
	if r.marked {
		put(r.tick, x, y, 14, 18)
		x += 18
	}
	ww := r.when.MinSize().Width
	put(r.when, end-ww, y, ww, 18)
	right := end - ww - 8
	if r.row.Repeats {
		put(r.repeats, right-13, y, 13, 18)
		right -= 19
	}
	put(r.name, x, y, right-x, 18)
	put(r.sub, left, 24, end-left, 18)
	put(r.sign, left, stateY, 13, 16)
	put(r.state, left+19, stateY, end-left-19, 16)
}

func (r *itemRow) repaint() {
	r.bg.FillColor = color.Transparent
	switch {
	case r.chosen:
		r.bg.FillColor = paintOf(colAccentSoft)
	case r.hover:
		r.bg.FillColor = paintOf(colHover)
	}
	r.line.FillColor, r.edge.FillColor = paintOf(colLine), color.Transparent
	if r.row.Edge {
		r.edge.FillColor = paintOf(colAccent)
	}
	r.ring.StrokeWidth, r.ring.StrokeColor = 0, color.Transparent
	if r.cursor {
		r.ring.StrokeWidth, r.ring.StrokeColor = 1.5, paintOf(colAccent)
	}
	ink, when := colText, colMuted
	if r.row.Done || r.row.Bare {
		ink = colMuted
	}
	if r.row.Late {
		when = colWarn
	}
	sub := r.row.Sub
	if r.row.Private {
		sub = joinWords(sub, "private")
	}
	r.head.text, r.name.text, r.when.text, r.sub.text, r.state.text = r.group, r.row.Name, r.row.When, sub, r.row.Word
	r.name.ink, r.when.ink = ink, when
	r.name.style = fyne.TextStyle{Bold: !r.row.Done && !r.row.Bare, Italic: r.row.Bare}
	state := tone(r.row.Tone)
	r.sign.name, r.sign.ink, r.state.ink = string(r.row.Sign), state, state
	r.tick.name, r.tick.Hidden = "ok", !r.marked
	r.repeats.name, r.repeats.Hidden = "retry", !r.row.Repeats
}

func joinWords(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// Tapped chooses the row.
func (r *itemRow) Tapped(*fyne.PointEvent) { r.tap() }

// TappedSecondary opens the menu of what can be done.
func (r *itemRow) TappedSecondary(e *fyne.PointEvent) { r.menu(e.AbsolutePosition) }

// MouseIn shades the row.
func (r *itemRow) MouseIn(*desktop.MouseEvent) { r.hover = true; r.changed() }

// MouseMoved is not used.
func (r *itemRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the end of MouseIn.
func (r *itemRow) MouseOut() { r.hover = false; r.changed() }
