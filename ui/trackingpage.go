package ui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// trackingPage is where the user chooses what is tracked: by filter, never, by
// folder and keyword; and what is made of strangers, and who is in the address
// book. The widgets are kept from one drawing to the next, so that the focus is.
type trackingPage struct {
	panePage
	since    *entry
	sinceBad string // what is wrong with what is entered
	never    *entry
	neverBad string
}

func newTrackingPage(w *window) *trackingPage {
	p := &trackingPage{}
	p.lay(w, p)
	p.since, p.never = newEntry(false), newEntry(false)
	p.since.SetPlaceHolder("year-month-day")
	p.since.OnChanged = p.enterSince
	p.since.onKey = p.fieldKey(func() {})
	p.never.SetPlaceHolder("news@example.com, or example.com")
	p.never.OnChanged = func(string) {
		if p.neverBad != "" {
			p.neverBad = ""
			p.redraw()
		}
	}
	p.never.onKey = p.fieldKey(p.addNever)
	for _, e := range []*entry{p.since, p.never} {
		e.onFocus = func(on bool) {
			if on {
				p.pane.reveal(e)
			}
		}
	}
	p.Hide()
	return p
}

// fieldKey are the keys of a field that it has no use for itself.
func (p *trackingPage) fieldKey(enter func()) func(*fyne.KeyEvent) bool {
	return func(e *fyne.KeyEvent) bool {
		switch e.Name {
		case fyne.KeyReturn, fyne.KeyEnter:
			enter()
		case fyne.KeyEscape, fyne.KeyF5:
			p.w.TypedKey(e)
		default:
			return false
		}
		return true
	}
}

func (p *trackingPage) entered() {
	p.w.desk.OpenTracking()
	p.showSince()
	p.redraw()
}

func (p *trackingPage) left() { p.w.desk.CloseTracking() }

func (p *trackingPage) first() fyne.Focusable {
	for _, l := range p.w.desk.Tracking.Filters {
		if t := p.toggles["filter "+l.Name]; l.On && t != nil {
			return t
		}
	}
	return nil
}

// redraw shows what is chosen now.
func (p *trackingPage) redraw() {
	if !p.w.showing(p) {
		return
	}
	t := p.w.desk.Tracking
	items := []fyne.CanvasObject{newLabel("Tracking", sizeTitle, colText).bold()}
	switch {
	case !t.Able:
		items = append(items, newLabel("What is tracked can't be chosen here.", sizeBody, colMuted))
	case t.Ready:
		if t.Elsewhere != "" {
			items = append(items, newCardBox(colSurface, colLine, 12, newRow(8, 1, newGlyph("info", colInfo, 16), newLabel(t.Elsewhere, sizeBody, colText).lines(4))))
		}
		items = append(items, p.ruleItems(t)...)
		items = append(items, p.neverItems(t)...)
		items = append(items, p.folderItems(t)...)
		items = append(items, p.keywordItems(t)...)
		items = append(items, p.unknownItems(t)...)
		items = append(items, p.bookItems(t)...)
	}
	p.set(items...)
	if f := p.first(); f != nil && p.w.canvas.Focused() == nil && len(p.w.sheets) == 0 {
		p.w.canvas.Focus(f)
	}
}

// heading begins a part of the page.
func heading(text string) []fyne.CanvasObject {
	return []fyne.CanvasObject{space(8), newLabel(text, sizeBody, colText).bold()}
}

// withPrint is a choice with small print below it.
func withPrint(o fyne.CanvasObject, text string) fyne.CanvasObject {
	return newColumn(0, 0, o, under(text))
}

// under is small print below a choice, in line with its words.
func under(text string) fyne.CanvasObject {
	return newRow(0, 1, space32(), newLabel(text, sizeSmall, colMuted).lines(3))
}

// space32 is as wide as the box of a choice.
func space32() fyne.CanvasObject {
	b := newBox("", "", 0)
	b.min = func() fyne.Size { return fyne.NewSize(32, 1) }
	return b
}

// ruleItems are the filter, what else bounds it, and what it would have tracked.
func (p *trackingPage) ruleItems(t *view.Tracking) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, l := range t.Filters {
		c := p.choice("filter "+l.Name, l.Name, func() { t.Choose(l.Filter) })
		c.set(l.On)
		c.fix(t.FilterFixed)
		line := fyne.CanvasObject(c)
		if l.Force && t.Changed {
			line = newRow(8, 0, c, newLabel("in force now", sizeSmall, colAccent).right())
		}
		rows = append(rows, withPrint(line, l.Text))
	}
	if t.FilterFixed {
		rows = append(rows, under("config.toml says which: change it there, in [track], or take it out there to choose here."))
	}
	sent := p.toggle("sent", "Mail that I send, too", t.ChooseSent)
	sent.set(t.Sent)
	sent.fix(t.SentFixed)
	rows = append(rows, space(4), sent)
	if t.SentFixed {
		rows = append(rows, under("config.toml says so."))
	}
	rows = append(rows, newRow(8, -1, newSized(newLabel("", sizeBody, colText), 24), newLabel("Nothing before", sizeBody, colText).fitting(), newSized(p.since, 150), p.button("anytime", "Any date", "", quiet, func() {
		p.since.SetText("")
	})))
	if p.sinceBad != "" {
		rows = append(rows, newRow(0, 1, space32(), newLabel(p.sinceBad, sizeSmall, colWarn).lines(2)))
	}
	items := append(heading("What is tracked by itself"), newCardBox(colSurface, colLine, 12, rows...))
	return append(items, p.previewItems(t)...)
}

