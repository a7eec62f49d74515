package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"postrider/agent/imap"
	"postrider/agent/smtp"
	"postrider/agent/track"

	"github.com/pelletier/go-toml/v2"
)

// Config is config.toml.
type Config struct {
	Mailbox MailboxConfig `toml:"mailbox"`
	Track   TrackConfig   `toml:"track"`
	CRM     CRMConfig     `toml:"crm"`
	Store   StoreConfig   `toml:"store"`

	Calendar DirectoryConfig `toml:"calendar"`
	People   DirectoryConfig `toml:"people"`

	trust trust
}

// MailboxConfig says where the mailbox is.
type MailboxConfig struct {
	Address         string `toml:"address"`
	IMAP            string `toml:"imap"`
	SMTP            string `toml:"smtp"`
	Auth            string `toml:"auth"` // password, xoauth2, oauthbearer
	PasswordCommand string `toml:"password_command"`
	// SMTPPasswordCommand is for a server for sending that wants another
	// password than the mailbox.
	SMTPPasswordCommand string `toml:"smtp_password_command"`
	CAFile              string `toml:"ca_file"`
}

// TrackConfig says what is tracked by itself.
type TrackConfig struct {
	Filter  string   `toml:"filter"`
	Since   string   `toml:"since"`
	Folders []string `toml:"folders"`
	Sent    *bool    `toml:"sent"`
}

// CRMConfig says where the CRM is.
type CRMConfig struct {
	Kind         string `toml:"kind"`
	URL          string `toml:"url"`
	TokenCommand string `toml:"token_command"`
	ClientID     string `toml:"client_id"`
	Tenant       string `toml:"tenant"`
}

// StoreConfig says where the store's key is.
type StoreConfig struct {
	KeyCommand string `toml:"key_command"`
}

// configError is a mistake in the configuration; the program ends with exit
// code 2 on it.
type configError struct {
	file string
	line int
	text string
}

func (e *configError) Error() string {
	if e.line == 0 {
		return fmt.Sprintf("%s: %s", e.file, e.text)
	}
	return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text)
}

// configFile is the name of the configuration in a profile's home.
const configFile = "config.toml"

// loadConfig reads and checks the configuration. Where there is none, one with
// comments is written and the error says what to fill in.
func loadConfig(home string) (*Config, error) {
	path := filepath.Join(home, configFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeConfig(path, Config{CRM: CRMConfig{Kind: "local"}, Track: TrackConfig{Filter: string(track.Replies)}}); err != nil {
			return nil, err
		}
		return nil, &configError{file: path, text: "this is a new profile: fill in the [mailbox] section of this file, which was made just now, and start again (or see `postrider demo`)"}
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := parseConfig(path, raw)
	if err != nil {
		return nil, err
	}
	if key, err := c.readTrust(); err != nil {
		return nil, &configError{file: path, line: lineOf(raw, key), text: key + ": " + err.Error()}
	}
	return c, nil
}

func parseConfig(path string, raw []byte) (*Config, error) {
	var c Config
	if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&c); err != nil {
		return nil, tomlError(path, err)
	}
	c.fill()
	if key, text := c.check(); text != "" {
		return nil, &configError{file: path, line: lineOf(raw, key), text: strings.TrimPrefix(key, ".") + ": " + text}
	}
	return &c, nil
}

// tomlError names the line of a mistake that the decoder found.
func tomlError(path string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		first := unknown.Errors[0]
		line, _ := first.Position()
		return &configError{file: path, line: line, text: fmt.Sprintf("%s: there is no such setting", strings.Join(first.Key(), "."))}
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, _ := syntax.Position()
		return &configError{file: path, line: line, text: wordTOML(syntax)}
	}
	return &configError{file: path, text: err.Error()}
}

// wordTOML words a mistake without the names of this program's types.
func wordTOML(e *toml.DecodeError) string {
	text := strings.TrimPrefix(e.Error(), "toml: ")
	_, into, ok := strings.Cut(text, " of type ")
	if !ok {
		return text
	}
	want := map[string]string{"string": `a text in quotes, such as "…"`, "bool": "true or false", "[]string": `a list of texts, such as ["…"]`}[into]
	return strings.Join(e.Key(), ".") + ": this has to be " + cmp.Or(want, "something else")
}

