package agent

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postrider/agent/track"
	"postrider/offline"
)

// Proposal is a record to be made from a message, with its fields filled as far
// as the message and the CRM tell, for the user to check.
type Proposal struct {
	Kind   offline.Kind   // contact, lead, opportunity or case
	Fields offline.Fields // by our words; see FieldsOf
	Parent offline.Ref    // the account or contact that it belongs to, or is for
	// Record is one that is there already and holds the address. CreateFrom
	// takes it instead of making another; the zero Ref makes one.
	Record offline.Ref
	// Concerns say what the user should look at.
	Concerns []string
}

// FieldsOf are the words of the fields that a record of a kind can be made
// with, in the order in which people fill them; nil for other kinds.
func FieldsOf(k offline.Kind) []string {
	person := []string{"title", "company", "email", "phone", "mobile", "website", "street", "postcode", "city", "country", "notes"}
	switch k {
	case offline.KindContact:
		return append([]string{"first", "last"}, person...)
	case offline.KindLead:
		return append([]string{"topic", "first", "last"}, person...)
	case offline.KindOpportunity:
		return []string{"topic", "value", "notes"}
	case offline.KindCase:
		return []string{"topic", "notes"}
	}
	return nil
}

const (
	maxNotes = 2000 // characters of a record's notes (table reference: description)
	maxTopic = 200  // the least that a kind takes as its title
)

// Propose fills the fields of a contact to be made from the sender of a message,
// or of a lead, an opportunity or a case that a message is to become
// (R-TRACK-20). Notes are of the message's text as far as that is here; see
// FetchBody.
func (a *Agent) Propose(key uint64, kind offline.Kind) (p Proposal, err error) {
	if FieldsOf(kind) == nil {
		return p, fmt.Errorf("no %s can be made from a message", kind)
	}
	p = Proposal{Kind: kind, Fields: offline.Fields{}}
	var m offline.Message
	var who offline.Address
	err = a.Store.View(func(tx *offline.Tx) error {
		if m, err = tx.Message(key); err != nil {
			return err
		}
		who = a.other(&m)
		picks, err := picks(tx)
		if err != nil {
			return err
		}
		holders, _, err := candidates(tx, picks, who.Addr)
		if err != nil {
			return err
		}
		return a.fill(tx, &p, &m, who, holders)
	})
	if err != nil {
		return p, err
	}
	if kind != offline.KindContact {
		p.Fields["notes"] = a.notesOf(&m)
	}
	for word, v := range p.Fields {
		if v == "" {
			delete(p.Fields, word)
		}
	}
	if !a.me().Options.May(kind) {
		p.Concerns = append(p.Concerns, fmt.Sprintf("The CRM does not let you create a %s.", kind))
	}
	return p, nil
}

// other is the person on the other side of a message: its sender, or, where the
// user sent it, whom it was sent to first.
func (a *Agent) other(m *offline.Message) offline.Address {
	from := track.From(m)
	if m.Outgoing {
		from = slices.DeleteFunc(slices.Concat(m.To, m.Cc), func(to offline.Address) bool {
			return to.Addr == "" || slices.Contains(a.Settings.Own, offline.Fold(to.Addr))
		})
	}
	if len(from) == 0 {
		return offline.Address{}
	}
	return from[0]
}

// fill fills what the store tells.
func (a *Agent) fill(tx *offline.Tx, p *Proposal, m *offline.Message, who offline.Address, holders []offline.Record) error {
	p.Fields["topic"] = a.topicOf(m.Subject)
	if p.Kind == offline.KindContact || p.Kind == offline.KindLead {
		p.Fields["first"], p.Fields["last"] = track.SplitName(who)
		p.Fields["email"] = strings.TrimSpace(who.Addr)
		if i := slices.IndexFunc(holders, func(r offline.Record) bool { return r.Kind == p.Kind }); i >= 0 {
			p.Record = holders[i].Ref
			p.Concerns = append(p.Concerns, fmt.Sprintf("%s is in the CRM already, with this address.", holders[i].Name))
		}
	}
	if p.Kind == offline.KindContact {
		delete(p.Fields, "topic")
	}
	customer, err := a.customer(tx, p.Kind, m, who, holders)
	if err != nil {
		return err
	}
	p.Parent = customer
	if p.Kind == offline.KindLead {
		if acc, err := tx.Record(customer); err == nil && acc.Kind == offline.KindAccount {
			p.Fields["company"] = acc.Name
		}
	}
	if p.Kind == offline.KindCase && customer.IsZero() {
		p.Concerns = append(p.Concerns, "Choose the account or contact that the case is for: the CRM takes none without.")
	}
	return nil
}

