package localorg

import "time"

// pattern is when a series recurs: the columns of its row, in the words of the
// vendor's reference. Days are civil days of the series' own time zone, kept as
// midnights of UTC.
type pattern struct {
	kind             int64 // 0 daily, 1 weekly, 2 monthly, 3 yearly
	interval         int
	mask             int // Sunday 1, Monday 2, ... Saturday 64
	day, month, nth  int // nth 5: the last
	byNth            bool
	firstDay         int // of the week: Sunday 0
	count            int // 0: no such end
	first, until     time.Time
	start, end       time.Duration // since the midnight of the day
	zone             *time.Location
	hasUntil, allDay bool
}

const (
	daily, weekly, monthly, yearly = 0, 1, 2, 3
	endNever, endCount, endDate    = 1, 2, 3
	weekdayMask                    = 2 | 4 | 8 | 16 | 32
	lastNth                        = 5
)

// occurrence is one day of a series, with the instants that it begins and ends.
type occurrence struct{ start, end stamp }

// readPattern reads the columns of a series. What the pattern needs and does
// not have, or what leaves it without a day, is refused.
func (t *tx) readPattern(r *row) (pattern, error) {
	tab := t.o.schema.byName["recurringappointmentmaster"]
	number := func(name string) int { return int(r.number(tab.cols[name])) }
	p := pattern{kind: r.number(tab.cols["recurrencepatterntype"]), interval: max(1, number("interval")), mask: number("daysofweekmask"),
		day: number("dayofmonth"), month: number("monthofyear"), nth: number("instance"), firstDay: number("firstdayofweek"), zone: t.seriesZone(r)}
	p.byNth = p.kind == monthly && r.truth(tab.cols["isnthmonthly"]) || p.kind == yearly && r.truth(tab.cols["isnthyearly"])
	if p.kind == weekly && p.mask == 0 && r.truth(tab.cols["isweekdaypattern"]) {
		p.mask = weekdayMask
	}
	for _, need := range []struct {
		missing bool
		column  string
	}{
		{p.kind == weekly && p.mask == 0, "daysofweekmask"}, {p.byNth && p.mask == 0, "daysofweekmask"}, {p.byNth && p.nth == 0, "instance"},
		{p.kind >= monthly && !p.byNth && p.day == 0, "dayofmonth"}, {p.kind == yearly && p.month == 0, "monthofyear"},
		{r.get(tab.cols["starttime"]) == nil, "starttime"}, {r.get(tab.cols["endtime"]) == nil, "endtime"},
	} {
		if need.missing {
			return p, badValue("The recurrence pattern is not complete: '%s' is missing.", need.column)
		}
	}
	day := func(name string) time.Time { return p.dayOf(r.get(tab.cols[name])) }
	p.first = day("patternstartdate")
	switch r.number(tab.cols["patternendtype"]) {
	case endCount:
		if p.count = number("occurrences"); p.count == 0 {
			return p, badValue("The recurrence pattern is not complete: 'occurrences' is missing.")
		}
	case endDate:
		if r.get(tab.cols["patternenddate"]) == nil {
			return p, badValue("The recurrence pattern is not complete: 'patternenddate' is missing.")
		}
		p.until, p.hasUntil = day("patternenddate"), true
	}
	from, to := r.get(tab.cols["starttime"]).(stamp), r.get(tab.cols["endtime"]).(stamp)
	if to < from {
		return p, badValue("The end time of a recurring appointment can't be before its start time.")
	}
	local := from.time().In(p.zone)
	p.start = time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	p.end = p.start + time.Duration(to-from)*time.Second
	p.allDay = r.truth(tab.cols["isalldayevent"])
	if len(p.days(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1)) == 0 {
		return p, badValue("The recurrence pattern has no occurrences.")
	}
	return p, nil
}

// dayOf is the civil day of an instant in the series' zone. Days are kept as
// the midnights of somebody's zone: half a day is room enough for any other.
func (p *pattern) dayOf(v any) time.Time {
	s, ok := v.(stamp)
	if !ok {
		return time.Time{}
	}
	at := s.time().In(p.zone)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
}

// at is a time of a civil day as an instant.
func (p *pattern) at(day time.Time, since time.Duration) stamp {
	s := int(since / time.Second)
	return stamp(time.Date(day.Year(), day.Month(), day.Day(), s/3600, s/60%60, s%60, 0, p.zone).Unix())
}

// occurrences are those that begin from the one instant up to the other, in order.
func (p *pattern) occurrences(from, to stamp) (out []occurrence) {
	last := to.time().In(p.zone).AddDate(0, 0, 1)
	for _, d := range p.days(time.Date(last.Year(), last.Month(), last.Day(), 0, 0, 0, 0, time.UTC), 1<<31-1) {
		if s := p.at(d, p.start); s >= from && s <= to {
			out = append(out, occurrence{s, p.at(d, p.end)})
		}
	}
	return out
}

// days lists the days on which the series recurs up to and with last, at most
// max of them.
func (p *pattern) days(last time.Time, max int) (out []time.Time) {
	if p.hasUntil && p.until.Before(last) {
		last = p.until
	}
	if p.count > 0 && p.count < max {
		max = p.count
	}
	for k := 0; len(out) < max; k++ {
		period, days := p.period(k)
		if period.After(last) {
			return out
		}
		for _, d := range days {
			if d.Before(p.first) || d.After(last) {
				continue
			}
			if out = append(out, d); len(out) == max {
				return out
			}
		}
	}
	return out
}

// period is the k-th day, week, month or year that the interval comes to: its
// first day, and the days in it on which the series recurs.
func (p *pattern) period(k int) (first time.Time, days []time.Time) {
	switch p.kind {
	case daily:
		d := p.first.AddDate(0, 0, k*p.interval)
		return d, []time.Time{d}
	case weekly:
		back := (int(p.first.Weekday()) - p.firstDay + 7) % 7
		first = p.first.AddDate(0, 0, -back+7*k*p.interval)
		for i := range 7 {
			if d := first.AddDate(0, 0, i); p.mask>>int(d.Weekday())&1 == 1 {
				days = append(days, d)
			}
		}
		return first, days
	case monthly:
		first = time.Date(p.first.Year(), p.first.Month()+time.Month(k*p.interval), 1, 0, 0, 0, 0, time.UTC)
	default:
		first = time.Date(p.first.Year()+k*p.interval, time.Month(p.month), 1, 0, 0, 0, 0, time.UTC)
	}
	if p.byNth {
		return first, []time.Time{nthDay(first, p.mask, p.nth)}
	}
	// A month that is too short has it on its last day, as in the vendor's
	// calendar program, whose pattern this is.
	length := first.AddDate(0, 1, -1).Day()
	return first, []time.Time{first.AddDate(0, 0, min(p.day, length)-1)}
}

// nthDay is the nth day of a month whose weekday is in mask; 5 is the last one.
func nthDay(month time.Time, mask, nth int) time.Time {
	var hit time.Time
	if nth == lastNth {
		nth = 32
	}
	for d := month; d.Month() == month.Month(); d = d.AddDate(0, 0, 1) {
		if mask>>int(d.Weekday())&1 == 0 {
			continue
		}
		hit = d
		if nth--; nth == 0 {
			break
		}
	}
	return hit
}
