package compose

import (
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy is what may go out. It is wider than what may be shown of others' mail:
// the organization's logo may come from its server.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt",
		"em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strike", "strong",
		"sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
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
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`(?i)^\s*(https?|cid):`)).OnElements("img")
	p.SkipElementsContent("head", "title", "style", "script", "noscript", "template", "object", "embed", "applet", "iframe", "frameset", "svg", "math", "select", "textarea", "button", "audio", "video")
	return p
})

func harmlessStyle(v string) bool {
	low := strings.ToLower(v)
	return len(v) <= 200 && !strings.ContainsAny(v, `\<>@{}`) && !strings.Contains(low, "url") && !strings.Contains(low, "expression") && !strings.Contains(low, "image") && !strings.Contains(v, "/*")
}

// maxHTML bounds the HTML that is looked at.
const maxHTML = 8 << 20

// Clean makes HTML fit to be sent: simple markup, links and images, and nothing
// that runs. Servers and readers take no message apart for it.
func Clean(s string) string {
	if len(s) > maxHTML {
		s = strings.ToValidUTF8(s[:maxHTML], "")
	}
	return policy().Sanitize(s)
}
