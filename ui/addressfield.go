package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// addressField is a field of recipients: those that are complete stand in it as
// small named things, the next one is typed behind them. All of it by keyboard:
// Enter or a comma takes what is typed, Down and Enter an offer, Backspace goes
// back into the ones before.
type addressField struct {
	leaf
	w     *window
	model *view.Recipients
	out   func(*fyne.KeyEvent) // keys that it has no use for
	next  func()               // Enter with nothing typed
	offer func(*addressField)  // offers are to be shown, or no longer

	bg    *canvas.Rectangle
	line  *entry
	room  fyne.CanvasObject // line, in its own looks
	chips []*personChip
	pick  int // chip that the keys act on; -1: none
	width float32
}

const (
	chipHeight  = 24
	leastTyping = 88
)

func newAddressField(w *window) *addressField {
	f := &addressField{w: w, pick: -1, bg: canvas.NewRectangle(color.Transparent), line: newEntry(false)}
	f.bg.CornerRadius = 6
	f.room = bare(f.line)
	f.line.onKey, f.line.onRune = f.key, func() { f.choose(-1) }
	f.line.takesTab = func() bool { return f.model != nil && len(f.model.Offers) > 0 }
	f.line.onFocus = f.focused
	f.line.onShortcut = w.composeShortcut
	f.line.OnChanged = func(s string) {
		if f.model != nil {
			f.model.Type(s)
		}
	}
	f.place = func(s fyne.Size) { f.arrange(s.Width, true); f.bg.Resize(s) }
	f.min = func() fyne.Size { return fyne.NewSize(200, f.arrange(f.width, false)) }
	f.paint = func() {
		f.bg.FillColor, f.bg.StrokeColor, f.bg.StrokeWidth = paintOf(colSurface), paintOf(colScroll), 1
		if f.hasFocus() {
			f.bg.StrokeColor, f.bg.StrokeWidth = paintOf(colAccent), 2
		}
	}
	f.objects = []fyne.CanvasObject{f.bg, f.room}
	f.ExtendBaseWidget(f)
	return f
}

func (f *addressField) hasFocus() bool { return f.w.canvas.Focused() == fyne.Focusable(f.line) }

// bind shows the recipients of a model.
func (f *addressField) bind(m *view.Recipients) {
	f.model, f.pick = m, -1
	f.redraw()
}

// redraw shows the recipients as they are now.
func (f *addressField) redraw() {
	f.chips = f.chips[:0]
	f.objects = []fyne.CanvasObject{f.bg}
	f.pick = min(f.pick, len(f.model.List)-1)
	for i, r := range f.model.List {
		c := newPersonChip(f, r, i == f.pick, func() { f.model.Remove(i) }, func() { f.model.Edit(i); f.w.canvas.Focus(f.line) })
		f.chips = append(f.chips, c)
		f.objects = append(f.objects, c)
	}
	f.objects = append(f.objects, f.room)
	if f.line.Text != f.model.Text {
		f.line.SetText(f.model.Text)
		f.line.CursorColumn = len([]rune(f.model.Text))
	}
	f.changed()
	f.offer(f)
}

func (f *addressField) heightFor(width float32) float32 { return f.arrange(width, false) }

func (f *addressField) arrange(width float32, place bool) float32 {
	if width <= 0 {
		width = 400
	}
	if place {
		f.width = width
	}
	const pad, gap = 4, 4
	x, y := float32(pad), float32(pad)
	for _, c := range f.chips {
		w := min(c.MinSize().Width, width-2*pad)
		if x > pad && x+w > width-pad {
			x, y = pad, y+chipHeight+gap
		}
		if place {
			c.Move(fyne.NewPos(x, y))
			c.Resize(fyne.NewSize(w, chipHeight))
		}
		x += w + gap
	}
	if x > pad && x+leastTyping > width-pad {
		x, y = pad, y+chipHeight+gap
	}
	if place {
		f.room.Move(fyne.NewPos(x, y-1))
		f.room.Resize(fyne.NewSize(width-pad-x, chipHeight+2))
	}
	return y + chipHeight + pad
}

// under is the place for offers, seen from the field.
func (f *addressField) under() fyne.Position {
	return fyne.NewPos(f.room.Position().X, f.Size().Height+2)
}

func (f *addressField) focused(on bool) {
	if !on && f.model != nil {
		f.pick = -1
		f.model.Commit()
		f.redraw()
	}
	f.changed()
}

func (f *addressField) choose(i int) {
	if f.pick != i {
		f.pick = i
		f.redraw()
	}
}

