package itemtext

import (
	"testing"
	"time"

	"postrider/offline"
)

// When an item was changed is read in all the ways in which it is written.
func TestWhenAnItemWasChangedIsRead(t *testing.T) {
	card := func(rev string) string {
		return "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A B\r\n" + rev + "END:VCARD\r\n"
	}
	event := func(lines string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTART:20260615T090000Z\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	for _, c := range []struct {
		name string
		kind offline.Kind
		raw  string
		want string // RFC 3339; empty: it does not say
	}{
		{"a card of version 3, extended", offline.KindContact, card("REV:2026-01-31T22:27:10Z\r\n"), "2026-01-31T22:27:10Z"},
		{"with parts of a second", offline.KindContact, card("REV:2026-01-31T22:27:10.250Z\r\n"), "2026-01-31T22:27:10.25Z"},
		{"a card of version 4, basic", offline.KindContact, card("REV;VALUE=timestamp:20260131T222710Z\r\n"), "2026-01-31T22:27:10Z"},
		{"with a zone", offline.KindContact, card("REV:20260131T222710-0500\r\n"), "2026-02-01T03:27:10Z"},
		{"with the hours of a zone", offline.KindContact, card("REV:20260131T222710+01\r\n"), "2026-01-31T21:27:10Z"},
		{"with the zone left out", offline.KindContact, card("REV:20260131T222710\r\n"), "2026-01-31T22:27:10Z"},
		{"a day", offline.KindContact, card("REV:2026-01-31\r\n"), ""},
		{"no time at all", offline.KindContact, card("REV:yesterday\r\n"), ""},
		{"nothing", offline.KindContact, card(""), ""},
		{"an appointment, made", offline.KindAppointment, event("DTSTAMP:20260131T222710Z\r\n"), "2026-01-31T22:27:10Z"},
		{"changed since", offline.KindAppointment, event("LAST-MODIFIED:20260201T000000Z\r\nDTSTAMP:20260131T222710Z\r\n"), "2026-02-01T00:00:00Z"},
		{"where only the stamp was moved", offline.KindAppointment, event("LAST-MODIFIED:20260101T000000Z\r\nDTSTAMP:20260131T222710Z\r\n"), "2026-01-31T22:27:10Z"},
		{"one occurrence of a series", offline.KindAppointment,
			event("RRULE:FREQ=DAILY\r\nDTSTAMP:20260131T222710Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:e\r\nRECURRENCE-ID:20260616T090000Z\r\nDTSTART:20260616T100000Z\r\nDTSTAMP:20260203T000000Z\r\n"), "2026-02-03T00:00:00Z"},
		{"a task", offline.KindTask, "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20260131T222710Z\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", "2026-01-31T22:27:10Z"},
	} {
		got := Text{}.Read(c.kind, []byte(c.raw), time.UTC).Changed
		if s := got.Format(time.RFC3339Nano); s != c.want && !(c.want == "" && got.IsZero()) {
			t.Errorf("%s: %s, want %q", c.name, s, c.want)
		}
	}
}
