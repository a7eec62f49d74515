package ui

import "fyne.io/fyne/v2"

// panePage is a page that is one column which scrolls. What is kept in it stays
// the same from one drawing to the next, so that it keeps the focus, and is
// scrolled to when it gets it.
type panePage struct {
	basePage
	w       *window
	pane    *pane
	buttons map[string]*button
	toggles map[string]*toggle
}

// lay makes the page; self is what embeds it.
func (p *panePage) lay(w *window, self fyne.Widget) {
	c := newColumn(8, 24)
	c.most = 720
	p.w, p.pane = w, newPane(c)
	p.buttons, p.toggles = map[string]*button{}, map[string]*toggle{}
	bg := newBox(colBackground, "", 0)
	p.objects = []fyne.CanvasObject{bg, p.pane}
	p.place = func(s fyne.Size) {
		bg.Resize(s)
		p.pane.Resize(s)
	}
	p.min = func() fyne.Size { return fyne.NewSize(200, 200) }
	p.ExtendBaseWidget(self)
}

func (p *panePage) key(e *fyne.KeyEvent) bool { return p.pane.key(e) }

// set shows these things.
func (p *panePage) set(items ...fyne.CanvasObject) {
	p.pane.column.setItems(items...)
	p.pane.update(false)
	// A page that was not drawn yet is not known to belong to the window, and what
	// is refreshed of it would not be drawn before something else is.
	p.w.canvas.Refresh(p.pane.column)
}

// button is the same one each time it is asked for by that name.
func (p *panePage) button(name, text, icon string, wt weight, act func()) *button {
	b := p.buttons[name]
	if b == nil {
		b = newButton(p.w, text, icon, wt, nil)
		b.onFocus = func() { p.pane.reveal(b) }
		p.buttons[name] = b
	}
	b.act = act
	if b.text != text || b.weight != wt {
		b.set(text, icon, wt)
	}
	return b
}

// small is a button that stands in a line of text.
func (p *panePage) small(name, text string, act func()) *button {
	b := p.button(name, text, "", plain, act)
	b.small = true
	return b
}

// toggle is the same one each time it is asked for by that name.
func (p *panePage) toggle(name, text string, act func(bool)) *toggle {
	t := p.toggles[name]
	if t == nil {
		t = newToggle(p.w, text, nil)
		t.onFocus = func() { p.pane.reveal(t) }
		p.toggles[name] = t
	}
	t.act = act
	return t
}

// choice is a toggle that is one of several of which one is on.
func (p *panePage) choice(name, text string, act func()) *toggle {
	t := p.toggle(name, text, func(bool) { act() })
	t.one = true
	return t
}
