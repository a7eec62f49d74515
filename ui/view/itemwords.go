package view

import (
	"strings"
	"time"

	"postrider/agent/merge"
	"postrider/agent/recur"
	"postrider/offline"
)

// WordName is what people call a word of the neutral form.
func WordName(kind offline.Kind, word string) string {
	switch word {
	case offline.WordParent:
		return "Account"
	case "body":
		return "Notes"
	case "percent":
		return "Done, in percent"
	case "address1-street":
		return "Street"
	case "address1-city":
		return "City"
	case "address1-region":
		return "Region"
	case "address1-postcode":
		return "Postcode"
	case "address1-country":
		return "Country"
	case offline.WordPrivate:
		return "Private"
	}
	for _, k := range [...]offline.Kind{kind, offline.KindSeries} {
		for _, f := range merge.Table(k) {
			if f.Word == word && (k == kind || kind == offline.KindAppointment) {
				return f.Name
			}
		}
	}
	return upperFirst(strings.ReplaceAll(word, "-", " "))
}

// WordText is the value of a word as people read it; "" where there is none.
func WordText(kind offline.Kind, word, value string, now time.Time) string {
	if value == "" {
		return ""
	}
	switch word {
	case offline.WordTime:
		return TimeText(value, now)
	case "due", "start", "completed":
		t, whole, ok := taskTime(value, now.Location())
		switch {
		case !ok:
			return OneLine(value, 60)
		case whole:
			return t.Format("Monday, 2 January 2006")
		}
		return FullDate(t, now.Location())
	case offline.WordShow:
		return showWords(value)
	case offline.WordStatus:
		return upperFirst(orElse(statusWords(value), value))
	case "importance":
		return upperFirst(value)
	case offline.WordRecurrence:
		return RepeatText(value)
	case offline.WordOrganizer, offline.WordRequired, offline.WordOptional:
		return peopleText(value)
	case "birthday", "anniversary":
		return dayText(value)
	case offline.WordPrivate:
		return "Yes"
	case "percent":
		return OneLine(value, 10) + " %"
	case "photo":
		return "a picture"
	}
	return plainText(value)
}

// plainText is a text of several lines that is safe to be shown.
func plainText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = OneLine(l, 2000)
	}
	return strings.Join(lines, "\n")
}

func showWords(show string) string {
	switch show {
	case "free":
		return "Free"
	case "tentative":
		return "Tentative"
	case "oof":
		return "Away"
	}
	return "Busy"
}

// dayText is a birthday; its year need not be known.
func dayText(s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format("2 January 2006")
	}
	if t, err := time.Parse("--01-02", s); err == nil {
		return t.Format("2 January")
	}
	return OneLine(s, 40)
}

// peopleText are people one below another, by name and address.
func peopleText(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		addr, name, _ := strings.Cut(l, " ")
		if n := OneLine(name, 80); n != "" {
			out = append(out, n+" · "+OneLine(addr, 120))
			continue
		}
		out = append(out, OneLine(addr, 120))
	}
	return strings.Join(out, "\n")
}

// TimeText is the time of an appointment in full.
func TimeText(value string, now time.Time) string {
	from, to, allDay, err := recur.Times(value)
	if err != nil {
		return OneLine(value, 80)
	}
	const date = "Monday, 2 January 2006"
	if allDay {
		last := to.AddDate(0, 0, -1)
		if !last.After(from) {
			return from.Format(date) + ", all day"
		}
		return from.Format("Mon 2 Jan 2006") + " – " + last.Format("Mon 2 Jan 2006") + ", all day"
	}
	from, to = from.In(now.Location()), to.In(now.Location())
	if dayIn(from, time.UTC).Equal(dayIn(to, time.UTC)) {
		return from.Format(date) + ", " + from.Format("15:04") + "–" + to.Format("15:04")
	}
	return from.Format("Mon 2 Jan 2006, 15:04") + " – " + to.Format("Mon 2 Jan 2006, 15:04")
}

var weekdays = map[string]string{"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday"}

// RepeatText is a recurrence in words: "Every week on Monday and Tuesday, until …".
func RepeatText(value string) string {
	s, err := recur.Parse(value)
	if err != nil {
		return "It repeats"
	}
	parts := map[string]string{}
	for _, p := range strings.Split(s.Rule, ";") {
		k, v, _ := strings.Cut(p, "=")
		parts[k] = v
	}
	unit := map[string]string{"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}[parts["FREQ"]]
	if unit == "" {
		return "It repeats"
	}
	text := "Every " + unit
	if n := parts["INTERVAL"]; n != "" {
		text = "Every " + n + " " + unit + "s"
	}
	switch days := daysText(parts["BYDAY"]); {
	case parts["BYDAY"] == "MO,TU,WE,TH,FR":
		text += ", Monday to Friday"
	case days != "":
		text += " on " + days
	case parts["BYMONTHDAY"] != "" && !strings.ContainsAny(parts["BYMONTHDAY"], "-,"):
		text += " on day " + parts["BYMONTHDAY"]
	}
	if n := parts["COUNT"]; n != "" {
		text += ", " + n + " times"
	}
	if len(parts["UNTIL"]) >= 8 {
		if t, err := time.Parse("20060102", parts["UNTIL"][:8]); err == nil {
			text += ", until " + t.Format("2 January 2006")
		}
	}
	if n := len(s.Out); n > 0 {
		text += ". " + Plural(n, "time") + " left out"
	}
	if n := len(s.Changed); n > 0 {
		text += ". " + Plural(n, "time") + " different"
	}
	return text
}

func daysText(by string) string {
	if by == "" {
		return ""
	}
	var out []string
	for _, d := range strings.Split(by, ",") {
		nth := ""
		if len(d) > 2 {
			nth = map[string]string{"1": "the first ", "2": "the second ", "3": "the third ", "4": "the fourth ", "-1": "the last "}[d[:len(d)-2]]
			if nth == "" {
				return ""
			}
			d = d[len(d)-2:]
		}
		out = append(out, nth+weekdays[d])
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return out[0]
}

// itemSentence is in full how an item stands with the CRM.
func itemSentence(t offline.Tracking, about string, now time.Time) string {
	switch t.State {
	case "":
		return "Not tracked"
	case offline.Failed:
		return "Could not be carried over: " + strings.TrimRight(OneLine(orElse(t.Reason, "it was refused"), 400), ". ") + ". Put that right and choose Try again"
	case offline.Untracked:
		if t.Declined && t.Cause == offline.CauseUser {
			return "Not tracked · you untracked it"
		}
		return joined(" · ", "Not tracked", OneLine(t.Reason, 400))
	}
	why := map[offline.Cause]string{
		offline.CauseUser: "by you", offline.CauseColleague: "it was in the CRM", offline.CauseKeyword: "by you, by its category",
		offline.CauseFolder: "because everything in its place is",
	}[t.Cause]
	t.Cause, t.By = "", ""
	return joined(" · ", OneLine(Sentence(t, about, now), 600), why)
}
