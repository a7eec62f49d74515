package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"postrider/offline"
)

// FilterPreview is what a change of the filters comes to for one kind of records.
type FilterPreview struct {
	Kind   offline.Kind
	In     int // records that the filters let in afterwards
	Comes  int // of these, the ones that were not let in before
	Leaves int // records that are let in no longer
	// Parted are the names of the items whose records are among those that leave:
	// they stay where they are, and are in step with the CRM no longer.
	Parted []string
}

// FilterWords are the kinds of records that filters can be made for, and what they
// can ask; nil where the CRM's filters can't be changed from here.
func (a *Agent) FilterWords() map[offline.Kind][]offline.FilterWord {
	if _, ok := a.ItemCRM.(FilterKeeper); !ok {
		return nil
	}
	words := map[offline.Kind][]offline.FilterWord{}
	for _, k := range memberKinds {
		words[k] = offline.FilterWords(k)
	}
	return words
}

// Criteria are what a filter asks in words; ok is false where it asks more than
// they can say: then its name and whether it is on can be changed, and no more.
func (a *Agent) Criteria(f offline.SyncFilter) (c offline.Criteria, ok bool) {
	if k, able := a.ItemCRM.(FilterKeeper); able {
		return k.Criteria(f)
	}
	return c, false
}

// WithCriteria is a filter that asks this instead of what it asked. The errors are
// for people.
func (a *Agent) WithCriteria(f offline.SyncFilter, c offline.Criteria) (offline.SyncFilter, error) {
	k, err := a.filterKeeper()
	if err != nil {
		return f, err
	}
	if f.Name = strings.TrimSpace(f.Name); f.Name == "" {
		return f, errors.New("the filter needs a name")
	}
	f.Query, err = k.FilterQuery(f.Kind, c)
	return f, err
}

var errNoFilterKeeper = errors.New("filters can't be changed from here; change them in the CRM's personal options")

func (a *Agent) filterKeeper() (FilterKeeper, error) {
	if k, ok := a.ItemCRM.(FilterKeeper); ok {
		return k, nil
	}
	return nil, errNoFilterKeeper
}

// PreviewFilter asks the CRM what a change of the filters would come to, and changes
// nothing. Kinds that it does not bear on are left out.
func (a *Agent) PreviewFilter(ctx context.Context, c offline.FilterChange) ([]FilterPreview, error) {
	k, err := a.filterKeeper()
	if err != nil {
		return nil, err
	}
	now, err := a.ItemCRM.Filters(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the filters as they are: %w", err)
	}
	var defaults []offline.SyncFilter
	kinds := []offline.Kind{c.Filter.Kind}
	if c.Do == offline.FilterReset {
		kinds = memberKinds
		if defaults, err = k.DefaultFilters(ctx); err != nil {
			return nil, fmt.Errorf("ask for the default filters: %w", err)
		}
	}
	then, err := a.ItemCRM.Members(ctx, c.Apply(now, defaults), kinds)
	if err != nil {
		return nil, fmt.Errorf("ask which records would come: %w", err)
	}
	var all []FilterPreview
	err = a.Store.View(func(tx *offline.Tx) error {
		for _, m := range then {
			p, err := previewOf(tx, m)
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		return nil
	})
	return all, err
}

func previewOf(tx *offline.Tx, then offline.Members) (FilterPreview, error) {
	p := FilterPreview{Kind: then.Kind, In: len(then.IDs)}
	var before offline.Members
	if _, err := tx.Setting(offline.SettingMembers(then.Kind), &before); err != nil {
		return p, err
	}
	for _, id := range then.IDs {
		if !before.Has(id) {
			p.Comes++
		}
	}
	for _, id := range before.IDs {
		if then.Has(id) {
			continue
		}
		p.Leaves++
		l, err := tx.ItemLinkByRecord(offline.Ref{Kind: then.Kind, ID: id})
		if errors.Is(err, offline.ErrNotFound) || err == nil && !l.Member {
			continue
		}
		if err != nil {
			return p, err
		}
		it, err := tx.Item(l.Item)
		if ignoreMissing(err) != nil {
			return p, err
		}
		p.Parted = append(p.Parted, offline.ItemName(it.Kind, it.Now()))
	}
	slices.Sort(p.Parted)
	return p, nil
}

// ChangeFilter makes a change of the user's filters in the CRM and looks at once at
// what they let in.
func (a *Agent) ChangeFilter(ctx context.Context, c offline.FilterChange) error {
	k, err := a.filterKeeper()
	if err != nil {
		return err
	}
	if c.Do == offline.FilterSave && c.Filter.ID == "" {
		c.Filter.ID, c.Filter.Active = uuid.NewString(), true
	}
	if err := k.ChangeFilter(ctx, c); err != nil {
		return err
	}
	if err := a.pullMembers(ctx); err != nil {
		return fmt.Errorf("the filter is changed; which records it lets in could not be asked: %w", err)
	}
	a.SyncNow()
	return nil
}
