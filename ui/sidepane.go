package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/offline"
	"postrider/ui/view"
)

// sidePane is the panel at the right: who the person is to the CRM, what the
// message is about, and what else is open there.
type sidePane struct {
	leaf
	pick *button
	add  map[offline.Kind]*button
	w    *window
	bg   *box
	pane *pane
	shut *button // where it lies over the item
}

func newSidePane(w *window) *sidePane {
	p := &sidePane{w: w, add: map[offline.Kind]*button{}, bg: newBox(colBackground, "", 0), pane: newPane(newColumn(4, 16))}
	p.shut = newButton(w, "", "close", quiet, func() { w.frame.togglePanel() })
	p.objects = []fyne.CanvasObject{p.bg, p.pane, p.shut}
	p.place = func(s fyne.Size) {
		p.bg.Resize(s)
		over := w.frame != nil && w.frame.narrow
		show(p.shut, over)
		p.shut.Resize(fyne.NewSize(32, 32))
		p.shut.Move(fyne.NewPos(s.Width-40, 10))
		top := float32(0)
		if over {
			top = 32
		}
		p.pane.Move(fyne.NewPos(0, top))
		p.pane.Resize(fyne.NewSize(s.Width, s.Height-top))
	}
	p.min = func() fyne.Size { return fyne.NewSize(leastPanel, 100) }
	p.ExtendBaseWidget(p)
	return p
}

func (p *sidePane) redraw() {
	r := p.w.desk.Reader
	var items []fyne.CanvasObject
	if len(r.Preview.Keys) == 1 {
		items = p.personItems(r.Panel)
		items = append(items, p.aboutItems(r.Panel)...)
		for _, g := range r.Panel.Groups {
			items = append(items, p.heading(g.Title)...)
			if len(g.Cards) == 0 {
				items = append(items, newLabel("none", sizeBody, colMuted))
			}
			for _, c := range g.Cards {
				items = append(items, newRecordLine(p.w, c, func(at fyne.Position) { p.recordMenu(c, at) }))
			}
			if g.More > 0 {
				items = append(items, newLabel("and "+view.Count(g.More)+" more", sizeSmall, colMuted))
			}
		}
		if len(r.Panel.Last) > 0 {
			items = append(items, p.heading("Last emails about it")...)
			for _, c := range r.Panel.Last {
				items = append(items, newRecordLine(p.w, c, nil))
			}
		}
	}
	p.pane.column.setItems(items...)
	p.pane.update(false)
}

func (p *sidePane) heading(text string) []fyne.CanvasObject {
	return []fyne.CanvasObject{space(8), newLabel(text, sizeSmall, colMuted).bold()}
}

func (p *sidePane) personItems(v view.Panel) []fyne.CanvasObject {
	switch len(v.People) {
	case 0:
		name := "No address"
		if v.Address != "" {
			name = "Not in the CRM"
		}
		items := []fyne.CanvasObject{
			newLabel(name, sizeTitle, colText).bold(),
			newLabel(view.OneLine(v.Address, 120), sizeBody, colMuted).lines(2),
		}
		if buttons := p.addButtons(v); len(buttons) > 0 {
			items = append(items, space(4), newFlow(8, buttons...))
		}
		return items
	case 1:
		items := p.card(v.People[0], true)
		if p.w.desk.CanWrite() && v.Address != "" {
			items = append(items, space(4), newRow(8, -1, p.writeButton(v, v.People[0].Name)))
		}
		return items
	}
	items := []fyne.CanvasObject{newLabel(view.Plural(len(v.People), "record")+" with this address", sizeSmall, colMuted).bold()}
	if p.w.desk.CanPick() && len(v.Candidates()) > 1 {
		text := "Which one is meant is not chosen yet."
		if !v.Picked.IsZero() {
			text = "You chose the first one."
		}
		items = append(items, newLabel(text, sizeSmall, colMuted).lines(2), newRow(8, -1, p.pickButton()), space(4))
	}
	for i, c := range v.People {
		if i == 4 {
			items = append(items, newLabel("and "+view.Count(len(v.People)-i)+" more", sizeSmall, colMuted))
			break
		}
		items = append(items, newCardBox(colSurface, colLine, 12, p.card(c, false)...))
	}
	return items
}

