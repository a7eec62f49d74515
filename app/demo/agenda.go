package demo

import (
	"fmt"
	"strings"
	"time"

	"postrider/app/demo/davd"
	"postrider/app/demo/story"
)

// Where Ann's appointments, tasks and people are.
const (
	calendarPath = "calendars/work"
	privatePath  = "calendars/privat"
	tasksPath    = "calendars/tasks"
	peoplePath   = "contacts/people"
)

// fillAgenda makes Ann's calendars, task list and address book.
func (w *World) fillAgenda(told *story.Story, password string, now time.Time) error {
	w.dav = davd.New(told.Ann().Addr, password, fmt.Sprint(now.UnixNano()))
	for _, c := range []davd.Collection{
		{Path: calendarPath, Name: "Calendar", Color: "#2a6f97", Holds: []string{"VEVENT"}},
		{Path: privatePath, Name: "Privat", Color: "#8f5b34", Holds: []string{"VEVENT"}},
		{Path: tasksPath, Name: "Tasks", Holds: []string{"VTODO"}},
		{Path: peoplePath, Name: "People"},
	} {
		w.dav.Add(c)
	}
	a := agenda{story: told, dav: w.dav, day: midnight(now)}
	for _, add := range []func() error{a.people, a.meetings, a.series, a.days, a.tasks} {
		if err := add(); err != nil {
			return fmt.Errorf("the demo's calendar and address book: %w", err)
		}
	}
	return nil
}

