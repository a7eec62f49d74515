package ui

import (
	"fyne.io/fyne/v2"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/view"
)

// composePage is where a message is written. It follows the model: it is shown
// while there is a message being written, and leaving it keeps that as a draft.
type composePage struct {
	basePage
	w     *window
	bound *view.Compose // whose texts are in the fields

	bg           *box
	title, saved *label
	names        [5]*label
	from         *label
	to, cc, bcc  *addressField
	more         *button
	subject      *entry
	token        *label
	tokenTip     *tip
	track        *toggle
	about, unset *button
	line         *box
	tools        *composeTools
	files        *flow
	text         *entry
	quote        *quoteBar
	concerns     *column
	send         *button
	close, drop  *button
	barLine      *box
	offers       *offerList
	offering     *addressField
	trouble      *label
}

func newComposePage(w *window) *composePage {
	p := &composePage{
		w: w, bg: newBox(colSurface, "", 0), title: newLabel("", sizeTitle, colText).bold(), saved: newLabel("", sizeSmall, colMuted).right(),
		from: newLabel("", sizeBody, colText), subject: newEntry(false), token: newLabel("", sizeBody, colMuted).right(), tokenTip: newTip(w.hints),
		line: newLine(), files: newFlow(8), text: newEntry(true), concerns: newColumn(4, 0), barLine: newLine(),
		offers: newOfferList(), trouble: newLabel("", sizeBody, colMuted).center().lines(4),
	}
	for i, n := range []string{"From", "To", "Cc", "Bcc", "Subject"} {
		p.names[i] = newLabel(n, sizeBody, colMuted)
	}
	p.to, p.cc, p.bcc = newAddressField(w), newAddressField(w), newAddressField(w)
	p.more = newButton(w, "Cc, Bcc", "", quiet, func() { w.desk.Compose.ShowMore(); w.canvas.Focus(p.cc.line) })
	for i, f := range p.fields() {
		f.out, f.offer = w.TypedKey, p.offer
		f.next = func() { p.after(i) }
	}
	p.subject.OnChanged = func(s string) { p.model(func(c *view.Compose) { c.SetSubject(s) }) }
	p.subject.OnSubmitted = func(string) { w.canvas.Focus(p.text) }
	p.text.OnChanged = func(s string) { p.model(func(c *view.Compose) { c.SetText(s) }) }
	p.text.SetPlaceHolder("Write here. *bold*, _italic_ and lines that begin with - become what they say.")
	for _, e := range []*entry{p.subject, p.text} {
		e.onKey, e.onShortcut = p.entryKey, p.shortcut
	}
	p.tokenTip.text = "The tracking token. It is added to the subject when the message goes out, so that answers find back to it."
	p.track = newToggle(w, "Track in the CRM", func(on bool) { p.model(func(c *view.Compose) { c.SetTrack(on) }) })
	p.about = newButton(w, "", "regarding", plain, w.aboutOfDraft)
	p.about.left, p.about.trailer.name = true, "down"
	p.unset = newButton(w, "", "close", quiet, func() { p.model(func(c *view.Compose) { c.SetAbout(nil) }); w.canvas.Focus(p.about) })
	p.unset.hint, p.unset.hints = "About nothing", w.hints
	p.tools = newComposeTools(p)
	p.quote = newQuoteBar(p)
	p.send = newButton(w, "Send", "sent", primary, w.desk.SendDraft)
	p.send.hint, p.send.hints = "Ctrl+Enter", w.hints
	p.close = newButton(w, "Close", "", plain, func() { w.showPage(w.before) })
	p.close.hint, p.close.hints = "Escape; it stays a draft in the outbox", w.hints
	p.drop = newButton(w, "Discard…", "trash", quiet, w.askDiscard)
	p.objects = []fyne.CanvasObject{
		p.bg, p.title, p.saved, p.names[0], p.names[1], p.names[2], p.names[3], p.names[4], p.from, p.to, p.more, p.cc, p.bcc, p.subject, p.token, p.tokenTip,
		p.text, p.track, p.about, p.unset, p.tools, p.line, p.files, p.quote, p.concerns, p.barLine, p.send, p.close, p.drop, p.trouble, p.offers,
	}
	p.place = p.layout
	p.min = func() fyne.Size { return fyne.NewSize(leastItem, 300) }
	p.ExtendBaseWidget(p)
	p.Hide()
	return p
}

func (p *composePage) fields() []*addressField { return []*addressField{p.to, p.cc, p.bcc} }

// model acts on what is being written, if it is what the fields show.
func (p *composePage) model(act func(*view.Compose)) {
	if c := p.w.desk.Compose; c != nil && c == p.bound {
		act(c)
	}
}

// after goes to the control behind the i-th field of recipients.
func (p *composePage) after(i int) {
	for _, f := range p.fields()[i+1:] {
		if f.Visible() {
			p.w.canvas.Focus(f.line)
			return
		}
	}
	p.w.canvas.Focus(p.subject)
}

func (p *composePage) first() fyne.Focusable {
	if c := p.w.desk.Compose; c != nil && (len(c.To.List) > 0 || c.Answers() != 0 && len(c.Files) == 0) {
		return p.text
	}
	return p.to.line
}

func (p *composePage) entered() { p.redraw() }

// left keeps what is being written as a draft.
func (p *composePage) left() { p.w.desk.StopWriting() }

func (p *composePage) foot() float32 { return 56 }

func (p *composePage) key(e *fyne.KeyEvent) bool { return false }

func (p *composePage) typed(rune) bool { return true } // nothing here goes by single letters

// entryKey keeps the keys of a text field from the window, but for those that leave it.
func (p *composePage) entryKey(e *fyne.KeyEvent) bool {
	switch e.Name {
	case fyne.KeyEscape, fyne.KeyF5:
		p.w.TypedKey(e)
		return true
	}
	return false
}

// redrawCompose follows the model: a message that is being written is shown, and
// when it is sent or discarded the page goes.
func (w *window) redrawCompose() {
	p, c := w.compose, w.desk.Compose
	keys := w.desk.Reader.Preview.Keys
	if beside := c != nil && c.Answers() != 0 && len(keys) == 1 && keys[0] == c.Answers(); beside != w.frame.beside {
		w.frame.beside = beside
		w.frame.changed()
	}
	switch {
	case c == nil && w.at == page(p):
		p.bound = nil
		w.showPage(w.before)
	case c != nil && w.at != page(p):
		w.before = w.at
		w.showPage(p)
	default:
		p.redraw()
	}
}

// write begins a message about the chosen one, or a new one.
func (w *window) write(kind agent.DraftKind) {
	var key uint64
	if kind != agent.DraftNew {
		keys := w.desk.List.Targets()
		if len(keys) != 1 {
			w.desk.Deeds.Say("Choose one message to answer or forward.")
			return
		}
		key = keys[0]
	}
	w.desk.Write(kind, key, offline.Ref{})
}
