package localorg

// The limits and defaults of the organization row, from the vendor's reference
// of the organization table.
const (
	defaultMaxUpload   = 5 << 20
	defaultExpireDays  = 7
	defaultTokenPrefix = "CRM:"
	defaultBlocked     = "ade;adp;app;asa;ashx;asmx;asp;bas;bat;cdx;cer;chm;class;cmd;com;config;cpl;crt;csh;dll;exe;fxp;hlp;hta;htr;htw;ida;idc;idq;inf;ins;isp;its;jar;js;jse;ksh;lnk;mad;maf;mag;mam;maq;mar;mas;mat;mau;mav;maw;mda;mdb;mde;mdt;mdw;mdz;msc;msh;msh1;msh1xml;msh2;msh2xml;mshxml;msi;msp;mst;ops;pcd;pif;prf;prg;printer;pst;reg;rem;scf;scr;sct;shb;shs;shtm;shtml;soap;stm;svg;tmp;url;vb;vbe;vbs;vsmacros;vss;vst;vsw;ws;wsc;wsf;wsh"
)

func businessUnitTable() *Table {
	return &Table{Name: "businessunit", Set: "businessunits", Key: "businessunitid", NameColumn: "name", TypeCode: 10, ChangeTracking: true, Fixed: true, Address: "emailaddress",
		Columns: concat([]Column{{Name: "name", Kind: Text, Max: 160, Required: true}, {Name: "emailaddress", Kind: Text, Max: 100, Indexed: true}},
			[]Column{{Name: "isdisabled", Kind: Bool, Options: yesNo, Default: false}, {Name: "parentbusinessunitid", Kind: Lookup, Targets: []string{"businessunit"}}})}
}

func userTable() *Table {
	return &Table{Name: "systemuser", Set: "systemusers", Key: "systemuserid", NameColumn: "fullname", TypeCode: 8, ChangeTracking: true, Fixed: true,
		Address: "internalemailaddress", NamedKeyRefused: true, hooks: userRules(),
		Columns: concat(Texts(64, "firstname", "lastname"), []Column{{Name: "fullname", Kind: Text, Max: 200, ReadOnly: true}},
			Texts(100, "title", "jobtitle"), Texts(1024, "domainname"), Texts(64, "mobilephone"),
			[]Column{{Name: "internalemailaddress", Kind: Text, Max: 100, Indexed: true}, {Name: "personalemailaddress", Kind: Text, Max: 100, Indexed: true},
				{Name: "azureactivedirectoryobjectid", Kind: GUID, ReadOnly: true},
				{Name: "isdisabled", Kind: Bool, Options: yesNo, Default: false},
				{Name: "accessmode", Kind: Choice, Default: int64(0), Options: []Option{{0, "Read-Write"}, {1, "Administrative"}, {2, "Read"}, {4, "Non-interactive"}}},
				{Name: "emailrouteraccessapproval", Kind: Choice, Default: int64(1), Options: []Option{{0, "Empty"}, {1, "Approved"}, {2, "Pending Approval"}, {3, "Rejected"}}},
				{Name: "incomingemaildeliverymethod", Kind: Choice, Default: int64(1), Options: incoming},
				{Name: "outgoingemaildeliverymethod", Kind: Choice, Default: int64(1), Options: outgoing},
				{Name: "defaultmailbox", Kind: Lookup, Targets: []string{"mailbox"}},
				{Name: "businessunitid", Kind: Lookup, Targets: []string{"businessunit"}, ReadOnly: true}})}
}

func teamTable() *Table {
	return &Table{Name: "team", Set: "teams", Key: "teamid", NameColumn: "name", TypeCode: 9, ChangeTracking: true, Address: "emailaddress",
		Columns: []Column{{Name: "name", Kind: Text, Max: 160, Required: true}, {Name: "emailaddress", Kind: Text, Max: 100, Indexed: true},
			{Name: "description", Kind: Memo, Max: 2000}, {Name: "isdefault", Kind: Bool, Options: yesNo, Default: false, ReadOnly: true},
			{Name: "businessunitid", Kind: Lookup, Targets: []string{"businessunit"}}}}
}

