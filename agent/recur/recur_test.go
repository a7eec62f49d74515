package recur

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestRulesHaveOneSpelling(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, zone(t, "Europe/Stockholm")) // a Monday
	for _, c := range []struct{ in, want string }{
		{"freq=weekly;interval=1", "FREQ=WEEKLY;BYDAY=MO"},
		{"FREQ=WEEKLY;BYDAY=FR,MO;WKST=MO", "FREQ=WEEKLY;BYDAY=MO,FR"},
		{"FREQ=WEEKLY;WKST=SU;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO"},
		{"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"},
		{"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU"},
		{"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
		{"FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=5"},
		{"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=1MO"},
		{"FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5"},
		{"FREQ=DAILY;UNTIL=20260131T080000Z", "FREQ=DAILY;UNTIL=20260131"},
		{"FREQ=DAILY;UNTIL=20260131T075959Z", "FREQ=DAILY;UNTIL=20260130"},
		{"FREQ=DAILY;UNTIL=20260131T235959", "FREQ=DAILY;UNTIL=20260131"},
		{"FREQ=HOURLY;BYDAY=SU,MO", "FREQ=HOURLY;BYDAY=MO,SU"},
	} {
		got, err := Canonical(c.in, start)
		if err != nil || got != c.want {
			t.Errorf("%s: %s %v, want %s", c.in, got, err, c.want)
		}
		if again, err := Canonical(got, start); err != nil || again != got {
			t.Errorf("%s became %s", got, again)
		}
	}
	for _, bad := range []string{"", "FREQ=SOMETIMES", "BYDAY=MO", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=2;UNTIL=20260101", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;NONSENSE"} {
		if got, err := Canonical(bad, start); err == nil {
			t.Errorf("%q was read as %q", bad, got)
		}
	}
	if got, err := ForCalendar("FREQ=DAILY;UNTIL=20260131", start, false); err != nil || got != "FREQ=DAILY;UNTIL=20260131T080000Z" {
		t.Errorf("for the calendar: %s %v", got, err)
	}
}

// What the CRM can't express is refused with a reason that people understand.
func TestWhatACRMCanNotExpressIsSaid(t *testing.T) {
	for rule, why := range map[string]string{
		"FREQ=HOURLY": "several times a day", "FREQ=MONTHLY;BYMONTHDAY=1,15": "several days", "FREQ=MONTHLY;BYMONTHDAY=-3": "counted from its end",
		"FREQ=MONTHLY;BYDAY=MO": "each such day", "FREQ=MONTHLY;BYDAY=5MO": "first four", "FREQ=MONTHLY;BYDAY=1MO,3MO": "several numbered", "FREQ=YEARLY;BYDAY=20MO": "counted in a year",
		"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO": "BYWEEKNO", "FREQ=YEARLY;BYMONTH=1,2": "several months", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": "too",
		"FREQ=WEEKLY;BYDAY=TU": "not on a day", "FREQ=DAILY;COUNT=5000": "no more than 999", "FREQ=MONTHLY;BYMONTHDAY=31": "shorter month", "FREQ=DAILY;BYMONTH=1": "BYMONTH",
		"FREQ=DAILY;UNTIL=20250101": "before it begins", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29": "shorter month",
	} {
		if p, err := ToPattern(rule, time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %+v %v", rule, p, err)
		}
	}
}

func drawPattern(t *rapid.T) Pattern {
	p := Pattern{Kind: PatternKind(rapid.IntRange(0, 3).Draw(t, "kind")), Interval: rapid.IntRange(1, 4).Draw(t, "interval"), FirstDay: rapid.IntRange(0, 1).Draw(t, "first day")}
	switch p.Kind {
	case Weekly:
		p.Days = rapid.IntRange(1, 127).Draw(t, "days")
	case Yearly, Monthly:
		if p.Kind == Yearly {
			p.Month = rapid.IntRange(1, 12).Draw(t, "month")
		}
		if rapid.Bool().Draw(t, "by nth") {
			p.Nth = rapid.IntRange(1, 5).Draw(t, "nth")
			p.Days = rapid.SampledFrom([]int{1, 2, 64, everyDay, workdays, 65}).Draw(t, "days")
		} else {
			p.Day = rapid.IntRange(1, 31).Draw(t, "day")
		}
	}
	switch rapid.IntRange(0, 2).Draw(t, "end") {
	case 1:
		p.Count = rapid.IntRange(1, 50).Draw(t, "count")
	case 2:
		p.Until = "20291231"
	}
	return p
}

