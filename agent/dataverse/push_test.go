package dataverse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

// desk is a scripted organization that keeps emails and attachments, with as
// many of the real thing's refusals as a test asks for.
type desk struct {
	scripted
	emails map[string]map[string]any
	files  map[string]map[string]any
	saved  [2]map[string]map[string]any
	refuse func(a asked) *said // before anything else
}

func newDesk() *desk {
	d := &desk{emails: map[string]map[string]any{}, files: map[string]map[string]any{}}
	last := 0
	d.op = func(a asked) said {
		if a.set == 0 || a.set != last { // what a refused change set goes back to
			last, d.saved = a.set, [2]map[string]map[string]any{maps.Clone(d.emails), maps.Clone(d.files)}
		}
		if d.refuse != nil {
			if r := d.refuse(a); r != nil {
				return *r
			}
		}
		return d.carryOut(a)
	}
	d.undo = func() { d.emails, d.files = d.saved[0], d.saved[1] }
	return d
}

func (d *desk) carryOut(a asked) said {
	path, _, _ := strings.Cut(a.path, "?")
	var body map[string]any
	_ = json.Unmarshal(a.body, &body)
	if path == "activitymimeattachments" {
		if a.method == http.MethodGet {
			b, _ := json.Marshal(map[string]any{"value": slices.Collect(maps.Values(d.files))})
			return ok(string(b))
		}
		id := body["activitymimeattachmentid"].(string)
		if d.files[id] != nil {
			return fails(412, codeDuplicate, "A record with matching key values already exists.")
		}
		d.files[id] = body
		return said{status: 204}
	}
	id, isEmail := strings.CutPrefix(path, "emails(")
	id = strings.TrimSuffix(id, ")")
	row := d.emails[id]
	switch {
	case !isEmail:
		return ok(`{}`)
	case a.method != http.MethodPatch && row == nil, a.method == http.MethodPatch && row == nil && a.header.Get("If-Match") != "":
		return fails(404, codeGone, "email With Id = "+id+" Does Not Exist")
	case a.method == http.MethodGet:
		b, _ := json.Marshal(row)
		return ok(string(b))
	case a.header.Get("If-None-Match") == "*" && row != nil:
		return fails(412, codeDuplicate, "A record with matching key values already exists.")
	case a.header.Get("If-Match") != "" && a.header.Get("If-Match") != "*" && a.header.Get("If-Match") != row["@odata.etag"]:
		return fails(412, codeVersion, "The version of the existing record doesn't match the RowVersion property provided.")
	case a.method == http.MethodDelete:
		delete(d.emails, id)
		return said{status: 204}
	}
	row = maps.Clone(row)
	if row == nil {
		row = map[string]any{"activityid": id, "statecode": 0.0}
	}
	maps.Copy(row, body)
	row["@odata.etag"] = fmt.Sprintf(`W/"%d"`, len(d.seen))
	d.emails[id] = row
	if a.header.Get("Prefer") == "return=representation" {
		return ok(fmt.Sprintf(`{"@odata.etag":%q,"activityid":%q}`, row["@odata.etag"], id))
	}
	return said{status: 204}
}

func ref(k offline.Kind, id string) offline.Ref { return offline.Ref{Kind: k, ID: id} }

func creation(n int) offline.Write {
	id := fmt.Sprintf("eeeeeeee-0000-4000-8000-%012d", n)
	m := &offline.OutgoingEmail{
		Ref: ref(offline.KindEmail, id), Identity: fmt.Sprintf("<%d@example.com>", n), Subject: "Quote", HTML: "<p>Hi</p>",
		When:      time.Date(2026, 2, 1, 9, 0, 0, 0, time.FixedZone("", 3600)),
		Regarding: ref(offline.KindAccount, acct),
		Parties: []offline.Party{
			{Role: offline.RoleSender, Address: offline.Address{Addr: "ann@example.com"}, Records: []offline.Ref{ref(offline.KindContact, cont)}},
			{Role: offline.RoleTo, Address: offline.Address{Addr: "me@example.com"}, Records: []offline.Ref{ref(offline.KindUser, self)}},
			{Role: offline.RoleCc, Address: offline.Address{Addr: "x@example.org"}},
		},
	}
	return offline.Write{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref, Regarding: m.Regarding}, Email: m}
}

