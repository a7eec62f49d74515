package vobject

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// wide checks that a text is folded (RFC 5545 section 3.1, RFC 6350 section 3.2: no
// more than 75 octets, without the line break), between characters.
func wide(t interface{ Fatalf(string, ...any) }, raw []byte) {
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 75 {
			t.Fatalf("a line of %d octets: %q", len(line), line)
		}
		if utf8.Valid(raw) && !utf8.Valid(line) {
			t.Fatalf("a character is broken in two: %q", line)
		}
	}
}

// What is set is what is read afterwards, folded within bounds, also through the
// encoding of vCard 2.1; and what is set to what it says does not change a byte.
func TestWhatIsSetIsRead(t *testing.T) {
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab ,;:\\\"=^\nåß漢字\u0301\u200d👩😀\t")))
	rapid.Check(t, func(t *rapid.T) {
		text := text.Draw(t, "text")
		parts := [][]string{{text}, {""}, {rapid.StringOf(rapid.RuneFrom([]rune("a,;\n漢"))).Draw(t, "part")}}
		value := rapid.StringOfN(rapid.RuneFrom([]rune("ab ,;:^\n\"å")), 0, 8, -1).Draw(t, "param")
		f, c := NewFile(), NewComponent("VCARD")
		version := rapid.SampledFrom([]string{"2.1", "4.0"}).Draw(t, "version")
		c.Add(NewLine("VERSION", version))
		f.AddComponent(c)
		f = Parse(f.Bytes())
		c = f.Components("VCARD")[0]
		l, n := NewLine("X-TEXT", ""), NewLine("N", "")
		if rapid.Bool().Draw(t, "quoted-printable") {
			l.SetParam("ENCODING", "QUOTED-PRINTABLE")
		}
		c.Add(l)
		c.Add(n)
		l.SetParam("X-P", value)
		l.SetText(text)
		n.SetParts(parts)
		raw := f.Bytes()
		wide(t, raw)
		again := Parse(raw)
		c = again.Components("VCARD")[0]
		got := c.First("X-TEXT")
		if got == nil || got.Text() != text || got.Param("X-P") != value {
			t.Fatalf("%q, %q came back as %+v from %q", text, value, got, raw)
		}
		if n := c.First("N"); n == nil || !slices.EqualFunc(n.Parts(), parts, slices.Equal) {
			t.Fatalf("%q came back as %+v from %q", parts, n, raw)
		}
		got.SetText(text)
		got.SetParam("X-P", value)
		c.First("N").SetParts(parts)
		if !bytes.Equal(again.Bytes(), raw) {
			t.Fatal("setting what it says changed it")
		}
	})
}

// RFC 6350 section 3.2, RFC 5545 section 3.1: folded between characters, so that
// each line is UTF-8 by itself; other programs read lines so.
func TestLinesAreFoldedBetweenCharacters(t *testing.T) {
	for _, s := range []string{"漢字かな交じり文", "👩\u200d👩\u200d👧", "e\u0301", "🏳️\u200d🌈a", "김철수"} {
		for pad := range 4 {
			text := strings.Repeat("x", pad) + strings.Repeat(s, 40)
			for _, params := range [][]Param{nil, {{"ENCODING", []string{"QUOTED-PRINTABLE"}}}} {
				l := NewLine("FN", "", params...)
				l.SetText(text)
				f := NewFile()
				f.root.Add(l)
				wide(t, f.Bytes())
				if got := Parse(f.Bytes()).root.First("FN").Text(); got != text {
					t.Errorf("%q came back as %q", text, got)
				}
			}
		}
	}
	// Raw characters in a quoted-printable value, as some phones write them.
	f := Parse([]byte("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:" + strings.Repeat("漢=41", 20) + "\r\n"))
	f.root.First("N").SetParam("X-P", "y")
	wide(t, f.Bytes())
}

func flat(c *Component) (all []*Line) {
	if c.begin != nil {
		all = append(all, c.begin)
	}
	for _, n := range c.nodes {
		if n.line != nil {
			all = append(all, n.line)
		} else {
			all = append(all, flat(n.child)...)
		}
	}
	if c.end != nil {
		all = append(all, c.end)
	}
	return all
}

func written(lines []*Line) (raw []byte) {
	for _, l := range lines {
		raw = append(raw, l.raw...)
	}
	return raw
}

func all(c *Component) []*Component {
	list := []*Component{c}
	for _, child := range c.Components() {
		list = append(list, all(child)...)
	}
	return list
}

