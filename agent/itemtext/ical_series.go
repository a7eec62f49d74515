package itemtext

import (
	"slices"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/agent/vobject"
	"postrider/offline"
)

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
