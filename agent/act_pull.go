package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// listItemsEvery is how long the list of collections is believed.
const listItemsEvery = time.Hour

// directoryKinds are the problems that a good answer of a directory clears.
var directoryKinds = []health.Kind{health.DirectoryUnreachable, health.DirectorySignIn, health.DirectoryTLS, health.DirectoryAnswer}

// pullDirectories brings what changed in the directories into the store. One that
// can't be reached does not keep the others back; the kinds of what is in it are
// behind.
func (a *Agent) pullDirectories(ctx context.Context) (behind []offline.Kind, all error) {
	for _, acct := range a.Accounts {
		err := a.guardDirectory(ctx, acct, a.pullDirectory(ctx, acct))
		if err != nil && endsAccount(ctx, err) {
			behind = append(behind, acct.Kinds...)
		}
		all = errors.Join(all, err)
	}
	return behind, all
}

// endsAccount tells whether what befell one collection befalls the others of its
// account.
func endsAccount(ctx context.Context, err error) bool {
	class := offline.ClassOf(err)
	return ctx.Err() != nil || class == "" || class == offline.FaultAuth || unreachable(err)
}

// guardDirectory turns the end of a directory's step into problems, set or
// cleared, and passes the error on.
func (a *Agent) guardDirectory(ctx context.Context, acct Account, err error) error {
	switch {
	case err == nil:
		a.health.ClearSubject(acct.Name, directoryKinds...)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, offline.ErrFull):
		a.health.Set(health.StoreFull, "store", err.Error())
		return err
	case offline.ClassOf(err) == "":
		a.health.Set(health.StoreFailed, "store", err.Error())
		return err
	}
	k := health.OfDirectory(offline.ClassOf(err))
	for _, other := range directoryKinds {
		if other.Code != k.Code {
			a.health.Clear(other, acct.Name)
		}
	}
	a.health.Set(k, acct.Name, err.Error())
	a.Log.Warn("a step of the sync failed", "of", acct.Name, "err", err)
	return err
}

// pullDirectory reads one account. A collection that can't be read does not keep
// the others back, unless it is the server that can't be reached.
func (a *Agent) pullDirectory(ctx context.Context, acct Account) error {
	if err := a.listCollections(ctx, acct); err != nil {
		return fmt.Errorf("list the calendars and address books of %s: %w", acct.Name, err)
	}
	cs, err := a.collections(acct.Name)
	if err != nil {
		return err
	}
	var failed error
	for _, c := range cs {
		if c.Off || c.Missing {
			continue
		}
		a.doing("Reading "+c.Name, 0, 0)
		err := a.pullCollection(ctx, acct, c)
		class := offline.ClassOf(err)
		switch {
		case err == nil:
		case class == offline.FaultNotFound:
			err = a.Store.Update(func(tx *offline.Tx) error { return a.missing(tx, c) })
			failed = errors.Join(failed, err)
		default:
			failed = errors.Join(failed, fmt.Errorf("read %s: %w", c.Name, err))
			if endsAccount(ctx, err) {
				return failed
			}
		}
	}
	return failed
}

func (a *Agent) collections(account string) (cs []offline.Collection, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Collections()
		cs = slices.DeleteFunc(all, func(c offline.Collection) bool { return c.Account != account })
		return err
	})
	return cs, err
}

// listCollections asks once an hour what collections there are. What is no longer
// listed is left as it is and not read.
func (a *Agent) listCollections(ctx context.Context, acct Account) error {
	var last time.Time
	if err := a.Store.View(func(tx *offline.Tx) (err error) { last, err = lastListed(tx, &acct); return err }); err != nil {
		return err
	}
	if now := a.Now(); last.After(now.Add(-listItemsEvery)) && !last.After(now) {
		return nil
	}
	listed, err := acct.Directory.Collections(ctx)
	if err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		known, err := tx.Collections()
		if err != nil {
			return err
		}
		for _, c := range listed {
			c.Account = acct.Name
			a.health.Clear(health.CollectionMissing, c.URL)
			if i := slices.IndexFunc(known, func(o offline.Collection) bool { return o.URL == c.URL }); i >= 0 {
				o := known[i]
				c.Cursor, c.Off, c.Track, c.Home = o.Cursor, o.Off, o.Track, o.Home
			}
			if err := tx.PutCollection(c); err != nil {
				return err
			}
		}
		for _, o := range known {
			if o.Account == acct.Name && !o.Missing && !slices.ContainsFunc(listed, func(c offline.Collection) bool { return c.URL == o.URL }) {
				if err := a.missing(tx, o); err != nil {
					return err
				}
			}
		}
		return tx.PutSetting(settingItemsListed+":"+acct.Name, listing{a.Now().UTC(), acct.Place})
	})
}

