package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"postrider/offline"
	"postrider/ui/view"
)

// itemsPage shows the user's appointments, contacts or tasks: a list, or a week,
// and beside it the chosen one. Where it is narrow they take turns.
type itemsPage struct {
	basePage
	w       *window
	list    *view.Items
	bg      *box
	head    *flow
	where   *button
	search  *field
	prev    *button
	today   *button
	next    *button
	week    *label
	mode    *button
	fresh   *button
	count   *label
	lines   [2]*box
	rows    *rowList
	grid    *weekGrid // of a calendar
	empty   *emptyNote
	panel   *itemPanel
	turns   bool
	onItem  bool      // taking turns: the item is shown
	goesTo  time.Time // the day that the list is to begin with, once it is there
	waiting view.Verb // asked for before it was known whether it can be done
}

func newItemsPage(w *window, l *view.Items) *itemsPage {
	p := &itemsPage{w: w, list: l, bg: newBox(colSurface, "", 0), head: newFlow(8), lines: [2]*box{newLine(), newLine()}, count: newLabel("", sizeSmall, colMuted).fitting(), week: newLabel("", sizeBody, colText).bold().fitting()}
	p.where = newButton(w, "", "", quiet, p.chooseFilter)
	p.where.left, p.where.trailer.name = true, "down"
	p.search = newField("Search")
	p.search.Icon = symbol{"search", colMuted}
	p.search.OnChanged = l.Find
	p.search.OnSubmitted = func(string) { p.focusList() }
	p.search.onKey = p.searchKey
	p.search.onShortcut = w.TypedShortcut
	p.fresh = newButton(w, "New "+view.ItemNoun(l.Kind), "write", plain, p.newItem)
	p.rows = newRowList(w, rowHeight, func() int { return len(l.Rows) }, func() fyne.CanvasObject { return newItemRow(gutterOf(l.Kind)) }, p.bind)
	p.panel = newItemPanel(p)
	list := fyne.CanvasObject(p.rows)
	if p.calendar() {
		p.grid = newWeekGrid(p)
		list = p.grid
		p.prev, p.next = newButton(w, "", "left", quiet, func() { l.Turn(-1) }), newButton(w, "", "right", quiet, func() { l.Turn(1) })
		p.prev.hint, p.next.hint, p.prev.hints, p.next.hints = "The week before (←)", "The next week (→)", w.hints, w.hints
		p.today = newButton(w, "Today", "", quiet, l.Today)
		p.mode = newButton(w, "Agenda", "list", quiet, p.turnMode)
	}
	p.empty = newEmptyNote(w, p.rows, p.emptyAct)
	p.objects = []fyne.CanvasObject{p.bg, p.head, p.lines[0], list, p.rows, p.empty, p.lines[1], p.panel}
	if list == p.rows {
		p.objects = []fyne.CanvasObject{p.bg, p.head, p.lines[0], p.rows, p.empty, p.lines[1], p.panel}
	}
	p.place = p.layout
	p.min = func() fyne.Size { return fyne.NewSize(leastItem, 200) }
	p.ExtendBaseWidget(p)
	p.Hide()
	return p
}

// gutterOf is how much room the groups of a list need at its left.
func gutterOf(kind offline.Kind) float32 {
	if kind == offline.KindContact {
		return 22
	}
	return 78
}

func (p *itemsPage) calendar() bool { return p.list.Kind == offline.KindAppointment }

// gridOn reports whether the week is shown as a grid.
func (p *itemsPage) gridOn() bool { return p.calendar() && !p.list.Agenda && p.list.Query == "" }

