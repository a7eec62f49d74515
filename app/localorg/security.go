package localorg

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Privilege is something that a user may be denied on a table.
type Privilege string

// The privileges. ReadOrganization denied leaves a user the rows they own, and
// refuses change tracking; Read denied refuses the table altogether.
const (
	Read             Privilege = "Read"
	ReadOrganization Privilege = "ReadOrganization"
	Create           Privilege = "Create"
	Write            Privilege = "Write"
	Delete           Privilege = "Delete"
	Append           Privilege = "Append"   // give a row of the table a lookup
	AppendTo         Privilege = "AppendTo" // be what a lookup points at
)

type denial struct {
	user, table string
	privilege   Privilege
}

// security knows the bearer tokens and what is denied to whom.
type security struct {
	mu     sync.RWMutex
	tokens map[string]grant
	denied map[denial]bool
	// Field security: the columns that are secured, and what is denied of them.
	secured map[string]bool
	fields  map[fieldDenial]bool
}

type grant struct {
	user string
	till time.Time // zero: for ever
}

func (s *security) init() {
	s.tokens, s.denied = map[string]grant{}, map[denial]bool{}
	s.secured, s.fields = map[string]bool{}, map[fieldDenial]bool{}
}

// Grant makes token a bearer token of that user, without end.
func (o *Org) Grant(token, userID string) { o.GrantUntil(token, userID, time.Time{}) }

// GrantUntil makes token a bearer token of that user until till.
func (o *Org) GrantUntil(token, userID string, till time.Time) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	o.security.tokens[token] = grant{userID, till}
}

// Revoke ends a token now; "" ends all of them.
func (o *Org) Revoke(token string) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	if token == "" {
		clear(o.security.tokens)
	}
	delete(o.security.tokens, token)
}

// Deny takes a privilege on a table from a user. On activitypointer it takes it
// for all activities, as the service's own privileges do; on one kind of
// activity it is what a plug-in of an organization might do.
func (o *Org) Deny(userID, table string, p Privilege) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	o.security.denied[denial{userID, table, p}] = true
}

// Allow gives back what Deny took.
func (o *Org) Allow(userID, table string, p Privilege) {
	o.security.mu.Lock()
	defer o.security.mu.Unlock()
	delete(o.security.denied, denial{userID, table, p})
}

func (s *security) bearer(h http.Header, now time.Time) (user string, ok bool) {
	kind, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return "", false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, ok := s.tokens[strings.TrimSpace(token)]
	if !ok || !g.till.IsZero() && !now.Before(g.till) {
		return "", false
	}
	return g.user, true
}

func (s *security) isDenied(user, table string, p Privilege) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.denied) > 0 && s.denied[denial{user, table, p}]
}

// isDeniedOn is isDenied of a table, or of all activities where it is one.
func (s *security) isDeniedOn(user string, tab *Table, p Privilege) bool {
	return s.isDenied(user, tab.Name, p) || tab.Activity != nil && s.isDenied(user, "activitypointer", p)
}

// allowed checks a privilege of the caller on a table and, if r is not nil, on
// that row.
func (t *tx) allowed(tab *Table, p Privilege, r *row) error {
	if t.seed {
		return nil
	}
	if t.o.security.isDeniedOn(t.user, tab, p) {
		return t.denied(tab, p)
	}
	if r != nil && !t.visible(tab, r) {
		return t.denied(tab, p)
	}
	return nil
}

// visible reports whether the caller may see a row. Parties and attachments
// are seen with the activity they belong to.
func (t *tx) visible(tab *Table, r *row) bool {
	if t.seed {
		return true
	}
	if tab.Name == "activityparty" || tab.Name == "activitymimeattachment" {
		parent := tab.cols["activityid"]
		if parent == nil {
			parent = tab.cols["objectid"]
		}
		of := r.lookup(parent)
		above := t.row(of.table, of.id)
		return above != nil && !t.o.security.isDeniedOn(t.user, t.o.schema.byName[of.table], Read) && t.visible(t.o.schema.byName[of.table], above)
	}
	if tab.Name == "template" && r.truth(tab.cols["ispersonal"]) && r.lookup(tab.owner).id != t.user {
		return false // somebody else's
	}
	if tab.Name == "userquery" {
		return r.lookup(tab.owner).id == t.user // others need prvAdminFilter (R-FILTER-12)
	}
	if !t.o.security.isDeniedOn(t.user, tab, ReadOrganization) {
		return true
	}
	if r.id == t.user {
		return true
	}
	return tab.owner != nil && r.lookup(tab.owner).id == t.user
}

// mayAppend checks that a row of tab may be given a lookup to target.
func (t *tx) mayAppend(tab *Table, target ref) error {
	if err := t.allowed(tab, Append, nil); err != nil {
		return err
	}
	to := t.o.schema.byName[target.table]
	return t.allowed(to, AppendTo, t.row(target.table, target.id))
}

func (t *tx) denied(tab *Table, p Privilege) error {
	verb := string(p)
	if p == ReadOrganization {
		verb = string(Read)
	}
	return refuse(http.StatusForbidden, codePrivilegeDenied, "Principal user (Id=%s, type=8, roleCount=1, accessMode=0) is missing prv%s%s privilege on OTC=%d for entity '%s'. context.Caller=%s",
		t.user, verb, strings.ToUpper(tab.Name[:1])+tab.Name[1:], tab.TypeCode, tab.Name, t.user)
}
