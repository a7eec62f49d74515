package itemtext

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postrider/agent/vobject"
	"postrider/offline"
)

// Text reads and edits texts. The zero Text is ready for use.
type Text struct {
	// Own are the user's own mail addresses, folded: a meeting that the user
	// organizes has no organizer among its words.
	Own []string
	// Three reports whether all three addresses of a contact are carried; otherwise,
	// or where it is nil, the first one is the mailing address, wherever that is
	// (R-CONTACT-05, -06).
	Three func() bool
	// Now stamps what is edited (RFC 5545 section 3.8.7.2); nil: time.Now.
	Now func() time.Time
}

// Info is what a text says.
type Info struct {
	Fields  offline.Fields
	UID     string
	Mark    offline.Mark
	Problem string // why the CRM can't keep it as it is, for people; empty: it can
	// Changed is when it was changed last, as it says itself; zero: it does not say.
	Changed time.Time
}

// The properties by which a link stands on an item, and what it is about.
const (
	propOrg       = "X-POSTRIDER-ORG"
	propRecord    = "X-POSTRIDER-RECORD"
	propRegarding = "X-POSTRIDER-REGARDING"
	propStatus    = "X-POSTRIDER-STATUS"
	paramWord     = "X-POSTRIDER-WORD" // on a line of a vCard: the word that it holds
	noWord        = "none"             // or that it holds none
)

// Read reads a text. It never fails: what it can't read is left out. zone is the
// user's, for times that name none.
func (t Text) Read(kind offline.Kind, raw []byte, zone *time.Location) Info {
	file := vobject.Parse(raw)
	var in Info
	switch kind {
	case offline.KindContact:
		in = t.readCard(file)
	case offline.KindTask:
		in = t.readTodo(file, zone)
	default:
		in = t.readEvent(file, zone)
	}
	in.Changed = changed(file)
	return in
}

