package view

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/recur"
	"postrider/offline"
	"postrider/ui/internal/sample"
)

// itemRig is a desk on the sample with its calendars, people and tasks.
func itemRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, store: newStore(t), posts: make(chan func(), 10_000)}
	for _, fill := range []func(*offline.Store) error{sample.Fill, sample.FillItems} {
		if err := fill(r.store); err != nil {
			t.Fatal(err)
		}
	}
	r.agent = sample.NewAgent(r.store)
	r.desk = NewDesk(Options{Store: r.store, Agent: r.agent, Now: sample.Now, Post: func(f func()) { r.posts <- f }, Changed: func(p Parts) { r.told = append(r.told, p) }})
	t.Cleanup(r.desk.Close)
	r.desk.Open()
	return r
}

// items opens a list and waits for it.
func (r *rig) items(l *Items) *Items {
	r.t.Helper()
	r.desk.OpenItems(l)
	r.until("the items are read", func() bool { return l.Ready && len(l.Shown.Keys) == 1 })
	return l
}

// chooseItem puts the cursor on a row by its name and waits for the item.
func (r *rig) chooseItem(l *Items, name string) ItemView {
	r.t.Helper()
	i := slices.IndexFunc(l.Rows, func(row ItemRow) bool { return row.Name == name })
	if i < 0 {
		r.t.Fatalf("no row %q", name)
	}
	l.Click(i, false, false)
	r.until(name+" is shown", func() bool { return l.Shown.Title == name && l.Shown.Keys[0] == l.Rows[i].Key })
	return l.Shown
}

func names(rows []ItemRow) (out []string) {
	for _, r := range rows {
		out = append(out, joined(" ", r.Group, r.When, r.Name))
	}
	return out
}

func TestAWeekShowsEachTimeThatASeriesComes(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.Calendar)
	got := names(l.Rows)
	want := []string{
		"Mon 23 Nov 07:15–07:30 Stand-up", "Mon 23 Nov 08:00–08:45 Weekly sales meeting", "Today 07:15–07:30 Stand-up", "Today 09:00–10:30 Brno line: acceptance criteria",
		"Today 10:00–11:00 Call with Nordwind about the scanners", "Today 12:00–13:00 Lunch", "Today 15:00–16:00 Spindle noise: look at the recording together",
		"Wed 25 Nov all day Trade fair in Brno", "Wed 25 Nov 07:15–07:30 Stand-up", "Wed 25 Nov 16:30–17:15 Dentist",
		"Thu 26 Nov 08:00–09:00 花見商事様 オンライン打ち合わせ", "Thu 26 Nov 08:00–08:30 Stand-up, with Moravia", "Thu 26 Nov 13:00–17:00 Machine inspection",
		"Fri 27 Nov 07:15–07:30 Stand-up", "Sat 28 Nov all day Petra's birthday", "Sat 28 Nov 10:00–12:00 (no subject)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if l.Rows[l.Cursor].Name != "Spindle noise: look at the recording together" {
		t.Errorf("it begins at %q, not at what is next", l.Rows[l.Cursor].Name)
	}
	if w := l.Week; w.Title != "23 – 29 November 2026" || w.Today != 1 || w.Now != 14*60+5 || !slices.Equal(w.Days[4].Whole, w.Days[2].Whole) || len(w.Days[2].Whole) != 1 {
		t.Errorf("week %+v", w)
	}
	l.Turn(-1)
	r.until("the week before is shown", func() bool { return l.Week.Title == "16 – 22 November 2026" })
	if slices.ContainsFunc(l.Rows, func(row ItemRow) bool { return row.Name == "Weekly sales meeting" }) {
		t.Error("the time that is left out is shown")
	}
	l.Today()
	l.SetAgenda(true)
	r.until("the list goes on", func() bool {
		return slices.ContainsFunc(l.Rows, func(row ItemRow) bool { return row.Name == "Quarterly numbers" })
	})
}

