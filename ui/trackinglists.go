package ui

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"postrider/offline"
	"postrider/ui/view"
)

// sized gives something a width of its own.
type sized struct {
	leaf
	what fyne.CanvasObject
}

func newSized(o fyne.CanvasObject, wide float32) *sized {
	s := &sized{what: o}
	s.objects = []fyne.CanvasObject{o}
	s.place = func(size fyne.Size) { o.Resize(size) }
	s.min = func() fyne.Size { return fyne.NewSize(wide, o.MinSize().Height) }
	s.ExtendBaseWidget(s)
	return s
}

// neverItems are the never-track list.
func (p *trackingPage) neverItems(t *view.Tracking) []fyne.CanvasObject {
	d := p.w.desk
	rows := []fyne.CanvasObject{newLabel("No rule tracks mail from these, or in these folders. By hand you still can.", sizeBody, colMuted).lines(2)}
	for _, l := range t.Never {
		rows = append(rows, newRow(8, 1, newGlyph(l.Symbol, colMuted, 16), newLabel(l.Text, sizeBody, colText), newLabel(l.Note, sizeSmall, colMuted).right(),
			p.small("never "+l.Text+l.Note, "Remove", func() { d.RemoveNever(l) })))
	}
	rows = append(rows, space(4), newRow(8, 0, p.never, p.button("add never", "Add", "", plain, p.addNever), p.button("add never folder", "Add a folder …", "folder", plain, func() {
		p.w.chooseFolder("Never track what lies in a folder", "Never track", true, func(c view.FolderChoice) { d.AddNeverFolder(c.ID) })
	})))
	if p.neverBad != "" {
		rows = append(rows, newLabel(p.neverBad, sizeSmall, colWarn).lines(2))
	}
	return append(heading("Never tracked"), newCardBox(colSurface, colLine, 12, rows...))
}

func (p *trackingPage) addNever() {
	if err := p.w.desk.AddNever(p.never.Text); err != nil {
		p.neverBad = err.Error()
		p.redraw()
		return
	}
	p.never.SetText("")
}

// folderItems are the tracked folders.
func (p *trackingPage) folderItems(t *view.Tracking) []fyne.CanvasObject {
	f := t.Folders
	if !f.Able {
		return nil
	}
	rows := []fyne.CanvasObject{newLabel("A message that is put into one of these, here, on a phone or in any other mail program, is tracked. Folders below it are not.", sizeBody, colMuted).lines(3)}
	for _, l := range f.Lines {
		about := "about what its conversation is about"
		if l.About != "" {
			about = "about " + l.About
		}
		rows = append(rows, space(4), newRow(8, 1, newGlyph("folder", colMuted, 16), newLabel(l.Name, sizeBody, colText).bold(), newLabel(l.Note, sizeSmall, colMuted).right()))
		if l.Disabled != "" {
			rows = append(rows, newLabel(l.Disabled, sizeSmall, colWarn).lines(3))
		}
		rows = append(rows, newLabel(about, sizeBody, colMuted).lines(2))
		if l.Doing != "" {
			rows = append(rows, newLabel(l.Doing, sizeSmall, colInfo).lines(2))
			if l.Fraction >= 0 {
				rows = append(rows, newMeter(l.Fraction))
			}
		}
		rows = append(rows, p.folderButtons(l))
	}
	add := p.button("add folder", "Track a folder …", "folder", plain, func() {
		p.w.chooseFolder("Which folder is to be tracked?", "Go on", false, p.w.planFolder)
	})
	add.off = f.Off != ""
	limit := f.Limit
	if f.Off != "" {
		limit = f.Off
	}
	rows = append(rows, space(4), newRow(12, 1, add, newLabel(limit, sizeSmall, colMuted).lines(2)))
	return append(heading("Tracked folders"), newCardBox(colSurface, colLine, 12, rows...))
}

func (p *trackingPage) folderButtons(l view.FolderLine) fyne.CanvasObject {
	d, key := p.w.desk, l.Name
	b := []fyne.CanvasObject{p.small("about "+key, "Change regarding …", func() {
		p.w.chooseRecord(recordAsk{title: "What are the messages in " + l.Name + " about?", verb: "Set for all of them", took: func(c view.Card) { d.FolderAbout(l, &c) }})
	})}
	if l.About != "" {
		b = append(b, p.small("none "+key, "Regarding none", func() { d.FolderAbout(l, nil) }))
	}
	if l.Doing != "" {
		text := "Pause"
		if l.Paused {
			text = "Go on"
		}
		b = append(b, p.small("pause "+key, text, func() { d.PauseBackfill(l) }), p.small("end "+key, "End it", func() { d.CancelBackfill(l) }))
	}
	return newFlow(8, append(b, p.small("forget "+key, "Stop tracking it", func() { d.ForgetFolder(l) }))...)
}

// newMeter shows how far something has come.
func newMeter(fraction float64) fyne.CanvasObject {
	m := &leaf{}
	ground, done := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	ground.CornerRadius, done.CornerRadius = 2, 2
	m.objects = []fyne.CanvasObject{ground, done}
	m.place = func(s fyne.Size) {
		ground.Resize(s)
		done.Resize(fyne.NewSize(s.Width*float32(fraction), s.Height))
	}
	m.min = func() fyne.Size { return fyne.NewSize(40, 4) }
	m.paint = func() { ground.FillColor, done.FillColor = paintOf(colLine), paintOf(colAccent) }
	m.ExtendBaseWidget(m)
	return m
}

