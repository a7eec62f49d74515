package dataverse

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

const (
	acct = "aaaaaaaa-0000-4000-8000-000000000001"
	cont = "cccccccc-0000-4000-8000-000000000001"
	mail = "eeeeeeee-0000-4000-8000-000000000001"
	self = "99999999-0000-4000-8000-000000000001"
)

// pulled collects what a Pull emits, and the cursors as a store would keep them.
type pulled struct {
	deltas  []offline.RecordDelta
	cursors map[offline.Kind]offline.CRMCursor
}

func (p *pulled) emit(d offline.RecordDelta) error {
	p.deltas = append(p.deltas, d)
	if p.cursors == nil {
		p.cursors = map[offline.Kind]offline.CRMCursor{}
	}
	p.cursors[d.Kind] = d.Cursor
	return nil
}

func cursors(kinds ...offline.Kind) (out []offline.CRMCursor) {
	for _, k := range kinds {
		out = append(out, offline.CRMCursor{Kind: k})
	}
	return out
}

func TestAContactIsTranslatedWithParentOwnerAndSummary(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		if p := a.header.Get("Prefer"); !strings.Contains(p, "odata.track-changes") || !strings.Contains(p, "lookuplogicalname") {
			t.Errorf("Prefer: %s", p)
		}
		return ok(`{"value":[{"@odata.etag":"W/\"7\"","contactid":"` + strings.ToUpper(cont) + `","fullname":"Ann Moravia","emailaddress1":"ann@example.com","emailaddress3":" a@example.org ",
			"jobtitle":"Head of Purchasing","telephone1":"+1 2","statecode":0,"createdon":"2026-01-01T08:00:00Z","modifiedon":"2026-02-01T08:00:00Z",
			"_parentcustomerid_value":"` + acct + `","_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"account","_parentcustomerid_value@OData.Community.Display.V1.FormattedValue":"Moravia Tools",
			"_ownerid_value":"` + self + `","_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"systemuser","surprise":{"deep":[1]}}],
			"@odata.deltaLink":"https://other.host/api/data/v9.2/contacts?$select=x&$deltatoken=7%2108"}`)
	}}
	var p pulled
	if err := s.start(t).Pull(t.Context(), cursors(offline.KindContact), p.emit); err != nil {
		t.Fatal(err)
	}
	d := p.deltas[0]
	if !d.Reset || !d.Final || d.Cursor.Delta != "contacts?$select=x&$deltatoken=7%2108" || len(d.Changed) != 1 {
		t.Fatalf("delta: %+v", d)
	}
	r := d.Changed[0]
	want := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: cont}, Name: "Ann Moravia", Active: true, ETag: `W/"7"`,
		Parent: offline.Ref{Kind: offline.KindAccount, ID: acct}, Owner: offline.Ref{Kind: offline.KindUser, ID: self}, Summary: "Head of Purchasing, Moravia Tools"}
	if r.Ref != want.Ref || r.Name != want.Name || r.Parent != want.Parent || r.Owner != want.Owner || r.Summary != want.Summary || r.ETag != want.ETag || !r.Active {
		t.Errorf("record: %+v", r)
	}
	if !slices.Equal(r.Addrs, []string{"ann@example.com", "a@example.org"}) || r.Fields["title"] != "Head of Purchasing" || r.Fields["phone"] != "+1 2" {
		t.Errorf("addresses %v, fields %v", r.Addrs, r.Fields)
	}
}

func TestNothingNewInAllKindsIsOneRequest(t *testing.T) {
	kinds := []offline.Kind{offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase, offline.KindUser, offline.KindQueue, offline.KindEmail}
	s := &scripted{op: func(a asked) said {
		return ok(`{"value":[],"@odata.deltaLink":"http://x/api/data/v9.2/` + a.path + `"}`)
	}}
	c := s.start(t)
	var p pulled
	if err := c.Pull(t.Context(), cursors(kinds...), p.emit); err != nil {
		t.Fatal(err)
	}
	var again []offline.CRMCursor
	for _, k := range kinds {
		again = append(again, p.cursors[k])
	}
	before, _ := c.Requests()
	p = pulled{}
	if err := c.Pull(t.Context(), again, p.emit); err != nil {
		t.Fatal(err)
	}
	if all, writes := c.Requests(); all-before != 1 || writes != 0 {
		t.Errorf("%d requests, %d writes", all-before, writes)
	}
	for _, d := range p.deltas {
		if d.Reset || !d.Final || len(d.Changed)+len(d.Gone) > 0 {
			t.Errorf("%+v", d)
		}
	}
}

