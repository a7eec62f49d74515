package view

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// Introducer is the part of an Agent that says what the first contact of full
// calendars and address books with a full CRM would come to. Nothing is made or
// linked on either side before the user confirmed it.
type Introducer interface {
	FirstContacts() ([]agent.FirstContact, error)
	// ConfirmFirstContact starts it for these kinds, with the pairs that the user
	// made by hand.
	ConfirmFirstContact(kinds []offline.Kind, pairs []merge.Pair) error
	// Apart are the groups of which the user has not said what belongs together
	// when it was started. Pair links an item and a record of one; Part says that
	// all in a group are different things.
	Apart() ([]merge.Group, error)
	Pair(p merge.Pair) error
	Part(g merge.Group) error
}

// Match is what the first contact would come to, and what the user has said about
// it so far.
type Match struct {
	Waits  bool // the user has to say that it may begin
	Failed string
	Kinds  []MatchKind
	Start  string      // what the button says that begins it; empty: nothing is chosen
	Apart  []MatchKind // what was left unsaid when it began

	picks map[uint64]offline.Ref // by item; the zero Ref: none of them
	off   map[offline.Kind]bool
}

// MatchKind is the first contact of one kind.
type MatchKind struct {
	Kind   offline.Kind
	On     bool // it is to begin
	Unread bool // it can't begin yet
	Title  string
	Lines  []string
	Pairs  []string // what is the same on both sides, by name
	Doubts []Doubt
}

// Doubt is an item that may be one of several records, or none.
type Doubt struct {
	Item    uint64
	Name    string
	Sub     string
	Choices []Card
	Said    bool        // the user said which
	Picked  offline.Ref // zero: none of them
	Answer  string      // in words

	group *merge.Group // what it is left in, once it has begun
}

// namesOfPairs is how many pairs are listed by name.
const namesOfPairs = 500

// readMatch asks the agent what the first contact would come to.
func (s *InStep) readMatch() {
	e := s.env
	if e.introducer == nil {
		return
	}
	now := e.now()
	s.match.do(func(context.Context) func() {
		reports, err := e.introducer.FirstContacts()
		apart, apartErr := e.introducer.Apart()
		var m Match
		if err = errors.Join(err, apartErr); err == nil {
			err = e.store.View(func(tx *offline.Tx) error {
				m.Apart = leftApart(tx, apart, now)
				for _, r := range reports {
					if r.Confirmed {
						continue
					}
					k := MatchKind{Kind: r.Kind, Title: upperFirst(ItemNoun(r.Kind)) + "s"}
					k.Lines, k.Unread = matchLines(r), len(r.Unread) > 0
					k.Pairs = pairNames(tx, r)
					k.Doubts = doubts(tx, r.Ambiguous, now)
					m.Kinds = append(m.Kinds, k)
				}
				return nil
			})
		}
		return func() {
			if err != nil {
				e.log.Info("the first contact could not be looked at", "err", err)
				m.Failed = "What is the same on both sides can't be found out now: " + OneLine(err.Error(), 200)
			}
			m.picks, m.off = s.Match.picks, s.Match.off
			s.Match = m
			s.Match.words()
			s.count()
			e.tell(PartInStep)
		}
	})
}

// matchLines say what would happen.
func matchLines(r agent.FirstContact) (lines []string) {
	if len(r.Unread) > 0 {
		return []string{"They can meet once these have been read: " + joined(", ", r.Unread...)}
	}
	noun, place := ItemNoun(r.Kind), placeOf(r.Kind)
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			lines = append(lines, "1 "+noun+" "+one)
		case n > 1:
			lines = append(lines, Plural(n, noun)+" "+many)
		}
	}
	add(len(r.Links), "is on both sides, and is linked", "are on both sides, and are linked")
	add(len(r.Down), "is in the CRM only, and comes into your "+place, "are in the CRM only, and come into your "+place)
	add(len(r.Up), "is in your "+place+" only, and goes to the CRM", "are in your "+place+" only, and go to the CRM")
	add(r.Alone, "is in your "+place+" only, and stays private until you track it", "are in your "+place+" only, and stay private until you track them")
	if len(lines) == 0 && len(r.Ambiguous) == 0 {
		lines = append(lines, "There are none on either side.")
	}
	return lines
}

func pairNames(tx *offline.Tx, r agent.FirstContact) (names []string) {
	for _, p := range r.Links[:min(len(r.Links), namesOfPairs)] {
		if it, err := tx.Item(p.Item); err == nil {
			names = append(names, orElse(OneLine(offline.ItemName(it.Kind, it.Now()), 200), "(no name)"))
		}
	}
	slices.Sort(names)
	return names
}

