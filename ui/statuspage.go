package ui

import (
	"fyne.io/fyne/v2"

	"postrider/agent"
	"postrider/agent/health"
	"postrider/ui/view"
)

// statusPage says how everything is: both ends, counts, problems, what was done.
type statusPage struct {
	panePage
	sync    *button
	pause   *button
	crmMail *toggle
}

func newStatusPage(w *window) *statusPage {
	p := &statusPage{}
	p.lay(w, p)
	p.sync = newButton(w, "Sync now", "sync", primary, w.desk.SyncNow)
	p.pause = newButton(w, "Pause", "pause", plain, func() { w.desk.SetPaused(!w.desk.Paused()) })
	p.crmMail = p.toggle("crm mail", "Send what I write in the CRM from this computer", w.desk.SetCRMMail)
	return p
}

func (p *statusPage) first() fyne.Focusable { return p.sync }
func (p *statusPage) left()                 { p.w.desk.CloseJournal() }

// entered follows the activity log while the page is shown.
func (p *statusPage) entered() {
	p.w.desk.OpenJournal()
	p.redraw()
}

func (p *statusPage) redraw() {
	if !p.w.showing(p.w.health) {
		return
	}
	d := p.w.desk
	s := d.Status
	if s.Phase == agent.Paused {
		p.pause.set("Resume", "play", plain)
	} else {
		p.pause.set("Pause", "pause", plain)
	}
	title := "Status"
	if p.w.account != "" {
		title += " of " + p.w.account
	}
	c := d.Counts
	items := []fyne.CanvasObject{
		newLabel(title, sizeTitle, colText).bold(),
		newRow(8, 1, newGlyph(s.Symbol, tone(s.Tone), 16), newLabel(s.Text, sizeBody, colText)),
		newRow(8, -1, p.sync, p.pause),
		space(8),
		newCardBox(colSurface, colLine, 16,
			p.fact("mail", "Mailbox", "last heard of "+s.MailAt), p.fact("record", "CRM", "last heard of "+s.CRMAt),
			space(4),
			newLabel("Messages", sizeSmall, colMuted),
			p.fact(string(view.SignTracked), "Tracked", view.Count(c.Tracked)), p.fact(string(view.SignWaiting), "Waiting", view.Count(c.Waiting)),
			p.fact(string(view.SignUntracked), "Not tracked", view.Count(c.Skipped)), p.fact(string(view.SignAttention), "Need you", view.Count(c.Failed))),
	}
	items = append(items, p.itemItems()...)
	items = append(items, p.methodItems()...)
	if len(s.Problems) > 0 {
		items = append(items, space(8), newLabel("Problems", sizeBody, colText).bold())
		for _, pr := range s.Problems {
			items = append(items, p.w.problemCard(pr))
		}
	}
	if len(d.Asides) > 0 {
		items = append(items, space(8), newLabel("Set aside, because it could not be read", sizeBody, colText).bold())
		for _, a := range d.Asides {
			items = append(items, newRow(12, 0, newLabel(a.What+": "+a.Reason, sizeBody, colText), newLabel(a.When, sizeSmall, colMuted).right()))
		}
		asides := d.Asides
		items = append(items, newRow(8, -1, newButton(p.w, "Read again", "retry", plain, func() { d.Deeds.RetryAsides(asides) })))
	}
	items = append(items, space(8), newLabel("What was done", sizeBody, colText).bold())
	if len(d.Journal) == 0 {
		items = append(items, newLabel("Nothing yet.", sizeBody, colMuted))
	}
	for _, l := range d.Journal {
		when := newLabel(l.When, sizeSmall, colMuted).right()
		items = append(items, newRow(12, 0, newLabel(l.Text, sizeBody, colText), when))
	}
	p.set(items...)
}

// itemItems are how many appointments, contacts and tasks there are.
func (p *statusPage) itemItems() []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, c := range p.w.desk.Items {
		rows = append(rows, p.fact(c.Symbol, c.Name, c.Text))
	}
	if len(rows) == 0 {
		return nil
	}
	return []fyne.CanvasObject{newCardBox(colSurface, colLine, 16, rows...)}
}

// methodItems say who moves the mail, and offer to change it where the user may.
func (p *statusPage) methodItems() []fyne.CanvasObject {
	d := p.w.desk
	if len(d.Methods) == 0 {
		return nil
	}
	var rows []fyne.CanvasObject
	for i, m := range d.Methods {
		icon, ink := "ok", colAccent
		if !m.Ours {
			icon, ink = "info", colInfo
		}
		if i > 0 {
			rows = append(rows, space(4))
		}
		rows = append(rows, newRow(8, 1, newGlyph(icon, ink, 16), newLabel(m.Title, sizeBody, colText).bold()), newLabel(m.Text, sizeBody, colMuted).lines(4))
		if m.Change != "" {
			rows = append(rows, newRow(8, -1, p.button("method "+m.Title, m.Change, "", plain, func() { d.LetPostrider(m.Incoming) })))
		}
		if !m.Incoming && m.Ours && d.CanCRMMail {
			p.crmMail.set(d.CRMMail)
			rows = append(rows, newRow(8, -1, p.crmMail))
		}
	}
	return []fyne.CanvasObject{space(8), newLabel("Who moves your mail", sizeBody, colText).bold(), newCardBox(colSurface, colLine, 16, rows...)}
}

func (p *statusPage) fact(icon, name, value string) fyne.CanvasObject {
	ink := colMuted
	switch view.Sign(icon) {
	case view.SignTracked:
		ink = colAccent
	case view.SignWaiting:
		ink = colInfo
	case view.SignAttention:
		ink = colWarn
	}
	return newRow(8, 1, newGlyph(icon, ink, 16), newLabel(name, sizeBody, colText), newLabel(value, sizeBody, colMuted).right())
}

// problemCard is a problem with its cause, its remedy and the text to copy.
func (w *window) problemCard(p view.ProblemLine) fyne.CanvasObject {
	ink := tone(p.Tone)
	items := []fyne.CanvasObject{newRow(8, 1, newGlyph(p.Symbol, ink, 16), newLabel(p.Title, sizeBody, colText).bold(), newLabel("since "+p.Since, sizeSmall, colMuted).right())}
	if p.Text != "" {
		items = append(items, newLabel(view.OneLine(p.Text, 400), sizeBody, colMuted).lines(4))
	}
	cp := newButton(w, "Copy details", "copy", quiet, func() {
		w.copyOut(p.Details())
		w.desk.Deeds.Say("The details are on the clipboard")
	})
	cp.small = true
	buttons := []fyne.CanvasObject{cp}
	switch p.Code {
	case string(health.ItemsFirst.Code), string(health.ItemsHeld.Code), string(health.ItemsConflict.Code):
		there := newButton(w, "Page Sync", "in-step", quiet, func() { w.leaveFor(w.inStep) })
		there.small = true
		buttons = append(buttons, there)
	}
	items = append(items, newLabel(p.Remedy, sizeBody, ink).lines(3), newRow(8, -1, buttons...))
	return newCardBox(colSurface, colLine, 16, items...)
}

// leaveFor goes to a page, out of the dialogs that are open.
func (w *window) leaveFor(p page) {
	for n := len(w.sheets); n > 0; n-- {
		w.sheets[n-1].close()
	}
	w.showPage(p)
}
