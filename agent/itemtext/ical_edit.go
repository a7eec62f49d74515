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
	if seq := e.c.First("SEQUENCE"); !e.fresh && (seq != nil || len(e.c.Lines("ATTENDEE")) > 0) {
		n := 0
		if seq != nil {
			fmt.Sscan(seq.Value(), &n)
		}
		e.setRaw("SEQUENCE", fmt.Sprint(n+1)) // RFC 5546 section 2.1.4
	}
	return nil
}

// setTexts sets a word of an appointment or of one of its occurrences.
func setTexts(c *vobject.Component, w, v string) {
	switch w {
	case offline.WordSubject:
		setText(c, "SUMMARY", v)
	case "location":
		setText(c, "LOCATION", v)
	case "body":
		setText(c, "DESCRIPTION", v)
		c.Remove(c.Lines("X-ALT-DESC")...) // it says what the body was
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
	for name, at := range map[string]time.Time{"DTSTART": begins, "DTEND": begins.Add(length)} {
		l := e.likeStart(name)
		e.writeLike(l, at, allDay, zone)
		o.Add(l)
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
