package localorg

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// privilege is what a name of a privilege, as roles list them, is about.
func (s *schema) privilege(name string) (tab *Table, p Privilege, ok bool) {
	for _, p := range []Privilege{Read, Create, Write, Delete, AppendTo, Append} {
		if rest, ok := strings.CutPrefix(name, "prv"+string(p)); ok {
			if rest == "Activity" { // one for all of them
				return s.byName["activitypointer"], p, true
			}
			for _, n := range s.names {
				if strings.EqualFold(n, rest) && s.byName[n].Activity == nil && s.byName[n].union == nil {
					return s.byName[n], p, true
				}
			}
		}
	}
	return nil, "", false
}

// userPrivileges answers RetrieveUserSetOfPrivilegesByNames, a function bound to
// a user: which of the named privileges the user has. Everybody has all but
// what Deny took. Names that are no privilege are passed over.
func (r *request) userPrivileges(user string, seg segment) (*answer, error) {
	if r.method != http.MethodGet {
		return nil, wrongVerb(r.method)
	}
	opts, err := splitOptions(r.rawQuery)
	if err != nil {
		return nil, err
	}
	arg, value, _ := strings.Cut(seg.key, "=")
	if alias, ok := aliases(opts)[strings.TrimSpace(value)]; ok {
		value = alias
	}
	var names []string
	if strings.TrimSpace(arg) != "PrivilegeNames" || json.Unmarshal([]byte(value), &names) != nil {
		return nil, badQuery("The argument PrivilegeNames of RetrieveUserSetOfPrivilegesByNames must be a list of names.")
	}
	held := []any{}
	for _, name := range names {
		tab, p, ok := r.t.o.schema.privilege(name)
		if !ok || r.t.o.security.isDenied(user, tab.Name, p) {
			continue
		}
		held = append(held, map[string]any{"Depth": "Global", "PrivilegeId": uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String(),
			"BusinessUnitId": r.t.o.unit, "PrivilegeName": name, "RecordFilterId": uuid.Nil.String()})
	}
	return jsonAnswer(http.StatusOK, appendValue(nil, map[string]any{
		"@odata.context": r.base + "$metadata#Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNamesResponse", "RolePrivileges": held})), nil
}
