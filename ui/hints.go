package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// hints shows a few words beside the pointer when it rests.
type hints struct {
	leaf
	bg    *box
	words *label
	text  string
	at    fyne.Position
	gen   int
	after func(time.Duration, func()) // runs f later on the interface's goroutine
	room  func() fyne.Size
}

func newHints(after func(time.Duration, func()), room func() fyne.Size) *hints {
	h := &hints{after: after, room: room, bg: newBox(colInk, "", 6), words: newLabel("", sizeSmall, colOnInk).lines(4)}
	h.objects = []fyne.CanvasObject{h.bg, h.words}
	h.place = func(s fyne.Size) {
		h.bg.Resize(s)
		h.words.Move(fyne.NewPos(8, 4))
		h.words.Resize(fyne.NewSize(s.Width-16, s.Height-8))
	}
	h.ExtendBaseWidget(h)
	h.Hide()
	return h
}

// soon shows text at the pointer after it rested there.
func (h *hints) soon(text string, at fyne.Position) {
	h.at = at
	if text == h.text {
		return
	}
	h.hide()
	h.text = text
	h.gen++
	gen := h.gen
	h.after(600*time.Millisecond, func() {
		if gen == h.gen {
			h.show()
		}
	})
}

func (h *hints) show() {
	const most = 420
	h.words.set(h.text, colOnInk)
	w := min(most, h.words.widthOf(h.text)+2)
	size := fyne.NewSize(w+16, h.words.heightFor(w)+8)
	room := h.room()
	x := min(h.at.X, room.Width-size.Width-4)
	y := h.at.Y + 20
	if y+size.Height > room.Height {
		y = h.at.Y - size.Height - 8
	}
	h.Move(fyne.NewPos(max(4, x), max(4, y)))
	h.Resize(size)
	h.Show()
	h.changed()
}

// hide takes the words away, and those that were to come.
func (h *hints) hide() {
	h.gen++
	h.text = ""
	if h.Visible() {
		h.Hide()
	}
}

// toast says what was done and offers the way back.
type toast struct {
	leaf
	bg    *box
	words *label
	undo  *button
	close *button
}

func newToast(k keys, undo, dismiss func()) *toast {
	t := &toast{
		bg: newBox(colInk, "", 8), words: newLabel("", sizeBody, colOnInk).lines(3),
		undo: newButton(k, "Undo", "undo", onInk, undo), close: newButton(k, "", "close", onInk, dismiss),
	}
	t.objects = []fyne.CanvasObject{t.bg, t.words, t.undo, t.close}
	t.place = func(s fyne.Size) {
		t.bg.Resize(s)
		right := s.Width - 4
		b := t.close.MinSize()
		if t.close.Visible() {
			t.close.Resize(b)
			t.close.Move(fyne.NewPos(right-b.Width, 4))
			right -= b.Width
		}
		if t.undo.Visible() {
			b = t.undo.MinSize()
			t.undo.Resize(b)
			t.undo.Move(fyne.NewPos(right-b.Width, 4))
			right -= b.Width + 4
		}
		t.words.Move(fyne.NewPos(16, 11))
		t.words.Resize(fyne.NewSize(right-20, s.Height-20))
	}
	t.ExtendBaseWidget(t)
	t.Hide()
	return t
}

// show puts the toast's lower left corner at p, at most width wide.
func (t *toast) show(v view.Toast, p fyne.Position, width float32) {
	text, undo := v.Text, v.Undo || v.Stop
	if v.Stop {
		t.undo.set("Stop", "close", onInk)
	} else {
		t.undo.set("Undo", "undo", onInk)
	}
	show(t.close, !v.Stop)
	t.words.set(text, colOnInk)
	t.undo.Hidden = !undo
	room := float32(16 + 4 + 32 + 8)
	if undo {
		room += t.undo.MinSize().Width + 4
	}
	w := min(width, max(200, t.words.widthOf(text)+room+6))
	h := t.words.heightFor(w-room) + 22
	t.Move(fyne.NewPos(p.X, p.Y-h))
	t.Resize(fyne.NewSize(w, h))
	t.Show()
	t.changed()
}
