package agent

import (
	"fmt"
	"strings"
	"testing"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

func TestAFolderIsFollowedThroughRenames(t *testing.T) {
	// R-FOLDER-09, R-FOLDER-10
	for _, c := range []struct {
		name     string
		objectID string
		to       string
		filled   bool
	}{
		{"by its object id", "F1", "Work", false},
		{"by its contents", "", "Work", true},
		{"by its numbers while it is empty", "", "Work", false},
		{"into another folder", "", "Elsewhere/Deep", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			w.box.folder("Projects").objectID = c.objectID
			w.relist()
			w.sync()
			id := w.track("Projects", offer, true)
			if c.filled {
				w.box.add("Projects", w.mail("<before@x>"))
			}
			w.sync()
			w.box.rename("Projects", c.to)
			w.box.makeFolder("Unrelated")
			w.box.add("Unrelated", w.mail("<unrelated@x>"))
			w.box.add(c.to, w.mail("<after@x>"))
			w.sync()
			if f := w.folder(c.to); f.ID != id || !f.Read {
				t.Errorf("the folder is %+v, was %d", f, id)
			}
			if got, want := w.about("<after@x>"), "tracked folder "+offer.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if strings.Contains(w.identities(), "unrelated") {
				t.Errorf("emails %s", w.identities())
			}
		})
	}
}

func TestANewFolderWithTheNameOfATrackedOneGetsNothing(t *testing.T) {
	// R-FOLDER-09
	for _, c := range []struct {
		name         string
		objectID     string
		seenMissing  bool // the folders were listed in between
		renamedFirst bool // the tracked one has another name now
	}{
		{"by its object id", "F1", false, false},
		{"at once", "", false, false},
		{"later", "", true, false},
		{"while the tracked one was renamed", "", false, true},
		{"while the tracked one, with an object id, was renamed", "F1", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			w.box.folder("Projects").objectID = c.objectID
			w.relist()
			w.sync()
			w.track("Projects", offer, true)
			w.box.add("Projects", w.mail("<old@x>"))
			w.sync()
			if c.renamedFirst {
				w.box.rename("Projects", "Renamed")
			} else {
				w.box.dropFolder("Projects")
			}
			if c.seenMissing {
				w.sync()
			}
			f := w.box.makeFolder("Projects")
			if c.objectID != "" {
				f.objectID = "F2"
			}
			w.box.add("Projects", w.mail("<new@x>"))
			w.relist()
			w.sync()
			w.relist()
			w.sync()
			w.box.add("Projects", w.mail("<newer@x>"))
			if c.renamedFirst {
				w.box.add("Renamed", w.mail("<followed@x>"))
			}
			w.sync()
			want := "<old@x>"
			if c.renamedFirst {
				want = "<followed@x> <old@x>"
			}
			if got := w.identities(); got != want {
				t.Errorf("emails %s, want %s", got, want)
			}
			said := strings.Contains(fmt.Sprint(w.agent.Health().All()), string(health.FolderRuleOff.Code))
			if said == c.renamedFirst {
				t.Errorf("that the folder is gone was said: %v", said)
			}
		})
	}
}

func TestWhatADeletedFolderTrackedStaysInTheCRM(t *testing.T) {
	// R-FOLDER-11, R-DELETE-19
	for _, how := range []string{"deleted", "moved to the trash"} {
		t.Run(how, func(t *testing.T) {
			w := newFolderWorld(t, track.None)
			w.box.makeFolder("Trash").role = offline.RoleTrash
			w.relist()
			w.sync()
			id := w.track("Projects", offer, true)
			w.box.add("Projects", w.mail("<1@x>"))
			w.sync()
			if how == "deleted" {
				w.box.dropFolder("Projects")
			} else {
				w.box.rename("Projects", "Trash/Projects")
			}
			w.sync()
			w.sync()
			if got, want := w.about("<1@x>"), "tracked folder "+offer.String(); got != want || w.identities() != "<1@x>" {
				t.Errorf("it is %s, want %s; emails %s", got, want, w.identities())
			}
			if !strings.Contains(fmt.Sprint(w.agent.Health().All()), string(health.FolderRuleOff.Code)) {
				t.Error("nobody said that the folder is gone")
			}
			if how == "deleted" {
				return
			}
			w.box.add("Trash/Projects", w.mail("<2@x>"))
			w.box.rename("Trash/Projects", "Projects") // taken out again
			w.relist()
			w.sync()
			if f := w.folder("Projects"); f.ID != id || !f.Read || w.identities() != "<1@x> <2@x>" {
				t.Errorf("taken out of the trash it is %+v; emails %s", f, w.identities())
			}
		})
	}
}

func TestAFolderThatIsNumberedAnewStaysTrackedAndItsMessagesWereNotPutIn(t *testing.T) {
	w := newFolderWorld(t, track.None)
	for i := range 5 {
		w.box.add("Projects", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.track("Projects", offer, false)
	w.sync()
	w.box.renumber("Projects")
	w.box.add("Projects", w.mail("<new@x>"))
	w.sync()
	w.box.add("Projects", w.mail("<newer@x>"))
	w.sync()
	if got := w.identities(); got != "<new@x> <newer@x>" {
		t.Errorf("emails %s", got)
	}
}
