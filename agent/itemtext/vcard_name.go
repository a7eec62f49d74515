package itemtext

import (
	"slices"
	"strings"
	"unicode"

	"postrider/agent/vobject"
	"postrider/offline"
)

// nameParts are the words of N, in its order (RFC 6350 section 6.2.2).
var nameParts = []string{"last", "first", "middle", "prefix", "suffix"}

func readName(c *vobject.Component, f offline.Fields) {
	if l := c.First("N"); l != nil {
		for i, list := range l.Parts() {
			if i < len(nameParts) {
				put(f, nameParts[i], namePart(list))
			}
		}
	}
	if f["first"] != "" || f["last"] != "" {
		return
	}
	if l := c.First("FN"); l != nil { // N may be left out, or empty
		put(f, "last", oneLine(l.Text()))
	}
}

func namePart(list []string) string {
	var all []string
	for _, v := range list {
		if v = oneLine(v); v != "" {
			all = append(all, v)
		}
	}
	return strings.Join(all, " ")
}

// setName writes N; FN follows it.
func (e *edit) setName() {
	n := e.c.First("N")
	var parts [][]string
	if n != nil {
		parts = n.Parts()
	}
	for len(parts) < len(nameParts) {
		parts = append(parts, []string{""})
	}
	for i, w := range nameParts {
		if v := e.after(w); namePart(parts[i]) != v {
			parts[i] = []string{v}
		}
	}
	if n == nil {
		n = e.add("N")
	}
	n.SetParts(parts)
	full := e.fullName()
	fn := e.c.First("FN")
	if full == "" || fn == nil && e.version() == "2.1" { // which needs none
		return
	}
	if fn == nil {
		fn = e.add("FN")
	}
	fn.SetText(full)
}

// fullName is the name as it is said, in the order that the card has it in now; a
// Chinese, Japanese or Korean one has the family's name before one's own.
func (e *edit) fullName() string {
	familyFirst, space := false, " "
	if last := e.after("last"); strings.ContainsFunc(last, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Hangul) }) {
		familyFirst = true
		if strings.ContainsFunc(last, func(r rune) bool { return unicode.Is(unicode.Hangul, r) }) {
			space = ""
		}
	}
	if now := textOf(e.c, "FN"); e.now["first"] != "" && e.now["last"] != "" {
		word := func(w string) string { return e.now[w] }
		switch now {
		case wholeName(word, false, " "):
			familyFirst, space = false, " "
		case wholeName(word, true, " "):
			familyFirst, space = true, " "
		case wholeName(word, true, ""):
			familyFirst, space = true, ""
		}
	}
	return wholeName(e.after, familyFirst, space)
}

func wholeName(word func(string) string, familyFirst bool, space string) string {
	own := []string{word("first"), word("middle"), word("last")}
	if familyFirst {
		own = []string{word("last"), word("first"), word("middle")}
	}
	own = slices.DeleteFunc(own, func(s string) bool { return s == "" })
	all := []string{word("prefix"), strings.Join(own, space), word("suffix")}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// yomiParts are the words that say how a name sounds, by the place of the name in N.
var yomiParts = [...]string{"yomi-last", "yomi-first"}

// sortAs are the texts that a name is sorted by (RFC 6350 section 5.9): to Japanese
// programs, how it sounds.
func sortAs(l *vobject.Line) []string {
	if l == nil || l.Param("SORT-AS") == "" {
		return nil
	}
	return strings.Split(strings.Join(l.ParamValues("SORT-AS"), ","), ",")
}

// kana reports whether a text is how something sounds in Japanese.
func kana(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.Hiragana, unicode.Katakana) && r != 'ー' && r != ' ' && r != '・'
	})
}

// readYomi reads how a name sounds from what it is sorted by, where nothing else says it.
func readYomi(c *vobject.Component, f offline.Fields) {
	for i, v := range sortAs(c.First("N")) {
		if i < len(yomiParts) && f[yomiParts[i]] == "" && kana(v) {
			f[yomiParts[i]] = v
		}
	}
}

// setYomi sets how a name sounds where the card says it: in a property, or in what N
// is sorted by.
func (e *edit) setYomi(h heldWord, v string) {
	i := slices.Index(yomiParts[:], h.word)
	n := e.c.First("N")
	by := sortAs(n)
	sorted := i < len(by) && kana(by[i])
	there := sorted && e.slots[h.word] == nil && (v == "" || kana(v))
	if !there {
		e.setHeld(h, v)
	}
	if there || sorted && v == "" {
		by[i] = v
		setSortAs(n, by)
	}
}

func setSortAs(l *vobject.Line, by []string) {
	for len(by) > 0 && by[len(by)-1] == "" {
		by = by[:len(by)-1]
	}
	if len(by) == 0 {
		l.SetParam("SORT-AS")
		return
	}
	l.SetParam("SORT-AS", strings.Join(by, ","))
}

// sortAnew has what a line is sorted by follow its words where it said the same.
func (e *edit) sortAnew(l *vobject.Line, words ...string) {
	by := sortAs(l)
	changed := false
	for i := range min(len(by), len(words)) {
		if v, ok := e.change[words[i]]; ok && by[i] == e.now[words[i]] && !kana(by[i]) {
			by[i], changed = v, true
		}
	}
	if changed {
		setSortAs(l, by)
	}
}
