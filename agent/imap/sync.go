package imap

import (
	"context"
	"slices"
	"time"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/offline"
)

// syncer is one Sync of one folder.
type syncer struct {
	m        *Mailbox
	s        *session
	f        offline.Folder
	cur      offline.Cursor
	sel      selection
	known    func() ([]uint32, error)
	knownSet []uint32
	asked    bool
	out      *batcher
}

// Sync finds what changed in f since its cursor; see agent.Mailbox.
//
// One round trip where nothing has changed and the server has CONDSTORE. Else the
// folder is opened, changed flags come by CHANGEDSINCE, expunged messages by
// VANISHED, new ones by UID; the counts tell whether that was all, and a
// comparison of all UIDs repairs it if not.
func (m *Mailbox) Sync(ctx context.Context, f offline.Folder, known func() ([]uint32, error), emit func(offline.FolderDelta) error) error {
	op := "sync " + f.Name
	if f.NoSelect {
		return &offline.Fault{Class: offline.FaultRejected, Op: op, Text: "it is a name only and holds no messages"}
	}
	free, err := m.holdMain(ctx, op)
	if err != nil {
		return err
	}
	defer free()
	m.forgetMarks(f.Name)
	x := &syncer{m: m, f: f, cur: f.Cursor, known: known}
	x.out = &batcher{cfg: &m.cfg, emit: func(d offline.FolderDelta) error {
		m.applyMarks(f.Name, &d)
		return emit(d)
	}}
	same := false
	s, err := m.first(ctx, op, func(s *session) (err error) {
		x.s = s
		if s.condstore() && x.cur.UIDNext != 0 && x.cur.HighestModSeq != 0 {
			st, err := s.status(ctx, f.Name)
			if err != nil {
				return err
			}
			if same = x.unchanged(st); same {
				return nil
			}
		}
		x.sel, err = s.examine(ctx, f.Name)
		return err
	})
	if err != nil {
		return err
	}
	if same {
		x.out.cursor = x.cur
		return x.out.flush()
	}
	x.s = s
	if x.sel.uidValidity == 0 {
		return &offline.Fault{Class: offline.FaultProtocol, Op: op, Text: "the server does not number the messages of this folder"}
	}
	switch {
	case x.cur.UIDValidity == 0:
		return x.scan(ctx, false)
	case x.cur.UIDValidity != x.sel.uidValidity:
		return x.reset(ctx)
	case x.cur.UIDNext == 0:
		return x.scan(ctx, true)
	}
	return x.changes(ctx)
}

// unchanged reports whether the folder is as the cursor says.
func (x *syncer) unchanged(st selection) bool {
	return st == selection{x.cur.UIDValidity, x.cur.UIDNext, x.cur.Messages, x.cur.HighestModSeq}
}

// have gives the UIDs that the caller knows, asking once.
func (x *syncer) have() ([]uint32, error) {
	if !x.asked {
		uids, err := x.known()
		if err != nil {
			return nil, err
		}
		x.knownSet, x.asked = uids, true
	}
	return x.knownSet, nil
}

func (x *syncer) fetcher() *fetcher {
	return &fetcher{m: x.m, s: x.s, folder: x.f.Name, valid: x.sel.uidValidity, what: headerItems, max: maxHeaderBytes}
}

// everything lists the UIDs of the folder as it was opened.
func (x *syncer) everything(ctx context.Context) ([]uint32, error) {
	if x.sel.messages == 0 {
		return nil, nil
	}
	uids, err := x.s.search(ctx, "list the messages of "+x.f.Name, &goimap.SearchCriteria{})
	if err != nil {
		return nil, err
	}
	if x.sel.uidNext == 0 && len(uids) > 0 { // an old server
		x.sel.uidNext = uids[len(uids)-1] + 1
	}
	return below(uids, x.sel.uidNext), nil
}

// since lists the UIDs received on Since or later, and perhaps some that were
// received shortly before: SINCE looks at the day in a zone that only the server
// knows (RFC 3501 section 6.4.4). recent tells them apart.
func (x *syncer) since(ctx context.Context) ([]uint32, error) {
	day := x.cur.Since.UTC().AddDate(0, 0, -1)
	uids, err := x.s.search(ctx, "list the messages of "+x.f.Name, &goimap.SearchCriteria{Since: day})
	if err != nil {
		return nil, err
	}
	return below(uids, x.sel.uidNext), nil
}

// recent reports whether a message belongs to the first scan.
func (x *syncer) recent(received time.Time) bool {
	return x.cur.Since.IsZero() || received.IsZero() || !received.Before(x.cur.Since)
}

