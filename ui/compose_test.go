package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"postrider/offline"
	"postrider/ui/internal/sample"
	"postrider/ui/view"
)

func (r *rig) drafts() (all []offline.Draft) {
	r.t.Helper()
	if err := r.store.View(func(tx *offline.Tx) (err error) {
		all, err = tx.Drafts()
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *rig) composing(what string) *composePage {
	r.t.Helper()
	p := r.win.compose
	r.until(what, func() bool { return r.win.showing(p) && p.bound != nil && p.bound == r.win.desk.Compose })
	return p
}

func control(k fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: k, Modifier: fyne.KeyModifierControl}
}

func TestAReplyIsWrittenAndSentByKeyboard(t *testing.T) {
	r := usual(t)
	r.typed("a")
	p := r.composing("the reply is open")
	if r.win.canvas.Focused() != fyne.Focusable(p.text) {
		t.Fatalf("the focus is in %T", r.win.canvas.Focused())
	}
	r.typed("tux? /jk ") // single letters are letters here
	r.shortcut(control(fyne.KeyB))
	r.typed("b")
	if p.text.Text != "tux? /jk *b*" || len(r.win.sheets) != 0 {
		t.Errorf("text %q", p.text.Text)
	}
	r.shortcut(control(fyne.KeyReturn))
	r.until("it is on its way, and the mail is shown", func() bool { return r.win.at == nil && r.win.toast.Visible() && r.win.desk.Outbox.Count == 1 })
	ds := r.drafts()
	if len(ds) != 1 || ds[0].State != offline.DraftWaiting || !strings.Contains(ds[0].HTML, "<b>b</b>") || ds[0].To[0].Addr != "jana.novakova@moravia-tools.example" {
		t.Errorf("in the outbox: %+v", ds)
	}
	r.win.canvas.Focus(r.win.list.rows)
	r.shortcut(&fyne.ShortcutUndo{})
	p = r.composing("it is open again")
	if p.text.Text != "tux? /jk *b*" {
		t.Errorf("text %q", p.text.Text)
	}
}

func TestRecipientsAreTakenByKeyboard(t *testing.T) {
	r := usual(t)
	r.typed("n")
	p := r.composing("it is open")
	f := p.to
	if r.win.canvas.Focused() != fyne.Focusable(f.line) {
		t.Fatalf("the focus is in %T", r.win.canvas.Focused())
	}
	got := func() string {
		var out []string
		for _, x := range f.model.List {
			out = append(out, x.Label)
		}
		return strings.Join(out, "|") + ">" + f.line.Text
	}
	r.typed("mora")
	if !p.offers.Visible() || len(p.offers.rows) != 2 || !f.line.AcceptsTab() {
		t.Fatalf("%d offers", len(p.offers.rows))
	}
	r.press(fyne.KeyDown)
	f.line.TypedKey(&fyne.KeyEvent{Name: fyne.KeyTab})
	if got() != "Moravia Tools a.s.>" || p.offers.Visible() || f.line.AcceptsTab() {
		t.Errorf("Tab takes %s", got())
	}
	r.typed("mora")
	r.press(fyne.KeyEscape)
	if p.offers.Visible() || f.line.Text != "mora" || !r.win.showing(p) {
		t.Error("Escape takes away more than the offers")
	}
	r.press(fyne.KeyBackspace, fyne.KeyBackspace, fyne.KeyBackspace, fyne.KeyBackspace)
	r.typed("petr@x.example;")
	r.press(fyne.KeyLeft, fyne.KeyLeft)
	if f.pick != 0 {
		t.Errorf("Left goes to %d", f.pick)
	}
	r.press(fyne.KeyRight, fyne.KeyReturn)
	if got() != "Moravia Tools a.s.>petr@x.example" {
		t.Errorf("Enter edits: %s", got())
	}
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyBackspace) // points at it
	if f.pick != 1 {
		t.Errorf("Backspace points at %d", f.pick)
	}
	r.press(fyne.KeyBackspace)
	if got() != "Moravia Tools a.s.>" {
		t.Errorf("Backspace, twice: %s", got())
	}
	r.typed("jana@far.example")
	r.press(fyne.KeyTab)
	if got() != "Moravia Tools a.s.|jana@far.example>" {
		t.Errorf("leaving the field takes what is typed: %s", got())
	}
	r.win.canvas.Focus(f.line)
	r.typed("otto")
	p.offers.rows[0].Tapped(nil) // a press on it leaves the focus where it is (stay)
	if !strings.HasSuffix(got(), "Otto Brandt>") {
		t.Errorf("the mouse takes %s", got())
	}
	f.chips[0].Tapped(&fyne.PointEvent{Position: fyne.NewPos(f.chips[0].Size().Width-8, 10)})
	if strings.HasPrefix(got(), "Moravia") {
		t.Errorf("the cross takes nothing away: %s", got())
	}
	r.press(fyne.KeyReturn)
	if r.win.canvas.Focused() != fyne.Focusable(p.subject) {
		t.Errorf("Enter goes on to %T", r.win.canvas.Focused())
	}
}

