package davtest

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/offline"
)

// Bare reads an address book as a client could that does nothing with it: it sends
// the reports of a first sync, in batches as the adapter's, and discards the answers.
func Bare(b *testing.B, f Fixture, coll offline.Collection, hrefs []string) {
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
	ask("PROPFIND", `<propfind xmlns="DAV:"><prop><supported-report-set/></prop></propfind>`)
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
