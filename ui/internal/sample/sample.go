// Package sample fills a store with a believable mailbox and plays an agent on it,
// for the tests of the windows and for looking at them. It is not the demo of the
// program (that one has real servers) and nothing that ships uses it.
package sample

import (
	"fmt"
	"strings"
	"time"

	"postrider/offline"
)

// Now is the moment at which the sample plays.
func Now() time.Time { return time.Date(2026, 11, 24, 14, 5, 0, 0, time.UTC) }

func ref(k offline.Kind, n int) offline.Ref {
	return offline.Ref{Kind: k, ID: fmt.Sprintf("%s-0000-4000-8000-%012d", string(k)[:4], n)}
}

// Brno is an opportunity of the sample.
func Brno() offline.Ref { return ref(offline.KindOpportunity, 1) }

// records are the CRM of the sample.
func records() []offline.Record {
	day := 24 * time.Hour
	ago := func(d time.Duration) time.Time { return Now().Add(-d) }
	moravia, nordwind, hanami := ref(offline.KindAccount, 1), ref(offline.KindAccount, 2), ref(offline.KindAccount, 3)
	rec := func(r offline.Ref, name string, parent offline.Ref, addrs []string, f offline.Fields, changed time.Duration) offline.Record {
		return offline.Record{Ref: r, Name: name, Parent: parent, Addrs: addrs, Fields: f, Active: true, Created: ago(changed + 30*day), Changed: ago(changed)}
	}
	none := offline.Ref{}
	rs := []offline.Record{
		rec(moravia, "Moravia Tools a.s.", none, []string{"info@moravia-tools.example"}, offline.Fields{"phone": "+420 541 000 100", "city": "Brno"}, 9*day),
		rec(nordwind, "Nordwind Logistik GmbH & Co. KG", none, []string{"kontakt@nordwind.example"}, offline.Fields{"phone": "+49 40 555 010", "city": "Hamburg"}, 3*day),
		rec(hanami, "花見商事株式会社", none, nil, offline.Fields{"city": "大阪"}, 40*day),
		rec(ref(offline.KindContact, 1), "Jana Nováková", moravia, []string{"jana.novakova@moravia-tools.example"}, offline.Fields{"title": "Head of Purchasing", "phone": "+420 541 000 123", "mobile": "+420 602 000 123"}, 2*day),
		rec(ref(offline.KindContact, 2), "Otto Brandt", nordwind, []string{"otto.brandt@nordwind.example"}, offline.Fields{"title": "Disposition", "phone": "+49 40 555 011"}, 5*day),
		rec(ref(offline.KindContact, 3), "Aiko Tanaka", hanami, []string{"tanaka@hanami.example"}, offline.Fields{"title": "購買部 部長"}, 12*day),
		rec(ref(offline.KindContact, 4), "Brandt, Otto (alt)", none, []string{"otto.brandt@nordwind.example"}, offline.Fields{"title": "old entry"}, 400*day),
		rec(ref(offline.KindLead, 1), "Søren Kjær Mikkelsen", none, []string{"skm@fjordbyg.example"}, offline.Fields{"company": "Fjordbyg ApS", "phone": "+45 33 00 11 22"}, day),
		rec(Brno(), "Brno line", moravia, nil, offline.Fields{"value": "€48 k", "stage": "Proposal", "due": "15 Dec"}, 2*day),
		rec(ref(offline.KindOpportunity, 2), "Spare parts contract 2027", moravia, nil, offline.Fields{"value": "€12.5 k", "stage": "Qualify"}, 20*day),
		rec(ref(offline.KindOpportunity, 3), "Warehouse scanners, second floor and the annex", nordwind, nil, offline.Fields{"value": "€9 k"}, 8*day),
		rec(ref(offline.KindCase, 1), "Spindle noise on line 2", moravia, nil, offline.Fields{"number": "CAS-01023", "status": "In progress"}, 4*day),
		rec(ref(offline.KindCase, 2), "Invoice 20261107 wrong VAT number", nordwind, nil, offline.Fields{"number": "CAS-01044"}, day),
		rec(ref(offline.KindUser, 1), "Ann Becker", none, []string{"ann.becker@postrider.example"}, nil, 100*day),
	}
	closed := rec(ref(offline.KindOpportunity, 9), "Old milling head", moravia, nil, nil, 500*day)
	closed.Active = false
	rs = append(rs, closed)
	for i, s := range []string{"Offer for the Brno line", "Drawings, revision C", "Re: Offer for the Brno line"} {
		rs = append(rs, offline.Record{
			Ref: ref(offline.KindEmail, i+1), Name: s, Active: false, Created: ago(time.Duration(i*i*3+2) * day),
			Email: &offline.Email{Identity: fmt.Sprintf("<crm%d@x.example>", i), Regarding: Brno(), Outgoing: i == 0, Closed: true},
		})
	}
	for i := range 40 {
		rs = append(rs, rec(ref(offline.KindAccount, 100+i), fmt.Sprintf("Musterfirma %02d GmbH", i), none, nil, nil, 50*day))
	}
	return rs
}

