package sample

import (
	"fmt"
	"time"

	"postrider/offline"
)

// Addresses of the sample's calendars, tasks and address books.
const (
	Work     = "https://dav.example/ann/work/"
	Home     = "https://dav.example/ann/home/"
	Team     = "https://dav.example/team/"
	TaskList = "https://dav.example/ann/tasks/"
	People   = "https://dav.example/ann/people/"
	Club     = "https://dav.example/ann/club/"
)

func collections() []offline.Collection {
	cal, tasks, people := []offline.Kind{offline.KindAppointment}, []offline.Kind{offline.KindTask}, []offline.Kind{offline.KindContact}
	read := offline.CollectionCursor{SyncToken: "1", At: Now()}
	return []offline.Collection{
		{URL: Work, Account: "calendar", Name: "Work", Color: "#0b6b5b", Kinds: cal, Cursor: read, Home: true},
		{URL: Home, Account: "calendar", Name: "Home", Color: "#b3261e", Kinds: cal, Cursor: read},
		{URL: Team, Account: "calendar", Name: "Team holidays and absences of the whole department", Color: "#2457a6", Kinds: cal, ReadOnly: true, Cursor: read, Off: true},
		{URL: TaskList, Account: "calendar", Name: "Tasks", Kinds: tasks, Cursor: read, Home: true},
		{URL: People, Account: "people", Name: "People", Kinds: people, Cursor: read, Home: true, Track: true},
		{URL: Club, Account: "people", Name: "Sailing club", Kinds: people, Cursor: read},
	}
}

// thing is an item of the sample in short.
type thing struct {
	coll    string
	kind    offline.Kind
	state   offline.State
	cause   offline.Cause
	reason  string
	problem string
	fields  offline.Fields
	edits   offline.Fields
}

// at is a time of an appointment: days from the sample's Monday, and hours.
func at(day int, from, to float64) string {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	t := func(h float64) string {
		return monday.AddDate(0, 0, day).Add(time.Duration(h * float64(time.Hour))).Format(time.RFC3339)
	}
	return t(from) + "/" + t(to)
}

func appointments() []thing {
	brno, cas := Brno().String(), ref(offline.KindCase, 1).String()
	me := "ann.becker@postrider.example Ann Becker"
	jana := "jana.novakova@moravia-tools.example Jana Nováková"
	return []thing{
		{Work, offline.KindAppointment, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "Brno line: acceptance criteria", "time": at(1, 9, 10.5), "location": "Room 2, and online", "show": "busy", "regarding": brno, "organizer": me, "required": jana + "\npetr.dvorak@moravia-tools.example Petr Dvořák", "optional": "otto.brandt@nordwind.example Otto Brandt", "body": "1. Which tolerances?\n2. Who signs?\n3. Date of the trial run"}, nil},
		{Work, offline.KindAppointment, offline.Waiting, offline.CauseUser, "", "", offline.Fields{"subject": "Call with Nordwind about the scanners", "time": at(1, 10, 11), "show": "busy"}, nil},
		{Work, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "Lunch", "time": at(1, 12, 13), "show": "free"}, nil},
		{Work, offline.KindAppointment, offline.Tracked, offline.CauseColleague, "", "", offline.Fields{"subject": "Spindle noise: look at the recording together", "time": at(1, 15, 16), "show": "busy", "regarding": cas, "location": "Workshop"}, offline.Fields{"location": "Workshop, line 2"}},
		{Work, offline.KindAppointment, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "Weekly sales meeting", "time": "2026-09-07T08:00:00Z/2026-09-07T08:45:00Z", "zone": "UTC", "show": "busy", "recurrence": "FREQ=WEEKLY;BYDAY=MO\n-20261116T080000"}, nil},
		{Work, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "Stand-up", "time": "2026-06-01T07:15:00Z/2026-06-01T07:30:00Z", "zone": "UTC", "show": "busy", "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\n=20261126T071500 {\"subject\":\"Stand-up, with Moravia\",\"time\":\"2026-11-26T08:00:00Z/2026-11-26T08:30:00Z\"}"}, nil},
		{Work, offline.KindAppointment, offline.Failed, offline.CauseUser, "", "The CRM can't express that it comes on every 53rd day of the year", offline.Fields{"subject": "Machine inspection", "time": at(3, 13, 17), "show": "busy", "location": "Halle 4, Tor 2, Nordwind Logistik, Am Alten Hafen 118–124, 20457 Hamburg"}, nil},
		{Work, offline.KindAppointment, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "Trade fair in Brno", "time": "2026-11-25/2026-11-28", "show": "oof", "regarding": brno}, nil},
		{Home, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "Dentist", "time": at(2, 16.5, 17.25), "show": "busy", "private": "1"}, nil},
		{Home, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "", "time": at(5, 10, 12), "show": "free"}, nil},
		{Home, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "Petra's birthday", "time": "2026-11-28/2026-11-29", "show": "free"}, nil},
		{Work, offline.KindAppointment, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "花見商事様 オンライン打ち合わせ", "time": at(3, 8, 9), "show": "tentative"}, nil},
		{Work, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": "Quarterly numbers", "time": at(8, 9, 11), "show": "busy"}, nil},
	}
}

