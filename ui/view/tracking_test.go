package view

import (
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
	"postrider/ui/internal/sample"
)

// tracking opens the page on the sample.
func tracking(t *testing.T) (*rig, *Tracking) {
	t.Helper()
	r := newRig(t, true)
	r.ready()
	r.desk.OpenTracking()
	p := r.desk.Tracking
	r.until("the page is there", func() bool { return p.Ready && !p.Preview.Asking && p.Preview.Text != "" })
	return r, p
}

func chosen(p *Tracking) (name string) {
	for _, l := range p.Filters {
		if l.On {
			name += l.Name
		}
	}
	return name
}

// R-EMAIL-03 to R-EMAIL-07: all filters can be chosen; nothing changes before the
// user has seen what the choice would have tracked and said so.
func TestAFilterIsTriedBeforeItIsPutInForce(t *testing.T) {
	r, p := tracking(t)
	was := r.agent.Filter()
	if len(p.Filters) != 5 || p.Changed {
		t.Fatalf("filters %+v, changed %v", p.Filters, p.Changed)
	}
	p.Choose(track.All)
	r.until("it is tried", func() bool { return !p.Preview.Asking && len(p.Preview.Rows) > 0 })
	if !p.Changed || chosen(p) != "All mail" || r.agent.Filter() != was || p.Apply != "Track all mail from now on" {
		t.Errorf("changed %v, chosen %q, in force %s, the button says %q", p.Changed, chosen(p), r.agent.Filter(), p.Apply)
	}
	if !strings.HasPrefix(p.Preview.Text, "Of the ") || len(p.Preview.Causes) == 0 {
		t.Errorf("the preview says %q, %+v", p.Preview.Text, p.Preview.Causes)
	}
	p.PutInForce()
	r.until("it is in force", func() bool { return r.agent.Filter() == track.All && !p.Changed })
	r.undo()
	r.until("the old one is in force", func() bool { return r.agent.Filter() == was && chosen(p) != "All mail" })
}

func TestWhatWasTriedAndNotPutInForceIsForgotten(t *testing.T) {
	r, p := tracking(t)
	p.Choose(track.None)
	p.ChooseSent(true)
	p.ChooseSince(sample.Now().AddDate(0, -1, 0))
	if !p.Changed {
		t.Fatal("nothing was chosen")
	}
	p.Forget()
	if p.Changed || p.Sent || !p.Since.IsZero() {
		t.Errorf("changed %v, sent %v, since %v", p.Changed, p.Sent, p.Since)
	}
	p.ChooseSent(true)
	r.desk.CloseTracking()
	r.desk.OpenTracking()
	r.until("it is as it was", func() bool { return !p.Sent })
}

func TestWhatTheConfigurationSaysCannotBeChosen(t *testing.T) {
	r := newRig(t, true)
	r.agent.Fixed = true
	r.ready()
	r.desk.OpenTracking()
	p := r.desk.Tracking
	r.until("the page is there", func() bool { return p.Ready })
	p.Choose(track.All)
	p.ChooseSent(true)
	if !p.FilterFixed || !p.SentFixed || p.Changed || p.Sent {
		t.Errorf("%+v", p)
	}
}

