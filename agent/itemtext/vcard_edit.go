package itemtext

import (
	"encoding/base64"
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
	if n := e.c.First("N"); n != nil {
		e.sortAnew(n, "last", "first")
	}
	e.nameWhole()
	e.pin()
}

func (e *edit) setWord(w, v string) {
	for _, h := range heldWords {
		switch {
		case h.word != w:
		case slices.Contains(yomiParts[:], w):
			e.setYomi(h, v)
			return
		default:
			e.setHeld(h, v)
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
	case "website", "ftp":
		e.setSlot("URL", w, v)
	case "email1", "email2", "email3":
		if e.version() == "4.0" { // RFC 6350 section 6.4.2 has no such type
			e.setSlot("EMAIL", w, v)
			return
		}
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

// nameWhole gives a card what no card but one of 2.1 may be without (RFC 2426
// section 3.1.1, RFC 6350 section 6.2.1).
func (e *edit) nameWhole() {
	if e.c.First("FN") == nil && e.version() != "2.1" {
		full := e.fullName()
		for _, w := range [...]string{"nickname", "company", "email1"} {
			if full == "" {
				full = e.after(w)
			}
		}
		e.add("FN").SetText(full)
	}
	if e.fresh && e.c.First("N") == nil {
		e.c.Add(vobject.NewLine("N", ";;;;"))
	}
}

func (e *edit) setOrg() {
	l := e.slots["company"]
	var parts [][]string
	if l != nil {
		parts = l.Parts()
	}
	for i, w := range orgParts {
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
		e.drop(l)
		delete(e.slots, "company")
	case len(parts) > 0:
		if l == nil {
			l = e.add("ORG")
			e.slots["company"] = l
		}
		l.SetParts(parts)
		e.sortAnew(l, orgParts[:]...)
	}
}

// setPhoto writes a picture into the card. One that the card only names, by its
// address, is left alone.
func (e *edit) setPhoto(v string) {
	data, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return
	}
	lines := e.c.Lines("PHOTO")
	for _, l := range lines {
		if _, _, ok := l.Binary(); !ok {
			return
		}
	}
	for _, l := range lines {
		e.drop(l)
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
