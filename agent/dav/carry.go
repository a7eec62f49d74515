package dav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"postrider/offline"
)

const (
	attempts = 4                // of one request
	longWait = 30 * time.Second // a longer pause is the caller's to decide
	maxHops  = 6                // redirects of one request
)

// request is one request, sent anew for each attempt.
type request struct {
	op     string // for errors and the log: "list a collection"
	method string
	url    *url.URL
	header map[string]string
	body   []byte
	ctype  string
	writes bool
	open   bool // without credentials, and any host may answer: discovery
	// take reads a successful answer. at is the address that answered, after
	// redirects.
	take func(at *url.URL, resp *http.Response, body io.Reader) error
}

// carry sends r until it is answered, at most attempts times. A write is sent
// again only where the server has said that it did not do it: what became of one
// without an answer is for the caller to look up.
func (c *Client) carry(ctx context.Context, r request) error {
	for n := 1; ; n++ {
		f := c.signed(ctx, r)
		if f == nil {
			return nil
		}
		wait, again := c.again(ctx, r, f, n)
		if !again {
			return f
		}
		if err := c.cfg.Sleep(ctx, wait); err != nil {
			return f
		}
	}
}

// again decides about another attempt.
func (c *Client) again(ctx context.Context, r request, f *offline.Fault, n int) (time.Duration, bool) {
	if ctx.Err() != nil || n >= attempts {
		return 0, false
	}
	switch {
	case f.RetryAfter > 0:
		return f.RetryAfter, f.RetryAfter <= longWait
	case f.Class == offline.FaultThrottled:
		return backoff(n), true
	case r.writes:
		return 0, false
	case f.Class == offline.FaultNetwork && !errors.Is(f, errStalled):
		return backoff(n), n < 3
	case f.Class == offline.FaultServer && (f.Code == "502" || f.Code == "503" || f.Code == "504"):
		return backoff(n), n < 3
	}
	return 0, false
}

// backoff is 0.5, 1, 2 s and so on, each up to half longer by chance.
func backoff(n int) time.Duration {
	d := 250 * time.Millisecond << n
	return d + rand.N(d/2)
}

// signed sends r with what the server wants for signing in, learning that on the
// way: the first request goes without, unless the server has asked before.
func (c *Client) signed(ctx context.Context, r request) *offline.Fault {
	var tried auth
	var refused *offline.Fault
	fresh := false
	for n := 0; ; n++ {
		a, err := c.credentials(ctx, r, tried)
		if err != nil {
			return secretFault(ctx, r.op, err)
		}
		if a.fresh && tried.how != nil && a.secret == tried.secret {
			c.forget()
			return refused // to send it once more could only lock the account
		}
		f, resp := c.redirected(ctx, r, a)
		if f == nil || resp == nil || resp.StatusCode != http.StatusUnauthorized || r.open || n > 3 {
			return f
		}
		if !c.trusts(resp.Request.URL) {
			return elsewhere(r.op, resp.Request.URL)
		}
		fresh = fresh || a.fresh
		if !c.learn(resp, a, n, fresh) {
			return f
		}
		tried, refused = a, f
	}
}

// redirected sends r, and goes where the server sends it, with the same method
// and body. resp is the last answer, with its body read.
func (c *Client) redirected(ctx context.Context, r request, a auth) (f *offline.Fault, resp *http.Response) {
	for n := 0; ; n++ {
		var to *url.URL
		if f, resp, to = c.exchange(ctx, r, a); to == nil {
			return f, resp
		}
		if n == maxHops {
			return protocol(r.op, "the server sends us round in a circle"), nil
		}
		if to.Scheme == "http" && (r.url.Scheme == "https" || !loopback(to.Hostname())) {
			return &offline.Fault{Class: offline.FaultTLS, Op: r.op, Text: "the server sends us from an encrypted connection to clear text (" + printable(origin(to)) + "), and nothing is sent there"}, nil
		}
		r.url = to
	}
}

// exchange sends one request and reads its answer, under the watch of the time
// limits. to is where the server sends us on.
func (c *Client) exchange(ctx context.Context, r request, a auth) (f *offline.Fault, resp *http.Response, to *url.URL) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := watch(c.cfg.Patience, cancel)
	defer w.stop()
	req, err := c.build(ctx, r, a, w)
	if err != nil {
		return carryFault(ctx, r.op, err), nil, nil
	}
	c.requests.Add(1)
	if r.writes {
		c.writes.Add(1)
	}
	start := c.cfg.Now()
	resp, err = c.http.Do(req)
	if err != nil {
		return carryFault(ctx, r.op, err), nil, nil
	}
	defer func() {
		// What is left of a short answer is read, so that the connection serves again;
		// for one that does not end, nobody waits.
		w.moved(min(c.cfg.Stall, time.Second))
		_, _ = io.CopyN(io.Discard, resp.Body, 16<<10)
		_ = resp.Body.Close()
	}()
	w.moved(c.cfg.Stall)
	body := &watched{r: resp.Body, w: w, d: c.cfg.Stall}
	c.cfg.Log.Debug("dav request", "op", r.op, "method", r.method, "status", resp.StatusCode, "took", c.cfg.Now().Sub(start))
	switch {
	case resp.StatusCode/100 == 2:
		if r.take == nil {
			return nil, resp, nil
		}
		if err := r.take(r.url, resp, body); err != nil {
			if errors.Is(err, errNotDAV) {
				return &offline.Fault{Class: offline.FaultProtocol, Op: r.op, Err: err}, resp, nil
			}
			return carryFault(ctx, r.op, err), resp, nil
		}
		return nil, resp, nil
	case moved(resp.StatusCode, r.writes):
		if to, ok := location(r.url, resp.Header.Get("Location")); ok {
			return nil, resp, to
		}
		return protocol(r.op, "the server sends us on without saying where"), resp, nil
	}
	text, err := io.ReadAll(io.LimitReader(body, maxRefusal))
	if err != nil {
		return carryFault(ctx, r.op, err), nil, nil
	}
	return refusal(r.op, resp, text, c.cfg.Now()), resp, nil
}

// moved reports whether a status sends us on. "See other" means another page to
// look at, never the place to write to.
func moved(status int, writes bool) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	case http.StatusSeeOther:
		return !writes
	}
	return false
}

func (c *Client) build(ctx context.Context, r request, a auth, w *watchdog) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = &watched{r: bytes.NewReader(r.body), w: w, d: c.cfg.Patience}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), body)
	if err != nil {
		return nil, err
	}
	h := req.Header
	if r.body != nil {
		req.ContentLength = int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(&watched{r: bytes.NewReader(r.body), w: w, d: c.cfg.Patience}), nil
		}
		h.Set("Content-Type", r.ctype)
	}
	if !r.writes {
		// Reading twice does no harm: net/http may repeat it on a connection that the
		// server has just closed. The key itself is not sent.
		h["Idempotency-Key"] = nil
	}
	h.Set("User-Agent", "Postrider")
	for k, v := range r.header {
		h.Set(k, v)
	}
	if !r.open && c.trusts(r.url) {
		if v := a.header(r.method, r.url.RequestURI()); v != "" {
			h.Set("Authorization", v)
		}
	}
	return req, nil
}
