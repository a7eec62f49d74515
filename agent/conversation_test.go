package agent

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"
)

// index is the Thread-Index of the nth message of a conversation, and what the
// CRM keeps of it.
func index(conversation byte, n int) (header, crm string) {
	b := append([]byte{1}, []byte(strings.Repeat(string(rune(conversation)), 21))...)
	for range n {
		b = append(b, 1, 2, 3, 4, byte(n))
	}
	return base64.StdEncoding.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b))
}

func threadHeader(conversation byte, n int) string {
	h, _ := index(conversation, n)
	return "Thread-Index: " + h
}

func TestAnAnswerIsFoundByItsConversationIndex(t *testing.T) {
	// R-TOKEN-01, R-TOKEN-02
	t.Run("of an email that only the CRM knows", func(t *testing.T) {
		w := newWorld(t, track.Replies)
		w.sync()
		_, thread := index('a', 0)
		root := offline.Ref{Kind: offline.KindEmail, ID: "root"}
		w.crm.put(offline.Record{Ref: root, Name: "Offer", Email: &offline.Email{Closed: true, Regarding: offer, Thread: thread, Sent: day}})
		w.box.add("INBOX", w.mail("<a@x>", threadHeader('a', 1)))
		w.box.add("INBOX", w.mail("<other@x>", threadHeader('b', 1)))
		w.sync()
		m := w.message("<a@x>")
		if m.Track.State != offline.Tracked || m.Track.Cause != offline.CauseThread || m.Track.By != "Offer" || m.Track.Regarding != offer {
			t.Errorf("got %+v", m.Track)
		}
		if e := w.crm.emails[m.Track.Record.ID]; e.Correlated != root {
			t.Errorf("it answers %v", e.Correlated)
		}
		if s := w.message("<other@x>").Track; s.State != offline.Untracked || s.Reason == "" {
			t.Errorf("of another conversation: %+v", s)
		}
	})
	t.Run("of a message that is tracked later", func(t *testing.T) {
		// R-EMAIL-35
		w := newWorld(t, track.Replies)
		w.box.add("INBOX", w.mail("<root@x>", threadHeader('a', 0)))
		w.box.add("INBOX", w.mail("<a@x>", threadHeader('a', 1)))
		w.box.add("INBOX", w.mail("<b@x>", threadHeader('a', 2)))
		w.sync()
		if got := w.identities(); got != "" {
			t.Fatalf("tracked too early: %s", got)
		}
		if _, err := w.agent.Track(w.key("<a@x>"), offer); err != nil {
			t.Fatal(err)
		}
		w.sync()
		// What began the conversation does not answer what came later.
		if got := w.identities(); got != "<a@x> <b@x>" || w.message("<b@x>").Track.Regarding != offer {
			t.Errorf("emails %s", got)
		}
	})
	t.Run("not where the organization does not correlate by headers", func(t *testing.T) {
		// R-TOKEN-22
		w := newWorld(t, track.Replies)
		w.sync()
		w.agent.user.Options.CorrelateHeader = false
		w.seed("<root@x>", "", offer)
		w.box.add("INBOX", w.mail("<a@x>", "In-Reply-To: <root@x>"))
		w.sync()
		if m := w.message("<a@x>"); m.Track.State != offline.Untracked {
			t.Errorf("got %+v", m.Track)
		}
	})
}

func TestAnAnswerIsFoundByTheTokenOfWhatIsTrackedLater(t *testing.T) {
	w := newWorld(t, track.Replies)
	w.box.add("Sent", w.mail("<root@x>", "From: ann@alder.example", "To: jana@acme.example", "Subject: Offer CRM:0001009"))
	w.box.add("INBOX", w.mail("<a@x>", "Subject: Re: Offer CRM:0001009"))
	w.sync()
	if got := w.identities(); got != "" {
		t.Fatalf("tracked too early: %s", got)
	}
	if _, err := w.agent.Track(w.key("<root@x>"), offer); err != nil {
		t.Fatal(err)
	}
	w.sync()
	m := w.message("<a@x>")
	if m.Track.State != offline.Tracked || m.Track.Cause != offline.CauseToken || m.Track.Regarding != offer {
		t.Errorf("got %+v", m.Track)
	}
}