func TestATombstoneIsGoneAndNothingElseIs(t *testing.T) {
	s := &scripted{op: func(asked) said {
		return ok(`{"@odata.context":"http://x/api/data/v9.2/$metadata#accounts(name)/$delta","value":[{"accountid":"` + acct + `","name":"A"},
			{"@odata.context":"http://x/$metadata#accounts/$deletedEntity","id":"` + strings.ToUpper(cont) + `","reason":"deleted"}],"@odata.deltaLink":"http://x/api/data/v9.2/accounts?$deltatoken=9"}`)
	}}
	var p pulled
	cur := offline.CRMCursor{Kind: offline.KindAccount, Delta: "accounts?$deltatoken=8"}
	if err := s.start(t).Pull(t.Context(), []offline.CRMCursor{cur}, p.emit); err != nil {
		t.Fatal(err)
	}
	d := p.deltas[0]
	if d.Reset || len(d.Changed) != 1 || len(d.Gone) != 1 || d.Gone[0] != (offline.Ref{Kind: offline.KindAccount, ID: cont}) {
		t.Errorf("%+v", d)
	}
}

func TestAnExpiredTokenLeadsToAFullListing(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		if strings.Contains(a.path, "$deltatoken") {
			return fails(400, codeExpired, "Version stamp associated with the client has expired. Please perform a full sync.")
		}
		return ok(`{"value":[],"@odata.deltaLink":"http://x/api/data/v9.2/accounts?$deltatoken=9"}`)
	}}
	var p pulled
	cur := offline.CRMCursor{Kind: offline.KindAccount, Delta: "accounts?$deltatoken=1"}
	if err := s.start(t).Pull(t.Context(), []offline.CRMCursor{cur}, p.emit); err != nil {
		t.Fatal(err)
	}
	if len(p.deltas) != 1 || !p.deltas[0].Reset || !p.deltas[0].Final || p.deltas[0].Cursor.Delta != "accounts?$deltatoken=9" {
		t.Errorf("%+v", p.deltas)
	}
}

func TestWithoutOrganizationWideReadModifiedOnIsAskedAndWithoutAnyTheKindIsDenied(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		switch {
		case strings.HasPrefix(a.path, "leads"), strings.Contains(a.header.Get("Prefer"), "track-changes"):
			return fails(403, codeDenied, "Principal user is missing prvReadLead privilege")
		case strings.Contains(a.path, "modifiedon ge 2026-02-01T07:58:00Z"):
			return ok(`{"value":[]}`)
		}
		return ok(`{"value":[{"contactid":"` + cont + `","modifiedon":"2026-02-01T08:00:00Z"}]}`)
	}}
	now := nowForTests()
	c := s.start(t, func(cfg *Config) { cfg.Now = func() time.Time { return now } })
	var p pulled
	if err := c.Pull(t.Context(), cursors(offline.KindContact, offline.KindLead), p.emit); err != nil {
		t.Fatal(err)
	}
	cc, lc := p.cursors[offline.KindContact], p.cursors[offline.KindLead]
	if !cc.NoDelta || !cc.Since.Equal(time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)) || cc.Denied {
		t.Errorf("contacts: %+v", cc)
	}
	if !lc.Denied {
		t.Errorf("leads: %+v", lc)
	}
	before := len(s.log())
	p = pulled{}
	if err := c.Pull(t.Context(), []offline.CRMCursor{cc, lc}, p.emit); err != nil {
		t.Fatal(err)
	}
	if got := s.log()[before:]; len(got) != 1 || len(p.deltas) != 1 || p.deltas[0].Reset {
		t.Errorf("second pull asked %d times: %+v", len(got), p.deltas)
	}
	now = now.Add(askAgain) // the right may have been given meanwhile
	before = len(s.log())
	if err := c.Pull(t.Context(), []offline.CRMCursor{lc}, p.emit); err != nil || len(s.log()) == before {
		t.Errorf("a denied kind is never asked again (%v)", err)
	}
}

