package recur

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Pattern is a recurrence as a CRM keeps it (Dataverse: recurringappointmentmaster).
// It can say less than a rule.
type Pattern struct {
	Kind     PatternKind
	Interval int // of days, weeks, months or years; 1 or more
	// Days are the days of the week, Sunday 1, Monday 2, Tuesday 4 to Saturday 64:
	// of a weekly pattern, and of one by Nth.
	Days  int
	Day   int // of the month; a month that is too short has it on its last day
	Month int // of a yearly pattern
	Nth   int // of Days in the month: 1 to 4, 5 the last; 0: it is by Day
	// Count is how many occurrences there are, Until the day of the last one
	// ("20261224"). Neither: it has no end.
	Count    int
	Until    string
	FirstDay int // of the week, Sunday 0; it matters to weekly patterns of every few weeks
}

// PatternKind is what the interval of a pattern counts.
type PatternKind int

// The kinds, numbered as Dataverse does (recurrencepatterntype).
const (
	Daily PatternKind = iota
	Weekly
	Monthly
	Yearly
)

const (
	lastNth     = 5
	everyDay    = 127
	workdays    = 2 | 4 | 8 | 16 | 32
	maxCount    = 999
	maxInterval = 1000
)

// ToPattern says a rule as a pattern, for a series whose first occurrence begins
// at start, in its zone. Where that can't be done the error says why, for people.
func ToPattern(s string, start time.Time) (Pattern, error) {
	r, err := parseRule(s)
	if err != nil {
		return Pattern{}, err
	}
	if err := r.untilDay(start); err != nil {
		return Pattern{}, err
	}
	return r.pattern(start)
}

var errFreq = errors.New("the CRM knows nothing that comes several times a day")

func (r rule) pattern(start time.Time) (p Pattern, err error) {
	p = Pattern{Interval: max(1, r.number("INTERVAL")), Count: r.number("COUNT"), Until: r["UNTIL"], FirstDay: 1}
	for _, k := range [...]string{"BYWEEKNO", "BYYEARDAY", "BYHOUR", "BYMINUTE", "BYSECOND"} {
		if r[k] != "" {
			return p, fmt.Errorf("the CRM can't express %s in a recurrence", k)
		}
	}
	for k := range r {
		if strings.HasPrefix(k, "X-") {
			return p, fmt.Errorf("the CRM can't express %s in a recurrence", k)
		}
	}
	switch r["FREQ"] {
	case "DAILY":
		err = r.daily(&p)
	case "WEEKLY":
		err = r.weekly(&p, start)
	case "MONTHLY":
		p.Kind = Monthly
		err = r.inMonth(&p, start)
	case "YEARLY":
		p.Kind = Yearly
		err = r.inYear(&p, start)
	default:
		return p, errFreq
	}
	switch {
	case err != nil:
	case p.Count > maxCount:
		err = fmt.Errorf("the CRM takes no more than %d occurrences", maxCount)
	case p.Interval > maxInterval:
		err = fmt.Errorf("the CRM takes no interval of more than %d", maxInterval)
	case p.Until != "" && p.Until < start.Format(dateForm):
		err = errors.New("it ends before it begins")
	case !p.on(start):
		err = errors.New("its first appointment is not on a day of its own rule")
	}
	return p, err
}

func (r rule) only(what string, keys ...string) error {
	for _, k := range [...]string{"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"} {
		if r[k] != "" && !slices.Contains(keys, k) {
			return fmt.Errorf("the CRM can't express %s of %s", k, what)
		}
	}
	return nil
}

func (r rule) daily(p *Pattern) error {
	if r["BYDAY"] != "" && p.Interval == 1 {
		p.Kind = Weekly
		mask, nth, err := parseDays(r["BYDAY"])
		if p.Days = mask; err == nil && nth != 0 {
			err = errors.New("the CRM can't express numbered days of the week, each day")
		}
		return errors.Join(err, r.only("what comes each day", "BYDAY"))
	}
	return r.only("what comes each few days")
}

