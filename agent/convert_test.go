package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"postrider/agent/track"
	"postrider/offline"
)

func (w *world) propose(id string, kind offline.Kind) Proposal {
	w.t.Helper()
	p, err := w.agent.Propose(w.message(id).Key, kind)
	if err != nil {
		w.t.Fatalf("propose: %v", err)
	}
	return p
}

func (w *world) createFrom(id string, p Proposal) (offline.Ref, Undo) {
	w.t.Helper()
	r, undo, err := w.agent.CreateFrom(w.message(id).Key, p)
	if err != nil {
		w.t.Fatalf("create: %v", err)
	}
	return r, undo
}

func TestARecordIsProposedWithItsFieldsFilled(t *testing.T) {
	// R-TRACK-20, R-REGARDING-05
	w := newWorld(t, track.None)
	closed := offline.Ref{Kind: offline.KindAccount, ID: "closed"}
	w.crm.put(offline.Record{Ref: closed, Name: "Closed Ltd", Addrs: []string{"info@closed.example"}})
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "lone"}, Name: "Lone", Addrs: []string{"lone@post.example"}, Active: true})
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "of-acme"}, Name: "Of Acme", Addrs: []string{"of.acme@post.example"}, Parent: acme, Active: true})
	w.crm.put(offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: "of-other"}, Name: "Of Other", Addrs: []string{"other@post.example"}, Parent: closed, Active: true})
	long := strings.Repeat("Wörter 😀 ", 400)
	for id, h := range map[string][]string{
		"<known@x>":   {"From: Jana <Jana@acme.example>", "Subject: Re: FW: Offer  CRM:0001001"},
		"<comma@x>":   {`From: "Novák, Petr" <petr@acme.example>`, "Subject: CRM:0001002 Drills"},
		"<bare@x>":    {"From: bo@somewhere.example", "Subject: Re:"},
		"<lone@x>":    {"From: lone@post.example"},
		"<foreign@x>": {"From: Al Bo <al@post.example>"}, // contacts of the domain belong to two accounts
		"<closed@x>":  {"From: info@closed.example"},
		"<sent@x>":    {"From: ann@alder.example", "To: ann@alder.example, Cy Dee <cy@new.example>"},
	} {
		w.box.add("INBOX", w.mail(id, h...)+long)
	}
	w.sync()
	for _, c := range []struct {
		id     string
		kind   offline.Kind
		parent offline.Ref
		record offline.Ref
		fields string // without notes
	}{
		{"<known@x>", offline.KindContact, acme, jana, "email=Jana@acme.example last=Jana"},
		{"<known@x>", offline.KindOpportunity, acme, offline.Ref{}, "topic=Offer"},
		{"<comma@x>", offline.KindContact, acme, offline.Ref{}, "email=petr@acme.example first=Petr last=Novák"},
		{"<comma@x>", offline.KindLead, acme, offline.Ref{}, "company=Acme email=petr@acme.example first=Petr last=Novák topic=Drills"},
		{"<bare@x>", offline.KindLead, offline.Ref{}, offline.Ref{}, "email=bo@somewhere.example last=bo"},
		{"<bare@x>", offline.KindCase, offline.Ref{}, offline.Ref{}, ""},
		{"<lone@x>", offline.KindCase, offline.Ref{Kind: offline.KindContact, ID: "lone"}, offline.Ref{}, "topic=about lone@x"},
		{"<foreign@x>", offline.KindContact, offline.Ref{}, offline.Ref{}, "email=al@post.example first=Al last=Bo"},
		{"<closed@x>", offline.KindOpportunity, offline.Ref{}, offline.Ref{}, "topic=about closed@x"},
		{"<sent@x>", offline.KindContact, offline.Ref{}, offline.Ref{}, "email=cy@new.example first=Cy last=Dee"},
	} {
		p := w.propose(c.id, c.kind)
		var fields []string
		for _, word := range []string{"company", "email", "first", "last", "topic", "title"} {
			if v, ok := p.Fields[word]; ok {
				fields = append(fields, word+"="+v)
			}
		}
		if p.Parent != c.parent || p.Record != c.record || strings.Join(fields, " ") != c.fields {
			t.Errorf("%s as %s: %q for %v, there already %v; want %+v", c.id, c.kind, fields, p.Parent, p.Record, c)
		}
		if (c.kind == offline.KindCase && c.parent.IsZero() || !c.record.IsZero()) != (len(p.Concerns) > 0) {
			t.Errorf("%s as %s: %q", c.id, c.kind, p.Concerns)
		}
	}
	if err := w.agent.FetchBody(context.Background(), w.message("<known@x>").Key); err != nil {
		t.Fatal(err)
	}
	notes := w.propose("<known@x>", offline.KindCase).Fields["notes"]
	if n := len([]rune(notes)); !strings.HasSuffix(notes, "…") || n > maxNotes || n < maxNotes-400 {
		t.Errorf("notes of %d characters: %.80q", n, notes)
	}
	if _, ok := w.propose("<known@x>", offline.KindContact).Fields["notes"]; ok {
		t.Error("a contact has the message as its notes")
	}
	if _, err := w.agent.Propose(w.message("<known@x>").Key, offline.KindAccount); err == nil {
		t.Error("an account was proposed")
	}
}

