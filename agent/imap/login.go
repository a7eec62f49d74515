package imap

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// greeter takes a fresh connection to the point where go-imap takes over: it
// is greeted, encrypted, signed in, and extensions are enabled. It speaks for
// itself because what goes wrong here has to be told apart, and because nothing
// of it needs go-imap's parser.
type greeter struct {
	w       *wire
	cfg     *Config
	op      string
	caps    map[string]bool // upper case
	qresync bool
	server  string // what it says that it is, lower case
	tag     int
}

// answer is the end of a command.
type answer struct {
	result     string // OK, NO, BAD
	code, text string
	untagged   []string // responses before it, without "* "
}

// word is the response code without its arguments.
func (a *answer) word() string {
	word, _, _ := strings.Cut(a.code, " ")
	return strings.ToUpper(word)
}

// run greets, secures, signs in and enables. Errors are faults.
func (g *greeter) run(ctx context.Context) error {
	greeting, err := g.read(ctx)
	if err != nil {
		return err
	}
	name, rest, _ := response(greeting)
	code, text := status(rest)
	switch name {
	case "OK":
	case "PREAUTH":
		if g.cfg.Security == StartTLS {
			return &offline.Fault{Class: offline.FaultTLS, Op: g.op, Text: "the server signs in without encryption"}
		}
	case "BYE":
		return refusal(g.op, "NO", code, text, offline.FaultServer)
	default:
		if mailserver.IsWeb(greeting) {
			return &offline.Fault{Class: offline.FaultNetwork, Op: g.op, Text: mailserver.WebText}
		}
		return &offline.Fault{Class: offline.FaultProtocol, Op: g.op, Text: fmt.Sprintf("this is not an IMAP server: it greets with %q", mailserver.Printable(string(greeting)))}
	}
	g.learn(code)
	if name != "PREAUTH" {
		if err := g.encrypt(ctx); err != nil {
			return err
		}
		if g.caps == nil {
			if err := g.capability(ctx); err != nil {
				return err
			}
		}
		if err := g.signIn(ctx); err != nil {
			return err
		}
	}
	if g.caps == nil {
		if err := g.capability(ctx); err != nil {
			return err
		}
	}
	return g.enable(ctx)
}

// encrypt starts TLS where it has to be or can be started (RFC 3501 section
// 6.2.1). What the server said before counts no more afterwards.
func (g *greeter) encrypt(ctx context.Context) error {
	if g.cfg.Security == Implicit {
		return nil
	}
	if g.caps == nil {
		if err := g.capability(ctx); err != nil {
			return err
		}
	}
	if !g.caps["STARTTLS"] {
		if g.cfg.Security == Clear {
			return nil
		}
		return &offline.Fault{Class: offline.FaultTLS, Op: g.op, Text: "the server does not offer to start TLS, and nothing is sent in clear; use imaps:// if it has a port for it"}
	}
	a, err := g.command(ctx, "STARTTLS", nil)
	if err != nil {
		return err
	}
	if a.result != "OK" {
		return refusal(g.op, a.result, a.code, a.text, offline.FaultTLS)
	}
	if g.w.br.Buffered() > 0 { // someone put words into the clear part
		return &offline.Fault{Class: offline.FaultTLS, Op: g.op, Text: "the server goes on in clear after it agreed to start TLS; the connection may be tampered with"}
	}
	return g.handshake(ctx)
}

// handshake puts TLS over the connection.
func (g *greeter) handshake(ctx context.Context) error {
	t := tls.Client(g.w.raw, g.cfg.TLS)
	if err := t.HandshakeContext(ctx); err != nil {
		return scheme.DialFault(ctx, g.op, g.cfg.TLS.ServerName, err)
	}
	g.w.mu.Lock()
	g.w.conn = t
	g.w.mu.Unlock()
	g.caps = nil
	return nil
}

// enable turns on QRESYNC (RFC 7162 section 3.2.3), and says who we are where
// the server wants to know: some refuse to open folders otherwise.
func (g *greeter) enable(ctx context.Context) error {
	if g.caps["ID"] {
		a, err := g.command(ctx, `ID ("name" "Postrider")`, nil)
		if err != nil {
			return err
		}
		for _, u := range a.untagged {
			if name, id, _ := strings.Cut(u, " "); strings.EqualFold(name, "ID") {
				g.server = strings.ToLower(id)
			}
		}
	}
	if !g.caps["QRESYNC"] || !g.caps["ENABLE"] {
		return nil
	}
	a, err := g.command(ctx, "ENABLE QRESYNC", nil)
	if err != nil {
		return err
	}
	for _, u := range a.untagged {
		if f := strings.Fields(strings.ToUpper(u)); a.result == "OK" && len(f) > 1 && f[0] == "ENABLED" {
			for _, name := range f[1:] {
				g.qresync = g.qresync || name == "QRESYNC"
			}
		}
	}
	return nil
}

