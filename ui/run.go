//go:build !headless

package ui

import (
	"errors"
	"image"
	"image/color"
	"log/slog"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"postrider/assets"
	"postrider/offline"
	"postrider/ui/view"
)

// Options are what Run needs. Store and Agent must be open; Run closes neither.
type Options struct {
	Store   *offline.Store
	Agent   view.Agent
	Title   string // of the window; empty: "Postrider"
	Account string // the mailbox's address, for the status page
	Hidden  bool   // start in the tray, where there is one
	Theme   string // "light", "dark"; empty: what the desktop prefers

	Started func()          // called once, after the first frame is on the screen
	Raise   <-chan struct{} // the window is to come to the front (a second start)
	Quit    <-chan struct{} // the program is to end
	Now     func() time.Time
	Log     *slog.Logger

	NoTray func() // called, on any goroutine, when there turns out to be no tray

	Snap   <-chan func(fyne.Window)     // for tests: each runs on the interface's goroutine
	TrayAt func(string) (present bool)  // for tests: in the place of the question on D-Bus
	Size   struct{ Wide, High float32 } // for tests: of the window; 0: the usual
}

// Run shows the window and the tray until the program is to end. It must be called
// on the main goroutine.
func Run(o Options) error {
	if o.Store == nil || o.Agent == nil {
		return errors.New("show the window: no store or no agent")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	// Without an id: with one the toolkit would keep a file of its own outside the
	// profile. Packaging adds the id of FyneApp.toml for the desktop's sake.
	a := app.NewWithID("")
	if a.Metadata().Name == "" {
		app.SetMetadata(fyne.AppMetadata{Name: "Postrider"})
	}
	look := newLook()
	switch o.Theme {
	case "light":
		v := theme.VariantLight
		look.variant = &v
	case "dark":
		v := theme.VariantDark
		look.variant = &v
	}
	a.Settings().SetTheme(look)
	a.SetIcon(fyne.NewStaticResource("postrider.png", assets.Icon()))
	r := &runner{o: o, app: a, done: make(chan struct{}), post: poster{early: make(chan func(), 256)}, answer: make(chan bool, 1)}
	r.ask(func(there bool) { r.answer <- there })
	r.build()
	defer r.wg.Wait()
	defer close(r.done)
	a.Lifecycle().SetOnStopped(r.post.end)
	a.Run()
	r.post.end()
	if s := r.win.frame.Size(); s.Width > 300 && o.Size.Wide == 0 {
		r.win.desk.Memory.Set("wide", float64(s.Width))
		r.win.desk.Memory.Set("high", float64(s.Height))
	}
	r.win.close()
	return nil
}

// firstLook is how long the window waits, before it is shown, for the mail that is
// cached: the first frame then has it, and no empty window flashes up.
const firstLook = 150 * time.Millisecond

// poster hands functions to the interface's goroutine: before the window is shown
// those of the first look, later all through the toolkit, and after the end none.
// (Once its loop is over the toolkit runs what it is given on the caller's goroutine.)
type poster struct {
	mu    sync.Mutex
	early chan func() // nil: the toolkit's turn

	run   sync.Mutex // held while one of them runs
	ended bool
}

func (p *poster) do(f func()) {
	if !p.doEarly(f) {
		p.pass(f)
	}
}

func (p *poster) doEarly(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.early <- f: // never, once it is nil
		return true
	default:
		return false
	}
}

func (p *poster) pass(f func()) {
	fyne.Do(func() {
		p.run.Lock()
		defer p.run.Unlock()
		if !p.ended {
			f()
		}
	})
}

// end drops what is posted from now on.
func (p *poster) end() {
	p.run.Lock()
	defer p.run.Unlock()
	p.ended = true
}

