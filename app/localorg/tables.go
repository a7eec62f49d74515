package localorg

import "strconv"

// standardTables are the tables of every organization, as far as mail, appointments,
// contacts and tasks need them. The order is that in which they are seeded.
func standardTables() []*Table {
	return []*Table{
		businessUnitTable(), organizationTable(), userTable(), teamTable(), userSettingsTable(), mailboxTable(), queueTable(), equipmentTable(),
		accountTable(), contactTable(), leadTable(), opportunityTable(), caseTable(),
		emailTable(), appointmentTable(), seriesTable(), taskTable(), pointerTable(),
		partyTable(), mimeAttachmentTable(), noteTable(), templateTable(), userQueryTable(), savedQueryTable(), timeZoneTable(),
	}
}

var (
	yesNo        = []Option{{0, "No"}, {1, "Yes"}}
	activeStates = []Option{{0, "Active"}, {1, "Inactive"}}
	activeStatus = []Status{{0, 1, "Active"}, {1, 2, "Inactive"}}
	priorities   = []Option{{0, "Low"}, {1, "Normal"}, {2, "High"}}
	incoming     = []Option{{0, "None"}, {1, "Microsoft Dynamics 365 for Outlook"}, {2, "Server-Side Synchronization or Email Router"}, {3, "Forward Mailbox"}}
	outgoing     = []Option{{0, "None"}, {1, "Microsoft Dynamics 365 for Outlook"}, {2, "Server-Side Synchronization or Email Router"}}
	filterings   = []Option{{0, "All email messages"}, {1, "Email messages in response to Dynamics 365 email"}, {2, "Email messages from Dynamics 365 Leads, Contacts and Accounts"}, {3, "Email messages from Dynamics 365 records that are email enabled"}, {4, "No email messages"}}
)

// customer is a lookup to an account or a contact.
func customer(name string) Column {
	return Column{Name: name, Kind: Lookup, Targets: []string{"account", "contact"}, Nav: name + "_{target}", Indexed: true, Cascade: true}
}

// address is one of the three address blocks of people and companies.
func address(n int) []Column {
	p := "address" + strconv.Itoa(n) + "_"
	return concat(Texts(200, p+"name"), Texts(250, p+"line1", p+"line2", p+"line3"), Texts(80, p+"city", p+"country"),
		Texts(50, p+"stateorprovince", p+"county", p+"telephone1", p+"telephone2", p+"fax"), Texts(20, p+"postalcode", p+"postofficebox"),
		[]Column{{Name: p + "addresstypecode", Kind: Choice, Default: int64(1), Options: []Option{{1, "Default Value"}, {2, "Ship To"}, {3, "Primary"}, {4, "Other"}}}})
}

func mailAddresses() []Column {
	return []Column{{Name: "emailaddress1", Kind: Text, Max: 100, Indexed: true},
		{Name: "emailaddress2", Kind: Text, Max: 100, Indexed: true}, {Name: "emailaddress3", Kind: Text, Max: 100, Indexed: true}}
}

func donots() []Column {
	return columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"donotemail", "donotphone", "donotfax", "donotpostalmail", "donotbulkemail"})
}

// activityCollections are the one-to-many properties that lead from a record to
// the activities about it.
func activityCollections(prefix string) []Collection {
	return []Collection{
		{prefix + "_Emails", "email", "regardingobjectid"}, {prefix + "_Appointments", "appointment", "regardingobjectid"},
		{prefix + "_RecurringAppointmentMasters", "recurringappointmentmaster", "regardingobjectid"}, {prefix + "_Tasks", "task", "regardingobjectid"}, {prefix + "_ActivityPointers", "activitypointer", "regardingobjectid"},
		{prefix + "_Annotation", "annotation", "objectid"},
	}
}

