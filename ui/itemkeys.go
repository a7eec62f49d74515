package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// key moves in the list, and between the weeks of a calendar.
func (p *itemsPage) key(e *fyne.KeyEvent) bool {
	l, extend := p.list, p.w.mods()&fyne.KeyModifierShift != 0
	n := len(l.Rows)
	switch e.Name {
	case fyne.KeyDown:
		p.move(1, extend)
	case fyne.KeyUp:
		p.move(-1, extend)
	case fyne.KeyPageDown:
		p.move(p.rows.page(), extend)
	case fyne.KeyPageUp:
		p.move(-p.rows.page(), extend)
	case fyne.KeyHome:
		p.move(-n, extend)
	case fyne.KeyEnd:
		p.move(n, extend)
	case fyne.KeyLeft:
		p.turnWeek(-1)
	case fyne.KeyRight:
		p.turnWeek(1)
	case fyne.KeyReturn, fyne.KeyEnter:
		p.enter()
	case fyne.KeySpace:
		p.panel.pane.turnPage(0.85)
	case fyne.KeyDelete:
		p.do(view.VerbDelete)
	case fyne.KeyEscape:
		return p.back()
	default:
		return false
	}
	return true
}

func (p *itemsPage) turnWeek(n int) {
	if p.calendar() {
		p.list.Turn(n)
	}
}

func (p *itemsPage) move(n int, extend bool) {
	p.list.Move(n, extend)
	p.reveal()
}

// reveal scrolls to the chosen item.
func (p *itemsPage) reveal() {
	if p.gridOn() {
		p.grid.reveal()
		return
	}
	p.rows.reveal(p.list.Cursor)
}

// enter opens the item where it takes turns with the list, and otherwise does the
// first of what can be done with it.
func (p *itemsPage) enter() {
	if p.turns && !p.onItem {
		p.turn(true)
		return
	}
	for _, a := range p.list.Shown.Actions {
		if a.Primary || a.Verb == view.VerbEdit {
			p.carry(a)
			return
		}
	}
}

// back goes one step back; it reports whether there was one.
func (p *itemsPage) back() bool {
	switch {
	case p.w.desk.Deeds.Toast.ID != 0:
		return false
	case p.turns && p.onItem:
		p.turn(false)
	case p.list.Unmark():
	case p.list.Query != "":
		p.clearSearch()
	default:
		return false
	}
	return true
}

func (p *itemsPage) searchKey(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyEscape:
		p.clearSearch()
	case fyne.KeyDown:
		p.focusList()
	case fyne.KeyF5:
		p.w.desk.SyncNow()
	default:
		return false
	}
	return true
}

// typed takes the letters.
func (p *itemsPage) typed(r rune) bool {
	switch r {
	case 'j':
		p.move(1, false)
	case 'k':
		p.move(-1, false)
	case 'x':
		p.list.ToggleMark()
	case 't', 'T':
		p.do(view.VerbTrack)
	case 'r', 'R':
		p.do(view.VerbRegarding)
	case 'u', 'U':
		p.do(view.VerbUntrack)
	case 'e', 'E':
		p.do(view.VerbEdit)
	case 'n', 'N':
		p.newItem()
	case 'o', 'O':
		p.openRecord()
	case '/':
		p.w.canvas.Focus(p.search)
	case 'w', 'W':
		if p.calendar() {
			p.turnMode()
		}
	case '.':
		if p.calendar() {
			p.list.Today()
		}
	default:
		return false
	}
	return true
}

// shortcut takes Ctrl and a key.
func (p *itemsPage) shortcut(s fyne.Shortcut) bool {
	switch s := s.(type) {
	case *fyne.ShortcutSelectAll, *fyne.ShortcutCopy:
		return true // they would be for the mail
	case *desktop.CustomShortcut:
		if s.Modifier != fyne.KeyModifierControl {
			return false
		}
		switch s.KeyName {
		case fyne.KeyF:
			p.w.canvas.Focus(p.search)
			return true
		case fyne.KeyN:
			p.newItem()
			return true
		}
	}
	return false
}

// do carries out an action on the chosen items, if it is one of those offered.
func (p *itemsPage) do(verb view.Verb) {
	v := p.list.Shown
	if len(p.list.Targets()) == 0 {
		return
	}
	if len(v.Keys) == 0 {
		p.waiting = verb
		return
	}
	for _, a := range v.Actions {
		if a.Verb == verb || a.Verb == view.VerbRetry && verb == view.VerbTrack {
			p.carry(a)
			return
		}
	}
	p.w.desk.Deeds.Say(whyNotOffered(v, verb))
}

// whyNotOffered says why an action can't be done now.
func whyNotOffered(v view.ItemView, verb view.Verb) string {
	one := v.Many == ""
	switch verb {
	case view.VerbUntrack, view.VerbDelete, view.VerbEdit:
		switch {
		case !one:
			return "That is done one at a time. Escape takes the selection back."
		case verb != view.VerbUntrack:
			return "“" + v.Place + "” can't be written to."
		}
		return "This isn't tracked. Press t to track it."
	case view.VerbTrack:
		if one && len(v.Notes) > 0 && v.Sign == view.SignUntracked {
			return v.Notes[0]
		}
		return "This is tracked already. Press r to change what it is about, u to untrack it."
	}
	if len(v.Notes) > 0 {
		return v.Notes[0]
	}
	return "That can't be done with this."
}
