package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

func TestASecondSyncWritesNothing(t *testing.T) {
	w := newWorld(t, track.All)
	for _, id := range []string{"<1@x>", "<2@x>", "<3@x>", "<4@x>", "<5@x>"} {
		w.box.add("INBOX", w.mail(id))
	}
	w.box.add("Sent", w.mail("<6@x>", "From: ann@alder.example", "To: jana@acme.example", "In-Reply-To: <1@x>"))
	w.box.add("Other", w.mail("<7@x>"))
	r := w.sync()
	if r.Counts != (offline.Counts{Seen: 6, Tracked: 6}) {
		t.Errorf("counts %+v", r.Counts)
	}
	if got := w.identities(); got != "<1@x> <2@x> <3@x> <4@x> <5@x> <6@x>" {
		t.Errorf("emails %s", got)
	}
	r = w.sync()
	if r.Requests.CRMWrites != 0 || r.Requests.CRM > 2 || r.Requests.IMAP != 2 {
		t.Errorf("a sync with nothing to do made %+v", r.Requests)
	}
	w.restart()
	if r = w.sync(); r.Requests.CRMWrites != 0 || r.Requests.IMAP != 2 {
		t.Errorf("a sync after a restart with nothing to do made %+v", r.Requests)
	}
}

func TestAnAnswerInheritsTheRegarding(t *testing.T) {
	// R-TOKEN-02
	for name, headers := range map[string][]string{
		"by In-Reply-To": {"In-Reply-To: <root@x>"},
		"by References":  {"References: <root@x> <unknown@x>"},
		"by token":       {"Subject: Re: offer CRM:0001007"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, track.Replies)
			root := w.seed("<root@x>", "CRM:0001007", offer)
			w.box.add("INBOX", w.mail("<answer@x>", headers...))
			w.box.add("INBOX", w.mail("<stranger@x>"))
			w.sync()
			m := w.message("<answer@x>")
			if m.Track.State != offline.Tracked || m.Track.Regarding != offer {
				t.Errorf("got %+v", m.Track)
			}
			if e := w.crm.emails[m.Track.Record.ID]; e.Regarding != offer || e.Correlated != root {
				t.Errorf("wrote %+v", e)
			}
			if s := w.message("<stranger@x>").Track.State; s != offline.Untracked {
				t.Errorf("the stranger's is %s", s)
			}
		})
	}
}

func TestTrackingAMessageTracksTheAnswersThatAreThereAlready(t *testing.T) {
	// R-EMAIL-35
	w := newWorld(t, track.Replies)
	w.box.add("INBOX", w.mail("<root@x>"))
	w.box.add("INBOX", w.mail("<a1@x>", "In-Reply-To: <root@x>"))
	w.box.add("INBOX", w.mail("<a2@x>", "In-Reply-To: <a1@x>"))
	w.sync()
	if got := w.identities(); got != "" {
		t.Fatalf("tracked too early: %s", got)
	}
	if _, err := w.agent.Track(w.key("<root@x>"), offer); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.identities(); got != "<a1@x> <a2@x> <root@x>" {
		t.Errorf("emails %s", got)
	}
	if r := w.message("<a2@x>").Track.Regarding; r != offer {
		t.Errorf("the last answer is about %v", r)
	}
}

