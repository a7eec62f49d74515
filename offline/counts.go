package offline

import (
	"strings"
)

// tally is the row behind Counts and FolderCounts. It is kept up with each
// change in the same transaction, so that nobody ever has to count.
type tally struct {
	Undecided int                      `json:"undecided,omitempty"`
	Waiting   int                      `json:"waiting,omitempty"`
	Tracked   int                      `json:"tracked,omitempty"`
	Untracked int                      `json:"untracked,omitempty"`
	Failed    int                      `json:"failed,omitempty"`
	SetAside  int                      `json:"set_aside,omitempty"`
	Folders   map[FolderID]folderTally `json:"folders,omitempty"`
	Items     map[Kind]itemTally       `json:"items,omitempty"`
}

type itemTally struct {
	Waiting   int `json:"w,omitempty"`
	Tracked   int `json:"t,omitempty"`
	Untracked int `json:"u,omitempty"`
	Failed    int `json:"f,omitempty"`
}

// item adds it, or with -1 takes it away.
func (t *tally) item(it *Item, by int) {
	n := t.Items[it.Kind]
	switch it.Track.State {
	case Waiting:
		n.Waiting += by
	case Tracked:
		n.Tracked += by
	case Failed:
		n.Failed += by
	default:
		n.Untracked += by
	}
	if n == (itemTally{}) {
		delete(t.Items, it.Kind)
		return
	}
	if t.Items == nil {
		t.Items = map[Kind]itemTally{}
	}
	t.Items[it.Kind] = n
}

type folderTally struct {
	Total  int `json:"t"`
	Unread int `json:"u"`
}

// message adds m, or with -1 takes it away.
func (t *tally) message(m *Message, by int) {
	switch m.Track.State {
	case Waiting:
		t.Waiting += by
	case Tracked:
		t.Tracked += by
	case Untracked:
		t.Untracked += by
	case Failed:
		t.Failed += by
	default:
		t.Undecided += by
	}
	for i := range m.Places {
		p := &m.Places[i]
		f := t.Folders[p.Folder]
		f.Total += by
		if !p.seen() {
			f.Unread += by
		}
		if f == (folderTally{}) {
			delete(t.Folders, p.Folder)
			continue
		}
		if t.Folders == nil {
			t.Folders = map[FolderID]folderTally{}
		}
		t.Folders[p.Folder] = f
	}
}

// seen tells whether the message was read there (the \Seen flag).
func (p *Place) seen() bool {
	for _, flag := range p.Flags {
		if len(flag) == len(`\Seen`) && strings.EqualFold(flag, `\Seen`) {
			return true
		}
	}
	return false
}

const tallyKey = "counts"

// counts returns the tally. It can't be read only where its row is damaged; the
// transaction then fails at its end.
func (tx *Tx) counts() *tally {
	if tx.tally == nil {
		tx.tally = new(tally)
		if _, err := tx.getJSON(bCounts, []byte(tallyKey), tx.tally); err != nil {
			_ = tx.fail(err)
		}
	}
	return tx.tally
}

func (tx *Tx) countMessage(m *Message, by int) {
	tx.counts().message(m, by)
	tx.tallyDirty = true
}

func (tx *Tx) countItem(it *Item, by int) {
	tx.counts().item(it, by)
	tx.tallyDirty = true
}

// ItemCounts returns how many items of a kind there are in each state.
func (tx *Tx) ItemCounts(k Kind) Counts {
	n := tx.counts().Items[k]
	return Counts{
		Seen: n.Tracked + n.Untracked + n.Failed + n.Waiting, Tracked: n.Tracked, Skipped: n.Untracked, Failed: n.Failed, Waiting: n.Waiting,
	}
}

func (tx *Tx) putTally() {
	if err := tx.putJSON(bCounts, []byte(tallyKey), tx.tally); err != nil {
		_ = tx.fail(err)
	}
}

// Counts returns how many messages there are in each state. All stored messages
// count, also those that lie in no folder any more. Set-aside items count as
// Failed. It costs the same however many there are.
func (tx *Tx) Counts() Counts {
	t := tx.counts()
	c := Counts{
		Tracked: t.Tracked,
		Skipped: t.Untracked,
		Failed:  t.Failed + t.SetAside,
		Waiting: t.Waiting + t.Undecided,
	}
	c.Seen = c.Tracked + c.Skipped + c.Failed + c.Waiting
	return c
}

// FolderCounts returns how many messages lie in a folder and how many of them
// are unread. A message that lies in it twice counts twice, as on the server;
// set-aside items don't count.
func (tx *Tx) FolderCounts(f FolderID) (total, unread int) {
	t := tx.counts().Folders[f]
	return t.Total, t.Unread
}
