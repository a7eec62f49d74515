package view

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// ItemsAtOnce is how many items can be tracked in one go (R-TRACK-04).
const ItemsAtOnce = 20

// ItemRow is one appointment, contact or task of a list; of a series one row for
// each time that it comes.
type ItemRow struct {
	Key        uint64
	Occurrence string // which of a series, as recurrences name it; empty: it is single
	Group      string // the day, or what else rows are under
	Name       string // never empty
	Bare       bool   // it has no name
	Sub        string
	When       string // time of day; when a task is due
	Sign       Sign
	Tone       Tone
	Word       string
	Edge       bool // colleagues can see it in the CRM
	Private    bool
	Done       bool // a task that is over
	Late       bool
	Repeats    bool
	Free       bool // it keeps no time free of others
	Place      string

	From, To time.Time // where the user is; of whole days midnights
	AllDay   bool
}

// id tells rows apart.
func (r *ItemRow) id() rowID { return rowID{r.Key, r.Occurrence} }

type rowID struct {
	key        uint64
	occurrence string
}

// ItemFilter is what of a kind a list shows. The zero ItemFilter: all.
type ItemFilter struct {
	State      offline.State // Untracked, Waiting, Tracked, Failed
	Collection string        // URL
}

// ItemFilterLine is one of the filters that there are, for people.
type ItemFilterLine struct {
	ItemFilter
	Name   string
	Symbol string
	Count  int
}

// Items is the list of the user's appointments, contacts or tasks, the chosen one
// among them, and what several are marked. It follows the store while it is open.
type Items struct {
	Kind    offline.Kind
	Ready   bool
	Rows    []ItemRow
	Filters []ItemFilterLine
	Filter  ItemFilter
	Query   string
	Cursor  int // into Rows; -1: none
	Shown   ItemView
	Week    Week // of a calendar
	Agenda  bool // the calendar is a list
	Reveal  bool // the cursor went to where it may not be seen; whoever shows it says false

	env     *env
	desk    *Desk
	part    Parts
	reading slot
	laying  slot
	looking slot
	busy    bool // the store is being read
	stale   bool // and has changed since
	took    time.Duration
	open    bool
	facts   []itemFact
	colls   map[string]offline.Collection
	at      rowID
	want    uint64 // an item to go to once it is there
	marked  map[rowID]bool
	anchor  int
	day     time.Time // of a calendar: the first day of the week that is shown
}

func newItems(d *Desk, kind offline.Kind, part Parts) *Items {
	e := d.env
	l := &Items{Kind: kind, Cursor: -1, env: e, desk: d, part: part, reading: e.slot(), laying: e.slot(), looking: e.slot(), marked: map[rowID]bool{}}
	l.day = weekOf(e.now())
	return l
}

// OpenItems reads the items of a list, and keeps it up until CloseItems.
func (d *Desk) OpenItems(l *Items) {
	l.open = true
	l.refresh()
}

// CloseItems stops keeping it up.
func (d *Desk) CloseItems(l *Items) { l.open = false }

// refresh reads the items anew. What changes while they are read is read after.
func (l *Items) refresh() {
	if !l.open {
		return
	}
	if l.busy {
		l.stale = true
		return
	}
	l.busy, l.stale = true, false
	pause := time.Duration(0)
	if l.took > pulse { // a sync that changes one after the other does not have all read each time
		pause = 2 * l.took
	}
	l.reading.do(func(ctx context.Context) func() {
		if pause > 0 && !rest(ctx, pause) {
			return nil
		}
		var facts []itemFact
		var colls map[string]offline.Collection
		begin := time.Now()
		err := l.env.store.View(func(tx *offline.Tx) (err error) {
			facts, colls, err = readFacts(ctx, tx, l.Kind)
			return err
		})
		took := time.Since(begin)
		return func() {
			l.busy, l.took = false, took
			if err != nil {
				l.env.log.Warn("the "+ItemNoun(l.Kind)+"s could not be read", "err", err)
			} else {
				l.facts, l.colls = facts, colls
				l.lay()
			}
			if l.stale {
				l.refresh()
			}
		}
	})
}

// laid is a list as it is to be shown.
type laid struct {
	rows    []ItemRow
	filters []ItemFilterLine
	week    Week
}

// lay makes the rows of what was read.
func (l *Items) lay() {
	q := rowsOf{l.Kind, l.facts, l.colls, l.Filter, strings.Fields(fold(l.Query)), l.day, l.Agenda, l.env.now()}
	l.laying.do(func(context.Context) func() {
		n := q.lay()
		return func() {
			l.Rows, l.Filters, l.Week, l.Ready = n.rows, n.filters, n.week, true
			l.find()
			l.look()
			l.env.tell(l.part)
		}
	})
}

// rowsOf is everything on which the rows depend.
type rowsOf struct {
	kind   offline.Kind
	facts  []itemFact
	colls  map[string]offline.Collection
	filter ItemFilter
	words  []string
	day    time.Time
	agenda bool
	now    time.Time
}

func (q *rowsOf) lay() (n laid) {
	n.filters = itemFilters(q.kind, q.facts, q.colls)
	kept := make([]*itemFact, 0, len(q.facts))
	for i := range q.facts {
		if f := &q.facts[i]; q.keeps(f) {
			kept = append(kept, f)
		}
	}
	switch q.kind {
	case offline.KindAppointment:
		n.rows = q.appointments(kept)
		weeks := 1
		if q.agenda {
			weeks = agendaWeeks
		}
		n.week = newWeek(n.rows, q.day, q.now, weeks)
	case offline.KindTask:
		n.rows = q.tasks(kept)
	default:
		n.rows = q.people(kept)
	}
	return n
}

