package view

import (
	"cmp"
	"slices"
	"time"

	"postrider/agent/recur"
)

// agendaWeeks is how many weeks the list of a calendar shows at a time.
const agendaWeeks = 4

// occurrencesAtMost is how often one series is shown at a time.
const occurrencesAtMost = 200

// weekOf is the Monday, at midnight, of the week of t.
func weekOf(t time.Time) time.Time {
	y, m, d := t.Date()
	back := (int(t.Weekday()) + 6) % 7
	return time.Date(y, m, d-back, 0, 0, 0, 0, t.Location())
}

// appointments are those of the shown weeks, with every time that a series comes;
// while something is looked for, all that have it, each once.
func (q *rowsOf) appointments(facts []*itemFact) []ItemRow {
	from, to := q.day, q.day.AddDate(0, 0, 7)
	if q.agenda {
		to = q.day.AddDate(0, 0, 7*agendaWeeks)
	}
	var rows []ItemRow
	for _, f := range facts {
		switch {
		case f.from.IsZero():
		case len(q.words) > 0:
			rows = append(rows, q.next(f))
		case f.recurrence != "":
			rows = append(rows, q.series(f, from, to, occurrencesAtMost)...)
		default:
			r := q.row(f)
			r.times(f.from, f.to, f.allDay, q.now.Location())
			if r.From.Before(to) && (r.To.After(from) || r.From.Equal(from)) {
				rows = append(rows, r)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b ItemRow) int {
		return cmp.Or(a.From.Compare(b.From), trueFirst(a.AllDay, b.AllDay), b.To.Compare(a.To), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	for i := range rows {
		begin := rows[i].From
		if begin.Before(from) && len(q.words) == 0 {
			begin = from
		}
		rows[i].Group = agendaDay(begin, q.now)
	}
	return rows
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// series is each time that a series comes in a window.
func (q *rowsOf) series(f *itemFact, from, to time.Time, most int) []ItemRow {
	s, err := recur.Parse(f.recurrence)
	if err != nil {
		return q.once(f, from, to)
	}
	zone := q.now.Location()
	if f.zone != "" {
		if z, err := time.LoadLocation(f.zone); err == nil {
			zone = z
		}
	}
	start := f.from.In(zone)
	if f.allDay {
		start = f.from
		from, to = dayIn(from, time.UTC), dayIn(to, time.UTC)
	}
	all, err := s.Expand(start, f.to.Sub(f.from), f.allDay, from, to, most)
	if err != nil {
		return q.once(f, from, to)
	}
	rows := make([]ItemRow, 0, len(all))
	for _, o := range all {
		r := q.row(f)
		r.Occurrence = o.Original
		if n := OneLine(o.Changed["subject"], 300); n != "" {
			r.Name, r.Bare = n, false
		}
		if p := OneLine(o.Changed["location"], 200); p != "" {
			r.Sub = p
		}
		r.times(o.Start, o.End, f.allDay, q.now.Location())
		rows = append(rows, r)
	}
	return rows
}

// once is a series whose rule can't be read: shown where it begins.
func (q *rowsOf) once(f *itemFact, from, to time.Time) []ItemRow {
	r := q.row(f)
	r.times(f.from, f.to, f.allDay, q.now.Location())
	if !r.From.Before(to) || !r.To.After(from) {
		return nil
	}
	return []ItemRow{r}
}

// next is an appointment as it is found by a search: a series the next time that
// it comes, or else as it began.
func (q *rowsOf) next(f *itemFact) ItemRow {
	if f.recurrence != "" {
		if rows := q.series(f, q.now, q.now.AddDate(1, 0, 0), 1); len(rows) > 0 {
			return rows[0]
		}
	}
	r := q.row(f)
	r.times(f.from, f.to, f.allDay, q.now.Location())
	return r
}

// dayIn is the same date at midnight somewhere else.
func dayIn(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}

// times puts in when it is, where the user is.
func (r *ItemRow) times(from, to time.Time, allDay bool, loc *time.Location) {
	r.AllDay = allDay
	if allDay {
		r.From, r.To, r.When = dayIn(from, loc), dayIn(to, loc), "all day"
		return
	}
	r.From, r.To = from.In(loc), to.In(loc)
	r.When = r.From.Format("15:04")
	if !to.Equal(from) {
		r.When += "–" + r.To.Format("15:04")
	}
}

// agendaDay is a day as an agenda is headed by it.
func agendaDay(t, now time.Time) string {
	switch today := dayIn(now, now.Location()); {
	case dayIn(t, now.Location()).Equal(today):
		return "Today"
	case t.Year() == now.Year() || t.Sub(now).Abs() < 180*24*time.Hour:
		return t.Format("Mon 2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// Week is a week of a calendar as a grid of days and hours.
type Week struct {
	Title string // "23 – 29 November 2026"
	Days  [7]Day
	Spans []Span
	Now   int // minutes since midnight today; -1: today is in another week
	Today int // which day is today; -1: none
	Tall  int // whole-day appointments of the day that has most, at most wholeDays
}

// Day is a day of the week.
type Day struct {
	Name  string // "Mon 23"
	Today bool
	Whole []int // rows of what takes whole days, at most wholeDays
	More  int   // appointments that have no room in the grid
	At    time.Time
}

// wholeDays is how many whole-day appointments of a day are shown.
const wholeDays = 3

// lanes is how many appointments stand beside one another at most.
const lanes = 4

// Span is an appointment in the grid, or the part of it that is on that day.
type Span struct {
	Row         int // into Rows
	Day         int
	From, To    int // minutes since midnight
	Lane, Lanes int // which of how many side by side
}

// leastSpan is how long an appointment is drawn at least, in minutes.
const leastSpan = 25

func newWeek(rows []ItemRow, day, now time.Time, weeks int) Week {
	w := Week{Now: -1, Today: -1, Title: weekTitle(day, weeks)}
	for i := range w.Days {
		at := day.AddDate(0, 0, i)
		w.Days[i] = Day{Name: at.Format("Mon 2"), At: at}
		if at.Equal(dayIn(now, now.Location())) {
			w.Days[i].Today, w.Today, w.Now = true, i, now.Hour()*60+now.Minute()
		}
	}
	var by [7][]Span
	for n := range rows {
		r := &rows[n]
		for i := range w.Days {
			d := &w.Days[i]
			end := d.At.AddDate(0, 0, 1)
			if !r.From.Before(end) || !r.To.After(d.At) && !r.From.Equal(d.At) {
				continue
			}
			if r.AllDay || r.To.Sub(r.From) >= 24*time.Hour {
				if len(d.Whole) == wholeDays {
					d.More++
				} else {
					d.Whole = append(d.Whole, n)
				}
				continue
			}
			b := Span{Row: n, Day: i, From: minuteOf(r.From, d.At, end), To: minuteOf(r.To, d.At, end)}
			b.From = min(b.From, 24*60-leastSpan)
			b.To = max(b.To, b.From+leastSpan)
			by[i] = append(by[i], b)
		}
	}
	for i := range by {
		kept, more := beside(by[i])
		w.Spans = append(w.Spans, kept...)
		w.Days[i].More += more
		w.Tall = max(w.Tall, len(w.Days[i].Whole))
	}
	return w
}

func minuteOf(t, day, end time.Time) int {
	switch {
	case t.Before(day):
		return 0
	case !t.Before(end):
		return 24 * 60
	}
	return t.Hour()*60 + t.Minute()
}

// beside puts what is at the same time into lanes, and counts what has no room.
// The blocks are of one day, and in order.
func beside(all []Span) (kept []Span, more int) {
	var ends [lanes]int
	begin, until, used := 0, 0, 0
	close := func() {
		for i := begin; i < len(kept); i++ {
			kept[i].Lanes = used
		}
		begin, used = len(kept), 0
		ends = [lanes]int{}
	}
	for _, b := range all {
		if b.From >= until {
			close()
		}
		lane := slices.IndexFunc(ends[:], func(end int) bool { return end <= b.From })
		if lane < 0 {
			more++
			continue
		}
		b.Lane = lane
		ends[lane] = b.To
		used, until = max(used, lane+1), max(until, b.To)
		kept = append(kept, b)
	}
	close()
	return kept, more
}

// weekTitle is a week, or several, in words: "23 – 29 November 2026".
func weekTitle(day time.Time, weeks int) string {
	end := day.AddDate(0, 0, 7*weeks-1)
	switch {
	case day.Year() != end.Year():
		return day.Format("2 January 2006") + " – " + end.Format("2 January 2006")
	case day.Month() != end.Month():
		return day.Format("2 January") + " – " + end.Format("2 January 2006")
	}
	return day.Format("2") + " – " + end.Format("2 January 2006")
}

// Turn goes to another week: n of them on, or back.
func (l *Items) Turn(n int) { l.GoToDay(l.day.AddDate(0, 0, 7*n)) }

// GoToDay shows the week of a day, and what is next in it.
func (l *Items) GoToDay(t time.Time) {
	l.day = weekOf(t)
	l.at, l.Cursor = rowID{}, -1
	clear(l.marked)
	l.lay()
}

// Today shows this week.
func (l *Items) Today() { l.GoToDay(l.env.now()) }

// SetAgenda shows a calendar as a list, or as a grid of a week.
func (l *Items) SetAgenda(on bool) {
	if l.Agenda != on {
		l.Agenda = on
		agenda := 0.0
		if on {
			agenda = 1
		}
		l.desk.Memory.Set("agenda", agenda)
		l.lay()
	}
}
