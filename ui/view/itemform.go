package view

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"postrider/agent"
	"postrider/agent/recur"
	"postrider/offline"
)

// FormField is a field of the form in which an item is made or changed.
type FormField struct {
	Word    string
	Label   string
	Hint    string // in the empty field
	Many    bool   // several lines
	Half    bool   // shares a line with the next one
	Must    bool
	Choices []FormChoice // where one of these is meant
	Fixed   string       // why it can't be changed; empty: it can
}

// FormChoice is one of several values.
type FormChoice struct{ Value, Text string }

// The fields of a form that no word of the neutral form stands for by itself.
const (
	formDay     = "day"
	formFrom    = "from"
	formLastDay = "last-day"
	formTo      = "to"
)

// ItemForm is the form in which an appointment, contact or task is made, or in
// which the common fields of one are changed.
type ItemForm struct {
	Title, Verb string
	Kind        offline.Kind
	New         bool
	Fields      []FormField
	Places      []offline.Collection // of a new one: where it can be put
	Place       int                  // into Places
	AllDay      bool                 // of an appointment
	Timed       bool                 // it has a time that can be changed
	Note        string

	desk   *Desk
	list   *Items // of a new one: where it is to be seen
	key    uint64
	values map[string]string
	was    map[string]string
	words  offline.Fields
	wasDay bool
}

var importances = []FormChoice{{"low", "Low"}, {"", "Normal"}, {"high", "High"}}

var formFields = map[offline.Kind][]FormField{
	offline.KindAppointment: {
		{Word: offline.WordSubject, Label: "Subject", Must: true},
		{Word: formDay, Label: "Begins on", Hint: "year-month-day", Half: true}, {Word: formFrom, Label: "at", Hint: "09:00"},
		{Word: formLastDay, Label: "Ends on", Hint: "year-month-day", Half: true}, {Word: formTo, Label: "at", Hint: "10:00"},
		{Word: "location", Label: "Location"},
		{Word: offline.WordShow, Label: "Show time as", Half: true, Choices: []FormChoice{{"busy", "Busy"}, {"free", "Free"}, {"tentative", "Tentative"}, {"oof", "Away"}}},
		{Word: "importance", Label: "Importance", Choices: importances},
		{Word: "body", Label: "Notes", Many: true},
	},
	offline.KindTask: {
		{Word: offline.WordSubject, Label: "Subject", Must: true},
		{Word: "start", Label: "Start", Hint: "year-month-day", Half: true}, {Word: "due", Label: "Due", Hint: "year-month-day, and a time"},
		{Word: offline.WordStatus, Label: "Status", Half: true, Choices: []FormChoice{{"", "Not begun"}, {"in-progress", "In progress"}, {"waiting", "Waiting for somebody"}, {"deferred", "Put off"}, {"completed", "Done"}, {"canceled", "Given up"}}},
		{Word: "importance", Label: "Importance", Choices: importances},
		{Word: "percent", Label: "Done, in percent", Hint: "0"},
		{Word: "body", Label: "Notes", Many: true},
	},
	offline.KindContact: {
		{Word: "first", Label: "First name", Half: true}, {Word: "last", Label: "Last name"},
		{Word: "company", Label: "Company", Half: true}, {Word: "title", Label: "Job title"},
		{Word: "email1", Label: "Email", Half: true}, {Word: "email2", Label: "Email 2"},
		{Word: "phone-business", Label: "Business phone", Half: true}, {Word: "mobile", Label: "Mobile phone"},
		{Word: "address1-street", Label: "Street", Half: true}, {Word: "address1-city", Label: "City"},
		{Word: "address1-postcode", Label: "Postcode", Half: true}, {Word: "address1-country", Label: "Country"},
		{Word: "birthday", Label: "Birthday", Hint: "year-month-day", Half: true}, {Word: "website", Label: "Website"},
		{Word: "body", Label: "Notes", Many: true},
	},
}

