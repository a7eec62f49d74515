package localorg

import (
	"net/http"
)

// secured is what field security says of a column (vendor's guide: field
// security): who is not named may do everything.
type fieldDenial struct {
	user, table, column string
	privilege           Privilege
}

// DenyField secures a column and takes from a user the right to read it, to
// change it (Write) or to fill it in a new row (Create). Others keep theirs.
func (o *Org) DenyField(userID, table, column string, p Privilege) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	o.security.secured[table+"."+column] = true
	o.security.fields[fieldDenial{userID, table, column, p}] = true
}

// AllowField gives back what DenyField took. The column stays secured.
func (o *Org) AllowField(userID, table, column string, p Privilege) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	delete(o.security.fields, fieldDenial{userID, table, column, p})
}

func (s *security) isSecured(tab *Table, c *Column) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.secured) > 0 && s.secured[tab.Name+"."+c.Name]
}

func (s *security) fieldDenied(user string, tab *Table, c *Column, p Privilege) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.fields) > 0 && s.fields[fieldDenial{user, tab.Name, c.Name, p}]
}

// mayRead reports whether the caller sees a column; where not, it reads as null.
func (t *tx) mayRead(tab *Table, c *Column) bool {
	return t.seed || !t.o.security.fieldDenied(t.user, tab, c, Read)
}

// mayAsk refuses a condition on a column that the caller may not read.
func (t *tx) mayAsk(tab *Table, c *Column) error {
	if !t.mayRead(tab, c) {
		return refuse(http.StatusForbidden, codeFieldRead, "Caller user with Id %s does not have read permissions to a %s secured field. The requested operation could not be completed.", t.user, c.Name)
	}
	return nil
}

// mayFill refuses to write a column that the caller may not write.
func (t *tx) mayFill(w *write, c *Column) error {
	p, code, verb := Write, codeFieldUpdate, "update"
	if w.old == nil {
		p, code, verb = Create, codeFieldCreate, "create"
	}
	if !t.seed && t.o.security.fieldDenied(t.user, w.tab, c, p) {
		return refuse(http.StatusForbidden, code, "Caller user with Id %s does not have %s permissions to a %s secured field on entity %s. The requested operation could not be completed.", t.user, verb, c.Name, w.tab.Name)
	}
	return nil
}

// attributePrivileges answers RetrievePrincipalAttributePrivileges, a function
// bound to a user: what they may do with the columns that are secured.
func (r *request) attributePrivileges(user string) (*answer, error) {
	out := []any{}
	s := &r.t.o.security
	for _, name := range r.t.o.schema.names {
		tab := r.t.o.schema.byName[name]
		for i := range tab.Columns {
			c := &tab.Columns[i]
			if !s.isSecured(tab, c) {
				continue
			}
			level := func(p Privilege) int64 {
				if s.fieldDenied(user, tab, c, p) {
					return 0
				}
				return 4
			}
			out = append(out, map[string]any{"AttributeId": metadataID(map[string]any{"EntityLogicalName": tab.Name, "LogicalName": c.Name}), "CanRead": level(Read), "CanCreate": level(Create), "CanUpdate": level(Write)})
		}
	}
	return jsonAnswer(http.StatusOK, appendValue(nil, map[string]any{
		"@odata.context": r.base + "$metadata#Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivilegesResponse", "AttributePrivileges": out})), nil
}
