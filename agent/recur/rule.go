package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// days of the week as rules name them, Sunday first as time.Weekday has them.
var days = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// order is that of the parts of a rule in its one spelling.
var order = []string{"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS", "WKST"}

// rule is a rule by its parts.
type rule map[string]string

// parseRule reads the value of an RRULE.
func parseRule(s string) (rule, error) {
	r := rule{}
	for part := range strings.SplitSeq(strings.ToUpper(strings.TrimSpace(s)), ";") {
		if part == "" {
			continue
		}
		k, v, ok := strings.Cut(part, "=")
		if !ok || v == "" || r[k] != "" || !slices.Contains(order, k) && !strings.HasPrefix(k, "X-") {
			return nil, fmt.Errorf("the recurrence rule %q can't be read at %q", s, part)
		}
		r[k] = v
	}
	if !slices.Contains([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"}, r["FREQ"]) {
		return nil, fmt.Errorf("the recurrence rule %q does not say how often", s)
	}
	if r["COUNT"] != "" && r["UNTIL"] != "" {
		return nil, fmt.Errorf("the recurrence rule %q ends twice", s)
	}
	for _, k := range [...]string{"INTERVAL", "COUNT"} {
		if r[k] != "" && r.number(k) < 1 {
			return nil, fmt.Errorf("the recurrence rule %q: %s is no number of times", s, k)
		}
	}
	return r, nil
}

func (r rule) number(key string) int {
	n, err := strconv.Atoi(r[key])
	if err != nil {
		return 0
	}
	return n
}

// String is the rule in the order of its parts, without those that say nothing.
func (r rule) String() string {
	var out []string
	for _, k := range order {
		v := r[k]
		if v == "" || k == "INTERVAL" && r.number(k) == 1 || k == "WKST" && v == "MO" {
			continue
		}
		out = append(out, k+"="+v)
	}
	return strings.Join(out, ";")
}

// Canonical is the one spelling of a rule for a series that begins at start, in
// its zone: two rules that a CRM would keep alike are spelled alike. UNTIL becomes
// the last day on which an occurrence may begin, in that zone.
func Canonical(s string, start time.Time) (string, error) {
	r, err := parseRule(s)
	if err != nil {
		return "", err
	}
	if err := r.untilDay(start); err != nil {
		return "", fmt.Errorf("the recurrence rule %q: %w", s, err)
	}
	if p, err := r.pattern(start); err == nil {
		return FromPattern(p), nil
	}
	for _, k := range [...]string{"BYDAY", "BYMONTHDAY", "BYMONTH"} {
		if r[k] != "" {
			r[k] = sortList(k, r[k])
		}
	}
	return r.String(), nil
}

func sortList(key, list string) string {
	all := strings.Split(list, ",")
	slices.SortStableFunc(all, func(a, b string) int {
		if key == "BYDAY" {
			return dayRank(a) - dayRank(b)
		}
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return strings.Join(slices.Compact(all), ",")
}

// dayRank orders days from Monday to Sunday.
func dayRank(s string) int {
	i := slices.Index(days[:], s[max(0, len(s)-2):])
	return (i + 6) % 7
}

const (
	dateForm     = "20060102"
	localForm    = "20060102T150405"
	untilUTCForm = "20060102T150405Z"
)

// untilDay makes UNTIL a day of start's zone.
func (r rule) untilDay(start time.Time) error {
	u := r["UNTIL"]
	if u == "" || len(u) == len(dateForm) {
		if _, err := time.Parse(dateForm, u); u != "" && err != nil {
			return fmt.Errorf("%q is no day", u)
		}
		return nil
	}
	at, err := time.Parse(untilUTCForm, u)
	if err != nil {
		if at, err = time.ParseInLocation(localForm, u, start.Location()); err != nil {
			return fmt.Errorf("%q is no time", u)
		}
	}
	at = at.In(start.Location())
	sameDay := time.Date(at.Year(), at.Month(), at.Day(), start.Hour(), start.Minute(), start.Second(), 0, start.Location())
	if sameDay.After(at) { // that day's occurrence would begin too late
		at = at.AddDate(0, 0, -1)
	}
	r["UNTIL"] = at.Format(dateForm)
	return nil
}

// ForCalendar is a rule in its one spelling as a calendar has it: UNTIL in UTC
// where occurrences have a time (RFC 5545 section 3.3.10).
func ForCalendar(s string, start time.Time, allDay bool) (string, error) {
	r, err := parseRule(s)
	if err != nil || r["UNTIL"] == "" || allDay || len(r["UNTIL"]) != len(dateForm) {
		return s, err
	}
	day, err := time.Parse(dateForm, r["UNTIL"])
	if err != nil {
		return "", fmt.Errorf("the recurrence rule %q: %q is no day", s, r["UNTIL"])
	}
	last := time.Date(day.Year(), day.Month(), day.Day(), start.Hour(), start.Minute(), start.Second(), 0, start.Location())
	r["UNTIL"] = last.UTC().Format(untilUTCForm)
	return r.String(), nil
}
