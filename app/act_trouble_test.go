package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"postrider/agent"
	"postrider/agent/dav/davtest"
	"postrider/agent/health"
	"postrider/offline"
)

// gate stands before a server and answers in its place where it wants to.
type gate struct {
	answer atomic.Pointer[func(method, path, body string) (status int)] // 0: the server's
}

// stands puts a gate before the rig's calendars and people.
func stands(r *actRig) *gate {
	to, err := url.Parse(r.dav.URL)
	r.must(err)
	to.Path = ""
	g := &gate{}
	g.open()
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to); p.Out.Host = p.In.Host }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // whoever asked is gone
		}
		if status := (*g.answer.Load())(req.Method, req.URL.Path, string(body)); status != 0 {
			w.WriteHeader(status)
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, req)
	}))
	r.t.Cleanup(srv.Close)
	behind := r.dav.URL
	r.dav.URL = srv.URL + strings.TrimPrefix(behind, to.String())
	r.configure("none")
	r.dav.URL = behind
	return g
}

func (g *gate) open() { g.shut(func(string, string, string) int { return 0 }) }

func (g *gate) shut(answer func(method, path, body string) int) { g.answer.Store(&answer) }

func (r *actRig) change(a *agent.Agent, name string, values map[string]any) {
	r.t.Helper()
	_, link, ok := r.item(a, name)
	if !ok {
		r.t.Fatalf("%s is not linked", name)
	}
	r.must(r.org.Update(string(link.Record.Kind), link.Record.ID, values))
}

// One item at which a server stumbles keeps no other back, is named, and is tried
// again with the next sync.
func TestAnItemThatAServerStumblesOverKeepsNothingBack(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	g := stands(r)
	var jobs []offline.Fields
	for i := range 6 {
		jobs = append(jobs, jobFields(i, tomorrow))
	}
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: jobs, offline.KindContact: {somebody(1).fields()}})
	g.shut(func(method, _, body string) int {
		if method == "PUT" && strings.Contains(body, "SUMMARY:Job 3") {
			return http.StatusInternalServerError
		}
		return 0
	})
	r.with(func(ctx context.Context, a *agent.Agent) {
		named := func(when string) {
			t.Helper()
			all := slices.DeleteFunc(a.Status().Problems, func(p health.Problem) bool { return p.Code != health.EntryFailed.Code })
			if len(all) != 1 || !strings.Contains(all[0].Text, "Job 3") || !strings.Contains(all[0].Text, "500") {
				t.Errorf("%s: what is said is %v", when, all)
			}
		}
		r.syncs(ctx, a)
		for i := range 6 {
			if it, _, _ := r.item(a, jobs[i]["subject"]); (it.Track.State == offline.Tracked) != (i != 3) {
				t.Errorf("%s is %+v", jobs[i]["subject"], it.Track)
			}
		}
		named("among others")
		g.open()
		r.syncs(ctx, a)
		if got := problems(a); slices.Contains(got, "entry-failed") {
			t.Errorf("with everything written, what is told is %v", got)
		}
		r.quiet(ctx, a)

		// By itself, too, and before a deletion.
		g.shut(func(method, _, body string) int {
			if method == "PUT" && strings.Contains(body, "SUMMARY:Job 3") {
				return http.StatusInternalServerError
			}
			return 0
		})
		r.change(a, "Job 3", map[string]any{"description": "changed there"})
		_, link, _ := r.item(a, "Job 4")
		r.must(r.org.Delete("task", link.Record.ID))
		r.syncs(ctx, a)
		named("by itself")
		if it, _, _ := r.item(a, "Job 4"); it.Key != 0 {
			t.Errorf("what was deleted in the CRM waits: %+v", it.Track)
		}
		g.open()
		r.syncs(ctx, a)
		if it, _, _ := r.item(a, "Job 3"); it.Fields["body"] != "changed there" {
			t.Errorf("it says %q", it.Fields["body"])
		}
		if got := problems(a); slices.Contains(got, "entry-failed") {
			t.Errorf("in the end, what is told is %v", got)
		}
		r.quiet(ctx, a)
	})
}

// A server that takes no write at all is named as what is in trouble, once, and
// keeps nothing of another account back.
func TestACalendarThatTakesNothingKeepsNoContactBack(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	g := stands(r)
	jobs := []offline.Fields{jobFields(1, tomorrow), jobFields(2, tomorrow), jobFields(3, tomorrow), jobFields(4, tomorrow)}
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: jobs, offline.KindContact: {somebody(1).fields()}})
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
		g.shut(func(method, path, _ string) int {
			if method == "PUT" && strings.Contains(path, "/tasks/") {
				return status
			}
			return 0
		})
		r.with(func(ctx context.Context, a *agent.Agent) {
			var said []health.Problem
			for range 2 {
				report, err := a.SyncOnce(ctx)
				if said = report.Problems; err == nil {
					t.Errorf("%d: nobody says that nothing is taken", status)
				}
			}
			if it, _, _ := r.item(a, somebody(1).first+" "+somebody(1).last); it.Track.State != offline.Tracked {
				t.Errorf("%d: the contact is %+v", status, it.Track)
			}
			blamed := map[string]int{}
			for _, p := range said {
				blamed[p.Subject]++
			}
			if blamed["calendar"] != 1 || blamed["crm"]+blamed["mailbox"]+blamed["people"] > 0 {
				t.Errorf("%d: blamed is %+v", status, said)
			}
		})
	}
	g.open()
	r.with(func(ctx context.Context, a *agent.Agent) {
		r.syncs(ctx, a)
		if linked, alone := pairs(t, a); len(linked) != 5 || alone != 0 {
			t.Errorf("in the end %q are in step, %d are not", linked, alone)
		}
		r.quiet(ctx, a)
	})
}

// What a server refuses is said until the server takes it.
func TestWhatAServerRefusesIsSaidUntilItIsTaken(t *testing.T) {
	r := newActRig(t, davtest.StartRadicale(t))
	g := stands(r)
	r.fillOrg(map[offline.Kind][]offline.Fields{offline.KindTask: {jobFields(1, tomorrow), jobFields(2, tomorrow)}})
	r.with(func(ctx context.Context, a *agent.Agent) {
		g.shut(func(method, _, body string) int {
			if method == "PUT" && strings.Contains(body, "SUMMARY:Job 2") {
				return http.StatusForbidden
			}
			return 0
		})
		r.syncs(ctx, a)
		it, _, _ := r.item(a, "Job 2")
		if got := problems(a); it.Track.State != offline.Failed || !slices.Contains(got, "entry-failed") {
			t.Fatalf("it is %+v, and what is told is %v", it.Track, got)
		}
		g.open()
		r.quiet(ctx, a)
		if got := problems(a); !slices.Contains(got, "entry-failed") {
			t.Errorf("not tried again, what is told is %v", got)
		}
		r.must(a.RetryItems([]uint64{it.Key}))
		r.syncs(ctx, a)
		it, _, _ = r.item(a, "Job 2")
		if got := problems(a); it.Track.State != offline.Tracked || slices.Contains(got, "entry-failed") {
			t.Errorf("it is %+v, and what is told is %v", it.Track, got)
		}
		r.quiet(ctx, a)
	})
}
