package view

import (
	"testing"

	"postrider/offline"
)

// R-EMAIL-17: the user picks once, sees it, and can take it back.
func TestOneOfSeveralRecordsIsPickedAndThatIsUndone(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	addr := r.desk.Reader.Panel.Address
	two := offline.Record{Ref: offline.Ref{Kind: offline.KindLead, ID: "two"}, Name: "Zoe Two", Addrs: []string{addr}, Active: true}
	one := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "one"}, Name: "Ada One", Addrs: []string{addr}, Active: true}
	gone := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "gone"}, Name: "Old Gone", Addrs: []string{addr}}
	if err := r.store.Update(func(tx *offline.Tx) error {
		for _, rec := range []*offline.Record{&two, &one, &gone} {
			if err := tx.PutRecord(rec); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p := &r.desk.Reader.Panel
	r.until("all are shown", func() bool { return len(p.People) >= 3 })
	if p.People[0].Ref == two.Ref || !p.Picked.IsZero() {
		t.Fatalf("%+v", p.People)
	}
	for _, c := range p.Candidates() {
		if c.Ref == gone.Ref {
			t.Error("one that is closed can be picked")
		}
		if c.Ref == two.Ref {
			r.desk.Pick(addr, c)
		}
	}
	r.until("the picked one comes first", func() bool { return p.People[0].Ref == two.Ref && p.Picked == two.Ref })
	r.undo()
	r.until("nobody is picked", func() bool { return p.Picked.IsZero() && p.People[0].Ref != two.Ref })
}