// listing is when the collections of an account were listed, and where.
type listing struct {
	At    time.Time `json:"at"`
	Place string    `json:"place"`
}

// lastListed is when an account's collections were listed where it is now; zero:
// never.
func lastListed(tx *offline.Tx, acct *Account) (time.Time, error) {
	var l listing
	if _, err := tx.Setting(settingItemsListed+":"+acct.Name, &l); err != nil || l.Place != acct.Place {
		return time.Time{}, err
	}
	return l.At, nil
}

// missing notes that a collection is not there. Nothing is done about what was in
// it: that a whole calendar is gone is no sign that each appointment was deleted.
func (a *Agent) missing(tx *offline.Tx, c offline.Collection) error {
	c.Missing = true
	a.sayMissing(c)
	return tx.PutCollection(c)
}

func (a *Agent) sayMissing(c offline.Collection) {
	a.health.Set(health.CollectionMissing, c.URL, fmt.Sprintf("%s is no longer there. What was in it stays as it is in the CRM.", c.Name))
}

// restoreItems takes up what the last run could not find or read.
func (a *Agent) restoreItems(tx *offline.Tx) error {
	cs, err := tx.Collections()
	if err != nil {
		return err
	}
	for _, c := range cs {
		if c.Missing {
			a.sayMissing(c)
		}
	}
	return nil
}

