// Package crmtest is the conformance suite for CRMs: what every adapter must do
// against every CRM it speaks to. A test opens a Fixture for each case.
package crmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/offline"
)

// CRM is what is tested: the interface that package agent declares.
type CRM interface {
	Me(ctx context.Context) (offline.User, error)
	Pull(ctx context.Context, cursors []offline.CRMCursor, emit func(offline.RecordDelta) error) error
	EmailsByIdentity(ctx context.Context, identities []string) ([]offline.Record, error)
	EmailsByToken(ctx context.Context, tokens []string) ([]offline.Record, error)
	Exists(ctx context.Context, refs []offline.Ref) (map[offline.Ref]bool, error)
	Push(ctx context.Context, writes []offline.Write) ([]offline.Outcome, error)
	Search(ctx context.Context, text string, kinds []offline.Kind, limit int) ([]offline.Record, error)
	EmailsByThread(ctx context.Context, roots []string) ([]offline.Record, error)
	EmailsBySubject(ctx context.Context, subjects []string, since time.Time) ([]offline.Record, error)
	Token(ctx context.Context, subject string) (string, error)
	Templates(ctx context.Context) ([]offline.Template, error)
	FillTemplate(ctx context.Context, id string, about offline.Ref) (offline.Filled, error)
	Pending(ctx context.Context) ([]offline.PendingEmail, error)
	Requests() (all, writes int64)
}

// Fault is a way in which the CRM's server fails.
type Fault string

// The faults that a fixture must know.
const (
	DropBefore   Fault = "connection dropped before the request is carried out"
	DropAfter    Fault = "connection dropped after the request was carried out"
	Throttled    Fault = "told to slow down for a second"
	ServerError  Fault = "server error"
	TokenExpired Fault = "access token expired"
)

// Fixture is an empty organization with one user signed in, and a back door to
// it. The functions fail the test themselves.
type Fixture struct {
	CRM     CRM
	Me      offline.Ref // the user signed in
	Address string      // the user's address

	// Create makes a record as a colleague would: by Kind, Name, Addrs, Parent
	// and Email. It returns the record's ref.
	Create func(offline.Record) offline.Ref
	Rename func(ref offline.Ref, name string)
	Delete func(offline.Ref)
	// Text is the text of an email as its readers see it, File the content of
	// an attachment by its name, Picture the Content-ID that one is found by.
	Text    func(offline.Ref) string
	File    func(email offline.Ref, name string) []byte
	Picture func(email offline.Ref, name string) string
	// Notice is what the record says was left out: "", "attachments" or "text".
	Notice func(offline.Ref) string
	// Emails is what the organization holds, in any order.
	Emails func() []Stored
	// Fail makes the next n requests fail; n of 0 ends all failing.
	Fail func(f Fault, n int)
	// Block is the most bytes of an attachment that the client sends at a time.
	Block int
	// FailAt makes one request fail, after k that go well.
	FailAt func(f Fault, k int)
	// Expire makes all cursors handed out so far too old.
	Expire func()
	// Options makes the settings of organization and user these; Methods and
	// what the suite can't set are passed over.
	Options func(offline.Options)
	// Methods makes the methods of the user's mailbox these, and gives or takes
	// the right to change them.
	Methods func(offline.Methods)
	// Send makes an email as the user would who writes it in the CRM's own
	// client and sends it: it waits for somebody to carry it. Addresses are
	// resolved by name where a record has that name.
	Send func(offline.PendingEmail) offline.Ref
	// Status is draft, pending, sending, sent, received or failed.
	Status func(offline.Ref) string
	// Template makes a template; {name|other} in its texts is the name of the
	// record it is filled for, or other. mine: the user owns it.
	Template func(t offline.Template, subject, html string, mine bool) (id string)
	// Another is the CRM as another computer of the same user reaches it.
	Another func() CRM
	// Colleague is the CRM as another user reaches it.
	Colleague func() CRM
	// Later moves the clock of the CRM's client.
	Later func(time.Duration)
	// OwnOnly takes organization-wide read of a kind from the user, Hide all of it.
	OwnOnly, Hide func(offline.Kind)
	// NoCreate takes the right to create records of a kind from the user.
	NoCreate func(offline.Kind)
	// Record is a record as the organization holds it: Name, Addrs, Parent and,
	// by our words, Fields. The zero Record: it is not there.
	Record func(offline.Ref) offline.Record
}

// Stored is an email as the organization holds it.
type Stored struct {
	Ref         offline.Ref
	Identity    string
	Subject     string
	Outgoing    bool
	Closed      bool
	Regarding   offline.Ref
	Parties     []string // Party, sorted
	Attachments []string // name and length: "a.pdf 12", sorted
}

// Party is the form in which Stored speaks of a party: "to ann@example.com =
// contact:…", without the last part where it is unresolved.
func Party(role offline.PartyRole, addr string, ref offline.Ref) string {
	s := string(role) + " " + addr
	if !ref.IsZero() {
		s += " = " + ref.String()
	}
	return s
}

// Conformance runs the suite. open must give a new, empty fixture at each call,
// and clean up after it by t.
func Conformance(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range slices.Concat(readCases, optionCases, conversationCases, peopleCases, writeCases, attachmentCases, outboxCases, colleagueCases, faultCases) {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

type testCase struct {
	name string
	run  func(*testing.T, Fixture)
}

// world is a small organization to write emails about.
type world struct {
	account, ann, lead, offer, ticket, queue offline.Ref
}

func (f Fixture) world() world {
	var w world
	w.account = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindAccount}, Name: "Moravia Tools", Addrs: []string{"info@moravia.example"}})
	w.ann = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}, Name: "Ann Novak", Addrs: []string{"ann@moravia.example", "ann@home.example"}, Parent: w.account})
	w.lead = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindLead}, Name: "Bo Li", Addrs: []string{"bo@new.example"}})
	w.offer = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindOpportunity}, Name: "500 drills", Parent: w.account})
	w.ticket = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindCase}, Name: "Broken drill", Parent: w.ann})
	w.queue = f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindQueue}, Name: "Support", Addrs: []string{"support@firm.example"}})
	return w
}

