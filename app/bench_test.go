//go:build unix

package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
	"postrider/agent/message"
	"postrider/agent/track"
	"postrider/offline"

	imapv2 "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// benchMessages is the size of the mailbox of the whole runs.
const benchMessages = 20_000

// bulk makes messages of about 5 KB.
func bulk(n int) []imaptest.Mail {
	body := strings.Repeat("A line of an ordinary message, as people write them every day.\r\n", 70)
	mails := make([]imaptest.Mail, n)
	for i := range mails {
		m := letter(fmt.Sprintf("<bulk%d@mail.example>", i), began.Add(time.Duration(i)*time.Minute),
			fmt.Sprintf("From: Sender Number %d <sender%d@else.example>", i%500, i%500), "To: Ann Lindqvist <"+me+">",
			fmt.Sprintf("Subject: Message number %d about this and that", i),
			"Received: from a.example by b.example; Mon, 2 Mar 2026 09:00:00 +0000", "X-Mailer: something")
		m.Raw = append(m.Raw, body...)
		mails[i] = m
	}
	return mails
}

// BenchmarkFirstScan measures the first scan of all headers into the encrypted
// store against a minimal go-imap client that fetches the same items and
// discards them, in one run: each on a server that has never been asked for
// these messages, then each again on the same server. Goal: at most 1.5 times.
func BenchmarkFirstScan(b *testing.B) {
	mails := bulk(benchMessages)
	for b.Loop() {
		var cold, warm [2]time.Duration
		for i, scan := range []func(*rig) time.Duration{minimalScan, storeScan} {
			r := &rig{t: b, dove: imaptest.StartDovecot(b, imaptest.Options{User: me})}
			r.dove.Add("INBOX", mails...)
			r.home = b.TempDir()
			cold[i] = scan(r)
			r.home = b.TempDir()
			warm[i] = scan(r)
			r.dove.Stop()
		}
		b.ReportMetric(benchMessages/cold[1].Seconds(), "msgs/s-cold")
		b.ReportMetric(benchMessages/warm[1].Seconds(), "msgs/s-warm")
		b.ReportMetric(float64(cold[1])/float64(cold[0]), "x-minimal-cold")
		b.ReportMetric(float64(warm[1])/float64(warm[0]), "x-minimal-warm")
	}
}

// minimalScan fetches what a first scan fetches, and discards it.
func minimalScan(r *rig) time.Duration {
	start := time.Now()
	c, err := imapclient.DialTLS(r.dove.TLSAddr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: r.dove.Roots}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(r.dove.User, r.dove.Password).Wait(); err != nil {
		r.t.Fatal(err)
	}
	if _, err := c.Select("INBOX", &imapv2.SelectOptions{ReadOnly: true, CondStore: true}).Wait(); err != nil {
		r.t.Fatal(err)
	}
	var all imapv2.UIDSet
	all.AddRange(1, 0)
	cmd := c.Fetch(all, &imapv2.FetchOptions{UID: true, Flags: true, InternalDate: true, RFC822Size: true, ModSeq: true,
		BodySection: []*imapv2.FetchItemBodySection{{Specifier: imapv2.PartSpecifierHeader, HeaderFields: message.Fields(), Peek: true}}})
	n := 0
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		n++
		for it := m.Next(); it != nil; it = m.Next() {
			if s, ok := it.(imapclient.FetchItemDataBodySection); ok && s.Literal != nil {
				io.Copy(io.Discard, s.Literal)
			}
		}
	}
	if err := cmd.Close(); err != nil || n != benchMessages {
		r.t.Fatalf("%d messages, %v", n, err)
	}
	return time.Since(start)
}

// idleCRM is a CRM with nothing in it, for measuring the mailbox's side alone.
type idleCRM struct{}

func (idleCRM) Me(context.Context) (offline.User, error) {
	return offline.User{ID: "me", Organization: "none"}, nil
}
func (idleCRM) Pull(context.Context, []offline.CRMCursor, func(offline.RecordDelta) error) error {
	return nil
}
func (idleCRM) EmailsByIdentity(context.Context, []string) ([]offline.Record, error) { return nil, nil }
func (idleCRM) EmailsByToken(context.Context, []string) ([]offline.Record, error)    { return nil, nil }
func (idleCRM) Exists(context.Context, []offline.Ref) (map[offline.Ref]bool, error)  { return nil, nil }
func (idleCRM) Push(context.Context, []offline.Write) ([]offline.Outcome, error)     { return nil, nil }
func (idleCRM) Search(context.Context, string, []offline.Kind, int) ([]offline.Record, error) {
	return nil, nil
}
func (idleCRM) Requests() (all, writes int64) { return 0, 0 }

