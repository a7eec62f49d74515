package dav

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// madeUp begins the ETags that we compute ourselves, for servers that give none.
// No server's can look so: theirs are in quotes.
const madeUp = "postrider-sha256:"

// etagOf is the ETag of a content without one.
func etagOf(raw []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))
	return madeUp + hex.EncodeToString(sum[:16])
}

// sameTag compares weakly (RFC 9110 section 8.8.3.2): a proxy that compresses
// makes a strong one weak, and some servers leave the quotes out.
func sameTag(a, b string) bool { return a != "" && opaque(a) == opaque(b) }

func opaque(tag string) string { return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`) }

// strong reports whether a tag may be used in If-Match.
func strong(tag string) bool { return strings.HasPrefix(tag, `"`) && len(tag) > 1 }

// crlf gives lines the endings that both formats want. XML turns them into plain
// line feeds on the way (XML 1.0 section 2.11), so that what is read from a
// report is not what the server stores until they are put back.
func crlf(s string) []byte {
	n := strings.Count(s, "\n")
	if n == 0 || strings.Contains(s, "\r\n") {
		return []byte(s)
	}
	b := make([]byte, 0, len(s)+n)
	for {
		line, rest, more := strings.Cut(s, "\n")
		b = append(b, line...)
		if !more {
			return b
		}
		b = append(b, "\r\n"...)
		s = rest
	}
}
