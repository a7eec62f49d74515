//go:build unix

package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/agent/track"
	"postrider/offline"
)

// A week away.
const (
	weekNew     = 500
	weekFlags   = 2000
	weekDeleted = 300
)

// weekMessages is how many messages the mailbox has before: 100,000, unless
// POSTRIDER_BENCH_MESSAGES says otherwise.
func weekMessages(b *testing.B) int {
	n := 100_000
	if s := os.Getenv("POSTRIDER_BENCH_MESSAGES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < weekFlags+weekDeleted {
			b.Fatalf("POSTRIDER_BENCH_MESSAGES=%s: at least %d are needed", s, weekFlags+weekDeleted)
		}
	}
	return n
}

// fill puts messages of about 2 KB into the INBOX, numbered from.
func fill(d *imaptest.Dovecot, from, n int) {
	body := strings.Repeat("A line of an ordinary message, as people write them every day.\r\n", 25)
	for ; n > 0; n -= min(n, 1000) {
		mails := make([]imaptest.Mail, min(n, 1000))
		for i := range mails {
			mails[i] = letter(fmt.Sprintf("<week%d@mail.example>", from), began.Add(time.Duration(from)*time.Second),
				fmt.Sprintf("From: Sender Number %d <sender%d@else.example>", from%500, from%500), "To: Ann Lindqvist <"+me+">",
				fmt.Sprintf("Subject: Message number %d about this and that", from))
			mails[i].Raw = append(mails[i].Raw, body...)
			from++
		}
		d.Add("INBOX", mails...)
	}
}

// BenchmarkAWeekAway measures catching up with a mailbox of 100,000 messages
// after 500 new ones, 2,000 changed flags and 300 deletions: from the start of
// the sync to everything on disk, and then the new messages' bodies, beside
// mbsync's incremental pull of the same mailbox. Goal: faster. Postrider goes
// first, when the server has not been asked for the new messages yet, and over
// TLS; mbsync in clear and without waiting for the disk (FSync no).
func BenchmarkAWeekAway(b *testing.B) {
	for b.Loop() {
		r := &rig{t: b, dove: imaptest.StartDovecot(b, imaptest.Options{User: me}), home: b.TempDir()}
		before := weekMessages(b)
		fill(r.dove, 0, before)
		first := catchUp(r, 0)
		pull := mbsync(r)
		pull() // its own first pull

		hand := r.dove.Fixture().Hand(b)
		uids := hand.UIDs("INBOX")
		fill(r.dove, before, weekNew)
		step := len(uids) / (weekFlags + weekDeleted)
		var flagged, deleted []uint32
		for i := range weekFlags + weekDeleted {
			if i%7 == 6 && len(deleted) < weekDeleted {
				deleted = append(deleted, uids[i*step])
			} else {
				flagged = append(flagged, uids[i*step])
			}
		}
		hand.Flag("INBOX", `\Flagged`, true, flagged...)
		hand.Delete("INBOX", deleted...)
		hand.Close()

		ours := catchUp(r, uids[len(uids)-1])
		theirs := pull()
		if ours.seen != before+weekNew-weekDeleted || first.seen != before || ours.bodies != weekNew {
			b.Fatalf("%+v at first, then %+v", first, ours)
		}
		if want, got := before+weekNew-weekDeleted, r.pulled(); got != want {
			b.Fatalf("mbsync has %d messages, want %d", got, want)
		}
		b.ReportMetric(ours.headers.Seconds()*1000, "ms-headers")
		b.ReportMetric(ours.all.Seconds()*1000, "ms-with-bodies")
		b.ReportMetric(theirs.Seconds()*1000, "ms-mbsync")
		b.ReportMetric(float64(ours.all)/float64(theirs), "x-mbsync")
		b.ReportMetric(float64(ours.requests), "commands")
		b.ReportMetric(float64(ours.bytesIn[0])/1024, "KB-headers")
		b.ReportMetric(float64(ours.bytesIn[1])/1024, "KB-with-bodies")
		b.ReportMetric(float64(ours.bytesOut)/1024, "KB-sent")
		r.dove.Stop()
	}
}

