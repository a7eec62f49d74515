package message

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"postrider/offline"
)

// The corpus: what each file has to give. Attachments are "name|type|content
// id|size"; a note has to contain each of notes.
var corpus = map[string]struct {
	text, html  string // exact; html "-": none, "*": not compared
	attachments []string
	notes       []string
}{
	"plain":           {text: "Hello Jana,\n\nthe offer is attached.\n-- \nAnn", html: "-"},
	"no-mime-latin1":  {text: "Café at noon?", html: "-"},
	"alternative":     {text: "Příliš long", html: "<p>Příliš <b>long</b></p>"},
	"lf-only":         {text: "one", html: "<p>one</p>"},
	"empty":           {html: "-"},
	"only-header":     {html: "-"},
	"wrong-charset":   {text: "Příliš žluťoučký", html: "-"},
	"unknown-charset": {text: "café", html: "-", notes: []string{`charset "x-klingon" is not known`}},
	"related-inline-image": {
		text: "Look:", html: `<p>Look:</p><img src="cid:logo@1" width=10><img src="https://tracker.example/x.gif">`,
		attachments: []string{"logo.png|image/png|logo@1|9"},
	},
	"mixed-with-footer": {
		text: "Body in HTML\n\nList footer", html: "<div>Body in HTML</div>\n<hr>\n<div>List footer</div>",
		attachments: []string{"Nabídka.pdf|application/pdf||9"},
	},
	"forwarded-eml":         {text: "See below.", html: "-", attachments: []string{"message.eml|message/rfc822||141"}},
	"winmail":               {text: "Body", html: "-", attachments: []string{"winmail.dat|application/ms-tnef||6"}, notes: []string{"format of its own"}},
	"smime-signed":          {text: "Signed text", html: "-", attachments: []string{"smime.p7s|application/pkcs7-signature||15"}},
	"smime-encrypted":       {html: "-", attachments: []string{"part-1.p7m|application/pkcs7-mime||15"}, notes: []string{"encrypted (S/MIME)"}},
	"invitation":            {text: "You are invited", html: "-", attachments: []string{"part-1.ics|text/calendar||30"}},
	"bounce":                {text: "Your message could not be delivered.", html: "-", attachments: []string{"part-1.txt|message/delivery-status||14", "part-2.txt|text/rfc822-headers||13"}},
	"unknown-encoding":      {text: "begin 644 x", html: "-", notes: []string{`transfer encoding "x-uuencode" is not known`}},
	"broken-base64":         {text: "Hello world", html: "-", attachments: []string{"part-1.bin|application/octet-stream||4"}},
	"broken-qp":             {text: "100=% sure =ZZ and é  joined  end", html: "-"},
	"truncated-multipart":   {text: "Cut in the mid", html: "-"},
	"no-boundary-parameter": {html: "-", attachments: []string{"part-1.bin|multipart/mixed||46"}},
	"same-boundary-nested":  {text: "inner\n\nouter", html: "-"},
	"hostile-names": {html: "-", attachments: []string{
		"passwd|text/plain||1", "cmd.exe|text/plain||1", "invoicefdp.exe|text/plain||1",
		"part-4.txt|text/plain||1", "split-name.txt|text/plain||1", "unquoted name with spaces.png|image/png||1",
	}},
	"header-junk":       {text: "Still readable", html: "<p>Still <i>readable</i></p>"},
	"html-meta-charset": {text: "Žluťoučký", html: "*"},
	"scripted-html":     {text: "Hi\n\naok", html: "*"},
}

func TestTheCorpusIsRead(t *testing.T) {
	files, err := filepath.Glob("testdata/eml/*.eml")
	if err != nil || len(files) != len(corpus) {
		t.Fatalf("%d files for %d cases, %v", len(files), len(corpus), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := corpus[name]
			if !ok {
				t.Fatal("not in the table")
			}
			c, err := Read(bytes.NewReader(raw), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(c.Text); got != want.text {
				t.Errorf("text %q, want %q", got, want.text)
			}
			switch got := strings.TrimSpace(c.HTML); {
			case want.html == "*":
			case want.html == "-" && got != "", want.html != "-" && got != want.html:
				t.Errorf("html %q, want %q", got, want.html)
			}
			var atts []string
			for _, a := range c.Attachments {
				atts = append(atts, fmt.Sprintf("%s|%s|%s|%d", a.Name, a.Type, a.ContentID, len(a.Data)))
			}
			if strings.Join(atts, "\n") != strings.Join(want.attachments, "\n") {
				t.Errorf("attachments\n%s\nwant\n%s", strings.Join(atts, "\n"), strings.Join(want.attachments, "\n"))
			}
			notes := strings.Join(c.Notes, "\n")
			for _, n := range want.notes {
				if !strings.Contains(notes, n) {
					t.Errorf("notes %q, want %q", notes, n)
				}
			}
			if len(want.notes) == 0 && notes != "" {
				t.Errorf("notes %q, want none", notes)
			}
			checkHeader(t, Header(raw, received))
			oneByOne, err := Read(iotest.OneByteReader(bytes.NewReader(raw)), Limits{})
			if err != nil || fmt.Sprint(oneByOne) != fmt.Sprint(c) {
				t.Errorf("read byte by byte it differs: %v", err)
			}
		})
	}
}