func (p *itemsPage) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	put(p.bg, 0, 0, s.Width, s.Height)
	if turns := s.Width < takeTurns; turns != p.turns {
		p.turns = turns
		p.panel.redraw()
	}
	listW := min(max(s.Width*0.46, 320), 560)
	if p.gridOn() {
		listW = s.Width - min(max(s.Width*0.3, 280), 380)
	}
	e, none := p.list.Empty()
	switch {
	case p.turns && p.onItem && !none:
		listW = 0
	case p.turns, none && len(p.list.Shown.Keys) == 0 && !p.gridOn():
		listW = s.Width
	}
	for _, o := range []fyne.CanvasObject{p.head, p.lines[0]} {
		show(o, listW > 0)
	}
	top := p.head.heightFor(max(100, listW-16)) + 16
	put(p.head, 8, 8, listW-16, top-16)
	put(p.lines[0], 0, top, listW, 1)
	grid := p.grid
	if grid != nil {
		show(grid, p.gridOn() && listW > 0)
		put(grid, 0, top+1, listW, s.Height-top-1)
	}
	none = none && !(p.gridOn() && p.list.Ready && len(p.list.Filters) > 0 && p.list.Filters[0].Count > 0)
	p.empty.set(e, none && listW > 0)
	show(p.rows, !p.gridOn() && listW > 0 && !none)
	if grid != nil && none {
		show(grid, false)
	}
	put(p.rows, 0, top+1, listW, s.Height-top-1)
	put(p.empty, 0, top+1, listW, s.Height-top-1)
	x := listW
	if listW > 0 {
		x++
	}
	put(p.lines[1], listW, 0, lineWidth(listW > 0 && x < s.Width), s.Height)
	show(p.panel, x < s.Width)
	put(p.panel, x, 0, s.Width-x, s.Height)
}

// first is the list, or the grid; nil while there is neither.
func (p *itemsPage) first() fyne.Focusable {
	switch {
	case p.gridOn() && p.grid.Visible():
		return p.grid
	case p.rows.Visible():
		return p.rows
	case p.empty.Visible() && p.empty.act.Visible():
		return p.empty.act
	}
	return nil
}

// focusList puts the focus on the list, or the grid.
func (p *itemsPage) focusList() {
	if f := p.first(); f != nil {
		p.w.canvas.Focus(f)
	}
}

// refocus keeps the focus on something that is there.
func (p *itemsPage) refocus() {
	at := p.w.canvas.Focused()
	lost := at == nil || at == fyne.Focusable(p.rows) && !p.rows.Visible() || at == fyne.Focusable(p.empty.act) && !p.empty.Visible() || p.grid != nil && at == fyne.Focusable(p.grid) && !p.grid.Visible()
	if f := p.first(); lost && f != nil && len(p.w.sheets) == 0 {
		p.w.canvas.Focus(f)
	}
}

func (p *itemsPage) entered() {
	p.onItem = false
	p.w.desk.OpenItems(p.list)
	p.redraw()
}

func (p *itemsPage) left() {
	p.waiting = ""
	p.w.desk.CloseItems(p.list)
}

// redraw shows the list and the chosen item as they are now.
func (p *itemsPage) redraw() {
	if !p.w.showing(p) {
		return
	}
	l := p.list
	f := l.FilterLine()
	p.where.set(f.Name, f.Symbol, quiet)
	items := []fyne.CanvasObject{p.where}
	if p.calendar() {
		text, icon := "Agenda", "list"
		if l.Agenda {
			text, icon = "Week", "calendar"
		}
		p.mode.set(text, icon, quiet)
		p.week.set(l.Week.Title, colText)
		items = append(items, newRow(2, -1, p.prev, p.today, p.next), newMiddle(p.week), p.mode)
	}
	p.count.set(p.counted(), colMuted)
	items = append(items, newSized(p.search, 170))
	if p.w.desk.Keeps() {
		items = append(items, p.fresh)
	}
	if !p.turns {
		items = append(items, newMiddle(p.count))
	}
	p.head.setItems(items...)
	p.head.changed()
	p.rows.update()
	if p.grid != nil {
		p.grid.update()
	}
	p.begin()
	if l.Reveal {
		l.Reveal = false
		p.reveal()
	}
	p.panel.redraw()
	p.changed()
	p.w.canvas.Refresh(p) // as panePage does
	p.refocus()
	if verb := p.waiting; verb != "" && len(l.Shown.Keys) > 0 {
		p.waiting = ""
		p.do(verb)
	}
}

// counted is how many are shown, or marked.
func (p *itemsPage) counted() string {
	if n := p.list.MarkedCount(); n > 0 {
		return view.Count(n) + " selected"
	}
	if !p.list.Ready {
		return ""
	}
	return view.Plural(len(p.list.Rows), view.ItemNoun(p.list.Kind))
}

