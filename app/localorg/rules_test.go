package localorg

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestDeniedPrivilegesAreRefusedOrNarrowWhatIsSeen(t *testing.T) {
	w := newWorld(t)
	w.want(w.call("POST", "accounts", `{"accountid":"`+idA+`","name":"Mine"}`), 204, "")
	w.want(w.put(idB, w.email("Mine", "<1@x>")), 204, "")
	other := w.seed("email", map[string]any{"subject": "Theirs", "email_activity_parties": []any{map[string]any{"participationtypemask": 1, "addressused": "x@y.test"}}})
	w.org.Deny(w.me, "account", ReadOrganization)
	w.org.Deny(w.me, "email", ReadOrganization)
	if got := w.find("accounts", "name", "name ne null"); got != "Mine" {
		t.Errorf("accounts seen are %s", got)
	}
	if got := w.find("activitypointers", "subject", "subject ne null"); got != "Mine" {
		t.Errorf("activities seen are %s", got)
	}
	if got := w.find("activityparties", "addressused", "_activityid_value eq "+other); got != "" {
		t.Errorf("parties seen are %s", got)
	}
	w.want(w.call("GET", "accounts("+w.acme+")", ""), 403, codePrivilegeDenied)
	w.want(w.call("PATCH", "accounts("+w.acme+")", `{"name":"x"}`), 403, codePrivilegeDenied)
	w.want(w.call("DELETE", "emails("+other+")", ""), 403, codePrivilegeDenied)
	w.want(w.put(idC, w.email("s", "<2@x>")), 403, codePrivilegeDenied)
	for p, req := range map[Privilege][3]string{Read: {"GET", "contacts", ""}, Create: {"POST", "contacts", `{"lastname":"x"}`}, Write: {"PATCH", "contacts(" + w.ann + ")", `{"lastname":"x"}`},
		Delete: {"DELETE", "contacts(" + w.ann + ")", ""}, AppendTo: {"POST", "emails", `{"regardingobjectid_contact_email@odata.bind":"/contacts(` + w.ann + `)"}`}} {
		w.org.Deny(w.me, "contact", p)
		w.want(w.call(req[0], req[1], req[2]), 403, codePrivilegeDenied)
		w.org.Allow(w.me, "contact", p)
	}
	w.want(w.call("GET", "contacts", ""), 200, "")
	w.org.Deny(w.me, "contact", Read)
	w.want(w.call("GET", "accounts?$expand=primarycontactid", ""), 403, codePrivilegeDenied)
	w.org.Deny(w.me, "email", Read)
	if got := w.find("activitypointers", "subject", "subject ne null"); got != "" {
		t.Errorf("activities seen are %s", got)
	}
}

func (w *world) setting(table, id, name string, v any) {
	w.t.Helper()
	if err := w.org.Update(table, id, map[string]any{name: v}); err != nil {
		w.t.Fatal(err)
	}
}

// R-TOKEN-05, 06, 08, 10.
// R-TOKEN-11.
func TestTrackingTokensCountPerUser(t *testing.T) {
	w := newWorld(t)
	ask := func(subject string) string {
		r := w.call("POST", "GetTrackingTokenEmail", `{"Subject":"`+subject+`"}`)
		w.want(r, 200, "")
		return r.json["TrackingToken"].(string)
	}
	if a, b := ask("Quote"), ask("Quote"); a != "CRM:0001001" || b != "CRM:0001002" {
		t.Errorf("tokens are %s, %s", a, b)
	}
	if got := ask("Re: Quote CRM:0001001"); got != "CRM:0001001" {
		t.Errorf("a reply should keep its token, not get %s", got)
	}
	w.setting("usersettings", w.me, "nexttrackingnumber", 999)
	if a, b := ask("x"), ask("x"); a != "CRM:0001999" || b != "CRM:0001000" {
		t.Errorf("tokens at the end of the count are %s, %s", a, b)
	}
	w.setting("organization", w.org.ID(), "trackingtokenidbase", 500)
	bob, err := w.org.AddUser("Bob", "B", "bob@post.test")
	if err != nil {
		t.Fatal(err)
	}
	w.http = &http.Client{Transport: w.org.Transport(bob)}
	if got := ask("x"); got != "CRM:0502001" {
		t.Errorf("token with a base number is %s", got)
	}
	w.setting("organization", w.org.ID(), "trackingprefix", "NEW:;CRM:")
	if got := ask("x"); got != "NEW:0502002" {
		t.Errorf("token with a new prefix is %s", got)
	}
	if got := ask("re: crm:0001001"); got != "crm:0001001" {
		t.Errorf("an old prefix should be known, not answered with %s", got)
	}
	w.setting("organization", w.org.ID(), "trackingprefix", nil)
	w.want(w.call("POST", "GetTrackingTokenEmail", `{"Subject":"x"}`), 400, codeInvalidArgument)
}