type letter struct {
	from, addr, subject string
	ago                 time.Duration
	state               offline.State
	cause               offline.Cause
	reason              string
	about               offline.Ref
	clips               int
	unread, out         bool
	body, html          string
}

const hour = time.Hour

func letters() []letter {
	brno, cas := Brno(), ref(offline.KindCase, 1)
	ls := []letter{
		{"Jana Nováková", "jana.novakova@moravia-tools.example", "Re: Offer for the Brno line", 3 * time.Minute, offline.Tracked, offline.CauseReply, "", brno, 2, true, false, "", offerHTML},
		{"Otto Brandt", "otto.brandt@nordwind.example", "Delivery next week?", 25 * time.Minute, offline.Untracked, "", "", offline.Ref{}, 0, true, false, "Hello Ann,\n\ncan you deliver the scanners already next week? We would need them on Tuesday.\nDetails: https://portal.nordwind.example/orders/4711\n\n> On Monday you wrote:\n> we could deliver in two weeks.\n>> Original question\n\nBest regards\nOtto\n-- \nNordwind Logistik · Hamburg\n", ""},
		{"Søren Kjær Mikkelsen", "skm@fjordbyg.example", "Forespørgsel på tilbud: værktøj til fræsning", hour, offline.Waiting, "filter:people", "", offline.Ref{}, 1, true, false, "Hej Ann,\n\nvi søger værktøj til fræsning af aluminium.\n\nVenlig hilsen\nSøren", ""},
		{"Aiko Tanaka", "tanaka@hanami.example", "お見積りのお願い(第二工場向け研削盤)", 2 * hour, offline.Tracked, offline.CauseUser, "", offline.Ref{}, 0, false, false, "いつもお世話になっております。花見商事の田中です。\n第二工場向けの研削盤について、お見積りをお願いいたします。納期は来年三月末を希望しております。\n\nよろしくお願いいたします。", ""},
		{"", "noreply@status.hosting-provider-with-a-very-long-name.example", "", 3 * hour, offline.Untracked, "", "", offline.Ref{}, 0, false, false, "ok\n", ""},
		{"Ann Becker", "ann.becker@postrider.example", "Offer for the Brno line", 5 * hour, offline.Tracked, offline.CauseUser, "", brno, 3, false, true, "Dear Jana,\n\nplease find our offer attached.\n\nAnn\n", ""},
		{"Purchasing Moravia", "info@moravia-tools.example", "Spindle noise on line 2: recording and the operator's notes from the night shift", 7 * hour, offline.Failed, offline.CauseUser, "The CRM refused it: the attachment recording.exe is of a blocked type", cas, 4, false, false, "See attached.", ""},
		{"GitForge", "notifications@gitforge.example", "[postrider/main] Build #1204 passed", 8 * hour, offline.Untracked, "", "", offline.Ref{}, 0, false, false, "All checks have passed.", ""},
		{"Éva Szűcs-Kovács", "eva@szucs.example", "Találkozó jövő héten — kedd vagy szerda?", 26 * hour, "", "", "", offline.Ref{}, 0, true, false, "Szia Ann!\n\nKedd vagy szerda?\n", ""},
		{"Marketing Weekly", "news@marketing-weekly.example", "🚀 12 ideas your competitors don't want you to read (number 7 is wild)", 30 * hour, offline.Untracked, "", "", offline.Ref{}, 0, false, false, "", newsHTML},
		{"محمد الأحمد", "m.alahmad@gulf.example", "طلب عرض أسعار", 50 * hour, offline.Waiting, "filter:all", "the CRM can't be reached", offline.Ref{}, 1, false, false, "السلام عليكم\n", ""},
		{"Petr Dvořák", "petr.dvorak@moravia-tools.example", "Drawings, revision C", 75 * hour, offline.Tracked, offline.CauseToken, "", brno, 1, false, false, "Hi,\nrevision C.\n\nPetr", ""},
	}
	names := []string{"Jana Nováková", "Otto Brandt", "Petr Dvořák", "Claire Dubois-Lefèvre", "Tom Fletcher", "Ирина Петрова", "王小明"}
	subjects := []string{"Minutes of Tuesday", "Re: Minutes of Tuesday", "Order 4711 confirmed", "Rechnung 2026-1107", "Question about clamping devices", "Travel to Brno", "Вопрос по договору поставки", "关于交货期的问题", "Fwd: Terms of payment", "Holiday greetings"}
	for i := range 48 {
		l := letter{from: names[i%len(names)], addr: strings.ToLower(fmt.Sprintf("person%d@example.org", i%7)), subject: subjects[i%len(subjects)], ago: time.Duration(100+i*37) * hour, state: offline.Untracked, body: "Hello,\n\nthis is message number " + fmt.Sprint(i) + ".\n"}
		if i%3 == 0 {
			l.state, l.cause, l.about = offline.Tracked, "filter:replies", brno
		}
		if i%7 == 3 {
			l.clips = 1
		}
		ls = append(ls, l)
	}
	return ls
}

