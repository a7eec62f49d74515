package compose

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

func TestPrefixesDoNotPileUp(t *testing.T) {
	for _, c := range []struct{ in, base string }{
		{"Offer", "Offer"}, {"Re: Offer", "Offer"}, {"RE: Re: re : Offer", "Offer"}, {"AW: WG: Fwd: Angebot", "Angebot"}, {"Re[3]: Re(2): x", "x"},
		{"SV: VS: Tilbud", "Tilbud"}, {"Odp: PD: Oferta", "Oferta"}, {"回复：转发: 報價", "報價"}, {"Ynt: İlt: Teklif", "Teklif"}, {"R: I: Offerta", "Offerta"},
		{"Ответ: Предложение", "Предложение"}, {"Report: Q3", "Report: Q3"}, {"Ref: 4711", "Ref: 4711"}, {"RE:", ""}, {"Return: late", "Return: late"},
		{"Re:\r\nBcc: x", "Bcc: x"},
	} {
		if got := BaseSubject(c.in); got != c.base {
			t.Errorf("%q: %q, want %q", c.in, got, c.base)
		}
		if got := ReplySubject(ForwardSubject(c.in)); got != strings.TrimRight("Re: "+c.base, " ") {
			t.Errorf("%q: %q", c.in, got)
		}
	}
}

func people(addrs ...string) (list []offline.Address) {
	for _, a := range addrs {
		list = append(list, offline.Address{Addr: a})
	}
	return list
}

func TestAnAnswerGoesToWhomItShould(t *testing.T) {
	own := func(a string) bool { return a == "ann@alder.example" || a == "sales@alder.example" }
	for _, c := range []struct {
		name   string
		m      offline.Message
		all    bool
		to, cc []offline.Address
	}{
		{"to the author", offline.Message{From: people("j@acme.example"), To: people("ann@alder.example", "x@acme.example"), Cc: people("y@acme.example")}, false, people("j@acme.example"), nil},
		{"all but the user's own", offline.Message{From: people("j@acme.example"), To: people("Ann@alder.example", "x@acme.example"), Cc: people("sales@alder.example", "y@acme.example", "J@acme.example")}, true, people("j@acme.example", "x@acme.example"), people("y@acme.example")},
		{"where Reply-To says", offline.Message{From: people("j@acme.example"), ReplyTo: people("desk@acme.example"), To: people("ann@alder.example")}, false, people("desk@acme.example"), nil},
		{"a Reply-To that is the user's own is passed over", offline.Message{From: people("j@acme.example"), ReplyTo: people("ann@alder.example")}, false, people("j@acme.example"), nil},
		{"after one's own message to those who had it", offline.Message{From: people("ann@alder.example"), To: people("j@acme.example"), Cc: people("y@acme.example")}, false, people("j@acme.example"), nil},
		{"and to all of them", offline.Message{From: people("ann@alder.example"), To: people("j@acme.example"), Cc: people("y@acme.example")}, true, people("j@acme.example"), people("y@acme.example")},
		{"a message to oneself", offline.Message{From: people("ann@alder.example"), To: people("ann@alder.example")}, true, people("ann@alder.example"), nil},
		{"no author but a sender", offline.Message{Sender: offline.Address{Addr: "s@acme.example"}}, false, people("s@acme.example"), nil},
	} {
		d := Reply(Original{Message: c.m}, own, c.all)
		if !slices.Equal(d.To, c.to) || !slices.Equal(d.Cc, c.cc) {
			t.Errorf("%s: to %v cc %v", c.name, d.To, d.Cc)
		}
	}
}

func TestAnAnswerNamesItsConversation(t *testing.T) {
	m := offline.Message{Key: 7, Identity: "<p@x>", InReplyTo: []string{"<o@x>"}, Subject: "Re: Offer"}
	if d := Reply(Original{Message: m}, func(string) bool { return false }, false); d.InReplyTo != "<p@x>" || !slices.Equal(d.References, []string{"<o@x>", "<p@x>"}) || d.Answers != 7 || d.Subject != "Re: Offer" {
		t.Errorf("%+v", d)
	}
	for i := range 100 {
		m.References = append(m.References, fmt.Sprintf("<%d@x>", i))
	}
	d := Forward(Original{Message: m})
	if len(d.References) != maxReferences || d.References[0] != "<0@x>" || d.References[maxReferences-1] != "<p@x>" || d.References[maxReferences-2] != "<99@x>" {
		t.Errorf("%v", d.References)
	}
	m.Computed = true
	if d := Reply(Original{Message: m}, func(string) bool { return false }, false); d.InReplyTo != "" || slices.Contains(d.References, "<p@x>") {
		t.Errorf("an identity that nobody else knows is named: %+v", d)
	}
}