// equipmentTable is what can be booked, with a mail address of its own.
func equipmentTable() *Table {
	return &Table{Name: "equipment", Set: "equipments", Key: "equipmentid", NameColumn: "name", TypeCode: 4000, ChangeTracking: true, Address: "emailaddress",
		Columns: []Column{{Name: "name", Kind: Text, Max: 160, Required: true}, {Name: "emailaddress", Kind: Text, Max: 100, Indexed: true},
			{Name: "description", Kind: Memo, Max: 2000}, {Name: "isdisabled", Kind: Bool, Options: yesNo, Default: false},
			{Name: "businessunitid", Kind: Lookup, Targets: []string{"businessunit"}}}}
}

func userSettingsTable() *Table {
	return &Table{Name: "usersettings", Set: "usersettingscollection", Key: "systemuserid", TypeCode: 150, Fixed: true,
		Columns: concat(
			[]Column{{Name: "incomingemailfilteringmethod", Kind: Choice, Default: int64(1), Options: filterings},
				{Name: "trackingtokenid", Kind: Int, ReadOnly: true}, {Name: "nexttrackingnumber", Kind: Int, Default: int64(1), Low: 0, High: 1<<31 - 1},
				{Name: "autocreatecontactonpromote", Kind: Int, Default: int64(1), Low: 0, High: 3},
				{Name: "outlooksyncinterval", Kind: Int, Default: int64(900000), Low: 0, High: 1<<31 - 1},
				{Name: "offlinesyncinterval", Kind: Int, Default: int64(900000), Low: 0, High: 1<<31 - 1},
				{Name: "addressbooksyncinterval", Kind: Int, Default: int64(86400000), Low: 0, High: 1<<31 - 1},
				{Name: "timezonecode", Kind: Int, Default: int64(92), Low: 0, High: 1000}, {Name: "timezonebias", Kind: Int, Default: int64(0), ReadOnly: true},
				{Name: "localeid", Kind: Int, Default: int64(1033), Low: 0, High: 1<<31 - 1}, {Name: "uilanguageid", Kind: Int, Default: int64(1033), Low: 0, High: 1<<31 - 1},
				{Name: "fullnameconventioncode", Kind: Int, Default: int64(1), Low: 0, High: 7}},
			Texts(30, "defaultcountrycode"),
			columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"synccontactcompany", "isduplicatedetectionenabledwhengoingonline", "usecrmformforappointment", "usecrmformforcontact", "usecrmformforemail", "usecrmformfortask", "ignoreunsolicitedemail"}),
			columns(Column{Kind: Bool, Options: yesNo, Default: true}, []string{"issendasallowed"}))}
}

