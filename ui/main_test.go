package ui

import (
	"net/url"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"postrider/offline"
	"postrider/ui/internal/sample"
	"postrider/ui/view"
)

func TestMain(m *testing.M) {
	// the toolkit's test driver has one goroutine of its own, for good
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("fyne.io/fyne/v2/internal/async.(*UnboundedChan[...]).processing"))
}

// rig is the window on the toolkit's test driver, over the sample; the test's
// goroutine is the interface's.
type rig struct {
	t     *testing.T
	store *offline.Store
	agent *sample.Agent
	win   *window
	posts chan func()
	later []func() // timers: run by fire
	mods  fyne.KeyModifier
	went  []string
	copy  string
}

func newRig(t *testing.T, filled bool, size fyne.Size) *rig {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(newLook())
	key, err := offline.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := offline.Open(t.TempDir(), key, offline.OpenOptions{Now: sample.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if filled {
		if err := sample.Fill(s); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{t: t, store: s, agent: sample.NewAgent(s), posts: make(chan func(), 10_000)}
	fw := test.NewTempWindow(t, newBox("", "", 0))
	fw.SetPadded(false)
	r.win = newWindow(fw.Canvas(), view.Options{Store: s, Agent: r.agent, Now: sample.Now, Post: func(f func()) { r.posts <- f }}, "ann.becker@postrider.example")
	r.win.after = func(_ time.Duration, f func()) { r.later = append(r.later, f) }
	r.win.mods = func() fyne.KeyModifier { return r.mods }
	r.win.browse = func(u *url.URL) error { r.went = append(r.went, u.String()); return nil }
	r.win.copyOut = func(s string) { r.copy = s }
	fw.SetContent(r.win.root)
	fw.Resize(size)
	t.Cleanup(r.win.close)
	r.win.start()
	return r
}

// usual is a window as it is on most desktops.
func usual(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, true, fyne.NewSize(1280, 800))
	r.until("the first message is shown", func() bool {
		d := r.win.desk
		return d.Reader.Ready && d.Reader.Text.State == view.BodyReady && len(d.Places) > 0
	})
	return r
}

func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case f := <-r.posts:
			f()
		case <-deadline:
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// press gives a key to what has the focus, as the driver does.
func (r *rig) press(names ...fyne.KeyName) {
	r.t.Helper()
	for _, n := range names {
		e := &fyne.KeyEvent{Name: n}
		c := r.win.canvas
		switch f := c.Focused(); {
		case n == fyne.KeyTab:
			c.(interface{ FocusNext() }).FocusNext()
		case f != nil:
			f.TypedKey(e)
		default:
			c.OnTypedKey()(e)
		}
	}
}

// typed gives letters to what has the focus, as the driver does.
func (r *rig) typed(s string) {
	r.t.Helper()
	for _, c := range s {
		if f := r.win.canvas.Focused(); f != nil {
			f.TypedRune(c)
		} else {
			r.win.canvas.OnTypedRune()(c)
		}
	}
}

func (r *rig) shortcut(s fyne.Shortcut) {
	r.t.Helper()
	if _, ok := s.(*fyne.ShortcutUndo); ok { // what was done is seen before it is noted
		r.until("it can be undone", r.win.desk.Deeds.CanUndo)
	}
	if f, ok := r.win.canvas.Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(s)
		return
	}
	r.win.canvas.(interface{ TypedShortcut(fyne.Shortcut) }).TypedShortcut(s)
}

// choose goes to the message with this subject by the keyboard.
func (r *rig) choose(subject string) {
	r.t.Helper()
	for range 60 {
		if r.win.desk.Reader.Ready && r.win.desk.Reader.Preview.Subject == subject {
			return
		}
		r.typed("j")
		r.until("the next message is shown", func() bool { return r.win.desk.Reader.Ready })
	}
	r.t.Fatalf("no message %q", subject)
}

func (r *rig) state() offline.Tracking {
	r.t.Helper()
	var m offline.Message
	keys := r.win.desk.List.Targets()
	if len(keys) != 1 {
		r.t.Fatalf("%d messages are chosen", len(keys))
	}
	if err := r.store.View(func(tx *offline.Tx) (err error) {
		m, err = tx.Message(keys[0])
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return m.Track
}

// walk visits o and everything that is visible in it.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			walk(c, visit)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			walk(c, visit)
		}
	}
}

// button finds a visible button by its words.
func (r *rig) button(text string) *button {
	r.t.Helper()
	var found *button
	look := func(o fyne.CanvasObject) {
		if b, ok := o.(*button); ok && b.text == text {
			found = b
		}
	}
	walk(r.win.root, look)
	for _, o := range r.win.canvas.Overlays().List() {
		walk(o, look)
	}
	if found == nil {
		r.t.Fatalf("no button %q", text)
	}
	return found
}

// says reports whether a visible label has this text.
func (r *rig) says(text string) bool {
	found := false
	look := func(o fyne.CanvasObject) {
		if l, ok := o.(*label); ok && l.text == text {
			found = true
		}
	}
	walk(r.win.root, look)
	for _, o := range r.win.canvas.Overlays().List() {
		walk(o, look)
	}
	return found
}
