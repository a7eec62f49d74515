package message

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"postrider/offline"
)

var received = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

func lines(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n\r\n") }

func TestHeaderReadsAnOrdinaryMessage(t *testing.T) {
	m := Header(lines(
		"Received: from a by b; Wed, 4 Mar 2026 10:00:00 +0100",
		"From: Jana Nováková <jana@example.com>",
		`To: "Smith, John" <john@example.org>, jane@example.org`,
		"Cc: list (The List) <l@example.org>",
		"Subject: =?utf-8?Q?P=C5=99=C3=ADlohy?=",
		" =?utf-8?Q?_ke_smlouv=C4=9B?=",
		"Date: Wed, 4 Mar 2026 10:15:00 +0100 (CET)",
		"Message-ID: <abc@example.com>",
		"In-Reply-To: <q1@example.org>",
		"References: <q0@example.org>",
		"\t<q1@example.org>",
		"Thread-Index: AdAB\r\n CDEF==",
		"Content-Type: Multipart/Mixed; boundary=x",
		"Sender: Office <office@example.com>",
		"Reply-To: sales@example.com",
	), received)
	want := offline.Message{
		Identity: "<abc@example.com>",
		From:     []offline.Address{{Name: "Jana Nováková", Addr: "jana@example.com"}},
		To:       []offline.Address{{Name: "Smith, John", Addr: "john@example.org"}, {Addr: "jane@example.org"}},
		Cc:       []offline.Address{{Name: "list", Addr: "l@example.org"}},
		Sender:   offline.Address{Name: "Office", Addr: "office@example.com"},
		ReplyTo:  []offline.Address{{Addr: "sales@example.com"}},
		Subject:  "Přílohy ke smlouvě",
		Date:     time.Date(2026, 3, 4, 9, 15, 0, 0, time.UTC), Received: received,
		InReplyTo: []string{"<q1@example.org>"}, References: []string{"<q0@example.org>", "<q1@example.org>"},
		ThreadIndex: "AdABCDEF==", ContentType: "multipart/mixed",
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}

func TestAddressesAreReadAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a@b.c", "|a@b.c"},
		{"<a@b.c>", "|a@b.c"},
		{"Ann Lee <a@b.c>", "Ann Lee|a@b.c"},
		{`"Lee, Ann" <a@b.c>`, "Lee, Ann|a@b.c"},
		{`"Ann \"A\" Lee" <a@b.c>`, `Ann "A" Lee|a@b.c`},
		{"a@b.c (Ann Lee)", "Ann Lee|a@b.c"},
		{"Team: a@b.c, Bo <b@b.c>;", "|a@b.c Bo|b@b.c"},
		{"undisclosed-recipients:;", ""},
		{"Undisclosed recipients: ;", ""},
		{"a@b.c; d@e.f", "|a@b.c |d@e.f"},
		{"Ann <a@b.c> Bo <b@b.c>", "Ann|a@b.c Bo|b@b.c"},
		{"=?utf-8?B?SmFuYSBOb3bDoWtvdsOh?= <j@e.c>", "Jana Nováková|j@e.c"},
		{`"=?utf-8?B?SmFuYSBOb3bDoWtvdsOh?=" <j@e.c>`, "Jana Nováková|j@e.c"},
		{"=?utf-8?Q?Nov=C3=A1kov=C3=A1, Jana?= <j@e.c>, k@e.c", "Nováková, Jana|j@e.c |k@e.c"},
		{"=?x-nonsense?Q?abc?= <j@e.c>", "=?x-nonsense?Q?abc?=|j@e.c"},
		{"=?iso-8859-2?Q?Dvo=F8=E1k?= <d@e.c>", "Dvořák|d@e.c"},
		{"Fran\xe7ois <f@e.c>", "François|f@e.c"},
		{"'a@b.c' <a@b.c>", "a@b.c|a@b.c"},
		{`"john doe"@b.c`, `|"johndoe"@b.c`},
		{"<@relay.net,@x.y:a@b.c>", "|a@b.c"},
		{"<mailto:a@b.c>", "|a@b.c"},
		{"root", "|root"},
		{"Mail Delivery System", "Mail Delivery System|"},
		{"<>", ""},
		{`"Ann <a@b.c>`, "Ann|a@b.c"},
		{"Ann (comment (nested) <a@b.c>", "Ann comment nested|a@b.c"},
		{"a@[192.0.2.1]", "|a@[192.0.2.1]"},
		{"Ann\u202Egro.live <a@b.c>", "Anngro.live|a@b.c"},
		{"a@b.c,,, ,", "|a@b.c"},
		{"Ann <a@b.c", "Ann|a@b.c"},
		{"<<a@b.c>>", "|a@b.c"},
		{"Jörg <jörg@bücher.example>", "Jörg|jörg@bücher.example"},
		{"Ann\x00 <a@\x00b.c>", "Ann|a@b.c"},
	} {
		var got []string
		for _, a := range (decoder{}).addresses(c.in) {
			got = append(got, a.Name+"|"+a.Addr)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%q: got %q, want %q", c.in, g, c.want)
		}
	}
}

