package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// Appointments, contacts and tasks have no queue of changes: what is to be done
// follows at each time from the item, the record, and the values on which the two
// last agreed, which are all in the store. So it does not matter where a sync is
// cut off, or whether an answer was lost: the next one looks at what is there.
// What has not been brought together yet is undecided, in the store, and stays so
// until both sides agree.

const (
	// itemTries bounds how often one sync plans for the same item: a pair takes three
	// or four rounds, unless somebody works on it at the same time.
	itemTries = 8
	// itemBatch is how many are planned, and written to the CRM, at a time.
	itemBatch = 500
	// limitsEvery is how long the CRM's word on the lengths of texts is believed.
	limitsEvery = 24 * time.Hour
)

const (
	settingItemLimits  = "item-limits"
	settingPrefer      = "items-prefer"    // merge.Prefer
	settingConfirmed   = "items-confirmed" // and the kind: true once the first contact was confirmed
	settingApart       = "items-apart"     // []merge.Group that the user has to pair or part
	settingConfirmGone = "items-gone"      // []uint64: items whose deletion the user confirmed
)

// syncItems brings items and records together, except of the kinds that are behind.
func (a *Agent) syncItems(ctx context.Context, behind []offline.Kind) error {
	if !a.itemsOn() || a.ItemCRM == nil || ctx.Err() != nil {
		return nil
	}
	if err := a.learnLimits(ctx); err != nil {
		return err
	}
	if err := a.firstContacts(behind); err != nil {
		return err
	}
	behind = append(slices.Clone(behind), a.unserved()...)
	tries := map[uint64]int{}
	var trouble error
	for ctx.Err() == nil {
		p, err := a.planItems(tries, behind)
		if err != nil {
			return err
		}
		if p.empty() {
			break
		}
		var theirs directoryTrouble
		switch err := a.carryItems(ctx, p); {
		case errors.As(err, &theirs):
			trouble = errors.Join(trouble, err)
			behind = append(behind, theirs.kinds...)
		case err != nil:
			return err
		}
	}
	if err := a.sayItemState(); err != nil {
		return err
	}
	return trouble
}

