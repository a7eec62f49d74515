package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/view"
)

// bindShortcuts ties the keys that no focused control uses.
func (w *window) bindShortcuts() {
	w.canvas.SetOnTypedKey(w.TypedKey)
	w.canvas.SetOnTypedRune(w.TypedRune)
	for _, s := range []fyne.Shortcut{
		&fyne.ShortcutUndo{}, &fyne.ShortcutSelectAll{}, &fyne.ShortcutCopy{},
		ctrl(fyne.KeyF), ctrl(fyne.KeyN), ctrl(fyne.KeyR), ctrl(fyne.KeyL), ctrl(fyne.KeyReturn), ctrl(fyne.KeyEnter),
		&desktop.CustomShortcut{KeyName: fyne.KeyR, Modifier: fyne.KeyModifierControl | fyne.KeyModifierShift},
	} {
		w.canvas.AddShortcut(s, func(s fyne.Shortcut) { w.TypedShortcut(s) })
	}
}

// TypedShortcut takes the keys with Ctrl.
func (w *window) TypedShortcut(s fyne.Shortcut) {
	if len(w.sheets) > 0 || w.at != nil && w.at.shortcut(s) {
		return
	}
	switch s := s.(type) {
	case *fyne.ShortcutUndo:
		w.desk.Deeds.Undo()
	case *fyne.ShortcutSelectAll:
		w.desk.List.MarkAll()
	case *fyne.ShortcutCopy:
		w.copyText()
	case *desktop.CustomShortcut:
		w.control(s)
	}
}

func ctrl(k fyne.KeyName) *desktop.CustomShortcut {
	return &desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierControl}
}

// control takes Ctrl and a letter.
func (w *window) control(s *desktop.CustomShortcut) {
	shift := s.Modifier == fyne.KeyModifierControl|fyne.KeyModifierShift
	if s.Modifier != fyne.KeyModifierControl && !shift {
		return
	}
	switch s.KeyName {
	case fyne.KeyF:
		w.find()
	case fyne.KeyN:
		w.write(agent.DraftNew)
	case fyne.KeyR:
		if shift {
			w.write(agent.DraftReplyAll)
		} else {
			w.write(agent.DraftReply)
		}
	case fyne.KeyL:
		w.write(agent.DraftForward)
	}
}

// TypedKey takes the keys that no focused control used.
func (w *window) TypedKey(e *fyne.KeyEvent) {
	w.hints.hide()
	if n := len(w.sheets); n > 0 {
		w.sheets[n-1].TypedKey(e)
		return
	}
	if w.at != nil && w.at.key(e) {
		return
	}
	switch e.Name {
	case fyne.KeyF5:
		w.desk.SyncNow()
		return
	case fyne.KeyEscape:
		w.leave()
		return
	}
	if w.at != nil {
		return
	}
	extend := w.mods()&fyne.KeyModifierShift != 0
	switch e.Name {
	case fyne.KeyDown:
		w.move(1, extend)
	case fyne.KeyUp:
		w.move(-1, extend)
	case fyne.KeyPageDown:
		w.move(w.list.rows.page(), extend)
	case fyne.KeyPageUp:
		w.move(-w.list.rows.page(), extend)
	case fyne.KeyHome:
		w.move(-w.desk.List.Len(), extend)
	case fyne.KeyEnd:
		w.move(w.desk.List.Len(), extend)
	case fyne.KeyReturn, fyne.KeyEnter:
		w.enter()
	case fyne.KeySpace:
		part := float32(0.85)
		if extend {
			part = -part
		}
		if !w.item.text.turnPage(part) && part > 0 {
			w.move(1, false)
		}
	}
}

// TypedRune takes the letters that no text field used.
func (w *window) TypedRune(r rune) {
	w.hints.hide()
	if len(w.sheets) > 0 || w.at != nil && w.at.typed(r) {
		return
	}
	switch r {
	case '?':
		w.showHelp()
		return
	case '/':
		w.find()
		return
	}
	if w.at != page(w.compose) && w.goByKey(r) || w.at != nil {
		return
	}
	switch r {
	case 'j':
		w.move(1, false)
	case 'k':
		w.move(-1, false)
	case 'x':
		w.desk.List.ToggleMark()
	case 't', 'T':
		w.do(view.VerbTrack)
	case 'r', 'R':
		w.do(view.VerbRegarding)
	case 'u', 'U':
		w.do(view.VerbUntrack)
	case 'c', 'C':
		w.makeMenu(w.below(w.item.more))
	case 'n':
		w.write(agent.DraftNew)
	case 'a':
		w.write(agent.DraftReply)
	case 'A':
		w.write(agent.DraftReplyAll)
	case 'f', 'F':
		w.write(agent.DraftForward)
	case 'o', 'O':
		w.showPage(w.outbox)
	case 'g', 'G':
		w.showPage(w.rules)
	case 'p', 'P':
		w.frame.togglePanel()
		w.frame.remember()
	}
}

