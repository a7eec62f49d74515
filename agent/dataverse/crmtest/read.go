package crmtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"postrider/offline"
)

var pulledKinds = []offline.Kind{offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase, offline.KindUser, offline.KindQueue}

var readCases = []testCase{
	{"Me says who is signed in", func(t *testing.T, f Fixture) {
		u, err := f.CRM.Me(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if u.ID != f.Me.ID || u.Address != f.Address || u.Organization == "" || u.Name == "" {
			t.Errorf("%+v", u)
		}
	}},
	{"the first pull brings everything, the next nothing, with one request", func(t *testing.T, f Fixture) {
		w := f.world()
		r := newReplica(pulledKinds...)
		for _, d := range r.pull(t, f.CRM) {
			if !d.Reset && d.Final {
				t.Errorf("the first listing of %s is not marked as full", d.Kind)
			}
		}
		ann := r.records[w.ann]
		if ann.Name != "Ann Novak" || ann.Parent != w.account || !slices.Equal(ann.Addrs, []string{"ann@moravia.example", "ann@home.example"}) || !ann.Active || ann.ETag == "" || ann.Changed.IsZero() {
			t.Errorf("contact: %+v", ann)
		}
		if r.records[w.offer].Parent != w.account || r.records[w.ticket].Parent != w.ann || len(r.records[f.Me].Addrs) != 1 {
			t.Errorf("records: %+v", r.records)
		}
		before, _ := f.CRM.Requests()
		for _, d := range r.pull(t, f.CRM) {
			if d.Reset || len(d.Changed)+len(d.Gone) > 0 {
				t.Errorf("nothing changed, but: %+v", d)
			}
		}
		if all, writes := f.CRM.Requests(); all-before != 1 || writes != 0 {
			t.Errorf("%d requests, %d writes", all-before, writes)
		}
	}},
	{"what colleagues add, change and delete is pulled", func(t *testing.T, f Fixture) {
		w := f.world()
		r := newReplica(pulledKinds...)
		r.pull(t, f.CRM)
		f.Rename(w.account, "Moravia Ltd")
		f.Delete(w.lead)
		f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: "Cy Young", Addrs: []string{"cy@moravia.example"}})
		r.pull(t, f.CRM)
		if r.names(offline.KindAccount) != "Moravia Ltd" || r.names(offline.KindLead) != "" || r.names(offline.KindContact) != "Ann Novak, Cy Young" {
			t.Errorf("accounts %q, leads %q, contacts %q", r.names(offline.KindAccount), r.names(offline.KindLead), r.names(offline.KindContact))
		}
	}},
	{"a cursor that is too old leads to a full listing", func(t *testing.T, f Fixture) {
		w := f.world()
		r := newReplica(pulledKinds...)
		r.pull(t, f.CRM)
		f.Delete(w.lead)
		f.Expire()
		ds := r.pull(t, f.CRM)
		if !slices.ContainsFunc(ds, func(d offline.RecordDelta) bool { return d.Reset }) || r.names(offline.KindLead) != "" || r.names(offline.KindContact) != "Ann Novak" {
			t.Errorf("leads %q, contacts %q: %+v", r.names(offline.KindLead), r.names(offline.KindContact), ds)
		}
	}},
	{"without organization-wide read what may be read is pulled, and new rows later", func(t *testing.T, f Fixture) {
		f.world()
		f.OwnOnly(offline.KindUser)
		r := newReplica(offline.KindUser, offline.KindAccount)
		r.pull(t, f.CRM)
		if cur := r.cursors[offline.KindUser]; !cur.NoDelta || cur.Denied || r.records[f.Me].Name == "" {
			t.Errorf("cursor %+v, users %q", cur, r.names(offline.KindUser))
		}
		f.Rename(f.Me, "Renamed")
		r.pull(t, f.CRM)
		if r.records[f.Me].Name == "" || r.names(offline.KindAccount) != "Moravia Tools" {
			t.Errorf("users %q", r.names(offline.KindUser))
		}
	}},
	{"a kind that may not be read is denied once and keeps no other from being pulled", func(t *testing.T, f Fixture) {
		f.world()
		f.Hide(offline.KindLead)
		r := newReplica(pulledKinds...)
		n := 0
		for range 2 {
			for _, d := range r.pull(t, f.CRM) {
				if d.Cursor.Denied {
					if n++; d.Final || d.Reset {
						t.Error("a refusal passes for a listing")
					}
				}
			}
		}
		if n != 1 || !r.cursors[offline.KindLead].Denied || r.names(offline.KindContact) != "Ann Novak" {
			t.Errorf("denied %d times, contacts %q", n, r.names(offline.KindContact))
		}
	}},
	{"a pull that is cut goes on from its cursor", func(t *testing.T, f Fixture) {
		for n := range 30 {
			f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindAccount}, Name: fmt.Sprintf("A%02d", n)})
		}
		r := newReplica(offline.KindAccount)
		cut := errors.New("cut")
		for n := 0; ; n++ {
			err := f.CRM.Pull(t.Context(), []offline.CRMCursor{r.cursors[offline.KindAccount]}, func(d offline.RecordDelta) error {
				_ = r.take(d)
				return cut
			})
			if err == nil || n > 100 {
				t.Fatalf("Pull does not return what emit returned: %v", err)
			}
			if d := r.deltas[len(r.deltas)-1]; d.Final {
				break
			}
		}
		if n := len(r.records); n != 30 {
			t.Errorf("%d records", n)
		}
	}},
	{"emails of colleagues are pulled and found by Message-ID and token", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail}, Name: "Re: drills CRM:0001001",
			Email: &offline.Email{Identity: "<x'y&z@firm.example>", Token: "CRM:0001001", Outgoing: true, Closed: true, Regarding: w.ticket}})
		f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail}, Name: "Never sent", Email: &offline.Email{Outgoing: true}})
		r := newReplica(offline.KindEmail)
		r.pull(t, f.CRM)
		byID, err := f.CRM.EmailsByIdentity(t.Context(), []string{"<x'y&z@firm.example>", "<none@firm.example>"})
		if err != nil {
			t.Fatal(err)
		}
		byToken, err := f.CRM.EmailsByToken(t.Context(), []string{"CRM:0001001", "CRM:0001002"})
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string][]offline.Record{"pulled": {r.records[e]}, "by identity": byID, "by token": byToken} {
			if len(got) != 1 || got[0].Ref != e || got[0].Email == nil || got[0].Email.Regarding != w.ticket || !got[0].Email.Closed || got[0].Email.Identity != "<x'y&z@firm.example>" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if len(r.records) != 1 {
			t.Errorf("emails without a Message-ID are pulled: %q", r.names(offline.KindEmail))
		}
	}},
	{"Exists says no only of what the CRM says is not there", func(t *testing.T, f Fixture) {
		w := f.world()
		f.Delete(w.lead)
		never := offline.Ref{Kind: offline.KindContact, ID: uuid.NewString()}
		got, err := f.CRM.Exists(t.Context(), []offline.Ref{w.account, w.ann, w.lead, never, w.offer})
		if err != nil {
			t.Fatal(err)
		}
		for r, want := range map[offline.Ref]bool{w.account: true, w.ann: true, w.lead: false, never: false, w.offer: true} {
			if got[r] != want {
				t.Errorf("%s: %v", r, got[r])
			}
		}
		f.Hide(offline.KindContact)
		if got, err = f.CRM.Exists(t.Context(), []offline.Ref{w.ann}); err != nil || !got[w.ann] {
			t.Errorf("a record that may not be read counts as deleted (%v)", err)
		}
	}},
	{"a search finds by name and address over kinds", func(t *testing.T, f Fixture) {
		w := f.world()
		f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: "Bob Moravia"})
		for text, want := range map[string][]offline.Ref{"moravia t": {w.account}, "ANN": {w.ann}, "bo@new": {w.lead}, "no such": nil, "drill": {w.offer, w.ticket}, "100%": nil} {
			got, err := f.CRM.Search(t.Context(), text, pulledKinds, 10)
			var refs []offline.Ref
			for _, r := range got {
				refs = append(refs, r.Ref)
			}
			if err != nil || !slices.Equal(refs, want) {
				t.Errorf("%q: %v, %v", text, got, err)
			}
		}
		if got, err := f.CRM.Search(t.Context(), "moravia", pulledKinds, 1); err != nil || len(got) != 1 || got[0].Ref != w.account {
			t.Errorf("the best one: %+v, %v", got, err)
		}
	}},
	{"it is safe for use by several goroutines", func(t *testing.T, f Fixture) {
		f.world()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := f.CRM.Me(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := f.CRM.Search(t.Context(), "moravia", pulledKinds, 5); err != nil {
					t.Error(err)
				}
				_, err := f.CRM.EmailsByIdentity(t.Context(), []string{"<a@b>"})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}},
	{"cancelling ends every call with an error", func(t *testing.T, f Fixture) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.CRM.Me(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Me: %v", err)
		}
		if err := f.CRM.Pull(ctx, []offline.CRMCursor{{Kind: offline.KindAccount}}, func(offline.RecordDelta) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("Pull: %v", err)
		}
		w := f.email(world{}, 1)
		if out, err := f.CRM.Push(ctx, []offline.Write{w}); !errors.Is(err, context.Canceled) || len(out) != 1 || out[0].Err == nil {
			t.Errorf("Push: %v, %+v", err, out)
		}
	}},
}
