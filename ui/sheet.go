package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// sheet is a dialog: for a decision, never for news. Escape leaves it, Enter does
// the primary thing, the focus starts in the first field.
type sheet struct {
	w       *window
	over    *overlay
	body    *sheetBody
	primary func()
	closed  func()
	onKey   func(*fyne.KeyEvent) bool
}

type sheetBody struct {
	leaf
	title   *label
	content fyne.CanvasObject
	buttons []*button
	note    *label
}

// openSheet shows a dialog of that size; buttons stand at the right, the last one
// outermost.
func (w *window) openSheet(title string, content fyne.CanvasObject, size fyne.Size, buttons ...*button) *sheet {
	w.hints.hide()
	b := &sheetBody{title: newLabel(title, sizeTitle, colText).bold().lines(2), content: content, buttons: buttons, note: newLabel("", sizeSmall, colMuted).lines(2)}
	b.objects = []fyne.CanvasObject{b.title, content, b.note}
	for _, x := range buttons {
		b.objects = append(b.objects, x)
	}
	b.place = b.layout
	b.min = func() fyne.Size {
		room := w.canvas.Size()
		return fyne.NewSize(min(size.Width, room.Width-24), min(size.Height, room.Height-24))
	}
	b.ExtendBaseWidget(b)
	s := &sheet{w: w, body: b}
	s.over = newOverlay(w.canvas, colShade, b, func(room, min fyne.Size) fyne.Position {
		return fyne.NewPos((room.Width-min.Width)/2, max(12, (room.Height-min.Height)*0.4))
	})
	w.sheets = append(w.sheets, s)
	s.over.open()
	return s
}

func (b *sheetBody) layout(s fyne.Size) {
	const pad = 16
	wide := s.Width - 2*pad
	th := b.title.heightFor(wide)
	b.title.Move(fyne.NewPos(pad, pad-4))
	b.title.Resize(fyne.NewSize(wide, th))
	x, y := s.Width-pad, s.Height-pad-28
	for i := len(b.buttons) - 1; i >= 0; i-- {
		m := b.buttons[i].MinSize()
		x -= m.Width
		b.buttons[i].Move(fyne.NewPos(x, y))
		b.buttons[i].Resize(m)
		x -= 8
	}
	b.note.Move(fyne.NewPos(pad, y))
	b.note.Resize(fyne.NewSize(max(0, x-pad), 32))
	top := pad + th + 8
	b.content.Move(fyne.NewPos(pad, top))
	b.content.Resize(fyne.NewSize(wide, max(0, y-12-top)))
}

// TypedKey takes the keys that no control of the sheet used.
func (s *sheet) TypedKey(e *fyne.KeyEvent) {
	if s.onKey != nil && s.onKey(e) {
		return
	}
	if p, ok := s.body.content.(*pane); ok && p.key(e) {
		return
	}
	switch e.Name {
	case fyne.KeyEscape:
		s.close()
	case fyne.KeyReturn, fyne.KeyEnter:
		if s.primary != nil {
			s.primary()
		}
	}
}

// TypedRune is not used: letters belong to fields.
func (s *sheet) TypedRune(rune) {}

func (s *sheet) close() {
	w := s.w
	for i, o := range w.sheets {
		if o == s {
			w.sheets = append(w.sheets[:i:i], w.sheets[i+1:]...)
			s.over.close()
			if s.closed != nil {
				s.closed()
			}
			return
		}
	}
}

// askUntrack asks whether the emails in the CRM go, too (R-UNTRACK-01). Where
// nothing is in the CRM yet there is nothing to ask.
func (w *window) askUntrack(keys []uint64) {
	linked := w.desk.Reader.Preview.Linked
	if linked == 0 && w.desk.Reader.Ready {
		w.desk.Deeds.Untrack(keys, false)
		return
	}
	title, text := "Untrack this message?", "Its email is in the CRM, where colleagues can see it. Should it be deleted there, too?"
	if len(keys) > 1 {
		title = "Untrack " + view.Plural(len(keys), "message") + "?"
		text = "Their emails are in the CRM, where colleagues can see them. Should they be deleted there, too?"
		if linked < len(keys) {
			text = view.Plural(linked, "email") + " of these are in the CRM already, where colleagues can see them. Should they be deleted there, too?"
		}
	}
	var s *sheet
	do := func(del bool) func() {
		return func() {
			s.close()
			w.desk.Deeds.Untrack(keys, del)
		}
	}
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	del := newButton(w, "Untrack and delete", "", risky, do(true))
	keep := newButton(w, "Untrack, keep in the CRM", "", primary, do(false))
	c := newColumn(8, 0, newLabel(text, sizeBody, colText).lines(4),
		newLabel("The message itself stays in your mailbox either way. Deleting waits ten seconds, in which you can undo it.", sizeSmall, colMuted).lines(3))
	s = w.openSheet(title, c, fyne.NewSize(500, 200), cancel, del, keep)
	s.primary = do(false)
	w.canvas.Focus(keep)
}

