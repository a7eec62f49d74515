package offline

import (
	"errors"
	"reflect"
	"slices"
	"testing"
)

func TestWatchersHearOfACommitAndOfNothingElse(t *testing.T) {
	s := openNew(t)
	notices, stop := s.Watch()
	defer stop()
	ms := sampleMessages(0, 2)
	failed := errors.New("no")
	if err := s.Update(func(tx *Tx) error { return errors.Join(tx.AddMessages(ms), failed) }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	select {
	case n := <-notices:
		t.Fatalf("heard of a transaction that failed: %+v", n)
	default:
	}
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	if n, want := <-notices, (Notice{Messages: true, Keys: []uint64{1, 2}}); !reflect.DeepEqual(n, want) {
		t.Errorf("got %+v", n)
	}
}

func TestEachKindOfChangeIsNoticed(t *testing.T) {
	s := openNew(t)
	notices, stop := s.Watch()
	defer stop()
	ref := Ref{KindContact, "1"}
	for _, c := range []struct {
		do   func(tx *Tx) error
		want Notice
	}{
		{func(tx *Tx) error { return tx.PutFolder(&Folder{Name: "INBOX"}) }, Notice{Folders: true}},
		{func(tx *Tx) error { return tx.PutRecord(&Record{Ref: ref}) }, Notice{Records: true}},
		{func(tx *Tx) error { return tx.Enqueue(&Change{Lane: "a"}) }, Notice{Changes: true}},
		{func(tx *Tx) error { return tx.DropChange(1) }, Notice{Changes: true}},
		{func(tx *Tx) error { return tx.PutSetAside(&SetAside{}) }, Notice{SetAside: true}},
		{func(tx *Tx) error { return tx.Log(Activity{}) }, Notice{Activity: true}},
		{func(tx *Tx) error { return tx.PutSetting("a", 1) }, Notice{Settings: true}},
		{func(tx *Tx) error { return tx.PutLink(&Link{Item: 4, Record: ref}) }, Notice{Messages: true, Keys: []uint64{4}}},
		{func(tx *Tx) error { return nil }, Notice{}},
	} {
		update(t, s, c.do)
		if c.want.isEmpty() {
			select {
			case n := <-notices:
				t.Errorf("nothing changed, but: %+v", n)
			default:
			}
			continue
		}
		if n := <-notices; !reflect.DeepEqual(n, c.want) {
			t.Errorf("got %+v, want %+v", n, c.want)
		}
	}
}

func TestASlowWatcherHoldsNobodyUpAndMissesNothing(t *testing.T) {
	s := openNew(t)
	notices, stop := s.Watch()
	defer stop()
	for i := range 10 {
		m := sampleMessage(i)
		update(t, s, func(tx *Tx) error { return tx.PutMessage(&m) })
	}
	update(t, s, func(tx *Tx) error { return tx.PutSetting("a", 1) })
	n := <-notices
	slices.Sort(n.Keys)
	if want := (Notice{Messages: true, Settings: true, Keys: []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}); !reflect.DeepEqual(n, want) {
		t.Errorf("got %+v", n)
	}
	ms := sampleMessages(100, 300)
	update(t, s, func(tx *Tx) error { return tx.AddMessages(ms) })
	update(t, s, func(tx *Tx) error { return tx.PutMessage(&ms[0]) })
	if n := <-notices; !reflect.DeepEqual(n, Notice{Messages: true}) {
		t.Errorf("more than 256 messages: %+v", n)
	}
}

func TestStopAndCloseEndAWatch(t *testing.T) {
	s := openNew(t)
	a, stop := s.Watch()
	b, stopB := s.Watch()
	stop()
	stop()
	if _, open := <-a; open {
		t.Error("open after stop")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-b; open {
		t.Error("open after Close")
	}
	stopB()
	if c, _ := s.Watch(); c != nil {
		if _, open := <-c; open {
			t.Error("a watch of a closed store is open")
		}
	}
	for name, err := range map[string]error{
		"View":   s.View(func(*Tx) error { return nil }),
		"Update": s.Update(func(*Tx) error { return nil }),
		"Check":  s.Check(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}
