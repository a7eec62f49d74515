package agent

import (
	"fmt"
	"testing"

	"postrider/agent/track"
	"postrider/offline"
)

// How long after the start the address book is there: 50,000 contacts of a
// store, read and sorted, beside whatever else the program does.
func BenchmarkFillBook(b *testing.B) {
	w := startWorld(b, b.TempDir(), track.None)
	defer w.close()
	const n = 50_000
	for from := 0; from < n; from += 1000 {
		if err := w.store.Update(func(tx *offline.Tx) error {
			for i := from; i < from+1000; i++ {
				r := offline.Record{Ref: offline.Ref{Kind: offline.KindContact, ID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)}, Name: fmt.Sprintf("Jana Nováková %d", i),
					Addrs: []string{fmt.Sprintf("jana%d@firm%d.example", i, i%5000)}, Active: true, Summary: "Buyer, Firm", Fields: offline.Fields{"title": "Buyer", "phone": "+420 555 0100"}}
				if err := tx.PutRecord(&r); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		w.agent.fillBook(true)
	}
	if got := w.agent.Book().Len(); got != n {
		b.Fatalf("%d entries", got)
	}
}