func TestSmartMatchingFindsAnswersThatNameNothing(t *testing.T) {
	// R-TOKEN-03, R-TOKEN-17 to R-TOKEN-21
	smart := func(t *testing.T, on bool, delta int) *world {
		w := newWorld(t, track.Replies)
		w.crm.chosen.Smart, w.crm.chosen.SmartSubjectDelta = on, delta
		return w
	}
	mine := []string{"From: ann@alder.example", "To: jana@acme.example"}
	t.Run("of a message that is tracked later", func(t *testing.T) {
		for delta, subject := range []string{"RE: offer for brno", "RE: offer brno"} {
			w := smart(t, true, delta)
			w.box.add("Sent", w.mail("<root@x>", append(mine, "Subject: Offer for Brno")...))
			w.box.add("INBOX", w.mail("<a@x>", "Subject: "+subject))
			w.box.add("INBOX", w.mail("<other@x>", "Subject: Re: Offer for Praha and more"))
			w.sync()
			if got := w.identities(); got != "" {
				t.Fatalf("tracked too early: %s", got)
			}
			if _, err := w.agent.Track(w.key("<root@x>"), offer); err != nil {
				t.Fatal(err)
			}
			w.sync()
			if m := w.message("<a@x>"); m.Track.State != offline.Tracked || m.Track.Cause != offline.CauseSmart || m.Track.Regarding != offer || m.Track.By != "Offer for Brno" {
				t.Errorf("with %d words different: %+v", delta, m.Track)
			}
			if got := w.identities(); got != "<a@x> <root@x>" {
				t.Errorf("emails %s", got)
			}
		}
	})
	t.Run("of an email that only the CRM knows", func(t *testing.T) {
		w := smart(t, true, 0)
		w.sync()
		w.crm.fail = func(op string) error { // the pull does not bring it
			if op == "subject" {
				w.crm.putLocked(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "root"}, Name: "Offer for Brno", Created: day,
					Email: &offline.Email{Closed: true, Regarding: offer, Sent: day, People: []string{"ann@alder.example", "jana@acme.example"}}})
			}
			return nil
		}
		w.box.add("INBOX", w.mail("<a@x>", "Subject: AW: Offer for Brno"))
		w.sync()
		if m := w.message("<a@x>"); m.Track.Cause != offline.CauseSmart || m.Track.Regarding != offer {
			t.Errorf("got %+v", m.Track)
		}
	})
	t.Run("not where it is off", func(t *testing.T) {
		w := smart(t, false, 0)
		w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "root"}, Name: "Offer for Brno", Email: &offline.Email{Sent: day, People: []string{"ann@alder.example", "jana@acme.example"}}})
		w.crm.fail = func(op string) error {
			if op == "subject" {
				t.Error("the CRM was asked for subjects")
			}
			return nil
		}
		w.box.add("INBOX", w.mail("<a@x>", "Subject: AW: Offer for Brno"))
		w.sync()
		if m := w.message("<a@x>"); m.Track.State != offline.Untracked {
			t.Errorf("got %+v", m.Track)
		}
	})
	t.Run("not after ninety days", func(t *testing.T) {
		w := smart(t, true, 0)
		w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "root"}, Name: "Offer for Brno", Created: day.AddDate(0, 0, -100),
			Email: &offline.Email{Sent: day.AddDate(0, 0, -91), People: []string{"ann@alder.example", "jana@acme.example"}}})
		w.box.add("INBOX", w.mail("<a@x>", "Subject: AW: Offer for Brno"))
		w.sync()
		if m := w.message("<a@x>"); m.Track.State != offline.Untracked {
			t.Errorf("got %+v", m.Track)
		}
	})
}

