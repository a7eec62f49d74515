package merge

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/offline"
)

func TestWhatMeetsForTheFirstTime(t *testing.T) {
	contact := func(key uint64, first, last string, emails ...string) ItemSide {
		i := ItemSide{Key: key, Kind: offline.KindContact, Fields: f("first", first, "last", last)}
		for n, e := range emails {
			i.Fields[fmt.Sprintf("email%d", n+1)] = e
		}
		return i
	}
	record := func(kind offline.Kind, id, uid string, pairs ...string) RecordSide {
		return RecordSide{Ref: offline.Ref{Kind: kind, ID: id}, GlobalID: uid, Fields: f(pairs...)}
	}
	items := []ItemSide{
		contact(1, "Ann", "Berg", "ANN@x.example"),
		contact(2, "Bob", "Carl", "private@x.example", "bob@x.example"),
		contact(3, "Info", "Desk", "info@x.example"),
		contact(4, "Two", "Same", "two@x.example"),
		contact(5, "Two", "Same", "two@x.example"),
		contact(6, "No", "Body", "nobody@x.example"),
		{Key: 7, UID: "uid-7", Kind: offline.KindAppointment, Fields: f("subject", "other", "time", "1/2")},
		{Key: 8, Kind: offline.KindAppointment, Fields: f("subject", "Weekly  Review", "time", "2026-01-02T09:00:00Z/2026-01-02T10:00:00Z")},
		{Key: 9, Kind: offline.KindAppointment, Fields: f("subject", "Weekly Review", "time", "2026-01-09T09:00:00Z/2026-01-09T10:00:00Z")},
		{Key: 10, Kind: offline.KindTask, Fields: f("subject", "Call", "due", "2026-01-02")},
		{Key: 11, Kind: offline.KindTask, Fields: f("subject", "Call", "due", "2026-01-03")},
	}
	records := []RecordSide{
		record(offline.KindContact, "a", "", "first", "ann", "last", "BERG", "email2", "ann@x.example"),
		record(offline.KindContact, "b", "", "first", "Bob", "last", "Carl", "email1", "bob@x.example"),
		record(offline.KindContact, "c", "", "first", "Someone", "last", "Else", "email1", "info@x.example"),
		record(offline.KindContact, "d", "", "first", "Two", "last", "Same", "email1", "two@x.example"),
		record(offline.KindAppointment, "e", "uid-7", "subject", "Weekly Review", "time", "2026-01-02T09:00:00Z/2026-01-02T10:00:00Z"),
		record(offline.KindAppointment, "f", "", "subject", "weekly review", "time", "2026-01-02T09:00:00Z/2026-01-02T10:00:00Z"),
		record(offline.KindSeries, "g", "", "subject", "Weekly Review", "time", "2026-01-09T09:00:00Z/2026-01-09T10:00:00Z", "recurrence", "FREQ=DAILY"),
		record(offline.KindTask, "h", "", "subject", "call", "due", "2026-01-02T23:30:00Z"),
	}
	zone := time.FixedZone("UTC+1", 3600)
	want := Matches{
		Links: []Pair{
			{1, offline.Ref{Kind: offline.KindContact, ID: "a"}}, {2, offline.Ref{Kind: offline.KindContact, ID: "b"}},
			{7, offline.Ref{Kind: offline.KindAppointment, ID: "e"}}, {8, offline.Ref{Kind: offline.KindAppointment, ID: "f"}}, {11, offline.Ref{Kind: offline.KindTask, ID: "h"}},
		},
		Ambiguous: []Group{
			{[]uint64{3}, []offline.Ref{{Kind: offline.KindContact, ID: "c"}}},
			{[]uint64{4, 5}, []offline.Ref{{Kind: offline.KindContact, ID: "d"}}},
		},
	}
	for range 20 {
		rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		if got := Match(items, records, zone); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
}

// Nothing is paired twice, and nothing is both paired and in doubt.
func TestEachIsMatchedOnceAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) offline.Fields {
			return f("first", rapid.SampledFrom([]string{"A", "B"}).Draw(t, name), "last", "L", "email1", rapid.SampledFrom([]string{"", "a@x", "b@x"}).Draw(t, name), "email2", rapid.SampledFrom([]string{"", "a@x", "c@x"}).Draw(t, name))
		}
		var items []ItemSide
		var records []RecordSide
		for n := range rapid.IntRange(0, 6).Draw(t, "items") {
			items = append(items, ItemSide{Key: uint64(n + 1), Kind: offline.KindContact, UID: rapid.SampledFrom([]string{"", "u", "v"}).Draw(t, "uid"), Fields: draw("item")})
		}
		for n := range rapid.IntRange(0, 6).Draw(t, "records") {
			records = append(records, RecordSide{Ref: offline.Ref{Kind: offline.KindContact, ID: fmt.Sprint(n)}, GlobalID: rapid.SampledFrom([]string{"", "u"}).Draw(t, "uid"), Fields: draw("record")})
		}
		seen := map[any]bool{}
		once := func(v any) {
			if seen[v] {
				t.Fatalf("%v is there twice", v)
			}
			seen[v] = true
		}
		m := Match(items, records, time.UTC)
		for _, p := range m.Links {
			once(p.Item)
			once(p.Record)
		}
		for _, g := range m.Ambiguous {
			if len(g.Items) == 0 || len(g.Records) == 0 {
				t.Fatalf("a doubt of one side: %+v", g)
			}
			for _, k := range g.Items {
				once(k)
			}
			for _, r := range g.Records {
				once(r)
			}
		}
	})
}
