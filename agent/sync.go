package agent

import (
	"context"
	"errors"
	"time"

	"postrider/agent/health"
	"postrider/offline"
)

// Requests counts what one sync asked of the servers.
type Requests struct {
	IMAP      int64 `json:"imap"`       // commands
	CRM       int64 `json:"crm"`        // HTTP requests
	CRMWrites int64 `json:"crm_writes"` // of those, the ones that write
	DAV       int64 `json:"dav"`        // HTTP requests to calendars and address books
	DAVWrites int64 `json:"dav_writes"` // of those, the ones that write
}

// Add is what two syncs asked together.
func (r Requests) Add(o Requests) Requests {
	return Requests{r.IMAP + o.IMAP, r.CRM + o.CRM, r.CRMWrites + o.CRMWrites, r.DAV + o.DAV, r.DAVWrites + o.DAVWrites}
}

// Report tells what one sync did. Counts are what the store holds after it.
type Report struct {
	Counts   offline.Counts
	Items    map[offline.Kind]offline.Counts // of appointments, contacts and tasks; nil where they are left alone
	Requests Requests
	Took     time.Duration
	Problems []health.Problem
}

// SyncOnce does one full sync. It goes on where it can: a mailbox that can't be
// reached does not keep the queue from the CRM. The error is the first failure
// that stopped a step; the report is true in any case.
func (a *Agent) SyncOnce(ctx context.Context) (Report, error) {
	began := a.Now()
	before := a.requests()
	a.asked = map[string]bool{}
	a.set(func(s *Status) { s.Phase = Syncing })

	crmErr := a.guard(ctx, a.pullCRM(ctx), false)
	mailErr := a.guard(ctx, a.pullMail(ctx), true)
	a.sendAndFile(ctx, &mailErr)
	if crmErr == nil {
		crmErr = a.guard(ctx, a.decideAndPush(ctx, mailErr), false)
	}
	if crmErr == nil && mailErr == nil {
		crmErr = a.guard(ctx, a.backfillAll(ctx), false)
	}
	if !a.mailDown && ctx.Err() == nil {
		if err := a.pushKeywords(ctx); err != nil {
			mailErr = errors.Join(mailErr, a.guard(ctx, err, true))
		}
	}
	behind, itemErr := a.pullItems(ctx)
	if crmErr == nil && (itemErr == nil || offline.ClassOf(itemErr) != "") {
		err, theirs := a.syncItems(ctx, behind), directoryTrouble{}
		if !errors.As(err, &theirs) {
			err = a.guard(ctx, err, false)
		}
		itemErr = errors.Join(itemErr, err)
	}
	err := errors.Join(crmErr, mailErr, itemErr)
	if crmErr == nil && mailErr == nil {
		a.set(func(s *Status) { s.CatchUp = false })
		a.sweep()
	}
	a.settleStatus(err)

	after := a.requests()
	r := Report{
		Counts: a.Status().Counts,
		Requests: Requests{
			IMAP:      after.IMAP - before.IMAP,
			CRM:       after.CRM - before.CRM,
			CRMWrites: after.CRMWrites - before.CRMWrites,
			DAV:       after.DAV - before.DAV,
			DAVWrites: after.DAVWrites - before.DAVWrites,
		},
		Items:    a.Status().Items,
		Took:     a.Now().Sub(began),
		Problems: a.health.All(),
	}
	a.Log.Info("synced", "seen", r.Counts.Seen, "tracked", r.Counts.Tracked, "waiting", r.Counts.Waiting, "failed", r.Counts.Failed,
		"imap", r.Requests.IMAP, "crm", r.Requests.CRM, "took", r.Took, "problems", len(r.Problems))
	return r, err
}

// sweep removes, once a run, bodies whose message is gone.
func (a *Agent) sweep() {
	if a.swept {
		return
	}
	a.swept = true
	if n, err := a.Store.Sweep(); err != nil {
		a.Log.Warn("bodies without a message could not be removed", "err", err)
	} else if n > 0 {
		a.Log.Info("removed bodies without a message", "count", n)
	}
}

// decideAndPush decides and carries over. Where the mailbox was cut off half
// way, nothing is decided: newest messages come first, and an answer decided
// before what it answers would not know what it is about.
func (a *Agent) decideAndPush(ctx context.Context, mailErr error) error {
	if offline.ClassOf(mailErr).Transient() || a.mailDown {
		return a.push(ctx)
	}
	if err := a.file(ctx); err != nil {
		return err
	}
	if err := a.decide(ctx); err != nil {
		return err
	}
	return a.push(ctx)
}

