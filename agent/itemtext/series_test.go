package itemtext

import (
	"maps"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

// A series is made, changed and made one appointment again, occurrences of its own
// included; the text says each time what it was given, in a zone that it defines
// (RFC 5545 section 3.6.5), and other programs' lines stay.
func TestASeriesIsWrittenAsItIsMeant(t *testing.T) {
	zone := stockholm(t)
	var raw []byte
	for _, step := range []string{
		"subject=Standup\nshow=busy\ntime=2026-03-23T08:00:00Z/2026-03-23T08:15:00Z\nzone=Europe/Stockholm\nrecurrence=FREQ=WEEKLY;UNTIL=20260601;BYDAY=MO",
		"recurrence=FREQ=WEEKLY;UNTIL=20260601;BYDAY=MO\\n-20260406T090000\\n=20260413T090000 {\"subject\":\"Long\",\"time\":\"2026-04-13T07:00:00Z/2026-04-13T08:00:00Z\"}",
		"recurrence=FREQ=WEEKLY;UNTIL=20260601;BYDAY=MO\\n-20260413T090000\\n=20260420T090000 {\"location\":\"Room 2\"}",
		"recurrence=FREQ=WEEKLY;UNTIL=20260601;BYDAY=MO\\n-20260330T090000\\n-20260413T090000",
		"recurrence=FREQ=DAILY;COUNT=3\ntime=2026-03-23T09:00:00Z/2026-03-23T09:15:00Z",
		"recurrence=\nzone=",
		"time=2026-03-23/2026-03-24",
		"recurrence=FREQ=DAILY;COUNT=5\\n-20260324\\n=20260325 {\"subject\":\"Day\"}",
	} {
		before := text.Read(offline.KindAppointment, raw, zone).Fields
		if raw == nil {
			before = offline.Fields{}
		}
		change := words(step)
		got, err := text.Edit(offline.KindAppointment, raw, "u", change, offline.Mark{}, zone)
		if err != nil {
			t.Fatal(err)
		}
		want := maps.Clone(before)
		for w, v := range change {
			if want[w] = v; v == "" {
				delete(want, w)
			}
		}
		after := text.Read(offline.KindAppointment, got, zone)
		if !maps.Equal(after.Fields, want) || after.Problem != "" {
			t.Fatalf("%v became %v %s\n%s", change, after.Fields, after.Problem, got)
		}
		raw = got
	}
	// On a text of another program.
	text := Text{Now: func() time.Time { return time.Unix(0, 0) }}
	got, err := text.Edit(offline.KindAppointment, []byte(events["a series"]), "", words(`recurrence=FREQ=WEEKLY;COUNT=20;BYDAY=MO\n-20260316T090000\n-20260406T090000\n=20260330T090000 {"subject":"Sales meeting (moved)","time":"2026-03-31T09:00:00Z/2026-03-31T09:45:00Z"}`), offline.Mark{}, zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"EXDATE;TZID=Europe/Stockholm:20260316T090000\r\n", "EXDATE;TZID=Europe/Stockholm:20260406T090000\r\n", "X-MORE:kept\r\n", "X-OWN:kept, too\r\n", "DTSTART;TZID=Europe/Stockholm:20260331T110000\r\n", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=20\r\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not there:\n%s", want, got)
		}
	}
}

// A zone that we define is read back as what it is, summer and winter.
func TestADefinedZoneIsTheZone(t *testing.T) {
	for _, name := range []string{"Europe/Stockholm", "America/New_York", "Australia/Sydney", "Asia/Tokyo", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Auckland", "Europe/London", "Asia/Jerusalem", "America/St_Johns"} {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		def := defineZone(z, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		for m := range 24 {
			at := time.Date(2026, time.Month(1+m), 15, 12, 0, 0, 0, z)
			_, want := at.Zone()
			if got, ok := offsetAt(def, at); !ok || got != want {
				t.Errorf("%s %s: %d, want %d", name, at.Format(time.DateOnly), got, want)
			}
		}
	}
}
