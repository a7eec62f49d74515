package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap/imaptest"
	"postrider/offline"
)

// Every strange and hostile message there is goes through a real server into a
// real organization: the run ends, each one is tracked or set aside with a
// reason, and none keeps another from going.
func TestEveryHostileMessageIsTrackedOrSetAsideWithAReason(t *testing.T) {
	r := newRig(t, "all")
	files, err := filepath.Glob("../agent/message/testdata/corpus/*.eml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	var mails []imaptest.Mail
	add := func(raw []byte) {
		at = at.Add(time.Minute) // what has no header is told apart by when it came
		mails = append(mails, imaptest.Mail{Raw: raw, At: at})
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		add(raw)
	}
	const head = "From: big@moravia.example\r\nTo: " + me + "\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\n"
	add([]byte(head + "Message-ID: <10mb@x>\r\n" + strings.Repeat("X-Junk: "+strings.Repeat("j", 90)+"\r\n", 100_000) + "\r\nbody\r\n"))
	add([]byte("From: big@moravia.example\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\nMessage-ID: <million@x>\r\nTo: " + strings.Repeat("a@b.example,\r\n ", 1_000_000) + me + "\r\n\r\nbody\r\n"))
	add([]byte(head + "Message-ID: <25mb@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/zip; name=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 440_000) + "--b--\r\n"))
	nested := head + "Message-ID: <nested@x>\r\n"
	for range 1000 {
		nested += "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	}
	add([]byte(nested + "\r\ninnermost\r\n"))
	r.dove.Add("INBOX", mails...)

	p, err := openProfile(t.Context(), r.home)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 { // the second run finds nothing more to do
		if _, err := p.Agent.SyncOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var tracked, failed, aside int
	err = p.Store.View(func(tx *offline.Tx) error {
		keys, err := tx.FolderKeys(0)
		if err != nil {
			return err
		}
		for _, key := range keys {
			m, err := tx.Message(key)
			if err != nil {
				return err
			}
			switch m.Track.State {
			case offline.Tracked:
				tracked++
			case offline.Failed:
				failed++
				t.Logf("failed: %s %q: %s", m.Identity, m.Subject, m.Track.Reason)
				if m.Track.Reason == "" {
					t.Errorf("%s failed without a reason", m.Identity)
				}
			default:
				t.Errorf("%s %q is %q: %s", m.Identity, m.Subject, m.Track.State, m.Track.Reason)
			}
		}
		all, err := tx.SetAsides()
		for _, s := range all {
			aside++
			t.Logf("set aside: UID %d: %s", s.UID, s.Reason)
			if s.Reason == "" {
				t.Errorf("UID %d is set aside without a reason", s.UID)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if tracked+failed+aside != len(mails) {
		t.Errorf("%d tracked, %d failed and %d set aside of %d", tracked, failed, aside, len(mails))
	}
	emails := r.org.Rows("email", nil)
	if len(emails) != tracked {
		t.Errorf("%d emails in the CRM for %d tracked messages", len(emails), tracked)
	}
	for _, e := range emails {
		html, _ := e["description"].(string)
		if low := strings.ToLower(html); strings.Contains(low, "<script") || strings.Contains(low, "onerror=") && strings.Contains(low, "<img src=x") || strings.Contains(low, "src=\"http") {
			t.Errorf("%v has %.200q", e["messageid"], html)
		}
	}
	t.Logf("%d tracked, %d failed, %d set aside", tracked, failed, aside)
}
