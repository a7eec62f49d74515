package dataverse_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/agent/dataverse/crmtest"
	"postrider/app/localorg"
	"postrider/offline"
)

var _ agent.CRM = (*dataverse.Client)(nil)

// names of our kinds in the organization.
var tables = map[offline.Kind]struct{ table, set, name string }{
	offline.KindAccount: {"account", "accounts", "name"}, offline.KindContact: {"contact", "contacts", "lastname"},
	offline.KindLead: {"lead", "leads", "lastname"}, offline.KindOpportunity: {"opportunity", "opportunities", "name"},
	offline.KindCase: {"incident", "incidents", "title"}, offline.KindUser: {"systemuser", "systemusers", "lastname"},
	offline.KindQueue: {"queue", "queues", "name"}, offline.KindTeam: {"team", "teams", "name"}, offline.KindEquipment: {"equipment", "equipments", "name"},
	offline.KindUnit: {"businessunit", "businessunits", "name"}, crmtest.Project: {"new_project", "new_projects", "new_name"}, offline.KindEmail: {"email", "emails", "subject"},
}

func kindOf(table string) offline.Kind {
	for k, t := range tables {
		if t.table == table {
			return k
		}
	}
	return offline.Kind(table)
}

// block is small, so that an attachment of several blocks is small, too.
const block = 16 << 10

// local is a fixture: a local organization over HTTP on loopback.
type local struct {
	t             *testing.T
	org           *localorg.Org
	me, colleague string
}

func openLocal(t *testing.T, versions ...string) (crmtest.Fixture, *local) {
	t.Helper()
	return openLocalWith(t, nil, versions...)
}

