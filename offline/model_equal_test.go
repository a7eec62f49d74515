package offline

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// equal compares every answer of the store with the model's.
func (m *model) equal(t *rapid.T, tx *Tx) {
	want := func(what string, got any, err error, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) && !(empty(got) && empty(want)) {
			t.Fatalf("%s: got %+v (%v), want %+v", what, got, err, want)
		}
	}
	m.equalMessages(tx, want)
	var recs []Record
	for _, k := range []Kind{KindContact, KindAccount, KindEmail} {
		want("records", nil, tx.Records(k, func(r Record) bool { recs = append(recs, r); return true }), nil)
	}
	want("records", len(recs), nil, len(m.records))
	byRef := func(has func(Record) bool) (all []Record) {
		for _, r := range m.records {
			if has(r) {
				all = append(all, r)
			}
		}
		slices.SortFunc(all, func(a, b Record) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
		return all
	}
	for _, addr := range []string{"a@x", "b@x", "c@x"} {
		got, err := tx.RecordsByAddress(addr)
		wanted := byRef(func(r Record) bool {
			return slices.ContainsFunc(r.Addrs, func(a string) bool { return Fold(a) == addr })
		})
		want("by address "+addr, normal(got), err, normal(wanted))
	}
	for _, index := range threads {
		root, _ := Conversation(index)
		got, err := tx.EmailByThread(root)
		want("emails by thread", normal(got), err, normal(byRef(func(r Record) bool {
			if r.Email == nil || root == "" {
				return false
			}
			own, _ := Conversation(r.Email.Thread)
			return own == root
		})))
	}
	for i := range 5 {
		ref := Ref{KindAccount, fmt.Sprint(i)}
		got, err := tx.RecordsRegarding(ref)
		want("regarding", normal(got), err, normal(byRef(func(r Record) bool { return r.Parent == ref })))
		var of []Link
		for _, l := range m.links {
			if l.Record == ref {
				of = append(of, l)
			}
		}
		link, err := tx.LinkByRecord(ref)
		if len(of) == 0 {
			want("no link", errors.Is(err, ErrNotFound), nil, true)
		} else {
			want("link by record", link, err, slices.MinFunc(of, func(a, b Link) int { return cmp.Compare(a.Item, b.Item) }))
		}
	}
	m.equalChanges(tx, want)
	aside, err := tx.SetAsides()
	want("set aside", len(aside), err, len(m.aside))
	for name, v := range m.settings {
		var got int
		_, err := tx.Setting(name, &got)
		want("setting", got, err, v)
	}
}

// empty tells that v is a list with nothing in it, nil or not.
func empty(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Slice && r.Len() == 0
}

// normal makes records comparable: empty lists are nil once stored.
func normal(rs []Record) []Record {
	rs = slices.Clone(rs)
	for i := range rs {
		if len(rs[i].Addrs) == 0 {
			rs[i].Addrs = nil
		}
	}
	return rs
}

type wantFunc func(what string, got any, err error, want any)

func (m *model) equalMessages(tx *Tx, want wantFunc) {
	var c Counts
	refs, conversations, numbered := map[string][]uint64{}, map[string][]uint64{}, map[string][]uint64{}
	for _, key := range slices.Sorted(maps.Keys(m.messages)) {
		w := m.messages[key]
		got, err := tx.Message(key)
		want("subject", got.Subject, err, w.Subject)
		want("places", got.Places, err, w.Places)
		want("track", got.Track, err, w.Track)
		byID, ok := tx.KeyByIdentity(w.Identity)
		want("identity", byID, nil, key)
		want("identity", ok, nil, true)
		for _, id := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.InReplyTo, w.References)))) {
			refs[id] = append(refs[id], key)
		}
		if root, _ := Conversation(w.ThreadIndex); root != "" {
			conversations[root] = append(conversations[root], key)
		}
		for _, token := range []string{"CRM:0001001", "X12345", "99999", "7777777"} {
			if strings.Contains(w.Subject, token[len(token)-5:]) && slices.Contains(longNumbers(w.Subject), longNumbers(token)[0]) {
				numbered[token] = append(numbered[token], key)
			}
		}
		switch w.Track.State {
		case Tracked:
			c.Tracked++
		case Untracked:
			c.Skipped++
		case Failed:
			c.Failed++
		default:
			c.Waiting++
		}
	}
	c.Failed += len(m.aside)
	c.Seen = c.Tracked + c.Skipped + c.Failed + c.Waiting
	want("counts", tx.Counts(), nil, c)
	for _, index := range threads {
		root, _ := Conversation(index)
		want("by thread", tx.KeysByThread(root), tx.err, conversations[root])
	}
	for _, token := range []string{"CRM:0001001", "X12345", "99999", "7777777"} {
		want("by token "+token, tx.KeysByToken(token), tx.err, numbered[token])
	}
	for i := range 16 {
		id := fmt.Sprintf("<%d@x>", i)
		got, err := tx.ReferencedBy(id)
		want("referenced by", got, err, refs[id])
	}
	for _, state := range []State{"", Waiting, Tracked, Failed} {
		got, err := tx.KeysByState(state, 0)
		want("state "+string(state), got, err, m.inOrder(func(w Message) bool { return w.Track.State == state }, func(a, b Message) int {
			if state == "" {
				return 0
			}
			return a.Track.Since.Compare(b.Track.Since)
		}))
	}
	for f := range FolderID(4) {
		m.equalFolder(tx, f, want)
	}
}

