package imap

import (
	"context"
	"errors"
	"slices"

	"postrider/agent/mailserver"
	"postrider/offline"
)

// maxBreaks bounds how often one operation connects again because messages
// break the connection. Each such message takes two or three; more than this
// many mean that something else is wrong.
const maxBreaks = 40

// As long as no message at all was had, or where the server just falls silent,
// it is more likely the server than the messages: then it is given up sooner.
const (
	maxEarlyBreaks = 8
	maxSilences    = 4
)

// fetcher gets messages of one folder for UIDs, whatever it takes: it goes on on
// a new connection when one breaks, and finds out which message broke it.
type fetcher struct {
	m      *Mailbox
	s      *session
	folder string
	valid  uint32 // UIDVALIDITY that the UIDs belong to
	what   items
	max    int // bytes of a body that are kept

	served   int // messages that were had
	breaks   int // connections that broke
	silences int // of those, because the server did not answer
}

// outcome is what became of the UIDs asked for.
type outcome struct {
	got   map[uint32]item
	gone  []uint32          // the server no longer has them
	aside map[uint32]string // can't be had, and why
}

func newOutcome() *outcome {
	return &outcome{got: map[uint32]item{}, aside: map[uint32]string{}}
}

func (o *outcome) add(got map[uint32]item, gone []uint32) {
	for u, it := range got {
		o.got[u] = it
	}
	o.gone = append(o.gone, gone...)
}

func (f *fetcher) op() string { return "fetch messages of " + f.folder }

// reopen gets a new connection with the folder open.
func (f *fetcher) reopen(ctx context.Context) error {
	s, err := f.m.reconnect(ctx, f.op())
	if err != nil {
		return err
	}
	sel, err := s.examine(ctx, f.folder)
	if err != nil {
		return err
	}
	if sel.uidValidity != f.valid {
		return &offline.Fault{Class: offline.FaultExpired, Op: f.op(), Text: "the server has numbered the folder anew"}
	}
	f.s = s
	return nil
}

// one fetches a set over the connection at hand, by UID first and by sequence
// number what is missing then. rest is what is still open: with an error,
// because of it; without, because the server does not send it.
func (f *fetcher) one(ctx context.Context, uids []uint32, what items, o *outcome) (rest []uint32, err error) {
	missing := uids
	if !f.s.bySeq {
		stop := f.s.bind(ctx)
		list, ferr := f.s.fetch(uidSet(uids), what.options(), f.max)
		stop()
		var got map[uint32]item
		got, missing = answers(uids, list)
		o.add(got, nil)
		f.served += len(got)
		if ferr != nil {
			return missing, f.s.fault(ctx, f.op(), ferr, offline.FaultServer)
		}
	}
	return f.missing(ctx, uids, missing, what, o)
}

// missing asks by sequence number for what did not come by UID, out of uids.
func (f *fetcher) missing(ctx context.Context, uids, missing []uint32, what items, o *outcome) ([]uint32, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	got, gone, err := f.s.askAgain(ctx, f.op(), missing, what.options(), f.max)
	o.add(got, gone)
	f.served += len(got)
	rest := slices.DeleteFunc(slices.Clone(missing), func(u uint32) bool {
		_, ok := got[u]
		return ok || slices.Contains(gone, u)
	})
	if err == nil && len(got) > 3 && len(missing) == len(uids) && len(rest) == 0 {
		f.s.bySeq = true // nothing comes by UID here: don't try again
	}
	return rest, err
}

// suspects splits what is missing after an answer broke off: the message that
// comes next is the likeliest to have broken it.
func suspects(missing []uint32) [][]uint32 {
	if len(missing) < 2 {
		return [][]uint32{missing}
	}
	return [][]uint32{missing[1:], missing[:1]}
}

// all fetches the sets, the last one first, with the certainty that each message
// ends up in o. It goes by halves where a set can't be had as a whole. The error
// is for what makes it pointless to go on.
func (f *fetcher) all(ctx context.Context, o *outcome, todo ...[]uint32) error {
	for len(todo) > 0 {
		set := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		rest, err := f.one(ctx, set, f.what, o)
		if err != nil {
			if err := f.recover(ctx, err); err != nil {
				return err
			}
		}
		if len(rest) == 0 {
			continue
		}
		if len(rest) == 1 {
			if err := f.single(ctx, rest[0], err, o); err != nil {
				return err
			}
			continue
		}
		if len(rest) < len(set) || err == nil {
			todo = append(todo, suspects(rest)...)
		} else {
			half := len(rest) / 2
			todo = append(todo, rest[half:], rest[:half])
		}
	}
	return nil
}

// recover decides whether to go on after err: with the same connection after a
// refusal that may be about a message, with a new one if it broke.
func (f *fetcher) recover(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	if f.s.alive() {
		switch offline.ClassOf(err) {
		case offline.FaultServer, offline.FaultRejected, offline.FaultProtocol:
			var fault *offline.Fault
			if errors.As(err, &fault) && (fault.Code == "UNAVAILABLE" || fault.Code == "INUSE") {
				return err
			}
			return nil
		}
		return err
	}
	f.breaks++
	if errors.Is(err, errSilent) {
		f.silences++
	}
	if f.breaks > maxBreaks || f.silences > maxSilences || f.served == 0 && f.breaks > maxEarlyBreaks {
		return err
	}
	return f.reopen(ctx)
}

// single tries a message once more by itself, without what servers get wrong,
// and sets it aside if that fails too.
func (f *fetcher) single(ctx context.Context, uid uint32, why error, o *outcome) error {
	what := f.what
	if what == headerItems {
		what = leanItems
	}
	rest, err := f.one(ctx, []uint32{uid}, what, o)
	if err != nil {
		if rerr := f.recover(ctx, err); rerr != nil {
			return rerr
		}
		why = err
	}
	if len(rest) == 0 {
		return nil
	}
	text := "the server lists this message but does not send it"
	var fault *offline.Fault
	if errors.As(why, &fault) {
		text = "the connection breaks when this message is fetched"
		if fault.Class == offline.FaultProtocol {
			text = "the server's answer for this message can't be read"
		}
		if f.s.alive() && fault.Code+fault.Text != "" && fault.Err == nil {
			text = fault.Text
		} else if fault.Err != nil {
			text += ": " + mailserver.Printable(fault.Err.Error())
		}
	}
	f.m.cfg.Log.Warn("imap: message set aside", "folder", f.folder, "uid", uid, "reason", text)
	o.aside[uid] = text
	return nil
}
