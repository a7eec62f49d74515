package itemtext

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/agent/vobject"
	"postrider/offline"
)

// mainComponent finds the VCALENDAR and the component that an item is: the one
// that is no single occurrence of a series.
func mainComponent(file *vobject.File, name string) (cal, c *vobject.Component) {
	for _, cal := range file.Components("VCALENDAR") {
		for _, c := range cal.Components(name) {
			if c.First("RECURRENCE-ID") == nil {
				return cal, c
			}
		}
	}
	return nil, nil
}

// readEvent reads an appointment, with what it is made of where it is a series.
func (t Text) readEvent(file *vobject.File, zone *time.Location) Info {
	in := Info{Fields: offline.Fields{}}
	cal, c := mainComponent(file, "VEVENT")
	if c == nil {
		in.Problem = "it is no appointment"
		for _, cal := range file.Components("VCALENDAR") {
			if one := cal.Components("VEVENT"); len(one) > 0 {
				in.UID = textOf(one[0], "UID")
				in.Problem = "it is a single occurrence of a series that is not in this calendar"
				put(in.Fields, offline.WordSubject, oneLine(textOf(one[0], "SUMMARY")))
			}
		}
		return in
	}
	f := in.Fields
	in.UID, in.Mark = common(c, f, offline.WordRegarding)
	readTexts(c, f)
	t.readPeople(c, f)
	span, ok := readSpan(cal, c, zone)
	if !ok {
		in.Problem = "its time can't be read"
		return in
	}
	f[offline.WordTime] = span.word()
	in.Problem = t.readRecurrence(cal, c, span, zone, f)
	return in
}

// readTexts reads what an occurrence can have of its own, but its time.
func readTexts(c *vobject.Component, f offline.Fields) {
	put(f, offline.WordSubject, oneLine(textOf(c, "SUMMARY")))
	put(f, "body", bodyOf(c, "DESCRIPTION"))
	put(f, "location", oneLine(textOf(c, "LOCATION")))
	put(f, "importance", importance(c))
	f[offline.WordShow] = show(c)
}

// importance reads PRIORITY (RFC 5545 section 3.8.1.9).
func importance(c *vobject.Component) string {
	switch n, _ := strconv.Atoi(textOf(c, "PRIORITY")); {
	case n >= 1 && n <= 4:
		return "high"
	case n >= 6 && n <= 9:
		return "low"
	}
	return ""
}

const busyStatus = "X-MICROSOFT-CDO-BUSYSTATUS"

// show reads whether the time counts as taken.
func show(c *vobject.Component) string {
	switch strings.ToUpper(textOf(c, busyStatus)) {
	case "FREE":
		return "free"
	case "TENTATIVE":
		return "tentative"
	case "OOF":
		return "oof"
	case "BUSY":
		return "busy"
	}
	switch {
	case strings.EqualFold(textOf(c, "TRANSP"), "TRANSPARENT"):
		return "free"
	case strings.EqualFold(textOf(c, "STATUS"), "TENTATIVE"):
		return "tentative"
	}
	return "busy"
}

// readPeople reads who organizes a meeting and who is invited. Rooms and things
// are nobody; the organizer is no guest.
func (t Text) readPeople(c *vobject.Component, f offline.Fields) {
	organizer := ""
	if l := c.First("ORGANIZER"); l != nil {
		if organizer = personOf(l); !slices.Contains(t.Own, addressOf(organizer)) {
			put(f, offline.WordOrganizer, organizer)
		}
	}
	lists := map[string][]string{}
	for _, l := range c.Lines("ATTENDEE") {
		if w := roleOf(l); w != "" && addressOf(personOf(l)) != addressOf(organizer) {
			lists[w] = append(lists[w], personOf(l))
		}
	}
	for w, list := range lists {
		put(f, w, people(list))
	}
}

// people is a list of persons as the words have it: sorted, each address once.
func people(list []string) string {
	slices.Sort(list)
	list = slices.CompactFunc(list, func(a, b string) bool { return addressOf(a) == addressOf(b) })
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "\n")
}

