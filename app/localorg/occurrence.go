package localorg

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// appointmentRules are the rules of appointments: those of every activity, and
// that an occurrence of a series becomes an exception when it is changed and is
// noted on the series when it is deleted.
func appointmentRules() hooks {
	h := activityRules()
	h.beforeUpdate = func(t *tx, w *write) error {
		if err := beforeActivityUpdate(t, w); err != nil || w.silent {
			return err
		}
		return t.exceptional(w)
	}
	h.afterDelete = func(t *tx, tab *Table, r *row) error {
		series := t.row("recurringappointmentmaster", r.text(tab.cols["seriesid"]))
		if series == nil {
			return nil // goes with its series
		}
		start, _ := r.get(tab.cols["originalstartdate"]).(stamp)
		t.touch(t.o.schema.byName["recurringappointmentmaster"], series, func(w *write) {
			list := w.text("deletedexceptionslist")
			if list != "" {
				list += deletedSeparator
			}
			w.put("deletedexceptionslist", list+start.String())
			w.put("modifiedon", t.now)
		})
		return nil
	}
	return h
}

// exceptional makes an occurrence that is changed an exception of its series,
// and notes which fields are its own. A state alone makes none.
func (t *tx) exceptional(w *write) error {
	if w.row.get(w.tab.cols["seriesid"]) == nil {
		return nil
	}
	own := map[string]bool{}
	for s := range strings.SplitSeq(w.text("modifiedfieldsmask"), ",") {
		if s != "" {
			own[s] = true
		}
	}
	for name := range w.set {
		c := w.tab.cols[name]
		if name != "statecode" && name != "statuscode" && (c.Blob || w.old.get(c) != w.row.get(c)) {
			own[name] = true
		}
	}
	if w.hasList {
		own[partiesField] = true
	}
	if len(own) == 0 {
		return nil
	}
	names := make([]string, 0, len(own))
	for name := range own {
		names = append(names, name)
	}
	slices.Sort(names)
	w.put("modifiedfieldsmask", strings.Join(names, ","))
	w.put("instancetypecode", int64(recurringException))
	return t.checkNeighbours(w)
}

// checkNeighbours refuses to move an occurrence past another one of its
// series, or to that one's day.
func (t *tx) checkNeighbours(w *write) error {
	start, original := w.tab.cols["scheduledstart"], w.tab.cols["originalstartdate"]
	if w.old.get(start) == w.row.get(start) {
		return nil
	}
	series := t.row("recurringappointmentmaster", w.text("seriesid"))
	if series == nil {
		return nil
	}
	zone := t.seriesZone(series)
	to := w.row.get(start).(stamp)
	mine, _ := w.row.get(original).(stamp)
	for _, r := range t.instances(w.text("seriesid")) {
		other := r.get(start).(stamp)
		if r.id == w.id {
			continue
		}
		if to.time().In(zone).Format(time.DateOnly) == other.time().In(zone).Format(time.DateOnly) {
			return badValue("Two occurrences of a recurring appointment can't be on the same day.")
		}
		if its := r.get(original).(stamp); its > mine && other < to || its < mine && other > to {
			return badValue("An occurrence of a recurring appointment can't be moved past another occurrence of it.")
		}
	}
	return nil
}

