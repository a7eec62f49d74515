package track

import (
	"testing"

	"postrider/offline"
)

func TestTheNeverTrackListWinsOverEveryRule(t *testing.T) {
	list := NewNeverList([]offline.Never{{Address: "Spouse@Home.example"}, {Domain: "@bank.example"}, {Domain: "alder.example"}, {Folder: 7}})
	addrs := func(list ...string) (out []offline.Address) {
		for _, a := range list {
			out = append(out, offline.Address{Addr: a})
		}
		return out
	}
	for _, c := range []struct {
		name string
		msg  offline.Message
		want string // the entry; empty: not on the list
	}{
		{"a stranger's message is not on it", offline.Message{From: addrs("jana@moravia.example")}, ""},
		{"an address, whatever its case", offline.Message{From: addrs("SPOUSE@home.example")}, "spouse@home.example"},
		{"another address of that domain is not on it", offline.Message{From: addrs("kid@home.example")}, ""},
		{"a domain", offline.Message{From: addrs("news@bank.example")}, "bank.example"},
		{"a domain below it", offline.Message{From: addrs("news@mail.eu.bank.example")}, "bank.example"},
		{"a domain that only ends alike is not on it", offline.Message{From: addrs("news@notbank.example")}, ""},
		{"the Sender field counts, too", offline.Message{From: addrs("jana@moravia.example"), Sender: offline.Address{Addr: "x@bank.example"}}, "bank.example"},
		{"a recipient of what came in does not count", offline.Message{From: addrs("jana@moravia.example"), To: addrs("x@bank.example")}, ""},
		{"what was sent to listed people only", offline.Message{Outgoing: true, From: addrs("ann@alder.example"), To: addrs("spouse@home.example"), Cc: addrs("b@alder.example")}, "spouse@home.example"},
		{"what was sent to a customer, a listed colleague in copy, is not on it", offline.Message{Outgoing: true, From: addrs("ann@alder.example"), To: addrs("jana@moravia.example"), Cc: addrs("b@alder.example")}, ""},
		{"what was sent to nobody is not on it", offline.Message{Outgoing: true, From: addrs("ann@alder.example")}, ""},
		{"a folder", offline.Message{From: addrs("jana@moravia.example"), Places: []offline.Place{{Folder: 3}, {Folder: 7}}}, "a folder"},
		{"an address that is none", offline.Message{From: addrs("@", "..", "bank.example@")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			entry, ok := list.Of(&c.msg)
			got := entry.Address + entry.Domain
			if entry.Folder != 0 {
				got = "a folder"
			}
			if got != c.want || ok != (c.want != "") {
				t.Fatalf("got %+v, %v", entry, ok)
			}
			for _, f := range Filters {
				facts := Facts{Existing: []offline.Record{email("x", offline.Ref{}, c.msg.Outgoing)}, Replied: []Parent{{}}}
				d := Decide(&c.msg, facts, Settings{Filter: f, Sent: true, Never: list})
				if d.Track == ok || ok && (d.Cause != offline.CauseNever || d.Reason == "") {
					t.Errorf("under %s: %+v", f, d)
				}
			}
			if !ByHand(&c.msg, Facts{}, Settings{Never: list}, offline.Ref{}).Track {
				t.Error("the user's hand goes before the list")
			}
		})
	}
}