// agenda writes items into a server.
type agenda struct {
	story *story.Story
	dav   *davd.Server
	day   time.Time // today
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// put stores an item. lines are content lines, without folding.
func (a agenda) put(dir, uid, ext string, lines ...string) error {
	var b strings.Builder
	for _, l := range lines {
		if l != "" {
			b.WriteString(foldLine(l))
		}
	}
	return a.dav.Put(dir+"/"+uid+ext, []byte(b.String()))
}

// foldLine breaks a line after at most 75 octets, between characters.
func foldLine(s string) string {
	var b strings.Builder
	width := 0
	for _, r := range s {
		if n := len(string(r)); width+n > 75 {
			b.WriteString("\r\n ")
			width = 1 + n
		} else {
			width += n
		}
		b.WriteRune(r)
	}
	return b.String() + "\r\n"
}

// value escapes a text (RFC 5545 section 3.3.11, RFC 6350 section 3.4).
func value(s string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`).Replace(s)
}

// known are the people whom Ann has in her address book.
func (a agenda) known() []*story.Person {
	var list []*story.Person
	for _, p := range a.story.People {
		if p.Kind != "queue" && p.Key != a.story.Ann().Key {
			list = append(list, p)
		}
	}
	return list
}

// company is the name of a person's account, or what stands in its place.
func (a agenda) company(p *story.Person) string {
	for _, r := range a.story.Records {
		if r.Key == "acc."+p.Of {
			return r.Fields[0]
		}
	}
	if p.Of == "alder" {
		return "Alder Machine Tools AB"
	}
	return p.Of
}

func (a agenda) people() error {
	for i, p := range a.known() {
		first, last := names(p)
		version := "3.0"
		if i%4 == 3 {
			version = "4.0" // from her phone
		}
		lines := []string{"BEGIN:VCARD", "VERSION:" + version, "UID:" + id("card."+p.Key), "FN:" + value(p.Name),
			"N:" + value(last) + ";" + value(first) + ";;;", "ORG:" + value(a.company(p)), "TITLE:" + value(p.Title), "EMAIL;TYPE=work:" + p.Addr}
		if p.Phone != "" {
			lines = append(lines, "TEL;TYPE=work:"+p.Phone)
		}
		if i%5 == 1 {
			lines = append(lines, fmt.Sprintf("BDAY:19%02d-%02d-%02d", 58+i%35, 1+i%12, 1+i%28))
		}
		if i%7 == 2 {
			lines = append(lines, "NOTE:"+value("Met at the fair in Hannover.\nPrefers to be called before noon."), "CATEGORIES:Fair")
		}
		if err := a.put(peoplePath, id("card."+p.Key), ".vcf", append(lines, "END:VCARD")...); err != nil {
			return err
		}
	}
	return nil
}

// topics are what meetings with customers are about, by their language.
var topics = map[string][]string{
	"en": {"Offer: open questions", "Acceptance test", "Service contract", "Site visit"},
	"de": {"Angebot besprechen", "Abnahme der Maschine", "Wartungsvertrag", "Besuch im Werk"},
	"sv": {"Genomgång av offert", "Leveransmöte", "Serviceavtal"},
	"cs": {"Projednání nabídky", "Přejímka stroje", "Servisní smlouva"},
	"fr": {"Point sur le devis", "Réception de la machine", "Contrat d'entretien"},
	"ja": {"見積りの打ち合わせ", "立会検査"},
	"ar": {"مناقشة العرض"},
	"he": {"סקירת ההצעה"},
}

const stockholm = "BEGIN:VTIMEZONE\r\nTZID:Europe/Stockholm\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n" +
	"BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE"

// event is a calendar around components, with the time zone that they name.
func (a agenda) event(dir, key string, lines ...string) error {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Alder//Calendar//EN"}, strings.Split(stockholm, "\r\n")...)
	return a.put(dir, id(key), ".ics", append(append(all, lines...), "END:VCALENDAR")...)
}

// at is a local time on a day, as a property's parameter and value.
func (a agenda) at(days, hour, minute int) string {
	return ";TZID=Europe/Stockholm:" + a.day.AddDate(0, 0, days).Format("20060102") + fmt.Sprintf("T%02d%02d00", hour, minute)
}

func (a agenda) stamp() string { return "DTSTAMP:" + a.day.Format("20060102T150405Z") }

// workday moves a number of days from today off the weekend.
func (a agenda) workday(days int) int {
	switch a.day.AddDate(0, 0, days).Weekday() {
	case time.Saturday:
		return days + 2
	case time.Sunday:
		return days + 1
	}
	return days
}

func (a agenda) person(name string, p *story.Person, more string) string {
	return name + `;CN="` + strings.ReplaceAll(p.Name, `"`, "'") + `"` + more + ":mailto:" + p.Addr
}

// meetings are those with customers, from three weeks ago to four weeks ahead.
func (a agenda) meetings() error {
	ann, n := a.story.Ann(), 0
	for i, p := range a.known() {
		if p.Kind != "contact" || i%4 == 3 || n == 28 {
			continue
		}
		about := topics[p.Lang]
		if about == nil {
			about = topics["en"]
		}
		day, hour := a.workday(-21+n*7/4), 9+n%7
		lines := []string{"BEGIN:VEVENT", "UID:" + id("meeting."+p.Key), a.stamp(), "DTSTART" + a.at(day, hour, 0), "DTEND" + a.at(day, hour+1, 30*(n%2)),
			"SUMMARY:" + value(about[n%len(about)]+" – "+a.company(p)), "LOCATION:" + value([]string{"Teams", "Jönköping, room Vättern", a.company(p)}[n%3]),
			a.person("ORGANIZER", ann, ""), a.person("ATTENDEE", ann, ";PARTSTAT=ACCEPTED"), a.person("ATTENDEE", p, ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE")}
		if n%5 == 0 {
			lines = append(lines, "DESCRIPTION:"+value("Agenda:\n1. Delivery\n2. Price\n3. Next steps"), "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:-PT15M", "END:VALARM")
		}
		if err := a.event(calendarPath, "meeting."+p.Key, append(lines, "END:VEVENT")...); err != nil {
			return err
		}
		n++
	}
	return nil
}

// series are what comes again and again, with what was moved and what fell out.
func (a agenda) series() error {
	monday := -int(a.day.Weekday()+6)%7 - 28 // four weeks ago
	for i, s := range []struct{ key, title, rule, who string }{
		{"series.sales", "Sales meeting", "FREQ=WEEKLY;BYDAY=MO;COUNT=20", "mikael"},
		{"series.service", "Service board with Ilse", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=12", "ilse"},
		{"series.forecast", "Forecast to Mikael", "FREQ=MONTHLY;BYDAY=1MO;COUNT=12", ""},
	} {
		hour := 9 + 2*i
		lines := []string{"BEGIN:VEVENT", "UID:" + id(s.key), a.stamp(), "DTSTART" + a.at(monday, hour, 0), "DTEND" + a.at(monday, hour, 45), "RRULE:" + s.rule, "SUMMARY:" + s.title}
		var people []string
		for _, p := range a.known() {
			if p.Key == s.who {
				people = []string{a.person("ORGANIZER", p, ""), a.person("ATTENDEE", a.story.Ann(), ";PARTSTAT=ACCEPTED")}
			}
		}
		lines = append(lines, people...)
		if i < 2 {
			lines = append(lines, "EXDATE"+a.at(monday+14, hour, 0), "END:VEVENT", "BEGIN:VEVENT", "UID:"+id(s.key), a.stamp(), "RECURRENCE-ID"+a.at(monday+28, hour, 0),
				"DTSTART"+a.at(monday+29, hour+1, 0), "DTEND"+a.at(monday+29, hour+1, 45), "SUMMARY:"+s.title+" (moved)")
			lines = append(lines, people...)
		}
		if err := a.event(calendarPath, s.key, append(lines, "END:VEVENT")...); err != nil {
			return err
		}
	}
	return nil
}

// days are what takes whole days, and what is nobody's business.
func (a agenda) days() error {
	for i, d := range []struct {
		dir, title string
		from, days int
	}{
		{calendarPath, "EMO Hannover", 18, 4}, {calendarPath, "Brno: acceptance at Moravia", 9, 2}, {calendarPath, "Nantes: formation chez Mécanique de l'Ouest", 25, 1},
		{calendarPath, "Inventory at Alder", -10, 1}, {privatePath, "Semester", 40, 10}, {privatePath, "Mamma fyller 70", 12, 1},
		{privatePath, "Tandläkare", 5, 1}, {privatePath, "Föräldramöte", -3, 1},
	} {
		day := func(n int) string { return a.day.AddDate(0, 0, n).Format("20060102") }
		lines := []string{"BEGIN:VEVENT", "UID:" + id(fmt.Sprintf("day.%d", i)), a.stamp(), "DTSTART;VALUE=DATE:" + day(d.from), "DTEND;VALUE=DATE:" + day(d.from+d.days), "SUMMARY:" + value(d.title)}
		if d.dir == privatePath {
			lines = append(lines, "CLASS:PRIVATE")
		}
		if err := a.event(d.dir, fmt.Sprintf("day.%d", i), append(lines, "END:VEVENT")...); err != nil {
			return err
		}
	}
	return nil
}

func (a agenda) tasks() error {
	for i, title := range []string{
		"Send the revised offer to Moravia", "Angebot an Häfner nachfassen", "Call Gillian about the hydraulic unit", "Order a spindle for Kitano", "Rapport till Mikael",
		"Prepare the training in Nantes", "Ask Ilse for a service date in Vetlanda", "Check the prices for Tiller", "Book the flight to Brno", "Nabídka pro Kovo Poldice",
		"Update the price list", "Reseräkning", "Photos of the K3 for Carmel", "Answer Aoife about the delivery", "Plan the fair with Jonas",
	} {
		lines := []string{"BEGIN:VTODO", "UID:" + id(fmt.Sprintf("task.%d", i)), a.stamp(), "SUMMARY:" + value(title), "DUE;VALUE=DATE:" + a.day.AddDate(0, 0, -6+2*i).Format("20060102"),
			fmt.Sprintf("PRIORITY:%d", []int{5, 1, 5, 9}[i%4])}
		switch i % 5 {
		case 0:
			lines = append(lines, "STATUS:IN-PROCESS", "PERCENT-COMPLETE:50")
		case 3:
			lines = append(lines, "STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:"+a.day.AddDate(0, 0, -1).Format("20060102T150405Z"))
		default:
			lines = append(lines, "STATUS:NEEDS-ACTION")
		}
		if err := a.event(tasksPath, fmt.Sprintf("task.%d", i), append(lines, "END:VTODO")...); err != nil {
			return err
		}
	}
	return nil
}