func TestWhatAColleagueTrackedIsLinkedNotMadeAgain(t *testing.T) {
	// R-EMAIL-30
	w := newWorld(t, track.All)
	seeded := w.seed("<shared@x>", "", offer)
	w.box.add("INBOX", w.mail("<shared@x>"))
	w.sync()
	m := w.message("<shared@x>")
	if m.Track.Record != seeded || m.Track.State != offline.Tracked || m.Track.Cause != offline.CauseColleague || m.Track.Regarding != offer {
		t.Errorf("got %+v", m.Track)
	}
	if _, n := w.crm.Requests(); n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestWhatAColleagueTracksLaterIsLinkedThen(t *testing.T) {
	w := newWorld(t, track.Replies)
	w.box.add("INBOX", w.mail("<shared@x>"))
	w.box.add("INBOX", w.mail("<answer@x>", "In-Reply-To: <shared@x>"))
	w.sync()
	seeded := w.seed("<shared@x>", "", offer)
	w.sync()
	if m := w.message("<shared@x>"); m.Track.Record != seeded || m.Track.Regarding != offer {
		t.Errorf("got %+v", m.Track)
	}
	if m := w.message("<answer@x>"); m.Track.State != offline.Tracked || m.Track.Regarding != offer {
		t.Errorf("the answer: %+v", m.Track)
	}
}

func TestTwoUsersWithOneMessageMakeOneRecord(t *testing.T) {
	a, b := newWorld(t, track.All), newWorld(t, track.All)
	b.crm = a.crm
	b.restart()
	raw := a.mail("<both@x>")
	a.box.add("INBOX", raw)
	b.box.add("INBOX", raw)
	// B decides before A has written, and writes after.
	failing := errors.New("slow")
	a.crm.fail = func(op string) error {
		if op == "push" {
			return &offline.Fault{Class: offline.FaultServer, Err: failing}
		}
		return nil
	}
	if _, err := b.agent.SyncOnce(context.Background()); err == nil {
		t.Fatal("the push should have failed")
	}
	a.crm.fail = func(string) error { return nil }
	a.sync()
	b.now = b.now.Add(time.Hour)
	b.sync()
	if got := a.identities(); got != "<both@x>" {
		t.Errorf("emails %s", got)
	}
	if a.message("<both@x>").Track.Record != b.message("<both@x>").Track.Record {
		t.Error("they are linked to different records")
	}
}

// R-EMAIL-29.
func TestAMovedOrRenumberedMessageIsTheSameOne(t *testing.T) {
	w := newWorld(t, track.All)
	w.set.Folders = []string{"INBOX", "Sent", "Other"}
	w.restart()
	for _, id := range []string{"<1@x>", "<2@x>", "<3@x>", "<4@x>"} {
		w.box.add("INBOX", w.mail(id))
	}
	w.sync()
	before := w.emails()
	w.restart()
	w.box.add("Other", w.box.remove("INBOX", 2))
	w.box.renumber("INBOX")
	w.box.flag("INBOX", 1001, `\Seen`)
	r := w.sync()
	if r.Requests.CRMWrites != 0 || w.emails() != before || r.Counts.Seen != 4 {
		t.Errorf("%d writes, %d seen; emails\n%s\nwere\n%s", r.Requests.CRMWrites, r.Counts.Seen, w.emails(), before)
	}
	m := w.message("<3@x>")
	if len(m.Places) != 1 || m.Places[0].UID != 1001 || len(m.Places[0].Flags) != 1 {
		t.Errorf("the third lies at %+v", m.Places)
	}
	if m := w.message("<2@x>"); len(m.Places) != 1 {
		t.Errorf("the moved one lies at %+v", m.Places)
	}
}

func TestADeletedMessageIsForgottenUnlessItIsTracked(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<keep@x>"))
	w.box.add("INBOX", w.mail("<drop@x>"))
	w.sync()
	if _, err := w.agent.Track(w.key("<keep@x>"), offline.Ref{}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	w.box.remove("INBOX", 1)
	w.box.remove("INBOX", 2)
	r := w.sync()
	if r.Counts != (offline.Counts{Seen: 1, Tracked: 1}) {
		t.Errorf("counts %+v", r.Counts)
	}
	if got := w.identities(); got != "<keep@x>" { // R-DELETE: the CRM's copy stays
		t.Errorf("emails %s", got)
	}
}

func TestDifferentMessagesWithOneMessageIDAreBothKept(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<same@x>", "Subject: first"))
	w.box.add("INBOX", w.mail("<same@x>", "Subject: second"))
	if r := w.sync(); r.Counts.Tracked != 2 {
		t.Errorf("counts %+v", r.Counts)
	}
}

func TestOneRefusedMessageDoesNotStopTheRest(t *testing.T) {
	w := newWorld(t, track.All)
	for _, id := range []string{"<1@x>", "<2@x>", "<3@x>"} {
		w.box.add("INBOX", w.mail(id))
	}
	w.agent.learnMe(context.Background())
	bad := w.agent.recordID(&offline.Message{Identity: "<2@x>"})
	w.crm.refuse[bad] = &offline.Fault{Class: offline.FaultRejected, Op: "create", Text: "a column is too long"}
	r := w.sync()
	if r.Counts != (offline.Counts{Seen: 3, Tracked: 2, Failed: 1}) {
		t.Errorf("counts %+v", r.Counts)
	}
	if len(r.Problems) != 1 || r.Problems[0].Code != health.ItemFailed.Code || !strings.Contains(r.Problems[0].Text, "too long") {
		t.Errorf("problems %+v", r.Problems)
	}
	w.restart()
	if ps := w.agent.Status().Problems; len(ps) != 1 {
		t.Errorf("after a restart the problem is forgotten: %v", ps)
	}
	delete(w.crm.refuse, bad)
	if err := w.agent.Retry(w.key("<2@x>")); err != nil {
		t.Fatal(err)
	}
	if r = w.sync(); r.Counts.Tracked != 3 || len(r.Problems) != 0 {
		t.Errorf("after Retry: %+v %v", r.Counts, r.Problems)
	}
}

func TestAServerThatFailsOnOneItemIsAskedAgainLater(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.agent.learnMe(context.Background())
	id := w.agent.recordID(&offline.Message{Identity: "<1@x>"})
	w.crm.refuse[id] = &offline.Fault{Class: offline.FaultServer, Op: "create", Text: "plug-in failed"}
	if r := w.sync(); r.Counts.Waiting != 1 {
		t.Errorf("counts %+v", r.Counts)
	}
	if m := w.message("<1@x>"); !strings.Contains(m.Track.Reason, "plug-in failed") {
		t.Errorf("the reason is %q", m.Track.Reason)
	}
	delete(w.crm.refuse, id)
	w.now = w.now.Add(time.Hour)
	if r := w.sync(); r.Counts.Tracked != 1 {
		t.Errorf("counts %+v", r.Counts)
	}
}

func TestWhatIsTrackedOfflineIsCarriedOverLater(t *testing.T) {
	// R-OFFLINE-08
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	down := &offline.Fault{Class: offline.FaultNetwork, Op: "connect", Text: "no route"}
	w.crm.fail = func(string) error { return down }
	w.box.cut = func() error { return down }
	if _, err := w.agent.Track(w.key("<1@x>"), offer); err != nil {
		t.Fatal(err)
	}
	if _, err := w.agent.SyncOnce(context.Background()); offline.ClassOf(err) != offline.FaultNetwork {
		t.Fatalf("sync: %v", err)
	}
	if s := w.agent.Status(); s.Phase != Offline || s.Counts.Waiting != 1 {
		t.Errorf("status %+v", s)
	}
	w.restart()
	w.crm.fail = func(string) error { return nil }
	w.box.cut = func() error { return nil }
	w.sync()
	if m := w.message("<1@x>"); m.Track.State != offline.Tracked || m.Track.Regarding != offer {
		t.Errorf("got %+v", m.Track)
	}
}

// R-TRACK-11.
func TestAnotherOrganizationIsRefused(t *testing.T) {
	w := newWorld(t, track.All)
	w.sync()
	w.restart()
	w.agent.user.Organization = "another"
	w.box.add("INBOX", w.mail("<1@x>"))
	r, err := w.agent.SyncOnce(context.Background())
	if err == nil || len(r.Problems) != 1 || r.Problems[0].Code != health.CRMOther.Code {
		t.Errorf("err %v, problems %v", err, r.Problems)
	}
	if w.identities() != "" {
		t.Error("wrote to another organization")
	}
}

func TestADeletedRecordUnlinksItsMessage(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	r := w.message("<1@x>").Track.Record
	w.crm.write(offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: r}})
	w.restart()
	w.sync()
	if m := w.message("<1@x>"); m.Track.State != offline.Untracked {
		t.Errorf("got %+v", m.Track)
	}
	w.sync()
	if w.identities() != "" {
		t.Error("it was made again although it was deleted in the CRM on purpose")
	}
}

