package ui

import (
	"bytes"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"postrider/assets"
)

// leaf is the base of our own widgets: a fixed set of objects, and functions that
// place, measure and paint them. paint takes the colours from the theme, so that a
// change of theme reaches everything.
type leaf struct {
	widget.BaseWidget
	objects []fyne.CanvasObject
	place   func(size fyne.Size)
	min     func() fyne.Size
	paint   func()
}

// CreateRenderer is the toolkit's way in.
func (l *leaf) CreateRenderer() fyne.WidgetRenderer {
	if l.paint != nil {
		l.paint()
	}
	return &leafRenderer{l}
}

// changed repaints and places anew.
func (l *leaf) changed() { l.Refresh() }

type leafRenderer struct{ l *leaf }

func (r *leafRenderer) Destroy()                     {}
func (r *leafRenderer) Objects() []fyne.CanvasObject { return r.l.objects }
func (r *leafRenderer) Layout(s fyne.Size) {
	if r.l.place != nil {
		r.l.place(s)
	}
}

func (r *leafRenderer) MinSize() fyne.Size {
	if r.l.min == nil {
		return fyne.Size{}
	}
	return r.l.min()
}

func (r *leafRenderer) Refresh() {
	if r.l.paint != nil {
		r.l.paint()
	}
	r.Layout(r.l.Size())
	for _, o := range r.l.objects {
		o.Refresh()
	}
}

// paintOf is a colour of the theme in use.
func paintOf(n fyne.ThemeColorName) color.Color { return theme.Color(n) }

// symbol is a drawing from package assets in a colour of the theme.
type symbol struct {
	name string
	ink  fyne.ThemeColorName
}

var _ fyne.ThemedResource = symbol{}