// Edit changes the lines of these words in a text, and the mark; a word that is
// "" is taken out. What a word says already is not touched. Without a text it
// makes one of that UID.
func (t Text) Edit(kind offline.Kind, raw []byte, uid string, words offline.Fields, mark offline.Mark, zone *time.Location) ([]byte, error) {
	now := Info{Fields: offline.Fields{}}
	file := vobject.Parse(raw)
	if len(raw) == 0 {
		file = t.blank(kind, uid)
	} else {
		now = t.Read(kind, raw, zone)
	}
	change := offline.Fields{}
	for w, v := range words {
		if now.Fields[w] != v {
			change[w] = v
		}
	}
	if len(change) == 0 && now.Mark == mark && len(raw) > 0 {
		return raw, nil
	}
	e := edit{t: t, kind: kind, file: file, zone: zone, now: now.Fields, change: change, fresh: len(raw) == 0}
	if err := e.run(mark, now.Mark != mark); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

func (t Text) stamp() string {
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	return now().UTC().Format("20060102T150405Z")
}

const product = "-//Postrider//Postrider//EN"

// blank is a new item.
func (t Text) blank(kind offline.Kind, uid string) *vobject.File {
	f := vobject.NewFile()
	if kind == offline.KindContact {
		c := vobject.NewComponent("VCARD")
		c.Add(vobject.NewLine("VERSION", "3.0"))
		c.Add(vobject.NewLine("PRODID", product))
		uidLine := vobject.NewLine("UID", "")
		uidLine.SetText(uid)
		c.Add(uidLine)
		// No REV, which a card may be without (RFC 2426 section 3.6.4, RFC 6350 section
		// 6.7.4): a card that is made again, because the answer to the first attempt was
		// lost, has to be the same text to be known again.
		f.AddComponent(c)
		return f
	}
	cal := vobject.NewComponent("VCALENDAR")
	cal.Add(vobject.NewLine("VERSION", "2.0"))
	cal.Add(vobject.NewLine("PRODID", product))
	name := "VEVENT"
	if kind == offline.KindTask {
		name = "VTODO"
	}
	c := vobject.NewComponent(name)
	uidLine := vobject.NewLine("UID", "")
	uidLine.SetText(uid)
	c.Add(uidLine)
	c.Add(vobject.NewLine("DTSTAMP", t.stamp()))
	cal.AddComponent(c)
	f.AddComponent(cal)
	return f
}

// edit is one Edit under way.
type edit struct {
	t      Text
	kind   offline.Kind
	file   *vobject.File
	zone   *time.Location
	now    offline.Fields // what the text says
	change offline.Fields // what it is to say
	fresh  bool
	slots  map[string]*vobject.Line // of contacts: the line that is to hold each word

	cal *vobject.Component // of appointments and tasks: the VCALENDAR
	c   *vobject.Component // the component of the item itself
}

var errNoItem = errors.New("there is no appointment, task or contact in it that could be changed")

func (e *edit) run(mark offline.Mark, markChanged bool) error {
	name := map[offline.Kind]string{offline.KindContact: "VCARD", offline.KindTask: "VTODO", offline.KindAppointment: "VEVENT"}[e.kind]
	if e.kind == offline.KindContact {
		if cards := e.file.Components(name); len(cards) > 0 {
			e.c = cards[0]
		}
	} else {
		e.cal, e.c = mainComponent(e.file, name)
	}
	if e.c == nil {
		return errNoItem
	}
	var err error
	switch e.kind {
	case offline.KindContact:
		e.editCard()
	case offline.KindTask:
		err = e.editTodo()
	default:
		err = e.editEvent()
	}
	if err != nil {
		return fmt.Errorf("change an item: %w", err)
	}
	if markChanged {
		e.setProp(propOrg, mark.Org)
		e.setProp(propRecord, mark.Record.String())
	}
	if e.kind != offline.KindContact {
		e.setStamp("DTSTAMP")
	}
	for _, name := range [...]string{"LAST-MODIFIED", "REV"} { // RFC 5545 section 3.8.7.3, RFC 6350 section 6.7.4
		if e.c.First(name) != nil {
			e.setStamp(name)
		}
	}
	return nil
}

// words are those that change, in order.
func (e *edit) words() []string { return slices.Sorted(maps.Keys(e.change)) }

// setProp sets a text property of the item, or takes it off.
func (e *edit) setProp(name, v string) { setText(e.c, name, v) }

func setText(c *vobject.Component, name, v string) {
	lines := c.Lines(name)
	if v == "" {
		c.Remove(lines...)
		return
	}
	if len(lines) == 0 {
		lines = []*vobject.Line{vobject.NewLine(name, "")}
		c.Add(lines[0])
	}
	if lines[0].Text() != v {
		lines[0].SetParam("ALTREP") // it says what the text was (RFC 5545 section 3.2.1)
	}
	lines[0].SetText(v)
}

// setBody sets the text of an appointment or task; what says in other ways what it
// was goes: that of Outlook, and that of RFC 9073 section 6.5.
func setBody(c *vobject.Component, v string) {
	setText(c, "DESCRIPTION", v)
	c.Remove(c.Lines("X-ALT-DESC", "STYLED-DESCRIPTION")...)
}

// setStamp says when the item was changed; the property may have been a date.
func (e *edit) setStamp(name string) {
	e.setRaw(name, e.t.stamp())
	l := e.c.First(name)
	l.SetParam("VALUE")
	l.SetParam("TZID")
}

// setRaw sets a property whose value is no text.
func (e *edit) setRaw(name, v string) { setRaw(e.c, name, v) }

func setRaw(c *vobject.Component, name, v string) {
	lines := c.Lines(name)
	switch {
	case v == "":
		c.Remove(lines...)
	case len(lines) == 0:
		c.Add(vobject.NewLine(name, v))
	default:
		lines[0].SetValue(v)
	}
}

// setCategories sets the whole list of categories.
func (e *edit) setCategories(v string) {
	lines := e.c.Lines("CATEGORIES")
	if v == "" {
		e.c.Remove(lines...)
		return
	}
	if len(lines) == 0 {
		lines = []*vobject.Line{vobject.NewLine("CATEGORIES", "")}
		e.c.Add(lines[0])
	}
	lines[0].SetTexts(strings.Split(v, "\n")...)
	e.c.Remove(lines[1:]...)
}

// setPrivate sets CLASS (RFC 5545 section 3.8.1.3).
func (e *edit) setPrivate(v string) {
	if v != "" {
		v = "PRIVATE"
	}
	e.setRaw("CLASS", v)
}

// common reads what all kinds of items have.
func common(c *vobject.Component, f offline.Fields, about string) (uid string, mark offline.Mark) {
	if l := c.First("UID"); l != nil {
		uid = strings.TrimPrefix(l.Text(), "urn:uuid:")
	}
	mark.Org = textOf(c, propOrg)
	if r, ok := offline.ParseRef(textOf(c, propRecord)); ok {
		mark.Record = r
	}
	var cats []string
	for _, l := range c.Lines("CATEGORIES") {
		for _, v := range l.Texts() {
			if v = strings.TrimSpace(strings.ReplaceAll(v, "\n", " ")); v != "" {
				cats = append(cats, v)
			}
		}
	}
	slices.Sort(cats)
	put(f, offline.WordCategories, strings.Join(slices.Compact(cats), "\n"))
	if v := strings.ToUpper(textOf(c, "CLASS")); v == "PRIVATE" || v == "CONFIDENTIAL" {
		f[offline.WordPrivate] = "1"
	}
	if r, ok := offline.ParseRef(textOf(c, propRegarding)); ok {
		f[about] = r.String()
	}
	return uid, mark
}

func put(f offline.Fields, word, v string) {
	if v != "" {
		f[word] = v
	}
}

// textOf is a text property, trimmed; "" where there is none.
func textOf(c *vobject.Component, name string) string {
	if l := c.First(name); l != nil {
		return strings.TrimSpace(l.Text())
	}
	return ""
}

// bodyOf is a text of several lines: without spaces at their ends.
func bodyOf(l *vobject.Line) string {
	if l == nil {
		return ""
	}
	lines := strings.Split(l.Text(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
