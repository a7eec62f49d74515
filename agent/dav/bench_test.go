package dav_test

import (
	"fmt"
	"strings"
	"testing"

	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// BenchmarkContacts reads 2,000 contacts from Radicale: with the adapter, and
// with a bare client that sends the same reports and discards the answers.
func BenchmarkContacts(b *testing.B) {
	const n = 2000
	f := davtest.StartRadicale(b)
	c := f.Client(b)
	coll := f.Collection(b, c, offline.KindContact)
	var all strings.Builder
	for i := range n {
		all.Write(davtest.Card(fmt.Sprintf("c%d", i), fmt.Sprintf("Contact %d", i)))
	}
	if status, answer := f.Do(b, "PUT", coll.URL, "text/vcard", all.String()); status/100 != 2 {
		b.Fatal(status, answer)
	}
	// Once before: Radicale reads each item when it is first asked for, and keeps
	// what it read.
	davtest.Keep(coll).MustPull(b, c)
	var hrefs []string
	b.Run("adapter", func(b *testing.B) {
		for b.Loop() {
			k := davtest.Keep(coll)
			before, _ := c.Requests()
			k.MustPull(b, c)
			after, _ := c.Requests()
			if len(k.Items) != n {
				b.Fatal(len(k.Items))
			}
			b.ReportMetric(float64(after-before), "requests")
			hrefs = hrefs[:0]
			for href := range k.Items {
				hrefs = append(hrefs, href)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			davtest.Bare(b, f, coll, hrefs)
		}
	})
}
