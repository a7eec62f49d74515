package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

var (
	janaAddr = offline.Address{Name: "Jana", Addr: "jana@acme.example"}
	refused  = &offline.Fault{Class: offline.FaultRejected, Op: "send", Text: "550 no such user"}
	putOff   = &offline.Fault{Class: offline.FaultThrottled, Op: "send", Text: "451 greylisted"}
	noAnswer = &offline.Fault{Class: offline.FaultDoubt, Op: "send", Text: "the connection ended"}
	noNet    = &offline.Fault{Class: offline.FaultNetwork, Op: "send", Text: "unreachable"}
)

// write makes a draft to Jana and keeps it.
func (w *world) write(subject string, change ...func(*offline.Draft)) offline.Draft {
	w.t.Helper()
	d, err := w.agent.NewDraft(context.Background(), DraftNew, 0, offline.Ref{})
	if err != nil {
		w.t.Fatalf("new draft: %v", err)
	}
	d.To, d.Subject, d.Text, d.Track = []offline.Address{janaAddr}, subject, "Dear Jana,\n\nhere it is.\n", true
	for _, c := range change {
		c(&d)
	}
	if err := w.agent.SaveDraft(&d); err != nil {
		w.t.Fatalf("save the draft: %v", err)
	}
	return d
}

func about(r offline.Ref) func(*offline.Draft) { return func(d *offline.Draft) { d.Regarding = r } }

func (w *world) send(subject string, change ...func(*offline.Draft)) offline.Draft {
	w.t.Helper()
	d := w.write(subject, change...)
	if _, err := w.agent.Send(d.ID); err != nil {
		w.t.Fatalf("send %s: %v", subject, err)
	}
	return w.draft(d.ID)
}

func (w *world) draft(id uint64) (d offline.Draft) {
	w.t.Helper()
	if err := w.store.View(func(tx *offline.Tx) (err error) { d, err = tx.Draft(id); return err }); err != nil {
		w.t.Fatalf("draft %d: %v", id, err)
	}
	return d
}

func (w *world) drafts() (all []offline.Draft) {
	w.t.Helper()
	if err := w.store.View(func(tx *offline.Tx) (err error) { all, err = tx.Drafts(); return err }); err != nil {
		w.t.Fatalf("drafts: %v", err)
	}
	return all
}

// settle syncs, a minute apart, until nothing hangs on time any more.
func (w *world) settle() {
	w.t.Helper()
	for range 6 {
		w.sync()
	}
}

func (w *world) inSent() int {
	w.box.mu.Lock()
	defer w.box.mu.Unlock()
	return len(w.box.folder("Sent").msgs)
}

func (w *world) problem(k health.Kind) string {
	for _, p := range w.agent.Health().All() {
		if p.Code == k.Code {
			return p.Text
		}
	}
	return ""
}

// What is sent here: once on its way, once in Sent, once in the CRM.
func TestAMessageGoesOutOnceIsFiledOnceAndTrackedOnce(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	d := w.send("Offer", about(offer), func(d *offline.Draft) { d.Bcc = []offline.Address{{Addr: "boss@alder.example"}} })
	if d.State != offline.DraftWaiting || d.Identity == "" || !d.NotBefore.Equal(w.now.Add(UndoFor)) {
		t.Fatalf("%+v", d)
	}
	w.agent.SyncOnce(context.Background())
	if w.smtp.attempts != 0 {
		t.Fatal("it went before the time for Undo was over")
	}
	w.settle()
	if n := w.smtp.count(d.Identity); n != 1 || len(w.drafts()) != 0 {
		t.Fatalf("sent %d times, drafts %+v", n, w.drafts())
	}
	e := w.smtp.sent[0]
	if strings.Join(e.To, " ") != "jana@acme.example boss@alder.example" || e.From != "ann@alder.example" || strings.Contains(e.raw, "boss@") {
		t.Errorf("%+v", e)
	}
	// R-TOKEN-05: the token ends the subject.
	if got := headerOf(e.raw, "Subject"); got != "Offer CRM:0001777" {
		t.Errorf("subject %q", got)
	}
	if w.inSent() != 1 || !strings.HasPrefix(w.box.folder("Sent").msgs[1].raw, "Bcc: boss@alder.example\r\n") {
		t.Errorf("in Sent: %d", w.inSent())
	}
	m := w.message(d.Identity)
	if m.Track.State != offline.Tracked || m.Track.Cause != offline.CauseSent || m.Track.Regarding != offer || len(m.Places) != 1 || !m.Outgoing {
		t.Errorf("%+v", m)
	}
	rec := w.crm.emails[m.Track.Record.ID]
	if len(w.crm.emails) != 1 || !rec.Outgoing || rec.Token != "CRM:0001777" || rec.Regarding != offer || len(rec.Parties) != 3 || rec.Parties[2].Role != offline.RoleBcc {
		t.Errorf("%d records: %+v", len(w.crm.emails), rec)
	}
	// R-EMAIL-19: what it is about can be changed after it was sent.
	if _, err := w.agent.SetRegarding([]uint64{m.Key}, acme); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.crm.records[m.Track.Record].Email.Regarding; got != acme {
		t.Errorf("about %v", got)
	}
}

