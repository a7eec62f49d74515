package story

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// part is a MIME entity: header fields and an encoded body.
type part struct {
	head [][2]string
	body []byte
}

func (p part) bytes() []byte {
	var b bytes.Buffer
	for _, f := range p.head {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
	}
	b.WriteString("\r\n")
	b.Write(p.body)
	return b.Bytes()
}

// multipart puts parts together; params follow the boundary ("; type=..."). A
// single part of a mixed one stays alone.
func multipart(kind, boundary, params string, parts ...part) part {
	if len(parts) == 1 && kind == "mixed" {
		return parts[0]
	}
	var b bytes.Buffer
	if kind == "mixed" {
		b.WriteString("This is a message with several parts.\r\n\r\n")
	}
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n", boundary, p.bytes())
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return part{[][2]string{{"Content-Type", fmt.Sprintf("multipart/%s;\r\n boundary=\"%s\"%s", kind, boundary, params)}}, b.Bytes()}
}

// charset is a charset and how text in it travels.
type charset struct {
	name     string
	transfer string // qp, base64, 8bit or 7bit
}

// charsetOf reads NAME/ENCODING; without one, ASCII text is sent as such and
// any other as UTF-8 in quoted-printable, as most programs do.
func charsetOf(option, text string) charset {
	name, transfer, ok := strings.Cut(option, "/")
	switch {
	case ok:
		return charset{name, transfer}
	case isASCII(text):
		return charset{"us-ascii", "7bit"}
	}
	return charset{"utf-8", "qp"}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// encode returns text in the charset; ok is false where it has no such letters.
func (c charset) encode(text string) (b []byte, ok bool) {
	switch c.name {
	case "us-ascii":
		return []byte(text), isASCII(text)
	case "utf-8":
		return []byte(text), true
	}
	name := c.name
	if name == "iso-8859-1" {
		name = "windows-1252" // the same where both have letters; the index knows only this one
		if strings.ContainsAny(text, "–—‘’“”„…€•") {
			return nil, false
		}
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, false
	}
	b, err = enc.NewEncoder().Bytes([]byte(text))
	return b, err == nil
}

// orUTF8 is c, or UTF-8 where text can't be written in c: what mail programs do
// when somebody quotes a foreign text.
func (c charset) orUTF8(text string) charset {
	if _, ok := c.encode(text); ok {
		return c
	}
	if c.transfer == "7bit" {
		c.transfer = "base64"
	}
	return charset{"utf-8", c.transfer}
}

// textPart is a text of a kind (plain, html) ready to travel.
func textPart(kind, text string, c charset) part {
	c = c.orUTF8(text)
	if c.transfer == "7bit" || c.transfer == "8bit" {
		text = wrap(text, 76)
	}
	raw, _ := c.encode(strings.ReplaceAll(strings.TrimRight(text, "\n")+"\n", "\n", "\r\n"))
	name := map[string]string{"qp": "quoted-printable"}[c.transfer]
	if name == "" {
		name = c.transfer
	}
	return part{[][2]string{
		{"Content-Type", fmt.Sprintf("text/%s; charset=%s", kind, c.name)},
		{"Content-Transfer-Encoding", name},
	}, transfer(raw, c.transfer)}
}

func transfer(raw []byte, how string) []byte {
	var b bytes.Buffer
	switch how {
	case "qp":
		w := quotedprintable.NewWriter(&b)
		w.Write(raw)
		w.Close()
		if !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
			b.WriteString("\r\n")
		}
	case "base64":
		text := base64.StdEncoding.EncodeToString(raw)
		for len(text) > 76 {
			b.WriteString(text[:76] + "\r\n")
			text = text[76:]
		}
		b.WriteString(text + "\r\n")
	default:
		b.Write(raw)
	}
	return b.Bytes()
}

// filePart is an attachment, or an inline picture.
func filePart(f File) part {
	disposition, typeName := "attachment", f.Name
	if f.cid != "" {
		disposition = "inline"
	}
	if !isASCII(f.Name) { // as Outlook does: RFC 2047 in the one, RFC 2231 in the other
		typeName = mime.BEncoding.Encode("utf-8", f.Name)
	}
	head := [][2]string{
		{"Content-Type", fmt.Sprintf("%s; name=%q", f.Type, typeName)},
		{"Content-Transfer-Encoding", "base64"},
		{"Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": f.Name})},
	}
	if f.cid != "" {
		head = append(head, [2]string{"Content-ID", "<" + f.cid + ">"})
	}
	return part{head, transfer(f.Data, "base64")}
}

// word writes header text, as encoded words (RFC 2047) of a charset where it is
// not plain ASCII. Each word begins and ends in ASCII state and holds whole
// letters, also in ISO-2022-JP.
func word(text string, c charset) string {
	if isASCII(text) {
		return fold(text)
	}
	if c = c.orUTF8(text); c.name == "us-ascii" {
		c.name = "utf-8"
	}
	var words []string
	flush := func(chunk string) {
		raw, _ := c.encode(chunk)
		if c.transfer == "qp" || c.transfer == "8bit" {
			words = append(words, "=?"+c.name+"?Q?"+quoteWord(raw)+"?=")
		} else {
			words = append(words, "=?"+c.name+"?B?"+base64.StdEncoding.EncodeToString(raw)+"?=")
		}
	}
	limit := 42 // bytes of a word in base64
	if c.transfer == "qp" || c.transfer == "8bit" {
		limit = 18 // each may become three
	}
	chunk := ""
	for _, r := range text {
		if raw, _ := c.encode(chunk + string(r)); len(raw) > limit {
			flush(chunk)
			chunk = ""
		}
		chunk += string(r)
	}
	flush(chunk)
	return strings.Join(words, "\r\n ")
}

// quoteWord is the Q encoding in its strict form, good for names as well.
func quoteWord(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		switch {
		case c == ' ':
			b.WriteByte('_')
		case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// fold breaks a long header line at spaces.
func fold(text string) string { return strings.ReplaceAll(wrap(text, 72), "\n", "\r\n ") }

// wrap breaks lines at spaces; words longer than a line stay whole.
func wrap(text string, width int) string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		n := 0
		for j, w := range strings.Split(line, " ") {
			length := utf8.RuneCountInString(w)
			switch {
			case j == 0:
			case n+1+length > width:
				b.WriteByte('\n')
				n = 0
			default:
				b.WriteByte(' ')
				n++
			}
			b.WriteString(w)
			n += length
		}
	}
	return b.String()
}

// address writes a mailbox as a header has it.
func address(p *Person, c charset) string {
	name := p.Name
	switch {
	case name == "":
		return p.Addr
	case !isASCII(name):
		name = word(name, c)
	case strings.ContainsAny(name, `()<>[]:;@\,."`):
		name = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name + " <" + p.Addr + ">"
}

func addresses(list []*Person, c charset) string {
	var out []string
	for _, p := range list {
		out = append(out, address(p, c))
	}
	return strings.Join(out, ",\r\n ")
}
