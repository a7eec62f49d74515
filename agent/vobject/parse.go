package vobject

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const bom = "\ufeff"

// maxWidth is how long a line is at most, in octets (RFC 5545 section 3.1).
const maxWidth = 75

// maxDepth is how many components stand in one another at most; calendars have
// three. A BEGIN deeper than that is a line that can't be read, so that no text
// makes us look through, or call ourselves through, a million open components.
const maxDepth = 16

// maxHeads is how often the head of a line that ends in = is looked at, for whether
// what follows is of it: a head may be folded, too, but not a million times.
const maxHeads = 8

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
		case l.Name == "BEGIN" && len(open) > maxDepth:
			l.bad = true
			top.nodes = append(top.nodes, node{line: l})
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
	f.root.age(false)
	return f
}

// age marks the lines of a vCard 2.1 or vCalendar 1.0, and of what is in it.
func (c *Component) age(old bool) {
	if v := c.First("VERSION"); v != nil {
		old = c.Name == "VCARD" && strings.TrimSpace(v.value) == "2.1" || c.Name == "VCALENDAR" && strings.TrimSpace(v.value) == "1.0"
	}
	c.old = old
	for _, n := range c.nodes {
		if n.line != nil {
			n.line.old = old
		} else {
			n.child.age(old)
		}
	}
}

// nextLine cuts off the first content line, with what is folded behind it.
func nextLine(raw []byte) (l *Line, rest []byte) {
	physical, rest := cutPhysical(raw)
	text := bytes.TrimRight(physical, "\r\n")
	text = bytes.TrimPrefix(text, []byte(bom))
	joined := text
	grown := false
	grow := func(more []byte) {
		if !grown {
			joined, grown = bytes.Clone(joined), true
		}
		joined = append(joined, more...)
	}
	heads, soft := 0, false // how often its head was looked for, and whether it says quoted-printable
	for len(rest) > 0 {
		if bytes.HasSuffix(joined, []byte("=")) && heads < maxHeads {
			if heads++; quotedStart(joined) {
				heads, soft = maxHeads, true
			}
		}
		next, after := cutPhysical(rest)
		more := bytes.TrimRight(next, "\r\n")
		switch {
		case soft && bytes.HasSuffix(joined, []byte("=")) && !endsQuoted(more):
			grow([]byte("\n"))
		case (next[0] == ' ' || next[0] == '\t') && len(joined) > 0:
			more = more[min(1, len(more)):]
		default:
			next = nil
		}
		if next == nil {
			break
		}
		grow(more)
		rest = after
	}
	parsed, ok := parseLine(string(joined))
	if !ok {
		parsed = Line{bad: true}
	}
	parsed.stray = bytes.HasSuffix(joined, []byte("=")) && (soft || len(rest) == 0 && parsed.quotedPrintable())
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
