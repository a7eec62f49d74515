package agent

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postrider/agent/compose"
	"postrider/agent/health"
	"postrider/offline"
)

// settingCopies is who puts the copy of a sent message into Sent: copiesTheirs,
// where the provider was seen to, copiesOurs, where it was not; "" while that is
// not known.
const (
	settingCopies = "sent-copies"
	copiesTheirs  = "theirs"
	copiesOurs    = "ours"
)

// looks is how often Sent is searched before a copy is put there, or before the
// user is asked: where the provider files by itself it may take a moment.
func looks(copies string) int {
	switch copies {
	case copiesOurs:
		return 1
	case copiesTheirs:
		return 4
	}
	return 3
}

// lookDelay is the wait after the nth look: 5, 10, 20 seconds.
func lookDelay(n int) time.Duration { return 5 * time.Second << min(max(n-1, 0), 6) }

// filingTries is how often a mailbox may refuse a copy.
const filingTries = 5

// fileAll files what was sent and looks for what may have been sent. It is for
// the goroutine that syncs. The error is the mailbox's, and ends it.
func (a *Agent) fileAll(ctx context.Context) error {
	var due []offline.Draft
	var sent offline.Folder
	var listed bool
	var copies string
	err := a.Store.View(func(tx *offline.Tx) error {
		all, err := tx.Drafts()
		if err != nil {
			return err
		}
		for _, d := range all {
			if toFile(&d) && !d.NotBefore.After(a.Now()) {
				due = append(due, d)
			}
		}
		if len(due) == 0 {
			return nil
		}
		if _, err := tx.Setting(settingCopies, &copies); err != nil {
			return err
		}
		sent, listed, err = sentFolder(tx)
		return err
	})
	if err != nil || !listed {
		return err
	}
	for _, d := range due {
		if err := a.fileOne(ctx, d, sent, copies); err != nil {
			return err
		}
	}
	return nil
}

// toFile reports whether a draft has something to be done with the mailbox.
func toFile(d *offline.Draft) bool {
	return d.State == offline.DraftSent || d.Doubt && (d.State == offline.DraftSending || d.State == offline.DraftFailed)
}

// filingDue is when the next of them is due; ok is false if there is none. What
// the user has to decide is not waited for.
func filingDue(tx *offline.Tx) (at time.Time, ok bool) {
	all, err := tx.Drafts()
	if err != nil {
		return at, false
	}
	for _, d := range all {
		if toFile(&d) && d.State != offline.DraftFailed && (!ok || d.NotBefore.Before(at)) {
			at, ok = d.NotBefore, true
		}
	}
	return at, ok
}

// sentFolder is the folder for sent mail; listed is false while no folder is
// known yet.
func sentFolder(tx *offline.Tx) (sent offline.Folder, listed bool, err error) {
	all, err := tx.Folders()
	for _, f := range all {
		if f.Role == offline.RoleSent && !f.Missing && !f.NoSelect {
			return f, true, err
		}
	}
	return sent, len(all) > 0, err
}

func (a *Agent) fileOne(ctx context.Context, d offline.Draft, sent offline.Folder, copies string) error {
	seen, err := a.seenInSent(&d, sent)
	if err != nil {
		return err
	}
	switch {
	case seen:
		return a.foundInSent(d.ID)
	case d.State == offline.DraftFailed:
		return nil // the user's turn; a scan of Sent may still tell
	case d.State == offline.DraftSent && (d.Filed || d.Item == 0 || a.Filer == nil):
		return a.finish(d.ID)
	case a.Filer == nil:
		return a.change(d.ID, a.stayInDoubt)
	case sent.Name == "" && d.Doubt:
		return a.change(d.ID, a.stayInDoubt)
	case sent.Name == "":
		return a.unfiled(d.ID, "the mailbox has no folder for sent mail")
	}
	uids, err := a.Filer.FindIdentity(ctx, sent, d.Identity)
	if err != nil {
		return a.filingFailed(d, fmt.Errorf("look for a sent message in %s: %w", sent.Name, err))
	}
	if len(uids) > 0 {
		if d.Attempts == 0 { // before we put anything there
			if err := a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(settingCopies, copiesTheirs) }); err != nil {
				return err
			}
		}
		return a.foundInSent(d.ID)
	}
	if d.Looks+1 < looks(copies) {
		return a.change(d.ID, func(tx *offline.Tx, d *offline.Draft) error {
			d.Looks++
			d.NotBefore = a.Now().UTC().Add(lookDelay(d.Looks))
			return tx.PutDraft(d)
		})
	}
	if d.Doubt {
		return a.change(d.ID, a.stayInDoubt)
	}
	return a.putIntoSent(ctx, d, sent, copies)
}

