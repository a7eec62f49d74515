package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// fillOrg makes things in the organization as its own clients do: owned by the
// user, tied to nothing.
func (r *actRig) fillOrg(all map[offline.Kind][]offline.Fields) {
	r.t.Helper()
	crm, err := dataverse.New(dataverse.Config{URL: r.url, Token: func(context.Context, string) (string, error) { return r.token, nil }})
	r.must(err)
	defer crm.Close()
	_, err = crm.Me(r.t.Context())
	r.must(err)
	var writes []offline.Write
	for kind, list := range all {
		for _, f := range list {
			ref := offline.Ref{Kind: kind, ID: uuid.NewString()}
			writes = append(writes, offline.Write{Change: offline.Change{Op: offline.OpCreateItem, Record: ref}, Item: &offline.OutgoingItem{Ref: ref, Fields: f}})
		}
	}
	out, err := crm.Push(r.t.Context(), writes)
	r.must(err)
	for _, o := range out {
		r.must(o.Err)
	}
}

// Two full sides meet, in the long run (make test-long) 500 contacts, 500
// appointments (100 of them series, half of these with exceptions, in ten time
// zones) and 200 tasks of the user's, and 500, 300 and 200 of the organization's, a
// third of the people and tasks and a fifth of the appointments the same. What is the same is linked, what is the CRM's comes down, and a second sync writes nothing.
func TestAFullMailboxMeetsAFullCRM(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	org := map[offline.Kind][]offline.Fields{}
	n := size{contacts: 100, meetings: 80, series: 20, jobs: 40}
	if long() {
		n = size{contacts: 500, meetings: 400, series: 100, jobs: 200}
	}
	for i := range n.contacts {
		r.putItem(offline.KindContact, fmt.Sprint("contact-", i), somebody(i).fields())
		org[offline.KindContact] = append(org[offline.KindContact], somebody(i+n.contacts*2/3).fields())
	}
	for i := range n.meetings {
		r.putItem(offline.KindAppointment, fmt.Sprint("meeting-", i), meetingFields(i, day))
		if i < n.meetings*3/5 {
			org[offline.KindAppointment] = append(org[offline.KindAppointment], meetingFields(i+n.meetings*4/5, day))
		}
	}
	for i := range n.series {
		r.putItem(offline.KindAppointment, fmt.Sprint("series-", i), seriesFields(i, day))
		if i < n.series*3/5 {
			org[offline.KindSeries] = append(org[offline.KindSeries], seriesFields(i+n.series*4/5, day))
		}
	}
	for i := range n.jobs {
		r.putItem(offline.KindTask, fmt.Sprint("job-", i), jobFields(i, day))
		org[offline.KindTask] = append(org[offline.KindTask], jobFields(i+n.jobs*2/3, day))
	}
	r.fillOrg(org)
	r.with(func(ctx context.Context, a *agent.Agent) {
		_, err := a.SyncOnce(ctx)
		r.must(err)
		if linked, _ := pairs(t, a); len(linked) > 0 {
			t.Fatalf("linked before the user said so: %v", linked)
		}
		first, err := a.FirstContacts()
		r.must(err)
		same := map[offline.Kind]int{offline.KindContact: n.contacts - n.contacts*2/3, offline.KindAppointment: n.meetings - n.meetings*4/5 + n.series - n.series*4/5, offline.KindTask: n.jobs - n.jobs*2/3}
		for _, f := range first {
			if len(f.Links) != same[f.Kind] || len(f.Ambiguous) != 0 || len(f.Up) != 0 {
				t.Errorf("%s: %d are recognised, %d ambiguous, %d would go up; want %d, 0, 0", f.Kind, len(f.Links), len(f.Ambiguous), len(f.Up), same[f.Kind])
			}
		}
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		_, err = a.SyncOnce(ctx)
		r.must(err)
		linked, alone := pairs(t, a)
		records := len(org[offline.KindContact]) + len(org[offline.KindAppointment]) + len(org[offline.KindSeries]) + len(org[offline.KindTask])
		items := n.contacts + n.meetings + n.series + n.jobs
		total := same[offline.KindContact] + same[offline.KindAppointment] + same[offline.KindTask]
		if len(linked) != records || alone != items-total {
			t.Errorf("%d are linked and %d alone; want %d and %d", len(linked), alone, records, items-total)
		}
		r.quiet(ctx, a)
	})
	// A second Postrider of the user knows every pair at once, and makes nothing.
	r.another().with(func(ctx context.Context, a *agent.Agent) {
		before := r.org.Stats()
		_, err := a.SyncOnce(ctx)
		r.must(err)
		linked, _ := pairs(t, a)
		if len(linked) != len(org[offline.KindContact])+len(org[offline.KindAppointment])+len(org[offline.KindSeries])+len(org[offline.KindTask]) {
			t.Errorf("a second Postrider knows %d pairs", len(linked))
		}
		if after := r.org.Stats(); after.WriteOperations != before.WriteOperations {
			t.Errorf("it wrote %d times to the CRM", after.WriteOperations-before.WriteOperations)
		}
		r.quiet(ctx, a)
	})
}

// long: the tests run long, by make test-long.
func long() bool { return os.Getenv("POSTRIDER_TEST_LONG") != "" }

type size struct{ contacts, meetings, series, jobs int }

// quiet fails where another sync writes anything on either side.
func (r *actRig) quiet(ctx context.Context, a *agent.Agent) {
	r.t.Helper()
	var lines []string
	before, davBefore := r.org.Stats(), writesOf(a)
	for range 2 {
		_, err := a.SyncOnce(ctx)
		r.must(err)
	}
	if after := r.org.Stats(); after.WriteOperations != before.WriteOperations {
		for _, q := range r.org.Requests() {
			lines = append(lines, fmt.Sprintf("%+v", q))
		}
		r.t.Errorf("nothing had changed, and the CRM was written to %d times: %.2000s", after.WriteOperations-before.WriteOperations, strings.Join(lines[max(0, len(lines)-5):], "\n"))
	}
	if after := writesOf(a); after != davBefore {
		r.t.Errorf("nothing had changed, and calendars or address books were written to %d times", after-davBefore)
	}
}

func writesOf(a *agent.Agent) (n int64) {
	for _, acct := range a.Accounts {
		_, w := acct.Directory.Requests()
		n += w
	}
	return n
}
