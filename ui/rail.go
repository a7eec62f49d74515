package ui

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/view"
)

// rail is the narrow column at the left: where one can go.
type rail struct {
	leaf
	w                                                 *window
	bg                                                *box
	write, mail, waiting, outbox, rules, status, help *railItem
	days, people, tasks, inStep                       *railItem
}

func newRail(w *window) *rail {
	r := &rail{w: w, bg: newBox(colBackground, "", 0)}
	r.write = newRailItem(w, "write", "Write", func() { w.write(agent.DraftNew) })
	r.mail = newRailItem(w, "mail", "Mail", func() {
		for _, p := range w.desk.Places {
			if p.Folder != 0 {
				w.goTo(p.Where)
				return
			}
		}
		w.goTo(view.Where{})
	})
	r.waiting = newRailItem(w, "waiting", "Waiting", func() { w.goTo(view.Where{State: offline.Waiting}) })
	r.days = newRailItem(w, "calendar", "Calendar", func() { w.showPage(w.days) })
	r.people = newRailItem(w, "people", "People", func() { w.showPage(w.people) })
	r.tasks = newRailItem(w, "task", "Tasks", func() { w.showPage(w.tasks) })
	r.inStep = newRailItem(w, "in-step", "Sync", func() { w.showPage(w.inStep) })
	r.outbox = newRailItem(w, "outbox", "Outbox", func() { w.showPage(w.outbox) })
	r.rules = newRailItem(w, "rules", "Tracking", func() { w.showPage(w.rules) })
	r.status = newRailItem(w, "status", "Status", func() { w.showPage(w.health) })
	r.help = newRailItem(w, "help", "Help", w.showHelp)
	r.objects = []fyne.CanvasObject{r.bg, r.write, r.mail, r.days, r.people, r.tasks, r.waiting, r.outbox, r.inStep, r.rules, r.status, r.help}
	r.place = func(s fyne.Size) {
		r.bg.Resize(s)
		above, below := []*railItem{r.write, r.mail, r.days, r.people, r.tasks, r.waiting, r.outbox}, []*railItem{r.help, r.status, r.rules, r.inStep}
		step := max(24, min(60, (s.Height-16)/float32(len(above)+len(below))))
		size := fyne.NewSize(s.Width, step-4)
		for i, it := range above {
			it.Resize(size)
			it.Move(fyne.NewPos(0, 8+float32(i)*step))
		}
		for i, it := range below {
			it.Resize(size)
			it.Move(fyne.NewPos(0, s.Height-4-step-float32(i)*step))
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(railWidth-1, 260) }
	r.ExtendBaseWidget(r)
	return r
}

func (r *rail) redraw() {
	w := r.w
	waits := w.desk.List.Where().State == offline.Waiting
	r.mail.set(w.at == nil && !waits, 0, colMuted)
	r.waiting.set(w.at == nil && waits, w.desk.Counts.Waiting, colInfo)
	r.write.set(w.showing(w.compose), 0, colMuted)
	outInk := colInfo
	if w.desk.Outbox.Bad > 0 {
		outInk = colWarn
	}
	r.outbox.set(w.showing(w.outbox), w.desk.Outbox.Count, outInk)
	r.rules.set(w.showing(w.rules), 0, colMuted)
	r.days.set(w.showing(w.days), 0, colMuted)
	r.people.set(w.showing(w.people), 0, colMuted)
	r.tasks.set(w.showing(w.tasks), 0, colMuted)
	r.inStep.set(w.showing(w.inStep), w.desk.InStep.Open, colWarn)
	n, ink := len(w.desk.Status.Problems), colInfo
	if n > 0 {
		ink = tone(w.desk.Status.Problems[0].Tone)
	}
	r.status.set(w.showing(w.health), n, ink)
}

// railItem is one entry of the rail: symbol over word, a number where something
// is to be counted.
type railItem struct {
	leaf
	w            *window
	name         string
	act          func()
	on           bool
	hover, focus bool
	count        int
	countInk     fyne.ThemeColorName
	bg, ring     *canvas.Rectangle
	badge        *canvas.Rectangle
	img          *glyph
	word, number *label
}

var (
	_ fyne.Focusable    = (*railItem)(nil)
	_ fyne.Tappable     = (*railItem)(nil)
	_ desktop.Hoverable = (*railItem)(nil)
)

func newRailItem(w *window, icon, name string, act func()) *railItem {
	rect := func() *canvas.Rectangle { return canvas.NewRectangle(color.Transparent) }
	r := &railItem{
		w: w, name: name, act: act, bg: rect(), ring: rect(), badge: rect(), countInk: colInfo,
		img: newGlyph(icon, colMuted, 20), word: newLabel(name, sizeSmall, colMuted).center(), number: newLabel("", sizeSmall, colSurface).center(),
	}
	r.bg.CornerRadius, r.ring.CornerRadius, r.badge.CornerRadius = 8, 8, 8
	r.objects = []fyne.CanvasObject{r.bg, r.ring, r.img, r.word, r.badge, r.number}
	r.place = func(s fyne.Size) {
		for _, o := range []*canvas.Rectangle{r.bg, r.ring} {
			o.Resize(fyne.NewSize(s.Width-8, s.Height))
			o.Move(fyne.NewPos(4, 0))
		}
		r.img.Resize(fyne.NewSize(s.Width, 20))
		top := (s.Height - 38) / 2
		show(r.word, s.Height >= 38)
		if s.Height < 38 { // low windows have room for the symbol only
			top = (s.Height - 20) / 2
		}
		r.img.Move(fyne.NewPos(0, top))
		r.word.Resize(fyne.NewSize(s.Width, 16))
		r.word.Move(fyne.NewPos(0, top+24))
		bw := max(16, r.number.widthOf(r.number.text)+8)
		r.badge.Resize(fyne.NewSize(bw, 16))
		r.badge.Move(fyne.NewPos(s.Width/2+4, 3))
		r.number.Resize(fyne.NewSize(bw, 16))
		r.number.Move(r.badge.Position())
	}
	r.min = func() fyne.Size { return fyne.NewSize(railWidth-1, 56) }
	r.paint = func() {
		ink := colMuted
		r.bg.FillColor = color.Transparent
		switch {
		case r.on:
			ink = colAccent
			r.bg.FillColor = paintOf(colAccentSoft)
		case r.hover:
			ink = colText
			r.bg.FillColor = paintOf("button")
		}
		r.ring.StrokeWidth, r.ring.StrokeColor = 0, color.Transparent
		if r.focus {
			r.ring.StrokeWidth, r.ring.StrokeColor = 2, paintOf(colAccent)
		}
		r.img.ink, r.word.ink = ink, ink
		r.badge.Hidden, r.number.Hidden = r.count == 0, r.count == 0
		r.badge.FillColor = paintOf(r.countInk)
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *railItem) set(on bool, count int, ink fyne.ThemeColorName) {
	if r.on == on && r.count == count && r.countInk == ink {
		return
	}
	r.on, r.count, r.countInk = on, count, ink
	r.number.text = strconv.Itoa(count)
	if count > 999 {
		r.number.text = "999+"
	}
	r.changed()
}

func (r *railItem) Tapped(*fyne.PointEvent)        { r.act() }
func (r *railItem) MouseIn(*desktop.MouseEvent)    { r.hover = true; r.changed() }
func (r *railItem) MouseMoved(*desktop.MouseEvent) {}
func (r *railItem) MouseOut()                      { r.hover = false; r.changed() }
func (r *railItem) FocusGained()                   { r.focus = true; r.changed() }
func (r *railItem) FocusLost()                     { r.focus = false; r.changed() }

// TypedKey goes there on Enter and Space.
func (r *railItem) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		r.act()
	default:
		r.w.TypedKey(e)
	}
}

// TypedRune goes on to the window.
func (r *railItem) TypedRune(c rune) {
	if c != ' ' {
		r.w.TypedRune(c)
	}
}
