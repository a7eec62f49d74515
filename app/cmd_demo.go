package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"postrider/app/demo"
	"postrider/offline"

	"github.com/spf13/cobra"
)

func (c *commands) demo() *cobra.Command {
	var headless, asJSON bool
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Look around in a small world made up for it",
		Long: `Start a small world on this computer (a mailbox, an organization, people who go
on writing) and open the window on it. Nothing outside this computer is reached.

With --headless there is no window: the main job is done once and told. With
--headless --json the world is started and described in one line, and serves
until it is interrupted.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && !headless {
				return usageError("--json goes with --headless")
			}
			return c.runDemo(cmd.Context(), dir, headless, asJSON)
		},
	}
	cmd.Flags().BoolVar(&headless, "headless", false, "without a window")
	cmd.Flags().BoolVar(&asJSON, "json", false, "describe the world in one JSON object (see docs/cli.md), then serve")
	cmd.Flags().StringVar(&dir, "dir", "", "the folder for the demo's profile; kept at the end (default: a temporary one, removed at the end)")
	return cmd
}

func (c *commands) runDemo(ctx context.Context, dir string, headless, asJSON bool) error {
	home, remove, err := demoHome(dir)
	if err != nil {
		return err
	}
	defer remove()
	w, err := demo.Start(ctx, demo.Options{Dir: home, Life: !headless || asJSON})
	if err != nil {
		return err
	}
	defer w.Close()
	about := w.Describe()
	filter := "" // in the window it is the user's own choice, to be tried there
	if headless {
		filter = "replies" // for scripts it stands in the configuration, where they can change it
	}
	if err := furnish(home, w.Address(), filter, about); err != nil {
		return err
	}
	switch {
	case asJSON:
		if err := json.NewEncoder(c.out).Encode(about); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	case headless:
		return c.tour(ctx, home, w)
	}
	return c.open(ctx, home, false)
}

// demoMark is the file that marks a folder as a demo's, which the next demo may
// clear.
const demoMark = "this-is-a-demo"

// demoHome makes the folder of a demo's profile ready.
func demoHome(dir string) (home string, remove func(), err error) {
	if dir == "" {
		home, err = os.MkdirTemp("", "postrider-demo-")
		return home, func() { os.RemoveAll(home) }, err
	}
	if home, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", nil, err
	}
	files, err := os.ReadDir(home)
	if err != nil {
		return "", nil, err
	}
	if _, err := os.Stat(filepath.Join(home, demoMark)); err != nil && len(files) > 0 {
		return "", nil, usageError(fmt.Sprintf("%s is not empty and not an earlier demo's folder; name another one with --dir", home))
	}
	for _, f := range files {
		if err := os.RemoveAll(filepath.Join(home, f.Name())); err != nil {
			return "", nil, err
		}
	}
	return home, func() {}, nil
}

// furnish writes the configuration of a profile that lives in the demo. Its
// secrets, which open nothing but the demo, are files here: a demo is not to
// put anything into the user's keyring. With an empty filter the user's choice in
// the organization holds.
func furnish(home, address, filter string, about demo.Description) error {
	key, err := offline.NewKey()
	if err != nil {
		return err
	}
	secrets := filepath.Join(home, "demo-secrets")
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, demoMark), nil, 0o600); err != nil {
		return err
	}
	command := map[string]string{}
	for name, value := range map[string]string{"password": about.IMAP.Password, "calendar": about.CalDAV.Password, "people": about.CardDAV.Password, "token": about.CRM.Token, "key": hex.EncodeToString(key)} {
		path := filepath.Join(secrets, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		command[name] = printFile(path)
	}
	at := func(scheme string, e demo.Endpoint) string {
		u := url.URL{Scheme: scheme, User: url.User(e.User), Host: e.Address}
		return u.String()
	}
	return writeConfig(filepath.Join(home, configFile), Config{
		Mailbox: MailboxConfig{Address: address, IMAP: at("imap", about.IMAP), SMTP: at("smtp", about.SMTP), PasswordCommand: command["password"]},
		Track:   TrackConfig{Filter: filter},
		CRM:     CRMConfig{Kind: "dataverse", URL: about.CRM.URL, TokenCommand: command["token"]},
		Store:   StoreConfig{KeyCommand: command["key"]},

		Calendar: DirectoryConfig{URL: about.CalDAV.URL, User: about.CalDAV.User, PasswordCommand: command["calendar"]},
		People:   DirectoryConfig{URL: about.CardDAV.URL, User: about.CardDAV.User, PasswordCommand: command["people"]},
	})
}

// printFile is the command of this system that prints a file.
func printFile(path string) string {
	if runtime.GOOS == "windows" {
		return `type "` + path + `"`
	}
	return "cat '" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// tour does the main job once and tells what was done.
func (c *commands) tour(ctx context.Context, home string, w *demo.World) error {
	say := func(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }
	about := w.Describe()
	say("The demo's mailbox is at %s, its organization at %s.", about.IMAP.Address, about.CRM.URL)
	p, err := openProfile(ctx, home)
	if err != nil {
		return err
	}
	defer func() { p.Close() }()
	first, err := p.Agent.SyncOnce(ctx)
	if err != nil {
		return err
	}
	say("First sync: %d messages seen, %d are tracked (answers to mail that is in the CRM, and what colleagues tracked), %d are not. %d mailbox and %d CRM requests.",
		first.Counts.Seen, first.Counts.Tracked, first.Counts.Skipped, first.Requests.IMAP, first.Requests.CRM)

	if err := c.tourItems(ctx, p); err != nil {
		return err
	}
	m, regarding, err := untrackedCustomer(p.Store)
	if err != nil {
		return err
	}
	if _, err := p.Agent.Track([]uint64{m.Key}, regarding.Ref); err != nil {
		return err
	}
	if _, err := p.Agent.SyncOnce(ctx); err != nil {
		return err
	}
	now, err := describe(p.Store, []uint64{m.Key})
	if err != nil {
		return err
	}
	say("Tracked by hand: %q by %s, regarding %q. It is %s now.", m.Subject, m.From[0].Name, regarding.Name, now.Messages[0].State)

	if err := p.Close(); err != nil {
		return err
	}
	say("Postrider was closed. Meanwhile mail arrives:")
	for range 6 {
		if err := w.Step(); err != nil {
			return err
		}
	}
	if p, err = openProfile(ctx, home); err != nil {
		return err
	}
	before := p.Agent.Status().Counts
	r, err := p.Agent.SyncOnce(ctx)
	if err != nil {
		return err
	}
	say("Catch-up: %d new messages, %d of them tracked by themselves.", r.Counts.Seen-before.Seen, r.Counts.Tracked-before.Tracked)
	r, err = p.Agent.SyncOnce(ctx)
	if err != nil {
		return err
	}
	say("And again: nothing to do, %d writes, %d mailbox and %d CRM requests.", r.Requests.CRMWrites, r.Requests.IMAP, r.Requests.CRM)
	if r.Counts.Failed > 0 || r.Counts.Waiting > 0 {
		return fmt.Errorf("%d messages failed and %d wait", r.Counts.Failed, r.Counts.Waiting)
	}
	say("With a display, `postrider demo` opens the window on this world.")
	return nil
}

// tourItems brings the calendars and people together with the organization, as
// `sync --once --yes` does.
func (c *commands) tourItems(ctx context.Context, p *Profile) error {
	match, err := matches(p.Agent)
	if err != nil {
		return err
	}
	printItems(c.out, nil, match)
	if _, err := confirm(p.Agent); err != nil {
		return err
	}
	r, err := p.Agent.SyncOnce(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "They were given it: %d requests to calendars and address books, %d of them writes.\n", r.Requests.DAV, r.Requests.DAVWrites)
	items, err := p.Agent.ItemCounts()
	if err != nil {
		return err
	}
	printItems(c.out, items, nil)
	return nil
}

var errNothingToTrack = errors.New("the demo has no message of a customer that is not tracked")

// untrackedCustomer finds the newest message that is not tracked and whose
// sender is a contact of an account, and what it may be about.
func untrackedCustomer(s *offline.Store) (m offline.Message, about offline.Record, err error) {
	err = s.View(func(tx *offline.Tx) error {
		keys, err := tx.FolderKeys(0)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if m, err = tx.Message(key); err != nil {
				return err
			}
			if m.Track.State != offline.Untracked || m.Outgoing || len(m.From) == 0 {
				continue
			}
			people, err := tx.RecordsByAddress(m.From[0].Addr)
			if err != nil {
				return err
			}
			for _, r := range people {
				if r.Kind != offline.KindContact || r.Parent.IsZero() {
					continue
				}
				if about, err = tx.Record(r.Parent); err == nil {
					return nil
				}
			}
		}
		return errNothingToTrack
	})
	return m, about, err
}
