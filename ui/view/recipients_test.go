package view

import (
	"strings"
	"testing"

	"postrider/agent"
	"postrider/offline"
)

func labels(rs []Recipient) string {
	var out []string
	for _, r := range rs {
		s := r.Label
		if r.Problem != "" {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, "|")
}

// R-ADDRESSBOOK-01.
func TestAddressesAreCompletedAsTheyAreTyped(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	to := r.writing(agent.DraftNew, 0).To
	to.Type("fjord")
	if len(to.Offers) != 1 || to.Offers[0].Note != "skm@fjordbyg.example · Fjordbyg ApS" || to.Offers[0].Symbol != "lead" {
		t.Fatalf("offered %+v", to.Offers)
	}
	to.Take(0)
	if labels(to.List) != "Søren Kjær Mikkelsen" || to.Text != "" || len(to.Offers) != 0 {
		t.Errorf("taken: %s, %q", labels(to.List), to.Text)
	}
	to.Type("fjord")
	if len(to.Offers) != 0 {
		t.Errorf("offered again: %+v", to.Offers)
	}
	to.Type("mora")
	if len(to.Offers) < 2 || to.At != 0 || to.Offers[0].Name != "Jana Nováková" { // written to before
		t.Fatalf("offered %+v", to.Offers)
	}
	to.Move(-1)
	if to.At != len(to.Offers)-1 {
		t.Errorf("Up goes to %d", to.At)
	}
	if !to.Shut() || to.Shut() || to.Text != "mora" {
		t.Error("Escape")
	}
}

func TestAPastedListIsDividedAndTheRestStaysToBeEdited(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	c.To.Type("jana.novakova@moravia-tools.example; Petr <petr@@x.example>\nnew@y.example")
	if got := labels(c.To.List); got != "Jana Nováková|Petr <petr@@x.example>!|new@y.example" {
		t.Errorf("got %s", got)
	}
	if h := c.To.List[1].Hint(); h != "Petr <petr@@x.example>\nMail can't go there: it has more than one @" {
		t.Errorf("says %q", h)
	}
	if h := c.To.List[2].Hint(); h != "new@y.example\nNot in the address book" {
		t.Errorf("says %q", h)
	}
	c.To.Type("half")
	c.To.Edit(1)
	if got := labels(c.To.List); c.To.Text != "Petr <petr@@x.example>" || got != "Jana Nováková|new@y.example|half!" {
		t.Errorf("editing %q, %s", c.To.Text, got)
	}
	c.To.Type("Petr <petr@x.example>,")
	c.To.Type("JANA.novakova@moravia-tools.example,") // there already
	if got := labels(c.To.List); got != "Jana Nováková|new@y.example|half!|Petr" {
		t.Errorf("got %s", got)
	}
	c.To.Remove(2)
	if got := c.now().To; len(got) != 3 || got[2] != (offline.Address{Name: "Petr", Addr: "petr@x.example"}) {
		t.Errorf("in the draft: %+v", got)
	}
}

func TestWhoHoldsAnAddressIsShownForAllRecords(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	to := r.writing(agent.DraftNew, 0).To
	to.Type("otto.brandt@nordwind.example,")
	if got := to.List[0]; got.Label != "Brandt, Otto (alt)" || got.Known != "Contact, contact Otto Brandt" { // R-EMAIL-14
		t.Errorf("known as %+v", got)
	}
}
