package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/message"
	"postrider/offline"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func bytesFile(name, media, cid string, data []byte) File {
	return File{Name: name, Type: media, ContentID: cid, Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func render(t interface{ Fatalf(string, ...any) }, m Mail) string {
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		t.Fatalf("write: %v", err)
	}
	return b.String()
}

// wellFormed fails on what no server should have to mend.
func wellFormed(t interface{ Fatalf(string, ...any) }, raw string, utf8 bool) {
	if !strings.HasSuffix(raw, "\r\n") {
		t.Fatalf("the last line has no end")
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(raw, "\r\n"), "\r\n") {
		if len(line) > maxLine {
			t.Fatalf("a line of %d bytes", len(line))
		}
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a bare line end or NUL in %q", line)
		}
		if !utf8 && !isASCII(line) {
			t.Fatalf("not 7-bit: %q", line)
		}
	}
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.Trim(line, " \t") == "" {
			t.Fatalf("a blank line in the header: %q", head)
		}
	}
}

func draw[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

var words = []string{"offer", "Nabídka", "für Brünn", "報價", "  ", "a,b", `"quoted"`, "back\\slash", "=?utf-8?q?x?=", "😀", "é", "x@y", "(c)", "semi;colon", "<tag>", strings.Repeat("long", 40), strings.Repeat("ř", 90), "."}

func phrase(t *rapid.T, label string) string {
	return cleanText(strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 6).Draw(t, label), draw(t, label+" between", " ", "")))
}

func address(t *rapid.T, label string) offline.Address {
	local := draw(t, label+" local", "ann", "jana.nová", "o'brien", "a..b", "x+y=z", strings.Repeat("l", 60))
	domain := draw(t, label+" domain", "alder.example", "xn--bcher-kva.example", "bücher.example", "[192.0.2.1]", strings.Repeat("d", 60)+".example")
	return offline.Address{Name: phrase(t, label+" name"), Addr: local + "@" + domain}
}

func addresses(t *rapid.T, label string, least int) (list []offline.Address) {
	for i := range rapid.IntRange(least, 4).Draw(t, label) {
		list = append(list, address(t, fmt.Sprint(label, i)))
	}
	return list
}

// Law: what is written is read back equal.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.NewChaCha8([32]byte{byte(rapid.IntRange(0, 255).Draw(t, "seed"))})
		id, _ := NewIdentity("alder.example", random)
		parent, _ := NewIdentity("acme.example", random)
		index, _ := NewThreadIndex(day, random)
		m := Mail{
			From: address(t, "from"), To: addresses(t, "to", 1), Cc: addresses(t, "cc", 0), Subject: phrase(t, "subject"),
			Identity: id, Date: day, InReplyTo: parent, References: []string{"<1@x>", "<2@x>", parent}, ThreadIndex: index,
			Text: rapid.SampledFrom([]string{"", "plain\n\n-- \nAnn\n", "From the start\n.\n..\nříční\n", strings.Repeat("x", 3000) + "\n", "報價單在附件中，請查收。\n", "tab\tand trailing blank \nend"}).Draw(t, "text"),
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "files") {
			data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
			m.Files = append(m.Files, bytesFile(draw(t, "file", "a.pdf", "Smlouva č. 5.docx", "weird \"name\".txt", strings.Repeat("報", 60)+".xls", fmt.Sprint(i, ".zip")), draw(t, "type", "application/pdf", "", "message/rfc822", "text/csv; charset=utf-8"), "", data))
		}
		if rapid.Bool().Draw(t, "html") {
			m.HTML = `<p>Hallo <b>Brünn</b><img src="cid:logo@x"></p>`
			m.Files = append(m.Files, bytesFile("logo.png", "image/png", "logo@x", []byte("PNG")))
		}
		raw := render(t, m)
		all := slices.Concat([]offline.Address{m.From}, m.To, m.Cc)
		utf8 := slices.ContainsFunc(all, func(a offline.Address) bool { return NeedsUTF8(a.Addr) })
		wellFormed(t, raw, utf8)
		if again := render(t, m); again != raw {
			t.Fatalf("the same mail gave other bytes")
		}

		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		got := message.Header([]byte(head+"\r\n\r\n"), day)
		same := func(what string, got, want []offline.Address) {
			var w []offline.Address
			for _, a := range want {
				addr, err := Wire(a.Addr)
				if err != nil {
					t.Fatalf("%v", err)
				}
				w = append(w, offline.Address{Name: strings.Join(strings.Fields(a.Name), " "), Addr: addr})
			}
			if len(got) != len(w) {
				t.Fatalf("%s: got %q want %q in\n%s", what, got, w, head)
			}
			for i := range w {
				got[i].Name = strings.Join(strings.Fields(got[i].Name), " ")
				if got[i] != w[i] {
					t.Fatalf("%s: got %+q want %+q in\n%s", what, got[i], w[i], head)
				}
			}
		}
		same("From", got.From, []offline.Address{m.From})
		same("To", got.To, m.To)
		same("Cc", got.Cc, m.Cc)
		if one(got.Subject) != one(m.Subject) || got.Identity != id || !got.Date.Equal(day) || got.ThreadIndex != index ||
			!slices.Equal(got.InReplyTo, []string{parent}) || !slices.Equal(got.References, m.References) {
			t.Fatalf("got %+v\nwant %+v\n%s", got, m, head)
		}
		c, err := message.Read(strings.NewReader(raw), message.Limits{})
		if err != nil || len(c.Notes) > 0 {
			t.Fatalf("%v %v", err, c.Notes)
		}
		if strings.TrimRight(c.Text, "\n") != strings.TrimRight(m.Text, "\n") && !(m.Text == "" && m.HTML != "") {
			t.Fatalf("text %q, want %q", c.Text, m.Text)
		}
		if strings.TrimSuffix(c.HTML, "\n") != m.HTML {
			t.Fatalf("html %q, want %q", c.HTML, m.HTML)
		}
		sameFiles(t, c.Attachments, m.Files)
	})
}