func TestATableWithoutChangeTrackingIsAskedByModifiedOn(t *testing.T) {
	for name, answer := range map[string]said{
		"refused": fails(400, "0x80040203", "Change tracking is not enabled"),
		"unheard": ok(`{"value":[{"queueid":"` + acct + `","modifiedon":"2026-02-01T08:00:00Z"}]}`),
	} {
		s := &scripted{op: func(a asked) said {
			if strings.Contains(a.header.Get("Prefer"), "track-changes") {
				return answer
			}
			return ok(`{"value":[{"queueid":"` + acct + `","modifiedon":"2026-02-01T08:00:00Z"}]}`)
		}}
		var p pulled
		if err := s.start(t).Pull(t.Context(), cursors(offline.KindQueue), p.emit); err != nil {
			t.Fatal(err)
		}
		if c := p.cursors[offline.KindQueue]; !c.NoDelta || c.Since.IsZero() || len(p.deltas) != 1 || !p.deltas[0].Reset {
			t.Errorf("%s: %+v", name, p.deltas)
		}
	}
}

func TestAColumnThatAnOlderServerLacksIsLeftOut(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		for _, col := range []string{"mobilephone", "department"} {
			if strings.Contains(a.path, col) {
				return fails(400, "0x80060888", "Could not find a property named '"+col+"' on type 'Microsoft.Dynamics.CRM.contact'.")
			}
		}
		return ok(`{"value":[],"@odata.deltaLink":"http://x/api/data/v9.2/contacts?$deltatoken=9"}`)
	}}
	c := s.start(t)
	var p pulled
	for range 2 {
		if err := c.Pull(t.Context(), cursors(offline.KindContact), p.emit); err != nil {
			t.Fatal(err)
		}
	}
	if all, _ := c.Requests(); all != 4 || p.cursors[offline.KindContact].Delta == "" {
		t.Errorf("%d requests, cursor %+v", all, p.cursors)
	}
}

func TestALongListingGoesOnFromItsCursorPageByPage(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		var n int
		if _, after, ok := strings.Cut(a.path, "$skiptoken="); ok {
			_, _ = fmt.Sscanf(after, "%d", &n)
		}
		row := fmt.Sprintf(`{"accountid":"aaaaaaaa-0000-4000-8000-%012d","name":"n%d"}`, n, n)
		if n == 3 {
			return ok(`{"value":[` + row + `],"@odata.deltaLink":"http://x/api/data/v9.2/accounts?$deltatoken=9"}`)
		}
		return ok(`{"value":[` + row + fmt.Sprintf(`],"@odata.nextLink":"http://x/api/data/v9.2/accounts?$select=name&$skiptoken=%d"}`, n+1))
	}}
	c := s.start(t)
	var p pulled
	stop := fmt.Errorf("killed")
	err := c.Pull(t.Context(), cursors(offline.KindAccount), func(d offline.RecordDelta) error {
		_ = p.emit(d)
		if len(p.deltas) == 2 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Fatal(err)
	}
	if err := c.Pull(t.Context(), []offline.CRMCursor{p.cursors[offline.KindAccount]}, p.emit); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, d := range p.deltas {
		if d.Reset != (i == 0) || d.Final != (i == 3) {
			t.Errorf("batch %d: reset %v final %v", i, d.Reset, d.Final)
		}
		for _, r := range d.Changed {
			names = append(names, r.Name)
		}
	}
	if got := strings.Join(names, " "); got != "n0 n1 n2 n3" {
		t.Errorf("rows: %s", got)
	}
}

