package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// field is a text field that leaves alone the keys that it doesn't need: Escape,
// arrows up and down, function keys and unknown shortcuts go to others.
type field struct {
	widget.Entry
	onKey      func(*fyne.KeyEvent) bool // Escape, Up, Down, F-keys; true: used
	onShortcut func(fyne.Shortcut)
}

func newField(placeholder string) *field {
	f := &field{}
	f.ExtendBaseWidget(f)
	f.SetPlaceHolder(placeholder)
	f.Scroll = fyne.ScrollNone
	f.Wrapping = fyne.TextWrapOff
	return f
}

// TypedKey is the keyboard.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape, fyne.KeyUp, fyne.KeyDown, fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeyF5:
		if f.onKey != nil && f.onKey(e) {
			return
		}
	}
	f.Entry.TypedKey(e)
}

// TypedShortcut lets the window have what a text field has no use for.
func (f *field) TypedShortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && f.onShortcut != nil && c.Modifier&fyne.KeyModifierControl != 0 {
		switch c.KeyName {
		case fyne.KeyLeft, fyne.KeyRight, fyne.KeyHome, fyne.KeyEnd, fyne.KeyBackspace, fyne.KeyDelete:
		default:
			f.onShortcut(s)
			return
		}
	}
	f.Entry.TypedShortcut(s)
}
