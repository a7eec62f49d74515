package agent

import (
	"context"
	"errors"
	"fmt"

	"postrider/agent/merge"
	"postrider/offline"
)

// directoryTrouble is the failure of calendars, task lists or address books, which
// was told of where it was met: the CRM is not to be blamed for it.
type directoryTrouble struct {
	error
	kinds []offline.Kind // what is in them
}

func (t directoryTrouble) Unwrap() error { return t.error }

const (
	// putBatch is how many items are written at a time: what came of them is kept in
	// one transaction.
	putBatch = 40
	// davStumbles is how many writes an account that took none may stumble over before
	// it is left alone.
	davStumbles = 3
)

// davCarrier carries a round's writes to the directories. Those to one collection
// that need no look elsewhere first go together; their order among each other does
// not matter, and what removes something waits for what was planned before it.
type davCarrier struct {
	a        *Agent
	tries    map[uint64]int
	waiting  map[string][]plan // by collection
	order    []string          // the collections, as they were first met
	accounts map[string]*davAccount
	trouble  directoryTrouble
}

// davAccount is how an account has done in this round.
type davAccount struct {
	works    bool // it took something
	stumbles int  // writes at which it failed within itself
	down     bool
}

// carryToDirectories carries the writes to the user's calendars, task lists and
// address books. An account that can't be reached does not keep the others back.
func (a *Agent) carryToDirectories(ctx context.Context, p *plans) error {
	d := davCarrier{a: a, tries: p.tries, waiting: map[string][]plan{}, accounts: map[string]*davAccount{}}
	if err := d.carry(ctx, p.all); err != nil {
		return err
	}
	if d.trouble.error != nil {
		return d.trouble
	}
	return nil
}

func (d *davCarrier) carry(ctx context.Context, all []plan) error {
	for _, p := range all {
		switch {
		case p.dav == nil:
		case p.dav.remove || p.dav.unless != nil:
			if err := d.flush(ctx); err != nil {
				return err
			}
			if err := d.alone(ctx, p); err != nil {
				return err
			}
		default:
			url := p.dav.item.Collection
			if len(d.waiting[url]) == 0 {
				d.order = append(d.order, url)
			}
			if d.waiting[url] = append(d.waiting[url], p); len(d.waiting[url]) >= putBatch {
				if err := d.flush(ctx); err != nil {
					return err
				}
			}
		}
	}
	return d.flush(ctx)
}

// flush writes what waits.
func (d *davCarrier) flush(ctx context.Context) error {
	for _, url := range d.order {
		if err := d.puts(ctx, url, d.waiting[url]); err != nil {
			return err
		}
		delete(d.waiting, url)
	}
	d.order = nil
	return nil
}

