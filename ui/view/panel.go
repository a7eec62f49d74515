package view

import (
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Panel is what the CRM knows around the chosen message.
type Panel struct {
	Address string      // of the person the message is from or to
	People  []Card      // the records that have this address; several: all are shown
	Picked  offline.Ref // of People, whom the user chose; zero: nobody
	About   *Card       // the regarding record
	Groups  []Group
	Last    []Card // the newest emails with the regarding record or the person
	Empty   bool   // nothing is chosen, or several messages are
}

// Card is a record with what is known of it.
type Card struct {
	Ref    offline.Ref
	Symbol string
	Kind   string // "Contact"
	Name   string
	Title  string // job title, or what else says it in one line
	Parent string // name of the account
	Lines  []CardLine
	Value  string // of an opportunity
	Note   string // on the right of a short line: the value, or when it changed
	Closed bool
}

// CardLine is one fact with its symbol.
type CardLine struct{ Symbol, Text string }

// Group is a list of records under one heading.
type Group struct {
	Title string
	Cards []Card
	More  int
}

// groupCap is how many records of a kind the panel lists.
const groupCap = 6

func readPanel(tx *offline.Tx, m offline.Message, now time.Time) Panel {
	p := Panel{Address: correspondent(m)}
	var account offline.Ref
	if p.Address != "" {
		var recs []offline.Record
		recs, p.Picked = holders(tx, p.Address)
		for _, rec := range recs {
			p.People = append(p.People, newCard(tx, rec, now))
			if account.IsZero() {
				account = accountOf(tx, rec)
			}
		}
	}
	reg := m.Track.Regarding
	if !reg.IsZero() {
		if rec, err := tx.Record(reg); err == nil {
			c := newCard(tx, rec, now)
			p.About = &c
			if a := accountOf(tx, rec); !a.IsZero() {
				account = a
			}
		} else {
			p.About = &Card{Ref: reg, Symbol: KindSymbol(reg.Kind), Kind: KindName(reg.Kind), Name: nameOf(tx, reg)}
		}
	}
	parents := []offline.Ref{account}
	for _, c := range p.People {
		if c.Ref.Kind == offline.KindContact {
			parents = append(parents, c.Ref)
		}
	}
	if len(p.People) > 0 || p.About != nil {
		p.Groups = openRecords(tx, parents, now)
	}
	p.Last = lastEmails(tx, reg, m.Track.Record, now)
	return p
}

// correspondent is the address of the person a message is about: its sender, or
// the first recipient of what the user sent.
func correspondent(m offline.Message) string {
	as := m.From
	if m.Outgoing {
		as = m.To
	}
	for _, a := range as {
		if a.Addr != "" {
			return a.Addr
		}
	}
	return ""
}

// byLikelihood puts people before organisations, and active records first.
func byLikelihood(a, b offline.Record) int {
	rank := func(r offline.Record) int {
		n := slices.Index([]offline.Kind{offline.KindContact, offline.KindLead, offline.KindUser, offline.KindAccount, offline.KindQueue}, r.Kind)
		if n < 0 {
			n = 9
		}
		if !r.Active {
			n += 10
		}
		return n
	}
	return rank(a) - rank(b)
}

func accountOf(tx *offline.Tx, r offline.Record) offline.Ref {
	for range 3 {
		if r.Kind == offline.KindAccount {
			return r.Ref
		}
		next, err := tx.Record(r.Parent)
		if err != nil {
			return offline.Ref{}
		}
		r = next
	}
	return offline.Ref{}
}

func newCard(tx *offline.Tx, r offline.Record, now time.Time) Card {
	c := Card{
		Ref: r.Ref, Symbol: KindSymbol(r.Kind), Kind: KindName(r.Kind), Name: OneLine(r.Name, 200),
		Title: OneLine(r.Fields["title"], 120), Closed: !r.Active,
	}
	if c.Name == "" {
		c.Name = "(no name)"
	}
	if !r.Parent.IsZero() {
		c.Parent = nameOf(tx, r.Parent)
	}
	if c.Title == "" && c.Parent == "" {
		c.Title = OneLine(r.Summary, 160)
	}
	if !r.Active {
		c.Lines = append(c.Lines, CardLine{"info", closedWord(r.Kind)})
	}
	for _, f := range []struct{ field, symbol string }{
		{"value", "opportunity"}, {"stage", "status"}, {"status", "status"}, {"due", "waiting"}, {"number", "record"},
		{"phone", "phone"}, {"mobile", "phone"}, {"company", "account"}, {"city", "account"},
	} {
		if v := OneLine(r.Fields[f.field], 120); v != "" && v != c.Parent {
			c.Lines = append(c.Lines, CardLine{f.symbol, v})
		}
	}
	for i, a := range r.Addrs {
		if i == 3 {
			break
		}
		c.Lines = append(c.Lines, CardLine{"mail", OneLine(a, 120)})
	}
	c.Value = OneLine(r.Fields["value"], 24)
	c.Note = c.Value
	if c.Note == "" && !r.Changed.IsZero() {
		c.Note = Age(r.Changed, now)
	}
	return c
}

func closedWord(k offline.Kind) string {
	switch k {
	case offline.KindOpportunity, offline.KindCase, offline.KindLead:
		return "closed"
	case offline.KindUser:
		return "disabled"
	}
	return "inactive"
}

func openRecords(tx *offline.Tx, parents []offline.Ref, now time.Time) []Group {
	groups := []Group{{Title: "Open opportunities"}, {Title: "Open cases"}}
	seen := map[offline.Ref]bool{}
	for _, parent := range parents {
		if parent.IsZero() || seen[parent] {
			continue
		}
		seen[parent] = true
		recs, err := tx.RecordsRegarding(parent)
		if err != nil {
			continue
		}
		for _, r := range recs {
			g := 0
			switch r.Kind {
			case offline.KindOpportunity:
			case offline.KindCase:
				g = 1
			default:
				continue
			}
			if !r.Active || seen[r.Ref] {
				continue
			}
			seen[r.Ref] = true
			if len(groups[g].Cards) == groupCap {
				groups[g].More++
				continue
			}
			groups[g].Cards = append(groups[g].Cards, newCard(tx, r, now))
		}
	}
	return groups
}

func lastEmails(tx *offline.Tx, about, self offline.Ref, now time.Time) []Card {
	if about.IsZero() {
		return nil
	}
	recs, err := tx.RecordsRegarding(about)
	if err != nil {
		return nil
	}
	recs = slices.DeleteFunc(recs, func(r offline.Record) bool { return r.Kind != offline.KindEmail || r.Ref == self })
	when := make(map[offline.Ref]time.Time, len(recs))
	for _, r := range recs {
		when[r.Ref] = sentAt(tx, r)
	}
	slices.SortFunc(recs, func(a, b offline.Record) int { return when[b.Ref].Compare(when[a.Ref]) })
	var out []Card
	for _, r := range recs[:min(len(recs), 5)] {
		c := Card{Ref: r.Ref, Symbol: "mail", Kind: "Email", Name: OneLine(r.Name, 160), Note: Age(when[r.Ref], now)}
		if r.Email != nil && r.Email.Outgoing {
			c.Symbol = "sent"
		}
		if strings.TrimSpace(c.Name) == "" {
			c.Name = "(no subject)"
		}
		out = append(out, c)
	}
	return out
}

// sentAt is when an email was sent: by the message itself where it is here,
// otherwise when its record was made.
func sentAt(tx *offline.Tx, r offline.Record) time.Time {
	if r.Email != nil && r.Email.Identity != "" {
		if m, err := tx.MessageByIdentity(r.Email.Identity); err == nil {
			return m.Date
		}
	}
	return r.Created
}

// KindName is a kind of record for people.
func KindName(k offline.Kind) string {
	if k == "" {
		return "Record"
	}
	return strings.ToUpper(string(k)[:1]) + string(k)[1:]
}

// KindSymbol is the symbol of a kind of record.
func KindSymbol(k offline.Kind) string {
	switch k {
	case offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase, offline.KindUser, offline.KindQueue:
		return string(k)
	case offline.KindEmail:
		return "mail"
	}
	return "record"
}
