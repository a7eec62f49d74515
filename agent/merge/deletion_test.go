package merge

import (
	"testing"

	"postrider/offline"
)

// All of R-DELETE-01 to -22. -18 is TestUntracking, -19 and -22 are said of where
// they belong: mail folders are the package agent's, and offline changes nothing.
// R-FILTER-16 is the row R-DELETE-20, R-APPT-16 the row R-DELETE-21.
func TestWhatIsDeletedOnOneSide(t *testing.T) {
	const (
		appointment, contact, task = offline.KindAppointment, offline.KindContact, offline.KindTask
		item, record               = offline.SideItem, offline.SideRecord
		done, canceled             = offline.RecordCompleted, offline.RecordCanceled
	)
	yes, no, on := Verdict{Delete: true}, Verdict{}, Verdict{Linked: true}
	shown := map[string]bool{}
	for _, c := range []struct {
		rule string
		d    Deletion
		want Verdict
	}{
		{"R-DELETE-01", Deletion{Kind: offline.KindEmail, Side: item, Owner: true}, no},
		{"R-DELETE-02", Deletion{Kind: offline.KindEmail, Side: record, Owner: true}, no},
		{"R-DELETE-03", Deletion{Kind: appointment, Side: item, Owner: true}, yes},
		{"R-DELETE-03", Deletion{Kind: appointment, Side: item, Organizer: true}, yes},
		{"R-DELETE-03", Deletion{Kind: appointment, Side: item, Owner: true, Past: true}, yes},
		{"R-DELETE-03", Deletion{Kind: offline.KindSeries, Side: item, Owner: true}, yes},
		{"R-DELETE-04", Deletion{Kind: appointment, Side: item}, no},
		{"R-DELETE-05", Deletion{Kind: appointment, Side: item, Owner: true, State: done}, no},
		{"R-DELETE-05", Deletion{Kind: appointment, Side: item, Owner: true, State: canceled}, no},
		{"R-DELETE-06", Deletion{Kind: appointment, Side: record, Owner: true}, yes},
		{"R-DELETE-06", Deletion{Kind: offline.KindSeries, Side: record, Organizer: true}, yes},
		{"R-DELETE-07", Deletion{Kind: appointment, Side: record}, yes},
		{"R-DELETE-08", Deletion{Kind: appointment, Side: record, Owner: true, Past: true}, no},
		{"R-DELETE-08", Deletion{Kind: appointment, Side: record, Owner: true, State: canceled}, no},
		{"R-DELETE-09", Deletion{Kind: contact, Side: item, Owner: true}, no},
		{"R-DELETE-11", Deletion{Kind: contact, Side: record}, yes},
		{"R-DELETE-12", Deletion{Kind: contact, Side: record, Owner: true}, no},
		{"R-DELETE-13", Deletion{Kind: task, Side: item}, yes},
		{"R-DELETE-14", Deletion{Kind: task, Side: item, Owner: true, State: done}, no},
		{"R-DELETE-15", Deletion{Kind: task, Side: record}, yes},
		{"R-DELETE-16", Deletion{Kind: task, Side: record, Done: true}, no},
		{"R-DELETE-17", Deletion{Kind: task, Side: item, Owner: true, NoRight: true}, no},
		{"R-DELETE-20", Deletion{Kind: task, Side: record, Owner: true, Left: true}, no},
		{"R-DELETE-20", Deletion{Kind: contact, Side: record, Left: true}, no},
		{"R-DELETE-21", Deletion{Kind: appointment, Side: record, Owner: true, Canceled: true, State: canceled}, on},
	} {
		got := Deleted(c.d)
		c.want.Rule = c.rule
		shown[c.rule] = true
		if got != c.want {
			t.Errorf("%s %+v: %+v", c.rule, c.d, got)
		}
	}
	for _, r := range deletions {
		if !shown[r.rule] {
			t.Errorf("%s is not shown", r.rule)
		}
	}
	if got := Deleted(Deletion{Kind: offline.KindAccount, Side: record, Owner: true}); got.Delete {
		t.Error("what no rule names was deleted")
	}
}

func TestManyThatVanishAtOnceAreHeld(t *testing.T) {
	for _, c := range []struct {
		gone, all int
		want      bool
	}{{0, 0, false}, {1, 1, false}, {2, 2, false}, {3, 3, true}, {3, 29, true}, {3, 30, false}, {10, 100, false}, {11, 1000, true}} {
		if got := Hold(c.gone, c.all); got != c.want {
			t.Errorf("%d of %d: held %v", c.gone, c.all, got)
		}
	}
}

// R-UNTRACK-02..06: the record is deleted only where the user asks for it and
// may; the item never.
func TestUntracking(t *testing.T) {
	for rule, c := range map[string]struct {
		u    Untracking
		want bool
	}{
		"R-UNTRACK-02, not asked for":    {Untracking{Kind: offline.KindTask, Owner: true}, false},
		"R-UNTRACK-02":                   {Untracking{Kind: offline.KindTask, Delete: true}, true},
		"R-UNTRACK-03":                   {Untracking{Kind: offline.KindAppointment, Delete: true, Owner: true}, true},
		"R-UNTRACK-03, over":             {Untracking{Kind: offline.KindAppointment, Delete: true, Owner: true, Past: true}, false},
		"R-UNTRACK-03, of somebody else": {Untracking{Kind: offline.KindSeries, Delete: true}, false},
		"R-UNTRACK-04":                   {Untracking{Kind: offline.KindContact, Delete: true, Owner: true}, true},
		"R-UNTRACK-05, of somebody else": {Untracking{Kind: offline.KindContact, Delete: true}, false},
	} {
		got, why := Untrack(c.u)
		if got != c.want || (why == "") != (got || !c.u.Delete) {
			t.Errorf("%s: %v, %q", rule, got, why)
		}
	}
}

// R-TRACK-02: an item goes up only where somebody asked for it.
func TestWhichItemsGoUp(t *testing.T) {
	asked := f("subject", "a", "categories", "Work\n track in crm ")
	for name, c := range map[string]struct {
		c    Candidate
		want Wish
	}{
		"nobody asked":                          {Candidate{Fields: f("subject", "a", "categories", "Work")}, WishNone},
		"by hand":                               {Candidate{ByHand: true}, WishHand},
		"by category":                           {Candidate{Fields: asked}, WishCategory},
		"by its calendar":                       {Candidate{Whole: true}, WishCollection},
		"private, by hand":                      {Candidate{ByHand: true, Fields: f("private", "1")}, WishHand},
		"private, else":                         {Candidate{Whole: true, Fields: f("private", "1", "categories", offline.CategoryTrack)}, WishNone},
		"untracked by hand":                     {Candidate{Whole: true, Refused: true}, WishNone},
		"untracked by hand, and asked for anew": {Candidate{Refused: true, Fields: asked}, WishCategory},
		"R-TASK-06: a recurring task":           {Candidate{ByHand: true, Problem: "recurs"}, WishNone},
	} {
		if got := GoesUp(c.c); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got, ok := Tracked(asked); !ok || got != "Tracked in CRM\nWork" {
		t.Errorf("tracked: %q %v", got, ok)
	}
	if _, ok := Tracked(f("categories", "Tracked in CRM")); ok {
		t.Error("what is marked is marked again")
	}
	if got, ok := Untracked(f("categories", "Tracked in CRM\nWork")); !ok || got != "Work" {
		t.Errorf("untracked: %q %v", got, ok)
	}
}
