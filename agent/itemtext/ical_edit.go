package itemtext

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/agent/vobject"
	"postrider/offline"
)

// editEvent changes the words of an appointment.
func (e *edit) editEvent() error {
	for _, w := range e.words() {
		v := e.change[w]
		switch w {
		case offline.WordCategories:
			e.setCategories(v)
		case offline.WordPrivate:
			e.setPrivate(v)
		case offline.WordRegarding:
			e.setProp(propRegarding, v)
		case offline.WordOrganizer:
			e.setOrganizer(v)
		case offline.WordRequired:
			e.setPeople(w, v, "REQ-PARTICIPANT")
		case offline.WordOptional:
			e.setPeople(w, v, "OPT-PARTICIPANT")
		case offline.WordTime, offline.WordZone, offline.WordRecurrence:
		default:
			setTexts(e.c, w, v)
		}
	}
	e.organize()
	_, when := e.change[offline.WordTime]
	_, zone := e.change[offline.WordZone]
	_, rule := e.change[offline.WordRecurrence]
	if !when && !zone && !rule {
		return nil
	}
	if err := e.setTimes(); err != nil {
		return err
	}
	e.countUp()
	return nil
}

// countUp raises the number by which guests' programs tell that a meeting was
// changed (RFC 5546 section 2.1.4). That is its organizer's alone.
func (e *edit) countUp() {
	if by := e.c.First("ORGANIZER"); e.fresh || by != nil && !slices.Contains(e.t.Own, addressOf(personOf(by))) {
		return
	}
	seq := e.c.First("SEQUENCE")
	if seq == nil && len(e.c.Lines("ATTENDEE")) == 0 {
		return
	}
	n := 0
	if seq != nil {
		n, _ = strconv.Atoi(seq.Value())
	}
	e.setRaw("SEQUENCE", strconv.Itoa(n+1))
}

// setTexts sets a word of an appointment or of one of its occurrences.
func setTexts(c *vobject.Component, w, v string) {
	switch w {
	case offline.WordSubject:
		setText(c, "SUMMARY", v)
	case "location":
		setText(c, "LOCATION", v)
	case "body":
		setBody(c, v)
	case "importance":
		setImportance(c, v)
	case offline.WordShow:
		setShow(c, v)
	}
}

func setImportance(c *vobject.Component, v string) {
	n := map[string]string{"high": "1", "low": "9"}[v]
	if n == "" && c.First("PRIORITY") != nil {
		n = "5"
	}
	setRaw(c, "PRIORITY", n)
}

// setShow says whether the time is taken in the properties that say it already,
// and in those that are needed to say it.
func setShow(c *vobject.Component, v string) {
	transp := "OPAQUE"
	if v == "free" {
		transp = "TRANSPARENT"
	}
	if c.First("TRANSP") != nil || v == "free" {
		setRaw(c, "TRANSP", transp)
	}
	if strings.EqualFold(textOf(c, "STATUS"), "TENTATIVE") {
		setRaw(c, "STATUS", "CONFIRMED")
	}
	if c.First(busyStatus) != nil || v == "tentative" || v == "oof" {
		setRaw(c, busyStatus, strings.ToUpper(v))
	}
}

// setOrganizer names the organizer where there is none; who organizes a meeting
// does not change.
func (e *edit) setOrganizer(v string) {
	if e.c.First("ORGANIZER") != nil || v == "" {
		return
	}
	e.c.Add(personLine("ORGANIZER", v))
}

// organize names the user as organizer of a meeting that has guests and nobody to
// invite them (RFC 5546 section 3.2).
func (e *edit) organize() {
	if len(e.t.Own) > 0 && len(e.c.Lines("ATTENDEE")) > 0 && e.c.First("ORGANIZER") == nil {
		e.c.Add(personLine("ORGANIZER", e.t.Own[0]))
	}
}

func personLine(name, person string, params ...vobject.Param) *vobject.Line {
	addr, cn, _ := strings.Cut(person, " ")
	if cn != "" {
		params = append([]vobject.Param{{Name: "CN", Values: []string{cn}}}, params...)
	}
	return vobject.NewLine(name, "mailto:"+addr, params...)
}

