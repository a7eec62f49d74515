package maild

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // SEARCH TEXT looks into every charset
	"github.com/emersion/go-message/mail"
)

// Search finds messages.
func (s *session) Search(kind imapserver.NumKind, c *imap.SearchCriteria, _ *imap.SearchOptions) (*imap.SearchData, error) {
	v := s.current()
	all := v.pick(imap.SeqSet{{Start: 1, Stop: 0}})
	match := v.matcher(c)
	var data imap.SearchData
	var seqs imap.SeqSet
	var uids imap.UIDSet
	for _, h := range all {
		if !match(h) {
			continue
		}
		num := h.seq
		if kind == imapserver.NumKindUID {
			num = uint32(h.uid)
		}
		seqs.AddNum(h.seq)
		uids.AddNum(h.uid)
		if data.Count == 0 {
			data.Min = num
		}
		data.Max = num
		data.Count++
	}
	if data.All = seqs; kind == imapserver.NumKindUID {
		data.All = uids
	}
	return &data, nil
}

// matcher turns criteria into a test; the sets in it are read once.
func (v *view) matcher(c *imap.SearchCriteria) func(hit) bool {
	var sets []func(uint32, imap.UID) bool
	v.folder.mu.Lock()
	for _, set := range c.SeqNum {
		sets = append(sets, v.containsLocked(set))
	}
	for _, set := range c.UID {
		sets = append(sets, v.containsLocked(set))
	}
	v.folder.mu.Unlock()
	var none []func(hit) bool
	for i := range c.Not {
		none = append(none, v.matcher(&c.Not[i]))
	}
	var either [][2]func(hit) bool
	for i := range c.Or {
		either = append(either, [2]func(hit) bool{v.matcher(&c.Or[i][0]), v.matcher(&c.Or[i][1])})
	}
	return func(h hit) bool {
		for _, in := range sets {
			if !in(h.seq, h.uid) {
				return false
			}
		}
		if !matchEnvelope(h, c) || !matchContent(h, c) {
			return false
		}
		for _, not := range none {
			if not(h) {
				return false
			}
		}
		for _, or := range either {
			if !or[0](h) && !or[1](h) {
				return false
			}
		}
		return true
	}
}

// matchEnvelope tests what the server knows without reading the message.
func matchEnvelope(h hit, c *imap.SearchCriteria) bool {
	m := message{flags: h.flags}
	for _, flag := range c.Flag {
		if !m.has(flag) {
			return false
		}
	}
	for _, flag := range c.NotFlag {
		if m.has(flag) {
			return false
		}
	}
	size := int64(len(h.raw))
	if c.Larger != 0 && size <= c.Larger || c.Smaller != 0 && size >= c.Smaller {
		return false
	}
	return between(h.date, c.Since, c.Before)
}

func matchContent(h hit, c *imap.SearchCriteria) bool {
	if len(c.Header) == 0 && len(c.Text) == 0 && len(c.Body) == 0 && c.SentSince.IsZero() && c.SentBefore.IsZero() {
		return true
	}
	e, err := open(h.raw)
	if err != nil {
		return false
	}
	head := mail.Header{Header: e.Header}
	if !c.SentSince.IsZero() || !c.SentBefore.IsZero() {
		date, err := head.Date()
		if err != nil || !between(date, c.SentSince, c.SentBefore) {
			return false
		}
	}
	for _, want := range c.Header {
		if !fieldsContain(e.Header.FieldsByKey(want.Key), want.Value) {
			return false
		}
	}
	for _, text := range c.Text {
		if e, err = open(h.raw); err != nil || !contains(e, text, true) {
			return false
		}
	}
	for _, text := range c.Body {
		if e, err = open(h.raw); err != nil || !contains(e, text, false) {
			return false
		}
	}
	return true
}

// open opens a message anew: an entity can be read once.
func open(raw []byte) (*gomessage.Entity, error) {
	e, err := gomessage.Read(bytes.NewReader(raw))
	if gomessage.IsUnknownCharset(err) || gomessage.IsUnknownEncoding(err) {
		err = nil
	}
	return e, err
}

// between compares days, without regard to time zones (RFC 3501 section 6.4.4).
func between(t, since, before time.Time) bool {
	t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return (since.IsZero() || !t.Before(since)) && (before.IsZero() || t.Before(before))
}

func fieldsContain(fields gomessage.HeaderFields, text string) bool {
	for fields.Next() {
		value, _ := fields.Text()
		if containsFold(value, text) {
			return true
		}
	}
	return false
}

func contains(e *gomessage.Entity, text string, header bool) bool {
	if header && fieldsContain(e.Header.Fields(), text) {
		return true
	}
	if parts := e.MultipartReader(); parts != nil {
		for {
			p, err := parts.NextPart()
			if p == nil || err != nil && !gomessage.IsUnknownCharset(err) {
				return false
			}
			if contains(p, text, header) {
				return true
			}
		}
	}
	kind, _, _ := e.Header.ContentType()
	if kind != "" && !strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "message/") {
		return false
	}
	b, err := io.ReadAll(e.Body)
	return err == nil && containsFold(string(b), text)
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}