// reset begins anew after UIDVALIDITY changed: all UIDs are void.
func (x *syncer) reset(ctx context.Context) error {
	x.m.cfg.Log.Info("imap: the server has numbered a folder anew", "folder", x.f.Name)
	delete(x.m.memo, x.f.Name)
	x.cur = offline.Cursor{UIDValidity: x.sel.uidValidity, Since: x.cur.Since}
	x.out.cursor = x.cur
	x.out.delta.Reset = true
	if err := x.out.flush(); err != nil {
		return err
	}
	x.out.sent = false
	return x.scan(ctx, false)
}

// scan reads a folder for the first time, or goes on with that. Until it is
// done the cursor has no UIDNext, and the mod-sequence of its beginning: what
// changes meanwhile is found by the next sync.
func (x *syncer) scan(ctx context.Context, resumed bool) error {
	all, err := x.everything(ctx)
	if err != nil {
		return err
	}
	want := all
	if !x.cur.Since.IsZero() && len(all) > 0 {
		if want, err = x.since(ctx); err != nil {
			return err
		}
	}
	if x.sel.highestModSeq == 0 && !resumed { // the flags are about to be seen, all of them
		x.m.memo[x.f.Name] = &flagMemo{valid: x.sel.uidValidity, full: x.m.cfg.Now(), seen: map[uint32]uint64{}}
	}
	x.cur.UIDValidity = x.sel.uidValidity
	if x.cur.HighestModSeq == 0 || x.cur.HighestModSeq > x.sel.highestModSeq {
		x.cur.HighestModSeq = x.sel.highestModSeq
	}
	kept := 0
	if resumed {
		have, err := x.have()
		if err != nil {
			return err
		}
		x.out.delta.Gone = minus(have, all)
		kept = len(have) - len(x.out.delta.Gone)
		want = minus(want, have)
	}
	x.out.cursor = x.cur
	n, err := x.fetchNew(ctx, want, true, true)
	if err != nil {
		return err
	}
	x.finish(uint32(max(0, int(x.sel.messages)-kept-n)))
	return x.out.flush()
}

// finish makes the cursor say that all is here.
func (x *syncer) finish(leftOut uint32) {
	c := &x.out.cursor
	c.UIDNext, c.Messages, c.LeftOut = x.sel.uidNext, x.sel.messages, leftOut
	if c.UIDNext == 0 {
		c.UIDNext = 1
	}
}

// fetchNew fetches the headers of uids and hands them over; n is how many of
// them are kept. Those not recent are left out if bounded. Upwards, the cursor
// moves along.
func (x *syncer) fetchNew(ctx context.Context, uids []uint32, down, bounded bool) (n int, err error) {
	if len(uids) == 0 {
		return 0, nil
	}
	memo := x.m.memo[x.f.Name]
	f := x.fetcher()
	err = f.scan(ctx, x.f.ID, uids, down, func(uids []uint32, msgs map[uint32]*offline.Message, o *outcome) error {
		for u, msg := range msgs {
			if bounded && !x.recent(msg.Received) {
				delete(msgs, u)
				continue
			}
			if memo != nil {
				memo.put(u, msg.Places[0].Flags)
			}
		}
		n += len(msgs) + len(o.aside)
		x.out.add(uids, msgs, o, x.f.ID, down)
		if !down {
			x.out.cursor.UIDNext = uids[len(uids)-1] + 1
			x.out.cursor.Messages += uint32(len(msgs) + len(o.aside))
		}
		return x.out.ripe()
	})
	x.s = f.s
	return n, err
}

// changes finds what changed since an earlier sync that was finished.
func (x *syncer) changes(ctx context.Context) error {
	x.out.cursor = x.cur
	x.out.sent = true // nobody waits for a first batch
	fresh, err := x.flagsAndNew(ctx)
	if err != nil {
		return err
	}
	vanished := x.s.takeGone()
	fix, leftOut, err := x.expunged(ctx, vanished, fresh)
	if err != nil {
		return err
	}
	found, err := x.fetchNew(ctx, fix.uids, true, true)
	if err != nil {
		return err
	}
	if fix.full {
		leftOut = uint32(max(0, fix.unknown-found))
	}
	if _, err := x.fetchNew(ctx, fresh, false, false); err != nil {
		return err
	}
	x.finish(leftOut)
	x.out.cursor.HighestModSeq = x.sel.highestModSeq
	return x.out.flush()
}

