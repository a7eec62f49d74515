package dav

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"postrider/offline"
)

// challenge is what the server wants us to sign in with.
type challenge struct {
	scheme string // "basic", "digest", "bearer"
	digest *digest
}

// auth signs one attempt of a request.
type auth struct {
	how    *challenge // nil: nothing is sent
	user   string
	secret string // the password or token
	fresh  bool   // it was asked for just now, not kept from an earlier request
}

// header is the Authorization header, empty for none.
func (a auth) header(method, uri string) string {
	if a.how == nil {
		return ""
	}
	switch a.how.scheme {
	case "bearer":
		return "Bearer " + a.secret
	case "digest":
		return a.how.digest.answer(a.user, a.secret, method, uri)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.user+":"+a.secret))
}

// credentials are those for the next attempt; tried are the ones that were just
// refused, if any.
func (c *Client) credentials(ctx context.Context, r request, tried auth) (auth, error) {
	if r.open {
		return auth{}, nil
	}
	if c.cfg.Token != nil {
		token, err := c.cfg.Token(ctx, tried.secret)
		return auth{how: &challenge{scheme: "bearer"}, secret: token, fresh: true}, err
	}
	c.mu.Lock()
	how, secret, asked := c.known, c.secret, c.asked
	c.mu.Unlock()
	if how == nil || c.cfg.Secret == nil {
		return auth{}, nil
	}
	if !asked {
		var err error
		if secret, err = c.cfg.Secret(ctx); err != nil {
			return auth{}, err
		}
		c.mu.Lock()
		c.secret, c.asked = secret, true
		c.mu.Unlock()
	}
	return auth{how: how, user: c.cfg.User, secret: secret, fresh: !asked}, nil
}

// forget makes the next request ask for the password.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.secret = false, ""
}

// learn takes in why a request was refused by 401, and tells whether it is worth
// another attempt. n counts the attempts of this request; fresh: it has asked for
// the password.
func (c *Client) learn(resp *http.Response, a auth, n int, fresh bool) bool {
	if c.cfg.Token != nil {
		return n == 0
	}
	if c.cfg.Secret == nil {
		return false
	}
	how := choose(resp.Header.Values("WWW-Authenticate"))
	if how == nil {
		return false
	}
	c.mu.Lock()
	c.known = how
	c.mu.Unlock()
	switch {
	case a.how == nil: // it had not been asked for
		return true
	case how.digest != nil && how.digest.stale: // only the nonce was too old
		return true
	case how.scheme != a.how.scheme:
		return true
	case how.scheme == "digest" && n == 0 && a.how.digest.nonce != how.digest.nonce:
		return true // some servers give no "stale" when they forget a nonce
	}
	c.forget()
	return !fresh // it may have changed since it was asked for
}

// choose is the best challenge that we can meet, nil if there is none: Digest
// with SHA-256, Digest with MD5, Basic (RFC 7616 section 3.7).
func choose(headers []string) *challenge {
	var best *challenge
	rank := 0
	for _, ch := range challenges(headers) {
		switch strings.ToLower(ch.scheme) {
		case "basic":
			if rank < 1 {
				rank, best = 1, &challenge{scheme: "basic"}
			}
		case "digest":
			d := newDigest(ch.params)
			if d == nil {
				continue
			}
			if r := 2 + d.strength(); r > rank {
				rank, best = r, &challenge{scheme: "digest", digest: d}
			}
		}
	}
	return best
}

// offer is one challenge of WWW-Authenticate headers.
type offer struct {
	scheme string
	params map[string]string // names in lower case
}

// challenges takes WWW-Authenticate headers apart (RFC 9110 section 11.6.1):
// several challenges may share one header.
func challenges(headers []string) []offer {
	var list []offer
	for _, h := range headers {
		for h = strings.TrimLeft(h, " ,\t"); h != ""; h = strings.TrimLeft(h, " ,\t") {
			word, rest := token(h)
			if word == "" {
				break
			}
			rest = strings.TrimLeft(rest, " \t")
			if value, ok := strings.CutPrefix(rest, "="); ok && len(list) > 0 && !strings.HasPrefix(value, "=") {
				value = strings.TrimLeft(value, " \t")
				var v string
				v, h = paramValue(value)
				list[len(list)-1].params[strings.ToLower(word)] = v
				continue
			}
			// What is no parameter is a scheme, or the one bare word that some schemes
			// have, with its padding; as a scheme that is none that we know.
			list, h = append(list, offer{scheme: word, params: map[string]string{}}), strings.TrimLeft(rest, "=")
		}
	}
	return list
}

// token is the word at the beginning of s.
func token(s string) (word, rest string) {
	n := strings.IndexAny(s, " \t,=\"")
	if n < 0 {
		return s, ""
	}
	return s[:n], s[n:]
}

// paramValue is the value at the beginning of s, in quotes or not.
func paramValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, " \t,")
		if n < 0 {
			return s, ""
		}
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// secretFault classifies the failure to get a password or token.
func secretFault(ctx context.Context, op string, err error) *offline.Fault {
	var f *offline.Fault
	if errors.As(err, &f) {
		return f
	}
	if ctx.Err() != nil {
		return &offline.Fault{Class: offline.FaultNetwork, Op: op, Err: ctx.Err()}
	}
	return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "no password", Err: unURL(err)}
}
