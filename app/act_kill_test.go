package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/agent/itemtext"
	"postrider/offline"
)

// fillBoth makes a world in which some go up by their category, some come down, and some
// are the same.
func (r *actRig) fillBoth(day time.Time) {
	r.t.Helper()
	asked := func(f offline.Fields) offline.Fields {
		f[offline.WordCategories] = "Track in CRM\nWork"
		return f
	}
	org := map[offline.Kind][]offline.Fields{}
	for i := range 30 {
		r.putItem(offline.KindContact, fmt.Sprint("contact-", i), asked(somebody(i).fields()))
		org[offline.KindContact] = append(org[offline.KindContact], somebody(i+20).fields())
	}
	for i := range 20 {
		r.putItem(offline.KindAppointment, fmt.Sprint("meeting-", i), asked(meetingFields(i, day)))
		org[offline.KindAppointment] = append(org[offline.KindAppointment], meetingFields(i+10, day))
		r.putItem(offline.KindTask, fmt.Sprint("job-", i), asked(jobFields(i, day)))
		org[offline.KindTask] = append(org[offline.KindTask], jobFields(i+10, day))
	}
	for i := range 6 {
		r.putItem(offline.KindAppointment, fmt.Sprint("series-", i), asked(seriesFields(i, day)))
		org[offline.KindSeries] = append(org[offline.KindSeries], seriesFields(i+3, day))
	}
	r.fillOrg(org)
}

// both describes both sides, one line for each thing, without what differs from one
// run to the next.
func (r *actRig) both() (lines []string) {
	r.t.Helper()
	c, err := dav.New(dav.Config{URL: r.dav.URL, User: r.dav.User, Secret: func(context.Context) (string, error) { return r.dav.Password, nil }})
	r.must(err)
	defer c.Close()
	colls, err := c.Collections(r.t.Context())
	r.must(err)
	for _, coll := range colls {
		r.must(c.Pull(r.t.Context(), coll, nil, func(d offline.ItemDelta) error {
			for _, it := range d.Changed {
				info := itemtext.Text{}.Read(it.Kind, it.Raw, time.UTC)
				lines = append(lines, fmt.Sprint("item ", it.Kind, " marked ", !info.Mark.Record.IsZero(), " ", info.Fields))
			}
			return nil
		}))
	}
	for table, columns := range map[string]string{
		"contact": "firstname lastname emailaddress1 telephone1", "task": "subject scheduledend description statuscode",
		"appointment": "subject scheduledstart scheduledend location statuscode instancetypecode", "recurringappointmentmaster": "subject recurrencepatterntype daysofweekmask occurrences starttime",
	} {
		for _, row := range r.org.Rows(table, nil) {
			line := "record " + table
			for c := range strings.FieldsSeq(columns) {
				line += fmt.Sprint(" ", row[c])
			}
			lines = append(lines, line)
		}
	}
	sort.Strings(lines)
	return lines
}

// kill -9 at random instants of the first contact and sync, then to the end: exactly
// the result of the uninterrupted run, on both sides.
func TestKilledAtAnyInstantCalendarsAndPeopleEndAsIfItHadNotBeen(t *testing.T) {
	t.Parallel() // it waits more than it works
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	calm := newActRig(t, davtest.StartRadicale(t))
	calm.fillBoth(day)
	start := time.Now()
	calm.end()
	whole := time.Since(start)
	want := calm.both()
	if len(want) < 200 || strings.Contains(want[0], "marked false") {
		t.Fatalf("the calm run did nothing: %d lines, %s", len(want), want[0])
	}

	r := newActRig(t, davtest.StartRadicale(t))
	r.fillBoth(day)
	chance := rand.New(rand.NewPCG(3, 5))
	for range 12 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(chance.Int64N(int64(whole))))
		r.command(ctx, "sync", "--once", "--yes", "--json").Run() // exec kills with SIGKILL
		cancel()
	}
	r.end()
	diff(t, r.both(), want)
	if _, errOut, code := r.run("doctor"); code != 0 {
		t.Errorf("the doctor finds: %s", errOut)
	}
}

// end syncs to the end, and finds nothing left to do then.
func (r *actRig) end() {
	r.t.Helper()
	for range 3 {
		if _, errOut, code := r.run("sync", "--once", "--yes"); code != 0 {
			r.t.Fatalf("sync ended with %d: %s", code, errOut)
		}
	}
	if s := r.sync(); s.Requests.DAVWrites+s.Requests.CRMWrites != 0 || s.Items["contact"].Waiting+s.Items["contact"].Failed != 0 {
		r.t.Errorf("not at its end: %+v", s)
	}
}
