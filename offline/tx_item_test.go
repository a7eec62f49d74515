package offline

import (
	"errors"
	"testing"
)

func anItem(href, uid string) Item {
	return Item{Collection: "https://dav.example/c/", Href: href, ETag: `"1"`, Kind: KindContact, UID: uid, Raw: []byte("BEGIN:VCARD"), Fields: Fields{"first": "Jana"}}
}

func TestItemsAreFoundByPlaceUIDAndRecordAndCountedByState(t *testing.T) {
	s := openNew(t)
	rec := Ref{KindContact, "r1"}
	a, b := anItem("/a", "u"), anItem("/b", "u")
	a.Mark = Mark{Org: "o", Record: rec}
	a.Track = Tracking{State: Tracked, Record: rec}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutItem(&a), tx.PutItem(&b)) })
	view(t, s, func(tx *Tx) {
		if it, err := tx.ItemAt(a.Collection, "/b"); err != nil || it.Key != b.Key {
			t.Errorf("%+v, %v", it, err)
		}
		if all, err := tx.ItemsByUID("u"); err != nil || len(all) != 2 {
			t.Errorf("%+v, %v", all, err)
		}
		if all, err := tx.ItemsByRecord(rec); err != nil || len(all) != 1 || all[0].Key != a.Key {
			t.Errorf("%+v, %v", all, err)
		}
		if c := tx.ItemCounts(KindContact); c.Seen != 2 || c.Tracked != 1 || c.Skipped != 1 {
			t.Errorf("%+v", c)
		}
	})
	update(t, s, func(tx *Tx) error {
		a.Href, a.Track = "/c", Tracking{State: Failed}
		a.Mark = Mark{}
		return errors.Join(tx.PutItem(&a), tx.UndecideItem(b.Key), tx.PutItemLink(&ItemLink{Item: b.Key, Record: rec}), tx.DeleteItem(b.Key))
	})
	view(t, s, func(tx *Tx) {
		if _, err := tx.ItemAt(a.Collection, "/a"); !errors.Is(err, ErrNotFound) {
			t.Errorf("still at its old place: %v", err)
		}
		if all, err := tx.ItemsByRecord(rec); err != nil || len(all) != 0 {
			t.Errorf("still under its old record: %+v, %v", all, err)
		}
		if c := tx.ItemCounts(KindContact); c.Seen != 1 || c.Failed != 1 {
			t.Errorf("%+v", c)
		}
		if _, err := tx.ItemLinkByRecord(rec); !errors.Is(err, ErrNotFound) {
			t.Errorf("the link outlived its item: %v", err)
		}
		if items, _, err := tx.Undecided(); err != nil || len(items) != 0 {
			t.Errorf("%v, %v", items, err)
		}
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestOneItemIsAtEachPlaceAndOneLinkIsOfEachRecord(t *testing.T) {
	s := openNew(t)
	a, b, again := anItem("/a", "a"), anItem("/b", "b"), anItem("/a", "c")
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutItem(&a), tx.PutItem(&b)) })
	if err := s.Update(func(tx *Tx) error { return tx.PutItem(&again) }); err == nil {
		t.Error("two items at one place")
	}
	rec := Ref{KindContact, "r1"}
	update(t, s, func(tx *Tx) error { return tx.PutItemLink(&ItemLink{Item: a.Key, Record: rec}) })
	if err := s.Update(func(tx *Tx) error { return tx.PutItemLink(&ItemLink{Item: b.Key, Record: rec}) }); err == nil {
		t.Error("two links of one record")
	}
}

func TestWatchersHearOfItemsAndOfConflicts(t *testing.T) {
	s := openNew(t)
	heard, stop := s.Watch()
	defer stop()
	a := anItem("/a", "a")
	update(t, s, func(tx *Tx) error { return tx.PutItem(&a) })
	if n := <-heard; !n.Items || n.Conflicts {
		t.Errorf("%+v", n)
	}
	update(t, s, func(tx *Tx) error { return tx.PutConflict(&Conflict{Item: a.Key, Word: "first"}) })
	if n := <-heard; n.Items || !n.Conflicts {
		t.Errorf("%+v", n)
	}
}

func TestTheNewestTombstoneOfARecordIsFoundUntilItIsDropped(t *testing.T) {
	s := openNew(t)
	rec := Ref{KindTask, "r1"}
	one, two := Tombstone{Record: rec, Name: "first"}, Tombstone{Record: rec, Name: "second"}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutTombstone(&one), tx.PutTombstone(&two)) })
	view(t, s, func(tx *Tx) {
		if got, err := tx.TombstoneOf(rec); err != nil || got.Name != "second" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	update(t, s, func(tx *Tx) error { return tx.DropTombstone(two.ID) })
	view(t, s, func(tx *Tx) {
		if got, err := tx.TombstoneOf(rec); err != nil || got.ID != one.ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestWhatAUserTypedGoesBeforeWhatTheServerHas(t *testing.T) {
	it := Item{Fields: Fields{"subject": "old", "body": "text"}, Edits: Fields{"subject": "new", "body": ""}}
	if f := it.Now(); f["subject"] != "new" || len(f) != 1 || it.Fields["subject"] != "old" {
		t.Errorf("%v, %v", f, it.Fields)
	}
}
