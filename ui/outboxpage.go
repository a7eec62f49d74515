package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
	"postrider/ui/view"
)

// outboxPage lists what is written here and has not gone: above the list, below
// what can be said of the chosen one, and done with it.
type outboxPage struct {
	basePage
	w       *window
	bg, low *box
	title   *label
	count   *label
	write   *button
	lines   [2]*box
	rows    *rowList
	at      int
	chosen  uint64 // id of the line at at

	empty, more    *label
	begin          *button
	subject, state *label
	sign           *glyph
	why, remedy    *label
	actions        *flow
	buttons        []*button
}

const outboxRow = 64

func newOutboxPage(w *window) *outboxPage {
	p := &outboxPage{
		w: w, bg: newBox(colSurface, "", 0), low: newBox(colBackground, "", 0), lines: [2]*box{newLine(), newLine()},
		title: newLabel("Outbox", sizeTitle, colText).bold(), count: newLabel("", sizeSmall, colMuted),
		empty: newLabel("Nothing waits to go", sizeBody, colText).bold().center(), more: newLabel("What you write stands here until the mail server has it. Drafts are kept here, too.", sizeBody, colMuted).center().lines(3),
		subject: newLabel("", sizeBody, colText).bold(), state: newLabel("", sizeBody, colMuted), sign: newGlyph("", colMuted, 14),
		why: newLabel("", sizeBody, colText).lines(4), remedy: newLabel("", sizeBody, colMuted).lines(3), actions: newFlow(8),
	}
	begin := func() { w.write(agent.DraftNew) }
	p.write = newButton(w, "Write", "write", plain, begin)
	p.begin = newButton(w, "Write a message", "write", plain, begin)
	p.rows = newRowList(w, outboxRow, func() int { return len(w.desk.Outbox.Lines) }, func() fyne.CanvasObject { return newOutboxRow() }, p.bind)
	p.objects = []fyne.CanvasObject{p.bg, p.title, p.count, p.write, p.lines[0], p.rows, p.low, p.lines[1], p.sign, p.state, p.why, p.remedy, p.actions, p.empty, p.more, p.begin}
	p.place = p.layout
	p.min = func() fyne.Size { return fyne.NewSize(leastItem, 300) }
	p.ExtendBaseWidget(p)
	p.Hide()
	return p
}

func (p *outboxPage) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	const pad = 24
	put(p.bg, 0, 0, s.Width, s.Height)
	m := p.write.MinSize()
	put(p.write, s.Width-pad-m.Width, 12, m.Width, 32)
	put(p.title, pad, 16, 90, 24)
	put(p.count, pad+90, 18, s.Width-2*pad-110-m.Width, 24)
	put(p.lines[0], 0, 56, s.Width, 1)
	wide := min(s.Width-2*pad, 320)
	x := (s.Width - wide) / 2
	put(p.empty, x, s.Height/3, wide, 20)
	h := p.more.heightFor(wide)
	put(p.more, x, s.Height/3+24, wide, h)
	m = p.begin.MinSize()
	put(p.begin, (s.Width-m.Width)/2, s.Height/3+40+h, m.Width, 32)
	low := p.lowHeight(s.Width - 2*pad)
	y := s.Height - low
	put(p.rows, 0, 57, s.Width, y-57)
	put(p.low, 0, y, s.Width, low)
	put(p.lines[1], 0, y, s.Width, 1)
	y += 16
	put(p.sign, pad, y, 14, 18)
	wide = s.Width - 2*pad - 22
	wh := p.why.heightFor(wide)
	put(p.why, pad+22, y, wide, wh)
	y += wh + 4
	if p.remedy.text != "" {
		rh := p.remedy.heightFor(wide)
		put(p.remedy, pad+22, y, wide, rh)
		y += rh
	}
	y += 12
	put(p.actions, pad, y, s.Width-2*pad, p.actions.heightFor(s.Width-2*pad))
}

func (p *outboxPage) lowHeight(wide float32) float32 {
	if len(p.w.desk.Outbox.Lines) == 0 {
		return 0
	}
	h := 16 + p.why.heightFor(wide-22) + 4 + 12
	if p.remedy.text != "" {
		h += p.remedy.heightFor(wide - 22)
	}
	if len(p.buttons) > 0 {
		h += p.actions.heightFor(wide) + 12
	}
	return h
}

func (p *outboxPage) first() fyne.Focusable {
	if len(p.w.desk.Outbox.Lines) == 0 {
		return p.begin
	}
	return p.rows
}