func one(s string) string { return strings.Join(strings.Fields(s), " ") }

func sameFiles(t *rapid.T, got []offline.Attachment, want []File) {
	if len(got) != len(want) {
		t.Fatalf("%d files, want %d", len(got), len(want))
	}
	for _, f := range want {
		r, _ := f.Open()
		data, _ := io.ReadAll(r)
		if !slices.ContainsFunc(got, func(a offline.Attachment) bool { return bytes.Equal(a.Data, data) && a.ContentID == f.ContentID }) {
			t.Fatalf("file %q did not come through", f.Name)
		}
		name := strings.NewReplacer(`"`, "_").Replace(f.Name)
		if !slices.ContainsFunc(got, func(a offline.Attachment) bool {
			return a.Name == name || len(name) > 180 && strings.HasPrefix(a.Name, name[:90])
		}) {
			t.Fatalf("no file is named %q: %q", name, got[0].Name)
		}
	}
}

func TestNothingBreaksOutOfItsField(t *testing.T) {
	base := Mail{From: offline.Address{Addr: "a@x.example"}, To: []offline.Address{{Addr: "b@x.example"}}, Identity: "<1@x>", Date: day, Text: "hello"}
	evil := "hi\r\nBcc: victim@x.example\r\n\r\nbody\x00\u2028"
	m := base
	m.Subject, m.To[0].Name, m.From.Name = evil, evil, evil
	m.References = []string{evil, "<ok@x>", "<a b@x>"}
	m.ThreadIndex = evil
	m.InReplyTo = evil
	m.Files = []File{bytesFile(evil, evil, evil, []byte("x"))}
	raw := render(t, m)
	wellFormed(t, raw, false)
	got := message.Header([]byte(raw), day)
	if len(got.Bcc) > 0 || got.ThreadIndex != "" || len(got.InReplyTo) > 0 || !slices.Equal(got.References, []string{"<ok@x>"}) {
		t.Errorf("%+v", got)
	}
	if strings.Contains(strings.ToLower(raw), "\nbcc:") {
		t.Error("a field was injected")
	}
	for _, bad := range []string{"", "nobody", "a@", "@x", "a@b c", "a@x\r\nBcc: v@x", "a\x00b@x", "a@-x", "a@x..y", "a@[nonsense]", strings.Repeat("a", 400) + "@x"} {
		m := base
		m.To = []offline.Address{{Addr: bad}}
		if err := Write(io.Discard, m); err == nil {
			t.Errorf("%q was written", bad)
		}
	}
	m = base
	m.Identity = "<1@x>\r\nBcc: v@x"
	if err := Write(io.Discard, m); err == nil {
		t.Error("an identity with a line end was written")
	}
}

