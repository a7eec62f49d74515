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

// kinds are the kinds of record that are kept here, in the order they are
// pulled: emails last, for they refer to the others. The organization's own
// tables are those that hold mail addresses or that mail can be about.
func (a *Agent) kinds() []offline.Kind {
	ks := []offline.Kind{
		offline.KindUser, offline.KindQueue, offline.KindTeam, offline.KindEquipment, offline.KindUnit,
		offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase,
	}
	for _, t := range a.me().Options.Tables {
		ks = append(ks, t.Kind)
	}
	ks = append(ks, a.itemKinds()...)
	return append(ks, offline.KindEmail)
}

// expected are the kinds that every user can read; that one of the others
// can't be read is nothing to tell, for many organizations have none.
var expected = []offline.Kind{offline.KindUser, offline.KindAccount, offline.KindContact, offline.KindLead, offline.KindOpportunity, offline.KindCase, offline.KindQueue, offline.KindEmail}

// emailOverlap is how far before the first sync the pull of emails begins, so
// that what colleagues track meanwhile is not missed where clocks differ.
const emailOverlap = time.Hour

// meEvery is how long the CRM's word on the user, the options and who moves the
// mail is believed: it is asked at the start and with each sync of the timer, and
// not for every message that arrives.
const meEvery = 4 * time.Minute

