package ui

import (
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

func TestTrackByKeyboardAndUndo(t *testing.T) {
	r := usual(t)
	r.choose("Delivery next week?")
	r.typed("t")
	r.until("it waits", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignWaiting && r.win.toast.Visible() })
	if got := r.state(); got.State != offline.Waiting {
		t.Errorf("got %+v", got)
	}
	r.shortcut(&fyne.ShortcutUndo{})
	r.until("it is undone", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignUntracked })
	if got := r.state(); got.State != offline.Untracked {
		t.Errorf("got %+v", got)
	}
}

func TestSetRegardingByKeyboard(t *testing.T) {
	r := usual(t)
	r.choose("Delivery next week?")
	r.typed("r")
	r.until("likely records are offered", func() bool { return r.says("Warehouse scanners, second floor and the annex") })
	r.typed("brno")
	r.until("it is found", func() bool {
		c := r.win.sheets[0].body.content.(*regardingSheet).model.Choices
		return len(c) == 1 && c[0].Name == "Brno line"
	})
	field := r.win.canvas.Focused().(*field)
	if field.Text != "brno" {
		t.Errorf("the letters went elsewhere: %q", field.Text)
	}
	field.OnSubmitted(field.Text)
	r.until("it waits", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignWaiting })
	if got := r.state(); got.Regarding != sample.Brno() {
		t.Errorf("got %+v", got)
	}
	if len(r.win.sheets) != 0 || len(r.win.canvas.Overlays().List()) != 0 {
		t.Error("the dialog is still open")
	}
}

func TestUntrackAsksWhetherToDelete(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(r *rig)
		call string
	}{
		"keep, by Enter":     {func(r *rig) { r.press(fyne.KeyReturn) }, "untrack"},
		"keep, by mouse":     {func(r *rig) { test.Tap(r.button("Untrack, keep in the CRM")) }, "untrack"},
		"delete, by mouse":   {func(r *rig) { test.Tap(r.button("Untrack and delete")) }, "untrack and delete"},
		"leave, by Escape":   {func(r *rig) { r.press(fyne.KeyEscape) }, ""},
		"letters do nothing": {func(r *rig) { r.typed("tu?jx"); r.press(fyne.KeyEscape) }, ""},
	} {
		t.Run(name, func(t *testing.T) { // R-UNTRACK-01
			r := usual(t)
			r.typed("u")
			if len(r.win.sheets) != 1 {
				t.Fatal("it does not ask")
			}
			c.do(r)
			if len(r.win.sheets) != 0 {
				t.Error("the dialog is still open")
			}
			if c.call != "" {
				r.until("it is untracked", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignUntracked })
				if got := r.agent.Called(); !slices.Equal(got, []string{c.call}) {
					t.Errorf("got %q", got)
				}
			} else if got := r.agent.Called(); len(got) != 0 {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestUntrackOfWhatIsNotInTheCRMYetAsksNothing(t *testing.T) {
	r := usual(t)
	r.choose("Forespørgsel på tilbud: værktøj til fræsning")
	r.typed("u")
	r.until("it is untracked", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignUntracked })
	if len(r.win.sheets) != 0 {
		t.Error("it asks")
	}
}

func TestSeveralAreTrackedAtOnce(t *testing.T) {
	r := usual(t)
	r.typed("jx") // Otto, not tracked
	r.typed("jjjx")
	r.typed("jjx")
	r.until("the sums are there", func() bool { return r.says("Track 3 messages") })
	test.Tap(r.button("Track 3 messages"))
	r.until("all wait", func() bool {
		p := r.win.desk.Reader.Preview
		return len(p.Sums) == 1 && p.Sums[0].Text == "3 waiting"
	})
	if got := r.win.desk.Deeds.Toast.Text; got != "Tracking 3 messages" {
		t.Errorf("got %q", got)
	}
	r.press(fyne.KeyEscape) // the toast
	r.press(fyne.KeyEscape) // the selection
	if r.win.desk.List.MarkedCount() != 0 {
		t.Error("Escape does not take the selection back")
	}
}

func TestMouseAndModifiersChoose(t *testing.T) {
	r := usual(t)
	tap := func(i int) {
		t.Helper()
		for _, o := range r.win.list.rows.field.objects {
			if row := o.(*messageRow); int(row.Position().Y/rowHeight) == i {
				test.Tap(row)
				return
			}
		}
		t.Fatalf("row %d can't be seen", i)
	}
	tap(2)
	if r.win.desk.List.Cursor() != 2 {
		t.Error("a tap does not choose")
	}
	r.mods = fyne.KeyModifierControl
	tap(4)
	r.mods = fyne.KeyModifierShift
	tap(6)
	if n := r.win.desk.List.MarkedCount(); n != 3 {
		t.Errorf("%d are marked", n)
	}
	r.mods = 0
	r.shortcut(&fyne.ShortcutSelectAll{})
	if n := r.win.desk.List.MarkedCount(); n != 59 {
		t.Errorf("Ctrl+A marks %d", n)
	}
}

func TestSingleLettersAreOffInATextField(t *testing.T) {
	r := usual(t)
	r.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierControl})
	if r.win.canvas.Focused() != fyne.Focusable(r.win.list.search) {
		t.Fatal("Ctrl+F does not go to the search field")
	}
	before := r.win.desk.List.Cursor()
	r.typed("turjkx?")
	if r.win.list.search.Text != "turjkx?" || len(r.agent.Called()) != 0 || len(r.win.sheets) != 0 || r.win.desk.List.MarkedCount() != 0 {
		t.Errorf("text %q, calls %q, %d sheets", r.win.list.search.Text, r.agent.Called(), len(r.win.sheets))
	}
	r.press(fyne.KeyF5)
	if got := r.agent.Called(); !slices.Equal(got, []string{"sync"}) {
		t.Errorf("F5 in a text field: %q", got)
	}
	r.press(fyne.KeyEscape)
	if r.win.list.search.Text != "" || r.win.canvas.Focused() != fyne.Focusable(r.win.list.rows) || r.win.desk.List.Len() != 59 {
		t.Error("Escape does not leave the search")
	}
	_ = before
}

