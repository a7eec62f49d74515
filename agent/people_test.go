package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"postrider/agent/track"
	"postrider/offline"
)

var twin = offline.Ref{Kind: offline.KindLead, ID: "jana-as-lead"}

func TestAnAddressOfSeveralRecordsShowsThemAllAndThePickIsRemembered(t *testing.T) {
	// R-EMAIL-13..17
	w := newWorld(t, track.None)
	w.crm.options = func(o *offline.Options) { o.UnresolveMany = true }
	w.crm.put(offline.Record{Ref: twin, Name: "Jana", Addrs: []string{"JANA@acme.example"}, Active: true})
	w.box.add("INBOX", w.mail("<1@x>", "From: ann@alder.example", "To: jana@acme.example"))
	w.sync()
	var refs []string
	cs, err := w.agent.Candidates("Jana@acme.example")
	for _, c := range cs {
		refs = append(refs, c.Ref.String())
	}
	if got := strings.Join(refs, " "); err != nil || got != "contact:jana lead:jana-as-lead" {
		t.Errorf("candidates %s, %v", got, err)
	}
	people, err := w.agent.People(w.message("<1@x>").Key)
	if err != nil || len(people) != 2 || len(people[1].Holders) != 2 || len(people[1].Records) != 0 || people[1].Picked {
		t.Errorf("people %+v, %v", people, err)
	}
	if _, err := w.agent.Track(w.key("<1@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	_, err = w.agent.Pick(" jana@ACME.example", twin) // while it waits
	if err != nil {
		t.Fatal(err)
	}
	if cs, _ = w.agent.Candidates("jana@acme.example"); cs[0].Ref != twin {
		t.Errorf("the pick is not first: %v", cs)
	}
	if people, _ = w.agent.People(w.message("<1@x>").Key); !people[1].Picked || len(people[1].Records) != 1 || people[1].Records[0] != twin {
		t.Errorf("people %+v", people)
	}
	w.sync()
	if got := w.emails(); !strings.Contains(got, fmt.Sprintf("to=[%s]", twin)) {
		t.Errorf("emails %s", got)
	}
	w.restart()
	w.box.add("INBOX", w.mail("<2@x>"))
	w.sync()
	if _, err := w.agent.Track(w.key("<2@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.emails(); !strings.Contains(got, fmt.Sprintf("sender=[%s]", twin)) {
		t.Errorf("the pick was forgotten: %s", got)
	}
}

func TestUndoOfAPickBringsTheOldOneBack(t *testing.T) {
	w := newWorld(t, track.None)
	w.crm.put(offline.Record{Ref: twin, Name: "Jana", Addrs: []string{"jana@acme.example"}, Active: true})
	w.sync()
	first := func() offline.Ref {
		cs, err := w.agent.Candidates("jana@acme.example")
		if err != nil || len(cs) != 2 {
			t.Fatal(cs, err)
		}
		return cs[0].Ref
	}
	undo1, err := w.agent.Pick("jana@acme.example", twin)
	if err != nil || first() != twin {
		t.Fatal(first(), err)
	}
	undo2, err := w.agent.Pick("jana@acme.example", offline.Ref{})
	if err != nil || first() != jana {
		t.Fatal(first(), err)
	}
	if err := undo2(); err != nil || first() != twin {
		t.Error(first(), err)
	}
	if err := undo1(); err != nil || first() != jana {
		t.Error(first(), err)
	}
}

func TestASearchBringsWhatWasUsedLatelyFirst(t *testing.T) {
	// R-REGARDING-01
	w := newWorld(t, track.None)
	hall := offline.Ref{Kind: "new_project", ID: "hall"}
	w.crm.options = func(o *offline.Options) {
		o.Tables = []offline.Table{{Kind: hall.Kind, Label: "Project", Plural: "Projects", Regarding: true}, {Kind: "new_other", Addresses: true}}
	}
	w.crm.put(offline.Record{Ref: hall, Name: "Áčko hall", Active: true})
	w.box.add("INBOX", w.mail("<1@x>"))
	var kinds []offline.Kind
	search := func(text string) string {
		t.Helper()
		rs, err := w.agent.Search(context.Background(), text, kinds)
		if err != nil && !offline.ClassOf(err).Transient() {
			t.Fatal(err)
		}
		var out []string
		for _, r := range rs {
			out = append(out, r.ID)
		}
		return strings.Join(out, " ")
	}
	w.sync()
	for _, k := range w.agent.RegardingKinds() {
		kinds = append(kinds, k.Kind)
	}
	if fmt.Sprint(kinds) != "[account contact lead opportunity case new_project]" {
		t.Errorf("kinds %v", kinds)
	}
	w.crm.fail = func(op string) error {
		if op == "search" {
			return &offline.Fault{Class: offline.FaultNetwork}
		}
		return nil
	}
	if got := search("ac"); got != "acme hall jana offer" { // whose name begins so; then by a word of the address, of the customer
		t.Errorf("before anything was used: %s", got)
	}
	for _, to := range []offline.Ref{hall, offer} {
		if _, err := w.agent.SetRegarding(w.key("<1@x>"), to); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // from the book, and after a restart from the store
		if got := search("ac"); !strings.HasPrefix(got, "offer hall acme") {
			t.Errorf("the one used last is not first: %s", got)
		}
		if got := search(""); !strings.HasPrefix(got, "offer hall ") {
			t.Errorf("with nothing typed: %s", got)
		}
		if rs, err := w.agent.Recent(kinds); err != nil || len(rs) != 2 || rs[0].Ref != offer || rs[1].Ref != hall {
			t.Errorf("used lately: %v, %v", rs, err)
		}
		if rs, err := w.agent.Recent([]offline.Kind{hall.Kind}); err != nil || len(rs) != 1 {
			t.Errorf("of one kind: %v, %v", rs, err)
		}
		if got := search("acko"); got != "hall" {
			t.Errorf("without its diacritics: %s", got)
		}
		if got := search("?"); got != "" {
			t.Errorf("nothing but signs: %s", got)
		}
		w.restart()
	}
	if err := w.agent.Used(acme); err != nil {
		t.Fatal(err)
	}
	if rs, err := w.agent.Recent(kinds); err != nil || len(rs) != 3 || rs[0].Ref != acme {
		t.Errorf("after another one was used: %v, %v", rs, err)
	}
}
