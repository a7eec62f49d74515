package view

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"postrider/offline"
	"postrider/ui/internal/sample"
)

// R-TRACK-18.
func TestTheInboxIsShownAtOnceNewestFirst(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	l := r.desk.List
	if l.Len() != 59 {
		t.Errorf("%d messages", l.Len())
	}
	row, _ := l.Row(0)
	want := Row{Who: "Jana Nováková", When: "14:02", Subject: "Re: Offer for the Brno line", Sign: SignTracked, Tone: ToneAccent, Word: "Brno line", Edge: true, Unread: true, Clips: 2, State: offline.Tracked}
	if row.Who != want.Who || row.When != want.When || row.Subject != want.Subject || row.Sign != want.Sign || row.Word != want.Word || !row.Edge || !row.Unread || row.Clips != 2 {
		t.Errorf("got %+v", row)
	}
	if _, bare := r.row("(no subject)"); !bare.Bare || bare.Who != "noreply@status.hosting-provider-with-a-very-long-name.example" {
		t.Errorf("got %+v", bare)
	}
	var names []string
	for _, p := range r.desk.Places {
		names = append(names, p.Name)
	}
	if want := []string{"Inbox", "Sent", "Archive", "2025", "Customers", "All mail", "Waiting", "Tracked", "Needs you"}; !slices.Equal(names, want) {
		t.Errorf("places %v", names)
	}
}