// showProblems lists what is wrong, with causes and remedies.
func (w *window) showProblems() {
	c := newColumn(8, 0)
	for _, p := range w.desk.Status.Problems {
		c.setItems(append(c.items, w.problemCard(p))...)
	}
	var s *sheet
	all := newButton(w, "Status page", "status", quiet, func() { s.close(); w.showPage(w.health) })
	done := newButton(w, "Close", "", primary, func() { s.close() })
	n := len(w.desk.Status.Problems)
	s = w.openSheet(view.Plural(n, "problem"), newPane(c), fyne.NewSize(560, min(520, 116+c.heightFor(528))), all, done)
	s.primary = s.close
	w.canvas.Focus(done)
}

// showHelp lists the keys.
func (w *window) showHelp() {
	if len(w.sheets) > 0 {
		return
	}
	c := newColumn(4, 0)
	var items []fyne.CanvasObject
	for _, k := range [][2]string{
		{"j  k  ↑  ↓", "next and previous message"}, {"Space", "read on; with Shift back"}, {"Enter", "open, or do the first action"},
		{"t", "track"}, {"r", "set or change regarding"}, {"u", "untrack"}, {"c", "make a contact, lead, opportunity or case"}, {"Ctrl+Z", "undo, for ten seconds"},
		{"n", "write a message"}, {"a  Shift+A", "reply, reply to all"}, {"f", "forward"}, {"1  2  3  4", "mail, calendar, people, tasks"}, {"s", "calendars and people in step with the CRM"}, {"o  g", "outbox, tracking"}, {"Ctrl+Enter", "send what is being written"},
		{"x", "select; also Ctrl- and Shift-click"}, {"Shift+↑  Shift+↓", "select several"}, {"Ctrl+A", "select all"}, {"Escape", "go back, take a selection back"},
		{"Ctrl+F  /", "search"}, {"F5", "sync now"}, {"e  Delete", "change or delete an appointment, contact or task"}, {"w  .  ←  →", "week or agenda, today, other weeks"},
		{"p", "show or hide the panel"}, {"Ctrl+C", "copy the text"}, {"Tab", "go through all buttons and fields"}, {"?", "this list"},
	} {
		items = append(items, newKeyLine(k[0], k[1]))
	}
	items = append(items, space(8), newLabel("What the signs mean", sizeBody, colText).bold())
	for _, m := range []struct {
		sign view.Sign
		ink  fyne.ThemeColorName
		text string
	}{
		{view.SignTracked, colAccent, "tracked: colleagues can see it in the CRM"}, {view.SignWaiting, colInfo, "waiting: on its way to the CRM"},
		{view.SignUntracked, colMuted, "not tracked: private"}, {view.SignAttention, colWarn, "needs you: it says what to do"},
	} {
		items = append(items, newRow(12, 1, newGlyph(string(m.sign), m.ink, 14), newLabel(m.text, sizeBody, colText)))
	}
	c.setItems(items...)
	var s *sheet
	done := newButton(w, "Close", "", primary, func() { s.close() })
	s = w.openSheet("Keys", newPane(c), fyne.NewSize(480, 720), done)
	s.primary = s.close
	w.canvas.Focus(done)
}

// keyLine is a key and what it does.
type keyLine struct{ leaf }

func newKeyLine(key, text string) *keyLine {
	k := &keyLine{}
	a, b := newLabel(key, sizeBody, colText).bold(), newLabel(text, sizeBody, colMuted)
	k.objects = []fyne.CanvasObject{a, b}
	k.place = func(s fyne.Size) {
		a.Resize(fyne.NewSize(130, s.Height))
		b.Move(fyne.NewPos(140, 0))
		b.Resize(fyne.NewSize(max(0, s.Width-140), s.Height))
	}
	k.min = func() fyne.Size { return fyne.NewSize(300, 20) }
	k.ExtendBaseWidget(k)
	return k
}
