package itemtext

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"postrider/offline"
)

func card(version string, lines ...string) string {
	return "BEGIN:VCARD\r\nVERSION:" + version + "\r\n" + strings.Join(append(lines, "END:VCARD"), "\r\n") + "\r\n"
}

// edited is a text after an edit; what was edited is what it says, saying it again
// changes nothing, and no line is longer than 75 octets (RFC 6350 section 3.2) or
// breaks a character.
func edited(t *testing.T, kind offline.Kind, raw string, change string) string {
	t.Helper()
	zone := stockholm(t)
	mark := text.Read(kind, []byte(raw), zone).Mark
	got, err := text.Edit(kind, []byte(raw), "u", words(change), mark, zone)
	if err != nil {
		t.Fatal(err)
	}
	now := text.Read(kind, got, zone)
	for w, v := range words(change) {
		if now.Fields[w] != v {
			t.Errorf("%s is %q, want %q:\n%s", w, now.Fields[w], v, got)
		}
	}
	if again, err := text.Edit(kind, got, "u", now.Fields, mark, zone); err != nil || !bytes.Equal(again, got) {
		t.Errorf("saying it again made of\n%s\n%s", got, again)
	}
	for l := range bytes.SplitSeq(got, []byte("\r\n")) {
		if len(l) > 75 || !utf8.Valid(l) {
			t.Errorf("a line of %d octets: %q", len(l), l)
		}
	}
	return string(got)
}

