package localorg

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits are the service protection limits, per user. Zero means the service's
// own value; negative means none.
type Limits struct {
	Requests   int           // within Window; 6,000
	Window     time.Duration // 5 minutes
	Execution  time.Duration // summed over the requests within Window; 20 minutes
	Concurrent int           // 52
}

func (l Limits) orDefault() Limits {
	if l.Requests == 0 {
		l.Requests = 6000
	}
	if l.Window == 0 {
		l.Window = 300 * time.Second
	}
	if l.Execution == 0 {
		l.Execution = 20 * time.Minute
	}
	if l.Concurrent == 0 {
		l.Concurrent = 52
	}
	return l
}

// gate counts requests per user and refuses those over a limit. A $batch counts
// as one request.
type gate struct {
	limits Limits
	mu     sync.Mutex
	users  map[string]*usage
}

type usage struct {
	past    []spent // within the window, oldest first
	running int
	refused int // since the last request that was let in
}

type spent struct {
	at   time.Time
	took time.Duration
}

// enter lets a request in, or refuses it with the time to wait. leave must be
// called when it is done.
func (g *gate) enter(user string, now time.Time) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users == nil {
		g.users = map[string]*usage{}
	}
	u := g.users[user]
	if u == nil {
		u = &usage{}
		g.users[user] = u
	}
	for len(u.past) > 0 && now.Sub(u.past[0].at) >= g.limits.Window {
		u.past = u.past[1:]
	}
	if err := g.check(u, now); err != nil {
		u.refused++
		return nil, err
	}
	u.refused = 0
	u.running++
	u.past = append(u.past, spent{at: now})
	started := time.Now()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		u.running--
		took := time.Since(started)
		for i := len(u.past) - 1; i >= 0; i-- {
			if u.past[i].at.Equal(now) && u.past[i].took == 0 {
				u.past[i].took = took
				break
			}
		}
	}, nil
}

// check returns why one more request is too many. Who keeps pushing waits
// longer.
func (g *gate) check(u *usage, now time.Time) error {
	if g.limits.Concurrent > 0 && u.running >= g.limits.Concurrent {
		return throttled(codeThrottledParallel, time.Duration(1+u.refused/10)*time.Second, "Number of concurrent requests exceeded the limit of %d.", g.limits.Concurrent)
	}
	if len(u.past) == 0 {
		return nil
	}
	wait := g.limits.Window - now.Sub(u.past[0].at) + time.Duration(u.refused)*time.Second
	seconds := int(g.limits.Window.Seconds())
	if g.limits.Requests > 0 && len(u.past) >= g.limits.Requests {
		return throttled(codeThrottledRequests, wait, "Number of requests exceeded the limit of %d over time window of %d seconds.", g.limits.Requests, seconds)
	}
	if g.limits.Execution > 0 {
		var sum time.Duration
		for _, s := range u.past {
			sum += s.took
		}
		if sum >= g.limits.Execution {
			return throttled(codeThrottledTime, wait, "Combined execution time of incoming requests exceeded limit of %d milliseconds over time window of %d seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.", g.limits.Execution.Milliseconds(), seconds)
		}
	}
	return nil
}

func throttled(code string, wait time.Duration, format string, args ...any) *refusal {
	r := refuse(http.StatusTooManyRequests, code, format, args...)
	r.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(max(wait, 0).Seconds())))}}
	return r
}