func TestDatesInManyFormsAreRead(t *testing.T) {
	want := time.Date(2026, 3, 4, 9, 15, 0, 0, time.UTC)
	for _, in := range []string{
		"Wed, 4 Mar 2026 10:15:00 +0100", "Wed, 04 Mar 2026 09:15:00 GMT", "4 Mar 2026 09:15 +0000", "Wed,4 Mar 2026 04:15:00 EST",
		"Wed, 4 Mar 26 09:15:00 UT", "Wed Mar  4 09:15:00 2026", "2026-03-04T10:15:00+01:00", "2026-03-04 09:15:00", "Wednesday, 04-Mar-26 09:15:00 GMT",
		"Wed, 4 Mar 2026 09:15:00 +0000 (UTC) junk", "Wed, 4 Mar 2026 10.15.00 +0100", "Wed, 4 March 2026 10:15:00 +0100", "wed, 4 mar 2026 10:15:00 +0100", "Wed, 4 Mar 2026 09:15:00",
		"Wed, 4-Mar-2026 09:15:00 GMT", "Wed,  4   Mar  2026   10:15:00   +0100",
	} {
		if got := parseDate(in); !got.Equal(want) {
			t.Errorf("%q: got %v", in, got)
		}
	}
	for _, in := range []string{"", "yesterday", "Wed, 31 Feb 2026 10:15:00 +0100", "Wed, 4 Mar 1901 10:15:00 +0100", "Wed, 4 Mar 2126 10:15:00 +0100", "4 Mar", strings.Repeat("1", 500)} {
		m := Header(lines("From: a@b.c", "Date: "+in), received)
		if !m.Date.Equal(received) {
			t.Errorf("%q: date %v, want received", in, m.Date)
		}
	}
}

func TestAMessageWithoutUsableMessageIDGetsAStableIdentity(t *testing.T) {
	head := []string{"From: Ann <a@b.c>", "To: d@e.f", "Subject: x", "Date: Wed, 4 Mar 2026 10:15:00 +0100"}
	plain := Header(lines(head...), received)
	if !plain.Computed || !strings.HasSuffix(plain.Identity, "@computed.postrider.invalid>") || !strings.HasPrefix(plain.Identity, "<") {
		t.Fatalf("identity %q", plain.Identity)
	}
	for name, id := range map[string]string{
		"empty": "Message-ID: ", "brackets only": "Message-ID: <>", "over-long": "Message-ID: <" + strings.Repeat("a", 400) + "@b.c>",
		"8-bit": "Message-ID: <\xff\xfe@b.c>", "words": "Message-ID: none of your business", "unclosed": "Message-ID: <abc",
	} {
		m := Header(lines(append([]string{id}, head...)...), received.Add(time.Hour))
		if m.Identity != plain.Identity || !m.Computed {
			t.Errorf("%s: identity %q, want that of the message without one", name, m.Identity)
		}
	}
	other := Header(lines(head[0], head[1], "Subject: y", head[3]), received)
	if other.Identity == plain.Identity {
		t.Error("another subject gives the same identity")
	}
	a, b := Header(nil, received), Header(nil, received.Add(time.Second))
	if a.Identity == b.Identity {
		t.Error("empty headers of different times share an identity")
	}
}

func TestMessageIDsAreReadInManyForms(t *testing.T) {
	for in, want := range map[string]string{
		"Message-ID: <a@b>":                          "<a@b>",
		"MESSAGE-ID:<a@b>":                           "<a@b>",
		"Message-Id: a@b":                            "<a@b>",
		"Message-ID:\r\n <a@b>":                      "<a@b>",
		"Message-ID: <a\r\n @b>":                     "<a@b>",
		"Message-ID: <a@b> (added by x)":             "<a@b>",
		"Message-ID : <a@b>":                         "<a@b>",
		"Message-ID: <>\r\nMessage-ID: <c@d>":        "<c@d>",
		"Message-ID: <a@b>\r\nMessage-ID: <c@d>":     "<a@b>",
		"Message-ID: \r\nX: y\r\nMessage-ID: <c@d>":  "<c@d>",
		"Message-ID: <no-at>":                        "<no-at>",
		"Message-ID: <[abc]@[1.2.3.4]>":              "<[abc]@[1.2.3.4]>",
		"From x@y Wed Mar  4\r\nMessage-ID: <a@b>\r": "<a@b>",
	} {
		if m := Header([]byte(in+"\r\n\r\n"), received); m.Identity != want || m.Computed {
			t.Errorf("%q: %q computed %v, want %q", in, m.Identity, m.Computed, want)
		}
	}
}

