package view

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// Regardable are the kinds of record that a message can be about, as they are
// offered.
var Regardable = []offline.Kind{offline.KindOpportunity, offline.KindCase, offline.KindAccount, offline.KindContact, offline.KindLead}

const (
	recentCap = 12 // recent records that are offered
	choiceCap = 40
	askAfter  = 300 * time.Millisecond // rest before the CRM is asked
)

// Choice is a record that can be chosen.
type Choice struct {
	Card
	Group string // "Suggested", "Recent", "Found here", "In the CRM"
}

// Chooser finds a record to be the regarding: suggestions and recent ones before
// anything is typed, then what the store knows, then what the CRM finds.
type Chooser struct {
	Choices []Choice
	Query   string
	Asking  bool   // the CRM was asked and has not answered
	Note    string // why the CRM's answer is missing

	env     *env
	changed func()
	local   slot
	remote  slot
	kinds   []offline.Kind
	labels  map[offline.Kind]string // of the organization's own kinds
}

// learn finds out of what kinds the records can be (R-REGARDING-01): the standard
// ones, and the organization's own tables that take activities; or only these.
func (c *Chooser) learn(only []offline.Kind) {
	if only != nil {
		c.kinds = only
		return
	}
	c.kinds, c.labels = slices.Clone(Regardable), map[offline.Kind]string{}
	for _, t := range c.env.tables() {
		if !slices.Contains(c.kinds, t.Kind) {
			c.kinds = append(c.kinds, t.Kind)
			c.labels[t.Kind] = OneLine(t.Label, 60)
		}
	}
}

// named gives records of the organization's own kinds the name of their kind.
func (c *Chooser) named(choices []Choice) []Choice {
	for i := range choices {
		if l := c.labels[choices[i].Ref.Kind]; l != "" {
			choices[i].Kind = l
		}
	}
	return choices
}

// NewChooser returns a chooser for these messages, of records of these kinds (nil:
// all that a message can be about); changed is called when there is something new
// to show.
func (d *Desk) NewChooser(keys []uint64, only []offline.Kind, changed func()) *Chooser {
	c := &Chooser{env: d.env, changed: changed, local: d.env.slot(), remote: d.env.slot()}
	c.learn(only)
	c.open(keys[:min(len(keys), 20)])
	return c
}

// Close stops what is under way.
func (c *Chooser) Close() {
	c.changed = func() {}
	c.local.drop()
	c.remote.drop()
}

func (c *Chooser) open(keys []uint64) {
	now := c.env.now()
	c.local.do(func(context.Context) func() {
		var choices []Choice
		recent, err := c.env.agent.Recent(c.kinds)
		reading := c.env.store.View(func(tx *offline.Tx) error {
			choices = c.named(offers(tx, c.kinds, keys, recent[:min(len(recent), recentCap)], now))
			return nil
		})
		err = errors.Join(err, reading)
		return func() {
			c.fail(err)
			c.Choices = choices
			c.changed()
		}
	})
}

// offers are the records that are likely before anything is typed.
func offers(tx *offline.Tx, kinds []offline.Kind, keys []uint64, recent []offline.Record, now time.Time) []Choice {
	var out []Choice
	seen := map[offline.Ref]bool{}
	add := func(group string, card Card) {
		if !seen[card.Ref] && slices.Contains(kinds, card.Ref.Kind) && !card.Closed {
			seen[card.Ref] = true
			out = append(out, Choice{card, group})
		}
	}
	for _, k := range keys {
		m, err := tx.Message(k)
		if err != nil {
			continue
		}
		p := readPanel(tx, m, now)
		for _, g := range p.Groups {
			for _, card := range g.Cards {
				add("Suggested", card)
			}
		}
		for _, card := range p.People {
			rec, err := tx.Record(card.Ref)
			if err != nil {
				continue
			}
			if a := accountOf(tx, rec); !a.IsZero() {
				if acc, err := tx.Record(a); err == nil {
					add("Suggested", newCard(tx, acc, now))
				}
			}
			add("Suggested", card)
		}
		if len(out) > 10 {
			break
		}
	}
	for _, rec := range recent {
		add("Recent", newCard(tx, rec, now))
	}
	return out
}

// Type searches for text, in the store at once and, after a rest, in the CRM.
func (c *Chooser) Type(text string, keys []uint64) {
	text = strings.TrimSpace(text)
	if text == c.Query {
		return
	}
	c.Query, c.Note = text, ""
	c.remote.drop()
	c.Asking = false
	if text == "" {
		c.open(keys[:min(len(keys), 20)])
		return
	}
	now := c.env.now()
	c.local.do(func(context.Context) func() {
		var found []Choice
		recs, err := c.env.agent.SearchHere(text, c.kinds)
		reading := c.env.store.View(func(tx *offline.Tx) error {
			for _, r := range recs[:min(len(recs), choiceCap)] {
				found = append(found, Choice{newCard(tx, r, now), "Found here"})
			}
			return nil
		})
		err = errors.Join(err, reading)
		found = c.named(found)
		return func() {
			c.fail(err)
			c.Choices = found
			c.changed()
			c.ask(text)
		}
	})
}

func (c *Chooser) ask(text string) {
	if len([]rune(text)) < 2 {
		return
	}
	c.Asking = true
	c.changed()
	now := c.env.now()
	c.remote.do(func(ctx context.Context) func() {
		if !rest(ctx, askAfter) {
			return nil
		}
		recs, err := c.env.agent.Search(ctx, text, c.kinds)
		var cards []Card
		reading := c.env.store.View(func(tx *offline.Tx) error {
			for _, r := range recs {
				cards = append(cards, newCard(tx, r, now))
			}
			return nil
		})
		if err == nil {
			err = reading
		}
		return func() {
			c.Asking = false
			if err != nil {
				c.Note = "Only what is on this computer was searched; the CRM can't be asked now."
				c.env.log.Info("the CRM could not be searched", "err", err)
			}
			for _, card := range cards {
				known := slices.ContainsFunc(c.Choices, func(o Choice) bool { return o.Ref == card.Ref })
				if !known && !card.Closed && slices.Contains(c.kinds, card.Ref.Kind) {
					c.Choices = append(c.Choices, c.named([]Choice{{card, "In the CRM"}})...)
				}
			}
			c.changed()
		}
	})
}

func (c *Chooser) fail(err error) {
	if err != nil {
		c.Note = "The records can't be read: " + err.Error()
	}
}

// Chose remembers a record as the newest of the recent ones.
func (d *Desk) Chose(r offline.Ref) {
	d.Deeds.later(func() func() {
		err := d.env.agent.Used(r)
		return func() {
			if err != nil {
				d.env.log.Warn("the chosen record could not be remembered", "err", err)
			}
		}
	})
}