// An edit goes to the lines that say it now, in the spelling of their program and
// their version, and leaves the others.
func TestEditsGoWhereACardSaysIt(t *testing.T) {
	const day, at = "BDAY;VALUE=date:1980-05-17", "N:B;A;;;"
	for _, c := range []struct {
		name, raw, change, want string
	}{
		// RFC 6350 section 6.6.6; what points to somebody is no name, and stays.
		{"RELATED", card("4.0", at, "FN:A B", "RELATED;TYPE=spouse:urn:uuid:1", "RELATED;TYPE=Spouse;VALUE=text:Erik", "RELATED;TYPE=manager:Mona"), "spouse=Ek, E\nmanager=sip:m",
			card("4.0", at, "FN:A B", "RELATED;TYPE=spouse:urn:uuid:1", `RELATED;TYPE=Spouse;VALUE=text:Ek\, E`, "RELATED;TYPE=manager;VALUE=text:sip:m")},
		{"RELATED goes", card("4.0", at, "FN:A B", "RELATED;TYPE=spouse:urn:uuid:1", "RELATED;TYPE=spouse;VALUE=text:Erik"), "spouse=", card("4.0", at, "FN:A B", "RELATED;TYPE=spouse:urn:uuid:1")},
		{"a new spouse in 4.0", card("4.0", at, "FN:A B"), "spouse=Erik\nmanager=M", card("4.0", at, "FN:A B", "X-MANAGER:M", "RELATED;VALUE=text;TYPE=spouse:Erik")},
		{"a new spouse in 3.0", card("3.0", at, "FN:A B"), "spouse=Erik", card("3.0", at, "FN:A B", "X-SPOUSE:Erik")},
		{"X-ABRELATEDNAMES", card("3.0", at, "FN:A B", "item1.X-ABRELATEDNAMES;type=pref:Erik", "item1.X-ABLabel:_$!<Spouse>!$_", "item2.X-ABRELATEDNAMES:Mona", "item2.X-ABLabel:_$!<Manager>!$_"), "spouse=Ek\nmanager=\nassistant=Assar",
			card("3.0", at, "FN:A B", "item1.X-ABRELATEDNAMES;type=pref:Ek", "item1.X-ABLabel:_$!<Spouse>!$_", "item3.X-ABRELATEDNAMES:Assar", "item3.X-ABLabel:_$!<Assistant>!$_")},
		{"what several programs say", card("3.0", at, "FN:A B", "X-SPOUSE:Erik", "X-EVOLUTION-SPOUSE:Erik", "X-KADDRESSBOOK-X-SpousesName:Other"), "spouse=Ek",
			card("3.0", at, "FN:A B", "X-SPOUSE:Ek", "X-EVOLUTION-SPOUSE:Ek", "X-KADDRESSBOOK-X-SpousesName:Other")},
		{"and what they say no more", card("3.0", at, "FN:A B", "X-SPOUSE:Erik", "X-EVOLUTION-SPOUSE:Erik", "X-KADDRESSBOOK-X-SpousesName:Other"), "spouse=",
			card("3.0", at, "FN:A B", "X-KADDRESSBOOK-X-SpousesName;X-POSTRIDER-WORD=none:Other")},
		// What is not in the CRM does not come there because what was is gone, and is not lost.
		{"other notes", card("3.0", at, "FN:A B", "NOTE;LANGUAGE=en:first", "NOTE:second", "TITLE:one", "TITLE:two", "URL:https://a.example", "URL:https://b.example"), "body=\ntitle=\nwebsite=",
			card("3.0", at, "FN:A B", "NOTE;X-POSTRIDER-WORD=none:second", "TITLE;X-POSTRIDER-WORD=none:two", "URL;X-POSTRIDER-WORD=none:https://b.example")},
		// vCard 2.1 sections 2.1.2 and 2.1.3; it needs no FN.
		{"2.1", card("2.1", "TEL;CELL:+1"), "last=Öberg\ncompany=Alder, Ask\nemail1=å@x.example\nphone-home=+2\naddress2-city=Malmö\naddress1-city=Ystad",
			card("2.1", "TEL;CELL:+1", "TEL;HOME;VOICE:+2", "ADR;WORK:;;;Ystad;;;", "ADR;HOME;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:;;;Malm=C3=B6;;;", "ORG:Alder, Ask",
				"EMAIL;INTERNET;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A5@x.example", "N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=96berg;;;;")},
		{"4.0 has no internet", card("4.0", at, "FN:A B"), "email1=a@x.example", card("4.0", at, "FN:A B", "EMAIL:a@x.example")},
		{"a phone that is a link", card("4.0", at, "FN:A B", "TEL;VALUE=URI;TYPE=cell:TEL:+1"), "mobile=+2", card("4.0", at, "FN:A B", "TEL;TYPE=cell:+2")},
		{"a link that was a text", card("2.1", at, "FN:A B", "URL;ENCODING=QUOTED-PRINTABLE:http://x.example/=3Fa"), "website=http://y.example/?b=1", card("2.1", at, "FN:A B", "URL;ENCODING=QUOTED-PRINTABLE:http://y.example/?b=3D1")},
		{"a label goes with what it is of", card("3.0", at, "FN:A B", "item1.TEL:1", "item1.X-ABLabel:Assistant", "item2.TEL:2", "item2.X-ABLabel:_$!<Main>!$_"), "assistant-phone=", card("3.0", at, "FN:A B", "item2.TEL:2", "item2.X-ABLabel:_$!<Main>!$_")},
		// RFC 2426 section 3.2.2: Evolution shows LABEL, not ADR.
		{"an address has moved", card("3.0", at, "FN:A B", "ADR;TYPE=WORK;X-A=b:box;;S;C;;;", "LABEL;TYPE=WORK:S C", "LABEL;TYPE=HOME:H"), "address1-city=D", card("3.0", at, "FN:A B", "ADR;TYPE=WORK;X-A=b:box;;S;D;;;", "LABEL;TYPE=HOME:H")},
		// Birthdays without a year: RFC 6350 section 4.3.1, Apple's, and those that 3.0 has in spite of itself.
		{"--MMDD", card("4.0", at, "FN:A B", "BDAY:19800517"), "birthday=--02-29", card("4.0", at, "FN:A B", "BDAY:--0229")},
		{"a year in 4.0", card("4.0", at, "FN:A B", "BDAY;CALSCALE=gregorian:--0517"), "birthday=1980-05-18", card("4.0", at, "FN:A B", "BDAY;CALSCALE=gregorian:19800518")},
		{"Apple", card("3.0", at, "FN:A B", "BDAY;X-APPLE-OMIT-YEAR=1604;VALUE=date:1604-05-17"), "birthday=--05-18", card("3.0", at, "FN:A B", "BDAY;X-APPLE-OMIT-YEAR=1604;VALUE=date:1604-05-18")},
		{"Apple, with its year", card("3.0", at, "FN:A B", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-17"), "birthday=1980-05-17", card("3.0", at, "FN:A B", "BDAY:1980-05-17")},
		{"the year goes", card("3.0", at, "FN:A B", day), "birthday=--05-17", card("3.0", at, "FN:A B", "BDAY;VALUE=date;X-APPLE-OMIT-YEAR=1604:1604-05-17")},
		{"4.0's in 3.0", card("3.0", at, "FN:A B", "BDAY:--0517", "X-ANNIVERSARY:--05-17"), "birthday=--05-18\nanniversary=--05-19", card("3.0", at, "FN:A B", "BDAY:--0518", "X-ANNIVERSARY:--05-19")},
		{"4.0's in 3.0, with its year", card("3.0", at, "FN:A B", "BDAY:--0517"), "birthday=1980-05-18", card("3.0", at, "FN:A B", "BDAY:1980-05-18")},
		{"a text", card("4.0", at, "FN:A B", "BDAY;VALUE=text:circa 1800"), "birthday=1800-05-18", card("4.0", at, "FN:A B", "BDAY:18000518")},
		{"an edit beside it", card("3.0", at, "FN:A B", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-17"), "title=x", card("3.0", at, "FN:A B", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-17", "TITLE:x")},
		// RFC 6350 section 6.7.4, RFC 2426 section 3.6.4.
		{"REV", card("3.0", at, "FN:A B", "REV;VALUE=date:2001-02-03"), "title=x", card("3.0", at, "FN:A B", "REV:20261127T120000Z", "TITLE:x")},
		// The family's name is first where it was, and where it is in its language.
		{"Japanese", card("3.0", "N:山田;太郎;;;", "FN:山田 太郎", "X-PHONETIC-FIRST-NAME:タロウ", "X-PHONETIC-LAST-NAME:ヤマダ"), "last=鈴木\nyomi-last=スズキ", card("3.0", "N:鈴木;太郎;;;", "FN:鈴木 太郎", "X-PHONETIC-FIRST-NAME:タロウ", "X-PHONETIC-LAST-NAME:スズキ")},
		{"Chinese", card("3.0", "N:王;小明;;;", "FN:王小明"), "last=李\nprefix=Dr.", card("3.0", "N:李;小明;;Dr.;", "FN:Dr. 李小明")},
		{"new, Korean", card("3.0", "FN:x"), "last=김\nfirst=철수", card("3.0", "FN:김철수", "N:김;철수;;;")},
		{"new, Japanese", card("4.0", "FN:x"), "last=山田\nfirst=太郎\nyomi-last=やまだ", card("4.0", "FN:山田 太郎", "N:山田;太郎;;;", "X-PHONETIC-LAST-NAME:やまだ")},
		{"Hungarian", card("3.0", "N:Nagy;Béla;;;", "FN:Nagy Béla"), "last=Kis", card("3.0", "N:Kis;Béla;;;", "FN:Kis Béla")},
		{"Swedish", card("3.0", "N:Nagy;Bo;;;", "FN:Bo Nagy"), "last=Ek\nmiddle=M", card("3.0", "N:Ek;Bo;M;;", "FN:Bo M Ek")},
		// RFC 6350 section 5.9.
		{"SORT-AS by sound", card("4.0", "FN:山田 太郎", `N;SORT-AS="やまだ,たろう":山田;太郎;;;`), "yomi-last=すずき\nlast=鈴木", card("4.0", "FN:鈴木 太郎", `N;SORT-AS="すずき,たろう":鈴木;太郎;;;`)},
		{"SORT-AS no more", card("4.0", "FN:山田 太郎", `N;SORT-AS="やまだ,たろう":山田;太郎;;;`), "yomi-last=\nyomi-first=", card("4.0", "FN:山田 太郎", `N:山田;太郎;;;`)},
		{"a sound that is no kana", card("4.0", "FN:山田 太郎", `N;SORT-AS="やまだ,たろう":山田;太郎;;;`), "yomi-last=Yamada", card("4.0", "FN:山田 太郎", `N;SORT-AS="やまだ,たろう":山田;太郎;;;`, "X-PHONETIC-LAST-NAME:Yamada")},
		{"SORT-AS by spelling", card("4.0", "FN:Ann van Berg", `N;SORT-AS="Berg,Ann":van Berg;Ann;;;`, "ORG;SORT-AS=Alder;X-A=b:Alder;Sales"), "first=Anna\ncompany=Birch", card("4.0", "FN:Anna van Berg", `N;SORT-AS="Berg,Anna":van Berg;Anna;;;`, "ORG;SORT-AS=Birch;X-A=b:Birch;Sales")},
		{"parts that are lists", card("3.0", `N:Berg;Ann;Maria,Sofia;;MD, PhD`, "FN:x", `ORG:Foo, Inc.;Sales`), "first=Anna\ndepartment=IT", card("3.0", `N:Berg;Anna;Maria,Sofia;;MD, PhD`, "FN:Anna Maria Sofia Berg MD PhD", `ORG:Foo, Inc.;IT`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := edited(t, offline.KindContact, c.raw, c.change); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A picture that is one of several is not taken out for one that is elsewhere.
func TestAPictureElsewhereKeepsTheOthers(t *testing.T) {
	raw := card("3.0", "FN:A", "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=", "PHOTO;VALUE=uri:https://x.example/a.png")
	got, err := text.Edit(offline.KindContact, []byte(raw), "", offline.Fields{"photo": "/9j/4AAQSkZJRg=="}, offline.Mark{}, time.UTC)
	if err != nil || string(got) != raw {
		t.Errorf("%v\n%s", err, got)
	}
}

// A mark on a line makes it hold a word that such a line can hold, and no other.
func TestMarksAreOfWordsThatALineCanHold(t *testing.T) {
	raw := card("3.0", "FN:A", "TEL;X-POSTRIDER-WORD=subject:1", "EMAIL;X-POSTRIDER-WORD=mobile:2", "TEL;X-POSTRIDER-WORD=pager:3")
	if f := text.Read(offline.KindContact, []byte(raw), time.UTC).Fields; f["subject"] != "" || f["mobile"] != "" || f["pager"] != "3" {
		t.Errorf("%v", f)
	}
}

// A card that is made is the same whenever it is made: one that was made by an attempt
// whose answer was lost is known by its text. So it has no REV.
func TestANewCardIsTheSameWheneverItIsMade(t *testing.T) {
	later := Text{Now: func() time.Time { return time.Unix(0, 0) }}
	a, err := text.Edit(offline.KindContact, nil, "u", offline.Fields{"last": "A"}, offline.Mark{}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	b, err := later.Edit(offline.KindContact, nil, "u", offline.Fields{"last": "A"}, offline.Mark{}, time.UTC)
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("%v\n%s\n%s", err, a, b)
	}
}

// However many lines there are, a word that is cleared is not said by the next of them.
func TestACardOfThousandsOfLinesIsEdited(t *testing.T) {
	for _, l := range []string{"ADR;TYPE=home:;;a", "URL:https://x.example/%d", "TEL;TYPE=home:1", "EMAIL:a@x.example", "NOTE:%d"} {
		var lines []string
		for i := range 1000 {
			lines = append(lines, strings.Replace(l, "%d", strconv.Itoa(i), 1))
		}
		edited(t, offline.KindContact, card("3.0", append(lines, "N:B;A;;;", "FN:A B")...), "body=\nwebsite=\naddress1-street=\nemail1=\nphone-home=")
	}
}
