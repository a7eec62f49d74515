package agent

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"postrider/agent/book"
	"postrider/agent/health"
	"postrider/offline"
)

const (
	bookEvery = 24 * time.Hour // R-ADDRESSBOOK-02
	bookFloor = time.Hour      // the least that an organization sets
	// writtenTo is how many of the messages sent last say whom the user writes to.
	writtenTo = 2000
)

// Lister is a CRM that can list the ids of all records of a kind. What it lists
// is all that the user may see of the kind, or an error.
type Lister interface {
	List(ctx context.Context, kind offline.Kind, each func([]offline.Ref) error) error
}

// bookkeeper keeps the address book in step with the store.
type bookkeeper struct {
	book *book.Book

	mu     sync.Mutex // one change at a time, in the order in which the store has them
	filled bool
	scope  book.Scope
	last   uint64 // key of the newest message that was looked at for whom the user writes to
	behind int    // records that changed since, when they are too many for single steps
}

// Book is the address book. It answers from memory, as soon as it is filled.
func (a *Agent) Book() *book.Book { return a.book.book }

// keepBook fills the address book at the start and keeps it in step with what
// the user sends and chooses, until ctx ends. Records come with the pull.
func (a *Agent) keepBook(ctx context.Context) {
	notices, stop := a.Store.Watch()
	defer stop()
	a.fillBook(false)
	for {
		select {
		case <-ctx.Done():
			return
		case n, ok := <-notices:
			if !ok {
				return
			}
			if n.Settings {
				a.fillBook(false)
			}
			if n.Messages {
				a.noteWritten(n.Keys)
			}
		}
	}
}

// fillBook fills the book from the store, unless it is filled and its scope is
// the same. again: in any case.
func (a *Agent) fillBook(again bool) {
	b := &a.book
	b.mu.Lock()
	defer b.mu.Unlock()
	err := a.Store.View(func(tx *offline.Tx) error {
		scope, err := a.bookScope(tx)
		if err != nil || b.filled && !again && sameScope(scope, b.scope) {
			return err
		}
		written, last, err := a.written(tx)
		if err != nil {
			return err
		}
		b.book.Reset(scope, a.allRecords(tx, &err), written)
		b.scope, b.last, b.filled, b.behind = scope, last, err == nil, 0
		return err
	})
	if err != nil {
		a.Log.Warn("the address book could not be filled", "err", err)
	}
}

// allRecords are the records of the store but for the emails, which are many
// and nobody.
func (a *Agent) allRecords(tx *offline.Tx, failed *error) iter.Seq[offline.Record] {
	return func(yield func(offline.Record) bool) {
		for _, k := range a.kinds() {
			if k == offline.KindEmail {
				continue
			}
			on := true
			if *failed = tx.Records(k, func(r offline.Record) bool { on = yield(r); return on }); *failed != nil || !on {
				return
			}
		}
	}
}

func sameScope(a, b book.Scope) bool {
	return a.User == b.User && a.Reach.Contacts == b.Reach.Contacts && a.Reach.Others == b.Reach.Others &&
		slices.Equal(a.Reach.Kinds, b.Reach.Kinds) && (a.Reach.Kinds == nil) == (b.Reach.Kinds == nil) && slices.Equal(a.About, b.About)
}

// bookScope is what the user chose to have in the book (R-ADDRESSBOOK-03..05).
func (a *Agent) bookScope(tx *offline.Tx) (book.Scope, error) {
	var r offline.Rules
	_, err := tx.Setting(offline.SettingRules, &r)
	s := book.Scope{Reach: r.Book, User: a.me().ID}
	for _, t := range a.RegardingKinds() {
		s.About = append(s.About, t.Kind)
	}
	return s, err
}

// written are those whom the user wrote to last, and the newest message that
// was looked at.
func (a *Agent) written(tx *offline.Tx) (out []book.Written, last uint64, err error) {
	folders, err := tx.Folders()
	if err != nil {
		return nil, 0, err
	}
	for _, f := range folders {
		if f.Role != offline.RoleSent {
			continue
		}
		keys, err := tx.FolderKeys(f.ID)
		if err != nil {
			return nil, 0, err
		}
		for _, k := range keys[:min(len(keys), writtenTo)] {
			m, err := tx.Message(k)
			if err != nil {
				return nil, 0, err
			}
			out = append(out, a.recipients(&m)...)
			last = max(last, k)
		}
	}
	return out, last, nil
}

// recipients are those whom a message of the user went to.
func (a *Agent) recipients(m *offline.Message) (out []book.Written) {
	if !m.Outgoing {
		return nil
	}
	for _, to := range slices.Concat(m.To, m.Cc, m.Bcc) {
		if to.Addr != "" && !slices.Contains(a.Settings.Own, offline.Fold(to.Addr)) {
			out = append(out, book.Written{Address: to, At: m.Date})
		}
	}
	return out
}

