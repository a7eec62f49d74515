package itemtext

import (
	"maps"
	"slices"
	"strings"

	"postrider/agent/vobject"
)

// setAddress writes the parts of an address that change; a post office box and
// what else it has stay.
func (e *edit) setAddress(slot string) {
	l := e.slots[slot]
	var parts [][]string
	if l != nil {
		parts = l.Parts()
	}
	for len(parts) < 7 {
		parts = append(parts, []string{""})
	}
	empty := true
	for i, p := range addressParts {
		if v, ok := e.change[slot+"-"+p]; ok {
			parts[i] = []string{v}
		}
	}
	for _, p := range parts {
		empty = empty && strings.Join(p, "") == ""
	}
	if empty {
		if l != nil {
			e.drop(l)
			delete(e.slots, slot)
		}
		return
	}
	if l == nil {
		l = e.add("ADR", vobject.Param{Name: "TYPE", Values: []string{map[string]string{"address1": "work", "address2": "home", "address3": "other"}[slot]}})
		e.slots[slot] = l
	} else { // what says what the address was
		l.SetParam("LABEL")
		for _, x := range e.c.Lines("LABEL") {
			if atHome(x) == atHome(l) && atWork(x) == atWork(l) {
				e.c.Remove(x)
			}
		}
	}
	l.SetParts(parts)
}

func atHome(l *vobject.Line) bool { return slices.Contains(typesOf(l), "home") }

func atWork(l *vobject.Line) bool { return slices.Contains(typesOf(l), "work") }

// setSlot sets a word that one of many lines holds.
func (e *edit) setSlot(name, w, v string, types ...string) {
	l := e.slots[w]
	if v == "" {
		if l != nil {
			e.drop(l)
			delete(e.slots, w)
		}
		return
	}
	if l == nil {
		var params []vobject.Param
		if len(types) > 0 {
			params = []vobject.Param{{Name: "TYPE", Values: types}}
		}
		l = e.add(name, params...)
		e.slots[w] = l
	}
	switch {
	case name == "TEL" && strings.EqualFold(l.Param("VALUE"), "uri"):
		l.SetParam("VALUE")
	case name == "URL" && e.rawLink(l, v):
		l.SetValue(v)
		return
	}
	l.SetText(v)
}

// rawLink reports whether a link is written as it is: it is no text, and nothing in
// it is escaped, but what it can't say otherwise.
func (e *edit) rawLink(l *vobject.Line, v string) bool {
	long := len(v) > 60 || strings.ContainsFunc(v, func(r rune) bool { return r > 0x7e })
	return l.Param("ENCODING") == "" && !strings.Contains(v, `\`) && !(long && e.version() == "2.1")
}

// manyPins are more than any card needs that people wrote: from then on all lines
// alike are pinned at once, not the next that comes up each time.
const manyPins = 20

// pin notes on lines which word they hold, where their types and order alone would
// say otherwise now that others came or went.
func (e *edit) pin() {
	held := map[*vobject.Line]bool{}
	for _, l := range e.slots {
		held[l] = true
	}
	for pass := range 5 * manyPins {
		now, pinned := e.t.slots(e.c), false
		for _, w := range slices.Sorted(maps.Keys(now)) {
			if e.slots[w] == now[w] || held[now[w]] {
				continue
			}
			pinned = true
			alike := []*vobject.Line{now[w]}
			if pass > manyPins {
				alike = e.c.Lines(now[w].Name)
			}
			for _, l := range alike {
				if !held[l] {
					l.SetParam(paramWord, noWord)
				}
			}
		}
		for _, w := range slices.Sorted(maps.Keys(e.slots)) {
			if l := e.slots[w]; now[w] != l && l.Param(paramWord) != w {
				l.SetParam(paramWord, w)
				pinned = true
			}
		}
		if !pinned {
			return
		}
	}
}
