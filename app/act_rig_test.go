package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/itemtext"
	"postrider/offline"
)

// actRig is a rig whose user has calendars, task lists and an address book.
type actRig struct {
	*rig
	dav davtest.Fixture
}

func newActRig(t testing.TB, dav davtest.Fixture) *actRig {
	t.Helper()
	r := &actRig{newRig(t, "none"), dav}
	// The organization leaves appointments, contacts and tasks to this client.
	for _, box := range r.org.Rows("mailbox", nil) {
		r.must(r.org.Update("mailbox", fmt.Sprint(box["mailboxid"]), map[string]any{"actdeliverymethod": 0}))
	}
	r.must(r.org.Update("usersettings", r.user, map[string]any{"timezonecode": 110}))
	r.configure("none")
	return r
}

func (r *actRig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// configure adds where the calendars and people are.
func (r *actRig) configure(filter string) {
	r.rig.configure(filter, fmt.Sprintf("[calendar]\nurl = %q\nuser = %q\npassword_command = \"echo %s\"\n[people]\nurl = %q\nuser = %q\npassword_command = \"echo %s\"",
		r.dav.URL, r.dav.User, r.dav.Password, r.dav.URL, r.dav.User, r.dav.Password))
}

// without has the configuration lack a section; the result brings it back.
func (r *actRig) without(section string) (back func()) {
	r.t.Helper()
	file := filepath.Join(r.home, configFile)
	all, err := os.ReadFile(file)
	r.must(err)
	before, rest, ok := strings.Cut(string(all), "["+section+"]\n")
	if !ok {
		r.t.Fatalf("there is no [%s] in %s", section, all)
	}
	if _, after, ok := strings.Cut(rest, "\n["); ok {
		before += "[" + after
	}
	r.must(os.WriteFile(file, []byte(before), 0o600))
	return func() { r.must(os.WriteFile(file, all, 0o600)) }
}

// another is a second Postrider of the same user, with a home of its own.
func (r *actRig) another() *actRig {
	other := *r.rig
	o := &actRig{&other, r.dav}
	o.home = r.t.TempDir()
	o.configure("none")
	return o
}

// with opens the profile, does something with its agent, and closes it.
func (r *actRig) with(do func(context.Context, *agent.Agent)) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	p, err := openProfile(ctx, r.home)
	r.must(err)
	do(ctx, p.Agent)
	r.must(p.Close())
}

// zones in which things are.
var zones = []string{"Europe/Stockholm", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Africa/Johannesburg", "Asia/Dubai"}

// person, meeting and job are things that may be on either side.
type person struct{ first, last, email, phone string }

func somebody(i int) person {
	return person{fmt.Sprintf("First%d", i), fmt.Sprintf("Lästname%d", i), fmt.Sprintf("person%d@people.example", i), fmt.Sprintf("+46 36 %06d", i)}
}

func (p person) fields() offline.Fields {
	return offline.Fields{"first": p.first, "last": p.last, "email1": p.email, "phone-business": p.phone}
}

func meetingFields(i int, day time.Time) offline.Fields {
	zone, _ := time.LoadLocation(zones[i%len(zones)])
	d := day.AddDate(0, 0, i%60)
	at := time.Date(d.Year(), d.Month(), d.Day(), 8+i%9, 0, 0, 0, zone)
	return offline.Fields{"subject": fmt.Sprintf("Meeting %d", i), "time": at.UTC().Format(time.RFC3339) + "/" + at.Add(time.Hour).UTC().Format(time.RFC3339), "show": "busy", "location": fmt.Sprintf("Room %d", i%7)}
}

// seriesFields is a weekly or monthly meeting; every other one has exceptions.
func seriesFields(i int, day time.Time) offline.Fields {
	f := meetingFields(i, day)
	name := zones[i%len(zones)]
	zone, _ := time.LoadLocation(name)
	from, _ := time.Parse(time.RFC3339, strings.Split(f["time"], "/")[0])
	start := from.In(zone)
	f["subject"], f["zone"] = fmt.Sprintf("Series %d", i), name
	f["recurrence"] = "FREQ=WEEKLY;COUNT=8;BYDAY=" + strings.ToUpper(start.Weekday().String()[:2])
	if i%2 == 0 {
		moved := start.AddDate(0, 0, 15)
		f["recurrence"] += "\n-" + start.AddDate(0, 0, 7).Format("20060102T150405") + "\n=" + start.AddDate(0, 0, 14).Format("20060102T150405") +
			fmt.Sprintf(` {"subject":"Series %d, moved","time":"%s/%s"}`, i, moved.UTC().Format(time.RFC3339), moved.Add(time.Hour).UTC().Format(time.RFC3339))
	}
	return f
}

func jobFields(i int, day time.Time) offline.Fields {
	return offline.Fields{"subject": fmt.Sprintf("Job %d", i), "due": day.AddDate(0, 0, i%40).Format(time.DateOnly), "body": "as agreed"}
}

// putItem writes an item as another program of the user does.
func (r *actRig) putItem(kind offline.Kind, uid string, f offline.Fields) {
	r.t.Helper()
	dir, ext, ctype := "/jana/calendar/", ".ics", "text/calendar"
	switch kind {
	case offline.KindContact:
		dir, ext, ctype = "/jana/people/", ".vcf", "text/vcard"
	case offline.KindTask:
		dir = "/jana/tasks/"
	}
	raw, err := itemtext.Text{}.Edit(kind, nil, uid, f, offline.Mark{}, time.UTC)
	r.must(err)
	if status, answer := r.dav.Do(r.t, "PUT", dir+uid+ext, ctype, string(raw)); status/100 != 2 {
		r.t.Fatalf("PUT %s: %d %s", uid, status, answer)
	}
}

// write changes what an item says, as another program of the user does at a time.
func (r *actRig) write(it offline.Item, f offline.Fields, at time.Time) {
	r.t.Helper()
	text := itemtext.Text{Now: func() time.Time { return at }}
	raw, err := text.Edit(it.Kind, it.Raw, it.UID, f, it.Mark, time.UTC)
	r.must(err)
	r.writeRaw(it, raw)
}

func (r *actRig) writeRaw(it offline.Item, raw []byte) {
	r.t.Helper()
	ctype := "text/calendar"
	if it.Kind == offline.KindContact {
		ctype = "text/vcard"
	}
	if status, answer := r.dav.Do(r.t, "PUT", it.Href, ctype, string(raw)); status/100 != 2 {
		r.t.Fatalf("PUT %s: %d %s", it.Href, status, answer)
	}
}

// problems are the codes of what a Postrider complains of.
func problems(a *agent.Agent) (codes []string) {
	for _, p := range a.Status().Problems {
		codes = append(codes, string(p.Code))
	}
	return codes
}

// pairs describes what the store holds as linked, one line each.
func pairs(t testing.TB, a *agent.Agent) (linked []string, alone int) {
	t.Helper()
	err := a.Store.View(func(tx *offline.Tx) error {
		return tx.Items(func(it *offline.Item) bool {
			if l, err := tx.ItemLink(it.Key); err == nil {
				linked = append(linked, fmt.Sprintf("%s %s %s", it.Kind, offline.ItemName(it.Kind, it.Now()), l.Record.Kind))
				return true
			}
			alone++
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(linked)
	return linked, alone
}
