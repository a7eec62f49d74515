package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"postrider/ui/internal/sample"
	"postrider/ui/view"
)

// withItems is a window over the sample with its calendars, people and tasks.
func withItems(t *testing.T, size fyne.Size) *rig {
	t.Helper()
	r := newRig(t, true, size)
	if err := sample.FillItems(r.store); err != nil {
		t.Fatal(err)
	}
	r.until("the first message is shown", func() bool { return r.win.desk.Reader.Ready && len(r.win.desk.Places) > 0 })
	return r
}

// onPage goes to a page of items by its key, and waits for what it shows.
func (r *rig) onPage(key string, p *itemsPage) {
	r.t.Helper()
	r.typed(key)
	r.until("the page is there", func() bool {
		return r.win.at == page(p) && p.list.Ready && len(p.list.Shown.Keys) == 1 && r.win.canvas.Focused() != nil
	})
}

// item goes to an item by the keyboard.
func (r *rig) item(p *itemsPage, name string) view.ItemView {
	r.t.Helper()
	r.press(fyne.KeyHome)
	for range len(p.list.Rows) {
		if p.list.Rows[p.list.Cursor].Name == name {
			break
		}
		r.press(fyne.KeyDown)
	}
	r.until(name+" is shown", func() bool { return p.list.Shown.Title == name && len(p.list.Shown.Keys) == 1 })
	return p.list.Shown
}

func (r *rig) called(name string) bool { return slices.Contains(r.agent.Called(), name) }

func TestAnAppointmentIsTrackedByKeyboard(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.days
	r.onPage("2", p)
	if r.win.canvas.Focused() != fyne.Focusable(p.grid) {
		t.Error("the week has not the focus")
	}
	r.item(p, "Lunch")
	r.typed("t")
	r.until("it waits", func() bool { return p.list.Shown.Sign == view.SignWaiting && r.called("track 1 items") })
	r.shortcut(&fyne.ShortcutUndo{})
	r.until("it does not", func() bool { return p.list.Shown.Sign == view.SignUntracked })

	r.typed("r")
	if len(r.win.sheets) != 1 || !r.says("What is this appointment about?") {
		t.Fatal("it is not asked about what")
	}
	r.typed("Brno line")
	r.until("it is found", func() bool { return r.says("Brno line") && !r.button("Track and set regarding").off })
	r.press(fyne.KeyReturn)
	r.until("it is about that", func() bool { return p.list.Shown.About != nil && p.list.Shown.About.Name == "Brno line" })

	test.Tap(r.button("Regarding none"))
	r.until("it is about nothing", func() bool { return p.list.Shown.About == nil && p.list.Shown.Sign == view.SignWaiting })

	r.press(fyne.KeyRight)
	r.until("the next week is shown", func() bool { return p.week.text == "30 November – 6 December 2026" })
	r.typed(".")
	r.until("this week is shown", func() bool { return p.week.text == "23 – 29 November 2026" })
	r.typed("w")
	r.until("the list is shown", func() bool { return p.rows.Visible() && r.win.canvas.Focused() == fyne.Focusable(p.rows) })
	r.press(fyne.KeyEscape)
	r.press(fyne.KeyEscape)
	if r.win.at != nil {
		t.Error("Escape does not go back to the mail")
	}
}

// R-UNTRACK-02, R-UNTRACK-03.
func TestUntrackingAsksAboutTheRecord(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	r.onPage("4", r.win.tasks)
	r.item(r.win.tasks, "Send revised offer to Moravia")
	r.typed("u")
	test.Tap(r.button("Untrack and delete"))
	r.until("it is untracked and deleted", func() bool { return r.called("untrack item and delete") })

	r.onPage("2", r.win.days)
	r.item(r.win.days, "Weekly sales meeting") // the sample's records belong to nobody the user is
	r.typed("u")
	if !r.says("Changes are not carried to the CRM and back any more. What is there stays: the appointment in the CRM belongs to somebody else and stays.") {
		t.Error("it is not said that the record stays")
	}
	r.press(fyne.KeyReturn)
	r.until("it is untracked", func() bool { return r.called("untrack item") })
}

