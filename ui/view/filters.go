package view

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"postrider/agent"
	"postrider/agent/merge"
	"postrider/offline"
)

// Filterer is the part of an Agent that changes the filters by which records come
// down, and which side holds where both changed the same field.
type Filterer interface {
	// FilterWords are the kinds that filters can be made for, and what they can ask;
	// nil: none can be made or changed from here.
	FilterWords() map[offline.Kind][]offline.FilterWord
	// Criteria are what a filter asks, in words; ok is false where it asks more.
	Criteria(f offline.SyncFilter) (c offline.Criteria, ok bool)
	// WithCriteria is a filter that asks this; its errors are for people.
	WithCriteria(f offline.SyncFilter, c offline.Criteria) (offline.SyncFilter, error)
	// PreviewFilter asks the CRM what a change comes to. ChangeFilter makes it.
	PreviewFilter(ctx context.Context, c offline.FilterChange) ([]agent.FilterPreview, error)
	ChangeFilter(ctx context.Context, c offline.FilterChange) error
	Prefer() (merge.Prefer, error)
	SetPrefer(p merge.Prefer) error
}

// FilterKinds are the kinds that a new filter can be for.
var FilterKinds = []offline.Kind{offline.KindContact, offline.KindAppointment, offline.KindSeries, offline.KindTask}

// FilterNoun is what a filter lets in, in words, for many.
func FilterNoun(k offline.Kind) string {
	if k == offline.KindSeries {
		return "recurring appointments"
	}
	return ItemNoun(k) + "s"
}

// ChangesFilters reports whether filters can be made and changed.
func (d *Desk) ChangesFilters() bool {
	return d.env.filterer != nil && len(d.env.filterer.FilterWords()) > 0
}

// FilterText is what a filter asks, in words; "" where it asks more than they say.
func (d *Desk) FilterText(f offline.SyncFilter) string {
	if d.env.filterer == nil {
		return ""
	}
	c, ok := d.env.filterer.Criteria(f)
	if !ok {
		return ""
	}
	return criteriaText(f.Kind, c)
}

func criteriaText(k offline.Kind, c offline.Criteria) string {
	var parts []string
	for _, x := range c.List {
		part := strings.ReplaceAll(FilterOpText(k, x.Op), "…", x.Value)
		if !strings.Contains(FilterOpText(k, x.Op), "…") && x.Value != "" {
			part += " “" + OneLine(x.Value, 60) + "”"
		}
		if x.Word != offline.FilterWho && x.Word != offline.FilterState {
			part = lowerFirst(FilterWordText(k, x.Word)) + " " + part
		}
		parts = append(parts, part)
	}
	switch {
	case len(parts) == 0:
		return "all of them"
	case c.Any:
		return strings.Join(parts, ", or ")
	}
	return strings.Join(parts, ", ")
}

// FilterWordText is what a condition can be about, in people's words.
func FilterWordText(k offline.Kind, word string) string {
	switch word {
	case offline.FilterWho:
		return "Whose it is"
	case offline.FilterState:
		return "Whether it is open"
	case offline.FilterModified:
		return "Changed"
	case offline.WordTime:
		return "Takes place"
	case "due":
		return "Due"
	case "start":
		return "Starts"
	}
	return WordName(k, word)
}

// FilterOpText is how a condition compares, in people's words; … stands for the
// value.
func FilterOpText(k offline.Kind, op offline.FilterOp) string {
	switch op {
	case offline.FilterMine:
		return "I own it"
	case offline.FilterParty:
		return "I take part in it"
	case offline.FilterOpen:
		if k == offline.KindContact {
			return "it is active"
		}
		return "it is not over"
	case offline.FilterIs:
		return "is"
	case offline.FilterBegins:
		return "begins with"
	case offline.FilterContains:
		return "contains"
	case offline.FilterLastDays:
		return "in the last … days"
	case offline.FilterNextDays:
		return "in the next … days"
	}
	return string(op)
}

// FilterForm is a filter while it is made or changed.
type FilterForm struct {
	Title string
	Name  string
	Any   bool
	Rows  []FilterRow
	// Whole: it asks for more than can be shown here. Its name can be changed.
	Whole bool

	filter offline.SyncFilter
	words  []offline.FilterWord
	keeper Filterer
}

// FilterRow is one condition.
type FilterRow struct{ offline.Criterion }

// Valued reports whether the condition has a value.
func (r FilterRow) Valued() bool {
	return !slices.Contains([]offline.FilterOp{offline.FilterMine, offline.FilterParty, offline.FilterOpen}, r.Op)
}