func TestTextIsQuotedWithWhoseItIs(t *testing.T) {
	o := Original{Message: offline.Message{From: []offline.Address{{Name: "Jana\r\n", Addr: "j@acme.example"}}, Date: day}, Text: "Hello\n\n> older\nbye\n-- \nJana\nAcme\n"}
	want := "On 2 March 2026 at 09:00 +0000, Jana <j@acme.example> wrote:\n> Hello\n>\n>> older\n> bye\n"
	if got := Quote(o); got != want {
		t.Errorf("%q", got)
	}
	d := Reply(o, func(string) bool { return false }, false)
	signed := Sign(d.Text, "Ann\nAlder")
	if signed != "\n\n-- \nAnn\nAlder\n\n"+want || Sign(signed, "Ann\nAlder") != signed {
		t.Errorf("%q", signed)
	}
	if got := Sign("Dear Jana", "Ann"); got != "Dear Jana\n\n-- \nAnn\n" {
		t.Errorf("%q", got)
	}
}

func TestAForwardTakesTheAttachmentsAlong(t *testing.T) {
	o := Original{Message: offline.Message{Key: 9, Subject: "Plan", From: people("j@acme.example"), To: people("ann@alder.example"), Date: day}, Text: "See below\n", Files: []offline.Attachment{{Name: "a.pdf", Type: "application/pdf"}, {Name: "b.pdf"}}, Sizes: []int64{5, 6}}
	d := Forward(o)
	if len(d.To) != 0 || !d.Forward || d.Subject != "Fwd: Plan" || len(d.Files) != 2 || d.Files[1] != (offline.DraftFile{Name: "b.pdf", From: 9, Part: 1, Size: 6}) {
		t.Errorf("%+v", d)
	}
	if !strings.Contains(d.Text, "From: j@acme.example\nDate: 2 March 2026 at 09:00 +0000\nSubject: Plan\nTo: ann@alder.example\n\nSee below\n") {
		t.Errorf("%q", d.Text)
	}
}

// The times are those of MS-OXOMSG section 2.2.1.3.
func TestAThreadIndexGrowsByFiveBytesAnAnswer(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	root, err := NewThreadIndex(day, random)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := base64.StdEncoding.DecodeString(root)
	if len(b) != 22 || b[0] != 1 || fileTime(day)-indexTime(b) >= 1<<16 {
		t.Errorf("%x", b)
	}
	parent := root
	for i, later := range []time.Duration{time.Hour, 24 * time.Hour, 3 * 365 * 24 * time.Hour} {
		child, err := ChildThreadIndex(parent, day.Add(later), random)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := base64.StdEncoding.DecodeString(child)
		if len(c) != 22+5*(i+1) || !strings.HasPrefix(hex.EncodeToString(c), hex.EncodeToString(b)) {
			t.Fatalf("%x after %x", c, b)
		}
		level := c[len(c)-5:]
		n := uint64(level[0]&0x7F)<<24 | uint64(level[1])<<16 | uint64(level[2])<<8 | uint64(level[3])
		shift := 18
		if level[0]&0x80 != 0 {
			shift = 23
		}
		if (later > 2*365*24*time.Hour) != (shift == 23) {
			t.Errorf("%v is written as %x", later, level)
		}
		if diff := time.Duration(n<<shift)*100 - later; diff > time.Second || diff < -2*time.Second {
			t.Errorf("%v is written as %v", later, time.Duration(n<<shift)*100)
		}
		parent, b = child, c
	}
	for _, bad := range []string{"", "AAAA", "no base64"} {
		if got, err := ChildThreadIndex(bad, day, random); err != nil || len(got) != len(root) {
			t.Errorf("%q: %q %v", bad, got, err)
		}
	}
	// Exchange's newer form: 0x01 and the five upper bytes of the time.
	newer := append([]byte{1, 1, 0xD5, 0x7D, 0xF8, 0x5E}, make([]byte, 16)...)
	if at := indexTime(newer); at != 0x01D57DF85E000000 {
		t.Errorf("%x", at)
	}
}

func TestOutgoingHTMLKeepsLogosAndLosesScripts(t *testing.T) {
	in := `<html><head><style>p{}</style></head><body onload="x()"><p style="color:red;background-image:url(http://x)">Hi <img src="https://acme.example/logo.png"><img src="cid:c"><img src="file:///etc/passwd"><a href="javascript:x()">no</a><script>alert(1)</script></p></body></html>`
	got := Clean(in)
	for _, bad := range []string{"script", "alert", "onload", "url(", "file:", "style>"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s in %s", bad, got)
		}
	}
	for _, good := range []string{`src="https://acme.example/logo.png"`, `src="cid:c"`, "color: red"} {
		if !strings.Contains(got, good) {
			t.Errorf("no %s in %s", good, got)
		}
	}
}
