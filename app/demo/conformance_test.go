package demo

import (
	"testing"

	"postrider/agent/imap/imaptest"
)

func TestTheDemosMailboxConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		w := begin(t, Options{Messages: 60}) // the suite looks at each message singly
		d := w.Describe().IMAP
		return imaptest.Fixture{Addr: d.Address, User: d.User, Password: d.Password, UIDPlus: true, Restart: w.Disconnect}
	})
}
