package localorg

import (
	"strings"
	"time"
)

// fetchFunctions are the operators of FetchXML that the query functions of the
// Web API are other names of.
var fetchFunctions = map[string]string{
	"in": "In", "not-in": "NotIn", "between": "Between", "not-between": "NotBetween",
	"eq-userid": "EqualUserId", "ne-userid": "NotEqualUserId", "eq-useroruserteams": "EqualUserOrUserTeams", "eq-businessid": "EqualBusinessId",
	"on": "On", "on-or-after": "OnOrAfter", "on-or-before": "OnOrBefore",
	"today": "Today", "yesterday": "Yesterday", "tomorrow": "Tomorrow", "last-seven-days": "Last7Days", "next-seven-days": "Next7Days",
	"this-week": "ThisWeek", "last-week": "LastWeek", "next-week": "NextWeek", "this-month": "ThisMonth", "last-month": "LastMonth", "next-month": "NextMonth",
	"this-year": "ThisYear", "last-year": "LastYear", "next-year": "NextYear",
	"last-x-hours": "LastXHours", "next-x-hours": "NextXHours", "last-x-days": "LastXDays", "next-x-days": "NextXDays", "last-x-weeks": "LastXWeeks", "next-x-weeks": "NextXWeeks",
	"last-x-months": "LastXMonths", "next-x-months": "NextXMonths", "last-x-years": "LastXYears", "next-x-years": "NextXYears",
	"olderthan-x-days": "OlderThanXDays", "olderthan-x-weeks": "OlderThanXWeeks", "olderthan-x-months": "OlderThanXMonths", "olderthan-x-years": "OlderThanXYears",
}

// filters are the filters of an entity together.
func (f *fetchCompiler) filters(tab *Table, nodes []fetchNode) (condition, error) {
	out := condition{holds: func(*env, any) bool { return true }}
	for _, n := range nodes {
		c, err := f.filter(tab, n)
		if err != nil {
			return out, err
		}
		out = both(out, c)
	}
	return out, nil
}

func (f *fetchCompiler) filter(tab *Table, n fetchNode) (condition, error) {
	any := false
	switch n.attrs["type"] {
	case "", "and":
	case "or":
		any = true
	default:
		return condition{}, badValue("Invalid filter type: %s", n.attrs["type"])
	}
	var out *condition
	for _, kid := range n.kids {
		var c condition
		var err error
		switch kid.name {
		case "condition":
			c, err = f.condition(tab, kid)
		case "filter":
			c, err = f.filter(tab, kid)
		default:
			err = notImplemented("The FetchXML element " + kid.name + " within a filter")
		}
		switch {
		case err != nil:
			return c, err
		case out == nil:
			out = &c
		case any:
			c = either(*out, c)
			out = &c
		default:
			c = both(*out, c)
			out = &c
		}
	}
	if out == nil {
		return condition{holds: func(*env, any_) bool { return true }}, nil
	}
	return *out, nil
}

// any_ names the type where a variable hides it.
type any_ = any

func (f *fetchCompiler) condition(tab *Table, n fetchNode) (condition, error) {
	left, err := f.operand(tab, n.attrs["attribute"])
	if err != nil {
		return condition{}, err
	}
	values := []string{}
	if v, ok := n.attrs["value"]; ok {
		values = append(values, v)
	}
	for _, kid := range n.kids {
		if kid.name != "value" {
			return condition{}, notImplemented("The FetchXML element " + kid.name + " within a condition")
		}
		values = append(values, strings.TrimSpace(kid.text))
	}
	if err := f.count.count(1, len(values)); err != nil {
		return condition{}, err
	}
	op := n.attrs["operator"]
	one := func(do func(v any) condition) (condition, error) {
		if len(values) != 1 {
			return condition{}, badValue("The condition on '%s' needs one value for the operator '%s'.", n.attrs["attribute"], op)
		}
		v, err := f.value(left, values[0])
		return do(v), err
	}
	get := left.get
	switch op {
	case "eq", "gt", "ge", "lt", "le":
		return one(func(v any) condition { return compare(left, op, literal(left.typ, v)) })
	case "ne", "neq":
		return one(func(v any) condition { return compare(left, "ne", literal(left.typ, v)) })
	case "like", "not-like", "begins-with", "not-begin-with", "ends-with", "not-end-with":
		return one(func(v any) condition {
			s, _ := v.(string)
			if strings.Contains(op, "begin") {
				s += "%"
			} else if strings.Contains(op, "end") {
				s = "%" + s
			}
			match, want := like(s), !strings.HasPrefix(op, "not-")
			return condition{holds: func(e *env, it any) bool { text, ok := get(e, it).(string); return ok && match(text) == want }}
		})
	case "null", "not-null":
		return condition{holds: func(e *env, it any) bool { return (get(e, it) == nil) == (op == "null") }}, nil
	}
	name, ok := fetchFunctions[op]
	if !ok {
		return condition{}, badValue("Invalid operator: %s", op)
	}
	for i, s := range values {
		if v, err := f.value(left, s); err == nil && left.typ != typeText {
			values[i] = strings.Trim(string(appendValue(nil, v)), `"`)
		}
	}
	return queryFunction(name, arguments{prop: left, values: values})
}

// value reads a value as FetchXML writes it: ids with or without braces, yes
// and no as numbers too, and times without a zone in that of the user.
func (f *fetchCompiler) value(of operand, s string) (any, error) {
	switch of.typ {
	case typeGUID:
		s = strings.Trim(s, "{}")
	case typeBool:
		switch s {
		case "1":
			s = "true"
		case "0":
			s = "false"
		}
	case typeTime:
		_, zone := f.t.userZone(f.t.user)
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
			if at, err := time.ParseInLocation(layout, s, zone); err == nil {
				return stamp(at.Unix()), nil
			}
		}
	}
	return convert(of, s)
}
