package health

import (
	"testing"
	"time"

	"postrider/offline"
)

func TestAProblemShowsAfterItsDelayAndKeepsItsAge(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	heard := 0
	tr := New(func() time.Time { return now }, func() { heard++ })
	began := now
	tr.Set(MailboxUnreachable, "mailbox", "no route")
	if len(tr.Current()) != 0 || len(tr.All()) != 1 {
		t.Errorf("at once: %d shown, %d at hand", len(tr.Current()), len(tr.All()))
	}
	now = now.Add(MailboxUnreachable.Delay)
	tr.Set(MailboxUnreachable, "mailbox", "no route")
	ps := tr.Current()
	if len(ps) != 1 || !ps[0].Since.Equal(began) || ps[0].Remedy == "" {
		t.Errorf("after the delay: %+v", ps)
	}
	if heard != 1 {
		t.Errorf("told %d times of one problem", heard)
	}
	tr.Clear(MailboxUnreachable, "mailbox")
	tr.Clear(MailboxUnreachable, "mailbox")
	if len(tr.All()) != 0 || heard != 2 {
		t.Errorf("cleared: %d at hand, told %d times", len(tr.All()), heard)
	}
}

func TestTheLoudestProblemComesFirst(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tr := New(func() time.Time { return now }, nil)
	tr.Set(CRMNoRead, "lead", "")
	tr.Set(ItemFailed, "message 2", "")
	tr.Set(ItemFailed, "message 1", "")
	now = now.Add(time.Second)
	tr.Set(StoreFull, "store", "")
	got := ""
	for _, p := range tr.Current() {
		got += string(p.Code) + " " + p.Subject + "; "
	}
	if want := "store-full store; item-failed message 1; item-failed message 2; crm-no-read lead; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	tr.ClearSubject("message 1", ItemFailed, StoreFull)
	if n := len(tr.All()); n != 3 {
		t.Errorf("%d left", n)
	}
}

func TestEachClassOfFailureHasItsProblem(t *testing.T) {
	for class, want := range map[offline.FaultClass][2]Code{
		offline.FaultNetwork:   {"mailbox-unreachable", "crm-unreachable"},
		offline.FaultServer:    {"mailbox-unreachable", "crm-unreachable"},
		offline.FaultThrottled: {"mailbox-unreachable", "crm-throttled"},
		offline.FaultAuth:      {"mailbox-sign-in", "crm-sign-in"},
		offline.FaultDenied:    {"mailbox-sign-in", "crm-denied"},
		offline.FaultTLS:       {"mailbox-tls", "crm-tls"},
		offline.FaultProtocol:  {"mailbox-answer", "crm-answer"},
	} {
		if got := Of(class, true).Code; got != want[0] {
			t.Errorf("%s of the mailbox is %s", class, got)
		}
		if got := Of(class, false).Code; got != want[1] {
			t.Errorf("%s of the CRM is %s", class, got)
		}
	}
}

func TestOnlyWhatIsTheServersIsAProblemOfSending(t *testing.T) {
	for class, want := range map[offline.FaultClass]Code{
		offline.FaultNetwork: "send-unreachable", offline.FaultAuth: "send-sign-in", offline.FaultTLS: "send-tls", offline.FaultProtocol: "send-answer",
		offline.FaultThrottled: "", offline.FaultServer: "", // "try later", of one message
		offline.FaultRejected: "", offline.FaultDenied: "", offline.FaultDoubt: "", "": "",
	} {
		if k, ok := OfSending(class); k.Code != want || ok != (want != "") {
			t.Errorf("%s: %s, %v", class, k.Code, ok)
		}
	}
}