func TestSeveralPeopleAreTrackedAndGivenAnAccount(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.people
	r.onPage("3", p)
	r.typed("xjxjx")
	r.until("three are summed up", func() bool { return p.list.Shown.Many == "3 contacts" && r.says("3 selected") })
	r.typed("u")
	if len(r.win.sheets) != 0 || !strings.Contains(r.win.desk.Deeds.Toast.Text, "one at a time") { // R-TRACK-05
		t.Errorf("several are untracked at once: %q", r.win.desk.Deeds.Toast.Text)
	}
	r.typed("t")
	r.until("they wait", func() bool { return r.called("track 3 items") })
	r.typed("r")
	r.typed("Moravia")
	r.until("the account is found", func() bool { return !r.button("Set account for 3").off })
	r.press(fyne.KeyReturn)
	r.until("it is theirs", func() bool {
		return slices.ContainsFunc(r.agent.Called(), func(c string) bool { return strings.HasPrefix(c, "track 3 items account:") })
	})
}

func TestAnItemIsMadeChangedAndDeleted(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.tasks
	r.onPage("4", p)
	r.typed("n")
	r.press(fyne.KeyReturn)
	if len(r.win.sheets) != 1 || !r.says("Give it a subject.") {
		t.Fatal("a task without a subject is made")
	}
	r.typed("Call Éva")
	r.press(fyne.KeyReturn)
	r.until("it is there", func() bool {
		return len(r.win.sheets) == 0 && slices.ContainsFunc(p.list.Rows, func(row view.ItemRow) bool { return row.Name == "Call Éva" })
	})
	r.until("it is shown", func() bool { return p.list.Shown.Title == "Call Éva" })
	r.typed("e")
	r.tab("the importance", func(f fyne.Focusable) bool { b, ok := f.(*button); return ok && b.text == "Normal" })
	r.press(fyne.KeyReturn)
	r.pick("High")
	r.press(fyne.KeyTab, fyne.KeyEscape)
	if len(r.win.sheets) != 0 {
		t.Fatal("Escape does not leave the form")
	}
	if r.called("edit item") {
		t.Error("a form that was left is kept")
	}
	r.typed("e")
	r.typed(", today")
	r.press(fyne.KeyReturn)
	r.until("it is changed", func() bool { return p.list.Shown.Title == "Call Éva, today" })
	r.press(fyne.KeyDelete)
	test.Tap(r.button("Delete the task"))
	r.until("it is gone", func() bool {
		return r.called("delete item") && !slices.ContainsFunc(p.list.Rows, func(row view.ItemRow) bool { return strings.HasPrefix(row.Name, "Call") })
	})
}

func TestSearchAndFilterOfItems(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.people
	r.onPage("3", p)
	r.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierControl})
	r.typed("zzz")
	r.until("nothing is found", func() bool { return p.empty.Visible() && r.says("Nothing has that in it") })
	r.press(fyne.KeyEscape)
	r.until("all are back", func() bool { return len(p.list.Rows) == 36 && r.win.canvas.Focused() == fyne.Focusable(p.rows) })
	test.Tap(p.where)
	r.pick("Waiting")
	r.until("what waits is shown", func() bool { return len(p.list.Rows) == 1 && p.where.text == "Waiting" })
}

