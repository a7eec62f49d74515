package localorg

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestWhoAmINamesCallerUnitAndOrganization(t *testing.T) {
	w := newWorld(t)
	r := w.call("GET", "WhoAmI", "")
	w.want(r, 200, "")
	if r.json["UserId"] != w.me || r.json["OrganizationId"] != w.org.ID() || r.json["BusinessUnitId"] == "" {
		t.Errorf("WhoAmI is %v", r.json)
	}
	w.want(w.call("GET", "WhoAmI()", ""), 200, "")
}

func TestEmailIsCreatedWithPartiesThatThePlatformCompletes(t *testing.T) {
	w := newWorld(t)
	r := w.call("POST", "emails", w.email("Quote", "<q1@acme.test>"))
	w.want(r, 204, "")
	at := r.header.Get("OData-EntityId")
	if at == "" || r.header.Get("Location") != at || !strings.HasPrefix(at, w.base+"emails(") {
		t.Fatalf("OData-EntityId is %q, Location %q", at, r.header.Get("Location"))
	}
	r = w.call("GET", at+"?$expand=email_activity_parties($select=participationtypemask,addressused,_partyid_value)", "", "Prefer", `odata.include-annotations="*"`)
	w.want(r, 200, "")
	got := map[string]string{}
	for _, p := range r.json["email_activity_parties"].([]any) {
		m := p.(map[string]any)
		got[fmt.Sprint(m["participationtypemask"])] = fmt.Sprint(m["addressused"], " ", m["_partyid_value@Microsoft.Dynamics.CRM.lookuplogicalname"])
	}
	want := map[string]string{"1": "ann@acme.test contact", "2": "mia@post.test systemuser", "3": "stranger@elsewhere.test <nil>", "8": "info@acme.test account", "9": "mia@post.test systemuser"}
	for mask, s := range want {
		if got[mask] != s {
			t.Errorf("party %s is %q, want %q", mask, got[mask], s)
		}
	}
	for name, v := range map[string]any{"subject": "Quote", "description": "<p>Hello & goodbye</p>", "statecode": 0.0, "statuscode": 1.0, "_ownerid_value": w.me, "_createdby_value": w.me,
		"_regardingobjectid_value": w.acme, "_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account", "sender": "ann@acme.test", "torecipients": "mia@post.test;",
		"_emailsender_value": w.ann, "_sendersaccount_value": w.acme, "createdon": "2026-03-02T09:00:00Z", "statecode@OData.Community.Display.V1.FormattedValue": "Open",
		"_regardingobjectid_value@OData.Community.Display.V1.FormattedValue": "Acme", "directioncode@OData.Community.Display.V1.FormattedValue": "Incoming"} {
		if r.json[name] != v {
			t.Errorf("%s is %v, want %v", name, r.json[name], v)
		}
	}
}

func TestPatchCreatesUpdatesAndHeedsConditions(t *testing.T) {
	w := newWorld(t)
	w.want(w.call("PATCH", "contacts("+idA+")", `{"lastname":"New"}`, "If-Match", "*"), 404, codeObjectMissing)
	w.want(w.call("PATCH", "contacts("+idA+")", `{"lastname":"New"}`, "If-None-Match", "*"), 204, "")
	w.want(w.call("PATCH", "contacts("+idA+")", `{"lastname":"Again"}`, "If-None-Match", "*"), 412, codeDuplicateRecord)
	r := w.call("GET", "contacts("+idA+")?$select=fullname", "")
	w.want(r, 200, "")
	if len(r.json) != 4 || r.json["contactid"] != idA || r.json["fullname"] != "New" {
		t.Errorf("selected row is %v", r.json)
	}
	tag := r.json["@odata.etag"].(string)
	w.want(w.call("GET", "contacts("+idA+")", "", "If-None-Match", tag), 304, "")
	w.want(w.call("PATCH", "contacts("+idA+")", `{"firstname":"Nia"}`, "If-Match", tag), 204, "")
	w.want(w.call("PATCH", "contacts("+idA+")", `{"firstname":"Max"}`, "If-Match", tag), 412, codeVersionMismatch)
	w.want(w.call("DELETE", "contacts("+idA+")", "", "If-Match", tag), 412, codeVersionMismatch)
	r = w.call("PATCH", "contacts("+idA+")?$select=fullname", `{"jobtitle":"CEO"}`, "Prefer", "return=representation")
	w.want(r, 200, "")
	if r.json["fullname"] != "Nia New" || r.header.Get("Preference-Applied") != "return=representation" {
		t.Errorf("representation is %v, %v", r.json, r.header)
	}
	w.want(w.call("GET", "contacts("+idA+")", "", "If-None-Match", tag), 200, "")
	w.want(w.call("PATCH", "contacts("+idB+")", `{"lastname":"Upsert"}`), 204, "")
	w.want(w.call("DELETE", "contacts("+idA+")", ""), 204, "")
	w.want(w.call("DELETE", "contacts("+idA+")", ""), 404, codeObjectMissing)
	w.want(w.call("POST", "contacts", `{"lastname":"Own id","contactid":"`+idC+`"}`, "Prefer", "return=representation"), 201, "")
	w.want(w.call("POST", "contacts", `{"lastname":"Own id","contactid":"`+idC+`"}`), 412, codeDuplicateRecord)
}

