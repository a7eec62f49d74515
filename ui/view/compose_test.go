package view

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/internal/sample"
)

// writing opens the composer and waits until there is something to write in.
func (r *rig) writing(kind agent.DraftKind, key uint64) *Compose {
	r.t.Helper()
	r.desk.env.saveAfter = 5 * time.Millisecond
	r.desk.Write(kind, key, offline.Ref{})
	r.until("the composer is open", func() bool { return r.desk.Compose.Ready() })
	return r.desk.Compose
}

func (r *rig) drafts() (all []offline.Draft) {
	r.t.Helper()
	if err := r.store.View(func(tx *offline.Tx) (err error) {
		all, err = tx.Drafts()
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *rig) key(subject string) uint64 {
	r.t.Helper()
	_, row := r.row(subject)
	return row.Key
}

func TestAReplyBeginsWithItsRecipientSubjectQuoteAndRegarding(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftReply, r.key("Re: Offer for the Brno line"))
	if c.Title != "Reply to Jana Nováková" || c.Subject != "Re: Offer for the Brno line" || c.Text != "" || !strings.HasPrefix(c.Quote, "On ") || c.QuoteLines() != 5 {
		t.Errorf("title %q, subject %q, text %q, quote %q", c.Title, c.Subject, c.Text, c.Quote)
	}
	if len(c.To.List) != 1 || c.To.List[0].Known != "Contact · Moravia Tools a.s." || c.More {
		t.Errorf("to %+v", c.To.List)
	}
	if !c.Track || c.About == nil || c.About.Name != "Brno line" || c.Token != "CRM:…" { // R-TOKEN-05
		t.Errorf("track %v, about %+v, token %q", c.Track, c.About, c.Token)
	}
	r.desk.StopWriting()
	if got := r.agent.Called(); slices.Contains(got, "save") || len(r.drafts()) != 0 {
		t.Errorf("what was only looked at left something behind: %q", got)
	}
}

func TestWhatIsWrittenIsOnTheDiskAfterARest(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	c.To.Type("otto.brandt@nordwind.example, pet")
	c.SetSubject("Scanners")
	c.SetText("Hello Otto")
	if c.Saved != "Not saved yet" {
		t.Errorf("says %q", c.Saved)
	}
	r.until("it is saved", func() bool { return c.Saved == "Saved 14:05" })
	c.SetText("Hello Otto,\nhow are *you*?")
	r.until("it is saved again", func() bool { return c.Saved == "Saved 14:05" })
	ds := r.drafts()
	if len(ds) != 1 || ds[0].Subject != "Scanners" || ds[0].Text != "Hello Otto,\nhow are *you*?" || !strings.Contains(ds[0].HTML, "<b>you</b>") || len(ds[0].To) != 2 || ds[0].To[1].Addr != "pet" {
		t.Errorf("on the disk: %+v", ds)
	}
	c.SetRich(false)
	r.desk.StopWriting()
	r.until("what is written last is kept, too", func() bool { ds := r.drafts(); return len(ds) == 1 && ds[0].HTML == "" })
	r.desk.Reopen(ds[0].ID)
	r.until("it is open again", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	c = r.desk.Compose
	if c.Text != "Hello Otto,\nhow are *you*?" || c.Rich || len(c.To.List) != 2 || c.To.List[1].Problem == "" || c.Title != "Scanners" {
		t.Errorf("opened again: %q, rich %v, to %+v, title %q", c.Text, c.Rich, c.To.List, c.Title)
	}
}

func TestNothingWrittenIsLostWhenTheWindowCloses(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.env.saveAfter = time.Hour
	r.desk.Write(agent.DraftNew, 0, offline.Ref{})
	r.until("the composer is open", func() bool { return r.desk.Compose.Ready() })
	r.desk.Compose.SetText("half a sen")
	r.desk.Close()
	if ds := r.drafts(); len(ds) != 1 || ds[0].Text != "half a sen" {
		t.Errorf("kept %+v", ds)
	}
}

func TestADraftThatCannotBeKeptSaysSo(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	r.agent.Fail = errors.New("no space left on the disk")
	c.SetText("x")
	r.until("it is said", func() bool { return c.Bad })
	if c.Saved != "Not saved: no space left on the disk" {
		t.Errorf("says %q", c.Saved)
	}
	c.SetText("xy")
	r.until("it is saved the next time", func() bool { return c.Saved == "Saved 14:05" && !c.Bad })
}

func TestAnOlderStateNeverOverwritesANewerOne(t *testing.T) {
	r := newRig(t, true)
	s := saver{writer: r.agent}
	for _, step := range []struct {
		rev  int
		text string
	}{{1, "a"}, {3, "abc"}, {2, "ab"}} {
		if err := s.put(step.rev, offline.Draft{Text: step.text}); err != nil {
			t.Fatal(err)
		}
	}
	if ds := r.drafts(); len(ds) != 1 || ds[0].Text != "abc" {
		t.Errorf("kept %+v", ds)
	}
	if err := s.end(r.agent.DiscardDraft); err != nil {
		t.Fatal(err)
	}
	if err := s.put(4, offline.Draft{Text: "late"}); err != nil || len(r.drafts()) != 0 {
		t.Errorf("what was discarded came back: %v %+v", err, r.drafts())
	}
}

func TestSendGoesAndCanBeTakenBack(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftReply, r.key("Re: Offer for the Brno line"))
	c.SetText("Yes.")
	r.desk.SendDraft()
	r.until("it is in the outbox", func() bool { return r.desk.Compose == nil && r.desk.Deeds.Toast.Undo })
	if got := r.desk.Deeds.Toast.Text; got != "Sending to Jana Nováková" {
		t.Errorf("says %q", got)
	}
	ds := r.drafts()
	if len(ds) != 1 || ds[0].State != offline.DraftWaiting || !strings.HasPrefix(ds[0].Text, "Yes.\n\nOn ") || ds[0].Regarding != sample.Brno() || !ds[0].Track {
		t.Errorf("in the outbox: %+v", ds)
	}
	r.until("the outbox counts it", func() bool { return r.desk.Outbox.Count == 1 })
	r.undo()
	r.until("it is open again", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	if c := r.desk.Compose; c.Text != "Yes." || c.Quote == "" {
		t.Errorf("text %q, quote %q", c.Text, c.Quote)
	}
}

func TestWhatMustBePutRightKeepsItFromGoing(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	if len(c.Concerns) != 0 {
		t.Errorf("before anything was written: %+v", c.Concerns)
	}
	c.SetText("x")
	r.desk.SendDraft()
	r.until("it is said", func() bool { return c.Busy == "" && len(c.Concerns) > 0 })
	if c.Concerns[0].Text != "Nobody is named who is to get it." || c.Asked {
		t.Errorf("got %+v", c.Concerns)
	}
	c.To.Type("petr@@x.example,")
	r.desk.SendDraft()
	r.until("what is wrong with the address is said", func() bool {
		return c.Busy == "" && slices.ContainsFunc(c.Concerns, func(k agent.Concern) bool { return k.Text == "“petr@@x.example” in To: it has more than one @." })
	})
	c.To.Remove(0)
	c.To.Type("petr@x.example")
	r.desk.SendDraft() // what is still being typed counts; that the subject is missing was shown before
	r.until("it goes", func() bool { return r.desk.Compose == nil })
	if ds := r.drafts(); len(ds) != 1 || ds[0].To[0].Addr != "petr@x.example" {
		t.Errorf("in the outbox: %+v", ds)
	}
}

func TestWhatShouldBeLookedAtIsShownOnceBeforeItGoes(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	c.To.Type("petr@x.example,")
	c.SetText("x")
	r.desk.SendDraft() // before what is missing was shown
	r.until("it asks", func() bool { return c.Busy == "" && c.Asked })
	if slices.Contains(r.agent.Called(), "send") || len(c.Concerns) != 1 || c.Concerns[0].Text != "It has no subject." {
		t.Errorf("it went: %q, %+v", r.agent.Called(), c.Concerns)
	}
	r.desk.SendDraft()
	r.until("it goes the second time", func() bool { return r.desk.Compose == nil })
}

func TestWhatCouldNotBeSentStaysOpenAndIsKept(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftReply, r.key("Re: Offer for the Brno line"))
	c.SetText("Yes.")
	r.until("it is saved", func() bool { return strings.HasPrefix(c.Saved, "Saved") })
	r.agent.Gate = nil
	n := len(r.agent.Called())
	r.agent.FailAt("send", errors.New("the disk is full"))
	r.desk.SendDraft()
	r.until("it is said", func() bool { return len(c.Concerns) == 1 && c.Busy == "" })
	if c.Concerns[0].Text != "It could not be sent: the disk is full" || r.desk.Compose != c || len(r.agent.Called()) == n {
		t.Errorf("got %+v", c.Concerns)
	}
	c.SetText("Yes, gladly.")
	r.until("it can still be written on", func() bool { ds := r.drafts(); return len(ds) == 1 && strings.HasPrefix(ds[0].Text, "Yes, gladly.") })
}

func TestADiscardedDraftCanBeHadBack(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	c.SetText("precious")
	r.until("it is saved", func() bool { return strings.HasPrefix(c.Saved, "Saved") })
	r.desk.Discard()
	r.until("it is gone", func() bool { return r.desk.Deeds.Toast.Text == "Discarded the draft" && len(r.drafts()) == 0 })
	r.undo()
	r.until("it is back", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	if r.desk.Compose.Text != "precious" || len(r.drafts()) != 1 {
		t.Errorf("came back as %q", r.desk.Compose.Text)
	}
}

func TestATemplateIsFilledForTheRecordAndAsksNothingOfTheSubjectOfAnAnswer(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftReply, r.key("Re: Offer for the Brno line"))
	ts := r.desk.NewTemplates(func() {})
	r.until("they are listed", func() bool { return !ts.Asking })
	var titles []string
	for _, l := range ts.Lines {
		titles = append(titles, l.Title+" ("+l.Note+")")
	}
	if want := []string{"Offer, first reminder (filled with this opportunity)", "Thank you for your order (for any record)", "Greeting (for any record · your own)"}; !slices.Equal(titles, want) { // R-EMAIL-32
		t.Errorf("got %q", titles)
	}
	if ts.Note != "1 template more for other kinds of record: set what the message is about first." {
		t.Errorf("says %q", ts.Note)
	}
	ts.Type("REMIND offer")
	if len(ts.Lines) != 1 {
		t.Errorf("found %+v", ts.Lines)
	}
	c.SetText("Mine.")
	r.desk.UseTemplate(ts.Lines[0], PlaceAbove)
	r.until("it is filled", func() bool { return c.Text != "Mine." })
	if c.Text != "Dear Jana,\n\nthis is about *Brno line*:\n\n- the price\n- the delivery\n\nAnn\n\nMine." || c.Subject != "Re: Offer for the Brno line" {
		t.Errorf("text %q, subject %q", c.Text, c.Subject)
	}
	if !slices.Contains(r.agent.Called(), "fill t2 "+sample.Brno().String()) {
		t.Errorf("asked for %q", r.agent.Called())
	}
	c = r.writing(agent.DraftNew, 0)
	ts = r.desk.NewTemplates(func() {})
	r.until("they are listed", func() bool { return !ts.Asking })
	r.desk.UseTemplate(ts.Lines[0], PlaceInstead)
	r.until("it brings its subject", func() bool { return c.Subject == "Thank you for your order" })
	ts.Close()
}

// R-EMAIL-34.
func TestASignatureStaysBelowWhatIsWrittenAndWhatATemplateBrings(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.agent.Signature = "Ann Becker\nSales"
	c := r.writing(agent.DraftReply, r.key("Re: Offer for the Brno line"))
	if !c.Blank() || !strings.HasSuffix(c.Text, "-- \nAnn Becker\nSales") || !strings.HasPrefix(c.Quote, "On ") {
		t.Fatalf("text %q, quote %q", c.Text, c.Quote)
	}
	r.desk.UseTemplate(TemplateLine{tmpl: offline.Template{ID: "t1"}}, PlaceInstead)
	r.until("it is filled", func() bool { return !c.Blank() })
	if !strings.HasPrefix(c.Text, "Dear Jana,") || !strings.HasSuffix(c.Text, "Ann\n\n-- \nAnn Becker\nSales") {
		t.Errorf("text %q", c.Text)
	}
}

func TestAttachmentsShowTheirSizeAndWhatTheCRMDoesNotTake(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftNew, 0)
	dir := t.TempDir()
	file := func(name string, n int64) string {
		p := filepath.Join(dir, name)
		f, err := os.Create(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Truncate(n), f.Close()); err != nil {
			t.Fatal(err)
		}
		return p
	}
	r.desk.AddFiles([]string{file("offer.pdf", 48_200), file("setup.EXE", 900), file("movie.mov", 6<<20), dir, filepath.Join(dir, "none")})
	r.until("they are listed", func() bool { return len(c.Files) == 3 })
	want := []FileLine{
		{"offer.pdf", "48 KB", ""},
		{"setup.EXE", "900 B", "The CRM takes no .exe: it goes out with the mail, and is left out of the CRM's copy."},
		{"movie.mov", "6.3 MB", "The CRM takes at most 5.2 MB: it goes out with the mail, and is left out of the CRM's copy."},
	}
	if !slices.Equal(c.Files, want) { // R-EMAIL-21
		t.Errorf("got %+v", c.Files)
	}
	if toast := r.desk.Deeds.Toast; !toast.Bad || !strings.Contains(toast.Text, "is a folder") || !strings.Contains(toast.Text, "none can't be attached") {
		t.Errorf("says %+v", toast)
	}
	c.RemoveFile(1)
	r.until("it is saved", func() bool { return strings.HasPrefix(c.Saved, "Saved") })
	if ds := r.drafts(); len(ds) != 1 || len(ds[0].Files) != 2 || ds[0].Files[1].Name != "movie.mov" || ds[0].Files[0].Path == "" {
		t.Errorf("kept %+v", ds)
	}
}

func TestAForwardTakesTheAttachmentsAlong(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	c := r.writing(agent.DraftForward, r.key("Re: Offer for the Brno line"))
	if c.Subject != "Fwd: Offer for the Brno line" || len(c.Files) != 2 || c.Files[0].Size != "1.8 MB" || len(c.To.List) != 0 || !strings.HasPrefix(c.Quote, forwardLine) {
		t.Errorf("%q %+v %q", c.Subject, c.Files, c.Quote)
	}
	c.DropQuote()
	if c.Quote != "" || c.now().Text != "" {
		t.Error("the quotation can't be left out")
	}
}

func TestWithoutAWayToSendItSaysSo(t *testing.T) {
	r := newRig(t, true)
	r.ready()
	r.desk.env.writer = nil
	r.desk.Write(agent.DraftNew, 0, offline.Ref{})
	if r.desk.Compose != nil || !strings.Contains(r.desk.Deeds.Toast.Text, "no way to send mail") {
		t.Errorf("says %q", r.desk.Deeds.Toast.Text)
	}
}