// NewFilter is the form of a new filter for a kind: at first of what is the user's
// and open, as the default ones are. nil: there are none of that kind.
func (d *Desk) NewFilter(k offline.Kind) *FilterForm {
	f := d.filterForm(offline.SyncFilter{Kind: k, Active: true})
	if f == nil {
		return nil
	}
	f.Title = "New filter for " + FilterNoun(k)
	f.Rows = []FilterRow{{offline.Criterion{Word: offline.FilterWho, Op: offline.FilterMine}}, {offline.Criterion{Word: offline.FilterState, Op: offline.FilterOpen}}}
	return f
}

// EditFilter is the form of a filter, or of a copy of it.
func (d *Desk) EditFilter(of offline.SyncFilter, copied bool) *FilterForm {
	f := d.filterForm(of)
	if f == nil {
		return nil
	}
	f.Title, f.Name = "Filter for "+FilterNoun(of.Kind), of.Name
	if copied {
		f.Title, f.Name = "Copy of a filter for "+FilterNoun(of.Kind), of.Name+" (copy)"
		f.filter.ID, f.filter.Active, f.filter.System = "", true, false
	}
	c, ok := f.keeper.Criteria(of)
	f.Whole, f.Any = !ok, ok && c.Any
	for _, x := range c.List {
		if ok {
			f.Rows = append(f.Rows, FilterRow{x})
		}
	}
	return f
}

func (d *Desk) filterForm(of offline.SyncFilter) *FilterForm {
	if !d.ChangesFilters() {
		return nil
	}
	words := d.env.filterer.FilterWords()[of.Kind]
	if len(words) == 0 {
		return nil
	}
	return &FilterForm{filter: of, words: words, keeper: d.env.filterer}
}

// Kind is what the filter is for.
func (f *FilterForm) Kind() offline.Kind { return f.filter.Kind }

// Words are what a condition can be about.
func (f *FilterForm) Words() []offline.FilterWord { return f.words }

// Ops are how a condition about a word can compare.
func (f *FilterForm) Ops(word string) []offline.FilterOp {
	for _, w := range f.words {
		if w.Word == word {
			return w.Ops
		}
	}
	return nil
}

// Add adds a condition about the first word that none is about yet.
func (f *FilterForm) Add() {
	w := f.words[0]
	for _, x := range f.words {
		if !slices.ContainsFunc(f.Rows, func(r FilterRow) bool { return r.Word == x.Word }) {
			w = x
			break
		}
	}
	f.Rows = append(f.Rows, FilterRow{})
	f.SetWord(len(f.Rows)-1, w.Word)
}

// SetWord makes a condition be about something else.
func (f *FilterForm) SetWord(i int, word string) {
	was := f.Rows[i]
	next := FilterRow{offline.Criterion{Word: word, Op: f.Ops(word)[0]}}
	if slices.Contains(f.Ops(word), was.Op) {
		next.Op = was.Op
	}
	if days(was.Op) == days(next.Op) {
		next.Value = was.Value
	}
	if days(next.Op) && next.Value == "" {
		next.Value = "30"
	}
	f.Rows[i] = next
}

func days(op offline.FilterOp) bool {
	return op == offline.FilterLastDays || op == offline.FilterNextDays
}

// Remove takes a condition out.
func (f *FilterForm) Remove(i int) { f.Rows = slices.Delete(f.Rows, i, i+1) }

// Change is the change that the form comes to, or what is wrong, and in which row;
// -1: in none of them.
func (f *FilterForm) Change() (c offline.FilterChange, row int, wrong string) {
	next := f.filter
	if next.Name = strings.TrimSpace(f.Name); next.Name == "" {
		return c, -1, "The filter needs a name."
	}
	if !f.Whole {
		var err error
		cr := offline.Criteria{Any: f.Any && len(f.Rows) > 1}
		for i, r := range f.Rows {
			r.Value = strings.TrimSpace(r.Value)
			if n, err := strconv.Atoi(r.Value); days(r.Op) && (err != nil || n < 1 || n > 36500) {
				return c, i, "How many days? A number from 1 to 36500."
			}
			if r.Valued() && r.Value == "" {
				return c, i, "What should “" + FilterWordText(f.filter.Kind, r.Word) + "” be compared with?"
			}
			cr.List = append(cr.List, r.Criterion)
		}
		if next, err = f.keeper.WithCriteria(next, cr); err != nil {
			return c, -1, upperFirst(err.Error()) + "."
		}
	}
	return offline.FilterChange{Do: offline.FilterSave, Filter: next}, -1, ""
}

