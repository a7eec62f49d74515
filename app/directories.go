package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"postrider/agent"
	"postrider/agent/dav"
	"postrider/agent/itemtext"
	"postrider/offline"
)

// DirectoryConfig says where the user's calendars and task lists are, or the
// user's address books. Without an URL there are none.
type DirectoryConfig struct {
	URL             string `toml:"url"`
	User            string `toml:"user"` // empty: the one in URL, else the mail address
	Auth            string `toml:"auth"` // password, oauthbearer
	PasswordCommand string `toml:"password_command"`
	CAFile          string `toml:"ca_file"`
}

// The sections of the configuration that name directories; the accounts go by
// the same names.
const (
	sectionCalendar = "calendar"
	sectionPeople   = "people"
)

// directory is a section of the configuration that names a server.
type directory struct {
	DirectoryConfig
	section string
	service dav.Service
	kinds   []offline.Kind
}

// directories are those that are named.
func (c *Config) directories() (list []directory) {
	for _, d := range [...]directory{
		{c.Calendar, sectionCalendar, dav.CalDAV, []offline.Kind{offline.KindAppointment, offline.KindTask}},
		{c.People, sectionPeople, dav.CardDAV, []offline.Kind{offline.KindContact}},
	} {
		if d.DirectoryConfig != (DirectoryConfig{Auth: d.Auth}) {
			list = append(list, d)
		}
	}
	return list
}

// check returns the first setting that is wrong, and why.
func (d directory) check() (key, text string) {
	if d.URL == "" {
		return "url", "missing: where the server is, such as \"https://dav.example.com/\" (`postrider discover` looks for it)"
	}
	if _, err := dav.New(dav.Config{URL: d.URL}); err != nil {
		return "url", err.Error()
	}
	if d.Auth != "password" && d.Auth != "oauthbearer" {
		return "auth", fmt.Sprintf("%q is none of password, oauthbearer", d.Auth)
	}
	return "", ""
}

// accounts makes a client for each directory that the configuration names.
func (p *Profile) accounts(secrets Secrets) (list []agent.Account, err error) {
	for _, d := range p.Config.directories() {
		c := dav.Config{URL: d.URL, User: d.user(p.Config.Mailbox.Address), Account: d.section, Services: []dav.Service{d.service}, TLS: p.Config.trust.of(d.section), Log: p.Log}
		secret := func(ctx context.Context) (string, error) { return d.secret(ctx, secrets) }
		if d.Auth == "oauthbearer" {
			c.Token = func(ctx context.Context, _ string) (string, error) { return secret(ctx) }
		} else {
			c.Secret = secret
		}
		client, err := dav.New(c)
		if err != nil {
			return nil, &configError{file: filepath.Join(p.Home, configFile), text: d.section + ".url: " + err.Error()}
		}
		p.closers = append(p.closers, client.Close)
		list = append(list, agent.Account{Name: d.section, Place: d.URL + " " + c.User, Kinds: d.kinds, Directory: client})
	}
	return list, nil
}

// user is the name to sign in with: the one that is set, else the one before the
// host, else the mail address.
func (d directory) user(address string) string {
	u, err := url.Parse(d.URL)
	if d.User != "" || err == nil && u.User.Username() != "" {
		return d.User
	}
	return address
}

// secret is the password or access token of a directory.
func (d directory) secret(ctx context.Context, secrets Secrets) (string, error) {
	if cmd := d.PasswordCommand; cmd != "" {
		return runSecret(ctx, "["+d.section+"] password_command", cmd)
	}
	s, err := secrets.Get(secretOf(d.section))
	if errors.Is(err, errNoSecret) {
		return "", fmt.Errorf("no password is kept for it; give it once with `postrider password %s`", d.section)
	}
	return s, err
}

// itemText is itemtext.Text as the agent wants it.
type itemText struct{ itemtext.Text }

// itemText reads and edits the texts of the user's items.
func (p *Profile) itemText() itemText {
	return itemText{itemtext.Text{Own: []string{offline.Fold(p.Config.Mailbox.Address)}, Three: func() bool {
		return p.Agent != nil && p.Agent.Options().ThreeAddresses
	}}}
}

func (t itemText) Read(kind offline.Kind, raw []byte, zone *time.Location) agent.ItemInfo {
	return agent.ItemInfo(t.Text.Read(kind, raw, zone))
}

// secretOf is the name of the secret of a section that names a server.
func secretOf(section string) string {
	if section == sectionMailbox {
		return secretPassword
	}
	return section + " password"
}
