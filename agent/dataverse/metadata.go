package dataverse

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"postrider/offline"
)

const opTables = "ask for the organization's own tables"

// maxOwn bounds how many tables of its own an organization is asked about.
const maxOwn = 60

// vendors are the beginnings of logical names of add-ons by the platform's own
// maker: they count as custom tables, are many, and no mail is about their rows.
var vendors = []string{"msdyn", "msfp_", "mspp_", "mspcat_", "msevtmgt_", "mscrm", "adx_", "cdm_", "bot_", "aib_", "appaction"}

// definitionColumns are what is asked of each table (progref: EntityMetadata).
// HasActivities says that activities can be about its rows, IsActivityParty
// that mail can be sent to an address in them.
var definitionColumns = []string{"LogicalName", "EntitySetName", "PrimaryIdAttribute", "PrimaryNameAttribute", "DisplayName", "DisplayCollectionName",
	"HasActivities", "IsActivityParty", "OwnershipType"}

// definitions asks for the tables that the organization made itself.
func definitions() *question {
	return &question{logical: "EntityDefinitions", path: "EntityDefinitions", columns: definitionColumns, params: func() []param {
		return []param{{"$filter", "IsCustomEntity eq true and IsActivity eq false and IsIntersect eq false"}}
	}}
}

// aboutTable are the questions about one of them.
type aboutTable struct {
	def        row
	name       string
	attributes *question // its text columns, for those that hold mail addresses
	relations  *question // the lookups that lead to it, for their navigation properties
}