func openLocalWith(t *testing.T, change []func(*dataverse.Config), versions ...string) (crmtest.Fixture, *local) {
	t.Helper()
	org, err := localorg.Open(localorg.Options{Versions: versions, Tables: []localorg.Table{projects()}})
	if err != nil {
		t.Fatal(err)
	}
	me, err := org.AddUser("Me", "Myself", "me@firm.example")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(org.Handler())
	t.Cleanup(func() { _ = org.Close(); srv.Close() })
	colleague, err := org.AddUser("Cole", "League", "cole@firm.example")
	if err != nil {
		t.Fatal(err)
	}
	l := &local{t, org, me, colleague}
	org.Grant("token-1", me)
	org.Grant("token-2", me)
	org.Grant("token-3", colleague)
	org.Grant("token-4", colleague)
	var later time.Duration
	client := func(tokens ...string) *dataverse.Client {
		cfg := dataverse.Config{
			URL: srv.URL, Transport: &http.Transport{}, PageSize: 7, Block: block,
			Token: func(_ context.Context, refused string) (string, error) {
				if refused == tokens[0] {
					return tokens[1], nil
				}
				return tokens[0], nil
			},
			Now:   func() time.Time { return time.Now().Add(later) },
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		}
		for _, fn := range change {
			fn(&cfg)
		}
		c, err := dataverse.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	return crmtest.Fixture{
		CRM: client("token-1", "token-2"), Another: func() crmtest.CRM { return client("token-1", "token-2") },
		Colleague: func() crmtest.CRM { return client("token-3", "token-4") }, Later: func(d time.Duration) { later += d },
		Block: block, FailAt: l.failAt, Text: l.text, File: l.file, Picture: l.picture, Notice: l.notice,
		Send: l.send, Status: l.status, Template: l.template,
		Me: offline.Ref{Kind: offline.KindUser, ID: me}, Address: "me@firm.example",
		Options: l.options, Methods: l.methods,
		Create: l.create, Rename: l.rename, Delete: l.delete, Emails: l.emails, Fail: l.fail, Expire: org.ExpireDeltaTokens,
		OwnOnly:  func(k offline.Kind) { org.Deny(me, tables[k].table, localorg.ReadOrganization) },
		Hide:     func(k offline.Kind) { org.Deny(me, tables[k].table, localorg.Read) },
		NoCreate: func(k offline.Kind) { org.Deny(me, tables[k].table, localorg.Create) },
		Record:   l.record,
	}, l
}

func (l *local) bind(r offline.Ref) string { return "/" + tables[r.Kind].set + "(" + r.ID + ")" }

func (l *local) create(r offline.Record) offline.Ref {
	l.t.Helper()
	tab := tables[r.Kind]
	row := map[string]any{tab.name: r.Name}
	if tab.name == "lastname" {
		first, last, _ := strings.Cut(r.Name, " ")
		row["firstname"], row["lastname"] = first, last
	}
	for i, a := range r.Addrs {
		switch r.Kind {
		case offline.KindQueue, offline.KindTeam, offline.KindEquipment, offline.KindUnit:
			row["emailaddress"] = a
		case crmtest.Project:
			row["new_email"] = a
		default:
			row[fmt.Sprintf("emailaddress%d", i+1)] = a
		}
	}
	if !r.Parent.IsZero() {
		nav := "customerid_"
		if r.Kind == offline.KindContact {
			nav = "parentcustomerid_"
		}
		row[nav+tables[r.Parent.Kind].table+"@odata.bind"] = l.bind(r.Parent)
	}
	if e := r.Email; e != nil {
		row["messageid"], row["trackingtoken"], row["directioncode"] = nilIfEmpty(e.Identity), nilIfEmpty(e.Token), e.Outgoing
		if !e.Regarding.IsZero() {
			row["regardingobjectid_"+tables[e.Regarding.Kind].table+"_email@odata.bind"] = l.bind(e.Regarding)
		}
		row["conversationindex"] = nilIfEmpty(e.Thread)
		switch {
		case e.Pending:
			row["statecode"], row["statuscode"] = 1, 6
		case e.Closed:
			row["statecode"], row["statuscode"] = 1, 3
		}
	}
	id, err := l.org.Create(tab.table, row)
	if err != nil {
		l.t.Fatal(err)
	}
	return offline.Ref{Kind: r.Kind, ID: id}
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (l *local) rename(r offline.Ref, name string) {
	l.t.Helper()
	if err := l.org.Update(tables[r.Kind].table, r.ID, map[string]any{tables[r.Kind].name: name}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *local) delete(r offline.Ref) {
	l.t.Helper()
	l.colleagueDo(http.MethodDelete, l.bind(r))
}

func (l *local) emails() (out []crmtest.Stored) {
	roles := map[int64]offline.PartyRole{1: offline.RoleSender, 2: offline.RoleTo, 3: offline.RoleCc, 4: offline.RoleBcc}
	parties, files := map[string][]string{}, map[string][]string{}
	for _, p := range l.org.Rows("activityparty", nil) {
		role := roles[p["participationtypemask"].(int64)]
		if role == "" {
			continue // owner and regarding, which the platform adds
		}
		var ref offline.Ref
		if id, _ := p["_partyid_value"].(string); id != "" {
			ref = offline.Ref{Kind: kindOf(p["partyidtype"].(string)), ID: id}
		}
		addr, _ := p["addressused"].(string)
		id := p["_activityid_value"].(string)
		parties[id] = append(parties[id], crmtest.Party(role, addr, ref))
	}
	for _, a := range l.org.Rows("activitymimeattachment", nil) {
		id := a["_objectid_value"].(string)
		files[id] = append(files[id], fmt.Sprintf("%v %v", a["filename"], a["filesize"]))
	}
	for _, e := range l.org.Rows("email", nil) {
		id := e["activityid"].(string)
		s := crmtest.Stored{Ref: offline.Ref{Kind: offline.KindEmail, ID: id}, Parties: parties[id], Attachments: files[id]}
		s.Identity, _ = e["messageid"].(string)
		s.Subject, _ = e["subject"].(string)
		s.Outgoing, _ = e["directioncode"].(bool)
		s.Closed = e["statecode"] == int64(1) && (e["statuscode"] == int64(4) || s.Outgoing && e["statuscode"] == int64(3))
		if r, _ := e["_regardingobjectid_value"].(string); r != "" {
			s.Regarding = offline.Ref{Kind: kindOf(e["regardingobjectidtype"].(string)), ID: r}
		}
		slices.Sort(s.Parties)
		slices.Sort(s.Attachments)
		out = append(out, s)
	}
	return out
}

func (l *local) fail(f crmtest.Fault, n int) {
	l.org.Faults().Clear()
	if n > 0 {
		l.org.Faults().Next(n, faults[f])
	}
}

// failAt makes one request fail, after k others.
func (l *local) failAt(f crmtest.Fault, k int) {
	l.org.Faults().Clear()
	l.org.Faults().NextWhen(1, func(*http.Request) bool { k--; return k < 0 }, faults[f])
}

var faults = map[crmtest.Fault]localorg.Fault{
	crmtest.DropBefore: {Kind: localorg.DropBefore}, crmtest.DropAfter: {Kind: localorg.DropAfter},
	crmtest.Throttled:   {Kind: localorg.Throttle, RetryAfter: time.Second},
	crmtest.ServerError: {Kind: localorg.ServerError}, crmtest.TokenExpired: {Kind: localorg.ExpireToken},
}

func TestTheClientConformsAgainstTheLocalOrganization(t *testing.T) {
	crmtest.Conformance(t, func(t *testing.T) crmtest.Fixture {
		f, _ := openLocal(t)
		return f
	})
}

func TestTheClientConformsAgainstAnOlderVersionOnPremises(t *testing.T) {
	crmtest.Conformance(t, func(t *testing.T) crmtest.Fixture {
		f, _ := openLocal(t, "v9.0", "v9.1")
		if _, err := f.CRM.Me(t.Context()); err != nil { // so that the version is known when requests are counted
			t.Fatal(err)
		}
		return f
	})
}
