package ui

import (
	"image/color"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"postrider/ui/view"
)

// prose draws blocks of a message: it breaks lines itself, so that a body costs
// one object for each run of each line and nothing else. It never loads anything; a
// link is followed only through follow, when the user asks.
type prose struct {
	leaf
	blocks []view.Block
	follow func(link string)
	hints  *hints
	width  float32 // that the lines were broken for
	height float32
}

const (
	proseLine = 20 // pixels from line to line
	quoteStep = 14
	listStep  = 20
)

func newProse(blocks []view.Block, h *hints, follow func(string)) *prose {
	p := &prose{blocks: blocks, hints: h, follow: follow, width: -1}
	p.place = func(s fyne.Size) { p.heightFor(s.Width) }
	p.min = func() fyne.Size { return fyne.NewSize(60, p.height) }
	p.paint = func() { p.width = -1 }
	p.ExtendBaseWidget(p)
	return p
}

// heightFor breaks the lines for a width and returns how high they are.
func (p *prose) heightFor(width float32) float32 {
	if width == p.width || width < 40 {
		return p.height
	}
	p.width = width
	s := setter{p: p, width: width}
	for i, b := range p.blocks {
		s.block(b, i == 0)
	}
	p.objects, p.height = s.objects, s.y
	return p.height
}

// setter sets blocks into lines.
type setter struct {
	p       *prose
	width   float32
	objects []fyne.CanvasObject
	x, y    float32
	indent  float32
	height  float32 // of a line
	size    float32
	ink     color.Color
	quote   int
}

func (s *setter) block(b view.Block, first bool) {
	if b.Gap && !first {
		s.y += 10
	}
	s.quote = b.Quote
	s.indent = float32(b.Quote)*quoteStep + float32(b.Indent)*listStep
	s.size, s.height, s.ink = theme.Size(sizeBody), proseLine, paintOf(colText)
	if b.Quote > 0 {
		s.ink = paintOf(colMuted)
	}
	if s.indent > s.width/2 {
		s.indent = s.width / 2
	}
	top := s.y
	switch b.Kind {
	case view.Rule:
		r := canvas.NewRectangle(paintOf(colLine))
		r.Resize(fyne.NewSize(min(120, s.width-s.indent), 1))
		r.Move(fyne.NewPos(s.indent, s.y+6))
		s.objects = append(s.objects, r)
		s.y += 12
		return
	case view.Heading:
		s.size = 15
		s.height = 24
	}
	if b.Marker != "" {
		t := s.text(b.Marker, fyne.TextStyle{}, paintOf(colMuted))
		t.Move(fyne.NewPos(max(0, s.indent-t.MinSize().Width-6), s.y))
	}
	s.x = s.indent
	for _, r := range b.Runs {
		s.run(r, b.Kind)
	}
	s.y += s.height
	for q := range b.Quote {
		bar := canvas.NewRectangle(paintOf(colLine))
		bar.Resize(fyne.NewSize(2, s.y-top+2))
		bar.Move(fyne.NewPos(float32(q)*quoteStep, top-1))
		s.objects = append(s.objects, bar)
	}
}

func (s *setter) run(r view.Run, kind view.BlockKind) {
	style := fyne.TextStyle{Bold: r.Bold || kind == view.Heading, Italic: r.Italic, Monospace: r.Mono || kind == view.Fixed}
	ink := s.ink
	if r.Faint {
		ink = paintOf(colMuted)
	}
	measure := func(t string) float32 { return textWidth(t, s.size, style) }
	rest := r.Text
	for rest != "" {
		room := s.width - s.x
		if len(rest) < 600 && measure(rest) <= room {
			s.put(rest, r.Link, style, ink)
			return
		}
		if first := rest[:nextBreak(rest, 0)]; s.x > s.indent && len(first) <= 4 && strings.Trim(first, ".,;:!?)]}”’…' ") == "" {
			s.put(first, r.Link, style, ink) // punctuation hangs over
			rest = rest[len(first):]
			continue
		}
		n := 0
		if room > 40 || s.x == s.indent {
			n = s.fits(rest, room, measure)
		}
		if n > 0 {
			s.put(strings.TrimRight(rest[:n], " "), r.Link, style, ink)
			rest = rest[n:]
		}
		rest = strings.TrimLeft(rest, " ")
		s.x = s.indent
		s.y += s.height
	}
}

// fits is how many bytes of t go on this line; 0: begin a new line first.
func (s *setter) fits(t string, room float32, measure func(string) float32) int {
	// a guess from the whole text's average keeps the measuring short
	if len(t) > 400 {
		end := 400
		for end < len(t) && t[end]&0xc0 == 0x80 {
			end++
		}
		t = t[:end]
	}
	word := nextBreak(t, 0)
	if measure(strings.TrimRight(t[:word], " ")) > room && s.x > s.indent {
		return 0
	}
	return fitting(t, room, measure)
}

func (s *setter) text(t string, style fyne.TextStyle, ink color.Color) *canvas.Text {
	c := canvas.NewText(t, ink)
	c.TextSize, c.TextStyle = s.size, style
	c.Resize(c.MinSize())
	s.objects = append(s.objects, c)
	return c
}

func (s *setter) put(t, link string, style fyne.TextStyle, ink color.Color) {
	if t == "" {
		return
	}
	w := textWidth(t, s.size, style)
	if link == "" || strings.TrimSpace(t) == "" {
		s.text(t, style, ink).Move(fyne.NewPos(s.x, s.y))
	} else {
		l := newLinkText(t, link, s.size, style, s.p.hints, s.p.follow)
		l.Move(fyne.NewPos(s.x, s.y))
		l.Resize(fyne.NewSize(w, s.height))
		s.objects = append(s.objects, l)
	}
	s.x += w
}

// linkText is the part of a link that is on one line.
type linkText struct {
	leaf
	link   string
	hints  *hints
	follow func(string)
}

var (
	_ fyne.Tappable      = (*linkText)(nil)
	_ desktop.Cursorable = (*linkText)(nil)
	_ desktop.Hoverable  = (*linkText)(nil)
)

func newLinkText(text, link string, size float32, style fyne.TextStyle, h *hints, follow func(string)) *linkText {
	l := &linkText{link: link, hints: h, follow: follow}
	t := canvas.NewText(text, color.Black)
	t.TextSize, t.TextStyle = size, style
	under := canvas.NewRectangle(color.Transparent)
	l.objects = []fyne.CanvasObject{t, under}
	l.place = func(s fyne.Size) {
		t.Resize(t.MinSize())
		under.Resize(fyne.NewSize(s.Width, 1))
		under.Move(fyne.NewPos(0, t.MinSize().Height-1))
	}
	l.paint = func() {
		t.Color = paintOf(colInfo)
		under.FillColor = paintOf(colInfo)
	}
	l.min = func() fyne.Size { return t.MinSize() }
	l.ExtendBaseWidget(l)
	return l
}

func (l *linkText) Tapped(*fyne.PointEvent) { l.follow(l.link) }

func (l *linkText) Cursor() desktop.Cursor { return desktop.PointerCursor }

func (l *linkText) MouseIn(e *desktop.MouseEvent) {
	l.hints.soon(shortLink(l.link), e.AbsolutePosition)
}

func (l *linkText) MouseMoved(*desktop.MouseEvent) {}

func (l *linkText) MouseOut() { l.hints.hide() }

// shortLink is a link as it is shown before it is followed: the host always whole.
func shortLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return view.OneLine(link, 100)
	}
	return u.Host + view.OneLine(strings.TrimPrefix(link, u.Scheme+"://"+u.Host), 60)
}
