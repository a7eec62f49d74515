package message

import (
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decoded undoes a transfer encoding. It reports no broken coding: bytes that
// can't be are passed over (base64) or left as they are (quoted-printable).
// known is false for an encoding that has never been standard; the content is
// then as it was sent.
func decoded(encoding string, r io.Reader) (out io.Reader, known bool) {
	switch encodingOf(encoding) {
	case "", "7bit", "8bit", "binary":
		return r, true
	case "base64":
		return &runs{a: alphabet{r: r}}, true
	case "quotedprintable":
		return &quotedPrintable{r: r}, true
	}
	return r, false
}

// encodingOf is the name of an encoding however it was written.
func encodingOf(v string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ', r == '\t', r == '-', r == '_', r == '"':
			return -1
		}
		return '?'
	}, strings.ToLower(v))
}

// runs decodes base64 that may be several runs behind one another, each with its
// own padding: programs that add a footer to a message leave it like that.
type runs struct {
	a   alphabet
	dec io.Reader
}

func (b *runs) Read(p []byte) (int, error) {
	for {
		if b.dec == nil {
			b.dec = base64.NewDecoder(base64.RawStdEncoding, &b.a)
		}
		n, err := b.dec.Read(p)
		if err == nil || n > 0 {
			return n, nil
		}
		if !b.a.next() {
			return 0, io.EOF
		}
		b.dec = nil
	}
}

// alphabet lets through the characters of base64 only, up to the padding that
// ends a run, and ends at a quantum that can't be: with a single character left
// over, the decoder would fail.
type alphabet struct {
	r     io.Reader
	buf   [3000]byte
	in    []byte // read and not looked at yet
	keep  []byte // let through and not handed out yet
	n     int    // characters let through, of this run
	ended bool   // this run did
	over  bool   // the input is
}

// next goes on to the next run; false if there is none.
func (a *alphabet) next() bool {
	a.n, a.ended = 0, false
	return len(a.in) > 0 || !a.over
}

func (a *alphabet) Read(p []byte) (int, error) {
	for len(a.keep) == 0 && !a.ended {
		if len(a.in) == 0 && !a.over {
			n, err := a.r.Read(a.buf[:])
			a.in, a.over = a.buf[:n], err != nil
		}
		out := a.in[:0]
		for len(a.in) > 0 && !a.ended {
			c := a.in[0]
			a.in = a.in[1:]
			switch {
			case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
				out = append(out, c)
			case c == '=' && (a.n+len(out))%4 != 0:
				a.ended = true
			}
		}
		a.ended = a.ended || len(a.in) == 0 && a.over
		a.n += len(out)
		a.keep = out
		if a.ended && a.n%4 == 1 { // half a byte; complete it so that the rest is not lost
			a.keep = append(append([]byte(nil), out...), 'A')
		}
	}
	if len(a.keep) == 0 {
		return 0, io.EOF
	}
	n := copy(p, a.keep)
	a.keep = a.keep[n:]
	return n, nil
}

// quotedPrintable decodes RFC 2045 section 6.7 and leaves alone what is not it.
type quotedPrintable struct {
	r    io.Reader
	buf  [4096]byte
	in   []byte
	done bool
}

// fill makes sure of n bytes in q.in, if there are that many.
func (q *quotedPrintable) fill(n int) bool {
	for len(q.in) < n && !q.done {
		left := copy(q.buf[:], q.in)
		k, err := q.r.Read(q.buf[left:])
		q.in = q.buf[:left+k]
		q.done = err != nil
	}
	return len(q.in) >= n
}

func (q *quotedPrintable) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && q.fill(1) {
		c := q.in[0]
		if c != '=' {
			p[n] = c
			n++
			q.in = q.in[1:]
			continue
		}
		if skip := q.softBreak(); skip > 0 {
			q.in = q.in[skip:]
			continue
		}
		if q.fill(3) {
			hi, ok1 := unhex(q.in[1])
			lo, ok2 := unhex(q.in[2])
			if ok1 && ok2 {
				p[n] = hi<<4 | lo
				n++
				q.in = q.in[3:]
				continue
			}
		}
		p[n] = c
		n++
		q.in = q.in[1:]
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// softBreak is the length of "=", blanks and a line end at the front; 0 if that
// is not what stands there.
func (q *quotedPrintable) softBreak() int {
	for i := 1; i < 80; i++ {
		if !q.fill(i + 1) {
			if len(q.in) == i {
				return i // "=" at the very end
			}
			return 0
		}
		switch q.in[i] {
		case ' ', '\t':
		case '\n':
			return i + 1
		case '\r':
			if q.fill(i+2) && q.in[i+1] == '\n' {
				return i + 2
			}
			return i + 1
		default:
			return 0
		}
	}
	return 0
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// toUTF8 reads a text in the charset it names, or in what it looks like. known
// is false if the name means nothing here.
func toUTF8(name string, isHTML bool, b []byte) (text string, known bool) {
	known = true
	if name == "utf-7" || name == "unicode-1-1-utf-7" {
		return tidy(utf7(string(b))), true
	}
	if name != "" && name != "utf-8" && name != "us-ascii" {
		if out, ok := convert(name, string(b)); ok {
			return tidy(out), true
		}
		known = false
	}
	if utf8.Valid(b) {
		return tidy(string(b)), known
	}
	if name == "" && isHTML {
		if _, guess, _ := charset.DetermineEncoding(b[:min(len(b), 1024)], ""); guess != "utf-8" {
			if out, ok := convert(guess, string(b)); ok {
				return tidy(out), true
			}
		}
	}
	if name == "utf-8" && hasMultibyte(b) { // mostly right: keep what is
		return tidy(strings.ToValidUTF8(string(b), "\uFFFD")), true
	}
	return tidy(decoder{}.utf8(string(b))), known
}

// tidy gives a text line feeds for line ends and takes out control characters.
func tidy(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7F || r == 0xFEFF:
			return -1
		}
		return r
	}, s)
}

// hasMultibyte reports whether there is any character of more than one byte in
// b: text without one that is not ASCII either was never UTF-8.
func hasMultibyte(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if n > 1 && r != utf8.RuneError {
			return true
		}
		b = b[n:]
	}
	return false
}

// utf7 decodes RFC 2152, and leaves alone what is not it.
func utf7(v string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(v, '+')
		if i < 0 {
			b.WriteString(v)
			return b.String()
		}
		b.WriteString(v[:i])
		v = v[i+1:]
		end := strings.IndexFunc(v, func(r rune) bool {
			return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && r != '+' && r != '/'
		})
		if end < 0 {
			end = len(v)
		}
		run, rest := v[:end], v[end:]
		raw, err := base64.RawStdEncoding.DecodeString(run)
		switch {
		case run == "" && strings.HasPrefix(rest, "-"):
			b.WriteByte('+')
		case run == "" || err != nil:
			b.WriteString("+" + run)
			v = rest
			continue
		}
		units := make([]uint16, len(raw)/2)
		for k := range units {
			units[k] = uint16(raw[2*k])<<8 | uint16(raw[2*k+1])
		}
		b.WriteString(string(utf16.Decode(units)))
		v = strings.TrimPrefix(rest, "-")
	}
}
