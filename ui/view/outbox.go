package view

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/agent"
	"postrider/offline"
)

// Outbox is what is written here and has not gone, or has not quite.
type Outbox struct {
	Lines []OutboxLine
	Count int // of those that are not just drafts
	Bad   int // of those that need the user
	Ready bool
}

// OutboxLine is a message of the outbox.
type OutboxLine struct {
	ID      uint64
	Group   string // "Needs you", "On its way", "Drafts"
	To      string
	Subject string // never empty
	Bare    bool   // there was no subject
	When    string
	Sign    string
	Tone    Tone
	State   string   // "waiting", "refused"
	Why     string   // what it waits for, since when, when it is tried next; what the server said
	Remedy  string   // what to do; empty: nothing
	Actions []Action // the first one is what Enter does
	Choice  bool     // unless it is for the user to choose between the first two
}

// The verbs of the outbox.
const (
	VerbOpen    Verb = "open"
	VerbCancel  Verb = "cancel"
	VerbResend  Verb = "resend"
	VerbWent    Verb = "went"
	VerbDiscard Verb = "discard"
)

// refreshOutbox reads the outbox anew.
func (d *Desk) refreshOutbox() {
	now, phase := d.env.now(), d.env.agent.Status().Phase
	d.outbox.do(func(context.Context) func() {
		var all []offline.Draft
		err := d.env.store.View(func(tx *offline.Tx) (err error) {
			all, err = tx.Drafts()
			return err
		})
		if err != nil {
			d.env.log.Warn("the outbox could not be read", "err", err)
			return nil
		}
		o := NewOutbox(all, phase, now)
		return func() {
			if reflect.DeepEqual(o, d.Outbox) {
				return
			}
			d.Outbox = o
			d.env.tell(PartOutbox)
		}
	})
}

// NewOutbox puts drafts into words: what needs the user first, then what is on its
// way in the order in which it goes, then what is being written, newest first.
func NewOutbox(all []offline.Draft, phase agent.Phase, now time.Time) Outbox {
	o := Outbox{Ready: true}
	for _, x := range all {
		l := outboxLine(x, phase, now)
		if l.Group != groupDrafts {
			o.Count++
		}
		if l.Group == groupNeeds {
			o.Bad++
		}
		o.Lines = append(o.Lines, l)
	}
	order := []string{groupNeeds, groupGoing, groupDrafts}
	slices.SortStableFunc(o.Lines, func(a, b OutboxLine) int {
		if g := slices.Index(order, a.Group) - slices.Index(order, b.Group); g != 0 {
			return g
		}
		if a.Group == groupDrafts {
			return int(b.ID) - int(a.ID)
		}
		return 0
	})
	return o
}

const (
	groupNeeds  = "Needs you"
	groupGoing  = "On its way"
	groupDrafts = "Drafts"
)

func outboxLine(x offline.Draft, phase agent.Phase, now time.Time) OutboxLine {
	l := OutboxLine{ID: x.ID, Subject: OneLine(x.Subject, 300), To: People(slices.Concat(x.To, x.Cc, x.Bcc), 3)}
	if l.Subject == "" {
		l.Subject, l.Bare = "(no subject)", true
	}
	if l.To == "" {
		l.To = "To nobody yet"
	} else {
		l.To = "To " + l.To
	}
	at := x.Queued
	if at.IsZero() {
		at = x.Saved
	}
	if !at.IsZero() {
		l.When = When(at, now)
	}
	reason := strings.TrimRight(OneLine(x.Reason, 600), ". ")
	switch {
	case x.Doubt && x.State == offline.DraftFailed:
		l.doubt(x, reason)
	case x.Doubt && x.State == offline.DraftSending:
		l.Group, l.Sign, l.Tone, l.State = groupGoing, "sync", ToneInfo, "looked for"
		l.Why = "It may have gone: Postrider looks for it in Sent"
		if reason != "" {
			l.Why += " · " + reason
		}
		l.act(VerbWent, "It has gone", "ok")
	case x.State == offline.DraftFailed:
		l.failed(x, reason)
	case x.State == offline.DraftWaiting:
		l.waiting(x, reason, phase, now)
	case x.State == offline.DraftSending:
		l.Group, l.Sign, l.Tone, l.State = groupGoing, "sync", ToneInfo, "being sent"
		l.Why = "Being handed to the mail server"
	case x.State == offline.DraftSent:
		l.Group, l.Sign, l.Tone, l.State = groupGoing, "ok", ToneAccent, "sent"
		l.Why = "The mail server has it · its copy in Sent comes next"
		if x.Filed {
			l.Why = "The mail server has it, and it is in Sent"
		}
		if reason != "" {
			l.Why += ": " + reason
		}
	default:
		l.Group, l.Sign, l.Tone, l.State = groupDrafts, "drafts", ToneMuted, "draft"
		own, _ := SplitQuote(x.Text)
		switch l.Why = OneLine(own, 200); {
		case reason != "":
			l.Why = "Not sent: " + reason
		case l.Why == "":
			l.Why = "Nothing written yet"
		}
		l.act(VerbOpen, "Go on writing", "drafts")
		l.act(VerbDiscard, "Discard", "trash")
	}
	if !x.Record.IsZero() {
		l.Why += " · written in the CRM"
	}
	return l
}

