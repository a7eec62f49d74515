package itemtext

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // systems without a time zone database read calendars, too

	"github.com/teambition/rrule-go"

	"postrider/agent/vobject"
)

// moment is a DTSTART, DUE or the like: an instant, or a day.
type moment struct {
	at       time.Time // of a day: its midnight in UTC
	day      bool
	floating bool // it names no zone
	zone     *time.Location
}

const (
	dateForm  = "20060102"
	localForm = "20060102T150405"
	utcForm   = "20060102T150405Z"
)

// readMoment reads a value of DATE or DATE-TIME. cal has the time zones that it
// may name, zone is the user's.
func readMoment(cal *vobject.Component, l *vobject.Line, value string, zone *time.Location) (moment, bool) {
	value = strings.TrimSpace(value)
	if t, err := time.Parse(dateForm, value); err == nil {
		return moment{at: t, day: true, zone: time.UTC}, true
	}
	if t, err := time.Parse(utcForm, value); err == nil {
		return moment{at: t, zone: time.UTC}, true
	}
	if _, err := time.Parse(localForm, value); err != nil {
		return moment{}, false
	}
	id := l.Param("TZID")
	if id == "" {
		t, _ := time.ParseInLocation(localForm, value, zone)
		return moment{at: t, floating: true, zone: zone}, true
	}
	if z := zoneOf(cal, id); z != nil {
		t, _ := time.ParseInLocation(localForm, value, z)
		return moment{at: t, zone: z}, true
	}
	if t, ok := customTime(cal, id, value); ok {
		return moment{at: t}, true
	}
	t, _ := time.ParseInLocation(localForm, value, zone)
	return moment{at: t, floating: true, zone: zone}, true
}

// zoneOf finds the zone that a TZID means: by its own name, by that of Windows,
// by the end of a longer name, or by what its definition looks like.
func zoneOf(cal *vobject.Component, id string) *time.Location {
	if z := zoneByName(id); z != nil {
		return z
	}
	defs := definitions(cal, id)
	if len(defs) == 0 {
		return nil
	}
	if z := zoneByName(textOf(defs[0], "X-LIC-LOCATION")); z != nil {
		return z
	}
	return zoneLike(defs[0])
}

func zoneByName(id string) *time.Location {
	if id == "" || strings.EqualFold(id, "local") {
		return nil
	}
	if name, ok := windowsZones[id]; ok {
		id = name
	}
	for id != "" {
		if z, err := time.LoadLocation(id); err == nil {
			return z
		}
		_, rest, ok := strings.Cut(id, "/")
		if !ok {
			return nil
		}
		id = rest
	}
	return nil
}

func definitions(cal *vobject.Component, id string) (out []*vobject.Component) {
	if cal == nil {
		return nil
	}
	for _, z := range cal.Components("VTIMEZONE") {
		if textOf(z, "TZID") == id {
			out = append(out, z)
		}
	}
	return out
}

// zoneLike finds a well-known zone that has been a definition's double for three
// years and will be for as long.
func zoneLike(def *vobject.Component) *time.Location {
	for _, name := range wellKnown {
		z, err := time.LoadLocation(name)
		if err != nil {
			continue
		}
		alike := true
		for m := 0; m < 72 && alike; m++ {
			at := time.Date(2023, time.Month(1+m), 15, 12, 0, 0, 0, time.UTC)
			_, want := at.In(z).Zone()
			got, ok := offsetAt(def, at.In(z))
			alike = ok && got == want
		}
		if alike {
			return z
		}
	}
	return nil
}

// customTime reads a local time by the definition of its zone.
func customTime(cal *vobject.Component, id, value string) (time.Time, bool) {
	for _, def := range definitions(cal, id) {
		local, err := time.Parse(localForm, value)
		if err != nil {
			return local, false
		}
		if off, ok := offsetAt(def, local); ok {
			return local.Add(-time.Duration(off) * time.Second), true
		}
	}
	return time.Time{}, false
}

