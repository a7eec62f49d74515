package itemtext

import (
	"strings"
	"testing"

	"postrider/offline"
)

func event(lines ...string) string {
	return calendar("BEGIN:VEVENT\r\n" + strings.Join(append(lines, "END:VEVENT"), "\r\n") + "\r\n")
}

// What says in another way what a text was goes with it: Outlook's X-ALT-DESC, the
// ALTREP in which Thunderbird has the same as HTML, and shows it before the text
// (RFC 5545 section 3.2.1), and STYLED-DESCRIPTION (RFC 9073 section 6.5).
func TestWhatABodyWasIsSaidNowhere(t *testing.T) {
	raw := event("UID:e", "DTSTAMP:20260101T000000Z", "DTSTART:20260615T090000Z", `DESCRIPTION;LANGUAGE=en;ALTREP="data:text/html,<p>One</p>":One`, "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<p>One</p>",
		"X-ALT-DESC;FMTTYPE=text/html:<p>One</p>", `LOCATION;ALTREP="https://x.example/room":Room`, "LAST-MODIFIED;VALUE=DATE-TIME:20260101T000000Z")
	want := event("UID:e", "DTSTAMP:20261127T120000Z", "DTSTART:20260615T090000Z", "DESCRIPTION;LANGUAGE=en:Two", `LOCATION;ALTREP="https://x.example/room":Room`, "LAST-MODIFIED:20261127T120000Z")
	if got := edited(t, offline.KindAppointment, raw, "body=Two"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// One of a series that differs rings as the others do, keeps their attachments, and is
// the same text each time (RFC 5545 section 3.8.4.4: it stands for the whole of it).
func TestAnOccurrenceThatDiffersKeepsItsAlarm(t *testing.T) {
	alarm := "BEGIN:VALARM\r\nUID:a1\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nX-OWN:y\r\nEND:VALARM"
	raw := event("UID:e", "DTSTAMP:20260101T000000Z", "DTSTART:20260302T090000Z", "DTEND:20260302T093000Z", "RRULE:FREQ=DAILY;COUNT=5", "SUMMARY:x", "ATTACH:https://x.example/a", alarm)
	change := `recurrence=FREQ=DAILY;COUNT=5\n=20260303T090000 {"subject":"y"}`
	got := edited(t, offline.KindAppointment, raw, change)
	if strings.Count(got, alarm) != 2 || strings.Count(got, "ATTACH:") != 2 || strings.Count(got, "END:VCALENDAR") != 1 {
		t.Errorf("%s", got)
	}
	for range 20 {
		if again := edited(t, offline.KindAppointment, raw, change); again != got {
			t.Fatalf("it is another text each time:\n%s\n%s", got, again)
		}
	}
}

// An appointment that a server cut short can be given an occurrence of its own.
func TestATextThatIsCutShortIsEdited(t *testing.T) {
	raw := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTART:20260302T090000Z\r\nDTEND:20260302T093000Z\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:x"
	edited(t, offline.KindAppointment, raw, `recurrence=FREQ=DAILY;COUNT=5\n=20260303T090000 {"subject":"y"}`)
}

func todo(lines ...string) string {
	return calendar("BEGIN:VTODO\r\n" + strings.Join(append(lines, "END:VTODO"), "\r\n") + "\r\n")
}

func TestDatesOfTasksAreOfOneKind(t *testing.T) {
	const stamp, now = "DTSTAMP:20260101T000000Z", "DTSTAMP:20261127T120000Z"
	for _, c := range []struct{ name, raw, change, want string }{
		// RFC 5545 section 3.8.2.3: DUE is of the kind that DTSTART is. Midnight is a day.
		{"a day beside a time", todo("UID:t", stamp, "DTSTART:20260601T090000Z"), "due=2026-06-15", todo("UID:t", now, "DTSTART:20260601T090000Z", "DUE:20260615T000000")},
		{"a day in a zone", todo("UID:t", stamp, "DTSTART;TZID=Europe/Stockholm:20260601T090000", "DUE;TZID=Europe/Stockholm:20260602T090000"), "due=2026-06-15", todo("UID:t", now, "DTSTART;TZID=Europe/Stockholm:20260601T090000", "DUE:20260615T000000")},
		{"a time beside a day", todo("UID:t", stamp, "DTSTART;VALUE=DATE:20260601", "DUE;VALUE=DATE:20260602"), "due=2026-06-15T09:30:00Z", todo("UID:t", now, "DTSTART:20260601T000000", "DUE:20260615T093000Z")},
		{"days", todo("UID:t", stamp, "DTSTART;VALUE=DATE:20260601"), "due=2026-06-15", todo("UID:t", now, "DTSTART;VALUE=DATE:20260601", "DUE;VALUE=DATE:20260615")},
		{"two that change", todo("UID:t", stamp, "DTSTART;VALUE=DATE:20260601", "DUE;VALUE=DATE:20260602"), "start=2026-06-14T09:30:00Z\ndue=2026-06-15T09:30:00Z", todo("UID:t", now, "DTSTART:20260614T093000Z", "DUE:20260615T093000Z")},
		// RFC 5545 section 3.8.2.1: COMPLETED is in UTC.
		{"completed", todo("UID:t", stamp, "COMPLETED;TZID=Europe/Stockholm:20260601T090000", "STATUS:COMPLETED"), "completed=2026-06-02T07:00:00Z", todo("UID:t", now, "COMPLETED:20260602T070000Z", "STATUS:COMPLETED")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := edited(t, offline.KindTask, c.raw, c.change); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