// backfillAll goes through the tracked folders to the end, carrying over what it
// tracks part by part.
func (a *Agent) backfillAll(ctx context.Context) error {
	for {
		more, err := a.backfill(ctx)
		if err != nil || !more {
			return err
		}
		if err := a.push(ctx); err != nil {
			return err
		}
	}
}

func (a *Agent) requests() (r Requests) {
	r.IMAP = a.Mailbox.Requests()
	if a.Reader != nil {
		r.IMAP += a.Reader.Requests()
	}
	r.CRM, r.CRMWrites = a.CRM.Requests()
	for _, acct := range a.Accounts {
		all, writes := acct.Directory.Requests()
		r.DAV, r.DAVWrites = r.DAV+all, r.DAVWrites+writes
	}
	return r
}

// mailboxKinds and crmKinds are the problems that a good answer clears.
var (
	mailboxKinds = []health.Kind{health.MailboxUnreachable, health.MailboxSignIn, health.MailboxTLS, health.MailboxAnswer}
	crmKinds     = []health.Kind{health.CRMUnreachable, health.CRMSignIn, health.CRMTLS, health.CRMDenied, health.CRMThrottled, health.CRMAnswer, health.CRMOther}
	storeKinds   = []health.Kind{health.StoreFull, health.StoreFailed}
)

// guard turns the end of a step into problems, set or cleared, and passes the
// error on.
func (a *Agent) guard(ctx context.Context, err error, mailbox bool) error {
	subject, kinds, at := "crm", crmKinds, settingCRMAt
	if mailbox {
		subject, kinds, at = "mailbox", mailboxKinds, settingMailAt
	}
	if ctx.Err() == nil {
		down := &a.crmDown
		if mailbox {
			down = &a.mailDown
		}
		*down = unreachable(err)
		if mailbox && !*down {
			a.tellGood()
		}
	}
	switch {
	case err == nil:
		a.health.ClearSubject(subject, kinds...)
		now := a.Now().UTC()
		a.set(func(s *Status) {
			if mailbox {
				s.MailAt = now
			} else {
				s.CRMAt = now
			}
		})
		if err := a.Store.Update(func(tx *offline.Tx) error { return tx.PutSetting(at, now) }); err != nil {
			return a.storeFailed(subject, err)
		}
		a.storeGood(subject)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errOtherOrganization):
		a.health.Set(health.CRMOther, subject, err.Error())
	case errors.Is(err, offline.ErrFull), offline.ClassOf(err) == "":
		return a.storeFailed(subject, err)
	default:
		k := health.Of(offline.ClassOf(err), mailbox)
		for _, other := range kinds {
			if other.Code != k.Code {
				a.health.Clear(other, subject)
			}
		}
		a.health.Set(k, subject, err.Error())
	}
	a.Log.Warn("a step of the sync failed", "of", subject, "err", err)
	return err
}

// storeFailed says that the store failed a step.
func (a *Agent) storeFailed(step string, err error) error {
	a.storeDown = step
	k := health.StoreFailed
	if errors.Is(err, offline.ErrFull) {
		k = health.StoreFull
	}
	a.health.Set(k, "store", err.Error())
	a.Log.Warn("the store failed a step of the sync", "of", step, "err", err)
	return err
}

// storeGood says that a step ended well. One that had little to write says
// nothing of the disk on which another one failed.
func (a *Agent) storeGood(step string) {
	if a.storeDown == "" || a.storeDown == step {
		a.storeDown = ""
		a.health.ClearSubject("store", storeKinds...)
	}
}

// settleStatus puts the status in order after a step.
func (a *Agent) settleStatus(err error) {
	a.recount()
	a.set(func(s *Status) {
		s.Phase, s.Doing, s.Done, s.Total = Idle, "", 0, 0
		if offline.ClassOf(err).Transient() || a.mailDown || a.crmDown {
			s.Phase = Offline
		}
	})
}

// folderTrouble is what single folders answered while the mailbox as a whole
// answers well.
type folderTrouble struct{ error }

func (f folderTrouble) Unwrap() error { return f.error }

// unreachable reports whether an error says that a server can't be reached for
// the moment, or that something else answers in its place, as a captive portal
// does.
func unreachable(err error) bool {
	var own folderTrouble
	if errors.As(err, &own) {
		return false
	}
	c := offline.ClassOf(err)
	return c.Transient() || c == offline.FaultTLS || c == offline.FaultProtocol
}
