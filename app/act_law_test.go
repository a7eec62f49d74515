package app

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/agent/dav"
	"postrider/agent/itemtext"
	"postrider/agent/merge"
	"postrider/app/demo/davd"
	"postrider/app/localorg"
	"postrider/offline"
)

// The law of appointments, contacts and tasks: whatever happens on both sides, on
// two computers of the user, over connections that fail and programs that are cut
// off, in the end both sides agree, nothing that somebody typed is lost, nothing is
// there twice, and nothing more is written.

const lawUser = "ann@alder.example"

// lawLine is a connection that fails when it is told to.
type lawLine struct {
	to    http.Handler
	left  int  // requests until the fault; below zero: none comes
	after bool // the request is carried out, and its answer lost
	down  bool
	kind  string // "lose", "cut"
	cut   func()
	// rewrites: the server keeps what it is given in its own way.
	rewrites bool
	writes   int
	wrote    []string // the last ones, for people
}

var errLine = errors.New("connection reset by peer")

func (l *lawLine) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.down || r.Context().Err() != nil {
		return nil, errors.Join(errLine, r.Context().Err())
	}
	l.left--
	fails := l.left == 0
	if fails && !l.after {
		l.fail()
		return nil, errLine
	}
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		l.writes++
		if l.rewrites && r.Method == http.MethodPut {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			raw = bytes.ReplaceAll(raw, []byte("LOCATION:"), []byte("LOCATION:At "))
			r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(raw, []byte("LOCATION:At At "), []byte("LOCATION:At "))))
			r.ContentLength = -1
		}
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	l.to.ServeHTTP(w, r)
	if fails {
		l.fail()
		return nil, errLine
	}
	resp := w.Result()
	resp.Request = r
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		l.wrote = append(l.wrote, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header["If-Match"], r.Header["If-None-Match"], " ", resp.Status))
	}
	return resp, nil
}

func (l *lawLine) fail() {
	if l.kind == "cut" {
		l.cut()
	}
}

// noMail is a mailbox without folders.
type noMail struct{}

func (noMail) Folders(context.Context) ([]offline.Folder, error) { return nil, nil }
func (noMail) Sync(context.Context, offline.Folder, func() ([]uint32, error), func(offline.FolderDelta) error) error {
	return nil
}
func (noMail) Bodies(context.Context, offline.Folder, []uint32, func(uint32, io.Reader, error) error) error {
	return nil
}
func (noMail) Idle(ctx context.Context, _ offline.Folder) error { <-ctx.Done(); return ctx.Err() }
func (noMail) Requests() int64                                  { return 0 }
func (noMail) Close() error                                     { return nil }

// lawHome is one of the user's Postriders.
type lawHome struct {
	dir      string
	crm, dav *lawLine
	store    *offline.Store
	agent    *agent.Agent
}

// lawWorld is an organization, a server of calendars and address books, and two
// Postriders between them.
type lawWorld struct {
	t     *rapid.T
	org   *localorg.Org
	user  string
	serve *davd.Server
	own   *dav.Client // another program of the user
	homes [2]*lawHome
	alive map[string]string // what was typed and is not replaced yet, and where
	log   []string
	n     int
}

const lawPassword = "secret"

