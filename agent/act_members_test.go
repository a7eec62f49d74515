package agent

import (
	"context"
	"slices"
	"testing"

	"postrider/agent/health"
	"postrider/offline"
)

// fakeItemCRM is what a CRM says of filters.
type fakeItemCRM struct {
	filters []offline.SyncFilter
	members map[offline.Kind][]string
	err     error
}

func (c *fakeItemCRM) Filters(ctx context.Context) ([]offline.SyncFilter, error) {
	return c.filters, c.err
}

func (c *fakeItemCRM) Members(ctx context.Context, _ []offline.SyncFilter, kinds []offline.Kind) (out []offline.Members, err error) {
	for _, k := range kinds {
		out = append(out, offline.Members{Kind: k, IDs: c.members[k]})
	}
	return out, nil
}

func (c *fakeItemCRM) Lookup(ctx context.Context, refs []offline.Ref) ([]offline.Record, error) {
	return nil, nil
}

func (c *fakeItemCRM) FieldLimits(ctx context.Context) (offline.FieldLimits, error) { return nil, nil }

// R-FILTER-04, R-FILTER-05: the filters are shown with what they let in together.
func TestARecordThatEntersOrLeavesTheFiltersBecomesUndecided(t *testing.T) {
	w, _, _ := itemWorld(t)
	crm := &fakeItemCRM{
		filters: []offline.SyncFilter{{ID: "f", Kind: offline.KindContact, Name: "My Outlook Contacts", Active: true}},
		members: map[offline.Kind][]string{offline.KindContact: {"jana"}},
	}
	other := offline.Ref{Kind: offline.KindContact, ID: "other"}
	for _, r := range []offline.Ref{jana, other} {
		w.crm.put(offline.Record{Ref: r, Name: r.ID, Active: true, Item: &offline.RecordItem{Fields: offline.Fields{"first": r.ID}}})
	}
	w.sync() // without the filters
	if got := w.takeUndecided(); !slices.Equal(got, []string{jana.String(), other.String()}) {
		t.Errorf("undecided as they came: %v", got)
	}
	more := w.more
	w.more = func(c *Config) { more(c); c.ItemCRM = crm }
	w.restart()
	for _, step := range []struct {
		what string
		let  []string
		want []string
	}{
		{"at first", []string{"jana"}, []string{jana.String()}},
		{"nothing changed", []string{"jana"}, nil},
		{"one left and one entered", []string{"other", "not read yet"}, []string{jana.String(), other.String()}},
	} {
		crm.members[offline.KindContact] = step.let
		if err := w.agent.pullMembers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.takeUndecided(); !slices.Equal(got, step.want) {
			t.Errorf("%s, and undecided is %v", step.what, got)
		}
	}
	filters, members, err := w.agent.SyncFilters()
	if err != nil || len(filters) != 1 || members[offline.KindContact] != 2 || members[offline.KindTask] != 0 {
		t.Errorf("%+v, %v, %v", filters, members, err)
	}
}

func TestMailGoesOnWhereTheFiltersMayNotBeRead(t *testing.T) {
	w, _, _ := itemWorld(t)
	crm := &fakeItemCRM{err: &offline.Fault{Class: offline.FaultDenied, Text: "no right to read saved views"}}
	more := w.more
	w.more = func(c *Config) { more(c); c.ItemCRM = crm }
	w.restart()
	w.sync()
	if !w.hasProblem(health.CRMNoRead, "filters") {
		t.Error("not told")
	}
	crm.err = nil
	w.sync()
	if w.hasProblem(health.CRMNoRead, "filters") {
		t.Error("told though they can be read")
	}
}