// personOf is a line of ATTENDEE or ORGANIZER as "address name".
func personOf(l *vobject.Line) string {
	v := strings.TrimSpace(l.Value())
	addr := ""
	switch {
	case len(v) > 7 && strings.EqualFold(v[:7], "mailto:"):
		addr = v[7:]
	case l.Param("EMAIL") != "": // RFC 7986 section 6.2
		addr = l.Param("EMAIL")
	case strings.Contains(v, "@") && !strings.Contains(v, ":"):
		addr = v
	}
	if addr = offline.Fold(addr); addr == "" || strings.ContainsAny(addr, " \n") {
		return ""
	}
	name := strings.Join(strings.Fields(l.Param("CN")), " ")
	if name == "" || offline.Fold(name) == addr {
		return addr
	}
	return addr + " " + name
}

func addressOf(person string) string {
	addr, _, _ := strings.Cut(person, " ")
	return addr
}

// roleOf is the word that an attendee belongs to, "" for who takes no part.
func roleOf(l *vobject.Line) string {
	switch strings.ToUpper(l.Param("CUTYPE")) {
	case "ROOM", "RESOURCE":
		return ""
	}
	if personOf(l) == "" {
		return ""
	}
	switch strings.ToUpper(l.Param("ROLE")) {
	case "OPT-PARTICIPANT":
		return offline.WordOptional
	case "NON-PARTICIPANT":
		return ""
	}
	return offline.WordRequired
}

// span is when an appointment is.
type span struct{ from, to moment }

func (s span) word() string { return recur.Time(s.from.at, s.to.at, s.from.day) }

func (s span) length() time.Duration { return s.to.at.Sub(s.from.at) }

// readSpan reads DTSTART with DTEND or DURATION (RFC 5545 section 3.6.1).
func readSpan(cal, c *vobject.Component, zone *time.Location) (s span, ok bool) {
	start := c.First("DTSTART")
	if start == nil {
		return s, false
	}
	if s.from, ok = readMoment(cal, start, start.Value(), zone); !ok {
		return s, false
	}
	s.to = s.from
	if l := c.First("DTEND"); l != nil {
		if to, ok := readMoment(cal, l, l.Value(), zone); ok && to.day == s.from.day && !to.at.Before(s.from.at) {
			s.to = to
		}
	} else if d, ok := readDuration(textOf(c, "DURATION")); ok {
		s.to.at = s.from.at.AddDate(0, 0, d.days).Add(d.rest)
	}
	if s.from.day && !s.to.at.After(s.from.at) {
		s.to.at = s.from.at.AddDate(0, 0, 1)
	}
	return s, true
}

// duration is a DURATION: whole days, which have their own length, and the rest.
type duration struct {
	days int
	rest time.Duration
}

// readDuration reads RFC 5545 section 3.3.6; negative ones are none here.
func readDuration(s string) (d duration, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(s), "+"), "P")
	if !ok {
		return d, false
	}
	days, clock, _ := strings.Cut(s, "T")
	units := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	n := 0
	for i, part := range [...]string{days, clock} {
		for _, c := range []byte(part) {
			switch {
			case c >= '0' && c <= '9':
				if n = n*10 + int(c-'0'); n > 1<<20 {
					return d, false
				}
				continue
			case i == 0 && c == 'W':
				d.days += 7 * n
			case i == 0 && c == 'D':
				d.days += n
			case i == 1 && units[c] != 0:
				d.rest += time.Duration(n) * units[c]
			default:
				return d, false
			}
			n = 0
		}
	}
	return d, true
}

// readRecurrence reads the series that an appointment is; problem says why the CRM
// can't keep it.
func (t Text) readRecurrence(cal, c *vobject.Component, s span, zone *time.Location, f offline.Fields) (problem string) {
	rules := c.Lines("RRULE")
	extra := len(c.Lines("RDATE", "EXRULE")) > 0
	if len(rules) == 0 {
		if extra {
			return "it comes on single days that the CRM can't keep as one appointment"
		}
		return ""
	}
	start, name, ok := seriesStart(s, zone)
	if !ok {
		return "its time zone is not known"
	}
	rule, err := recur.Canonical(rules[0].Value(), start)
	if err != nil {
		return "it recurs in a way that can't be read: " + err.Error()
	}
	series := recur.Series{Rule: rule, Changed: map[string]offline.Fields{}}
	problem = t.readExceptions(cal, c, s, start.Location(), zone, &series, f)
	f[offline.WordRecurrence] = series.String()
	put(f, offline.WordZone, name)
	switch {
	case problem != "":
		return problem
	case len(rules) > 1 || extra:
		return "it recurs by several rules or single days, which the CRM can't keep as one series"
	}
	if _, err := recur.ToPattern(rule, start); err != nil {
		return "it recurs in a way that the CRM can't keep: " + err.Error()
	}
	return ""
}