func organizationTable() *Table {
	number := func(name string, dflt, low, high int64) Column {
		return Column{Name: name, Kind: Int, Default: dflt, Low: low, High: high}
	}
	flag := func(dflt bool, names ...string) []Column {
		return columns(Column{Kind: Bool, Options: yesNo, Default: dflt}, names)
	}
	return &Table{Name: "organization", Set: "organizations", Key: "organizationid", NameColumn: "name", TypeCode: 1019, Fixed: true,
		Columns: concat(
			[]Column{{Name: "name", Kind: Text, Max: 160, Required: true, ReadOnly: true},
				{Name: "trackingprefix", Kind: Text, Max: 256, Default: defaultTokenPrefix}, number("trackingtokenidbase", 0, 0, 1<<31-1),
				number("trackingtokeniddigits", 3, 1, 10), number("nexttrackingnumber", 1, 0, 1<<31-1), number("maximumtrackingnumber", 999, 0, 1<<31-1),
				number("maxuploadfilesize", defaultMaxUpload, 0, 128<<20), {Name: "blockedattachments", Kind: Memo, Max: 1 << 20, Default: defaultBlocked},
				number("expirechangetrackingindays", defaultExpireDays, 0, 365), number("expiresubscriptionsindays", 90, 0, 1<<31-1),
				number("hashmaxcount", 20, 0, 100), number("hashdeltasubjectcount", 0, 0, 100), number("hashminaddresscount", 2, 0, 100),
				{Name: "hashfilterkeywords", Kind: Text, Max: 1000, Default: `^[\s]*([\w]+\s?:[\s]*)+`},
				number("minoutlooksyncinterval", 900000, 0, 1<<31-1), number("minofflinesyncinterval", 900000, 0, 1<<31-1), number("minaddressbooksyncinterval", 86400000, 0, 1<<31-1),
				number("emailsendpollingperiod", 2, 0, 1<<31-1), number("tagpollingperiod", 600000, 0, 1<<31-1), number("tagmaxaggressivecycles", 0, 0, 1<<31-1),
				number("maxfolderbasedtrackingmappings", 10, 1, 25), number("pastexpansionwindow", 3, 0, 120), number("futureexpansionwindow", 12, 0, 140),
				{Name: "orgdborgsettings", Kind: Memo, Max: 1 << 20}},
			flag(true, "emailcorrelationenabled", "resolvesimilarunresolvedemailaddress", "isfolderbasedtrackingenabled", "allowoutlookscheduledsyncs", "allowofflinescheduledsyncs", "allowaddressbooksyncs", "iscontactmailingaddresssyncenabled"),
			flag(false, "enablesmartmatching", "ignoreinternalemail", "unresolveemailaddressifmultiplematch", "isappointmentattachmentsyncenabled", "isassignedtaskssyncenabled",
				"requireapprovalforuseremail", "requireapprovalforqueueemail", "isduplicatedetectionenabledforofflinesync", "allowunresolvedpartiesonemailsend"))}
}

func mailboxTable() *Table {
	results := []Option{{0, "Not Run"}, {1, "Success"}, {2, "Failure"}}
	return &Table{Name: "mailbox", Set: "mailboxes", Key: "mailboxid", NameColumn: "name", TypeCode: 9606, Owned: true, Fixed: true, States: activeStates, Statuses: activeStatus, hooks: mailboxRules(),
		Columns: concat([]Column{{Name: "name", Kind: Text, Max: 160, Required: true}, {Name: "emailaddress", Kind: Text, Max: 100, Indexed: true},
			{Name: "regardingobjectid", Kind: Lookup, Targets: []string{"systemuser", "queue"}, Nav: "regardingobjectid_{target}", Indexed: true, Cascade: true},
			{Name: "incomingemaildeliverymethod", Kind: Choice, Default: int64(1), Options: incoming},
			{Name: "outgoingemaildeliverymethod", Kind: Choice, Default: int64(1), Options: outgoing},
			{Name: "actdeliverymethod", Kind: Choice, Default: int64(0), Options: []Option{{0, "Microsoft Dynamics 365 for Outlook"}, {1, "Server-Side Synchronization"}, {2, "None"}}}},
			columns(Column{Kind: Choice, Default: int64(0), Options: results}, []string{"incomingemailstatus", "outgoingemailstatus", "actstatus"}),
			columns(Column{Kind: Bool, Options: yesNo, Default: false}, []string{"enabledforincomingemail", "enabledforoutgoingemail", "enabledforact"}),
			Plain(DateTime, "processemailreceivedafter", "receivinglastsyncedon"), []Column{{Name: "folderhierarchy", Kind: Memo, Max: 1 << 20}})}
}

func queueTable() *Table {
	return &Table{Name: "queue", Set: "queues", Key: "queueid", NameColumn: "name", TypeCode: 2020, Owned: true, ChangeTracking: true, Address: "emailaddress",
		States: activeStates, Statuses: activeStatus,
		Columns: []Column{{Name: "name", Kind: Text, Max: 200, Required: true}, {Name: "emailaddress", Kind: Text, Max: 100, Indexed: true}, {Name: "description", Kind: Memo, Max: 2000},
			{Name: "incomingemaildeliverymethod", Kind: Choice, Default: int64(0), Options: incoming},
			{Name: "outgoingemaildeliverymethod", Kind: Choice, Default: int64(0), Options: outgoing},
			{Name: "incomingemailfilteringmethod", Kind: Choice, Default: int64(0), Options: filterings},
			{Name: "defaultmailbox", Kind: Lookup, Targets: []string{"mailbox"}}}}
}
