package vobject

import (
	"strings"
	"testing"
)

// vCard 2.1 section 2.1.3: a value goes on after a soft line break, whatever stands
// there; but a stray one at its end must not swallow what is none of it.
func TestAStraySoftLineBreakEndsWithItsValue(t *testing.T) {
	for _, c := range []struct {
		next string
		in   bool // it is of the text
	}{
		{"END:VCARD", false}, {"end:vcard ", false}, {"BEGIN:VCARD", false}, {"TEL;CELL:+1", false}, {"item1.EMAIL;INTERNET:a@x.example", false}, {"REV:20260101T000000Z", false}, {"X-OWN:y", false},
		{"ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;=C3=85", false},
		{"TEL: 036-1", true}, {"TEL:036-1", true}, {"EMAIL:a@x.example", true}, {"NOTE: this", true}, {"END: of it", true}, {"END:VCARD is what it ends with", true}, {"Title;of:it", true}, {"and more=0D=0A", true}, {" spaced", true}, {"", true}, {"N;ote this: it", true},
	} {
		raw := "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\r\n" + c.next + "\r\nEND:VCARD\r\n"
		f := Parse([]byte(raw))
		card := f.Components("VCARD")[0]
		if got := card.First("NOTE").Text(); (got == "one\n") == (c.in && c.next != "") {
			t.Errorf("%q: the note is %q", c.next, got)
		}
		if card.end == nil && c.next != "BEGIN:VCARD" {
			t.Errorf("%q: the end of the card is lost", c.next)
		}
		card.Add(NewLine("TITLE", "x")) // behind the note, perhaps
		if card = Parse(f.Bytes()).Components("VCARD")[0]; card.First("TITLE") == nil {
			t.Errorf("%q: what was added is lost: %q", c.next, f.Bytes())
		}
	}
}

// A soft line break of our own never makes a line that reads as a property.
func TestSoftLineBreaksMakeNoProperties(t *testing.T) {
	for pad := range 80 {
		for _, s := range []string{"UID:1", "END:VCARD", "TEL;CELL:+1", " a"} {
			text := strings.Repeat("y", pad) + s
			l := NewLine("NOTE", "", Param{"ENCODING", []string{"QUOTED-PRINTABLE"}})
			l.SetText(text)
			f := NewFile()
			f.root.Add(l)
			wide(t, f.Bytes())
			if got := Parse(f.Bytes()).root.First("NOTE").Text(); got != text {
				t.Errorf("%q came back as %q from %q", text, got, f.Bytes())
			}
		}
	}
}

// What is no quoted-printable in a value that says it is loses nothing behind it.
func TestBrokenQuotedPrintableIsRead(t *testing.T) {
	for raw, want := range map[string]string{
		"100=%25 = a=3Db=": "100=%25 = a=b", "=": "", "a\x01b=41": "abA", "=4": "=4", "=c3=85=zz": "Å=zz",
	} {
		if got := NewLine("NOTE", raw, Param{"ENCODING", []string{"quoted-printable"}}).Text(); got != want {
			t.Errorf("%q reads %q, want %q", raw, got, want)
		}
	}
	// Its head may be folded; and a head without a value goes on nowhere.
	f := Parse([]byte("NOTE;ENCODING=\r\n QUOTED-PRINTABLE:a=\r\nb\r\nX;QUOTED-PRINTABLE;Y=\r\nFN:c\r\nX-QUOTED-PRINTABLE:d=\r\nUID:e\r\n"))
	if note, fn, uid := f.root.First("NOTE"), f.root.First("FN"), f.root.First("UID"); note.Text() != "ab" || fn == nil || uid == nil {
		t.Errorf("%+v %+v %+v", note, fn, uid)
	}
	if got := NewLine("NOTE", "w4U=", Param{"ENCODING", []string{"BASE64"}}).Text(); got != "Å" {
		t.Errorf("base64 reads %q", got)
	}
}

// vCard 2.1 sections 2.1.2 and 2.1.3: types stand alone, and what is not ASCII, or has line ends, or
// is too long for a line is encoded and says in what.
func TestNewLinesOfAnOldCardAreOld(t *testing.T) {
	f := Parse([]byte("BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8:Öberg;Jörg\r\nADR;HOME:;;Main St 1, Floor 2;City\r\nEND:VCARD\r\n"))
	card := f.Components("VCARD")[0]
	if got := card.First("ADR").Parts()[2]; len(got) != 1 || got[0] != "Main St 1, Floor 2" {
		t.Errorf("a comma parts a street: %q", got)
	}
	add := func(l *Line) *Line { card.Add(l); return l }
	add(NewLine("TEL", "", Param{"TYPE", []string{"home", "voice"}})).SetText("+1")
	add(NewLine("ADR", "", Param{"TYPE", []string{"work"}})).SetParts([][]string{{""}, {""}, {"Å 1, 2"}, {"a;b"}})
	add(NewLine("ORG", "")).SetText("Alder, Ask")
	add(NewLine("TITLE", "")).SetText("one\ntwo")
	add(NewLine("NOTE", "")).SetText(strings.Repeat("long ", 20))
	card.First("N").SetParts([][]string{{"Åberg"}, {"Jörg"}})
	want := "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8:Åberg;Jörg\r\nADR;HOME:;;Main St 1, Floor 2;City\r\n" +
		"ADR;WORK;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:;;=C3=85 1, 2;a\\;b\r\nTEL;HOME;VOICE:+1\r\nORG:Alder, Ask\r\nTITLE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo\r\n" +
		"NOTE;ENCODING=QUOTED-PRINTABLE:long long long long long long long long lon=\r\ng long long long long long long long long long long long=20\r\nEND:VCARD\r\n"
	if got := string(f.Bytes()); got != want {
		t.Errorf("\n%q\n%q", got, want)
	}
}
