package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// overlay lies over the whole window and holds one thing: a dialog or a menu.
type overlay struct {
	leaf
	canvas  fyne.Canvas
	outside func() // pressed beside the thing; may be nil
}

var _ fyne.Tappable = (*overlay)(nil)

func newOverlay(c fyne.Canvas, ground fyne.ThemeColorName, thing fyne.CanvasObject, at func(room, size fyne.Size) fyne.Position) *overlay {
	o := &overlay{canvas: c}
	shade, card := newBox(ground, "", 0), newBox(colSurface, colLine, 10)
	o.objects = []fyne.CanvasObject{shade, card, thing}
	o.place = func(s fyne.Size) {
		shade.Resize(s)
		size := thing.MinSize()
		p := at(s, size)
		for _, x := range []fyne.CanvasObject{card, thing} {
			x.Move(p)
			x.Resize(size)
		}
	}
	o.ExtendBaseWidget(o)
	return o
}

func (o *overlay) open() {
	o.canvas.Overlays().Add(o)
	o.Resize(o.canvas.Size())
}

func (o *overlay) close() { o.canvas.Overlays().Remove(o) }

// Tapped is the mouse beside the thing.
func (o *overlay) Tapped(*fyne.PointEvent) {
	if o.outside != nil {
		o.outside()
	}
}

// choice is an entry of a menu. A zero choice is a line.
type choice struct {
	text, note, icon string
	ink              fyne.ThemeColorName
	on               bool // it is what is shown now
	off              bool
	indent           int
	act              func()
}

// menu is a list of things to do, opened at a place; keys and mouse work in it.
type menu struct {
	leaf
	over  *overlay
	items []choice
	rows  []*menuRow
	at    int
}

var _ fyne.Focusable = (*menu)(nil)

// openMenu shows a menu with its upper left corner at p, or as near as there is room.
func (w *window) openMenu(p fyne.Position, items ...choice) {
	w.hints.hide()
	m := &menu{items: items, at: -1}
	for i := range items {
		r := newMenuRow(m, i)
		m.rows = append(m.rows, r)
		m.objects = append(m.objects, r)
		if items[i].on && m.at < 0 {
			m.at = i
		}
	}
	m.place = func(s fyne.Size) {
		y := float32(4)
		for _, r := range m.rows {
			h := r.MinSize().Height
			r.Move(fyne.NewPos(4, y))
			r.Resize(fyne.NewSize(s.Width-8, h))
			y += h
		}
	}
	m.min = func() fyne.Size {
		size := fyne.NewSize(160, 8)
		for _, r := range m.rows {
			rm := r.MinSize()
			size.Width = max(size.Width, min(rm.Width+8, 420))
			size.Height += rm.Height
		}
		return size
	}
	m.ExtendBaseWidget(m)
	m.over = newOverlay(w.canvas, "", m, func(room, size fyne.Size) fyne.Position {
		return fyne.NewPos(max(4, min(p.X, room.Width-size.Width-4)), max(4, min(p.Y, room.Height-size.Height-4)))
	})
	m.over.outside = m.close
	m.over.open()
	w.canvas.Focus(m)
}

func (m *menu) close() { m.over.close() }

func (m *menu) take(i int) {
	if i < 0 || i >= len(m.items) || m.items[i].act == nil || m.items[i].off {
		return
	}
	m.close()
	m.items[i].act()
}

func (m *menu) step(by int) {
	for n := 0; n < len(m.items); n++ {
		m.at = (m.at + by + len(m.items)) % len(m.items)
		if it := m.items[m.at]; it.act != nil && !it.off {
			break
		}
	}
	m.repaint()
}

func (m *menu) repaint() {
	for _, r := range m.rows {
		r.changed()
	}
}

// FocusGained is not shown: the chosen row is.
func (m *menu) FocusGained() {}

// FocusLost is not shown.
func (m *menu) FocusLost() {}

// TypedKey moves, takes, or leaves.
func (m *menu) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyDown:
		m.step(1)
	case fyne.KeyUp:
		if m.at < 0 {
			m.at = 0
		}
		m.step(-1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		m.take(m.at)
	case fyne.KeyEscape:
		m.close()
	}
}

// TypedRune moves as in the list.
func (m *menu) TypedRune(r rune) {
	switch r {
	case 'j':
		m.step(1)
	case 'k':
		m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	}
}

type menuRow struct {
	leaf
	m *menu
	i int
}

var (
	_ fyne.Tappable     = (*menuRow)(nil)
	_ desktop.Hoverable = (*menuRow)(nil)
)

func newMenuRow(m *menu, i int) *menuRow {
	r := &menuRow{m: m, i: i}
	it := m.items[i]
	if it.act == nil && it.text == "" {
		line := newLine()
		r.objects = []fyne.CanvasObject{line}
		r.place = func(s fyne.Size) {
			line.Move(fyne.NewPos(4, 4))
			line.Resize(fyne.NewSize(s.Width-8, 1))
		}
		r.min = func() fyne.Size { return fyne.NewSize(60, 9) }
		r.ExtendBaseWidget(r)
		return r
	}
	ink := it.ink
	if ink == "" {
		ink = colMuted
	}
	textInk := colText
	if it.off {
		textInk = "disabled"
	}
	bg := canvas.NewRectangle(color.Transparent)
	bg.CornerRadius = 6
	icon, text, note := newGlyph(it.icon, ink, 16), newLabel(it.text, sizeBody, textInk), newLabel(it.note, sizeSmall, colMuted).right()
	text.style.Bold = it.on
	r.objects = []fyne.CanvasObject{bg, icon, text, note}
	x := 36 + float32(it.indent)*16
	r.place = func(s fyne.Size) {
		bg.Resize(s)
		icon.Move(fyne.NewPos(x-26, 0))
		icon.Resize(fyne.NewSize(16, s.Height))
		nw := note.MinSize().Width
		note.Move(fyne.NewPos(s.Width-10-nw, 0))
		note.Resize(fyne.NewSize(nw, s.Height))
		text.Move(fyne.NewPos(x, 0))
		text.Resize(fyne.NewSize(max(0, s.Width-x-nw-22), s.Height))
	}
	r.min = func() fyne.Size {
		return fyne.NewSize(x+text.widthOf(it.text)+note.MinSize().Width+34, 28)
	}
	r.paint = func() {
		bg.FillColor = color.Transparent
		if m.at == i && !it.off {
			bg.FillColor = paintOf(colAccentSoft)
		}
	}
	r.ExtendBaseWidget(r)
	return r
}

// Tapped takes the entry.
func (r *menuRow) Tapped(*fyne.PointEvent) { r.m.take(r.i) }

// MouseIn goes to the entry.
func (r *menuRow) MouseIn(*desktop.MouseEvent) {
	if r.m.items[r.i].act != nil {
		r.m.at = r.i
		r.m.repaint()
	}
}

// MouseMoved is not used.
func (r *menuRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is not used: the entry stays the chosen one for the keys.
func (r *menuRow) MouseOut() {}
