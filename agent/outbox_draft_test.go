package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"
)

// R-EMAIL-18: recipients that are nobody in the CRM stop a tracked message,
// unless the organization allows it.
func TestUnknownRecipientsStopATrackedMessage(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	stranger := func(d *offline.Draft) { d.To = append(d.To, offline.Address{Addr: "who@else.example"}) }
	stops := func(d offline.Draft) (out string) {
		for _, c := range w.agent.CheckDraft(d) {
			if c.Stops {
				out += c.Text
			}
		}
		return out
	}
	if s := stops(w.write("x", stranger)); s != "" {
		t.Errorf("allowed, and yet: %s", s)
	}
	w.agent.user.Options.SendUnresolved = false
	d := w.write("y", stranger)
	if s := stops(d); !strings.Contains(s, "who@else.example") || strings.Contains(s, "jana") {
		t.Errorf("%q", s)
	}
	if _, err := w.agent.Send(d.ID); err == nil || !strings.Contains(err.Error(), "who@else.example") {
		t.Errorf("sent: %v", err)
	}
	if s := stops(w.write("z", stranger, func(d *offline.Draft) { d.Track = false })); s != "" {
		t.Errorf("not tracked, and yet: %s", s)
	}
	if s := stops(w.write("known")); s != "" {
		t.Errorf("%q", s)
	}
}

func TestWhatIsWrongWithADraftIsSaidBeforeItGoes(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.agent.user.Options.Blocked, w.agent.user.Options.MaxAttachment = []string{"exe"}, 10
	dir := t.TempDir()
	exe, big := filepath.Join(dir, "a.exe"), filepath.Join(dir, "big.pdf")
	os.WriteFile(exe, []byte("MZ"), 0o600)
	os.WriteFile(big, make([]byte, 26<<20), 0o600)
	for _, c := range []struct {
		want   string
		stops  bool
		change func(*offline.Draft)
	}{
		{"nobody", true, func(d *offline.Draft) { d.To = nil }},
		{"nobody@ ", true, func(d *offline.Draft) { d.To[0].Addr = "nobody@ " }},
		{"not there any more", true, func(d *offline.Draft) {
			d.Files = []offline.DraftFile{{Name: "a", Path: filepath.Join(dir, "gone")}}
		}},
		{"not a file", true, func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "a", Path: dir}} }},
		{"blocks", false, func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "a.exe", Path: exe}} }},
		{"larger than the organization", false, func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "big.pdf", Path: big}} }},
		{"26 MB", false, func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "big.pdf", Path: big}} }},
		{"no subject", false, func(d *offline.Draft) { d.Subject = " " }},
		{"speaks of an attachment", false, func(d *offline.Draft) { d.Text = "See the attached plan.\n> attached" }},
		{"not every mail server", false, func(d *offline.Draft) { d.To[0].Addr = "jana.nová@acme.example" }},
	} {
		d := w.write("x", c.change)
		found := false
		for _, got := range w.agent.CheckDraft(d) {
			found = found || got.Stops == c.stops && strings.Contains(got.Text, c.want)
		}
		if !found {
			t.Errorf("nothing says %q: %+v", c.want, w.agent.CheckDraft(d))
		}
	}
	w.agent.Sender = nil
	if cs := w.agent.CheckDraft(w.write("x")); len(cs) == 0 || !cs[0].Stops {
		t.Errorf("without a mail server: %+v", cs)
	}
}

func TestFilesAreReadWhenSendIsPressed(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	file := filepath.Join(t.TempDir(), "plan.txt")
	os.WriteFile(file, []byte("the plan"), 0o600)
	d := w.send("Plan", func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "plan.txt", Path: file}} })
	os.Remove(file)
	w.settle()
	c, err := message.Read(strings.NewReader(w.smtp.sent[0].raw), message.Limits{})
	if err != nil || len(c.Attachments) != 1 || string(c.Attachments[0].Data) != "the plan" {
		t.Errorf("%+v %v", c, err)
	}
	if rec := w.crm.emails[w.message(d.Identity).Track.Record.ID]; len(rec.Attachments) != 1 {
		t.Errorf("%+v", rec)
	}
	// One that goes while it is read leaves the draft as it was.
	bad := w.write("Bad", func(d *offline.Draft) { d.Files = []offline.DraftFile{{Name: "x.txt", From: 999}} })
	if _, err := w.agent.Send(bad.ID); err == nil || !strings.Contains(err.Error(), "x.txt") || w.draft(bad.ID).State != offline.DraftEditing {
		t.Errorf("%v %+v", err, w.draft(bad.ID))
	}
}

