package ui

import (
	"cmp"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/offline"
	"postrider/ui/view"
)

// recordAsk is a question for a record.
type recordAsk struct {
	title, verb string
	keys        []uint64       // messages that suggest some
	kinds       []offline.Kind // nil: all that a message can be about
	hint        string         // in the empty field; "": that of all kinds
	took        func(view.Card)
}

// chooseRegarding asks which record the messages are about.
func (w *window) chooseRegarding(keys []uint64) {
	a := recordAsk{title: "What is this message about?", verb: "Set regarding", keys: keys, took: func(card view.Card) { w.regard(keys, card) }}
	for _, x := range w.desk.Reader.Preview.Actions {
		if x.Verb == view.VerbTrack {
			a.verb = "Track and set regarding"
		}
	}
	if len(keys) > 1 {
		a.title = "What are these " + view.Plural(len(keys), "message") + " about?"
		a.verb += " for " + view.Count(len(keys))
	}
	w.chooseRecord(a)
}

// chooseRecord asks for a record: recent and likely ones first, everything that
// matches what is typed afterwards.
func (w *window) chooseRecord(a recordAsk) {
	keys := a.keys
	c := &regardingSheet{w: w, ask: a, at: 0}
	c.field = newField(cmp.Or(a.hint, "Search opportunities, cases, accounts, people"))
	c.field.Icon = symbol{"search", colMuted}
	c.field.OnChanged = func(s string) { c.at = 0; c.model.Type(s, keys) }
	c.field.OnSubmitted = func(string) { c.choose(c.at) }
	c.rows = newRowList(c, choiceHeight, func() int { return len(c.model.Choices) }, func() fyne.CanvasObject { return newChoiceRow() }, c.bind)
	c.rows.onKey = c.key
	c.field.onKey = c.key
	c.none = newLabel("", sizeBody, colMuted).center().lines(3)
	c.leaf.objects = []fyne.CanvasObject{c.field, c.rows, c.none}
	c.place = func(s fyne.Size) {
		h := c.field.MinSize().Height
		c.field.Resize(fyne.NewSize(s.Width, h))
		c.rows.Move(fyne.NewPos(0, h+8))
		c.rows.Resize(fyne.NewSize(s.Width, max(0, s.Height-h-8)))
		c.none.Move(fyne.NewPos(0, h+60))
		c.none.Resize(fyne.NewSize(s.Width, 60))
	}
	c.min = func() fyne.Size { return fyne.NewSize(300, 200) }
	c.ExtendBaseWidget(c)

	cancel := newButton(w, "Cancel", "", quiet, func() { c.sheet.close() })
	c.ok = newButton(w, a.verb, "", primary, func() { c.choose(c.at) })
	c.ok.off = true
	c.model = w.desk.NewChooser(keys, a.kinds, c.redraw)
	c.sheet = w.openSheet(a.title, c, fyne.NewSize(540, 520), cancel, c.ok)
	c.sheet.primary = func() { c.choose(c.at) }
	c.sheet.closed = c.model.Close
	c.sheet.onKey = c.key
	w.canvas.Focus(c.field)
	c.redraw()
}

const choiceHeight = 44

type regardingSheet struct {
	leaf
	w     *window
	ask   recordAsk
	model *view.Chooser
	field *field
	rows  *rowList
	none  *label
	ok    *button
	sheet *sheet
	at    int
}

// redraw shows what was found.
func (c *regardingSheet) redraw() {
	if c.sheet == nil {
		return
	}
	c.at = max(0, min(c.at, len(c.model.Choices)-1))
	c.none.text = ""
	if len(c.model.Choices) == 0 {
		switch {
		case c.model.Asking:
			c.none.text = "Asking the CRM …"
		case c.model.Query != "":
			c.none.text = "No open record has “" + c.model.Query + "” in its name or address."
		default:
			c.none.text = "Type a few letters of a name."
		}
	}
	c.none.changed()
	note := c.model.Note
	if c.model.Asking && len(c.model.Choices) > 0 {
		note = "Asking the CRM …"
	}
	c.sheet.body.note.set(note, colMuted)
	c.ok.off = len(c.model.Choices) == 0
	c.ok.changed()
	c.rows.update()
}