// chooseFolder asks for a folder.
func (w *window) chooseFolder(title, verb string, never bool, took func(view.FolderChoice)) {
	t := w.desk.Tracking
	all := t.FolderChoices("", never)
	l := &listSheet{}
	l.count = func() int { return len(all) }
	l.show = func(i int, r *choiceRow, chosen bool) {
		c := all[i]
		group := ""
		if c.Off {
			group = "can't be chosen"
		}
		r.setText(c.Symbol, c.Name, c.Note, group, chosen)
	}
	l.take = func(i int) {
		if c := all[i]; !c.Off {
			l.sheet.close()
			took(c)
		}
	}
	l.typed = func(text string) {
		all = t.FolderChoices(text, never)
		l.redraw()
	}
	l.note = func() (string, string) {
		if l.at < len(all) && all[l.at].Off {
			return "", "That folder can't be chosen: " + all[l.at].Note + "."
		}
		return "No folder has that in its name.", ""
	}
	w.openList(l, title, "Find a folder", verb, fyne.NewSize(540, 480), nil)
}

// planFolder asks how a folder is to be tracked.
func (w *window) planFolder(c view.FolderChoice) {
	var s *sheet
	col := newColumn(8, 0)
	about := newButton(w, "About …", "regarding", plain, nil)
	var p *view.FolderPlan
	back := newToggle(w, "Track what lies there already, too", func(on bool) { p.Back = on })
	redraw := func() {
		what := newLabel(p.Text, sizeBody, colText).lines(4)
		switch {
		case p.Asking:
			what = newLabel("Looking into it …", sizeBody, colMuted)
		case p.Failed != "":
			what = newLabel(p.Failed, sizeBody, colWarn).lines(4)
		}
		name := "What its conversation is about, message by message."
		if p.About != nil {
			name = "Everything in it is about " + p.About.Name + "."
		}
		col.setItems(newLabel("What lies there now", sizeSmall, colMuted), what, back, space(4), newLabel("What it is about", sizeSmall, colMuted), newLabel(name, sizeBody, colText).lines(2), newRow(8, -1, about))
		col.changed()
	}
	p = w.desk.NewFolderPlan(c, func() { redraw() })
	about.act = func() {
		w.chooseRecord(recordAsk{title: "What are the messages in " + c.Name + " about?", verb: "Choose", took: func(card view.Card) { p.About = &card; redraw() }})
	}
	do := func() {
		s.close()
		w.desk.TrackFolder(p)
	}
	redraw()
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	ok := newButton(w, "Track it", "", primary, do)
	s = w.openSheet("Track what is put into "+c.Name, newPane(col), fyne.NewSize(520, 330), cancel, ok)
	s.primary, s.closed = do, p.Close
	w.canvas.Focus(ok)
}

// keywordItems say what keywords in the mailbox do.
func (p *trackingPage) keywordItems(t *view.Tracking) []fyne.CanvasObject {
	k := t.Keywords
	on := p.toggle("keywords", "Look at keywords in the mailbox, and set them", p.w.desk.SetKeywords)
	on.set(k.On)
	rows := []fyne.CanvasObject{withPrint(on, "Another mail program asks for tracking by the keyword "+offline.KeywordTrack+". Postrider sets "+offline.KeywordTracked+" on what is tracked; taking that away untracks.")}
	if k.On && len(k.None) > 0 {
		rows = append(rows, under("The mail server keeps no keywords in: "+view.OneLine(strings.Join(k.None, ", "), 200)+". Tracked folders work there, too."))
	}
	return append(heading("Keywords"), newCardBox(colSurface, colLine, 12, rows...))
}

// unknownItems say what is made for senders whom the CRM does not know.
func (p *trackingPage) unknownItems(t *view.Tracking) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, l := range t.Unknown {
		c := p.choice("unknown "+l.Name, l.Name, func() { t.SetUnknown(l.Kind) })
		c.set(l.On)
		c.fix(l.Off != "")
		text := l.Text
		if l.Off != "" {
			text = l.Off
		}
		rows = append(rows, withPrint(c, text))
	}
	return append(heading("Senders whom the CRM does not know"), newCardBox(colSurface, colLine, 12, rows...))
}

// bookItems say whom the address book offers.
func (p *trackingPage) bookItems(t *view.Tracking) []fyne.CanvasObject {
	b, d := t.Addresses, p.w.desk
	rows := []fyne.CanvasObject{newLabel("Whom the address book offers while you write, also offline.", sizeBody, colMuted).lines(2)}
	for _, contacts := range []bool{true, false} {
		name := "Contacts"
		if !contacts {
			name = "Other records"
		}
		rows = append(rows, space(4), newLabel(name, sizeSmall, colMuted))
		var line []fyne.CanvasObject
		for _, r := range b.Reaches(contacts) {
			c := p.choice("book "+name+r.Text, r.Text, func() { d.SetBookReach(contacts, r.Reach) })
			c.set(r.On)
			line = append(line, c)
		}
		rows = append(rows, newFlow(4, line...))
	}
	if !b.NoKinds {
		var kinds []fyne.CanvasObject
		for _, k := range b.Kinds {
			c := p.toggle("book kind "+k.Name, k.Name, func(on bool) { d.SetBookKind(k.Kind, on) })
			c.set(k.On)
			kinds = append(kinds, c)
		}
		rows = append(rows, newFlow(4, kinds...))
	}
	return append(heading("Address book"), newCardBox(colSurface, colLine, 12, rows...))
}