// inOrder returns the keys of some messages, ordered and then by key.
func (m *model) inOrder(has func(Message) bool, order func(a, b Message) int) (keys []uint64) {
	var ms []Message
	for key, w := range m.messages {
		w.Key = key
		if has(w) {
			ms = append(ms, w)
		}
	}
	slices.SortFunc(ms, func(a, b Message) int { return cmp.Or(order(a, b), cmp.Compare(a.Key, b.Key)) })
	for _, w := range ms {
		keys = append(keys, w.Key)
	}
	return keys
}

func (m *model) equalFolder(tx *Tx, f FolderID, want wantFunc) {
	in := func(p Place) bool { return f == 0 || p.Folder == f }
	got, err := tx.FolderKeys(f)
	want(fmt.Sprint("keys of folder ", f), got, err, m.inOrder(
		func(w Message) bool { return slices.ContainsFunc(w.Places, in) },
		func(a, b Message) int { return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Key, a.Key)) }))
	if f == 0 {
		return
	}
	var uids []uint32
	total, unread := 0, 0
	for _, w := range m.messages {
		for _, p := range w.Places {
			if p.Folder == f {
				uids = append(uids, p.UID)
				total++
				if !slices.ContainsFunc(p.Flags, func(s string) bool { return strings.EqualFold(s, `\Seen`) }) {
					unread++
				}
			}
		}
	}
	for _, a := range m.aside {
		if a.Folder == f {
			uids = append(uids, a.UID)
		}
	}
	slices.Sort(uids)
	gotUIDs, err := tx.UIDs(f)
	want(fmt.Sprint("UIDs of folder ", f), gotUIDs, err, slices.Compact(uids))
	gotTotal, gotUnread := tx.FolderCounts(f)
	want("folder counts", [2]int{gotTotal, gotUnread}, nil, [2]int{total, unread})
}

func (m *model) equalChanges(tx *Tx, want wantFunc) {
	idsOf := func(cs []Change) (all []uint64) {
		for _, c := range cs {
			all = append(all, c.ID)
		}
		return all
	}
	all := slices.Sorted(maps.Keys(m.changes))
	got, err := tx.Changes(0)
	want("changes", idsOf(got), err, all)
	for s := int64(-6); s <= 6; s++ {
		now := time.Unix(s, 0)
		// What lies before 1970 counts as 1970: that is long ago.
		limit := max(s, 0)
		var ready []uint64
		var next int64 = 1 << 40
		heads := map[string]bool{}
		for _, id := range all {
			c := m.changes[id]
			if heads[c.Lane] {
				continue
			}
			heads[c.Lane] = true
			at := max(c.NotBefore.Unix(), 0)
			if !c.Parked && at <= limit {
				ready = append(ready, id)
			} else if !c.Parked {
				next = min(next, at)
			}
		}
		got, err := tx.Ready(now, 0)
		want(fmt.Sprint("ready at ", s), idsOf(got), err, ready)
		at, ok := tx.NextDue(now)
		want("due", ok, nil, next < 1<<40)
		if ok {
			want("next due", at.Unix(), nil, next)
		}
	}
	for _, lane := range []string{"a", "b", "c"} {
		got, err := tx.Lane(lane)
		want("lane", idsOf(got), err, slices.DeleteFunc(slices.Clone(all), func(id uint64) bool { return m.changes[id].Lane != lane }))
	}
	got, err = tx.ChangesFor(2)
	want("changes of an item", idsOf(got), err,
		slices.DeleteFunc(slices.Clone(all), func(id uint64) bool { return m.changes[id].Item != 2 }))
}