func newLawWorld(t *rapid.T, dir string, rewrites bool) *lawWorld {
	w := &lawWorld{t: t, alive: map[string]string{}}
	var err error
	w.org, err = localorg.Open(localorg.Options{Limits: localorg.Limits{Requests: -1, Execution: -1, Concurrent: -1}})
	w.must(err)
	w.user, err = w.org.AddUser("Ann", "Lindqvist", lawUser)
	w.must(err)
	for _, box := range w.org.Rows("mailbox", nil) {
		w.must(w.org.Update("mailbox", fmt.Sprint(box["mailboxid"]), map[string]any{"actdeliverymethod": 0}))
	}
	w.serve = davd.New(lawUser, lawPassword, "law")
	for _, c := range []davd.Collection{{Path: "calendars/a", Name: "A", Holds: []string{"VEVENT"}}, {Path: "calendars/b", Name: "B", Holds: []string{"VEVENT"}}, {Path: "calendars/tasks", Name: "Tasks", Holds: []string{"VTODO"}}, {Path: "contacts/people", Name: "People"}} {
		w.serve.Add(c)
	}
	w.own = w.client(&lawLine{to: w.serve, left: -1}, nil)
	for i := range w.homes {
		w.homes[i] = &lawHome{dir: filepath.Join(dir, fmt.Sprint(i)), crm: &lawLine{left: -1}, dav: &lawLine{to: w.serve, left: -1, rewrites: rewrites}}
		w.open(w.homes[i])
		w.sync(w.homes[i])
		w.must(w.homes[i].agent.ConfirmFirstContact(offline.ItemKinds[:], nil))
		prefer := rapid.SampledFrom([]merge.Prefer{merge.Theirs, merge.Mine, merge.Newest, merge.Ask}).Draw(t, "prefer")
		w.say("%d prefers %q", i, prefer)
		w.must(w.homes[i].agent.SetPrefer(prefer))
		all, err := w.homes[i].agent.Collections()
		w.must(err)
		for _, c := range all {
			w.must(w.homes[i].agent.TrackCollection(c.URL, true))
		}
	}
	return w
}

func (w *lawWorld) must(err error) {
	if err != nil {
		w.t.Fatalf("%v\n%s", err, strings.Join(w.log, "\n"))
	}
}