// capability asks what the server can do.
func (g *greeter) capability(ctx context.Context) error {
	a, err := g.command(ctx, "CAPABILITY", nil)
	if err != nil {
		return err
	}
	for _, u := range a.untagged {
		g.learn(u)
	}
	if g.caps == nil {
		return refusal(g.op, a.result, a.code, "no capabilities "+a.text, offline.FaultProtocol)
	}
	return nil
}

// learn takes a capability list, from a response or a code.
func (g *greeter) learn(s string) {
	f := strings.Fields(strings.ToUpper(s))
	if len(f) == 0 || f[0] != "CAPABILITY" {
		return
	}
	g.caps = map[string]bool{}
	for _, name := range f[1:] {
		g.caps[name] = true
	}
}

// command sends a command, with arguments quoted or as literals, and reads up to
// its end.
func (g *greeter) command(ctx context.Context, name string, args []string) (answer, error) {
	quoted := name
	for _, a := range args {
		quoted += " " + quote(a)
	}
	if !slices.ContainsFunc(args, func(a string) bool { return !quotable(a) }) {
		return g.exchange(ctx, quoted, func(string) string { return "*" })
	}
	next := 0
	announce := func() string {
		if next < len(args) {
			return " {" + strconv.Itoa(len(args[next])) + "}"
		}
		return ""
	}
	return g.exchange(ctx, name+announce(), func(string) string {
		if next == len(args) {
			return "*"
		}
		next++
		return args[next-1] + announce()
	})
}

func quotable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) < 1000
}

// exchange sends a command, answers what the server asks, and reads up to its
// end.
func (g *greeter) exchange(ctx context.Context, line string, reply func(challenge string) string) (answer, error) {
	var a answer
	g.tag++
	tag := "A" + strconv.Itoa(g.tag)
	g.w.count.Add(1)
	if err := g.write(ctx, tag+" "+line); err != nil {
		return a, err
	}
	for n := 0; n < 10_000; n++ {
		b, err := g.read(ctx)
		if err != nil {
			return a, err
		}
		word, rest := nextWord(b)
		switch {
		case len(b) > 0 && b[0] == '+':
			if err := g.write(ctx, reply(strings.TrimSpace(string(b[1:])))); err != nil {
				return a, err
			}
		case string(word) == tag:
			result, rest := nextWord(rest)
			a.result = strings.ToUpper(string(result))
			a.code, a.text = status(rest)
			if strings.EqualFold(a.code, "ALERT") {
				g.w.alert(a.text)
			}
			return a, nil
		case string(word) == "*":
			g.untagged(&a, b)
		}
	}
	return a, &offline.Fault{Class: offline.FaultProtocol, Op: g.op, Text: "the server answers without end"}
}

func (g *greeter) untagged(a *answer, b []byte) {
	name, rest, ok := response(b)
	if !ok {
		return
	}
	code, text := status(rest)
	switch name {
	case "BYE":
		g.w.mu.Lock()
		g.w.bye = text
		g.w.mu.Unlock()
	case "OK", "NO", "BAD":
		if strings.EqualFold(code, "ALERT") {
			g.w.alert(text)
		}
		if name == "OK" {
			g.learn(code)
		}
	default:
		a.untagged = append(a.untagged, string(bytes.TrimRight(b[2:], "\r\n")))
	}
}

// read reads a line.
func (g *greeter) read(ctx context.Context) ([]byte, error) {
	line, err := g.w.br.ReadSlice('\n')
	if err != nil {
		bye, cause := g.w.reason()
		if cause == nil {
			cause = fmt.Errorf("a line of more than %d bytes", len(line))
		}
		return nil, broken(ctx, g.op, cause, bye, err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (g *greeter) write(ctx context.Context, line string) error {
	if err := g.w.send(g.w.conn, []byte(line+"\r\n")); err != nil {
		bye, cause := g.w.reason()
		return broken(ctx, g.op, cause, bye, err)
	}
	return nil
}
