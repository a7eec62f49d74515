package dataverse

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postrider/offline"
)

// writeItem makes or changes an appointment, series, task or contact. What makes
// it closed, and the occurrences of a series, follow in steps of their own; each
// can be cut, and a repeat finds what was done.
type writeItem struct {
	progress
	c       *Client
	w       offline.Write
	t       table
	k       clock
	making  bool
	stage   itemStage
	nav     string               // of the lookup to clear
	orphan  bool                 // without what it belongs to, which is gone or hidden
	lost    map[offline.Ref]bool // people whose records are gone or hidden
	trace   map[string]bool
	refusal *offline.Fault
	days    []part // writes on occurrences
}

type itemStage int

const (
	itemAsking itemStage = iota // what a lookup that is to be cleared leads to now
	itemWriting
	itemMeeting // whether what is there is what we made
	itemClosing
	itemListing // the occurrences of a series
	itemDays    // those that differ
	itemProbing // its ETag after all that
)

func newWriteItem(c *Client, w offline.Write) task {
	t, ok := tableOf(w.Item.Ref.Kind)
	if _, isItem := offline.ItemKind(w.Item.Ref.Kind); !ok || !isItem || c.path(w.Item.Ref) == "" {
		return unwritable(fmt.Sprintf("Postrider can't write a %s", w.Item.Ref.Kind))
	}
	j := &writeItem{progress: progress{weight: 25}, c: c, w: w, t: t, k: c.clock(), making: w.Change.Op == offline.OpCreateItem, stage: itemWriting, lost: map[offline.Ref]bool{}, trace: map[string]bool{}}
	if !j.making && j.clears() != "" {
		j.stage = itemAsking
	}
	return j
}

// clears is the lookup that is to be emptied, "" if none.
func (j *writeItem) clears() string {
	if v, ok := j.w.Item.Fields[offline.WordRegarding]; ok && v == "" {
		return "regardingobjectid"
	}
	if v, ok := j.w.Item.Fields[offline.WordParent]; ok && v == "" {
		return "parentcustomerid"
	}
	return ""
}

func (j *writeItem) what() string {
	if j.making {
		return "create the " + string(j.t.kind)
	}
	return "change the " + string(j.t.kind)
}

func (j *writeItem) once(way string) bool {
	was := j.trace[way]
	j.trace[way] = true
	return !was
}

func (j *writeItem) note(s string) {
	if !slices.Contains(j.out.Notes, s) {
		j.out.Notes = append(j.out.Notes, s)
	}
}

func (j *writeItem) whole() offline.Fields {
	if j.making {
		return j.w.Item.Fields
	}
	return j.w.Item.Whole
}

func (j *writeItem) parts() []part {
	to := j.c.path(j.w.Item.Ref)
	switch j.stage {
	case itemAsking:
		return []part{get(query(to, param{"$select", j.t.id + "," + lookup(j.clears())}), [2]string{"Prefer", annotations})}
	case itemMeeting, itemProbing:
		return []part{get(j.c.probe(j.w.Item.Ref))}
	case itemClosing:
		return []part{{ops: []op{{method: http.MethodPatch, path: query(to, param{"$select", j.t.id}), header: [][2]string{{"If-Match", "*"}, {"Prefer", "return=representation"}}, body: marshal(j.atLast())}}}}
	case itemListing:
		return []part{get(query("appointments", param{"$select", strings.Join(j.c.without("appointment", occurrenceColumns), ",")}, param{"$filter", "seriesid eq " + j.w.Item.Ref.ID}))}
	case itemDays:
		return j.days
	}
	v, err := j.itemColumns(j.w.Item.Fields, j.whole())
	if err != nil {
		j.finish(&offline.Fault{Class: offline.FaultRejected, Op: j.what(), Text: err.Error()})
		return nil
	}
	header := [][2]string{{"If-None-Match", "*"}, {"Prefer", "return=representation"}}
	if j.making {
		if j.w.Item.GlobalID != "" && (j.t.kind == offline.KindAppointment || j.t.kind == offline.KindSeries) && units(j.w.Item.GlobalID) <= maxGlobalID {
			v["globalobjectid"] = j.w.Item.GlobalID
		}
	} else {
		match := j.w.Change.ETag
		if match == "" {
			match = "*"
		}
		header[0] = [2]string{"If-Match", match}
	}
	return []part{{ops: []op{{method: http.MethodPatch, path: query(to, param{"$select", j.t.id}), header: header, body: marshal(v)}}}}
}

// maxGlobalID is the length of globalobjectid.
const maxGlobalID = 300