// begin goes to the day that was asked for.
func (p *itemsPage) begin() {
	if p.goesTo.IsZero() || !p.list.Agenda {
		return
	}
	for i, r := range p.list.Rows {
		if !r.From.Before(p.goesTo) {
			p.goesTo = time.Time{}
			p.list.Click(i, false, false)
			p.rows.scroll.ScrollToOffset(fyne.NewPos(0, float32(i)*rowHeight))
			p.rows.field.arrange()
			return
		}
	}
}

// showDay shows the list from a day on.
func (p *itemsPage) showDay(day time.Time) {
	p.goesTo = day
	p.list.SetAgenda(true)
	p.redraw()
	p.w.canvas.Focus(p.rows)
}

// turnMode goes from the week to the list, or back.
func (p *itemsPage) turnMode() {
	p.list.SetAgenda(!p.list.Agenda)
	p.redraw()
	p.focusList()
}

func (p *itemsPage) bind(i int, o fyne.CanvasObject) {
	r, l := o.(*itemRow), p.list
	row := l.Rows[i]
	group := row.Group
	if i > 0 && l.Rows[i-1].Group == group {
		group = ""
	}
	marked, at := l.Marked(i), i == l.Cursor
	r.tap = func() { p.tapped(i) }
	r.menu = func(pos fyne.Position) { p.menuAt(i, pos) }
	r.set(row, group, marked || at && l.MarkedCount() == 0, marked, at && p.rows.focus)
}

func (p *itemsPage) tapped(i int) {
	mods := p.w.mods()
	toggle, extend := mods&fyne.KeyModifierShortcutDefault != 0, mods&fyne.KeyModifierShift != 0
	p.focusList()
	p.list.Click(i, toggle, extend)
	if p.turns && !toggle && !extend {
		p.turn(true)
	}
}

// menuAt opens the menu of what can be done with a row.
func (p *itemsPage) menuAt(i int, at fyne.Position) {
	if !p.list.Marked(i) && p.list.Cursor != i {
		p.tapped(i)
		return // what can be done with it is read first: it stands beside the list
	}
	var items []choice
	for _, a := range p.list.Shown.Actions {
		items = append(items, choice{text: a.Label, icon: a.Symbol, note: a.Key, act: func() { p.carry(a) }})
	}
	if len(items) > 0 {
		p.w.openMenu(at, items...)
	}
}

// turn shows the item or the list where they take turns.
func (p *itemsPage) turn(item bool) {
	if p.onItem = item; p.turns {
		p.changed()
		p.panel.redraw()
		p.focusList()
	}
}

// chooseFilter shows the states and collections that there are.
func (p *itemsPage) chooseFilter() {
	var items []choice
	collections := false
	for _, f := range p.list.Filters {
		if f.Collection != "" && !collections {
			collections = true
			items = append(items, choice{})
		}
		it := choice{text: f.Name, icon: f.Symbol, on: f.ItemFilter == p.list.Filter, note: view.Count(f.Count), act: func() {
			p.list.Show(f.ItemFilter)
			p.focusList()
		}}
		switch view.Sign(f.Symbol) {
		case view.SignTracked:
			it.ink = colAccent
		case view.SignWaiting:
			it.ink = colInfo
		case view.SignAttention:
			it.ink = colWarn
		}
		items = append(items, it)
	}
	if len(items) > 0 {
		p.w.openMenu(p.w.below(p.where), items...)
	}
}

// emptyAct is what an empty list offers.
func (p *itemsPage) emptyAct(action string) (text string, act func()) {
	switch action {
	case "clear":
		return "Clear the search", p.clearSearch
	case "all":
		return "Show all " + view.ItemNoun(p.list.Kind) + "s", func() { p.list.Show(view.ItemFilter{}) }
	case "new":
		return "New " + view.ItemNoun(p.list.Kind), p.newItem
	}
	return "", func() {}
}

func (p *itemsPage) clearSearch() {
	p.search.SetText("")
	p.list.Find("")
	p.focusList()
}

// newMiddle puts a text in the middle of a line of buttons.
func newMiddle(l *label) fyne.CanvasObject {
	m := &leaf{}
	m.objects = []fyne.CanvasObject{l}
	m.place = func(s fyne.Size) { l.Resize(s) }
	m.min = func() fyne.Size { return fyne.NewSize(l.MinSize().Width, 32) }
	m.ExtendBaseWidget(m)
	return m
}
