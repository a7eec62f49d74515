//go:build unix

package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// weekRounds is how many weeks pass, one after the other.
const weekRounds = 6

// BenchmarkAWeekAway measures catching up with a mailbox of 100,000 messages
// after 500 new ones, 2,000 changed flags and 300 deletions, beside mbsync's
// incremental pull of the same mailbox: each as it does it. Postrider catches up
// with headers and flags and brings bodies in when they are needed; mbsync pulls
// the bodies, too. Goal: faster. What it takes to have every new body on disk as
// well is reported beside. Several weeks pass, and the two take turns in going
// first, when the server has not been asked for the new messages yet. Both wait
// for the disk; Postrider goes over TLS, mbsync in clear.
func BenchmarkAWeekAway(b *testing.B) {
	for b.Loop() {
		r := &rig{t: b, dove: imaptest.StartDovecot(b, imaptest.Options{User: me}), home: b.TempDir()}
		n := weekMessages(b)
		fill(r.dove, 0, n)
		if first := catchUp(r, 0); first.seen != n {
			b.Fatalf("%+v at first", first)
		}
		pull := mbsync(r)
		pull() // its own first pull

		var ours [2][]week // by who went first: Postrider, mbsync
		var theirs [2][]time.Duration
		for round := range weekRounds {
			last := passWeek(r, n+round*weekNew)
			order := round % 2
			if order == 1 {
				theirs[1] = append(theirs[1], pull())
			}
			w := catchUp(r, last)
			ours[order] = append(ours[order], w)
			if order == 0 {
				theirs[0] = append(theirs[0], pull())
			}
			want := n + (round+1)*(weekNew-weekDeleted)
			if w.seen != want || w.bodies != weekNew {
				b.Fatalf("week %d: %+v, want %d messages", round, w, want)
			}
			if got := r.pulled(); got != want {
				b.Fatalf("mbsync has %d messages, want %d", got, want)
			}
		}
		r.dove.Stop()
		reportWeeks(b, ours, theirs)
	}
}

// passWeek makes the changes of a week; the new messages are numbered from. It
// returns the last UID before.
func passWeek(r *rig, from int) uint32 {
	hand := r.dove.Fixture().Hand(r.t)
	defer hand.Close()
	uids := hand.UIDs("INBOX")
	fill(r.dove, from, weekNew)
	step := len(uids) / (weekFlags + weekDeleted)
	var flagged, deleted []uint32
	for i := range weekFlags + weekDeleted {
		if i%7 == 6 && len(deleted) < weekDeleted {
			deleted = append(deleted, uids[i*step])
		} else {
			flagged = append(flagged, uids[i*step])
		}
	}
	hand.Flag("INBOX", `\Flagged`, from/weekNew%2 == 0, flagged...)
	hand.Delete("INBOX", deleted...)
	return uids[len(uids)-1]
}

// reportWeeks reports the medians.
func reportWeeks(b *testing.B, ours [2][]week, theirs [2][]time.Duration) {
	var headers, whole []time.Duration
	for _, w := range slices.Concat(ours[0], ours[1]) {
		headers, whole = append(headers, w.headers), append(whole, w.all)
	}
	peer := slices.Concat(theirs[0], theirs[1])
	b.ReportMetric(float64(median(headers))/float64(median(peer)), "x-mbsync")
	b.ReportMetric(float64(median(whole))/float64(median(peer)), "x-mbsync-with-bodies")
	b.ReportMetric(median(headers).Seconds()*1000, "ms-caught-up")
	b.ReportMetric(median(whole).Seconds()*1000, "ms-with-bodies")
	b.ReportMetric(median(peer).Seconds()*1000, "ms-mbsync")
	w := ours[0][0]
	b.ReportMetric(float64(w.requests), "commands")
	b.ReportMetric(float64(w.bytesIn[0])/1024, "KB-caught-up")
	b.ReportMetric(float64(w.bytesIn[1])/1024, "KB-with-bodies")
	b.ReportMetric(float64(w.bytesOut)/1024, "KB-sent")
	b.Logf("caught up %v, with bodies %v, mbsync %v", headers, whole, peer)
}

// median is the middle one; of an even number, the mean of the middle two.
func median(ds []time.Duration) time.Duration {
	ds = slices.Sorted(slices.Values(ds))
	return (ds[(len(ds)-1)/2] + ds[len(ds)/2]) / 2
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

// catchUp opens the store, syncs the INBOX, and then brings in the bodies of
// what is newer than the UID last, if that is not 0.
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
	a, err := agent.New(agent.Config{Store: store, Mailbox: box, Reader: box, CRM: idleCRM{}, Settings: agent.Settings{Filter: track.None, Folders: []string{"INBOX"}}})
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
		var keys []uint64
		err := store.View(func(tx *offline.Tx) error {
			f, err := tx.FolderByName("INBOX")
			if err != nil {
				return err
			}
			uids, err := tx.UIDs(f.ID)
			for _, u := range uids {
				if key, ok := tx.KeyAt(f.ID, u); ok && u > last {
					keys = append(keys, key)
				}
			}
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
		failed, err := a.FetchBodies(context.Background(), keys)
		if err != nil || len(failed) > 0 {
			r.t.Fatal(err, failed)
		}
		w.bodies = len(keys)
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
	text := fmt.Sprintf("IMAPAccount a\nHost %s\nPort %s\nUser %s\nPass %s\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\nMaildirStore near\nPath %[5]s/\nInbox %[5]s/INBOX\n\nChannel c\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nCreate Near\nExpunge Near\nSyncState *\n",
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
