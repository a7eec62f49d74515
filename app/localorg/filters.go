package localorg

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Query types of saved and user queries that bear on synchronization (vendor's
// guide: offline and Outlook filters and templates).
const (
	queryOffline         = 16
	queryOutlook         = 256
	queryOfflineTemplate = 8192
	queryOutlookTemplate = 131072
)

func queryColumns() []Column {
	return concat([]Column{{Name: "name", Kind: Text, Max: 200, Required: true}, {Name: "description", Kind: Memo, Max: 2000},
		{Name: "querytype", Kind: Int, Required: true, CreateOnly: true, Low: 0, High: 1<<31 - 1}, {Name: "returnedtypecode", Kind: Text, Max: 64, Required: true, CreateOnly: true},
		{Name: "fetchxml", Kind: Memo, Max: 1 << 20}}, columns(Column{Kind: Memo, Max: 1 << 20}, []string{"layoutxml", "columnsetxml"}))
}

// userQueryTable holds the users' own queries, their synchronization filters
// among them. Nobody sees those of others.
func userQueryTable() *Table {
	return &Table{Name: "userquery", Set: "userqueries", Key: "userqueryid", NameColumn: "name", TypeCode: 4230, Owned: true, hooks: queryRules(),
		States: activeStates, Statuses: activeStatus, Columns: concat(queryColumns(), []Column{{Name: "parentqueryid", Kind: Lookup, Targets: []string{"savedquery"}, Nav: "parentqueryid"}})}
}

// savedQueryTable holds the organization's queries: views, templates of
// filters, and filters that hold for everybody.
func savedQueryTable() *Table {
	return &Table{Name: "savedquery", Set: "savedqueries", Key: "savedqueryid", NameColumn: "name", TypeCode: 1039, hooks: queryRules(),
		States: activeStates, Statuses: activeStatus,
		Columns: concat(queryColumns(), columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"isdefault", "isquickfindquery", "isuserdefined", "iscustom"}))}
}

func queryRules() hooks {
	check := func(t *tx, w *write) error {
		if w.text("fetchxml") == "" {
			return nil
		}
		q, err := readFetch(w.text("fetchxml"))
		if err != nil {
			return err
		}
		if q.Entity.Name != w.text("returnedtypecode") {
			return badValue("The entity '%s' of the FetchXML is not the returnedtypecode '%s' of the query.", q.Entity.Name, w.text("returnedtypecode"))
		}
		_, err = t.compileFetch(q)
		return err
	}
	return hooks{beforeCreate: check, beforeUpdate: check}
}

// filterTemplate is a default filter of new users.
type filterTemplate struct {
	name, table string
	kind        int64
	conditions  string
}

// mine is an open activity, or an active record, that the user owns.
const mine = `<filter type="and"><condition attribute="ownerid" operator="eq-userid"/><condition attribute="statecode" operator="eq" value="0"/></filter>`

// meeting is an appointment or series that the user owns or takes part in and
// that is not over and done with.
func meeting() string {
	return `<filter type="and"><condition attribute="statecode" operator="in"><value>0</value><value>3</value></condition></filter>` +
		`<link-entity name="activityparty" from="activityid" to="activityid" alias="party"><filter type="and"><condition attribute="partyid" operator="eq-userid"/>` +
		`<condition attribute="participationtypemask" operator="in"><value>5</value><value>6</value><value>7</value><value>9</value></condition></filter></link-entity>`
}

// defaultFilters are the templates of the service. That of contacts is
// documented; the others are as their names and the vendor's pages say:
// tasks that I own and that are open, appointments that I own or take part in.
func defaultFilters() []filterTemplate {
	all := []filterTemplate{
		{"My Outlook Contacts", "contact", queryOutlookTemplate, mine},
		{"My Outlook Tasks", "task", queryOutlookTemplate, mine},
		{"My Outlook Appointments", "appointment", queryOutlookTemplate, meeting()},
		{"My Outlook Recurring Appointments", "recurringappointmentmaster", queryOutlookTemplate, meeting()},
	}
	owned := `<filter type="and"><condition attribute="ownerid" operator="eq-userid"/></filter>`
	for _, table := range []string{"contact", "appointment", "task"} {
		all = append(all, filterTemplate{"My " + strings.ToUpper(table[:1]) + table[1:] + "s", table, queryOfflineTemplate, owned})
	}
	return all
}

