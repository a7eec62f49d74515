package dataverse

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"postrider/offline"
)

const (
	attempts = 4                // of one request
	longWait = 30 * time.Second // a longer pause is the caller's to decide
	maxReply = 256 << 20        // bytes of one answer part
)

// request is one HTTP request, built anew for each attempt.
type request struct {
	op     string // for errors and the log: "pull"
	method string
	path   string // relative to the API's root; may have a query
	header [][2]string
	body   func(root string) *payload // nil: none
	ctype  string
	writes bool
	single bool                                  // not again by itself once it may have been carried out
	take   func(*http.Response, io.Reader) error // reads a successful answer
}

// carry sends r until it is answered, at most attempts times: again after
// trouble with the connection, a 5xx or a 429 with a short pause. That is right
// for reads, and for our writes because each of them recognises its own repeat.
func (c *Client) carry(ctx context.Context, r request) error {
	var refused string
	for n := 1; ; n++ {
		f := c.once(ctx, r, &refused)
		if f == nil {
			return nil
		}
		if r.single && f.Class != offline.FaultThrottled {
			return f
		}
		wait, again := c.again(ctx, f, n)
		if !again {
			return f
		}
		if err := c.cfg.Sleep(ctx, wait); err != nil {
			return f
		}
	}
}

// again decides about another attempt.
func (c *Client) again(ctx context.Context, f *offline.Fault, n int) (time.Duration, bool) {
	if ctx.Err() != nil || n >= attempts {
		return 0, false
	}
	switch f.Class {
	case offline.FaultThrottled:
		wait := f.RetryAfter
		if wait == 0 {
			wait = backoff(n)
		}
		c.gate.throttled(c.cfg.Now().Add(wait))
		return wait, wait <= longWait
	case offline.FaultServer:
		return max(backoff(n), f.RetryAfter), f.RetryAfter <= longWait
	case offline.FaultNetwork:
		return backoff(n), n < 3
	}
	return 0, false
}

// backoff is 0.5, 1, 2 s and so on, each up to half longer by chance.
func backoff(n int) time.Duration {
	d := 250 * time.Millisecond << n
	return d + rand.N(d/2)
}

// once makes one attempt, and after a 401 or an unknown API version the one
// that follows from it. refused is the token last answered by 401.
func (c *Client) once(ctx context.Context, r request, refused *string) *offline.Fault {
	for {
		token := ""
		if c.cfg.Token != nil {
			var err error
			if token, err = c.cfg.Token(ctx, *refused); err != nil {
				return tokenFault(ctx, r.op, err)
			}
		}
		version := c.Version()
		f, status := c.exchange(ctx, r, token)
		switch {
		case f == nil:
			c.settle()
			return nil
		case status == http.StatusUnauthorized && *refused == "" && c.cfg.Token != nil:
			*refused = token
			continue
		case status == http.StatusNotFound || status == http.StatusNotImplemented:
			if c.older(version) {
				continue
			}
		}
		return f
	}
}

// settle notes that the server answered to the API version in use.
func (c *Client) settle() { c.under(func() { c.settled = true }) }

// older goes from version to the next older one, unless the server has shown
// that it knows the version in use.
func (c *Client) older(version string) (changed bool) {
	c.under(func() {
		if c.settled {
			return
		}
		if c.version != version { // another request has moved on already
			changed = true
			return
		}
		for i, v := range versions[:len(versions)-1] {
			if v == version {
				c.version, changed = versions[i+1], true
				return
			}
		}
		c.version = versions[0] // none was known: it is something else
	})
	return changed
}

