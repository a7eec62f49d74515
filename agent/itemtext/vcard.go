package itemtext

import (
	"encoding/base64"
	"strings"

	"postrider/agent/vobject"
	"postrider/offline"
)

// addressParts are the words of ADR that are kept in step, by their place.
var addressParts = map[int]string{2: "street", 3: "city", 4: "region", 5: "postcode", 6: "country"}

// orgParts are the words of ORG, in its order.
var orgParts = [...]string{"company", "department"}

// readCard reads a vCard.
func (t Text) readCard(file *vobject.File) Info {
	in := Info{Fields: offline.Fields{}}
	cards := file.Components("VCARD")
	if len(cards) == 0 {
		in.Problem = "it is no contact"
		return in
	}
	c, f := cards[0], in.Fields
	in.UID, in.Mark = common(c, f, offline.WordParent)
	readName(c, f)
	for w, l := range t.slots(c) {
		switch {
		case strings.HasPrefix(w, "address"):
			parts := l.Parts()
			for i, name := range addressParts {
				if i < len(parts) {
					put(f, w+"-"+name, tidy(strings.Join(parts[i], "\n")))
				}
			}
		case w == "company":
			for i, part := range l.Parts() {
				if i < len(orgParts) { // a comma parts nothing here (RFC 6350 section 6.6.4)
					put(f, orgParts[i], oneLine(strings.Join(part, ",")))
				}
			}
		default:
			put(f, w, said(w, l))
		}
	}
	readYomi(c, f)
	if l := c.First("PHOTO"); l != nil {
		if data, _, ok := l.Binary(); ok {
			f["photo"] = base64.StdEncoding.EncodeToString(data)
		}
	}
	return in
}

// oneLine is a text as one line without spaces around it.
func oneLine(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", " ")) }

// tidy takes spaces off the ends of lines.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// said is what a line says of the one word that it holds.
func said(w string, l *vobject.Line) string {
	switch w {
	case "birthday", "anniversary":
		return readDay(l)
	case "body":
		return bodyOf(l)
	}
	if text := oneLine(l.Text()); len(text) > 4 && l.Name == "TEL" && strings.EqualFold(text[:4], "tel:") {
		return text[4:]
	}
	return oneLine(l.Text())
}
