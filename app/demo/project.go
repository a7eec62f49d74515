package demo

import (
	"fmt"
	"strings"
	"time"

	"postrider/app/localorg"
)

// ProjectTable is a table of Alder's own, as organizations make them: the
// installations under way. Mail can be about one, and is sent to its address.
func ProjectTable() localorg.Table {
	return localorg.Table{
		Name: "new_project", Set: "new_projects", Key: "new_projectid", NameColumn: "new_name", TypeCode: 10057,
		Label: "Project", Plural: "Projects", Owned: true, ChangeTracking: true, HasActivities: true, Address: "new_email",
		States:   []localorg.Option{{Value: 0, Label: "Active"}, {Value: 1, Label: "Inactive"}},
		Statuses: []localorg.Status{{State: 0, Status: 1, Label: "Active"}, {State: 1, Status: 2, Label: "Inactive"}},
		Columns: []localorg.Column{
			{Name: "new_name", Kind: localorg.Text, Max: 100, Required: true}, {Name: "new_email", Kind: localorg.Text, Max: 100, Indexed: true},
			{Name: "new_customerid", Kind: localorg.Lookup, Targets: []string{"account"}, Nav: "new_CustomerId"}, // with capitals, as schema names have them
		},
	}
}

// addOwn adds what is Alder's own: projects, a team and what can be booked.
func (s *seeding) addOwn() error {
	unit := ""
	for _, u := range s.org.Rows("businessunit", nil) {
		unit = fmt.Sprint(u["businessunitid"])
	}
	if err := s.org.Update("businessunit", unit, map[string]any{"emailaddress": "office@alder.example"}); err != nil {
		return fmt.Errorf("the business unit: %w", err)
	}
	projects := 0
	for _, r := range s.story.Records {
		name, ok := strings.CutPrefix(r.Key, "opp.")
		if !ok || projects == 3 {
			continue
		}
		projects++
		f := r.Fields
		if err := s.create("project."+name, "new_project", "new_projects", "new_projectid", map[string]any{
			"new_name": "Installation: " + f[0], "new_email": "project." + name + "@alder.example", "new_CustomerId@odata.bind": s.refs["acc."+f[1]],
			"ownerid@odata.bind": s.owner("ilse"), "createdon": s.now.Add(-time.Duration(projects) * 7 * 24 * time.Hour),
		}); err != nil {
			return err
		}
	}
	if err := s.create("team.field", "team", "teams", "teamid", map[string]any{"name": "Field Service", "emailaddress": "field.service@alder.example"}); err != nil {
		return err
	}
	return s.create("equipment.van", "equipment", "equipments", "equipmentid", map[string]any{"name": "Service van 2", "emailaddress": "van2@alder.example"})
}