// addButtons offer to add somebody whom the CRM does not know. They are the same
// each time the panel is drawn, so that they keep the focus.
func (p *sidePane) addButtons(v view.Panel) (out []fyne.CanvasObject) {
	if v.Address == "" {
		return nil
	}
	for _, o := range p.w.desk.Makes() {
		if o.Kind != offline.KindContact && o.Kind != offline.KindLead {
			continue
		}
		b := p.add[o.Kind]
		if b == nil {
			b = newButton(p.w, o.Text, o.Symbol, plain, func() { p.w.make(o.Kind) })
			b.small = true
			p.add[o.Kind] = b
		}
		out = append(out, b)
	}
	return out
}

// writeButton begins a message to the person, about what the message is about.
func (p *sidePane) writeButton(v view.Panel, name string) *button {
	b := newButton(p.w, "Write", "write", plain, func() {
		var about offline.Ref
		if v.About != nil {
			about = v.About.Ref
		}
		p.w.desk.WriteTo(offline.Address{Name: name, Addr: v.Address}, about)
	})
	b.small = true
	return b
}

// card is what is known of a record; the large one has its name as a title.
func (p *sidePane) card(c view.Card, large bool) []fyne.CanvasObject {
	var items []fyne.CanvasObject
	if large {
		items = append(items, newLabel(c.Name, sizeTitle, colText).bold().lines(2))
		kind := c.Kind
		if c.Title != "" {
			kind = c.Title
		}
		items = append(items, newLabel(kind, sizeBody, colMuted).lines(2))
	} else {
		items = append(items, newRow(8, 1, newGlyph(c.Symbol, colMuted, 16), newLabel(c.Name, sizeBody, colText).bold()))
		sub := c.Kind
		if c.Title != "" {
			sub += " · " + c.Title
		}
		items = append(items, newLabel(sub, sizeSmall, colMuted))
	}
	if c.Parent != "" {
		items = append(items, newRow(8, 1, newGlyph("account", colMuted, 16), newLabel(c.Parent, sizeBody, colText)))
	}
	for _, l := range c.Lines {
		items = append(items, newRow(8, 1, newGlyph(l.Symbol, colMuted, 16), newLabel(l.Text, sizeBody, colText)))
	}
	return items
}

func (p *sidePane) aboutItems(v view.Panel) []fyne.CanvasObject {
	items := p.heading("Regarding")
	if v.About == nil {
		return append(items, newLabel("nothing yet", sizeBody, colMuted))
	}
	return append(items, newCardBox(colSurface, colLine, 12, p.card(*v.About, false)...))
}

// recordMenu is what can be done with a record of the panel.
func (p *sidePane) recordMenu(c view.Card, at fyne.Position) {
	w := p.w
	if w.showing(w.compose) {
		w.openMenu(at,
			choice{text: "Write about this", icon: "regarding", act: func() { w.compose.model(func(m *view.Compose) { m.SetAbout(&c) }) }},
			choice{text: "Copy the name", icon: "copy", act: func() { w.copyOut(c.Name) }})
		return
	}
	text := "Track, regarding this"
	for _, a := range w.desk.Reader.Preview.Actions {
		if a.Verb == view.VerbUntrack {
			text = "Set regarding to this"
		}
	}
	items := []choice{{text: text, icon: "regarding", act: func() { w.regard(w.desk.List.Targets(), c) }}}
	if w.desk.CanWrite() {
		items = append(items, choice{text: "Write about this", icon: "write", act: func() {
			w.desk.WriteTo(offline.Address{Addr: w.desk.Reader.Panel.Address}, c.Ref)
		}})
	}
	items = append(items, w.openInCRM("Open in the CRM", c.Ref)...)
	w.openMenu(at, append(items, choice{text: "Copy the name", icon: "copy", act: func() { w.copyOut(c.Name) }})...)
}

