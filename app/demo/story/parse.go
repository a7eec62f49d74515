package story

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// draft is a message before it is rendered. In the text files it is
//
//	=== name | when | sender > to, to ; cc | options
//	Subject
//	body, up to the next ===
//
// when is "DAYS HH:MM", so many days before the telling at that hour of the
// sender's zone, or a duration before it ("3h10m"). The subject "." is the
// parent's with the sender's "Re:"; text after the dot is put behind it. People
// are named by key, or as @"Name" <addr> where they play no other part. Options,
// separated by spaces:
//
//	re=NAME, fwd=NAME       answers or forwards that message
//	strip                   an answer whose headers don't say so
//	stranger                an answer to something nobody has
//	in=FOLDER               instead of INBOX or Sent; "-": in the CRM only
//	charset=NAME/ENCODING   of the text: qp, base64, 8bit or 7bit
//	html=plain|alt|cid|remote
//	attach=KIND:NAME,...    pdf, csv or png
//	track=RECORD[:USER]     is an email record in the CRM, owned by USER (ann)
//	flags=flagged
//	rawhead                 the subject's bytes stand in the header unencoded
//	subjectraw              the subject is taken as it is, emoji and all
type draft struct {
	name    string
	days    int
	hour    time.Duration // of the day; with ago zero
	ago     time.Duration
	from    *Person
	to, cc  []*Person
	subject string
	text    string
	re, fwd string
	options map[string]string

	// What only routine mail has.
	html    string      // the HTML text itself
	head    [][2]string // further header fields
	report  bool        // a multipart/report (RFC 3462)
	invite  string      // an iCalendar method: the first part is text/calendar
	noQuote bool
}

func (d *draft) has(option string) bool {
	_, ok := d.options[option]
	return ok
}

// readDrafts reads all threads, or one file.
func (c *cast) readDrafts(pattern string) ([]*draft, error) {
	names, err := fs.Glob(texts, pattern)
	if err != nil {
		return nil, err
	}
	var out []*draft
	for _, name := range names {
		raw, err := texts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for i, block := range strings.Split("\n"+string(raw), "\n=== ") {
			if i == 0 && strings.TrimSpace(block) == "" {
				continue
			}
			d, err := c.parseDraft(block)
			if err != nil {
				return nil, fmt.Errorf("%s, message %d: %w", name, i, err)
			}
			out = append(out, d)
		}
	}
	return out, nil
}

func (c *cast) parseDraft(block string) (*draft, error) {
	head, rest, _ := strings.Cut(block, "\n")
	subject, text, _ := strings.Cut(rest, "\n")
	cols := strings.SplitN(head, "|", 4)
	if len(cols) < 3 {
		return nil, fmt.Errorf("%q: no name, time and people", head)
	}
	d := &draft{name: strings.TrimSpace(cols[0]), subject: strings.TrimSpace(subject), text: strings.TrimSpace(text), options: map[string]string{}}
	if err := d.parseWhen(strings.TrimSpace(cols[1])); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	from, others, _ := strings.Cut(cols[2], " > ")
	to, cc, _ := strings.Cut(others, ";")
	for _, list := range []struct {
		in  string
		out *[]*Person
	}{{to, &d.to}, {cc, &d.cc}} {
		for key := range strings.SplitSeq(list.in, ",") {
			if key = strings.TrimSpace(key); key == "" {
				continue
			}
			p, err := c.person(key)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", d.name, err)
			}
			*list.out = append(*list.out, p)
		}
	}
	var err error
	if d.from, err = c.person(strings.TrimSpace(from)); err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	if len(cols) == 4 {
		for option := range strings.FieldsSeq(cols[3]) {
			key, value, _ := strings.Cut(option, "=")
			d.options[key] = value
		}
	}
	d.re, d.fwd = d.options["re"], d.options["fwd"]
	return d, nil
}

func (d *draft) parseWhen(s string) (err error) {
	days, hour, ok := strings.Cut(s, " ")
	if !ok {
		d.ago, err = time.ParseDuration(s)
		return err
	}
	if d.days, err = strconv.Atoi(days); err != nil {
		return err
	}
	t, err := time.Parse("15:04", hour)
	d.hour = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return err
}

// person finds somebody by key, or takes @"Name" <addr>.
func (c *cast) person(key string) (*Person, error) {
	if p := c.byKey[key]; p != nil {
		return p, nil
	}
	name, addr, ok := strings.Cut(strings.TrimPrefix(key, "@"), "<")
	if !ok || key[0] != '@' {
		return nil, fmt.Errorf("nobody is called %q", key)
	}
	return Stranger(strings.Trim(name, `" `), strings.TrimSuffix(addr, ">")), nil
}

// Stranger makes somebody who plays no other part.
func Stranger(name, addr string) *Person {
	return &Person{Name: name, Addr: addr, Lang: "en", Mailer: "script", Kind: "other", zone: time.UTC}
}
