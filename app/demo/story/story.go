package story

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Folder names of the demo mailbox.
const (
	Inbox   = "INBOX"
	Sent    = "Sent"
	Drafts  = "Drafts"
	Archive = "Archive"
	Project = "Projects/Retrofit-line-2"
	Private = "Privat/Släkt&vänner" // a name that needs modified UTF-7, and its escape
	Junk    = "Junk"
	Trash   = "Trash"
	Nowhere = "-" // Message.Folder of an email that only the CRM has
)

// Story is what has happened when it is told. It is not changed by its methods,
// except that Arrival and Answer remember what they told; call them from one
// goroutine at a time.
type Story struct {
	Messages []*Message // by date, those of Nowhere too
	People   []*Person
	Records  []Record

	teller   *teller
	arrivals []*draft
	answers  map[string][]string // by language
	answered int
}

// Tell tells the story as of now. n is how many messages the mailbox shall hold:
// 0 is the standard, about two hundred; fewer leave out routine mail first, then
// whole threads; more add routine mail.
func Tell(now time.Time, seed uint64, n int) (*Story, error) {
	c, err := readCast()
	if err != nil {
		return nil, err
	}
	t := &teller{cast: c, now: now, seed: seed, done: map[string]*Message{}}
	threads, err := c.readDrafts("text/t_*.txt")
	if err != nil {
		return nil, err
	}
	s := &Story{People: c.people, Records: c.records, teller: t, answers: map[string][]string{}}
	if s.Messages, err = t.renderAll(t.choose(threads, t.routine(), n)); err != nil {
		return nil, err
	}
	if s.arrivals, err = c.readDrafts("text/life.txt"); err != nil {
		return nil, err
	}
	rows, err := table("text/answers.txt", 2)
	for _, row := range rows {
		s.answers[row[0]] = append(s.answers[row[0]], row[1])
	}
	return s, err
}

// Ann is the user of the demo.
func (s *Story) Ann() *Person { return s.teller.byKey["ann"] }

// Person finds somebody by key; nil if there is nobody.
func (s *Story) Person(key string) *Person { return s.teller.byKey[key] }

// ByAddress finds the first person who has an address; nil if nobody has.
func (s *Story) ByAddress(addr string) *Person {
	for _, p := range s.People {
		if strings.EqualFold(p.Addr, addr) {
			return p
		}
	}
	return nil
}

// choose takes as many drafts as n asks for.
func (t *teller) choose(threads, routine []*draft, n int) []*draft {
	count := func(list []*draft) (k int) {
		for _, d := range list {
			if d.options["in"] != Nowhere {
				k++
			}
		}
		return k
	}
	if n <= 0 {
		return append(threads, routine...)
	}
	for i := 0; count(threads)+len(routine) < n; i++ {
		d := t.openOrders(i)
		if i%2 == 0 {
			d = t.weekly(i)
		}
		d.name, d.days, d.hour = fmt.Sprint("r-more-", i), 1+i%90, time.Duration(4*60+i%900)*time.Minute
		d.to = []*Person{t.byKey["ann"]}
		if d.options == nil {
			d.options = map[string]string{}
		}
		routine = append(routine, d)
	}
	have := count(threads)
	for have > n && len(threads) > 0 { // the last thread goes first, whole
		cut := len(threads) - 1
		for cut > 0 && (threads[cut].re != "" || threads[cut].fwd != "") {
			cut--
		}
		threads = threads[:cut]
		have = count(threads)
	}
	// An automatic reply needs what it replies to.
	names := map[string]bool{"": true}
	for _, d := range threads {
		names[d.name] = true
	}
	routine = slices.DeleteFunc(routine, func(d *draft) bool { return !names[d.re] })
	return append(threads, routine[:min(len(routine), n-have)]...)
}