// R-TRACK-01, R-REGARDING-03.
func TestARegardingChangedInTheCRMIsTakenOver(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	r := w.crm.records[w.message("<1@x>").Track.Record]
	r.Email = &offline.Email{Identity: "<1@x>", Closed: true, Regarding: acme}
	w.crm.put(r)
	w.sync()
	if m := w.message("<1@x>"); m.Track.Regarding != acme || m.Track.State != offline.Tracked {
		t.Errorf("got %+v", m.Track)
	}
}

func TestAConversationIsWrittenInItsOrder(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.box.add("INBOX", w.mail("<2@x>", "In-Reply-To: <1@x>"))
	w.box.add("INBOX", w.mail("<3@x>", "In-Reply-To: <2@x>"))
	w.sync()
	for id, parent := range map[string]string{"<2@x>": "<1@x>", "<3@x>": "<2@x>"} {
		if got, want := w.crm.emails[w.message(id).Track.Record.ID].Correlated, w.message(parent).Track.Record; got != want {
			t.Errorf("%s answers %v, want %v", id, got, want)
		}
	}
}

func TestManyAnswersThatWaitKeepNobodyElseFromGoing(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.batch = 1000
	w.box.add("INBOX", w.mail("<stuck@x>"))
	for i := range pushBatch + 50 {
		w.box.add("INBOX", w.mail(fmt.Sprintf("<answer%d@x>", i), "In-Reply-To: <stuck@x>"))
	}
	w.box.add("INBOX", w.mail("<other@x>"))
	w.agent.learnMe(context.Background())
	w.crm.refuse[w.agent.recordID(&offline.Message{Identity: "<stuck@x>"})] = &offline.Fault{Class: offline.FaultServer, Op: "create", Text: "plug-in failed"}
	if r := w.sync(); r.Counts.Tracked != 1 || w.message("<other@x>").Track.State != offline.Tracked {
		t.Errorf("counts %+v", r.Counts)
	}
}

func TestAMessageThatCannotBeFetchedSaysWhyAndStopsNobody(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.poison = map[uint32]bool{w.box.add("INBOX", w.mail("<bad@x>")): true}
	w.box.add("INBOX", w.mail("<good@x>"))
	if r := w.sync(); r.Counts != (offline.Counts{Seen: 2, Tracked: 1, Failed: 1}) {
		t.Errorf("counts %+v", r.Counts)
	}
	if m := w.message("<bad@x>"); !strings.Contains(m.Track.Reason, errPoison.Error()) {
		t.Errorf("the reason is %q", m.Track.Reason)
	}
	w.box.poison = nil
	if err := w.agent.Retry(w.key("<bad@x>")); err != nil {
		t.Fatal(err)
	}
	if r := w.sync(); r.Counts.Tracked != 2 {
		t.Errorf("after Retry: %+v", r.Counts)
	}
}