// noteWritten tells the book whom new messages of the user went to; nil keys:
// there were many, and the last ones are looked for.
func (a *Agent) noteWritten(keys []uint64) {
	b := &a.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.filled {
		return
	}
	var fresh []book.Written
	last := b.last
	err := a.Store.View(func(tx *offline.Tx) error {
		if keys == nil {
			fs, err := tx.Folders()
			if err != nil {
				return err
			}
			for _, f := range fs {
				if f.Role == offline.RoleSent {
					if keys, err = tx.FolderKeys(f.ID); err != nil {
						return err
					}
					keys = keys[:min(len(keys), writtenTo)]
				}
			}
		}
		for _, k := range keys {
			if k <= b.last {
				continue
			}
			m, err := tx.Message(k)
			if err != nil {
				continue // gone again
			}
			if m.Outgoing {
				fresh, last = append(fresh, a.recipients(&m)...), max(last, k)
			}
		}
		return nil
	})
	if err != nil {
		a.Log.Warn("the address book could not be brought up to date", "err", err)
		return
	}
	b.last = last
	b.book.Wrote(fresh)
}

// maxSteps is how many changed records are put into the book one by one; more
// are taken over at once at the end of the pull.
const maxSteps = 500

// updateBook takes over records that the store has, or has no more.
func (a *Agent) updateBook(changed []offline.Record, gone []offline.Ref) {
	b := &a.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.filled || len(changed)+len(gone) == 0 || len(changed) > 0 && changed[0].Kind == offline.KindEmail {
		return
	}
	if b.behind += len(changed) + len(gone); b.behind > maxSteps {
		return
	}
	b.book.Update(changed, gone)
}

// refreshBook fills the book anew at the start and then once a day. Before, it
// looks for records that are gone, of the kinds whose pull does not tell of
// deletions.
func (a *Agent) refreshBook(ctx context.Context) error {
	a.book.mu.Lock()
	behind := a.book.behind > maxSteps || !a.book.filled
	a.book.mu.Unlock()
	every := max(cmp.Or(a.BookEvery, bookEvery), bookFloor)
	if !a.bookSeen { // at the start
		every = bookFloor
	}
	var at time.Time
	if err := a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingBookAt, &at); return err }); err != nil {
		return err
	}
	now := a.Now().UTC()
	if now.Sub(at) < every && !at.After(now) {
		if a.bookSeen = true; behind {
			a.fillBook(true)
		}
		return nil
	}
	a.doing("Refreshing the address book", 0, 0)
	if err := a.findGone(ctx); err != nil {
		return err
	}
	a.fillBook(true)
	a.bookSeen = true
	return a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingBookAt, now) })
}

// findGone looks for deletions among the kinds that are pulled by modified-on.
func (a *Agent) findGone(ctx context.Context) error {
	lister, ok := a.CRM.(Lister)
	if !ok {
		return nil
	}
	var kinds []offline.Kind
	err := a.Store.View(func(tx *offline.Tx) error {
		for _, k := range a.kinds() {
			c, err := tx.CRMCursor(k)
			if err != nil {
				return err
			}
			// What is in the middle of a full listing finds them by itself.
			if c.NoDelta && !c.Denied && k != offline.KindEmail && c.Next == "" {
				kinds = append(kinds, k)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range kinds {
		if err := a.findGoneOf(ctx, lister, k); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) findGoneOf(ctx context.Context, lister Lister, k offline.Kind) error {
	there := map[string]bool{}
	err := lister.List(ctx, k, func(refs []offline.Ref) error {
		for _, r := range refs {
			there[r.ID] = true
		}
		return nil
	})
	switch class := offline.ClassOf(err); {
	case class == offline.FaultDenied || class == offline.FaultNotFound || class == offline.FaultRejected:
		return nil // no listing, so nothing is known to be gone
	case err != nil:
		return fmt.Errorf("list %s records: %w", k, err)
	}
	var gone []offline.Ref
	known := 0
	err = a.Store.View(func(tx *offline.Tx) error {
		return tx.Records(k, func(r offline.Record) bool {
			if known++; !there[r.ID] && r.ETag != "" { // without one it is ours and waits to be made
				gone = append(gone, r.Ref)
			}
			return true
		})
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	subject := "crm " + string(k)
	if len(gone) > 10 && len(gone)*10 > known {
		a.health.Set(health.ManyGone, subject, fmt.Sprintf("%d of %d %s records can't be found in the CRM. Nothing was changed here.", len(gone), known, k))
		return nil
	}
	a.health.Clear(health.ManyGone, subject)
	err = a.Store.Update(func(tx *offline.Tx) error {
		for _, r := range gone {
			if err := a.recordGone(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		a.updateBook(nil, gone)
	}
	return err
}