// R-TRACK-19.
func TestATrackedMessageBecomesALeadAnOpportunityOrACase(t *testing.T) {
	// R-TRACK-20: the record is made first, then the message is about it.
	for _, kind := range []offline.Kind{offline.KindLead, offline.KindOpportunity, offline.KindCase} {
		for _, tracked := range []bool{true, false} {
			filter := track.None
			if tracked {
				filter = track.All
			}
			w := newWorld(t, filter)
			w.box.add("INBOX", w.mail("<1@x>"))
			w.sync()
			r, _ := w.createFrom("<1@x>", w.propose("<1@x>", kind))
			if m := w.message("<1@x>"); m.Track.Regarding != r || m.Track.State != offline.Waiting {
				t.Errorf("%s: while it waits: %+v", kind, m.Track)
			}
			w.restart() // what the user did is on disk
			w.sync()
			if m := w.message("<1@x>"); m.Track.Regarding != r || m.Track.State != offline.Tracked || m.Track.Reason != "" {
				t.Errorf("%s: %+v", kind, m.Track)
			}
			if got := w.emails(); !strings.Contains(got, "about "+r.String()) || len(w.crm.made) != 1 || w.crm.made[0].Record != r {
				t.Errorf("%s: made %v, emails %s", kind, w.crm.made, got)
			}
			w.sync()
			if len(w.crm.made) != 1 {
				t.Errorf("%s: made %d times", kind, len(w.crm.made))
			}
		}
	}
}

func TestAContactIsAddedFromASender(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>", "From: Bo Li <bo@acme.example>"))
	w.sync()
	r, _ := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindContact))
	if cs, _ := w.agent.Candidates("bo@acme.example"); len(cs) != 0 {
		t.Errorf("resolved before it is there: %v", cs)
	}
	w.sync()
	if cs, _ := w.agent.Candidates("bo@acme.example"); len(cs) != 1 || cs[0].Ref != r || cs[0].Parent != acme || cs[0].Name != "Bo Li" {
		t.Errorf("candidates %v", cs)
	}
	if w.completed("bo") != "bo@acme.example" || w.message("<1@x>").Track.State != offline.Untracked {
		t.Errorf("completed %q, %+v", w.completed("bo"), w.message("<1@x>").Track)
	}
	// A duplicate is noticed, and taken where the user says so.
	w.box.add("INBOX", w.mail("<2@x>", "From: BO@acme.example"))
	w.sync()
	p := w.propose("<2@x>", offline.KindContact)
	if p.Record != r || len(p.Concerns) != 1 {
		t.Errorf("%+v", p)
	}
	if got, _ := w.createFrom("<2@x>", p); got != r {
		t.Errorf("got %s", got)
	}
	w.sync()
	if len(w.crm.made) != 1 {
		t.Errorf("made %v", w.crm.made)
	}
}

func TestUndoTakesANewRecordBackForAsLongAsItWaits(t *testing.T) {
	w := newWorld(t, track.All)
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	before := w.message("<1@x>").Track
	r, undo := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindLead))
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	w.sync()
	if got := w.message("<1@x>").Track; got != before || len(w.crm.made) != 0 {
		t.Errorf("made %v; %+v, want %+v", w.crm.made, got, before)
	}
	if err := w.store.View(func(tx *offline.Tx) error { _, err := tx.Record(r); return err }); err == nil {
		t.Error("the record is still known")
	}
	r, undo = w.createFrom("<1@x>", w.propose("<1@x>", offline.KindLead))
	w.sync()
	if err := undo(); err == nil || !strings.Contains(err.Error(), "stays") {
		t.Errorf("too late, but: %v", err)
	}
	w.sync()
	if m := w.message("<1@x>"); m.Track.Regarding != before.Regarding || m.Track.State != offline.Tracked {
		t.Errorf("%+v", m.Track)
	}
	if _, ok := w.crm.records[r]; !ok {
		t.Error("a record that is in the CRM was deleted")
	}
}

