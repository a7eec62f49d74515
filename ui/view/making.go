package view

import (
	"context"
	"slices"
	"strings"

	"postrider/agent"
	"postrider/offline"
)

// Converter is the part of an Agent that makes records from messages. Its methods
// wait for the disk only.
type Converter interface {
	// Propose fills the fields of a record that a message could become, or of its sender.
	Propose(key uint64, kind offline.Kind) (agent.Proposal, error)
	// CreateFrom makes it, and has the message be about it unless it is a contact.
	CreateFrom(key uint64, p agent.Proposal) (offline.Ref, agent.Undo, error)
}

// MakeOffer is a kind of record that can be made from the chosen message.
type MakeOffer struct {
	Kind   offline.Kind
	Text   string // "Add to the CRM as a contact …"
	Symbol string
}

// Makes are the records that can be made from the chosen message: those that the
// user may create (R-TRACK-20). A contact is offered only of somebody whom no
// contact is.
func (d *Desk) Makes() []MakeOffer {
	r := d.Reader
	if d.env.converter == nil || len(r.Preview.Keys) != 1 {
		return nil
	}
	known := slices.ContainsFunc(r.Panel.People, func(c Card) bool { return c.Ref.Kind == offline.KindContact && !c.Closed })
	var out []MakeOffer
	for _, o := range []MakeOffer{
		{offline.KindContact, "Add as a contact …", "contact"}, {offline.KindLead, "Make a lead …", "lead"},
		{offline.KindOpportunity, "Make an opportunity …", "opportunity"}, {offline.KindCase, "Make a case …", "case"},
	} {
		if !d.env.options().May(o.Kind) || o.Kind == offline.KindContact && (known || r.Panel.Address == "") {
			continue
		}
		out = append(out, o)
	}
	return out
}

// MakeField is one field of a record to be made.
type MakeField struct {
	Word  string // of agent.FieldsOf
	Label string
	Value string
	Must  bool // it has to be filled
	Many  bool // of several lines
}

// Making is a record that is to be made from a message, for the user to check.
type Making struct {
	Kind     offline.Kind
	Title    string // of the dialog
	Verb     string // of its button
	Outcome  string // what making it does, besides
	Ready    bool   // the fields are filled as far as is known
	Failed   string // why they could not be
	Fields   []MakeField
	Parent   *Card  // the account or contact it belongs to
	Belongs  string // what Parent is called: "Account", "Customer"
	Kinds    []offline.Kind
	There    *Card    // one that is in the CRM already, with the address
	TakeIt   bool     // There is taken, and nothing is made
	Concerns []string // what to look at

	d       *Desk
	key     uint64
	p       agent.Proposal
	read    slot
	changed func()
}

// NewMaking begins a record of a kind from a message; changed is called when its
// fields are there.
func (d *Desk) NewMaking(key uint64, kind offline.Kind, changed func()) *Making {
	m := &Making{Kind: kind, d: d, key: key, changed: changed, read: d.env.slot(), Belongs: "Customer", Kinds: []offline.Kind{offline.KindAccount, offline.KindContact}}
	m.Title, m.Verb, m.Outcome = "Make a "+string(kind)+" from this message", "Make the "+string(kind), "The message is tracked, and is about it."
	switch kind {
	case offline.KindContact:
		m.Title, m.Verb, m.Outcome = "Add to the CRM as a contact", "Add the contact", "What the message is about stays as it is."
		m.Belongs, m.Kinds = "Account", m.Kinds[:1]
	case offline.KindLead:
		m.Belongs = "Belongs to"
	case offline.KindOpportunity:
		m.Title = "Make an opportunity from this message"
	}
	m.read.do(func(context.Context) func() {
		p, err := d.env.converter.Propose(key, kind)
		var parent, there *Card
		if err == nil {
			err = d.env.store.View(func(tx *offline.Tx) error {
				parent, there = cardOf(tx, p.Parent, d), cardOf(tx, p.Record, d)
				return nil
			})
		}
		return func() {
			if err != nil {
				m.Failed = "The fields can't be filled: " + OneLine(err.Error(), 200)
			} else {
				m.fill(p, parent, there)
			}
			m.changed()
		}
	})
	return m
}