func (p *outboxPage) entered() { p.redraw() }
func (p *outboxPage) left()    {}

func (p *outboxPage) foot() float32 { return p.lowHeight(p.Size().Width - 48) }

// key moves in the list and acts on what is chosen.
func (p *outboxPage) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyDown:
		p.move(1)
	case fyne.KeyUp:
		p.move(-1)
	case fyne.KeyPageDown:
		p.move(p.rows.page())
	case fyne.KeyPageUp:
		p.move(-p.rows.page())
	case fyne.KeyHome:
		p.move(-1 << 20)
	case fyne.KeyEnd:
		p.move(1 << 20)
	case fyne.KeyReturn, fyne.KeyEnter:
		switch l := p.line(); {
		case l.Choice: // Enter does not decide that
			p.w.canvas.Focus(p.buttons[0])
		case len(l.Actions) > 0:
			p.act(l.Actions[0])
		}
	case fyne.KeyDelete:
		for _, a := range p.line().Actions {
			if a.Verb == view.VerbDiscard {
				p.act(a)
			}
		}
	default:
		return false
	}
	return true
}

func (p *outboxPage) typed(r rune) bool {
	switch r {
	case 'j':
		p.move(1)
	case 'k':
		p.move(-1)
	case 'n':
		p.w.write(agent.DraftNew)
	default:
		return false
	}
	return true
}

func (p *outboxPage) move(n int) {
	p.at = max(0, min(p.at+n, len(p.w.desk.Outbox.Lines)-1))
	p.chosen = p.line().ID
	p.redraw()
	p.rows.reveal(p.at)
}

// line is the chosen one; the zero line where there is none.
func (p *outboxPage) line() view.OutboxLine {
	if ls := p.w.desk.Outbox.Lines; p.at < len(ls) {
		return ls[p.at]
	}
	return view.OutboxLine{}
}

// act does what a button says. What throws something away asks first.
func (p *outboxPage) act(a view.Action) {
	w, l := p.w, p.line()
	if a.Verb != view.VerbDiscard {
		w.desk.OutboxAct(l.ID, a.Verb)
		return
	}
	var s *sheet
	do := func() { s.close(); w.desk.OutboxAct(l.ID, view.VerbDiscard) }
	keep := newButton(w, "Keep it", "", quiet, func() { s.close() })
	drop := newButton(w, "Discard", "", risky, do)
	text := newColumn(8, 0, newLabel("“"+l.Subject+"” is thrown away. You can have it back for ten seconds.", sizeBody, colText).lines(3))
	s = w.openSheet("Discard this message?", text, fyne.NewSize(440, 160), keep, drop)
	s.primary = do
	w.canvas.Focus(keep)
}

// redraw shows the outbox as it is now; what was chosen stays chosen.
func (p *outboxPage) redraw() {
	if !p.w.showing(p) {
		return
	}
	o := p.w.desk.Outbox
	for i, l := range o.Lines {
		if l.ID == p.chosen {
			p.at = i
		}
	}
	p.at = max(0, min(p.at, len(o.Lines)-1))
	l := p.line()
	p.chosen = l.ID
	none := len(o.Lines) == 0
	for _, x := range []fyne.CanvasObject{p.empty, p.more, p.begin} {
		show(x, none && o.Ready)
	}
	for _, x := range []fyne.CanvasObject{p.rows, p.low, p.lines[1], p.sign, p.why, p.remedy, p.actions, p.write} {
		show(x, !none)
	}
	p.count.text = ""
	if o.Count > 0 {
		p.count.text = view.Plural(o.Count, "message") + " on the way"
		if o.Bad > 0 {
			p.count.text += ", " + view.Count(o.Bad) + " of them needing you"
		}
	}
	p.sign.name, p.sign.ink = l.Sign, tone(l.Tone)
	p.why.text, p.remedy.text = l.Why, l.Remedy
	p.setActions(l.Actions)
	for _, x := range []*label{p.count, p.why, p.remedy} {
		x.changed()
	}
	p.sign.changed()
	p.changed()
	p.rows.update()
	if none && p.w.canvas.Focused() == fyne.Focusable(p.rows) {
		p.w.canvas.Focus(p.begin)
	}
}

