package dav_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"postrider/agent/dav"
	"postrider/agent/dav/davtest"
	"postrider/offline"
)

// guard is a server with one contact that lets in by Digest, and checks the
// answers by its own arithmetic.
type guard struct {
	algorithm, qop string
	password       string
	uses           int  // of one nonce
	silent         bool // it does not say that a nonce is stale

	nonce, used, keyed int // keyed: of the nonce for which key was made
	key                string
	refused            int
	bodies             []string
}

var parameter = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^\s,]+))`)

func (g *guard) hash(parts ...string) string {
	var h hash.Hash = md5.New()
	if strings.HasPrefix(g.algorithm, "SHA-256") {
		h = sha256.New()
	}
	_, _ = io.WriteString(h, strings.Join(parts, ":"))
	return hex.EncodeToString(h.Sum(nil))
}

// lets reports whether a request is signed as it must be; stale, whether only
// its nonce is too old.
func (g *guard) lets(r *http.Request) (ok, stale bool) {
	p := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
		p[m[1]] = m[2] + m[3]
	}
	now := fmt.Sprint("n", g.nonce)
	if g.keyed != g.nonce && p["nonce"] == now {
		// The session key is made of the first answer to a challenge.
		g.keyed, g.key = g.nonce, g.hash("jana", "home", g.password)
		if strings.HasSuffix(g.algorithm, "-sess") {
			g.key = g.hash(g.key, now, p["cnonce"])
		}
	}
	want := g.hash(g.key, p["nonce"], g.hash(r.Method, p["uri"]))
	if g.qop != "" {
		want = g.hash(g.key, p["nonce"], p["nc"], p["cnonce"], p["qop"], g.hash(r.Method, p["uri"]))
	}
	if p["nonce"] != now || want != p["response"] || p["username"] != "jana" || p["uri"] != r.URL.RequestURI() || g.qop != "" && p["nc"] != fmt.Sprintf("%08x", g.used+1) {
		return false, p["nonce"] != now && p["nonce"] != ""
	}
	g.used++
	return true, false
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request, body string) {
	ok, stale := g.lets(r)
	if !ok {
		g.refused++
		g.nonce, g.used = g.nonce+1, 0
		challenge := fmt.Sprintf(`Digest realm="home", nonce="n%d", algorithm=%s`, g.nonce, g.algorithm)
		if g.qop != "" {
			challenge += fmt.Sprintf(`, qop="%s"`, g.qop)
		}
		if stale && !g.silent {
			challenge += `, stale=true`
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if g.used == g.uses {
		g.nonce, g.used = g.nonce+1, 0
	}
	g.bodies = append(g.bodies, body)
	w.Header().Set("ETag", `"1"`)
	_, _ = w.Write(davtest.Card("1", "One"))
}

// asking is a client that counts how often it is asked for the password.
func asking(t *testing.T, url string, passwords ...string) (*dav.Client, *int) {
	t.Helper()
	asked := new(int)
	c := davtest.Fixture{URL: url, User: "jana"}.Client(t, func(cfg *dav.Config) {
		cfg.Secret = func(context.Context) (string, error) {
			*asked++
			return passwords[min(*asked, len(passwords))-1], nil
		}
	})
	return c, asked
}

func read(t *testing.T, c *dav.Client, url string) error {
	t.Helper()
	items, err := c.Get(t.Context(), people(url), []string{"/p/1"})
	if err == nil && len(items) != 1 {
		t.Errorf("%d items", len(items))
	}
	return err
}

func TestDigestSignsEachRequestAndTakesAFreshNonceWithoutAskingAgain(t *testing.T) {
	for _, g := range []*guard{
		{algorithm: "MD5"}, // as RFC 2069 had it
		{algorithm: "MD5", qop: "auth"}, {algorithm: "SHA-256", qop: "auth-int,auth"},
		{algorithm: "MD5-sess", qop: "auth"}, {algorithm: "SHA-256-sess", qop: "auth"},
		{algorithm: "SHA-256", qop: "auth", silent: true},
	} {
		g.password, g.uses = "secret", 3
		s, _ := scripted(t, g.ServeHTTP)
		c, asked := asking(t, s.URL, "secret")
		for range 7 {
			if err := read(t, c, s.URL); err != nil {
				t.Errorf("%s %q: %v", g.algorithm, g.qop, err)
			}
		}
		if *asked != 1 || g.refused != 3 { // the first, and two that were too old
			t.Errorf("%s %q: asked %d times, refused %d times", g.algorithm, g.qop, *asked, g.refused)
		}
	}
}

func TestABodyGoesAgainWithAFreshNonce(t *testing.T) {
	g := &guard{algorithm: "MD5", qop: "auth", password: "secret", uses: 1}
	s, _ := scripted(t, g.ServeHTTP)
	c, _ := asking(t, s.URL, "secret")
	for _, name := range []string{"One", "Two"} {
		it := davtest.Make(offline.KindContact, "1", name)
		if got, err := c.Put(t.Context(), people(s.URL), it); err != nil || got.ETag == "" {
			t.Fatalf("%+v %v", got, err)
		}
	}
	if all := strings.Join(g.bodies, ""); !strings.Contains(all, "FN:One") || !strings.Contains(all, "FN:Two") {
		t.Errorf("written: %q", g.bodies)
	}
}

func TestAWrongPasswordIsSaidAndNotTriedAgainAndAgain(t *testing.T) {
	basic := func(w http.ResponseWriter, r *http.Request, _ string) {
		if _, p, ok := r.BasicAuth(); !ok || p != "new" {
			w.Header().Set("WWW-Authenticate", `Basic realm="home"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(davtest.Card("1", "One"))
	}
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request, string){
		"basic":  basic,
		"digest": (&guard{algorithm: "SHA-256", qop: "auth", password: "new", uses: 100}).ServeHTTP,
		"always stale": func(w http.ResponseWriter, r *http.Request, _ string) {
			w.Header().Set("WWW-Authenticate", `Digest realm="home", nonce="n", stale=true`)
			w.WriteHeader(http.StatusUnauthorized)
		},
	} {
		s, _ := scripted(t, serve)
		c, asked := asking(t, s.URL, "old", "old", "new")
		for range 2 {
			if err := read(t, c, s.URL); offline.ClassOf(err) != offline.FaultAuth {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, _ := c.Requests(); n > 10 {
			t.Errorf("%s: %d requests", name, n)
		}
		if name != "always stale" {
			if err := read(t, c, s.URL); err != nil || *asked != 3 {
				t.Errorf("%s: after the password was corrected: %v, asked %d times", name, err, *asked)
			}
		}
	}
}

// A password that is changed while Postrider runs costs no fault, whatever the
// scheme: it is asked for again, once.
func TestAPasswordThatWasChangedIsAskedForAgain(t *testing.T) {
	g := &guard{algorithm: "MD5", qop: "auth", password: "first", uses: 100}
	s, _ := scripted(t, g.ServeHTTP)
	c, asked := asking(t, s.URL, "first", "second")
	if err := read(t, c, s.URL); err != nil {
		t.Fatal(err)
	}
	g.password, g.keyed = "second", -1
	if err := read(t, c, s.URL); err != nil || *asked != 2 {
		t.Errorf("%v, asked %d times", err, *asked)
	}
	// And where the answer is the same as before, it is not sent once more.
	g.password, g.keyed = "third", -1
	before, _ := c.Requests()
	err := read(t, c, s.URL)
	if after, _ := c.Requests(); offline.ClassOf(err) != offline.FaultAuth || *asked != 3 || after-before != 2 {
		t.Errorf("%v, asked %d times, %d requests", err, *asked, after-before)
	}
}

func TestAnExpiredTokenIsRenewedOnceAndTheRequestRepeatedWithItsBody(t *testing.T) {
	good := "two"
	var bodies []string
	s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, body string) {
		bodies = append(bodies, r.Method+" "+r.Header.Get("Authorization")+" "+fmt.Sprint(len(body) > 0))
		if r.Header.Get("Authorization") != "Bearer "+good {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write(davtest.Card("1", "One"))
	})
	var refused []string
	var failed error
	tokens := []string{"one", "two", "three"}
	c := davtest.Fixture{URL: s.URL}.Client(t, func(cfg *dav.Config) {
		cfg.Token = func(_ context.Context, old string) (string, error) {
			if old != "" {
				refused = append(refused, old)
				tokens = tokens[min(1, len(tokens)-1):]
			}
			return tokens[0], failed
		}
	})
	if _, err := c.Put(t.Context(), people(s.URL), davtest.Make(offline.KindContact, "1", "One")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(bodies); got != "[PUT Bearer one true PUT Bearer two true GET Bearer two false]" || fmt.Sprint(refused) != "[one]" {
		t.Errorf("%s, refused %v", got, refused)
	}
	// The one that was got anew is refused as well: that is for the user.
	good, bodies, refused = "none", nil, nil
	if err := read(t, c, s.URL); offline.ClassOf(err) != offline.FaultAuth || len(bodies) != 2 || len(refused) != 1 {
		t.Errorf("%v, %v, refused %v", err, bodies, refused)
	}
	// There is no other: it is not sent twice.
	bodies, refused = nil, nil
	if err := read(t, c, s.URL); offline.ClassOf(err) != offline.FaultAuth || len(bodies) != 1 || len(refused) != 1 {
		t.Errorf("%v, %v, refused %v", err, bodies, refused)
	}
	failed = errors.New("the browser was closed")
	if err := read(t, c, s.URL); offline.ClassOf(err) != offline.FaultAuth || !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
}

func TestAProxyThatWantsASignInIsNotGivenTheServersPassword(t *testing.T) {
	s, _ := scripted(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("Authorization") != "" {
			t.Error("it was sent the password")
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
	})
	c, asked := asking(t, s.URL, "secret")
	if err := read(t, c, s.URL); offline.ClassOf(err) != offline.FaultAuth || *asked != 0 {
		t.Errorf("%v, asked %d times", err, *asked)
	}
}
