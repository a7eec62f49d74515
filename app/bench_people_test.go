//go:build unix

package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/itemtext"
	"postrider/offline"
)

// peopleCounts are how many contacts the address book has: 2,000 and 10,000, unless
// POSTRIDER_BENCH_CONTACTS names one number.
func peopleCounts(b *testing.B) []int {
	if s := os.Getenv("POSTRIDER_BENCH_CONTACTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 200 {
			b.Fatalf("POSTRIDER_BENCH_CONTACTS=%s: at least 200 are needed", s)
		}
		return []int{n}
	}
	return []int{2000, 10_000}
}

// fillPeople puts contacts into the address book at once.
func fillPeople(b *testing.B, f davtest.Fixture, n int) {
	b.Helper()
	var all strings.Builder
	for i := range n {
		p := somebody(i).fields()
		p["title"], p["address1-street"], p["address1-city"], p["body"] = "Head of Purchasing", fmt.Sprint("Storgatan ", i), "Jönköping", strings.Repeat("Met at the fair. ", 8)
		raw, err := itemtext.Text{}.Edit(offline.KindContact, nil, fmt.Sprint("contact-", i), p, offline.Mark{}, time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		all.Write(raw)
	}
	if status, answer := f.Do(b, "PUT", "/jana/people/", "text/vcard", all.String()); status/100 != 2 {
		b.Fatalf("fill the address book: %d %s", status, answer)
	}
}

// BenchmarkPeople reads an address book of Radicale into the store for the first
// time, looks again with nothing changed, and with 100 changed, and then makes all of
// it in the local organization. Beside it, in the same run, vdirsyncer syncs the same
// collection to disk, and a bare client sends the reports of a first sync and
// discards the answers. Ratios below 1 are in Postrider's favour.
func BenchmarkPeople(b *testing.B) {
	if _, err := exec.LookPath("vdirsyncer"); err != nil {
		b.Fatal("this benchmark needs the program vdirsyncer: install the Debian package vdirsyncer")
	}
	program := buildProgram(b, "headless")
	for _, n := range peopleCounts(b) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				onePeople(b, n, program)
			}
		})
	}
}

// mostMarked is up to how many contacts all are made in the CRM: each is written to
// once, for its mark, and such a write takes Radicale the longer the more there are
// (10 ms of 400, 34 ms of 2,000), whoever writes.
const mostMarked = 2000

func onePeople(b *testing.B, n int, program string) {
	r := newActRig(b, davtest.StartRadicale(b))
	fillPeople(b, r.dav, n)
	_, hrefs := readPeople(b, r) // Radicale reads each item when it is first asked for, and keeps what it read
	floor := bareRead(b, r, hrefs)
	b.ReportMetric(peakOf(b, r, program), "MB-peak")
	peer := newVdirsyncer(b, r.dav)
	sync, again := peer.sync(), peer.sync()
	withoutPeople(b, r)
	r.with(func(ctx context.Context, a *agent.Agent) {
		took := func(what string) (time.Duration, agent.Requests) {
			b.Helper()
			start := time.Now()
			rep, err := a.SyncOnce(ctx)
			r.must(err)
			d := time.Since(start)
			b.Logf("%d contacts, %s: %v, %d requests to the address book (%d write), %d to the CRM", n, what, d.Round(time.Millisecond), rep.Requests.DAV, rep.Requests.DAVWrites, rep.Requests.CRM)
			return d, rep.Requests
		}
		first, _ := took("first sync into the store")
		b.ReportMetric(first.Seconds(), "s/first")
		b.ReportMetric(first.Seconds()/sync.Seconds(), "first/vdirsyncer")
		b.ReportMetric(first.Seconds()/floor.Seconds(), "first/bare")
		nothing, req := took("nothing changed")
		b.ReportMetric(nothing.Seconds()/again.Seconds(), "nothing/vdirsyncer")
		b.ReportMetric(float64(req.DAV), "requests/nothing")
		changeSome(b, r, 100)
		some, req := took("100 changed")
		b.ReportMetric(some.Seconds(), "s/100-changed")
		b.ReportMetric(float64(req.DAV), "requests/100-changed")
		b.ReportMetric(some.Seconds()/peer.sync().Seconds(), "100-changed/vdirsyncer")
		if n > mostMarked {
			return
		}
		for _, c := range must(a.Collections()) {
			r.must(a.TrackCollection(c.URL, true))
		}
		up, req := took("all made in the CRM")
		b.ReportMetric(up.Seconds(), "s/all-up")
		b.ReportMetric(float64(req.CRM), "requests/all-up")
	})
}

