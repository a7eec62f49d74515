package ui

import (
	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

const (
	composePad  = 24
	composeMost = 860 // width at most: longer lines are hard to read
	nameWidth   = 64
)

func (p *composePage) layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(max(0, w), max(0, h)))
	}
	pad := float32(composePad)
	if s.Width < 560 {
		pad = 16
	}
	put(p.bg, 0, 0, s.Width, s.Height)
	wide := min(s.Width-2*pad, composeMost)
	x, right := pad, pad+wide
	sw := min(p.saved.MinSize().Width, wide/2)
	put(p.saved, right-sw, 16, sw, 24)
	put(p.title, x, 16, wide-sw-16, 24)
	put(p.trouble, x, s.Height/3, wide, 80)
	if p.trouble.Visible() {
		return
	}
	y := p.layoutHead(put, x, right, 52)
	bottom := p.layoutFoot(put, x, right, s)
	put(p.text, x, y, wide, bottom-y)
	p.placeOffers()
}

// layoutHead places what is above the text; it returns where the text begins.
func (p *composePage) layoutHead(put func(fyne.CanvasObject, float32, float32, float32, float32), x, right, y float32) float32 {
	in := x + nameWidth
	put(p.names[0], x, y, nameWidth, 18)
	put(p.from, in, y, right-in, 18)
	y += 26
	for i, f := range p.fields() {
		name := p.names[i+1]
		if !f.Visible() {
			continue
		}
		end := right
		if i == 0 && p.more.Visible() {
			m := p.more.MinSize()
			put(p.more, right-m.Width, y, m.Width, 32)
			end -= m.Width + 8
		}
		h := f.heightFor(end - in)
		put(name, x, y+7, nameWidth, 18)
		put(f, in, y, end-in, h)
		y += h + 8
	}
	tw := float32(0)
	if p.token.text != "" {
		tw = p.token.MinSize().Width
		put(p.token, right-tw, y, tw, 32)
		put(p.tokenTip, right-tw, y, tw, 32)
		tw += 12
	}
	put(p.names[4], x, y+7, nameWidth, 18)
	put(p.subject, in, y, right-in-tw, 32)
	y += 40
	tm := p.track.MinSize()
	put(p.track, in-8, y, tm.Width, 32)
	ax := in + tm.Width
	am := min(p.about.MinSize().Width, right-ax-36)
	if am < min(p.about.MinSize().Width, 140) { // no room beside it
		y += 36
		ax, am = in, min(p.about.MinSize().Width, right-in-36)
	}
	put(p.about, ax, y, am, 32)
	put(p.unset, ax+am+4, y, 32, 32)
	y += 40
	put(p.line, x, y, right-x, 1)
	h := p.tools.heightFor(right - x)
	put(p.tools, x, y+8, right-x, h)
	y += 8 + h + 8
	if p.files.Visible() {
		h := p.files.heightFor(right - x)
		put(p.files, x, y, right-x, h)
		y += h + 8
	}
	return y
}

// layoutFoot places what is below the text; it returns where the text ends.
func (p *composePage) layoutFoot(put func(fyne.CanvasObject, float32, float32, float32, float32), x, right float32, s fyne.Size) float32 {
	y := s.Height - 56
	put(p.barLine, 0, y, s.Width, 1)
	bx := x
	for _, b := range []*button{p.send, p.close} {
		m := b.MinSize()
		put(b, bx, y+12, m.Width, 32)
		bx += m.Width + 8
	}
	m := p.drop.MinSize()
	put(p.drop, max(bx, right-m.Width), y+12, m.Width, 32)
	y -= 8
	if p.concerns.Visible() {
		h := min(p.concerns.heightFor(right-x), s.Height/4)
		y -= h
		put(p.concerns, x, y, right-x, h)
		y -= 8
	}
	if p.quote.Visible() {
		h := p.quote.heightFor(right-x, s.Height*0.35)
		y -= h
		put(p.quote, x, y, right-x, h)
		y -= 8
	}
	return y
}

// offer shows what f offers, under it.
func (p *composePage) offer(f *addressField) {
	if f.model == nil {
		return
	}
	if len(f.model.Offers) == 0 {
		if p.offering == f {
			p.offering = nil
			show(p.offers, false)
		}
		return
	}
	p.offering = f
	p.offers.show(f.model.Offers, f.model.At, func(i int) { f.model.Take(i); p.w.canvas.Focus(f.line) })
	p.placeOffers()
}

func (p *composePage) placeOffers() {
	f := p.offering
	if f == nil {
		return
	}
	m := p.offers.MinSize()
	at := f.Position().Add(f.under())
	w := min(m.Width, p.Size().Width-16)
	p.offers.Resize(fyne.NewSize(w, m.Height))
	p.offers.Move(fyne.NewPos(max(8, min(at.X, p.Size().Width-w-8)), at.Y))
}