// seriesStart is the start of a series in its zone, and the zone's name; whole
// days have none.
func seriesStart(s span, zone *time.Location) (start time.Time, name string, ok bool) {
	if s.from.day {
		return s.from.at, "", true
	}
	z := s.from.zone
	if z == nil {
		return s.from.at, "", false
	}
	if z == time.Local {
		z = zone
	}
	return s.from.at.In(z), z.String(), z.String() != "Local"
}

// readExceptions reads what is left out of a series (EXDATE) and what differs
// (RECURRENCE-ID).
func (t Text) readExceptions(cal, c *vobject.Component, s span, in, zone *time.Location, series *recur.Series, f offline.Fields) (problem string) {
	for _, l := range c.Lines("EXDATE") {
		for v := range strings.SplitSeq(l.Value(), ",") {
			if m, ok := readMoment(cal, l, v, zone); ok {
				series.Out = append(series.Out, original(m, s, in))
			}
		}
	}
	for _, o := range overrides(cal, c) {
		id := o.First("RECURRENCE-ID")
		m, ok := readMoment(cal, id, id.Value(), zone)
		if !ok {
			continue
		}
		at := original(m, s, in)
		switch {
		case id.Param("RANGE") != "":
			problem = "a change of this and all later appointments is kept in a way that the CRM can't keep"
		case strings.EqualFold(textOf(o, "STATUS"), "CANCELLED"):
			series.Out = append(series.Out, at)
		default:
			if diff := differs(cal, o, s, m, zone, f); len(diff) > 0 {
				series.Changed[at] = diff
			}
		}
	}
	slices.Sort(series.Out)
	series.Out = slices.Compact(series.Out)
	for _, at := range series.Out {
		delete(series.Changed, at)
	}
	return problem
}

// original names an occurrence by its local start.
func original(m moment, s span, in *time.Location) string {
	if s.from.day {
		return m.at.Format(dateForm)
	}
	if m.day { // some programs name the day alone
		at := s.from.at.In(in)
		return time.Date(m.at.Year(), m.at.Month(), m.at.Day(), at.Hour(), at.Minute(), at.Second(), 0, in).Format(localForm)
	}
	return m.at.In(in).Format(localForm)
}

// overrides are the occurrences of a series that differ from it.
func overrides(cal, c *vobject.Component) (out []*vobject.Component) {
	for _, o := range cal.Components("VEVENT") {
		if o != c && o.First("RECURRENCE-ID") != nil && textOf(o, "UID") == textOf(c, "UID") {
			out = append(out, o)
		}
	}
	return out
}

// differs are the words of an occurrence that are not those of its series. One
// that is not said is not one that differs.
func differs(cal, o *vobject.Component, s span, at moment, zone *time.Location, f offline.Fields) offline.Fields {
	own, diff := offline.Fields{}, offline.Fields{}
	readTexts(o, own)
	for w, prop := range map[string][]string{offline.WordSubject: {"SUMMARY"}, "body": {"DESCRIPTION"}, "location": {"LOCATION"}, "importance": {"PRIORITY"}, offline.WordShow: {"TRANSP", busyStatus, "STATUS"}} {
		said := slices.ContainsFunc(prop, func(p string) bool { return o.First(p) != nil })
		if said && own[w] != f[w] && (own[w] != "" || f[w] != "") {
			diff[w] = own[w]
		}
	}
	if mine, ok := readSpan(cal, o, zone); ok {
		if at.day && !s.from.day {
			return diff
		}
		if mine.from.day != s.from.day || !mine.from.at.Equal(at.at) || mine.length() != s.length() {
			diff[offline.WordTime] = mine.word()
		}
	}
	return diff
}

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
	put(f, "body", bodyOf(c, "DESCRIPTION"))
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
