package localorg

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

// form posts to the sign-in service.
func (w *world) form(path string, kv ...string) reply {
	w.t.Helper()
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return w.call("POST", path, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func TestSignInByBrowserChecksTheProofAndRotatesRefreshTokens(t *testing.T) {
	w := newWorld(t)
	srv := w.serve()
	verifier := strings.Repeat("v", 50)
	sum := sha256.Sum256([]byte(verifier))
	scope := srv.URL + "/user_impersonation offline_access"
	ask := func(change map[string]string) url.Values {
		v := url.Values{"client_id": {"c"}, "response_type": {"code"}, "redirect_uri": {"http://localhost:1234"}, "scope": {scope}, "state": {"s"},
			"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "login_hint": {"mia@post.test"}}
		for k, s := range change {
			v.Set(k, s)
		}
		r := w.call("GET", srv.URL+"/organizations/oauth2/v2.0/authorize?"+v.Encode(), "")
		at, err := url.Parse(r.header.Get("Location"))
		if r.status != 302 || err != nil {
			return url.Values{"error": {r.text}}
		}
		return at.Query()
	}
	for name, bad := range map[string]map[string]string{"redirect": {"redirect_uri": "https://evil.test/"}, "no proof": {"code_challenge_method": "plain"}, "scope": {"scope": "https://other.test/.default"},
		"nobody": {"login_hint": "who@post.test"}, "type": {"response_type": "token"}} {
		if got := ask(bad); got.Get("error") == "" || got.Get("code") != "" {
			t.Errorf("%s: answer is %v", name, got)
		}
	}
	got := ask(nil)
	if got.Get("state") != "s" || got.Get("code") == "" {
		t.Fatalf("answer is %v", got)
	}
	token := srv.URL + "/organizations/oauth2/v2.0/token"
	grant := []string{"grant_type", "authorization_code", "client_id", "c", "redirect_uri", "http://localhost:1234", "code", got.Get("code"), "code_verifier"}
	if r := w.form(token, append(grant, "wrong")...); r.status != 400 || r.json["error"] != "invalid_grant" {
		t.Errorf("wrong verifier is answered %d %v", r.status, r.json)
	}
	if r := w.form(token, append(grant, verifier)...); r.status != 400 {
		t.Errorf("a code was good twice: %v", r.json)
	}
	grant[7] = ask(nil).Get("code")
	r := w.form(token, append(grant, verifier)...)
	w.want(r, 200, "")
	first := r.json["refresh_token"].(string)
	w.want(w.call("GET", "WhoAmI", "", "Authorization", "Bearer "+r.json["access_token"].(string)), 200, "")
	again := []string{"grant_type", "refresh_token", "client_id", "c", "scope", scope, "refresh_token", first}
	r = w.form(token, again...)
	w.want(r, 200, "")
	if r.json["refresh_token"] == first {
		t.Error("the refresh token was not rotated")
	}
	if r := w.form(token, again...); r.status != 400 || r.json["error"] != "invalid_grant" {
		t.Errorf("an old refresh token is answered %d %v", r.status, r.json)
	}
	again[7] = r.json["refresh_token"].(string)
	w.org.RevokeRefreshTokens()
	w.want(w.form(token, again...), 400, "")
	if r := w.form(token, "grant_type", "password", "client_id", "c"); r.json["error"] != "unsupported_grant_type" {
		t.Errorf("answer is %v", r.json)
	}
	w.want(w.form(srv.URL+"/elsewhere/oauth2/v2.0/token", "client_id", "c"), 400, "")
}

func TestSignInByDeviceCodeWaitsForApproval(t *testing.T) {
	w := newWorld(t)
	srv := w.serve()
	begin := func() (code, shown string) {
		r := w.form(srv.URL+"/common/oauth2/v2.0/devicecode", "client_id", "c", "scope", srv.URL+"/.default offline_access")
		w.want(r, 200, "")
		return r.json["device_code"].(string), r.json["user_code"].(string)
	}
	poll := func(code string) reply {
		return w.form(srv.URL+"/common/oauth2/v2.0/token", "grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", "c", "device_code", code)
	}
	code, shown := begin()
	for _, want := range []string{"authorization_pending", "slow_down"} {
		if r := poll(code); r.status != 400 || r.json["error"] != want {
			t.Errorf("answer is %d %v, want %s", r.status, r.json, want)
		}
	}
	if !w.org.ApproveDevice(shown, w.me) || w.org.ApproveDevice("NOPE", w.me) {
		t.Error("approval does not know the codes")
	}
	r := poll(code)
	w.want(r, 200, "")
	w.want(w.call("GET", "WhoAmI", "", "Authorization", "Bearer "+r.json["access_token"].(string)), 200, "")
	if r := poll(code); r.json["error"] != "bad_verification_code" {
		t.Errorf("a used code is answered %v", r.json)
	}
	code, shown = begin()
	w.org.ApproveDevice(shown, "")
	if r := poll(code); r.json["error"] != "authorization_declined" {
		t.Errorf("a declined code is answered %v", r.json)
	}
	code, _ = begin()
	w.clock.add(time.Hour)
	if r := poll(code); r.json["error"] != "expired_token" {
		t.Errorf("an old code is answered %v", r.json)
	}
}
