package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

func (w *world) completed(text string) string {
	var out []string
	for _, e := range w.agent.Book().Complete(text, 10) {
		out = append(out, e.Addr)
	}
	return strings.Join(out, " ")
}

func (w *world) setting(name string, v any) {
	w.t.Helper()
	if err := w.store.Update(func(tx *offline.Tx) error { return tx.PutSetting(name, v) }); err != nil {
		w.t.Fatalf("put setting %s: %v", name, err)
	}
}

func TestTheAddressBookFollowsThePullAndWhatTheUserSends(t *testing.T) {
	w := newWorld(t, track.None)
	w.crm.options = func(o *offline.Options) {
		o.Tables = []offline.Table{{Kind: "new_project", Label: "Project", Plural: "Projects", Regarding: true, Addresses: true}}
	}
	w.setting(offline.SettingRules, offline.Rules{Book: offline.BookScope{Others: offline.BookAll, Kinds: []offline.Kind{offline.KindTeam, "new_project"}}})
	team := offline.Ref{Kind: offline.KindTeam, ID: "sales"}
	w.crm.put(offline.Record{Ref: team, Name: "Sales", Addrs: []string{"sales@alder.example"}, Active: true})
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: "new_project", ID: "hall"}, Name: "Hall", Addrs: []string{"hall@alder.example"}, Active: true})
	w.sync()
	if got := w.completed("alder"); got != "sales@alder.example hall@alder.example" {
		t.Errorf("after the first sync: %q", got)
	}
	if got := w.completed("jana"); got != "jana@acme.example" {
		t.Errorf("after the first sync: %q", got)
	}
	w.crm.put(offline.Record{Ref: team, Name: "Sales of Brno", Addrs: []string{"brno@alder.example"}, Active: true})
	w.sync()
	if got := w.completed("sales"); got != "brno@alder.example" {
		t.Errorf("after a change: %q", got)
	}
	w.box.add("Sent", w.mail("<s1@x>", "From: ann@alder.example", "To: Hall <hall@alder.example>, Al <al@new.example>"))
	w.sync()
	w.agent.noteWritten(nil)
	if got := w.completed("al"); got != "al@new.example hall@alder.example brno@alder.example" {
		t.Errorf("after writing to somebody: %q", got)
	}
	w.restart()
	w.agent.fillBook(false)
	if got := w.completed("al"); got != "al@new.example hall@alder.example brno@alder.example" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestTheAddressBookIsRefreshedAtTheStartAndOnceADay(t *testing.T) {
	// R-ADDRESSBOOK-02: a day, and never more often than hourly.
	w := newWorld(t, track.None)
	w.crm.noDelta = map[offline.Kind]bool{offline.KindContact: true}
	extra := func(n int) offline.Ref { return offline.Ref{Kind: offline.KindContact, ID: fmt.Sprint("c", n)} }
	for n := range 20 {
		w.crm.put(offline.Record{Ref: extra(n), Name: "Contact", Addrs: []string{fmt.Sprintf("c%d@acme.example", n)}, Active: true})
	}
	delete1 := func(n int) {
		w.crm.mu.Lock()
		delete(w.crm.records, extra(n))
		w.crm.version++
		w.crm.changed[extra(n)] = w.crm.version
		w.crm.mu.Unlock()
	}
	check := func(what string, listed, entries int) {
		t.Helper()
		w.sync()
		if got := len(w.agent.Book().Complete("contact", 50)); w.crm.listed != listed || got != entries {
			t.Errorf("%s: %d listings and %d entries, want %d and %d", what, w.crm.listed, got, listed, entries)
		}
	}
	check("at the start", 1, 20)
	delete1(0)
	w.now = w.now.Add(23 * time.Hour)
	check("within the day", 1, 20)
	w.now = w.now.Add(time.Hour)
	check("after a day", 2, 19)
	delete1(1)
	w.restart()
	check("started again at once", 2, 19)
	w.now = w.now.Add(2 * time.Hour)
	w.restart()
	check("started again later", 3, 18)
	for n := 2; n < 15; n++ {
		delete1(n)
	}
	w.now = w.now.Add(25 * time.Hour)
	check("when many seem to be gone", 4, 18)
	if got := w.agent.Status().Problems; len(got) == 0 || got[0].Code != "many-gone" {
		t.Errorf("nobody was told: %v", got)
	}
}

func TestARunningAgentKeepsTheBookInStepWithWhatTheUserChooses(t *testing.T) {
	w := newWorld(t, track.None)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.agent.Run(ctx) }()
	if _, failed, err := w.agent.Sync(ctx); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	w.setting(offline.SettingRules, offline.Rules{Book: offline.BookScope{Contacts: offline.BookNone, Others: offline.BookAll}})
	for w.completed("jana") != "" {
		if ctx.Err() != nil {
			break
		}
	}
	if got := w.completed("info"); got != "info@acme.example" {
		t.Errorf("%q", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