// storeScan is Postrider's first scan; it returns the time from the start to
// the moment at which all headers are on disk.
func storeScan(r *rig) time.Duration {
	start := time.Now()
	key, err := parseKey(testStoreKey)
	if err != nil {
		r.t.Fatal(err)
	}
	store, err := offline.Open(filepath.Join(r.home, "store"), key, offline.OpenOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer store.Close()
	box, err := imap.New(imap.Config{Addr: r.dove.TLSAddr, User: r.dove.User, Auth: imap.Password, TLS: &tls.Config{RootCAs: r.dove.Roots},
		Secret: func(context.Context) (string, error) { return r.dove.Password, nil }})
	if err != nil {
		r.t.Fatal(err)
	}
	defer box.Close()
	a, err := agent.New(agent.Config{Store: store, Mailbox: box, CRM: idleCRM{}, Settings: agent.Settings{Filter: track.None, Folders: []string{"INBOX"}}})
	if err != nil {
		r.t.Fatal(err)
	}
	var once sync.Once
	var took time.Duration
	stop := a.Watch(func() {
		if strings.HasPrefix(a.Status().Doing, "Deciding") {
			once.Do(func() { took = time.Since(start) })
		}
	})
	defer stop()
	report, err := a.SyncOnce(context.Background())
	if err != nil || report.Counts.Seen != benchMessages {
		r.t.Fatalf("%+v, %v", report.Counts, err)
	}
	return took
}

// BenchmarkWholeFirstSync measures the program itself, in a process of its own
// without a window: its peak memory over the first sync (goal: under 100 MB),
// and what a sync with nothing changed costs (goal: one round trip per folder).
func BenchmarkWholeFirstSync(b *testing.B) {
	mails := bulk(benchMessages)
	program := buildProgram(b, "headless")
	for b.Loop() {
		r := newRig(b, "none")
		r.program = program
		r.dove.Add("INBOX", mails...)
		cmd := r.command(context.Background(), "sync", "--once", "--json")
		var buf bytes.Buffer
		cmd.Stdout = &buf
		peak, err := runForPeak(cmd)
		out := buf.Bytes()
		var first syncJSON
		if err != nil || json.Unmarshal(out, &first) != nil || first.Seen != benchMessages {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(first.Seconds, "s-first-sync")
		b.ReportMetric(peak/1024, "MB-peak")
		again := r.sync()
		// Signing in takes the same few commands however many folders there are.
		b.ReportMetric(float64(again.Requests.IMAP), "commands-unchanged")
		b.ReportMetric(float64(again.Requests.CRM), "crm-requests-unchanged")
		b.ReportMetric(again.Seconds*1000, "ms-unchanged")
	}
}

// runForPeak runs a command and returns the peak of its resident memory in KB.
// The kernel's own account at the end (ru_maxrss) would begin with what this
// process had when it forked, so the high-water mark is read while it runs.
func runForPeak(cmd *exec.Cmd) (peak float64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-time.After(2 * time.Millisecond):
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
			var kb float64
			fmt.Sscan(after, &kb)
			peak = max(peak, kb)
		}
	}
}

// BenchmarkTrackThousand counts the HTTP requests that tracking 1,000 messages
// takes (goal: under 60).
func BenchmarkTrackThousand(b *testing.B) {
	mails := bulk(1000)
	for b.Loop() {
		r := newRig(b, "none")
		r.dove.Add("INBOX", mails...)
		r.sync()
		args := []string{"track"}
		for i := range mails {
			args = append(args, fmt.Sprintf("<bulk%d@mail.example>", i))
		}
		if out, errOut, code := r.run(args...); code != 0 {
			b.Fatalf("%d %s %s", code, out[:min(len(out), 500)], errOut)
		}
		start := time.Now()
		s := r.sync()
		if s.Tracked != 1000 {
			b.Fatalf("%+v", s)
		}
		b.ReportMetric(float64(s.Requests.CRM), "http-requests")
		b.ReportMetric(1000/time.Since(start).Seconds(), "tracked/s")
	}
}

// BenchmarkFirstFrame measures the time from the start of the process to the
// first frame with 20,000 cached messages, under Xvfb (goal: under 500 ms).
func BenchmarkFirstFrame(b *testing.B) {
	program := buildProgram(b, "migrated_fynedo")
	r := newRig(b, "none")
	r.dove.Add("INBOX", bulk(benchMessages)...)
	r.sync()
	r.dove.Stop()
	display, stop := benchScreen(b)
	defer stop()
	for b.Loop() {
		log := filepath.Join(r.home, "log", "postrider.log")
		os.Remove(log)
		cmd := exec.Command(program, "--home", r.home)
		cmd.Env = append(os.Environ(), "DISPLAY="+display, "LIBGL_ALWAYS_SOFTWARE=1", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
		start := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		for deadline := start.Add(time.Minute); ; <-time.After(2 * time.Millisecond) {
			if raw, _ := os.ReadFile(log); bytes.Contains(raw, []byte("first frame")) {
				break
			}
			if time.Now().After(deadline) {
				b.Fatal("no frame within a minute")
			}
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-first-frame")
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	}
}

// buildProgram builds the program as people run it.
func buildProgram(b *testing.B, tags string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "postrider")
	if out, err := exec.Command("go", "build", "-tags", tags, "-trimpath", "-o", program, "postrider").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return program
}

func benchScreen(b *testing.B) (display string, stop func()) {
	cmd := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatalf("%v: install Debian's package xvfb", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return ":" + strings.TrimSpace(line), func() { cmd.Process.Kill(); cmd.Wait() }
}
