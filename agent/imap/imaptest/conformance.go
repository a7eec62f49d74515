package imaptest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/offline"
)

// Config is a configuration of the adapter for the fixture.
func (f Fixture) Config() imap.Config {
	c := imap.Config{
		Addr: f.Addr, Security: imap.Clear, User: f.User,
		Secret: func(context.Context) (string, error) { return f.Password, nil },
		TLS:    &tls.Config{RootCAs: f.Roots, MinVersion: tls.VersionTLS12},
	}
	if f.TLS {
		c.Security = imap.Implicit
	}
	return c
}

// Mailbox is the adapter, connected to the fixture; it is closed with the test.
func (f Fixture) Mailbox(t testing.TB, change ...func(*imap.Config)) *imap.Mailbox {
	t.Helper()
	c := f.Config()
	for _, fn := range change {
		fn(&c)
	}
	m, err := imap.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// Letter is a plain message; its Message-ID is <n@example.test>.
func Letter(n int) []byte {
	at := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	return fmt.Appendf(nil, "From: Ann Lee <ann@example.com>\r\nTo: Jana <jana@example.test>\r\nSubject: Letter %d\r\nDate: %s\r\nMessage-ID: <%d@example.test>\r\nContent-Type: text/plain\r\n\r\nText of letter %d.\r\n",
		n, at.Format(time.RFC1123Z), n, n)
}

// Conformance holds a server and the adapter together to what agent.Mailbox
// promises. open gives a server of its own to each part; its INBOX and Sent
// have to be there, and may have messages in them. A server that it passes with
// can be used with Postrider.
func Conformance(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"folders are listed with what they are for", foldersListed},
		{"names of folders may be in any language", foldersAnyName},
		{"the first scan brings every message, the newest first, and marks nothing", firstScan},
		{"nothing changed costs one empty batch", nothingChanged},
		{"new messages, flags and deletions are found", changesFound},
		{"a moved message is gone here and new there, with the same identity", movedFound},
		{"the first scan can be bounded by date", boundedScan},
		{"a scan that was cut goes on where it stopped", cutScan},
		{"messages that arrive during a scan come with the next", arrivalDuringScan},
		{"bodies come byte for byte, and what is gone is left out", bodiesFetched},
		{"waiting ends when a message arrives, and when it is cancelled", idleWakes},
		{"waiting returns at once when something came since the sync", idleKnowsCursor},
		{"folders say how they are without being opened", statusTold},
		{"folders are followed through renames", renamesFollowed},
		{"keywords are set and taken away, and nothing else is touched", keywordsSet},
		{"keywords go along when a message is moved or copied", keywordsTravel},
		{"a message is put into a folder, byte for byte and once", appendedThere},
		{"a message is found by its Message-ID, and by nothing like it", identityFound},
		{"a scan that takes long keeps nothing else waiting", besideAScan},
		{"a wrong password is told from other failures", wrongPassword},
		{"a folder that is not there is an error", missingFolder},
		{"cancelling ends a call at once, and the next call works", cancelled},
		{"a cut connection is made again by itself", reconnected},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func foldersListed(t *testing.T, f Fixture) {
	list, err := f.Mailbox(t).Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roles := map[offline.FolderRole]string{}
	for _, f := range list {
		if f.Role != offline.RoleOther {
			roles[f.Role] = f.Name
		}
	}
	if roles[offline.RoleInbox] != "INBOX" || roles[offline.RoleSent] != "Sent" {
		t.Errorf("roles %v", roles)
	}
}

func foldersAnyName(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	name := f.names(`Zakázky & "co" 日本`)[0]
	h.Create(name)
	h.Append(name, Letter(1), time.Time{})
	list, err := m.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(f offline.Folder) bool { return f.Name == name }) {
		t.Fatalf("not among %+v", list)
	}
	k := NewKeeper(t, name)
	k.MustSync(m)
	k.Check(h)
}

