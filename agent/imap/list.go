package imap

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"postrider/agent/mailserver"
)

// list passes on a LIST response whose folder go-imap can read. It closes the
// connection at a name that is not modified UTF-7 (RFC 3501 section 5.1.3);
// such a folder could not be opened with it either and is left out.
func (w *wire) list(line []byte) ([]byte, error) {
	if n, ok := literalAt(line); ok {
		if n > maxOtherLiteral {
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
	if name, ok := listName(line); !ok || !goodName(name) {
		w.alert("the folder " + mailserver.Printable(name) + " has a name that can't be read; it is left out")
		return nil, nil
	}
	return line, nil
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// listName is the name in `* LIST (attributes) "/" name`, as it was sent.
func listName(line []byte) (string, bool) {
	s := string(bytes.TrimRight(line, "\r\n"))
	_, s, ok := strings.Cut(s, ") ")
	if !ok {
		return "", false
	}
	if strings.HasPrefix(s, `"`) { // the delimiter, which may be \"
		i := 2
		if strings.HasPrefix(s, `"\`) {
			i = 3
		}
		if len(s) <= i || s[i] != '"' {
			return "", false
		}
		s = s[i+1:]
	} else if len(s) > 3 && strings.EqualFold(s[:3], "NIL") {
		s = s[3:]
	} else {
		return "", false
	}
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, `"`) {
		name, _, _ := strings.Cut(s, " ")
		return name, name != ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
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
