package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// entry is a text field whose every key can be looked at first. Tab goes on to the
// next control also where it has many lines: everything is reached by Tab.
type entry struct {
	widget.Entry
	onKey      func(*fyne.KeyEvent) bool // true: used
	onRune     func()                    // before a letter is typed
	onFocus    func(bool)
	onShortcut func(fyne.Shortcut) bool // true: used
	takesTab   func() bool              // nil: never
}

func newEntry(many bool) *entry {
	e := &entry{}
	e.ExtendBaseWidget(e)
	if many {
		e.MultiLine, e.Wrapping, e.Scroll = true, fyne.TextWrapWord, fyne.ScrollVerticalOnly
	} else {
		e.Scroll, e.Wrapping = fyne.ScrollHorizontalOnly, fyne.TextWrapOff
	}
	return e
}

// newSheetEntry is a field of a sheet whose content scrolls: it comes into view with
// the focus, Escape leaves the sheet, and Enter, where the field has one line, does
// what the sheet is for.
func newSheetEntry(p *pane, text string, many bool, leave, do func()) *entry {
	e := newEntry(many)
	e.SetText(text)
	if !many {
		e.CursorColumn = len([]rune(text)) // one goes on where it ends
	}
	e.onFocus = func(on bool) {
		if on {
			p.reveal(e)
		}
	}
	e.onKey = func(k *fyne.KeyEvent) bool {
		switch k.Name {
		case fyne.KeyEscape:
			leave()
		case fyne.KeyReturn, fyne.KeyEnter:
			if many {
				return false
			}
			do()
		default:
			return false
		}
		return true
	}
	return e
}

// AcceptsTab reports whether Tab is for the field and not for the next control.
func (e *entry) AcceptsTab() bool { return e.takesTab != nil && e.takesTab() }

// TypedKey is the keyboard.
func (e *entry) TypedKey(k *fyne.KeyEvent) {
	if e.onKey != nil && e.onKey(k) {
		return
	}
	if k.Name != fyne.KeyTab {
		e.Entry.TypedKey(k)
	}
}

// TypedRune is a letter.
func (e *entry) TypedRune(r rune) {
	if e.onRune != nil {
		e.onRune()
	}
	e.Entry.TypedRune(r)
}

// FocusGained shows the cursor.
func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	if e.onFocus != nil {
		e.onFocus(true)
	}
}

// FocusLost hides the cursor.
func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	if e.onFocus != nil {
		e.onFocus(false)
	}
}

// TypedShortcut is a key with Ctrl; those that a text field has a use for stay.
func (e *entry) TypedShortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && e.onShortcut != nil && c.Modifier&fyne.KeyModifierControl != 0 {
		switch c.KeyName {
		case fyne.KeyLeft, fyne.KeyRight, fyne.KeyHome, fyne.KeyEnd, fyne.KeyBackspace, fyne.KeyDelete:
		default:
			if e.onShortcut(s) {
				return
			}
		}
	}
	e.Entry.TypedShortcut(s)
}

// surround puts marks around what is selected, or around the cursor.
func (e *entry) surround(before, after string) {
	sel := e.SelectedText()
	for _, r := range before + sel + after {
		e.Entry.TypedRune(r)
	}
	if sel == "" {
		for range []rune(after) {
			e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
		}
	}
}

// bare is an entry without ground and border, for a field that draws its own.
func bare(e *entry) fyne.CanvasObject { return container.NewThemeOverride(e, bareLook{}) }

// bareLook is the program's theme without the looks of a text field.
type bareLook struct{}

func (bareLook) under() fyne.Theme { return fyne.CurrentApp().Settings().Theme() }

// Color is the theme's, and none for ground and border.
func (l bareLook) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch n {
	case theme.ColorNameInputBackground, theme.ColorNameInputBorder:
		return color.Transparent
	}
	return l.under().Color(n, v)
}

// Font is the theme's.
func (l bareLook) Font(s fyne.TextStyle) fyne.Resource { return l.under().Font(s) }

// Icon is the theme's.
func (l bareLook) Icon(n fyne.ThemeIconName) fyne.Resource { return l.under().Icon(n) }

// Size is the theme's, with less around the text.
func (l bareLook) Size(n fyne.ThemeSizeName) float32 {
	switch n {
	case theme.SizeNameInputBorder:
		return 0
	case theme.SizeNameInnerPadding:
		return 4
	}
	return l.under().Size(n)
}
