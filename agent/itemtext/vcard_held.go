package itemtext

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postrider/agent/vobject"
)

// heldWord is a word that a line of its own holds, and the properties that programs
// write it in: the first is the one that is written where there is none. types are
// the types of RELATED (RFC 6350 section 6.6.6), and the labels of Apple's and
// Google's X-ABRELATEDNAMES, that say the same; date is the label of an X-ABDATE.
type heldWord struct {
	word  string
	props []string
	types []string
	date  string
}

var heldWords = []heldWord{
	{word: "nickname", props: []string{"NICKNAME"}}, {word: "title", props: []string{"TITLE"}}, {word: "company", props: []string{"ORG"}}, {word: "body", props: []string{"NOTE"}},
	{word: "yomi-first", props: []string{"X-PHONETIC-FIRST-NAME"}}, {word: "yomi-last", props: []string{"X-PHONETIC-LAST-NAME"}},
	{word: "spouse", props: []string{"X-SPOUSE", "X-EVOLUTION-SPOUSE", "X-KADDRESSBOOK-X-SPOUSESNAME", "X-MS-SPOUSE", "X-ABSPOUSE"}, types: []string{"spouse", "partner", "wife", "husband"}},
	{word: "manager", props: []string{"X-MANAGER", "X-EVOLUTION-MANAGER", "X-KADDRESSBOOK-X-MANAGERSNAME", "X-MS-MANAGER"}, types: []string{"manager"}},
	{word: "assistant", props: []string{"X-ASSISTANT", "X-EVOLUTION-ASSISTANT", "X-KADDRESSBOOK-X-ASSISTANTSNAME", "X-MS-ASSISTANT"}, types: []string{"assistant"}},
	{word: "manager-phone", props: []string{"X-MANAGER-PHONE"}}, {word: "children", props: []string{"X-CHILDREN"}}, {word: "government-id", props: []string{"X-GOVERNMENT-ID"}},
	{word: "birthday", props: []string{"BDAY"}},
	{word: "anniversary", props: []string{"X-ANNIVERSARY", "ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-KADDRESSBOOK-X-ANNIVERSARY", "X-MS-ANNIVERSARY"}, date: "anniversary"},
}

// address tells a RELATED that points to somebody from one that names them.
var address = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:\S`)

// lines are those that can hold the word, the first that says something before all.
func (h heldWord) lines(c *vobject.Component, labels map[string]string) []*vobject.Line {
	var all []*vobject.Line
	for _, p := range h.props {
		all = append(all, c.Lines(p)...)
	}
	for _, l := range c.Lines("RELATED", "X-ABRELATEDNAMES", "X-ABDATE") {
		label := labels[strings.ToLower(l.Group)]
		switch kind := strings.ToUpper(l.Param("VALUE")); {
		case l.Name == "X-ABDATE":
			if h.date != "" && strings.Contains(label, h.date) {
				all = append(all, l)
			}
		case kind == "URI" || kind == "" && l.Name == "RELATED" && address.MatchString(l.Text()):
		case slices.ContainsFunc(h.types, func(t string) bool {
			return slices.Contains(typesOf(l), t) || label == t || label == "_$!<"+t+">!$_"
		}):
			all = append(all, l)
		}
	}
	all = slices.DeleteFunc(all, func(l *vobject.Line) bool { return l.Param(paramWord) == noWord })
	slices.SortStableFunc(all, func(a, b *vobject.Line) int { return empty(a) - empty(b) })
	return all
}

func empty(l *vobject.Line) int {
	if strings.Trim(l.Text(), "; ") == "" {
		return 1
	}
	return 0
}

// setHeld sets a word that a line of its own holds, in the property that holds it
// now, and in those of other programs that say the same.
func (e *edit) setHeld(h heldWord, v string) {
	l := e.slots[h.word]
	if l == nil && v == "" {
		return
	}
	if l == nil {
		l = e.newHeld(h)
		e.slots[h.word] = l
	}
	was := said(h.word, l)
	for _, x := range h.lines(e.c, labelsOf(e.c)) {
		switch {
		case x != l && (was == "" || said(h.word, x) != was):
		case v == "":
			e.drop(x)
		case h.word == "birthday" || h.word == "anniversary":
			e.setDay(x, v)
		default:
			x.SetText(v)
			if x.Name == "RELATED" && address.MatchString(v) {
				x.SetParam("VALUE", "text")
			}
		}
	}
	if v == "" {
		delete(e.slots, h.word)
	}
}

// newHeld is a new line for a word: as the version has it, or as the program does
// that wrote others.
func (e *edit) newHeld(h heldWord) *vobject.Line {
	switch {
	case h.word == "anniversary" && e.version() == "4.0":
		return e.add("ANNIVERSARY")
	case len(h.types) > 0 && len(e.c.Lines("X-ABRELATEDNAMES")) > 0:
		l := e.add("X-ABRELATEDNAMES")
		for n := 1; l.Group == "" || len(e.group(l.Group)) > 1; n++ {
			l.Group = "item" + strconv.Itoa(n)
		}
		label := vobject.NewLine("X-ABLabel", "_$!<"+strings.ToUpper(h.types[0][:1])+h.types[0][1:]+">!$_")
		label.Group = l.Group
		e.c.Add(label)
		return l
	case h.word == "spouse" && e.version() == "4.0":
		return e.add("RELATED", vobject.Param{Name: "VALUE", Values: []string{"text"}}, vobject.Param{Name: "TYPE", Values: []string{"spouse"}})
	}
	return e.add(h.props[0])
}

// add puts a new line into the card, to be filled there: only then it knows of what
// version it is.
func (e *edit) add(name string, params ...vobject.Param) *vobject.Line {
	l := vobject.NewLine(name, "", params...)
	e.c.Add(l)
	return l
}

func (e *edit) group(name string) []*vobject.Line {
	return slices.DeleteFunc(e.c.Lines(), func(l *vobject.Line) bool { return !strings.EqualFold(l.Group, name) })
}

// drop takes a line out, and what a program calls it where nothing else is called so.
func (e *edit) drop(l *vobject.Line) {
	e.c.Remove(l)
	if l.Group == "" {
		return
	}
	rest := e.group(l.Group)
	if !slices.ContainsFunc(rest, func(x *vobject.Line) bool { return x.Name != "X-ABLABEL" && x.Name != "X-ABADR" }) {
		e.c.Remove(rest...)
	}
}
