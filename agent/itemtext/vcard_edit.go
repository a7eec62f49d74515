package itemtext

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"postrider/agent/vobject"
	"postrider/offline"
)

// editCard changes the words of a vCard.
func (e *edit) editCard() {
	e.slots = e.t.slots(e.c)
	done := map[string]bool{}
	for _, w := range e.words() {
		v := e.change[w]
		switch {
		case done[w]:
		case slices.Contains(nameParts, w):
			for _, n := range nameParts {
				done[n] = true
			}
			e.setName()
		case strings.HasPrefix(w, "address"):
			slot, _, _ := strings.Cut(w, "-")
			for _, part := range addressParts {
				done[slot+"-"+part] = true
			}
			e.setAddress(slot)
		case w == "company" || w == "department":
			done["company"], done["department"] = true, true
			e.setOrg()
		case w == "photo":
			e.setPhoto(v)
		default:
			e.setWord(w, v)
		}
	}
	e.nameWhole()
	e.pin()
}

func (e *edit) setWord(w, v string) {
	for _, row := range plainProps {
		if row.word == w {
			e.setPlain(row.props, v)
			return
		}
	}
	switch w {
	case offline.WordCategories:
		e.setCategories(v)
	case offline.WordPrivate:
		e.setPrivate(v)
	case offline.WordParent:
		e.setProp(propRegarding, v)
	case "body":
		e.setCardText("NOTE", v)
	case "birthday":
		e.setDay(e.c.First("BDAY"), "BDAY", v)
	case "anniversary":
		name := "X-ANNIVERSARY"
		if e.version() == "4.0" {
			name = "ANNIVERSARY"
		}
		e.setDay(anniversary(e.c), name, v)
	case "website", "ftp":
		e.setLink(w, v)
	case "email1", "email2", "email3":
		e.setSlot("EMAIL", w, v, "internet")
	default:
		for _, row := range phoneTypes {
			if row.word == w {
				e.setSlot("TEL", w, v, row.add...)
				return
			}
		}
	}
}

func (e *edit) version() string { return textOf(e.c, "VERSION") }

// after is what a word is to say.
func (e *edit) after(w string) string {
	if v, ok := e.change[w]; ok {
		return v
	}
	return e.now[w]
}

// newText makes a line of a text, as the card's version has texts: 2.1 knows no
// line ends in them, and ASCII alone.
func (e *edit) newText(name, v string, params ...vobject.Param) *vobject.Line {
	if e.version() == "2.1" && strings.ContainsFunc(v, func(r rune) bool { return r > 0x7e || r == '\n' }) {
		params = append(params, vobject.Param{Name: "ENCODING", Values: []string{"QUOTED-PRINTABLE"}})
	}
	l := vobject.NewLine(name, "", params...)
	l.SetText(v)
	return l
}

func (e *edit) setCardText(name, v string) {
	if e.c.First(name) == nil && v != "" {
		e.c.Add(e.newText(name, v))
		return
	}
	e.setProp(name, v)
}

// setPlain sets a word that one of several properties holds.
func (e *edit) setPlain(props []string, v string) {
	for _, p := range props {
		if e.c.First(p) == nil {
			continue
		}
		if v != "" {
			setText(e.c, p, v)
			return
		}
		e.c.Remove(e.c.Lines(p)...)
	}
	if v != "" {
		e.c.Add(e.newText(props[0], v))
	}
}

// setName writes N; FN follows it.
func (e *edit) setName() {
	n := e.c.First("N")
	var parts [][]string
	if n != nil {
		parts = n.Parts()
	}
	for len(parts) < len(nameParts) {
		parts = append(parts, []string{""})
	}
	for i, w := range nameParts {
		if v, ok := e.change[w]; ok || strings.Join(parts[i], " ") != e.now[w] {
			if !ok {
				v = e.now[w]
			}
			parts[i] = []string{v}
		}
	}
	if n == nil {
		n = vobject.NewLine("N", "")
		e.c.Add(n)
	}
	n.SetParts(parts)
	if full := e.fullName(); full != "" {
		e.setCardText("FN", full)
	}
}

func (e *edit) fullName() string {
	var all []string
	for _, w := range [...]string{"prefix", "first", "middle", "last", "suffix"} {
		if v := e.after(w); v != "" {
			all = append(all, v)
		}
	}
	return strings.Join(all, " ")
}

// nameWhole gives a card what no card may be without (RFC 2426 section 3.1).
func (e *edit) nameWhole() {
	if e.c.First("FN") == nil {
		full := e.fullName()
		for _, w := range [...]string{"nickname", "company", "email1"} {
			if full == "" {
				full = e.after(w)
			}
		}
		e.c.Add(e.newText("FN", full))
	}
	if e.fresh && e.c.First("N") == nil {
		e.c.Add(vobject.NewLine("N", ";;;;"))
	}
}