// unserved are the kinds that no account is for: there is no place to carry them
// from or to.
func (a *Agent) unserved() (kinds []offline.Kind) {
	for _, k := range offline.ItemKinds {
		if !slices.ContainsFunc(a.Accounts, func(acct Account) bool { return slices.Contains(acct.Kinds, k) }) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// itemLimits are the lengths of texts, and when they were asked for.
type itemLimits struct {
	At     time.Time           `json:"at"`
	Limits offline.FieldLimits `json:"limits"`
}

func (a *Agent) learnLimits(ctx context.Context) error {
	var l itemLimits
	if err := a.Store.View(func(tx *offline.Tx) error { _, err := tx.Setting(settingItemLimits, &l); return err }); err != nil {
		return err
	}
	if now := a.Now(); l.At.After(now.Add(-limitsEvery)) && !l.At.After(now) {
		return nil
	}
	limits, err := a.ItemCRM.FieldLimits(ctx)
	if err != nil {
		return fmt.Errorf("ask the CRM how long texts may be: %w", err)
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		return tx.PutSetting(settingItemLimits, itemLimits{a.Now().UTC(), limits})
	})
}

// plan is what is to be done about one pair. The parts are done in this order,
// each recorded in the transaction that takes its answer.
type plan struct {
	item  uint64
	kind  offline.Kind
	local func(*offline.Tx) error // nil: nothing
	crm   *offline.Write
	// crmDone records that crm went.
	crmDone func(*offline.Tx, offline.Outcome) error
	dav     *davWrite
	davDone func(*offline.Tx, offline.Item) error
}

// davWrite is one write to a directory.
type davWrite struct {
	item   offline.Item // with Raw as it is to be
	words  offline.Fields
	remove bool
	// unless is another item: where that is no longer at its server, nothing is
	// written, and both are looked at again.
	unless *offline.Item
}

// plans is what is to be done in one round.
type plans struct {
	all     []plan
	tries   map[uint64]int // how often each item was planned for in this sync
	lookups []offline.Ref  // records that items name and that are not known here
}

func (p *plans) empty() bool { return len(p.all) == 0 && len(p.lookups) == 0 }

// carryItems does what was planned. What can't be reached ends it; what is refused
// by itself is noted, and the rest goes on.
func (a *Agent) carryItems(ctx context.Context, p *plans) error {
	err := a.Store.Update(func(tx *offline.Tx) error {
		for i := range p.all {
			if do := p.all[i].local; do != nil {
				if err := do(tx); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.lookUp(ctx, p.lookups); err != nil {
		return err
	}
	if err := a.carryToCRM(ctx, p.all); err != nil {
		return err
	}
	return a.carryToDirectories(ctx, p)
}

// lookUp reads records that items name. One that is not there leaves its items
// without.
func (a *Agent) lookUp(ctx context.Context, refs []offline.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	found, err := a.ItemCRM.Lookup(ctx, refs)
	if err != nil {
		return fmt.Errorf("look for the records that items name: %w", err)
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for i := range found {
			if err := a.storeRecord(tx, &found[i]); err != nil {
				return err
			}
		}
		for _, r := range refs {
			if slices.ContainsFunc(found, func(f offline.Record) bool { return f.Ref == r && f.Item != nil }) {
				continue
			}
			items, err := tx.ItemsByRecord(r)
			if err != nil {
				return err
			}
			for i := range items {
				items[i].Track.Declined = true // its record is gone: it is not made anew by itself
				if err := tx.PutItem(&items[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// carryToCRM carries the writes to the CRM, many in a request.
func (a *Agent) carryToCRM(ctx context.Context, all []plan) error {
	var with []plan
	for _, p := range all {
		if p.crm != nil {
			with = append(with, p)
		}
	}
	for part := range slices.Chunk(with, pushBatch) {
		a.doing("Carrying appointments, contacts and tasks to the CRM", 0, 0)
		writes := make([]offline.Write, len(part))
		for i, p := range part {
			writes[i] = *p.crm
		}
		outcomes, pushErr := a.CRM.Push(ctx, writes)
		var stale []plan
		err := a.Store.Update(func(tx *offline.Tx) error {
			stale = nil
			for i, o := range outcomes {
				switch class := offline.ClassOf(o.Err); {
				case o.Err == nil:
					if err := part[i].crmDone(tx, o); err != nil {
						return err
					}
				case class == offline.FaultStale || class == offline.FaultNotFound:
					stale = append(stale, part[i])
				case class.Transient() || class == offline.FaultAuth || class == "":
				default:
					if err := a.itemRefused(tx, part[i].item, o.Err); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := a.readRecordsAgain(ctx, stale); err != nil {
			return err
		}
		if pushErr == nil {
			for _, o := range outcomes {
				if c := offline.ClassOf(o.Err); c == offline.FaultAuth || c.Transient() {
					pushErr = o.Err
				}
			}
		}
		if pushErr != nil {
			return fmt.Errorf("write to the CRM: %w", pushErr)
		}
	}
	return nil
}

// readRecordsAgain reads records that have changed, or gone, since they were last
// read; what becomes of that is planned in the next round.
func (a *Agent) readRecordsAgain(ctx context.Context, stale []plan) error {
	if len(stale) == 0 {
		return nil
	}
	var refs []offline.Ref
	for _, p := range stale {
		refs = append(refs, p.crm.Change.Record)
	}
	found, err := a.ItemCRM.Lookup(ctx, refs)
	if err != nil {
		return fmt.Errorf("read records again: %w", err)
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for i, r := range refs {
			n := slices.IndexFunc(found, func(f offline.Record) bool { return f.Ref == r })
			switch {
			case n >= 0:
				if err := errors.Join(a.storeRecord(tx, &found[n]), tx.UndecideItem(stale[i].item)); err != nil {
					return err
				}
			case stale[i].crm.Change.Op == offline.OpCreateItem: // what it refers to is gone
				if err := a.itemRefused(tx, stale[i].item, errMissing); err != nil {
					return err
				}
			default:
				if err := a.recordGone(tx, r); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var errMissing = errors.New("something that it refers to is no longer in the CRM")

// itemRefused notes that a side will not take an item as it is. It is tried again
// when it changes, or when the user says so.
func (a *Agent) itemRefused(tx *offline.Tx, key uint64, cause error) error {
	it, err := tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	now := a.Now().UTC()
	it.Track.State, it.Track.Since, it.Track.Reason = offline.Failed, now, cause.Error()
	if err := errors.Join(tx.PutItem(&it), tx.Decided(key)); err != nil {
		return err
	}
	if err := a.sayFailed(tx, key, cause); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: now, What: "problem", Record: it.Track.Record, Text: cause.Error()})
}

// sayFailed tells that an item could not be carried.
func (a *Agent) sayFailed(tx *offline.Tx, key uint64, cause error) error {
	it, err := tx.Item(key)
	if err != nil {
		return ignoreMissing(err)
	}
	a.health.Set(health.EntryFailed, entrySubject(key), fmt.Sprintf("%s: %v", offline.ItemName(it.Kind, it.Now()), cause))
	return nil
}
