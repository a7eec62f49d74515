package maild

import (
	"bytes"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-message/textproto"
)

var errReadOnly = refuse(imap.ResponseCodeCannot, "the folder is open for reading only")

// view is a folder as one session sees it.
type view struct {
	folder   *folder
	tracker  *imapserver.SessionTracker
	readOnly bool
}

func (v *view) close() {
	v.folder.mu.Lock()
	defer v.folder.mu.Unlock()
	v.tracker.Close()
}

// hit is a message that a command names, as it was at one instant.
type hit struct {
	seq   uint32 // as this session counts; 0: it does not know of it yet
	uid   imap.UID
	raw   []byte
	date  time.Time
	flags []imap.Flag
}

// pick finds the messages of a set. They are copied out, so that no lock is held
// while they travel.
func (v *view) pick(set imap.NumSet) []hit { return v.change(set, nil) }

// change applies do, if any, to the messages of a set and returns them.
func (v *view) change(set imap.NumSet, do func(*message)) []hit {
	f := v.folder
	f.mu.Lock()
	defer f.mu.Unlock()
	in := v.containsLocked(set)
	var hits []hit
	for i, m := range f.messages {
		seq := v.tracker.EncodeSeqNum(uint32(i) + 1)
		if seq == 0 || !in(seq, m.uid) {
			continue
		}
		if do != nil {
			do(m)
			f.tracker.QueueMessageFlags(uint32(i)+1, m.uid, m.flags, v.tracker)
		}
		hits = append(hits, hit{seq, m.uid, m.raw, m.date, m.flags})
	}
	if do != nil && len(hits) > 0 {
		f.wakeLocked()
	}
	return hits
}

// containsLocked reads a set, where * is the last message (RFC 3501 section 9,
// seq-number): it stands for the highest number in use, also in "7:*" with
// fewer than seven messages.
func (v *view) containsLocked(set imap.NumSet) func(seq uint32, uid imap.UID) bool {
	var last hit
	for i := len(v.folder.messages) - 1; i >= 0 && last.seq == 0; i-- {
		last = hit{seq: v.tracker.EncodeSeqNum(uint32(i) + 1), uid: v.folder.messages[i].uid}
	}
	switch set := set.(type) {
	case imap.SeqSet:
		set = append(imap.SeqSet(nil), set...)
		for i, r := range set {
			set[i].Start, set[i].Stop = span(r.Start, r.Stop, last.seq)
		}
		return func(seq uint32, _ imap.UID) bool { return set.Contains(seq) }
	case imap.UIDSet:
		set = append(imap.UIDSet(nil), set...)
		for i, r := range set {
			start, stop := span(uint32(r.Start), uint32(r.Stop), uint32(last.uid))
			set[i].Start, set[i].Stop = imap.UID(start), imap.UID(stop)
		}
		return func(_ uint32, uid imap.UID) bool { return set.Contains(uid) }
	}
	return func(uint32, imap.UID) bool { return false }
}

func span(start, stop, last uint32) (uint32, uint32) {
	dynamic := start == 0 || stop == 0
	if start == 0 {
		start = last
	}
	if stop == 0 {
		stop = last
	}
	if dynamic && start > stop {
		start, stop = stop, start
	}
	return start, stop
}

// Expunge removes what is marked as deleted; uids, if any, bounds it.
func (s *session) Expunge(_ *imapserver.ExpungeWriter, uids *imap.UIDSet) error {
	v := s.current()
	if v.readOnly {
		return nil // CLOSE after EXAMINE comes here too, and is no error
	}
	in := func(imap.UID) bool { return true }
	if uids != nil {
		v.folder.mu.Lock()
		contains := v.containsLocked(*uids)
		v.folder.mu.Unlock()
		in = func(uid imap.UID) bool { return contains(0, uid) }
	}
	v.folder.remove(func(m *message) bool { return m.has(imap.FlagDeleted) && in(m.uid) })
	return nil
}

// Store changes flags.
func (s *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, _ *imap.StoreOptions) error {
	v := s.current()
	if v.readOnly {
		return errReadOnly
	}
	hits := v.change(set, func(m *message) { m.setFlags(flags.Op, flags.Flags) })
	if flags.Silent {
		return nil
	}
	return writeAll(w, hits, &imap.FetchOptions{Flags: true})
}

// Fetch writes messages, and marks them as seen where a body was asked for
// without PEEK.
func (s *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	v := s.current()
	see := false
	for _, section := range o.BodySection {
		see = see || !section.Peek
	}
	if !see || v.readOnly {
		return writeAll(w, v.pick(set), o)
	}
	o.Flags = true // they may have changed by this very command
	return writeAll(w, v.change(set, func(m *message) {
		m.setFlags(imap.StoreFlagsAdd, []imap.Flag{imap.FlagSeen})
	}), o)
}

func writeAll(w *imapserver.FetchWriter, hits []hit, o *imap.FetchOptions) error {
	for _, h := range hits {
		if err := writeOne(w.CreateMessage(h.seq), h, o); err != nil {
			return err
		}
	}
	return nil
}

// writeOne always closes w, which holds the connection's lock until then.
func writeOne(w *imapserver.FetchResponseWriter, h hit, o *imap.FetchOptions) (err error) {
	defer func() {
		if err2 := w.Close(); err == nil {
			err = err2
		}
	}()
	w.WriteUID(h.uid)
	if o.Flags {
		w.WriteFlags(h.flags)
	}
	if o.InternalDate {
		w.WriteInternalDate(h.date)
	}
	if o.RFC822Size {
		w.WriteRFC822Size(int64(len(h.raw)))
	}
	if o.Envelope {
		if head, err := textproto.ReadHeader(reader(h.raw)); err == nil {
			w.WriteEnvelope(imapserver.ExtractEnvelope(head))
		} else {
			w.WriteEnvelope(nil)
		}
	}
	if o.BodyStructure != nil {
		w.WriteBodyStructure(imapserver.ExtractBodyStructure(bytes.NewReader(h.raw)))
	}
	for _, section := range o.BodySection {
		data := extract(h.raw, section)
		out := w.WriteBodySection(section, int64(len(data)))
		_, err := out.Write(data)
		if err2 := out.Close(); err == nil {
			err = err2
		}
		if err != nil {
			return err
		}
	}
	return nil
}
