package dav_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"postrider/agent/dav"
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
			bare(b, f, coll, hrefs)
		}
	})
}

func bare(b *testing.B, f davtest.Fixture, coll offline.Collection, hrefs []string) {
	ask := func(method, body string) {
		req, err := http.NewRequest(method, coll.URL, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.SetBasicAuth(f.User, f.Password)
		req.Header.Set("Depth", "0")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusMultiStatus {
			b.Fatal(resp.Status, err)
		}
	}
	ask("PROPFIND", `<propfind xmlns="DAV:"><prop><sync-token/><supported-report-set/></prop></propfind>`)
	ask("REPORT", `<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`)
	for len(hrefs) > 0 {
		m := min(dav.DefaultBatch, len(hrefs))
		var list strings.Builder
		for _, h := range hrefs[:m] {
			list.WriteString("<href>")
			_ = xml.EscapeText(&list, []byte(h))
			list.WriteString("</href>")
		}
		ask("REPORT", `<A:addressbook-multiget xmlns="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><prop><getetag/><A:address-data/></prop>`+list.String()+`</A:addressbook-multiget>`)
		hrefs = hrefs[m:]
	}
	http.DefaultClient.CloseIdleConnections()
}