func TestTheCRMIsAskedForConversationsOnlyWhereItMatters(t *testing.T) {
	w := newWorld(t, track.Replies)
	w.seed("<root@x>", "", offer)
	var asked []string
	w.crm.fail = func(op string) error {
		if op == "thread" || op == "subject" {
			asked = append(asked, op)
		}
		return nil
	}
	w.box.add("INBOX", w.mail("<answer@x>", "In-Reply-To: <root@x>", threadHeader('a', 1))) // known by In-Reply-To
	w.box.add("INBOX", w.mail("<begins@x>", threadHeader('b', 0)))                          // begins a conversation
	w.sync()
	if len(asked) != 0 {
		t.Errorf("asked for %v", asked)
	}
	w.box.add("INBOX", w.mail("<lost@x>", threadHeader('c', 1)))
	w.box.add("INBOX", w.mail("<lost2@x>", threadHeader('c', 2)))
	w.sync()
	if len(asked) != 1 {
		t.Errorf("asked for %v, not once", asked)
	}
	w.set.Filter = track.None
	w.restart()
	w.box.add("INBOX", w.mail("<none@x>", threadHeader('d', 1)))
	w.sync()
	if len(asked) != 1 {
		t.Errorf("with no filter asked for %v", asked)
	}
}

func TestWhatAColleagueTrackedIsSignedByTheColleague(t *testing.T) {
	w := newWorld(t, track.None)
	bob := offline.Ref{Kind: offline.KindUser, ID: "bob"}
	w.crm.put(offline.Record{Ref: bob, Name: "Bob", Addrs: []string{"bob@alder.example"}, Active: true})
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindEmail, ID: "theirs"}, Owner: bob, Email: &offline.Email{Identity: "<shared@x>", Closed: true}})
	w.box.add("INBOX", w.mail("<shared@x>"))
	w.sync()
	if m := w.message("<shared@x>"); m.Track.By != "Bob" || m.Track.Cause != offline.CauseColleague {
		t.Errorf("got %+v", m.Track)
	}
}

func TestAnAnswerSaysThatItWaitsForWhatItAnswers(t *testing.T) {
	w := newWorld(t, track.All)
	w.sync()
	w.crm.fail = func(op string) error {
		if op == "push" {
			return &offline.Fault{Class: offline.FaultServer, Op: "write", Text: "busy"}
		}
		return nil
	}
	w.box.add("INBOX", w.mail("<1@x>"))
	w.box.add("INBOX", w.mail("<2@x>", "In-Reply-To: <1@x>"))
	w.now = w.now.Add(time.Minute)
	if _, err := w.agent.SyncOnce(context.Background()); err == nil {
		t.Fatal("the push should have failed")
	}
	for id, want := range map[string]string{"<1@x>": "busy", "<2@x>": "the email that it answers"} {
		if m := w.message(id); m.Track.State != offline.Waiting || !strings.Contains(m.Track.Reason, want) {
			t.Errorf("%s: %+v", id, m.Track)
		}
	}
}

// What is undecided at once is decided as if each message had come by itself:
// here what <answer@x> answers is caught only by the token of a later one.
func TestAnAnswerIsDecidedAfterWhatItAnswersHoweverManyComeAtOnce(t *testing.T) {
	for _, together := range []bool{false, true} {
		w := newWorld(t, track.Replies)
		w.sync()
		w.seed("<known@x>", "", offer)
		w.seed("<far@x>", "CRM:0001001", acme)
		w.box.add("INBOX", w.mail("<question@x>", "Subject: it CRM:0001002")) // nobody bears that token yet
		w.box.add("INBOX", w.mail("<known@x>", "Subject: it CRM:0001002"))    // a colleague tracked it
		if !together {
			w.sync()
		}
		w.box.add("INBOX", w.mail("<answer@x>", "Subject: it CRM:0001001", "In-Reply-To: <question@x>"))
		w.sync()
		if got := w.message("<answer@x>").Track.Regarding; got != offer {
			t.Errorf("all at once %v: it is about %s", together, got)
		}
	}
}
