package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postrider/agent/health"
	"postrider/offline"
)

// memberKinds are the kinds of records that filters let in.
var memberKinds = append([]offline.Kind{offline.KindContact}, itemRecordKinds...)

// pullMembers asks the CRM which filters there are and which records they let in,
// and undecides the records for which that changed.
func (a *Agent) pullMembers(ctx context.Context) error {
	if !a.itemsOn() || a.ItemCRM == nil {
		return nil
	}
	filters, members, err := a.askMembers(ctx)
	switch offline.ClassOf(err) {
	case offline.FaultDenied, offline.FaultNotFound, offline.FaultRejected:
		// Mail goes on without.
		a.health.Set(health.CRMNoRead, "filters", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	a.health.Clear(health.CRMNoRead, "filters")
	return a.Store.Update(func(tx *offline.Tx) error {
		var old []offline.SyncFilter
		if _, err := tx.Setting(offline.SettingFilters, &old); err != nil {
			return err
		}
		if !slices.Equal(old, filters) {
			if err := tx.PutSetting(offline.SettingFilters, filters); err != nil {
				return err
			}
		}
		for _, m := range members {
			if err := a.keepMembers(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *Agent) askMembers(ctx context.Context) ([]offline.SyncFilter, []offline.Members, error) {
	filters, err := a.ItemCRM.Filters(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("ask for the filters of appointments, contacts and tasks: %w", err)
	}
	members, err := a.ItemCRM.Members(ctx, filters, memberKinds)
	if err != nil {
		return nil, nil, fmt.Errorf("ask which records the filters let in: %w", err)
	}
	return filters, members, nil
}

func (a *Agent) keepMembers(tx *offline.Tx, m offline.Members) error {
	m.At = a.Now().UTC()
	m.IDs = slices.Compact(slices.Sorted(slices.Values(m.IDs)))
	var old offline.Members
	if _, err := tx.Setting(offline.SettingMembers(m.Kind), &old); err != nil {
		return err
	}
	if slices.Equal(old.IDs, m.IDs) && !old.At.IsZero() {
		return nil
	}
	for _, moved := range [...]struct{ from, to offline.Members }{{old, m}, {m, old}} {
		for _, id := range moved.to.IDs {
			r := offline.Ref{Kind: m.Kind, ID: id}
			if moved.from.Has(id) {
				continue
			}
			if _, err := tx.Record(r); errors.Is(err, offline.ErrNotFound) {
				continue // undecided when it comes
			} else if err != nil {
				return err
			}
			if err := tx.UndecideRecord(r); err != nil {
				return err
			}
		}
	}
	return tx.PutSetting(offline.SettingMembers(m.Kind), m)
}

// SyncFilters are the filters of appointments, contacts and tasks, and how many
// records they let in, by kind, as the CRM said last (R-FILTER-04, -05).
func (a *Agent) SyncFilters() (filters []offline.SyncFilter, members map[offline.Kind]int, err error) {
	members = map[offline.Kind]int{}
	err = a.Store.View(func(tx *offline.Tx) error {
		if _, err := tx.Setting(offline.SettingFilters, &filters); err != nil {
			return err
		}
		for _, k := range memberKinds {
			var m offline.Members
			if _, err := tx.Setting(offline.SettingMembers(k), &m); err != nil {
				return err
			}
			members[k] = len(m.IDs)
		}
		return nil
	})
	return filters, members, err
}
