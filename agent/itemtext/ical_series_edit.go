package itemtext

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/agent/vobject"
	"postrider/offline"
)

// setSeries writes the rule and its exceptions.
func (e *edit) setSeries(word string, from, to time.Time, allDay bool, zone *time.Location) error {
	s, err := recur.Parse(word)
	if err != nil {
		return err
	}
	start := from
	if !allDay {
		in, err := time.LoadLocation(e.after(offline.WordZone))
		if err != nil {
			return fmt.Errorf("the time zone of a series: %w", err)
		}
		start = from.In(in)
	}
	was, err := recur.Parse(e.now[offline.WordRecurrence])
	if err != nil || was.Rule != s.Rule {
		rule, err := recur.ForCalendar(s.Rule, start, allDay)
		if err != nil {
			return err
		}
		e.setRaw("RRULE", rule)
	}
	if err := e.setLeftOut(s, start, allDay, zone); err != nil {
		return err
	}
	return e.setChanged(s, start, to.Sub(from), allDay, zone)
}

// setLeftOut brings the EXDATEs in line.
func (e *edit) setLeftOut(s recur.Series, start time.Time, allDay bool, zone *time.Location) error {
	want := map[string]bool{}
	for _, at := range s.Out {
		want[at] = true
	}
	sp := span{from: moment{at: start, day: allDay}}
	for _, l := range e.c.Lines("EXDATE") {
		var keep []string
		all := strings.Split(l.Value(), ",")
		for _, v := range all {
			m, ok := readMoment(e.cal, l, v, e.zone)
			at := ""
			if ok {
				at = original(m, sp, start.Location())
			}
			if !ok || want[at] {
				keep = append(keep, v)
				delete(want, at)
			}
		}
		switch {
		case len(keep) == 0:
			e.c.Remove(l)
		case len(keep) < len(all):
			l.SetValue(strings.Join(keep, ","))
		}
	}
	for _, at := range slices.Sorted(maps.Keys(want)) {
		day, err := recur.At(at, start.Location())
		if err != nil {
			return fmt.Errorf("an occurrence that is left out: %w", err)
		}
		l := e.likeStart("EXDATE")
		e.writeLike(l, day, allDay, zone)
		e.c.Add(l)
	}
	for _, o := range overrides(e.cal, e.c) { // one that is left out has nothing of its own
		if slices.Contains(s.Out, e.originalOf(o, sp, start)) {
			e.cal.RemoveComponent(o)
		}
	}
	return nil
}

func (e *edit) originalOf(o *vobject.Component, sp span, start time.Time) string {
	l := o.First("RECURRENCE-ID")
	m, ok := readMoment(e.cal, l, l.Value(), e.zone)
	if !ok {
		return ""
	}
	return original(m, sp, start.Location())
}

// likeStart is a line that has its time written as DTSTART has.
func (e *edit) likeStart(name string) *vobject.Line {
	l := vobject.NewLine(name, "")
	if s := e.c.First("DTSTART"); s != nil {
		l.SetValue(s.Value())
		if id := s.Param("TZID"); id != "" {
			l.SetParam("TZID", id)
		}
	}
	return l
}

// setChanged brings the occurrences that differ in line.
func (e *edit) setChanged(s recur.Series, start time.Time, length time.Duration, allDay bool, zone *time.Location) error {
	sp := span{from: moment{at: start, day: allDay}}
	there := map[string]*vobject.Component{}
	for _, o := range overrides(e.cal, e.c) {
		at := e.originalOf(o, sp, start)
		there[at] = o
		if _, ok := s.Changed[at]; !ok {
			if was, err := recur.Parse(e.now[offline.WordRecurrence]); err == nil && was.Changed[at] != nil {
				e.cal.RemoveComponent(o)
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(s.Changed)) {
		begins, err := recur.At(at, start.Location())
		if err != nil {
			return fmt.Errorf("an occurrence that differs: %w", err)
		}
		o := there[at]
		if o == nil {
			o = e.newOverride(begins, length, allDay, zone)
		}
		if err := e.setOccurrence(o, s.Changed[at], begins, length, allDay, zone); err != nil {
			return err
		}
	}
	return nil
}

// newOverride is an occurrence as its series has it, to be changed.
func (e *edit) newOverride(begins time.Time, length time.Duration, allDay bool, zone *time.Location) *vobject.Component {
	o := vobject.NewComponent("VEVENT")
	for _, l := range e.c.Lines() {
		switch l.Name {
		case "RRULE", "RDATE", "EXDATE", "EXRULE", "DTSTART", "DTEND", "DURATION", propOrg, propRecord, propRegarding:
		default:
			o.Add(l.Clone())
		}
	}
	id := e.likeStart("RECURRENCE-ID")
	e.writeLike(id, begins, allDay, zone)
	o.Add(id)
	for i, name := range [...]string{"DTSTART", "DTEND"} {
		l := e.likeStart(name)
		e.writeLike(l, begins.Add(time.Duration(i)*length), allDay, zone)
		o.Add(l)
	}
	for _, alarm := range e.c.Components() { // the series' do not ring for it (RFC 5545 section 3.8.4.4)
		o.AddComponent(alarm.Clone())
	}
	e.cal.AddComponent(o)
	return o
}

// setOccurrence gives an occurrence the words that differ, and its series' others.
func (e *edit) setOccurrence(o *vobject.Component, differ offline.Fields, begins time.Time, length time.Duration, allDay bool, zone *time.Location) error {
	own := offline.Fields{}
	readTexts(o, own)
	for _, w := range [...]string{offline.WordSubject, "body", "location", "importance", offline.WordShow} {
		v, ok := differ[w]
		if !ok {
			v = e.after(w)
		}
		if own[w] != v {
			setTexts(o, w, v)
		}
	}
	from, to := begins, begins.Add(length)
	if t := differ[offline.WordTime]; t != "" {
		var day bool
		var err error
		if from, to, day, err = recur.Times(t); err != nil {
			return err
		}
		if day != allDay {
			return errors.New("one occurrence of a series can't be a whole day where the others are not")
		}
	}
	if now, ok := readSpan(e.cal, o, e.zone); ok && now.from.at.Equal(from) && now.to.at.Equal(to) {
		return nil
	}
	for _, m := range [...]struct {
		name string
		at   time.Time
	}{{"DTSTART", from}, {"DTEND", to}} {
		l := o.First(m.name)
		if l == nil {
			l = e.likeStart(m.name)
			o.Add(l)
		}
		e.writeLike(l, m.at, allDay, zone)
	}
	o.Remove(o.Lines("DURATION")...)
	return nil
}
