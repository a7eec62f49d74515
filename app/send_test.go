package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/agent/smtp/smtptest"
)

// write puts a message into the outbox by the command line.
func (r *rig) write(text string, args ...string) draftJSON {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := r.command(ctx, append([]string{"send", "--json"}, args...)...)
	cmd.Stdin = strings.NewReader(text)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("send: %v %s", err, errOut.String())
	}
	var d draftJSON
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		r.t.Fatalf("send said %q: %v", out.String(), err)
	}
	return d
}

func (r *rig) outbox(args ...string) (o outboxJSON) {
	r.t.Helper()
	out, errOut, code := r.run(append([]string{"outbox", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &o); err != nil || code != 0 {
		r.t.Fatalf("outbox %v ended with %d: %v %s%s", args, code, err, out, errOut)
	}
	return o
}

// Sending through a real Postfix: the message arrives as it was written, is
// filed once in Sent, and is one Sent email in the CRM with its people, what it
// is about, its file and its token (R-TOKEN-05); a second sync does nothing.
func TestAMessageGoesThroughPostfixIsFiledOnceAndBecomesASentEmail(t *testing.T) {
	t.Parallel() // it waits more than it works
	post := smtptest.StartPostfix(t, smtptest.Options{})
	r := &rig{t: t, dove: post.Dovecot, addr: post.Dovecot.User}
	r.startOrg()
	var err error
	if r.user, err = r.org.AddUser("Jana", "Nováková", r.addr); err != nil {
		t.Fatal(err)
	}
	if _, err = r.org.Create("contact", map[string]any{"contactid": guid(77), "firstname": "Otto", "lastname": "Brandt", "emailaddress1": "otto@example.test"}); err != nil {
		t.Fatal(err)
	}
	if _, err = r.org.Create("lead", map[string]any{"leadid": guid(78), "subject": "Boss", "lastname": "Boss", "emailaddress1": "boss@example.test"}); err != nil {
		t.Fatal(err)
	}
	r.org.Grant(r.token, r.user)
	r.home = t.TempDir()
	r.mailbox = []string{fmt.Sprintf("smtp = %q", "smtps://"+post.TLSAddr)}
	r.configure("none")
	r.sync()
	file := filepath.Join(t.TempDir(), "Angebot für Brno.pdf")
	content := bytes.Repeat([]byte("%PDF not really\n"), 1000)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}

	d := r.write("Dear Otto,\n\nhere is the offer — 48 000 €.\n.\nJana\n", "--to", "Otto Brandt <otto@example.test>", "--bcc", "boss@example.test",
		"--subject", "Angebot für die Brünner Linie", "--attach", file, "--regarding", "opportunity:"+offerID)
	if d.State != "waiting" || d.MessageID == "" {
		t.Fatalf("in the outbox as %+v", d)
	}
	s := r.sync()
	if s.Tracked != 1 || s.Failed+s.Waiting != 0 {
		t.Errorf("after the sync: %+v, outbox %+v", s, r.outbox())
	}
	for _, raw := range post.Delivered(2) {
		if !strings.Contains(raw, "Message-Id: "+d.MessageID) && !strings.Contains(raw, "Message-ID: "+d.MessageID) || strings.Contains(raw, "boss@example.test>, ") {
			t.Errorf("delivered:\n%.2000s", raw)
		}
	}
	r.untilFiled()
	if n := r.dove.Count("Sent"); n != 1 {
		t.Errorf("Sent has %d messages", n)
	}
	got := r.tracked()
	if len(got) != 1 || !strings.Contains(got[0], d.MessageID+" out=true state=1/3 about="+offerID) || !strings.Contains(got[0], "files=1 ") ||
		!strings.Contains(got[0], "2:otto@example.test:"+guid(77)) || !strings.Contains(got[0], "4:boss@example.test:"+guid(78)) || !strings.Contains(got[0], "CRM:") {
		t.Errorf("in the CRM: %v", got)
	}
	r.sync() // reads the copy in Sent
	s = r.sync()
	if s.Requests.CRMWrites != 0 || r.dove.Count("Sent") != 1 || s.Tracked != 1 || s.Seen != 1 {
		t.Errorf("the second sync: %+v", s)
	}

	// A recipient whom the server refuses is named, with what it said, and
	// nobody got it; it can be taken back and thrown away.
	r.write("Hello", "--to", "otto@example.test, nobody@elsewhere.example", "--subject", "Refused")
	if out, _, code := r.run("sync", "--once", "--json"); code != 1 || !strings.Contains(out, `"send-failed"`) {
		t.Errorf("ended with %d: %s", code, out)
	}
	o := r.outbox()
	if len(o.Drafts) != 1 || o.Drafts[0].State != "failed" || !strings.Contains(o.Drafts[0].Reason, "nobody@elsewhere.example") {
		t.Fatalf("refused, the outbox has %+v", o)
	}
	if n := len(post.Delivered(2)); n != 2 {
		t.Errorf("%d messages were delivered in all", n)
	}
	id := fmt.Sprint(o.Drafts[0].ID)
	if o = r.outbox("cancel", id); len(o.Drafts) != 1 || o.Drafts[0].State != "editing" {
		t.Errorf("taken back, the outbox has %+v", o)
	}
	if o = r.outbox("discard", id); len(o.Drafts) != 0 {
		t.Errorf("thrown away, the outbox has %+v", o)
	}
}

// untilFiled syncs until the outbox is empty: before Postrider files a copy it
// looks a few times whether the provider did.
func (r *rig) untilFiled() {
	r.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for len(r.outbox().Drafts) > 0 {
		if time.Now().After(deadline) {
			r.t.Fatalf("still in the outbox: %+v", r.outbox())
		}
		<-time.After(time.Second)
		r.sync()
	}
}

// A crash at any instant of sending, by kill -9: every message goes once. More
// than once goes none; one that may have gone is in doubt, says so, and is not
// sent again by itself (docs/sending.md).
func TestKilledWhileSendingNoMessageGoesTwiceOrIsLost(t *testing.T) {
	t.Parallel() // it waits more than it works
	r := newRig(t, "none")
	office := openPostOffice(t)
	office.serve(r, "none")
	r.sync()
	const n = 12
	for i := range n {
		r.write(fmt.Sprintf("Number %d.", i), "--to", contactAddr(i%3), "--subject", fmt.Sprintf("Number %d", i), "--regarding", "account:"+accountID)
	}
	start := time.Now()
	quick := newRig(t, "none") // how long an undisturbed run takes
	quick.sync()
	whole := time.Since(start) + 200*time.Millisecond
	chance := rand.New(rand.NewPCG(3, 5))
	for range 12 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(chance.Int64N(int64(whole))))
		r.command(ctx, "sync", "--once").Run()
		cancel()
	}
	doubt := map[string]bool{}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		out, _, _ := r.run("sync", "--once", "--json")
		left := 0
		for _, d := range r.outbox().Drafts {
			if d.Doubt && d.State == "failed" {
				doubt[d.MessageID] = true
			} else {
				left++
			}
		}
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still in the outbox: %+v\n%s", r.outbox(), out)
		}
		<-time.After(500 * time.Millisecond)
	}
	went := map[string]int{}
	for _, p := range office.collect() {
		went[p.header(t, "Message-ID")]++
	}
	for id, times := range went {
		if times != 1 {
			t.Errorf("%s went %d times", id, times)
		}
	}
	missing := n - len(went)
	if missing > len(doubt) {
		t.Errorf("%d went, %d are in doubt, of %d", len(went), len(doubt), n)
	}
	for _, d := range r.outbox().Drafts { // the user looks, and says what became of them
		verb := "retry"
		if went[d.MessageID] > 0 {
			verb = "went"
		}
		r.outbox(verb, fmt.Sprint(d.ID))
	}
	s := r.syncUntilDone()
	if s.Tracked != n || s.Failed != 0 || r.dove.Count("Sent") != n || r.org.Count("email") != n {
		t.Errorf("in the end: %+v, %d in Sent, %d in the CRM", s.Counts, r.dove.Count("Sent"), r.org.Count("email"))
	}
	t.Logf("%d of %d were in doubt", len(doubt), n)
}