// R-EMAIL-24: what is not to be tracked is in Sent and nowhere else, whatever
// the filter for sent mail says.
func TestAMessageThatIsNotToBeTrackedIsNot(t *testing.T) {
	w := newWorld(t, track.All)
	w.sync()
	d := w.send("Private", func(d *offline.Draft) { d.Track = false })
	w.settle()
	if m := w.message(d.Identity); m.Track.State != offline.Untracked || len(m.Places) != 1 || len(w.crm.emails) != 0 || d.Token != "" {
		t.Errorf("%+v %v", m.Track, d.Token)
	}
}

// R-OFFLINE-09: mail written offline waits, in order, with a reason, and can be
// taken back for as long as it waits.
func TestOfflineMailWaitsInOrderAndCanBeTakenBack(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.smtp.before = func(offline.Envelope) error { return noNet }
	w.crm.fail = func(op string) error {
		if op == "token" {
			return noNet
		}
		return nil
	}
	first, second, third := w.send("first"), w.send("second"), w.send("third")
	for range 3 {
		w.sync()
	}
	for _, d := range w.drafts() {
		if d.State != offline.DraftWaiting || d.Reason == "" {
			t.Errorf("%s: %s %q", d.Subject, d.State, d.Reason)
		}
	}
	if w.problem(health.SendUnreachable) == "" {
		t.Error("nothing says that the mail server can't be reached")
	}
	if m := w.message(first.Identity); m.Track.State != offline.Waiting || m.Track.Reason == "" {
		t.Errorf("%+v", m.Track)
	}
	if err := w.agent.CancelSend(second.ID); err != nil {
		t.Fatal(err)
	}
	if d := w.draft(second.ID); d.State != offline.DraftEditing || d.Item != 0 || d.Text != second.Text {
		t.Errorf("%+v", d)
	}
	w.smtp.before = func(offline.Envelope) error { return nil }
	w.now = w.now.Add(time.Hour)
	w.settle()
	// R-TOKEN-06: the first digit tells that it was made offline.
	got := w.smtp.subjects()
	if !strings.HasPrefix(got, "first CRM:1") || !strings.Contains(got, ", third CRM:1") || strings.Contains(got, "second") {
		t.Errorf("sent: %s", got)
	}
	if w.problem(health.SendUnreachable) != "" {
		t.Error("the problem stays")
	}
	if err := w.agent.CancelSend(third.ID); err == nil {
		t.Error("what was sent was taken back")
	}
}

