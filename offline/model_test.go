package offline

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the store as plain maps: what it must answer, worked out anew from
// the rows each time.
type model struct {
	messages map[uint64]Message
	records  map[Ref]Record
	links    map[uint64]Link
	changes  map[uint64]Change
	aside    map[uint64]SetAside
	settings map[string]int
	listing  map[Kind]map[Ref]bool // seen by the listing under way
}

func (m model) clone() model {
	c := m
	c.messages, c.records, c.links = maps.Clone(m.messages), maps.Clone(m.records), maps.Clone(m.links)
	c.changes, c.aside, c.settings = maps.Clone(m.changes), maps.Clone(m.aside), maps.Clone(m.settings)
	c.listing = map[Kind]map[Ref]bool{}
	for k, v := range m.listing {
		c.listing[k] = maps.Clone(v)
	}
	return c
}

func newModel() model {
	return model{map[uint64]Message{}, map[Ref]Record{}, map[uint64]Link{}, map[uint64]Change{},
		map[uint64]SetAside{}, map[string]int{}, map[Kind]map[Ref]bool{}}
}

// Small ranges, so that things meet.
var (
	subjects    = []string{"Re: x CRM:0001001", "12345 12345 order 99999 of 7777777", "1234 CRM:0001001"}
	threads     = []string{"", "no index", sampleThread, "Ad3cqREiMwARIjNEVWZ3iJmqu8zd7v8=", "01DDDCA9112233001122334455667788AABBCCDDEEFF"}
	genIdentity = rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("<%d@x>", rapid.IntRange(0, 15).Draw(t, "n")) })
	genTime     = rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-5, 5).Draw(t, "s"), 0).UTC()
	})
	genRef = rapid.Custom(func(t *rapid.T) Ref {
		return Ref{rapid.SampledFrom([]Kind{KindContact, KindAccount, KindEmail}).Draw(t, "kind"), fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "id"))}
	})
	genState   = rapid.SampledFrom([]State{"", Untracked, Waiting, Tracked, Failed})
	genMessage = rapid.Custom(func(t *rapid.T) Message {
		return Message{
			Identity:    genIdentity.Draw(t, "identity"),
			Subject:     rapid.OneOf(rapid.String(), rapid.SampledFrom(subjects)).Draw(t, "subject"),
			ThreadIndex: rapid.SampledFrom(threads).Draw(t, "thread"),
			Date:        genTime.Draw(t, "date"),
			InReplyTo:   rapid.SliceOfN(genIdentity, 0, 2).Draw(t, "in reply to"),
			References:  rapid.SliceOfN(genIdentity, 0, 3).Draw(t, "references"),
			Places: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Place {
				return Place{FolderID(rapid.IntRange(1, 3).Draw(t, "folder")), uint32(rapid.IntRange(1, 9).Draw(t, "uid")),
					rapid.SampledFrom([][]string{nil, {`\Seen`}, {`\Flagged`, `\seen`}}).Draw(t, "flags"),
					KeywordMark(rapid.IntRange(0, 3).Draw(t, "keyword"))}
			}), 0, 3).Draw(t, "places"),
			Track: Tracking{State: genState.Draw(t, "state"), Since: genTime.Draw(t, "since")},
		}
	})
	genRecord = rapid.Custom(func(t *rapid.T) Record {
		r := Record{Ref: genRef.Draw(t, "ref"), Name: rapid.String().Draw(t, "name"),
			Addrs: rapid.SliceOfN(rapid.SampledFrom([]string{"a@x", "A@X", "b@x", "c@x"}), 0, 3).Draw(t, "addresses")}
		if rapid.Bool().Draw(t, "has parent") {
			r.Parent = genRef.Draw(t, "parent")
		}
		if r.Kind == KindEmail {
			r.Email = &Email{Identity: genIdentity.Draw(t, "identity"), Token: rapid.SampledFrom([]string{"", "CRM:1", "CRM:2"}).Draw(t, "token")}
			r.Email.Regarding, r.Email.Thread = r.Parent, rapid.SampledFrom(threads).Draw(t, "thread")
		}
		return r
	})
)

func keyOf[V any](t *rapid.T, m map[uint64]V) uint64 {
	return rapid.SampledFrom(append(slices.Sorted(maps.Keys(m)), 999)).Draw(t, "key")
}

