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
	w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Type: "application/pdf", Data: []byte("pdf")}, {Name: "", ContentID: "c1", Data: []byte("x")}}
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
