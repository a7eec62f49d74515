package itemtext

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/agent/vobject"
	"postrider/offline"
)

func stockholm(t testing.TB) *time.Location {
	z, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var text = Text{Own: []string{"ann@alder.example"}, Now: func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }}

func words(s string) offline.Fields {
	f := offline.Fields{}
	for l := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		if w, v, ok := strings.Cut(strings.TrimSpace(l), "="); ok {
			f[w] = strings.ReplaceAll(v, `\n`, "\n")
		}
	}
	return f
}

func TestWhatTextsSay(t *testing.T) {
	for _, c := range []struct {
		kind offline.Kind
		name string
		from map[string]string
		want string
		uid  string
		why  string // of the problem
	}{
		{offline.KindContact, "3.0 of a phone", cards, `first=Anna
			middle=Maria
			last=Lindqvist
			prefix=Dr.
			nickname=Ann
			company=Alder Machine Tools AB
			department=Sales
			title=Head of Sales
			email1=Ann@Alder.example
			email2=private@x.example
			mobile=+46 70 1
			phone-business=+46 36 1
			fax=+46 36 2
			phone-home=+46 36 3
			assistant-phone=+46 36 4
			address1-street=Storgatan 1
			address1-city=Jönköping
			address1-postcode=553 20
			address1-country=Sweden
			address2-street=Hemvägen 2\nBakgården
			address2-city=Huskvarna
			address2-postcode=561 31
			address2-country=Sweden
			birthday=1980-05-17
			anniversary=2005-06-18
			website=https://alder.example/?a=1,2
			ftp=ftp://files.alder.example
			body=Met at the fair.\nLikes coffee.
			spouse=Erik
			categories=Fair\nTrack in CRM
			photo=/9j/4AAQSkZJRg==
			yomi-first=アンナ`, "c1", ""},
		{offline.KindContact, "4.0", cards, `last=山田
			first=太郎
			email1=a@x.example
			email2=b@x.example
			phone-business=+81-3-1
			birthday=--02-03
			anniversary=2009-08-08
			photo=iVBORw0KGgo=
			address1-street=1-2
			address1-city=Tokyo
			address1-postcode=100
			address1-country=Japan
			private=1`, "c2", ""},
		{offline.KindContact, "2.1", cards, `last=Öberg
			first=Jörg
			mobile=+1
			phone-home=+2
			email1=j@x.example
			body=one\ntwo
			address1-street=Street
			address1-city=City
			address1-postcode=1
			address1-country=Land`, "", ""},
		{offline.KindContact, "Apple", cards, "last=Bob\nbirthday=--02-03\nanniversary=2010-01-02\nmobile=1\nphone-company=2", "", ""},
		{offline.KindContact, "a company", cards, "last=Acme\ncompany=Acme; Sons", "", ""},
		{offline.KindContact, "relations", cards, "first=A\nlast=B\nspouse=Erik\nmanager=Mona\nassistant=Assar", "", ""},
		{offline.KindContact, "Google", cards, "first=A\nlast=B\nspouse=Erik\nmanager=Mona\nbirthday=--05-17\ncompany=Foo, Inc.\ndepartment=R, D\nwebsite=https://x.example/?a=1,2", "", ""},
		{offline.KindContact, "Outlook", cards, "first=A\nlast=B\nspouse=Erik\nmanager=Mona\nassistant=Assar\nanniversary=2005-06-18\naddress1-street=Main St 1, Floor 2\naddress1-city=City\nbody=one", "", ""},
		{offline.KindContact, "by several", cards, "first=A\nlast=B\nspouse=Erik\nbody=first\ntitle=one\nwebsite=https://a.example\ncompany=Alder", "", ""},
		{offline.KindContact, "sorted", cards, "first=太郎\nlast=山田\nyomi-last=やまだ\nyomi-first=たろう\ncompany=Alder", "", ""},
		{offline.KindAppointment, "a meeting", events, `subject=Offer: open, questions
			body=One\nTwo
			location=Teams
			time=2026-06-15T07:00:00Z/2026-06-15T08:30:00Z
			importance=high
			show=oof
			required=bob@x.example Berg, Bob
			optional=carl@x.example`, "e1", ""},
		{offline.KindAppointment, "whole days", events, "subject=Fair\ntime=2026-06-15/2026-06-17\nshow=free", "e2", ""},
		{offline.KindAppointment, "one day", events, "subject=Day\ntime=2026-06-15/2026-06-16\nshow=busy\nprivate=1", "e3", ""},
		{offline.KindAppointment, "floating", events, "subject=Run\ntime=2026-06-15T07:00:00Z/2026-06-15T08:30:00Z\nshow=tentative", "e4", ""},
		{offline.KindAppointment, "UTC", events, "subject=Call\ntime=2026-06-15T09:00:00Z/2026-06-15T10:00:00Z\nshow=busy", "e5", ""},
		{offline.KindAppointment, "Windows", events, "subject=x\ntime=2026-01-15T08:00:00Z/2026-01-15T09:00:00Z\nshow=busy", "e6", ""},
		{offline.KindAppointment, "a long name", events, "subject=x\ntime=2026-01-15T08:00:00Z/2026-01-15T09:00:00Z\nshow=busy", "e7", ""},
		{offline.KindAppointment, "a zone of its own", events, "subject=x\ntime=2026-01-15T05:30:00Z/2026-01-15T06:30:00Z\nshow=busy", "e8", ""},
		{offline.KindAppointment, "a well-known zone", events, "subject=x\ntime=2026-01-12T08:00:00Z/2026-01-12T09:00:00Z\nshow=busy\nzone=Europe/Berlin\nrecurrence=FREQ=WEEKLY;COUNT=30;BYDAY=MO", "e9", ""},
		{offline.KindAppointment, "a series", events, `subject=Sales meeting
			time=2026-03-02T08:00:00Z/2026-03-02T08:45:00Z
			show=busy
			zone=Europe/Stockholm
			recurrence=FREQ=WEEKLY;COUNT=20;BYDAY=MO\n-20260309T090000\n-20260316T090000\n=20260330T090000 {"subject":"Sales meeting (moved)","time":"2026-03-31T08:00:00Z/2026-03-31T08:45:00Z"}`, "s1", ""},
		{offline.KindAppointment, "a series of days", events, `subject=Inventory
			time=2026-03-02/2026-03-03
			show=busy
			recurrence=FREQ=MONTHLY;UNTIL=20261231;BYMONTHDAY=2\n-20260402`, "s2", ""},
		{offline.KindAppointment, "a rule beyond a CRM", events, "subject=Pay\ntime=2026-03-01T09:00:00Z/2026-03-01T10:00:00Z\nshow=busy\nzone=UTC\nrecurrence=FREQ=MONTHLY;BYMONTHDAY=1,15", "s3", "several days"},
		{offline.KindAppointment, "single days", events, "subject=Twice\ntime=2026-03-01T09:00:00Z/2026-03-01T10:00:00Z\nshow=busy", "s4", "single days"},
		{offline.KindAppointment, "this and later", events, "subject=x\ntime=2026-03-01T09:00:00Z/2026-03-01T09:00:00Z\nshow=busy\nzone=UTC\nrecurrence=FREQ=DAILY", "s5", "all later"},
		{offline.KindAppointment, "one of a series", events, "subject=only this", "s6", "single occurrence"},
		{offline.KindAppointment, "nothing", events, "", "", "no appointment"},
		{offline.KindTask, "a task", todos, "subject=Send the offer\nbody=Soon\nstart=2026-06-01\ndue=2026-06-15\nimportance=low\nstatus=in-progress\npercent=50", "t1", ""},
		{offline.KindTask, "with a time", todos, "subject=Call\ndue=2026-06-15T13:00:00Z", "t2", ""},
		{offline.KindTask, "done", todos, "subject=Done\ndue=2026-06-15\ncompleted=2026-06-14T12:00:00Z\nstatus=completed\npercent=100", "t3", ""},
		{offline.KindTask, "waiting", todos, "subject=Wait\nstatus=waiting\nregarding=account:a1", "t4", ""},
		{offline.KindTask, "comes again", todos, "subject=Weekly\nstart=2026-06-14T12:00:00Z\ndue=2026-06-15T12:00:00Z", "t5", "again and again"}, // R-TASK-06
		{offline.KindTask, "no task at all", todos, "", "", "no task"},
	} {
		in := text.Read(c.kind, []byte(c.from[c.name]), stockholm(t))
		if want := words(c.want); !maps.Equal(in.Fields, want) {
			for w, v := range want {
				if in.Fields[w] != v {
					t.Errorf("%s: %s is %q, want %q", c.name, w, in.Fields[w], v)
				}
			}
			for w, v := range in.Fields {
				if _, ok := want[w]; !ok {
					t.Errorf("%s: %s is %q, too", c.name, w, v)
				}
			}
		}
		if in.UID != c.uid || (in.Problem == "") != (c.why == "") || !strings.Contains(in.Problem, c.why) {
			t.Errorf("%s: UID %q, problem %q", c.name, in.UID, in.Problem)
		}
	}
	mark := text.Read(offline.KindContact, []byte(cards["4.0"]), time.UTC).Mark
	if mark != (offline.Mark{Org: "org1", Record: offline.Ref{Kind: offline.KindContact, ID: "r1"}}) {
		t.Errorf("mark %+v", mark)
	}
}