// R-EMAIL-04, R-TOKEN-02: an answer is tracked and about what the conversation
// is about, unless the user says otherwise.
//
// R-TRACK-10.
func TestAnAnswerToATrackedMessageIsTrackedAndInItsConversation(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<q@x>", "Subject: Aw: Offer CRM:0001001", "To: ann@alder.example, Bob <bob@acme.example>", "Thread-Index: AdyqIvMxTS5Wb43dePNM9JKe9U9jXQ=="))
	w.sync()
	if _, err := w.agent.Track(w.key("<q@x>"), offer); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if err := w.agent.SetSignature("Ann\nAlder"); err != nil {
		t.Fatal(err)
	}
	d, err := w.agent.NewDraft(context.Background(), DraftReplyAll, w.key("<q@x>")[0], offline.Ref{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Subject != "Re: Offer" || !d.Track || d.Regarding != offer || len(d.To) != 2 || d.To[0].Addr != "jana@acme.example" || d.To[1].Addr != "bob@acme.example" || d.From.Addr != "ann@alder.example" {
		t.Errorf("%+v", d)
	}
	if !strings.HasPrefix(d.Text, "\n\n-- \nAnn\nAlder\n\nOn ") || !strings.Contains(d.Text, "> Body of <q@x>") {
		t.Errorf("%q", d.Text)
	}
	if err := w.agent.SaveDraft(&d); err != nil {
		t.Fatal(err)
	}
	if _, err := w.agent.Send(d.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	raw := w.smtp.sent[0].raw
	if headerOf(raw, "In-Reply-To") != "<q@x>" || headerOf(raw, "References") != "<q@x>" || headerOf(raw, "Subject") != "Re: Offer CRM:0001777" || len(headerOf(raw, "Thread-Index")) <= 32 || !strings.HasPrefix(headerOf(raw, "Thread-Index"), "AdyqIvMxTS5Wb43dePNM9JKe9U9j") {
		t.Errorf("%s", raw)
	}
	m := message.Header([]byte(raw), w.now)
	rec := w.crm.emails[w.message(m.Identity).Track.Record.ID]
	if rec.Regarding != offer || rec.Correlated != w.message("<q@x>").Track.Record {
		t.Errorf("%+v", rec)
	}
}

func TestAForwardTakesTheFilesOfTheMessageAlong(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", "Message-ID: <f@x>\r\nFrom: jana@acme.example\r\nTo: ann@alder.example\r\nSubject: Plan\r\nDate: "+day.Format(time.RFC1123Z)+"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee below\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfirst\r\n--b\r\nContent-Disposition: attachment; filename=b.txt\r\n\r\nsecond\r\n--b--\r\n")
	w.sync()
	d, err := w.agent.NewDraft(context.Background(), DraftForward, w.key("<f@x>")[0], acme)
	if err != nil || len(d.Files) != 2 || d.Files[1].Size != 6 || d.Subject != "Fwd: Plan" || d.Regarding != acme || !d.Track {
		t.Fatalf("%+v %v", d, err)
	}
	d.To, d.Files = []offline.Address{janaAddr}, d.Files[1:]
	if err := w.agent.SaveDraft(&d); err != nil {
		t.Fatal(err)
	}
	if _, err := w.agent.Send(d.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	c, err := message.Read(strings.NewReader(w.smtp.sent[0].raw), message.Limits{})
	if err != nil || len(c.Attachments) != 1 || string(c.Attachments[0].Data) != "second" || c.Attachments[0].Name != "b.txt" || !strings.Contains(c.Text, "Forwarded message") {
		t.Errorf("%+v %v", c, err)
	}
	// Without the message there is nothing to forward; an answer can be begun.
	w.box.add("INBOX", w.mail("<g@x>"))
	w.sync()
	w.box.cut = func() error { return errCut }
	if _, err := w.agent.NewDraft(context.Background(), DraftForward, w.key("<g@x>")[0], offline.Ref{}); err == nil {
		t.Error("forwarded without its text")
	}
	if d, err := w.agent.NewDraft(context.Background(), DraftReply, w.key("<g@x>")[0], offline.Ref{}); err != nil || len(d.To) != 1 {
		t.Errorf("%+v %v", d, err)
	}
}
