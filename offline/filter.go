package offline

import (
	"slices"
	"time"
)

// SyncFilter is one of the user's filters in the CRM that say which records come
// down (R-FILTER-04, -05).
type SyncFilter struct {
	ID     string `json:"id"`
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Query  string `json:"query"` // as the CRM keeps it (FetchXML)
	Active bool   `json:"active"`
	System bool   `json:"system,omitempty"` // of the organization, for everybody; not editable
}

// Members are the ids of the records of a kind that the filters let in.
type Members struct {
	Kind Kind      `json:"kind"`
	IDs  []string  `json:"ids,omitempty"` // sorted
	At   time.Time `json:"at"`
}

// SettingFilters is the name of the filters, []SyncFilter, among the store's
// settings.
const SettingFilters = "sync-filters"

// SettingMembers is the name of the Members of a kind among the store's settings.
func SettingMembers(k Kind) string { return "members:" + string(k) }

// Has tells whether a record is among the members.
func (m Members) Has(id string) bool {
	_, ok := slices.BinarySearch(m.IDs, id)
	return ok
}

// Criteria are what a filter asks of records, as far as it can be said in words
// (R-FILTER-07).
type Criteria struct {
	Any  bool // one of them is enough; otherwise all are to hold
	List []Criterion
}

// Criterion is one thing that a filter asks.
type Criterion struct {
	Word  string // of FilterWords
	Op    FilterOp
	Value string // a text, or a number of days; empty where Op needs none
}

// FilterOp is how a criterion compares.
type FilterOp string

// How criteria compare.
const (
	FilterMine     FilterOp = "mine"      // the user owns it
	FilterParty    FilterOp = "party"     // the user takes part in it
	FilterOpen     FilterOp = "open"      // it is not over or switched off
	FilterIs       FilterOp = "is"        // the text is Value
	FilterBegins   FilterOp = "begins"    // the text begins with Value
	FilterContains FilterOp = "contains"  // the text has Value in it
	FilterLastDays FilterOp = "last-days" // the time is in the last Value days
	FilterNextDays FilterOp = "next-days" // the time is in the next Value days
)

// Words of criteria beside those of items.
const (
	FilterWho      = "who"
	FilterState    = "state"
	FilterModified = "modified"
)

// FilterWord is what a criterion can be about.
type FilterWord struct {
	Word string
	Ops  []FilterOp
}

// FilterWords are what the criteria of filters for a kind of records can be about.
func FilterWords(k Kind) []FilterWord {
	texts := []FilterOp{FilterContains, FilterBegins, FilterIs}
	times := []FilterOp{FilterNextDays, FilterLastDays}
	words := []FilterWord{{FilterWho, []FilterOp{FilterMine}}, {FilterState, []FilterOp{FilterOpen}}}
	switch k {
	case KindContact:
		for _, w := range []string{"last", "first", "email1", "title", "department", "address1-city", "address1-postcode", "address1-region", "address1-country"} {
			words = append(words, FilterWord{w, texts})
		}
	case KindTask:
		words = append(words, FilterWord{WordSubject, texts}, FilterWord{"due", times}, FilterWord{"start", times})
	case KindAppointment:
		words[0].Ops = append(words[0].Ops, FilterParty)
		words = append(words, FilterWord{WordSubject, texts}, FilterWord{"location", texts}, FilterWord{WordTime, times})
	case KindSeries:
		words[0].Ops = append(words[0].Ops, FilterParty)
		words = append(words, FilterWord{WordSubject, texts}, FilterWord{"location", texts})
	default:
		return nil
	}
	return append(words, FilterWord{FilterModified, []FilterOp{FilterLastDays}})
}

// FilterAction is what is done about the user's filters (R-FILTER-06).
type FilterAction string

// What can be done about filters.
const (
	FilterSave   FilterAction = "save" // a new one, or one changed
	FilterOn     FilterAction = "on"
	FilterOff    FilterAction = "off"
	FilterDelete FilterAction = "delete"
	FilterReset  FilterAction = "reset" // all of the user's give way to the organization's default ones
)

// FilterChange is a change to the user's filters. With FilterReset the filter is
// nothing; a new filter has no ID.
type FilterChange struct {
	Do     FilterAction
	Filter SyncFilter
}

// Apply is what the filters are once a change is made. defaults are those that
// FilterReset gives.
func (c FilterChange) Apply(all, defaults []SyncFilter) []SyncFilter {
	if c.Do == FilterReset {
		return append(slices.DeleteFunc(slices.Clone(all), func(f SyncFilter) bool { return !f.System }), defaults...)
	}
	out := slices.Clone(all)
	i := slices.IndexFunc(out, func(f SyncFilter) bool { return f.ID == c.Filter.ID && !f.System && f.ID != "" })
	switch {
	case c.Do == FilterSave && i < 0:
		return append(out, c.Filter)
	case i < 0:
	case c.Do == FilterSave:
		out[i] = c.Filter
	case c.Do == FilterDelete:
		out = slices.Delete(out, i, i+1)
	default:
		out[i].Active = c.Do == FilterOn
	}
	return out
}
