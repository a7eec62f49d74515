package itemtext

import (
	"fmt"
	"strings"
	"time"

	"postrider/agent/vobject"
	"postrider/offline"
)

// editTodo changes the words of a task.
func (e *edit) editTodo() error {
	for _, w := range e.words() {
		v := e.change[w]
		var err error
		switch w {
		case offline.WordCategories:
			e.setCategories(v)
		case offline.WordPrivate:
			e.setPrivate(v)
		case offline.WordRegarding:
			e.setProp(propRegarding, v)
		case offline.WordSubject:
			e.setProp("SUMMARY", v)
		case "body":
			setBody(e.c, v)
		case "importance":
			setImportance(e.c, v)
		case "percent":
			e.setRaw("PERCENT-COMPLETE", v)
		case offline.WordStatus:
			e.setStatus(v)
		case "start":
			err = e.setWhen("DTSTART", v, false)
		case "due":
			e.c.Remove(e.c.Lines("DURATION")...)
			err = e.setWhen("DUE", v, false)
		case "completed":
			err = e.setWhen("COMPLETED", v, true)
		}
		if err != nil {
			return fmt.Errorf("%s of a task: %w", w, err)
		}
	}
	_, start := e.change["start"]
	if _, due := e.change["due"]; start || due {
		e.sameKind()
	}
	return nil
}

// sameKind has DTSTART and DUE both be times where one is (RFC 5545 section 3.8.2.3;
// servers refuse others). A day is its midnight, wherever the user may be then.
func (e *edit) sameKind() {
	var days []*vobject.Line
	times := 0
	for _, l := range e.c.Lines("DTSTART", "DUE") {
		switch m, ok := readMoment(e.cal, l, l.Value(), e.zone); {
		case !ok:
		case m.day:
			days = append(days, l)
		default:
			times++
		}
	}
	for _, l := range days {
		if times > 0 {
			l.SetParam("VALUE")
			l.SetValue(strings.TrimSpace(l.Value()) + "T000000")
		}
	}
}

// setStatus writes STATUS, and beside it what it does not know.
func (e *edit) setStatus(v string) {
	status := map[string]string{"in-progress": "IN-PROCESS", "waiting": "IN-PROCESS", "completed": "COMPLETED", "canceled": "CANCELLED"}[v]
	if status == "" {
		status = "NEEDS-ACTION"
	}
	e.setRaw("STATUS", status)
	if v != "waiting" && v != "deferred" {
		v = ""
	}
	e.setProp(propStatus, v)
	if status != "COMPLETED" && e.after("completed") == "" {
		e.c.Remove(e.c.Lines("COMPLETED")...)
	}
}

// setWhen writes a day or an instant; what has to be an instant (RFC 5545 section
// 3.8.2.1) begins with the user's day.
func (e *edit) setWhen(name, v string, instant bool) error {
	if v == "" {
		e.c.Remove(e.c.Lines(name)...)
		return nil
	}
	day := len(v) == len(time.DateOnly)
	at, err := time.Parse(time.RFC3339, v)
	if day {
		at, err = time.Parse(time.DateOnly, v)
	}
	if err != nil {
		return fmt.Errorf("%q is neither a day nor a time", v)
	}
	if day && instant {
		at, day = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, e.zone), false
	}
	l := e.c.First(name)
	if l == nil {
		l = vobject.NewLine(name, "")
		e.c.Add(l)
	}
	if instant {
		l.SetParam("TZID")
		l.SetParam("VALUE")
		l.SetValue(at.UTC().Format(utcForm))
		return nil
	}
	e.writeLike(l, at, day, nil)
	return nil
}
