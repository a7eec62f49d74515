package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"postrider/agent/track"
	"postrider/ui/internal/sample"
	"postrider/ui/view"
)

// tab goes on with Tab until the control is reached that is.
func (r *rig) tab(what string, is func(fyne.Focusable) bool) {
	r.t.Helper()
	for range 80 {
		if f := r.win.canvas.Focused(); f != nil && is(f) {
			return
		}
		r.press(fyne.KeyTab)
	}
	r.t.Fatalf("Tab does not reach %s", what)
}

func isToggle(text string) func(fyne.Focusable) bool {
	return func(f fyne.Focusable) bool { t, ok := f.(*toggle); return ok && t.text == text }
}

func isButton(text string) func(fyne.Focusable) bool {
	return func(f fyne.Focusable) bool { b, ok := f.(*button); return ok && b.text == text }
}

func TestWhatIsTrackedIsChosenByKeyboard(t *testing.T) {
	r := usual(t)
	p := r.win.rules
	r.typed("g")
	r.until("the page is there", func() bool { return r.win.canvas.Focused() != nil && r.win.desk.Tracking.Preview.Text != "" })
	r.tab("a filter", isToggle("All mail"))
	r.press(fyne.KeySpace)
	r.until("it is tried", func() bool { return len(r.win.desk.Tracking.Preview.Rows) > 0 })
	fits(t, "the page", p.pane.column)
	if r.agent.Filter() == track.All {
		t.Error("it is in force before that was said")
	}
	r.tab("the button", isButton("Track all mail from now on"))
	r.press(fyne.KeyReturn)
	r.until("it is in force", func() bool { return r.agent.Filter() == track.All && !r.win.desk.Tracking.Changed })

	r.tab("the never-track list", func(f fyne.Focusable) bool { return f == fyne.Focusable(p.never) })
	r.typed("nonsense")
	r.press(fyne.KeyReturn)
	if p.neverBad == "" || !r.says(p.neverBad) {
		t.Error("nonsense is not said to be that")
	}
	p.never.SetText("")
	r.typed("news.example")
	r.press(fyne.KeyReturn)
	r.until("it is on the list", func() bool { return len(r.win.desk.Tracking.Never) == 1 && r.says("news.example") })
	if p.never.Text != "" {
		t.Error("the field is not empty for the next one")
	}
	r.tab("its end", isButton("Remove"))
	r.press(fyne.KeyReturn)
	r.until("it is off the list", func() bool { return len(r.agent.Rules().Never) == 0 && len(r.win.desk.Tracking.Never) == 0 })

	r.tab("the date", func(f fyne.Focusable) bool { return f == fyne.Focusable(p.since) })
	r.typed("2026")
	if p.sinceBad == "" {
		t.Error("half a date is taken")
	}
	r.typed("-01-02")
	if p.sinceBad != "" || r.win.desk.Tracking.Since.Format("2006-01-02") != "2026-01-02" {
		t.Errorf("%q, %v", p.sinceBad, r.win.desk.Tracking.Since)
	}
	r.press(fyne.KeyEscape) // the toast
	r.press(fyne.KeyEscape)
	if r.win.at != nil {
		t.Error("Escape does not go back to the mail")
	}
}

func TestAFolderIsTrackedByKeyboard(t *testing.T) {
	r := usual(t)
	r.typed("g")
	r.until("the page is there", func() bool { return r.win.canvas.Focused() != nil })
	r.tab("the button", isButton("Track a folder …"))
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 {
		t.Fatal("it does not ask which")
	}
	r.press(fyne.KeyReturn) // the first that can be chosen
	if len(r.win.sheets) != 1 {
		t.Fatal("it does not ask how")
	}
	r.until("it was looked into", func() bool { return !r.says("Looking into it …") })
	r.press(fyne.KeyReturn)
	r.until("it is tracked", func() bool { return len(r.agent.Rules().Folders) == 1 && len(r.win.desk.Tracking.Folders.Lines) == 1 })
	r.until("it is said", func() bool { return r.says(r.win.desk.Tracking.Folders.Lines[0].Name) })
}

// R-REGARDING-09.
func TestTheEmailAndItsRegardingAreOpenedInTheCRM(t *testing.T) {
	r := usual(t)
	r.choose("Re: Offer for the Brno line")
	test.Tap(r.win.item.more)
	r.pick("Open the email in the CRM")
	r.win.side.recordMenu(view.Card{Ref: sample.Brno(), Name: "Brno line"}, fyne.NewPos(10, 10))
	r.pick("Open in the CRM")
	if len(r.went) != 2 || !strings.Contains(r.went[0], "etn=email") || !strings.Contains(r.went[1], "id="+sample.Brno().ID) {
		t.Errorf("opened %q", r.went)
	}
}

// pick takes what a menu offers, by the keyboard.
func (r *rig) pick(text string) {
	r.t.Helper()
	for range 20 {
		r.press(fyne.KeyDown)
		on := ""
		for _, o := range r.win.canvas.Overlays().List() {
			walk(o, func(o fyne.CanvasObject) {
				if m, ok := o.(*menu); ok && m.at >= 0 {
					on = m.items[m.at].text
				}
			})
		}
		if on == text {
			r.press(fyne.KeyReturn)
			return
		}
	}
	r.t.Fatalf("the menu does not offer %q", text)
}

// R-EMAIL-17.
func TestOneOfSeveralPeopleIsPickedByKeyboard(t *testing.T) {
	r := usual(t)
	r.choose("Delivery next week?")
	if !r.says("Which one is meant is not chosen yet.") {
		t.Fatal("it is not said that several are there")
	}
	r.tab("the button", isButton("Choose who is meant …"))
	r.press(fyne.KeyReturn)
	r.typed("(alt)")
	r.press(fyne.KeyReturn)
	r.until("the chosen one comes first", func() bool {
		return r.says("You chose the first one.") && r.win.desk.Reader.Panel.People[0].Name == "Brandt, Otto (alt)"
	})
	if len(r.win.sheets) != 0 {
		t.Error("the dialog is still open")
	}
}
