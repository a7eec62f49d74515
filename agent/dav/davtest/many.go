package davtest

import (
	"fmt"
	"slices"
	"testing"

	"postrider/agent/dav"
	"postrider/offline"
)

// many writes items of each kind together: what is said of them is what the server
// has, a second time it is only said of the stale ones that they are, and what has
// to be read again is not read one by one.
func many(t *testing.T, f Fixture) {
	for _, kind := range offline.ItemKinds {
		c := f.Client(t, func(cfg *dav.Config) {})
		coll := f.Collection(t, c, kind)
		var items []offline.Item
		for n := range 12 {
			uid := fmt.Sprintf("many-%d-%s", n, kind)
			it := Make(kind, uid, fmt.Sprint("Many ", n))
			it.Href = NewPath(coll, uid, kind)
			items = append(items, it)
		}
		before, _ := c.Requests()
		got := c.PutAll(t.Context(), coll, items)
		after, _ := c.Requests()
		// Twelve writes, one to look again, and what a first sign-in takes.
		if n := after - before; n > 12+6 {
			t.Errorf("%s: %d requests for %d writes", kind, n, len(items))
		}
		hrefs := make([]string, len(got))
		for i, w := range got {
			if hrefs[i] = w.Item.Href; w.Err != nil || w.Item.ETag == "" {
				t.Errorf("%s %d: %+v", kind, i, w)
			}
		}
		there, err := c.Get(t.Context(), coll, hrefs)
		if err != nil || len(there) != len(items) {
			t.Fatalf("%s: %d are there, %v", kind, len(there), err)
		}
		for _, is := range there {
			i := slices.Index(hrefs, is.Href)
			if i < 0 || !sameRaw(is.Raw, got[i].Item.Raw) || is.ETag != got[i].Item.ETag {
				t.Errorf("%s %s: said to be %q\n%s\nand is %q\n%s", kind, is.Href, got[max(i, 0)].Item.ETag, got[max(i, 0)].Item.Raw, is.ETag, is.Raw)
			}
		}
		old := got[3].Item
		old.ETag = `"of-another-time"`
		next := c.PutAll(t.Context(), coll, []offline.Item{got[2].Item, old, got[4].Item})
		if next[0].Err != nil || offline.ClassOf(next[1].Err) != offline.FaultStale || next[2].Err != nil {
			t.Errorf("%s: one that is stale among others: %v, %v, %v", kind, next[0].Err, next[1].Err, next[2].Err)
		}
	}
}
