package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/agent"
	"postrider/agent/imap"
	"postrider/offline"
)

// What the agent looks for in a mailbox beside what it must have; where it were
// not there nobody would be told.
var _ agent.Waker = (*imap.Mailbox)(nil)

func TestTheConfigurationThatIsWrittenIsReadBack(t *testing.T) {
	yes := true
	want := Config{
		Mailbox: MailboxConfig{Address: "ann@b.example", IMAP: "imaps://ann%40b.example@h:993", SMTP: "smtps://h", Auth: "xoauth2", PasswordCommand: `cat 'a "file"'`, SMTPPasswordCommand: "cat b", CAFile: `C:\ca.pem`},
		Track:   TrackConfig{Filter: "people", Since: "2026-01-31", Folders: []string{"INBOX", `a"b`}, Sent: &yes},
		CRM:     CRMConfig{Kind: "dataverse", URL: "https://x.example", TokenCommand: "t", ClientID: "c", Tenant: "common"},
		Store:   StoreConfig{KeyCommand: "k"},

		Calendar: DirectoryConfig{URL: "https://dav.example/", Auth: "oauthbearer", PasswordCommand: "cat c"},
		People:   DirectoryConfig{URL: "https://people.example/", User: "ann", Auth: "password", PasswordCommand: "cat d", CAFile: "/ca.pem"},
	}
	path := filepath.Join(t.TempDir(), "sub", configFile)
	if err := writeConfig(path, want); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseConfig(path, raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if got.Mailbox != want.Mailbox || got.CRM != want.CRM || got.Store != want.Store || got.Calendar != want.Calendar || got.People != want.People || strings.Join(got.Track.Folders, "|") != strings.Join(want.Track.Folders, "|") || got.Track.Sent == nil || !*got.Track.Sent || got.Track.Since != want.Track.Since {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := writeConfig(path, want); err == nil {
		t.Error("a configuration was overwritten")
	}
}

func TestTheLogLeavesOutWhatTellsAboutPeople(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{ReplaceAttr: discreet}))
	log.Info("synced", "seen", 12, "password", "hunter2", "subject", "Offer for Brno",
		"err", errors.New(`create email <id-1@secret.example> from ann@alder.example: the "Offer for Brno" is too long`))
	for _, secret := range []string{"hunter2", "Brno", "secret.example", "alder.example", "id-1"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("the log tells %q: %s", secret, b.String())
		}
	}
	if !strings.Contains(b.String(), `"seen":12`) || !strings.Contains(b.String(), "too long") {
		t.Errorf("the log tells too little: %s", b.String())
	}
}

func TestASecondPostriderReachesTheFirst(t *testing.T) {
	for name, home := range map[string]string{"a short path": t.TempDir(), "a path too long for a socket": filepath.Join(t.TempDir(), strings.Repeat("x", 120))} {
		t.Run(name, func(t *testing.T) {
			if err := os.MkdirAll(home, 0o700); err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			if err := ask(ctx, home, request{Do: "show"}, nil); !errors.Is(err, errNotRunning) {
				t.Fatalf("nobody runs, yet: %v", err)
			}
			hang := make(chan struct{})
			stop, err := serveInstance(ctx, home, func(ctx context.Context, r request) (any, error) {
				switch r.Do {
				case "hang":
					close(hang)
					<-ctx.Done()
					return nil, ctx.Err()
				case "fail":
					return nil, errors.New("no")
				}
				return offline.Counts{Seen: len(r.Messages)}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var c offline.Counts
			if err := ask(ctx, home, request{Do: "status", Messages: []string{"a", "b"}}, &c); err != nil || c.Seen != 2 {
				t.Errorf("%+v %v", c, err)
			}
			if err := ask(ctx, home, request{Do: "fail"}, nil); err == nil || err.Error() != "no" {
				t.Errorf("got %v", err)
			}
			// One that goes away does not keep the running one busy.
			brief, cancel := context.WithCancel(ctx)
			go func() { <-hang; cancel() }()
			if err := ask(brief, home, request{Do: "hang"}, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			ended := make(chan struct{})
			go func() { stop(); close(ended) }()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Fatal("it did not end")
			}
			if err := ask(ctx, home, request{Do: "show"}, nil); !errors.Is(err, errNotRunning) {
				t.Errorf("it ended, yet: %v", err)
			}
		})
	}
}

func TestASecretCommandNeverShowsItsOutput(t *testing.T) {
	ctx := context.Background()
	if s, err := runSecret(ctx, "x", "printf 'first\\nsecond\\n'"); err != nil || s != "first" {
		t.Errorf("got %q, %v", s, err)
	}
	_, err := runSecret(ctx, "[mailbox] password_command", "echo hunter2; exit 1")
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "password_command") {
		t.Errorf("got %v", err)
	}
	if _, err := runSecret(ctx, "x", "true"); err == nil {
		t.Error("no output was taken for a secret")
	}
}
