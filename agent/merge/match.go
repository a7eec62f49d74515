package merge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// ItemSide is an item without a record, at the first contact of a full mailbox
// with a full CRM.
type ItemSide struct {
	Key    uint64
	UID    string
	Kind   offline.Kind
	Fields offline.Fields
}

// RecordSide is a record without an item.
type RecordSide struct {
	Ref      offline.Ref
	GlobalID string
	Fields   offline.Fields
}

// Pair is an item and a record that are the same thing.
type Pair struct {
	Item   uint64      `json:"item"`
	Record offline.Ref `json:"record"`
}

// Group are items and records of which it can't be told which belong together.
type Group struct {
	Items   []uint64      `json:"items"`
	Records []offline.Ref `json:"records"`
}

// Matches is what the first contact comes to. What is in none of its lists has
// nothing like it on the other side.
type Matches struct {
	Links     []Pair
	Ambiguous []Group
}

// Match finds out which items and records are the same thing: by their id, then
// people by email and name, appointments by time and subject, tasks by subject
// and day. What fits more than one, or only half, is for the user to say. The
// order of what is given means nothing.
func Match(items []ItemSide, records []RecordSide, zone *time.Location) Matches {
	m := matching{items: items, records: records, paired: map[int]bool{}, taken: map[int]bool{}}
	m.link(func(i *ItemSide) []string { return one(string(i.Kind), i.UID) }, func(r *RecordSide) []string {
		k, _ := offline.ItemKind(r.Ref.Kind)
		return one(string(k), r.GlobalID)
	})
	m.link(func(i *ItemSide) []string { return strongKeys(i.Kind, i.Fields, zone) }, func(r *RecordSide) []string { return strongKeys(r.Ref.Kind, r.Fields, zone) })
	m.doubt(zone)
	m.sort()
	return m.out
}

func one(parts ...string) []string {
	if parts[len(parts)-1] == "" {
		return nil
	}
	return []string{strings.Join(parts, "\x00")}
}

