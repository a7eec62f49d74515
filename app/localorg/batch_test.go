package localorg

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// part is one operation of a batch in a test.
func part(id, method, path, body string, headers ...string) string {
	b := "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
	if id != "" {
		b += "Content-ID: " + id + "\r\n"
	}
	b += "\r\n" + method + " " + path + " HTTP/1.1\r\n"
	if body != "" {
		b += "Content-Type: application/json; type=entry\r\n"
	}
	for i := 0; i+1 < len(headers); i += 2 {
		b += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	return b + "\r\n" + body + "\r\n"
}

func multi(boundary string, parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n" + p)
	}
	return b.String() + "--" + boundary + "--\r\n"
}

func changeSet(boundary string, parts ...string) string {
	return "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n" + multi(boundary, parts...)
}

func (w *world) batch(body string, headers ...string) reply {
	w.t.Helper()
	return w.call("POST", "$batch", body, append([]string{"Content-Type", `multipart/mixed; boundary="b"`}, headers...)...)
}

// statuses lists the statuses within the answer to a batch.
func (r reply) statuses() string {
	var out []string
	for _, line := range strings.Split(r.text, "\r\n") {
		if rest, ok := strings.CutPrefix(line, "HTTP/1.1 "); ok {
			out = append(out, rest[:3])
		}
	}
	return strings.Join(out, " ")
}

func TestChangeSetMakesAnEmailWithAttachmentAndClosesIt(t *testing.T) {
	w := newWorld(t)
	r := w.batch(multi("b",
		changeSet("c", part("1", "PATCH", "emails("+idA+")", w.email("Quote", "<q@acme.test>"), "If-None-Match", "*"),
			part("2", "POST", "/api/data/v9.2/activitymimeattachments", `{"objectid_email@odata.bind":"$1","filename":"a.txt","body":"YQ=="}`),
			part("3", "PATCH", "$1", `{"statecode":1,"statuscode":4}`)),
		part("", "GET", w.base+"emails("+idA+")?$select=subject,statuscode", "")))
	w.want(r, 200, "")
	if got := r.statuses(); got != "204 204 204 200" {
		t.Fatalf("statuses are %s\n%s", got, r.text)
	}
	for _, piece := range []string{"Content-ID: 1\r\n", "Odata-Entityid: " + w.base + "emails(" + idA + ")\r\n", "boundary=changesetresponse_", `"statuscode":4`} {
		if !strings.Contains(r.text, piece) {
			t.Errorf("the answer lacks %q\n%s", piece, r.text)
		}
	}
	if row := w.org.Row("email", idA); row["statuscode"] != int64(4) || row["attachmentcount"] != int64(1) {
		t.Errorf("email is %v", row)
	}
}

func TestChangeSetThatFailsLeavesNoTrace(t *testing.T) {
	w := newWorld(t)
	before := w.org.Count("activityparty")
	bad := changeSet("c", part("1", "PATCH", "emails("+idA+")", w.email("Quote", "<q@acme.test>"), "If-None-Match", "*"),
		part("2", "DELETE", "contacts("+w.ann+")", ""),
		part("3", "POST", "activitymimeattachments", `{"objectid_email@odata.bind":"$1","filename":"a.exe","body":"YQ=="}`))
	good := part("", "PATCH", "emails("+idB+")", `{"subject":"fine"}`)
	r := w.batch(multi("b", bad, good))
	w.want(r, 400, "")
	if got := r.statuses(); got != "400" {
		t.Errorf("statuses are %s\n%s", got, r.text)
	}
	if w.org.Row("email", idA) != nil || w.org.Row("email", idB) != nil || w.org.Row("contact", w.ann) == nil || w.org.Count("activityparty") != before {
		t.Error("something was done")
	}
	r = w.batch(multi("b", bad, good), "Prefer", "odata.continue-on-error")
	w.want(r, 200, "")
	if got := r.statuses(); got != "400 204" {
		t.Errorf("statuses are %s\n%s", got, r.text)
	}
	if w.org.Row("email", idA) != nil || w.org.Row("email", idB) == nil || w.org.Row("contact", w.ann) == nil {
		t.Error("the change set should be undone and the other part done")
	}
	if rows := w.call("GET", "emails?$filter=messageid eq '%3Cq@acme.test%3E'", "").rows(); len(rows) != 0 {
		t.Errorf("the index still knows %v", rows)
	}
}

