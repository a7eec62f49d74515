package localorg

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve puts the organization on a port and makes w speak to it by bearer token.
func (w *world) serve() *httptest.Server {
	srv := httptest.NewServer(w.org.Handler())
	w.t.Cleanup(srv.Close)
	w.base = srv.URL + "/api/data/v9.2/"
	tr := &http.Transport{DisableKeepAlives: true}
	w.http = &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return srv
}

func TestBearerTokensAreAskedForAndExpire(t *testing.T) {
	w := newWorld(t)
	srv := w.serve()
	r := w.call("GET", "WhoAmI", "")
	w.want(r, 401, "")
	want := "Bearer authorization_uri=" + srv.URL + "/" + w.org.ID() + "/oauth2/authorize, resource_id=" + srv.URL + "/"
	if got := r.header.Get("WWW-Authenticate"); got != want || r.text != "" {
		t.Errorf("challenge is %q, body %q", got, r.text)
	}
	w.org.GrantUntil("secret", w.me, w.clock.now().Add(time.Hour))
	auth := []string{"Authorization", "Bearer secret"}
	r = w.call("GET", "WhoAmI", "", auth...)
	w.want(r, 200, "")
	if r.header.Get("OData-Version") != "4.0" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json; odata.metadata=minimal") {
		t.Errorf("headers are %v", r.header)
	}
	r = w.call("POST", "contacts", `{"lastname":"X"}`, auth...)
	if !strings.HasPrefix(r.header.Get("OData-EntityId"), w.base) {
		t.Errorf("entity id is %q", r.header.Get("OData-EntityId"))
	}
	w.want(w.call("GET", "WhoAmI", "", "Authorization", "Bearer other"), 401, "")
	w.want(w.call("GET", "WhoAmI", "", append(auth, "MSCRMCallerID", idA)...), 403, codePrivilegeDenied)
	w.clock.add(time.Hour)
	w.want(w.call("GET", "WhoAmI", "", auth...), 401, "")
	w.org.Grant("secret", w.me)
	w.want(w.call("GET", "WhoAmI", "", auth...), 200, "")
	if err := w.org.Update("systemuser", w.me, map[string]any{"isdisabled": true}); err != nil {
		t.Fatal(err)
	}
	w.want(w.call("GET", "WhoAmI", "", auth...), 403, codeUserDisabled)
	w.org.Revoke("secret")
	w.want(w.call("GET", "WhoAmI", "", auth...), 401, "")
}

func TestOlderOrganizationAnswersItsOwnVersionOnly(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Versions = []string{"v9.1"} })
	w.want(w.call("GET", "WhoAmI", ""), 404, codeUnknownSegment)
	w.want(w.call("GET", "http://org.local/api/data/v9.1/WhoAmI", ""), 200, "")
	r := w.call("GET", "http://org.local/api/data/v9.1/contacts?$top=1", "")
	if c := r.json["@odata.context"].(string); !strings.HasPrefix(c, "http://org.local/api/data/v9.1/$metadata#contacts") {
		t.Errorf("context is %s", c)
	}
}

func TestDiscoveryListsTheOrganization(t *testing.T) {
	w := newWorld(t)
	srv := w.serve()
	r := w.call("GET", srv.URL+"/api/discovery/v2.0/Instances", "")
	w.want(r, 401, "")
	if !strings.Contains(r.header.Get("WWW-Authenticate"), "/common/") {
		t.Errorf("challenge is %q", r.header.Get("WWW-Authenticate"))
	}
	w.org.Grant("s", w.me)
	auth := []string{"Authorization", "Bearer s"}
	r = w.call("GET", srv.URL+"/api/discovery/v2.0/Instances?$select=ApiUrl,FriendlyName&$filter=State eq 0", "", auth...)
	w.want(r, 200, "")
	if rows := r.rows(); len(rows) != 1 || rows[0]["ApiUrl"] != srv.URL || rows[0]["Id"] != nil {
		t.Errorf("instances are %v", r.json)
	}
	r = w.call("GET", srv.URL+"/api/discovery/v2.0/Instances(UniqueName='local')", "", auth...)
	if r.json["Id"] != w.org.ID() {
		t.Errorf("instance is %v", r.json)
	}
	w.want(w.call("GET", srv.URL+"/api/discovery/v2.0/Instances("+idA+")", "", auth...), 404, "")
}

// eachWay runs a test over the wire and in process.
func eachWay(t *testing.T, run func(t *testing.T, w *world)) {
	t.Run("in process", func(t *testing.T) { run(t, newWorld(t)) })
	t.Run("over HTTP", func(t *testing.T) {
		w := newWorld(t)
		w.serve()
		w.org.Grant("s", w.me)
		w.http.Transport = bearer{w.http.Transport}
		run(t, w)
	})
}

