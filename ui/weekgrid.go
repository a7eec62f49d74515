package ui

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// Sizes of the grid of a week.
const (
	hourHeight  = 44
	hourWidth   = 44 // of the column with the hours
	weekHead    = 28
	wholeHeight = 22
)

// weekGrid is a week of a calendar: days beside one another, hours below one
// another, what takes whole days above.
type weekGrid struct {
	leaf
	page   *itemsPage
	bg     *box
	heads  [7]*dayHead
	lines  [7]*box
	under  *box
	whole  []*weekBlock
	scroll *container.Scroll
	field  *weekField
	ring   *canvas.Rectangle
	focus  bool
	week   string // the one that is shown
}

var _ fyne.Focusable = (*weekGrid)(nil)

// weekField is the part with the hours, that scrolls.
type weekField struct {
	leaf
	grid   *weekGrid
	hours  []fyne.CanvasObject // lines and words, the same for each week
	marks  []*label
	rules  []*box
	days   [7]*box
	blocks []*weekBlock
	now    *box
}

func newWeekGrid(p *itemsPage) *weekGrid {
	g := &weekGrid{page: p, bg: newBox(colSurface, "", 0), under: newLine(), ring: canvas.NewRectangle(color.Transparent)}
	g.objects = []fyne.CanvasObject{g.bg, g.under}
	for i := range g.heads {
		g.heads[i], g.lines[i] = newDayHead(g), newLine()
		g.objects = append(g.objects, g.heads[i], g.lines[i])
	}
	f := &weekField{grid: g, now: newBox(colDanger, "", 0)}
	for h := 1; h < 24; h++ {
		f.rules = append(f.rules, newLine())
		f.marks = append(f.marks, newLabel(fmt.Sprintf("%02d:00", h), sizeSmall, colMuted).right())
		f.hours = append(f.hours, f.rules[h-1], f.marks[h-1])
	}
	for i := range f.days {
		f.days[i] = newLine()
		f.hours = append(f.hours, f.days[i])
	}
	f.min = func() fyne.Size { return fyne.NewSize(200, 24*hourHeight) }
	f.place = func(s fyne.Size) { f.arrange(s.Width) }
	f.ExtendBaseWidget(f)
	g.field, g.scroll = f, container.NewVScroll(f)
	g.objects = append(g.objects, g.scroll, g.ring)
	g.place = g.layout
	g.min = func() fyne.Size { return fyne.NewSize(280, 200) }
	g.paint = func() {
		g.ring.StrokeWidth, g.ring.StrokeColor = 0, color.Transparent
		if g.focus && len(p.list.Rows) == 0 {
			g.ring.StrokeWidth, g.ring.StrokeColor = 2, paintOf(colAccent)
		}
	}
	g.ExtendBaseWidget(g)
	return g
}

// top is how high what stands above the hours is.
func (g *weekGrid) top() float32 {
	h := float32(weekHead)
	if n := g.page.list.Week.Tall; n > 0 {
		h += float32(n)*wholeHeight + 4
	}
	return h
}

// dayAt is where a day begins, and how wide it is.
func dayAt(i int, width float32) (x, w float32) {
	w = (width - hourWidth) / 7
	return hourWidth + float32(i)*w, w
}

func (g *weekGrid) layout(s fyne.Size) {
	g.bg.Resize(s)
	g.ring.Resize(s)
	top := g.top()
	for i, h := range g.heads {
		x, w := dayAt(i, s.Width)
		h.Move(fyne.NewPos(x, 0))
		h.Resize(fyne.NewSize(w, weekHead))
		g.lines[i].Move(fyne.NewPos(x, 0))
		g.lines[i].Resize(fyne.NewSize(1, top))
	}
	g.under.Move(fyne.NewPos(0, top))
	g.under.Resize(fyne.NewSize(s.Width, 1))
	g.scroll.Move(fyne.NewPos(0, top+1))
	g.scroll.Resize(fyne.NewSize(s.Width, max(0, s.Height-top-1)))
	g.arrangeWhole(s.Width)
	g.field.arrange(s.Width)
}

func (g *weekGrid) arrangeWhole(width float32) {
	n := 0
	for i, d := range g.page.list.Week.Days {
		x, w := dayAt(i, width)
		for j, row := range d.Whole {
			if n == len(g.whole) {
				b := newWeekBlock(g.page)
				g.whole = append(g.whole, b)
				g.objects = append(g.objects, b)
			}
			b := g.whole[n]
			n++
			b.set(row, g.focus)
			b.Move(fyne.NewPos(x+2, weekHead+float32(j)*wholeHeight))
			b.Resize(fyne.NewSize(w-4, wholeHeight-2))
			show(b, true)
		}
	}
	for _, b := range g.whole[n:] {
		show(b, false)
	}
}

