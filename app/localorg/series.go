package localorg

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// seriesRules are the rules of recurring appointments. The service keeps each
// occurrence as an appointment, made when the series is, as far as it lies
// within the organization's windows (R-RECUR-02, -04). The service makes the
// first few at once and the others in a job; here they are all made at once.
func seriesRules() hooks {
	return hooks{
		beforeCreate: func(t *tx, w *write) error {
			if err := beforeActivity(t, w); err != nil {
				return err
			}
			if w.value("utcconversiontimezonecode") == nil {
				code, _ := t.userZone(t.user)
				w.put("utcconversiontimezonecode", code)
			}
			return t.fillSeries(w)
		},
		afterCreate: func(t *tx, w *write) error {
			if err := afterActivity(t, w); err != nil {
				return err
			}
			return t.expand(w.id, 0)
		},
		beforeUpdate: func(t *tx, w *write) error {
			if err := beforeActivityUpdate(t, w); err != nil || w.silent {
				return err
			}
			return t.fillSeries(w)
		},
		afterUpdate: func(t *tx, w *write) error {
			if err := afterActivity(t, w); err != nil {
				return err
			}
			if t.recursOtherwise(w) {
				return t.recurAnew(w)
			}
			t.spread(w)
			return nil
		},
		afterDelete: func(t *tx, tab *Table, r *row) error {
			return t.dropInstances(r.id, func(*row) bool { return true })
		},
	}
}

// recurrence are the columns that say when a series recurs; a change of one of
// them makes its occurrences anew.
var recurrence = []string{"recurrencepatterntype", "patternendtype", "patternstartdate", "patternenddate", "interval", "occurrences", "daysofweekmask", "dayofmonth", "monthofyear",
	"instance", "starttime", "endtime", "isalldayevent", "isnthmonthly", "isnthyearly", "isweekdaypattern", "utcconversiontimezonecode"}

// shared are the columns that occurrences have from their series, unless they
// were given their own.
var shared = []string{"subject", "description", "location", "prioritycode", "category", "subcategory", "ismapiprivate", "globalobjectid", "outlookownerapptid", "isalldayevent",
	"regardingobjectid", "ownerid", "owninguser", "owningbusinessunit", "statecode", "statuscode"}

// partiesField stands for an occurrence's own people in modifiedfieldsmask.
const partiesField = "parties"

func (t *tx) recursOtherwise(w *write) bool {
	return slices.ContainsFunc(recurrence, func(name string) bool {
		return w.old.get(w.tab.cols[name]) != w.row.get(w.tab.cols[name])
	})
}

// fillSeries checks the pattern and fills what follows from it.
func (t *tx) fillSeries(w *write) error {
	p, err := t.readPattern(w.row)
	if err != nil {
		return err
	}
	w.put("duration", int64((p.end-p.start)/time.Minute))
	first := p.days(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1)[0]
	if !w.set["effectivestartdate"] && (w.old == nil || t.recursOtherwise(w)) {
		w.put("effectivestartdate", p.at(first, 0))
	}
	var end any
	if p.count > 0 || p.hasUntil {
		all := p.days(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1<<20)
		end = p.at(all[len(all)-1], p.end)
	}
	w.put("effectiveenddate", end)
	return nil
}

// window is from when until when occurrences are made (R-RECUR-04).
func (t *tx) window() (from, to stamp) {
	months := func(name string, dflt int64) int {
		if n, ok := t.setting(name).(int64); ok {
			dflt = n
		}
		return int(dflt)
	}
	now := t.now.time()
	return stamp(now.AddDate(0, -months("pastexpansionwindow", 3), 0).Unix()), stamp(now.AddDate(0, months("futureexpansionwindow", 12), 0).Unix())
}

// instances are the occurrences of a series, by the start that its pattern gives them.
func (t *tx) instances(series string) []*row {
	d := t.table("appointment")
	out := d.find(d.def.cols["seriesid"], series)
	start := d.def.cols["originalstartdate"]
	slices.SortFunc(out, func(a, b *row) int { return int(a.get(start).(stamp) - b.get(start).(stamp)) })
	return out
}