func push(t *testing.T, c *Client, ws ...offline.Write) []offline.Outcome {
	t.Helper()
	out, err := c.Push(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkMade says whether the email of w is there once, closed, with its parties.
func (d *desk) checkMade(t *testing.T, w offline.Write, parties int) {
	t.Helper()
	row := d.emails[w.Email.Ref.ID]
	if row == nil || row["statecode"] != 1.0 || row["messageid"] != w.Email.Identity {
		t.Fatalf("email: %v", row)
	}
	if got := row["email_activity_parties"].([]any); len(got) != parties {
		t.Errorf("parties: %v", got)
	}
}

func TestAnEmailIsCreatedWholeInOneAtomicChangeSet(t *testing.T) {
	d := newDesk()
	c := d.start(t)
	w := creation(1)
	w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Type: "application/pdf", Data: []byte("pdf")}, {Name: "", ContentID: "c1", Data: []byte{}}}
	w.Email.Correlated = ref(offline.KindEmail, mail)
	out := push(t, c, w)
	if out[0].Err != nil || out[0].Existed || out[0].ETag == "" || len(out[0].Notes) != 0 {
		t.Fatalf("%+v", out[0])
	}
	ops := d.log()
	if len(ops) != 4 || ops[0].set != 1 || ops[3].set != 1 || ops[0].header.Get("If-None-Match") != "*" || ops[0].header.Get("If-Match") != "" {
		t.Fatalf("operations: %+v", ops)
	}
	want := map[string]any{
		"subject": "Quote", "description": "<p>Hi</p>", "directioncode": false, "messageid": "<1@example.com>", "actualend": "2026-02-01T08:00:00Z",
		"sender": "ann@example.com", "torecipients": "me@example.com;", "regardingobjectid_account_email@odata.bind": "/accounts(" + acct + ")",
		"CorrelatedActivityId_Email@odata.bind": "/emails(" + mail + ")",
		"email_activity_parties": []any{
			map[string]any{"participationtypemask": 1.0, "partyid_contact@odata.bind": "/contacts(" + cont + ")", "addressused": "ann@example.com"},
			map[string]any{"participationtypemask": 2.0, "partyid_systemuser@odata.bind": "/systemusers(" + self + ")", "addressused": "me@example.com"},
			map[string]any{"participationtypemask": 3.0, "addressused": "x@example.org"},
		},
	}
	got, _ := json.Marshal(ops[0].json(t))
	if exp, _ := json.Marshal(want); string(got) != string(exp) {
		t.Errorf("body:\n%s\nwant\n%s", got, exp)
	}
	file := ops[1].json(t)
	if file["body"] != base64.StdEncoding.EncodeToString([]byte("pdf")) || file["objectid_email@odata.bind"] != "/emails("+w.Email.Ref.ID+")" || file["filename"] != "a.pdf" {
		t.Errorf("attachment: %v", file)
	}
	if closing := ops[3].json(t); closing["statecode"] != 1.0 || closing["statuscode"] != 4.0 {
		t.Errorf("closing: %v", closing)
	}
}