func (s symbol) inkHex() string {
	c := color.NRGBAModel.Convert(theme.Color(s.ink)).(color.NRGBA)
	const digits = "0123456789abcdef"
	b := []byte{'#'}
	for _, v := range []uint8{c.R, c.G, c.B} {
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}

// Name is different for each colour: the toolkit keeps drawings by name.
func (s symbol) Name() string { return s.name + strings.TrimPrefix(s.inkHex(), "#") + ".svg" }

func (s symbol) Content() []byte {
	return bytes.ReplaceAll(assets.Symbol(s.name), []byte(assets.Ink), []byte(s.inkHex()))
}

func (s symbol) ThemeColorName() fyne.ThemeColorName { return s.ink }

// glyph is a symbol on the canvas.
type glyph struct {
	leaf
	name string
	ink  fyne.ThemeColorName
	side float32
	img  *canvas.Image
}

func newGlyph(name string, ink fyne.ThemeColorName, side float32) *glyph {
	g := &glyph{name: name, ink: ink, side: side, img: &canvas.Image{FillMode: canvas.ImageFillContain}}
	g.objects = []fyne.CanvasObject{g.img}
	g.place = func(s fyne.Size) {
		d := min(g.side, s.Height, s.Width)
		g.img.Resize(fyne.NewSquareSize(d))
		g.img.Move(fyne.NewPos((s.Width-d)/2, (s.Height-d)/2))
	}
	g.min = func() fyne.Size { return fyne.NewSquareSize(g.side) }
	g.paint = func() {
		if g.name == "" {
			g.img.Resource = nil
			g.img.Hide()
			return
		}
		g.img.Show()
		g.img.Resource = symbol{g.name, g.ink}
	}
	g.ExtendBaseWidget(g)
	return g
}

// label is a text on one line, cut with an ellipsis where it does not fit, or on
// several where wrap says how many at most.
type label struct {
	leaf
	text  string
	size  fyne.ThemeSizeName
	ink   fyne.ThemeColorName
	style fyne.TextStyle
	align fyne.TextAlign
	wrap  int     // lines at most; 0 or 1: one
	least float32 // width that it wants at least; 0: its own where short
	fit   bool    // wants the width of its whole text
	line  *canvas.Text
	more  []*canvas.Text
	width float32 // that the lines were broken for
}

func newLabel(text string, size fyne.ThemeSizeName, ink fyne.ThemeColorName) *label {
	l := &label{text: text, size: size, ink: ink, line: canvas.NewText("", color.Black)}
	l.objects = []fyne.CanvasObject{l.line}
	l.place, l.min, l.paint = l.layout, l.measure, l.repaint
	l.ExtendBaseWidget(l)
	return l
}

func (l *label) bold() *label             { l.style.Bold = true; return l }
func (l *label) fitting() *label          { l.fit = true; return l }
func (l *label) lines(n int) *label       { l.wrap = n; return l }
func (l *label) right() *label            { l.align = fyne.TextAlignTrailing; l.fit = true; return l }
func (l *label) center() *label           { l.align = fyne.TextAlignCenter; return l }
func (l *label) textSize() float32        { return theme.Size(l.size) }
func (l *label) lineHeight() float32      { return lineHeight(l.textSize()) }
func (l *label) widthOf(s string) float32 { return textWidth(s, l.textSize(), l.style) }

func (l *label) set(text string, ink fyne.ThemeColorName) {
	if text == l.text && ink == l.ink {
		return
	}
	l.text, l.ink = text, ink
	l.width = -1
	l.changed()
}

func (l *label) repaint() {
	for _, t := range append([]*canvas.Text{l.line}, l.more...) {
		t.Color = paintOf(l.ink)
		t.TextSize, t.TextStyle = l.textSize(), l.style
	}
	l.width = -1
}

func (l *label) layout(s fyne.Size) {
	h := l.lineHeight()
	if l.width != s.Width {
		l.width = s.Width
		l.breakLines(s.Width)
	}
	all := append([]*canvas.Text{l.line}, l.more...)
	y := max(0, (s.Height-h*float32(len(all)))/2)
	if len(all) > 1 {
		y = 0
	}
	for i, t := range all {
		x, w := float32(0), t.MinSize().Width
		switch l.align {
		case fyne.TextAlignTrailing:
			x = s.Width - w
		case fyne.TextAlignCenter:
			x = (s.Width - w) / 2
		}
		t.Move(fyne.NewPos(max(0, x), y+float32(i)*h))
		t.Resize(fyne.NewSize(w, h))
	}
}

func (l *label) breakLines(width float32) {
	lines := []string{l.text}
	if l.wrap > 1 {
		lines = wrapWords(l.text, width, l.widthOf, l.wrap)
	}
	for i, s := range lines {
		lines[i] = ellipsis(s, width, l.widthOf)
	}
	l.line.Text = lines[0]
	l.more = l.more[:0]
	l.objects = l.objects[:1]
	for _, s := range lines[1:] {
		t := canvas.NewText(s, paintOf(l.ink))
		t.TextSize, t.TextStyle = l.textSize(), l.style
		l.more = append(l.more, t)
		l.objects = append(l.objects, t)
	}
}

func (l *label) measure() fyne.Size {
	n := 1 + len(l.more)
	w := l.least
	if l.fit {
		w = l.widthOf(l.text)
	}
	return fyne.NewSize(w, l.lineHeight()*float32(n))
}

// heightFor is the height at a width.
func (l *label) heightFor(width float32) float32 {
	if l.width != width {
		l.width = width
		l.breakLines(width)
	}
	return l.measure().Height
}

// box is a filled rectangle, with a line around it where edge is set.
type box struct {
	leaf
	fill, edge fyne.ThemeColorName
	rect       *canvas.Rectangle
}

func newBox(fill, edge fyne.ThemeColorName, radius float32) *box {
	b := &box{fill: fill, edge: edge, rect: canvas.NewRectangle(color.Transparent)}
	b.rect.CornerRadius = radius
	b.objects = []fyne.CanvasObject{b.rect}
	b.place = func(s fyne.Size) { b.rect.Resize(s) }
	b.paint = func() {
		b.rect.FillColor, b.rect.StrokeColor, b.rect.StrokeWidth = color.Transparent, color.Transparent, 0
		if b.fill != "" {
			b.rect.FillColor = paintOf(b.fill)
		}
		if b.edge != "" {
			b.rect.StrokeColor, b.rect.StrokeWidth = paintOf(b.edge), 1
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// newLine is a separator, one pixel high or wide as it is laid out.
func newLine() *box {
	b := newBox(colLine, "", 0)
	b.min = func() fyne.Size { return fyne.NewSize(1, 1) }
	return b
}