func TestADateIsReadAsItIsEntered(t *testing.T) {
	now := sample.Now()
	for in, want := range map[string]string{"": "0001-01-01", " 2026-03-01 ": "2026-03-01", "1.3.2026": "", "2026-13-01": ""} {
		at, err := ParseDay(in, now)
		if (err != nil) != (want == "") || err == nil && at.Format(time.DateOnly) != want {
			t.Errorf("%q: %v, %v", in, at, err)
		}
		if err != nil && !strings.Contains(err.Error(), "year-month-day") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestAnEntryOfTheNeverTrackListIsReadAsItIsEntered(t *testing.T) {
	for in, want := range map[string]offline.Never{
		"news@Example.com": {Address: "news@example.com"}, "<a@b.example>": {Address: "a@b.example"}, "example.com": {Domain: "example.com"}, "@example.com": {Domain: "example.com"}, " Example.COM. ": {Domain: "example.com"},
		"": {}, "Ann <a@b.example>": {}, "a@b@c": {}, "localhost": {}, "a@": {},
	} {
		got, err := ParseNever(in)
		if got != want || (err == nil) != (want != offline.Never{}) {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

func TestTheNeverTrackListIsKeptAndUndone(t *testing.T) {
	r, p := tracking(t)
	if err := r.desk.AddNever("else.example"); err != nil {
		t.Fatal(err)
	}
	r.until("it is on the list", func() bool { return len(p.Never) == 1 && p.Never[0].Text == "else.example" })
	if err := r.desk.AddNever("@else.example"); err == nil {
		t.Error("it is there twice")
	}
	if err := r.desk.AddNever("no address"); err == nil {
		t.Error("nonsense is taken")
	}
	r.desk.RemoveNever(p.Never[0])
	r.until("it is off the list", func() bool { return len(p.Never) == 0 })
	r.undo()
	r.until("it is on the list again", func() bool { return len(p.Never) == 1 })
}

// R-OPTIONS-10, R-FOLDER-01, R-FOLDER-02.
func TestTrackedFoldersAreShownAndChosen(t *testing.T) {
	r, p := tracking(t)
	if p.Folders.Off != "" || p.Folders.Limit != "0 of at most 25 folders" {
		t.Errorf("%+v", p.Folders)
	}
	var can FolderChoice
	for _, c := range p.FolderChoices("", false) {
		if c.Name == "Inbox" && !c.Off {
			t.Error("the inbox can be tracked as a folder")
		}
		if !c.Off && can.ID == 0 {
			can = c
		}
	}
	if can.ID == 0 {
		t.Fatal("no folder can be tracked")
	}
	shown := 0
	plan := r.desk.NewFolderPlan(can, func() { shown++ })
	r.until("it was looked into", func() bool { return shown > 0 && !plan.Asking })
	if plan.Failed != "" || plan.Text == "" {
		t.Errorf("%+v", plan)
	}
	plan.About = &Card{Ref: sample.Brno(), Name: "Brno line"}
	r.desk.TrackFolder(plan)
	r.until("it is tracked", func() bool { return len(p.Folders.Lines) == 1 })
	if l := p.Folders.Lines[0]; l.Name != can.Name || l.About != "Brno line" || l.Rule.Since.IsZero() {
		t.Errorf("%+v", l)
	}
	for _, c := range p.FolderChoices(can.Name, false) {
		if c.ID == can.ID && !c.Off {
			t.Error("it can be tracked twice")
		}
	}
	r.desk.FolderAbout(p.Folders.Lines[0], nil)
	r.until("it is about nothing", func() bool { return len(p.Folders.Lines) == 1 && p.Folders.Lines[0].About == "" })
	r.desk.ForgetFolder(p.Folders.Lines[0])
	r.until("it is no longer tracked", func() bool { return len(p.Folders.Lines) == 0 })
	r.agent.SetUser(func(u *offline.User) { u.Options.NoFolders = true })
	r.until("it is said that the organization does not want it", func() bool { return strings.Contains(p.Folders.Off, "switched tracking by folder off") })
}

func TestOnlyWhatTheUserMayMakeIsMadeOfStrangers(t *testing.T) { // R-OPTIONS-11
	r, p := tracking(t)
	r.agent.SetUser(func(u *offline.User) { u.Options.Creates = []offline.Kind{offline.KindLead} })
	r.until("it is said", func() bool { return p.Unknown[1].Off != "" && p.Unknown[2].Off == "" })
	p.SetUnknown(offline.KindLead)
	r.until("leads are made", func() bool { return r.agent.AutoCreate() == offline.KindLead && p.Unknown[2].On })
}

func TestTheAddressBooksScopeIsChosen(t *testing.T) { // R-ADDRESSBOOK-03 to R-ADDRESSBOOK-05
	r, p := tracking(t)
	r.desk.SetBookReach(false, offline.BookNone)
	r.until("no others are offered", func() bool { return p.Addresses.NoKinds && r.agent.Rules().Book.Others == offline.BookNone })
	r.desk.SetBookReach(false, offline.BookAll)
	r.desk.SetBookKind(offline.KindLead, false)
	r.until("leads are not offered", func() bool {
		for _, k := range p.Addresses.Kinds {
			if k.Kind == offline.KindLead && !k.On {
				return true
			}
		}
		return false
	})
	r.desk.SetKeywords(false)
	r.until("keywords are left alone", func() bool { return !p.Keywords.On && r.agent.Rules().NoKeywords })
}

func TestASenderIsNeverTrackedFromTheMessagesMenu(t *testing.T) {
	r, p := tracking(t)
	r.choose("Delivery next week?")
	offers := r.desk.Reader.Preview.Never
	if len(offers) != 2 || offers[0].Never.Address == "" || offers[1].Never.Domain == "" || offers[0].Off {
		t.Fatalf("%+v", offers)
	}
	r.desk.TakeNever(offers[1])
	r.until("it is on the list", func() bool { return len(p.Never) == 1 && r.desk.Reader.Preview.Never[1].Off })
	r.desk.TakeNever(r.desk.Reader.Preview.Never[1])
	r.until("it is off the list", func() bool { return len(p.Never) == 0 && !r.desk.Reader.Preview.Never[1].Off })
}