// R-CONTACT-05, R-CONTACT-06: the mailing address is wherever it is; where all three
// are carried, each is what it says.
func TestTheFirstAddressIsTheMailingAddress(t *testing.T) {
	home := []byte("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nADR;TYPE=home:;;S;City;;;\r\nPHOTO;VALUE=uri:https://x.example/a.png\r\nEND:VCARD\r\n")
	three := Text{Three: func() bool { return true }}
	if f := text.Read(offline.KindContact, home, time.UTC).Fields; f["address1-city"] != "City" || f["address2-city"] != "" {
		t.Errorf("mailing: %v", f)
	}
	if f := three.Read(offline.KindContact, home, time.UTC).Fields; f["address1-city"] != "" || f["address2-city"] != "City" {
		t.Errorf("all three: %v", f)
	}
	for _, v := range []string{"iVBORw0KGgo=", "", "no base64"} {
		got, err := text.Edit(offline.KindContact, home, "", offline.Fields{"photo": v}, offline.Mark{}, time.UTC)
		if err != nil || !bytes.Contains(got, []byte("https://x.example/a.png")) {
			t.Errorf("a picture that is elsewhere was lost: %v %s", err, got)
		}
	}
}

func corpus() map[offline.Kind]map[string]string {
	return map[offline.Kind]map[string]string{offline.KindContact: cards, offline.KindAppointment: events, offline.KindTask: todos}
}

