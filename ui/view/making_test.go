package view

import (
	"strings"
	"testing"

	"postrider/offline"
	"postrider/ui/internal/sample"
)

func (r *rig) making(kind offline.Kind) *Making {
	r.t.Helper()
	m := r.desk.NewMaking(r.desk.Reader.Preview.Keys[0], kind, func() {})
	r.t.Cleanup(m.Close)
	r.until("the fields are there", func() bool { return m.Ready || m.Failed != "" })
	return m
}

func (m *Making) value(word string) string {
	for _, f := range m.Shown() {
		if f.Word == word {
			return f.Value
		}
	}
	return "(not shown)"
}

func kindsOf(offers []MakeOffer) string {
	var s []string
	for _, o := range offers {
		s = append(s, string(o.Kind))
	}
	return strings.Join(s, " ")
}

// R-TRACK-20, R-TRACK-21.
func TestWhatCanBeMadeOfAMessageDependsOnWhoItIsFromAndWhatTheUserMayDo(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?") // a contact is that
	if got := kindsOf(r.desk.Makes()); got != "lead opportunity case" {
		t.Errorf("of a known person's message: %s", got)
	}
	r.choose("[postrider/main] Build #1204 passed")
	if got := kindsOf(r.desk.Makes()); got != "contact lead opportunity case" {
		t.Errorf("of a stranger's message: %s", got)
	}
	r.agent.SetUser(func(u *offline.User) { u.Options.Creates = []offline.Kind{offline.KindCase} })
	if got := kindsOf(r.desk.Makes()); got != "case" {
		t.Errorf("where the user may create cases only: %s", got)
	}
	r.desk.List.MarkAll()
	r.until("several are chosen", func() bool { return r.desk.Reader.Ready && len(r.desk.Reader.Preview.Keys) > 1 })
	if got := kindsOf(r.desk.Makes()); got != "" {
		t.Errorf("of several: %s", got)
	}
}

// R-TRACK-20, R-EMAIL-10.
func TestAContactIsAddedFromTheWindowAndCanBeTakenBack(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("[postrider/main] Build #1204 passed")
	m := r.making(offline.KindContact)
	if m.value("last") != "GitForge" || m.value("email") != "notifications@gitforge.example" || m.value("topic") != "(not shown)" {
		t.Fatalf("%+v", m.Fields)
	}
	m.Set("last", " ")
	if text, word := m.Wrong(); text != "A contact needs a last name." || word != "last" {
		t.Errorf("%q in %q", text, word)
	}
	m.Make()
	r.until("it is said", func() bool { return r.desk.Deeds.Toast.Text == "A contact needs a last name." })
	m.Set("last", "Forge")
	m.Set("first", "Git")
	m.Set("company", "GitForge Inc")
	if p := m.proposal(); p.Fields["company"] == "" || p.Fields["last"] != "Forge" {
		t.Errorf("%+v", p)
	}
	m.Make()
	r.until("it can be undone", r.desk.Deeds.CanUndo)
	if got := r.desk.Deeds.Toast.Text; got != "Contact added: Git Forge" {
		t.Errorf("says %q", got)
	}
	if made := r.made(offline.KindContact, "Git Forge"); !made {
		t.Error("it is not in the store")
	}
	if s := r.message(r.desk.Reader.Preview.Keys[0]).Track.State; s != offline.Untracked {
		t.Errorf("adding its sender tracks the message: %s", s)
	}
	r.undo()
	r.until("it is gone", func() bool { return !r.made(offline.KindContact, "Git Forge") })
}

// made reports whether the store has a record of that kind and name.
func (r *rig) made(kind offline.Kind, name string) (found bool) {
	r.t.Helper()
	if err := r.store.View(func(tx *offline.Tx) error {
		return tx.Records(kind, func(rec offline.Record) bool {
			found = found || rec.Name == name
			return true
		})
	}); err != nil {
		r.t.Fatal(err)
	}
	return found
}