// offsetAt is the offset from UTC, in seconds, that a VTIMEZONE gives a local
// time: that of the observance that began last (RFC 5545 section 3.6.5).
func offsetAt(def *vobject.Component, at time.Time) (offset int, ok bool) {
	local := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	var latest time.Time
	for _, o := range def.Components("STANDARD", "DAYLIGHT") {
		from, err := time.Parse(localForm, textOf(o, "DTSTART"))
		to, good := parseOffset(textOf(o, "TZOFFSETTO"))
		if err != nil || !good {
			continue
		}
		onset := lastOnset(o, from, local)
		if onset.IsZero() && !ok || !onset.IsZero() && onset.After(latest) {
			if latest, offset, ok = onset, to, true; onset.IsZero() {
				if before, good := parseOffset(textOf(o, "TZOFFSETFROM")); good {
					offset = before
				}
			}
		}
	}
	return offset, ok
}

// lastOnset is when an observance began last before a local time; zero: never.
func lastOnset(o *vobject.Component, from, local time.Time) (last time.Time) {
	if !from.After(local) {
		last = from
	}
	if rule := textOf(o, "RRULE"); rule != "" {
		opt, err := rrule.StrToROption(rule)
		if err != nil {
			return last
		}
		opt.Dtstart = from
		if from.Before(local.AddDate(-30, 0, 0)) && opt.Count == 0 {
			opt.Dtstart = time.Date(local.Year()-3, from.Month(), from.Day(), from.Hour(), from.Minute(), from.Second(), 0, time.UTC)
		}
		if r, err := rrule.NewRRule(*opt); err == nil {
			if t := r.Before(local, true); t.After(last) {
				last = t
			}
		}
	}
	for _, l := range o.Lines("RDATE") {
		for v := range strings.SplitSeq(l.Value(), ",") {
			if t, err := time.Parse(localForm, v); err == nil && !t.After(local) && t.After(last) {
				last = t
			}
		}
	}
	return last
}

// parseOffset reads a UTC-OFFSET (RFC 5545 section 3.3.14) as seconds.
func parseOffset(s string) (int, bool) {
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	n, err := strconv.Atoi((s[1:] + "00")[:6])
	if err != nil {
		return 0, false
	}
	secs := n/10000*3600 + n/100%100*60 + n%100
	if s[0] == '-' {
		secs = -secs
	}
	return secs, true
}

// defineZone is a VTIMEZONE for a zone, from the year of a time on (RFC 5545
// section 3.6.5).
func defineZone(z *time.Location, from time.Time) *vobject.Component {
	c := vobject.NewComponent("VTIMEZONE")
	c.Add(vobject.NewLine("TZID", z.String()))
	year := from.In(z).Year()
	began := time.Date(year-1, 1, 1, 0, 0, 0, 0, z)
	changes := transitions(z, time.Date(year-1, 6, 1, 0, 0, 0, 0, z), time.Date(year, 12, 31, 0, 0, 0, 0, z))
	if len(changes) < 2 {
		_, off := from.In(z).Zone()
		c.AddComponent(observance("STANDARD", began, off, off, ""))
		return c
	}
	for _, at := range changes[len(changes)-2:] {
		_, before := at.Add(-time.Second).Zone()
		_, after := at.Zone()
		name := "STANDARD"
		if at.IsDST() {
			name = "DAYLIGHT"
		}
		local := at.UTC().Add(time.Duration(before) * time.Second)
		nth := (local.Day()-1)/7 + 1
		if local.AddDate(0, 0, 7).Month() != local.Month() {
			nth = -1
		}
		rule := fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", int(local.Month()), nth, strings.ToUpper(local.Weekday().String()[:2]))
		c.AddComponent(observance(name, time.Date(local.Year()-1, local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC), before, after, rule))
	}
	return c
}

func observance(name string, start time.Time, before, after int, rule string) *vobject.Component {
	o := vobject.NewComponent(name)
	o.Add(vobject.NewLine("DTSTART", start.Format(localForm)))
	o.Add(vobject.NewLine("TZOFFSETFROM", formatOffset(before)))
	o.Add(vobject.NewLine("TZOFFSETTO", formatOffset(after)))
	if rule != "" {
		o.Add(vobject.NewLine("RRULE", rule))
	}
	return o
}

func formatOffset(s int) string {
	sign := '+'
	if s < 0 {
		sign, s = '-', -s
	}
	return fmt.Sprintf("%c%02d%02d", sign, s/3600, s/60%60)
}

// transitions are the changes of a zone's offset in a span of time.
func transitions(z *time.Location, from, to time.Time) (out []time.Time) {
	for at := from; at.Before(to); {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(to) {
			return out
		}
		out = append(out, end)
		at = end
	}
	return out
}
