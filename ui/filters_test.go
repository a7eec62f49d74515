package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"postrider/agent/merge"
	"postrider/ui/view"
)

func (r *rig) filter(name string) *view.SyncFilterLine {
	for _, g := range r.win.desk.InStep.Filters {
		if i := slices.IndexFunc(g.Lines, func(l view.SyncFilterLine) bool { return l.Name == name }); i >= 0 {
			return &g.Lines[i]
		}
	}
	return nil
}

// R-FILTER-04, R-FILTER-06: the user's filters are made, changed, switched and
// deleted by keyboard, each after a look at what that comes to; those of the
// organization are not the user's to change.
func TestFiltersAreChangedByKeyboard(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.inStep
	r.typed("s")
	r.until("the page is there", func() bool { return r.win.desk.InStep.Ready && r.win.canvas.Focused() != nil })
	fits(t, "the page", p.pane.column)
	if r.filter("My Contacts").Able {
		t.Error("a filter of the organization can be changed")
	}

	r.tab("a new filter", isButton("New filter …"))
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn) // tasks
	if len(r.win.sheets) != 1 || !r.says("New filter for tasks") {
		t.Fatal("it does not ask for the filter")
	}
	r.typed("Calls")
	r.press(fyne.KeyReturn)
	r.until("it was looked at", func() bool { return len(r.win.sheets) == 2 && !r.button("Save it").off })
	if r.called("filter save") {
		t.Error("it is saved before the user has said so")
	}
	r.press(fyne.KeyEscape)
	r.tab("another condition", isButton("Add a condition"))
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyEscape) // the menu of words
	r.tab("looking", isButton("Look at what it lets in …"))
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 || !r.says("What should “Subject” be compared with?") {
		t.Error("a condition without a value is taken")
	}
	r.typed("Call")
	r.press(fyne.KeyReturn)
	r.until("it was looked at", func() bool { return len(r.win.sheets) == 2 && !r.button("Save it").off })
	r.press(fyne.KeyReturn)
	r.until("it is saved", func() bool { return len(r.win.sheets) == 0 && r.filter("Calls") != nil })
	if l := r.filter("Calls"); l.Text != "Tasks: I own it, it is not over, subject contains “Call”" {
		t.Errorf("it asks for %q", l.Text)
	}
	if f, ok := r.win.canvas.Focused().(*button); !ok || f.text != "New filter …" {
		t.Errorf("the focus is lost: %T", r.win.canvas.Focused())
	}

	r.win.canvas.Focus(p.buttons["filter 2"])
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyDown, fyne.KeyReturn) // off
	r.until("it was looked at", func() bool { return len(r.win.sheets) == 1 && !r.button("Switch it off").off })
	r.press(fyne.KeyReturn)
	r.until("it is off", func() bool { return !r.filter("My Tasks").On })

	r.tab("the other side", isToggle("What was changed last holds"))
	r.press(fyne.KeySpace)
	r.until("it is chosen", func() bool { return r.win.desk.InStep.Prefer == merge.Newest })
}
