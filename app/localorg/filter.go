package localorg

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The service refuses queries with more conditions, or values in them, than these.
const (
	maxConditions = 500
	maxValues     = 2000
	maxNesting    = 100
)

// valueType is what a $filter may compare with what.
type valueType int

const (
	typeAny valueType = iota // null, and all metadata
	typeText
	typeNumber
	typeBool
	typeGUID
	typeTime // instants and days
)

func (v valueType) String() string {
	return [...]string{"Edm.Null", "Edm.String", "Edm.Int32", "Edm.Boolean", "Edm.Guid", "Edm.DateTimeOffset"}[v]
}

// env is what a filter may need besides the row.
type env struct {
	t      *tx
	locals map[string]any // range variables of any and all
}

// operand is one side of a comparison.
type operand struct {
	typ  valueType
	get  func(e *env, item any) any
	lit  any     // the value of a literal
	col  *Column // of the table queried, if it is one
	kind Kind    // of the column, also at the end of a path
}

// scope resolves the names in a filter.
type scope interface {
	path(p string) (operand, error)
	each(p string) (scope, func(e *env, item any) []any, error) // collections, for any and all
}

// condition is a compiled filter. plan, if not nil, names indexes that narrow
// down where it can hold.
type condition struct {
	holds func(e *env, item any) bool
	plan  func(d *data) ([]string, bool)
}

type parser struct {
	lex        lexer
	tok        token
	scope      scope
	vars       map[string]scope
	alias      map[string]string
	conditions int
	values     int
	depth      int
}

// parseFilter compiles a $filter. aliases are the @parameters of the query.
func parseFilter(src string, s scope, aliases map[string]string) (condition, error) {
	p := &parser{lex: lexer{src: src}, scope: s, alias: aliases}
	if err := p.advance(); err != nil {
		return condition{}, err
	}
	c, err := p.or()
	if err != nil {
		return condition{}, err
	}
	if p.tok.kind != tokEnd {
		return condition{}, syntaxFault(src, p.tok.at)
	}
	return c, nil
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) isWord(w string) bool  { return p.tok.kind == tokWord && p.tok.text == w }
func (p *parser) isPunct(c string) bool { return p.tok.kind == tokPunct && p.tok.text == c }

func (p *parser) expect(c string) error {
	if !p.isPunct(c) {
		return syntaxFault(p.lex.src, p.tok.at)
	}
	return p.advance()
}