func TestBatchRefusals(t *testing.T) {
	w := newWorld(t)
	many := make([]string, maxOperations+1)
	for i := range many {
		many[i] = part("", "GET", "WhoAmI", "")
	}
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"GET in a change set", multi("b", changeSet("c", part("1", "GET", "emails", ""))), 400},
		{"no Content-ID in a change set", multi("b", changeSet("c", part("", "POST", "emails", "{}"))), 400},
		{"Content-ID twice", multi("b", changeSet("c", part("1", "POST", "emails", "{}"), part("1", "POST", "emails", "{}"))), 400},
		{"reference before its time", multi("b", changeSet("c", part("1", "PATCH", "$2", "{}"), part("2", "POST", "emails", "{}"))), 400},
		{"reference in a bind", multi("b", changeSet("c", part("1", "POST", "emails", `{"regardingobjectid_account_email@odata.bind":"$7"}`))), 400},
		{"batch in a batch", multi("b", part("", "POST", "$batch", "{}")), 400},
		{"bare line feeds", strings.ReplaceAll(multi("b", part("", "GET", "WhoAmI", "")), "\r\n", "\n"), 400},
		{"no end", strings.TrimSuffix(multi("b", part("", "GET", "WhoAmI", "")), "--b--\r\n"), 400},
		{"too many", multi("b", many...), 400},
		{"another path", multi("b", part("", "GET", "/api/other/WhoAmI", "")), 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.want(w.batch(c.body), c.status, "")
		})
	}
	w.t = t
	w.want(w.call("POST", "$batch", "x", "Content-Type", "application/json"), 415, "")
	if n := w.org.Count("email"); n != 0 {
		t.Errorf("%d emails were made", n)
	}
	if r := w.batch(multi("b", many[:maxOperations]...)); r.status != 200 || len(strings.Fields(r.statuses())) != maxOperations {
		t.Errorf("a batch of %d is answered %d", maxOperations, r.status)
	}
}

func TestReferencesWorkInAddressesAndProperties(t *testing.T) {
	w := newWorld(t)
	r := w.batch(multi("b", changeSet("c",
		part("1", "POST", "accounts", `{"name":"New"}`),
		part("2", "POST", "contacts", `{"lastname":"L","parentcustomerid_account@odata.bind":"$1"}`),
		part("3", "PUT", "$2/firstname", `{"value":"F"}`),
		part("4", "PUT", "$1/primarycontactid/$ref", `{"@odata.id":"$2"}`))))
	w.want(r, 200, "")
	made := w.org.Rows("account", func(r map[string]any) bool { return r["name"] == "New" })
	if len(made) != 1 || made[0]["_primarycontactid_value"] == nil {
		t.Fatalf("account is %v\n%s", made, r.text)
	}
	if c := w.org.Row("contact", made[0]["_primarycontactid_value"].(string)); c["fullname"] != "F L" || c["_parentcustomerid_value"] != made[0]["accountid"] {
		t.Errorf("contact is %v", c)
	}
}

// thousand tracks 1,000 emails in ten batches and says how long it took.
func thousand(w *world) time.Duration {
	var bodies []string
	for b := range 10 {
		var sets []string
		for i := range 100 {
			n := b*100 + i
			id := fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", n)
			sets = append(sets, changeSet("c", part("1", "PATCH", "emails("+id+")", w.email("Subject", fmt.Sprintf("<m%d@acme.test>", n)), "If-None-Match", "*"),
				part("2", "PATCH", "$1", `{"statecode":1,"statuscode":4}`)))
		}
		bodies = append(bodies, multi("b", sets...))
	}
	started := time.Now()
	for _, body := range bodies {
		w.want(w.batch(body), 200, "")
	}
	return time.Since(started)
}

func TestThousandEmailsInTenBatchesAreFast(t *testing.T) {
	w := newWorld(t)
	took := thousand(w)
	t.Logf("in memory: %v", took)
	if n := w.org.Count("email"); n != 1000 {
		t.Errorf("%d emails", n)
	}
	if took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	w = newWorld(t, func(o *Options) { o.Path = t.TempDir() + "/org.db"; o.Key = make([]byte, 32) })
	t.Logf("in an encrypted file: %v", thousand(w))
}

func FuzzBatch(f *testing.F) {
	f.Add("multipart/mixed; boundary=b", multi("b", part("", "GET", "WhoAmI", ""), changeSet("c", part("1", "POST", "emails", "{}"))))
	f.Add("multipart/mixed; boundary=b", "--b\r\n\r\n--b--")
	f.Add("multipart/mixed; boundary=b", "--b\r\n--b--")
	f.Add("multipart/mixed; boundary=", "--\r\n")
	f.Fuzz(func(t *testing.T, kind, body string) {
		parts, err := parseBatch(kind, []byte(body))
		if err != nil {
			asRefusal(err)
			return
		}
		for _, p := range parts {
			for _, op := range p.ops {
				if p.set && op.id == "" {
					t.Errorf("an operation without Content-ID got into a change set: %q", body)
				}
			}
		}
	})
}
