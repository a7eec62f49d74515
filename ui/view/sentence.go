package view

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postrider/offline"
)

// Sentence is the state in full: what, about what, by whom and why, since when,
// and what to do where something is to be done.
func Sentence(t offline.Tracking, regarding string, now time.Time) string {
	var parts []string
	lead := ""
	switch t.State {
	case offline.Tracked:
		lead = "Tracked"
		parts = append(parts, about(regarding), CauseWords(t))
		if t.Reason != "" {
			parts = append(parts, "with a note: "+t.Reason)
		}
	case offline.Waiting:
		lead = waitingWords(t, now)
		parts = append(parts, about(regarding))
		if c := CauseWords(t); c != "" {
			parts = append(parts, "asked for "+c)
		}
	case offline.Failed:
		lead = "Could not be tracked"
		if t.Reason != "" {
			lead += ": " + strings.TrimRight(t.Reason, ". ")
		}
		parts = append(parts, about(regarding), "put that right and choose Retry, or untrack it")
	case offline.Untracked:
		lead = "Not tracked"
		switch {
		case t.Declined:
			parts = append(parts, "you untracked it, so no rule will track it")
		case t.Reason != "":
			parts = append(parts, t.Reason)
		}
	default:
		return "Not looked at yet"
	}
	var b strings.Builder
	b.WriteString(lead)
	for _, p := range parts {
		if p != "" {
			b.WriteString(" · " + p)
		}
	}
	if !t.Since.IsZero() && (t.State == offline.Tracked || t.State == offline.Failed) {
		b.WriteString(", " + When(t.Since, now))
	}
	return b.String()
}

func about(regarding string) string {
	if regarding == "" {
		return ""
	}
	return "regarding " + regarding
}

// waitingWords says for what a message waits, and since when: nothing waits
// without a cause.
func waitingWords(t offline.Tracking, now time.Time) string {
	s := "Waiting to be carried over to the CRM"
	rest := t.Reason
	if strings.HasPrefix(rest, "waits ") { // the whole cause, in a sentence of its own
		s, rest = upperFirst(rest), ""
	}
	if !t.Since.IsZero() {
		if age := Age(t.Since, now); age == "now" {
			s += ", since just now"
		} else {
			s += ", for " + age
		}
	}
	switch {
	case rest != "":
		s += ": " + rest
	case t.Reason == "":
		s += ": it goes with the next sync"
	}
	return s
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// CauseWords says by whom or what a message was tracked; "" where it is not known.
func CauseWords(t offline.Tracking) string {
	by := OneLine(t.By, 80)
	or := func(with, without string) string {
		if by == "" {
			return without
		}
		return with
	}
	switch t.Cause {
	case "":
		return or("by "+by, "")
	case offline.CauseUser:
		return "by you"
	case offline.CauseReply:
		return "as a reply to tracked mail"
	case offline.CauseToken:
		return "by the token in its subject"
	case offline.CauseThread:
		return "as part of a tracked conversation"
	case offline.CauseSmart:
		return "by smart matching: subject and people are those of a tracked email"
	case offline.CauseFolder:
		return or("because it lies in the tracked folder “"+by+"”", "because it lies in a tracked folder")
	case offline.CauseKeyword:
		return "by you, in another mail program"
	case offline.CauseSent:
		return or("because "+by+" sent it with Postrider", "because it was sent with Postrider")
	case offline.CauseColleague:
		return or("by "+by, "by a colleague")
	}
	if name, ok := strings.CutPrefix(string(t.Cause), "filter:"); ok {
		return "by rule “" + FilterName(name) + "”"
	}
	return "by " + OneLine(string(t.Cause), 60)
}

// FilterName is a tracking filter in a person's words.
func FilterName(name string) string {
	switch name {
	case "all":
		return "all mail"
	case "replies":
		return "replies to tracked mail"
	case "people":
		return "mail from leads, contacts and accounts"
	case "records":
		return "mail from any record with an address"
	case "none":
		return "nothing by itself"
	}
	return name
}