func TestARefusedRecordIsShownOnItsMessageAndCanBeRetriedOrGivenUp(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(*world, offline.Ref) error
		want string // what the email is about in the end: the record, or acme
	}{
		{"retried", func(w *world, _ offline.Ref) error {
			delete(w.crm.refuse, "lead")
			return w.agent.Retry(w.key("<1@x>"))
		}, ""},
		{"given up for another", func(w *world, _ offline.Ref) error {
			_, err := w.agent.SetRegarding(w.key("<1@x>"), acme)
			return err
		}, acme.String()},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, track.All)
			w.box.add("INBOX", w.mail("<1@x>"))
			w.box.add("INBOX", w.mail("<2@x>"))
			w.sync()
			w.crm.refuse["lead"] = &offline.Fault{Class: offline.FaultDenied, Text: "missing prvCreateLead privilege"}
			r, _ := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindLead))
			other, _ := w.createFrom("<2@x>", w.propose("<2@x>", offline.KindOpportunity))
			w.sync()
			w.sync()
			m := w.message("<1@x>")
			if m.Track.State != offline.Failed || !strings.Contains(m.Track.Reason, "missing prvCreateLead") || !strings.Contains(w.emails(), "<2@x> about "+other.String()) {
				t.Fatalf("%+v\n%s", m.Track, w.emails())
			}
			w.restart()
			shown := false
			for _, p := range w.agent.Status().Problems {
				shown = shown || p.Code == "record-failed" && strings.Contains(p.Text, "prvCreateLead")
			}
			if !shown {
				t.Errorf("not among the problems: %v", w.agent.Status().Problems)
			}
			if err := c.then(w, r); err != nil {
				t.Fatal(err)
			}
			w.sync()
			want := c.want
			if want == "" {
				want = r.String()
			}
			if m := w.message("<1@x>"); m.Track.State != offline.Tracked || !strings.Contains(w.emails(), "<1@x> about "+want) {
				t.Errorf("%+v\n%s", m.Track, w.emails())
			}
			for _, p := range w.agent.Status().Problems {
				t.Errorf("still a problem: %+v", p)
			}
			if err := w.store.View(func(tx *offline.Tx) error {
				cs, err := tx.Changes(0)
				if len(cs) > 0 {
					t.Errorf("left in the queue: %+v", cs)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARecordThatWasMadeWhileItWasTakenBackIsDeletedAgain(t *testing.T) {
	w := newWorld(t, track.None)
	w.box.add("INBOX", w.mail("<1@x>", "From: Bo Li <bo@li.example>"))
	w.sync()
	r, undo := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindContact))
	w.crm.after = func(string) error {
		w.crm.after = func(string) error { return nil }
		return undo()
	}
	w.sync()
	w.sync()
	if _, ok := w.crm.records[r]; ok {
		t.Error("left behind")
	}
}

func TestWhatIsNotWholeOrNotAllowedIsNotQueued(t *testing.T) {
	// R-EMAIL-10, R-TRACK-21: the privilege to create is respected.
	w := newWorld(t, track.All)
	w.crm.options = func(o *offline.Options) {
		o.Creates = []offline.Kind{offline.KindContact, offline.KindCase, offline.KindOpportunity}
	}
	w.box.add("INBOX", w.mail("<1@x>"))
	w.sync()
	if p := w.propose("<1@x>", offline.KindLead); len(p.Concerns) != 1 {
		t.Errorf("concerns %q", p.Concerns)
	}
	before := w.message("<1@x>").Track
	for i, p := range []Proposal{
		{Kind: offline.KindLead, Fields: offline.Fields{"last": "L", "topic": "t"}},
		{Kind: offline.KindContact, Fields: offline.Fields{"first": "only"}},
		{Kind: offline.KindCase, Fields: offline.Fields{"topic": "t"}},
		{Kind: offline.KindCase, Fields: offline.Fields{"topic": " "}, Parent: acme},
		{Kind: offline.KindCase, Fields: offline.Fields{"topic": "t"}, Parent: offer},
		{Kind: offline.KindContact, Fields: offline.Fields{"last": "L", "shoe": "42"}},
		{Kind: offline.KindContact, Record: acme},
		{Kind: offline.KindTask, Fields: offline.Fields{"topic": "t"}},
		{Kind: offline.KindOpportunity, Fields: offline.Fields{"topic": "t", "value": "48 000 EUR"}},
		{Kind: offline.KindOpportunity, Fields: offline.Fields{"topic": "t", "value": "Inf"}},
	} {
		if _, _, err := w.agent.CreateFrom(w.message("<1@x>").Key, p); err == nil {
			t.Errorf("%d: taken", i)
		}
	}
	if got := w.message("<1@x>").Track; got != before {
		t.Errorf("%+v", got)
	}
}

// R-TRACK-05.
func TestManyMessagesAreTrackedAtOnceAndOneUndoTakesAllBack(t *testing.T) {
	// R-TRACK-04, -05
	w := newWorld(t, track.None)
	var keys []uint64
	for i := range 25 {
		w.box.add("INBOX", w.mail(fmt.Sprintf("<%d@x>", i)))
	}
	w.sync()
	for i := range 25 {
		keys = append(keys, w.key(fmt.Sprintf("<%d@x>", i))...)
	}
	undo, err := w.agent.Track(keys, offer)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.sync(); r.Counts.Tracked != 25 || strings.Count(w.emails(), "about "+offer.String()) != 25 {
		t.Errorf("%+v\n%s", r.Counts, w.emails())
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if r := w.sync(); r.Counts.Tracked != 0 || w.emails() != "" {
		t.Errorf("%+v\n%s", r.Counts, w.emails())
	}
}

func TestTextsAreBoundedInTheCRMsUnits(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"😀b", 3, "😀b"}, {"😀😀", 3, "😀…"}, {"a😀b", 3, "a…"}, {"ab cd", 4, "ab…"}, {"", 3, ""}} {
		if got := bounded(c.in, c.n); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestUndoBringsBackARefusedRecordThatWasGivenUp(t *testing.T) {
	for _, give := range []func(*world) (Undo, error){
		func(w *world) (Undo, error) { return w.agent.SetRegarding(w.key("<1@x>"), acme) },
		func(w *world) (Undo, error) { return w.agent.Untrack(w.key("<1@x>"), false) },
	} {
		w := newWorld(t, track.All)
		w.box.add("INBOX", w.mail("<1@x>"))
		w.sync()
		w.crm.refuse["lead"] = &offline.Fault{Class: offline.FaultRejected, Text: "no"}
		r, _ := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindLead))
		w.sync()
		before := w.message("<1@x>").Track
		undo, err := give(w)
		if err != nil {
			t.Fatal(err)
		}
		if err := undo(); err != nil {
			t.Fatal(err)
		}
		if got := w.message("<1@x>").Track; got != before || got.State != offline.Failed {
			t.Errorf("%+v, want %+v", got, before)
		}
		delete(w.crm.refuse, "lead")
		if err := w.agent.Retry(w.key("<1@x>")); err != nil {
			t.Fatal(err)
		}
		w.sync()
		if m := w.message("<1@x>"); m.Track.State != offline.Tracked || m.Track.Regarding != r || len(w.crm.made) != 1 {
			t.Errorf("%+v, made %v", m.Track, w.crm.made)
		}
	}
}

