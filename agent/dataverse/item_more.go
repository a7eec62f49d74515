package dataverse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/agent/recur"
	"postrider/offline"
)

// Participation types of the people of meetings (activityparty).
const (
	maskRequired  = 5
	maskOptional  = 6
	maskOrganizer = 7
)

// complete adds to records what their rows don't tell: the people of meetings, and
// which occurrences of a series differ. Occurrences themselves are no records of
// their own: the series that they belong to come in their stead.
func (c *Client) complete(ctx context.Context, what string, records []offline.Record) ([]offline.Record, error) {
	var again []string
	kept := records[:0:0]
	have := map[string]bool{}
	for _, r := range records {
		if r.Item != nil && !r.Item.Series.IsZero() {
			again = append(again, r.Item.Series.ID)
			continue
		}
		have[r.ID] = true
		kept = append(kept, r)
	}
	again = slices.DeleteFunc(again, func(id string) bool { return have[id] })
	if len(again) > 0 {
		t, _ := tableOf(offline.KindSeries)
		rows, err := c.rowsWith(ctx, what, t, c.columns, t.id, again, func(s string) string { return s })
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if rec := c.recordOf(t, r); rec.ID != "" && !have[rec.ID] {
				have[rec.ID] = true
				kept = append(kept, rec)
			}
		}
	}
	if err := c.addParties(ctx, what, kept); err != nil {
		return nil, err
	}
	if err := c.addOccurrences(ctx, what, kept); err != nil {
		return nil, err
	}
	return kept, nil
}

// recordOf translates a row, with its neutral form where it is an item's.
func (c *Client) recordOf(t table, r row) offline.Record {
	rec := t.record(r)
	if t.kind != offline.KindContact || c.cfg.Items {
		rec.Item = t.item(r, c.clock())
	}
	if t.kind == offline.KindSeries && r["seriesstatus"] != nil && !r.yes("seriesstatus") {
		rec.Item = nil // what is left of a series that goes on under another id
	}
	return rec
}

// wantMeetings are the ids of the meetings among records.
func wantMeetings(records []offline.Record) map[string]*offline.RecordItem {
	out := map[string]*offline.RecordItem{}
	for i := range records {
		if r := &records[i]; r.Item != nil && (r.Kind == offline.KindAppointment || r.Kind == offline.KindSeries) {
			out[r.ID] = r.Item
		}
	}
	return out
}

// addParties adds organizer and guests. Change tracking allows no $expand, so the
// parties of all are asked for together.
func (c *Client) addParties(ctx context.Context, what string, records []offline.Record) error {
	meetings := wantMeetings(records)
	if len(meetings) == 0 {
		return nil
	}
	parties := table{logical: "activityparty", set: "activityparties", id: "activitypartyid"}
	only := func(table) []string {
		return []string{"_activityid_value", "_partyid_value", "participationtypemask", "addressused"}
	}
	rows, err := c.rowsOfMany(ctx, what, parties, only, "_activityid_value", keys(meetings))
	if err != nil {
		return err
	}
	lists := map[string]map[string][]string{}
	me := c.clock().me
	for _, r := range rows {
		id := strings.ToLower(r.text("_activityid_value"))
		it := meetings[id]
		if it == nil {
			continue
		}
		if lists[id] == nil {
			lists[id] = map[string][]string{}
		}
		who := r.ref("partyid", "")
		switch r.number("participationtypemask") {
		case maskOrganizer:
			it.Organizer = who
			if who.ID != me.ID {
				lists[id][offline.WordOrganizer] = append(lists[id][offline.WordOrganizer], person(r))
			} else {
				lists[id]["me"] = append(lists[id]["me"], person(r))
			}
		case maskRequired:
			lists[id][offline.WordRequired] = append(lists[id][offline.WordRequired], person(r))
		case maskOptional:
			lists[id][offline.WordOptional] = append(lists[id][offline.WordOptional], person(r))
		}
	}
	for id, words := range lists {
		organizers := append(slices.Clone(words[offline.WordOrganizer]), words["me"]...)
		delete(words, "me")
		for w, list := range words {
			if w != offline.WordOrganizer {
				list = slices.DeleteFunc(list, func(p string) bool {
					return slices.ContainsFunc(organizers, func(o string) bool { return addressOf(o) == addressOf(p) })
				})
			}
			set(meetings[id].Fields, w, people(list))
		}
	}
	return nil
}

// person is a party as "address name"; "" where it has no address.
func person(r row) string {
	addr := offline.Fold(r.text("addressused"))
	if addr == "" || strings.ContainsAny(addr, " \n") {
		return ""
	}
	name := strings.Join(strings.Fields(r.text("_partyid_value"+formattedValue)), " ")
	if name == "" || offline.Fold(name) == addr {
		return addr
	}
	return addr + " " + name
}

