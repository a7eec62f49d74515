package dataverse

import (
	"context"

	"postrider/offline"
)

// contactWords are the columns of a contact that hold one of our words as text.
var contactWords = map[string]string{
	"first": "firstname", "middle": "middlename", "last": "lastname", "prefix": "salutation", "suffix": "suffix", "nickname": "nickname",
	"yomi-first": "yomifirstname", "yomi-last": "yomilastname", "title": "jobtitle", "department": "department",
	"email1": "emailaddress1", "email2": "emailaddress2", "email3": "emailaddress3",
	"phone-business": "telephone1", "phone-business2": "business2", "phone-home": "telephone2", "phone-home2": "home2", "phone-other": "telephone3", "mobile": "mobilephone",
	"phone-company": "company", "phone-callback": "callback", "pager": "pager", "fax": "fax", "assistant": "assistantname", "assistant-phone": "assistantphone",
	"manager": "managername", "manager-phone": "managerphone", "website": "websiteurl", "ftp": "ftpsiteurl", "spouse": "spousesname", "children": "childrensnames",
	"government-id": "governmentid", "body": "description",
	"address1-city": "address1_city", "address1-region": "address1_stateorprovince", "address1-postcode": "address1_postalcode", "address1-country": "address1_country",
	"address2-city": "address2_city", "address2-region": "address2_stateorprovince", "address2-postcode": "address2_postalcode", "address2-country": "address2_country",
	"address3-city": "address3_city", "address3-region": "address3_stateorprovince", "address3-postcode": "address3_postalcode", "address3-country": "address3_country",
}

// activityWords are those of appointments, series and tasks; tasks have no location.
var activityWords = map[string]string{"subject": "subject", "body": "description", "location": "location"}

// streetLines are the columns that a street is spread over.
const streetLines = 3

// FieldLimits are the longest texts that the organization takes, by our words,
// from its metadata: it may have made columns longer than the vendor has them.
// What it does not tell is left out.
func (c *Client) FieldLimits(ctx context.Context) (offline.FieldLimits, error) {
	const what = "ask how long texts may be"
	var all []*question
	for _, t := range itemTables {
		for _, cast := range []string{"String", "Memo"} {
			all = append(all, &question{logical: "EntityDefinitions/Attributes", columns: []string{"LogicalName", "MaxLength"},
				path: "EntityDefinitions(LogicalName='" + t.logical + "')/Attributes/Microsoft.Dynamics.CRM." + cast + "AttributeMetadata"})
		}
	}
	if err := c.ask(ctx, what, all...); err != nil {
		return nil, err
	}
	out := offline.FieldLimits{}
	for i, t := range itemTables {
		lengths := map[string]int{}
		for _, q := range all[2*i : 2*i+2] {
			if q.err != nil && (q.err.Class.Transient() || q.err.Class == offline.FaultAuth) {
				return nil, q.err
			}
			for _, r := range rowsOf(q) {
				lengths[r.text("LogicalName")] = int(r.number("MaxLength"))
			}
		}
		words := activityWords
		if t.kind == offline.KindContact {
			words = contactWords
			for _, n := range []string{"1", "2", "3"} {
				if l := lengths["address"+n+"_line1"]; l > 0 {
					put(out, t.kind, "address"+n+"-street", streetLines*l+streetLines-1)
				}
			}
		}
		for word, column := range words {
			if l := lengths[column]; l > 0 {
				put(out, t.kind, word, l)
			}
		}
	}
	return out, nil
}

func put(l offline.FieldLimits, k offline.Kind, word string, n int) {
	if l[k] == nil {
		l[k] = map[string]int{}
	}
	l[k][word] = n
}