func (p *parser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.isWord("or") {
		var right condition
		if err = p.advance(); err == nil {
			right, err = p.and()
		}
		left = either(left, right)
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.isWord("and") {
		var right condition
		if err = p.advance(); err == nil {
			right, err = p.not()
		}
		left = both(left, right)
	}
	return left, err
}

func (p *parser) not() (condition, error) {
	if p.depth++; p.depth > maxNesting {
		return condition{}, badQuery("The filter is nested too deeply.")
	}
	defer func() { p.depth-- }()
	switch {
	case p.isWord("not"):
		if err := p.advance(); err != nil {
			return condition{}, err
		}
		c, err := p.not()
		return condition{holds: func(e *env, it any) bool { return !c.holds(e, it) }}, err
	case p.isPunct("("):
		if err := p.advance(); err != nil {
			return condition{}, err
		}
		c, err := p.or()
		if err != nil {
			return condition{}, err
		}
		return c, p.expect(")")
	}
	return p.comparison()
}

func either(a, b condition) condition {
	c := condition{holds: func(e *env, it any) bool { return a.holds(e, it) || b.holds(e, it) }}
	if a.plan != nil && b.plan != nil {
		c.plan = func(d *data) ([]string, bool) {
			left, ok := a.plan(d)
			right, ok2 := b.plan(d)
			all := append(slices.Clone(left), right...)
			slices.Sort(all)
			return slices.Compact(all), ok && ok2
		}
	}
	return c
}

func both(a, b condition) condition {
	c := condition{holds: func(e *env, it any) bool { return a.holds(e, it) && b.holds(e, it) }, plan: a.plan}
	switch {
	case c.plan == nil:
		c.plan = b.plan
	case b.plan != nil:
		c.plan = func(d *data) ([]string, bool) {
			if ids, ok := a.plan(d); ok {
				return ids, true
			}
			return b.plan(d)
		}
	}
	return c
}

var comparisons = []string{"eq", "ne", "gt", "ge", "lt", "le"}

func (p *parser) comparison() (condition, error) {
	if p.tok.kind == tokWord {
		name := p.tok.text
		save := p.lex.pos
		word := p.tok
		if err := p.advance(); err != nil {
			return condition{}, err
		}
		if p.isPunct("(") {
			return p.call(name)
		}
		p.lex.pos, p.tok = save, word
	}
	left, err := p.operand()
	if err != nil {
		return condition{}, err
	}
	if p.tok.kind != tokWord || !slices.Contains(comparisons, p.tok.text) {
		if left.typ == typeBool { // a Yes/No column by itself
			return condition{holds: func(e *env, it any) bool { b, _ := left.get(e, it).(bool); return b }}, p.count(1, 0)
		}
		return condition{}, syntaxFault(p.lex.src, p.tok.at)
	}
	op := p.tok.text
	if err := p.advance(); err != nil {
		return condition{}, err
	}
	right, err := p.operand()
	if err != nil {
		return condition{}, err
	}
	if left.typ != right.typ && left.typ != typeAny && right.typ != typeAny {
		return condition{}, badQuery("A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.", left.typ, right.typ, op)
	}
	return compare(left, op, right), p.count(1, 1)
}

// count keeps the limits on what one query may ask.
func (p *parser) count(conditions, values int) error {
	p.conditions += conditions
	p.values += values
	if p.conditions > maxConditions || p.values > maxValues {
		return refuse(400, codeTooManyConditions, "Number of conditions in query exceeded maximum limit.")
	}
	return nil
}

func (p *parser) operand() (operand, error) {
	tok := p.tok
	if err := p.advance(); err != nil {
		return operand{}, err
	}
	switch tok.kind {
	case tokText:
		return literal(typeText, tok.text), nil
	case tokAlias:
		text, ok := p.alias[tok.text]
		if !ok {
			return operand{}, badQuery("The parameter alias '%s' has no value.", tok.text)
		}
		return parseLiteral(text)
	case tokWord:
		if lit, ok := wordLiteral(tok.text); ok {
			return lit, nil
		}
		return p.path(tok.text)
	}
	return operand{}, syntaxFault(p.lex.src, tok.at)
}

// path resolves a name, which within any and all may begin with a range variable.
func (p *parser) path(name string) (operand, error) {
	head, rest, ok := strings.Cut(name, "/")
	if s, isVar := p.vars[head]; isVar && ok {
		op, err := s.path(rest)
		if err != nil {
			return op, err
		}
		inner := op.get
		op.get = func(e *env, _ any) any { return inner(e, e.locals[head]) }
		op.col = nil
		return op, nil
	}
	return p.scope.path(name)
}

func literal(t valueType, v any) operand {
	return operand{typ: t, lit: v, get: func(*env, any) any { return v }}
}

// parseLiteral reads a literal that stands alone, as the value of an alias does.
func parseLiteral(text string) (operand, error) {
	l := lexer{src: text}
	tok, err := l.next()
	if err != nil {
		return operand{}, err
	}
	if end, err := l.next(); err != nil || end.kind != tokEnd {
		return operand{}, syntaxFault(text, end.at)
	}
	switch tok.kind {
	case tokText:
		return literal(typeText, tok.text), nil
	case tokWord:
		if lit, ok := wordLiteral(tok.text); ok {
			return lit, nil
		}
	}
	return operand{}, syntaxFault(text, 0)
}

func wordLiteral(w string) (operand, bool) {
	switch w {
	case "null":
		return literal(typeAny, nil), true
	case "true":
		return literal(typeBool, true), true
	case "false":
		return literal(typeBool, false), true
	}
	if id, ok := parseGUID(w); ok {
		return literal(typeGUID, id), true
	}
	if w == "" {
		return operand{}, false
	}
	if w[0] != '-' && (w[0] < '0' || w[0] > '9') {
		return operand{}, false
	}
	if n, err := strconv.ParseInt(w, 10, 64); err == nil {
		return literal(typeNumber, n), true
	}
	if f, err := strconv.ParseFloat(w, 64); err == nil {
		return literal(typeNumber, f), true
	}
	if at, ok := instantOf(w); ok {
		return literal(typeTime, at), true
	}
	return operand{}, false
}

// instantOf reads a date, or a date and time with its zone.
func instantOf(s string) (stamp, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return stamp(at.Unix()), true
		}
	}
	return 0, false
}

// listValues reads a list as texts, which may stand in single or double quotes.
func listValues(text string) ([]string, error) {
	var raw []any
	if json.Unmarshal([]byte(text), &raw) != nil && json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &raw) != nil {
		return nil, badQuery("The list '%s' can't be read.", text)
	}
	out := make([]string, len(raw))
	for i, v := range raw {
		s, ok := v.(string)
		if !ok {
			return nil, badQuery("The list '%s' must hold texts.", text)
		}
		out[i] = s
	}
	return out, nil
}
