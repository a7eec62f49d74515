package agent

import (
	"fmt"
	"slices"

	"postrider/agent/health"
	"postrider/offline"
)

// sayItemState tells what waits for the user, and forgets what does no longer.
func (a *Agent) sayItemState() error {
	var held []offline.HeldDeletion
	var asked []offline.Conflict
	var over []uint64
	var first bool
	err := a.Store.View(func(tx *offline.Tx) (err error) {
		if err = a.forgetMended(tx); err != nil {
			return err
		}
		if asked, over, err = toDecide(tx); err != nil {
			return err
		}
		if held, err = tx.HeldDeletions(); err != nil {
			return err
		}
		first, err = a.firstWaits(tx)
		return err
	})
	if err == nil && len(over) > 0 {
		err = a.Store.Update(func(tx *offline.Tx) error {
			for _, id := range over {
				if err := tx.DropConflict(id); ignoreMissing(err) != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	say := func(k health.Kind, on bool, text string) {
		if on {
			a.health.Set(k, "items", text)
		} else {
			a.health.Clear(k, "items")
		}
	}
	say(health.ItemsHeld, len(held) > 0, fmt.Sprintf("%d appointments, contacts or tasks seem to have been deleted at once. Nothing was deleted on the other side.", len(held)))
	say(health.ItemsConflict, len(asked) > 0, fmt.Sprintf("%d fields were changed differently on both sides.", len(asked)))
	say(health.ItemsFirst, first, "Postrider has compared your calendars and address books with the CRM and waits for your word.")
	return nil
}

// toDecide are the conflicts that the user is to decide, and the ids of those that
// are over, because their two are no longer a pair: each keeps its own value.
func toDecide(tx *offline.Tx) (open []offline.Conflict, over []uint64, err error) {
	all, err := tx.Conflicts()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		if c.Winner != "" {
			continue
		}
		switch _, err := tx.ItemLink(c.Item); {
		case err == nil:
			open = append(open, c)
		case ignoreMissing(err) != nil:
			return nil, nil, err
		default:
			over = append(over, c.ID)
		}
	}
	return open, over, nil
}

// forgetMended clears the problems of items that are gone, or that no side refuses or
// has still to take.
func (a *Agent) forgetMended(tx *offline.Tx) error {
	failed := slices.DeleteFunc(a.health.All(), func(p health.Problem) bool { return p.Code != health.EntryFailed.Code })
	if len(failed) == 0 {
		return nil
	}
	undecided, _, err := tx.Undecided()
	if err != nil {
		return err
	}
	for _, p := range failed {
		var key uint64
		if _, err := fmt.Sscanf(p.Subject, entryFormat, &key); err != nil {
			return fmt.Errorf("the problem of %q is no item's: %w", p.Subject, err)
		}
		it, err := tx.Item(key)
		if ignoreMissing(err) != nil {
			return err
		}
		if err != nil || it.Track.State != offline.Failed && !slices.Contains(undecided, key) {
			a.health.Clear(health.EntryFailed, p.Subject)
		}
	}
	return nil
}

// firstWaits reports whether a first contact has been read and waits for the user.
func (a *Agent) firstWaits(tx *offline.Tx) (bool, error) {
	confirmed, err := confirmedKinds(tx)
	if err != nil {
		return false, err
	}
	all, err := tx.Collections()
	if err != nil {
		return false, err
	}
	p := &planner{a: a, tx: tx}
	for _, k := range offline.ItemKinds {
		there, err := a.hasPlace(tx, k)
		if err != nil {
			return false, err
		}
		if confirmed[k] || !there {
			continue
		}
		if unread, err := p.unread(k, all); err != nil || len(unread) == 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// confirmedKinds are those whose first contact the user confirmed.
func confirmedKinds(tx *offline.Tx) (map[offline.Kind]bool, error) {
	all := map[offline.Kind]bool{}
	for _, k := range offline.ItemKinds {
		ok := false
		if _, err := tx.Setting(settingConfirmed+":"+string(k), &ok); err != nil {
			return nil, err
		}
		all[k] = ok
	}
	return all, nil
}
