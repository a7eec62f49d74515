package ui

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"postrider/ui/view"
)

func TestRowsOfItemsNeverOverlapHoweverNarrow(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newLook())
	row := view.ItemRow{
		Key: 1, Name: "An appointment with quite a long name, of which there is more", Sub: strings.Repeat("Room ", 30), When: "Wed 31 Dec 16:00", Sign: view.SignAttention, Tone: view.ToneWarn,
		Word: strings.Repeat("changed on both sides ", 9), Repeats: true, Private: true, Late: true, Edge: true,
	}
	for w := float32(300); w < 600; w += 37 {
		for _, marked := range []bool{false, true} {
			for _, gutter := range []float32{22, 78} {
				r := newItemRow(gutter)
				r.tap = func() {}
				r.Resize(fyne.NewSize(w, rowHeight))
				r.set(row, "Thu 31 Dec", true, marked, true)
				fits(t, fmt.Sprintf("row of %v", w), r)
			}
		}
	}
}

func TestThePagesOfItemsFitWindowsOfAllSizes(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 420, Height: 420}, {Width: 700, Height: 560}, {Width: 1000, Height: 700}, {Width: 1920, Height: 1080}} {
		r := withItems(t, size)
		for key, p := range map[string]*itemsPage{"2": r.win.days, "3": r.win.people, "4": r.win.tasks} {
			r.onPage(key, p)
			what := fmt.Sprintf("page %s in %v", key, size)
			fits(t, what+", its head", p.head)
			if p.panel.Visible() {
				fits(t, what+", the item", p.panel.pane.column)
				fits(t, what+", what can be done with it", p.panel.actions)
			}
			if p.calendar() {
				for _, h := range p.grid.heads {
					fits(t, what+", a day", h)
				}
				for _, b := range p.grid.field.blocks {
					fits(t, what+", an appointment", b)
				}
			}
		}
		r.win.close()
	}
}

func TestEverythingOnAPageOfItemsIsReachedByTab(t *testing.T) {
	r := withItems(t, fyne.NewSize(1280, 800))
	r.onPage("2", r.win.days)
	reached := map[string]bool{}
	for range 60 {
		r.press(fyne.KeyTab)
		switch f := r.win.canvas.Focused().(type) {
		case *button:
			reached[f.text+f.icon] = true
			if !f.focus {
				t.Errorf("%s does not show its focus", f.text)
			}
		case *field:
			reached["search"] = true
		case *weekGrid:
			reached["week"] = true
		}
	}
	for _, want := range []string{"All appointmentscalendar", "left", "Today", "right", "Agendalist", "search", "New appointmentwrite", "week", "Open it in the CRM", "Change regarding…regarding", "Edit…write", "Untrack…untrack", "Delete…trash"} {
		if !reached[want] {
			t.Errorf("Tab does not reach %s: %v", want, reached)
		}
	}
}
