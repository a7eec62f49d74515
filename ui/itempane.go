package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// itemPane is the middle: header, state and text of the chosen message, and what
// can be done with it. Several chosen messages are summed up.
type itemPane struct {
	leaf
	w       *window
	bg      *box
	back    *button
	title   *label
	more    *button
	fold    *button
	who     *label
	whom    *label
	when    *label
	sign    *glyph
	state   *label
	lines   [2]*box
	text    *pane
	actions *flow
	buttons []*button
	nothing *label
	sums    *column
	shown   uint64 // the message whose text is shown
	parts   int    // of its text that are shown
	whomTip *tip
}

func newItemPane(w *window) *itemPane {
	p := &itemPane{
		w: w, bg: newBox(colSurface, "", 0), title: newLabel("", sizeTitle, colText).bold().lines(2),
		who: newLabel("", sizeBody, colText).bold().fitting(), whom: newLabel("", sizeBody, colMuted), when: newLabel("", sizeSmall, colMuted).right(),
		sign: newGlyph("", colMuted, 14), state: newLabel("", sizeBody, colMuted).lines(3),
		lines: [2]*box{newLine(), newLine()}, nothing: newLabel("", sizeBody, colMuted).center().lines(3),
		actions: newFlow(8), sums: newColumn(8, 0),
	}
	p.back = newButton(w, "", "back", quiet, func() { w.frame.turn(false); w.canvas.Focus(w.list.rows) })
	p.more = newButton(w, "", "more", quiet, p.moreMenu)
	p.fold = newButton(w, "", "panel", quiet, func() { w.frame.togglePanel(); w.frame.remember() })
	p.fold.hint, p.fold.hints = "Show or hide the panel (p)", w.hints
	c := newColumn(12, 16)
	c.most = 760
	p.text = newPane(c)
	p.whomTip = newTip(w.hints)
	p.objects = []fyne.CanvasObject{
		p.bg, p.back, p.title, p.more, p.fold, p.who, p.whom, p.whomTip, p.when, p.sign, p.state,
		p.lines[0], p.text, p.lines[1], p.actions, p.nothing, p.sums,
	}
	p.place = p.layout
	p.min = func() fyne.Size { return fyne.NewSize(leastItem, 200) }
	p.ExtendBaseWidget(p)
	return p
}

// barHeight is that of the bar with the buttons.
func (p *itemPane) barHeight() float32 {
	if len(p.buttons) == 0 {
		return 0
	}
	return p.actions.heightFor(max(100, p.Size().Width-32)) + 24
}

func (p *itemPane) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	const pad = 16
	put(p.bg, 0, 0, s.Width, s.Height)
	x, right := float32(pad), s.Width-8
	if p.back.Visible() {
		put(p.back, 8, 10, 32, 32)
		x = 48
	}
	put(p.fold, right-32, 10, 32, 32)
	right -= 36
	if p.more.Visible() {
		put(p.more, right-32, 10, 32, 32)
		right -= 36
	}
	th := p.title.heightFor(right - 8 - x)
	put(p.title, x, 14, right-8-x, th)
	y := 14 + th + 4
	bar := p.barHeight()
	put(p.lines[1], 0, s.Height-bar, s.Width, 1)
	put(p.actions, pad, s.Height-bar+12, s.Width-2*pad, max(0, bar-24))
	if p.sums.Visible() {
		put(p.sums, pad, y+12, s.Width-2*pad, p.sums.heightFor(s.Width-2*pad))
	}
	put(p.nothing, pad, s.Height/3, s.Width-2*pad, 60)
	if !p.who.Visible() {
		return
	}
	ww := p.when.MinSize().Width
	put(p.when, s.Width-pad-ww, y, ww, 18)
	room := s.Width - pad - ww - 12 - pad
	nw := min(p.who.MinSize().Width, room*0.7)
	put(p.who, pad, y, nw, 18)
	put(p.whom, pad+nw+6, y, room-nw-6, 18)
	put(p.whomTip, pad, y, room, 18)
	y += 22
	sh := p.state.heightFor(s.Width - 2*pad - 20)
	put(p.sign, pad, y, 14, 18)
	put(p.state, pad+20, y, s.Width-2*pad-20, sh)
	y += sh + 12
	put(p.lines[0], 0, y, s.Width, 1)
	put(p.text, 0, y+1, s.Width, s.Height-bar-y-1)
}

