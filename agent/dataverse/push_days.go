package dataverse

import (
	"net/http"
	"slices"

	"postrider/agent/recur"
	"postrider/offline"
)

// listed compares the occurrences that the CRM made of a series with those that it
// is to have, and goes on with what differs. Those that lie beyond what the CRM
// has made so far are left for when it makes them.
func (j *writeItem) listed(r reply) {
	var pg page
	if err := decode(j.what(), r.body, &pg); err != nil {
		j.finish(err)
		return
	}
	whole := j.whole()
	want, err := recur.Parse(whole[offline.WordRecurrence])
	if err != nil {
		j.finish(&offline.Fault{Class: offline.FaultRejected, Op: j.what(), Text: err.Error()})
		return
	}
	from, to, allDay, err := j.k.times(whole[offline.WordTime])
	if err != nil {
		j.finish(&offline.Fault{Class: offline.FaultRejected, Op: j.what(), Text: err.Error()})
		return
	}
	s := series{zone: location(whole[offline.WordZone]), start: from, length: to.Sub(from), allDay: allDay}
	for _, o := range pg.Rows {
		at := o.when("originalstartdate")
		name := s.original(at, j.k)
		target := "appointments(" + o.text("activityid") + ")"
		if o.number("statecode") == 1 || o.number("statecode") == 2 {
			continue // what is over is over
		}
		if slices.Contains(want.Out, name) {
			j.days = append(j.days, part{ops: []op{{method: http.MethodDelete, path: target}}})
			continue
		}
		own, usual := want.Changed[name], differs(s, o, at, whole, j.k)
		if len(own) == 0 && len(usual) == 0 || sameWords(own, usual) {
			continue
		}
		full := offline.Fields{offline.WordTime: j.k.span(at, at.Add(s.length), allDay)}
		for _, w := range [...]string{offline.WordSubject, "body", "location", "importance", offline.WordShow} {
			full[w] = whole[w]
		}
		write := offline.Fields{}
		for w := range full {
			v, mine := own[w]
			if !mine {
				v = full[w]
			}
			if _, other := usual[w]; mine || other {
				write[w] = v
			}
		}
		one := &writeItem{c: j.c, w: offline.Write{Item: &offline.OutgoingItem{}}, t: itemsOf[1], k: j.k}
		v, err := one.itemColumns(write, write)
		if err != nil {
			j.note("an occurrence that differs could not be written: " + err.Error())
			continue
		}
		j.days = append(j.days, part{ops: []op{{method: http.MethodPatch, path: target, header: [][2]string{{"If-Match", "*"}}, body: marshal(v)}}})
	}
	if j.stage = itemDays; len(j.days) == 0 {
		j.finish(nil)
	}
}

func sameWords(a, b offline.Fields) bool {
	if len(a) != len(b) {
		return false
	}
	for w, v := range a {
		if b[w] != v {
			return false
		}
	}
	return true
}

// tookDays takes the answers about occurrences. One that is gone is as it should
// be, or nothing that could be changed.
func (j *writeItem) tookDays(rs [][]reply) {
	for _, r := range rs {
		if f := j.c.fault(j.what(), r[0]); !r[0].ok() && f.Class != offline.FaultNotFound {
			if !j.later(f) {
				j.finish(j.worded(f))
			} else {
				j.stage, j.days = itemListing, nil
			}
			return
		}
	}
	j.stage = itemProbing
}
