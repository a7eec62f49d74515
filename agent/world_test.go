package agent

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"postrider/agent/track"
	"postrider/offline"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fataler is what both *testing.T and *rapid.T can do.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// world is a mailbox, a CRM and a profile between them.
type world struct {
	t     fataler
	box   *fakeMailbox
	crm   *fakeCRM
	smtp  *fakeSender
	dir   string
	now   time.Time
	store *offline.Store
	agent *Agent
	set   Settings
	more  func(*Config) // what the agent is made of beside; nil: nothing
	n     int
}

var (
	acme  = offline.Ref{Kind: offline.KindAccount, ID: "acme"}
	offer = offline.Ref{Kind: offline.KindOpportunity, ID: "offer"}
	jana  = offline.Ref{Kind: offline.KindContact, ID: "jana"}
)

func newWorld(t *testing.T, f track.Filter) *world {
	t.Helper()
	w := startWorld(t, t.TempDir(), f)
	t.Cleanup(w.close)
	return w
}

func startWorld(t fataler, dir string, f track.Filter) *world {
	w := &world{t: t, box: newFakeMailbox(), dir: dir, now: day, set: Settings{Filter: f, Sent: true, Own: []string{"ann@alder.example"}}}
	w.crm = newFakeCRM(func() time.Time { return w.now })
	w.smtp = newFakeSender(w.box)
	for _, r := range []offline.Record{
		{Ref: offline.Ref{Kind: offline.KindUser, ID: "me"}, Name: "Ann", Addrs: []string{"ann@alder.example"}, Active: true},
		{Ref: acme, Name: "Acme", Addrs: []string{"info@acme.example"}, Active: true},
		{Ref: offer, Name: "Offer for Brno", Parent: acme, Active: true},
		{Ref: jana, Name: "Jana", Addrs: []string{"jana@acme.example"}, Parent: acme, Active: true},
	} {
		w.crm.put(r)
	}
	w.open()
	return w
}

// fakeReader is a second connection to the mailbox; what it asks is counted by
// the first.
type fakeReader struct{ *fakeMailbox }

func (fakeReader) Requests() int64 { return 0 }

var testKey = []byte("0123456789abcdef0123456789abcdef")

// open starts the program on the profile as it is on disk.
func (w *world) open() {
	w.t.Helper()
	var err error
	if w.store, err = offline.Open(w.dir, testKey, offline.OpenOptions{Now: func() time.Time { return w.now }}); err != nil {
		w.t.Fatalf("open the store: %v", err)
	}
	c := Config{
		Store: w.store, Mailbox: w.box, Reader: fakeReader{w.box}, CRM: w.crm, Conversations: w.crm, Settings: w.set,
		Sender: w.smtp, Filer: w.box, Tokens: w.crm, TemplateSource: w.crm, PendingMail: w.crm,
		Now: func() time.Time { return w.now },
	}
	if w.more != nil {
		w.more(&c)
	}
	w.agent, err = New(c)
	if err != nil {
		w.t.Fatalf("make the agent: %v", err)
	}
}

func (w *world) close() {
	if err := w.store.Close(); err != nil {
		w.t.Fatalf("close the store: %v", err)
	}
}

func (w *world) restart() {
	w.t.Helper()
	w.close()
	w.open()
}

func (w *world) sync() Report {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	r, err := w.agent.SyncOnce(context.Background())
	if err != nil {
		w.t.Fatalf("sync: %v", err)
	}
	if w.crm.tangled > 0 {
		w.t.Fatalf("%d writes went together with what they refer to", w.crm.tangled)
	}
	if err := w.store.Check(); err != nil {
		w.t.Fatalf("the store is not in order: %v", err)
	}
	return r
}

// mail makes a message from headers given as "Name: value".
func (w *world) mail(id string, headers ...string) string {
	w.n++
	h := []string{"Message-ID: " + id, "Date: " + day.Add(time.Duration(w.n)*time.Minute).Format(time.RFC1123Z)}
	if !strings.Contains(strings.Join(headers, "\n"), "From:") {
		h = append(h, "From: Jana <jana@acme.example>")
	}
	if !strings.Contains(strings.Join(headers, "\n"), "To:") {
		h = append(h, "To: ann@alder.example")
	}
	if !strings.Contains(strings.Join(headers, "\n"), "Subject:") {
		h = append(h, "Subject: about "+strings.Trim(id, "<>"))
	}
	return strings.Join(append(h, headers...), "\r\n") + "\r\n\r\nBody of " + id + "\r\n"
}

func (w *world) message(id string) offline.Message {
	w.t.Helper()
	var m offline.Message
	if err := w.store.View(func(tx *offline.Tx) (err error) { m, err = tx.MessageByIdentity(id); return err }); err != nil {
		w.t.Fatalf("message %s: %v", id, err)
	}
	return m
}

func (w *world) key(id string) []uint64 { w.t.Helper(); return []uint64{w.message(id).Key} }

// emails describes the CRM's emails, sorted, one line each.
func (w *world) emails() string {
	var lines []string
	for ref, r := range w.crm.records {
		if ref.Kind != offline.KindEmail {
			continue
		}
		e := w.crm.emails[ref.ID]
		parties := ""
		for _, p := range e.Parties {
			parties += fmt.Sprintf(" %s=%v", p.Role, p.Records)
		}
		lines = append(lines, fmt.Sprintf("%s about %s answers %v out=%v%s %q", r.Email.Identity, r.Email.Regarding, e.Correlated, e.Outgoing, parties, e.HTML))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func (w *world) identities() string {
	var ids []string
	for ref, r := range w.crm.records {
		if ref.Kind == offline.KindEmail {
			ids = append(ids, r.Email.Identity)
		}
	}
	sort.Strings(ids)
	return strings.Join(ids, " ")
}

// seed is an email that a colleague tracked.
func (w *world) seed(id, token string, regarding offline.Ref) offline.Ref {
	r := offline.Ref{Kind: offline.KindEmail, ID: "seed-" + strings.Trim(id, "<>")}
	w.crm.put(offline.Record{Ref: r, Email: &offline.Email{Identity: id, Token: token, Closed: true, Regarding: regarding}})
	return r
}