func TestBccIsInNoLineAndNobodyIsNamedWhereAllAreBcc(t *testing.T) {
	m := Mail{From: offline.Address{Addr: "a@x.example"}, Bcc: []offline.Address{{Name: "Jana", Addr: "j@x.example"}}, Identity: "<1@x>", Date: day, Subject: "s"}
	raw := render(t, m)
	if strings.Contains(raw, "j@x") || !strings.Contains(raw, "To: undisclosed-recipients:;\r\n") {
		t.Errorf("%s", raw)
	}
	if f, err := BccField(m.Bcc); f != "Bcc: Jana <j@x.example>\r\n" || err != nil {
		t.Errorf("%q %v", f, err)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	m := Mail{From: offline.Address{Addr: "a@x.example"}, To: []offline.Address{{Addr: "b@x.example"}}, Identity: "<1@x>", Date: day}
	broken := errors.New("the disk is gone")
	m.Files = []File{{Name: "plan.pdf", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("begun"), errReader{broken})), nil
	}}}
	if err := Write(io.Discard, m); !errors.Is(err, broken) || !strings.Contains(err.Error(), "plan.pdf") {
		t.Errorf("%v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestAddressesGoOutAsTheServerWantsThem(t *testing.T) {
	for _, c := range []struct {
		addr, want string
		utf8       bool
	}{
		{"ann@alder.example", "ann@alder.example", false},
		{" ann@Bücher.example ", "ann@xn--bcher-kva.example", false},
		{"jana.nová@firma.example", "jana.nová@firma.example", true},
		{"a b@x.example", `"a b"@x.example`, false},
		{`"a b"@x.example`, `"a b"@x.example`, false},
		{"a@[192.0.2.1]", "a@[192.0.2.1]", false},
		{"a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", false},
		{"a..b@x.example", `"a..b"@x.example`, false},
	} {
		got, err := Wire(c.addr)
		if got != c.want || err != nil || NeedsUTF8(c.addr) != c.utf8 {
			t.Errorf("%q: %q %v", c.addr, got, err)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("subject", "name", "a@x.example", "text", "<p>x</p>", "file.txt", "text/plain")
	f.Add("a\r\nb", "\u202e\x00", "a b@ü.example", "\r\n.\r\n", "<script>", "../..\\x\r\n", "multipart/mixed; boundary=x")
	f.Add("=?utf-8?q?x?=", "\xff\xfe", "\"@\"@x.example", "\xff", "<img src=cid:c>", "", ";;")
	f.Fuzz(func(t *testing.T, subject, name, addr, text, html, file, media string) {
		m := Mail{
			From: offline.Address{Name: name, Addr: addr}, To: []offline.Address{{Name: subject, Addr: "b@x.example"}}, Subject: subject, Identity: "<1@x>", Date: day,
			Text: text, HTML: Clean(html), Files: []File{bytesFile(file, media, name, []byte(text)), bytesFile(name, media, "c", []byte(html))},
		}
		var b bytes.Buffer
		if err := Write(&b, m); err != nil {
			if _, werr := Wire(addr); werr == nil {
				t.Fatalf("%v", err)
			}
			return
		}
		wellFormed(t, b.String(), NeedsUTF8(addr))
		c, err := message.Read(&b, message.Limits{})
		if err != nil || len(c.Attachments) != 2 {
			t.Fatalf("%v: %d files", err, len(c.Attachments))
		}
	})
}

func BenchmarkWrite25MB(b *testing.B) {
	data := make([]byte, 25<<20)
	m := Mail{From: offline.Address{Addr: "a@x.example"}, To: []offline.Address{{Addr: "b@x.example"}}, Identity: "<1@x>", Date: day, Files: []File{bytesFile("a.bin", "", "", data)}}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(io.Discard, m); err != nil {
			b.Fatal(err)
		}
	}
}