func accountTable() *Table {
	return &Table{Name: "account", Set: "accounts", Key: "accountid", NameColumn: "name", TypeCode: 1, Address: "emailaddress1",
		Owned: true, ChangeTracking: true, HasActivities: true, States: activeStates, Statuses: activeStatus,
		Collections: append(activityCollections("Account"), Collection{"contact_customer_accounts", "contact", "parentcustomerid"},
			Collection{"opportunity_customer_accounts", "opportunity", "customerid"}, Collection{"incident_customer_accounts", "incident", "customerid"}),
		Columns: concat(
			[]Column{{Name: "name", Kind: Text, Max: 160, Required: true}}, Texts(20, "accountnumber"), Texts(50, "telephone1", "telephone2", "telephone3", "fax"),
			Texts(200, "websiteurl", "ftpsiteurl"), []Column{{Name: "description", Kind: Memo, Max: 2000}}, mailAddresses(), address(1), address(2), donots(),
			Plain(Int, "numberofemployees"), Plain(Decimal, "revenue"),
			[]Column{{Name: "primarycontactid", Kind: Lookup, Targets: []string{"contact"}}, {Name: "parentaccountid", Kind: Lookup, Targets: []string{"account"}}})}
}

func contactTable() *Table {
	return &Table{Name: "contact", Set: "contacts", Key: "contactid", NameColumn: "fullname", TypeCode: 2, Address: "emailaddress1",
		Owned: true, ChangeTracking: true, HasActivities: true, States: activeStates, Statuses: activeStatus,
		Collections: append(activityCollections("Contact"), Collection{"account_primary_contact", "account", "primarycontactid"},
			Collection{"opportunity_customer_contacts", "opportunity", "customerid"}, Collection{"incident_customer_contacts", "incident", "customerid"}),
		hooks: contactRules(),
		Columns: concat(
			Texts(50, "firstname", "middlename"), []Column{{Name: "lastname", Kind: Text, Max: 50}, {Name: "fullname", Kind: Text, Max: 160, ReadOnly: true}},
			Texts(100, "salutation", "nickname", "jobtitle", "department", "managername", "assistantname", "spousesname"), Texts(10, "suffix"),
			Texts(50, "company", "telephone1", "telephone2", "telephone3", "mobilephone", "home2", "business2", "callback", "fax", "pager", "managerphone", "assistantphone", "governmentid"),
			Texts(150, "yomifirstname", "yomilastname"), Texts(255, "childrensnames"), Texts(200, "websiteurl", "ftpsiteurl"),
			mailAddresses(), Plain(DateOnly, "birthdate", "anniversary"),
			[]Column{{Name: "gendercode", Kind: Choice, Options: []Option{{1, "Male"}, {2, "Female"}}},
				{Name: "familystatuscode", Kind: Choice, Options: []Option{{1, "Single"}, {2, "Married"}, {3, "Divorced"}, {4, "Widowed"}}},
				{Name: "preferredcontactmethodcode", Kind: Choice, Default: int64(1), Options: []Option{{1, "Any"}, {2, "Email"}, {3, "Phone"}, {4, "Fax"}, {5, "Mail"}}},
				{Name: "description", Kind: Memo, Max: 2000}, customer("parentcustomerid"),
				{Name: "entityimage", Kind: Image, Max: maxImage, Blob: true}, {Name: "entityimage_timestamp", Kind: BigInt, ReadOnly: true}, {Name: "entityimageid", Kind: GUID, ReadOnly: true}},
			address(1), address(2), address(3), donots())}
}

func leadTable() *Table {
	return &Table{Name: "lead", Set: "leads", Key: "leadid", NameColumn: "fullname", TypeCode: 4, Address: "emailaddress1",
		Owned: true, ChangeTracking: true, HasActivities: true, Collections: activityCollections("Lead"), hooks: personName(),
		States:   []Option{{0, "Open"}, {1, "Qualified"}, {2, "Disqualified"}},
		Statuses: []Status{{0, 1, "New"}, {0, 2, "Contacted"}, {1, 3, "Qualified"}, {2, 4, "Lost"}, {2, 5, "Cannot Contact"}, {2, 6, "No Longer Interested"}, {2, 7, "Canceled"}},
		Columns: concat(Texts(300, "subject"), Texts(50, "firstname", "middlename", "lastname", "mobilephone", "telephone1", "telephone2", "fax"),
			[]Column{{Name: "fullname", Kind: Text, Max: 160, ReadOnly: true}, {Name: "description", Kind: Memo, Max: 2000}},
			Texts(100, "companyname", "jobtitle", "salutation"), Texts(200, "websiteurl"), mailAddresses(), address(1), donots(),
			[]Column{{Name: "parentaccountid", Kind: Lookup, Targets: []string{"account"}}, {Name: "parentcontactid", Kind: Lookup, Targets: []string{"contact"}}})}
}

