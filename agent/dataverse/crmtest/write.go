package crmtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"postrider/offline"
)

func setRegarding(email offline.Ref, to offline.Ref, etag string) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpSetRegarding, Record: email, Regarding: to, ETag: etag}}
}

func deletion(email offline.Ref, etag string) offline.Write {
	return offline.Write{Change: offline.Change{Op: offline.OpDelete, Record: email, ETag: etag}}
}

var writeCases = []testCase{
	{"an email is created closed, with parties, attachments and regarding", func(t *testing.T, f Fixture) {
		w := f.world()
		var ws []offline.Write
		for i, regarding := range []offline.Ref{w.account, w.ann, w.lead, w.offer, w.ticket, {}} {
			e := f.email(w, i)
			e.Email.Regarding = regarding
			e.Email.Outgoing = i%2 == 1
			ws = append(ws, e)
		}
		f.pushGood(t, ws...)
		var want []Stored
		for _, e := range ws {
			want = append(want, f.stored(e))
		}
		f.check(t, want...)
	}},
	{"an email about what no email can be about is refused and said, never made without", func(t *testing.T, f Fixture) { // R-REGARDING-01
		w := f.world()
		var ws []offline.Write
		for i, regarding := range []offline.Ref{{Kind: "nonsense", ID: w.account.ID}, {Kind: offline.KindAccount, ID: "1234"}, {Kind: offline.KindEmail, ID: w.account.ID}} {
			e := f.email(w, i)
			e.Email.Regarding = regarding
			ws = append(ws, e)
		}
		for i, out := range f.push(t, ws...) {
			if offline.ClassOf(out.Err) != offline.FaultRejected || !strings.Contains(out.Err.Error(), "can't be about "+ws[i].Email.Regarding.String()) {
				t.Errorf("about %v: %v", ws[i].Email.Regarding, out.Err)
			}
		}
		f.check(t)
	}},
	{"an answer is made also where it can't be about what the email is about that it answers, and the record says so", func(t *testing.T, f Fixture) {
		w := f.world()
		a, b := f.email(w, 1), f.email(w, 2)
		f.pushGood(t, a)
		b.Email.Correlated, b.Email.Regarding = a.Email.Ref, offline.Ref{Kind: "nonsense", ID: w.account.ID}
		if out := f.pushGood(t, b); !slices.ContainsFunc(out[0].Notes, func(s string) bool { return strings.Contains(s, "nonsense") }) {
			t.Errorf("notes: %q", out[0].Notes)
		}
	}},
	{"an address of several records is a party for each", func(t *testing.T, f Fixture) { // R-EMAIL-14
		w := f.world()
		e := f.email(w, 1)
		e.Email.Parties[1].Records = []offline.Ref{w.ann, w.lead, w.account}
		f.pushGood(t, e)
		f.check(t, f.stored(e))
	}},
	{"a repeat is recognised and is no second record", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		if out := f.pushGood(t, e); out[0].Existed {
			t.Error("the first counts as a repeat")
		}
		if out := f.pushGood(t, e); !out[0].Existed {
			t.Error("the repeat is not recognised")
		}
		f.check(t, f.stored(e))
	}},
	{"an email that answers another is made also where that one is gone", func(t *testing.T, f Fixture) {
		w := f.world()
		a, b, c := f.email(w, 1), f.email(w, 2), f.email(w, 3)
		f.pushGood(t, a)
		b.Email.Correlated = a.Email.Ref
		c.Email.Correlated = offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()}
		f.pushGood(t, b, c)
		f.check(t, f.stored(a), f.stored(b), f.stored(c))
	}},
	{"a regarding that is gone fails that item alone and is named", func(t *testing.T, f Fixture) {
		w := f.world()
		f.Delete(w.lead)
		good, bad := f.email(w, 1), f.email(w, 2)
		bad.Email.Regarding = w.lead
		out := f.push(t, good, bad)
		if out[0].Err != nil || offline.ClassOf(out[1].Err) != offline.FaultNotFound || !strings.Contains(out[1].Err.Error(), "lead") {
			t.Errorf("%+v", out)
		}
		f.check(t, f.stored(good))
	}},
	{"a party whose record is gone is kept as an address, with a note", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		f.Delete(w.ann)
		out := f.pushGood(t, e)
		if len(out[0].Notes) != 1 || !strings.Contains(out[0].Notes[0], "ann@moravia.example") {
			t.Errorf("notes: %q", out[0].Notes)
		}
		if text := f.Text(e.Email.Ref); text != e.Email.HTML { // nothing of the message is missing
			t.Errorf("the record reads %s", text)
		}
		e.Email.Parties[0].Records = nil
		f.check(t, f.stored(e))
	}},
	{"an attachment that is not allowed is left out, with a note", func(t *testing.T, f Fixture) { // R-EMAIL-21
		w := f.world()
		e := f.email(w, 1)
		e.Email.Attachments = append(e.Email.Attachments, offline.Attachment{Name: "run.exe", Type: "application/x-msdownload", Data: []byte("MZ")})
		out := f.pushGood(t, e)
		if len(out[0].Notes) != 1 || !strings.Contains(out[0].Notes[0], "run.exe") {
			t.Errorf("notes: %q", out[0].Notes)
		}
		e.Email.Attachments = e.Email.Attachments[:1]
		f.check(t, f.stored(e))
	}},
	{"a text that is too long is cut and the rest is there", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		e.Email.Subject = strings.Repeat("long ", 400)
		f.pushGood(t, e)
		got := f.Emails()
		if len(got) != 1 || !got[0].Closed || !strings.HasPrefix(e.Email.Subject, got[0].Subject) || len(got[0].Subject) < 190 {
			t.Errorf("%+v", got)
		}
	}},
	{"regarding is set, changed and cleared, on condition of the ETag", func(t *testing.T, f Fixture) { // R-EMAIL-19
		w := f.world()
		e := f.email(w, 1)
		etag := f.pushGood(t, e)[0].ETag
		want := f.stored(e)
		old := etag
		for _, to := range []offline.Ref{w.ann, w.ticket, {}, {}, w.offer} {
			out := f.pushGood(t, setRegarding(e.Email.Ref, to, etag))
			want.Regarding = to
			f.check(t, want)
			etag = out[0].ETag
		}
		if out := f.push(t, setRegarding(e.Email.Ref, w.lead, old)); old != "" && offline.ClassOf(out[0].Err) != offline.FaultStale {
			t.Errorf("a blind write: %+v", out)
		}
		f.check(t, want)
		if out := f.pushGood(t, setRegarding(e.Email.Ref, w.offer, old)); out[0].ETag == "" {
			t.Errorf("a repeat after a lost answer: %+v", out)
		}
	}},
	{"a regarding or an email that is gone is told apart", func(t *testing.T, f Fixture) {
		w := f.world()
		e := f.email(w, 1)
		f.pushGood(t, e)
		f.Delete(w.lead)
		gone := offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()}
		out := f.push(t, setRegarding(e.Email.Ref, w.lead, ""), setRegarding(gone, w.ann, ""), setRegarding(gone, offline.Ref{}, ""))
		for i, o := range out {
			if offline.ClassOf(o.Err) != offline.FaultNotFound || strings.Contains(o.Err.Error(), "lead") != (i == 0) {
				t.Errorf("%d: %v", i, o.Err)
			}
		}
	}},
	{"a record is deleted, and what is gone counts as deleted", func(t *testing.T, f Fixture) {
		w := f.world()
		a, b := f.email(w, 1), f.email(w, 2)
		out := f.pushGood(t, a, b)
		if o := f.push(t, deletion(a.Email.Ref, `W/"1"`)); offline.ClassOf(o[0].Err) != offline.FaultStale {
			t.Errorf("a blind delete: %+v", o)
		}
		f.pushGood(t, deletion(a.Email.Ref, out[0].ETag))
		f.pushGood(t, deletion(a.Email.Ref, out[0].ETag))
		f.check(t, f.stored(b))
	}},
	{"a thousand messages need fewer than sixty requests in all", func(t *testing.T, f Fixture) {
		w := f.world()
		if _, err := f.CRM.Me(t.Context()); err != nil {
			t.Fatal(err)
		}
		newReplica(append(slices.Clone(pulledKinds), offline.KindEmail)...).pull(t, f.CRM)
		var ws []offline.Write
		var ids []string
		for n := range 1000 {
			e := f.email(w, n)
			e.Email.HTML = strings.Repeat("<p>Lorem ipsum</p>", 300)
			ws = append(ws, e)
			ids = append(ids, e.Email.Identity)
		}
		if got, err := f.CRM.EmailsByIdentity(t.Context(), ids); err != nil || len(got) != 0 {
			t.Fatalf("%d found: %v", len(got), err)
		}
		f.pushGood(t, ws...)
		all, writes := f.CRM.Requests()
		t.Logf("%d requests, %d of them writes", all, writes)
		if all >= 60 || writes >= all || len(f.Emails()) != 1000 {
			t.Errorf("%d requests, %d of them writes, %d emails", all, writes, len(f.Emails()))
		}
		if got, err := f.CRM.EmailsByIdentity(t.Context(), ids); err != nil || len(got) != 1000 {
			t.Errorf("%d found afterwards: %v", len(got), err)
		}
	}},
}
