package crmtest

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

// conversationCases are about what correlation asks of the CRM.
var conversationCases = []testCase{
	{"the emails of a conversation are found by its root, however the index is spelled", func(t *testing.T, f Fixture) { // R-TOKEN-01
		root := make([]byte, 22)
		for i := range root {
			root[i] = byte(0xa0 + i)
		}
		other := slices.Clone(root)
		other[21]++
		child := append(slices.Clone(root), 1, 2, 3, 4, 5)
		thread := func(name, index string) offline.Ref {
			return f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail}, Name: name, Email: &offline.Email{Identity: "<" + name + "@x.example>", Thread: index, Closed: true}})
		}
		first := thread("first", strings.ToUpper(hex.EncodeToString(root)))
		answer := thread("answer", strings.ToLower(hex.EncodeToString(child)))
		third := thread("third", base64.StdEncoding.EncodeToString(child))
		thread("another", strings.ToUpper(hex.EncodeToString(other)))
		thread("lower", base64.StdEncoding.EncodeToString([]byte(strings.ToLower(base64.StdEncoding.EncodeToString(root)))))
		got, err := f.CRM.EmailsByThread(t.Context(), []string{strings.ToUpper(hex.EncodeToString(root)), "", "no root"})
		if err != nil {
			t.Fatal(err)
		}
		found := map[offline.Ref]bool{}
		for _, r := range got {
			found[r.Ref] = r.Email.Thread != ""
		}
		if len(got) != 3 || !found[first] || !found[answer] || !found[third] {
			t.Errorf("%+v", got)
		}
	}},
	{"a conversation of many is asked for in few requests", func(t *testing.T, f Fixture) {
		var roots []string
		for n := range 300 {
			roots = append(roots, strings.ToUpper(hex.EncodeToString(append(make([]byte, 20), byte(n>>8), byte(n)))))
		}
		before, _ := f.CRM.Requests()
		if got, err := f.CRM.EmailsByThread(t.Context(), roots); err != nil || len(got) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if all, _ := f.CRM.Requests(); all-before > 2 {
			t.Errorf("%d requests", all-before)
		}
	}},
	{"emails are found by what their subject contains, with all their people", func(t *testing.T, f Fixture) { // R-TOKEN-17..21
		w := f.world()
		e := f.email(w, 1)
		e.Email.Subject = "AW: 100% of the [new] drills_it's"
		f.pushGood(t, e)
		for _, noise := range []string{"Re: 100 of the n drills", "100x of the [new] drills_it's", "Something else"} {
			f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail}, Name: noise, Email: &offline.Email{Closed: true}})
		}
		got, err := f.CRM.EmailsBySubject(t.Context(), []string{"100% OF the [new] drills_it's", "", "no such"}, time.Now().Add(-time.Hour))
		if err != nil || len(got) != 1 || got[0].Ref != e.Email.Ref {
			t.Fatalf("%+v, %v", got, err)
		}
		people := slices.Sorted(slices.Values(got[0].Email.People))
		want := slices.Sorted(slices.Values([]string{"ann@moravia.example", offline.Fold(f.Address), "support@firm.example", "stranger@example.org"}))
		if !slices.Equal(people, want) { // R-TOKEN-19: those in copy, too
			t.Errorf("people %q, want %q", people, want)
		}
		if got, err := f.CRM.EmailsBySubject(t.Context(), []string{"drills"}, time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
			t.Errorf("older than asked for: %+v, %v", got, err)
		}
	}},
	{"a pull tells conversation, people and what waits to be sent", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		f.pushGood(t, e)
		waits := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail}, Name: "Waits", Email: &offline.Email{Identity: "<w@x.example>", Thread: "AABB", Outgoing: true, Pending: true}})
		r := newReplica(offline.KindEmail)
		r.pull(t, f.CRM)
		if got := r.records[waits].Email; got == nil || !got.Pending || got.Thread != "AABB" {
			t.Errorf("%+v", got)
		}
		got := r.records[e.Email.Ref].Email
		if got == nil || got.Pending || !slices.Contains(got.People, "ann@moravia.example") || !slices.Contains(got.People, offline.Fold(f.Address)) {
			t.Errorf("%+v", got)
		}
	}},
}