// arrange puts the appointments where they belong.
func (f *weekField) arrange(width float32) {
	week := &f.grid.page.list.Week
	for h, r := range f.rules {
		y := float32(h+1) * hourHeight
		r.Move(fyne.NewPos(hourWidth-6, y))
		r.Resize(fyne.NewSize(width-hourWidth+6, 1))
		f.marks[h].Move(fyne.NewPos(0, y-8))
		f.marks[h].Resize(fyne.NewSize(hourWidth-10, 16))
	}
	for i, l := range f.days {
		x, _ := dayAt(i, width)
		l.Move(fyne.NewPos(x, 0))
		l.Resize(fyne.NewSize(1, 24*hourHeight))
	}
	f.objects = append(f.objects[:0], f.hours...)
	for len(f.blocks) < len(week.Spans) {
		f.blocks = append(f.blocks, newWeekBlock(f.grid.page))
	}
	for i, s := range week.Spans {
		b := f.blocks[i]
		x, w := dayAt(s.Day, width)
		lane := (w - 4) / float32(max(1, s.Lanes))
		b.Move(fyne.NewPos(x+2+lane*float32(s.Lane), float32(s.From)*hourHeight/60+1))
		b.Resize(fyne.NewSize(lane-1, float32(s.To-s.From)*hourHeight/60-2))
		b.set(s.Row, f.grid.focus)
		f.objects = append(f.objects, b)
	}
	if week.Today >= 0 {
		x, w := dayAt(week.Today, width)
		f.now.Move(fyne.NewPos(x, float32(week.Now)*hourHeight/60))
		f.now.Resize(fyne.NewSize(w, 2))
		f.objects = append(f.objects, f.now)
	}
	canvas.Refresh(f)
}

// update shows the week as it is now; another week begins in the morning.
func (g *weekGrid) update() {
	w := &g.page.list.Week
	for i, h := range g.heads {
		h.set(w.Days[i])
	}
	g.changed()
	if g.week != w.Title && g.scroll.Size().Height > 0 {
		g.week = w.Title
		g.scroll.ScrollToOffset(fyne.NewPos(0, min(6.5*hourHeight, max(0, 24*hourHeight-g.scroll.Size().Height))))
	}
}

// reveal scrolls to the chosen appointment.
func (g *weekGrid) reveal() {
	for _, s := range g.page.list.Week.Spans {
		if s.Row != g.page.list.Cursor {
			continue
		}
		y, end, h := float32(s.From)*hourHeight/60, float32(s.To)*hourHeight/60, g.scroll.Size().Height
		off := g.scroll.Offset.Y
		if end > off+h-8 {
			off = end - h + 8
		}
		if y < off+8 {
			off = max(0, y-8)
		}
		g.scroll.ScrollToOffset(fyne.NewPos(0, off))
		return
	}
}

// FocusGained shows which appointment the keys are for.
func (g *weekGrid) FocusGained() { g.focus = true; g.changed() }

// FocusLost takes that away.
func (g *weekGrid) FocusLost() { g.focus = false; g.changed() }

// TypedKey goes on to the window.
func (g *weekGrid) TypedKey(e *fyne.KeyEvent) { g.page.w.TypedKey(e) }

// TypedRune goes on to the window.
func (g *weekGrid) TypedRune(r rune) { g.page.w.TypedRune(r) }

// dayHead is the name of a day, and how much of it has no room below.
type dayHead struct {
	leaf
	grid       *weekGrid
	day        view.Day
	hover      bool
	bg         *canvas.Rectangle
	name, more *label
}

var (
	_ fyne.Tappable     = (*dayHead)(nil)
	_ desktop.Hoverable = (*dayHead)(nil)
)

func newDayHead(g *weekGrid) *dayHead {
	h := &dayHead{grid: g, bg: canvas.NewRectangle(color.Transparent), name: newLabel("", sizeBody, colText), more: newLabel("", sizeSmall, colInfo).right()}
	h.bg.CornerRadius = 4
	h.objects = []fyne.CanvasObject{h.bg, h.name, h.more}
	h.place = func(s fyne.Size) {
		h.bg.Move(fyne.NewPos(2, 2))
		h.bg.Resize(fyne.NewSize(s.Width-4, s.Height-4))
		mw := min(h.more.MinSize().Width, s.Width-12)
		if h.name.widthOf(h.name.text)+mw+16 > s.Width && mw > 0 {
			h.more.text = "+" + view.Count(h.day.More)
			mw = h.more.widthOf(h.more.text)
		}
		h.more.Move(fyne.NewPos(s.Width-6-mw, 0))
		h.more.Resize(fyne.NewSize(mw, s.Height))
		h.name.text = h.day.Name
		if h.name.widthOf(h.day.Name)+mw+12 > s.Width {
			h.name.text = h.day.At.Format("2")
		}
		h.name.Move(fyne.NewPos(6, 0))
		h.name.Resize(fyne.NewSize(max(0, s.Width-12-mw), s.Height))
	}
	h.min = func() fyne.Size { return fyne.NewSize(30, weekHead) }
	h.paint = func() {
		h.name.text, h.name.style.Bold, h.name.ink = h.day.Name, h.day.Today, colText
		if h.day.Today {
			h.name.ink = colAccent
		}
		h.more.text = ""
		if h.day.More > 0 {
			h.more.text = view.Count(h.day.More) + " more"
		}
		h.bg.FillColor = color.Transparent
		if h.hover {
			h.bg.FillColor = paintOf(colHover)
		}
	}
	h.ExtendBaseWidget(h)
	return h
}

func (h *dayHead) set(d view.Day) {
	h.day = d
	h.changed()
}

// Tapped shows the day in the list.
func (h *dayHead) Tapped(*fyne.PointEvent)        { h.grid.page.showDay(h.day.At) }
func (h *dayHead) MouseIn(*desktop.MouseEvent)    { h.hover = true; h.changed() }
func (h *dayHead) MouseMoved(*desktop.MouseEvent) {}
func (h *dayHead) MouseOut()                      { h.hover = false; h.changed() }
