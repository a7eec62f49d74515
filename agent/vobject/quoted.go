package vobject

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// quotedPrintable: the value is encoded so (vCard 2.1 section 2.1.3).
func (l *Line) quotedPrintable() bool {
	return slices.ContainsFunc(l.ParamValues("ENCODING"), func(v string) bool { return strings.EqualFold(v, "QUOTED-PRINTABLE") })
}

// quotedStart reports whether a line begins a quoted-printable value, whose soft
// line breaks are no folds.
func quotedStart(text []byte) bool {
	l, ok := parseLine(string(text))
	return ok && l.quotedPrintable()
}

// nextProperty is what no line of a text looks like: the end of a component, and a
// property that says so by its parameters, or that nobody writes into a note. TEL:
// and EMAIL: are not among them; people put those into notes.
var nextProperty = regexp.MustCompile(`^(?:(?i:BEGIN|END):[A-Za-z0-9-]+\s*$|` +
	`(?:[A-Za-z0-9-]+\.)?(?:ADR|AGENT|BDAY|CATEGORIES|EMAIL|FN|KEY|LABEL|LOGO|N|NICKNAME|NOTE|ORG|PHOTO|ROLE|SOUND|TEL|TITLE|URL|X-[A-Z0-9-]+)(?:;[^\s:;]+)+:|` +
	`(?:BDAY|DTEND|DTSTART|LAST-MODIFIED|REV|SEQUENCE|UID|VERSION|X-[A-Z0-9-]+):)`)

// endsQuoted reports whether a line ends a quoted-printable value even though a
// soft line break stands before it: some programs leave a stray = at its end, and
// what follows must not be lost in the text.
func endsQuoted(next []byte) bool { return nextProperty.Match(next) }

// decodeQuoted reads quoted-printable (RFC 2045 section 6.7). It never fails: what
// is no encoded octet is what it is.
func decodeQuoted(s string) string {
	s = strings.ReplaceAll(s, "=\n", "")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		octet, ok := octetAt(s[i:])
		switch {
		case ok:
			b.WriteByte(octet)
			i += 2
		case s[i] == '=' && i+1 == len(s): // a soft line break, and nothing behind it
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// octetAt is the encoded octet at the beginning of a text.
func octetAt(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '=' {
		return 0, false
	}
	b, err := hex.DecodeString(s[1:3])
	return append(b, 0)[0], err == nil
}

// encodeQuoted writes an escaped text as quoted-printable.
func encodeQuoted(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && c != '=' || c == ' ' && i > 0 && i < len(s)-1 {
			b.WriteByte(c)
		} else {
			b.WriteString(quotedOctet(c))
		}
	}
	return b.String()
}

func quotedOctet(c byte) string { return "=" + strings.ToUpper(hex.EncodeToString([]byte{c})) }

// foldSoft breaks a quoted-printable line with soft line breaks, never inside of
// an octet's three characters or of a character, and with no line in it that reads
// as a fold or as the next property.
func foldSoft(head []byte, value, eol string) []byte {
	out, width := head, len(head)
	value = strings.ReplaceAll(value, "=\n", "")
	for i := 0; i < len(value); {
		_, n := utf8.DecodeRuneInString(value[i:])
		piece := value[i : i+n]
		if _, ok := octetAt(value[i:]); ok {
			n, piece = 3, value[i:i+3]
		} else if piece == "=" {
			if piece = quotedOctet('='); i+1 == len(value) {
				break // a stray soft line break
			}
		}
		if width+len(piece) >= maxWidth { // the = of the break has its place, too
			out = append(out, "="+eol...)
			width = 0
			if value[i] == ' ' || endsQuoted([]byte(value[i:min(i+maxWidth, len(value))])) {
				piece = quotedOctet(value[i])
			}
		}
		out = append(out, piece...)
		width += len(piece)
		i += n
	}
	return append(out, eol...)
}