func TestAnAddressOfSeveralRecordsIsAPartyForEachButOneSender(t *testing.T) { // R-EMAIL-13, R-EMAIL-14
	d := newDesk()
	w := creation(1)
	two := []offline.Ref{ref(offline.KindContact, cont), ref(offline.KindAccount, acct)}
	w.Email.Outgoing = true
	w.Email.Parties = []offline.Party{
		{Role: offline.RoleSender, Address: offline.Address{Addr: "a@b"}, Records: two},
		{Role: offline.RoleTo, Address: offline.Address{Addr: "a@b"}, Records: two},
		{Role: offline.RoleTo, Address: offline.Address{Addr: "A@b"}, Records: two[:1]},
	}
	if out := push(t, d.start(t), w); out[0].Err != nil {
		t.Fatal(out[0].Err)
	}
	d.checkMade(t, w, 3)
	if d.emails[w.Email.Ref.ID]["statuscode"] != 3.0 {
		t.Error("an outgoing email is not closed as Sent")
	}
}

func TestAThousandMessagesNeedFewRequests(t *testing.T) {
	d := newDesk()
	c := d.start(t)
	var ws []offline.Write
	for n := range 1000 {
		ws = append(ws, creation(n))
	}
	for _, o := range push(t, c, ws...) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
	}
	if all, writes := c.Requests(); all > 25 || writes != all || len(d.emails) != 1000 {
		t.Errorf("%d requests, %d of them writes, %d emails", all, writes, len(d.emails))
	}
}

func TestADroppedConnectionNeverDoublesOrLosesAnEmail(t *testing.T) {
	for _, after := range []bool{false, true} {
		d := newDesk()
		once := true
		drop := func() bool { was := once; once = false; return was }
		if after {
			d.after = func(int) bool { return drop() }
		} else {
			d.outer = func(int, *http.Request, []byte) *said {
				if drop() {
					return &said{}
				}
				return nil
			}
		}
		w := creation(1)
		w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Data: []byte("pdf")}}
		out := push(t, d.start(t), w)
		if out[0].Err != nil || out[0].Existed != after || out[0].ETag == "" || len(d.files) != 1 {
			t.Errorf("after %v: %+v, %d files", after, out[0], len(d.files))
		}
		d.checkMade(t, w, 3)
	}
}

func TestAHalfMadeEmailOfOursIsFinishedWithoutDoublingAttachments(t *testing.T) {
	d := newDesk()
	c := d.start(t)
	w := creation(1)
	w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Data: []byte("1")}, {Name: "b.pdf", Data: []byte("2")}}
	d.emails[w.Email.Ref.ID] = map[string]any{"activityid": w.Email.Ref.ID, "messageid": "<1@example.com>", "statecode": 0, "@odata.etag": `W/"1"`}
	d.files[attachmentID(w.Email.Ref.ID, 0)] = map[string]any{"activitymimeattachmentid": attachmentID(w.Email.Ref.ID, 0), "filename": "a.pdf"}
	out := push(t, c, w)
	if out[0].Err != nil || !out[0].Existed || len(d.files) != 2 {
		t.Fatalf("%+v, %d files", out[0], len(d.files))
	}
	d.checkMade(t, w, 3)
}

func TestAnIDThatIsTakenByAnotherEmailIsAFault(t *testing.T) {
	d := newDesk()
	w := creation(1)
	d.emails[w.Email.Ref.ID] = map[string]any{"messageid": "<other@example.com>", "statecode": 1, "@odata.etag": `W/"1"`}
	out := push(t, d.start(t), w)
	if offline.ClassOf(out[0].Err) != offline.FaultExists || d.emails[w.Email.Ref.ID]["messageid"] != "<other@example.com>" {
		t.Errorf("%+v", out[0])
	}
}

