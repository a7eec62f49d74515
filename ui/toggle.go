package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// toggle is a box to tick, with its words; Space and Enter tick it.
type toggle struct {
	leaf
	keys         keys
	text         string
	on           bool
	one          bool // one of several, of which one is on
	off          bool // can't be changed
	hover, focus bool
	act          func(on bool)
	onFocus      func() // may be nil
	bg           *canvas.Rectangle
	img          *glyph
	words        *label
}

var (
	_ fyne.Focusable    = (*toggle)(nil)
	_ fyne.Tappable     = (*toggle)(nil)
	_ desktop.Hoverable = (*toggle)(nil)
)

func newToggle(k keys, text string, act func(on bool)) *toggle {
	t := &toggle{keys: k, text: text, act: act, bg: canvas.NewRectangle(color.Transparent), img: newGlyph("tick-off", colMuted, 18), words: newLabel(text, sizeBody, colText).fitting()}
	t.bg.CornerRadius = 6
	t.objects = []fyne.CanvasObject{t.bg, t.img, t.words}
	t.place = func(s fyne.Size) {
		t.bg.Resize(s)
		t.img.Move(fyne.NewPos(8, 0))
		t.img.Resize(fyne.NewSize(18, s.Height))
		t.words.Move(fyne.NewPos(32, 0))
		t.words.Resize(fyne.NewSize(max(0, s.Width-40), s.Height))
	}
	t.min = func() fyne.Size { return fyne.NewSize(t.words.widthOf(t.text)+42, 32) }
	t.paint = func() {
		shape := "tick"
		if t.one {
			shape = "dot"
		}
		t.img.name, t.img.ink, t.words.ink = shape+"-off", colMuted, colText
		if t.on {
			t.img.name, t.img.ink = shape+"-on", colAccent
		}
		if t.off {
			t.img.ink, t.words.ink = colMuted, colMuted
		}
		t.words.text = t.text
		t.bg.FillColor, t.bg.StrokeColor, t.bg.StrokeWidth = color.Transparent, color.Transparent, 0
		if t.hover && !t.off {
			t.bg.FillColor = paintOf("button")
		}
		if t.focus {
			t.bg.StrokeColor, t.bg.StrokeWidth = paintOf(colAccent), 2
		}
	}
	t.ExtendBaseWidget(t)
	return t
}

// set shows on or off, without a call of act.
func (t *toggle) set(on bool) {
	if t.on != on {
		t.on = on
		t.changed()
	}
}

// fix says whether it can't be changed.
func (t *toggle) fix(off bool) {
	if t.off != off {
		t.off = off
		t.changed()
	}
}

func (t *toggle) flip() {
	if t.off || t.one && t.on {
		return
	}
	t.on = !t.on
	t.changed()
	t.act(t.on)
}

// Tapped is the mouse.
func (t *toggle) Tapped(*fyne.PointEvent)        { t.flip() }
func (t *toggle) MouseIn(*desktop.MouseEvent)    { t.hover = true; t.changed() }
func (t *toggle) MouseMoved(*desktop.MouseEvent) {}
func (t *toggle) MouseOut()                      { t.hover = false; t.changed() }
func (t *toggle) FocusLost()                     { t.focus = false; t.changed() }

// FocusGained shows where the focus is.
func (t *toggle) FocusGained() {
	t.focus = true
	t.changed()
	if t.onFocus != nil {
		t.onFocus()
	}
}

// TypedKey ticks it on Space and Enter.
func (t *toggle) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		t.flip()
	default:
		t.keys.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (t *toggle) TypedRune(r rune) {
	if r != ' ' {
		t.keys.TypedRune(r)
	}
}
