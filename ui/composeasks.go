package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
	"postrider/ui/view"
)

// shortcut takes the keys with Ctrl while a message is written.
func (p *composePage) shortcut(s fyne.Shortcut) bool {
	c, ok := s.(*desktop.CustomShortcut)
	if !ok || c.Modifier&fyne.KeyModifierControl == 0 || len(p.w.sheets) > 0 {
		return false
	}
	text := p.w.canvas.Focused() == fyne.Focusable(p.text) && p.bound != nil && p.bound.Rich
	switch c.KeyName {
	case fyne.KeyReturn, fyne.KeyEnter:
		p.w.desk.SendDraft()
	case fyne.KeyB:
		if text {
			p.bold()
		}
	case fyne.KeyI:
		if text {
			p.italic()
		}
	case fyne.KeyK:
		if text {
			p.link()
		}
	case fyne.KeyN, fyne.KeyR, fyne.KeyL, fyne.KeyF:
		// not while something is being written
	default:
		return false
	}
	return true
}

// composeShortcut is for the fields of the composer.
func (w *window) composeShortcut(s fyne.Shortcut) bool { return w.compose.shortcut(s) }

// aboutOfDraft asks what the message is about that is being written.
func (w *window) aboutOfDraft() {
	c := w.desk.Compose
	if c == nil {
		return
	}
	var keys []uint64
	if k := c.Answers(); k != 0 {
		keys = []uint64{k}
	}
	w.chooseRecord(recordAsk{title: "What is this message about?", verb: "Set regarding", keys: keys, took: func(card view.Card) {
		w.desk.Chose(card.Ref)
		w.compose.model(func(c *view.Compose) { c.SetAbout(&card) })
		w.canvas.Focus(w.compose.about)
	}})
}

// askDiscard asks before it throws away what was written.
func (w *window) askDiscard() {
	c := w.desk.Compose
	if c == nil {
		return
	}
	if !c.Dirty() {
		w.desk.Discard()
		return
	}
	var s *sheet
	do := func() { s.close(); w.desk.Discard() }
	keep := newButton(w, "Keep writing", "", quiet, func() { s.close() })
	drop := newButton(w, "Discard", "", risky, do)
	text := newColumn(8, 0, newLabel("What you wrote is thrown away. You can have it back for ten seconds.", sizeBody, colText).lines(3))
	s = w.openSheet("Discard this draft?", text, fyne.NewSize(420, 150), keep, drop)
	s.primary = do
	w.canvas.Focus(keep)
}

// chooseTemplate asks for a template, and before it goes over what is written.
func (w *window) chooseTemplate() {
	if w.desk.Compose == nil {
		return
	}
	l := &listSheet{}
	m := w.desk.NewTemplates(func() { l.redraw() })
	l.count = func() int { return len(m.Lines) }
	l.typed = m.Type
	l.show = func(i int, r *choiceRow, chosen bool) {
		r.setText("template", m.Lines[i].Title, m.Lines[i].Note, "", chosen)
	}
	l.note = func() (string, string) {
		switch {
		case m.Asking:
			return "Asking the CRM …", ""
		case len(m.Lines) == 0 && l.field.Text != "":
			return "No template has “" + l.field.Text + "” in its title.", m.Note
		case len(m.Lines) == 0 && m.Note == "":
			return "The organization has no email templates.", ""
		}
		return "No template fits.", m.Note
	}
	l.take = func(i int) {
		line := m.Lines[i]
		l.sheet.close()
		w.placeTemplate(line)
	}
	w.openList(l, "Which template?", "Search templates", "Use template", fyne.NewSize(520, 460), m.Close)
}

func (w *window) placeTemplate(l view.TemplateLine) {
	c := w.desk.Compose
	use := func(how view.Placing) {
		w.desk.UseTemplate(l, how)
		w.canvas.Focus(w.compose.text)
	}
	if c == nil || c.Blank() {
		use(view.PlaceInstead)
		return
	}
	var s *sheet
	do := func(how view.Placing) func() { return func() { s.close(); use(how) } }
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	instead := newButton(w, "Replace it", "", risky, do(view.PlaceInstead))
	above := newButton(w, "Put the template above it", "", primary, do(view.PlaceAbove))
	text := newColumn(8, 0, newLabel("Something is written in this message already.", sizeBody, colText).lines(2))
	s = w.openSheet("Use “"+l.Title+"”?", text, fyne.NewSize(460, 150), cancel, instead, above)
	s.primary = do(view.PlaceAbove)
	w.canvas.Focus(above)
}

// chooseFile asks for a file to attach.
func (w *window) chooseFile() {
	if w.desk.Compose == nil {
		return
	}
	l := &listSheet{}
	m := w.desk.NewFileFinder(func() { l.redraw() })
	l.count = func() int { return len(m.Lines) }
	l.typed = m.Type
	l.show = func(i int, r *choiceRow, chosen bool) {
		f := m.Lines[i]
		icon := "record"
		if f.Folder {
			icon = "folder"
		}
		r.setText(icon, f.Name, f.Note, "", chosen)
	}
	l.note = func() (string, string) { return m.Note, m.Note }
	l.take = func(i int) {
		f := m.Lines[i]
		if f.Folder {
			l.field.SetText(f.Path)
			l.field.CursorColumn = len([]rune(f.Path))
			l.rows.scroll.ScrollToTop()
			w.canvas.Focus(l.field)
			return
		}
		l.sheet.close()
		w.desk.FoundIn(f.Path)
		w.desk.AddFiles([]string{f.Path})
		w.canvas.Focus(w.compose.tools.attach)
	}
	w.openList(l, "Which file?", "Path of a file", "Attach", fyne.NewSize(560, 520), m.Close)
	l.field.SetText(m.Path)
	l.field.CursorColumn = len([]rune(m.Path))
}

// dropped attaches files that were dropped on the window, to the message that is
// being written or else to a new one.
func (w *window) dropped(paths []string) {
	if w.desk.Compose == nil {
		w.write(agent.DraftNew)
	}
	w.desk.AddFiles(paths)
}
