package message

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
)

// policy is what SafeHTML lets through. It is made once, since that takes
// longer than a message, and never changes.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"a", "abbr", "address", "article", "aside", "b", "bdi", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
		"dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header",
		"hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong",
		"sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
	)
	p.AllowNoAttrs().OnElements("a", "font", "span", "div")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`(?i)^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z-]{1,20}$`)).Globally()
	p.AllowAttrs("title", "alt").Matching(regexp.MustCompile(`^[^<>]{0,500}$`)).Globally()
	p.AllowAttrs("align", "valign").Matching(regexp.MustCompile(`(?i)^[a-z]{1,10}$`)).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "size", "start").Matching(regexp.MustCompile(`^[0-9]{1,4}(%|px)?$`)).Globally()
	p.AllowAttrs("color", "bgcolor").Matching(regexp.MustCompile(`(?i)^(#[0-9a-f]{3,8}|[a-z]{1,25})$`)).Globally()
	p.AllowAttrs("face").Matching(regexp.MustCompile(`^[\w ,'-]{1,100}$`)).OnElements("font")
	p.AllowStyles(
		"color", "background-color", "font-family", "font-size", "font-style", "font-weight", "text-align", "text-decoration", "text-indent", "vertical-align",
		"line-height", "white-space", "width", "height", "max-width", "margin", "margin-top", "margin-bottom", "margin-left", "margin-right",
		"padding", "padding-top", "padding-bottom", "padding-left", "padding-right", "border", "border-top", "border-bottom", "border-left", "border-right",
		"border-collapse", "border-color", "border-style", "border-width",
	).MatchingHandler(harmlessStyle).Globally()

	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.AllowAttrs("href").Matching(regexp.MustCompile(`(?i)^\s*(https?|mailto|tel):`)).OnElements("a")
	// Images of the message itself only: nothing is ever loaded from elsewhere.
	p.AllowAttrs("src").Matching(regexp.MustCompile(`(?i)^\s*cid:`)).OnElements("img")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	// Only what hides its content in a browser, too, up to where a browser would
	// end it: an element that ends by itself or is never closed would take all
	// that follows with it. The rest is unwrapped: its text stays.
	p.SkipElementsContent("title", "style", "script", "noscript", "noframes", "noembed", "template", "textarea", "iframe")
	p.AllowElementsContent("frame", "frameset", "object", "nostyle")
	return p
})

// harmlessStyle accepts values that can't make anything load, can't lay text
// over other text or move it out of sight, and are of a size that a page has.
func harmlessStyle(v string) bool {
	low := strings.ToLower(v)
	for _, bad := range []string{"url", "expression", "image", "calc", "var", "attr", "env", "min(", "max(", "clamp", "/*"} {
		if strings.Contains(low, bad) {
			return false
		}
	}
	return len(v) <= 200 && !strings.ContainsAny(v, `\<>@{}`) && sizes(low)
}

// sizes reports whether all lengths in a value are from 0 to 2,000 of their
// unit, which is as wide as a page gets. Colours are not lengths.
func sizes(v string) bool {
	for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' || r == '/' || r == '(' || r == ')' }) {
		if word[0] == '#' {
			continue
		}
		if word[0] == '-' && (len(word) == 1 || word[1]|0x20 < 'a' || word[1]|0x20 > 'z') { // not a name such as -apple-system
			return false
		}
		digits := word[:len(word)-len(strings.TrimLeft(word, "+0123456789."))]
		if digits == "" {
			continue
		}
		if n, err := strconv.ParseFloat(strings.TrimPrefix(digits, "+"), 64); err != nil || n > 2000 || strings.HasPrefix(word[len(digits):], "e") && !strings.HasPrefix(word[len(digits):], "em") && !strings.HasPrefix(word[len(digits):], "ex") {
			return false
		}
	}
	return true
}

// maxHTML bounds the HTML that is looked at.
const maxHTML = 8 << 20

// SafeHTML makes HTML safe to store in a CRM and to show there: no scripts, no
// forms, no frames, nothing that loads from elsewhere. Images that travel with
// the message (cid:) stay, links stay and send no referrer.
func SafeHTML(s string) string { return policy().Sanitize(cut(s, maxHTML)) }