func TestEverythingOfTheComposerIsReachedByTab(t *testing.T) {
	r := usual(t)
	r.typed("f")
	p := r.composing("the forward is open")
	p.w.desk.Compose.ShowMore()
	r.win.canvas.Focus(p.to.line)
	var reached []string
	for range 60 {
		f := r.win.canvas.Focused()
		switch f := f.(type) {
		case *button:
			name := f.text
			if name == "" {
				name = f.icon
			}
			reached = append(reached, name)
			if !f.focus {
				t.Errorf("%s does not show its focus", name)
			}
		case *toggle:
			reached = append(reached, f.text)
		case *entry:
			reached = append(reached, map[*entry]string{p.to.line: "To", p.cc.line: "Cc", p.bcc.line: "Bcc", p.subject: "Subject", p.text: "Text"}[f])
		}
		r.press(fyne.KeyTab)
		if r.win.canvas.Focused() == fyne.Focusable(p.to.line) {
			break
		}
	}
	want := []string{
		"To", "Cc", "Bcc", "Subject", "Text", "Track in the CRM", "About Brno line", "close", "Template…", "Attach…", "Formatted", "bold", "italic", "list", "link",
		"Offer 2026-118.pdf · 1.8 MB", "terms.docx · 44 KB", "Show", "Edit in the text", "Leave out", "Send", "Close", "Discard…",
	}
	if len(reached) < len(want) || !slices.Equal(reached[:len(want)], want) {
		t.Errorf("Tab goes through %q", reached)
	}
}

func TestLeavingKeepsADraftThatTheOutboxOpensAgain(t *testing.T) {
	r := usual(t)
	r.typed("n")
	p := r.composing("it is open")
	r.typed("half a rec")
	r.win.canvas.Focus(p.text)
	r.typed("half a sentence")
	r.press(fyne.KeyEscape)
	r.until("the mail is shown and the draft is kept", func() bool { return r.win.at == nil && len(r.win.desk.Outbox.Lines) == 1 })
	r.press(fyne.KeyEscape) // the toast
	r.typed("o")
	r.until("the outbox is shown", func() bool { return r.win.showing(r.win.outbox) && r.says("half a sentence") })
	r.press(fyne.KeyReturn)
	r.composing("it is open again")
	if p.text.Text != "half a sentence" || len(p.to.model.List) != 1 || p.to.model.List[0].Problem == "" {
		t.Errorf("text %q, to %+v", p.text.Text, p.to.model.List)
	}
	r.win.canvas.Focus(p.text)
	r.press(fyne.KeyEscape)
	r.until("Escape goes back to the outbox", func() bool { return r.win.showing(r.win.outbox) })
	r.press(fyne.KeyDelete)
	if len(r.win.sheets) != 1 || !r.says("Discard this message?") {
		t.Fatal("it throws away without asking")
	}
	test.Tap(r.button("Discard"))
	r.until("it is empty, and says so", func() bool { return len(r.win.desk.Outbox.Lines) == 0 && r.says("Nothing waits to go") })
	if r.win.canvas.Focused() != fyne.Focusable(r.win.outbox.begin) {
		t.Errorf("the focus is in %T", r.win.canvas.Focused())
	}
}