func TestRefusalsOfRequests(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q1@acme.test>")), 204, "")
	long := strings.Repeat("x", 801)
	party := func(s string) string { return `{"email_activity_parties":[` + s + `]}` }
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"unknown set", "GET", "emailz", "", 404, codeUnknownSegment},
		{"unknown row", "GET", "emails(" + idB + ")", "", 404, codeObjectMissing},
		{"bad key", "GET", "emails(12)", "", 400, codeBadQuery},
		{"alternate key", "GET", "contacts(emailaddress1='ann@acme.test')", "", 400, codeBadQuery},
		{"named key of a user", "GET", "systemusers(systemuserid=" + w.me + ")", "", 400, codeBadQuery},
		{"unknown selected column", "GET", "emails?$select=nope", "", 400, codeBadQuery},
		{"lookup without underscores", "GET", "emails?$filter=ownerid eq null", "", 400, codeBadQuery},
		{"unknown filter column", "GET", "emails?$filter=nope eq 1", "", 400, codeBadQuery},
		{"body in filter", "GET", "emails?$filter=contains(description,'x')", "", 400, codeBadQuery},
		{"quoted GUID", "GET", "emails?$filter=_ownerid_value eq '" + w.me + "'", "", 400, codeBadQuery},
		{"number for text", "GET", "emails?$filter=subject eq 3", "", 400, codeBadQuery},
		{"unsupported function", "GET", "emails?$filter=tolower(subject) eq 'x'", "", 400, codeBadQuery},
		{"skip", "GET", "emails?$skip=3", "", 400, codeBadQuery},
		{"unknown option", "GET", "emails?$nope=3", "", 400, codeBadQuery},
		{"fetchXml", "GET", "emails?fetchXml=x", "", 400, codeInvalidArgument},
		{"metadata document", "GET", "$metadata", "", 501, ""},
		{"bad page cookie", "GET", "emails?$skiptoken=x", "", 400, codeBadQuery},
		{"PATCH of a set", "PATCH", "emails", "{}", 405, ""},
		{"DELETE of a set", "DELETE", "emails", "", 405, ""},
		{"POST on a row", "POST", "emails(" + idA + ")", "{}", 405, ""},
		{"one party", "GET", "activityparties(" + idA + ")", "", 405, codeNotSupported},
		{"new party", "POST", "activityparties", "{}", 405, codeNotSupported},
		{"new user", "POST", "systemusers", "{}", 405, codeNotSupported},
		{"change of a pointer", "PATCH", "activitypointers(" + idA + ")", "{}", 405, codeNotSupported},
		{"settings of nobody", "PATCH", "usersettingscollection(" + idA + ")", "{}", 404, codeObjectMissing},
		{"body is no JSON", "POST", "emails", "{", 400, codeBadPayload},
		{"unknown column", "POST", "emails", `{"nope":1}`, 400, codeBadPayload},
		{"lookup by value", "POST", "emails", `{"_ownerid_value":"` + w.me + `"}`, 400, codeBadPayload},
		{"unknown navigation", "POST", "emails", `{"regardingobjectid_accounts_email@odata.bind":"/accounts(` + w.acme + `)"}`, 400, codeBadPayload},
		{"navigation in other case", "POST", "emails", `{"RegardingObjectId_account_email@odata.bind":"/accounts(` + w.acme + `)"}`, 400, codeBadPayload},
		{"bind to another table", "POST", "emails", `{"regardingobjectid_account_email@odata.bind":"/contacts(` + w.ann + `)"}`, 400, codeBadPayload},
		{"bind to nothing", "POST", "emails", `{"regardingobjectid_account_email@odata.bind":"/accounts(` + idB + `)"}`, 404, codeObjectMissing},
		{"subject too long", "POST", "emails", `{"subject":"` + long + `"}`, 400, codeTooLong},
		{"control character", "POST", "emails", `{"subject":"a\u0007b"}`, 400, codeInvalidCharacters},
		{"text as number", "POST", "emails", `{"subject":1}`, 400, codeBadPayload},
		{"number as text", "POST", "emails", `{"prioritycode":"1"}`, 400, codeBadPayload},
		{"choice out of range", "POST", "emails", `{"prioritycode":9}`, 400, codeOutOfRange},
		{"percent out of range", "POST", "tasks", `{"subject":"T","percentcomplete":101}`, 400, codeOutOfRange},
		{"date too early", "POST", "emails", `{"actualend":"1601-01-01T00:00:00Z"}`, 400, codeDateTooEarly},
		{"date without zone", "POST", "emails", `{"actualend":"2026-01-01T00:00:00"}`, 400, codeBadPayload},
		{"status of another state", "POST", "emails", `{"statuscode":4}`, 400, codeInvalidState},
		{"missing name", "POST", "accounts", `{}`, 400, codeInvalidArgument},
		{"missing start", "POST", "appointments", `{"subject":"A","scheduledend":"2026-01-01T00:00:00Z"}`, 400, codeInvalidArgument},
		{"case without customer", "POST", "incidents", `{"title":"C"}`, 400, codeInvalidArgument},
		{"party of the wrong kind", "POST", "emails", party(`{"participationtypemask":5,"addressused":"a@b"}`), 400, codeInvalidArgument},
		{"party that the platform adds", "POST", "emails", party(`{"participationtypemask":9,"partyid_systemuser@odata.bind":"/systemusers(` + w.me + `)"}`), 400, codeInvalidArgument},
		{"party without anybody", "POST", "emails", party(`{"participationtypemask":2}`), 400, codeInvalidArgument},
		{"two senders", "POST", "emails", party(`{"participationtypemask":1,"addressused":"a@b"},{"participationtypemask":1,"addressused":"c@d"}`), 400, codeInvalidArgument},
		{"organizer who is no user", "POST", "appointments", `{"subject":"A","scheduledstart":"2026-01-01T00:00:00Z","scheduledend":"2026-01-01T01:00:00Z","appointment_activity_parties":[{"participationtypemask":7,"partyid_contact@odata.bind":"/contacts(` + w.ann + `)"}]}`, 400, codeInvalidArgument},
		{"attachment of nothing", "POST", "activitymimeattachments", `{"filename":"a.txt","body":"YQ=="}`, 400, codeInvalidArgument},
		{"blocked attachment", "POST", "activitymimeattachments", `{"objectid_email@odata.bind":"emails(` + idA + `)","filename":"a.EXE","body":"YQ=="}`, 400, codeAttachmentBlocked},
		{"attachment that is no base64", "POST", "activitymimeattachments", `{"objectid_email@odata.bind":"emails(` + idA + `)","filename":"a.txt","body":"*"}`, 400, codeInvalidArgument},
		{"attachment of the wrong type", "POST", "activitymimeattachments", `{"objectid_email@odata.bind":"emails(` + idA + `)","objecttypecode":"appointment","filename":"a.txt","body":"YQ=="}`, 400, codeInvalidArgument},
		{"unknown action", "POST", "emails(" + idA + ")/Microsoft.Dynamics.CRM.Nope", "{}", 404, codeUnknownSegment},
		{"action not played", "POST", "emails/Microsoft.Dynamics.CRM.DeliverIncomingEmail", "{}", 501, ""},
		{"function by POST", "POST", "WhoAmI", "{}", 405, ""},
		{"filter on one row", "GET", "emails(" + idA + ")?$filter=subject eq 'x'", "", 400, codeBadQuery},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			path, query, has := strings.Cut(c.path, "?")
			if has {
				k, v, _ := strings.Cut(query, "=")
				path += "?" + k + "=" + strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
			}
			w.want(w.call(c.method, path, c.body), c.status, c.code)
		})
	}
	w.t = t
	if n := w.org.Count("email"); n != 1 {
		t.Errorf("the refused requests left %d emails, want 1", n)
	}
}

