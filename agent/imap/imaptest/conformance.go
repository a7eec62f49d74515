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
	name := `Zakázky & "co" 日本`
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

func firstScan(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t, func(c *imap.Config) { c.BatchSize, c.EmitSize = 7, 10 })
	before := len(h.UIDs("INBOX"))
	for i := range 40 {
		h.Append("INBOX", Letter(i), time.Date(2026, 1, 1, 9, i, 0, 0, time.UTC))
	}
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	k.Check(h)
	uids := k.New()
	if len(uids) != before+40 || !slices.IsSortedFunc(uids, func(a, b uint32) int { return int(b) - int(a) }) {
		t.Errorf("order %v", uids)
	}
	for i, d := range k.Deltas[:len(k.Deltas)-1] {
		if d.Cursor.UIDNext != 0 {
			t.Errorf("batch %d of %d says the scan is finished", i, len(k.Deltas))
		}
	}
	newest := k.Messages[uids[0]]
	if newest.Subject != "Letter 39" || newest.Identity != "<39@example.test>" || newest.Size != int64(len(Letter(39))) || !newest.Received.Equal(time.Date(2026, 1, 1, 9, 39, 0, 0, time.UTC)) || newest.From[0].Addr != "ann@example.com" {
		t.Errorf("newest message %+v", newest)
	}
	if flags := h.Flags("INBOX", uids[0]); slices.Contains(flags, `\Seen`) {
		t.Error("reading has marked a message as read")
	}
}

func nothingChanged(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Append("INBOX", Letter(1), time.Time{})
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	k.MustSync(m)
	before, cursor := m.Requests(), k.Folder.Cursor
	k.MustSync(m)
	if len(k.Deltas) != 1 || len(k.New()) != 0 || len(k.Deltas[0].Flags)+len(k.Deltas[0].Gone) != 0 {
		t.Errorf("batches %+v", k.Deltas)
	}
	if n := m.Requests() - before; f.ModSeq && n != 1 || n > 2 {
		t.Errorf("%d commands", n)
	}
	if k.Asked != 0 {
		t.Error("it asked for the known UIDs")
	}
	after := k.Folder.Cursor
	after.At, cursor.At = time.Time{}, time.Time{}
	if after != cursor {
		t.Errorf("cursor %+v, was %+v", after, cursor)
	}
}

func changesFound(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	for i := range 20 {
		h.Append("INBOX", Letter(i), time.Time{})
	}
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	k.Check(h)
	uids := h.UIDs("INBOX")
	step := func(what string, change func()) {
		t.Helper()
		change()
		k.MustSync(m)
		k.Check(h)
		if k.Again != 0 {
			t.Errorf("%s: %d messages came a second time", what, k.Again)
		}
		k.MustSync(m)
		if len(k.Deltas) != 1 || len(k.New()) != 0 || len(k.Deltas[0].Gone) != 0 {
			t.Errorf("%s: not settled after one sync: %+v", what, k.Deltas)
		}
	}
	step("one new", func() { h.Append("INBOX", Letter(100), time.Time{}) })
	step("flags", func() {
		h.Flag("INBOX", `\Seen`, true, uids[3], uids[4])
		h.Flag("INBOX", `\Flagged`, true, uids[4])
	})
	step("a flag taken away", func() { h.Flag("INBOX", `\Seen`, false, uids[3]) })
	step("a keyword", func() { h.Flag("INBOX", `$Forwarded`, true, uids[5]) })
	step("one deleted", func() { h.Delete("INBOX", uids[7]) })
	step("the newest deleted", func() { h.Delete("INBOX", slices.Max(h.UIDs("INBOX"))) })
	step("all at once", func() {
		h.Append("INBOX", Letter(101), time.Time{}, `\Answered`)
		h.Delete("INBOX", uids[0], uids[1], uids[10])
		h.Flag("INBOX", `\Seen`, true, uids[12])
		h.Append("INBOX", Letter(102), time.Time{})
	})
	step("one comes and goes", func() {
		h.Append("INBOX", Letter(103), time.Time{})
		h.Delete("INBOX", slices.Max(h.UIDs("INBOX")))
	})
	step("as many deleted as new", func() {
		h.Append("INBOX", Letter(104), time.Time{})
		h.Delete("INBOX", uids[15])
	})
	step("everything deleted", func() { h.Delete("INBOX", h.UIDs("INBOX")...) })
	step("something again", func() { h.Append("INBOX", Letter(105), time.Time{}) })
}

