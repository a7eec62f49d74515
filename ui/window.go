package ui

import (
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"postrider/ui/view"
)

// window is the main window: its parts, what is open on top of them, and the keys.
type window struct {
	desk    *view.Desk
	canvas  fyne.Canvas
	account string
	now     func() time.Time
	after   func(time.Duration, func()) // f, later, on the interface's goroutine
	mods    func() fyne.KeyModifier
	browse  func(*url.URL) error
	copyOut func(string)

	frame   *frame
	rail    *rail
	list    *listPane
	item    *itemPane
	side    *sidePane
	status  *statusBar
	health  *statusPage
	rules   *trackingPage
	compose *composePage
	outbox  *outboxPage
	days    *itemsPage
	people  *itemsPage
	tasks   *itemsPage
	inStep  *inStepPage
	before  page // what was shown before the composer
	at      page // what is shown in the place of the mail; nil: the mail
	hints   *hints
	toast   *toast
	root    fyne.CanvasObject
	sheets  []*sheet
	shown   int       // the toast that is timed
	pending view.Verb // asked for before it was known whether it can be done

	onStatus func() // the tray follows, too
}

// newWindow builds the window's content on c; start brings it to life.
func newWindow(c fyne.Canvas, o view.Options, account string) *window {
	w := &window{canvas: c, account: account, now: o.Now}
	if w.now == nil {
		w.now = time.Now
	}
	w.after = func(d time.Duration, f func()) { time.AfterFunc(d, func() { o.Post(f) }) }
	w.mods = modifiers
	w.browse = func(u *url.URL) error { return fyne.CurrentApp().OpenURL(u) }
	w.copyOut = func(s string) { fyne.CurrentApp().Clipboard().SetContent(s) }
	o.Changed = w.redraw
	w.desk = view.NewDesk(o)

	later := func(d time.Duration, f func()) { w.after(d, f) }
	w.hints = newHints(later, func() fyne.Size { return w.root.Size() })
	w.toast = newToast(w, w.undoOrStop, func() { w.desk.Deeds.Dismiss(w.desk.Deeds.Toast.ID) })
	w.rail = newRail(w)
	w.list = newListPane(w)
	w.item = newItemPane(w)
	w.side = newSidePane(w)
	w.health = newStatusPage(w)
	w.rules = newTrackingPage(w)
	w.compose = newComposePage(w)
	w.outbox = newOutboxPage(w)
	w.days, w.people, w.tasks = newItemsPage(w, w.desk.Calendar), newItemsPage(w, w.desk.People), newItemsPage(w, w.desk.Tasks)
	w.inStep = newInStepPage(w)
	w.status = newStatusBar(w)
	w.frame = newFrame(w.rail, w.list, w.item, w.side, w.status)
	w.recall()
	w.frame.folded = func() { w.item.redraw() }
	layer := container.NewWithoutLayout(w.toast, w.hints)
	w.root = container.NewStack(w.frame, layer)
	return w
}

// recall takes the widths from last time, and keeps those of now when they change.
func (w *window) recall() {
	f, m := w.frame, w.desk.Memory
	f.listW = float32(m.Get("list", listWidth))
	f.panelW = float32(m.Get("panel", panelWidth))
	f.panelShut = m.Get("panelShut", 0) != 0
	f.remember = func() {
		f.listW, f.panelW = max(f.listW, leastList), max(f.panelW, leastPanel)
		m.Set("list", float64(f.listW))
		m.Set("panel", float64(f.panelW))
		shut := 0.0
		if f.panelShut {
			shut = 1
		}
		m.Set("panelShut", shut)
	}
}

// start loads what is known and puts the focus on the list.
func (w *window) start() {
	w.bindShortcuts()
	w.desk.Open()
	w.canvas.Focus(w.list.rows)
}

// close ends what runs behind the window.
func (w *window) close() { w.desk.Close() }

// redraw shows what is new.
func (w *window) redraw(p view.Parts) {
	if p&view.PartPlaces != 0 {
		w.list.places()
		w.rail.redraw()
		w.health.redraw()
	}
	if p&view.PartList != 0 {
		w.list.redraw()
	}
	if p&view.PartPreview != 0 {
		w.item.redraw()
	}
	if p&view.PartBody != 0 {
		w.item.redrawBody()
	}
	if p&view.PartPanel != 0 {
		w.side.redraw()
	}
	if p&view.PartStatus != 0 {
		w.status.redraw()
		w.rail.redraw()
		w.health.redraw()
		if w.onStatus != nil {
			w.onStatus()
		}
	}
	if p&view.PartLog != 0 {
		w.health.redraw()
	}
	if p&view.PartOutbox != 0 {
		w.outbox.redraw()
		w.rail.redraw()
	}
	if p&view.PartTracking != 0 {
		w.rules.redraw()
	}
	for _, x := range []struct {
		part view.Parts
		page *itemsPage
	}{{view.PartCalendar, w.days}, {view.PartPeople, w.people}, {view.PartTasks, w.tasks}} {
		if p&x.part != 0 {
			x.page.redraw()
		}
	}
	if p&view.PartInStep != 0 {
		w.inStep.redraw()
		w.rail.redraw()
	}
	if p&view.PartCompose != 0 {
		w.redrawCompose()
	}
	if p&view.PartToast != 0 {
		w.redrawToast()
	}
}

func (w *window) redrawToast() {
	t := w.desk.Deeds.Toast
	if t.ID == 0 {
		w.toast.Hide()
		return
	}
	at := fyne.NewPos(w.item.Position().X+16, w.item.Size().Height-w.item.barHeight()-12)
	width := w.item.Size().Width - 32
	if !w.item.Visible() {
		at = fyne.NewPos(railWidth+12, w.frame.Size().Height-statusHeight-12)
		if w.at != nil {
			at.Y -= w.at.foot()
		}
		width = w.frame.Size().Width - railWidth - 24
	}
	w.toast.show(t, at, min(width, 520))
	if w.shown != t.ID && !t.Stop {
		w.shown = t.ID
		w.after(view.UndoTime, func() { w.desk.Deeds.Dismiss(t.ID) })
	}
}

// undoOrStop is the toast's button: it stops what is under way, or undoes it.
func (w *window) undoOrStop() {
	if w.desk.Deeds.Toast.Stop {
		w.desk.Deeds.Stop()
		return
	}
	w.desk.Deeds.Undo()
}

// goTo shows a place of the mailbox.
func (w *window) goTo(where view.Where) {
	w.showPage(nil)
	w.frame.turn(false)
	w.list.search.SetText("")
	w.desk.List.Find("")
	w.desk.List.Go(where)
	w.list.rows.scroll.ScrollToTop()
	w.list.places()
	w.rail.redraw()
	w.canvas.Focus(w.list.rows)
}

// follow opens a link in the browser, because the user asked for it.
func (w *window) follow(link string) {
	u, err := url.Parse(link)
	if err == nil {
		err = w.browse(u)
	}
	if err != nil {
		w.desk.Deeds.Say("The link could not be opened: " + shortLink(link))
	}
}

// below is the place under o, for a menu.
func (w *window) below(o fyne.CanvasObject) fyne.Position {
	p := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
	return p.AddXY(0, o.Size().Height+2)
}

func modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}