// renderAll renders parents before their answers and returns all by date.
func (t *teller) renderAll(drafts []*draft) ([]*Message, error) {
	byName := map[string]*draft{}
	for _, d := range drafts {
		if byName[d.name] != nil {
			return nil, fmt.Errorf("two messages are called %s", d.name)
		}
		byName[d.name] = d
	}
	var out []*Message
	answered := map[string]bool{}
	var render func(d *draft, depth int) error
	render = func(d *draft, depth int) error {
		if t.done[d.name] != nil {
			return nil
		}
		for _, name := range []string{d.re, d.fwd} {
			if name == "" {
				continue
			}
			parent := byName[name]
			if parent == nil || depth > 50 {
				return fmt.Errorf("message %s answers %s, which is not there", d.name, name)
			}
			if err := render(parent, depth+1); err != nil {
				return err
			}
			if d.from.Key == "ann" && d.re == name {
				answered[name] = true
			}
		}
		t.finish(d)
		m, err := t.render(d)
		if err == nil {
			out = append(out, m)
		}
		return err
	}
	for _, d := range drafts {
		if err := render(d, 0); err != nil {
			return nil, err
		}
	}
	for _, m := range out {
		if answered[m.Name] {
			m.Flags = append(m.Flags, `\Answered`)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Date.Before(out[j].Date) })
	return out, nil
}

// finish puts in what a draft takes from a message rendered before it.
func (t *teller) finish(d *draft) {
	if prefix := d.options["subjectof"]; prefix != "" {
		d.subject = prefix + t.done[d.re].Subject
	}
	if lost := t.done["r-lost"]; d.name == "r-bounce" && lost != nil {
		d.options["failedid"] = lost.ID
	}
}

// Arrival tells the next of the messages that come later, as of at, beginning
// with the i-th, and says where to go on. m is nil when there are no more.
func (s *Story) Arrival(i int, at time.Time) (m *Message, next int, err error) {
	for ; i < len(s.arrivals); i++ {
		d := *s.arrivals[i]
		if d.re != "" && s.teller.done[d.re] == nil {
			continue // its thread is not told
		}
		s.teller.now = at
		m, err = s.teller.render(&d)
		return m, i + 1, err
	}
	return nil, i, nil
}

// Parent is a message to be answered, in the story or from elsewhere.
type Parent struct {
	ID         string
	Subject    string
	References []string
	From       *Person
	Date       time.Time
	Text       string
}

// Answer tells an answer of from's to a message of to's. Every third one comes
// from a program that strips the header fields, so that only a token in the
// subject tells what it answers; without such a token they are kept.
func (s *Story) Answer(p Parent, from, to *Person, at time.Time) (*Message, error) {
	s.answered++
	lang := from.Lang
	if len(s.answers[lang]) == 0 {
		lang = "en"
	}
	text := s.answers[lang][(s.answered-1)/2%len(s.answers[lang])]
	if lang == "de" {
		text = "Hallo Frau Lindqvist,\n\n" + text
	}
	parent := &Message{Name: "answered", ID: p.ID, Subject: p.Subject, References: p.References, From: p.From, Date: p.Date, Text: p.Text}
	d := &draft{name: fmt.Sprintf("answer-%d-%s", s.answered, p.ID), from: from, to: []*Person{to}, subject: ".", text: text, re: "to:" + p.ID,
		options: map[string]string{"charset": "utf-8/qp"}}
	if s.answered%3 == 0 && strings.Contains(p.Subject, "CRM:") {
		d.options["strip"] = ""
	}
	s.teller.done[d.re] = parent
	s.teller.now = at
	return s.teller.render(d)
}

// Bounce tells that a mail of Ann's could not be delivered.
func (s *Story) Bounce(p Parent, failed string, at time.Time) (*Message, error) {
	s.answered++
	d := bounce(fmt.Sprintf("bounce-%d", s.answered), failed, p.Subject, p.ID)
	d.to = []*Person{s.Ann()}
	s.teller.now = at
	return s.teller.render(d)
}

// Newsletter tells one more newsletter, the i-th after now.
func (s *Story) Newsletter(i int, at time.Time) (*Message, error) {
	d := s.teller.weekly(-1 - i)
	d.name, d.to, d.options = fmt.Sprint("r-late-", i), []*Person{s.Ann()}, map[string]string{}
	s.teller.now = at
	return s.teller.render(d)
}
