package view

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Body is the text of a message made ready to be drawn: blocks of styled runs,
// nothing that could be run, loaded or sent. Addresses of links are kept; they are
// followed only when the user asks.
type Body struct {
	Blocks   []Block
	Pictures int  // left out
	Cut      bool // the message is longer than what is shown here
}

// Block is one paragraph.
type Block struct {
	Kind   BlockKind
	Quote  int    // depth of quotation; 0: the writer's own words
	Indent int    // depth of lists
	Marker string // of a list item: "•", "3."
	Gap    bool   // leave space before it
	Runs   []Run
}

// BlockKind is the kind of a paragraph.
type BlockKind int

// The kinds of block.
const (
	Para BlockKind = iota
	Heading
	Fixed // white space as it is, fixed pitch
	Rule  // a line across, no runs
)

// Run is text in one style.
type Run struct {
	Text               string
	Bold, Italic, Mono bool
	Faint              bool   // said by us, not by the writer
	Link               string // http, https or mailto; empty: none
}

// Bounds of a body, against messages made to choke a reader.
const (
	maxBlocks = 4000
	maxRunes  = 300_000
	maxDepth  = 6 // of quotes and lists that are told apart
)

// PlainText is the body as text, for the clipboard.
func (b Body) PlainText() string {
	var out strings.Builder
	for _, bl := range b.Blocks {
		if bl.Gap && out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(strings.Repeat("> ", bl.Quote))
		out.WriteString(strings.Repeat("  ", bl.Indent))
		if bl.Marker != "" {
			out.WriteString(bl.Marker + " ")
		}
		if bl.Kind == Rule {
			out.WriteString("--")
		}
		for _, r := range bl.Runs {
			out.WriteString(r.Text)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// safeLink returns the address that a link may have, "" where it may have none:
// the web and mail only, without a password in it.
func safeLink(href string) string {
	href = strings.TrimSpace(href)
	if len(href) > 2000 {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
		u.User = nil
		return u.String()
	case "mailto":
		return u.String()
	}
	return ""
}

// honest returns what to say beside a link whose text names another place than
// the one it leads to, "" where it does not.
func honest(text, link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return ""
	}
	said := hostIn(text)
	real := strings.ToLower(u.Hostname())
	if said == "" || said == real || strings.TrimPrefix(said, "www.") == strings.TrimPrefix(real, "www.") {
		return ""
	}
	return " [" + real + "]"
}

// hostIn finds a host name in a link's text: "https://bank.example/login", "bank.example".
func hostIn(text string) string {
	t := strings.ToLower(strings.TrimSpace(text))
	if strings.ContainsAny(t, " \t\n@") {
		return ""
	}
	if _, rest, ok := strings.Cut(t, "://"); ok {
		t = rest
	}
	t, _, _ = strings.Cut(t, "/")
	t, _, _ = strings.Cut(t, "?")
	t, _, _ = strings.Cut(t, ":")
	i := strings.LastIndexByte(t, '.')
	if i <= 0 || len(t)-i < 3 || strings.ContainsAny(t[i+1:], "0123456789") {
		return ""
	}
	return t
}

// builder collects runs into blocks; both readers, of HTML and of plain text, use it.
type builder struct {
	body  Body
	cur   Block
	open  bool // cur has text
	gap   bool // the next block wants space before it
	space bool // a space is due before the next word
	runes int
	full  bool

	style Run             // of the run under way
	buf   strings.Builder // its text
}

// text adds s as it is. Runs of the same style are joined.
func (b *builder) text(r Run, s string) {
	if b.full || s == "" {
		return
	}
	if n := utf8.RuneCountInString(s); b.runes+n > maxRunes {
		s = string([]rune(s)[:maxRunes-b.runes])
		b.full, b.body.Cut = true, true
	} else {
		b.runes += n
	}
	b.open = true
	if !sameStyle(b.style, r) {
		b.flush()
	}
	b.style = r
	b.buf.WriteString(s)
}

// flush ends the run under way.
func (b *builder) flush() {
	if b.buf.Len() > 0 {
		r := b.style
		r.Text = b.buf.String()
		b.cur.Runs = append(b.cur.Runs, r)
		b.buf.Reset()
	}
	b.style = Run{}
}

func sameStyle(a, b Run) bool {
	a.Text, b.Text = "", ""
	return a == b
}

// end closes the block under way; gap asks for space before the next one.
func (b *builder) end(gap bool) {
	b.flush()
	if b.open {
		trimEnd(&b.cur)
		if len(b.cur.Runs) > 0 || b.cur.Kind == Rule {
			b.push(b.cur)
		}
	}
	b.cur = Block{}
	b.open, b.space = false, false
	b.gap = b.gap || gap
}

func (b *builder) push(bl Block) {
	if len(b.body.Blocks) >= maxBlocks {
		b.full, b.body.Cut = true, true
		return
	}
	bl.Gap = b.gap && len(b.body.Blocks) > 0
	b.gap = false
	b.body.Blocks = append(b.body.Blocks, bl)
}

func trimEnd(bl *Block) {
	for n := len(bl.Runs); n > 0; n = len(bl.Runs) {
		last := &bl.Runs[n-1]
		if last.Text = strings.TrimRight(last.Text, " \t\u00a0\u3000"); last.Text != "" {
			return
		}
		bl.Runs = bl.Runs[:n-1]
	}
}

// printable leaves out of a text what would confuse or trick the eye; line ends
// and tabs stay.
func printable(s string) string {
	clean := true
	for _, r := range s {
		if r != '\n' && r != '\t' && !visible(r) {
			clean = false
			break
		}
	}
	if clean {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || visible(r) {
			return r
		}
		return -1
	}, s)
}
