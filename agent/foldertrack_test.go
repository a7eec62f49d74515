package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

var deal = offline.Ref{Kind: offline.KindOpportunity, ID: "deal"}

func newFolderWorld(t *testing.T, f track.Filter) *world {
	t.Helper()
	return newFolderWorldOf(t, f, "me", nil)
}

// newFolderWorldOf is the world of one of several users; crm is one that there
// is already.
func newFolderWorldOf(t *testing.T, f track.Filter, user string, crm *fakeCRM) *world {
	t.Helper()
	w := newWorld(t, f)
	if crm != nil {
		w.crm = crm
	}
	w.more = func(c *Config) { c.Poller, c.Marker, c.CRM = w.box, w.box, userCRM{w.crm, user} }
	w.restart()
	w.crm.put(offline.Record{Ref: deal, Name: "Deal in Ostrava", Parent: acme, Active: true})
	w.box.makeFolder("Projects")
	w.box.makeFolder("Projects/Old")
	w.sync()
	return w
}

// R-METHOD-11.
func TestWhatIsPutIntoATrackedFolderIsTracked(t *testing.T) {
	// R-FOLDER-04, R-FOLDER-05
	w := newFolderWorld(t, track.None)
	w.box.add("INBOX", w.mail("<move@x>", "From: stranger@else.example"))
	w.box.add("INBOX", w.mail("<copy@x>", "From: stranger@else.example"))
	w.box.add("Projects", w.mail("<lay@x>"))
	w.sync()
	w.track("Projects", offer, false)
	w.sync()
	if got := w.about("<lay@x>"); got != "untracked folder" {
		t.Errorf("what lay there is %s", got)
	}
	w.box.moveTo("INBOX", w.box.uidOf("INBOX", "<move@x>"), "Projects", false)
	w.box.copyTo("INBOX", w.box.uidOf("INBOX", "<copy@x>"), "Projects", false)
	w.box.add("Projects", w.mail("<rule@x>")) // by a rule of the server: it was never anywhere else
	w.sync()
	for _, id := range []string{"<move@x>", "<copy@x>", "<rule@x>"} {
		if got, want := w.about(id), "tracked folder "+offer.String(); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if by := w.message("<move@x>").Track.By; by != "Projects" {
		t.Errorf("tracked by %q", by)
	}
	if got := w.identities(); got != "<copy@x> <move@x> <rule@x>" {
		t.Errorf("emails %s", got)
	}
	w.sync()
	if r := w.sync(); r.Requests.CRMWrites != 0 || r.Requests.IMAP != 1 {
		t.Errorf("a sync with nothing to do made %+v", r.Requests)
	}
}

func TestOnlyTheFolderItselfIsTracked(t *testing.T) {
	// R-FOLDER-03
	w := newFolderWorld(t, track.None)
	w.track("Projects", offer, true)
	w.box.add("Projects/Old", w.mail("<below@x>"))
	w.box.add("Projects", w.mail("<in@x>"))
	w.sync()
	if got := w.identities(); got != "<in@x>" {
		t.Errorf("emails %s", got)
	}
	if w.folder("Projects/Old").Read {
		t.Error("a folder below a tracked one is read")
	}
}

func TestAFolderWithoutARecordGivesWhatTheConversationIsAbout(t *testing.T) {
	// R-FOLDER-04
	w := newFolderWorld(t, track.None)
	w.seed("<root@x>", "", offer)
	w.track("Projects", offline.Ref{}, false)
	w.sync()
	w.box.add("Projects", w.mail("<answer@x>", "In-Reply-To: <root@x>"))
	w.box.add("Projects", w.mail("<other@x>"))
	w.sync()
	if got, want := w.about("<answer@x>")+", "+w.about("<other@x>"), "tracked folder "+offer.String()+", tracked folder"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeveralFoldersMayBeAboutOneRecordAndAMovedMessageTakesTheNewOne(t *testing.T) {
	// R-FOLDER-04, R-FOLDER-12
	w := newFolderWorld(t, track.None)
	w.box.makeFolder("Deals")
	w.box.makeFolder("Plain")
	w.box.makeFolder("Same")
	w.relist()
	w.sync()
	w.track("Projects", offer, true)
	w.track("Same", offer, true)
	w.track("Deals", deal, true)
	w.track("Plain", offline.Ref{}, true)
	w.sync()
	w.box.add("Projects", w.mail("<1@x>"))
	w.sync()
	at := "Projects"
	for _, step := range []struct {
		to   string
		want offline.Ref
	}{{"Same", offer}, {"Deals", deal}, {"Plain", deal}, {"Projects", offer}} {
		w.box.moveTo(at, w.box.uidOf(at, "<1@x>"), step.to, true)
		at = step.to
		w.sync()
		if got, want := w.about("<1@x>"), "tracked folder "+step.want.String(); got != want {
			t.Errorf("in %s it is %s, want %s", step.to, got, want)
		}
		if r := w.crm.records[w.message("<1@x>").Track.Record]; r.Email.Regarding != step.want {
			t.Errorf("in %s the CRM has %v", step.to, r.Email.Regarding)
		}
	}
	if got := w.identities(); got != "<1@x>" {
		t.Errorf("emails %s", got)
	}
}

func TestAFolderThatIsNoLongerTrackedLeavesWhatItTracked(t *testing.T) {
	// R-FOLDER-06, R-UNTRACK-09
	w := newFolderWorld(t, track.None)
	id := w.track("Projects", offer, true)
	w.box.add("Projects", w.mail("<old@x>"))
	w.sync()
	if err := w.agent.ForgetFolder(id); err != nil {
		t.Fatal(err)
	}
	w.box.add("Projects", w.mail("<new@x>"))
	w.sync()
	if got, want := w.about("<old@x>"), "tracked folder "+offer.String(); got != want {
		t.Errorf("the old one is %s, want %s", got, want)
	}
	if got := w.identities(); got != "<old@x>" {
		t.Errorf("emails %s", got)
	}
	if w.folder("Projects").Read {
		t.Error("the folder is still read")
	}
}

func TestTakingTheRecordOffAFolderLeavesOldMessagesTheirs(t *testing.T) {
	// R-FOLDER-07
	w := newFolderWorld(t, track.None)
	id := w.track("Projects", offer, true)
	w.box.add("Projects", w.mail("<old@x>"))
	w.sync()
	if err := w.agent.ChangeFolder(offline.FolderRule{Folder: id}); err != nil {
		t.Fatal(err)
	}
	w.box.add("Projects", w.mail("<new@x>"))
	w.sync()
	if got, want := w.about("<old@x>")+", "+w.about("<new@x>"), "tracked folder "+offer.String()+", tracked folder"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnotherRecordOfAFolderIsGivenToOldMessagesToo(t *testing.T) {
	// R-FOLDER-08
	w := newFolderWorld(t, track.None)
	id := w.track("Projects", offer, true)
	for i := range 7 {
		w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.sync()
	if err := w.agent.ChangeFolder(offline.FolderRule{Folder: id, Regarding: deal}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	for ref, r := range w.crm.records {
		if ref.Kind == offline.KindEmail && r.Email.Regarding != deal {
			t.Errorf("%s is about %v", r.Email.Identity, r.Email.Regarding)
		}
	}
	if got, want := w.about("<3@x>"), "tracked folder "+deal.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARegardingChangedByHandIsUndoneWhileTheMessageStaysInALinkedFolder(t *testing.T) {
	// R-FOLDER-13
	for _, where := range []string{"here", "in the CRM"} {
		t.Run(where, func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			w.track("Projects", offer, true)
			w.box.add("Projects", w.mail("<1@x>"))
			w.sync()
			change := func() {
				if where == "here" {
					if _, err := w.agent.SetRegarding(w.key("<1@x>"), deal); err != nil {
						t.Fatal(err)
					}
					return
				}
				r := w.crm.records[w.message("<1@x>").Track.Record]
				e := *r.Email
				e.Regarding = deal
				r.Email = &e
				w.crm.put(r)
			}
			change()
			w.sync()
			w.sync()
			if r := w.crm.records[w.message("<1@x>").Track.Record]; r.Email.Regarding != offer {
				t.Errorf("in the linked folder the CRM has %v", r.Email.Regarding)
			}
			w.box.moveTo("Projects", w.box.uidOf("Projects", "<1@x>"), "INBOX", false)
			w.sync()
			change()
			w.sync()
			w.sync()
			if r := w.crm.records[w.message("<1@x>").Track.Record]; r.Email.Regarding != deal {
				t.Errorf("outside the CRM has %v", r.Email.Regarding)
			}
		})
	}
}

// R-REGARDING-07.
func TestWhoFilesAMessageFirstDecidesWhatItIsAbout(t *testing.T) {
	// R-FOLDER-14
	a := newFolderWorldOf(t, track.None, "a", nil)
	b := newFolderWorldOf(t, track.None, "b", a.crm)
	a.track("Projects", offer, true)
	b.track("Projects", deal, true)
	raw := a.mail("<both@x>")
	a.box.add("Projects", raw)
	b.box.add("Projects", raw)
	a.sync()
	writes := a.crm.writes
	for range 3 {
		b.sync()
		a.sync()
	}
	if a.crm.writes != writes {
		t.Errorf("they wrote %d times more", a.crm.writes-writes)
	}
	if got, want := b.about("<both@x>"), "tracked folder "+offer.String(); got != want {
		t.Errorf("for B it is %s, want %s", got, want)
	}
}

// R-LIMITS-02, R-OPTIONS-10.
func TestWhichFoldersCanBeTracked(t *testing.T) {
	// R-FOLDER-01, R-FOLDER-02
	w := newFolderWorld(t, track.None)
	w.box.makeFolder("Bin").role = offline.RoleTrash
	w.box.makeFolder("Bin/Deep")
	w.relist()
	w.sync()
	for _, name := range []string{"INBOX", "Sent", "Bin", "Bin/Deep"} {
		if err := w.agent.TrackFolder(offline.FolderRule{Folder: w.folder(name).ID}); err == nil {
			t.Errorf("%s can be tracked", name)
		}
	}
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: 999}); !errors.Is(err, offline.ErrNotFound) {
		t.Errorf("a folder that is not there: %v", err)
	}
	for i := range 26 {
		w.box.makeFolder(fmt.Sprintf("Many%02d", i))
	}
	w.relist()
	w.sync()
	for i := range 26 {
		err := w.agent.TrackFolder(offline.FolderRule{Folder: w.folder(fmt.Sprintf("Many%02d", i)).ID})
		if (err != nil) != (i >= 25) {
			t.Errorf("folder no. %d: %v", i+1, err)
		}
	}
	// One that is tracked already does not count twice.
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: w.folder("Many07").ID, Regarding: offer}); err != nil {
		t.Error(err)
	}
	w.agent.user.Options.NoFolders = true
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: w.folder("Many07").ID}); err == nil || !strings.Contains(err.Error(), "switched") {
		t.Errorf("switched off: %v", err)
	}
	w.agent.user.Options = offline.Options{MaxFolders: 30}
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: w.folder("Many25").ID}); err != nil {
		t.Error(err)
	}
}

