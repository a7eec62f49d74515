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
	"postrider/agent/dav"
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
// time, makes all of it in the local organization, looks again with nothing changed,
// and with 100 changed; beside it, in the same run, vdirsyncer reads the same
// collection to disk. Ratios below 1 are in Postrider's favour.
func BenchmarkPeople(b *testing.B) {
	if _, err := exec.LookPath("vdirsyncer"); err != nil {
		b.Fatal("this benchmark needs the program vdirsyncer: install the Debian package vdirsyncer")
	}
	for _, n := range peopleCounts(b) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				onePeople(b, n)
			}
		})
	}
}

func onePeople(b *testing.B, n int) {
	r := newActRig(b, davtest.StartRadicale(b))
	fillPeople(b, r.dav, n)
	sync, again := vdirsyncer(b, r.dav)
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
		nothing, req := took("nothing changed")
		b.ReportMetric(nothing.Seconds()/again.Seconds(), "nothing/vdirsyncer")
		b.ReportMetric(float64(req.DAV), "requests/nothing")
		changeSome(b, r, 100)
		some, _ := took("100 changed")
		b.ReportMetric(some.Seconds(), "s/100-changed")
		for _, c := range must(a.Collections()) {
			r.must(a.TrackCollection(c.URL, true))
		}
		up, req := took("all made in the CRM")
		b.ReportMetric(up.Seconds(), "s/all-up")
		b.ReportMetric(float64(req.CRM), "requests/all-up")
	})
}

// changeSome changes contacts as another program does.
func changeSome(b *testing.B, r *actRig, n int) {
	b.Helper()
	c, err := dav.New(dav.Config{URL: r.dav.URL, User: r.dav.User, Services: []dav.Service{dav.CardDAV}, Secret: func(context.Context) (string, error) { return r.dav.Password, nil }})
	r.must(err)
	defer c.Close()
	coll := r.dav.Collection(b, c, offline.KindContact)
	var some []offline.Item
	r.must(c.Pull(b.Context(), coll, nil, func(d offline.ItemDelta) error {
		some = append(some, d.Changed...)
		return nil
	}))
	for _, it := range some[:n] {
		it.Raw, err = itemtext.Text{}.Edit(it.Kind, it.Raw, "", offline.Fields{"title": "Director"}, offline.Mark{}, time.UTC)
		r.must(err)
		_, err = c.Put(b.Context(), coll, it)
		r.must(err)
	}
}

// vdirsyncer syncs the address book to disk for the first time, and again.
func vdirsyncer(b *testing.B, f davtest.Fixture) (first, again time.Duration) {
	b.Helper()
	dir := b.TempDir()
	conf := filepath.Join(dir, "config")
	text := fmt.Sprintf("[general]\nstatus_path = %q\n[pair p]\na = \"disk\"\nb = \"dav\"\ncollections = [\"people\"]\n[storage disk]\ntype = \"filesystem\"\npath = %q\nfileext = \".vcf\"\n"+
		"[storage dav]\ntype = \"carddav\"\nurl = %q\nusername = %q\npassword = %q\n", filepath.Join(dir, "status"), filepath.Join(dir, "vcf"), f.URL, f.User, f.Password)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	run := func(args ...string) time.Duration {
		cmd := exec.CommandContext(b.Context(), "vdirsyncer", append([]string{"-c", conf}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		cmd.Stdin = strings.NewReader("y\ny\ny\n")
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("vdirsyncer %v: %v\n%s", args, err, out)
		}
		return time.Since(start)
	}
	run("discover")
	first = run("sync")
	again = run("sync")
	b.Logf("vdirsyncer: first %v, again %v", first.Round(time.Millisecond), again.Round(time.Millisecond))
	return first, again
}
