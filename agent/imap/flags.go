package imap

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	goimap "github.com/emersion/go-imap/v2"

	"postrider/offline"
)

// Without mod-sequences (RFC 7162) the only way to find changed flags is to ask
// for them. The newest ones are asked at every sync, the others now and then;
// what is handed over are the differences to what was seen before.
const (
	newestFlags = 2000
	allFlags    = time.Hour
)

// flagMemo is a folder's flags as last seen.
type flagMemo struct {
	valid uint32
	full  time.Time         // all of them were asked
	seen  map[uint32]uint64 // hash of flags by UID
}

func (o *flagMemo) put(uid uint32, flags []string) (changed bool) {
	h := fnv.New64a()
	for _, f := range flags {
		_, _ = h.Write([]byte(f))
		_, _ = h.Write([]byte{0})
	}
	old, ok := o.seen[uid]
	o.seen[uid] = h.Sum64()
	return !ok || old != h.Sum64()
}

// newest is the UID from which on the flags are asked every time.
func (o *flagMemo) newest() uint32 {
	if len(o.seen) <= newestFlags {
		return 1
	}
	uids := make([]uint32, 0, len(o.seen))
	for u := range o.seen {
		uids = append(uids, u)
	}
	slices.Sort(uids)
	return uids[len(uids)-newestFlags]
}

// flagsWithoutModSeqs lists the messages whose flags are not as last seen.
func (x *syncer) flagsWithoutModSeqs(ctx context.Context) ([]item, error) {
	if x.cur.UIDNext <= 1 || x.sel.messages == 0 {
		return nil, nil
	}
	now := x.m.cfg.Now()
	memo := x.m.memo[x.f.Name]
	if memo == nil || memo.valid != x.sel.uidValidity {
		memo = &flagMemo{valid: x.sel.uidValidity, seen: map[uint32]uint64{}}
		x.m.memo[x.f.Name] = memo
	}
	from := uint32(1)
	if now.Sub(memo.full) < allFlags && !memo.full.After(now) {
		from = memo.newest()
	}
	set := goimap.UIDSet{{Start: goimap.UID(from), Stop: goimap.UID(x.cur.UIDNext - 1)}}
	if from >= x.cur.UIDNext {
		return nil, nil
	}
	stop := x.s.bind(ctx)
	list, err := x.s.fetch(set, flagItems.options(), 0)
	stop()
	if err != nil {
		return nil, x.s.fault(ctx, "look at the flags of "+x.f.Name, err, offline.FaultServer)
	}
	if from == 1 {
		memo.full = now
		memo.forget(list)
	}
	return slices.DeleteFunc(list, func(it item) bool { return it.uid == 0 || !it.hasFlags || !memo.put(it.uid, it.flags) }), nil
}

// forget drops what is no longer in the folder.
func (o *flagMemo) forget(list []item) {
	there := make(map[uint32]bool, len(list))
	for _, it := range list {
		there[it.uid] = true
	}
	for u := range o.seen {
		if !there[u] {
			delete(o.seen, u)
		}
	}
}
