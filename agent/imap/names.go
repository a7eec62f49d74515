package imap

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// shifts is the base64 of modified UTF-7 (RFC 3501 section 5.1.3).
var shifts = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// decodeName reads a folder's name in modified UTF-7, which goodName has looked
// at.
func decodeName(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		plain, rest, ok := strings.Cut(s, "&")
		b.WriteString(plain)
		if !ok {
			return b.String()
		}
		shifted, after, _ := strings.Cut(rest, "-")
		s = after
		if shifted == "" {
			b.WriteByte('&')
			continue
		}
		raw, _ := shifts.DecodeString(shifted)
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		b.WriteString(string(utf16.Decode(units)))
	}
}

// encodeName writes a folder's name in modified UTF-7.
func encodeName(s string) string {
	var b strings.Builder
	var units []uint16
	flush := func() {
		if len(units) == 0 {
			return
		}
		raw := make([]byte, 0, 2*len(units))
		for _, u := range units {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + shifts.EncodeToString(raw) + "-")
		units = units[:0]
	}
	for _, r := range s {
		switch {
		case r == '&':
			flush()
			b.WriteString("&-")
		case r >= ' ' && r <= '~':
			flush()
			b.WriteRune(r)
		default:
			units = utf16.AppendRune(units, r)
		}
	}
	flush()
	return b.String()
}

// mailboxArg is a folder's name as an argument of a command. Encoded it is
// printable ASCII, so that it can always be quoted.
func mailboxArg(name string) string { return quote(encodeName(canonical(name))) }

// canonical gives the INBOX its one spelling (RFC 3501 section 5.1).
func canonical(name string) string {
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return name
}
