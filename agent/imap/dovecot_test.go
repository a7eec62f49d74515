package imap_test

import (
	"testing"

	"postrider/agent"
	"postrider/agent/imap"
	"postrider/agent/imap/imaptest"
)

var _ agent.Mailbox = (*imap.Mailbox)(nil)

func TestDovecotConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{}).Fixture()
	})
}

func TestDovecotWithoutQRESYNCConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{Without: []string{"QRESYNC"}}).Fixture()
	})
}

func TestDovecotAsAnOldServerConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		return imaptest.StartDovecot(t, imaptest.Options{Without: []string{
			"QRESYNC", "CONDSTORE", "ESEARCH", "LIST-EXTENDED", "SPECIAL-USE", "ENABLE", "SASL-IR", "LITERAL+", "UNSELECT", "LIST-STATUS", "ID",
		}}).Fixture()
	})
}

func TestDovecotOverSTARTTLSConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		d := imaptest.StartDovecot(t, imaptest.Options{})
		f := d.Fixture()
		f.Addr, f.TLS = d.Addr, false
		return f
	})
}
