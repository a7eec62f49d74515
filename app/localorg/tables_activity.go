package localorg

// States and status reasons of the activities, from the vendor's reference of
// each table.
const (
	stateOpen, stateCompleted, stateCanceled = 0, 1, 2

	emailDraft, emailCompleted, emailSent, emailReceived   = 1, 2, 3, 4
	emailCanceled, emailPending, emailSending, emailFailed = 5, 6, 7, 8
)

// Participation types of activity parties.
const (
	maskSender, maskTo, maskCc, maskBcc       = 1, 2, 3, 4
	maskRequired, maskOptional, maskOrganizer = 5, 6, 7
	maskRegarding, maskOwner, maskResource    = 8, 9, 10
	maxActivityBody                           = 1 << 30 / 2
	maxPartyAddress                           = 320
)

var partyTargets = []string{"account", "contact", "lead", "systemuser", "queue", "opportunity", "incident", "team", "businessunit", "equipment"}

func activityColumns(subject int) []Column {
	return concat([]Column{{Name: "subject", Kind: Text, Max: subject}, {Name: "activityid", Kind: GUID, CreateOnly: true},
		{Name: "activitytypecode", Kind: Text, Max: 64, ReadOnly: true},
		{Name: "prioritycode", Kind: Choice, Default: int64(1), Options: priorities}},
		Plain(DateTime, "scheduledstart", "scheduledend", "actualstart", "actualend", "sortdate"),
		columns(Column{Kind: Int, Low: 0, High: 1<<31 - 1}, []string{"scheduleddurationminutes", "actualdurationminutes"}),
		columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"isworkflowcreated", "isbilled"}),
		Texts(100, "exchangeitemid"), Texts(250, "category", "subcategory"), Texts(200, "exchangeweblink"), columns(Column{Kind: Memo, Max: 8192}, []string{"activityadditionalparams"}))
}

func emailTable() *Table {
	return &Table{Name: "email", Set: "emails", Key: "activityid", NameColumn: "subject", TypeCode: 4202, Owned: true, ChangeTracking: true,
		Activity: &Activity{Masks: []int64{maskSender, maskTo, maskCc, maskBcc}}, hooks: emailRules(),
		Collections: []Collection{{"email_activity_parties", "activityparty", "activityid"}, {"email_activity_mime_attachment", "activitymimeattachment", "objectid"}, {"Email_Annotation", "annotation", "objectid"}},
		States:      []Option{{0, "Open"}, {1, "Completed"}, {2, "Canceled"}},
		Statuses: []Status{{0, emailDraft, "Draft"}, {0, emailFailed, "Failed"}, {1, emailCompleted, "Completed"}, {1, emailSent, "Sent"}, {1, emailReceived, "Received"},
			{1, emailPending, "Pending Send"}, {1, emailSending, "Sending"}, {2, emailCanceled, "Canceled"}},
		Columns: concat(activityColumns(800),
			[]Column{{Name: "description", Kind: Memo, Max: maxActivityBody, Blob: true}, {Name: "directioncode", Kind: Bool, Default: true, Options: []Option{{0, "Incoming"}, {1, "Outgoing"}}},
				{Name: "messageid", Kind: Text, Max: 320, Indexed: true}, {Name: "inreplyto", Kind: Text, Max: 320, ReadOnly: true},
				{Name: "conversationindex", Kind: Text, Max: 2048, ReadOnly: true}, {Name: "baseconversationindexhash", Kind: Int, Low: -1 << 31, High: 1<<31 - 1},
				{Name: "trackingtoken", Kind: Text, Max: 50, Indexed: true},
				{Name: "correlationmethod", Kind: Choice, ReadOnly: true, Default: int64(0), Options: []Option{{0, "None"}, {1, "Skipped"}, {2, "XHeader"}, {3, "InReplyTo"}, {4, "TrackingToken"}, {5, "ConversationIndex"}, {6, "SmartMatching"}, {7, "CustomCorrelation"}}},
				{Name: "parentactivityid", Kind: Lookup, Targets: []string{"email"}, CreateOnly: true, Indexed: true},
				{Name: "correlatedactivityid", Kind: Lookup, Targets: []string{"email"}, Nav: "CorrelatedActivityId_Email", CreateOnly: true, Indexed: true}},
			Texts(250, "sender", "submittedby"), Texts(500, "torecipients"), Texts(256, "mimetype"),
			readOnly(Plain(DateTime, "senton", "postponeemailprocessinguntil")), Plain(DateTime, "delayedemailsendtime"),
			[]Column{{Name: "deliveryprioritycode", Kind: Choice, Default: int64(1), Options: priorities, CreateOnly: true},
				{Name: "notifications", Kind: Choice, Default: int64(0), Options: []Option{{0, "None"}, {1, "The message was saved as a Microsoft Dynamics 365 email record, but not all the attachments could be saved with it. An attachment cannot be saved if it is blocked or if its file type is invalid."}, {2, "Truncated body."}}},
				{Name: "attachmentcount", Kind: Int, ReadOnly: true, Default: int64(0)},
				{Name: "acceptingentityid", Kind: Lookup, Targets: []string{"queue", "systemuser"}, Nav: "acceptingentityid_{target}", CreateOnly: true},
				{Name: "receivingmailboxid", Kind: Lookup, Targets: []string{"mailbox"}, Nav: "ReceivingMailboxId_Email", CreateOnly: true},
				{Name: "emailsender", Kind: Lookup, Targets: partyTargets, Nav: "emailsender_{target}", ReadOnly: true},
				{Name: "sendersaccount", Kind: Lookup, Targets: []string{"account"}, ReadOnly: true}},
			columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"readreceiptrequested", "deliveryreceiptrequested"}),
			readOnly(columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"compressed"})))}
}

