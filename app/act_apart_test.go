package app

import (
	"context"
	"fmt"
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

// R-TRACK-02: what is tracked by hand before the first contact is confirmed goes up,
// or is linked with what is the same in the CRM; nothing else begins by that, and
// what may be one of several waits.
func TestAnItemTrackedBeforeTheFirstContactIsNotDoubled(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	alone, same, other, twice, theirs := somebody(1).fields(), somebody(2).fields(), somebody(3).fields(), somebody(4).fields(), somebody(5).fields()
	for uid, f := range map[string]offline.Fields{"alone": alone, "same": same, "other": other, "twice": twice} {
		r.putItem(offline.KindContact, uid, f)
	}
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindContact: {same, other, twice, twice, theirs}})
	before := len(r.org.Rows("contact", nil))
	r.with(func(ctx context.Context, a *agent.Agent) {
		state := func() string {
			linked, alone := pairs(t, a)
			return fmt.Sprintf("%q linked, %d alone, %d records more", linked, alone, len(r.org.Rows("contact", nil))-before)
		}
		r.syncs(ctx, a)
		if got := state(); got != "[] linked, 4 alone, 0 records more" {
			t.Fatalf("before anybody says a word: %s", got)
		}
		for _, n := range []string{"First1 Lästname1", "First2 Lästname2", "First4 Lästname4"} {
			it, _, _ := r.item(a, n)
			r.must(a.TrackItems([]uint64{it.Key}, offline.Ref{}))
		}
		r.syncs(ctx, a)
		if got, want := state(), `["contact First1 Lästname1 contact" "contact First2 Lästname2 contact"] linked, 2 alone, 1 records more`; got != want {
			t.Errorf("three were tracked: %s", got)
		}
		if it, _, _ := r.item(a, "First4 Lästname4"); it.Track.State != offline.Waiting {
			t.Errorf("what may be either of two is %+v", it.Track)
		}
		all, err := a.FirstContacts()
		r.must(err)
		for _, f := range all {
			if f.Kind == offline.KindContact && (f.Confirmed || len(f.Links) != 1 || len(f.Ambiguous) != 1 || len(f.Down) != 1) {
				t.Errorf("the first contact comes to %+v", f)
			}
		}
		r.quiet(ctx, a)
		r.must(a.ConfirmFirstContact(offline.ItemKinds[:], nil))
		r.syncs(ctx, a)
		if got, want := state(), `["contact First1 Lästname1 contact" "contact First2 Lästname2 contact" "contact First3 Lästname3 contact" "contact First5 Lästname5 contact"] linked, 1 alone, 1 records more`; got != want {
			t.Errorf("in the end: %s", got)
		}
		r.quiet(ctx, a)
	})
}
