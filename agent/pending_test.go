package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"
)

// crmWorld is a world in which the CRM leaves the user's mail to this client.
func crmWorld(t *testing.T) *world {
	w := newWorld(t, track.None)
	w.crm.methods = offline.Methods{Mailbox: "mb", Incoming: offline.MethodClient, Outgoing: offline.MethodClient, MayChange: true}
	w.sync()
	return w
}

func crmMail(id string) offline.PendingEmail {
	return offline.PendingEmail{
		Ref: offline.Ref{Kind: offline.KindEmail, ID: id}, Subject: "Offer", HTML: `<p onclick="x()">Dear <b>Jana</b><img src="cid:logo"></p>`, Token: "CRM:0001042",
		From: offline.Address{Name: "Ann", Addr: "ann@alder.example"}, To: []offline.Address{janaAddr}, Bcc: []offline.Address{{Addr: "boss@alder.example"}}, Regarding: offer,
		Attachments: []offline.Attachment{{Name: "logo.png", Type: "image/png", ContentID: "logo", Data: []byte("PNG")}, {Name: "offer.pdf", Data: []byte("PDF")}},
	}
}

func (w *world) crmStatus(id string) string {
	w.crm.mu.Lock()
	defer w.crm.mu.Unlock()
	return w.crm.pending[id].status
}

// R-EMAIL-26: mail written in the CRM goes out through this client, once, and
// is the record that it was written in.
func TestMailOfTheCRMIsSentMarkedAndLinkedToItsRecord(t *testing.T) {
	w := crmWorld(t)
	w.crm.waits(crmMail("e1"))
	w.settle()
	w.settle()
	if len(w.smtp.sent) != 1 || w.crmStatus("e1") != "sent" || len(w.drafts()) != 0 || w.inSent() != 1 {
		t.Fatalf("sent %d, %s, in Sent %d, %+v", len(w.smtp.sent), w.crmStatus("e1"), w.inSent(), w.drafts())
	}
	raw := w.smtp.sent[0].raw
	if headerOf(raw, "Subject") != "Offer CRM:0001042" || len(w.smtp.sent[0].To) != 2 || !strings.Contains(headerOf(raw, "Message-ID"), "e1") {
		t.Errorf("%s", raw)
	}
	c, err := message.Read(strings.NewReader(raw), message.Limits{})
	if err != nil || len(c.Attachments) != 2 || c.Attachments[0].ContentID != "logo" || strings.Contains(c.HTML, "onclick") || !strings.Contains(c.HTML, `cid:logo`) || !strings.Contains(c.Text, "Dear Jana") {
		t.Errorf("%+v %v", c, err)
	}
	m := w.message(headerOf(raw, "Message-ID"))
	if m.Track.State != offline.Tracked || m.Track.Record.ID != "e1" || m.Track.Regarding != offer || len(w.crm.emails) != 0 {
		t.Errorf("%+v; %d records made", m.Track, len(w.crm.emails))
	}
	if rec := w.crm.records[m.Track.Record]; rec.Email.Identity != m.Identity || rec.Email.Token != "CRM:0001042" {
		t.Errorf("%+v", rec.Email)
	}
}

// R-EMAIL-25: the CRM is asked at each sync, and every ten minutes between.
func TestTheCRMIsAskedForMailEveryTenMinutes(t *testing.T) {
	w := crmWorld(t)
	asked := 0
	w.crm.fail = func(op string) error {
		if op == "pending" {
			asked++
		}
		return nil
	}
	for range 25 {
		w.now = w.now.Add(time.Minute)
		if err := w.agent.outboxRound(context.Background(), false); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times in 25 minutes", asked)
	}
	w.sync()
	if asked != 3 {
		t.Error("not asked by a sync")
	}
}

// R-EMAIL-26, R-EMAIL-27, R-OPTIONS-07, R-METHOD-02.
// R-METHOD-15.
func TestMailOfTheCRMStaysWhereItIsUnlessItIsOursToSend(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world)
		kind health.Kind
	}{
		{"R-METHOD-02: outgoing is none", func(w *world) { w.crm.methods.Outgoing = offline.MethodNone }, health.OutgoingElsewhere},
		{"R-EMAIL-27: outgoing is the server's", func(w *world) { w.crm.methods.Outgoing = offline.MethodServer }, health.OutgoingElsewhere},
		{"R-OPTIONS-07: the user forbade it", func(w *world) {
			if err := w.agent.SetCRMMail(false); err != nil {
				w.t.Fatalf("%v", err)
			}
		}, health.PendingStays},
		{"there is no mail server", func(w *world) { w.agent.Sender = nil }, health.PendingStays},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := crmWorld(t)
			c.do(w)
			w.now = w.now.Add(time.Hour)
			w.crm.waits(crmMail("e1"))
			w.settle()
			if w.crmStatus("e1") != "pending" || len(w.smtp.sent) != 0 || w.problem(c.kind) == "" {
				t.Errorf("%s, sent %d, said %q", w.crmStatus("e1"), len(w.smtp.sent), w.problem(c.kind))
			}
		})
	}
}