func TestSafeHTMLLoadsNothingAndRunsNothing(t *testing.T) {
	raw, err := os.ReadFile("testdata/eml/scripted-html.eml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Read(bytes.NewReader(raw), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	safe := SafeHTML(c.HTML)
	for _, bad := range []string{"alert", "t.example", "onclick", "onload", "javascript", "<form", "<input", "<iframe", "<link", "<base", "url(", "<svg"} {
		if strings.Contains(strings.ToLower(safe), bad) {
			t.Errorf("%q is left in %s", bad, safe)
		}
	}
	for _, good := range []string{`<p style="color: red">Hi</p>`, `href="https://ok.example/"`, `<img src="cid:1"`} {
		if !strings.Contains(safe, good) {
			t.Errorf("%q is missing in %s", good, safe)
		}
	}
	for in, want := range map[string]string{
		`<img src="data:image/png;base64,AAAA">`:            "",
		`<img src="//t.example/x">`:                         "",
		`<p style="background:url('x')">a</p>`:              "<p>a</p>",
		`<p style="color:red;position:fixed">a</p>`:         `<p style="color: red">a</p>`,
		`<td bgcolor="#fff" width="50%">a</td>`:             `<td bgcolor="#fff" width="50%">a</td>`,
		`<a href="data:text/html,x">a</a>`:                  "<a>a</a>",
		`<b>unclosed`:                                       "<b>unclosed",
		`<math><mi xlink:href="data:x,<script>">a</mi></b>`: "a",
	} {
		if got := SafeHTML(in); strings.TrimSuffix(got, "</b>") != want && got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestPlainTextKeepsItsShapeAsHTML(t *testing.T) {
	if got, want := PlainToHTML("a <b>\r\n\r\n  two  blanks & more\n"), "<div>a &lt;b&gt;<br>\n<br>\n &nbsp;two &nbsp;blanks &amp; more</div>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if PlainToHTML("") != "" {
		t.Error("no text gives HTML")
	}
}

func TestHTMLIsReadAsText(t *testing.T) {
	for in, want := range map[string]string{
		"<p>one</p><p>two</p>": "one\n\ntwo",
		"a<br>b<br><br>c":      "a\nb\n\nc",
		"<ul><li>x<li>y</ul>z": "- x\n- y\n\nz",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
		"<pre>a\n  b</pre>":                          "a\n  b",
		"a &amp; b&nbsp;c &lt;d&gt;":                 "a & b c <d>",
		"<style>x</style>a<script>y</script>":        "a",
		"<head><title>t</title><body>b":              "b",
		"  lots \n of\t blanks ":                     "lots of blanks",
		"<div>a</div>\n<div>b</div>":                 "a\nb",
		"unclosed <b>bold <i>it":                     "unclosed bold it",
		"pre\u200b\u200c\u00adheader":                "preheader",
		"<select><option>x</select>after<textarea>y": "xafter",
		"1 < 2": "1 < 2",
		"<h1>Title</h1>text<blockquote>q</blockquote>": "Title\n\ntext\n\nq",
	} {
		if got := HTMLToText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestTheSnippetIsTheFirstWordsWithoutQuotations(t *testing.T) {
	c, err := Read(strings.NewReader("Subject: x\r\n\r\n> quoted\r\n\r\nThanks,   that\r\nworks. "+strings.Repeat("word ", 100)), Limits{})
	if err != nil || !strings.HasPrefix(c.Snippet, "Thanks, that works. word word") || len([]rune(c.Snippet)) > 160 {
		t.Errorf("%q, %v", c.Snippet, err)
	}
	if s := snippet(strings.Repeat("ž", 500)); len([]rune(s)) != 160 {
		t.Errorf("%d characters", len([]rune(s)))
	}
}

func TestAThousandNestedPartsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("Subject: deep\r\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		if i == 20 {
			fmt.Fprintf(&b, "\r\nshallow\r\n--b%d\r\n", i)
		}
	}
	b.WriteString("\r\ninnermost\r\n")
	for i := 999; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	c, err := Read(strings.NewReader(b.String()), Limits{})
	if err != nil || strings.TrimSpace(c.Text) != "shallow" || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "50 levels") {
		t.Errorf("text %q, notes %q, %v", c.Text, c.Notes, err)
	}
}

func TestTooManyPartsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=%d.png\r\n\r\nx\r\n", i)
	}
	c, err := Read(strings.NewReader(b.String()), Limits{})
	if err != nil || len(c.Attachments) != 999 || len(c.Notes) != 1 {
		t.Errorf("%d attachments, notes %q, %v", len(c.Attachments), c.Notes, err)
	}
}

