package localorg

import (
	"slices"
	"strings"
	"time"
)

// call parses what follows "name(": a text function, a query function, or any
// and all over a collection.
func (p *parser) call(name string) (condition, error) {
	if err := p.advance(); err != nil {
		return condition{}, err
	}
	switch {
	case name == "contains" || name == "startswith" || name == "endswith":
		return p.textCall(name)
	case strings.HasSuffix(name, "/any") || strings.HasSuffix(name, "/all"):
		return p.lambda(name)
	case strings.HasPrefix(name, "Microsoft.Dynamics.CRM."):
		return p.queryCall(strings.TrimPrefix(name, "Microsoft.Dynamics.CRM."))
	case name == "not":
		return condition{}, syntaxFault(p.lex.src, p.tok.at)
	}
	return condition{}, badQuery("The function '%s' is not supported.", name)
}

func (p *parser) textCall(name string) (condition, error) {
	left, err := p.operand()
	if err != nil {
		return condition{}, err
	}
	if err := p.expect(","); err != nil {
		return condition{}, err
	}
	right, err := p.operand()
	if err != nil {
		return condition{}, err
	}
	if err := p.expect(")"); err != nil {
		return condition{}, err
	}
	text, ok := right.lit.(string)
	if !ok || right.typ != typeText || left.typ != typeText && left.typ != typeAny {
		return condition{}, badQuery("No function signature for the function with name '%s' matches the specified arguments.", name)
	}
	if err := p.skipTrue(); err != nil {
		return condition{}, err
	}
	if name != "startswith" {
		text = "%" + text
	}
	if name != "endswith" {
		text += "%"
	}
	match := like(text)
	return condition{holds: func(e *env, it any) bool { s, ok := left.get(e, it).(string); return ok && match(s) }}, p.count(1, 1)
}

