package view

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/internal/sample"
)

// nowhere is a mail server that is never reached: what is sent stays in the outbox.
type nowhere struct{}

func (nowhere) Send(context.Context, offline.Envelope, func() (io.ReadCloser, error)) error {
	return &offline.Fault{Class: offline.FaultNetwork, Op: "send"}
}
func (nowhere) Check(context.Context) error { return nil }

func TestTheComposerAndTheAgentAgree(t *testing.T) {
	r := &rig{t: t, store: newStore(t), posts: make(chan func(), 10_000)}
	if err := sample.Fill(r.store); err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(agent.Config{Store: r.store, Now: sample.Now, Sender: nowhere{}, Settings: agent.Settings{Own: []string{"ann.becker@postrider.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	r.desk = NewDesk(Options{Store: r.store, Agent: a, Now: sample.Now, Post: func(f func()) { r.posts <- f }})
	t.Cleanup(r.desk.Close)
	r.desk.env.saveAfter = 5 * time.Millisecond
	r.desk.Open()
	r.until("the inbox is shown", func() bool { _, ok := r.desk.List.Row(1); return ok })

	otto := r.message(r.key("Delivery next week?"))
	otto.Body.Stored = true // the sample put it there
	if err := r.store.Update(func(tx *offline.Tx) error { return tx.PutMessage(&otto) }); err != nil {
		t.Fatal(err)
	}
	r.desk.Write(agent.DraftReply, r.key("Delivery next week?"), offline.Ref{})
	r.until("the reply is open", func() bool { return r.desk.Compose.Ready() })
	c := r.desk.Compose
	if c.Subject != "Re: Delivery next week?" || len(c.To.List) != 1 || !strings.Contains(c.Quote, "> can you deliver the scanners") || !c.Blank() || c.From != "ann.becker@postrider.example" {
		t.Fatalf("subject %q, to %+v, text %q, quote %q, from %q", c.Subject, c.To.List, c.Text, c.Quote, c.From)
	}
	c.SetText("Yes, on *Tuesday*.")
	r.until("it is saved", func() bool { return strings.HasPrefix(c.Saved, "Saved") })
	c.SetText("Yes, on *Tuesday*, as you wish.")
	r.desk.SendDraft()
	r.until("it is in the outbox", func() bool { return r.desk.Compose == nil && r.desk.Outbox.Count == 1 })
	if l := r.desk.Outbox.Lines[0]; l.Why != "Goes in a moment: until then it can be taken back" || l.To != "To Otto Brandt" {
		t.Errorf("the outbox says %+v", l)
	}
	r.undo()
	r.until("it is open again", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	c = r.desk.Compose
	if c.Text != "Yes, on *Tuesday*, as you wish." || !strings.Contains(c.Quote, "> can you deliver") {
		t.Errorf("text %q, quote %q", c.Text, c.Quote)
	}
	c.SetText("Yes.")
	r.desk.SendDraft() // what was taken back can go again
	r.until("it is in the outbox again", func() bool { return r.desk.Compose == nil && r.desk.Outbox.Count == 1 })
	id := r.desk.Outbox.Lines[0].ID
	r.desk.OutboxAct(id, VerbCancel)
	r.until("it is cancelled", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	r.desk.Discard()
	r.until("it is discarded", func() bool { return r.desk.Deeds.Toast.Text == "Discarded the draft" && len(r.drafts()) == 0 })
	r.undo()
	r.until("it is back", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() && len(r.drafts()) == 1 })
	if r.desk.Compose.Text != "Yes." {
		t.Errorf("came back as %q", r.desk.Compose.Text)
	}
}