// strongKeys are those by which two things are the same.
func strongKeys(kind offline.Kind, f offline.Fields, zone *time.Location) (keys []string) {
	if k, ok := offline.ItemKind(kind); ok {
		kind = k
	}
	switch kind {
	case offline.KindContact:
		name := fold(f["first"] + " " + f["last"])
		for _, w := range [...]string{"email1", "email2", "email3"} {
			if f[w] != "" && name != "" {
				keys = append(keys, "c\x00"+offline.Fold(f[w])+"\x00"+name)
			}
		}
	case offline.KindAppointment:
		if f[offline.WordTime] != "" && fold(f[offline.WordSubject]) != "" {
			series := ""
			if f[offline.WordRecurrence] != "" {
				series = "series"
			}
			keys = append(keys, "a\x00"+series+f[offline.WordTime]+"\x00"+fold(f[offline.WordSubject]))
		}
	case offline.KindTask:
		if fold(f[offline.WordSubject]) != "" {
			keys = append(keys, "t\x00"+dayOf(orElse(f["due"], f["start"]), zone)+"\x00"+fold(f[offline.WordSubject]))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// weakKeys are those by which two things may be the same: people who share an
// address, or a name.
func weakKeys(kind offline.Kind, f offline.Fields) (keys []string) {
	if kind != offline.KindContact {
		return nil
	}
	for _, w := range [...]string{"email1", "email2", "email3"} {
		if f[w] != "" {
			keys = append(keys, "e\x00"+offline.Fold(f[w]))
		}
	}
	if name := fold(f["first"] + " " + f["last"]); name != "" {
		keys = append(keys, "n\x00"+name)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// dayOf is the day of a date or of an instant, where the user is.
func dayOf(s string, zone *time.Location) string {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(zone).Format(time.DateOnly)
	}
	return s
}

type matching struct {
	items   []ItemSide
	records []RecordSide
	paired  map[int]bool // items that have their record
	taken   map[int]bool // records likewise
	out     Matches
}

// link pairs what has a key in common with one on the other side, and with
// nothing else there.
func (m *matching) link(ofItem func(*ItemSide) []string, ofRecord func(*RecordSide) []string) {
	items, records := m.byKey(ofItem, ofRecord)
	others := func(of map[string][]int, keys []string) (found []int) {
		for _, k := range keys {
			found = append(found, of[k]...)
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	for i := range m.items {
		if m.paired[i] {
			continue
		}
		rs := others(records, ofItem(&m.items[i]))
		if len(rs) != 1 || len(others(items, ofRecord(&m.records[rs[0]]))) != 1 {
			continue
		}
		m.paired[i], m.taken[rs[0]] = true, true
		m.out.Links = append(m.out.Links, Pair{m.items[i].Key, m.records[rs[0]].Ref})
	}
}

// byKey files what is not paired yet by its keys.
func (m *matching) byKey(ofItem func(*ItemSide) []string, ofRecord func(*RecordSide) []string) (items, records map[string][]int) {
	items, records = map[string][]int{}, map[string][]int{}
	for i := range m.items {
		if !m.paired[i] {
			for _, k := range ofItem(&m.items[i]) {
				items[k] = append(items[k], i)
			}
		}
	}
	for r := range m.records {
		if !m.taken[r] {
			for _, k := range ofRecord(&m.records[r]) {
				records[k] = append(records[k], r)
			}
		}
	}
	return items, records
}

// doubt groups what may be the same. Things are in one group where they share a
// key with something on the other side.
func (m *matching) doubt(zone *time.Location) {
	ofItem := func(i *ItemSide) []string {
		return append(strongKeys(i.Kind, i.Fields, zone), weakKeys(i.Kind, i.Fields)...)
	}
	ofRecord := func(r *RecordSide) []string {
		return append(strongKeys(r.Ref.Kind, r.Fields, zone), weakKeys(r.Ref.Kind, r.Fields)...)
	}
	items, records := m.byKey(ofItem, ofRecord)
	g := newGroups(len(m.items) + len(m.records))
	for k, is := range items {
		for _, r := range records[k] {
			for _, i := range is {
				g.join(i, len(m.items)+r)
			}
		}
	}
	found := map[int]*Group{}
	at := func(n int) *Group {
		if found[n] == nil {
			found[n] = &Group{}
		}
		return found[n]
	}
	for i := range m.items {
		if g.met[i] {
			at(g.of(i)).Items = append(at(g.of(i)).Items, m.items[i].Key)
		}
	}
	for r := range m.records {
		if n := len(m.items) + r; g.met[n] {
			at(g.of(n)).Records = append(at(g.of(n)).Records, m.records[r].Ref)
		}
	}
	for _, group := range found {
		m.out.Ambiguous = append(m.out.Ambiguous, *group)
	}
}

// sort makes the result independent of the order of what was given.
func (m *matching) sort() {
	slices.SortFunc(m.out.Links, func(a, b Pair) int { return cmp.Compare(a.Item, b.Item) })
	for _, g := range m.out.Ambiguous {
		slices.Sort(g.Items)
		slices.SortFunc(g.Records, func(a, b offline.Ref) int { return cmp.Compare(a.String(), b.String()) })
	}
	slices.SortFunc(m.out.Ambiguous, func(a, b Group) int { return cmp.Compare(a.Items[0], b.Items[0]) })
}

// groups are disjoint sets of numbers.
type groups struct {
	parent []int
	met    []bool // has been joined with another
}

func newGroups(n int) *groups {
	g := &groups{parent: make([]int, n), met: make([]bool, n)}
	for i := range g.parent {
		g.parent[i] = i
	}
	return g
}

func (g *groups) of(n int) int {
	for g.parent[n] != n {
		g.parent[n] = g.parent[g.parent[n]]
		n = g.parent[n]
	}
	return n
}

func (g *groups) join(a, b int) {
	g.met[a], g.met[b] = true, true
	g.parent[g.of(a)] = g.of(b)
}
