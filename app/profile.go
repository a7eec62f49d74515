package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"postrider/agent"
	"postrider/agent/dataverse"
	"postrider/agent/imap"
	"postrider/agent/mailserver"
	"postrider/agent/smtp"
	"postrider/agent/track"
	"postrider/app/localorg"
	"postrider/offline"
)

// Profile is an open profile: its store and the agent that works on it.
type Profile struct {
	Home   string
	Config *Config
	Store  *offline.Store
	Agent  *agent.Agent
	Sender *smtp.Sender // nil: the profile names no server for sending
	Log    *slog.Logger

	directories []agent.Account

	closers []func() error // run last to first
}

// homeOf returns the profile's home: what was asked for, or the environment's
// word, or the user's configuration folder.
func homeOf(flag string) (string, error) {
	home := flag
	if home == "" {
		home = os.Getenv("POSTRIDER_HOME")
	}
	if home == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", usageError("no folder for the profile: name one with --home (" + err.Error() + ")")
		}
		home = filepath.Join(dir, "postrider")
	}
	return filepath.Abs(home)
}

// openProfile opens the profile of a home: configuration, key, store, servers.
// No server is asked yet.
func openProfile(ctx context.Context, home string) (_ *Profile, err error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make the profile's folder: %w", err)
	}
	cfg, err := loadConfig(home)
	if err != nil {
		return nil, err
	}
	p := &Profile{Home: home, Config: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	log, closer, err := openLog(home, logLevel())
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	p.Log = log
	p.closers = append(p.closers, closer.Close)

	secrets, key, err := p.openStore(ctx, func(id string) Secrets { return newKeyring(id) })
	if err != nil {
		return nil, err
	}
	if err := p.connect(secrets, key); err != nil {
		return nil, err
	}
	return p, nil
}

// Close lets go of everything, last opened first.
func (p *Profile) Close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(errs...)
}

func logLevel() slog.Level {
	if os.Getenv("POSTRIDER_DEBUG") != "" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// connect makes the servers' clients and the agent.
func (p *Profile) connect(secrets Secrets, key []byte) error {
	since, err := p.Config.since()
	if err != nil {
		return err
	}
	mailbox, err := p.mailbox(secrets)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, mailbox.Close)
	reader, err := p.mailbox(secrets)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, reader.Close)
	if p.Sender, err = p.sender(secrets); err != nil {
		return err
	}
	crm, err := p.crm(secrets, key)
	if err != nil {
		return err
	}
	if p.directories, err = p.accounts(secrets); err != nil {
		return err
	}
	sent := p.Config.Track.Sent == nil || *p.Config.Track.Sent
	p.Agent, err = agent.New(agent.Config{
		Store: p.Store, Mailbox: mailbox, Reader: reader, CRM: crm, Log: p.Log,
		Poller: mailbox, Marker: mailbox, Network: network,
		Accounts: p.directories, ItemText: p.itemText(), ItemCRM: crm,
		Sender: senderOrNil(p.Sender), Filer: mailbox, Tokens: crm, TemplateSource: crm, PendingMail: crm, Pages: crm, Conversations: crm,
		Settings: agent.Settings{
			Filter: track.Filter(strings.ToLower(strings.TrimSpace(p.Config.Track.Filter))), Since: since, Folders: p.Config.Track.Folders,
			Sent: sent, SentFixed: p.Config.Track.Sent != nil, Own: []string{offline.Fold(p.Config.Mailbox.Address)},
		},
	})
	return err
}

// senderOrNil keeps "no server" from becoming an interface that is not nil.
func senderOrNil(s *smtp.Sender) agent.Sender {
	if s == nil {
		return nil
	}
	return s
}