// step does one random thing to both. A refusal must be one of both.
func (m *model) step(t *rapid.T, tx *Tx) {
	switch op := rapid.IntRange(0, 15).Draw(t, "op"); op {
	case 0, 1:
		m.addMessages(t, tx)
	case 2, 3, 4:
		m.putMessage(t, tx)
	case 5:
		key := keyOf(t, m.messages)
		_, ok := m.messages[key]
		agree(t, "delete message", tx.DeleteMessage(key), ok, ErrNotFound)
		delete(m.messages, key)
	case 6, 7:
		r := genRecord.Draw(t, "record")
		agree(t, "put record", tx.PutRecord(&r), true, nil)
		m.records[r.Ref] = r
		if seen := m.listing[r.Kind]; seen != nil {
			seen[r.Ref] = true
		}
	case 8:
		ref := genRef.Draw(t, "ref")
		_, ok := m.records[ref]
		agree(t, "delete record", tx.DeleteRecord(ref), ok, ErrNotFound)
		delete(m.records, ref)
	case 9:
		m.list(t, tx)
	case 10:
		l := Link{Item: uint64(rapid.IntRange(1, 6).Draw(t, "item")), Record: genRef.Draw(t, "record"), At: genTime.Draw(t, "at")}
		agree(t, "put link", tx.PutLink(&l), true, nil)
		m.links[l.Item] = l
	case 11:
		key := keyOf(t, m.links)
		_, ok := m.links[key]
		agree(t, "delete link", tx.DeleteLink(key), ok, ErrNotFound)
		delete(m.links, key)
	case 12, 13:
		m.change(t, tx)
	case 14:
		m.setAside(t, tx)
	case 15:
		name, v := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), rapid.Int().Draw(t, "value")
		agree(t, "put setting", tx.PutSetting(name, v), true, nil)
		m.settings[name] = v
	}
}

// agree wants no error where ok, and otherwise this one.
func agree(t *rapid.T, what string, err error, ok bool, refusal error) {
	t.Helper()
	if ok && err != nil || !ok && !errors.Is(err, refusal) {
		t.Fatalf("%s: %v, but the model says %v", what, err, ok)
	}
}

func (m *model) holder(identity string) (uint64, bool) {
	for key, msg := range m.messages {
		if msg.Identity == identity {
			return key, true
		}
	}
	return 0, false
}

// take removes the places of a message from the others.
func (m *model) take(msg Message) {
	for key, other := range m.messages {
		if key == msg.Key {
			continue
		}
		other.Places = slices.DeleteFunc(slices.Clone(other.Places), func(p Place) bool {
			return slices.ContainsFunc(msg.Places, func(q Place) bool { return p.Folder == q.Folder && p.UID == q.UID })
		})
		m.messages[key] = other
	}
}

func (m *model) addMessages(t *rapid.T, tx *Tx) {
	ms := rapid.SliceOfN(genMessage, 1, 4).Draw(t, "messages")
	ok := true
	ids, places := map[string]bool{}, map[[2]uint32]bool{}
	for _, msg := range ms {
		_, held := m.holder(msg.Identity)
		ok = ok && !held && !ids[msg.Identity]
		ids[msg.Identity] = true
		for _, p := range uniquePlaces(msg.Places) {
			at := [2]uint32{uint32(p.Folder), p.UID}
			ok = ok && !places[at]
			places[at] = true
		}
	}
	agree(t, "add messages", tx.AddMessages(ms), ok, ErrExists)
	if ok {
		for _, msg := range ms {
			m.take(msg)
			m.messages[msg.Key] = msg
		}
	}
}

func (m *model) putMessage(t *rapid.T, tx *Tx) {
	msg := genMessage.Draw(t, "message")
	msg.Key = keyOf(t, m.messages)
	old, ok := m.messages[msg.Key]
	refusal := ErrNotFound
	if ok && rapid.Bool().Draw(t, "only its state") {
		old.Track = msg.Track
		msg = old
	}
	if key, held := m.holder(msg.Identity); ok && held && key != msg.Key {
		ok, refusal = false, ErrExists
	}
	agree(t, "put message", tx.PutMessage(&msg), ok, refusal)
	if ok {
		m.take(msg)
		m.messages[msg.Key] = msg
	}
}

