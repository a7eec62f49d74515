package localorg

import (
	"strings"
	"testing"
)

func TestAnEmailThatWaitsToBeSentChangesItsStatusAndNothingElse(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Offer", "<1@x>")), 204, "")
	set := func(body string) reply { return w.call("PATCH", "emails("+idA+")", body) }
	w.want(set(`{"statecode":1,"statuscode":6}`), 204, "")
	w.want(set(`{"messageid":"<2@x>"}`), 400, codeActivityClosed)
	w.want(set(`{"statecode":1,"statuscode":7,"messageid":"<2@x>"}`), 400, codeActivityClosed)
	w.want(set(`{"statecode":1,"statuscode":7}`), 204, "")
	w.want(set(`{"statuscode":9}`), 400, "")
	w.want(set(`{"statecode":0,"statuscode":8}`), 204, "") // Failed is open
	w.want(set(`{"messageid":"<2@x>"}`), 204, "")
	w.want(set(`{"statecode":1,"statuscode":6}`), 204, "")
	w.want(set(`{"statecode":0,"statuscode":1}`), 204, "") // called back
	w.want(set(`{"statecode":1,"statuscode":3}`), 204, "")
	if row := w.org.Row("email", idA); row["senton"] == nil || row["messageid"] != "<2@x>" {
		t.Errorf("email is %v", row)
	}
	w.want(set(`{"statecode":1,"statuscode":7}`), 400, codeActivityClosed)
	w.want(set(`{"statecode":0,"statuscode":1}`), 400, codeActivityClosed)
}

func TestBackgroundSendEmailHandsOutEachWaitingEmailOnce(t *testing.T) {
	w := newWorld(t)
	bob, err := w.org.AddUser("Bob", "B", "bob@post.test")
	if err != nil {
		t.Fatal(err)
	}
	for id, owner := range map[string]string{idA: w.me, idB: w.me, idC: bob} {
		w.seed("email", map[string]any{"activityid": id, "subject": "Offer", "ownerid@odata.bind": "/systemusers(" + owner + ")", "statecode": 1, "statuscode": 6})
	}
	ask := func(conditions string) reply {
		return w.call("POST", "BackgroundSendEmail", `{"Query":{"@odata.type":"Microsoft.Dynamics.CRM.FetchExpression","Query":"<fetch><entity name='email'><attribute name='subject'/><filter>`+conditions+`</filter></entity></fetch>"}}`)
	}
	count := func(r reply) int {
		w.want(r, 200, "")
		list, _ := r.json["EntityCollection"].([]any)
		if with, _ := r.json["HasAttachments"].([]any); len(with) != len(list) {
			t.Errorf("answer is %v", r.json)
		}
		return len(list)
	}
	one := "<condition attribute='activityid' operator='eq' value='{" + strings.ToUpper(idA) + "}'/>"
	if n := count(ask(one)); n != 1 || w.org.Row("email", idA)["statuscode"] != int64(7) {
		t.Errorf("%d emails, the one asked for is %v", n, w.org.Row("email", idA)["statuscode"])
	}
	if n := count(ask("")) + 10*count(ask("")); n != 1 {
		t.Errorf("emails handed out: %d", n)
	}
	w.want(ask("<condition attribute='subject' operator='soon' value='x'/>"), 400, codeInvalidArgument)
	w.want(w.call("POST", "BackgroundSendEmail", `{"Query":{"@odata.type":"Microsoft.Dynamics.CRM.QueryExpression"}}`), 501, "")
	w.seed("email", map[string]any{"subject": "Another", "ownerid@odata.bind": "/systemusers(" + w.me + ")", "statecode": 1, "statuscode": 6})
	w.setting("mailbox", w.mailbox(), "outgoingemaildeliverymethod", 2)
	if n := count(ask("")); n != 0 { // R-EMAIL-27
		t.Errorf("%d emails of a user whose mail the server sends", n)
	}
}