func (e *edit) setOrg() {
	l := e.c.First("ORG")
	var parts [][]string
	if l != nil {
		parts = l.Parts()
	}
	for i, w := range [...]string{"company", "department"} {
		v, ok := e.change[w]
		if !ok {
			continue
		}
		for len(parts) <= i {
			parts = append(parts, []string{""})
		}
		parts[i] = []string{v}
	}
	for len(parts) > 0 && strings.Join(parts[len(parts)-1], "") == "" {
		parts = parts[:len(parts)-1]
	}
	switch {
	case len(parts) == 0 && l != nil:
		e.c.Remove(l)
	case len(parts) > 0:
		if l == nil {
			l = vobject.NewLine("ORG", "")
			e.c.Add(l)
		}
		l.SetParts(parts)
	}
}

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
			e.c.Remove(l)
			delete(e.slots, slot)
		}
		return
	}
	if l == nil {
		l = vobject.NewLine("ADR", "", vobject.Param{Name: "TYPE", Values: []string{map[string]string{"address1": "work", "address2": "home", "address3": "other"}[slot]}})
		e.c.Add(l)
		e.slots[slot] = l
	}
	l.SetParts(parts)
	if l.Param("LABEL") != "" {
		l.SetParam("LABEL") // it says what the address was
	}
}

// setSlot sets a word that one of many lines holds.
func (e *edit) setSlot(name, w, v string, types ...string) {
	l := e.slots[w]
	switch {
	case v == "" && l != nil:
		e.c.Remove(l)
		delete(e.slots, w)
	case v == "":
	case l != nil:
		if l.Param("VALUE") == "uri" && name == "TEL" {
			l.SetParam("VALUE")
		}
		l.SetText(v)
	default:
		l = vobject.NewLine(name, "", vobject.Param{Name: "TYPE", Values: types})
		l.SetText(v)
		e.c.Add(l)
		e.slots[w] = l
	}
}

// pin notes on lines which word they hold, where their types and order alone would
// say otherwise now that others came or went.
func (e *edit) pin() {
	for range len(e.slots) + 1 {
		now, pinned := e.t.slots(e.c), false
		for _, w := range slices.Sorted(maps.Keys(now)) {
			if e.slots[w] != now[w] && !slices.Contains(slices.Collect(maps.Values(e.slots)), now[w]) {
				now[w].SetParam(paramWord, noWord)
				pinned = true
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

func (e *edit) setLink(w, v string) {
	website, ftp := links(e.c)
	l := website
	if w == "ftp" {
		l = ftp
	}
	switch {
	case v == "" && l != nil:
		e.c.Remove(l)
	case v == "":
	case l != nil:
		l.SetValue(v)
	default:
		l = vobject.NewLine("URL", v)
		e.c.Add(l)
	}
	if _, now := links(e.c); w == "ftp" && v != "" && now != l {
		l.SetParam(paramWord, "ftp")
	}
}

// setDay writes a date. One without a year is written as the version has it.
func (e *edit) setDay(l *vobject.Line, name, v string) {
	if v == "" {
		if l != nil {
			e.c.Remove(l)
		}
		return
	}
	if strings.HasPrefix(v, "--") {
		if e.version() == "4.0" {
			v = strings.Replace(v, "--", "--", 1)
			v = "--" + strings.ReplaceAll(v[2:], "-", "")
		} else {
			v = "1604-" + v[2:]
		}
	}
	if l == nil {
		l = vobject.NewLine(name, "")
		e.c.Add(l)
	}
	l.SetParam("VALUE")
	if strings.HasPrefix(v, "1604-") {
		l.SetParam("X-APPLE-OMIT-YEAR", "1604")
	} else {
		l.SetParam("X-APPLE-OMIT-YEAR")
	}
	l.SetValue(v)
}

// setPhoto writes a picture into the card. One that the card only names, by its
// address, is left alone.
func (e *edit) setPhoto(v string) {
	data, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return
	}
	for _, l := range e.c.Lines("PHOTO") {
		if _, _, ok := l.Binary(); !ok {
			return
		}
		e.c.Remove(l)
	}
	if len(data) == 0 {
		return
	}
	kind := http.DetectContentType(data)
	if e.version() == "4.0" {
		e.c.Add(vobject.NewLine("PHOTO", "data:"+kind+";base64,"+v))
		return
	}
	encoding := "b"
	if e.version() == "2.1" {
		encoding = "BASE64"
	}
	params := []vobject.Param{{Name: "ENCODING", Values: []string{encoding}}}
	if t, ok := strings.CutPrefix(kind, "image/"); ok {
		params = append(params, vobject.Param{Name: "TYPE", Values: []string{strings.ToUpper(t)}})
	}
	e.c.Add(vobject.NewLine("PHOTO", v, params...))
}
