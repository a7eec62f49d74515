package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// matchItems are what the first contact would come to.
func (p *inStepPage) matchItems(*view.InStep) []fyne.CanvasObject { return nil }

// askTrackPlace asks before everything in a calendar or address book is tracked.
func (w *window) askTrackPlace(l view.PlaceLine, closed func()) {
	var s *sheet
	do := func() { s.close(); w.desk.TrackPlace(l, true) }
	cancel := newButton(w, "Cancel", "", quiet, func() { s.close() })
	ok := newButton(w, "Track everything in it", "", primary, do)
	text := newColumn(8, 0, newLabel("Colleagues will see it in the CRM. What is private stays yours.", sizeBody, colText).lines(4))
	s = w.openSheet("Track everything in “"+view.OneLine(l.Name, 60)+"”?", text, fyne.NewSize(480, 180), cancel, ok)
	s.primary, s.closed = do, closed
	w.canvas.Focus(ok)
}
