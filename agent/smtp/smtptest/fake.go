package smtptest

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"postrider/agent/mailserver"
	"postrider/agent/smtp"
)

// What a Fake can do in place of an answer.
const (
	Drop  = "drop"  // closes the connection
	Stall = "stall" // neither answers nor reads any more
)

// The names of the moments that are no command.
const (
	Greeting  = "greeting"
	Challenge = "challenge" // after the answer to a 334
	Body      = "body"      // after the first line of the message
	Dot       = "."         // after the whole message
)

// Fake is an SMTP server in memory that behaves as it is told. The zero value
// takes every message.
type Fake struct {
	// Says is the answer at a moment (a command's name, or one of those above), in
	// place of the good one: lines without the last CRLF, or Drop or Stall.
	// "RCPT x@y" is about one recipient.
	Says map[string]string
	// Offers are the extensions in the answer to EHLO; nil: PLAIN, SIZE, 8BITMIME.
	Offers []string

	t       testing.TB
	running sync.WaitGroup
	end     chan struct{}

	mu       sync.Mutex
	commands []string
	messages []string
}

// StartFake starts a server that ends with the test.
func StartFake(t testing.TB, says map[string]string, offers ...string) *Fake {
	f := &Fake{Says: says, Offers: offers, t: t, end: make(chan struct{})}
	if len(offers) == 0 {
		f.Offers = []string{"AUTH PLAIN", "SIZE 1000000", "8BITMIME"}
	}
	t.Cleanup(func() {
		close(f.end)
		f.running.Wait()
	})
	return f
}

// Config is how to reach it.
func (f *Fake) Config() smtp.Config {
	return smtp.Config{
		Address: mailserver.Address{Addr: "localhost:25", Security: mailserver.Clear, User: "jana@example.test"},
		Secret:  func(context.Context) (string, error) { return "secret", nil },
		Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			f.running.Go(func() {
				defer theirs.Close()
				f.serve(theirs)
			})
			return ours, nil
		},
	}
}

// Commands are the commands received so far, without the message.
func (f *Fake) Commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.commands...)
}

// Messages are the messages received whole, answered or not.
func (f *Fake) Messages() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.messages...)
}

// serve speaks on one connection until it ends.
func (f *Fake) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	asked := false // by a 334
	if !f.answer(conn, Greeting, "220 mail.example.test ESMTP") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		f.mu.Lock()
		f.commands = append(f.commands, line)
		f.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		if asked {
			verb = Challenge
		}
		asked = strings.HasPrefix(f.Says[verb], "334")
		good := "250 ok"
		switch verb {
		case "EHLO":
			good = "250-mail.example.test\r\n250-" + strings.Join(f.Offers, "\r\n250-") + "\r\n250 HELP"
		case "STARTTLS":
			good = "220 go on"
		case "AUTH", Challenge:
			good = "235 welcome"
		case "RCPT":
			if to, _, _ := strings.Cut(strings.TrimPrefix(rest, "TO:<"), ">"); f.Says["RCPT "+to] != "" {
				verb = "RCPT " + to
			}
		case "DATA":
			if !f.data(conn, in) {
				return
			}
			continue
		case "QUIT":
			f.answer(conn, "QUIT", "221 bye")
			return
		}
		if !f.answer(conn, verb, good) {
			return
		}
	}
}

// data takes a message.
func (f *Fake) data(conn net.Conn, in *bufio.Reader) bool {
	says := f.Says["DATA"]
	if !f.answer(conn, "DATA", "354 go on") {
		return false
	}
	if says != "" && !strings.HasPrefix(says, "354") {
		return true
	}
	var b strings.Builder
	for n := 0; ; n++ {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
		if says := f.Says[Body]; n == 0 && says != "" {
			f.answer(conn, Body, "")
			return false
		}
	}
	f.mu.Lock()
	f.messages = append(f.messages, b.String())
	f.mu.Unlock()
	return f.answer(conn, Dot, "250 2.0.0 queued")
}

// answer says what is to be said at a moment; false: the connection is over.
func (f *Fake) answer(conn net.Conn, moment, good string) bool {
	if says, ok := f.Says[moment]; ok {
		good = says
	}
	switch good {
	case Drop:
		return false
	case Stall:
		<-f.end
		return false
	}
	_, err := conn.Write([]byte(good + "\r\n"))
	return err == nil
}
