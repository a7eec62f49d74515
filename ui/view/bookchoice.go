package view

import (
	"slices"

	"postrider/offline"
)

// BookChoices say which records the address book offers (R-ADDRESSBOOK-03..05).
type BookChoices struct {
	Contacts string // "all of them"
	Others   string
	Kinds    []BookKind
	NoKinds  bool // none of the others: which kinds does not matter

	contacts, others offline.BookReach
}

// BookKind is a kind of record that the address book can hold.
type BookKind struct {
	Kind offline.Kind
	Name string // "Accounts"
	On   bool
}

// BookReachLine is how far the address book can reach.
type BookReachLine struct {
	Reach offline.BookReach
	Text  string
	On    bool
}

var reachWords = map[offline.BookReach]string{
	offline.BookNone: "None", offline.BookOwn: "Those that I own", offline.BookAll: "All that I may see",
}

// usualKinds are the other kinds where the user chose none.
var usualKinds = []offline.Kind{offline.KindAccount, offline.KindLead, offline.KindUser, offline.KindQueue}

func bookChoices(f force) BookChoices {
	b := BookChoices{contacts: f.rules.Book.Contacts, others: f.rules.Book.Others}
	if b.contacts == "" {
		b.contacts = offline.BookAll
	}
	if b.others == "" {
		b.others = offline.BookOwn
	}
	b.Contacts, b.Others, b.NoKinds = reachWords[b.contacts], reachWords[b.others], b.others == offline.BookNone
	on := f.rules.Book.Kinds
	if on == nil {
		on = usualKinds
	}
	b.Kinds = []BookKind{
		{Kind: offline.KindAccount, Name: "Accounts"}, {Kind: offline.KindLead, Name: "Leads"}, {Kind: offline.KindUser, Name: "Users"}, {Kind: offline.KindQueue, Name: "Queues"},
		{Kind: offline.KindTeam, Name: "Teams"}, {Kind: offline.KindEquipment, Name: "Facilities and equipment"}, {Kind: offline.KindUnit, Name: "Business units"},
	}
	for _, t := range f.options.Tables {
		if t.Addresses {
			b.Kinds = append(b.Kinds, BookKind{Kind: t.Kind, Name: OneLine(t.Plural, 40)})
		}
	}
	for i := range b.Kinds {
		b.Kinds[i].On = slices.Contains(on, b.Kinds[i].Kind)
	}
	return b
}

// Reaches are those to choose from, for contacts or for the other kinds.
func (b BookChoices) Reaches(contacts bool) []BookReachLine {
	now, all := b.others, []offline.BookReach{offline.BookNone, offline.BookOwn, offline.BookAll}
	if contacts {
		now, all = b.contacts, all[1:]
	}
	var lines []BookReachLine
	for _, r := range all {
		lines = append(lines, BookReachLine{r, reachWords[r], r == now})
	}
	return lines
}

// SetBookReach chooses which contacts, or which other records, the book offers.
func (d *Desk) SetBookReach(contacts bool, to offline.BookReach) {
	d.changeRules("The address book is changed", func(r *offline.Rules) {
		if contacts {
			r.Book.Contacts = to
		} else {
			r.Book.Others = to
		}
	})
	d.Tracking.refreshAfter()
}

// SetBookKind chooses whether the book offers a kind of record.
func (d *Desk) SetBookKind(k offline.Kind, on bool) {
	d.changeRules("The address book is changed", func(r *offline.Rules) {
		kinds := slices.Clone(r.Book.Kinds)
		if r.Book.Kinds == nil {
			kinds = slices.Clone(usualKinds)
		}
		kinds = slices.DeleteFunc(kinds, func(x offline.Kind) bool { return x == k })
		if on {
			kinds = append(kinds, k)
		}
		r.Book.Kinds = kinds
		if len(kinds) == 0 { // as nil these would be the usual ones
			r.Book.Kinds, r.Book.Others = nil, offline.BookNone
		}
	})
	d.Tracking.refreshAfter()
}
