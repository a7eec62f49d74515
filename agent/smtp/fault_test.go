package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"postrider/agent/mailserver"
	"postrider/agent/smtp"
	"postrider/agent/smtp/smtptest"
	"postrider/offline"
)

const text = "From: jana@example.test\r\nSubject: hello\r\n\r\n.one\r\ntwo\r\n"

// long does not fit into any buffer.
var long = text + strings.Repeat("and so on\r\n", 100_000)

func whole(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

func envelope(to ...string) offline.Envelope {
	if len(to) == 0 {
		to = []string{"a@example.test", "b@example.test"}
	}
	return offline.Envelope{From: "jana@example.test", To: to, Size: int64(len(text))}
}

func newSender(t *testing.T, c smtp.Config, change ...func(*smtp.Config)) *smtp.Sender {
	t.Helper()
	c.Timeout, c.AnswerTimeout = 200*time.Millisecond, 200*time.Millisecond
	for _, f := range change {
		f(&c)
	}
	s, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMessageGoesToAllAndTheConnectionEnds(t *testing.T) {
	f := smtptest.StartFake(t, nil)
	s := newSender(t, f.Config())
	if err := s.Send(t.Context(), envelope(), whole(text)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"EHLO [127.0.0.1]", "EHLO [127.0.0.1]", "AUTH PLAIN AGphbmFAZXhhbXBsZS50ZXN0AHNlY3JldA==",
		fmt.Sprintf("MAIL FROM:<jana@example.test> BODY=8BITMIME SIZE=%d", len(text)), "RCPT TO:<a@example.test>", "RCPT TO:<b@example.test>", "DATA", "QUIT",
	}
	if got := f.Commands(); !slices.Equal(got, want) {
		t.Errorf("commands\n%s", strings.Join(got, "\n"))
	}
	if got := f.Messages(); len(got) != 1 || got[0] != text {
		t.Errorf("messages %q", got)
	}
}

// TestEveryFailureIsClassified drops, stalls and refuses at each moment: only
// after the final dot is there doubt, and everything else sent nothing.
func TestEveryFailureIsClassified(t *testing.T) {
	const (
		network, throttled, auth, tls = offline.FaultNetwork, offline.FaultThrottled, offline.FaultAuth, offline.FaultTLS
		denied, rejected, doubt       = offline.FaultDenied, offline.FaultRejected, offline.FaultDoubt
		protocol, none                = offline.FaultProtocol, offline.FaultClass("")
	)
	type row struct {
		moment, says string
		class        offline.FaultClass
		want         string // in the error
	}
	rows := []row{
		{"greeting", "421 4.3.2 shutting down", throttled, "shutting down"},
		{"greeting", "554 no service here", denied, "no service here"},
		{"greeting", "* OK IMAP4rev1 ready", protocol, "not an SMTP server"},
		{"greeting", "HTTP/1.1 400 Bad Request\r\n\r\n<html>", protocol, "not an SMTP server"},
		{"greeting", "+OK POP3", protocol, "not an SMTP server"},
		{"EHLO", "421 too busy", throttled, "too busy"},
		{"EHLO", "550 who are you", denied, "who are you"},
		{"AUTH", "535 5.7.8 bad credentials", auth, "as jana@example.test: the server says: 535 5.7.8 bad credentials"},
		{"AUTH", "454 4.7.0 try later", throttled, "try later"},
		{"AUTH", "538 5.7.11 encryption required", tls, "encryption"},
		{"AUTH", "504 unknown mechanism", auth, "unknown mechanism"},
		{"AUTH", "334 more", auth, "asks for more"},
		{"MAIL", "530 5.7.0 authentication required", auth, "authentication required"},
		{"MAIL", "530 5.7.0 Must issue a STARTTLS command first", tls, "STARTTLS"},
		{"MAIL", "451 4.3.0 later", throttled, "later"},
		{"MAIL", "553 5.7.1 not your address", denied, "not your address"},
		{"MAIL", "552 5.3.4 too large", rejected, "too large"},
		{"MAIL", "250-ok\r\nrubbish", network, "does not answer"},
		{"MAIL", "rubbish", protocol, "makes no sense"},
		{"MAIL", "999 what", protocol, "makes no sense"},
		{"MAIL", "250 early", none, ""},
		{"RCPT", "450 4.2.1 greylisted", throttled, "greylisted"},
		{"RCPT", "550 5.1.1 no such user", rejected, "nobody got it"},
		{"RCPT", "421 closing", throttled, "closing"},
		{"RCPT", "452 4.5.3 too many recipients", rejected, "no more than 0 recipients"},
		{"RCPT b@example.test", "452 4.5.3 too many recipients", rejected, "no more than 1 recipients"},
		{"RCPT b@example.test", "550 5.1.1 no such user", rejected, "b@example.test (550 5.1.1 no such user)"},
		{"RCPT b@example.test", "252 will try", none, ""},
		{"DATA", "554 5.7.1 no", rejected, "5.7.1 no"},
		{"DATA", "451 later", throttled, "later"},
		{"DATA", "250 yes", protocol, "makes no sense"},
		{"body", "552 5.3.4 too large", rejected, "too large"},
		{".", "250-one\r\n250 two", none, ""},
		{".", "251 as good", none, ""},
		{".", "451 4.3.0 disk full", throttled, "disk full"},
		{".", "421 closing", throttled, "closing"},
		{".", "554 5.7.1 spam", rejected, "spam"},
		{".", "354 again", doubt, "may have been sent"},
		{".", "250-never\r\n354 mixed", doubt, "may have been sent"},
		{".", "ok", doubt, "may have been sent"},
		{"QUIT", "500 no", none, ""},
		{"QUIT", "drop", none, ""},
	}
	for _, moment := range []string{"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "body", "."} {
		class := network
		if moment == "." {
			class = doubt
		}
		rows = append(rows, row{moment, "drop", class, "closed"}, row{moment, "stall", class, "does not answer"})
		if moment != "body" {
			if class == network {
				class = protocol
			}
			rows = append(rows, row{moment, "250-" + strings.Repeat("x", 1500) + strings.Repeat("\r\n250-"+strings.Repeat("x", 1500), 400), class, ""})
			rows = append(rows, row{moment, "220 " + strings.Repeat("x", 300_000), class, ""})
		}
	}
	for _, r := range rows {
		t.Run(r.moment+" "+r.says[:min(30, len(r.says))], func(t *testing.T) {
			f := smtptest.StartFake(t, map[string]string{r.moment: r.says})
			s := newSender(t, f.Config())
			msg := text
			if r.moment == "body" {
				msg = long
			}
			err := s.Send(t.Context(), envelope(), whole(msg))
			if got := offline.ClassOf(err); got != r.class || err == nil != (r.class == none) {
				t.Fatalf("class %q, want %q: %v", got, r.class, err)
			}
			if err != nil && !strings.Contains(err.Error(), r.want) || err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
			if sent := len(f.Messages()) > 0; sent && r.moment != "." && r.moment != "QUIT" && r.class != none {
				t.Error("it was sent")
			}
		})
	}
}

func TestAWorseRefusalCountsAndAllAreNamed(t *testing.T) {
	f := smtptest.StartFake(t, map[string]string{"RCPT a@example.test": "450 later", "RCPT c@example.test": "550 5.1.1 no such user"})
	err := newSender(t, f.Config()).Send(t.Context(), envelope("a@example.test", "b@example.test", "c@example.test"), whole(text))
	if offline.ClassOf(err) != offline.FaultRejected || !strings.Contains(err.Error(), "a@example.test (450 later), c@example.test (550 5.1.1 no such user); nobody got it") {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	if slices.Contains(f.Commands(), "DATA") {
		t.Error("the message was sent to the others")
	}
	var many []string
	says := map[string]string{}
	for i := range 30 {
		many = append(many, fmt.Sprintf("x%d@example.test", i))
		says["RCPT "+many[i]] = "550 no"
	}
	err = newSender(t, smtptest.StartFake(t, says).Config()).Send(t.Context(), envelope(many...), whole(text))
	if !strings.Contains(err.Error(), "x9@example.test (550 no) and 20 more") || strings.Contains(err.Error(), "x10@") {
		t.Error(err)
	}
}

func TestCancellingEndsASubmissionAtOnceAndTellsWhetherThereIsDoubt(t *testing.T) {
	for moment, want := range map[string]offline.FaultClass{"greeting": offline.FaultNetwork, "AUTH": offline.FaultNetwork, "MAIL": offline.FaultNetwork, "body": offline.FaultNetwork, ".": offline.FaultDoubt} {
		f := smtptest.StartFake(t, map[string]string{moment: smtptest.Stall})
		s := newSender(t, f.Config(), func(c *smtp.Config) { c.Timeout, c.AnswerTimeout, c.DialTimeout = time.Hour, time.Hour, time.Hour })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		msg := text
		if moment == "body" {
			msg = long
		}
		err := s.Send(ctx, envelope(), whole(msg))
		if offline.ClassOf(err) != want || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: class %q, want %q: %v", moment, offline.ClassOf(err), want, err)
		}
	}
}

func TestAServerThatTakesNoMoreOfALongMessageIsGivenUp(t *testing.T) {
	f := smtptest.StartFake(t, map[string]string{"body": smtptest.Stall}, "AUTH PLAIN")
	err := newSender(t, f.Config()).Send(t.Context(), envelope(), whole(strings.Repeat("line\r\n", 1<<20)))
	if offline.ClassOf(err) != offline.FaultNetwork {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}

func TestAMessageThatCanNotBeReadIsNotSentInPart(t *testing.T) {
	f := smtptest.StartFake(t, nil)
	s := newSender(t, f.Config())
	broken := errors.New("broken")
	err := s.Send(t.Context(), envelope(), func() (io.ReadCloser, error) { return nil, broken })
	if !errors.Is(err, broken) || offline.ClassOf(err) != "" || slices.Contains(f.Commands(), "DATA") {
		t.Errorf("%v, %v", err, f.Commands())
	}
	err = s.Send(t.Context(), envelope(), func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat(text, 1000)), iotest.ErrReader(broken))), nil
	})
	if !errors.Is(err, broken) || offline.ClassOf(err) != "" || len(f.Messages()) != 0 {
		t.Errorf("%v, %d messages", err, len(f.Messages()))
	}
}

