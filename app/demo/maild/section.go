package maild

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

func reader(raw []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(raw)) }

// extract returns a BODY section. Sections of the message itself are cut from
// its bytes, so that one which no parser accepts is still given out as it is;
// sections of its parts are left to imapserver.
func extract(raw []byte, s *imap.FetchItemBodySection) []byte {
	if len(s.Part) > 0 || s.Specifier == imap.PartSpecifierMIME {
		return imapserver.ExtractBodySection(bytes.NewReader(raw), s)
	}
	head, body := split(raw)
	var out []byte
	switch {
	case s.Specifier == imap.PartSpecifierText:
		out = body
	case s.Specifier == imap.PartSpecifierHeader:
		out = filter(head, s.HeaderFields, s.HeaderFieldsNot)
	default:
		out = raw
	}
	return part(out, s.Partial)
}

// split cuts a message after the empty line that ends its header.
func split(raw []byte) (head, body []byte) {
	if bytes.HasPrefix(raw, []byte("\r\n")) {
		return raw[:2], raw[2:]
	}
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw, []byte(end)); i >= 0 {
			return raw[:i+len(end)], raw[i+len(end):]
		}
	}
	return raw, nil
}

// filter keeps the fields named in only (all, if empty) and not in not, with the
// empty line that ends them.
func filter(head []byte, only, not []string) []byte {
	if len(only) == 0 && len(not) == 0 {
		return head
	}
	named := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
	}
	var out []byte
	keep := false
	for line := range bytes.Lines(head) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			field := string(bytes.TrimSpace(name))
			keep = (len(only) == 0 || named(only, field)) && !named(not, field)
		}
		if keep {
			out = append(out, line...)
		}
	}
	return append(out, "\r\n"...)
}

// part cuts <offset.size> out of a section.
func part(b []byte, p *imap.SectionPartial) []byte {
	if p == nil {
		return b
	}
	if p.Offset < 0 || p.Offset >= int64(len(b)) {
		return nil
	}
	b = b[p.Offset:]
	if p.Size < int64(len(b)) {
		b = b[:max(p.Size, 0)]
	}
	return b
}
