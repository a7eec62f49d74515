package itemtext

import (
	"regexp"
	"strings"
	"time"

	"postrider/agent/vobject"
)

var dayForm = regexp.MustCompile(`^(--|\d{4}-?)(\d{2})-?(\d{2})`)

// readDay reads a date, with or without its year (RFC 6350 section 4.3.1). Apple's
// programs write 1604 where there is none.
func readDay(l *vobject.Line) string {
	m := dayForm.FindStringSubmatch(strings.TrimSpace(l.Text()))
	if m == nil {
		return ""
	}
	year, day := strings.TrimSuffix(m[1], "-"), m[2]+"-"+m[3]
	if _, err := time.Parse(time.DateOnly, "1604-"+day); err != nil {
		return "" // 0000-00-00, or the like
	}
	if m[1] == "--" || year == l.Param("X-APPLE-OMIT-YEAR") || year == "1604" || year == "0000" {
		return "--" + day
	}
	if _, err := time.Parse(time.DateOnly, year+"-"+day); err != nil {
		return "" // the 29th of February of another year
	}
	return year + "-" + day
}

// setDay writes a date as the version has it: 4.0 without dashes, and with two of
// them in place of a year (RFC 6350 section 4.3.1); 3.0 knows no dates without a
// year, but Apple's programs do, and some write those of 4.0.
func (e *edit) setDay(l *vobject.Line, v string) {
	day, yearless := strings.CutPrefix(v, "--")
	omit := yearless && e.version() != "4.0" && !strings.HasPrefix(l.Value(), "--")
	switch {
	case omit:
		v = "1604-" + day
	case e.version() == "4.0", yearless && !strings.Contains(strings.TrimPrefix(l.Value(), "--"), "-"):
		v = strings.ReplaceAll(strings.TrimPrefix(v, "--"), "-", "")
		if yearless {
			v = "--" + v
		}
	}
	switch strings.ToLower(l.Param("VALUE")) {
	case "", "date", "date-and-or-time":
	default:
		l.SetParam("VALUE") // it was a text, or a time
	}
	if omit {
		l.SetParam("X-APPLE-OMIT-YEAR", "1604")
	} else {
		l.SetParam("X-APPLE-OMIT-YEAR")
	}
	l.SetText(v)
}