func TestWhatTheServerCanNotTakeIsRefusedBeforeItIsSent(t *testing.T) {
	utf8 := envelope("jiří@example.test", "b@žluť.example")
	for name, c := range map[string]struct {
		offers []string
		e      offline.Envelope
		text   string
		want   string
	}{
		"too large":     {[]string{"SIZE 20"}, envelope(), text, "takes 0.0 MB at most"},
		"no SMTPUTF8":   {[]string{"8BITMIME"}, utf8, text, "SMTPUTF8): jiří@example.test, b@žluť.example"},
		"no 8BITMIME":   {[]string{"SIZE"}, envelope(), "Subject: ž\r\n\r\n", "8BITMIME"},
		"for nobody":    {nil, offline.Envelope{From: "jana@example.test"}, text, "for nobody"},
		"no sender":     {nil, offline.Envelope{To: []string{"a@example.test"}}, text, `"" is not`},
		"a line end":    {nil, envelope("a@example.test\r\nRCPT TO:<evil@example.test>"), text, "is not a mail address"},
		"a parameter":   {nil, envelope("a@example.test> NOTIFY=NEVER"), text, "is not a mail address"},
		"no domain":     {nil, envelope("root"), text, "is not a mail address"},
		"blank in name": {nil, envelope("a b@example.test"), text, "is not a mail address"},
	} {
		f := smtptest.StartFake(t, nil, c.offers...)
		err := newSender(t, f.Config()).Send(t.Context(), c.e, whole(c.text))
		if offline.ClassOf(err) != offline.FaultRejected || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
		if len(f.Messages()) > 0 {
			t.Errorf("%s: sent", name)
		}
	}
	for _, size := range []string{"SIZE", "SIZE 0", "SIZE many", "SIZE 99999999999999999999999"} {
		f := smtptest.StartFake(t, nil, size)
		if err := newSender(t, f.Config()).Send(t.Context(), envelope(), whole(text)); err != nil {
			t.Errorf("%s: %v", size, err)
		}
	}
}