func appointmentTable() *Table {
	return &Table{Name: "appointment", Set: "appointments", Key: "activityid", NameColumn: "subject", TypeCode: 4201, Owned: true, ChangeTracking: true,
		Activity: &Activity{Masks: []int64{maskRequired, maskOptional, maskOrganizer}}, hooks: appointmentRules(),
		Collections: []Collection{{"appointment_activity_parties", "activityparty", "activityid"}, {"appointment_activity_mime_attachment", "activitymimeattachment", "objectid"}},
		States:      calendarStates,
		Statuses:    calendarStatuses,
		Columns: concat([]Column{{Name: "scheduledstart", Kind: DateTime, Required: true}, {Name: "scheduledend", Kind: DateTime, Required: true}, {Name: "subject", Kind: Text, Max: 200, Required: true}},
			without(activityColumns(200), "scheduledstart", "scheduledend", "subject"),
			[]Column{{Name: "description", Kind: Memo, Max: 1048576}, {Name: "globalobjectid", Kind: Text, Max: 300, Indexed: true}, {Name: "outlookownerapptid", Kind: Int},
				{Name: "attachmenterrors", Kind: Choice, Default: int64(0), Options: []Option{{0, "None"}, {1, "The appointment was saved as a Microsoft Dynamics 365 appointment record, but not all the attachments could be saved with it."}}},
				{Name: "attachmentcount", Kind: Int, ReadOnly: true, Default: int64(0)},
				{Name: "seriesid", Kind: GUID, ReadOnly: true, Indexed: true}, {Name: "modifiedfieldsmask", Kind: Text, Max: 2000, ReadOnly: true},
				{Name: "instancetypecode", Kind: Choice, ReadOnly: true, Default: int64(notRecurring), Options: instanceTypes}},
			Texts(200, "location"), readOnly(Plain(DateTime, "originalstartdate")),
			columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"isalldayevent", "ismapiprivate", "isdraft"}))}
}

// Instance types of appointments and series.
const (
	notRecurring, recurringMaster, recurringInstance, recurringException = 0, 1, 2, 3
)

var (
	calendarStates   = []Option{{0, "Open"}, {1, "Completed"}, {2, "Canceled"}, {3, "Scheduled"}}
	calendarStatuses = []Status{{0, 1, "Free"}, {0, 2, "Tentative"}, {1, 3, "Completed"}, {2, 4, "Canceled"}, {3, 5, "Busy"}, {3, 6, "Out of Office"}}
	instanceTypes    = []Option{{0, "Not Recurring"}, {1, "Recurring Master"}, {2, "Recurring Instance"}, {3, "Recurring Exception"}, {4, "Recurring Future Exception"}}
)

