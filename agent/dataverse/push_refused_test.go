package dataverse

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"postrider/offline"
)

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

func TestAttachmentsOfOneNameAreToldApartInAHalfMadeEmail(t *testing.T) {
	for _, ids := range []bool{true, false} {
		d := newDesk()
		c := d.start(t)
		w := creation(1)
		w.Email.Attachments = []offline.Attachment{{Name: "image.png", Data: []byte("1")}, {Name: "image.png", Data: []byte("2")}, {Name: "b.png", Data: []byte("3")}}
		d.emails[w.Email.Ref.ID] = map[string]any{"activityid": w.Email.Ref.ID, "messageid": "<1@example.com>", "statecode": 0, "@odata.etag": `W/"1"`}
		first := map[string]any{"activitymimeattachmentid": attachmentID(w.Email.Ref.ID, 0), "filename": "image.png"}
		if !ids {
			first["activitymimeattachmentid"] = acct
			c.forgo("activitymimeattachment", "activitymimeattachmentid")
			d.refuse = func(a asked) *said {
				if a.method != http.MethodPost {
					return nil
				}
				d.files[fmt.Sprint(len(d.files))] = a.json(t)
				return &said{status: 204}
			}
		}
		d.files["first"] = first
		if out := push(t, c, w); out[0].Err != nil || len(d.files) != 3 {
			t.Errorf("ids %v: %+v, %d files", ids, out[0], len(d.files))
		}
	}
}

func TestAServerThatFailsWhileAttachmentsGoOneByOneIsFinishedLater(t *testing.T) {
	d := newDesk()
	d.noID = true // so that attachments go one by one
	failing := true
	d.refuse = func(a asked) *said {
		var f said
		switch body := string(a.body); {
		case strings.Contains(body, `"filename":"b.exe"`):
			f = fails(400, codeBlocked, "Attachment blocked.")
		case strings.Contains(body, `"filename":"c.pdf"`) && a.set == 0 && failing:
			failing = false
			f = fails(500, "0x80040216", "An unexpected error occurred.")
		default:
			return nil
		}
		return &f
	}
	w := creation(1)
	w.Email.Attachments = []offline.Attachment{{Name: "a.pdf", Data: []byte("1")}, {Name: "b.exe", Data: []byte("2")}, {Name: "c.pdf", Data: []byte("3")}}
	out := push(t, d.start(t), w)
	if out[0].Err != nil || len(d.files) != 2 || len(out[0].Notes) != 1 {
		t.Fatalf("%+v, %d files", out[0], len(d.files))
	}
	d.checkMade(t, w, 3)
	if d.emails[w.Email.Ref.ID]["notifications"] != 1.0 {
		t.Error("notifications do not say that an attachment is missing")
	}
}

func TestAMessageIDLongerThanItsColumnIsLeftOutAndTheRepeatStillRecognised(t *testing.T) {
	d := newDesk()
	c := d.start(t)
	w := creation(1)
	w.Email.Identity = "<" + strings.Repeat("x", 400) + "@example.com>"
	for n := range 2 {
		out := push(t, c, w)
		if out[0].Err != nil || out[0].Existed != (n == 1) || n == 0 && len(out[0].Notes) != 1 {
			t.Errorf("%d: %+v", n, out[0])
		}
	}
}

func TestARefusalForAReasonOfItsOwnIsTheServersText(t *testing.T) {
	for status, class := range map[int]offline.FaultClass{400: offline.FaultRejected, 403: offline.FaultDenied, 405: offline.FaultRejected} {
		d := newDesk()
		d.refuse = func(a asked) *said {
			if a.method == http.MethodPatch {
				f := fails(status, "0x80040265", "A business rule of the firm says no.")
				return &f
			}
			return nil
		}
		c := d.start(t)
		out := push(t, c, creation(1))
		if offline.ClassOf(out[0].Err) != class || !strings.Contains(out[0].Err.Error(), "business rule") {
			t.Errorf("%d: %v", status, out[0].Err)
		}
		if all, _ := c.Requests(); all > 5 {
			t.Errorf("%d: %d requests", status, all)
		}
	}
}
