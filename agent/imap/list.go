package imap

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// named handles LIST and STATUS responses: they go to the exchange that is under
// way. Without one, only STATUS was asked for.
func (w *wire) named(name string, line []byte) ([]byte, error) {
	line, err := w.inlined(line)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	x := w.x
	w.mu.Unlock()
	switch {
	case x != nil:
		if !x.told(string(bytes.TrimRight(line[2:], "\r\n"))) {
			return nil, w.fail(errors.New("the server lists folders without end"))
		}
		return nil, nil
	case name == "STATUS":
		return line, nil
	}
	return nil, nil
}

// inlined reads the literals of a response to its end and puts them into it,
// quoted.
func (w *wire) inlined(line []byte) ([]byte, error) {
	for {
		n, ok := literalAt(line)
		if !ok {
			return line, nil
		}
		if n > maxOtherLiteral || len(line) > maxLine {
			return nil, w.fail(errors.New("the server sent a folder name of more than 64 KiB"))
		}
		name := make([]byte, n)
		line = append([]byte(nil), line[:bytes.LastIndexByte(line, '{')]...)
		if _, err := io.ReadFull(w.br, name); err != nil {
			return nil, err
		}
		rest, err := w.br.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = append(append(line, quote(string(name))...), rest...)
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// listing is a LIST response.
type listing struct {
	attrs []string
	delim string // empty: there are no levels
	name  string // as it was sent
}

// readList reads `LIST (attributes) "/" name`.
func readList(line string) (l listing, ok bool) {
	word, s, _ := strings.Cut(line, " ")
	inside, s, closed := strings.Cut(s, ") ")
	if !strings.EqualFold(word, "LIST") || !closed || !strings.HasPrefix(inside, "(") {
		return l, false
	}
	l.attrs = strings.Fields(inside[1:])
	quoted := strings.HasPrefix(strings.TrimLeft(s, " "), `"`)
	l.delim, s, ok = astring(s)
	if !ok || !quoted && !strings.EqualFold(l.delim, "NIL") {
		return l, false
	}
	if !quoted {
		l.delim = ""
	}
	l.name, _, ok = astring(s)
	return l, ok
}

// has reports whether a folder has an attribute.
func (l *listing) has(attr string) bool {
	return slices.ContainsFunc(l.attrs, func(a string) bool { return strings.EqualFold(a, attr) })
}

// goodName reports whether name is proper modified UTF-7.
func goodName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c < ' ' || c > '~' {
			return false
		}
		if c != '&' {
			continue
		}
		end := strings.IndexByte(name[i:], '-')
		if end < 0 {
			return false
		}
		if end > 1 && !goodShift(name[i+1:i+end]) {
			return false
		}
		i += end
		if end > 1 && i+1 < len(name) && name[i+1] == '&' && !strings.HasPrefix(name[i+1:], "&-") {
			return false // two shifts in a row should have been one
		}
	}
	return true
}

// goodShift reports whether the inside of &...- is base64 of UTF-16 that had to
// be written so.
func goodShift(s string) bool {
	b, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(s, ",", "/"))
	if err != nil || len(b) == 0 || len(b)%2 != 0 {
		return false
	}
	for i := 0; i < len(b); i += 2 {
		r := rune(b[i])<<8 | rune(b[i+1])
		if utf16.IsSurrogate(r) {
			if i += 2; i >= len(b) {
				return false
			}
			if r = utf16.DecodeRune(r, rune(b[i])<<8|rune(b[i+1])); r == utf8.RuneError {
				return false
			}
		}
		if r >= ' ' && r <= '~' {
			return false
		}
	}
	return true
}