func TestReferencesAreBoundedKeepingFirstAndLast(t *testing.T) {
	var refs []string
	for i := range 500 {
		refs = append(refs, fmt.Sprintf("<r%d@x>", i))
	}
	m := Header(lines("References: "+strings.Join(refs, "\r\n ")), received)
	if n := len(m.References); n != 100 || m.References[0] != "<r0@x>" || m.References[99] != "<r499@x>" || m.References[1] != "<r401@x>" {
		t.Errorf("%d references, from %s to %s", n, m.References[0], m.References[n-1])
	}
	m = Header(lines("In-Reply-To: Your message of \"Mon\" <a@b> and <c@d", "References: x@y z@w, <<q@r>"), received)
	if !reflect.DeepEqual(m.InReplyTo, []string{"<a@b>"}) || !reflect.DeepEqual(m.References, []string{"<q@r>"}) {
		t.Errorf("in reply to %v, references %v", m.InReplyTo, m.References)
	}
	if m = Header(lines("References: x@y z@w"), received); !reflect.DeepEqual(m.References, []string{"<x@y>", "<z@w>"}) {
		t.Errorf("references without brackets: %v", m.References)
	}
}

func TestSubjectsInAnyCharsetAreReadable(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{"Subject: =?utf-8?B?xb1sdcWlb3XEjWvDvQ==?=", "Žluťoučký"},
		{"Subject: =?UTF-8?Q?=C5?= =?UTF-8?Q?=BDlu?=", "Žlu"},
		{"Subject: =?windows-1250?Q?=8Elu?=", "Žlu"},
		{"Subject: =?gb2312?B?xOO6ww==?=", "你好"},
		{"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"Subject: =?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"Subject: =?utf-8*cs?Q?=C5=BD?=", "Ž"},
		{"Subject: =?none?Q?abc?= =?utf-8?Q?=C5=BD?=", "=?none?Q?abc?= Ž"},
		{"Subject: =?utf-8?X?abc?= x", "=?utf-8?X?abc?= x"},
		{"Subject: caf\xe9", "café"},
		{"Subject: \x8elu\r\nContent-Type: text/plain; charset=windows-1250", "Žlu"},
		{"Subject: Žlu", "Žlu"},
		{"Subject: a\x00b\x07c\u202Ed", "ab cd"},
		{"Subject:   many    blanks  ", "many blanks"},
		{"Subject: =?utf-8?Q?line=0D=0ABcc:_x@y?=", "line Bcc: x@y"},
		{"subject:Re: x", "Re: x"},
		{"Subject: =?utf-8?Q?broken", "=?utf-8?Q?broken"},
	} {
		if m := Header([]byte(c.head+"\r\n\r\n"), received); m.Subject != c.want {
			t.Errorf("%q: got %q, want %q", c.head, m.Subject, c.want)
		}
	}
}

func TestAutomaticMailIsTold(t *testing.T) {
	for head, want := range map[string]bool{
		"X: y": false, "Auto-Submitted: no": false, "Auto-Submitted: auto-replied": true, "Auto-Submitted: auto-generated (x)": true,
		"Precedence: bulk": true, "Precedence: LIST": true, "Precedence: first-class": false, "List-Id: My List <my.example.com>": true,
	} {
		if m := Header(lines(head), received); m.Automatic != want {
			t.Errorf("%q: automatic %v", head, m.Automatic)
		}
	}
	if m := Header(lines("List-Id: =?utf-8?q?x?= <My.Example.com>"), received); m.ListID != "my.example.com" {
		t.Errorf("list id %q", m.ListID)
	}
}

func TestDifferentMessagesWithOneMessageIDAreKeptApart(t *testing.T) {
	a := Header(lines("Message-ID: <1@x>", "From: a@b.c", "Date: Wed, 4 Mar 2026 10:15:00 +0100"), received)
	copied := Header(lines("Message-ID: <1@x>", "From: Ann <A@B.c>", "Date: Wed, 4 Mar 2026 09:15:00 +0000"), received.Add(time.Hour))
	other := Header(lines("Message-ID: <1@x>", "From: z@b.c", "Date: Wed, 4 Mar 2026 10:15:00 +0100"), received)
	later := Header(lines("Message-ID: <1@x>", "From: a@b.c", "Date: Wed, 4 Mar 2026 10:16:00 +0100"), received)
	if !Same(a, copied) {
		t.Error("a copy counts as another message")
	}
	if Same(a, other) || Same(a, later) {
		t.Error("another sender or date counts as the same message")
	}
	if Derived(other) == Derived(later) || Derived(other) == other.Identity {
		t.Errorf("derived %q and %q", Derived(other), Derived(later))
	}
	undated := Header(lines("Message-ID: <2@x>", "From: a@b.c"), received)
	undatedCopy := Header(lines("Message-ID: <2@x>", "From: a@b.c"), received.Add(time.Minute))
	if !Same(undated, undatedCopy) {
		t.Error("the copy of a message without date counts as another message")
	}
}