func (d *davCarrier) puts(ctx context.Context, url string, all []plan) error {
	c, acct, err := d.a.placeOf(url)
	if err != nil || acct == nil || d.of(acct).down {
		return err
	}
	d.a.doing("Writing to "+c.Name, 0, 0)
	items := make([]offline.Item, len(all))
	for i, p := range all {
		items[i] = p.dav.item
	}
	got := acct.Directory.PutAll(ctx, c, items)
	err = d.a.Store.Update(func(tx *offline.Tx) error {
		for i, w := range got {
			if w.Err == nil {
				if err := d.a.putDone(tx, all[i], w.Item); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range got {
		d.of(acct).note(w.Err)
	}
	for i, w := range got {
		err := w.Err
		switch offline.ClassOf(err) {
		case offline.FaultStale, offline.FaultExists, offline.FaultNotFound:
			err = d.a.readItemAgain(ctx, acct.Directory, c, all[i].dav.item)
		}
		if err := d.end(ctx, c, *acct, all[i], err); err != nil {
			return err
		}
	}
	return nil
}

func (d *davCarrier) of(acct *Account) *davAccount {
	if d.accounts[acct.Name] == nil {
		d.accounts[acct.Name] = &davAccount{}
	}
	return d.accounts[acct.Name]
}

// note notes what came of a write.
func (d *davAccount) note(err error) {
	switch {
	case err == nil:
		d.works = true
	case offline.ClassOf(err) == offline.FaultServer:
		d.stumbles++
	}
}

// alone carries out what must not go together with other writes.
func (d *davCarrier) alone(ctx context.Context, p plan) error {
	c, acct, err := d.a.placeOf(p.dav.item.Collection)
	if err != nil || acct == nil || d.of(acct).down {
		return err
	}
	d.a.doing("Writing to "+c.Name, 0, 0)
	err = d.a.carryToDirectory(ctx, acct.Directory, c, p)
	d.of(acct).note(err)
	return d.end(ctx, c, *acct, p, err)
}

// end takes what came of a write: trouble with its account ends that one, what the
// server stumbles over waits for the next sync, a refusal is noted at the item, and
// only what is the store's trouble or the user's will is an error.
func (d *davCarrier) end(ctx context.Context, c offline.Collection, acct Account, p plan, err error) error {
	class, of := offline.ClassOf(err), d.of(&acct)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil || class == "":
		return err
	case of.down:
		return nil // it was told already
	case class == offline.FaultServer && (of.works || of.stumbles < davStumbles):
		d.tries[p.item] = itemTries
		return d.a.Store.View(func(tx *offline.Tx) error { return d.a.sayFailed(tx, p.item, err) })
	case class.Transient() || class == offline.FaultAuth || class == offline.FaultTLS:
		of.down = true
		told := d.a.guardDirectory(ctx, acct, fmt.Errorf("write to %s: %w", c.Name, err))
		d.trouble = directoryTrouble{errors.Join(d.trouble.error, told), append(d.trouble.kinds, acct.Kinds...)}
		return nil
	}
	return d.refused(p, err)
}

func (d *davCarrier) refused(p plan, cause error) error {
	return d.a.Store.Update(func(tx *offline.Tx) error { return d.a.itemRefused(tx, p.item, cause) })
}

// putDone keeps what came of a write that went through.
func (a *Agent) putDone(tx *offline.Tx, p plan, got offline.Item) error {
	if err := a.keepWritten(tx, p.dav, got); err != nil || p.davDone == nil {
		return err
	}
	return p.davDone(tx, got)
}

// placeOf is a collection with the account that it belongs to; nil where that is
// no longer configured.
func (a *Agent) placeOf(url string) (c offline.Collection, acct *Account, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { c, err = tx.Collection(url); return err })
	for i := range a.Accounts {
		if a.Accounts[i].Name == c.Account {
			acct = &a.Accounts[i]
		}
	}
	return c, acct, err
}

func (a *Agent) carryToDirectory(ctx context.Context, d Directory, c offline.Collection, p plan) error {
	w := p.dav
	if w.unless != nil {
		if there, err := a.stillThere(ctx, w.unless, w.item.Key); err != nil || !there {
			return err
		}
	}
	if w.remove {
		err := d.Delete(ctx, c, w.item)
		switch offline.ClassOf(err) {
		case offline.FaultStale:
			return a.readItemAgain(ctx, d, c, w.item)
		case offline.FaultNotFound:
			err = nil
		}
		if err != nil {
			return err
		}
		return a.Store.Update(func(tx *offline.Tx) error { return p.davDone(tx, w.item) })
	}
	got, err := d.Put(ctx, c, w.item)
	switch offline.ClassOf(err) {
	case offline.FaultStale, offline.FaultExists, offline.FaultNotFound:
		return a.readItemAgain(ctx, d, c, w.item)
	}
	if err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error { return a.putDone(tx, p, got) })
}

// stillThere asks whether an item is at its server: one that was made and taken
// away between two looks at a calendar is told of by nobody (RFC 6578 section
// 3.5.2). Where it is gone, another item is to be decided anew.
func (a *Agent) stillThere(ctx context.Context, it *offline.Item, other uint64) (bool, error) {
	c, acct, err := a.placeOf(it.Collection)
	if err != nil || acct == nil {
		return false, err
	}
	got, err := acct.Directory.Get(ctx, c, []string{it.Href})
	if err != nil || len(got) > 0 {
		return err == nil, err
	}
	return false, a.Store.Update(func(tx *offline.Tx) error {
		return errors.Join(a.itemGone(tx, it.Collection, it.Href), tx.UndecideItem(other))
	})
}

// readItemAgain reads an item that has changed, or gone, since it was last read.
func (a *Agent) readItemAgain(ctx context.Context, d Directory, c offline.Collection, it offline.Item) error {
	got, err := d.Get(ctx, c, []string{it.Href})
	if err != nil {
		return err
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		if len(got) == 0 {
			return a.itemGone(tx, c.URL, it.Href)
		}
		return errors.Join(a.storeItem(tx, &c, got[0]), tx.UndecideItem(it.Key))
	})
}

// keepWritten stores an item as the server has it after a write. What it keeps
// otherwise than it was given is noted on the link: the item means what was given.
func (a *Agent) keepWritten(tx *offline.Tx, w *davWrite, got offline.Item) error {
	it, err := tx.Item(w.item.Key)
	if err != nil {
		return ignoreMissing(err)
	}
	info := a.ItemText.Read(it.Kind, got.Raw, a.zone())
	it.ETag, it.Raw, it.Fields, it.UID, it.Mark, it.Problem, it.Gone = got.ETag, got.Raw, info.Fields, info.UID, info.Mark, info.Problem, false
	if got.Href != "" {
		it.Href = got.Href
	}
	for word := range w.words {
		planned, had := w.item.Edits[word]
		if now, has := it.Edits[word]; had && has && now == planned { // else it was written since
			delete(it.Edits, word)
			delete(it.Seen, word)
		}
	}
	if len(it.Edits) == 0 {
		it.Edits, it.Seen = nil, nil
	}
	if err := errors.Join(tx.PutItem(&it), tx.UndecideItem(it.Key)); err != nil {
		return err
	}
	l, err := tx.ItemLink(it.Key)
	if err != nil {
		return ignoreMissing(err)
	}
	l.Marked = true
	for word, v := range w.words {
		delete(l.Given, word)
		delete(l.Kept, word)
		if kept := info.Fields[word]; !merge.Same(l.Record.Kind, word, v, kept) {
			if l.Given == nil {
				l.Given, l.Kept = offline.Fields{}, offline.Fields{}
			}
			l.Given[word], l.Kept[word] = v, kept
		}
	}
	return tx.PutItemLink(&l)
}

// meant is what an item means: what it says, with what its server keeps otherwise
// read as what that was given, and with what the user wrote in Postrider.
func meant(it *offline.Item, l *offline.ItemLink) offline.Fields {
	f := offline.Fields{}
	for w, v := range it.Fields {
		f[w] = v
	}
	for w, given := range l.Given {
		if f[w] == l.Kept[w] {
			if f[w] = given; given == "" {
				delete(f, w)
			}
		}
	}
	for w, v := range it.Edits {
		if f[w] = v; v == "" {
			delete(f, w)
		}
	}
	return f
}
