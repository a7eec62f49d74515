package view

import (
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/health"
	"postrider/offline"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestMomentsAreAsShortAsTheyCanBe(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{noon.Add(-2 * time.Hour), "10:00"},
		{time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), "00:00"},
		{noon.Add(-13 * time.Hour), "Mon"},
		{noon.Add(-6 * 24 * time.Hour), "Wed"},
		{noon.Add(-7 * 24 * time.Hour), "17 Nov"},
		{time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC), "31 Dec 2025"},
		{noon.Add(30 * time.Hour), "25 Nov"}, // a clock ahead of ours: the date, not a weekday
		{time.Time{}, "never"},
	} {
		if got := When(c.at, noon); got != c.want {
			t.Errorf("When(%v) = %q, want %q", c.at, got, c.want)
		}
	}
}

func TestAMomentIsSaidInTheReadersZone(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	if got := When(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 21, 0, 0, 0, tokyo)); got != "07:00" {
		t.Errorf("got %q", got)
	}
}

func TestAgesAndNumbers(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "now", 5 * time.Minute: "5 min", 3 * time.Hour: "3 h", 50 * time.Hour: "2 d", 90 * 24 * time.Hour: "3 mo", 800 * 24 * time.Hour: "2 y",
	} {
		if got := Age(noon.Add(-d), noon); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u2009000", 1234567: "1\u2009234\u2009567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	if got := Plural(1, "message") + ", " + Plural(12, "message") + ", " + Plural(2, "category"); got != "1 message, 12 messages, 2 categories" {
		t.Error(got)
	}
}

