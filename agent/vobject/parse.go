package vobject

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const bom = "\ufeff"

// maxWidth is how long a line is at most, in octets (RFC 5545 section 3.1).
const maxWidth = 75

// Parse reads a file. It never fails: what is no content line is kept as it is.
func Parse(raw []byte) *File {
	f := &File{eol: "\r\n"}
	if i := bytes.IndexByte(raw, '\n'); i == 0 || i > 0 && raw[i-1] != '\r' {
		f.eol = "\n"
	}
	open := []*Component{&f.root}
	for len(raw) > 0 {
		var l *Line
		l, raw = nextLine(raw)
		top := open[len(open)-1]
		switch name := strings.ToUpper(strings.TrimSpace(l.value)); {
		case l.bad || l.Name != "BEGIN" && l.Name != "END":
			top.nodes = append(top.nodes, node{line: l})
		case l.Name == "BEGIN":
			c := &Component{Name: name, begin: l}
			top.nodes = append(top.nodes, node{child: c})
			open = append(open, c)
		default:
			n := len(open) - 1
			for n > 0 && open[n].Name != name {
				n--
			}
			if n == 0 { // the end of what did not begin
				l.bad = true
				top.nodes = append(top.nodes, node{line: l})
				continue
			}
			open[n].end = l
			open = open[:n]
		}
	}
	return f
}

// nextLine cuts off the first content line, with what is folded behind it.
func nextLine(raw []byte) (l *Line, rest []byte) {
	physical, rest := cutPhysical(raw)
	text := bytes.TrimRight(physical, "\r\n")
	text = bytes.TrimPrefix(text, []byte(bom))
	soft := quotedStart(text)
	joined := text
	grown := false
	grow := func(more []byte) {
		if !grown {
			joined, grown = bytes.Clone(joined), true
		}
		joined = append(joined, more...)
	}
	for len(rest) > 0 {
		next, after := cutPhysical(rest)
		switch {
		case soft && bytes.HasSuffix(joined, []byte("=")):
			grow([]byte("\n"))
			grow(bytes.TrimRight(next, "\r\n"))
		case (next[0] == ' ' || next[0] == '\t') && len(joined) > 0:
			grow(bytes.TrimRight(next[1:], "\r\n"))
		default:
			next = nil
		}
		if next == nil {
			break
		}
		rest = after
	}
	parsed, ok := parseLine(string(joined))
	if !ok {
		parsed = Line{bad: true}
	}
	parsed.raw = raw[: len(raw)-len(rest) : len(raw)-len(rest)]
	return &parsed, rest
}

// cutPhysical cuts off a line with its end.
func cutPhysical(raw []byte) (line, rest []byte) {
	if i := bytes.IndexByte(raw, '\n'); i >= 0 {
		return raw[:i+1], raw[i+1:]
	}
	return raw, nil
}

// quotedStart reports whether a line begins a quoted-printable value, whose soft
// line breaks are no folds.
func quotedStart(text []byte) bool {
	head, _, _ := bytes.Cut(text, []byte(":"))
	return bytes.Contains(bytes.ToUpper(head), []byte("QUOTED-PRINTABLE"))
}

// fold breaks a line after at most 75 octets, between characters.
func fold(line []byte, eol string) []byte {
	out := make([]byte, 0, len(line)+len(line)/25+2)
	width := 0
	for len(line) > 0 {
		_, n := utf8.DecodeRune(line)
		if width+n > maxWidth {
			out = append(out, eol...)
			out = append(out, ' ')
			width = 1
		}
		out = append(out, line[:n]...)
		width += n
		line = line[n:]
	}
	return append(out, eol...)
}

// foldSoft breaks a quoted-printable line with soft line breaks, never inside of
// an octet's three characters.
func foldSoft(head []byte, value, eol string) []byte {
	out, width := head, len(head)
	value = strings.ReplaceAll(value, "=\n", "")
	for i := 0; i < len(value); {
		n := 1
		if value[i] == '=' && i+3 <= len(value) {
			n = 3
		}
		if width+n > maxWidth {
			out = append(out, "="+eol...)
			width = 0
		}
		out = append(out, value[i:i+n]...)
		width += n
		i += n
	}
	return append(out, eol...)
}
