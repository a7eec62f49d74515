package message

import (
	"strings"

	"postrider/offline"
)

// addresses reads an address list (RFC 5322 section 3.4 with its obsolete
// forms) the way people write it: the members of groups without the group's
// name, names after the address as a comment, semicolons for commas, missing
// quotes. What has no address but a name keeps the name.
func (d decoder) addresses(v string) []offline.Address {
	if v == "" {
		return nil
	}
	if list, ok := simpleList(v); ok {
		return list
	}
	p := addrParser{d: d, s: d.utf8(v)}
	p.run()
	return p.out
}

// simpleList reads a list in which every address is simple, or is after a quoted
// name with nothing special in it.
func simpleList(v string) ([]offline.Address, bool) {
	n := 1 + strings.Count(v, ",")
	if n > 50 {
		return nil, false
	}
	list := make([]offline.Address, 0, n)
	for v != "" {
		end, at, name := 0, 0, ""
		if v[0] == '"' {
			end = strings.IndexByte(v[1:], '"') + 1
			if end < 2 || end+2 >= len(v) || v[end+1] != ' ' || v[end+2] != '<' {
				return nil, false
			}
			if name = v[1:end]; !plain(name) || strings.ContainsAny(name, `\'`) {
				return nil, false
			}
			at = end + 2
		}
		next := ""
		if end = strings.IndexByte(v[at:], ','); end >= 0 {
			v, next = v[:at+end], strings.TrimLeft(v[at+end+1:], " ")
		}
		a, ok := simple(v[at:])
		if !ok {
			return nil, false
		}
		if name != "" {
			a.Name = cut(name, maxText)
		}
		list = append(list, a)
		v = next
	}
	return list, true
}

// simple reads the one form that most fields have: "Name <local@domain>" or
// "local@domain", in printable ASCII with nothing special in it.
func simple(v string) (offline.Address, bool) {
	at, open := -1, -1
	if len(v) > maxMessageID || strings.HasPrefix(v, "'") {
		return offline.Address{}, false
	}
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c < ' ' || c > '~':
			return offline.Address{}, false
		case c == '@':
			if at >= 0 {
				return offline.Address{}, false
			}
			at = i
		case c == '<':
			if open >= 0 || at >= 0 {
				return offline.Address{}, false
			}
			open = i
		case c == '>':
			if i != len(v)-1 || open < 0 {
				return offline.Address{}, false
			}
		case c == ' ':
			if i == 0 || i == len(v)-1 || v[i+1] == ' ' || open < 0 && at >= 0 || open >= 0 {
				return offline.Address{}, false
			}
		case c == '"' || c == '(' || c == ')' || c == ',' || c == ';' || c == ':' || c == '\\' || c == '?' || c == '[':
			return offline.Address{}, false
		}
	}
	switch {
	case at < 0:
		return offline.Address{}, false
	case open < 0:
		if at == 0 || at == len(v)-1 || strings.IndexByte(v, ' ') >= 0 {
			return offline.Address{}, false
		}
		return offline.Address{Addr: v}, true
	case v[len(v)-1] != '>' || at <= open+1 || at == len(v)-2:
		return offline.Address{}, false
	}
	name := strings.TrimRight(v[:open], " ")
	return offline.Address{Name: cut(name, maxText), Addr: v[open+1 : len(v)-1]}, true
}

// addrParser goes through a list once, from left to right.
type addrParser struct {
	d   decoder
	s   string
	pos int
	out []offline.Address

	words   []word // of the element at hand, or behind its <>
	name    []word // what stood before <>
	angle   string // what was in <>
	isAngle bool
	comment string
	// What is never closed means nothing from there on; it is looked for once.
	openComment, openQuote bool
}

// maxWords bounds the words of one element.
const maxWords = 500

// word is a run of a phrase: an atom, a quoted string or an encoded word.
type word struct {
	text   string
	quoted bool
	glued  bool // no blank before it
}

func (p *addrParser) run() {
	glued := true
	for p.pos < len(p.s) && len(p.out) < maxAddresses {
		c := p.s[p.pos]
		switch c {
		case ' ', '\t', '\r', '\n', 0:
			p.pos++
			glued = false
			continue
		case ',', ';':
			p.pos++
			p.finish()
		case ':':
			p.pos++
			if p.isAngle || p.hasAt() { // a stray colon, not a group
				p.push(word{text: ":", glued: true})
			} else {
				p.words, p.comment = nil, ""
			}
		case '"':
			p.push(word{text: p.quoted(), quoted: true, glued: glued})
		case '(':
			if c := p.parens(); c != "" {
				p.comment = c
			}
			glued = false
			continue
		case '<':
			p.open()
		case '>', ')':
			p.pos++
		default:
			p.push(word{text: p.atom(), glued: glued})
		}
		glued = true
	}
	p.finish()
}

func (p *addrParser) push(w word) {
	if len(p.words) < maxWords {
		p.words = append(p.words, w)
	}
}

// hasAt reports whether the element at hand bears an address already.
func (p *addrParser) hasAt() bool {
	for _, w := range p.words {
		if !w.quoted && strings.IndexByte(w.text, '@') >= 0 {
			return true
		}
	}
	return false
}

