package imap_test

import (
	"io"
	"log"
	"net"
	"testing"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"postrider/agent/imap/imaptest"
)

// go-imap's own server is another one to agree with: no mod-sequences, and its
// own idea of much else.
func TestGoImapsServerConforms(t *testing.T) {
	imaptest.Conformance(t, func(t *testing.T) imaptest.Fixture {
		mem := imapmemserver.New()
		user := imapmemserver.NewUser("jana", "secret")
		for name, opts := range map[string]*goimap.CreateOptions{"INBOX": nil, "Sent": {SpecialUse: []goimap.MailboxAttr{goimap.MailboxAttrSent}}} {
			if err := user.Create(name, opts); err != nil {
				t.Fatal(err)
			}
		}
		mem.AddUser(user)
		s := imapserver.New(&imapserver.Options{
			NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
				return mem.NewSession(), nil, nil
			},
			Caps:         goimap.CapSet{goimap.CapIMAP4rev1: {}, goimap.CapIMAP4rev2: {}},
			InsecureAuth: true,
			Logger:       log.New(io.Discard, "", 0), // it tells of every connection that we cut
		})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		t.Cleanup(func() {
			_ = s.Close()
			<-done
		})
		return imaptest.Fixture{Addr: l.Addr().String(), User: "jana", Password: "secret", UIDPlus: true, KeepsHalf: true}
	})
}
