package message

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// decoder turns header values into clean text. fallback is the charset in
// which raw 8-bit bytes are read that are not UTF-8: that of the body, if it
// names one.
type decoder struct {
	fallback string
}

// text decodes encoded words and raw bytes and takes out what must not be
// shown.
func (d decoder) text(v string) string {
	if plain(v) {
		return cut(v, maxText)
	}
	v = d.utf8(cut(v, 4*maxText)) // an encoded word takes up to 4 times the room
	if strings.Contains(v, "=?") {
		v = d.words(v)
	}
	return cut(clean(v), maxText)
}

// plain reports whether v is printable ASCII that needs no decoding and no
// cleaning.
func plain(v string) bool {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c < ' ' || c > '~' || c == '=' && i+1 < len(v) && v[i+1] == '?' || c == ' ' && (i == 0 || i == len(v)-1 || v[i+1] == ' ') {
			return false
		}
	}
	return true
}

// words decodes encoded words (RFC 2047). One whose charset is unknown or
// whose coding is broken stays as it is; the others are decoded all the same.
func (d decoder) words(v string) string {
	dec := mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
		if i := strings.IndexByte(name, '*'); i >= 0 { // a language, RFC 2231 section 5
			name = name[:i]
		}
		if name == "utf-7" {
			b, err := io.ReadAll(r)
			return strings.NewReader(utf7(string(b))), err
		}
		r, err := charset.Reader(name, r)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(r) // a word is short; mime's copying is not
		return bytes.NewReader(b), err
	}}
	if out, err := dec.DecodeHeader(v); err == nil {
		return d.utf8(out)
	}
	var b strings.Builder
	between := false // only blanks since the last decoded word
	for v != "" {
		i := strings.Index(v, "=?")
		end := wordEnd(v, i)
		if end < 0 {
			b.WriteString(v)
			break
		}
		gap, word := v[:i], v[i:end]
		if !between || strings.Trim(gap, " \t") != "" {
			b.WriteString(gap)
		}
		out, err := dec.Decode(word)
		if err != nil {
			out = word
			if between {
				b.WriteString(gap)
			}
		}
		between = err == nil
		b.WriteString(out)
		v = v[end:]
	}
	return d.utf8(b.String())
}

// wordEnd is the end of the encoded word that begins at s[i:], -1 if there is
// none. Words may be far longer than the standard's 75 characters, but not
// without bounds: the search is made again for every "=?".
func wordEnd(s string, i int) int {
	if i < 0 {
		return -1
	}
	p := i + 2
	for range 2 { // charset?encoding?
		j := strings.IndexByte(s[p:min(p+80, len(s))], '?')
		if j < 0 {
			return -1
		}
		p += j + 1
	}
	j := strings.Index(s[p:min(p+2000, len(s))], "?=")
	if j < 0 {
		return -1
	}
	return p + j + 2
}

// utf8 reads bytes that are not UTF-8 in the fallback charset, or in
// windows-1252, in which no byte is wrong.
func (d decoder) utf8(v string) string {
	if utf8.ValidString(v) {
		return v
	}
	if d.fallback != "" {
		if out, ok := convert(d.fallback, v); ok {
			return out
		}
	}
	if out, ok := convert("windows-1252", v); ok {
		return out
	}
	return strings.ToValidUTF8(v, "\uFFFD")
}

// convert reads v in the named charset; ok is false if that is not known or
// does not fit.
func convert(name, v string) (string, bool) {
	r, err := charset.Reader(name, strings.NewReader(v))
	if err != nil {
		return "", false
	}
	out, err := io.ReadAll(r)
	if err != nil || !utf8.Valid(out) {
		return "", false
	}
	return string(out), true
}

// charsetOf is the charset parameter of a Content-Type, "" for those that say
// nothing about raw bytes.
func charsetOf(contentType string) string {
	_, v, ok := strings.Cut(strings.ToLower(contentType), "charset=")
	if !ok {
		return ""
	}
	v = strings.TrimLeft(v, `"' `)
	if j := strings.IndexAny(v, "\"'; \t"); j >= 0 {
		v = v[:j]
	}
	if v == "utf-8" || v == "us-ascii" || !token(v) {
		return ""
	}
	return v
}

// hidden reports characters that are not seen but change how a text is laid out
// or what it is equal to: bidirectional controls, with which a name can be made
// to read as another one, marks without width, and tags. The joiners U+200C and
// U+200D stay: Persian and emoji are written with them.
func hidden(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r == 0x061C, r == 0x180E, r == 0x200B, r == 0x200E, r == 0x200F, r == 0xFEFF:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F, r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return false
}

// clean makes one line of v: no control characters, no hidden ones, no
// runs of blanks, none at the ends.
func clean(v string) string {
	var b strings.Builder
	b.Grow(len(v))
	blank := false
	for _, r := range v {
		switch {
		case r == 0 || hidden(r):
			continue
		case r < ' ' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == ' ' || r == 0x2028 || r == 0x2029:
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}

// cut shortens v to at most n bytes, at the start of a character.
func cut(v string, n int) string {
	if len(v) <= n {
		return v
	}
	for n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}
