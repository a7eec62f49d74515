package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// tip is an invisible place that says more when the pointer rests on it.
type tip struct {
	leaf
	hints *hints
	text  string
}

var _ desktop.Hoverable = (*tip)(nil)

func newTip(h *hints) *tip {
	t := &tip{hints: h}
	t.ExtendBaseWidget(t)
	return t
}

func (t *tip) MouseIn(e *desktop.MouseEvent)  { t.hints.soon(t.text, e.AbsolutePosition) }
func (t *tip) MouseMoved(*desktop.MouseEvent) {}
func (t *tip) MouseOut()                      { t.hints.hide() }

// chip is a small named thing: an attachment.
type chip struct {
	leaf
}

func newChip(icon, text string) *chip {
	c := &chip{}
	bg, img, words := newBox(colBackground, colLine, 6), newGlyph(icon, colMuted, 13), newLabel(text, sizeSmall, colText)
	c.objects = []fyne.CanvasObject{bg, img, words}
	c.place = func(s fyne.Size) {
		bg.Resize(s)
		img.Move(fyne.NewPos(8, 0))
		img.Resize(fyne.NewSize(13, s.Height))
		words.Move(fyne.NewPos(26, 0))
		words.Resize(fyne.NewSize(s.Width-34, s.Height))
	}
	c.min = func() fyne.Size { return fyne.NewSize(min(260, words.widthOf(text)+36), 26) }
	c.ExtendBaseWidget(c)
	return c
}

// cardBox is things in a column on a ground of their own.
type cardBox struct {
	leaf
	col *column
}

func newCardBox(fill, edge fyne.ThemeColorName, pad float32, items ...fyne.CanvasObject) *cardBox {
	c := &cardBox{col: newColumn(4, pad, items...)}
	bg := newBox(fill, edge, 8)
	c.objects = []fyne.CanvasObject{bg, c.col}
	c.place = func(s fyne.Size) {
		bg.Resize(s)
		c.col.Resize(s)
	}
	c.min = func() fyne.Size { return c.col.MinSize() }
	c.ExtendBaseWidget(c)
	return c
}

func (c *cardBox) heightFor(w float32) float32 { return c.col.heightFor(w) }

// space is nothing, so high.
func space(h float32) fyne.CanvasObject {
	b := newBox("", "", 0)
	b.min = func() fyne.Size { return fyne.NewSize(1, h) }
	return b
}
