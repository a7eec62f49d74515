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
	put(f, "body", bodyOf(c.First("DESCRIPTION")))
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
