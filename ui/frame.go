package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Widths of the columns, and where they fold.
const (
	railWidth     = 64
	listWidth     = 320
	panelWidth    = 300
	leastList     = 240
	leastItem     = 300
	leastPanel    = 220
	foldPanel     = 1000 // under this the panel is folded, unless asked for
	takeTurns     = 700  // under this list and item take turns
	statusHeight  = 28
	narrowestWide = railWidth + leastList
)

// frame lays out the window: rail, list, item, panel, and the status line under
// them. It decides what is folded and remembers the widths.
type frame struct {
	leaf
	rail, list, item, panel, status fyne.CanvasObject
	beside                          bool              // the panel stays beside the page, where there is room
	page                            fyne.CanvasObject // in the place of list, item and panel; nil: none
	lines                           [4]*box
	grips                           [2]*grip
	listW, panelW                   float32
	panelShut                       bool // the user folded it
	panelOver                       bool // shown over the item, where it would be folded
	onItem                          bool // taking turns: the item is shown
	remember                        func()
	folded                          func() // what is folded changed
	turns, narrow                   bool
}

func newFrame(rail, list, item, panel, status fyne.CanvasObject) *frame {
	f := &frame{rail: rail, list: list, item: item, panel: panel, status: status, listW: listWidth, panelW: panelWidth}
	for i := range f.lines {
		f.lines[i] = newLine()
	}
	f.grips[0] = newGrip(func(dx float32) { f.listW += dx; f.changed() }, func() { f.remember() })
	f.grips[1] = newGrip(func(dx float32) { f.panelW -= dx; f.changed() }, func() { f.remember() })
	f.remember, f.folded = func() {}, func() {}
	f.objects = []fyne.CanvasObject{rail, list, item, panel, status, f.lines[0], f.lines[1], f.lines[2], f.lines[3], f.grips[0], f.grips[1]}
	f.place = f.layout
	f.min = func() fyne.Size { return fyne.NewSize(360, 320) }
	f.ExtendBaseWidget(f)
	return f
}

// panelShown reports whether the panel is to be seen.
func (f *frame) panelShown() bool {
	if f.narrow {
		return f.panelOver
	}
	return !f.panelShut
}

// togglePanel folds or unfolds the panel.
func (f *frame) togglePanel() {
	if f.narrow {
		f.panelOver = !f.panelOver
	} else {
		f.panelShut = !f.panelShut
	}
	f.changed()
	f.folded()
}

// turn shows the item or the list where they take turns.
func (f *frame) turn(item bool) {
	if f.onItem == item {
		return
	}
	f.onItem = item
	f.changed()
}

func (f *frame) layout(s fyne.Size) {
	turns, narrow := s.Width < takeTurns, s.Width < foldPanel
	if turns != f.turns || narrow != f.narrow {
		f.turns, f.narrow = turns, narrow
		f.panelOver = false
		f.folded()
	}
	h := s.Height - statusHeight
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		if size := fyne.NewSize(w, h); o.Size() != size {
			o.Resize(size)
		}
		show(o, w > 0)
	}
	put(f.status, 0, h+1, s.Width, statusHeight-1)
	put(f.lines[3], 0, h, s.Width, 1)
	put(f.rail, 0, 0, railWidth-1, h)
	put(f.lines[0], railWidth-1, 0, 1, h)
	for _, o := range f.objects {
		if p, ok := o.(page); ok && o != f.page {
			show(p, false)
		}
	}
	if f.page != nil {
		w := s.Width - railWidth
		aside := f.beside && !f.narrow && !f.panelShut
		if aside {
			pw := min(max(f.panelW, leastPanel), max(leastPanel, w-leastItem))
			w -= pw
			put(f.panel, s.Width-pw, 0, pw, h)
			put(f.lines[2], s.Width-pw-1, 0, 1, h)
		}
		show(f.panel, aside)
		show(f.lines[2], aside)
		put(f.page, railWidth, 0, w, h)
		for _, o := range []fyne.CanvasObject{f.list, f.item, f.lines[1], f.grips[0], f.grips[1]} {
			show(o, false)
		}
		return
	}
	x := float32(railWidth)
	panelW := float32(0)
	if f.panelShown() {
		panelW = min(max(f.panelW, leastPanel), max(leastPanel, s.Width-railWidth-leastItem))
		if f.turns {
			panelW = s.Width - railWidth
		}
	}
	listW := min(max(f.listW, leastList), max(leastList, s.Width-railWidth-panelW-leastItem))
	if f.narrow {
		listW = min(max(f.listW, leastList), max(leastList, s.Width-railWidth-leastItem))
	}
	if f.turns {
		listW = s.Width - railWidth
		if f.onItem {
			listW = 0
		}
	}
	put(f.list, x, 0, listW, h)
	x += listW
	put(f.lines[1], x, 0, lineWidth(listW > 0 && !f.turns), h)
	if listW > 0 && !f.turns {
		x++
	}
	itemW := s.Width - x - panelW
	if f.narrow {
		itemW = s.Width - x // the panel lies over it
	}
	if f.turns && !f.onItem {
		itemW = 0
	}
	put(f.item, x, 0, max(0, itemW), h)
	px := s.Width - panelW
	put(f.panel, px, 0, panelW, h)
	put(f.lines[2], px-1, 0, lineWidth(panelW > 0), h)
	put(f.grips[0], railWidth+listW-3, 0, gripWidth(listW > 0 && !f.turns), h)
	put(f.grips[1], px-4, 0, gripWidth(panelW > 0 && !f.turns), h)
}

func lineWidth(on bool) float32 {
	if on {
		return 1
	}
	return 0
}

func gripWidth(on bool) float32 {
	if on {
		return 7
	}
	return 0
}

// show makes o visible or not, without redrawing what stays as it is.
func show(o fyne.CanvasObject, on bool) {
	if o.Visible() == on {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}

// grip is the edge between two columns that can be dragged.
type grip struct {
	leaf
	move func(dx float32)
	end  func()
}

var (
	_ fyne.Draggable     = (*grip)(nil)
	_ desktop.Cursorable = (*grip)(nil)
)

func newGrip(move func(float32), end func()) *grip {
	g := &grip{move: move, end: end}
	g.ExtendBaseWidget(g)
	return g
}

// Dragged moves the edge.
func (g *grip) Dragged(e *fyne.DragEvent) { g.move(e.Dragged.DX) }

// DragEnd remembers where it is.
func (g *grip) DragEnd() { g.end() }

// Cursor says that it can be dragged.
func (g *grip) Cursor() desktop.Cursor { return desktop.HResizeCursor }
