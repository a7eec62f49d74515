package davtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/offline"
)

// Fixture is a server with at least one calendar, one place for tasks and one
// address book, all empty.
type Fixture struct {
	URL, User, Password string
	Auth                bool // it wants the password
}

// Client is the adapter, at the fixture.
func (f Fixture) Client(t testing.TB, change ...func(*dav.Config)) *dav.Client {
	t.Helper()
	cfg := dav.Config{URL: f.URL, User: f.User, Secret: func(context.Context) (string, error) { return f.Password, nil }}
	for _, fn := range change {
		fn(&cfg)
	}
	c, err := dav.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Collection is the first that holds a kind.
func (f Fixture) Collection(t testing.TB, c *dav.Client, k offline.Kind) offline.Collection {
	t.Helper()
	list, err := c.Collections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, coll := range list {
		if coll.Holds(k) {
			return coll
		}
	}
	t.Fatalf("no collection for %s among %+v", k, list)
	return offline.Collection{}
}

// Do sends a request by hand, as another program of the user does. path is that
// of a resource or absolute.
func (f Fixture) Do(t testing.TB, method, path, ctype, body string) (status int, answer string) {
	t.Helper()
	base, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, base.ResolveReference(ref).String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if f.Auth {
		req.SetBasicAuth(f.User, f.Password)
	}
	if ctype != "" {
		req.Header.Set("Content-Type", ctype)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (f Fixture) make(t testing.TB, method, path, body string) {
	t.Helper()
	if status, answer := f.Do(t, method, path, "application/xml", body); status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
}

// Keeper holds what a Pull brings, as the store does.
type Keeper struct {
	Coll   offline.Collection
	Items  map[string]offline.Item
	Deltas []offline.ItemDelta // of the last Pull
}

// Keep begins with nothing.
func Keep(coll offline.Collection) *Keeper {
	return &Keeper{Coll: coll, Items: map[string]offline.Item{}}
}

// Pull brings it up to date.
func (k *Keeper) Pull(ctx context.Context, c *dav.Client) error {
	have := map[string]string{}
	for href, it := range k.Items {
		have[href] = it.ETag
	}
	k.Deltas = nil
	there := map[string]bool{}
	return c.Pull(ctx, k.Coll, have, func(d offline.ItemDelta) error {
		k.Deltas = append(k.Deltas, d)
		for _, it := range d.Changed {
			k.Items[it.Href] = it
			there[it.Href] = true
		}
		for _, href := range d.Same {
			there[href] = true
		}
		for _, href := range d.Gone {
			delete(k.Items, href)
		}
		if d.Final && d.Reset {
			for href := range k.Items {
				if !there[href] {
					delete(k.Items, href)
				}
			}
		}
		k.Coll.Cursor = d.Cursor
		return nil
	})
}

// MustPull is Pull in a test that expects no failure.
func (k *Keeper) MustPull(t testing.TB, c *dav.Client) {
	t.Helper()
	if err := k.Pull(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if n := len(k.Deltas); n == 0 || !k.Deltas[n-1].Final {
		t.Fatalf("the last of %d batches is not final", n)
	}
}

// Changed counts what the last Pull brought.
func (k *Keeper) Changed() (changed, gone, broken int) {
	for _, d := range k.Deltas {
		changed, gone, broken = changed+len(d.Changed), gone+len(d.Gone), broken+len(d.Broken)
	}
	return changed, gone, broken
}

// Event, Task and Card are items with a UID and a title.
func Event(uid, title string) []byte {
	return fmt.Appendf(nil, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260301T100000Z\r\nDTEND:20260301T110000Z\r\nSUMMARY:%s\r\nX-POSTRIDER-ORG:o1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", uid, title)
}

// Task is a VTODO.
func Task(uid, title string) []byte {
	return fmt.Appendf(nil, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTODO\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:%s\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", uid, title)
}

// Card is a vCard.
func Card(uid, title string) []byte {
	return fmt.Appendf(nil, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\nFN:%s\r\nN:%s;;;;\r\nX-POSTRIDER-ORG:o1\r\nEND:VCARD\r\n", uid, title, title)
}

// Make is an item of a kind that is not on the server yet.
func Make(k offline.Kind, uid, title string) offline.Item {
	raw := map[offline.Kind][]byte{offline.KindAppointment: Event(uid, title), offline.KindTask: Task(uid, title), offline.KindContact: Card(uid, title)}[k]
	return offline.Item{Kind: k, UID: uid, Raw: raw}
}

func title(it offline.Item) string {
	for _, line := range bytes.Split(it.Raw, []byte("\n")) {
		for _, name := range [...]string{"SUMMARY:", "FN:"} {
			if v, ok := bytes.CutPrefix(line, []byte(name)); ok {
				return strings.TrimSpace(string(v))
			}
		}
	}
	return ""
}