func TestSMTPUTF8IsUsedOnlyWhereAnAddressNeedsIt(t *testing.T) {
	for to, want := range map[string]bool{"jiří@example.test": true, "jana@example.test": false, `"jana k"@example.test`: false} {
		f := smtptest.StartFake(t, nil, "SMTPUTF8", "8BITMIME")
		if err := newSender(t, f.Config()).Send(t.Context(), envelope(to), whole(text)); err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(f.Commands(), func(s string) bool {
			return strings.HasPrefix(s, "MAIL") && strings.HasSuffix(s, " SMTPUTF8")
		})
		if got != want || !slices.Contains(f.Commands(), "RCPT TO:<"+to+">") {
			t.Errorf("%s: %q", to, f.Commands())
		}
	}
}

func TestWithoutTLSNothingSecretIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		says   map[string]string
		offers []string
		class  offline.FaultClass
		want   string
	}{
		"not offered":     {nil, []string{"AUTH PLAIN"}, offline.FaultTLS, "does not offer to start TLS"},
		"an old server":   {map[string]string{"EHLO": "502 what"}, nil, offline.FaultTLS, "does not offer to start TLS"},
		"refused":         {map[string]string{"STARTTLS": "554 no"}, []string{"STARTTLS"}, offline.FaultTLS, "554 no"},
		"not now":         {map[string]string{"STARTTLS": "454 4.7.0 later"}, []string{"STARTTLS"}, offline.FaultThrottled, "later"},
		"words put in":    {map[string]string{"STARTTLS": "220 go\r\n250 AUTH PLAIN"}, []string{"STARTTLS"}, offline.FaultTLS, "tampered"},
		"no TLS follows":  {nil, []string{"STARTTLS"}, offline.FaultNetwork, "closed"},
		"dropped":         {map[string]string{"STARTTLS": smtptest.Drop}, []string{"STARTTLS"}, offline.FaultNetwork, "closed"},
		"stalled":         {map[string]string{"STARTTLS": smtptest.Stall}, []string{"STARTTLS"}, offline.FaultNetwork, "does not answer"},
		"the name inside": {nil, []string{"XSTARTTLS", "AUTH STARTTLS"}, offline.FaultTLS, "does not offer to start TLS"},
	} {
		f := smtptest.StartFake(t, c.says, c.offers...)
		err := newSender(t, f.Config(), func(cfg *smtp.Config) { cfg.Addr, cfg.Security = "mail.example.test:587", mailserver.StartTLS }).Check(t.Context())
		if name == "no TLS follows" {
			if err == nil {
				t.Error("no TLS, and no error")
			}
		} else if offline.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
		for _, line := range f.Commands() {
			if strings.HasPrefix(line, "AUTH") || strings.HasPrefix(line, "MAIL") {
				t.Errorf("%s: said %q in clear", name, line)
			}
		}
	}
}

func TestSigningInFitsTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		auth   mailserver.Auth
		offers string
		says   map[string]string
		class  offline.FaultClass
		want   string // the AUTH command, or in the error
	}{
		"plain first":       {mailserver.Password, "AUTH LOGIN PLAIN", nil, "", "AUTH PLAIN AGphbmFAZXhhbXBsZS50ZXN0AHNlY3JldA=="},
		"a token":           {mailserver.XOAUTH2, "AUTH PLAIN XOAUTH2", nil, "", "AUTH XOAUTH2 dXNlcj1qYW5hQGV4YW1wbGUudGVzdAFhdXRoPUJlYXJlciBzZWNyZXQBAQ=="},
		"a token by itself": {mailserver.Auto, "AUTH XOAUTH2", nil, "", "AUTH XOAUTH2 dXNlcj1qYW5hQGV4YW1wbGUudGVzdAFhdXRoPUJlYXJlciBzZWNyZXQBAQ=="},
		"a bearer":          {mailserver.OAUTHBEARER, "AUTH OAUTHBEARER", nil, "", "AUTH OAUTHBEARER bixhPWphbmFAZXhhbXBsZS50ZXN0LAFob3N0PWxvY2FsaG9zdAFwb3J0PTI1AWF1dGg9QmVhcmVyIHNlY3JldAEB"},
		"no password taken": {mailserver.Password, "AUTH XOAUTH2", nil, offline.FaultAuth, "accepts no password"},
		"login":             {mailserver.Password, "AUTH LOGIN", map[string]string{"AUTH": "334 VXNlcm5hbWU6", "challenge": "235 ok"}, "", "AUTH LOGIN"},
		"none at all":       {mailserver.Password, "SIZE", nil, "", ""},
		"why not":           {mailserver.XOAUTH2, "AUTH XOAUTH2", map[string]string{"AUTH": "334 eyJzdGF0dXMiOiI0MDAifQ==", "challenge": "535 5.7.8 no"}, offline.FaultAuth, `535 5.7.8 no ({"status":"400"})`},
	} {
		f := smtptest.StartFake(t, c.says, c.offers)
		err := newSender(t, f.Config(), func(cfg *smtp.Config) { cfg.Auth = c.auth }).Check(t.Context())
		if offline.ClassOf(err) != c.class || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: class %q: %v", name, offline.ClassOf(err), err)
		}
		said := ""
		for _, line := range f.Commands() {
			if strings.HasPrefix(line, "AUTH") {
				said = line
			}
		}
		if err == nil && said != c.want {
			t.Errorf("%s: said %q", name, said)
		}
	}
	locked := errors.New("the keyring is locked")
	f := smtptest.StartFake(t, nil)
	err := newSender(t, f.Config(), func(c *smtp.Config) { c.Secret = func(context.Context) (string, error) { return "", locked } }).Check(t.Context())
	if offline.ClassOf(err) != offline.FaultAuth || !errors.Is(err, locked) {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
}