func (w *world) mailbox() string {
	for _, box := range w.org.Rows("mailbox", nil) {
		if box["_regardingobjectid_value"] == w.me {
			return box["mailboxid"].(string)
		}
	}
	w.t.Fatal("the user has no mailbox")
	return ""
}

func TestAnotherMethodOfAMailboxHasToBeTestedAnew(t *testing.T) { // R-METHOD-01, R-ROUTER-07
	w := newWorld(t)
	box := w.mailbox()
	if err := w.org.Update("mailbox", box, map[string]any{"incomingemaildeliverymethod": 2, "incomingemailstatus": 1, "enabledforincomingemail": true, "actstatus": 1}); err != nil {
		t.Fatal(err)
	}
	if u := w.org.Row("systemuser", w.me); u["incomingemaildeliverymethod"] != int64(2) {
		t.Errorf("the user's row says %v", u["incomingemaildeliverymethod"])
	}
	w.want(w.call("PATCH", "mailboxes("+box+")", `{"incomingemaildeliverymethod":1}`), 204, "")
	row := w.org.Row("mailbox", box)
	if row["incomingemailstatus"] != int64(0) || row["enabledforincomingemail"] != false || row["actstatus"] != int64(1) {
		t.Errorf("mailbox is %v", row)
	}
	w.want(w.call("PATCH", "mailboxes("+box+")", `{"outgoingemaildeliverymethod":3}`), 400, "")
	r := w.call("GET", "systemusers("+w.me+")/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@t)?@t={'@odata.id':'mailboxes("+box+")'}", "")
	w.want(r, 200, "")
	if !strings.Contains(r.json["AccessRights"].(string), "WriteAccess") {
		t.Errorf("access is %v", r.json)
	}
	w.org.Deny(w.me, "mailbox", Write)
	r = w.call("GET", "systemusers("+w.me+")/Microsoft.Dynamics.CRM.RetrievePrincipalAccess(Target=@t)?@t={'@odata.id':'mailboxes("+box+")'}", "")
	if rights := r.json["AccessRights"].(string); strings.Contains(rights, "WriteAccess") || !strings.Contains(rights, "ReadAccess") {
		t.Errorf("access is %v", rights)
	}
}

// R-EMAIL-32.
func TestATemplateIsFilledWithData(t *testing.T) {
	w := newWorld(t)
	sheet := TemplateSheet("Dear {!contact:fullname;customer} & <b>{!contact:jobtitle;<none>}</b> {!systemuser:fullname}")
	tpl := w.seed("template", map[string]any{"title": "T", "templatetypecode": "contact", "subject": TemplateSheet("For {!contact:fullname}"), "body": sheet, "ispersonal": false})
	fill := func(kind, id string) reply {
		return w.call("POST", "InstantiateTemplate", `{"TemplateId":"`+tpl+`","ObjectType":"`+kind+`","ObjectId":"`+id+`"}`)
	}
	r := fill("contact", w.ann)
	w.want(r, 200, "")
	email := r.json["value"].([]any)[0].(map[string]any)
	name := w.org.Row("contact", w.ann)["fullname"].(string)
	me := w.org.Row("systemuser", w.me)["fullname"].(string)
	if email["subject"] != "For "+name || email["description"] != "Dear "+name+" & <b>&lt;none&gt;</b> "+me {
		t.Errorf("email is %v", email)
	}
	w.want(fill("account", w.acme), 400, "")
	w.want(fill("contact", idC), 404, "")
	w.want(fill("nothing", idC), 400, "")
	w.want(w.call("POST", "templates", `{"title":"Bad","templatetypecode":"contact","body":"<xsl:boom"}`), 400, "")
	w.want(w.call("POST", "templates", `{"title":"Bad","templatetypecode":"nothing"}`), 400, "")
	if got := w.find("templates", "title", "templatetypecode eq 'incident'"); got != "Case received" {
		t.Errorf("a new organization's templates for cases: %s", got)
	}
}