// seriesTable is the recurring appointment: what its occurrences have in
// common, and the pattern (table reference: recurringappointmentmaster). Its
// text is shorter than that of a single appointment.
func seriesTable() *Table {
	number := func(name string, low, high int64) Column { return Column{Name: name, Kind: Int, Low: low, High: high} }
	months := []Option{{0, "Invalid Month Of Year"}, {1, "January"}, {2, "February"}, {3, "March"}, {4, "April"}, {5, "May"}, {6, "June"},
		{7, "July"}, {8, "August"}, {9, "September"}, {10, "October"}, {11, "November"}, {12, "December"}}
	return &Table{Name: "recurringappointmentmaster", Set: "recurringappointmentmasters", Key: "activityid", NameColumn: "subject", TypeCode: 4251, Owned: true, ChangeTracking: true,
		Activity: &Activity{Masks: []int64{maskRequired, maskOptional, maskOrganizer}}, hooks: seriesRules(),
		Collections: []Collection{{"recurringappointmentmaster_activity_parties", "activityparty", "activityid"}},
		States:      calendarStates, Statuses: calendarStatuses,
		Columns: concat([]Column{{Name: "subject", Kind: Text, Max: 200, Required: true}}, without(activityColumns(200), "subject", "scheduledstart", "scheduledend", "scheduleddurationminutes"),
			readOnly(Plain(DateTime, "scheduledstart", "scheduledend")),
			[]Column{{Name: "description", Kind: Memo, Max: 2000}, {Name: "globalobjectid", Kind: Text, Max: 300, Indexed: true}, {Name: "outlookownerapptid", Kind: Int},
				{Name: "recurrencepatterntype", Kind: Choice, Required: true, Options: []Option{{0, "Daily"}, {1, "Weekly"}, {2, "Monthly"}, {3, "Yearly"}}},
				{Name: "patternendtype", Kind: Choice, Required: true, Options: []Option{{1, "No End Date"}, {2, "Occurrences"}, {3, "Pattern End Date"}}},
				{Name: "patternstartdate", Kind: DateTime, Required: true},
				number("interval", 1, 1000), number("occurrences", 1, 999), number("daysofweekmask", 1, 127), number("dayofmonth", 1, 31),
				{Name: "monthofyear", Kind: Choice, Options: months},
				{Name: "instance", Kind: Choice, Options: []Option{{1, "First"}, {2, "Second"}, {3, "Third"}, {4, "Fourth"}, {5, "Last"}}},
				{Name: "firstdayofweek", Kind: Int, Low: 0, High: 6, CreateOnly: true}, number("duration", 0, 1<<31-1),
				{Name: "utcconversiontimezonecode", Kind: Int, Low: -1, High: 1<<31 - 1}, {Name: "timezoneruleversionnumber", Kind: Int, Low: -1, High: 1<<31 - 1},
				{Name: "expansionstatecode", Kind: Choice, ReadOnly: true, Default: int64(0), Options: []Option{{0, "Unexpanded"}, {1, "Partially expanded"}, {2, "Fully expanded"}}},
				{Name: "instancetypecode", Kind: Choice, ReadOnly: true, Default: int64(recurringMaster), Options: instanceTypes},
				{Name: "deletedexceptionslist", Kind: Memo, Max: 1 << 20, ReadOnly: true}, {Name: "groupid", Kind: GUID, ReadOnly: true},
				{Name: "seriesstatus", Kind: Bool, Default: true, Options: []Option{{0, "Inactive"}, {1, "Active"}}}},
			Texts(200, "location"), Plain(DateTime, "patternenddate", "effectivestartdate", "effectiveenddate", "starttime", "endtime"),
			readOnly(Plain(DateTime, "nextexpansioninstancedate", "lastexpandedinstancedate")),
			columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"isalldayevent", "ismapiprivate", "isnthmonthly", "isnthyearly", "isweekdaypattern", "isregenerate"}))}
}

func taskTable() *Table {
	return &Table{Name: "task", Set: "tasks", Key: "activityid", NameColumn: "subject", TypeCode: 4212, Owned: true, ChangeTracking: true,
		Activity: &Activity{}, hooks: activityRules(),
		Collections: []Collection{{"task_activity_parties", "activityparty", "activityid"}},
		States:      []Option{{0, "Open"}, {1, "Completed"}, {2, "Canceled"}},
		Statuses:    []Status{{0, 2, "Not Started"}, {0, 3, "In Progress"}, {0, 4, "Waiting on someone else"}, {0, 7, "Deferred"}, {1, 5, "Completed"}, {2, 6, "Canceled"}},
		Columns: concat([]Column{{Name: "subject", Kind: Text, Max: 200, Required: true}}, without(activityColumns(200), "subject"),
			[]Column{{Name: "description", Kind: Memo, Max: 2000}, {Name: "percentcomplete", Kind: Int, Low: 0, High: 100, Default: int64(0)}, {Name: "crmtaskassigneduniqueid", Kind: GUID}})}
}

