package dataverse

import (
	"encoding/json"
	"net/url"
	"strings"
)

// quote makes s a string literal of a filter: in apostrophes, those inside doubled.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// escape makes text fit for a query: everything but letters, digits and a few
// harmless signs goes as %XX, so that & + # % < > never mean anything.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// param is one query option; value is not escaped yet.
type param struct{ name, value string }

// query puts a path and its options together.
func query(path string, params ...param) string {
	var b strings.Builder
	b.WriteString(path)
	sep := byte('?')
	for _, p := range params {
		if p.value == "" {
			continue
		}
		b.WriteByte(sep)
		sep = '&'
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(escape(p.value))
	}
	return b.String()
}

// anyOf is a filter for rows whose column is one of values: the In function of
// the platform, or with or a chain of comparisons, which every version knows.
// literal makes a value a literal for the chain.
func anyOf(column string, values []string, or bool, literal func(string) string) string {
	if !or {
		return "Microsoft.Dynamics.CRM.In(PropertyName='" + column + "',PropertyValues=" + list(values) + ")"
	}
	terms := make([]string, len(values))
	for i, v := range values {
		terms[i] = column + " eq " + literal(v)
	}
	return strings.Join(terms, " or ")
}

// list is a JSON array of values as they stand: what encoding/json does to
// < > & for the sake of web pages would change what the platform compares.
func list(values []string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(values) // strings always encode
	return strings.TrimSuffix(b.String(), "\n")
}

// chunks cuts values into runs whose filter stays well under the length that
// the platform takes for a URL in a batch (65,536), and under what its query
// engine takes for one condition.
func chunks(values []string, or bool) [][]string {
	maxCount, maxLen := 200, 24<<10
	if or {
		maxCount = 60
	}
	var out [][]string
	var run []string
	length := 0
	for _, v := range values {
		n := len(escape(v)) + 40
		if len(run) > 0 && (len(run) == maxCount || length+n > maxLen) {
			out = append(out, run)
			run, length = nil, 0
		}
		run = append(run, v)
		length += n
	}
	if len(run) > 0 {
		out = append(out, run)
	}
	return out
}