// expand makes the occurrences that are within the window, not before after,
// and not there yet.
func (t *tx) expand(id string, after stamp) error {
	d := t.table("recurringappointmentmaster")
	series := d.rows[id]
	p, err := t.readPattern(series)
	if err != nil {
		return err
	}
	from, to := t.window()
	there := map[stamp]bool{}
	for _, s := range deletedStarts(series.text(d.def.cols["deletedexceptionslist"])) {
		there[s] = true
	}
	start := t.table("appointment").def.cols["originalstartdate"]
	for _, r := range t.instances(id) {
		there[r.get(start).(stamp)] = true
	}
	var last any
	made := false
	for _, o := range p.occurrences(max(from, after), to) {
		if last = o.start; there[o.start] {
			continue
		}
		t.makeInstance(d.def, series, o)
		made = true
	}
	state, next := int64(2), any(nil)
	if more := p.occurrences(to+1, to+366*86400); len(more) > 0 || p.count == 0 && !p.hasUntil {
		if state = 1; len(more) > 0 {
			next = more[0].start
		}
	}
	if !made && series.number(d.def.cols["expansionstatecode"]) == state {
		return nil
	}
	t.touch(d.def, series, func(w *write) {
		w.put("expansionstatecode", state)
		w.put("lastexpandedinstancedate", last)
		w.put("nextexpansioninstancedate", next)
	})
	return nil
}

// expandAll expands the series that are open and not expanded to their end.
func (t *tx) expandAll() error {
	d := t.table("recurringappointmentmaster")
	for _, id := range d.ids() {
		r := d.rows[id]
		if isClosed(d.def, r) || r.number(d.def.cols["expansionstatecode"]) == 2 {
			continue
		}
		after, _ := r.get(d.def.cols["effectivestartdate"]).(stamp)
		if err := t.expand(id, after); err != nil {
			return fmt.Errorf("expanding the series %s: %w", id, err)
		}
	}
	return nil
}

// makeInstance makes one occurrence.
func (t *tx) makeInstance(of *Table, series *row, o occurrence) {
	d := t.table("appointment")
	w := &write{tab: d.def, id: newID(), set: map[string]bool{}, row: &row{vals: make([]any, len(d.def.Columns))}}
	for i := range d.def.Columns {
		w.row.vals[i] = widen(d.def.Columns[i].Default)
	}
	w.row.id = w.id
	w.put(d.def.Key, w.id)
	for _, name := range shared {
		w.put(name, series.get(of.cols[name]))
	}
	w.put("activitytypecode", d.def.Name)
	w.put("scheduledstart", o.start)
	w.put("scheduledend", o.end)
	w.put("scheduleddurationminutes", int64(o.end-o.start)/60)
	w.put("originalstartdate", o.start)
	w.put("seriesid", series.id)
	w.put("instancetypecode", int64(recurringInstance))
	for _, name := range []string{"createdby", "modifiedby"} {
		w.put(name, series.get(of.cols["createdby"]))
	}
	w.put("createdon", t.now)
	w.put("modifiedon", t.now)
	t.store(d, w)
	w.parties = t.copyParties(series.id)
	t.storeParties(w)
	t.systemParty(w, maskOwner, w.row.lookup(d.def.owner))
	t.systemParty(w, maskRegarding, w.row.lookup(d.def.cols["regardingobjectid"]))
}

// copyParties are the parties of a series for one of its occurrences.
func (t *tx) copyParties(series string) (out []party) {
	for _, p := range t.partiesOf(series, maskRequired, maskOptional, maskOrganizer) {
		out = append(out, p.clone(0))
	}
	return out
}

// dropInstances removes occurrences without leaving a word of it on the series.
func (t *tx) dropInstances(series string, which func(*row) bool) error {
	d := t.table("appointment")
	for _, r := range t.instances(series) {
		if !which(r) {
			continue
		}
		t.remove(d, r.id)
		if err := t.release(ref{"appointment", r.id}); err != nil {
			return err
		}
	}
	return nil
}

