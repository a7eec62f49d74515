package localorg

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// follow reads a listing to its end and returns rows and deltaLink.
func (w *world) follow(path string, headers ...string) (rows []map[string]any, delta string, pages int) {
	w.t.Helper()
	for path != "" {
		r := w.call("GET", path, "", headers...)
		w.want(r, 200, "")
		rows = append(rows, r.rows()...)
		pages++
		path, _ = r.json["@odata.nextLink"].(string)
		delta, _ = r.json["@odata.deltaLink"].(string)
	}
	return rows, delta, pages
}

func TestChangeTrackingTellsChangesAndDeletionsSince(t *testing.T) {
	w := newWorld(t)
	track := []string{"Prefer", "odata.track-changes,odata.maxpagesize=2"}
	for i := range 5 {
		w.want(w.put(fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", i), `{"subject":"s"}`), 204, "")
	}
	rows, delta, pages := w.follow("emails?$select=subject", track...)
	if len(rows) != 5 || pages != 3 || delta == "" {
		t.Fatalf("first listing has %d rows on %d pages, delta link %q", len(rows), pages, delta)
	}
	if rows, _, _ := w.follow(delta); len(rows) != 0 {
		t.Errorf("nothing changed, but %v", rows)
	}
	w.want(w.call("PATCH", "emails(bbbbbbbb-0000-4000-8000-000000000003)", `{"subject":"t"}`), 204, "")
	w.want(w.call("PATCH", "emails(bbbbbbbb-0000-4000-8000-000000000001)", `{"subject":"u"}`), 204, "")
	w.want(w.call("DELETE", "emails(bbbbbbbb-0000-4000-8000-000000000002)", ""), 204, "")
	w.want(w.put(idA, `{"subject":"came and went"}`), 204, "")
	w.want(w.call("DELETE", "emails("+idA+")", ""), 204, "")
	r := w.call("GET", delta, "")
	w.want(r, 200, "")
	var got []string
	for _, row := range r.rows() {
		if row["reason"] != nil {
			got = append(got, fmt.Sprint("-", row["id"].(string)[35:]))
			continue
		}
		got = append(got, fmt.Sprint("+", row["activityid"].(string)[35:], row["subject"]))
	}
	if s := fmt.Sprint(got); s != "[+3t +1u -2 -1]" {
		t.Errorf("delta is %s", s)
	}
	token := delta[strings.Index(delta, "$deltatoken="):]
	if r := w.call("GET", "emails/$count?"+token, ""); r.text != "4" {
		t.Errorf("changes counted: %s", r.text)
	}
	rows, _, pages = w.follow(delta, "Prefer", "odata.maxpagesize=1")
	if len(rows) != 4 || pages != 4 {
		t.Errorf("paged delta has %d rows on %d pages", len(rows), pages)
	}
}

func TestChangesWhilePagingComeWithTheNextDelta(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.want(w.put(fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", i), `{"subject":"s"}`), 204, "")
	}
	r := w.call("GET", "emails?$select=subject", "", "Prefer", "odata.track-changes,odata.maxpagesize=2")
	w.want(w.call("PATCH", "emails(bbbbbbbb-0000-4000-8000-000000000003)", `{"subject":"t"}`), 204, "")
	_, delta, _ := w.follow(r.json["@odata.nextLink"].(string), "Prefer", "odata.track-changes,odata.maxpagesize=2")
	rows, _, _ := w.follow(delta)
	if len(rows) != 1 || rows[0]["subject"] != "t" {
		t.Errorf("delta is %v", rows)
	}
}

func TestChangeTrackingRefusals(t *testing.T) {
	w := newWorld(t)
	for _, q := range []string{"$filter=subject eq 'x'", "$orderby=subject", "$expand=email_activity_parties", "$top=3"} {
		w.want(w.call("GET", "emails?"+q, "", "Prefer", "odata.track-changes"), 400, codeBadQuery)
	}
	w.want(w.call("GET", "activityparties", "", "Prefer", "odata.track-changes"), 400, codeBadQuery)
	_, delta, _ := w.follow("accounts?$select=name", "Prefer", "odata.track-changes")
	w.org.Deny(w.me, "account", ReadOrganization)
	w.want(w.call("GET", delta, ""), 403, codePrivilegeDenied)
	w.want(w.call("GET", "accounts?$select=name", "", "Prefer", "odata.track-changes"), 403, codePrivilegeDenied)
	w.org.Allow(w.me, "account", ReadOrganization)
	w.want(w.call("GET", "accounts?$deltatoken=x", ""), 400, codeBadQuery)
	w.want(w.call("GET", "accounts?$deltatoken=999999!03/02/2026 09:00:00", ""), 400, codeExpiredStamp)
	w.clock.add(8 * 24 * time.Hour)
	w.want(w.call("GET", delta, ""), 400, codeExpiredStamp)
	_, delta, _ = w.follow("accounts?$select=name", "Prefer", "odata.track-changes")
	w.want(w.call("GET", delta, ""), 200, "")
	w.org.ExpireDeltaTokens()
	w.want(w.call("GET", delta, ""), 400, codeExpiredStamp)
	_, delta, _ = w.follow("accounts?$select=name", "Prefer", "odata.track-changes")
	w.want(w.call("GET", delta, ""), 200, "")
}
