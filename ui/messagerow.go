package ui

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// rowHeight is that of a message in the list: three lines.
const rowHeight = 64

// messageRow is one message of the list: sender and time, subject, state.
type messageRow struct {
	leaf
	row                        view.Row
	loaded                     bool
	chosen, marked, cursor     bool
	hover                      bool
	tap                        func()
	menu                       func(fyne.Position)
	hints                      *hints
	bg, edge, ring, line       *canvas.Rectangle
	who, when, subject, state  *label
	clips                      *label
	sign, clip, tick           *glyph
	skeletonA, skeletonB, skel *canvas.Rectangle
}

var (
	_ fyne.Tappable          = (*messageRow)(nil)
	_ fyne.SecondaryTappable = (*messageRow)(nil)
	_ desktop.Hoverable      = (*messageRow)(nil)
)

func newMessageRow(h *hints) *messageRow {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	r := &messageRow{
		hints: h, bg: rect(), edge: rect(), ring: rect(), line: rect(), skeletonA: rect(), skeletonB: rect(), skel: rect(),
		who: newLabel("", sizeBody, colText).bold(), when: newLabel("", sizeSmall, colMuted).right(),
		subject: newLabel("", sizeBody, colText), state: newLabel("", sizeSmall, colMuted), clips: newLabel("", sizeSmall, colMuted).right(),
		sign: newGlyph("", colMuted, 13), clip: newGlyph("", colMuted, 13), tick: newGlyph("", colAccent, 14),
	}
	r.ring.CornerRadius = 4
	for _, s := range []*canvas.Rectangle{r.skel, r.skeletonA, r.skeletonB} {
		s.CornerRadius = 4
	}
	r.objects = []fyne.CanvasObject{r.bg, r.line, r.edge, r.skel, r.skeletonA, r.skeletonB, r.who, r.when, r.subject, r.sign, r.state, r.clips, r.clip, r.tick, r.ring}
	r.place, r.paint = r.layout, r.repaint
	r.min = func() fyne.Size { return fyne.NewSize(120, rowHeight) }
	r.ExtendBaseWidget(r)
	return r
}

// set shows a row; loaded is false while it is being read.
func (r *messageRow) set(row view.Row, loaded, chosen, marked, cursor bool) {
	if r.loaded == loaded && r.row == row && r.chosen == chosen && r.marked == marked && r.cursor == cursor {
		return
	}
	r.row, r.loaded, r.chosen, r.marked, r.cursor = row, loaded, chosen, marked, cursor
	r.changed()
}

func (r *messageRow) layout(s fyne.Size) {
	const left, right = 14, 12
	r.bg.Resize(s)
	r.line.Resize(fyne.NewSize(s.Width, 1))
	r.line.Move(fyne.NewPos(0, s.Height-1))
	r.edge.Resize(fyne.NewSize(3, s.Height-1))
	r.ring.Resize(fyne.NewSize(s.Width-2, s.Height-3))
	r.ring.Move(fyne.NewPos(1, 1))
	x := float32(left)
	if r.marked {
		r.tick.Resize(fyne.NewSize(14, 18))
		r.tick.Move(fyne.NewPos(x, 6))
		x += 18
	}
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), h))
	}
	ww := r.when.MinSize().Width
	end := s.Width - right
	put(r.when, end-ww, 6, ww, 18)
	put(r.who, x, 6, end-ww-8-x, 18)
	put(r.subject, left, 24, end-left, 18)
	cw := float32(0)
	if r.row.Clips > 0 {
		nw := r.clips.MinSize().Width
		put(r.clip, end-13, 42, 13, 16)
		put(r.clips, end-13-2-nw, 42, nw, 16)
		cw = 13 + 2 + nw + 8
	}
	put(r.sign, left, 42, 13, 16)
	put(r.state, left+19, 42, end-cw-left-19, 16)
	put(r.skel, left, 11, min(150, s.Width/2), 8)
	put(r.skeletonA, left, 29, min(230, s.Width-60), 8)
	put(r.skeletonB, left, 47, 90, 6)
}

func (r *messageRow) repaint() {
	fill := color.Color(color.Transparent)
	switch {
	case r.chosen:
		fill = paintOf(colAccentSoft)
	case r.hover:
		fill = paintOf(colHover)
	}
	r.bg.FillColor = fill
	r.line.FillColor = paintOf(colLine)
	r.edge.FillColor = color.Transparent
	if r.row.Edge && r.loaded {
		r.edge.FillColor = paintOf(colAccent)
	}
	r.ring.StrokeWidth, r.ring.StrokeColor = 0, color.Transparent
	if r.cursor {
		r.ring.StrokeWidth, r.ring.StrokeColor = 1.5, paintOf(colAccent)
	}
	for _, s := range []*canvas.Rectangle{r.skel, r.skeletonA, r.skeletonB} {
		s.FillColor = paintOf(colLine)
		s.Hidden = r.loaded
	}
	texts := []*label{r.who, r.when, r.subject, r.state, r.clips}
	for _, t := range texts {
		t.Hidden = !r.loaded
	}
	r.sign.Hidden, r.clip.Hidden, r.tick.Hidden = !r.loaded, !r.loaded || r.row.Clips == 0, !r.loaded || !r.marked
	r.clips.Hidden = r.clip.Hidden || r.row.Clips < 2
	if !r.loaded {
		return
	}
	ink := colMuted
	if r.row.State != "untracked" && r.row.State != "" {
		ink = tone(r.row.Tone)
	}
	r.who.text, r.when.text, r.state.text, r.state.ink = r.row.Who, r.row.When, r.row.Word, ink
	r.subject.text, r.subject.ink = r.row.Subject, colText
	r.subject.style = fyne.TextStyle{Bold: r.row.Unread, Italic: r.row.Bare}
	if r.row.Bare {
		r.subject.ink = colMuted
	}
	r.clips.text = ""
	if r.row.Clips > 1 {
		r.clips.text = strconv.Itoa(r.row.Clips)
	}
	r.sign.name, r.sign.ink = string(r.row.Sign), tone(r.row.Tone)
	r.clip.name, r.clip.ink = "clip", colMuted
	r.tick.name, r.tick.ink = "ok", colAccent
}

// Tapped chooses the row.
func (r *messageRow) Tapped(*fyne.PointEvent) {
	if r.tap != nil {
		r.tap()
	}
}

// TappedSecondary opens the menu of what can be done.
func (r *messageRow) TappedSecondary(e *fyne.PointEvent) {
	if r.menu != nil {
		r.menu(e.AbsolutePosition)
	}
}

// MouseIn shades the row.
func (r *messageRow) MouseIn(e *desktop.MouseEvent) {
	r.hover = true
	r.changed()
	r.MouseMoved(e)
}

// MouseMoved offers, after a rest, in full what the place under the pointer says
// in short.
func (r *messageRow) MouseMoved(e *desktop.MouseEvent) {
	if !r.loaded {
		return
	}
	text := ""
	switch {
	case e.Position.Y < 24 && e.Position.X > r.when.Position().X-8:
		text = r.row.FullWhen
	case e.Position.Y >= 24 && e.Position.Y < 42 && r.subject.line.Text != r.row.Subject:
		text = r.row.Subject
	case e.Position.Y >= 42:
		text = r.row.Sentence
	}
	if text == "" {
		r.hints.hide()
		return
	}
	r.hints.soon(text, e.AbsolutePosition)
}

// MouseOut is the end of MouseIn.
func (r *messageRow) MouseOut() {
	r.hover = false
	r.hints.hide()
	r.changed()
}
