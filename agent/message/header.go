package message

import (
	"strings"
	"time"

	"postrider/offline"
)

// Bounds of what Header keeps of one message.
const (
	maxHeader     = 256 << 10 // bytes of a header block that are looked at
	maxMessageID  = 320       // characters, as in R-EMAIL's Message-ID column
	maxReferences = 100       // Message-IDs
	maxAddresses  = 2000      // in one field
	maxText       = 4000      // bytes of a subject or a display name
	maxIndex      = 4096      // bytes of Thread-Index
)

// Fields are the header fields that Header looks at: what an IMAP client has
// to ask for.
func Fields() []string {
	return []string{
		"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date",
		"Message-ID", "In-Reply-To", "References", "Thread-Index",
		"Content-Type", "List-Id", "List-Post", "List-Unsubscribe", "Auto-Submitted", "Precedence",
		"Return-Path", "X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond",
	}
}

// field numbers the entries of a header that are kept.
type field int

const (
	fNone field = iota
	fFrom
	fSender
	fReplyTo
	fTo
	fCc
	fBcc
	fSubject
	fDate
	fMessageID
	fInReplyTo
	fReferences
	fThreadIndex
	fContentType
	fListID
	fAutoSubmitted
	fPrecedence
	fReturnPath
	fListPost
	fListUnsubscribe
	fSuppress
	fAutoreply
	numFields
)

// fieldOf knows a field by its name, in any case. It is the inner loop of the
// first scan of a mailbox: length first, one comparison after.
func fieldOf(name string) field {
	is := func(f field, want string) field {
		if strings.EqualFold(name, want) {
			return f
		}
		return fNone
	}
	if len(name) == 0 {
		return fNone
	}
	c := name[0] | 0x20
	switch len(name) {
	case 2:
		if c == 't' {
			return is(fTo, "to")
		}
		return is(fCc, "cc")
	case 3:
		return is(fBcc, "bcc")
	case 4:
		if c == 'f' {
			return is(fFrom, "from")
		}
		return is(fDate, "date")
	case 6:
		return is(fSender, "sender")
	case 7:
		if c == 's' {
			return is(fSubject, "subject")
		}
		return is(fListID, "list-id")
	case 8:
		return is(fReplyTo, "reply-to")
	case 9:
		return is(fListPost, "list-post")
	case 10:
		switch c {
		case 'm':
			return is(fMessageID, "message-id")
		case 'r':
			return is(fReferences, "references")
		}
		return is(fPrecedence, "precedence")
	case 11:
		switch c {
		case 'i':
			return is(fInReplyTo, "in-reply-to")
		case 'r':
			return is(fReturnPath, "return-path")
		}
		return is(fAutoreply, "x-autoreply")
	case 12:
		if c == 't' {
			return is(fThreadIndex, "thread-index")
		}
		return is(fContentType, "content-type")
	case 13:
		return is(fAutoreply, "x-autorespond")
	case 14:
		return is(fAutoSubmitted, "auto-submitted")
	case 16:
		return is(fListUnsubscribe, "list-unsubscribe")
	case 24:
		return is(fSuppress, "x-auto-response-suppress")
	}
	return fNone
}

// values are the raw values of the fields, unfolded, still encoded. Of most
// fields the first occurrence that is not blank counts; recipients add up.
type values struct {
	v   [numFields]string
	ids []string // every Message-ID field after the first one
	n   int      // values added to others
}

// maxRepeats bounds how many fields are added to earlier ones.
const maxRepeats = 100

// add takes one field with its value.
func (vs *values) add(f field, value string) {
	if value == "" {
		return
	}
	old := vs.v[f]
	switch {
	case old == "":
		vs.v[f] = value
		return
	case vs.n >= maxRepeats:
		return
	case f == fTo || f == fCc || f == fBcc || f == fReplyTo:
		vs.v[f] = old + ", " + value
	case f == fReferences || f == fInReplyTo:
		vs.v[f] = old + " " + value
	case f == fMessageID:
		vs.ids = append(vs.ids, value)
	}
	vs.n++
}

// split cuts a header block into fields. Lines that are no field are passed
// over; the first empty line ends the block.
func split(s string) *values {
	vs := new(values)
	current := fNone
	start, end := 0, 0 // the value of current: s[start:end], perhaps folded
	folded := false
	flush := func() {
		if current == fNone {
			return
		}
		v := s[start:end]
		if folded {
			v = unfold(v)
		}
		vs.add(current, strings.Trim(v, " \t\r\n\x00"))
		current, folded = fNone, false
	}
	for pos := 0; pos < len(s); {
		line, next := s[pos:], len(s)
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, next = line[:i], pos+i+1
		}
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if current != fNone {
				end, folded = pos+len(line), true
			}
			pos = next
			continue
		}
		flush()
		if i := strings.IndexByte(line, ':'); i > 0 {
			current = fieldOf(strings.TrimRight(line[:i], " \t"))
			start, end = pos+i+1, pos+len(line)
		}
		pos = next
	}
	flush()
	return vs
}