func TestSearchFiltersTheList(t *testing.T) {
	r := usual(t)
	r.typed("/")
	r.typed("dvorak draw")
	r.until("it is found", func() bool { return r.win.desk.List.Len() == 1 && !r.win.desk.List.Finding() })
	r.typed("zzz")
	r.until("nothing is found", func() bool { return r.win.list.empty.Visible() && r.says("Nothing found") })
	if len(r.win.item.buttons) != 0 {
		r.until("no action is offered", func() bool { return len(r.win.item.buttons) == 0 })
	}
	test.Tap(r.button("Clear the search"))
	if r.win.desk.List.Len() != 59 {
		t.Errorf("%d shown", r.win.desk.List.Len())
	}
}

func TestEverythingIsReachedByTabAndShowsItsFocus(t *testing.T) {
	r := usual(t)
	var reached []string
	first := r.win.canvas.Focused()
	for range 60 {
		r.press(fyne.KeyTab)
		f := r.win.canvas.Focused()
		if f == first {
			break
		}
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
		case *railItem:
			reached = append(reached, f.name)
		case *statusBar:
			reached = append(reached, "status line")
		case *field:
			reached = append(reached, "search")
		case *recordButton:
			reached = append(reached, "record")
		case *rowList:
			reached = append(reached, "list")
		default:
			t.Errorf("an unknown thing has the focus: %T", f)
		}
	}
	for _, want := range []string{"Mail", "Calendar", "People", "Tasks", "Sync", "Waiting", "Status", "Help", "search", "Inbox", "more", "panel", "Change regarding…", "Untrack…", "record", "status line"} {
		if !slices.Contains(reached, want) {
			t.Errorf("Tab does not reach %s: %q", want, reached)
		}
	}
	if n := len(reached); n > 24 {
		t.Errorf("Tab goes through %d things: %q", n, reached)
	}
}

