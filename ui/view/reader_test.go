package view

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postrider/offline"
	"postrider/ui/internal/sample"
)

// R-TRACK-17, R-REGARDING-02.
func TestAMessageIsShownWithItsStateAndPeople(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	p, text, side := r.desk.Reader.Preview, r.desk.Reader.Text, r.desk.Reader.Panel
	if p.Sentence != "Tracked · regarding Brno line · as a reply to tracked mail, 14:03" || p.When != "Today, 14:02" || p.Whom != "Ann Becker" {
		t.Errorf("got %+v", p)
	}
	if !strings.Contains(p.AllWhom, "From Jana Nováková <jana.novakova@moravia-tools.example>\nTo Ann Becker <") {
		t.Errorf("got %q", p.AllWhom)
	}
	if len(text.Parts) != 2 || text.Body.Pictures != 1 || !strings.Contains(text.Body.PlainText(), "19 November") {
		t.Errorf("got %+v", text)
	}
	if len(side.People) != 1 || side.People[0].Name != "Jana Nováková" || side.People[0].Title != "Head of Purchasing" || side.People[0].Parent != "Moravia Tools a.s." {
		t.Errorf("got %+v", side.People)
	}
	if side.About == nil || side.About.Name != "Brno line" {
		t.Errorf("got %+v", side.About)
	}
	var open []string
	for _, g := range side.Groups {
		for _, c := range g.Cards {
			open = append(open, c.Name)
		}
	}
	if want := []string{"Brno line", "Spare parts contract 2027", "Spindle noise on line 2"}; !slices.Equal(open, want) {
		t.Errorf("open records %v", open)
	}
	if len(side.Last) != 3 || side.Last[0].Symbol != "sent" {
		t.Errorf("last emails %+v", side.Last)
	}
}

func TestSeveralRecordsWithOneAddressAreAllShown(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	if n := len(r.desk.Reader.Panel.People); n != 2 {
		t.Errorf("%d records (R-EMAIL-14)", n)
	}
}

func TestAMissingTextIsFetchedAndAFailureCanBeRetried(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.agent.NoNet = true
	r.choose("(no subject)") // its body is not in the store
	r.until("it failed", func() bool { return r.desk.Reader.Text.State == BodyFailed })
	if n := r.desk.Reader.Text.Note; !strings.Contains(n, "unreachable") {
		t.Errorf("got %q", n)
	}
	r.agent.NoNet = false
	r.desk.Reader.Reload()
	r.until("it is there", func() bool { return r.desk.Reader.Text.State == BodyReady })
	if got := r.desk.Reader.Text.Body.PlainText(); got != "Fetched from the mailbox just now.\n" {
		t.Errorf("got %q", got)
	}
}

func TestAMessagePassedByQuicklyIsNotFetched(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	i, _ := r.row("(no subject)")
	r.desk.List.Click(i, false, false)
	r.choose("Delivery next week?")
	r.until("its text is there", func() bool { return r.desk.Reader.Text.State == BodyReady })
	if len(r.agent.Fetched) != 0 {
		t.Errorf("fetched %v", r.agent.Fetched)
	}
}

