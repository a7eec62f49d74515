package offline

import (
	"errors"
	"testing"
)

func TestDraftsAreKeptInOrderOfEntryUntilTheyAreDropped(t *testing.T) {
	s := openNew(t)
	a := Draft{State: DraftEditing, Subject: "first"}
	b := Draft{State: DraftWaiting, Subject: "second", Identity: "<b@x>"}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutDraft(&a), tx.PutDraft(&b)) })
	a.Subject = "first, again"
	update(t, s, func(tx *Tx) error { return tx.PutDraft(&a) })
	view(t, s, func(tx *Tx) {
		all, err := tx.Drafts()
		if err != nil || len(all) != 2 || all[0].Subject != "first, again" || all[1].Identity != "<b@x>" {
			t.Errorf("%+v, %v", all, err)
		}
	})
	update(t, s, func(tx *Tx) error { return tx.DropDraft(a.ID) })
	view(t, s, func(tx *Tx) {
		if _, err := tx.Draft(a.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a dropped draft is still there: %v", err)
		}
	})
	if err := s.Update(func(tx *Tx) error { return tx.DropDraft(a.ID) }); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
	var again Draft
	update(t, s, func(tx *Tx) error { return tx.PutDraft(&again) })
	if again.ID <= b.ID {
		t.Errorf("the number %d was given before", again.ID)
	}
}
