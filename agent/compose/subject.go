package compose

import (
	"regexp"
	"strings"
	"sync"
)

// prefixes are what mail programs put before the subject of an answer or a
// forward, in the languages that have their own. Left out are those that are
// more often words of a subject, as "Ref:".
var prefixes = sync.OnceValue(func() *regexp.Regexp {
	words := []string{
		"re", "fw", "fwd", // English, and most programs anywhere
		"aw", "antw", "antwort", "wg", "doorst", // German, Dutch
		"sv", "vs", "vb", "vl", // Swedish, Danish, Norwegian, Finnish
		"tr", "rép", // French
		"r", "i", // Italian
		"rv", "reenv", "res", "enc", // Spanish, Portuguese
		"odp", "pd", "odg", // Polish, Croatian
		"atb", "ats", "ynt", "ilt", "İlt", // Latvian, Lithuanian, Turkish
		"vá", "továbbítás", // Hungarian
		"σχετ", "πρθ", // Greek
		"отв", "ответ", "пересл", // Russian
		"回复", "回覆", "答复", "答覆", "转发", "轉寄", "轉發", "返信", "転送", "회신", "답장", "전달",
		"הועבר", "השב", "تحويل", "رد",
	}
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	// A count, as in Re[2]: or Re(2):, belongs to it. The colon may be a wide one.
	return regexp.MustCompile(`(?i)^\s*(?:` + strings.Join(words, "|") + `)\s*(?:[\[(]\d{1,3}[\])]|\^\d{1,3})?\s*[:：]\s*`)
})

// BaseSubject is a subject without what answering and forwarding put before it.
func BaseSubject(s string) string {
	s = cleanText(s)
	for {
		loc := prefixes().FindStringIndex(s)
		if loc == nil {
			return s
		}
		s = strings.TrimLeft(s[loc[1]:], " ")
	}
}

// ReplySubject is the subject of an answer: prefixes don't pile up.
func ReplySubject(s string) string { return strings.TrimRight("Re: "+BaseSubject(s), " ") }

// ForwardSubject is the subject of a forward.
func ForwardSubject(s string) string { return strings.TrimRight("Fwd: "+BaseSubject(s), " ") }