func (r rule) weekly(p *Pattern, start time.Time) error {
	p.Kind = Weekly
	p.Days = 1 << start.Weekday()
	if r["BYDAY"] != "" {
		mask, nth, err := parseDays(r["BYDAY"])
		if err != nil {
			return err
		}
		if nth != 0 {
			return errors.New("the CRM can't express numbered days of a week")
		}
		p.Days = mask
	}
	if i := slices.Index(days[:], r["WKST"]); i >= 0 && p.Interval > 1 && bits.OnesCount(uint(p.Days)) > 1 {
		p.FirstDay = i
	}
	return r.only("what comes each week", "BYDAY")
}

// inMonth reads a day of the month: by its number, or the nth of some days of the
// week.
func (r rule) inMonth(p *Pattern, start time.Time) error {
	if p.Kind == Monthly && r["BYMONTH"] != "" {
		return errors.New("the CRM can't express single months of what comes each month")
	}
	if r["BYDAY"] != "" {
		return r.nthInMonth(p)
	}
	if r["BYSETPOS"] != "" {
		// The 28th, 29th or 30th, or the last day where the month is shorter.
		for last, list := range map[int]string{29: "28,29", 30: "28,29,30", 31: "28,29,30,31"} {
			if r["BYSETPOS"] == "-1" && sortList("BYMONTHDAY", r["BYMONTHDAY"]) == list {
				p.Day = last
				return nil
			}
		}
		return errors.New("the CRM can't express BYSETPOS of days of the month")
	}
	switch v := r["BYMONTHDAY"]; {
	case v == "":
		p.Day = start.Day()
	case v == "-1":
		p.Days, p.Nth = everyDay, lastNth
		return nil
	case strings.ContainsAny(v, ",-"):
		return errors.New("the CRM can't express several days of a month, or days counted from its end")
	default:
		p.Day = r.number("BYMONTHDAY")
	}
	if p.Day < 1 || p.Day > 31 {
		return fmt.Errorf("a month has no day %d", p.Day)
	}
	if p.Kind == Monthly && p.Day > 28 {
		return fmt.Errorf("the CRM moves the day %d to the last one of a shorter month, where the calendar leaves that month out", p.Day)
	}
	return nil
}

func (r rule) nthInMonth(p *Pattern) error {
	mask, nth, err := parseDays(r["BYDAY"])
	if err != nil {
		return err
	}
	if r["BYMONTHDAY"] != "" {
		return errors.New("the CRM can't express days of the week that are days of the month, too")
	}
	if set := r["BYSETPOS"]; set != "" {
		if nth != 0 {
			return errors.New("the CRM can't express numbered days of the week with BYSETPOS")
		}
		if nth, err = strconv.Atoi(set); err != nil {
			return errors.New("the CRM can't express several positions")
		}
	} else if bits.OnesCount(uint(mask)) > 1 {
		return errors.New("the CRM can't express several days of the week in a month")
	}
	switch {
	case nth == -1:
		nth = lastNth
	case nth == 0:
		return errors.New("the CRM can't express each such day of the week in a month")
	case nth < 1 || nth > 4:
		return errors.New("the CRM knows the first four of a month and the last only")
	}
	p.Days, p.Nth = mask, nth
	return nil
}