// doubts are the items of which it can't be told which record they are.
func doubts(tx *offline.Tx, groups []merge.Group, now time.Time) (all []Doubt) {
	for _, g := range groups {
		var cards []Card
		for _, ref := range g.Records {
			c := Card{Ref: ref, Symbol: KindSymbol(ref.Kind), Kind: KindName(ref.Kind), Name: nameOf(tx, ref)}
			if rec, err := tx.Record(ref); err == nil {
				c = newCard(tx, rec, now)
				c.Title = orElse(c.Title, recordSub(rec, now))
			}
			cards = append(cards, c)
		}
		for _, key := range g.Items {
			it, err := tx.Item(key)
			if err != nil {
				continue
			}
			f := newFact(&it)
			d := Doubt{Item: key, Name: orElse(f.name, "(no name)"), Sub: f.sub, Choices: cards}
			if d.Sub == d.Name {
				d.Sub = ""
			}
			if !f.from.IsZero() {
				d.Sub = TimeText(it.Now()[offline.WordTime], now)
			}
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b Doubt) int { return cmp.Compare(fold(a.Name), fold(b.Name)) })
	return all
}

// leftApart are the doubts that were left unsaid, kind by kind.
func leftApart(tx *offline.Tx, groups []merge.Group, now time.Time) (kinds []MatchKind) {
	for _, kind := range filterKinds {
		k := MatchKind{Kind: kind, Title: upperFirst(ItemNoun(kind)) + "s"}
		for _, g := range groups {
			if len(g.Records) == 0 {
				continue
			}
			if of, _ := offline.ItemKind(g.Records[0].Kind); of != kind {
				continue
			}
			for _, d := range doubts(tx, []merge.Group{g}, now) {
				d.group, d.Answer = &g, "not said: both stay as they are"
				k.Doubts = append(k.Doubts, d)
			}
		}
		if len(k.Doubts) > 0 {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// recordSub is what tells a record of an item's kind from others of its name.
func recordSub(r offline.Record, now time.Time) string {
	if r.Item == nil {
		return ""
	}
	w := r.Item.Fields
	if t := w[offline.WordTime]; t != "" {
		return TimeText(t, now)
	}
	return OneLine(orElse(w["email1"], w["company"], w["due"]), 120)
}

// words puts what the user said into it.
func (m *Match) words() {
	if m.picks == nil {
		m.picks, m.off = map[uint64]offline.Ref{}, map[offline.Kind]bool{}
	}
	m.Waits = len(m.Kinds) > 0
	var on []string
	for i := range m.Kinds {
		k := &m.Kinds[i]
		if k.On = !k.Unread && !m.off[k.Kind]; k.On {
			on = append(on, lowerFirst(k.Title))
		}
		for j := range k.Doubts {
			d := &k.Doubts[j]
			d.Picked, d.Said = m.picks[d.Item]
			d.Answer = "not said: both stay as they are"
			switch n := slices.IndexFunc(d.Choices, func(c Card) bool { return c.Ref == d.Picked }); {
			case d.Said && d.Picked.IsZero():
				d.Answer = "none of them: they are two things"
			case d.Said && n >= 0:
				d.Answer = "the same as " + joined(" · ", d.Choices[n].Name, d.Choices[n].Title, d.Choices[n].Parent)
			default:
				d.Said = false
			}
		}
	}
	m.Start = ""
	switch n := len(on); {
	case n == 1:
		m.Start = "Start with " + on[0]
	case n > 1:
		m.Start = "Start with " + joined(", ", on[:n-1]...) + " and " + on[n-1]
	}
}

// ChooseKind says whether a kind is to begin.
func (d *Desk) ChooseKind(k offline.Kind, on bool) {
	m := &d.InStep.Match
	m.off[k] = !on
	m.words()
	d.env.tell(PartInStep)
}

// PickPair says which record an item is; nil: none of them. A record is one item
// at most: who had it before has none said. What was left unsaid when it began is
// linked at once, or all of its group are said to be different things.
func (d *Desk) PickPair(x Doubt, c *Card) {
	m, item := &d.InStep.Match, x.Item
	if in := d.env.introducer; x.group != nil && in != nil {
		text := "They are different things"
		if c != nil {
			text = "“" + OneLine(x.Name, 80) + "” is linked with it"
		}
		d.Deeds.run(text, func() (agent.Undo, error) {
			defer d.env.post(d.InStep.readMatch)
			if c == nil {
				return nil, in.Part(*x.group)
			}
			return nil, in.Pair(merge.Pair{Item: item, Record: c.Ref})
		})
		return
	}
	ref := offline.Ref{}
	if c != nil {
		ref = c.Ref
		for other, r := range m.picks {
			if r == ref {
				delete(m.picks, other)
			}
		}
	}
	m.picks[item] = ref
	m.words()
	d.env.tell(PartInStep)
}

// StartMatch begins with what is chosen.
func (d *Desk) StartMatch() {
	s := d.InStep
	m, in := s.Match, d.env.introducer
	if in == nil || m.Start == "" {
		return
	}
	var kinds []offline.Kind
	var pairs []merge.Pair
	for _, k := range m.Kinds {
		if !k.On {
			continue
		}
		kinds = append(kinds, k.Kind)
		for _, x := range k.Doubts {
			if x.Said && !x.Picked.IsZero() {
				pairs = append(pairs, merge.Pair{Item: x.Item, Record: x.Picked})
			}
		}
	}
	d.Deeds.run("They are kept in step from now on", func() (agent.Undo, error) {
		err := in.ConfirmFirstContact(kinds, pairs)
		d.env.post(s.readMatch)
		return nil, err
	})
}
