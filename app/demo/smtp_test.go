package demo

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	agentsmtp "postrider/agent/smtp"
	"postrider/offline"
)

func submit(w *World, auth sasl.Client, from string, to []string, text string) error {
	c, err := smtp.Dial(w.Describe().SMTP.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	if auth != nil {
		if err := c.Auth(auth); err != nil {
			return err
		}
	}
	return c.SendMail(from, to, strings.NewReader(text))
}

func letter(subject, to string) string {
	return "From: Ann Lindqvist <ann@alder.example>\r\nTo: " + to + "\r\nSubject: " + subject + "\r\nDate: " + noon.Format(time.RFC1123Z) +
		"\r\nMessage-ID: <" + subject + "@alder.example>\r\n\r\nHello,\r\nthis is about " + subject + ".\r\n"
}

func TestMailToAnnArrivesAndMailToOthersIsAnsweredOrReturned(t *testing.T) {
	w := begin(t, Options{})
	auth := sasl.NewPlainClient("", w.Describe().SMTP.User, w.Describe().SMTP.Password)
	n := len(inbox(w))
	if err := submit(w, auth, w.Address(), []string{"Ann@Alder.example"}, letter("to-me", "ann@alder.example")); err != nil {
		t.Fatal(err)
	}
	box := w.mail.Messages("INBOX")
	if len(box) != n+1 || !bytes.Contains(box[n].Raw, []byte("Subject: to-me")) || !bytes.HasPrefix(box[n].Raw, []byte("Return-Path: <ann@alder.example>")) || !box[n].Date.Equal(noon) {
		t.Fatalf("not delivered: %+v", box[len(box)-1])
	}
	for subject, to := range map[string]string{"to-hank": "hank@tillerandsons.example", "to-nobody": "nobody@nowhere.test", "to-unknown": "x@unknown.example"} {
		if err := submit(w, auth, w.Address(), []string{to}, letter(subject, to)); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
	all := bytes.Join(inbox(w)[n+1:], []byte("\r\n"))
	if bytes.Count(all, []byte("In-Reply-To: <to-hank@alder.example>")) != 1 || !bytes.Contains(all, []byte("Subject: Re: to-hank")) || !bytes.Contains(all, []byte("> this is about to-hank.")) {
		t.Error("Hank did not answer, or not once")
	}
	if bytes.Count(all, []byte("Final-Recipient: rfc822; nobody@nowhere.test")) != 1 {
		t.Error("no bounce, or more than one")
	}
	if bytes.Contains(all, []byte("to-unknown")) {
		t.Error("somebody unknown answered")
	}
	if out := w.Outbox(); len(out) != 4 || !slices.Equal(out[0].To, []string{"Ann@Alder.example"}) {
		t.Errorf("outbox: %v", out)
	}
}

func TestOnlyAnnSendsAndOnlyInHerOwnName(t *testing.T) {
	w := begin(t, Options{})
	user, password := w.Describe().SMTP.User, w.Describe().SMTP.Password
	for name, err := range map[string]error{
		"without signing in":    submit(w, nil, user, []string{user}, letter("a", user)),
		"with a wrong password": submit(w, sasl.NewPlainClient("", user, "guess"), user, []string{user}, letter("a", user)),
		"as somebody else":      submit(w, sasl.NewPlainClient("", user, password), "ceo@alder.example", []string{user}, letter("a", user)),
		"to no address":         submit(w, sasl.NewPlainClient("", user, password), user, []string{"nobody"}, letter("a", user)),
	} {
		if err == nil {
			t.Errorf("sent %s", name)
		}
	}
}

// The program's own client of SMTP: what it sends reaches the story's people,
// and they answer in the conversation.
func TestTheProgramSendsAndIsAnswered(t *testing.T) {
	w := begin(t, Options{})
	at := w.Describe().SMTP
	client := func(password string) *agentsmtp.Sender {
		c, err := agentsmtp.ParseURL("smtp://" + at.Address)
		if err != nil {
			t.Fatal(err)
		}
		c.User, c.Secret = at.User, func(context.Context) (string, error) { return password, nil }
		s, err := agentsmtp.New(c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := client(at.Password)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := letter("from-the-program", "hank@tillerandsons.example")
	msg := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil }
	e := offline.Envelope{From: w.Address(), To: []string{"hank@tillerandsons.example"}, Size: int64(len(raw))}
	if err := s.Send(t.Context(), e, msg); err != nil {
		t.Fatal(err)
	}
	if out := w.Outbox(); len(out) != 1 || string(out[0].Raw) != raw {
		t.Fatalf("sent %q", out)
	}
	for range 4 {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if all := bytes.Join(inbox(w), nil); bytes.Count(all, []byte("In-Reply-To: <from-the-program@alder.example>")) != 1 {
		t.Error("Hank did not answer, or not once")
	}
	if err := client("guess").Check(t.Context()); offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("a wrong password: %v", err)
	}
	e.From = "ceo@alder.example"
	if err := s.Send(t.Context(), e, msg); offline.ClassOf(err) != offline.FaultDenied {
		t.Errorf("in another's name: %v", err)
	}
}