func TestTrackUndoAndOrder(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	keys := r.desk.List.Targets()
	d := r.desk.Deeds
	d.Track(keys, offline.Ref{}, "")
	r.until("it waits", func() bool { return r.desk.Reader.Preview.Sign == SignWaiting && d.Toast.Undo })
	if m := r.message(keys[0]); m.Track.State != offline.Waiting {
		t.Errorf("in the store: %+v", m.Track)
	}
	d.Undo()
	r.until("it is undone", func() bool { return strings.HasPrefix(d.Toast.Text, "Undone") })
	if m := r.message(keys[0]); m.Track.State != offline.Untracked {
		t.Errorf("in the store: %+v", m.Track)
	}
	if d.CanUndo() {
		t.Error("undone twice")
	}
	d.Track(keys, offline.Ref{}, "")
	d.SetRegarding(keys, sample.Brno(), "Brno line")
	d.Untrack(keys, true)
	r.until("all is done", func() bool { return strings.HasPrefix(d.Toast.Text, "Untracked") })
	want := []string{"track", "undo", "track", "regarding " + sample.Brno().String(), "untrack and delete"}
	if got := r.agent.Called(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAnActionThatFailsSaysSo(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.agent.Fail = errors.New("write store.db: no space left on device")
	r.desk.Deeds.Track(r.desk.List.Targets(), offline.Ref{}, "")
	r.until("it is said", func() bool { return r.desk.Deeds.Toast.Bad })
	if d := r.desk.Deeds; d.CanUndo() || !strings.Contains(d.Toast.Text, "no space left") {
		t.Errorf("got %+v", d.Toast)
	}
}

func TestTheStateBecomesTrackedWhenTheCRMHasIt(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	r.desk.Deeds.Track(r.desk.List.Targets(), offline.Ref{}, "")
	r.until("it waits", func() bool { return r.desk.Reader.Preview.Sign == SignWaiting })
	if err := r.agent.Deliver(); err != nil {
		t.Fatal(err)
	}
	r.until("it is tracked, in list and preview", func() bool {
		i := r.desk.List.Cursor()
		row, _ := r.desk.List.Row(i)
		return r.desk.Reader.Preview.Sign == SignTracked && row.Edge && r.desk.Counts.Waiting == 1 // one is not decided yet
	})
}

func TestTheChooserOffersLikelyAndRecentRecordsFirst(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.choose("Delivery next week?")
	keys := r.desk.List.Targets()
	r.desk.Chose(sample.Brno())
	r.until("the choice is remembered", func() bool {
		recent, err := r.agent.Recent(Regardable)
		return err == nil && len(recent) == 1
	})
	c := r.desk.NewChooser(keys, nil, func() {})
	defer c.Close()
	r.until("it offers", func() bool { return len(c.Choices) > 3 })
	var got []string
	for _, o := range c.Choices {
		got = append(got, o.Group+": "+o.Name)
	}
	want := []string{"Suggested: Warehouse scanners, second floor and the annex", "Suggested: Invoice 20261107 wrong VAT number", "Suggested: Nordwind Logistik GmbH & Co. KG", "Suggested: Otto Brandt", "Suggested: Brandt, Otto (alt)", "Recent: Brno line"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTheChooserSearchesHereAndInTheCRM(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.desk.NewChooser(r.desk.List.Targets(), nil, func() {})
	defer c.Close()
	c.Type("brno", nil)
	r.until("here is searched", func() bool { return len(c.Choices) == 1 && c.Choices[0].Name == "Brno line" })
	c.Type("novak", nil)
	r.until("accents don't matter", func() bool { return len(c.Choices) == 1 && c.Choices[0].Name == "Jana Nováková" })
	c.Type("far away", nil)
	r.until("the CRM is asked", func() bool { return len(c.Choices) == 1 && c.Choices[0].Group == "In the CRM" })
	c.Type("milling", nil)
	r.until("the CRM has answered", func() bool { return c.Query == "milling" && !c.Asking && len(c.Choices) == 0 })
}

// R-REGARDING-01.
func TestTheChooserOffersTheOrganizationsOwnTables(t *testing.T) {
	r := newRig(t, true)
	const kind offline.Kind = "new_project"
	r.agent.SetUser(func(u *offline.User) {
		u.Options.Tables = []offline.Table{{Kind: kind, Label: "Project", Plural: "Projects", Regarding: true}, {Kind: "new_site", Label: "Site", Plural: "Sites"}}
	})
	if err := r.store.Update(func(tx *offline.Tx) error {
		for _, k := range []offline.Kind{kind, "new_site"} {
			if err := tx.PutRecord(&offline.Record{Ref: offline.Ref{Kind: k, ID: "p1"}, Name: "Harbour crane", Active: true}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	r.ready()
	c := r.desk.NewChooser(r.desk.List.Targets(), nil, func() {})
	t.Cleanup(c.Close)
	c.Type("crane", nil)
	r.until("it is found", func() bool { return len(c.Choices) > 0 })
	if len(c.Choices) != 1 || c.Choices[0].Ref.Kind != kind || c.Choices[0].Kind != "Project" {
		t.Errorf("%+v", c.Choices)
	}
}

func TestTheChooserWorksOffline(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.agent.NoNet = true
	c := r.desk.NewChooser(r.desk.List.Targets(), nil, func() {})
	defer c.Close()
	c.Type("muster", nil)
	r.until("it says that only here was searched", func() bool { return c.Note != "" })
	if len(c.Choices) != choiceCap {
		t.Errorf("%d choices", len(c.Choices))
	}
}

func TestWhatWasSetAsideIsShownWithItsReason(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	if err := r.store.Update(func(tx *offline.Tx) error {
		f, err := tx.FolderByName("INBOX")
		if err != nil {
			return err
		}
		return tx.PutSetAside(&offline.SetAside{Folder: f.ID, UID: 7001, Reason: "the connection broke each time", At: sample.Now()})
	}); err != nil {
		t.Fatal(err)
	}
	r.desk.OpenJournal()
	r.until("it is shown", func() bool {
		a := r.desk.Asides
		return len(a) == 1 && a[0].What == "Message 7001 of Inbox" && a[0].Reason == "the connection broke each time"
	})
	r.desk.Deeds.RetryAsides(r.desk.Asides)
	r.until("it is read again", func() bool { return len(r.desk.Asides) == 0 && slices.Contains(r.agent.Called(), "retry set aside") })
}

func TestTheWindowRemembersItsWidths(t *testing.T) {
	r := newRig(t, true)
	r.desk.Memory.Set("list", 400)
	r.desk.Memory.Set("list", 410)
	r.desk.Close()
	again := NewDesk(Options{Store: r.store, Agent: r.agent, Post: func(func()) {}})
	defer again.Close()
	if w := again.Memory.Get("list", 320); w != 400 && w != 410 {
		t.Errorf("got %v", w)
	}
	if w := again.Memory.Get("panel", 300); w != 300 {
		t.Errorf("got %v", w)
	}
}

func TestTheJournalIsShownNewestFirstWhileOpen(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.OpenJournal()
	r.until("it is read", func() bool { return len(r.desk.Journal) == 4 })
	if r.desk.Journal[0].Text != "Signed in to the CRM as Ann Becker" {
		t.Errorf("got %+v", r.desk.Journal[0])
	}
	if err := r.store.Update(func(tx *offline.Tx) error { return tx.Log(offline.Activity{At: sample.Now(), Text: "New"}) }); err != nil {
		t.Fatal(err)
	}
	r.until("the new line is there", func() bool { return r.desk.Journal[0].Text == "New" })
}
