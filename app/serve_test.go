package app

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"postrider/agent/smtp/smtptest"
)

func TestTheDoctorFindsNothingWrongWithAGoodProfile(t *testing.T) {
	r := newRig(t, "replies")
	out, errOut, code := r.run("doctor")
	if code != 0 || strings.Count(out, "✓") != 5 || strings.Contains(out, "✗") {
		t.Errorf("ended with %d:\n%s%s", code, out, errOut)
	}
}

func TestTheDoctorExplainsWhatIsWrong(t *testing.T) {
	r := newRig(t, "replies")
	r.dove.Password = "wrong"
	r.token = "wrong"
	r.configure("replies")
	out, _, code := r.run("doctor")
	if code != 1 || !strings.Contains(out, "✗ mailbox") || !strings.Contains(out, "✗ CRM") || !strings.Contains(out, "✓ store") {
		t.Errorf("ended with %d:\n%s", code, out)
	}
}

func TestTheDoctorTriesToSignInForSending(t *testing.T) {
	r := newRig(t, "replies")
	p := smtptest.StartPostfix(t, smtptest.Options{})
	r.dove = p.Dovecot
	user := strings.ReplaceAll(p.Dovecot.User, "@", "%40")
	for _, c := range []struct{ line, want string }{
		{`smtp = "smtps://` + user + "@" + p.TLSAddr + `"`, "✓ sending"},
		{`smtp = "smtp://` + user + "@" + p.Addr + `"`, "✓ sending"},
		{`smtp = "smtps://` + user + "@" + p.TLSAddr + "\"\nsmtp_password_command = \"echo wrong\"", "535 5.7.8"},
		{`smtp = "smtps://` + p.TLSAddr + `"`, "as " + me + ": the server says: 535"},
		{"", "· sending       no server"},
	} {
		r.mailbox = []string{c.line}
		r.configure("replies")
		out, errOut, _ := r.run("doctor")
		if !strings.Contains(out, c.want) || strings.Contains(out, "wrong") {
			t.Errorf("%s:\n%s%s", c.line, out, errOut)
		}
	}
}

// The commands reach the Postrider that runs, and a terminate signal ends it
// cleanly: it would exit with 1 were it not done within two seconds.
func TestTheCommandsReachTheRunningPostrider(t *testing.T) {
	r := newRig(t, "none")
	r.dove.Add("INBOX", letter("<1@x>", began, "From: "+contactAddr(0), "To: "+me, "Subject: one"))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := r.command(ctx, "sync")
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var st statusJSON
	for ask(ctx, r.home, request{Do: "status"}, &st) != nil || st.Seen != 1 || st.Waiting != 0 {
		select {
		case err := <-ended:
			t.Fatalf("it ended early: %v %s", err, printed.String())
		case <-ctx.Done():
			t.Fatalf("the first sync did not end: %+v", st)
		case <-time.After(20 * time.Millisecond):
		}
	}
	out, errOut, code := r.run("track", "1@x", "--regarding", "opportunity:"+offerID, "--json")
	var did actionJSON
	if err := json.Unmarshal([]byte(out), &did); err != nil || code != 0 || len(did.Messages) != 1 || did.Messages[0].ID != "<1@x>" {
		t.Fatalf("track: %v %d %s%s", err, code, out, errOut)
	}
	if s := r.sync(); s.Tracked != 1 {
		t.Errorf("after track: %+v", s)
	}
	if got := r.tracked(); len(got) != 1 || !strings.Contains(got[0], "about="+offerID) {
		t.Errorf("emails %v", got)
	}
	if out, errOut, code = r.run("untrack", "<1@x>"); code != 0 {
		t.Errorf("untrack: %d %s%s", code, out, errOut)
	}
	if out, _, _ = r.run("status", "--json"); !strings.Contains(out, `"running":true`) || !strings.Contains(out, `"tracked":0`) {
		t.Errorf("status: %s", out)
	}
	// New mail is noticed by the server's push, without being asked for.
	r.dove.Add("INBOX", letter("<2@x>", began, "From: "+contactAddr(0), "To: "+me, "Subject: two"))
	for st.Seen != 2 {
		if err := ask(ctx, r.home, request{Do: "status"}, &st); err != nil {
			t.Fatalf("the new message was not noticed: %v", err)
		}
		<-time.After(20 * time.Millisecond)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := <-ended; err != nil {
		t.Errorf("terminated, it ended with %v: %s", err, printed.String())
	}
}