// A pattern said as a rule, and that as a pattern again, is the same rule; and the
// rule comes on the days that the pattern means.
func TestPatternsAndRulesSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPattern(t)
		start := time.Date(2026, time.Month(max(1, p.Month)), 1, 9, 0, 0, 0, time.UTC)
		for range 400 {
			if p.on(start) {
				break
			}
			start = start.AddDate(0, 0, 1)
		}
		r := FromPattern(p)
		again, err := ToPattern(r, start)
		if err != nil {
			t.Fatalf("%+v is %s, which can't be said: %v", p, r, err)
		}
		if FromPattern(again) != r {
			t.Fatalf("%s became %s", r, FromPattern(again))
		}
		all, err := Series{Rule: r}.Expand(start, time.Hour, false, start, start.AddDate(12, 0, 0), 12)
		if err != nil || len(all) == 0 {
			t.Fatalf("%s comes %d times: %v", r, len(all), err)
		}
		for _, o := range all {
			if !p.on(o.Start) {
				t.Fatalf("%s of %+v comes on %s", r, p, o.Start)
			}
		}
	})
}

func TestSeriesAreExpanded(t *testing.T) {
	stockholm := zone(t, "Europe/Stockholm")
	start := time.Date(2026, 3, 23, 9, 0, 0, 0, stockholm)
	s, err := Parse("FREQ=WEEKLY;BYDAY=MO;COUNT=5\n-20260406T090000\n=20260330T090000 {\"subject\":\"moved\",\"time\":\"2026-03-31T12:00:00Z/2026-03-31T13:00:00Z\"}")
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Expand(start, time.Hour, false, start.AddDate(0, 0, 1), start.AddDate(1, 0, 0), 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range all {
		got = append(got, fmt.Sprintf("%s %s %s", o.Original, o.Start.UTC().Format(time.RFC3339), o.Changed["subject"]))
	}
	// Nine o'clock stays nine o'clock when summer time begins.
	want := []string{"20260330T090000 2026-03-31T12:00:00Z moved", "20260413T090000 2026-04-13T07:00:00Z ", "20260420T090000 2026-04-20T07:00:00Z "}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	missing, err := s.Missing(start, false, start, start.AddDate(0, 0, 20), map[string]bool{"20260323T090000": true, "20260330T090000": true})
	if err != nil || !slices.Equal(missing, []string{"20260406T090000"}) {
		t.Errorf("missing %v %v", missing, err)
	}
}

func TestTheWordOfRecurrenceReadsBack(t *testing.T) {
	for _, s := range []string{
		"FREQ=DAILY",
		"FREQ=DAILY;COUNT=3\n-20260101\n=20260102 {\"subject\":\"a \\u003cb\\u003e\"}\n-20260103",
	} {
		got, err := Parse(s)
		if err != nil || got.String() != s {
			t.Errorf("%q became %q %v", s, got.String(), err)
		}
	}
	for _, bad := range []string{"", "x", "FREQ=DAILY\n+1", "FREQ=DAILY\n=20260101 {"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	from, to, allDay, err := Times("2026-01-02/2026-01-04")
	if err != nil || !allDay || Time(from, to, allDay) != "2026-01-02/2026-01-04" {
		t.Errorf("%v %v %v %v", from, to, allDay, err)
	}
	for _, bad := range []string{"", "a/b", "2026-01-02", "2026-01-02T10:00:00Z/2026-01-02"} {
		if _, _, _, err := Times(bad); err == nil {
			t.Errorf("%q was read as a time", bad)
		}
	}
	if _, err := At("20260102T090000", zone(t, "Asia/Tokyo")); err != nil {
		t.Error(err)
	}
}
