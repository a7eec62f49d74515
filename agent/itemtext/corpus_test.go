package itemtext

// cards and calendars are texts as programs write them.
var cards = map[string]string{
	"3.0 of a phone": "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c1\r\nN:Lindqvist;Anna;Maria;Dr.;\r\nFN:Dr. Anna Maria Lindqvist\r\nNICKNAME:Ann\r\nORG:Alder Machine Tools AB;Sales\r\nTITLE:Head of Sales\r\n" +
		"EMAIL;TYPE=INTERNET;TYPE=HOME:private@x.example\r\nEMAIL;TYPE=INTERNET,WORK,pref:Ann@Alder.example\r\nTEL;TYPE=CELL:+46 70 1\r\nTEL;TYPE=\"work,voice\":+46 36 1\r\nTEL;TYPE=WORK,FAX:+46 36 2\r\nTEL;TYPE=home:+46 36 3\r\n" +
		"item1.TEL:+46 36 4\r\nitem1.X-ABLabel:Assistant\r\nADR;TYPE=WORK:;Floor 2;Storgatan 1;Jönköping;;553 20;Sweden\r\nADR;TYPE=HOME:;;Hemvägen 2\\nBakgården;Huskvarna;;561 31;Sweden\r\n" +
		"BDAY:1980-05-17\r\nX-ANNIVERSARY:2005-06-18\r\nURL:https://alder.example/?a=1,2\r\nURL:ftp://files.alder.example\r\nNOTE:Met at the fair.\\nLikes coffee.\r\nX-SPOUSE:Erik\r\nX-UNKNOWN;X-P=\"a;b\":keep\\,me\r\n" +
		"CATEGORIES:Fair,Track in CRM\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg==\r\nX-PHONETIC-FIRST-NAME:アンナ\r\nEND:VCARD\r\n",
	"4.0":       "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:c2\nFN:山田 太郎\nN:山田;太郎;;;\nEMAIL;PREF=2:b@x.example\nEMAIL;PREF=1:a@x.example\nTEL;VALUE=uri;TYPE=\"voice,work\":tel:+81-3-1\nBDAY:--0203\nANNIVERSARY:20090808\nPHOTO:data:image/png;base64,iVBORw0KGgo=\nADR;PREF=1:;;1-2;Tokyo;;100;Japan\nCLASS:PRIVATE\nX-POSTRIDER-ORG:org1\nX-POSTRIDER-RECORD:contact:r1\nEND:VCARD\n",
	"2.1":       "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=D6berg;J=F6rg;;;\r\nTEL;CELL;PREF:+1\r\nTEL;HOME;VOICE:+2\r\nEMAIL;INTERNET:j@x.example\r\nNOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\r\ntwo\r\nADR;WORK:;;Street;City;;1;Land\r\nEND:VCARD\r\n",
	"Apple":     "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03\r\nitem1.X-ABDATE:2010-01-02\r\nitem1.X-ABLabel:_$!<Anniversary>!$_\r\nTEL;type=IPHONE;type=CELL:1\r\nTEL;type=MAIN:2\r\nEND:VCARD\r\n",
	"a company": "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:Acme\r\nORG:Acme\\; Sons\r\nEND:VCARD\r\n",
	"relations": "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A B\r\nN:B;A;;;\r\nRELATED;TYPE=friend;VALUE=text:X-UNKNOWN\r\nRELATED;TYPE=spouse:urn:uuid:1\r\nRELATED;VALUE=text;TYPE=\"spouse,contact\":Erik\r\nRELATED;TYPE=manager:Mona\r\n" +
		"RELATED;TYPE=agent;VALUE=text:Agent\r\nRELATED;TYPE=assistant;VALUE=text:Assar\r\nEND:VCARD\r\n",
	"Google": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A B\r\nN:B;A;;;\r\nitem1.X-ABRELATEDNAMES;type=pref:Erik\r\nitem1.X-ABLabel:_$!<Spouse>!$_\r\nitem2.X-ABRELATEDNAMES:Mona\r\nitem2.X-ABLabel:_$!<Manager>!$_\r\n" +
		"item3.X-ABRELATEDNAMES:Mother\r\nitem3.X-ABLabel:_$!<Mother>!$_\r\nBDAY:--0517\r\nORG:Foo, Inc.;R\\, D\r\nitem4.URL:https\\://x.example/?a=1\\,2\r\nitem4.X-ABLabel:_$!<HomePage>!$_\r\nEND:VCARD\r\n",
	"Outlook":      "BEGIN:VCARD\r\nVERSION:2.1\r\nN:B;A\r\nFN:A B\r\nX-MS-SPOUSE;N:Erik\r\nX-MS-MANAGER:Mona\r\nX-MS-ASSISTANT:Assar\r\nX-MS-ANNIVERSARY:20050618\r\nADR;WORK;PREF:;;Main St 1, Floor 2;City\r\nLABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:Main St 1, Floor 2=0D=0A=\r\nCity\r\nNOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\r\nREV:20260101T000000Z\r\nEND:VCARD\r\n",
	"by several":   "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A B\r\nN:B;A;;;\r\nX-SPOUSE:Erik\r\nX-EVOLUTION-SPOUSE:Erik\r\nX-KADDRESSBOOK-X-SpousesName:Other\r\nNOTE:first\r\nNOTE:second\r\nTITLE:one\r\nTITLE:two\r\nURL:https://a.example\r\nURL:https://b.example\r\nORG:Alder\r\nORG:Birch;Sales\r\nBDAY:0000-00-00\r\nEND:VCARD\r\n",
	"sorted":       "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:山田 太郎\r\nN;SORT-AS=\"やまだ,たろう\":山田;太郎;;;\r\nORG;SORT-AS=\"Alder\":Alder\r\nEND:VCARD\r\n",
	"hardly a one": "BEGIN:VCARD\nno colon here\n;;;\nTEL\nEMAIL;TYPE=\"x:y\nEND:VCARD",
}

