package crmtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postrider/offline"
)

// waiting is an email that the user wrote in the CRM and sent.
func (f Fixture) waiting(w world) offline.PendingEmail {
	return offline.PendingEmail{
		Subject: "Offer CRM:0001007", HTML: "<p>Hello</p>", Token: "CRM:0001007", Regarding: w.offer, From: offline.Address{Name: "Me Myself", Addr: f.Address},
		To: []offline.Address{{Name: "Ann Novak", Addr: "ann@moravia.example"}}, Cc: []offline.Address{{Addr: "stranger@example.org"}}, Bcc: []offline.Address{{Name: "Bo Li", Addr: "bo@new.example"}},
		Attachments: []offline.Attachment{{Name: "offer.pdf", Type: "application/pdf", Data: []byte("%PDF-1.4")}, {Name: "logo.png", Type: "image/png", ContentID: "logo@1", Data: []byte{1, 2, 3}}},
	}
}

// mine lets the user's outgoing mail be this client's to send.
func (f Fixture) mine(t *testing.T) {
	t.Helper()
	f.Methods(offline.Methods{Incoming: offline.MethodClient, Outgoing: offline.MethodClient, ACT: offline.MethodNone, MayChange: true})
	f.me(t)
}

func (f Fixture) pending(t *testing.T, c CRM) []offline.PendingEmail {
	t.Helper()
	got, err := c.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func mark(op offline.ChangeOp, r offline.Ref, etag string, fields offline.Fields) offline.Write {
	return offline.Write{Change: offline.Change{Op: op, Record: r, ETag: etag, Fields: fields}}
}

var outboxCases = []testCase{
	{"what the user sent in the CRM is taken over whole, and by one computer only", func(t *testing.T, f Fixture) { // R-EMAIL-25, R-EMAIL-26, R-TRACK-12
		w := f.world()
		f.mine(t)
		want := f.waiting(w)
		ref := f.Send(want)
		got := f.pending(t, f.CRM)
		if len(got) != 1 {
			t.Fatalf("%+v", got)
		}
		g := got[0]
		if g.Ref != ref || g.ETag == "" || g.Problem != "" || g.Doubt || g.Subject != want.Subject || g.HTML != want.HTML || g.Token != want.Token || g.Regarding != want.Regarding || g.From != want.From ||
			!slices.Equal(g.To, want.To) || !slices.Equal(g.Cc, want.Cc) || !slices.Equal(g.Bcc, want.Bcc) {
			t.Errorf("\n got %+v\nwant %+v", g, want)
		}
		if len(g.Attachments) != 2 || g.Attachments[1].Name != "logo.png" || g.Attachments[1].ContentID != "logo@1" || string(g.Attachments[0].Data) != "%PDF-1.4" || g.Attachments[0].Type != "application/pdf" {
			t.Errorf("attachments %+v", g.Attachments)
		}
		if s := f.Status(ref); s != "sending" {
			t.Errorf("it is %s", s)
		}
		if again := append(f.pending(t, f.CRM), f.pending(t, f.Another())...); len(again) != 0 {
			t.Errorf("it comes again: %+v", again)
		}
	}},
	{"what was taken over and never spoken of again comes back as a doubt, not to be sent by itself", func(t *testing.T, f Fixture) {
		w := f.world()
		f.mine(t)
		ref := f.Send(f.waiting(w))
		f.pending(t, f.CRM)
		f.Later(time.Hour)
		got := f.pending(t, f.CRM)
		if len(got) != 1 || got[0].Ref != ref || !got[0].Doubt || got[0].Problem == "" || f.Status(ref) != "sending" {
			t.Errorf("%+v", got)
		}
	}},
	{"mail that is not this client's to send stays at Pending Send", func(t *testing.T, f Fixture) { // R-EMAIL-27, R-METHOD-01
		w := f.world()
		ref := f.Send(f.waiting(w))
		for _, out := range []offline.Method{offline.MethodNone, offline.MethodServer} {
			f.Methods(offline.Methods{Incoming: offline.MethodClient, Outgoing: out, ACT: offline.MethodNone})
			f.me(t)
			if got := f.pending(t, f.CRM); len(got) != 0 || f.Status(ref) != "pending" {
				t.Errorf("%s: %+v, it is %s", out, got, f.Status(ref))
			}
		}
	}},
	{"an email that can't be sent as it is says why", func(t *testing.T, f Fixture) { // R-EMAIL-28
		w := f.world()
		f.mine(t)
		e := f.waiting(w)
		e.To = append(e.To, offline.Address{Name: "500 drills"}) // a record without an address
		f.Send(e)
		got := f.pending(t, f.CRM)
		if len(got) != 1 || !strings.Contains(got[0].Problem, "500 drills") || len(got[0].To) != 1 {
			t.Errorf("%+v", got)
		}
	}},
	{"an email is marked as sent, with Message-ID and token, and a repeat is recognised", func(t *testing.T, f Fixture) { // R-EMAIL-26
		w := f.world()
		f.mine(t)
		ref := f.Send(f.waiting(w))
		g := f.pending(t, f.CRM)[0]
		sent := mark(offline.OpMarkSent, ref, g.ETag, offline.Fields{"identity": "<sent@postrider.example>", "token": "CRM:0001007"})
		f.pushGood(t, sent)
		out := f.pushGood(t, sent)
		if !out[0].Existed || f.Status(ref) != "sent" {
			t.Errorf("%+v, it is %s", out[0], f.Status(ref))
		}
		found, err := f.CRM.EmailsByIdentity(t.Context(), []string{"<sent@postrider.example>"})
		if err != nil || len(found) != 1 || found[0].Ref != ref || found[0].Email.Token != "CRM:0001007" || !found[0].Email.Outgoing || !found[0].Email.Closed || found[0].Email.Pending {
			t.Errorf("%+v, %v", found, err)
		}
		failed := mark(offline.OpMarkFailed, ref, "", offline.Fields{"reason": "too late"})
		f.pushGood(t, failed)
		if f.Status(ref) != "sent" {
			t.Errorf("what was sent has failed afterwards: it is %s", f.Status(ref))
		}
	}},
	{"an email is marked as failed, open to be corrected, and a repeat is recognised", func(t *testing.T, f Fixture) { // R-EMAIL-28
		w := f.world()
		f.mine(t)
		ref := f.Send(f.waiting(w))
		g := f.pending(t, f.CRM)[0]
		failed := mark(offline.OpMarkFailed, ref, g.ETag, offline.Fields{"reason": "no such mailbox"})
		f.pushGood(t, failed)
		if out := f.pushGood(t, failed); !out[0].Existed || f.Status(ref) != "failed" {
			t.Errorf("%+v, it is %s", out[0], f.Status(ref))
		}
		gone := mark(offline.OpMarkSent, offline.Ref{Kind: offline.KindEmail, ID: uuid.NewString()}, "", nil)
		if out := f.push(t, gone); offline.ClassOf(out[0].Err) != offline.FaultNotFound {
			t.Errorf("an email that is gone: %v", out[0].Err)
		}
	}},
	{"an email that somebody changed while it was sent is marked all the same: it was sent", func(t *testing.T, f Fixture) {
		w := f.world()
		f.mine(t)
		ref := f.Send(f.waiting(w))
		f.pending(t, f.CRM)
		f.pushGood(t, mark(offline.OpMarkSent, ref, `W/"1"`, offline.Fields{"identity": "<x@y.example>"}))
		if f.Status(ref) != "sent" {
			t.Errorf("it is %s", f.Status(ref))
		}
	}},
	{"the organization's templates and the user's own are listed, by kind of record", func(t *testing.T, f Fixture) { // R-EMAIL-32
		f.Template(offline.Template{Title: "Zz global"}, "Hi", "<p>Hi</p>", true)
		f.Template(offline.Template{Title: "Zz mine", Kind: offline.KindCase, Personal: true}, "Hi", "<p>Hi</p>", true)
		f.Template(offline.Template{Title: "Zz theirs", Kind: offline.KindContact, Personal: true}, "Hi", "<p>Hi</p>", false)
		f.Template(offline.Template{Title: "Zz everybody's", Kind: offline.KindContact}, "Hi", "<p>Hi</p>", false)
		all, err := f.CRM.Templates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []offline.Template
		for _, tpl := range all {
			if strings.HasPrefix(tpl.Title, "Zz") && tpl.ID != "" {
				tpl.ID = ""
				got = append(got, tpl)
			}
		}
		want := []offline.Template{{Title: "Zz everybody's", Kind: offline.KindContact}, {Title: "Zz global"}, {Title: "Zz mine", Kind: offline.KindCase, Personal: true}}
		if !slices.Equal(got, want) {
			t.Errorf("\n got %+v\nwant %+v", got, want)
		}
	}},
	{"a template is filled with the record's data, and with its own words where that has none", func(t *testing.T, f Fixture) { // R-EMAIL-32
		w := f.world()
		nobody := f.Create(offline.Record{Ref: offline.Ref{Kind: offline.KindContact}})
		id := f.Template(offline.Template{Title: "Offer", Kind: offline.KindContact}, "For {name|you}", "<p>Dear {name|<customer>} &amp; co.</p>", false)
		for about, want := range map[offline.Ref]offline.Filled{
			w.ann:  {Subject: "For Ann Novak", HTML: "<p>Dear Ann Novak &amp; co.</p>"},
			nobody: {Subject: "For you", HTML: "<p>Dear &lt;customer&gt; &amp; co.</p>"},
		} {
			if got, err := f.CRM.FillTemplate(t.Context(), id, about); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if _, err := f.CRM.FillTemplate(t.Context(), id, w.account); err == nil {
			t.Error("a template for contacts is filled for an account")
		}
		if _, err := f.CRM.FillTemplate(t.Context(), id, offline.Ref{}); err == nil {
			t.Error("a template for contacts is filled for nobody")
		}
		global := f.Template(offline.Template{Title: "Thanks"}, "Thanks", "<p>Thank you</p>", false)
		for _, about := range []offline.Ref{{}, w.lead, w.ann} {
			if got, err := f.CRM.FillTemplate(t.Context(), global, about); err != nil || got.HTML != "<p>Thank you</p>" || got.Subject != "Thanks" {
				t.Errorf("global, for %s: %+v, %v", about, got, err)
			}
		}
	}},
}
