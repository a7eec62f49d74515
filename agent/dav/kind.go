package dav

import (
	"bytes"
	"strings"

	"postrider/offline"
)

// kindOf tells what a text is by the first component in it that is one; ok is
// false if it is none of both formats.
func kindOf(raw []byte) (kind offline.Kind, ok bool) {
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF")))
		if len(line) < 6 || !bytes.EqualFold(line[:6], []byte("BEGIN:")) {
			continue
		}
		switch strings.ToUpper(strings.TrimSpace(string(line[6:]))) {
		case "VCARD":
			return offline.KindContact, true
		case "VEVENT":
			return offline.KindAppointment, true
		case "VTODO":
			return offline.KindTask, true
		case "VCALENDAR":
			ok = true
		}
	}
	return "", ok
}
