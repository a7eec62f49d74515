package dataverse_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"postrider/agent/dataverse"
	"postrider/offline"
)

// openItems is a fixture whose user lives in Stockholm.
func openItems(t *testing.T, change ...func(*dataverse.Config)) (*dataverse.Client, *local) {
	t.Helper()
	f, l := openLocalWith(t, change)
	if err := l.org.Update("usersettings", l.me, map[string]any{"timezonecode": 110}); err != nil {
		t.Fatal(err)
	}
	crm := f.CRM.(*dataverse.Client)
	if _, err := crm.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	return crm, l
}

func (l *local) make(table string, row map[string]any) string {
	l.t.Helper()
	id, err := l.org.Create(table, row)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

// pulled brings what changed and keeps the cursors.
func pulled(t *testing.T, crm *dataverse.Client, cursors map[offline.Kind]offline.CRMCursor) map[offline.Ref]offline.Record {
	t.Helper()
	var all []offline.CRMCursor
	for _, k := range itemKinds {
		c := cursors[k]
		c.Kind = k
		all = append(all, c)
	}
	out := map[offline.Ref]offline.Record{}
	err := crm.Pull(t.Context(), all, func(d offline.RecordDelta) error {
		for _, r := range d.Changed {
			out[r.Ref] = r
		}
		cursors[d.Kind] = d.Cursor
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantFields(t *testing.T, what string, got offline.Fields, lines string) {
	t.Helper()
	want := offline.Fields{}
	for l := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		w, v, _ := strings.Cut(strings.TrimSpace(l), "=")
		want[w] = strings.ReplaceAll(v, `\n`, "\n")
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// soon is a Monday in the weeks to come, at nine o'clock in Stockholm.
func soon(t *testing.T) time.Time {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := time.Now().In(zone).AddDate(0, 0, 7)
	d = d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	return time.Date(d.Year(), d.Month(), d.Day(), 9, 0, 0, 0, zone)
}

// R-APPT-02, R-RECUR-02, R-TASK-02, R-CONTACT-01, R-SYNC-01: what is in the CRM comes in the
// words of items, with people, days of the user's zone, and series whole.
func TestAppointmentsSeriesTasksAndContactsAreRead(t *testing.T) {
	crm, l := openItems(t)
	acc := l.create(offline.Record{Ref: offline.Ref{Kind: offline.KindAccount}, Name: "Acme"})
	ann := l.create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: "Ann Berg", Addrs: []string{"ann@acme.example"}, Parent: acc})
	if err := l.org.Update("contact", ann.ID, map[string]any{"telephone1": "+46 36 1", "address1_line1": "Street 1", "address1_line2": "Yard", "birthdate": "1980-02-03", "description": "one\r\ntwo "}); err != nil {
		t.Fatal(err)
	}
	start := soon(t)
	utc := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	meeting := l.make("appointment", map[string]any{"subject": "Offer", "scheduledstart": start, "scheduledend": start.Add(time.Hour), "location": "Teams", "prioritycode": 2, "statecode": 3, "statuscode": 6, "globalobjectid": "uid-1",
		"regardingobjectid_account_appointment@odata.bind": l.bind(acc),
		"appointment_activity_parties": []any{map[string]any{"participationtypemask": 7, "partyid_systemuser@odata.bind": "/systemusers(" + l.me + ")", "addressused": "me@firm.example"},
			map[string]any{"participationtypemask": 5, "partyid_contact@odata.bind": l.bind(ann), "addressused": "Ann@acme.example"}, map[string]any{"participationtypemask": 6, "addressused": "new@x.example"}}})
	days := l.make("appointment", map[string]any{"subject": "Fair", "scheduledstart": start.Add(-9 * time.Hour), "scheduledend": start.Add(39 * time.Hour), "isalldayevent": true})
	task := l.make("task", map[string]any{"subject": "Call", "scheduledend": start.Add(-9 * time.Hour), "percentcomplete": 50, "statuscode": 3, "description": "soon"})
	weekly := l.make("recurringappointmentmaster", map[string]any{"subject": "Standup", "recurrencepatterntype": 1, "interval": 1, "daysofweekmask": 2, "patternendtype": 2, "occurrences": 5, "firstdayofweek": 1,
		"patternstartdate": start, "starttime": start, "endtime": start.Add(15 * time.Minute), "utcconversiontimezonecode": 110, "statecode": 3, "statuscode": 5})
	cursors := map[offline.Kind]offline.CRMCursor{}
	got := pulled(t, crm, cursors)
	at := func(k offline.Kind, id string) *offline.RecordItem {
		t.Helper()
		r, ok := got[offline.Ref{Kind: k, ID: id}]
		if !ok || r.Item == nil {
			t.Fatalf("%s %s did not come", k, id)
		}
		return r.Item
	}
	m := at(offline.KindAppointment, meeting)
	wantFields(t, "the meeting", m.Fields, "subject=Offer\nlocation=Teams\nimportance=high\nshow=oof\ntime="+utc(start)+"/"+utc(start.Add(time.Hour))+"\nregarding="+acc.String()+"\nrequired=ann@acme.example Ann Berg\noptional=new@x.example")
	if m.GlobalID != "uid-1" || m.Organizer.ID != l.me || m.State != offline.RecordOpen {
		t.Errorf("the meeting: %+v", m)
	}
	wantFields(t, "whole days", at(offline.KindAppointment, days).Fields, "subject=Fair\nshow=free\ntime="+start.Format(time.DateOnly)+"/"+start.AddDate(0, 0, 2).Format(time.DateOnly))
	wantFields(t, "the task", at(offline.KindTask, task).Fields, "subject=Call\nbody=soon\npercent=50\nstatus=in-progress\ndue="+start.Format(time.DateOnly))
	series := "subject=Standup\nshow=busy\nzone=Europe/Berlin\ntime=" + utc(start) + "/" + utc(start.Add(15*time.Minute)) + "\nrecurrence=FREQ=WEEKLY;COUNT=5;BYDAY=MO"
	wantFields(t, "the series", at(offline.KindSeries, weekly).Fields, series)
	for r := range got {
		if r.Kind == offline.KindAppointment && r.ID != meeting && r.ID != days {
			t.Errorf("an occurrence came by itself: %v", r)
		}
	}
	if r := got[ann]; r.Item != nil {
		t.Errorf("a contact's fields came for mail: %v", r.Item)
	}

	// An occurrence is moved, another one deleted: the series comes anew.
	all := l.org.Rows("appointment", func(r map[string]any) bool { return r["seriesid"] == weekly })
	for _, r := range all {
		id := r["activityid"].(string)
		switch begins := r["scheduledstart"].(time.Time); {
		case begins.Equal(start.AddDate(0, 0, 7)):
			if err := l.org.Update("appointment", id, map[string]any{"scheduledstart": start.AddDate(0, 0, 8), "scheduledend": start.AddDate(0, 0, 8).Add(15 * time.Minute), "subject": "Moved"}); err != nil {
				t.Fatal(err)
			}
		case begins.Equal(start.AddDate(0, 0, 14)):
			if err := l.org.Delete("appointment", id); err != nil {
				t.Fatal(err)
			}
		}
	}
	got = pulled(t, crm, cursors)
	moved := start.AddDate(0, 0, 8)
	wantFields(t, "the changed series", at(offline.KindSeries, weekly).Fields, series+`\n=`+start.AddDate(0, 0, 7).Format("20060102T150405")+
		` {"subject":"Moved","time":"`+utc(moved)+`/`+utc(moved.Add(15*time.Minute))+`"}\n-`+start.AddDate(0, 0, 14).Format("20060102T150405"))
	if len(pulled(t, crm, cursors)) > 0 {
		t.Error("what did not change came again")
	}
}
