package agent

import (
	"context"
	"fmt"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

func TestABackfillTracksWhatLiesInAFolderAndComesToAnEnd(t *testing.T) {
	// R-FOLDER-04
	w := newFolderWorld(t, track.None)
	w.box.batch = 100
	for i := range 450 {
		w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.track("Projects", offer, true)
	w.sync()
	if r := w.sync(); r.Counts.Tracked != 450 || r.Requests.CRMWrites != 0 {
		t.Errorf("%+v", r)
	}
	if bs := w.agent.Backfills(); len(bs) != 0 {
		t.Errorf("still under way: %+v", bs)
	}
}

func TestABackfillFromADayLeavesOlderMessages(t *testing.T) {
	w := newFolderWorld(t, track.None)
	for i := range 10 {
		w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	var dates []time.Time
	for uid := uint32(1); uid <= 10; uid++ {
		dates = append(dates, w.box.folder("Projects").msgs[uid].at)
	}
	w.set.Since = dates[8] // other folders are read from later on
	w.restart()
	id := w.folder("Projects").ID
	if err := w.agent.TrackFolder(offline.FolderRule{Folder: id, Since: dates[6]}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.identities(); got != "<6@x> <7@x> <8@x> <9@x>" {
		t.Errorf("emails %s", got)
	}
	// Further back later on: what was not read is read then.
	if err := w.agent.ChangeFolder(offline.FolderRule{Folder: id, Since: dates[3]}); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.identities(); got != "<3@x> <4@x> <5@x> <6@x> <7@x> <8@x> <9@x>" {
		t.Errorf("emails %s", got)
	}
}

func TestABackfillCanBePausedCancelledAndGoesOnAfterARestart(t *testing.T) {
	w := newFolderWorld(t, track.None)
	w.box.batch = 100
	for i := range 650 {
		w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	id := w.track("Projects", offer, true)
	if err := w.agent.PauseBackfill(id, true); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if bs := w.agent.Backfills(); len(bs) != 1 || !bs[0].Paused || bs[0].Done != 0 || bs[0].Reason == "" || bs[0].Name != "Projects" || w.identities() != "" {
		t.Fatalf("paused: %+v; emails %s", bs, w.identities())
	}
	if err := w.agent.PauseBackfill(id, false); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if more, err := w.agent.backfill(context.Background()); !more || err != nil {
			t.Fatalf("part %d: %v %v", i, more, err)
		}
	}
	w.restart()
	if bs := w.agent.Backfills(); len(bs) != 1 || bs[0].Done != 400 || bs[0].Total != 650 || bs[0].Tracked != 400 {
		t.Fatalf("after a restart: %+v", bs)
	}
	// Oldest first: what it has dealt with are the first ones.
	if a, b := w.message("<399@x>").Track.State, w.message("<400@x>").Track.State; a != offline.Waiting || b != offline.Untracked {
		t.Errorf("no. 399 is %s, no. 400 %s", a, b)
	}
	if more, err := w.agent.backfill(context.Background()); !more || err != nil {
		t.Fatal(more, err)
	}
	if err := w.agent.CancelBackfill(id); err != nil {
		t.Fatal(err)
	}
	r := w.sync()
	if bs := w.agent.Backfills(); len(bs) != 0 || r.Counts.Tracked != 600 || r.Counts.Skipped != 50 {
		t.Errorf("cancelled: %+v, counts %+v", bs, r.Counts)
	}
	w.box.add("Projects", w.mail("<new@x>"))
	if r = w.sync(); r.Counts.Tracked != 601 {
		t.Errorf("what comes later: counts %+v", r.Counts)
	}
}

func TestAForecastSaysWhatABackfillWouldDo(t *testing.T) {
	for _, read := range []bool{false, true} {
		t.Run(fmt.Sprintf("the folder is read: %v", read), func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			if read {
				w.set.Folders = []string{"INBOX", "Projects"}
				w.restart()
				w.relist()
			}
			for i := range 8 {
				w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
			}
			w.box.add("Projects", w.mail("<private@x>", "From: spouse@home.example"))
			w.box.copyTo("Projects", 1, "INBOX", true)
			w.box.copyTo("Projects", 2, "INBOX", true)
			w.sync()
			if _, err := w.agent.Track(w.key("<0@x>"), offline.Ref{}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.agent.Untrack(w.key("<1@x>"), false); err != nil {
				t.Fatal(err)
			}
			if err := w.store.Update(func(tx *offline.Tx) error {
				return w.agent.changeRules(tx, func(r *offline.Rules) error {
					r.Never = []offline.Never{{Domain: "home.example"}}
					return nil
				})
			}); err != nil {
				t.Fatal(err)
			}
			w.sync()
			id := w.folder("Projects").ID
			c, err := w.agent.FolderForecast(context.Background(), id)
			box := w.box.folder("Projects").msgs
			want := FolderForecast{Messages: 9, Tracked: 1, Kept: 2, Oldest: box[1].at.UTC(), Newest: box[9].at.UTC()}
			if err != nil || c != want {
				t.Errorf("%+v, want %+v, %v", c, want, err)
			}
			before := w.sync().Counts.Tracked
			w.track("Projects", offer, true)
			if after := w.sync().Counts.Tracked; after-before != c.Messages-c.Tracked-c.Kept {
				t.Errorf("it tracked %d, foretold were %d", after-before, c.Messages-c.Tracked-c.Kept)
			}
		})
	}
}

func TestAnAnswerInABackfillFindsWhatItAnswers(t *testing.T) {
	w := newFolderWorld(t, track.None)
	w.box.add("Projects", w.mail("<root@x>"))
	w.box.add("Projects", w.mail("<a1@x>", "In-Reply-To: <root@x>"))
	w.track("Projects", offline.Ref{}, true)
	w.sync()
	e := w.crm.emails[w.message("<a1@x>").Track.Record.ID]
	if e.Correlated != w.message("<root@x>").Track.Record {
		t.Errorf("it answers %v", e.Correlated)
	}
}
