package localorg

import (
	"cmp"
	"strings"
)

// compare builds the condition left op right. Null is equal to null only and
// neither before nor after anything; ne holds of null and a value, as it does
// in the service's own queries.
func compare(left operand, op string, right operand) condition {
	c := condition{holds: func(e *env, it any) bool { return ordered(left.get(e, it), op, right.get(e, it)) }}
	if op != "eq" {
		return c
	}
	if left.col == nil {
		left, right = right, left
	}
	if s, ok := right.lit.(string); ok && left.col != nil && left.col.Kind != GUID {
		if left.typ == typeText && right.typ == typeText {
			get, want := left.get, fold(s)
			c.holds = func(e *env, it any) bool { v, ok := get(e, it).(string); return ok && fold(v) == want }
		}
	}
	c.plan = planFor(left.col, right.lit)
	return c
}

// planFor answers equality from an index: of the key, or of an indexed column.
func planFor(col *Column, v any) func(*data) ([]string, bool) {
	if col == nil || v == nil {
		return nil
	}
	return func(d *data) ([]string, bool) {
		if d.def.cols[col.Name] != col {
			return nil, false
		}
		if col.Name == d.def.Key {
			return []string{v.(string)}, true
		}
		ix, ok := d.index[col]
		return ix[indexKey(v)], ok
	}
}

func ordered(a any, op string, b any) bool {
	if a == nil || b == nil {
		switch op {
		case "eq":
			return a == nil && b == nil
		case "ne":
			return a != nil || b != nil
		}
		return false
	}
	n, ok := order(a, b)
	if !ok {
		return op == "ne"
	}
	switch op {
	case "eq":
		return n == 0
	case "ne":
		return n != 0
	case "gt":
		return n > 0
	case "ge":
		return n >= 0
	case "lt":
		return n < 0
	}
	return n <= 0
}

// order compares two stored values of like kind.
func order(a, b any) (int, bool) {
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			return cmp.Compare(fold(x), fold(y)), true
		case stamp: // a day compared with an instant
			if at, ok := instantOf(x); ok {
				return cmp.Compare(at, y), true
			}
		}
	case stamp:
		switch y := b.(type) {
		case stamp:
			return cmp.Compare(x, y), true
		case string:
			if at, ok := instantOf(y); ok {
				return cmp.Compare(x, at), true
			}
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(toInt(x), toInt(y)), true
		}
	case int64, float64:
		y, ok := toFloat(b)
		fx, _ := toFloat(x)
		if xi, isInt := x.(int64); isInt {
			if yi, both := b.(int64); both {
				return cmp.Compare(xi, yi), true
			}
		}
		return cmp.Compare(fx, y), ok
	case ref:
		switch y := b.(type) {
		case string:
			return cmp.Compare(x.id, y), true
		case ref:
			return cmp.Compare(x.id, y.id), true
		}
	}
	return 0, false
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// like returns a matcher for the service's text search, in which %, _ and [...]
// in the text searched for are wildcards, and case is ignored.
func like(pattern string) func(string) bool {
	pattern = fold(pattern)
	if !strings.ContainsAny(strings.Trim(pattern, "%"), "%_[") {
		text := strings.Trim(pattern, "%")
		front, back := !strings.HasPrefix(pattern, "%"), !strings.HasSuffix(pattern, "%")
		return func(s string) bool {
			s = fold(s)
			switch {
			case front && back:
				return s == text
			case front:
				return strings.HasPrefix(s, text)
			case back:
				return strings.HasSuffix(s, text)
			}
			return strings.Contains(s, text)
		}
	}
	parts := likeParts(pattern)
	return func(s string) bool { return matchParts(parts, []rune(fold(s))) }
}

// likePart is one element of a pattern: any run of characters, or one
// character of a set.
type likePart struct {
	run    bool
	any    bool
	negate bool
	set    []rune // pairs: from, to
}

func likeParts(pattern string) []likePart {
	var parts []likePart
	rs := []rune(pattern)
	for i := 0; i < len(rs); i++ {
		switch rs[i] {
		case '%':
			parts = append(parts, likePart{run: true})
		case '_':
			parts = append(parts, likePart{any: true})
		case '[':
			end := i + 1
			for end < len(rs) && (rs[end] != ']' || end == i+1) {
				end++
			}
			if end == len(rs) {
				parts = append(parts, likePart{set: []rune{'[', '['}})
				continue
			}
			parts = append(parts, likeSet(rs[i+1:end]))
			i = end
		default:
			parts = append(parts, likePart{set: []rune{rs[i], rs[i]}})
		}
	}
	return parts
}

func likeSet(rs []rune) likePart {
	p := likePart{}
	if len(rs) > 1 && rs[0] == '^' {
		p.negate, rs = true, rs[1:]
	}
	for i := 0; i < len(rs); i++ {
		if i+2 < len(rs) && rs[i+1] == '-' {
			p.set = append(p.set, rs[i], rs[i+2])
			i += 2
			continue
		}
		p.set = append(p.set, rs[i], rs[i])
	}
	return p
}

func (p likePart) fits(r rune) bool {
	if p.any {
		return true
	}
	for i := 0; i < len(p.set); i += 2 {
		if r >= p.set[i] && r <= p.set[i+1] {
			return !p.negate
		}
	}
	return p.negate
}

// matchParts matches by remembering the last run only, which is enough and
// keeps the time at most the product of the lengths.
func matchParts(parts []likePart, s []rune) bool {
	pi, si, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case pi < len(parts) && parts[pi].run:
			star, mark = pi, si
			pi++
		case pi < len(parts) && parts[pi].fits(s[si]):
			pi++
			si++
		case star >= 0:
			mark++
			pi, si = star+1, mark
		default:
			return false
		}
	}
	for pi < len(parts) && parts[pi].run {
		pi++
	}
	return pi == len(parts)
}