// atLast is the state that the record is to have once it is written, nil where
// that is the one it has: a task may be done, and what is made is open at first.
func (j *writeItem) atLast() map[string]any {
	f := j.w.Item.Fields
	status, changed := f[offline.WordStatus]
	switch s, shown := showing[f[offline.WordShow]]; {
	case j.t.kind == offline.KindTask && changed && status == "completed":
		return state(1, 5)
	case j.t.kind == offline.KindTask && changed && status == "canceled":
		return state(2, 6)
	case j.t.kind != offline.KindTask && j.making && shown && s != showing["free"]:
		return state(s[0], s[1])
	}
	return nil
}

func (j *writeItem) take(rs [][]reply) {
	if len(rs) == 0 {
		return
	}
	r := rs[0][0]
	switch {
	case j.stage == itemDays:
		j.tookDays(rs)
	case j.stage == itemMeeting:
		j.met(r)
	case r.ok():
		j.went(r)
	default:
		j.refused(j.c.fault(j.what(), r))
	}
}

// went takes a good answer and goes on to the next step.
func (j *writeItem) went(r reply) {
	switch j.stage {
	case itemAsking:
		var v row
		if err := decode(j.what(), r.body, &v); err != nil {
			j.finish(err)
			return
		}
		j.nav = v.text(lookup(j.clears()) + navigationName)
		j.stage = itemWriting
	case itemWriting, itemClosing:
		j.out.ETag = etagOf(r)
		j.next()
	case itemListing:
		j.listed(r)
	default:
		j.out.ETag = etagOf(r)
		j.finish(nil)
	}
}

// next is the step behind the write of the row itself.
func (j *writeItem) next() {
	switch {
	case j.stage != itemClosing && j.atLast() != nil:
		j.stage = itemClosing
	case j.t.kind == offline.KindSeries && (j.making || has(j.w.Item.Fields, offline.WordRecurrence, offline.WordTime)):
		j.stage = itemListing
	default:
		j.finish(nil)
	}
}

func (j *writeItem) refused(f *offline.Fault) {
	switch {
	case j.later(f):
	case j.stage == itemProbing: // all is written
		j.finish(nil)
	case j.stage != itemWriting:
		j.finish(j.worded(f))
	case j.making && (f.Class == offline.FaultExists || f.Class == offline.FaultStale):
		j.stage = itemMeeting
	case j.shorten(f) || j.forgo(f):
	case j.making && (f.Class == offline.FaultNotFound || f.Class == offline.FaultDenied) && !j.orphan && has(j.w.Item.Fields, offline.WordRegarding, offline.WordParent) && j.once("orphan"):
		j.orphan, j.refusal = true, f
	case j.making && (f.Class == offline.FaultNotFound || f.Class == offline.FaultDenied) && len(j.lost) == 0 && j.once("people"):
		for _, p := range j.w.Item.Parties {
			for _, r := range p.Records {
				j.lost[r] = true
			}
		}
	default:
		j.finish(j.worded(f))
	}
}

// worded says a refusal plainly, with what the server said.
func (j *writeItem) worded(f *offline.Fault) *offline.Fault {
	if f.Class == offline.FaultDenied {
		verb := "change this"
		if j.making {
			verb = "create a"
		}
		f.Text = fmt.Sprintf("the CRM does not let you %s %s; ask your administrator for that right. It says: %s", verb, j.t.kind, f.Text)
	}
	return f
}

// shorten learns the length of a column.
func (j *writeItem) shorten(f *offline.Fault) bool {
	col, n := longColumn(f)
	if col == "" || n < 1 || !j.once("long "+col) {
		return false
	}
	j.c.under(func() { j.c.limits[j.t.logical+"."+col] = n })
	return true
}

// forgo leaves out a column that the server does not have.
func (j *writeItem) forgo(f *offline.Fault) bool {
	col, _, _ := strings.Cut(unknownColumn(f), "@")
	if col == "" || !j.once("column "+col) {
		return false
	}
	j.note(fmt.Sprintf("the CRM has no %s", col))
	j.c.forgo(j.t.logical, col)
	return true
}

// met takes the answer about the record that is there already: an earlier attempt
// of ours got through, as far as its first step.
func (j *writeItem) met(r reply) {
	if r.ok() {
		j.out.Existed, j.out.ETag = true, etagOf(r)
		j.next()
		return
	}
	f := j.c.fault(j.what(), r)
	switch {
	case j.later(f):
	case f.Class == offline.FaultDenied: // made, and not ours to see any more
		j.out.Existed = true
		j.finish(nil)
	case f.Class == offline.FaultNotFound && j.once("vanished"):
		j.stage = itemWriting
	default:
		j.finish(f)
	}
}
