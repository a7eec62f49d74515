package view

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML reads an HTML body into blocks. It works on tokens, not on a tree, so
// that its time and memory grow with the length only, however the tags are nested
// or broken. Scripts, styles, forms, frames and hidden parts are left out; of
// pictures the description stays; nothing is ever fetched.
func FromHTML(s string) Body {
	r := htmlReader{z: html.NewTokenizer(strings.NewReader(s))}
	r.z.SetMaxBuf(4 << 20)
	for !r.b.full {
		switch r.z.Next() {
		case html.ErrorToken:
			r.closeLink()
			r.b.end(false)
			return r.b.body
		case html.TextToken:
			if r.skip == 0 {
				r.words(string(r.z.Text()))
			}
		case html.StartTagToken:
			r.start(false)
		case html.SelfClosingTagToken:
			r.start(true)
		case html.EndTagToken:
			name, _ := r.z.TagName()
			r.endTag(atom.Lookup(name))
		}
	}
	r.b.end(false)
	return r.b.body
}

type htmlReader struct {
	z *html.Tokenizer
	b builder

	bold, italic, mono, pre, heading, quote int
	lists                                   []list
	link                                    string
	linkText                                strings.Builder
	marker                                  string

	skip    int // open elements named skipped whose content is left out
	skipped atom.Atom
}

type list struct {
	ordered bool
	n       int
}

// unseen are elements whose whole content is left out.
func unseen(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Object, atom.Applet,
		atom.Iframe, atom.Frameset, atom.Noframes, atom.Svg, atom.Math, atom.Audio, atom.Video, atom.Canvas,
		atom.Select, atom.Textarea, atom.Datalist:
		return true
	}
	return false
}

func (r *htmlReader) start(selfClosing bool) {
	name, more := r.z.TagName()
	a := atom.Lookup(name)
	if r.skip > 0 {
		if a == r.skipped && !selfClosing {
			r.skip++
		}
		if a == atom.Body && r.skipped == atom.Head {
			r.skip = 0 // a head that was never closed
		}
		return
	}
	attr := map[string]string{}
	for more && len(attr) < 40 {
		var k, v []byte
		k, v, more = r.z.TagAttr()
		if _, again := attr[string(k)]; !again {
			attr[string(k)] = string(v)
		}
	}
	if unseen(a) || canHide(a) && hidden(attr) {
		if !selfClosing {
			r.skip, r.skipped = 1, a
		}
		return
	}
	r.open(a, attr)
}

func (r *htmlReader) open(a atom.Atom, attr map[string]string) {
	switch a {
	case atom.B, atom.Strong, atom.Th:
		r.cell(a)
		r.bold++
	case atom.I, atom.Em, atom.Cite, atom.Address:
		r.italic++
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		r.mono++
	case atom.Pre, atom.Listing:
		r.b.end(true)
		r.pre++
	case atom.A:
		r.closeLink()
		r.link = safeLink(attr["href"])
	case atom.Br:
		if r.b.open {
			r.b.end(false)
		} else {
			r.b.gap = true
		}
	case atom.Hr:
		r.b.end(true)
		r.b.push(Block{Kind: Rule, Quote: min(r.quote, maxDepth)})
		r.b.gap = true
	case atom.P, atom.Table, atom.Dl, atom.Figure:
		r.b.end(true)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.b.end(true)
		r.heading++
	case atom.Blockquote:
		r.b.end(true)
		r.quote++
	case atom.Ul, atom.Ol:
		r.b.end(len(r.lists) == 0)
		n, err := strconv.Atoi(attr["start"])
		if err != nil || n < 0 || n > 1e6 {
			n = 1
		}
		r.lists = append(r.lists, list{a == atom.Ol, n})
	case atom.Li:
		r.b.end(false)
		r.marker = r.nextMarker()
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Tr, atom.Caption,
		atom.Dt, atom.Dd, atom.Center, atom.Form, atom.Fieldset, atom.Figcaption, atom.Nav, atom.Aside, atom.Details, atom.Summary:
		r.b.end(false)
	case atom.Td:
		r.cell(a)
	case atom.Img:
		r.picture(attr)
	case atom.Input, atom.Button:
		r.say(" ")
	}
}

