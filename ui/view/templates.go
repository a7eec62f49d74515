package view

import (
	"context"
	"slices"
	"strings"

	"postrider/offline"
)

// TemplateLine is a template that can be chosen.
type TemplateLine struct {
	Title string
	Note  string // for what it is
	tmpl  offline.Template
}

// Templates finds one of the organization's email templates.
type Templates struct {
	Lines  []TemplateLine
	Asking bool
	Note   string // why there are none, or none more

	all     []offline.Template
	about   offline.Kind
	query   string
	changed func()
	load    slot
}

// NewTemplates returns a choice of templates for the message that is being
// written: those for any record, and those for the kind of record that it is about.
func (d *Desk) NewTemplates(changed func()) *Templates {
	t := &Templates{changed: changed, load: d.env.slot(), Asking: true}
	if c := d.Compose; c != nil && c.About != nil {
		t.about = c.About.Ref.Kind
	}
	if d.env.templates == nil {
		t.Asking, t.Note = false, "This CRM offers no templates."
		return t
	}
	t.load.do(func(ctx context.Context) func() {
		all, err := d.env.templates.Templates(ctx)
		return func() {
			t.Asking = false
			if err != nil {
				t.Note = "The templates can't be read now: " + OneLine(err.Error(), 200)
			}
			t.all = all
			t.filter()
		}
	})
	return t
}

// Type searches for text in the titles.
func (t *Templates) Type(text string) {
	t.query = text
	t.filter()
}

// Close stops what is under way.
func (t *Templates) Close() {
	t.changed = func() {}
	t.load.drop()
}

func (t *Templates) filter() {
	t.Lines = nil
	words := strings.Fields(fold(t.query))
	others := 0
	for _, x := range t.all {
		if x.Kind != "" && x.Kind != t.about {
			others++
			continue
		}
		title := fold(x.Title)
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(title, w) }) {
			continue
		}
		note := "for any record"
		if x.Kind != "" {
			note = "filled with this " + strings.ToLower(KindName(x.Kind))
		}
		if x.Personal {
			note += " · your own"
		}
		t.Lines = append(t.Lines, TemplateLine{Title: OneLine(x.Title, 160), Note: note, tmpl: x})
	}
	slices.SortStableFunc(t.Lines, func(a, b TemplateLine) int { // those that know the record first
		return strings.Compare(string(b.tmpl.Kind), string(a.tmpl.Kind))
	})
	if others > 0 && !strings.HasPrefix(t.Note, "The templates") {
		t.Note = Plural(others, "template") + " more for other kinds of record: set what the message is about first."
	}
	t.changed()
}

// How a template goes into a message in which something is written already.
type Placing int

// The placings.
const (
	PlaceInstead Placing = iota // in the place of what is written
	PlaceAbove                  // above it
)

// UseTemplate fills the template for the record that the message is about, and
// puts it in. The subject of an answer stays as it is: it is what holds the
// conversation together.
func (d *Desk) UseTemplate(l TemplateLine, how Placing) {
	c := d.Compose
	if c == nil || d.env.templates == nil {
		return
	}
	var about offline.Ref
	if c.About != nil {
		about = c.About.Ref
	}
	e := d.env
	c.fetch.do(func(ctx context.Context) func() {
		filled, err := e.templates.FillTemplate(ctx, l.tmpl, about)
		return func() {
			switch {
			case c.gone:
			case err != nil:
				d.Deeds.say(Toast{Text: "The template could not be filled: " + OneLine(err.Error(), 300), Bad: true})
			default:
				c.place(filled, l.tmpl, how)
			}
		}
	})
}

func (c *Compose) place(f offline.Filled, t offline.Template, how Placing) {
	text := strings.TrimRight(FromHTML(f.HTML).Typed(), "\n")
	own, signature := splitSignature(c.Text)
	if own = strings.Trim(own, "\n"); how == PlaceAbove && own != "" {
		text += "\n\n" + own
	}
	c.Text = text
	if signature != "" {
		c.Text += "\n\n" + strings.TrimLeft(signature, "\n")
	}
	if f.Subject != "" && c.draft.Answers == 0 && (how == PlaceInstead || c.Subject == "") {
		c.Subject = OneLine(f.Subject, 400)
	}
	c.draft.Template = t.ID
	c.Rich = true
	c.edited()
	c.tell()
}