// spread gives the open occurrences what was changed on the series, except
// where an occurrence has its own value (vendor's guide: update a recurring
// appointment).
func (t *tx) spread(w *write) {
	d := t.table("appointment")
	mask := d.def.cols["modifiedfieldsmask"]
	for _, r := range t.instances(w.id) {
		if isClosed(d.def, r) {
			continue
		}
		own := strings.Split(r.text(mask), ",")
		changed := w.hasList && !slices.Contains(own, partiesField)
		u := &write{tab: d.def, id: r.id, old: r, row: r.clone(0), set: map[string]bool{}, hasList: changed}
		for _, name := range shared {
			c := w.tab.cols[name]
			if v := w.row.get(c); v != w.old.get(c) && !slices.Contains(own, name) {
				u.put(name, v)
				changed = true
			}
		}
		if !changed {
			continue
		}
		u.put("modifiedon", t.now)
		u.put("modifiedby", w.value("modifiedby"))
		if u.hasList {
			u.parties = t.copyParties(w.id)
		}
		t.store(d, u)
		_ = afterActivity(t, u) // moves the parties; never refuses
	}
}

// recurAnew makes the occurrences of a series whose pattern was changed. What
// is past stays, in a series of its own that ends with it; the two are told to
// belong together by groupid (vendor's guide; R-RECUR-06). Which of the two
// keeps the id is said in both ways there: here it is the one that goes on, so
// that who changes a series does not lose it.
func (t *tx) recurAnew(w *write) error {
	d := t.table("appointment")
	start := d.def.cols["scheduledstart"]
	past := slices.DeleteFunc(t.instances(w.id), func(r *row) bool { return r.get(start).(stamp) >= t.now })
	if len(past) > 0 {
		t.keepPast(w, past)
	}
	if err := t.dropInstances(w.id, func(*row) bool { return true }); err != nil {
		return err
	}
	t.touch(w.tab, t.row(w.tab.Name, w.id), func(u *write) {
		u.put("deletedexceptionslist", nil)
		u.put("expansionstatecode", int64(0))
		if len(past) > 0 {
			if u.value("groupid") == nil {
				u.put("groupid", w.id)
			}
			u.put("effectivestartdate", max(t.now, u.value("effectivestartdate").(stamp)))
		}
	})
	after := stamp(0)
	if len(past) > 0 {
		after = t.now
	}
	return t.expand(w.id, after)
}

// keepPast moves the occurrences that are past to a series that ended.
func (t *tx) keepPast(w *write, past []*row) {
	d := t.table("appointment")
	ended := &write{tab: w.tab, id: newID(), row: w.old.clone(0), set: map[string]bool{}, hasList: true, parties: t.copyParties(w.id)}
	ended.row.id = ended.id
	ended.put(w.tab.Key, ended.id)
	ended.put("groupid", w.id)
	if g := w.value("groupid"); g != nil {
		ended.put("groupid", g)
	}
	ended.put("seriesstatus", false)
	ended.put("patternendtype", int64(endDate))
	last := past[len(past)-1]
	ended.put("patternenddate", last.get(d.def.cols["originalstartdate"]))
	ended.put("effectiveenddate", last.get(d.def.cols["scheduledend"]))
	ended.put("occurrences", nil)
	ended.put("expansionstatecode", int64(2))
	ended.put("modifiedon", t.now)
	t.store(t.table(w.tab.Name), ended)
	_ = afterActivity(t, ended) // stores the parties; never refuses
	for _, r := range past {
		t.touch(d.def, r, func(u *write) { u.put("seriesid", ended.id) })
	}
}

const deletedSeparator = ","

// deletedStarts reads deletedexceptionslist: the starts that deleted
// occurrences had by the pattern. How the service writes that list is not
// documented; here it is instants, separated by commas.
func deletedStarts(list string) (out []stamp) {
	for s := range strings.SplitSeq(list, deletedSeparator) {
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			out = append(out, stamp(at.Unix()))
		}
	}
	return out
}