func (r rule) inYear(p *Pattern, start time.Time) error {
	p.Month = int(start.Month())
	if v := r["BYMONTH"]; v != "" {
		if p.Month = r.number("BYMONTH"); p.Month < 1 || p.Month > 12 {
			return errors.New("the CRM can't express several months of a year")
		}
	} else if r["BYDAY"] != "" {
		return errors.New("the CRM can't express days of the week counted in a year")
	} else if r["BYMONTHDAY"] != "" {
		return errors.New("the CRM can't express a day of each month as a yearly recurrence")
	}
	if err := r.inMonth(p, start); err != nil {
		return err
	}
	if length := time.Date(2025, time.Month(p.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day(); p.Nth == 0 && p.Day > length && r["BYSETPOS"] == "" {
		return fmt.Errorf("the CRM moves the day %d to the last one of a shorter month, where the calendar leaves that year out", p.Day)
	}
	return nil
}

// parseDays reads BYDAY. nth is the number before a single day.
func parseDays(list string) (mask, nth int, err error) {
	all := strings.Split(list, ",")
	for _, d := range all {
		i := slices.Index(days[:], d[max(0, len(d)-2):])
		if i < 0 {
			return 0, 0, fmt.Errorf("%q is no day of the week", d)
		}
		if n := d[:len(d)-2]; n != "" {
			if nth, err = strconv.Atoi(n); err != nil || len(all) > 1 {
				return 0, 0, errors.New("the CRM can't express several numbered days of the week")
			}
		}
		mask |= 1 << i
	}
	return mask, nth, nil
}

// on reports whether a pattern can have an occurrence on the day of a time.
func (p Pattern) on(at time.Time) bool {
	length := time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch {
	case p.Kind == Daily:
		return true
	case p.Kind == Yearly && int(at.Month()) != p.Month:
		return false
	case p.Kind == Weekly:
		return p.Days>>at.Weekday()&1 == 1
	case p.Nth == 0:
		return at.Day() == min(p.Day, length)
	}
	first, step := 1, 1
	if p.Nth == lastNth {
		first, step = length, -1
	}
	left := p.Nth
	if p.Nth == lastNth {
		left = 1
	}
	for d := first; d >= 1 && d <= length; d += step {
		if p.Days>>time.Date(at.Year(), at.Month(), d, 0, 0, 0, 0, time.UTC).Weekday()&1 == 1 {
			if left--; left == 0 {
				return d == at.Day()
			}
		}
	}
	return false
}

// FromPattern is the rule, in its one spelling, that says what a pattern does.
func FromPattern(p Pattern) string {
	r := rule{"FREQ": [...]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[p.Kind], "UNTIL": p.Until}
	set := func(key string, n int) {
		if n != 0 {
			r[key] = strconv.Itoa(n)
		}
	}
	set("INTERVAL", p.Interval)
	set("COUNT", p.Count)
	switch {
	case p.Kind == Daily:
		return r.String()
	case p.Kind == Weekly:
		r["BYDAY"] = listDays(p.Days)
		if p.Interval > 1 && bits.OnesCount(uint(p.Days)) > 1 {
			r["WKST"] = days[p.FirstDay%7]
		}
		return r.String()
	case p.Kind == Yearly:
		set("BYMONTH", p.Month)
	}
	p.dayInMonth(r, set)
	return r.String()
}

func (p Pattern) dayInMonth(r rule, set func(string, int)) {
	length := 31
	if p.Kind == Yearly {
		length = time.Date(2025, time.Month(p.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	nth := p.Nth
	if nth == lastNth {
		nth = -1
	}
	switch {
	case p.Nth != 0 && p.Days == everyDay:
		set("BYMONTHDAY", nth)
	case p.Nth != 0 && bits.OnesCount(uint(p.Days)) == 1:
		r["BYDAY"] = strconv.Itoa(nth) + listDays(p.Days)
	case p.Nth != 0:
		r["BYDAY"] = listDays(p.Days)
		set("BYSETPOS", nth)
	case p.Day == 31 && p.Kind == Monthly, p.Kind == Yearly && p.Day > 29 && p.Day > length, p.Kind == Yearly && p.Month == 2 && p.Day == 29:
		set("BYMONTHDAY", -1)
	case p.Kind == Monthly && p.Day > 28:
		r["BYMONTHDAY"], r["BYSETPOS"] = [...]string{"28,29", "28,29,30"}[p.Day-29], "-1"
	default:
		set("BYMONTHDAY", p.Day)
	}
}

func listDays(mask int) string {
	var out []string
	for i := range 7 {
		if d := (i + 1) % 7; mask>>d&1 == 1 {
			out = append(out, days[d])
		}
	}
	return strings.Join(out, ",")
}
