package track

import (
	"fmt"
	"testing"

	"postrider/offline"
)

func TestARecordIsMadeForAnUnknownSender(t *testing.T) {
	contacts := offline.Options{AutoCreate: offline.KindContact}
	jana := offline.Message{From: []offline.Address{{Name: "Jana Nováková", Addr: "Jana@Moravia.example"}}, To: []offline.Address{{Addr: "ann@x"}, {Addr: "stranger@y"}}, Subject: "Re: Offer"}
	with := func(edit func(*offline.Message)) offline.Message { m := jana; edit(&m); return m }
	asleep := record(offline.KindContact, "c", 1)
	asleep.Active = false
	for _, c := range []struct {
		name    string
		msg     offline.Message
		holders []offline.Record
		options offline.Options
		want    string
	}{
		{"R-EMAIL-10 as a contact", jana, nil, contacts, "contact jana@moravia.example map[email:Jana@Moravia.example first:Jana last:Nováková]"},
		{"R-EMAIL-10 as a lead", jana, nil, offline.Options{AutoCreate: offline.KindLead}, "lead jana@moravia.example map[email:Jana@Moravia.example first:Jana last:Nováková topic:Offer]"},
		{"R-EMAIL-10 not unless the user chose it", jana, nil, offline.Options{}, ""},
		{"R-EMAIL-10 not without the right to", jana, nil, offline.Options{AutoCreate: offline.KindLead, Creates: []offline.Kind{offline.KindContact}}, ""},
		{"R-EMAIL-10 with the right to", jana, nil, offline.Options{AutoCreate: offline.KindContact, Creates: []offline.Kind{offline.KindContact}}, "contact jana@moravia.example map[email:Jana@Moravia.example first:Jana last:Nováková]"},
		{"R-EMAIL-10 not of a kind that is no person", jana, nil, offline.Options{AutoCreate: offline.KindCase}, ""},
		{"R-EMAIL-10 not where a record holds the address", jana, []offline.Record{record(offline.KindLead, "l", 1)}, contacts, ""},
		{"not where an inactive one does: somebody meant that", jana, []offline.Record{asleep}, contacts, ""},
		{"not for what the user sent", with(func(m *offline.Message) { m.Outgoing = true }), nil, contacts, ""},
		{"not for the user", with(func(m *offline.Message) { m.From = []offline.Address{{Addr: "ANN@x"}} }), nil, contacts, ""},
		{"not for what a program sent", with(func(m *offline.Message) { m.Automatic = true }), nil, contacts, ""},
		{"R-EMAIL-11 not for a mailing list", with(func(m *offline.Message) { m.ListID = "list.example" }), nil, contacts, ""},
		{"not for a bounce", with(func(m *offline.Message) { m.ContentType = "multipart/report" }), nil, contacts, ""},
		{"not for an address that nobody reads", with(func(m *offline.Message) { m.From = []offline.Address{{Addr: "No-Reply+42@shop.example"}} }), nil, contacts, ""},
		{"not for nobody", with(func(m *offline.Message) { m.From = nil }), nil, contacts, ""},
		{"not for what is no address", with(func(m *offline.Message) { m.From = []offline.Address{{Addr: "undisclosed"}} }), nil, contacts, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, ok := Stranger(&c.msg, c.holders, c.options, []string{"ann@x"})
			got := ""
			if ok {
				got = fmt.Sprintf("%s %s %v", u.Kind, u.Address, u.Fields)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestNamesAreSplit(t *testing.T) {
	for in, want := range map[offline.Address]string{
		{Name: "Jana Nováková"}:                        "Jana|Nováková",
		{Name: "Nováková, Jana"}:                       "Jana|Nováková",
		{Name: "Dr. Jana  Maria Nováková"}:             "Dr. Jana Maria|Nováková",
		{Name: "'Jana'"}:                               "|Jana",
		{Name: "", Addr: "jana.novakova@x.example"}:    "|jana.novakova",
		{Name: "jana@x.example", Addr: "jana@x"}:       "|jana",
		{Name: "Smith,", Addr: "s@x"}:                  "|Smith,",
		{Name: "田中愛子", Addr: "t@x"}:                    "|田中愛子",
		{Name: "\u202eanaJ avokavoN\u202c", Addr: "j"}: "anaJ|avokavoN",
		{Addr: "nobody"}:                               "|nobody",
	} {
		if f, l := SplitName(in); f+"|"+l != want {
			t.Errorf("%+v: %q and %q", in, f, l)
		}
	}
}
