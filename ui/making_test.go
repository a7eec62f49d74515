package ui

import (
	"testing"

	"fyne.io/fyne/v2"
)

// R-TRACK-20.
func TestAStrangerBecomesAContactByKeyboard(t *testing.T) {
	r := usual(t)
	r.choose("[postrider/main] Build #1204 passed")
	r.tab("the button", isButton("Add as a contact …"))
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 {
		t.Fatal("it does not ask")
	}
	r.until("the fields are there", func() bool { return r.says("Last name (needed)") })
	fits(t, "the dialog", r.win.sheets[0].body.content)
	first, ok := r.win.canvas.Focused().(*entry)
	if !ok {
		t.Fatal("the focus is not in the first field")
	}
	r.typed("Git")
	r.press(fyne.KeyTab)
	last := r.win.canvas.Focused().(*entry)
	last.SetText("")
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 || !r.says("A contact needs a last name.") || r.win.canvas.Focused() != fyne.Focusable(last) {
		t.Fatal("it is not said what is missing, where it is missing")
	}
	r.typed("Forge")
	if r.says("A contact needs a last name.") {
		t.Error("it still says so")
	}
	r.tab("the notes", func(f fyne.Focusable) bool { e, ok := f.(*entry); return ok && e.MultiLine })
	r.press(fyne.KeyReturn) // a new line
	if len(r.win.sheets) != 1 {
		t.Error("Enter in a text of several lines ends the dialog")
	}
	r.tab("the first field again", func(f fyne.Focusable) bool { return f == fyne.Focusable(first) })
	r.press(fyne.KeyReturn)
	r.until("it is made", func() bool { return r.win.desk.Deeds.Toast.Text == "Contact added: Git Forge" })
}

// R-TRACK-20.
func TestAMessageBecomesACaseByKeyboard(t *testing.T) {
	r := usual(t)
	r.choose("[postrider/main] Build #1204 passed")
	r.typed("c")
	r.pick("Make a case …")
	r.until("the fields are there", func() bool { return r.says("Title (needed)") })
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 || !isButton("Choose …")(r.win.canvas.Focused()) {
		t.Fatal("it does not go to the customer, who is missing")
	}
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 2 {
		t.Fatal("it does not ask for the customer")
	}
	r.typed("Moravia")
	sheet := r.win.sheets[1].body.content.(*regardingSheet)
	r.until("it is found", func() bool { return len(sheet.model.Choices) > 0 && !sheet.model.Asking })
	for _, c := range sheet.model.Choices {
		if c.Kind != "Account" && c.Kind != "Contact" {
			t.Errorf("a customer can't be of the kind %s", c.Kind)
		}
	}
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 || !r.says(sheet.model.Choices[0].Name) {
		t.Fatal("the customer is not shown")
	}
	r.tab("the button", isButton("Make the case"))
	r.press(fyne.KeyReturn)
	r.until("the message is about it", func() bool { return r.state().Regarding.Kind == "case" })
	r.press(fyne.KeyEscape)
}