func (w *lawWorld) client(line *lawLine, services []dav.Service) *dav.Client {
	c, err := dav.New(dav.Config{URL: "http://localhost/", User: lawUser, Transport: line, Services: services, Writers: 1, Secret: func(context.Context) (string, error) { return lawPassword, nil },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	w.must(err)
	return c
}

// open starts a Postrider.
func (w *lawWorld) open(h *lawHome) {
	w.must(os.MkdirAll(h.dir, 0o700))
	key := bytes.Repeat([]byte{7}, 32)
	var err error
	h.store, err = offline.Open(filepath.Join(h.dir, "store"), key, offline.OpenOptions{})
	w.must(err)
	h.crm.to = nil
	crm, err := dataverse.New(dataverse.Config{URL: "http://localhost", Transport: &orgLine{h.crm, w.org.Transport(w.user)}, Items: true,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	w.must(err)
	h.agent, err = agent.New(agent.Config{
		Store: h.store, Mailbox: noMail{}, Reader: &noMail{}, CRM: crm, ItemCRM: crm,
		Accounts: []agent.Account{{Name: "calendar", Kinds: []offline.Kind{offline.KindAppointment, offline.KindTask}, Directory: w.client(h.dav, []dav.Service{dav.CalDAV})}, {Name: "people", Kinds: []offline.Kind{offline.KindContact}, Directory: w.client(h.dav, []dav.Service{dav.CardDAV})}},
		ItemText: itemText{itemtext.Text{Own: []string{lawUser}}}, Zone: time.UTC, Settings: agent.Settings{Filter: "none", Own: []string{lawUser}},
	})
	w.must(err)
}

// orgLine is the line to the organization.
type orgLine struct {
	*lawLine
	via http.RoundTripper
}

func (o *orgLine) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.down || r.Context().Err() != nil {
		return nil, errors.Join(errLine, r.Context().Err())
	}
	o.left--
	fails := o.left == 0
	if fails && !o.after {
		o.fail()
		return nil, errLine
	}
	resp, err := o.via.RoundTrip(r)
	if fails {
		if err == nil {
			resp.Body.Close()
		}
		o.fail()
		return nil, errLine
	}
	return resp, err
}

func (w *lawWorld) say(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// sync syncs once; failures are the world's.
func (w *lawWorld) sync(h *lawHome) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h.crm.cut, h.dav.cut = cancel, cancel
	_, err := h.agent.SyncOnce(ctx)
	w.say("  sync of %s: %v", filepath.Base(h.dir), err)
}

// typed is a text that nobody has typed before.
func (w *lawWorld) typed(where string) string {
	w.n++
	s := fmt.Sprintf("typed%dx", w.n)
	w.alive[s] = where
	return s
}

// replaced forgets what the user saw and wrote over.
func (w *lawWorld) replaced(texts ...string) {
	for _, t := range texts {
		for s := range w.alive {
			if strings.Contains(t, s) {
				delete(w.alive, s)
			}
		}
	}
}

// lawItem is an item as its server has it.
type lawItem struct {
	coll offline.Collection
	offline.Item
	info itemtext.Info
}

// items are all items at the server.
func (w *lawWorld) items() (out []lawItem) {
	ctx := context.Background()
	colls, err := w.own.Collections(ctx)
	w.must(err)
	for _, c := range colls {
		w.must(w.own.Pull(ctx, c, nil, func(d offline.ItemDelta) error {
			for _, it := range d.Changed {
				out = append(out, lawItem{c, it, itemtext.Text{Own: []string{lawUser}}.Read(it.Kind, it.Raw, time.UTC)})
			}
			return nil
		}))
	}
	// By what they say: ids differ from run to run.
	slices.SortFunc(out, func(a, b lawItem) int {
		return strings.Compare(fmt.Sprint(a.info.Fields["email1"], a.info.Fields), fmt.Sprint(b.info.Fields["email1"], b.info.Fields))
	})
	return out
}

// settle lets all come to rest, confirms what is held, and answers what is asked.
func (w *lawWorld) settle() {
	for _, h := range w.homes {
		h.crm.down, h.dav.down, h.crm.left, h.dav.left = false, false, -1, -1
	}
	w.say("settling")
	for range 4 {
		for _, h := range w.homes {
			w.sync(h)
			held, err := h.agent.HeldDeletions()
			w.must(err)
			var ids []uint64
			for _, d := range held {
				ids = append(ids, d.ID)
			}
			if len(ids) > 0 {
				w.must(h.agent.ConfirmDeletions(ids))
				w.sync(h)
			}
			w.answer(h)
		}
	}
}

// answer takes a side wherever the user is asked whose value holds. What is asked may
// be another thing after each answer, where the server rewrites what it is given.
func (w *lawWorld) answer(h *lawHome) {
	for range 20 {
		all, err := h.agent.Conflicts()
		w.must(err)
		i := slices.IndexFunc(all, func(c offline.Conflict) bool { return c.Winner == "" })
		if i < 0 {
			return
		}
		c := all[i]
		side, other := offline.SideItem, c.Theirs
		if rapid.Bool().Draw(w.t, "take the record's") {
			side, other = offline.SideRecord, c.Mine
		}
		w.say("in %s: %s of item %d: %s, not %s", filepath.Base(h.dir), c.Word, c.Item, side, other)
		w.replaced(other)
		w.must(h.agent.ResolveConflict(c.ID, side))
		w.sync(h)
	}
	w.fail("%s: the user is asked without end", h.dir)
}

func (w *lawWorld) fail(format string, args ...any) {
	w.t.Fatalf(format+"\n%s", append(args, strings.Join(w.log, "\n"))...)
}

// check looks at what came of it.
func (w *lawWorld) check() {
	before := w.org.Stats().WriteOperations + w.homes[0].dav.writes + w.homes[1].dav.writes
	for _, h := range w.homes {
		w.sync(h)
	}
	if after := w.org.Stats().WriteOperations + w.homes[0].dav.writes + w.homes[1].dav.writes; after != before {
		w.fail("all was at rest, and %d more writes were made: %q", after-before, append(w.homes[0].dav.wrote, w.homes[1].dav.wrote...))
	}
	items := w.items()
	var where strings.Builder
	marks := map[offline.Ref]string{}
	for _, it := range items {
		fmt.Fprintln(&where, it.info.Fields)
		if r := it.info.Mark.Record; !r.IsZero() {
			if other := marks[r]; other != "" {
				w.fail("%s is marked on %s and %s", r, other, it.Href)
			}
			marks[r] = it.Href
		}
	}
	tags := map[string]int{}
	for _, it := range items {
		tags[string(it.Kind)+it.info.Fields["email1"]+it.info.UID]++
	}
	for tag, n := range tags {
		if n > 1 {
			w.fail("%s is there %d times: %q %q", tag, n, w.homes[0].dav.wrote, w.homes[1].dav.wrote)
		}
	}
	for _, table := range lawTables {
		for _, row := range w.org.Rows(table, nil) {
			fmt.Fprintln(&where, row)
		}
	}
	for _, h := range w.homes {
		w.checkHome(h, &where)
	}
	for s, from := range w.alive {
		if !strings.Contains(where.String(), s) {
			w.fail("%q, typed as %s, is lost", s, from)
		}
	}
}

// checkHome looks at one store: its pairs agree, and it has nothing left to do.
func (w *lawWorld) checkHome(h *lawHome, where io.Writer) {
	w.must(h.store.View(func(tx *offline.Tx) error {
		conflicts, err := tx.Conflicts()
		w.must(err)
		tombs, err := tx.Tombstones()
		w.must(err)
		for _, c := range conflicts {
			fmt.Fprintln(where, c.Mine, c.Theirs, c.Base)
		}
		for _, t := range tombs {
			fmt.Fprintln(where, t.Item.Fields, t.Item.Edits)
			if t.Whole != nil && t.Whole.Item != nil {
				fmt.Fprintln(where, t.Whole.Item.Fields)
			}
		}
		undecided, _, err := tx.Undecided()
		w.must(err)
		if len(undecided) > 0 {
			w.fail("%s: %d items are not decided", h.dir, len(undecided))
		}
		return tx.Items(func(it *offline.Item) bool {
			if len(it.Edits) > 0 {
				w.fail("%s: item %d still waits: %v", h.dir, it.Key, it.Edits)
			}
			l, err := tx.ItemLink(it.Key)
			if err != nil {
				return true
			}
			rec, err := tx.Record(l.Record)
			w.must(err)
			for _, word := range lawWords[it.Kind] {
				mine := it.Fields[word]
				if l.Given[word] != "" && l.Kept[word] == mine {
					mine = l.Given[word]
				}
				if !merge.Same(it.Kind, word, mine, rec.Item.Fields[word]) {
					w.fail("%s: %s of item %d is %q and in the CRM %q", h.dir, word, it.Key, mine, rec.Item.Fields[word])
				}
			}
			return true
		})
	}))
}

// TestItemsConvergeWhateverHappens holds to the law; with a server that keeps what it
// is given in its own way, too. Long runs are for make test-long.
// R-CONTACT-02, R-DELETE-22, R-SYNC-04, R-CONFLICT-01, R-CONFLICT-02, R-CONFLICT-07.
func TestItemsConvergeWhateverHappens(t *testing.T) {
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		n := "12"
		if long() {
			n = "6000"
		}
		if err := flag.Set("rapid.checks", n); err != nil {
			t.Fatal(err)
		}
		defer flag.Set("rapid.checks", flag.Lookup("rapid.checks").DefValue)
	}
	for name, rewrites := range map[string]bool{"a server that keeps texts": false, "a server that rewrites them": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			runs := 0
			rapid.Check(t, func(t *rapid.T) {
				runs++
				home := filepath.Join(dir, fmt.Sprint(runs))
				defer os.RemoveAll(home)
				w := newLawWorld(t, home, rewrites)
				defer func() {
					for _, h := range w.homes {
						h.store.Close()
					}
					w.org.Close()
				}()
				t.Repeat(w.acts())
				w.settle()
				w.check()
			})
		})
	}
}