// prime runs what is posted here and now, until ready or for at most so long.
func (p *poster) prime(most time.Duration, ready func() bool) {
	end := time.NewTimer(most)
	defer end.Stop()
	for waiting := true; waiting && !ready(); {
		select {
		case f := <-p.early:
			f()
		case <-end.C:
			waiting = false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.early) > 0 {
		p.pass(<-p.early) // in their order, before anything posted later
	}
	p.early = nil
}

// runner holds what lives as long as the program's window.
type runner struct {
	o      Options
	app    fyne.App
	window fyne.Window
	win    *window
	tray   *tray
	done   chan struct{}
	wg     sync.WaitGroup
	post   poster
	answer chan bool // of the question for a tray

	started bool
}

func (r *runner) build() {
	title := r.o.Title
	if title == "" {
		title = "Postrider"
	}
	r.window = r.app.NewWindow(title)
	r.window.SetPadded(false)
	r.window.SetMaster()
	r.win = newWindow(r.window.Canvas(), view.Options{
		Store: r.o.Store, Agent: r.o.Agent, Now: r.o.Now, Log: r.o.Log, Post: r.post.do,
	}, r.o.Account)
	r.window.SetContent(container.NewStack(newBox(colSurface, "", 0), r.win.root, r.firstFrame()))
	m := r.win.desk.Memory
	size := fyne.NewSize(float32(m.Get("wide", 1280)), float32(m.Get("high", 800)))
	if r.o.Size.Wide > 0 {
		size = fyne.NewSize(r.o.Size.Wide, r.o.Size.High)
	}
	r.window.Resize(size)
	r.window.SetCloseIntercept(r.closeAsked)
	r.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		var paths []string
		for _, u := range uris {
			if u.Scheme() == "file" {
				paths = append(paths, u.Path())
			}
		}
		r.win.dropped(paths)
	})
	r.win.start()
	r.post.prime(firstLook, func() bool {
		l := r.win.desk.List
		_, row := l.Row(0)
		return l.Loaded() && len(r.win.desk.Places) > 0 && (l.Len() == 0 || row && r.win.desk.Reader.Ready)
	})
	r.tray = newTray(r)
	r.listen()
	// The toolkit starts its tray with its loop, or never: it must be known by now.
	there := r.trayThere()
	if there {
		r.tray.show()
	}
	if !r.o.Hidden || !there { // without a tray a hidden window would be out of reach
		r.window.Show()
	} else if r.o.Started != nil {
		r.started = true
		r.app.Lifecycle().SetOnStarted(r.o.Started)
	}
	if !there {
		r.sayNoTray()
	}
}

// trayThere waits for the answer to whether the desktop shows tray icons, but not
// for long.
func (r *runner) trayThere() bool {
	late := time.NewTimer(300 * time.Millisecond)
	defer late.Stop()
	select {
	case there := <-r.answer:
		return there
	case <-late.C:
		return false
	}
}

// firstFrame is an invisible dot that is asked for its picture when the first
// frame is drawn; that is when the window is there.
func (r *runner) firstFrame() fyne.CanvasObject {
	var once sync.Once
	dot := canvas.NewRaster(func(w, h int) image.Image {
		once.Do(func() {
			r.post.do(func() { // after this frame
				r.o.Log.Debug("the window is there", "messages", r.win.desk.List.Len())
				if r.o.Started != nil && !r.started {
					r.started = true
					r.o.Started()
				}
			})
		})
		img := image.NewNRGBA(image.Rect(0, 0, max(1, w), max(1, h)))
		img.Set(0, 0, color.Transparent)
		return img
	})
	dot.Resize(fyne.NewSize(1, 1))
	return container.NewWithoutLayout(dot)
}

// listen passes what comes from outside on to the interface's goroutine.
func (r *runner) listen() {
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		raise, quit, snap := r.o.Raise, r.o.Quit, r.o.Snap
		minutes, seconds := time.NewTicker(10*time.Minute), time.NewTicker(5*time.Second)
		defer minutes.Stop()
		defer seconds.Stop()
		for {
			select {
			case <-minutes.C:
				r.post.do(r.win.desk.Reread) // what was "14:02" may be "Tue" by now
			case <-seconds.C:
				r.post.do(r.win.desk.Tick)
			case <-r.done:
				return
			case _, ok := <-raise:
				if !ok {
					raise = nil
					continue
				}
				r.post.do(r.raise)
			case <-quit:
				quit = nil
				r.post.do(r.app.Quit)
			case f := <-snap:
				r.post.do(func() { f(r.window) })
			}
		}
	}()
}

func (r *runner) raise() {
	r.window.Show()
	r.window.RequestFocus()
}

// closeAsked hides the window where a tray keeps it within reach, and ends the
// program where there is none, or none any more.
func (r *runner) closeAsked() {
	if !r.tray.shown {
		r.app.Quit()
		return
	}
	r.ask(func(there bool) {
		r.post.do(func() {
			if there {
				r.window.Hide()
			} else {
				r.app.Quit()
			}
		})
	})
}

// ask asks, on a goroutine of its own, whether the desktop shows tray icons.
func (r *runner) ask(then func(there bool)) {
	ask := hasTray
	if r.o.TrayAt != nil {
		ask = func() bool { return r.o.TrayAt(watcherName) }
	}
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		then(ask())
	}()
}

// sayNoTray says that there is no tray: to the program each time, to the user once
// and never again.
func (r *runner) sayNoTray() {
	if r.o.NoTray != nil {
		go r.o.NoTray()
	}
	if m := r.win.desk.Memory; m.Get("saidNoTray", 0) == 0 {
		m.Set("saidNoTray", 1)
		r.win.desk.Deeds.Say("This desktop shows no tray icons: Postrider stays in its window, and closing the window quits.")
	}
}