func TestWhatIsAtTheSameTimeStandsSideBySide(t *testing.T) {
	blocks := []Span{{From: 0, To: 60}, {From: 30, To: 90}, {From: 60, To: 120}, {From: 200, To: 260}}
	kept, more := beside(blocks)
	var lane, of []int
	for _, b := range kept {
		lane, of = append(lane, b.Lane), append(of, b.Lanes)
	}
	if more != 0 || !slices.Equal(lane, []int{0, 1, 0, 0}) || !slices.Equal(of, []int{2, 2, 2, 1}) {
		t.Errorf("lanes %v of %v, %d more", lane, of, more)
	}
	same := make([]Span, 7)
	for i := range same {
		same[i].To = 60
	}
	if kept, more = beside(same); len(kept) != lanes || more != 3 {
		t.Errorf("%d kept, %d more", len(kept), more)
	}
}

func TestTasksStandByWhenTheyAreDue(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.Tasks)
	want := []string{"Late Mon 23 Nov Send revised offer to Moravia", "Today Today Book the train to Brno", "This week Thu 26 Nov 16:00 Ask production for a date",
		"This week Fri 27 Nov Water the plants", "Later Fri 11 Dec Prepare training of the operators", "No date Read the new export rules", "Done Order the spare spindle"}
	if got := names(l.Rows); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	v := r.chooseItem(l, "Water the plants") // R-TASK-06
	for _, a := range v.Actions {
		if a.Verb == VerbTrack || a.Verb == VerbRegarding {
			t.Errorf("a task that repeats offers %q", a.Label)
		}
	}
	if len(v.Notes) == 0 || !strings.Contains(v.Notes[0], "repeats") {
		t.Errorf("it is not said why: %q", v.Notes)
	}
}

func TestPeopleAreFoundAndFiltered(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.People)
	l.Find("novakova moravia")
	r.until("she is found", func() bool {
		return len(l.Rows) == 1 && l.Rows[0].Name == "Jana Nováková" && l.Shown.Title == "Jana Nováková"
	})
	if v := l.Shown; v.About == nil || v.About.Name != "Moravia Tools a.s." || v.Sign != SignTracked {
		t.Errorf("shown %+v", v)
	}
	l.Find("")
	l.Show(ItemFilter{State: offline.Waiting})
	r.until("what waits is shown", func() bool { return len(l.Rows) == 1 && strings.HasPrefix(l.Rows[0].Name, "Søren") })
	l.Show(ItemFilter{Collection: sample.Club})
	r.until("the club is shown", func() bool { return len(l.Rows) == 32 })
	l.Find("nobody at all")
	r.until("nothing is found", func() bool { e, none := l.Empty(); return none && e.Action == "clear" })
}

// R-TRACK-04, R-TRACK-05.
func TestAtMostTwentyAreTrackedAtOnce(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.People)
	l.Click(0, false, false)
	l.Click(len(l.Rows)-1, false, true)
	if n := l.MarkedCount(); n != ItemsAtOnce {
		t.Fatalf("%d are marked", n)
	}
	if r.desk.Deeds.Toast.Text == "" {
		t.Error("it is not said that no more are taken")
	}
	for _, a := range l.Shown.Actions {
		if a.Verb == VerbUntrack || a.Verb == VerbDelete {
			t.Errorf("several offer %q", a.Label)
		}
	}
	a := l.Shown.Actions[0]
	r.desk.TrackItems(l.Kind, a.Keys)
	r.until("they wait", func() bool {
		return slices.Contains(r.agent.Called(), "track "+Count(len(a.Keys))+" items") && l.Filters[2].Count >= len(a.Keys)
	})
	r.undo()
	r.until("they do not", func() bool { return l.Filters[2].Count == 1 })
}

func TestWhatWasRefusedIsTriedAgain(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.Calendar)
	v := r.chooseItem(l, "Machine inspection")
	if a := v.Actions[0]; a.Verb != VerbRetry || !a.Primary || !strings.HasSuffix(v.Sentence, "Put that right and choose Try again") {
		t.Fatalf("%q offers %+v", v.Sentence, v.Actions)
	}
	l.ToggleMark()
	l.Move(-1, false)
	l.ToggleMark()
	if a := l.Shown.Actions; len(a) != 3 || a[1].Label != "Try 1 appointment again" {
		t.Errorf("several offer %+v", a)
	}
	r.desk.RetryItems(v.Keys)
	r.until("it waits", func() bool { return slices.Contains(r.agent.Called(), "retry items") })
}

