package offline

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
)

func names(rs []Record, err error) ([]string, error) {
	var all []string
	for _, r := range rs {
		all = append(all, r.Name)
	}
	return all, err
}

func wantNames(t testing.TB, what string, want ...string) func(rs []Record, err error) {
	return func(rs []Record, err error) {
		t.Helper()
		if got, err := names(rs, err); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v, %v", what, got, want, err)
		}
	}
}

func TestRecordsAreFoundByAddressParentIdentityAndToken(t *testing.T) {
	s := openNew(t)
	acme := Ref{KindAccount, "acme"}
	update(t, s, func(tx *Tx) error {
		return errors.Join(
			tx.PutRecord(&Record{Ref: acme, Name: "Acme", Addrs: []string{"info@acme.example"}}),
			tx.PutRecord(&Record{Ref: Ref{KindContact, "1"}, Name: "Ann", Parent: acme, Addrs: []string{"Ann@Acme.example", "ann@home.example", "ANN@acme.example "}}),
			tx.PutRecord(&Record{Ref: Ref{KindLead, "1"}, Name: "Ann as a lead", Addrs: []string{"ann@acme.example"}}),
			tx.PutRecord(&Record{Ref: Ref{KindEmail, "1"}, Name: "Mail", Email: &Email{Identity: "<1@x>", Token: "CRM:1", Regarding: acme}}),
			tx.PutRecord(&Record{Ref: Ref{KindEmail, "2"}, Name: "Copy", Email: &Email{Identity: "<1@x>"}}),
		)
	})
	view(t, s, func(tx *Tx) {
		wantNames(t, "an address that two records hold (R-EMAIL-14)", "Ann", "Ann as a lead")(tx.RecordsByAddress(" ann@ACME.example"))
		wantNames(t, "her other address", "Ann")(tx.RecordsByAddress("ann@home.example"))
		wantNames(t, "no address")(tx.RecordsByAddress(""))
		wantNames(t, "regarding Acme", "Ann", "Mail")(tx.RecordsRegarding(acme))
		wantNames(t, "by identity", "Mail", "Copy")(tx.EmailByIdentity("<1@x>"))
		wantNames(t, "by token", "Mail")(tx.EmailByToken("CRM:1"))
		wantNames(t, "a token is no identity")(tx.EmailByIdentity("CRM:1"))
	})
	update(t, s, func(tx *Tx) error {
		return errors.Join(
			tx.PutRecord(&Record{Ref: Ref{KindContact, "1"}, Name: "Ann B.", Addrs: []string{"annb@acme.example"}}),
			tx.DeleteRecord(Ref{KindEmail, "1"}),
		)
	})
	view(t, s, func(tx *Tx) {
		wantNames(t, "the address she had", "Ann as a lead")(tx.RecordsByAddress("ann@acme.example"))
		wantNames(t, "the address she has", "Ann B.")(tx.RecordsByAddress("annb@acme.example"))
		wantNames(t, "regarding Acme")(tx.RecordsRegarding(acme))
		wantNames(t, "by identity", "Copy")(tx.EmailByIdentity("<1@x>"))
		if _, err := tx.Record(Ref{KindEmail, "1"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestAFullListingRemovesWhatDidNotComeAgainAlsoAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	put := func(kind Kind, idsToPut ...string) {
		t.Helper()
		update(t, s, func(tx *Tx) error {
			for _, id := range idsToPut {
				if err := tx.PutRecord(&Record{Ref: Ref{kind, id}, Name: id}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	reopen := func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openAt(t, dir)
	}
	put(KindContact, "1", "2", "3", "4")
	put(KindAccount, "1")
	if err := s.Update(func(tx *Tx) error { _, err := tx.EndListing(KindContact); return err }); err == nil {
		t.Error("ended a listing that never began")
	}
	update(t, s, func(tx *Tx) error { return tx.BeginListing(KindContact) })
	put(KindContact, "1")
	reopen()
	put(KindContact, "3", "5")
	reopen()
	var gone []Ref
	update(t, s, func(tx *Tx) (err error) { gone, err = tx.EndListing(KindContact); return err })
	slices.SortFunc(gone, func(a, b Ref) int { return cmp.Compare(a.ID, b.ID) })
	if want := []Ref{{KindContact, "2"}, {KindContact, "4"}}; !slices.Equal(gone, want) {
		t.Errorf("gone: %v", gone)
	}
	var left []string
	view(t, s, func(tx *Tx) {
		for _, k := range []Kind{KindContact, KindAccount} {
			if err := tx.Records(k, func(r Record) bool { left = append(left, string(r.Kind)+r.ID); return true }); err != nil {
				t.Error(err)
			}
		}
	})
	slices.Sort(left)
	if want := []string{"account1", "contact1", "contact3", "contact5"}; !slices.Equal(left, want) {
		t.Errorf("left: %v", left)
	}
	if err := s.Update(func(tx *Tx) error { _, err := tx.EndListing(KindContact); return err }); err == nil {
		t.Error("ended a listing twice")
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestAListingThatBeginsAnewForgetsWhatTheCutOneSaw(t *testing.T) {
	s := openNew(t)
	one, two := Record{Ref: Ref{KindLead, "1"}}, Record{Ref: Ref{KindLead, "2"}}
	update(t, s, func(tx *Tx) error {
		return errors.Join(tx.BeginListing(KindLead), tx.PutRecord(&one), tx.PutRecord(&two),
			tx.BeginListing(KindLead), tx.PutRecord(&two))
	})
	update(t, s, func(tx *Tx) error {
		gone, err := tx.EndListing(KindLead)
		if !reflect.DeepEqual(gone, []Ref{one.Ref}) {
			t.Errorf("gone: %v", gone)
		}
		return err
	})
}

func TestCursorsAreKeptByKind(t *testing.T) {
	s := openNew(t)
	c := CRMCursor{Kind: KindLead, Delta: "https://org.example/?token", Since: testClock(), NoDelta: true}
	update(t, s, func(tx *Tx) error { return tx.PutCRMCursor(c) })
	view(t, s, func(tx *Tx) {
		if got := must[CRMCursor](t)(tx.CRMCursor(KindLead)); got != c {
			t.Errorf("got %+v", got)
		}
		if got := must[CRMCursor](t)(tx.CRMCursor(KindTask)); got != (CRMCursor{Kind: KindTask}) {
			t.Errorf("a kind without cursor: %+v", got)
		}
	})
}
