package itemtext

import (
	"slices"
	"strconv"
	"strings"

	"postrider/agent/vobject"
)

// phoneTypes say which word a phone number is, by its types and its label; the
// first row that fits and is not taken holds. add are the types that are written.
var phoneTypes = []struct {
	word   string
	all    []string // types that it has
	not    string   // one that it has not
	labels []string // or a label (X-ABLabel) with one of these in it
	add    []string
}{
	{"pager", []string{"pager"}, "", nil, []string{"pager"}},
	{"fax", []string{"fax"}, "home", nil, []string{"work", "fax"}},
	{"mobile", []string{"cell"}, "", nil, []string{"cell"}},
	{"mobile", []string{"mobile"}, "", nil, []string{"cell"}},
	{"mobile", []string{"iphone"}, "", nil, []string{"cell"}},
	{"assistant-phone", []string{"x-evolution-assistant"}, "", []string{"assistant"}, []string{"x-evolution-assistant"}},
	{"phone-callback", []string{"x-evolution-callback"}, "", []string{"callback"}, []string{"x-evolution-callback"}},
	{"phone-company", []string{"x-evolution-company"}, "", []string{"company", "main"}, []string{"x-evolution-company"}},
	{"phone-company", []string{"main"}, "", nil, []string{"x-evolution-company"}},
	{"phone-home", []string{"home"}, "fax", nil, []string{"home", "voice"}},
	{"phone-home2", []string{"home"}, "fax", nil, []string{"home", "voice"}},
	{"phone-business", []string{"work"}, "fax", nil, []string{"work", "voice"}},
	{"phone-business2", []string{"work"}, "fax", nil, []string{"work", "voice"}},
	{"phone-other", nil, "fax", nil, []string{"voice"}},
}

// slots says which line holds which word, of those that a line of their own holds.
func (t Text) slots(c *vobject.Component) map[string]*vobject.Line {
	s := map[string]*vobject.Line{}
	taken := map[*vobject.Line]bool{}
	take := func(word string, l *vobject.Line) {
		if s[word] == nil && !taken[l] {
			s[word], taken[l] = l, true
		}
	}
	for _, l := range c.Lines() {
		switch w := l.Param(paramWord); {
		case w == noWord:
			taken[l] = true
		case w != "" && slotName(w) == l.Name:
			take(w, l)
		}
	}
	labels := labelsOf(c)
	for _, l := range c.Lines("TEL") {
		for _, row := range phoneTypes {
			if s[row.word] == nil && !taken[l] && phoneFits(labels, l, row.all, row.not, row.labels) {
				take(row.word, l)
			}
		}
	}
	emails := c.Lines("EMAIL")
	slices.SortStableFunc(emails, func(a, b *vobject.Line) int { return preference(a) - preference(b) })
	n := 1
	for _, l := range emails {
		for n <= 3 && s["email"+strconv.Itoa(n)] != nil {
			n++
		}
		if n <= 3 {
			take("email"+strconv.Itoa(n), l)
		}
	}
	addressSlots(c.Lines("ADR"), t.Three != nil && t.Three(), taken, take)
	for _, l := range c.Lines("URL") {
		if strings.HasPrefix(strings.ToLower(l.Text()), "ftp") {
			take("ftp", l)
		} else {
			take("website", l)
		}
	}
	for _, row := range heldWords {
		for _, l := range row.lines(c, labels) {
			take(row.word, l)
		}
	}
	return s
}

// slotName is the property whose lines may be marked to hold a word.
func slotName(w string) string {
	switch {
	case w == "website" || w == "ftp":
		return "URL"
	case w == "email1" || w == "email2" || w == "email3":
		return "EMAIL"
	case w == "address1" || w == "address2" || w == "address3":
		return "ADR"
	}
	for _, row := range phoneTypes {
		if row.word == w {
			return "TEL"
		}
	}
	return ""
}

func phoneFits(labelOf map[string]string, l *vobject.Line, all []string, not string, labels []string) bool {
	if label := labelOf[strings.ToLower(l.Group)]; label != "" {
		for _, want := range labels {
			if strings.Contains(label, want) {
				return true
			}
		}
	}
	types := typesOf(l)
	if not != "" && slices.Contains(types, not) {
		return false
	}
	for _, t := range all {
		if !slices.Contains(types, t) {
			return false
		}
	}
	return len(all) > 0 || !slices.ContainsFunc(types, func(t string) bool {
		return t != "voice" && t != "pref" && t != "other" && t != "internet" && t != "msg"
	})
}

// typesOf are the types of a line, in lower case; some programs put several into
// one pair of quotes.
func typesOf(l *vobject.Line) (out []string) {
	for _, v := range l.ParamValues("TYPE") {
		for t := range strings.SplitSeq(strings.ToLower(v), ",") {
			out = append(out, strings.TrimSpace(t))
		}
	}
	return out
}

// labelsOf are what programs call lines by a line of the same group, in lower case,
// by their groups.
func labelsOf(c *vobject.Component) map[string]string {
	labels := map[string]string{}
	for _, x := range c.Lines("X-ABLABEL") {
		if g := strings.ToLower(x.Group); g != "" && labels[g] == "" {
			labels[g] = strings.ToLower(x.Text())
		}
	}
	return labels
}

// preference orders lines: PREF=1 to 100 of vCard 4.0, TYPE=pref of those before.
func preference(l *vobject.Line) int {
	if n, err := strconv.Atoi(l.Param("PREF")); err == nil {
		return n
	}
	if slices.Contains(typesOf(l), "pref") {
		return 1
	}
	return 101
}

// addressSlots: the first address is the one at work; where there is none, and it is
// the mailing address, the preferred one or the only one.
func addressSlots(lines []*vobject.Line, three bool, taken map[*vobject.Line]bool, take func(string, *vobject.Line)) {
	free := slices.DeleteFunc(slices.Clone(lines), func(l *vobject.Line) bool { return taken[l] })
	is := func(t string) func(*vobject.Line) bool {
		return func(l *vobject.Line) bool { return slices.Contains(typesOf(l), t) }
	}
	first := slices.IndexFunc(free, is("work"))
	if first < 0 && !three {
		first = slices.IndexFunc(free, func(l *vobject.Line) bool { return preference(l) == 1 })
	}
	if first < 0 && !three && len(lines) == 1 {
		first = len(free) - 1
	}
	if first < 0 {
		first = slices.IndexFunc(free, func(l *vobject.Line) bool { return !is("home")(l) && !is("other")(l) })
	}
	if first >= 0 {
		take("address1", free[first])
	}
	for _, l := range free {
		if is("home")(l) {
			take("address2", l)
		}
	}
	for _, l := range free {
		if !is("home")(l) {
			take("address3", l)
		}
	}
}