// drawFile is a text of well-formed, odd and broken lines in any order.
func drawFile(t *rapid.T) []byte {
	eol := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "line end")
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"BEGIN:VCARD", "END:VCARD", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "VERSION:2.1", "VERSION:3.0", "", " ", " folded", "\tfolded=",
			"NOTE;ENCODING=QUOTED-PRINTABLE:=C3=85 one=", "N;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:=D6;=", "TEL;CELL;type=\"home,voice\";X-Q=^n^^^:+1", "item1.X-ABLabel:_$!<Home>!$_", "NOTE:\xff\xfe", "no colon",
			"X;A=\"b:c", "FN:" + strings.Repeat("å", 50), "PHOTO;ENCODING=b:aGVsbG8=", "=", "TEL: 36=", "NOTE;ENCODING=BASE64:aGVsbG8="}),
		rapid.StringOfN(rapid.RuneFrom([]rune("AB;:=\",. ^å\r")), 0, 12, -1))
	text := strings.Join(rapid.SliceOfN(piece, 0, 14).Draw(t, "lines"), eol)
	if rapid.Bool().Draw(t, "ended") {
		text += eol
	}
	return []byte(text)
}

// An edit of one line, one that is new and one that goes leave every other byte as it
// was, and are read back as what they are.
func TestOneEditLeavesEveryOtherByte(t *testing.T) { rapid.Check(t, oneEdit) }

func FuzzOneEdit(f *testing.F) { f.Fuzz(rapid.MakeFuzz(oneEdit)) }

func oneEdit(t *rapid.T) {
	raw := drawFile(t)
	f := Parse(raw)
	if got := f.Bytes(); !bytes.Equal(got, raw) {
		t.Fatalf("%q came out as %q", raw, got)
	}
	c := rapid.SampledFrom(all(&f.root)).Draw(t, "component")
	before := flat(&f.root)
	var line *Line
	edit := rapid.SampledFrom([]string{"text", "parts", "param", "remove", "add"}).Draw(t, "edit")
	lines := slices.DeleteFunc(c.Lines(), func(l *Line) bool { return l.Name == "VERSION" }) // by which others are read
	switch {
	case len(lines) > 0:
		line = rapid.SampledFrom(lines).Draw(t, "line")
	case c == &f.root:
		t.Skip("nobody adds lines to a file itself")
	default:
		edit = "add"
	}
	text := rapid.SampledFrom([]string{"x", "Å, b; c", "one\ntwo", strings.Repeat("漢 ", 40), "UID:x"}).Draw(t, "to")
	says := ""
	switch edit {
	case "text":
		line.SetText(text)
	case "parts":
		line.SetParts([][]string{{text}, {"y"}})
	case "param":
		says = line.Text()
		line.SetParam("X-NEW", text)
	case "remove":
		c.Remove(line)
	case "add":
		line = NewLine("TITLE", "")
		c.Add(line)
		line.SetText(text)
	}
	list, removed := flat(&f.root), 0
	if edit == "remove" {
		list, removed = before, 1
	}
	at := slices.Index(list, line)
	pre, post := written(list[:at]), written(list[at+1:])
	got := f.Bytes()
	if !bytes.HasPrefix(got, pre) || !bytes.HasSuffix(got[len(pre):], post) {
		t.Fatalf("%s changed more than its line: %q became %q", edit, raw, got)
	}
	again := Parse(got)
	now := flat(&again.root)
	if len(now) != len(list)-removed {
		t.Fatalf("%s: %d lines were to be %d: %q became %q", edit, len(list), len(now), raw, got)
	}
	if edit == "remove" {
		return
	}
	l := now[at]
	ok := l.Name == line.Name && l.Group == line.Group
	switch edit {
	case "text", "add":
		ok = ok && l.Text() == text
	case "parts":
		ok = ok && fmt.Sprint(l.Parts()) == fmt.Sprint([][]string{{text}, {"y"}})
	case "param":
		ok = ok && l.Param("X-NEW") == text && (l.Text() == says || strings.Contains(line.value, "\r"))
	}
	if !ok {
		t.Fatalf("%s of %q read back as %+v: %q became %q", edit, text, l, raw, got)
	}
}

// What is not understood in a line that is edited stays as it was written: the case
// of its parameters, their quotes, and carets that are none of RFC 6868.
func TestParametersStayAsTheyWereWritten(t *testing.T) {
	f := Parse([]byte("item1.Tel;type=CELL;Type=\"x\";X-A=a^b;X-B=\"c\";PREF:1\r\n"))
	f.root.First("TEL").SetText("2")
	f.root.First("TEL").SetParam("X-B", "d")
	if got, want := string(f.Bytes()), "item1.Tel;type=CELL;Type=\"x\";X-A=a^b;X-B=d;PREF:2\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