func TestAConversionCutOffAnywhereEndsInOneRecordAndOneEmailAboutIt(t *testing.T) {
	cut := &offline.Fault{Class: offline.FaultNetwork, Text: "cut"}
	for _, lost := range []bool{false, true} { // before it was done, or after: the answer is lost
		for at := range 12 {
			w := newWorld(t, track.None)
			w.box.add("INBOX", w.mail("<1@x>"))
			w.sync()
			r, _ := w.createFrom("<1@x>", w.propose("<1@x>", offline.KindCase))
			left := at
			count := func(string) error {
				if left--; left < 0 {
					return cut
				}
				return nil
			}
			if lost {
				w.crm.after = count
			} else {
				w.crm.fail = count
			}
			for range 3 {
				w.now = w.now.Add(UndoFor)
				_, _ = w.agent.SyncOnce(context.Background())
				w.restart()
			}
			w.crm.after, w.crm.fail = func(string) error { return nil }, func(string) error { return nil }
			for range 3 {
				w.now = w.now.Add(UndoFor)
				w.sync()
			}
			if len(w.crm.made) != 1 || w.crm.made[0].Record != r || strings.Count(w.emails(), "\n") != 0 || !strings.Contains(w.emails(), "about "+r.String()) {
				t.Errorf("lost %v, cut at %d: made %v, emails %s", lost, at, w.crm.made, w.emails())
			}
			if m := w.message("<1@x>"); m.Track.State != offline.Tracked || m.Track.Regarding != r {
				t.Errorf("lost %v, cut at %d: %+v", lost, at, m.Track)
			}
		}
	}
}
