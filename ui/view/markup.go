package view

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ToHTML is what was typed as simple HTML: the text goes out as it is, and beside
// it this. It knows the marks that people put into plain text anyway: *bold*,
// _italic_, lines that begin with "- " or "1. ", lines that begin with ">",
// [words](https://…) and web addresses. Everything else is text.
func ToHTML(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var b strings.Builder
	writeHTML(&b, strings.Split(strings.TrimRight(text, "\n "), "\n"), 0)
	return b.String()
}

func writeHTML(b *strings.Builder, lines []string, depth int) {
	para := 0 // lines in the paragraph under way
	end := func() {
		if para > 0 {
			b.WriteString("</p>\n")
			para = 0
		}
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, ">") && depth < maxDepth:
			end()
			var inner []string
			for ; i < len(lines) && strings.HasPrefix(lines[i], ">"); i++ {
				inner = append(inner, strings.TrimPrefix(lines[i][1:], " "))
			}
			i--
			b.WriteString("<blockquote>\n")
			writeHTML(b, inner, depth+1)
			b.WriteString("</blockquote>\n")
		case itemOf(line) != "":
			end()
			tag := itemOf(line)
			b.WriteString("<" + tag + ">\n")
			for ; i < len(lines) && itemOf(lines[i]) == tag; i++ {
				b.WriteString("<li>" + inlineHTML(itemText(lines[i])) + "</li>\n")
			}
			i--
			b.WriteString("</" + tag + ">\n")
		case strings.TrimSpace(line) == "":
			end()
		default:
			if para == 0 {
				b.WriteString("<p>")
			} else {
				b.WriteString("<br>\n")
			}
			para++
			b.WriteString(inlineHTML(line))
		}
	}
	end()
}

var listMark = regexp.MustCompile(`^\s{0,4}(?:([-*•])|(\d{1,3})[.)])\s+\S`)

// itemOf is the list that a line is an item of: "ul", "ol" or "".
func itemOf(line string) string {
	m := listMark.FindStringSubmatch(line)
	switch {
	case m == nil:
		return ""
	case m[1] != "":
		return "ul"
	}
	return "ol"
}

func itemText(line string) string {
	line = strings.TrimLeft(line, " \t")
	_, rest, _ := strings.Cut(line, " ")
	return strings.TrimSpace(rest)
}

var linkMark = regexp.MustCompile(`\[([^\[\]\n]{1,300})\]\(((?:https?://|mailto:)[^\s()<>"]{1,1000})\)`)

// inlineHTML writes one line: links first, then marks in what is between them.
func inlineHTML(s string) string {
	var b strings.Builder
	for s != "" {
		at := linkMark.FindStringSubmatchIndex(s)
		bare := address.FindStringIndex(s)
		if at == nil && bare == nil {
			break
		}
		if at != nil && (bare == nil || at[0] <= bare[0]) {
			b.WriteString(marksHTML(s[:at[0]]))
			writeLink(&b, s[at[4]:at[5]], s[at[2]:at[3]])
			s = s[at[1]:]
			continue
		}
		b.WriteString(marksHTML(s[:bare[0]]))
		text := strings.TrimRight(s[bare[0]:bare[1]], ".,;:!?)]}'*_")
		href := text
		if !strings.Contains(href, "://") {
			href = "http://" + href
		}
		writeLink(&b, href, text)
		s = s[bare[0]+len(text):]
	}
	b.WriteString(marksHTML(s))
	return b.String()
}

func writeLink(b *strings.Builder, href, text string) {
	if safe := safeLink(href); safe != "" {
		b.WriteString(`<a href="` + html.EscapeString(safe) + `">` + html.EscapeString(text) + "</a>")
		return
	}
	b.WriteString(html.EscapeString(text))
}

// marksHTML turns *bold* and _italic_ into markup, and two or more spaces into
// ones that stay.
func marksHTML(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '*' || r == '_' {
			if end := markEnd(s, i, byte(r)); end > 0 {
				tag := map[rune]string{'*': "b", '_': "i"}[r]
				b.WriteString("<" + tag + ">" + marksHTML(s[i+1:end]) + "</" + tag + ">")
				i = end + 1
				continue
			}
		}
		if r == ' ' && i > 0 && s[i-1] == ' ' {
			b.WriteString("&nbsp;")
		} else {
			b.WriteString(html.EscapeString(s[i : i+n]))
		}
		i += n
	}
	return b.String()
}

// markEnd finds the mark that ends what begins at s[at]: the first one inside must
// be a letter's neighbour, the one outside must not (2*3*4 and file_name stay).
func markEnd(s string, at int, mark byte) int {
	if before, _ := utf8.DecodeLastRuneInString(s[:at]); at > 0 && wordRune(before) {
		return -1
	}
	if first, _ := utf8.DecodeRuneInString(s[at+1:]); at+1 >= len(s) || unicode.IsSpace(first) || first == rune(mark) {
		return -1
	}
	for end := at + 2; end < len(s); end++ {
		if s[end] != mark {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(s[:end])
		next, _ := utf8.DecodeRuneInString(s[end+1:])
		if !unicode.IsSpace(last) && (end+1 == len(s) || !wordRune(next)) {
			return end
		}
	}
	return -1
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// Typed is the body as somebody would have typed it: the marks that ToHTML knows
// stand for its styles, so that a template can be edited as text.
func (b Body) Typed() string {
	var out strings.Builder
	for i, bl := range b.Blocks {
		if i > 0 && (bl.Gap || bl.Kind == Heading) {
			out.WriteString(strings.Repeat(">", min(bl.Quote, b.Blocks[i-1].Quote)) + "\n")
		}
		if bl.Quote > 0 {
			out.WriteString(strings.Repeat(">", bl.Quote) + " ")
		}
		if bl.Marker != "" {
			marker := bl.Marker
			if r, _ := utf8.DecodeRuneInString(marker); !unicode.IsDigit(r) {
				marker = "-"
			}
			out.WriteString(strings.Repeat("  ", max(0, bl.Indent-1)) + marker + " ")
		}
		if bl.Kind == Rule {
			out.WriteString("-- ")
		}
		for _, r := range bl.Runs {
			out.WriteString(typedRun(r, bl.Kind == Heading))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func typedRun(r Run, heading bool) string {
	text := strings.TrimSpace(r.Text)
	if text == "" || r.Faint {
		return r.Text
	}
	lead, tail, _ := strings.Cut(r.Text, text)
	switch {
	case r.Link != "" && r.Link != text && !strings.ContainsAny(r.Link, `()<>" `):
		text = "[" + strings.NewReplacer("[", "(", "]", ")").Replace(text) + "](" + r.Link + ")"
	case r.Bold || heading:
		text = "*" + text + "*"
	case r.Italic:
		text = "_" + text + "_"
	}
	return lead + text + tail
}