// NewItemForm is the form of a new item of a kind; day is when it is likely to be.
// nil where there is no place to put one.
func (d *Desk) NewItemForm(l *Items) *ItemForm {
	f := &ItemForm{Title: "New " + ItemNoun(l.Kind), Verb: "Make the " + ItemNoun(l.Kind), Kind: l.Kind, New: true, Timed: true, desk: d, list: l, words: offline.Fields{}}
	for _, c := range l.colls {
		if c.Holds(l.Kind) && !c.ReadOnly && !c.Off && !c.Missing {
			f.Places = append(f.Places, c)
		}
	}
	if len(f.Places) == 0 || d.env.keeper == nil {
		return nil
	}
	slices.SortFunc(f.Places, func(a, b offline.Collection) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL))
	})
	home, _ := offline.HomeOf(f.Places, l.Kind)
	f.Place = slices.IndexFunc(f.Places, func(c offline.Collection) bool { return c.URL == home.URL })
	if l.Kind == offline.KindAppointment {
		at := d.env.now().Truncate(time.Hour).Add(time.Hour)
		if !weekOf(at).Equal(l.day) {
			at = time.Date(l.day.Year(), l.day.Month(), l.day.Day(), 9, 0, 0, 0, l.day.Location())
		}
		f.words[offline.WordTime] = recur.Time(at, at.Add(time.Hour), false)
		f.words[offline.WordShow] = "busy"
	}
	f.fill()
	return f
}

// EditForm is the form of an item that is there.
func (d *Desk) EditForm(v ItemView) *ItemForm {
	if len(v.Keys) != 1 || d.env.keeper == nil || v.ReadOnly {
		return nil
	}
	f := &ItemForm{Title: "Change this " + ItemNoun(v.Kind), Verb: "Keep the changes", Kind: v.Kind, Timed: !v.Series, desk: d, key: v.Keys[0], words: v.words}
	if v.Series {
		f.Note = "This repeats: what you change holds for all of its times. When it is, is changed in your calendar program."
	}
	f.fill()
	return f
}

// fill puts the words into the fields.
func (f *ItemForm) fill() {
	f.values = map[string]string{}
	for _, x := range formFields[f.Kind] {
		switch x.Word {
		case formDay, formFrom, formLastDay, formTo:
			if !f.Timed {
				continue
			}
		}
		f.Fields = append(f.Fields, x)
		f.values[x.Word] = f.shown(x.Word)
	}
	if f.Kind == offline.KindAppointment {
		from, to, allDay, err := recur.Times(f.words[offline.WordTime])
		if err == nil {
			loc := f.desk.env.now().Location()
			if f.AllDay = allDay; !allDay {
				from, to = from.In(loc), to.In(loc)
				f.values[formFrom], f.values[formTo] = from.Format("15:04"), to.Format("15:04")
			} else {
				to = to.AddDate(0, 0, -1)
			}
			f.values[formDay], f.values[formLastDay] = from.Format(time.DateOnly), to.Format(time.DateOnly)
		}
	}
	f.was, f.wasDay = map[string]string{}, f.AllDay
	for w, v := range f.values {
		f.was[w] = v
	}
}

// shown is a word as it is typed.
func (f *ItemForm) shown(word string) string {
	v := f.words[word]
	if t, whole, ok := taskTime(v, f.desk.env.now().Location()); ok && !whole && (word == "due" || word == "start") {
		return t.Format("2006-01-02 15:04")
	}
	return v
}

// Value is what stands in a field.
func (f *ItemForm) Value(word string) string { return f.values[word] }

// Set puts something into a field.
func (f *ItemForm) Set(word, value string) { f.values[word] = value }

// ChoiceText is what a field of choices says.
func (f *ItemForm) ChoiceText(x FormField) string {
	for _, c := range x.Choices {
		if c.Value == f.values[x.Word] {
			return c.Text
		}
	}
	return OneLine(f.values[x.Word], 40)
}

// Shown are the fields that are to be filled now.
func (f *ItemForm) Shown() []FormField {
	if !f.AllDay {
		return f.Fields
	}
	var out []FormField
	for _, x := range f.Fields {
		switch x.Word {
		case formFrom, formTo:
			continue
		case formDay:
			x.Half = true
		case formLastDay:
			x.Half = false
		}
		out = append(out, x)
	}
	return out
}

// Changed reports whether anything is to be kept.
func (f *ItemForm) Changed() bool {
	if f.New || f.AllDay != f.wasDay {
		return true
	}
	for w, v := range f.values {
		if clean(v) != clean(f.was[w]) {
			return true
		}
	}
	return false
}

// clean is a value without what nobody sees.
func clean(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n ")
}

// Wrong says what can't be taken as it is, and in which field; empty: all can.
func (f *ItemForm) Wrong() (text, word string) {
	_, text, word = f.read()
	return text, word
}

