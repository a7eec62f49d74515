package dataverse_test

import (
	"fmt"

	"postrider/app/localorg"
	"postrider/offline"
)

// projects is a table of the organization's own.
func projects() localorg.Table {
	return localorg.Table{
		Name: "new_project", Set: "new_projects", Key: "new_projectid", NameColumn: "new_name", TypeCode: 10100, Label: "Project", Plural: "Projects",
		Owned: true, ChangeTracking: true, HasActivities: true, Address: "new_email",
		States:   []localorg.Option{{Value: 0, Label: "Active"}, {Value: 1, Label: "Inactive"}},
		Statuses: []localorg.Status{{State: 0, Status: 1, Label: "Active"}, {State: 1, Status: 2, Label: "Inactive"}},
		Columns:  []localorg.Column{{Name: "new_name", Kind: localorg.Text, Max: 100, Required: true}, {Name: "new_email", Kind: localorg.Text, Max: 100, Indexed: true}},
	}
}

// words are the columns by our words.
var words = map[string]string{
	"first": "firstname", "last": "lastname", "title": "jobtitle", "phone": "telephone1", "mobile": "mobilephone", "email": "emailaddress1", "website": "websiteurl",
	"street": "address1_line1", "city": "address1_city", "postcode": "address1_postalcode", "country": "address1_country", "notes": "description", "company": "companyname",
}

func (l *local) record(r offline.Ref) (out offline.Record) {
	row := l.org.Row(tables[r.Kind].table, r.ID)
	if row == nil {
		return out
	}
	text := func(col string) string {
		if row[col] == nil {
			return ""
		}
		return fmt.Sprint(row[col])
	}
	out.Ref, out.Name, out.Fields = r, text(tables[r.Kind].name), offline.Fields{}
	if full := text("fullname"); full != "" {
		out.Name = full
	}
	for word, col := range words {
		if v := text(col); v != "" {
			out.Fields[word] = v
		}
	}
	if r.Kind == offline.KindLead {
		out.Fields["topic"] = text("subject")
	}
	if a := text("emailaddress1"); a != "" {
		out.Addrs = []string{a}
	}
	for _, col := range []string{"customerid", "parentcustomerid"} {
		if id := text("_" + col + "_value"); id != "" {
			out.Parent = offline.Ref{Kind: kindOf(text(col + "type")), ID: id}
		}
	}
	return out
}
