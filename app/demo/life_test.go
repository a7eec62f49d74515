package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

func TestStepsBringAnswersToTrackedMailAndOtherMailByTurns(t *testing.T) {
	w := begin(t, Options{})
	before := len(inbox(w))
	byHeader, byToken, other := 0, 0, 0
	for i := range 24 {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		box := w.mail.Messages("INBOX")
		if len(box) != before+i+1 {
			t.Fatalf("step %d: %d messages more", i, len(box)-before)
		}
		last := box[len(box)-1]
		if d := noon.Sub(last.Date); d < 0 || d > time.Minute || len(last.Flags) > 0 {
			t.Errorf("step %d: dated %v, flags %v", i, last.Date, last.Flags)
		}
		h, k := tracks(w, last.Raw)
		switch {
		case h:
			byHeader++
		case k:
			byToken++
		default:
			other++
		}
	}
	if byHeader < 6 || byToken < 1 || other < 4 {
		t.Errorf("%d answers by header, %d by token, %d others", byHeader, byToken, other)
	}
}

func TestWhatIsTrackedNowIsAnsweredNext(t *testing.T) {
	w := begin(t, Options{})
	var raw []byte
	for _, m := range inbox(w) { // a mail nobody has tracked so far
		if bytes.Contains(m, []byte("reto")) || bytes.Contains(m, []byte("Kleinstteile")) {
			raw = m
		}
	}
	e, err := open(raw)
	if err != nil {
		t.Fatal(err)
	}
	id := e.Header.Get("Message-Id")
	if _, err := w.Org().Create("email", map[string]any{"subject": "Kleinstteile", "messageid": id, "directioncode": false, "createdon": noon,
		"email_activity_parties": []map[string]any{{"participationtypemask": 1, "addressused": "info@steiner-uhrenteile.example"}, {"participationtypemask": 2, "addressused": w.Address()}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Step(); err != nil {
		t.Fatal(err)
	}
	box := inbox(w)
	got, _ := open(box[len(box)-1])
	if got.Header.Get("In-Reply-To") != id || !strings.Contains(got.Header.Get("From"), "info@steiner-uhrenteile.example") {
		t.Errorf("the next message is %s", box[len(box)-1])
	}
}

func TestLifeGoesOnByTheClockAndEndsAfterItsShare(t *testing.T) {
	waits := make(chan time.Duration, 100)
	fire := make(chan time.Time)
	w := begin(t, Options{Life: true, Arrivals: 3, After: func(d time.Duration) (<-chan time.Time, func()) {
		waits <- d
		return fire, func() {}
	}})
	n := len(inbox(w))
	for i := range 3 {
		select {
		case d := <-waits:
			if i == 0 && d != 8*time.Second || i > 0 && (d < 20*time.Second || d > 40*time.Second) {
				t.Errorf("wait %d is %v", i, d)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("life does not wait")
		}
		if got := len(inbox(w)); got < n+i-1 {
			t.Errorf("%d messages after %d waits", got-n, i)
		}
		fire <- noon
	}
	w.life.Wait() // it ends by itself
	if got := len(inbox(w)) - n; got != 3 {
		t.Errorf("%d messages arrived", got)
	}
}

func TestAnIdlingClientHearsOfLife(t *testing.T) {
	w := begin(t, Options{})
	counts := make(chan uint32, 16)
	c := signIn(t, w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				counts <- *m.NumMessages
			}
		},
	}})
	data, err := c.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Step(); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-counts:
		if n != data.NumMessages+1 {
			t.Errorf("%d messages instead of %d", n, data.NumMessages+1)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing heard")
	}
	if err := idle.Close(); err != nil {
		t.Fatal(err)
	}
	if err := idle.Wait(); err != nil {
		t.Fatal(err)
	}
}