// A save that changes nothing changes no byte.
func TestSayingWhatATextSaysChangesNothing(t *testing.T) {
	for kind, all := range corpus() {
		for name, raw := range all {
			if raw == "" {
				continue
			}
			in := text.Read(kind, []byte(raw), stockholm(t))
			got, err := text.Edit(kind, []byte(raw), "other", in.Fields, in.Mark, stockholm(t))
			if err != nil || string(got) != raw {
				t.Errorf("%s: %v\n%s", name, err, got)
			}
		}
	}
}

// values for words that are edited.
func drawWords(t *rapid.T, kind offline.Kind) offline.Fields {
	f := offline.Fields{}
	line := rapid.SampledFrom([]string{"", "x", "Å, b; \\c\"", "山田 太郎"})
	lines := rapid.SampledFrom([]string{"", "a", "one\n\ntwo, three; \\four", "Å"})
	phone := rapid.SampledFrom([]string{"", "+46 36 9", "118"})
	pick := map[string]*rapid.Generator[string]{}
	switch kind {
	case offline.KindContact:
		for _, w := range []string{"first", "middle", "last", "prefix", "suffix", "nickname", "title", "department", "company", "spouse", "manager", "assistant", "children", "yomi-first", "yomi-last", "government-id",
			"address1-city", "address1-region", "address2-city", "address2-country", "address3-postcode", "address3-city"} {
			pick[w] = line
		}
		for _, w := range []string{"phone-business", "phone-business2", "phone-home", "phone-home2", "phone-other", "mobile", "phone-company", "phone-callback", "pager", "fax", "assistant-phone", "manager-phone"} {
			pick[w] = phone
		}
		for _, w := range []string{"email1", "email2", "email3"} {
			pick[w] = rapid.SampledFrom([]string{"", "a@x.example", "b@x.example"})
		}
		pick["body"], pick["address1-street"] = lines, lines
		pick["birthday"] = rapid.SampledFrom([]string{"", "--02-03", "2001-02-03"})
		pick["anniversary"] = pick["birthday"]
		pick["website"] = rapid.SampledFrom([]string{"", "https://x.example/?a=1,2"})
		pick["ftp"] = rapid.SampledFrom([]string{"", "ftp://x.example", "files.example"})
		pick["photo"] = rapid.SampledFrom([]string{"", "iVBORw0KGgo="})
		pick["parent"] = rapid.SampledFrom([]string{"", "account:a"})
	case offline.KindTask:
		pick["subject"], pick["body"] = line, lines
		pick["start"] = rapid.SampledFrom([]string{"", "2026-06-01", "2026-06-01T09:30:00Z"})
		pick["due"] = pick["start"]
		pick["percent"] = rapid.SampledFrom([]string{"", "25"})
		pick["status"] = rapid.SampledFrom([]string{"", "in-progress", "waiting", "deferred", "canceled"})
		pick["importance"] = rapid.SampledFrom([]string{"", "high", "low"})
	default:
		pick["subject"], pick["location"], pick["body"] = line, line, lines
		pick["importance"] = rapid.SampledFrom([]string{"", "high", "low"})
		pick["show"] = rapid.SampledFrom([]string{"free", "busy", "tentative", "oof"})
		pick["required"] = rapid.SampledFrom([]string{"", "bob@x.example Berg, Bob", "bob@x.example Berg, Bob\ndora@x.example Dora"})
		pick["optional"] = rapid.SampledFrom([]string{"", "carl@x.example", "eva@x.example"})
		pick["time"] = rapid.SampledFrom([]string{"2026-07-01T09:00:00Z/2026-07-01T10:00:00Z", "2026-01-07/2026-01-09"})
	}
	pick["categories"] = rapid.SampledFrom([]string{"", "A\nTracked in CRM"})
	pick["private"] = rapid.SampledFrom([]string{"", "1"})
	for _, w := range slices.Sorted(maps.Keys(pick)) {
		if rapid.IntRange(0, 3).Draw(t, "edit") == 0 {
			f[w] = strings.TrimSpace(pick[w].Draw(t, w))
		}
	}
	return f
}

