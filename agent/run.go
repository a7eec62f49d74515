package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"postrider/offline"
)

// Run syncs until ctx ends: at once, and then whenever the mailbox, the queue,
// the timer or the user asks for it. What asks for little is done alone: new
// mail costs a look at its folder and what the CRM has to be asked about it,
// not a whole sync.
func (a *Agent) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	good := a.nextGood()
	wg.Add(3)
	go func() { defer wg.Done(); a.listen(ctx, good) }()
	go func() { defer wg.Done(); a.runOutbox(ctx) }()
	go func() { defer wg.Done(); a.keepBook(ctx) }()

	a.set(func(s *Status) { s.CatchUp = true })
	p := newPace(a)
	for do := doFull; ; do = p.rest(ctx) {
		if a.waitWhilePaused(ctx) != nil {
			return nil
		}
		err := a.step(ctx, do)
		if ctx.Err() != nil {
			return nil
		}
		p.settle(do, err)
	}
}

// queueTimer fires when the next waiting change becomes due.
func (a *Agent) queueTimer() <-chan time.Time {
	var due time.Time
	var ok bool
	now := a.Now()
	if err := a.Store.View(func(tx *offline.Tx) error {
		due, ok = tx.NextDue(now)
		if at, filing := filingDue(tx); filing && (!ok || at.Before(due)) {
			due, ok = at, true
		}
		return nil
	}); err != nil || !ok {
		return nil
	}
	// A little later than due: timers may fire early by the clock's grain.
	return a.After(max(due.Sub(now), 0) + 50*time.Millisecond)
}

func (a *Agent) waitWhilePaused(ctx context.Context) error {
	a.mu.Lock()
	paused, resume := a.paused, a.resume
	a.mu.Unlock()
	if !paused {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-resume:
		return ctx.Err()
	}
}

// step does one task, so that SetPaused can cut it.
func (a *Agent) step(ctx context.Context, do task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.mu.Lock()
	if a.paused {
		a.mu.Unlock()
		return nil
	}
	a.cancel = cancel
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.cancel = nil
		a.mu.Unlock()
	}()
	if do == doFull {
		waiting := a.takeWaiters()
		r, err := a.SyncOnce(ctx)
		for _, w := range waiting {
			w <- synced{r, err}
		}
		return err
	}
	if do == doNothing {
		return nil
	}
	a.set(func(s *Status) { s.Phase = Syncing })
	var err error
	switch do {
	case doCarry:
		err = a.carry(ctx)
	case doLook, doPoll:
		err = a.look(ctx, do == doLook)
	case doFill:
		err = a.guardAsked(ctx, func() error {
			if _, err := a.backfill(ctx); err != nil {
				return err
			}
			return a.push(ctx)
		})
	}
	a.settleStatus(err)
	return err
}

// carry brings the queue to the CRM, and what was sent into its folder.
func (a *Agent) carry(ctx context.Context) error {
	err := a.guardAsked(ctx, func() error { return a.push(ctx) })
	if a.mailDown {
		return err
	}
	if ferr := a.fileAll(ctx); ferr != nil {
		return errors.Join(err, a.guard(ctx, ferr, true))
	}
	if kerr := a.pushKeywords(ctx); kerr != nil {
		return errors.Join(err, a.guard(ctx, kerr, true))
	}
	return err
}

// look brings new mail in and decides it: that of the inbox, or with inbox false
// of all folders that are not as they were. The CRM is not asked what changed
// there, and not at all while it can't be reached.
func (a *Agent) look(ctx context.Context, inbox bool) error {
	some, err := a.pullSome(ctx, inbox)
	err = a.guard(ctx, err, true)
	if !some && err == nil {
		return nil
	}
	if !a.crmDown && ctx.Err() == nil {
		a.asked = map[string]bool{}
		err = errors.Join(a.guardAsked(ctx, func() error { return a.decideAndPush(ctx, err) }), err)
	}
	if !a.mailDown && ctx.Err() == nil {
		if kerr := a.pushKeywords(ctx); kerr != nil {
			err = errors.Join(err, a.guard(ctx, kerr, true))
		}
	}
	return err
}

// guardAsked guards a step that may have nothing to ask of the CRM: then its
// good end says nothing of the CRM.
func (a *Agent) guardAsked(ctx context.Context, do func() error) error {
	before := a.requests().CRM
	err := do()
	if err == nil && a.requests().CRM == before {
		return nil
	}
	return a.guard(ctx, err, false)
}

// nextGood is closed when the mailbox has answered well the next time.
func (a *Agent) nextGood() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.good == nil {
		a.good = make(chan struct{})
	}
	return a.good
}

func (a *Agent) tellGood() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.good != nil {
		close(a.good)
		a.good = nil
	}
}

// listen turns the mailbox's pushes into looks at the inbox. It connects only
// after the mailbox has answered the goroutine that syncs: while that can't
// reach it, nobody else tries.
func (a *Agent) listen(ctx context.Context, good <-chan struct{}) {
	retry := newBackoff()
	for {
		select {
		case <-ctx.Done():
			return
		case <-good:
		}
		if a.waitWhilePaused(ctx) != nil {
			return
		}
		good = a.nextGood()
		inbox, ok := a.inbox()
		if !ok {
			continue // the folders are not listed yet
		}
		idle, cancel := context.WithCancel(ctx)
		a.mu.Lock()
		a.rouse = cancel
		a.mu.Unlock()
		err := a.Mailbox.Idle(idle, inbox)
		roused := idle.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return
		}
		good = a.nextGood()
		trigger(a.wakeMail)
		wait := 200 * time.Millisecond // messages come in bursts
		if err == nil || roused {
			retry.Reset()
		} else {
			a.Log.Debug("listening to the mailbox ended", "err", err)
			wait = retry.NextBackOff()
		}
		select {
		case <-ctx.Done():
			return
		case <-a.After(wait):
		}
	}
}

func (a *Agent) inbox() (f offline.Folder, ok bool) {
	err := a.Store.View(func(tx *offline.Tx) error {
		fs, err := tx.Folders()
		for _, x := range fs {
			if x.Role == offline.RoleInbox && x.Read && !x.Missing {
				f, ok = x, true
			}
		}
		return err
	})
	return f, ok && err == nil
}