// key takes the keys that are about recipients and offers.
func (f *addressField) key(e *fyne.KeyEvent) bool {
	m := f.model
	if m == nil {
		return false
	}
	atStart := f.line.CursorColumn == 0 && f.line.SelectedText() == ""
	switch e.Name {
	case fyne.KeyUp, fyne.KeyDown:
		by := map[fyne.KeyName]int{fyne.KeyUp: -1, fyne.KeyDown: 1}[e.Name]
		if !m.Move(by) {
			f.out(e)
		}
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab:
		f.take(e)
	case fyne.KeyEscape:
		switch {
		case m.Shut():
		case f.pick >= 0:
			f.choose(-1)
		default:
			f.out(e)
		}
	case fyne.KeyBackspace, fyne.KeyDelete:
		switch {
		case f.pick >= 0:
			i := f.pick
			f.pick = min(i, len(m.List)-2)
			if e.Name == fyne.KeyBackspace && f.pick == i {
				f.pick--
			}
			m.Remove(i)
		case e.Name == fyne.KeyBackspace && atStart && len(m.List) > 0:
			f.choose(len(m.List) - 1)
		default:
			return false
		}
	case fyne.KeyLeft:
		switch {
		case f.pick > 0:
			f.choose(f.pick - 1)
		case f.pick < 0 && atStart && len(m.List) > 0:
			f.choose(len(m.List) - 1)
		default:
			return f.pick == 0
		}
	case fyne.KeyRight:
		if f.pick < 0 {
			return false
		}
		f.choose(f.pick + 1)
		if f.pick >= len(m.List) {
			f.choose(-1)
		}
	default:
		return false
	}
	return true
}

func (f *addressField) take(e *fyne.KeyEvent) {
	m := f.model
	switch {
	case f.pick >= 0:
		i := f.pick
		f.pick = -1
		m.Edit(i)
	case len(m.Offers) > 0 && m.At >= 0:
		m.Take(m.At)
	case m.Commit():
	case e.Name != fyne.KeyTab:
		f.next()
	}
}

// personChip is one recipient in its field: pressing it edits it, pressing its
// cross takes it away.
type personChip struct {
	leaf
	stay
	hints        *hints
	hint         string
	remove, edit func()
}

var (
	_ fyne.Tappable     = (*personChip)(nil)
	_ desktop.Hoverable = (*personChip)(nil)
)

func newPersonChip(f *addressField, r view.Recipient, picked bool, remove, edit func()) *personChip {
	c := &personChip{hints: f.w.hints, hint: r.Hint(), remove: remove, edit: edit}
	fill, line, ink, icon := colBackground, colLine, colText, r.Symbol
	if r.Problem != "" {
		line, ink, icon = colWarn, colWarn, string(view.SignAttention)
	}
	if picked {
		fill, line = colAccentSoft, colAccent
	}
	bg, img, words, cross := newBox(fill, line, 6), newGlyph(icon, colMuted, 13), newLabel(r.Label, sizeBody, ink), newGlyph("close", colMuted, 12)
	if r.Problem != "" {
		img.ink = colWarn
	}
	c.objects = []fyne.CanvasObject{bg, img, words, cross}
	left := float32(8)
	if icon != "" {
		left = 26
	}
	c.place = func(s fyne.Size) {
		bg.Resize(s)
		img.Move(fyne.NewPos(8, 0))
		img.Resize(fyne.NewSize(13, s.Height))
		words.Move(fyne.NewPos(left, 0))
		words.Resize(fyne.NewSize(max(0, s.Width-left-chipCross), s.Height))
		cross.Move(fyne.NewPos(s.Width-chipCross+2, 0))
		cross.Resize(fyne.NewSize(12, s.Height))
	}
	c.min = func() fyne.Size {
		return fyne.NewSize(min(320, left+words.widthOf(r.Label)+chipCross+2), chipHeight)
	}
	c.ExtendBaseWidget(c)
	return c
}

const chipCross = 20

// Tapped edits the recipient, or takes it away.
func (c *personChip) Tapped(e *fyne.PointEvent) {
	c.hints.hide()
	if e.Position.X > c.Size().Width-chipCross {
		c.remove()
		return
	}
	c.edit()
}

func (c *personChip) MouseIn(e *desktop.MouseEvent)  { c.hints.soon(c.hint, e.AbsolutePosition) }
func (c *personChip) MouseMoved(*desktop.MouseEvent) {}
func (c *personChip) MouseOut()                      { c.hints.hide() }

// stay is for what can be pressed while the focus stays where it is: the toolkit
// takes the focus away for a press on anything that could not have it, and Tab
// passes by what is disabled.
type stay struct{}

func (stay) FocusGained()            {}
func (stay) FocusLost()              {}
func (stay) TypedRune(rune)          {}
func (stay) TypedKey(*fyne.KeyEvent) {}
func (stay) Enable()                 {}
func (stay) Disable()                {}
func (stay) Disabled() bool          { return true }