// pointerTable is the union that shows activities of all types.
func pointerTable() *Table {
	states := []Option{{0, "Open"}, {1, "Completed"}, {2, "Canceled"}, {3, "Scheduled"}}
	return &Table{Name: "activitypointer", Set: "activitypointers", Key: "activityid", NameColumn: "subject", TypeCode: 4200, Fixed: true, Sealed: true,
		union:       []string{"email", "appointment", "recurringappointmentmaster", "task"},
		Collections: []Collection{{"activitypointer_activity_parties", "activityparty", "activityid"}},
		Columns: concat(readOnly(activityColumns(800)), []Column{{Name: "description", Kind: Memo, Max: maxActivityBody, Blob: true},
			{Name: "statecode", Kind: Choice, Options: states}, {Name: "statuscode", Kind: Int},
			{Name: "createdon", Kind: DateTime}, {Name: "modifiedon", Kind: DateTime},
			{Name: "createdby", Kind: Lookup, Targets: []string{"systemuser"}}, {Name: "modifiedby", Kind: Lookup, Targets: []string{"systemuser"}},
			{Name: "ownerid", Kind: Lookup, Targets: []string{"systemuser", "team"}}})}
}

func partyTable() *Table {
	return &Table{Name: "activityparty", Set: "activityparties", Key: "activitypartyid", TypeCode: 135, Fixed: true, Sealed: true, NoRetrieve: true,
		Columns: []Column{
			{Name: "participationtypemask", Kind: Choice, Options: []Option{{1, "Sender"}, {2, "To Recipient"}, {3, "CC Recipient"}, {4, "BCC Recipient"}, {5, "Required attendee"}, {6, "Optional attendee"},
				{7, "Organizer"}, {8, "Regarding"}, {9, "Owner"}, {10, "Resource"}, {11, "Customer"}, {12, "Chat Participant"}}},
			{Name: "addressused", Kind: Text, Max: maxPartyAddress, Indexed: true}, {Name: "unresolvedpartyname", Kind: Text, Max: 4000},
			{Name: "partyid", Kind: Lookup, Targets: partyTargets, Nav: "partyid_{target}", Indexed: true},
			{Name: "activityid", Kind: Lookup, Targets: []string{"email", "appointment", "recurringappointmentmaster", "task"}, Nav: "activityid_{target}", Indexed: true, Cascade: true, ReadOnly: true},
			{Name: "ispartydeleted", Kind: Bool, Options: yesNo, Default: false, ReadOnly: true}, {Name: "donotemail", Kind: Bool, Options: yesNo, Default: false, ReadOnly: true},
			{Name: "donotphone", Kind: Bool, Options: yesNo, Default: false, ReadOnly: true}, {Name: "effort", Kind: Decimal}, {Name: "exchangeentryid", Kind: Text, Max: 1024},
			{Name: "instancetypecode", Kind: Int, ReadOnly: true, Default: int64(0)}, {Name: "addressusedemailcolumnnumber", Kind: Int, ReadOnly: true},
			{Name: "scheduledstart", Kind: DateTime, ReadOnly: true}, {Name: "scheduledend", Kind: DateTime, ReadOnly: true}}}
}

func mimeAttachmentTable() *Table {
	return &Table{Name: "activitymimeattachment", Set: "activitymimeattachments", Key: "activitymimeattachmentid", NameColumn: "filename", TypeCode: 1001, hooks: attachmentRules(),
		Columns: []Column{
			{Name: "objectid", Kind: Lookup, Targets: []string{"email", "appointment", "activitypointer"}, Nav: "objectid_{target}", Indexed: true, Cascade: true, CreateOnly: true},
			{Name: "objecttypecode", Kind: Text, Max: 64, CreateOnly: true}, {Name: "subject", Kind: Text, Max: 2000}, {Name: "filename", Kind: Text, Max: 255}, {Name: "mimetype", Kind: Text, Max: 256},
			{Name: "body", Kind: Memo, Max: 1 << 30, Blob: true}, {Name: "filesize", Kind: Int, ReadOnly: true}, {Name: "attachmentnumber", Kind: Int, Low: 0, High: 1 << 30, Default: int64(0)},
			{Name: "attachmentcontentid", Kind: Text, Max: 1024}, {Name: "isfollowed", Kind: Bool, Options: yesNo, Default: false}}}
}

func without(cs []Column, names ...string) []Column {
	drop := map[string]bool{}
	for _, n := range names {
		drop[n] = true
	}
	var out []Column
	for _, c := range cs {
		if !drop[c.Name] {
			out = append(out, c)
		}
	}
	return out
}