func (c *Config) fill() {
	if c.CRM.Kind == "" {
		c.CRM.Kind = "dataverse"
	}
	if c.Mailbox.Auth == "" {
		c.Mailbox.Auth = "password"
	}
	if c.CRM.Tenant == "" {
		c.CRM.Tenant = "organizations"
	}
	for _, d := range [...]*DirectoryConfig{&c.Calendar, &c.People} {
		if d.Auth == "" {
			d.Auth = "password"
		}
	}
}

// check returns the first setting that is wrong, as section.key, and why.
func (c *Config) check() (key, text string) {
	m := c.Mailbox
	if m.Address == "" {
		return "mailbox.address", "missing: the mail address of this mailbox, such as \"ann@example.com\""
	}
	if a, err := mail.ParseAddress(m.Address); err != nil || a.Address != m.Address {
		return "mailbox.address", fmt.Sprintf("%q is not a mail address", m.Address)
	}
	if m.IMAP == "" {
		return "mailbox.imap", "missing: where the mailbox is, such as \"imaps://ann@mail.example.com:993\""
	}
	if _, err := imap.ParseURL(m.IMAP); err != nil {
		return "mailbox.imap", err.Error()
	}
	if m.SMTP != "" {
		if _, err := smtp.ParseURL(m.SMTP); err != nil {
			return "mailbox.smtp", err.Error()
		}
	}
	switch m.Auth {
	case "password", "xoauth2", "oauthbearer":
	default:
		return "mailbox.auth", fmt.Sprintf("%q is none of password, xoauth2, oauthbearer", m.Auth)
	}
	if c.Track.Filter != "" {
		if _, err := track.ParseFilter(c.Track.Filter); err != nil {
			return "track.filter", err.Error()
		}
	}
	if _, err := c.since(); err != nil {
		return "track.since", err.Error()
	}
	for _, d := range c.directories() {
		if key, text := d.check(); text != "" {
			return d.section + "." + key, text
		}
	}
	return c.checkCRM()
}

func (c *Config) checkCRM() (key, text string) {
	switch c.CRM.Kind {
	case "local":
		return "", ""
	case "dataverse":
	default:
		return "crm.kind", fmt.Sprintf("%q is neither dataverse nor local", c.CRM.Kind)
	}
	u, err := url.Parse(c.CRM.URL)
	switch {
	case c.CRM.URL == "":
		return "crm.url", "missing: where the organization is, such as \"https://contoso.crm4.dynamics.com\" (or set kind = \"local\" for an organization on this computer)"
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "crm.url", fmt.Sprintf("%q is not the address of an organization", c.CRM.URL)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "crm.url", "http sends everything in clear text and is allowed to this computer only; use https"
	}
	return "", ""
}

// since is the bound of the first scan; zero: everything.
func (c *Config) since() (time.Time, error) {
	s := strings.TrimSpace(c.Track.Since)
	if s == "" || s == "all" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("2006-01-02", s, time.Local)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a date such as \"2026-01-31\" (or \"all\")", s)
	}
	return t, nil
}

// lineOf finds the line on which section.key is set; the line of the section
// where it is not set; 0 where there is no such section.
func lineOf(raw []byte, key string) int {
	section, name, _ := strings.Cut(key, ".")
	in, at := "", 0
	for i, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t")
			if in == section {
				at = i + 1
			}
			continue
		}
		k, _, ok := strings.Cut(line, "=")
		k = strings.Trim(strings.TrimSpace(k), `"'`)
		if ok && (in == section && k == name || in == "" && k == key) {
			return i + 1
		}
	}
	return at
}

// writeConfig writes a configuration with comments; one that is there is never
// overwritten.
func writeConfig(path string, c Config) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the profile's folder: %w", err)
	}
	var b bytes.Buffer
	if err := configTemplate.Execute(&b, c); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	if _, err := f.Write(b.Bytes()); err != nil {
		return errors.Join(fmt.Errorf("write the configuration: %w", err), f.Close())
	}
	return f.Close()
}

