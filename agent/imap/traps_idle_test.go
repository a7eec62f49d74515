package imap_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

func TestWithoutIDLEItIsPolled(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Caps = nil
	var waited time.Duration
	m := f.Fixture().Mailbox(t, func(c *imap.Config) {
		noWait(c)
		after := c.After
		c.After = func(d time.Duration) <-chan time.Time { waited = d; return after(d) }
	})
	if err := m.Idle(t.Context(), offline.Folder{ID: 1, Name: "INBOX"}); err != nil || waited != 5*time.Minute {
		t.Errorf("waited %v, %v", waited, err)
	}
	if slices.Contains(f.History(), "IDLE") {
		t.Error("IDLE was sent")
	}
}

func TestIdleThatKeepsFailingWaitsLongerEachTime(t *testing.T) {
	f := imaptest.StartFake(t)
	f.Greeting = "* BYE too many connections"
	var waits []time.Duration
	m := f.Fixture().Mailbox(t, func(c *imap.Config) {
		noWait(c)
		after := c.After
		c.After = func(d time.Duration) <-chan time.Time { waits = append(waits, d); return after(d) }
	})
	for range 15 {
		if err := m.Idle(t.Context(), offline.Folder{ID: 1, Name: "INBOX"}); err == nil {
			t.Fatal("no error")
		}
	}
	if len(waits) != 14 || waits[0] > 2*time.Second || waits[13] < time.Minute || waits[13] > 10*time.Minute {
		t.Errorf("waits %v", waits)
	}
}

func TestIdleDoesNotRunInCirclesWhereTheServerContradictsItself(t *testing.T) {
	f := imaptest.StartFake(t)
	f.AddLetters(5)
	m := f.Fixture().Mailbox(t)
	k := keeper(t)
	k.MustSync(m)
	k.Folder.Cursor.Messages = 99
	if err := m.Idle(t.Context(), k.Folder); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Idle(ctx, k.Folder) }()
	imaptest.Eventually(t, "it waits", func() bool { return slices.Contains(f.History(), "IDLE") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
