package offline

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestFoldersComeInboxFirstThenSentThenByName(t *testing.T) {
	s := openNew(t)
	update(t, s, func(tx *Tx) error {
		return errors.Join(
			tx.PutFolder(&Folder{Name: "work"}), tx.PutFolder(&Folder{Name: "Gesendet", Role: RoleSent}),
			tx.PutFolder(&Folder{Name: "Archive", Role: RoleArchive}), tx.PutFolder(&Folder{Name: "INBOX", Role: RoleInbox}))
	})
	view(t, s, func(tx *Tx) {
		var got []string
		for _, f := range must[[]Folder](t)(tx.Folders()) {
			got = append(got, f.Name)
		}
		if want := []string{"INBOX", "Gesendet", "Archive", "work"}; !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if f := must[Folder](t)(tx.FolderByName("Archive")); f.ID != 3 {
			t.Errorf("got %+v", f)
		}
		if _, err := tx.FolderByName("archive"); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		if _, err := tx.Folder(9); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	err := s.Update(func(tx *Tx) error { return tx.PutFolder(&Folder{Name: "work"}) })
	if !errors.Is(err, ErrExists) {
		t.Errorf("a second folder of that name: %v", err)
	}
	update(t, s, func(tx *Tx) error { return tx.PutFolder(&Folder{ID: 1, Name: "Work", Missing: true}) })
}

func TestAnItemSetAsideAgainRaisesItsAttempts(t *testing.T) {
	s := openNew(t)
	a := SetAside{Folder: 1, UID: 9, Reason: "first"}
	b := SetAside{Folder: 1, UID: 9, Reason: "second"}
	other := SetAside{Reason: "not of a mailbox"}
	for _, p := range []*SetAside{&a, &b, &other, {Folder: 2, UID: 9}} {
		update(t, s, func(tx *Tx) error { return tx.PutSetAside(p) })
	}
	view(t, s, func(tx *Tx) {
		all := must[[]SetAside](t)(tx.SetAsides())
		if len(all) != 3 || all[0].ID != a.ID || all[0].Attempts != 2 || all[0].Reason != "second" || !all[0].At.Equal(testClock()) {
			t.Errorf("got %+v", all)
		}
		if uids := must[[]uint32](t)(tx.UIDs(1)); !slices.Equal(uids, []uint32{9}) {
			t.Errorf("UIDs %v: a set-aside item is known", uids)
		}
		if c := tx.Counts(); c != (Counts{Seen: 3, Failed: 3}) {
			t.Errorf("counts %+v", c)
		}
	})
	update(t, s, func(tx *Tx) error { return tx.DropSetAside(a.ID) })
	err := s.Update(func(tx *Tx) error { return tx.DropSetAside(a.ID) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("dropped twice: %v", err)
	}
	view(t, s, func(tx *Tx) {
		if uids := must[[]uint32](t)(tx.UIDs(1)); len(uids) != 0 {
			t.Errorf("UIDs %v", uids)
		}
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestTheActivityLogKeepsTheNewest(t *testing.T) {
	s := openNew(t)
	const extra = 37
	for at := 0; at < activityKept+extra; at += 1000 {
		update(t, s, func(tx *Tx) error {
			for i := at; i < min(at+1000, activityKept+extra); i++ {
				if err := tx.Log(Activity{What: "track", Text: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	view(t, s, func(tx *Tx) {
		all := must[[]Activity](t)(tx.Activities(0))
		if len(all) != activityKept || all[0].Text != fmt.Sprint(activityKept+extra-1) || all[len(all)-1].Text != fmt.Sprint(extra) {
			t.Errorf("%d lines, from %q to %q", len(all), all[0].Text, all[len(all)-1].Text)
		}
		if two := must[[]Activity](t)(tx.Activities(2)); len(two) != 2 || two[0].ID <= two[1].ID || !two[0].At.Equal(testClock()) {
			t.Errorf("got %+v", two)
		}
	})
}

func TestSettingsAreKept(t *testing.T) {
	s := openNew(t)
	want := User{ID: "1", Name: "Petr", Options: Options{TokenPrefixes: []string{"CRM:"}}}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutSetting("user", want), tx.PutSetting("epoch", 4)) })
	var u User
	var epoch, none int
	view(t, s, func(tx *Tx) {
		for name, v := range map[string]any{"user": &u, "epoch": &epoch} {
			if ok, err := tx.Setting(name, v); !ok || err != nil {
				t.Errorf("%s: %v %v", name, ok, err)
			}
		}
		if ok, err := tx.Setting("none", &none); ok || err != nil {
			t.Errorf("never put: %v %v", ok, err)
		}
		if _, err := tx.Setting("user", &none); err == nil {
			t.Error("a setting of another type was read")
		}
	})
	if u.Name != "Petr" || epoch != 4 {
		t.Errorf("got %+v %d", u, epoch)
	}
	update(t, s, func(tx *Tx) error { return tx.PutSetting("epoch", nil) })
	view(t, s, func(tx *Tx) {
		if ok, _ := tx.Setting("epoch", &epoch); ok {
			t.Error("removed, but there")
		}
	})
}

func TestALinkIsFoundFromBothSides(t *testing.T) {
	s := openNew(t)
	a, b := Ref{KindEmail, "a"}, Ref{KindEmail, "b"}
	l := Link{Item: 4, Record: a, ETag: "1", Base: Base{Regarding: Ref{KindAccount, "x"}, Fields: Fields{"subject": "s"}}, At: testClock()}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutLink(&l), tx.PutLink(&Link{Item: 9, Record: a})) })
	view(t, s, func(tx *Tx) {
		if got := must[Link](t)(tx.LinkByRecord(a)); got.Item != 4 || got.Base.Fields["subject"] != "s" {
			t.Errorf("got %+v", got)
		}
	})
	l.Record = b
	update(t, s, func(tx *Tx) error { return tx.PutLink(&l) })
	view(t, s, func(tx *Tx) {
		if got := must[Link](t)(tx.LinkByRecord(a)); got.Item != 9 {
			t.Errorf("got %+v", got)
		}
		var items []uint64
		if err := tx.Links(func(l Link) bool { items = append(items, l.Item); return len(items) < 5 }); err != nil || !slices.Equal(items, []uint64{4, 9}) {
			t.Errorf("got %v, %v", items, err)
		}
	})
	update(t, s, func(tx *Tx) error { return tx.DeleteLink(4) })
	view(t, s, func(tx *Tx) {
		if _, err := tx.LinkByRecord(b); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestAWriteInAViewIsRefused(t *testing.T) {
	s := openNew(t)
	m := sampleMessage(1)
	if err := s.View(func(tx *Tx) error { return tx.PutMessage(&m) }); err == nil {
		t.Error("no error")
	}
}