func TestDiscardingAsksWhereSomethingIsWritten(t *testing.T) {
	r := usual(t)
	r.typed("n")
	p := r.composing("it is open")
	r.win.canvas.Focus(p.text)
	r.typed("x")
	test.Tap(p.drop)
	if len(r.win.sheets) != 1 {
		t.Fatal("it does not ask")
	}
	r.press(fyne.KeyReturn) // "Keep writing" has the focus
	if len(r.win.sheets) != 0 || r.win.desk.Compose == nil {
		t.Error("Enter throws it away")
	}
	test.Tap(p.drop)
	test.Tap(r.button("Discard"))
	r.until("it is gone", func() bool { return r.win.at == nil && len(r.drafts()) == 0 })
	r.typed("n")
	r.composing("a new one is open")
	test.Tap(p.drop)
	if len(r.win.sheets) != 0 || r.win.at != nil {
		t.Error("it asks about an empty message")
	}
}

func TestATemplateAsksBeforeItGoesOverWhatIsWritten(t *testing.T) {
	r := usual(t)
	r.typed("a")
	p := r.composing("it is open")
	r.typed("mine")
	choose := func() {
		test.Tap(p.tools.template)
		r.until("they are listed", func() bool { return r.says("Offer, first reminder") })
		r.typed("remind")
		r.press(fyne.KeyReturn)
	}
	choose()
	if !r.says("Use “Offer, first reminder”?") {
		t.Fatal("it does not ask")
	}
	r.press(fyne.KeyEscape)
	if p.text.Text != "mine" || len(r.win.sheets) != 0 {
		t.Errorf("Escape: %q", p.text.Text)
	}
	choose()
	r.press(fyne.KeyReturn)
	r.until("it is above", func() bool {
		return strings.HasPrefix(p.text.Text, "Dear Jana,") && strings.HasSuffix(p.text.Text, "mine")
	})
	choose()
	test.Tap(r.button("Replace it"))
	r.until("it is all there is", func() bool { return !strings.Contains(p.text.Text, "mine") })
}

func TestAFileIsAttachedByItsPath(t *testing.T) {
	r := usual(t)
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "offer.pdf", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "older offers"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.typed("n")
	p := r.composing("it is open")
	test.Tap(p.tools.attach)
	l := r.win.sheets[0].body.content.(*listSheet)
	l.field.SetText(filepath.Dir(dir) + string(filepath.Separator) + filepath.Base(dir))
	r.until("the folder is found", func() bool { return l.count() > 0 && r.says(filepath.Base(dir)) })
	r.press(fyne.KeyReturn) // goes in
	r.until("its files are listed, folders first, hidden ones not", func() bool { return l.count() == 3 && r.says("notes.txt") })
	r.typed("off")
	r.until("what fits is left", func() bool { return l.count() == 2 && r.says("offer.pdf") })
	r.press(fyne.KeyReturn)
	r.until("it is attached", func() bool { return len(r.win.sheets) == 0 && len(r.win.desk.Compose.Files) == 1 })
	b := r.button("offer.pdf · 1 B")
	test.Tap(b)
	r.press(fyne.KeyDown, fyne.KeyReturn)
	if len(r.win.desk.Compose.Files) != 0 {
		t.Error("it can't be removed")
	}
}