// exchange sends one request and reads its answer, under the watch of the time
// limits. status is 0 where there was no answer.
func (c *Client) exchange(ctx context.Context, r request, token string) (f *offline.Fault, status int) {
	if err := c.gate.enter(ctx); err != nil {
		return carryFault(r.op, err), 0
	}
	defer c.gate.leave()
	if d := c.gate.pause(c.cfg.Now()); d > 0 {
		if d > longWait {
			return &offline.Fault{Class: offline.FaultThrottled, Op: r.op, Text: "the server asked for a pause", RetryAfter: d}, 0
		}
		if err := c.cfg.Sleep(ctx, d); err != nil {
			return carryFault(r.op, err), 0
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := watch(c.cfg.Stall, cancel)
	defer w.stop()

	req, err := c.build(ctx, r, token, w)
	if err != nil {
		return carryFault(r.op, err), 0
	}
	c.requests.Add(1)
	if r.writes {
		c.writes.Add(1)
	}
	start := c.cfg.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return carryFault(r.op, causeOf(ctx, err)), 0
	}
	w.answered(c.cfg.Stall)
	defer func() { _ = resp.Body.Close() }()
	f = c.answer(r, resp, &watched{r: resp.Body, w: w, stall: c.cfg.Stall})
	if f != nil && ctx.Err() != nil {
		f.Err = causeOf(ctx, f.Err)
	}
	c.log.Debug("crm request", "op", r.op, "method", r.method, "status", resp.StatusCode, "took", c.cfg.Now().Sub(start))
	return f, resp.StatusCode
}

// causeOf prefers the reason why ctx was cancelled over what came of it.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (c *Client) build(ctx context.Context, r request, token string, w *watchdog) (*http.Request, error) {
	root := c.root()
	var body io.Reader
	var p *payload
	if r.body != nil {
		p = r.body(root)
		body = &watchedBody{watched{r: p.reader(), w: w, stall: c.cfg.Stall, done: c.cfg.Patience}}
	} else {
		w.sent(c.cfg.Patience)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.origin+root+r.path, body)
	if err != nil {
		return nil, err
	}
	h := req.Header
	if p != nil {
		req.ContentLength = p.size
		req.GetBody = func() (io.ReadCloser, error) {
			return &watchedBody{watched{r: p.reader(), w: w, stall: c.cfg.Stall, done: c.cfg.Patience}}, nil
		}
		h.Set("Content-Type", r.ctype)
	}
	h.Set("Accept", "application/json")
	h.Set("OData-MaxVersion", "4.0")
	h.Set("OData-Version", "4.0")
	if r.method == http.MethodGet {
		h.Set("If-None-Match", "null") // past caches, as the vendor's pages have it
	}
	for _, kv := range r.header {
		h.Set(kv[0], kv[1])
	}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// answer hands a success to r.take and classifies the rest. A batch without
// continue-on-error may come back under the status of its failed part.
func (c *Client) answer(r request, resp *http.Response, body io.Reader) *offline.Fault {
	multipart := strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "multipart/mixed")
	if resp.StatusCode/100 == 2 || multipart {
		if err := r.take(resp, body); err != nil {
			return carryFault(r.op, err)
		}
		c.gate.answered()
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err != nil {
		return carryFault(r.op, err)
	}
	if resp.StatusCode/100 == 3 {
		return &offline.Fault{Class: offline.FaultProtocol, Op: r.op, Text: "the server sends us to another page instead of answering; check the organization's URL"}
	}
	return answerFault(r.op, resp.StatusCode, textproto.MIMEHeader(resp.Header), text, c.cfg.Now())
}

// errStalled is the cause when a transfer stood still.
var errStalled = errors.New("the connection stood still")

// watchdog cancels a transfer when nothing moves. A whole-call time limit would
// cut slow lines off in the middle of a large attachment.
type watchdog struct {
	mu     sync.Mutex
	timer  *time.Timer
	answer bool // it has begun
}

func watch(d time.Duration, cancel context.CancelCauseFunc) *watchdog {
	return &watchdog{timer: time.AfterFunc(d, func() { cancel(errStalled) })}
}

// moved gives another d.
func (w *watchdog) moved(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Reset(d)
	}
}

// sent gives d until the answer begins. The last read of a request's body can
// come after that, and then means nothing.
func (w *watchdog) sent(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.answer {
		w.timer.Reset(d)
	}
}

// answered notes that the answer begins.
func (w *watchdog) answered(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer = true; w.timer != nil {
		w.timer.Reset(d)
	}
}

func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.timer = nil
}

// watched tells w about every byte read. At the end it allows done instead of
// stall, if that is set: the other side now has to think.
type watched struct {
	r     io.Reader
	w     *watchdog
	stall time.Duration
	done  time.Duration
}

func (r *watched) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err == io.EOF && r.done > 0 {
		r.w.sent(r.done)
	} else {
		r.w.moved(r.stall)
	}
	return n, err
}

// watchedBody is the body of a request, whose transport closes it.
type watchedBody struct{ watched }

func (b *watchedBody) Close() error { return b.r.(io.Closer).Close() }