func tasks() []thing {
	brno := Brno().String()
	return []thing{
		{TaskList, offline.KindTask, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "Send revised offer to Moravia", "due": "2026-11-23", "importance": "high", "status": "in-progress", "percent": "40", "regarding": brno, "body": "With the second feeder as an option."}, nil},
		{TaskList, offline.KindTask, offline.Untracked, "", "", "", offline.Fields{"subject": "Book the train to Brno", "due": "2026-11-24"}, nil},
		{TaskList, offline.KindTask, offline.Waiting, offline.CauseUser, "", "", offline.Fields{"subject": "Ask production for a date", "start": "2026-11-24", "due": "2026-11-26T16:00:00Z"}, nil},
		{TaskList, offline.KindTask, offline.Tracked, offline.CauseColleague, "", "", offline.Fields{"subject": "Prepare training of the operators", "due": "2026-12-11", "regarding": brno}, nil},
		{TaskList, offline.KindTask, offline.Untracked, "", "", "A task that repeats is not tracked", offline.Fields{"subject": "Water the plants", "due": "2026-11-27"}, nil},
		{TaskList, offline.KindTask, offline.Untracked, "", "", "", offline.Fields{"subject": "Read the new export rules"}, nil},
		{TaskList, offline.KindTask, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"subject": "Order the spare spindle", "status": "completed", "completed": "2026-11-20", "percent": "100"}, nil},
	}
}

func people() []thing {
	moravia, nordwind := ref(offline.KindAccount, 1).String(), ref(offline.KindAccount, 2).String()
	ps := []thing{
		{People, offline.KindContact, offline.Tracked, offline.CauseUser, "", "", offline.Fields{"first": "Jana", "last": "Nováková", "company": "Moravia Tools a.s.", "title": "Head of Purchasing", "email1": "jana.novakova@moravia-tools.example", "phone-business": "+420 541 000 123", "mobile": "+420 602 000 123", "parent": moravia, "address1-street": "Křenová 12", "address1-city": "Brno", "address1-postcode": "602 00", "address1-country": "Czechia", "birthday": "1979-03-14"}, nil},
		{People, offline.KindContact, offline.Tracked, offline.CauseColleague, "", "", offline.Fields{"first": "Otto", "last": "Brandt", "company": "Nordwind Logistik GmbH & Co. KG", "title": "Disposition", "email1": "otto.brandt@nordwind.example", "phone-business": "+49 40 555 011", "parent": nordwind}, nil},
		{People, offline.KindContact, offline.Waiting, offline.CauseUser, "", "", offline.Fields{"first": "Søren", "last": "Kjær Mikkelsen", "company": "Fjordbyg ApS", "email1": "skm@fjordbyg.example"}, nil},
		{People, offline.KindContact, offline.Untracked, "", "", "", offline.Fields{"first": "Aiko", "last": "田中", "company": "花見商事株式会社"}, nil},
		{Club, offline.KindContact, offline.Untracked, "", "", "", offline.Fields{"first": "Maximiliane-Henriette", "last": "von und zu Hohenwarth-Schwarzenberg", "email1": "maximiliane.henriette.von.hohenwarth@a-rather-long-domain-name.example"}, nil},
		{Club, offline.KindContact, offline.Untracked, "", "", "", offline.Fields{"email1": "harbour@club.example"}, nil},
	}
	for i := range 30 {
		n := []string{"Adler", "Bauer", "Conti", "Dvořák", "Eriksen", "Fontaine", "Girard", "Horváth"}[i%8]
		ps = append(ps, thing{Club, offline.KindContact, offline.Untracked, "", "", "", offline.Fields{"first": string(rune('A'+i%26)) + ".", "last": fmt.Sprintf("%s %d", n, i), "mobile": fmt.Sprintf("+49 170 %07d", i*7919)}, nil})
	}
	return ps
}

