package track

import (
	"regexp"
	"strconv"
	"strings"
)

// Tokens recognises tracking tokens in subjects. The zero Tokens recognises
// none.
type Tokens struct {
	re       *regexp.Regexp
	prefixes []string
}

// defaultDigits is one online/offline digit, three of the user's number and
// three of the counter (R-TOKEN-06).
const defaultDigits = 7

// NewTokens returns what recognises tokens with one of these prefixes (the
// present one and those used before, R-TOKEN-15) and that many digits; 0 means
// the default. No prefix: tokens are off (R-TOKEN-03).
func NewTokens(prefixes []string, digits int) Tokens {
	if digits <= 0 {
		digits = defaultDigits
	}
	var kept, alternatives []string
	for _, p := range prefixes {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
			alternatives = append(alternatives, regexp.QuoteMeta(p))
		}
	}
	if len(alternatives) == 0 {
		return Tokens{}
	}
	re := `(?i)(?:^|[^\pL\pN])((?:` + strings.Join(alternatives, "|") + `)[0-9]{` + strconv.Itoa(min(digits, 30)) + `})(?:[^0-9]|$)`
	return Tokens{re: regexp.MustCompile(re), prefixes: kept}
}

// Find returns the last token in a subject, in the form in which the CRM keeps
// it, "" if there is none. The last one, because a token is put at the end
// (R-TOKEN-05) and what stands before it may be quoted history.
func (t Tokens) Find(subject string) string {
	if t.re == nil || !strings.ContainsAny(subject, "0123456789") {
		return ""
	}
	found := ""
	for at := 0; at < len(subject); {
		loc := t.re.FindStringSubmatchIndex(subject[at:])
		if loc == nil {
			break
		}
		found = subject[at+loc[2] : at+loc[3]]
		at += loc[3]
	}
	for _, p := range t.prefixes {
		if len(found) > len(p) && strings.EqualFold(found[:len(p)], p) {
			return p + found[len(p):]
		}
	}
	return found
}
