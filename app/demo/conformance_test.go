package demo

import (
	"testing"

	"postrider/agent/imap/imaptest"
)

func TestTheDemosMailboxConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		w := begin(t, Options{})
		d := w.Describe().IMAP
		return imaptest.Fixture{Addr: d.Address, User: d.User, Password: d.Password, Restart: w.Disconnect}
	})
}