// redraw shows the header, the state and the actions.
func (p *itemPane) redraw() {
	r := p.w.desk.Reader
	v := r.Preview
	one, many := len(v.Keys) == 1, v.Many != ""
	for _, o := range []fyne.CanvasObject{p.who, p.whom, p.when, p.sign, p.state, p.lines[0], p.text, p.whomTip} {
		show(o, one)
	}
	show(p.more, one)
	show(p.sums, many)
	show(p.back, p.w.frame != nil && p.w.frame.turns)
	p.nothing.Hidden = one || many
	p.nothing.text = "Choose a message to read it here."
	if p.w.desk.List.Len() == 0 {
		p.nothing.text = ""
	}
	p.title.style.Italic = v.Bare
	p.title.text = v.Subject
	if many {
		p.title.text = v.Many
		var items []fyne.CanvasObject
		for _, s := range v.Sums {
			items = append(items, newRow(8, 1, newGlyph(string(s.Sign), tone(s.Tone), 14), newLabel(s.Text, sizeBody, colText)))
		}
		items = append(items, newLabel("Escape takes the selection back.", sizeSmall, colMuted))
		p.sums.setItems(items...)
		p.sums.changed()
	}
	p.title.changed()
	p.who.text, p.whom.text, p.when.text = v.Who, "", v.When
	if v.Whom != "" {
		p.whom.text = "to " + v.Whom
	}
	p.whomTip.text = v.AllWhom + "\n" + v.FullWhen
	p.sign.name, p.sign.ink = string(v.Sign), tone(v.Tone)
	p.state.text, p.state.ink = v.Sentence, tone(v.Tone)
	for _, o := range []*label{p.who, p.whom, p.when, p.state} {
		o.changed()
	}
	p.setActions(v.Actions)
	p.changed()
	if verb := p.w.pending; verb != "" && r.Ready {
		p.w.pending = ""
		defer p.w.do(verb)
	}
	p.sign.changed()
}

func (p *itemPane) setActions(all []view.Action) {
	as := make([]view.Action, 0, len(all))
	for _, a := range all {
		if !a.Aside {
			as = append(as, a)
		}
	}
	for len(p.buttons) < len(as) {
		b := newButton(p.w, "", "", plain, nil)
		b.hints = p.w.hints
		p.buttons = append(p.buttons, b)
	}
	focused := p.w.canvas.Focused()
	for _, b := range p.buttons[len(as):] {
		if focused == fyne.Focusable(b) {
			p.w.canvas.Focus(p.w.list.rows)
		}
	}
	p.buttons = p.buttons[:len(as)]
	items := make([]fyne.CanvasObject, 0, len(as))
	for i, a := range as {
		b := p.buttons[i]
		wt := plain
		if a.Primary {
			wt = primary
		}
		b.set(a.Label, a.Symbol, wt)
		b.act = func() { p.w.carry(a) }
		b.hint = ""
		if a.Key != "" {
			b.hint = "Key: " + a.Key
		}
		items = append(items, b)
	}
	p.actions.setItems(items...)
	p.actions.changed()
}

// textPart is how many letters of a text are set at first, and each time more is
// asked for.
const textPart = 8000

// redrawBody shows the text, as much of it as was asked for.
func (p *itemPane) redrawBody() {
	t := p.w.desk.Reader.Text
	top := t.Key != p.shown
	if top {
		p.shown, p.parts = t.Key, 1
	}
	var items []fyne.CanvasObject
	switch t.State {
	case view.BodyLoading:
		items = append(items, newLabel("Getting the text …", sizeBody, colMuted))
	case view.BodyFailed:
		items = append(items,
			newLabel("The text of this message isn't on this computer, and could not be fetched now.", sizeBody, colMuted).lines(3),
			newLabel(view.OneLine(t.Note, 300), sizeSmall, colMuted).lines(4),
			newRow(8, -1, newButton(p.w, "Get the text", "retry", plain, p.w.desk.Reader.Reload)))
	case view.BodyReady:
		items = p.textItems(t)
	}
	p.text.column.setItems(items...)
	p.text.update(top)
}