func (l *OutboxLine) act(v Verb, label, symbol string) {
	l.Actions = append(l.Actions, Action{Verb: v, Label: label, Symbol: symbol, Primary: len(l.Actions) == 0 && l.Group == groupNeeds && !l.Choice})
}

// doubt is for what may have gone: the line ended between the message and the
// server's answer.
func (l *OutboxLine) doubt(x offline.Draft, reason string) {
	l.Group, l.Sign, l.Tone, l.State = groupNeeds, string(SignAttention), ToneWarn, "may have gone"
	l.Why = "The mail server took the message, but its answer was lost: it may have gone"
	if reason != "" {
		l.Why += " · " + reason
	}
	l.Remedy = "Look in Sent, or ask who was to get it. Then say which it is."
	l.Choice = true
	l.act(VerbResend, "It has not gone: send again", "retry")
	l.act(VerbWent, "It has gone", "ok")
	if x.Record.IsZero() {
		l.act(VerbCancel, "Edit", "drafts")
	}
}

func (l *OutboxLine) failed(x offline.Draft, reason string) {
	l.Group, l.Sign, l.Tone, l.State = groupNeeds, string(SignAttention), ToneWarn, "could not be sent"
	l.Why = "Could not be sent"
	if reason != "" {
		l.Why += ": " + reason
	}
	l.Remedy = "Open it, put right what is named, and send it again; or try again where nothing is wrong with it."
	if x.Record.IsZero() {
		l.act(VerbCancel, "Edit", "drafts")
	} else {
		l.Remedy = "Try again, or put right in the CRM what is named and send it again there."
	}
	l.act(VerbResend, "Try again", "retry")
	l.act(VerbDiscard, "Discard", "trash")
}

func (l *OutboxLine) waiting(x offline.Draft, reason string, phase agent.Phase, now time.Time) {
	l.Group, l.Sign, l.Tone, l.State = groupGoing, string(SignWaiting), ToneInfo, "waiting"
	age := ""
	if a := Age(x.Queued, now); a != "" && a != "now" {
		age = " for " + a
	}
	due := x.NotBefore.After(now)
	if strings.HasPrefix(reason, "waits ") {
		reason = "" // that is said already
	}
	switch {
	case x.Attempts == 0 && due && reason == "":
		l.Why = "Goes in a moment: until then it can be taken back"
	case reason != "":
		l.Why = "Waiting" + age + ": " + reason
		if x.Attempts > 0 {
			l.Why += " · tried " + times(x.Attempts)
		}
		if due {
			l.Why += " · next try " + x.NotBefore.In(now.Location()).Format("15:04:05")
		}
	case phase == agent.Paused:
		l.Why = "Waiting" + age + ": Postrider is paused"
	case phase == agent.Offline:
		l.Why = "Waiting" + age + ": offline; it goes when the mail server can be reached"
	default:
		l.Why = "Waiting" + age + ": it goes next"
	}
	if x.Record.IsZero() {
		l.act(VerbCancel, "Cancel and edit", "undo")
	} else {
		l.act(VerbDiscard, "Don't send it", "undo")
	}
	if x.Attempts > 0 {
		l.act(VerbResend, "Try now", "retry")
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// OutboxAct carries out what a line of the outbox offers.
func (d *Desk) OutboxAct(id uint64, v Verb) {
	e := d.env
	if e.writer == nil {
		return
	}
	switch v {
	case VerbOpen:
		d.Reopen(id)
	case VerbCancel:
		d.Deeds.later(func() func() {
			err := e.writer.CancelSend(id)
			return func() {
				if err != nil {
					d.Deeds.say(Toast{Text: "It could not be taken back: " + OneLine(err.Error(), 300), Bad: true})
					return
				}
				d.Reopen(id)
			}
		})
	case VerbWent:
		d.Deeds.run("Noted that it has gone", func() (agent.Undo, error) { return nil, e.writer.ConfirmSent(id) })
	case VerbResend:
		d.Deeds.run("Trying again", func() (agent.Undo, error) { return nil, e.writer.RetrySend(id) })
	case VerbDiscard:
		d.Deeds.later(func() func() {
			var draft offline.Draft
			err := e.store.View(func(tx *offline.Tx) (err error) {
				draft, err = tx.Draft(id)
				return err
			})
			return func() {
				if err != nil {
					d.Deeds.say(Toast{Text: "It could not be read: " + OneLine(err.Error(), 300), Bad: true})
					return
				}
				if !draft.Record.IsZero() {
					d.Deeds.run("Taken out; the CRM is told that it was not sent", func() (agent.Undo, error) { return nil, e.writer.DiscardDraft(id) })
					return
				}
				d.discard(draft, func() error { return e.writer.DiscardDraft(id) })
			}
		})
	}
}
