package dataverse

import (
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

// describes answers questions about tables and privileges; what is not given is
// refused.
func describes(answers map[string]said) func(asked) said {
	return func(a asked) said {
		for part, s := range answers {
			if strings.Contains(a.path, part) {
				return s
			}
		}
		switch {
		case a.path == "WhoAmI":
			return ok(`{"UserId":"` + self + `","OrganizationId":"` + acct + `"}`)
		case strings.HasPrefix(a.path, "systemusers") || strings.HasPrefix(a.path, "usersettings"):
			return ok(`{"value":[{"systemuserid":"` + self + `"}]}`)
		}
		return fails(403, codeDenied, "missing prvReadEntity privilege")
	}
}

const (
	askTables     = "EntityDefinitions?$select"
	askPrivileges = "RetrieveUserSetOfPrivilegesByNames"
)

func TestTheOrganizationsOwnTablesAreFoundByItsMetadata(t *testing.T) {
	label := func(s string) string { return `{"UserLocalizedLabel":{"Label":"` + s + `"}}` }
	def := func(name, set, more string) string {
		return `{"LogicalName":"` + name + `","EntitySetName":"` + set + `","PrimaryIdAttribute":"` + name + `id","PrimaryNameAttribute":"new_name","OwnershipType":"UserOwned",` +
			`"DisplayName":` + label("One "+name) + `,"DisplayCollectionName":{"UserLocalizedLabel":null}` + more + `}`
	}
	s := &scripted{op: describes(map[string]said{
		askTables: ok(`{"value":[` + strings.Join([]string{
			def("new_project", "new_projects", `,"HasActivities":true,"IsActivityParty":true`),
			def("new_old", "new_olds", ``), // an older server: neither is told
			def("new_plain", "new_plains", `,"HasActivities":false,"IsActivityParty":false`),
			def("msdyn_workorder", "msdyn_workorders", `,"HasActivities":true`),
			def("new_bad/../x", "x", `,"HasActivities":true`),
		}, ",") + `]}`),
		"'new_project')/Attributes":             ok(`{"value":[{"LogicalName":"new_mail","FormatName":{"Value":"Email"}},{"LogicalName":"new_name","FormatName":{"Value":"Text"}},{"LogicalName":"new_none","FormatName":null}]}`),
		"'new_project')/OneToManyRelationships": ok(`{"value":[{"ReferencingEntity":"email","ReferencingAttribute":"regardingobjectid","ReferencingEntityNavigationPropertyName":"regardingobjectid_New_Project_Email"},{"ReferencingEntity":"task","ReferencingAttribute":"regardingobjectid","ReferencingEntityNavigationPropertyName":"no"},{"ReferencingEntity":"activityparty","ReferencingAttribute":"partyid","ReferencingEntityNavigationPropertyName":"partyid_New_Project"}]}`),
		"'new_old')/Attributes":                 ok(`{"value":[]}`),
		"'new_old')/OneToManyRelationships":     ok(`{"value":[{"ReferencingEntity":"email","ReferencingAttribute":"regardingobjectid","ReferencingEntityNavigationPropertyName":"regardingobjectid_new_old_email"}]}`),
		askPrivileges:                           ok(`{"RolePrivileges":[{"PrivilegeName":"prvCreateContact"},{"PrivilegeName":"PRVCREATEINCIDENT"}]}`),
	})}
	c := s.start(t)
	u, err := c.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := u.Options
	if len(o.Tables) != 2 || o.Tables[1] != (offline.Table{Kind: "new_project", Label: "One new_project", Plural: "One new_project", Regarding: true, Addresses: true}) ||
		o.Tables[0].Kind != "new_old" || !o.Tables[0].Regarding || o.Tables[0].Addresses {
		t.Errorf("tables %+v", o.Tables)
	}
	if len(o.Creates) != 2 || o.Creates[0] != offline.KindContact || o.Creates[1] != offline.KindCase {
		t.Errorf("may create %v", o.Creates)
	}
	project := offline.Ref{Kind: "new_project", ID: acct}
	if c.path(project) != "new_projects("+acct+")" || c.regardingNav(project.Kind) != "regardingobjectid_New_Project_Email" {
		t.Errorf("%s, %s", c.path(project), c.regardingNav(project.Kind))
	}
	tab, _ := c.tableOf(project.Kind)
	if tab.party != "partyid_New_Project" || len(tab.addrs) != 1 || tab.addrs[0] != "new_mail" || !tab.owner || tab.id != "new_projectid" {
		t.Errorf("%+v", tab)
	}
	before, _ := c.Requests()
	if _, err := c.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, _ := c.Requests(); all-before > 2 {
		t.Errorf("the metadata is asked for again: %d requests", all-before)
	}
}

func TestWithoutMetadataAndPrivilegesNothingIsKnownAndNothingFails(t *testing.T) {
	for name, answers := range map[string]map[string]said{
		"denied":          {},
		"an older server": {askPrivileges: fails(400, "0x80060888", "no such function"), askTables: fails(501, "0x0", "not implemented")},
		"without names":   {askPrivileges: ok(`{"RolePrivileges":[{"PrivilegeId":"` + acct + `","Depth":"Basic"}]}`), askTables: ok(`{"value":[]}`)},
	} {
		s := &scripted{op: describes(answers)}
		c := s.start(t)
		u, err := c.Me(t.Context())
		if err != nil || u.Options.Tables != nil || u.Options.Creates != nil || !u.Options.May(offline.KindLead) {
			t.Errorf("%s: %+v, %v", name, u.Options, err)
		}
		out, err := c.Push(t.Context(), []offline.Write{{Change: offline.Change{Op: offline.OpSetRegarding, Record: offline.Ref{Kind: offline.KindEmail, ID: acct}, Regarding: offline.Ref{Kind: "new_project", ID: acct}}}})
		if err != nil || offline.ClassOf(out[0].Err) != offline.FaultRejected {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
}

func TestAFailureOfTheMomentDoesNotLookLikeAnOrganizationWithoutTables(t *testing.T) {
	s := &scripted{op: describes(map[string]said{askTables: fails(503, "", "try later")})}
	c := s.start(t)
	if _, err := c.Me(t.Context()); offline.ClassOf(err) != offline.FaultServer {
		t.Errorf("%v", err)
	}
	write := offline.Write{Change: offline.Change{Op: offline.OpSetRegarding, Record: offline.Ref{Kind: offline.KindEmail, ID: acct}, Regarding: offline.Ref{Kind: "new_project", ID: acct}}}
	if out, err := c.Push(t.Context(), []offline.Write{write}); offline.ClassOf(err) != offline.FaultServer || offline.ClassOf(out[0].Err) != offline.FaultServer {
		t.Errorf("%v, %v", out, err)
	}
}

func TestAPartyOfATableThatCanBeNoneBecomesAnAddress(t *testing.T) {
	// Some versions know no teams among the parties of an email.
	s := &scripted{op: func(a asked) said {
		if strings.Contains(string(a.body), "partyid_team") {
			return fails(400, "0x80048d19", "An undeclared property 'partyid_team' which only has property annotations in the payload but no property value was found in the payload.")
		}
		return ok(`{"@odata.etag":"W/\"1\""}`)
	}}
	c := s.start(t)
	mail := &offline.OutgoingEmail{Ref: offline.Ref{Kind: offline.KindEmail, ID: acct}, Identity: "<1@x>", Subject: "s", When: time.Unix(0, 0),
		Parties: []offline.Party{{Role: offline.RoleTo, Address: offline.Address{Addr: "team@x.example"}, Records: []offline.Ref{{Kind: offline.KindTeam, ID: self}}}}}
	w := offline.Write{Change: offline.Change{Op: offline.OpCreateEmail, Record: mail.Ref}, Email: mail}
	out, err := c.Push(t.Context(), []offline.Write{w})
	if err != nil || out[0].Err != nil {
		t.Fatal(out, err)
	}
	before, _ := c.Requests()
	if out, err = c.Push(t.Context(), []offline.Write{w}); err != nil || out[0].Err != nil {
		t.Fatal(out, err)
	}
	if all, _ := c.Requests(); all-before != 1 {
		t.Errorf("%d requests: it was not learnt", all-before)
	}
}