func opportunityTable() *Table {
	return &Table{Name: "opportunity", Set: "opportunities", Key: "opportunityid", NameColumn: "name", TypeCode: 3,
		Owned: true, ChangeTracking: true, HasActivities: true, Collections: activityCollections("Opportunity"),
		States:   []Option{{0, "Open"}, {1, "Won"}, {2, "Lost"}},
		Statuses: []Status{{0, 1, "In Progress"}, {0, 2, "On Hold"}, {1, 3, "Won"}, {2, 4, "Canceled"}, {2, 5, "Out-Sold"}},
		Columns: concat([]Column{{Name: "name", Kind: Text, Max: 300, Required: true}, {Name: "description", Kind: Memo, Max: 2000}, customer("customerid")},
			Plain(Decimal, "estimatedvalue", "actualvalue"), Plain(DateOnly, "estimatedclosedate", "actualclosedate"),
			[]Column{{Name: "closeprobability", Kind: Int, Low: 0, High: 100}, {Name: "parentaccountid", Kind: Lookup, Targets: []string{"account"}},
				{Name: "parentcontactid", Kind: Lookup, Targets: []string{"contact"}}})}
}

func caseTable() *Table {
	return &Table{Name: "incident", Set: "incidents", Key: "incidentid", NameColumn: "title", TypeCode: 112,
		Owned: true, ChangeTracking: true, HasActivities: true, Collections: activityCollections("Incident"), hooks: caseRules(),
		States:   []Option{{0, "Active"}, {1, "Resolved"}, {2, "Canceled"}},
		Statuses: []Status{{0, 1, "In Progress"}, {0, 2, "On Hold"}, {0, 3, "Waiting for Details"}, {0, 4, "Researching"}, {1, 5, "Problem Solved"}, {1, 1000, "Information Provided"}, {2, 6, "Canceled"}, {2, 2000, "Merged"}},
		Columns: concat([]Column{{Name: "title", Kind: Text, Max: 200}, {Name: "ticketnumber", Kind: Text, Max: 100, Indexed: true}, {Name: "description", Kind: Memo, Max: 2000},
			customer("customerid"), {Name: "prioritycode", Kind: Choice, Default: int64(2), Options: []Option{{1, "High"}, {2, "Normal"}, {3, "Low"}}},
			{Name: "caseorigincode", Kind: Choice, Options: []Option{{1, "Phone"}, {2, "Email"}, {3, "Web"}}},
			{Name: "primarycontactid", Kind: Lookup, Targets: []string{"contact"}}})}
}

func noteTable() *Table {
	return &Table{Name: "annotation", Set: "annotations", Key: "annotationid", NameColumn: "subject", TypeCode: 5, Owned: true, ChangeTracking: true, hooks: noteRules(),
		Columns: concat(Texts(500, "subject"), Texts(255, "filename"), Texts(256, "mimetype"),
			[]Column{{Name: "notetext", Kind: Memo, Max: 100000}, {Name: "documentbody", Kind: Memo, Max: 1 << 30, Blob: true},
				{Name: "filesize", Kind: Int, ReadOnly: true}, {Name: "isdocument", Kind: Bool, Options: yesNo, Default: false},
				{Name: "objecttypecode", Kind: Text, Max: 64, ReadOnly: true},
				{Name: "objectid", Kind: Lookup, Targets: []string{"account", "contact", "lead", "opportunity", "incident", "email", "appointment", "recurringappointmentmaster", "task"}, Nav: "objectid_{target}", Indexed: true, Cascade: true}})}
}
