package message

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"postrider/offline"
)

// computedDomain ends the identities that are computed; ".invalid" can't be
// anybody's (RFC 2606).
const computedDomain = "@computed.postrider.invalid>"

// identityOf is the message's own Message-ID with <>, the first usable one; ""
// if there is none. Blanks inside it are folding gone wrong and are taken out.
func identityOf(vs *values) string {
	if id := usable(vs.v[fMessageID]); id != "" {
		return id
	}
	for _, v := range vs.ids {
		if id := usable(v); id != "" {
			return id
		}
	}
	return ""
}

// usable makes a Message-ID of a field value; "" if that can't be done.
func usable(v string) string {
	if i := strings.IndexByte(v, '<'); i >= 0 {
		rest := v[i:]
		j := strings.IndexByte(rest, '>')
		if j < 0 {
			return ""
		}
		return messageID(rest[:j+1])
	}
	if strings.ContainsAny(v, " \t") {
		return ""
	}
	return messageID("<" + v + ">")
}

// messageID checks a Message-ID that has <> around it; "" if it can't be used.
func messageID(s string) string {
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Join(strings.Fields(s), "")
	}
	if len(s) < 3 || len(s) > maxMessageID || s == "<@>" {
		return ""
	}
	for i := 1; i < len(s)-1; i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return ""
		}
	}
	return s
}

// messageIDs finds the Message-IDs in an In-Reply-To or References value and
// passes over what else people have put there.
func messageIDs(v string) []string {
	if v == "" {
		return nil
	}
	var ids []string
	if strings.IndexByte(v, '<') < 0 {
		for _, w := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }) {
			if strings.IndexByte(w, '@') > 0 {
				if id := messageID("<" + w + ">"); id != "" {
					ids = append(ids, id)
				}
			}
		}
		return ids
	}
	for {
		i := strings.IndexByte(v, '<')
		if i < 0 {
			return ids
		}
		v = v[i:]
		j := strings.IndexAny(v[1:], "<>") + 1
		if j == 0 {
			return ids
		}
		if v[j] == '<' { // one that was never closed
			v = v[j:]
			continue
		}
		if id := messageID(v[:j+1]); id != "" {
			ids = append(ids, id)
		}
		v = v[j+1:]
	}
}

// bounded keeps the first and the last ones of a long chain: the first one
// names the conversation, the last ones the message that is answered.
func bounded(ids []string) []string {
	if len(ids) <= maxReferences {
		return ids
	}
	out := make([]string, 0, maxReferences)
	out = append(out, ids[0])
	return append(out, ids[len(ids)-maxReferences+1:]...)
}

// computed makes an identity for a message without a usable Message-ID. It
// depends on what stays the same when the message is copied or moved: From,
// Date, Subject and To. Only a message without a date depends on when it was
// received.
func computed(m *offline.Message, date string) string {
	h := sha256.New()
	part := func(s string) {
		h.Write([]byte(strconv.Itoa(len(s))))
		h.Write([]byte{':'})
		h.Write([]byte(s))
	}
	for _, a := range m.From {
		part(offline.Fold(a.Addr))
	}
	part("date")
	if date = strings.Join(strings.Fields(date), " "); date != "" {
		part(date)
	} else {
		part(m.Received.UTC().Format(time.RFC3339))
	}
	part(m.Subject)
	for _, a := range m.To {
		part(offline.Fold(a.Addr))
	}
	return "<" + hex.EncodeToString(h.Sum(nil)) + computedDomain
}

// Derived is the identity for a message that is not Same as another one but
// bears its Message-ID: both keep apart, and each gets the same identity again
// wherever it is found. Set Computed with it.
func Derived(m offline.Message) string {
	h := sha256.New()
	h.Write([]byte("derived\x00" + m.Identity + "\x00" + from(m) + "\x00"))
	h.Write([]byte(m.Date.UTC().Format(time.RFC3339)))
	return "<" + hex.EncodeToString(h.Sum(nil)) + computedDomain
}

// Same reports whether a and b, which lie in different places, are the same
// message: same Message-ID, same sender and same date. Where one of them may
// have no date of its own (Date is Received then, and the copies of such a
// message can differ in Received), the subject decides in place of the date.
func Same(a, b offline.Message) bool {
	if a.Identity != b.Identity || from(a) != from(b) {
		return false
	}
	undated := func(m offline.Message) bool { return m.Date.Equal(m.Received) }
	return a.Date.Equal(b.Date) || (undated(a) || undated(b)) && a.Subject == b.Subject
}

// from is the folded address of the first author.
func from(m offline.Message) string {
	if len(m.From) == 0 {
		return ""
	}
	return offline.Fold(m.From[0].Addr)
}