func TestKeysWorkWhereverTheFocusIs(t *testing.T) {
	r := usual(t)
	r.press(fyne.KeyTab, fyne.KeyTab) // some button
	r.typed("j")
	if r.win.desk.List.Cursor() != 1 {
		t.Errorf("%T swallows j", r.win.canvas.Focused())
	}
	r.win.canvas.Unfocus()
	r.typed("k")
	if r.win.desk.List.Cursor() != 0 {
		t.Error("without focus k is lost")
	}
	r.press(fyne.KeyEnd)
	if r.win.desk.List.Cursor() != 58 {
		t.Error("End")
	}
	r.press(fyne.KeyHome, fyne.KeyPageDown)
	if c := r.win.desk.List.Cursor(); c < 5 || c > 14 {
		t.Errorf("PageDown goes to %d", c)
	}
}

func TestHelpAndPagesOpenAndClose(t *testing.T) {
	r := usual(t)
	r.typed("?")
	if !r.says("Keys") {
		t.Error("? does not help")
	}
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 0 {
		t.Error("Enter does not close the help")
	}
	test.Tap(r.win.rail.status)
	if r.win.at == nil || !r.says("Status of ann.becker@postrider.example") {
		t.Error("no status page")
	}
	r.until("what was done is shown", func() bool { return r.says("Signed in to the CRM as Ann Becker") })
	test.Tap(r.button("Pause"))
	r.until("it is paused", func() bool { return strings.HasPrefix(r.win.desk.Status.Text, "Paused") })
	r.button("Resume")
	r.press(fyne.KeyEscape)
	if r.win.at != nil {
		t.Error("Escape does not leave the page")
	}
}

func TestProblemsAreListedWithTheirRemedy(t *testing.T) {
	r := usual(t)
	r.agent.Set(sample.Trouble)
	r.until("the line says so", func() bool { return len(r.win.desk.Status.Problems) == 2 })
	test.Tap(r.win.status)
	if !r.says("2 problems") || !r.says("Sign in to the CRM again.") {
		t.Error("no cause, no remedy")
	}
	test.Tap(r.button("Copy details"))
	if !strings.Contains(r.copy, "item-failed") {
		t.Errorf("copied %q", r.copy)
	}
}

func TestAMenuWorksByKeys(t *testing.T) {
	r := usual(t)
	test.Tap(r.win.list.where)
	m, ok := r.win.canvas.Focused().(*menu)
	if !ok {
		t.Fatal("the menu has no focus")
	}
	r.press(fyne.KeyUp)
	if m.items[m.at].text != "Needs you" {
		t.Errorf("Up goes to %q", m.items[m.at].text)
	}
	r.press(fyne.KeyUp, fyne.KeyUp, fyne.KeyReturn)
	r.until("what waits is shown", func() bool { return r.win.desk.List.Len() == 3 && r.win.desk.List.Where().State == offline.Waiting })
	test.Tap(r.win.rail.mail)
	r.until("the inbox is shown", func() bool { return r.win.desk.List.Len() == 59 })
}

func TestARecordOfThePanelBecomesTheRegarding(t *testing.T) {
	r := usual(t)
	r.choose("Delivery next week?")
	var line *recordButton
	walk(r.win.side, func(o fyne.CanvasObject) {
		if b, ok := o.(*recordButton); ok && line == nil {
			line = b
		}
	})
	if line == nil {
		t.Fatal("no record")
	}
	test.Tap(line)
	r.press(fyne.KeyDown, fyne.KeyReturn)
	r.until("it waits", func() bool { return r.win.desk.Reader.Preview.Sign == view.SignWaiting })
	if got := r.state().Regarding.Kind; got != offline.KindOpportunity {
		t.Errorf("got %s", got)
	}
}

func TestALinkIsFollowedOnlyWhenItIsPressed(t *testing.T) {
	r := usual(t)
	if len(r.went) != 0 {
		t.Errorf("went to %q by itself", r.went)
	}
	var link *linkText
	walk(r.win.item.text, func(o fyne.CanvasObject) {
		if l, ok := o.(*linkText); ok && link == nil {
			link = l
		}
	})
	if link == nil {
		t.Fatal("no link is drawn")
	}
	test.Tap(link)
	if !slices.Equal(r.went, []string{"https://moravia-tools.example/plan"}) {
		t.Errorf("went to %q", r.went)
	}
}
