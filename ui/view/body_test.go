package view

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sketch writes a body so that it can be compared: one line a block, quotes as
// ">", styles as *b* /i/ `m`, links as {text|address}, faint as ~text~.
func sketch(b Body) string {
	var out []string
	for _, bl := range b.Blocks {
		s := ""
		if bl.Gap {
			s += "↕"
		}
		s += strings.Repeat(">", bl.Quote) + strings.Repeat(" ", bl.Indent)
		switch bl.Kind {
		case Heading:
			s += "# "
		case Fixed:
			s += "| "
		case Rule:
			s += "----"
		}
		if bl.Marker != "" {
			s += bl.Marker + " "
		}
		for _, r := range bl.Runs {
			t := r.Text
			if r.Bold {
				t = "*" + t + "*"
			}
			if r.Italic {
				t = "/" + t + "/"
			}
			if r.Mono {
				t = "`" + t + "`"
			}
			if r.Faint {
				t = "~" + t + "~"
			}
			if r.Link != "" {
				t = "{" + t + "|" + r.Link + "}"
			}
			s += t
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestHTMLBecomesSafeText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"paragraphs":         {"<p>One\n two.</p><p>Three</p>", "One two.\n↕Three"},
		"line breaks":        {"a<br>b<br><br>c", "a\nb\n↕c"},
		"styles":             {"x <b>b <i>bi</i></b> <code>m</code>", "x* b*/* bi*/` m`"},
		"heading":            {"<h1>T</h1><p>x", "# T\n↕x"},
		"lists":              {"<ul><li>a<li>b<ol start=3><li>c</ol></ul>d", " • a\n • b\n  3. c\n↕d"},
		"quote":              {"a<blockquote>b<blockquote>c</blockquote></blockquote>d", "a\n↕>b\n↕>>c\n↕d"},
		"pre":                {"<pre>a  b\n\n c</pre>", "| a  b\n↕|  c"},
		"table":              {"<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>", "*A*   *B*\n1   2"},
		"rule":               {"a<hr>b", "a\n↕----\n↕b"},
		"link":               {`see <a href="https://x.example/a?b=1">here</a>.`, "see {here|https://x.example/a?b=1}."},
		"mail link":          {`<a href="mailto:a@b.example">write</a>`, "{write|mailto:a@b.example}"},
		"no script":          {"a<script>alert('<b>x')</script><style>p{}</style>b", "ab"},
		"no head":            {"<head><title>T</title></head><body>x</body>", "x"},
		"head never closed":  {"<head><meta><body>x</body>", "x"},
		"entities":           {"a&nbsp;b &lt;i&gt; &amp; &#x41;", "a\u00a0b <i> & A"},
		"picture":            {`<p><img src="http://t.example/x.png" alt="Logo"></p>`, "~[Logo]~"},
		"picture as a link":  {`<a href="https://x.example/"><img src=x alt="Shop"></a>`, "{Shop|https://x.example/}"},
		"hidden preheader":   {`<div style="display: none !important">psst<div>x</div></div>y`, "y"},
		"hidden by size":     {`<span style="font-size:0px">psst</span>y`, "y"},
		"hidden attribute":   {`<div hidden>psst</div>y`, "y"},
		"hidden, not closed": {`<p style="display:none">a<p>b`, "a\n↕b"},
		"comment":            {"a<!-- <b>x</b> -->b", "ab"},
		"script link":        {`<a href="javascript:alert(1)">click</a>`, "click"},
		"script link odd":    {"<a href=\" java\nscript:alert(1)\">click</a>", "click"},
		"data link":          {`<a href="data:text/html,x">click</a>`, "click"},
		"file link":          {`<a href="file:///etc/passwd">click</a>`, "click"},
		"relative link":      {`<a href="/x">click</a>`, "click"},
		"password in link":   {`<a href="https://user:pw@x.example/">click</a>`, "{click|https://x.example/}"},
		"lying link":         {`<a href="http://evil.example/">www.bank.example</a>`, "{www.bank.example|http://evil.example/}~ [evil.example]~"},
		"lying link, styled": {`<a href="http://evil.example/">https://<b>bank.example</b>/login</a>`, "{https://|http://evil.example/}{*bank.example*|http://evil.example/}{/login|http://evil.example/}~ [evil.example]~"},
		"honest link":        {`<a href="https://www.bank.example/login">bank.example</a>`, "{bank.example|https://www.bank.example/login}"},
		"nested links":       {`<a href="http://a.example/">a<a href="http://b.example/">b</a></a>`, "{a|http://a.example/}{b|http://b.example/}"},
		"end tags only":      {"</b></div></ul></blockquote>x", "x"},
		"form":               {`<form action="http://x.example"><input value="secret">a<textarea>t</textarea><select><option>o</select></form>`, "a"},
		"frames":             {`<iframe src="http://x.example">f</iframe><object data=x>o</object><svg><text>s</text></svg>x`, "x"},
		"direction trick":    {"invoice\u202efdp.exe", "invoicefdp.exe"},
		"nothing":            {"", ""},
	} {
		if got := sketch(FromHTML(c.in)); got != c.want {
			t.Errorf("%s: %s\n got %q\nwant %q", name, c.in, got, c.want)
		}
	}
}

func TestPicturesAreCountedAndBeaconsAreNot(t *testing.T) {
	b := FromHTML(`<img src="http://a.example/1.png"><img src="cid:x" alt="a"><img src="http://t.example/b.gif" width="1" height="1">`)
	if b.Pictures != 2 {
		t.Errorf("%d pictures", b.Pictures)
	}
}

func TestPlainTextKeepsItsShape(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"lines":         {"Hello,\r\n\r\nsee you.\r\nAnn\r\n", "Hello,\n↕see you.\nAnn"},
		"quotes":        {"Yes.\n> No?\n>> Why?\n> > Because\nSo.", "Yes.\n↕>No?\n↕>>Why?\n>>Because\n↕So."},
		"signature":     {"x\n-- \nAnn", "x\n↕----\nAnn"},
		"links":         {"see https://x.example/a?b=1, or (www.y.example).", "see {https://x.example/a?b=1|https://x.example/a?b=1}, or ({www.y.example|http://www.y.example})."},
		"tags are text": {"<b>x</b> & <script>", "<b>x</b> & <script>"},
		"tabs":          {"a\tb", "a    b"},
	} {
		if got := sketch(FromText(c.in)); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestHostileBodiesCostABoundedAmount(t *testing.T) {
	for name, in := range map[string]string{
		"deep":       strings.Repeat("<div><b><blockquote>", 300_000) + "x",
		"one line":   strings.Repeat("word ", 800_000),
		"one word":   strings.Repeat("w", 4_000_000),
		"many tags":  strings.Repeat("<p>x", 400_000),
		"attributes": "<a " + strings.Repeat(`x="y" `, 300_000) + ">z</a>",
		"links":      strings.Repeat(`<a href="http://x.example/">x</a> `, 100_000),
		"lists":      strings.Repeat("<ol><li>", 200_000) + "x",
		"entities":   strings.Repeat("&amp;", 800_000),
		"open":       strings.Repeat("<", 1_000_000),
		"styles":     strings.Repeat("<b>a</b>c", 200_000),
	} {
		begin := time.Now()
		b := FromHTML(in)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		n := 0
		for _, bl := range b.Blocks {
			if bl.Quote > maxDepth || bl.Indent > maxDepth {
				t.Errorf("%s: depth %d, %d", name, bl.Quote, bl.Indent)
			}
			for _, r := range bl.Runs {
				n += utf8.RuneCountInString(r.Text)
			}
		}
		if len(b.Blocks) > maxBlocks || n > maxRunes {
			t.Errorf("%s: %d blocks, %d letters", name, len(b.Blocks), n)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>x</p>", `<a href="http://x.example/">y</a>`, "<ul><li>a", "<pre>\n\n", "<table><td>", "<blockquote><br><hr>", `<img alt="x" src=y>`, "<div style=display:none>", "<a href=javascript:x>y", "\xff\xfe<b", "<style><a", "<head>x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, FromHTML(s)) })
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"a\nb", "> x\n>> y", "-- \n", "https://x.example/).", "www.", "\r\r\n\t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, FromText(s)) })
}

// check is what holds for every body.
func check(t *testing.T, b Body) {
	for _, bl := range b.Blocks {
		if bl.Kind != Rule && len(bl.Runs) == 0 {
			t.Errorf("an empty block: %+v", bl)
		}
		for _, r := range bl.Runs {
			if r.Text == "" || !utf8.ValidString(r.Text) || strings.ContainsAny(r.Text, "\n\r\u202e\x00") {
				t.Errorf("a run that can't be drawn: %q", r.Text)
			}
			if l := r.Link; l != "" && !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") && !strings.HasPrefix(l, "mailto:") {
				t.Errorf("an unsafe link: %q", l)
			}
		}
	}
	_ = b.PlainText()
}

func TestACopiedTextReadsLikeTheShownOne(t *testing.T) {
	got := FromHTML("<h1>T</h1><p>a <b>b</b></p><ul><li>c</ul><blockquote>q</blockquote>").PlainText()
	if want := "T\n\na b\n\n  • c\n\n> q\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing here can load anything from a network: there is no package for it.
func TestTheViewsReachNoNetwork(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	more, _ := filepath.Glob("../*.go")
	for _, f := range append(files, more...) {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f, src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range tree.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if path == "net" || strings.HasPrefix(path, "net/http") || path == "os/exec" || strings.HasSuffix(path, "/storage") {
				t.Errorf("%s imports %s", f, path)
			}
			if strings.HasPrefix(path, "fyne.io") && !strings.HasPrefix(f, "..") {
				t.Errorf("%s imports %s: view models are tested without a window", f, path)
			}
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	in := strings.Repeat("<p>Some <b>words</b> of a <a href='http://x.example/'>letter</a> that goes on.</p>", 1000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if got := FromHTML(in); len(got.Blocks) != 1000 {
			b.Fatal(fmt.Sprint(len(got.Blocks)))
		}
	}
}