func (r *htmlReader) endTag(a atom.Atom) {
	if r.skip > 0 {
		if a == r.skipped {
			r.skip--
		}
		return
	}
	less := func(n *int) {
		if *n > 0 {
			*n--
		}
	}
	switch a {
	case atom.B, atom.Strong, atom.Th:
		less(&r.bold)
	case atom.I, atom.Em, atom.Cite, atom.Address:
		less(&r.italic)
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		less(&r.mono)
	case atom.Pre, atom.Listing:
		r.b.end(true)
		less(&r.pre)
	case atom.A:
		r.closeLink()
	case atom.P, atom.Table, atom.Dl, atom.Figure:
		r.b.end(true)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.b.end(false)
		less(&r.heading)
	case atom.Blockquote:
		r.b.end(true)
		less(&r.quote)
	case atom.Ul, atom.Ol:
		r.b.end(len(r.lists) <= 1)
		if n := len(r.lists); n > 0 {
			r.lists = r.lists[:n-1]
		}
	case atom.Li, atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Tr, atom.Caption,
		atom.Dt, atom.Dd, atom.Center, atom.Form, atom.Fieldset, atom.Figcaption, atom.Nav, atom.Aside, atom.Details, atom.Summary:
		r.b.end(false)
	}
}

// cell keeps the cells of a table's row apart on their line.
func (r *htmlReader) cell(a atom.Atom) {
	if (a == atom.Td || a == atom.Th) && r.b.open {
		r.b.text(Run{}, "   ")
		r.b.space = false
	}
}

func (r *htmlReader) nextMarker() string {
	n := len(r.lists)
	if n == 0 || !r.lists[n-1].ordered {
		return "•"
	}
	l := &r.lists[n-1]
	l.n++
	return strconv.Itoa(l.n-1) + "."
}

func (r *htmlReader) picture(attr map[string]string) {
	if attr["width"] == "1" || attr["height"] == "1" || attr["width"] == "0" {
		return // a beacon
	}
	r.b.body.Pictures++
	if alt := OneLine(attr["alt"], 120); alt != "" && r.link == "" {
		r.begin()
		r.b.text(Run{Faint: true}, "["+alt+"]")
	} else if alt != "" {
		r.say(alt)
	}
}

func (r *htmlReader) style() Run {
	return Run{Bold: r.bold > 0, Italic: r.italic > 0, Mono: r.mono > 0, Link: r.link}
}

// begin makes the block under way what it is, before its first run.
func (r *htmlReader) begin() {
	if r.b.open {
		return
	}
	c := &r.b.cur
	c.Quote = min(r.quote, maxDepth)
	c.Indent = min(len(r.lists), maxDepth)
	switch {
	case r.pre > 0:
		c.Kind = Fixed
	case r.heading > 0:
		c.Kind = Heading
	}
	c.Marker, r.marker = r.marker, ""
	r.b.space = false
}

// words adds text between tags.
func (r *htmlReader) words(s string) {
	s = printable(s)
	if r.pre > 0 {
		first := true
		for line := range strings.SplitSeq(s, "\n") {
			if !first {
				if !r.b.open {
					r.b.gap = true
				}
				r.b.end(false)
			}
			first = false
			if line != "" {
				r.begin()
				r.b.text(r.style(), strings.ReplaceAll(line, "\t", "    "))
			}
		}
		return
	}
	r.say(s)
}

// say adds text with its white space folded (the no-break space stays).
func (r *htmlReader) say(s string) {
	for s != "" {
		i := strings.IndexAny(s, " \t\n\f\r")
		if i == 0 {
			r.b.space = r.b.open
			s = strings.TrimLeft(s, " \t\n\f\r")
			continue
		}
		word := s
		if i > 0 {
			word, s = s[:i], s[i:]
		} else {
			s = ""
		}
		if !r.b.open && strings.Trim(word, "\u00a0") == "" {
			continue
		}
		r.begin()
		if r.b.space {
			if r.link != "" && r.linkText.Len() == 0 {
				r.b.text(Run{}, " ") // the space before a link is not part of it
			} else {
				word = " " + word
			}
			r.b.space = false
		}
		if r.link != "" {
			r.linkText.WriteString(word)
		}
		r.b.text(r.style(), word)
	}
}

// closeLink ends a link, and says where it leads if its text says otherwise.
func (r *htmlReader) closeLink() {
	if r.link != "" {
		if h := honest(r.linkText.String(), r.link); h != "" && r.b.open {
			r.b.text(Run{Faint: true}, h)
		}
	}
	r.link = ""
	r.linkText.Reset()
}

// canHide: elements that are closed reliably, so that hiding one can't swallow
// the rest of the message.
func canHide(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Span, atom.Table, atom.Td, atom.Tr, atom.Font, atom.Section, atom.A:
		return true
	}
	return false
}

func hidden(attr map[string]string) bool {
	if _, ok := attr["hidden"]; ok {
		return true
	}
	style := strings.ToLower(strings.Join(strings.Fields(attr["style"]), ""))
	for decl := range strings.SplitSeq(style, ";") {
		switch strings.TrimSuffix(decl, "!important") {
		case "display:none", "visibility:hidden", "mso-hide:all", "font-size:0", "font-size:0px", "max-height:0", "max-height:0px", "opacity:0":
			return true
		}
	}
	return false
}
