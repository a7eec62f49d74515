package view

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// R-FILTER-06, R-FILTER-07: a filter is made, looked at and saved, and says what it
// asks.
func TestAFilterIsMadeInWords(t *testing.T) {
	r := itemRig(t)
	r.desk.OpenInStep()
	s := r.desk.InStep
	r.until("the page is read", func() bool { return s.Ready })
	f := r.desk.NewFilter(offline.KindContact)
	if len(f.Rows) != 2 || f.Rows[0].Valued() {
		t.Fatalf("a new filter begins with %+v", f.Rows)
	}
	if _, row, wrong := f.Change(); wrong == "" || row != -1 {
		t.Error("a filter without a name was taken")
	}
	f.Name = " From Brno "
	f.Add()
	if f.Rows[2].Word != "last" || !f.Rows[2].Valued() {
		t.Errorf("the next condition is about %+v", f.Rows[2])
	}
	if _, row, wrong := f.Change(); wrong == "" || row != 2 || !strings.Contains(wrong, "Last name") {
		t.Errorf("a condition without a value: row %d, %s", row, wrong)
	}
	f.Rows[2].Value = "x"
	f.SetWord(2, "address1-city")
	if f.Rows[2].Value != "x" || f.Rows[2].Op != offline.FilterContains {
		t.Errorf("what was typed is gone: %+v", f.Rows[2])
	}
	f.Rows[2].Value = "Brno"
	f.Add()
	f.SetWord(3, offline.FilterModified)
	if f.Rows[3].Value != "30" {
		t.Errorf("days begin with %q", f.Rows[3].Value)
	}
	f.Rows[3].Value = "soon"
	if _, row, wrong := f.Change(); wrong == "" || row != 3 {
		t.Errorf("no number of days: row %d, %s", row, wrong)
	}
	f.Rows[3].Value = "90"
	f.Remove(0)
	change, _, wrong := f.Change()
	if wrong != "" || change.Do != offline.FilterSave || change.Filter.Name != "From Brno" || change.Filter.ID != "" {
		t.Fatalf("%+v, %s", change, wrong)
	}
	p := r.desk.NewFilterPreview(change, func() {})
	defer p.Close()
	r.until("it was looked at", func() bool { return !p.Asking })
	if len(p.Names) != 3 || !strings.Contains(strings.Join(p.Lines, " "), "3 of those are in your address book") {
		t.Errorf("%q %q", p.Lines, p.Names)
	}
	r.desk.ChangeFilter(change)
	line := func(name string) *SyncFilterLine {
		for _, g := range s.Filters {
			for i := range g.Lines {
				if g.Lines[i].Name == name {
					return &g.Lines[i]
				}
			}
		}
		return nil
	}
	r.until("it is there", func() bool { return line("From Brno") != nil })
	l := line("From Brno")
	if l.Text != "Contacts: it is active, city contains “Brno”, changed in the last 90 days" || !l.On || !l.Able {
		t.Errorf("%+v", l)
	}
	same := r.desk.EditFilter(l.Filter, false)
	if c, _, wrong := same.Change(); wrong != "" || c.Filter != l.Filter {
		t.Errorf("opened and saved it is %+v, %s", c.Filter, wrong)
	}
	copied := r.desk.EditFilter(line("Board members (担当者)").Filter, true)
	if c, _, wrong := copied.Change(); wrong != "" || !copied.Whole || c.Filter.ID != "" || c.Filter.Query != "groups" || c.Filter.Name != "Board members (担当者) (copy)" {
		t.Errorf("a copy of what can't be shown: %+v, %s", c, wrong)
	}
	r.desk.ChangeFilter(offline.FilterChange{Do: offline.FilterDelete, Filter: l.Filter})
	r.until("it is gone", func() bool { return line("From Brno") == nil })
}

// R-CONFLICT-03: which side holds is chosen, and can be taken back.
func TestTheSideThatHoldsIsChosen(t *testing.T) {
	r := itemRig(t)
	r.desk.OpenInStep()
	s := r.desk.InStep
	r.until("the page is read", func() bool { return s.Ready && s.Prefer == merge.Theirs })
	r.desk.SetPrefer(merge.Newest)
	r.until("it is chosen", func() bool { return s.Prefer == merge.Newest })
	r.undo()
	r.until("it is as before", func() bool { return s.Prefer == merge.Theirs })
}

func TestWhatAChangeOfFiltersComesToIsSaid(t *testing.T) {
	for _, c := range []struct {
		all   []agent.FilterPreview
		lines []string
	}{
		{[]agent.FilterPreview{{Kind: offline.KindTask, In: 5}}, []string{"5 tasks of the CRM will be in step, as now."}},
		{[]agent.FilterPreview{{Kind: offline.KindTask, In: 1, Comes: 1}}, []string{"1 task of the CRM will be in step, 1 more than now."}},
		{[]agent.FilterPreview{{Kind: offline.KindSeries, Leaves: 2}}, []string{"0 recurring appointments of the CRM will be in step, 2 fewer than now."}},
		{[]agent.FilterPreview{{Kind: offline.KindAppointment, In: 3, Comes: 1, Leaves: 2, Parted: []string{""}}},
			[]string{"3 appointments of the CRM will be in step, 1 more than now, and 2 that are now will not.", "One of those is in your calendar. It stays there, and in the CRM, each by itself:"}},
		{[]agent.FilterPreview{{Kind: offline.KindAppointment, In: 3}, {Kind: offline.KindTask, In: 1}}, []string{"The same records are in step as now."}},
	} {
		p := &FilterPreview{}
		if p.words(c.all); !slices.Equal(p.Lines, c.lines) {
			t.Errorf("%+v: %q", c.all, p.Lines)
		}
	}
}

// Where the CRM can't be asked nothing can be confirmed, and the reason is said.
func TestAFilterIsNotChangedWithoutALook(t *testing.T) {
	r := itemRig(t)
	r.agent.Fail = errors.New("no network")
	p := r.desk.NewFilterPreview(offline.FilterChange{Do: offline.FilterOff, Filter: offline.SyncFilter{ID: "2", Kind: offline.KindTask}}, func() {})
	defer p.Close()
	r.until("it was tried", func() bool { return !p.Asking })
	if !strings.Contains(p.Failed, "no network") || !strings.Contains(p.Failed, "nothing is changed") {
		t.Errorf("%q", p.Failed)
	}
}