// withoutPeople does the first sync of all but the address book, which others
// measure.
func withoutPeople(b *testing.B, r *actRig) {
	b.Helper()
	file := filepath.Join(r.home, configFile)
	whole, err := os.ReadFile(file)
	r.must(err)
	text := string(whole)
	from, to := strings.Index(text, "[people]"), strings.Index(text, "[crm]")
	r.must(os.WriteFile(file, []byte(text[:from]+text[to:]), 0o600))
	r.with(func(ctx context.Context, a *agent.Agent) {
		_, err := a.SyncOnce(ctx)
		r.must(err)
	})
	r.must(os.WriteFile(file, whole, 0o600))
}

// peakOf is the program's peak memory in MB over a first sync, in a process of its own.
func peakOf(b *testing.B, r *actRig, program string) float64 {
	b.Helper()
	o := r.another()
	o.program = program
	peak, err := runForPeak(o.command(b.Context(), "sync", "--once", "--json"))
	if err != nil {
		b.Fatal(err)
	}
	return peak / 1024
}

// readPeople reads the address book as the adapter does.
func readPeople(b *testing.B, r *actRig) (some []offline.Item, hrefs []string) {
	b.Helper()
	c := r.dav.Client(b)
	coll := r.dav.Collection(b, c, offline.KindContact)
	r.must(c.Pull(b.Context(), coll, nil, func(d offline.ItemDelta) error {
		some = append(some, d.Changed...)
		return nil
	}))
	for _, it := range some {
		hrefs = append(hrefs, it.Href)
	}
	return some, hrefs
}

// bareRead is how long a client takes that discards the answers.
func bareRead(b *testing.B, r *actRig, hrefs []string) time.Duration {
	b.Helper()
	coll := r.dav.Collection(b, r.dav.Client(b), offline.KindContact)
	start := time.Now()
	davtest.Bare(b, r.dav, coll, hrefs)
	d := time.Since(start)
	b.Logf("a bare client: %v", d.Round(time.Millisecond))
	return d
}

// changeSome changes contacts as another program does.
func changeSome(b *testing.B, r *actRig, n int) {
	b.Helper()
	c := r.dav.Client(b)
	coll := r.dav.Collection(b, c, offline.KindContact)
	some, _ := readPeople(b, r)
	for _, it := range some[:n] {
		raw, err := itemtext.Text{}.Edit(it.Kind, it.Raw, "", offline.Fields{"title": "Director"}, offline.Mark{}, time.UTC)
		r.must(err)
		it.Raw = raw
		_, err = c.Put(b.Context(), coll, it)
		r.must(err)
	}
}

// peer is vdirsyncer with the address book on one side and a folder on the other.
type peer struct {
	b    *testing.B
	conf string
}

func newVdirsyncer(b *testing.B, f davtest.Fixture) *peer {
	b.Helper()
	dir := b.TempDir()
	p := &peer{b, filepath.Join(dir, "config")}
	text := fmt.Sprintf("[general]\nstatus_path = %q\n[pair p]\na = \"disk\"\nb = \"dav\"\ncollections = [\"people\"]\n[storage disk]\ntype = \"filesystem\"\npath = %q\nfileext = \".vcf\"\n"+
		"[storage dav]\ntype = \"carddav\"\nurl = %q\nusername = %q\npassword = %q\n", filepath.Join(dir, "status"), filepath.Join(dir, "vcf"), f.URL, f.User, f.Password)
	if err := os.WriteFile(p.conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	p.run("discover")
	return p
}

func (p *peer) run(args ...string) time.Duration {
	p.b.Helper()
	cmd := exec.CommandContext(p.b.Context(), "vdirsyncer", append([]string{"-c", p.conf}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader("y\ny\ny\n")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		p.b.Fatalf("vdirsyncer %v: %v\n%s", args, err, out)
	}
	return time.Since(start)
}

func (p *peer) sync() time.Duration {
	d := p.run("sync")
	p.b.Logf("vdirsyncer: %v", d.Round(time.Millisecond))
	return d
}
