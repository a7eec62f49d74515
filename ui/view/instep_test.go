package view

import (
	"slices"
	"strings"
	"testing"

	"postrider/offline"
	"postrider/ui/internal/sample"
)

func TestConflictsHeldDeletionsAndTombstonesAreSettled(t *testing.T) {
	r := itemRig(t)
	s := r.desk.InStep
	r.until("it is counted without the page", func() bool { return s.Open == 3 })
	r.desk.OpenInStep()
	r.until("the page is read", func() bool { return s.Ready })
	if len(s.Clashes) != 2 || len(s.Settled) != 2 || s.Clashes[0].Mine != "Tuesday, 24 November 2026, 09:00–10:30" || s.Clashes[0].Field != "Time" {
		t.Errorf("conflicts %+v, settled %+v", s.Clashes, s.Settled)
	}
	if len(s.Held) != 1 || len(s.Held[0].IDs) != 14 || s.Held[0].Title != "14 appointments vanished from your calendar" {
		t.Errorf("held %+v", s.Held)
	}
	r.desk.Resolve(s.Clashes[0], offline.SideRecord)
	r.until("it is settled", func() bool { return len(s.Clashes) == 1 && len(s.Settled) == 2 })
	r.desk.SettleHeld(s.Held[0], false)
	r.until("they are brought back", func() bool { return len(s.Held) == 0 && s.Open == 1 })
	n := len(s.Gone)
	r.desk.BringBack(s.Gone[0])
	r.until("it is brought back", func() bool { return len(s.Gone) == n-1 })
	if g := s.Filters[2]; g.Count != 12 || len(g.Lines) != 3 || g.Lines[1].Note != "of the organization" || g.Lines[1].Able || g.Lines[2].On || !g.Lines[2].Able {
		t.Errorf("filters %+v", g)
	}
	for _, k := range []offline.Kind{offline.KindAppointment, offline.KindTask, offline.KindContact} {
		if len(Directions(k)) < 5 {
			t.Errorf("of %s few fields are listed", k)
		}
	}
}

func TestWhatVanishedIsSaidBySideAndKind(t *testing.T) {
	got := heldGroups([]offline.HeldDeletion{
		{ID: 1, Side: offline.SideItem, Kind: offline.KindAppointment, Name: "a"}, {ID: 2, Side: offline.SideRecord, Kind: offline.KindTask, Name: "b"},
		{ID: 3, Side: offline.SideItem, Kind: offline.KindSeries, Name: "c"}, {ID: 4, Side: offline.SideRecord, Kind: offline.KindTask},
	})
	var said []string
	for _, g := range got {
		said = append(said, g.Title+" | "+g.Keep+" | "+strings.Join(g.Names, ","))
	}
	want := []string{"2 appointments vanished from your calendar | Bring them back | a,c", "2 tasks vanished from the CRM | Keep mine, untracked | b,(no name)"}
	if !slices.Equal(said, want) {
		t.Errorf("got  %q\nwant %q", said, want)
	}
}

func TestTheFirstContactIsSaidPairedAndStarted(t *testing.T) {
	r := itemRig(t)
	r.agent.SetMeet(true)
	s := r.desk.InStep
	r.desk.OpenInStep()
	r.until("the page is read", func() bool { return s.Ready && s.Match.Waits })
	m := &s.Match
	if len(m.Kinds) != 2 || m.Kinds[0].Kind != offline.KindAppointment || m.Start != "Start with appointments and contacts" {
		t.Fatalf("kinds %+v, start %q", m.Kinds, m.Start)
	}
	people := func() *MatchKind { return &s.Match.Kinds[1] }
	want := []string{"1 contact is on both sides, and is linked", "2 contacts are in the CRM only, and come into your address book", "32 contacts are in your address book only, and stay private until you track them"}
	if !slices.Equal(people().Lines, want) || !slices.Equal(people().Pairs, []string{"Jana Nováková"}) {
		t.Errorf("%q, pairs %q", people().Lines, people().Pairs)
	}
	if len(people().Doubts) != 3 || len(people().Doubts[2].Choices) != 2 {
		t.Fatalf("doubts %+v", people().Doubts)
	}
	r.desk.PickPair(people().Doubts[0], &people().Doubts[0].Choices[0])
	r.desk.PickPair(people().Doubts[1], &people().Doubts[1].Choices[0]) // the same record: the first has none said
	if d := people().Doubts; d[0].Said || !d[1].Said || d[1].Answer != "the same as "+joined(" · ", d[1].Choices[0].Name, d[1].Choices[0].Title, d[1].Choices[0].Parent) {
		t.Errorf("a record is two items: %+v", d)
	}
	r.desk.ChooseKind(offline.KindAppointment, false)
	if m.Start != "Start with contacts" {
		t.Errorf("start %q", m.Start)
	}
	r.desk.StartMatch()
	r.until("it has begun", func() bool {
		return slices.Contains(r.agent.Called(), "confirm [contact] with 1 pairs") && !s.Match.Waits && len(s.Match.Apart) == 1
	})
	left := s.Match.Apart[0].Doubts
	if len(left) != 1 || left[0].Name != "Otto Brandt" {
		t.Fatalf("left unsaid: %+v", left)
	}
	r.desk.PickPair(left[0], &left[0].Choices[1])
	r.until("it is linked", func() bool {
		return slices.Contains(r.agent.Called(), "pair "+left[0].Choices[1].Ref.String()) && len(s.Match.Apart) == 0
	})
}

func TestTrackingAWholeCalendarSaysWhatThatSends(t *testing.T) {
	r := itemRig(t)
	r.desk.OpenInStep()
	r.until("the page is read", func() bool { return r.desk.InStep.Ready })
	l := r.desk.InStep.Places[slices.IndexFunc(r.desk.InStep.Places, func(l PlaceLine) bool { return l.URL == sample.Home })]
	p := r.desk.NewPlacePreview(l, func() {})
	defer p.Close()
	r.until("it was looked at", func() bool { return !p.Asking })
	if !slices.Equal(p.Names, []string{"(no name)", "Petra's birthday"}) || !strings.HasPrefix(p.Text, "2 that are in it now would go") { // the dentist is private
		t.Errorf("%q, %q", p.Text, p.Names)
	}
	if !l.MayHome {
		t.Error("it can't be where the CRM's appointments are put")
	}
	r.desk.MakeHome(l)
	r.until("it is", func() bool {
		return slices.ContainsFunc(r.desk.InStep.Places, func(l PlaceLine) bool { return l.URL == sample.Home && l.Home })
	})
}

func TestPlacesAreLeftAndTracked(t *testing.T) {
	r := itemRig(t)
	s := r.desk.InStep
	r.desk.OpenInStep()
	r.until("the page is read", func() bool { return s.Ready })
	at := func(url string) *PlaceLine {
		return &s.Places[slices.IndexFunc(s.Places, func(l PlaceLine) bool { return l.URL == url })]
	}
	if l := at(sample.Team); !l.Off || l.MayTrack || !strings.Contains(l.Note, "only be read") {
		t.Errorf("%+v", l)
	}
	r.desk.LeavePlace(*at(sample.Home), true)
	r.until("it is left alone", func() bool { return at(sample.Home).Off })
	r.undo()
	r.until("it is read again", func() bool { return !at(sample.Home).Off })
	r.desk.TrackPlace(*at(sample.Club), true)
	r.until("all of it is tracked", func() bool { return at(sample.Club).Track })
}
