package dataverse

import (
	"slices"
	"strings"

	"postrider/offline"
)

// table says how a kind of record is kept in Dataverse (progref: entity types).
type table struct {
	kind      offline.Kind
	set       string // entity set
	logical   string // logical name, as lookups give it
	id        string // primary key
	name      string // primary name
	addrs     []string
	parent    string // lookup of the record it belongs to, "" if none
	owner     bool   // rows have an owner
	state     string // column of the state: "statecode", "isdisabled", or "" where all rows are active
	extra     []string
	fields    []field  // what the side panel shows
	summary   []string // words of fields for the summary line; "parent" is the parent's name
	search    []string // columns beyond name and addresses in which Search looks
	regarding string   // navigation property of an email's regarding that leads here
	party     string   // navigation property of a party that leads here; "": can't be one
}

// field gives a column our word; formatted takes the text that the server made
// of the value, in the user's own format.
type field struct {
	word, column string
	formatted    bool
}

// tables are those that Pull knows. emails come last: they refer to the others.
var tables = []table{
	{
		kind: offline.KindAccount, set: "accounts", logical: "account", id: "accountid", name: "name",
		addrs: []string{"emailaddress1", "emailaddress2", "emailaddress3"}, owner: true, state: "statecode",
		fields:  []field{{"phone", "telephone1", false}, {"number", "accountnumber", false}, {"website", "websiteurl", false}, {"city", "address1_city", false}},
		summary: []string{"city"}, search: []string{"accountnumber"},
		regarding: "regardingobjectid_account_email", party: "partyid_account",
	},
	{
		kind: offline.KindContact, set: "contacts", logical: "contact", id: "contactid", name: "fullname",
		addrs: []string{"emailaddress1", "emailaddress2", "emailaddress3"}, parent: "parentcustomerid", owner: true, state: "statecode",
		fields:  []field{{"title", "jobtitle", false}, {"phone", "telephone1", false}, {"mobile", "mobilephone", false}, {"department", "department", false}},
		summary: []string{"title", "parent"}, regarding: "regardingobjectid_contact_email", party: "partyid_contact",
	},
	{
		kind: offline.KindLead, set: "leads", logical: "lead", id: "leadid", name: "fullname",
		addrs: []string{"emailaddress1", "emailaddress2", "emailaddress3"}, owner: true, state: "statecode",
		fields:  []field{{"topic", "subject", false}, {"company", "companyname", false}, {"title", "jobtitle", false}, {"phone", "telephone1", false}, {"mobile", "mobilephone", false}},
		summary: []string{"title", "company"}, search: []string{"companyname", "subject"},
		regarding: "regardingobjectid_lead_email", party: "partyid_lead",
	},
	{
		kind: offline.KindOpportunity, set: "opportunities", logical: "opportunity", id: "opportunityid", name: "name",
		parent: "customerid", owner: true, state: "statecode",
		fields:  []field{{"value", "estimatedvalue", true}, {"closes", "estimatedclosedate", false}},
		summary: []string{"parent", "value"}, regarding: "regardingobjectid_opportunity_email", party: "partyid_opportunity",
	},
	{
		kind: offline.KindCase, set: "incidents", logical: "incident", id: "incidentid", name: "title",
		parent: "customerid", owner: true, state: "statecode",
		fields:  []field{{"number", "ticketnumber", false}},
		summary: []string{"number", "parent"}, search: []string{"ticketnumber"},
		regarding: "regardingobjectid_incident_email", party: "partyid_incident",
	},
	{
		kind: offline.KindUser, set: "systemusers", logical: "systemuser", id: "systemuserid", name: "fullname",
		addrs: []string{"internalemailaddress"}, state: "isdisabled",
		fields:  []field{{"title", "title", false}, {"phone", "address1_telephone1", false}, {"mobile", "mobilephone", false}},
		summary: []string{"title"}, party: "partyid_systemuser",
	},
	{
		kind: offline.KindQueue, set: "queues", logical: "queue", id: "queueid", name: "name",
		addrs: []string{"emailaddress"}, owner: true, state: "statecode", party: "partyid_queue",
	},
	{
		kind: offline.KindTeam, set: "teams", logical: "team", id: "teamid", name: "name",
		addrs: []string{"emailaddress"}, party: "partyid_team",
	},
	{
		kind: offline.KindEquipment, set: "equipments", logical: "equipment", id: "equipmentid", name: "name",
		addrs: []string{"emailaddress"}, state: "isdisabled", party: "partyid_equipment",
	},
	{
		kind: offline.KindUnit, set: "businessunits", logical: "businessunit", id: "businessunitid", name: "name",
		addrs: []string{"emailaddress"}, state: "isdisabled", party: "partyid_businessunit",
	},
	{
		kind: offline.KindEmail, set: "emails", logical: "email", id: "activityid", name: "subject",
		owner: true, state: "statecode",
		extra: []string{"messageid", "trackingtoken", "directioncode", "statuscode", "actualend", "senton", "conversationindex", "sender", "torecipients", "_regardingobjectid_value"},
	},
}

