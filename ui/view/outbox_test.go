package view

import (
	"slices"
	"testing"
	"time"

	"postrider/agent"
	"postrider/offline"
	"postrider/ui/internal/sample"
)

func TestTheOutboxSaysOfEachMessageWhyItIsStillThere(t *testing.T) {
	to := []offline.Address{{Name: "Jana", Addr: "jana@x.example"}}
	base := offline.Draft{To: to, Subject: "S", Queued: noon.Add(-25 * time.Minute)}
	with := func(change func(*offline.Draft)) offline.Draft {
		d := base
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		d       offline.Draft
		phase   agent.Phase
		group   string
		why     string
		remedy  bool
		actions string
	}{
		"draft": {with(func(d *offline.Draft) { d.State = offline.DraftEditing }), agent.Idle, groupDrafts, "Nothing written yet", false, "open discard "},
		"undo time": {with(func(d *offline.Draft) {
			d.State, d.Queued, d.NotBefore = offline.DraftWaiting, noon, noon.Add(9*time.Second)
		}), agent.Idle, groupGoing, "Goes in a moment: until then it can be taken back", false, "cancel "},
		"next":    {with(func(d *offline.Draft) { d.State = offline.DraftWaiting }), agent.Idle, groupGoing, "Waiting for 25 min: it goes next", false, "cancel "},
		"offline": {with(func(d *offline.Draft) { d.State = offline.DraftWaiting }), agent.Offline, groupGoing, "Waiting for 25 min: offline; it goes when the mail server can be reached", false, "cancel "},
		"paused":  {with(func(d *offline.Draft) { d.State = offline.DraftWaiting }), agent.Paused, groupGoing, "Waiting for 25 min: Postrider is paused", false, "cancel "},
		"tried": {with(func(d *offline.Draft) {
			d.State, d.Attempts, d.NotBefore, d.Reason = offline.DraftWaiting, 3, noon.Add(95*time.Second), "the mail server can't be reached."
		}), agent.Offline, groupGoing, "Waiting for 25 min: the mail server can't be reached · tried 3 times · next try 12:01:35", false, "cancel resend "},
		"said already": {with(func(d *offline.Draft) { d.State, d.Reason = offline.DraftWaiting, "waits to be sent" }), agent.Idle, groupGoing, "Waiting for 25 min: it goes next", false, "cancel "},
		"looked for": {with(func(d *offline.Draft) { d.State, d.Doubt = offline.DraftSending, true }), agent.Idle, groupGoing,
			"It may have gone: Postrider looks for it in Sent", false, "went "},
		"refused, of the CRM": {with(func(d *offline.Draft) {
			d.State, d.Record = offline.DraftFailed, offline.Ref{Kind: offline.KindEmail, ID: "e"}
		}), agent.Idle, groupNeeds, "Could not be sent · written in the CRM", true, "resend discard "},
		"sending": {with(func(d *offline.Draft) { d.State = offline.DraftSending }), agent.Syncing, groupGoing, "Being handed to the mail server", false, ""},
		"sent":    {with(func(d *offline.Draft) { d.State = offline.DraftSent }), agent.Idle, groupGoing, "The mail server has it · its copy in Sent comes next", false, ""},
		"failed": {with(func(d *offline.Draft) { d.State, d.Reason = offline.DraftFailed, "550 user unknown" }), agent.Idle, groupNeeds,
			"Could not be sent: 550 user unknown", true, "cancel resend discard "},
		"doubt": {with(func(d *offline.Draft) { d.State, d.Doubt = offline.DraftFailed, true }), agent.Idle, groupNeeds,
			"The mail server took the message, but its answer was lost: it may have gone", true, "resend went cancel "},
		"of the CRM": {with(func(d *offline.Draft) {
			d.State, d.Record = offline.DraftWaiting, offline.Ref{Kind: offline.KindEmail, ID: "e"}
		}), agent.Idle, groupGoing, "Waiting for 25 min: it goes next · written in the CRM", false, "discard "}, // R-EMAIL-26
	} {
		o := NewOutbox([]offline.Draft{c.d}, c.phase, noon)
		l := o.Lines[0]
		actions := ""
		for _, a := range l.Actions {
			actions += string(a.Verb) + " "
		}
		if l.Group != c.group || l.Why != c.why || (l.Remedy != "") != c.remedy || actions != c.actions {
			t.Errorf("%s: %s, %q, remedy %q, actions %s", name, l.Group, l.Why, l.Remedy, actions)
		}
		if (o.Count == 1) != (c.group != groupDrafts) || (o.Bad == 1) != (c.group == groupNeeds) {
			t.Errorf("%s: counts %+v", name, o)
		}
	}
}

func TestTheOutboxHasWhatNeedsTheUserFirst(t *testing.T) {
	r := newRig(t, true)
	if err := sample.FillOutbox(r.store); err != nil {
		t.Fatal(err)
	}
	r.until("it is read", func() bool { return len(r.desk.Outbox.Lines) == 9 })
	var groups []string
	for _, l := range r.desk.Outbox.Lines {
		if n := len(groups); n == 0 || groups[n-1] != l.Group {
			groups = append(groups, l.Group)
		}
	}
	if !slices.Equal(groups, []string{groupNeeds, groupGoing, groupDrafts}) || r.desk.Outbox.Count != 7 || r.desk.Outbox.Bad != 2 {
		t.Errorf("groups %q, %d, %d", groups, r.desk.Outbox.Count, r.desk.Outbox.Bad)
	}
	if l := r.desk.Outbox.Lines[7]; l.ID != 9 || !l.Bare || l.To != "To nobody yet" {
		t.Errorf("newest draft first: %+v", l)
	}
}

func TestWhatWaitsCanBeCancelledAndWrittenOn(t *testing.T) {
	r := newRig(t, true)
	if err := sample.FillOutbox(r.store); err != nil {
		t.Fatal(err)
	}
	r.until("it is read", func() bool { return len(r.desk.Outbox.Lines) == 9 })
	r.desk.OutboxAct(4, VerbCancel)
	r.until("it is open", func() bool { return r.desk.Compose != nil && r.desk.Compose.Ready() })
	if r.desk.Compose.Subject != "Re: Offer for the Brno line" {
		t.Errorf("opened %q", r.desk.Compose.Subject)
	}
	r.until("the outbox says so", func() bool { return r.desk.Outbox.Count == 6 })
	r.desk.OutboxAct(2, VerbResend)
	r.until("it goes again", func() bool { return r.desk.Outbox.Bad == 1 })
	r.desk.OutboxAct(1, VerbDiscard)
	r.until("it is gone", func() bool { return r.desk.Outbox.Bad == 0 && r.desk.Deeds.Toast.Text == "Discarded the draft" })
	r.undo()
	r.until("it is back, as a draft", func() bool { return len(r.desk.Outbox.Lines) == 9 && r.desk.Outbox.Bad == 0 })
}
