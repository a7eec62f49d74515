package view

import (
	"cmp"
	"slices"
	"time"

	"postrider/offline"
)

// taskTime reads when something is due or was done: a date (then whole), or an
// instant.
func taskTime(s string, loc *time.Location) (t time.Time, whole, ok bool) {
	if t, err := time.ParseInLocation(time.DateOnly, s, loc); err == nil {
		return t, true, true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t.In(loc), false, err == nil
}

// over tells of a task that is done or given up.
func over(status string) bool { return status == "completed" || status == "canceled" }

// The groups of tasks, in their order.
var taskGroups = []string{"Late", "Today", "This week", "Later", "No date", "Done"}

// tasks are those by when they are due; what is over comes last.
func (q *rowsOf) tasks(facts []*itemFact) []ItemRow {
	today := dayIn(q.now, q.now.Location())
	rows := make([]ItemRow, 0, len(facts))
	for _, f := range facts {
		r := q.row(f)
		due, whole, dated := taskTime(f.due, q.now.Location())
		r.From, r.AllDay = due, whole
		if !dated {
			r.From = today.AddDate(1000, 0, 0)
		}
		r.Done = over(f.status)
		if dated {
			r.When = taskWhen(due, whole, q.now)
		}
		status := statusWords(f.status)
		if f.status == "completed" { // it stands among those that are done
			status = ""
		}
		r.Sub = joined(" · ", status, map[bool]string{true: "important"}[f.high && !r.Done])
		switch {
		case r.Done:
			r.Group = "Done"
		case !dated:
			r.Group = "No date"
		case due.Before(today) || !whole && due.Before(q.now):
			r.Group, r.Late = "Late", true
		case due.Before(today.AddDate(0, 0, 1)):
			r.Group = "Today"
		case due.Before(weekOf(q.now).AddDate(0, 0, 7)):
			r.Group = "This week"
		default:
			r.Group = "Later"
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b ItemRow) int {
		return cmp.Or(slices.Index(taskGroups, a.Group)-slices.Index(taskGroups, b.Group), a.From.Compare(b.From), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	return rows
}

// taskWhen is a day, as short as it can be, with the time where there is one.
func taskWhen(t time.Time, whole bool, now time.Time) string {
	s := agendaDay(t, now)
	if !whole {
		s += " " + t.Format("15:04")
	}
	return s
}

// statusWords is the state of a task for people; "" for one that was not begun.
func statusWords(status string) string {
	switch status {
	case "in-progress":
		return "in progress"
	case "waiting":
		return "waiting for somebody"
	case "deferred":
		return "put off"
	case "completed":
		return "done"
	case "canceled":
		return "given up"
	}
	return ""
}

// isPast tells whether an appointment is over: what becomes of its record depends
// on that (R-UNTRACK-03). A series is over when it does not come again.
func isPast(f *itemFact, now time.Time) bool {
	if f.kind != offline.KindAppointment || f.to.After(now) {
		return false
	}
	if f.recurrence == "" {
		return true
	}
	q := rowsOf{now: now}
	return len(q.series(f, now, now.AddDate(10, 0, 0), 1)) == 0
}