func TestAnAttachmentThatTheServerRefusesIsLeftOutWithANote(t *testing.T) { // R-EMAIL-21
	for _, noID := range []bool{false, true} {
		d := newDesk()
		d.noID = noID
		d.refuse = func(a asked) *said {
			if strings.Contains(string(a.body), `"filename":"b.exe"`) {
				f := fails(400, codeBlocked, "Attachment blocked: The attachment is not a valid file type.")
				return &f
			}
			return nil
		}
		w := creation(1)
		w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Data: []byte("1")}, {Name: "b.exe", Data: []byte("2")}, {Name: "c.pdf", Data: []byte("3")}}
		out := push(t, d.start(t), w)
		if out[0].Err != nil || len(d.files) != 2 || len(out[0].Notes) != 1 || !strings.HasPrefix(out[0].Notes[0], "b.exe: ") {
			t.Errorf("no Content-ID %v: %+v, %d files", noID, out[0], len(d.files))
		}
		d.checkMade(t, w, 3)
		if d.emails[w.Email.Ref.ID]["notifications"] != 1.0 {
			t.Error("notifications do not say that an attachment is missing")
		}
	}
}

func TestAttachmentsThatTheOrganizationIsKnownNotToTakeAreNotSent(t *testing.T) {
	d := newDesk()
	c := d.start(t)
	c.opts = offline.Options{MaxAttachment: 4, Blocked: []string{"exe"}}
	w := creation(1)
	w.Email.Attachments = []offline.Attachment{{Name: "x.EXE", Data: []byte("1")}, {Name: "big.pdf", Data: []byte("12345")}, {Name: "ok.pdf", Data: []byte("1234")}}
	out := push(t, c, w)
	if all, _ := c.Requests(); out[0].Err != nil || len(d.files) != 1 || len(out[0].Notes) != 2 || all != 1 {
		t.Errorf("%+v, %d requests", out[0], all)
	}
}

func TestTextsLongerThanTheirColumnsAreCut(t *testing.T) {
	d := newDesk()
	d.refuse = func(a asked) *said {
		var v map[string]any
		_ = json.Unmarshal(a.body, &v)
		for col, n := range map[string]int{"subject": 200, "description": 1000} {
			if s, _ := v[col].(string); units(s) > n {
				f := fails(400, codeTooLong, fmt.Sprintf("A validation error occurred.  The length of the '%s' attribute of the 'email' entity exceeded the maximum allowed length of '%d'.", col, n))
				return &f
			}
		}
		return nil
	}
	c := d.start(t)
	a, b := creation(1), creation(2)
	a.Email.Subject = strings.Repeat("ž😀", 100)
	a.Email.HTML = strings.Repeat("<p>&amp; text</p>", 100)
	b.Email.Subject = strings.Repeat("x", 300)
	if out := push(t, c, a); out[0].Err != nil || len(out[0].Notes) != 2 {
		t.Fatalf("%+v", out[0])
	}
	row := d.emails[a.Email.Ref.ID]
	if s := row["subject"].(string); units(s) > 200 || units(s) < 198 || row["notifications"] != 2.0 {
		t.Errorf("subject of %d units, notifications %v", units(s), row["notifications"])
	}
	if s := row["description"].(string); strings.LastIndex(s, "<") > strings.LastIndex(s, ">") || len(s) < 900 {
		t.Errorf("the body ends in %q", s[len(s)-20:])
	}
	before, _ := c.Requests()
	if out := push(t, c, b); out[0].Err != nil {
		t.Fatal(out[0].Err)
	}
	if all, _ := c.Requests(); all-before != 1 {
		t.Errorf("the length was not learnt: %d requests", all-before)
	}
}

func TestARegardingThatIsGoneFailsTheItemAndNamesTheRecord(t *testing.T) {
	d := newDesk()
	d.refuse = func(a asked) *said {
		if strings.Contains(a.path+string(a.body), "accounts("+acct+")") {
			f := fails(404, codeGone, "account With Id = "+acct+" Does Not Exist")
			return &f
		}
		return nil
	}
	w, good := creation(1), creation(2)
	good.Email.Regarding = offline.Ref{}
	out := push(t, d.start(t), w, good)
	if offline.ClassOf(out[0].Err) != offline.FaultNotFound || !strings.Contains(out[0].Err.Error(), "account") || len(d.emails) != 1 {
		t.Errorf("%+v", out[0])
	}
	if out[1].Err != nil {
		t.Errorf("the other: %v", out[1].Err)
	}
}

