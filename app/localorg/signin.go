package localorg

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	codeTTL   = 10 * time.Minute
	deviceTTL = 15 * time.Minute

	deviceInterval = 5 * time.Second
)

// signIn plays the identity service: authorize, token and devicecode, for
// public clients.
type signIn struct {
	mu      sync.Mutex
	ttl     time.Duration
	user    string // who signs in on the page
	codes   map[string]authCode
	refresh map[string]refreshToken
	devices map[string]*device // by device code
}

type authCode struct {
	client, redirect, challenge, scope, user string
	till                                     time.Time
}

type refreshToken struct{ client, scope, user string }

type device struct {
	client, scope, userCode, user string
	declined                      bool
	till, asked                   time.Time
}

func newSignIn(ttl time.Duration) *signIn {
	if ttl == 0 {
		ttl = time.Hour
	}
	return &signIn{ttl: ttl, codes: map[string]authCode{}, refresh: map[string]refreshToken{}, devices: map[string]*device{}}
}

// SignInAs says who it is that signs in on the page that authorize would show;
// "" is somebody who closes the page. A login_hint that is a user's address
// goes before.
func (o *Org) SignInAs(userID string) {
	o.signIn.mu.Lock()
	defer o.signIn.mu.Unlock()
	o.signIn.user = userID
}

// ApproveDevice signs a user in on the device that shows the code; with "" for
// the user the sign-in is declined. It reports whether the code is known.
func (o *Org) ApproveDevice(userCode, userID string) bool {
	s := o.signIn
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.userCode == userCode {
			d.user, d.declined = userID, userID == ""
			return true
		}
	}
	return false
}

// RevokeRefreshTokens makes every refresh token invalid: all must sign in again.
func (o *Org) RevokeRefreshTokens() {
	o.signIn.mu.Lock()
	defer o.signIn.mu.Unlock()
	clear(o.signIn.refresh)
}

// authority answers below /{tenant}/oauth2/; nil if the path is not one of it.
func (o *Org) authority(r *http.Request) *answer {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 3 || parts[1] != "oauth2" || len(parts) > 4 || len(parts) == 4 && parts[2] != "v2.0" {
		return nil
	}
	if !slices.Contains([]string{o.id, "organizations", "common"}, parts[0]) {
		return oauthError(http.StatusBadRequest, "invalid_request", "Tenant '"+parts[0]+"' not found.")
	}
	want, run := http.MethodPost, o.token
	switch parts[len(parts)-1] {
	case "authorize":
		want, run = http.MethodGet, o.authorize
	case "token":
	case "devicecode":
		run = o.deviceCode
	default:
		return nil
	}
	if r.Method != want {
		return &answer{status: http.StatusMethodNotAllowed}
	}
	form := r.URL.Query()
	if want == http.MethodPost {
		body, err := o.readBody(r)
		if err == nil {
			form, err = url.ParseQuery(string(body))
		}
		if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			return oauthError(http.StatusBadRequest, "invalid_request", "The body must be a form.")
		}
	}
	if form.Get("client_id") == "" {
		return oauthError(http.StatusBadRequest, "invalid_request", "The request body must contain the following parameter: 'client_id'.")
	}
	return run(r, form)
}

func oauthError(status int, code, text string) *answer {
	b := appendText([]byte(`{"error":`), code)
	b = appendText(append(b, `,"error_description":`...), text)
	return (&answer{status: status, body: append(b, '}')}).set("Content-Type", "application/json; charset=utf-8")
}

// authorize stands for the page on which somebody signs in: it sends the
// browser back at once.
func (o *Org) authorize(r *http.Request, form url.Values) *answer {
	back, err := url.Parse(form.Get("redirect_uri"))
	if err != nil || !loopback(back) {
		return oauthError(http.StatusBadRequest, "invalid_request", "The redirect_uri is not one of this client's.")
	}
	give := url.Values{"state": form["state"]}
	user := o.whoSignsIn(form.Get("login_hint"))
	switch {
	case form.Get("response_type") != "code":
		give.Set("error", "unsupported_response_type")
	case form.Get("code_challenge_method") != "S256" || len(form.Get("code_challenge")) != 43:
		give.Set("error", "invalid_request")
		give.Set("error_description", "A code challenge by S256 is needed.")
	case !scopeFits(form.Get("scope"), origin(r)):
		give.Set("error", "invalid_scope")
	case user == "":
		give.Set("error", "access_denied")
	default:
		code := secret()
		o.signIn.mu.Lock()
		o.signIn.codes[code] = authCode{form.Get("client_id"), form.Get("redirect_uri"), form.Get("code_challenge"), form.Get("scope"), user, o.now().Add(codeTTL)}
		o.signIn.mu.Unlock()
		give.Set("code", code)
	}
	back.RawQuery = give.Encode()
	return (&answer{status: http.StatusFound}).set("Location", back.String())
}

