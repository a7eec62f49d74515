package itemtext

import (
	"strings"
	"time"

	"postrider/agent/vobject"
)

// stampLayouts are how an instant is written: in the basic form of iCalendar (RFC
// 5545 section 3.3.5) and vCard 4 (RFC 6350 section 4.3.5), and in the extended one
// that vCard 3 allows (RFC 2426 section 3.6.4). Parts of a second may follow each.
var stampLayouts = []string{"20060102T150405Z0700", "20060102T150405Z07", "20060102T150405", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"}

// changed is when a text was changed last, as its properties say: of those, and of
// the occurrences of a series, the latest one counts. A day alone does not say when.
func changed(file *vobject.File) (last time.Time) {
	stamps := func(c *vobject.Component, names ...string) {
		for _, l := range c.Lines(names...) {
			if t := stampOf(l.Text()); t.After(last) {
				last = t
			}
		}
	}
	for _, c := range file.Components("VCARD") {
		stamps(c, "REV")
	}
	for _, cal := range file.Components("VCALENDAR") {
		for _, c := range cal.Components("VEVENT", "VTODO") {
			stamps(c, "LAST-MODIFIED", "DTSTAMP") // RFC 5545 sections 3.8.7.2 and 3.8.7.3
		}
	}
	return last
}

// stampOf reads an instant; one that names no zone is UTC, as it has to be.
func stampOf(v string) time.Time {
	v = strings.ToUpper(strings.TrimSpace(v))
	for _, layout := range stampLayouts {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
