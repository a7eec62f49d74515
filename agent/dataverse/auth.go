package dataverse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"postrider/offline"
)

// Auth says how to sign in to an organization as a public client (OAuth 2.0,
// RFC 6749 and 8252). It is a set of values; the methods make sessions.
type Auth struct {
	// URL of the organization, as in Config; tokens are asked for it alone.
	URL string
	// ClientID of the application as registered with the identity service.
	ClientID string
	// Authority is the identity service with the tenant, as in
	// "https://login.microsoftonline.com/organizations". Empty: what the
	// organization names in its 401 answer, else this.
	Authority string
	// Hint is the address offered on the sign-in page; may be empty.
	Hint string
	// Save keeps the refresh token; it is called with each new one, for they
	// may work only once. An error does not end the session.
	Save func(refreshToken string) error
	// Transport, Now and Log as in Config.
	Transport http.RoundTripper
	Now       func() time.Time
	Log       *slog.Logger
}

const defaultAuthority = "https://login.microsoftonline.com/organizations"

// Resume makes a session from a refresh token that was saved. It makes no request.
func (a Auth) Resume(refreshToken string) *Session {
	return &Session{auth: a, refresh: refreshToken}
}

// Session gives access tokens and renews them. Safe for use by several
// goroutines; Token is a TokenFunc.
type Session struct {
	auth Auth

	mu      sync.Mutex
	conf    *oauth2.Config // nil until the identity service is known
	token   string
	expires time.Time
	refresh string
	unsaved bool
}

// early is how long before its end a token is renewed: it must last for a
// request that takes its time.
const early = 2 * time.Minute

// Token implements TokenFunc.
func (s *Session) Token(ctx context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved {
		s.save()
	}
	if s.token != "" && s.token != refused && s.auth.now().Add(early).Before(s.expires) {
		return s.token, nil
	}
	const op = "renew the sign-in"
	if s.refresh == "" {
		return "", &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "nobody is signed in"}
	}
	if s.conf == nil {
		conf, err := s.auth.config(ctx)
		if err != nil {
			return "", err
		}
		s.conf = conf
	}
	t, err := s.conf.TokenSource(s.auth.context(ctx), &oauth2.Token{RefreshToken: s.refresh}).Token()
	if err != nil {
		return "", oauthFault(ctx, op, err)
	}
	s.take(t)
	return s.token, nil
}

// take keeps a new token. The identity service may give a new refresh token
// with each one.
func (s *Session) take(t *oauth2.Token) {
	s.token, s.expires = t.AccessToken, s.auth.now().Add(time.Hour)
	if t.ExpiresIn > 0 {
		s.expires = s.auth.now().Add(time.Duration(t.ExpiresIn) * time.Second)
	}
	if t.RefreshToken != "" && t.RefreshToken != s.refresh {
		s.refresh = t.RefreshToken
		s.save()
	}
}

// save keeps the refresh token; where that fails it is tried again with the
// next token that is asked for.
func (s *Session) save() {
	s.unsaved = false
	if s.auth.Save == nil {
		return
	}
	if err := s.auth.Save(s.refresh); err != nil {
		s.unsaved = true
		if s.auth.Log != nil {
			s.auth.Log.Warn("the sign-in could not be kept", "error", err)
		}
	}
}

func (a Auth) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