// cardOf is what is known of a record; nil where nothing is.
func cardOf(tx *offline.Tx, r offline.Ref, d *Desk) *Card {
	rec, err := tx.Record(r)
	if r.IsZero() || err != nil {
		return nil
	}
	c := newCard(tx, rec, d.env.now())
	return &c
}

func (m *Making) fill(p agent.Proposal, parent, there *Card) {
	m.p, m.Parent, m.Concerns, m.Ready = p, parent, p.Concerns, true
	for _, word := range agent.FieldsOf(m.Kind) {
		m.Fields = append(m.Fields, MakeField{Word: word, Label: makeLabel(m.Kind, word), Value: p.Fields[word], Many: word == "notes",
			Must: word == "topic" || word == "last"})
	}
	if m.Kind != offline.KindContact { // a second contact is another person: nothing could be taken
		m.There, m.TakeIt = there, there != nil
	}
}

// makeLabels are the names of fields whose word alone is none.
var makeLabels = map[string]string{"first": "First name", "last": "Last name", "title": "Job title", "value": "Estimated value", "postcode": "Postal code"}

func makeLabel(k offline.Kind, word string) string {
	if k == offline.KindCase && word == "topic" {
		return "Title"
	}
	if l := makeLabels[word]; l != "" {
		return l
	}
	return upperFirst(word)
}

// Set changes a field.
func (m *Making) Set(word, value string) {
	for i := range m.Fields {
		if m.Fields[i].Word == word {
			m.Fields[i].Value = value
		}
	}
}

// SetParent says to whom it belongs; nil: nobody.
func (m *Making) SetParent(c *Card) {
	m.Parent = c
	if m.Kind == offline.KindCase && c != nil {
		m.Concerns = nil // it was that a customer is needed
	}
	m.changed()
}

// SetTakeIt says whether the record that is there is taken instead of another one.
func (m *Making) SetTakeIt(on bool) {
	m.TakeIt = on && m.There != nil
	m.changed()
}

// proposal is what the fields say now.
func (m *Making) proposal() agent.Proposal {
	p := agent.Proposal{Kind: m.Kind, Fields: offline.Fields{}}
	if m.TakeIt {
		p.Record = m.There.Ref
		return p
	}
	if m.Parent != nil {
		p.Parent = m.Parent.Ref
	}
	for _, f := range m.Fields {
		if v := strings.TrimSpace(f.Value); v != "" && !m.hidden(f.Word) {
			p.Fields[f.Word] = v
		}
	}
	return p
}

// hidden: a contact with an account has its company from there (R-REGARDING-05).
func (m *Making) hidden(word string) bool {
	return word == "company" && m.Kind == offline.KindContact && m.Parent != nil
}

// Shown are the fields to be filled in as things are now.
func (m *Making) Shown() []MakeField {
	if m.TakeIt {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.Fields), func(f MakeField) bool { return m.hidden(f.Word) })
}

// Wrong says what keeps it from being made, "" where nothing does, and in which
// field, "" where in none.
func (m *Making) Wrong() (text, word string) {
	if !m.Ready {
		return "The fields are not there yet.", ""
	}
	p := m.proposal()
	err := p.Check(m.d.env.options())
	if err == nil {
		return "", ""
	}
	if p.Record.IsZero() {
		for _, f := range m.Fields {
			if f.Must && p.Fields[f.Word] == "" {
				word = f.Word
				break
			}
		}
		if word == "" && p.Fields["value"] != "" && m.Kind == offline.KindOpportunity {
			word = "value"
		}
	}
	return upperFirst(err.Error()) + ".", word
}

// Make makes it. Nothing is made where Wrong says something.
func (m *Making) Make() {
	if text, _ := m.Wrong(); text != "" {
		m.d.Deeds.Say(text)
		return
	}
	p, key, env := m.proposal(), m.key, m.d.env
	text := KindName(m.Kind) + " made · this message is about it"
	switch {
	case m.TakeIt:
		text = "Regarding " + m.There.Name
	case m.Kind == offline.KindContact:
		text = "Contact added: " + strings.TrimSpace(p.Fields["first"]+" "+p.Fields["last"])
	}
	m.d.Deeds.run(text, func() (agent.Undo, error) {
		_, undo, err := env.converter.CreateFrom(key, p)
		return undo, err
	})
}

// Close forgets what is under way.
func (m *Making) Close() {
	m.changed = func() {}
	m.read.drop()
}
