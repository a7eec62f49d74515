package dataverse_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/offline"
)

var _ agent.FilterKeeper = (*dataverse.Client)(nil)

// R-FILTER-07: what a filter asks is shown in words, and is asked as it was where
// it is written again.
func TestTheDefaultFiltersAreReadInWords(t *testing.T) {
	f, _ := openLocal(t)
	k := f.CRM.(agent.FilterKeeper)
	all, err := f.CRM.(agent.ItemCRM).Filters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[offline.Kind]string{
		offline.KindContact: "who mine, state open", offline.KindTask: "who mine, state open",
		offline.KindAppointment: "state open, who party", offline.KindSeries: "state open, who party",
	}
	for _, x := range all {
		c, ok := k.Criteria(x)
		if got := inWords(c); !ok || got != want[x.Kind] {
			t.Errorf("%s: %q, %v", x.Name, got, ok)
		}
		delete(want, x.Kind)
	}
	if len(want) > 0 {
		t.Errorf("no filters for %v", want)
	}
}

func inWords(c offline.Criteria) string {
	var parts []string
	for _, x := range c.List {
		parts = append(parts, strings.TrimSpace(x.Word+" "+string(x.Op)+" "+x.Value))
	}
	if c.Any {
		return strings.Join(parts, " or ")
	}
	return strings.Join(parts, ", ")
}

// R-FILTER-07: what words can't say is not shown as less than it is.
func TestAFilterThatAsksMoreThanWordsCanSayIsLeftAsItIs(t *testing.T) {
	k := clientOf(t)
	for what, query := range map[string]string{
		"nested alternatives":   `<fetch><entity name="task"><filter><filter type="or"><condition attribute="subject" operator="eq" value="a"/><condition attribute="subject" operator="eq" value="b"/></filter><condition attribute="ownerid" operator="eq-userid"/></filter></entity></fetch>`,
		"two groups":            `<fetch><entity name="task"><filter type="or"><condition attribute="subject" operator="eq" value="a"/><condition attribute="subject" operator="eq" value="b"/></filter><filter><condition attribute="ownerid" operator="eq-userid"/></filter></entity></fetch>`,
		"another column":        `<fetch><entity name="task"><filter><condition attribute="category" operator="eq" value="a"/></filter></entity></fetch>`,
		"another operator":      `<fetch><entity name="task"><filter><condition attribute="subject" operator="ne" value="a"/></filter></entity></fetch>`,
		"a wildcard":            `<fetch><entity name="task"><filter><condition attribute="subject" operator="like" value="a%b%"/></filter></entity></fetch>`,
		"of somebody else":      `<fetch><entity name="task"><filter><condition attribute="ownerid" operator="ne-userid"/></filter></entity></fetch>`,
		"closed":                `<fetch><entity name="task"><filter><condition attribute="statecode" operator="eq" value="1"/></filter></entity></fetch>`,
		"a link":                `<fetch><entity name="task"><link-entity name="account" from="accountid" to="regardingobjectid"/></entity></fetch>`,
		"only some of them":     `<fetch top="5"><entity name="task"/></fetch>`,
		"another table":         `<fetch><entity name="contact"/></fetch>`,
		"no XML":                `<fetch><entity name="task">`,
		"an aggregate":          `<fetch aggregate="true"><entity name="task"/></fetch>`,
		"a criterion not known": `<fetch><entity name="task"><filter><condition attribute="subject" operator="eq" value="a" entityname="x"/></filter></entity></fetch>`,
	} {
		if c, ok := k.Criteria(offline.SyncFilter{Kind: offline.KindTask, Query: query}); ok {
			t.Errorf("%s is read as %q", what, inWords(c))
		}
	}
	for what, c := range map[string]offline.Criteria{
		"no text":         {List: []offline.Criterion{{Word: "subject", Op: offline.FilterIs, Value: " "}}},
		"no number":       {List: []offline.Criterion{{Word: "due", Op: offline.FilterNextDays, Value: "soon"}}},
		"too many days":   {List: []offline.Criterion{{Word: "due", Op: offline.FilterNextDays, Value: "1000000"}}},
		"none of its ops": {List: []offline.Criterion{{Word: "due", Op: offline.FilterIs, Value: "1"}}},
	} {
		if q, err := k.FilterQuery(offline.KindTask, c); err == nil {
			t.Errorf("%s: %s", what, q)
		}
	}
	party := offline.Criteria{Any: true, List: []offline.Criterion{{Word: offline.FilterWho, Op: offline.FilterParty}, {Word: "subject", Op: offline.FilterIs, Value: "x"}}}
	if q, err := k.FilterQuery(offline.KindAppointment, party); err == nil {
		t.Errorf("taking part as an alternative: %s", q)
	}
}

func clientOf(t *testing.T) agent.FilterKeeper {
	t.Helper()
	f, _ := openLocal(t)
	return f.CRM.(agent.FilterKeeper)
}