var configTemplate = template.Must(template.New(configFile).Funcs(template.FuncMap{"q": quoteTOML, "set": setOrComment}).Parse(`# Postrider: the configuration of this profile. Edit it by hand, then start
# Postrider again. A line that begins with # is a comment. A "..._command" is a
# command whose first line of output is a secret; it takes the place of the
# system keyring, for machines that have none.

[mailbox]
# Your mail address: the one by which the CRM knows you.
{{set "address" .Mailbox.Address "ann@example.com"}}
# imaps://user@host:port (TLS) or imap://user@host:port (STARTTLS; clear text
# to this computer only). The user may be left out where it is the address.
{{set "imap" .Mailbox.IMAP "imaps://ann@mail.example.com:993"}}
# smtps://user@host:port (TLS) or smtp://user@host:port (STARTTLS), for sending.
# The user may be left out where it is the mailbox's.
{{set "smtp" .Mailbox.SMTP "smtps://ann@mail.example.com:465"}}
# How to sign in: "password", "xoauth2" or "oauthbearer" (the secret is then an
# access token).
{{set "auth" .Mailbox.Auth "password"}}
# Without it, the password is kept by the keyring: postrider password
{{set "password_command" .Mailbox.PasswordCommand "pass show mail/ann"}}
# Where sending needs another password than the mailbox.
{{set "smtp_password_command" .Mailbox.SMTPPasswordCommand "pass show mail/ann-smtp"}}
# Certificates to trust besides the system's, in PEM.
{{set "ca_file" .Mailbox.CAFile "/etc/ssl/our-ca.pem"}}

[track]
# Which messages are tracked by themselves: "all", "replies" (answers to tracked
# mail), "people" (from leads, contacts and accounts), "records" (from any record
# with a mail address) or "none". Unset: what you chose in the CRM.
{{set "filter" .Track.Filter "replies"}}
# Read and track what came on this day or later; "all": everything.
{{set "since" .Track.Since "2026-01-31"}}
# Folders to read; unset: Inbox and Sent.
{{if .Track.Folders}}folders = [{{range $i, $f := .Track.Folders}}{{if $i}}, {{end}}{{q $f}}{{end}}]{{else}}# folders = ["INBOX", "Sent", "Customers"]{{end}}
# Whether the filter looks at what you sent, too.
{{if .Track.Sent}}sent = {{.Track.Sent}}{{else}}# sent = true{{end}}

[crm]
# "dataverse" for Dynamics 365, "local" for an organization on this computer.
{{set "kind" .CRM.Kind "dataverse"}}
{{set "url" .CRM.URL "https://contoso.crm4.dynamics.com"}}
# Without it, sign in once with: postrider sign-in
{{set "token_command" .CRM.TokenCommand "az account get-access-token --query accessToken -o tsv --resource https://contoso.crm4.dynamics.com"}}
# Your organization's registration of Postrider as an application.
{{set "client_id" .CRM.ClientID "00000000-0000-0000-0000-000000000000"}}
{{set "tenant" .CRM.Tenant "organizations"}}

# Where your calendars and task lists are, and your people. "postrider discover"
# finds the addresses. The two may be the same server.
[calendar]
# https://host/path of the server (CalDAV), or of one calendar.
{{set "url" .Calendar.URL "https://dav.example.com/"}}
# Without it: your mail address.
{{set "user" .Calendar.User "ann"}}
# How to sign in: "password" or "oauthbearer" (the secret is then an access token).
{{set "auth" .Calendar.Auth "password"}}
# Without it, the password is kept by the keyring: postrider password calendar
{{set "password_command" .Calendar.PasswordCommand "pass show dav/ann"}}
# Certificates to trust besides the system's, in PEM.
{{set "ca_file" .Calendar.CAFile "/etc/ssl/our-ca.pem"}}

[people]
# https://host/path of the server (CardDAV), or of one address book.
{{set "url" .People.URL "https://dav.example.com/"}}
{{set "user" .People.User "ann"}}
{{set "auth" .People.Auth "password"}}
# Without it, the password is kept by the keyring: postrider password people
{{set "password_command" .People.PasswordCommand "pass show dav/ann"}}
{{set "ca_file" .People.CAFile "/etc/ssl/our-ca.pem"}}

[store]
# Prints the key of the offline store, 32 bytes in hex. Without it, the keyring
# keeps a key that was made at the first start. Never change it: what is stored
# can't be read with another key.
{{set "key_command" .Store.KeyCommand "pass show postrider/store-key"}}
`))

// setOrComment is a setting's line, or the example as a comment.
func setOrComment(key, value, example string) string {
	if value == "" {
		return "# " + key + " = " + quoteTOML(example)
	}
	return key + " = " + quoteTOML(value)
}

func quoteTOML(s string) string {
	if !strings.ContainsAny(s, "'\n\r\t") && strings.ContainsAny(s, `\"`) {
		return "'" + s + "'"
	}
	b, err := toml.Marshal(map[string]string{"v": s})
	if err != nil {
		return `""`
	}
	return strings.TrimSpace(strings.TrimPrefix(string(b), "v = "))
}
