package vobject

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// samples are lines as programs write them, good and bad.
var samples = []string{
	"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nitem1.TEL;TYPE=\"work,voice\";X-A=b:+46 36\r\nitem1.X-ABLabel:_$!<Home>!$_\r\nEND:VCARD\r\n",
	"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=D6berg;J=F6rg;;;\nNOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\ntwo=\n\nTEL;CELL;PREF:+1\nEND:VCARD\n",
	"\ufeffBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a long one that is folde\r\n d inside of \xc3\r\n \xa5 a character\r\nX-A;B=c\r\nX-A;B=\"c\"d:e\r\n\r\nno colon\r\nEND:VEVENT\r\nEND:VCALENDAR",
	"END:VEVENT\r\nBEGIN:VEVENT\r\nBEGIN:VALARM\r\nEND:VEVENT\r\nBEGIN:X",
	"ATTENDEE;CN=\"Berg, Ann\";X=^'quoted^'^nline^^:mailto:a@x\r\n",
	"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:one=\r\nTEL;CELL:+1\r\nADR;WORK:;;Main St 1, Floor 2;City\r\nNOTE;CHARSET=utf-8;QUOTED-PRINTABLE:a=20=\r\nEND:VCARD\r\n",
	"BEGIN:A\r\nBEGIN:B\r\nX:y\r\nEND:A\r\n",
	"A:b\rC:d\r", " folded at once", "", "\n\n", ":", ";:", "\"", "A;B=\"", "\x00\xff\xfe:\xff",
}

func TestWhatIsNotEditedComesOutAsItCameIn(t *testing.T) {
	for _, s := range samples {
		if got := string(Parse([]byte(s)).Bytes()); got != s {
			t.Errorf("%q came out as %q", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := Parse(raw)
		if got := file.Bytes(); !bytes.Equal(got, raw) {
			t.Fatalf("%q came out as %q", raw, got)
		}
		walk(&file.root, func(l *Line) {
			l.Text()
			l.Texts()
			l.Parts()
			l.Binary()
			l.ParamValues("TYPE")
		})
	})
}

func walk(c *Component, do func(*Line)) {
	for _, l := range c.Lines() {
		do(l)
	}
	for _, child := range c.Components() {
		walk(child, do)
	}
}

func TestWhatLinesSay(t *testing.T) {
	card := Parse([]byte(samples[0])).Components("VCARD")[0]
	tel := card.First("TEL")
	if tel.Group != "item1" || tel.Value() != "+46 36" || tel.Param("X-A") != "b" || !slices.Equal(tel.ParamValues("TYPE"), []string{"work,voice"}) {
		t.Errorf("%+v", tel)
	}
	if l := card.First("X-ABLABEL"); l == nil || l.Text() != "_$!<Home>!$_" {
		t.Errorf("%+v", l)
	}
	old := Parse([]byte(samples[1])).Components()[0]
	if got := old.First("N").Parts(); got[0][0] != "Öberg" || got[1][0] != "Jörg" || len(got) != 5 {
		t.Errorf("N: %v", got)
	}
	if got := old.First("NOTE").Text(); got != "one\ntwo" {
		t.Errorf("NOTE: %q", got)
	}
	if tel := old.First("TEL"); !tel.HasType("cell") || !tel.HasType("pref") {
		t.Errorf("TEL: %+v", tel)
	}
	event := Parse([]byte(samples[2])).Components()[0].Components("VEVENT")[0]
	if got := event.First("SUMMARY").Text(); got != "a long one that is folded inside of å a character" {
		t.Errorf("SUMMARY: %q", got)
	}
	who := NewFile()
	who.root = Component{nodes: Parse([]byte(samples[4])).root.nodes}
	if l := who.root.First("ATTENDEE"); l.Param("CN") != "Berg, Ann" || l.Param("X") != "\"quoted\"\nline^" {
		t.Errorf("%+v", l)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	for raw, want := range map[string]string{
		`one\, two\; three\\ four\nfive\Nsix`: "one, two; three\\ four\nfive\nsix",
		`C:\Users\Ann`:                        `C:\Users\Ann`,
		`trailing\`:                           `trailing\`,
		"caf\xe9":                             "café",
	} {
		if got := NewLine("X", raw).Text(); got != want {
			t.Errorf("%q reads %q, want %q", raw, got, want)
		}
	}
	l := NewLine("N", `Berg\; Söhne;Ann,Maria;;Dr.;`)
	if got := l.Parts(); got[0][0] != "Berg; Söhne" || !slices.Equal(got[1], []string{"Ann", "Maria"}) {
		t.Errorf("%v", got)
	}
}

func TestBinaryValues(t *testing.T) {
	for _, c := range []struct {
		line       *Line
		data, kind string
	}{
		{NewLine("PHOTO", "aGVs bG8=", Param{"ENCODING", []string{"b"}}, Param{"TYPE", []string{"JPEG"}}), "hello", "image/jpeg"},
		{NewLine("PHOTO", "data:image/png;base64,aGVsbG8"), "hello", "image/png"},
		{NewLine("PHOTO", "data:text/plain,a%20b"), "a b", "text/plain"},
		{NewLine("PHOTO", "https://x.example/a.png", Param{"VALUE", []string{"uri"}}), "", ""},
		{NewLine("PHOTO", "***", Param{"ENCODING", []string{"b"}}), "", ""},
	} {
		data, kind, ok := c.line.Binary()
		if string(data) != c.data && ok || ok != (c.data != "") || ok && kind != c.kind {
			t.Errorf("%q: %q %q %v", c.line.Value(), data, kind, ok)
		}
	}
}

func TestAnEditChangesItsLineOnly(t *testing.T) {
	file := Parse([]byte(samples[0]))
	card := file.Components()[0]
	card.First("FN").SetText("Å, B;\n" + strings.Repeat("ö", 60))
	card.First("TEL").SetParam("TYPE", "home")
	card.Add(NewLine("NOTE", "x"))
	card.Add(NewLine("TEL", "2"))
	want := "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Å\\, B\\;\\n" + strings.Repeat("ö", 31) + "\r\n " + strings.Repeat("ö", 29) + "\r\n" +
		"item1.TEL;TYPE=home;X-A=b:+46 36\r\nTEL:2\r\nitem1.X-ABLabel:_$!<Home>!$_\r\nNOTE:x\r\nEND:VCARD\r\n"
	if got := string(file.Bytes()); got != want {
		t.Errorf("\n%q\n%q", got, want)
	}
	card.Remove(card.Lines("TEL")...)
	if strings.Contains(string(file.Bytes()), "TEL") {
		t.Error("a line that was removed is there")
	}
	bare := Parse([]byte("BEGIN:VCARD\nFN:a\nEND:VCARD"))
	bare.AddComponent(NewComponent("VCARD"))
	if got := string(bare.Bytes()); got != "BEGIN:VCARD\nFN:a\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n" {
		t.Errorf("%q", got)
	}
}
