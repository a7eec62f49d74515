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
	p.empty = newEmptyNote(w, p.rows, p.emptyAct)
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

// emptyAct is what an empty list offers.
func (p *listPane) emptyAct(action string) (text string, act func()) {
	switch action {
	case "clear":
		return "Clear the search", p.clearSearch
	case "inbox":
		return "Show the inbox", p.w.rail.mail.act
	case "sync":
		return "Sync now", p.w.desk.SyncNow
	}
	return "", func() {}
}
