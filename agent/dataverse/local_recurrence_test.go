package dataverse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/teambition/rrule-go"

	"postrider/agent/recur"
	"postrider/offline"
)

// rules of which the CRM keeps the first list and not the second: RFC 5545 section
// 3.8.5.3's own examples among them.
var (
	keptRules = []string{
		"FREQ=DAILY;COUNT=10", "FREQ=DAILY;INTERVAL=2;COUNT=20", "FREQ=DAILY;INTERVAL=10;COUNT=5", "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=7;COUNT=9",
		"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=30", "FREQ=DAILY;BYDAY=SA,SU;COUNT=12", "FREQ=DAILY;COUNT=1", "FREQ=DAILY;INTERVAL=14;COUNT=20", "FREQ=DAILY;INTERVAL=30;COUNT=12",
		"FREQ=WEEKLY;COUNT=10", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR;COUNT=25",
		"FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
		"FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=SU", "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=20", "FREQ=WEEKLY;INTERVAL=3;BYDAY=WE", "FREQ=WEEKLY;INTERVAL=4;BYDAY=MO,TH;COUNT=12", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;INTERVAL=5;COUNT=7",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=SU;COUNT=14", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;COUNT=40", "FREQ=WEEKLY;INTERVAL=6;BYDAY=FR",
		"FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU",
		"FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=12", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=12",
		"FREQ=MONTHLY;BYMONTHDAY=1", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=8", "FREQ=MONTHLY;BYMONTHDAY=28", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=10", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=3WE;COUNT=9", "FREQ=MONTHLY;BYDAY=4TH", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;INTERVAL=6;BYDAY=-1SU",
		"FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1;COUNT=10", "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=5",
		"FREQ=YEARLY", "FREQ=YEARLY;COUNT=3", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=21", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=YEARLY;BYMONTH=10;BYDAY=1MO;COUNT=4", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31", "FREQ=YEARLY;BYMONTH=5;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=1", "FREQ=YEARLY;BYMONTH=9;BYDAY=2WE",
	}
	refusedRules = []string{
		"FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "FREQ=MONTHLY;BYMONTHDAY=-3", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
		"FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
		"FREQ=HOURLY;INTERVAL=3", "FREQ=MINUTELY;INTERVAL=15;COUNT=6", "FREQ=DAILY;BYHOUR=9,10", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=MONTHLY;BYDAY=5MO", "FREQ=MONTHLY;BYDAY=1MO,3MO",
	}
	recurZones = []string{"Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Africa/Johannesburg", "Asia/Dubai"}
)

// Rules are expanded by us, by rrule-go from the rule as it was written, and by the
// organization, and all three come at the same instants, in ten time zones and over
// the changes of summer time.
func TestRulesComeWhenTheyComeEverywhere(t *testing.T) {
	if len(keptRules) < 60 {
		t.Fatalf("only %d rules", len(keptRules))
	}
	crm, l := openItems(t)
	l.update("organization", l.org.ID(), map[string]any{"futureexpansionwindow": 36})
	for i, rule := range keptRules {
		name := recurZones[i%len(recurZones)]
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		base := time.Now().In(zone).AddDate(0, 0, 1)
		start := byLibrary(t, rule, time.Date(base.Year(), base.Month(), base.Day(), 9, 0, 0, 0, zone), base.AddDate(8, 0, 0), 1)[0].In(zone)
		until := time.Now().AddDate(2, 10, 0)
		want := instants(byLibrary(t, rule, start, until, 400))

		canonical, err := recur.Canonical(rule, start)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		ours, err := recur.Series{Rule: canonical}.Expand(start, time.Hour, false, start, until, 400)
		if err != nil {
			t.Fatal(err)
		}
		var got []time.Time
		for _, o := range ours {
			got = append(got, o.Start)
		}
		if !slices.Equal(instants(got), want) {
			t.Errorf("%s in %s: we have %v, want %v", rule, name, instants(got), want)
		}

		r := offline.Ref{Kind: offline.KindSeries, ID: uuid.NewString()}
		pushed(t, crm, create(r, offline.Fields{"subject": rule, "show": "busy", "zone": name, "recurrence": canonical, "time": recur.Time(start, start.Add(time.Hour), false)}))
		var there []time.Time
		for _, row := range l.org.Rows("appointment", func(row map[string]any) bool { return row["seriesid"] == r.ID }) {
			if at := row["scheduledstart"].(time.Time); at.Before(until) {
				there = append(there, at)
			}
		}
		slices.SortFunc(there, time.Time.Compare)
		if len(there) > 400 {
			there = there[:400]
		}
		if !slices.Equal(instants(there), want) {
			t.Errorf("%s in %s: the organization has %v, want %v", rule, name, instants(there), want)
		}
		if back := looked(t, crm, r).Item.Fields["recurrence"]; back != canonical {
			t.Errorf("%s came back as %s", canonical, back)
		}
	}
	for _, rule := range refusedRules {
		start := byLibrary(t, rule, time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), time.Date(2046, 1, 1, 0, 0, 0, 0, time.UTC), 1)[0]
		if p, err := recur.ToPattern(rule, start); err == nil || strings.Contains(err.Error(), "first appointment") {
			t.Errorf("%s is kept as %+v: %v", rule, p, err)
		}
	}
}

// byLibrary expands a rule as it was written.
func byLibrary(t *testing.T, rule string, start, until time.Time, max int) (out []time.Time) {
	t.Helper()
	o, err := rrule.StrToROption(rule)
	if err != nil {
		t.Fatal(rule, err)
	}
	o.Dtstart = start
	r, err := rrule.NewRRule(*o)
	if err != nil {
		t.Fatal(rule, err)
	}
	for next := r.Iterator(); len(out) < max; {
		at, ok := next()
		if !ok || at.After(until) {
			break
		}
		out = append(out, at)
	}
	if len(out) == 0 {
		t.Fatal(fmt.Sprint(rule, " never comes"))
	}
	return out
}

func instants(all []time.Time) (out []string) {
	for _, at := range all {
		out = append(out, at.UTC().Format("2006-01-02T15:04"))
	}
	return out
}
