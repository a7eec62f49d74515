package localorg

import (
	"net/url"
	"strings"
	"testing"
)

func TestAUserIsToldWhichOfTheNamedPrivilegesTheyHave(t *testing.T) {
	w := newWorld(t)
	w.org.Deny(w.me, "lead", Create)
	ask := func(names string) string {
		r := w.call("GET", "systemusers("+w.me+")/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p)?@p="+url.QueryEscape(names), "")
		w.want(r, 200, "")
		var got []string
		for _, v := range r.json["RolePrivileges"].([]any) {
			got = append(got, v.(map[string]any)["PrivilegeName"].(string))
		}
		return strings.Join(got, " ")
	}
	if got := ask(`["prvCreateContact","prvCreateLead","prvAppendToAccount","prvWriteIncident","prvNothing"]`); got != "prvCreateContact prvAppendToAccount prvWriteIncident" {
		t.Errorf("held: %s", got)
	}
	w.org.Allow(w.me, "lead", Create)
	if got := ask(`["prvCreateLead"]`); got != "prvCreateLead" {
		t.Errorf("held: %s", got)
	}
	w.want(w.call("GET", "systemusers("+w.me+")/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p)?@p=1", ""), 400, "")
}

func TestACustomTableIsDescribedAndWhoItsRowsAreCanBeAParty(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Tables = []Table{{Name: "new_project", Set: "new_projects", Key: "new_projectid", NameColumn: "new_name", Label: "Project", Plural: "Projects",
			Owned: true, HasActivities: true, Address: "new_email",
			Columns: []Column{{Name: "new_name", Kind: Text, Max: 100}, {Name: "new_email", Kind: Text, Max: 100, Indexed: true}, {Name: "new_second", Kind: Text, Max: 100, Mail: true}}}}
	})
	r := w.call("GET", "EntityDefinitions?$select=LogicalName,DisplayName,DisplayCollectionName,HasActivities,IsActivityParty,OwnershipType&$filter=IsCustomEntity eq true and IsActivity eq false and IsIntersect eq false", "")
	w.want(r, 200, "")
	def := r.rows()
	if len(def) != 1 || def[0]["LogicalName"] != "new_project" || def[0]["HasActivities"] != true || def[0]["IsActivityParty"] != true || def[0]["OwnershipType"] != "UserOwned" ||
		def[0]["DisplayCollectionName"].(map[string]any)["UserLocalizedLabel"].(map[string]any)["Label"] != "Projects" {
		t.Errorf("%v", def)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='new_project')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,FormatName", "")
	mail := 0
	for _, a := range r.rows() {
		if a["FormatName"].(map[string]any)["Value"] == "Email" {
			mail++
		}
	}
	if mail != 2 {
		t.Errorf("%d columns for mail addresses: %s", mail, r.text)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='new_project')/OneToManyRelationships?$select=ReferencingEntity,ReferencingEntityNavigationPropertyName&$filter=ReferencingAttribute eq 'regardingobjectid' or ReferencingAttribute eq 'partyid'", "")
	for _, nav := range []string{"regardingobjectid_new_project_email", "partyid_new_project"} {
		if !strings.Contains(r.text, `"`+nav+`"`) {
			t.Errorf("%s is missing: %s", nav, r.text)
		}
	}
	project := w.seed("new_project", map[string]any{"new_name": "Hall", "new_email": "hall@post.test"})
	w.want(w.put(idA, `{"subject":"s","email_activity_parties":[{"participationtypemask":1,"partyid_new_project@odata.bind":"/new_projects(`+project+`)"}]}`), 204, "")
	parties := w.org.Rows("activityparty", func(p map[string]any) bool { return p["participationtypemask"] == int64(1) })
	if len(parties) != 1 || parties[0]["addressused"] != "hall@post.test" {
		t.Errorf("%v", parties)
	}
}
