package dataverse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"postrider/offline"
)

// TokenFunc returns an access token for the organization. refused is empty, or
// the token that the server has just answered 401 to: then another one is
// wanted. Failures that the user must act on are an *offline.Fault of class
// auth; any other error is taken for one.
type TokenFunc func(ctx context.Context, refused string) (string, error)

// Config says which organization to speak to and with what.
type Config struct {
	// URL of the organization: https://org.crm.dynamics.com, or with the path
	// of an organization on premises. Clear text only to a loopback address.
	// A trailing /api/data/v9.x is taken off and its version used.
	URL string
	// Version of the API, as in "9.2". Empty: the newest that the server answers.
	Version string
	// Transport carries the requests. Nil: one of our own, with proxies from
	// the environment.
	Transport http.RoundTripper
	// Token gives access tokens. Nil: none are sent (an organization in process).
	Token TokenFunc
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends; nil: by the real clock. It serves
	// the pauses between attempts, never time limits.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log is told one line per request: never a token, an address or a body.
	Log *slog.Logger
	// Concurrency is how many requests may be under way at once; 0: 4.
	// It falls by itself while the server throttles.
	Concurrency int
	// Stall is how long a transfer may go without a byte moving; 0: one minute.
	Stall time.Duration
	// Patience is how long the server may work on a request before its answer
	// begins; 0: three minutes, for the platform itself gives up after two.
	Patience time.Duration
	// PageSize is the number of rows asked for at a time, at most 5000; 0: 2000.
	PageSize int
	// Items: contacts are read with all that the user's address books hold of
	// them, and not just what mail needs.
	Items bool
	// Block is how many bytes of an attachment travel at a time: a larger one
	// goes in blocks of this size. At most 4 MiB; 0: that.
	Block int
}

// Client is a CRM over the Dataverse Web API. Safe for use by several goroutines.
type Client struct {
	cfg    Config
	origin string // scheme://host
	prefix string // path before /api/data, without trailing slash
	http   *http.Client
	log    *slog.Logger
	gate   *gate

	requests, writes atomic.Int64

	mu       sync.Mutex
	version  string // in use
	settled  bool   // the server has answered to version
	missing  map[string]map[string]bool
	limits   map[string]int // column lengths that the server taught us
	noIn     bool           // the server refuses the In function
	twoSteps bool           // the server refuses to close an email where it creates it
	noEcho   bool           // the server refuses to return the closed row
	noBlocks bool           // the server does not take attachments in blocks
	shrink   int            // how often batches of writes are halved
	opts     offline.Options
	own      ownTables
	user     offline.Ref // who is signed in, once Me has told
	// accessPath is the question after what the user may do with the record
	// that holds the methods.
	accessPath string
}

// versions of the API, newest first.
var versions = []string{"9.2", "9.1", "9.0"}

var apiPath = regexp.MustCompile(`(?i)/api/data(?:/v(\d+\.\d+))?/?$`)

// New returns a client. It makes no request.
func New(cfg Config) (*Client, error) {
	c := &Client{cfg: cfg, missing: map[string]map[string]bool{}, limits: map[string]int{}}
	origin, prefix, version, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	c.origin, c.prefix = origin, prefix
	c.version = versions[0]
	if v := cfg.Version; v != "" || version != "" {
		if v == "" {
			v = version
		}
		c.version, c.settled = strings.TrimPrefix(v, "v"), true
	}
	if c.cfg.Now == nil {
		c.cfg.Now = time.Now
	}
	if c.cfg.Sleep == nil {
		c.cfg.Sleep = sleep
	}
	if c.log = cfg.Log; c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.cfg.Concurrency, 4)
	setDefault(&c.cfg.Stall, time.Minute)
	setDefault(&c.cfg.Patience, 3*time.Minute)
	setDefault(&c.cfg.PageSize, 2000)
	c.cfg.PageSize = min(c.cfg.PageSize, 5000)
	setDefault(&c.cfg.Block, blockMost)
	c.cfg.Block = min(c.cfg.Block, blockMost)
	c.gate = newGate(c.cfg.Concurrency)
	if cfg.Transport == nil {
		c.cfg.Transport = newTransport()
	}
	// No cookie jar: ARRAffinity ties a client to one web server and to its
	// share of the service protection limits; dropping it spreads the load.
	c.http = &http.Client{
		Transport:     c.cfg.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSHandshakeTimeout = 20 * time.Second
	t.MaxIdleConnsPerHost = 8
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ParseURL takes the URL of an organization apart: its origin, the path of an
// organization on premises ("" in the cloud), and the API version where the URL
// names one. Clear text is refused except to a loopback address.
func ParseURL(s string) (origin, prefix, version string, err error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return "", "", "", fmt.Errorf("organization URL: %w", unURL(err))
	}
	if u.User != nil {
		return "", "", "", errors.New("organization URL: it must not contain a user or password")
	}
	switch {
	case strings.HasSuffix(strings.ToLower(u.Path), ".aspx"): // a page of it, copied from the browser
		u.Path, u.RawPath, u.RawQuery, u.Fragment = u.Path[:strings.LastIndexByte(u.Path, '/')+1], "", "", ""
	}
	switch {
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", "", fmt.Errorf("organization URL %q: want https://host", s)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "", "", "", fmt.Errorf("organization URL %q: clear text is allowed to this computer only; use https", s)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", "", "", fmt.Errorf("organization URL %q: want https://host", s)
	}
	path := u.EscapedPath()
	if m := apiPath.FindStringSubmatchIndex(path); m != nil {
		if m[2] >= 0 {
			version = path[m[2]:m[3]]
		}
		path = path[:m[0]]
	}
	return u.Scheme + "://" + u.Host, strings.TrimRight(path, "/"), version, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Requests counts the HTTP requests so far, and those of them that write.
// A $batch with a change set or any part other than GET counts as one write.
func (c *Client) Requests() (all, writes int64) {
	return c.requests.Load(), c.writes.Load()
}

// Close lets idle connections go.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Version is the API version in use, as in "9.2".
func (c *Client) Version() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// root is the path of the API, with a trailing slash.
func (c *Client) root() string { return c.prefix + "/api/data/v" + c.Version() + "/" }

// relative turns a link that the server returned into one relative to root, so
// that it works with another API version and never leads to another host.
func (c *Client) relative(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", &offline.Fault{Class: offline.FaultProtocol, Op: "follow a link", Text: "the server sent a link that can't be read"}
	}
	path := u.EscapedPath()
	if _, rest, ok := strings.Cut(path, "/api/data/v"); ok {
		if _, rest, ok = strings.Cut(rest, "/"); ok && rest != "" {
			if u.RawQuery != "" {
				rest += "?" + u.RawQuery
			}
			return rest, nil
		}
	}
	return "", &offline.Fault{Class: offline.FaultProtocol, Op: "follow a link", Text: "the server sent a link that does not lead to its API"}
}

// under runs f with the lock of what the server has taught us.
func (c *Client) under(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}