func item(i int, t thing) offline.Item {
	it := offline.Item{
		Collection: t.coll, Href: fmt.Sprintf("/%d", i), ETag: "1", Kind: t.kind, UID: fmt.Sprintf("uid-%d", i), Fields: t.fields, Problem: t.problem, Edits: t.edits,
		Changed: Now().Add(-time.Hour), Track: offline.Tracking{State: t.state, Cause: t.cause, Reason: t.reason, Since: Now().Add(-time.Duration(i) * time.Hour)},
	}
	if t.state == offline.Tracked || t.state == offline.Waiting {
		it.Track.Record = ref(t.kind, 700+i)
	}
	return it
}

// FillItems puts calendars, tasks and people into a store that has the sample, with
// what is unsettled about them.
func FillItems(s *offline.Store) error {
	return s.Update(func(tx *offline.Tx) error {
		for _, c := range collections() {
			if err := tx.PutCollection(c); err != nil {
				return err
			}
		}
		byName := map[string]offline.Item{}
		all := append(append(appointments(), tasks()...), people()...)
		for i, t := range all {
			it := item(i, t)
			if err := tx.PutItem(&it); err != nil {
				return err
			}
			byName[offline.ItemName(it.Kind, it.Fields)] = it
			if it.Track.State != offline.Tracked {
				continue
			}
			if err := tx.PutItemLink(&offline.ItemLink{Item: it.Key, Record: it.Track.Record, Base: it.Fields, At: Now(), Member: true}); err != nil {
				return err
			}
		}
		return unsettled(tx, byName)
	})
}