// R-FILTER-07, as a law: what is written is read as it was meant, and the
// organization takes it.
func TestCriteriaAreReadAsTheyWereWritten(t *testing.T) {
	f, l := openLocal(t)
	k, crm := f.CRM.(agent.FilterKeeper), f.CRM.(agent.ItemCRM)
	if _, err := l.org.Create("contact", map[string]any{"lastname": `O'Hara & <Sons> 50%_[x]`, "ownerid@odata.bind": "/systemusers(" + l.me + ")"}); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(itemKinds).Draw(t, "kind")
		c := offline.Criteria{}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			w := rapid.SampledFrom(offline.FilterWords(kind)).Draw(t, "word")
			x := offline.Criterion{Word: w.Word, Op: rapid.SampledFrom(w.Ops).Draw(t, "op")}
			switch x.Op {
			case offline.FilterLastDays, offline.FilterNextDays:
				x.Value = strconv.Itoa(rapid.IntRange(1, 3650).Draw(t, "days"))
			case offline.FilterIs, offline.FilterBegins, offline.FilterContains:
				x.Value = rapid.SampledFrom([]string{"Berg", `O'Hara & <Sons>`, "50%", "a_b", "[x]", `"q"`, "Ž", "x%_[y]"}).Draw(t, "text")
			}
			if x.Op == offline.FilterParty && slices.Contains(c.List, x) {
				continue // one link says it
			}
			c.List = append(c.List, x)
		}
		c.Any = len(c.List) > 1 && !slices.ContainsFunc(c.List, func(x offline.Criterion) bool { return x.Op == offline.FilterParty }) && rapid.Bool().Draw(t, "any")
		query, err := k.FilterQuery(kind, c)
		if err != nil {
			t.Fatal(err)
		}
		filter := offline.SyncFilter{Kind: kind, Query: query, Active: true}
		got, ok := k.Criteria(filter)
		last := func(x offline.Criterion) bool { return x.Op == offline.FilterParty } // the link stands after the rest
		if i := slices.IndexFunc(c.List, last); i >= 0 {
			c.List = append(slices.Delete(slices.Clone(c.List), i, i+1), c.List[i])
		}
		if !ok || inWords(got) != inWords(c) {
			t.Fatalf("%q is read as %q, %v\n%s", inWords(c), inWords(got), ok, query)
		}
		if _, err := crm.Members(ctx, []offline.SyncFilter{filter}, []offline.Kind{kind}); err != nil {
			t.Fatalf("the organization refuses %s: %v", query, err)
		}
	})
	q, err := k.FilterQuery(offline.KindContact, offline.Criteria{List: []offline.Criterion{{Word: "last", Op: offline.FilterContains, Value: "50%_[x]"}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := crm.Members(t.Context(), []offline.SyncFilter{{Kind: offline.KindContact, Query: q, Active: true}}, []offline.Kind{offline.KindContact})
	if err != nil || len(m[0].IDs) != 1 {
		t.Errorf("what looks like a wildcard finds %v, %v", m, err)
	}
}

// R-FILTER-06, R-FILTER-08: filters are made, changed, switched, deleted, and brought back.
func TestFiltersAreChangedInTheOrganization(t *testing.T) {
	f, _ := openLocal(t)
	k, crm := f.CRM.(agent.FilterKeeper), f.CRM.(agent.ItemCRM)
	query, err := k.FilterQuery(offline.KindTask, offline.Criteria{List: []offline.Criterion{{Word: "subject", Op: offline.FilterBegins, Value: "Call"}}})
	if err != nil {
		t.Fatal(err)
	}
	mine := offline.SyncFilter{ID: uuid.NewString(), Kind: offline.KindTask, Name: "Calls", Query: query, Active: true}
	renamed, off := mine, mine
	renamed.Name, off.Name, off.Active = "My calls", "My calls", false
	on := renamed
	for _, step := range []struct {
		change offline.FilterChange
		want   *offline.SyncFilter
	}{
		{offline.FilterChange{Do: offline.FilterSave, Filter: mine}, &mine},
		{offline.FilterChange{Do: offline.FilterSave, Filter: renamed}, &renamed},
		{offline.FilterChange{Do: offline.FilterOff, Filter: renamed}, &off},
		{offline.FilterChange{Do: offline.FilterOn, Filter: renamed}, &on},
		{offline.FilterChange{Do: offline.FilterDelete, Filter: renamed}, nil},
		{offline.FilterChange{Do: offline.FilterSave, Filter: mine}, &mine},
		{offline.FilterChange{Do: offline.FilterReset}, nil},
	} {
		for range 2 { // a repeat does no harm
			if err := k.ChangeFilter(t.Context(), step.change); err != nil {
				t.Fatalf("%s: %v", step.change.Do, err)
			}
		}
		all, err := crm.Filters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(x offline.SyncFilter) bool { return x.ID == mine.ID })
		if (i >= 0) != (step.want != nil) || i >= 0 && all[i] != *step.want || len(all) != 4+btoi(i >= 0) {
			t.Errorf("after %s: %+v", step.change.Do, all)
		}
	}
	defaults, err := k.DefaultFilters(t.Context())
	if err != nil || len(defaults) != 4 {
		t.Errorf("the default ones: %+v, %v", defaults, err)
	}
	for what, c := range map[string]offline.FilterChange{
		"the organization's": {Do: offline.FilterOff, Filter: offline.SyncFilter{ID: mine.ID, Kind: offline.KindTask, System: true}},
		"none":               {Do: offline.FilterDelete, Filter: offline.SyncFilter{ID: "x", Kind: offline.KindTask}},
	} {
		if err := k.ChangeFilter(t.Context(), c); offline.ClassOf(err) != offline.FaultRejected {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := k.ChangeFilter(t.Context(), offline.FilterChange{Do: offline.FilterOff, Filter: mine}); offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("one that is not there is switched off: %v", err)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
