package crmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"postrider/offline"
)

// Project is a table of the organization's own that every fixture has: emails
// can be about its records, and they hold a mail address.
const Project offline.Kind = "new_project"

// People is what a CRM can do besides for address book and records.
type People interface {
	Lookup(ctx context.Context, refs []offline.Ref) ([]offline.Record, error)
	List(ctx context.Context, kind offline.Kind, each func([]offline.Ref) error) error
}

func (f Fixture) people(t *testing.T) People {
	t.Helper()
	p, ok := f.CRM.(People)
	if !ok {
		t.Fatal("this CRM can't look up and list records")
	}
	return p
}

func making(kind offline.Kind, parent offline.Ref, fields offline.Fields) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpCreateRecord, Record: offline.Ref{Kind: kind, ID: uuid.NewString()}, Parent: parent, Fields: fields}}
}

var peopleCases = []testCase{
	{"teams, equipment, units and the organization's own tables are pulled with their addresses", func(t *testing.T, f Fixture) { // R-EMAIL-06, R-EMAIL-13
		team := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindTeam}, Name: "Sales", Addrs: []string{"sales@firm.example"}})
		van := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEquipment}, Name: "Van", Addrs: []string{"van@firm.example"}})
		project := f.Create(offline.Record{Ref: offline.Ref{Kind: Project}, Name: "New hall", Addrs: []string{"hall@firm.example"}})
		r := newReplica(offline.KindTeam, offline.KindEquipment, offline.KindUnit, Project)
		r.pull(t, f.CRM)
		for _, ref := range []offline.Ref{team, van, project} {
			if rec := r.records[ref]; len(rec.Addrs) != 1 || !strings.HasSuffix(rec.Addrs[0], "@firm.example") || !rec.Active || rec.Name == "" {
				t.Errorf("%s: %+v", ref, rec)
			}
		}
		if r.names(offline.KindUnit) == "" {
			t.Error("no business unit was pulled")
		}
		f.Rename(project, "Old hall")
		r.pull(t, f.CRM)
		if got := r.names(Project); got != "Old hall" {
			t.Errorf("projects %q", got)
		}
	}},
	{"Me tells of the organization's own tables and of what the user may create", func(t *testing.T, f Fixture) { // R-REGARDING-01, R-EMAIL-10
		f.NoCreate(offline.KindLead)
		for range 2 {
			o := f.me(t).Options
			want := []offline.Table{{Kind: Project, Label: "Project", Plural: "Projects", Regarding: true, Addresses: true}}
			if !slices.Equal(o.Tables, want) {
				t.Errorf("tables %+v, want %+v", o.Tables, want)
			}
			if o.Creates == nil || !o.May(offline.KindContact) || !o.May(offline.KindCase) || o.May(offline.KindLead) {
				t.Errorf("may create %v", o.Creates)
			}
		}
	}},
	{"an email can be about a record of a table of the organization's own, and be to it", func(t *testing.T, f Fixture) { // R-REGARDING-01, R-EMAIL-14
		w := f.world()
		project := f.Create(offline.Record{Ref: offline.Ref{Kind: Project}, Name: "New hall", Addrs: []string{"hall@firm.example"}})
		team := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindTeam}, Name: "Sales", Addrs: []string{"hall@firm.example"}})
		e := f.email(w, 1)
		e.Email.Regarding = project
		e.Email.Parties[1] = offline.Party{Role: offline.RoleTo, Address: offline.Address{Addr: "hall@firm.example"}, Records: []offline.Ref{project, team}}
		etag := f.pushGood(t, e)[0].ETag
		want := f.stored(e)
		f.check(t, want)
		for _, to := range []offline.Ref{w.account, project, {}, project} {
			etag = f.pushGood(t, setRegarding(e.Email.Ref, to, etag))[0].ETag
			want.Regarding = to
			f.check(t, want)
		}
		there, err := f.CRM.Exists(t.Context(), []offline.Ref{project, {Kind: Project, ID: uuid.NewString()}})
		if err != nil || !there[project] || len(there) != 2 {
			t.Errorf("%v, %v", there, err)
		}
		found, err := f.CRM.Search(t.Context(), "hall", []offline.Kind{offline.KindAccount, Project, offline.KindTeam}, 10)
		if err != nil || len(found) != 2 || found[0].Ref != project {
			t.Errorf("found %v, %v", found, err)
		}
	}},
	{"a table that is not there is passed over, and can't be what an email is about", func(t *testing.T, f Fixture) {
		w := f.world()
		none := offline.Ref{Kind: "new_none", ID: uuid.NewString()}
		r := newReplica(offline.KindAccount, none.Kind)
		r.pull(t, f.CRM)
		if r.names(offline.KindAccount) == "" {
			t.Error("no account was pulled")
		}
		e := f.email(w, 1)
		f.pushGood(t, e)
		if out := f.push(t, setRegarding(e.Email.Ref, none, "")); offline.ClassOf(out[0].Err) != offline.FaultRejected {
			t.Errorf("%+v", out)
		}
	}},
	{"records are looked up whole, and those that are gone are left out", func(t *testing.T, f Fixture) {
		w := f.world()
		f.Delete(w.lead)
		got, err := f.people(t).Lookup(t.Context(), []offline.Ref{w.ann, w.offer, w.lead, w.ann})
		if err != nil || len(got) != 2 || got[0].Ref != w.ann || got[0].Parent != w.account || len(got[0].Addrs) != 2 || got[1].Ref != w.offer {
			t.Errorf("%+v, %v", got, err)
		}
	}},
	{"a listing names every record that the user may see", func(t *testing.T, f Fixture) {
		want := map[offline.Ref]bool{}
		for n := range 30 {
			want[f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: fmt.Sprintf("C %d", n)})] = true
		}
		list := func() map[offline.Ref]bool {
			got := map[offline.Ref]bool{}
			if err := f.people(t).List(t.Context(), offline.KindContact, func(rs []offline.Ref) error {
				for _, r := range rs {
					got[r] = true
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := list(); len(got) != len(want) {
			t.Errorf("%d listed, want %d", len(got), len(want))
		}
		for r := range want {
			f.Delete(r)
			delete(want, r)
			break
		}
		if got := list(); len(got) != len(want) {
			t.Errorf("%d listed after one was deleted, want %d", len(got), len(want))
		}
		f.Hide(offline.KindContact)
		if err := f.people(t).List(t.Context(), offline.KindContact, func([]offline.Ref) error { return nil }); offline.ClassOf(err) != offline.FaultDenied {
			t.Errorf("a kind that is hidden: %v", err)
		}
	}},
	{"a contact, a lead, an opportunity and a case are made with their fields", func(t *testing.T, f Fixture) { // R-TRACK-20
		w := f.world()
		person := offline.Fields{"first": "Bo", "last": "Li", "title": "Buyer", "phone": "1", "mobile": "2", "email": "bo@li.example", "website": "https://li.example", "city": "Brno", "notes": "a\nb"}
		lead := offline.Fields{"topic": "Drills & co. ž😀", "company": "Li Ltd", "last": "Li", "email": "li@li.example"}
		for i, c := range []struct {
			write offline.Write
			want  offline.Record
		}{
			{making(offline.KindContact, w.account, person), offline.Record{Name: "Bo Li", Addrs: []string{"bo@li.example"}, Parent: w.account, Fields: person}},
			{making(offline.KindLead, offline.Ref{}, lead), offline.Record{Name: "Li", Addrs: []string{"li@li.example"}, Fields: lead}},
			{making(offline.KindOpportunity, w.ann, offline.Fields{"topic": "500 drills", "value": "1200.5", "notes": "n"}), offline.Record{Name: "500 drills", Parent: w.ann, Fields: offline.Fields{"notes": "n"}}},
			{making(offline.KindOpportunity, offline.Ref{}, offline.Fields{"topic": "for nobody yet"}), offline.Record{Name: "for nobody yet"}},
			{making(offline.KindCase, w.account, offline.Fields{"topic": "Broken", "notes": "n"}), offline.Record{Name: "Broken", Parent: w.account, Fields: offline.Fields{"notes": "n"}}},
		} {
			out := f.pushGood(t, c.write)
			if out[0].ETag == "" || out[0].Existed || len(out[0].Notes) > 0 {
				t.Errorf("%d: %+v", i, out)
			}
			c.want.Ref = c.write.Change.Record
			f.holds(t, c.want)
			if out := f.pushGood(t, c.write); !out[0].Existed {
				t.Errorf("%d: the repeat is not recognised: %+v", i, out)
			}
		}
	}},
	{"what is too long for a record is cut, with a note", func(t *testing.T, f Fixture) {
		w := making(offline.KindContact, offline.Ref{}, offline.Fields{"first": strings.Repeat("ž", 60), "last": "Li", "notes": strings.Repeat("long ", 1000), "company": "Li Ltd"})
		out := f.pushGood(t, w)
		if len(out[0].Notes) != 2 {
			t.Errorf("notes %q", out[0].Notes)
		}
		f.holds(t, offline.Record{Ref: w.Change.Record, Name: strings.Repeat("ž", 50) + " Li"})
	}},
	{"what is refused says what the CRM said, and stops nothing else", func(t *testing.T, f Fixture) { // R-EMAIL-10
		w := f.world()
		f.NoCreate(offline.KindLead)
		f.Delete(w.ann)
		good := making(offline.KindContact, w.ann, offline.Fields{"last": "Li"})
		out := f.push(t, making(offline.KindLead, offline.Ref{}, offline.Fields{"last": "Li"}), making(offline.KindCase, offline.Ref{}, offline.Fields{"topic": "for nobody"}), making(offline.KindCase, w.ann, offline.Fields{"topic": "t"}), good,
			making(offline.KindQueue, offline.Ref{}, offline.Fields{"topic": "t"}))
		for i, want := range []struct {
			class offline.FaultClass
			text  string
		}{{offline.FaultDenied, "create a lead"}, {offline.FaultRejected, "contact or account"}, {offline.FaultRejected, "contact that the case is for"}, {"", ""}, {offline.FaultRejected, "queue"}} {
			if got := out[i].Err; offline.ClassOf(got) != want.class || got != nil && !strings.Contains(got.Error(), want.text) {
				t.Errorf("%d: %v, want %+v", i, got, want)
			}
		}
		if len(out[3].Notes) != 1 {
			t.Errorf("a contact whose account is gone: %q", out[3].Notes)
		}
		f.holds(t, offline.Record{Ref: good.Change.Record, Name: "Li"})
	}},
	{"a record that was made, but whose answer was lost, is made once", func(t *testing.T, f Fixture) {
		w := making(offline.KindContact, offline.Ref{}, offline.Fields{"last": "Li"})
		f.Fail(DropAfter, 1)
		_, _ = f.CRM.Push(t.Context(), []offline.Write{w})
		f.Fail(DropAfter, 0)
		f.pushGood(t, w)
		f.holds(t, offline.Record{Ref: w.Change.Record, Name: "Li"})
	}},
}

// holds compares what the organization holds of a record: of its fields those
// that want names.
func (f Fixture) holds(t *testing.T, want offline.Record) {
	t.Helper()
	got := f.Record(want.Ref)
	if got.Ref != want.Ref || got.Name != want.Name || got.Parent != want.Parent || !slices.Equal(got.Addrs, want.Addrs) {
		t.Errorf("record:\n got %+v\nwant %+v", got, want)
	}
	for word, v := range want.Fields {
		if got.Fields[word] != v {
			t.Errorf("%s of %s: %q, want %q", word, want.Ref, got.Fields[word], v)
		}
	}
}