// unsettled are conflicts, deletions that are held, what was deleted, and filters.
func unsettled(tx *offline.Tx, byName map[string]offline.Item) error {
	meeting, offer, jana := byName["Brno line: acceptance criteria"], byName["Send revised offer to Moravia"], byName["Jana Nováková"]
	for _, c := range []offline.Conflict{
		{Item: meeting.Key, Record: meeting.Track.Record, Name: "Brno line: acceptance criteria", Word: "location", Base: "Room 2", Mine: "Room 2, and online", Theirs: "Room 7 (ground floor)", At: Now().Add(-20 * time.Minute)},
		{Item: meeting.Key, Record: meeting.Track.Record, Name: "Brno line: acceptance criteria", Word: "time", Base: at(1, 9, 10), Mine: at(1, 9, 10.5), Theirs: at(1, 11, 12), At: Now().Add(-20 * time.Minute)},
		{Item: jana.Key, Record: jana.Track.Record, Name: "Jana Nováková", Word: "mobile", Base: "+420 602 000 100", Mine: "+420 602 000 123", Theirs: "+420 777 123 456", Winner: offline.SideRecord, At: Now().Add(-26 * time.Hour)},
		{Item: offer.Key, Record: offer.Track.Record, Name: "Send revised offer to Moravia", Word: "body", Base: "", Mine: "With the second feeder as an option.", Theirs: "With the second feeder as an option, and the training of four operators in calendar week 6. Otto has asked for delivery to Hamburg.", Winner: offline.SideItem, At: Now().Add(-50 * time.Hour)},
	} {
		if err := tx.PutConflict(&c); err != nil {
			return err
		}
	}
	for i := range 14 {
		h := offline.HeldDeletion{Side: offline.SideItem, Kind: offline.KindAppointment, Record: ref(offline.KindAppointment, 800+i), Name: fmt.Sprintf("Visit %d to Moravia Tools", i+1), At: Now().Add(-2 * time.Hour)}
		if err := tx.PutHeldDeletion(&h); err != nil {
			return err
		}
	}
	for i, t := range []offline.Tombstone{
		{Side: offline.SideRecord, Kind: offline.KindContact, Name: "Petr Dvořák", Record: ref(offline.KindContact, 821), Text: "It was deleted in the CRM; yours was kept, and is not tracked any more"},
		{Side: offline.SideItem, Kind: offline.KindTask, Name: "Ask Jana for the drawings", Record: ref(offline.KindTask, 820), Text: "You deleted it in your tasks, so the task in the CRM was deleted", Deleted: true},
	} {
		t.At = Now().Add(-time.Duration(45-i*40) * time.Hour)
		if err := tx.PutTombstone(&t); err != nil {
			return err
		}
	}
	filters := []offline.SyncFilter{
		{ID: "1", Kind: offline.KindAppointment, Name: "My Appointments", Active: true, Query: "state open\nwho party\n"},
		{ID: "2", Kind: offline.KindTask, Name: "My Tasks", Active: true, Query: "who mine\nstate open\n"},
		{ID: "3", Kind: offline.KindContact, Name: "My Contacts", Active: true, System: true, Query: "who mine\nstate open\n"},
		{ID: "4", Kind: offline.KindContact, Name: "Contacts of customers in Czechia, with all who were met at the fair in Brno", Active: false, Query: "address1-city contains Brno\nmodified last-days 90\n"},
		{ID: "5", Kind: offline.KindContact, Name: "Board members (担当者)", Active: true, Query: "groups"},
	}
	if err := tx.PutSetting(offline.SettingFilters, filters); err != nil {
		return err
	}
	for _, k := range []offline.Kind{offline.KindAppointment, offline.KindTask, offline.KindContact} {
		m := offline.Members{Kind: k, At: Now()}
		for i := range 12 {
			m.IDs = append(m.IDs, ref(k, 700+i).ID)
		}
		if err := tx.PutSetting(offline.SettingMembers(k), m); err != nil {
			return err
		}
	}
	return nil
}

// ManyItems adds n appointments to the sample's week, and m people.
func ManyItems(s *offline.Store, n, m int) error {
	add := func(total, from int, make func(i int) thing) error {
		for start := 0; start < total; start += 1000 {
			if err := s.Update(func(tx *offline.Tx) error {
				for i := start; i < min(total, start+1000); i++ {
					it := item(from+i, make(i))
					if err := tx.PutItem(&it); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := add(n, 10_000, func(i int) thing {
		h := 7 + float64(i/7%20)/2
		return thing{Work, offline.KindAppointment, offline.Untracked, "", "", "", offline.Fields{"subject": fmt.Sprintf("Appointment %d", i), "time": at(i%7, h, h+1), "show": "busy"}, nil}
	}); err != nil {
		return err
	}
	return add(m, 20_000, func(i int) thing {
		return thing{People, offline.KindContact, offline.Untracked, "", "", "", offline.Fields{"first": fmt.Sprintf("Person %d", i), "last": fmt.Sprintf("Name%05d", i), "company": "Company", "email1": fmt.Sprintf("p%d@example.org", i)}, nil}
	})
}
