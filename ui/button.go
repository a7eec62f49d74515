package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

// weight is how loud a button is.
type weight int

const (
	quiet   weight = iota // words only, until the pointer is there
	plain                 // on a ground of its own
	primary               // the one that matters; at most one a view
	risky                 // deletes something
	onInk                 // on a toast
)

// keys takes what a focused control does not use itself, so that shortcuts work
// wherever the focus is.
type keys interface {
	TypedKey(*fyne.KeyEvent)
	TypedRune(rune)
}

// button is our button: 32 high, words and symbol, visible focus; Enter and Space
// press it.
type button struct {
	leaf
	keys    keys
	text    string
	icon    string
	weight  weight
	act     func()
	onFocus func() // may be nil
	hint    string
	hints   *hints
	off     bool
	hover   bool
	focus   bool
	small   bool
	left    bool // words at the left
	bg      *canvas.Rectangle
	ring    *canvas.Rectangle
	img     *glyph
	words   *label
	trailer *glyph
}

var (
	_ fyne.Focusable    = (*button)(nil)
	_ fyne.Tappable     = (*button)(nil)
	_ desktop.Hoverable = (*button)(nil)
)

func newButton(k keys, text, icon string, w weight, act func()) *button {
	b := &button{
		keys: k, text: text, icon: icon, weight: w, act: act,
		bg: canvas.NewRectangle(color.Transparent), ring: canvas.NewRectangle(color.Transparent),
		img: newGlyph(icon, colText, 16), words: newLabel(text, sizeBody, colText).fitting(), trailer: newGlyph("", colMuted, 14),
	}
	b.bg.CornerRadius, b.ring.CornerRadius = 6, 6
	b.objects = []fyne.CanvasObject{b.bg, b.img, b.words, b.trailer, b.ring}
	b.place, b.min, b.paint = b.layout, b.measure, b.repaint
	b.ExtendBaseWidget(b)
	return b
}

func (b *button) height() float32 {
	if b.small {
		return 24
	}
	return 32
}

func (b *button) measure() fyne.Size {
	w := float32(0)
	if b.text != "" {
		w = b.words.MinSize().Width + 24
		if b.icon != "" {
			w += 20
		}
		if b.small {
			w -= 8
		}
	} else {
		w = b.height()
	}
	if b.trailer.name != "" {
		w += 18
	}
	return fyne.NewSize(w, b.height())
}

func (b *button) layout(s fyne.Size) {
	b.bg.Resize(s)
	b.ring.Resize(s)
	if b.text == "" {
		b.words.Resize(fyne.Size{})
		b.img.Resize(s)
		b.img.Move(fyne.Position{})
		return
	}
	pad := float32(12)
	if b.small {
		pad = 8
	}
	right := s.Width - pad
	if b.trailer.name != "" {
		b.trailer.Resize(fyne.NewSize(14, s.Height))
		b.trailer.Move(fyne.NewPos(right-14, 0))
		right -= 18
	}
	w := b.words.MinSize().Width
	x := pad
	if b.icon != "" {
		x += 20
	}
	if !b.left {
		x = max(x, (s.Width-w+map[bool]float32{true: 20}[b.icon != ""])/2)
	}
	if b.icon != "" {
		b.img.Resize(fyne.NewSize(16, s.Height))
		b.img.Move(fyne.NewPos(x-20, 0))
	}
	b.words.Resize(fyne.NewSize(min(w, max(0, right-x)), s.Height))
	b.words.Move(fyne.NewPos(x, 0))
}

func (b *button) colors() (ink, ground fyne.ThemeColorName) {
	switch b.weight {
	case primary:
		return colOnAccent, colAccent
	case risky:
		return colSurface, colDanger
	case plain:
		return colText, "button"
	case onInk:
		return colInkLink, ""
	}
	if b.hover || b.focus {
		return colText, "button"
	}
	return colText, ""
}

func (b *button) repaint() {
	ink, ground := b.colors()
	if b.off {
		ink = "disabled"
		if ground != "" {
			ground = "button"
		}
	}
	b.bg.FillColor = color.Transparent
	if ground != "" {
		b.bg.FillColor = paintOf(ground)
	}
	if b.hover && !b.off && b.weight != quiet && b.weight != onInk {
		b.bg.FillColor = shaded(b.bg.FillColor)
	}
	b.ring.StrokeColor, b.ring.StrokeWidth = color.Transparent, 0
	if b.focus {
		ring := colAccent
		if b.weight == primary || b.weight == risky {
			ring = colText
		}
		if b.weight == onInk {
			ring = colInkLink
		}
		b.ring.StrokeColor, b.ring.StrokeWidth = paintOf(ring), 2
	}
	b.img.name, b.img.ink = b.icon, ink
	b.words.text, b.words.ink = b.text, ink
	b.words.style.Bold = b.weight == primary || b.weight == onInk
	if b.small {
		b.words.size = sizeSmall
	}
}

// shaded is a colour a little nearer to the middle, for a pressed or hovered ground.
func shaded(c color.Color) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	f := func(v uint8) uint8 {
		if int(n.R)+int(n.G)+int(n.B) > 384 {
			return uint8(int(v) * 95 / 100)
		}
		return uint8(min(255, int(v)+14))
	}
	return color.NRGBA{f(n.R), f(n.G), f(n.B), n.A}
}

func (b *button) set(text, icon string, w weight) {
	if text == b.text && icon == b.icon && w == b.weight {
		return
	}
	b.text, b.icon, b.weight = text, icon, w
	b.changed()
}

func (b *button) press() {
	if !b.off && b.act != nil {
		if b.hints != nil {
			b.hints.hide()
		}
		b.act()
	}
}

// Tapped is the mouse.
func (b *button) Tapped(*fyne.PointEvent) { b.press() }

// MouseIn shows that it can be pressed.
func (b *button) MouseIn(e *desktop.MouseEvent) {
	b.hover = true
	b.changed()
	if b.hints != nil && b.hint != "" {
		b.hints.soon(b.hint, e.AbsolutePosition)
	}
}

// MouseMoved is not used.
func (b *button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is the end of MouseIn.
func (b *button) MouseOut() {
	b.hover = false
	b.changed()
	if b.hints != nil {
		b.hints.hide()
	}
}

// FocusGained shows the ring.

// FocusLost hides the ring.
func (b *button) FocusLost() { b.focus = false; b.changed() }

// TypedKey presses the button, or goes on to the window.
func (b *button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.press()
	default:
		b.keys.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (b *button) TypedRune(r rune) {
	if r != ' ' {
		b.keys.TypedRune(r)
	}
}

// FocusGained shows where the focus is.
func (b *button) FocusGained() {
	b.focus = true
	b.changed()
	if b.onFocus != nil {
		b.onFocus()
	}
}