func TestTheNeverTrackListStandsAgainstAFolderButNotAgainstAKeyword(t *testing.T) {
	w := newFolderWorld(t, track.All)
	if err := w.store.Update(func(tx *offline.Tx) error {
		return w.agent.changeRules(tx, func(r *offline.Rules) error {
			r.Never = []offline.Never{{Address: "spouse@home.example"}}
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	w.track("Projects", offer, true)
	w.sync()
	w.box.add("Projects", w.mail("<private@x>", "From: spouse@home.example"))
	w.box.add("Projects", w.mail("<asked@x>", "From: spouse@home.example"))
	w.sync()
	if m := w.message("<private@x>"); m.Track.State != offline.Untracked || m.Track.Reason == "" || w.identities() != "" {
		t.Errorf("it is %+v; emails %s", m.Track, w.identities())
	}
	w.box.flag("Projects", w.box.uidOf("Projects", "<asked@x>"), offline.KeywordTrack)
	w.sync()
	if got, want := w.about("<asked@x>"), "tracked keyword "+offer.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	f := w.folder("Sent").ID
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: f}); err == nil {
		t.Error("Sent can be tracked")
	}
}

func TestWhatWasUntrackedByHandIsTrackedAgainOnlyWhenItIsPutInAnew(t *testing.T) {
	w := newFolderWorld(t, track.None)
	id := w.track("Projects", offer, true)
	w.box.add("Projects", w.mail("<1@x>"))
	w.sync()
	if _, err := w.agent.Untrack(w.key("<1@x>"), false); err != nil {
		t.Fatal(err)
	}
	if err := w.agent.ChangeFolder(offline.FolderRule{Folder: id, Regarding: deal}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if s := w.message("<1@x>").Track.State; s != offline.Untracked {
		t.Errorf("while it stays it is %s", s)
	}
	n := w.box.moveTo("Projects", w.box.uidOf("Projects", "<1@x>"), "INBOX", false)
	w.sync()
	w.box.moveTo("INBOX", n, "Projects", false)
	w.sync()
	w.sync()
	if got, want := w.about("<1@x>"), "tracked folder "+deal.String(); got != want {
		t.Errorf("put in anew it is %s, want %s", got, want)
	}
}

func TestTheFilterDoesNotDecideWhatLiesInAFolderThatIsReadForItsRuleOnly(t *testing.T) {
	w := newFolderWorld(t, track.All)
	w.box.add("Projects", w.mail("<lay@x>"))
	w.track("Projects", offline.Ref{}, false)
	w.sync()
	w.sync()
	if got := w.identities(); got != "" {
		t.Errorf("emails %s", got)
	}
	w.box.moveTo("Projects", w.box.uidOf("Projects", "<lay@x>"), "INBOX", false)
	w.sync()
	w.sync()
	if got := w.identities(); got != "<lay@x>" {
		t.Errorf("moved to the inbox: emails %s", got)
	}
}

func TestAFolderRuleIsKeptAndGoesOnAfterARestartAndAnyCut(t *testing.T) {
	w := newFolderWorld(t, track.None)
	w.track("Projects", offer, false)
	w.sync()
	w.box.add("Projects", w.mail("<1@x>"))
	n := 0
	for cut := range 12 { // cut at each step in turn
		n = 0
		w.box.cut = func() error {
			if n++; n > cut {
				return errCut
			}
			return nil
		}
		w.crm.fail = func(string) error { return w.box.cut() }
		w.now = w.now.Add(time.Hour)
		_, _ = w.agent.SyncOnce(context.Background())
		w.restart()
	}
	w.box.cut = func() error { return nil }
	w.crm.fail = func(string) error { return nil }
	w.sync()
	if got, want := w.about("<1@x>"), "tracked folder "+offer.String(); got != want || w.identities() != "<1@x>" {
		t.Errorf("it is %s, want %s; emails %s", got, want, w.identities())
	}
}