// R-UNTRACK-02 to -05.
func TestUntrackingAsksOnlyWhatMayBe(t *testing.T) {
	for _, c := range []struct {
		rule string
		v    ItemView
		may  bool
	}{
		{"R-UNTRACK-02", ItemView{Kind: offline.KindTask}, true},
		{"R-UNTRACK-03 ahead", ItemView{Kind: offline.KindAppointment, Owned: true}, true},
		{"R-UNTRACK-03 over", ItemView{Kind: offline.KindAppointment, Owned: true, Past: true}, false},
		{"R-UNTRACK-03 somebody else's", ItemView{Kind: offline.KindAppointment}, false},
		{"R-UNTRACK-04", ItemView{Kind: offline.KindContact, Owned: true}, true},
		{"R-UNTRACK-05", ItemView{Kind: offline.KindContact}, false},
	} {
		if may, why := c.v.MayDeleteRecord(); may != c.may || may == (why != "") {
			t.Errorf("%s: %v, %q", c.rule, may, why)
		}
	}
}

func TestOfAnItemItIsSaidHowItStandsWithTheCRM(t *testing.T) {
	now := sample.Now()
	track := func(s offline.State, c offline.Cause, reason string, declined bool) offline.Tracking {
		return offline.Tracking{State: s, Cause: c, Reason: reason, Declined: declined, Since: now.Add(-time.Hour)}
	}
	for want, tr := range map[string]offline.Tracking{
		"Not tracked":                    track("", "", "", false),
		"Not tracked · you untracked it": track(offline.Untracked, offline.CauseUser, "", true),
		"Not tracked · Its record is no longer among those that your filters let in.":        track(offline.Untracked, offline.CauseElsewhere, "Its record is no longer among those that your filters let in.", true),
		"Tracked · regarding Brno line, 13:05 · by you":                                      track(offline.Tracked, offline.CauseUser, "", false),
		"Tracked · regarding Brno line, 13:05 · it was in the CRM":                           track(offline.Tracked, offline.CauseColleague, "", false),
		"Tracked · regarding Brno line, 13:05 · because everything in its place is":          track(offline.Tracked, offline.CauseFolder, "", false),
		"Could not be carried over: the CRM refused it. Put that right and choose Try again": track(offline.Failed, offline.CauseUser, "the CRM refused it.", false),
	} {
		if got := itemSentence(tr, map[bool]string{true: "Brno line"}[tr.State == offline.Tracked], now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAnAppointmentIsMadeAndChanged(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.Calendar)
	f := r.desk.NewItemForm(l)
	if f.Places[f.Place].URL != sample.Work || len(f.Places) != 2 {
		t.Errorf("it would be put into %+v", f.Places)
	}
	if text, word := f.Wrong(); word != offline.WordSubject {
		t.Errorf("without a subject: %q, %q", text, word)
	}
	f.Set(offline.WordSubject, "  Talk with Éva ")
	f.Set(formTo, "8:00")
	if text, word := f.Wrong(); word != formLastDay {
		t.Errorf("it ends before it begins: %q, %q", text, word)
	}
	f.Set(formFrom, "25:00")
	if text, word := f.Wrong(); word != formFrom {
		t.Errorf("hour 25: %q, %q", text, word)
	}
	f.Set(formFrom, "16:00")
	f.Set(formTo, "17:30")
	if text, _ := f.Wrong(); text != "" {
		t.Fatal(text)
	}
	f.Keep()
	r.until("it is there", func() bool {
		return slices.ContainsFunc(l.Rows, func(row ItemRow) bool {
			return row.Name == "Talk with Éva" && row.When == "16:00–17:30" && row.Group == "Today"
		})
	})
	r.until("it is chosen", func() bool { return l.Shown.Title == "Talk with Éva" && l.Reveal })
	v := l.Shown
	f = r.desk.EditForm(v)
	if f.Changed() {
		t.Error("it is changed before it is")
	}
	f.AllDay = true
	words, wrong, _ := f.read()
	if from, to, whole, err := recur.Times(words[offline.WordTime]); wrong != "" || err != nil || !whole || !to.Equal(from.AddDate(0, 0, 1)) || len(words) != 1 {
		t.Errorf("%v, %q", words, wrong)
	}
	f.Keep()
	r.until("it takes the day", func() bool { return len(l.Week.Days[1].Whole) == 1 })
}

func TestASeriesIsNotMovedHere(t *testing.T) {
	r := itemRig(t)
	l := r.items(r.desk.Calendar)
	f := r.desk.EditForm(r.chooseItem(l, "Weekly sales meeting"))
	if f.Timed || f.Note == "" || slices.ContainsFunc(f.Fields, func(x FormField) bool { return x.Word == formDay }) {
		t.Errorf("form %+v", f)
	}
}

func TestFieldsOfAFormAreRead(t *testing.T) {
	r := itemRig(t)
	for _, c := range []struct {
		kind                  offline.Kind
		word, typed, is, fail string
	}{
		{offline.KindTask, "due", "2026-12-1", "2026-12-01", ""},
		{offline.KindTask, "due", "2026-12-01 14:30", "2026-12-01T14:30:00Z", ""},
		{offline.KindTask, "due", "tomorrow", "", "year-month-day"},
		{offline.KindTask, "percent", "050", "50", ""},
		{offline.KindTask, "percent", "101", "", "0 to 100"},
		{offline.KindTask, "percent", "99999999999999999999", "", "0 to 100"},
		{offline.KindContact, "birthday", "--02-29", "--02-29", ""},
		{offline.KindContact, "birthday", "1979-3-4", "1979-03-04", ""},
		{offline.KindContact, "birthday", "March", "", "year-month-day"},
	} {
		f := &ItemForm{Kind: c.kind, New: true, desk: r.desk, words: offline.Fields{"subject": "x", "first": "x"}}
		f.fill()
		f.Set(c.word, c.typed)
		words, wrong, _ := f.read()
		if words[c.word] != c.is || (c.fail == "") != (wrong == "") || !strings.Contains(wrong, c.fail) {
			t.Errorf("%s %q: %q, %q", c.word, c.typed, words[c.word], wrong)
		}
	}
}

func TestRecurrencesAreSaidInWords(t *testing.T) {
	for rule, want := range map[string]string{
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR":           "Every week, Monday to Friday",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=5": "Every 2 weeks on Tuesday and Thursday, 5 times",
		"FREQ=MONTHLY;BYDAY=-1FR":                    "Every month on the last Friday",
		"FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20271231":  "Every month on day 15, until 31 December 2027",
		"FREQ=DAILY\n-20261203T090000":               "Every day. 1 time left out",
		"nonsense":                                   "It repeats",
	} {
		if got := RepeatText(rule); got != want {
			t.Errorf("%q: %q, want %q", rule, got, want)
		}
	}
}

func TestAFullWeekAndManyPeopleAreShownAndFound(t *testing.T) {
	r := itemRig(t)
	if err := sample.ManyItems(r.store, 500, 2000); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		l           *Items
		all         int
		find        string
		found       int
		first, last string
	}{
		{r.desk.Calendar, 516, "appointment 499", 1, "Appointment 499", "Appointment 499"},
		{r.desk.People, 2036, "name0199", 10, "Person 1990 Name01990", "Person 1999 Name01999"},
	} {
		r.desk.OpenItems(c.l)
		r.until("they are shown", func() bool { return len(c.l.Rows) == c.all })
		c.l.Find(c.find)
		r.until("they are found", func() bool { return len(c.l.Rows) == c.found })
		if first, last := c.l.Rows[0].Name, c.l.Rows[c.found-1].Name; first != c.first || last != c.last {
			t.Errorf("found %q to %q", first, last)
		}
	}
}

// A week with 500 appointments, and 10,000 people, from the store to rows.
func BenchmarkItemsAreRead(b *testing.B) {
	s := newStore(b)
	if err := sample.FillItems(s); err != nil {
		b.Fatal(err)
	}
	if err := sample.ManyItems(s, 500, 10_000); err != nil {
		b.Fatal(err)
	}
	for _, kind := range []offline.Kind{offline.KindAppointment, offline.KindContact} {
		b.Run(string(kind), func(b *testing.B) {
			for b.Loop() {
				q := rowsOf{kind: kind, day: weekOf(sample.Now()), now: sample.Now()}
				if err := s.View(func(tx *offline.Tx) (err error) {
					q.facts, q.colls, err = readFacts(b.Context(), tx, kind)
					return err
				}); err != nil {
					b.Fatal(err)
				}
				if n := q.lay(); len(n.rows) < 500 {
					b.Fatal(len(n.rows))
				}
			}
		})
	}
}