// deleteOpenInstances ends a series early: occurrences that are not past by the
// given date go, those before are given a state, and the series is canceled
// (vendor's guide: delete or end a recurring appointment series or instance).
func deleteOpenInstances(r *request, args map[string]any) (map[string]any, error) {
	t := r.t
	series, err := t.seriesTarget(args)
	if err != nil {
		return nil, err
	}
	end, err := parseInstant(args["SeriesEndDate"])
	if err != nil {
		return nil, err
	}
	d, masters := t.table("appointment"), t.table("recurringappointmentmaster")
	state, err := parseInt(d.def, d.def.state, args["StateOfPastInstances"])
	if err != nil {
		return nil, err
	}
	if isClosed(masters.def, series) {
		return nil, refuse(400, codeActivityClosed, "The %s with Id = %s is closed and can't be changed.", masters.def.Name, series.id)
	}
	start := d.def.cols["scheduledstart"]
	if err := t.dropInstances(series.id, func(r *row) bool { return !isClosed(d.def, r) && r.get(start).(stamp) >= end.(stamp) }); err != nil {
		return nil, err
	}
	status, _ := d.def.defaultStatus(state.(int64))
	var last *row
	for _, one := range t.instances(series.id) {
		if one.get(start).(stamp) < end.(stamp) {
			last = one
		}
		if one.get(start).(stamp) < end.(stamp) && !isClosed(d.def, one) && one.get(d.def.state) != state {
			t.touch(d.def, one, func(w *write) {
				w.put("statecode", state)
				w.put("statuscode", status)
				w.put("modifiedon", t.now)
			})
		}
	}
	t.touch(masters.def, series, func(w *write) {
		until := end
		if last != nil {
			until = last.get(d.def.cols["originalstartdate"])
		}
		w.put("patternendtype", int64(endDate))
		w.put("patternenddate", until)
		w.put("occurrences", nil)
		w.put("effectiveenddate", until)
		w.put("statecode", int64(stateCanceled))
		w.put("statuscode", int64(4))
		w.put("modifiedon", t.now)
	})
	return nil, nil
}

// seriesTarget is the series that an action is about, which the caller must be
// allowed to delete.
func (t *tx) seriesTarget(args map[string]any) (*row, error) {
	target, _ := args["Target"].(map[string]any)
	given, _ := target["activityid"].(string)
	if at, ok := target["@odata.id"].(string); ok && given == "" {
		to, err := t.resolve(at)
		if err != nil {
			return nil, err
		}
		given = to.id
	}
	id, ok := parseGUID(given)
	if !ok {
		return nil, badPayload("The parameter 'Target' of 'DeleteOpenInstances' is required and can't be null.")
	}
	tab := t.o.schema.byName["recurringappointmentmaster"]
	found := t.row(tab.Name, id)
	if err := t.allowed(tab, Delete, nil); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, missing(tab.Name, id)
	}
	return found, t.allowed(tab, Delete, found)
}

// createException changes or deletes the occurrence that begins at
// OriginalStartDate: an action bound to the set of series.
func (r *request) createException() (*answer, error) {
	if r.method != http.MethodPost {
		return nil, wrongVerb(r.method)
	}
	args, err := r.object()
	if err != nil {
		return nil, err
	}
	target, _ := args["Target"].(map[string]any)
	if kind, _ := target["@odata.type"].(string); strings.TrimPrefix(kind, "#") != "Microsoft.Dynamics.CRM.appointment" {
		return nil, badPayload("The parameter 'Target' must be an appointment, with its @odata.type.")
	}
	start, err := parseInstant(args["OriginalStartDate"])
	if err != nil {
		return nil, err
	}
	gone, ok := args["IsDeleted"].(bool)
	if !ok {
		return nil, badPayload("The parameter 'IsDeleted' of 'CreateException' is required and can't be null.")
	}
	given, _ := target["seriesid"].(string)
	series, ok := parseGUID(given)
	if !ok {
		return nil, badValue("The appointment of an exception needs its seriesid.")
	}
	tab := r.t.o.schema.byName["appointment"]
	for _, one := range r.t.instances(series) {
		if one.get(tab.cols["originalstartdate"]) != start {
			continue
		}
		p := Write
		if gone {
			p = Delete
		}
		if err := r.t.allowed(tab, p, one); err != nil {
			return nil, err
		}
		if gone {
			err = r.t.delete(tab, one.id)
		} else {
			body := map[string]any{}
			for k, v := range target {
				if k != "seriesid" && k != tab.Key {
					body[k] = v
				}
			}
			err = r.t.update(tab, one.id, body)
		}
		if err != nil {
			return nil, err
		}
		out := map[string]any{"@odata.context": r.base + "$metadata#Microsoft.Dynamics.CRM.CreateExceptionResponse", "id": one.id}
		return jsonAnswer(http.StatusOK, appendValue(nil, out)), nil
	}
	return nil, badValue("The recurring appointment has no occurrence that begins at %s.", start)
}