// flagsAndNew hands over changed flags and lists new UIDs.
func (x *syncer) flagsAndNew(ctx context.Context) (fresh []uint32, err error) {
	op := "find what changed in " + x.f.Name
	next := x.cur.UIDNext
	old := goimap.UIDSet{{Start: 1, Stop: goimap.UID(next - 1)}}
	modSeqs := x.cur.HighestModSeq != 0 && x.sel.highestModSeq >= x.cur.HighestModSeq
	var changed *pending
	if modSeqs && next > 1 && x.sel.highestModSeq > x.cur.HighestModSeq {
		opts := flagItems.options()
		opts.ChangedSince = x.cur.HighestModSeq
		changed = x.s.start(old, opts, 0)
	}
	if x.sel.uidNext == 0 || x.sel.uidNext > next {
		fresh, err = x.s.search(ctx, op, &goimap.SearchCriteria{UID: []goimap.UIDSet{{{Start: goimap.UID(next), Stop: 0}}}})
	}
	var list []item
	if changed != nil {
		stop := x.s.bind(ctx)
		var cerr error
		list, cerr = changed.wait()
		stop()
		if err == nil {
			err = x.s.fault(ctx, op, cerr, offline.FaultServer)
		}
	}
	if err != nil {
		return nil, err
	}
	// "n:*" always names the last message, new or not.
	fresh = slices.DeleteFunc(fresh, func(u uint32) bool { return u < next })
	if x.sel.uidNext == 0 && len(fresh) > 0 {
		x.sel.uidNext = fresh[len(fresh)-1] + 1
	}
	x.sel.uidNext = max(x.sel.uidNext, next)
	fresh = below(fresh, x.sel.uidNext)
	if !modSeqs {
		if x.sel.highestModSeq != 0 { // they begin now, or began anew
			delete(x.m.memo, x.f.Name)
		}
		if list, err = x.flagsWithoutModSeqs(ctx); err != nil {
			return nil, err
		}
	}
	return fresh, x.flags(list)
}

// flags hands over changed flags, of messages that are known.
func (x *syncer) flags(list []item) error {
	var have []uint32
	if x.cur.LeftOut > 0 && len(list) > 0 {
		var err error
		if have, err = x.have(); err != nil {
			return err
		}
	}
	for _, it := range list {
		if it.uid == 0 || it.uid >= x.cur.UIDNext || !it.hasFlags {
			continue
		}
		if have != nil {
			if _, ok := slices.BinarySearch(have, it.uid); !ok {
				continue
			}
		}
		x.out.delta.Flags = append(x.out.delta.Flags, offline.FlagChange{UID: it.uid, Flags: it.flags})
		if len(x.out.delta.Flags) >= maxChanges {
			if err := x.out.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// repair is what a comparison of all UIDs found.
type repair struct {
	full    bool     // there was one
	uids    []uint32 // that should be known and are not
	unknown int      // how many of the old messages are not known, uids included
}

// expunged finds what is no longer there. The counts tell how many that must be;
// if what the server says of itself does not come to that, all UIDs are
// compared.
func (x *syncer) expunged(ctx context.Context, vanished []uidRange, fresh []uint32) (repair, uint32, error) {
	lost := int64(x.cur.Messages) + int64(len(fresh)) - int64(x.sel.messages)
	if lost == 0 {
		return repair{}, x.cur.LeftOut, nil
	}
	if lost > 0 && len(vanished) > 0 {
		n := size(vanished, x.cur.UIDNext)
		if x.cur.LeftOut == 0 && n == uint64(lost) {
			x.out.delta.Gone = spell(vanished, x.cur.UIDNext)
			return repair{}, 0, nil
		}
		have, err := x.have()
		if err != nil {
			return repair{}, 0, err
		}
		gone := below(within(have, vanished), x.cur.UIDNext)
		unknown := lost - int64(len(gone)) // of those left out
		if unknown >= 0 && unknown <= int64(x.cur.LeftOut) && n >= uint64(lost) {
			x.out.delta.Gone = gone
			return repair{}, x.cur.LeftOut - uint32(unknown), nil
		}
	}
	return x.compare(ctx)
}

// compare compares all UIDs of the folder with those that are known.
func (x *syncer) compare(ctx context.Context) (repair, uint32, error) {
	r := repair{full: true}
	all, err := x.everything(ctx)
	if err != nil {
		return r, 0, err
	}
	have, err := x.have()
	if err != nil {
		return r, 0, err
	}
	x.out.delta.Gone = minus(have, all)
	old := below(all, x.cur.UIDNext)
	r.unknown = len(minus(old, have))
	if !x.cur.Since.IsZero() && len(all) > 0 {
		if all, err = x.since(ctx); err != nil {
			return r, 0, err
		}
	}
	r.uids = minus(below(all, x.cur.UIDNext), have)
	x.m.cfg.Log.Debug("imap: all UIDs compared", "folder", x.f.Name, "gone", len(x.out.delta.Gone), "missing", len(r.uids))
	return r, 0, nil
}
