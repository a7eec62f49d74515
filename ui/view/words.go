package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"postrider/offline"
)

// Sign is the drawing that stands for a state, always beside its word.
type Sign string

// The signs. They are names of symbols in package assets.
const (
	SignUntracked Sign = "state-untracked"
	SignWaiting   Sign = "state-waiting"
	SignTracked   Sign = "state-tracked"
	SignAttention Sign = "state-attention"
)

// Tone is the colour's name for a state; the theme has the colour.
type Tone string

// The tones.
const (
	ToneMuted  Tone = "muted"
	ToneInfo   Tone = "info"
	ToneAccent Tone = "accent"
	ToneWarn   Tone = "warn"
	ToneDanger Tone = "danger"
)

// SignOf returns the sign and tone of a message's state.
func SignOf(t offline.Tracking) (Sign, Tone) {
	switch t.State {
	case offline.Tracked:
		return SignTracked, ToneAccent
	case offline.Waiting:
		return SignWaiting, ToneInfo
	case offline.Failed:
		return SignAttention, ToneWarn
	}
	return SignUntracked, ToneMuted
}

// Word is the state in as few words as a list has room for.
func Word(t offline.Tracking, regarding string) string {
	switch t.State {
	case offline.Tracked:
		if regarding != "" {
			return regarding
		}
		return "tracked"
	case offline.Waiting:
		if regarding != "" {
			return "waiting · " + regarding
		}
		return "waiting"
	case offline.Failed:
		if t.Reason != "" {
			return t.Reason
		}
		return "could not be tracked"
	case offline.Untracked:
		return "not tracked"
	}
	return "not looked at yet"
}

// When is a moment as short as it can be and still be found: "14:02" today, "Tue
// 14:02" not used in lists: "Tue" within a week, "3 Nov" this year, "3 Nov 2024".
func When(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	t = t.In(now.Location())
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	days := int(day(now).Sub(day(t)).Hours() / 24)
	switch {
	case days == 0:
		return t.Format("15:04")
	case days > 0 && days < 7:
		return t.Format("Mon")
	case t.Year() == now.Year():
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// FullDate is a moment in full, for hints and headers.
func FullDate(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(loc).Format("Monday, 2 January 2006, 15:04")
}

// Age is how long ago t was: "now", "5 min", "3 h", "2 d", "3 mo".
func Age(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 60*24*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d < 730*24*time.Hour:
		return fmt.Sprintf("%d mo", int(d.Hours()/24/30))
	}
	return fmt.Sprintf("%d y", int(d.Hours()/24/365))
}

// Count is a number with thin groups: 20 000 is easier to read than 20000.
func Count(n int) string {
	s := strconv.Itoa(n)
	if n < 0 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// Plural is n and the noun: "1 message", "12 messages".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return Count(n) + " " + noun
}

// OneLine makes s fit for one line of a list: control and bidirectional override
// characters out, white space folded, at most max runes.
func OneLine(s string, max int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if n >= max {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case !visible(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// visible leaves out what would only confuse a line: control characters, marks
// that turn the direction of what follows (a trick to hide a name's ending),
// and code points that are no text.
func visible(r rune) bool {
	switch {
	case r == unicode.ReplacementChar, r == '\u200d', r == '\u200c':
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff, r == 0x00ad, r == 0x200b:
		return false
	case unicode.IsControl(r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
		return false
	}
	return true
}

// Named is an address as a person is called: the name, or else the address.
func Named(a offline.Address) string {
	if n := OneLine(a.Name, 80); n != "" {
		return n
	}
	return OneLine(a.Addr, 120)
}
