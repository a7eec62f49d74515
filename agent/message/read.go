package message

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"postrider/offline"
)

// Content is what a message holds, made ready to be shown and stored.
type Content struct {
	Text        string // always filled where there is any text; made from HTML where there is nothing else
	HTML        string // as it came, not safe to show: see SafeHTML. Empty: the message has none
	Attachments []offline.Attachment
	Snippet     string   // first words of the text, at most 160 characters, without quotations
	Notes       []string // what was left out or could not be decoded, for people
}

// Read reads a whole message. The error is r's own, if it could not be read to
// its end; what was read up to there is returned with it.
func Read(r io.Reader, lim Limits) (Content, error) {
	lim = lim.withDefaults()
	lr := &io.LimitedReader{R: r, N: lim.Size}
	w := &walker{src: newSource(lr), lim: lim}
	w.part(kind{}, 0)
	err := w.src.broken()
	if lr.N <= 0 {
		w.note("the message is larger than %d bytes; the rest was left out", lim.Size)
	}
	c := w.content()
	if err != nil {
		return c, fmt.Errorf("read a message: %w", err)
	}
	return c, nil
}

// kind says in what a part lies.
type kind struct {
	multipart string // "alternative", "related", ...; empty: it is the message itself
	first     bool   // the first part of that
}

// walker goes through the parts in the order in which they come.
type walker struct {
	src   *source
	lim   Limits
	parts int
	left  int64 // bytes of attachments so far
	shown []block
	alt   int // multipart/alternatives that are open; their texts are one block
	out   []offline.Attachment
	notes []string
	said  map[string]bool
}

// block is one thing to be shown: a text, HTML, or both versions of the same.
type block struct{ text, html string }

// note notes once what was left out.
func (w *walker) note(format string, a ...any) {
	s := fmt.Sprintf(format, a...)
	if w.said[s] || len(w.notes) >= 50 {
		return
	}
	if w.said == nil {
		w.said = map[string]bool{}
	}
	w.said[s] = true
	w.notes = append(w.notes, s)
}

// part reads one part with everything in it, up to a boundary that is not its
// own.
func (w *walker) part(in kind, depth int) {
	head, cut := w.src.header(w.lim.Header)
	if cut {
		w.note("a header is larger than %d bytes; the rest was left out", w.lim.Header)
	}
	w.parts++
	p := newPart(head)
	if in.multipart == "digest" && p.fields["content-type"] == "" { // RFC 2046 section 5.1.5
		p.media = "message/rfc822"
	}
	w.sealed(p)
	switch {
	case w.parts > w.lim.Parts:
		if w.parts == w.lim.Parts+1 {
			w.note("there are more than %d parts; the rest was left out", w.lim.Parts)
		}
		w.src.skip()
	case strings.HasPrefix(p.media, "multipart/") && p.params["boundary"] != "":
		if depth >= w.lim.Depth {
			w.note("parts are nested deeper than %d levels; the inner ones were left out", w.lim.Depth)
			w.src.skip()
			return
		}
		w.multipart(p, depth)
	case p.isText(in) && !(in.multipart == "mixed" && p.named && !in.first):
		w.text(p)
	default:
		w.attachment(p)
	}
}

// multipart reads the parts of p: what comes before the first boundary and
// after the last one is for programs that don't know MIME.
func (w *walker) multipart(p *part, depth int) {
	level := len(w.src.open)
	w.src.open = append(w.src.open, p.params["boundary"])
	preamble := w.some(int64(w.lim.Text))
	if w.src.stop != level {
		w.src.open = w.src.open[:level]
		w.undivided(p, preamble, depth)
		return
	}
	in := kind{multipart: strings.TrimPrefix(p.media, "multipart/"), first: true}
	if in.multipart == "alternative" {
		if w.alt++; w.alt == 1 {
			w.shown = append(w.shown, block{})
		}
		defer func() { w.alt-- }()
	}
	for w.src.stop == level && !w.src.final {
		w.src.next()
		w.part(in, depth+1)
		in.first = false
	}
	mine := w.src.stop == level
	w.src.open = w.src.open[:level]
	if mine { // behind the closing boundary
		w.src.next()
		w.src.skip()
	}
}

// some reads at most max bytes of the part at hand and passes over the rest.
func (w *walker) some(max int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(w.src, max)) // the source keeps its error
	w.src.skip()
	return b
}

// undivided saves what is in a multipart whose boundary never came: parts that
// are encoded as a whole, which they must not be, or else text.
func (w *walker) undivided(p *part, body []byte, depth int) {
	if len(bytes.TrimSpace(body)) == 0 {
		return
	}
	encoding := p.head("content-transfer-encoding")
	r, known := decoded(encoding, bytes.NewReader(body))
	delete(p.fields, "content-transfer-encoding")
	switch encodingOf(encoding) {
	case "base64", "quotedprintable":
		if len(body) == w.lim.Text {
			w.note("a multipart that is encoded as a whole: cut after %d bytes", len(body))
		}
		outer := w.src
		w.src = newSource(r)
		w.multipart(p, depth+1)
		outer.err = cmp.Or(outer.err, w.src.broken())
		w.src = outer
		return
	}
	w.note("the parts of a multipart can't be told apart; they are shown as text")
	if !known {
		w.note("a text: the transfer encoding %q is not known; it is kept as it was sent", short(encoding))
	}
	p.media = "text/plain"
	w.show(p, body)
}

