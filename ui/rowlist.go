package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// rowList shows many rows of one height and makes widgets only for those that can
// be seen. The rows draw themselves; who is chosen is the model's business.
type rowList struct {
	leaf
	keys    keys
	rowH    float32
	count   func() int
	make    func() fyne.CanvasObject
	bind    func(i int, row fyne.CanvasObject)
	visible func(first, end int) // may be nil
	onKey   func(*fyne.KeyEvent) bool

	scroll *container.Scroll
	field  *rowField
	ring   *canvas.Rectangle
	focus  bool
}

var _ fyne.Focusable = (*rowList)(nil)

// rowField is what is scrolled: as high as all rows, with the visible ones on it.
type rowField struct {
	leaf
	list *rowList
	pool []fyne.CanvasObject // row i is in pool[i % len]
}

func newRowList(k keys, rowH float32, count func() int, mk func() fyne.CanvasObject, bind func(int, fyne.CanvasObject)) *rowList {
	l := &rowList{keys: k, rowH: rowH, count: count, make: mk, bind: bind, ring: canvas.NewRectangle(color.Transparent)}
	f := &rowField{list: l}
	f.min = func() fyne.Size { return fyne.NewSize(10, float32(l.count())*rowH) }
	f.place = func(fyne.Size) { f.arrange() }
	f.ExtendBaseWidget(f)
	l.field = f
	l.scroll = container.NewVScroll(f)
	l.scroll.OnScrolled = func(fyne.Position) { f.arrange() }
	l.objects = []fyne.CanvasObject{l.scroll, l.ring}
	l.place = func(s fyne.Size) {
		l.scroll.Resize(s)
		l.ring.Resize(s)
		f.arrange()
	}
	l.min = func() fyne.Size { return fyne.NewSize(100, rowH) }
	l.paint = func() {
		l.ring.StrokeWidth, l.ring.StrokeColor = 0, color.Transparent
	}
	l.ExtendBaseWidget(l)
	return l
}

// window returns which rows can be seen.
func (l *rowList) window() (first, end int) {
	n := l.count()
	first = min(max(0, int(l.scroll.Offset.Y/l.rowH)), n)
	end = min(n, first+int(l.scroll.Size().Height/l.rowH)+2)
	return first, end
}

// arrange puts widgets under the visible rows and fills them.
func (f *rowField) arrange() {
	l := f.list
	first, end := l.window()
	need := int(l.scroll.Size().Height/l.rowH) + 2
	for len(f.pool) < need {
		f.pool = append(f.pool, l.make())
	}
	if need == 0 || l.scroll.Size().Height == 0 {
		return
	}
	used := f.objects[:0]
	width := l.scroll.Size().Width
	for i := first; i < end; i++ {
		row := f.pool[i%len(f.pool)]
		row.Move(fyne.NewPos(0, float32(i)*l.rowH))
		row.Resize(fyne.NewSize(width, l.rowH))
		l.bind(i, row)
		used = append(used, row)
	}
	f.objects = used
	canvas.Refresh(f)
	if l.visible != nil {
		l.visible(first, end)
	}
}

// update draws the rows anew; their number may have changed.
func (l *rowList) update() {
	h := float32(l.count()) * l.rowH
	if top := max(0, h-l.scroll.Size().Height); l.scroll.Offset.Y > top {
		l.scroll.Offset.Y = top
	}
	if l.field.Size().Height != max(h, l.scroll.Size().Height) {
		l.scroll.Refresh()
	}
	l.field.arrange()
}

// reveal scrolls so that row i can be seen.
func (l *rowList) reveal(i int) {
	if i < 0 || l.scroll.Size().Height == 0 {
		return
	}
	y, h := float32(i)*l.rowH, l.scroll.Size().Height
	off := l.scroll.Offset.Y
	switch {
	case y < off:
		off = y
	case y+l.rowH > off+h:
		off = y + l.rowH - h
	default:
		return
	}
	l.scroll.ScrollToOffset(fyne.NewPos(0, off))
	l.field.arrange()
}

// page is how many rows fit.
func (l *rowList) page() int { return max(1, int(l.scroll.Size().Height/l.rowH)-1) }

// FocusGained makes the cursor's row show its ring.
func (l *rowList) FocusGained() { l.focus = true; l.field.arrange() }

// FocusLost takes the ring away.
func (l *rowList) FocusLost() { l.focus = false; l.field.arrange() }

// TypedKey goes to the list's own keys, then on to the window.
func (l *rowList) TypedKey(e *fyne.KeyEvent) {
	if l.onKey == nil || !l.onKey(e) {
		l.keys.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (l *rowList) TypedRune(r rune) { l.keys.TypedRune(r) }