func (q *rowsOf) keeps(f *itemFact) bool {
	if q.filter.State != "" && f.filed() != q.filter.State || q.filter.Collection != "" && f.coll != q.filter.Collection {
		return false
	}
	for _, w := range q.words {
		if !strings.Contains(f.hay, w) {
			return false
		}
	}
	return true
}

// row is the row of an item, without when it is.
func (q *rowsOf) row(f *itemFact) ItemRow {
	r := ItemRow{Key: f.key, Name: f.name, Sub: f.sub, Edge: f.track.State == offline.Tracked, Private: f.private, Place: OneLine(q.colls[f.coll].Name, 80), Repeats: f.recurrence != "", Free: f.show == "free"}
	r.Sign, r.Tone, r.Word = f.state()
	if r.Name == "" {
		r.Name, r.Bare = "(no subject)", true
		if f.kind == offline.KindContact {
			r.Name = "(no name)"
		}
	}
	return r
}

// people are contacts by their last name.
func (q *rowsOf) people(facts []*itemFact) []ItemRow {
	slices.SortStableFunc(facts, func(a, b *itemFact) int { return cmp.Compare(a.sort, b.sort) })
	rows := make([]ItemRow, 0, len(facts))
	for _, f := range facts {
		r := q.row(f)
		if r.Sub == f.name {
			r.Sub = ""
		}
		for _, c := range f.sort {
			r.Group = strings.ToUpper(string(c))
			break
		}
		rows = append(rows, r)
	}
	return rows
}

// itemFilters are the states and collections that there are.
func itemFilters(kind offline.Kind, facts []itemFact, colls map[string]offline.Collection) []ItemFilterLine {
	states, in := map[offline.State]int{}, map[string]int{}
	for i := range facts {
		states[facts[i].filed()]++
		in[facts[i].coll]++
	}
	lines := []ItemFilterLine{
		{ItemFilter{}, "All " + ItemNoun(kind) + "s", ItemKindSymbol(kind), len(facts)},
		{ItemFilter{State: offline.Failed}, "Needs you", string(SignAttention), states[offline.Failed]},
		{ItemFilter{State: offline.Waiting}, "Waiting", string(SignWaiting), states[offline.Waiting]},
		{ItemFilter{State: offline.Tracked}, "Tracked", string(SignTracked), states[offline.Tracked]},
		{ItemFilter{State: offline.Untracked}, "Not tracked", string(SignUntracked), states[offline.Untracked]},
	}
	var own []ItemFilterLine
	for url, c := range colls {
		if c.Holds(kind) {
			own = append(own, ItemFilterLine{ItemFilter{Collection: url}, OneLine(c.Name, 80), "folder", in[url]})
		}
	}
	slices.SortFunc(own, func(a, b ItemFilterLine) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Collection, b.Collection))
	})
	return append(lines, own...)
}

// ItemKindSymbol is the symbol of a kind of item.
func ItemKindSymbol(kind offline.Kind) string {
	switch kind {
	case offline.KindAppointment, offline.KindSeries:
		return "calendar"
	case offline.KindTask:
		return "task"
	}
	return "people"
}

// FilterLine is the filter that is on.
func (l *Items) FilterLine() ItemFilterLine {
	for _, f := range l.Filters {
		if f.ItemFilter == l.Filter {
			return f
		}
	}
	return ItemFilterLine{Name: "All " + ItemNoun(l.Kind) + "s", Symbol: ItemKindSymbol(l.Kind)}
}

// Show shows only what a filter lets through.
func (l *Items) Show(f ItemFilter) {
	l.Filter = f
	l.Unmark()
	l.lay()
}

// Find shows only items with every word of query in their name or what stands
// under it. "" shows all again.
func (l *Items) Find(query string) {
	if query = strings.TrimSpace(query); query != l.Query {
		l.Query = query
		clear(l.marked)
		l.lay()
	}
}

// Empty says why nothing is shown.
func (l *Items) Empty() (e Empty, empty bool) {
	nouns := ItemNoun(l.Kind) + "s"
	switch {
	case len(l.Rows) > 0:
		return e, false
	case !l.Ready:
		return Empty{Title: "One moment"}, true
	case l.Query != "":
		return Empty{Title: "Nothing has that in it", Text: "No " + ItemNoun(l.Kind) + " has “" + OneLine(l.Query, 60) + "” in its name or place.", Action: "clear"}, true
	case l.Filter != ItemFilter{}:
		return Empty{Title: "None here", Text: "No " + ItemNoun(l.Kind) + " is of this kind now.", Action: "all"}, true
	case len(l.facts) > 0:
		return Empty{Title: "Nothing in these weeks", Text: "Left and right go to other weeks."}, true
	case len(l.colls) == 0:
		return Empty{Title: "No calendars and address books", Text: "Say in config.toml, in [calendar] and [people], where they are; “postrider doctor” finds them from your address."}, true
	}
	return Empty{Title: "No " + nouns + " here", Text: "They come with the next sync, from your " + placeOf(l.Kind) + " and from the CRM.", Action: "new"}, true
}

// Containing are the texts that have every word of query in them.
func Containing(all []string, query string) (out []string) {
	words := strings.Fields(fold(query))
	for _, s := range all {
		hay := fold(s)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(hay, w) }) {
			out = append(out, s)
		}
	}
	return out
}
