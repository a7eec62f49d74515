package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"

	"pgregory.net/rapid"
)

// itemWorld is a world with a calendar and an address book.
func itemWorld(t *testing.T) (w *world, calendar, people *fakeDirectory) {
	t.Helper()
	w = newWorld(t, track.None)
	calendar, people = newFakeDirectory("calendar", offline.KindAppointment), newFakeDirectory("people", offline.KindContact)
	w.more = func(c *Config) {
		c.Accounts = []Account{{Name: "calendar", Kinds: []offline.Kind{offline.KindAppointment, offline.KindTask}, Directory: calendar}, {Name: "people", Kinds: []offline.Kind{offline.KindContact}, Directory: people}}
		c.ItemText, c.Zone = fakeText{}, time.UTC
	}
	w.restart()
	return w, calendar, people
}

// items describes the items here, a line each.
func (w *world) items() string {
	var lines []string
	if err := w.store.View(func(tx *offline.Tx) error {
		return tx.Items(func(it *offline.Item) bool {
			lines = append(lines, fmt.Sprintf("%s%s %s %v gone=%v %q", it.Collection, it.Href, it.UID, it.Fields, it.Gone, it.Problem))
			return true
		})
	}); err != nil {
		w.t.Fatalf("read the items: %v", err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// takeUndecided takes everything for decided and says what it was.
func (w *world) takeUndecided() (out []string) {
	w.t.Helper()
	if err := w.store.Update(func(tx *offline.Tx) error {
		keys, records, err := tx.Undecided()
		for _, key := range keys {
			it, err := tx.Item(key)
			if err != nil {
				return err
			}
			out = append(out, it.Href)
			if err := tx.Decided(key); err != nil {
				return err
			}
		}
		for _, r := range records {
			out = append(out, r.Ref.String())
			if err := tx.DecidedRecord(r.Ref); err != nil {
				return err
			}
		}
		return err
	}); err != nil {
		w.t.Fatalf("decide: %v", err)
	}
	slices.Sort(out)
	return out
}

func (w *world) hasProblem(k health.Kind, subject string) bool {
	return slices.ContainsFunc(w.agent.health.All(), func(p health.Problem) bool { return p.Code == k.Code && p.Subject == subject })
}

func TestWhatChangesInADirectoryIsReadOnceAndBecomesUndecided(t *testing.T) {
	w, calendar, people := itemWorld(t)
	for i := range 5 {
		calendar.put(fmt.Sprintf("/%d.ics", i), text(fmt.Sprint("uid", i), "subject: meeting"))
	}
	people.put("/jana.vcf", text("jana", "first: Jana", "mark: org contact:jana"))
	w.sync()
	if got := w.takeUndecided(); len(got) != 6 {
		t.Errorf("undecided: %v", got)
	}
	if err := w.store.View(func(tx *offline.Tx) error {
		it, err := tx.ItemsByRecord(jana)
		if err == nil && (len(it) != 1 || it[0].UID != "jana" || it[0].Mark.Org != "org") {
			t.Errorf("by its mark: %+v", it)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	before := calendar.requests + people.requests
	w.sync()
	if n := calendar.requests + people.requests - before; n != 2 {
		t.Errorf("nothing changed, and it took %d requests for two collections", n)
	}
	if got := w.takeUndecided(); len(got) != 0 {
		t.Errorf("undecided though nothing changed: %v", got)
	}

	calendar.put("/3.ics", text("uid3", "subject: moved"))
	calendar.remove("/4.ics")
	people.put("/jana.vcf", text("jana", "first: Jana", "mark: org contact:jana", "noise: the server says it in other words"))
	w.sync()
	if got := w.takeUndecided(); !slices.Equal(got, []string{"/3.ics", "/4.ics"}) {
		t.Errorf("undecided: %v; want what changed in meaning, and what is gone", got)
	}
	if got := w.items(); strings.Count(got, "gone=true") != 1 || !strings.Contains(got, "subject:moved") {
		t.Errorf("the items:\n%s", got)
	}
}

// Absence from a listing that did not come to its end is no sign of anything.
func TestAFullListingForgetsOnlyOnceItIsComplete(t *testing.T) {
	w, calendar, _ := itemWorld(t)
	for i := range 7 {
		calendar.put(fmt.Sprintf("/%d.ics", i), text(fmt.Sprint(i), "subject: meeting"))
	}
	w.sync()
	for i := range 7 {
		calendar.put(fmt.Sprintf("/%d.ics", i), text(fmt.Sprint(i), "subject: meeting, moved"))
	}
	calendar.remove("/6.ics")
	calendar.forgotten = calendar.version
	calendar.fail = func(op string) error {
		if op == "batch" {
			return errCut
		}
		return nil
	}
	w.now = w.now.Add(time.Minute)
	if _, err := w.agent.SyncOnce(context.Background()); err == nil {
		t.Fatal("the cut was not told")
	}
	if got := w.items(); strings.Contains(got, "gone=true") || strings.Count(got, "moved") == 0 {
		t.Errorf("after the cut:\n%s", got)
	}
	if !w.hasProblem(health.DirectoryUnreachable, "calendar") || w.hasProblem(health.DirectoryUnreachable, "people") {
		t.Errorf("problems: %+v", w.agent.health.All())
	}
	calendar.fail = func(string) error { return nil }
	w.restart()
	w.sync()
	if got := w.items(); strings.Count(got, "gone=true") != 1 || strings.Count(got, "moved") != 6 {
		t.Errorf("after the listing:\n%s", got)
	}
	if w.hasProblem(health.DirectoryUnreachable, "calendar") {
		t.Error("the problem stays")
	}
}

func TestACalendarThatIsGoneTakesNothingWithIt(t *testing.T) {
	w, calendar, _ := itemWorld(t)
	calendar.put("/1.ics", text("1", "subject: meeting"))
	w.sync()
	was := w.items()
	c := calendar.colls
	calendar.colls = nil
	w.now = w.now.Add(2 * time.Hour)
	w.sync()
	if got := w.items(); got != was {
		t.Errorf("the items are now\n%s\nwere\n%s", got, was)
	}
	if !w.hasProblem(health.CollectionMissing, c[0].URL) {
		t.Error("not told")
	}
	calendar.colls = c
	w.now = w.now.Add(2 * time.Hour)
	w.sync()
	if w.hasProblem(health.CollectionMissing, c[0].URL) {
		t.Error("it is told though it is back")
	}
}

func TestOneItemThatCanNotBeReadDoesNotStopTheRest(t *testing.T) {
	w, calendar, _ := itemWorld(t)
	for i := range 4 {
		calendar.put(fmt.Sprintf("/%d.ics", i), text(fmt.Sprint(i), "subject: meeting"))
	}
	calendar.broken["/2.ics"] = "the answer ends in its middle"
	w.sync()
	if got := w.items(); strings.Count(got, "meeting") != 3 || !strings.Contains(got, "ends in its middle") {
		t.Errorf("the items:\n%s", got)
	}
	var key uint64
	if err := w.store.View(func(tx *offline.Tx) error {
		it, err := tx.ItemAt(calendar.colls[0].URL, "/2.ics")
		key = it.Key
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !w.hasProblem(health.EntryUnread, entrySubject(key)) {
		t.Error("not told")
	}
	delete(calendar.broken, "/2.ics")
	calendar.put("/2.ics", text("2", "subject: meeting"))
	w.sync()
	if w.hasProblem(health.EntryUnread, entrySubject(key)) || strings.Count(w.items(), "meeting") != 4 {
		t.Errorf("once it can be read:\n%s", w.items())
	}
}

// R-METHOD-02, R-METHOD-10: where the CRM's server, or nobody, carries
// appointments, contacts and tasks, they are left alone, and that is said.
// R-APPT-21.
func TestItemsAreLeftAloneWhereTheCRMHasSomebodyElseCarryThem(t *testing.T) {
	for _, m := range []offline.Method{offline.MethodServer, offline.MethodNone} {
		t.Run(string(m), func(t *testing.T) {
			w, calendar, _ := itemWorld(t)
			w.crm.methods.ACT = m
			calendar.put("/1.ics", text("1", "subject: meeting"))
			w.sync()
			if calendar.requests != 0 || w.items() != "" {
				t.Errorf("%d requests; the items:\n%s", calendar.requests, w.items())
			}
			if !w.hasProblem(health.ItemsElsewhere, "methods") {
				t.Error("not said")
			}
			w.crm.methods.ACT = offline.MethodClient
			w.now = w.now.Add(time.Hour)
			w.sync()
			if w.items() == "" || w.hasProblem(health.ItemsElsewhere, "methods") {
				t.Errorf("once it is ours: %+v", w.agent.health.All())
			}
		})
	}
}

func TestACalendarThatIsLeftIsNotReadUntilItIsTakenUpAgain(t *testing.T) {
	w, calendar, _ := itemWorld(t)
	w.sync()
	if err := w.agent.LeaveCollection(calendar.colls[0].URL, true); err != nil {
		t.Fatal(err)
	}
	calendar.put("/1.ics", text("1", "subject: meeting"))
	w.now = w.now.Add(2 * time.Hour) // listed again meanwhile
	w.sync()
	if w.items() != "" {
		t.Errorf("read all the same:\n%s", w.items())
	}
	if err := w.agent.LeaveCollection(calendar.colls[0].URL, false); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if cs, err := w.agent.Collections(); w.items() == "" || err != nil || len(cs) != 2 || cs[0].Off {
		t.Errorf("not taken up: %+v, %v", cs, err)
	}
}

func TestRecordsOfItemsAreReadAndTheirEndIsNotedAtTheLink(t *testing.T) {
	w, calendar, _ := itemWorld(t)
	meeting := offline.Ref{Kind: offline.KindAppointment, ID: "meeting"}
	w.crm.put(offline.Record{Ref: meeting, Name: "meeting", Active: true, Item: &offline.RecordItem{Fields: offline.Fields{"subject": "meeting"}}})
	calendar.put("/1.ics", text("1", "subject: meeting"))
	w.sync()
	if got := w.takeUndecided(); !slices.Equal(got, []string{"/1.ics", meeting.String()}) {
		t.Errorf("undecided: %v", got)
	}
	if err := w.store.Update(func(tx *offline.Tx) error {
		it, err := tx.ItemAt(calendar.colls[0].URL, "/1.ics")
		if err != nil {
			return err
		}
		return tx.PutItemLink(&offline.ItemLink{Item: it.Key, Record: meeting})
	}); err != nil {
		t.Fatal(err)
	}
	w.crm.mu.Lock()
	w.crm.write(offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: meeting}})
	w.crm.mu.Unlock()
	w.sync()
	if got := w.takeUndecided(); !slices.Equal(got, []string{"/1.ics"}) {
		t.Errorf("undecided: %v", got)
	}
	if err := w.store.View(func(tx *offline.Tx) error {
		l, err := tx.ItemLinkByRecord(meeting)
		if err == nil && !l.Gone {
			t.Error("the link does not know that its record is gone")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Law: wherever reading is cut, the store ends with what the directory has, and
// with nothing marked as gone that is there.
func TestReadingThatIsCutAnywhereEndsInTheSameItems(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, calendar, _ := itemWorld(t)
		left := 0
		calendar.fail = func(string) error {
			if left > 0 && rapid.IntRange(0, 2).Draw(rt, "cut") == 0 {
				left--
				return errCut
			}
			return nil
		}
		want := map[string]string{}
		for step := range rapid.IntRange(1, 3).Draw(rt, "steps") {
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				href := fmt.Sprintf("/%d.ics", rapid.IntRange(0, 7).Draw(rt, "item"))
				if _, there := want[href]; there && rapid.IntRange(0, 2).Draw(rt, "goes") == 0 {
					delete(want, href)
					calendar.remove(href)
					continue
				}
				want[href] = fmt.Sprint(step, rapid.IntRange(0, 3).Draw(rt, "subject"))
				calendar.put(href, text(href, "subject: "+want[href]))
			}
			if rapid.IntRange(0, 3).Draw(rt, "token expires") == 0 {
				calendar.forgotten = calendar.version + 1
			}
			left = rapid.IntRange(0, 3).Draw(rt, "cuts")
			for left > 0 && rapid.IntRange(0, 4).Draw(rt, "goes on") > 0 {
				w.now = w.now.Add(time.Minute)
				_, _ = w.agent.SyncOnce(context.Background())
				if rapid.Bool().Draw(rt, "restart") {
					w.restart()
				}
			}
			left = 0
			w.sync()
		}
		got := map[string]string{}
		if err := w.store.View(func(tx *offline.Tx) error {
			return tx.Items(func(it *offline.Item) bool {
				if !it.Gone {
					got[it.Href] = it.Fields["subject"]
				}
				return true
			})
		}); err != nil {
			rt.Fatalf("%v", err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatalf("here   %v\nthere  %v", got, want)
		}
	})
}
