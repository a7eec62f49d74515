package agent

import (
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

// A captive portal answers in the mail server's place: that is not the
// message's fault.
func TestWhatIsSentWhereNoMailServerAnswersWaits(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.smtp.before = func(offline.Envelope) error {
		return &offline.Fault{Class: offline.FaultProtocol, Text: "this is not an SMTP server"}
	}
	d := w.send("patient")
	for range 3 {
		w.sync()
	}
	if got := w.draft(d.ID); got.State != offline.DraftWaiting || got.Reason == "" || w.problem(health.SendAnswer) == "" {
		t.Errorf("%s %q", got.State, got.Reason)
	}
	w.smtp.before = func(offline.Envelope) error { return nil }
	w.now = w.now.Add(time.Hour)
	w.settle()
	if w.smtp.count(d.Identity) != 1 {
		t.Errorf("sent %d times", w.smtp.count(d.Identity))
	}
}
