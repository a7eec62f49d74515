package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/health"
	"postrider/offline"
)

// A calendar server that is away keeps nobody's contacts back, is named as what is
// away, and nothing of what it may hold is made a second time meanwhile.
func TestACalendarThatIsAwayKeepsNoContactBack(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	meeting := meetingFields(1, tomorrow)
	r.putItem(offline.KindAppointment, "one", meeting)
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: {somebody(1).fields()}, offline.KindAppointment: {meeting}})
	file := filepath.Join(r.home, configFile)
	right, err := os.ReadFile(file)
	r.must(err)
	away := strings.Replace(string(right), "[calendar]\nurl = \""+r.dav.URL, "[calendar]\nurl = \"http://127.0.0.1:1/", 1)
	r.must(os.WriteFile(file, []byte(away), 0o600))
	r.with(func(ctx context.Context, a *agent.Agent) {
		for range 2 {
			if _, err := a.SyncOnce(ctx); err == nil {
				t.Error("nobody says that the calendar is away")
			}
		}
		if _, _, linked := r.item(a, somebody(1).first+" "+somebody(1).last); !linked {
			t.Error("the contact waits for the calendar")
		}
		for _, p := range a.Status().Problems {
			if p.Subject == "crm" || p.Subject == "mailbox" || p.Code == health.ItemsFirst.Code {
				t.Errorf("blamed: %+v", p)
			}
		}
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		all, err := a.FirstContacts()
		r.must(err)
		for _, f := range all {
			if f.Kind != offline.KindContact && (f.Confirmed || strings.Join(f.Unread, " ") != "[calendar]") {
				t.Errorf("%s begins without having been read: %+v", f.Kind, f)
			}
		}
	})
	r.must(os.WriteFile(file, right, 0o600))
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 2 || alone != 0 {
			t.Errorf("in the end %q are linked and %d are not", linked, alone)
		}
		r.quiet(ctx, a)
	})
}