// R-TRACK-20, R-TRACK-03: converting sets the regarding, which tracks.
func TestAMessageIsConvertedToACaseOfItsCustomer(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("[postrider/main] Build #1204 passed")
	m := r.making(offline.KindCase)
	if len(m.Concerns) == 0 || m.Belongs != "Customer" {
		t.Errorf("nothing says that a customer is needed: %+v", m)
	}
	text, word := m.Wrong()
	if !strings.Contains(text, "choose the account or contact") && !strings.Contains(text, "Choose the account or contact") || word != "" {
		t.Errorf("%q in %q", text, word)
	}
	var moravia *Card
	if err := r.store.View(func(tx *offline.Tx) error {
		return tx.Records(offline.KindAccount, func(rec offline.Record) bool {
			moravia = cardOf(tx, rec.Ref, r.desk)
			return false
		})
	}); err != nil {
		t.Fatal(err)
	}
	m.SetParent(moravia)
	if text, _ := m.Wrong(); text != "" || len(m.Concerns) > 0 {
		t.Fatalf("still %q, %q", text, m.Concerns)
	}
	m.Set("topic", "The build")
	m.Make()
	key := r.desk.Reader.Preview.Keys[0]
	r.until("the message is about it", func() bool { return r.message(key).Track.Regarding.Kind == offline.KindCase })
	if s := r.message(key).Track.State; s != offline.Waiting {
		t.Errorf("the message is %s", s)
	}
	if !r.made(offline.KindCase, "The build") {
		t.Error("the case is not in the store")
	}
}

func TestWhatStandsInTheWayOfARecordIsSaidWithItsField(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("[postrider/main] Build #1204 passed")
	for _, c := range []struct {
		kind  offline.Kind
		word  string
		value string
		text  string
	}{
		{offline.KindLead, "topic", "", "Fill in what it is about."},
		{offline.KindLead, "last", "", "A lead needs a last name."},
		{offline.KindOpportunity, "topic", "\t", "Fill in what it is about."},
		{offline.KindOpportunity, "value", "48 000 €", `The value has to be a plain number, such as 48000 or 1250.50, not "48 000 €".`},
	} {
		m := r.making(c.kind)
		if text, _ := m.Wrong(); text != "" {
			t.Errorf("%s: %q before anything was changed", c.kind, text)
		}
		m.Set(c.word, c.value)
		if text, word := m.Wrong(); text != c.text || word != c.word {
			t.Errorf("%s with %s %q: %q in %q", c.kind, c.word, c.value, text, word)
		}
	}
}

// R-TRACK-20: nobody becomes a lead twice unless that is wanted.
func TestALeadThatIsThereIsTakenUnlessAnotherOneIsWanted(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	lead := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "there"}, Name: "Git Forge", Addrs: []string{"notifications@gitforge.example"}, Active: true}
	if err := r.store.Update(func(tx *offline.Tx) error { return tx.PutRecord(&lead) }); err != nil {
		t.Fatal(err)
	}
	r.choose("[postrider/main] Build #1204 passed")
	m := r.making(offline.KindLead)
	if m.There == nil || !m.TakeIt || len(m.Shown()) != 0 {
		t.Fatalf("%+v", m)
	}
	m.SetTakeIt(false)
	if p := m.proposal(); !p.Record.IsZero() || p.Fields["topic"] == "" || len(m.Shown()) == 0 {
		t.Errorf("another one: %+v", p)
	}
	m.SetTakeIt(true)
	m.Make()
	key := r.desk.Reader.Preview.Keys[0]
	r.until("the message is about it", func() bool { return r.message(key).Track.Regarding == lead.Ref })
}

// R-REGARDING-05: a contact's company is its account, where it has one.
func TestTheCompanyOfAContactIsItsAccount(t *testing.T) {
	m := &Making{Kind: offline.KindContact, Ready: true, changed: func() {}, Fields: []MakeField{{Word: "last", Value: "L", Must: true}, {Word: "company", Value: "C"}}}
	if m.value("company") != "C" || m.proposal().Fields["company"] != "C" {
		t.Error("without an account the company is asked for")
	}
	m.SetParent(&Card{Ref: offline.Ref{Kind: offline.KindAccount, ID: "a"}, Name: "A"})
	if m.value("company") != "(not shown)" || m.proposal().Fields["company"] != "" {
		t.Error("with an account it still is")
	}
}

var _ Converter = (*sample.Agent)(nil)