// customer is whom a record belongs to or is for: what the message is about,
// where that is an account or contact or is for one; else the sender's account,
// the sender, or the account to which all contacts of the sender's domain
// belong. A contact belongs to an account only (R-REGARDING-05: no account is
// ever made up).
func (a *Agent) customer(tx *offline.Tx, kind offline.Kind, m *offline.Message, who offline.Address, holders []offline.Record) (offline.Ref, error) {
	var found []offline.Ref
	about, err := tx.Record(m.Track.Regarding)
	if ignoreMissing(err) != nil {
		return offline.Ref{}, err
	}
	found = append(found, about.Ref, about.Parent)
	for _, r := range holders {
		switch r.Kind {
		case offline.KindContact:
			found = append(found, r.Parent, r.Ref)
		case offline.KindAccount:
			found = append(found, r.Ref)
		}
	}
	found = append(found, a.accountOfDomain(tx, who.Addr))
	for _, r := range found {
		if r.Kind != offline.KindAccount && (r.Kind != offline.KindContact || kind == offline.KindContact) {
			continue
		}
		rec, err := tx.Record(r)
		if ignoreMissing(err) != nil {
			return offline.Ref{}, err
		}
		if err == nil && rec.Active {
			return r, nil
		}
	}
	return offline.Ref{}, nil
}

// accountOfDomain is the account of all whom the address book knows at the
// domain of an address, if it is the same for all who have one. Domains at which
// everybody can have an address have more than one.
func (a *Agent) accountOfDomain(tx *offline.Tx, addr string) (account offline.Ref) {
	_, domain, ok := strings.Cut(offline.Fold(addr), "@")
	if !ok {
		return offline.Ref{}
	}
	for _, e := range a.book.book.AtDomain(domain) {
		of := e.Record
		if of.Kind == offline.KindContact {
			r, err := tx.Record(of)
			if err != nil || r.Parent.IsZero() {
				continue
			}
			of = r.Parent
		}
		switch {
		case of.Kind != offline.KindAccount:
		case account.IsZero():
			account = of
		case account != of:
			return offline.Ref{}
		}
	}
	return account
}

// topicOf is a subject without what mail programs put before it and without its
// token.
func (a *Agent) topicOf(subject string) string {
	s := a.trackSettings()
	for token := s.Tokens.Find(subject); token != ""; token = s.Tokens.Find(subject) {
		i := strings.Index(strings.ToLower(subject), strings.ToLower(token))
		if i < 0 || i+len(token) > len(subject) {
			break
		}
		subject = subject[:i] + subject[i+len(token):]
	}
	subject = track.Noise(a.me().Options.SmartNoise).ReplaceAllString(subject, "")
	return bounded(strings.Join(strings.Fields(subject), " "), maxTopic)
}

// notesOf is the text of a message, bounded to what notes can hold; its first
// words where the text is not here.
func (a *Agent) notesOf(m *offline.Message) string {
	text := m.Body.Snippet
	if m.Body.Stored {
		if c, err := a.read(m.Key); err == nil {
			text = c.Text
		}
	}
	return bounded(strings.TrimSpace(text), maxNotes)
}

// bounded cuts a text to n characters, in the UTF-16 units in which the CRM
// counts, and marks the cut.
func bounded(s string, n int) string {
	units, cut := 0, 0 // cut: what leaves room for the mark
	for i, r := range s {
		if units < n {
			cut = i
		}
		if units++; r > 0xffff {
			units++
		}
	}
	if units <= n {
		return s
	}
	return strings.TrimSpace(s[:cut]) + "…"
}

// Check reports what keeps a proposal from being made, for people; o are the
// user's options (User.Options).
func (p *Proposal) Check(o offline.Options) error {
	has := func(word string) bool { return strings.TrimSpace(p.Fields[word]) != "" }
	switch {
	case FieldsOf(p.Kind) == nil:
		return fmt.Errorf("no %s can be made from a message", p.Kind)
	case !p.Record.IsZero():
		if p.Record.Kind != p.Kind {
			return fmt.Errorf("a %s was chosen where a %s is wanted", p.Record.Kind, p.Kind)
		}
		return nil
	case !o.May(p.Kind):
		return fmt.Errorf("the CRM does not let you create a %s; ask your administrator for that right", p.Kind)
	case (p.Kind == offline.KindContact || p.Kind == offline.KindLead) && !has("last"):
		return fmt.Errorf("a %s needs a last name", p.Kind)
	case p.Kind != offline.KindContact && !has("topic"):
		return errors.New("fill in what it is about")
	case p.Kind == offline.KindCase && p.Parent.IsZero():
		return errors.New("choose the account or contact that the case is for; the CRM takes none without")
	case !p.Parent.IsZero() && p.Parent.Kind != offline.KindAccount && p.Parent.Kind != offline.KindContact:
		return fmt.Errorf("it can belong to an account or a contact, not to a %s", p.Parent.Kind)
	}
	if v := strings.TrimSpace(p.Fields["value"]); v != "" {
		if n, err := strconv.ParseFloat(v, 64); err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
			return fmt.Errorf("the value has to be a plain number, such as 48000 or 1250.50, not %q", v)
		}
	}
	for word := range p.Fields {
		if !slices.Contains(FieldsOf(p.Kind), word) {
			return fmt.Errorf("a %s has no field %q", p.Kind, word)
		}
	}
	return nil
}

