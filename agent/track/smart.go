package track

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"postrider/offline"
)

// What smart matching uses where the organization does not say (R-TOKEN-17,
// R-TOKEN-20).
const (
	defaultNoise     = `^[\s]*([\w]+\s?:[\s]*)+`
	defaultMaxWords  = 20
	defaultMinPeople = 2
	maxPeople        = 20 // addresses of one email that are compared
	maxNoise         = 2000
)

// SmartDays is how far back smart matching looks (R-TOKEN-21): here always, not
// under load only, so that what matches does not depend on the hour.
const SmartDays = 90

// Smart is smart matching as the organization has it. The zero Smart is off,
// which is the default (R-TOKEN-04: the later documents, as Microsoft advises
// against it).
type Smart struct {
	On        bool
	Noise     *regexp.Regexp // what is cut off subjects
	MaxWords  int            // of a subject that are compared
	Delta     int            // words by which two subjects may differ
	MinPeople int            // addresses that must agree
}

// NewSmart reads the organization's options.
func NewSmart(o offline.Options) Smart {
	if !o.Smart {
		return Smart{}
	}
	s := Smart{On: true, Noise: Noise(o.SmartNoise), MaxWords: o.SmartMaxWords, Delta: max(o.SmartSubjectDelta, 0), MinPeople: o.SmartMinPeople}
	if s.MaxWords <= 0 {
		s.MaxWords = defaultMaxWords
	}
	if s.MinPeople <= 0 {
		s.MinPeople = defaultMinPeople
	}
	return s
}

// Noise compiles the organization's regular expression of what is cut off a
// subject; "" and what can't be compiled give the default (R-TOKEN-17).
//
// The expression was written for .NET. Go's engine (RE2) runs in time linear in
// the text, so that a hostile one can't stall anything, but it has no lookaround,
// backreferences or atomic groups: with one of these the default is used. \w, \d
// and \s mean ASCII in RE2 and Unicode in .NET and are rewritten to mean the
// latter, so that "ΑΠ:" and "Ответ:" are cut off, too. Case is ignored.
func Noise(expr string) *regexp.Regexp {
	if expr != "" && len(expr) <= maxNoise {
		if re, err := regexp.Compile("(?i)" + unicodeClasses(expr)); err == nil {
			return re
		}
	}
	return regexp.MustCompile("(?i)" + unicodeClasses(defaultNoise))
}

// unicodeClasses rewrites the Perl classes of an expression to what they mean in
// .NET.
func unicodeClasses(expr string) string {
	classes := map[byte]string{'w': `\pL\p{Mn}\p{Nd}\p{Pc}`, 'd': `\p{Nd}`, 's': `\s\p{Z}\x{85}\v`}
	var b strings.Builder
	in := false // between [ and ]
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\\' && i+1 < len(expr):
			i++
			switch set, ok := classes[expr[i]]; {
			case !ok:
				b.WriteString(expr[i-1 : i+1])
			case in:
				b.WriteString(set)
			default:
				b.WriteString("[" + set + "]")
			}
			continue
		case c == '[':
			in = true
		case c == ']':
			in = false
		}
		b.WriteByte(expr[i])
	}
	return b.String()
}

// Cut returns a subject without its noise.
func (s Smart) Cut(subject string) string {
	if s.Noise != nil {
		subject = s.Noise.ReplaceAllString(subject, "")
	}
	return strings.TrimSpace(subject)
}

// SubjectWords are the words of a subject that smart matching compares: noise cut
// off, in lower case, without punctuation around them, each once, the first max
// of them (0: all). A token is a word like any other.
func SubjectWords(subject string, noise *regexp.Regexp, max int) []string {
	if noise != nil {
		subject = noise.ReplaceAllString(subject, "")
	}
	var words []string
	for _, w := range strings.Fields(subject) {
		w = strings.ToLower(strings.TrimFunc(w, punctuation))
		if w == "" || slices.Contains(words, w) {
			continue
		}
		if words = append(words, w); len(words) == max {
			break
		}
	}
	return words
}

func punctuation(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && (unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u200b')
}

// Print is what smart matching compares of a message or an email.
type Print struct {
	words  []string // sorted
	people []string // sorted
}

// Print takes a subject and the addresses of sender and recipients (R-TOKEN-19:
// each counts once).
func (s Smart) Print(subject string, people []string) Print {
	p := Print{words: SubjectWords(subject, s.Noise, s.MaxWords)}
	slices.Sort(p.words)
	for _, a := range people {
		if a = offline.Fold(a); a != "" && !slices.Contains(p.people, a) {
			if p.people = append(p.people, a); len(p.people) == maxPeople {
				break
			}
		}
	}
	slices.Sort(p.people)
	return p
}

// Match reports whether two are alike (R-TOKEN-20): no more than Delta words of
// either subject are not in the other one, and at least MinPeople addresses are
// those of both. A subject without words is like no other.
func (s Smart) Match(a, b Print) bool {
	if !s.On || len(a.words) == 0 || len(b.words) == 0 || max(len(a.words), len(b.words))-common(a.words, b.words) > s.Delta {
		return false
	}
	return common(a.people, b.people) >= s.MinPeople
}

// common counts what two sorted lists without repeats share.
func common(a, b []string) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			a, b, n = a[1:], b[1:], n+1
		}
	}
	return n
}

// Participants are the addresses of a message's sender and recipients.
func Participants(m *offline.Message) []string {
	var out []string
	for _, list := range [...][]offline.Address{m.From, m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			out = append(out, a.Addr)
		}
	}
	return out
}

// Past are the emails that smart matching may find, ready to be asked. The
// zero Past is not ready; use Smart.Past.
type Past struct {
	// Filled is for who fills it: all that is known was taken in.
	Filled bool

	smart  Smart
	all    []past
	byWord map[string][]int // the words, joined, to indexes in all
	at     map[offline.Ref]int
}

type past struct {
	print  Print
	parent Parent
}

// Past returns an empty Past.
func (s Smart) Past() *Past {
	return &Past{smart: s, byWord: map[string][]int{}, at: map[offline.Ref]int{}}
}

// Add takes an email in; one that is there already stays as it is.
func (p *Past) Add(print Print, email Parent) {
	if _, ok := p.at[email.Record]; ok || len(print.words) == 0 {
		return
	}
	p.at[email.Record] = len(p.all)
	key := strings.Join(print.words, "\x00")
	p.byWord[key] = append(p.byWord[key], len(p.all))
	p.all = append(p.all, past{print, email})
}

// Find returns the emails that are alike and were sent in the days before date.
// Where subjects must agree in every word that is one look-up; otherwise all of
// them are compared.
func (p *Past) Find(print Print, date time.Time) (found []Parent) {
	take := func(o past) {
		d := o.parent.Date
		if !d.After(date) && (d.IsZero() || date.Sub(d) <= SmartDays*24*time.Hour) && p.smart.Match(print, o.print) {
			found = append(found, o.parent)
		}
	}
	if p.smart.Delta > 0 {
		for _, o := range p.all {
			take(o)
		}
		return found
	}
	for _, i := range p.byWord[strings.Join(print.words, "\x00")] {
		take(p.all[i])
	}
	return found
}