func (p *outboxPage) setActions(as []view.Action) {
	focused := p.w.canvas.Focused()
	for len(p.buttons) < len(as) {
		p.buttons = append(p.buttons, newButton(p.w, "", "", plain, nil))
	}
	for _, b := range p.buttons[len(as):] {
		if focused == fyne.Focusable(b) {
			p.w.canvas.Focus(p.rows)
		}
	}
	p.buttons = p.buttons[:len(as)]
	var items []fyne.CanvasObject
	for i, a := range as {
		wt := plain
		if a.Primary {
			wt = primary
		}
		p.buttons[i].set(a.Label, a.Symbol, wt)
		p.buttons[i].act = func() { p.act(a) }
		items = append(items, p.buttons[i])
	}
	p.actions.setItems(items...)
	p.actions.changed()
}

func (p *outboxPage) bind(i int, o fyne.CanvasObject) {
	r := o.(*outboxLine)
	l := p.w.desk.Outbox.Lines[i]
	group := l.Group
	if i > 0 && p.w.desk.Outbox.Lines[i-1].Group == group {
		group = ""
	}
	r.tap = func() {
		p.at, p.chosen = i, l.ID
		p.w.canvas.Focus(p.rows)
		p.redraw()
	}
	r.set(l, group, i == p.at, i == p.at && p.rows.focus)
}

// outboxLine is a message of the outbox in the list.
type outboxLine struct {
	leaf
	tap                    func()
	hover, chosen, cursor  bool
	bg, ring, line         *canvas.Rectangle
	sign                   *glyph
	subject, to, why, when *label
	group                  *label
}

var (
	_ fyne.Tappable     = (*outboxLine)(nil)
	_ desktop.Hoverable = (*outboxLine)(nil)
)

func newOutboxRow() *outboxLine {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	r := &outboxLine{
		bg: rect(), ring: rect(), line: rect(), sign: newGlyph("", colMuted, 14), subject: newLabel("", sizeBody, colText), to: newLabel("", sizeBody, colText).bold(),
		why: newLabel("", sizeSmall, colMuted), when: newLabel("", sizeSmall, colMuted).right(), group: newLabel("", sizeSmall, colMuted).bold().right(),
	}
	r.ring.CornerRadius = 4
	r.objects = []fyne.CanvasObject{r.bg, r.line, r.sign, r.to, r.subject, r.why, r.when, r.group, r.ring}
	r.place = func(s fyne.Size) {
		put := func(o fyne.CanvasObject, x, y, w, h float32) {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(max(0, w), h))
		}
		const left, right = 24, 24
		put(r.bg, 0, 0, s.Width, s.Height)
		put(r.line, 0, s.Height-1, s.Width, 1)
		put(r.ring, 1, 1, s.Width-2, s.Height-3)
		ww, gw := r.when.MinSize().Width, r.group.MinSize().Width
		put(r.when, s.Width-right-ww, 6, ww, 18)
		put(r.group, s.Width-right-gw, 42, gw, 16)
		put(r.to, left, 6, s.Width-left-right-ww-12, 18)
		put(r.subject, left, 24, s.Width-left-right, 18)
		put(r.sign, left, 42, 14, 16)
		put(r.why, left+20, 42, s.Width-left-right-20-gw-12, 16)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, outboxRow) }
	r.paint = func() {
		r.bg.FillColor = color.Transparent
		switch {
		case r.chosen:
			r.bg.FillColor = paintOf(colAccentSoft)
		case r.hover:
			r.bg.FillColor = paintOf(colHover)
		}
		r.line.FillColor = paintOf(colLine)
		r.ring.StrokeWidth, r.ring.StrokeColor = 0, color.Transparent
		if r.cursor {
			r.ring.StrokeWidth, r.ring.StrokeColor = 1.5, paintOf(colAccent)
		}
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *outboxLine) set(l view.OutboxLine, group string, chosen, cursor bool) {
	r.chosen, r.cursor = chosen, cursor
	r.to.text, r.subject.text, r.why.text, r.when.text, r.group.text = l.To, l.Subject, l.Why, l.When, group
	r.subject.style.Italic = l.Bare
	r.sign.name, r.sign.ink, r.why.ink = l.Sign, tone(l.Tone), tone(l.Tone)
	r.changed()
}

// Tapped chooses the row.
func (r *outboxLine) Tapped(*fyne.PointEvent)        { r.tap() }
func (r *outboxLine) MouseIn(*desktop.MouseEvent)    { r.hover = true; r.changed() }
func (r *outboxLine) MouseMoved(*desktop.MouseEvent) {}
func (r *outboxLine) MouseOut()                      { r.hover = false; r.changed() }
