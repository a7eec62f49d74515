package view

import (
	"cmp"
	"slices"

	"postrider/offline"
)

// filterKinds are the kinds that filters are listed by.
var filterKinds = []offline.Kind{offline.KindAppointment, offline.KindTask, offline.KindContact}

func (d *Desk) filterGroups(filters []offline.SyncFilter, members map[offline.Kind]offline.Members) (groups []FilterGroup) {
	for _, k := range filterKinds {
		g := FilterGroup{Kind: k, Count: len(members[k].IDs)}
		if k == offline.KindAppointment {
			g.Count += len(members[offline.KindSeries].IDs)
		}
		for _, f := range filters {
			if kind, _ := offline.ItemKind(f.Kind); kind == k {
				g.Lines = append(g.Lines, d.filterLine(f))
			}
		}
		slices.SortStableFunc(g.Lines, func(a, b SyncFilterLine) int { return cmp.Or(trueFirst(a.On, b.On), cmp.Compare(a.Name, b.Name)) })
		g.Title = upperFirst(ItemNoun(k)) + "s: " + Plural(g.Count, "record") + " of the CRM"
		groups = append(groups, g)
	}
	return groups
}

func (d *Desk) filterLine(f offline.SyncFilter) SyncFilterLine {
	l := SyncFilterLine{Name: orElse(OneLine(f.Name, 120), "(no name)"), Note: "yours", Text: d.FilterText(f), On: f.Active, Filter: f, Able: d.ChangesFilters() && !f.System}
	if f.System {
		l.Note = "of the organization"
	}
	if !f.Active {
		l.Note += ", switched off"
	}
	switch what := upperFirst(FilterNoun(f.Kind)); {
	case l.Text != "":
		l.Text = what + ": " + l.Text
	case d.ChangesFilters():
		l.Text = what + ", by more than can be shown here"
	}
	return l
}
