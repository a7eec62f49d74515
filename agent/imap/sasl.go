package imap

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"

	"postrider/offline"
)

// signIn tries the way that fits server and configuration.
func (g *greeter) signIn(ctx context.Context) error {
	secret, err := g.cfg.Secret(ctx)
	if err != nil {
		return &offline.Fault{Class: offline.FaultAuth, Op: g.op, Text: "the password can't be had", Err: err}
	}
	op := fmt.Sprintf("%s as %s", g.op, g.cfg.User)
	auth := g.cfg.Auth
	if auth == Auto {
		auth = g.choose()
	}
	var a answer
	switch {
	case auth == XOAUTH2:
		a, err = g.sasl(ctx, "XOAUTH2", xoauth2(g.cfg.User, secret), "")
	case auth == OAUTHBEARER:
		a, err = g.sasl(ctx, "OAUTHBEARER", g.bearer(secret), "\x01")
	case g.caps["AUTH=PLAIN"]:
		a, err = g.sasl(ctx, "PLAIN", "\x00"+g.cfg.User+"\x00"+secret, "*")
	case !g.caps["LOGINDISABLED"]:
		a, err = g.command(ctx, "LOGIN", []string{g.cfg.User, secret})
	case g.caps["AUTH=LOGIN"]:
		a, err = g.saslLogin(ctx, secret)
	default:
		return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the server accepts no password; sign in with the provider instead (OAuth2)"}
	}
	if err != nil {
		return err
	}
	if a.result != "OK" {
		return refusal(op, a.result, a.code, a.text, offline.FaultAuth)
	}
	g.caps = nil // they change with signing in
	for _, u := range a.untagged {
		g.learn(u)
	}
	g.learn(a.code)
	return nil
}

// choose picks a way to sign in for Auto.
func (g *greeter) choose() Auth {
	switch {
	case g.caps["AUTH=PLAIN"], g.caps["AUTH=LOGIN"], !g.caps["LOGINDISABLED"]:
		return Password
	case g.caps["AUTH=OAUTHBEARER"]:
		return OAUTHBEARER
	case g.caps["AUTH=XOAUTH2"]:
		return XOAUTH2
	}
	return Password
}

// xoauth2 is the initial response of the mechanism XOAUTH2, as Google and
// Microsoft document it.
func xoauth2(user, token string) string {
	return "user=" + user + "\x01auth=Bearer " + token + "\x01\x01"
}

// bearer is the initial response of OAUTHBEARER (RFC 7628 section 3.1).
func (g *greeter) bearer(token string) string {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(g.cfg.User)
	s := "n,a=" + user + ",\x01"
	if host, port, err := net.SplitHostPort(g.cfg.Addr); err == nil {
		s += "host=" + host + "\x01port=" + port + "\x01"
	}
	return s + "auth=Bearer " + token + "\x01\x01"
}

// sasl signs in with a mechanism that says all in its initial response. A
// challenge after it tells why the server refuses; it is answered with giveUp.
func (g *greeter) sasl(ctx context.Context, mechanism, initial, giveUp string) (answer, error) {
	coded := base64.StdEncoding.EncodeToString([]byte(initial))
	said := false
	line := "AUTHENTICATE " + mechanism
	if g.caps["SASL-IR"] {
		line += " " + coded
		said = true
	}
	var why string
	a, err := g.exchange(ctx, line, func(challenge string) string {
		if !said {
			said = true
			return coded
		}
		if b, err := base64.StdEncoding.DecodeString(challenge); err == nil {
			why = printable(string(b))
		}
		if giveUp == "*" {
			return "*"
		}
		return base64.StdEncoding.EncodeToString([]byte(giveUp))
	})
	if err == nil && a.result != "OK" && why != "" {
		a.text += " (" + why + ")"
		if a.code == "" { // a token is refused with BAD by some
			a.result = "NO"
		}
	}
	return a, err
}

// saslLogin signs in with the mechanism LOGIN: name, then password.
func (g *greeter) saslLogin(ctx context.Context, secret string) (answer, error) {
	next := []string{g.cfg.User, secret}
	return g.exchange(ctx, "AUTHENTICATE LOGIN", func(string) string {
		if len(next) == 0 {
			return "*"
		}
		s := next[0]
		next = next[1:]
		return base64.StdEncoding.EncodeToString([]byte(s))
	})
}