func addressOf(person string) string {
	addr, _, _ := strings.Cut(person, " ")
	return addr
}

// people is a list of persons, sorted, each address once.
func people(list []string) string {
	slices.Sort(list)
	list = slices.CompactFunc(list, func(a, b string) bool { return addressOf(a) == addressOf(b) })
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "\n")
}

// occurrenceColumns are what is asked of the occurrences of series.
var occurrenceColumns = []string{"activityid", "seriesid", "instancetypecode", "originalstartdate", "scheduledstart", "scheduledend", "isalldayevent", "subject", "description", "location", "prioritycode", "statecode", "statuscode"}

// addOccurrences adds to series which of their occurrences differ, and which were
// deleted: those that the series names, and those that are missing between others
// that are there. What lies before the first and behind the last that was made is
// no sign of anything.
func (c *Client) addOccurrences(ctx context.Context, what string, records []offline.Record) error {
	all := map[string]*offline.Record{}
	for i := range records {
		if r := &records[i]; r.Kind == offline.KindSeries && r.Item != nil {
			all[r.ID] = r
		}
	}
	if len(all) == 0 {
		return nil
	}
	t, _ := tableOf(offline.KindAppointment)
	masters, _ := tableOf(offline.KindSeries)
	rows, err := c.rowsOfMany(ctx, what, t, func(table) []string { return c.without(t.logical, occurrenceColumns) }, "seriesid", keys(all))
	if err != nil {
		return err
	}
	patterns, err := c.rowsOfMany(ctx, what, masters, func(table) []string {
		return c.without(masters.logical, append([]string{masters.id}, seriesColumns...))
	}, masters.id, keys(all))
	if err != nil {
		return err
	}
	of := map[string][]row{}
	for _, r := range rows {
		id := strings.ToLower(r.text("seriesid"))
		of[id] = append(of[id], r)
	}
	k := c.clock()
	for _, p := range patterns {
		if rec := all[strings.ToLower(p.text(masters.id))]; rec != nil {
			rec.Item.Fields[offline.WordRecurrence] = exceptions(readSeries(p, k), p, of[rec.ID], rec.Item.Fields, k).String()
		}
	}
	return nil
}

// exceptions is a series with the occurrences that don't follow it.
func exceptions(s series, master row, occurrences []row, f offline.Fields, k clock) recur.Series {
	out := recur.Series{Rule: recur.FromPattern(s.pattern), Changed: map[string]offline.Fields{}}
	there := map[string]bool{}
	var first, last time.Time
	for _, o := range occurrences {
		at := o.when("originalstartdate")
		if at.IsZero() {
			continue
		}
		name := s.original(at, k)
		there[name] = true
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
		if n := o.number("instancetypecode"); n == instanceException || n == instanceFuture {
			if diff := differs(s, o, at, f, k); len(diff) > 0 {
				out.Changed[name] = diff
			}
		}
	}
	for v := range strings.SplitSeq(master.text("deletedexceptionslist"), ",") {
		if at, err := time.Parse(time.RFC3339, strings.TrimSpace(v)); err == nil && !there[s.original(at, k)] {
			out.Out = append(out.Out, s.original(at, k))
		}
	}
	if !first.IsZero() {
		if gone, err := out.Missing(s.start, s.allDay, first.In(s.start.Location()), last.In(s.start.Location()), there); err == nil {
			out.Out = append(out.Out, gone...)
		}
	}
	slices.Sort(out.Out)
	out.Out = slices.Compact(out.Out)
	return out
}

// original names an occurrence by its local start.
func (s series) original(at time.Time, k clock) string {
	if s.allDay {
		return recur.Original(k.midnight(at), true)
	}
	return recur.Original(at.In(s.zone), false)
}

// differs are the words of an occurrence that are not its series'.
func differs(s series, o row, original time.Time, f offline.Fields, k clock) offline.Fields {
	it := &offline.RecordItem{Fields: offline.Fields{}}
	appointmentItem(o, it, k)
	own := offline.Fields{}
	for _, w := range [...]string{offline.WordSubject, "body", "location", "importance", offline.WordShow} {
		if it.Fields[w] != f[w] {
			own[w] = it.Fields[w]
		}
	}
	usual := k.span(original, original.Add(s.length), s.allDay)
	if got := it.Fields[offline.WordTime]; got != usual {
		own[offline.WordTime] = got
	}
	return own
}

// rowsOfMany asks for rows by ids in a column, some sixty at a time.
func (c *Client) rowsOfMany(ctx context.Context, what string, t table, columns func(table) []string, column string, ids []string) ([]row, error) {
	var open []*search
	for run := range slices.Chunk(ids, 60) {
		open = append(open, &search{values: run, or: true})
	}
	rows, err := c.searchAll(ctx, what, t, columns, column, func(s string) string { return s }, open)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return rows, nil
}

func keys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
