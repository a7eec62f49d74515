package view

import (
	"slices"
	"time"

	"postrider/offline"
)

// Row is one message as the list shows it.
type Row struct {
	Key      uint64
	Who      string // the sender, or "To …" for what the user sent
	When     string
	FullWhen string
	Subject  string // never empty
	Bare     bool   // there was no subject
	Sign     Sign
	Tone     Tone
	Word     string
	Sentence string // Word in full, for the hint
	Edge     bool   // colleagues can see it in the CRM
	Unread   bool
	Clips    int // attachments, as far as known
	State    offline.State
}

// NewRow makes the row of m; regarding is the name of the record it is about.
func NewRow(m offline.Message, regarding string, now time.Time) Row {
	r := Row{
		Key: m.Key, Who: who(m), Subject: OneLine(m.Subject, 300),
		When: When(m.Date, now), FullWhen: FullDate(m.Date, now.Location()),
		Word: OneLine(Word(m.Track, regarding), 200), Sentence: OneLine(Sentence(m.Track, regarding, now), 600),
		Edge: m.Track.State == offline.Tracked, Unread: unread(m), Clips: m.Body.Attachments, State: m.Track.State,
	}
	r.Sign, r.Tone = SignOf(m.Track)
	if r.Subject == "" {
		r.Subject, r.Bare = "(no subject)", true
	}
	return r
}

func who(m offline.Message) string {
	if m.Outgoing {
		if len(m.To) == 0 {
			return "To nobody"
		}
		return "To " + People(m.To, 3)
	}
	if len(m.From) == 0 {
		if n := Named(m.Sender); n != "" {
			return n
		}
		return "(no sender)"
	}
	return Named(m.From[0])
}

func unread(m offline.Message) bool {
	if m.Outgoing || len(m.Places) == 0 {
		return false
	}
	for _, p := range m.Places {
		if slices.Contains(p.Flags, `\Seen`) {
			return false
		}
	}
	return true
}

// People names at most max of these, and counts the rest: "Petr, Eva and 3 more".
func People(as []offline.Address, max int) string {
	s := ""
	for i, a := range as {
		n := Named(a)
		if n == "" {
			continue
		}
		if i >= max && len(as)-i > 1 {
			return s + " and " + Count(len(as)-i) + " more"
		}
		if s != "" {
			s += ", "
		}
		s += n
	}
	return s
}

// nameOf is the name of a record, or its kind where the record isn't here.
func nameOf(tx *offline.Tx, r offline.Ref) string {
	if r.IsZero() {
		return ""
	}
	rec, err := tx.Record(r)
	if err != nil || rec.Name == "" {
		return "a record of kind " + string(r.Kind)
	}
	return OneLine(rec.Name, 120)
}