// FilterPreview is what a change of the filters comes to, while it is looked at.
type FilterPreview struct {
	Asking bool
	Failed string
	Lines  []string
	Names  []string // of the user's own that will be in step no longer

	changed func()
	ask     slot
}

// NewFilterPreview asks the CRM; redraw is called when it has answered.
func (d *Desk) NewFilterPreview(c offline.FilterChange, redraw func()) *FilterPreview {
	p := &FilterPreview{Asking: true, changed: redraw, ask: d.env.slot()}
	p.ask.do(func(ctx context.Context) func() {
		all, err := d.env.filterer.PreviewFilter(ctx, c)
		return func() {
			p.Asking = false
			if err != nil {
				p.Failed = "The CRM can't say now what that comes to, so nothing is changed: " + OneLine(err.Error(), 200)
			} else {
				p.words(all)
			}
			p.changed()
		}
	})
	return p
}

func (p *FilterPreview) words(all []agent.FilterPreview) {
	for _, x := range all {
		parted := len(x.Parted)
		if len(all) > 1 && x.Comes+x.Leaves == 0 {
			continue
		}
		noun := func(n int) string {
			if x.Kind == offline.KindSeries {
				return Plural(n, "recurring appointment")
			}
			return Plural(n, ItemNoun(x.Kind))
		}
		line := noun(x.In) + " of the CRM will be in step"
		if x.Comes > 0 {
			line += ", " + Count(x.Comes) + " more than now"
		}
		switch {
		case x.Leaves > 0 && x.Comes > 0:
			line += ", and " + Count(x.Leaves) + " that are now will not"
		case x.Leaves > 0:
			line += ", " + Count(x.Leaves) + " fewer than now"
		case x.Comes == 0:
			line += ", as now"
		}
		p.Lines = append(p.Lines, line+".")
		kind, _ := offline.ItemKind(x.Kind)
		switch {
		case parted == 1:
			p.Lines = append(p.Lines, "One of those is in your "+placeOf(kind)+". It stays there, and in the CRM, each by itself:")
		case parted > 1:
			p.Lines = append(p.Lines, Count(parted)+" of those are in your "+placeOf(kind)+". They stay there, and in the CRM, each by itself:")
		}
		for _, n := range x.Parted {
			p.Names = append(p.Names, cmp.Or(OneLine(n, 200), "(no name)"))
		}
	}
	if len(p.Lines) == 0 {
		p.Lines = []string{"The same records are in step as now."}
	}
}

// Close stops what is under way.
func (p *FilterPreview) Close() {
	p.changed = func() {}
	p.ask.drop()
}

// ChangeFilter makes a change, and reads the page again. It waits for the CRM, so
// that it is not done in turn with what else the user does.
func (d *Desk) ChangeFilter(c offline.FilterChange) {
	k, slot := d.env.filterer, d.env.slot()
	text := map[offline.FilterAction]string{offline.FilterSave: "The filter is saved", offline.FilterOn: "The filter is on", offline.FilterOff: "The filter is off",
		offline.FilterDelete: "The filter is deleted", offline.FilterReset: "The default filters are back"}[c.Do]
	slot.do(func(ctx context.Context) func() {
		err := k.ChangeFilter(ctx, c)
		return func() {
			d.InStep.refresh()
			if err != nil {
				d.Deeds.say(Toast{Text: "That did not work: " + OneLine(err.Error(), 300), Bad: true})
				return
			}
			d.Deeds.say(Toast{Text: text})
		}
	})
}

// PreferLine is a choice of the side that holds.
type PreferLine struct {
	Value merge.Prefer
	Text  string
}

// Prefers are the choices of the side that holds where both changed the same field.
var Prefers = []PreferLine{
	{merge.Theirs, "What the CRM has holds (usual)"},
	{merge.Mine, "What I have holds"},
	{merge.Newest, "What was changed last holds"},
	{merge.Ask, "I am asked each time"},
}

// SetPrefer chooses the side that holds.
func (d *Desk) SetPrefer(p merge.Prefer) {
	k := d.env.filterer
	if k == nil || p == d.InStep.Prefer {
		return
	}
	was := d.InStep.Prefer
	set := func(p merge.Prefer) error {
		defer d.env.post(d.InStep.refresh)
		return k.SetPrefer(p)
	}
	d.Deeds.run("Chosen, for changes from now on", func() (agent.Undo, error) { return func() error { return set(was) }, set(p) })
}
