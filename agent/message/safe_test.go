package message

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
)

// checkContent holds what Read gave to what is promised of it.
func checkContent(t *testing.T, c Content) {
	t.Helper()
	if !utf8.ValidString(c.Text) || !utf8.ValidString(c.HTML) || !utf8.ValidString(c.Snippet) {
		t.Fatal("not UTF-8")
	}
	if len([]rune(c.Snippet)) > 160 || strings.ContainsFunc(c.Snippet, func(r rune) bool { return r < ' ' || hidden(r) }) {
		t.Fatalf("snippet %q", c.Snippet)
	}
	for _, a := range c.Attachments {
		if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00") || strings.ContainsFunc(a.Name, hidden) || len(a.Name) > 200 || a.Name == ".." || a.Name == "." {
			t.Fatalf("file name %q", a.Name)
		}
	}
	for _, n := range c.Notes {
		if !utf8.ValidString(n) || len(n) > 500 {
			t.Fatalf("note %q", n)
		}
	}
	checkSafe(t, SafeHTML(c.HTML))
	checkSafe(t, PlainToHTML(c.Text))
}

// dead are elements that must be in nothing that goes to the CRM.
var dead = map[string]bool{
	"script": true, "style": true, "link": true, "meta": true, "base": true, "form": true, "input": true, "button": true, "select": true, "textarea": true,
	"iframe": true, "frame": true, "frameset": true, "object": true, "embed": true, "applet": true, "svg": true, "math": true, "video": true, "audio": true,
	"source": true, "picture": true, "noscript": true, "template": true, "html": true, "head": true, "body": true, "title": true, "dialog": true, "portal": true,
}

// checkSafe reads HTML that was made safe as a browser does, and looks for
// anything that runs, loads, submits, or covers something else.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if again := SafeHTML(s); again != s && SafeHTML(again) != again {
		t.Fatalf("made safe once more it becomes another, %q", again)
	}
	z := xhtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return
		case xhtml.CommentToken, xhtml.DoctypeToken:
			t.Fatalf("a comment or doctype in %q", s)
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			tok := z.Token()
			if dead[tok.Data] {
				t.Fatalf("<%s> in %q", tok.Data, s)
			}
			for _, a := range tok.Attr {
				checkAttribute(t, tok.Data, a.Key, strings.ToLower(strings.TrimSpace(a.Val)))
			}
		}
	}
}

// negative is a length below zero.
var negative = regexp.MustCompile(`(^|[ :,(])-([^a-z]|$)`)

func checkAttribute(t *testing.T, element, name, v string) {
	t.Helper()
	starts := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(v, p) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(name, "on"), name == "srcset", name == "background", name == "action", name == "formaction", name == "ping", name == "id", name == "class", name == "name":
		t.Fatalf("%s=%q at <%s>", name, v, element)
	case name == "src" && !(element == "img" && starts("cid:")):
		t.Fatalf("src=%q at <%s>", v, element)
	case name == "href" && !(element == "a" && starts("http:", "https:", "mailto:", "tel:")):
		t.Fatalf("href=%q at <%s>", v, element)
	case name == "style":
		for _, bad := range []string{"url", "expression", "import", "image", "position", "z-index", "-moz", "behavior", "var(", "calc(", "attr(", `\`, "/*"} {
			if strings.Contains(v, bad) {
				t.Fatalf("style %q at <%s>", v, element)
			}
		}
		if negative.MatchString(v) {
			t.Fatalf("style %q at <%s>", v, element)
		}
	}
}