func (c *regardingSheet) bind(i int, o fyne.CanvasObject) {
	r := o.(*choiceRow)
	group := c.model.Choices[i].Group
	if i > 0 && c.model.Choices[i-1].Group == group {
		group = ""
	}
	r.set(c.model.Choices[i], group, i == c.at)
	r.tap = func() {
		if c.at == i {
			c.choose(i)
			return
		}
		c.at = i
		c.rows.update()
	}
}

func (c *regardingSheet) key(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyEscape:
		c.sheet.close()
	case fyne.KeyDown:
		c.move(1)
	case fyne.KeyUp:
		c.move(-1)
	case fyne.KeyPageDown:
		c.move(c.rows.page())
	case fyne.KeyPageUp:
		c.move(-c.rows.page())
	default:
		return false
	}
	return true
}

func (c *regardingSheet) move(n int) {
	c.at = max(0, min(c.at+n, len(c.model.Choices)-1))
	c.rows.reveal(c.at)
	c.rows.update()
}

// TypedKey is for the list while it has the focus.
func (c *regardingSheet) TypedKey(e *fyne.KeyEvent) { c.sheet.TypedKey(e) }

// TypedRune goes on typing in the field.
func (c *regardingSheet) TypedRune(r rune) {
	c.w.canvas.Focus(c.field)
	c.field.TypedRune(r)
}

func (c *regardingSheet) choose(i int) {
	if i < 0 || i >= len(c.model.Choices) {
		return
	}
	chosen := c.model.Choices[i]
	c.sheet.close()
	c.ask.took(chosen.Card)
}

// choiceRow is a record to choose: name, kind and account, where it was found.
type choiceRow struct {
	leaf
	tap           func()
	hover, chosen bool
	bg            *canvas.Rectangle
	icon          *glyph
	name, sub     *label
	group         *label
}

var (
	_ fyne.Tappable     = (*choiceRow)(nil)
	_ desktop.Hoverable = (*choiceRow)(nil)
)

func newChoiceRow() *choiceRow {
	r := &choiceRow{
		bg: canvas.NewRectangle(color.Transparent), icon: newGlyph("", colMuted, 18), name: newLabel("", sizeBody, colText).bold(),
		sub: newLabel("", sizeSmall, colMuted), group: newLabel("", sizeSmall, colMuted).right(),
	}
	r.bg.CornerRadius = 6
	r.objects = []fyne.CanvasObject{r.bg, r.icon, r.name, r.sub, r.group}
	r.place = func(s fyne.Size) {
		r.bg.Resize(fyne.NewSize(s.Width, s.Height-2))
		r.icon.Move(fyne.NewPos(10, 0))
		r.icon.Resize(fyne.NewSize(18, s.Height-2))
		gw := r.group.MinSize().Width
		r.group.Move(fyne.NewPos(s.Width-12-gw, 4))
		r.group.Resize(fyne.NewSize(gw, 18))
		r.name.Move(fyne.NewPos(40, 4))
		r.name.Resize(fyne.NewSize(s.Width-40-24-gw, 18))
		r.sub.Move(fyne.NewPos(40, 22))
		r.sub.Resize(fyne.NewSize(s.Width-56, 16))
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, choiceHeight) }
	r.paint = func() {
		r.bg.FillColor = color.Transparent
		switch {
		case r.chosen:
			r.bg.FillColor = paintOf(colAccentSoft)
		case r.hover:
			r.bg.FillColor = paintOf(colHover)
		}
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *choiceRow) set(c view.Choice, group string, chosen bool) {
	sub := c.Kind
	for _, s := range []string{c.Title, c.Parent, c.Value} {
		if s != "" {
			sub += " · " + s
		}
	}
	r.setText(c.Symbol, c.Name, sub, group, chosen)
}

// setText shows a symbol, a name, a line below it, and a word at the right.
func (r *choiceRow) setText(icon, name, sub, group string, chosen bool) {
	r.chosen = chosen
	r.icon.name, r.name.text, r.sub.text, r.group.text = icon, name, sub, group
	for _, l := range []*label{r.name, r.sub, r.group} {
		l.changed()
	}
	r.icon.changed()
	r.changed()
}

// Tapped chooses the row; a second time it is taken.
func (r *choiceRow) Tapped(*fyne.PointEvent)        { r.tap() }
func (r *choiceRow) MouseIn(*desktop.MouseEvent)    { r.hover = true; r.changed() }
func (r *choiceRow) MouseMoved(*desktop.MouseEvent) {}
func (r *choiceRow) MouseOut()                      { r.hover = false; r.changed() }
