package recur

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"postrider/offline"
)

// Series is what the word of recurrence says: a rule, and the occurrences that
// don't follow it, by the local time at which they would begin (20261203T090000;
// of whole days 20261203).
type Series struct {
	Rule    string // in its one spelling
	Out     []string
	Changed map[string]offline.Fields // the words that differ
}

// Parse reads the word of recurrence.
func Parse(s string) (Series, error) {
	lines := strings.Split(s, "\n")
	out := Series{Rule: lines[0], Changed: map[string]offline.Fields{}}
	if _, err := parseRule(out.Rule); err != nil {
		return out, err
	}
	for _, l := range lines[1:] {
		switch {
		case strings.HasPrefix(l, "-"):
			out.Out = append(out.Out, l[1:])
		case strings.HasPrefix(l, "="):
			at, text, _ := strings.Cut(l[1:], " ")
			f := offline.Fields{}
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				return out, fmt.Errorf("the occurrence at %s of a series can't be read: %w", at, err)
			}
			out.Changed[at] = f
		default:
			return out, fmt.Errorf("%q is no part of a recurrence", l)
		}
	}
	return out, nil
}

// String is the word of recurrence, the same for the same series.
func (s Series) String() string {
	lines := map[string]string{}
	for _, at := range s.Out {
		lines[at] = "-" + at
	}
	for at, f := range s.Changed {
		text, err := json.Marshal(f)
		if err != nil {
			continue // of texts, it never fails
		}
		lines[at] = "=" + at + " " + string(text)
	}
	out := []string{s.Rule}
	for _, at := range slices.Sorted(maps.Keys(lines)) {
		out = append(out, lines[at])
	}
	return strings.Join(out, "\n")
}

// Occurrence is one time that a series comes.
type Occurrence struct {
	Original   string // local time at which the rule has it, as in Series
	Start, End time.Time
	Changed    offline.Fields // what differs; nil: nothing
}

// maxSteps bounds how many occurrences are looked at to find those of a window.
const maxSteps = 20_000

// Expand lists the occurrences that touch the time from from up to to, at most max
// of them, in order. start is the first one's, in the zone of the series (of whole
// days: UTC), length how long each takes.
func (s Series) Expand(start time.Time, length time.Duration, allDay bool, from, to time.Time, max int) ([]Occurrence, error) {
	o, err := s.option(start)
	if err != nil {
		return nil, err
	}
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, fmt.Errorf("the recurrence rule %q: %w", s.Rule, err)
	}
	var out []Occurrence
	days := int(length.Hours() / 24)
	next := r.Iterator()
	for range maxSteps {
		at, ok := next()
		if !ok || at.After(to) && len(s.Changed) == 0 {
			break
		}
		end := at.Add(length)
		if allDay {
			end = at.AddDate(0, 0, days)
		}
		one := Occurrence{Original: Original(at, allDay), Start: at, End: end}
		if slices.Contains(s.Out, one.Original) {
			continue
		}
		if f, ok := s.Changed[one.Original]; ok {
			one.Changed = f
			if from, to, _, err := Times(f[offline.WordTime]); err == nil {
				one.Start, one.End = from.In(start.Location()), to.In(start.Location())
			}
		}
		if one.Start.Before(to) && (one.End.After(from) || one.Start.Equal(from)) {
			if out = append(out, one); len(out) == max {
				break
			}
		}
		if at.After(to.AddDate(1, 0, 0)) { // what was moved, was not moved by more than a year
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Occurrence) int { return a.Start.Compare(b.Start) })
	return out, nil
}

func (s Series) option(start time.Time) (*rrule.ROption, error) {
	r, err := parseRule(s.Rule)
	if err != nil {
		return nil, err
	}
	until := r["UNTIL"]
	delete(r, "UNTIL")
	o, err := rrule.StrToROption(r.String())
	if err != nil {
		return nil, fmt.Errorf("the recurrence rule %q: %w", s.Rule, err)
	}
	o.Dtstart = start
	if until != "" {
		day, err := time.ParseInLocation(dateForm, until, start.Location())
		if err != nil {
			return nil, fmt.Errorf("the recurrence rule %q: %q is no day", s.Rule, until)
		}
		o.Until = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	return o, nil
}

// Original is how a series names the occurrence that its rule has at a time.
func Original(at time.Time, allDay bool) string {
	if allDay {
		return at.Format(dateForm)
	}
	return at.Format(localForm)
}

// At is the time of an occurrence that a series names, in its zone.
func At(original string, zone *time.Location) (time.Time, error) {
	if len(original) == len(dateForm) {
		return time.ParseInLocation(dateForm, original, zone)
	}
	return time.ParseInLocation(localForm, original, zone)
}

// Times reads the word of time: two instants, or two days (then in UTC).
func Times(s string) (from, to time.Time, allDay bool, err error) {
	a, b, ok := strings.Cut(s, "/")
	if !ok {
		return from, to, false, fmt.Errorf("%q is no time of an appointment", s)
	}
	form := time.RFC3339
	if allDay = len(a) == len(time.DateOnly); allDay {
		form = time.DateOnly
	}
	if from, err = time.Parse(form, a); err == nil {
		to, err = time.Parse(form, b)
	}
	if err != nil {
		return from, to, allDay, fmt.Errorf("%q is no time of an appointment: %w", s, err)
	}
	return from, to, allDay, nil
}

// Time is the word of time for an appointment.
func Time(from, to time.Time, allDay bool) string {
	if allDay {
		return from.Format(time.DateOnly) + "/" + to.Format(time.DateOnly)
	}
	return from.UTC().Format(time.RFC3339) + "/" + to.UTC().Format(time.RFC3339)
}

// Missing are the occurrences that the rule has in a window and that are not among
// there: those that were deleted, as far as the window tells.
func (s Series) Missing(start time.Time, allDay bool, from, to time.Time, there map[string]bool) ([]string, error) {
	bare := Series{Rule: s.Rule}
	all, err := bare.Expand(start, 0, allDay, from, to, maxSteps)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range all {
		if !there[o.Original] {
			out = append(out, o.Original)
		}
	}
	return out, nil
}
