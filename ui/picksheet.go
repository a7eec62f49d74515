package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"postrider/ui/view"
)

// pickButton asks which of several records is meant; it is the same one each time
// the panel is drawn, so that it keeps the focus.
func (p *sidePane) pickButton() *button {
	if p.pick == nil {
		p.pick = newButton(p.w, "Choose who is meant …", "contact", plain, p.w.pickPerson)
		p.pick.small = true
	}
	return p.pick
}

// pickPerson asks which of the records that hold the address is meant.
func (w *window) pickPerson() {
	v := w.desk.Reader.Panel
	all := v.Candidates()
	if len(all) < 2 {
		return
	}
	shown := all
	l := &listSheet{}
	l.count = func() int { return len(shown) }
	l.show = func(i int, r *choiceRow, chosen bool) {
		c, group := shown[i], ""
		if c.Ref == v.Picked {
			group = "chosen"
		}
		sub := c.Kind
		for _, s := range []string{c.Title, c.Parent} {
			if s != "" {
				sub += " · " + s
			}
		}
		r.setText(c.Symbol, c.Name, sub, group, chosen)
	}
	l.take = func(i int) {
		l.sheet.close()
		w.desk.Pick(v.Address, shown[i])
	}
	l.typed = func(text string) {
		shown = nil
		for _, c := range all {
			if strings.Contains(strings.ToLower(c.Name+" "+c.Parent+" "+c.Title), strings.ToLower(strings.TrimSpace(text))) {
				shown = append(shown, c)
			}
		}
		l.redraw()
	}
	l.note = func() (string, string) { return "None of them.", "Holds for all messages, from now on." }
	w.openList(l, "Who is "+view.OneLine(v.Address, 60)+"?", "Find by name or company", "Choose", fyne.NewSize(540, 420), nil)
}
