package imaptest

import (
	"bytes"
	"context"
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

func box(name string) offline.Folder { return offline.Folder{ID: 7, Name: name} }

func statusTold(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	names := f.names("Sent", `Zakázky & "co" 日本`, "Hundred %", "INBOX")
	for i, name := range names[1:3] {
		h.Create(name)
		for n := range i + 1 {
			h.Append(name, Letter(n), time.Time{})
		}
	}
	keepers := map[string]*Keeper{}
	for _, name := range names {
		keepers[name] = NewKeeper(t, name)
		keepers[name].MustSync(m) // the last one stays open
	}
	check := func(what string) {
		t.Helper()
		list, err := m.Status(t.Context(), slices.Concat(names[:2], []string{"No such folder"}, names[2:]))
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(names) {
			t.Fatalf("%s: %d folders: %+v", what, len(list), list)
		}
		for i, st := range list {
			c := keepers[names[i]].Folder.Cursor
			want := offline.FolderStatus{Name: names[i], ObjectID: st.ObjectID, UIDValidity: c.UIDValidity, UIDNext: c.UIDNext, HighestModSeq: c.HighestModSeq, Messages: c.Messages}
			if st != want || (st.ObjectID != "") != f.ObjectID || (st.HighestModSeq != 0) != f.ModSeq {
				t.Errorf("%s: %+v, want %+v", what, st, want)
			}
		}
	}
	before := m.Requests()
	check("as synced")
	if n := m.Requests() - before; n > int64(len(names))+2 {
		t.Errorf("%d commands", n)
	}
	h.Append("INBOX", Letter(50), time.Time{})
	h.Append("Sent", Letter(51), time.Time{})
	list, err := m.Status(t.Context(), []string{"inbox", "Sent"})
	if err != nil || len(list) != 2 || list[0].Messages != keepers["INBOX"].Folder.Cursor.Messages+1 || list[1].Messages != keepers["Sent"].Folder.Cursor.Messages+1 {
		t.Errorf("after new ones: %+v, %v", list, err)
	}
	for _, k := range keepers {
		k.MustSync(m)
	}
	check("synced again")
}

func keywordsSet(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Append("INBOX", Letter(1), time.Time{}, `\Seen`, `$Forwarded`)
	h.Append("INBOX", Letter(2), time.Time{})
	h.Append("INBOX", Letter(3), time.Time{}, `\Deleted`)
	k := NewKeeper(t, "INBOX")
	k.MustSync(m)
	k.Check(h)
	uids := h.UIDs("INBOX")
	uids = uids[len(uids)-3:]
	set := func(uids []uint32, add, remove []string) {
		t.Helper()
		if err := m.SetKeywords(t.Context(), k.Folder, uids, add, remove); err != nil {
			t.Fatal(err)
		}
	}
	flags := func(uid uint32, want ...string) {
		t.Helper()
		slices.Sort(want)
		if got := h.Flags("INBOX", uid); !slices.Equal(got, want) {
			t.Errorf("message %d has flags %v, want %v", uid, got, want)
		}
	}
	set(append(slices.Clone(uids), 4_000_000), []string{offline.KeywordTracked}, nil)
	flags(uids[0], `\Seen`, `$Forwarded`, offline.KeywordTracked)
	flags(uids[1], offline.KeywordTracked)
	flags(uids[2], `\Deleted`, offline.KeywordTracked) // and it is still there
	k.MustSync(m)
	k.Check(h)
	if len(k.New()) != 0 || len(k.Deltas[0].Gone) != 0 {
		t.Errorf("the own change came back as %+v", k.Deltas)
	}
	k.MustSync(m)
	if len(k.Deltas) != 1 || len(k.Deltas[0].Flags) != 0 {
		t.Errorf("not settled: %+v", k.Deltas)
	}
	set(uids[:2], []string{offline.KeywordTrack}, []string{offline.KeywordTracked})
	set(uids[:1], nil, []string{offline.KeywordTrack, "$Never-Set"})
	flags(uids[0], `\Seen`, `$Forwarded`)
	flags(uids[1], offline.KeywordTrack)
	set(nil, []string{"x"}, nil)
	set([]uint32{4_000_000}, []string{offline.KeywordTrack}, nil)
	k.MustSync(m)
	k.Check(h)
	if got := h.UIDs("INBOX"); !slices.Equal(got[len(got)-3:], uids) {
		t.Errorf("messages %v, were %v", got, uids)
	}
	other := k.Folder
	other.Cursor.UIDValidity++
	if err := m.SetKeywords(t.Context(), other, uids, []string{"x"}, nil); offline.ClassOf(err) != offline.FaultExpired {
		t.Errorf("another UIDVALIDITY: %v", err)
	}
	if err := m.SetKeywords(t.Context(), box("No such folder"), uids, []string{"x"}, nil); offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
	for _, bad := range []string{"", `\Seen`, "two words", "a)b", "é", "x\r\nZ1 LOGOUT"} {
		if err := m.SetKeywords(t.Context(), k.Folder, uids, []string{bad}, nil); offline.ClassOf(err) != offline.FaultRejected {
			t.Errorf("keyword %q: %v", bad, err)
		}
	}
}

func keywordsTravel(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Append("INBOX", Letter(1), time.Time{})
	h.Append("INBOX", Letter(2), time.Time{})
	inbox, sent := NewKeeper(t, "INBOX"), NewKeeper(t, "Sent")
	inbox.MustSync(m)
	sent.MustSync(m)
	uids := h.UIDs("INBOX")
	uids = uids[len(uids)-2:]
	if err := m.SetKeywords(t.Context(), inbox.Folder, uids, []string{offline.KeywordTracked}, nil); err != nil {
		t.Fatal(err)
	}
	h.Move("INBOX", "Sent", uids[0])
	h.Copy("INBOX", "Sent", uids[1])
	for _, k := range []*Keeper{inbox, sent} {
		k.MustSync(m)
		k.Check(h)
	}
	for _, u := range sent.New() {
		if !slices.Contains(sent.Messages[u].Places[0].Flags, offline.KeywordTracked) {
			t.Errorf("a message lost its keyword on the way: %+v", sent.Messages[u].Places)
		}
	}
	if len(sent.New()) != 2 || len(inbox.Deltas[0].Gone) != 1 {
		t.Errorf("there %d new, here %v gone", len(sent.New()), inbox.Deltas[0].Gone)
	}
}

func appendedThere(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	k := NewKeeper(t, "Sent")
	k.MustSync(m)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	put := func(raw []byte, flags ...string) uint32 {
		t.Helper()
		uid, err := m.Append(t.Context(), k.Folder, flags, at, int64(len(raw)), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		last := slices.Max(h.UIDs("Sent"))
		if uid != last && (uid != 0 || f.UIDPlus) {
			t.Errorf("it says UID %d, and it is %d", uid, last)
		}
		return last
	}
	tricky := append(Letter(1), "T1 EXAMINE x\r\nThe quick brown fox {30}\r\n.\r\nZ1 LOGOUT\r\n+ x (CHANGEDSINCE 1)\r\n"...)
	first := put(tricky, `\Seen`, offline.KeywordTracked)
	big := append(Letter(2), bytes.Repeat([]byte("T 0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n"), 25<<20/64)...)
	second := put(big)
	k.MustSync(m)
	k.Check(h)
	if msg := k.Messages[first]; !msg.Received.Equal(at) || !slices.Equal(msg.Places[0].Flags, []string{offline.KeywordTracked, `\Seen`}) || msg.Identity != "<1@example.test>" {
		t.Errorf("it is there as %+v", msg)
	}
	want := map[uint32][]byte{first: tricky, second: big}
	err := m.Bodies(t.Context(), k.Folder, []uint32{first, second}, func(uid uint32, r io.Reader, err error) error {
		if err != nil {
			return err
		}
		b, err := io.ReadAll(r)
		if !bytes.Equal(b, want[uid]) {
			t.Errorf("message %d came back changed: %d bytes, were %d", uid, len(b), len(want[uid]))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	_, err = m.Append(t.Context(), box("No such folder"), nil, time.Time{}, 10, bytes.NewReader(make([]byte, 10)))
	if offline.ClassOf(err) != offline.FaultNotFound || !strings.Contains(err.Error(), "no folder No such folder") {
		t.Errorf("a folder that is not there: %v", err)
	}
	broken := errors.New("the disk is gone")
	_, err = m.Append(t.Context(), k.Folder, nil, time.Time{}, int64(len(big)), io.MultiReader(bytes.NewReader(big[:1<<20]), failing{broken}))
	if !errors.Is(err, broken) {
		t.Errorf("a message that can't be read: %v", err)
	}
	if _, err = m.Append(t.Context(), k.Folder, nil, time.Time{}, 10, bytes.NewReader(big)); err == nil {
		t.Error("a message that is longer than was said was taken")
	}
	if f.KeepsHalf {
		return // halves may yet come
	}
	put(Letter(3)) // it goes on
	k.MustSync(m)
	k.Check(h)
	if n := len(k.New()) - 1; n != 0 {
		t.Errorf("of those that failed, %d are there", n)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func identityFound(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Create("Identities")
	letter := func(id string) []byte {
		return fmt.Appendf(nil, "From: a@example.com\r\nSubject: x\r\nMessage-ID: %s\r\nDate: Thu, 1 Jan 2026 08:00:00 +0000\r\n\r\nThe id is <abc@example.test>.\r\n", id)
	}
	ids := []string{"<abc@example.test>", "<xabc@example.test>", "<abc@example.test.org>", "naked@example.test", `<"a b\"c"@example.test>`, `<q"uo\te%*{3}@example.test>`, "<ABC@example.test>", "<abc@example.test>"}
	for _, id := range ids {
		h.Append("Identities", letter(id), time.Time{})
	}
	uids := h.UIDs("Identities")
	for id, want := range map[string][]uint32{
		"<abc@example.test>":          {uids[0], uids[7]},
		"<xabc@example.test>":         {uids[1]},
		"<naked@example.test>":        {uids[3]},
		`<q"uo\te%*{3}@example.test>`: {uids[5]},
		"<not.there@example.test>":    nil,
		"<bc@example.test>":           nil,
		"<e>":                         nil,
		"<" + strings.Repeat("x", 900) + "@example.test>": nil,
	} {
		got, err := m.FindIdentity(t.Context(), box("Identities"), id)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%.40s: %v, %v, want %v", id, got, err, want)
		}
	}
	for _, bad := range []string{"", "<>", "abc@example.test", "<a\x00b@example.test>", "<a\r\nZ1 LOGOUT>", "<é@example.test>", "<a b@example.test>", "<" + strings.Repeat("x", 2000) + ">"} {
		if _, err := m.FindIdentity(t.Context(), box("Identities"), bad); offline.ClassOf(err) != offline.FaultRejected {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if _, err := m.FindIdentity(t.Context(), box("No such folder"), ids[0]); offline.ClassOf(err) != offline.FaultNotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
	h.Create("Empty")
	if got, err := m.FindIdentity(t.Context(), box("Empty"), ids[0]); err != nil || got != nil {
		t.Errorf("in an empty folder: %v, %v", got, err)
	}
}

func renamesFollowed(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t)
	h.Create("Ventures")
	h.Create("Ventures/Brno")
	h.Append("Ventures/Brno", Letter(1), time.Time{})
	id := func(name string) (object string, valid uint32) {
		t.Helper()
		list, err := m.Folders(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(f offline.Folder) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("%s is not among %+v", name, list)
		}
		seen := map[string]string{}
		for _, f := range list {
			if was := seen[f.ObjectID]; was != "" && f.ObjectID != "" {
				t.Errorf("%s and %s have one id", f.Name, was)
			}
			seen[f.ObjectID] = f.Name
		}
		st, err := m.Status(t.Context(), []string{name})
		if err != nil || len(st) != 1 || st[0].ObjectID != list[i].ObjectID {
			t.Fatalf("%+v, %v; listed with id %q", st, err, list[i].ObjectID)
		}
		return list[i].ObjectID, st[0].UIDValidity
	}
	object, valid := id("Ventures/Brno")
	if (object != "") != f.ObjectID {
		t.Errorf("id %q", object)
	}
	for _, to := range []string{"Ventures/Łódź & co", "Elsewhere"} {
		from := "Ventures/Brno"
		if to == "Elsewhere" {
			from = "Ventures/Łódź & co"
		}
		h.Rename(from, to)
		now, nowValid := id(to)
		if now != object || nowValid != valid {
			t.Errorf("renamed to %s: id %q, was %q; UIDVALIDITY %d, was %d", to, now, object, nowValid, valid)
		}
	}
	h.Rename("Ventures", "Customers") // with what is below it
	h.Create("Ventures/Brno")
	if now, _ := id("Ventures/Brno"); now == object && object != "" {
		t.Error("a new folder has the id of an old one")
	}
}

func besideAScan(t *testing.T, f Fixture) {
	h, m := f.Hand(t), f.Mailbox(t, func(c *imap.Config) { c.BatchSize, c.EmitSize = 10, 10 })
	for i := range 120 {
		h.Append("INBOX", Letter(i), time.Time{})
	}
	k := NewKeeper(t, "INBOX")
	n := 0
	k.Fail = func(d offline.FolderDelta) error {
		if n++; n > 1 {
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if st, err := m.Status(ctx, []string{"INBOX", "Sent"}); err != nil || len(st) != 2 {
			t.Errorf("status: %v, %v", st, err)
		}
		uid := d.New[0].Places[0].UID
		if err := m.SetKeywords(ctx, k.Folder, []uint32{uid, 1, 2, 3}, []string{offline.KeywordTracked}, nil); err != nil {
			t.Error(err)
		}
		if got, err := m.FindIdentity(ctx, k.Folder, "<7@example.test>"); err != nil || len(got) != 1 {
			t.Errorf("identity: %v, %v", got, err)
		}
		if _, err := m.Append(ctx, box("Sent"), nil, time.Time{}, int64(len(Letter(1))), bytes.NewReader(Letter(1))); err != nil {
			t.Error(err)
		}
		return nil
	}
	k.MustSync(m)
	for _, u := range []uint32{1, 2, 3} {
		if msg, ok := k.Messages[u]; ok && !slices.Contains(msg.Places[0].Flags, offline.KeywordTracked) {
			t.Errorf("message %d came without the keyword that was set before", u)
		}
	}
	k.Fail = nil
	k.MustSync(m)
	k.Check(h)
}