// change does something to a draft as it is now; one that is gone needs nothing.
func (a *Agent) change(id uint64, do func(*offline.Tx, *offline.Draft) error) error {
	return a.Store.Update(func(tx *offline.Tx) error {
		d, err := tx.Draft(id)
		if err != nil {
			return ignoreMissing(err)
		}
		return do(tx, &d)
	})
}

// seenInSent reports whether a scan has found the message in Sent.
func (a *Agent) seenInSent(d *offline.Draft, sent offline.Folder) (seen bool, err error) {
	err = a.Store.View(func(tx *offline.Tx) error {
		m, err := tx.MessageByIdentity(d.Identity)
		seen = slices.ContainsFunc(m.Places, func(p offline.Place) bool { return p.Folder == sent.ID })
		return ignoreMissing(err)
	})
	return seen, err
}

// foundInSent ends what hung on whether a message is in Sent: it went, and its
// copy is there.
func (a *Agent) foundInSent(id uint64) error {
	return a.change(id, func(tx *offline.Tx, d *offline.Draft) error {
		if d.State != offline.DraftSent {
			trigger(a.wakePush)
			if err := a.went(tx, d, true); err != nil {
				return err
			}
		}
		return a.drop(tx, d)
	})
}

func (a *Agent) finish(id uint64) error { return a.change(id, a.drop) }

// drop forgets a draft that has become a message of the mailbox.
func (a *Agent) drop(tx *offline.Tx, d *offline.Draft) error {
	if d.State != offline.DraftSent {
		return nil
	}
	a.clearDraft(d.ID)
	return tx.DropDraft(d.ID)
}

// putIntoSent appends the copy. That it is tried is on disk before: what is
// found there afterwards may be ours.
func (a *Agent) putIntoSent(ctx context.Context, d offline.Draft, sent offline.Folder, copies string) error {
	var m offline.Message
	if err := a.Store.Update(func(tx *offline.Tx) (err error) {
		now, err := tx.Draft(d.ID)
		if err != nil {
			return err
		}
		now.Attempts++
		if m, err = tx.Message(d.Item); err != nil {
			return err
		}
		if copies == "" {
			if err := tx.PutSetting(settingCopies, copiesOurs); err != nil {
				return err
			}
		}
		return tx.PutDraft(&now)
	}); err != nil {
		return err
	}
	bcc, err := compose.BccField(d.Bcc) // the sender's own copy tells whom it went to
	if err != nil {
		return err
	}
	body, err := a.Store.Body(d.Item)
	if err != nil {
		return a.unfiled(d.ID, err.Error())
	}
	defer body.Close()
	size := int64(len(bcc)) + m.Size
	if _, err := a.Filer.Append(ctx, sent, []string{`\Seen`}, m.Date, size, io.MultiReader(strings.NewReader(bcc), body)); err != nil {
		return a.filingFailed(d, fmt.Errorf("file a sent message in %s: %w", sent.Name, err))
	}
	return a.finish(d.ID)
}

// filingFailed waits where the mailbox can't be reached, and counts refusals.
func (a *Agent) filingFailed(d offline.Draft, err error) error {
	switch offline.ClassOf(err) {
	case offline.FaultRejected, offline.FaultDenied, offline.FaultNotFound, offline.FaultProtocol:
		if d.Doubt {
			return a.change(d.ID, a.stayInDoubt)
		}
		return a.unfiled(d.ID, err.Error())
	}
	return err
}

// unfiled notes that the copy could not be filed, and gives it up after a while:
// the message has gone, and its record does not depend on it.
func (a *Agent) unfiled(id uint64, reason string) error {
	return a.change(id, func(tx *offline.Tx, d *offline.Draft) error {
		d.Attempts++
		d.Reason = "it was sent, but its copy can't be filed: " + reason
		if d.Attempts < filingTries {
			d.NotBefore = a.Now().UTC().Add(changeDelay(d.Attempts))
			return tx.PutDraft(d)
		}
		a.health.Set(health.SendUnfiled, "sent", d.Reason)
		if err := tx.Log(offline.Activity{At: a.Now().UTC(), What: "problem", Item: d.Item, Text: d.Reason}); err != nil {
			return err
		}
		return tx.DropDraft(d.ID)
	})
}