// mailbox makes a client of the mailbox.
func (p *Profile) mailbox(secrets Secrets) (*imap.Mailbox, error) {
	m := p.Config.Mailbox
	c, err := imap.ParseURL(m.IMAP)
	if err != nil {
		return nil, &configError{file: filepath.Join(p.Home, configFile), text: "mailbox.imap: " + err.Error()}
	}
	if c.User == "" {
		c.User = m.Address
	}
	c.Auth = m.auth()
	c.Secret = func(ctx context.Context) (string, error) { return p.password(ctx, secrets) }
	c.Log, c.TLS = p.Log, p.Config.trust.mailbox
	return imap.New(c)
}

// sender makes a client of the server for sending; nil where none is named.
func (p *Profile) sender(secrets Secrets) (*smtp.Sender, error) {
	m := p.Config.Mailbox
	if m.SMTP == "" {
		return nil, nil
	}
	c, err := smtp.ParseURL(m.SMTP)
	if err != nil {
		return nil, &configError{file: filepath.Join(p.Home, configFile), text: "mailbox.smtp: " + err.Error()}
	}
	if c.User == "" {
		box, err := imap.ParseURL(m.IMAP)
		if err != nil {
			return nil, &configError{file: filepath.Join(p.Home, configFile), text: "mailbox.imap: " + err.Error()}
		}
		if c.User = box.User; c.User == "" {
			c.User = m.Address
		}
	}
	c.Auth = m.auth()
	c.Secret = func(ctx context.Context) (string, error) {
		if cmd := m.SMTPPasswordCommand; cmd != "" {
			return runSecret(ctx, "[mailbox] smtp_password_command", cmd)
		}
		return p.password(ctx, secrets)
	}
	c.Log, c.TLS = p.Log, p.Config.trust.mailbox
	return smtp.New(c)
}

// auth is the way to sign in that the configuration names.
func (m MailboxConfig) auth() mailserver.Auth {
	return map[string]mailserver.Auth{"password": mailserver.Password, "xoauth2": mailserver.XOAUTH2, "oauthbearer": mailserver.OAUTHBEARER}[m.Auth]
}

func (p *Profile) password(ctx context.Context, secrets Secrets) (string, error) {
	if cmd := p.Config.Mailbox.PasswordCommand; cmd != "" {
		return runSecret(ctx, "[mailbox] password_command", cmd)
	}
	s, err := secrets.Get(secretPassword)
	if errors.Is(err, errNoSecret) {
		return "", errors.New("no password is kept for this mailbox; give it once with `postrider password`")
	}
	return s, err
}

// crm makes a client of the CRM.
func (p *Profile) crm(secrets Secrets, key []byte) (*dataverse.Client, error) {
	if p.Config.CRM.Kind == "local" {
		return p.localCRM(key)
	}
	return dataverse.New(dataverse.Config{URL: p.Config.CRM.URL, Token: p.token(secrets), Log: p.Log, Items: len(p.Config.directories()) > 0})
}

// localCRM opens the organization on this computer and speaks to it in process.
func (p *Profile) localCRM(key []byte) (*dataverse.Client, error) {
	org, err := localorg.Open(localorg.Options{Path: filepath.Join(p.Home, "organization.db"), Key: key, Log: p.Log})
	if err != nil {
		return nil, fmt.Errorf("open the organization on this computer: %w", err)
	}
	p.closers = append(p.closers, org.Close)
	user, err := localUser(org, p.Config.Mailbox.Address)
	if err != nil {
		return nil, fmt.Errorf("find the user in the organization on this computer: %w", err)
	}
	return dataverse.New(dataverse.Config{URL: localURL, Transport: org.Transport(user), Log: p.Log, Items: len(p.Config.directories()) > 0})
}

// localURL is the name of an organization that is reached without a network.
const localURL = "http://localhost"

// localUser finds the user of this address, and makes them at the first start.
func localUser(org *localorg.Org, address string) (string, error) {
	users := org.Rows("systemuser", func(row map[string]any) bool {
		s, _ := row["internalemailaddress"].(string)
		return offline.Fold(s) == offline.Fold(address)
	})
	if len(users) > 0 {
		id, _ := users[0]["systemuserid"].(string)
		return id, nil
	}
	local, _, _ := strings.Cut(address, "@")
	return org.AddUser("", local, address)
}
