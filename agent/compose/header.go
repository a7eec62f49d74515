package compose

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"postrider/offline"
)

const (
	foldAt  = 76  // characters of a line, where it can be broken (RFC 5322 section 2.1.1 wants 78)
	maxLine = 998 // bytes of a line at most
)

// header collects fields, folded.
type header struct{ b strings.Builder }

func (h *header) String() string { return h.b.String() }

// raw writes a value of ours that needs no folding.
func (h *header) raw(name, value string) { h.words(name, []string{value}) }

// words writes words with blanks between them, and breaks lines at the blanks.
func (h *header) words(name string, words []string) {
	h.b.WriteString(name + ":")
	at := len(name) + 1
	for i, w := range words {
		if i > 0 && at+1+len(w) > foldAt {
			h.b.WriteString("\r\n")
			at = 0
		}
		h.b.WriteString(" " + w)
		at += 1 + len(w)
	}
	h.b.WriteString("\r\n")
}

// text writes a field of free text (RFC 5322 section 2.2.1): as it is where that
// is safe, in encoded words (RFC 2047) otherwise.
func (h *header) text(name, value string) {
	value = cleanText(value)
	if value == "" {
		h.b.WriteString(name + ":\r\n")
		return
	}
	if isPlain(value) {
		h.words(name, strings.Split(value, " "))
		return
	}
	h.words(name, encodedWords(value, len(name)+2))
}

// isPlain reports whether a text can stand in a field as it is: ASCII, single
// blanks, words that fit a line, nothing that looks encoded.
func isPlain(s string) bool {
	if !isASCII(s) || strings.Contains(s, "=?") || strings.Contains(s, "  ") {
		return false
	}
	for w := range strings.SplitSeq(s, " ") {
		if len(w) > foldAt-2 {
			return false
		}
	}
	return true
}

// identities writes a list of Message-IDs; what is none is left out.
func (h *header) identities(name string, ids []string) {
	var words []string
	for _, id := range ids {
		if isIdentity(id) {
			words = append(words, id)
		}
	}
	if len(words) > 0 {
		h.words(name, words)
	}
}

// addresses writes an address list; an empty one is no field.
func (h *header) addresses(name string, list []offline.Address) error {
	var words []string
	for i, a := range list {
		ws, err := addressWords(a)
		if err != nil {
			return err
		}
		if i < len(list)-1 {
			ws[len(ws)-1] += ","
		}
		words = append(words, ws...)
	}
	if len(words) > 0 {
		h.words(name, words)
	}
	return nil
}

// encodedWords are the encoded words that s is written as; the first one finds
// used characters on its line. Those of a phrase may hold letters, digits and
// few others only (RFC 2047 section 5(3)), so all of ours do.
func encodedWords(s string, used int) []string {
	const prefix, suffix, most = "=?utf-8?", "?=", 75 // RFC 2047 section 2
	letter, size := "Q", qSize
	if b := (len(s) + 2) / 3 * 4; b < sizeOf(s, qSize) {
		letter, size = "B", nil
	}
	var words []string
	room := func() int { // characters for the encoded text of the next word
		n := most - len(prefix) - 2 - len(suffix)
		if len(words) == 0 {
			n = min(n, max(foldAt-used-len(prefix)-2-len(suffix), 16))
		}
		return n
	}
	for s != "" {
		end, n := 0, 0
		for end < len(s) {
			_, k := utf8.DecodeRuneInString(s[end:])
			add := k
			if size != nil {
				add = sizeOf(s[end:end+k], size)
				if n+add > room() {
					break
				}
			} else if (n+add+2)/3*4 > room() {
				break
			}
			n, end = n+add, end+k
		}
		words = append(words, prefix+letter+"?"+encode(letter, s[:end])+suffix)
		s = s[end:]
	}
	return words
}

func encode(letter, s string) string {
	if letter == "B" {
		return base64.StdEncoding.EncodeToString([]byte(s))
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case qSize(c) == 1:
			b.WriteByte(c)
		default:
			b.WriteString(string([]byte{'=', hex[c>>4], hex[c&15]}))
		}
	}
	return b.String()
}

// qSize is how many characters a byte takes in the Q encoding.
func qSize(c byte) int {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("!*+-/ ", c) >= 0:
		return 1
	}
	return 3
}

func sizeOf(s string, size func(byte) int) (n int) {
	for i := 0; i < len(s); i++ {
		n += size(s[i])
	}
	return n
}

// parameters writes a value with its parameters (RFC 2045 section 5.1): plain,
// quoted, or where they are not ASCII or long in pieces (RFC 2231).
func (h *header) parameters(name, value string, params [][2]string) {
	words := []string{value}
	for _, p := range params {
		for _, w := range parameter(p[0], p[1]) {
			words[len(words)-1] += ";"
			words = append(words, w)
		}
	}
	h.words(name, words)
}

func parameter(name, value string) []string {
	value = cleanText(value)
	if isASCII(value) && len(name)+len(value) < foldAt-10 {
		if isToken(value) {
			return []string{name + "=" + value}
		}
		return []string{name + "=" + quoted(value)}
	}
	var pieces []string
	piece := "utf-8''"
	for i := 0; i < len(value); {
		_, k := utf8.DecodeRuneInString(value[i:])
		enc := percent(value[i : i+k])
		if len(name)+8+len(piece)+len(enc) > foldAt-2 {
			pieces, piece = append(pieces, piece), ""
		}
		piece += enc
		i += k
	}
	pieces = append(pieces, piece)
	if len(pieces) == 1 {
		return []string{name + "*=" + piece}
	}
	for i := range pieces {
		pieces[i] = name + "*" + itoa(i) + "*=" + pieces[i]
	}
	return pieces
}

// percent is RFC 2231's encoding: everything but attribute characters.
func percent(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`{}~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteString(string([]byte{'%', hex[c>>4], hex[c&15]}))
	}
	return b.String()
}
