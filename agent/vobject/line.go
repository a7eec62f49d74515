package vobject

import (
	"bytes"
	"slices"
	"strings"
)

// Line is one content line: [group.]name *(;param) : value (RFC 5545 section 3.1,
// RFC 6350 section 3.3).
type Line struct {
	Group string // "item1"; empty: none
	Name  string // in upper case
	// bad: it is no content line, and stays as it is.
	bad bool
	// old: it is of a vCard 2.1 or vCalendar 1.0, where types stand without their
	// name, texts are ASCII or encoded, and a comma is a comma.
	old     bool
	stray   bool   // its raw text ends with a soft line break that leads nowhere
	spelled string // the name as it was written
	params  []param
	value   string
	raw     []byte // as it came, with its line end; nil: made or edited here
}

type param struct {
	name   string // in upper case; TYPE or ENCODING for those of vCard 2.1 that stand alone
	values []string
	raw    string // as it came; "": made here
}

// Param is a parameter of a line that is made.
type Param struct {
	Name   string
	Values []string
}

// NewLine makes a line of a raw value, as it is written.
func NewLine(name, value string, params ...Param) *Line {
	l := &Line{Name: strings.ToUpper(name), spelled: name, value: value}
	for _, p := range params {
		l.params = append(l.params, param{name: strings.ToUpper(p.Name), values: p.Values})
	}
	return l
}

// Clone is a line like it that is edited by itself.
func (l *Line) Clone() *Line {
	c := *l
	c.params = slices.Clone(l.params)
	return &c
}

// Value is the raw value, unfolded.
func (l *Line) Value() string { return l.value }

// SetValue sets the raw value.
func (l *Line) SetValue(v string) {
	if l.value == v && l.raw != nil {
		return
	}
	l.value = v
	l.raw = nil
}

// Param is the first value of a parameter, "" where it has none. Names are
// compared without case.
func (l *Line) Param(name string) string {
	for _, p := range l.params {
		if p.name == name && len(p.values) > 0 {
			return p.values[0]
		}
	}
	return ""
}

// ParamValues are all values of a parameter, wherever they stand.
func (l *Line) ParamValues(name string) (all []string) {
	for _, p := range l.params {
		if p.name == name {
			all = append(all, p.values...)
		}
	}
	return all
}

// HasType reports whether one of the values of TYPE is t, without case.
func (l *Line) HasType(t string) bool {
	return slices.ContainsFunc(l.ParamValues("TYPE"), func(v string) bool { return strings.EqualFold(v, t) })
}

// SetParam sets the values of a parameter; without values it is taken off.
func (l *Line) SetParam(name string, values ...string) {
	if slices.Equal(l.ParamValues(name), values) {
		return
	}
	l.raw = nil
	i := slices.IndexFunc(l.params, func(p param) bool { return p.name == name })
	l.params = slices.DeleteFunc(l.params, func(p param) bool { return p.name == name })
	if len(values) == 0 {
		return
	}
	if i < 0 || i > len(l.params) {
		i = len(l.params)
	}
	l.params = slices.Insert(l.params, i, param{name: name, values: values})
}

// parseLine reads an unfolded line. ok is false where it is no content line.
func parseLine(s string) (l Line, ok bool) {
	end := strings.IndexAny(s, ":;")
	if end <= 0 {
		return l, false
	}
	l.spelled = s[:end]
	if group, name, dotted := strings.Cut(l.spelled, "."); dotted {
		l.Group, l.spelled = group, name
	}
	l.Name = strings.ToUpper(l.spelled)
	if l.spelled == "" || s[0] == '.' || strings.ContainsAny(l.spelled, " \t\"") {
		return l, false
	}
	rest := s[end:]
	for strings.HasPrefix(rest, ";") {
		var p param
		from := rest[1:]
		if p, rest, ok = parseParam(from); !ok {
			return l, false
		}
		if p.raw = from[:len(from)-len(rest)]; strings.Contains(p.raw, "\n") { // a soft line break in quotes
			p.raw = ""
		}
		l.params = append(l.params, p)
	}
	l.value, ok = strings.CutPrefix(rest, ":")
	return l, ok
}

// parseParam reads one parameter up to the next ; or : outside quotes.
func parseParam(s string) (p param, rest string, ok bool) {
	end := strings.IndexAny(s, "=:;")
	if end < 0 {
		return p, "", false
	}
	if s[end] != '=' { // vCard 2.1: TEL;CELL
		return bareParam(s[:end]), s[end:], true
	}
	p.name = strings.ToUpper(strings.TrimSpace(s[:end]))
	s = s[end+1:]
	for {
		var v string
		if quoted, found := strings.CutPrefix(s, `"`); found {
			n := strings.IndexByte(quoted, '"')
			if n < 0 {
				return p, "", false
			}
			v, s = quoted[:n], quoted[n+1:]
			if n = strings.IndexAny(s, ",:;"); n < 0 {
				return p, "", false
			}
			v, s = v+s[:n], s[n:]
		} else {
			n := strings.IndexAny(s, ",:;")
			if n < 0 {
				return p, "", false
			}
			v, s = s[:n], s[n:]
		}
		p.values = append(p.values, uncaret.Replace(v))
		if s[0] != ',' {
			return p, s, true
		}
		s = s[1:]
	}
}

// bareParam is a parameter of vCard 2.1 that is written without its name.
func bareParam(v string) param {
	switch strings.ToUpper(v) {
	case "QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT":
		return param{name: "ENCODING", values: []string{v}}
	}
	return param{name: "TYPE", values: []string{v}}
}

// Carets in parameter values (RFC 6868).
var (
	uncaret = strings.NewReplacer("^n", "\n", "^N", "\n", "^'", `"`, "^^", "^")
	caret   = strings.NewReplacer("^", "^^", "\r\n", "^n", "\n", "^n", "\r", "^n", `"`, "^'")
)

// paramValues are the values of a parameter as they are written: in quotes where
// they need them, and without control characters (RFC 5545 section 3.1).
func paramValues(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		if v = caret.Replace(clean(v)); strings.ContainsAny(v, ":;,") {
			v = `"` + v + `"`
		}
		out[i] = v
	}
	return strings.Join(out, ",")
}

// head is what is written before the value.
func (l *Line) head() []byte {
	var b bytes.Buffer
	if l.Group != "" {
		b.WriteString(l.Group + ".")
	}
	b.WriteString(l.spelled)
	for _, p := range l.params {
		switch {
		case p.raw != "":
			b.WriteString(";" + p.raw)
		case l.old && p.name == "TYPE": // vCard 2.1 section 2.1.2
			b.WriteString(";" + strings.ToUpper(strings.Join(p.values, ";")))
		default:
			b.WriteString(";" + p.name + "=" + paramValues(p.values))
		}
	}
	b.WriteByte(':')
	return b.Bytes()
}

// bytes is the line as it is written.
func (l *Line) bytes(eol string) []byte {
	if l.raw != nil {
		return l.raw
	}
	if l.quotedPrintable() {
		return foldSoft(l.head(), l.value, eol)
	}
	return fold(append(l.head(), strings.NewReplacer("\r", "", "\n", "").Replace(l.value)...), eol)
}