// previewShown is how many of the messages are listed that would be tracked.
const previewShown = 6

func (p *trackingPage) previewItems(t *view.Tracking) []fyne.CanvasObject {
	v := t.Preview
	var rows []fyne.CanvasObject
	switch {
	case v.Failed != "":
		rows = append(rows, newLabel(v.Failed, sizeBody, colWarn).lines(3))
	case v.Text == "" && v.Asking:
		rows = append(rows, newLabel("Looking at the last 30 days …", sizeBody, colMuted))
	case v.Text != "":
		rows = append(rows, newLabel(v.Text, sizeBody, colText).lines(3))
	}
	for _, c := range v.Causes {
		rows = append(rows, newLabel(view.Count(c.Count)+" · "+c.Text, sizeSmall, colMuted))
	}
	for _, l := range v.Rows[:min(len(v.Rows), previewShown)] {
		subject := newLabel(l.Subject, sizeBody, colText)
		subject.style.Italic = l.Bare
		rows = append(rows, newRow(8, 2, newGlyph(string(l.Sign), tone(l.Tone), 14), newSized(newLabel(l.Who, sizeBody, colText).bold(), 170), subject, newLabel(l.When, sizeSmall, colMuted).right()))
	}
	if more := len(v.Rows) - previewShown + v.More; more > 0 {
		rows = append(rows, newRow(8, -1, newLabel("and "+view.Plural(more, "more message"), sizeSmall, colMuted).fitting(), p.all(v)))
	}
	if t.Changed {
		apply := p.button("apply", t.Apply, "", primary, t.PutInForce)
		apply.off = p.sinceBad != ""
		rows = append(rows, space(4), newFlow(8, apply, p.button("forget", "Leave it as it is", "", quiet, func() {
			t.Forget()
			p.showSince()
			p.redraw()
		})))
	}
	if len(rows) == 0 {
		return nil
	}
	title := "In the last 30 days"
	if t.Changed {
		title = "With this choice, in the last 30 days"
	}
	return append([]fyne.CanvasObject{newLabel(title, sizeBody, colMuted)}, newCardBox(colSurface, colLine, 12, rows...))
}

// all shows all messages that would be tracked.
func (p *trackingPage) all(v view.Preview30) *button {
	return p.small("all", "Show "+view.Count(len(v.Rows)), func() { p.w.showCaught(v) })
}

// showCaught lists what would be tracked, and finds in it.
func (w *window) showCaught(v view.Preview30) {
	rows := v.Rows
	l := &listSheet{}
	l.count = func() int { return len(rows) }
	l.show = func(i int, r *choiceRow, chosen bool) {
		c := rows[i]
		r.setText(string(c.Sign), c.Subject, c.Who+" · "+c.Why, c.When, chosen)
	}
	l.take = func(int) { l.sheet.close() }
	l.typed = func(text string) {
		rows = nil
		for _, r := range v.Rows {
			if strings.Contains(strings.ToLower(r.Subject+" "+r.Who), strings.ToLower(text)) {
				rows = append(rows, r)
			}
		}
		l.redraw()
	}
	l.note = func() (string, string) {
		if v.More > 0 {
			return "None of these.", "Older ones are not listed: " + view.Plural(v.More, "message") + "."
		}
		return "None of these.", ""
	}
	w.openList(l, "What would have been tracked", "Find by subject or sender", "Close", fyne.NewSize(620, 520), nil)
}

// enterSince takes what is in the field for the date.
func (p *trackingPage) enterSince(text string) {
	t := p.w.desk.Tracking
	at, err := view.ParseDay(text, p.w.now())
	if err != nil {
		p.sinceBad = err.Error()
		p.redraw()
		return
	}
	p.sinceBad = ""
	t.ChooseSince(at)
	p.redraw()
}

// showSince puts what is chosen into the field.
func (p *trackingPage) showSince() {
	text := ""
	if at := p.w.desk.Tracking.Since; !at.IsZero() {
		text = at.In(p.w.now().Location()).Format(time.DateOnly)
	}
	p.sinceBad = ""
	if p.since.Text != text {
		p.since.OnChanged = nil
		p.since.SetText(text)
		p.since.OnChanged = p.enterSince
	}
}