// goByKey goes to one of the pages that have a key everywhere; it reports whether
// the key was one of theirs.
func (w *window) goByKey(r rune) bool {
	switch r {
	case '1':
		w.showPage(nil)
	case '2':
		w.showPage(w.days)
	case '3':
		w.showPage(w.people)
	case '4':
		w.showPage(w.tasks)
	case 's', 'S':
		w.showPage(w.inStep)
	default:
		return false
	}
	return true
}

// leave goes one step back: out of several marked messages, of a page, of the
// item where it takes turns with the list, of a search.
func (w *window) leave() {
	switch {
	case w.desk.Deeds.Toast.Stop:
		w.desk.Deeds.Stop()
	case w.desk.Deeds.Toast.ID != 0:
		w.desk.Deeds.Dismiss(w.desk.Deeds.Toast.ID)
	case w.at != nil && w.at == page(w.compose):
		w.showPage(w.before)
	case w.at != nil:
		w.showPage(nil)
	case w.frame.narrow && w.frame.panelOver:
		w.frame.togglePanel()
	case w.frame.turns && w.frame.onItem:
		w.frame.turn(false)
		w.canvas.Focus(w.list.rows)
	case w.desk.List.Unmark():
	case w.desk.List.Query() != "":
		w.list.clearSearch()
	default:
		w.canvas.Focus(w.list.rows)
	}
}

func (w *window) move(n int, extend bool) {
	w.desk.List.Move(n, extend)
	w.list.rows.reveal(w.desk.List.Cursor())
}

// enter opens the item where it takes turns with the list, and otherwise does the
// first of what can be done with it.
func (w *window) enter() {
	if w.frame.turns && !w.frame.onItem {
		w.frame.turn(true)
		return
	}
	for _, a := range w.desk.Reader.Preview.Actions {
		if a.Primary && w.desk.Reader.Ready {
			w.carry(a)
			return
		}
	}
}

func (w *window) find() {
	w.showPage(nil)
	w.frame.turn(false)
	w.canvas.Focus(w.list.search)
}

// do carries out an action on the chosen messages, if it is one of those offered.
// Where it isn't known yet what is offered, it waits for that.
func (w *window) do(verb view.Verb) {
	r := w.desk.Reader
	if len(w.desk.List.Targets()) == 0 {
		return
	}
	if !r.Ready {
		w.pending = verb
		return
	}
	for _, a := range r.Preview.Actions {
		if a.Verb == verb {
			w.carry(a)
			return
		}
	}
	switch verb {
	case view.VerbTrack:
		w.desk.Deeds.Say("This is tracked already. Press r to change what it is about, u to untrack it.")
	case view.VerbUntrack:
		w.desk.Deeds.Say("This isn't tracked. Press t to track it.")
	}
}

// carry does what a button says.
func (w *window) carry(a view.Action) {
	switch a.Verb {
	case view.VerbTrack:
		w.desk.Deeds.Track(a.Keys, offline.Ref{}, "")
	case view.VerbRegarding:
		w.chooseRegarding(a.Keys)
	case view.VerbUntrack:
		w.askUntrack(a.Keys)
	case view.VerbReply:
		w.write(agent.DraftReply)
	case view.VerbReplyAll:
		w.write(agent.DraftReplyAll)
	case view.VerbForward:
		w.write(agent.DraftForward)
	case view.VerbRetry:
		w.desk.Deeds.Retry(a.Keys)
	}
}

// regard sets the regarding of messages, tracking them where they aren't yet.
func (w *window) regard(keys []uint64, c view.Card) {
	w.desk.Deeds.SetRegarding(keys, c.Ref, c.Name)
}

func (w *window) copyText() {
	if t := w.desk.Reader.Text; t.State == view.BodyReady {
		w.copyOut(t.Body.PlainText())
		w.desk.Deeds.Say("The text is on the clipboard")
	}
}