// setPeople brings the guests of one role in line. What others answered stays on
// their lines.
func (e *edit) setPeople(word, v, role string) {
	want := map[string]string{}
	for p := range strings.SplitSeq(v, "\n") {
		if p != "" {
			want[addressOf(p)] = p
		}
	}
	other := e.after(map[string]string{offline.WordRequired: offline.WordOptional, offline.WordOptional: offline.WordRequired}[word])
	organizer := ""
	if l := e.c.First("ORGANIZER"); l != nil {
		organizer = addressOf(personOf(l))
	}
	for _, l := range e.c.Lines("ATTENDEE") {
		addr := addressOf(personOf(l))
		switch {
		case addr == "" || roleOf(l) == "" || addr == organizer:
		case want[addr] != "":
			if roleOf(l) != word {
				l.SetParam("ROLE", role)
			}
			delete(want, addr)
		case roleOf(l) == word && !slices.ContainsFunc(strings.Split(other, "\n"), func(p string) bool { return addressOf(p) == addr }):
			e.c.Remove(l)
		}
	}
	for _, addr := range slices.Sorted(maps.Keys(want)) {
		e.c.Add(personLine("ATTENDEE", want[addr], vobject.Param{Name: "ROLE", Values: []string{role}}, vobject.Param{Name: "PARTSTAT", Values: []string{"NEEDS-ACTION"}}))
	}
}

// setTimes writes when the appointment is, and how it recurs.
func (e *edit) setTimes() error {
	from, to, allDay, err := recur.Times(e.after(offline.WordTime))
	if err != nil {
		return err
	}
	word := e.after(offline.WordRecurrence)
	zone, err := e.writeZone(word != "" && !allDay)
	if err != nil {
		return err
	}
	if v, ok := e.change[offline.WordTime]; ok && v != "" || e.change[offline.WordZone] != "" {
		e.writeMoment("DTSTART", from, allDay, zone)
		e.writeMoment("DTEND", to, allDay, zone)
		e.c.Remove(e.c.Lines("DURATION")...)
	}
	if _, ok := e.change[offline.WordRecurrence]; !ok {
		return nil
	}
	if word == "" {
		e.c.Remove(e.c.Lines("RRULE", "EXDATE")...)
		for _, o := range overrides(e.cal, e.c) {
			e.cal.RemoveComponent(o)
		}
		return nil
	}
	return e.setSeries(word, from, to, allDay, zone)
}

// writeZone is the zone to write times in; nil: the one that the text has, or UTC.
// Where it is new to the text its definition is put in.
func (e *edit) writeZone(recurs bool) (*time.Location, error) {
	start := e.c.First("DTSTART")
	name := e.after(offline.WordZone)
	if !recurs || name == "" || name == "UTC" {
		if start == nil {
			return time.UTC, nil
		}
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("the time zone %q is not known: %w", name, err)
	}
	if start != nil && start.Param("TZID") != "" {
		if z := zoneOf(e.cal, start.Param("TZID")); z != nil && z.String() == name {
			return nil, nil
		}
	}
	if len(definitions(e.cal, name)) == 0 {
		from, _, _, err := recur.Times(e.after(offline.WordTime))
		if err != nil {
			return nil, err
		}
		e.cal.InsertComponent(defineZone(zone, from), "VEVENT")
	}
	return zone, nil
}

func (e *edit) writeMoment(name string, at time.Time, allDay bool, zone *time.Location) {
	l := e.c.First(name)
	if l == nil {
		l = e.likeStart(name)
		e.c.Add(l)
	}
	e.writeLike(l, at, allDay, zone)
}

// writeLike writes a time as the property has it now: in its zone, in UTC or
// floating. A zone that is given is taken instead.
func (e *edit) writeLike(l *vobject.Line, at time.Time, allDay bool, zone *time.Location) {
	id := l.Param("TZID")
	switch {
	case allDay:
		l.SetParam("TZID")
		l.SetParam("VALUE", "DATE")
		l.SetValue(at.Format(dateForm))
		return
	case zone != nil && zone != time.UTC:
		l.SetParam("VALUE")
		l.SetParam("TZID", zone.String())
		l.SetValue(at.In(zone).Format(localForm))
		return
	case zone == nil && id != "":
		if z := zoneOf(e.cal, id); z != nil {
			l.SetParam("VALUE")
			l.SetValue(at.In(z).Format(localForm))
			return
		}
	case zone == nil && len(l.Value()) == len(localForm):
		l.SetParam("VALUE")
		l.SetValue(at.In(e.zone).Format(localForm))
		return
	}
	l.SetParam("TZID")
	l.SetParam("VALUE")
	l.SetValue(at.UTC().Format(utcForm))
}
