package itemtext

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postrider/agent/vobject"
	"postrider/offline"
)

// nameParts are the words of N, in its order (RFC 6350 section 6.2.2).
var nameParts = []string{"last", "first", "middle", "prefix", "suffix"}

// addressParts are the words of ADR that are kept in step, by their place.
var addressParts = map[int]string{2: "street", 3: "city", 4: "region", 5: "postcode", 6: "country"}

// plainProps are the properties that hold one word each; the first is the one that
// is written, the others are those of other programs.
var plainProps = []struct {
	word  string
	props []string
}{
	{"nickname", []string{"NICKNAME"}}, {"title", []string{"TITLE"}},
	{"yomi-first", []string{"X-PHONETIC-FIRST-NAME"}}, {"yomi-last", []string{"X-PHONETIC-LAST-NAME"}},
	{"spouse", []string{"X-SPOUSE", "X-EVOLUTION-SPOUSE", "X-KADDRESSBOOK-X-SPOUSESNAME", "X-ABSPOUSE"}},
	{"manager", []string{"X-MANAGER", "X-EVOLUTION-MANAGER", "X-KADDRESSBOOK-X-MANAGERSNAME"}},
	{"assistant", []string{"X-ASSISTANT", "X-EVOLUTION-ASSISTANT", "X-KADDRESSBOOK-X-ASSISTANTSNAME"}},
	{"manager-phone", []string{"X-MANAGER-PHONE"}}, {"children", []string{"X-CHILDREN"}}, {"government-id", []string{"X-GOVERNMENT-ID"}},
}

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

// slots says which line holds which word, of those that many lines can hold:
// phone numbers, mail addresses, postal addresses.
func (t Text) slots(c *vobject.Component) map[string]*vobject.Line {
	s := map[string]*vobject.Line{}
	taken := map[*vobject.Line]bool{}
	take := func(word string, l *vobject.Line) {
		if s[word] == nil && !taken[l] {
			s[word], taken[l] = l, true
		}
	}
	all := c.Lines("TEL", "EMAIL", "ADR")
	for _, l := range all {
		switch w := l.Param(paramWord); w {
		case "":
		case noWord:
			taken[l] = true
		default:
			take(w, l)
		}
	}
	for _, l := range c.Lines("TEL") {
		for _, row := range phoneTypes {
			if s[row.word] == nil && !taken[l] && phoneFits(c, l, row.all, row.not, row.labels) {
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
	return s
}

func phoneFits(c *vobject.Component, l *vobject.Line, all []string, not string, labels []string) bool {
	if label := labelOf(c, l); label != "" {
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

// labelOf is what a program calls a line by a line of the same group, in lower
// case.
func labelOf(c *vobject.Component, l *vobject.Line) string {
	if l.Group == "" {
		return ""
	}
	for _, x := range c.Lines("X-ABLABEL") {
		if strings.EqualFold(x.Group, l.Group) {
			return strings.ToLower(x.Text())
		}
	}
	return ""
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

// readCard reads a vCard.
func (t Text) readCard(file *vobject.File) Info {
	in := Info{Fields: offline.Fields{}}
	cards := file.Components("VCARD")
	if len(cards) == 0 {
		in.Problem = "it is no contact"
		return in
	}
	c, f := cards[0], in.Fields
	in.UID, in.Mark = common(c, f, offline.WordParent)
	readName(c, f)
	for w, l := range t.slots(c) {
		if !strings.HasPrefix(w, "address") {
			put(f, w, oneLine(strings.TrimPrefix(l.Text(), "tel:")))
			continue
		}
		parts := l.Parts()
		for i, name := range addressParts {
			if i < len(parts) {
				put(f, w+"-"+name, tidy(strings.Join(parts[i], "\n")))
			}
		}
	}
	for _, row := range plainProps {
		for _, p := range row.props {
			if f[row.word] == "" {
				put(f, row.word, oneLine(textOf(c, p)))
			}
		}
	}
	if l := c.First("ORG"); l != nil {
		parts := l.Parts()
		put(f, "company", oneLine(strings.Join(parts[0], ", ")))
		if len(parts) > 1 {
			put(f, "department", oneLine(strings.Join(parts[1], ", ")))
		}
	}
	website, ftp := links(c)
	put(f, "website", linkText(website))
	put(f, "ftp", linkText(ftp))
	put(f, "body", bodyOf(c, "NOTE"))
	put(f, "birthday", readDay(c.First("BDAY")))
	put(f, "anniversary", readDay(anniversary(c)))
	if l := c.First("PHOTO"); l != nil {
		if data, _, ok := l.Binary(); ok {
			f["photo"] = base64.StdEncoding.EncodeToString(data)
		}
	}
	return in
}

func readName(c *vobject.Component, f offline.Fields) {
	if l := c.First("N"); l != nil {
		for i, list := range l.Parts() {
			if i < len(nameParts) {
				put(f, nameParts[i], oneLine(strings.Join(list, " ")))
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

// oneLine is a text as one line without spaces around it.
func oneLine(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", " ")) }

// tidy takes spaces off the ends of lines.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// links finds the web page and the place for files among the URLs.
func links(c *vobject.Component) (website, ftp *vobject.Line) {
	for _, l := range c.Lines("URL") {
		isFTP := strings.HasPrefix(strings.ToLower(l.Value()), "ftp") || l.Param(paramWord) == "ftp"
		switch {
		case isFTP && ftp == nil:
			ftp = l
		case !isFTP && website == nil:
			website = l
		}
	}
	return website, ftp
}

func linkText(l *vobject.Line) string {
	if l == nil {
		return ""
	}
	return strings.ReplaceAll(oneLine(l.Value()), `\,`, ",")
}

// anniversary finds the line of the wedding day, which programs name in many ways.
func anniversary(c *vobject.Component) *vobject.Line {
	for _, name := range [...]string{"ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-KADDRESSBOOK-X-ANNIVERSARY"} {
		if l := c.First(name); l != nil {
			return l
		}
	}
	for _, l := range c.Lines("X-ABDATE") {
		if strings.Contains(labelOf(c, l), "anniversary") {
			return l
		}
	}
	return nil
}

var dayForm = regexp.MustCompile(`^(--|\d{4}-?)(\d{2})-?(\d{2})`)

// readDay reads a date, with or without its year (RFC 6350 section 4.3.1). Apple's
// programs write 1604 where there is none.
func readDay(l *vobject.Line) string {
	if l == nil {
		return ""
	}
	m := dayForm.FindStringSubmatch(strings.TrimSpace(l.Value()))
	if m == nil {
		return ""
	}
	year := strings.TrimSuffix(m[1], "-")
	if m[1] == "--" || year == l.Param("X-APPLE-OMIT-YEAR") || year == "1604" {
		return "--" + m[2] + "-" + m[3]
	}
	return year + "-" + m[2] + "-" + m[3]
}