// CreateFrom makes the record of a proposal, or takes the one that is there
// (Proposal.Record). A lead, opportunity or case becomes what the message is
// about, which tracks it (R-TRACK-03, R-TRACK-20). The record's id is chosen and
// stored before CreateFrom returns; it is carried to the CRM when the time for
// Undo is over, and what is about it after that. Undo takes it back for as long
// as it waits; afterwards it can only make the message be about what it was
// about before, and says so.
func (a *Agent) CreateFrom(key uint64, p Proposal) (offline.Ref, Undo, error) {
	if err := p.Check(a.me().Options); err != nil {
		return offline.Ref{}, nil, err
	}
	r := p.Record
	if r.IsZero() {
		r = offline.Ref{Kind: p.Kind, ID: uuid.NewString()}
	}
	var queued uint64 // the change that makes the record
	undo, err := a.act([]uint64{key}, func(tx *offline.Tx, m *offline.Message) error {
		queued = 0
		if p.Record.IsZero() {
			id, err := a.queueRecord(tx, m.Key, r, p)
			if err != nil {
				return err
			}
			queued = id
		}
		if p.Kind == offline.KindContact {
			return nil
		}
		if err := used(tx, r); err != nil {
			return err
		}
		if m.Track.State == offline.Tracked || m.Track.State == offline.Waiting {
			return a.regard(tx, m, r)
		}
		return a.trackOne(tx, m, r)
	})
	if err != nil {
		return offline.Ref{}, nil, err
	}
	return r, func() error { return a.undoCreate(key, r, queued, p.Kind != offline.KindContact, undo) }, nil
}

// queueRecord queues the making of a record. A message can be about it at once:
// so it is in the store, without its address, which nothing can be resolved to
// before the record is there.
func (a *Agent) queueRecord(tx *offline.Tx, item uint64, r offline.Ref, p Proposal) (uint64, error) {
	now := a.Now().UTC()
	c := offline.Change{Lane: lane(r), Op: offline.OpCreateRecord, Item: item, Record: r, Parent: p.Parent, Fields: p.Fields, Queued: now, NotBefore: now.Add(UndoFor)}
	if err := tx.Enqueue(&c); err != nil {
		return 0, err
	}
	rec := asRecord(c, offline.Outcome{}, offline.Ref{Kind: offline.KindUser, ID: a.me().ID}, now)
	rec.Addrs = nil
	if err := tx.PutRecord(&rec); err != nil {
		return 0, err
	}
	return c.ID, nil
}

// asRecord is the record that a change makes, as far as we know it.
func asRecord(c offline.Change, o offline.Outcome, owner offline.Ref, at time.Time) offline.Record {
	f := c.Fields
	r := offline.Record{Ref: c.Record, Parent: c.Parent, Owner: owner, Active: true, Created: at, Changed: at, ETag: o.ETag}
	r.Name = strings.TrimSpace(f["first"] + " " + f["last"])
	if r.Name == "" {
		r.Name = f["topic"]
	}
	if addr := strings.TrimSpace(f["email"]); addr != "" {
		r.Addrs = []string{addr}
	}
	for _, word := range []string{"topic", "title", "phone", "mobile", "website", "city", "company", "value"} {
		if v := f[word]; v != "" && v != r.Name {
			if r.Fields == nil {
				r.Fields = offline.Fields{}
			}
			r.Fields[word] = v
		}
	}
	r.Summary = cmp.Or(f["title"], f["company"])
	return r
}

// undoCreate takes back what CreateFrom did: the making of the record for as
// long as that waits, and what the message is about.
func (a *Agent) undoCreate(key uint64, r offline.Ref, queued uint64, about bool, undo Undo) error {
	if about { // first, so that nothing goes to the CRM that is about what is not to be made
		if err := undo(); err != nil {
			return err
		}
	}
	carried := false
	err := a.Store.Update(func(tx *offline.Tx) error {
		carried = false
		if queued == 0 {
			return nil
		}
		_, err := tx.Change(queued)
		if errors.Is(err, offline.ErrNotFound) {
			carried = true
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.DropChange(queued); err != nil {
			return err
		}
		return ignoreMissing(tx.DeleteRecord(r))
	})
	if err != nil {
		return err
	}
	a.updateBook(nil, []offline.Ref{r})
	a.settleRecordProblem(r)
	if carried {
		return fmt.Errorf("the %s is in the CRM already and stays there; delete it there if it is not wanted", r.Kind)
	}
	return nil
}
