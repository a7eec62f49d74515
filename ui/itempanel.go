package ui

import (
	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// itemPanel is the chosen appointment, contact or task in full, with what can be
// done with it.
type itemPanel struct {
	leaf
	page    *itemsPage
	bg      *box
	back    *button
	title   *label
	lines   [2]*box
	pane    *pane
	actions *flow
	buttons []*button
	kept    map[string]*button // in the pane, by name: they keep the focus
	none    *label
	shown   uint64
}

func newItemPanel(p *itemsPage) *itemPanel {
	i := &itemPanel{page: p, bg: newBox(colSurface, "", 0), title: newLabel("", sizeTitle, colText).bold().lines(3), lines: [2]*box{newLine(), newLine()}, actions: newFlow(8), kept: map[string]*button{}, none: newLabel("", sizeBody, colMuted).center().lines(3)}
	i.back = newButton(p.w, "", "back", quiet, func() { p.turn(false) })
	c := newColumn(8, 16)
	c.most = 620
	i.pane = newPane(c)
	i.objects = []fyne.CanvasObject{i.bg, i.back, i.title, i.lines[0], i.pane, i.lines[1], i.actions, i.none}
	i.place = i.layout
	i.min = func() fyne.Size { return fyne.NewSize(200, 200) }
	i.ExtendBaseWidget(i)
	return i
}

func (i *itemPanel) barHeight(width float32) float32 {
	if len(i.buttons) == 0 {
		return 0
	}
	return i.actions.heightFor(max(100, width-32)) + 24
}

func (i *itemPanel) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	put(i.bg, 0, 0, s.Width, s.Height)
	x := float32(16)
	if i.back.Visible() {
		put(i.back, 8, 10, 32, 32)
		x = 48
	}
	th := i.title.heightFor(s.Width - x - 16)
	put(i.title, x, 14, s.Width-x-16, th)
	y, bar := th+26, i.barHeight(s.Width)
	put(i.lines[0], 0, y, s.Width, 1)
	put(i.pane, 0, y+1, s.Width, s.Height-bar-y-1)
	put(i.lines[1], 0, s.Height-bar, lineWidth(bar > 0)*s.Width, 1)
	put(i.actions, 16, s.Height-bar+12, s.Width-32, max(0, bar-24))
	put(i.none, 16, s.Height/3, s.Width-32, 60)
}

// redraw shows what is chosen now.
func (i *itemPanel) redraw() {
	v := i.page.list.Shown
	nothing := len(v.Keys) == 0
	show(i.back, i.page.turns)
	for _, o := range []fyne.CanvasObject{i.title, i.lines[0], i.pane} {
		show(o, !nothing)
	}
	show(i.none, nothing)
	i.none.text = ""
	if len(i.page.list.Rows) > 0 {
		i.none.text = "Choose one to see all of it here."
	}
	i.none.changed()
	i.title.text, i.title.style.Italic = v.Title, v.Bare
	var items []fyne.CanvasObject
	if v.Many != "" {
		i.title.text = v.Many
		for _, n := range v.Notes {
			items = append(items, newLabel(n, sizeBody, colText).lines(2))
		}
		items = append(items, newLabel("Escape takes the selection back.", sizeSmall, colMuted))
	} else if !nothing {
		items = i.items(v)
	}
	i.title.changed()
	i.setActions(v.Actions)
	top := nothing || v.Many != "" || i.shown != v.Keys[0]
	i.shown = 0
	if !nothing && v.Many == "" {
		i.shown = v.Keys[0]
	}
	i.pane.column.setItems(items...)
	i.pane.update(top)
	i.changed()
}

// items are its state, what is to be settled, and its fields.
func (i *itemPanel) items(v view.ItemView) []fyne.CanvasObject {
	items := []fyne.CanvasObject{newRow(6, 1, newGlyph(string(v.Sign), tone(v.Tone), 14), newWrapped(v.Sentence, sizeBody, tone(v.Tone)))}
	for _, n := range v.Notes {
		items = append(items, newRow(6, 1, newGlyph("info", colInfo, 14), newWrapped(n, sizeBody, colText)))
	}
	for _, c := range v.Clashes {
		if c.Winner == "" {
			items = append(items, i.page.w.clashCard(c, false, i.button))
		}
	}
	items = append(items, i.about(v)...)
	for _, f := range v.Facts {
		items = append(items, newColumn(1, 0, newLabel(f.Name, sizeSmall, colMuted), newWrapped(f.Text, sizeBody, colText)))
	}
	return items
}

// about is what it is about, and the way to both in the CRM.
func (i *itemPanel) about(v view.ItemView) (items []fyne.CanvasObject) {
	w := i.page.w
	if v.About != nil {
		name := "About"
		if v.Kind == offline.KindContact {
			name = "Account"
		}
		text := v.About.Name
		if v.About.Parent != "" {
			text += " · " + v.About.Parent
		}
		items = append(items, newColumn(1, 0, newLabel(name, sizeSmall, colMuted), newRow(6, 1, newGlyph(v.About.Symbol, colMuted, 16), newWrapped(text, sizeBody, colText))))
	}
	var open []fyne.CanvasObject
	if page := w.desk.PageOf(v.Record); page != "" {
		open = append(open, i.button("open", "Open it in the CRM", func() { w.follow(page) }))
	}
	if v.About != nil {
		if page := w.desk.PageOf(v.About.Ref); page != "" {
			open = append(open, i.button("open about", "Open the "+lowerKind(v.About.Kind), func() { w.follow(page) }))
		}
	}
	if v.About != nil && w.desk.Keeps() {
		text := "Regarding none"
		if v.Kind == offline.KindContact {
			text = "No account"
		}
		open = append(open, i.button("about none", text, func() { w.desk.RegardNone(v) }))
	}
	if len(open) > 0 {
		items = append(items, newFlow(8, open...))
	}
	return items
}

func lowerKind(kind string) string {
	if kind == "" {
		return "record"
	}
	return string(kind[0]|0x20) + kind[1:]
}

// button is a small button that is the same one each time it is asked for by that name.
func (i *itemPanel) button(name, text string, act func()) *button {
	b := i.kept[name]
	if b == nil {
		b = newButton(i.page.w, text, "", plain, nil)
		b.small = true
		b.onFocus = func() { i.pane.reveal(b) }
		i.kept[name] = b
	}
	b.act = act
	b.set(text, "", plain)
	return b
}

func (i *itemPanel) setActions(as []view.Action) {
	p := i.page
	focused := p.w.canvas.Focused()
	for len(i.buttons) < len(as) {
		b := newButton(p.w, "", "", plain, nil)
		b.hints = p.w.hints
		i.buttons = append(i.buttons, b)
	}
	for _, b := range i.buttons[len(as):] {
		if focused == fyne.Focusable(b) {
			p.focusList()
		}
	}
	i.buttons = i.buttons[:len(as)]
	items := make([]fyne.CanvasObject, 0, len(as))
	for n, a := range as {
		b, wt := i.buttons[n], plain
		if a.Primary {
			wt = primary
		}
		b.set(a.Label, a.Symbol, wt)
		b.act, b.hint = func() { p.carry(a) }, "Key: "+a.Key
		items = append(items, b)
	}
	i.actions.setItems(items...)
	i.actions.changed()
}

// linesShown is how many lines of one text are shown at most.
const linesShown = 80

// newWrapped is a text on as many lines as it needs.
func newWrapped(text string, size fyne.ThemeSizeName, ink fyne.ThemeColorName) *label {
	return newLabel(text, size, ink).lines(linesShown)
}
