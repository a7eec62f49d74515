package view

import (
	"regexp"
	"strings"
)

// FromText reads a plain text body: quotation marks become depth, web addresses
// become links, "-- " becomes a rule.
func FromText(s string) Body {
	var b builder
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	for line := range strings.SplitSeq(s, "\n") {
		if b.full {
			break
		}
		depth, rest := quoteDepth(printable(line))
		rest = strings.ReplaceAll(rest, "\t", "    ")
		switch {
		case rest == "-- " || rest == "--":
			b.end(true)
			b.push(Block{Kind: Rule, Quote: depth})
			continue
		case strings.TrimSpace(rest) == "":
			b.end(true)
			continue
		}
		b.cur.Quote = depth
		if n := len(b.body.Blocks); n > 0 && b.body.Blocks[n-1].Quote != depth {
			b.gap = true
		}
		linkify(&b, strings.TrimRight(rest, " "))
		b.end(false)
	}
	b.end(false)
	return b.body
}

// quoteDepth counts the quotation marks that a line begins with: ">>", "> >".
func quoteDepth(line string) (int, string) {
	depth, rest := 0, line
	for {
		t := strings.TrimPrefix(rest, " ")
		if !strings.HasPrefix(t, ">") {
			break
		}
		depth++
		rest = t[1:]
	}
	if depth > 0 {
		rest = strings.TrimPrefix(rest, " ")
	}
	return min(depth, maxDepth), rest
}

var address = regexp.MustCompile(`(?i)\b(https?://[^\s<>"]+|www\.[a-z0-9-]+\.[^\s<>"]+)`)

// linkify adds a line's text, with its web addresses as links.
func linkify(b *builder, line string) {
	for line != "" {
		at := address.FindStringIndex(line)
		if at == nil {
			b.text(Run{}, line)
			return
		}
		text := strings.TrimRight(line[at[0]:at[1]], ".,;:!?)]}'*_")
		href := text
		if !strings.Contains(href, "://") {
			href = "http://" + href
		}
		b.text(Run{}, line[:at[0]])
		b.text(Run{Link: safeLink(href)}, text)
		line = line[at[0]+len(text):]
	}
}