func bodiesFetched(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Create("Bodies")
	want := map[uint32][]byte{}
	big := append(Letter(1000), bytes.Repeat([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"), 50_000)...) // 3.1 MB
	exact := append(Letter(1001), bytes.Repeat([]byte("x"), 1<<20-len(Letter(1001))-2)...)
	exact = append(exact, "\r\n"...)
	for i, raw := range [][]byte{Letter(1), Letter(2), big, Letter(3), exact, Letter(4)} {
		h.Append("Bodies", raw, time.Time{})
		want[h.UIDs("Bodies")[i]] = raw
	}
	uids := h.UIDs("Bodies")
	h.Delete("Bodies", uids[1])
	delete(want, uids[1])
	got := map[uint32][]byte{}
	folder := offline.Folder{ID: 1, Name: "Bodies"}
	err := m.Bodies(t.Context(), folder, append(slices.Clone(uids), 4_000_000), func(uid uint32, r io.Reader, err error) error {
		if err != nil {
			return fmt.Errorf("message %d: %w", uid, err)
		}
		b, err := io.ReadAll(r)
		got[uid] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	for u, raw := range want {
		if !bytes.Equal(got[u], raw) {
			t.Errorf("message %d: %d bytes, want %d", u, len(got[u]), len(raw))
		}
	}
	if flags := h.Flags("Bodies", uids[0]); slices.Contains(flags, `\Seen`) {
		t.Error("fetching has marked a message as read")
	}
	stop := errors.New("enough")
	n := 0
	err = m.Bodies(t.Context(), folder, uids, func(uint32, io.Reader, error) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("stopped by the caller: %d calls, %v", n, err)
	}
	folder.Cursor.UIDValidity = 1
	if err := m.Bodies(t.Context(), folder, uids, func(uint32, io.Reader, error) error { return nil }); offline.ClassOf(err) != offline.FaultExpired {
		t.Errorf("another UIDVALIDITY: %v", err)
	}
}

func idleWakes(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	done := make(chan error, 1)
	go func() { done <- m.Idle(t.Context(), k.Folder) }()
	n := 0
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for waiting := true; waiting; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			waiting = false
		case <-tick.C: // it can't be seen from here when it has begun to wait
			n++
			h.Append("INBOX", Letter(n), time.Time{})
		case <-deadline:
			t.Fatal("it does not wake")
		}
	}
	k.MustSync(m) // beside it, the main connection works
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- m.Idle(ctx, k.Folder) }()
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	case <-deadline:
		t.Fatal("it does not end when cancelled")
	}
}

func idleKnowsCursor(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Append("INBOX", Letter(1), time.Time{})
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	h.Append("INBOX", Letter(2), time.Time{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := m.Idle(ctx, k.Folder); err != nil {
		t.Error(err)
	}
}

func wrongPassword(t *testing.T, f Fixture) {
	m := f.Mailbox(t, func(c *imap.Config) {
		c.Secret = func(context.Context) (string, error) { return "wrong-" + f.Password, nil }
	})
	_, err := m.Folders(t.Context())
	if offline.ClassOf(err) != offline.FaultAuth {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	if err != nil && strings.Contains(err.Error(), f.Password) {
		t.Error("the error has the password in it")
	}
}

func missingFolder(t *testing.T, f Fixture) {
	m := f.Mailbox(t)
	err := NewKeeper(t, "No such folder").Sync(t.Context(), m)
	if offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("class %q: %v", offline.ClassOf(err), err)
	}
	NewKeeper(t, "INBOX").MustSync(m)
}

func cancelled(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t, func(c *imap.Config) { c.BatchSize, c.EmitSize = 2, 2 })
	for i := range 30 {
		h.Append("INBOX", Letter(i), time.Time{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	k := NewKeeper(t, "INBOX")
	k.Fail = func(offline.FolderDelta) error { cancel(); return nil }
	start := time.Now()
	if err := k.Sync(ctx, m); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
	k.Fail = nil
	k.MustSync(m)
	k.Check(h)
}

func reconnected(t *testing.T, f Fixture) {
	if f.Restart == nil {
		return
	}
	m := f.Mailbox(t)
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	f.Restart()
	h := f.Hand(t)
	h.Append("INBOX", Letter(1), time.Time{})
	k.MustSync(m)
	k.Check(h)
}
