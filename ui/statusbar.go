package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
)

// statusBar is the line at the bottom: how things are, when they were last so,
// and what is under way. Pressing it shows the problems, or the status page.
type statusBar struct {
	leaf
	w              *window
	bg, ring       *canvas.Rectangle
	sign           *glyph
	text, progress *label
	track, bar     *canvas.Rectangle
	hover, focus   bool
}

var (
	_ fyne.Focusable    = (*statusBar)(nil)
	_ fyne.Tappable     = (*statusBar)(nil)
	_ desktop.Hoverable = (*statusBar)(nil)
)

func newStatusBar(w *window) *statusBar {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	b := &statusBar{
		w: w, bg: rect(), ring: rect(), track: rect(), bar: rect(), sign: newGlyph("", colMuted, 14),
		text: newLabel("", sizeSmall, colText), progress: newLabel("", sizeSmall, colMuted).right(),
	}
	b.track.CornerRadius, b.bar.CornerRadius = 2, 2
	b.objects = []fyne.CanvasObject{b.bg, b.sign, b.text, b.progress, b.track, b.bar, b.ring}
	b.place = b.layout
	b.min = func() fyne.Size { return fyne.NewSize(200, statusHeight-1) }
	b.paint = func() {
		s := w.desk.Status
		b.bg.FillColor = paintOf(colBackground)
		if b.hover {
			b.bg.FillColor = paintOf("button")
		}
		b.ring.StrokeWidth, b.ring.StrokeColor = 0, color.Transparent
		if b.focus {
			b.ring.StrokeWidth, b.ring.StrokeColor = 2, paintOf(colAccent)
		}
		b.track.FillColor, b.bar.FillColor = paintOf(colLine), paintOf(colInfo)
		b.track.Hidden = s.Progress == "" || s.Fraction < 0
		b.bar.Hidden = b.track.Hidden
		b.sign.name, b.sign.ink = s.Symbol, tone(s.Tone)
		b.text.text, b.text.ink = s.Text, colText
		if len(s.Problems) > 0 && s.Phase != agent.Paused {
			b.text.ink = tone(s.Tone)
		}
		b.progress.text = s.Progress
	}
	b.ExtendBaseWidget(b)
	return b
}

func (b *statusBar) layout(s fyne.Size) {
	b.bg.Resize(s)
	b.ring.Resize(s)
	right := s.Width - 16
	if !b.track.Hidden {
		const long = 120
		b.track.Resize(fyne.NewSize(long, 4))
		b.track.Move(fyne.NewPos(right-long, (s.Height-4)/2))
		b.bar.Resize(fyne.NewSize(long*float32(b.w.desk.Status.Fraction), 4))
		b.bar.Move(b.track.Position())
		right -= long + 12
	}
	pw := min(b.progress.widthOf(b.progress.text), s.Width*0.4)
	b.progress.Move(fyne.NewPos(right-pw, 0))
	b.progress.Resize(fyne.NewSize(pw, s.Height))
	if pw > 0 {
		right -= pw + 16
	}
	b.sign.Move(fyne.NewPos(14, 0))
	b.sign.Resize(fyne.NewSize(16, s.Height))
	b.text.Move(fyne.NewPos(38, 0))
	b.text.Resize(fyne.NewSize(max(0, right-38), s.Height))
}

func (b *statusBar) redraw() { b.changed() }

func (b *statusBar) press() {
	if len(b.w.desk.Status.Problems) > 0 {
		b.w.showProblems()
		return
	}
	if b.w.showing(b.w.health) {
		b.w.showPage(nil)
		return
	}
	b.w.showPage(b.w.health)
}

// Tapped shows the problems, or the status page.
func (b *statusBar) Tapped(*fyne.PointEvent)        { b.press() }
func (b *statusBar) MouseIn(*desktop.MouseEvent)    { b.hover = true; b.changed() }
func (b *statusBar) MouseMoved(*desktop.MouseEvent) {}
func (b *statusBar) MouseOut()                      { b.hover = false; b.changed() }
func (b *statusBar) FocusGained()                   { b.focus = true; b.changed() }
func (b *statusBar) FocusLost()                     { b.focus = false; b.changed() }

// TypedKey presses it on Enter and Space.
func (b *statusBar) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.press()
	default:
		b.w.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (b *statusBar) TypedRune(r rune) {
	if r != ' ' {
		b.w.TypedRune(r)
	}
}