// others are tables that an email can be about and that Postrider does not
// pull. Their kind is the logical name.
var others = map[offline.Kind]string{
	"campaign": "campaigns", "quote": "quotes", "salesorder": "salesorders", "invoice": "invoices",
	"contract": "contracts", "entitlement": "entitlements", "knowledgearticle": "knowledgearticles",
}

// KindMailbox is the record that holds a user's methods. No email can be about
// one.
const KindMailbox offline.Kind = "mailbox"

func tableOf(k offline.Kind) (table, bool) {
	for _, list := range [...][]table{tables, itemsOf} {
		if i := slices.IndexFunc(list, func(t table) bool { return t.kind == k }); i >= 0 {
			return list[i], true
		}
	}
	return table{}, false
}

// kindOf is the kind of a logical name: ours, or the name itself.
func kindOf(logical string) offline.Kind {
	for _, list := range [...][]table{tables, itemsOf} {
		for _, t := range list {
			if t.logical == logical {
				return t.kind
			}
		}
	}
	return offline.Kind(logical)
}

// path is the address of a record of a standard table relative to the API's
// root; "" where the kind is not known or the id is no GUID.
func path(r offline.Ref) string {
	set := others[r.Kind]
	if t, ok := tableOf(r.Kind); ok {
		set = t.set
	} else if r.Kind == KindMailbox {
		set = "mailboxes"
	}
	if set == "" || !wholeGUID.MatchString(r.ID) {
		return ""
	}
	return set + "(" + strings.ToLower(r.ID) + ")"
}

// columns are those that a pull of t asks for, without those that the server
// is known not to have.
func (c *Client) columns(t table) []string {
	cols := []string{t.id, t.name, "createdon", "modifiedon"}
	cols = append(cols, t.addrs...)
	for _, name := range []string{lookup(t.parent), t.state} {
		if name != "" {
			cols = append(cols, name)
		}
	}
	if t.owner {
		cols = append(cols, "_ownerid_value")
	}
	cols = append(cols, t.extra...)
	for _, f := range t.fields {
		cols = append(cols, f.column)
	}
	if t.kind == offline.KindContact && c.cfg.Items {
		cols = append(cols, contactItemColumns()...)
		slices.Sort(cols)
		cols = slices.Compact(cols)
	}
	return c.without(t.logical, cols)
}

// without takes away the columns that the server does not have.
func (c *Client) without(logical string, cols []string) (out []string) {
	c.under(func() {
		for _, col := range cols {
			if !c.missing[logical][col] {
				out = append(out, col)
			}
		}
	})
	return out
}

// forgo notes that the server does not have a column. It reports whether that
// is news, so that the same question is not asked for ever.
func (c *Client) forgo(logical, column string) (news bool) {
	c.under(func() {
		if c.missing[logical] == nil {
			c.missing[logical] = map[string]bool{}
		}
		news = !c.missing[logical][column]
		c.missing[logical][column] = true
	})
	return news
}

func lookup(name string) string {
	if name == "" {
		return ""
	}
	return "_" + name + "_value"
}