func TestSendIsUndone(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	d := w.write("Offer")
	undo, err := w.agent.Send(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	sent := w.draft(d.ID)
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if w.smtp.attempts != 0 || w.draft(d.ID).State != offline.DraftEditing {
		t.Errorf("%d attempts, %+v", w.smtp.attempts, w.draft(d.ID))
	}
	if err := w.store.View(func(tx *offline.Tx) error { _, err := tx.MessageByIdentity(sent.Identity); return err }); !errors.Is(err, offline.ErrNotFound) {
		t.Errorf("its message is still there: %v", err)
	}
	if counts := w.agent.Status().Counts; counts.Waiting != 0 || counts.Seen != 0 {
		t.Errorf("%+v", counts)
	}
	if err := w.agent.DiscardDraft(d.ID); err != nil || len(w.drafts()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestARefusedMessageDoesNotHoldUpTheOthersAndOnePutOffHoldsTheOrder(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.smtp.answer = func(raw string) error {
		switch s := headerOf(raw, "Subject"); {
		case strings.HasPrefix(s, "bad"):
			return refused
		case strings.HasPrefix(s, "slow"):
			return putOff
		}
		return nil
	}
	bad, slow := w.send("bad"), w.send("slow")
	w.send("third")
	w.sync()
	if d := w.draft(bad.ID); d.State != offline.DraftFailed || !strings.Contains(d.Reason, "550 no such user") || w.problem(health.SendFailed) == "" {
		t.Errorf("%+v", d)
	}
	if m := w.message(bad.Identity); m.Track.State != offline.Failed || !strings.Contains(m.Track.Reason, "550") {
		t.Errorf("%+v", m.Track)
	}
	if d := w.draft(slow.ID); d.State != offline.DraftWaiting || !strings.Contains(d.Reason, "451") || len(w.smtp.sent) != 0 {
		t.Errorf("%+v; sent %s", d, w.smtp.subjects())
	}
	w.settle()
	if got := w.smtp.subjects(); !strings.HasPrefix(got, "third") {
		t.Errorf("a message that is put off for long holds up the others: %q", got)
	}
	w.now = w.now.Add(5 * 24 * time.Hour)
	w.sync()
	if d := w.draft(slow.ID); d.State != offline.DraftFailed {
		t.Errorf("after days: %+v", d)
	}
	// The user corrects what was wrong on the server and sends it again.
	w.smtp.answer = func(string) error { return nil }
	if err := w.agent.RetrySend(bad.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if w.smtp.count(bad.Identity) != 1 || w.message(bad.Identity).Track.State != offline.Tracked {
		t.Errorf("%s: %+v", w.smtp.subjects(), w.message(bad.Identity).Track)
	}
}

func TestWhatTheServerWillNotTakeForLackOfASignInWaits(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	d := w.send("Offer")
	w.smtp.before = func(offline.Envelope) error {
		return &offline.Fault{Class: offline.FaultAuth, Op: "sign in", Text: "535 wrong password"}
	}
	w.sync()
	if got := w.draft(d.ID); got.State != offline.DraftWaiting || got.Attempts != 0 || w.problem(health.SendSignIn) == "" {
		t.Errorf("%+v", got)
	}
	w.smtp.before = func(offline.Envelope) error { return nil }
	if err := w.agent.RetrySend(d.ID); err != nil { // the password was corrected
		t.Fatal(err)
	}
	w.sync()
	if w.smtp.count(d.Identity) != 1 || w.problem(health.SendSignIn) != "" {
		t.Error("it did not go")
	}
}

func TestWhatWaitsInTheOutboxIsChangedThereOnly(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	d := w.send("Offer")
	if _, err := w.agent.SetRegarding([]uint64{d.Item}, acme); !errors.Is(err, errInOutbox) {
		t.Errorf("%v", err)
	}
	if _, err := w.agent.Untrack([]uint64{d.Item}, true); !errors.Is(err, errInOutbox) {
		t.Errorf("%v", err)
	}
	if err := w.agent.SaveDraft(&d); !errors.Is(err, errNotEditing) {
		t.Errorf("%v", err)
	}
	if _, err := w.agent.Send(d.ID); !errors.Is(err, errNotEditing) {
		t.Errorf("%v", err)
	}
}

func TestTemplatesAreFilledAndKeptForWhenThereIsNoNetwork(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	ctx := context.Background()
	all, err := w.agent.Templates(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	if f, err := w.agent.FillTemplate(ctx, all[0], jana); err != nil || f.HTML != "<p>Dear Jana</p>" {
		t.Errorf("%+v %v", f, err)
	}
	// R-EMAIL-32: a template is bound to one kind of record.
	if _, err := w.agent.FillTemplate(ctx, all[0], acme); err == nil {
		t.Error("filled from a record of another kind")
	}
	if _, err := w.agent.FillTemplate(ctx, all[0], offline.Ref{}); err == nil {
		t.Error("filled from nothing")
	}
	w.crm.fail = func(string) error { return errCut }
	w.restart()
	if again, err := w.agent.Templates(ctx); err != nil || len(again) != 1 {
		t.Errorf("offline: %v %v", again, err)
	}
	if f, err := w.agent.FillTemplate(ctx, all[0], jana); err != nil || f.Subject != "Thanks" {
		t.Errorf("offline: %+v %v", f, err)
	}
	if _, err := w.agent.FillTemplate(ctx, all[0], offline.Ref{Kind: offline.KindContact, ID: "other"}); err == nil {
		t.Error("filled offline from a record that it was never filled from")
	}
}

// A draft goes at its time without a full sync, and is filed then.
func TestTheOutboxGoesByItselfWhileTheAgentRuns(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingCopies, copiesOurs) })
	a := w.agent
	a.Now, a.After, a.Every = time.Now, time.After, time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	d := w.write("Offer")
	if _, err := a.Send(d.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.RetrySend(d.ID); err != nil { // don't wait for Undo
		t.Fatal(err)
	}
	notices, stop := w.store.Watch()
	defer stop()
	deadline := time.After(20 * time.Second)
	for len(w.drafts()) > 0 || w.inSent() != 1 {
		select {
		case <-notices:
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("%+v", w.drafts())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
