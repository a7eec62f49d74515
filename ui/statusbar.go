package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
	"postrider/ui/view"
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
	b.w.showPage(!b.w.frame.paged)
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

// statusPage says how everything is: both ends, counts, problems, what was done.
type statusPage struct {
	leaf
	w     *window
	bg    *box
	pane  *pane
	sync  *button
	pause *button
}

func newStatusPage(w *window) *statusPage {
	c := newColumn(8, 24)
	c.most = 720
	p := &statusPage{w: w, bg: newBox(colBackground, "", 0), pane: newPane(c)}
	p.sync = newButton(w, "Sync now", "sync", primary, w.desk.SyncNow)
	p.pause = newButton(w, "Pause", "pause", plain, func() { w.desk.SetPaused(!w.desk.Paused()) })
	p.objects = []fyne.CanvasObject{p.bg, p.pane}
	p.place = func(s fyne.Size) {
		p.bg.Resize(s)
		p.pane.Resize(s)
	}
	p.min = func() fyne.Size { return fyne.NewSize(200, 200) }
	p.ExtendBaseWidget(p)
	return p
}

func (p *statusPage) redraw() {
	if p.w.frame == nil || !p.w.frame.paged {
		return
	}
	d := p.w.desk
	s := d.Status
	if s.Phase == agent.Paused {
		p.pause.set("Resume", "play", plain)
	} else {
		p.pause.set("Pause", "pause", plain)
	}
	title := "Status"
	if p.w.account != "" {
		title += " of " + p.w.account
	}
	c := d.Counts
	items := []fyne.CanvasObject{
		newLabel(title, sizeTitle, colText).bold(),
		newRow(8, 1, newGlyph(s.Symbol, tone(s.Tone), 16), newLabel(s.Text, sizeBody, colText)),
		newRow(8, -1, p.sync, p.pause),
		space(8),
		newCardBox(colSurface, colLine, 16,
			p.fact("mail", "Mailbox", "last heard of "+s.MailAt), p.fact("record", "CRM", "last heard of "+s.CRMAt),
			space(4),
			p.fact(string(view.SignTracked), "Tracked", view.Count(c.Tracked)), p.fact(string(view.SignWaiting), "Waiting", view.Count(c.Waiting)),
			p.fact(string(view.SignUntracked), "Not tracked", view.Count(c.Skipped)), p.fact(string(view.SignAttention), "Need you", view.Count(c.Failed))),
	}
	if len(s.Problems) > 0 {
		items = append(items, space(8), newLabel("Problems", sizeBody, colText).bold())
		for _, pr := range s.Problems {
			items = append(items, p.w.problemCard(pr))
		}
	}
	if len(d.Asides) > 0 {
		items = append(items, space(8), newLabel("Set aside, because it could not be read", sizeBody, colText).bold())
		for _, a := range d.Asides {
			items = append(items, newRow(12, 0, newLabel(a.What+": "+a.Reason, sizeBody, colText), newLabel(a.When, sizeSmall, colMuted).right()))
		}
		asides := d.Asides
		items = append(items, newRow(8, -1, newButton(p.w, "Read again", "retry", plain, func() { d.Deeds.RetryAsides(asides) })))
	}
	items = append(items, space(8), newLabel("What was done", sizeBody, colText).bold())
	if len(d.Journal) == 0 {
		items = append(items, newLabel("Nothing yet.", sizeBody, colMuted))
	}
	for _, l := range d.Journal {
		when := newLabel(l.When, sizeSmall, colMuted).right()
		items = append(items, newRow(12, 0, newLabel(l.Text, sizeBody, colText), when))
	}
	p.pane.column.setItems(items...)
	p.pane.update(false)
}

func (p *statusPage) fact(icon, name, value string) fyne.CanvasObject {
	ink := colMuted
	switch view.Sign(icon) {
	case view.SignTracked:
		ink = colAccent
	case view.SignWaiting:
		ink = colInfo
	case view.SignAttention:
		ink = colWarn
	}
	return newRow(8, 1, newGlyph(icon, ink, 16), newLabel(name, sizeBody, colText), newLabel(value, sizeBody, colMuted).right())
}

// problemCard is a problem with its cause, its remedy and the text to copy.
func (w *window) problemCard(p view.ProblemLine) fyne.CanvasObject {
	ink := tone(p.Tone)
	items := []fyne.CanvasObject{newRow(8, 1, newGlyph(p.Symbol, ink, 16), newLabel(p.Title, sizeBody, colText).bold(), newLabel("since "+p.Since, sizeSmall, colMuted).right())}
	if p.Text != "" {
		items = append(items, newLabel(view.OneLine(p.Text, 400), sizeBody, colMuted).lines(4))
	}
	cp := newButton(w, "Copy details", "copy", quiet, func() {
		w.copyOut(p.Details())
		w.desk.Deeds.Say("The details are on the clipboard")
	})
	cp.small = true
	items = append(items, newLabel(p.Remedy, sizeBody, ink).lines(3), newRow(8, -1, cp))
	return newCardBox(colSurface, colLine, 16, items...)
}