func TestAHugeHeaderIsBounded(t *testing.T) {
	to := strings.Repeat("somebody@example.com, ", 200_000)
	m := Header([]byte("Message-ID: <a@b>\r\nTo: "+to+"\r\nSubject: lost\r\n\r\n"), received)
	if len(m.To) != maxAddresses || m.Identity != "<a@b>" {
		t.Errorf("%d recipients, identity %s", len(m.To), m.Identity)
	}
}

func TestNoHeaderTakesLong(t *testing.T) {
	for _, seed := range []string{"(", "<", "\"", "=?", "=?a?Q?", "[", "a ", "@ : ", "\"\\", "a@b <", ";", ":", "=?utf-8?Q?=C5?= ", "\x80", "\r\n To: x", "\r\nTo: x", "(a", "<a", "\\", "=?x?b?A", "\x00", "))", "(()"} {
		raw := []byte("To: " + strings.Repeat(seed, maxHeader/len(seed)) + "?=")
		raw = append(raw, "\r\nSubject: "+strings.Repeat(seed, 1000)...)
		for _, name := range []string{"To", "References", "Subject", "List-Id", "Message-ID"} {
			start := time.Now()
			checkHeader(t, Header(append([]byte(name), raw[2:]...), received))
			if d := time.Since(start); d > time.Second {
				t.Errorf("%s with %q over and over: %v", name, seed, d)
			}
		}
	}
}

func checkHeader(t *testing.T, m offline.Message) {
	t.Helper()
	if m.Identity == "" || len(m.Identity) > maxMessageID || m.Identity[0] != '<' || m.Identity[len(m.Identity)-1] != '>' {
		t.Fatalf("identity %q", m.Identity)
	}
	if len(m.References) > maxReferences || len(m.InReplyTo) > maxReferences {
		t.Fatal("references unbounded")
	}
	check := func(s string) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || hidden(r) }) {
			t.Fatalf("unclean text %q", s)
		}
	}
	check(m.Subject)
	for _, l := range [][]offline.Address{m.From, m.To, m.Cc, m.Bcc, m.ReplyTo, {m.Sender}} {
		for _, a := range l {
			check(a.Name)
			check(a.Addr)
		}
	}
}

// benchHeader is what a server sends for Fields of a plain message.
var benchHeader = lines(
	`From: "John Smith" <john.smith@example.com>`, "To: Jane Doe <jane.doe@example.org>, Bob Stone <bob@example.org>", "Cc: office@example.org",
	"Subject: Re: Offer for the second quarter, revised", "Date: Wed, 4 Mar 2026 10:15:00 +0100",
	"Message-ID: <CAF+1234567890abcdefghijkl@mail.example.com>", "In-Reply-To: <11223344.5566@example.org>",
	"References: <0001.0002@example.org>", " <11223344.5566@example.org>", `Content-Type: multipart/alternative; boundary="000000000000abcdef"`,
)

func BenchmarkHeaderPlain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Header(benchHeader, received)
	}
}

func BenchmarkHeaderEncoded(b *testing.B) {
	raw := lines("From: =?utf-8?B?SmFuYSBOb3bDoWtvdsOh?= <jana@example.com>", "To: =?iso-8859-2?Q?Dvo=F8=E1k?= <d@example.com>",
		"Subject: =?utf-8?Q?P=C5=99=C3=ADlohy_ke_smlouv=C4=9B?=", "Date: Wed, 4 Mar 2026 10:15:00 +0100", "Message-ID: <abc@example.com>")
	b.ReportAllocs()
	for b.Loop() {
		Header(raw, received)
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"a@b.c", "Ann <a@b.c>, b@c.d", `"Lee, Ann" <a@b.c>, "x" <y@z>`, `"a" <b@c`, `"" <a@b.c>`, `'x' <a@b>`, "a b@c", "<a@b>", "x<a@b>", "mailto:a@b", "=?x?= <a@b>", "a@b,,c@d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		fast, ok := simpleList(v)
		if !ok {
			return
		}
		p := addrParser{s: v}
		p.run()
		if fmt.Sprint(fast) != fmt.Sprint(p.out) {
			t.Errorf("%q: the fast reader gives %q, the careful one %q", v, fast, p.out)
		}
	})
}