func TestEmailsAreAskedSinceTheCursorWithMessageIDOnly(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		if !strings.Contains(a.path, "modifiedon ge 2026-01-09T23:58:00Z and messageid ne null") || strings.Contains(a.path, "description") ||
			strings.Contains(a.header.Get("Prefer"), "track-changes") {
			t.Errorf("asked %s (%s)", a.path, a.header.Get("Prefer"))
		}
		return ok(`{"value":[{"activityid":"` + mail + `","subject":"Quote","messageid":"<a@b>","trackingtoken":"CRM:0001001","directioncode":true,"statecode":1,"actualend":"2026-01-31T07:00:00Z","senton":"2026-02-01T08:00:00Z","modifiedon":"2026-02-01T08:00:00Z",
			"_regardingobjectid_value":"` + acct + `","_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"incident"}]}`)
	}}
	var p pulled
	cur := offline.CRMCursor{Kind: offline.KindEmail, Since: time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)}
	if err := s.start(t).Pull(t.Context(), []offline.CRMCursor{cur}, p.emit); err != nil {
		t.Fatal(err)
	}
	want := offline.Email{Identity: "<a@b>", Token: "CRM:0001001", Outgoing: true, Closed: true, Regarding: offline.Ref{Kind: offline.KindCase, ID: acct}, Sent: time.Date(2026, 1, 31, 7, 0, 0, 0, time.UTC)}
	if d := p.deltas[0]; d.Reset || !d.Final || !reflect.DeepEqual(*d.Changed[0].Email, want) || !d.Cursor.Since.Equal(d.Changed[0].Changed) {
		t.Errorf("%+v %+v", d, d.Changed[0].Email)
	}
}

func TestOneFailingKindDoesNotKeepTheOthersFromBeingPulled(t *testing.T) {
	s := &scripted{op: func(a asked) said {
		if strings.HasPrefix(a.path, "accounts") {
			return fails(500, "0x80040216", "An unexpected error occurred.")
		}
		return ok(`{"value":[],"@odata.deltaLink":"http://x/api/data/v9.2/contacts?$deltatoken=9"}`)
	}}
	var p pulled
	err := s.start(t).Pull(t.Context(), cursors(offline.KindAccount, offline.KindContact), p.emit)
	if offline.ClassOf(err) != offline.FaultServer || len(p.deltas) != 1 || p.deltas[0].Kind != offline.KindContact {
		t.Errorf("%v, %+v", err, p.deltas)
	}
}

func TestMeIsOneRequestAndTwoWhereTheServerCannotFilterByCaller(t *testing.T) {
	for _, filters := range []bool{true, false} {
		s := &scripted{op: func(a asked) said {
			user := `{"systemuserid":"` + self + `","fullname":"Me Myself","internalemailaddress":"me@example.com"}`
			settings := `{"systemuserid":"` + self + `","incomingemailfilteringmethod":2}`
			path, _, _ := strings.Cut(a.path, "?")
			switch path {
			case "WhoAmI":
				return ok(`{"UserId":"` + strings.ToUpper(self) + `","OrganizationId":"` + acct + `"}`)
			case "organizations":
				if strings.Contains(a.path, "unresolveemail") {
					return fails(400, "0x80060888", "Could not find a property named 'unresolveemailaddressifmultiplematch' on type 'Microsoft.Dynamics.CRM.organization'.")
				}
				return ok(`{"value":[{"trackingprefix":"CRM:;OLD:","trackingtokeniddigits":4,"maximumtrackingnumber":99999,"emailcorrelationenabled":true,"maxuploadfilesize":5242880,"blockedattachments":"exe; BAT;.cmd","ignoreinternalemail":false}]}`)
			case "systemusers(" + self + ")":
				return ok(user)
			case "usersettingscollection(" + self + ")":
				return ok(settings)
			}
			if path == "RetrieveVersion()" || !filters {
				return fails(400, "0x80060888", "no such function")
			}
			if path == "systemusers" {
				return ok(`{"value":[` + user + `]}`)
			}
			return ok(`{"value":[` + settings + `]}`)
		}}
		c := s.start(t)
		u, err := c.Me(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o := u.Options
		if u.ID != self || u.Name != "Me Myself" || u.Address != "me@example.com" || o.Filter != "people" || o.TokenDigits != 10 || !o.TwoActivities || o.UnresolveMany ||
			!slices.Equal(o.TokenPrefixes, []string{"CRM:", "OLD:"}) || !slices.Equal(o.Blocked, []string{"exe", "bat", "cmd"}) || o.MaxAttachment != 5<<20 || !o.CorrelateHeader {
			t.Errorf("%+v", u)
		}
		before, _ := c.Requests()
		if _, err := c.Me(context.Background()); err != nil {
			t.Fatal(err)
		}
		if all, _ := c.Requests(); filters && all-before != 1 {
			t.Errorf("%d requests", all-before)
		}
	}
}