func TestLengthIsCountedInUTF16Units(t *testing.T) {
	w := newWorld(t)
	w.want(w.call("POST", "emails", `{"subject":"`+strings.Repeat("😀", 400)+`"}`), 204, "")
	w.want(w.call("POST", "emails", `{"subject":"`+strings.Repeat("😀", 400)+`x"}`), 400, codeTooLong)
	r := w.call("POST", "tasks", `{"subject":"`+strings.Repeat("x", 201)+`"}`)
	w.want(r, 400, codeTooLong)
	want := "A validation error occurred.  The length of the 'subject' attribute of the 'task' entity exceeded the maximum allowed length of '200'."
	if msg := r.json["error"].(map[string]any)["message"]; msg != want {
		t.Errorf("message is %q", msg)
	}
}

func TestColumnsThatMayNotBeWrittenAreIgnored(t *testing.T) {
	w := newWorld(t)
	w.want(w.call("PATCH", "emails("+idA+")", `{"subject":"S","inreplyto":"<x@y>","conversationindex":"AA","createdon":"2001-01-01T00:00:00Z","senton":"2001-01-01T00:00:00Z","attachmentcount":7,"versionnumber":3,"statecode":1,"deliveryprioritycode":2}`), 204, "")
	w.want(w.call("PATCH", "emails("+idA+")", `{"deliveryprioritycode":0,"activityid":"`+idB+`"}`), 204, "")
	row := w.org.Row("email", idA)
	for name, want := range map[string]any{"inreplyto": nil, "conversationindex": nil, "senton": nil, "attachmentcount": int64(0), "statecode": int64(0), "deliveryprioritycode": int64(2), "createdon": w.clock.now()} {
		if row[name] != want {
			t.Errorf("%s is %v, want %v", name, row[name], want)
		}
	}
}