func (m *model) list(t *rapid.T, tx *Tx) {
	kind := genRef.Draw(t, "kind").Kind
	if m.listing[kind] == nil || rapid.Bool().Draw(t, "begin anew") {
		agree(t, "begin listing", tx.BeginListing(kind), true, nil)
		m.listing[kind] = map[Ref]bool{}
		return
	}
	gone, err := tx.EndListing(kind)
	agree(t, "end listing", err, true, nil)
	var want []Ref
	for ref := range m.records {
		if ref.Kind == kind && !m.listing[kind][ref] {
			want = append(want, ref)
			delete(m.records, ref)
		}
	}
	if !sameSet(gone, want) {
		t.Fatalf("end listing: gone %v, want %v", gone, want)
	}
	m.listing[kind] = nil
}

func sameSet(a, b []Ref) bool {
	order := func(x, y Ref) int { return strings.Compare(x.String(), y.String()) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

func (m *model) change(t *rapid.T, tx *Tx) {
	c := Change{Lane: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "lane"), Op: OpDelete, Queued: testClock(),
		Item: uint64(rapid.IntRange(0, 3).Draw(t, "item")), NotBefore: genTime.Draw(t, "not before"), Parked: rapid.Bool().Draw(t, "parked")}
	if rapid.Bool().Draw(t, "zero time") {
		c.NotBefore = time.Time{}
	}
	key := keyOf(t, m.changes)
	_, ok := m.changes[key]
	switch rapid.IntRange(0, 2).Draw(t, "what") {
	case 0:
		agree(t, "enqueue", tx.Enqueue(&c), true, nil)
		m.changes[c.ID] = c
	case 1:
		c.ID = key
		agree(t, "put change", tx.PutChange(&c), ok, ErrNotFound)
		if ok {
			m.changes[key] = c
		}
	case 2:
		agree(t, "drop change", tx.DropChange(key), ok, ErrNotFound)
		delete(m.changes, key)
	}
}

func (m *model) setAside(t *rapid.T, tx *Tx) {
	key := keyOf(t, m.aside)
	if _, ok := m.aside[key]; rapid.Bool().Draw(t, "drop") {
		agree(t, "drop set aside", tx.DropSetAside(key), ok, ErrNotFound)
		delete(m.aside, key)
		return
	}
	a := SetAside{Folder: FolderID(rapid.IntRange(0, 2).Draw(t, "folder")), UID: uint32(rapid.IntRange(1, 12).Draw(t, "uid")), At: testClock(), Attempts: 1}
	for _, old := range m.aside {
		if old.Folder == a.Folder && old.UID == a.UID && a.Folder != 0 {
			a.Attempts = old.Attempts + 1
		}
	}
	want := a.Attempts
	agree(t, "put set aside", tx.PutSetAside(&a), true, nil)
	if a.Attempts != want {
		t.Fatalf("set aside: %d attempts, want %d", a.Attempts, want)
	}
	m.aside[a.ID] = a
}

// Whatever is done, in transactions that end well or badly, the store answers
// as plain maps do, its indexes and counts agree, and opening it again changes
// nothing.
func TestTheStoreAnswersAsPlainMapsDo(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		o := OpenOptions{Now: testClock}
		s, err := Open(dir, testKey(), o)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		m := newModel()
		failed := errors.New("given up")
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			trial := m.clone()
			giveUp := rapid.IntRange(0, 5).Draw(rt, "give up") == 0
			err := s.Update(func(tx *Tx) error {
				for range rapid.IntRange(1, 8).Draw(rt, "steps") {
					trial.step(rt, tx)
				}
				trial.equal(rt, tx) // before the commit already
				if giveUp {
					return failed
				}
				return nil
			})
			if giveUp != errors.Is(err, failed) || !giveUp && err != nil {
				rt.Fatal(err)
			}
			if !giveUp {
				m = trial
			}
			if rapid.IntRange(0, 3).Draw(rt, "reopen") == 0 {
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				if s, err = Open(dir, testKey(), o); err != nil {
					rt.Fatal(err)
				}
			}
			if err := s.View(func(tx *Tx) error { m.equal(rt, tx); return nil }); err != nil {
				rt.Fatal(err)
			}
			if err := s.Check(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}