// week is what a catch-up took.
type week struct {
	seen, bodies int
	headers, all time.Duration
	requests     int64    // to the headers
	bytesIn      [2]int64 // to the headers; with the bodies
	bytesOut     int64
}

// counted counts the bytes of a connection, as they are on the wire.
type counted struct {
	net.Conn
	in, out *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	return n, err
}

// catchUp opens the store, syncs the INBOX, and then fetches the bodies of what
// is newer than the UID last, if that is not 0.
func catchUp(r *rig, last uint32) (w week) {
	key, err := parseKey(testStoreKey)
	if err != nil {
		r.t.Fatal(err)
	}
	var in, out atomic.Int64
	start := time.Now()
	store, err := offline.Open(filepath.Join(r.home, "store"), key, offline.OpenOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer store.Close()
	box, err := imap.New(imap.Config{Addr: r.dove.TLSAddr, User: r.dove.User, Auth: imap.Password, TLS: &tls.Config{RootCAs: r.dove.Roots},
		Secret: func(context.Context) (string, error) { return r.dove.Password, nil },
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return counted{c, &in, &out}, err
		}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer box.Close()
	a, err := agent.New(agent.Config{Store: store, Mailbox: box, CRM: idleCRM{}, Settings: agent.Settings{Filter: track.None, Folders: []string{"INBOX"}}})
	if err != nil {
		r.t.Fatal(err)
	}
	report, err := a.SyncOnce(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	w.headers = time.Since(start)
	w.seen, w.requests, w.bytesIn[0] = report.Counts.Seen, box.Requests(), in.Load()
	if last != 0 {
		var uids []uint32
		for u := last + 1; u <= last+weekNew; u++ {
			uids = append(uids, u)
		}
		err = box.Bodies(context.Background(), offline.Folder{ID: 1, Name: "INBOX"}, uids, func(_ uint32, body io.Reader, err error) error {
			if err == nil {
				w.bodies++
				_, err = io.Copy(io.Discard, body)
			}
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	w.all, w.bytesIn[1], w.bytesOut = time.Since(start), in.Load(), out.Load()
	return w
}

// mbsync makes a configuration; the function returned pulls the INBOX by it.
func mbsync(r *rig) (pull func() time.Duration) {
	program, err := exec.LookPath("mbsync")
	if err != nil {
		r.t.Fatal("this benchmark needs mbsync: install the Debian package isync")
	}
	host, port, err := net.SplitHostPort(r.dove.Addr)
	if err != nil {
		r.t.Fatal(err)
	}
	conf := filepath.Join(r.home, "mbsyncrc")
	text := fmt.Sprintf("FSync no\n\nIMAPAccount a\nHost %s\nPort %s\nUser %s\nPass %s\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\nMaildirStore near\nPath %[5]s/\nInbox %[5]s/INBOX\n\nChannel c\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nCreate Near\nExpunge Near\nSyncState *\n",
		host, port, r.dove.User, r.dove.Password, filepath.Join(r.home, "pulled"))
	if err := os.MkdirAll(filepath.Join(r.home, "pulled"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return func() time.Duration {
		start := time.Now()
		if out, err := exec.Command(program, "-c", conf, "c").CombinedOutput(); err != nil {
			r.t.Fatalf("mbsync: %v: %.2000s", err, out)
		}
		return time.Since(start)
	}
}

// pulled counts the messages that mbsync has.
func (r *rig) pulled() (n int) {
	for _, sub := range []string{"cur", "new"} {
		list, err := os.ReadDir(filepath.Join(r.home, "pulled", "INBOX", sub))
		if err != nil {
			r.t.Fatal(err)
		}
		n += len(list)
	}
	return n
}