func TestOverriddenCreatedOnDatesTheRowBack(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, `{"subject":"old","overriddencreatedon":"2001-02-03T04:05:06.789+01:00"}`), 204, "")
	r := w.call("GET", "emails("+idA+")?$select=createdon,overriddencreatedon", "")
	if r.json["createdon"] != "2001-02-03T03:05:06Z" || r.json["overriddencreatedon"] != "2026-03-02T09:00:00Z" {
		t.Errorf("row is %v", r.json)
	}
}

// R-TRACK-22, R-EMAIL-19.
func TestClosedActivityIsReadOnlyButForTheRegardingOfAnEmail(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q@acme.test>")), 204, "")
	at := "emails(" + idA + ")"
	w.want(w.call("PATCH", at, `{"statecode":1,"statuscode":1}`), 400, codeInvalidState)
	w.want(w.call("PATCH", at, `{"statuscode":4}`), 400, codeInvalidState)
	w.want(w.call("PATCH", at, `{"statecode":1,"statuscode":4}`), 204, "")
	before := w.org.Row("email", idA)["versionnumber"]
	w.want(w.call("PATCH", at, `{"statecode":1,"statuscode":4}`), 204, "")
	if after := w.org.Row("email", idA)["versionnumber"]; after != before {
		t.Errorf("closing twice made version %v of %v", after, before)
	}
	for _, body := range []string{`{"subject":"x"}`, `{"statecode":0,"statuscode":1}`, `{"statuscode":3}`, `{"email_activity_parties":[]}`, `{"description":"x"}`,
		`{"regardingobjectid_account_email@odata.bind":null,"category":"x"}`} {
		w.want(w.call("PATCH", at, body), 400, codeActivityClosed)
	}
	w.want(w.call("POST", "activitymimeattachments", `{"objectid_email@odata.bind":"`+at+`","filename":"a.txt","body":"YQ=="}`), 400, codeActivityClosed)
	w.want(w.call("PATCH", at, `{"regardingobjectid_contact_email@odata.bind":"/contacts(`+w.ann+`)"}`), 204, "")
	if got := w.org.Row("email", idA)["_regardingobjectid_value"]; got != w.ann {
		t.Errorf("regarding is %v", got)
	}
	w.want(w.call("DELETE", at+"/regardingobjectid_contact_email/$ref", ""), 204, "")
	w.want(w.call("PUT", at+"/regardingobjectid_account_email/$ref", `{"@odata.id":"`+w.base+`accounts(`+w.acme+`)"}`), 204, "")
	if row := w.org.Row("email", idA); row["_regardingobjectid_value"] != w.acme || row["regardingobjectidtype"] != "account" {
		t.Errorf("regarding is %v", row)
	}
	parties := w.org.Rows("activityparty", func(r map[string]any) bool {
		return r["_activityid_value"] == idA && r["participationtypemask"] == int64(maskRegarding)
	})
	if len(parties) != 1 || parties[0]["_partyid_value"] != w.acme {
		t.Errorf("regarding parties are %v", parties)
	}
	w.want(w.put(idB, `{"subject":"gone"}`), 204, "")
	w.want(w.call("PATCH", "emails("+idB+")", `{"statecode":2}`), 204, "")
	w.want(w.call("PATCH", "emails("+idB+")", `{"regardingobjectid_account_email@odata.bind":"/accounts(`+w.acme+`)"}`), 400, codeActivityClosed)
	w.want(w.call("PATCH", "tasks("+idC+")", `{"subject":"T"}`), 204, "")
	w.want(w.call("PATCH", "tasks("+idC+")", `{"statecode":1}`), 204, "")
	w.want(w.call("PATCH", "tasks("+idC+")", `{"subject":"U"}`), 400, codeActivityClosed)
	w.want(w.call("PATCH", "tasks("+idC+")", `{"statecode":0}`), 204, "")
}

