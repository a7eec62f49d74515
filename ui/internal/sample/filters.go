package sample

import (
	"context"
	"errors"
	"slices"
	"strings"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// The sample's filters are kept in its store. What they ask stands in their queries
// as the agent's own words, so that it can be read and written without a CRM.
const settingPrefer = "sample-prefer"

// FilterWords are those of all kinds.
func (a *Agent) FilterWords() map[offline.Kind][]offline.FilterWord {
	words := map[offline.Kind][]offline.FilterWord{}
	for _, k := range []offline.Kind{offline.KindContact, offline.KindAppointment, offline.KindSeries, offline.KindTask} {
		words[k] = offline.FilterWords(k)
	}
	return words
}

// Criteria reads a query: a line for each condition.
func (a *Agent) Criteria(f offline.SyncFilter) (c offline.Criteria, ok bool) {
	for line := range strings.Lines(f.Query) {
		part := strings.SplitN(strings.TrimSpace(line), " ", 3)
		switch {
		case part[0] == "any":
			c.Any = true
		case len(part) < 2:
			return c, false
		default:
			c.List = append(c.List, offline.Criterion{Word: part[0], Op: offline.FilterOp(part[1]), Value: strings.Join(part[2:], "")})
		}
	}
	return c, true
}

// WithCriteria writes a query.
func (a *Agent) WithCriteria(f offline.SyncFilter, c offline.Criteria) (offline.SyncFilter, error) {
	var b strings.Builder
	if c.Any {
		b.WriteString("any\n")
	}
	for _, x := range c.List {
		if c.Any && x.Op == offline.FilterParty {
			return f, errors.New("that you take part can't be one of several things of which one is enough")
		}
		b.WriteString(strings.TrimSpace(x.Word+" "+string(x.Op)+" "+x.Value) + "\n")
	}
	f.Query = b.String()
	return f, nil
}

// PreviewFilter makes up what a change comes to.
func (a *Agent) PreviewFilter(ctx context.Context, c offline.FilterChange) ([]agent.FilterPreview, error) {
	if err := a.note("preview " + string(c.Do)); err != nil {
		return nil, err
	}
	p := agent.FilterPreview{Kind: c.Filter.Kind, In: 12, Comes: 2, Leaves: 3, Parted: []string{"Anna-Lena Fischer", "Petr Dvořák", "山田 太郎 (Yamada Tarō)"}}
	switch c.Do {
	case offline.FilterOn:
		p.Leaves, p.Parted = 0, nil
	case offline.FilterReset:
		p.Kind = offline.KindContact
		return []agent.FilterPreview{p, {Kind: offline.KindTask, In: 12}}, nil
	}
	return []agent.FilterPreview{p}, nil
}

// ChangeFilter changes the filters in the store.
func (a *Agent) ChangeFilter(ctx context.Context, c offline.FilterChange) error {
	if err := a.note("filter " + string(c.Do)); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		var all []offline.SyncFilter
		if _, err := tx.Setting(offline.SettingFilters, &all); err != nil {
			return err
		}
		if c.Do == offline.FilterSave && c.Filter.ID == "" {
			c.Filter.ID = "new " + c.Filter.Name
		}
		return tx.PutSetting(offline.SettingFilters, c.Apply(slices.Clone(all), nil))
	})
}

// Prefer is the choice.
func (a *Agent) Prefer() (p merge.Prefer, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingPrefer, &p); return err })
	return p, err
}

// SetPrefer chooses.
func (a *Agent) SetPrefer(p merge.Prefer) error {
	if err := a.note("prefer " + string(p)); err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingPrefer, p) })
}