func TestAPartyWhoseRecordIsGoneOrHiddenIsKeptAsAnAddress(t *testing.T) {
	for _, f := range []said{fails(404, codeGone, "contact With Id = "+cont+" Does Not Exist"), fails(403, codeDenied, "SecLib::AccessCheckEx failed. ObjectID: "+cont)} {
		for _, readable := range []bool{false, f.status == 403} {
			d := newDesk()
			d.refuse = func(a asked) *said {
				if strings.Contains(string(a.body), "contacts("+cont+")") || !readable && strings.HasPrefix(a.path, "contacts("+cont+")") {
					return &f
				}
				return nil
			}
			w := creation(1)
			out := push(t, d.start(t), w)
			if out[0].Err != nil || len(out[0].Notes) != 1 || !strings.Contains(out[0].Notes[0], "ann@example.com") {
				t.Fatalf("%+v", out[0])
			}
			d.checkMade(t, w, 3)
		}
	}
}

func TestAServerThatWantsClosingApartGetsItInTheSameRequest(t *testing.T) {
	for _, noID := range []bool{false, true} {
		d := newDesk()
		d.noID = noID
		d.refuse = func(a asked) *said {
			if strings.Contains(string(a.body), "statecode") && (a.set > 0 || a.header.Get("Prefer") != "") {
				f := fails(400, "0x80040203", "statecode is not a valid status code for this operation")
				return &f
			}
			return nil
		}
		c := d.start(t)
		a, b := creation(1), creation(2)
		if out := push(t, c, a); out[0].Err != nil {
			t.Fatalf("no Content-ID %v: %v", noID, out[0].Err)
		}
		d.checkMade(t, a, 3)
		before, _ := c.Requests()
		if out := push(t, c, b); out[0].Err != nil {
			t.Fatal(out[0].Err)
		}
		d.checkMade(t, b, 3)
		if all, _ := c.Requests(); !noID && all-before != 1 {
			t.Errorf("%d requests for the second", all-before)
		}
	}
}

func TestAColumnThatTheServerLacksIsLeftOutOfTheEmail(t *testing.T) {
	d := newDesk()
	d.refuse = func(a asked) *said {
		for _, col := range []string{"CorrelatedActivityId_Email", "torecipients", "activitymimeattachmentid"} {
			if strings.Contains(string(a.body), `"`+col) {
				f := fails(400, "0x80048d19", "Error identified in Payload provided by the user: An undeclared property '"+col+"' which only has property annotations in the payload.")
				return &f
			}
		}
		if a.method == http.MethodPost {
			d.files[fmt.Sprint(len(d.files))] = map[string]any{}
			return &said{status: 204}
		}
		return nil
	}
	w := creation(1)
	w.Email.Correlated = ref(offline.KindEmail, mail)
	w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Data: []byte("1")}}
	out := push(t, d.start(t), w)
	if out[0].Err != nil || len(d.files) != 1 {
		t.Fatalf("%+v", out[0])
	}
	d.checkMade(t, w, 3)
}

func TestFailuresOfTheMomentInAPartAreTriedAgainBounded(t *testing.T) {
	for _, always := range []bool{false, true} {
		d := newDesk()
		n := 0
		d.refuse = func(a asked) *said {
			if n++; always || n == 1 {
				f := fails(429, codeTimeLimit, "Combined execution time exceeded")
				f.header = map[string]string{"Retry-After": "2"}
				return &f
			}
			return nil
		}
		c := d.start(t)
		out := push(t, c, creation(1))
		if all, _ := c.Requests(); !always && out[0].Err != nil || always && offline.ClassOf(out[0].Err) != offline.FaultThrottled || all > 1+retries {
			t.Errorf("always %v: %v after %d requests", always, out[0].Err, all)
		}
	}
}

