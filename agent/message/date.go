package message

import (
	"net/mail"
	"strings"
	"time"
)

// plausible is the date that counts: the one the message bears, or received
// where it bears none or an absurd one (before mail existed, or more than two
// days after it arrived).
func plausible(date, received time.Time) time.Time {
	if date.IsZero() || date.Year() < 1980 || date.Year() > 9000 {
		return received
	}
	if !received.IsZero() && date.After(received.Add(48*time.Hour)) {
		return received
	}
	return date
}

// parseDate reads a Date value in the standard's form or in one of the many
// that are found instead; zero if it can't be made out. The result is in UTC.
func parseDate(v string) time.Time {
	if v == "" || len(v) > 200 {
		return time.Time{}
	}
	if t, ok := fastDate(v); ok {
		return t
	}
	v = strings.Join(strings.Fields(uncomment(v)), " ")
	if t, ok := fastDate(v); ok {
		return t
	}
	if t, err := mail.ParseDate(v); err == nil {
		return t.UTC()
	}
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05",
		"2006/01/02 15:04:05", "2006-01-02",
		time.ANSIC, time.UnixDate, time.RubyDate, time.RFC850,
		"Mon Jan 2 15:04:05 2006 -0700", "Mon Jan 2 15:04:05 MST 2006 -0700", "Jan 2, 2006 15:04:05", "Jan 2, 2006 3:04:05 PM",
		"Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04", "2 Jan 2006 15:04:05", "2 Jan 2006",
		"Mon, 2 January 2006 15:04:05 -0700", "Monday, 2 January 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -07:00", "Mon, 2 Jan 2006 15.04.05 -0700",
		"Mon, 2-Jan-2006 15:04:05 MST", "Monday, January 2, 2006 3:04 PM", "Mon, Jan 2, 2006 15:04:05 -0700", "Mon, 2 Jan 06 15:04:05 -0700",
	} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// fastDate reads "[Mon, ]2 Jan 2006 15:04[:05] zone[ (name)]" without
// allocating.
func fastDate(s string) (time.Time, bool) {
	if i := strings.IndexByte(s, ','); i >= 0 && i <= 9 {
		s = s[i+1:]
	}
	day, s, ok := number(s, 1, 2)
	if !ok {
		return time.Time{}, false
	}
	s = strings.TrimLeft(s, " -")
	if len(s) < 4 {
		return time.Time{}, false
	}
	month := monthOf(s[:3])
	s = strings.TrimLeft(s[3:], " -.")
	year, s, ok := number(s, 2, 4)
	if !ok || month == 0 {
		return time.Time{}, false
	}
	switch { // RFC 5322 section 4.3
	case year < 50:
		year += 2000
	case year < 1000:
		year += 1900
	}
	hour, s, ok := number(s, 1, 2)
	if !ok || len(s) == 0 || s[0] != ':' {
		return time.Time{}, false
	}
	minute, s, ok := number(s[1:], 1, 2)
	if !ok {
		return time.Time{}, false
	}
	second := 0
	if len(s) > 0 && s[0] == ':' {
		if second, s, ok = number(s[1:], 1, 2); !ok {
			return time.Time{}, false
		}
	}
	offset, ok := zone(s)
	if !ok || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if second < 60 && t.Day() != day { // a leap second may end the day
		return time.Time{}, false
	}
	return t.Add(-offset), true
}

// number reads leading blanks and then lo to hi digits.
func number(s string, lo, hi int) (n int, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	i := 0
	for i < len(s) && i < hi && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= lo
}

func monthOf(s string) time.Month {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	low := [3]byte{s[0] | 0x20, s[1] | 0x20, s[2] | 0x20}
	for i := 0; i < 12; i++ {
		if names[3*i] == low[0] && names[3*i+1] == low[1] && names[3*i+2] == low[2] {
			return time.Month(i + 1)
		}
	}
	return 0
}

// zone reads "+hhmm" or one of the names that RFC 5322 section 4.3 defines or
// are plain; anything else it leaves to slower readers.
func zone(s string) (time.Duration, bool) {
	s = strings.Trim(s, " \t")
	if i := strings.IndexByte(s, '('); i >= 0 {
		s = strings.TrimRight(s[:i], " \t")
	}
	if len(s) == 5 && (s[0] == '+' || s[0] == '-') {
		h, rest, ok := number(s[1:3], 2, 2)
		m, rest2, ok2 := number(s[3:], 2, 2)
		if !ok || !ok2 || rest != "" || rest2 != "" {
			return 0, false
		}
		if h > 14 || m > 59 { // the widest zone is +14:00
			return 0, false
		}
		d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
		if s[0] == '-' {
			d = -d
		}
		return d, true
	}
	switch s {
	case "GMT", "UT", "UTC", "Z":
		return 0, true
	case "EST", "CDT":
		return -5 * time.Hour, true
	case "EDT":
		return -4 * time.Hour, true
	case "CST", "MDT":
		return -6 * time.Hour, true
	case "MST", "PDT":
		return -7 * time.Hour, true
	case "PST":
		return -8 * time.Hour, true
	// Not in the standard, and what is meant is not in doubt.
	case "WET":
		return 0, true
	case "CET", "MET", "WEST":
		return time.Hour, true
	case "CEST", "MEST", "EET":
		return 2 * time.Hour, true
	case "EEST", "MSK":
		return 3 * time.Hour, true
	case "JST", "KST":
		return 9 * time.Hour, true
	}
	return 0, false
}

// uncomment takes out comments (RFC 5322 section 3.2.2), which may lie within
// one another; one that is never closed ends with the value.
func uncomment(v string) string {
	if strings.IndexByte(v, '(') < 0 {
		return v
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case quoted:
			b.WriteByte(c)
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}