// redraw shows the message as it is now.
func (p *composePage) redraw() {
	c := p.w.desk.Compose
	if c == nil || !p.w.showing(p) {
		return
	}
	p.title.text = c.Title
	p.saved.text, p.saved.ink = c.Saved, colMuted
	if c.Busy != "" {
		p.saved.text = c.Busy
	}
	if c.Bad {
		p.saved.ink = colDanger
	}
	p.trouble.text = c.Trouble
	if c.Trouble == "" && !c.Ready() {
		p.trouble.text = c.Busy
	}
	ready := c.Ready()
	for _, o := range p.objects {
		switch o {
		case p.bg, p.title, p.saved, p.barLine, p.close, p.offers:
		case p.trouble:
			show(o, !ready)
		default:
			show(o, ready)
		}
	}
	p.close.set("Close", "", plain)
	p.title.changed()
	p.saved.changed()
	p.trouble.changed()
	if !ready {
		p.changed()
		return
	}
	p.bind(c)
	p.fill(c)
	p.changed()
}

// bind puts the texts of another message into the fields.
func (p *composePage) bind(c *view.Compose) {
	if p.bound == c {
		return
	}
	p.bound = c
	for i, m := range []*view.Recipients{c.To, c.Cc, c.Bcc} {
		p.fields()[i].bind(m)
	}
	p.quote.open = false
	p.subject.SetText(c.Subject)
	p.text.SetText(c.Text)
	p.text.CursorRow, p.text.CursorColumn = 0, 0
	p.w.canvas.Focus(p.first())
}

func (p *composePage) fill(c *view.Compose) {
	for _, f := range p.fields() {
		f.redraw()
	}
	show(p.cc, c.More)
	show(p.bcc, c.More)
	show(p.names[2], c.More)
	show(p.names[3], c.More)
	show(p.more, !c.More)
	p.from.text = c.From
	if p.subject.Text != c.Subject {
		p.subject.SetText(c.Subject)
	}
	if p.text.Text != c.Text {
		p.text.SetText(c.Text)
	}
	p.token.text = ""
	if c.Token != "" {
		p.token.text = "+ " + c.Token
	}
	p.track.set(c.Track)
	p.about.set("About …", "regarding", plain)
	if c.About != nil {
		p.about.set("About "+c.About.Name, c.About.Symbol, plain)
	}
	show(p.unset, c.About != nil)
	p.tools.redraw(c)
	p.fillFiles(c)
	p.quote.redraw(c)
	var lines []fyne.CanvasObject
	for _, k := range c.Concerns {
		ink, icon := colInfo, "info"
		if k.Stops {
			ink, icon = colWarn, string(view.SignAttention)
		}
		lines = append(lines, newNote(icon, ink, k.Text))
	}
	p.concerns.setItems(lines...)
	show(p.concerns, len(lines) > 0)
	p.concerns.changed()
	text := "Send"
	if c.Asked {
		text = "Send all the same"
	}
	p.send.set(text, "sent", primary)
	p.send.off = c.Busy != ""
	p.send.changed()
	for _, l := range []*label{p.from, p.token} {
		l.changed()
	}
}

func (p *composePage) fillFiles(c *view.Compose) {
	var items []fyne.CanvasObject
	for i, f := range c.Files {
		text := f.Name
		if f.Size != "" {
			text += " · " + f.Size
		}
		b := newButton(p.w, text, "clip", plain, nil)
		b.small, b.left, b.trailer.name = true, true, "down"
		b.act = func() {
			p.w.openMenu(p.w.below(b), choice{text: "Remove " + f.Name, icon: "close", act: func() {
				p.model(func(c *view.Compose) { c.RemoveFile(i) })
				p.w.canvas.Focus(p.tools.attach)
			}})
		}
		items = append(items, b)
		if f.Problem != "" && c.Track {
			b.icon, b.hint, b.hints = string(view.SignAttention), f.Problem, p.w.hints
		}
	}
	p.files.setItems(items...)
	show(p.files, len(items) > 0)
	p.files.changed()
}

// note is a sign and a sentence on as many lines as it needs.
type note struct {
	leaf
	words *label
}

func newNote(icon string, ink fyne.ThemeColorName, text string) *note {
	n := &note{words: newLabel(text, sizeBody, ink).lines(3)}
	img := newGlyph(icon, ink, 14)
	n.objects = []fyne.CanvasObject{img, n.words}
	n.place = func(s fyne.Size) {
		img.Resize(fyne.NewSize(14, 18))
		n.words.Move(fyne.NewPos(22, 0))
		n.words.Resize(fyne.NewSize(max(0, s.Width-22), s.Height))
	}
	n.min = func() fyne.Size { return fyne.NewSize(100, n.words.MinSize().Height) }
	n.ExtendBaseWidget(n)
	return n
}

func (n *note) heightFor(width float32) float32 { return n.words.heightFor(width - 22) }