// read makes words of the fields: those that changed.
func (f *ItemForm) read() (words offline.Fields, wrong, at string) {
	words = offline.Fields{}
	for _, x := range f.Fields {
		v := clean(f.values[x.Word])
		if x.Must && v == "" {
			return nil, "Give it a " + lowerFirst(x.Label) + ".", x.Word
		}
		switch x.Word {
		case formDay, formFrom, formLastDay, formTo:
			continue
		}
		if v == clean(f.was[x.Word]) && !f.New {
			continue
		}
		v, err := f.word(x, v)
		if err != nil {
			return nil, x.Label + ": " + err.Error(), x.Word
		}
		if f.New && v == "" {
			continue
		}
		words[x.Word] = v
	}
	if f.Kind == offline.KindContact && f.New && words["first"]+words["last"]+words["company"]+words["email1"] == "" {
		return nil, "Give the contact a name, a company or an address.", "first"
	}
	if f.Kind == offline.KindAppointment && f.Timed {
		t, wrong, at := f.time()
		if wrong != "" {
			return nil, wrong, at
		}
		if t != f.words[offline.WordTime] || f.New {
			words[offline.WordTime] = t
		}
	}
	return words, "", ""
}

var (
	errDay     = errors.New("write the day as year-month-day, for example 2026-12-24")
	errDayTime = errors.New("write the day as year-month-day, and the time, if any, as 14:30")
	errPercent = errors.New("write a number from 0 to 100")
)

// word is one field as the neutral form has it.
func (f *ItemForm) word(x FormField, v string) (string, error) {
	loc := f.desk.env.now().Location()
	switch x.Word {
	case "due", "start":
		if t, err := time.ParseInLocation("2006-1-2 15:04", v, loc); err == nil {
			return t.UTC().Format(time.RFC3339), nil
		}
		if t, err := time.Parse("2006-1-2", v); err == nil || v == "" {
			return dateOr(t, v), nil
		}
		return "", errDayTime
	case "birthday":
		if t, err := time.Parse("2006-1-2", v); err == nil || v == "" {
			return dateOr(t, v), nil
		}
		if _, err := time.Parse("--01-02", v); err == nil {
			return v, nil
		}
		return "", errDay
	case "percent":
		n := 0
		for _, r := range v {
			if r < '0' || r > '9' || n > 100 {
				return "", errPercent
			}
			n = n*10 + int(r-'0')
		}
		if n > 100 {
			return "", errPercent
		}
		return strings.TrimLeft(v, "0"), nil
	}
	if !x.Many {
		return OneLine(v, 4000), nil
	}
	return v, nil
}

func dateOr(t time.Time, v string) string {
	if v == "" {
		return ""
	}
	return t.Format(time.DateOnly)
}

// time is the word of time of what is in the fields.
func (f *ItemForm) time() (word, wrong, at string) {
	loc := f.desk.env.now().Location()
	read := func(day, hour string) (time.Time, string, string) {
		d, err := time.ParseInLocation("2006-1-2", clean(f.values[day]), loc)
		if err != nil {
			return d, upperFirst(errDay.Error()) + ".", day
		}
		if f.AllDay {
			return d, "", ""
		}
		h, err := time.Parse("15:04", clean(f.values[hour]))
		if err != nil {
			return d, "Write the time as hours and minutes, for example 14:30.", hour
		}
		return time.Date(d.Year(), d.Month(), d.Day(), h.Hour(), h.Minute(), 0, 0, loc), "", ""
	}
	from, wrong, at := read(formDay, formFrom)
	if wrong != "" {
		return "", wrong, at
	}
	to, wrong, at := read(formLastDay, formTo)
	if wrong != "" {
		return "", wrong, at
	}
	if to.Before(from) {
		return "", "It ends before it begins.", formLastDay
	}
	if f.AllDay {
		return recur.Time(from, to.AddDate(0, 0, 1), true), "", ""
	}
	return recur.Time(from, to, false), "", ""
}

// Keep makes the item, or its changes. Ask Wrong first.
func (f *ItemForm) Keep() {
	words, wrong, _ := f.read()
	if wrong != "" {
		return
	}
	d := f.desk
	if !f.New {
		d.onItems("Changed: it goes to your "+placeOf(f.Kind)+" with the next sync", []uint64{f.key}, func(k Keeper) error { return k.EditItem(f.key, words) })
		return
	}
	place, k := f.Places[f.Place], d.env.keeper
	if from, _, _, err := recur.Times(words[offline.WordTime]); err == nil {
		f.list.day = weekOf(from.In(d.env.now().Location()))
	}
	d.Deeds.run("Made in “"+OneLine(place.Name, 60)+"”", func() (agent.Undo, error) {
		key, err := k.NewItem(f.Kind, place.URL, words)
		if err != nil {
			return nil, err
		}
		d.env.post(func() { f.list.seek(key) })
		return func() error { return k.DeleteItem(key) }, nil
	})
}