func TestSendEmailMarksSentOrPending(t *testing.T) {
	w := newWorld(t)
	send := func(id, args string) reply {
		return w.call("POST", "emails("+id+")/Microsoft.Dynamics.CRM.SendEmail", args)
	}
	w.want(w.put(idA, `{"subject":"s"}`), 204, "")
	w.want(send(idA, `{"IssueSend":false}`), 400, codeInvalidArgument)
	parties := `{"subject":"` + strings.Repeat("x", 300) + `","email_activity_parties":[{"participationtypemask":1,"partyid_systemuser@odata.bind":"/systemusers(` + w.me + `)"},{"participationtypemask":2,"addressused":"a@b.test"}]}`
	w.want(w.put(idB, parties), 204, "")
	w.want(send(idB, `{"IssueSend":false}`), 400, codeInvalidArgument) // R-EMAIL-18
	w.setting("organization", w.org.ID(), "allowunresolvedpartiesonemailsend", true)
	w.want(send(idB, `{}`), 400, codeBadPayload)
	r := send(idB, `{"IssueSend":false,"TrackingToken":"CRM:0001001"}`)
	w.want(r, 200, "")
	subject := r.json["Subject"].(string)
	if len(subject) != 255 || !strings.HasSuffix(subject, " CRM:0001001") { // R-TOKEN-13
		t.Errorf("subject has %d characters: %s", len(subject), subject)
	}
	row := w.org.Row("email", idB)
	if row["statuscode"] != int64(emailSent) || row["trackingtoken"] != "CRM:0001001" || row["senton"] == nil {
		t.Errorf("email is %v", row)
	}
	w.want(send(idB, `{"IssueSend":false}`), 400, codeActivityClosed)
	w.want(w.put(idC, parties), 204, "")
	w.want(send(idC, `{"IssueSend":true}`), 200, "")
	if row := w.org.Row("email", idC); row["statuscode"] != int64(emailPending) {
		t.Errorf("email is %v", row)
	}
	w.want(send(idC, `{"IssueSend":false}`), 200, "")
	w.want(w.call("POST", "emails("+idA+")/Microsoft.Dynamics.CRM.DeliverPromoteEmail", `{}`), 501, "")
}

// R-EMAIL-03 to 07, R-EMAIL-30.
func TestCheckFunctionsDecideByFilterAndMessageID(t *testing.T) {
	w := newWorld(t)
	incoming := func(subject, from, to string) string {
		r := w.call("GET", "CheckIncomingEmail(MessageId=@m,Subject=@s,From=@f,To=@t,Cc=@c,Bcc=@b,ExtraProperties=@e)?@m='%3Cnew@x%3E'&@s='"+subject+"'&@f='"+from+"'&@t='"+to+"'&@c=''&@b=''&@e=null", "")
		w.want(r, 200, "")
		return fmt.Sprintf("%v%v", r.json["ShouldDeliver"], r.json["ReasonCode"])
	}
	w.want(w.put(idA, `{"subject":"s","messageid":"<old@x>","trackingtoken":"CRM:0001007"}`), 204, "")
	filter := func(n int) { w.setting("usersettings", w.me, "incomingemailfilteringmethod", n) }
	for _, c := range []struct {
		filter                  int
		subject, from, to, want string
	}{
		{0, "s", "x@y.test", "mia@post.test", "true6"}, {0, "s", "x@y.test", "else@post.test", "false3"},
		{1, "s", "ann@acme.test", "mia@post.test", "false1"}, {1, "re: s CRM:0001007", "x@y.test", "else@x.test;MIA@post.test", "true2"},
		{2, "s", "ann@acme.test", "mia@post.test", "true5"}, {2, "s", "mia@post.test", "mia@post.test", "false1"},
		{3, "s", "mia@post.test", "mia@post.test", "true5"}, {4, "s", "ann@acme.test", "mia@post.test", "false1"},
	} {
		filter(c.filter)
		if got := incoming(c.subject, c.from, c.to); got != c.want {
			t.Errorf("%+v is answered %s", c, got)
		}
	}
	w.setting("organization", w.org.ID(), "ignoreinternalemail", true)
	if got := incoming("s", "mia@post.test", "mia@post.test"); got != "false4" {
		t.Errorf("internal mail is answered %s", got)
	}
	promote := func(args string) string {
		r := w.call("GET", "CheckPromoteEmail("+args+")", "")
		w.want(r, 200, "")
		return fmt.Sprintf("%v%v", r.json["ShouldPromote"], r.json["ReasonCode"])
	}
	for args, want := range map[string]string{"MessageId='%3Cold@x%3E',Subject='a/b'": "false0", "MessageId='%3Cnew@x%3E',Subject=''": "true6",
		"MessageId='%3Cold@x%3E',Subject='',DirectionCode=1": "false0", "MessageId='%3Cold@x%3E',Subject='',DirectionCode=0": "true6"} {
		if got := promote(args); got != want {
			t.Errorf("%s is answered %s", args, got)
		}
	}
	w.want(w.call("GET", "CheckPromoteEmail(Subject='x')", ""), 400, codeBadPayload)
}

