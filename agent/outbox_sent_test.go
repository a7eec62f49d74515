package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"postrider/agent/health"
	"postrider/agent/track"
	"postrider/offline"
)

func TestWhereTheAnswerIsLostSentIsSearchedAndTheUserAsked(t *testing.T) {
	for _, c := range []struct {
		name  string
		files bool // the provider files by itself
		went  bool
	}{{"it is in Sent", true, true}, {"it went and is not in Sent", false, true}, {"it did not go", false, false}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, track.None)
			w.sync()
			w.smtp.files = c.files
			lost := func() error {
				if w.smtp.attempts == 1 {
					return noAnswer
				}
				return nil
			}
			if c.went {
				w.smtp.after = lost
			} else {
				w.smtp.answer = func(string) error { return lost() }
			}
			d := w.send("Offer", about(offer))
			w.send("next")
			w.settle()
			if !strings.Contains(w.smtp.subjects(), "next") {
				t.Error("doubt of one message holds up the others")
			}
			if c.files {
				if len(w.drafts()) != 0 || w.smtp.count(d.Identity) != 1 || w.message(d.Identity).Track.State != offline.Tracked {
					t.Fatalf("%+v", w.drafts())
				}
				return
			}
			got := w.draft(d.ID)
			if got.State != offline.DraftFailed || !got.Doubt || !strings.Contains(got.Reason, "may have gone") || w.problem(health.SendDoubt) == "" {
				t.Fatalf("%+v", got)
			}
			w.restart()
			if w.problem(health.SendDoubt) == "" {
				t.Error("after a restart nothing tells of it")
			}
			var err error
			if c.went {
				err = w.agent.ConfirmSent(d.ID)
			} else {
				err = w.agent.RetrySend(d.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.settle()
			if n := w.smtp.count(d.Identity); n != 1 || len(w.drafts()) != 0 || w.message(d.Identity).Track.State != offline.Tracked || w.inSent() != 2 {
				t.Errorf("%d times, in Sent %d, %+v", n, w.inSent(), w.drafts())
			}
		})
	}
}

func TestACopyThatAScanFindsEndsTheDoubt(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.smtp.after = func() error { return noAnswer }
	d := w.send("Offer")
	w.settle()
	if got := w.draft(d.ID); !got.Doubt || got.State != offline.DraftFailed {
		t.Fatalf("%+v", got)
	}
	w.box.add("Sent", w.smtp.sent[0].raw) // the provider was slow, or the user put it there
	w.settle()
	if len(w.drafts()) != 0 || w.inSent() != 1 || w.message(d.Identity).Track.State != offline.Tracked || w.problem(health.SendDoubt) != "" {
		t.Errorf("%+v", w.drafts())
	}
}

func TestAProviderThatFilesByItselfIsLeftTo(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.smtp.files = true
	w.send("one")
	w.settle()
	w.send("two")
	w.settle()
	if w.inSent() != 2 || len(w.drafts()) != 0 || len(w.crm.emails) != 2 {
		t.Errorf("in Sent %d, drafts %+v", w.inSent(), w.drafts())
	}
}

func TestACopyIsFiledOnceAlsoWhereTheAnswerIsLost(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.send("Offer")
	appended := false
	w.box.cut = func() error {
		if w.inSent() == 1 && !appended {
			appended = true
			return errCut
		}
		return nil
	}
	for range 8 {
		w.now = w.now.Add(time.Minute)
		w.agent.SyncOnce(context.Background())
	}
	if !appended || w.inSent() != 1 || len(w.drafts()) != 0 {
		t.Errorf("in Sent %d, %+v", w.inSent(), w.drafts())
	}
}

func TestAMailboxThatRefusesTheCopyDoesNotKeepTheMessageInTheOutbox(t *testing.T) {
	w := newWorld(t, track.None)
	w.sync()
	w.box.folder("Sent").role = offline.RoleOther
	w.agent.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingListed, nil) })
	d := w.send("Offer")
	for range 10 {
		w.sync()
	}
	if len(w.drafts()) != 0 || w.problem(health.SendUnfiled) == "" || w.message(d.Identity).Track.State != offline.Tracked {
		t.Errorf("%+v", w.drafts())
	}
}
