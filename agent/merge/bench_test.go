package merge

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"postrider/offline"
)

// The goal is 100,000 pairs a second and core.
func BenchmarkMerge(b *testing.B) {
	base := offline.Fields{}
	for n, row := range Table(offline.KindContact) {
		if n%2 == 0 {
			base[row.Word] = fmt.Sprintf("+46 36 %d", n)
		}
	}
	edited, spelled := maps.Clone(base), offline.Fields{}
	edited["title"], edited["mobile"] = "Director", "+46 70 1"
	for w, v := range base {
		spelled[w] = strings.ReplaceAll(v, " ", "  ") + " "
	}
	for name, pair := range map[string][2]offline.Fields{"nothing changed": {base, maps.Clone(base)}, "two fields changed": {edited, base}, "all spelled differently": {spelled, base}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Merge(offline.KindContact, base, pair[0], pair[1], Options{ThreeAddresses: true})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	var items []ItemSide
	var records []RecordSide
	for n := range 10_000 {
		fields := f("first", fmt.Sprint("First", n), "last", "Last", "email1", fmt.Sprintf("p%d@x.example", n))
		items = append(items, ItemSide{Key: uint64(n + 1), Kind: offline.KindContact, Fields: fields})
		records = append(records, RecordSide{Ref: offline.Ref{Kind: offline.KindContact, ID: fmt.Sprint(n + 5000)}, Fields: f("first", fmt.Sprint("First", n+5000), "last", "Last", "email1", fmt.Sprintf("p%d@x.example", n+5000))})
	}
	for b.Loop() {
		if m := Match(items, records, time.UTC); len(m.Links) != 5000 {
			b.Fatalf("%d pairs", len(m.Links))
		}
	}
}
