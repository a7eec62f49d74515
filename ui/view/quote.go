package view

import "strings"

// forwardLine begins what is forwarded.
const forwardLine = "---------- Forwarded message ----------"

// SplitQuote divides a text into what its writer wrote and what is quoted or
// forwarded below it; own + quote is the text. A quotation in the middle, with
// words below it, belongs to what was written.
func SplitQuote(text string) (own, quote string) {
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimRight(l, "\r\n") == forwardLine {
			return strings.Join(lines[:i], ""), strings.Join(lines[i:], "")
		}
	}
	first := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		l := strings.TrimSpace(lines[i])
		if strings.HasPrefix(l, ">") {
			first = i
		} else if l != "" {
			break
		}
	}
	if first == len(lines) {
		return text, ""
	}
	if first > 0 && strings.HasSuffix(strings.TrimSpace(lines[first-1]), ":") { // "On …, … wrote:"
		first--
	}
	return strings.Join(lines[:first], ""), strings.Join(lines[first:], "")
}

// splitSignature divides a text before the line that begins a signature (RFC 3676,
// section 4.3); own + signature is the text.
func splitSignature(text string) (own, signature string) {
	if text == "-- " || strings.HasPrefix(text, "-- \n") {
		return "", text
	}
	if i := strings.Index(text, "\n-- \n"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}

// quoteLines counts the lines of a quotation that have words.
func quoteLines(quote string) int {
	n := 0
	for l := range strings.SplitSeq(quote, "\n") {
		if strings.Trim(l, "> \r\t") != "" {
			n++
		}
	}
	return n
}
