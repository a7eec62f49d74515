package vobject

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// decoded is the value in UTF-8, without its encoding, and still escaped.
func (l *Line) decoded() string {
	s := l.value
	switch {
	case l.quotedPrintable():
		s = decodeQuoted(s)
	case l.base64(): // some programs write texts so
		if data, ok := decode64(s); ok {
			s = string(data)
		}
	}
	if set := l.Param("CHARSET"); set != "" && !strings.EqualFold(set, "utf-8") {
		if e, err := htmlindex.Get(set); err == nil {
			if d, err := e.NewDecoder().String(s); err == nil {
				return d
			}
		}
	}
	if !utf8.ValidString(s) { // what is not said to be anything else was written on an old Windows
		if d, err := charmap.Windows1252.NewDecoder().String(s); err == nil {
			return d
		}
	}
	return s
}

// Text is the value as people read it (RFC 5545 section 3.3.11), lines ended by
// LF.
func (l *Line) Text() string { return clean(unescape(l.decoded())) }

// SetText sets the value from a text. What is said already is not said again.
func (l *Line) SetText(s string) {
	if l.Text() != s || l.raw == nil {
		l.set(l.escape(s))
	}
}

// Texts are the values of a list, separated by commas.
func (l *Line) Texts() (all []string) {
	for _, v := range split(l.decoded(), ',') {
		all = append(all, clean(unescape(v)))
	}
	return all
}

// SetTexts sets the values of a list.
func (l *Line) SetTexts(all ...string) {
	if slices.Equal(l.Texts(), all) && l.raw != nil {
		return
	}
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = escaper.Replace(clean(v))
	}
	l.set(strings.Join(out, ","))
}

// Parts are the components of a structured value, separated by semicolons, each
// a list (RFC 6350 section 6.2.2); vCard 2.1 has no lists in them.
func (l *Line) Parts() (all [][]string) {
	for _, p := range split(l.decoded(), ';') {
		values := []string{p}
		if !l.old {
			values = split(p, ',')
		}
		for i, v := range values {
			values[i] = clean(unescape(v))
		}
		all = append(all, values)
	}
	return all
}

// SetParts sets the components of a structured value.
func (l *Line) SetParts(all [][]string) {
	if l.raw != nil && slices.EqualFunc(l.Parts(), all, slices.Equal) {
		return
	}
	parts := make([]string, len(all))
	for i, list := range all {
		out := make([]string, len(list))
		for j, v := range list {
			out[j] = l.escape(v)
		}
		parts[i] = strings.Join(out, ",")
	}
	l.set(strings.Join(parts, ";"))
}

// set sets an escaped value, in the encoding that the line has. A text of vCard 2.1
// gets one where it can't do without: 2.1 has ASCII alone, no line ends in texts,
// and folds only where there are spaces (vCard 2.1 section 2.1).
func (l *Line) set(v string) {
	l.raw, l.value = nil, v
	if l.base64() {
		l.SetParam("ENCODING")
	}
	ascii := !strings.ContainsFunc(v, func(r rune) bool { return r > 0x7e })
	eightBit := l.Param("CHARSET") != "" || l.Param("ENCODING") != ""
	if l.old && (!ascii && !eightBit || strings.Contains(v, `\n`) || len(l.head())+len(v) > maxWidth) {
		l.SetParam("ENCODING", "QUOTED-PRINTABLE")
	}
	if l.Param("CHARSET") != "" || l.quotedPrintable() && !ascii {
		l.SetParam("CHARSET", "UTF-8")
	}
	if l.quotedPrintable() {
		l.value = encodeQuoted(strings.NewReplacer(`\\`, `\\`, `\n`, "\r\n").Replace(v))
	}
}

var (
	escaper    = strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`)
	oldEscaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, "\n", `\n`)
)

// escape writes a text as the value of a line has it (RFC 5545 section 3.3.11,
// RFC 6350 section 3.4). To vCard 2.1 a comma is a comma.
func (l *Line) escape(s string) string {
	if l.old {
		return oldEscaper.Replace(clean(s))
	}
	return escaper.Replace(clean(s))
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch i++; s[i] {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ',', ';', ':', '"':
			b.WriteByte(s[i])
		default: // not an escape: a path of Windows, say
			b.WriteString(s[i-1 : i+1])
		}
	}
	return b.String()
}

// split cuts at a separator that is not escaped.
func split(s string, sep byte) (parts []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// clean gives a text LF as its line ends, and takes off what no text has.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t':
			return -1
		}
		return r
	}, s)
}

// Binary is a value that stands in the line itself: by ENCODING=b or BASE64, or as
// a data URI (RFC 2397). ok is false where it is somewhere else, or can't be read.
func (l *Line) Binary() (data []byte, mediaType string, ok bool) {
	v := l.value
	if rest, found := strings.CutPrefix(v, "data:"); found {
		head, body, found := strings.Cut(rest, ",")
		if !found {
			return nil, "", false
		}
		head, b64 := strings.CutSuffix(head, ";base64")
		if !b64 {
			s, err := url.PathUnescape(body)
			return []byte(s), head, err == nil
		}
		data, ok = decode64(body)
		return data, head, ok
	}
	if l.base64() {
		data, ok = decode64(v)
		if t := l.Param("TYPE"); t != "" {
			mediaType = "image/" + strings.ToLower(t)
		}
		return data, mediaType, ok
	}
	return nil, "", false
}

func (l *Line) base64() bool {
	e := l.Param("ENCODING")
	return strings.EqualFold(e, "B") || strings.EqualFold(e, "BASE64")
}

func decode64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\\' {
			return -1
		}
		return r
	}, s)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return bytes.Clone(data), err == nil && len(data) > 0
}