func movedFound(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Append("INBOX", Letter(1), time.Time{})
	h.Append("INBOX", Letter(2), time.Time{})
	inbox, sent := NewKeeper(t, "INBOX"), NewKeeper(t, "Sent")
	inbox.MustSync(m)
	sent.MustSync(m)
	uid := slices.Max(h.UIDs("INBOX"))
	was := inbox.Messages[uid]
	h.Move("INBOX", "Sent", uid)
	inbox.MustSync(m)
	sent.MustSync(m)
	inbox.Check(h)
	sent.Check(h)
	if got := sent.Messages[slices.Max(h.UIDs("Sent"))]; got.Identity != was.Identity || !got.Received.Equal(was.Received) {
		t.Errorf("moved: %+v, was %+v", got, was)
	}
}

func boundedScan(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Create("Dated")
	for day := range 20 {
		h.Append("Dated", Letter(day), time.Date(2026, 1, 1+day, 12, 0, 0, 0, time.UTC))
	}
	k := NewKeeper(t, "Dated")
	k.Folder.Cursor.Since = time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)
	k.MustSync(m)
	all := h.UIDs("Dated")
	if got := k.UIDs(); !slices.Equal(got, all[10:]) || k.Folder.Cursor.LeftOut != 10 || k.Folder.Cursor.Messages != 20 {
		t.Fatalf("kept %v of %v, cursor %+v", got, all, k.Folder.Cursor)
	}
	settled := func(what string, leftOut uint32, want []uint32) {
		t.Helper()
		k.MustSync(m)
		if got := k.UIDs(); !slices.Equal(got, want) || k.Folder.Cursor.LeftOut != leftOut {
			t.Errorf("%s: kept %v, want %v; cursor %+v", what, got, want, k.Folder.Cursor)
		}
		if k.MustSync(m); len(k.New()) != 0 || k.Asked != 0 {
			t.Errorf("%s: not settled: %+v", what, k.Deltas)
		}
	}
	h.Delete("Dated", all[0], all[1])
	settled("two left out are deleted", 8, all[10:])
	h.Delete("Dated", all[2], all[10])
	settled("one of each is deleted", 7, all[11:])
	h.Append("Dated", Letter(50), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	now := h.UIDs("Dated")
	settled("an old message arrives", 7, append(slices.Clone(all[11:]), now[len(now)-1]))
	h.Flag("Dated", `\Seen`, true, all[5])
	settled("one left out is read", 7, k.UIDs())
	for _, d := range k.Deltas {
		if len(d.Flags) != 0 {
			t.Errorf("flags of a message that is left out: %+v", d.Flags)
		}
	}
}

func cutScan(t *testing.T, f Fixture) {
	h := f.Hand(t)
	small := func(c *imap.Config) { c.BatchSize, c.EmitSize = 5, 5 }
	for i := range 43 {
		h.Append("INBOX", Letter(i), time.Time{})
	}
	k := NewKeeper(t, "INBOX")
	cut := errors.New("cut")
	again := 0
	for round := 0; ; round++ {
		left := 2
		k.Fail = func(offline.FolderDelta) error {
			if left--; left < 0 {
				return cut
			}
			return nil
		}
		err := k.Sync(t.Context(), f.Mailbox(t, small))
		again += k.Again
		if err == nil && k.Folder.Cursor.UIDNext != 0 {
			break
		}
		if err != nil && !errors.Is(err, cut) {
			t.Fatal(err)
		}
		switch round {
		case 1:
			h.Append("INBOX", Letter(200), time.Time{})
		case 2:
			h.Delete("INBOX", k.UIDs()[0])
		case 3:
			h.Flag("INBOX", `\Seen`, true, k.UIDs()[len(k.UIDs())-1])
		case 100:
			t.Fatal("it does not come to an end")
		}
	}
	k.Fail = nil
	k.MustSync(f.Mailbox(t, small))
	k.Check(h)
	if again != 0 {
		t.Errorf("%d messages were fetched twice", again)
	}
}

func arrivalDuringScan(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t, func(c *imap.Config) { c.BatchSize, c.EmitSize = 5, 5 })
	for i := range 30 {
		h.Append("INBOX", Letter(i), time.Time{})
	}
	k := NewKeeper(t, "INBOX")
	n := 0
	k.Fail = func(offline.FolderDelta) error {
		switch n++; n {
		case 1:
			h.Append("INBOX", Letter(300), time.Time{})
		case 2:
			h.Delete("INBOX", slices.Min(h.UIDs("INBOX")), slices.Max(k.UIDs()))
		case 3:
			h.Flag("INBOX", `\Seen`, true, k.UIDs()[len(k.UIDs())-2])
		}
		return nil
	}
	k.MustSync(m)
	k.Fail = nil
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
