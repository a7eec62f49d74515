package agent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// Appointments, contacts and tasks (in short: items) come into the store from
// both sides: from the user's directories and from the CRM. What changed becomes
// undecided in the transaction that stores the cursor, and is brought together by
// syncItems.

// Names of settings in the store.
const (
	settingItemsListed = "directory-listed" // and the account: a listing
	settingItemsBegun  = "items-begun"      // time.Time contacts were first read as items
)

// itemRecordKinds are the kinds of records that items have and that nothing else
// needs.
var itemRecordKinds = []offline.Kind{offline.KindTask, offline.KindAppointment, offline.KindSeries}

// itemsOn tells whether items are read here: there is where from, and the CRM
// leaves them to us (R-METHOD-02, R-METHOD-10).
func (a *Agent) itemsOn() bool {
	return len(a.Accounts) > 0 && a.ItemText != nil && carries(a.me().Options.Methods.ACT)
}

// sayItems says where somebody else, or nobody, carries the user's appointments,
// contacts and tasks.
func (a *Agent) sayItems() {
	if len(a.Accounts) == 0 || a.ItemText == nil || a.itemsOn() {
		a.health.Clear(health.ItemsElsewhere, "methods")
		return
	}
	a.health.Set(health.ItemsElsewhere, "methods", "Appointments, contacts and tasks: "+mover(a.me().Options.Methods.ACT)+
		" Two at once would make attendees miss updates, so Postrider leaves them alone.")
}

// beginItems has all contacts read again when items are read for the first time:
// what was read before has no more of them than mail needs.
func (a *Agent) beginItems() error {
	if !a.itemsOn() {
		return nil
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		var at time.Time
		if ok, err := tx.Setting(settingItemsBegun, &at); err != nil || ok {
			return err
		}
		return errors.Join(
			tx.PutCRMCursor(offline.CRMCursor{Kind: offline.KindContact}),
			tx.PutSetting(settingItemsBegun, a.Now().UTC()))
	})
}

// pullItems reads the directories, and tells the kinds that can't be brought
// together now because an account with them could not be read.
func (a *Agent) pullItems(ctx context.Context) (behind []offline.Kind, err error) {
	if !a.itemsOn() || ctx.Err() != nil {
		return nil, nil
	}
	return a.pullDirectories(ctx)
}

// noteRecord undecides a record that has an item's fields and says something new.
func noteRecord(tx *offline.Tx, old, now *offline.Record) error {
	if now.Item == nil || old.Item != nil && old.ETag == now.ETag && maps.Equal(old.Item.Fields, now.Item.Fields) {
		return nil
	}
	return tx.UndecideRecord(now.Ref)
}

// noteRecordGone notes at the link of an item that the CRM deleted its record.
func noteRecordGone(tx *offline.Tx, r offline.Ref) error {
	if _, ok := offline.ItemKind(r.Kind); !ok {
		return nil
	}
	l, err := tx.ItemLinkByRecord(r)
	if err != nil {
		return ignoreMissing(err)
	}
	l.Gone = true
	return errors.Join(tx.PutItemLink(&l), tx.UndecideItem(l.Item))
}

// Collections are the user's calendars, task lists and address books.
func (a *Agent) Collections() (all []offline.Collection, err error) {
	err = a.Store.View(func(tx *offline.Tx) error { all, err = tx.Collections(); return err })
	return all, err
}

// LeaveCollection has a collection no longer read, or read again.
func (a *Agent) LeaveCollection(url string, off bool) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		c, err := tx.Collection(url)
		if err != nil {
			return err
		}
		c.Off = off
		return tx.PutCollection(c)
	})
	if err == nil && !off {
		a.SyncNow()
	}
	return err
}

// itemKinds are the kinds of records to pull beside those that mail needs.
func (a *Agent) itemKinds() []offline.Kind {
	if !a.itemsOn() {
		return nil
	}
	return slices.Clone(itemRecordKinds)
}

func (a *Agent) zone() *time.Location {
	if a.Zone != nil {
		return a.Zone
	}
	return time.Local
}