func TestABatchThatIsTooLargeIsHalvedAndALoneMessageLightened(t *testing.T) {
	d := newDesk()
	d.outer = func(_ int, _ *http.Request, body []byte) *said {
		if len(body) > 20000 {
			return &said{status: 413}
		}
		return nil
	}
	var ws []offline.Write
	for n := range 8 {
		w := creation(n)
		w.Email.HTML = strings.Repeat("x", 5000)
		ws = append(ws, w)
	}
	ws[3].Email.Attachments = []offline.Attachment{{Name: "big.bin", Data: make([]byte, 30000)}, {Name: "small.bin", Data: make([]byte, 30)}}
	out := push(t, d.start(t), ws...)
	for i, o := range out {
		if o.Err != nil || (len(o.Notes) > 0) != (i == 3) {
			t.Errorf("%d: %+v", i, o)
		}
	}
	if len(d.emails) != 8 || len(d.files) != 1 {
		t.Errorf("%d emails, %d files", len(d.emails), len(d.files))
	}
}

func TestAMessageThatTheConnectionDoesNotSurviveEndsUpAloneAndTheRestGoesOn(t *testing.T) {
	d := newDesk()
	d.outer = func(_ int, _ *http.Request, body []byte) *said {
		if strings.Contains(string(body), "poison") {
			return &said{}
		}
		return nil
	}
	c := d.start(t)
	var ws []offline.Write
	for n := range 60 {
		ws = append(ws, creation(n))
	}
	ws[20].Email.Subject = "poison"
	for range 8 { // as the agent would, sync by sync
		out, _ := c.Push(t.Context(), ws)
		var left []offline.Write
		for i, o := range out {
			if o.Err != nil {
				left = append(left, ws[i])
			}
		}
		ws = left
	}
	if len(ws) != 1 || ws[0].Email.Subject != "poison" || len(d.emails) != 59 {
		t.Errorf("%d left, %d made", len(ws), len(d.emails))
	}
}

func TestWhatStopsThemAllIsTheErrorAndTheOutcomeOfWhatWasNotReached(t *testing.T) {
	d := newDesk()
	d.outer = func(int, *http.Request, []byte) *said { return &said{status: 401} }
	out, err := d.start(t).Push(t.Context(), []offline.Write{creation(1), creation(2)})
	if offline.ClassOf(err) != offline.FaultAuth || !errors.Is(out[0].Err, err) || !errors.Is(out[1].Err, err) {
		t.Errorf("%v, %+v", err, out)
	}
}

func TestCancellingAPushEndsItAtOnce(t *testing.T) {
	d := newDesk()
	ctx, cancel := context.WithCancel(t.Context())
	d.outer = func(int, *http.Request, []byte) *said { cancel(); return &said{} }
	out, err := d.start(t).Push(ctx, []offline.Write{creation(1)})
	if !errors.Is(err, context.Canceled) || out[0].Err == nil {
		t.Errorf("%v, %+v", err, out)
	}
}

func regard(etag string, to offline.Ref) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpSetRegarding, Record: ref(offline.KindEmail, mail), Regarding: to, ETag: etag}}
}

