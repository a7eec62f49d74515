package itemtext

import (
	"strconv"
	"strings"
	"time"

	"postrider/agent/vobject"
	"postrider/offline"
)

// readTodo reads a task.
func (t Text) readTodo(file *vobject.File, zone *time.Location) Info {
	in := Info{Fields: offline.Fields{}}
	cal, c := mainComponent(file, "VTODO")
	if c == nil {
		in.Problem = "it is no task"
		return in
	}
	f := in.Fields
	in.UID, in.Mark = common(c, f, offline.WordRegarding)
	put(f, offline.WordSubject, oneLine(textOf(c, "SUMMARY")))
	put(f, "body", bodyOf(c.First("DESCRIPTION")))
	put(f, "importance", importance(c))
	put(f, "start", readWhen(cal, c, "DTSTART", zone))
	put(f, "due", readWhen(cal, c, "DUE", zone))
	put(f, "completed", readWhen(cal, c, "COMPLETED", zone))
	if d, ok := readDuration(textOf(c, "DURATION")); ok && f["due"] == "" && c.First("DTSTART") != nil {
		if m, ok := readMoment(cal, c.First("DTSTART"), c.First("DTSTART").Value(), zone); ok {
			m.at = m.at.AddDate(0, 0, d.days).Add(d.rest)
			f["due"] = when(m, zone)
		}
	}
	if n, err := strconv.Atoi(textOf(c, "PERCENT-COMPLETE")); err == nil && n > 0 && n <= 100 {
		f["percent"] = strconv.Itoa(n)
	}
	put(f, offline.WordStatus, taskStatus(c))
	if len(c.Lines("RRULE", "RDATE")) > 0 || c.First("RECURRENCE-ID") != nil {
		in.Problem = "tasks that come again and again are not kept in the CRM" // R-TASK-06
	}
	return in
}

// taskStatus reads STATUS (RFC 5545 section 3.8.1.11), and the two that it does not
// know.
func taskStatus(c *vobject.Component) string {
	switch strings.ToUpper(textOf(c, "STATUS")) {
	case "COMPLETED":
		return "completed"
	case "CANCELLED":
		return "canceled"
	}
	switch v := strings.ToLower(textOf(c, propStatus)); {
	case v == "waiting" || v == "deferred":
		return v
	case strings.EqualFold(textOf(c, "STATUS"), "IN-PROCESS"):
		return "in-progress"
	case textOf(c, "STATUS") == "" && c.First("COMPLETED") != nil:
		return "completed"
	}
	return ""
}

func readWhen(cal, c *vobject.Component, name string, zone *time.Location) string {
	l := c.First(name)
	if l == nil {
		return ""
	}
	m, ok := readMoment(cal, l, l.Value(), zone)
	if !ok {
		return ""
	}
	return when(m, zone)
}

// when is a day, or an instant; midnight is a day, as it is in the CRM.
func when(m moment, zone *time.Location) string {
	if m.day {
		return m.at.Format(time.DateOnly)
	}
	if at := m.at.In(zone); at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format(time.DateOnly)
	}
	return m.at.UTC().Format(time.RFC3339)
}