// email is a message from Ann to the user and the queue, with a stranger in copy.
func (f Fixture) email(w world, n int) offline.Write {
	m := &offline.OutgoingEmail{
		Ref:      offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()},
		Identity: fmt.Sprintf("<%d.it's+100%%&#x@moravia.example>", n), Subject: fmt.Sprintf("Quote %d & co. ž😀", n), HTML: "<p>Hello</p>",
		When: time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute), Regarding: w.account,
		Parties: []offline.Party{
			{Role: offline.RoleSender, Address: offline.Address{Name: "Ann", Addr: "ann@moravia.example"}, Records: []offline.Ref{w.ann}},
			{Role: offline.RoleTo, Address: offline.Address{Addr: f.Address}, Records: []offline.Ref{f.Me}},
			{Role: offline.RoleTo, Address: offline.Address{Addr: "support@firm.example"}, Records: []offline.Ref{w.queue}},
			{Role: offline.RoleCc, Address: offline.Address{Addr: "stranger@example.org"}},
		},
		Attachments: []offline.Attachment{{Name: "offer.pdf", Type: "application/pdf", Data: []byte("%PDF-1.4")}},
	}
	return offline.Write{Change: offline.Change{Op: offline.OpCreateEmail, Record: m.Ref, Regarding: m.Regarding}, Email: m}
}

// stored is what the organization must hold for w, once.
func (f Fixture) stored(w offline.Write) Stored {
	m := w.Email
	s := Stored{Ref: m.Ref, Identity: m.Identity, Subject: m.Subject, Outgoing: m.Outgoing, Closed: true, Regarding: m.Regarding}
	for _, p := range m.Parties {
		if len(p.Records) == 0 {
			s.Parties = append(s.Parties, Party(p.Role, p.Address.Addr, offline.Ref{}))
		}
		for _, r := range p.Records {
			s.Parties = append(s.Parties, Party(p.Role, p.Address.Addr, r))
		}
	}
	for _, a := range m.Attachments {
		s.Attachments = append(s.Attachments, fmt.Sprintf("%s %d", a.Name, a.Len()))
	}
	slices.Sort(s.Parties)
	slices.Sort(s.Attachments)
	return s
}

// check compares what the organization holds with what it must hold.
func (f Fixture) check(t *testing.T, want ...Stored) {
	t.Helper()
	got := map[offline.Ref]Stored{}
	held := f.Emails()
	for _, s := range held {
		got[s.Ref] = s
	}
	if len(held) != len(want) {
		t.Errorf("the organization holds %d emails, want %d", len(held), len(want))
	}
	for _, w := range want {
		if g := got[w.Ref]; fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
			t.Errorf("email:\n got %+v\nwant %+v", g, w)
		}
	}
}

// push pushes and fails the test on any error.
func (f Fixture) push(t *testing.T, ws ...offline.Write) []offline.Outcome {
	t.Helper()
	out, err := f.CRM.Push(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(ws) {
		t.Fatalf("%d outcomes for %d writes", len(out), len(ws))
	}
	return out
}

func (f Fixture) pushGood(t *testing.T, ws ...offline.Write) []offline.Outcome {
	t.Helper()
	out := f.push(t, ws...)
	for i, o := range out {
		if o.Err != nil {
			t.Fatalf("write %d: %v", i, o.Err)
		}
	}
	return out
}

// replica is what a store would hold after pulling.
type replica struct {
	records map[offline.Ref]offline.Record
	cursors map[offline.Kind]offline.CRMCursor
	deltas  []offline.RecordDelta
	kept    map[offline.Kind]map[offline.Ref]bool // rows seen since a Reset
}

func newReplica(kinds ...offline.Kind) *replica {
	r := &replica{records: map[offline.Ref]offline.Record{}, cursors: map[offline.Kind]offline.CRMCursor{}, kept: map[offline.Kind]map[offline.Ref]bool{}}
	for _, k := range kinds {
		r.cursors[k] = offline.CRMCursor{Kind: k}
	}
	return r
}

// pull brings r up to date and returns what came.
func (r *replica) pull(t *testing.T, c CRM) []offline.RecordDelta {
	t.Helper()
	r.deltas = nil
	var cursors []offline.CRMCursor
	for _, cur := range r.cursors {
		cursors = append(cursors, cur)
	}
	if err := c.Pull(t.Context(), cursors, r.take); err != nil {
		t.Fatal(err)
	}
	return r.deltas
}

func (r *replica) take(d offline.RecordDelta) error {
	r.deltas = append(r.deltas, d)
	if d.Reset {
		r.kept[d.Kind] = map[offline.Ref]bool{}
	}
	for _, rec := range d.Changed {
		r.records[rec.Ref] = rec
		if k := r.kept[d.Kind]; k != nil {
			k[rec.Ref] = true
		}
	}
	for _, ref := range d.Gone {
		delete(r.records, ref)
	}
	if k := r.kept[d.Kind]; k != nil && d.Final {
		for ref := range r.records {
			if ref.Kind == d.Kind && !k[ref] {
				delete(r.records, ref)
			}
		}
		delete(r.kept, d.Kind)
	}
	r.cursors[d.Kind] = d.Cursor
	return nil
}

// names are the names of the records of a kind, sorted.
func (r *replica) names(k offline.Kind) string {
	var out []string
	for ref, rec := range r.records {
		if ref.Kind == k {
			out = append(out, rec.Name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