// skipTrue passes over "eq true", which some clients write after a function.
func (p *parser) skipTrue() error {
	if !p.isWord("eq") {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	if !p.isWord("true") {
		return syntaxFault(p.lex.src, p.tok.at)
	}
	return p.advance()
}

// lambda parses collection/any(x:condition) and all.
func (p *parser) lambda(name string) (condition, error) {
	path, kind := name[:len(name)-4], name[len(name)-3:]
	inner, items, err := p.collection(path)
	if err != nil {
		return condition{}, err
	}
	if p.isPunct(")") && kind == "any" {
		return condition{holds: func(e *env, it any) bool { return len(items(e, it)) > 0 }}, p.advance()
	}
	v := p.tok.text
	if p.tok.kind != tokWord || p.vars[v] != nil {
		return condition{}, syntaxFault(p.lex.src, p.tok.at)
	}
	if err := p.advance(); err != nil {
		return condition{}, err
	}
	if err := p.expect(":"); err != nil {
		return condition{}, err
	}
	if p.vars == nil {
		p.vars = map[string]scope{}
	}
	p.vars[v] = inner
	defer delete(p.vars, v)
	c, err := p.or()
	if err != nil {
		return condition{}, err
	}
	want := kind == "any"
	holds := func(e *env, it any) bool {
		for _, item := range items(e, it) {
			if c.holds(e.with(v, item), it) == want {
				return want
			}
		}
		return !want
	}
	return condition{holds: holds}, p.expect(")")
}

// collection resolves the collection of an any or all, which within another one
// may begin with that one's variable.
func (p *parser) collection(path string) (scope, func(*env, any) []any, error) {
	head, rest, ok := strings.Cut(path, "/")
	outer := p.vars[head]
	if !ok || outer == nil {
		return p.scope.each(path)
	}
	inner, items, err := outer.each(rest)
	return inner, func(e *env, _ any) []any { return items(e, e.locals[head]) }, err
}

func (e *env) with(name string, item any) *env {
	n := &env{t: e.t, locals: map[string]any{name: item}}
	for k, v := range e.locals {
		if k != name {
			n.locals[k] = v
		}
	}
	return n
}

// maxInText is the longest text column that In and NotIn take.
const maxInText = 850

// arguments of a query function.
type arguments struct {
	prop   operand
	values []string
}

// queryCall parses one of the service's own functions, all of whose arguments
// are named and quoted.
func (p *parser) queryCall(name string) (condition, error) {
	var a arguments
	for !p.isPunct(")") {
		if err := p.argument(&a); err != nil {
			return condition{}, err
		}
		if p.isPunct(",") {
			if err := p.advance(); err != nil {
				return condition{}, err
			}
		} else if !p.isPunct(")") {
			return condition{}, syntaxFault(p.lex.src, p.tok.at)
		}
	}
	if err := p.advance(); err != nil {
		return condition{}, err
	}
	if a.prop.get == nil {
		return condition{}, badQuery("The function '%s' needs PropertyName.", name)
	}
	if err := p.skipTrue(); err != nil {
		return condition{}, err
	}
	c, err := queryFunction(name, a)
	if err != nil {
		return condition{}, err
	}
	return c, p.count(1, len(a.values))
}

func (p *parser) argument(a *arguments) error {
	name := p.tok.text
	if p.tok.kind != tokWord {
		return syntaxFault(p.lex.src, p.tok.at)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("="); err != nil {
		return err
	}
	tok := p.tok
	if err := p.advance(); err != nil {
		return err
	}
	if tok.kind == tokAlias {
		text, ok := p.alias[tok.text]
		if !ok {
			return badQuery("The parameter alias '%s' has no value.", tok.text)
		}
		l := lexer{src: text}
		var err error
		if tok, err = l.next(); err != nil {
			return err
		}
	}
	switch {
	case name == "PropertyName" && tok.kind == tokText:
		var err error
		if a.prop, err = p.path(tok.text); err != nil { // these functions call a lookup by its column's name
			if byColumn, bad := p.path("_" + tok.text + "_value"); bad == nil {
				a.prop, err = byColumn, nil
			}
		}
		return err
	case name == "PropertyValues" && tok.kind == tokList:
		vs, err := listValues(tok.text)
		a.values = append(a.values, vs...)
		return err
	case strings.HasPrefix(name, "PropertyValue") && (tok.kind == tokText || tok.kind == tokWord):
		a.values = append(a.values, tok.text)
		return nil
	}
	return badQuery("The argument '%s' of a query function can't be read.", name)
}

func queryFunction(name string, a arguments) (condition, error) {
	vals := make([]any, len(a.values))
	for i, s := range a.values {
		v, err := convert(a.prop, s)
		if err != nil && !strings.Contains(name, "X") {
			return condition{}, err
		}
		vals[i] = v
	}
	get := a.prop.get
	is := func(f func(v any) bool) condition {
		return condition{holds: func(e *env, it any) bool { return f(get(e, it)) }}
	}
	need := func(n int, c condition) (condition, error) {
		if len(vals) != n {
			return condition{}, badQuery("The function '%s' needs %d values.", name, n)
		}
		return c, nil
	}
	in := func(v any) bool {
		return slices.ContainsFunc(vals, func(w any) bool { return v != nil && ordered(v, "eq", w) })
	}
	switch name {
	case "In", "NotIn":
		if c := a.prop.col; c != nil && columnType(c) == typeText && c.Max > maxInText {
			return condition{}, badQuery("The function '%s' can't be used with '%s', whose texts may be longer than %d characters.", name, c.Name, maxInText)
		}
		if name == "NotIn" {
			return is(func(v any) bool { return !in(v) }), nil
		}
		c := is(in)
		c.plan = planIn(a.prop.col, vals)
		return c, nil
	case "Between", "NotBetween":
		between := func(v any) bool { return ordered(v, "ge", vals[0]) && ordered(v, "le", vals[1]) }
		return need(2, is(func(v any) bool { return between(v) == (name == "Between") }))
	case "EqualUserId", "EqualUserOrUserTeams":
		return condition{holds: func(e *env, it any) bool { return ordered(get(e, it), "eq", e.t.user) }}, nil
	case "NotEqualUserId":
		return condition{holds: func(e *env, it any) bool { return !ordered(get(e, it), "eq", e.t.user) }}, nil
	case "EqualBusinessId":
		return condition{holds: func(e *env, it any) bool { return ordered(get(e, it), "eq", e.t.o.unit) }}, nil
	case "On", "OnOrAfter", "OnOrBefore":
		return need(1, is(func(v any) bool { return onDay(name, v, vals[0]) }))
	}
	return relative(name, a)
}

func planIn(col *Column, vals []any) func(*data) ([]string, bool) {
	if col == nil {
		return nil
	}
	return func(d *data) ([]string, bool) {
		var all []string
		for _, v := range vals {
			ids, ok := planFor(col, v)(d)
			if !ok {
				return nil, false
			}
			all = append(all, ids...)
		}
		slices.Sort(all)
		return slices.Compact(all), true
	}
}

func onDay(name string, v, day any) bool {
	s, ok := v.(stamp)
	if text, isText := v.(string); isText {
		s, ok = instantOf(text)
	}
	d, isTime := day.(stamp)
	if !ok || !isTime {
		return false
	}
	start := stamp(d.time().Truncate(24 * time.Hour).Unix())
	switch name {
	case "OnOrAfter":
		return s >= start
	case "OnOrBefore":
		return s < start+86400
	}
	return s >= start && s < start+86400
}

// relative are the functions that count from now.
func relative(name string, a arguments) (condition, error) {
	n := 1
	if len(a.values) == 1 && a.values[0] != "" {
		op, ok := wordLiteral(a.values[0])
		i, isInt := op.lit.(int64)
		if !ok || !isInt || i < 1 {
			return condition{}, badQuery("The function '%s' needs a positive number.", name)
		}
		n = int(i)
	}
	span := spanOf(name, n)
	if span == nil {
		return condition{}, notImplemented("The query function " + name)
	}
	get := a.prop.get
	return condition{holds: func(e *env, it any) bool {
		v := get(e, it)
		s, ok := v.(stamp)
		if text, isDay := v.(string); isDay {
			s, ok = instantOf(text)
		}
		_, zone := e.t.userZone(e.t.user)
		now := e.t.o.now().In(zone)
		from, to := span(now, time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone))
		return ok && (from.IsZero() || s >= stamp(from.Unix())) && s <= stamp(to.Unix())
	}}, nil
}

// spanOf is the time that a function is about: from and to as seen at now, day
// being the midnight before it in the user's time zone. A zero from: no beginning.
func spanOf(name string, n int) func(now, day time.Time) (from, to time.Time) {
	last := func(years, months, days int) func(now, day time.Time) (time.Time, time.Time) {
		return func(now, day time.Time) (time.Time, time.Time) { return day.AddDate(-years*n, -months*n, -days*n), now }
	}
	next := func(years, months, days int) func(now, day time.Time) (time.Time, time.Time) {
		return func(now, day time.Time) (time.Time, time.Time) { return now, day.AddDate(years*n, months*n, days*n+1) }
	}
	older := func(years, months, days int) func(now, day time.Time) (time.Time, time.Time) {
		return func(now, _ time.Time) (time.Time, time.Time) {
			return time.Time{}, now.AddDate(-years*n, -months*n, -days*n)
		}
	}
	// whole is the week, month or year that is k away from the present one.
	whole := func(unit byte, k int) func(now, day time.Time) (time.Time, time.Time) {
		return func(_, day time.Time) (from, to time.Time) {
			switch unit {
			case 'w':
				from = day.AddDate(0, 0, -int(day.Weekday())+7*k)
				to = from.AddDate(0, 0, 7)
			case 'm':
				from = time.Date(day.Year(), day.Month()+time.Month(k), 1, 0, 0, 0, 0, day.Location())
				to = from.AddDate(0, 1, 0)
			default:
				from = time.Date(day.Year()+k, 1, 1, 0, 0, 0, 0, day.Location())
				to = from.AddDate(1, 0, 0)
			}
			return from, to.Add(-time.Second)
		}
	}
	switch name {
	case "Today":
		return func(_, day time.Time) (time.Time, time.Time) { return day, day.AddDate(0, 0, 1).Add(-time.Second) }
	case "Yesterday":
		return func(_, day time.Time) (time.Time, time.Time) { return day.AddDate(0, 0, -1), day.Add(-time.Second) }
	case "Tomorrow":
		return func(_, day time.Time) (time.Time, time.Time) {
			return day.AddDate(0, 0, 1), day.AddDate(0, 0, 2).Add(-time.Second)
		}
	case "LastXHours":
		return func(now, _ time.Time) (time.Time, time.Time) { return now.Add(-time.Duration(n) * time.Hour), now }
	case "NextXHours":
		return func(now, _ time.Time) (time.Time, time.Time) { return now, now.Add(time.Duration(n) * time.Hour) }
	case "Last7Days":
		n = 7
		return last(0, 0, 1)
	case "Next7Days":
		n = 7
		return next(0, 0, 1)
	}
	return map[string]func(now, day time.Time) (time.Time, time.Time){
		"LastXDays": last(0, 0, 1), "LastXWeeks": last(0, 0, 7), "LastXMonths": last(0, 1, 0), "LastXYears": last(1, 0, 0),
		"NextXDays": next(0, 0, 1), "NextXWeeks": next(0, 0, 7), "NextXMonths": next(0, 1, 0), "NextXYears": next(1, 0, 0),
		"OlderThanXDays": older(0, 0, 1), "OlderThanXWeeks": older(0, 0, 7), "OlderThanXMonths": older(0, 1, 0), "OlderThanXYears": older(1, 0, 0),
		"ThisWeek": whole('w', 0), "LastWeek": whole('w', -1), "NextWeek": whole('w', 1),
		"ThisMonth": whole('m', 0), "LastMonth": whole('m', -1), "NextMonth": whole('m', 1),
		"ThisYear": whole('y', 0), "LastYear": whole('y', -1), "NextYear": whole('y', 1),
	}[name]
}

// convert reads a quoted argument as a value of the property's type.
func convert(prop operand, s string) (any, error) {
	if prop.typ == typeText || prop.typ == typeAny {
		return s, nil
	}
	if s == "" {
		return nil, badQuery("An empty value can't be compared with type '%s'.", prop.typ)
	}
	op, ok := wordLiteral(s)
	if !ok || op.typ != prop.typ && op.typ != typeAny {
		return nil, badQuery("The value '%s' does not fit type '%s'.", s, prop.typ)
	}
	return op.lit, nil
}
