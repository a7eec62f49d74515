package localorg

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// find returns the names of the contacts that a filter accepts, sorted.
func (w *world) find(set, column, filter string) string {
	w.t.Helper()
	r := w.call("GET", set+"?$select="+column+"&$filter="+strings.ReplaceAll(url.QueryEscape(filter), "+", "%20"), "")
	w.want(r, 200, "")
	var out []string
	for _, row := range r.rows() {
		out = append(out, fmt.Sprint(row[column]))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

func TestFiltersFindWhatTheServiceWouldFind(t *testing.T) {
	w := newWorld(t)
	bob := w.seed("contact", map[string]any{"firstname": "Bob", "lastname": "O'Neil", "emailaddress1": "Bob@Acme.test", "birthdate": "1980-05-06", "preferredcontactmethodcode": 2})
	w.seed("contact", map[string]any{"lastname": "100% sure", "donotemail": true, "overriddencreatedon": "2026-02-20T10:00:00Z", "createdon": "2026-02-20T10:00:00Z"})
	w.seed("opportunity", map[string]any{"name": "Big", "estimatedvalue": 1000.5, "customerid_contact@odata.bind": "/contacts(" + bob + ")"})
	w.seed("opportunity", map[string]any{"name": "Small", "estimatedvalue": 10, "customerid_account@odata.bind": "/accounts(" + w.acme + ")", "ownerid@odata.bind": "/systemusers(" + w.me + ")"})
	const all = "100% sure,Ann Archer,Bob O'Neil"
	for filter, want := range map[string]string{
		"emailaddress1 eq 'bob@acme.TEST '":                                    "Bob O'Neil",
		"lastname eq 'O''Neil'":                                                "Bob O'Neil",
		"firstname eq null":                                                    "100% sure",
		"firstname ne null":                                                    "Ann Archer,Bob O'Neil",
		"firstname ne 'Ann'":                                                   "100% sure,Bob O'Neil",
		"not (firstname eq 'Ann')":                                             "100% sure,Bob O'Neil",
		"firstname lt 'b'":                                                     "Ann Archer",
		"contains(fullname,'AR')":                                              "Ann Archer",
		"contains(fullname,'%')":                                               all,
		"contains(fullname,'[%]')":                                             "100% sure",
		"contains(fullname,'_nn_A')":                                           "Ann Archer",
		"startswith(fullname,'b')":                                             "Bob O'Neil",
		"endswith(fullname,'er') eq true":                                      "Ann Archer",
		"not startswith(fullname,'b')":                                         "100% sure,Ann Archer",
		"donotemail eq true":                                                   "100% sure",
		"donotemail":                                                           "100% sure",
		"preferredcontactmethodcode eq 2":                                      "Bob O'Neil",
		"birthdate lt 1990-01-01":                                              "Bob O'Neil",
		"createdon ge 2026-03-01T00:00:00Z":                                    "Ann Archer,Bob O'Neil",
		"createdon lt 2026-02-20T11:00:00+01:00":                               "",
		"createdon le 2026-02-20T11:00:00+01:00":                               "100% sure",
		"contactid eq " + strings.ToUpper(w.ann):                               "Ann Archer",
		"_parentcustomerid_value eq " + w.acme:                                 "Ann Archer",
		"parentcustomerid_account/name eq 'acme'":                              "Ann Archer",
		"firstname eq 'Ann' and (lastname eq 'x' or lastname eq 'Archer')":     "Ann Archer",
		"firstname eq 'Ann' or firstname eq 'Bob'":                             "Ann Archer,Bob O'Neil",
		"emailaddress1 eq 'ann@acme.test' or emailaddress1 eq 'bob@acme.test'": "Ann Archer,Bob O'Neil",
		"emailaddress1 eq 'ann@acme.test' and statecode eq 1":                  "",
		"Microsoft.Dynamics.CRM.In(PropertyName='emailaddress1',PropertyValues=[\"ann@acme.test\",\"x\"])":              "Ann Archer",
		"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['" + w.ann + "','" + bob + "'])":            "Ann Archer,Bob O'Neil",
		"Microsoft.Dynamics.CRM.NotIn(PropertyName='statecode',PropertyValues=[\"1\"])":                                 all,
		"Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='createdon',PropertyValue='2026-03-02')":                         "Ann Archer,Bob O'Neil",
		"Microsoft.Dynamics.CRM.On(PropertyName='createdon',PropertyValue='2026-02-20')":                                "100% sure",
		"Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=30)":                                   all,
		"Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue='3')":                                  "Ann Archer,Bob O'Neil",
		"Microsoft.Dynamics.CRM.Today(PropertyName='createdon')":                                                        "Ann Archer,Bob O'Neil",
		"Microsoft.Dynamics.CRM.Between(PropertyName='createdon',PropertyValues=['2026-02-01T00:00:00Z','2026-02-28'])": "100% sure",
		"opportunity_customer_contacts/any(o:o/estimatedvalue gt 100)":                                                  "Bob O'Neil",
		"parentcustomerid_account eq 'x'":                                                                               "!",
		"Microsoft.Dynamics.CRM.In(PropertyName='description',PropertyValues=['x'])":                                    "!",
		"Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[\"O'Neil\",\"x','y\"])":                      "Bob O'Neil",
		"statecode eq 0 and emailaddress1 eq 'ann@acme.test'":                                                           "Ann Archer",
		"opportunity_customer_contacts/any()":                                                                           "Bob O'Neil",
		"opportunity_customer_contacts/all(o:o/name eq 'Small')":                                                        "100% sure,Ann Archer",
		"Account_Emails/any()":    "!",
		"modifiedon ge createdon": all,
	} {
		if want == "!" {
			w.want(w.call("GET", "contacts?$filter="+url.QueryEscape(filter), ""), 400, codeBadQuery)
			continue
		}
		if got := w.find("contacts", "fullname", filter); got != want {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
	}
	for filter, want := range map[string]string{"estimatedvalue ge 1000.5": "Big", "estimatedvalue eq 10": "Small", "customerid_contact/firstname eq 'Bob'": "Big",
		"Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')": "Small", "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='_ownerid_value')": "Small"} {
		if got := w.find("opportunities", "name", filter); got != want {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
	}
	if got := w.find("accounts", "name", "contact_customer_accounts/any(c:c/firstname eq 'Ann' and not c/opportunity_customer_contacts/any(o:o/name eq 'Big'))"); got != "Acme" {
		t.Errorf("nested any finds %q", got)
	}
	r := w.call("GET", "contacts?$filter=firstname%20eq%20@n&@n='Ann'&$count=true", "")
	if len(r.rows()) != 1 || r.json["@odata.count"] != 1.0 {
		t.Errorf("alias finds %v", r.json)
	}
	if r := w.call("GET", "contacts/$count?$filter=firstname eq 'Ann'", ""); r.text != "1" {
		t.Errorf("$count is %q", r.text)
	}
	many := "firstname eq 'x'" + strings.Repeat(" or firstname eq 'x'", maxConditions)
	w.want(w.call("GET", "contacts?$filter="+many, ""), 400, codeTooManyConditions)
	deep := strings.Repeat("(", maxNesting+1) + "firstname eq 'x'" + strings.Repeat(")", maxNesting+1)
	w.want(w.call("GET", "contacts?$filter="+deep, ""), 400, codeBadQuery)
	w.want(w.call("GET", "contacts?$filter=firstname eq '"+strings.Repeat("x", maxURL)+"'", ""), 414, "")
}

func TestPagesAreCompleteInAnyOrder(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		w.seed("lead", map[string]any{"lastname": fmt.Sprint("L", i%7), "subject": []any{"a", "b", nil}[i%3]})
	}
	for _, order := range []string{"", "&$orderby=lastname", "&$orderby=subject desc,lastname", "&$orderby=modifiedon,leadid"} {
		seen := map[string]bool{}
		last := ""
		pages := 0
		for path := "leads?$select=lastname,subject&$filter=lastname ne 'L6'" + order; path != ""; pages++ {
			r := w.call("GET", path, "", "Prefer", "odata.maxpagesize=4")
			w.want(r, 200, "")
			for _, row := range r.rows() {
				id := row["leadid"].(string)
				if seen[id] {
					t.Errorf("order %q: %s comes twice", order, id)
				}
				seen[id] = true
				if order == "&$orderby=lastname" && row["lastname"].(string) < last {
					t.Errorf("order %q: %v after %s", order, row["lastname"], last)
				}
				last, _ = row["lastname"].(string)
			}
			path, _ = r.json["@odata.nextLink"].(string)
			if path != "" && (!strings.HasPrefix(path, w.base+"leads?") || !strings.Contains(path, "$skiptoken=%3Ccookie%20pagenumber%3D%22")) {
				t.Errorf("next link is %s", path)
			}
		}
		if len(seen) != 22 || pages != 6 {
			t.Errorf("order %q: %d rows on %d pages", order, len(seen), pages)
		}
	}
	if n := len(w.call("GET", "leads?$top=3", "").rows()); n != 3 {
		t.Errorf("$top gives %d", n)
	}
	if n := len(w.call("GET", "leads?$top=3", "", "Prefer", "odata.maxpagesize=5").rows()); n != 5 {
		t.Errorf("$top beside maxpagesize should not count, but gives %d", n)
	}
}

func TestExpandShowsRowsBehindProperties(t *testing.T) {
	w := newWorld(t)
	w.want(w.put(idA, w.email("Quote", "<q@acme.test>")), 204, "")
	w.want(w.call("PATCH", "tasks("+idB+")", `{"subject":"Call","regardingobjectid_account_task@odata.bind":"/accounts(`+w.acme+`)"}`), 204, "")
	r := w.call("GET", "contacts?$select=fullname&$expand=parentcustomerid_account($select=name;$expand=primarycontactid($select=fullname)),parentcustomerid_contact", "")
	w.want(r, 200, "")
	if s := fmt.Sprint(r.rows()[0]["parentcustomerid_account"].(map[string]any)["name"], r.rows()[0]["parentcustomerid_contact"]); s != "Acme<nil>" {
		t.Errorf("expanded row is %v", r.json)
	}
	r = w.call("GET", "emails("+idA+")?$select=subject&$expand=email_activity_parties($select=addressused;$filter=participationtypemask eq 3)", "", "If-None-Match", `*`)
	w.want(r, 200, "")
	if p := r.json["email_activity_parties"].([]any); len(p) != 1 {
		t.Errorf("filtered parties are %v", p)
	}
	r = w.call("GET", "accounts("+w.acme+")/Account_ActivityPointers?$select=subject,activitytypecode&$orderby=subject", "")
	w.want(r, 200, "")
	if rows := r.rows(); len(rows) != 2 || rows[0]["activitytypecode"] != "task" || rows[1]["activitytypecode"] != "email" {
		t.Errorf("activities are %v", r.json)
	}
	r = w.call("GET", "activitypointers?$filter=_regardingobjectid_value eq "+w.acme+"&$select=subject,description", "")
	if len(r.rows()) != 2 {
		t.Errorf("activities are %v", r.json)
	}
	w.want(w.call("GET", "activitypointers("+idA+")?$select=description", ""), 200, "")
	w.want(w.call("GET", "emails("+idA+")/regardingobjectid_account_email?$select=name", ""), 200, "")
	w.want(w.call("GET", "emails("+idA+")/regardingobjectid_contact_email", ""), 204, "")
	r = w.call("GET", "emails("+idA+")/regardingobjectid_account_email/$ref", "")
	if r.json["@odata.id"] != w.base+"accounts("+w.acme+")" {
		t.Errorf("$ref is %v", r.json)
	}
	if r := w.call("GET", "emails("+idA+")/subject", ""); r.json["value"] != "Quote" {
		t.Errorf("property is %v", r.json)
	}
	if r := w.call("GET", "accounts("+w.acme+")/Account_Emails/$count", ""); r.text != "1" {
		t.Errorf("count is %s", r.text)
	}
	w.want(w.call("DELETE", "emails("+idA+")/category", ""), 204, "")
	w.want(w.call("GET", "emails?$expand=nope", ""), 400, codeBadQuery)
	w.want(w.call("GET", "emails("+idA+")/nope", ""), 404, codeUnknownSegment)
}

// scanned is an organization with n emails, for timing.
func scanned(tb testing.TB, n int) *world {
	w := newWorld(tb)
	for i := range n {
		w.seed("email", map[string]any{"subject": fmt.Sprint("Subject ", i), "messageid": fmt.Sprintf("<%d@acme.test>", i)})
	}
	return w
}

func TestTwentyThousandRowsAreScannedInMilliseconds(t *testing.T) {
	w := scanned(t, 20000)
	w.call("GET", "emails?$select=subject&$filter=subject eq 'Subject 777'", "") // sorts the ids, once
	started := time.Now()
	r := w.call("GET", "emails?$select=subject&$filter=contains(subject,'ject 777')", "")
	scan := time.Since(started)
	w.want(r, 200, "")
	if len(r.rows()) != 11 {
		t.Errorf("%d rows", len(r.rows()))
	}
	started = time.Now()
	if len(w.call("GET", "emails?$select=subject&$filter=messageid eq '<777@acme.test>'", "").rows()) != 1 {
		t.Error("not found by its Message-ID")
	}
	t.Logf("full scan %v, by index %v", scan, time.Since(started))
	if scan > 500*time.Millisecond {
		t.Errorf("the scan took %v", scan)
	}
}

func BenchmarkScan20000(b *testing.B) {
	w := scanned(b, 20000)
	for b.Loop() {
		w.call("GET", "emails?$select=subject&$filter=contains(subject,'ject 777')", "")
	}
}

func BenchmarkByMessageID(b *testing.B) {
	w := scanned(b, 20000)
	for b.Loop() {
		w.call("GET", "emails?$select=subject&$filter=messageid eq '<777@acme.test>'", "")
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"subject eq 'a''b'", "not (a or b) and c", "contains(subject,'[a-z]%_')", "createdon ge 2026-01-01T00:00:00Z", "email_activity_parties/any(p:p/addressused eq 'x')",
		"Microsoft.Dynamics.CRM.In(PropertyName='statecode',PropertyValues=[\"0\",'1'])", "_ownerid_value eq 11111111-2222-3333-4444-555555555555", "directioncode", "statecode eq -1.5e3", "((((", "subject eq @a"} {
		f.Add(s)
	}
	o, err := Open(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { o.Close() })
	if _, err := o.Create("email", map[string]any{"subject": "a'b", "activityid": idA}); err != nil {
		f.Fatal(err)
	}
	tab := o.schema.byName["email"]
	f.Fuzz(func(t *testing.T, src string) {
		c, err := parseFilter(src, tableScope{o.schema, tab}, map[string]string{"@a": "'x'"})
		if err != nil {
			if asRefusal(err).status >= 500 && asRefusal(err).status != 501 {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		tx := o.begin("")
		tx.seed = true
		e := &env{t: tx}
		d := o.tables["email"]
		holds := c.holds(e, d.rows[idA])
		if c.plan != nil && holds {
			if ids, ok := c.plan(d); ok && !slices.Contains(ids, idA) {
				t.Fatalf("%q holds, but its plan misses the row", src)
			}
		}
	})
}
