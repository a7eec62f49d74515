package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/app/localorg"
	"postrider/offline"
)

// desk is an agent on the rig's profile, in this process, with a clock that the
// test moves.
type desk struct {
	*rig
	agent *agent.Agent
	store *offline.Store
	ahead time.Duration
	close func()
}

func (r *rig) desk() *desk {
	r.t.Helper()
	p, err := openProfile(r.t.Context(), r.home)
	if err != nil {
		r.t.Fatal(err)
	}
	d := &desk{rig: r, store: p.Store}
	c := p.Agent.Config
	c.Now = func() time.Time { return time.Now().Add(d.ahead) }
	if d.agent, err = agent.New(c); err != nil {
		r.t.Fatal(err)
	}
	open := true
	d.close = func() {
		if open {
			open = false
			_ = p.Close()
		}
	}
	r.t.Cleanup(d.close)
	return d
}

// once does one sync a minute later.
func (d *desk) once() {
	d.t.Helper()
	d.ahead += time.Minute
	if _, err := d.agent.SyncOnce(context.Background()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) key(id string) uint64 { return d.message(id).Key }

func (d *desk) message(id string) (m offline.Message) {
	d.t.Helper()
	if err := d.store.View(func(tx *offline.Tx) (err error) { m, err = tx.MessageByIdentity(id); return err }); err != nil {
		d.t.Fatal(err)
	}
	return m
}

// row is the row of a table that has this in a column.
func (d *desk) row(table, column string, value any) map[string]any {
	d.t.Helper()
	rows := d.org.Rows(table, func(r map[string]any) bool { return r[column] == value })
	if len(rows) != 1 {
		d.t.Fatalf("%d rows of %s with %s %v", len(rows), table, column, value)
	}
	return rows[0]
}

func (d *desk) parties(email any, mask int64) (out []string) {
	for _, p := range d.org.Rows("activityparty", func(p map[string]any) bool {
		return p["_activityid_value"] == email && p["participationtypemask"] == mask
	}) {
		out = append(out, fmt.Sprintf("%v=%v", p["addressused"], p["partyidtype"]))
	}
	slices.Sort(out)
	return out
}

func (r *rig) seed(table string, row map[string]any) string {
	r.t.Helper()
	id, err := r.org.Create(table, row)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// TestPeopleAndRecordsGoAllTheWay carries the organization's own tables, teams,
// picks and conversions through agent, adapter and organization.
func TestPeopleAndRecordsGoAllTheWay(t *testing.T) {
	r := newRig(t, "none")
	now := time.Now().Add(-time.Hour)
	hall := r.seed("new_project", map[string]any{"new_name": "Nový hall", "new_email": "hall@alder.example"})
	r.seed("team", map[string]any{"name": "Field", "emailaddress": "field@alder.example"})
	r.seed("equipment", map[string]any{"name": "Van", "emailaddress": "field@alder.example"})
	twin := r.seed("lead", map[string]any{"subject": "Twin", "lastname": "Twin", "emailaddress1": contactAddr(0)})
	r.dove.Add("INBOX",
		letter("<project@acme.example>", now, "From: C <"+contactAddr(0)+">", "To: hall@alder.example, field@alder.example", "Cc: Ann <"+me+">", "Subject: RE: Foundations CRM:0001001"),
		letter("<stranger@new.example>", now, "From: Bo Li <bo@li.example>", "To: "+me, "Subject: Drills"),
		letter("<claim@acme.example>", now, "From: C1 <"+contactAddr(1)+">", "To: "+me, "Subject: AW: Broken"))
	d := r.desk()
	d.once()

	// The address book knows them all, and a search finds them offline.
	complete := func(text string) string {
		var out []string
		for _, e := range d.agent.Book().Complete(text, 5) {
			out = append(out, e.Addr)
		}
		return strings.Join(out, " ")
	}
	if got := complete("support"); got != "support@alder.example" {
		t.Errorf("completed %q", got)
	}
	tables := d.agent.RegardingKinds()
	if own := tables[len(tables)-1]; own.Kind != "new_project" || own.Plural != "Projects" {
		t.Errorf("tables %v", tables)
	}
	r.org.Faults().Next(100, localorg.Fault{Kind: localorg.DropBefore})
	found, err := d.agent.Search(context.Background(), "novy", []offline.Kind{offline.KindAccount, "new_project"})
	if !offline.ClassOf(err).Transient() || len(found) != 1 || found[0].ID != hall {
		t.Errorf("offline: found %v, %v", found, err)
	}

	// Offline: about a project, to a project and to a team and equipment of one
	// address; the sender is the lead, not the contact of that address.
	project := offline.Ref{Kind: "new_project", ID: hall}
	if _, err := d.agent.SetRegarding([]uint64{d.key("<project@acme.example>")}, project); err != nil {
		t.Fatal(err)
	}
	cs, err := d.agent.Candidates(contactAddr(0))
	if err != nil || len(cs) != 2 || cs[0].Kind != offline.KindContact {
		t.Errorf("candidates %v, %v", cs, err)
	}
	if _, err := d.agent.Pick(contactAddr(0), offline.Ref{Kind: offline.KindLead, ID: twin}); err != nil {
		t.Fatal(err)
	}
	// A contact of a stranger, and a case of a claim.
	p, err := d.agent.Propose(d.key("<stranger@new.example>"), offline.KindContact)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.agent.CreateFrom(d.key("<stranger@new.example>"), p); err != nil {
		t.Fatal(err)
	}
	if p, err = d.agent.Propose(d.key("<claim@acme.example>"), offline.KindCase); err != nil || p.Parent.ID != accountID || p.Fields["topic"] != "Broken" {
		t.Fatalf("%+v, %v", p, err)
	}
	p.Fields["notes"] = strings.Repeat("long ", 1000)
	ticket, _, err := d.agent.CreateFrom(d.key("<claim@acme.example>"), p)
	if err != nil {
		t.Fatal(err)
	}
	d.close()
	r.org.Faults().Clear()
	d = r.desk() // what was done is on disk; the new process knows no metadata yet
	d.ahead = time.Minute
	d.once()

	mail := d.row("email", "messageid", "<project@acme.example>")
	if mail["regardingobjectidtype"] != "new_project" || mail["_regardingobjectid_value"] != hall {
		t.Errorf("about %v %v", mail["regardingobjectidtype"], mail["_regardingobjectid_value"])
	}
	if got := fmt.Sprint(d.parties(mail["activityid"], 1), d.parties(mail["activityid"], 2)); got != "["+contactAddr(0)+"=lead] [field@alder.example=equipment field@alder.example=team hall@alder.example=new_project]" {
		t.Errorf("parties %s", got)
	}
	contact := d.row("contact", "emailaddress1", "bo@li.example")
	if contact["fullname"] != "Bo Li" || contact["_ownerid_value"] != r.user {
		t.Errorf("contact %v", contact)
	}
	if d.message("<stranger@new.example>").Track.State != offline.Untracked {
		t.Errorf("%+v", d.message("<stranger@new.example>").Track)
	}
	row := d.row("incident", "incidentid", ticket.ID)
	if notes := fmt.Sprint(row["description"]); row["title"] != "Broken" || row["_customerid_value"] != accountID || row["caseorigincode"] != int64(2) || len(notes) > 2000 || len(notes) < 1990 {
		t.Errorf("case %v", row)
	}
	if claim := d.row("email", "messageid", "<claim@acme.example>"); claim["_regardingobjectid_value"] != ticket.ID {
		t.Errorf("the claim is about %v", claim["_regardingobjectid_value"])
	}
	d.once()
	if cs, err := d.agent.Candidates("bo@li.example"); err != nil || len(cs) != 1 {
		t.Errorf("after the next pull: %v, %v", cs, err)
	}

	// What the CRM refuses is shown on the message with its words, and goes when
	// it may.
	r.org.Deny(r.user, "opportunity", localorg.Create)
	if p, err = d.agent.Propose(d.key("<stranger@new.example>"), offline.KindOpportunity); err != nil {
		t.Fatal(err)
	}
	deal, _, err := d.agent.CreateFrom(d.key("<stranger@new.example>"), p)
	if err != nil {
		t.Fatal(err)
	}
	d.once()
	if m := d.message("<stranger@new.example>"); m.Track.State != offline.Failed || !strings.Contains(m.Track.Reason, "prvCreateOpportunity") {
		t.Errorf("%+v", m.Track)
	}
	r.org.Allow(r.user, "opportunity", localorg.Create)
	if err := d.agent.Retry([]uint64{d.key("<stranger@new.example>")}); err != nil {
		t.Fatal(err)
	}
	d.once()
	if mail := d.row("email", "messageid", "<stranger@new.example>"); mail["_regardingobjectid_value"] != deal.ID || d.row("opportunity", "opportunityid", deal.ID)["name"] != "Drills" {
		t.Errorf("%v", mail)
	}
	if m := d.message("<stranger@new.example>"); m.Track.State != offline.Tracked || m.Track.Reason != "" {
		t.Errorf("%+v", m.Track)
	}
}

func TestTheAddressBookForgetsWhatWasDeletedAlsoWithoutChangeTracking(t *testing.T) {
	// R-ADDRESSBOOK-02
	r := newRig(t, "none")
	r.org.Deny(r.user, "team", localorg.ReadOrganization) // no change tracking on teams, which nobody owns
	r.org.Deny(r.user, "contact", localorg.ReadOrganization)
	var mine []string
	for i := range 3 {
		mine = append(mine, r.seed("contact", map[string]any{"lastname": fmt.Sprint("Mine ", i), "emailaddress1": fmt.Sprintf("mine%d@own.example", i), "ownerid@odata.bind": "/systemusers(" + r.user + ")"}))
	}
	d := r.desk()
	d.once()
	if got := len(d.agent.Book().Complete("own", 10)); got != 3 {
		t.Fatalf("%d entries", got)
	}
	if err := r.org.Delete("contact", mine[0]); err != nil {
		t.Fatal(err)
	}
	d.once()
	d.ahead += 24 * time.Hour
	d.once()
	if got := len(d.agent.Book().Complete("own", 10)); got != 2 {
		t.Errorf("%d entries after a day", got)
	}
}