func (p *itemPane) textItems(t view.Text) []fyne.CanvasObject {
	var items []fyne.CanvasObject
	if len(t.Parts) > 0 {
		f := newFlow(8)
		var chips []fyne.CanvasObject
		for _, a := range t.Parts {
			chips = append(chips, newChip("clip", a.Name))
		}
		f.setItems(chips...)
		items = append(items, f)
	}
	blocks, rest := takeBlocks(t.Body.Blocks, p.parts*textPart)
	if len(blocks) == 0 {
		items = append(items, newLabel("This message has no text.", sizeBody, colMuted))
	} else {
		items = append(items, newProse(blocks, p.w.hints, p.w.follow))
	}
	if rest {
		items = append(items, newRow(8, -1, newButton(p.w, "Show more", "down", plain, func() {
			p.parts += 2
			p.redrawBody()
		})))
	} else if t.Body.Cut {
		items = append(items, newLabel("The message goes on; this is where Postrider stops showing it.", sizeSmall, colMuted).lines(2))
	}
	if n := t.Body.Pictures; n > 0 {
		items = append(items, newLabel(view.Plural(n, "picture")+" not shown: nothing is loaded from the net.", sizeSmall, colMuted).lines(2))
	}
	return items
}

// takeBlocks takes the first blocks with about n letters together; a long block
// is divided. more reports whether something is left.
func takeBlocks(blocks []view.Block, n int) (out []view.Block, more bool) {
	for _, b := range blocks {
		size := 0
		for i, r := range b.Runs {
			if size+len(r.Text) > n {
				cut := max(0, n-size)
				for cut < len(r.Text) && r.Text[cut]&0xc0 == 0x80 {
					cut++
				}
				if sp := nextBreak(r.Text, cut); sp-cut < 80 {
					cut = sp
				}
				c := b
				c.Runs = append(append([]view.Run(nil), b.Runs[:i]...), r)
				c.Runs[i].Text = r.Text[:cut]
				return append(out, c), true
			}
			size += len(r.Text)
		}
		n -= size
		out = append(out, b)
		if n <= 0 {
			return out, len(out) < len(blocks)
		}
	}
	return out, false
}

// moreMenu offers what is needed rarely.
func (p *itemPane) moreMenu() {
	w := p.w
	var items []choice
	for _, a := range w.desk.Reader.Preview.Actions {
		if a.Aside {
			items = append(items, choice{text: a.Label, icon: a.Symbol, note: a.Key, act: func() { w.carry(a) }})
		}
	}
	if len(items) > 0 {
		items = append(items, choice{})
	}
	if makes := w.makeChoices(); len(makes) > 0 {
		items = append(append(items, makes...), choice{})
	}
	items = append(items, choice{text: "Copy the text", icon: "copy", note: "Ctrl+C", act: w.copyText})
	items = append(items, w.openInCRM("Open the email in the CRM", w.desk.Reader.Preview.Record)...)
	for i, o := range w.desk.Reader.Preview.Never {
		if i == 0 {
			items = append(items, choice{})
		}
		items = append(items, choice{text: o.Text, icon: "untrack", act: func() { w.desk.TakeNever(o) }})
	}
	n := 0
	seen := map[string]bool{}
	for _, b := range w.desk.Reader.Text.Body.Blocks {
		for _, r := range b.Runs {
			if r.Link != "" && !seen[r.Link] && n < 12 {
				if n == 0 {
					items = append(items, choice{})
				}
				seen[r.Link] = true
				n++
				items = append(items, choice{text: "Open " + shortLink(r.Link), icon: "regarding", act: func() { w.follow(r.Link) }})
			}
		}
	}
	w.openMenu(w.below(p.more), items...)
}

// actionMenu shows the actions as a menu, for the right mouse button.
func (w *window) actionMenu(at fyne.Position) {
	var items []choice
	for _, a := range w.desk.Reader.Preview.Actions {
		items = append(items, choice{text: a.Label, icon: a.Symbol, note: a.Key, act: func() { w.carry(a) }})
	}
	if len(items) > 0 {
		w.openMenu(at, items...)
	}
}
