package merge

import (
	"postrider/offline"
)

// NewRecord is what a record of a kind is made of from an item: the fields that
// go up, those that a record can't do without whatever their direction
// (R-FIELD-03), and each text as long as the CRM takes it. words are those that
// were cut.
func NewRecord(kind offline.Kind, item offline.Fields, o Options) (f offline.Fields, words []string) {
	f = offline.Fields{}
	o.Guest = false // a record that is not there has no organizer yet
	fields := Table(kind)
	for n := range fields {
		row := &fields[n]
		v := item[row.Word]
		if row.Word == "due" {
			v = orElse(v, item["start"])
		}
		if d := directionOf(row, &o); v == "" || d != Up && d != Both && !row.Needed {
			continue
		}
		if (row.Word == "birthday" || row.Word == "anniversary") && v[0] == '-' {
			continue // a CRM keeps no day without a year
		}
		short := cut(v, limit(row, &o))
		if len(short) < len(v) {
			words = append(words, row.Word)
		}
		f[row.Word] = short
	}
	return f, words
}

// NewItem is what an item is made of from a record of a kind. The company comes
// along even where it does not follow the parent account later on: a new card
// has none to keep.
func NewItem(kind offline.Kind, record offline.Fields, o Options) offline.Fields {
	f := offline.Fields{}
	o.Guest, o.Closed = false, false
	o.Company = true
	fields := Table(kind)
	for n := range fields {
		row := &fields[n]
		if d := directionOf(row, &o); record[row.Word] != "" && (d == Down || d == Both || row.Needed) {
			f[row.Word] = record[row.Word]
		}
	}
	return f
}