// pullCRM learns who we are and brings what changed in the CRM into the store.
func (a *Agent) pullCRM(ctx context.Context) error {
	a.doing("Asking the CRM", 0, 0)
	if err := a.learnMe(ctx); err != nil {
		return err
	}
	if err := a.beginItems(); err != nil {
		return err
	}
	var cursors []offline.CRMCursor
	err := a.Store.View(func(tx *offline.Tx) error {
		for _, k := range a.kinds() {
			c, err := tx.CRMCursor(k)
			if err != nil {
				return err
			}
			if k == offline.KindEmail && c.Since.IsZero() {
				c.Since = a.Now().UTC().Add(-emailOverlap)
			}
			cursors = append(cursors, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.CRM.Pull(ctx, cursors, func(d offline.RecordDelta) error { return a.storeRecords(d) }); err != nil {
		return fmt.Errorf("pull from the CRM: %w", err)
	}
	if err := a.pullMembers(ctx); err != nil {
		return err
	}
	if err := a.confirmLinks(ctx); err != nil {
		return err
	}
	return a.refreshBook(ctx)
}

func (a *Agent) learnMe(ctx context.Context) error {
	if now := a.Now(); a.userAt.After(now.Add(-meEvery)) && !a.userAt.After(now) {
		return nil
	}
	u, err := a.CRM.Me(ctx)
	if err != nil {
		return fmt.Errorf("ask the CRM who we are: %w", err)
	}
	if old := a.me(); old.ID != "" && (old.ID != u.ID || old.Organization != u.Organization) {
		return errOtherOrganization
	}
	if err := a.Store.Update(func(tx *offline.Tx) error {
		if err := pendingOptions(tx, &u); err != nil {
			return err
		}
		return errors.Join(a.keepUser(tx, u), a.bornNow(tx))
	}); err != nil {
		return err
	}
	a.sayMethods()
	a.userAt = a.Now()
	return nil
}

// storeRecords keeps one batch of records with its cursor, and lets messages
// feel what changed about the emails that they are linked to or answer.
func (a *Agent) storeRecords(d offline.RecordDelta) error {
	var gone []offline.Ref
	err := a.Store.Update(func(tx *offline.Tx) error {
		if d.Reset {
			if err := tx.BeginListing(d.Kind); err != nil {
				return err
			}
		}
		for i := range d.Changed {
			if err := a.storeRecord(tx, &d.Changed[i]); err != nil {
				return err
			}
		}
		gone = d.Gone
		if listing, err := tx.InListing(d.Kind); err != nil {
			return err
		} else if listing && d.Final {
			unlisted, err := tx.EndListing(d.Kind)
			if err != nil {
				return err
			}
			gone = append(gone, unlisted...)
		}
		for _, r := range gone {
			if err := a.recordGone(tx, r); err != nil {
				return err
			}
		}
		if d.Cursor.Denied && slices.Contains(expected, d.Kind) {
			a.health.Set(health.CRMNoRead, string(d.Kind), fmt.Sprintf("The CRM does not let this user read its %s records.", d.Kind))
		} else {
			a.health.Clear(health.CRMNoRead, string(d.Kind))
		}
		return tx.PutCRMCursor(d.Cursor)
	})
	if err == nil {
		a.updateBook(d.Changed, gone)
	}
	return err
}

func (a *Agent) storeRecord(tx *offline.Tx, r *offline.Record) error {
	old, err := tx.Record(r.Ref)
	if ignoreMissing(err) != nil {
		return err
	}
	if err := errors.Join(tx.PutRecord(r), noteRecord(tx, &old, r)); err != nil {
		return err
	}
	if r.Kind != offline.KindEmail || r.Email == nil {
		return nil
	}
	if link, err := tx.LinkByRecord(r.Ref); err == nil {
		return a.followRecord(tx, link, r)
	}
	if err := a.noticeOther(tx, r); err != nil {
		return err
	}
	if e := old.Email; e == nil || e.Identity != r.Email.Identity || e.Token != r.Email.Token || e.Thread != r.Email.Thread {
		// Something that messages may answer: news, not a change of what it is about.
		if err := a.reopen(tx, recordOrigin(r), a.trackSettings()); err != nil {
			return err
		}
	}
	key, ok := tx.KeyByIdentity(r.Email.Identity)
	if !ok {
		return nil
	}
	return undecide(tx, key, nil)
}

// followRecord takes over what was changed in the CRM about a tracked message.
func (a *Agent) followRecord(tx *offline.Tx, link offline.Link, r *offline.Record) error {
	link.ETag = r.ETag
	if link.Base.Regarding != r.Email.Regarding {
		m, err := tx.Message(link.Item)
		if err != nil {
			return err
		}
		// A change of ours that waits is the newer word; otherwise the CRM's is.
		if m.Track.State == offline.Tracked {
			m.Track.Regarding = r.Email.Regarding
			if err := tx.PutMessage(&m); err != nil {
				return err
			}
			if err := a.refile(tx, &m); err != nil {
				return err
			}
		}
		link.Base.Regarding = r.Email.Regarding
	}
	return tx.PutLink(&link)
}

// recordGone forgets a record that the CRM says is deleted. A message whose
// email record was deleted there stays in the mailbox and is tracked no longer.
func (a *Agent) recordGone(tx *offline.Tx, r offline.Ref) error {
	if link, err := tx.LinkByRecord(r); err == nil {
		if err := a.unlink(tx, link.Item, "The record was deleted in the CRM."); err != nil {
			return err
		}
	}
	if err := noteRecordGone(tx, r); err != nil {
		return err
	}
	return ignoreMissing(tx.DeleteRecord(r))
}

// unlink breaks the link of a message because of what the CRM did.
func (a *Agent) unlink(tx *offline.Tx, item uint64, reason string) error {
	m, err := tx.Message(item)
	if err != nil {
		return err
	}
	old := m.Track
	if err := dropChanges(tx, item); err != nil {
		return err
	}
	if err := ignoreMissing(tx.DeleteLink(item)); err != nil {
		return err
	}
	m.Track = offline.Tracking{State: offline.Untracked, Since: a.Now().UTC(), Cause: offline.CauseColleague, Reason: reason, Declined: true}
	if err := tx.PutMessage(&m); err != nil {
		return err
	}
	if err := a.wantKeyword(tx, &m); err != nil {
		return err
	}
	return tx.Log(offline.Activity{At: a.Now().UTC(), What: "unlinked", Item: item, Record: old.Record, Text: reason})
}

// confirmLinks asks once a run which linked emails are still there, because
// emails are pulled by modified-on, which does not tell of deletions.
func (a *Agent) confirmLinks(ctx context.Context) error {
	if a.listedRefs {
		return nil
	}
	var refs []offline.Ref
	err := a.Store.View(func(tx *offline.Tx) error {
		return tx.Links(func(l offline.Link) bool { refs = append(refs, l.Record); return true })
	})
	if err != nil || len(refs) == 0 {
		a.listedRefs = err == nil
		return err
	}
	there, err := a.CRM.Exists(ctx, refs)
	if err != nil {
		return fmt.Errorf("ask for the tracked emails: %w", err)
	}
	var gone []offline.Ref
	for _, r := range refs {
		if is, told := there[r]; told && !is {
			gone = append(gone, r)
		}
	}
	if a.tooManyGone(len(gone), len(refs)) {
		return nil
	}
	a.listedRefs = true
	if len(gone) == 0 {
		return nil
	}
	return a.Store.Update(func(tx *offline.Tx) error {
		for _, r := range gone {
			if err := a.recordGone(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// tooManyGone holds back when a good part of all tracked emails seems to have
// vanished at once: more likely a right was lost than that all were deleted.
func (a *Agent) tooManyGone(gone, of int) bool {
	if gone <= 10 || gone*10 <= of {
		a.health.Clear(health.ManyGone, "crm")
		return false
	}
	a.health.Set(health.ManyGone, "crm", fmt.Sprintf("%d of %d tracked emails can't be found in the CRM. Nothing was changed here.", gone, of))
	return true
}
