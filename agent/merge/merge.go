package merge

import (
	"maps"
	"time"

	"postrider/offline"
)

// Prefer is whose value wins where both sides changed a field differently.
type Prefer string

// The preferences. The zero Prefer is Theirs. The vendor does not say what its
// client does about the very same field; what loses is kept and shown.
const (
	Theirs Prefer = ""       // the CRM's
	Mine   Prefer = "mine"   // the item's
	Newest Prefer = "newest" // the one that was changed last
	Ask    Prefer = "ask"    // neither, until the user says
)

// Options are what bears on the merge of one pair.
type Options struct {
	Directions map[string]Direction // by word, where the organization has another than the default
	Limits     map[string]int       // by word, in UTF-16 units, where the organization says
	Prefer     Prefer
	// ItemChanged and RecordChanged are when the sides were last changed, for Newest.
	ItemChanged, RecordChanged time.Time
	// ThreeAddresses: the organization carries home and other address, too
	// (R-CONTACT-06). Company: the user has the company filled from the parent
	// account (R-REGARDING-06).
	ThreeAddresses, Company bool
	// Guest: somebody else who uses the CRM organizes the meeting. What a guest's
	// copy says never changes the record, but what it is about.
	Guest bool
	// Closed: the record is completed or canceled, and read-only (R-TRACK-22).
	Closed bool
}

// Result is what a merge comes to.
type Result struct {
	// ToItem and ToRecord are what is to be written to each side, by word; ""
	// clears.
	ToItem, ToRecord offline.Fields
	// Now is the base as both sides are; Base the one that holds once ToItem and
	// ToRecord are written.
	Now, Base offline.Fields
	Conflicts []Clash
	Cut       []string // words whose text is longer than the record takes
}

// Clash is a field that both sides changed differently.
type Clash struct {
	Word, Base, Mine, Theirs string
	Winner                   offline.Side // empty: the user is asked
}

// Quiet: nothing is to be written.
func (r *Result) Quiet() bool { return len(r.ToItem) == 0 && len(r.ToRecord) == 0 }

// Merge brings an item and its record together, field by field, against the
// values on which they last agreed. What only one side changed is copied; what
// both changed to the same is agreed; what both changed differently is a
// conflict. kind is the record's. Writing the result and merging again gives
// nothing to write.
func Merge(kind offline.Kind, base, item, record offline.Fields, o Options) Result {
	m := merging{o: &o, base: base, r: Result{Now: make(offline.Fields, max(len(base), len(item)))}}
	fields := Table(kind)
	for n := range fields {
		f := &fields[n]
		i, r := item[f.Word], record[f.Word]
		if f.Word == "due" && kind == offline.KindTask && (i == "") != (r == "") {
			// R-TASK-05: each side by itself takes the start, which is merged already.
			i, r = orElse(i, after(m.r.ToItem, item, "start")), orElse(r, after(m.r.ToRecord, record, "start"))
		}
		if i == "" && r == "" && base[f.Word] == "" {
			continue
		}
		m.field(f, base[f.Word], i, r)
	}
	m.r.Base = m.r.Now
	if len(m.settled) > 0 {
		m.r.Base = maps.Clone(m.r.Now)
		for _, s := range m.settled {
			delete(m.r.Base, s.f.Word)
			keep(m.r.Base, s.f, s.v)
		}
	}
	return m.r
}

