package imap

import (
	"context"
	"encoding/base64"
	"fmt"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// signIn tries the way that fits server and configuration.
func (g *greeter) signIn(ctx context.Context) error {
	secret, err := g.cfg.Secret(ctx)
	if err != nil {
		return &offline.Fault{Class: offline.FaultAuth, Op: g.op, Text: "the password can't be had", Err: err}
	}
	op := fmt.Sprintf("%s as %s", g.op, g.cfg.User)
	command := !g.caps["LOGINDISABLED"] // the command LOGIN, which takes a password without SASL
	m := g.cfg.Auth.Choose(func(name string) bool {
		return g.caps["AUTH="+name] || name == "LOGIN" && command
	}, g.cfg.User, secret, g.cfg.Addr)
	var a answer
	switch {
	case m == nil:
		return &offline.Fault{Class: offline.FaultAuth, Op: op, Text: "the server accepts no password; sign in with the provider instead (OAuth2)"}
	case m.Name == "LOGIN" && command:
		a, err = g.command(ctx, "LOGIN", []string{g.cfg.User, secret})
	default:
		a, err = g.sasl(ctx, m)
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

// sasl signs in by a mechanism, with its initial response in the command where
// the server allows that (RFC 4959).
func (g *greeter) sasl(ctx context.Context, m *mailserver.Mechanism) (answer, error) {
	name, initial, _ := m.Start()
	said := initial == nil
	line := "AUTHENTICATE " + name
	if !said && g.caps["SASL-IR"] {
		line += " " + base64.StdEncoding.EncodeToString(initial)
		said = true
	}
	a, err := g.exchange(ctx, line, func(challenge string) string {
		if !said {
			said = true
			return base64.StdEncoding.EncodeToString(initial)
		}
		b, _ := base64.StdEncoding.DecodeString(challenge)
		reply, err := m.Next(b)
		if err != nil {
			return "*"
		}
		return base64.StdEncoding.EncodeToString(reply)
	})
	if err == nil && a.result != "OK" && m.Why != "" {
		a.text += " (" + m.Why + ")"
		if a.code == "" { // a token is refused with BAD by some
			a.result = "NO"
		}
	}
	return a, err
}
