package imaptest

import (
	"crypto/tls"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

func login(t *testing.T, d *Dovecot) *imapclient.Client {
	t.Helper()
	c, err := imapclient.DialTLS(d.TLSAddr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: d.Roots, ServerName: "127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(d.User, d.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDovecotServesTheMailThatWasAdded(t *testing.T) {
	start := time.Now()
	d := StartDovecot(t, Options{Folders: []string{"Projects/Brno"}})
	t.Logf("up after %v", time.Since(start))
	for range 3 {
		d.Add("INBOX", Mail{Raw: []byte("Subject: x\r\n\r\nhello\r\n"), At: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), Flags: "S"})
	}
	d.Add("Projects/Brno", Mail{Raw: []byte("Subject: y\r\n\r\nhello\r\n")})
	c := login(t, d)
	sel, err := c.Select("INBOX", nil).Wait()
	if err != nil || sel.NumMessages != 3 {
		t.Fatalf("%+v, %v", sel, err)
	}
	msgs, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{InternalDate: true, Flags: true}).Collect()
	if err != nil || len(msgs) != 1 || !msgs[0].InternalDate.Equal(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)) || !slices.Contains(msgs[0].Flags, imap.FlagSeen) {
		t.Fatalf("%+v, %v", msgs, err)
	}
	other, err := c.Select("Projects/Brno", nil).Wait()
	if err != nil || other.NumMessages != 1 {
		t.Fatalf("%+v, %v", other, err)
	}
	c.Close()

	d.NewUIDValidity("INBOX")
	c = login(t, d)
	again, err := c.Select("INBOX", nil).Wait()
	if err != nil || again.NumMessages != 3 || again.UIDValidity == sel.UIDValidity {
		t.Fatalf("%+v, %v", again, err)
	}
	if n := d.Count("INBOX"); n != 3 {
		t.Errorf("%d messages on disk", n)
	}
}

func TestDovecotHidesWhatItIsToBeWithout(t *testing.T) {
	d := StartDovecot(t, Options{Without: []string{"CONDSTORE", "QRESYNC"}})
	c := login(t, d)
	if caps := c.Caps(); caps.Has(imap.CapCondStore) || caps.Has(imap.CapQResync) || !caps.Has(imap.CapIdle) {
		t.Errorf("capabilities %v", caps)
	}
}