func TestOnlyTheRowsNearTheVisibleOnesAreRead(t *testing.T) {
	r := newRig(t, true)
	if err := sample.More(r.store, 20_000); err != nil {
		t.Fatal(err)
	}
	r.until("all are listed", func() bool { return r.desk.List.Len() == 20_059 })
	l := r.desk.List
	for first := 0; first < 20_000; first += 400 {
		l.Show(first, first+12)
		r.until("the visible rows are read", func() bool { _, ok := l.Row(first + 11); return ok })
	}
	if n := len(l.rows); n > rowCache+200 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestTheCursorStaysOnItsMessageWhenMailArrives(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	key := r.desk.List.Targets()[0]
	err := r.store.Update(func(tx *offline.Tx) error {
		f, err := tx.FolderByName("INBOX")
		if err != nil {
			return err
		}
		m := offline.Message{Identity: "<new@x>", Subject: "New", Date: sample.Now(), Received: sample.Now(), Places: []offline.Place{{Folder: f.ID, UID: 9999}}}
		return tx.PutMessage(&m)
	})
	if err != nil {
		t.Fatal(err)
	}
	r.until("the new message is there", func() bool { row, _ := r.desk.List.Row(0); return row.Subject == "New" })
	if r.desk.List.Cursor() != 2 || r.desk.List.Targets()[0] != key {
		t.Errorf("the cursor went to row %d", r.desk.List.Cursor())
	}
}

func TestSearchFindsSubjectsAndPeopleWhateverTheAccents(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	l := r.desk.List
	for q, want := range map[string]int{"novakova offer": 1, "DVOŘÁK": 8, "dvorak drawings": 1, "ann.becker@postrider": 59, "お見積り": 1, "zzz": 0, "SZŰCS": 1} {
		l.Find(q)
		r.until("the search is over", func() bool { return !l.Finding() })
		if l.Len() != want {
			t.Errorf("%q: %d found, want %d", q, l.Len(), want)
		}
		if want == 0 && (l.Cursor() != -1 || l.Targets() != nil) {
			t.Errorf("%q: something is chosen where there is nothing", q)
		}
	}
	if e, none := l.Empty(); l.Len() == 0 && (!none || e.Action != "clear") {
		t.Errorf("got %+v", e)
	}
	l.Find("")
	if l.Len() != 59 {
		t.Errorf("%d shown after the search", l.Len())
	}
}

func TestSeveralAreMarkedByKeysAndByMouse(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	l := r.desk.List
	l.ToggleMark()
	l.Move(2, false)
	l.ToggleMark()
	if got := l.Targets(); len(got) != 2 || l.MarkedCount() != 2 {
		t.Fatalf("x, x: %v", got)
	}
	l.Unmark()
	l.Click(3, false, false)
	l.Click(5, true, false)
	if !l.Marked(3) || !l.Marked(5) || l.MarkedCount() != 2 {
		t.Errorf("Ctrl-click marks both the first and the second: %d", l.MarkedCount())
	}
	l.Click(8, false, true)
	if l.MarkedCount() != 4 || !l.Marked(5) || !l.Marked(8) || l.Marked(3) {
		t.Errorf("Shift-click marks from the anchor: %d", l.MarkedCount())
	}
	l.Click(1, false, false)
	if l.MarkedCount() != 0 || len(l.Targets()) != 1 {
		t.Error("a plain click takes the marks away")
	}
	l.Move(1, true)
	l.Move(1, true)
	if l.MarkedCount() != 3 {
		t.Errorf("Shift+Down twice: %d", l.MarkedCount())
	}
	l.MarkAll()
	r.until("the sums are there", func() bool { return r.desk.Reader.Ready && r.desk.Reader.Preview.Many != "" })
	p := r.desk.Reader.Preview
	if p.Many != "59 messages selected" || len(p.Sums) != 4 {
		t.Errorf("got %q %+v", p.Many, p.Sums)
	}
	var labels []string
	for _, a := range p.Actions {
		labels = append(labels, fmt.Sprintf("%s (%d)", a.Label, len(a.Keys)))
	}
	if want := []string{"Retry 1 message (1)", "Track 37 messages (37)", "Set regarding for 59… (59)", "Untrack 22 messages… (22)"}; !slices.Equal(labels, want) {
		t.Errorf("got %q", labels)
	}
}

func TestThePlacesByStateShowWhatIsInThem(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	for state, want := range map[offline.State]int{offline.Waiting: 3, offline.Failed: 1, offline.Tracked: 20} {
		r.desk.List.Go(Where{State: state})
		r.until("it is listed", func() bool { return r.desk.List.Len() == want })
	}
	r.desk.List.Go(Where{})
	r.until("all mail is listed", func() bool { return r.desk.List.Len() == 60 })
}

func TestEveryEmptyListSaysWhyAndWhatNext(t *testing.T) {
	r := newRig(t, false)
	if e, none := r.desk.List.Empty(); !none || e.Action != "" {
		t.Errorf("before anything is read: %+v", e)
	}
	r.until("the empty mailbox is read", func() bool { return r.desk.List.ready })
	for w, action := range map[Where]string{{}: "sync", {State: offline.Waiting}: "inbox", {State: offline.Tracked}: "inbox", {State: offline.Failed}: "inbox"} {
		r.desk.List.Go(w)
		r.until("it is read", func() bool { return r.desk.List.ready })
		if e, none := r.desk.List.Empty(); !none || e.Action != action || e.Title == "" || e.Text == "" {
			t.Errorf("%+v: %+v", w, e)
		}
	}
}

func TestTheWindowIsToldAtMostTenTimesASecond(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.told = nil
	begin := time.Now()
	writing := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 300 && err == nil; i++ {
			err = r.store.Update(func(tx *offline.Tx) error {
				m, err := tx.Message(5)
				if err != nil {
					return err
				}
				m.Subject = fmt.Sprint("turn ", i)
				return tx.PutMessage(&m)
			})
		}
		writing <- err
	}()
	r.until("the last turn is shown", func() bool { row := r.desk.List.rows[5]; return row.Subject == "turn 299" })
	if err := <-writing; err != nil {
		t.Fatal(err)
	}
	// each batch tells of keys, rows and places, and the reader of its message
	beats := int(time.Since(begin)/pulse) + 2
	lists := 0
	for _, p := range r.told {
		if p&PartPlaces != 0 {
			lists++
		}
	}
	if lists > beats {
		t.Errorf("told %d times in %d pulses", lists, beats)
	}
}

func TestAProblemThatLastsIsShownWithoutAnybodyTelling(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	told := len(r.told)
	r.desk.Tick()
	if len(r.told) != told {
		t.Error("nothing changed, and it was told")
	}
	r.agent.Quietly(sample.Trouble)
	r.desk.Tick()
	if len(r.desk.Status.Problems) != 2 || len(r.told) == told {
		t.Errorf("got %+v", r.desk.Status)
	}
}