func (a Auth) client() *http.Client {
	t := a.Transport
	if t == nil {
		t = http.DefaultTransport
	}
	return &http.Client{Transport: bounded{t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// bounded reads each answer whole, within a minute and a megabyte, before it
// hands it on. (The limit of http.Client lives on until a body is closed, which
// package oauth2 does not always do.)
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	resp, err := b.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// context tells package oauth2 which client to use.
func (a Auth) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, a.client())
}

// config finds the identity service and what to ask it for.
func (a Auth) config(ctx context.Context) (*oauth2.Config, error) {
	origin, prefix, _, err := ParseURL(a.URL)
	if err != nil {
		return nil, &offline.Fault{Class: offline.FaultAuth, Op: "sign in", Err: err}
	}
	authority, resource := a.Authority, origin
	if authority == "" {
		if authority, resource, err = a.challenge(ctx, origin, prefix); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(strings.TrimRight(authority, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, &offline.Fault{Class: offline.FaultAuth, Op: "sign in", Text: "the identity service must be reached by https"}
	}
	conf := &oauth2.Config{ClientID: a.ClientID, Scopes: []string{resource + "/user_impersonation", "offline_access", "openid", "profile"}}
	base, page := u.String()+"/oauth2/v2.0/", "authorize"
	if strings.HasSuffix(u.Path, "/adfs") { // AD FS of an organization on premises: it knows resources, not scopes
		base, page = u.String()+"/oauth2/", "authorize?resource="+url.QueryEscape(resource+"/")
	}
	conf.Endpoint = oauth2.Endpoint{AuthURL: base + page, TokenURL: base + "token", DeviceAuthURL: base + "devicecode", AuthStyle: oauth2.AuthStyleInParams}
	return conf, nil
}

// challenge asks the organization without a token; its 401 names the identity
// service and the tenant.
func (a Auth) challenge(ctx context.Context, origin, prefix string) (authority, resource string, err error) {
	const op = "ask the organization where to sign in"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+prefix+"/api/data/v"+versions[0]+"/WhoAmI", nil)
	if err != nil {
		return "", "", carryFault(op, err)
	}
	resp, err := a.client().Do(req)
	if err != nil {
		return "", "", carryFault(op, err)
	}
	_ = resp.Body.Close()
	authority, resource = defaultAuthority, origin
	for _, h := range resp.Header.Values("WWW-Authenticate") {
		uri, res := readChallenge(h)
		if base, _, ok := strings.Cut(uri, "/oauth2/"); ok {
			authority = base
		}
		// A token is for the organization that we were told of; one for another
		// would be handed to a stranger. The API's own host name is the same one.
		if r, err := url.Parse(res); err == nil && sameOrganization(origin, r) {
			resource = r.Scheme + "://" + r.Host
		}
	}
	return authority, resource, nil
}

func readChallenge(h string) (uri, resource string) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ""
	}
	for _, kv := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(kv), "=")
		v = strings.Trim(strings.TrimSpace(v), `"`)
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "authorization_uri":
			uri = v
		case "resource_id":
			resource = v
		}
	}
	return uri, resource
}

// sameOrganization reports whether r is the organization at origin, be it
// under the name of its pages (org.crm.…) or that of its API (org.api.crm.…).
func sameOrganization(origin string, r *url.URL) bool {
	pages := func(host string) string {
		first, rest, _ := strings.Cut(strings.ToLower(host), ".")
		return first + "." + strings.TrimPrefix(rest, "api.")
	}
	o, err := url.Parse(origin)
	return err == nil && r.Host != "" && o.Scheme == r.Scheme && pages(o.Host) == pages(r.Host)
}

// oauthFault classifies an answer of the identity service. Its whole answer
// never goes into the error: it may hold what is secret.
func oauthFault(ctx context.Context, op string, err error) error {
	var re *oauth2.RetrieveError
	if !errors.As(err, &re) {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return carryFault(op, err)
	}
	text, _, _ := strings.Cut(re.ErrorDescription, "\n")
	f := &offline.Fault{Class: offline.FaultAuth, Op: op, Code: re.ErrorCode, Text: clip(strings.TrimSpace(text), maxText)}
	if f.Text == "" {
		f.Text = re.ErrorCode
	}
	if re.Response == nil {
		return f
	}
	switch status := re.Response.StatusCode; {
	case status == http.StatusTooManyRequests:
		f.Class, f.RetryAfter = offline.FaultThrottled, retryAfter(re.Response.Header.Get("Retry-After"), time.Now())
	case status >= 500 || re.ErrorCode == "temporarily_unavailable":
		f.Class = offline.FaultServer
	}
	return f
}