func TestRegardingIsSetClearedAndARepeatRecognised(t *testing.T) { // R-EMAIL-19
	d := newDesk()
	d.emails[mail] = map[string]any{"activityid": mail, "statecode": 1, "@odata.etag": `W/"old"`}
	d.refuse = func(a asked) *said { // the lookup column follows its navigation property
		if a.method == http.MethodPatch && d.emails[mail]["@odata.etag"] == a.header.Get("If-Match") {
			v := a.json(t)
			for _, nav := range []string{"account", "contact"} {
				key := "regardingobjectid_" + nav + "_email@odata.bind"
				bind, there := v[key]
				if !there {
					continue
				}
				row := maps.Clone(d.emails[mail])
				row["_regardingobjectid_value"] = nil
				if bind != nil {
					row["_regardingobjectid_value"] = guids.FindString(bind.(string))
					row["_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] = nav
					row["_regardingobjectid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] = "regardingobjectid_" + nav + "_email"
				}
				d.emails[mail] = row
			}
		}
		return nil
	}
	c := d.start(t)
	account := ref(offline.KindAccount, acct)
	out := push(t, c, regard(`W/"old"`, account))
	if out[0].Err != nil || out[0].ETag == "" || out[0].ETag != d.emails[mail]["@odata.etag"] || d.emails[mail]["_regardingobjectid_value"] != acct {
		t.Fatalf("%+v %v", out[0], d.emails[mail])
	}
	etag := out[0].ETag
	if out = push(t, c, regard(`W/"old"`, account)); out[0].Err != nil || !out[0].Existed || out[0].ETag != etag {
		t.Errorf("repeat: %+v", out[0])
	}
	if out = push(t, c, regard(`W/"old"`, ref(offline.KindContact, cont))); offline.ClassOf(out[0].Err) != offline.FaultStale || out[0].ETag != etag {
		t.Errorf("stale: %+v", out[0])
	}
	if out = push(t, c, regard(etag, offline.Ref{})); out[0].Err != nil || d.emails[mail]["_regardingobjectid_value"] != nil {
		t.Errorf("clear: %+v %v", out[0], d.emails[mail])
	}
	if out = push(t, c, regard(etag, offline.Ref{})); out[0].Err != nil {
		t.Errorf("clear again: %+v", out[0])
	}
}

func TestWhatIsMissingForARegardingIsNamed(t *testing.T) {
	for _, emailThere := range []bool{true, false} {
		d := newDesk()
		if emailThere {
			d.emails[mail] = map[string]any{"activityid": mail, "@odata.etag": `W/"1"`}
		}
		d.refuse = func(a asked) *said {
			if strings.Contains(a.path+string(a.body), acct) && (emailThere || a.method == http.MethodGet && !strings.HasPrefix(a.path, "accounts")) {
				f := fails(404, codeGone, "account With Id = "+acct+" Does Not Exist")
				return &f
			}
			return nil
		}
		out := push(t, d.start(t), regard("", ref(offline.KindAccount, acct)))
		text := map[bool]string{true: "account", false: "email record is no longer"}[emailThere]
		if offline.ClassOf(out[0].Err) != offline.FaultNotFound || !strings.Contains(out[0].Err.Error(), text) {
			t.Errorf("email there %v: %v", emailThere, out[0].Err)
		}
	}
}

func TestDeletingIsConditionalAndWhatIsGoneCountsAsDeleted(t *testing.T) {
	d := newDesk()
	d.emails[mail] = map[string]any{"activityid": mail, "@odata.etag": `W/"2"`}
	c := d.start(t)
	del := func(etag string) offline.Outcome {
		return push(t, c, offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: ref(offline.KindEmail, mail), ETag: etag}})[0]
	}
	if o := del(`W/"1"`); offline.ClassOf(o.Err) != offline.FaultStale || o.ETag != `W/"2"` {
		t.Errorf("stale: %+v", o)
	}
	for range 2 {
		if o := del(`W/"2"`); o.Err != nil || len(d.emails) != 0 {
			t.Errorf("%+v", o)
		}
	}
}

func TestAWriteThatDataverseCannotDoIsRejectedWithoutARequest(t *testing.T) {
	c := newDesk().start(t)
	bad := creation(1)
	bad.Email.Ref.ID = "not-a-guid) or (1 eq 1"
	out := push(t, c, bad, regard("", ref(offline.KindUser, self)), offline.Write{Change: offline.Change{Op: "dance"}})
	for i, o := range out {
		if offline.ClassOf(o.Err) != offline.FaultRejected {
			t.Errorf("%d: %v", i, o.Err)
		}
	}
	if all, _ := c.Requests(); all != 0 {
		t.Errorf("%d requests", all)
	}
}
