package maild

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
)

// message is a message in a folder. Only flags changes, and only as a whole:
// whoever holds the slice may read it without the folder's lock.
type message struct {
	uid   imap.UID
	raw   []byte
	date  time.Time
	flags []imap.Flag
}

func (m *message) has(flag imap.Flag) bool {
	return slices.ContainsFunc(m.flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), string(flag)) })
}

// setFlags applies a STORE.
func (m *message) setFlags(op imap.StoreFlagsOp, flags []imap.Flag) {
	var next []imap.Flag
	if op != imap.StoreFlagsSet {
		next = slices.Clone(m.flags)
	}
	for _, flag := range flags {
		same := func(f imap.Flag) bool { return strings.EqualFold(string(f), string(flag)) }
		switch {
		case op == imap.StoreFlagsDel:
			next = slices.DeleteFunc(next, same)
		case !slices.ContainsFunc(next, same):
			next = append(next, flag)
		}
	}
	slices.Sort(next)
	m.flags = next
}

// folder is one folder. Every call of its tracker and of the trackers of its
// views happens under mu, except polling them.
type folder struct {
	uidValidity uint32 // never changes
	uses        []imap.MailboxAttr

	mu         sync.Mutex
	subscribed bool
	messages   []*message // by UID
	uidNext    imap.UID
	tracker    *imapserver.MailboxTracker
	idlers     map[chan struct{}]bool
}

func newFolder(uidValidity uint32, uses []imap.MailboxAttr, subscribed bool) *folder {
	return &folder{
		uidValidity: uidValidity, uses: uses, subscribed: subscribed, uidNext: 1,
		tracker: imapserver.NewMailboxTracker(0), idlers: map[chan struct{}]bool{},
	}
}

// append adds a message and returns its UID. date zero means now.
func (f *folder) append(raw []byte, date time.Time, flags []imap.Flag) imap.UID {
	if date.IsZero() {
		date = time.Now()
	}
	m := &message{raw: raw, date: date}
	m.setFlags(imap.StoreFlagsSet, flags)
	f.mu.Lock()
	defer f.mu.Unlock()
	m.uid = f.uidNext
	f.uidNext++
	f.messages = append(f.messages, m)
	f.tracker.QueueNumMessages(uint32(len(f.messages)))
	f.wakeLocked()
	return m.uid
}

// stored lists the messages.
func (f *folder) stored() []Stored {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Stored, len(f.messages))
	for i, m := range f.messages {
		out[i] = Stored{UID: uint32(m.uid), Raw: m.raw, Date: m.date, Flags: m.flags}
	}
	return out
}

// take removes all messages and returns them.
func (f *folder) take() []Stored {
	out := f.stored()
	uids := map[imap.UID]bool{}
	for _, m := range out {
		uids[imap.UID(m.UID)] = true
	}
	f.remove(func(m *message) bool { return uids[m.uid] })
	return out
}

// remove expunges the messages that which names.
func (f *folder) remove(which func(*message) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// From the last to the first, so that the numbers of those still to go stay.
	for i := len(f.messages) - 1; i >= 0; i-- {
		if which(f.messages[i]) {
			f.messages = slices.Delete(f.messages, i, i+1)
			f.tracker.QueueExpunge(uint32(i) + 1)
		}
	}
	f.wakeLocked()
}

// idle registers a channel that gets a value after each change.
func (f *folder) idle() (wake <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idlers[c] = true
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.idlers, c)
	}
}

func (f *folder) wakeLocked() {
	for c := range f.idlers {
		select {
		case c <- struct{}{}:
		default: // it has one waiting already
		}
	}
}

func (f *folder) selectDataLocked() *imap.SelectData {
	flags := []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft}
	var firstUnseen uint32
	for i, m := range f.messages {
		for _, flag := range m.flags {
			if !slices.Contains(flags, flag) {
				flags = append(flags, flag)
			}
		}
		if firstUnseen == 0 && !m.has(imap.FlagSeen) {
			firstUnseen = uint32(i) + 1
		}
	}
	return &imap.SelectData{
		Flags: flags, PermanentFlags: append(slices.Clone(flags), imap.FlagWildcard),
		NumMessages: uint32(len(f.messages)), FirstUnseenSeqNum: firstUnseen,
		UIDNext: f.uidNext, UIDValidity: f.uidValidity,
	}
}

// status answers STATUS with everything that can be asked for.
func (f *folder) status(name string) *imap.StatusData {
	f.mu.Lock()
	defer f.mu.Unlock()
	var unseen, deleted, recent uint32
	var size, deletedSize int64
	for _, m := range f.messages {
		size += int64(len(m.raw))
		if !m.has(imap.FlagSeen) {
			unseen++
		}
		if m.has(imap.FlagDeleted) {
			deleted++
			deletedSize += int64(len(m.raw))
		}
	}
	n := uint32(len(f.messages))
	return &imap.StatusData{
		Mailbox: name, NumMessages: &n, NumRecent: &recent, UIDNext: f.uidNext, UIDValidity: f.uidValidity,
		NumUnseen: &unseen, NumDeleted: &deleted, Size: &size, DeletedStorage: &deletedSize,
	}
}
