package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// composeTools are the buttons above the text: marks, template, attachments.
type composeTools struct {
	leaf
	flow             *flow
	bold, italic     *button
	list, link       *button
	rich             *toggle
	template, attach *button
}

func newComposeTools(p *composePage) *composeTools {
	w := p.w
	t := &composeTools{flow: newFlow(4)}
	mark := func(icon, hint string, act func()) *button {
		b := newButton(w, "", icon, quiet, func() { act(); w.canvas.Focus(p.text) })
		b.hint, b.hints = hint, w.hints
		return b
	}
	t.bold = mark("bold", "Bold (Ctrl+B)", p.bold)
	t.italic = mark("italic", "Italic (Ctrl+I)", p.italic)
	t.list = mark("list", "List", p.listItem)
	t.link = mark("link", "Link (Ctrl+K)", p.link)
	t.rich = newToggle(w, "Formatted", func(on bool) { p.model(func(c *view.Compose) { c.SetRich(on) }) })
	t.template = newButton(w, "Template…", "template", plain, w.chooseTemplate)
	t.attach = newButton(w, "Attach…", "clip", plain, w.chooseFile)
	t.flow.setItems(t.template, t.attach, t.rich, t.bold, t.italic, t.list, t.link)
	t.objects = []fyne.CanvasObject{t.flow}
	t.place = func(s fyne.Size) { t.flow.Resize(s) }
	t.min = func() fyne.Size { return t.flow.MinSize() }
	t.ExtendBaseWidget(t)
	return t
}

func (t *composeTools) heightFor(w float32) float32 { return t.flow.heightFor(w) }

func (t *composeTools) redraw(c *view.Compose) {
	t.rich.set(c.Rich)
	for _, b := range []*button{t.bold, t.italic, t.list, t.link} {
		show(b, c.Rich)
	}
	t.changed()
}

func (p *composePage) bold()   { p.text.surround("*", "*") }
func (p *composePage) italic() { p.text.surround("_", "_") }

func (p *composePage) link() {
	sel := p.text.SelectedText()
	p.text.surround("[", "](https://)")
	if sel == "" { // between the brackets, for the words
		return
	}
	p.text.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
}

// listItem begins an item of a list, on a line of its own.
func (p *composePage) listItem() {
	if p.text.CursorColumn > 0 {
		p.text.Entry.TypedRune('\n')
	}
	for _, r := range "- " {
		p.text.Entry.TypedRune(r)
	}
}

// quoteBar says how much is quoted below, and shows it.
type quoteBar struct {
	leaf
	p                *composePage
	open             bool
	words            *label
	look, edit, drop *button
	card             *box
	pane             *pane
	shown            string
}

func newQuoteBar(p *composePage) *quoteBar {
	w := p.w
	q := &quoteBar{p: p, words: newLabel("", sizeBody, colMuted), card: newBox(colBackground, colLine, 6), pane: newPane(newColumn(8, 12))}
	small := func(text string, act func()) *button {
		b := newButton(w, text, "", quiet, act)
		b.small = true
		return b
	}
	q.look = small("Show", func() { q.open = !q.open; p.redraw() })
	q.edit = small("Edit in the text", func() { p.model((*view.Compose).EditQuote); w.canvas.Focus(p.text) })
	q.drop = small("Leave out", func() { p.model((*view.Compose).DropQuote); w.canvas.Focus(p.text) })
	q.objects = []fyne.CanvasObject{q.words, q.look, q.edit, q.drop, q.card, q.pane}
	q.place = func(s fyne.Size) {
		x := s.Width
		for _, b := range []*button{q.drop, q.edit, q.look} {
			m := b.MinSize()
			x -= m.Width
			b.Move(fyne.NewPos(x, 0))
			b.Resize(m)
			x -= 4
		}
		q.words.Resize(fyne.NewSize(max(0, x), 24))
		for _, o := range []fyne.CanvasObject{q.card, q.pane} {
			o.Move(fyne.NewPos(0, 28))
			o.Resize(fyne.NewSize(s.Width, max(0, s.Height-28)))
		}
	}
	q.min = func() fyne.Size { return fyne.NewSize(200, 24) }
	q.ExtendBaseWidget(q)
	return q
}

// heightFor is the height at a width, at most most.
func (q *quoteBar) heightFor(width, most float32) float32 {
	if !q.open {
		return 24
	}
	return min(28+q.pane.column.heightFor(width), most)
}

func (q *quoteBar) redraw(c *view.Compose) {
	show(q, c.Quote != "")
	q.words.text = view.Plural(c.QuoteLines(), "line") + " quoted below"
	q.look.set("Show", "", quiet)
	if q.open {
		q.look.set("Hide", "", quiet)
	}
	show(q.card, q.open)
	show(q.pane, q.open)
	if q.open && q.shown != c.Quote {
		q.shown = c.Quote
		blocks, _ := takeBlocks(view.FromText(c.Quote).Blocks, textPart)
		q.pane.column.setItems(newProse(blocks, q.p.w.hints, q.p.w.follow))
		q.pane.update(true)
	}
	q.words.changed()
	q.changed()
}