// makeTemplates makes the default templates, and gives the users that are there
// already their filters.
func (t *tx) makeTemplates() error {
	for _, f := range defaultFilters() {
		tab := t.o.schema.byName["savedquery"]
		row := map[string]any{"name": f.name, "querytype": jsonNumber(f.kind), "returnedtypecode": f.table, "isdefault": true,
			"fetchxml": fmt.Sprintf(`<fetch version="1.0" output-format="xml-platform" mapping="logical" distinct="true"><entity name="%s"><attribute name="%s"/>%s</entity></fetch>`, f.table, t.o.schema.byName[f.table].Key, f.conditions)}
		if _, err := t.create(tab, "", row); err != nil {
			return err
		}
	}
	for _, id := range slices.Clone(t.table("systemuser").ids()) {
		if err := t.giveFilters(id); err != nil {
			return err
		}
	}
	return nil
}

// giveFilters gives a user copies of the default templates (R-FILTER-08).
func (t *tx) giveFilters(user string) error {
	saved := t.table("savedquery")
	for _, id := range saved.ids() {
		r := saved.rows[id]
		if !r.truth(saved.def.cols["isdefault"]) {
			continue
		}
		if err := t.instantiate(user, r); err != nil {
			return err
		}
	}
	return nil
}

// instantiate makes a user's filter of a template.
func (t *tx) instantiate(user string, template *row) error {
	saved := t.o.schema.byName["savedquery"]
	kind := map[int64]int64{queryOutlookTemplate: queryOutlook, queryOfflineTemplate: queryOffline}[template.number(saved.cols["querytype"])]
	if kind == 0 {
		return badValue("The saved query %s is not a template of filters.", template.id)
	}
	was := t.seed
	t.seed = true
	defer func() { t.seed = was }()
	_, err := t.create(t.o.schema.byName["userquery"], "", map[string]any{"name": template.get(saved.cols["name"]), "querytype": jsonNumber(kind),
		"returnedtypecode": template.get(saved.cols["returnedtypecode"]), "fetchxml": template.get(saved.cols["fetchxml"]),
		"ownerid@odata.bind": "/systemusers(" + user + ")"})
	return err
}

// filterAction answers the actions on a user that make and reset filters.
func (r *request) filterAction(user, name string) (*answer, error) {
	if r.method != http.MethodPost {
		return nil, wrongVerb(r.method)
	}
	if user != r.t.user {
		return nil, refuse(http.StatusForbidden, codePrivilegeDenied, "Principal user (Id=%s, type=8) is missing prvAdminFilter privilege", r.t.user)
	}
	args, err := r.object()
	if err != nil {
		return nil, err
	}
	if name == "ResetUserFilters" {
		kind, err := parseInt(r.t.o.schema.byName["userquery"], r.t.o.schema.byName["userquery"].cols["querytype"], args["QueryType"])
		if err != nil {
			return nil, err
		}
		return &answer{status: http.StatusNoContent}, r.t.resetFilters(user, kind.(int64))
	}
	list, ok := args["TemplateCollection"].([]any)
	if !ok {
		return nil, badPayload("The parameter 'TemplateCollection' of 'InstantiateFilters' is required and can't be null.")
	}
	for _, item := range list {
		body, _ := item.(map[string]any)
		given, _ := body["savedqueryid"].(string)
		template := r.t.row("savedquery", strings.ToLower(given))
		if template == nil {
			return nil, missing("savedquery", given)
		}
		if err := r.t.instantiate(user, template); err != nil {
			return nil, err
		}
	}
	return &answer{status: http.StatusNoContent}, nil
}

// resetFilters replaces a user's filters of one type by the default ones (R-FILTER-09).
func (t *tx) resetFilters(user string, kind int64) error {
	d := t.table("userquery")
	for _, id := range slices.Clone(d.ids()) {
		if r := d.rows[id]; r.lookup(d.def.owner).id == user && r.number(d.def.cols["querytype"]) == kind {
			if err := t.delete(d.def, id); err != nil {
				return err
			}
		}
	}
	saved := t.table("savedquery")
	template := map[int64]int64{queryOutlook: queryOutlookTemplate, queryOffline: queryOfflineTemplate}[kind]
	for _, id := range saved.ids() {
		if r := saved.rows[id]; r.truth(saved.def.cols["isdefault"]) && r.number(saved.def.cols["querytype"]) == template {
			if err := t.instantiate(user, r); err != nil {
				return err
			}
		}
	}
	return nil
}