type bearer struct{ next http.RoundTripper }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer s")
	return b.next.RoundTrip(r)
}

func TestFaultsHappenAsTold(t *testing.T) {
	eachWay(t, func(t *testing.T, w *world) {
		f := w.org.Faults()
		f.Next(1, Fault{Kind: DropBefore})
		if _, err := w.try("PATCH", "emails("+idA+")", `{"subject":"s"}`); err == nil || w.org.Count("email") != 0 {
			t.Errorf("dropped before the write: error %v, %d emails", err, w.org.Count("email"))
		}
		f.NextWhen(1, Writes, Fault{Kind: DropAfter})
		w.want(w.call("GET", "WhoAmI", ""), 200, "")
		if _, err := w.try("PATCH", "emails("+idA+")", `{"subject":"s"}`); err == nil || w.org.Count("email") != 1 {
			t.Errorf("dropped after the write: error %v, %d emails", err, w.org.Count("email"))
		}
		f.Next(1, Fault{Kind: Throttle, RetryAfter: 1500 * time.Millisecond})
		r := w.call("GET", "WhoAmI", "")
		w.want(r, 429, codeThrottledRequests)
		if r.header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After is %q", r.header.Get("Retry-After"))
		}
		f.Next(2, Fault{Kind: ServerError, Status: 503})
		w.want(w.call("GET", "WhoAmI", ""), 503, "")
		w.want(w.call("PATCH", "emails("+idB+")", `{"subject":"s"}`), 503, "")
		f.Next(1, Fault{Kind: ExpireToken})
		w.want(w.call("GET", "WhoAmI", ""), 401, "")
		f.Next(1, Fault{Kind: Slow, Latency: time.Millisecond})
		w.want(w.call("GET", "WhoAmI", ""), 200, "")
		if w.org.Count("email") != 1 || f.Done() != 7 {
			t.Errorf("%d emails, %d faults", w.org.Count("email"), f.Done())
		}
	})
}

func TestDropInProcessIsAConnectionReset(t *testing.T) {
	w := newWorld(t)
	w.org.Faults().Next(1, Fault{Kind: DropBefore})
	if _, err := w.try("GET", "WhoAmI", ""); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error is %v", err)
	}
}

func TestFaultsByChanceRepeatWithTheirSeed(t *testing.T) {
	run := func() string {
		w := newWorld(t)
		w.org.Faults().Chance(0.3, 7, nil, Fault{Kind: ServerError})
		var s strings.Builder
		for range 60 {
			s.WriteByte("xo"[w.call("GET", "WhoAmI", "").status/300])
		}
		w.org.Faults().Clear()
		w.want(w.call("GET", "WhoAmI", ""), 200, "")
		return s.String()
	}
	a, b := run(), run()
	if n := strings.Count(a, "o"); a != b || n < 8 || n > 30 {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestCloseEndsARequestThatWaits(t *testing.T) {
	w := newWorld(t)
	waits := make(chan struct{})
	w.org.Faults().NextWhen(1, func(*http.Request) bool { close(waits); return true }, Fault{Kind: Slow, Latency: time.Hour})
	failed := make(chan error, 1)
	go func() {
		_, err := w.http.Get(w.base + "WhoAmI")
		failed <- err
	}()
	<-waits
	if err := w.org.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	if _, err := w.try("GET", "WhoAmI", ""); err == nil {
		t.Error("a closed organization answered")
	}
}

func TestServiceProtectionLimits(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits = Limits{Requests: 3, Window: time.Minute, Concurrent: 1} })
	for range 3 {
		w.want(w.call("GET", "WhoAmI", ""), 200, "")
		w.clock.add(time.Second)
	}
	r := w.call("GET", "WhoAmI", "")
	w.want(r, 429, codeThrottledRequests)
	if r.header.Get("Retry-After") != "57" {
		t.Errorf("Retry-After is %s", r.header.Get("Retry-After"))
	}
	if r := w.call("GET", "WhoAmI", ""); r.header.Get("Retry-After") != "58" {
		t.Errorf("who keeps pushing should wait longer, not %s", r.header.Get("Retry-After"))
	}
	w.clock.add(58 * time.Second)
	w.want(w.call("GET", "WhoAmI", ""), 200, "")

	w = newWorld(t, func(o *Options) { o.Limits = Limits{Concurrent: 1} })
	body, feed := io.Pipe()
	done := make(chan int, 1)
	go func() {
		req, _ := http.NewRequest("PATCH", w.base+"emails("+idA+")", body)
		req.Header.Set("Content-Type", "application/json")
		res, err := w.http.Do(req)
		if err != nil {
			done <- 0
			return
		}
		res.Body.Close()
		done <- res.StatusCode
	}()
	if _, err := io.WriteString(feed, `{"subject":`); err != nil { // returns once the request reads its body
		t.Fatal(err)
	}
	w.want(w.call("GET", "WhoAmI", ""), 429, codeThrottledParallel)
	io.WriteString(feed, `"s"}`)
	feed.Close()
	if status := <-done; status != 204 {
		t.Errorf("the first request is answered %d", status)
	}
	w.want(w.call("GET", "WhoAmI", ""), 200, "")
}

func TestBodyThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.org.maxBody = 100
	w.want(w.call("POST", "contacts", `{"lastname":"`+strings.Repeat("x", 100)+`"}`), 413, "")
	w.want(w.call("POST", "contacts", `{"lastname":"x"}`), 204, "")
}

func TestRequestsAreCountedAndListed(t *testing.T) {
	w := newWorld(t)
	w.org.ResetStats()
	w.call("GET", "WhoAmI", "")
	w.batch(multi("b", part("", "GET", "WhoAmI", ""), part("", "POST", "contacts", `{"lastname":"L"}`)))
	w.call("GET", "contacts?$top=1", "")
	if got, want := w.org.Stats(), (Stats{Requests: 3, Writes: 1, Operations: 4, WriteOperations: 1}); got != want {
		t.Errorf("stats are %+v, want %+v", got, want)
	}
	if list := w.org.Requests(); len(list) != 3 || list[2] != (Recorded{"GET", "/api/data/v9.2/contacts", "$top=1", 200}) {
		t.Errorf("list is %+v", list)
	}
}

func TestMetadataDescribesTablesAndColumns(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Tables = []Table{{Name: "new_project", Set: "new_projects", Key: "new_projectid", NameColumn: "new_name", TypeCode: 10001, Owned: true, HasActivities: true, ChangeTracking: true,
			Columns: Texts(100, "new_name")}}
	})
	r := w.call("GET", "EntityDefinitions?$select=LogicalName,EntitySetName&$filter=ChangeTrackingEnabled eq true and IsCustomEntity eq false", "")
	w.want(r, 200, "")
	found := map[any]any{}
	for _, row := range r.rows() {
		found[row["LogicalName"]] = row["EntitySetName"]
		if row["Attributes"] != nil || row["ObjectTypeCode"] != nil {
			t.Fatalf("more than selected: %v", row)
		}
	}
	if found["email"] != "emails" || found["new_project"] != nil || found["activityparty"] != nil {
		t.Errorf("tracked tables are %v", found)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='task')/Attributes(LogicalName='description')/Microsoft.Dynamics.CRM.MemoAttributeMetadata?$select=MaxLength", "")
	if r.json["MaxLength"] != 2000.0 {
		t.Errorf("answer is %v", r.json)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='email')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,MaxLength&$filter=LogicalName eq 'subject'", "")
	if rows := r.rows(); len(rows) != 1 || rows[0]["MaxLength"] != 800.0 {
		t.Errorf("answer is %v", r.json)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='new_project')/OneToManyRelationships?$select=ReferencingEntityNavigationPropertyName&$filter=ReferencingEntity eq 'email' and ReferencingAttribute eq 'regardingobjectid'", "")
	if rows := r.rows(); len(rows) != 1 || rows[0]["ReferencingEntityNavigationPropertyName"] != "regardingobjectid_new_project_email" {
		t.Errorf("answer is %v", r.json)
	}
	r = w.call("GET", "EntityDefinitions(LogicalName='email')?$select=LogicalName&$expand=Attributes($select=LogicalName)", "")
	if list, _ := r.json["Attributes"].([]any); len(list) < 40 {
		t.Errorf("answer is %v", r.json)
	}
	w.want(w.call("GET", "EntityDefinitions(LogicalName='nope')", ""), 404, "")
	w.want(w.call("POST", "EntityDefinitions", "{}"), 405, "")
	project := w.call("POST", "new_projects", `{"new_name":"P"}`).header.Get("OData-EntityId")
	w.want(w.put(idA, `{"subject":"s","regardingobjectid_new_project_email@odata.bind":"`+project+`"}`), 204, "")
	if row := w.org.Row("email", idA); row["regardingobjectidtype"] != "new_project" {
		t.Errorf("email is %v", row)
	}
	var doc struct{ Value []struct{ Name string } }
	if err := json.Unmarshal([]byte(w.call("GET", "", "").text), &doc); err != nil || len(doc.Value) < 20 {
		t.Errorf("service document: %v, %d sets", err, len(doc.Value))
	}
}