// after is the value of a word once what is to be written is.
func after(writes, now offline.Fields, word string) string {
	if v, ok := writes[word]; ok {
		return v
	}
	return now[word]
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

type merging struct {
	o       *Options
	base    offline.Fields
	r       Result
	settled []settled // what the base becomes by what is written
}

type settled struct {
	f *Field
	v string
}

// field merges one field. Of a text that is longer than the record takes, what is
// cut off is no change, and is never cut off the item. A record that has more
// shows that its limit is not what we take it for.
func (m *merging) field(f *Field, base, item, record string) {
	whole := item
	if n := limit(f, m.o); n > 0 && (len(item) > n || len(base) > n) && len(cut(record, n)) == len(record) {
		item, base = cut(item, n), cut(base, n)
		if len(item) < len(whole) {
			m.r.Cut = append(m.r.Cut, f.Word)
		}
	}
	m.three(f, base, item, record, whole)
}

// three merges one value three ways. whole is the item's value as it is.
func (m *merging) three(f *Field, base, item, record, whole string) {
	if f.means(item, record) {
		m.agree(f, whole)
		return
	}
	mine, theirs := !f.means(item, base), !f.means(record, base)
	switch d := directionOf(f, m.o); {
	case d == None, !mine && !theirs:
		m.stay(f)
	case f.Word == offline.WordOrganizer && theirs:
		m.stay(f) // another organizer than the invitation has is never written into it
	case d == Up && mine, d == Both && mine && !theirs:
		m.up(f, item, whole)
	case d == Down && theirs, d == Both && theirs && !mine:
		m.down(f, record)
	case d == Both:
		m.clash(f, base, item, record, whole)
	default:
		m.stay(f) // a change against a one-way field stays where it was made (R-FIELD-02)
	}
}

func (m *merging) agree(f *Field, v string) {
	keep(m.r.Now, f, v)
}

// stay leaves both sides, and what they last agreed on, as they are.
func (m *merging) stay(f *Field) {
	keep(m.r.Now, f, m.base[f.Word])
}

// settle leaves the base as it is until what is on its way is written.
func (m *merging) settle(f *Field, v string) {
	m.stay(f)
	m.settled = append(m.settled, settled{f, v})
}

func (m *merging) up(f *Field, v, whole string) {
	put(&m.r.ToRecord, f.Word, v)
	m.settle(f, whole)
}

func (m *merging) down(f *Field, v string) {
	put(&m.r.ToItem, f.Word, v)
	m.settle(f, v)
}

// clash settles what both sides changed differently.
func (m *merging) clash(f *Field, base, item, record, whole string) {
	if f.join != nil {
		if v, ok := f.join(base, item, record); ok {
			put(&m.r.ToItem, f.Word, v)
			put(&m.r.ToRecord, f.Word, v)
			m.settle(f, v)
			return
		}
	}
	c := Clash{Word: f.Word, Base: base, Mine: whole, Theirs: record, Winner: m.winner()}
	m.r.Conflicts = append(m.r.Conflicts, c)
	switch c.Winner {
	case offline.SideItem:
		m.up(f, item, whole)
	case offline.SideRecord:
		m.down(f, record)
	default:
		m.stay(f)
	}
}

func (m *merging) winner() offline.Side {
	switch m.o.Prefer {
	case Mine:
		return offline.SideItem
	case Newest:
		if m.o.ItemChanged.After(m.o.RecordChanged) {
			return offline.SideItem
		}
	case Ask:
		return ""
	}
	return offline.SideRecord
}

// directionOf is the way that a field goes for this pair.
func directionOf(f *Field, o *Options) Direction {
	d := f.Default
	if set, ok := o.Directions[f.Word]; ok && !f.Fixed {
		d = set
	}
	switch {
	case f.Word == wordCompany && !o.Company:
		return None
	case !o.ThreeAddresses && (isAddress(f.Word, '2') || isAddress(f.Word, '3')):
		return None
	}
	if o.Closed || o.Guest && f.Word != offline.WordRegarding {
		switch d {
		case Both:
			return Down
		case Up:
			return None
		}
	}
	return d
}

func isAddress(word string, n byte) bool {
	return len(word) > 8 && word[7] == n && word[:7] == "address"
}

func limit(f *Field, o *Options) int {
	if n, ok := o.Limits[f.Word]; ok {
		return n
	}
	return f.Limit
}

// keep notes what is agreed on. Of a photo it is enough that there is one.
func keep(in offline.Fields, f *Field, v string) {
	if v == "" {
		return
	}
	if f.Word == "photo" {
		v = "1"
	}
	in[f.Word] = v
}

func put(in *offline.Fields, word, v string) {
	if *in == nil {
		*in = offline.Fields{}
	}
	(*in)[word] = v
}
