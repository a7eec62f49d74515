package localorg

import (
	"net/http"
	"strings"
)

// mailboxRules are what follows from who moves a mailbox's mail: the user or
// queue shows the same methods, and what was tested and switched on for another
// method has to be tested anew.
func mailboxRules() hooks {
	return hooks{
		beforeUpdate: func(t *tx, w *write) error {
			for _, m := range mailboxMethods {
				if w.old.get(w.tab.cols[m.method]) == w.row.get(w.tab.cols[m.method]) {
					continue
				}
				if !t.seed || !w.set[m.status] {
					w.put(m.status, int64(0))
				}
				if !t.seed || !w.set[m.enabled] {
					w.put(m.enabled, false)
				}
			}
			return nil
		},
		afterUpdate: func(t *tx, w *write) error {
			of := w.row.lookup(w.tab.cols["regardingobjectid"])
			holder := t.row(of.table, of.id)
			if holder == nil {
				return nil
			}
			tab := t.o.schema.byName[of.table]
			for _, m := range mailboxMethods {
				if c := tab.cols[m.method]; c != nil && holder.get(c) != w.value(m.method) {
					t.touch(tab, holder, func(u *write) { u.put(m.method, w.value(m.method)) })
					holder = t.row(of.table, of.id)
				}
			}
			return nil
		},
	}
}

// mailboxMethods are the columns of a mailbox that belong together.
var mailboxMethods = []struct{ method, status, enabled string }{
	{"incomingemaildeliverymethod", "incomingemailstatus", "enabledforincomingemail"},
	{"outgoingemaildeliverymethod", "outgoingemailstatus", "enabledforoutgoingemail"},
	{"actdeliverymethod", "actstatus", "enabledforact"},
}

// outgoingMethod is the outgoing method of a user's mailbox.
func (t *tx) outgoingMethod(user string) int64 {
	users := t.table("systemuser")
	return users.rows[user].number(users.def.cols["outgoingemaildeliverymethod"])
}

// boundFunction answers a GET of a function on one row.
func (r *request) boundFunction(tab *Table, id string, seg segment) (*answer, error) {
	if tab.Name == "systemuser" && seg.name == "RetrieveUserSetOfPrivilegesByNames" {
		if _, err := r.existing(tab, id, Read); err != nil {
			return nil, err
		}
		return r.userPrivileges(id, seg)
	}
	if tab.Name == "systemuser" && seg.name == "RetrievePrincipalAttributePrivileges" {
		if _, err := r.existing(tab, id, Read); err != nil {
			return nil, err
		}
		return r.attributePrivileges(id)
	}
	if seg.name != "RetrievePrincipalAccess" || tab.Name != "systemuser" {
		return nil, noSegment("Microsoft.Dynamics.CRM." + seg.name)
	}
	if _, err := r.existing(tab, id, Read); err != nil {
		return nil, err
	}
	args, err := r.arguments(seg)
	if err != nil {
		return nil, err
	}
	given, _ := args["Target"].(string)
	target, err := r.t.entityArgument(given)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"@odata.context": r.base + "$metadata#Microsoft.Dynamics.CRM.RetrievePrincipalAccessResponse", "AccessRights": r.t.accessRights(id, target)}
	return jsonAnswer(http.StatusOK, appendValue(nil, out)), nil
}

// entityArgument reads a record given to a function: {'@odata.id':'accounts(id)'}.
func (t *tx) entityArgument(s string) (ref, error) {
	body, err := decodeObject([]byte(strings.ReplaceAll(s, "'", `"`)))
	if err != nil {
		return ref{}, err
	}
	at, ok := body["@odata.id"].(string)
	if !ok {
		return ref{}, badQuery("The argument '%s' is not a record.", s)
	}
	return t.resolve(at)
}

// accessRights lists what a user may do with a row, as the service writes it.
func (t *tx) accessRights(user string, target ref) string {
	tab, as := t.o.schema.byName[target.table], *t
	as.user, as.seed = user, false
	var out []string
	for _, a := range []struct {
		right string
		p     Privilege
	}{{"ReadAccess", Read}, {"WriteAccess", Write}, {"AppendAccess", Append}, {"AppendToAccess", AppendTo}, {"CreateAccess", Create}, {"DeleteAccess", Delete}} {
		if as.allowed(tab, a.p, t.row(target.table, target.id)) == nil {
			out = append(out, a.right)
		}
	}
	if len(out) == 0 {
		return "None"
	}
	return strings.Join(out, ", ")
}
