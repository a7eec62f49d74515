package imaptest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"postrider/agent/imap"
	"postrider/offline"
)

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