var events = map[string]string{
	"a meeting": calendar("BEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Stockholm:20260615T090000\r\nDTEND;TZID=Europe/Stockholm:20260615T103000\r\nSUMMARY:Offer: open\\, questions\r\nLOCATION:Teams\r\n" +
		"DESCRIPTION:One\\nTwo  \\n\r\nX-ALT-DESC;FMTTYPE=text/html:<p>One</p>\r\nORGANIZER;CN=Ann:mailto:Ann@alder.example\r\nATTENDEE;CN=Ann;PARTSTAT=ACCEPTED:mailto:ann@alder.example\r\n" +
		"ATTENDEE;CN=\"Berg, Bob\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:bob@x.example\r\nATTENDEE;ROLE=OPT-PARTICIPANT:mailto:carl@x.example\r\nATTENDEE;CUTYPE=ROOM:mailto:room@x.example\r\n" +
		"PRIORITY:1\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nATTACH:https://x.example/a.pdf\r\nX-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\r\nSEQUENCE:3\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\n"),
	"whole days":  calendar("BEGIN:VEVENT\r\nUID:e2\r\nDTSTART;VALUE=DATE:20260615\r\nDURATION:P2D\r\nSUMMARY:Fair\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"),
	"one day":     calendar("BEGIN:VEVENT\r\nUID:e3\r\nDTSTART;VALUE=DATE:20260615\r\nSUMMARY:Day\r\nCLASS:CONFIDENTIAL\r\nEND:VEVENT\r\n"),
	"floating":    calendar("BEGIN:VEVENT\r\nUID:e4\r\nDTSTART:20260615T090000\r\nDURATION:PT1H30M\r\nSUMMARY:Run\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\n"),
	"UTC":         calendar("BEGIN:VEVENT\r\nUID:e5\r\nDTSTART:20260615T090000Z\r\nDTEND:20260615T100000Z\r\nSUMMARY:Call\r\nEND:VEVENT\r\n"),
	"Windows":     calendar("BEGIN:VEVENT\r\nUID:e6\r\nDTSTART;TZID=W. Europe Standard Time:20260115T090000\r\nDTEND;TZID=W. Europe Standard Time:20260115T100000\r\nSUMMARY:x\r\nEND:VEVENT\r\n"),
	"a long name": calendar("BEGIN:VEVENT\r\nUID:e7\r\nDTSTART;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260115T090000\r\nDTEND;TZID=/freeassociation.sourceforge.net/Europe/Paris:20260115T100000\r\nSUMMARY:x\r\nEND:VEVENT\r\n"),
	"a zone of its own": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0330\r\nTZOFFSETTO:+0330\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" +
		"BEGIN:VEVENT\r\nUID:e8\r\nDTSTART;TZID=Office:20260115T090000\r\nDTEND;TZID=Office:20260115T100000\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	"a well-known zone": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Customized\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n" +
		"BEGIN:VEVENT\r\nUID:e9\r\nDTSTART;TZID=Customized:20260112T090000\r\nDTEND;TZID=Customized:20260112T100000\r\nRRULE:FREQ=WEEKLY;COUNT=30\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	"a series": calendar("BEGIN:VEVENT\r\nUID:s1\r\nDTSTART;TZID=Europe/Stockholm:20260302T090000\r\nDTEND;TZID=Europe/Stockholm:20260302T094500\r\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=20\r\nEXDATE;TZID=Europe/Stockholm:20260309T090000,20260316T090000\r\nSUMMARY:Sales meeting\r\nX-MORE:kept\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nUID:s1\r\nRECURRENCE-ID;TZID=Europe/Stockholm:20260330T090000\r\nDTSTART;TZID=Europe/Stockholm:20260331T100000\r\nDTEND;TZID=Europe/Stockholm:20260331T104500\r\nSUMMARY:Sales meeting (moved)\r\nX-OWN:kept, too\r\nEND:VEVENT\r\n"),
	"a series of days":    calendar("BEGIN:VEVENT\r\nUID:s2\r\nDTSTART;VALUE=DATE:20260302\r\nDTEND;VALUE=DATE:20260303\r\nRRULE:FREQ=MONTHLY;UNTIL=20261231\r\nEXDATE;VALUE=DATE:20260402\r\nSUMMARY:Inventory\r\nEND:VEVENT\r\n"),
	"a rule beyond a CRM": calendar("BEGIN:VEVENT\r\nUID:s3\r\nDTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,15\r\nSUMMARY:Pay\r\nEND:VEVENT\r\n"),
	"single days":         calendar("BEGIN:VEVENT\r\nUID:s4\r\nDTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nRDATE:20260304T090000Z\r\nSUMMARY:Twice\r\nEND:VEVENT\r\n"),
	"this and later":      calendar("BEGIN:VEVENT\r\nUID:s5\r\nDTSTART:20260301T090000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s5\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000Z\r\nDTSTART:20260304T100000Z\r\nEND:VEVENT\r\n"),
	"one of a series":     calendar("BEGIN:VEVENT\r\nUID:s6\r\nRECURRENCE-ID:20260304T090000Z\r\nDTSTART:20260304T100000Z\r\nSUMMARY:only this\r\nEND:VEVENT\r\n"),
	"nothing":             "",
}

