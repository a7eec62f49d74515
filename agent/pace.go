package agent

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"postrider/offline"
)

// pulse is how often Run looks at the clock and the network at least; slack is
// how much later than meant it may look before the computer must have slept.
const (
	pulse = 15 * time.Second
	slack = 20 * time.Second
	// switchEvery bounds how often connections are made anew because the network
	// changed: some networks never come to rest.
	switchEvery = 30 * time.Second
)

// task is what Run does next.
type task int

const (
	doNothing task = iota
	doCarry        // the queue
	doLook         // at the inbox, in which something changed
	doPoll         // at all folders, in one request
	doFill         // a part of a backfill
	doFull         // a whole sync
)

// pace says when to do what. While a server can't be reached only a whole sync
// probes it, at growing distances, spread so that many Postriders don't come
// back at one instant: whoever listens waits until that has got through. Owned
// by the goroutine that runs.
type pace struct {
	a                  *Agent
	retry              *backoff.ExponentialBackOff
	nextFull, nextPoll time.Time
	failing            bool
	network            string
	switched           time.Time
}

func newPace(a *Agent) *pace {
	p := &pace{a: a, retry: newBackoff()}
	if a.Network != nil {
		p.network = a.Network()
	}
	return p
}

// wall is the time of day: unlike the timers it goes on while the computer
// sleeps.
func (p *pace) wall() time.Time { return p.a.Now().Round(0) }

// settle notes how a task ended.
func (p *pace) settle(did task, err error) {
	now := p.wall()
	if did == doPoll || did == doFull {
		p.nextPoll = now.Add(p.a.Poll)
	}
	var f *offline.Fault
	switch {
	case p.a.mailDown || p.a.crmDown:
		if did != doFull && p.failing {
			return
		}
		wait := min(p.retry.NextBackOff(), p.a.Every)
		if errors.As(err, &f) {
			wait = max(wait, f.RetryAfter)
		}
		p.failing, p.nextFull = true, now.Add(wait)
		p.a.set(func(s *Status) { s.NextTry = p.nextFull })
	case did == doFull:
		p.retry.Reset()
		p.failing, p.nextFull = false, now.Add(p.a.Every)
		p.a.set(func(s *Status) { s.NextTry = time.Time{} })
	}
}

// rest waits for the next reason to work and tells what to do.
func (p *pace) rest(ctx context.Context) task {
	for {
		began := p.wall()
		wait := pulse
		polls := p.a.Poller != nil && !p.a.mailDown
		switch {
		case !began.Before(p.nextFull):
			return doFull
		case polls && !began.Before(p.nextPoll):
			return doPoll
		}
		if wait = min(wait, p.nextFull.Sub(began)); polls {
			wait = min(wait, p.nextPoll.Sub(began))
		}
		var queue <-chan time.Time
		if !p.failing {
			if p.a.backfills() {
				return p.turn(ctx)
			}
			queue = p.a.queueTimer()
		}
		select {
		case <-ctx.Done():
			return doNothing
		case <-p.a.wakeSync:
			return doFull
		case <-p.a.wakeMail:
			return doLook
		case <-p.a.wakePush:
			return doCarry
		case <-queue:
			return doCarry
		case <-p.a.After(wait):
		}
		if p.awoke(began, wait) || p.moved() {
			// What was connected is most likely dead, and would be waited for.
			p.a.Log.Info("the computer slept or the network changed; trying the connections")
			p.retry.Reset()
			p.a.reconnect()
			return doFull
		}
	}
}

// turn lets whoever waits go before the next part of a backfill.
func (p *pace) turn(ctx context.Context) task {
	select {
	case <-ctx.Done():
		return doNothing
	case <-p.a.wakeSync:
		return doFull
	case <-p.a.wakeMail:
		return doLook
	case <-p.a.wakePush:
		return doCarry
	default:
		return doFill
	}
}

// awoke reports whether much more or less time went by than was waited for: the
// computer slept, or its clock was set.
func (p *pace) awoke(began time.Time, wait time.Duration) bool {
	late := p.wall().Sub(began) - wait
	return late > slack || late < -slack
}

// moved reports whether the computer is in another network than before.
func (p *pace) moved() bool {
	if p.a.Network == nil {
		return false
	}
	now := p.wall()
	net := p.a.Network()
	if net == p.network || now.Sub(p.switched) < switchEvery && !now.Before(p.switched) {
		return false
	}
	p.network, p.switched = net, now
	return true
}

// Waker is the part of a mailbox that can be told that its connections may be
// dead.
type Waker interface {
	// Wake makes every connection prove itself soon, or give way to a new one.
	Wake()
}

// reconnect has all connections to the mailbox tried, and made anew where they
// are dead.
func (a *Agent) reconnect() {
	a.mu.Lock()
	rouse := a.rouse
	a.mu.Unlock()
	if rouse != nil {
		rouse()
	}
	for _, m := range []Mailbox{a.Mailbox, a.Reader} {
		if w, ok := m.(Waker); ok {
			w.Wake()
		}
	}
}
