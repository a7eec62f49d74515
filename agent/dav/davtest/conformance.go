package davtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"postrider/agent/dav"
	"postrider/offline"
)

// Conformance holds a server and the adapter together to what agent.Directory
// promises. open gives a server of its own to each part. A server that it passes
// with can be used with Postrider.
func Conformance(t *testing.T, open func(t *testing.T) Fixture) {
	f := open(t)
	for _, k := range offline.ItemKinds {
		t.Run(string(k), func(t *testing.T) { life(t, f, k) })
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"a token that the server does not know leads to a full listing", unknownToken},
		{"several are written together", many},
		{"what is gone is told apart from what is there", getTellsApart},
		{"cancelling ends a call at once", cancelled},
		{"a wrong password is told from other failures", wrongPassword},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, f) })
	}
}

// life takes items of one kind through all that can happen to them.
func life(t *testing.T, f Fixture, kind offline.Kind) {
	ctx, c := t.Context(), f.Client(t, func(cfg *dav.Config) { cfg.Batch = 4 })
	coll := f.Collection(t, c, kind)
	if coll.ReadOnly {
		t.Errorf("%s is taken to be read-only", coll.URL)
	}
	k := Keep(coll)
	k.MustPull(t, c)
	before := len(k.Items)

	// Created once, though it is tried twice.
	it, err := c.Put(ctx, coll, Make(kind, "one-"+string(kind), "One"))
	if err != nil || it.ETag == "" || it.Href == "" {
		t.Fatalf("create: %+v %v", it, err)
	}
	again, err := c.Put(ctx, coll, Make(kind, "one-"+string(kind), "One"))
	if class := offline.ClassOf(err); err != nil && class != offline.FaultExists || !sameRaw(again.Raw, it.Raw) {
		t.Errorf("created again: %v\n%s\n%s", err, again.Raw, it.Raw)
	}
	for n := range 9 { // another program's, in more than two batches
		put(t, f, NewPath(coll, fmt.Sprintf("n%d-%s", n, kind), kind), kind, Make(kind, fmt.Sprintf("n%d-%s", n, kind), fmt.Sprintf("Title %d", n)).Raw)
	}
	k.MustPull(t, c)
	if len(k.Items) != before+10 || title(k.Items[it.Href]) != "One" || k.Items[it.Href].Kind != kind {
		t.Fatalf("%d items, ours is %q", len(k.Items)-before, title(k.Items[it.Href]))
	}
	if _, _, broken := k.Changed(); broken > 0 {
		t.Errorf("broken: %+v", k.Deltas)
	}
	all, _ := c.Requests()
	k.MustPull(t, c)
	now, _ := c.Requests()
	if changed, gone, _ := k.Changed(); changed+gone > 0 || now-all != 1 {
		t.Errorf("nothing changed: %d changed, %d gone, %d requests", changed, gone, now-all)
	}

	// Changed by us, unless somebody else was first.
	it = k.Items[it.Href]
	stale := it
	it.Raw = bytes.Replace(it.Raw, []byte(":One"), []byte(":Two"), 1)
	if it, err = c.Put(ctx, coll, it); err != nil || it.ETag == stale.ETag {
		t.Fatalf("update: %+v %v", it, err)
	}
	stale.Raw = bytes.Replace(stale.Raw, []byte(":One"), []byte(":Three"), 1)
	if cur, err := c.Put(ctx, coll, stale); offline.ClassOf(err) != offline.FaultStale || title(cur) != "Two" {
		t.Errorf("stale update: %q %v", title(cur), err)
	}
	if err := c.Delete(ctx, coll, stale); offline.ClassOf(err) != offline.FaultStale {
		t.Errorf("stale delete: %v", err)
	}
	k.MustPull(t, c)
	if title(k.Items[it.Href]) != "Two" {
		t.Errorf("after the update it is %q", title(k.Items[it.Href]))
	}

	// Deleted by us and by another.
	if err := c.Delete(ctx, coll, k.Items[it.Href]); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, coll, it); offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("deleted again: %v", err)
	}
	if _, err := c.Put(ctx, coll, it); offline.ClassOf(err) != offline.FaultNotFound && offline.ClassOf(err) != offline.FaultStale {
		t.Errorf("update of what is gone: %v", err)
	}
	if status, answer := f.Do(t, "DELETE", NewPath(coll, "n3-"+string(kind), kind), "", ""); status/100 != 2 {
		t.Fatal(status, answer)
	}
	k.MustPull(t, c)
	if _, gone, _ := k.Changed(); len(k.Items) != before+8 || gone != 2 {
		t.Errorf("%d items, %d gone", len(k.Items)-before, gone)
	}
}

// NewPath is where an item with a UID is made.
func NewPath(coll offline.Collection, uid string, k offline.Kind) string {
	return dav.NewHref(coll, uid, k)
}

func put(t testing.TB, f Fixture, path string, k offline.Kind, raw []byte) {
	t.Helper()
	ctype := "text/calendar; charset=utf-8"
	if k == offline.KindContact {
		ctype = "text/vcard; charset=utf-8"
	}
	if status, answer := f.Do(t, "PUT", path, ctype, string(raw)); status/100 != 2 {
		t.Fatalf("put %s: %d %s", path, status, answer)
	}
}

func sameRaw(a, b []byte) bool {
	cr := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
	return bytes.Equal(cr(a), cr(b))
}

func unknownToken(t *testing.T, f Fixture) {
	c := f.Client(t)
	k := Keep(f.Collection(t, c, offline.KindContact))
	put(t, f, NewPath(k.Coll, "token-1", offline.KindContact), offline.KindContact, Card("token-1", "Token"))
	k.MustPull(t, c)
	want := len(k.Items)
	k.Coll.Cursor = offline.CollectionCursor{SyncToken: "http://example.org/ns/sync/of-another-server"}
	k.MustPull(t, c)
	changed, gone, _ := k.Changed()
	if !k.Deltas[0].Reset || changed+gone > 0 || len(k.Items) != want || k.Coll.Cursor.SyncToken == "" {
		t.Errorf("%d items of %d, %d changed, %d gone: %+v", len(k.Items), want, changed, gone, k.Coll.Cursor)
	}
}

func getTellsApart(t *testing.T, f Fixture) {
	c := f.Client(t)
	coll := f.Collection(t, c, offline.KindContact)
	there, missing := NewPath(coll, "get-1", offline.KindContact), NewPath(coll, "get-2", offline.KindContact)
	put(t, f, there, offline.KindContact, Card("get-1", "Get"))
	items, err := c.Get(t.Context(), coll, []string{missing, there})
	if err != nil || len(items) != 1 || items[0].Href != there {
		t.Errorf("%+v %v", items, err)
	}
}

func cancelled(t *testing.T, f Fixture) {
	c := f.Client(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Collections(ctx); !errors.Is(err, context.Canceled) || offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("%v", err)
	}
}

func wrongPassword(t *testing.T, f Fixture) {
	if !f.Auth {
		return // it lets everybody in
	}
	c := f.Client(t, func(cfg *dav.Config) {
		cfg.Secret = func(context.Context) (string, error) { return "wrong", nil }
	})
	if err := c.Check(t.Context()); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("%v", err)
	}
}