// What is edited is what is read; all other words stay; and what we don't know is
// there as it was.
// R-APPT-03, R-APPT-04, R-APPT-07, R-TASK-03: attachments, alarms and rich text among it.
func TestAnEditChangesItsWordsOnly(t *testing.T) {
	zone := stockholm(t)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]offline.Kind{offline.KindContact, offline.KindAppointment, offline.KindTask}).Draw(t, "kind")
		all := corpus()[kind]
		name := rapid.SampledFrom(append(slices.Sorted(maps.Keys(all)), "new")).Draw(t, "text")
		raw := []byte(all[name])
		before := text.Read(kind, raw, zone)
		if strings.Contains(before.Problem, "is no ") || strings.Contains(before.Problem, "single occurrence") {
			raw, before = nil, Info{}
		}
		change := drawWords(t, kind)
		if before.Fields[offline.WordRecurrence] != "" {
			delete(change, "time")
			delete(change, "subject") // an occurrence of its own may say what the series says now
		}
		if kind == offline.KindTask && (before.Fields["completed"] != "" || before.Fields["start"] != "" && strings.Contains(string(raw), "DURATION")) {
			delete(change, "status")
			delete(change, "start")
		}
		got, err := text.Edit(kind, raw, "new-uid", change, before.Mark, zone)
		if err != nil {
			t.Fatal(err)
		}
		after := text.Read(kind, got, zone)
		want := maps.Clone(before.Fields)
		if want == nil {
			want = offline.Fields{}
			if kind == offline.KindAppointment {
				want["show"] = "busy"
			}
		}
		for w, v := range change {
			if want[w] = v; v == "" {
				delete(want, w)
			}
		}
		if kind == offline.KindContact && want["first"] == "" && want["last"] == "" {
			delete(after.Fields, "last") // read from FN, which no card is without
			delete(want, "last")
		}
		if raw == nil && kind == offline.KindAppointment && change["time"] == "" {
			return // no appointment without a time
		}
		if !maps.Equal(after.Fields, want) {
			t.Fatalf("%v\nbecame %v\nwant %v\n%s", change, after.Fields, want, got)
		}
		for _, l := range unknown(raw) {
			if !bytes.Contains(got, l) {
				t.Fatalf("%q was dropped:\n%s", l, got)
			}
		}
		again, err := text.Edit(kind, got, "new-uid", after.Fields, after.Mark, zone)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("saying it again changed it: %v\n%s", err, again)
		}
	})
}

// unknown are lines that no word speaks of.
func unknown(raw []byte) (out [][]byte) {
	for l := range bytes.SplitSeq(raw, []byte("\n")) {
		for _, p := range []string{"X-UNKNOWN", "X-OWN", "X-MORE", "ATTACH", "TRIGGER", "ATTENDEE;CUTYPE", "X-APPLE-TRAVEL", "UID", "no colon", "TZOFFSET"} {
			if bytes.HasPrefix(l, []byte(p)) {
				out = append(out, bytes.TrimSpace(l))
			}
		}
	}
	return out
}

func FuzzReadAndEdit(f *testing.F) {
	for _, all := range corpus() {
		for _, raw := range all {
			f.Add([]byte(raw), "x")
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, subject string) {
		if len(raw) == 0 {
			return
		}
		for kind := range corpus() {
			in := text.Read(kind, raw, time.UTC)
			got, err := text.Edit(kind, raw, "u", in.Fields, in.Mark, time.UTC)
			if err == nil && !bytes.Equal(got, raw) {
				t.Fatalf("%s: saying what it says made %q of %q", kind, got, raw)
			}
			got, err = text.Edit(kind, raw, "u", offline.Fields{"subject": subject, "title": subject, "body": subject}, in.Mark, time.UTC)
			if err != nil {
				continue
			}
			for _, c := range vobject.Parse(raw).Components() {
				for _, l := range c.Lines() {
					if strings.HasPrefix(l.Name, "X-KEEP") && !bytes.Contains(got, []byte(l.Name)) {
						t.Fatalf("%s is gone", l.Name)
					}
				}
			}
		}
	})
}
