package dataverse_test

import (
	"fmt"
	"strings"
	"testing"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/offline"
)

var _ agent.ItemCRM = (*dataverse.Client)(nil)

var itemKinds = []offline.Kind{offline.KindContact, offline.KindAppointment, offline.KindSeries, offline.KindTask}

func TestTheFiltersLetInTheirUnionOverManyPagesInFewRequests(t *testing.T) { // R-FILTER-02, R-FILTER-04, R-FILTER-05, R-FILTER-11, R-FILTER-12
	f, l := openLocal(t)
	crm := f.CRM.(agent.ItemCRM)
	for i := range 5003 {
		if _, err := l.org.Create("task", map[string]any{"subject": fmt.Sprint("Task ", i), "ownerid@odata.bind": "/systemusers(" + l.me + ")"}); err != nil {
			t.Fatal(err)
		}
	}
	others, err := l.org.Create("task", map[string]any{"subject": "Call back", "ownerid@odata.bind": "/systemusers(" + l.colleague + ")"})
	if err != nil {
		t.Fatal(err)
	}
	calls := `<fetch><entity name="task"><attribute name="activityid"/><filter><condition attribute="subject" operator="like" value="Call%"/></filter></entity></fetch>`
	for table, row := range map[string]map[string]any{
		"userquery":  {"name": "Calls", "querytype": 256, "returnedtypecode": "task", "fetchxml": calls, "ownerid@odata.bind": "/systemusers(" + l.me + ")"},
		"savedquery": {"name": "For all", "querytype": 256, "returnedtypecode": "task", "fetchxml": strings.ReplaceAll(calls, "Call%", "Nothing%")},
	} {
		if _, err := l.org.Create(table, row); err != nil {
			t.Fatal(err)
		}
	}
	filters, err := crm.Filters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	system := 0
	for _, x := range filters {
		if x.System {
			system++
		}
	}
	if len(filters) != 6 || system != 1 {
		t.Errorf("%d filters, %d of the organization: %+v", len(filters), system, filters)
	}
	before, _ := f.CRM.Requests()
	members, err := crm.Members(t.Context(), filters, itemKinds)
	if err != nil {
		t.Fatal(err)
	}
	after, _ := f.CRM.Requests()
	if tasks := members[3]; len(tasks.IDs) != 5004 || !tasks.Has(others) || len(members[0].IDs) != 0 {
		t.Errorf("%d tasks, %d contacts", len(tasks.IDs), len(members[0].IDs))
	}
	if n := after - before; n != 2 { // their first pages, the one second page
		t.Errorf("%d requests", n)
	}
}

func TestTheLongestTextsAreThoseOfTheOrganization(t *testing.T) {
	f, _ := openLocal(t)
	limits, err := f.CRM.(agent.ItemCRM).FieldLimits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for kind, words := range map[offline.Kind]map[string]int{
		offline.KindTask:        {"subject": 200, "body": 2000, "location": 0},
		offline.KindAppointment: {"subject": 200, "location": 200, "body": 1048576},
		offline.KindSeries:      {"body": 2000},
		offline.KindContact:     {"suffix": 10, "first": 50, "address2-street": 752, "address3-city": 80, "children": 255, "body": 2000},
	} {
		for word, want := range words {
			if got := limits[kind][word]; got != want {
				t.Errorf("%s of a %s: %d, want %d", word, kind, got, want)
			}
		}
	}
}
