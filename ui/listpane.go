package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// listPane is the second column: search, where one is, the messages.
type listPane struct {
	leaf
	w      *window
	bg     *box
	search *field
	where  *button
	count  *label
	line   *box
	rows   *rowList
	empty  *emptyNote
}

func newListPane(w *window) *listPane {
	p := &listPane{w: w, bg: newBox(colSurface, "", 0), line: newLine(), count: newLabel("", sizeSmall, colMuted).right()}
	p.search = newField("Search subject, people")
	p.search.Icon = symbol{"search", colMuted}
	p.search.OnChanged = func(s string) { w.desk.List.Find(s) }
	p.search.OnSubmitted = func(string) { w.canvas.Focus(p.rows) }
	p.search.onKey = func(e *fyne.KeyEvent) bool {
		switch e.Name {
		case fyne.KeyEscape:
			p.clearSearch()
		case fyne.KeyDown:
			w.canvas.Focus(p.rows)
		case fyne.KeyF5:
			w.desk.SyncNow()
		default:
			return false
		}
		return true
	}
	p.search.onShortcut = w.TypedShortcut
	p.where = newButton(w, "Inbox", "inbox", quiet, p.choosePlace)
	p.where.left, p.where.trailer.name = true, "down"
	p.rows = newRowList(w, rowHeight, func() int { return w.desk.List.Len() }, p.newRow, p.bindRow)
	p.rows.visible = func(first, end int) { w.desk.List.Show(first, end) }
	p.empty = newEmptyNote(w)
	p.objects = []fyne.CanvasObject{p.bg, p.search, p.where, p.count, p.line, p.rows, p.empty}
	p.place = func(s fyne.Size) {
		put := func(o fyne.CanvasObject, x, y, w, h float32) {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(max(0, w), max(0, h)))
		}
		put(p.bg, 0, 0, s.Width, s.Height)
		sh := p.search.MinSize().Height
		put(p.search, 8, 8, s.Width-16, sh)
		y := 8 + sh + 4
		cw := p.count.MinSize().Width
		put(p.count, s.Width-14-cw, y, cw, 32)
		put(p.where, 4, y, min(p.where.MinSize().Width, s.Width-cw-26), 32)
		y += 36
		put(p.line, 0, y, s.Width, 1)
		put(p.rows, 0, y+1, s.Width, s.Height-y-1)
		put(p.empty, 0, y+1, s.Width, s.Height-y-1)
	}
	p.min = func() fyne.Size { return fyne.NewSize(leastList, 200) }
	p.ExtendBaseWidget(p)
	return p
}

func (p *listPane) newRow() fyne.CanvasObject { return newMessageRow(p.w.hints) }

func (p *listPane) bindRow(i int, o fyne.CanvasObject) {
	r := o.(*messageRow)
	l := p.w.desk.List
	row, ok := l.Row(i)
	marked := l.Marked(i)
	at := i == l.Cursor()
	several := l.MarkedCount() > 0
	r.tap = func() { p.tapped(i) }
	r.menu = func(at fyne.Position) {
		if !l.Marked(i) {
			p.tapped(i)
		}
		p.w.actionMenu(at)
	}
	r.set(row, ok, marked || at && !several, marked, at && p.rows.focus)
}

func (p *listPane) tapped(i int) {
	w := p.w
	mods := w.mods()
	toggle, extend := mods&fyne.KeyModifierShortcutDefault != 0, mods&fyne.KeyModifierShift != 0
	w.desk.List.Click(i, toggle, extend)
	w.canvas.Focus(p.rows)
	if w.frame.turns && !toggle && !extend {
		w.frame.turn(true)
	}
}

func (p *listPane) clearSearch() {
	p.search.SetText("")
	p.w.desk.List.Find("")
	p.w.canvas.Focus(p.rows)
}

// places shows where the list is, and how much is there.
func (p *listPane) places() {
	l := p.w.desk.List
	for _, pl := range p.w.desk.Places {
		if pl.Where == l.Where() {
			p.where.set(pl.Name, pl.Symbol, quiet)
			text := view.Count(pl.Total)
			if pl.Unread > 0 {
				text = view.Count(pl.Unread) + " of " + text + " unread"
			}
			p.count.set(text, colMuted)
			break
		}
	}
	p.changed()
}

func (p *listPane) redraw() {
	l := p.w.desk.List
	if l.Query() != "" {
		text := view.Plural(l.Len(), "message")
		if l.Finding() {
			text = "searching · " + view.Count(l.Len())
		}
		p.count.set(text, colMuted)
		p.changed()
	} else if n := l.MarkedCount(); n > 0 {
		p.count.set(view.Count(n)+" selected", colAccent)
		p.changed()
	} else {
		p.places()
	}
	e, none := l.Empty()
	p.empty.set(e, none)
	p.rows.update()
}

// choosePlace shows the folders and states to go to.
func (p *listPane) choosePlace() {
	var items []choice
	states := false
	for _, pl := range p.w.desk.Places {
		if pl.Folder == 0 && !states {
			states = true
			items = append(items, choice{})
		}
		it := choice{text: pl.Name, icon: pl.Symbol, indent: pl.Depth, on: pl.Where == p.w.desk.List.Where(), act: func() { p.w.goTo(pl.Where) }}
		switch {
		case pl.Unread > 0:
			it.note = view.Count(pl.Unread) + " unread"
		case pl.Total > 0:
			it.note = view.Count(pl.Total)
		}
		switch view.Sign(pl.Symbol) {
		case view.SignTracked:
			it.ink = colAccent
		case view.SignWaiting:
			it.ink = colInfo
		case view.SignAttention:
			it.ink = colWarn
		}
		items = append(items, it)
	}
	p.w.openMenu(p.w.below(p.where), items...)
}

// emptyNote says why there is nothing, and what to do next.
type emptyNote struct {
	leaf
	w           *window
	bg          *box
	title, text *label
	act         *button
}

func newEmptyNote(w *window) *emptyNote {
	e := &emptyNote{
		w: w, bg: newBox(colSurface, "", 0), title: newLabel("", sizeBody, colText).bold().center(),
		text: newLabel("", sizeBody, colMuted).center().lines(4), act: newButton(w, "", "", plain, nil),
	}
	e.objects = []fyne.CanvasObject{e.bg, e.title, e.text, e.act}
	e.place = func(s fyne.Size) {
		e.bg.Resize(s)
		wide := min(s.Width-32, 320)
		x, y := (s.Width-wide)/2, min(s.Height/3, 160)
		e.title.Move(fyne.NewPos(x, y))
		e.title.Resize(fyne.NewSize(wide, 20))
		y += 24
		h := e.text.heightFor(wide)
		e.text.Move(fyne.NewPos(x, y))
		e.text.Resize(fyne.NewSize(wide, h))
		y += h + 16
		m := e.act.MinSize()
		e.act.Move(fyne.NewPos((s.Width-m.Width)/2, y))
		e.act.Resize(m)
	}
	e.ExtendBaseWidget(e)
	e.Hide()
	return e
}

func (e *emptyNote) set(n view.Empty, on bool) {
	if on {
		e.title.text, e.text.text = n.Title, n.Text
		text, act := "", func() {}
		switch n.Action {
		case "clear":
			text, act = "Clear the search", e.w.list.clearSearch
		case "inbox":
			text, act = "Show the inbox", e.w.rail.mail.act
		case "sync":
			text, act = "Sync now", e.w.desk.SyncNow
		}
		e.act.act = act
		e.act.Hidden = text == ""
		e.act.text = text
		e.changed()
	}
	show(e, on)
	show(e.w.list.rows, !on)
}
