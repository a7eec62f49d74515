package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postrider/offline"
)

// fakeDirectory is a directory in memory. Its sync token is the version from
// which what comes later is new; one below forgotten calls for a full listing.
type fakeDirectory struct {
	colls     []offline.Collection
	items     map[string]fakeItem // by collection and href
	gone      map[string]int      // when they went
	version   int
	forgotten int
	batch     int
	requests  int64
	broken    map[string]string // by href: why it can't be read
	fail      func(op string) error
}

type fakeItem struct {
	offline.Item
	at int
}

func newFakeDirectory(account string, kinds ...offline.Kind) *fakeDirectory {
	c := offline.Collection{URL: "https://dav.example/" + account + "/", Name: account, Kinds: kinds}
	return &fakeDirectory{
		colls: []offline.Collection{c}, items: map[string]fakeItem{}, gone: map[string]int{}, broken: map[string]string{}, batch: 2,
		fail: func(string) error { return nil },
	}
}

// text is an item's text as fakeText reads it.
func text(uid string, words ...string) string {
	return "uid: " + uid + "\n" + strings.Join(words, "\n") + "\n"
}

func (d *fakeDirectory) put(href, raw string) {
	d.version++
	c := d.colls[0]
	delete(d.gone, c.URL+href)
	d.items[c.URL+href] = fakeItem{offline.Item{Collection: c.URL, Href: href, ETag: fmt.Sprintf("%q", fmt.Sprint(d.version)), Kind: c.Kinds[0], Raw: []byte(raw)}, d.version}
}

func (d *fakeDirectory) remove(href string) {
	d.version++
	delete(d.items, d.colls[0].URL+href)
	d.gone[d.colls[0].URL+href] = d.version
}

func (d *fakeDirectory) ask(op string) error {
	d.requests++
	return d.fail(op)
}

func (d *fakeDirectory) Collections(ctx context.Context) ([]offline.Collection, error) {
	return d.colls, d.ask("list")
}

func (d *fakeDirectory) Pull(ctx context.Context, c offline.Collection, have map[string]string, emit func(offline.ItemDelta) error) error {
	if err := d.ask("pull"); err != nil {
		return err
	}
	from := 0
	fmt.Sscan(c.Cursor.SyncToken, &from)
	if c.Cursor.SyncToken == fmt.Sprint(d.version) {
		return nil
	}
	full := c.Cursor.SyncToken == "" || from < d.forgotten
	all := offline.ItemDelta{Reset: full, Final: true, Cursor: offline.CollectionCursor{SyncToken: fmt.Sprint(d.version)}}
	for _, at := range slices.Sorted(maps.Keys(d.items)) {
		it := d.items[at]
		switch {
		case it.Collection != c.URL:
		case d.broken[it.Href] != "":
			all.Broken = append(all.Broken, offline.BrokenItem{Href: it.Href, Reason: d.broken[it.Href]})
		case full && have[it.Href] == it.ETag:
			all.Same = append(all.Same, it.Href)
		case full || it.at > from:
			all.Changed = append(all.Changed, it.Item)
		}
	}
	for at, when := range d.gone {
		if href, ok := strings.CutPrefix(at, c.URL); ok && !full && when > from {
			all.Gone = append(all.Gone, href)
		}
	}
	for len(all.Changed) > d.batch {
		part := offline.ItemDelta{Reset: full, Changed: all.Changed[:d.batch], Cursor: c.Cursor}
		if err := emit(part); err != nil {
			return err
		}
		all.Changed = all.Changed[d.batch:]
		if err := d.ask("batch"); err != nil {
			return err
		}
	}
	return emit(all)
}

func (d *fakeDirectory) Get(ctx context.Context, c offline.Collection, hrefs []string) (out []offline.Item, err error) {
	for _, h := range hrefs {
		if it, ok := d.items[c.URL+h]; ok {
			out = append(out, it.Item)
		}
	}
	return out, d.ask("get")
}

func (d *fakeDirectory) Put(ctx context.Context, c offline.Collection, it offline.Item) (offline.Item, error) {
	panic("nothing is written")
}

func (d *fakeDirectory) PutAll(ctx context.Context, c offline.Collection, items []offline.Item) []offline.Written {
	panic("nothing is written")
}

func (d *fakeDirectory) Delete(ctx context.Context, c offline.Collection, it offline.Item) error {
	panic("nothing is written")
}

func (d *fakeDirectory) Requests() (all, writes int64) { return d.requests, 0 }

// fakeText reads items whose text is a line for each word.
type fakeText struct{}

func (fakeText) Read(kind offline.Kind, raw []byte, zone *time.Location) (info ItemInfo) {
	info.Fields = offline.Fields{}
	for line := range strings.Lines(string(raw)) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch word {
		case "uid":
			info.UID = value
		case "mark":
			org, rec, _ := strings.Cut(value, " ")
			info.Mark.Org = org
			info.Mark.Record, _ = offline.ParseRef(rec)
		case "problem":
			info.Problem = value
		case "", "noise":
		default:
			info.Fields[word] = value
		}
	}
	return info
}

func (fakeText) Edit(kind offline.Kind, raw []byte, uid string, words offline.Fields, mark offline.Mark, zone *time.Location) ([]byte, error) {
	panic("nothing is written")
}

var (
	_ Directory = (*fakeDirectory)(nil)
	_ ItemText  = fakeText{}
)