func TestWhatIsOpenIsSettledByKeyboard(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	p := r.win.inStep
	r.typed("s")
	r.until("the page is there", func() bool { return r.win.desk.InStep.Ready && r.win.canvas.Focused() != nil })
	fits(t, "the page", p.pane.column)
	r.tab("a conflict", isButton("Take the CRM's"))
	r.press(fyne.KeyReturn)
	r.until("it is settled", func() bool { return r.called("resolve for record") && len(r.win.desk.InStep.Clashes) == 1 })
	r.tab("what was held", isButton("Delete 14 there, too …"))
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyEscape)
	r.tab("the other way", isButton("Bring them back"))
	r.press(fyne.KeyReturn)
	r.until("they are brought back", func() bool { return r.called("reject 14 deletions") && len(r.win.desk.InStep.Held) == 0 })
	r.tab("a filter's fields", isButton("Fields …"))
	r.press(fyne.KeyReturn)
	if !r.says("Optional attendees") {
		t.Error("the fields are not listed")
	}
	r.press(fyne.KeyReturn)
	r.tab("what was deleted", isButton("Bring it back"))
	r.press(fyne.KeyReturn)
	r.until("it is brought back", func() bool { return r.called("undo tombstone") })
}

func TestTheFirstContactIsStartedByKeyboard(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 900))
	r.agent.SetMeet(true)
	p := r.win.inStep
	r.typed("s")
	r.until("the page is there", func() bool { return r.win.desk.InStep.Ready && r.win.desk.InStep.Match.Waits })
	fits(t, "the page", p.pane.column)
	r.tab("a kind", isToggle("Appointments"))
	r.press(fyne.KeySpace)
	r.tab("a doubt", isButton("Choose …"))
	r.press(fyne.KeyReturn)
	r.press(fyne.KeyDown, fyne.KeyReturn) // none of them
	if len(r.win.sheets) != 0 || !r.says("none of them: they are two things") {
		t.Error("what was said is not shown")
	}
	r.tab("the beginning", isButton("Start with contacts"))
	r.press(fyne.KeyReturn)
	r.until("it has begun", func() bool {
		return r.called("confirm [contact] with 0 pairs") && len(r.win.desk.InStep.Match.Apart) == 1
	})

	r.tab("a whole address book", func(f fyne.Focusable) bool {
		t, ok := f.(*toggle)
		return ok && t.text == "Track everything in it" && !t.on && !t.off
	})
	r.press(fyne.KeySpace)
	if len(r.win.sheets) != 1 {
		t.Fatal("it does not ask")
	}
	r.until("it was looked at", func() bool { return !r.button("Track everything in it").off })
	r.press(fyne.KeyReturn)
	r.until("it is tracked", func() bool { return r.called("track all true") })
}

func TestItemsTakeTurnsWhereItIsNarrow(t *testing.T) {
	r := withItems(t, fyne.NewSize(480, 560))
	p := r.win.tasks
	r.onPage("4", p)
	if p.panel.Visible() {
		t.Error("the task is shown beside the list")
	}
	r.press(fyne.KeyReturn)
	if !p.panel.Visible() || p.rows.Visible() {
		t.Error("Enter does not show the task")
	}
	fits(t, "the task", p.panel.pane.column)
	r.press(fyne.KeyEscape)
	if !p.rows.Visible() || r.win.canvas.Focused() != fyne.Focusable(p.rows) {
		t.Error("Escape does not go back to the list")
	}
}

func TestAFullDaySaysHowMuchHasNoRoom(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	if err := sample.ManyItems(r.store, 500, 0); err != nil {
		t.Fatal(err)
	}
	p := r.win.days
	r.onPage("2", p)
	r.until("all are there", func() bool { return len(p.list.Rows) > 500 })
	if p.list.Week.Days[3].More == 0 {
		t.Fatal("all of 70 have room on one day")
	}
	test.Tap(p.grid.heads[3])
	r.until("the day is shown in the list", func() bool {
		return p.rows.Visible() && p.list.Cursor > 0 && p.list.Rows[p.list.Cursor].Group == "Thu 26 Nov"
	})
}

func TestWithoutCalendarsItIsSaidWhere(t *testing.T) {
	r := newRig(t, false, fyne.NewSize(1000, 700))
	for _, key := range []string{"2", "3", "4"} {
		r.typed(key)
		r.until("it is said", func() bool { return r.says("No calendars and address books") })
	}
	r.typed("s")
	r.until("it is said", func() bool { return r.says("Nothing: both sides agree.") })
}