// unfold takes the line breaks out of a folded value (RFC 5322 section 2.2.3).
func unfold(v string) string {
	b := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\n':
		case c == '\r' && i+1 < len(v) && v[i+1] == '\n':
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// Header reads a header block, whole or only the fields that Fields names.
// received is the server's INTERNALDATE and may be zero. Key, Places, Size,
// Outgoing, Body and Track are left to the caller. It never fails: what can't
// be made out is left empty, a missing identity is computed, a missing date is
// received. raw is not kept.
func Header(raw []byte, received time.Time) offline.Message {
	if len(raw) > maxHeader {
		raw = raw[:maxHeader]
	}
	vs := split(string(raw))
	d := decoder{fallback: charsetOf(vs.v[fContentType])}
	m := offline.Message{
		From:        d.addresses(vs.v[fFrom]),
		ReplyTo:     d.addresses(vs.v[fReplyTo]),
		To:          d.addresses(vs.v[fTo]),
		Cc:          d.addresses(vs.v[fCc]),
		Bcc:         d.addresses(vs.v[fBcc]),
		Subject:     d.text(vs.v[fSubject]),
		Received:    received.UTC(),
		InReplyTo:   bounded(messageIDs(vs.v[fInReplyTo])),
		References:  bounded(messageIDs(vs.v[fReferences])),
		ThreadIndex: threadIndex(vs.v[fThreadIndex]),
		ContentType: mediaType(vs.v[fContentType]),
		ListID:      d.listID(vs.v[fListID]),
	}
	if s := d.addresses(vs.v[fSender]); len(s) > 0 {
		m.Sender = s[0]
	}
	m.Automatic = automatic(vs, &m)
	m.Date = plausible(parseDate(vs.v[fDate]), m.Received)
	m.Identity = identityOf(vs)
	if m.Identity == "" {
		m.Identity = computed(&m, vs.v[fDate])
		m.Computed = true
	}
	return m
}

// threadIndex keeps the base64 text of an Outlook thread index.
func threadIndex(v string) string {
	if len(v) > maxIndex {
		return ""
	}
	if strings.ContainsAny(v, " \t\r\n") {
		v = strings.Join(strings.Fields(v), "")
	}
	for i := 0; i < len(v); i++ {
		if c := v[i]; (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '+' && c != '/' && c != '=' {
			return ""
		}
	}
	return v
}

// mediaType is the type/subtype of a Content-Type, in lower case; "" if there is
// none that makes sense.
func mediaType(v string) string {
	if i := strings.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	v = strings.ToLower(strings.Trim(v, " \t\""))
	if i := strings.IndexAny(v, " \t(,"); i >= 0 {
		v = v[:i]
	}
	main, sub, ok := strings.Cut(v, "/")
	if !ok || !token(main) || !token(sub) || len(v) > 127 {
		return ""
	}
	return v
}

// token reports whether s is a token of RFC 2045 section 5.1.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c > '~' || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// listID is the identifier of a mailing list (RFC 2919), without <>.
func (d decoder) listID(v string) string {
	if v == "" {
		return ""
	}
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		v = v[i+1:]
		if j := strings.IndexByte(v, '>'); j >= 0 {
			v = v[:j]
		}
	}
	v = strings.ToLower(strings.Join(strings.Fields(d.text(v)), ""))
	return cut(v, 255)
}

// automatic tells mail that no person wrote to the recipient: RFC 3834's
// Auto-Submitted, the customary Precedence, X-Autoreply and X-Autorespond,
// mailing lists (RFC 2369, RFC 2919), reports such as bounces and receipts (RFC
// 6522), mail with the null sender (RFC 5321 section 4.5.5), what a mail system
// signs with its own name, and what asks for no automatic answer, as Exchange's
// automatic mail does ([MS-OXCMAIL] X-Auto-Response-Suppress).
func automatic(vs *values, m *offline.Message) bool {
	if a := firstWord(vs.v[fAutoSubmitted]); a != "" && a != "no" {
		return true
	}
	switch firstWord(vs.v[fPrecedence]) {
	case "bulk", "list", "junk", "auto_reply", "auto-reply":
		return true
	}
	switch firstWord(vs.v[fSuppress]) {
	case "", "none":
	default:
		return true
	}
	switch firstWord(vs.v[fAutoreply]) {
	case "", "no", "false":
	default:
		return true
	}
	if m.ListID != "" || vs.v[fListPost] != "" || vs.v[fListUnsubscribe] != "" || m.ContentType == "multipart/report" || vs.v[fReturnPath] == "<>" {
		return true
	}
	for _, a := range m.From {
		if local, _, _ := strings.Cut(offline.Fold(a.Addr), "@"); local == "mailer-daemon" {
			return true
		}
	}
	return false
}

// firstWord is the first word of v in lower case, without parameters.
func firstWord(v string) string {
	v = strings.ToLower(strings.TrimLeft(v, " \t"))
	if i := strings.IndexAny(v, " \t;(,"); i >= 0 {
		v = v[:i]
	}
	return v
}
