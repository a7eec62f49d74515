package ui

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
)

// textWidth is the width of s on one line. It is added up word by word: the toolkit
// remembers what it measured, and words come back where lines don't. (A letter that
// no font has costs it a search of all fonts each time.)
func textWidth(s string, size float32, style fyne.TextStyle) float32 {
	w := float32(0)
	for s != "" {
		n := nextBreak(s, 0)
		w += fyne.MeasureText(s[:n], size, style).Width
		s = s[n:]
	}
	return w
}

// lineHeight is the height of a line of that size, the same for every script.
func lineHeight(size float32) float32 {
	switch {
	case size >= 17:
		return 24
	case size >= 13:
		return 18
	}
	return 16
}

// ellipsis cuts s so that it fits into width, and says so with "…".
func ellipsis(s string, width float32, measure func(string) float32) string {
	if s == "" || measure(s) <= width {
		return s
	}
	room := width - measure("…")
	n := 0
	if room > 0 {
		n = fitting(s, room, measure)
		for _, r := range s[n:] { // and as much of the next word
			end := n + utf8.RuneLen(r)
			from := strings.LastIndexByte(s[:n], ' ') + 1
			if measure(s[:from])+measure(s[from:end]) > room {
				break
			}
			n = end
		}
	}
	if n > 0 && measure(strings.TrimRight(s[:n], " ")) > room { // not even the first letter fits
		n = 0
	}
	return strings.TrimRight(s[:n], " ,;:-–·") + "…"
}

// wrapWords breaks s into at most most lines; what is left over stays on the last.
func wrapWords(s string, width float32, measure func(string) float32, most int) []string {
	var lines []string
	for part := range strings.SplitSeq(s, "\n") {
		rest := part
		for measure(rest) > width && len(lines) < most-1 {
			n := fitting(rest, width, measure)
			lines = append(lines, strings.TrimRight(rest[:n], " "))
			rest = strings.TrimLeft(rest[n:], " ")
		}
		lines = append(lines, rest)
		if len(lines) >= most {
			break
		}
	}
	return lines
}

// fitting returns how many bytes of s fit into width, ending at a word's end where
// there is one. It is at least one rune.
func fitting(s string, width float32, measure func(string) float32) int {
	at, w := 0, float32(0)
	for at < len(s) {
		next := nextBreak(s, at)
		word := s[at:next]
		if w+measure(strings.TrimRight(word, " ")) > width {
			break
		}
		w += measure(word)
		at = next
	}
	if at > 0 || s == "" {
		return at
	}
	// one word is too long: as many letters as fit
	for i, r := range s {
		if w += measure(string(r)); i > 0 && w > width {
			return i
		}
	}
	return len(s)
}

// nextBreak is where the word that begins at from ends, with the spaces behind it;
// scripts that are written without spaces may break after every letter.
func nextBreak(s string, from int) int {
	inSpace := false
	for i, r := range s[from:] {
		switch {
		case r == ' ' || r == '\t':
			inSpace = true
		case inSpace:
			return from + i
		case i > 0 && breakable(r):
			return from + i
		case breakable(r):
			if n := utf8.RuneLen(r); from+i+n < len(s) && s[from+i+n] != ' ' {
				return from + i + n
			}
		}
	}
	return len(s)
}

// breakable reports whether a line may end before and after r: Chinese, Japanese.
func breakable(r rune) bool {
	return r >= 0x2e80 && r <= 0x9fff || r >= 0xf900 && r <= 0xfaff || r >= 0xff00 && r <= 0xffef || r >= 0x20000 && r <= 0x3ffff
}