func TestUsersComeWithSettingsAndMailbox(t *testing.T) {
	w := newWorld(t)
	r := w.call("GET", "usersettingscollection("+w.me+")?$select=incomingemailfilteringmethod,trackingtokenid", "")
	if r.json["incomingemailfilteringmethod"] != 1.0 || r.json["trackingtokenid"] != 1.0 {
		t.Errorf("settings are %v", r.json)
	}
	w.want(w.call("PATCH", "usersettingscollection("+w.me+")", `{"incomingemailfilteringmethod":0}`), 204, "")
	r = w.call("GET", "systemusers("+w.me+")?$select=fullname,_defaultmailbox_value&$expand=defaultmailbox($select=emailaddress)", "")
	if r.json["fullname"] != "Mia Meyer" || r.json["defaultmailbox"].(map[string]any)["emailaddress"] != "mia@post.test" {
		t.Errorf("user is %v", r.json)
	}
	w.want(w.call("GET", "organizations?$select=trackingprefix,maxuploadfilesize", ""), 200, "")
}

func TestNestedRowsAreCreatedWithTheirParent(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, `{"subject":"s","email_activity_mime_attachment":[{"filename":"a.txt","body":"YQ=="},{"filename":"b.txt","body":"Yg=="}]}`), 204, "")
	if n := w.org.Row("email", idA)["attachmentcount"]; n != int64(2) {
		t.Errorf("attachmentcount is %v", n)
	}
	w.want(w.put(idB, `{"subject":"s","email_activity_mime_attachment":[{"filename":"a.exe","body":"YQ=="}]}`), 400, codeAttachmentBlocked)
	if w.org.Row("email", idB) != nil {
		t.Error("an email is there whose attachment was refused")
	}
	w.want(w.call("PATCH", "emails("+idA+")", `{"email_activity_mime_attachment":[]}`), 400, codeBadPayload)
}

func TestFileKeepsEverythingSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "org.db")
	key := []byte(strings.Repeat("k", 32))
	file := func(o *Options) { o.Path, o.Key, o.Name = path, key, "Kept" }
	w := newWorld(t, file)
	_, delta, _ := w.follow("emails?$select=subject", "Prefer", "odata.track-changes")
	w.want(w.put(idA, w.email("Topsecret", "<q@acme.test>")), 204, "")
	w.want(w.call("POST", "activitymimeattachments", `{"objectid_email@odata.bind":"emails(`+idA+`)","filename":"a.txt","body":"aGVsbG8="}`), 204, "")
	w.want(w.put(idB, `{"subject":"gone"}`), 204, "")
	w.want(w.call("DELETE", "emails("+idB+")", ""), 204, "")
	before := w.org.Rows("email", nil)
	if err := w.org.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Topsecret", "acme.test", "Mia", "goodbye", "aGVsbG8"} {
		if strings.Contains(string(raw), s) {
			t.Errorf("the file holds %q in clear", s)
		}
	}
	for name, wrong := range map[string][]byte{"another key": []byte(strings.Repeat("x", 32)), "no key": nil} {
		if _, err := Open(Options{Path: path, Key: wrong}); !errors.Is(err, ErrKey) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	again, err := Open(Options{Path: path, Key: key, Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if after := again.Rows("email", nil); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("emails are\n%v, were\n%v", after, before)
	}
	w.org, w.http = again, &http.Client{Transport: again.Transport(w.me)}
	rows, _, _ := w.follow(delta)
	if len(rows) != 2 || rows[0]["subject"] != "Topsecret" || rows[1]["reason"] != "deleted" {
		t.Errorf("delta across the restart is %v", rows)
	}
	if got := w.find("emails", "subject", "messageid eq '<q@acme.test>'"); got != "Topsecret" {
		t.Errorf("found by its Message-ID: %s", got)
	}
	if _, err := Open(Options{Path: path, Key: key}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second opening is answered %v", err)
	}
}

func TestDamagedFilesAreRefusedAndLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "org.db")
	w := newWorld(t, func(o *Options) { o.Path = path })
	for i := range 50 {
		w.want(w.put(fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", i), w.email(strings.Repeat("s", 700), "<x>")), 204, "")
	}
	w.org.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string][]byte{"cut": whole[:len(whole)/2], "cut to a page": whole[:4096], "garbage": []byte(strings.Repeat("garbage!", 4096)), "a few bytes": whole[:100], "zeros": make([]byte, 65536)} {
		if name == "cut" {
			bytes = whole[:16*4096]
		}
		broken := filepath.Join(t.TempDir(), "broken.db")
		if err := os.WriteFile(broken, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if o, err := Open(Options{Path: broken}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: error is %v", name, err)
			if err == nil {
				o.Close()
			}
		}
		if kept, err := os.ReadFile(broken); err != nil || string(kept) != string(bytes) {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
	}
}

func TestWriteThatTheFileRefusesDidNotHappen(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Path = filepath.Join(t.TempDir(), "org.db") })
	w.want(w.put(idA, `{"subject":"s","description":"kept"}`), 204, "")
	if err := w.org.disk.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.want(w.put(idB, w.email("s", "<x@y>")), 500, "")
	w.want(w.call("DELETE", "emails("+idA+")", ""), 500, "")
	w.want(w.batch(multi("b", part("", "PATCH", "emails("+idA+")", `{"subject":"t"}`))), 500, "")
	if row := w.org.Row("email", idA); w.org.Count("email") != 1 || row["subject"] != "s" {
		t.Errorf("emails are %v", w.org.Rows("email", nil))
	}
}

func BenchmarkOpen20000(b *testing.B) {
	path := filepath.Join(b.TempDir(), "org.db")
	opt := Options{Path: path, Key: make([]byte, 32), Limits: Limits{Requests: -1, Execution: -1}}
	w := newWorld(b, func(o *Options) { *o = opt })
	for n := 0; n < 20000; n += 500 {
		var parts []string
		for i := range 500 {
			parts = append(parts, part("", "POST", "emails", w.email("Subject", fmt.Sprintf("<m%d@acme.test>", n+i))))
		}
		w.want(w.batch(multi("b", parts...)), 200, "")
	}
	if err := w.org.Close(); err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		o, err := Open(opt)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heapMB")
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestManyAtOnceKeepTheirInvariants is for the race detector, and counts.
func TestManyAtOnceKeepTheirInvariants(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Path = filepath.Join(t.TempDir(), "org.db") })
	w.serve()
	w.org.Grant("s", w.me)
	w.http.Transport = bearer{w.http.Transport}
	w.org.Faults().Chance(0.05, 3, nil, Fault{Kind: ServerError})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			for i := range 30 {
				id := fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", r.IntN(20))
				switch i % 5 {
				case 0, 1:
					w.try("PATCH", "emails("+id+")", w.email("s", "<"+id+"@x>"), "If-None-Match", "*")
				case 2:
					w.try("DELETE", "emails("+id+")", "")
				case 3:
					w.try("GET", "emails?$filter=messageid eq '<"+id+"@x>'&$expand=email_activity_parties", "")
				case 4:
					w.try("GET", "emails?$select=subject", "", "Prefer", "odata.track-changes")
				}
			}
		})
	}
	wg.Wait()
	w.org.Faults().Clear()
	if parties, emails := w.org.Count("activityparty"), w.org.Count("email"); parties != 5*emails {
		t.Errorf("%d emails have %d parties", emails, parties)
	}
	for _, e := range w.org.Rows("email", nil) {
		if got := w.find("emails", "activityid", "messageid eq '"+e["messageid"].(string)+"'"); got != e["activityid"] {
			t.Errorf("by its Message-ID %v is found as %s", e["activityid"], got)
		}
	}
}
