package merge

import (
	"slices"
	"strings"
)

// joiner merges two changed lists against what they both began with. ok is false
// where both changed the same entry differently.
type joiner func(base, a, b string) (joined string, ok bool)

// joinPeople merges attendees, one by one.
func joinPeople(base, a, b string) (string, bool) { return joinLines(base, a, b, addressOf) }

// joinOccurrences merges a rule and its exceptions, one by one. An exception is
// known by the original start behind its sign.
func joinOccurrences(base, a, b string) (string, bool) {
	if base == "" || a == "" || b == "" {
		return "", false
	}
	rule := func(s string) string { r, _, _ := strings.Cut(s, "\n"); return r }
	if rule(a) != rule(base) && rule(b) != rule(base) && rule(a) != rule(b) {
		return "", false
	}
	return joinLines(base, a, b, func(line string) string {
		if line == "" || line[0] != '-' && line[0] != '=' {
			return "" // the rule: sorts before all else
		}
		start, _, _ := strings.Cut(line[1:], " ")
		return start
	})
}

func joinLines(base, a, b string, key func(string) string) (string, bool) {
	was, x, y := byKey(base, key), byKey(a, key), byKey(b, key)
	var keys []string
	for k := range was {
		keys = append(keys, k)
	}
	for _, m := range [...]map[string]string{x, y} {
		for k := range m {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []string
	for _, k := range slices.Compact(keys) {
		v := x[k]
		switch {
		case x[k] == y[k]:
		case x[k] == was[k]:
			v = y[k]
		case y[k] == was[k]:
		default:
			return "", false
		}
		if v != "" {
			out = append(out, v)
		}
	}
	return strings.Join(out, "\n"), true
}

func byKey(s string, key func(string) string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(s, "\n") {
		if line != "" {
			m[key(line)] = line
		}
	}
	return m
}
