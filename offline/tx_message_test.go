package offline

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestAMessageIsFoundByKeyIdentityAndPlaceAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	ms := sampleMessages(0, 3)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, dir)
	view(t, s, func(tx *Tx) {
		for i, want := range ms {
			if want.Key != uint64(i+1) {
				t.Errorf("message %d got key %d", i, want.Key)
			}
			if got := must[Message](t)(tx.Message(want.Key)); !reflect.DeepEqual(got, want) {
				t.Errorf("by key:\n got %+v\nwant %+v", got, want)
			}
			if got := must[Message](t)(tx.MessageByIdentity(want.Identity)); !reflect.DeepEqual(got, want) {
				t.Errorf("by identity: got %+v", got)
			}
			if key, ok := tx.KeyAt(want.Places[0].Folder, want.Places[0].UID); !ok || key != want.Key {
				t.Errorf("by place: %d %v", key, ok)
			}
		}
		if _, err := tx.Message(99); !errors.Is(err, ErrNotFound) {
			t.Errorf("a message that isn't there: %v", err)
		}
		if _, err := tx.MessageByIdentity("<none@x>"); !errors.Is(err, ErrNotFound) {
			t.Errorf("an identity that isn't there: %v", err)
		}
	})
}

func TestPutMessageMovesItInEveryIndexAndCount(t *testing.T) {
	s := openNew(t)
	m := sampleMessage(1)
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&m) })
	since := testClock()
	m.Track = Tracking{State: Tracked, Since: since, Cause: CauseReply}
	m.Places = []Place{{Folder: 9, UID: 5}}
	m.References = []string{"<other@x>"}
	m.InReplyTo = nil
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&m) })
	view(t, s, func(tx *Tx) {
		if keys := must[[]uint64](t)(tx.KeysByState("", 0)); len(keys) != 0 {
			t.Errorf("still undecided: %v", keys)
		}
		if keys := must[[]uint64](t)(tx.KeysByState(Tracked, 0)); !slices.Equal(keys, []uint64{m.Key}) {
			t.Errorf("tracked: %v", keys)
		}
		if _, err := tx.KeysByState(Untracked, 0); err == nil {
			t.Error("untracked messages are not indexed, but no error said so")
		}
		if uids := must[[]uint32](t)(tx.UIDs(2)); len(uids) != 0 {
			t.Errorf("still in folder 2: %v", uids)
		}
		if keys := must[[]uint64](t)(tx.FolderKeys(9)); !slices.Equal(keys, []uint64{m.Key}) {
			t.Errorf("folder 9: %v", keys)
		}
		if keys := must[[]uint64](t)(tx.ReferencedBy("<other@x>")); !slices.Equal(keys, []uint64{m.Key}) {
			t.Errorf("referenced: %v", keys)
		}
		if total, unread := tx.FolderCounts(9); total != 1 || unread != 1 {
			t.Errorf("folder counts %d %d", total, unread)
		}
		if c := tx.Counts(); c != (Counts{Seen: 1, Tracked: 1}) {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestKeysByStateGivesTheLongestWaitingFirst(t *testing.T) {
	s := openNew(t)
	ms := sampleMessages(0, 5)
	for i := range ms {
		ms[i].Track = Tracking{State: Waiting, Since: testClock().Add(-time.Duration(i) * time.Minute)}
	}
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	view(t, s, func(tx *Tx) {
		if keys := must[[]uint64](t)(tx.KeysByState(Waiting, 3)); !slices.Equal(keys, []uint64{5, 4, 3}) {
			t.Errorf("got %v", keys)
		}
	})
}

func TestFolderKeysAreNewestFirstAndEachOnce(t *testing.T) {
	s := openNew(t)
	at := func(min int) time.Time { return testClock().Add(time.Duration(min) * time.Minute) }
	ms := []Message{
		{Identity: "<a>", Date: at(1), Places: []Place{{Folder: 1, UID: 1}}},
		{Identity: "<b>", Date: at(3), Places: []Place{{Folder: 2, UID: 1}, {Folder: 1, UID: 2}}},
		{Identity: "<c>", Date: at(2), Places: []Place{{Folder: 2, UID: 2}, {Folder: 2, UID: 3}}},
		{Identity: "<d>", Date: time.Time{}, Places: []Place{{Folder: 3, UID: 2}}},
		{Identity: "<e>", Date: at(9)},
	}
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	view(t, s, func(tx *Tx) {
		for f, want := range map[FolderID][]uint64{0: {2, 3, 1, 4}, 1: {2, 1}, 2: {2, 3}, 3: {4}, 4: nil} {
			if keys := must[[]uint64](t)(tx.FolderKeys(f)); !slices.Equal(keys, want) {
				t.Errorf("folder %d: got %v, want %v", f, keys, want)
			}
		}
		if total, _ := tx.FolderCounts(2); total != 3 {
			t.Errorf("folder 2 has %d messages, want 3: one lies there twice", total)
		}
	})
}

func TestAPlaceHoldsOneMessageTheLatestOnePut(t *testing.T) {
	s := openNew(t)
	a, b := sampleMessage(0), sampleMessage(2)
	b.Places = []Place{{Folder: 1, UID: 7}}
	update(t, s, func(tx *Tx) error { return errors.Join(tx.PutMessage(&a), tx.PutMessage(&b)) })
	b.Places = append(b.Places, a.Places...)
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&b) })
	view(t, s, func(tx *Tx) {
		if m := must[Message](t)(tx.Message(a.Key)); len(m.Places) != 0 {
			t.Errorf("the first one still lies at %v", m.Places)
		}
		if key, _ := tx.KeyAt(1, a.Places[0].UID); key != b.Key {
			t.Errorf("the place is of message %d", key)
		}
	})
}

func TestASecondMessageOfOneIdentityIsRefused(t *testing.T) {
	s := openNew(t)
	ms := sampleMessages(0, 2)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	for name, bad := range map[string][]Message{
		"one that is there":    {sampleMessage(5), sampleMessage(1)},
		"one that comes twice": {sampleMessage(7), sampleMessage(7)},
		"none":                 {{}},
	} {
		err := s.Update(func(tx *Tx) error {
			err := tx.AddMessages(bad)
			if name != "none" && !errors.Is(err, ErrExists) || err == nil {
				t.Errorf("%s: %v", name, err)
			}
			return nil // what was refused has left no trace: the transaction is good
		})
		if err != nil {
			t.Error(err)
		}
		if bad[0].Key != 0 {
			t.Errorf("%s: a message that wasn't stored got key %d", name, bad[0].Key)
		}
	}
	view(t, s, func(tx *Tx) {
		if n := tx.Counts().Seen; n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
	})
}

func TestADeletedMessageLeavesNothingBehind(t *testing.T) {
	s := openNew(t)
	m := sampleMessage(1)
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&m) })
	update(t, s, func(tx *Tx) error { return tx.DeleteMessage(m.Key) })
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	err := s.Update(func(tx *Tx) error { return tx.PutMessage(&m) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted message was brought back: %v", err)
	}
	again := sampleMessage(1)
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&again) })
	if again.Key == m.Key {
		t.Error("its number was given to another message")
	}
}
