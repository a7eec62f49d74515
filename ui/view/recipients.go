package view

import (
	"slices"
	"strings"

	"postrider/agent/book"
	"postrider/offline"
)

// offersCap is how many completions are offered at a time.
const offersCap = 6

// Recipient is one recipient of a message as its field shows it.
type Recipient struct {
	Addressee
	Label  string // the name, or else the address
	Symbol string // of the record that has the address; "" where none is known
	Known  string // "Contact · Moravia Tools a.s."; "" where none is known
}

// Hint says in full who it is, and what is wrong.
func (r Recipient) Hint() string {
	s := WriteAddressee(r.Address)
	switch {
	case r.Problem != "":
		return s + "\nMail can't go there: " + r.Problem
	case r.Known != "":
		return s + "\n" + r.Known
	}
	return s + "\nNot in the address book"
}

// Offer is a completion of what is typed.
type Offer struct {
	Address offline.Address
	Symbol  string
	Name    string
	Note    string // address, company
}

// Recipients are those of one field: taken ones, the text that is being typed, and
// what it may be completed to.
type Recipients struct {
	List   []Recipient
	Text   string
	Offers []Offer
	At     int // the offer that Enter takes; -1: none, what is typed is an address itself

	book    func() *book.Book // may return nil
	changed func()            // the recipients, or what is offered
	edited  func()            // the message is another one
}

func newRecipients(b func() *book.Book, changed, edited func()) *Recipients {
	return &Recipients{book: b, changed: changed, edited: edited}
}

// set puts these in the place of all.
func (r *Recipients) set(as []offline.Address) {
	r.List, r.Text, r.Offers = nil, "", nil
	for _, a := range as {
		r.add(Addressee{a, addressProblem(a.Addr)})
	}
}

// Type is what the field's text is now. Recipients that are complete (a comma
// follows, or several were pasted) are taken over; what Text is then is to be shown.
func (r *Recipients) Type(text string) {
	if text == r.Text {
		return
	}
	r.edited()
	if EndsAddressee(text) {
		r.Text, r.Offers = "", nil
		for _, a := range ParseAddressees(text) {
			r.add(a)
		}
		r.changed()
		return
	}
	r.Text = text
	r.complete()
	r.changed()
}

func (r *Recipients) complete() {
	r.Offers, r.At = nil, 0
	b := r.book()
	if b == nil || strings.TrimSpace(r.Text) == "" {
		return
	}
	for _, e := range b.Complete(strings.TrimSpace(r.Text), offersCap+len(r.List)) {
		if len(r.Offers) == offersCap {
			break
		}
		if r.has(e.Addr) {
			continue
		}
		o := Offer{Address: offline.Address{Name: OneLine(e.Name, 120), Addr: e.Addr}, Symbol: "mail", Name: OneLine(e.Name, 120), Note: OneLine(e.Addr, 120)}
		if !e.Record.IsZero() {
			o.Symbol = KindSymbol(e.Record.Kind)
		}
		if o.Name == "" {
			o.Name, o.Note = o.Note, ""
		}
		if c := OneLine(e.Company, 80); c != "" {
			o.Note += " · " + c
		}
		r.Offers = append(r.Offers, o)
	}
	if as := ParseAddressees(r.Text); len(as) == 1 && as[0].Problem == "" && len(r.Offers) > 0 && offline.Fold(r.Offers[0].Address.Addr) != offline.Fold(as[0].Addr) {
		r.At = -1
	}
}

func (r *Recipients) has(addr string) bool {
	k := offline.Fold(addr)
	return slices.ContainsFunc(r.List, func(x Recipient) bool { return offline.Fold(x.Addr) == k })
}

// Move goes to another offer; it reports whether there are any.
func (r *Recipients) Move(by int) bool {
	n := len(r.Offers)
	if n == 0 {
		return false
	}
	if r.At < 0 && by < 0 {
		r.At = 0
	}
	r.At = (r.At + by + n) % n
	r.changed()
	return true
}

// Take takes offer i over, and forgets what was typed.
func (r *Recipients) Take(i int) {
	if i < 0 || i >= len(r.Offers) {
		return
	}
	a := r.Offers[i].Address
	r.Text, r.Offers = "", nil
	r.add(Addressee{a, addressProblem(a.Addr)})
	r.edited()
	r.changed()
}

// Shut takes the offers away; it reports whether there were any.
func (r *Recipients) Shut() bool {
	if len(r.Offers) == 0 {
		return false
	}
	r.Offers = nil
	r.changed()
	return true
}

// Commit takes what is typed over as it stands; it reports whether there was
// anything.
func (r *Recipients) Commit() bool {
	as := ParseAddressees(r.Text)
	had := r.Text != "" || len(r.Offers) > 0
	r.Text, r.Offers = "", nil
	for _, a := range as {
		r.add(a)
	}
	if had {
		r.changed()
	}
	return len(as) > 0
}

// Remove takes recipient i away.
func (r *Recipients) Remove(i int) {
	if i >= 0 && i < len(r.List) {
		r.List = slices.Delete(r.List, i, i+1)
		r.edited()
		r.changed()
	}
}

// Edit makes recipient i text again, to be changed; what was being typed is taken
// over first.
func (r *Recipients) Edit(i int) {
	if i < 0 || i >= len(r.List) {
		return
	}
	a := r.List[i].Address
	r.List = slices.Delete(r.List, i, i+1)
	r.Commit()
	r.Text, r.Offers = WriteAddressee(a), nil
	r.edited()
	r.changed()
}

func (r *Recipients) add(a Addressee) {
	if a.Addr != "" && r.has(a.Addr) {
		return
	}
	c := Recipient{Addressee: a, Label: Named(a.Address)}
	if a.Problem != "" && a.Name != "" {
		c.Label = OneLine(WriteAddressee(a.Address), 120)
	}
	if b := r.book(); b != nil && a.Problem == "" {
		for i, e := range b.Holders(a.Addr) {
			if e.Record.IsZero() {
				continue
			}
			if c.Known == "" {
				c.Symbol, c.Known = KindSymbol(e.Record.Kind), KindName(e.Record.Kind)
				if e.Company != "" {
					c.Known += " · " + OneLine(e.Company, 80)
				}
				if c.Name == "" && e.Name != "" {
					c.Name, c.Label = OneLine(e.Name, 120), OneLine(e.Name, 80)
				}
				continue
			}
			if i > 0 {
				c.Known += ", " + strings.ToLower(KindName(e.Record.Kind)) + " " + OneLine(e.Name, 60)
			}
		}
	}
	r.List = append(r.List, c)
}

// all are the recipients, with what is still being typed.
func (r *Recipients) all() []offline.Address {
	var out []offline.Address
	for _, x := range r.List {
		out = append(out, x.Address)
	}
	for _, a := range ParseAddressees(r.Text) {
		if !r.has(a.Addr) {
			out = append(out, a.Address)
		}
	}
	return out
}
