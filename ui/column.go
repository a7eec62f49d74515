package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// tall is something whose height follows from its width.
type tall interface{ heightFor(width float32) float32 }

// column stacks things of which some are as high as their width demands.
type column struct {
	leaf
	items []fyne.CanvasObject
	gap   float32
	pad   float32
	most  float32 // width at most; 0: any
	spare float32 // left free at the right, for the scroll bar
	width float32
	high  float32
}

func newColumn(gap, pad float32, items ...fyne.CanvasObject) *column {
	c := &column{gap: gap, pad: pad}
	c.place = func(s fyne.Size) { c.arrange(s.Width, true) }
	c.min = func() fyne.Size { return fyne.NewSize(40, c.arrange(c.width, false)) }
	c.ExtendBaseWidget(c)
	c.setItems(items...)
	return c
}

// leave leaves room at the right.
func (c *column) leave(n float32) *column { c.spare = n; return c }

func (c *column) setItems(items ...fyne.CanvasObject) {
	c.items, c.objects = items, items
}

// heightFor is the height at a width.
func (c *column) heightFor(width float32) float32 { return c.arrange(width, false) }

func (c *column) arrange(width float32, place bool) float32 {
	if width <= 0 {
		width = 240
	}
	if place {
		c.width = width
	}
	inner := width - 2*c.pad - c.spare
	if c.most > 0 {
		inner = min(inner, c.most)
	}
	y, first := c.pad, true
	for _, o := range c.items {
		if !o.Visible() {
			continue
		}
		if !first {
			y += c.gap
		}
		first = false
		h := float32(0)
		if t, ok := o.(tall); ok {
			h = t.heightFor(inner)
		} else {
			h = o.MinSize().Height
		}
		if place {
			o.Move(fyne.NewPos(c.pad, y))
			if size := fyne.NewSize(inner, h); o.Size() != size {
				o.Resize(size)
			}
		}
		y += h
	}
	c.high = y + c.pad
	return c.high
}

// pane is a column that scrolls.
type pane struct {
	leaf
	column *column
	scroll *container.Scroll
}

func newPane(c *column) *pane {
	p := &pane{column: c, scroll: container.NewVScroll(c)}
	p.objects = []fyne.CanvasObject{p.scroll}
	p.place = func(s fyne.Size) {
		if c.width != s.Width {
			c.width = s.Width // before the scroller asks how high it is
		}
		p.scroll.Resize(s)
		p.scroll.Refresh()
	}
	p.min = func() fyne.Size { return fyne.NewSize(40, 40) }
	p.ExtendBaseWidget(p)
	return p
}

// update shows the column's items as they are now.
func (p *pane) update(top bool) {
	if top {
		p.scroll.Offset = fyne.Position{}
	}
	p.column.changed()
	p.scroll.Refresh()
}

// turnPage scrolls by a part of what is seen; it reports whether there was more.
func (p *pane) turnPage(part float32) bool {
	was := p.scroll.Offset.Y
	h := p.scroll.Size().Height
	top := max(0, p.column.MinSize().Height-h)
	y := min(max(0, was+part*h), top)
	if y == was {
		return false
	}
	p.scroll.ScrollToOffset(fyne.NewPos(0, y))
	return true
}

// reveal scrolls so that o, which is somewhere in the column, can be seen.
func (p *pane) reveal(o fyne.CanvasObject) {
	d := fyne.CurrentApp().Driver()
	y := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(p).Y
	h, room := o.Size().Height, p.scroll.Size().Height
	const air = 12
	switch {
	case y < air:
		y -= air
	case y+h > room-air:
		y += h - room + air
	default:
		return
	}
	top := max(0, p.column.MinSize().Height-room)
	p.scroll.ScrollToOffset(fyne.NewPos(0, min(max(0, p.scroll.Offset.Y+y), top)))
}

// key scrolls by the keyboard; it reports whether the key was one for that.
func (p *pane) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyDown:
		p.turnPage(0.1)
	case fyne.KeyUp:
		p.turnPage(-0.1)
	case fyne.KeyPageDown, fyne.KeySpace:
		p.turnPage(0.85)
	case fyne.KeyPageUp:
		p.turnPage(-0.85)
	case fyne.KeyHome:
		p.turnPage(-1e6)
	case fyne.KeyEnd:
		p.turnPage(1e6)
	default:
		return false
	}
	return true
}

// flow puts things beside one another, and on the next line where there is no
// more room.
type flow struct {
	leaf
	items []fyne.CanvasObject
	gap   float32
	width float32
}

func newFlow(gap float32, items ...fyne.CanvasObject) *flow {
	f := &flow{gap: gap}
	f.place = func(s fyne.Size) { f.arrange(s.Width, true) }
	f.min = func() fyne.Size { return fyne.NewSize(60, f.arrange(f.width, false)) }
	f.ExtendBaseWidget(f)
	f.setItems(items...)
	return f
}

func (f *flow) setItems(items ...fyne.CanvasObject) { f.items, f.objects = items, items }

func (f *flow) heightFor(width float32) float32 { return f.arrange(width, false) }

func (f *flow) arrange(width float32, place bool) float32 {
	if place {
		f.width = width
	}
	if width <= 0 {
		width = 300
	}
	var x, y, row float32
	for _, o := range f.items {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		w := min(m.Width, width)
		if x > 0 && x+w > width {
			x, y = 0, y+row+f.gap
			row = 0
		}
		if place {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(w, m.Height))
		}
		x += w + f.gap
		row = max(row, m.Height)
	}
	return y + row
}

// row puts things beside one another: each as wide as it is, the one named grow
// takes the rest.
type row struct {
	leaf
	items []fyne.CanvasObject
	gap   float32
	grow  int // index, or -1
}

func newRow(gap float32, grow int, items ...fyne.CanvasObject) *row {
	r := &row{items: items, gap: gap, grow: grow}
	r.objects = items
	r.place = r.layout
	r.min = func() fyne.Size {
		var m fyne.Size
		for i, o := range r.items {
			if !o.Visible() {
				continue
			}
			s := o.MinSize()
			if i != r.grow {
				m.Width += s.Width + r.gap
			}
			m.Height = max(m.Height, s.Height)
		}
		return m
	}
	r.ExtendBaseWidget(r)
	return r
}

// heightFor is the height at a width: what grows may have several lines.
func (r *row) heightFor(width float32) float32 {
	rest, high := width, float32(0)
	for i, o := range r.items {
		if o.Visible() && i != r.grow {
			m := o.MinSize()
			rest -= m.Width + r.gap
			high = max(high, m.Height)
		}
	}
	if r.grow >= 0 && r.items[r.grow].Visible() {
		o := r.items[r.grow]
		if t, ok := o.(tall); ok {
			return max(high, t.heightFor(max(0, rest)))
		}
		high = max(high, o.MinSize().Height)
	}
	return high
}

func (r *row) layout(s fyne.Size) {
	rest := s.Width
	n := 0
	for i, o := range r.items {
		if !o.Visible() {
			continue
		}
		n++
		if i != r.grow {
			rest -= o.MinSize().Width
		}
	}
	rest -= r.gap * float32(max(0, n-1))
	x := float32(0)
	for i, o := range r.items {
		if !o.Visible() {
			continue
		}
		w := o.MinSize().Width
		if i == r.grow {
			w = max(0, rest)
		}
		if r.grow < 0 || i != r.grow {
			w = min(w, max(0, s.Width-x))
		}
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(w, s.Height))
		x += w + r.gap
	}
}
