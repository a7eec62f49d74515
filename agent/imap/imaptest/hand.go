package imaptest

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postrider/offline"
)

// Fixture is a server with a mailbox for a test to use as it likes.
type Fixture struct {
	Addr     string // host:port
	TLS      bool   // implicit; otherwise STARTTLS where offered, or clear text
	User     string
	Password string
	Roots    *x509.CertPool
	// ModSeq: the server has mod-sequences, so that a sync without changes is one
	// round trip.
	ModSeq bool
	// ObjectID: folders have ids that stay through a rename.
	ObjectID bool
	// UIDPlus: APPEND tells the UID.
	UIDPlus bool
	// PlainNames: names of folders can't have quotes and signs of percent in them.
	PlainNames bool
	// KeepsHalf, a fault: a message is kept that was cut while it was put there.
	KeepsHalf bool
	// Restart cuts all connections, if it can be done.
	Restart func()
}

// Fixture is d as a fixture, with TLS.
func (d *Dovecot) Fixture() Fixture {
	return Fixture{
		Addr: d.TLSAddr, TLS: true, User: d.User, Password: d.Password, Roots: d.Roots,
		ModSeq: !slices.Contains(d.opts.Without, "CONDSTORE"), ObjectID: !slices.Contains(d.opts.Without, "ID"),
		UIDPlus: !slices.Contains(d.opts.Without, "UIDPLUS"), Restart: d.Restart,
	}
}

// names are names of folders as strange as the server allows.
func (f Fixture) names(names ...string) []string {
	for i := range names {
		if f.PlainNames {
			names[i] = strings.NewReplacer(`"`, "", "%", "'").Replace(names[i])
		}
	}
	return names
}

// Hand changes a mailbox as another mail program would, behind the back of the
// adapter under test. What goes wrong fails the test.
type Hand struct {
	t testing.TB
	c *imapclient.Client
}

// Hand signs in; the connection ends with the test.
func (f Fixture) Hand(t testing.TB) *Hand {
	t.Helper()
	var c *imapclient.Client
	var err error
	if f.TLS {
		c, err = imapclient.DialTLS(f.Addr, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12}})
	} else {
		c, err = imapclient.DialInsecure(f.Addr, nil)
	}
	if err != nil {
		t.Fatalf("connect to %s: %v", f.Addr, err)
	}
	t.Cleanup(func() { _ = c.Close() })
	h := &Hand{t: t, c: c}
	h.ok("sign in", c.Login(f.User, f.Password).Wait())
	return h
}

func (h *Hand) ok(what string, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
}

// Close ends the connection before the test does.
func (h *Hand) Close() { _ = h.c.Close() }

// Append adds a message; a zero time is now.
func (h *Hand) Append(folder string, raw []byte, at time.Time, flags ...string) {
	h.t.Helper()
	opts := &imap.AppendOptions{Time: at}
	for _, f := range flags {
		opts.Flags = append(opts.Flags, imap.Flag(f))
	}
	cmd := h.c.Append(folder, int64(len(raw)), opts)
	_, err := cmd.Write(raw)
	h.ok("append to "+folder, err)
	h.ok("append to "+folder, cmd.Close())
	_, err = cmd.Wait()
	h.ok("append to "+folder, err)
}

func (h *Hand) open(folder string) {
	h.t.Helper()
	_, err := h.c.Select(folder, nil).Wait()
	h.ok("open "+folder, err)
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}

// UIDs lists the messages of a folder.
func (h *Hand) UIDs(folder string) []uint32 {
	h.t.Helper()
	h.open(folder)
	data, err := h.c.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
	h.ok("search "+folder, err)
	var uids []uint32
	for _, u := range data.AllUIDs() {
		uids = append(uids, uint32(u))
	}
	slices.Sort(uids)
	return uids
}

// Delete expunges messages.
func (h *Hand) Delete(folder string, uids ...uint32) {
	h.t.Helper()
	h.Flag(folder, `\Deleted`, true, uids...)
	h.ok("expunge "+folder, h.c.UIDExpunge(uidSet(uids)).Close())
}

// Flag sets a flag of messages, or takes it away.
func (h *Hand) Flag(folder, flag string, on bool, uids ...uint32) {
	h.t.Helper()
	h.open(folder)
	op := imap.StoreFlagsDel
	if on {
		op = imap.StoreFlagsAdd
	}
	h.ok("flag in "+folder, h.c.Store(uidSet(uids), &imap.StoreFlags{Op: op, Flags: []imap.Flag{imap.Flag(flag)}, Silent: true}, nil).Close())
}

// Move moves messages to another folder.
func (h *Hand) Move(folder, to string, uids ...uint32) {
	h.t.Helper()
	h.open(folder)
	_, err := h.c.Move(uidSet(uids), to).Wait()
	h.ok("move from "+folder, err)
}

// Copy copies messages to another folder.
func (h *Hand) Copy(folder, to string, uids ...uint32) {
	h.t.Helper()
	h.open(folder)
	_, err := h.c.Copy(uidSet(uids), to).Wait()
	h.ok("copy from "+folder, err)
}

// Rename renames a folder, with those below it.
func (h *Hand) Rename(folder, to string) {
	h.t.Helper()
	h.ok("rename "+folder, h.c.Rename(folder, to, nil).Wait())
}

// Create makes a folder.
func (h *Hand) Create(folder string) {
	h.t.Helper()
	h.ok("create "+folder, h.c.Create(folder, nil).Wait())
}

// Flags lists the flags of one message.
func (h *Hand) Flags(folder string, uid uint32) []string {
	h.t.Helper()
	h.open(folder)
	list, err := h.c.Fetch(uidSet([]uint32{uid}), &imap.FetchOptions{UID: true, Flags: true}).Collect()
	h.ok("fetch flags", err)
	var out []string
	for _, m := range list {
		for _, f := range m.Flags {
			if f != `\Recent` {
				out = append(out, ownSpelling(string(f)))
			}
		}
	}
	slices.Sort(out)
	return out
}

// ownSpelling gives our keywords the case in which they come from the adapter:
// servers may change it.
func ownSpelling(flag string) string {
	for _, k := range []string{offline.KeywordTrack, offline.KeywordTracked} {
		if strings.EqualFold(flag, k) {
			return k
		}
	}
	return flag
}
