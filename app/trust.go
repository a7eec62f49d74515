package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// sectionMailbox is the section of the configuration that names the mailbox.
const sectionMailbox = "mailbox"

// trust is how TLS is spoken to each server: with the certificates of the
// system and those of its section's ca_file.
type trust struct {
	mailbox, calendar, people *tls.Config
}

// readTrust reads the ca_files; key is the setting whose file can't be used.
func (c *Config) readTrust() (key string, err error) {
	for _, s := range [...]struct {
		section, file string
		into          **tls.Config
	}{
		{sectionMailbox, c.Mailbox.CAFile, &c.trust.mailbox},
		{sectionCalendar, c.Calendar.CAFile, &c.trust.calendar},
		{sectionPeople, c.People.CAFile, &c.trust.people},
	} {
		if *s.into, err = tlsConfig(s.file); err != nil {
			return s.section + ".ca_file", err
		}
	}
	return "", nil
}

func (t trust) of(section string) *tls.Config {
	switch section {
	case sectionCalendar:
		return t.calendar
	case sectionPeople:
		return t.people
	}
	return t.mailbox
}

// tlsConfig trusts the system's authorities and those of a file.
func tlsConfig(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	if c.RootCAs, err = x509.SystemCertPool(); err != nil {
		c.RootCAs = x509.NewCertPool()
	}
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", caFile)
	}
	return c, nil
}