// openInCRM offers a record's page, where it has one.
func (w *window) openInCRM(text string, r offline.Ref) []choice {
	page := w.desk.PageOf(r)
	if page == "" {
		return nil
	}
	return []choice{{text: text, icon: "link", act: func() { w.follow(page) }}}
}

// recordLine is a record on one line; where it has a menu, it can be pressed.
type recordLine struct {
	leaf
	w            *window
	menu         func(fyne.Position)
	hover, focus bool
	bg           *canvas.Rectangle
}

func newRecordLine(w *window, c view.Card, menu func(fyne.Position)) fyne.CanvasObject {
	r := &recordLine{w: w, menu: menu, bg: canvas.NewRectangle(color.Transparent)}
	r.bg.CornerRadius = 6
	icon, name, note := newGlyph(c.Symbol, colMuted, 16), newLabel(c.Name, sizeBody, colText), newLabel(c.Note, sizeSmall, colMuted).right()
	arrow := newGlyph("", colMuted, 14)
	if menu != nil {
		arrow.name = "more"
	}
	r.objects = []fyne.CanvasObject{r.bg, icon, name, note, arrow}
	r.place = func(s fyne.Size) {
		r.bg.Move(fyne.NewPos(-8, 0))
		r.bg.Resize(fyne.NewSize(s.Width+16, s.Height))
		icon.Resize(fyne.NewSize(16, s.Height))
		x, right := float32(24), s.Width
		if menu != nil {
			arrow.Move(fyne.NewPos(right-14, 0))
			arrow.Resize(fyne.NewSize(14, s.Height))
			right -= 20
		}
		nw := note.MinSize().Width
		note.Move(fyne.NewPos(right-nw, 0))
		note.Resize(fyne.NewSize(nw, s.Height))
		name.Move(fyne.NewPos(x, 0))
		name.Resize(fyne.NewSize(max(0, right-nw-8-x), s.Height))
	}
	r.min = func() fyne.Size { return fyne.NewSize(120, 28) }
	r.paint = func() {
		r.bg.FillColor, r.bg.StrokeWidth, r.bg.StrokeColor = color.Transparent, 0, color.Transparent
		if r.hover {
			r.bg.FillColor = paintOf("button")
		}
		if r.focus {
			r.bg.StrokeWidth, r.bg.StrokeColor = 2, paintOf(colAccent)
		}
	}
	if menu == nil {
		r.ExtendBaseWidget(r)
		return r
	}
	b := &recordButton{recordLine: r}
	b.ExtendBaseWidget(b)
	return b
}

// recordButton is a recordLine that can be pressed.
type recordButton struct{ *recordLine }

var (
	_ fyne.Focusable    = (*recordButton)(nil)
	_ fyne.Tappable     = (*recordButton)(nil)
	_ desktop.Hoverable = (*recordButton)(nil)
)

func (b *recordButton) press()                         { b.menu(b.w.below(b)) }
func (b *recordButton) Tapped(*fyne.PointEvent)        { b.press() }
func (b *recordButton) MouseIn(*desktop.MouseEvent)    { b.hover = true; b.changed() }
func (b *recordButton) MouseMoved(*desktop.MouseEvent) {}
func (b *recordButton) MouseOut()                      { b.hover = false; b.changed() }
func (b *recordButton) FocusGained()                   { b.focus = true; b.changed() }
func (b *recordButton) FocusLost()                     { b.focus = false; b.changed() }

// TypedKey opens the menu on Enter and Space.
func (b *recordButton) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.press()
	default:
		b.w.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (b *recordButton) TypedRune(r rune) {
	if r != ' ' {
		b.w.TypedRune(r)
	}
}
