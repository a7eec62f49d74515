package track

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postrider/offline"

	"pgregory.net/rapid"
)

func TestTheSenderIsTheFirstActiveRecordInTheOrderOfKinds(t *testing.T) {
	// R-EMAIL-13: user, contact, account, lead, equipment, team, unit, others.
	order := []offline.Kind{offline.KindUser, offline.KindContact, offline.KindAccount, offline.KindLead, offline.KindEquipment,
		offline.KindTeam, offline.KindUnit, offline.KindQueue, "new_site"}
	for i := range order {
		var holders []offline.Record
		for j := len(order) - 1; j >= i; j-- {
			holders = append(holders, record(order[j], string(order[j]), j)) // the later kinds are older
		}
		if got := Sender(holders, offline.Ref{}); got.Kind != order[i] {
			t.Errorf("of %v it is the %s", order[i:], got.Kind)
		}
	}
	young, old := record(offline.KindContact, "c1", 1), record(offline.KindContact, "c2", 5)
	gone, lead := record(offline.KindUser, "u", 0), record(offline.KindLead, "l", 9)
	gone.Active = false
	for i, c := range []struct {
		holders []offline.Record
		pick    offline.Ref
		want    string
	}{
		{nil, offline.Ref{}, ""},
		{[]offline.Record{lead, young, old}, offline.Ref{}, "c2"},
		{[]offline.Record{gone, lead}, offline.Ref{}, "l"},
		{[]offline.Record{record(offline.KindOpportunity, "o", 1)}, offline.Ref{}, ""},
		{[]offline.Record{lead, young, old}, lead.Ref, "l"},   // the user's pick goes before the order
		{[]offline.Record{gone, young, old}, gone.Ref, "c2"},  // not where it is inactive now
		{[]offline.Record{young}, old.Ref, "c1"},              // nor where it lost the address
		{[]offline.Record{young, young}, offline.Ref{}, "c1"}, // listed twice is once
	} {
		if got := Sender(c.holders, c.pick).ID; got != c.want {
			t.Errorf("case %d: got %q, want %q", i, got, c.want)
		}
	}
}

func TestRecipientsAreAllHoldersUnlessTheOrganizationLeavesThemOpen(t *testing.T) {
	lead, contact := record(offline.KindLead, "l", 1), record(offline.KindContact, "c", 1)
	site, asset := record("new_site", "s", 1), record("new_asset", "a", 1)
	all := []offline.Record{site, lead, contact, asset}
	for _, c := range []struct {
		name           string
		holders        []offline.Record
		many, outgoing bool
		pick           offline.Ref
		want           string
	}{
		{"R-EMAIL-14 every holder is linked", []offline.Record{lead, contact}, false, false, offline.Ref{}, "c l"},
		{"R-EMAIL-15 incoming links to one of the organization's own kinds", all, false, false, offline.Ref{}, "c l a"},
		{"R-EMAIL-15 outgoing links to all of them", all, false, true, offline.Ref{}, "c l a s"},
		{"R-EMAIL-16 an ambiguous address stays open where the organization says so", []offline.Record{lead, contact}, true, true, offline.Ref{}, ""},
		{"R-EMAIL-16 an address of one record does not", []offline.Record{lead}, true, false, offline.Ref{}, "l"},
		{"R-EMAIL-17 the user's pick resolves it", all, true, false, lead.Ref, "l"},
		{"R-EMAIL-17 the user's pick goes before all holders", all, false, true, contact.Ref, "c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ids []string
			for _, r := range Recipients(c.holders, c.many, c.outgoing, c.pick) {
				ids = append(ids, r.ID)
			}
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// R-ADDRESSBOOK-06.
func TestPartiesNameEachAddressOncePerRole(t *testing.T) {
	a := func(s string) offline.Address { return offline.Address{Addr: s} }
	m := &offline.Message{From: []offline.Address{{Name: "nobody"}, a("Jana@X.example")}, To: []offline.Address{a("b@x"), a("B@X"), a(""), a("everybody@list.example")}, Cc: []offline.Address{a("b@x")}, Bcc: []offline.Address{a("d@x")}}
	jana, lead, b := record(offline.KindContact, "jana", 1), record(offline.KindLead, "lead", 1), record(offline.KindAccount, "b", 1)
	holders := map[string][]offline.Record{"jana@x.example": {lead, jana}, "b@x": {b, lead}}
	ps, err := Parties(m, Resolution{
		Holders: func(addr string) ([]offline.Record, error) { return holders[addr], nil },
		Picks:   offline.Picks{"b@x": b.Ref},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, p := range ps {
		got += fmt.Sprintf("%s=%s%v ", p.Role, p.Address.Addr, p.Records)
	}
	// R-EMAIL-12: a distribution list is one party, whoever is in it. R-EMAIL-17:
	// what was picked once resolves the address in To and in Cc.
	if want := "sender=Jana@X.example[contact:jana] to=b@x[account:b] to=everybody@list.example[] cc=b@x[account:b] bcc=d@x[] "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := Parties(m, Resolution{Holders: func(string) ([]offline.Record, error) { return nil, errors.New("no") }}); err == nil {
		t.Error("a failed look-up was passed over")
	}
}

// Law: who an address is resolved to does not depend on the order in which the
// records came.
func TestResolutionDoesNotDependOnOrder(t *testing.T) {
	kinds := []offline.Kind{offline.KindUser, offline.KindContact, offline.KindAccount, offline.KindLead, offline.KindQueue, offline.KindCase, "new_site", "new_asset"}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		var rs []offline.Record
		for i := range n {
			r := record(rapid.SampledFrom(kinds).Draw(t, "kind"), fmt.Sprint(i), rapid.IntRange(0, 2).Draw(t, "age"))
			r.Active = rapid.Bool().Draw(t, "active")
			rs = append(rs, r)
		}
		mixed := rapid.Permutation(rs).Draw(t, "mixed")
		if a, b := Sender(rs, offline.Ref{}), Sender(mixed, offline.Ref{}); a != b {
			t.Fatalf("sender %v or %v", a, b)
		}
		if a, b := fmt.Sprint(Recipients(rs, false, true, offline.Ref{})), fmt.Sprint(Recipients(mixed, false, true, offline.Ref{})); a != b {
			t.Fatalf("recipients %v or %v", a, b)
		}
	})
}

// R-EMAIL-13, R-EMAIL-17.
func TestThePickedRecordComesFirst(t *testing.T) {
	one := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "one"}, Active: true}
	two := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "two"}, Active: true}
	gone := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "gone"}}
	for name, c := range map[string]struct {
		pick, first offline.Ref
		ok          bool
	}{
		"none":         {offline.Ref{}, one.Ref, false},
		"the second":   {two.Ref, two.Ref, true},
		"not active":   {gone.Ref, one.Ref, false},
		"not a holder": {offline.Ref{Kind: offline.KindUser, ID: "x"}, one.Ref, false},
		"the first":    {one.Ref, one.Ref, true},
	} {
		if got, ok := PickFirst([]offline.Record{one, two, gone}, c.pick); len(got) != 3 || got[0].Ref != c.first || ok != c.ok {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}