// sealed notes what nobody can read here.
func (w *walker) sealed(p *part) {
	switch {
	case p.media == "application/pkcs7-mime" || p.media == "application/x-pkcs7-mime":
		if strings.EqualFold(p.params["smime-type"], "signed-data") {
			w.note("the message is signed in a way that hides its text (S/MIME); it can be read in a mail program")
		} else {
			w.note("the message is encrypted (S/MIME); its text can't be read here")
		}
	case p.media == "multipart/encrypted":
		w.note("the message is encrypted; its text can't be read here")
	case p.media == "application/ms-tnef" || p.media == "application/vnd.ms-tnef":
		w.note("winmail.dat holds what Outlook put into a format of its own")
	}
}

// text reads a part that is to be shown.
func (w *walker) text(p *part) {
	if encodingOf(p.head("content-transfer-encoding")) != "base64" {
		w.show(p, w.bytes(p, int64(w.lim.Text), "a text"))
		return
	}
	most := int64(w.lim.Text)
	raw := w.some(2 * most) // of which line ends and padding are no content
	b, _ := io.ReadAll(io.LimitReader(&runs{a: alphabet{r: bytes.NewReader(raw)}}, most+1))
	if int64(len(b)) > most || int64(len(raw)) == 2*most {
		b = b[:min(int64(len(b)), most)]
		w.note("a text: cut after %d bytes", len(b))
	}
	if !utf8.Valid(b) && utf8.Valid(raw) && sentences(raw) && p.charset() != "utf-16" {
		w.note("a text says that it is base64 and is not; it is shown as it was sent")
		b = raw
	}
	w.show(p, b)
}

// sentences reports whether b has blanks within its lines, as base64 never has.
func sentences(b []byte) bool {
	n := 0
	for _, line := range bytes.Split(b[:min(len(b), 2000)], []byte("\n")) {
		n += bytes.Count(bytes.TrimSpace(line), []byte(" "))
	}
	return n >= 2
}

// show takes a text that was decoded.
func (w *walker) show(p *part, b []byte) {
	isHTML := p.media == "text/html"
	text, known := toUTF8(p.charset(), isHTML, b)
	if !known {
		w.note("the charset %q is not known; some characters may be wrong", short(p.charset()))
	}
	if strings.EqualFold(p.params["format"], "flowed") && p.media == "text/plain" {
		text = unflow(text, strings.EqualFold(p.params["delsp"], "yes"))
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	if w.alt == 0 || len(w.shown) == 0 {
		w.shown = append(w.shown, block{})
	}
	b1 := &w.shown[len(w.shown)-1]
	to := &b1.text
	if isHTML {
		to = &b1.html
	}
	if *to != "" {
		*to += "\n\n"
	}
	*to += text
}

// attachment reads a part that travels as a file.
func (w *walker) attachment(p *part) {
	a := offline.Attachment{Name: p.fileName(len(w.out) + 1), Type: p.media, ContentID: p.contentID()}
	if a.Type == "" {
		a.Type = "application/octet-stream"
	}
	switch {
	case w.lim.Each != nil:
		r, _ := decoded(p.head("content-transfer-encoding"), w.src)
		if err := w.lim.Each(len(w.out), a, r); err != nil && w.src.err == nil {
			w.src.err = err
		}
		w.src.skip()
	case w.lim.NamesOnly:
		w.src.skip()
	case w.lim.InMemory > 0:
		w.large(p, &a)
	default:
		a.Data = w.bytes(p, w.lim.Attachments-w.left, a.Name)
		w.left += int64(len(a.Data))
	}
	w.out = append(w.out, a)
}

// bytes reads and decodes a part, at most max bytes of it.
func (w *walker) bytes(p *part, max int64, what string) []byte {
	r, known := decoded(p.head("content-transfer-encoding"), w.src)
	if !known {
		w.note("%s: the transfer encoding %q is not known; it is kept as it was sent", what, short(p.head("content-transfer-encoding")))
	}
	b, _ := io.ReadAll(io.LimitReader(r, max+1)) // the source keeps its error
	if int64(len(b)) > max {
		b = b[:max]
		w.note("%s: cut after %d bytes", what, max)
	}
	w.src.skip()
	return b
}

// content puts together what was found.
func (w *walker) content() Content {
	c := Content{Attachments: w.out, Notes: w.notes}
	rich := slices.ContainsFunc(w.shown, func(b block) bool { return b.html != "" })
	var texts, htmls []string
	for _, b := range w.shown {
		if b.text == "" && b.html == "" {
			continue
		}
		if b.text == "" {
			b.text = HTMLToText(b.html)
		}
		if b.html == "" {
			b.html = PlainToHTML(b.text)
		}
		texts, htmls = append(texts, b.text), append(htmls, b.html)
	}
	c.Text = strings.Join(texts, "\n\n")
	if rich {
		c.HTML = strings.Join(htmls, "\n<hr>\n")
	}
	c.Snippet = snippet(c.Text)
	return c
}

// snippet is the first words of a text that the sender wrote.
func snippet(text string) string {
	const most = 160
	var b strings.Builder
	n := 0
	for _, line := range strings.Split(cut(text, 8000), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, ">") || line == "--" {
			continue
		}
		for _, word := range strings.Fields(clean(line)) {
			k := len([]rune(word))
			if n > 0 && n+1+k > most {
				return b.String()
			}
			if n > 0 {
				b.WriteByte(' ')
				n++
			}
			if n+k > most {
				word = string([]rune(word)[:most-n])
				k = most - n
			}
			b.WriteString(word)
			n += k
		}
	}
	return b.String()
}

// short is a value from a message, fit to be quoted in a note.
func short(s string) string { return cut(clean(strings.ToValidUTF8(s, "")), 40) }