func TestTheRecordThatAMessageIsAboutIsChosenInTheComposer(t *testing.T) {
	r := usual(t)
	r.typed("n")
	p := r.composing("it is open")
	test.Tap(p.about)
	r.typed("brno")
	r.until("it is found", func() bool {
		c := r.win.sheets[0].body.content.(*regardingSheet).model.Choices
		return len(c) == 1 && c[0].Name == "Brno line"
	})
	f := r.win.canvas.Focused().(*field)
	f.OnSubmitted(f.Text)
	if c := r.win.desk.Compose; c.About == nil || c.About.Ref != sample.Brno() || !p.track.on || p.token.text != "+ CRM:…" {
		t.Errorf("about %+v, track %v, token %q", c.About, p.track.on, p.token.text)
	}
	r.win.canvas.Focus(p.track)
	r.press(fyne.KeySpace)
	if r.win.desk.Compose.Track || p.token.text != "" {
		t.Error("Space does not take the tracking away")
	}
}

func TestTheComposerAndTheOutboxFitHoweverNarrow(t *testing.T) {
	r := usual(t)
	if err := sample.FillOutbox(r.store); err != nil {
		t.Fatal(err)
	}
	r.typed("f")
	p := r.composing("it is open")
	p.w.desk.Compose.ShowMore()
	p.to.model.Type(strings.Repeat("A person with a very long name indeed, Dr. h. c. <someone.with.a.long.address@a-domain-with-a-long-name.example>;", 1) + "b@@c,d@e.example,")
	r.until("the outbox is read", func() bool { return len(r.win.desk.Outbox.Lines) == 9 })
	for _, w := range []float32{420, 600, 900, 1300} {
		r.win.frame.Resize(fyne.NewSize(w, 700))
		fits(t, fmt.Sprintf("composer in %v", w), p.to)
		for _, o := range []fyne.CanvasObject{p.to, p.cc, p.subject, p.about, p.tools, p.files, p.text, p.send, p.drop} {
			if o.Position().X+o.Size().Width > p.Size().Width+1 || o.Size().Height < 20 {
				t.Errorf("%v wide: %T at %v, %v large, in %v", w, o, o.Position(), o.Size(), p.Size())
			}
		}
		if p.text.Size().Height < 48 {
			t.Errorf("%v wide: the text is %v high", w, p.text.Size().Height)
		}
	}
	for w := float32(300); w < 900; w += 61 {
		for _, l := range r.win.desk.Outbox.Lines {
			row := newOutboxRow()
			row.Resize(fyne.NewSize(w, outboxRow))
			row.set(l, l.Group, true, true)
			fits(t, fmt.Sprintf("outbox row of %v", w), row)
		}
	}
}

func TestAnswersAreOfferedBesideTheMessageAndInItsMenus(t *testing.T) {
	r := usual(t)
	r.win.goTo(view.Where{})
	r.until("all mail is shown", func() bool { return r.win.desk.List.Len() == 60 })
	r.choose("Offer for the Brno line")
	r.button("Reply")
	var names []string
	for _, a := range r.win.desk.Reader.Preview.Actions {
		names = append(names, string(a.Verb))
	}
	for _, want := range []view.Verb{view.VerbReply, view.VerbReplyAll, view.VerbForward} {
		if !slices.Contains(names, string(want)) {
			t.Errorf("no %s among %q", want, names)
		}
	}
	test.Tap(r.win.item.more)
	m := r.win.canvas.Focused().(*menu)
	if m.items[0].text != "Reply to all" || m.items[1].text != "Forward" {
		t.Errorf("the menu begins with %q, %q", m.items[0].text, m.items[1].text)
	}
	r.press(fyne.KeyDown, fyne.KeyReturn)
	p := r.composing("the reply is open")
	if len(p.to.model.List) != 1 || len(p.cc.model.List) != 1 {
		t.Errorf("to %+v, cc %+v", p.to.model.List, p.cc.model.List)
	}
}
