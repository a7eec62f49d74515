package demo

import (
	"fmt"
	"time"

	"postrider/app/demo/story"
)

const codeStockholm = 110 // the service's code of Stockholm's time zone

// addAgenda gives the organization appointments, a series and tasks. About a
// third of Ann's meetings and tasks are there, entered by hand by her or a
// colleague and tied to nothing: the first sync has something to recognise.
// The rest only the organization knows.
func (s *seeding) addAgenda() error {
	if err := s.org.Update("usersettings", s.users["ann"], map[string]any{"timezonecode": codeStockholm}); err != nil {
		return fmt.Errorf("time zone of Ann: %w", err)
	}
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		return err
	}
	a := agenda{story: s.story, day: midnight(s.now)}
	at := func(days, hour, minute int) time.Time {
		d := a.day.AddDate(0, 0, days)
		return time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 0, 0, zone).UTC()
	}
	if err := s.addMeetings(a, at); err != nil {
		return err
	}
	if err := s.addSeries(a, at); err != nil {
		return err
	}
	for i, t := range []struct {
		title string
		due   int
	}{
		{"Send the revised offer to Moravia", -6}, {"Order a spindle for Kitano", 2}, {"Ask Ilse for a service date in Vetlanda", 6},
		{"Update the price list", 14}, {"Answer Aoife about the delivery", 20},
		{"Qualify the leads of the autumn fair", 3}, {"Renew the frame contract with Kitano", 30}, {"Close the quarter's forecast", 9},
	} {
		row := map[string]any{"subject": t.title, "scheduledend": at(t.due, 16, 0), "ownerid@odata.bind": s.owner("ann")}
		if acc := s.refs["acc.moravia"]; i == 0 && acc != "" {
			row["regardingobjectid_account_task@odata.bind"] = acc
		}
		if err := s.create(fmt.Sprintf("org.task.%d", i), "task", "tasks", "activityid", row); err != nil {
			return err
		}
	}
	return nil
}

// addMeetings adds each third of the meetings in Ann's calendar, and as many of
// which her calendar knows nothing.
func (s *seeding) addMeetings(a agenda, at func(days, hour, minute int) time.Time) error {
	n := 0
	for i, p := range a.known() {
		if p.Kind != "contact" || i%4 == 3 || n == 28 {
			continue
		}
		about := topics[p.Lang]
		if about == nil {
			about = topics["en"]
		}
		day, hour := a.workday(-21+n*7/4), 9+n%7
		title := about[n%len(about)] + " – " + a.company(p)
		minute := 30 * (n % 2)
		switch n++; n % 3 {
		case 0:
			continue
		case 2: // the organization's own
			title, day, hour, minute = "Visit of "+p.Name, a.workday(day+3), 8, 0
		}
		if err := s.addMeeting("org.meeting."+p.Key, title, p, at(day, hour, 0), at(day, hour+1, minute)); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeding) addMeeting(key, title string, with *story.Person, from, to time.Time) error {
	parties := []any{map[string]any{"participationtypemask": 7, "partyid_systemuser@odata.bind": s.refs["ann"]}}
	guest := map[string]any{"participationtypemask": 5, "addressused": with.Addr}
	if ref := s.refs[with.Key]; ref != "" {
		guest["partyid_contact@odata.bind"] = ref
	}
	row := map[string]any{"subject": title, "scheduledstart": from, "scheduledend": to, "statecode": 3, "statuscode": 5,
		"ownerid@odata.bind": s.owner("ann"), "appointment_activity_parties": append(parties, guest)}
	return s.create(key, "appointment", "appointments", "activityid", row)
}

// addSeries adds the sales meeting that is in Ann's calendar too, and one of
// which it knows nothing.
func (s *seeding) addSeries(a agenda, at func(days, hour, minute int) time.Time) error {
	monday := -int(a.day.Weekday()+6)%7 - 28
	for _, r := range []struct {
		key, title       string
		hour, length     int
		mask, every, end int
	}{{"org.series.sales", "Sales meeting", 9, 45, 2, 1, 20}, {"org.series.pipeline", "Pipeline review", 15, 30, 2, 4, 6}} {
		row := map[string]any{"subject": r.title, "recurrencepatterntype": 1, "interval": r.every, "daysofweekmask": r.mask, "firstdayofweek": 1, "patternendtype": 2, "occurrences": r.end,
			"patternstartdate": at(monday, 0, 0), "starttime": at(monday, r.hour, 0), "endtime": at(monday, r.hour, r.length), "utcconversiontimezonecode": codeStockholm,
			"statecode": 3, "statuscode": 5, "ownerid@odata.bind": s.owner("ann"),
			"recurringappointmentmaster_activity_parties": []any{
				map[string]any{"participationtypemask": 7, "partyid_systemuser@odata.bind": s.refs["mikael"]},
				map[string]any{"participationtypemask": 5, "partyid_systemuser@odata.bind": s.refs["ann"]}}}
		if err := s.create(r.key, "recurringappointmentmaster", "recurringappointmentmasters", "activityid", row); err != nil {
			return err
		}
	}
	return nil
}
