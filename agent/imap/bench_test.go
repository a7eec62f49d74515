package imap_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/agent/message"
	"postrider/offline"
)

// benchMessages is how many messages of about 5 KB the benchmarks' mailbox has;
// POSTRIDER_BENCH_MESSAGES changes it.
func benchMessages(b *testing.B) int {
	if s := os.Getenv("POSTRIDER_BENCH_MESSAGES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 20_000
}

// benchLetter is a message as mail servers deliver them: with the trace of its
// way, and some text.
func benchLetter(n int) []byte {
	var b bytes.Buffer
	for i := range 3 {
		fmt.Fprintf(&b, "Received: from mx%d.example.com (mx%d.example.com [192.0.2.%d])\r\n\tby mail.example.test (Postfix) with ESMTPS id 4F%06d\r\n\tfor <jana@example.test>; Wed, 4 Mar 2026 10:15:00 +0100 (CET)\r\n", i, i, i+1, n)
	}
	fmt.Fprintf(&b, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; bh=%s;\r\n\tb=%s\r\n", bytes.Repeat([]byte("b"), 43), bytes.Repeat([]byte("s"), 340))
	fmt.Fprintf(&b, "Message-ID: <%08d.aabbccddeeff@mail.example.com>\r\nDate: Wed, 4 Mar 2026 10:%02d:00 +0100\r\n", n, n%60)
	fmt.Fprintf(&b, "From: \"Person %d\" <person%d@example.com>\r\nTo: Jana <jana@example.test>, Office <office@example.test>\r\n", n%500, n%500)
	if n%3 == 0 {
		fmt.Fprintf(&b, "In-Reply-To: <%08d.aabbccddeeff@mail.example.com>\r\nReferences: <%08d.aabbccddeeff@mail.example.com>\r\n <%08d.aabbccddeeff@mail.example.com>\r\n", n/3, n/9, n/3)
	}
	if n%5 == 0 {
		fmt.Fprintf(&b, "Subject: =?utf-8?Q?Nab=C3=ADdka_=C4=8D=2E_%d?=\r\n", n)
	} else {
		fmt.Fprintf(&b, "Subject: Re: Offer number %d for the second quarter\r\n", n)
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nX-Mailer: Example 1.0\r\n\r\n")
	for b.Len() < 5000 {
		b.WriteString("The quick brown fox jumps over the lazy dog, and the letter goes on for a while.\r\n")
	}
	return b.Bytes()
}

func benchDovecot(b *testing.B) (*imaptest.Dovecot, int) {
	n := benchMessages(b)
	d := imaptest.StartDovecot(b, imaptest.Options{})
	mails := make([]imaptest.Mail, 0, 1000)
	for i := range n {
		mails = append(mails, imaptest.Mail{Raw: benchLetter(i), At: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC), Flags: "S"})
		if len(mails) == cap(mails) || i == n-1 {
			d.Add("INBOX", mails...)
			mails = mails[:0]
		}
	}
	if got := minimalScan(b, d); got != n { // the server's caches are warm from here on
		b.Fatalf("%d messages, want %d", got, n)
	}
	return d, n
}

// minimalScan is the least that a go-imap client can do: fetch the same items in
// one command and discard them.
func minimalScan(b *testing.B, d *imaptest.Dovecot) int {
	c, err := imapclient.DialTLS(d.TLSAddr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: d.Roots, MinVersion: tls.VersionTLS12}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(d.User, d.Password).Wait(); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Select("INBOX", &goimap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	cmd := c.Fetch(goimap.UIDSet{{Start: 1, Stop: 0}}, &goimap.FetchOptions{
		UID: true, Flags: true, InternalDate: true, RFC822Size: true,
		BodySection: []*goimap.FetchItemBodySection{{Specifier: goimap.PartSpecifierHeader, HeaderFields: message.Fields(), Peek: true}},
	})
	n := 0
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		n++
		for it := m.Next(); it != nil; it = m.Next() {
		}
	}
	if err := cmd.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkFirstScan reads all headers of a mailbox, beside a minimal client
// that fetches the same and discards it: "ratio" is our time to its time (goal:
// at most 1.5).
func BenchmarkFirstScan(b *testing.B) {
	d, n := benchDovecot(b)
	var ours, minimal time.Duration
	b.ResetTimer()
	for b.Loop() {
		start := time.Now()
		if got := minimalScan(b, d); got != n {
			b.Fatalf("%d messages", got)
		}
		minimal += time.Since(start)
		start = time.Now()
		m := d.Fixture().Mailbox(b)
		got := 0
		err := m.Sync(b.Context(), offline.Folder{ID: 1, Name: "INBOX"}, nil, func(d offline.FolderDelta) error { got += len(d.New); return nil })
		if err != nil || got != n {
			b.Fatalf("%d messages, %v", got, err)
		}
		_ = m.Close()
		ours += time.Since(start)
	}
	b.ReportMetric(float64(n)*float64(b.N)/ours.Seconds(), "msgs/s")
	b.ReportMetric(float64(n)*float64(b.N)/minimal.Seconds(), "minimal-msgs/s")
	b.ReportMetric(ours.Seconds()/minimal.Seconds(), "ratio")
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(mem.Sys)/(1<<20), "MB-peak") // of the whole test process, never given back
}

// BenchmarkNoChange syncs a folder in which nothing changed (goal: one round
// trip).
func BenchmarkNoChange(b *testing.B) {
	d, _ := benchDovecot(b)
	var m *imap.Mailbox = d.Fixture().Mailbox(b)
	f := offline.Folder{ID: 1, Name: "INBOX"}
	take := func(d offline.FolderDelta) error { f.Cursor = d.Cursor; return nil }
	for range 2 {
		if err := m.Sync(b.Context(), f, nil, take); err != nil {
			b.Fatal(err)
		}
	}
	before := m.Requests()
	b.ResetTimer()
	for b.Loop() {
		if err := m.Sync(b.Context(), f, nil, take); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(m.Requests()-before)/float64(b.N), "commands/op")
}
