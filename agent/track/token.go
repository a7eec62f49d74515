package track

import (
	"regexp"
	"strconv"
	"strings"

	"postrider/offline"
)

// Tokens recognises tracking tokens in subjects. The zero Tokens recognises
// none.
type Tokens struct {
	re       *regexp.Regexp
	prefixes []string
	digits   int
}

const (
	// defaultDigits is one online/offline digit, three of the user's number and
	// three of the counter (R-TOKEN-06).
	defaultDigits     = 7
	defaultUserDigits = 3
	maxDigits         = 1 + 10 + 9 // R-TOKEN-09, R-TOKEN-10
	maxPrefixes       = 100        // of the history that are recognised
)

// NewTokens returns what recognises tokens with one of these prefixes (the
// present one and those used before, R-TOKEN-15) and that many digits; 0 means
// the default. No prefix: tokens are off (R-TOKEN-03).
func NewTokens(prefixes []string, digits int) Tokens {
	if digits <= 0 {
		digits = defaultDigits
	}
	var kept, alternatives []string
	for _, p := range prefixes {
		if p = strings.TrimSpace(strings.ToValidUTF8(p, "")); p != "" && len(kept) < maxPrefixes {
			kept = append(kept, p)
			alternatives = append(alternatives, regexp.QuoteMeta(p))
		}
	}
	if len(alternatives) == 0 {
		return Tokens{}
	}
	digits = min(digits, maxDigits)
	re := `(?i)(?:^|[^\pL\pN])((?:` + strings.Join(alternatives, "|") + `)[0-9]{` + strconv.Itoa(digits) + `})(?:[^0-9]|$)`
	return Tokens{re: regexp.MustCompile(re), prefixes: kept, digits: digits}
}

// Find returns the last token in a subject, in the form in which the CRM keeps
// it, "" if there is none. The last one, because a token is put at the end
// (R-TOKEN-05) and what stands before it may be quoted history. A token that
// somebody typed or changed is as good as any (R-TOKEN-16): nothing in it tells.
func (t Tokens) Find(subject string) string {
	if t.re == nil || !hasDigits(subject, t.digits) {
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

// hasDigits reports whether s has that many digits in a row: most subjects don't,
// and need not be searched.
func hasDigits(s string, want int) bool {
	n := 0
	for i := 0; i < len(s) && n < want; i++ {
		if n++; s[i] < '0' || s[i] > '9' {
			n = 0
		}
	}
	return n >= want
}

// MakeToken makes the token of an email activity (R-TOKEN-06): the present
// prefix, a digit that is 0 online and 1 offline, the user's number on top of the
// organization's base (R-TOKEN-08), and a counter of the user's activities
// (R-TOKEN-11), which starts again when its digits are used up (R-TOKEN-10). ""
// where the organization has tokens off. It is for when the CRM, which counts
// itself, can't be asked.
func MakeToken(o offline.Options, counter int, online bool) string {
	if len(o.TokenPrefixes) == 0 || strings.TrimSpace(o.TokenPrefixes[0]) == "" {
		return ""
	}
	digits, user := o.TokenDigits, o.TokenUserDigits
	if digits <= 0 {
		digits = defaultDigits
	}
	digits = min(max(digits, 3), maxDigits)
	if user <= 0 {
		user = defaultUserDigits
	}
	user = min(user, digits-2) // one digit is left for the counter
	first := "1"
	if online {
		first = "0"
	}
	number := int64(max(o.TokenBase, 0)) + int64(max(o.TokenUser, 0))
	return strings.TrimSpace(o.TokenPrefixes[0]) + first + lastDigits(number, user) + lastDigits(int64(max(counter, 0)), digits-1-user)
}

// lastDigits writes a number with exactly that many digits.
func lastDigits(n int64, digits int) string {
	s := strconv.FormatInt(n, 10)
	if len(s) >= digits {
		return s[len(s)-digits:]
	}
	return strings.Repeat("0", digits-len(s)) + s
}

// WithToken puts a token at the end of a subject (R-TOKEN-05), which is cut so
// that both fit into max characters; a token that does not fit by itself is left
// out (R-TOKEN-13). A token that the subject has at its end already is not put
// there twice. Characters are UTF-16 code units, in which a CRM measures its
// columns; max 0: no bound.
func WithToken(subject, token string, max int) string {
	subject = strings.TrimSpace(subject)
	if token == "" || max > 0 && units(token) > max {
		return cut(subject, max)
	}
	if rest, ok := strings.CutSuffix(subject, token); ok && (rest == "" || strings.HasSuffix(rest, " ")) {
		subject = strings.TrimRight(rest, " ")
	}
	if max > 0 {
		if max -= units(token) + 1; max <= 0 {
			return token
		}
		subject = cut(subject, max)
	}
	if subject == "" {
		return token
	}
	return subject + " " + token
}

// units is the length of s in UTF-16 code units.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// cut shortens s to max UTF-16 code units, 0: not at all.
func cut(s string, max int) string {
	if max <= 0 || len(s) <= max {
		return s
	}
	n := 0
	for i, r := range s {
		if n++; r > 0xffff {
			n++
		}
		if n > max {
			return strings.TrimRight(s[:i], " ")
		}
	}
	return s
}
