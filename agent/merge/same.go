package merge

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postrider/offline"
)

// Same reports whether two values of a word mean the same, however they are
// spelled.
func Same(kind offline.Kind, word, a, b string) bool {
	f, ok := find(kind, word)
	if !ok {
		return a == b
	}
	return f.means(a, b)
}

// means compares two values of the field.
func (f *Field) means(a, b string) bool {
	if a == b {
		return true
	}
	if f.same != nil {
		return f.same(a, b)
	}
	return sameText(a, b)
}

// sameText compares texts of several lines: kinds of line ends, and spaces at
// the end of lines and of the text, mean nothing.
func sameText(a, b string) bool {
	for a != "" || b != "" {
		var x, y string
		x, a = cutLine(a)
		y, b = cutLine(b)
		if x != y {
			return strings.TrimSpace(x+a) == "" && strings.TrimSpace(y+b) == ""
		}
	}
	return true
}

func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimRightFunc(line, unicode.IsSpace), rest
}

// sameLine compares texts of one line: runs of spaces are one.
func sameLine(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	for a != "" && b != "" {
		x, m := utf8.DecodeRuneInString(a)
		y, n := utf8.DecodeRuneInString(b)
		a, b = a[m:], b[n:]
		if x != y && !(unicode.IsSpace(x) && unicode.IsSpace(y)) {
			return false
		}
		if unicode.IsSpace(x) {
			a, b = strings.TrimLeftFunc(a, unicode.IsSpace), strings.TrimLeftFunc(b, unicode.IsSpace)
		}
	}
	return a == b
}

// samePhone compares phone numbers by what is dialled.
func samePhone(a, b string) bool {
	for {
		a, b = dialled(a), dialled(b)
		if a == "" || b == "" {
			return a == b
		}
		x, m := utf8.DecodeRuneInString(a)
		y, n := utf8.DecodeRuneInString(b)
		if x != y && unicode.ToLower(x) != unicode.ToLower(y) {
			return false
		}
		a, b = a[m:], b[n:]
	}
}

// dialled cuts off what only keeps digits apart.
func dialled(s string) string {
	for s != "" {
		switch r, n := utf8.DecodeRuneInString(s); r {
		case ' ', '-', '(', ')', '.', '/', '\t', '\u00a0', '\u2010', '\u2011':
			s = s[n:]
		default:
			return s
		}
	}
	return s
}

func sameAddress(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// sameLink compares web addresses; one that has no path may have its slash.
func sameLink(a, b string) bool {
	return strings.TrimSuffix(strings.TrimSpace(a), "/") == strings.TrimSuffix(strings.TrimSpace(b), "/")
}

// sameDay compares days. A CRM can't keep one without a year: where it has none,
// or any year, the day on the item is no change.
func sameDay(a, b string) bool {
	for range 2 {
		if day, ok := strings.CutPrefix(a, "--"); ok && (b == "" || strings.HasSuffix(b, "-"+day)) {
			return true
		}
		a, b = b, a
	}
	return false
}

// sameZone compares time zones by what their clocks show, over some years: a CRM
// has one name for many of them.
func sameZone(a, b string) bool {
	x, err := time.LoadLocation(a)
	y, err2 := time.LoadLocation(b)
	if a == "" || b == "" || err != nil || err2 != nil {
		return a == b
	}
	for m := range 12 * zoneYears {
		at := time.Date(firstZoneYear, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC)
		_, p := at.In(x).Zone()
		_, q := at.In(y).Zone()
		if p != q {
			return false
		}
	}
	return true
}

const (
	firstZoneYear = 2024
	zoneYears     = 6
)

// samePhoto lets each side have its own: the CRM makes what it is given smaller.
func samePhoto(a, b string) bool { return a != "" && b != "" }

// samePeople compares people by their addresses.
func samePeople(a, b string) bool {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, "\n")
		y, b, _ = strings.Cut(b, "\n")
		if addressOf(x) != addressOf(y) {
			return false
		}
	}
	return true
}

// sameOrganizer: who organizes a meeting is said when it is made. A side that
// does not say it later on, or can't, changes nothing.
func sameOrganizer(a, b string) bool { return a == "" || b == "" || samePeople(a, b) }

func addressOf(line string) string {
	addr, _, _ := strings.Cut(line, " ")
	return addr
}

// cut shortens a text to n UTF-16 units at most, between characters.
func cut(s string, n int) string {
	if n <= 0 || len(s) <= n {
		return s
	}
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}
