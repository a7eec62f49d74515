package dataverse

import (
	"context"
	"sync"
	"time"
)

// gate lets at most limit requests be under way. A throttled request halves the
// limit (learn.microsoft.com, "Service protection API limits"); every tenth
// good answer in a row gives one back.
type gate struct {
	mu      sync.Mutex
	max     int
	limit   int
	busy    int
	good    int
	resume  time.Time // nobody starts before; set by Retry-After
	waiting []chan struct{}
}

func newGate(n int) *gate { return &gate{max: n, limit: n} }

// enter waits for a place.
func (g *gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.busy < g.limit {
		g.busy++
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		for i, w := range g.waiting {
			if w == turn {
				g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
				return ctx.Err()
			}
		}
		// The place was given to us in the same instant: hand it on.
		g.busy--
		g.wake()
		return ctx.Err()
	}
}

// leave gives the place back.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	g.wake()
}

func (g *gate) wake() {
	for g.busy < g.limit && len(g.waiting) > 0 {
		g.busy++
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
	}
}

// throttled notes that the server asked for a pause until resume.
func (g *gate) throttled(resume time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit, g.good = max(1, g.limit/2), 0
	if resume.After(g.resume) {
		g.resume = resume
	}
}

// answered notes a good answer.
func (g *gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit == g.max {
		return
	}
	if g.good++; g.good >= 10 {
		g.good = 0
		g.limit++
		g.wake()
	}
}

// pause is how long to wait before the next request.
func (g *gate) pause(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.resume.Sub(now)
}