// R-EMAIL-28.
func TestMailOfTheCRMThatCannotBeSentIsMarkedAsFailed(t *testing.T) {
	w := crmWorld(t)
	w.smtp.answer = func(string) error { return refused }
	w.crm.waits(crmMail("e1"))
	bad := crmMail("e2")
	bad.Problem = "Jana has no mail address in the CRM"
	w.crm.waits(bad)
	w.settle()
	if w.crmStatus("e1") != "failed" || !strings.Contains(w.crm.pending["e1"].reason, "550") || w.crmStatus("e2") != "failed" || !strings.Contains(w.crm.pending["e2"].reason, "no mail address") {
		t.Errorf("%+v %+v", w.crm.pending["e1"], w.crm.pending["e2"])
	}
	if len(w.drafts()) != 2 || w.problem(health.SendFailed) == "" {
		t.Errorf("%+v", w.drafts())
	}
	// Corrected in the CRM and sent again there.
	w.smtp.answer = func(string) error { return nil }
	w.crm.pending["e1"].status = "pending"
	// Sent again from the outbox.
	w.settle()
	if w.crmStatus("e1") != "sent" || len(w.smtp.sent) != 1 {
		t.Errorf("%s, sent %d", w.crmStatus("e1"), len(w.smtp.sent))
	}
	for _, d := range w.drafts() {
		if err := w.agent.DiscardDraft(d.ID); err != nil {
			t.Error(err)
		}
	}
	w.settle()
	if len(w.drafts()) != 0 || w.crmStatus("e2") != "failed" {
		t.Errorf("%+v", w.drafts())
	}
}