// open reads <...>. A second one in the same element (a forgotten comma)
// begins a new element.
func (p *addrParser) open() {
	if p.isAngle {
		words := p.words
		p.words = nil
		p.finish()
		p.words = words
	}
	p.name, p.words = p.words, nil
	end := strings.IndexByte(p.s[p.pos:], '>')
	if end < 0 {
		p.angle, p.isAngle = p.s[p.pos+1:], true
		p.pos = len(p.s)
		return
	}
	p.angle, p.isAngle = p.s[p.pos+1:p.pos+end], true
	p.pos += end + 1
}

// quoted reads a quoted string; a quote that is never closed is passed over.
func (p *addrParser) quoted() string {
	if p.openQuote {
		p.pos++
		return ""
	}
	var b strings.Builder
	for i := p.pos + 1; i < len(p.s); i++ {
		switch c := p.s[i]; c {
		case '\\':
			if i+1 < len(p.s) {
				i++
				b.WriteByte(p.s[i])
			}
		case '"':
			p.pos = i + 1
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	p.pos++ // a stray quote: read on behind it
	p.openQuote = true
	return ""
}

// parens reads a comment with the comments in it.
func (p *addrParser) parens() string {
	if p.openComment {
		p.pos++
		return ""
	}
	depth := 0
	var b strings.Builder
	for i := p.pos; i < len(p.s); i++ {
		switch c := p.s[i]; c {
		case '\\':
			if i+1 < len(p.s) {
				i++
				b.WriteByte(p.s[i])
			}
		case '(':
			if depth++; depth > 1 {
				b.WriteByte(c)
			}
		case ')':
			if depth--; depth == 0 {
				p.pos = i + 1
				return b.String()
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	p.pos++ // a stray parenthesis
	p.openComment = true
	return ""
}

// atom reads up to the next special character. An encoded word is taken whole,
// even if it has commas or blanks in it, which it should not have.
func (p *addrParser) atom() string {
	start := p.pos
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		if c == '=' && strings.HasPrefix(p.s[p.pos:], "=?") {
			if end := wordEnd(p.s, p.pos); end > 0 {
				p.pos = end
				continue
			}
		}
		if c == '[' { // a domain literal, which may have colons in it
			if end := strings.IndexByte(cut(p.s[p.pos:], 80), ']'); end > 0 {
				p.pos += end + 1
				continue
			}
		}
		if strings.IndexByte(" \t\r\n\x00,;:\"()<>", c) >= 0 {
			break
		}
		p.pos++
	}
	if p.pos == start {
		p.pos++
	}
	return p.s[start:p.pos]
}

// finish makes an address of the element at hand.
func (p *addrParser) finish() {
	words, name, angle, isAngle, comment := p.words, p.name, p.angle, p.isAngle, p.comment
	p.words, p.name, p.angle, p.isAngle, p.comment = nil, nil, "", false, ""
	a := offline.Address{}
	if isAngle {
		a.Addr = bare(angle)
		if len(name) == 0 {
			name = words
		}
		a.Name = p.d.phrase(name)
	} else {
		a.Addr, words = loose(words)
		a.Name = p.d.phrase(words)
	}
	if a.Name == "" && comment != "" {
		a.Name = p.d.text(comment)
	}
	if a.Name == "" && a.Addr == "" {
		return
	}
	p.out = append(p.out, a)
}

// loose finds the address in an element without <>: the words around its @.
func loose(words []word) (addr string, rest []word) {
	at := -1
	for i, w := range words {
		if !w.quoted && strings.IndexByte(w.text, '@') >= 0 {
			at = i
			break
		}
	}
	if at < 0 {
		if len(words) == 1 && !words[0].quoted && !strings.Contains(words[0].text, "=?") {
			return bare(words[0].text), nil // "root", on old systems
		}
		return "", words
	}
	lo, hi := at, at+1
	w := words[at].text
	if strings.HasPrefix(w, "@") && lo > 0 {
		lo-- // "local @domain", and a quoted local part
	}
	if strings.HasSuffix(w, "@") && hi < len(words) {
		hi++
	}
	var b strings.Builder
	for _, w := range words[lo:hi] {
		if w.quoted {
			b.WriteString(`"` + w.text + `"`)
		} else {
			b.WriteString(w.text)
		}
	}
	rest = append(rest, words[:lo]...)
	return bare(b.String()), append(rest, words[hi:]...)
}

// bare cleans what stood in <>: no blanks, no source route, no "mailto:".
func bare(v string) string {
	v = strings.TrimSpace(v)
	if len(v) > 7 && strings.EqualFold(v[:7], "mailto:") {
		v = v[7:]
	}
	if strings.HasPrefix(v, "@") { // a route: "@a,@b:local@domain"
		if i := strings.IndexByte(v, ':'); i >= 0 {
			v = v[i+1:]
		}
	}
	// Marks around an address come from copying it; within one they make it look
	// like another, so it must not become equal to that.
	unseen := func(r rune) bool { return hidden(r) || r == 0x200C || r == 0x200D }
	v = strings.TrimFunc(v, unseen)
	v = strings.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '<' || r == '>':
			return -1
		case unseen(r):
			return 0xFFFD
		}
		return r
	}, v)
	if len(v) > maxMessageID {
		return ""
	}
	return v
}

// phrase makes a display name of words.
func (d decoder) phrase(words []word) string {
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !w.glued {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	v := strings.TrimSpace(b.String())
	if len(v) > 1 && v[0] == '\'' && v[len(v)-1] == '\'' {
		v = v[1 : len(v)-1] // Outlook's quotes around addresses
	}
	return d.text(v)
}
