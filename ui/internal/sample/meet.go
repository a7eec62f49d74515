package sample

import (
	"fmt"
	"slices"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// SetMeet says whether the first contact is still to be confirmed.
func (a *Agent) SetMeet(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.meet = on
}

// FirstContacts is what the first contact would come to, made up: some people are
// the same, one may be two, and two may be one.
func (a *Agent) FirstContacts() ([]agent.FirstContact, error) {
	a.mu.Lock()
	meet := a.meet
	a.mu.Unlock()
	if !meet {
		return nil, nil
	}
	byName := map[string]uint64{}
	counts := map[offline.Kind]int{}
	err := a.Store.View(func(tx *offline.Tx) error {
		return tx.Items(func(it *offline.Item) bool {
			byName[offline.ItemName(it.Kind, it.Fields)] = it.Key
			counts[it.Kind]++
			return true
		})
	})
	people := agent.FirstContact{
		Kind: offline.KindContact, Links: []merge.Pair{{Item: byName["Jana Nováková"], Record: ref(offline.KindContact, 1)}},
		Ambiguous: []merge.Group{
			{Items: []uint64{byName["Otto Brandt"]}, Records: []offline.Ref{ref(offline.KindContact, 2), ref(offline.KindContact, 4)}},
			{Items: []uint64{byName["Aiko 田中"], byName["harbour@club.example"]}, Records: []offline.Ref{ref(offline.KindContact, 3)}},
		},
		Down: []offline.Ref{ref(offline.KindContact, 50), ref(offline.KindContact, 51)}, Alone: counts[offline.KindContact] - 4,
	}
	days := agent.FirstContact{Kind: offline.KindAppointment, Up: []uint64{byName["Lunch"]}, Alone: counts[offline.KindAppointment] - 1}
	return []agent.FirstContact{days, {Kind: offline.KindTask, Confirmed: true}, people}, err
}

// ConfirmFirstContact starts it.
func (a *Agent) ConfirmFirstContact(kinds []offline.Kind, pairs []merge.Pair) error {
	if err := a.note(fmt.Sprintf("confirm %v with %d pairs", kinds, len(pairs))); err != nil {
		return err
	}
	all, err := a.FirstContacts()
	a.SetMeet(false)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range all {
		for _, g := range f.Ambiguous {
			if !slices.ContainsFunc(pairs, func(p merge.Pair) bool { return slices.Contains(g.Records, p.Record) }) {
				a.apart = append(a.apart, g)
			}
		}
	}
	return err
}

// Apart is what was left unsaid.
func (a *Agent) Apart() ([]merge.Group, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.apart), nil
}

func (a *Agent) dropApart(r offline.Ref) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.apart = slices.DeleteFunc(a.apart, func(g merge.Group) bool { return slices.Contains(g.Records, r) })
}

// Pair links two.
func (a *Agent) Pair(p merge.Pair) error {
	a.dropApart(p.Record)
	return a.note("pair " + p.Record.String())
}

// Part says that they are different.
func (a *Agent) Part(o merge.Group) error {
	a.dropApart(o.Records[0])
	return a.note("part")
}