func TestMailOfTheCRMIsTakenBackByMarkingItAsFailed(t *testing.T) {
	w := crmWorld(t)
	w.smtp.before = func(offline.Envelope) error { return noNet }
	w.crm.waits(crmMail("e1"))
	w.sync()
	d := w.drafts()[0]
	if d.State != offline.DraftWaiting || d.Record.ID != "e1" {
		t.Fatalf("%+v", d)
	}
	if err := w.agent.CancelSend(d.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if len(w.drafts()) != 0 || w.crmStatus("e1") != "failed" {
		t.Errorf("%s %+v", w.crmStatus("e1"), w.drafts())
	}
}

// R-TRACK-12: another computer, or an earlier run, took it over and never said
// what became of it.
func TestMailOfTheCRMInDoubtIsLookedForInSent(t *testing.T) {
	w := crmWorld(t)
	for _, id := range []string{"e1", "e2", "e3"} {
		w.crm.waits(crmMail(id))
		w.crm.pending[id].status = "sending" // since ever
	}
	at := "Message-ID: <crm.e1@alder.example>\r\nFrom: ann@alder.example\r\nTo: jana@acme.example\r\nSubject: Offer\r\nDate: " + day.Format(time.RFC1123Z) + "\r\n\r\nx\r\n"
	w.box.add("Sent", at)
	w.settle()
	if w.crmStatus("e1") != "sent" || len(w.smtp.sent) != 0 {
		t.Errorf("%s; sent %d", w.crmStatus("e1"), len(w.smtp.sent))
	}
	if m := w.message("<crm.e1@alder.example>"); m.Track.State != offline.Tracked || m.Track.Record.ID != "e1" || len(w.crm.emails) != 0 {
		t.Errorf("%+v", m.Track)
	}
	all := w.drafts()
	if len(all) != 2 || !all[0].Doubt || all[0].State != offline.DraftFailed || w.problem(health.SendDoubt) == "" {
		t.Fatalf("%+v", all)
	}
	if err := w.agent.RetrySend(all[0].ID); err == nil {
		t.Error("sent again without its text")
	}
	if err := w.agent.ConfirmSent(all[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.agent.DiscardDraft(all[1].ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if len(w.drafts()) != 0 || w.crmStatus(all[0].Record.ID) != "sent" || w.crmStatus(all[1].Record.ID) != "failed" {
		t.Errorf("%+v", w.drafts())
	}
}

// R-EMAIL-09, R-METHOD-02: where incoming mail is not ours nothing is tracked by
// itself, and what the user tracks by hand is.
//
// R-OPTIONS-08.
func TestIncomingMailIsTrackedByItselfOnlyWhereItIsOurs(t *testing.T) {
	for _, c := range []struct {
		in      offline.Method
		tracked bool
	}{{"", true}, {offline.MethodClient, true}, {offline.MethodNone, false}, {offline.MethodServer, false}, {offline.MethodForward, false}} {
		w := newWorld(t, track.All)
		w.crm.methods = offline.Methods{Incoming: c.in}
		w.box.add("INBOX", w.mail("<a@x>"))
		w.box.add("INBOX", w.mail("<b@x>"))
		w.sync()
		if got := w.message("<a@x>").Track.State == offline.Tracked; got != c.tracked || (w.problem(health.IncomingElsewhere) == "") != c.tracked {
			t.Errorf("%q: tracked %v, said %q", c.in, got, w.problem(health.IncomingElsewhere))
		}
		if _, err := w.agent.Track(w.key("<b@x>"), offer); err != nil {
			t.Fatal(err)
		}
		w.sync()
		if w.message("<b@x>").Track.State != offline.Tracked {
			t.Errorf("%q: not tracked by hand", c.in)
		}
		w.restart()
		if (w.problem(health.IncomingElsewhere) == "") != c.tracked {
			t.Errorf("%q: after a restart it is said %q", c.in, w.problem(health.IncomingElsewhere))
		}
	}
}

// R-METHOD-01, R-METHOD-12.
func TestWhoMovesTheMailIsChosenWhereTheUserMay(t *testing.T) {
	w := newWorld(t, track.All)
	w.crm.methods = offline.Methods{Mailbox: "mb", Incoming: offline.MethodServer, Outgoing: offline.MethodServer}
	w.sync()
	if err := w.agent.SetMethods(offline.MethodClient, ""); err == nil {
		t.Error("changed without the right")
	}
	w.crm.methods.MayChange = true
	w.now = w.now.Add(time.Hour)
	w.sync()
	if err := w.agent.SetMethods(offline.MethodClient, offline.MethodForward); err == nil {
		t.Error("outgoing mail by a forward mailbox was taken")
	}
	if err := w.agent.SetMethods(offline.MethodClient, ""); err != nil {
		t.Fatal(err)
	}
	if w.problem(health.IncomingElsewhere) != "" {
		t.Error("it does not hold at once")
	}
	w.sync()
	if w.crm.methods.Incoming != offline.MethodClient || w.crm.methods.Outgoing != offline.MethodServer {
		t.Errorf("%+v", w.crm.methods)
	}
}

// R-TRACK-12: a second computer of the same user is noticed, and nothing is
// doubled by it.
//
// R-OPTIONS-05.
func TestASecondComputerIsNoticed(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<a@x>"))
	w.box.add("INBOX", w.mail("<b@x>"))
	w.sync()
	if _, err := w.agent.Track(w.key("<a@x>"), offer); err != nil {
		t.Fatal(err)
	}
	w.sync()
	own := w.crm.records[w.message("<a@x>").Track.Record]
	own.Owner = offline.Ref{Kind: offline.KindUser, ID: "me"}
	w.crm.put(own)
	w.sync()
	if s := w.problem(health.OtherComputer); s != "" {
		t.Fatalf("our own work is taken for another's: %s", s)
	}
	colleague := offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "somebody's"}, Owner: own.Owner, Created: w.now, Email: &offline.Email{Identity: "<c@x>", Closed: true}}
	w.crm.put(colleague)
	w.sync()
	if s := w.problem(health.OtherComputer); s != "" {
		t.Fatalf("the web client's work is taken for another Postrider's: %s", s)
	}
	m := w.message("<b@x>")
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: w.agent.recordID(&m)}, Owner: own.Owner, Created: w.now, Email: &offline.Email{Identity: "<b@x>", Closed: true}})
	w.sync()
	if w.problem(health.OtherComputer) == "" {
		t.Error("it is not noticed")
	}
	if w.message("<b@x>").Track.Record.ID != w.agent.recordID(&m) || len(w.crm.emails) != 1 {
		t.Errorf("%+v", w.message("<b@x>").Track)
	}
	w.restart()
	if w.problem(health.OtherComputer) == "" {
		t.Error("after a restart it is forgotten")
	}
}