// PlainToHTML makes HTML of plain text that reads the same.
func PlainToHTML(text string) string {
	if text == "" {
		return ""
	}
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	text = html.EscapeString(text)
	text = strings.ReplaceAll(text, "\t", "    ")
	text = strings.ReplaceAll(text, "  ", " &nbsp;")
	text = strings.ReplaceAll(text, "\n", "<br>\n")
	return "<div>" + text + "</div>"
}

// breaks are the elements that begin on a line of their own; 2: with an empty
// line before.
var breaks = map[string]int{
	"p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "blockquote": 2, "table": 2, "ul": 2, "ol": 2, "dl": 2, "pre": 2,
	"div": 1, "tr": 1, "li": 1, "dt": 1, "dd": 1, "br": 1, "hr": 1, "section": 1, "article": 1, "header": 1, "footer": 1, "address": 1, "center": 1, "caption": 1, "form": 1,
}

// unread are the elements whose content is not text to be read: those that
// SafeHTML skips.
var unread = map[string]bool{"style": true, "script": true, "title": true, "noscript": true, "noframes": true, "noembed": true, "template": true, "textarea": true, "iframe": true}

// HTMLToText is the text of HTML as a person would read it: line breaks where
// blocks begin, bullets before list items, no markup.
func HTMLToText(s string) string {
	z := xhtml.NewTokenizer(strings.NewReader(cut(s, maxHTML)))
	z.SetMaxBuf(maxHTML)
	w := textWriter{}
	skip, depth := "", 0 // inside an unread element, and how many of its name are open
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return strings.TrimRight(w.b.String(), "\n ")
		case xhtml.TextToken:
			if skip == "" {
				w.text(string(z.Text()))
			}
		case xhtml.StartTagToken:
			name, _ := z.TagName()
			n := string(name)
			switch {
			case skip == n:
				depth++
			case skip == "" && unread[n]:
				skip, depth = n, 1
			case skip == "":
				w.open(n)
			}
		case xhtml.SelfClosingTagToken:
			name, _ := z.TagName()
			if skip == "" {
				w.open(string(name))
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			n := string(name)
			if skip == n {
				if depth--; depth == 0 {
					skip = ""
				}
			} else if skip == "" {
				w.close(n)
			}
		}
	}
}

// textWriter collapses blanks as a browser does.
type textWriter struct {
	b     strings.Builder
	lines int // line ends asked for before the next text
	blank bool
	pre   int
}

func (w *textWriter) text(s string) {
	if w.pre > 0 {
		w.flush()
		w.b.WriteString(s)
		return
	}
	for _, r := range s {
		switch {
		case r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f':
			w.blank = true
			continue
		case r < ' ' || r == 0x7F || hidden(r) || r == 0x200B || r == 0x200C || r == 0x00AD || r == 0x034F:
			continue // preheaders are padded with these
		case r == 0xA0:
			r = ' '
		}
		w.flush()
		w.b.WriteRune(r)
	}
}

// flush writes the line ends or the blank that were asked for.
func (w *textWriter) flush() {
	switch {
	case w.b.Len() == 0:
	case w.lines > 0:
		w.b.WriteString("\n\n"[:min(w.lines, 2)])
	case w.blank:
		w.b.WriteByte(' ')
	}
	w.lines, w.blank = 0, false
}

func (w *textWriter) open(name string) {
	switch name {
	case "br":
		w.lines++
		w.blank = false
		return
	case "td", "th":
		w.blank = true
	case "pre":
		w.pre++
	}
	if n := breaks[name]; n > 0 {
		w.lines = max(w.lines, n)
		w.blank = false
	}
	if name == "li" {
		w.flush()
		w.b.WriteString("- ")
	}
}

func (w *textWriter) close(name string) {
	if name == "pre" && w.pre > 0 {
		w.pre--
	}
	if n := breaks[name]; n > 0 && name != "br" {
		w.lines = max(w.lines, n)
		w.blank = false
	}
}