func TestALineHidesNothingAndTricksNobody(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\n b\t c  ":          "a b c",
		"invoice\u202efdp.exe":   "invoicefdp.exe", // the override would show "exe.pdf"
		"\u2066x\u2069\u200b":    "x",
		"\x00\x1b[31mred":        "[31mred",
		"👩\u200d👩\u200d👧 family": "👩\u200d👩\u200d👧 family",
		"":                       "",
		strings.Repeat("x", 20):  strings.Repeat("x", 16) + "…",
	} {
		if got := OneLine(in, 16); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEachStateHasItsSignWordAndColour(t *testing.T) {
	for _, c := range []struct {
		t        offline.Tracking
		about    string
		sign     Sign
		tone     Tone
		word     string
		sentence string
	}{
		{offline.Tracking{}, "", SignUntracked, ToneMuted, "not looked at yet", "Not looked at yet"},
		{offline.Tracking{State: offline.Untracked}, "", SignUntracked, ToneMuted, "not tracked", "Not tracked"},
		{offline.Tracking{State: offline.Untracked, Declined: true}, "", SignUntracked, ToneMuted, "not tracked", "Not tracked · you untracked it, so no rule will track it"},
		{offline.Tracking{State: offline.Waiting, Since: noon}, "Brno", SignWaiting, ToneInfo, "waiting · Brno", "Waiting to be carried over to the CRM, since just now: it goes with the next sync · regarding Brno"},
		{offline.Tracking{State: offline.Waiting, Reason: "the CRM can't be reached"}, "", SignWaiting, ToneInfo, "waiting", "Waiting to be carried over to the CRM: the CRM can't be reached"},
		{offline.Tracking{State: offline.Tracked, Cause: "filter:replies", Since: noon}, "Brno", SignTracked, ToneAccent, "Brno", "Tracked · regarding Brno · by rule “replies to tracked mail”, 12:00"},
		{offline.Tracking{State: offline.Tracked, Cause: offline.CauseColleague}, "", SignTracked, ToneAccent, "tracked", "Tracked · by a colleague"},
		{offline.Tracking{State: offline.Waiting, Cause: "filter:people", Reason: "waits to be carried to the CRM", Since: noon.Add(-5 * time.Minute)}, "", SignWaiting, ToneInfo, "waiting", "Waits to be carried to the CRM, for 5 min · asked for by rule “mail from leads, contacts and accounts”"},
		{offline.Tracking{State: offline.Tracked, Cause: offline.CauseUser, Reason: "a.exe: this kind of file is blocked"}, "", SignTracked, ToneAccent, "tracked", "Tracked · by you · with a note: a.exe: this kind of file is blocked"},
		{offline.Tracking{State: offline.Untracked, Reason: "its sender is on your never-track list"}, "", SignUntracked, ToneMuted, "not tracked", "Not tracked · its sender is on your never-track list"},
		{offline.Tracking{State: offline.Failed, Reason: "too long"}, "", SignAttention, ToneWarn, "too long", "Could not be tracked: too long · put that right and choose Retry, or untrack it"},
	} {
		sign, tone := SignOf(c.t)
		if sign != c.sign || tone != c.tone || Word(c.t, c.about) != c.word || Sentence(c.t, c.about, noon) != c.sentence {
			t.Errorf("%+v: got %s %s %q %q", c.t, sign, tone, Word(c.t, c.about), Sentence(c.t, c.about, noon))
		}
	}
}

func TestEveryCauseIsSaidInWords(t *testing.T) {
	for _, c := range []struct {
		cause offline.Cause
		by    string
		want  string
	}{
		{offline.CauseUser, "", "by you"},
		{offline.CauseReply, "", "as a reply to tracked mail"},
		{offline.CauseToken, "", "by the token in its subject"},
		{offline.CauseThread, "", "as part of a tracked conversation"},
		{offline.CauseSmart, "", "by smart matching: subject and people are those of a tracked email"},
		{offline.CauseFolder, "Customers", "because it lies in the tracked folder “Customers”"},
		{offline.CauseFolder, "", "because it lies in a tracked folder"},
		{offline.CauseKeyword, "", "by you, in another mail program"},
		{offline.CauseSent, "", "because it was sent with Postrider"},
		{offline.CauseColleague, "Petr Dvořák", "by Petr Dvořák"},
		{offline.CauseColleague, "", "by a colleague"},
		{"filter:records", "", "by rule “mail from any record with an address”"},
		{"something newer", "", "by something newer"},
		{"", "", ""},
	} {
		if got := CauseWords(offline.Tracking{Cause: c.cause, By: c.by}); got != c.want {
			t.Errorf("%s by %q: got %q, want %q", c.cause, c.by, got, c.want)
		}
	}
}

func TestTheStatusLineSaysHowThingsAre(t *testing.T) {
	at := noon.Add(-time.Minute)
	problem := health.Problem{Kind: health.CRMSignIn, Text: "401", Since: at}
	for name, c := range map[string]struct {
		s        agent.Status
		text     string
		symbol   string
		progress string
		fraction float64
	}{
		"well":     {agent.Status{Phase: agent.Idle, MailAt: at, CRMAt: at, Counts: offline.Counts{Waiting: 3}}, "All is well · mail 11:59 · CRM 11:59 · 3 waiting", "ok", "", -1},
		"new":      {agent.Status{Phase: agent.Idle}, "Not connected yet", "info", "", -1},
		"counted":  {agent.Status{Phase: agent.Syncing, MailAt: at, Doing: "Reading Inbox", Done: 120, Total: 450}, "Syncing · mail 11:59 · CRM never", "sync", "Reading Inbox · 120 of 450", 120.0 / 450},
		"endless":  {agent.Status{Phase: agent.Syncing, CatchUp: true, MailAt: at, CRMAt: at, Done: 7}, "Catching up · mail 11:59 · CRM 11:59", "sync", "Syncing · 7", -1},
		"offline":  {agent.Status{Phase: agent.Offline, MailAt: at, CRMAt: at, NextTry: noon.Add(30 * time.Second)}, "Offline: what is here can be read and tracked · next try 12:00:30 · mail 11:59 · CRM 11:59", "offline", "", -1},
		"problem":  {agent.Status{Phase: agent.NeedsMe, MailAt: at, CRMAt: at, Problems: []health.Problem{problem, problem}}, "The CRM refuses the sign-in and 1 more · mail 11:59 · CRM 11:59", string(SignAttention), "", -1},
		"paused":   {agent.Status{Phase: agent.Paused, MailAt: at, CRMAt: at, Problems: []health.Problem{problem}}, "Paused: nothing is carried until you resume · mail 11:59 · CRM 11:59", "pause", "", -1},
		"overshot": {agent.Status{Phase: agent.Syncing, MailAt: at, CRMAt: at, Doing: "Tracking", Done: 9, Total: 8}, "Syncing · mail 11:59 · CRM 11:59", "sync", "Tracking · 9 of 8", 1},
	} {
		l := NewStatusLine(c.s, noon)
		if l.Text != c.text || l.Symbol != c.symbol || l.Progress != c.progress || l.Fraction != c.fraction {
			t.Errorf("%s: got %q %s %q %v", name, l.Text, l.Symbol, l.Progress, l.Fraction)
		}
	}
}
