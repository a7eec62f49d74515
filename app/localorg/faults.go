package localorg

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// FaultKind is a way to fail.
type FaultKind int

// The ways to fail.
const (
	Slow        FaultKind = iota // only the latency; the request is carried out
	DropBefore                   // the connection breaks, nothing is done
	DropAfter                    // the request is carried out, then the connection breaks
	Throttle                     // 429 with Retry-After
	ServerError                  // Status, or 500; nothing is done
	ExpireToken                  // 401, as with a token that has expired
)

// Fault is what happens to a request, after Latency.
type Fault struct {
	Kind       FaultKind
	Latency    time.Duration
	RetryAfter time.Duration
	Status     int
}

// Faults is told which requests shall fail and how. Rules are asked in the
// order they were added; the first that applies to a request decides.
type Faults struct {
	mu    sync.Mutex
	rules []*rule
	done  int
}

type rule struct {
	fault Fault
	match func(*http.Request) bool
	left  int // -1: no end
	odds  float64
	rand  *rand.Rand
}

func newFaults() *Faults { return &Faults{} }

func (f *Faults) add(r *rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, r)
}

// Next makes the next n requests fail.
func (f *Faults) Next(n int, fault Fault) { f.NextWhen(n, nil, fault) }

// NextWhen makes the next n requests fail that match accepts (nil: any). n of
// -1 is without end. match must not read the body.
func (f *Faults) NextWhen(n int, match func(*http.Request) bool, fault Fault) {
	f.add(&rule{fault: fault, match: match, left: n, odds: 1})
}

// Chance makes each request fail with probability p, by a generator started
// from seed, so that a run can be repeated.
func (f *Faults) Chance(p float64, seed uint64, match func(*http.Request) bool, fault Fault) {
	f.add(&rule{fault: fault, match: match, left: -1, odds: p, rand: rand.New(rand.NewPCG(seed, seed))})
}

// Clear forgets all rules.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Done counts the requests that were made to fail.
func (f *Faults) Done() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// pick returns what shall happen to a request.
func (f *Faults) pick(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, rule := range f.rules {
		if rule.match != nil && !rule.match(r) || rule.rand != nil && rule.rand.Float64() >= rule.odds {
			continue
		}
		if rule.left > 0 {
			if rule.left--; rule.left == 0 {
				f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
			}
		} else if rule.left == 0 {
			continue
		}
		f.done++
		return rule.fault, true
	}
	return Fault{}, false
}

// Writes accepts requests that may change something; $batch counts as one.
func Writes(r *http.Request) bool { return isWrite(r.Method) }

// wait waits for d; false if the request or the organization ended before.
func (o *Org) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-o.closed:
	}
	return false
}