func (o *Org) whoSignsIn(hint string) string {
	if hint != "" {
		o.mu.RLock()
		d := o.tables["systemuser"]
		found := d.find(d.def.cols["internalemailaddress"], hint)
		o.mu.RUnlock()
		if len(found) > 0 {
			return found[0].id
		}
	}
	o.signIn.mu.Lock()
	defer o.signIn.mu.Unlock()
	return o.signIn.user
}

// loopback accepts what a desktop program may register: http on this computer,
// on any port.
func loopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// scopeFits wants a scope of the environment that the token is for.
func scopeFits(scope, env string) bool {
	for s := range strings.FieldsSeq(scope) {
		if s == env+"/user_impersonation" || s == env+"/.default" {
			return true
		}
	}
	return false
}

func secret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func (o *Org) token(r *http.Request, form url.Values) *answer {
	s, now := o.signIn, o.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch form.Get("grant_type") {
	case "authorization_code":
		c, ok := s.codes[form.Get("code")]
		delete(s.codes, form.Get("code")) // good once
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if !ok || now.After(c.till) || c.client != form.Get("client_id") || c.redirect != form.Get("redirect_uri") {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The provided authorization code is invalid or has expired.")
		}
		if base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
		}
		return o.issue(c.client, c.scope, c.user)
	case "refresh_token":
		t, ok := s.refresh[form.Get("refresh_token")]
		if !ok || t.client != form.Get("client_id") {
			return oauthError(http.StatusBadRequest, "invalid_grant", "The refresh token is invalid, has expired, or was used before.")
		}
		delete(s.refresh, form.Get("refresh_token")) // rotated: stricter than the service, which lets old ones live
		if scope := form.Get("scope"); scope != "" {
			if !scopeFits(scope, origin(r)) {
				return oauthError(http.StatusBadRequest, "invalid_scope", "The scope is not of this environment.")
			}
			if !strings.Contains(scope, "offline_access") {
				scope += " offline_access"
			}
			t.scope = scope
		}
		return o.issue(t.client, t.scope, t.user)
	case "urn:ietf:params:oauth:grant-type:device_code":
		return o.pollDevice(form, now)
	}
	return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported.")
}

// issue makes the answer with new tokens. The lock of signIn is held.
func (o *Org) issue(client, scope, user string) *answer {
	access := secret()
	o.GrantUntil(access, user, o.now().Add(o.signIn.ttl))
	out := map[string]any{"token_type": "Bearer", "scope": scope, "expires_in": int(o.signIn.ttl.Seconds()), "access_token": access}
	if slices.Contains(strings.Fields(scope), "offline_access") {
		again := secret()
		o.signIn.refresh[again] = refreshToken{client, scope, user}
		out["refresh_token"] = again
	}
	return oauthAnswer(out)
}

func oauthAnswer(out map[string]any) *answer {
	b, err := json.Marshal(out)
	if err != nil {
		return answerTo(err, nil)
	}
	return (&answer{status: http.StatusOK, body: b}).set("Content-Type", "application/json; charset=utf-8").set("Cache-Control", "no-store")
}

func (o *Org) deviceCode(r *http.Request, form url.Values) *answer {
	if !scopeFits(form.Get("scope"), origin(r)) {
		return oauthError(http.StatusBadRequest, "invalid_scope", "The scope is not of this environment.")
	}
	d := &device{client: form.Get("client_id"), scope: form.Get("scope"), userCode: strings.ToUpper(newID()[:8]), till: o.now().Add(deviceTTL)}
	code := secret()
	o.signIn.mu.Lock()
	o.signIn.devices[code] = d
	o.signIn.mu.Unlock()
	page := origin(r) + "/devicelogin"
	return oauthAnswer(map[string]any{"device_code": code, "user_code": d.userCode, "verification_uri": page, "expires_in": int(deviceTTL.Seconds()), "interval": int(deviceInterval.Seconds()),
		"message": "To sign in, open " + page + " and enter the code " + d.userCode + "."})
}

// pollDevice answers a device that asks whether somebody has signed in on it.
// The lock of signIn is held.
func (o *Org) pollDevice(form url.Values, now time.Time) *answer {
	d, ok := o.signIn.devices[form.Get("device_code")]
	switch {
	case !ok || d.client != form.Get("client_id"):
		return oauthError(http.StatusBadRequest, "bad_verification_code", "The device code is not known.")
	case now.After(d.till):
		return oauthError(http.StatusBadRequest, "expired_token", "The device code has expired.")
	case d.declined:
		return oauthError(http.StatusBadRequest, "authorization_declined", "The sign-in was declined.")
	case d.user == "":
		early := now.Sub(d.asked) < deviceInterval
		if d.asked = now; early {
			return oauthError(http.StatusBadRequest, "slow_down", "The device asks too often.")
		}
		return oauthError(http.StatusBadRequest, "authorization_pending", "The sign-in is still pending.")
	}
	delete(o.signIn.devices, form.Get("device_code"))
	return o.issue(d.client, d.scope, d.user)
}