func TestAttachmentsAreCountedMeasuredAndGoWithTheirEmail(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q@acme.test>")), 204, "")
	for _, bind := range []string{`"objectid_email@odata.bind":"emails(` + idA + `)"`, `"objectid_activitypointer@odata.bind":"/activitypointers(` + idA + `)","objecttypecode":"email"`, `"objectid_activitypointer@odata.bind":"/emails(` + idA + `)"`} {
		w.want(w.call("POST", "activitymimeattachments", `{`+bind+`,"filename":"a.txt","mimetype":"text/plain","body":"aGVsbG8="}`), 204, "")
	}
	if n := w.org.Row("email", idA)["attachmentcount"]; n != int64(3) {
		t.Errorf("attachmentcount is %v", n)
	}
	r := w.call("GET", "emails("+idA+")/email_activity_mime_attachment?$select=filename,filesize,objecttypecode", "")
	w.want(r, 200, "")
	if rows := r.rows(); len(rows) != 3 || rows[0]["filesize"] != 5.0 || rows[1]["objecttypecode"] != "email" {
		t.Errorf("attachments are %v", r.json)
	}
	id := r.rows()[0]["activitymimeattachmentid"].(string)
	if r := w.call("GET", "activitymimeattachments("+id+")/body/$value", ""); r.text != "aGVsbG8=" {
		t.Errorf("body is %q", r.text)
	}
	if err := w.org.Update("organization", w.org.ID(), map[string]any{"maxuploadfilesize": 4}); err != nil {
		t.Fatal(err)
	}
	w.want(w.call("POST", "activitymimeattachments", `{"objectid_email@odata.bind":"emails(`+idA+`)","filename":"a.txt","body":"aGVsbG8="}`), 400, codeAttachmentTooBig)
	w.want(w.call("DELETE", "emails("+idA+")", ""), 204, "")
	for _, table := range []string{"email", "activityparty", "activitymimeattachment"} {
		if n := w.org.Count(table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

func TestDeletingARecordTakesItsActivitiesAndFreesItsParties(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q@acme.test>")), 204, "")
	w.want(w.call("PATCH", "emails("+idB+")", `{"subject":"other","email_activity_parties":[{"participationtypemask":1,"partyid_contact@odata.bind":"/contacts(`+w.ann+`)"}]}`), 204, "")
	w.want(w.call("DELETE", "contacts("+w.ann+")", ""), 204, "")
	parties := w.org.Rows("activityparty", func(r map[string]any) bool {
		return r["_activityid_value"] == idB && r["participationtypemask"] == int64(1)
	})
	if len(parties) != 1 || parties[0]["_partyid_value"] != nil || parties[0]["addressused"] != "ann@acme.test" || parties[0]["ispartydeleted"] != true {
		t.Errorf("party of a deleted contact is %v", parties)
	}
	w.want(w.call("DELETE", "accounts("+w.acme+")", ""), 204, "")
	if w.org.Row("email", idA) != nil || w.org.Row("email", idB) == nil {
		t.Error("the account's email should be gone and the other one not")
	}
}

func TestPartiesOfAnOpenEmailAreReplacedAsAList(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q@acme.test>")), 204, "")
	w.want(w.call("PATCH", "emails("+idA+")", `{"email_activity_parties":[{"participationtypemask":2,"addressused":"new@acme.test"}]}`), 204, "")
	r := w.call("GET", "emails("+idA+")/email_activity_parties?$select=addressused,participationtypemask&$orderby=participationtypemask", "")
	var got []string
	for _, p := range r.rows() {
		got = append(got, fmt.Sprint(p["participationtypemask"], p["addressused"]))
	}
	if len(got) != 3 || !strings.Contains(strings.Join(got, " "), "2new@acme.test") {
		t.Errorf("parties are %v", got)
	}
}