var todos = map[string]string{
	"a task":         calendar("BEGIN:VTODO\r\nUID:t1\r\nSUMMARY:Send the offer\r\nDESCRIPTION:Soon\r\nDTSTART;VALUE=DATE:20260601\r\nDUE;VALUE=DATE:20260615\r\nPRIORITY:9\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:50\r\nX-OWN:kept\r\nEND:VTODO\r\n"),
	"with a time":    calendar("BEGIN:VTODO\r\nUID:t2\r\nSUMMARY:Call\r\nDUE;TZID=Europe/Stockholm:20260615T150000\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\n"),
	"done":           calendar("BEGIN:VTODO\r\nUID:t3\r\nSUMMARY:Done\r\nDUE:20260614T220000Z\r\nCOMPLETED:20260614T120000Z\r\nSTATUS:COMPLETED\r\nPERCENT-COMPLETE:100\r\nEND:VTODO\r\n"),
	"waiting":        calendar("BEGIN:VTODO\r\nUID:t4\r\nSUMMARY:Wait\r\nSTATUS:IN-PROCESS\r\nX-POSTRIDER-STATUS:waiting\r\nX-POSTRIDER-REGARDING:account:a1\r\nEND:VTODO\r\n"),
	"comes again":    calendar("BEGIN:VTODO\r\nUID:t5\r\nSUMMARY:Weekly\r\nDTSTART:20260614T120000Z\r\nDURATION:P1D\r\nRRULE:FREQ=WEEKLY\r\nEND:VTODO\r\n"),
	"no task at all": calendar("BEGIN:VJOURNAL\r\nUID:t6\r\nEND:VJOURNAL\r\n"),
}

func calendar(s string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//X//X//EN\r\n" + s + "END:VCALENDAR\r\n"
}