// takeTables takes the definitions that q brought and asks for what it needs to
// know of each table, all in one batch. Where the user may not read metadata,
// or the server has none, there are no tables of the organization's own.
func (c *Client) takeTables(ctx context.Context, q *question) error {
	if q.err != nil && (q.err.Class.Transient() || q.err.Class == offline.FaultAuth) {
		return q.err
	}
	var pg page
	if q.err == nil {
		if err := decode(opTables, q.body, &pg); err != nil {
			return err
		}
	}
	var tables []*aboutTable
	var ask []*question
	for _, def := range pg.Rows {
		if t := newAboutTable(def); t != nil && len(tables) < maxOwn {
			tables = append(tables, t)
			ask = append(ask, t.attributes, t.relations)
		}
	}
	if err := c.ask(ctx, opTables, ask...); err != nil {
		return err
	}
	next := ownTables{at: c.cfg.Now()}
	for _, t := range tables {
		for _, q := range []*question{t.attributes, t.relations} {
			if q.err != nil && q.err.Class.Transient() {
				return q.err
			}
		}
		own := t.table()
		if own.regarding == "" && len(own.addrs) == 0 {
			continue
		}
		next.tables = append(next.tables, own)
		next.told = append(next.told, offline.Table{Kind: own.kind, Label: cmp.Or(label(t.def["DisplayName"]), t.name),
			Plural: cmp.Or(label(t.def["DisplayCollectionName"]), label(t.def["DisplayName"]), t.name), Regarding: own.regarding != "", Addresses: len(own.addrs) > 0})
	}
	slices.SortFunc(next.told, func(a, b offline.Table) int {
		return cmp.Or(strings.Compare(a.Plural, b.Plural), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	c.under(func() { c.own = next })
	return nil
}

// newAboutTable returns nil for a table that mail has nothing to do with.
func newAboutTable(def row) *aboutTable {
	name := def.text("LogicalName")
	for _, col := range []string{"LogicalName", "EntitySetName", "PrimaryIdAttribute", "PrimaryNameAttribute"} {
		if !isName(def.text(col)) {
			return nil
		}
	}
	if slices.ContainsFunc(vendors, func(v string) bool { return strings.HasPrefix(name, v) }) {
		return nil
	}
	for _, ours := range []string{"HasActivities", "IsActivityParty"} {
		if is, told := def[ours].(bool); is || !told { // an older server does not tell: the relations will
			path := "EntityDefinitions(LogicalName='" + name + "')/"
			return &aboutTable{def: def, name: name,
				attributes: &question{logical: "EntityDefinitions/Attributes", path: path + "Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata", columns: []string{"LogicalName", "FormatName"}},
				relations: &question{logical: "EntityDefinitions/OneToManyRelationships", path: path + "OneToManyRelationships",
					columns: []string{"ReferencingEntity", "ReferencingAttribute", "ReferencingEntityNavigationPropertyName"},
					params: func() []param {
						return []param{{"$filter", "ReferencingAttribute eq 'regardingobjectid' or ReferencingAttribute eq 'partyid'"}}
					}},
			}
		}
	}
	return nil
}

// isName reports whether a name can stand in a URL as it is.
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// table is what the answers say of the table.
func (t *aboutTable) table() table {
	own := table{kind: offline.Kind(t.name), logical: t.name, set: t.def.text("EntitySetName"), id: t.def.text("PrimaryIdAttribute"), name: t.def.text("PrimaryNameAttribute"),
		state: "statecode", owner: t.def.text("OwnershipType") == "UserOwned"}
	for _, r := range rowsOf(t.relations) {
		nav := r.text("ReferencingEntityNavigationPropertyName")
		switch from := r.text("ReferencingEntity") + "." + r.text("ReferencingAttribute"); {
		case !isName(nav):
		case from == "email.regardingobjectid":
			own.regarding = nav
		case from == "activityparty.partyid":
			own.party = nav
		}
	}
	for _, r := range rowsOf(t.attributes) {
		format, _ := r["FormatName"].(map[string]any)
		if name := r.text("LogicalName"); row(format).text("Value") == "Email" && isName(name) {
			own.addrs = append(own.addrs, name)
		}
	}
	slices.Sort(own.addrs)
	return own
}

func rowsOf(q *question) []row {
	var pg page
	if q.err != nil || decode(opTables, q.body, &pg) != nil {
		return nil
	}
	return pg.Rows
}

// label is the text of a Label for the user (progref: Label).
func label(v any) string {
	l, _ := v.(map[string]any)
	local, _ := l["UserLocalizedLabel"].(map[string]any)
	return strings.TrimSpace(row(local).text("Label"))
}

// creatable are the kinds that Postrider makes records of, with the name of the
// privilege that this needs.
var creatable = []struct {
	kind      offline.Kind
	privilege string
}{
	{offline.KindContact, "prvCreateContact"}, {offline.KindLead, "prvCreateLead"}, {offline.KindAccount, "prvCreateAccount"},
	{offline.KindOpportunity, "prvCreateOpportunity"}, {offline.KindCase, "prvCreateIncident"},
}

// abilities are what Me asks beside the options: tables and privileges.
type abilities struct{ tables, privileges *question }

// abilities asks for them as far as they can be asked for together with the
// rest: for privileges the user must be known.
func (c *Client) abilities() (a abilities) {
	var stale bool
	var me offline.Ref
	c.under(func() {
		stale = c.own.at.IsZero() || c.cfg.Now().Sub(c.own.at) >= ownEvery
		me = c.user
	})
	if stale {
		a.tables = definitions()
	}
	if !me.IsZero() {
		a.privileges = privilegesOf(me.ID)
	}
	return a
}

func (a abilities) questions() (qs []*question) {
	for _, q := range []*question{a.tables, a.privileges} {
		if q != nil {
			qs = append(qs, q)
		}
	}
	return qs
}

// privilegesOf asks which of the privileges to create a user has, through roles
// and teams (Web API function RetrieveUserSetOfPrivilegesByNames).
func privilegesOf(user string) *question {
	names := make([]string, len(creatable))
	for i, c := range creatable {
		names[i] = c.privilege
	}
	return &question{path: query("systemusers("+user+")/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p)", param{"@p", list(names)})}
}

// takeAbilities takes the answers and puts them into o.
func (c *Client) takeAbilities(ctx context.Context, user string, a abilities, o *offline.Options) error {
	if a.tables != nil {
		if err := c.takeTables(ctx, a.tables); err != nil {
			return err
		}
	}
	c.under(func() { o.Tables = slices.Clone(c.own.told) })
	if a.privileges == nil {
		a.privileges = privilegesOf(user)
		if err := c.ask(ctx, "ask what the user may create", a.privileges); err != nil {
			return err
		}
	}
	o.Creates = creates(a.privileges)
	return nil
}

// creates are the kinds that the answer lets the user make; nil where it can't
// be told: an older server, or one that answers without names.
func creates(q *question) []offline.Kind {
	var v struct {
		RolePrivileges []struct{ PrivilegeName string }
	}
	if q.err != nil || decode("privileges", q.body, &v) != nil || v.RolePrivileges == nil {
		return nil
	}
	out := []offline.Kind{}
	for _, p := range v.RolePrivileges {
		if p.PrivilegeName == "" {
			return nil
		}
		for _, c := range creatable {
			if strings.EqualFold(c.privilege, p.PrivilegeName) {
				out = append(out, c.kind)
			}
		}
	}
	return out
}
