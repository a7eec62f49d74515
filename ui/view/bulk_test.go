package view

import (
	"errors"
	"slices"
	"testing"

	"postrider/offline"
)

// R-LIMITS-01.
func TestManyAreTrackedInPartsThatAreCounted(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.List.MarkAll()
	keys := r.desk.List.Targets()
	if len(keys) != 59 {
		t.Fatalf("%d messages", len(keys))
	}
	var counts []string
	r.desk.Deeds.Track(keys, offline.Ref{}, "")
	r.until("all are tracked", func() bool {
		toast := r.desk.Deeds.Toast
		if n := len(counts); toast.Stop && (n == 0 || counts[n-1] != toast.Text) {
			counts = append(counts, toast.Text)
		}
		return toast.Undo
	})
	if want := []string{"Tracking 0 of 59 messages", "Tracking 20 of 59 messages", "Tracking 40 of 59 messages"}; !slices.Equal(counts, want) {
		t.Errorf("counted %q", counts)
	}
	if got := r.desk.Deeds.Toast; got.Text != "Tracking 59 messages" || got.Stop {
		t.Errorf("at the end: %+v", got)
	}
	if got := r.agent.Called(); len(got) != 3 {
		t.Errorf("asked for %q", got)
	}
	r.undo()
	r.until("all are as they were", func() bool { return r.desk.Deeds.Toast.Text == "Undone: Tracking 59 messages" })
	if got := r.agent.Called(); len(got) != 6 {
		t.Errorf("undone: %q", got)
	}
}

func TestWhatGoesInPartsCanBeStoppedAndWhatWasDoneUndone(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.List.MarkAll()
	calls := 0
	r.agent.Gate = func(string) {
		if calls++; calls == 2 {
			r.desk.Deeds.Stop() // while the second part is under way
		}
	}
	r.desk.Deeds.Untrack(r.desk.List.Targets(), false)
	r.until("it has stopped", func() bool { return r.desk.Deeds.Toast.Undo })
	if got := r.desk.Deeds.Toast.Text; got != "Stopped: untracked 40 messages of 59" {
		t.Errorf("said %q", got)
	}
	r.undo()
	r.until("the two parts are undone", func() bool { return len(r.agent.Called()) == 4 && r.desk.Deeds.Toast.Text != "" })
}

func TestAPartThatGoesWrongEndsTheRestAndSaysHowFarItCame(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.List.MarkAll()
	calls := 0
	r.agent.Gate = func(string) {
		if calls++; calls == 3 {
			r.agent.Fail = errors.New("the disk is full")
		}
	}
	r.desk.Deeds.SetRegarding(r.desk.List.Targets(), offline.Ref{Kind: offline.KindCase, ID: "x"}, "Case")
	r.until("it went wrong", func() bool { return r.desk.Deeds.Toast.Bad })
	if got := r.desk.Deeds.Toast; got.Text != "That went wrong after 40 of 59: the disk is full" || !got.Undo {
		t.Errorf("said %+v", got)
	}
}