// pullCollection reads what changed in one collection.
func (a *Agent) pullCollection(ctx context.Context, acct Account, c offline.Collection) error {
	have := map[string]string{}
	err := a.Store.View(func(tx *offline.Tx) error {
		for _, key := range tx.ItemKeys(c.URL) {
			it, err := tx.Item(key)
			if err != nil {
				return err
			}
			if it.ETag != "" || len(it.Raw) > 0 {
				have[it.Href] = it.ETag
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p := puller{a: a, c: c}
	return acct.Directory.Pull(ctx, c, have, p.store)
}

// puller stores what one Pull brings.
type puller struct {
	a    *Agent
	c    offline.Collection
	seen map[string]bool // hrefs of the full listing under way; nil: none is
}

func (p *puller) store(d offline.ItemDelta) error {
	return p.a.Store.Update(func(tx *offline.Tx) error {
		if d.Reset && p.seen == nil {
			p.seen = map[string]bool{}
		}
		for i := range d.Changed {
			p.see(d.Changed[i].Href)
			if err := p.a.storeItem(tx, &p.c, d.Changed[i]); err != nil {
				return err
			}
		}
		for _, href := range d.Same {
			p.see(href)
		}
		for _, href := range d.Gone {
			if err := p.a.itemGone(tx, p.c.URL, href); err != nil {
				return err
			}
		}
		for _, b := range d.Broken {
			p.see(b.Href)
			if err := p.a.itemBroken(tx, &p.c, b); err != nil {
				return err
			}
		}
		if p.seen != nil && !d.Final {
			return nil // a listing that was cut begins anew
		}
		if p.seen != nil {
			if err := p.unlisted(tx); err != nil {
				return err
			}
			p.seen = nil
		}
		c, err := tx.Collection(p.c.URL)
		if err != nil {
			return err
		}
		if c.Cursor == d.Cursor {
			return nil
		}
		c.Cursor = d.Cursor
		return tx.PutCollection(c)
	})
}

func (p *puller) see(href string) {
	if p.seen != nil {
		p.seen[href] = true
	}
}

// unlisted finds what a full listing that is complete did not have. What was
// never on the server is not missed.
func (p *puller) unlisted(tx *offline.Tx) error {
	for _, key := range tx.ItemKeys(p.c.URL) {
		it, err := tx.Item(key)
		if err != nil {
			return err
		}
		if p.seen[it.Href] || it.ETag == "" && len(it.Raw) == 0 && it.Problem == "" {
			continue
		}
		if err := p.a.itemGone(tx, p.c.URL, it.Href); err != nil {
			return err
		}
	}
	return nil
}

// storeItem keeps an item as the server has it now, and undecides it where that
// says something new.
func (a *Agent) storeItem(tx *offline.Tx, c *offline.Collection, got offline.Item) error {
	it, err := tx.ItemAt(c.URL, got.Href)
	if ignoreMissing(err) != nil {
		return err
	}
	known := err == nil
	if known && !it.Gone && it.ETag == got.ETag && bytes.Equal(it.Raw, got.Raw) {
		return nil
	}
	if it.Kind == "" {
		it.Kind = got.Kind
	}
	var stamp time.Time
	if known {
		stamp = a.ItemText.Read(it.Kind, it.Raw, a.zone()).Changed
	}
	it.Collection, it.Href, it.ETag, it.Raw = c.URL, got.Href, got.ETag, got.Raw
	info := a.ItemText.Read(it.Kind, got.Raw, a.zone())
	same := known && !it.Gone && it.UID == info.UID && it.Mark == info.Mark && maps.Equal(it.Fields, info.Fields)
	it.Fields, it.UID, it.Mark, it.Problem, it.Gone = info.Fields, info.UID, info.Mark, info.Problem, false
	if !same {
		it.Changed = changedAt(it.Changed, len(it.Edits) > 0, stamp, info.Changed, a.Now().UTC())
	}
	if err := tx.PutItem(&it); err != nil {
		return err
	}
	a.health.Clear(health.EntryUnread, entrySubject(it.Key))
	if same {
		return nil
	}
	return tx.UndecideItem(it.Key)
}

// changedAt is when an item changed that is seen now to be another: at the time that
// it says itself, where that is another one than before (was), as programs that do not
// keep to it leave it alone, and has come; otherwise nobody can say better than now.
// What the user wrote here counts by its own time, if that is later.
func changedAt(known time.Time, edited bool, was, stamp, now time.Time) time.Time {
	at := now
	if stamp.After(was) && !stamp.After(now) {
		at = stamp
	}
	if edited && known.After(at) {
		at = known
	}
	return at
}

// itemGone notes that the server says that an item is no longer there.
func (a *Agent) itemGone(tx *offline.Tx, collection, href string) error {
	it, err := tx.ItemAt(collection, href)
	if err != nil {
		return ignoreMissing(err)
	}
	if it.Gone || it.ETag == "" {
		return nil // what is not written there yet can't have vanished: that was an earlier one
	}
	it.Gone = true
	if err := tx.PutItem(&it); err != nil {
		return err
	}
	return tx.UndecideItem(it.Key)
}

// itemBroken notes that an item could not be read, while the rest could.
func (a *Agent) itemBroken(tx *offline.Tx, c *offline.Collection, b offline.BrokenItem) error {
	it, err := tx.ItemAt(c.URL, b.Href)
	if ignoreMissing(err) != nil {
		return err
	}
	if err != nil {
		if len(c.Kinds) == 0 {
			return nil
		}
		it = offline.Item{Collection: c.URL, Href: b.Href, Kind: c.Kinds[0], Changed: a.Now().UTC()}
	}
	it.Problem, it.ETag = b.Reason, ""
	if err := tx.PutItem(&it); err != nil {
		return err
	}
	a.health.Set(health.EntryUnread, entrySubject(it.Key), fmt.Sprintf("%s in %s: %s", b.Href, c.Name, b.Reason))
	return nil
}

// entryFormat is how an item is named among the problems.
const entryFormat = "item %d"

func entrySubject(key uint64) string { return fmt.Sprintf(entryFormat, key) }