// Fill puts the sample into an empty store.
func Fill(s *offline.Store) error {
	folders := []offline.Folder{
		{Name: "INBOX", Delimiter: "/", Role: offline.RoleInbox, Read: true}, {Name: "Sent", Delimiter: "/", Role: offline.RoleSent, Read: true},
		{Name: "Archive", Delimiter: "/", Role: offline.RoleArchive, Read: true}, {Name: "Archive/2025", Delimiter: "/", Read: true}, {Name: "Customers", Delimiter: "/", Read: true},
	}
	bodies := map[uint64]string{}
	err := s.Update(func(tx *offline.Tx) error {
		for i := range folders {
			if err := tx.PutFolder(&folders[i]); err != nil {
				return err
			}
		}
		for _, r := range records() {
			if err := tx.PutRecord(&r); err != nil {
				return err
			}
		}
		for i, l := range letters() {
			m := message(i, l, folders)
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
			bodies[m.Key] = raw(m, l)
		}
		for i, t := range []string{"Tracked “Re: Offer for the Brno line”, a reply to tracked mail", "Could not track “Spindle noise on line 2”: attachment of a blocked type", "Read 60 messages of Inbox", "Signed in to the CRM as Ann Becker"} {
			if err := tx.Log(offline.Activity{At: Now().Add(-time.Duration(4-i) * time.Minute), What: "track", Text: t}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k, b := range bodies {
		if k%5 == 0 {
			continue // to be fetched when it is asked for
		}
		if _, err := s.PutBody(k, strings.NewReader(b)); err != nil {
			return err
		}
	}
	return nil
}

func message(i int, l letter, folders []offline.Folder) offline.Message {
	at := Now().Add(-l.ago)
	me := offline.Address{Name: "Ann Becker", Addr: "ann.becker@postrider.example"}
	m := offline.Message{
		Identity: fmt.Sprintf("<sample%d@example.org>", i), From: []offline.Address{{Name: l.from, Addr: l.addr}}, To: []offline.Address{me},
		Subject: l.subject, Date: at, Received: at, Size: 5000, Outgoing: l.out, Body: offline.BodyInfo{Attachments: l.clips},
		Track: offline.Tracking{State: l.state, Cause: l.cause, Reason: l.reason, Regarding: l.about, Since: at.Add(time.Minute)},
	}
	if l.state == offline.Tracked || l.state == offline.Waiting {
		m.Track.Record = ref(offline.KindEmail, 100+i)
	}
	f := folders[0].ID
	if l.out {
		f = folders[1].ID
		m.To = []offline.Address{{Name: "Jana Nováková", Addr: "jana.novakova@moravia-tools.example"}}
		m.Cc = []offline.Address{{Name: "Petr Dvořák", Addr: "petr.dvorak@moravia-tools.example"}}
	}
	p := offline.Place{Folder: f, UID: uint32(i + 1)}
	if !l.unread {
		p.Flags = []string{`\Seen`}
	}
	m.Places = []offline.Place{p}
	return m
}

func raw(m offline.Message, l letter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: x <%s>\r\nTo: ann@postrider.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n", l.addr)
	typ, text := "text/plain", l.body
	if l.html != "" {
		typ, text = "text/html", l.html
	}
	if l.clips == 0 {
		fmt.Fprintf(&b, "Content-Type: %s; charset=utf-8\r\n\r\n%s", typ, text)
		return b.String()
	}
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=zz\r\n\r\n--zz\r\nContent-Type: %s; charset=utf-8\r\n\r\n%s\r\n", typ, text)
	for i := range l.clips {
		name := []string{"Offer 2026-118.pdf", "Brno line layout, second floor, revision C.dwg", "terms.docx", "photo.jpg"}[i%4]
		fmt.Fprintf(&b, "--zz\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%q\r\n\r\ndata\r\n", name)
	}
	b.WriteString("--zz--\r\n")
	return b.String()
}

const offerHTML = `<html><head><title>x</title><style>p{color:red}</style></head><body>
<p>Dear Ann,</p><p>thank you for the offer of <b>19 November</b>. We have gone through it with production and have three questions before we can order:</p>
<ol><li>Is the <i>second feeder</i> part of the price of <b>€&nbsp;48,000</b>, or is it an option?</li>
<li>Can the line be delivered in calendar week 6, as <a href="https://moravia-tools.example/plan">our plan</a> foresees?</li>
<li>Who trains the operators?</li></ol>
<table><tr><th>Item</th><th>Qty</th><th>Price</th></tr><tr><td>Feeder F2</td><td>2</td><td>€ 6,400</td></tr><tr><td>Conveyor 6 m</td><td>1</td><td>€ 11,200</td></tr></table>
<p>Please also look at <a href="http://evil.example/login">www.moravia-tools.example</a>.</p>
<p>Kind regards<br>Jana Nováková<br><img src="https://track.example/p.gif" width=1 height=1><img src="https://moravia-tools.example/logo.png" alt="Moravia Tools logo"></p>
<blockquote><p>On 19 Nov 2026, Ann Becker wrote:</p><p>Dear Jana, please find our offer for the Brno line attached. It is valid until the end of the year.</p>
<blockquote><p>Could you send us an offer for the line we spoke about in Brno?</p></blockquote></blockquote></body></html>`

const newsHTML = `<html><body><div style="display:none">Preheader nobody should see</div><table width=600><tr><td><h1>12 ideas</h1></td></tr>
<tr><td><img src="http://x.example/a.png" alt="A rocket"><p>Idea one is <b>simple</b>: write less.</p><ul><li>Fewer words</li><li>Shorter mails<ul><li>One question each</li></ul></li></ul>
<pre>code { here: 1; }
  indented</pre><hr><p><a href="https://marketing-weekly.example/unsubscribe?u=1">Unsubscribe</a></p></td></tr></table><script>alert(1)</script></body></html>`

// More adds n short messages to the inbox.
func More(s *offline.Store, n int) error {
	for start := 0; start < n; start += 1000 {
		err := s.Update(func(tx *offline.Tx) error {
			f, err := tx.FolderByName("INBOX")
			if err != nil {
				return err
			}
			var ms []offline.Message
			for i := start; i < min(n, start+1000); i++ {
				l := letter{from: fmt.Sprintf("Person %d", i%900), addr: fmt.Sprintf("p%d@example.org", i%900), subject: fmt.Sprintf("Message number %d", i), ago: time.Duration(i+2000) * time.Hour, state: offline.Untracked}
				m := message(10_000+i, l, []offline.Folder{f, f})
				ms = append(ms, m)
			}
			return tx.AddMessages(ms)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