func TestAnAttachmentOf25MBIsRead(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 25<<16)
	var b bytes.Buffer
	b.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	enc := base64.StdEncoding.EncodeToString(data)
	for len(enc) > 76 {
		b.WriteString(enc[:76] + "\r\n")
		enc = enc[76:]
	}
	b.WriteString(enc + "\r\n--b--\r\n")
	c, err := Read(bytes.NewReader(b.Bytes()), Limits{})
	if err != nil || len(c.Attachments) != 1 || !bytes.Equal(c.Attachments[0].Data, data) || len(c.Notes) != 0 {
		t.Fatalf("%d attachments, notes %q, %v", len(c.Attachments), c.Notes, err)
	}
	c, err = Read(bytes.NewReader(b.Bytes()), Limits{NamesOnly: true})
	if err != nil || len(c.Attachments) != 1 || c.Attachments[0].Data != nil || c.Attachments[0].Name != "big.zip" {
		t.Errorf("names only: %v", err)
	}
	c, err = Read(bytes.NewReader(b.Bytes()), Limits{Attachments: 1 << 20})
	if err != nil || len(c.Attachments[0].Data) != 1<<20 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "big.zip: cut after") {
		t.Errorf("limited: notes %q, %v", c.Notes, err)
	}
	c, err = Read(bytes.NewReader(b.Bytes()), Limits{Size: 1 << 20})
	if err != nil || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "larger than") {
		t.Errorf("size limited: notes %q, %v", c.Notes, err)
	}
}

func TestAHugeHeaderAndALineWithoutEndAreBounded(t *testing.T) {
	c, err := Read(strings.NewReader("Subject: "+strings.Repeat("x", 10<<20)+"\r\n\r\nbody\r\n"), Limits{})
	if err != nil || strings.TrimSpace(c.Text) != "body" || len(c.Notes) != 1 {
		t.Errorf("text %.20q, notes %q, %v", c.Text, c.Notes, err)
	}
	c, err = Read(strings.NewReader("\r\n"+strings.Repeat("y", 10<<20)), Limits{})
	if err != nil || len(c.Text) != 4<<20 || len(c.Notes) != 1 {
		t.Errorf("%d bytes of text, notes %q, %v", len(c.Text), c.Notes, err)
	}
}

func TestAReaderThatFailsIsReported(t *testing.T) {
	broken := errors.New("broken")
	c, err := Read(io.MultiReader(strings.NewReader("Subject: x\r\n\r\nhalf of it"), iotest.ErrReader(broken)), Limits{})
	if !errors.Is(err, broken) || strings.TrimSpace(c.Text) != "half of it" {
		t.Errorf("text %q, %v", c.Text, err)
	}
}

func BenchmarkReadAlternative(b *testing.B) {
	raw, err := os.ReadFile("testdata/eml/alternative.eml")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(raw), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAttachmentsCanBeReadOneAfterAnother(t *testing.T) {
	raw := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nYWFh\r\n--b\r\nContent-Disposition: attachment; filename=b.txt\r\n\r\nbbb\r\n--b--\r\n"
	var got []string
	c, err := Read(strings.NewReader(raw), Limits{Each: func(n int, a offline.Attachment, r io.Reader) error {
		b, err := io.ReadAll(r)
		got = append(got, fmt.Sprint(n, " ", a.Name, " ", string(b)))
		return err
	}})
	if err != nil || !slices.Equal(got, []string{"0 a.txt aaa", "1 b.txt bbb"}) || len(c.Attachments) != 2 || c.Text != "hello" {
		t.Errorf("%v %q %+v", err, got, c)
	}
	stop := errors.New("enough")
	if _, err := Read(strings.NewReader(raw), Limits{Each: func(int, offline.Attachment, io.Reader) error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
